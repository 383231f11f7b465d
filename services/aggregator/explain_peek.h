#ifndef AGGREGATOR_EXPLAIN_PEEK_H
#define AGGREGATOR_EXPLAIN_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "aggregator/explain.h"
#include "aggregator/fold.h"

/*
 * A quick look at a packed event: most of a log has nothing to do with one number, and unpacking costs twenty times as
 * much as reading a few varints. The look may let an event pass in vain; it never holds back one that changes a wanted
 * cell. Pure.
 */

/* Where a message has days and a region that the fold makes cells of: numbers of uint32 fields, below 32; 0: none. */
struct peek_place {
    uint8_t days[2];
    uint8_t region;
};

/*
 * Of the events of one member of the oneof. An event passes when one of its days may be wanted, and its region. With
 * parts (messages in the member, such as before and after), one of those that are there has to pass, with the days of
 * the member and its own. Without any day, each day passes; likewise for the region.
 */
struct peek_shape {
    uint8_t member;        /* field of Event, below 32 */
    struct peek_place own; /* in the member itself */
    uint8_t parts[2];      /* fields of it, below 32; 0: none */
    struct peek_place part;
};

/* Metrics that events of a member may change. A member may have several rows. */
struct peek_use {
    uint8_t member;
    uint8_t first, last; /* numbers of metrics */
};

/* One kind of registry. A member without a shape is always folded. */
struct explain_kind {
    const char *name;    /* as fold_kind_find knows it */
    uint8_t first, last; /* numbers of its metrics */
    const ProtobufCMessageDescriptor *event;
    const struct peek_shape *shapes;
    size_t shape_count;
    const struct peek_use *uses;
    size_t use_count;
};

const struct explain_kind *explain_kind_find(const char *name); /* NULL: none */

/* What of a kind could change the wanted cells. */
struct peek_filter {
    const struct peek_shape *shapes[32]; /* by member; NULL: it has none */
    bool passes[32];                     /* members that could matter, or are not known */
    int64_t first, last;                 /* days of events that could */
    uint32_t region;                     /* the one region whose events could; EXPLAIN_ANY_REGION: all */
};

void peek_filter_init(struct peek_filter *filter, const struct explain_kind *kind, const struct explain_want *wants,
                      size_t want_count);
/* False: folding this event would change no wanted cell. */
bool peek_passes(const struct peek_filter *filter, const uint8_t *body, size_t size);
/* Name of the member that an event holds, "" when this build knows none of it. Static. */
const char *peek_type(const struct explain_kind *kind, const uint8_t *body, size_t size);

#endif
