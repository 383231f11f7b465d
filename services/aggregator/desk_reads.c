#include "aggregator/desk_internal.h"

#include "base/civil.h"
#include "base/log.h"

/* Questions that PostgreSQL has to be asked wait in a ring; one is asked at a time, in their order. */

static void read_next(struct desk *desk);

static struct pg_statement statement_of(const struct desk_read *read) {
    switch (read->kind) {
    case DESK_READ_CELLS:
        return (struct pg_statement){.sql = cells_query_sql, .parameter_count = CELLS_QUERY_PARAMETERS,
                                     .values = read->cells.values};
    case DESK_READ_PUBLICATIONS:
        break;
    }
    return (struct pg_statement){.sql = publish_query_sql, .parameter_count = PUBLISH_QUERY_PARAMETERS,
                                 .values = read->publications.values};
}

static const Metrics__V1__Answer *answer_of(struct desk *desk, const struct desk_read *read, const PGresult *rows) {
    switch (read->kind) {
    case DESK_READ_CELLS:
        return cells_query_answer(&read->cells, rows, clock_unix_ms(), &desk->answer);
    case DESK_READ_PUBLICATIONS:
        break;
    }
    return publish_query_answer(&read->publications, rows, &desk->answer);
}

static void on_rows(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct desk *desk = user;
    const struct desk_read *read = &desk->reads[desk->first];
    arena_reset(&desk->answer);
    if (status == STATUS_OK && count == 1) {
        desk_send_answer(desk, &read->asker, answer_of(desk, read, results[0]));
    } else {
        LOG_WARN("reading from postgresql failed", LOG_S("detail", message));
        desk_send_problem(desk, &read->asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
    }
    desk->first = (desk->first + 1) % DESK_READS_MAX;
    desk->count--;
    read_next(desk);
}

static void read_next(struct desk *desk) {
    if (desk->count == 0 || !desk->can_read || pg_is_busy(desk->pg)) {
        return;
    }
    const struct pg_statement statement = statement_of(&desk->reads[desk->first]);
    (void)pg_run(desk->pg, &statement, 1, false, on_rows, desk);
}

struct desk_read *desk_reads_next(struct desk *desk, enum desk_read_kind kind, const struct asker *asker) {
    if (desk->count == DESK_READS_MAX || !desk->can_read) {
        return NULL;
    }
    struct desk_read *read = &desk->reads[(desk->first + desk->count) % DESK_READS_MAX];
    read->kind = kind;
    read->asker = *asker;
    return read;
}

void desk_reads_add(struct desk *desk) {
    desk->count++;
    read_next(desk);
}

/* --- The connection ------------------------------------------------------------------------------------------------- */

static void on_read_only(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct desk *desk = user;
    (void)results;
    (void)count;
    if (status == STATUS_OK) {
        desk->can_read = true;
        read_next(desk);
    } else if (status == STATUS_IO) {
        LOG_ERROR("the reading connection cannot be set to read only", LOG_S("detail", message));
    }
}

static void on_connected(void *user) {
    struct desk *desk = user;
    const struct pg_statement statements[] = {
        {.sql = "SET default_transaction_read_only = on"},
        {.sql = "SET statement_timeout = '10s'"},
    };
    (void)pg_run(desk->pg, statements, 2, false, on_read_only, desk);
}

static void on_disconnected(void *user, const char *message) {
    struct desk *desk = user;
    (void)message; /* the sink has said it */
    desk->can_read = false;
    for (; desk->count > 0; desk->count--) {
        desk_send_problem(desk, &desk->reads[desk->first].asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        desk->first = (desk->first + 1) % DESK_READS_MAX;
    }
}

enum status desk_reads_open(struct desk *desk) {
    const struct pg_options options = {
        .conninfo = config_string(desk->aggregator->config, "/postgres/conninfo"),
        .connected = on_connected,
        .disconnected = on_disconnected,
        .user = desk,
    };
    return pg_new(daemon_loop(desk->aggregator->daemon), &options, &desk->pg);
}

void desk_reads_close(struct desk *desk) {
    pg_destroy(&desk->pg);
}
