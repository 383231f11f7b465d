#include <string.h>

#include "base/civil.h"
#include "codes/region.h"
#include "issues/clue_steps.h"
#include "issues/rules.h"

/*
 * ReportClue: its form, who acts, the state machine (clue_steps.h), the guards of single steps, and the event. A clue
 * goes to the procuratorate after a written notice that was not heeded in time, never before.
 */

typedef Issues__V1__ClueStep Step;
#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define STATE(name) ISSUES__V1__CLUE_STATE__CLUE_STATE_##name

enum { EVIDENCE_BYTES = 32 };
/* Days that fit into the times of this registry with a day to spare. */
#define UNTIL_DAY_MAX (UINT32_MAX / 86400 - 2)

static bool refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

/* --- form --- */

static bool check_text(struct deciding *d, const char *text, bool needed, size_t bytes_max, const char *field) {
    const uint32_t code = record_check_text(text, needed, bytes_max);
    return code == 0 || refuse(d, code, field);
}

static bool check_form(struct deciding *d, const Issues__V1__ReportClue *said) {
    const char *missing = said->step == STEP(UNSPECIFIED)                       ? "step"
                          : said->actor == COMMON__V1__ACTOR__ACTOR_UNSPECIFIED ? "actor"
                                                                                : NULL;
    if (!check_text(d, said->clue_number, true, ISSUES_NUMBER_BYTES - 2, "clue_number")) {
        return false;
    }
    if (missing != NULL) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, missing);
    }
    if (said->evidence.len != 0 && said->evidence.len != EVIDENCE_BYTES) {
        return refuse(d, ISSUES__V1__CODE__CODE_EVIDENCE_MISSING, "evidence");
    }
    return check_text(d, said->reason, false, ISSUES_REASON_BYTES_MAX, "reason") &&
           check_text(d, said->letter, false, ISSUES_LETTER_BYTES_MAX, "letter");
}

/* --- who --- */

static uint8_t who_acts(const struct deciding *d, const struct clue *row) {
    unsigned who = d->sees_all ? CLUE_OFFICE : 0;
    if (d->agency != 0) {
        who |= CLUE_AGENCY | (d->agency == row->finder ? CLUE_FINDER : 0) | (d->agency == row->agency ? CLUE_UNIT : 0) |
               (d->agency == row->procuratorate ? CLUE_PROCURATORATE : 0);
    }
    return (uint8_t)who;
}

/* The row of the table for a clue that is known, or for none (zeros). NULL: none; is_actor as clue_step_find. */
static const struct clue_step *find_step(const struct deciding *d, const struct clue *row,
                                         const Issues__V1__ReportClue *said, bool *is_actor) {
    const struct clue_asked asked = {
        .step = (uint8_t)said->step, .actor = (uint8_t)said->actor, .state = row->state, .who = who_acts(d, row)};
    return clue_step_find(&asked, is_actor);
}

/* --- the event --- */

static struct event *emit(struct deciding *d, uint32_t type, const void *body, size_t size, struct record record,
                          const Issues__V1__ReportClue *said) {
    const char *place = said->finding == NULL || type != EVENT_CLUE_FOUND ? "" : said->finding->place;
    const char *evidence = record_evidence(d, &said->evidence);
    struct texts texts;
    texts_begin(d, &texts, body, size,
                strlen(said->reason) + strlen(place) + strlen(said->letter) + 2 * said->evidence.len, 4);
    texts_add(&texts, TEXT_REASON, said->reason);
    texts_add(&texts, TEXT_PLACE, place);
    texts_add(&texts, TEXT_LETTER, said->letter);
    texts_add(&texts, TEXT_EVIDENCE, evidence);
    return record.row == 0 ? decide_emit(d, type, texts.bytes, texts.size, 0)
                           : record_emit(d, type, texts.bytes, texts.size, record);
}

/* --- found --- */

static bool check_region(struct deciding *d, uint32_t region) {
    const struct region *known = region_find(region);
    if (region == 0) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, "finding.region");
    }
    return (known != NULL && known->is_current) || refuse(d, ISSUES__V1__CODE__CODE_REGION_UNKNOWN, "finding.region");
}

static bool check_finding(struct deciding *d, const Issues__V1__ClueFinding *finding) {
    if (finding == NULL) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, "finding");
    }
    if (!check_text(d, finding->river, true, ISSUES_CODE_BYTES - 1, "finding.river") ||
        !check_region(d, finding->region)) {
        return false;
    }
    if (finding->kind == 0 || finding->grade == 0) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, finding->kind == 0 ? "finding.kind" : "finding.grade");
    }
    return check_text(d, finding->place, false, ISSUES_TITLE_BYTES_MAX, "finding.place");
}

static bool check_new(struct deciding *d, const Issues__V1__ReportClue *said) {
    const struct clue none = {.state = 0};
    bool is_actor;
    if (find_step(d, &none, said, &is_actor) == NULL) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    }
    if (!check_finding(d, said->finding)) {
        return false;
    }
    if (issues_find_clue(d->self, said->clue_number) != 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_RECORD_EXISTS, "clue_number");
    }
    return !table_is_full(&issues_of(d)->clues) || refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
}

static void find_clue(struct deciding *d, const Issues__V1__ReportClue *said) {
    if (!check_new(d, said)) {
        return;
    }
    struct event_clue_found body = {.at = decide_seconds(d->command->occurred_at_ms),
                                    .region = said->finding->region,
                                    .by = (uint16_t)d->agency,
                                    .actor = (uint8_t)said->actor,
                                    .kind = (uint8_t)said->finding->kind,
                                    .grade = (uint8_t)said->finding->grade};
    memcpy(body.river, said->finding->river, strlen(said->finding->river));
    memcpy(body.number, said->clue_number, strlen(said->clue_number));
    emit(d, EVENT_CLUE_FOUND, &body, sizeof body, RECORD_CLUE(0), said)->public_body = publish_clue_found(d, &body);
}

/* --- further steps --- */

/* A step of a clue that is known, on its way: form, actor, version, time, state and needs are checked. */
struct moving {
    const Issues__V1__ReportClue *said;
    const struct clue *row;
    const struct clue_step *rule;
    int32_t day;                  /* of the step, +08:00 */
    struct event_clue_step *body; /* as it will be logged */
};

static bool find_rule(struct deciding *d, struct moving *m) {
    bool is_actor;
    m->rule = find_step(d, m->row, m->said, &is_actor);
    if (!is_actor) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    }
    if (!decide_check_version(d, m->row->last_seq)) {
        return false;
    }
    if (decide_seconds(d->command->occurred_at_ms) < m->row->last_at) {
        return refuse(d, ISSUES__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
    }
    return m->rule != NULL || refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
}

static bool check_day(struct deciding *d, uint32_t until_day, int32_t from_day) {
    if (until_day == 0) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, "until_day");
    }
    return (until_day >= (uint32_t)from_day && until_day <= UNTIL_DAY_MAX) ||
           refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "until_day");
}

/* What the row of the table asks for beside the state. */
static bool check_needs(struct deciding *d, const struct moving *m) {
    const unsigned needs = m->rule->needs;
    const char *missing = (needs & CLUE_NEEDS_REASON) != 0 && m->said->reason[0] == '\0'   ? "reason"
                          : (needs & CLUE_NEEDS_LETTER) != 0 && m->said->letter[0] == '\0' ? "letter"
                          : (needs & CLUE_NEEDS_AGENCY) != 0 && m->said->agency[0] == '\0' ? "agency"
                                                                                           : NULL;
    if (missing != NULL) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, missing);
    }
    if ((needs & CLUE_NEEDS_AGENCY) != 0 && issues_find_agency(d->self, m->said->agency) == 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN, "agency");
    }
    return (needs & CLUE_NEEDS_DAY) == 0 || check_day(d, m->said->until_day, m->day);
}

/* --- what single steps ask and set --- */

static bool notify(struct deciding *d, struct moving *m) {
    m->body->agency = (uint16_t)issues_find_agency(d->self, m->said->agency);
    m->body->due = (int32_t)m->said->until_day;
    return true;
}

static bool transfer(struct deciding *d, struct moving *m) {
    if (m->day <= m->row->due) {
        return refuse(d, ISSUES__V1__CODE__CODE_TRANSFER_NOT_ALLOWED, "occurred_at_ms");
    }
    m->body->procuratorate = (uint16_t)issues_find_agency(d->self, m->said->agency);
    return true;
}

/* Days of which the decision's clock knows nothing: those after the one on which it began, as any period has it. */
static void end_appraisal(struct moving *m) {
    if ((m->body->flags & CLUE_APPRAISAL) != 0) {
        m->body->appraisal_days += m->day - m->row->appraisal_from;
        m->body->flags &= (uint16_t)~CLUE_APPRAISAL;
    }
}

static bool appraise(struct deciding *d, struct moving *m) {
    const bool starts = m->said->step == STEP(APPRAISAL_STARTED);
    if (((m->row->flags & CLUE_APPRAISAL) != 0) == starts) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    if (starts) {
        m->body->flags |= CLUE_APPRAISAL;
    } else {
        end_appraisal(m);
    }
    return true;
}

/* A consultation sets no limit: a reply to it is never late. */
static void reply(struct moving *m) {
    if (m->row->due == 0 || m->day <= m->row->due) {
        m->body->flags |= CLUE_REPLIED_ON_TIME;
    }
}

/* The river office signs nothing off that it was in charge of itself. */
static bool sign_off(struct deciding *d, const struct moving *m) {
    return d->agency == 0 || d->agency != m->row->agency || refuse(d, ISSUES__V1__CODE__CODE_SAME_PERSON, "actor");
}

/* False: refused. */
static bool check_guards(struct deciding *d, struct moving *m) {
    switch (m->said->step) {
    case STEP(NOTICE):
        return notify(d, m);
    case STEP(TRANSFERRED):
        return transfer(d, m);
    case STEP(APPRAISAL_STARTED):
    case STEP(APPRAISAL_ENDED):
        return appraise(d, m);
    case STEP(CONSULTED):
    case STEP(SUED):
        end_appraisal(m);
        return true;
    case STEP(SUGGESTED):
        end_appraisal(m);
        m->body->flags |= m->said->urgent ? CLUE_URGENT : 0;
        return true;
    case STEP(REPLIED):
        reply(m);
        return true;
    case STEP(SIGNED_OFF):
        return sign_off(d, m);
    case STEP(RECTIFIED):
    case STEP(RECEIVED):
    case STEP(REVIEWING):
    case STEP(FILED):
    case STEP(NOT_FILED):
    case STEP(CLOSED):
    case STEP(COMMENTED):
    case STEP(UNSPECIFIED): /* these do not come here */
    case STEP(FOUND):
    case STEP(NOTICE_PASSED):
    case STEP(RECEIPT_LATE):
    case STEP(DECISION_LATE):
    case STEP(REPLY_LATE):
    case STEP(DUE_CHANGED):
    case _ISSUES__V1__CLUE_STEP_IS_INT_SIZE:
        break;
    }
    return true;
}

/* The clock of the state that it comes to; a comment moves none. False: refused. */
static bool plan(struct deciding *d, struct moving *m, struct clue *after) {
    clue_step_take(after, m->body);
    if (m->said->step == STEP(COMMENTED)) {
        return true;
    }
    if (!clue_clock_due(d->self, after, &m->body->due)) {
        return refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    return true;
}

static struct event_clue_step begin_body(const struct deciding *d, uint32_t number, const struct moving *m) {
    return (struct event_clue_step){.clue = number,
                                    .at = decide_seconds(d->command->occurred_at_ms),
                                    .due = m->row->due,
                                    .appraisal_days = m->row->appraisal_days,
                                    .by = (uint16_t)d->agency,
                                    .agency = m->row->agency,
                                    .procuratorate = m->row->procuratorate,
                                    .flags = m->row->flags,
                                    .step = (uint8_t)m->said->step,
                                    .actor = (uint8_t)m->said->actor,
                                    .after = m->rule->after == CLUE_STAYS ? m->row->state : m->rule->after};
}

static void move_clue(struct deciding *d, const Issues__V1__ReportClue *said) {
    const uint32_t number = issues_find_clue(d->self, said->clue_number);
    struct moving m = {
        .said = said, .row = issues_clue(d->self, number), .day = civil_day_of_ms(d->command->occurred_at_ms)};
    if (number == 0) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_RECORD_UNKNOWN, "clue_number");
        return;
    }
    if (!find_rule(d, &m) || !check_needs(d, &m)) {
        return;
    }
    struct event_clue_step body = begin_body(d, number, &m);
    struct clue after = *m.row;
    m.body = &body;
    if (!check_guards(d, &m) || !plan(d, &m, &after)) {
        return;
    }
    emit(d, EVENT_CLUE_STEP, &body, sizeof body, RECORD_CLUE(number), said)->public_body =
        publish_clue_step(d, m.row, &body);
    if (clue_is_ended(&after) ||
        clue_agency(&after) != clue_agency(m.row)) { /* nothing more is asked of who was asked */
        issues_slip_close_all(d, RECORD_CLUE(number), body.at);
    }
}

void clue_report(struct deciding *d, const Issues__V1__ReportClue *said) {
    if (d->agency == 0 && !d->sees_all) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN, NULL);
    } else if (!check_form(d, said)) {
        return;
    } else if (!roles_may_act(d->command->role, said->actor)) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    } else if (said->step == STEP(FOUND)) {
        find_clue(d, said);
    } else {
        move_clue(d, said);
    }
}
