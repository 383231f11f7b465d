#include "visits/edges.h"
#include "visits/person_say.h"

#include <string.h>

/*
 * What facilities say of persons: as part of a statement about a visit (persons_step), or by itself (A28 and A31, A29,
 * A24 and A37).
 */

/* --- beside a visit --- */

static bool carries(const struct visits *self, uint32_t base, const struct key16 *identity) {
    const uint32_t own = visits_record(self, base)->identity;
    return own != 0 && memcmp(&visits_identity(self, own)->key, identity, sizeof *identity) == 0;
}

/* Whether opening a visit says all there is to say. *is_new: by making its record. */
static bool is_plain(const struct visits *self, const struct stated_person *person, bool *is_new) {
    if (person->birth_contradicts || person->count > 1 || (person->count == 1 && person->ids[0].is_foreign)) {
        return false;
    }
    const uint32_t base = visits_find_record(self, person->count == 0 ? &person->alone : &person->ids[0].key);
    *is_new = base == 0;
    return base == 0 || !person->has_identity || carries(self, base, &person->identity);
}

/* Looked for only where the tables are nearly full. */
static bool is_room(const struct visits *self, const struct stated_person *person) {
    return !table_is_full(&self->records) && !(table_is_full(&self->identities) && person->has_identity &&
                                               visits_find_identity(self, &person->identity) == 0);
}

enum person_step persons_step(struct deciding *d, const struct stated_person *person, uint32_t recorded,
                              bool may_make_visit) {
    const int phase = d->command->phase;
    bool is_new = false;
    if (phase > 1) {
        return PERSON_READY;
    }
    if (phase == 0 && may_make_visit && is_plain(d->self, person, &is_new)) {
        if (is_new && !is_room(d->self, person)) {
            rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
            return PERSON_REFUSED;
        }
        return PERSON_READY;
    }
    struct saying *s = saying_new(d);
    if (s == NULL) {
        return PERSON_REFUSED;
    }
    s->names_visit = may_make_visit;
    saying_person(s, person, recorded);
    return saying_finish(s, SAYING_MESSAGES_STATEMENT, false);
}

/* --- by itself --- */

void rules_update_person(struct deciding *d, const Visits__V1__UpdatePerson *body) {
    uint32_t recorded;
    if (rules_check_recorded(d, body->recorded_at_ms, &recorded) && rules_require_person(d, &d->keys->person)) {
        persons_step(d, &d->keys->person, recorded, false);
    }
}

static bool has_standing_visit(const struct visits *self, uint32_t record) {
    for (uint32_t number = visits_record(self, record)->first_visit; number != 0;
         number = visits_visit(self, number)->next) {
        if (visit_is_live(visits_visit(self, number))) {
            return true;
        }
    }
    return false;
}

static bool is_in_use(const struct visits *self, uint32_t base) {
    bool in_use = has_standing_visit(self, base);
    for (uint32_t i = binding_first(self, base); i != 0 && !in_use; i = binding_after(self, i)) {
        in_use = has_standing_visit(self, binding_second(self, base, visits_edge(self, i)->b));
    }
    return in_use;
}

/* Takes back what joins a record to others, but for a registrar's word. */
static void say_forgotten(struct saying *s, uint32_t base, uint32_t recorded) {
    const struct visits *self = s->d->self;
    struct edge_walk walk = edge_walk(self, base);
    uint32_t other;
    for (uint32_t edge = edge_walk_next(&walk, &other); edge != 0; edge = edge_walk_next(&walk, &other)) {
        const uint8_t kind = visits_edge(self, edge)->kind;
        if (kind == EDGE_MERGE || kind == EDGE_LINK || kind == EDGE_TOGETHER) {
            saying_edge_off(s, edge, recorded);
        }
    }
    const struct record *row = visits_record(self, base);
    if (row->identity != 0 && (row->flags & RECORD_LOCAL)) {
        saying_unbind(s, base, row->identity, recorded);
    }
    for (uint32_t i = binding_first(self, base); i != 0; i = binding_after(self, i)) {
        saying_unbind(s, base, visits_edge(self, i)->b, recorded);
    }
    saying_seed(s, base, 0);
}

static void say_deleted(struct saying *s, const struct stated_person *person, uint32_t recorded) {
    for (size_t i = 0; i < person->count || i == 0; i++) {
        const struct owner_key end = saying_end(person, i);
        const uint32_t base = visits_find_record(s->d->self, &end.base);
        if (person->count > 0 && person->ids[i].is_foreign) {
            saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "person");
        } else if (base != 0 && is_in_use(s->d->self, base)) {
            saying_refuse(s, VISITS__V1__CODE__CODE_PERSON_IN_USE, "person");
        } else if (base != 0) {
            say_forgotten(s, base, recorded);
        }
    }
}

void rules_delete_person(struct deciding *d, const Visits__V1__DeletePerson *body) {
    uint32_t recorded;
    if (!rules_check_recorded(d, body->recorded_at_ms, &recorded) || !rules_require_person(d, &d->keys->person)) {
        return;
    }
    struct saying *s = d->command->phase > 1 ? NULL : saying_new(d);
    if (s != NULL) {
        say_deleted(s, &d->keys->person, recorded);
        saying_finish(s, SAYING_MESSAGES_COMMAND, false);
    }
}

/* Two persons of a command, hashed. */
struct two {
    uint32_t recorded;
    struct stated_person first;
    struct stated_person second;
};

static bool hash_one(struct deciding *d, const Visits__V1__Identifiers *body, const char *field,
                     struct stated_person *out) {
    if (body == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, field);
        return false;
    }
    person_hash(d->self, d->command->organisation, d->facility_row, body, "", "", out);
    return rules_require_person(d, out);
}

/* NULL: refused. One of the two has to be the sender's. */
static struct two *hash_two(struct deciding *d, const Visits__V1__Identifiers *first,
                            const Visits__V1__Identifiers *second, int64_t recorded_at_ms) {
    struct two *two = arena_alloc(d->arena, sizeof *two);
    if (two == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return NULL;
    }
    if (!rules_check_recorded(d, recorded_at_ms, &two->recorded) || !hash_one(d, first, "first", &two->first) ||
        !hash_one(d, second, "second", &two->second)) {
        return NULL;
    }
    if (two->first.count > 0 && two->first.ids[0].is_foreign && two->second.count > 0 && two->second.ids[0].is_foreign) {
        rules_refuse(d, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "second");
        return NULL;
    }
    return two;
}

static bool is_same(const struct owner_key *a, const struct owner_key *b) {
    return memcmp(&a->base, &b->base, sizeof a->base) == 0;
}

void rules_link_persons(struct deciding *d, const Visits__V1__LinkPersons *body) {
    struct two *two = hash_two(d, body->first, body->second, body->recorded_at_ms);
    struct saying *s = two == NULL || d->command->phase > 1 ? NULL : saying_new(d);
    if (s == NULL) {
        return;
    }
    const struct owner_key first = saying_end(&two->first, 0);
    const struct owner_key second = saying_end(&two->second, 0);
    saying_person(s, &two->first, two->recorded);
    saying_person(s, &two->second, two->recorded);
    if (!is_same(&first, &second)) {
        saying_edge(s, EDGE_LINK, &first, &second, two->recorded, false);
    }
    saying_finish(s, SAYING_MESSAGES_COMMAND, false);
}

/* The link of the ids that name both; links of their other ids, where there are any. */
static void say_unlinked(struct saying *s, const struct two *two) {
    const struct visits *self = s->d->self;
    for (size_t i = 0; i < two->first.count || i == 0; i++) {
        for (size_t j = 0; j < two->second.count || j == 0; j++) {
            const struct owner_key first = saying_end(&two->first, i);
            const struct owner_key second = saying_end(&two->second, j);
            uint32_t a = visits_find_record(self, &first.base);
            uint32_t b = visits_find_record(self, &second.base);
            if (is_same(&first, &second)) {
                continue;
            }
            edge_order(self, &a, &b);
            if ((i == 0 && j == 0) || (a != 0 && b != 0 && edge_find(self, EDGE_LINK, a, b) != 0)) {
                saying_edge(s, EDGE_LINK, &first, &second, two->recorded, true);
            }
        }
    }
}

static bool cites_unknown(const struct visits *self, const struct stated_person *person) {
    return person->count > 0 && person->ids[0].is_foreign && visits_find_record(self, &person->ids[0].key) == 0;
}

void rules_unlink_persons(struct deciding *d, const Visits__V1__UnlinkPersons *body) {
    struct two *two = hash_two(d, body->first, body->second, body->recorded_at_ms);
    struct saying *s = two == NULL || d->command->phase > 1 ? NULL : saying_new(d);
    if (s == NULL) {
        return;
    }
    if (cites_unknown(d->self, &two->first) || cites_unknown(d->self, &two->second)) {
        saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "local_ids");
    }
    say_unlinked(s, two);
    saying_finish(s, SAYING_MESSAGES_COMMAND, false);
}
