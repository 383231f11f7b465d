/*
 * kill -9 of each process at random moments, PostgreSQL stopped and killed, while the synthetic year is published. Each
 * case is a system of its own; support/trial.h says what has to hold at the end. LC_TEST_RANDOM repeats the moments,
 * an argument is the pattern of the cases to run ("the_replay*").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/trial.h"

#define PATIENTS 20000
#define RATE 8000
#define FAULTS_MAX 24

/* The fault, or two in turn, so many times. */
static void fill(enum fault *faults, size_t count, enum fault first, enum fault second) {
    for (size_t i = 0; i < count; i++) {
        faults[i] = i % 2 == 0 ? first : second;
    }
}

static void run(struct trial *trial, const struct trial_options *options, const enum fault *faults, size_t count) {
    trial_begin(trial, options);
    trial_strike(trial, faults, count);
    bool is_well = trial_ends_well(trial);
    trial_remove(trial, !is_well);
    assert_true(is_well);
    assert_true(trial->faults > 0);
}

static void run_in_turn(const struct trial_options *options, enum fault first, enum fault second, size_t count) {
    struct trial trial;
    enum fault faults[FAULTS_MAX];
    assert_true(count <= FAULTS_MAX);
    fill(faults, count, first, second);
    run(&trial, options, faults, count);
}

static const struct trial_options paced = {.patients = PATIENTS, .rate = RATE};

static void the_registry_is_killed(void **state) {
    (void)state;
    run_in_turn(&paced, FAULT_VISITS, FAULT_VISITS, 12);
}

/* Every hospital has its window full whenever the connection breaks: what is lost must not be overtaken. */
static void the_registry_is_killed_at_full_speed(void **state) {
    (void)state;
    const struct trial_options options = {.patients = 3 * PATIENTS};
    run_in_turn(&options, FAULT_VISITS, FAULT_VISITS, 16);
}

static void the_registry_is_killed_while_it_makes_snapshots(void **state) {
    (void)state;
    const struct trial_options options = {.patients = PATIENTS, .rate = RATE / 2, .snapshot_rows = 1000};
    struct trial trial;
    enum fault faults[6];
    fill(faults, 6, FAULT_SNAPSHOT, FAULT_SNAPSHOT);
    run(&trial, &options, faults, 6);
    assert_true(trial.snapshot_kills > 0);
}

static void the_aggregator_is_killed(void **state) {
    (void)state;
    run_in_turn(&paced, FAULT_AGGREGATOR, FAULT_AGGREGATOR, 12);
}

static void the_replay_is_killed(void **state) {
    (void)state;
    run_in_turn(&paced, FAULT_REPLAY, FAULT_REPLAY, 8);
}

static void postgres_goes_and_comes(void **state) {
    (void)state;
    run_in_turn(&paced, FAULT_POSTGRES_HALT, FAULT_POSTGRES_KILL, 10);
}

static void the_second_aggregator_takes_over(void **state) {
    (void)state;
    const struct trial_options options = {.patients = PATIENTS, .rate = RATE, .has_second = true};
    run_in_turn(&options, FAULT_TAKEOVER, FAULT_TAKEOVER, 5);
}

static void anything_dies(void **state) {
    (void)state;
    const struct trial_options options = {
        .patients = PATIENTS, .rate = RATE, .snapshot_rows = 2000, .has_second = true};
    run_in_turn(&options, FAULT_ANY, FAULT_ANY, 16);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_is_killed),
        cmocka_unit_test(the_registry_is_killed_at_full_speed),
        cmocka_unit_test(the_registry_is_killed_while_it_makes_snapshots),
        cmocka_unit_test(the_aggregator_is_killed),
        cmocka_unit_test(the_replay_is_killed),
        cmocka_unit_test(postgres_goes_and_comes),
        cmocka_unit_test(the_second_aggregator_takes_over),
        cmocka_unit_test(anything_dies),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
