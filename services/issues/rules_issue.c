#include "issues/rules_issue.h"

#include <string.h>

#include "base/civil.h"

/*
 * ReportIssue: its form, who acts, the state machine (issue_steps.h), and the event. The guards of single steps stand
 * in the other rules_issue_*.c files.
 */

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define STATE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name

bool issue_refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

uint32_t issue_part_of(const struct issues *self, const struct issue *row, uint32_t agency) {
    uint32_t part = row->first_part;
    while (part != 0 && issues_part(self, part)->agency != agency) {
        part = issues_part(self, part)->next;
    }
    return agency == 0 ? 0 : part;
}

/* --- form --- */

static bool check_form(struct deciding *d, const Issues__V1__ReportIssue *said) {
    uint32_t code = record_check_number(said->issue_number, ISSUES_NUMBER_BYTES - 2);
    if (code != 0) {
        return issue_refuse(d, code, "issue_number");
    }
    if (said->step == STEP(UNSPECIFIED)) {
        return issue_refuse(d, COMMON__V1__CODE__CODE_MISSING, "step");
    }
    if (said->actor == COMMON__V1__ACTOR__ACTOR_UNSPECIFIED) {
        return issue_refuse(d, COMMON__V1__CODE__CODE_MISSING, "actor");
    }
    code = record_check_text(said->reason, false, ISSUES_REASON_BYTES_MAX);
    if (code != 0) {
        return issue_refuse(d, code, "reason");
    }
    code = record_check_text(said->receipt, false, ISSUES_LETTER_BYTES_MAX);
    return code == 0 || issue_refuse(d, code, "receipt");
}

/* What the row of the table asks for beside the state. */
static bool check_needs(struct deciding *d, const struct issue_moving *m) {
    const Issues__V1__ReportIssue *said = m->said;
    const struct {
        unsigned need;
        bool is_given;
        const char *field;
    } needs[] = {
        {ISSUE_NEEDS_REASON, said->reason[0] != '\0', "reason"},
        {ISSUE_NEEDS_CLASS, said->class_ != ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_UNSPECIFIED, "class"},
        {ISSUE_NEEDS_OTHER, said->duplicate_of[0] != '\0', "duplicate_of"},
        {ISSUE_NEEDS_LEAD, said->lead[0] != '\0', "lead"},
        {ISSUE_NEEDS_EXTENSION, said->extension != 0, "extension"},
        {ISSUE_NEEDS_DAY, said->until_day != 0, "until_day"},
        {ISSUE_NEEDS_RECEIPT, said->target != ISSUES__V1__TRANSFER_TARGET__TRANSFER_TARGET_UNSPECIFIED, "target"},
        {ISSUE_NEEDS_RECEIPT, said->receipt[0] != '\0', "receipt"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if ((m->rule->needs & needs[i].need) != 0 && !needs[i].is_given) {
            return issue_refuse(d, COMMON__V1__CODE__CODE_MISSING, needs[i].field);
        }
    }
    return true;
}

/* --- who --- */

static bool is_of(const struct deciding *d, uint16_t agency) {
    return d->agency != 0 && agency == d->agency;
}

static bool may_see(const struct deciding *d, const struct issue *row) {
    return d->sees_all || is_of(d, row->registrar) || is_of(d, row->lead) ||
           issue_part_of(d->self, row, d->agency) != 0;
}

static bool is_unit(const struct deciding *d, const struct issue *row, const struct issue_step *rule) {
    switch ((enum issue_unit)rule->unit) {
    case UNIT_ANY:
        return may_see(d, row);
    case UNIT_OFFICE:
        return d->sees_all;
    case UNIT_LEAD:
        return is_of(d, row->lead);
    case UNIT_PART:
        return issue_part_of(d->self, row, d->agency) != 0;
    case UNIT_ENTERPRISE: /* nobody answers and confirms in one */
        return (d->sees_all || is_of(d, row->registrar)) && !is_of(d, row->lead);
    case UNIT_AGENCY: /* of registrations: they do not come here */
        break;
    }
    return false;
}

/* --- the state machine --- */

/* The row of the table that allows it. False: refused. */
static bool find_rule(struct deciding *d, struct issue_moving *m) {
    m->rule = issue_step_find((unsigned)m->said->step, (unsigned)m->said->actor);
    if (m->rule == NULL || !is_unit(d, m->row, m->rule)) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    }
    if (!decide_check_version(d, m->row->last_seq)) {
        return false;
    }
    if (decide_seconds(d->command->occurred_at_ms) < m->row->last_at) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
    }
    return (m->rule->from & 1u << m->row->state) != 0 || issue_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
}

static bool check_guards(struct deciding *d, struct issue_moving *m) {
    switch (m->said->step) {
    case STEP(SCREENED):
        m->body->class = (uint8_t)m->said->class_;
        return true;
    case STEP(DUPLICATE):
        return issue_is_duplicate(d, m);
    case STEP(DISPATCHED):
        return issue_dispatches(d, m);
    case STEP(DISPUTED):
        return issue_disputes(d, m);
    case STEP(PART_DONE):
        return issue_does_part(d, m);
    case STEP(EXTENSION_ASKED):
        return issue_asks_extension(d, m);
    case STEP(EXTENDED):
        return issue_extends(d, m);
    case STEP(ANSWERED):
        return issue_answers(d, m);
    case STEP(CONFIRMED):
        return issue_is_confirmed(d, m);
    case STEP(DISSATISFIED):
        return issue_goes_round(d, m);
    case STEP(RESOLVED):
        m->body->flags |= ISSUE_CONFIRMED;
        return true;
    case STEP(SIGNED_OFF):
        return issue_signs_off(d, m);
    case STEP(RAISED):
        return issue_raises(d, m);
    case STEP(LONG_TERM):
        return issue_waits_long(d, m);
    case STEP(RESUMED):
        return issue_resumes(d, m);
    case STEP(TRANSFERRED):
        m->body->target = (uint8_t)m->said->target;
        return true;
    case STEP(INVALID):
    case STEP(STARTED):
    case STEP(CANCELLED):
    case STEP(COMMENTED):
    case STEP(UNSPECIFIED): /* these do not come here */
    case STEP(REGISTERED):
    case STEP(DISPATCH_LATE):
    case STEP(DISPUTE_LATE):
    case STEP(PART_LATE):
    case STEP(WARNED):
    case STEP(OVERDUE):
    case STEP(SILENT):
    case STEP(REVIEW_DUE):
    case STEP(DUE_CHANGED):
    case _ISSUES__V1__ISSUE_STEP_IS_INT_SIZE:
        break;
    }
    return true;
}

/* --- the event --- */

/* A clock that runs no more says nothing: its days go, and that it was late. */
static void stop_clock(struct event_issue_step *body) {
    body->due = 0;
    body->until_day = 0;
    body->flags &= (uint16_t) ~(ISSUE_WARNED | ISSUE_OVERDUE | ISSUE_REVIEW_DUE);
}

static void begin_body(struct deciding *d, uint32_t number, struct issue_moving *m) {
    const struct issue *row = m->row;
    *m->body = (struct event_issue_step){.principal = issues_principal(d->command->principal),
                                         .issue = number,
                                         .at = decide_seconds(d->command->occurred_at_ms),
                                         .due = row->due,
                                         .until_day = row->until_day,
                                         .by = (uint16_t)d->agency,
                                         .lead = row->lead,
                                         .flags = row->flags,
                                         .charged = row->charged,
                                         .step = (uint8_t)m->said->step,
                                         .actor = (uint8_t)m->said->actor,
                                         .after = m->rule->after == ISSUE_STAYS ? row->state : m->rule->after,
                                         .class = row->class,
                                         .round = row->round,
                                         .level = row->level,
                                         .extension = row->extension};
    if (m->body->after != row->state && !issue_has_clock(m->body->after) && !issue_waits_dispatch(m->body->after)) {
        stop_clock(m->body);
    }
}

/* Nothing more is asked of the unit that was in charge: open slips end with it. */
static bool ends_slips(const struct issue_moving *m) {
    const bool waits = m->body->after == STATE(LONG_TERM) && m->row->state != STATE(LONG_TERM);
    const bool ends = !issue_is_open(m->body->after) && issue_is_open(m->row->state);
    return waits || ends || m->body->lead != m->row->lead;
}

static void emit_step(struct deciding *d, const struct issue_moving *m) {
    const struct record record = RECORD_ISSUE(m->body->issue);
    struct texts texts;
    texts_begin(d, &texts, m->body, sizeof *m->body, strlen(m->said->reason) + strlen(m->said->receipt), 2);
    texts_add(&texts, TEXT_REASON, m->said->reason);
    texts_add(&texts, TEXT_LETTER, m->said->receipt);
    record_emit(d, EVENT_ISSUE_STEP, texts.bytes, texts.size, record)->public_body =
        publish_issue_step(d, m->row, m->body);
    if (m->row->first_slip != 0 && ends_slips(m)) {
        issues_slip_close_all(d, record, m->body->at);
    }
}

static void move_issue(struct deciding *d, const Issues__V1__ReportIssue *said) {
    const uint32_t number = issues_find_issue(d->self, said->issue_number);
    struct event_issue_step body;
    struct issue_moving m = {.said = said,
                             .row = issues_issue(d->self, number),
                             .day = civil_day_of_s(decide_seconds(d->command->occurred_at_ms)),
                             .body = &body};
    if (number == 0) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_RECORD_UNKNOWN, "issue_number");
    } else if (find_rule(d, &m) && check_needs(d, &m)) {
        begin_body(d, number, &m);
        if (check_guards(d, &m)) {
            emit_step(d, &m);
        }
    }
}

void issue_report(struct deciding *d, const Issues__V1__ReportIssue *said) {
    if (d->agency == 0 && !d->sees_all) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN, NULL);
    } else if (!check_form(d, said)) {
        return;
    } else if (!roles_may_act(d->command->role, said->actor)) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    } else if (said->step == STEP(REGISTERED)) {
        issue_register(d, said);
    } else {
        move_issue(d, said);
    }
}
