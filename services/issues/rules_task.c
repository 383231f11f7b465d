#include <string.h>

#include "base/civil.h"
#include "issues/rules.h"
#include "issues/task_steps.h"

/* Steps of a ledger task that is known: form, actor, unit, version, time and state by the table of task_steps.h, then
 * the guards of the single step. Drafts: rules_task_draft.c. */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define STATE(name) ISSUES__V1__TASK_STATE__TASK_STATE_##name
#define INDICATOR_VALUE_MAX INT64_C(1000000000000000)
#define UNTIL_DAY_MAX (UINT32_MAX / 86400 - 2) /* whose end is a time; agendas hold no later one */
enum { EVIDENCE_BYTES = 32, YEAR_MAX = 2100 };

/* A step on its way. */
struct moving {
    const Issues__V1__ReportTask *said;
    const struct task *row;
    int32_t day;
    struct event_task_step *body;
    struct task_change change;
};

static bool refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

static uint32_t part_of(const struct issues *self, const struct task *row, uint32_t agency) {
    uint32_t part = row->first_part;
    while (part != 0 && issues_part(self, part)->agency != agency) {
        part = issues_part(self, part)->next;
    }
    return agency == 0 ? 0 : part;
}

static bool is_unit(const struct deciding *d, const struct task *row, const struct task_step *rule) {
    switch ((enum task_unit)rule->unit) {
    case TASK_UNIT_ANY:
        return d->sees_all || (d->agency != 0 && (row->lead == d->agency || part_of(d->self, row, d->agency) != 0));
    case TASK_UNIT_OFFICE:
        return d->sees_all;
    case TASK_UNIT_LEAD:
        return d->agency != 0 && row->lead == d->agency;
    case TASK_UNIT_PART:
        return part_of(d->self, row, d->agency) != 0;
    }
    return false;
}

/* --- guards --- */

static bool measures(struct deciding *d, struct moving *m) {
    const struct issues *self = d->self;
    for (uint32_t i = 0; i < m->row->indicator_count; i++) {
        const struct indicator *indicator = issues_indicator(self, m->row->first_indicator + i);
        if (strcmp(indicator->code, m->said->indicator) == 0) {
            m->change.indicator = m->row->first_indicator + i;
            m->change.measured = *indicator;
        }
    }
    if (m->change.indicator == 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_INDICATOR_UNKNOWN, "indicator");
    }
    const int64_t value = m->said->value;
    const bool is_boolean = m->change.measured.kind == ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_BOOLEAN;
    const bool is_coverage = m->change.measured.kind == ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_COVERAGE;
    if (value < -INDICATOR_VALUE_MAX || value > INDICATOR_VALUE_MAX || (is_boolean && value != 0 && value != 100) ||
        (is_coverage && (value < 0 || value > m->change.measured.total))) {
        return refuse(d, ISSUES__V1__CODE__CODE_INDICATOR_RULE, "value");
    }
    m->change.measured.measured = value;
    m->change.measured.measured_at = m->body->at;
    m->body->indicator = m->change.indicator;
    m->body->value = value;
    m->body->has_evidence = 1;
    return true;
}

static bool closes_milestone(struct deciding *d, struct moving *m) {
    const uint32_t number = m->row->first_milestone + m->said->milestone - 1;
    if (m->said->milestone == 0 || m->said->milestone > m->row->milestone_count ||
        issues_milestone(d->self, number)->closed_at != 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_MILESTONE_UNKNOWN, "milestone");
    }
    m->body->milestone = number;
    m->body->has_evidence = 1;
    m->change.milestone = number;
    return true;
}

/* All milestones closed, every indicator met and proved. */
static bool asks(struct deciding *d, struct moving *m) {
    const struct issues *self = d->self;
    for (uint32_t i = 0; i < m->row->milestone_count; i++) {
        if (issues_milestone(self, m->row->first_milestone + i)->closed_at == 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_MILESTONE_OPEN, "step");
        }
    }
    for (uint32_t i = 0; i < m->row->indicator_count; i++) {
        const struct indicator *indicator = issues_indicator(self, m->row->first_indicator + i);
        if (!indicator_is_met(indicator) || indicator->has_evidence == 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_INDICATOR_NOT_MET, "step");
        }
    }
    if (m->row->first_part != 0) {
        m->body->confirm_due = record_nth_workday(self, m->day, self->options.confirm_workdays);
        if (m->body->confirm_due == 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
        }
    }
    m->body->flags &= (uint16_t) ~(TASK_LEADER_APPROVED | TASK_CONFIRMATION_LATE);
    return true;
}

/* A cooperating unit says its word. */
static bool speaks(struct deciding *d, struct moving *m) {
    const uint32_t part = part_of(d->self, m->row, d->agency);
    const uint16_t flags = issues_part(d->self, part)->flags;
    const uint16_t final = m->said->step == STEP(CONFIRMED) ? PART_DONE : PART_DONE | PART_OBJECTED;
    if ((flags & final) != 0) { /* its word stands, but for an objection that it gives up */
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    m->body->part = part;
    return true;
}

static bool approves(struct deciding *d, struct moving *m) {
    if ((m->row->flags & TASK_KEY) == 0 || (m->row->flags & TASK_LEADER_APPROVED) != 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    m->body->flags |= TASK_LEADER_APPROVED;
    return true;
}

/* By neither who asked nor the lead unit, when every cooperating unit has confirmed. */
static bool signs_off(struct deciding *d, struct moving *m) {
    const struct issues *self = d->self;
    if ((d->agency != 0 && m->row->lead == d->agency) || m->row->asked_by == m->body->principal) {
        return refuse(d, ISSUES__V1__CODE__CODE_SAME_PERSON, "actor");
    }
    for (uint32_t part = m->row->first_part; part != 0; part = issues_part(self, part)->next) {
        if ((issues_part(self, part)->flags & PART_DONE) == 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_PART_NOT_DONE, "step");
        }
    }
    if ((m->row->flags & (TASK_KEY | TASK_LEADER_APPROVED)) == TASK_KEY) {
        return refuse(d, ISSUES__V1__CODE__CODE_LEADER_MISSING, "step");
    }
    return true;
}

static bool defers(struct deciding *d, struct moving *m) {
    if (m->said->until_day <= (uint32_t)m->row->due || m->said->until_day > UNTIL_DAY_MAX) {
        return refuse(d,
                      m->said->until_day == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                              : (uint32_t)COMMON__V1__CODE__CODE_MALFORMED,
                      "until_day");
    }
    m->body->due = (int32_t)m->said->until_day;
    return true;
}

static bool carries_over(struct deciding *d, struct moving *m) {
    if (m->said->year <= m->row->year || m->said->year > YEAR_MAX) {
        return refuse(d,
                      m->said->year == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                         : (uint32_t)COMMON__V1__CODE__CODE_MALFORMED,
                      "year");
    }
    m->body->year = (uint16_t)m->said->year;
    return true;
}

static bool guard(struct deciding *d, struct moving *m) {
    switch ((int)m->said->step) {
    case STEP(MEASURED):
        return measures(d, m);
    case STEP(MILESTONE_CLOSED):
        return closes_milestone(d, m);
    case STEP(SIGNOFF_ASKED):
        return asks(d, m);
    case STEP(CONFIRMED):
    case STEP(OBJECTED):
        return speaks(d, m);
    case STEP(LEADER_APPROVED):
        return approves(d, m);
    case STEP(SIGNED_OFF):
        return signs_off(d, m);
    case STEP(RETURNED):
    case STEP(REOPENED):
        m->body->flags &= (uint16_t)~TASK_LEADER_APPROVED;
        return true;
    case STEP(DEFERRED):
        return defers(d, m);
    case STEP(CARRIED_OVER):
        return carries_over(d, m);
    default: /* nothing further is asked */
        return true;
    }
}

/* --- the event --- */

static bool is_report(Issues__V1__TaskStep step) {
    return step == STEP(REPORTED) || step == STEP(MEASURED) || step == STEP(MILESTONE_CLOSED);
}

/* A step may catch up; that a task lags more than the feed was told is said by time alone, with the slip that follows.
 */
static uint8_t lag_told(const struct deciding *d, const struct task *before, const struct task *after,
                        const struct moving *m) {
    const uint8_t lag = (uint8_t)task_lag_after(d->self, after, m->day, &m->change);
    return lag < before->lag ? lag : before->lag;
}

/* Progress and lag as they are after the step. */
static void fill_after(const struct deciding *d, struct moving *m) {
    struct task after = *m->row;
    after.state = m->body->after;
    after.due = m->body->due;
    after.reported_at = is_report(m->said->step) ? m->body->at : after.reported_at;
    m->body->progress = (uint16_t)task_progress_after(d->self, m->row, &m->change);
    m->body->lag = lag_told(d, m->row, &after, m);
}

static bool ends(unsigned state) {
    return (1u << state & (TASK_IN(SIGNED_OFF) | TASK_IN(CANCELLED) | TASK_IN(CARRIED_OVER) | TASK_IN(DEFERRED))) != 0;
}

static void emit(struct deciding *d, const struct moving *m) {
    const struct record record = RECORD_TASK(m->body->task);
    const char *evidence = record_evidence(d, &m->said->evidence);
    struct texts texts;
    texts_begin(d, &texts, m->body, sizeof *m->body,
                strlen(m->said->reason) + (evidence == NULL ? 0 : strlen(evidence)), 2);
    texts_add(&texts, TEXT_REASON, m->said->reason);
    texts_add(&texts, TEXT_EVIDENCE, evidence);
    record_emit(d, EVENT_TASK_STEP, texts.bytes, texts.size, record)->public_body =
        publish_task_step(d, m->row, m->body);
    if (m->row->state != m->body->after && ends(m->body->after)) {
        issues_slip_close_all(d, record, m->body->at);
    }
}

/* An indicator of a task that was signed off fell back: it is open again, in the same decision. */
static void reopen(struct deciding *d, const struct moving *m) {
    if (m->row->state != STATE(SIGNED_OFF) || m->said->step != STEP(MEASURED) ||
        indicator_is_met(&m->change.measured)) {
        return;
    }
    struct event_task_step *body = decide_take(d, sizeof *body);
    struct task before = *m->row; /* with what the measurement made of it */
    *body = *m->body;
    before.progress = m->body->progress;
    before.lag = m->body->lag;
    body->principal = 0;
    body->step = STEP(REOPENED);
    body->actor = COMMON__V1__ACTOR__ACTOR_SYSTEM;
    body->after = STATE(DOING);
    body->flags &= (uint16_t)~TASK_LEADER_APPROVED;
    body->indicator = 0;
    body->has_evidence = 0;
    body->value = 0;
    body->by = 0;
    record_emit(d, EVENT_TASK_STEP, body, sizeof *body, RECORD_TASK(body->task))->public_body =
        publish_task_step(d, &before, body);
}

static bool check_form(struct deciding *d, const struct task_step *rule, const Issues__V1__ReportTask *said) {
    const uint32_t code = record_check_text(said->reason, rule->needs_reason != 0, ISSUES_REASON_BYTES_MAX);
    if (code != 0) {
        return refuse(d, code, "reason");
    }
    if (said->evidence.len != EVIDENCE_BYTES && (rule->needs_evidence != 0 || said->evidence.len != 0)) {
        return refuse(d, ISSUES__V1__CODE__CODE_EVIDENCE_MISSING, "evidence");
    }
    return true;
}

static bool check_row(struct deciding *d, const struct task *row, const struct task_step *rule) {
    if (!decide_check_version(d, row->last_seq)) {
        return false;
    }
    if (!is_unit(d, row, rule)) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    }
    if ((rule->from & 1u << row->state) == 0) {
        return refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    if (decide_seconds(d->command->occurred_at_ms) < row->last_at) {
        return refuse(d, ISSUES__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
    }
    return true;
}

static uint8_t state_after(const struct task *row, const struct task_step *rule) {
    return rule->after == TASK_STAYS ? row->state : rule->after == TASK_RETURNS ? row->before : rule->after;
}

static void report_step(struct deciding *d, const Issues__V1__ReportTask *said, const struct task_step *rule) {
    const uint32_t number = issues_find_task(d->self, said->task_number);
    const struct task *row = issues_task(d->self, number);
    if (number == 0) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_RECORD_UNKNOWN, "task_number");
        return;
    }
    if (!check_form(d, rule, said) || !check_row(d, row, rule)) {
        return;
    }
    struct moving m = {.said = said, .row = row, .body = decide_take(d, sizeof *m.body)};
    *m.body = (struct event_task_step){.principal = issues_principal(d->command->principal),
                                       .task = number,
                                       .at = decide_seconds(d->command->occurred_at_ms),
                                       .due = row->due,
                                       .by = (uint16_t)d->agency,
                                       .flags = row->flags,
                                       .step = (uint8_t)said->step,
                                       .actor = (uint8_t)said->actor,
                                       .after = state_after(row, rule)};
    m.day = civil_day_of_s(m.body->at);
    if (guard(d, &m)) {
        fill_after(d, &m);
        emit(d, &m);
        reopen(d, &m);
    }
}

void task_report(struct deciding *d, const Issues__V1__ReportTask *said) {
    const uint32_t code = record_check_number(said->task_number, ISSUES_NUMBER_BYTES - 2);
    const struct task_step *rule = task_step_find(said->step, said->actor);
    if (code != 0) {
        decide_refuse(d, code, "task_number");
    } else if (!roles_may_act(d->command->role, said->actor)) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ACTOR, "actor");
    } else if (rule == NULL) {
        decide_refuse(d,
                      said->step == STEP(UNSPECIFIED) ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                                      : (uint32_t)ISSUES__V1__CODE__CODE_WRONG_ACTOR,
                      said->step == STEP(UNSPECIFIED) ? "step" : "actor");
    } else {
        report_step(d, said, rule);
    }
}
