#include "base/civil.h"
#include "issues/rules.h"
#include "issues/task_steps.h"

/* What time does with a ledger task: it begins to lag, or a cooperating unit stays silent. */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name

/* Lag only grows with time: the first day on which it is worse than what the feed was told; 0: none. */
static int32_t worse_day(const struct issues *self, const struct task *row) {
    const unsigned waits = TASK_IN(ISSUED) | TASK_IN(DOING) | TASK_IN(SIGNOFF_ASKED);
    int32_t low = civil_day_of_s(row->last_at), high = row->due + 1;
    if ((waits & 1u << row->state) == 0 || row->lag == ISSUES__V1__TASK_LAG__TASK_LAG_RED) {
        return 0;
    }
    if (high <= low) {
        return low; /* red already */
    }
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if ((unsigned)task_lag(self, row, middle) > row->lag) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool has_spoken(const struct record_part *part) {
    return (part->flags & (PART_DONE | PART_OBJECTED)) != 0;
}

/* A unit that did not speak and has to; 0: none, or it was said. */
static uint32_t silent_part(const struct issues *self, const struct task *row) {
    if (row->state != ISSUES__V1__TASK_STATE__TASK_STATE_SIGNOFF_ASKED || (row->flags & TASK_CONFIRMATION_LATE) != 0) {
        return 0;
    }
    uint32_t part = row->first_part;
    while (part != 0 && (has_spoken(issues_part(self, part)) || issues_part(self, part)->due == 0)) {
        part = issues_part(self, part)->next;
    }
    return part;
}

/* Its last day; 0: none. */
static int32_t silent_until(const struct issues *self, const struct task *row) {
    return issues_part(self, silent_part(self, row))->due;
}

uint32_t task_wake(const struct issues *self, const struct task *row) {
    const int32_t worse = worse_day(self, row), silent = silent_until(self, row);
    const int64_t lag_s = worse == 0 ? INT64_MAX : record_day_end_s(worse - 1);
    const int64_t silent_s = silent == 0 ? INT64_MAX : record_day_end_s(silent);
    const int64_t first = lag_s < silent_s ? lag_s : silent_s;
    return first == INT64_MAX ? 0 : agenda_minute_of_s(first);
}

static struct event_task_step *begin(struct deciding *d, uint32_t number, uint32_t at, Issues__V1__TaskStep step) {
    const struct task *row = issues_task(d->self, number);
    struct event_task_step *body = decide_take(d, sizeof *body);
    *body = (struct event_task_step){.task = number,
                                     .at = at,
                                     .due = row->due,
                                     .flags = row->flags,
                                     .progress = row->progress,
                                     .step = (uint8_t)step,
                                     .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM,
                                     .after = row->state,
                                     .lag = row->lag};
    return body;
}

static void emit(struct deciding *d, const struct event_task_step *body) {
    record_emit(d, EVENT_TASK_STEP, body, sizeof *body, RECORD_TASK(body->task))->public_body =
        publish_task_step(d, issues_task(d->self, body->task), body);
}

void task_tick(struct deciding *d, uint32_t number, uint32_t now) {
    const struct task *row = issues_task(d->self, number);
    const int32_t worse = worse_day(d->self, row), silent = silent_until(d->self, row);
    if (silent != 0 && record_day_end_s(silent) <= now && (worse == 0 || silent < worse)) {
        struct event_task_step *body = begin(d, number, (uint32_t)record_day_end_s(silent), STEP(CONFIRMATION_LATE));
        body->flags |= TASK_CONFIRMATION_LATE;
        emit(d, body);
        issues_slip_issue(d, RECORD_TASK(number), body->at, 1, ISSUES_SLIP_CONFIRMATION);
        return;
    }
    const int32_t day =
        worse != 0 && record_day_end_s(worse - 1) <= now ? worse : civil_day_of_s(now); /* settings changed */
    const uint32_t dawn = (uint32_t)record_day_end_s(day - 1);
    struct event_task_step *body = begin(d, number, dawn > row->last_at ? dawn : row->last_at, STEP(LAG_CHANGED));
    body->lag = (uint8_t)task_lag(d->self, row, day);
    emit(d, body);
    if (body->lag >= ISSUES__V1__TASK_LAG__TASK_LAG_ORANGE) {
        issues_slip_issue(d, RECORD_TASK(number), body->at, body->lag == ISSUES__V1__TASK_LAG__TASK_LAG_RED ? 2 : 1,
                          ISSUES_SLIP_TASK_LAG);
    }
}

/* Days of the ledger are of the calendar; the word of cooperating units alone is asked for in workdays. */
size_t task_replan(struct deciding *d, uint32_t number, uint32_t now, bool emits) {
    const struct issues *self = d->self;
    const struct task *row = issues_task(self, number);
    const uint32_t part = silent_part(self, row);
    if (part == 0) {
        return 0;
    }
    const int32_t planned =
        record_nth_workday(self, civil_day_of_s(issues_part(self, part)->at), self->options.confirm_workdays);
    if (planned == 0 || planned == issues_part(self, part)->due) {
        return 0;
    }
    if (emits) {
        struct event_task_step *body = begin(d, number, now, STEP(CONFIRMATION_DUE_CHANGED));
        body->confirm_due = planned;
        emit(d, body);
    }
    return 1;
}
