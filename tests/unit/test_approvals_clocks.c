#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "approvals/v1/query.pb-c.h"
#include "base/hash.h"
#include "support/approvals_fixture.h"

/* The two clocks of a case over the real calendar, what waits for time and what time brings. */

#define LIGHT(word) APPROVALS__V1__LIGHT__LIGHT_##word

static void begin(struct town *town, const char *known_on) {
    town_init(town, 10000);
    town->keeps_log = true;
    town_begin(town, known_on);
}

static void end(struct town *town) {
    uint8_t running[32], folded[32];
    state_hash(&town->state, running);
    town_fold_again(town, folded);
    assert_memory_equal(running, folded, sizeof running);
    town_release(town);
}

static void assert_day(int32_t day, const char *want) {
    char text[CIVIL_DATE_TEXT_BYTES] = "none";
    if (day != 0) {
        civil_date_format(day, text);
    }
    assert_string_equal(text, want);
}

static void publish(struct town *town, const char *code, int32_t promised, int32_t statutory) {
    if (!town_publish(town,
                      &(struct town_item){
                          .code = code, .promised = promised, .statutory = statutory, .instant = promised == 0})) {
        fail_msg("%s: %u %s", code, town->decision.code, town->decision.field);
    }
}

/* Received and accepted at once; in review if asked for. */
static void open_case(struct town *town, const char *number, const char *item, const char *at, bool in_review) {
    assert_true(town_report(town, &(struct act){.step = STEP(RECEIVED), .number = number, .item = item, .at = at}));
    town_step(town, number, STEP(ACCEPTED), at);
    if (in_review) {
        town_step(town, number, STEP(DEPARTMENT_STARTED), at);
    }
}

static void decide_case(struct town *town, const char *number, const char *at) {
    assert_true(
        town_report(town, &(struct act){.step = STEP(APPROVED), .number = number, .actor = ACTOR(HANDLER), .at = at}));
    town_step(town, number, STEP(APPROVED), at);
}

/* --- due days --- */

/* Every vector, by a case of its own in a registry that knows what was known then. */
static void due_date_vectors(void **state) {
    (void)state;
    FILE *file = fopen("tests/data/due_date_vectors.tsv", "r");
    char line[256], accepted[16], known[16], due[16];
    int n, seen = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[4] = {line, NULL, NULL, NULL};
        for (int i = 1; i < 4 && fields[i - 1] != NULL; i++) {
            char *tab = strchr(fields[i - 1], '\t');
            fields[i] = tab == NULL ? NULL : tab + 1;
        }
        if (line[0] < '0' || line[0] > '9' || fields[3] == NULL) {
            continue;
        }
        snprintf(accepted, sizeof accepted, "%.10s", fields[0]);
        n = (int)strtol(fields[1], NULL, 10);
        snprintf(known, sizeof known, "%.10s", fields[2]);
        snprintf(due, sizeof due, "%.*s", (int)strcspn(fields[3], "\t\n"), fields[3]);
        struct town town;
        char at[32];
        begin(&town, known);
        snprintf(at, sizeof at, "%sT10:00", accepted);
        publish(&town, "I1", n, n);
        assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .at = at}));
        const bool is_known = town_report(&town, &(struct act){.step = STEP(ACCEPTED), .at = at});
        assert_int_equal(is_known, strcmp(due, "error") != 0);
        if (is_known) {
            assert_day(town_case(&town, "C1")->promised_due, due);
            assert_day(town_case(&town, "C1")->statutory_due, due);
        } else {
            assert_int_equal(town.decision.code, REFUSAL(CALENDAR_HORIZON));
        }
        end(&town);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 14);
}

/* The Spring Festival of 2020: a second notice, on 27 January, took back what the first one had said. Open cases are
 * planned anew, decided ones keep their verdict. */
static void spring_festival(void **state) {
    (void)state;
    struct town town;
    begin(&town, "2020-01-22");
    publish(&town, "I1", 3, 20);
    open_case(&town, "C1", "I1", "2020-01-22T10:00", true);
    open_case(&town, "C2", "I1", "2020-01-22T10:00", true);
    open_case(&town, "C3", "I1", "2020-01-17T10:00", true);
    assert_day(town_case(&town, "C1")->promised_due, "2020-02-01"); /* a Saturday to be worked */
    assert_day(town_case(&town, "C1")->statutory_due, "2020-02-25");
    assert_day(town_case(&town, "C3")->promised_due, "2020-01-21");
    decide_case(&town, "C2", "2020-01-23T10:00");
    const struct approval_case decided = *town_case(&town, "C2");
    assert_int_equal(decided.charged, 1);
    assert_int_equal(decided.decided_seq, town.seq); /* the calendar before this event */
    assert_true(town_load_notice(&town, "2020-B"));
    assert_true(town_tick(&town, "2020-01-27T09:00") > 0);
    assert_day(town_case(&town, "C1")->promised_due, "2020-02-04");
    assert_day(town_case(&town, "C1")->statutory_due, "2020-02-27");
    assert_day(town_case(&town, "C3")->promised_due, "2020-01-21"); /* before anything changed */
    assert_day(town_case(&town, "C2")->promised_due, "2020-02-01");
    assert_int_equal(town_case(&town, "C2")->flags, decided.flags);
    decide_case(&town, "C1", "2020-02-04T23:59"); /* workdays: 23 January, 3 and 4 February */
    assert_int_equal(town_case(&town, "C1")->charged, 3);
    assert_true((town_case(&town, "C1")->flags & CASE_ON_TIME) != 0);
    end(&town);
}

/* --- charged days --- */

/* As the rules say it, day by day: worked, after acceptance, and in no (from, until] of a pause that stops this clock.
 */
static int32_t walk(const struct town *town, const struct approval_case *row, enum clock_kind kind, int32_t last) {
    const struct calendar calendar = approvals_calendar(&town->approvals);
    int32_t charged = 0;
    for (int32_t day = civil_day_of_s(row->accepted_at) + 1; day <= last; day++) {
        bool is_charged = calendar_kind_is_work(calendar_kind_of(&calendar, day));
        for (uint32_t at = row->first_pause; at != 0; at = approvals_pause(&town->approvals, at)->next) {
            const struct case_pause *pause = approvals_pause(&town->approvals, at);
            const bool stops = kind == CLOCK_PROMISED || pause->stops_statutory;
            is_charged = is_charged && !(stops && pause->from < day && day <= pause->until);
        }
        charged += is_charged;
    }
    return charged;
}

static void check_clock(const struct town *town, const struct approval_case *row, enum clock_kind kind, int32_t limit,
                        int32_t due) {
    const int32_t accepted = civil_day_of_s(row->accepted_at);
    for (int32_t day = accepted - 1; day < accepted + 120; day++) {
        int32_t charged;
        assert_true(case_clock_charged(&town->approvals, row, kind, day, &charged));
        assert_int_equal(charged, walk(town, row, kind, day));
    }
    assert_int_equal(walk(town, row, kind, due), limit);
    assert_true(walk(town, row, kind, due - 1) < limit); /* the first such day */
    int32_t again;
    assert_true(case_clock_due(&town->approvals, row, kind, due, &again));
    assert_int_equal(again, due);
}

/* Cases with suspensions drawn at random, of kinds that stop both clocks or one, ended early or as planned, over the
 * Festival. */
static void clocks_equal_walking(void **state) {
    (void)state;
    enum { CASES = 60, PAUSES = 6 };
    struct town town;
    uint64_t random = 45;
    begin(&town, "2020-12-01");
    assert_true(town_publish(&town, &(struct town_item){.code = "I1", .promised = 17, .statutory = 45}));
    for (unsigned i = 0; i < CASES; i++) {
        char number[16];
        int64_t at_ms = town_ms("2020-01-06T10:00") + (int64_t)i * 86400000;
        snprintf(number, sizeof number, "C%u", i);
        assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = number, .at_ms = at_ms}));
        assert_true(town_report(&town, &(struct act){.step = STEP(ACCEPTED), .number = number, .at_ms = at_ms}));
        assert_true(
            town_report(&town, &(struct act){.step = STEP(DEPARTMENT_STARTED), .number = number, .at_ms = at_ms}));
        for (unsigned j = 0;
             j < PAUSES && walk(&town, town_case(&town, number), CLOCK_PROMISED, civil_day_of_ms(at_ms)) < 10; j++) {
            random = hash_mix64(random + 1);
            char until[CIVIL_DATE_TEXT_BYTES];
            civil_date_format(civil_day_of_ms(at_ms) + (int32_t)(random >> 8 & 7), until);
            const int32_t planned = town_day(until);
            assert_true(
                town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .number = number,
                                                 .at_ms = at_ms,
                                                 .until = until,
                                                 .special = random & 1 ? SPECIAL(PAPERS) : SPECIAL(EXPERT_REVIEW)}));
            const int32_t due = town_case(&town, number)->promised_due;
            at_ms += (int64_t)(random >> 16 & 7) * 86400000;
            assert_true(
                town_report(&town, &(struct act){.step = STEP(SPECIAL_ENDED), .number = number, .at_ms = at_ms}));
            assert_true(town_case(&town, number)->promised_due <= due);
            assert_int_equal(town_case(&town, number)->promised_due == due || civil_day_of_ms(at_ms) < planned, true);
            at_ms += (int64_t)(random >> 24 & 1) * 86400000;
        }
        const struct approval_case *row = town_case(&town, number);
        check_clock(&town, row, CLOCK_PROMISED, 17, row->promised_due);
        check_clock(&town, row, CLOCK_STATUTORY, 45, row->statutory_due);
    }
    end(&town);
}

/* While it stands, the days in the row are those of the planned end; asked for another day, as if it ended then. */
static void an_open_pause(void **state) {
    (void)state;
    struct town town;
    int32_t due, charged;
    begin(&town, "2020-12-01");
    publish(&town, "I1", 5, 20);
    open_case(&town, "C1", "I1", "2020-03-02T10:00", true);
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .special = SPECIAL(PAPERS),
                                                 .until = "2020-03-13",
                                                 .at = "2020-03-04T10:00"}));
    const struct approval_case *row = town_case(&town, "C1");
    assert_day(row->promised_due, "2020-03-18");
    assert_day(row->statutory_due, "2020-03-30");
    assert_true(case_clock_due(&town.approvals, row, CLOCK_PROMISED, town_day("2020-03-06"), &due));
    assert_day(due, "2020-03-11");
    assert_true(case_clock_charged(&town.approvals, row, CLOCK_PROMISED, town_day("2020-03-12"), &charged));
    assert_int_equal(charged, 2);
    assert_true(case_clock_charged(&town.approvals, row, CLOCK_STATUTORY, town_day("2020-03-12"), &charged));
    assert_int_equal(charged, 8);
    struct case_clock clock;
    case_clock(&town.approvals, row, CLOCK_STATUTORY, &clock);
    assert_int_equal(clock.pause_count, 0);
    case_clock(&town.approvals, row, CLOCK_PROMISED, &clock);
    assert_int_equal(clock.pause_count, 1);
    assert_int_equal(clock.pauses[0].until, PAUSE_OPEN);
    assert_int_equal(clock.limit.amount, 5);
    assert_int_equal(clock.start, town_day("2020-03-02"));
    end(&town);
}

/* --- lights --- */

/* Nine tenths used or one day left, of more than one. */
static void yellow_days(void **state) {
    (void)state;
    static const struct {
        int32_t n;
        const char *from; /* the beginning of this day */
    } rows[] = {{0, "none"},       {1, "none"},        {2, "2020-03-04"},  {3, "2020-03-05"}, {5, "2020-03-07"},
                {9, "2020-03-13"}, {10, "2020-03-14"}, {11, "2020-03-17"}, {20, "2020-03-27"}};
    struct town town;
    begin(&town, "2020-12-01");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char number[16];
        snprintf(number, sizeof number, "C%zu", i);
        publish(&town, number, rows[i].n, 60);
        open_case(&town, number, number, "2020-03-02T10:00", true);
        assert_day(case_yellow_day(&town.approvals, town_case(&town, number)), rows[i].from);
    }
    assert_true(town_publish(&town, &(struct town_item){.code = "HOURS",
                                                        .promised = 40,
                                                        .statutory = 80,
                                                        .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR}));
    open_case(&town, "H", "HOURS", "2020-03-02T10:00", true);
    assert_int_equal(case_yellow_day(&town.approvals, town_case(&town, "H")), 0);
    town.approvals.options.yellow_tenths = 5; /* settings */
    assert_day(case_yellow_day(&town.approvals, town_case(&town, "C8")), "2020-03-17");
    town.approvals.options.yellow_days = 30;
    assert_day(case_yellow_day(&town.approvals, town_case(&town, "C8")), "2020-03-03");
    town_release(&town);
}

static void lights(void **state) {
    (void)state;
    static const struct {
        const char *number, *day;
        int want;
    } rows[] = {
        {"NEW", "2020-06-01", LIGHT(GREEN)},       {"RUN", "2020-03-02", LIGHT(GREEN)},
        {"RUN", "2020-03-05", LIGHT(GREEN)},       {"RUN", "2020-03-06", LIGHT(YELLOW)},
        {"RUN", "2020-03-09", LIGHT(YELLOW)},      {"RUN", "2020-03-10", LIGHT(RED)},
        {"RUN", "2020-03-30", LIGHT(RED)},         {"RUN", "2020-03-31", LIGHT(PURPLE)},
        {"REST", "2020-03-03", LIGHT(GREY)},       {"REST", "2020-03-13", LIGHT(GREY)},
        {"LATE", "2020-03-12", LIGHT(RED)},        {"DONE", "2020-06-01", LIGHT(UNSPECIFIED)},
        {"ASK", "2020-06-01", LIGHT(GREEN)},       {"HOUR", "2020-03-02", LIGHT(GREEN)},
        {"HOUR", "2020-03-03", LIGHT(RED)},        {"HOUR", "2020-03-04", LIGHT(PURPLE)},
        {"OUT", "2020-06-01", LIGHT(UNSPECIFIED)},
    };
    struct town town;
    begin(&town, "2020-12-01");
    publish(&town, "I1", 5, 20);
    assert_true(town_publish(&town, &(struct town_item){.code = "HOURS",
                                                        .promised = 20,
                                                        .statutory = 40,
                                                        .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR}));
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "NEW", .at = "2020-03-02T10:00"}));
    open_case(&town, "RUN", "I1", "2020-03-02T10:00", false);
    open_case(&town, "HOUR", "HOURS", "2020-03-02T10:00", false); /* to the 3rd, 06:00, and the 4th, 02:00 */
    open_case(&town, "REST", "I1", "2020-03-02T10:00", true);
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .number = "REST",
                                                 .special = SPECIAL(TEST),
                                                 .until = "2020-03-13",
                                                 .at = "2020-03-03T10:00"}));
    open_case(&town, "LATE", "I1", "2020-03-02T10:00", true); /* it stands, but was late before */
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .number = "LATE",
                                                 .special = SPECIAL(TEST),
                                                 .until = "2020-03-13",
                                                 .at = "2020-03-11T10:00"}));
    open_case(&town, "DONE", "I1", "2020-03-02T10:00", true);
    decide_case(&town, "DONE", "2020-03-03T10:00");
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "ASK", .at = "2020-03-02T10:00"}));
    town_step(&town, "ASK", STEP(SUPPLEMENT_STARTED), "2020-03-02T10:00");
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "OUT", .at = "2020-03-02T10:00"}));
    town_step(&town, "OUT", STEP(NOT_OURS), "2020-03-02T10:00");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int light = case_light(&town.approvals, town_case(&town, rows[i].number), town_day(rows[i].day));
        if (light != rows[i].want) {
            fail_msg("%s on %s is %d, not %d", rows[i].number, rows[i].day, light, rows[i].want);
        }
    }
    end(&town);
}

/* --- what a case waits for --- */

static void assert_wakes(const struct town *town, const char *number, const char *want) {
    const uint32_t row = approvals_find_case(&town->approvals, number);
    const uint32_t minute = agenda_minute(&town->approvals.case_agenda, row);
    assert_int_equal(minute, want == NULL ? 0 : agenda_minute_of_s(town_ms(want) / 1000));
    assert_int_equal(minute, case_wake(&town->approvals, town_case(town, number)));
}

/* Each thing that time brings, one after the other, at the instant at which it is true. */
static void what_it_waits_for(void **state) {
    (void)state;
    struct town town;
    begin(&town, "2020-12-01");
    publish(&town, "I1", 5, 20);
    assert_true(
        town_publish(&town, &(struct town_item){.code = "LACK", .promised = 5, .statutory = 20, .deficiency = true}));
    assert_true(town_publish(&town, &(struct town_item){.code = "HOURS",
                                                        .promised = 4,
                                                        .statutory = 8,
                                                        .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR}));
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .at = "2020-01-22T10:00"}));
    assert_wakes(&town, "C1", "2020-02-07T00:00"); /* five workdays of silence, over the Festival */
    town_step(&town, "C1", STEP(SUPPLEMENT_STARTED), "2020-02-05T10:00");
    assert_wakes(&town, "C1", "2020-03-19T00:00");
    town_step(&town, "C1", STEP(SUPPLEMENT_ENDED), "2020-02-28T10:00");
    assert_wakes(&town, "C1", "2020-03-07T00:00");
    town_step(&town, "C1", STEP(ACCEPTED), "2020-03-02T10:00");
    assert_wakes(&town, "C1", "2020-03-06T00:00"); /* yellow; it counts from 28 February on */
    town_step(&town, "C1", STEP(DEPARTMENT_STARTED), "2020-03-02T10:00");
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .special = SPECIAL(TEST),
                                                 .until = "2020-03-04",
                                                 .at = "2020-03-03T10:00"}));
    assert_wakes(&town, "C1", "2020-03-05T00:00"); /* its end */
    town_step(&town, "C1", STEP(SPECIAL_ENDED), "2020-03-04T10:00");
    assert_wakes(&town, "C1", "2020-03-07T00:00");
    assert_int_equal(town_tick(&town, "2020-03-06T23:59"), 0);
    assert_true(town_tick(&town, "2020-03-07T00:00") > 0);
    assert_wakes(&town, "C1", "2020-03-10T00:00"); /* the promise */
    assert_true(town_tick(&town, "2020-03-10T00:00") > 0);
    assert_wakes(&town, "C1", "2020-03-31T00:00"); /* the law */
    decide_case(&town, "C1", "2020-03-10T10:00");
    assert_wakes(&town, "C1", "2020-03-25T00:00"); /* the certificate */
    town_step(&town, "C1", STEP(DELIVERED), "2020-03-10T10:00");
    assert_wakes(&town, "C1", NULL);

    open_case(&town, "H", "HOURS", "2020-03-02T10:30", true);
    assert_wakes(&town, "H", "2020-03-02T14:31"); /* the first minute behind 14:30 */
    open_case(&town, "L", "LACK", "2020-03-02T10:00", true);
    assert_true(town_report(&town, &(struct act){.step = STEP(APPROVED_WITH_DEFICIENCY),
                                                 .number = "L",
                                                 .actor = ACTOR(HANDLER),
                                                 .at = "2020-03-03T10:00"}));
    assert_true(town_report(&town, &(struct act){.step = STEP(APPROVED_WITH_DEFICIENCY),
                                                 .number = "L",
                                                 .until = "2020-03-12",
                                                 .at = "2020-03-03T10:00"}));
    assert_wakes(&town, "L", "2020-03-13T00:00"); /* the papers, before the certificate */
    town_step(&town, "L", STEP(DELIVERED), "2020-03-04T10:00");
    assert_wakes(&town, "L", "2020-03-13T00:00");
    town_step(&town, "L", STEP(PAPERS_IN), "2020-03-05T10:00");
    assert_wakes(&town, "L", NULL);
    end(&town);
}

/* --- what time brings --- */

/* No word within five workdays is acceptance, as of the receipt or the day on which the papers came. */
static void deemed_acceptance(void **state) {
    (void)state;
    struct town town;
    begin(&town, "2020-12-01");
    publish(&town, "I1", 5, 20);
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "C1", .at = "2020-03-02T10:00"}));
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "C2", .at = "2020-03-02T10:00"}));
    town_step(&town, "C2", STEP(SUPPLEMENT_STARTED), "2020-03-02T11:00");
    town_step(&town, "C2", STEP(SUPPLEMENT_ENDED), "2020-03-05T11:00");
    assert_true(town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "C3", .at = "2020-03-02T10:00"}));
    town_step(&town, "C3", STEP(SUPPLEMENT_STARTED), "2020-03-02T11:00");
    town_tick(&town, "2020-05-01T09:00"); /* after a long standstill */
    const struct approval_case *one = town_case(&town, "C1"), *two = town_case(&town, "C2"),
                               *three = town_case(&town, "C3");
    assert_int_equal(one->state, STATE(ACCEPTED));
    assert_int_equal(one->accepted_at, town_ms("2020-03-02T10:00") / 1000);
    assert_day(one->promised_due, "2020-03-09");
    assert_day(one->statutory_due, "2020-03-30");
    assert_true((one->flags & CASE_DEEMED) != 0);
    assert_int_equal(two->accepted_at, town_ms("2020-03-05T11:00") / 1000);
    assert_day(two->promised_due, "2020-03-12");
    assert_int_equal(three->state, STATE(WITHDRAWN));
    assert_int_equal(three->decided_at, town_ms("2020-04-15T00:00") / 1000);
    assert_false(town_report(&town, &(struct act){.step = STEP(NOT_OURS), .number = "C1", .at = "2020-05-02T10:00"}));
    assert_int_equal(town.decision.code, REFUSAL(WRONG_ORDER));
    end(&town);
}

/* Sums what the feed says of open cases that are late. */
static void sum_overdue(void *user, const struct event *event) {
    const Approvals__V1__Event *said = (const Approvals__V1__Event *)event->public_body;
    if (said != NULL && said->body_case == APPROVALS__V1__EVENT__BODY_CASE_MOVED) {
        *(int *)user += said->case_moved->open_overdue;
    }
}

/* Late cases are counted while they are open: until they are decided, withdrawn, or given more time. */
static void open_overdue(void **state) {
    (void)state;
    struct town town;
    int overdue = 0;
    begin(&town, "2020-12-01");
    town.watch = sum_overdue;
    town.user = &overdue;
    publish(&town, "I1", 5, 20);
    static const char *const numbers[] = {"C1", "C2", "C3", "C4"};
    for (size_t i = 0; i < 4; i++) {
        open_case(&town, numbers[i], "I1", "2020-03-02T10:00", true);
    }
    town_tick(&town, "2020-03-09T23:59");
    assert_int_equal(overdue, 0);
    town_tick(&town, "2020-03-10T00:00");
    assert_int_equal(overdue, 4);
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .number = "C1",
                                                 .special = SPECIAL(EXTENSION),
                                                 .days = 10,
                                                 .at = "2020-03-10T10:00"}));
    assert_int_equal(overdue, 3);
    assert_int_equal(town_case(&town, "C1")->flags & (CASE_EXTENDED | CASE_WARNED | CASE_PROMISED_PASSED),
                     CASE_EXTENDED);
    assert_wakes(&town, "C1", "2020-03-21T00:00"); /* yellow once more */
    assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                 .number = "C2",
                                                 .special = SPECIAL(EXTENSION),
                                                 .days = 1,
                                                 .at = "2020-03-12T10:00"}));
    assert_int_equal(overdue, 3); /* not enough */
    assert_true((town_case(&town, "C2")->flags & CASE_PROMISED_PASSED) != 0);
    assert_int_not_equal(approvals_slip(&town.approvals, town_case(&town, "C3")->first_slip)->state,
                         COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED);
    decide_case(&town, "C3", "2020-03-12T10:00");
    assert_int_equal(overdue, 2);
    assert_int_equal(approvals_slip(&town.approvals, town_case(&town, "C3")->first_slip)->state,
                     COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED);
    assert_int_equal(town_case(&town, "C3")->last_seq, town.seq);
    assert_int_equal(town.log[town.seq - 1].prev, town.seq - 1);
    town_step(&town, "C4", STEP(WITHDRAWAL_ASKED), "2020-03-12T10:00");
    town_step(&town, "C4", STEP(WITHDRAWN), "2020-03-12T10:00");
    assert_int_equal(overdue, 1);
    decide_case(&town, "C2", "2020-03-12T10:00");
    decide_case(&town, "C1", "2020-03-12T10:00");
    assert_int_equal(overdue, 0);
    end(&town);
}

/* A pause ends on its planned day, whether time or a late officer says so. */
static void a_pause_is_capped(void **state) {
    (void)state;
    struct town town;
    begin(&town, "2020-12-01");
    publish(&town, "I1", 5, 20);
    static const char *const numbers[] = {"C1", "C2"};
    for (size_t i = 0; i < 2; i++) {
        open_case(&town, numbers[i], "I1", "2020-03-02T10:00", true);
        assert_true(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                     .number = numbers[i],
                                                     .special = SPECIAL(TEST),
                                                     .until = "2020-03-13",
                                                     .at = "2020-03-04T10:00"}));
    }
    town_step(&town, "C2", STEP(SPECIAL_ENDED), "2020-03-17T10:00");
    town_tick(&town, "2020-03-17T10:00");
    const struct approval_case *one = town_case(&town, "C1"), *two = town_case(&town, "C2");
    assert_int_equal(one->state, STATE(REVIEW));
    assert_int_equal(approvals_pause(&town.approvals, one->first_pause)->until, town_day("2020-03-13"));
    assert_int_equal(approvals_pause(&town.approvals, two->first_pause)->until, town_day("2020-03-13"));
    assert_day(one->promised_due, "2020-03-18");
    assert_int_equal(one->promised_due, two->promised_due);
    assert_int_equal(one->statutory_due, two->statutory_due);
    assert_int_equal(one->until_day, 0);
    end(&town);
}

/* --- texts --- */

static void broken_texts(void **state) {
    (void)state;
    static const uint8_t body[] = {9, 9, TEXT_REASON, 2, 0, 'n', 'o', TEXT_GROUND, 1, 0, 'x'};
    enum text_kind kind;
    const char *text;
    size_t at = 2, size;
    assert_true(texts_next(body, sizeof body, &at, &kind, &text, &size));
    assert_int_equal(kind, TEXT_REASON);
    assert_int_equal(size, 2);
    assert_memory_equal(text, "no", 2);
    assert_true(texts_next(body, sizeof body, &at, &kind, &text, &size));
    assert_int_equal(kind, TEXT_GROUND);
    assert_int_equal(at, sizeof body);
    assert_false(texts_next(body, sizeof body, &at, &kind, &text, &size));
    for (size_t cut = 2; cut < sizeof body; cut++) { /* never beyond the end, wherever it is cut */
        uint8_t *copy = malloc(cut);
        unsigned count = 0;
        assert_non_null(copy);
        memcpy(copy, body, cut);
        for (at = 2; texts_next(copy, cut, &at, &kind, &text, &size);) {
            count++;
        }
        assert_int_equal(count, cut >= 7 ? 1 : 0);
        free(copy);
    }
    at = sizeof body + 5;
    assert_false(texts_next(body, sizeof body, &at, &kind, &text, &size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_date_vectors),     cmocka_unit_test(spring_festival),
        cmocka_unit_test(clocks_equal_walking), cmocka_unit_test(an_open_pause),
        cmocka_unit_test(yellow_days),          cmocka_unit_test(lights),
        cmocka_unit_test(what_it_waits_for),    cmocka_unit_test(deemed_acceptance),
        cmocka_unit_test(open_overdue),         cmocka_unit_test(a_pause_is_capped),
        cmocka_unit_test(broken_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
