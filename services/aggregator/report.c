#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/aggregator.h"
#include "base/check.h"
#include "base/civil.h"
#include "wire/server.h"

/* What the aggregator tells of itself. */

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; /* protobuf-c's packer takes char *, and only reads */
}

static uint64_t resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*s %llu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What is known without a follower: what PostgreSQL has. */
static struct follower_view view_of(const struct source *source) {
    if (source->follower != NULL) {
        return follower_view(source->follower);
    }
    return (struct follower_view){
        .state = COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING,
        .epoch = source->committed_epoch,
        .head = source->committed,
        .alarm = "",
    };
}

/* --- Status --------------------------------------------------------------------------------------------------------- */

static void fill_source(Common__V1__SourceStatus *row, const struct source *source, struct arena *arena) {
    struct follower_view view = view_of(source);
    common__v1__source_status__init(row);
    row->name = text(source->name);
    row->state = view.state;
    if (!id_is_zero(&view.epoch)) {
        row->epoch.len = ID_BYTES;
        row->epoch.data = arena_alloc(arena, ID_BYTES);
        CHECK(row->epoch.data != NULL);
        memcpy(row->epoch.data, view.epoch.bytes, ID_BYTES);
    }
    row->cursor = source->committed;
    row->head = view.head > source->committed ? view.head : source->committed;
    row->as_of_ms = source->committed_as_of_ms;
    row->unknown_events = source->unknown_events;
    row->alarm = text(view.alarm);
}

static Common__V1__TableStatus *table_status(const char *name, uint64_t rows, uint64_t bytes, struct arena *arena) {
    Common__V1__TableStatus *row = arena_alloc(arena, sizeof *row);
    CHECK(row != NULL);
    common__v1__table_status__init(row);
    row->name = text(name);
    row->rows = rows;
    row->bytes = bytes;
    return row;
}

/* Cells that are folded and not committed yet; beside them the number of events folded since the start. */
static void fill_tables(Common__V1__Status *status, const struct aggregator *aggregator, struct arena *arena) {
    uint64_t cells = aggregator->sets[0].cells.count + aggregator->sets[1].cells.count;
    status->tables = arena_alloc(arena, 2 * sizeof *status->tables);
    CHECK(status->tables != NULL);
    status->n_tables = 2;
    status->tables[0] = table_status("cells in memory", cells, cells * sizeof(struct cell), arena);
    status->tables[1] = table_status("events folded", aggregator->events_folded, 0, arena);
}

Common__V1__Status *report_status(const struct aggregator *aggregator, struct arena *arena) {
    size_t count = aggregator->source_count;
    Common__V1__Status *status = arena_alloc(arena, sizeof *status);
    Common__V1__SourceStatus *rows = arena_alloc(arena, count * sizeof *rows);
    Common__V1__SourceStatus **list = arena_alloc(arena, count * sizeof *list);
    CHECK(status != NULL && rows != NULL && list != NULL); /* at most SOURCES_MAX rows in an empty arena */
    for (size_t i = 0; i < count; i++) {
        fill_source(&rows[i], &aggregator->sources[i], arena);
        list[i] = &rows[i];
    }
    const char *reason = sink_unready_reason(aggregator);
    common__v1__status__init(status);
    status->service = text("aggregator");
    status->version = text(LIANCHENG_VERSION);
    status->ready = reason == NULL;
    status->reason = text(reason == NULL ? "" : reason);
    status->started_at_ms = aggregator->started_at_ms;
    status->now_ms = clock_unix_ms();
    status->sources = list;
    status->n_sources = count;
    status->resident_bytes = resident_bytes();
    fill_tables(status, aggregator, arena);
    return status;
}

/* --- Prometheus ----------------------------------------------------------------------------------------------------- */

static void one(struct buffer *out, const char *name, const char *type, const char *help, double value) {
    metrics_head(out, name, type, help);
    metrics_value(out, name, NULL, value);
}

enum source_number { SOURCE_LAG, SOURCE_CURSOR, SOURCE_AS_OF, SOURCE_ALARM, SOURCE_UNKNOWN };

static double source_value(const struct source *source, enum source_number number) {
    struct follower_view view = view_of(source);
    switch (number) {
    case SOURCE_LAG:
        return view.head > source->committed ? (double)(view.head - source->committed) : 0;
    case SOURCE_CURSOR:
        return (double)source->committed;
    case SOURCE_AS_OF:
        return (double)source->committed_as_of_ms / 1000;
    case SOURCE_ALARM:
        return view.alarm[0] != '\0';
    case SOURCE_UNKNOWN:
        return (double)source->unknown_events;
    }
    return 0;
}

static void source_metrics(const struct aggregator *aggregator, struct buffer *out) {
    static const struct {
        enum source_number number;
        const char *name;
        const char *help;
    } rows[] = {
        {SOURCE_LAG, "liancheng_source_lag_events", "Events of the source that are not committed yet."},
        {SOURCE_CURSOR, "liancheng_source_cursor", "Number of the last event of the source that is committed."},
        {SOURCE_AS_OF, "liancheng_source_as_of_seconds", "Unix time up to which the source is committed."},
        {SOURCE_ALARM, "liancheng_source_alarm", "1 while the source is stopped or refused: an operator has to act."},
        {SOURCE_UNKNOWN, "liancheng_source_unknown_events", "Committed events of the source that were not known."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        metrics_head(out, rows[i].name, "gauge", rows[i].help);
        for (size_t s = 0; s < aggregator->source_count; s++) {
            char label[SOURCE_NAME_BYTES + 16];
            snprintf(label, sizeof label, "source=\"%s\"", aggregator->sources[s].name);
            metrics_value(out, rows[i].name, label, source_value(&aggregator->sources[s], rows[i].number));
        }
    }
}

static void sink_metrics(const struct aggregator *aggregator, struct buffer *out) {
    struct sink_counters c = sink_counters(aggregator);
    one(out, "liancheng_commits_total", "counter", "Transactions committed in PostgreSQL.", (double)c.commits);
    one(out, "liancheng_commits_failed_total", "counter", "Transactions refused, or whose outcome was in doubt.",
        (double)c.commits_failed);
    one(out, "liancheng_commit_seconds_total", "counter", "Time from sending a transaction to its end.",
        c.commit_seconds);
    one(out, "liancheng_cells_written_total", "counter", "Cells written by the transactions.",
        (double)c.cells_written);
    one(out, "liancheng_commits_fenced_total", "counter", "Transactions refused as another aggregator had worked.",
        (double)c.fenced);
    one(out, "liancheng_postgres_connected", "gauge", "1 while the writing connection is up.", c.is_connected);
    one(out, "liancheng_standby", "gauge", "1 while another aggregator works.", c.is_standby);
}

void report_metrics(void *user, struct buffer *out) {
    const struct aggregator *aggregator = user;
    uint64_t cells = aggregator->sets[0].cells.count + aggregator->sets[1].cells.count;
    one(out, "liancheng_events_folded_total", "counter", "Events folded into cells since the start.",
        (double)aggregator->events_folded);
    one(out, "liancheng_events_unknown_total", "counter", "Events that this build does not know, since the start.",
        (double)aggregator->unknown_events);
    one(out, "liancheng_cells_in_memory", "gauge", "Cells folded and not committed yet.", (double)cells);
    one(out, "liancheng_credit_withheld", "gauge", "1 while the sources get no credit, for want of room.",
        aggregator->is_withholding_credit);
    one(out, "liancheng_credit_withheld_total", "counter", "Times that credit began to be withheld.",
        (double)aggregator->withheld_total);
    source_metrics(aggregator, out);
    sink_metrics(aggregator, out);
    desk_metrics(aggregator, out);
}
