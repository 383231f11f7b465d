#ifndef AGGREGATOR_EXPLAIN_MATCH_H
#define AGGREGATOR_EXPLAIN_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/cells.h"
#include "aggregator/explain.h"

/* Which wanted sets the cells of one event belong to. No I/O. */

#define MATCH_METRICS 256 /* numbers of metrics are below */

/* The sets by their metric; shared by threads, read only after its init. */
struct match_wants {
    const struct explain_want *wants; /* borrowed */
    size_t count;
    uint32_t *places;                  /* of the sets, by metric, then in order */
    uint32_t first[MATCH_METRICS + 1]; /* where those of a metric begin in places */
};

/* One thread's sums of one event. */
struct match {
    struct match_sum *sums; /* by place of the set; cells 0: untouched */
    uint32_t *touched;      /* places */
    size_t touched_count;
    size_t next;
};

/* False without memory, or when a metric's number is MATCH_METRICS or more. */
bool match_wants_init(struct match_wants *wants, const struct explain_want *list, size_t count);
void match_wants_release(struct match_wants *wants);
bool match_init(struct match *match, const struct match_wants *wants);
void match_release(struct match *match);

/* Sums up the cells of one event. */
void match_cells(struct match *match, const struct match_wants *wants, const struct cells *cells);
/* The sets whose sums are not 0, in order: fills all of event but seq, at_ms and type. False at the end; to be called
 * until then. */
bool match_next(struct match *match, const struct cells *cells, struct explain_event *event);

#endif
