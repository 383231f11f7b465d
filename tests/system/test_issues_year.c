/*
 * Issues, reform tasks and river clues of a year through the whole system: they go in over CURVE by the agencies and the officers
 * beside them and are read back from the bureau's views; then the annual report of all three registries, line by line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "ctl/city_issues.h"
#include "support/system.h"

#define SEED 20
#define SEED_TEXT "20"
#define BASE_MS "1750000000000"
#define PATIENTS "4000"
#define CASES "1500"

struct fixture {
    struct system system;
    struct city_issues *city;
};

static int make(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    const struct city_issues_options options = {.seed = SEED, .base_ms = strtoull(BASE_MS, NULL, 10)};
    system_make(&f->system);
    system_start(&f->system, &f->system.visits);
    system_start(&f->system, &f->system.approvals);
    system_start(&f->system, &f->system.issues);
    system_start(&f->system, &f->system.aggregator);
    assert_int_equal(city_issues_new(&options, &f->city), STATUS_OK);
    *state = f;
    return 0;
}

static int drop(void **state) {
    struct fixture *f = *state;
    system_remove(&f->system, false);
    city_issues_destroy(&f->city);
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

static void publish(struct fixture *f, const char *side, struct buffer *output) {
    assert_int_equal(system_ctl(&f->system,
                                (const char *const[]){"replay", "--only", side, "--seed", SEED_TEXT, "--base-ms", BASE_MS, "--patients",
                                                      PATIENTS, "--cases", CASES, "--json", NULL},
                                output),
                     0);
}

/* --- Against the generator ---------------------------------------------------------------------------------------------------------- */

/* A metric of 2020, of the whole city: flows and cohorts. */
static int64_t of_year(struct fixture *f, const char *metric) {
    char sql[256];
    snprintf(sql, sizeof(sql),
             "SELECT coalesce(sum(c.value), 0) FROM metrics.cell c JOIN metrics.metric m ON m.number = c.metric WHERE m.id = '%s' AND "
             "c.period BETWEEN '2020-01-01' AND '2020-12-31'",
             metric);
    return system_number(&f->system, sql);
}

static void assert_counts(struct fixture *f) {
    const struct city_issues_totals *t = city_issues_totals(f->city);
    const struct {
        const char *metric;
        uint64_t want;
    } rows[] = {
        {"issues.registered", t->registered},
        {"issues.duplicates", t->duplicates},
        {"issues.invalid", t->invalid},
        {"issues.resolved", t->resolved},
        {"issues.resolved_confirmed", t->confirmed},
        {"issues.resolved_unconfirmed", t->silent},
        {"issues.signed_off", t->signed_off},
        {"issues.long_term", t->long_term},
        {"issues.transferred", t->transferred},
        {"issues.cancelled", t->cancelled},
        {"issues.dissatisfied", t->dissatisfied},
        {"issues.on_time", t->on_time},
        {"issues.late", t->late},
        {"issues.extensions", t->extensions},
        {"issues.disputes", t->disputes},
        {"issues.raised", t->raised},
        {"issues.dispatch_late", t->dispatched_late},
        {"issues.about_item", t->about_item},
        {"issues.about_task", t->about_task},
        {"issues.rule_cited", t->cited},
        {"issues.open", t->long_term + t->open_at_end},
        {"issues.circulars", t->circulars},
        {"ledger.tasks", t->tasks},
        {"ledger.signed_off", t->tasks},
        {"ledger.signed_off_on_time", t->tasks},
        {"ledger.key_items", t->key_items},
        {"ledger.provincial_tasks", t->provincial},
        {"ledger.provincial_mapped", t->provincial},
        {"ledger.progress_permille", 1000 * t->tasks},
        {"ledger.lag_yellow", 0},
        {"ledger.lag_orange", 0},
        {"ledger.lag_red", 0},
        {"ledger.reports", t->reports},
        {"ledger.reopened", t->reopened},
        {"ledger.objections", t->objections},
        {"clues.found", t->clues},
        {"clues.transferred", t->clues_transferred},
        {"clues.received", t->clues_transferred},
        {"clues.filed", t->clues_filed},
        {"clues.not_filed", t->clues_not_filed},
        {"clues.suggestions", t->suggestions},
        {"clues.signed_off", t->clues_signed_off},
        {"clues.receipts_late", t->receipts_late},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const int64_t got = of_year(f, rows[i].metric);
        if (got != (int64_t)rows[i].want) {
            fail_msg("%s: %lld, by the generator %llu", rows[i].metric, (long long)got, (unsigned long long)rows[i].want);
        }
    }
}

static void the_year_equals_the_generator(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    publish(f, "issues", &output);
    assert_int_equal(number_in(&output, "refused"), 0);
    assert_int_equal(number_in(&output, "accepted"), city_issues_totals(f->city)->commands);
    buffer_clear(&output);
    system_wait_issues_caught_up(&f->system);
    assert_counts(f);
    publish(f, "issues", &output); /* once more: nothing changes */
    assert_int_equal(number_in(&output, "duplicates"), city_issues_totals(f->city)->commands);
    buffer_release(&output);
    system_wait_issues_caught_up(&f->system);
    assert_counts(f);
}

static void killed_and_counted_again_it_is_the_same(void **state) {
    struct fixture *f = *state;
    system_kill(&f->system.aggregator);
    system_kill(&f->system.issues);
    system_start(&f->system, &f->system.issues);
    system_start(&f->system, &f->system.aggregator);
    system_wait_issues_caught_up(&f->system);
    assert_counts(f);
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"rebuild", NULL}, NULL), 0);
    system_wait_issues_caught_up(&f->system);
    assert_counts(f);
}

/* --- The report --------------------------------------------------------------------------------------------------------------------- */

/* The printed figures with this year's number of patients in the place of the city's. */
static void write_printed(const char *path) {
    struct buffer printed = {0}, changed = {0};
    assert_int_equal(file_read("deploy/data/annual_report_2020.tsv", 1 << 20, &printed), STATUS_OK);
    const char *at = buffer_text(&printed), *found;
    while ((found = strstr(at, "753800")) != NULL) {
        buffer_append(&changed, at, (size_t)(found - at));
        buffer_append_text(&changed, PATIENTS);
        at = found + 6;
    }
    buffer_append_text(&changed, at);
    assert_int_equal(file_write_atomic(path, changed.data, changed.size, 0644), STATUS_OK);
    buffer_release(&printed);
    buffer_release(&changed);
}

static size_t count_in(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

static void every_line_of_the_report_matches(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    char path[320];
    publish(f, "visits", &output);
    publish(f, "approvals", &output);
    system_wait_caught_up(&f->system);
    system_wait_approvals_caught_up(&f->system);
    snprintf(path, sizeof(path), "%s/printed.tsv", f->system.folder);
    write_printed(path);
    buffer_clear(&output);
    const int code = system_ctl(&f->system, (const char *const[]){"report", "annual", "--year", "2020", "--printed", path, NULL}, &output);
    if (code != 0) {
        fail_msg("exit code %d:\n%s", code, buffer_text(&output));
    }
    assert_int_equal(count_in(buffer_text(&output), "MATCH\n"), 34);
    assert_null(strstr(buffer_text(&output), "DIFFER\n"));
    assert_non_null(strstr(buffer_text(&output), "What stalls enterprises most"));
    assert_true(count_in(buffer_text(&output), "GG-2020-") > 0); /* a reform task among them */
    buffer_clear(&output);
    /* What the city printed is not what this smaller year has: one line differs, and the exit code says so. */
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"report", "annual", "--year", "2020", NULL}, &output), 1);
    buffer_release(&output);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_year_equals_the_generator),
        cmocka_unit_test(killed_and_counted_again_it_is_the_same),
        cmocka_unit_test(every_line_of_the_report_matches),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
