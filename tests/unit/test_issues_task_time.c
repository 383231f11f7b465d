#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issues/task_steps.h"
#include "support/issues_ledger.h"

/* Ledger tasks: what time makes of them, what reopens them, and what a calendar that changes moves. */

struct diary {
    struct office office;
    struct ledger_diary said;
};

static void begin_knowing(struct diary *d, const char *known_on) {
    *d = (struct diary){.said = {.words = ""}};
    office_init(&d->office, 100);
    office_begin(&d->office, known_on);
    office_tick(&d->office, "2019-12-31T00:00"); /* what the notices change is planned */
    d->office.watch = ledger_diary_watch;
    d->office.user = &d->said;
}

static void begin(struct diary *d) {
    begin_knowing(d, "2020-01-01");
}

static void end(struct diary *d) {
    assert_true(office_folds(&d->office));
    office_release(&d->office);
}

static void step(struct diary *d, int step, const char *at) {
    office_task_step(&d->office, &(struct task_act){.step = step, .at = at, .value = 1000});
}

static struct task *row_of(struct diary *d) {
    return office_task_row(&d->office, "T1");
}

/* Every day at once, or a tick at each of them. */
static void pass(struct diary *d, const char *from, const char *to, bool is_daily) {
    for (int32_t day = office_day(from); is_daily && day < office_day(to); day++) {
        office_tick_ms(&d->office, civil_ms_of_day(day));
        office_tick_ms(&d->office, civil_ms_of_day(day) + 43200000);
    }
    office_tick_ms(&d->office, civil_ms_of_day(office_day(to)));
}

/* --- lag --- */

/* From 1 January (a Wednesday) to 31 December, a milestone on 30 June. Nothing is ever reported: yellow on the day on
 * which more than a tenth is expected (37 days of 365: 101), orange and red on the day after, each with its slip. */
static void a_task_lags_on_the_day_itself(void **state) {
    (void)state;
    for (int is_daily = 0; is_daily < 2; is_daily++) {
        struct diary d;
        begin(&d);
        assert_true(office_draft(&d.office, &(struct ledger_draft){.milestones = {{"2020-06-30", 0}}}));
        step(&d, TASK_STEP(ISSUED), "2020-01-02T09:30");
        pass(&d, "2020-01-03", "2020-07-01", is_daily != 0);
        assert_string_equal(d.said.words, "yellow@2020-02-07 orange@2020-07-01 rule3_L1@2020-07-01");
        assert_int_equal(row_of(&d)->lag, TASK_LAG(ORANGE));
        assert_int_equal(issues_slip(&d.office.issues, 1)->agency, row_of(&d)->lead);
        assert_true(office_slip_reply(&d.office, "plan", 1, "2020-07-02T09:00"));
        assert_true(office_slip_judge(&d.office, 1, true, "2020-07-02T10:00"));
        pass(&d, "2020-07-03", "2021-01-01", is_daily != 0);
        assert_string_equal(d.said.words, "yellow@2020-02-07 orange@2020-07-01 rule3_L1@2020-07-01 red@2021-01-01 "
                                          "rule3_L2@2021-01-01");
        assert_int_equal(row_of(&d)->lag, TASK_LAG(RED));
        end(&d);
    }
}

/* The last day itself is in time; one second more is not. */
static void the_last_day_is_in_time(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    assert_true(office_draft(&d.office, &(struct ledger_draft){.due = "2020-01-10"}));
    step(&d, TASK_STEP(ISSUED), "2020-01-09T09:00");
    office_tick(&d.office, "2020-01-10T23:59:59");
    assert_string_equal(d.said.words, "yellow@2020-01-09T09:00");
    office_tick(&d.office, "2020-01-11T00:00");
    assert_string_equal(d.said.words, "yellow@2020-01-09T09:00 red@2020-01-11 rule3_L2@2020-01-11");
    end(&d);
}

/* No report for 31 days: said on the 32nd; a report, a value or a closed milestone begins the days anew, a comment does
 * not. */
static void silence_is_a_month_without_a_report(void **state) {
    const struct {
        int step;
        const char *said;
    } cases[] = {{TASK_STEP(COMMENTED), "yellow@2020-02-03"},
                 {TASK_STEP(REPORTED), "yellow@2020-03-05"},
                 {TASK_STEP(MEASURED), "yellow@2020-03-05"},
                 {TASK_STEP(MILESTONE_CLOSED), "yellow@2020-03-05"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct diary d;
        begin(&d);
        assert_true(office_draft(&d.office, &(struct ledger_draft){.milestones = {{"2020-12-31", 0}}}));
        step(&d, TASK_STEP(ISSUED), "2020-01-02T09:30");
        step(&d, TASK_STEP(STARTED), "2020-01-02T10:00");
        step(&d, TASK_STEP(MEASURED), "2020-01-02T10:00"); /* all is reached: only silence can make it lag */
        office_tick(&d.office, "2020-02-02T23:59:59");
        assert_string_equal(d.said.words, ""); /* 31 days after 2 January */
        step(&d, cases[i].step, "2020-02-02T23:59:59");
        office_tick(&d.office, "2020-04-01T00:00");
        assert_string_equal(d.said.words, cases[i].said);
        end(&d);
    }
}

/* What a task catches up it says itself; that it is worse only time says, with the slip that follows. */
static void steps_only_catch_up(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    assert_true(office_draft(&d.office, &(struct ledger_draft){.milestones = {{"2020-03-31", 0}}}));
    step(&d, TASK_STEP(ISSUED), "2020-01-02T09:30");
    step(&d, TASK_STEP(STARTED), "2020-01-02T10:00");
    step(&d, TASK_STEP(REPORTED), "2020-04-01T08:00"); /* before the tick of that day came */
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    office_tick(&d.office, "2020-04-01T09:00");
    assert_string_equal(d.said.words, "orange@2020-04-01T08:00 rule3_L1@2020-04-01T08:00");
    step(&d, TASK_STEP(MILESTONE_CLOSED), "2020-04-01T10:00");
    assert_int_equal(row_of(&d)->lag, TASK_LAG(YELLOW)); /* nothing is reached yet */
    step(&d, TASK_STEP(MEASURED), "2020-04-01T11:00");
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    /* it falls behind again, by a value: time says so at once */
    office_task_step(&d.office, &(struct task_act){.step = TASK_STEP(MEASURED), .at = "2020-04-02T09:00", .value = 1});
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    d.said.words[0] = '\0';
    office_tick(&d.office, "2020-04-02T09:00");
    assert_string_equal(d.said.words, "yellow@2020-04-02T09:00");
    end(&d);
}

/* Issued, resumed or opened again when its last day is over: red at once, with its slip. */
static void what_comes_too_late_is_red_at_once(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    assert_true(office_draft(&d.office, &(struct ledger_draft){.due = "2020-01-10"}));
    step(&d, TASK_STEP(ISSUED), "2020-02-03T09:00");
    office_tick(&d.office, "2020-02-03T09:01");
    assert_string_equal(d.said.words, "red@2020-02-03T09:00 rule3_L2@2020-02-03T09:00");
    d.said.words[0] = '\0';
    office_task_step(&d.office,
                     &(struct task_act){.step = TASK_STEP(DEFERRED), .at = "2020-02-04T09:00", .until = "2020-03-31"});
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    assert_false(slips_are_open(&d.office.issues.slips, row_of(&d)->first_slip, 1)); /* it waits: so do its slips */
    office_tick(&d.office, "2020-06-01T00:00");
    assert_string_equal(d.said.words, ""); /* nothing lags that is deferred */
    step(&d, TASK_STEP(RESUMED), "2020-06-01T09:00");
    office_tick(&d.office, "2020-06-01T10:00");
    assert_string_equal(d.said.words, "red@2020-06-01T09:00"); /* time issues each level once */
    end(&d);
}

/* To the last day that time has: what it waits for is waited for once, not at every tick. */
static void deferred_as_far_as_time_goes(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    office_task_to(&d.office, "T1", 'G', "2020-03-02");
    office_task_step(&d.office,
                     &(struct task_act){.step = TASK_STEP(DEFERRED), .at = "2020-03-03T09:00", .until = "2106-02-05"});
    step(&d, TASK_STEP(RESUMED), "2020-03-04T09:00");
    assert_int_equal(office_tick(&d.office, "2020-06-01T00:00"), 1);
    assert_string_equal(d.said.words, "yellow@2020-04-03"); /* no report */
    assert_int_equal(office_tick(&d.office, "2105-12-31T00:00"), 0);
    end(&d);
}

/* Once sign-off is asked for, milestones and reports are of the past; the last day is not. */
static void asked_for_it_lags_by_its_last_day_alone(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    office_task_to(&d.office, "T1", 'B', "2020-03-02");
    office_tick(&d.office, "2020-12-31T23:59:59");
    assert_string_equal(d.said.words, "");
    office_tick(&d.office, "2021-01-01T00:00");
    assert_string_equal(d.said.words, "red@2021-01-01 rule3_L2@2021-01-01");
    step(&d, TASK_STEP(SIGNED_OFF), "2021-01-02T09:00");
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    assert_false(slips_are_open(&d.office.issues.slips, row_of(&d)->first_slip, 1));
    assert_int_equal(office_tick(&d.office, "2025-01-01T00:00"), 0);
    end(&d);
}

/* With what ends a task its slips end, in the same decision. */
static void slips_end_with_the_task(void **state) {
    const int ends[] = {TASK_STEP(CANCELLED), TASK_STEP(CARRIED_OVER), TASK_STEP(DEFERRED)};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct diary d;
        begin(&d);
        assert_true(office_draft(&d.office, &(struct ledger_draft){.milestones = {{"2020-02-28", 0}}}));
        step(&d, TASK_STEP(ISSUED), "2020-01-02T09:30");
        office_tick(&d.office, "2020-03-01T00:00");
        assert_true(slips_are_open(&d.office.issues.slips, row_of(&d)->first_slip, 1));
        step(&d, ends[i], "2020-03-01T09:00");
        assert_int_equal(d.office.decision.event_count, 2);
        assert_false(slips_are_open(&d.office.issues.slips, row_of(&d)->first_slip, 1));
        assert_int_equal(row_of(&d)->last_seq, d.office.seq); /* one history */
        assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
        end(&d);
    }
}

/* --- confirmations --- */

/* Asked for on Monday 2 March 2020: the fifth workday after it is 9 March. */
static void units_have_five_workdays(void **state) {
    (void)state;
    for (int spoke = 0; spoke < 3; spoke++) {
        struct diary d;
        begin(&d);
        office_task_to(&d.office, "T1", 'A', "2020-03-02");
        const char *const units[] = {"fire", "water"};
        for (int i = 0; i < spoke; i++) { /* an objection is a word too */
            office_task_step(&d.office, &(struct task_act){.step = i == 0 ? TASK_STEP(OBJECTED) : TASK_STEP(CONFIRMED),
                                                           .org = units[i],
                                                           .at = "2020-03-03T09:00"});
        }
        office_tick(&d.office, "2020-03-09T23:59:59");
        assert_string_equal(d.said.words, "");
        office_tick(&d.office, "2020-06-01T00:00");
        assert_memory_equal(d.said.words, spoke == 2 ? "" : "late@2020-03-10 rule5_L1@2020-03-10", spoke == 2 ? 1 : 35);
        assert_int_equal(d.office.public_count[ISSUES__V1__EVENT__BODY_SLIP_CHANGED] > 0, spoke < 2);
        end(&d);
    }
}

/* Each asking has its own days, and its own lateness. */
static void asked_again_they_have_them_again(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    office_task_to(&d.office, "T1", 'A', "2020-03-02");
    office_tick(&d.office, "2020-03-10T00:00");
    step(&d, TASK_STEP(RETURNED), "2020-03-10T09:00");
    office_tick(&d.office, "2020-03-30T00:00");
    assert_string_equal(d.said.words, "late@2020-03-10 rule5_L1@2020-03-10 rule5_L2@2020-03-14 rule5_L3@2020-03-18 "
                                      "rule5_L4@2020-03-20");
    d.said.words[0] = '\0';
    step(&d, TASK_STEP(SIGNOFF_ASKED), "2020-03-30T09:00");
    office_tick(&d.office, "2020-04-30T00:00");
    assert_string_equal(d.said.words, "late@2020-04-08"); /* Qingming, the 4th to the 6th, is off */
    end(&d);
}

/* The notice of 27 January 2020 made the 31st, a Friday, and 1 February, a workday by the one before, days off. */
static void a_notice_moves_the_word_of_the_units(void **state) {
    (void)state;
    struct diary d;
    begin_knowing(&d, "2020-01-22");
    office_task_to(&d.office, "T1", 'A', "2020-01-22"); /* 23, 31, 1, 3, 4 */
    const uint32_t part = row_of(&d)->first_part;
    assert_int_equal(issues_part(&d.office.issues, part)->due, office_day("2020-02-04"));
    office_task_step(&d.office,
                     &(struct task_act){.step = TASK_STEP(CONFIRMED), .org = "fire", .at = "2020-01-23T09:00"});
    assert_true(office_load_notice(&d.office, "2020-B"));
    office_tick(&d.office, "2020-01-27T12:00");
    assert_string_equal(d.said.words, "moved@2020-01-27T12:00"); /* 23, 3, 4, 5, 6 */
    const uint32_t water = issues_part(&d.office.issues, part)->next;
    assert_int_equal(issues_part(&d.office.issues, part)->due, office_day("2020-02-04")); /* that unit has spoken */
    assert_int_equal(issues_part(&d.office.issues, water)->due, office_day("2020-02-06"));
    office_tick(&d.office, "2020-02-06T23:59:59");
    assert_string_equal(d.said.words, "moved@2020-01-27T12:00");
    office_tick(&d.office, "2020-02-07T00:00");
    assert_memory_equal(d.said.words, "moved@2020-01-27T12:00 late@2020-02-07 rule5_L1@2020-02-07", 58);
    end(&d);
}

/* --- a task that was signed off --- */

/* What the feed said of it in the last decision. */
struct moves {
    struct ledger_diary said;
    struct {
        int step, before, after, met;
        int64_t measured;
        bool on_time;
    } list[16];
    size_t count;
};

static void moves_watch(void *user, const struct event *event) {
    struct moves *moves = user;
    const Issues__V1__Event *message = (const Issues__V1__Event *)event->public_body;
    if (message != NULL && message->body_case == ISSUES__V1__EVENT__BODY_TASK_MOVED) {
        const Issues__V1__TaskMoved *moved = message->task_moved;
        moves->list[moves->count].step = (int)moved->step;
        moves->list[moves->count].before = (int)moved->before;
        moves->list[moves->count].after = (int)moved->after;
        moves->list[moves->count].met = moved->indicators_met;
        moves->list[moves->count].on_time = moved->on_time;
        moves->list[moves->count].measured = moved->n_changes == 1 ? moved->changes[0]->measured : 0;
        moves->count++;
    }
}

static void a_value_that_falls_back_opens_it_again(void **state) {
    (void)state;
    for (int is_late = 0; is_late < 2; is_late++) {
        struct office office;
        struct moves moves = {.count = 0};
        const char *at = is_late ? "2021-01-01T00:00" : "2020-12-31T23:59:59";
        office_init(&office, 100);
        office_begin(&office, "2020-11-25");
        office_tick(&office, "2019-12-31T00:00");
        office_task_to(&office, "T1", 'B', "2020-03-02");
        office.watch = moves_watch;
        office.user = &moves;
        office_task_step(&office, &(struct task_act){.step = TASK_STEP(SIGNED_OFF), .at = at});
        assert_int_equal(moves.count, 1);
        assert_int_equal(moves.list[0].on_time, !is_late);
        moves.count = 0;
        const struct task *row = office_task_row(&office, "T1");
        office_task_step(&office,
                         &(struct task_act){.step = TASK_STEP(MEASURED), .at = "2021-02-01T09:00", .value = 1200});
        assert_int_equal(row->state, TASK_STATE(SIGNED_OFF)); /* more than enough: nothing else */
        assert_int_equal(moves.count, 1);
        office_task_step(&office,
                         &(struct task_act){.step = TASK_STEP(MEASURED), .at = "2021-02-02T09:00", .value = 999});
        assert_int_equal(office.decision.event_count, 2); /* one decision */
        assert_int_equal(row->state, TASK_STATE(DOING));
        assert_int_equal(row->flags, TASK_KEY); /* the leader has to say it again */
        assert_int_equal(row->signed_at, 0);
        assert_int_equal(row->progress, 999);
        assert_int_equal(row->last_seq, office.seq);
        assert_int_equal(moves.count, 3);
        assert_int_equal(moves.list[0].measured, 200);
        assert_int_equal(moves.list[0].met, 0);
        assert_int_equal(moves.list[1].step, TASK_STEP(MEASURED));
        assert_int_equal(moves.list[1].after, TASK_STATE(SIGNED_OFF));
        assert_int_equal(moves.list[1].measured, -201);
        assert_int_equal(moves.list[1].met, -1);
        assert_int_equal(moves.list[2].step, TASK_STEP(REOPENED));
        assert_int_equal(moves.list[2].before, TASK_STATE(SIGNED_OFF));
        assert_int_equal(moves.list[2].after, TASK_STATE(DOING));
        assert_int_equal(moves.list[2].met, 0);
        assert_int_equal(moves.list[2].on_time, !is_late); /* what it had been */
        office_tick(&office, "2021-02-02T09:01");
        assert_int_equal(row->lag, TASK_LAG(RED)); /* its last day is over */
        assert_int_equal(moves.list[3].step, TASK_STEP(LAG_CHANGED));
        assert_true(office_folds(&office));
        office_release(&office);
    }
}

/* By the reform office: the same, and its days of silence begin anew. */
static void the_office_opens_it_again(void **state) {
    (void)state;
    struct diary d;
    begin(&d);
    office_task_to(&d.office, "T1", 'S', "2020-03-02");
    office_tick(&d.office, "2020-06-01T00:00");
    step(&d, TASK_STEP(REOPENED), "2020-06-01T09:00");
    assert_int_equal(row_of(&d)->state, TASK_STATE(DOING));
    assert_int_equal(row_of(&d)->lag, TASK_LAG(NONE));
    office_tick(&d.office, "2020-07-02T23:59:59");
    assert_string_equal(d.said.words, "");
    office_tick(&d.office, "2020-07-03T00:00");
    assert_string_equal(d.said.words, "yellow@2020-07-03");
    end(&d);
}

/* --- tasks of the province --- */

static uint32_t mapped;
static void mapped_watch(void *user, const struct event *event) {
    const Issues__V1__Event *message = (const Issues__V1__Event *)event->public_body;
    (void)user;
    if (message != NULL && message->body_case == ISSUES__V1__EVENT__BODY_TASK_MOVED) {
        mapped += message->task_moved->provincial_mapped;
    }
}

/* The first issued task that answers to it counts, and once. */
static void the_first_issued_task_answers_to_the_province(void **state) {
    (void)state;
    struct office office;
    office_init(&office, 100);
    office_begin(&office, "2020-01-01");
    office.watch = mapped_watch;
    mapped = 0;
    assert_true(office_provincial(&office, 2020, "P1", ""));
    assert_true(office_provincial(&office, 2020, "P2", ""));
    assert_true(office_provincial(&office, 2020, "P3", ""));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T1", .provincial = {"P1", "P2"}}));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T2", .provincial = {"P2", "P3"}}));
    assert_int_equal(mapped, 0);
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(ISSUED), .number = "T2", .at = "2020-01-03T09:00"});
    assert_int_equal(mapped, 2);
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(ISSUED), .number = "T1", .at = "2020-01-03T09:00"});
    assert_int_equal(mapped, 3);
    assert_int_equal(issues_provincial(&office.issues, 1)->task, issues_find_task(&office.issues, "T1"));
    assert_int_equal(issues_provincial(&office.issues, 2)->task, issues_find_task(&office.issues, "T2"));
    assert_int_equal(issues_provincial(&office.issues, 3)->task, issues_find_task(&office.issues, "T2"));
    assert_true(office_folds(&office));
    office_release(&office);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_lags_on_the_day_itself),
        cmocka_unit_test(the_last_day_is_in_time),
        cmocka_unit_test(silence_is_a_month_without_a_report),
        cmocka_unit_test(steps_only_catch_up),
        cmocka_unit_test(what_comes_too_late_is_red_at_once),
        cmocka_unit_test(deferred_as_far_as_time_goes),
        cmocka_unit_test(asked_for_it_lags_by_its_last_day_alone),
        cmocka_unit_test(slips_end_with_the_task),
        cmocka_unit_test(units_have_five_workdays),
        cmocka_unit_test(asked_again_they_have_them_again),
        cmocka_unit_test(a_notice_moves_the_word_of_the_units),
        cmocka_unit_test(a_value_that_falls_back_opens_it_again),
        cmocka_unit_test(the_office_opens_it_again),
        cmocka_unit_test(the_first_issued_task_answers_to_the_province),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
