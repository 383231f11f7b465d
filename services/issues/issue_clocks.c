#include "base/civil.h"
#include "issues/issue_steps.h"
#include "issues/rules.h"

/* The clocks of an issue, from its row and the calendar as it is known now. All limits are workdays and end with a day.
 */

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define STATE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name

static int32_t clock_workdays(const struct issues *self, const struct issue *row) {
    return self->options.class_workdays[row->class] + row->extension;
}

int32_t issue_due(const struct issues *self, const struct issue *row) {
    return record_nth_workday(self, civil_day_of_s(row->clock_at), (uint32_t)clock_workdays(self, row));
}

int32_t issue_part_due(const struct issues *self, const struct issue *row) {
    return record_nth_workday(self, civil_day_of_s(row->dispatched_at), self->options.part_workdays);
}

int32_t issue_until_day(const struct issues *self, const struct issue *row) {
    if (issue_waits_dispatch(row->state)) {
        return record_nth_workday(self, civil_day_of_s(row->registered_at), self->options.dispatch_workdays);
    }
    if (row->state == STATE(ANSWERED)) {
        return record_nth_workday(self, civil_day_of_s(row->answered_at), self->options.silence_workdays);
    }
    return row->until_day; /* a day that somebody set, or none */
}

bool issue_charged(const struct issues *self, const struct issue *row, int32_t day, int32_t *charged) {
    const struct calendar calendar = issues_calendar(self);
    *charged = 0;
    return row->dispatched_at == 0 || calendar_workdays(&calendar, civil_day_of_s(row->dispatched_at), day, charged);
}

/* --- lights --- */

/* Workdays of a limit of n after which it is yellow. */
static int32_t yellow_after(const struct issues_options *options, int32_t n) {
    const int32_t by_tenths = (n * options->yellow_tenths + 9) / 10;
    const int32_t by_days = n > options->yellow_days ? n - options->yellow_days : 0;
    return by_tenths < by_days ? by_tenths : by_days;
}

int32_t issue_yellow_day(const struct issues *self, const struct issue *row) {
    const struct calendar calendar = issues_calendar(self);
    const int32_t n = clock_workdays(self, row);
    int32_t day;
    return n > 1 &&
                   calendar_nth_workday(&calendar, civil_day_of_s(row->clock_at), yellow_after(&self->options, n), &day)
               ? day + 1
               : 0;
}

Issues__V1__Light issue_light(const struct issues *self, const struct issue *row, int32_t day) {
    if (!issue_is_open(row->state)) {
        return ISSUES__V1__LIGHT__LIGHT_UNSPECIFIED;
    }
    if (!issue_has_clock(row->state)) {
        return ISSUES__V1__LIGHT__LIGHT_GREY;
    }
    if (row->due != 0 && day > row->due) {
        return ISSUES__V1__LIGHT__LIGHT_RED;
    }
    const int32_t yellow = issue_yellow_day(self, row);
    return yellow != 0 && yellow <= day + 1 ? ISSUES__V1__LIGHT__LIGHT_YELLOW : ISSUES__V1__LIGHT__LIGHT_GREEN;
}

/* --- what comes next --- */

/* Of things at one instant the one looked at first comes first. */
static void look(struct issue_thing *first, int64_t at, Issues__V1__IssueStep step, uint32_t part) {
    if (at < first->at) {
        *first = (struct issue_thing){.at = at, .step = step, .part = part};
    }
}

uint32_t issue_waiting_part(const struct issues *self, uint32_t first) {
    while (first != 0 && (issues_part(self, first)->flags & (PART_DONE | PART_LATE)) != 0) {
        first = issues_part(self, first)->next;
    }
    return first;
}

static void look_at_parts(const struct issues *self, const struct issue *row, struct issue_thing *first) {
    for (uint32_t part = issue_waiting_part(self, row->first_part); part != 0;
         part = issue_waiting_part(self, issues_part(self, part)->next)) {
        if (issues_part(self, part)->due != 0) {
            look(first, record_day_end_s(issues_part(self, part)->due), STEP(PART_LATE), part);
        }
    }
}

static void look_at_clock(const struct issues *self, const struct issue *row, struct issue_thing *first) {
    const int32_t yellow = (row->flags & (ISSUE_WARNED | ISSUE_OVERDUE)) != 0 ? 0 : issue_yellow_day(self, row);
    if (yellow != 0) {
        look(first, record_day_end_s(yellow - 1), STEP(WARNED), 0);
    }
    if (row->due != 0 && (row->flags & ISSUE_OVERDUE) == 0) {
        look(first, record_day_end_s(row->due), STEP(OVERDUE), 0);
    }
}

/* Once until_day has passed, unless a flag says that it was said. */
static void look_at_day(const struct issue *row, unsigned flag, Issues__V1__IssueStep step, struct issue_thing *first) {
    if (row->until_day != 0 && (row->flags & flag) == 0) {
        look(first, record_day_end_s(row->until_day), step, 0);
    }
}

struct issue_thing issue_next(const struct issues *self, const struct issue *row) {
    struct issue_thing first = {.at = INT64_MAX};
    switch ((Issues__V1__IssueState)row->state) {
    case STATE(REGISTERED):
    case STATE(SCREENED):
        look_at_day(row, ISSUE_DISPATCH_LATE, STEP(DISPATCH_LATE), &first);
        break;
    case STATE(DISPUTED):
        look_at_day(row, ISSUE_DISPUTE_LATE, STEP(DISPUTE_LATE), &first);
        break;
    case STATE(DISPATCHED):
    case STATE(HANDLING):
        look_at_parts(self, row, &first);
        look_at_clock(self, row, &first);
        break;
    case STATE(ANSWERED):
        look_at_day(row, 0, STEP(SILENT), &first);
        break;
    case STATE(LONG_TERM):
        look_at_day(row, ISSUE_REVIEW_DUE, STEP(REVIEW_DUE), &first);
        break;
    case STATE(UNSPECIFIED):
    case STATE(CONFIRMED):
    case STATE(RESOLVED):
    case STATE(SIGNED_OFF):
    case STATE(TRANSFERRED):
    case STATE(CANCELLED):
    case STATE(DUPLICATE):
    case STATE(INVALID):
    case _ISSUES__V1__ISSUE_STATE_IS_INT_SIZE:
        break;
    }
    return first;
}

uint32_t issue_wake(const struct issues *self, const struct issue *row) {
    const struct issue_thing thing = issue_next(self, row);
    return thing.at == INT64_MAX ? 0 : agenda_minute_of_s(thing.at);
}
