#include <string.h>

#include "visits/rules_statement.h"

/* Two numbers become one visit: a statement names its former number, or a move its new one. What is known under both is
 * joined first; then one of the rows becomes but another number of the other. */

/* Which of two visits goes on under both numbers: paths to it stay short. */
static uint32_t survivor_of(const struct deciding *d, uint32_t former, uint32_t number) {
    return visits_visit(d->self, former)->rank > visits_visit(d->self, number)->rank ? former : number;
}

static void load_both(const struct deciding *d, uint32_t a, uint32_t b, struct claims *claims) {
    struct claims *other = arena_alloc(d->arena, sizeof *other);
    claims_load(d->self, visits_visit(d->self, a), claims);
    if (other == NULL) {
        return; /* seen in the first phase, by rules_can_join */
    }
    claims_load(d->self, visits_visit(d->self, b), other);
    for (size_t i = 0; i < other->count; i++) {
        claims_add(claims, &other->list[i]);
    }
}

bool rules_can_join(const struct deciding *d, uint32_t a, uint32_t b) {
    const struct visits *self = d->self;
    if (a == 0 || b == 0 || a == b) {
        return true;
    }
    struct claims *claims = arena_alloc(d->arena, sizeof *claims);
    void *for_other = arena_alloc(d->arena, sizeof *claims);
    if (claims == NULL || for_other == NULL || table_is_full(&self->extras)) {
        return false;
    }
    load_both(d, a, b, claims);
    return claims_squeeze(claims) && claims_have_room(self, claims->count + 2);
}

static const struct visit nothing;
static const struct extra none;

static struct visit_side side_of(const struct deciding *d, uint32_t number) {
    const struct visit *row = visits_visit(d->self, number);
    return (struct visit_side){row, visits_extra(d->self, row->extra), visits_record(d->self, row->record)->person};
}

struct event *rules_emit_numbered(struct deciding *d, const struct event_visits_numbered *body, uint32_t visit) {
    d->decision->again = true;
    return rules_emit(d, EVENT_VISITS_NUMBERED, body, sizeof *body, visits_visit(d->self, visit)->last_seq);
}

struct event_visits_numbered *rules_new_numbered(struct deciding *d) {
    struct event_visits_numbered *body = arena_zalloc(d->arena, sizeof *body);
    if (body == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return NULL;
    }
    body->facility = d->facility_row;
    return body;
}

void rules_add_pair(struct event_visits_numbered *body, const struct key16 *former, const struct key16 *number) {
    body->pairs[body->count].former = *former;
    body->pairs[body->count++].number = *number;
}

/* Both visits as one: registers, openings, and whose it is. */
struct joint {
    uint32_t survivor;
    uint32_t other;
    struct visit_facts before;
    struct visit_facts after;
    struct claims claims;
    uint32_t head;
    uint32_t flags; /* JOINED_ */
    bool claims_differ;
};

static bool is_weak_owner(const struct visit *row) {
    return row->owner_recorded != 0 && (row->flags & VISIT_OWNER_WEAK);
}

static int compare_weak(const struct deciding *d, const struct visit *a, const struct visit *b) {
    if (a->owner_recorded != b->owner_recorded) {
        return a->owner_recorded < b->owner_recorded ? -1 : 1;
    }
    const struct visits *self = d->self;
    const int bases = memcmp(&visits_record(self, person_base(self, a->record))->key,
                             &visits_record(self, person_base(self, b->record))->key, sizeof(struct key12));
    const uint32_t x = a->flags & VISIT_NAMED ? visits_record(self, a->record)->identity : 0;
    const uint32_t y = b->flags & VISIT_NAMED ? visits_record(self, b->record)->identity : 0;
    return bases != 0 ? bases
                      : memcmp(&visits_identity(self, x)->key, &visits_identity(self, y)->key, sizeof(struct key16));
}

/* Without openings and moves: of the weak owners the older. */
static void join_weak(struct deciding *d, struct joint *j, const struct visit *other) {
    struct visit *row = &j->after.row;
    if (row->cancel_recorded != 0 || !is_weak_owner(other)) {
        return;
    }
    if (!is_weak_owner(row) || compare_weak(d, other, row) < 0) {
        j->flags |= JOINED_WEAK;
        j->head = visits_record(d->self, other->record)->person;
    }
}

static void join_owner(struct deciding *d, struct joint *j) {
    const struct visits *self = d->self;
    struct extra *extra = &j->after.extra;
    const struct claims_verdict verdict = claims_judge(&j->claims, extra->pre_cancel_recorded);
    j->after.row.open_recorded = verdict.open_recorded;
    extra->pre_recorded = verdict.pre_recorded;
    j->head = visits_record(self, j->before.row.record)->person;
    if (extra->moved_recorded != 0) {
        j->head = visits_record(self, person_record(self, extra->moved_base, extra->moved_identity))->person;
    } else if (verdict.owner != NULL) {
        const struct claim *claim = &verdict.owner->claim;
        j->head = visits_record(self, person_record(self, claim->base, claim->identity))->person;
    } else {
        join_weak(d, j, visits_visit(self, j->other));
    }
}

static void join(struct deciding *d, struct joint *j) {
    struct visit_facts other;
    visit_load(d->self, j->survivor, &j->before);
    visit_load(d->self, j->other, &other);
    j->after = j->before;
    visit_join(d->self, &j->after, &other);
    if (memcmp(&j->after.extra.moved_base, &j->before.extra.moved_base, 3 * sizeof(uint32_t)) != 0 &&
        j->after.extra.moved_recorded != 0) {
        j->flags |= JOINED_MOVE;
    }
    claims_load(d->self, &j->before.row, &j->claims);
    const size_t count = j->claims.count;
    load_both(d, j->survivor, j->other, &j->claims);
    claims_wipe(&j->claims, j->after.row.cancel_recorded);
    claims_squeeze(&j->claims);
    j->claims_differ = j->claims.count != count;
    join_owner(d, j);
}

static bool joins_nothing(const struct joint *j) {
    return j->flags == 0 && !j->claims_differ && visit_facts_equal(&j->before, &j->after);
}

static void emit_joined(struct deciding *d, const struct joint *j) {
    struct event_visit_joined *body = &d->work->body.joined;
    rules_fill_stated(d, &j->before.row.key, &j->after, &body->visit);
    body->visit.flags = STATED_EXTRA;
    if (strcmp(j->before.place, j->after.place) != 0) {
        body->visit.flags |= STATED_PLACE;
    }
    body->other = visits_visit(d->self, j->other)->key;
    body->flags = j->flags;
    const struct visit_side before = side_of(d, j->survivor);
    const struct visit_side after = {&j->after.row, &j->after.extra, j->head};
    rules_emit(d, EVENT_VISIT_JOINED, body, sizeof *body, j->before.row.last_seq)->public_body =
        publish_visit(d, &before, &after, j->survivor);
    d->decision->again = true;
}

bool rules_join_numbers(struct deciding *d, const struct key16 *former, const struct key16 *number) {
    const uint32_t a = visits_find_visit(d->self, former);
    const uint32_t b = visits_find_visit(d->self, number);
    if (a == b && a != 0) {
        return false;
    }
    if (a != 0 && b != 0) {
        struct joint *j = arena_zalloc(d->arena, sizeof *j);
        if (j == NULL) {
            rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
            return true;
        }
        j->survivor = survivor_of(d, a, b);
        j->other = j->survivor == a ? b : a;
        join(d, j);
        if (!joins_nothing(j)) {
            emit_joined(d, j);
            return true;
        }
    }
    struct event_visits_numbered *body = rules_new_numbered(d);
    if (body == NULL) {
        return true;
    }
    rules_add_pair(body, former, number);
    struct event *event = rules_emit_numbered(d, body, a != 0 ? a : b);
    if (a != 0 && b != 0) { /* all that it says is in the survivor: it leaves */
        const struct visit_side before = side_of(d, survivor_of(d, a, b) == a ? b : a);
        const struct visit_side after = {&nothing, &none, 0};
        event->public_body = publish_visit(d, &before, &after, survivor_of(d, a, b) == a ? b : a);
    }
    return true;
}
