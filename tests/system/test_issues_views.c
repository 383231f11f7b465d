#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "support/postgres.h"
#include "support/process.h"

/*
 * The bureau's views of issues, the ledger and clues in a real PostgreSQL, over cells put there by hand: what each
 * column is, on small numbers that can be added up in one's head.
 */
static struct postgres cluster;
static char folder[] = "/tmp/liancheng_issues_views_XXXXXX";

/* --- Starting ----------------------------------------------------------------------------------------------------- */

static void find_program(char *path, size_t size) {
    const char *given = getenv("LIANCHENG_PROGRAMS");
    char self[400]; /* build/FLAVOUR/tests/system/NAME */
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    for (int i = 0; i < 3; i++) {
        *strrchr(self, '/') = '\0';
    }
    if (given != NULL) {
        snprintf(path, size, "%s/aggregator", given);
    } else {
        snprintf(path, size, "%s/bin/aggregator", self);
    }
}

static void migrate(void) {
    struct process process;
    char program[600], flag[300], log_path[100];
    find_program(program, sizeof program);
    snprintf(flag, sizeof flag, "--postgres-conninfo=%s", postgres_conninfo(&cluster));
    snprintf(log_path, sizeof log_path, "%s/migrate.log", folder);
    const char *argv[] = {program, "migrate", flag, NULL};
    process_start(&process, argv, log_path);
    const int code = process_wait(&process);
    if (code != 0) {
        process_show_log(&process);
    }
    assert_int_equal(code, 0);
    unlink(log_path);
}

static int start_cluster(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    postgres_start(&cluster);
    migrate();
    PQclear(postgres_query(&cluster, "ALTER ROLE bureau LOGIN"));
    return 0;
}

static int stop_cluster(void **state) {
    (void)state;
    postgres_stop(&cluster);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

/* --- Cells and rows ----------------------------------------------------------------------------------------------- */

struct cell_row {
    int region; /* 0: the end */
    int metric;
    const char *day, *organisation;
    int category;
    int64_t value;
};

/* "plan" is an agency of the city, "fire" of Weidu; "ghost" was never announced. */
static void put_cells(const struct cell_row *rows) {
    PQclear(postgres_query(&cluster, "TRUNCATE metrics.cell, metrics.organisation"));
    PQclear(postgres_query(&cluster, "INSERT INTO metrics.organisation VALUES ('plan', '发展改革委', 411000),"
                                     " ('fire', '消防大队', 411002)"));
    for (; rows->region != 0; rows++) {
        char sql[300];
        snprintf(sql, sizeof sql, "INSERT INTO metrics.cell VALUES (%d, %d, '%s', '%s', %d, %lld)", rows->region,
                 rows->metric, rows->day, rows->organisation, rows->category, (long long)rows->value);
        PQclear(postgres_query(&cluster, sql));
    }
}

/* All rows of a question, "a|b|c" each; "-": NULL. */
static void assert_rows(const char *sql, const char *wanted) {
    struct buffer text = {0};
    PGresult *result = postgres_query(&cluster, sql);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            buffer_printf(&text, "%s%s",
                          column > 0 ? "|"
                          : row > 0  ? "\n"
                                     : "",
                          PQgetisnull(result, row, column) ? "-" : PQgetvalue(result, row, column));
        }
    }
    buffer_append(&text, "", 1);
    if (strcmp((const char *)text.data, wanted) != 0) {
        fail_msg("%s\n--- wanted\n%s\n--- got\n%s", sql, wanted, (const char *)text.data);
    }
    PQclear(result);
    buffer_release(&text);
}

struct question {
    const char *sql, *rows;
};

static void ask(const struct question *questions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_rows(questions[i].sql, questions[i].rows);
    }
}
#define ASK(...)                                                                                                       \
    do {                                                                                                               \
        static const struct question questions[] = {__VA_ARGS__};                                                      \
        ask(questions, sizeof questions / sizeof questions[0]);                                                        \
    } while (0)

/* --- Enterprise issues -------------------------------------------------------------------------------------------- */

static const struct cell_row cohorts[] = {{411002, 100, "2020-02-10", "", 0, 10}, {411002, 101, "2020-02-10", "", 0, 2},
                                          {411002, 102, "2020-02-10", "", 0, 1},  {411002, 103, "2020-02-10", "", 0, 5},
                                          {411002, 104, "2020-02-10", "", 0, 3},  {411002, 105, "2020-02-10", "", 0, 2},
                                          {411002, 106, "2020-02-10", "", 0, 4},  {411002, 108, "2020-02-10", "", 0, 1},
                                          {411002, 109, "2020-02-10", "", 0, 1},  {411002, 100, "2020-02-11", "", 0, 3},
                                          {411002, 103, "2020-02-11", "", 0, 3},  {411002, 104, "2020-02-11", "", 0, 3},
                                          {411000, 100, "2020-03-01", "", 0, 2},  {411000, 103, "2020-03-01", "", 0, 1},
                                          {411000, 105, "2020-03-01", "", 0, 1},  {411024, 100, "2021-01-01", "", 0, 1},
                                          {411024, 101, "2021-01-01", "", 0, 1},  {0}};
#define COHORT                                                                                                         \
    "registered, duplicates, invalid, collected, resolved, confirmed, unconfirmed, signed_off, transferred, cancelled"

static void cohorts_and_their_shares(void **state) {
    (void)state;
    put_cells(cohorts);
    ASK({"SELECT year, scope, region, " COHORT
         ", share_resolved, share_confirmed FROM bureau.issues_by_year ORDER BY 1, 2, 3",
         "2020-01-01|city|411000|15|2|1|12|9|6|3|4|1|1|0.7500|0.6667\n"
         "2020-01-01|county|411002|13|2|1|10|8|6|2|4|1|1|0.8000|0.7500\n"
         "2020-01-01|municipal|411000|2|0|0|2|1|0|1|0|0|0|0.5000|0.0000\n"
         "2021-01-01|city|411000|1|1|0|0|0|0|0|0|0|0|-|-\n"
         "2021-01-01|county|411024|1|1|0|0|0|0|0|0|0|0|-|-"},
        {"SELECT month, " COHORT ", share_resolved FROM bureau.issues_by_month WHERE scope = 'county' ORDER BY 1",
         "2020-02-01|13|2|1|10|8|6|2|4|1|1|0.8000\n"
         "2021-01-01|1|1|0|0|0|0|0|0|0|0|-"},
        {"SELECT day, " COHORT
         ", share_resolved, share_confirmed FROM bureau.issues_by_day WHERE scope = 'county' ORDER BY 1",
         "2020-02-10|10|2|1|7|5|3|2|4|1|1|0.7143|0.6000\n"
         "2020-02-11|3|0|0|3|3|3|0|0|0|0|1.0000|1.0000\n"
         "2021-01-01|1|1|0|0|0|0|0|0|0|0|-|-"},
        {"SELECT DISTINCT region, region_name_zh, region_name_en FROM bureau.issues_by_year ORDER BY 1",
         "411000|许昌市|Xuchang\n411002|魏都区|Weidu\n411024|鄢陵县|Yanling"});
}

static const struct cell_row stocks[] = {
    {411002, 114, "2020-01-30", "", 0, 3},      {411002, 114, "2020-02-03", "", 0, 2},
    {411002, 114, "2020-02-05", "", 0, -4},     {411002, 114, "2020-04-10", "", 0, 1},
    {411002, 107, "2020-02-03", "", 0, 1},      {411002, 107, "2020-03-20", "", 0, -1},
    {411024, 114, "2020-02-29", "", 0, 1},      {411024, 114, "2020-03-02", "", 0, -1},
    {411002, 113, "2020-02-03", "plan", 0, 2},  {411002, 113, "2020-02-20", "plan", 0, -1},
    {411002, 113, "2020-02-04", "ghost", 0, 1}, {0}};

/* What is open is there at the end of a month in which nothing happened, and gone where nothing is open. */
static void stocks_are_those_at_the_end(void **state) {
    (void)state;
    put_cells(stocks);
    ASK({"SELECT month, open, long_term, open_overdue FROM bureau.issues_by_month WHERE scope = 'city' ORDER BY 1",
         "2020-01-01|3|0|0\n2020-02-01|2|1|2\n2020-03-01|1|0|2\n2020-04-01|2|0|2"},
        {"SELECT month, open FROM bureau.issues_by_month WHERE region = 411024 ORDER BY 1", "2020-02-01|1"},
        {"SELECT year, open, long_term, open_overdue FROM bureau.issues_by_year WHERE scope = 'county' ORDER BY region",
         "2020-01-01|2|0|2"},
        {"SELECT day, open, long_term FROM bureau.issues_by_day WHERE region = 411002 AND scope = 'county'"
         " AND day BETWEEN '2020-02-01' AND '2020-02-06' ORDER BY 1",
         "2020-02-01|3|0\n2020-02-02|3|0\n2020-02-03|5|1\n2020-02-04|5|1\n2020-02-05|1|1\n2020-02-06|1|1"},
        {"SELECT count(*), min(day), max(day) FROM bureau.issues_by_day WHERE scope = 'city'",
         "72|2020-01-30|2020-04-10"},
        /* a unit is in its own region, wherever the enterprise is; one that nobody announced where its cells are */
        {"SELECT month, region, organisation, organisation_name, open_overdue, open, long_term FROM "
         "bureau.issues_by_month"
         " WHERE scope = 'unit' ORDER BY 1, 3",
         "2020-02-01|411002|ghost|-|1|-|-\n2020-02-01|411000|plan|发展改革委|1|-|-\n"
         "2020-03-01|411002|ghost|-|1|-|-\n2020-03-01|411000|plan|发展改革委|1|-|-\n"
         "2020-04-01|411002|ghost|-|1|-|-\n2020-04-01|411000|plan|发展改革委|1|-|-"});
}

static const struct cell_row flows[] = {{411002, 111, "2020-05-06", "plan", 221, 2},
                                        {411002, 111, "2020-05-06", "plan", 222, 3},
                                        {411024, 112, "2020-05-07", "plan", 223, 1},
                                        {411002, 112, "2020-05-07", "fire", 220, 1},
                                        {411002, 113, "2020-05-06", "plan", 0, 2},
                                        {411002, 110, "2020-05-06", "plan", 0, 4},
                                        {411002, 117, "2020-05-06", "plan", 0, 5},
                                        {411002, 118, "2020-05-06", "plan", 0, 6},
                                        {411002, 119, "2020-05-06", "", 0, 7},
                                        {411002, 120, "2020-05-06", "plan", 0, 8},
                                        {411002, 121, "2020-05-06", "fire", 0, 9},
                                        {411000, 130, "2020-05-06", "plan", 211, 1},
                                        {411000, 130, "2020-05-06", "plan", 212, 2},
                                        {411000, 130, "2020-05-07", "plan", 213, 3},
                                        {411000, 130, "2020-05-07", "plan", 214, 4},
                                        {411000, 131, "2020-05-07", "plan", 0, 2},
                                        {0}};
#define FLOWS "on_time, late, open_overdue, dissatisfied, extensions, disputes, dispatched_late, raised, parts_late"

static void flows_count_for_units_and_regions(void **state) {
    (void)state;
    put_cells(flows);
    ASK({"SELECT scope, region, organisation, " FLOWS ", share_on_time, share_on_time_closed_only"
         " FROM bureau.issues_by_month ORDER BY 1, 2, 3",
         "city|411000||5|2|2|4|5|6|7|8|9|0.5556|0.7143\n"
         "county|411002||5|1|2|4|5|6|7|8|9|0.6250|0.8333\n"
         "county|411024||0|1|0|0|0|0|0|0|0|0.0000|0.0000\n"
         "municipal|411000||0|0|0|0|0|0|0|0|0|-|-\n"
         "unit|411000|plan|5|1|2|4|5|6|-|8|0|0.6250|0.8333\n"
         "unit|411002|fire|0|1|0|0|0|0|-|0|9|0.0000|0.0000"},
        {"SELECT scope, region, organisation, slips_issued, slips_issued_level_1, slips_issued_level_2, "
         "slips_issued_level_3,"
         " slips_issued_level_4, slips_lapsed FROM bureau.issues_by_month WHERE slips_issued > 0 ORDER BY 1",
         "city|411000||10|1|2|3|4|2\nmunicipal|411000||10|1|2|3|4|2\nunit|411000|plan|10|1|2|3|4|2"},
        {"SELECT DISTINCT registered, duplicates, invalid, collected, resolved, confirmed, unconfirmed, signed_off,"
         " transferred, cancelled, long_term, open, dispatched_late, share_resolved, share_confirmed"
         " FROM bureau.issues_by_year WHERE scope = 'unit'",
         "-|-|-|-|-|-|-|-|-|-|-|-|-|-|-"},
        {"SELECT day, on_time, late, open_overdue, share_on_time, share_on_time_closed_only FROM bureau.issues_by_day"
         " WHERE scope = 'unit' AND organisation = 'plan' ORDER BY 1",
         "2020-05-06|5|0|2|0.7143|1.0000\n2020-05-07|0|1|2|0.0000|0.0000"});
}

static const struct cell_row workdays[] = {{411002, 115, "2020-05-06", "plan", 100, 1},
                                           {411002, 115, "2020-05-06", "plan", 103, 4},
                                           {411002, 115, "2020-05-07", "plan", 110, 4},
                                           {411002, 115, "2020-05-07", "plan", 131, 1},
                                           {411024, 115, "2020-05-06", "fire", 131, 1},
                                           {411024, 115, "2020-06-06", "fire", 181, 1},
                                           {0}};

/* Nearest rank: half of ten is the fifth, nine tenths the ninth. Above thirty days the last of a bucket, at the very
 * end its first. */
static void percentiles_of_workdays(void **state) {
    (void)state;
    put_cells(workdays);
    ASK({"SELECT month, scope, region, workdays_p50, workdays_p90 FROM bureau.issues_by_month ORDER BY 1, 2, 3",
         "2020-05-01|city|411000|10|32\n2020-05-01|county|411002|3|10\n2020-05-01|county|411024|32|32\n"
         "2020-05-01|unit|411000|3|10\n2020-05-01|unit|411002|32|32\n"
         "2020-06-01|city|411000|1001|1001\n2020-06-01|county|411024|1001|1001\n2020-06-01|unit|411002|1001|1001"},
        {"SELECT workdays_p50, workdays_p90 FROM bureau.issues_by_day WHERE scope = 'city' AND day = '2020-05-06'",
         "3|32"},
        {"SELECT workdays_p50, workdays_p90 FROM bureau.issues_by_year WHERE organisation = 'fire'", "32|1001"});
    put_cells(cohorts);
    ASK({"SELECT count(*) FROM bureau.issues_by_year WHERE workdays_p50 IS NOT NULL OR workdays_p90 IS NOT NULL", "0"});
}

/* newest: 2020-09-30. */
static const struct cell_row ages[] = {{411002, 116, "2020-09-30", "", 0, 1},
                                       {411002, 116, "2020-09-23", "", 0, 2},
                                       {411002, 116, "2020-09-22", "", 0, 4},
                                       {411002, 116, "2020-08-31", "", 0, 8},
                                       {411002, 116, "2020-08-30", "", 0, 16},
                                       {411002, 116, "2020-07-02", "", 0, 32},
                                       {411002, 116, "2020-07-01", "", 0, 64},
                                       {411000, 116, "2019-07-01", "", 0, 128},
                                       {411024, 116, "2020-08-01", "", 0, 0},
                                       {411002, 119, "2020-09-30", "", 0, 1},
                                       {0}};

static void open_issues_by_age(void **state) {
    (void)state;
    put_cells(ages);
    ASK({"SELECT scope, region, region_name_en, day, age, open FROM bureau.issues_open_by_age ORDER BY 1, 2, open",
         "city|411000|Xuchang|2020-09-30|0-7|3\ncity|411000|Xuchang|2020-09-30|8-30|12\n"
         "city|411000|Xuchang|2020-09-30|31-90|48\ncity|411000|Xuchang|2020-09-30|91+|192\n"
         "county|411002|Weidu|2020-09-30|0-7|3\ncounty|411002|Weidu|2020-09-30|8-30|12\n"
         "county|411002|Weidu|2020-09-30|31-90|48\ncounty|411002|Weidu|2020-09-30|91+|64\n"
         "municipal|411000|Xuchang|2020-09-30|91+|128"});
}

static const struct cell_row subjects[] = {{411002, 122, "2020-05-06", "I-1", 0, 3},
                                           {411024, 122, "2021-05-06", "I-1", 0, 2},
                                           {411002, 123, "2020-05-06", "I-1", 0, 3},
                                           {411002, 123, "2020-05-16", "I-1", 0, -2},
                                           {411002, 122, "2020-05-06", "I-2", 0, 1},
                                           {411002, 124, "2020-05-06", "许改〔2020〕3号", 0, 4},
                                           {411002, 125, "2020-05-06", "许改〔2020〕3号", 0, 4},
                                           {411002, 124, "2020-05-06", "I-1", 0, 7},
                                           {411002, 124, "2020-05-06", "T-0", 0, 0},
                                           {411000, 126, "2020-01-01", "", 0, 12},
                                           {411000, 126, "2020-06-01", "", 0, -1},
                                           {411000, 127, "2020-01-01", "", 0, 15},
                                           {411002, 128, "2020-05-06", "ZM-03", 0, 2},
                                           {411024, 128, "2020-05-08", "ZM-03", 0, 1},
                                           {411002, 128, "2020-05-06", "FM-11", 0, 1},
                                           {411002, 128, "2020-05-06", "FM-12", 0, 0},
                                           {0}};

static void what_issues_are_about(void **state) {
    (void)state;
    put_cells(subjects);
    ASK({"SELECT kind, code, issues, open FROM bureau.issue_stalls ORDER BY 1, 2",
         "item|I-1|5|1\nitem|I-2|1|0\ntask|I-1|7|0\ntask|许改〔2020〕3号|4|4"},
        {"SELECT * FROM bureau.contact_rules ORDER BY 1", "negative|15\npositive|11"},
        {"SELECT * FROM bureau.contact_rules_cited ORDER BY 1", "FM-11|1\nZM-03|3"},
        {"SELECT count(*) FROM bureau.issues_by_day", "0"}); /* subjects are no units */
}

/* --- The ledger --------------------------------------------------------------------------------------------------- */

static const struct cell_row ledger[] = {
    {411000, 140, "2020-01-01", "plan", 231, 6},    {411002, 140, "2020-01-01", "fire", 232, 2},
    {411000, 141, "2020-01-01", "plan", 231, 3},    {411000, 142, "2020-01-01", "plan", 231, 2},
    {411000, 143, "2020-01-01", "plan", 231, 1},    {411002, 144, "2020-01-01", "fire", 232, 1},
    {411000, 145, "2020-01-01", "plan", 231, 1},    {411000, 146, "2020-01-01", "plan", 231, 2},
    {411000, 147, "2020-01-01", "", 0, 49},         {411000, 148, "2020-01-01", "", 0, 47},
    {411000, 149, "2020-01-01", "plan", 231, 4500}, {411002, 149, "2020-01-01", "fire", 232, 250},
    {411000, 150, "2020-01-01", "plan", 231, 1},    {411000, 151, "2020-01-01", "plan", 231, 2},
    {411002, 152, "2020-01-01", "fire", 232, 1},    {411000, 153, "2020-01-01", "plan", 231, 20},
    {411000, 154, "2020-01-01", "plan", 231, 12},   {411000, 155, "2020-01-01", "plan", 231, 9},
    {411000, 156, "2020-01-01", "plan", 231, 7},    {411000, 157, "2020-03-31", "plan", 231, 5},
    {411000, 157, "2021-01-15", "plan", 231, 1},    {411000, 158, "2020-12-31", "plan", 231, 1},
    {411000, 159, "2020-11-30", "plan", 231, 2},    {411000, 140, "2020-01-01", "plan", 0, 2},
    {411000, 147, "2022-01-01", "", 0, 52},         {0}};
#define LEDGER                                                                                                         \
    "tasks, signed_off, signed_off_on_time, cancelled, deferred, carried_over, key_items, lag_yellow, lag_orange, "    \
    "lag_red, lagging, milestones, milestones_closed, indicators, indicators_met, reports, reopened, objections, "     \
    "share_signed_off, share_on_time, progress"

/* A task of a field that is not known counts for the city and its unit. */
static void the_ledger_by_year_field_and_unit(void **state) {
    (void)state;
    put_cells(ledger);
    ASK({"SELECT year, " LEDGER ", provincial_tasks, provincial_mapped FROM bureau.ledger_by_year ORDER BY 1",
         "2020-01-01|10|3|2|1|1|1|2|1|2|1|4|20|12|9|7|5|1|2|0.3000|0.6667|0.4750|49|47\n"
         "2021-01-01|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0|-|-|-|0|0\n"
         "2022-01-01|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|-|-|-|52|0"},
        {"SELECT year, field, field_name_zh, field_name_en, " LEDGER " FROM bureau.ledger_by_field ORDER BY 1, 2",
         "2020-01-01|field_economy|经济体制|Economy|6|3|2|1|0|1|2|1|2|0|3|20|12|9|7|5|1|2|0.5000|0.6667|0.7500\n"
         "2020-01-01|field_rule_of_law|民主法制|Democracy and rule of "
         "law|2|0|0|0|1|0|0|0|0|1|1|0|0|0|0|0|0|0|0.0000|-|0.1250\n"
         "2021-01-01|field_economy|经济体制|Economy|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0|-|-|-"},
        {"SELECT year, organisation, organisation_name, " LEDGER " FROM bureau.ledger_by_unit ORDER BY 1, 2",
         "2020-01-01|fire|消防大队|2|0|0|0|1|0|0|0|0|1|1|0|0|0|0|0|0|0|0.0000|-|0.1250\n"
         "2020-01-01|plan|发展改革委|8|3|2|1|0|1|2|1|2|0|3|20|12|9|7|5|1|2|0.3750|0.6667|0.5625\n"
         "2021-01-01|plan|发展改革委|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0|-|-|-"});
}

static const struct cell_row indicators[] = {{411000, 160, "2020-01-01", "sewage", 0, 9500},
                                             {411000, 161, "2020-01-01", "sewage", 0, 9990},
                                             {411000, 162, "2020-01-01", "sewage", 0, 9805},
                                             {411000, 161, "2020-01-01", "drgs", 0, 600},
                                             {411000, 162, "2020-01-01", "drgs", 0, 700},
                                             {411000, 163, "2020-01-01", "drgs", 0, 700},
                                             {411000, 160, "2021-01-01", "sewage", 0, -1},
                                             {411000, 161, "2020-01-01", "指标", 0, 4000000000000000},
                                             {0}};

static void indicators_in_their_unit(void **state) {
    (void)state;
    put_cells(indicators);
    ASK({"SELECT year, indicator, baseline, target, measured, total FROM bureau.ledger_indicators ORDER BY 1, 2",
         "2020-01-01|drgs|0.00|6.00|7.00|7.00\n2020-01-01|sewage|95.00|99.90|98.05|-\n"
         "2020-01-01|指标|0.00|40000000000000.00|0.00|-\n2021-01-01|sewage|-0.01|0.00|0.00|-"});
}

/* --- River clues -------------------------------------------------------------------------------------------------- */

static const struct cell_row clues[] = {{411024, 170, "2019-12-30", "", 241, 4},
                                        {411024, 170, "2020-01-02", "", 242, 8},
                                        {411002, 170, "2020-03-02", "", 241, 2},
                                        {411024, 171, "2020-01-10", "", 241, 4},
                                        {411024, 172, "2020-01-10", "", 241, 3},
                                        {411024, 173, "2020-01-10", "", 241, 2},
                                        {411024, 174, "2020-01-10", "", 241, 1},
                                        {411024, 175, "2020-01-10", "", 241, 2},
                                        {411024, 176, "2020-01-10", "", 241, 1},
                                        {411024, 177, "2020-01-10", "", 241, 1},
                                        {411024, 178, "2019-12-30", "", 241, 3},
                                        {411024, 179, "2019-12-30", "", 241, 2},
                                        {411002, 179, "2020-03-02", "", 241, 1},
                                        {411024, 180, "2020-01-15", "", 241, 1},
                                        {411024, 181, "2019-12-30", "", 241, 4},
                                        {411024, 181, "2020-02-02", "", 241, -3},
                                        {411002, 170, "2020-03-02", "", 0, 1},
                                        {411000, 170, "2020-03-03", "", 244, 1},
                                        {0}};
#define CLUES                                                                                                          \
    "found, transferred, received, filed, not_filed, suggestions, replied_on_time, replied_late, rectified, "          \
    "signed_off, receipts_late, open, filing_rate, share_signed_off"

/* Found in 2019, transferred in 2020: each number in the year of its cohort. */
static void clues_by_year_region_and_kind(void **state) {
    (void)state;
    put_cells(clues);
    ASK({"SELECT year, scope, region, kind, " CLUES " FROM bureau.clues_by_year WHERE kind = 'all' ORDER BY 1, 2, 3",
         "2019-01-01|city|411000|all|4|0|0|0|0|0|0|0|3|2|0|4|-|0.5000\n"
         "2019-01-01|county|411024|all|4|0|0|0|0|0|0|0|3|2|0|4|-|0.5000\n"
         "2020-01-01|city|411000|all|12|4|3|2|1|2|1|1|0|1|1|1|0.5000|0.0833\n"
         "2020-01-01|county|411002|all|3|0|0|0|0|0|0|0|0|1|0|0|-|0.3333\n"
         "2020-01-01|county|411024|all|8|4|3|2|1|2|1|1|0|0|1|1|0.5000|0.0000\n"
         "2020-01-01|municipal|411000|all|1|0|0|0|0|0|0|0|0|0|0|0|-|0.0000"},
        {"SELECT year, scope, kind, " CLUES
         " FROM bureau.clues_by_year WHERE scope = 'city' AND kind <> 'all' ORDER BY 1, 3",
         "2019-01-01|city|clue_occupy|4|0|0|0|0|0|0|0|3|2|0|4|-|0.5000\n"
         "2020-01-01|city|clue_build|1|0|0|0|0|0|0|0|0|0|0|0|-|0.0000\n"
         "2020-01-01|city|clue_mine|8|0|0|0|0|0|0|0|0|0|0|0|-|0.0000\n"
         "2020-01-01|city|clue_occupy|2|4|3|2|1|2|1|1|0|1|1|1|0.5000|0.5000"},
        {"SELECT DISTINCT region, region_name_zh, region_name_en FROM bureau.clues_by_year ORDER BY 1",
         "411000|许昌市|Xuchang\n411002|魏都区|Weidu\n411024|鄢陵县|Yanling"});
}

/* --- Roles, words ------------------------------------------------------------------------------------------------- */

static const char *const views[] = {"issues_by_day",   "issues_by_month", "issues_by_year",      "issues_open_by_age",
                                    "issue_stalls",    "contact_rules",   "contact_rules_cited", "ledger_by_year",
                                    "ledger_by_field", "ledger_by_unit",  "ledger_indicators",   "clues_by_year"};
#define VIEWS (sizeof views / sizeof views[0])

static void nothing_is_shown_of_nothing(void **state) {
    (void)state;
    put_cells(&(const struct cell_row){0});
    for (size_t i = 0; i < VIEWS; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM bureau.%s", views[i]);
        assert_rows(sql, "0");
    }
}

static bool is_allowed(PGconn *connection, const char *sql) {
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const bool is_done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    /* a refusal is one of rights, or of a view that nobody can write */
    if (!is_done && (code == NULL || (strcmp(code, "42501") != 0 && strcmp(code, "55000") != 0))) {
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    }
    PQclear(result);
    return is_done;
}

static void the_bureau_reads_and_cannot_write(void **state) {
    (void)state;
    static const char *const forbidden[] = {
        "SELECT * FROM metrics.issue_cell",
        "SELECT * FROM metrics.issue_flow",
        "SELECT * FROM metrics.issue_report",
        "SELECT * FROM metrics.ledger_report",
        "SELECT * FROM metrics.cell",
        "INSERT INTO metrics.cell VALUES (411000, 100, '2020-01-01', '', 0, 1)",
        "UPDATE metrics.cell SET value = 0",
        "DELETE FROM metrics.cell",
        "TRUNCATE metrics.cell",
        "CREATE TABLE bureau.mine (a integer)",
        "DROP VIEW bureau.ledger_indicators",
    };
    char conninfo[300], sql[200];
    put_cells(cohorts);
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=liancheng user=bureau", cluster.folder);
    PGconn *connection = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    for (size_t i = 0; i < VIEWS; i++) {
        snprintf(sql, sizeof sql, "SELECT * FROM bureau.%s", views[i]);
        assert_true(is_allowed(connection, sql));
        for (size_t w = 0; w < 2; w++) {
            snprintf(sql, sizeof sql, w == 0 ? "DELETE FROM bureau.%s" : "INSERT INTO bureau.%s DEFAULT VALUES",
                     views[i]);
            if (is_allowed(connection, sql)) {
                fail_msg("%s is allowed", sql);
            }
        }
    }
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        if (is_allowed(connection, forbidden[i])) {
            fail_msg("%s is allowed", forbidden[i]);
        }
    }
    PQfinish(connection);
    assert_rows("SELECT sum(value) FROM metrics.cell WHERE metric = 100", "16");
}

/* Each view says what it shows, and no view is without a row in the list above. */
static void every_view_says_what_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < VIEWS; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT length(obj_description('bureau.%s'::regclass, 'pg_class')) >= 20", views[i]);
        assert_rows(sql, "t");
    }
    ASK({"SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = 'bureau'::regnamespace AND relkind = 'v'"
         " AND relname ~ '^(issue|ledger|clue|contact)'",
         "12"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cohorts_and_their_shares),
        cmocka_unit_test(stocks_are_those_at_the_end),
        cmocka_unit_test(flows_count_for_units_and_regions),
        cmocka_unit_test(percentiles_of_workdays),
        cmocka_unit_test(open_issues_by_age),
        cmocka_unit_test(what_issues_are_about),
        cmocka_unit_test(the_ledger_by_year_field_and_unit),
        cmocka_unit_test(indicators_in_their_unit),
        cmocka_unit_test(clues_by_year_region_and_kind),
        cmocka_unit_test(nothing_is_shown_of_nothing),
        cmocka_unit_test(the_bureau_reads_and_cannot_write),
        cmocka_unit_test(every_view_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
