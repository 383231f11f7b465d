/*
 * The approvals of a year through the whole system: catalogue and cases go in over CURVE by 149 agencies and the officers beside
 * them, and are read back from the bureau's views: the figures that were printed about the year, and each agency's cases against
 * the oracle. LC_TEST_CASES sets another size (the whole year: 300000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approvals/v1/commands.pb-c.h"
#include "ctl/city_approvals.h"
#include "support/system.h"

#define SEED 20
#define BASE_MS "1750000000000"
#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name

struct fixture {
    struct system system;
    struct city_approvals *city;
    char cases[16];
};

static int publish_year(struct fixture *f, struct buffer *output) {
    char seed[16];
    snprintf(seed, sizeof(seed), "%d", SEED);
    return system_ctl(&f->system,
                      (const char *const[]){"replay", "--only", "approvals", "--cases", f->cases, "--seed", seed, "--base-ms", BASE_MS,
                                            "--json", NULL},
                      output);
}

static int make(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    const char *cases = getenv("LC_TEST_CASES");
    snprintf(f->cases, sizeof(f->cases), "%s", cases != NULL ? cases : "3000");
    system_make(&f->system);
    system_start(&f->system, &f->system.approvals);
    system_start(&f->system, &f->system.visits); /* nothing comes there; a rebuild waits for every source */
    system_start(&f->system, &f->system.issues);
    system_start(&f->system, &f->system.aggregator);
    struct city_approvals_options options = {.seed = SEED, .cases = (uint32_t)strtoul(f->cases, NULL, 10)};
    options.base_ms = strtoull(BASE_MS, NULL, 10);
    assert_int_equal(city_approvals_new(&options, &f->city), STATUS_OK);
    *state = f;
    return 0;
}

static int drop(void **state) {
    struct fixture *f = *state;
    system_remove(&f->system, false);
    city_approvals_destroy(&f->city);
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

/* --- Reading the views ----------------------------------------------------------------------------------------------------------- */

static void assert_sql(struct fixture *f, const char *sql, int64_t wanted) {
    const int64_t got = system_number(&f->system, sql);
    if (got != wanted) {
        fail_msg("%s: %lld, wanted %lld", sql, (long long)got, (long long)wanted);
    }
}

#define ITEMS_NOW(column, level)                                                                                       \
    "SELECT " column " FROM bureau.approval_items_now WHERE scope = 'city' AND type = 'all' AND level = '" level "'"

/* As the report of the year printed them. */
static void assert_printed(struct fixture *f) {
    assert_sql(f, "SELECT items_base FROM bureau.approval_rounds WHERE level = 'city' AND type = 'licence' ORDER BY round LIMIT 1", 822);
    assert_sql(f, "SELECT items_after FROM bureau.approval_rounds WHERE level = 'city' AND type = 'licence' ORDER BY round DESC LIMIT 1", 98);
    assert_sql(f, "SELECT max(round) FROM bureau.approval_rounds", 10);
    assert_sql(f, ITEMS_NOW("items", "all"), 3235);
    assert_sql(f, ITEMS_NOW("at_most_once_exclusive", "all"), 1225);
    assert_sql(f, ITEMS_NOW("no_meeting_exclusive", "all"), 2010);
    assert_sql(f, ITEMS_NOW("app", "all"), 375);
    assert_sql(f, ITEMS_NOW("items - at_most_once_nested", "city"), 0);
    assert_sql(f, ITEMS_NOW("round(100 * share_depth_2_of_online)", "city"), 100);
    assert_sql(f,
               "SELECT round(100 * limit_compression) FROM bureau.approval_items_now WHERE scope = 'city' AND level = 'city' AND "
               "type = 'licence'",
               89);
    /* Opening a company is the only joint case of the market offices. */
    assert_sql(f,
               "SELECT count(*) FILTER (WHERE joint_under_120_minutes < joint_delivered) FROM bureau.approvals_by_year WHERE scope = "
               "'agency' AND type = 'all' AND organisation LIKE '%-market'",
               0);
}

/* Columns of approvals_by_year, and what the oracle says of each. */
#define COLUMNS                                                                                                        \
    "received, accepted, deemed_accepted, not_accepted, withdrawn, approved, refused, on_time, open_overdue, lawful, " \
    "charged_days, statutory_hundredths, delivered, certificates_late, supplements, suspensions, extensions, revoked, " \
    "joint_delivered, joint_under_120_minutes, ratings, ratings_bad, rectified, rectified_on_time"
#define COLUMN_COUNT 24

static void want_row(const struct city_approvals_count *c, int64_t row[COLUMN_COUNT]) {
    const uint64_t *s = c->steps;
    const uint64_t ratings = c->rated[1] + c->rated[2] + c->rated[3] + c->rated[4] + c->rated[5];
    const int64_t values[COLUMN_COUNT] = {
        (int64_t)s[STEP(RECEIVED)],
        (int64_t)s[STEP(ACCEPTED)],
        (int64_t)s[STEP(DEEMED_ACCEPTED)],
        (int64_t)(s[STEP(NOT_OURS)] + s[STEP(REFUSED_TO_ACCEPT)]),
        (int64_t)(s[STEP(WITHDRAWN_BEFORE_ACCEPTANCE)] + s[STEP(WITHDRAWN)] + s[STEP(SUPPLEMENT_LAPSED)]),
        (int64_t)(s[STEP(APPROVED)] + s[STEP(APPROVED_WITH_DEFICIENCY)]),
        (int64_t)s[STEP(REFUSED)],
        (int64_t)c->on_time,
        c->open_overdue,
        (int64_t)c->lawful,
        (int64_t)c->charged_days,
        (int64_t)c->statutory_hundredths,
        (int64_t)s[STEP(DELIVERED)],
        (int64_t)c->late_deliveries,
        (int64_t)s[STEP(SUPPLEMENT_STARTED)],
        (int64_t)(s[STEP(SPECIAL_STARTED)] - c->extensions),
        (int64_t)c->extensions,
        (int64_t)s[STEP(REVOKED)],
        (int64_t)c->joint_delivered,
        (int64_t)c->openings,
        (int64_t)ratings,
        (int64_t)(c->rated[4] + c->rated[5]),
        (int64_t)c->rectified,
        (int64_t)c->rectified_on_time,
    };
    memcpy(row, values, sizeof values);
}

static const struct city_approvals_count *count_of(const struct city_approvals_totals *totals, const char *organisation) {
    if (organisation[0] == '\0') {
        return &totals->year;
    }
    size_t number = 0;
    while (strcmp(city_agency(number)->code, organisation) != 0) {
        number++;
    }
    return &totals->agencies[number];
}

/* False, said on stderr: a row differs. */
static bool rows_equal(PGresult *result, const struct city_approvals_totals *totals) {
    bool are_equal = true;
    for (int i = 0; i < PQntuples(result); i++) {
        int64_t wanted[COLUMN_COUNT];
        want_row(count_of(totals, PQgetvalue(result, i, 0)), wanted);
        for (int k = 0; k < COLUMN_COUNT; k++) {
            const int64_t got = strtoll(PQgetvalue(result, i, k + 1), NULL, 10);
            if (got != wanted[k]) {
                fprintf(stderr, "%s: %s is %lld, by the oracle %lld\n", PQgetvalue(result, i, 0), PQfname(result, k + 1), (long long)got,
                        (long long)wanted[k]);
                are_equal = false;
            }
        }
    }
    return are_equal;
}

static size_t agencies_with_cases(const struct city_approvals_totals *totals) {
    size_t count = 0;
    for (size_t i = 0; i < city_agency_count(); i++) {
        count += totals->agencies[i].steps[STEP(RECEIVED)] > 0;
    }
    return count;
}

/* The city's row and that of each agency that had cases. */
static bool cases_equal(struct fixture *f) {
    const struct city_approvals_totals *totals = city_approvals_totals(f->city);
    PGresult *result = postgres_query(&f->system.postgres, "SELECT organisation, " COLUMNS
                                                           " FROM bureau.approvals_by_year WHERE year = '2020-01-01' AND type = 'all' "
                                                           "AND scope IN ('city', 'agency') ORDER BY scope, organisation");
    assert_true((size_t)PQntuples(result) >= agencies_with_cases(totals) + 1);
    const bool are_equal = rows_equal(result, totals);
    PQclear(result);
    return are_equal;
}

/* --- The tests -------------------------------------------------------------------------------------------------------------------- */

static void the_year_equals_the_oracle(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    const struct city_approvals_totals *totals = city_approvals_totals(f->city);
    assert_int_equal(publish_year(f, &output), 0);
    assert_int_equal(number_in(&output, "refused"), 0);
    assert_int_equal(number_in(&output, "accepted"), totals->commands);
    buffer_release(&output);
    system_wait_approvals_caught_up(&f->system);
    assert_printed(f);
    assert_true(cases_equal(f));
    /* The notice of 27 January moved deadlines, and nothing else did. */
    assert_sql(f,
               "SELECT (sum(due_changed) FILTER (WHERE day BETWEEN '2020-01-27' AND '2020-01-28') > 0 AND sum(due_changed) FILTER (WHERE "
               "day NOT BETWEEN '2020-01-27' AND '2020-01-28') = 0)::int FROM bureau.approvals_by_day WHERE scope = 'city' AND type = 'all'",
               1);
}

static void the_same_year_again_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    assert_int_equal(publish_year(f, &output), 0);
    assert_int_equal(number_in(&output, "duplicates"), city_approvals_totals(f->city)->commands);
    assert_int_equal(number_in(&output, "accepted"), 0);
    buffer_release(&output);
    system_wait_approvals_caught_up(&f->system);
    assert_true(cases_equal(f));
}

static void both_started_again_show_the_same(void **state) {
    struct fixture *f = *state;
    system_kill(&f->system.aggregator);
    system_kill(&f->system.approvals);
    system_start(&f->system, &f->system.approvals);
    system_start(&f->system, &f->system.aggregator);
    system_wait_approvals_caught_up(&f->system);
    assert_printed(f);
    assert_true(cases_equal(f));
}

/* One cell is spoilt by hand: the comparison notices (it says so on stderr), and counting again puts it right. */
static void a_rebuild_gives_the_same_cells(void **state) {
    struct fixture *f = *state;
    PGresult *spoilt = postgres_query(&f->system.postgres, "UPDATE metrics.cell SET value = value + 1 WHERE (metric, region, organisation, "
                                                           "period, category) IN (SELECT metric, region, organisation, period, category "
                                                           "FROM metrics.cell WHERE metric = 70 AND period = '2020-06-01' LIMIT 1)");
    assert_string_equal(PQcmdTuples(spoilt), "1");
    PQclear(spoilt);
    assert_false(cases_equal(f));
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"rebuild", NULL}, NULL), 0);
    system_wait_approvals_caught_up(&f->system);
    assert_true(cases_equal(f));
    assert_printed(f);
}

/* A registry that follows the clock takes no year of the past: nothing but the first day's Tick is sent, and it is said why. */
static void the_clock_takes_no_year_of_the_past(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    char log[320];
    assert_int_equal(system_stop(&f->system.approvals), 0);
    snprintf(log, sizeof(log), "%s/conf/data/approvals/log.db", f->system.folder);
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"verify", log, NULL}, NULL), 0);
    snprintf(f->system.approvals.flags[0], sizeof(f->system.approvals.flags[0]), "--tick-source=clock");
    system_start(&f->system, &f->system.approvals);
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"replay", "--only", "approvals", "--cases", "10", "--json", NULL}, &output),
                     78);
    assert_int_equal(number_in(&output, "sent"), 1);
    assert_int_equal(number_in(&output, "TICK_NOT_TAKEN"), 1);
    buffer_release(&output);
    assert_int_equal(system_stop(&f->system.aggregator), 0);
    assert_int_equal(system_stop(&f->system.approvals), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_year_equals_the_oracle),       cmocka_unit_test(the_same_year_again_changes_nothing),
        cmocka_unit_test(both_started_again_show_the_same), cmocka_unit_test(a_rebuild_gives_the_same_cells),
        cmocka_unit_test(the_clock_takes_no_year_of_the_past),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
