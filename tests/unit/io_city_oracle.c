/* The oracle on a case counted by hand, and the synthetic year counted by the oracle: its patients are exact. Linked
 * with tests/support, therefore not among the pure tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "ctl/city.h"
#include "support/oracle.h"

#define BASE_MS UINT64_C(1600000000000)

static struct city *make(uint64_t seed, uint32_t patients) {
    struct city *city = NULL;
    struct city_options options = {.seed = seed, .patients = patients, .base_ms = BASE_MS};
    assert_int_equal(city_new(&options, &city), STATUS_OK);
    return city;
}

static const struct oracle_row *year_row(struct oracle *oracle) {
    struct oracle_row bucket = {.scope = ORACLE_CITY, .period = ORACLE_YEAR, .visit_class = ORACLE_ALL, .facility = ""};
    bucket.first_day = city_first_day();
    const struct oracle_row *row = oracle_find(oracle, &bucket);
    assert_non_null(row);
    return row;
}

static void patients_are_exact(void **state) {
    (void)state;
    static const struct {
        uint64_t seed;
        uint32_t patients;
    } cases[] = {{1, 1}, {1, 2}, {7, 99}, {2, 1000}, {3, 1000}, {4, 7777}, {1, 20000}, {UINT64_MAX, 12345}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct city *city = make(cases[i].seed, cases[i].patients);
        struct oracle *oracle = oracle_new();
        size_t count;
        oracle_take_city(oracle, city);
        oracle_rows(oracle, &count);
        const struct oracle_row *year = year_row(oracle);
        assert_int_equal(year->patients, cases[i].patients);
        assert_int_equal(year->one_card_visits, city_totals(city)->one_card_visits);
        assert_int_equal(year->visits, city_totals(city)->one_card_visits + city_totals(city)->hospital_visits);
        assert_int_equal(oracle_commands(oracle), city_totals(city)->commands);
        assert_int_equal(oracle_repeated(oracle), city_totals(city)->of_kind[CITY_AGAIN]);
        oracle_destroy(&oracle);
        city_destroy(&city);
    }
}

/* The oracle itself, on a case small enough to count by hand: x has a visit at a house on 3 July; an unnamed emergency
 * at another house on 3 and 4 July turns out to be x; then the 3 July visit there is taken back. */
static void the_oracle_counts_a_case_done_by_hand(void **state) {
    (void)state;
    struct oracle *oracle = oracle_new();
    int32_t july_3 = civil_day_from_date(CITY_YEAR, 7, 3);
    int64_t morning = civil_ms_of_day(july_3) + 9 * 3600 * 1000, next = morning + 24 * 3600 * 1000;
    struct city_command c = {.kind = CITY_OPEN, .hospital = 0, .occurred_at_ms = morning, .visit_number = "1"};
    c.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT;
    c.card_kind = VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY;
    c.id = id_make_from(BASE_MS, 1, 1);
    snprintf(c.resident_id, sizeof(c.resident_id), "%s", "411099900101001"); /* the old form */
    oracle_take(oracle, &c);
    oracle_take(oracle, &c); /* sent again */
    struct city_command u = c;
    u.hospital = 1;
    u.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
    u.resident_id[0] = '\0';
    snprintf(u.local_id, sizeof(u.local_id), "%s", "u");
    u.id = id_make_from(BASE_MS, 1, 2);
    oracle_take(oracle, &u);
    u.id = id_make_from(BASE_MS, 1, 3);
    u.occurred_at_ms = next;
    snprintf(u.visit_number, sizeof(u.visit_number), "%s", "2");
    oracle_take(oracle, &u);

    size_t count;
    struct oracle_row day = {.period = ORACLE_DAY, .facility = "", .first_day = july_3};
    oracle_rows(oracle, &count);
    assert_int_equal(oracle_repeated(oracle), 1);
    assert_int_equal(oracle_find(oracle, &day)->patients, 2);
    assert_int_equal(year_row(oracle)->patients, 2);
    assert_int_equal(year_row(oracle)->visits, 3);

    u.id = id_make_from(BASE_MS, 1, 4);
    u.recorded_at_ms = next + 1000;
    snprintf(u.resident_id, sizeof(u.resident_id), "%s", "411099199001010017"); /* of the same person, new form */
    oracle_take(oracle, &u);
    oracle_rows(oracle, &count);
    assert_int_equal(oracle_find(oracle, &day)->patients, 1);
    assert_int_equal(oracle_find(oracle, &day)->visits, 2);
    assert_int_equal(year_row(oracle)->patients, 1);

    struct city_command cancel = {.kind = CITY_CANCEL, .hospital = 1, .occurred_at_ms = next, .visit_number = "1"};
    cancel.id = id_make_from(BASE_MS, 1, 5);
    oracle_take(oracle, &cancel);
    oracle_rows(oracle, &count);
    struct oracle_row there = {.scope = ORACLE_FACILITY, .period = ORACLE_DAY, .first_day = july_3};
    there.facility = city_hospital(1)->code;
    there.region = city_hospital(1)->region;
    assert_null(oracle_find(oracle, &there));
    assert_int_equal(oracle_find(oracle, &day)->visits, 1);
    assert_int_equal(year_row(oracle)->patients, 1);
    oracle_destroy(&oracle);
}

static struct city_command emergency(unsigned number, unsigned minutes, bool urban) {
    struct city_command c = {.kind = CITY_OPEN, .local_id = "u"};
    c.id = id_make_from(BASE_MS, 2, number);
    c.occurred_at_ms = civil_ms_of_day(civil_day_from_date(CITY_YEAR, 7, 3)) + 9 * 3600 * 1000;
    c.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
    c.card_kind = VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL;
    snprintf(c.visit_number, sizeof(c.visit_number), "%u", number);
    c.rescue.urban = urban;
    c.rescue.arrived_at_ms = minutes == 0 ? 0 : c.occurred_at_ms;
    c.rescue.called_at_ms = minutes == 0 ? 0 : c.occurred_at_ms - (int64_t)minutes * 60 * 1000;
    return c;
}

/* The limits belong to the circle; an emergency without times, a cancelled one and one that is another class now do not
 * count. */
static void the_oracle_counts_arrivals_done_by_hand(void **state) {
    (void)state;
    static const struct {
        unsigned minutes;
        bool urban;
    } arrivals[] = {{30, true}, {31, true}, {121, true}, {30, false}, {120, false}, {121, false}, {0, true}};
    struct oracle *oracle = oracle_new();
    for (unsigned i = 0; i < sizeof(arrivals) / sizeof(arrivals[0]); i++) {
        struct city_command c = emergency(i + 1, arrivals[i].minutes, arrivals[i].urban);
        oracle_take(oracle, &c);
    }
    struct city_command taken_back = emergency(20, 10, true), admitted = emergency(21, 10, true);
    oracle_take(oracle, &taken_back);
    oracle_take(oracle, &admitted);
    taken_back.kind = CITY_CANCEL;
    taken_back.id = id_make_from(BASE_MS, 2, 30);
    oracle_take(oracle, &taken_back);
    admitted.kind = CITY_CHANGE;
    admitted.occurred_at_ms += 3600 * 1000;
    admitted.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT;
    admitted.id = id_make_from(BASE_MS, 2, 31);
    oracle_take(oracle, &admitted);
    size_t count;
    oracle_rows(oracle, &count);
    const struct oracle_row *year = year_row(oracle);
    const uint64_t want[4] = {6, 3, 1, 4};
    assert_int_equal(year->visits, 8);
    assert_memory_equal(year->rescue, want, sizeof(want));
    oracle_destroy(&oracle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_counts_a_case_done_by_hand),
        cmocka_unit_test(the_oracle_counts_arrivals_done_by_hand),
        cmocka_unit_test(patients_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
