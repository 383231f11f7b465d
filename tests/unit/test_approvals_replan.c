#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/approvals_time.h"

/* After a notice every open deadline is planned anew, in slices; what was said and no longer holds is taken back. */

static void publish(struct town *town) {
    const struct town_item items[] = {
        {.code = "I2", .promised = 2, .statutory = 20},
        {.code = "I3", .promised = 3, .statutory = 20},
        {.code = "I5", .promised = 5, .statutory = 20},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        assert_true(town_publish(town, &items[i]));
    }
}

/* Received, accepted and begun at once. */
static void open_case(struct town *town, const char *number, const char *item, const char *at) {
    assert_true(town_report(town, &(struct act){.step = 1, .number = number, .item = item, .at = at}));
    town_step(town, number, STEP(ACCEPTED), at);
    town_step(town, number, STEP(DEPARTMENT_STARTED), at);
}

static void assert_is(const struct town *town, const char *number, const char *want) {
    char text[128];
    case_text(town, number, text);
    assert_string_equal(text, want);
}

/* --- the notice of 2020-01-27 --- */

static void test_notice_moves_dues(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I3", "2020-01-22T10:00");
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-01 2020-02-25");
    town_tick(&r.town, "2020-01-27T07:00");
    assert_true(town_load_notice(&r.town, "2020-B"));
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-01 2020-02-25"); /* until its slice comes */
    town_tick(&r.town, "2020-01-27T08:01");
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-04 2020-02-27");
    assert_string_equal(r.said, "due_changed@2020-01-27T08:01:00");
    struct event_case_step body;
    const struct town_event *last = &r.town.log[r.town.seq - 2]; /* then REPLANNED_TO */
    assert_int_equal(last->type, EVENT_CASE_STEP);
    memcpy(&body, last->body, sizeof body);
    assert_int_equal(body.old_due, town_day("2020-02-01"));
    assert_int_equal(body.promised_due, town_day("2020-02-04"));
    assert_int_equal(body.notice, notices_find(&r.town.approvals.notices, "2020-B"));
    town_tick(&r.town, "2020-02-05T00:00");
    assert_string_equal(r.said,
                        "due_changed@2020-01-27T08:01:00 warned@2020-02-04 promised@2020-02-05 L1_issued@2020-02-05");
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* It comes when the case is late already by the days of before: that is taken back, and said again on its day, but no
 * second slip of the level comes. */
static void test_flags_that_no_longer_hold(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I2", "2020-01-22T10:00");
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-01-31 2020-02-25");
    town_tick(&r.town, "2020-02-01T00:30");
    assert_string_equal(r.said, "warned@2020-01-24 promised@2020-02-01 L1_issued@2020-02-01");
    assert_int_equal(r.open_overdue, 1);
    assert_true(town_reply(&r.town, 1, "2020-02-01T08:00"));
    assert_true(town_judge(&r.town, 1, true, "2020-02-01T08:00"));
    assert_true(town_load_notice(&r.town, "2020-B"));
    town_tick(&r.town, "2020-02-01T09:00");
    assert_int_equal(r.open_overdue, 0);
    assert_int_equal(town_case(&r.town, "C1")->flags & (CASE_PROMISED_PASSED | CASE_WARNED), CASE_WARNED);
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-03 2020-02-27");
    town_tick(&r.town, "2020-02-04T00:00");
    assert_string_equal(r.said,
                        "warned@2020-01-24 promised@2020-02-01 L1_issued@2020-02-01 L1_replied@2020-02-01T08:00:00"
                        " L1_accepted@2020-02-01T08:00:00 due_changed@2020-02-01T09:00:00 promised@2020-02-04");
    assert_int_equal(r.open_overdue, 1);
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* A case that was yellow and is not. */
static void test_warning_taken_back(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I5", "2020-01-22T10:00"); /* 23, 31, 02-01, 03, 04: yellow from 02-04 on */
    town_tick(&r.town, "2020-02-04T01:00");
    assert_string_equal(r.said, "warned@2020-02-04");
    assert_true(town_load_notice(&r.town, "2020-B")); /* 23, 02-03, 04, 05, 06: from 02-06 on */
    town_tick(&r.town, "2020-02-04T09:00");
    assert_int_equal(town_case(&r.town, "C1")->flags & CASE_WARNED, 0);
    town_tick(&r.town, "2020-02-07T00:00");
    assert_string_equal(r.said,
                        "warned@2020-02-04 due_changed@2020-02-04T09:00:00 warned@2020-02-06 promised@2020-02-07"
                        " L1_issued@2020-02-07");
    recorded_end(&r);
}

/* Taken back, the days of before hold again: a case may be late from one moment to the next, since its true day. */
static void test_notice_withdrawn(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-02-01");
    publish(&r.town);
    open_case(&r.town, "C1", "I3", "2020-01-22T10:00");
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-04 2020-02-27");
    town_tick(&r.town, "2020-02-03T12:00");
    assert_string_equal(r.said, "");
    assert_true(town_withdraw_notice(&r.town, "2020-B", "2020-02-03T13:00"));
    town_tick(&r.town, "2020-02-03T13:01");
    assert_is(&r.town, "C1", "review since 2020-01-22 due 2020-02-01 2020-02-25");
    assert_string_equal(r.said,
                        "due_changed@2020-02-03T13:01:00 warned@2020-02-01 promised@2020-02-02 L1_issued@2020-02-02");
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* --- what is closed keeps its verdict, what waits otherwise gets its new day --- */

static void test_closed_cases_stay(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I2", "2020-01-22T10:00"); /* due 01-31; decided on 02-01: late as it was known then */
    town_tick(&r.town, "2020-02-01T09:00");
    assert_true(town_report(
        &r.town, &(struct act){.step = 11, .number = "C1", .at = "2020-02-01T10:00", .actor = ACTOR(HANDLER)}));
    town_step(&r.town, "C1", STEP(APPROVED), "2020-02-01T10:00");
    open_case(&r.town, "C2", "I2", "2020-01-22T10:00");
    town_step(&r.town, "C2", STEP(WITHDRAWAL_ASKED), "2020-01-23T10:00");
    town_step(&r.town, "C2", STEP(WITHDRAWN), "2020-01-23T10:00");
    const struct approval_case decided = *town_case(&r.town, "C1"), withdrawn = *town_case(&r.town, "C2");
    assert_int_equal(decided.flags & (CASE_ON_TIME | CASE_LAWFUL), CASE_LAWFUL);
    assert_true(town_load_notice(&r.town, "2020-B"));
    town_tick(&r.town, "2020-02-01T11:00");
    assert_memory_equal(town_case(&r.town, "C1"), &decided, sizeof decided);
    assert_memory_equal(town_case(&r.town, "C2"), &withdrawn, sizeof withdrawn);
    /* its certificate is due by the new days: the tenth workday after 02-01 is 02-14, not 02-13 */
    town_tick(&r.town, "2020-02-14T12:00");
    assert_int_equal(town_case(&r.town, "C1")->flags & CASE_CERTIFICATE_LATE, 0);
    town_tick(&r.town, "2020-02-15T00:00");
    assert_int_equal(town_case(&r.town, "C1")->flags & CASE_CERTIFICATE_LATE, CASE_CERTIFICATE_LATE);
    assert_folds(&r.town);
    recorded_end(&r);
}

static void test_silence_and_slips_move(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    assert_true(town_report(&r.town, &(struct act){.step = 1, .number = "C1", .item = "I5", .at = "2020-01-21T10:00"}));
    assert_true(town_issue(&r.town, "C1", 1, "2020-01-22T10:00")); /* 23, 31, 02-01 */
    assert_int_equal(approvals_slip(&r.town.approvals, 1)->reply_due, town_day("2020-02-01"));
    const size_t facts = r.fact_count;
    assert_true(town_load_notice(&r.town, "2020-B"));
    town_tick(&r.town, "2020-01-27T09:00");
    assert_int_equal(approvals_slip(&r.town.approvals, 1)->reply_due, town_day("2020-02-04")); /* 23, 02-03, 04 */
    assert_int_equal(r.fact_count, facts); /* a slip that waits longer is no other slip */
    town_tick(&r.town, "2020-02-05T23:59");
    assert_string_equal(r.said, "L1_issued@2020-01-22T10:00:00 L1_issued@2020-01-27T09:00:00 L1_lapsed@2020-02-05"
                                " L2_issued@2020-02-05");
    town_tick(&r.town, "2020-02-06T00:00"); /* five workdays of silence: 22, 23, 02-03, 04, 05 */
    assert_int_equal(town_case(&r.town, "C1")->state, STATE(ACCEPTED));
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

static void test_suspended(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I5", "2020-01-21T10:00");
    assert_true(town_report(
        &r.town,
        &(struct act){
            .step = 9, .number = "C1", .at = "2020-01-22T10:00", .special = SPECIAL(TEST), .until = "2020-01-31"}));
    assert_is(&r.town, "C1", "suspended since 2020-01-21 due 2020-02-05 2020-02-26"); /* 22, 02-01, 03, 04, 05 */
    assert_true(town_load_notice(&r.town, "2020-B"));
    town_tick(&r.town, "2020-01-27T09:00");
    assert_is(&r.town, "C1", "suspended since 2020-01-21 due 2020-02-06 2020-02-27"); /* 22, 02-03, 04, 05, 06 */
    town_tick(&r.town, "2020-02-01T00:00");
    assert_is(&r.town, "C1", "review since 2020-01-21 due 2020-02-06 2020-02-27");
    assert_planned(&r.town);
    recorded_end(&r);
}

/* One that lasts longer than what the notice is about: nothing of it changes. */
static void test_suspended_over_it(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    open_case(&r.town, "C1", "I5", "2020-01-21T10:00");
    assert_true(town_report(
        &r.town,
        &(struct act){
            .step = 9, .number = "C1", .at = "2020-01-22T10:00", .special = SPECIAL(TEST), .until = "2020-02-05"}));
    assert_is(&r.town, "C1", "suspended since 2020-01-21 due 2020-02-11 2020-03-03"); /* 22, 02-06, 07, 10, 11 */
    assert_true(town_load_notice(&r.town, "2020-B"));
    town_tick(&r.town, "2020-01-27T09:00");
    assert_is(&r.town, "C1", "suspended since 2020-01-21 due 2020-02-11 2020-03-03");
    assert_string_equal(r.said, "");
    recorded_end(&r);
}

/* --- slices --- */

enum { CASES = 10000 };

/* One call of tick alone. */
static bool tick_once(struct town *town, const char *at) {
    arena_reset(&town->arena);
    town->decision = (struct decision){.event_count = 0};
    const bool is_done = approvals_tick(&town->approvals, town_ms(at), &town->arena, &town->decision);
    town_evolve_all(town);
    return is_done;
}

/* Half of them before the festival: the notice does not move them. Some have slips, whose days move too. */
static void open_many(struct town *town) {
    for (uint32_t i = 0; i < CASES; i++) {
        char number[16];
        snprintf(number, sizeof number, "C%u", i);
        if (i % 7 == 5) { /* waits for nothing but the end of the silence */
            assert_true(
                town_report(town, &(struct act){.step = 1, .number = number, .item = "I5", .at = "2020-01-21T10:00"}));
            continue;
        }
        open_case(town, number, i % 3 == 0 ? "I3" : "I5", i < CASES / 2 ? "2020-01-10T10:00" : "2020-01-22T10:00");
        for (uint32_t level = 1; i % 5 == 0 && level <= 1 + i % 3; level++) {
            assert_true(town_issue(town, number, level, "2020-01-22T10:00"));
        }
    }
}

static void test_slices(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, CASES, "2020-01-20");
    publish(&r.town);
    open_many(&r.town);
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 0);
    assert_true(town_load_notice(&r.town, "2020-B"));
    uint32_t slices = 0, before = 0;
    for (; approvals_course(&r.town.approvals)->replan_next != 0; slices++) {
        const uint32_t next = approvals_course(&r.town.approvals)->replan_next;
        assert_true(next > before && next - before <= 4096);
        before = next;
        assert_false(tick_once(&r.town, "2020-01-27T09:00"));
        assert_true(r.town.decision.event_count <= DECISION_EVENTS_MAX);
    }
    assert_true(slices > CASES / 16 && slices < CASES); /* eight changes or 4096 rows at a time */
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* A case that needs more room than is left is the first of the next decision, the very last one too. */
static void test_stops_at_last(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-01-20");
    publish(&r.town);
    for (uint32_t i = 1; i <= 3; i++) {
        char number[16];
        snprintf(number, sizeof number, "C%u", i);
        open_case(&r.town, number, "I3", "2020-01-22T10:00");
        assert_true(town_issue(&r.town, number, 1, "2020-01-22T10:00"));
        assert_true(town_issue(&r.town, number, 2, "2020-01-22T10:00"));
    }
    assert_true(town_load_notice(&r.town, "2020-B"));
    assert_false(tick_once(&r.town, "2020-01-27T09:00"));
    assert_int_equal(r.town.decision.event_count, 2 * 3 + 1);
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 3);
    assert_false(tick_once(&r.town, "2020-01-27T09:00"));
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 0);
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* Between slices officers go on: with cases whose slice has come, with those whose slice has not, and with new ones. */
static void test_commands_between_slices(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, CASES + 100, "2020-01-20");
    publish(&r.town);
    open_many(&r.town);
    assert_true(town_load_notice(&r.town, "2020-B"));
    while (approvals_course(&r.town.approvals)->replan_next < CASES * 3 / 4) {
        tick_once(&r.town, "2020-01-27T09:00");
    }
    const char *const done = "C5002", *const waits = "C9998";
    assert_is(&r.town, done, "review since 2020-01-22 due 2020-02-06 2020-02-27");
    assert_is(&r.town, waits, "review since 2020-01-22 due 2020-02-04 2020-02-25");
    const char *const numbers[] = {done, waits};
    for (size_t i = 0; i < 2; i++) {
        assert_true(town_report(
            &r.town,
            &(struct act){
                .step = 9, .number = numbers[i], .at = "2020-01-27T10:00", .special = SPECIAL(EXTENSION), .days = 2}));
        assert_is(&r.town, numbers[i], "review since 2020-01-22 due 2020-02-10 2020-03-02");
    }
    open_case(&r.town, "N1", "I3", "2020-01-27T10:00");
    assert_is(&r.town, "N1", "review since 2020-01-27 due 2020-02-05 2020-02-28");
    /* decided while its days of before still stand in its row: the verdict is that of the calendar of now */
    assert_true(town_report(
        &r.town, &(struct act){.step = 11, .number = "C9999", .at = "2020-02-04T10:00", .actor = ACTOR(HANDLER)}));
    town_step(&r.town, "C9999", STEP(APPROVED), "2020-02-04T10:00");
    assert_int_equal(town_case(&r.town, "C9999")->flags & CASE_ON_TIME, CASE_ON_TIME); /* I3: due 02-01, then 02-04 */
    while (!tick_once(&r.town, "2020-01-27T11:00")) {
    }
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 0);
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* A second notice while the first one is under way: it begins anew. */
static void test_notice_between_slices(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, CASES, "2020-01-20");
    publish(&r.town);
    open_many(&r.town);
    assert_true(town_load_notice(&r.town, "2020-B"));
    while (approvals_course(&r.town.approvals)->replan_next < CASES * 3 / 4) {
        tick_once(&r.town, "2020-01-27T09:00");
    }
    assert_true(town_withdraw_notice(&r.town, "2020-B", "2020-01-27T09:00"));
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 1);
    while (!tick_once(&r.town, "2020-01-27T11:00")) {
    }
    assert_planned(&r.town);
    assert_is(&r.town, "C5002", "review since 2020-01-22 due 2020-02-04 2020-02-25");
    assert_folds(&r.town);
    recorded_end(&r);
}

/* Where time comes with commands, it is done before the next one: however fast a replay goes, it says the same. */
static void test_time_by_commands(void **state) {
    (void)state;
    struct recorded r;
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__Tick tick = COMMON__V1__TICK__INIT;
    recorded_begin(&r, CASES, "2020-01-20");
    r.town.approvals.options.time_by_commands = true;
    publish(&r.town);
    body.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
    body.tick = &tick;
    assert_true(town_send(&r.town, "operator", ROLE_OPERATOR, "2020-01-22T00:00", &body));
    for (uint32_t i = 1; i <= 100; i++) {
        char number[16];
        snprintf(number, sizeof number, "C%u", i);
        open_case(&r.town, number, "I3", "2020-01-22T10:00");
    }
    assert_true(town_load_notice(&r.town, "2020-B"));
    assert_int_equal(approvals_course(&r.town.approvals)->replan_next, 0);
    assert_is(&r.town, "C100", "review since 2020-01-22 due 2020-02-04 2020-02-27");
    assert_true(town_load_notice(&r.town, "2020-B")); /* again: nothing */
    assert_false(r.town.decision.runs_tick);
    assert_true(town_withdraw_notice(&r.town, "2020-B", "2020-01-27T09:00"));
    assert_is(&r.town, "C100", "review since 2020-01-22 due 2020-02-01 2020-02-25");
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notice_moves_dues),
        cmocka_unit_test(test_flags_that_no_longer_hold),
        cmocka_unit_test(test_warning_taken_back),
        cmocka_unit_test(test_notice_withdrawn),
        cmocka_unit_test(test_closed_cases_stay),
        cmocka_unit_test(test_silence_and_slips_move),
        cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_suspended_over_it),
        cmocka_unit_test(test_stops_at_last),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_commands_between_slices),
        cmocka_unit_test(test_notice_between_slices),
        cmocka_unit_test(test_time_by_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
