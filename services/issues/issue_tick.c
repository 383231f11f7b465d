#include "base/check.h"
#include "base/civil.h"
#include "issues/issue_steps.h"
#include "issues/rules.h"

/* What time makes of an issue. A flag of the issue says that a thing was said; no comment takes it back. */

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name

/* A step of the registry: the issue as it is, but for what the step sets. */
static struct event_issue_step *begin_step(struct deciding *d, uint32_t number, uint32_t at,
                                           Issues__V1__IssueStep step) {
    const struct issue *row = issues_issue(d->self, number);
    struct event_issue_step *body = decide_take(d, sizeof *body);
    *body = (struct event_issue_step){.issue = number,
                                      .at = at,
                                      .due = row->due,
                                      .until_day = row->until_day,
                                      .lead = row->lead,
                                      .flags = row->flags,
                                      .charged = row->charged,
                                      .step = (uint8_t)step,
                                      .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM,
                                      .after = row->state,
                                      .class = row->class,
                                      .round = row->round,
                                      .level = row->level,
                                      .extension = row->extension};
    return body;
}

static void emit_step(struct deciding *d, const struct event_issue_step *body) {
    record_emit(d, EVENT_ISSUE_STEP, body, sizeof *body, RECORD_ISSUE(body->issue))->public_body =
        publish_issue_step(d, issues_issue(d->self, body->issue), body);
}

static void fill_step(struct event_issue_step *body, const struct issue_thing *thing) {
    switch ((int)thing->step) {
    case STEP(DISPATCH_LATE):
        body->flags |= ISSUE_DISPATCH_LATE;
        return;
    case STEP(DISPUTE_LATE):
        body->flags |= ISSUE_DISPUTE_LATE;
        return;
    case STEP(PART_LATE):
        body->part = thing->part;
        return;
    case STEP(WARNED):
        body->flags |= ISSUE_WARNED;
        return;
    case STEP(OVERDUE):
        body->flags |= ISSUE_OVERDUE;
        return;
    case STEP(SILENT):
        body->after = ISSUES__V1__ISSUE_STATE__ISSUE_STATE_RESOLVED;
        body->until_day = 0;
        return;
    case STEP(REVIEW_DUE):
        body->flags |= ISSUE_REVIEW_DUE;
        return;
    }
    CHECK(false); /* issue_next knows no other */
}

/* The agenda says whether, issue_next what: the yellow day alone depends on settings, and when those were changed
 * since, what the agenda waited for is the warning. */
static struct issue_thing thing_due(const struct issues *self, uint32_t number, uint32_t now) {
    const struct issue *row = issues_issue(self, number);
    const struct issue_thing thing = issue_next(self, row);
    if (thing.at <= now) {
        return thing;
    }
    CHECK(issue_has_clock(row->state) && (row->flags & ISSUE_WARNED) == 0);
    return (struct issue_thing){.at = (int64_t)agenda_minute(&self->issue_agenda, number) * 60, .step = STEP(WARNED)};
}

void issue_tick(struct deciding *d, uint32_t number, uint32_t now) {
    const struct issue_thing thing = thing_due(d->self, number, now);
    struct event_issue_step *body = begin_step(d, number, (uint32_t)thing.at, thing.step);
    fill_step(body, &thing);
    emit_step(d, body);
    if (thing.step == STEP(OVERDUE)) {
        issues_slip_issue(d, RECORD_ISSUE(number), body->at, 1, ISSUES_SLIP_OVERDUE);
    } else if (thing.step == STEP(PART_LATE)) {
        issues_slip_issue(d, RECORD_ISSUE(number), body->at, 1, ISSUES_SLIP_PART_LATE);
    } else if (thing.step == STEP(SILENT)) {
        issues_slip_close_all(d, RECORD_ISSUE(number), body->at);
    }
}

/* --- planning anew --- */

static bool has_passed(int32_t day, uint32_t now) {
    return day != 0 && record_day_end_s(day) <= now;
}

/* What was said of the handling clock and no longer holds by its new days. What was said of a late dispatch or part
 * stays said: it is counted once. */
static uint16_t flags_that_hold(const struct issues *self, const struct issue *row, int32_t due, uint32_t now) {
    uint16_t flags = row->flags;
    if (!issue_has_clock(row->state) || (flags & (ISSUE_OVERDUE | ISSUE_WARNED)) == 0) {
        return flags;
    }
    const int32_t yellow = issue_yellow_day(self, row);
    if (!has_passed(due, now)) {
        flags &= (uint16_t)~ISSUE_OVERDUE;
    }
    if (yellow == 0 || !has_passed(yellow - 1, now)) {
        flags &= (uint16_t)~ISSUE_WARNED;
    }
    return flags;
}

/* The first part whose day changes; they were all dispatched on one day. */
static uint32_t part_that_moves(const struct issues *self, const struct issue *row, int32_t due) {
    const uint32_t part = issue_has_clock(row->state) ? issue_waiting_part(self, row->first_part) : 0;
    return part != 0 && issues_part(self, part)->due != due ? part : 0;
}

size_t issue_replan(struct deciding *d, uint32_t number, uint32_t now, bool emits) {
    const struct issues *self = d->self;
    const struct issue *row = issues_issue(self, number);
    const int32_t due = issue_has_clock(row->state) ? issue_due(self, row) : row->due;
    const int32_t until_day = issue_until_day(self, row);
    const int32_t part_due = row->first_part == 0 ? 0 : issue_part_due(self, row);
    const uint32_t part = part_that_moves(self, row, part_due);
    const uint16_t flags = flags_that_hold(self, row, due, now);
    if (due == row->due && until_day == row->until_day && flags == row->flags && part == 0) {
        return 0;
    }
    if (emits) {
        struct event_issue_step *body = begin_step(d, number, now, STEP(DUE_CHANGED));
        body->due = due;
        body->until_day = until_day;
        body->flags = flags;
        body->part = part;
        body->part_due = part == 0 ? 0 : part_due;
        emit_step(d, body);
    }
    return 1;
}
