#include <stdlib.h>
#include <string.h>

#include "aggregator/sink_internal.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"

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
        sink_landed(aggregator);
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
        sink_complain(sink, "cannot read the cursors", message);
        sink_set_reason(sink, "the cursors cannot be read from PostgreSQL");
        sink_retry_later(sink);
        return;
    }
    CHECK(count == 2);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        if (!read_cursor(results[1], aggregator->sources[i].name, &cursors[i])) {
            sink_complain(sink, "cannot read the cursors", aggregator->sources[i].name);
            sink_retry_later(sink);
            return;
        }
    }
    settle(sink, cursors);
    sink->step = STEP_WORK;
    sink->reason[0] = '\0';
    sink_tick(aggregator, clock_monotonic_ms());
}

void cursors_ask(struct sink *sink) {
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
