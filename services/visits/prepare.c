#include <string.h>

#include "visits/pseudonym.h"
#include "codes/resident_id.h"
#include "visits/rules.h"

/* Ahead of a decision: its keys, and the memory it will read. Rows of long ago lie far away; while they come, other
 * commands of the group are prepared or decided. What is fetched is a hint only: decide looks by itself. */

static bool is_usable(const char *text) {
    const size_t size = strlen(text);
    return size > 0 && size <= VISITS_NUMBER_BYTES_MAX;
}

static void make_visit_key(const struct visits *self, const struct command *command, const char *number,
                           struct visit_keys *keys) {
    keys->has_visit = is_usable(number);
    if (keys->has_visit) {
        pseudonym_of_visit(self->local_key, command->organisation, number, &keys->visit);
    }
}

static void make_person_keys(const struct visits *self, const struct command *command,
                             const Visits__V1__OpenVisit *open, struct visit_keys *keys) {
    char id[RESIDENT_ID_BYTES];
    keys->has_identity = resident_id_normalise(open->resident_id, id);
    if (keys->has_identity) {
        pseudonym_of_resident_id(self->options.pseudonym_key, id, &keys->identity);
        memcpy(keys->last4, id + RESIDENT_ID_BYTES - 1 - sizeof keys->last4, sizeof keys->last4);
    }
    keys->has_record = true;
    if (is_usable(open->local_id)) {
        pseudonym_of_local_id(self->local_key, command->organisation, open->local_id, &keys->record);
    } else if (keys->has_identity) {
        keys->record = pseudonym_of_identity_at(&keys->identity, (uint16_t)keys->facility);
    } else {
        keys->has_record = false;
    }
}

const void *visits_prepare(const void *self, const struct command *command, struct arena *arena) {
    const Visits__V1__Command *body = (const Visits__V1__Command *)command->body;
    struct visit_keys *keys = arena_zalloc(arena, sizeof *keys);
    if (keys == NULL || body->body_case == VISITS__V1__COMMAND__BODY_REGISTER_FACILITY) {
        return keys;
    }
    keys->facility = visits_find_facility(self, command->organisation);
    if (keys->facility == 0) {
        return keys; /* refused; and an organisation may be longer than a facility's code */
    }
    switch (body->body_case) {
    case VISITS__V1__COMMAND__BODY_OPEN_VISIT:
        make_visit_key(self, command, body->open_visit->visit_number, keys);
        make_person_keys(self, command, body->open_visit, keys);
        break;
    case VISITS__V1__COMMAND__BODY_CLOSE_VISIT:
        make_visit_key(self, command, body->close_visit->visit_number, keys);
        break;
    case VISITS__V1__COMMAND__BODY_CANCEL_VISIT:
        make_visit_key(self, command, body->cancel_visit->visit_number, keys);
        break;
    case VISITS__V1__COMMAND__BODY_CHANGE_CLASS:
        make_visit_key(self, command, body->change_class->visit_number, keys);
        break;
    case VISITS__V1__COMMAND__BODY_REGISTER_FACILITY:
    case VISITS__V1__COMMAND__BODY__NOT_SET:
    case _VISITS__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return keys;
}

/* A body begins with its visit's key, but for the two that have none; an opening names the person too. */
const void *visits_prepare_event(const struct event *event, struct arena *arena) {
    struct visit_keys *keys = arena_zalloc(arena, sizeof *keys);
    if (keys == NULL || event->type == EVENT_FACILITY_REGISTERED || event->type == EVENT_RECORDS_LINKED) {
        return keys;
    }
    keys->has_visit = event->private_size >= sizeof keys->visit;
    if (keys->has_visit) {
        memcpy(&keys->visit, event->private_body, sizeof keys->visit);
    }
    if (event->type == EVENT_VISIT_OPENED && event->private_size == sizeof(struct event_visit_opened)) {
        const struct event_visit_opened *body = event->private_body;
        keys->has_record = true;
        keys->record = body->record;
        keys->has_identity = (body->flags & OPENED_HAS_IDENTITY) != 0;
        keys->identity = body->identity;
    }
    return keys;
}

/* --- memory --- */

static void fetch_row(const struct table *table, uint32_t number) {
    __builtin_prefetch(table_row(table, number));
}

/* The record and the person that the rows before lead to. */
static void fetch_person(const struct visits *self, const struct visit_keys *keys) {
    const uint32_t record = keys->has_record ? visits_find_record(self, &keys->record) : 0;
    const uint32_t identity = keys->has_identity ? visits_find_identity(self, &keys->identity) : 0;
    fetch_row(&self->records, visits_record(self, record)->person);
    fetch_row(&self->visits, visits_record(self, record)->first_visit);
    fetch_row(&self->records, visits_identity(self, identity)->first_record);
}

/* The person's newest visits, and a step along the chain of visits. */
static void fetch_visits(const struct visits *self, const struct visit_keys *keys) {
    const uint32_t record = keys->has_record ? visits_find_record(self, &keys->record) : 0;
    const uint32_t identity = keys->has_identity ? visits_find_identity(self, &keys->identity) : 0;
    const uint32_t first = visits_identity(self, identity)->first_record;
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
        visits_prefetch(visits, &keys->visit, &keys->identity, &keys->record, stage == 1);
    } else if (stage == 2) {
        fetch_person(visits, keys);
    } else {
        fetch_visits(visits, keys);
    }
}
