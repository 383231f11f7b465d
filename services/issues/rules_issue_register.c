#include <string.h>

#include "base/civil.h"
#include "codes/credit_code.h"
#include "codes/region.h"
#include "issues/rules_issue.h"

/* An issue comes in. */

/* 0: bits of the cited rules in *cites. */
static uint32_t find_rules(const struct issues *self, const Issues__V1__IssueRegistration *said, uint64_t *cites) {
    if (said->n_rules > ISSUES_CITES_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    for (size_t i = 0; i < said->n_rules; i++) {
        const uint32_t rule = issues_find_contact_rule(self, said->rules[i]);
        if (rule == 0 || issues_contact_rule(self, rule)->in_force == 0) {
            return ISSUES__V1__CODE__CODE_CONTACT_RULE_UNKNOWN;
        }
        if ((*cites >> (rule - 1) & 1) != 0) { /* each once */
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
        *cites |= UINT64_C(1) << (rule - 1);
    }
    return 0;
}

/* The enterprise: *is_odd of an old code whose inner check fails. */
static uint32_t check_enterprise(const Issues__V1__IssueRegistration *said, struct event_issue_registered *body,
                                 bool *is_odd, const char **field) {
    char credit_code[CREDIT_CODE_BYTES];
    const struct region *region = region_find(said->region);
    *field = "registration.credit_code";
    if (said->credit_code[0] == '\0') {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    const enum credit_code_verdict verdict = credit_code_normalise(said->credit_code, credit_code);
    if (verdict == CREDIT_CODE_INVALID) {
        return ISSUES__V1__CODE__CODE_CREDIT_CODE_INVALID;
    }
    *is_odd = verdict == CREDIT_CODE_ODD_ORGANISATION;
    memcpy(body->credit_code, credit_code, sizeof body->credit_code);
    *field = "registration.region";
    body->region = said->region;
    return region != NULL && region->is_current ? 0 : ISSUES__V1__CODE__CODE_REGION_UNKNOWN;
}

/* An item and a task are named by their codes: neither has to be there yet. */
static uint32_t check_about(const struct issues *self, const Issues__V1__IssueRegistration *said,
                            struct event_issue_registered *body, const char **field) {
    *field = "registration.item_code";
    uint32_t code = record_check_text(said->item_code, false, sizeof body->item_code - 1);
    if (code != 0) {
        return code;
    }
    *field = "registration.task_number";
    code = record_check_text(said->task_number, false, sizeof body->task_number - 1);
    if (code != 0) {
        return code;
    }
    memcpy(body->item_code, said->item_code, strlen(said->item_code));
    memcpy(body->task_number, said->task_number, strlen(said->task_number));
    body->task = said->task_number[0] == '\0' ? 0 : issues_find_task(self, said->task_number);
    return 0;
}

/* 0: the body is filled with what is said of the issue. */
static uint32_t fill_registration(const struct issues *self, const Issues__V1__IssueRegistration *said,
                                  struct event_issue_registered *body, bool *is_odd, const char **field) {
    uint32_t code = check_enterprise(said, body, is_odd, field);
    if (code != 0) {
        return code;
    }
    *field = "registration.title";
    code = record_check_text(said->title, true, ISSUES_TITLE_BYTES_MAX);
    if (code != 0) {
        return code;
    }
    *field = "registration.topic";
    if (said->topic == ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_UNSPECIFIED) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    body->topic = (uint8_t)said->topic;
    code = check_about(self, said, body, field);
    if (code != 0) {
        return code;
    }
    *field = "registration.rules";
    return find_rules(self, said, &body->cites);
}

/* Rows that the event takes: an issue, and what it is about where no issue was about it before. */
static bool has_room(const struct issues *self, const struct event_issue_registered *body) {
    const uint32_t abouts = (body->item_code[0] != '\0' && issues_find_about(self, false, body->item_code) == 0) +
                            (body->task_number[0] != '\0' && issues_find_about(self, true, body->task_number) == 0);
    return !table_is_full(&self->issues) && self->abouts.count + abouts <= self->abouts.rows_max;
}

/* 0: an issue of this number may come in from who acts. */
static uint32_t check_new(const struct deciding *d, const Issues__V1__ReportIssue *said, const char **field) {
    *field = "actor";
    if (issue_step_find((unsigned)said->step, (unsigned)said->actor) == NULL) {
        return ISSUES__V1__CODE__CODE_WRONG_ACTOR;
    }
    *field = "registration";
    if (said->registration == NULL) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    *field = "issue_number";
    return issues_find_issue(d->self, said->issue_number) == 0 ? 0 : ISSUES__V1__CODE__CODE_RECORD_EXISTS;
}

static void emit_registered(struct deciding *d, const struct event_issue_registered *body, const char *title,
                            bool is_odd) {
    struct texts texts;
    texts_begin(d, &texts, body, sizeof *body, strlen(title), 1);
    texts_add(&texts, TEXT_TITLE, title);
    decide_emit(d, EVENT_ISSUE_REGISTERED, texts.bytes, texts.size, 0)->public_body = publish_issue_registered(d, body);
    if (is_odd) { /* an old code is taken; the sender hears of it */
        d->decision->code = ISSUES__V1__CODE__CODE_CREDIT_CODE_INVALID;
        d->decision->field = "registration.credit_code";
    }
}

void issue_register(struct deciding *d, const Issues__V1__ReportIssue *said) {
    const struct issues *self = d->self;
    struct event_issue_registered *body = decide_take(d, sizeof *body);
    const char *field = NULL;
    bool is_odd = false;
    uint32_t code = check_new(d, said, &field);
    if (code == 0) {
        code = fill_registration(self, said->registration, body, &is_odd, &field);
    }
    if (code == 0 && !has_room(self, body)) {
        field = NULL;
        code = COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    if (code != 0) {
        decide_refuse(d, code, field);
    } else if (decide_check_version(d, 0)) {
        body->at = decide_seconds(d->command->occurred_at_ms);
        body->until_day = record_nth_workday(self, civil_day_of_s(body->at), self->options.dispatch_workdays);
        body->by = (uint16_t)d->agency;
        body->actor = (uint8_t)said->actor;
        memcpy(body->number, said->issue_number, strlen(said->issue_number));
        emit_registered(d, body, said->registration->title, is_odd);
    }
}
