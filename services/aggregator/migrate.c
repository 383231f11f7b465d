#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "aggregator/aggregator.h"
#include "aggregator/metrics.h"
#include "aggregator/migrations.h"
#include "base/log.h"

#define CHECKSUM_BYTES 32
#define CHECKSUM_TEXT_BYTES (2 * CHECKSUM_BYTES + 1)

int migrate_newest(void) {
    return migrations[migration_count - 1].number;
}

/* --- Helpers -------------------------------------------------------------------------------------------------------- */

static void on_notice(void *user, const PGresult *result) {
    (void)user;
    LOG_DEBUG("postgresql notice", LOG_S("notice", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}

/* The result, or NULL after the failure was logged. */
static PGresult *query(PGconn *connection, const char *sql, int count, const char *const *values) {
    PGresult *result = count == 0 ? PQexec(connection, sql)
                                  : PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        LOG_ERROR("postgresql refuses", LOG_S("detail", PQresultErrorMessage(result)));
        PQclear(result);
        return NULL;
    }
    return result;
}

static bool run(PGconn *connection, const char *sql) {
    PGresult *result = query(connection, sql, 0, NULL);
    PQclear(result);
    return result != NULL;
}

static bool run_with(PGconn *connection, const char *sql, int count, const char *const *values) {
    PGresult *result = query(connection, sql, count, values);
    PQclear(result);
    return result != NULL;
}

/* True when the one value of the query is t. */
static bool is_true(PGconn *connection, const char *sql) {
    PGresult *result = query(connection, sql, 0, NULL);
    bool yes = result != NULL && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return yes;
}

/* --- Roles ---------------------------------------------------------------------------------------------------------- */

/* The views of the bureau are long formulas over few rows: compiling one takes longer than answering with it. */
static void set_up_role(PGconn *connection, const char *role) {
    if (strcmp(role, "bureau") == 0) {
        (void)run(connection, "ALTER ROLE bureau SET jit = off");
    }
}

static void make_role(PGconn *connection, const char *role) {
    const char *values[] = {role};
    PGresult *result = query(connection, "SELECT FROM pg_roles WHERE rolname = $1", 1, values);
    bool exists = result != NULL && PQntuples(result) == 1;
    PQclear(result);
    if (exists) {
        return;
    }
    if (!is_true(connection, "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")) {
        LOG_WARN("a role is missing and this user may not create it", LOG_S("role", role));
        return;
    }
    char sql[128];
    snprintf(sql, sizeof sql, "CREATE ROLE %s NOLOGIN", role);
    if (run(connection, sql)) {
        LOG_INFO("role created", LOG_S("role", role));
        set_up_role(connection, role);
    }
}

static void make_roles(PGconn *connection) {
    static const char *const roles[] = {"liancheng_owner", "liancheng_writer", "bureau"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        make_role(connection, roles[i]);
    }
}

/* Objects belong to liancheng_owner where this user may act for it. */
static bool become_owner(PGconn *connection) {
    if (!is_true(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'liancheng_owner'"
                             " AND pg_has_role(current_user, oid, 'MEMBER'))")) {
        return true;
    }
    if (is_true(connection, "SELECT rolsuper OR pg_has_role(current_user, datdba, 'MEMBER') FROM pg_roles, pg_database"
                            " WHERE rolname = current_user AND datname = current_database()") &&
        !run(connection, "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO liancheng_owner',"
                         " current_database()); END $$")) {
        return false;
    }
    if (!is_true(connection, "SELECT has_database_privilege('liancheng_owner', current_database(), 'CREATE')")) {
        return true;
    }
    return run(connection, "SET ROLE liancheng_owner");
}

/* --- Migrations ----------------------------------------------------------------------------------------------------- */

static void checksum(const char *sql, char text[CHECKSUM_TEXT_BYTES]) {
    unsigned char hash[CHECKSUM_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)sql, strlen(sql), NULL, 0);
    sodium_bin2hex(text, CHECKSUM_TEXT_BYTES, hash, sizeof hash);
}

/* The list of what was applied lies in the schema it describes; before the first migration it must be there. */
static bool make_list(PGconn *connection) {
    return run(connection, "CREATE SCHEMA IF NOT EXISTS metrics") &&
           run(connection, "CREATE TABLE IF NOT EXISTS metrics.migration (number integer PRIMARY KEY, name text NOT NULL,"
                           " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
}

static const struct migration *find_migration(int number) {
    for (size_t i = 0; i < migration_count; i++) {
        if (migrations[i].number == number) {
            return &migrations[i];
        }
    }
    return NULL;
}

/* Checks one row of the list against this build. */
static bool is_ours(int number, const char *name, const char *applied) {
    const struct migration *migration = find_migration(number);
    char ours[CHECKSUM_TEXT_BYTES];
    if (migration == NULL) {
        LOG_ERROR("the schema is newer than this program: upgrade the program", LOG_I("schema", number),
                  LOG_I("program", migrate_newest()));
        return false;
    }
    checksum(migration->sql, ours);
    if (strcmp(applied, ours) != 0) {
        LOG_ERROR("a migration was changed after it was applied", LOG_I("number", number), LOG_S("name", name));
        return false;
    }
    return true;
}

/* Number of migrations applied; -1: the list does not fit this build. -2: it cannot be read. */
static int count_applied(PGconn *connection) {
    PGresult *rows = query(connection, "SELECT number, name, checksum FROM metrics.migration ORDER BY number", 0, NULL);
    if (rows == NULL) {
        return -2;
    }
    int count = PQntuples(rows);
    bool ours = true;
    for (int i = 0; i < count; i++) {
        ours = is_ours((int)strtol(PQgetvalue(rows, i, 0), NULL, 10), PQgetvalue(rows, i, 1),
                       PQgetvalue(rows, i, 2)) && ours;
    }
    PQclear(rows);
    return ours ? count : -1;
}

static bool apply(PGconn *connection, const struct migration *migration) {
    char number[16];
    char sum[CHECKSUM_TEXT_BYTES];
    snprintf(number, sizeof number, "%d", migration->number);
    checksum(migration->sql, sum);
    const char *values[] = {number, migration->name, sum};
    bool done = run(connection, "BEGIN") && run(connection, migration->sql) &&
                run_with(connection, "INSERT INTO metrics.migration (number, name, checksum) VALUES ($1, $2, $3)", 3,
                         values) &&
                run(connection, "COMMIT");
    if (done) {
        LOG_INFO("migration applied", LOG_I("number", migration->number), LOG_S("name", migration->name));
    } else {
        (void)run(connection, "ROLLBACK");
    }
    return done;
}

/* --- Catalogue ------------------------------------------------------------------------------------------------------ */

static bool load_metric(PGconn *connection, const struct metric *metric) {
    char number[16];
    char version[16];
    snprintf(number, sizeof number, "%d", (int)metric->number);
    snprintf(version, sizeof version, "%u", metric->definition_version);
    const char *values[] = {number,           metric->id,       version,
                            metric_period_name(metric->period), metric->unit,
                            metric->label_zh, metric->label_en, metric->definition_zh, metric->definition_en,
                            metric_kind_name(metric->kind)};
    return run_with(connection,
                    "INSERT INTO metrics.metric (number, id, definition_version, period, unit, label_zh, label_en,"
                    " definition_zh, definition_en, kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                    " ON CONFLICT (number) DO UPDATE SET id = EXCLUDED.id,"
                    " definition_version = EXCLUDED.definition_version, period = EXCLUDED.period,"
                    " unit = EXCLUDED.unit, label_zh = EXCLUDED.label_zh, label_en = EXCLUDED.label_en,"
                    " definition_zh = EXCLUDED.definition_zh, definition_en = EXCLUDED.definition_en,"
                    " kind = EXCLUDED.kind",
                    10, values);
}

static bool load_category(PGconn *connection, const struct category *category) {
    char number[16];
    snprintf(number, sizeof number, "%d", (int)category->number);
    const char *values[] = {number, category->id, category->label_zh, category->label_en};
    return run_with(connection,
                    "INSERT INTO metrics.category (number, id, label_zh, label_en) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (number) DO UPDATE SET id = EXCLUDED.id, label_zh = EXCLUDED.label_zh,"
                    " label_en = EXCLUDED.label_en",
                    4, values);
}

/* The bounds by which views turn a category into days. */
static bool load_bucket(PGconn *connection, size_t bucket) {
    char number[16];
    char first[16];
    char last[16];
    bool ends = day_buckets[bucket].last != DAY_BUCKET_NO_END;
    snprintf(number, sizeof number, "%zu", CATEGORY_DAYS + bucket);
    snprintf(first, sizeof first, "%u", day_buckets[bucket].first);
    snprintf(last, sizeof last, "%u", day_buckets[bucket].last);
    const char *values[] = {number, first, ends ? last : NULL};
    return run_with(connection,
                    "INSERT INTO metrics.day_bucket (category, first_days, last_days) VALUES ($1, $2, $3)"
                    " ON CONFLICT (category) DO UPDATE SET first_days = EXCLUDED.first_days,"
                    " last_days = EXCLUDED.last_days",
                    3, values);
}

static bool load_catalogue(PGconn *connection) {
    bool done = run(connection, "BEGIN");
    for (size_t i = 0; done && i < metric_count; i++) {
        done = load_metric(connection, &metric_catalogue[i]);
    }
    for (size_t i = 0; done && i < category_count; i++) {
        done = load_category(connection, &category_catalogue[i]);
    }
    for (size_t i = 0; done && i < day_bucket_count; i++) {
        done = load_bucket(connection, i);
    }
    return done && run(connection, migration_grants) && run(connection, "COMMIT");
}

/* --- Exported ------------------------------------------------------------------------------------------------------- */

static int migrate(PGconn *connection) {
    if (!run(connection, "SELECT pg_advisory_lock(7811892108462)")) {
        return EXIT_CODE_TEMPORARY;
    }
    make_roles(connection);
    if (!become_owner(connection) || !make_list(connection)) {
        return EXIT_CODE_CONFIG;
    }
    int applied = count_applied(connection);
    if (applied < 0) {
        return applied == -1 ? EXIT_CODE_CONFIG : EXIT_CODE_FAILED;
    }
    for (size_t i = (size_t)applied; i < migration_count; i++) {
        if (!apply(connection, &migrations[i])) {
            return EXIT_CODE_FAILED;
        }
    }
    if (!load_catalogue(connection)) {
        return EXIT_CODE_FAILED;
    }
    LOG_INFO("schema is up to date", LOG_I("number", migrate_newest()));
    return EXIT_CODE_OK;
}

int migrate_run(const char *conninfo) {
    if (sodium_init() < 0) {
        return EXIT_CODE_FAILED;
    }
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) {
        LOG_ERROR("cannot connect to postgresql", LOG_S("detail", PQerrorMessage(connection)));
        PQfinish(connection);
        return EXIT_CODE_TEMPORARY;
    }
    PQsetNoticeReceiver(connection, on_notice, NULL);
    int code = migrate(connection);
    PQfinish(connection);
    return code;
}
