#include "visits/evolve.h"

#include "visits/events.h"
#include "visits/evolve_internal.h"

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

void visits_evolve(void *self, const struct event *event) {
    if (event->type == EVENT_FACILITY_REGISTERED) {
        facility_registered(self, event);
        return;
    }
    CHECK(evolve_visit(self, event) || evolve_person(self, event)); /* else an event of a newer version is in the log */
}
