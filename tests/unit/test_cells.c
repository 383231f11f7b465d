#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/cells.h"

#define CELLS_MAX 2000

static int set_up(void **state) {
    struct cells *cells = calloc(1, sizeof *cells);
    assert_non_null(cells);
    assert_true(cells_init(cells, CELLS_MAX));
    *state = cells;
    return 0;
}

static int tear_down(void **state) {
    cells_release(*state);
    free(*state);
    return 0;
}

static void keys_survive_packing(void **state) {
    struct cells *cells = *state;
    static const struct cell_key keys[] = {
        {.region = 1, .metric = 1, .period = 0, .organisation = 0, .category = 0},
        {.region = 411082, .metric = 6, .period = 18262, .organisation = 8191, .category = 6},
        {.region = INT32_MAX, .metric = UINT16_MAX, .period = INT32_MAX, .organisation = 1, .category = 255},
        {.region = 411000, .metric = 3, .period = INT32_MIN, .organisation = 2, .category = 1},
        {.region = 411000, .metric = 3, .period = -1, .organisation = 2, .category = 1},
        {.region = 411000, .metric = 3, .period = 65536, .organisation = 2, .category = 1},
    };
    size_t count = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < count; i++) {
        cells_add(cells, &keys[i], (int64_t)i + 1);
    }
    assert_int_equal(cells->count, count);
    for (size_t i = 0; i < count; i++) {
        struct cell_key key = cell_unpack(&cells->cells[i]);
        assert_int_equal(key.region, keys[i].region);
        assert_int_equal(key.metric, keys[i].metric);
        assert_int_equal(key.period, keys[i].period);
        assert_int_equal(key.organisation, keys[i].organisation);
        assert_int_equal(key.category, keys[i].category);
        assert_int_equal(cells->cells[i].value, i + 1);
    }
}

/* The same changes counted with a plain array. */
static void sums_are_those_of_a_plain_array(void **state) {
    struct cells *cells = *state;
    enum { DAYS = 100, METRICS = 5, ORGANISATIONS = 4 };
    static int64_t plain[DAYS][METRICS][ORGANISATIONS];
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned day = (random >> 8) % DAYS, metric = (random >> 16) % METRICS, organisation = (random >> 24) % 4;
        int64_t delta = (int64_t)(random % 7) - 3;
        struct cell_key key = {.region = 411002, .metric = (uint16_t)(metric + 1), .period = (int32_t)day - 50,
                               .organisation = (uint16_t)organisation};
        cells_add(cells, &key, delta);
        plain[day][metric][organisation] += delta;
    }
    assert_int_equal(cells->count, DAYS * METRICS * ORGANISATIONS);
    for (int day = 0; day < DAYS; day++) {
        for (int metric = 0; metric < METRICS; metric++) {
            for (int organisation = 0; organisation < ORGANISATIONS; organisation++) {
                struct cell_key key = {.region = 411002, .metric = (uint16_t)(metric + 1), .period = day - 50,
                                       .organisation = (uint16_t)organisation};
                assert_int_equal(cells_value(cells, &key), plain[day][metric][organisation]);
            }
        }
    }
}

static void sorting_orders_by_region_metric_period(void **state) {
    struct cells *cells = *state;
    for (int i = 0; i < 1000; i++) {
        struct cell_key key = {.region = (uint32_t)(411000 + i * 7 % 10), .metric = (uint16_t)(1 + i * 3 % 5),
                               .period = i * 31 % 200 - 100, .category = (uint8_t)(i % 4)};
        cells_add(cells, &key, 1);
    }
    cells_sort(cells);
    for (size_t i = 1; i < cells->count; i++) {
        struct cell_key a = cell_unpack(&cells->cells[i - 1]), b = cell_unpack(&cells->cells[i]);
        int order = a.region != b.region   ? (a.region < b.region ? -1 : 1)
                    : a.metric != b.metric ? (a.metric < b.metric ? -1 : 1)
                                           : (a.period < b.period ? -1 : a.period > b.period);
        assert_true(order <= 0);
    }
}

static void room_ends_at_the_bounds(void **state) {
    struct cells *cells = *state;
    assert_true(cells_has_room(cells, CELLS_MAX, CELLS_ORGANISATIONS_MAX - 1));
    assert_false(cells_has_room(cells, CELLS_MAX + 1, 0));
    assert_false(cells_has_room(cells, 0, CELLS_ORGANISATIONS_MAX));
    for (int i = 0; i < CELLS_MAX; i++) {
        struct cell_key key = {.region = 1, .metric = 1, .period = i};
        assert_true(cells_has_room(cells, 1, 0));
        cells_add(cells, &key, 1);
    }
    assert_false(cells_has_room(cells, 1, 0));
    assert_true(cells_has_room(cells, 0, 1));
    cells_clear(cells);
    assert_true(cells_is_empty(cells));
    assert_true(cells_has_room(cells, CELLS_MAX, 1));
    struct cell_key key = {.region = 1, .metric = 1, .period = 5};
    assert_int_equal(cells_value(cells, &key), 0);
}

static void organisations_get_one_number_each(void **state) {
    struct cells *cells = *state;
    uint16_t numbers[3000];
    char code[32];
    assert_int_equal(cells_organisation(cells, "", 0), CELLS_NO_ORGANISATION);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3000; i++) {
            int size = snprintf(code, sizeof code, "hospital-%d", i);
            uint16_t number = cells_organisation(cells, code, (size_t)size);
            assert_true(round == 0 || number == numbers[i]);
            assert_string_equal(cells->organisations[number], code);
            numbers[i] = number;
        }
    }
    /* A code that begins like another is another. */
    assert_int_not_equal(cells_organisation(cells, "hospital", 8), cells_organisation(cells, "hospital-1", 10));
    assert_int_equal(cells->organisation_count, 3002);
    cells_clear(cells);
    assert_int_equal(cells->organisation_count, 1);
    assert_int_equal(cells_organisation(cells, "x", 1), 1);
}

static void a_later_registration_replaces_the_first(void **state) {
    struct cells *cells = *state;
    uint16_t a = cells_organisation(cells, "a", 1), b = cells_organisation(cells, "b", 1);
    cells_register(cells, a, "first", 411002);
    cells_register(cells, b, "other", 411003);
    cells_register(cells, a, "second", 411002);
    assert_int_equal(cells->registration_count, 2);
    assert_string_equal(cells->registrations[0].name, "second");
    assert_false(cells_is_empty(cells));
}

static void a_long_name_is_cut_between_characters(void **state) {
    struct cells *cells = *state;
    char name[400];
    for (int i = 0; i + 3 < (int)sizeof name; i += 3) {
        memcpy(&name[i], "\xe5\x8c\xbb", 4);
    }
    cells_register(cells, cells_organisation(cells, "a", 1), name, 411002);
    assert_int_equal(strlen(cells->registrations[0].name), 255); /* 85 characters of three bytes */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_survive_packing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sums_are_those_of_a_plain_array, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sorting_orders_by_region_metric_period, set_up, tear_down),
        cmocka_unit_test_setup_teardown(room_ends_at_the_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(organisations_get_one_number_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_registration_replaces_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_name_is_cut_between_characters, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
