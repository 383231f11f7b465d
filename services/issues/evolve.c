#include "issues/evolve.h"

#include <string.h>

#include "base/check.h"
#include "issues/rules.h"

struct issues_course *issues_evolve_course(struct issues *self) {
    uint32_t number;
    return self->courses.count == 0 ? table_add(&self->courses, &number) : table_row(&self->courses, 1);
}

/* Open deadlines follow a notice in slices, on ticks. */
static void replan(struct issues *self) {
    struct issues_course *course = issues_evolve_course(self);
    course->replan_kind = ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE;
    course->replan_next = 1;
}

static void agency_registered(struct issues *self, const struct event *event) {
    struct agency_body body;
    ISSUES_BODY_OF(event, body);
    agencies_register(&self->agencies, event->seq, &body);
}

static void notice_loaded(struct issues *self, const struct event *event) {
    notices_load(&self->notices, event->seq, event->private_body, event->private_size);
    replan(self);
}

static void notice_withdrawn(struct issues *self, const struct event *event) {
    struct event_notice_withdrawn body;
    ISSUES_BODY_OF(event, body);
    notices_withdraw(&self->notices, body.notice, event->seq);
    replan(self);
}

/* What waits for a day was planned by the calendar of before: planned again, up to the row before this one. */
static void wake_up_to(struct issues *self, uint32_t kind, uint32_t end) {
    uint32_t row = issues_course(self)->replan_next;
    switch (kind) {
    case ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE:
        for (; row < end && row <= self->issues.count; row++) {
            agenda_set(&self->issue_agenda, row, issue_wake(self, issues_issue(self, row)));
        }
        return;
    case ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK:
        for (; row < end && row <= self->tasks.count; row++) {
            agenda_set(&self->task_agenda, row, task_wake(self, issues_task(self, row)));
        }
        return;
    case ISSUES__V1__RECORD_KIND__RECORD_KIND_CLUE:
        for (; row < end && row <= self->clues.count; row++) {
            agenda_set(&self->clue_agenda, row, clue_wake(self, issues_clue(self, row)));
        }
        return;
    }
}

static void replanned_to(struct issues *self, const struct event *event) {
    struct event_replanned_to body;
    ISSUES_BODY_OF(event, body);
    struct issues_course *course = issues_evolve_course(self);
    wake_up_to(self, course->replan_kind, body.kind == course->replan_kind ? body.next : UINT32_MAX);
    course->replan_kind = body.kind;
    course->replan_next = body.next;
}

static void time_came(struct issues *self, const struct event *event) {
    struct event_time_came body;
    ISSUES_BODY_OF(event, body);
    issues_evolve_course(self)->now_ms = body.now_ms;
}

void issues_evolve(void *self, const struct event *event) {
    switch (event->type) {
    case EVENT_AGENCY_REGISTERED:
        agency_registered(self, event);
        return;
    case EVENT_NOTICE_LOADED:
        notice_loaded(self, event);
        return;
    case EVENT_NOTICE_WITHDRAWN:
        notice_withdrawn(self, event);
        return;
    case EVENT_REPLANNED_TO:
        replanned_to(self, event);
        return;
    case EVENT_TIME_CAME:
        time_came(self, event);
        return;
    default: /* of the other files */
        break;
    }
    CHECK(issues_evolve_issue(self, event) || issues_evolve_task(self, event) || issues_evolve_clue(self, event) ||
          issues_evolve_slip(self, event) || issues_evolve_circular(self, event)); /* else an event of a newer version is
                                                                                      in the log */
}
