#include "issues/rules_issue.h"

#include "base/civil.h"

/* From screening to the unit that handles an issue. */

bool issue_is_duplicate(struct deciding *d, struct issue_moving *m) {
    const uint32_t code = record_check_number(m->said->duplicate_of, ISSUES_NUMBER_BYTES - 2);
    const uint32_t other = issues_find_issue(d->self, m->said->duplicate_of);
    if (code != 0 || other == 0) {
        return issue_refuse(d, code != 0 ? code : (uint32_t)ISSUES__V1__CODE__CODE_RECORD_UNKNOWN, "duplicate_of");
    }
    const unsigned state = 1u << issues_issue(d->self, other)->state;
    if (other == m->body->issue || (state & (ISSUE_IN(DUPLICATE) | ISSUE_IN(INVALID))) != 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_DUPLICATE_NOT_ALLOWED, "duplicate_of");
    }
    m->body->duplicate_of = other;
    return true;
}

/* --- units --- */

static bool has_part(const struct event_issue_step *body, uint32_t agency) {
    for (size_t i = 0; i < body->part_count; i++) {
        if (body->parts[i] == agency) {
            return true;
        }
    }
    return false;
}

/* Registered, each once, and the lead not among them. */
static bool add_parts(struct deciding *d, struct issue_moving *m) {
    const struct issues *self = d->self;
    const Issues__V1__ReportIssue *said = m->said;
    if (said->n_cooperating > ISSUES_PARTS_MAX) {
        return issue_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "cooperating");
    }
    for (size_t i = 0; i < said->n_cooperating; i++) {
        const uint32_t agency = issues_find_agency(self, said->cooperating[i]);
        if (agency == 0) {
            return issue_refuse(d, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN, "cooperating");
        }
        if (agency == m->body->lead || has_part(m->body, agency)) {
            return issue_refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "cooperating");
        }
        m->body->parts[m->body->part_count++] = (uint16_t)agency;
    }
    return self->parts.count + m->body->part_count <= self->parts.rows_max ||
           issue_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
}

static bool plan_parts(struct deciding *d, struct issue_moving *m) {
    if (m->body->part_count > 0) {
        m->body->part_due = record_nth_workday(d->self, m->day, issues_of(d)->options.part_workdays);
        return m->body->part_due != 0 || issue_refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    return true;
}

/* Also the decision of a dispute: to the same unit again it is final. */
bool issue_dispatches(struct deciding *d, struct issue_moving *m) {
    m->body->lead = (uint16_t)issues_find_agency(d->self, m->said->lead);
    if (m->body->lead == 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN, "lead");
    }
    if (m->row->state == ISSUES__V1__ISSUE_STATE__ISSUE_STATE_DISPUTED && m->body->lead == m->row->lead) {
        m->body->flags |= ISSUE_FINAL;
    }
    return add_parts(d, m) && plan_parts(d, m) && issue_begins_clock(d, m);
}

/* Within one workday of the dispatch, and once; it is to be decided on the same day. Until then no clock runs. */
bool issue_disputes(struct deciding *d, struct issue_moving *m) {
    const int32_t last = record_nth_workday(d->self, civil_day_of_s(m->row->dispatched_at), 1);
    if ((m->row->flags & (ISSUE_FINAL | ISSUE_HAD_DISPUTE)) != 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_DISPUTE_NOT_ALLOWED, "step");
    }
    if (last == 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    if (m->day > last) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_DISPUTE_NOT_ALLOWED, "occurred_at_ms");
    }
    m->body->flags |= ISSUE_HAD_DISPUTE;
    m->body->until_day = m->day;
    return true;
}
