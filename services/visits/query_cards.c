#include "visits/query_cards.h"

#include <string.h>

#include "base/check.h"
#include "visits/edges.h"
#include "visits/persons.h"
#include "visits/query_person.h"

/* --- cards --- */

static char *domain_of(const struct visits *self, const struct record *row) {
    if (row->facility & RECORD_OF_DOMAIN) {
        return visits_domain(self, row->facility & (RECORD_OF_DOMAIN - 1))->code;
    }
    return visits_facility(self, row->facility)->code; /* of row 0: empty */
}

static uint32_t count_standing(const struct visits *self, uint32_t record) {
    uint32_t count = 0;
    for (uint32_t number = visits_record(self, record)->first_visit; number != 0;
         number = visits_visit(self, number)->next) {
        count += visit_is_live(visits_visit(self, number));
    }
    return count;
}

Visits__V1__Card *query_card(const struct visits *self, uint32_t record, struct arena *arena) {
    const struct record *row = visits_record(self, record);
    Visits__V1__Card *card = arena_alloc(arena, sizeof *card);
    char *last4 = arena_zalloc(arena, sizeof visits_identity(self, 0)->last4 + 1);
    if (card == NULL || last4 == NULL) {
        return NULL;
    }
    visits__v1__card__init(card);
    memcpy(last4, visits_identity(self, row->identity)->last4, sizeof visits_identity(self, 0)->last4);
    card->domain = domain_of(self, row);
    card->kind = (Visits__V1__IdentifierKind)(row->flags >> RECORD_KIND_SHIFT);
    card->resident_id_only = (row->flags & RECORD_LOCAL) == 0;
    card->resident_id_last4 = last4;
    card->visits = count_standing(self, record);
    return card;
}

bool query_is_stand_in(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    if ((row->flags & RECORD_SECOND) == 0) {
        return false;
    }
    const uint32_t base = person_base(self, record);
    return visits_record(self, base)->identity == row->identity || !binding_holds(self, base, row->identity);
}

/* --- links --- */

static Visits__V1__LinkKind kind_of(enum edge_kind kind) {
    switch (kind) {
    case EDGE_REGISTRAR:
        return VISITS__V1__LINK_KIND__LINK_KIND_REGISTRAR;
    case EDGE_MERGE:
        return VISITS__V1__LINK_KIND__LINK_KIND_MERGE;
    case EDGE_LINK:
        return VISITS__V1__LINK_KIND__LINK_KIND_LINK;
    case EDGE_TOGETHER:
        return VISITS__V1__LINK_KIND__LINK_KIND_STATED_TOGETHER;
    case EDGE_UNBOUND:
    case EDGE_APART:
        break;
    }
    CHECK(!"an edge that joins nobody");
    return VISITS__V1__LINK_KIND__LINK_KIND_UNSPECIFIED;
}

/* edge 0: a common identity. */
static bool add_link(struct query_graph *graph, uint32_t edge, size_t first, size_t second) {
    Visits__V1__Link *link = arena_alloc(graph->arena, sizeof *link);
    if (link == NULL) {
        return false;
    }
    const struct edge *row = visits_edge(graph->self, edge);
    visits__v1__link__init(link);
    link->kind = edge == 0 ? VISITS__V1__LINK_KIND__LINK_KIND_RESIDENT_ID : kind_of((enum edge_kind)row->kind);
    link->first = (uint32_t)first;
    link->second = (uint32_t)second;
    link->source = visits_facility(graph->self, row->facility)->code;
    link->recorded_at_ms = (int64_t)row->on_recorded * 1000;
    link->seq = row->seq;
    graph->links[graph->link_count++] = link;
    return true;
}

static bool joins(const struct edge *edge) {
    return edge_is_live(edge) && edge->kind != EDGE_UNBOUND && edge->kind != EDGE_APART;
}

/* --- a person --- */

static size_t place_of(const struct query_graph *graph, uint32_t record) {
    size_t i = 0;
    while (i < graph->count && graph->records[i] != record) {
        i++;
    }
    return i;
}

static void list_records(struct query_graph *graph, uint32_t first) {
    graph->records[graph->count++] = first;
    for (uint32_t record = visits_record(graph->self, first)->person; record != 0 && graph->count < QUERY_CARDS_MAX;
         record = visits_record(graph->self, record)->next_in_person) {
        if (record != first && !query_is_stand_in(graph->self, record)) {
            graph->records[graph->count++] = record;
        }
    }
}

/* Each record with an identity is linked to the first one that has the same. */
static bool link_identity(struct query_graph *graph, size_t place) {
    const uint32_t identity = visits_record(graph->self, graph->records[place])->identity;
    for (size_t i = 0; identity != 0 && i < place; i++) {
        if (visits_record(graph->self, graph->records[i])->identity == identity) {
            return add_link(graph, 0, i, place);
        }
    }
    return true;
}

/* Edges are shown once, at their first end. A stand-in's are its base's. */
static bool link_edges(struct query_graph *graph, size_t place, size_t links_max) {
    struct edge_walk walk = edge_walk(graph->self, graph->records[place]);
    uint32_t other;
    for (uint32_t edge = edge_walk_next(&walk, &other); edge != 0; edge = edge_walk_next(&walk, &other)) {
        const struct edge *row = visits_edge(graph->self, edge);
        const size_t at = row->a == graph->records[place] && joins(row) ? place_of(graph, other) : graph->count;
        if (at < graph->count && graph->link_count < links_max && !add_link(graph, edge, place, at)) {
            return false;
        }
    }
    return true;
}

bool query_person_of(const struct visits *self, uint32_t record, struct arena *arena, struct query_graph *out) {
    const size_t links_max = 4 * QUERY_CARDS_MAX;
    *out = (struct query_graph){.self = self, .arena = arena};
    out->records = arena_alloc(arena, QUERY_CARDS_MAX * sizeof *out->records);
    out->links = arena_alloc(arena, (links_max + QUERY_CARDS_MAX) * sizeof *out->links);
    if (out->records == NULL || out->links == NULL) {
        return false;
    }
    list_records(out, record);
    for (size_t i = 0; i < out->count; i++) {
        if (!link_identity(out, i) || !link_edges(out, i, links_max)) {
            return false;
        }
    }
    return true;
}

/* --- a way --- */

/* Breadth first over the person's records; step i was reached from came[i] over edges[i] (0: an identity). */
struct search {
    struct query_graph all;
    uint32_t *came;
    uint32_t *edges;
};

static void reach(struct search *search, size_t from, uint32_t record, uint32_t edge) {
    struct query_graph *all = &search->all;
    if (all->count < QUERY_CARDS_MAX && place_of(all, record) == all->count) {
        search->came[all->count] = (uint32_t)from;
        search->edges[all->count] = edge;
        all->records[all->count++] = record;
    }
}

/* Over the identity, all of them at once: only from the first record that carries it. */
static void reach_same(struct search *search, size_t place) {
    const struct visits *self = search->all.self;
    const struct record *row = visits_record(self, search->all.records[place]);
    for (size_t i = 0; i < place; i++) {
        if (visits_record(self, search->all.records[i])->identity == row->identity) {
            return;
        }
    }
    uint32_t record = row->identity == 0 ? 0 : row->person;
    for (size_t seen = 0; record != 0 && seen < 8 * QUERY_CARDS_MAX; seen++) {
        if (visits_record(self, record)->identity == row->identity) {
            reach(search, place, record, 0);
        }
        record = visits_record(self, record)->next_in_person;
    }
}

static void reach_from(struct search *search, size_t place) {
    const struct visits *self = search->all.self;
    const uint32_t record = search->all.records[place];
    const uint32_t person = visits_record(self, record)->person;
    reach_same(search, place);
    struct edge_walk walk = edge_walk(self, record);
    uint32_t other;
    for (uint32_t edge = edge_walk_next(&walk, &other); edge != 0; edge = edge_walk_next(&walk, &other)) {
        if (joins(visits_edge(self, edge)) && visits_record(self, other)->person == person) {
            reach(search, place, other, edge);
        }
    }
}

static bool take_way(const struct search *search, size_t to, struct query_graph *out) {
    size_t length = 1;
    for (size_t at = to; at != 0; at = search->came[at]) {
        length++;
    }
    out->count = length;
    for (size_t at = to, i = length; i > 0; at = search->came[at], i--) {
        out->records[i - 1] = search->all.records[at];
    }
    uint32_t *edges = arena_alloc(out->arena, length * sizeof *edges);
    if (edges == NULL) {
        return false;
    }
    for (size_t at = to, i = length; i > 1; at = search->came[at], i--) {
        edges[i - 1] = search->edges[at];
    }
    for (size_t i = 1; i < length; i++) {
        if (!add_link(out, edges[i], i - 1, i)) {
            return false;
        }
    }
    return true;
}

bool query_way(const struct visits *self, uint32_t from, uint32_t to, struct arena *arena, struct query_graph *out) {
    struct search search = {.all = {.self = self, .arena = arena}};
    *out = search.all;
    search.all.records = arena_alloc(arena, QUERY_CARDS_MAX * sizeof *search.all.records);
    search.came = arena_zalloc(arena, QUERY_CARDS_MAX * sizeof *search.came);
    search.edges = arena_zalloc(arena, QUERY_CARDS_MAX * sizeof *search.edges);
    out->records = arena_alloc(arena, QUERY_CARDS_MAX * sizeof *out->records);
    out->links = arena_alloc(arena, QUERY_CARDS_MAX * sizeof *out->links);
    if (search.all.records == NULL || search.came == NULL || search.edges == NULL || out->records == NULL ||
        out->links == NULL) {
        return false;
    }
    search.all.records[search.all.count++] = from;
    for (size_t i = 0; i < search.all.count; i++) {
        if (search.all.records[i] == to) {
            return take_way(&search, i, out);
        }
        reach_from(&search, i);
    }
    return true; /* not within so many records: no way is shown */
}
