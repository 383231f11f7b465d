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

/* body: a serialized visits.v1.Event. Unpacks into arena, which is reset first. */
enum fold_result fold_visits(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells);

/* Most bytes a body may have; a longer one is FOLD_UNKNOWN. Keeps what one event can touch below any set of cells. */
#define FOLD_BODY_BYTES_MAX (64 * 1024)
/* Cells, and organisations, that one event may touch; one that touches more is FOLD_UNKNOWN. Every set of cells holds
 * more than that. */
#define FOLD_EVENT_CELLS_MAX 8000

#endif
