#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/issues_ways.h"

/* What time makes of enterprise issues, to the second: limits, lights, silence, notices. The calendar is the real one:
 * in June 2020 the 25th to the 27th are off, Sunday the 28th is worked. */

/* Registered, screened as a class and dispatched to "plan" in the morning of a day, in hand. */
static void in_hand(struct diary *diary, const char *number, int class, const char *day) {
    issue_lead_to(&diary->office, number, 'H', day, class);
    struct issue_act done = {.step = ISSUE_STEP(PART_DONE), .number = number};
    char at[32];
    snprintf(at, sizeof at, "%sT10:00", day);
    done.at = at;
    assert_true(office_issue(&diary->office, &done));
}

static void assert_due(const struct diary *diary, const char *number, const char *day) {
    char text[CIVIL_DATE_TEXT_BYTES] = "none";
    if (office_row(&diary->office, number)->due != 0) {
        civil_date_format(office_row(&diary->office, number)->due, text);
    }
    assert_string_equal(text, day);
}

/* Nothing comes a second before, it comes at this second; a month later nothing more is said of it. */
static void comes_at(struct diary *diary, const char *at, const char *said) {
    const int64_t ms = office_ms(at);
    diary->said[0] = '\0';
    office_tick_ms(&diary->office, ms - 1000);
    assert_string_equal(diary->said, "");
    office_tick_ms(&diary->office, ms);
    assert_string_equal(diary->said, said);
    diary->said[0] = '\0';
}

/* --- dispatch --- */

static void dispatch_is_late_after_three_workdays(void **state) {
    (void)state;
    static const struct {
        const char *registered, *late, *said;
    } tries[] = {
        {"2020-06-01T09:00", "2020-06-05T00:00", "dispatch_late@2020-06-05"},
        {"2020-06-05T23:59:59", "2020-06-11T00:00", "dispatch_late@2020-06-11"},
        {"2020-06-24T09:00", "2020-07-01T00:00", "dispatch_late@2020-07-01"}, /* 28, 29, 30 */
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        office_step(&diary.office, "Q", ISSUE_STEP(REGISTERED), tries[i].registered);
        office_step(&diary.office, "Q", ISSUE_STEP(SCREENED), tries[i].registered);
        comes_at(&diary, tries[i].late, tries[i].said);
        assert_int_equal(diary.moved.step, ISSUE_STEP(DISPATCH_LATE));
        office_tick(&diary.office, "2020-08-01T00:00");
        assert_string_equal(diary.said, ""); /* once */
        office_step(&diary.office, "Q", ISSUE_STEP(DISPATCHED), "2020-08-01T09:00");
        assert_due(&diary, "Q", "2020-08-21");
        diary_end(&diary);
    }
}

static void an_ended_issue_waits_for_nothing(void **state) {
    (void)state;
    for (const char *letter = "VFTXI"; *letter != '\0'; letter++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        issue_lead_to(&diary.office, "Q", *letter, "2020-06-01", 0);
        office_tick(&diary.office, "2020-12-01T00:00");
        assert_string_equal(diary.said, "");
        assert_true(record_is_ended(&diary.office.issues, RECORD_ISSUE(1)));
        diary_end(&diary);
    }
}

static void a_registration_beyond_the_calendar_waits(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    office_step(&diary.office, "Q", ISSUE_STEP(REGISTERED), "2020-12-30T09:00");
    assert_int_equal(office_row(&diary.office, "Q")->until_day, 0);
    office_tick(&diary.office, "2021-01-05T00:00");
    assert_string_equal(diary.said, "");
    assert_true(office_load_notice(&diary.office, "2021-A"));
    office_tick(&diary.office, "2021-01-05T00:00");
    assert_int_equal(office_row(&diary.office, "Q")->until_day, office_day("2021-01-05"));
    assert_string_equal(diary.said, "due_changed@2021-01-05");
    comes_at(&diary, "2021-01-06T00:00", "dispatch_late@2021-01-06");
    diary_end(&diary);
}

/* --- the handling clock --- */

static void each_class_has_its_limit(void **state) {
    (void)state;
    static const struct {
        int class;
        const char *due, *yellow, *warned, *late, *overdue;
    } tries[] = {
        {ISSUE_CLASS(C), "2020-06-08", "2020-06-06T00:00", "warned@2020-06-06", "2020-06-09T00:00",
         "overdue@2020-06-09 L1>plan@2020-06-09"},
        {ISSUE_CLASS(B), "2020-06-22", "2020-06-20T00:00", "warned@2020-06-20", "2020-06-23T00:00",
         "overdue@2020-06-23 L1>plan@2020-06-23"},
        {ISSUE_CLASS(A), "2020-07-02", "2020-07-01T00:00", "warned@2020-07-01", "2020-07-03T00:00",
         "overdue@2020-07-03 L1>plan@2020-07-03"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        in_hand(&diary, "Q", tries[i].class, "2020-06-01");
        assert_due(&diary, "Q", tries[i].due);
        comes_at(&diary, tries[i].yellow, tries[i].warned);
        comes_at(&diary, tries[i].late, tries[i].overdue);
        assert_int_equal(diary.open_overdue, 1);
        assert_string_equal(diary.agency, "plan");
        diary_end(&diary);
    }
}

/* The last second of the last day is in time, the next one is not; whether or not time has said so. */
static void the_verdict_of_an_answer(void **state) {
    (void)state;
    static const struct {
        const char *at;
        bool is_ticked, is_on_time;
        unsigned charged;
    } tries[] = {
        {"2020-06-01T10:00", false, true, 0},    {"2020-06-07T10:00", true, true, 4},
        {"2020-06-08T23:59:59", true, true, 5},  {"2020-06-08T23:59:59", false, true, 5},
        {"2020-06-09T00:00:00", true, false, 6}, {"2020-06-09T00:00:00", false, false, 6},
        {"2020-06-30T10:00", true, false, 20},
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
        if (tries[i].is_ticked) {
            office_tick(&diary.office, tries[i].at);
        }
        office_step(&diary.office, "Q", ISSUE_STEP(ANSWERED), tries[i].at);
        assert_int_equal(diary.open_overdue, 0); /* answered is not overdue */
        assert_due(&diary, "Q", "none");
        office_step(&diary.office, "Q", ISSUE_STEP(CONFIRMED), tries[i].at);
        office_step(&diary.office, "Q", ISSUE_STEP(RESOLVED), tries[i].at);
        assert_int_equal(diary.closing.on_time, tries[i].is_on_time);
        assert_int_equal(diary.closing.charged_days, tries[i].charged);
        assert_true(diary.closing.confirmed);
        diary.said[0] = '\0';
        office_tick(&diary.office, "2020-12-01T00:00");
        assert_string_equal(diary.said, ""); /* no clock is left, no slip is open */
        diary_end(&diary);
    }
}

/* Reported after time has said that it is late: what counts is when it was answered. */
static void an_answer_that_is_reported_late(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    office_tick(&diary.office, "2020-06-09T09:00");
    assert_int_equal(diary.open_overdue, 1);
    office_step(&diary.office, "Q", ISSUE_STEP(ANSWERED), "2020-06-08T20:00");
    assert_true((office_row(&diary.office, "Q")->flags & ISSUE_ON_TIME) != 0);
    assert_int_equal(diary.open_overdue, 0);
    diary_end(&diary);
}

/* A later round has its own clock; the workdays of its answer count from the dispatch. */
static void the_verdict_is_that_of_the_last_round(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    office_tick(&diary.office, "2020-06-10T09:00");
    assert_true(office_slip_reply(&diary.office, "plan", 1, "2020-06-10T09:00"));
    office_step(&diary.office, "Q", ISSUE_STEP(ANSWERED), "2020-06-10T09:00"); /* late */
    office_step(&diary.office, "Q", ISSUE_STEP(DISSATISFIED), "2020-06-12T09:00");
    assert_due(&diary, "Q", "2020-06-19");
    assert_int_equal(office_row(&diary.office, "Q")->dispatched_at, office_ms("2020-06-01T09:02") / 1000);
    comes_at(&diary, "2020-06-19T00:00", "warned@2020-06-19");
    office_step(&diary.office, "Q", ISSUE_STEP(ANSWERED), "2020-06-19T23:59:59");
    office_step(&diary.office, "Q", ISSUE_STEP(CONFIRMED), "2020-06-22T09:00");
    office_step(&diary.office, "Q", ISSUE_STEP(RESOLVED), "2020-06-22T09:00");
    assert_true(diary.closing.on_time);
    assert_int_equal(diary.closing.charged_days, 14);
    diary_end(&diary);
}

static void the_light_of_each_day(void **state) {
    (void)state;
    static const struct {
        const char *day;
        Issues__V1__Light light;
        int32_t charged;
    } days[] = {
        {"2020-06-01", ISSUES__V1__LIGHT__LIGHT_GREEN, 0},  {"2020-06-04", ISSUES__V1__LIGHT__LIGHT_GREEN, 3},
        {"2020-06-05", ISSUES__V1__LIGHT__LIGHT_YELLOW, 4}, {"2020-06-08", ISSUES__V1__LIGHT__LIGHT_YELLOW, 5},
        {"2020-06-09", ISSUES__V1__LIGHT__LIGHT_RED, 6},
    };
    struct diary diary;
    int32_t charged;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    const struct issues *self = &diary.office.issues;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        assert_int_equal(issue_light(self, office_row(&diary.office, "Q"), office_day(days[i].day)), days[i].light);
        assert_true(issue_charged(self, office_row(&diary.office, "Q"), office_day(days[i].day), &charged));
        assert_int_equal(charged, days[i].charged);
    }
    assert_false(issue_charged(self, office_row(&diary.office, "Q"), office_day("2021-06-01"), &charged));
    for (const char *letter = issue_letters + 1; *letter != '\0'; letter++) {
        char number[] = {'W', *letter, '\0'};
        issue_lead_to(&diary.office, "BASE", 'R', "2020-06-01", 0);
        issue_lead_to(&diary.office, number, *letter, "2020-06-01", 0);
        const Issues__V1__Light light = issue_light(self, office_row(&diary.office, number), office_day("2020-06-01"));
        assert_int_equal(light, strchr("PH", *letter) != NULL       ? ISSUES__V1__LIGHT__LIGHT_GREEN
                                : strchr("RSDACL", *letter) != NULL ? ISSUES__V1__LIGHT__LIGHT_GREY
                                                                    : ISSUES__V1__LIGHT__LIGHT_UNSPECIFIED);
        office_release(&diary.office);
        diary_begin(&diary, "2020-06-01");
    }
    diary_end(&diary);
}

/* --- disputes --- */

static void a_dispute_within_one_workday(void **state) {
    (void)state;
    static const struct {
        const char *dispatched, *last;
    } tries[] = {
        {"2020-06-01", "2020-06-02T23:59:59"},
        {"2020-06-05", "2020-06-08T23:59:59"}, /* over a weekend */
        {"2020-06-24", "2020-06-28T23:59:59"}, /* over a festival, into a Sunday that is worked */
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        issue_lead_to(&diary.office, "Q1", 'P', tries[i].dispatched, 0);
        issue_lead_to(&diary.office, "Q2", 'P', tries[i].dispatched, 0);
        assert_true(office_issue(&diary.office, &(struct issue_act){.step = 6, .number = "Q1", .at = tries[i].last}));
        char late[32];
        const int32_t day = civil_day_of_ms(office_ms(tries[i].last)) + 1;
        civil_date_format(day, late);
        memcpy(late + 10, "T00:00", 7);
        assert_false(office_issue(&diary.office, &(struct issue_act){.step = 6, .number = "Q2", .at = late}));
        assert_int_equal(diary.office.decision.code, REFUSAL(DISPUTE_NOT_ALLOWED));
        assert_due(&diary, "Q1", "none");
        char said[64];
        snprintf(said, sizeof said, "dispute_late@%.10s", late);
        comes_at(&diary, late, said); /* decided on the same day */
        office_tick_ms(&diary.office, civil_ms_of_day(day + 3));
        assert_null(strstr(diary.said, "dispute_late"));
        diary_end(&diary);
    }
}

/* What the unit before was asked ends with it. */
static void a_dispute_that_another_unit_gets_ends_slips(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'P', "2020-06-01", 0);
    assert_true(
        office_slip_issue(&diary.office, ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE, "Q", 2, "2020-06-01T10:00"));
    office_step(&diary.office, "Q", ISSUE_STEP(DISPUTED), "2020-06-01T11:00");
    assert_string_equal(diary.said, "L2>plan@2020-06-01T10:00:00");
    assert_true(office_issue(&diary.office,
                             &(struct issue_act){.step = 5, .number = "Q", .lead = "water", .at = "2020-06-01T12:00"}));
    assert_string_equal(diary.said, "L2>plan@2020-06-01T10:00:00 L2:6@2020-06-01T12:00:00");
    diary_end(&diary);
}

static void a_dispute_begins_the_clock_anew(void **state) {
    (void)state;
    struct diary diary;
    struct issue_act act = {.step = 5, .number = "Q", .lead = "water", .at = "2020-06-03T09:00"};
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'P', "2020-06-01", ISSUE_CLASS(C));
    office_step(&diary.office, "Q", ISSUE_STEP(DISPUTED), "2020-06-02T09:00");
    assert_true(office_issue(&diary.office, &act));
    assert_due(&diary, "Q", "2020-06-10");
    act = (struct issue_act){.step = 7, .number = "Q", .org = "water", .at = "2020-06-03T10:00"};
    assert_true(office_issue(&diary.office, &act));
    act.step = 11;
    act.at = "2020-06-05T09:00";
    assert_true(office_issue(&diary.office, &act));
    assert_int_equal(office_row(&diary.office, "Q")->charged, 2);
    diary_end(&diary);
}

/* --- parts --- */

static void each_late_part_is_said_once(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    office_step(&diary.office, "Q", ISSUE_STEP(REGISTERED), "2020-06-01T09:00");
    office_step(&diary.office, "Q", ISSUE_STEP(SCREENED), "2020-06-01T09:00");
    assert_true(office_issue(
        &diary.office,
        &(struct issue_act){.step = 5, .number = "Q", .parts = {"fire", "water", "proc"}, .at = "2020-06-01T09:00"}));
    office_step(&diary.office, "Q", ISSUE_STEP(PART_DONE), "2020-06-04T23:59:59"); /* of "fire", in time */
    comes_at(&diary, "2020-06-05T00:00", "part_late@2020-06-05 L1>plan@2020-06-05 part_late@2020-06-05");
    assert_string_equal(diary.unit, "proc");
    assert_true(office_issue(&diary.office,
                             &(struct issue_act){.step = 8, .number = "Q", .org = "proc", .at = "2020-06-05T09:00"}));
    assert_int_equal(agenda_minute(&diary.office.issues.issue_agenda, 1),
                     agenda_minute_of_s(office_ms("2020-06-20T00:00") / 1000));
    assert_true(office_issue(&diary.office,
                             &(struct issue_act){.step = 8, .number = "Q", .org = "water", .at = "2020-06-05T09:00"}));
    diary_end(&diary);
}

/* --- extension --- */

static void an_extension_once_and_in_time(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q1", ISSUE_CLASS(C), "2020-06-01"); /* due on Monday the 8th */
    in_hand(&diary, "Q2", ISSUE_CLASS(C), "2020-06-01");
    in_hand(&diary, "Q3", ISSUE_CLASS(C), "2020-06-01");
    const struct issue_act grant = {.step = 10, .number = "Q1", .extension = 15, .at = "2020-06-08T23:59:59"};
    struct issue_act act = grant;
    assert_true(office_issue(office, &(struct issue_act){.step = 9, .number = "Q1", .at = "2020-06-07T23:59:59"}));
    assert_false(
        office_issue(office, &(struct issue_act){.step = 9, .number = "Q1", .at = "2020-06-07T23:59:59"})); /* once */
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED));
    assert_false(office_issue(office, &(struct issue_act){.step = 9, .number = "Q2", .at = "2020-06-08T00:00"}));
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED));
    assert_int_equal(diary.moved.step, ISSUE_STEP(PART_DONE)); /* the feed does not hear of questions */
    act.extension = 16;
    assert_false(office_issue(office, &act));
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED));
    assert_string_equal(office->decision.field, "extension");
    act = (struct issue_act){.step = 10, .number = "Q3", .extension = 1, .at = "2020-06-09T00:00"};
    assert_true(office_issue(office, &(struct issue_act){.step = 9, .number = "Q3", .at = "2020-06-05T10:00"}));
    assert_false(office_issue(office, &act)); /* its last day has passed */
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED));
    assert_string_equal(office->decision.field, "occurred_at_ms");
    office_tick(office, "2020-06-08T20:00");
    assert_true((office_row(office, "Q1")->flags & ISSUE_WARNED) != 0);
    assert_true(office_issue(office, &grant));
    assert_due(&diary, "Q1", "2020-06-30"); /* 9-12, 15-19, 22-24, 28, 29, 30 */
    assert_int_equal(office_row(office, "Q1")->flags & ISSUE_WARNED, 0);
    assert_false(office_issue(office, &(struct issue_act){.step = 10, .number = "Q1", .at = "2020-06-10T00:00"}));
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED)); /* once */
    office_step(office, "Q2", ISSUE_STEP(ANSWERED), "2020-06-08T21:00");
    office_step(office, "Q3", ISSUE_STEP(ANSWERED), "2020-06-08T21:00");
    office_step(office, "Q2", ISSUE_STEP(CONFIRMED), "2020-06-08T21:00");
    office_step(office, "Q3", ISSUE_STEP(CONFIRMED), "2020-06-08T21:00");
    diary.said[0] = '\0';
    comes_at(&diary, "2020-06-29T00:00", "warned@2020-06-29"); /* 18 of 20 */
    /* a new round has the limit of the class, and no second extension */
    office_step(office, "Q1", ISSUE_STEP(ANSWERED), "2020-06-30T10:00");
    office_step(office, "Q1", ISSUE_STEP(DISSATISFIED), "2020-06-30T11:00");
    assert_due(&diary, "Q1", "2020-07-07");
    assert_int_equal(office_row(office, "Q1")->extension, 0);
    assert_false(office_issue(office, &(struct issue_act){.step = 9, .number = "Q1", .at = "2020-06-30T12:00"}));
    assert_int_equal(office->decision.code, REFUSAL(EXTENSION_NOT_ALLOWED));
    diary_end(&diary);
}

/* --- silence --- */

static void silence_resolves_unconfirmed(void **state) {
    (void)state;
    static const int words[] = {ISSUE_STEP(CONFIRMED), ISSUE_STEP(DISSATISFIED)};
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-06-01");
    for (size_t i = 0; i < 3; i++) {
        char number[] = {'Q', (char)('0' + i), '\0'};
        issue_lead_to(office, number, 'A', "2020-06-01", 0);
        assert_int_equal(office_row(office, number)->until_day, office_day("2020-06-15"));
    }
    for (size_t i = 0; i < 2; i++) {
        char number[] = {'Q', (char)('0' + i), '\0'};
        struct issue_act act = {.step = words[i], .number = number, .at = "2020-06-16T00:00"};
        assert_false(office_issue(office, &act)); /* though time has not said so yet */
        assert_int_equal(office->decision.code, REFUSAL(WRONG_ORDER));
        act.at = "2020-06-15T23:59:59";
        assert_true(office_issue(office, &act));
    }
    comes_at(&diary, "2020-06-16T00:00", "silent@2020-06-16");
    assert_int_equal(office_row(office, "Q2")->state, ISSUE_STATE(RESOLVED));
    assert_int_equal(office_row(office, "Q2")->resolved_at, office_ms("2020-06-16T00:00") / 1000);
    assert_false(diary.closing.confirmed);
    assert_true(diary.closing.on_time);
    office_step(office, "Q2", ISSUE_STEP(SIGNED_OFF), "2020-06-16T09:00");
    diary_end(&diary);
}

static void silence_ends_slips(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'A', "2020-06-01", 0);
    assert_true(
        office_slip_issue(&diary.office, ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE, "Q", 4, "2020-06-02T10:00"));
    comes_at(&diary, "2020-06-16T00:00", "silent@2020-06-16 L4:6@2020-06-16");
    diary_end(&diary);
}

/* --- long-term --- */

static void a_long_term_issue_stays_open_in_no_clock(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    office_tick(office, "2020-06-09T09:00");
    assert_int_equal(diary.open_overdue, 1);
    diary.said[0] = '\0';
    assert_true(office_issue(
        office, &(struct issue_act){.step = 17, .number = "Q", .until = "2020-09-30", .at = "2020-06-09T10:00"}));
    assert_string_equal(diary.said, "L1:6@2020-06-09T10:00:00"); /* its slip ends */
    assert_int_equal(diary.open_overdue, 0);
    assert_due(&diary, "Q", "none");
    assert_int_equal(office_row(office, "Q")->before, ISSUE_STATE(HANDLING));
    assert_true(issue_is_open(office_row(office, "Q")->state));
    assert_false(record_is_ended(&office->issues, RECORD_ISSUE(1)));
    comes_at(&diary, "2020-10-01T00:00", "review_due@2020-10-01");
    office_tick(office, "2020-12-01T00:00");
    assert_string_equal(diary.said, ""); /* once */
    office_step(office, "Q", ISSUE_STEP(RESUMED), "2020-12-01T09:00");
    assert_due(&diary, "Q", "2020-12-08");
    comes_at(&diary, "2020-12-08T00:00", "warned@2020-12-08");
    comes_at(&diary, "2020-12-09T00:00", "overdue@2020-12-09"); /* a rule issues each level once */
    diary_end(&diary);
}

/* --- comments --- */

/* In whatever state: nothing moves but the time of the last step. */
static void a_comment_moves_no_clock(void **state) {
    (void)state;
    for (const char *letter = issue_letters + 1; *letter != '\0'; letter++) {
        struct diary diary;
        diary_begin(&diary, "2020-06-01");
        office_step(&diary.office, "BASE", ISSUE_STEP(REGISTERED), "2020-06-01T08:00");
        issue_lead_to(&diary.office, "Q", *letter, "2020-06-01", ISSUE_CLASS(C));
        office_tick(&diary.office, "2020-06-10T00:00");
        struct issue before = *office_row(&diary.office, "Q");
        const uint32_t minute = agenda_minute(&diary.office.issues.issue_agenda, 2);
        const int64_t overdue = diary.open_overdue;
        office_step(&diary.office, "Q", ISSUE_STEP(COMMENTED), "2020-06-10T09:00");
        before.last_seq = diary.office.seq;
        before.last_at = (uint32_t)(office_ms("2020-06-10T09:00") / 1000);
        assert_memory_equal(&before, office_row(&diary.office, "Q"), sizeof before);
        assert_int_equal(agenda_minute(&diary.office.issues.issue_agenda, 2), minute);
        assert_int_equal(diary.open_overdue, overdue);
        diary_end(&diary);
    }
}

/* --- notices --- */

/* The notice of 27 January 2020 made 31 January to 2 February days off; what was planned by the one before moves. */
static void a_notice_moves_what_is_open(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-01-22");
    issue_lead_to(office, "REG", 'R', "2020-01-22", 0);
    issue_lead_to(office, "HAND", 'H', "2020-01-20", ISSUE_CLASS(C));
    issue_lead_to(office, "PART", 'P', "2020-01-22", ISSUE_CLASS(B));
    issue_lead_to(office, "DISP", 'D', "2020-01-22", 0);
    issue_lead_to(office, "ANSW", 'A', "2020-01-22", 0);
    issue_lead_to(office, "LONG", 'L', "2020-01-22", 0);
    issue_lead_to(office, "DONE", 'V', "2020-01-20", 0);
    assert_due(&diary, "HAND", "2020-02-01"); /* 21, 22, 23, 31 January, the worked Saturday */
    assert_int_equal(office_row(office, "REG")->until_day, office_day("2020-02-01"));
    assert_int_equal(issues_part(&office->issues, office_row(office, "PART")->first_part)->due,
                     office_day("2020-02-01"));
    assert_int_equal(office_row(office, "ANSW")->until_day, office_day("2020-02-11"));
    const int32_t disputed = office_row(office, "DISP")->until_day, review = office_row(office, "LONG")->until_day;
    assert_true(office_load_notice(office, "2020-B"));
    diary.said[0] = '\0';
    office_tick(office, "2020-01-22T12:00");
    for (const char *at = diary.said; *at != '\0'; at += 11) { /* four of them, at the time of planning anew */
        assert_memory_equal(at, "due_changed", 11);
        at += strlen("due_changed@2020-01-22T12:00:00") - 11 + (at[31] == ' ');
    }
    assert_int_equal(strlen(diary.said), 4 * 32 - 1);
    assert_due(&diary, "HAND", "2020-02-04");
    assert_int_equal(office_row(office, "REG")->until_day, office_day("2020-02-04"));
    assert_int_equal(issues_part(&office->issues, office_row(office, "PART")->first_part)->due,
                     office_day("2020-02-04"));
    assert_int_equal(office_row(office, "ANSW")->until_day, office_day("2020-02-13"));
    assert_int_equal(office_row(office, "DISP")->until_day, disputed);
    assert_int_equal(office_row(office, "LONG")->until_day, review);
    diary_end(&diary);
}

/* What was said of the old days and no longer holds is taken back, and said again when it becomes true. */
static void a_notice_takes_back_what_was_said(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-01-22");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-01-20");
    comes_at(&diary, "2020-02-01T00:00", "warned@2020-02-01");
    comes_at(&diary, "2020-02-02T00:00", "overdue@2020-02-02 L1>plan@2020-02-02");
    assert_int_equal(diary.open_overdue, 1);
    assert_true(office_load_notice(office, "2020-B"));
    office_tick(office, "2020-02-02T09:00");
    assert_non_null(strstr(diary.said, "due_changed@2020-02-02T09:00:00"));
    assert_int_equal(diary.open_overdue, 0);
    assert_int_equal(office_row(office, "Q")->flags & (ISSUE_WARNED | ISSUE_OVERDUE), 0);
    assert_true(office_slip_reply(office, "plan", 1, "2020-02-02T10:00"));
    comes_at(&diary, "2020-02-04T00:00", "warned@2020-02-04");
    comes_at(&diary, "2020-02-05T00:00", "overdue@2020-02-05");
    assert_int_equal(diary.open_overdue, 1);
    diary_end(&diary);
}

/* Before planning anew has come to the issue, its verdict is that of the calendar as it is known now. */
static void a_notice_counts_at_once(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-01-22");
    in_hand(&diary, "Q1", ISSUE_CLASS(C), "2020-01-20");
    in_hand(&diary, "Q2", ISSUE_CLASS(C), "2020-01-20");
    office_tick(&diary.office, "2020-01-20T12:00");
    assert_true(office_load_notice(&diary.office, "2020-B"));
    assert_due(&diary, "Q1", "2020-02-01");
    office_step(&diary.office, "Q1", ISSUE_STEP(ANSWERED), "2020-02-04T23:59:59");
    office_step(&diary.office, "Q2", ISSUE_STEP(ANSWERED), "2020-02-05T00:00:00");
    assert_true((office_row(&diary.office, "Q1")->flags & ISSUE_ON_TIME) != 0);
    assert_int_equal(office_row(&diary.office, "Q2")->flags & ISSUE_ON_TIME, 0);
    diary_end(&diary);
}

/* A workday for a Saturday, by a notice. */
static void swap_days(struct office *office, const char *off, const char *worked, const char *published) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Common__V1__LoadNotice load = COMMON__V1__LOAD_NOTICE__INIT;
    Common__V1__NoticeDay days[2], *pointers[2] = {&days[0], &days[1]};
    common__v1__notice_day__init(&days[0]);
    common__v1__notice_day__init(&days[1]);
    days[0].day = (uint32_t)office_day(off);
    days[0].off = true;
    days[1].day = (uint32_t)office_day(worked);
    days[0].name = days[1].name = office_text("swap");
    load.notice = office_text("swap");
    load.published_day = (uint32_t)office_day(published);
    load.days = pointers;
    load.n_days = 2;
    body.body_case = ISSUES__V1__COMMAND__BODY_LOAD_NOTICE;
    body.load_notice = &load;
    assert_true(office_send(office, "operator", ROLE_OPERATOR, NULL, &body));
}

/* The last day stays where it is, but not that of the part, nor the yellow day. */
static void a_notice_moves_parts_and_lights_alone(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(office, "PART", 'P', "2020-06-01", ISSUE_CLASS(C));
    in_hand(&diary, "HAND", ISSUE_CLASS(C), "2020-06-01");
    swap_days(office, "2020-06-03", "2020-06-06", "2020-06-01");
    office_tick(office, "2020-06-02T09:00");
    assert_due(&diary, "PART", "2020-06-08");
    assert_int_equal(issues_part(&office->issues, office_row(office, "PART")->first_part)->due,
                     office_day("2020-06-05"));
    assert_string_equal(diary.said, "due_changed@2020-06-02T09:00:00");
    comes_at(&diary, "2020-06-06T00:00", "part_late@2020-06-06 L1>plan@2020-06-06");
    comes_at(&diary, "2020-06-07T00:00", "warned@2020-06-07 warned@2020-06-07");
    diary_end(&diary);
}

static void a_warning_alone_is_taken_back(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    comes_at(&diary, "2020-06-06T00:00", "warned@2020-06-06");
    swap_days(&diary.office, "2020-06-03", "2020-06-06", "2020-06-06");
    office_tick(&diary.office, "2020-06-06T09:00");
    assert_string_equal(diary.said, "due_changed@2020-06-06T09:00:00");
    comes_at(&diary, "2020-06-07T00:00", "warned@2020-06-07");
    diary_end(&diary);
}

/* Withdrawn: the last days are unknown, nothing becomes late; loaded again they are there. */
static void a_withdrawn_notice_leaves_no_day(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-11-25");
    issue_lead_to(office, "Q", 'H', "2020-12-25", ISSUE_CLASS(B));
    assert_due(&diary, "Q", "2021-01-18");
    assert_true(office_withdraw_notice(office, "2021-A", "2020-12-26T09:00"));
    office_tick(office, "2020-12-26T09:00");
    assert_due(&diary, "Q", "none");
    assert_int_equal(issue_light(&office->issues, office_row(office, "Q"), office_day("2020-12-26")),
                     ISSUES__V1__LIGHT__LIGHT_GREEN);
    office_step(office, "Q", ISSUE_STEP(PART_DONE), "2020-12-28T09:00");
    assert_false(office_issue(office, &(struct issue_act){.step = 9, .number = "Q", .at = "2020-12-28T09:00"}));
    assert_int_equal(office->decision.code, REFUSAL(CALENDAR_HORIZON));
    assert_false(office_issue(office, &(struct issue_act){.step = 11, .number = "Q", .at = "2020-12-28T09:00"}));
    assert_int_equal(office->decision.code, REFUSAL(CALENDAR_HORIZON));
    issues_assert_sound(office);
    diary_end(&diary);
}

/* The settings decide when it is yellow; where they were changed since it was planned, the day that was planned holds.
 */
static void settings_may_change(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    in_hand(&diary, "Q", ISSUE_CLASS(C), "2020-06-01");
    office_tick(&diary.office, "2020-06-01T12:00"); /* so that nothing is left to be planned anew */
    diary.office.issues.options.yellow_days = 0;
    diary.office.issues.options.yellow_tenths = 10;
    comes_at(&diary, "2020-06-06T00:00", "warned@2020-06-06");
    diary_end(&diary);
}

/* After a month of standstill each thing bears the instant at which it became true. */
static void a_standstill_changes_no_figure(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'P', "2020-06-01", ISSUE_CLASS(C));
    office_tick(&diary.office, "2020-07-06T13:14:15");
    assert_string_equal(diary.said, "part_late@2020-06-05 L1>plan@2020-06-05 warned@2020-06-06 overdue@2020-06-09 "
                                    "L1:5@2020-06-11 L2>plan@2020-06-11 L2:5@2020-06-16 L3>plan@2020-06-16 "
                                    "L3:5@2020-06-18 L4>plan@2020-06-18");
    diary_end(&diary);
}

/* --- whatever comes --- */

static uint32_t draw(uint64_t *seed, uint32_t below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

/* Seldom enough that some issues go the whole way. */
static bool ends_early(const struct issue_step *rule, uint64_t *seed) {
    return (rule->after >= ISSUE_STATE(LONG_TERM) || rule->step == ISSUE_STEP(COMMENTED)) && draw(seed, 8) != 0;
}

/* Mostly a step that the state allows, by whom it is for; else anything by anybody. */
static void draw_step(const struct office *office, uint64_t *seed, struct issue_act *act) {
    static const char *const orgs[] = {"fire", "water", "hall", "plan"};
    const struct issue *row = office_row(office, act->number);
    size_t count;
    const struct issue_step *rows = issue_step_rows(&count), *rule = &rows[draw(seed, (uint32_t)count)];
    for (size_t tries = 0; tries < 200 && ((rule->from & 1u << row->state) == 0 || ends_early(rule, seed)); tries++) {
        rule = &rows[draw(seed, (uint32_t)count)];
    }
    act->step = rule->step;
    act->actor = __builtin_ctz(rule->actors);
    if (rule->unit == UNIT_LEAD) {
        act->org = issues_agency(&office->issues, row->lead)->code;
    } else if (rule->unit == UNIT_PART && row->first_part != 0) {
        act->org = issues_agency(&office->issues, issues_part(&office->issues, row->first_part)->agency)->code;
    }
    if (draw(seed, 5) == 0) {
        act->org = orgs[draw(seed, 4)];
        act->step = 1 + (int)draw(seed, 21);
    }
}

/* The state of an issue that was acted on. */
static unsigned random_act(struct diary *diary, uint64_t *seed, uint32_t first, int64_t now_ms) {
    static const char *const items[] = {NULL, "X1", "X2", "X3"}, *const units[] = {"plan", "fire", "water"};
    char number[16], other[16], at[32];
    struct issue_act act = {.number = number, .duplicate_of = other, .at = at};
    snprintf(number, sizeof number, "Q%u", first + draw(seed, 40));
    civil_time_format(now_ms, at);
    at[19] = '\0';
    act.class = 1 + (int)draw(seed, 3);
    snprintf(other, sizeof other, "Q%u", first + draw(seed, 40));
    act.lead = units[draw(seed, 3)];
    act.parts[0] = draw(seed, 3) == 0 ? units[draw(seed, 3)] : NULL;
    act.extension = 1 + draw(seed, 16);
    act.item = items[draw(seed, 4)];
    act.task = items[draw(seed, 4)];
    draw_step(&diary->office, seed, &act);
    office_issue(&diary->office, &act);
    return office_row(&diary->office, number)->state;
}

static void whatever_comes_the_books_agree(void **state) {
    (void)state;
    struct diary diary;
    uint64_t seed = 20200601;
    int64_t now_ms = office_ms("2020-01-02T09:00");
    unsigned states = 0;
    diary_begin(&diary, "2020-01-22");
    for (unsigned i = 0; i < 40000; i++) {
        now_ms += draw(&seed, 1200) * INT64_C(1000);
        states |= 1u << random_act(&diary, &seed, i / 30, now_ms);
        if (draw(&seed, 8) == 0) {
            diary.said[0] = '\0';
            office_tick_ms(&diary.office, now_ms);
        }
        if (i == 3000 && !office_load_notice(&diary.office, "2020-B")) {
            fail();
        }
        if (i % 5000 == 3500) {
            office_tick_ms(&diary.office, now_ms);
            issues_assert_sound(&diary.office);
        }
    }
    diary.said[0] = '\0';
    office_tick_ms(&diary.office, now_ms);
    assert_int_equal(states, 0x7fff); /* the walk was in every state, and before the first one */
    diary_end(&diary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatch_is_late_after_three_workdays),
        cmocka_unit_test(an_ended_issue_waits_for_nothing),
        cmocka_unit_test(a_registration_beyond_the_calendar_waits),
        cmocka_unit_test(each_class_has_its_limit),
        cmocka_unit_test(the_verdict_of_an_answer),
        cmocka_unit_test(an_answer_that_is_reported_late),
        cmocka_unit_test(the_verdict_is_that_of_the_last_round),
        cmocka_unit_test(the_light_of_each_day),
        cmocka_unit_test(a_dispute_within_one_workday),
        cmocka_unit_test(a_dispute_that_another_unit_gets_ends_slips),
        cmocka_unit_test(a_dispute_begins_the_clock_anew),
        cmocka_unit_test(each_late_part_is_said_once),
        cmocka_unit_test(an_extension_once_and_in_time),
        cmocka_unit_test(silence_resolves_unconfirmed),
        cmocka_unit_test(silence_ends_slips),
        cmocka_unit_test(a_long_term_issue_stays_open_in_no_clock),
        cmocka_unit_test(a_comment_moves_no_clock),
        cmocka_unit_test(a_notice_moves_what_is_open),
        cmocka_unit_test(a_notice_takes_back_what_was_said),
        cmocka_unit_test(a_notice_counts_at_once),
        cmocka_unit_test(a_notice_moves_parts_and_lights_alone),
        cmocka_unit_test(a_warning_alone_is_taken_back),
        cmocka_unit_test(a_withdrawn_notice_leaves_no_day),
        cmocka_unit_test(settings_may_change),
        cmocka_unit_test(a_standstill_changes_no_figure),
        cmocka_unit_test(whatever_comes_the_books_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
