#include "base/civil.h"
#include "issues/rules.h"
#include "issues/task_steps.h"

/* How far a task is, how far it should be, and what follows: pure arithmetic in permille. */

enum { WHOLE = 1000 };

typedef Issues__V1__IndicatorKind Kind;
#define KIND(name) ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_##name

/* part / whole within 0..1000, rounded down; whole > 0. Values are within 10^15, so nothing here goes beyond 2 * 10^18.
 */
static uint32_t clipped(int64_t part, int64_t whole) {
    if (part <= 0) {
        return 0;
    }
    return part >= whole ? WHOLE : (uint32_t)(part * WHOLE / whole);
}

bool indicator_is_met(const struct indicator *row) {
    switch ((Kind)row->kind) {
    case KIND(INCREASE):
    case KIND(BOOLEAN):
    case KIND(COVERAGE):
    case KIND(REACH_AT_LEAST):
        return row->measured >= row->target && row->measured_at != 0;
    case KIND(DECREASE):
    case KIND(REACH_AT_MOST):
        return row->measured <= row->target && row->measured_at != 0;
    case KIND(UNSPECIFIED):
    case _ISSUES__V1__INDICATOR_KIND_IS_INT_SIZE:
        break;
    }
    return false;
}

uint32_t indicator_progress(const struct indicator *row) {
    if (indicator_is_met(row)) {
        return WHOLE;
    }
    if (row->measured_at == 0) {
        return 0;
    }
    switch ((Kind)row->kind) {
    case KIND(INCREASE):
    case KIND(REACH_AT_LEAST):
        return row->target > row->baseline ? clipped(row->measured - row->baseline, row->target - row->baseline) : 0;
    case KIND(DECREASE):
    case KIND(REACH_AT_MOST):
        return row->target < row->baseline ? clipped(row->baseline - row->measured, row->baseline - row->target) : 0;
    case KIND(COVERAGE):
        return row->target > 0 ? clipped(row->measured, row->target) : 0;
    case KIND(BOOLEAN):
    case KIND(UNSPECIFIED):
    case _ISSUES__V1__INDICATOR_KIND_IS_INT_SIZE:
        break;
    }
    return 0;
}

uint32_t task_progress_after(const struct issues *self, const struct task *row, const struct task_change *change) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < row->indicator_count; i++) {
        const uint32_t number = row->first_indicator + i;
        sum += indicator_progress(number == change->indicator ? &change->measured : issues_indicator(self, number));
    }
    if (row->indicator_count > 0) {
        return sum / row->indicator_count;
    }
    for (uint32_t i = 0; i < row->milestone_count; i++) {
        const uint32_t number = row->first_milestone + i;
        sum += number == change->milestone || issues_milestone(self, number)->closed_at != 0 ? WHOLE : 0;
    }
    return row->milestone_count > 0 ? sum / row->milestone_count : 0;
}

uint32_t task_progress(const struct issues *self, const struct task *row) {
    return task_progress_after(self, row, &(struct task_change){.indicator = 0});
}

/* --- expected --- */

/* Between (day, permille) and (day, permille) as time goes. */
static uint32_t between(int32_t day, int32_t from, uint32_t from_permille, int32_t until, uint32_t until_permille) {
    if (day >= until || until <= from) {
        return until_permille;
    }
    return from_permille + (until_permille - from_permille) * (uint32_t)(day - from) / (uint32_t)(until - from);
}

uint32_t task_expected(const struct issues *self, const struct task *row, int32_t day) {
    int32_t from = row->start;
    uint32_t permille = 0;
    if (day < from) {
        return 0;
    }
    for (uint32_t i = 0; i < row->milestone_count; i++) {
        const struct milestone *next = issues_milestone(self, row->first_milestone + i);
        if (next->expected == 0) {
            continue;
        }
        if (day < next->due) {
            return between(day, from, permille, next->due, next->expected);
        }
        from = next->due;
        permille = next->expected;
    }
    return between(day, from, permille, row->due, WHOLE);
}

/* --- lag --- */

static bool has_passed_milestone(const struct issues *self, const struct task *row, int32_t day, uint32_t closing) {
    for (uint32_t i = 0; i < row->milestone_count; i++) {
        const struct milestone *milestone = issues_milestone(self, row->first_milestone + i);
        if (milestone->closed_at == 0 && row->first_milestone + i != closing && milestone->due < day) {
            return true;
        }
    }
    return false;
}

static bool is_silent(const struct issues *self, const struct task *row, int32_t day) {
    const int32_t reported = row->reported_at == 0 ? 0 : civil_day_of_s(row->reported_at);
    const int32_t since = reported > row->start ? reported : row->start;
    return day > (int64_t)since + self->options.report_days; /* a start at the end of time does not wrap */
}

Issues__V1__TaskLag task_lag_after(const struct issues *self, const struct task *row, int32_t day,
                                   const struct task_change *change) {
    const bool is_doing = row->state == ISSUES__V1__TASK_STATE__TASK_STATE_DOING;
    const bool is_asked = row->state == ISSUES__V1__TASK_STATE__TASK_STATE_SIGNOFF_ASKED;
    if (!is_doing && !is_asked && row->state != ISSUES__V1__TASK_STATE__TASK_STATE_ISSUED) {
        return ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    }
    if (day > row->due) {
        return ISSUES__V1__TASK_LAG__TASK_LAG_RED;
    }
    if (is_asked) { /* it waits for others */
        return ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    }
    if (has_passed_milestone(self, row, day, change->milestone)) {
        return ISSUES__V1__TASK_LAG__TASK_LAG_ORANGE;
    }
    const bool is_behind =
        task_progress_after(self, row, change) + self->options.lag_permille < task_expected(self, row, day);
    return is_behind || (is_doing && is_silent(self, row, day)) ? ISSUES__V1__TASK_LAG__TASK_LAG_YELLOW
                                                                : ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
}

Issues__V1__TaskLag task_lag(const struct issues *self, const struct task *row, int32_t day) {
    return task_lag_after(self, row, day, &(struct task_change){.indicator = 0});
}
