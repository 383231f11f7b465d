#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/sink_internal.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"

/* Commands that the sink runs between two commits, one at a time, each in one transaction. */

struct command_kind {
    const char *failure; /* what the log says when PostgreSQL refuses it */
    void (*begin)(struct sink *sink);
    /* After the commit. What done is told, and the number. */
    enum status (*settle)(struct sink *sink, PGresult *const *results, uint64_t *number);
    /* Its id is the key of a row that is inserted first: the same command again violates it. */
    bool inserts_id;
};

static const struct command_kind *kind_of(const struct sink_command *command);

static void on_ran(void *user, enum status status, PGresult *const *results, size_t count, const char *message);

static void run(struct sink *sink, const struct pg_statement *statements, size_t count) {
    sink->is_asking = true;
    CHECK(pg_run(sink->pg, statements, count, true, on_ran, sink) == STATUS_OK);
}

/* --- Rebuild -------------------------------------------------------------------------------------------------------- */

/* The id is a primary key: the same command empties the tables once. */
static void begin_rebuild(struct sink *sink) {
    const char *values[] = {(const char *)sink->command.id.bytes, sink->command.principal};
    const int lengths[] = {ID_BYTES, 0};
    const int formats[] = {1, 0};
    const Oid types[] = {17, 25};
    const struct pg_statement statements[] = {
        {.sql = "INSERT INTO metrics.rebuild (id, principal) VALUES ($1, $2)",
         .parameter_count = 2, .types = types, .values = values, .lengths = lengths, .formats = formats},
        {.sql = "TRUNCATE metrics.cell, metrics.organisation"},
        {.sql = "UPDATE metrics.source SET cursor = 0, epoch = NULL, as_of = NULL, unknown_events = 0"},
    };
    run(sink, statements, sizeof statements / sizeof statements[0]);
}

static enum status settle_rebuild(struct sink *sink, PGresult *const *results, uint64_t *number) {
    struct aggregator *aggregator = sink->aggregator;
    (void)results;
    (void)number;
    LOG_INFO("rebuilding from the first event", LOG_S("principal", sink->command.principal));
    sink_drop(aggregator);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        source->committed = 0;
        source->committed_as_of_ms = 0;
        source->unknown_events = 0;
        memset(&source->committed_epoch, 0, sizeof source->committed_epoch);
    }
    sources_start(aggregator);
    return STATUS_OK;
}

/* --- Freeze --------------------------------------------------------------------------------------------------------- */

/* What was folded and not committed is in neither the cells nor the cursors: the publication is of one moment. */
static void begin_freeze(struct sink *sink) {
    const struct sink_command *command = &sink->command;
    const char *values[] = {(const char *)command->id.bytes, command->principal, command->period.period,
                            command->period.first_day, command->period.note};
    const int lengths[] = {ID_BYTES, 0, 0, 0, 0};
    const int formats[] = {1, 0, 0, 0, 0};
    const Oid types[] = {17, 25, 25, 1082, 25};
    const struct pg_statement statement = {
        .sql = "SELECT number, was_there FROM metrics.publish($1, $2, $3, $4, $5)",
        .parameter_count = 5, .types = types, .values = values, .lengths = lengths, .formats = formats};
    run(sink, &statement, 1);
}

static enum status settle_freeze(struct sink *sink, PGresult *const *results, uint64_t *number) {
    *number = strtoull(PQgetvalue(results[0], 0, 0), NULL, 10);
    if (strcmp(PQgetvalue(results[0], 0, 1), "t") == 0) {
        return STATUS_EXISTS;
    }
    LOG_INFO("published", LOG_U("number", *number), LOG_S("period", sink->command.period.period),
             LOG_S("first_day", sink->command.period.first_day), LOG_S("principal", sink->command.principal));
    return STATUS_OK;
}

/* --- Running -------------------------------------------------------------------------------------------------------- */

static const struct command_kind *kind_of(const struct sink_command *command) {
    static const struct command_kind kinds[] = {
        [SINK_REBUILD] = {"rebuild failed", begin_rebuild, settle_rebuild, true},
        [SINK_FREEZE] = {"a period cannot be published", begin_freeze, settle_freeze, false},
    };
    return &kinds[command->kind];
}

static void finish(struct sink *sink, enum status status, uint64_t number) {
    const struct sink_command command = sink->command;
    sink->command = (struct sink_command){.done = NULL};
    if (command.done != NULL) {
        command.done(command.user, status, number);
    }
}

static void on_ran(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct sink *sink = user;
    const struct command_kind *kind = kind_of(&sink->command);
    uint64_t number = 0;
    sink->is_asking = false;
    if (status == STATUS_OK) {
        enum status outcome = kind->settle(sink, results, &number);
        finish(sink, outcome, number);
        return;
    }
    bool repeated = status == STATUS_IO && kind->inserts_id && sink_sqlstate_is(results, count, "23505");
    if (!repeated) {
        sink_complain(sink, kind->failure, message);
    }
    finish(sink, repeated ? STATUS_EXISTS : STATUS_UNAVAILABLE, 0);
}

bool sink_command_waits(const struct sink *sink) {
    return sink->command.done != NULL;
}

void sink_command_begin(struct sink *sink) {
    kind_of(&sink->command)->begin(sink);
}

void sink_command_fail(struct sink *sink) {
    if (sink_command_waits(sink)) {
        finish(sink, STATUS_UNAVAILABLE, 0);
    }
}

enum status sink_run(struct aggregator *aggregator, const struct sink_command *command) {
    struct sink *sink = aggregator->sink;
    if (sink->step != STEP_WORK || sink_command_waits(sink)) {
        return STATUS_AGAIN;
    }
    sink->command = *command;
    sink_tick(aggregator, clock_monotonic_ms());
    return STATUS_OK;
}
