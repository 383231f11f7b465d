#ifndef AGGREGATOR_EXPLAIN_H
#define AGGREGATOR_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/cells.h"
#include "aggregator/metrics.h"
#include "base/id.h"
#include "base/status.h"

/*
 * Which events of a registry's log make up a number: reads the log (read only; its daemon may run) and folds it again.
 * A number is the sum over a set of cells, the wanted set; an event is part of it when it changes that sum.
 *
 * Works on two threads. Memory: 5 MB of queues, 44 bytes a wanted set, what two readers of
 * SQLite take, and 3 MB each once a very large event comes; however long the log is.
 */

#define EXPLAIN_ANY_REGION 0u
#define EXPLAIN_ANY_CATEGORY (-1)
#define EXPLAIN_WANTS_MAX 65536

/* A set of cells: all that fit every member. */
struct explain_want {
    enum metric_number metric;
    uint32_t region; /* GB/T 2260, or EXPLAIN_ANY_REGION */
    int32_t first;   /* first and last day within which the period of a cell begins, inclusive; INT32_MIN: no */
    int32_t last;    /* first. Cells of all time are those of day 0. */
    const char *organisation; /* NULL: any; "": cells of a region as a whole. Borrowed */
    int category;             /* enum category_number, or EXPLAIN_ANY_CATEGORY */
};

/* An event that changes the sum of a wanted set. */
struct explain_event {
    uint64_t seq;
    int64_t at_ms;    /* when the registry decided it */
    const char *type; /* member of the Event's oneof ("visit_appeared"); static */
    size_t want;      /* which of the sets: its place in the list */
    int64_t delta;    /* what it adds to the sum, not 0 */
    uint32_t cells;   /* how many cells of the set it touches, at least 1 */
    uint32_t region;  /* the first of these */
    int32_t period;
    char organisation[CELLS_ORGANISATION_BYTES];
    uint8_t category;
};

struct explain_query {
    const char *path;                 /* the log (log.db) */
    const char *kind;                 /* "visits", "approvals", ...: a log of another registry is refused */
    uint64_t after;                   /* events from after + 1 on */
    uint64_t up_to;                   /* last event; 0: as far as the log goes */
    const struct explain_want *wants; /* borrowed; 1 to EXPLAIN_WANTS_MAX; a cell may be in several */
    size_t want_count;
    /* In order of numbers; once for each wanted set that the event changes, in the order of the list. False: no more.
     */
    bool (*visit)(const struct explain_event *event, void *user);
    void *user;
};

struct explain_result {
    struct id epoch;
    uint64_t head;     /* of the log, when the walk began */
    uint64_t up_to;    /* last event looked at */
    uint8_t chain[32]; /* chain hash of that one: the root of what was counted; zeros for number 0 */
    uint64_t unknown;  /* events that this program does not know, and which are not in its numbers. Only those whose
                          days and members could be wanted are looked at. */
};

/* All of result but unknown is filled before the first visit. USAGE: up_to is beyond the head (in *result), or after is
 * beyond up_to. CORRUPT: a gap, or another registry's log. NOT_FOUND, DENIED, IO, MEMORY: it cannot be read. The log's
 * code logs what it saw. */
enum status explain_log(const struct explain_query *query, struct explain_result *result);

/* The kind of registry whose events a metric counts; NULL for a number outside of all ranges. */
const char *explain_kind_of(enum metric_number metric);

/* --- A number as it is published ---------------------------------------------------------------------------------- */

/* What a published number is about. */
struct explain_figure {
    const struct metric *metric;
    uint32_t region;          /* METRIC_CITY_REGION: the city, that is all regions where the metric adds up */
    Metrics__V1__Period unit; /* day, month, year, or all time */
    int32_t first;            /* first and last day of the period, inclusive */
    int32_t last;
    const char *organisation; /* "": the region as a whole; borrowed */
    int category;             /* CATEGORY_ALL: of all categories together */
};

/*
 * The wanted set that sums up to a figure, by the metric's kind: a flow is the days within the period, a stock all days
 * up to its end, distinct persons the one cell of exactly that period. False: there is no such number (distinct persons
 * of another period than the metric has, a period shorter than its own); *why then says so in a sentence.
 */
bool explain_want_of(const struct explain_figure *figure, struct explain_want *want, const char **why);

/* "2020", "2020-03", "2020-03-05" or "all" into unit, first and last. False: none of these. */
bool explain_period_parse(const char *text, struct explain_figure *figure);

#endif
