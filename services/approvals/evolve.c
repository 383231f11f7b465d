#include "approvals/evolve.h"

#include <string.h>

#include "approvals/events.h"
#include "approvals/evolve_internal.h"
#include "approvals/rules.h"
#include "base/check.h"

struct course *evolve_course(struct approvals *self) {
    uint32_t number;
    return self->courses.count == 0 ? table_add(&self->courses, &number) : table_row(&self->courses, 1);
}

void evolve_wake_case(struct approvals *self, uint32_t case_row) {
    agenda_set(&self->case_agenda, case_row, case_wake(self, approvals_case(self, case_row)));
}

/* What waits for a day was planned by the calendar of before: planned again, up to the case before this one. */
static void wake_up_to(struct approvals *self, uint32_t end) {
    for (uint32_t row = approvals_course(self)->replan_next; row != 0 && row < end; row++) {
        evolve_wake_case(self, row);
    }
}

static void replanned_to(struct approvals *self, const struct event *event) {
    struct event_replanned_to body;
    BODY_OF(event, body);
    wake_up_to(self, body.next == 0 ? self->cases.count + 1 : body.next);
    evolve_course(self)->replan_next = body.next;
}

/* Cases are planned anew in the order of their rows: this one is done, and so are those before it. */
static void stepped(struct approvals *self, const struct event *event) {
    struct event_case_step body;
    BODY_OF(event, body);
    if (body.step == APPROVALS__V1__CASE_STEP__CASE_STEP_DUE_CHANGED) {
        wake_up_to(self, body.case_row);
        evolve_course(self)->replan_next = body.case_row + 1;
    }
}

static void time_came(struct approvals *self, const struct event *event) {
    struct event_time_came body;
    BODY_OF(event, body);
    evolve_course(self)->now_ms = body.now_ms;
}

void approvals_evolve(void *self, const struct event *event) {
    switch (event->type) {
    case EVENT_REPLANNED_TO:
        replanned_to(self, event);
        return;
    case EVENT_TIME_CAME:
        time_came(self, event);
        return;
    case EVENT_CASE_STEP:
        stepped(self, event);
        break;
    default: /* of the other files */
        break;
    }
    CHECK(evolve_catalogue(self, event) || evolve_case(self, event) || evolve_slip(self, event)); /* else an event of a
                                                                                     newer version is in the log */
}
