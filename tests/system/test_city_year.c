/*
 * The whole system: the synthetic year goes in over CURVE by forty publishers and is read back from the bureau's views,
 * row by row against the oracle. LC_TEST_PATIENTS sets another size (the whole year: 753800).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bureau.h"
#include "support/oracle.h"
#include "support/system.h"

#define SEED 20
#define BASE_MS "1750000000000"

struct fixture {
    struct system system;
    struct city *city;
    struct oracle *oracle;
    char patients[16];
};

static void publish_year(struct fixture *f, struct buffer *output) {
    char seed[16];
    snprintf(seed, sizeof(seed), "%d", SEED);
    const char *const arguments[] = {"replay", "--only", "visits",    "--patients", f->patients, "--seed",
                                     seed,     "--json", "--base-ms", BASE_MS,      NULL};
    assert_int_equal(system_ctl(&f->system, arguments, output), 0);
}

static int make(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    const char *patients = getenv("LC_TEST_PATIENTS");
    snprintf(f->patients, sizeof(f->patients), "%s", patients != NULL ? patients : "5000");
    system_make(&f->system);
    system_start(&f->system, &f->system.visits);
    system_start(&f->system, &f->system.approvals); /* nothing comes there; a rebuild waits for every source */
    system_start(&f->system, &f->system.issues);
    system_start(&f->system, &f->system.aggregator);
    struct city_options options = {.seed = SEED, .patients = (uint32_t)strtoul(f->patients, NULL, 10)};
    options.base_ms = strtoull(BASE_MS, NULL, 10);
    assert_int_equal(city_new(&options, &f->city), STATUS_OK);
    f->oracle = oracle_new();
    oracle_take_city(f->oracle, f->city);
    *state = f;
    return 0;
}

static int drop(void **state) {
    struct fixture *f = *state;
    system_remove(&f->system, false);
    city_destroy(&f->city);
    oracle_destroy(&f->oracle);
    free(f);
    return 0;
}

static uint64_t number_in(struct buffer *json, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\"", key);
    const char *at = strstr(buffer_text(json), quoted);
    assert_non_null(at);
    return strtoull(at + strlen(quoted) + strcspn(at + strlen(quoted), "0123456789"), NULL, 10);
}

static void the_year_equals_the_oracle(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    publish_year(f, &output);
    const struct city_totals *totals = city_totals(f->city);
    assert_int_equal(number_in(&output, "refused"), 0);
    assert_int_equal(number_in(&output, "duplicates"), totals->of_kind[CITY_AGAIN]);
    assert_int_equal(number_in(&output, "accepted"), totals->commands - totals->of_kind[CITY_AGAIN]);
    buffer_release(&output);
    system_wait_caught_up(&f->system);
    assert_true(bureau_equals(&f->system, f->oracle));
    int64_t patients = system_number(&f->system, "SELECT patients FROM bureau.visits_by_year WHERE scope = 'city' AND "
                                                 "class = 'all' AND year = '2020-01-01'");
    assert_int_equal(patients, strtoul(f->patients, NULL, 10));
}

static void the_same_year_again_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    uint64_t before, after;
    assert_true(system_visits_head(&f->system, &before));
    publish_year(f, &output);
    assert_int_equal(number_in(&output, "duplicates"), city_totals(f->city)->commands);
    assert_int_equal(number_in(&output, "accepted"), 0);
    buffer_release(&output);
    assert_true(system_visits_head(&f->system, &after));
    assert_int_equal(before, after);
    system_wait_caught_up(&f->system);
    assert_true(bureau_equals(&f->system, f->oracle));
}

static void both_started_again_show_the_same(void **state) {
    struct fixture *f = *state;
    system_kill(&f->system.aggregator);
    system_kill(&f->system.visits);
    system_start(&f->system, &f->system.visits);
    system_start(&f->system, &f->system.aggregator);
    system_wait_caught_up(&f->system);
    assert_true(bureau_equals(&f->system, f->oracle));
}

/* One cell is spoilt by hand: the comparison notices (it says so on stderr), and counting again puts it right. */
static void a_rebuild_gives_the_same_cells(void **state) {
    struct fixture *f = *state;
    PGresult *spoilt =
        postgres_query(&f->system.postgres, "UPDATE metrics.cell SET value = value + 1 WHERE metric = 5 AND "
                                            "region = 411000 AND organisation = '' AND category = 0");
    assert_string_equal(PQcmdTuples(spoilt), "1");
    PQclear(spoilt);
    assert_false(bureau_equals(&f->system, f->oracle));
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"rebuild", NULL}, NULL), 0);
    system_wait_caught_up(&f->system);
    assert_true(bureau_equals(&f->system, f->oracle));
}

static void the_log_verifies_and_both_stop_clean(void **state) {
    struct fixture *f = *state;
    char log[300];
    snprintf(log, sizeof(log), "%s/conf/data/visits/log.db", f->system.folder);
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"verify", log, NULL}, NULL), 0);
    assert_int_equal(system_stop(&f->system.aggregator), 0);
    assert_int_equal(system_stop(&f->system.visits), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_year_equals_the_oracle),           cmocka_unit_test(the_same_year_again_changes_nothing),
        cmocka_unit_test(both_started_again_show_the_same),     cmocka_unit_test(a_rebuild_gives_the_same_cells),
        cmocka_unit_test(the_log_verifies_and_both_stop_clean),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
