#ifndef VISITS_REGROUP_H
#define VISITS_REGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "visits/distinct.h"
#include "visits/state.h"

/*
 * Which records are one person, worked out anew for the part of the graph that a command touches. The result depends on
 * what is known, not on the order in which it came:
 *
 *   1. records with the same resident identity number are one person
 *   2. a registrar's joins hold
 *   3. merges, links and common statements join in this order, of one kind the one said first before later ones; each
 *      holds unless a registrar keeps its ends apart, or both sides have identity numbers, or the person would be too large
 *
 * An edge that does not hold waits, with a conflict for a registrar. What is too large:
 */
#define REGROUP_PERSON_RECORDS_MAX 200 /* joined by 3 */
/* Counted one-card visits, of what is not one person already. */
#define REGROUP_SMALLER_VISITS_MAX 1024 /* of the smaller side */
#define REGROUP_VISITS_MAX 4096         /* of both; and of what a command may split */
/* Records that hang together over edges of any kind, held or waiting. Rules keep to the first; the second leaves room for
 * those that a command makes. */
#define REGROUP_STATED_RECORDS_MAX 1024
#define REGROUP_RECORDS_MAX 2048
#define REGROUP_EDGES_MAX 8192 /* rows looked at */

/* A record that a command names; with an identity that it was bound to or unbound from (0: none). */
struct regroup_seed {
    uint32_t record;
    uint32_t identity;
};

/* What a command touches: all that hangs together with the records it names. */
struct regroup_node {
    uint32_t record;
    uint32_t identity; /* that it ought to carry */
    uint32_t visits;   /* counted ones, at most REGROUP_VISITS_MAX + 1; of a root those of its group */
    uint32_t root;     /* place of a node of the group, nearer to its root; of a root its own */
    uint32_t size;     /* of a root: records of the group */
    uint32_t zero;
};
struct regroup_link { /* an edge between two nodes */
    uint32_t edge;    /* row */
    uint32_t a, b;    /* places of nodes */
};
struct regroup_scope {
    const struct visits *self;
    struct regroup_node *nodes;
    size_t count;
    size_t max;
    uint32_t *slots; /* hash of records to places + 1 */
    struct regroup_link *links; /* live ones; of EDGE_APART too */
    size_t link_count;
    size_t edges_seen;
    bool is_full;
};
/* False: it is larger than records_max or REGROUP_EDGES_MAX, or arena is used up. */
bool regroup_scope(const struct visits *self, const struct regroup_seed *seeds, size_t count, size_t records_max,
                   struct arena *arena, struct regroup_scope *scope);
/* Place of a record's node, which must be there. */
uint32_t regroup_place(const struct regroup_scope *scope, uint32_t record);
/* What a base that the command names ought to carry. */
uint32_t regroup_wanted(const struct visits *self, const struct regroup_seed *seeds, size_t count, uint32_t base);
/* Counted one-card visits of all its records, looked through up to REGROUP_VISITS_MAX + 1. */
uint32_t regroup_count_visits(struct regroup_scope *scope);

/* Rows; ready for the event that stores them. */
struct regroup_settle {
    uint32_t base;
    uint32_t identity; /* 0: none */
    uint32_t other;
};
#define REGROUP_SETTLES_MAX 320
#define REGROUP_CONFLICTS_MAX 256
struct regroup {
    struct regroup_settle *settles;
    size_t settle_count;
    struct conflict *conflicts; /* kind, first, second */
    size_t conflict_count;
    uint32_t **persons; /* of each the records, ordered by key */
    uint32_t *person_sizes;
    size_t person_count;
    struct distinct_deltas deltas;
};
/*
 * What there is to change. messages_max: into how many events the deltas may go; where that does not do (or the scope is
 * too large) nothing is regrouped, and the edges wait. The rules see to it beforehand that no identity changes then.
 * arena: up to 24 MiB.
 */
void regroup_plan(const struct visits *self, const struct regroup_seed *seeds, size_t count, size_t messages_max,
                  struct arena *arena, struct regroup *out);
static inline bool regroup_is_empty(const struct regroup *plan) {
    return plan->settle_count == 0 && plan->conflict_count == 0 && plan->person_count == 0;
}

#endif
