#include "visits/evolve_internal.h"

/* Visits that become one, and visits that change hands. */

void evolve_visit_joined(struct visits *self, const struct event *event) {
    struct event_visit_joined body;
    struct claims claims, others;
    BODY_OF(event, body);
    const uint32_t number = evolve_known_visit(self, &body.visit.visit);
    const uint32_t other = evolve_known_visit(self, &body.other);
    struct visit *row = visits_visit(self, number);
    const struct visit *other_row = visits_visit(self, other);
    claims_load(self, row, &claims);
    claims_load(self, other_row, &others);
    for (size_t i = 0; i < others.count; i++) {
        claims_add(&claims, &others.list[i]);
    }
    evolve_store_registers(self, number, &body.visit);
    row->last_seq = event->seq;
    if (body.visit.flags & STATED_PLACE) {
        row->department = body.visit.place_recorded == 0 ? 0 : other_row->department;
    }
    if (body.flags & JOINED_MOVE) {
        const struct extra *from = visits_extra(self, other_row->extra);
        struct extra *extra = visits_extra(self, row->extra);
        extra->moved_base = from->moved_base;
        extra->moved_identity = from->moved_identity;
        extra->moved_recorded = from->moved_recorded;
    }
    if (body.flags & JOINED_WEAK) {
        row->flags = (uint16_t)((row->flags & ~VISIT_NAMED) | (other_row->flags & VISIT_NAMED) | VISIT_OWNER_WEAK);
        row->owner_recorded = other_row->owner_recorded;
        evolve_place_visit(self, number, other_row->record, row->opened_at);
    }
    evolve_settle(self, number, &claims, body.visit.opened_at);
}

/* From now on the row is but a number of the other one. */
static void give_up(struct visits *self, uint32_t number, uint32_t survivor) {
    struct visit *row = visits_visit(self, number);
    struct visit *other = visits_visit(self, survivor);
    if (row->extra != 0) {
        static const struct claims none;
        claims_store(self, row->extra, &none);
        *visits_extra(self, row->extra) = (struct extra){.first_claim = 0};
    }
    evolve_visit_detach(self, number);
    *row = (struct visit){.key = row->key,
                          .next = survivor,
                          .last_seq = row->last_seq,
                          .facility = row->facility,
                          .flags = VISIT_IS_OTHER,
                          .rank = row->rank};
    if (other->rank <= row->rank) {
        other->rank = (uint8_t)(row->rank + 1);
    }
}

static void number_pair(struct visits *self, const struct key16 *former, const struct key16 *number,
                        uint16_t facility) {
    const uint32_t a = visits_find_visit(self, former);
    const uint32_t b = visits_find_visit(self, number);
    if (a != 0 && b != 0) {
        const bool former_stays = visits_visit(self, a)->rank > visits_visit(self, b)->rank;
        give_up(self, former_stays ? b : a, former_stays ? a : b);
        return;
    }
    const uint32_t survivor = a + b != 0 ? a + b : evolve_make_visit(self, number, facility);
    give_up(self, evolve_make_visit(self, survivor == a ? number : former, facility), survivor);
}

void evolve_visits_numbered(struct visits *self, const struct event *event) {
    struct event_visits_numbered body;
    BODY_OF(event, body);
    CHECK(body.count <= MOVES_MAX);
    for (size_t i = 0; i < body.count; i++) {
        const struct key16 *former = &body.pairs[i].former;
        const struct key16 *number = &body.pairs[i].number;
        const uint32_t a = visits_find_visit(self, former);
        if (a == 0 || a != visits_find_visit(self, number)) {
            number_pair(self, former, number, body.facility);
        }
        visits_visit(self, visits_find_visit(self, number))->last_seq = event->seq;
    }
}

void evolve_visits_moved(struct visits *self, const struct event *event) {
    struct event_visits_moved body;
    uint32_t base, identity;
    BODY_OF(event, body);
    CHECK(body.count <= MOVES_MAX);
    const struct owner_key owner = evolve_owner_of(&body.owner);
    evolve_person_make(self, &owner, body.recorded, &base, &identity);
    for (size_t i = 0; i < body.count; i++) {
        struct claims claims;
        const uint32_t number = evolve_find_or_make_visit(self, &body.visits[i], body.facility);
        claims_load(self, visits_visit(self, number), &claims);
        evolve_ensure_extra(self, number);
        struct visit *row = visits_visit(self, number);
        struct extra *extra = visits_extra(self, row->extra);
        extra->moved_base = base;
        extra->moved_identity = identity;
        extra->moved_recorded = body.recorded;
        row->last_seq = event->seq;
        evolve_settle(self, number, &claims, row->opened_at);
    }
}
