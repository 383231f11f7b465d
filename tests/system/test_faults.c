/*
 * Everything is killed once while a small year is published: each process, PostgreSQL, and all at the same time. The
 * long form is tests/fault (make check-fault).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/trial.h"

static void a_year_with_faults_equals_the_oracle(void **state) {
    (void)state;
    static const enum fault faults[] = {FAULT_VISITS,        FAULT_AGGREGATOR, FAULT_VISITS,   FAULT_REPLAY,
                                        FAULT_POSTGRES_HALT, FAULT_VISITS,     FAULT_TAKEOVER, FAULT_POSTGRES_KILL,
                                        FAULT_VISITS,        FAULT_EVERYTHING};
    const struct trial_options options = {.patients = 8000, .rate = 3000, .snapshot_rows = 2000, .has_second = true};
    struct trial trial;
    trial_begin(&trial, &options);
    trial_strike(&trial, faults, sizeof(faults) / sizeof(faults[0]));
    bool is_well = trial_ends_well(&trial);
    uint32_t under_load = trial.faults;
    trial_remove(&trial, !is_well);
    assert_true(is_well);
    assert_true(under_load > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_year_with_faults_equals_the_oracle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
