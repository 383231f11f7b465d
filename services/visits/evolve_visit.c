#include "visits/events.h"
#include "visits/evolve_internal.h"
#include "visits/persons.h"
#include "visits/visit_claims.h"
#include "visits/visit_join.h"

/* Events of visits. They bring registers as the rules joined them; what is worked out here is where things hang: whose
 * a visit is by its openings, in whose list, under which numbers. */

/* --- lists of records --- */

void evolve_visit_detach(struct visits *self, uint32_t visit) {
    struct visit *row = visits_visit(self, visit);
    if (row->record == 0) {
        return;
    }
    uint32_t *link = &visits_record(self, row->record)->first_visit;
    while (*link != visit) {
        CHECK(*link != 0);
        link = &visits_visit(self, *link)->next;
    }
    *link = row->next;
    row->next = 0;
    row->record = 0;
}

/* Latest first: mostly they come that way. */
void evolve_visit_attach(struct visits *self, uint32_t visit, uint32_t record) {
    struct visit *row = visits_visit(self, visit);
    uint32_t *link = &visits_record(self, record)->first_visit;
    while (*link != 0 && visits_visit(self, *link)->opened_at > row->opened_at) {
        link = &visits_visit(self, *link)->next;
    }
    row->record = record;
    row->next = *link;
    *link = visit;
}

/* Hangs it where it belongs; with record 0 it stays where it is. */
void evolve_place_visit(struct visits *self, uint32_t visit, uint32_t record, uint32_t opened_at) {
    struct visit *row = visits_visit(self, visit);
    record = record == 0 ? row->record : record;
    if (row->record == record && row->opened_at == opened_at) {
        return;
    }
    evolve_visit_detach(self, visit);
    row->opened_at = opened_at;
    if (record != 0) {
        evolve_visit_attach(self, visit, record);
    }
}

/* --- rows --- */

uint32_t evolve_make_visit(struct visits *self, const struct key16 *key, uint16_t facility) {
    uint32_t number;
    struct visit *row = table_add(&self->visits, &number);
    row->key = *key;
    row->facility = facility;
    index_add(&self->visit_by_key, number);
    return number;
}

uint32_t evolve_find_or_make_visit(struct visits *self, const struct key16 *key, uint16_t facility) {
    const uint32_t number = visits_find_visit(self, key);
    return number != 0 ? number : evolve_make_visit(self, key, facility);
}

/* A visit that must be there: the rules wrote the event because it was. */
uint32_t evolve_known_visit(const struct visits *self, const struct key16 *key) {
    const uint32_t number = visits_find_visit(self, key);
    CHECK(number != 0);
    return number;
}

static uint16_t find_or_make_department(struct visits *self, const struct department *key) {
    if (key->code[0] == 0) {
        return 0;
    }
    uint32_t number = visits_find_department(self, key);
    if (number == 0) {
        *(struct department *)table_add(&self->departments, &number) = *key;
        index_add(&self->department_by_code, number);
    }
    return (uint16_t)number;
}

void evolve_ensure_extra(struct visits *self, uint32_t visit) {
    if (visits_visit(self, visit)->extra == 0) {
        uint32_t number;
        table_add(&self->extras, &number);
        visits_visit(self, visit)->extra = number;
    }
}

/* --- whose --- */

static void set_owner(struct visits *self, struct visit *row, uint32_t record, uint32_t identity, uint32_t recorded) {
    row->flags &= (uint16_t) ~(VISIT_NAMED | VISIT_OWNER_WEAK);
    if (identity != 0 && visits_record(self, record)->identity == identity) {
        row->flags |= VISIT_NAMED;
    }
    row->owner_recorded = recorded;
}

/* Registers that claims and moves decide; returns the record to hang in, 0: as before. */
static uint32_t judge(struct visits *self, struct visit *row, const struct claims *claims) {
    struct extra none = {.first_claim = 0};
    struct extra *extra = row->extra == 0 ? &none : visits_extra(self, row->extra);
    const struct claims_verdict verdict = claims_judge(claims, extra->pre_cancel_recorded);
    row->open_recorded = verdict.open_recorded;
    extra->pre_recorded = verdict.pre_recorded;
    uint32_t record = 0;
    if (extra->moved_recorded != 0) {
        record = person_record(self, extra->moved_base, extra->moved_identity);
        set_owner(self, row, record, extra->moved_identity, extra->moved_recorded);
    } else if (verdict.owner != NULL) {
        const struct claim *claim = &verdict.owner->claim;
        record = person_record(self, claim->base, claim->identity);
        set_owner(self, row, record, claim->identity, claim->recorded);
    } else if (!(row->flags & VISIT_OWNER_WEAK) || row->cancel_recorded != 0) {
        set_owner(self, row, row->record, 0, 0);
    }
    return record;
}

/* After a change of registers, claims or moves. opened_at: the visit's place in its list from now on. */
void evolve_settle(struct visits *self, uint32_t visit, struct claims *claims, uint32_t opened_at) {
    struct visit *row = visits_visit(self, visit);
    claims_wipe(claims, row->cancel_recorded);
    CHECK(claims_squeeze(claims));
    if (row->extra == 0 && !claims_are_plain(claims)) {
        evolve_ensure_extra(self, visit);
    }
    if (row->extra != 0) {
        claims_store(self, row->extra, claims);
    }
    evolve_place_visit(self, visit, judge(self, row, claims), opened_at);
}

/* --- one statement --- */

struct owner_key evolve_owner_of(const struct event_owner *event) {
    struct owner_key owner = {
        .base = event->base, .identity = event->identity, .facility = event->facility, .flags = event->flags};
    memcpy(owner.last4, event->last4, sizeof owner.last4);
    return owner;
}

/* Copies a body of which a department may lie behind; the code is empty without. */
static bool copy_with_department(const struct event *event, void *body, size_t size, struct department *department) {
    CHECK(event->private_size == size || event->private_size == size + sizeof *department);
    memcpy(body, event->private_body, size);
    *department = (struct department){.facility = 0};
    if (event->private_size == size) {
        return false;
    }
    memcpy(department, (const uint8_t *)event->private_body + size, sizeof *department);
    return true;
}

static void visit_came(struct visits *self, const struct event *event) {
    struct event_visit_came body;
    struct department department;
    uint32_t base, identity;
    const bool has_place = copy_with_department(event, &body, sizeof body, &department);
    const struct owner_key owner = evolve_owner_of(&body.owner);
    const uint32_t record = evolve_person_make(self, &owner, body.recorded, &base, &identity);
    CHECK(visits_find_visit(self, &body.visit) == 0);
    const uint32_t number = evolve_make_visit(self, &body.visit, body.facility);
    struct visit *row = visits_visit(self, number);
    row->opened_at = body.opened_at;
    row->begin_recorded = row->open_recorded = row->class_recorded = body.recorded;
    row->visit_class = body.visit_class;
    row->flags = body.one_card ? VISIT_ONE_CARD : 0;
    row->last_seq = event->seq;
    if (has_place) {
        row->place_recorded = body.recorded;
        row->department = find_or_make_department(self, &department);
    }
    set_owner(self, row, record, identity, body.recorded);
    evolve_visit_attach(self, number, record);
}

/* But opened_at, which `settle` sets, and the department. */
void evolve_store_registers(struct visits *self, uint32_t visit, const struct event_visit_stated *body) {
    struct visit *row = visits_visit(self, visit);
    row->begin_recorded = body->begin_recorded;
    row->class_recorded = body->class_recorded;
    row->closed_at = body->closed_at;
    row->end_recorded = body->end_recorded;
    row->cancel_recorded = body->cancel_recorded;
    row->place_recorded = body->place_recorded;
    row->visit_class = body->visit_class;
    row->flags = (uint16_t)(body->visit_flags | (row->flags & (VISIT_NAMED | VISIT_OWNER_WEAK)));
    if (body->flags & STATED_EXTRA) {
        evolve_ensure_extra(self, visit);
    }
    if (row->extra != 0) {
        struct extra *extra = visits_extra(self, row->extra);
        extra->pre_cancel_recorded = body->pre_cancel_recorded;
        extra->called_at = body->called_at;
        extra->arrived_at = body->arrived_at;
        extra->rescue_recorded = body->rescue_recorded;
        extra->is_urban = body->is_urban;
        if (extra->moved_recorded <= body->cancel_recorded) {
            extra->moved_base = extra->moved_identity = extra->moved_recorded = 0;
        }
    }
}

static void add_claim(struct claims *claims, const struct owner_key *owner, const struct event_visit_stated *body,
                      uint32_t base, uint32_t identity) {
    struct claim_view view =
        claim_view_of(owner, body->recorded, body->movement, body->flags & STATED_PRE ? CLAIM_PRE : 0);
    view.claim.base = base;
    view.claim.identity = identity;
    claims_add(claims, &view);
}

static void visit_stated(struct visits *self, const struct event *event) {
    struct event_visit_stated body;
    struct department department;
    struct claims claims;
    uint32_t record = 0, base = 0, identity = 0;
    copy_with_department(event, &body, sizeof body, &department);
    const struct owner_key owner = evolve_owner_of(&body.owner);
    if (body.flags & (STATED_CLAIM | STATED_WEAK)) {
        record = evolve_person_make(self, &owner, body.recorded, &base, &identity);
    }
    const uint32_t number = evolve_find_or_make_visit(self, &body.visit, body.facility);
    struct visit *row = visits_visit(self, number);
    claims_load(self, row, &claims);
    evolve_store_registers(self, number, &body);
    row->last_seq = event->seq;
    if (body.flags & STATED_PLACE) {
        row->department = find_or_make_department(self, &department);
    }
    claims_wipe(&claims, row->cancel_recorded);
    if (body.flags & STATED_CLAIM) {
        add_claim(&claims, &owner, &body, base, identity);
    }
    if (body.flags & STATED_VOID) {
        const struct claim_view view = {.claim = {.movement = body.movement, .flags = CLAIM_VOID}};
        claims_add(&claims, &view);
    }
    if (body.flags & STATED_WEAK) {
        set_owner(self, row, record, identity, body.recorded);
        row->flags |= VISIT_OWNER_WEAK;
        evolve_place_visit(self, number, record, row->opened_at);
    }
    evolve_settle(self, number, &claims, body.opened_at);
}

static void visit_closed(struct visits *self, const struct event *event) {
    struct event_visit_closed body;
    BODY_OF(event, body);
    struct visit *row = visits_visit(self, evolve_known_visit(self, &body.visit));
    row->closed_at = body.closed_at;
    row->end_recorded = body.end_recorded;
    row->flags &= (uint16_t)~VISIT_REOPENED;
    row->last_seq = event->seq;
}

/* What the cancellation voids follows from its time alone. */
static void visit_cancelled(struct visits *self, const struct event *event) {
    struct event_visit_cancelled body;
    struct claims claims;
    BODY_OF(event, body);
    const uint32_t number = evolve_find_or_make_visit(self, &body.visit, body.facility);
    struct visit *row = visits_visit(self, number);
    struct visit_facts facts;
    claims_load(self, row, &claims);
    visit_load(self, number, &facts);
    facts.row.cancel_recorded = body.cancel_recorded;
    visit_wipe(&facts);
    facts.row.last_seq = event->seq;
    *row = facts.row;
    if (row->extra != 0) {
        *visits_extra(self, row->extra) = facts.extra;
    }
    evolve_settle(self, number, &claims, row->opened_at);
}

bool evolve_visit(struct visits *self, const struct event *event) {
    switch (event->type) {
    case EVENT_VISIT_OPENED:
        evolve_old_opened(self, event);
        return true;
    case EVENT_VISIT_CHANGED:
        evolve_old_changed(self, event);
        return true;
    case EVENT_VISIT_CLOSED:
        visit_closed(self, event);
        return true;
    case EVENT_VISIT_CANCELLED:
        visit_cancelled(self, event);
        return true;
    case EVENT_VISIT_CAME:
        visit_came(self, event);
        return true;
    case EVENT_VISIT_STATED:
        visit_stated(self, event);
        return true;
    case EVENT_VISIT_JOINED:
        evolve_visit_joined(self, event);
        return true;
    case EVENT_VISITS_NUMBERED:
        evolve_visits_numbered(self, event);
        return true;
    case EVENT_VISITS_MOVED:
        evolve_visits_moved(self, event);
        return true;
    default: /* not of visits */
        return false;
    }
}
