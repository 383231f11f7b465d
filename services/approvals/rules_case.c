#include "approvals/rules_case.h"

#include <string.h>

#include "base/civil.h"

/*
 * ReportCase: its form, who acts, the state machine (case_steps.h), and the event. The guards of single steps stand in
 * the other rules_*.c files of cases.
 */

typedef Approvals__V1__CaseStep Step;
#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name

/* Days that fit into the times of this registry with a day to spare. */
#define UNTIL_DAY_MAX (UINT32_MAX / 86400 - 2)

/* --- form --- */

bool case_check_text(struct deciding *d, const char *text, size_t bytes_max, const char *field) {
    if (strlen(text) > bytes_max) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG, field);
        return false;
    }
    return true;
}

bool case_check_number(struct deciding *d, const char *number) {
    if (number[0] == '\0') {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "case_number");
        return false;
    }
    return case_check_text(d, number, APPROVALS_NUMBER_BYTES - 2, "case_number");
}

static bool check_papers(struct deciding *d, const Approvals__V1__ReportCase *said) {
    if (said->n_papers > APPROVALS_PAPERS_MAX) {
        decide_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "papers");
        return false;
    }
    for (size_t i = 0; i < said->n_papers; i++) {
        if (said->papers[i][0] == '\0') {
            decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "papers");
            return false;
        }
        if (!case_check_text(d, said->papers[i], APPROVALS_PAPER_BYTES_MAX, "papers")) {
            return false;
        }
    }
    return true;
}

static bool check_form(struct deciding *d, const Approvals__V1__ReportCase *said) {
    const char *missing = said->step == STEP(UNSPECIFIED)                          ? "step"
                          : said->actor == COMMON__V1__ACTOR__ACTOR_UNSPECIFIED ? "actor"
                          : said->step == STEP(SPECIAL_STARTED) && (said->special == NULL || said->special->kind == 0)
                              ? "special.kind"
                              : NULL;
    if (!case_check_number(d, said->case_number)) {
        return false;
    }
    if (missing != NULL) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, missing);
        return false;
    }
    return case_check_text(d, said->reason, APPROVALS_REASON_BYTES_MAX, "reason") &&
           case_check_text(d, said->ground, APPROVALS_GROUND_BYTES_MAX, "ground") &&
           case_check_text(d, said->result, APPROVALS_GROUND_BYTES_MAX, "result") && check_papers(d, said);
}

bool case_check_day(struct deciding *d, uint32_t until_day, int32_t from_day) {
    if (until_day == 0) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "until_day");
        return false;
    }
    if (until_day < (uint32_t)from_day || until_day > UNTIL_DAY_MAX) {
        decide_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "until_day");
        return false;
    }
    return true;
}

/* What the row of the table asks for beside the state. */
static bool check_needs(struct deciding *d, const struct case_moving *m) {
    const unsigned needs = m->rule->needs;
    const char *missing = (needs & CASE_NEEDS_REASON) != 0 && m->said->reason[0] == '\0'   ? "reason"
                          : (needs & CASE_NEEDS_GROUND) != 0 && m->said->ground[0] == '\0' ? "ground"
                          : (needs & CASE_NEEDS_PAPERS) != 0 && m->said->n_papers == 0     ? "papers"
                          : (needs & CASE_NEEDS_RESULT) != 0 && m->said->result[0] == '\0' ? "result"
                                                                                           : NULL;
    if (missing != NULL) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, missing);
        return false;
    }
    return (needs & CASE_NEEDS_DAY) == 0 || case_check_day(d, m->said->until_day, m->day);
}

/* --- who --- */

static void refuse_actor(struct deciding *d) {
    decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ACTOR, "actor");
}

bool case_check_agency(struct deciding *d, uint16_t agency) {
    if (d->agency != agency && !d->sees_all) {
        refuse_actor(d);
        return false;
    }
    return true;
}

static uint32_t find_part(const struct deciding *d, const struct approval_case *row) {
    uint32_t part = row->first_part;
    while (part != 0 && approvals_part(d->self, part)->agency != d->agency) {
        part = approvals_part(d->self, part)->next;
    }
    return d->agency == 0 || d->agency == row->agency ? 0 : part;
}

/* Agencies of a joint case act for their part alone. */
static bool is_of_parts(Step step) {
    return step == STEP(DEPARTMENT_STARTED) || step == STEP(PART_DONE);
}

static bool check_who(struct deciding *d, const struct case_moving *m) {
    return m->part != 0 || case_check_agency(d, m->row->agency);
}

/* --- the state machine --- */

/* The row of the table that allows it. False: refused. */
static bool find_rule(struct deciding *d, struct case_moving *m) {
    const struct case_asked asked = {.step = (uint8_t)m->said->step,
                                     .actor = (uint8_t)m->said->actor,
                                     .state = m->row->state,
                                     .special = m->said->special == NULL ? 0 : (uint8_t)m->said->special->kind,
                                     .flags = m->row->flags,
                                     .is_part = m->part != 0};
    bool is_actor;
    m->rule = case_step_find(&asked, &is_actor);
    if (!is_actor) {
        refuse_actor(d);
        return false;
    }
    if (decide_seconds(d->command->occurred_at_ms) < m->row->last_at) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
        return false;
    }
    if (m->rule == NULL) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
        return false;
    }
    return true;
}

static bool check_guards(struct deciding *d, struct case_moving *m) {
    switch (m->said->step) {
    case STEP(ACCEPTED):
        return case_accepts(d, m);
    case STEP(NOT_OURS):
    case STEP(REFUSED_TO_ACCEPT):
        return case_is_not_accepted(d, m);
    case STEP(SUPPLEMENT_STARTED):
        return case_asks_papers(d, m);
    case STEP(WITHDRAWAL_ASKED):
        return case_asks_withdrawal(d, m);
    case STEP(WITHDRAWN_BEFORE_ACCEPTANCE):
    case STEP(WITHDRAWN):
        return case_withdraws(d, m);
    case STEP(DEPARTMENT_STARTED):
    case STEP(PART_DONE):
        return case_starts(d, m);
    case STEP(SPECIAL_STARTED):
        return case_special_starts(d, m);
    case STEP(SPECIAL_ENDED):
        return case_special_ends(d, m);
    case STEP(APPROVED):
    case STEP(APPROVED_WITH_DEFICIENCY):
    case STEP(REFUSED):
        return case_decides(d, m);
    case STEP(PAPERS_IN):
        return case_takes_papers(d, m);
    case STEP(SUPPLEMENT_ENDED):
    case STEP(REVOKED):
    case STEP(DELIVERED):
    case STEP(UNSPECIFIED): /* these do not come here */
    case STEP(RECEIVED):
    case STEP(DEEMED_ACCEPTED):
    case STEP(SUPPLEMENT_LAPSED):
    case STEP(SUSPENSION_CAPPED):
    case STEP(WARNED):
    case STEP(PROMISED_PASSED):
    case STEP(STATUTORY_PASSED):
    case STEP(CERTIFICATE_LATE):
    case STEP(PAPERS_LATE):
    case STEP(DUE_CHANGED):
    case _APPROVALS__V1__CASE_STEP_IS_INT_SIZE:
        break;
    }
    return true;
}

/* --- the event --- */

static void begin_body(const struct deciding *d, uint32_t case_row, struct case_moving *m) {
    *m->body = (struct event_case_step){.case_row = case_row,
                                        .at = decide_seconds(d->command->occurred_at_ms),
                                        .step = (uint8_t)m->said->step,
                                        .actor = (uint8_t)m->said->actor,
                                        .after = m->rule->after == CASE_STAYS ? m->row->state : m->rule->after,
                                        .by = (uint16_t)d->agency,
                                        .promised_due = m->row->promised_due,
                                        .statutory_due = m->row->statutory_due};
}

static void add_texts(struct deciding *d, const struct case_moving *m, struct texts *texts) {
    const Approvals__V1__ReportCase *said = m->said;
    size_t bytes = strlen(said->reason) + strlen(said->ground) + strlen(said->result);
    for (size_t i = 0; i < said->n_papers; i++) {
        bytes += strlen(said->papers[i]);
    }
    texts_begin(d, texts, m->body, sizeof *m->body, bytes, 3 + said->n_papers);
    texts_add(texts, TEXT_REASON, said->reason);
    texts_add(texts, TEXT_GROUND, said->ground);
    for (size_t i = 0; i < said->n_papers; i++) {
        texts_add(texts, TEXT_PAPER, said->papers[i]);
    }
    texts_add(texts, TEXT_RESULT, said->result);
}

/* Nothing more is asked of an agency: open slips end with it. */
static bool ends_slips(const struct event_case_step *body) {
    return body->after == STATE(DECIDED) || body->after == STATE(NOT_ACCEPTED) || body->after == STATE(WITHDRAWN);
}

static void emit_step(struct deciding *d, const struct case_moving *m) {
    struct texts texts;
    add_texts(d, m, &texts);
    decide_emit(d, EVENT_CASE_STEP, texts.bytes, texts.size, m->row->last_seq)->public_body =
        publish_step(d, m->row, m->body);
    if (m->row->first_slip != 0 && ends_slips(m->body)) {
        case_slip_close_all(d, m->body->case_row, m->body->at);
    }
}

static void move_case(struct deciding *d, const Approvals__V1__ReportCase *said) {
    const uint32_t number = approvals_find_case(d->self, said->case_number);
    struct event_case_step body;
    struct case_moving m = {.said = said, .body = &body, .row = approvals_case(d->self, number)};
    if (number == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CASE_UNKNOWN, "case_number");
        return;
    }
    m.version = approvals_version(d->self, m.row->version);
    m.part = is_of_parts(said->step) ? find_part(d, m.row) : 0;
    m.day = civil_day_of_ms(d->command->occurred_at_ms);
    if (check_who(d, &m) && decide_check_version(d, m.row->last_seq) && find_rule(d, &m) && check_needs(d, &m)) {
        begin_body(d, number, &m);
        if (check_guards(d, &m)) {
            emit_step(d, &m);
        }
    }
}

void rules_report_case(struct deciding *d, const Approvals__V1__ReportCase *said) {
    if (d->agency == 0 && !d->sees_all) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN, NULL);
    } else if (!check_form(d, said)) {
        return;
    } else if (!roles_may_act(d->command->role, said->actor)) {
        refuse_actor(d);
    } else if (said->step == STEP(RECEIVED)) {
        case_receive(d, said);
    } else {
        move_case(d, said);
    }
}
