#include "support/bureau.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"

#define DIFFERENCES_SHOWN 20

/* One statement for all views: every column as text. A view that has no such number says ''. */
static const char all_rows[] =
    "SELECT 'day', scope, class, region, organisation, day::text, visits::text, one_card_visits::text, patients::text"
    "  FROM bureau.visits_by_day "
    "UNION ALL "
    "SELECT 'month', scope, class, region, organisation, month::text, visits::text, one_card_visits::text,"
    "       patients::text FROM bureau.visits_by_month "
    "UNION ALL "
    "SELECT 'year', scope, class, region, organisation, year::text, visits::text, one_card_visits::text,"
    "       patients::text FROM bureau.visits_by_year "
    "UNION ALL "
    "SELECT 'all', scope, class, region, organisation, '', NULL, NULL, patients::text FROM bureau.patients_total";

static const char rescue_rows[] =
    "SELECT 'day', scope, 'all', region, organisation, day::text, arrivals::text, arrivals_urban::text,"
    "       within_30_minutes::text, within_120_minutes::text FROM bureau.rescue_by_day "
    "UNION ALL "
    "SELECT 'month', scope, 'all', region, organisation, month::text, arrivals::text, arrivals_urban::text,"
    "       within_30_minutes::text, within_120_minutes::text FROM bureau.rescue_by_month "
    "UNION ALL "
    "SELECT 'year', scope, 'all', region, organisation, year::text, arrivals::text, arrivals_urban::text,"
    "       within_30_minutes::text, within_120_minutes::text FROM bureau.rescue_by_year";

static const char *const periods[] = {"day", "month", "year", "all"};
static const char *const scopes[] = {"city", "county", "hospital"};
static const char *const classes[] = {"all", "inpatient", "outpatient", "emergency", "other"};

static int number_of(const char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool read_bucket(const PGresult *result, int row, struct oracle_row *bucket) {
    int period = number_of(periods, 4, PQgetvalue(result, row, 0));
    int scope = number_of(scopes, 3, PQgetvalue(result, row, 1));
    int visit_class = number_of(classes, 5, PQgetvalue(result, row, 2));
    if (period < 0 || scope < 0 || visit_class < 0) {
        return false;
    }
    *bucket = (struct oracle_row){.period = (enum oracle_period)period,
                                  .scope = (enum oracle_scope)scope,
                                  .visit_class = (enum oracle_class)visit_class,
                                  .facility = PQgetvalue(result, row, 4)};
    bucket->region = scope == ORACLE_CITY ? 0 : (uint32_t)strtoul(PQgetvalue(result, row, 3), NULL, 10);
    return period == ORACLE_ALL_TIME || civil_date_parse(PQgetvalue(result, row, 5), &bucket->first_day);
}

/* A number that the view does not define (NULL) is not compared. */
static bool is_number(const PGresult *result, int row, int column, uint64_t expected) {
    return PQgetisnull(result, row, column) || strtoull(PQgetvalue(result, row, column), NULL, 10) == expected;
}

static void show_row(const PGresult *result, int row, const uint64_t *expected, int columns) {
    fprintf(stderr, "view:");
    for (int column = 0; column < PQnfields(result); column++) {
        fprintf(stderr, " %s", PQgetvalue(result, row, column));
    }
    fprintf(stderr, "; oracle:%s", expected == NULL ? " no such row" : "");
    for (int i = 0; i < columns && expected != NULL; i++) {
        fprintf(stderr, " %" PRIu64, expected[i]);
    }
    fprintf(stderr, "\n");
}

/* One group of views: the statement, which numbers of a bucket its columns from the seventh on show, and which buckets
 * have to be there. */
struct views {
    const char *sql;
    int columns;
    void (*numbers)(const struct oracle_row *row, uint64_t numbers[4]);
    bool (*is_shown)(const struct oracle_row *row);
};

static void visit_numbers(const struct oracle_row *row, uint64_t numbers[4]) {
    numbers[0] = row->visits;
    numbers[1] = row->one_card_visits;
    numbers[2] = row->patients;
}

/* Of all time only those with patients, and of the three classes. */
static bool has_visits(const struct oracle_row *row) {
    bool is_total = row->period == ORACLE_ALL_TIME;
    return !is_total || (row->patients > 0 && row->visit_class != ORACLE_OTHER);
}

static void rescue_numbers(const struct oracle_row *row, uint64_t numbers[4]) {
    memcpy(numbers, row->rescue, 4 * sizeof(*numbers));
}

static bool has_rescue(const struct oracle_row *row) {
    return row->period != ORACLE_ALL_TIME && row->rescue[0] > 0;
}

static const struct views groups[] = {{all_rows, 3, visit_numbers, has_visits},
                                      {rescue_rows, 4, rescue_numbers, has_rescue}};

static bool row_equals(const struct views *views, const struct oracle *oracle, const PGresult *result, int row,
                       bool show) {
    struct oracle_row bucket;
    uint64_t numbers[4];
    const struct oracle_row *expected = read_bucket(result, row, &bucket) ? oracle_find(oracle, &bucket) : NULL;
    bool is_equal = expected != NULL;
    if (is_equal) {
        views->numbers(expected, numbers);
    }
    for (int i = 0; i < views->columns && is_equal; i++) {
        is_equal = is_number(result, row, 6 + i, numbers[i]);
    }
    if (!is_equal && show) {
        show_row(result, row, expected == NULL ? NULL : numbers, views->columns);
    }
    return is_equal;
}

static size_t count_shown(const struct views *views, const struct oracle_row *rows, size_t count) {
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        shown += views->is_shown(&rows[i]);
    }
    return shown;
}

static bool views_equal(const struct views *views, PGconn *connection, struct oracle *oracle) {
    size_t count, differences = 0;
    const struct oracle_row *rows = oracle_rows(oracle, &count);
    PGresult *result = PQexec(connection, views->sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s", PQerrorMessage(connection));
        abort();
    }
    for (int row = 0; row < PQntuples(result); row++) {
        differences += !row_equals(views, oracle, result, row, differences < DIFFERENCES_SHOWN);
    }
    size_t expected = count_shown(views, rows, count), found = (size_t)PQntuples(result);
    if (differences > 0 || found != expected) {
        fprintf(stderr, "%zu rows in the views, %zu expected, %zu differ\n", found, expected, differences);
    }
    PQclear(result);
    return differences == 0 && found == expected;
}

bool bureau_equals(struct system *system, struct oracle *oracle) {
    PGconn *connection = system_connect(system);
    CHECK(connection != NULL);
    bool is_equal = true;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        is_equal = views_equal(&groups[i], connection, oracle) && is_equal;
    }
    PQfinish(connection);
    return is_equal;
}
