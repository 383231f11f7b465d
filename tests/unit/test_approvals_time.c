#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/agenda_first.h"
#include "support/approvals_time.h"

/*
 * What time does to cases, a row a story: what officers did, up to when time went, what the registry itself said by
 * then, and what the case is. Each story is told twice, with a tick every minute and with one before each command and
 * at the end: a registry that stood still says the same, at the same instants.
 */

struct story {
    const char *what;
    const char *known_on; /* the notices published up to then */
    struct town_item item;
    struct act acts[6];
    const char *until;
    const char *said;
    const char *is;
};

#define STEPS(one, text)                                                                                               \
    { .step = STEP(one), .at = text }
#define TAKEN(text) STEPS(RECEIVED, text), STEPS(ACCEPTED, text), STEPS(DEPARTMENT_STARTED, text)
#define PROPOSED(one, text)                                                                                            \
    { .step = STEP(one), .at = text, .actor = ACTOR(HANDLER) }
#define LONG_ITEM                                                                                                      \
    { .promised = 20, .statutory = 45 }
#define SHORT_ITEM                                                                                                     \
    { .promised = 5, .statutory = 20 }

static const struct story stories[] = {
    {"five workdays of silence, a Sunday worked among them",
     "2020-01-20",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-01-13T10:00")},
     "2020-01-20T12:00",
     "deemed@2020-01-20",
     "accepted since 2020-01-13 due 2020-02-13 2020-03-19"},
    {"the last of the five days has not ended",
     "2020-01-20",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-01-13T10:00")},
     "2020-01-19T23:59",
     "",
     "received"},
    {"silence over the festival, as the first notice had it",
     "2020-01-20",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-01-21T10:00")},
     "2020-02-05T00:00",
     "deemed@2020-02-04",
     "accepted since 2020-01-21 due 2020-02-24 2020-03-30"},
    {"and as the second one has it",
     "2020-02-01",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-01-21T10:00")},
     "2020-02-07T00:00",
     "deemed@2020-02-06",
     "accepted since 2020-01-21 due 2020-02-26 2020-04-01"},
    {"a month too late: all of it on its day",
     "2020-02-01",
     SHORT_ITEM,
     {STEPS(RECEIVED, "2020-03-02T10:00")},
     "2020-03-20T00:00",
     "deemed@2020-03-10 warned@2020-03-10 promised@2020-03-10 L1_issued@2020-03-10 L1_lapsed@2020-03-14 "
     "L2_issued@2020-03-14"
     " L2_lapsed@2020-03-18 L3_issued@2020-03-18 L3_lapsed@2020-03-20 L4_issued@2020-03-20",
     "accepted since 2020-03-02 due 2020-03-09 2020-03-30"},
    {"papers asked for do not come: thirty workdays",
     "2020-02-01",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-03-02T10:00"), STEPS(SUPPLEMENT_STARTED, "2020-03-04T10:00")},
     "2020-05-20T00:00",
     "lapsed@2020-04-17",
     "withdrawn"},
    {"they come, then silence: accepted as of their day",
     "2020-02-01",
     LONG_ITEM,
     {STEPS(RECEIVED, "2020-03-02T10:00"), STEPS(SUPPLEMENT_STARTED, "2020-03-04T10:00"),
      STEPS(SUPPLEMENT_ENDED, "2020-03-10T09:00")},
     "2020-03-19T00:00",
     "deemed@2020-03-18",
     "accepted since 2020-03-10 due 2020-04-08 2020-05-14"},
    {"yellow, red, purple, and four slips that nobody answers",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00")},
     "2020-12-31T00:00",
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_lapsed@2020-06-13 L2_issued@2020-06-13 "
     "L2_lapsed@2020-06-17"
     " L3_issued@2020-06-17 L3_lapsed@2020-06-19 L4_issued@2020-06-19 statutory@2020-07-01",
     "review since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"decided in time, not handed out",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), PROPOSED(APPROVED, "2020-06-05T09:00"), STEPS(APPROVED, "2020-06-05T10:00")},
     "2020-08-01T00:00",
     "certificate_late@2020-06-20",
     "decided since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"decided and handed out: nothing more",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), PROPOSED(APPROVED, "2020-06-05T09:00"), STEPS(APPROVED, "2020-06-05T10:00"),
      STEPS(DELIVERED, "2020-06-08T10:00")},
     "2020-12-31T00:00",
     "",
     "delivered since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"papers promised at the decision do not come",
     "2020-02-01",
     {.promised = 5, .statutory = 20, .deficiency = true},
     {TAKEN("2020-06-01T10:00"),
      {.step = 12, .at = "2020-06-05T09:00", .actor = ACTOR(HANDLER), .until = "2020-06-15"},
      {.step = 12, .at = "2020-06-05T10:00", .until = "2020-06-15"},
      STEPS(DELIVERED, "2020-06-08T10:00")},
     "2020-12-31T00:00",
     "papers_late@2020-06-16",
     "delivered since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"both late, in their order",
     "2020-02-01",
     {.promised = 5, .statutory = 20, .deficiency = true},
     {TAKEN("2020-06-01T10:00"),
      {.step = 12, .at = "2020-06-05T09:00", .actor = ACTOR(HANDLER), .until = "2020-06-24"},
      {.step = 12, .at = "2020-06-05T10:00", .until = "2020-06-24"}},
     "2020-12-31T00:00",
     "certificate_late@2020-06-20 papers_late@2020-06-25",
     "decided since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"papers promised at the acceptance are asked for after the decision, whatever was between",
     "2020-02-01",
     {.promised = 5, .statutory = 20, .deficiency = true},
     {STEPS(RECEIVED, "2020-06-01T10:00"),
      {.step = 3, .at = "2020-06-01T10:00", .deficiency = true, .until = "2020-06-15"},
      STEPS(DEPARTMENT_STARTED, "2020-06-01T10:00"),
      {.step = 9, .at = "2020-06-02T10:00", .special = SPECIAL(TEST), .until = "2020-06-03"},
      PROPOSED(APPROVED, "2020-06-04T09:00"),
      STEPS(APPROVED, "2020-06-04T10:00")},
     "2020-06-17T00:00",
     "capped@2020-06-04 papers_late@2020-06-16",
     "decided since 2020-06-01 due 2020-06-09 2020-07-01"},
    {"a suspension that nobody ends: the days up to its planned end are not counted",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"),
      {.step = 9, .at = "2020-06-03T10:00", .special = SPECIAL(EXPERT_REVIEW), .until = "2020-06-10"}},
     "2020-06-14T00:00",
     "capped@2020-06-11 warned@2020-06-13",
     "review since 2020-06-01 due 2020-06-15 2020-07-07"},
    {"one that only asks for papers: the statutory time goes on, and may pass meanwhile",
     "2020-02-01",
     {.promised = 5, .statutory = 8},
     {TAKEN("2020-06-01T10:00"),
      {.step = 9, .at = "2020-06-03T10:00", .special = SPECIAL(PAPERS), .until = "2020-06-22"}},
     "2020-06-23T00:00",
     "statutory@2020-06-12 L2_issued@2020-06-12 L2_lapsed@2020-06-17 L3_issued@2020-06-17 L3_lapsed@2020-06-19 "
     "L4_issued@2020-06-19"
     " capped@2020-06-23",
     "review since 2020-06-01 due 2020-06-28 2020-06-11"},
    {"hours, to the second",
     "2020-02-01",
     {.promised = 48, .statutory = 96, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR},
     {TAKEN("2020-06-01T10:00")},
     "2020-06-10T12:00",
     "promised@2020-06-03T10:00:01 L1_issued@2020-06-03T10:00:01 statutory@2020-06-05T10:00:01 "
     "L2_issued@2020-06-05T10:00:01"
     " L1_lapsed@2020-06-09 L2_lapsed@2020-06-10 L3_issued@2020-06-10",
     "review since 2020-06-01 due 2020-06-03 2020-06-05"},
    {"at once: due on the day itself, never yellow",
     "2020-02-01",
     {.instant = true, .statutory = 20},
     {TAKEN("2020-06-01T10:00")},
     "2020-06-03T00:00",
     "promised@2020-06-02 L1_issued@2020-06-02",
     "review since 2020-06-01 due 2020-06-01 2020-06-30"},
    {"decided late: the slip ends with the case",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), PROPOSED(APPROVED, "2020-06-10T09:00"), STEPS(APPROVED, "2020-06-10T10:00"),
      STEPS(DELIVERED, "2020-06-11T10:00")},
     "2020-12-31T00:00",
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_closed@2020-06-10T10:00:00",
     "delivered since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"withdrawn late: likewise",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), STEPS(WITHDRAWAL_ASKED, "2020-06-10T09:00"), STEPS(WITHDRAWN, "2020-06-10T10:00")},
     "2020-12-31T00:00",
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_closed@2020-06-10T10:00:00",
     "withdrawn"},
    {"asking for a withdrawal stops no clock",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), STEPS(WITHDRAWAL_ASKED, "2020-06-05T09:00")},
     "2020-06-10T00:00",
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09",
     "review since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"a proposal that no head decides on stops no clock",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), PROPOSED(APPROVED, "2020-06-05T09:00")},
     "2020-06-10T00:00",
     "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09",
     "review since 2020-06-01 due 2020-06-08 2020-06-30"},
    {"an extension moves both days",
     "2020-02-01",
     SHORT_ITEM,
     {TAKEN("2020-06-01T10:00"), {.step = 9, .at = "2020-06-05T10:00", .special = SPECIAL(EXTENSION), .days = 5}},
     "2020-06-17T00:00",
     "warned@2020-06-13 promised@2020-06-16 L1_issued@2020-06-16",
     "review since 2020-06-01 due 2020-06-15 2020-07-07"},
    {"no limits at all: nothing ever passes",
     "2020-02-01",
     {.has_no_promised = true, .has_no_statutory = true, .type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_OTHER_POWER},
     {TAKEN("2020-06-01T10:00")},
     "2020-12-31T00:00",
     "",
     "review since 2020-06-01"},
};

static void tell(struct recorded *r, const struct story *story, bool minute_by_minute) {
    struct town_item item = story->item;
    item.code = "I1";
    recorded_begin(r, 100, story->known_on);
    assert_true(town_publish(&r->town, &item));
    int64_t now_ms = 0;
    for (size_t i = 0; i <= 6; i++) {
        const bool is_end = i == 6 || story->acts[i].step == 0;
        const int64_t at_ms = town_ms(is_end ? story->until : story->acts[i].at);
        for (; minute_by_minute && now_ms != 0 && now_ms <= at_ms; now_ms += 60000) {
            town_tick_ms(&r->town, now_ms);
        }
        town_tick_ms(&r->town, at_ms);
        now_ms = at_ms - at_ms % 60000 + 60000;
        if (is_end) {
            return;
        }
        if (!town_report(&r->town, &story->acts[i])) {
            fail_msg("%s: act %zu was refused with %u (%s)", story->what, i, r->town.decision.code,
                     r->town.decision.field);
        }
    }
}

static void test_stories(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        for (int minute_by_minute = 0; minute_by_minute < 2; minute_by_minute++) {
            struct recorded r;
            char is[128];
            tell(&r, &stories[i], minute_by_minute);
            case_text(&r.town, "C1", is);
            if (strcmp(r.said, stories[i].said) != 0 || strcmp(is, stories[i].is) != 0) {
                fail_msg("%s (%s):\n  said \"%s\"\n  not  \"%s\"\n  is   \"%s\"\n  not  \"%s\"", stories[i].what,
                         minute_by_minute ? "minute by minute" : "at once", r.said, stories[i].said, is, stories[i].is);
            }
            assert_planned(&r.town);
            assert_folds(&r.town);
            recorded_end(&r);
        }
    }
}

/* Said once is said: the same minute again, and every later one, says nothing. */
static void test_said_once(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-02-01");
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2020-06-01T10:00");
    assert_int_not_equal(town_tick(&r.town, "2020-07-10T00:00"), 0);
    assert_int_equal(town_tick(&r.town, "2020-07-10T00:00"), 0);
    assert_int_equal(town_tick(&r.town, "2020-06-01T00:00"), 0); /* a clock that was set back */
    assert_int_equal(town_tick(&r.town, "2020-12-30T00:00"), 0);
    recorded_end(&r);
}

/* Before the first notice nothing is known, and nothing happens; then everything on its day. */
static void test_no_calendar(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2019-10-01"); /* the year 2019 alone */
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 20, .statutory = 45}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2019-12-30T10:00");
    assert_int_equal(town_tick(&r.town, "2020-03-01T00:00"), 0);
    assert_true(town_load_notice(&r.town, "2020-A"));
    town_tick(&r.town, "2020-03-01T00:00");
    assert_string_equal(
        r.said, "deemed@2020-01-08 warned@2020-01-24 promised@2020-02-02 L1_issued@2020-02-02 L1_lapsed@2020-02-06"
                " L2_issued@2020-02-06 L2_lapsed@2020-02-11 L3_issued@2020-02-11 L3_lapsed@2020-02-13"
                " L4_issued@2020-02-13");
    recorded_end(&r);
}

/* Acceptance by silence a few days before the end of what is known: it is said, and its days come with the notice. */
static void test_deemed_at_horizon(void **state) {
    (void)state;
    struct recorded r;
    char is[128];
    recorded_begin(&r, 100, "2019-10-01");
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2019-12-20T10:00");
    town_tick(&r.town, "2019-12-28T00:00");
    assert_string_equal(r.said, "deemed@2019-12-28 warned@2019-12-28 promised@2019-12-28 L1_issued@2019-12-28");
    case_text(&r.town, "C1", is);
    assert_string_equal(is, "accepted since 2019-12-20 due 2019-12-27 none");
    assert_int_equal(approvals_slip(&r.town.approvals, 1)->reply_due, 0);
    assert_true(town_load_notice(&r.town, "2020-A"));
    town_tick(&r.town, "2019-12-28T09:00");
    case_text(&r.town, "C1", is);
    assert_string_equal(is, "accepted since 2019-12-20 due 2019-12-27 2020-01-19");
    assert_int_equal(approvals_slip(&r.town.approvals, 1)->reply_due, town_day("2020-01-02"));
    assert_planned(&r.town);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* --- however many are overdue --- */

static void test_nothing_starves(void **state) {
    (void)state;
    enum { CASES = 10000 };
    struct recorded r;
    recorded_begin(&r, 2 * CASES, "2020-02-01"); /* twice as many slips */
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    for (uint32_t i = 0; i < CASES; i++) {
        char number[16];
        snprintf(number, sizeof number, "C%u", i);
        town_step(&r.town, number, STEP(RECEIVED), "2020-06-01T10:00");
        town_step(&r.town, number, STEP(ACCEPTED), "2020-06-01T10:00");
    }
    const uint64_t before = r.town.seq;
    town_tick(&r.town, "2020-06-09T00:00");
    assert_int_equal(r.town.seq - before, 3 * CASES); /* warned, promised passed, a slip */
    assert_int_equal(r.open_overdue, CASES);
    for (uint32_t i = 1; i <= CASES; i++) {
        const struct approval_case *row = approvals_case(&r.town.approvals, i);
        assert_int_equal(row->flags & (CASE_WARNED | CASE_PROMISED_PASSED), CASE_WARNED | CASE_PROMISED_PASSED);
        assert_int_not_equal(row->first_slip, 0);
    }
    assert_int_equal(r.town.approvals.slips.rows.count, CASES);
    town_tick(&r.town, "2020-12-30T00:00");
    assert_int_equal(agenda_due(&r.town.approvals.case_agenda, UINT32_MAX), 0);
    assert_int_equal(agenda_due(&r.town.approvals.slips.agenda, UINT32_MAX), 0);
    assert_int_equal(r.town.approvals.slips.rows.count, 4 * CASES);
    recorded_end(&r);
}

/* No row is left for a slip: the registry says what it can, and goes on. */
static void test_slips_run_out(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 1, "2020-02-01"); /* two slips */
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2020-06-01T10:00");
    town_step(&r.town, "C1", STEP(ACCEPTED), "2020-06-01T10:00");
    town_tick(&r.town, "2020-12-30T00:00");
    assert_string_equal(r.said, "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09 L1_lapsed@2020-06-13"
                                " L2_issued@2020-06-13 L2_lapsed@2020-06-17 statutory@2020-07-01");
    assert_folds(&r.town);
    recorded_end(&r);
}

/* And when one decision would take more than are left. */
static void test_last_slip(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 2, "2020-02-01"); /* four slips */
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    for (int i = 0; i < 2; i++) {
        town_step(&r.town, i == 0 ? "C1" : "C2", STEP(RECEIVED), "2020-06-01T10:00");
        town_step(&r.town, i == 0 ? "C1" : "C2", STEP(ACCEPTED), "2020-06-01T10:00");
    }
    assert_true(town_issue(&r.town, "C1", 1, "2020-06-01T11:00"));
    assert_true(town_reply(&r.town, 1, "2020-06-01T11:00"));
    assert_true(town_judge(&r.town, 1, true, "2020-06-01T11:00"));
    town_tick(&r.town, "2020-06-13T00:00"); /* both slips lapse: one finds a row for the next level */
    assert_int_equal(r.town.approvals.slips.rows.count, 4);
    town_tick(&r.town, "2020-12-30T00:00");
    assert_int_equal(r.town.approvals.slips.rows.count, 4);
    assert_folds(&r.town);
    recorded_end(&r);
}

/* --- a registry that stood still for a year --- */

enum { TOWN_CASES = 90 };

/* One day of work on cases of every kind, so that no time passes between the commands. */
static void one_day_of_work(struct town *town) {
    const struct town_item items[] = {
        {.code = "I1", .promised = 5, .statutory = 20, .deficiency = true},
        {.code = "I2", .promised = 20, .statutory = 45},
        {.code = "I3", .promised = 48, .statutory = 96, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR},
        {.code = "I4", .instant = true, .statutory = 20},
        {.code = "I5", .promised = 1, .statutory = 2, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_MONTH},
        {.code = "I6", .promised = 15, .statutory = 30, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_DAY},
    };
    for (size_t i = 0; i < 6; i++) {
        assert_true(town_publish(town, &items[i]));
    }
    for (uint32_t i = 0; i < TOWN_CASES; i++) {
        char number[16], at[20];
        snprintf(number, sizeof number, "C%u", i);
        snprintf(at, sizeof at, "2020-03-02T1%u:%02u", i / 60, i % 60);
        const uint32_t depth = i / 6;
        assert_true(town_report(town, &(struct act){.step = 1, .number = number, .at = at, .item = items[i % 6].code}));
        if (depth == 1 || depth == 2) {
            town_step(town, number, STEP(SUPPLEMENT_STARTED), at);
            depth == 2 ? town_step(town, number, STEP(SUPPLEMENT_ENDED), at) : (void)0;
        } else if (depth > 2) {
            town_step(town, number, STEP(ACCEPTED), at);
        }
        if (depth > 3) {
            town_step(town, number, STEP(DEPARTMENT_STARTED), at);
        }
        if (depth == 5 || depth == 6) {
            assert_true(town_report(town, &(struct act){.step = 9,
                                                        .number = number,
                                                        .at = at,
                                                        .until = "2020-03-20",
                                                        .special = depth == 5 ? SPECIAL(PAPERS) : SPECIAL(HEARING)}));
        }
        if (depth == 7) {
            assert_true(town_report(
                town, &(struct act){.step = 9, .number = number, .at = at, .special = SPECIAL(EXTENSION), .days = 10}));
        }
        if (depth > 8) {
            assert_true(
                town_report(town, &(struct act){.step = 11, .number = number, .at = at, .actor = ACTOR(HANDLER)}));
            depth > 9 ? town_step(town, number, STEP(APPROVED), at) : (void)0;
        }
        if (depth > 11) {
            town_step(town, number, STEP(DELIVERED), at);
        }
        if (depth < 8 && depth % 2 == 0) {
            assert_true(town_issue(town, number, 1 + depth % 3, at));
        }
    }
}

static void assert_same_cases(const struct town *a, const struct town *b) {
    for (uint32_t i = 1; i <= TOWN_CASES; i++) {
        struct approval_case x = *approvals_case(&a->approvals, i), y = *approvals_case(&b->approvals, i);
        x.last_seq = y.last_seq = x.first_slip = y.first_slip = 0; /* numbers are given as things are said */
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static void test_a_year_at_once(void **state) {
    (void)state;
    struct recorded slowly, at_once;
    recorded_begin(&slowly, 10 * TOWN_CASES, "2020-02-01");
    recorded_begin(&at_once, 10 * TOWN_CASES, "2020-02-01");
    one_day_of_work(&slowly.town);
    one_day_of_work(&at_once.town);
    for (int64_t ms = town_ms("2020-03-03T00:00"); ms <= town_ms("2020-12-31T23:59"); ms += 60000) {
        town_tick_ms(&slowly.town, ms);
    }
    town_tick(&at_once.town, "2020-12-31T23:59");
    assert_same_cases(&slowly.town, &at_once.town);
    assert_int_equal(slowly.town.seq, at_once.town.seq);
    recorded_sort(&slowly);
    recorded_sort(&at_once);
    assert_int_equal(slowly.fact_count, at_once.fact_count);
    assert_memory_equal(slowly.facts, at_once.facts, slowly.fact_count * sizeof slowly.facts[0]);
    assert_true(slowly.fact_count > 500);
    assert_folds(&slowly.town);
    assert_folds(&at_once.town);
    assert_planned(&slowly.town);
    recorded_end(&slowly);
    recorded_end(&at_once);
}

/* What the agenda waits for is what comes: nothing a minute before, something of that case at it. */
static void test_wakes_are_exact(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 10 * TOWN_CASES, "2020-02-01");
    one_day_of_work(&r.town);
    for (;;) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 1; i <= TOWN_CASES; i++) {
            const uint32_t minute = agenda_minute(&r.town.approvals.case_agenda, i);
            next = minute != 0 && minute < next ? minute : next;
        }
        for (uint32_t i = 1; i <= r.town.approvals.slips.rows.count; i++) {
            const uint32_t minute = agenda_minute(&r.town.approvals.slips.agenda, i);
            next = minute != 0 && minute < next ? minute : next;
        }
        if (next == UINT32_MAX) {
            break;
        }
        assert_int_equal(town_tick_ms(&r.town, (int64_t)(next - 1) * 60000 + 59999), 0);
        assert_int_not_equal(town_tick_ms(&r.town, (int64_t)next * 60000), 0);
    }
    assert_true(r.fact_count > 500);
    recorded_end(&r);
}

/* Settings of another time: what waits for the yellow day of before is said when it comes, and nothing stands in the
 * way. */
static void test_other_settings(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-02-01");
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 20, .statutory = 45}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2020-06-01T10:00");
    town_step(&r.town, "C1", STEP(ACCEPTED), "2020-06-01T10:00");
    r.town.approvals.options.yellow_tenths = 10; /* 9 before: yellow from 2020-06-29 on, now from 2020-06-30 */
    town_tick(&r.town, "2020-06-29T12:00");
    town_tick(&r.town, "2020-07-01T00:00");
    assert_string_equal(r.said, "warned@2020-06-29 promised@2020-07-01 L1_issued@2020-07-01");
    recorded_end(&r);
}

/* --- time by commands --- */

static bool send_time(struct town *town, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__Tick tick = COMMON__V1__TICK__INIT;
    body.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
    body.tick = &tick;
    return town_send(town, "operator", ROLE_OPERATOR, at, &body);
}

static void test_time_by_commands(void **state) {
    (void)state;
    struct recorded r;
    recorded_begin(&r, 100, "2020-02-01");
    r.town.approvals.options.time_by_commands = true;
    assert_true(town_publish(&r.town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20}));
    town_step(&r.town, "C1", STEP(RECEIVED), "2020-06-01T10:00");
    town_step(&r.town, "C1", STEP(ACCEPTED), "2020-06-01T10:00");
    assert_int_equal(town_tick(&r.town, "2026-06-01T00:00"), 0); /* the clock on the wall is none */
    assert_true(send_time(&r.town, "2020-06-06T12:00"));
    assert_string_equal(r.said, "warned@2020-06-06");
    assert_int_equal(town_tick(&r.town, "2026-06-01T00:00"), 0);
    assert_true(send_time(&r.town, "2020-06-05T12:00")); /* time does not go back */
    assert_int_equal(r.town.approvals.courses.count, 1);
    assert_int_equal(approvals_course(&r.town.approvals)->now_ms, town_ms("2020-06-06T12:00"));
    assert_true(send_time(&r.town, "2020-06-09T00:00"));
    assert_string_equal(r.said, "warned@2020-06-06 promised@2020-06-09 L1_issued@2020-06-09");
    assert_folds(&r.town);
    r.town.approvals.options.time_by_commands = false;
    assert_false(send_time(&r.town, "2020-06-10T00:00"));
    assert_int_equal(r.town.decision.code, REFUSAL(TICK_NOT_TAKEN));
    recorded_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),          cmocka_unit_test(test_said_once),
        cmocka_unit_test(test_no_calendar),      cmocka_unit_test(test_deemed_at_horizon),
        cmocka_unit_test(test_nothing_starves),  cmocka_unit_test(test_a_year_at_once),
        cmocka_unit_test(test_slips_run_out),    cmocka_unit_test(test_last_slip),
        cmocka_unit_test(test_wakes_are_exact),  cmocka_unit_test(test_other_settings),
        cmocka_unit_test(test_time_by_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
