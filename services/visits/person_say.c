#include "visits/person_say.h"

#include <string.h>

#include "visits/edges.h"
#include "visits/pseudonym.h"
#include "visits/v1/query.pb-c.h"

#define SEEDS_MAX 2048

struct saying *saying_new(struct deciding *d) {
    struct saying *s = arena_zalloc(d->arena, sizeof *s);
    if (s != NULL) {
        s->d = d;
        s->items = arena_alloc(d->arena, STATED_ITEMS_MAX * sizeof *s->items);
        s->seeds = arena_alloc(d->arena, SEEDS_MAX * sizeof *s->seeds);
    }
    if (s == NULL || s->items == NULL || s->seeds == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return NULL;
    }
    return s;
}

void saying_refuse(struct saying *s, uint32_t code, const char *field) {
    if (!s->is_refused && s->d->command->phase == 0) {
        s->is_refused = true;
        rules_refuse(s->d, code, field);
    }
}

void saying_seed(struct saying *s, uint32_t record, uint32_t identity) {
    if (record == 0 && identity == 0) {
        return;
    }
    if (s->seed_count == SEEDS_MAX) {
        s->is_full = true;
        return;
    }
    s->seeds[s->seed_count++] = (struct regroup_seed){record, identity};
}

/* Only in the first phase something is said: the later ones find it in the state. */
static struct stated_item *put(struct saying *s, enum stated_what what) {
    if (s->d->command->phase != 0 || s->count == STATED_ITEMS_MAX) {
        s->is_full = s->is_full || s->d->command->phase == 0;
        return &s->spare;
    }
    struct stated_item *item = &s->items[s->count++];
    memset(item, 0, sizeof *item);
    item->what = (uint8_t)what;
    return item;
}

static void put_a(struct stated_item *item, const struct owner_key *a) {
    item->a = a->base;
    item->a_facility = a->facility;
    item->a_flags = (uint16_t)(a->flags & ~OWNER_HAS_IDENTITY);
}

static void put_b(struct stated_item *item, const struct owner_key *b) {
    item->b = b->base;
    item->b_facility = b->facility;
    item->b_flags = (uint16_t)(b->flags & ~OWNER_HAS_IDENTITY);
}

struct owner_key saying_end(const struct stated_person *person, size_t i) {
    struct owner_key end = {.flags = 0};
    if (person->count > 0) {
        end.base = person->ids[i].key;
        end.facility = person->ids[i].facility;
        end.flags = (uint16_t)(RECORD_LOCAL | person->ids[i].kind << RECORD_KIND_SHIFT);
        return end;
    }
    end.base = person->alone;
    end.facility = (uint16_t)(person->alone.bytes[10] | person->alone.bytes[11] << 8);
    end.flags = OWNER_HAS_IDENTITY;
    end.identity = person->identity;
    memcpy(end.last4, person->last4, sizeof end.last4);
    return end;
}

/* An end as an existing record. */
static struct owner_key end_of_record(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    return (struct owner_key){
        .base = row->key, .facility = row->facility, .flags = (uint16_t)(row->flags & ~RECORD_EDGES)};
}

/* --- bindings --- */

static void put_bind(struct saying *s, const struct owner_key *base, const struct stated_person *person,
                     uint32_t recorded) {
    struct stated_item *item = put(s, STATED_BIND);
    put_a(item, base);
    item->recorded = recorded;
    item->identity = person->identity;
    memcpy(item->last4, person->last4, sizeof item->last4);
    s->identities += visits_find_identity(s->d->self, &person->identity) == 0;
}

/* Makes the record when it is not there. */
static void put_end(struct saying *s, const struct owner_key *end) {
    if (visits_find_record(s->d->self, &end->base) != 0) {
        return;
    }
    s->records++;
    struct stated_item *item = put(s, end->flags & OWNER_HAS_IDENTITY ? STATED_BIND : STATED_RECORD);
    put_a(item, end);
    if (end->flags & OWNER_HAS_IDENTITY) {
        item->identity = end->identity;
        memcpy(item->last4, end->last4, sizeof item->last4);
        s->identities += visits_find_identity(s->d->self, &end->identity) == 0;
    }
}

static bool is_alone_and_empty(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    return row->person == record && row->next_in_person == 0 && row->first_visit == 0;
}

/* Whether a statement that the base goes with the identity says something new. Both are there. is_told: the evolving of a
 * visit will note that it was said again. */
static bool is_newly_said(const struct visits *self, uint32_t base, uint32_t identity, uint32_t recorded,
                          bool is_told) {
    const uint32_t binding = edge_find(self, EDGE_UNBOUND, base, identity);
    if (binding != 0) {
        const struct edge *row = visits_edge(self, binding);
        return recorded < row->first_recorded ||
               (recorded > row->on_recorded && !(is_told && row->off_recorded == 0));
    }
    return visits_record(self, base)->identity != identity || recorded < visits_record(self, base)->bound_recorded;
}

/* Whether the base would carry this identity instead of its own. */
static bool would_take_over(const struct visits *self, uint32_t base, const struct stated_person *person,
                            uint32_t recorded) {
    const struct record *row = visits_record(self, base);
    if (row->identity == 0) {
        return binding_first(self, base) != 0 || !is_alone_and_empty(self, base);
    }
    return recorded < row->bound_recorded ||
           (recorded == row->bound_recorded &&
            memcmp(&person->identity, &visits_identity(self, row->identity)->key, sizeof person->identity) < 0);
}

static void say_binding(struct saying *s, const struct stated_person *person, size_t i, uint32_t identity,
                        uint32_t recorded) {
    const struct visits *self = s->d->self;
    const struct owner_key end = saying_end(person, i);
    const uint32_t base = visits_find_record(self, &end.base);
    const uint32_t own = visits_record(self, base)->identity;
    if (base == 0 || identity == 0 || is_newly_said(self, base, identity, recorded, i == 0 && s->names_visit)) {
        put_bind(s, &end, person, recorded);
        s->records += base == 0 ? 1 : (own != 0 ? 2 : 1);
        s->edges += base == 0 ? 0 : 2;
        s->rebinds = s->rebinds || (base != 0 && own != identity && would_take_over(self, base, person, recorded)) ||
                     (base != 0 && own == 0 && identity == 0 && !is_alone_and_empty(self, base));
    }
    if (s->d->command->phase == 0 && base != 0 && own != 0 && own != identity &&
        (identity == 0 || binding_second(self, base, identity) == 0)) {
        rules_warn(s->d, VISITS__V1__CODE__CODE_CONFLICT_OPENED, "resident_id");
    }
    saying_seed(s, base, identity);
}

void saying_unbind(struct saying *s, uint32_t base, uint32_t identity, uint32_t recorded) {
    const struct visits *self = s->d->self;
    const uint32_t binding = edge_find(self, EDGE_UNBOUND, base, identity);
    saying_seed(s, base, identity);
    if (binding != 0 && visits_edge(self, binding)->off_recorded >= recorded) {
        return;
    }
    const struct owner_key end = end_of_record(self, base);
    struct stated_item *item = put(s, STATED_UNBIND);
    put_a(item, &end);
    item->recorded = recorded;
    item->identity = visits_identity(self, identity)->key;
    s->records += 2;
    s->edges += 2;
    s->takes_back = true;
}

/* --- edges --- */

static bool is_edge_new(const struct visits *self, enum edge_kind kind, uint32_t a, uint32_t b, uint32_t recorded,
                        bool is_off) {
    const uint32_t number = a == 0 || b == 0 ? 0 : edge_find(self, kind, a, b);
    if (number == 0) {
        return true;
    }
    const struct edge *edge = visits_edge(self, number);
    if (is_off) {
        return recorded > edge->off_recorded;
    }
    return recorded > edge->on_recorded || recorded < edge->first_recorded ||
           (kind == EDGE_REGISTRAR && !edge_is_live(edge));
}

void saying_edge(struct saying *s, enum edge_kind kind, const struct owner_key *a, const struct owner_key *b,
                 uint32_t recorded, bool is_off) {
    const struct visits *self = s->d->self;
    if (kind != EDGE_MERGE && key12_compare(&a->base, &b->base) > 0) {
        const struct owner_key *kept = a;
        a = b;
        b = kept;
    }
    const uint32_t row_a = visits_find_record(self, &a->base);
    const uint32_t row_b = visits_find_record(self, &b->base);
    saying_seed(s, row_a, visits_record(self, row_a)->identity);
    saying_seed(s, row_b, visits_record(self, row_b)->identity);
    if (!is_edge_new(self, kind, row_a, row_b, recorded, is_off)) {
        return;
    }
    put_end(s, a);
    put_end(s, b);
    struct stated_item *item = put(s, is_off ? STATED_EDGE_OFF : STATED_EDGE);
    item->kind = (uint8_t)kind;
    item->recorded = recorded;
    put_a(item, a);
    put_b(item, b);
    s->edges++;
    s->takes_back = s->takes_back || is_off || kind == EDGE_APART;
    s->joins_surely = s->joins_surely || kind == EDGE_REGISTRAR;
}

void saying_edge_off(struct saying *s, uint32_t edge, uint32_t recorded) {
    const struct edge *row = visits_edge(s->d->self, edge);
    const struct owner_key a = end_of_record(s->d->self, row->a);
    const struct owner_key b = end_of_record(s->d->self, row->b);
    saying_edge(s, (enum edge_kind)row->kind, &a, &b, recorded, true);
}

/* --- conflicts --- */

void saying_conflict(struct saying *s, unsigned kind, const struct owner_key *first, const struct owner_key *second) {
    const struct visits *self = s->d->self;
    struct conflict key = {.kind = (uint8_t)kind};
    key.first = visits_find_record(self, &first->base);
    key.second = visits_find_record(self, &second->base);
    edge_order(self, &key.first, &key.second);
    if (s->d->command->phase != 0 || table_is_full(&self->conflicts) ||
        (key.first != 0 && key.second != 0 && visits_find_conflict(self, &key) != 0)) {
        return;
    }
    put_end(s, first);
    put_end(s, second);
    struct stated_item *item = put(s, STATED_CONFLICT);
    item->kind = (uint8_t)kind;
    put_a(item, first);
    put_b(item, second);
    s->decides++;
    rules_warn(s->d, VISITS__V1__CODE__CODE_CONFLICT_OPENED, NULL);
}

void saying_decided(struct saying *s, uint32_t conflict, unsigned decision) {
    struct stated_item *item = put(s, STATED_DECIDED);
    item->kind = (uint8_t)decision;
    item->number = conflict;
    s->decides++;
}

/* --- a statement --- */

/* A parent's number on a child's record: not theirs, where there is another one to know them by. */
static void say_birth(struct saying *s, const struct stated_person *person) {
    const struct visits *self = s->d->self;
    const struct owner_key first = saying_end(person, 0);
    const uint32_t identity = visits_find_identity(self, &person->identity);
    const uint32_t holder = visits_identity(self, identity)->first_record;
    const struct owner_key second = holder == 0 ? first : end_of_record(self, holder);
    saying_conflict(s, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_BIRTH_DATE, &first,
                    person->count == 0 ? &first : &second);
}

static bool is_unbound(const struct visits *self, uint32_t base, uint32_t identity, uint32_t recorded) {
    const uint32_t binding = base == 0 || identity == 0 ? 0 : edge_find(self, EDGE_UNBOUND, base, identity);
    return binding != 0 && visits_edge(self, binding)->off_recorded >= recorded;
}

/* Binds the local ids that may carry the number; returns how many. */
static size_t say_bindings(struct saying *s, const struct stated_person *person, uint32_t recorded) {
    const struct visits *self = s->d->self;
    const uint32_t identity = visits_find_identity(self, &person->identity);
    size_t bound = 0;
    for (size_t i = 0; i < person->count; i++) {
        const uint32_t base = visits_find_record(self, &person->ids[i].key);
        if (!is_unbound(self, base, identity, recorded)) {
            say_binding(s, person, i, identity, recorded);
            bound++;
        }
    }
    return bound;
}

static void say_together(struct saying *s, const struct stated_person *person, uint32_t recorded) {
    const struct owner_key first = saying_end(person, 0);
    put_end(s, &first);
    for (size_t i = 1; i < person->count; i++) {
        const struct owner_key other = saying_end(person, i);
        saying_edge(s, EDGE_TOGETHER, &first, &other, recorded, false);
    }
}

static bool check_known(struct saying *s, const struct stated_person *person) {
    for (size_t i = 0; i < person->count; i++) {
        if (person->ids[i].is_foreign && visits_find_record(s->d->self, &person->ids[i].key) == 0) {
            saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "local_ids");
            return false;
        }
    }
    return true;
}

void saying_person(struct saying *s, const struct stated_person *person, uint32_t recorded) {
    if (!check_known(s, person)) {
        return;
    }
    if (person->has_identity && person->birth_contradicts) {
        say_birth(s, person);
    }
    if (person->count == 0) {
        saying_seed(s, visits_find_record(s->d->self, &person->alone), 0);
        return;
    }
    for (size_t i = 0; i < person->count; i++) {
        saying_seed(s, visits_find_record(s->d->self, &person->ids[i].key), 0);
    }
    const bool uses_number = person->has_identity && !person->birth_contradicts;
    if (!uses_number || say_bindings(s, person, recorded) == 0) {
        say_together(s, person, recorded);
    }
}
