#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/fold.h"
#include "aggregator/metrics.h"
#include "approvals/v1/events.pb-c.h"

#define DAY 18321 /* 2020-02-29 */
#define DAY_LAST 2932896u
#define LICENCE (CATEGORY_ITEM_TYPE + 1)
#define CITY(metric) ((metric) + METRIC_CITY_LEVEL_OFFSET)

struct fold_state {
    struct cells cells;
    struct arena arena;
};

static int set_up(void **state) {
    struct fold_state *fold = calloc(1, sizeof *fold);
    assert_non_null(fold);
    assert_true(cells_init(&fold->cells, CELLS_MAX_LEAST));
    arena_init(&fold->arena, FOLD_UNPACK_BYTES_MAX);
    *state = fold;
    return 0;
}

static int tear_down(void **state) {
    struct fold_state *fold = *state;
    cells_release(&fold->cells);
    arena_release(&fold->arena);
    free(fold);
    return 0;
}

static enum fold_result fold_event(struct fold_state *fold, const Approvals__V1__Event *event) {
    size_t size = approvals__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size + 1);
    assert_non_null(body);
    approvals__v1__event__pack(event, body);
    enum fold_result result = fold_approvals(body, size, &fold->arena, &fold->cells);
    free(body);
    return result;
}

static char *words(const char *text) {
    return (char *)(uintptr_t)text;
}

/* --- Making events ---------------------------------------------------------------------------------------------------
 */

/* An item of an agency of Weidu; the fields of a case of the table change some of it. */
static Approvals__V1__ItemFacts item(void) {
    Approvals__V1__ItemFacts facts = APPROVALS__V1__ITEM_FACTS__INIT;
    facts.agency = words("a1");
    facts.region = 411002;
    facts.type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE;
    facts.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_COUNTY;
    facts.visits = 2;
    facts.depth = 1;
    return facts;
}

static Approvals__V1__CaseFacts facts_of_case(void) {
    Approvals__V1__CaseFacts facts = APPROVALS__V1__CASE_FACTS__INIT;
    facts.agency = words("a1");
    facts.region = 411002;
    facts.type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE;
    facts.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    return facts;
}

static enum fold_result change_item(struct fold_state *fold, Approvals__V1__ItemFacts *before,
                                    Approvals__V1__ItemFacts *after, uint32_t round, bool opens) {
    Approvals__V1__ItemChanged changed = APPROVALS__V1__ITEM_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    changed.day = DAY;
    changed.before = before;
    changed.after = after;
    changed.round = round;
    changed.opens_round = opens;
    event.body_case = APPROVALS__V1__EVENT__BODY_ITEM_CHANGED;
    event.item_changed = &changed;
    return fold_event(fold, &event);
}

static enum fold_result move_case(struct fold_state *fold, Approvals__V1__CaseMoved *moved) {
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_CASE_MOVED;
    event.case_moved = moved;
    return fold_event(fold, &event);
}

/* --- Comparing
 * -------------------------------------------------------------------------------------------------------- */

struct want {
    int metric; /* 0: the end */
    int64_t value;
    int category; /* 0: that of the licence */
};

static int64_t value_at(struct fold_state *fold, uint32_t region, const char *organisation, int metric, int category) {
    struct cell_key key = {
        .region = region,
        .metric = (uint16_t)metric,
        .period = DAY,
        .organisation = cells_organisation(&fold->cells, organisation, strlen(organisation)),
        .category = (uint8_t)category,
    };
    return cells_value(&fold->cells, &key);
}

/* Exactly these cells of agency a1, and no other. */
static void assert_cells(struct fold_state *fold, const char *name, const struct want *wants) {
    size_t count = 0;
    for (; wants[count].metric != 0; count++) {
        int category = wants[count].category == 0 ? LICENCE : wants[count].category;
        int64_t got = value_at(fold, 411002, "a1", wants[count].metric, category);
        if (got != wants[count].value) {
            fail_msg("%s: metric %d is %lld, not %lld", name, wants[count].metric, (long long)got,
                     (long long)wants[count].value);
        }
    }
    if (fold->cells.count != count) {
        fail_msg("%s: %zu cells, not %zu", name, fold->cells.count, count);
    }
}

/* --- Items
 * ------------------------------------------------------------------------------------------------------------ */

#define ITEM_CASE(title, changes, ...)                                                                                 \
    {                                                                                                                  \
        Approvals__V1__ItemFacts facts = item();                                                                       \
        changes;                                                                                                       \
        cells_clear(&fold->cells);                                                                                     \
        assert_int_equal(change_item(fold, NULL, &facts, 0, false), FOLD_DONE);                                        \
        assert_cells(fold, title, (const struct want[]){__VA_ARGS__, {0}});                                            \
        assert_int_equal(change_item(fold, &facts, NULL, 0, false), FOLD_DONE);                                        \
        for (size_t i = 0; i < fold->cells.count; i++) {                                                               \
            assert_int_equal(fold->cells.cells[i].value, 0);                                                           \
        }                                                                                                              \
    }

/* Whatever an item adds it takes away again. */
static void an_item_is_in_the_counts_of_its_facts(void **state) {
    struct fold_state *fold = *state;
    ITEM_CASE("two visits", (void)0, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0})
    ITEM_CASE("one visit", facts.visits = 1, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_1, 1, 0})
    ITEM_CASE("no visit, no meeting", facts.visits = 0; facts.no_meeting = true, {METRIC_ITEMS, 1, 0},
                                                        {METRIC_ITEMS_VISITS_0, 1, 0}, {METRIC_ITEMS_NO_MEETING, 1, 0})
    ITEM_CASE("all flags", facts.instant = facts.online = facts.app = true, {METRIC_ITEMS, 1, 0},
              {METRIC_ITEMS_VISITS_MORE, 1, 0}, {METRIC_ITEMS_INSTANT, 1, 0}, {METRIC_ITEMS_ONLINE, 1, 0},
              {METRIC_ITEMS_APP, 1, 0})
    ITEM_CASE("depth II", facts.depth = 2, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0},
              {METRIC_ITEMS_DEPTH_2, 1, 0})
    ITEM_CASE("depth IV", facts.depth = 4, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0},
              {METRIC_ITEMS_DEPTH_2, 1, 0})
    ITEM_CASE("limits", facts.has_limits = true; facts.promised_hundredths = 200;
              facts.statutory_hundredths = 2000, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0},
              {METRIC_ITEMS_WITH_LIMITS, 1, 0}, {METRIC_ITEMS_PROMISED, 200, 0}, {METRIC_ITEMS_STATUTORY, 2000, 0},
              {METRIC_ITEMS_RATIOS, 900000, 0})
    ITEM_CASE("instant", facts.has_limits = true; facts.statutory_hundredths = 1500, {METRIC_ITEMS, 1, 0},
                                                  {METRIC_ITEMS_VISITS_MORE, 1, 0}, {METRIC_ITEMS_WITH_LIMITS, 1, 0},
                                                  {METRIC_ITEMS_STATUTORY, 1500, 0}, {METRIC_ITEMS_RATIOS, 1000000, 0})
    ITEM_CASE("no ratio of nothing", facts.has_limits = true;
              facts.promised_hundredths = 0, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0})
    ITEM_CASE("limits that are not both there", facts.promised_hundredths = 5;
              facts.statutory_hundredths = 9, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_MORE, 1, 0})
    ITEM_CASE("city level", facts.level = 3; facts.visits = 1, {METRIC_ITEMS, 1, 0}, {METRIC_ITEMS_VISITS_1, 1, 0},
                                             {CITY(METRIC_ITEMS), 1, 0}, {CITY(METRIC_ITEMS_VISITS_1), 1, 0})
    ITEM_CASE("another type", facts.type = 20, {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE + 20},
              {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE + 20})
    ITEM_CASE("a type of a later contract", facts.type = (Approvals__V1__ItemType)15,
              {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE}, {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE})
    ITEM_CASE("a type that would be another category", facts.type = (Approvals__V1__ItemType)171,
              {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE}, {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE})
    ITEM_CASE("a type beyond the range", facts.type = (Approvals__V1__ItemType)(256 + 1),
              {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE}, {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE})
    ITEM_CASE("another one", facts.type = (Approvals__V1__ItemType)(64 + 1), {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE},
              {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE})
    ITEM_CASE("a negative type", facts.type = (Approvals__V1__ItemType)-30, {METRIC_ITEMS, 1, CATEGORY_ITEM_TYPE},
              {METRIC_ITEMS_VISITS_MORE, 1, CATEGORY_ITEM_TYPE})
}

/* 1 - p/s in millionths, half up; below zero where more is promised than the law allows. */
static void ratios_are_rounded_half_up(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        uint32_t promised, statutory;
        int64_t ratio;
    } cases[] = {
        {0, 1, 1000000},
        {1, 1, 0},
        {1, 3, 666667},
        {2, 3, 333333},
        {1, 7, 857143},
        {500, 2000, 750000},
        {2000001, 2000000, 0}, /* -0.5 millionths: up to 0 */
        {1999999, 2000000, 1},
        {2, 1, -1000000},
        {100000000, 1, INT64_C(-99999999000000)},
        {1, 100000000, 1000000},
        {99999999, 100000000, 0},
        {99999949, 100000000, 1},
        {100, 3, -32333333},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Approvals__V1__ItemFacts facts = item();
        facts.has_limits = true;
        facts.promised_hundredths = cases[i].promised;
        facts.statutory_hundredths = cases[i].statutory;
        cells_clear(&fold->cells);
        assert_int_equal(change_item(fold, NULL, &facts, 0, false), FOLD_DONE);
        assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS_RATIOS, LICENCE), cases[i].ratio);
    }
}

static void a_changed_item_moves_between_the_counts(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__ItemFacts before = item(), after = item();
    before.visits = 1;
    after.agency = words("a2");
    after.region = 411000;
    after.type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_REWARD;
    after.visits = 0;
    assert_int_equal(change_item(fold, &before, &after, 0, false), FOLD_DONE);
    assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS, LICENCE), -1);
    assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS_VISITS_1, LICENCE), -1);
    assert_int_equal(value_at(fold, 411000, "a2", METRIC_ITEMS, CATEGORY_ITEM_TYPE + 8), 1);
    assert_int_equal(value_at(fold, 411000, "a2", METRIC_ITEMS_VISITS_0, CATEGORY_ITEM_TYPE + 8), 1);
    assert_int_equal(fold->cells.count, 4);
}

static void a_round_counts_what_it_removes(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__ItemFacts before = item();
    before.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    assert_int_equal(change_item(fold, &before, NULL, 4, true), FOLD_DONE);
    assert_int_equal(change_item(fold, &before, NULL, 4, false), FOLD_DONE);
    assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS, LICENCE), -2);
    assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS_REMOVED, LICENCE), 2);
    assert_int_equal(value_at(fold, 411002, "a1", CITY(METRIC_ITEMS_REMOVED), LICENCE), 2);
    assert_int_equal(value_at(fold, METRIC_CITY_REGION, "", METRIC_ROUNDS, CATEGORY_ALL), 1);
    assert_int_equal(fold->cells.count, 7);
    cells_clear(&fold->cells); /* outside rounds */
    assert_int_equal(change_item(fold, &before, NULL, 0, false), FOLD_DONE);
    assert_int_equal(value_at(fold, 411002, "a1", METRIC_ITEMS_REMOVED, LICENCE), 0);
    assert_int_equal(fold->cells.count, 4);
}

static void items_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    enum { DAY_OUT, NO_REGION, BIG_REGION, NO_AGENCY, LONG_AGENCY, ODD_AGENCY, PROMISED, STATUTORY, COUNT };
    for (int wrong = 0; wrong < COUNT; wrong++) {
        for (int side = 0; side < 2; side++) {
            Approvals__V1__ItemFacts good = item(), bad = item();
            bad.region = wrong == NO_REGION ? 0 : wrong == BIG_REGION ? 1000000 : bad.region;
            bad.agency = words(wrong == NO_AGENCY     ? ""
                               : wrong == LONG_AGENCY ? "123456789012345678901234567890123"
                               : wrong == ODD_AGENCY  ? "a 1"
                                                      : "a1");
            bad.promised_hundredths = wrong == PROMISED ? 100000001 : 0;
            bad.statutory_hundredths = wrong == STATUTORY ? UINT32_MAX : 0;
            Approvals__V1__ItemChanged changed = APPROVALS__V1__ITEM_CHANGED__INIT;
            Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
            changed.day = wrong == DAY_OUT ? DAY_LAST + 1 : DAY_LAST;
            changed.before = side == 0 ? &bad : &good;
            changed.after = side == 1 ? &bad : &good;
            event.body_case = APPROVALS__V1__EVENT__BODY_ITEM_CHANGED;
            event.item_changed = &changed;
            assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
        }
    }
    Approvals__V1__ItemFacts facts = item();
    assert_int_equal(change_item(fold, NULL, NULL, 0, false), FOLD_UNKNOWN);
    assert_int_equal(change_item(fold, NULL, &facts, 1, false), FOLD_UNKNOWN); /* a round that removes nothing */
    assert_int_equal(change_item(fold, &facts, &facts, 1, false), FOLD_UNKNOWN);
    assert_int_equal(change_item(fold, &facts, NULL, 0, true), FOLD_UNKNOWN); /* no round that opens */
    assert_true(cells_is_empty(&fold->cells));
    assert_int_equal(fold->cells.organisation_count, 1);
}

/* --- Cases
 * ------------------------------------------------------------------------------------------------------------ */

#define NO_STEP 0
/* What each step of the contract is counted as, written by hand; decisions and deliveries have tests of their own. */
static const struct {
    int step;
    int metric;
} steps[] = {
    {1, METRIC_CASES_RECEIVED},
    {2, METRIC_CASES_WITHDRAWN},
    {3, METRIC_CASES_ACCEPTED},
    {4, METRIC_CASES_NOT_ACCEPTED},
    {5, METRIC_CASES_NOT_ACCEPTED},
    {6, METRIC_CASES_SUPPLEMENTS},
    {7, NO_STEP},
    {8, NO_STEP},
    {10, NO_STEP},
    {14, METRIC_CASES_WITHDRAWN},
    {15, METRIC_CASES_REVOKED},
    {16, NO_STEP},
    {100, METRIC_CASES_DELIVERED},
    {101, NO_STEP},
    {102, NO_STEP},
    {110, METRIC_CASES_DEEMED_ACCEPTED},
    {111, METRIC_CASES_WITHDRAWN},
    {112, NO_STEP},
    {113, NO_STEP},
    {114, NO_STEP},
    {115, NO_STEP},
    {116, NO_STEP},
    {117, NO_STEP},
    {118, METRIC_CASES_DUE_CHANGED},
};

static void each_step_is_counted_as_what_it_is(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts facts = facts_of_case();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (int overdue = -1; overdue <= 1; overdue++) {
            Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
            char name[32];
            moved.facts = &facts;
            moved.day = DAY;
            moved.step = (Approvals__V1__CaseStep)steps[i].step;
            moved.open_overdue = overdue;
            cells_clear(&fold->cells);
            assert_int_equal(move_case(fold, &moved), FOLD_DONE);
            struct want wants[3] = {{0}};
            size_t count = 0;
            if (steps[i].metric != NO_STEP) {
                wants[count++] = (struct want){steps[i].metric, 1, 0};
            }
            if (overdue != 0) {
                wants[count++] = (struct want){METRIC_CASES_OPEN_OVERDUE, overdue, 0};
            }
            snprintf(name, sizeof name, "step %d", steps[i].step);
            assert_cells(fold, name, wants);
        }
    }
}

static void special_procedures_are_extensions_or_suspensions(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts facts = facts_of_case();
    for (int kind = -1; kind <= 11; kind++) {
        Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
        moved.facts = &facts;
        moved.day = DAY;
        moved.step = APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED;
        moved.special = (Approvals__V1__SpecialKind)kind;
        cells_clear(&fold->cells);
        bool is_known = kind >= 1 && kind <= 10;
        assert_int_equal(move_case(fold, &moved), is_known ? FOLD_DONE : FOLD_UNKNOWN);
        assert_cells(fold, "special",
                     (const struct want[]){{!is_known   ? 0
                                            : kind == 1 ? METRIC_CASES_EXTENSIONS
                                                        : METRIC_CASES_SUSPENSIONS,
                                            1, 0},
                                           {0}});
    }
}

/* step, verdict -> cells. */
static void a_decision_carries_its_verdict(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        int step;
        bool on_time, lawful, has_statutory;
        uint32_t charged, statutory;
        struct want wants[8];
    } cases[] = {
        {11,
         true,
         true,
         true,
         3,
         2000,
         {{METRIC_CASES_APPROVED, 1, 0},
          {METRIC_CASES_ON_TIME, 1, 0},
          {METRIC_CASES_LAWFUL, 1, 0},
          {METRIC_CASES_CHARGED_DAYS, 3, 0},
          {METRIC_CASES_STATUTORY, 2000, 0},
          {METRIC_CASES_BY_CHARGED_DAYS, 1, 103}}},
        {12,
         false,
         true,
         false,
         31,
         0,
         {{METRIC_CASES_APPROVED, 1, 0},
          {METRIC_CASES_LATE, 1, 0},
          {METRIC_CASES_LAWFUL, 1, 0},
          {METRIC_CASES_BY_CHARGED_DAYS, 1, 131}}},
        {13,
         false,
         false,
         true,
         0,
         500,
         {{METRIC_CASES_REFUSED, 1, 0},
          {METRIC_CASES_LATE, 1, 0},
          {METRIC_CASES_STATUTORY, 500, 0},
          {METRIC_CASES_BY_CHARGED_DAYS, 1, 100}}},
    };
    Approvals__V1__CaseFacts facts = facts_of_case();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Approvals__V1__Closing closing = APPROVALS__V1__CLOSING__INIT;
        Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
        closing.on_time = cases[i].on_time;
        closing.lawful = cases[i].lawful;
        closing.has_statutory = cases[i].has_statutory;
        closing.charged_days = cases[i].charged;
        closing.statutory_hundredths = cases[i].statutory;
        moved.facts = &facts;
        moved.day = DAY;
        moved.step = (Approvals__V1__CaseStep)cases[i].step;
        moved.before = APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW;
        moved.after = APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED;
        moved.closing = &closing;
        cells_clear(&fold->cells);
        assert_int_equal(move_case(fold, &moved), FOLD_DONE);
        assert_cells(fold, "decision", cases[i].wants);
        moved.closing = NULL; /* a decision without its verdict is none */
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
        moved.closing = &closing;
        closing.charged_days = 1000001;
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
        closing.charged_days = 0;
        closing.statutory_hundredths = 100000001;
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
        assert_cells(fold, "decision", cases[i].wants);
        moved.after = moved.before; /* proposed by a handler */
        moved.closing = NULL;
        cells_clear(&fold->cells);
        assert_int_equal(move_case(fold, &moved), FOLD_DONE);
        assert_true(cells_is_empty(&fold->cells));
    }
}

static void a_delivery_tells_how_long_a_joint_case_took(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        bool joint, late;
        uint32_t minutes;
        struct want wants[6];
    } cases[] = {
        {false, false, 30, {{METRIC_CASES_DELIVERED, 1, 0}}},
        {false, true, 30, {{METRIC_CASES_DELIVERED, 1, 0}, {METRIC_CERTIFICATES_LATE, 1, 0}}},
        {true,
         false,
         119,
         {{METRIC_CASES_DELIVERED, 1, 0},
          {METRIC_JOINT_DELIVERED, 1, 0},
          {METRIC_JOINT_UNDER_120_MINUTES, 1, 0},
          {METRIC_JOINT_MINUTES, 119, 0}}},
        {true,
         false,
         120,
         {{METRIC_CASES_DELIVERED, 1, 0}, {METRIC_JOINT_DELIVERED, 1, 0}, {METRIC_JOINT_MINUTES, 120, 0}}},
        {true,
         false,
         0,
         {{METRIC_CASES_DELIVERED, 1, 0}, {METRIC_JOINT_DELIVERED, 1, 0}, {METRIC_JOINT_UNDER_120_MINUTES, 1, 0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Approvals__V1__CaseFacts facts = facts_of_case();
        Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
        facts.joint = cases[i].joint;
        moved.facts = &facts;
        moved.day = DAY;
        moved.step = APPROVALS__V1__CASE_STEP__CASE_STEP_DELIVERED;
        moved.late = cases[i].late;
        moved.minutes = cases[i].minutes;
        cells_clear(&fold->cells);
        assert_int_equal(move_case(fold, &moved), FOLD_DONE);
        assert_cells(fold, "delivery", cases[i].wants);
        moved.minutes = 100000001;
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
        assert_cells(fold, "delivery", cases[i].wants);
    }
}

static void cases_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts good = facts_of_case();
    static const int unknown_steps[] = {0, 9, 17, 99, 103, 119, -1, INT32_MAX}; /* 9 without a kind */
    Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
    moved.day = DAY;
    moved.step = APPROVALS__V1__CASE_STEP__CASE_STEP_RECEIVED;
    assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN); /* no facts */
    for (int wrong = 0; wrong < 6; wrong++) {
        Approvals__V1__CaseFacts facts = good;
        facts.region = wrong == 0 ? 0 : wrong == 1 ? 1000000 : facts.region;
        facts.agency = words(wrong == 2 ? "" : wrong == 3 ? "许昌" : "a1");
        moved.facts = &facts;
        moved.day = wrong == 4 ? DAY_LAST + 1 : wrong == 5 ? UINT32_MAX : DAY;
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
    }
    moved.facts = &good;
    moved.day = DAY;
    for (size_t i = 0; i < sizeof unknown_steps / sizeof unknown_steps[0]; i++) {
        moved.step = (Approvals__V1__CaseStep)unknown_steps[i];
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
    }
    moved.step = APPROVALS__V1__CASE_STEP__CASE_STEP_RECEIVED;
    static const int32_t overdue[] = {2, -2, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof overdue / sizeof overdue[0]; i++) {
        moved.open_overdue = overdue[i];
        assert_int_equal(move_case(fold, &moved), FOLD_UNKNOWN);
    }
    assert_true(cells_is_empty(&fold->cells));
    assert_int_equal(fold->cells.organisation_count, 1);
}

/* --- Ratings, rectifications, slips, agencies, notices
 * ----------------------------------------------------------------- */

static void ratings_are_counted_by_value(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts facts = facts_of_case();
    Approvals__V1__CaseRated rated = APPROVALS__V1__CASE_RATED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_CASE_RATED;
    event.case_rated = &rated;
    rated.day = DAY;
    rated.rating = 1;
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN); /* no facts */
    rated.facts = &facts;
    for (uint32_t rating = 0; rating <= 6; rating++) {
        rated.rating = rating;
        cells_clear(&fold->cells);
        bool is_good = rating >= 1 && rating <= 5;
        assert_int_equal(fold_event(fold, &event), is_good ? FOLD_DONE : FOLD_UNKNOWN);
        assert_cells(fold, "rating",
                     (const struct want[]){{is_good ? METRIC_RATINGS : 0, 1, CATEGORY_RATING + (int)rating}, {0}});
    }
    rated.rating = UINT32_MAX;
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
}

static void rectifications_are_on_time_or_not(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts facts = facts_of_case();
    Approvals__V1__RectificationDone done = APPROVALS__V1__RECTIFICATION_DONE__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE;
    event.rectification_done = &done;
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
    done.facts = &facts;
    done.day = DAY;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_cells(fold, "late", (const struct want[]){{METRIC_RECTIFICATIONS, 1, 0}, {0}});
    done.on_time = true;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_cells(fold, "both",
                 (const struct want[]){{METRIC_RECTIFICATIONS, 2, 0}, {METRIC_RECTIFICATIONS_ON_TIME, 1, 0}, {0}});
}

static void slips_are_counted_by_level(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__CaseFacts facts = facts_of_case();
    Approvals__V1__SlipChanged slip = APPROVALS__V1__SLIP_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_SLIP_CHANGED;
    event.slip_changed = &slip;
    slip.facts = &facts;
    slip.day = DAY;
    for (uint32_t level = 0; level <= 5; level++) {
        for (int value = -1; value <= 7; value++) {
            slip.level = level;
            slip.state = (Common__V1__SlipState)value;
            cells_clear(&fold->cells);
            bool is_known = level >= 1 && level <= 4 && value >= 1 && value <= 6;
            int metric = !is_known ? 0 : value == 1 ? METRIC_SLIPS_ISSUED : value == 5 ? METRIC_SLIPS_LAPSED : 0;
            assert_int_equal(fold_event(fold, &event), is_known ? FOLD_DONE : FOLD_UNKNOWN);
            assert_cells(fold, "slip", (const struct want[]){{metric, 1, CATEGORY_SLIP_LEVEL + (int)level}, {0}});
        }
    }
}

static void an_agency_registers_and_a_notice_changes_nothing(void **state) {
    struct fold_state *fold = *state;
    Common__V1__AgencyRegistered body = COMMON__V1__AGENCY_REGISTERED__INIT;
    Common__V1__NoticeChanged notice = COMMON__V1__NOTICE_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_NOTICE_CHANGED;
    event.notice_changed = &notice;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_true(cells_is_empty(&fold->cells));
    event.body_case = APPROVALS__V1__EVENT__BODY_AGENCY_REGISTERED;
    event.agency_registered = &body;
    body.agency = words("a1");
    body.name = words("市场监督管理局");
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN); /* nowhere */
    body.region = METRIC_CITY_REGION;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(fold->cells.registration_count, 1);
    assert_string_equal(fold->cells.registrations[0].name, "市场监督管理局");
    assert_int_equal(fold->cells.registrations[0].region, METRIC_CITY_REGION);
    body.name = words("\xe5\x8c");
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
    body.name = words("x");
    body.agency = words("a'1");
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
}

/* --- Bodies, room, catalogue
 * -------------------------------------------------------------------------------------------- */

static void bytes_that_are_no_known_event_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        const char *bytes;
        size_t size;
    } bodies[] = {
        {"", 0},
        {"\xff", 1},
        {"\x7a\x02\x08\x01", 4}, /* member 15 of the oneof */
        {"\x1a\x00", 2},         /* an item that did not change */
        {"\x22\x00", 2},         /* a case without anything */
        {"\x22\x05\x0a", 3},     /* cut short */
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(fold_approvals((const uint8_t *)bodies[i].bytes, bodies[i].size, &fold->arena, &fold->cells),
                         FOLD_UNKNOWN);
    }
    uint8_t *large = calloc(1, FOLD_BODY_BYTES_MAX + 1);
    assert_non_null(large);
    assert_int_equal(fold_approvals(large, FOLD_BODY_BYTES_MAX + 1, &fold->arena, &fold->cells), FOLD_UNKNOWN);
    free(large);
    assert_true(cells_is_empty(&fold->cells));
}

/* The event with the most cells: all facts of a city-level item, before and after, of two agencies. */
static void a_full_set_takes_nothing_of_an_event(void **state) {
    struct fold_state *fold = *state;
    Approvals__V1__ItemFacts before = item(), after;
    before.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    before.visits = 0;
    before.no_meeting = before.instant = before.online = before.app = before.has_limits = true;
    before.depth = 4;
    before.promised_hundredths = 1;
    before.statutory_hundredths = 2;
    after = before;
    after.agency = words("a2");
    assert_int_equal(change_item(fold, &before, &after, 0, false), FOLD_DONE);
    size_t most = fold->cells.count;
    assert_int_equal(most, 2 * 2 * 11);
    assert_true(most <= 64);
    while (cells_has_room(&fold->cells, 64, 2)) { /* so much is asked for */
        struct cell_key key = {.region = 1, .metric = METRIC_VISITS, .period = (int32_t)fold->cells.count};
        cells_add(&fold->cells, &key, 1);
    }
    size_t full = fold->cells.count;
    after.agency = words("a3");
    assert_int_equal(change_item(fold, &before, &after, 0, false), FOLD_FULL);
    assert_int_equal(fold->cells.count, full);
    cells_clear(&fold->cells);
    assert_int_equal(change_item(fold, &before, &after, 0, false), FOLD_DONE);
    assert_int_equal(fold->cells.count, most);
}

static void buckets_of_days_join_without_gaps(void **state) {
    (void)state;
    assert_true(day_bucket_count <= DAY_BUCKETS_MAX);
    for (size_t i = 0; i < day_bucket_count; i++) {
        assert_int_equal(day_buckets[i].first, i == 0 ? 0 : day_buckets[i - 1].last + 1);
        assert_true(day_buckets[i].last >= day_buckets[i].first);
        assert_int_equal(day_bucket_category(day_buckets[i].first), CATEGORY_DAYS + i);
        assert_int_equal(day_bucket_category(day_buckets[i].last), CATEGORY_DAYS + i);
        assert_string_not_equal(category_id((int)(CATEGORY_DAYS + i)), "");
        assert_true(i > 30 || day_buckets[i].last == i); /* exact where most cases are */
    }
    assert_int_equal(day_buckets[day_bucket_count - 1].last, DAY_BUCKET_NO_END);
    assert_string_equal(category_id((int)(CATEGORY_DAYS + day_bucket_count)), "");
    assert_string_equal(category_id(day_bucket_category(45)), "days_45_46");
    assert_string_equal(category_id(day_bucket_category(100000)), "days_1001_more");
}

static void categories_have_unique_numbers_and_ids(void **state) {
    (void)state;
    for (size_t i = 0; i < category_count; i++) {
        const struct category *category = &category_catalogue[i];
        assert_true((int)category->number >= 0 && (int)category->number <= UINT8_MAX);
        assert_string_equal(category_id((int)category->number), category->id);
        assert_true(category->label_zh[0] != '\0' && category->label_en[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(category_catalogue[j].id, category->id);
        }
    }
    assert_string_equal(category_id(LICENCE), "licence");
    assert_string_equal(category_id(CATEGORY_ITEM_TYPE + 20), "public_service");
    assert_string_equal(category_id(CATEGORY_SLIP_LEVEL + 4), "slip_listed");
}

static void every_item_metric_stands_twice(void **state) {
    (void)state;
    for (int number = METRIC_ITEMS; number < METRIC_ITEMS_END; number++) {
        const struct metric *all = NULL, *city = NULL;
        for (size_t i = 0; i < metric_count; i++) {
            all = (int)metric_catalogue[i].number == number ? &metric_catalogue[i] : all;
            city = (int)metric_catalogue[i].number == CITY(number) ? &metric_catalogue[i] : city;
        }
        assert_true(all != NULL && city != NULL);
        assert_memory_equal(all->id, "approvals.items", 15);
        assert_memory_equal(city->id, "approvals.city_items", 20);
        assert_string_equal(all->unit, city->unit);
    }
}

static void kinds_of_sources_have_names(void **state) {
    (void)state;
    assert_ptr_equal(fold_kind_find("approvals")->fold, fold_approvals);
    assert_ptr_equal(fold_kind_find("visits")->fold, fold_visits);
    assert_null(fold_kind_find(""));
    assert_null(fold_kind_find("approval"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_item_is_in_the_counts_of_its_facts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ratios_are_rounded_half_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_item_moves_between_the_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_round_counts_what_it_removes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_step_is_counted_as_what_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(special_procedures_are_extensions_or_suspensions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_decision_carries_its_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delivery_tells_how_long_a_joint_case_took, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cases_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ratings_are_counted_by_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rectifications_are_on_time_or_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slips_are_counted_by_level, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_agency_registers_and_a_notice_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_known_event_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_set_takes_nothing_of_an_event, set_up, tear_down),
        cmocka_unit_test(buckets_of_days_join_without_gaps),
        cmocka_unit_test(categories_have_unique_numbers_and_ids),
        cmocka_unit_test(every_item_metric_stands_twice),
        cmocka_unit_test(kinds_of_sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
