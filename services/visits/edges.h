#ifndef VISITS_EDGES_H
#define VISITS_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "visits/state.h"

/*
 * Edges between records, and bindings: which identities a local id was stated with.
 *
 * A base record that was only ever stated with one identity carries it in its row, and that is all. From the second
 * identity on, or once one was taken back, each identity has a row of kind EDGE_UNBOUND (a: the base, b: the identity)
 * with the registers of its statements, and a second record under pseudonym_of_second. The base then carries, of the
 * identities that hold (on > off), the one stated first (of equals the smaller key); the visits that named one of the
 * others hang on its second record.
 */

/* Whether it is on: said more newly than taken back. */
static inline bool edge_is_live(const struct edge *edge) {
    return edge->on_recorded > edge->off_recorded;
}
/* Row of the edge of this kind from a to b; 0: none. b is an identity's row for EDGE_UNBOUND. As quick as the shorter of
 * the two records' lists. */
uint32_t edge_find(const struct visits *self, unsigned kind, uint32_t a, uint32_t b);
/* Puts two records into the order of the symmetric kinds. */
void edge_order(const struct visits *self, uint32_t *a, uint32_t *b);
int key12_compare(const struct key12 *a, const struct key12 *b);

/* The edges of one record, both ways, bindings left out. */
struct edge_walk {
    const struct visits *self;
    uint32_t record;
    uint32_t next;
    bool is_by_b;
    size_t seen; /* rows looked at; at EDGES_SEEN_MAX it ends */
};
#define EDGES_SEEN_MAX 8193
struct edge_walk edge_walk(const struct visits *self, uint32_t record);
/* Row of the next edge, 0 at the end; *other is the record at its other end. */
uint32_t edge_walk_next(struct edge_walk *walk, uint32_t *other);

/* Row of the first binding of a base, or of the one after `binding`; 0: none. */
uint32_t binding_first(const struct visits *self, uint32_t base);
uint32_t binding_after(const struct visits *self, uint32_t binding);
/* Whether a base that was bound to the identity still is. */
bool binding_holds(const struct visits *self, uint32_t base, uint32_t identity);
/* The second record of a base and an identity; 0: none. */
uint32_t binding_second(const struct visits *self, uint32_t base, uint32_t identity);
/* The identity that the base ought to carry, as far as what it carries tells; 0: none. */
uint32_t binding_wanted(const struct visits *self, uint32_t base);
/* Of two identities, each 0 or bound to the base, the one that the base ought to carry. */
uint32_t binding_earlier(const struct visits *self, uint32_t base, uint32_t x, uint32_t y);
/* Where a visit of the record `holder` (the base, or one of its second records) belongs once the base carries `wanted`. */
uint32_t binding_target(const struct visits *self, uint32_t base, uint32_t wanted, uint32_t holder,
                        const struct visit *visit);

/* For evolve: what was said of an edge. recorded and off 0: not said. Finds or makes the row. */
struct edge_said {
    uint8_t kind;
    uint32_t a, b;
    uint32_t recorded;
    uint32_t off;
    uint16_t facility;
    uint64_t seq;
};
struct edge *edge_say(struct visits *self, const struct edge_said *said);

#endif
