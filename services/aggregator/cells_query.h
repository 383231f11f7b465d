#ifndef AGGREGATOR_CELLS_QUERY_H
#define AGGREGATOR_CELLS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "aggregator/metrics.h"
#include "base/arena.h"
#include "common/v1/problem.pb-c.h"

/*
 * ReadCells: from the message to the parameters of one SELECT, and from its rows to an Answer. Pages by key: `after`
 * names the last cell of the page before, so pages neither skip nor repeat a cell while values change.
 */
#define CELLS_QUERY_LIMIT_DEFAULT 1000
#define CELLS_QUERY_LIMIT_MAX 10000
#define CELLS_QUERY_PARAMETERS 10

struct cells_query {
    const struct metric *metric;
    size_t limit;
    char texts[CELLS_QUERY_PARAMETERS][40]; /* parameters as text */
    const char *values[CELLS_QUERY_PARAMETERS];
};

extern const char *const cells_query_sql;

/* 0, or the code of the refusal with *field at fault. values point into the struct: it must not move afterwards. */
Common__V1__Code cells_query_read(const Metrics__V1__ReadCells *message, struct cells_query *query, const char **field);
/* Rows of the statement -> Answer in arena. Ends a page early where the reply would grow too large. NULL: no room. */
Metrics__V1__Answer *cells_query_answer(const struct cells_query *query, const PGresult *rows, int64_t now_ms,
                                        struct arena *arena);

#endif
