#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/civil.h"
#include "base/file.h"
#include "ctl/city.h"
#include "support/publisher.h"
#include "support/system.h"

/*
 * Publications and reports through the real programs: a registry, the aggregator and PostgreSQL, asked by lianchengctl.
 * Tests share one system; each makes publications of its own and asks about these. The headline figures are computed from
 * cells put in by hand, in a database of their own.
 */
#define FACILITIES 3
#define PERSONS 200
#define VISITS 300
#define MORE_VISITS 20

struct fixture {
    struct system system;
    uint64_t visits; /* published so far */
    char figures[512]; /* conninfo of the database with cells by hand, as the bureau */
};

/* --- Helpers -------------------------------------------------------------------------------------------------------- */

static void publish_visits(struct fixture *f, uint64_t count) {
    char endpoint[64], server_key[400], keys[400], operator_key[400];
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", f->system.visits.port);
    snprintf(server_key, sizeof server_key, "%s/conf/public/visits.pub", f->system.folder);
    snprintf(keys, sizeof keys, "%s/conf/secret", f->system.folder);
    snprintf(operator_key, sizeof operator_key, "%s/conf/secret/operator.key", f->system.folder);
    const struct publisher_options options = {.endpoint = endpoint, .server_key_path = server_key, .keys_folder = keys,
                                              .facilities = FACILITIES, .first = f->visits, .count = count,
                                              .persons = PERSONS, .submit_commands = 64, .window_submits = 2};
    if (f->visits == 0) {
        publisher_register(endpoint, server_key, operator_key, city_hospital_count());
    }
    assert_int_equal(publisher_run(&options).accepted, count);
    f->visits += count;
    system_wait_caught_up(&f->system);
}

static json_t *read_json(struct buffer *text) {
    json_error_t error;
    json_t *json = json_loads(buffer_text(text), 0, &error);
    if (json == NULL) {
        fail_msg("%s: %s", error.text, buffer_text(text));
    }
    buffer_release(text);
    return json;
}

static int64_t integer(const json_t *json, const char *name) {
    assert_true(json_is_integer(json_object_get(json, name)));
    return json_integer_value(json_object_get(json, name));
}

static const char *text(const json_t *json, const char *name) {
    assert_true(json_is_string(json_object_get(json, name)));
    return json_string_value(json_object_get(json, name));
}

/* publish --json; id NULL: one of its own. */
static json_t *publish(struct fixture *f, const char *period, const char *id) {
    struct buffer output = {0};
    const char *arguments[] = {"publish", "--json", "--period", period, id == NULL ? NULL : "--id", id, NULL};
    assert_int_equal(system_ctl(&f->system, arguments, &output), 0);
    return read_json(&output);
}

static int64_t publish_number(struct fixture *f, const char *period) {
    json_t *json = publish(f, period, NULL);
    int64_t number = integer(json, "number");
    json_decref(json);
    return number;
}

/* The first column of the first row; %lld is the number. "": NULL. */
static void ask(struct fixture *f, const char *format, int64_t number, char value[256]) {
    char sql[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof sql, format, (long long)number);
#pragma GCC diagnostic pop
    postgres_value(&f->system.postgres, sql, value, 256);
}

#define ASSERT_SQL(f, sql, number, wanted)                                                                             \
    do {                                                                                                               \
        char value_[256];                                                                                              \
        ask(f, sql, number, value_);                                                                                   \
        assert_string_equal(value_, wanted);                                                                           \
    } while (0)

#define STATUS_SQL "SELECT status FROM bureau.publication WHERE number = %lld"
#define VISITS_DIFFERENCE_SQL                                                                                          \
    "SELECT coalesce(sum(difference), 0) FROM bureau.publication_value WHERE number = %lld AND metric = 'visits.visits'"
/* All that a publication froze. */
#define FROZEN_SQL                                                                                                     \
    "SELECT count(*) || ' ' || md5(string_agg(c::text, '|' ORDER BY region, metric, organisation, category))"          \
    " FROM metrics.publication_cell c WHERE number = %lld"

/* --- Publications --------------------------------------------------------------------------------------------------- */

static void a_late_event_revises_a_publication(void **state) {
    struct fixture *f = *state;
    char frozen[256], wanted[32];
    json_t *json = publish(f, "2020", NULL);
    int64_t number = integer(json, "number");
    assert_string_equal(text(json, "status"), "PUBLICATION_STATUS_FINAL");
    assert_string_equal(text(json, "first_day"), "2020-01-01");
    assert_string_equal(text(json, "last_day"), "2020-12-31");
    json_decref(json);
    ask(f, FROZEN_SQL, number, frozen);
    ASSERT_SQL(f, "SELECT sum(value) FROM bureau.publication_value WHERE number = %lld AND metric = 'visits.visits'", number,
               (snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)f->visits), wanted));
    ASSERT_SQL(f, "SELECT status || publication FROM bureau.period_status WHERE period = 'year' AND first_day = '2020-01-01'",
               number, (snprintf(wanted, sizeof wanted, "final%lld", (long long)number), wanted));

    publish_visits(f, MORE_VISITS);
    ASSERT_SQL(f, STATUS_SQL, number, "revised");
    ASSERT_SQL(f, VISITS_DIFFERENCE_SQL, number, "20");
    ASSERT_SQL(f, FROZEN_SQL, number, frozen);
    ASSERT_SQL(f, "SELECT status || publication FROM bureau.period_status WHERE period = 'year' AND first_day = '2020-01-01'",
               number, (snprintf(wanted, sizeof wanted, "revised%lld", (long long)number), wanted));

    int64_t next = publish_number(f, "2020");
    assert_int_equal(next, number + 1);
    ASSERT_SQL(f, STATUS_SQL, next, "final");
    ASSERT_SQL(f, STATUS_SQL, number, "revised");
    ASSERT_SQL(f, "SELECT is_newest FROM bureau.publication WHERE number = %lld", number, "f");
    ASSERT_SQL(f, "SELECT is_newest FROM bureau.publication WHERE number = %lld", next, "t");
    ASSERT_SQL(f, "SELECT status || publication FROM bureau.period_status WHERE period = 'year' AND first_day = '2020-01-01'",
               number, (snprintf(wanted, sizeof wanted, "final%lld", (long long)next), wanted));
}

/* Numbers of a period are by kind: visits add up, persons are those of exactly the month. */
static void each_kind_is_frozen_in_its_way(void **state) {
    struct fixture *f = *state;
    int64_t number = publish_number(f, "2020-03");
    ASSERT_SQL(f,
               "SELECT sum(p.value) = (SELECT sum(value) FROM metrics.cell WHERE metric = 1 AND period BETWEEN '2020-03-01'"
               " AND '2020-03-31') FROM bureau.publication_value p WHERE number = %lld AND metric = 'visits.visits'",
               number, "t");
    ASSERT_SQL(f,
               "SELECT p.value = (SELECT value FROM metrics.cell WHERE metric = 4 AND period = '2020-03-01' AND region = 411000"
               " AND organisation = '' AND category = 0) FROM bureau.publication_value p WHERE number = %lld"
               " AND metric = 'visits.patients_month' AND region = 411000 AND organisation = '' AND category = 'all'",
               number, "t");
    ASSERT_SQL(f,
               "SELECT count(*) FROM bureau.publication_value WHERE number = %lld AND metric IN ('visits.patients_day',"
               " 'visits.patients_year', 'visits.patients_total')",
               number, "0");
}

static void the_same_command_publishes_once(void **state) {
    struct fixture *f = *state;
    static const char id[] = "01890000-0000-7000-8000-00000000beef";
    int64_t before = system_number(&f->system, "SELECT count(*) FROM metrics.publication");
    json_t *first = publish(f, "2020-04", id), *second = publish(f, "2020-04", id), *other = publish(f, "2020-05-01", id);
    assert_true(json_is_false(json_object_get(first, "duplicate")));
    assert_true(json_is_true(json_object_get(second, "duplicate")));
    assert_true(json_is_true(json_object_get(other, "duplicate")));
    assert_int_equal(integer(second, "number"), integer(first, "number"));
    assert_int_equal(integer(other, "number"), integer(first, "number"));
    assert_string_equal(text(other, "first_day"), "2020-04-01");
    assert_int_equal(system_number(&f->system, "SELECT count(*) FROM metrics.publication"), before + 1);
    json_decref(first);
    json_decref(second);
    json_decref(other);
}

static void a_rebuild_keeps_publications_and_comes_out_equal(void **state) {
    struct fixture *f = *state;
    char frozen[256];
    int64_t number = publish_number(f, "2020");
    ask(f, FROZEN_SQL, number, frozen);
    int64_t count = system_number(&f->system, "SELECT count(*) FROM metrics.publication");
    /* 75: the registries that do not run here are not waited for longer. */
    int code = system_ctl(&f->system, (const char *const[]){"rebuild", "--timeout", "1", NULL}, NULL);
    assert_true(code == 0 || code == 75);
    system_wait_caught_up(&f->system);
    ASSERT_SQL(f, FROZEN_SQL, number, frozen);
    ASSERT_SQL(f, STATUS_SQL, number, "final");
    assert_int_equal(system_number(&f->system, "SELECT count(*) FROM metrics.publication"), count);

    /* While sources are behind, nothing is called revised. */
    PQclear(postgres_query(&f->system.postgres, "CREATE TABLE public.kept AS TABLE metrics.source"));
    assert_int_equal(system_stop(&f->system.aggregator), 0);
    PQclear(postgres_query(&f->system.postgres, "UPDATE metrics.source SET cursor = 1 WHERE name = 'visits'"));
    ASSERT_SQL(f, STATUS_SQL, number, "recounting");
    PQclear(postgres_query(&f->system.postgres, "UPDATE metrics.source s SET cursor = k.cursor FROM public.kept k"
                                                " WHERE k.name = s.name; DROP TABLE public.kept"));
    system_start(&f->system, &f->system.aggregator);
}

static void a_period_that_runs_is_provisional(void **state) {
    struct fixture *f = *state;
    char today[CIVIL_DATE_TEXT_BYTES], year[5];
    civil_date_format(civil_day_of_ms(clock_unix_ms()), today);
    snprintf(year, sizeof year, "%.4s", today);
    int64_t number = publish_number(f, year);
    ASSERT_SQL(f, STATUS_SQL, number, "provisional");
    ASSERT_SQL(f, "SELECT status FROM bureau.period_status WHERE publication = %lld", number, "provisional");
    ASSERT_SQL(f, "SELECT coalesce(max(status), 'none') FROM bureau.period_status WHERE period = 'month'"
                  " AND first_day = '2020-11-01' AND publication IS NULL AND 0 < %lld",
               number, "provisional"); /* never published */
}

static void what_cannot_be_published_is_refused(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *period;
        int exit_code;
    } cases[] = {{"2999", 65}, {"2999-12-31", 65}, {"1969", 65}, {"2020-02-30", 64}, {"2020-13", 64}, {"20", 64}};
    int64_t before = system_number(&f->system, "SELECT count(*) FROM metrics.publication");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *arguments[] = {"publish", "--period", cases[i].period, NULL};
        assert_int_equal(system_ctl(&f->system, arguments, NULL), cases[i].exit_code);
    }
    char key[400];
    snprintf(key, sizeof key, "%s/conf/secret/reader.key", f->system.folder);
    setenv("LC_KEY", key, 1); /* a reader may look, and not publish */
    int as_reader = system_ctl(&f->system, (const char *const[]){"publish", "--period", "2020", NULL}, NULL);
    int looks = system_ctl(&f->system, (const char *const[]){"publications", NULL}, NULL);
    unsetenv("LC_KEY");
    assert_int_equal(as_reader, 70);
    assert_int_equal(looks, 0);
    assert_int_equal(system_number(&f->system, "SELECT count(*) FROM metrics.publication"), before);
}

static void publications_are_listed_in_pages(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    (void)publish_number(f, "2020-06");
    (void)publish_number(f, "2020-07-01");
    int64_t count = system_number(&f->system, "SELECT count(*) FROM metrics.publication"), lines = 0;
    assert_int_equal(system_ctl(&f->system, (const char *const[]){"publications", "--json", NULL}, &output), 0);
    for (const char *at = buffer_text(&output); (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, count);
    buffer_release(&output);

    int64_t after = 0, seen = 0;
    do {
        char query[128];
        snprintf(query, sizeof query, "{\"list_publications\": {\"after\": %lld, \"limit\": 2}}", (long long)after);
        const char *arguments[] = {"query", "aggregator", query, "--json", NULL};
        assert_int_equal(system_ctl(&f->system, arguments, &output), 0);
        json_t *json = read_json(&output), *page = json_object_get(json, "publications");
        json_t *list = json_object_get(page, "publications");
        size_t i;
        json_t *row;
        json_array_foreach(list, i, row) {
            assert_int_equal(integer(row, "number"), ++seen);
            assert_int_equal(json_array_size(json_object_get(row, "sources")),
                             system_number(&f->system, "SELECT count(*) FROM metrics.source"));
        }
        assert_true(json_array_size(list) <= 2);
        after = integer(page, "next");
        json_decref(json);
    } while (after != 0);
    assert_int_equal(seen, count);
    const char *too_many[] = {"query", "aggregator", "{\"list_publications\": {\"limit\": 101}}", NULL};
    assert_int_not_equal(system_ctl(&f->system, too_many, NULL), 0);
}

static void changes_are_explained_by_their_events(void **state) {
    struct fixture *f = *state;
    char number[24], wanted[64];
    struct buffer output = {0};
    int64_t publication = publish_number(f, "2020");
    snprintf(number, sizeof number, "%lld", (long long)publication);
    const char *as_json[] = {"report", "changes", "--json", "--since", number, NULL};
    const char *as_text[] = {"report", "changes", "--since", number, NULL};
    assert_int_equal(system_ctl(&f->system, as_json, &output), 0);
    json_t *json = read_json(&output);
    assert_int_equal(json_array_size(json_object_get(json, "changes")), 0);
    json_decref(json);

    int64_t cursor = system_number(&f->system, "SELECT cursor FROM metrics.source WHERE name = 'visits'");
    publish_visits(f, MORE_VISITS);
    assert_int_equal(system_ctl(&f->system, as_json, &output), 0);
    json = read_json(&output);
    int64_t visits = 0;
    size_t i, j;
    json_t *change, *event;
    json_array_foreach(json_object_get(json, "changes"), i, change) {
        json_t *events = json_object_get(change, "events");
        int64_t sum = 0;
        assert_int_equal(integer(change, "value_now") - integer(change, "value"), integer(change, "difference"));
        assert_true(json_array_size(events) > 0);
        json_array_foreach(events, j, event) {
            assert_string_equal(text(event, "source"), "visits");
            assert_true(integer(event, "seq") > cursor);
            assert_true(text(event, "type")[0] != '\0' && text(event, "at")[4] == '-');
            sum += integer(event, "delta");
        }
        assert_int_equal(sum, integer(change, "difference"));
        assert_int_equal(integer(change, "explained"), sum);
        visits += strcmp(text(change, "metric"), "visits.visits") == 0 ? sum : 0;
    }
    assert_int_equal(visits, MORE_VISITS);
    snprintf(wanted, sizeof wanted, "\n%zu numbers are others now", json_array_size(json_object_get(json, "changes")));
    json_decref(json);
    assert_int_equal(system_ctl(&f->system, as_text, &output), 0);
    assert_non_null(strstr(buffer_text(&output), wanted));
    assert_null(strstr(buffer_text(&output), "not in the logs read"));
    buffer_release(&output);

    const char *unknown[] = {"report", "changes", "--since", "999999", NULL};
    assert_int_equal(system_ctl(&f->system, unknown, NULL), 64);
}

static void roles_do_what_they_may(void **state) {
    struct fixture *f = *state;
    (void)publish_number(f, "2020-08");
    static const struct {
        const char *role, *sql;
        bool allowed;
    } cases[] = {
        {"bureau", "SELECT count(*) FROM bureau.publication", true},
        {"bureau", "SELECT count(*) FROM bureau.publication_value WHERE number = 1", true},
        {"bureau", "SELECT count(*) FROM bureau.publication_source", true},
        {"bureau", "SELECT count(*) FROM bureau.period_status", true},
        {"bureau", "SELECT count(*) FROM bureau.headline", true},
        {"bureau", "SELECT count(*) FROM metrics.publication", false},
        {"bureau", "SELECT count(*) FROM metrics.period_cells('year', '2020-01-01')", false},
        {"bureau", "DELETE FROM bureau.publication_source", false},
        {"bureau", "INSERT INTO metrics.publication_cell VALUES (1, 1, 1, '', 1, 1)", false},
        {"liancheng_writer", "SELECT * FROM metrics.publish(decode(repeat('ab', 16), 'hex'), 'p', 'day', '2020-01-01', '')",
         true},
        {"liancheng_writer", "SELECT count(*) FROM bureau.headline", true},
        {"liancheng_writer", "UPDATE metrics.publication SET note = 'x'", false},
        {"liancheng_writer", "DELETE FROM metrics.publication_cell", false},
        {"liancheng_writer", "TRUNCATE metrics.publication CASCADE", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGconn *connection = system_connect(&f->system);
        char role[64];
        snprintf(role, sizeof role, "BEGIN; SET ROLE %s", cases[i].role);
        PQclear(PQexec(connection, role));
        PGresult *result = PQexec(connection, cases[i].sql);
        ExecStatusType status = PQresultStatus(result);
        bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        if (done != cases[i].allowed) {
            fail_msg("%s: %s: %s", cases[i].role, cases[i].sql, PQerrorMessage(connection));
        }
        PQclear(result);
        PQfinish(connection);
    }
}

/* --- The headline figures ------------------------------------------------------------------------------------------- */

/* Cells that give every figure of the report of 2020 as it was printed: (region, metric, day, organisation, category, value). */
static const char figures_sql[] =
    "INSERT INTO metrics.cell VALUES"
    " (411000, 5, '2020-01-01', '', 0, 753800), (411002, 5, '2020-01-01', '', 0, 200000),"
    " (411002, 5, '2020-01-01', 'weidu-01', 0, 100000), (411000, 5, '2020-01-01', '', 2, 700000),"
    " (411002, 8, '2020-03-05', 'weidu-01', 0, 10), (411002, 9, '2020-03-05', 'weidu-01', 0, 10),"
    " (411002, 7, '2020-03-05', 'weidu-01', 0, 20), (411002, 10, '2020-03-05', 'weidu-01', 0, 20),"
    " (411003, 7, '2020-12-31', 'jianan-01', 0, 5), (411003, 10, '2020-12-31', 'jianan-01', 0, 5),"
    " (411003, 7, '2021-01-01', 'jianan-01', 0, 9), (411003, 10, '2021-01-01', 'jianan-01', 0, 8),"
    " (411000, 40, '2019-06-01', 'city-market', 31, 800), (411000, 40, '2020-01-20', 'city-market', 31, 22),"
    " (411000, 40, '2020-03-01', 'city-market', 31, -100), (411000, 40, '2020-07-01', 'city-market', 31, -624),"
    " (411000, 40, '2019-06-01', 'city-market', 32, 2),"
    " (411000, 41, '2019-06-01', 'city-market', 31, 40), (411000, 42, '2019-06-01', 'city-market', 31, 58),"
    " (411000, 42, '2019-06-01', 'city-market', 32, 2),"
    " (411000, 60, '2020-03-01', '', 0, 4), (411000, 60, '2020-07-01', '', 0, 6),"
    " (411002, 22, '2018-01-01', 'weidu-market', 31, 1000), (411003, 22, '2020-01-01', 'jianan-market', 40, 225),"
    " (411002, 21, '2018-01-01', 'weidu-market', 40, 2010), (411002, 28, '2020-05-01', 'weidu-market', 31, 375),"
    " (411000, 51, '2019-06-01', 'city-market', 31, 100000), (411000, 50, '2019-06-01', 'city-market', 31, 11400),"
    " (411000, 51, '2019-06-01', 'city-market', 32, 100000), (411000, 50, '2019-06-01', 'city-market', 32, 90000),"
    " (411000, 46, '2019-06-01', 'city-market', 31, 90), (411000, 47, '2019-06-01', 'city-market', 31, 90),"
    " (411000, 90, '2020-06-01', 'city-market', 31, 3), (411000, 91, '2020-06-01', 'city-market', 31, 3),"
    " (411002, 90, '2020-06-01', 'weidu-market', 31, 2), (411002, 91, '2020-06-01', 'weidu-market', 31, 2),"
    " (411000, 90, '2020-06-01', 'city-tax', 31, 30), (411000, 90, '2019-06-01', 'city-market', 31, 1),"
    " (411002, 100, '2020-06-01', '', 51, 600), (411003, 100, '2020-06-01', '', 52, 604),"
    " (411003, 101, '2020-06-01', '', 52, 6), (411003, 102, '2020-06-01', '', 52, 4), (411003, 103, '2020-06-01', '', 52, 1131),"
    " (411000, 126, '2019-06-01', '', 0, 18), (411000, 127, '2020-06-01', '', 0, 22), (411000, 127, '2020-09-01', '', 0, -1),"
    " (411000, 140, '2020-01-01', 'city-reform', 231, 25), (411000, 140, '2020-01-01', 'city-reform', 232, 25),"
    " (411000, 140, '2020-01-01', 'city-reform', 233, 25), (411000, 140, '2020-01-01', 'city-reform', 234, 25),"
    " (411000, 140, '2020-01-01', 'city-reform', 235, 25), (411002, 140, '2020-01-01', 'weidu-reform', 236, 25),"
    " (411000, 147, '2020-01-01', '', 0, 152), (411000, 148, '2020-01-01', '', 0, 152),"
    " (411000, 146, '2020-01-01', 'city-reform', 231, 11),"
    " (411000, 162, '2020-01-01', 'documents', 0, 2100), (411000, 162, '2020-01-01', 'state_companies', 0, 400),"
    " (411000, 162, '2020-01-01', 'staff', 0, 3800000), (411000, 162, '2020-01-01', 'schools', 0, 100900),"
    " (411000, 163, '2020-01-01', 'schools', 0, 100900), (411000, 162, '2020-01-01', 'new_schools', 0, 3400),"
    " (411000, 162, '2020-01-01', 'new_kindergartens', 0, 3800), (411000, 162, '2020-01-01', 'oversize_classes', 0, 0),"
    " (411000, 162, '2020-01-01', 'elder_centres', 0, 2500), (411000, 162, '2020-01-01', 'day_care_centres', 0, 38900),"
    " (411000, 162, '2020-01-01', 'rural_homes', 0, 35000),"
    " (411081, 171, '2020-03-01', '', 81, 40), (411025, 171, '2020-03-01', '', 82, 9), (411081, 173, '2020-03-01', '', 81, 37),"
    " (411081, 171, '2021-03-01', '', 81, 7)";

static void run_program(const char *program, const char *const *arguments) {
    struct process process;
    const char *argv[8] = {program};
    size_t count = 1;
    for (; *arguments != NULL; arguments++) {
        argv[count++] = *arguments;
    }
    process_start(&process, argv, "/dev/null");
    assert_int_equal(process_wait(&process), 0);
}

static PGconn *connect_figures(struct fixture *f) {
    char conninfo[256];
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=figures user=postgres", f->system.postgres.folder);
    PGconn *connection = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    return connection;
}

static void execute(PGconn *connection, const char *sql) {
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    }
    PQclear(result);
}

static void make_figures(struct fixture *f) {
    char program[600], flag[300];
    PQclear(postgres_query(&f->system.postgres, "CREATE DATABASE figures"));
    snprintf(program, sizeof program, "%s/aggregator", f->system.programs);
    snprintf(flag, sizeof flag, "--postgres-conninfo=host=%s dbname=figures user=postgres", f->system.postgres.folder);
    run_program(program, (const char *const[]){"migrate", flag, NULL});
    snprintf(f->figures, sizeof f->figures, "host=%s dbname=figures user=postgres options='-c role=bureau'",
             f->system.postgres.folder);
    PGconn *connection = connect_figures(f);
    execute(connection, figures_sql);
    PQfinish(connection);
}

#define SET_CELL(metric, value) "UPDATE metrics.cell SET value = " #value " WHERE metric = " #metric "; "

/* What the figures say when one thing is otherwise. computed NULL: the figure is not known. */
static void figures_follow_their_definitions(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *change, *id, *computed;
    } cases[] = {
        /* Percent, half up; 100 % of all alone. */
        {SET_CELL(103, 1130), "issues.enterprise_resolve_rate", "94.6%"},
        {SET_CELL(103, 597), "issues.enterprise_resolve_rate", "50.0%"},
        {SET_CELL(103, 1194), "issues.enterprise_resolve_rate", "100%"},
        {"UPDATE metrics.cell SET value = 19996 WHERE metric = 103; UPDATE metrics.cell SET value = value + 18806"
         " WHERE metric = 100 AND region = 411002",
         "issues.enterprise_resolve_rate", "99.9%"},
        {"DELETE FROM metrics.cell WHERE metric = 103", "issues.enterprise_resolve_rate", "0.0%"},
        {"DELETE FROM metrics.cell WHERE metric = 103", "issues.enterprise_resolved", NULL},
        {"DELETE FROM metrics.cell WHERE metric = 100", "issues.enterprise_resolve_rate", "-11310.0%"},
        {"DELETE FROM metrics.cell WHERE metric IN (100, 101, 102)", "issues.enterprise_resolve_rate", NULL},
        {"DELETE FROM metrics.cell WHERE metric IN (100, 101, 102)", "issues.enterprise_collected", NULL},
        {"UPDATE metrics.cell SET value = 11500 WHERE metric = 50 AND category = 31", "approvals.limit_compression", "89%"},
        {"UPDATE metrics.cell SET value = 11501 WHERE metric = 50 AND category = 31", "approvals.limit_compression", "88%"},
        {"DELETE FROM metrics.cell WHERE metric IN (50, 51)", "approvals.limit_compression", NULL},
        {"UPDATE metrics.cell SET value = 4 WHERE metric = 10 AND region = 411003 AND period < '2021-01-01'",
         "visits.rescue_city", "96%"},
        {"UPDATE metrics.cell SET value = 1005 WHERE metric = 7 AND region = 411003 AND period < '2021-01-01';"
         "UPDATE metrics.cell SET value = 1004 WHERE metric = 10 AND region = 411003 AND period < '2021-01-01'",
         "visits.rescue_city", "99.9%"},
        {"DELETE FROM metrics.cell WHERE metric IN (7, 10)", "visits.rescue_city", NULL},
        {"DELETE FROM metrics.cell WHERE metric = 9", "visits.rescue_urban", "0%"},
        {"DELETE FROM metrics.cell WHERE metric = 8", "visits.rescue_urban", NULL},
        {"DELETE FROM metrics.cell WHERE metric = 5 AND region = 411000", "visits.patients", NULL},
        /* Two hours. */
        {"UPDATE metrics.cell SET value = 1 WHERE metric = 91 AND region = 411002", "approvals.company_opening", ">=2h"},
        {"DELETE FROM metrics.cell WHERE metric IN (90, 91) AND organisation LIKE '%-market' AND period > '2020-01-01'",
         "approvals.company_opening", NULL},
        /* Stocks are those of the year's end; rounds begun later do not count. */
        {"INSERT INTO metrics.cell VALUES (411000, 40, '2021-02-01', 'x', 31, 5)", "approvals.items_after", "98"},
        {"INSERT INTO metrics.cell VALUES (411000, 60, '2021-02-01', '', 0, 1)", "approvals.rounds", "10"},
        {"UPDATE metrics.cell SET value = 0 WHERE metric = 60", "approvals.items_before", NULL},
        {"UPDATE metrics.cell SET value = 0 WHERE metric = 60", "approvals.rounds", "0"},
        {"INSERT INTO metrics.cell VALUES (411000, 60, '2020-01-10', '', 0, 1)", "approvals.items_before", "800"},
        /* The ledger. */
        {"DELETE FROM metrics.cell WHERE metric = 140 AND category = 236", "ledger.fields", "5"},
        {"UPDATE metrics.cell SET value = 0 WHERE metric = 140 AND category IN (235, 236)", "ledger.fields", "4"},
        {"DELETE FROM metrics.cell WHERE metric = 140", "ledger.fields", NULL},
        {"DELETE FROM metrics.cell WHERE metric = 140", "ledger.tasks", NULL},
        {"DELETE FROM metrics.cell WHERE metric = 147", "ledger.provincial_tasks_mapped", NULL},
        {SET_CELL(148, 151), "ledger.provincial_tasks_mapped", "151"},
        {"DELETE FROM metrics.cell WHERE metric = 162", "ledger.oversize_classes", NULL},
        {"UPDATE metrics.cell SET value = 1250 WHERE organisation = 'rural_homes'", "ledger.rural_homes", "12.5"},
        {"UPDATE metrics.cell SET value = 1205 WHERE organisation = 'rural_homes'", "ledger.rural_homes", "12.05"},
        {SET_CELL(163, 0), "ledger.schools", NULL},
        {"UPDATE metrics.cell SET period = '2019-01-01' WHERE organisation = 'staff'", "ledger.staff", NULL},
    };
    PGconn *connection = connect_figures(f);
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        execute(connection, "BEGIN");
        execute(connection, cases[i].change);
        const char *values[] = {cases[i].id};
        PGresult *rows = PQexecParams(connection, "SELECT computed FROM bureau.headline WHERE year = '2020-01-01' AND id = $1", 1,
                                      NULL, values, NULL, NULL, 0);
        const char *computed = PQntuples(rows) == 0 || PQgetisnull(rows, 0, 0) ? NULL : PQgetvalue(rows, 0, 0);
        if ((computed == NULL) != (cases[i].computed == NULL) ||
            (computed != NULL && strcmp(computed, cases[i].computed) != 0)) {
            fprintf(stderr, "%s after %s: %s\n", cases[i].id, cases[i].change, computed == NULL ? "NULL" : computed);
            wrong++;
        }
        PQclear(rows);
        execute(connection, "ROLLBACK");
    }
    PQfinish(connection);
    assert_int_equal(wrong, 0);
}

/* The formula that publications are made with and compared with. */
static void numbers_of_a_period_are_by_kind(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *period, *first_day, *metric, *sum; /* sum "": nothing */
    } cases[] = {
        /* A flow is what lies within the period. */
        {"year", "2020-01-01", "7", "25"}, {"month", "2020-12-01", "7", "5"}, {"month", "2020-03-01", "7", "20"},
        {"day", "2020-12-31", "7", "5"}, {"day", "2020-12-30", "7", ""}, {"day", "2021-01-01", "7", "9"},
        {"year", "2021-01-01", "7", "9"}, {"month", "2020-11-01", "7", ""},
        /* A stock is all up to its end. */
        {"day", "2019-05-31", "40", ""}, {"day", "2019-06-01", "40", "802"}, {"year", "2019-01-01", "40", "802"},
        {"day", "2020-01-20", "40", "824"}, {"month", "2020-01-01", "40", "824"}, {"month", "2020-02-01", "40", "824"},
        {"month", "2020-03-01", "40", "724"}, {"year", "2020-01-01", "40", "100"}, {"day", "2024-02-29", "40", "100"},
        /* Persons are those of exactly that period. */
        {"year", "2020-01-01", "5", "1753800"}, {"month", "2020-01-01", "5", ""}, {"day", "2020-01-01", "5", ""},
        {"year", "2021-01-01", "5", ""},
    };
    PGconn *connection = connect_figures(f);
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *values[] = {cases[i].period, cases[i].first_day, cases[i].metric};
        PGresult *rows = PQexecParams(connection, "SELECT sum(value) FROM metrics.period_cells($1, $2) WHERE metric = $3::int2", 3,
                                      NULL, values, NULL, NULL, 0);
        if (PQntuples(rows) != 1 || strcmp(PQgetvalue(rows, 0, 0), cases[i].sum) != 0) {
            fprintf(stderr, "row %zu: %s %s\n", i, PQntuples(rows) == 1 ? PQgetvalue(rows, 0, 0) : "", PQerrorMessage(connection));
            wrong++;
        }
        PQclear(rows);
    }
    PQfinish(connection);
    assert_int_equal(wrong, 0);
}

static json_t *annual(struct fixture *f, const char *year, const char *printed, int exit_code) {
    struct buffer output = {0};
    const char *arguments[] = {"report", "annual", "--json", "--year", year, "--postgres", f->figures,
                               printed == NULL ? NULL : "--printed", printed, NULL};
    int got = system_ctl(&f->system, arguments, &output);
    if (got != exit_code) {
        fail_msg("exit code %d: %s", got, buffer_text(&output));
    }
    if (exit_code > 1) {
        buffer_release(&output);
        return NULL;
    }
    return read_json(&output);
}

static void the_annual_report_compares_with_what_was_printed(void **state) {
    struct fixture *f = *state;
    struct buffer output = {0};
    json_t *json = annual(f, "2020", NULL, 0); /* with the figures of deploy/data */
    assert_int_equal(integer(json, "match"), 34);
    assert_int_equal(integer(json, "differ"), 0);
    const json_t *rate = json_array_get(json_object_get(json, "lines"), 12);
    assert_string_equal(text(rate, "id"), "issues.enterprise_resolve_rate");
    assert_string_equal(text(rate, "computed"), "94.7%");
    assert_int_equal(integer(rate, "numerator"), 1131);
    assert_int_equal(integer(rate, "denominator"), 1194);
    json_decref(json);

    const char *as_text[] = {"report", "annual", "--year", "2020", "--postgres", f->figures, NULL};
    assert_int_equal(system_ctl(&f->system, as_text, &output), 0);
    assert_non_null(strstr(buffer_text(&output), "34 lines, 34 MATCH, 0 DIFFER / 2020年：共34项，34项一致，0项不一致"));
    buffer_release(&output);

    PGconn *connection = connect_figures(f);
    execute(connection, "UPDATE metrics.cell SET value = value - 1 WHERE metric = 103;"
                        " DELETE FROM metrics.cell WHERE metric = 126");
    json = annual(f, "2020", NULL, 1);
    assert_int_equal(integer(json, "match"), 31);
    assert_int_equal(integer(json, "differ"), 3); /* a figure without data differs, too */
    json_decref(json);
    execute(connection, "TRUNCATE metrics.cell");
    execute(connection, figures_sql);
    PQfinish(connection);
}

static void other_years_and_files_are_reported(void **state) {
    struct fixture *f = *state;
    static const char head[] = "id\ttitle_zh\ttitle_en\tprinted\n";
    char path[320], content[256];
    json_t *json = annual(f, "2021", NULL, 0); /* nothing was printed */
    assert_true(json_is_false(json_object_get(json, "compared")));
    assert_int_equal(json_array_size(json_object_get(json, "lines")), 34);
    json_decref(json);
    json = annual(f, "1999", NULL, 0); /* nothing is known */
    assert_int_equal(json_array_size(json_object_get(json, "lines")), 0);
    json_decref(json);

    snprintf(path, sizeof path, "%s/printed.tsv", f->system.folder);
    snprintf(content, sizeof content, "%sissues.river_clues\t线索\tclues\t7\n", head);
    assert_int_equal(file_write_atomic(path, content, strlen(content), 0644), STATUS_OK);
    json_decref(annual(f, "2021", path, 0));
    json_decref(annual(f, "2020", path, 1));
    snprintf(content, sizeof content, "%sno.such_figure\t无\tnone\t7\n", head);
    assert_int_equal(file_write_atomic(path, content, strlen(content), 0644), STATUS_OK);
    json_decref(annual(f, "2021", path, 1));
    assert_int_equal(file_write_atomic(path, head, strlen(head), 0644), STATUS_OK);
    assert_null(annual(f, "2021", path, 65));
    assert_null(annual(f, "2021", "/nowhere/printed.tsv", 64));
    const char *no_database[] = {"report", "annual", "--year", "2020", "--postgres", "host=/nowhere dbname=x", NULL};
    assert_int_equal(system_ctl(&f->system, no_database, NULL), 75);
    const char *no_year[] = {"report", "annual", NULL}, *no_report[] = {"report", NULL};
    assert_int_equal(system_ctl(&f->system, no_year, NULL), 64);
    assert_int_equal(system_ctl(&f->system, no_report, NULL), 64);
}

/* --- Setting up ----------------------------------------------------------------------------------------------------- */

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    system_make(&f->system);
    system_start(&f->system, &f->system.visits);
    system_start(&f->system, &f->system.aggregator);
    publish_visits(f, VISITS);
    make_figures(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    system_remove(&f->system, false);
    free(f);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_event_revises_a_publication),
        cmocka_unit_test(each_kind_is_frozen_in_its_way),
        cmocka_unit_test(the_same_command_publishes_once),
        cmocka_unit_test(a_rebuild_keeps_publications_and_comes_out_equal),
        cmocka_unit_test(a_period_that_runs_is_provisional),
        cmocka_unit_test(what_cannot_be_published_is_refused),
        cmocka_unit_test(publications_are_listed_in_pages),
        cmocka_unit_test(changes_are_explained_by_their_events),
        cmocka_unit_test(roles_do_what_they_may),
        cmocka_unit_test(numbers_of_a_period_are_by_kind),
        cmocka_unit_test(figures_follow_their_definitions),
        cmocka_unit_test(the_annual_report_compares_with_what_was_printed),
        cmocka_unit_test(other_years_and_files_are_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
