#include "visits/evolve.h"

#include <string.h>

#include "base/check.h"
#include "visits/events.h"
#include "visits/state.h"

/* A body as the log holds it may lie anywhere: it is copied to where it is aligned. */
#define BODY_OF(event, body)                                                                                           \
    do {                                                                                                               \
        CHECK((event)->private_size == sizeof(body));                                                                  \
        memcpy(&(body), (event)->private_body, sizeof(body));                                                          \
    } while (0)

/* --- rows --- */

/* Puts one person's records behind the head of another's list. */
static void join_person(struct visits *self, uint32_t head, uint32_t joining) {
    uint32_t last = joining;
    visits_record(self, last)->person = head;
    while (visits_record(self, last)->next_in_person != 0) {
        last = visits_record(self, last)->next_in_person;
        visits_record(self, last)->person = head;
    }
    visits_record(self, last)->next_in_person = visits_record(self, head)->next_in_person;
    visits_record(self, head)->next_in_person = joining;
}

/* Gives a record its identity; with the identity known already, the record's person becomes part of that one's. */
static void set_identity(struct visits *self, uint32_t record, const struct key16 *key, const char last4[4]) {
    uint32_t identity = visits_find_identity(self, key);
    visits_record(self, record)->identity = identity;
    if (identity != 0) {
        const uint32_t head = visits_person_of_identity(self, identity);
        if (visits_record(self, record)->person != head) {
            join_person(self, head, visits_record(self, record)->person);
        }
        return;
    }
    struct identity *row = table_add(&self->identities, &identity);
    row->key = *key;
    memcpy(row->last4, last4, sizeof row->last4);
    row->first_record = record;
    index_add(&self->identity_by_key, identity);
    visits_record(self, record)->identity = identity;
}

static uint32_t find_or_add_record(struct visits *self, const struct key12 *key, uint16_t facility, uint16_t flags) {
    uint32_t number = visits_find_record(self, key);
    if (number != 0) {
        return number;
    }
    struct record *row = table_add(&self->records, &number);
    row->key = *key;
    row->person = number;
    row->facility = facility;
    row->flags = flags;
    index_add(&self->record_by_key, number);
    return number;
}

static uint32_t find_or_add_visit(struct visits *self, const struct key16 *key, uint16_t facility) {
    uint32_t number = visits_find_visit(self, key);
    if (number != 0) {
        return number;
    }
    struct visit *row = table_add(&self->visits, &number);
    row->key = *key;
    row->facility = facility;
    index_add(&self->visit_by_key, number);
    return number;
}

/* A visit that must be there: the rules wrote the event because it was. */
static struct visit *known_visit(struct visits *self, const struct key16 *key) {
    const uint32_t number = visits_find_visit(self, key);
    CHECK(number != 0);
    return visits_visit(self, number);
}

static void unlink_visit(struct visits *self, uint32_t number) {
    const struct visit *visit = visits_visit(self, number);
    uint32_t *link = &visits_record(self, visit->record)->first_visit;
    while (*link != number) {
        CHECK(*link != 0);
        link = &visits_visit(self, *link)->next;
    }
    *link = visit->next;
}

/* A visit belongs to one record; only the second life of a number may belong to another. A record's visits are in order
 * of their beginning, latest first: mostly they come that way. */
static void attach_visit(struct visits *self, uint32_t number, uint32_t record, uint32_t opened_at) {
    struct visit *visit = visits_visit(self, number);
    if (visit->record == record && visit->opened_at == opened_at) {
        return;
    }
    if (visit->record != 0) {
        unlink_visit(self, number);
    }
    visit->record = record;
    visit->opened_at = opened_at;
    uint32_t *link = &visits_record(self, record)->first_visit;
    while (*link != 0 && visits_visit(self, *link)->opened_at > opened_at) {
        link = &visits_visit(self, *link)->next;
    }
    visit->next = *link;
    *link = number;
}

/* --- events --- */

static void facility_registered(struct visits *self, const struct event *event) {
    struct event_facility_registered body;
    BODY_OF(event, body);
    uint32_t number = visits_find_facility(self, body.code);
    const bool is_new = number == 0;
    struct facility *row = is_new ? table_add(&self->facilities, &number) : visits_facility(self, number);
    row->last_seq = event->seq;
    row->key_check = body.key_check;
    row->region = body.region;
    memcpy(row->code, body.code, sizeof row->code);
    memcpy(row->name, body.name, sizeof row->name);
    if (is_new) {
        index_add(&self->facility_by_code, number);
    }
}

static void visit_opened(struct visits *self, const struct event *event) {
    struct event_visit_opened body;
    BODY_OF(event, body);
    const uint32_t record = find_or_add_record(self, &body.record, body.facility, body.record_flags);
    if ((body.flags & OPENED_HAS_IDENTITY) && visits_record(self, record)->identity == 0) {
        set_identity(self, record, &body.identity, body.last4);
    }
    const uint32_t number = find_or_add_visit(self, &body.visit, body.facility);
    attach_visit(self, number, record, body.opened_at);
    struct visit *visit = visits_visit(self, number);
    visit->open_recorded = body.open_recorded;
    visit->class_recorded = body.class_recorded;
    visit->visit_class = body.visit_class;
    visit->flags = body.visit_flags;
    visit->last_seq = event->seq;
}

static void visit_changed(struct visits *self, const struct event *event) {
    struct event_visit_changed body;
    BODY_OF(event, body);
    struct visit *visit = known_visit(self, &body.visit);
    if (visit->record != 0) {
        attach_visit(self, visits_find_visit(self, &body.visit), visit->record, body.opened_at);
    }
    visit->opened_at = body.opened_at;
    visit->open_recorded = body.open_recorded;
    visit->class_recorded = body.class_recorded;
    visit->visit_class = body.visit_class;
    visit->flags = body.visit_flags;
    visit->last_seq = event->seq;
}

static void visit_closed(struct visits *self, const struct event *event) {
    struct event_visit_closed body;
    BODY_OF(event, body);
    struct visit *visit = known_visit(self, &body.visit);
    visit->closed_at = body.closed_at;
    visit->end_recorded = body.end_recorded;
    visit->last_seq = event->seq;
}

static void visit_cancelled(struct visits *self, const struct event *event) {
    struct event_visit_cancelled body;
    BODY_OF(event, body);
    struct visit *visit = visits_visit(self, find_or_add_visit(self, &body.visit, body.facility));
    visit->cancel_recorded = body.cancel_recorded;
    if (visit->end_recorded <= visit->cancel_recorded) { /* an end of the life that never was */
        visit->end_recorded = 0;
        visit->closed_at = 0;
    }
    visit->last_seq = event->seq;
}

static void records_linked(struct visits *self, const struct event *event) {
    struct event_records_linked body;
    BODY_OF(event, body);
    CHECK(body.count <= LINKED_RECORDS_MAX);
    for (size_t i = 0; i < body.count; i++) {
        const uint32_t record = find_or_add_record(self, &body.records[i], body.facility, RECORD_LOCAL);
        set_identity(self, record, &body.identity, body.last4);
    }
}

void visits_evolve(void *self, const struct event *event) {
    switch ((enum event_type)event->type) {
    case EVENT_FACILITY_REGISTERED:
        facility_registered(self, event);
        return;
    case EVENT_VISIT_OPENED:
        visit_opened(self, event);
        return;
    case EVENT_VISIT_CHANGED:
        visit_changed(self, event);
        return;
    case EVENT_VISIT_CLOSED:
        visit_closed(self, event);
        return;
    case EVENT_VISIT_CANCELLED:
        visit_cancelled(self, event);
        return;
    case EVENT_RECORDS_LINKED:
        records_linked(self, event);
        return;
    }
    CHECK(!"an event of a newer version is in the log");
}
