#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/utf8.h"
#include "hl7-gateway/map_internal.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STATEMENT(word) VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_##word

/* What statements need and say, by their number in visits.v1.VisitStatement. */
static const struct need {
    bool person;      /* somebody must be named */
    bool visit_class; /* PV1-2 must be there */
    bool is_opening;  /* happened when the visit began */
    bool implies;     /* proves a stay: may make the visit where the feed allows it */
    bool is_cancel;   /* nothing of it stays: the snapshot says nothing */
} needs[] = {
    [STATEMENT(OPENED)] = {.person = true, .visit_class = true, .is_opening = true},
    [STATEMENT(PRE_ADMITTED)] = {.person = true, .visit_class = true, .is_opening = true},
    [STATEMENT(UPDATED)] = {.visit_class = true},
    [STATEMENT(MOVED)] = {.implies = true},
    [STATEMENT(MOVE_CANCELLED)] = {.person = false},
    [STATEMENT(CLOSED)] = {.implies = true},
    [STATEMENT(REOPENED)] = {.implies = true},
    [STATEMENT(CLASS_CHANGED)] = {.visit_class = true, .implies = true},
    [STATEMENT(CANCELLED)] = {.is_cancel = true},
    [STATEMENT(PRE_ADMISSION_CANCELLED)] = {.is_cancel = true},
};

struct visit {
    const struct hl7_segment *pid, *pv1;
    Visits__V1__VisitStatement statement;
    struct need need;
    Visits__V1__ReportVisit *report;
    struct map_person person;
};

/* --- The visit's number --- */

/* Where it stands, in this order, and where the one it had before stands. MRG-3 is an account: a visit's former number
 * only where accounts number the visits. */
static const struct number_field {
    enum hl7_segment_kind kind;
    unsigned field, former_field; /* of MRG */
} number_fields[] = {{HL7_PV1, 19, 5}, {HL7_PID, 18, 3}, {HL7_PV1, 50, 6}};

/* PV1-19 may hold a doctor's name: the first component alone counts. */
static bool read_number(struct mapping *m, const struct hl7_segment *segment, unsigned field, const char **number) {
    if (!map_value(m, segment, field, 1, number)) {
        return false;
    }
    return strlen(*number) <= MAP_NUMBER_BYTES_MAX || map_refuse(m, HL7_CODE_DATA_TYPE, segment, field, 1);
}

/* A visit without a number is known by whose it is, its class and when it began. '~' begins no number of a hospital (it
 * parts repetitions). */
static bool make_number(struct mapping *m, struct visit *visit) {
    int64_t began_ms;
    if (visit->person.identifiers == NULL) {
        return map_refuse_nobody(m, visit->pid, 3, &visit->person);
    }
    if (!map_event_time(m, visit->pv1, &began_ms)) {
        return false;
    }
    unsigned kind;
    const char *domain, *value;
    map_source_record(visit->person.identifiers, &kind, &domain, &value);
    char text[256];
    int size = snprintf(text, sizeof text, "%u|%s|%s|%d|%lld", kind, domain, value, (int)visit->report->visit_class,
                        (long long)began_ms);
    uint8_t hash[16];
    char hex[sizeof hash * 2 + 1];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, (size_t)size, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    visit->report->visit_number = arena_printf(m->arena, "~%s", hex);
    return visit->report->visit_number != NULL || map_refuse_overload(m);
}

/* A06, A07: the number may change with the class. */
static bool read_former(struct mapping *m, struct visit *visit, const struct number_field *source) {
    const struct hl7_segment *mrg = hl7_find(m->message, HL7_MRG, 0);
    const char *former;
    if (mrg == NULL || visit->statement != STATEMENT(CLASS_CHANGED)) {
        return true;
    }
    if (!read_number(m, mrg, source->former_field, &former)) {
        return false;
    }
    if (strcmp(former, visit->report->visit_number) != 0) {
        visit->report->former_number = map_borrow(former);
    }
    return true;
}

static bool find_number(struct mapping *m, struct visit *visit) {
    for (size_t i = 0; i < COUNT(number_fields); i++) {
        const struct number_field *source = &number_fields[i];
        const char *number;
        if (!read_number(m, source->kind == HL7_PID ? visit->pid : visit->pv1, source->field, &number)) {
            return false;
        }
        if (number[0] != 0) {
            visit->report->visit_number = map_borrow(number);
            m->mapped->facts.visit_number_missing = i > 0;
            return read_former(m, visit, source);
        }
    }
    m->mapped->facts.visit_number_missing = true;
    return make_number(m, visit);
}

/* --- What the snapshot says --- */

static bool read_class(struct mapping *m, struct visit *visit) {
    const char *code;
    if (!map_value(m, visit->pv1, 2, 1, &code)) {
        return false;
    }
    if (code[0] == 0) {
        return !visit->need.visit_class || map_refuse(m, HL7_CODE_FIELD_MISSING, visit->pv1, 2, 0);
    }
    for (size_t i = 0; i < m->profile->class_count; i++) {
        if (strcasecmp(m->profile->classes[i].code, code) == 0) {
            visit->report->visit_class = m->profile->classes[i].visit_class;
            return true;
        }
    }
    visit->report->visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER;
    m->mapped->facts.class_unmapped = true;
    return true;
}

/* A Z segment by its name. */
static const struct hl7_segment *find_z(const struct hl7_message *message, const char *name) {
    const struct hl7_segment *segment = hl7_find(message, HL7_Z, 0);
    while (segment != NULL && strcmp(segment->name, name) != 0) {
        segment = hl7_find(message, HL7_Z, map_place_of(message, segment) + 1);
    }
    return segment;
}

static bool read_card(struct mapping *m, struct visit *visit) {
    const struct profile *profile = m->profile;
    const struct hl7_segment *segment =
        profile->card_segment[0] == 0 ? visit->pv1 : find_z(m->message, profile->card_segment);
    const char *code = "";
    visit->report->card_kind = profile->default_card;
    if (profile->card_field == 0) {
        return true;
    }
    if (!map_value(m, segment, profile->card_field, 1, &code)) {
        return false;
    }
    for (size_t i = 0; i < profile->card_count && code[0] != 0; i++) {
        if (strcasecmp(profile->cards[i].code, code) == 0) {
            visit->report->card_kind = profile->cards[i].kind;
            return true;
        }
    }
    return true;
}

static bool read_department(struct mapping *m, struct visit *visit) {
    const char *value;
    if (!map_value(m, visit->pv1, 3, 1, &value)) {
        return false;
    }
    size_t size = 0, left = strlen(value);
    for (size_t next; left > size && (next = utf8_character_size(value + size, left - size)) > 0; size += next) {
        if (size + next > MAP_DEPARTMENT_BYTES_MAX) {
            break;
        }
    }
    char *department = arena_printf(m->arena, "%.*s", (int)size, value);
    if (department == NULL) {
        return map_refuse_overload(m);
    }
    visit->report->department = department;
    return true;
}

/* Emergency rescue circle: of use only with both times. */
static bool read_rescue(struct mapping *m, struct visit *visit) {
    const struct hl7_segment *segment =
        m->profile->rescue_segment[0] == 0 ? NULL : find_z(m->message, m->profile->rescue_segment);
    int64_t called = 0, arrived = 0;
    bool was_called, has_arrived;
    const char *urban;
    if (segment == NULL) {
        return true;
    }
    if (!map_time(m, segment, 1, &called, &was_called) || !map_time(m, segment, 2, &arrived, &has_arrived) ||
        !map_value(m, segment, 3, 1, &urban)) {
        return false;
    }
    if (!was_called || !has_arrived) {
        return true;
    }
    Visits__V1__RescueTimes *rescue;
    if (!map_alloc(m, sizeof *rescue, &rescue)) {
        return false;
    }
    visits__v1__rescue_times__init(rescue);
    rescue->called_at_ms = called;
    rescue->arrived_at_ms = arrived;
    rescue->urban = strcasecmp(urban, "Y") == 0;
    visit->report->rescue = rescue;
    return true;
}

static bool read_snapshot(struct mapping *m, struct visit *visit) {
    bool has;
    if (visit->need.is_cancel) {
        return true;
    }
    if (visit->need.is_opening) {
        visit->report->opened_at_ms = m->mapped->occurred_at_ms;
    } else if (!map_time(m, visit->pv1, 44, &visit->report->opened_at_ms, &has)) {
        return false;
    }
    if (visit->statement == STATEMENT(CLOSED) && !map_time(m, visit->pv1, 45, &m->mapped->occurred_at_ms, &has)) {
        return false;
    }
    return read_card(m, visit) && read_department(m, visit) && read_rescue(m, visit);
}

/* --- A visit --- */

static bool begin_report(struct mapping *m, struct visit *visit) {
    Visits__V1__ReportVisit *report;
    if (!map_alloc(m, sizeof *report, &report)) {
        return false;
    }
    visits__v1__report_visit__init(report);
    report->statement = visit->statement;
    visit->report = report;
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_REPORT_VISIT;
    m->mapped->command->report_visit = report;
    return true;
}

static bool read_visit_person(struct mapping *m, struct visit *visit) {
    if (!(visit->need.person ? map_need_person(m, visit->pid, 3, &visit->person)
                             : map_read_person(m, visit->pid, 3, &visit->person))) {
        return false;
    }
    visit->report->person = visit->person.identifiers;
    return map_show_invalid(m, visit->pid, &visit->person, &visit->report->person);
}

/* Somebody must be named for it: the registry makes no visit of nobody's. */
static bool may_create(const struct mapping *m, const struct visit *visit) {
    bool is_allowed = visit->statement == STATEMENT(UPDATED) ? m->profile->update_creates_visit
                                                             : visit->need.implies && m->profile->implied_visits;
    return is_allowed && visit->person.identifiers != NULL;
}

static bool report_visit(struct mapping *m, struct visit *visit) {
    visit->need = needs[visit->statement];
    if (!begin_report(m, visit) || !map_read_times(m, visit->pv1, visit->need.is_opening) ||
        !read_visit_person(m, visit) || !read_class(m, visit) || !find_number(m, visit) || !read_snapshot(m, visit)) {
        return false;
    }
    m->mapped->facts.is_cancellation = visit->need.is_cancel;
    visit->report->may_create = may_create(m, visit);
    visit->report->recorded_at_ms = m->mapped->recorded_at_ms;
    return true;
}

bool map_visit(struct mapping *m, Visits__V1__VisitStatement statement, bool is_update) {
    struct visit visit = {
        .pid = hl7_find(m->message, HL7_PID, 0),
        .pv1 = hl7_find(m->message, HL7_PV1, 0),
        .statement = statement,
    };
    const char *movement, *number;
    if (visit.pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    if (!map_read_movement(m, &visit.statement, &movement) || !map_value(m, visit.pv1, 19, 1, &number)) {
        return false;
    }
    if (m->mapped->has_no_effect) {
        return true;
    }
    if (is_update && visit.statement == STATEMENT(UPDATED) && number[0] == 0) {
        return map_update_person(m);
    }
    if (visit.pv1 == NULL) {
        return map_refuse_missing(m, "PV1", 1);
    }
    if (!report_visit(m, &visit)) {
        return false;
    }
    visit.report->movement = map_borrow(movement);
    return true;
}

/* --- Visits under the wrong person or number (A45, A50) --- */

/* The first segment of a kind behind another one and before the next of that one's kind. */
static const struct hl7_segment *find_behind(const struct hl7_message *message, enum hl7_segment_kind kind,
                                             const struct hl7_segment *segment) {
    size_t place = map_place_of(message, segment) + 1;
    const struct hl7_segment *next = hl7_find(message, segment->kind, place);
    const struct hl7_segment *found = hl7_find(message, kind, place);
    return found != NULL && (next == NULL || found < next) ? found : NULL;
}

/* Numbers before and after: of the first kind of number of which either is there. */
static bool read_move_numbers(struct mapping *m, const struct hl7_segment *pid, const struct hl7_segment *mrg,
                              const struct hl7_segment *pv1, Visits__V1__VisitMove *move) {
    for (size_t i = 0; i < COUNT(number_fields); i++) {
        const struct number_field *source = &number_fields[i];
        const char *former, *number;
        if (!read_number(m, mrg, source->former_field, &former) ||
            !read_number(m, source->kind == HL7_PID ? pid : pv1, source->field, &number)) {
            return false;
        }
        if (former[0] == 0 && number[0] == 0) {
            continue;
        }
        if (former[0] == 0) {
            return map_refuse(m, HL7_CODE_FIELD_MISSING, mrg, source->former_field, 0);
        }
        if (number[0] == 0) {
            return map_refuse(m, HL7_CODE_FIELD_MISSING, source->kind == HL7_PID ? pid : pv1, source->field, 0);
        }
        move->visit_number = map_borrow(former);
        move->new_number = map_borrow(strcmp(former, number) == 0 ? "" : number);
        return true;
    }
    return map_refuse(m, HL7_CODE_FIELD_MISSING, mrg, number_fields[0].former_field, 0);
}

static bool read_move(struct mapping *m, const struct hl7_segment *mrg, bool renumbers_only,
                      Visits__V1__VisitMove **made) {
    const struct hl7_segment *pid = map_find_before(m->message, HL7_PID, mrg);
    const struct hl7_segment *pv1 = find_behind(m->message, HL7_PV1, mrg);
    struct map_person prior, person = {0};
    if (pid == NULL) {
        return map_refuse_missing(m, "PID", 1);
    }
    if (pv1 == NULL) {
        return map_refuse_missing(m, "PV1", 1);
    }
    if (!map_need_person(m, mrg, 1, &prior) || (!renumbers_only && !map_need_person(m, pid, 3, &person)) ||
        !map_alloc(m, sizeof **made, made)) {
        return false;
    }
    visits__v1__visit_move__init(*made);
    (*made)->person = person.identifiers;
    return read_move_numbers(m, pid, mrg, pv1, *made);
}

bool map_moves(struct mapping *m, bool renumbers_only) {
    Visits__V1__MoveVisits *moves;
    if (!map_read_times(m, NULL, false) || !map_alloc(m, sizeof *moves, &moves)) {
        return false;
    }
    visits__v1__move_visits__init(moves);
    if (!map_alloc(m, MAP_GROUPS_MAX * sizeof *moves->moves, &moves->moves)) {
        return false;
    }
    moves->recorded_at_ms = m->mapped->recorded_at_ms;
    const struct hl7_segment *mrg = hl7_find(m->message, HL7_MRG, 0);
    for (; mrg != NULL; mrg = hl7_find(m->message, HL7_MRG, map_place_of(m->message, mrg) + 1)) {
        if (moves->n_moves == MAP_GROUPS_MAX) {
            return map_refuse_too_many(m, mrg);
        }
        if (!read_move(m, mrg, renumbers_only, &moves->moves[moves->n_moves])) {
            return false;
        }
        moves->n_moves++;
    }
    m->mapped->command->body_case = VISITS__V1__COMMAND__BODY_MOVE_VISITS;
    m->mapped->command->move_visits = moves;
    return moves->n_moves > 0 || map_refuse_missing(m, "MRG", 1);
}
