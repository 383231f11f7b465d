#include "approvals/rules_case.h"
#include "base/civil.h"

/* While a case is worked on: its parts, and what moves its limits. Licensing Law, articles 42 (extension) and 45. */

enum { EXTENSION_DAYS_MAX = 10, JOINT_EXTENSION_DAYS_MAX = 15 };

static bool refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

/* --- parts --- */

/* 8 and 101. The leading agency's 8 moves the case, which the table says. */
bool case_starts(struct deciding *d, struct case_moving *m) {
    const struct part *part = approvals_part(d->self, m->part);
    const bool is_done = m->said->step == APPROVALS__V1__CASE_STEP__CASE_STEP_PART_DONE;
    if (m->part == 0 || (is_done ? part->started_at != 0 && part->done_at == 0 : part->started_at == 0)) {
        return true;
    }
    return refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
}

/* --- the extension --- */

/* Flags of warnings that hold no longer, as more time is given. */
static uint16_t flags_that_fall(const struct deciding *d, const struct approval_case *after, uint32_t at) {
    unsigned flags = 0;
    if (at <= case_clock_end_s(d->self, after, CLOCK_PROMISED)) {
        flags |= CASE_PROMISED_PASSED;
    }
    if (at <= case_clock_end_s(d->self, after, CLOCK_STATUTORY)) {
        flags |= CASE_STATUTORY_PASSED;
    }
    if ((after->flags & CASE_WARNED) != 0 && case_yellow_day(d->self, after) > civil_day_of_s(at)) {
        flags |= CASE_WARNED;
    }
    return (uint16_t)flags;
}

/* Whether an extension comes before the limit of the law ends; of the promise, where the law has none. */
static bool check_in_time(struct deciding *d, const struct case_moving *m) {
    const enum clock_kind kind = m->version->statutory.unit != LIMIT_NONE ? CLOCK_STATUTORY : CLOCK_PROMISED;
    int32_t due;
    if (!case_clock_due(d->self, m->row, kind, m->day, &due)) {
        return refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    return (due != 0 && m->body->at <= case_clock_end_of(d->self, m->row, kind, due)) ||
           refuse(d, APPROVALS__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "occurred_at_ms");
}

static bool extend(struct deciding *d, struct case_moving *m) {
    const uint32_t days = m->said->special->days;
    const uint32_t days_max = (m->row->flags & CASE_JOINT) != 0 ? JOINT_EXTENSION_DAYS_MAX : EXTENSION_DAYS_MAX;
    struct approval_case after = *m->row;
    if ((m->row->flags & CASE_EXTENDED) != 0) {
        return refuse(d, APPROVALS__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "special.kind");
    }
    if (days < 1 || days > days_max) {
        return refuse(d, APPROVALS__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "special.days");
    }
    if (!check_in_time(d, m)) {
        return false;
    }
    after.extension = (uint8_t)days;
    if (!case_clock_due(d->self, &after, CLOCK_PROMISED, m->day, &after.promised_due) ||
        !case_clock_due(d->self, &after, CLOCK_STATUTORY, m->day, &after.statutory_due)) {
        return refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "special.days");
    }
    m->body->extension = (uint16_t)days;
    m->body->promised_due = after.promised_due;
    m->body->statutory_due = after.statutory_due;
    m->body->flags = (uint16_t)((m->row->flags & ~flags_that_fall(d, &after, m->body->at)) | CASE_EXTENDED);
    return true;
}

/* --- suspension --- */

/* The last day of a clock that stands from the step's day to the planned end. */
static bool due_when_paused(const struct deciding *d, const struct case_moving *m, enum clock_kind kind, int32_t *due) {
    const struct calendar calendar = approvals_calendar(d->self);
    struct case_clock clock;
    case_clock(d->self, m->row, kind, &clock);
    *due = 0;
    if (clock.limit.unit == LIMIT_NONE) {
        return true;
    }
    clock.pauses[clock.pause_count++] = (struct pause){m->day, m->body->until_day};
    return deadline_due(&calendar, clock.start, m->row->accepted_at, &clock.limit, clock.extension, clock.pauses,
                        clock.pause_count, m->body->until_day, due);
}

/* Papers asked for after acceptance are not in article 45: they stop the law's clock only where a special law says so.
 */
static bool stops_statutory(const struct case_moving *m) {
    return m->body->special != APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS ||
           (m->version->flags & VERSION_PAPERS_STOP_STATUTORY) != 0;
}

static bool has_room(const struct deciding *d, const struct approval_case *row) {
    size_t count = 0;
    for (uint32_t pause = row->first_pause; pause != 0; pause = approvals_pause(d->self, pause)->next) {
        count++;
    }
    return count < APPROVALS_PAUSES_MAX && !table_is_full(&approvals_of(d)->pauses);
}

static bool suspend(struct deciding *d, struct case_moving *m) {
    if (!has_room(d, m->row)) {
        return refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, "special");
    }
    m->body->until_day = (int32_t)m->said->until_day;
    if (!due_when_paused(d, m, CLOCK_PROMISED, &m->body->promised_due) ||
        (stops_statutory(m) && !due_when_paused(d, m, CLOCK_STATUTORY, &m->body->statutory_due))) {
        return refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "until_day");
    }
    return true;
}

bool case_special_starts(struct deciding *d, struct case_moving *m) {
    m->body->special = (uint8_t)m->said->special->kind;
    return m->body->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION ? extend(d, m) : suspend(d, m);
}

/* The pause ends today, or as it was planned where that was before. */
bool case_plan_resumed(struct deciding *d, struct case_moving *m) {
    const int32_t end = m->day < m->row->until_day ? m->day : m->row->until_day;
    int32_t promised, statutory;
    if (!case_clock_due(d->self, m->row, CLOCK_PROMISED, end, &promised) ||
        !case_clock_due(d->self, m->row, CLOCK_STATUTORY, end, &statutory)) {
        return false;
    }
    m->body->promised_due = promised;
    m->body->statutory_due = statutory;
    return true;
}

bool case_special_ends(struct deciding *d, struct case_moving *m) {
    return case_plan_resumed(d, m) || refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
}
