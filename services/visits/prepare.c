#include <string.h>

#include "visits/pseudonym.h"
#include "visits/rules.h"

/* Ahead of a decision: its keys, and the memory it will read. Rows of long ago lie far away; while they come, other
 * commands of the group are prepared or decided. What is fetched is a hint only: decide looks by itself. */

static bool hash_number(const struct visits *self, const struct command *command, const char *number,
                        struct key16 *key) {
    const size_t size = strlen(number);
    if (size == 0 || size > VISITS_NUMBER_BYTES_MAX) {
        return false;
    }
    pseudonym_of_visit(self->local_key, command->organisation, number, key);
    return true;
}

static void hash_visit(const struct visits *self, const struct command *command, const char *number,
                       struct visit_keys *keys) {
    keys->has_visit = hash_number(self, command, number, &keys->visit);
}

/* Movements are compared within a visit only: a part of the same hash will do. */
static uint32_t hash_movement(const struct visits *self, const struct command *command, const char *movement) {
    struct key16 key;
    uint32_t hash = 0;
    if (hash_number(self, command, movement, &key)) {
        memcpy(&hash, key.bytes + 12, sizeof hash);
        hash += hash == 0;
    }
    return hash;
}

static void hash_report(const struct visits *self, const struct command *command, const Visits__V1__ReportVisit *report,
                        struct visit_keys *keys) {
    hash_visit(self, command, report->visit_number, keys);
    if (report->former_number[0] != 0 && strcmp(report->former_number, report->visit_number) != 0) {
        keys->has_other = hash_number(self, command, report->former_number, &keys->other);
    }
    keys->movement = hash_movement(self, command, report->movement);
    person_hash(self, command->organisation, keys->facility, report->person, "", "", &keys->person);
}

static void hash_moves(const struct visits *self, const struct command *command, const Visits__V1__MoveVisits *moves,
                       struct visit_keys *keys) {
    if (moves->n_moves > 0) {
        hash_visit(self, command, moves->moves[0]->visit_number, keys);
    }
    for (size_t i = 0; i < moves->n_moves; i++) {
        if (moves->moves[i]->person != NULL) {
            person_hash(self, command->organisation, keys->facility, moves->moves[i]->person, "", "", &keys->person);
            return;
        }
    }
}

static void hash_body(const struct visits *self, const struct command *command, const Visits__V1__Command *body,
                      struct visit_keys *keys) {
    const char *organisation = command->organisation;
    switch ((int)body->body_case) {
    case VISITS__V1__COMMAND__BODY_OPEN_VISIT:
        hash_visit(self, command, body->open_visit->visit_number, keys);
        person_hash(self, organisation, keys->facility, body->open_visit->person, body->open_visit->resident_id,
                    body->open_visit->local_id, &keys->person);
        return;
    case VISITS__V1__COMMAND__BODY_CLOSE_VISIT:
        hash_visit(self, command, body->close_visit->visit_number, keys);
        return;
    case VISITS__V1__COMMAND__BODY_CANCEL_VISIT:
        hash_visit(self, command, body->cancel_visit->visit_number, keys);
        return;
    case VISITS__V1__COMMAND__BODY_CHANGE_CLASS:
        hash_visit(self, command, body->change_class->visit_number, keys);
        return;
    case VISITS__V1__COMMAND__BODY_REPORT_VISIT:
        hash_report(self, command, body->report_visit, keys);
        return;
    case VISITS__V1__COMMAND__BODY_MOVE_VISITS:
        hash_moves(self, command, body->move_visits, keys);
        return;
    case VISITS__V1__COMMAND__BODY_UPDATE_PERSON:
        person_hash(self, organisation, keys->facility, body->update_person->person, "", "", &keys->person);
        return;
    case VISITS__V1__COMMAND__BODY_DELETE_PERSON:
        person_hash(self, organisation, keys->facility, body->delete_person->person, "", "", &keys->person);
        return;
    default: /* the others hash by themselves, or nothing */
        return;
    }
}

static bool is_of_facility(const Visits__V1__Command *body) {
    return body->body_case != VISITS__V1__COMMAND__BODY_REGISTER_FACILITY &&
           body->body_case != VISITS__V1__COMMAND__BODY_REGISTER_DOMAIN &&
           body->body_case != VISITS__V1__COMMAND__BODY_JOIN_PERSONS &&
           body->body_case != VISITS__V1__COMMAND__BODY_SEPARATE_PERSONS &&
           body->body_case != VISITS__V1__COMMAND__BODY_DECIDE_CONFLICT;
}

const void *visits_prepare(const void *self, const struct command *command, struct arena *arena) {
    const Visits__V1__Command *body = (const Visits__V1__Command *)command->body;
    struct visit_keys *keys = arena_zalloc(arena, sizeof *keys);
    if (keys == NULL || !is_of_facility(body)) {
        return keys;
    }
    keys->facility = visits_find_facility(self, command->organisation);
    if (keys->facility != 0) { /* else refused; and an organisation may be longer than a facility's code */
        hash_body(self, command, body, keys);
    }
    return keys;
}

/* --- events --- */

static void take_owner(const void *at, struct visit_keys *keys) {
    struct event_owner owner;
    memcpy(&owner, at, sizeof owner);
    keys->person.count = 1;
    keys->person.ids[0].key = owner.base;
    keys->person.has_identity = (owner.flags & OWNER_HAS_IDENTITY) != 0;
    keys->person.identity = owner.identity;
}

static void take_old_owner(const void *at, struct visit_keys *keys) {
    struct event_visit_opened body;
    memcpy(&body, at, sizeof body);
    keys->person.count = 1;
    keys->person.ids[0].key = body.record;
    keys->person.has_identity = (body.flags & OPENED_HAS_IDENTITY) != 0;
    keys->person.identity = body.identity;
}

/* Bodies of one visit begin with its key; an opening names the person too. */
const void *visits_prepare_event(const struct event *event, struct arena *arena) {
    struct visit_keys *keys = arena_zalloc(arena, sizeof *keys);
    const uint8_t *body = event->private_body;
    const bool is_of_visit = (event->type >= EVENT_VISIT_OPENED && event->type <= EVENT_VISIT_CANCELLED) ||
                             (event->type >= EVENT_VISIT_CAME && event->type <= EVENT_VISIT_JOINED);
    if (keys == NULL || !is_of_visit || event->private_size < sizeof keys->visit) {
        return keys;
    }
    keys->has_visit = true;
    memcpy(&keys->visit, body, sizeof keys->visit);
    if (event->type == EVENT_VISIT_CAME && event->private_size >= sizeof(struct event_visit_came)) {
        take_owner(body + offsetof(struct event_visit_came, owner), keys);
    } else if (event->type == EVENT_VISIT_STATED && event->private_size >= sizeof(struct event_visit_stated)) {
        take_owner(body + offsetof(struct event_visit_stated, owner), keys);
    } else if (event->type == EVENT_VISIT_OPENED && event->private_size == sizeof(struct event_visit_opened)) {
        take_old_owner(body, keys);
    }
    return keys;
}

/* --- memory --- */

static void fetch_row(const struct table *table, uint32_t number) {
    __builtin_prefetch(table_row(table, number));
}

static const struct key12 *record_key(const struct visit_keys *keys) {
    return keys->person.count > 0 ? &keys->person.ids[0].key : &keys->person.alone;
}

static uint32_t find_record(const struct visits *self, const struct visit_keys *keys) {
    return person_is_named(&keys->person) ? visits_find_record(self, record_key(keys)) : 0;
}

static uint32_t find_identity(const struct visits *self, const struct visit_keys *keys) {
    return keys->person.has_identity ? visits_find_identity(self, &keys->person.identity) : 0;
}

/* The record and the person that the rows before lead to. */
static void fetch_person(const struct visits *self, const struct visit_keys *keys) {
    const uint32_t record = find_record(self, keys);
    fetch_row(&self->records, visits_record(self, record)->person);
    fetch_row(&self->visits, visits_record(self, record)->first_visit);
    fetch_row(&self->records, visits_identity(self, find_identity(self, keys))->first_record);
}

/* The person's newest visits, and a step along the chain of visits. */
static void fetch_visits(const struct visits *self, const struct visit_keys *keys) {
    const uint32_t record = find_record(self, keys);
    const uint32_t first = visits_identity(self, find_identity(self, keys))->first_record;
    fetch_row(&self->visits, visits_record(self, first)->first_visit);
    fetch_row(&self->records, visits_record(self, first)->next_in_person);
    fetch_row(&self->visits, visits_visit(self, visits_record(self, record)->first_visit)->next);
}

void visits_fetch(const void *self, const void *prepared, int stage) {
    const struct visits *visits = self;
    const struct visit_keys *keys = prepared;
    if (keys == NULL) {
        return;
    }
    if (stage < 2) {
        visits_prefetch(visits, &keys->visit, &keys->person.identity, record_key(keys), stage == 1);
    } else if (stage == 2) {
        fetch_person(visits, keys);
    } else {
        fetch_visits(visits, keys);
    }
}
