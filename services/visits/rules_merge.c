#include "visits/edges.h"
#include "visits/person_say.h"

#include <string.h>

/*
 * MergePersons: numbers that turned out to be one person (A40, A47 and the older merges). A prior number becomes another
 * name of the survivor's for ever. Nothing of a visit is moved, so that a registrar can take it back exactly.
 */

#define MERGES_MAX 16
#define PAIRS_MAX (MERGES_MAX * VISITS_LOCAL_IDS_MAX)
#define WALK_MAX 256 /* survivors of survivors looked through for a loop */

struct pair {
    struct owner_key prior;
    struct owner_key survivor;
};

struct merging {
    struct deciding *d;
    struct saying *s;
    const Visits__V1__MergePersons *body;
    uint32_t recorded;
    struct pair pairs[PAIRS_MAX];
    size_t pair_count;
    struct stated_person prior, survivor; /* of the group in hand */
};

/* --- pairing within a group --- */

typedef bool matches(const struct stated_id *prior, const struct stated_id *survivor);

static bool is_same_kind(const struct stated_id *prior, const struct stated_id *survivor) {
    return prior->facility == survivor->facility && prior->kind == survivor->kind;
}

static bool is_any_kind(const struct stated_id *prior, const struct stated_id *survivor) {
    return prior->facility == survivor->facility && (prior->kind == 0 || survivor->kind == 0);
}

/* The city's ids are of one place, but each kind is a domain of its own. */
static bool is_same_domain(const struct stated_id *prior, const struct stated_id *survivor) {
    return prior->facility == survivor->facility && prior->facility != 0;
}

/* Bits of the ids that have a partner. */
struct taken {
    unsigned prior;
    unsigned survivor;
};

static void add_pair(struct merging *m, size_t prior, size_t survivor) {
    if (m->pair_count < PAIRS_MAX) {
        m->pairs[m->pair_count++] = (struct pair){saying_end(&m->prior, prior), saying_end(&m->survivor, survivor)};
    }
}

static void pair_ids(struct merging *m, matches *match, struct taken *taken) {
    for (size_t i = 0; i < m->prior.count; i++) {
        for (size_t j = 0; j < m->survivor.count && !(taken->prior >> i & 1); j++) {
            if (!(taken->survivor >> j & 1) && match(&m->prior.ids[i], &m->survivor.ids[j])) {
                taken->prior |= 1u << i;
                taken->survivor |= 1u << j;
                if (m->prior.ids[i].is_foreign) {
                    saying_refuse(m->s, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "merges.prior");
                }
                add_pair(m, i, j);
            }
        }
    }
}

static void pair_group(struct merging *m) {
    const size_t before = m->pair_count;
    struct taken taken = {0};
    pair_ids(m, is_same_kind, &taken);
    pair_ids(m, is_any_kind, &taken);
    pair_ids(m, is_same_domain, &taken);
    if (m->prior.count == 0 && m->survivor.count == 0) {
        add_pair(m, 0, 0); /* resident identity numbers alone */
    }
    if (m->pair_count == before) {
        saying_refuse(m->s, VISITS__V1__CODE__CODE_NOTHING_TO_MERGE, "merges");
    }
}

/* --- loops --- */

struct way {
    struct key12 keys[WALK_MAX];
    size_t count;
    bool is_full;
};

static void add_stop(struct way *way, const struct key12 *key) {
    for (size_t i = 0; i < way->count; i++) {
        if (key12_compare(&way->keys[i], key) == 0) {
            return;
        }
    }
    if (way->count == WALK_MAX) {
        way->is_full = true;
        return;
    }
    way->keys[way->count++] = *key;
}

static void add_survivors(const struct merging *m, struct way *way, const struct key12 *key) {
    const struct visits *self = m->d->self;
    const uint32_t record = visits_find_record(self, key);
    struct edge_walk walk = edge_walk(self, record);
    uint32_t other;
    for (uint32_t number = edge_walk_next(&walk, &other); number != 0; number = edge_walk_next(&walk, &other)) {
        const struct edge *edge = visits_edge(self, number);
        if (edge->kind == EDGE_MERGE && edge->a == record && edge_is_live(edge)) {
            add_stop(way, &visits_record(self, other)->key);
        }
    }
    for (size_t i = 0; i < m->pair_count; i++) {
        if (key12_compare(&m->pairs[i].prior.base, key) == 0) {
            add_stop(way, &m->pairs[i].survivor.base);
        }
    }
}

/* Whether the pair's prior is reached from its survivor, over what stands and what the command says. */
static void check_loop(struct merging *m, const struct pair *pair, struct way *way) {
    way->count = 0;
    way->is_full = false;
    add_stop(way, &pair->survivor.base);
    for (size_t i = 0; i < way->count; i++) {
        if (key12_compare(&way->keys[i], &pair->prior.base) == 0) {
            saying_refuse(m->s, VISITS__V1__CODE__CODE_MERGE_LOOP, "merges");
            return;
        }
        add_survivors(m, way, &way->keys[i]);
    }
    if (way->is_full) {
        saying_refuse(m->s, COMMON__V1__CODE__CODE_EXHAUSTED, "merges");
    }
}

/* --- the command --- */

/* False: refused for its form. */
static bool hash_group(struct merging *m, const Visits__V1__Merge *merge) {
    struct deciding *d = m->d;
    if (merge->survivor == NULL || merge->prior == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, merge->survivor == NULL ? "merges.survivor" : "merges.prior");
        return false;
    }
    person_hash(d->self, d->command->organisation, d->facility_row, merge->survivor, "", "", &m->survivor);
    person_hash(d->self, d->command->organisation, d->facility_row, merge->prior, "", "", &m->prior);
    return rules_require_person(d, &m->survivor) && rules_require_person(d, &m->prior);
}

static void say_pair(struct merging *m, const struct pair *pair) {
    if (m->body->prior_must_exist && visits_find_record(m->d->self, &pair->prior.base) == 0) {
        saying_refuse(m->s, VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN, "merges.prior");
    }
    saying_edge(m->s, EDGE_MERGE, &pair->prior, &pair->survivor, m->recorded, false);
}

static bool say_groups(struct merging *m) {
    for (size_t i = 0; i < m->body->n_merges; i++) {
        if (!hash_group(m, m->body->merges[i])) {
            return false;
        }
        saying_person(m->s, &m->survivor, m->recorded);
        saying_person(m->s, &m->prior, m->recorded);
        pair_group(m);
    }
    return true;
}

static void check_loops(struct merging *m) {
    struct way *way = arena_alloc(m->d->arena, sizeof *way);
    if (way == NULL) {
        saying_refuse(m->s, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    for (size_t i = 0; i < m->pair_count; i++) {
        check_loop(m, &m->pairs[i], way);
    }
}

void rules_merge_persons(struct deciding *d, const Visits__V1__MergePersons *body) {
    uint32_t recorded;
    if (d->command->phase > 1 || !rules_check_recorded(d, body->recorded_at_ms, &recorded)) {
        return;
    }
    if (body->n_merges == 0 || body->n_merges > MERGES_MAX) {
        rules_refuse(d, body->n_merges == 0 ? COMMON__V1__CODE__CODE_MISSING : COMMON__V1__CODE__CODE_TOO_LARGE, "merges");
        return;
    }
    struct merging *m = arena_alloc(d->arena, sizeof *m);
    struct saying *s = m == NULL ? NULL : saying_new(d);
    if (s == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    *m = (struct merging){.d = d, .s = s, .body = body, .recorded = recorded};
    if (!say_groups(m)) {
        return;
    }
    if (d->command->phase == 0) {
        check_loops(m);
    }
    for (size_t i = 0; i < m->pair_count; i++) {
        say_pair(m, &m->pairs[i]);
    }
    saying_finish(s, SAYING_MESSAGES_COMMAND, body->n_merges > 1);
}
