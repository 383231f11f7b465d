#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/sink_internal.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"

/* The advisory lock that the working aggregator holds: any number, the same for ever. */
#define LOCK_SQL "SELECT pg_try_advisory_lock(7811892108461)"
#define RETRY_MS 1000
/* Refusals of the lock in a row after which what was folded is dropped. The first may come from our own lost
 * connection, whose backend has not noticed yet. */
#define LOCK_REFUSALS_MAX 5

static const char *const reason_connecting = "PostgreSQL is not connected";

void sink_set_reason(struct sink *sink, const char *reason) {
    snprintf(sink->reason, sizeof sink->reason, "%s", reason);
}

void sink_complain(struct sink *sink, const char *message, const char *detail) {
    if (strcmp(sink->complaint, detail) != 0) {
        LOG_ERROR(message, LOG_S("detail", detail));
        snprintf(sink->complaint, sizeof sink->complaint, "%s", detail);
    }
}

void sink_retry_later(struct sink *sink) {
    sink->is_asking = false;
    sink->retry_ms = clock_monotonic_ms() + RETRY_MS;
}

bool sink_sqlstate_is(PGresult *const *results, size_t count, const char *state) {
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

void sink_landed(struct aggregator *aggregator) {
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
        sink_complain(sink, "PostgreSQL refuses a commit", message);
        if (sink_sqlstate_is(results, count, COMMIT_FENCED)) {
            sink->counters.fenced++;
            sink_set_reason(sink, "another aggregator has moved a cursor");
            sink->step = STEP_CURSORS;
        } else {
            char reason[sizeof sink->reason];
            snprintf(reason, sizeof reason, "PostgreSQL refuses a commit: %.200s", message);
            sink_set_reason(sink, reason);
        }
        sink_retry_later(sink);
        return;
    }
    sink->counters.commits++;
    sink->counters.cells_written += sink->aggregator->flying->cells.count;
    sink->counters.commit_seconds += (double)(clock_monotonic_ns() - sink->commit_began_ns) / 1e9;
    sink->complaint[0] = '\0';
    sink->reason[0] = '\0';
    sink_landed(sink->aggregator);
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

/* --- Lock and schema ------------------------------------------------------------------------------------------------ */

static void stand_by(struct sink *sink) {
    sink->lock_refusals++;
    sink_set_reason(sink, "standby: another aggregator works");
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
        sink_complain(sink, "cannot ask for the lock", message);
        sink_set_reason(sink, "the lock cannot be asked for");
        sink_retry_later(sink);
        return;
    }
    if (strcmp(PQgetvalue(results[0], 0, 0), "t") != 0) {
        stand_by(sink);
        sink_retry_later(sink);
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
        sink_complain(sink, "the schema cannot be read: has `aggregator migrate` been run?", message);
        sink_set_reason(sink, "the schema is missing or may not be read: run `aggregator migrate`");
        sink_retry_later(sink);
        return;
    }
    int number = (int)strtol(PQgetvalue(results[0], 0, 0), NULL, 10);
    if (number > migrate_newest()) {
        LOG_ERROR("the schema is newer than this program: upgrade the program", LOG_I("schema", number),
                  LOG_I("program", migrate_newest()));
        sink_set_reason(sink, "the schema is newer than this program");
        daemon_stop(sink->aggregator->daemon, EXIT_CODE_CONFIG);
        return; /* is_asking stays: nothing more is asked */
    }
    if (number < migrate_newest()) {
        sink_complain(sink, "the schema is older than this program", "run `aggregator migrate`");
        sink_set_reason(sink, "the schema is older than this program: run `aggregator migrate`");
        sink_retry_later(sink);
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
    sink_complain(sink, "postgresql is away", message);
    sink->step = STEP_AWAY;
    sink->is_asking = false;
    sink->is_standby = false;
    sink->lock_refusals = 0;
    sink_set_reason(sink, reason_connecting);
    sink_command_fail(sink);
}

static void work(struct sink *sink, int64_t now_ms) {
    if (sink_command_waits(sink)) {
        sink_command_begin(sink);
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
        cursors_ask(sink);
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
    sink_set_reason(sink, reason_connecting);
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
