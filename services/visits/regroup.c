#include "visits/regroup.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "visits/edges.h"
#include "visits/persons.h"
#include "visits/v1/query.pb-c.h"

struct plan {
    const struct visits *self;
    struct arena *arena;
    struct regroup_scope scope;
    struct regroup *out;
    bool has_counts; /* nodes[].visits and those of the groups' roots are there */
};

/* --- groups --- */

static uint32_t root_of(struct regroup_scope *scope, uint32_t place) {
    struct regroup_node *nodes = scope->nodes;
    while (nodes[place].root != place) {
        nodes[place].root = nodes[nodes[place].root].root;
        place = nodes[place].root;
    }
    return place;
}

static uint32_t person_of(const struct plan *plan, uint32_t place) {
    return visits_record(plan->self, plan->scope.nodes[place].record)->person;
}

/* Of a root, `identity` is one of its group's; 0: none of them has any. */
static void join(struct plan *plan, uint32_t x, uint32_t y) {
    struct regroup_node *nodes = plan->scope.nodes;
    if (nodes[x].size < nodes[y].size) {
        const uint32_t kept = x;
        x = y;
        y = kept;
    }
    nodes[y].root = x;
    nodes[x].size += nodes[y].size;
    nodes[x].visits += nodes[y].visits;
    nodes[x].identity = nodes[x].identity != 0 ? nodes[x].identity : nodes[y].identity;
}

static void start_groups(struct plan *plan) {
    for (uint32_t i = 0; i < plan->scope.count; i++) {
        plan->scope.nodes[i].root = i;
        plan->scope.nodes[i].size = 1;
    }
}

struct clique {
    uint32_t identity;
    uint32_t place;
};

static int compare_clique(const void *a, const void *b) {
    const struct clique *x = a;
    const struct clique *y = b;
    return x->identity != y->identity ? (x->identity < y->identity ? -1 : 1)
                                      : (x->place > y->place) - (x->place < y->place);
}

static void join_identities(struct plan *plan) {
    struct clique *list = arena_alloc(plan->arena, plan->scope.count * sizeof *list);
    CHECK(list != NULL);
    size_t count = 0;
    for (uint32_t i = 0; i < plan->scope.count; i++) {
        if (plan->scope.nodes[i].identity != 0) {
            list[count++] = (struct clique){plan->scope.nodes[i].identity, i};
        }
    }
    qsort(list, count, sizeof *list, compare_clique);
    for (size_t i = 1; i < count; i++) {
        const uint32_t x = root_of(&plan->scope, list[i - 1].place);
        const uint32_t y = root_of(&plan->scope, list[i].place);
        if (list[i].identity == list[i - 1].identity && x != y) {
            join(plan, x, y);
        }
    }
}

/* --- edges --- */

/* By kind, then who was said first, then keys: nothing of the order of arrival. */
struct ranked {
    const struct edge *edge;
    const struct key12 *a, *b;
    struct regroup_link link;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->edge->kind != y->edge->kind) {
        return x->edge->kind < y->edge->kind ? -1 : 1;
    }
    if (x->edge->first_recorded != y->edge->first_recorded) {
        return x->edge->first_recorded < y->edge->first_recorded ? -1 : 1;
    }
    const int by_a = key12_compare(x->a, y->a);
    return by_a != 0 ? by_a : key12_compare(x->b, y->b);
}

static struct ranked *rank_links(struct plan *plan) {
    struct ranked *list = arena_alloc(plan->arena, plan->scope.link_count * sizeof *list);
    CHECK(list != NULL);
    for (size_t i = 0; i < plan->scope.link_count; i++) {
        const struct regroup_link link = plan->scope.links[i];
        list[i] = (struct ranked){visits_edge(plan->self, link.edge),
                                  &visits_record(plan->self, plan->scope.nodes[link.a].record)->key,
                                  &visits_record(plan->self, plan->scope.nodes[link.b].record)->key, link};
    }
    qsort(list, plan->scope.link_count, sizeof *list, compare_ranked);
    return list;
}

static bool are_kept_apart(struct plan *plan, uint32_t x, uint32_t y) {
    for (size_t i = 0; i < plan->scope.link_count; i++) {
        const struct regroup_link *link = &plan->scope.links[i];
        if (visits_edge(plan->self, link->edge)->kind == EDGE_APART) {
            const uint32_t a = root_of(&plan->scope, link->a);
            const uint32_t b = root_of(&plan->scope, link->b);
            if ((a == x && b == y) || (a == y && b == x)) {
                return true;
            }
        }
    }
    return false;
}

/* Counts are only needed where persons meet that were not one: rarely. */
static void need_counts(struct plan *plan) {
    if (plan->has_counts) {
        return;
    }
    plan->has_counts = true;
    regroup_count_visits(&plan->scope);
    for (uint32_t i = 0; i < plan->scope.count; i++) {
        const uint32_t root = root_of(&plan->scope, i);
        if (root != i) {
            plan->scope.nodes[root].visits += plan->scope.nodes[i].visits;
        }
    }
}

static bool have_too_many_visits(struct plan *plan, uint32_t x, uint32_t y) {
    need_counts(plan);
    const struct regroup_node *a = &plan->scope.nodes[x];
    const struct regroup_node *b = &plan->scope.nodes[y];
    const uint32_t smaller = a->visits < b->visits ? a->visits : b->visits;
    return smaller > REGROUP_SMALLER_VISITS_MAX || (smaller > 0 && a->visits + b->visits > REGROUP_VISITS_MAX);
}

enum verdict { HOLDS, KEPT_APART, DIFFERENT, TOO_LARGE };

static enum verdict judge(struct plan *plan, const struct ranked *edge, uint32_t x, uint32_t y) {
    if (edge->edge->kind == EDGE_REGISTRAR) {
        return HOLDS;
    }
    if (are_kept_apart(plan, x, y)) {
        return KEPT_APART;
    }
    if (plan->scope.nodes[x].identity != 0 && plan->scope.nodes[y].identity != 0) {
        return DIFFERENT;
    }
    if (plan->scope.nodes[x].size + plan->scope.nodes[y].size > REGROUP_PERSON_RECORDS_MAX) {
        return TOO_LARGE;
    }
    /* What is one person already stays one, however many visits it has by now. */
    const bool are_one_now = person_of(plan, edge->link.a) == person_of(plan, edge->link.b);
    return !are_one_now && have_too_many_visits(plan, x, y) ? TOO_LARGE : HOLDS;
}

static void add_conflict(struct plan *plan, const struct ranked *edge, uint8_t kind) {
    struct regroup *out = plan->out;
    struct conflict conflict = {.kind = kind, .first = edge->edge->a, .second = edge->edge->b};
    edge_order(plan->self, &conflict.first, &conflict.second);
    if (visits_find_conflict(plan->self, &conflict) == 0 && out->conflict_count < REGROUP_CONFLICTS_MAX &&
        plan->self->conflicts.count + out->conflict_count < plan->self->conflicts.rows_max) {
        out->conflicts[out->conflict_count++] = conflict;
    }
}

/* Joins what holds; the verdicts on the rest go to the list's places. */
static void join_edges(struct plan *plan, struct ranked *list) {
    for (size_t i = 0; i < plan->scope.link_count; i++) {
        if (list[i].edge->kind == EDGE_APART) {
            continue;
        }
        const uint32_t x = root_of(&plan->scope, list[i].link.a);
        const uint32_t y = root_of(&plan->scope, list[i].link.b);
        if (x != y && judge(plan, &list[i], x, y) == HOLDS) {
            join(plan, x, y);
        }
    }
}

/* Where all is joined: what still waits does so with a conflict. */
static void find_waiting(struct plan *plan, const struct ranked *list) {
    for (size_t i = 0; i < plan->scope.link_count; i++) {
        const uint32_t x = root_of(&plan->scope, list[i].link.a);
        const uint32_t y = root_of(&plan->scope, list[i].link.b);
        if (list[i].edge->kind == EDGE_APART || x == y) {
            continue;
        }
        const enum verdict verdict = judge(plan, &list[i], x, y);
        if (verdict != KEPT_APART) {
            add_conflict(plan, &list[i],
                         verdict == DIFFERENT ? VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_DIFFERENT_RESIDENT_IDS
                                              : VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_TOO_LARGE);
        }
    }
}

/* --- the new persons --- */

struct member {
    uint32_t root;
    uint32_t place;
    const struct key12 *key;
};

static int compare_member(const void *a, const void *b) {
    const struct member *x = a;
    const struct member *y = b;
    if (x->root != y->root) {
        return x->root < y->root ? -1 : 1;
    }
    return key12_compare(x->key, y->key);
}

static struct member *list_members(struct plan *plan) {
    struct member *list = arena_alloc(plan->arena, plan->scope.count * sizeof *list);
    CHECK(list != NULL);
    for (uint32_t i = 0; i < plan->scope.count; i++) {
        const struct record *row = visits_record(plan->self, plan->scope.nodes[i].record);
        list[i] = (struct member){root_of(&plan->scope, i), i, &row->key};
    }
    qsort(list, plan->scope.count, sizeof *list, compare_member);
    return list;
}

static uint32_t size_of_person(const struct plan *plan, uint32_t head) {
    uint32_t size = 0;
    for (uint32_t record = head; record != 0; record = visits_record(plan->self, record)->next_in_person) {
        size++;
    }
    return size;
}

/* Whether these records are one person already, and all of it. */
static bool is_person_now(const struct plan *plan, const struct member *members, size_t count) {
    const uint32_t head = person_of(plan, members[0].place);
    for (size_t i = 1; i < count; i++) {
        if (person_of(plan, members[i].place) != head) {
            return false;
        }
    }
    return size_of_person(plan, head) == count;
}

static void add_person(struct plan *plan, const struct member *members, uint32_t count) {
    uint32_t *records = arena_alloc(plan->arena, count * sizeof *records);
    CHECK(records != NULL);
    for (uint32_t i = 0; i < count; i++) {
        records[i] = plan->scope.nodes[members[i].place].record;
        plan->scope.nodes[members[i].place].zero = 1; /* in a person that changes */
    }
    plan->out->persons[plan->out->person_count] = records;
    plan->out->person_sizes[plan->out->person_count++] = count;
}

static void find_changed(struct plan *plan) {
    const size_t count = plan->scope.count;
    struct member *list = list_members(plan);
    plan->out->persons = arena_alloc(plan->arena, count * sizeof *plan->out->persons);
    plan->out->person_sizes = arena_alloc(plan->arena, count * sizeof *plan->out->person_sizes);
    CHECK(plan->out->persons != NULL && plan->out->person_sizes != NULL);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && list[next].root == list[i].root; next++) {
        }
        if (!is_person_now(plan, list + i, next - i)) {
            add_person(plan, list + i, (uint32_t)(next - i));
        }
    }
}

/* --- settling bases --- */

static bool moves_any(const struct visits *self, uint32_t base, uint32_t wanted, uint32_t holder) {
    for (uint32_t number = visits_record(self, holder)->first_visit; number != 0;
         number = visits_visit(self, number)->next) {
        const struct visit *visit = visits_visit(self, number);
        if (binding_target(self, base, wanted, holder, visit) != holder) {
            return true;
        }
    }
    return false;
}

static bool needs_settling(const struct visits *self, const struct regroup_settle *settle) {
    if (visits_record(self, settle->base)->identity != settle->identity) {
        return true;
    }
    const uint32_t second = settle->other == 0 ? 0 : binding_second(self, settle->base, settle->other);
    return second != 0 && moves_any(self, settle->base, settle->identity, second);
}

static void find_settles(struct plan *plan, const struct regroup_seed *seeds, size_t count) {
    struct regroup *out = plan->out;
    out->settles = arena_alloc(plan->arena, REGROUP_SETTLES_MAX * sizeof *out->settles);
    CHECK(out->settles != NULL);
    for (size_t i = 0; i < count; i++) {
        if (seeds[i].record == 0 || binding_first(plan->self, seeds[i].record) == 0) {
            continue;
        }
        const struct regroup_settle settle = {seeds[i].record,
                                              regroup_wanted(plan->self, seeds, count, seeds[i].record),
                                              seeds[i].identity};
        if (needs_settling(plan->self, &settle) && out->settle_count < REGROUP_SETTLES_MAX) {
            out->settles[out->settle_count++] = settle;
        }
    }
}

/* --- what that does to the counts --- */

/* The settling that may move visits of this node; NULL: none. */
static const struct regroup_settle *settle_of(const struct plan *plan, uint32_t place) {
    const uint32_t base = person_base(plan->self, plan->scope.nodes[place].record);
    for (size_t i = 0; i < plan->out->settle_count; i++) {
        if (plan->out->settles[i].base == base) {
            return &plan->out->settles[i];
        }
    }
    return NULL;
}

/* Where a visit of the node will hang. */
static uint32_t place_after(const struct plan *plan, uint32_t place, const struct regroup_settle *settle,
                            const struct visit *visit) {
    if (settle == NULL) {
        return place;
    }
    const uint32_t holder = plan->scope.nodes[place].record;
    return regroup_place(&plan->scope, binding_target(plan->self, settle->base, settle->identity, holder, visit));
}

struct moves {
    struct distinct_move *list;
    size_t count;
    size_t max;
    bool differs; /* persons before and after are not the same in all of them */
    bool is_full;
};

static void add_moves(struct plan *plan, uint32_t place, struct moves *moves) {
    const struct visits *self = plan->self;
    const uint32_t record = plan->scope.nodes[place].record;
    const uint32_t before = person_of(plan, place);
    const struct regroup_settle *settle = plan->out->settle_count > 0 ? settle_of(plan, place) : NULL;
    for (uint32_t number = visits_record(self, record)->first_visit; number != 0;
         number = visits_visit(self, number)->next) {
        const struct visit *visit = visits_visit(self, number);
        if (!visit_counts_patient(visit)) {
            continue;
        }
        const uint32_t after = root_of(&plan->scope, place_after(plan, place, settle, visit));
        const struct distinct_move *first = &moves->list[0];
        moves->differs = moves->differs || (moves->count > 0 && (first->before != before || first->after != after));
        if (moves->count == moves->max) {
            moves->is_full = true;
            if (moves->differs) {
                return;
            }
            continue; /* one and the same person so far: however many visits, nothing changes */
        }
        moves->list[moves->count++] = (struct distinct_move){number, before, after};
    }
}

/* False: too much for the bounds. */
static bool find_deltas(struct plan *plan, size_t messages_max) {
    struct moves moves = {.max = REGROUP_VISITS_MAX};
    moves.list = arena_alloc(plan->arena, moves.max * sizeof *moves.list);
    CHECK(moves.list != NULL);
    for (uint32_t i = 0; i < plan->scope.count; i++) {
        if (plan->out->settle_count > 0 || plan->scope.nodes[i].zero != 0) {
            add_moves(plan, i, &moves);
        }
        if (moves.is_full && moves.differs) {
            return false;
        }
    }
    if (!moves.differs) {
        return true;
    }
    return distinct_regroup(plan->self, moves.list, moves.count, plan->arena, &plan->out->deltas) &&
           plan->out->deltas.message_count <= messages_max;
}

/* Nothing is regrouped: the persons are those that are, and every edge between two of them waits. */
static void keep(struct plan *plan, const struct ranked *list) {
    struct regroup *out = plan->out;
    out->settle_count = 0;
    out->person_count = 0;
    out->deltas = (struct distinct_deltas){.count = 0};
    for (size_t i = 0; i < plan->scope.link_count; i++) {
        const bool waits = list[i].edge->kind != EDGE_APART &&
                           person_of(plan, list[i].link.a) != person_of(plan, list[i].link.b);
        if (waits) {
            add_conflict(plan, &list[i], VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_TOO_LARGE);
        }
    }
}

void regroup_plan(const struct visits *self, const struct regroup_seed *seeds, size_t count, size_t messages_max,
                  struct arena *arena, struct regroup *out) {
    struct plan plan = {.self = self, .arena = arena, .out = out};
    *out = (struct regroup){.settle_count = 0};
    out->conflicts = arena_alloc(arena, REGROUP_CONFLICTS_MAX * sizeof *out->conflicts);
    CHECK(out->conflicts != NULL);
    if (!regroup_scope(self, seeds, count, REGROUP_RECORDS_MAX, arena, &plan.scope)) {
        return;
    }
    start_groups(&plan);
    join_identities(&plan);
    struct ranked *list = rank_links(&plan);
    join_edges(&plan, list);
    find_waiting(&plan, list);
    find_settles(&plan, seeds, count);
    find_changed(&plan);
    if (!find_deltas(&plan, messages_max)) {
        out->conflict_count = 0;
        keep(&plan, list);
    }
}
