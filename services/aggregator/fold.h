#ifndef AGGREGATOR_FOLD_H
#define AGGREGATOR_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "aggregator/cells.h"
#include "base/arena.h"

/*
 * fold(event) -> changes of cells. Pure, one file a domain. An event is folded whole or not at all.
 */
enum fold_result {
    FOLD_DONE,
    FOLD_UNKNOWN, /* an event this build does not know, or one outside the contract: counted by the caller, skipped */
    FOLD_FULL,    /* the cells have no room: nothing was folded; after a flush it fits */
};

/* body: a serialized Event of the contract of its kind. Unpacks into arena, which is reset first. */
typedef enum fold_result fold_function(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells);
fold_function fold_visits;    /* visits.v1.Event */
fold_function fold_approvals; /* approvals.v1.Event */
fold_function fold_issues;    /* issues.v1.Event */

/* What kind of registry a source is. */
struct fold_kind {
    const char *name; /* as the configuration has it */
    fold_function *fold;
};

const struct fold_kind *fold_kind_find(const char *name); /* NULL: none */
/* Names of all kinds, for a message. */
#define FOLD_KIND_NAMES "visits, approvals, issues"

/* Most bytes a body may have (proto/README.md); a longer one is FOLD_UNKNOWN. */
#define FOLD_BODY_BYTES_MAX (512 * 1024)
/* Cells and organisations that one event may touch; one that touches more is FOLD_UNKNOWN. More than valid corrections fit
 * into a body (12 bytes each, with a facility 18), and no more than a set of cells holds when it is empty: a FOLD_FULL
 * event fits after a flush. */
#define FOLD_EVENT_CELLS_MAX 49152
#define FOLD_EVENT_ORGANISATIONS_MAX 32000
/* Memory that the arena given to a fold should be allowed: a body within these bounds unpacks to less. */
#define FOLD_UNPACK_BYTES_MAX (8 * 1024 * 1024)

#endif
