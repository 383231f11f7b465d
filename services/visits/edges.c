#include "visits/edges.h"

#include <string.h>

#include "visits/pseudonym.h"

/* Bindings looked through where the base's own does not hold: a local id under which that many people were booked is no
 * one's; the earliest among the newest ones does as well. */
#define BINDINGS_MAX 8192

int key12_compare(const struct key12 *a, const struct key12 *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

void edge_order(const struct visits *self, uint32_t *a, uint32_t *b) {
    if (key12_compare(&visits_record(self, *a)->key, &visits_record(self, *b)->key) > 0) {
        const uint32_t kept = *a;
        *a = *b;
        *b = kept;
    }
}

static bool is_edge(const struct visits *self, uint32_t number, unsigned kind, uint32_t a, uint32_t b) {
    const struct edge *edge = visits_edge(self, number);
    return edge->kind == kind && edge->a == a && edge->b == b;
}

uint32_t edge_find(const struct visits *self, unsigned kind, uint32_t a, uint32_t b) {
    if ((visits_record(self, a)->flags & RECORD_EDGES) == 0) {
        return 0;
    }
    uint32_t x = visits_find_edge_by_a(self, a);
    uint32_t y = visits_find_edge_by_b(self, b);
    while (x != 0 && y != 0) {
        if (is_edge(self, x, kind, a, b)) {
            return x;
        }
        if (is_edge(self, y, kind, a, b)) {
            return y;
        }
        x = visits_edge(self, x)->next_of_a;
        y = visits_edge(self, y)->next_of_b;
    }
    return 0;
}

/* --- the edges of a record --- */

struct edge_walk edge_walk(const struct visits *self, uint32_t record) {
    struct edge_walk walk = {.self = self, .record = record, .is_by_b = true};
    if (visits_record(self, record)->flags & RECORD_EDGES) {
        walk.next = visits_find_edge_by_a(self, record);
        walk.is_by_b = false;
    }
    return walk;
}

uint32_t edge_walk_next(struct edge_walk *walk, uint32_t *other) {
    while (walk->seen < EDGES_SEEN_MAX) {
        if (walk->next == 0) {
            if (walk->is_by_b) {
                return 0;
            }
            walk->is_by_b = true;
            walk->next = visits_find_edge_by_b(walk->self, walk->record);
            continue;
        }
        const uint32_t number = walk->next;
        const struct edge *edge = visits_edge(walk->self, number);
        walk->next = walk->is_by_b ? edge->next_of_b : edge->next_of_a;
        walk->seen++;
        if (edge->kind != EDGE_UNBOUND) {
            *other = walk->is_by_b ? edge->a : edge->b;
            return number;
        }
    }
    return 0;
}

/* --- bindings --- */

static uint32_t binding_from(const struct visits *self, uint32_t number) {
    while (number != 0 && visits_edge(self, number)->kind != EDGE_UNBOUND) {
        number = visits_edge(self, number)->next_of_a;
    }
    return number;
}

uint32_t binding_first(const struct visits *self, uint32_t base) {
    return visits_record(self, base)->flags & RECORD_EDGES ? binding_from(self, visits_find_edge_by_a(self, base)) : 0;
}

uint32_t binding_after(const struct visits *self, uint32_t binding) {
    return binding_from(self, visits_edge(self, binding)->next_of_a);
}

bool binding_holds(const struct visits *self, uint32_t base, uint32_t identity) {
    const uint32_t binding = edge_find(self, EDGE_UNBOUND, base, identity);
    return binding == 0 || edge_is_live(visits_edge(self, binding));
}

uint32_t binding_second(const struct visits *self, uint32_t base, uint32_t identity) {
    const struct key12 key = pseudonym_of_second(&visits_record(self, base)->key, &visits_identity(self, identity)->key);
    return visits_find_record(self, &key);
}

static bool was_stated_before(const struct visits *self, const struct edge *x, const struct edge *y) {
    if (x->first_recorded != y->first_recorded) {
        return x->first_recorded < y->first_recorded;
    }
    return memcmp(&visits_identity(self, x->b)->key, &visits_identity(self, y->b)->key, sizeof(struct key16)) < 0;
}

/* The earlier of two bindings that hold; either may be 0 or not hold. */
static uint32_t earlier(const struct visits *self, uint32_t best, uint32_t binding) {
    const struct edge *row = visits_edge(self, binding);
    if (binding == 0 || !edge_is_live(row)) {
        return best;
    }
    return best == 0 || was_stated_before(self, row, visits_edge(self, best)) ? binding : best;
}

uint32_t binding_wanted(const struct visits *self, uint32_t base) {
    const uint32_t now = visits_record(self, base)->identity;
    const uint32_t own = now == 0 ? 0 : edge_find(self, EDGE_UNBOUND, base, now);
    if (now != 0 && (own == 0 || edge_is_live(visits_edge(self, own)))) {
        return now;
    }
    uint32_t best = 0;
    uint32_t binding = binding_first(self, base);
    for (size_t i = 0; binding != 0 && i < BINDINGS_MAX; i++, binding = binding_after(self, binding)) {
        best = earlier(self, best, binding);
    }
    return best == 0 ? 0 : visits_edge(self, best)->b;
}

uint32_t binding_earlier(const struct visits *self, uint32_t base, uint32_t x, uint32_t y) {
    const uint32_t of_x = x == 0 ? 0 : edge_find(self, EDGE_UNBOUND, base, x);
    const uint32_t of_y = y == 0 ? 0 : edge_find(self, EDGE_UNBOUND, base, y);
    if (of_y == 0) {
        return x; /* a base without rows for its bindings carries the only one */
    }
    const uint32_t best = earlier(self, earlier(self, 0, of_x), of_y);
    return best == 0 ? 0 : visits_edge(self, best)->b;
}

uint32_t binding_target(const struct visits *self, uint32_t base, uint32_t wanted, uint32_t holder,
                        const struct visit *visit) {
    const uint32_t now = visits_record(self, base)->identity;
    if (holder != base) {
        const uint32_t named = visits_record(self, holder)->identity;
        return named == wanted || !binding_holds(self, base, named) ? base : holder;
    }
    if ((visit->flags & VISIT_NAMED) == 0 || now == 0 || now == wanted || !binding_holds(self, base, now)) {
        return base;
    }
    return binding_second(self, base, now);
}

/* --- for evolve --- */

static void index_newest(struct index *index, uint32_t older, uint32_t number) {
    if (older != 0) {
        index_remove(index, older);
    }
    index_add(index, number);
}

static struct edge *edge_make(struct visits *self, const struct edge_said *said) {
    uint32_t number;
    const uint32_t of_a = visits_find_edge_by_a(self, said->a);
    const uint32_t of_b = visits_find_edge_by_b(self, said->b);
    struct edge *edge = table_add(&self->edges, &number);
    *edge = (struct edge){.a = said->a,
                          .b = said->b,
                          .next_of_a = of_a,
                          .next_of_b = of_b,
                          .facility = said->facility,
                          .kind = said->kind};
    index_newest(&self->edge_by_a, of_a, number);
    index_newest(&self->edge_by_b, of_b, number);
    visits_record(self, said->a)->flags |= RECORD_EDGES;
    if (said->kind != EDGE_UNBOUND) {
        visits_record(self, said->b)->flags |= RECORD_EDGES;
    }
    return edge;
}

struct edge *edge_say(struct visits *self, const struct edge_said *said) {
    const uint32_t number = edge_find(self, said->kind, said->a, said->b);
    struct edge *edge = number == 0 ? edge_make(self, said) : visits_edge(self, number);
    edge->seq = said->seq;
    if (said->recorded != 0) {
        if (edge->first_recorded == 0 || said->recorded < edge->first_recorded) {
            edge->first_recorded = said->recorded;
            edge->facility = said->facility;
        }
        edge->on_recorded = said->recorded > edge->on_recorded ? said->recorded : edge->on_recorded;
        if (said->kind == EDGE_REGISTRAR) {
            edge->off_recorded = 0; /* of a registrar the last word holds */
        }
    }
    edge->off_recorded = said->off > edge->off_recorded ? said->off : edge->off_recorded;
    return edge;
}
