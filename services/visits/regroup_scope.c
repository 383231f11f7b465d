#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "visits/edges.h"
#include "visits/regroup.h"

/* What hangs together: records of one person as it is now, of one identity, and of live edges. */

enum { SLOTS = 4096 }; /* a power of two, twice REGROUP_RECORDS_MAX */

static uint32_t *find_slot(const struct regroup_scope *scope, uint32_t record) {
    size_t at = hash_mix64(record) & (SLOTS - 1);
    while (scope->slots[at] != 0 && scope->nodes[scope->slots[at] - 1].record != record) {
        at = (at + 1) & (SLOTS - 1);
    }
    return &scope->slots[at];
}

/* Place of the record's node; made when it is not there. */
static uint32_t add(struct regroup_scope *scope, uint32_t record) {
    uint32_t *slot = find_slot(scope, record);
    if (*slot != 0) {
        return *slot - 1;
    }
    if (record == 0 || scope->count == scope->max) {
        scope->is_full = scope->is_full || record != 0;
        return 0;
    }
    scope->nodes[scope->count++] =
        (struct regroup_node){.record = record, .identity = visits_record(scope->self, record)->identity};
    *slot = (uint32_t)scope->count;
    return *slot - 1;
}

uint32_t regroup_place(const struct regroup_scope *scope, uint32_t record) {
    const uint32_t place = *find_slot(scope, record);
    CHECK(place != 0);
    return place - 1;
}

uint32_t regroup_wanted(const struct visits *self, const struct regroup_seed *seeds, size_t count, uint32_t base) {
    uint32_t wanted = binding_wanted(self, base);
    for (size_t i = 0; i < count; i++) {
        if (seeds[i].record == base) {
            wanted = binding_earlier(self, base, wanted, seeds[i].identity);
        }
    }
    return wanted;
}

/* A record named by the command: its binding may be about to change. */
static void add_seed(struct regroup_scope *scope, const struct regroup_seed *seed, uint32_t wanted) {
    const struct visits *self = scope->self;
    if (seed->record == 0) {
        add(scope, visits_identity(self, seed->identity)->first_record);
        return;
    }
    const uint32_t place = add(scope, seed->record);
    const uint32_t now = visits_record(self, seed->record)->identity;
    if (scope->is_full || binding_first(self, seed->record) == 0) {
        add(scope, visits_identity(self, seed->identity)->first_record);
        return;
    }
    const uint32_t concerned[] = {now, wanted, seed->identity};
    scope->nodes[place].identity = wanted;
    for (size_t i = 0; i < sizeof concerned / sizeof concerned[0]; i++) {
        if (concerned[i] != 0) {
            add(scope, binding_second(self, seed->record, concerned[i]));
            add(scope, visits_identity(self, concerned[i])->first_record);
        }
    }
}

static void expand_edges(struct regroup_scope *scope, uint32_t place) {
    const uint32_t record = scope->nodes[place].record;
    struct edge_walk walk = edge_walk(scope->self, record);
    uint32_t other;
    for (uint32_t number = edge_walk_next(&walk, &other); number != 0; number = edge_walk_next(&walk, &other)) {
        const struct edge *edge = visits_edge(scope->self, number);
        if (scope->edges_seen + walk.seen > REGROUP_EDGES_MAX || scope->is_full) {
            scope->is_full = true;
            return;
        }
        if (!edge_is_live(edge)) {
            continue;
        }
        if (edge->kind != EDGE_APART) { /* which only matters where both ends are there anyway */
            add(scope, other);
        }
        if (edge->a == record && !scope->is_full) {
            scope->links[scope->link_count++] = (struct regroup_link){number, edge->a, edge->b};
        }
    }
    scope->edges_seen += walk.seen;
    scope->is_full = scope->is_full || scope->edges_seen > REGROUP_EDGES_MAX;
}

static void expand(struct regroup_scope *scope, uint32_t place) {
    const struct visits *self = scope->self;
    const struct record *row = visits_record(self, scope->nodes[place].record);
    const uint32_t identities[] = {row->identity, scope->nodes[place].identity};
    for (size_t i = 0; i < 2; i++) {
        if (identities[i] != 0) {
            add(scope, visits_identity(self, identities[i])->first_record);
        }
    }
    add(scope, row->person);
    if (row->person == scope->nodes[place].record) {
        for (uint32_t next = row->next_in_person; next != 0 && !scope->is_full;
             next = visits_record(self, next)->next_in_person) {
            add(scope, next);
        }
    }
    expand_edges(scope, place);
}

/* From rows to places; what keeps apart something that is not here is left out. */
static void place_links(struct regroup_scope *scope) {
    size_t kept = 0;
    for (size_t i = 0; i < scope->link_count; i++) {
        const uint32_t a = *find_slot(scope, scope->links[i].a);
        const uint32_t b = *find_slot(scope, scope->links[i].b);
        if (a != 0 && b != 0) {
            scope->links[kept++] = (struct regroup_link){scope->links[i].edge, a - 1, b - 1};
        }
    }
    scope->link_count = kept;
}

bool regroup_scope(const struct visits *self, const struct regroup_seed *seeds, size_t count, size_t records_max,
                   struct arena *arena, struct regroup_scope *scope) {
    *scope = (struct regroup_scope){.self = self, .max = records_max};
    scope->nodes = arena_alloc(arena, records_max * sizeof *scope->nodes);
    scope->slots = arena_zalloc(arena, SLOTS * sizeof *scope->slots);
    scope->links = arena_alloc(arena, REGROUP_EDGES_MAX * sizeof *scope->links);
    if (scope->nodes == NULL || scope->slots == NULL || scope->links == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && !scope->is_full; i++) {
        add_seed(scope, &seeds[i], regroup_wanted(self, seeds, count, seeds[i].record));
    }
    for (uint32_t place = 0; place < scope->count && !scope->is_full; place++) {
        expand(scope, place);
    }
    if (!scope->is_full) {
        place_links(scope);
    }
    return !scope->is_full;
}

static uint32_t count_of_record(const struct visits *self, uint32_t record) {
    uint32_t counted = 0;
    uint32_t number = visits_record(self, record)->first_visit;
    /* Visits that do not count are looked at too: so many of one record are no one's. */
    for (uint32_t seen = 0; number != 0 && counted <= REGROUP_VISITS_MAX; number = visits_visit(self, number)->next) {
        counted += visit_counts_patient(visits_visit(self, number));
        if (++seen > 4 * REGROUP_VISITS_MAX) {
            return REGROUP_VISITS_MAX + 1;
        }
    }
    return counted;
}

uint32_t regroup_count_visits(struct regroup_scope *scope) {
    uint32_t sum = 0;
    for (size_t i = 0; i < scope->count; i++) {
        scope->nodes[i].visits = count_of_record(scope->self, scope->nodes[i].record);
        sum += sum > REGROUP_VISITS_MAX ? 0 : scope->nodes[i].visits;
    }
    return sum;
}
