#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "issues/task_steps.h"
#include "support/issues_ledger.h"

/* How far indicators and tasks are, how far they should be, and the colours that follow: arithmetic alone. */

#define KIND(word) INDICATOR_KIND(word)
#define BIG INT64_C(1000000000000000) /* 10^15: no value of an indicator is beyond it */

/* --- one indicator --- */

struct measure {
    int kind;
    int64_t baseline, target, total, measured;
    bool is_measured;
    uint32_t progress;
    bool is_met;
};

static const struct measure measures[] = {
    /* up: clipped on both sides, rounded down, falling back below where it began */
    {KIND(INCREASE), 0, 1000, 0, 0, false, 0, false},
    {KIND(INCREASE), 0, 1000, 0, 0, true, 0, false},
    {KIND(INCREASE), 0, 1000, 0, 999, true, 999, false},
    {KIND(INCREASE), 0, 1000, 0, 1000, true, 1000, true},
    {KIND(INCREASE), 0, 1000, 0, 5000, true, 1000, true},
    {KIND(INCREASE), 0, 1000, 0, -1, true, 0, false},
    {KIND(INCREASE), 0, 3, 0, 1, true, 333, false},
    {KIND(INCREASE), 0, 3, 0, 2, true, 666, false},
    {KIND(INCREASE), -500, 500, 0, 0, true, 500, false},
    {KIND(INCREASE), 200, 201, 0, 200, true, 0, false},
    {KIND(INCREASE), 200, 201, 0, 201, true, 1000, true},
    /* almost is not met, though it is nearly the whole */
    {KIND(INCREASE), 0, 1000000, 0, 999999, true, 999, false},
    {KIND(INCREASE), -BIG, BIG, 0, 0, true, 500, false},
    {KIND(INCREASE), -BIG, BIG, 0, BIG - 1, true, 999, false},
    {KIND(INCREASE), -BIG, BIG, 0, BIG, true, 1000, true},
    {KIND(INCREASE), -BIG, BIG, 0, -BIG, true, 0, false},
    {KIND(INCREASE), BIG - 1, BIG, 0, -BIG, true, 0, false},
    /* down, to nothing at all; and up again */
    {KIND(DECREASE), 1000, 0, 0, 1000, false, 0, false},
    {KIND(DECREASE), 1000, 0, 0, 1000, true, 0, false},
    {KIND(DECREASE), 1000, 0, 0, 1, true, 999, false},
    {KIND(DECREASE), 1000, 0, 0, 0, true, 1000, true},
    {KIND(DECREASE), 1000, 0, 0, -1, true, 1000, true},
    {KIND(DECREASE), 1000, 0, 0, 250, true, 750, false},
    {KIND(DECREASE), 1000, 0, 0, 1500, true, 0, false},
    {KIND(DECREASE), BIG, -BIG, 0, 0, true, 500, false},
    {KIND(DECREASE), BIG, -BIG, 0, -BIG, true, 1000, true},
    {KIND(DECREASE), -BIG + 1, -BIG, 0, BIG, true, 0, false},
    /* at least, at most: what it was before counts only on the way, and nothing is met unmeasured */
    {KIND(REACH_AT_LEAST), 9500, 9000, 0, 9500, false, 0, false},
    {KIND(REACH_AT_LEAST), 9500, 9000, 0, 9500, true, 1000, true},
    {KIND(REACH_AT_LEAST), 9500, 9000, 0, 9000, true, 1000, true},
    {KIND(REACH_AT_LEAST), 9500, 9000, 0, 8999, true, 0, false},
    {KIND(REACH_AT_LEAST), 9000, 9000, 0, 8999, true, 0, false},
    {KIND(REACH_AT_LEAST), 8000, 9000, 0, 8500, true, 500, false},
    {KIND(REACH_AT_MOST), 300, 500, 0, 300, false, 0, false},
    {KIND(REACH_AT_MOST), 300, 500, 0, 500, true, 1000, true},
    {KIND(REACH_AT_MOST), 300, 500, 0, 501, true, 0, false},
    {KIND(REACH_AT_MOST), 900, 500, 0, 800, true, 250, false},
    {KIND(REACH_AT_MOST), 0, 0, 0, 0, true, 1000, true},
    /* yes or no */
    {KIND(BOOLEAN), 0, 100, 0, 0, false, 0, false},
    {KIND(BOOLEAN), 0, 100, 0, 0, true, 0, false},
    {KIND(BOOLEAN), 0, 100, 0, 100, true, 1000, true},
    {KIND(BOOLEAN), 100, 100, 0, 100, false, 0, false},
    {KIND(BOOLEAN), 100, 100, 0, 100, true, 1000, true},
    /* n of N, of those that are to be reached */
    {KIND(COVERAGE), 0, 100900, 100900, 100900, true, 1000, true},
    {KIND(COVERAGE), 0, 100900, 100900, 100800, true, 999, false},
    {KIND(COVERAGE), 0, 100900, 100900, 0, true, 0, false},
    {KIND(COVERAGE), 50000, 100900, 100900, 50000, false, 0, false},
    {KIND(COVERAGE), 50000, 100900, 100900, 50450, true, 500, false},
    {KIND(COVERAGE), 0, 50000, 100000, 75000, true, 1000, true},
    {KIND(COVERAGE), 0, 50000, 100000, 25000, true, 500, false},
    {KIND(COVERAGE), 0, 0, 100, 0, false, 0, false},
    {KIND(COVERAGE), 0, 0, 100, 0, true, 1000, true},
    {KIND(COVERAGE), 0, BIG, BIG, BIG - 1, true, 999, false},
    {KIND(UNSPECIFIED), 0, 100, 0, 100, true, 0, false},
};

static struct indicator indicator_of(const struct measure *m) {
    return (struct indicator){.baseline = m->baseline,
                              .target = m->target,
                              .measured = m->measured,
                              .total = m->total,
                              .measured_at = m->is_measured ? 1580000000 : 0,
                              .kind = (uint8_t)m->kind};
}

static void an_indicator_is_as_far_as_its_last_value(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        const struct indicator row = indicator_of(&measures[i]);
        if (indicator_progress(&row) != measures[i].progress || indicator_is_met(&row) != measures[i].is_met) {
            fail_msg("measure %zu: %u, %d", i, indicator_progress(&row), indicator_is_met(&row));
        }
    }
}

static uint64_t seed = 20200101;
static uint64_t draw(uint64_t below) {
    seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(seed) % below;
}

/* Of any size; small ones too, so that they meet. */
static int64_t a_value(void) {
    const uint64_t width = draw(2) == 0 ? 2000 : 2 * (uint64_t)BIG + 1;
    return (int64_t)draw(width) - (int64_t)(width / 2);
}

/* The definition, in wider numbers. */
static uint32_t share(__int128 part, __int128 whole) {
    const __int128 permille = part * 1000 / whole;
    return part <= 0 ? 0 : permille >= 1000 ? 1000 : (uint32_t)permille;
}

static void it_agrees_with_the_definition(void **state) {
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct indicator row = {.baseline = a_value(), .target = a_value(), .measured = a_value(), .measured_at = 1};
        if (row.target == row.baseline) {
            continue;
        }
        row.kind = row.target > row.baseline ? KIND(INCREASE) : KIND(DECREASE);
        const uint32_t expected = share((__int128)row.measured - row.baseline, (__int128)row.target - row.baseline);
        if (row.target < row.baseline) { /* both signs turn */
            assert_int_equal(share((__int128)row.baseline - row.measured, (__int128)row.baseline - row.target),
                             indicator_progress(&row));
        } else {
            assert_int_equal(expected, indicator_progress(&row));
        }
        assert_int_equal(indicator_is_met(&row), indicator_progress(&row) == 1000);
    }
}

/* --- a task --- */

struct desk {
    struct office office;
    struct task task;
};

/* A task from 2020-01-01 (day 0 of the tests) that is due on day 100, doing, and reported on day 0. */
static void desk_begin(struct desk *desk) {
    *desk = (struct desk){.task = {.state = TASK_STATE(DOING), .lag = TASK_LAG(NONE)}};
    office_init(&desk->office, 10);
    desk->task.start = office_day("2020-01-01");
    desk->task.due = desk->task.start + 100;
    desk->task.first_indicator = 1;
    desk->task.first_milestone = 1;
    desk->task.reported_at = (uint32_t)(civil_ms_of_day(desk->task.start) / 1000);
}

static void add_indicator(struct desk *desk, const struct measure *m) {
    struct indicator *row = table_add(&desk->office.issues.indicators, &(uint32_t){0});
    *row = indicator_of(m);
    desk->task.indicator_count++;
}

static void add_milestone(struct desk *desk, int32_t day, uint16_t expected, bool is_closed) {
    struct milestone *row = table_add(&desk->office.issues.milestones, &(uint32_t){0});
    *row = (struct milestone){.due = desk->task.start + day, .expected = expected, .closed_at = is_closed};
    desk->task.milestone_count++;
}

static void a_task_is_the_mean_of_its_indicators(void **state) {
    static const struct measure whole = {KIND(INCREASE), 0, 10, 0, 10, true, 0, false},
                                third = {KIND(INCREASE), 0, 3, 0, 1, true, 0, false},
                                none = {KIND(INCREASE), 0, 3, 0, 0, false, 0, false};
    (void)state;
    struct desk desk;
    desk_begin(&desk);
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), 0); /* nothing to measure it by */
    add_milestone(&desk, 10, 0, true);
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), 1000);
    add_milestone(&desk, 20, 0, false);
    add_milestone(&desk, 30, 0, false);
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), 333);
    add_indicator(&desk, &third); /* from now on milestones do not count */
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), 333);
    add_indicator(&desk, &whole);
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), (1000 + 333) / 2);
    add_indicator(&desk, &none);
    assert_int_equal(task_progress(&desk.office.issues, &desk.task), (1000 + 333) / 3);
    struct task_change change = {.indicator = 3, .measured = indicator_of(&whole)};
    assert_int_equal(task_progress_after(&desk.office.issues, &desk.task, &change), (1000 + 1000 + 333) / 3);
    desk.task.indicator_count = 0;
    assert_int_equal(task_progress_after(&desk.office.issues, &desk.task, &(struct task_change){.milestone = 3}), 666);
    office_release(&desk.office);
}

static void expected_follows_the_milestones(void **state) {
    static const struct {
        int32_t day;
        uint32_t plain, curve;
    } days[] = {{-10, 0, 0},    {0, 0, 0},         {1, 10, 5},        {10, 100, 50},     {20, 200, 100},
                {30, 300, 350}, {39, 390, 575},    {40, 400, 600},    {41, 410, 606},    {70, 700, 800},
                {99, 990, 993}, {100, 1000, 1000}, {101, 1000, 1000}, {5000, 1000, 1000}};
    (void)state;
    struct desk plain, curve;
    desk_begin(&plain);
    desk_begin(&curve);
    add_milestone(&plain, 20, 0, false); /* as time goes */
    add_milestone(&curve, 20, 100, false);
    add_milestone(&curve, 30, 0, true);
    add_milestone(&curve, 40, 600, false);
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        const int32_t day = plain.task.start + days[i].day;
        assert_int_equal(task_expected(&plain.office.issues, &plain.task, day), days[i].plain);
        assert_int_equal(task_expected(&curve.office.issues, &curve.task, day), days[i].curve);
    }
    plain.task.due = plain.task.start; /* all in a day */
    plain.task.milestone_count = 0;
    assert_int_equal(task_expected(&plain.office.issues, &plain.task, plain.task.start - 1), 0);
    assert_int_equal(task_expected(&plain.office.issues, &plain.task, plain.task.start), 1000);
    add_milestone(&curve, 40, 900, false); /* two on a day: the last one holds */
    assert_int_equal(task_expected(&curve.office.issues, &curve.task, curve.task.start + 39), 575);
    assert_int_equal(task_expected(&curve.office.issues, &curve.task, curve.task.start + 40), 900);
    office_release(&plain.office);
    office_release(&curve.office);
}

/* Each colour on its first day, in words: "Y31" yellow from day 31 on. */
static const char *colours(struct desk *desk) {
    static char words[128];
    Issues__V1__TaskLag last = TASK_LAG(NONE);
    words[0] = '\0';
    for (int32_t day = -50; day < 400; day++) {
        const Issues__V1__TaskLag lag = task_lag(&desk->office.issues, &desk->task, desk->task.start + day);
        assert_true(lag >= last); /* time alone makes nothing better */
        if (lag != last) {
            const size_t used = strlen(words);
            snprintf(words + used, sizeof words - used, "%s%c%d", used == 0 ? "" : " ", "??YOR"[lag], day);
        }
        last = lag;
    }
    return words;
}

static void colours_come_on_their_day(void **state) {
    struct measure m = {KIND(INCREASE), 0, 1000, 0, 0, true, 0, false};
    (void)state;
    struct desk desk;
    desk_begin(&desk);
    add_indicator(&desk, &m);
    struct indicator *row = issues_indicator(&desk.office.issues, 1);
    struct task *task = &desk.task;
    assert_string_equal(colours(&desk), "Y11 R101"); /* 110 expected is more than 0 + 100 */
    row->measured = 100;
    assert_string_equal(colours(&desk), "Y21 R101");
    row->measured = 109;
    assert_string_equal(colours(&desk), "Y21 R101");
    row->measured = 110;
    assert_string_equal(colours(&desk), "Y22 R101");
    row->measured = 900;
    assert_string_equal(colours(&desk), "Y32 R101"); /* no report for 31 days */
    task->reported_at += 40 * 86400;
    assert_string_equal(colours(&desk), "Y72 R101");
    task->state = TASK_STATE(ISSUED); /* nobody has to report yet */
    assert_string_equal(colours(&desk), "R101");
    row->measured = 800;
    assert_string_equal(colours(&desk), "Y91 R101");
    task->state = TASK_STATE(SIGNOFF_ASKED);
    assert_string_equal(colours(&desk), "R101");
    task->state = TASK_STATE(DOING);
    add_milestone(&desk, 5, 0, false);
    assert_string_equal(colours(&desk), "O6 R101");
    issues_milestone(&desk.office.issues, 1)->closed_at = 1;
    add_milestone(&desk, 95, 0, false);
    assert_string_equal(colours(&desk), "Y72 O96 R101");
    task->reported_at = 0; /* never */
    row->measured = 1000;
    assert_string_equal(colours(&desk), "Y32 O96 R101");
    const Issues__V1__TaskState silent[] = {TASK_STATE(DRAFT), TASK_STATE(SIGNED_OFF), TASK_STATE(DEFERRED),
                                            TASK_STATE(CANCELLED), TASK_STATE(CARRIED_OVER)};
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        task->state = (uint8_t)silent[i];
        assert_string_equal(colours(&desk), "");
    }
    office_release(&desk.office);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_indicator_is_as_far_as_its_last_value),
        cmocka_unit_test(it_agrees_with_the_definition),
        cmocka_unit_test(a_task_is_the_mean_of_its_indicators),
        cmocka_unit_test(expected_follows_the_milestones),
        cmocka_unit_test(colours_come_on_their_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
