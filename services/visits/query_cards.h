#ifndef VISITS_QUERY_CARDS_H
#define VISITS_QUERY_CARDS_H

#include "base/arena.h"
#include "visits/state.h"
#include "visits/v1/query.pb-c.h"

/* Records and what joins them, as answers show them. Between the query_*.c files. */

/* NULL: no memory. */
Visits__V1__Card *query_card(const struct visits *self, uint32_t record, struct arena *arena);
/* Whether a record only stands in for a base: a second record whose identity the base carries itself, or no longer has. */
bool query_is_stand_in(const struct visits *self, uint32_t record);

/* A person as a list of records and links between them. */
struct query_graph {
    const struct visits *self;
    struct arena *arena;
    uint32_t *records;
    size_t count;
    Visits__V1__Link **links;
    size_t link_count;
};
/* The person of a record, itself first. False: no memory. */
bool query_person_of(const struct visits *self, uint32_t record, struct arena *arena, struct query_graph *out);
/* The shortest way from one record to another of the same person: records in its order and the links between them. */
bool query_way(const struct visits *self, uint32_t from, uint32_t to, struct arena *arena, struct query_graph *out);

#endif
