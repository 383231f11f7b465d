#include "visits/edges.h"
#include "visits/person_say.h"

#include <string.h>

#include "visits/v1/query.pb-c.h"

/*
 * A registrar's decisions about persons: JoinPersons, SeparatePersons, DecideConflict. They stand above whatever facilities
 * say, and each is written down with who decided and why.
 */

#define FOR_EVER UINT32_MAX

/* --- form --- */

/* The pseudonym key is the one under which everybody was registered. */
static bool check_key(struct deciding *d) {
    const struct visits *self = d->self;
    if (self->facilities.count > 0 && visits_facility(self, 1)->key_check != self->key_check) {
        rules_refuse(d, VISITS__V1__CODE__CODE_PSEUDONYM_KEY_CHANGED, NULL);
        return false;
    }
    return true;
}

static bool check_reason(struct deciding *d, const char *reason) {
    const size_t size = strlen(reason);
    if (size == 0 || size > VISITS_REASON_BYTES - 8) {
        rules_refuse(d, size == 0 ? COMMON__V1__CODE__CODE_MISSING : VISITS__V1__CODE__CODE_FIELD_TOO_LONG, "reason");
        return false;
    }
    if (d->command->phase == 0 && table_is_full(&d->self->lookups)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return false;
    }
    return check_key(d);
}

static bool hash_one(struct deciding *d, const Visits__V1__Identifiers *body, const char *field,
                     struct stated_person *out) {
    if (body == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, field);
        return false;
    }
    person_hash(d->self, "", 0, body, "", "", out);
    return rules_require_person(d, out);
}

struct two {
    struct stated_person first;
    struct stated_person second;
};

/* NULL: refused. */
static struct saying *begin(struct deciding *d, const Visits__V1__Identifiers *first,
                            const Visits__V1__Identifiers *second, const char *reason, struct two *two) {
    if (!check_reason(d, reason) || !hash_one(d, first, "first", &two->first) ||
        !hash_one(d, second, "second", &two->second)) {
        return NULL;
    }
    return saying_new(d);
}

/* Goes on, and in the first phase writes down who decided. */
static void finish(struct saying *s, enum lookup_kind what, const char *reason) {
    struct deciding *d = s->d;
    const enum person_step step = saying_finish(s, SAYING_MESSAGES_COMMAND, false);
    if (d->command->phase > 0 || step == PERSON_REFUSED) {
        return;
    }
    struct event_looked_up *body = arena_zalloc(d->arena, sizeof *body);
    if (body == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    body->at = rules_seconds(d->command->received_at_ms);
    body->what = what;
    if (d->command->principal != NULL) {
        memcpy(body->principal, d->command->principal, strnlen(d->command->principal, sizeof body->principal - 1));
    }
    memcpy(body->reason, reason, strlen(reason));
    rules_emit(d, EVENT_LOOKED_UP, body, sizeof *body, 0);
}

/* --- JoinPersons --- */

/* The record that is joined: the local id's, or one of the number's own that belongs to no facility. */
static struct owner_key known_end(struct saying *s, const struct stated_person *person, const char *field) {
    const struct owner_key end = saying_end(person, 0);
    const bool is_known = person->count > 0 ? visits_find_record(s->d->self, &end.base) != 0
                                            : visits_find_identity(s->d->self, &person->identity) != 0;
    if (!is_known) {
        saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN, field);
    }
    return end;
}

void rules_join_persons(struct deciding *d, const Visits__V1__JoinPersons *body) {
    struct two two;
    struct saying *s = begin(d, body->first, body->second, body->reason, &two);
    if (s == NULL || d->command->phase > 1) {
        return;
    }
    const struct owner_key first = known_end(s, &two.first, "first");
    const struct owner_key second = known_end(s, &two.second, "second");
    if (key12_compare(&first.base, &second.base) == 0) {
        saying_refuse(s, VISITS__V1__CODE__CODE_MERGE_LOOP, "second");
    } else {
        saying_edge(s, EDGE_REGISTRAR, &first, &second, rules_seconds(d->command->received_at_ms), false);
    }
    finish(s, LOOKUP_JOIN, body->reason);
}

/* --- SeparatePersons --- */

static void take_back_between(struct saying *s, uint32_t a, uint32_t b) {
    struct edge_walk walk = edge_walk(s->d->self, a);
    uint32_t other;
    for (uint32_t edge = edge_walk_next(&walk, &other); edge != 0; edge = edge_walk_next(&walk, &other)) {
        if (other == b && visits_edge(s->d->self, edge)->kind != EDGE_APART) {
            saying_edge_off(s, edge, FOR_EVER);
        }
    }
    saying_seed(s, a, 0);
    saying_seed(s, b, 0);
}

/* What stands, and what facilities may say later. */
static void separate_ids(struct saying *s, const struct two *two) {
    const struct visits *self = s->d->self;
    for (size_t i = 0; i < two->first.count; i++) {
        for (size_t j = 0; j < two->second.count; j++) {
            const uint32_t a = visits_find_record(self, &two->first.ids[i].key);
            const uint32_t b = visits_find_record(self, &two->second.ids[j].key);
            if (a != 0 && b != 0 && a != b) {
                take_back_between(s, a, b);
            }
        }
    }
    const struct owner_key first = known_end(s, &two->first, "first");
    const struct owner_key second = known_end(s, &two->second, "second");
    if (key12_compare(&first.base, &second.base) == 0) {
        saying_refuse(s, VISITS__V1__CODE__CODE_MERGE_LOOP, "second");
        return;
    }
    saying_edge(s, EDGE_MERGE, &first, &second, FOR_EVER, true);
    saying_edge(s, EDGE_MERGE, &second, &first, FOR_EVER, true);
    saying_edge(s, EDGE_LINK, &first, &second, FOR_EVER, true);
    saying_edge(s, EDGE_TOGETHER, &first, &second, FOR_EVER, true);
}

static void separate_number(struct saying *s, const struct stated_person *local, const struct stated_person *number) {
    const struct visits *self = s->d->self;
    const uint32_t base = visits_find_record(self, &local->ids[0].key);
    const uint32_t identity = visits_find_identity(self, &number->identity);
    if (base == 0 || identity == 0) {
        saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN, base == 0 ? "first" : "second");
        return;
    }
    saying_unbind(s, base, identity, FOR_EVER);
}

/* Whatever joins records of the one number to records of the other. */
static void separate_numbers(struct saying *s, const struct two *two) {
    const struct visits *self = s->d->self;
    const uint32_t first = visits_find_identity(self, &two->first.identity);
    const uint32_t second = visits_find_identity(self, &two->second.identity);
    if (first == 0 || second == 0 || first == second) {
        saying_refuse(s, VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN, first == 0 ? "first" : "second");
        return;
    }
    saying_seed(s, 0, first);
    saying_seed(s, 0, second);
    for (uint32_t i = visits_person_of_identity(self, first); i != 0; i = visits_record(self, i)->next_in_person) {
        struct edge_walk walk = edge_walk(self, i);
        uint32_t other;
        for (uint32_t edge = edge_walk_next(&walk, &other); edge != 0 && visits_record(self, i)->identity == first;
             edge = edge_walk_next(&walk, &other)) {
            if (visits_record(self, other)->identity == second && visits_edge(self, edge)->kind != EDGE_APART) {
                saying_edge_off(s, edge, FOR_EVER);
            }
        }
    }
}

void rules_separate_persons(struct deciding *d, const Visits__V1__SeparatePersons *body) {
    struct two two;
    struct saying *s = begin(d, body->first, body->second, body->reason, &two);
    if (s == NULL || d->command->phase > 1) {
        return;
    }
    if (two.first.count > 0 && two.second.count > 0) {
        separate_ids(s, &two);
    } else if (two.first.count > 0) {
        separate_number(s, &two.first, &two.second);
    } else if (two.second.count > 0) {
        separate_number(s, &two.second, &two.first);
    } else {
        separate_numbers(s, &two);
    }
    finish(s, LOOKUP_SEPARATE, body->reason);
}

/* --- DecideConflict --- */

static struct owner_key end_of(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    return (struct owner_key){
        .base = row->key, .facility = row->facility, .flags = (uint16_t)(row->flags & ~RECORD_EDGES)};
}

/* A number that contradicts the date of birth is not the local id's. */
static void keep_number_off(struct saying *s, const struct conflict *conflict) {
    const struct visits *self = s->d->self;
    const uint32_t records[] = {conflict->first, conflict->second};
    for (size_t i = 0; i < 2; i++) {
        const struct record *row = visits_record(self, records[i]);
        const uint32_t identity = visits_record(self, records[1 - i])->identity;
        if ((row->flags & RECORD_LOCAL) && (row->flags & RECORD_SECOND) == 0 && row->identity == 0 && identity != 0) {
            saying_unbind(s, records[i], identity, FOR_EVER);
        }
    }
}

static void say_decision(struct saying *s, const Visits__V1__DecideConflict *body) {
    const struct conflict *conflict = visits_conflict(s->d->self, body->number);
    const struct owner_key first = end_of(s->d->self, conflict->first);
    const struct owner_key second = end_of(s->d->self, conflict->second);
    const bool joins = body->decision == VISITS__V1__CONFLICT_DECISION__CONFLICT_DECISION_JOIN;
    if (conflict->first != conflict->second) {
        saying_edge(s, joins ? EDGE_REGISTRAR : EDGE_APART, &first, &second,
                    rules_seconds(s->d->command->received_at_ms), false);
    }
    if (!joins && conflict->kind == VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_BIRTH_DATE) {
        keep_number_off(s, conflict);
    }
    saying_decided(s, body->number, body->decision);
}

void rules_decide_conflict(struct deciding *d, const Visits__V1__DecideConflict *body) {
    if (!check_reason(d, body->reason) || d->command->phase > 1) {
        return;
    }
    if (body->decision == VISITS__V1__CONFLICT_DECISION__CONFLICT_DECISION_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "decision");
        return;
    }
    if (body->number == 0 || body->number > d->self->conflicts.count) {
        rules_refuse(d, COMMON__V1__CODE__CODE_NOT_FOUND, "number");
        return;
    }
    if (d->command->phase == 0 && visits_conflict(d->self, body->number)->decision != 0) {
        rules_refuse(d, VISITS__V1__CODE__CODE_CONFLICT_DECIDED, "number");
        return;
    }
    struct saying *s = saying_new(d);
    if (s != NULL) {
        say_decision(s, body);
        finish(s, LOOKUP_DECIDE, body->reason);
    }
}
