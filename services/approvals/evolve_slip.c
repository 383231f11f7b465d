#include "approvals/evolve_internal.h"
#include "approvals/rules.h"
#include "approvals/v1/events.pb-c.h"

/* A slip waits in the agenda for the end of the day by which it wants a reply. */
static void wake(struct approvals *self, uint32_t number) {
    const struct slip *row = approvals_slip(self, number);
    const bool waits = row->state == APPROVALS__V1__SLIP_STATE__SLIP_STATE_ISSUED && row->reply_due != 0;
    agenda_set(&self->slip_agenda, number, waits ? agenda_minute_of_s(day_end_s(row->reply_due)) : 0);
}

static void issued(struct approvals *self, const struct event *event) {
    struct event_slip_issued body;
    BODY_OF(event, body);
    uint32_t number;
    struct slip *row = table_add(&self->slips, &number);
    struct approval_case *of = approvals_case(self, body.case_row);
    *row = (struct slip){.seq = event->seq,
                         .case_row = body.case_row,
                         .next = of->first_slip,
                         .issued_at = body.at,
                         .reply_due = body.reply_due,
                         .agency = body.agency,
                         .level = body.level,
                         .state = APPROVALS__V1__SLIP_STATE__SLIP_STATE_ISSUED,
                         .rule = body.rule};
    of->first_slip = number;
    of->last_seq = event->seq;
    wake(self, number);
}

static void moved(struct approvals *self, const struct event *event) {
    struct event_slip_moved body;
    BODY_OF(event, body);
    struct slip *row = approvals_slip(self, body.slip);
    row->seq = event->seq;
    row->state = body.state;
    row->reply_due = body.reply_due;
    approvals_case(self, row->case_row)->last_seq = event->seq;
    wake(self, body.slip);
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
