#ifndef TESTS_APPROVALS_TIME_H
#define TESTS_APPROVALS_TIME_H

#include "approvals/case_steps.h"
#include "support/approvals_fixture.h"

/* A town whose registry's own steps, and what the feed says of everything, are written down. Header only, after
 * cmocka.h. */

#define FACT_BYTES 112
struct fact { /* one thing said in the feed: packed, zero-padded */
    uint8_t bytes[FACT_BYTES];
};

struct recorded {
    struct town town;
    char said[2048]; /* of the system: "warned@2020-06-06 L1_issued@2020-06-09 ..." */
    int64_t open_overdue;
    struct fact *facts;
    size_t fact_count, fact_capacity;
};

/* --- writing down --- */

static inline void recorded_word(struct recorded *r, const char *word, uint32_t at) {
    const size_t used = strlen(r->said);
    char time[30];
    civil_time_format((int64_t)at * 1000, time); /* "2020-06-06T00:00:00.000+08:00" */
    time[strncmp(time + 11, "00:00:00", 8) == 0 ? 10 : 19] = '\0';
    snprintf(r->said + used, sizeof r->said - used, "%s%s@%s", used == 0 ? "" : " ", word, time);
}

static inline const char *recorded_step_word(int step) {
    switch (step) {
    case STEP(DEEMED_ACCEPTED):
        return "deemed";
    case STEP(SUPPLEMENT_LAPSED):
        return "lapsed";
    case STEP(SUSPENSION_CAPPED):
        return "capped";
    case STEP(WARNED):
        return "warned";
    case STEP(PROMISED_PASSED):
        return "promised";
    case STEP(STATUTORY_PASSED):
        return "statutory";
    case STEP(CERTIFICATE_LATE):
        return "certificate_late";
    case STEP(PAPERS_LATE):
        return "papers_late";
    case STEP(DUE_CHANGED):
        return "due_changed";
    default:
        return "?";
    }
}

static inline void recorded_step(struct recorded *r, const struct event *event) {
    struct event_case_step body;
    memcpy(&body, event->private_body, sizeof body);
    if (body.actor == ACTOR(SYSTEM)) {
        recorded_word(r, recorded_step_word(body.step), body.at);
    }
}

static inline void recorded_slip(struct recorded *r, uint32_t level, int state, uint32_t at) {
    static const char *const words[] = {"", "issued", "replied", "accepted", "refused", "lapsed", "closed"};
    char word[24];
    snprintf(word, sizeof word, "L%u_%s", level, words[state]);
    recorded_word(r, word, at);
}

static inline void recorded_public(struct recorded *r, const ProtobufCMessage *message) {
    const Approvals__V1__Event *event = (const Approvals__V1__Event *)message;
    if (r->fact_count == r->fact_capacity) {
        r->fact_capacity = r->fact_capacity == 0 ? 1024 : r->fact_capacity * 2;
        r->facts = realloc(r->facts, r->fact_capacity * sizeof r->facts[0]);
    }
    if (r->facts == NULL || protobuf_c_message_get_packed_size(message) > FACT_BYTES) {
        abort();
    }
    memset(&r->facts[r->fact_count], 0, sizeof r->facts[0]);
    protobuf_c_message_pack(message, r->facts[r->fact_count++].bytes);
    if (event->body_case == APPROVALS__V1__EVENT__BODY_CASE_MOVED) {
        r->open_overdue += event->case_moved->open_overdue;
    }
}

static inline void recorded_watch(void *user, const struct event *event) {
    struct recorded *r = user;
    if (event->type == EVENT_CASE_STEP) {
        recorded_step(r, event);
    } else if (event->type == EVENT_SLIP_ISSUED) {
        struct slip_issued_body body;
        memcpy(&body, event->private_body, sizeof body);
        recorded_slip(r, body.level, COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED, body.at);
    } else if (event->type == EVENT_SLIP_MOVED) {
        struct slip_moved_body body;
        memcpy(&body, event->private_body, sizeof body);
        recorded_slip(r, approvals_slip(&r->town.approvals, body.slip)->level, body.state, body.at);
    }
    if (event->public_body != NULL && (event->type == EVENT_CASE_STEP || event->type == EVENT_CASE_RECEIVED ||
                                       event->type == EVENT_SLIP_ISSUED || event->type == EVENT_SLIP_MOVED)) {
        recorded_public(r, event->public_body);
    }
}

static inline void recorded_begin(struct recorded *r, uint32_t cases_max, const char *known_on) {
    *r = (struct recorded){.open_overdue = 0};
    town_init(&r->town, cases_max);
    r->town.keeps_log = true;
    r->town.watch = recorded_watch;
    r->town.user = r;
    town_begin(&r->town, known_on);
}

static inline void recorded_end(struct recorded *r) {
    town_release(&r->town);
    free(r->facts);
}

static inline int recorded_compare(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct fact));
}

static inline void recorded_sort(struct recorded *r) {
    qsort(r->facts, r->fact_count, sizeof r->facts[0], recorded_compare);
}

/* --- what a case is --- */

static inline void case_day_text(int32_t day, char text[CIVIL_DATE_TEXT_BYTES]) {
    if (day == 0) {
        snprintf(text, CIVIL_DATE_TEXT_BYTES, "none");
    } else {
        civil_date_format(day, text);
    }
}

/* "review since 2020-06-01 due 2020-06-08 2020-06-30" */
static inline void case_text(const struct town *town, const char *number, char text[128]) {
    static const char *const words[] = {"",        "received",  "supplement",   "accepted",  "review", "suspended",
                                        "decided", "delivered", "not_accepted", "withdrawn", "revoked"};
    const struct approval_case *row = town_case(town, number);
    const struct item_version *version = approvals_version(&town->approvals, row->version);
    char since[CIVIL_DATE_TEXT_BYTES], promised[CIVIL_DATE_TEXT_BYTES], statutory[CIVIL_DATE_TEXT_BYTES];
    const bool has_clocks =
        case_has_clocks(row->state) || row->state == STATE(DECIDED) || row->state == STATE(DELIVERED);
    case_day_text(civil_day_of_s(row->accepted_at), since);
    case_day_text(row->promised_due, promised);
    case_day_text(row->statutory_due, statutory);
    if (!has_clocks) {
        snprintf(text, 128, "%s", words[row->state]);
    } else if (version->promised.unit == LIMIT_NONE && version->statutory.unit == LIMIT_NONE) {
        snprintf(text, 128, "%s since %s", words[row->state], since);
    } else {
        snprintf(text, 128, "%s since %s due %s %s", words[row->state], since, promised, statutory);
    }
}

/* --- what holds at any time --- */

/* The day by which an open slip wants its reply, and what it waits for. */
static inline void assert_slips_planned(const struct approvals *self) {
    static const int32_t workdays[] = {0, 3, 2, 1, 0};
    const struct calendar calendar = approvals_calendar(self);
    for (uint32_t i = 1; i <= self->slips.rows.count; i++) {
        const struct slip *slip = approvals_slip(self, i);
        int32_t day = 0;
        if (slip->state != COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) {
            assert_int_equal(agenda_minute(&self->slips.agenda, i), 0);
            continue;
        }
        const bool is_known =
            workdays[slip->level] > 0 &&
            calendar_nth_workday(&calendar, civil_day_of_s(slip->issued_at), workdays[slip->level], &day);
        assert_int_equal(slip->reply_due, is_known ? day : 0);
        assert_int_equal(agenda_minute(&self->slips.agenda, i), is_known ? agenda_minute_of_s(day_end_s(day)) : 0);
    }
}

/* The days of every open case are those of the calendar as it is now, and each row waits for what comes next. */
static inline void assert_planned(const struct town *town) {
    const struct approvals *self = &town->approvals;
    assert_slips_planned(self);
    for (uint32_t i = 1; i <= self->cases.count; i++) {
        const struct approval_case *row = approvals_case(self, i);
        int32_t promised = 0, statutory = 0;
        assert_int_equal(agenda_minute(&self->case_agenda, i), case_wake(self, row));
        if (case_has_clocks(row->state)) {
            const int32_t today = row->state == STATE(SUSPENDED) ? row->until_day : 0;
            const bool knows_promised = case_clock_due(self, row, CLOCK_PROMISED, today, &promised);
            const bool knows_statutory = case_clock_due(self, row, CLOCK_STATUTORY, today, &statutory);
            assert_int_equal(row->promised_due, knows_promised ? promised : 0);
            assert_int_equal(row->statutory_due, knows_statutory ? statutory : 0);
        }
    }
}

/* The log folded from empty gives the same bytes. */
static inline void assert_folds(const struct town *town) {
    uint8_t running[32], folded[32];
    state_hash(&town->state, running);
    town_fold_again(town, folded);
    assert_memory_equal(running, folded, sizeof running);
}

/* --- slips --- */

static inline bool town_issue(struct town *town, const char *number, uint32_t level, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__IssueSlip issue = APPROVALS__V1__ISSUE_SLIP__INIT;
    issue.case_number = town_text(number);
    issue.level = level;
    issue.reason = town_text("a priority");
    body.body_case = APPROVALS__V1__COMMAND__BODY_ISSUE_SLIP;
    body.issue_slip = &issue;
    return town_send(town, "bureau", ROLE_SUPERVISOR, at, &body);
}

static inline bool town_reply_as(struct town *town, const char *org, enum role role, uint32_t slip, const char *reply,
                                 const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__ReplySlip message = APPROVALS__V1__REPLY_SLIP__INIT;
    message.slip = slip;
    message.reply = town_text(reply);
    body.body_case = APPROVALS__V1__COMMAND__BODY_REPLY_SLIP;
    body.reply_slip = &message;
    return town_send(town, org, role, at, &body);
}

static inline bool town_reply(struct town *town, uint32_t slip, const char *at) {
    return town_reply_as(town, "plan", ROLE_HANDLER, slip, "it is being done", at);
}

static inline bool town_judge(struct town *town, uint32_t slip, bool accepted, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__JudgeReply judge = APPROVALS__V1__JUDGE_REPLY__INIT;
    judge.slip = slip;
    judge.accepted = accepted;
    judge.reason = town_text(accepted ? "" : "nothing was done");
    body.body_case = APPROVALS__V1__COMMAND__BODY_JUDGE_REPLY;
    body.judge_reply = &judge;
    return town_send(town, "bureau", ROLE_SUPERVISOR, at, &body);
}

#endif
