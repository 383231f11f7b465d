#include "approvals/evolve_internal.h"

/* Events 10 and 11. A slip's events belong to its case: one history. */

static void issued(struct approvals *self, const struct event *event) {
    struct slip_issued_body body;
    BODY_OF(event, body);
    struct approval_case *of = approvals_case(self, body.subject);
    slips_issued(&self->slips, event->seq, &body, 0, &of->first_slip);
    of->last_seq = event->seq;
}

static void moved(struct approvals *self, const struct event *event) {
    struct slip_moved_body body;
    BODY_OF(event, body);
    slips_moved(&self->slips, event->seq, &body);
    approvals_case(self, approvals_slip(self, body.slip)->subject)->last_seq = event->seq;
}

bool evolve_slip(struct approvals *self, const struct event *event) {
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
