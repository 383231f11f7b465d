#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/approvals_time.h"

/* Slips: who may issue, answer and judge them, what follows, and what no remark changes. */

/* C1: promised until 2020-06-08, statutory until 2020-06-30; agency "plan". */
static void begin(struct recorded *r) {
    recorded_begin(r, 100, "2020-02-01");
    assert_true(town_publish(&r->town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    town_step(&r->town, "C1", STEP(RECEIVED), "2020-06-01T10:00");
    town_step(&r->town, "C1", STEP(ACCEPTED), "2020-06-01T10:00");
    town_step(&r->town, "C1", STEP(DEPARTMENT_STARTED), "2020-06-01T10:00");
}

/* --- stories --- */

enum verb { NOTHING_MORE, ISSUE, REPLY, ACCEPT, REFUSE, TIME };

struct word {
    enum verb verb;
    uint32_t n; /* level, or number of the slip */
    const char *at;
};

struct slip_story {
    const char *what;
    struct word words[10];
    const char *said;
};

static const struct slip_story stories[] = {
    {"a reply in time that is accepted ends it",
     {{TIME, 0, "2020-06-09T00:00"},
      {REPLY, 1, "2020-06-12T23:00"},
      {ACCEPT, 1, "2020-06-15T10:00"},
      {TIME, 0, "2020-06-20T00:00"}},
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_replied@2020-06-12T23:00:00"
     " L1_accepted@2020-06-15T10:00:00"},
    {"the statutory time passes all the same: the second level",
     {{TIME, 0, "2020-06-09T00:00"},
      {REPLY, 1, "2020-06-12T23:00"},
      {ACCEPT, 1, "2020-06-15T10:00"},
      {TIME, 0, "2020-07-01T00:00"}},
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_replied@2020-06-12T23:00:00"
     " L1_accepted@2020-06-15T10:00:00 statutory@2020-07-01 L2_issued@2020-07-01"},
    {"a reply that waits for its judgement does not lapse",
     {{TIME, 0, "2020-06-09T00:00"}, {REPLY, 1, "2020-06-12T23:00"}, {TIME, 0, "2020-06-30T00:00"}},
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_replied@2020-06-12T23:00:00"},
    {"and is open still: the purple one comes above it",
     {{TIME, 0, "2020-06-09T00:00"},
      {REPLY, 1, "2020-06-12T23:00"},
      {TIME, 0, "2020-07-01T00:00"},
      {REFUSE, 1, "2020-07-01T10:00"}},
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_replied@2020-06-12T23:00:00 statutory@2020-07-01"
     " L2_issued@2020-07-01 L1_refused@2020-07-01T10:00:00"},
    {"a refused reply brings the next level, up to the last",
     {{TIME, 0, "2020-06-09T00:00"},
      {REPLY, 1, "2020-06-09T10:00"},
      {REFUSE, 1, "2020-06-09T11:00"},
      {REPLY, 2, "2020-06-09T12:00"},
      {REFUSE, 2, "2020-06-09T13:00"},
      {REPLY, 3, "2020-06-09T14:00"},
      {REFUSE, 3, "2020-06-09T15:00"},
      {REPLY, 4, "2020-06-09T16:00"},
      {REFUSE, 4, "2020-06-09T17:00"},
      {TIME, 0, "2020-06-30T23:00"}},
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_replied@2020-06-09T10:00:00 "
     "L1_refused@2020-06-09T11:00:00"
     " L2_issued@2020-06-09T11:00:00 L2_replied@2020-06-09T12:00:00 L2_refused@2020-06-09T13:00:00"
     " L3_issued@2020-06-09T13:00:00 L3_replied@2020-06-09T14:00:00 L3_refused@2020-06-09T15:00:00"
     " L4_issued@2020-06-09T15:00:00 L4_replied@2020-06-09T16:00:00 L4_refused@2020-06-09T17:00:00"},
    {"a priority starts higher, and red and purple bring nothing below it",
     {{ISSUE, 4, "2020-06-02T10:00"}, {TIME, 0, "2020-12-30T00:00"}},
     "L4_issued@2020-06-02T10:00:00 warned@2020-06-06 promised@2020-06-09 statutory@2020-07-01"},
    {"a priority of the second level lapses by itself",
     {{ISSUE, 2, "2020-06-02T10:00"}, {TIME, 0, "2020-06-05T00:00"}},
     "L2_issued@2020-06-02T10:00:00 L2_lapsed@2020-06-05 L3_issued@2020-06-05"},
    {"levels one below another stay open beside each other, and each lapses by its own day",
     {{ISSUE, 1, "2020-06-02T10:00"},
      {ISSUE, 2, "2020-06-02T11:00"},
      {ISSUE, 3, "2020-06-02T12:00"},
      {TIME, 0, "2020-06-06T00:00"}},
     "L1_issued@2020-06-02T10:00:00 L2_issued@2020-06-02T11:00:00 L3_issued@2020-06-02T12:00:00 L3_lapsed@2020-06-04"
     " L4_issued@2020-06-04 L2_lapsed@2020-06-05 L1_lapsed@2020-06-06 warned@2020-06-06"},
};

static void say(struct recorded *r, const struct slip_story *story, const struct word *word) {
    bool accepted = true;
    switch (word->verb) {
    case NOTHING_MORE:
        break;
    case ISSUE:
        accepted = town_issue(&r->town, "C1", word->n, word->at);
        break;
    case REPLY:
        accepted = town_reply(&r->town, word->n, word->at);
        break;
    case ACCEPT:
    case REFUSE:
        accepted = town_judge(&r->town, word->n, word->verb == ACCEPT, word->at);
        break;
    case TIME:
        town_tick(&r->town, word->at);
        break;
    }
    if (!accepted) {
        fail_msg("%s: at %s refused with %u", story->what, word->at, r->town.decision.code);
    }
}

static void test_stories(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        struct recorded r;
        begin(&r);
        for (size_t j = 0; j < 10 && stories[i].words[j].verb != NOTHING_MORE; j++) {
            say(&r, &stories[i], &stories[i].words[j]);
        }
        if (strcmp(r.said, stories[i].said) != 0) {
            fail_msg("%s:\n  said \"%s\"\n  not  \"%s\"", stories[i].what, r.said, stories[i].said);
        }
        assert_planned(&r.town);
        assert_folds(&r.town);
        recorded_end(&r);
    }
}

/* --- refusals --- */

static void assert_refused(const struct recorded *r, bool accepted, uint32_t code, const char *field, uint64_t seq) {
    assert_false(accepted);
    assert_int_equal(r->town.decision.code, code);
    if (field != NULL) {
        assert_string_equal(r->town.decision.field, field);
    }
    assert_int_equal(r->town.seq, seq);
}

static void test_refused(void **state) {
    (void)state;
    struct recorded r;
    char long_text[APPROVALS_REASON_BYTES_MAX + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    begin(&r);
    struct town *t = &r.town;
    uint64_t seq = t->seq;
    assert_refused(&r, town_issue(t, "C2", 1, "2020-06-02T10:00"), REFUSAL(CASE_UNKNOWN), "case_number", seq);
    assert_refused(&r, town_issue(t, "C1", 0, "2020-06-02T10:00"), COMMON_REFUSAL(UNKNOWN_VALUE), "level", seq);
    assert_refused(&r, town_issue(t, "C1", 5, "2020-06-02T10:00"), COMMON_REFUSAL(UNKNOWN_VALUE), "level", seq);
    assert_refused(&r, town_issue(t, "C1", 1, "2020-06-01T09:00"), REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms", seq);
    assert_refused(&r, town_reply(t, 1, "2020-06-02T10:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(&r, town_judge(t, 0, true, "2020-06-02T10:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(&r, town_judge(t, 1, true, "2020-06-02T10:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_true(town_issue(t, "C1", 2, "2020-06-02T10:00"));
    seq = t->seq;
    assert_refused(&r, town_issue(t, "C1", 2, "2020-06-02T11:00"), REFUSAL(WRONG_ORDER), "level", seq);
    assert_refused(&r, town_issue(t, "C1", 1, "2020-06-02T11:00"), REFUSAL(WRONG_ORDER), "level", seq);
    assert_refused(&r, town_judge(t, 1, true, "2020-06-02T11:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(&r, town_reply(t, 1, "2020-06-02T09:00"), REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms", seq);
    assert_refused(&r, town_reply(t, 2, "2020-06-02T11:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(&r, town_reply_as(t, "plan", ROLE_HANDLER, 1, "", "2020-06-02T11:00"), COMMON_REFUSAL(MISSING),
                   "reply", seq);
    assert_refused(&r, town_reply_as(t, "plan", ROLE_HANDLER, 1, long_text, "2020-06-02T11:00"),
                   REFUSAL(FIELD_TOO_LONG), "reply", seq);
    assert_refused(&r, town_reply_as(t, "fire", ROLE_HANDLER, 1, "x", "2020-06-02T11:00"), REFUSAL(WRONG_ACTOR), "slip",
                   seq);
    assert_refused(&r, town_reply_as(t, "hall", ROLE_CLERK, 1, "x", "2020-06-02T11:00"), REFUSAL(WRONG_ACTOR), "slip",
                   seq);
    assert_refused(&r, town_reply_as(t, "bureau", ROLE_HANDLER, 1, "x", "2020-06-02T11:00"), REFUSAL(AGENCY_UNKNOWN),
                   NULL, seq);
    /* the reply was due on 2020-06-04, and no tick has come since */
    assert_refused(&r, town_reply(t, 1, "2020-06-05T00:00"), REFUSAL(SLIP_NOT_OPEN), "occurred_at_ms", seq);
    assert_true(town_reply(t, 1, "2020-06-04T23:59"));
    seq = t->seq;
    assert_refused(&r, town_reply(t, 1, "2020-06-04T23:59"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    town_step(t, "C1", STEP(WITHDRAWAL_ASKED), "2020-06-05T10:00");
    town_step(t, "C1", STEP(WITHDRAWN), "2020-06-05T10:00");
    seq = t->seq;
    assert_refused(&r, town_judge(t, 1, true, "2020-06-05T11:00"), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(&r, town_issue(t, "C1", 3, "2020-06-05T11:00"), REFUSAL(WRONG_ORDER), "case_number", seq);
    assert_string_equal(r.said,
                        "L2_issued@2020-06-02T10:00:00 L2_replied@2020-06-04T23:59:00 L2_closed@2020-06-05T10:00:00");
    recorded_end(&r);
}

/* Two officers at once: the second one's version is stale. */
static void test_versions(void **state) {
    (void)state;
    struct recorded r;
    begin(&r);
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__IssueSlip issue = APPROVALS__V1__ISSUE_SLIP__INIT;
    issue.case_number = town_text("C1");
    issue.level = 1;
    issue.reason = town_text("a priority");
    body.body_case = APPROVALS__V1__COMMAND__BODY_ISSUE_SLIP;
    body.issue_slip = &issue;
    struct command command = {.organisation = "bureau",
                              .role = ROLE_SUPERVISOR,
                              .principal = "test",
                              .occurred_at_ms = town_ms("2020-06-02T10:00"),
                              .expected_version = town_case(&r.town, "C1")->last_seq,
                              .body = &body.base};
    assert_true(town_command(&r.town, &command));
    issue.level = 2;
    assert_false(town_command(&r.town, &command));
    assert_int_equal(r.town.decision.code, COMMON_REFUSAL(STALE_VERSION));
    command.expected_version = r.town.seq; /* the slip is an event of its case */
    assert_true(town_command(&r.town, &command));
    recorded_end(&r);
}

/* A case does not get slips without end. */
static void test_bound(void **state) {
    (void)state;
    struct recorded r;
    begin(&r);
    bool accepted = true;
    uint32_t slips = 0;
    for (; accepted && slips < 200; slips++) {
        accepted = town_issue(&r.town, "C1", 1, "2020-06-02T10:00");
        if (accepted) {
            assert_true(town_reply(&r.town, slips + 1, "2020-06-02T10:00"));
            assert_true(town_judge(&r.town, slips + 1, true, "2020-06-02T10:00"));
        }
    }
    assert_int_equal(r.town.decision.code, COMMON_REFUSAL(EXHAUSTED));
    assert_int_equal(slips, 65);
    recorded_end(&r);
}

/* --- what resets no clock --- */

struct clocks {
    int32_t promised, statutory, until;
    uint16_t flags;
    uint32_t wake;
};

static struct clocks clocks_of(const struct town *town) {
    const struct approval_case *row = town_case(town, "C1");
    return (struct clocks){row->promised_due, row->statutory_due, row->until_day,
                           row->flags & (CASE_WARNED | CASE_PROMISED_PASSED | CASE_STATUTORY_PASSED),
                           agenda_minute(&town->approvals.case_agenda, 1)};
}

static void assert_same_clocks(const struct town *town, const struct clocks *before) {
    const struct clocks now = clocks_of(town);
    assert_memory_equal(&now, before, sizeof now);
}

static void test_no_remark_resets_a_clock(void **state) {
    (void)state;
    struct recorded r;
    begin(&r);
    town_tick(&r.town, "2020-06-10T00:00");
    const struct clocks before = clocks_of(&r.town);
    assert_int_equal(before.flags, CASE_WARNED | CASE_PROMISED_PASSED);
    town_step(&r.town, "C1", STEP(WITHDRAWAL_ASKED), "2020-06-10T10:00");
    assert_same_clocks(&r.town, &before);
    assert_true(town_reply(&r.town, 1, "2020-06-10T10:00"));
    assert_same_clocks(&r.town, &before);
    assert_true(town_judge(&r.town, 1, false, "2020-06-10T10:00"));
    assert_same_clocks(&r.town, &before);
    assert_true(town_issue(&r.town, "C1", 3, "2020-06-10T10:00"));
    assert_same_clocks(&r.town, &before);
    assert_true(town_report(&r.town, &(struct act){.step = 11, .at = "2020-06-10T10:00", .actor = ACTOR(HANDLER)}));
    assert_same_clocks(&r.town, &before);
    assert_true(town_report(&r.town, &(struct act){.step = 13, .at = "2020-06-10T10:00", .actor = ACTOR(HANDLER)}));
    assert_same_clocks(&r.town, &before);
    town_tick(&r.town, "2020-06-11T00:00");
    assert_same_clocks(&r.town, &before);
    /* back from a suspension of the same day: not one day was lost */
    assert_true(town_report(
        &r.town,
        &(struct act){.step = 9, .at = "2020-06-11T10:00", .special = SPECIAL(HEARING), .until = "2020-06-12"}));
    town_step(&r.town, "C1", STEP(SPECIAL_ENDED), "2020-06-11T10:00");
    assert_same_clocks(&r.town, &before);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* --- the chain of a case's history --- */

static void test_one_history(void **state) {
    (void)state;
    struct recorded r;
    begin(&r);
    town_tick(&r.town, "2020-07-02T00:00");
    town_step(&r.town, "C1", STEP(WITHDRAWAL_ASKED), "2020-07-02T10:00");
    town_step(&r.town, "C1", STEP(WITHDRAWN), "2020-07-02T10:00");
    uint64_t count = 0, events = 0;
    for (uint64_t seq = town_case(&r.town, "C1")->last_seq; seq != 0; seq = r.town.log[seq - 1].prev) {
        assert_true(seq <= r.town.seq && r.town.log[seq - 1].prev < seq);
        count++;
    }
    for (uint64_t i = 0; i < r.town.seq; i++) {
        events += r.town.log[i].type == EVENT_CASE_RECEIVED || r.town.log[i].type == EVENT_CASE_STEP ||
                  r.town.log[i].type == EVENT_SLIP_ISSUED || r.town.log[i].type == EVENT_SLIP_MOVED;
    }
    assert_int_equal(count, events);
    assert_int_equal(count,
                     3 + 3 + 4 + 3 + 2 + 1); /* steps, lights, slips issued, lapsed, the end, the last slip closed */
    recorded_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_no_remark_resets_a_clock),
        cmocka_unit_test(test_one_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
