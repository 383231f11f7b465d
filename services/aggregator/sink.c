#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/commit.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "pg/pg.h"

/* The advisory lock that the working aggregator holds: any number, the same for ever. */
#define LOCK_SQL "SELECT pg_try_advisory_lock(7811892108461)"
#define RETRY_MS 1000
/* Refusals of the lock in a row after which what was folded is dropped. The first may come from our own lost
 * connection, whose backend has not noticed yet. */
#define LOCK_REFUSALS_MAX 5

enum step {
    STEP_AWAY,    /* no connection */
    STEP_SCHEMA,  /* is the schema ours? */
    STEP_LOCK,    /* does another aggregator work? */
    STEP_CURSORS, /* where are we? */
    STEP_WORK,
};

struct rebuild {
    rebuild_done *done; /* NULL: none */
    void *user;
    struct id id;
    char principal[128];
};

struct sink {
    struct aggregator *aggregator;
    struct pg *pg;
    struct commit commit;
    enum step step;
    bool is_asking;    /* a request of this step is on its way */
    int64_t retry_ms;  /* monotonic: not before */
    int lock_refusals; /* in a row */
    bool is_standby;
    bool has_cursors;  /* committed cursors were read once */
    struct rebuild rebuild;
    uint64_t flush_events;
    int64_t flush_ms;
    int64_t commit_began_ns;
    char reason[256]; /* why it does not work; empty: it works */
    char complaint[256]; /* last failure logged */
    struct sink_counters counters;
};

static const char *const reason_connecting = "PostgreSQL is not connected";

static void set_reason(struct sink *sink, const char *reason) {
    snprintf(sink->reason, sizeof sink->reason, "%s", reason);
}

/* Logged when it is news. */
static void complain(struct sink *sink, const char *message, const char *detail) {
    if (strcmp(sink->complaint, detail) != 0) {
        LOG_ERROR(message, LOG_S("detail", detail));
        snprintf(sink->complaint, sizeof sink->complaint, "%s", detail);
    }
}

static void retry_later(struct sink *sink) {
    sink->is_asking = false;
    sink->retry_ms = clock_monotonic_ms() + RETRY_MS;
}

static bool sqlstate_is(PGresult *const *results, size_t count, const char *state) {
    for (size_t i = 0; i < count; i++) {
        const char *found = results[i] == NULL ? NULL : PQresultErrorField(results[i], PG_DIAG_SQLSTATE);
        if (found != NULL && strcmp(found, state) == 0) {
            return true;
        }
    }
    return false;
}

/* --- Sets ----------------------------------------------------------------------------------------------------------- */

static void clear_set(struct set *set) {
    cells_clear(&set->cells);
    memset(set->progress, 0, sizeof set->progress);
    set->events = 0;
    set->first_ms = 0;
}

void sink_drop(struct aggregator *aggregator) {
    clear_set(&aggregator->sets[0]);
    clear_set(&aggregator->sets[1]);
    aggregator->flying = NULL;
}

/* The cursors that the flying set reached are PostgreSQL's now. */
static void landed(struct aggregator *aggregator) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        const struct progress *progress = &aggregator->flying->progress[i];
        struct source *source = &aggregator->sources[i];
        if (progress->moved) {
            source->committed = progress->after;
            source->committed_epoch = progress->epoch;
            source->committed_as_of_ms = progress->as_of_ms;
            source->unknown_events += progress->unknown_events;
        }
    }
    clear_set(aggregator->flying);
    aggregator->flying = NULL;
}

/* --- Commit --------------------------------------------------------------------------------------------------------- */

static void on_committed(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    sink->is_asking = false;
    if (status == STATUS_UNAVAILABLE) {
        sink->counters.commits_failed++;
        return; /* the outcome shows when the cursors are read again */
    }
    if (status != STATUS_OK) {
        sink->counters.commits_failed++;
        complain(sink, "PostgreSQL refuses a commit", message);
        if (sqlstate_is(results, count, COMMIT_FENCED)) {
            sink->counters.fenced++;
            set_reason(sink, "another aggregator has moved a cursor");
            sink->step = STEP_CURSORS;
        } else {
            char reason[sizeof sink->reason];
            snprintf(reason, sizeof reason, "PostgreSQL refuses a commit: %.200s", message);
            set_reason(sink, reason);
        }
        retry_later(sink);
        return;
    }
    sink->counters.commits++;
    sink->counters.cells_written += sink->aggregator->flying->cells.count;
    sink->counters.commit_seconds += (double)(clock_monotonic_ns() - sink->commit_began_ns) / 1e9;
    sink->complaint[0] = '\0';
    sink->reason[0] = '\0';
    landed(sink->aggregator);
    sink_tick(sink->aggregator, clock_monotonic_ms());
}

static bool is_due(const struct sink *sink, int64_t now_ms) {
    const struct set *set = sink->aggregator->filling;
    return set->first_ms != 0 && (set->events >= sink->flush_events || now_ms - set->first_ms >= sink->flush_ms ||
                                  sources_are_waiting(sink->aggregator));
}

/* The other set begins to fill while this one flies. */
static void take_off(struct sink *sink, int64_t now_ms) {
    struct aggregator *aggregator = sink->aggregator;
    if (aggregator->flying == NULL) {
        if (!is_due(sink, now_ms)) {
            return;
        }
        aggregator->flying = aggregator->filling;
        aggregator->filling = aggregator->filling == &aggregator->sets[0] ? &aggregator->sets[1] : &aggregator->sets[0];
        sources_resume(aggregator);
    }
    sink->commit_began_ns = clock_monotonic_ns();
    sink->is_asking = true;
    CHECK(commit_send(&sink->commit, sink->pg, aggregator, aggregator->flying, on_committed, sink) == STATUS_OK);
}

/* --- Rebuild -------------------------------------------------------------------------------------------------------- */

static void finish_rebuild(struct sink *sink, enum status status) {
    struct rebuild rebuild = sink->rebuild;
    sink->rebuild = (struct rebuild){0};
    if (rebuild.done != NULL) {
        rebuild.done(rebuild.user, status);
    }
}

static void on_rebuilt(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    struct aggregator *aggregator = sink->aggregator;
    sink->is_asking = false;
    if (status != STATUS_OK) {
        bool repeated = status == STATUS_IO && sqlstate_is(results, count, "23505");
        if (!repeated) {
            complain(sink, "rebuild failed", message);
        }
        finish_rebuild(sink, repeated ? STATUS_EXISTS : STATUS_UNAVAILABLE);
        return;
    }
    LOG_INFO("rebuilding from the first event", LOG_S("principal", sink->rebuild.principal));
    sink_drop(aggregator);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        source->committed = 0;
        source->committed_as_of_ms = 0;
        source->unknown_events = 0;
        memset(&source->committed_epoch, 0, sizeof source->committed_epoch);
    }
    sources_start(aggregator);
    finish_rebuild(sink, STATUS_OK);
}

/* The id is a primary key: the same command empties the tables once. */
static void begin_rebuild(struct sink *sink) {
    const char *values[] = {(const char *)sink->rebuild.id.bytes, sink->rebuild.principal};
    const int lengths[] = {ID_BYTES, 0};
    const int formats[] = {1, 0};
    const Oid types[] = {17, 25};
    const struct pg_statement statements[] = {
        {.sql = "INSERT INTO metrics.rebuild (id, principal) VALUES ($1, $2)",
         .parameter_count = 2, .types = types, .values = values, .lengths = lengths, .formats = formats},
        {.sql = "TRUNCATE metrics.cell, metrics.organisation"},
        {.sql = "UPDATE metrics.source SET cursor = 0, epoch = NULL, as_of = NULL, unknown_events = 0"},
    };
    sink->is_asking = true;
    CHECK(pg_run(sink->pg, statements, 3, true, on_rebuilt, sink) == STATUS_OK);
}

enum status sink_rebuild(struct aggregator *aggregator, const struct id *id, const char *principal, rebuild_done *done,
                         void *user) {
    struct sink *sink = aggregator->sink;
    if (sink->step != STEP_WORK || sink->rebuild.done != NULL) {
        return STATUS_AGAIN;
    }
    sink->rebuild = (struct rebuild){.done = done, .user = user, .id = *id};
    snprintf(sink->rebuild.principal, sizeof sink->rebuild.principal, "%s", principal);
    sink_tick(aggregator, clock_monotonic_ms());
    return STATUS_OK;
}

/* --- Cursors -------------------------------------------------------------------------------------------------------- */

struct cursor {
    struct id epoch;
    uint64_t after;
    int64_t as_of_ms;
    uint64_t unknown_events;
};

static bool read_cursor(const PGresult *rows, const char *name, struct cursor *cursor) {
    for (int row = 0; row < PQntuples(rows); row++) {
        if (strcmp(PQgetvalue(rows, row, 0), name) == 0) {
            *cursor = (struct cursor){
                .after = strtoull(PQgetvalue(rows, row, 2), NULL, 10),
                .as_of_ms = strtoll(PQgetvalue(rows, row, 3), NULL, 10),
                .unknown_events = strtoull(PQgetvalue(rows, row, 4), NULL, 10),
            };
            const char *epoch = PQgetvalue(rows, row, 1);
            return epoch[0] == '\0' || id_parse(epoch, &cursor->epoch);
        }
    }
    return false;
}

static bool stands_before(const struct source *source, const struct cursor *cursor) {
    return cursor->after == source->committed && id_equal(&cursor->epoch, &source->committed_epoch);
}

static bool stands_behind(const struct source *source, const struct set *flying, const struct cursor *cursor) {
    const struct progress *progress = &flying->progress[source->number];
    return progress->moved ? cursor->after == progress->after && id_equal(&cursor->epoch, &progress->epoch)
                           : stands_before(source, cursor);
}

static void adopt(struct aggregator *aggregator, const struct cursor *cursors) {
    sink_drop(aggregator);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        source->committed = cursors[i].after;
        source->committed_epoch = cursors[i].epoch;
        source->committed_as_of_ms = cursors[i].as_of_ms;
        source->unknown_events = cursors[i].unknown_events;
    }
    sources_start(aggregator);
}

/* What became of the set that was flying when the connection broke? The cursors tell: they moved with its cells. */
static void settle(struct sink *sink, const struct cursor *cursors) {
    struct aggregator *aggregator = sink->aggregator;
    bool before = sink->has_cursors;
    bool behind = sink->has_cursors && aggregator->flying != NULL;
    for (size_t i = 0; i < aggregator->source_count; i++) {
        before = before && stands_before(&aggregator->sources[i], &cursors[i]);
        behind = behind && stands_behind(&aggregator->sources[i], aggregator->flying, &cursors[i]);
    }
    if (behind) {
        LOG_INFO("the commit in doubt was done");
        landed(aggregator);
    } else if (before) {
        LOG_INFO("going on from where PostgreSQL stands");
    } else {
        if (sink->has_cursors) {
            LOG_WARN("another aggregator has worked: starting over from its cursors");
        }
        adopt(aggregator, cursors);
    }
    sink->has_cursors = true;
}

static void on_cursors(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    struct aggregator *aggregator = sink->aggregator;
    struct cursor cursors[SOURCES_MAX];
    sink->is_asking = false;
    if (status != STATUS_OK) {
        complain(sink, "cannot read the cursors", message);
        set_reason(sink, "the cursors cannot be read from PostgreSQL");
        retry_later(sink);
        return;
    }
    CHECK(count == 2);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        if (!read_cursor(results[1], aggregator->sources[i].name, &cursors[i])) {
            complain(sink, "cannot read the cursors", aggregator->sources[i].name);
            retry_later(sink);
            return;
        }
    }
    settle(sink, cursors);
    sink->step = STEP_WORK;
    sink->reason[0] = '\0';
    sink_tick(aggregator, clock_monotonic_ms());
}

static void ask_cursors(struct sink *sink) {
    struct array names = {0};
    array_begin(&names, ARRAY_TEXT);
    for (size_t i = 0; i < sink->aggregator->source_count; i++) {
        const char *name = sink->aggregator->sources[i].name;
        array_add_bytes(&names, name, strlen(name));
    }
    array_end(&names);
    const char *values[] = {(const char *)names.bytes.data};
    const int lengths[] = {(int)names.bytes.size};
    const int formats[] = {1};
    const Oid types[] = {array_type(&names)};
    const struct pg_statement statements[] = {
        {.sql = "INSERT INTO metrics.source (name) SELECT unnest($1) ON CONFLICT DO NOTHING",
         .parameter_count = 1, .types = types, .values = values, .lengths = lengths, .formats = formats},
        {.sql = "SELECT name, encode(epoch, 'hex')::uuid, cursor, (extract(epoch FROM as_of) * 1000)::bigint,"
                " unknown_events FROM metrics.source WHERE name = ANY ($1)",
         .parameter_count = 1, .types = types, .values = values, .lengths = lengths, .formats = formats},
    };
    sink->is_asking = true;
    CHECK(pg_run(sink->pg, statements, 2, true, on_cursors, sink) == STATUS_OK);
    array_release(&names);
}

/* --- Lock and schema ------------------------------------------------------------------------------------------------ */

static void stand_by(struct sink *sink) {
    sink->lock_refusals++;
    set_reason(sink, "standby: another aggregator works");
    if (sink->lock_refusals == 1 && !sink->is_standby) {
        LOG_INFO("standing by: another aggregator works");
    }
    sink->is_standby = true;
    if (sink->has_cursors && sink->lock_refusals >= LOCK_REFUSALS_MAX) {
        sources_stop(sink->aggregator);
        sink_drop(sink->aggregator);
        sink->has_cursors = false;
    }
}

static void on_lock(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    (void)count;
    if (status != STATUS_OK) {
        complain(sink, "cannot ask for the lock", message);
        set_reason(sink, "the lock cannot be asked for");
        retry_later(sink);
        return;
    }
    if (strcmp(PQgetvalue(results[0], 0, 0), "t") != 0) {
        stand_by(sink);
        retry_later(sink);
        return;
    }
    sink->is_asking = false;
    sink->lock_refusals = 0;
    sink->is_standby = false;
    sink->step = STEP_CURSORS;
    sink_tick(sink->aggregator, clock_monotonic_ms());
}

static void on_schema(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    (void)count;
    if (status != STATUS_OK) {
        complain(sink, "the schema cannot be read: has `aggregator migrate` been run?", message);
        set_reason(sink, "the schema is missing or may not be read: run `aggregator migrate`");
        retry_later(sink);
        return;
    }
    int number = (int)strtol(PQgetvalue(results[0], 0, 0), NULL, 10);
    if (number > migrate_newest()) {
        LOG_ERROR("the schema is newer than this program: upgrade the program", LOG_I("schema", number),
                  LOG_I("program", migrate_newest()));
        set_reason(sink, "the schema is newer than this program");
        daemon_stop(sink->aggregator->daemon, EXIT_CODE_CONFIG);
        return; /* is_asking stays: nothing more is asked */
    }
    if (number < migrate_newest()) {
        complain(sink, "the schema is older than this program", "run `aggregator migrate`");
        set_reason(sink, "the schema is older than this program: run `aggregator migrate`");
        retry_later(sink);
        return;
    }
    sink->is_asking = false;
    sink->step = STEP_LOCK;
    sink_tick(sink->aggregator, clock_monotonic_ms());
}

static void ask(struct sink *sink, const char *sql, pg_done *done) {
    const struct pg_statement statement = {.sql = sql};
    sink->is_asking = true;
    CHECK(pg_run(sink->pg, &statement, 1, false, done, sink) == STATUS_OK);
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

static void on_connected(void *user) {
    struct sink *sink = user;
    LOG_INFO("postgresql connected");
    sink->step = STEP_SCHEMA;
    sink->is_asking = false;
    sink->retry_ms = 0;
    sink_tick(sink->aggregator, clock_monotonic_ms());
}

/* The lock went with the connection. Folding goes on within its bounds; the cursors will tell what to do. */
static void on_disconnected(void *user, const char *message) {
    struct sink *sink = user;
    complain(sink, "postgresql is away", message);
    sink->step = STEP_AWAY;
    sink->is_asking = false;
    sink->is_standby = false;
    sink->lock_refusals = 0;
    set_reason(sink, reason_connecting);
    if (sink->rebuild.done != NULL) {
        finish_rebuild(sink, STATUS_UNAVAILABLE);
    }
}

static void work(struct sink *sink, int64_t now_ms) {
    if (sink->rebuild.done != NULL) {
        begin_rebuild(sink);
    } else {
        take_off(sink, now_ms);
    }
}

void sink_tick(struct aggregator *aggregator, int64_t now_ms) {
    struct sink *sink = aggregator->sink;
    if (sink->step == STEP_AWAY || sink->is_asking || now_ms < sink->retry_ms) {
        return;
    }
    switch (sink->step) {
    case STEP_AWAY:
        return;
    case STEP_SCHEMA:
        ask(sink, "SELECT coalesce(max(number), 0) FROM metrics.migration", on_schema);
        return;
    case STEP_LOCK:
        ask(sink, LOCK_SQL, on_lock);
        return;
    case STEP_CURSORS:
        ask_cursors(sink);
        return;
    case STEP_WORK:
        work(sink, now_ms);
        return;
    }
}

/* --- Exported ------------------------------------------------------------------------------------------------------- */

enum status sink_new(struct aggregator *aggregator) {
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return STATUS_MEMORY;
    }
    sink->aggregator = aggregator;
    sink->flush_events = (uint64_t)config_integer(aggregator->config, "/flush/events");
    sink->flush_ms = config_integer(aggregator->config, "/flush/ms");
    set_reason(sink, reason_connecting);
    const struct pg_options options = {
        .conninfo = config_string(aggregator->config, "/postgres/conninfo"),
        .connected = on_connected,
        .disconnected = on_disconnected,
        .user = sink,
    };
    enum status status = pg_new(daemon_loop(aggregator->daemon), &options, &sink->pg);
    if (status != STATUS_OK) {
        LOG_ERROR("/postgres/conninfo is no connection string of PostgreSQL");
        free(sink);
        return status;
    }
    aggregator->sink = sink;
    return STATUS_OK;
}

void sink_destroy(struct aggregator *aggregator) {
    struct sink *sink = aggregator->sink;
    if (sink == NULL) {
        return;
    }
    pg_destroy(&sink->pg);
    commit_release(&sink->commit);
    free(sink);
    aggregator->sink = NULL;
}

const char *sink_unready_reason(const struct aggregator *aggregator) {
    const struct sink *sink = aggregator->sink;
    return sink->reason[0] == '\0' ? NULL : sink->reason;
}

struct sink_counters sink_counters(const struct aggregator *aggregator) {
    const struct sink *sink = aggregator->sink;
    struct sink_counters counters = sink->counters;
    counters.is_connected = pg_is_connected(sink->pg);
    counters.is_standby = sink->is_standby;
    return counters;
}
