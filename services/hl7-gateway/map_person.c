#include <string.h>
#include <strings.h>

#include "hl7-gateway/map_internal.h"

const struct hl7_segment *map_find_before(const struct hl7_message *message, enum hl7_segment_kind kind,
                                          const struct hl7_segment *segment) {
    for (size_t i = map_place_of(message, segment); i > 0; i--) {
        if (message->segments[i - 1].kind == kind) {
            return &message->segments[i - 1];
        }
    }
    return NULL;
}

/* --- One person (A28, A31, A29): a PV1 inside says nothing --- */

static bool read_only_person(struct mapping *m, struct map_person *person) {
    const struct hl7_segment *pid = hl7_find(m->message, HL7_PID, 0);
    if (pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    return map_read_times(m, NULL, false) && map_need_person(m, pid, 3, person);
}

bool map_update_person(struct mapping *m) {
    struct map_person person;
    Visits__V1__UpdatePerson *update;
    if (!read_only_person(m, &person) || !map_alloc(m, sizeof *update, &update)) {
        return false;
    }
    visits__v1__update_person__init(update);
    update->person = person.identifiers;
    update->recorded_at_ms = m->mapped->recorded_at_ms;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_UPDATE_PERSON;
    m->mapped->command->update_person = update;
    return map_show_invalid(m, hl7_find(m->message, HL7_PID, 0), &person, &update->person);
}

bool map_delete_person(struct mapping *m) {
    struct map_person person;
    Visits__V1__DeletePerson *deletion;
    if (!read_only_person(m, &person) || !map_alloc(m, sizeof *deletion, &deletion)) {
        return false;
    }
    visits__v1__delete_person__init(deletion);
    deletion->person = person.identifiers;
    deletion->recorded_at_ms = m->mapped->recorded_at_ms;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_DELETE_PERSON;
    m->mapped->command->delete_person = deletion;
    return true;
}

/* --- Merges (A40 and the older ones, A47) --- */

static unsigned count_before(const struct hl7_message *message, const struct hl7_segment *segment) {
    unsigned count = 0;
    for (const struct hl7_segment *at = message->segments; at < segment; at++) {
        count += at->kind == segment->kind;
    }
    return count;
}

static bool has_partner(const struct map_person *survivor, const char *domain, const char *authority) {
    for (size_t i = 0; i < survivor->identifiers->n_local_ids; i++) {
        const char *other = survivor->authorities[i];
        if (strcmp(survivor->identifiers->local_ids[i]->domain, domain) == 0 &&
            (other[0] == 0 || authority[0] == 0 || strcasecmp(other, authority) == 0)) {
            return true;
        }
    }
    return false;
}

/* Authorities without alias are all the sender's own to the registry, yet numbers of different ones are never merged.
 */
static bool keep_pairs(struct mapping *m, const struct hl7_segment *mrg, const struct map_person *survivor,
                       struct map_person *prior) {
    Visits__V1__Identifiers *ids = prior->identifiers;
    size_t kept = 0;
    for (size_t i = 0; i < ids->n_local_ids; i++) {
        if (has_partner(survivor, ids->local_ids[i]->domain, prior->authorities[i])) {
            prior->authorities[kept] = prior->authorities[i];
            ids->local_ids[kept++] = ids->local_ids[i];
        }
    }
    bool had_any = ids->n_local_ids > 0;
    ids->n_local_ids = kept;
    return kept > 0 || !had_any || map_refuse(m, HL7_CODE_UNKNOWN_KEY, mrg, 1, 4);
}

/* The MRG of a group stands behind its PID, before or behind a PV1. */
static bool read_merge(struct mapping *m, const struct hl7_segment *mrg, Visits__V1__Merge **made) {
    const struct hl7_segment *pid = map_find_before(m->message, HL7_PID, mrg);
    struct map_person survivor, prior;
    if (pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    if (!map_need_person(m, pid, 3, &survivor) || !map_need_person(m, mrg, 1, &prior) ||
        !keep_pairs(m, mrg, &survivor, &prior) || !map_alloc(m, sizeof **made, made)) {
        return false;
    }
    visits__v1__merge__init(*made);
    (*made)->survivor = survivor.identifiers;
    (*made)->prior = prior.identifiers;
    return true;
}

/* Each PID of a merge has its MRG before the next one. */
static bool check_groups(struct mapping *m) {
    const struct hl7_segment *pid = hl7_find(m->message, HL7_PID, 0);
    if (pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    while (pid != NULL) {
        size_t behind = map_place_of(m->message, pid) + 1;
        const struct hl7_segment *next = hl7_find(m->message, HL7_PID, behind);
        const struct hl7_segment *mrg = hl7_find(m->message, HL7_MRG, behind);
        if (mrg == NULL || (next != NULL && mrg > next)) {
            return map_refuse_missing(m, "MRG", count_before(m->message, pid) + 1);
        }
        pid = next;
    }
    return true;
}

static bool read_merges(struct mapping *m, Visits__V1__MergePersons *merge) {
    const struct hl7_segment *mrg = hl7_find(m->message, HL7_MRG, 0);
    for (; mrg != NULL; mrg = hl7_find(m->message, HL7_MRG, map_place_of(m->message, mrg) + 1)) {
        if (merge->n_merges == MAP_GROUPS_MAX) {
            return map_refuse_too_many(m, mrg);
        }
        if (!read_merge(m, mrg, &merge->merges[merge->n_merges])) {
            return false;
        }
        merge->n_merges++;
    }
    return true;
}

bool map_merge(struct mapping *m) {
    Visits__V1__MergePersons *merge;
    if (!check_groups(m) || !map_read_times(m, NULL, false) || !map_alloc(m, sizeof *merge, &merge)) {
        return false;
    }
    visits__v1__merge_persons__init(merge);
    merge->recorded_at_ms = m->mapped->recorded_at_ms;
    merge->prior_must_exist = m->profile->prior_must_exist;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_MERGE_PERSONS;
    m->mapped->command->merge_persons = merge;
    return map_alloc(m, MAP_GROUPS_MAX * sizeof *merge->merges, &merge->merges) && read_merges(m, merge);
}

/* --- Links (A24, A37): two PIDs --- */

static bool read_pair(struct mapping *m, Visits__V1__Identifiers **first, Visits__V1__Identifiers **second) {
    const struct hl7_segment *pid = hl7_find(m->message, HL7_PID, 0);
    struct map_person persons[2];
    if (pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    const struct hl7_segment *other = hl7_find(m->message, HL7_PID, map_place_of(m->message, pid) + 1);
    if (other == NULL) {
        return map_refuse_missing(m, "PID", 2);
    }
    if (!map_read_times(m, NULL, false) || !map_need_person(m, pid, 3, &persons[0]) ||
        !map_need_person(m, other, 3, &persons[1])) {
        return false;
    }
    *first = persons[0].identifiers;
    *second = persons[1].identifiers;
    return true;
}

static bool make_unlink(struct mapping *m, Visits__V1__Identifiers *first, Visits__V1__Identifiers *second) {
    Visits__V1__UnlinkPersons *unlink;
    if (!map_alloc(m, sizeof *unlink, &unlink)) {
        return false;
    }
    visits__v1__unlink_persons__init(unlink);
    unlink->first = first;
    unlink->second = second;
    unlink->recorded_at_ms = m->mapped->recorded_at_ms;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_UNLINK_PERSONS;
    m->mapped->command->unlink_persons = unlink;
    return true;
}

static bool make_link(struct mapping *m, Visits__V1__Identifiers *first, Visits__V1__Identifiers *second) {
    Visits__V1__LinkPersons *link;
    if (!map_alloc(m, sizeof *link, &link)) {
        return false;
    }
    visits__v1__link_persons__init(link);
    link->first = first;
    link->second = second;
    link->recorded_at_ms = m->mapped->recorded_at_ms;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_LINK_PERSONS;
    m->mapped->command->link_persons = link;
    return true;
}

bool map_link(struct mapping *m, bool unlinks) {
    Visits__V1__Identifiers *first = NULL, *second = NULL;
    return read_pair(m, &first, &second) && (unlinks ? make_unlink(m, first, second) : make_link(m, first, second));
}
