#include "approvals/rules_case.h"

/* The decision: a handler proposes it, the head of the agency takes it, with a verdict on both limits. Licensing Law,
 * articles 38 and 42. */

static bool refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

static bool are_parts_done(const struct deciding *d, const struct approval_case *row) {
    for (uint32_t part = row->first_part; part != 0; part = approvals_part(d->self, part)->next) {
        if (approvals_part(d->self, part)->done_at == 0) {
            return false;
        }
    }
    return true;
}

/* By the calendar as it is known now, whatever planning anew has come to. It stays. */
static bool judge(struct deciding *d, struct case_moving *m) {
    const bool is_promised = m->version->promised.unit != LIMIT_NONE;
    const enum clock_kind measured = is_promised ? CLOCK_PROMISED : CLOCK_STATUTORY;
    int32_t charged;
    if (!case_clock_due(d->self, m->row, CLOCK_PROMISED, m->day, &m->body->promised_due) ||
        !case_clock_due(d->self, m->row, CLOCK_STATUTORY, m->day, &m->body->statutory_due) ||
        !case_clock_charged(d->self, m->row, measured, m->day, &charged)) {
        return refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    const int32_t due = is_promised ? m->body->promised_due : m->body->statutory_due;
    m->body->charged = (uint16_t)(charged < UINT16_MAX ? charged : UINT16_MAX);
    if (m->body->at <= case_clock_end_of(d->self, m->row, measured, due)) {
        m->body->flags |= CASE_ON_TIME;
    }
    if (m->body->at <= case_clock_end_of(d->self, m->row, CLOCK_STATUTORY, m->body->statutory_due)) {
        m->body->flags |= CASE_LAWFUL;
    }
    return true;
}

bool case_decides(struct deciding *d, struct case_moving *m) {
    const bool is_deficient = m->said->step == APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED_WITH_DEFICIENCY;
    if (is_deficient && (m->version->flags & VERSION_DEFICIENCY) == 0) {
        return refuse(d, APPROVALS__V1__CODE__CODE_DEFICIENCY_NOT_ALLOWED, "step");
    }
    if (!are_parts_done(d, m->row)) {
        return refuse(d, APPROVALS__V1__CODE__CODE_PART_NOT_DONE, "step");
    }
    if (is_deficient) {
        m->body->until_day = (int32_t)m->said->until_day;
    }
    if (!case_step_is_decision(m->body)) {
        return true;
    }
    if (m->row->decision == 0 && (m->row->flags & CASE_INSTANT) == 0) { /* nothing was proposed */
        return refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    if (is_deficient) {
        m->body->flags |= CASE_DEFICIENT;
    }
    return judge(d, m);
}

bool case_takes_papers(struct deciding *d, struct case_moving *m) {
    if ((m->row->flags & CASE_DEFICIENT) == 0) {
        return refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    m->body->flags = (uint16_t)(m->row->flags & ~CASE_DEFICIENT);
    return true;
}
