#include <string.h>

#include "base/check.h"
#include "issues/rules.h"

/* Events 12 and 13. A slip's events belong to its record: one history. */

/* The fixed part of the first one. */
struct issued_of_kind {
    struct slip_issued_body body;
    uint32_t kind; /* issues.v1.RecordKind */
};

static void issued(struct issues *self, const struct event *event) {
    struct issued_of_kind logged;
    ISSUES_BODY_OF(event, logged);
    const struct record record = {(Issues__V1__RecordKind)logged.kind, logged.body.subject};
    slips_issued(&self->slips, event->seq, &logged.body, (uint8_t)logged.kind, record_first_slip(self, record));
    record_set_last_seq(self, record, event->seq);
}

static void moved(struct issues *self, const struct event *event) {
    struct slip_moved_body body;
    ISSUES_BODY_OF(event, body);
    slips_moved(&self->slips, event->seq, &body);
    const struct slip *slip = issues_slip(self, body.slip);
    record_set_last_seq(self, (struct record){(Issues__V1__RecordKind)slip->kind, slip->subject}, event->seq);
}

bool issues_evolve_slip(struct issues *self, const struct event *event) {
    switch (event->type) {
    case EVENT_SLIP_ISSUED:
        issued(self, event);
        return true;
    case EVENT_SLIP_MOVED:
        moved(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
