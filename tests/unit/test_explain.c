#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/explain_match.h"
#include "aggregator/explain_peek.h"
#include "aggregator/fold.h"
#include "support/random_events.h"

/*
 * The quick look against the whole fold: whatever event, whatever is wanted, an event whose cells match is never held
 * back. And the pieces around it: periods, wanted sets of figures, sums of one event.
 */
#define EVENTS 20000
#define WANTS_A_EVENT 8
#define BODY_BYTES RANDOM_EVENT_BYTES
#define DAY RANDOM_DAY

typedef size_t pack_function(uint8_t *body);

/* What other senders may write: two events as one, fields twice, other lengths of numbers, and plain damage. */
static size_t deform(uint8_t *body, size_t size, pack_function *pack) {
    uint8_t other[BODY_BYTES];
    size_t more, at;
    switch (draw(6)) {
    case 0: /* one after the other: the members merge, or the last one counts */
        more = pack(body + size);
        return size + more;
    case 1: /* inside the member: its fields come twice */
        more = pack(other);
        if (size > 2 && body[1] < 0x80 && more > 2 && other[1] < 0x80 && body[1] + other[1] < 0x80) {
            memcpy(body + size, other + 2, more - 2);
            body[1] = (uint8_t)(body[1] + other[1]);
            return size + more - 2;
        }
        return size;
    case 2: /* a number in one byte more: 0x81 0x00 is 1 */
        at = 2 + draw((uint32_t)size);
        if (at + 1 < size && body[1] < 0x7f && body[at] < 0x80) {
            memmove(body + at + 2, body + at + 1, size - at - 1);
            body[at + 1] = 0;
            body[at] |= 0x80;
            body[1]++;
            return size + 1;
        }
        return size;
    case 3:
        body[draw((uint32_t)size)] ^= (uint8_t)(1 << draw(8));
        return size;
    case 4:
        return draw((uint32_t)size);
    default:
        body[draw((uint32_t)size)] = (uint8_t)draw(256);
        return size;
    }
}

/* Of the catalogue; one in two without anything but a metric and days. */
static struct explain_want a_want(const struct explain_kind *kind) {
    struct explain_want want = {.first = (int32_t)a_day(), .category = EXPLAIN_ANY_CATEGORY};
    do {
        want.metric = metric_catalogue[draw((uint32_t)metric_count)].number;
    } while ((int)want.metric < kind->first || (int)want.metric > kind->last);
    want.last = draw(5) == 0 ? INT32_MAX : want.first + (int32_t)draw(60);
    if (draw(4) == 0) {
        want.first = INT32_MIN;
    }
    if (draw(2) == 0) {
        want.region = draw(3) == 0 ? EXPLAIN_ANY_REGION : a_region();
        want.organisation = draw(4) == 0 ? a_code() : draw(4) == 0 ? "" : NULL;
        want.category = draw(3) == 0 ? (int)draw(40) : EXPLAIN_ANY_CATEGORY;
    }
    return want;
}

/* --- The look and the fold ---------------------------------------------------------------------------------------- */

struct bench {
    struct cells cells;
    struct arena arena;
    const struct explain_kind *kind;
    const struct fold_kind *fold;
    size_t matched, held_back, passed_in_vain;
};

static bool matches(struct bench *bench, const struct explain_want *wants, size_t count) {
    struct match_wants list;
    struct match match;
    struct explain_event event;
    bool found = false;
    assert_true(match_wants_init(&list, wants, count));
    assert_true(match_init(&match, &list));
    match_cells(&match, &list, &bench->cells);
    while (match_next(&match, &bench->cells, &event)) {
        found = true;
    }
    match_release(&match);
    match_wants_release(&list);
    return found;
}

static void look(struct bench *bench, const uint8_t *body, size_t size) {
    struct explain_want wants[3];
    struct peek_filter filter;
    cells_clear(&bench->cells);
    enum fold_result result = bench->fold->fold(body, size, &bench->arena, &bench->cells);
    assert_int_not_equal(result, FOLD_FULL);
    for (int i = 0; i < WANTS_A_EVENT; i++) {
        size_t count = 1 + draw(3);
        for (size_t w = 0; w < count; w++) {
            wants[w] = a_want(bench->kind);
        }
        peek_filter_init(&filter, bench->kind, wants, count);
        bool passes = peek_passes(&filter, body, size);
        bool is_wanted = result == FOLD_DONE && matches(bench, wants, count);
        assert_true(passes || !is_wanted);
        bench->matched += is_wanted;
        bench->held_back += !passes;
        bench->passed_in_vain += passes && !is_wanted;
    }
}

static void look_at(const char *kind, pack_function *pack, bool is_deformed) {
    struct bench *bench = calloc(1, sizeof *bench);
    uint8_t body[2 * BODY_BYTES];
    assert_non_null(bench);
    assert_true(cells_init(&bench->cells, 4096));
    arena_init(&bench->arena, FOLD_UNPACK_BYTES_MAX);
    bench->kind = explain_kind_find(kind);
    bench->fold = fold_kind_find(kind);
    assert_non_null(bench->kind);
    assert_non_null(bench->fold);
    for (int i = 0; i < EVENTS; i++) {
        size_t size = pack(body);
        if (is_deformed && size > 0) {
            size = deform(body, size, pack);
        }
        look(bench, body, size);
    }
    print_message("%s: %zu matched, %zu held back, %zu looked at in vain\n", kind, bench->matched, bench->held_back,
                  bench->passed_in_vain);
    assert_true(bench->matched > 500);                         /* the random events and wants do meet */
    assert_true(bench->held_back > EVENTS * WANTS_A_EVENT / 8); /* and it is of use */
    cells_release(&bench->cells);
    arena_release(&bench->arena);
    free(bench);
}

static void no_visit_is_held_back(void **state) {
    (void)state;
    random_seed = 1;
    look_at("visits", pack_visits, false);
    look_at("visits", pack_visits, true);
}

static void no_approval_is_held_back(void **state) {
    (void)state;
    random_seed = 2;
    look_at("approvals", pack_approvals, false);
    look_at("approvals", pack_approvals, true);
}

static void no_issue_is_held_back(void **state) {
    (void)state;
    random_seed = 3;
    look_at("issues", pack_issues, false);
    look_at("issues", pack_issues, true);
}

/* What the look is for: plain events of other days, regions and members are held back. */
static void what_cannot_matter_is_held_back(void **state) {
    (void)state;
    static const struct {
        struct explain_want want;
        bool passes;
    } cases[] = {
        {{METRIC_VISITS, 0, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, true},
        {{METRIC_VISITS, 0, DAY + 1, DAY + 9, NULL, EXPLAIN_ANY_CATEGORY}, false},
        {{METRIC_VISITS, 0, DAY - 9, DAY - 1, NULL, EXPLAIN_ANY_CATEGORY}, false},
        {{METRIC_VISITS, 0, INT32_MIN, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY}, true},
        {{METRIC_VISITS, 411024, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, false},
        {{METRIC_VISITS, 411002, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, true},
        {{METRIC_PATIENTS_MONTH, 411000, DAY, DAY, "", CATEGORY_ALL}, true}, /* of the city: from any county */
        {{METRIC_PATIENTS_MONTH, 411000, DAY + 31, DAY + 31, "", CATEGORY_ALL}, false},
        {{METRIC_PATIENTS_YEAR, 411000, DAY - 60, DAY - 60, "", CATEGORY_ALL}, true},
        {{METRIC_PATIENTS_TOTAL, 411000, 0, 0, "", CATEGORY_ALL}, true},
        {{METRIC_CASES_RECEIVED, 0, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, false},
    };
    uint8_t body[BODY_BYTES];
    Visits__V1__Visit v = VISITS__V1__VISIT__INIT;
    v.day = DAY;
    v.region = 411002;
    v.facility = codes[0];
    v.edge = 0xffffff;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
    event.visit_appeared = &v;
    size_t size = visits__v1__event__pack(&event, body);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peek_filter filter;
        peek_filter_init(&filter, explain_kind_find("visits"), &cases[i].want, 1);
        if (peek_passes(&filter, body, size) != cases[i].passes) {
            fail_msg("case %zu", i);
        }
    }
    assert_string_equal(peek_type(explain_kind_find("visits"), body, size), "visit_appeared");
    assert_string_equal(peek_type(explain_kind_find("visits"), (const uint8_t *)"\x7a\x00", 2), "");
}

/* --- Sums of one event -------------------------------------------------------------------------------------------- */

static void add(struct cells *cells, int metric, uint32_t region, const char *organisation, int category,
                int64_t delta) {
    struct cell_key key = {.region = region,
                           .metric = (uint16_t)metric,
                           .period = DAY,
                           .organisation = cells_organisation(cells, organisation, strlen(organisation)),
                           .category = (uint8_t)category};
    cells_add(cells, &key, delta);
}

static void an_event_is_summed_for_each_set(void **state) {
    (void)state;
    static const struct explain_want list[] = {
        {METRIC_ITEMS, 0, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, /* +5 -2 */
        {METRIC_ITEMS, 411024, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY},
        {METRIC_ITEMS_APP, 0, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY}, /* +1 -1: does not change */
        {METRIC_ITEMS, 0, DAY, DAY, "b", 31},
        {METRIC_ITEMS, 0, DAY, DAY, "", EXPLAIN_ANY_CATEGORY},
        {METRIC_ITEMS, 0, DAY + 1, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY},
        {METRIC_ITEMS, 0, INT32_MIN, DAY, NULL, 32},
    };
    static const struct {
        size_t want;
        int64_t delta;
        uint32_t cells, region;
        const char *organisation;
    } results[] = {{0, 3, 2, 411002, "a"}, {1, -2, 1, 411024, "b"}, {3, -2, 1, 411024, "b"}, {6, 5, 1, 411002, "a"}};
    struct cells cells;
    struct match_wants wants;
    struct match match;
    struct explain_event event;
    assert_true(cells_init(&cells, 64));
    assert_true(match_wants_init(&wants, list, sizeof list / sizeof list[0]));
    assert_true(match_init(&match, &wants));
    for (int round = 0; round < 2; round++) { /* nothing of the first is left */
        cells_clear(&cells);
        add(&cells, METRIC_ITEMS, 411002, "a", 32, 5);
        add(&cells, METRIC_ITEMS, 411024, "b", 31, -2);
        add(&cells, METRIC_ITEMS_APP, 411002, "a", 32, 1);
        add(&cells, METRIC_ITEMS_APP, 411024, "b", 31, -1);
        match_cells(&match, &wants, &cells);
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
            assert_true(match_next(&match, &cells, &event));
            assert_int_equal(event.want, results[i].want);
            assert_int_equal(event.delta, results[i].delta);
            assert_int_equal(event.cells, results[i].cells);
            assert_int_equal(event.region, results[i].region);
            assert_int_equal(event.period, DAY);
            assert_string_equal(event.organisation, results[i].organisation);
        }
        assert_false(match_next(&match, &cells, &event));
    }
    match_release(&match);
    match_wants_release(&wants);
    cells_release(&cells);
}

/* Sets of every size, one after the other in the same memory, sorted or not: nothing of one is in the next. */
static void a_set_is_empty_after_clearing(void **state) {
    (void)state;
    struct cells cells;
    assert_true(cells_init(&cells, 2048));
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t count = round % 10 == 0 ? draw(1000) : draw(40);
        for (uint32_t i = 0; i < count; i++) {
            char code[16];
            snprintf(code, sizeof code, "o-%u", i);
            add(&cells, METRIC_VISITS, 411000 + i % 7, code, 0, (int64_t)i + 1);
            add(&cells, METRIC_VISITS, 411000 + i % 7, code, 0, round);
        }
        assert_int_equal(cells.count, count);
        assert_int_equal(cells.organisation_count, count + 1);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(cells.cells[i].value, (int64_t)i + 1 + round);
        }
        if (round % 3 == 0) {
            cells_sort(&cells);
        }
        cells_clear(&cells);
        uint32_t used = 0;
        for (uint32_t slot = 0; slot <= cells.slot_mask; slot++) {
            used += cells.slots[slot] != 0;
        }
        for (uint32_t slot = 0; slot < 2 * CELLS_ORGANISATIONS_MAX; slot++) {
            used += cells.organisation_slots[slot] != 0;
        }
        assert_int_equal(used, 0);
    }
    cells_release(&cells);
}

/* --- Figures ------------------------------------------------------------------------------------------------------ */

static void periods_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int unit; /* 0: refused */
        int32_t first, last;
    } cases[] = {
        {"2020", METRICS__V1__PERIOD__PERIOD_YEAR, 18262, 18262 + 365},
        {"2020-02", METRICS__V1__PERIOD__PERIOD_MONTH, 18293, 18293 + 28},
        {"2020-03-05", METRICS__V1__PERIOD__PERIOD_DAY, DAY + 4, DAY + 4},
        {"all", METRICS__V1__PERIOD__PERIOD_ALL_TIME, INT32_MIN, INT32_MAX},
        {"2020-13", 0, 0, 0},
        {"2020-02-30", 0, 0, 0},
        {"", 0, 0, 0},
        {"20", 0, 0, 0},
        {"2020-2", 0, 0, 0},
        {"2020/02", 0, 0, 0},
        {"2020-02-3", 0, 0, 0},
        {"2020-02-030", 0, 0, 0},
        {"abcd", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct explain_figure figure = {0};
        bool is_good = explain_period_parse(cases[i].text, &figure);
        if (is_good != (cases[i].unit != 0) || (is_good && (int)figure.unit != cases[i].unit)) {
            fail_msg("%s", cases[i].text);
        }
        if (is_good) {
            assert_int_equal(figure.first, cases[i].first);
            assert_int_equal(figure.last, cases[i].last);
        }
    }
}

static void figures_are_sets_of_cells(void **state) {
    (void)state;
    static const struct {
        const char *metric, *period;
        uint32_t region;
        const char *organisation;
        int category;
        bool is_good;
        struct explain_want want;
    } cases[] = {
        {"visits.visits",
         "2020-03",
         411000,
         "",
         0,
         true,
         {METRIC_VISITS, 0, DAY, DAY + 30, NULL, EXPLAIN_ANY_CATEGORY}},
        {"visits.visits", "2020-03-05", 411002, "h", 2, true, {METRIC_VISITS, 411002, DAY + 4, DAY + 4, "h", 2}},
        {"approvals.items",
         "2020-03",
         411000,
         "",
         0,
         true,
         {METRIC_ITEMS, 0, INT32_MIN, DAY + 30, NULL, EXPLAIN_ANY_CATEGORY}},
        {"visits.patients_month", "2020-03", 411000, "", 0, true, {METRIC_PATIENTS_MONTH, 411000, DAY, DAY, "", 0}},
        {"visits.patients_month", "2020-03", 411002, "", 3, true, {METRIC_PATIENTS_MONTH, 411002, DAY, DAY, "", 3}},
        {"visits.patients_month", "2020-03", 411000, "h", 0, true, {METRIC_PATIENTS_MONTH, 0, DAY, DAY, "h", 0}},
        {"visits.patients_total", "all", 411000, "", 0, true, {METRIC_PATIENTS_TOTAL, 411000, 0, 0, "", 0}},
        {"visits.patients_month", "2020", 411000, "", 0, false, {0}},
        {"visits.patients_year", "2020-03", 411000, "", 0, false, {0}},
        {"visits.patients_total", "2020", 411000, "", 0, false, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct explain_figure figure = {.metric = metric_find(cases[i].metric),
                                        .region = cases[i].region,
                                        .organisation = cases[i].organisation,
                                        .category = cases[i].category};
        struct explain_want want;
        const char *why = NULL;
        const struct explain_want *wanted = &cases[i].want;
        assert_true(explain_period_parse(cases[i].period, &figure));
        assert_int_equal(explain_want_of(&figure, &want, &why), cases[i].is_good);
        assert_int_equal(why == NULL, cases[i].is_good);
        if (cases[i].is_good) {
            assert_int_equal(want.metric, wanted->metric);
            assert_int_equal(want.region, wanted->region);
            assert_int_equal(want.first, wanted->first);
            assert_int_equal(want.last, wanted->last);
            assert_int_equal(want.category, wanted->category);
            assert_int_equal(want.organisation == NULL, wanted->organisation == NULL);
        }
    }
}

/* Every metric of the catalogue is in the range of a kind that can be folded. */
static void every_metric_has_its_kind(void **state) {
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        const char *kind = explain_kind_of(metric_catalogue[i].number);
        if (kind == NULL || fold_kind_find(kind) == NULL) {
            fail_msg("%s", metric_catalogue[i].id);
        }
    }
    assert_string_equal(explain_kind_of(METRIC_VISITS), "visits");
    assert_string_equal(explain_kind_of(METRIC_ITEMS), "approvals");
    assert_null(explain_kind_of((enum metric_number)0));
    assert_null(explain_kind_of((enum metric_number)200));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_visit_is_held_back),
        cmocka_unit_test(no_approval_is_held_back),
        cmocka_unit_test(no_issue_is_held_back),
        cmocka_unit_test(what_cannot_matter_is_held_back),
        cmocka_unit_test(an_event_is_summed_for_each_set),
        cmocka_unit_test(periods_are_read),
        cmocka_unit_test(figures_are_sets_of_cells),
        cmocka_unit_test(every_metric_has_its_kind),
        cmocka_unit_test(a_set_is_empty_after_clearing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
