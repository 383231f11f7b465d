#include "base/check.h"
#include "issues/clue_steps.h"
#include "issues/rules.h"

/* What time makes of river clues: a last day that passed is said once, and the unit that it waits for gets a slip. */

#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name

/* The clock that a clue waits for; NULL: none. */
static const struct clue_clock *running(const struct clue *row) {
    const struct clue_clock *clock = row->due == 0 ? NULL : clue_clock_find(row->state);
    return clock == NULL || (row->flags & clock->flag) != 0 ? NULL : clock;
}

uint32_t clue_wake(const struct issues *self, const struct clue *row) {
    (void)self; /* the day is in the row */
    return running(row) == NULL ? 0 : agenda_minute_of_s(record_day_end_s(row->due));
}

static void emit_step(struct deciding *d, uint32_t number, const struct event_clue_step *step) {
    const struct clue *row = issues_clue(d->self, number);
    record_emit(d, EVENT_CLUE_STEP, step, sizeof *step, RECORD_CLUE(number))->public_body =
        publish_clue_step(d, row, step);
}

/* A step of the registry itself: the clue stays as it is, but for what the caller sets. */
static struct event_clue_step *begin_step(struct deciding *d, uint32_t number, uint32_t at, uint8_t step) {
    const struct clue *row = issues_clue(d->self, number);
    struct event_clue_step *body = decide_take(d, sizeof *body);
    *body = (struct event_clue_step){.clue = number,
                                     .at = at,
                                     .due = row->due,
                                     .appraisal_days = row->appraisal_days,
                                     .agency = row->agency,
                                     .procuratorate = row->procuratorate,
                                     .flags = row->flags,
                                     .step = step,
                                     .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM,
                                     .after = row->state};
    return body;
}

void clue_tick(struct deciding *d, uint32_t number, uint32_t now) {
    const struct clue *row = issues_clue(d->self, number);
    const struct clue_clock *clock = running(row);
    CHECK(clock != NULL && record_day_end_s(row->due) <= now); /* else it would not wait in the agenda */
    struct event_clue_step *body = begin_step(d, number, (uint32_t)record_day_end_s(row->due), clock->step);
    body->flags |= clock->flag;
    emit_step(d, number, body);
    issues_slip_issue(d, RECORD_CLUE(number), body->at, 1, (enum issues_slip_rule)clock->rule);
}

/* What was said stays said: a day that moves does not make it happen twice. */
size_t clue_replan(struct deciding *d, uint32_t number, uint32_t now, bool emits) {
    const struct clue *row = issues_clue(d->self, number);
    int32_t due;
    if (!clue_clock_due(d->self, row, &due)) {
        due = 0; /* beyond the calendar until the next notice */
    }
    if (due == row->due) {
        return 0;
    }
    if (emits) {
        struct event_clue_step *body = begin_step(d, number, now, STEP(DUE_CHANGED));
        body->due = due;
        emit_step(d, number, body);
    }
    return 1;
}
