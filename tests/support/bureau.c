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

static void show_row(const PGresult *result, int row, const struct oracle_row *expected) {
    fprintf(stderr, "view:");
    for (int column = 0; column < 9; column++) {
        fprintf(stderr, " %s", PQgetvalue(result, row, column));
    }
    if (expected == NULL) {
        fprintf(stderr, "; oracle: no such row\n");
        return;
    }
    fprintf(stderr, "; oracle: %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", expected->visits, expected->one_card_visits,
            expected->patients);
}

static bool row_equals(const struct oracle *oracle, const PGresult *result, int row, bool show) {
    struct oracle_row bucket;
    const struct oracle_row *expected = read_bucket(result, row, &bucket) ? oracle_find(oracle, &bucket) : NULL;
    bool is_equal = expected != NULL && is_number(result, row, 6, expected->visits) &&
                    is_number(result, row, 7, expected->one_card_visits) &&
                    is_number(result, row, 8, expected->patients);
    if (!is_equal && show) {
        show_row(result, row, expected);
    }
    return is_equal;
}

/* Rows that the views have to show: of all time only those with patients, and of the three classes. */
static size_t count_shown(const struct oracle_row *rows, size_t count) {
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_total = rows[i].period == ORACLE_ALL_TIME;
        shown += !is_total || (rows[i].patients > 0 && rows[i].visit_class != ORACLE_OTHER);
    }
    return shown;
}

bool bureau_equals(struct system *system, struct oracle *oracle) {
    size_t count;
    const struct oracle_row *rows = oracle_rows(oracle, &count);
    PGconn *connection = system_connect(system);
    CHECK(connection != NULL);
    PGresult *result = PQexec(connection, all_rows);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s", PQerrorMessage(connection));
        abort();
    }
    size_t differences = 0;
    for (int row = 0; row < PQntuples(result); row++) {
        differences += !row_equals(oracle, result, row, differences < DIFFERENCES_SHOWN);
    }
    size_t expected = count_shown(rows, count), found = (size_t)PQntuples(result);
    if (differences > 0 || found != expected) {
        fprintf(stderr, "%zu rows in the views, %zu expected, %zu differ\n", found, expected, differences);
    }
    PQclear(result);
    PQfinish(connection);
    return differences == 0 && found == expected;
}
