#include <string.h>

#include "approvals/rules_case.h"
#include "base/civil.h"
#include "codes/credit_code.h"
#include "codes/resident_id.h"

/* The receipt of a case, and what may follow until it is accepted: Licensing Law, articles 29 to 32. */

#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name

/* --- received --- */

/* Names none: it takes all. */
static bool takes(uint16_t named, unsigned value) {
    return named == 0 || (value < 16 && (named & 1u << value) != 0);
}

static uint32_t check_client(const struct item_version *version, const Approvals__V1__Submission *s,
                             const char **field) {
    *field = "submission.client";
    if (!takes(version->clients, (unsigned)s->client)) {
        return APPROVALS__V1__CODE__CODE_CATALOGUE_RULE;
    }
    *field = "submission.channel";
    return takes(version->channels, (unsigned)s->channel) ? 0 : APPROVALS__V1__CODE__CODE_CATALOGUE_RULE;
}

/* A person's number, of which the last four characters are kept, or an organisation's code, of which nothing is. */
static uint32_t check_applicant(const Approvals__V1__Submission *s, char last4[4], const char **field) {
    char id[RESIDENT_ID_BYTES], code[CREDIT_CODE_BYTES];
    if (s->client == APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON) {
        *field = "submission.resident_id";
        if (s->resident_id[0] == '\0') {
            return 0;
        }
        if (!resident_id_normalise(s->resident_id, id)) {
            return APPROVALS__V1__CODE__CODE_RESIDENT_ID_INVALID;
        }
        memcpy(last4, id + RESIDENT_ID_BYTES - 5, 4);
        return 0;
    }
    *field = "submission.credit_code";
    return s->credit_code[0] == '\0' || credit_code_normalise(s->credit_code, code) != CREDIT_CODE_INVALID
               ? 0
               : APPROVALS__V1__CODE__CODE_CREDIT_CODE_INVALID;
}

static bool has_part(const struct event_case_received *body, uint32_t agency) {
    for (size_t i = 0; i < body->part_count; i++) {
        if (body->parts[i] == agency) {
            return true;
        }
    }
    return body->agency == agency;
}

/* The other agencies of a joint case. */
static uint32_t add_parts(const struct deciding *d, const Approvals__V1__Submission *s,
                          struct event_case_received *body) {
    if (s->n_agencies > 0 && (body->flags & CASE_JOINT) == 0) {
        return APPROVALS__V1__CODE__CODE_CATALOGUE_RULE;
    }
    if (s->n_agencies > APPROVALS_PARTS_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    for (size_t i = 0; i < s->n_agencies; i++) {
        const uint32_t agency = approvals_find_agency(d->self, s->agencies[i]);
        if (agency == 0) {
            return APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN;
        }
        if (has_part(body, agency)) { /* an agency has one part, and the leading one none beside the whole */
            return APPROVALS__V1__CODE__CODE_CATALOGUE_RULE;
        }
        body->parts[body->part_count++] = (uint16_t)agency;
    }
    return approvals_of(d)->parts.count + body->part_count > approvals_of(d)->parts.rows_max ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

/* 0: the body is filled. */
static uint32_t fill_received(const struct deciding *d, const Approvals__V1__ReportCase *said, uint32_t item,
                              uint32_t version_row, struct event_case_received *body, const char **field) {
    const struct item_version *version = approvals_version(d->self, version_row);
    const Approvals__V1__Submission *s = said->submission;
    body->version = version_row;
    body->received_at = decide_seconds(d->command->occurred_at_ms);
    body->agency = approvals_item(d->self, item)->agency;
    body->flags = (uint16_t)(((version->flags & VERSION_JOINT) != 0 ? CASE_JOINT : 0) |
                             ((version->flags & VERSION_INSTANT) != 0 ? CASE_INSTANT : 0));
    body->channel = (uint8_t)s->channel;
    body->client = (uint8_t)s->client;
    body->actor = (uint8_t)said->actor;
    body->by = (uint16_t)d->agency;
    memcpy(body->number, said->case_number, strlen(said->case_number));
    uint32_t code = check_client(version, s, field);
    if (code == 0) {
        code = check_applicant(s, body->last4, field);
    }
    if (code == 0) {
        *field = "submission.agencies";
        code = add_parts(d, s, body);
    }
    return code;
}

/* The version of the item in force on the day, of an agency for which the organisation may receive. 0: refused. */
static uint32_t find_version(struct deciding *d, const Approvals__V1__Submission *s, uint32_t *item) {
    *item = approvals_find_item(d->self, s->item_code);
    if (*item == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_ITEM_UNKNOWN, "submission.item_code");
        return 0;
    }
    if (!case_check_agency(d, approvals_item(d->self, *item)->agency)) {
        return 0;
    }
    const uint32_t version = approvals_version_on(d->self, *item, civil_day_of_ms(d->command->occurred_at_ms));
    if (version == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_ITEM_NOT_IN_FORCE, "submission.item_code");
    }
    return version;
}

/* 0: such a case may be received. */
static uint32_t check_new(const struct deciding *d, const Approvals__V1__ReportCase *said, const char **field) {
    const struct case_asked asked = {.step = (uint8_t)said->step, .actor = (uint8_t)said->actor};
    bool is_actor;
    *field = "actor";
    if (case_step_find(&asked, &is_actor) == NULL) {
        return APPROVALS__V1__CODE__CODE_WRONG_ACTOR;
    }
    *field = "submission";
    if (said->submission == NULL) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    *field = "submission.item_code";
    if (said->submission->item_code[0] == '\0') {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    *field = "case_number";
    if (approvals_find_case(d->self, said->case_number) != 0) {
        return APPROVALS__V1__CODE__CODE_CASE_EXISTS;
    }
    return table_is_full(&approvals_of(d)->cases) ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

void case_receive(struct deciding *d, const Approvals__V1__ReportCase *said) {
    const char *field = NULL;
    uint32_t item, code = check_new(d, said, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    const uint32_t version = find_version(d, said->submission, &item);
    if (version == 0 || !decide_check_version(d, 0)) {
        return;
    }
    struct event_case_received *body = decide_take(d, sizeof *body);
    code = fill_received(d, said, item, version, body, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    decide_emit(d, EVENT_CASE_RECEIVED, body, sizeof *body, 0)->public_body = publish_received(d, body);
}

/* --- until it is accepted --- */

/* Five workdays without an answer are over: by law it is accepted, whether or not the registry has said so yet. Five
 * workdays are never less than five days. */
static bool is_silent_too_long(const struct deciding *d, const struct case_moving *m) {
    int32_t last;
    return m->day > civil_day_of_s(case_silent_since(m->row)) + 5 && case_silence_ends(d->self, m->row, &last) &&
           m->day > last;
}

/* Both last days of a case accepted now. */
static bool plan(struct deciding *d, struct case_moving *m) {
    struct approval_case after = *m->row;
    if ((m->body->flags & CASE_DEEMED) != 0) {
        after.accepted_at = case_silent_since(m->row);
    } else if ((m->row->flags & CASE_SUPPLEMENTED) == 0) {
        after.accepted_at = m->body->at;
    }
    if (!case_clock_due(d->self, &after, CLOCK_PROMISED, m->day, &m->body->promised_due) ||
        !case_clock_due(d->self, &after, CLOCK_STATUTORY, m->day, &m->body->statutory_due)) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
        return false;
    }
    return true;
}

/* Papers may be missing where the item says so, by a day on which they come. */
bool case_accepts(struct deciding *d, struct case_moving *m) {
    if (m->said->deficiency) {
        if ((m->version->flags & VERSION_DEFICIENCY) == 0) {
            decide_refuse(d, APPROVALS__V1__CODE__CODE_DEFICIENCY_NOT_ALLOWED, "deficiency");
            return false;
        }
        if (!case_check_day(d, m->said->until_day, m->day)) {
            return false;
        }
        m->body->flags |= CASE_DEFICIENT;
        m->body->until_day = (int32_t)m->said->until_day;
    }
    if (is_silent_too_long(d, m)) {
        m->body->flags |= CASE_DEEMED;
    }
    return plan(d, m);
}

bool case_is_not_accepted(struct deciding *d, struct case_moving *m) {
    if (is_silent_too_long(d, m)) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
        return false;
    }
    return true;
}

/* Once, all at once, within five workdays (article 32); when they do not come in time the case is taken as withdrawn.
 */
bool case_asks_papers(struct deciding *d, struct case_moving *m) {
    const struct calendar calendar = approvals_calendar(d->self);
    int32_t last;
    if ((m->row->flags & CASE_SUPPLEMENTED) != 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_SECOND_SUPPLEMENT, "step");
        return false;
    }
    if (!case_silence_ends(d->self, m->row, &last) ||
        !calendar_nth_workday(&calendar, m->day, (int32_t)approvals_of(d)->options.lapse_workdays, &m->body->until_day)) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
        return false;
    }
    if (m->day > last) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_SUPPLEMENT_TOO_LATE, "occurred_at_ms");
        return false;
    }
    m->body->flags |= CASE_SUPPLEMENTED;
    return true;
}

/* --- withdrawal: the applicant asks, a clerk confirms --- */

bool case_asks_withdrawal(struct deciding *d, struct case_moving *m) {
    if ((m->row->flags & CASE_WITHDRAWAL_ASKED) != 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
        return false;
    }
    m->body->flags |= CASE_WITHDRAWAL_ASKED;
    return true;
}

bool case_withdraws(struct deciding *d, struct case_moving *m) {
    if ((m->row->flags & CASE_WITHDRAWAL_ASKED) == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ORDER, "step");
        return false;
    }
    if (m->row->state == STATE(SUSPENDED)) {
        case_plan_resumed(d, m); /* beyond the calendar: the days stay as they were planned, nothing depends on them */
    }
    return true;
}
