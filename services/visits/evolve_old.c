#include "visits/evolve_internal.h"
#include "visits/pseudonym.h"

/* Events of visits as older logs have them. */

/* Registers as they were then kept: beginning and opening had one time. */
struct old_registers {
    uint32_t opened_at;
    uint32_t open_recorded;
    uint32_t class_recorded;
    uint8_t visit_class;
    uint8_t visit_flags; /* VISIT_ONE_CARD, VISIT_CLASS_CHANGED */
};

static void take_flags(struct visit *row, unsigned flags, unsigned of) {
    row->flags = (uint16_t)((row->flags & ~of) | (flags & of));
}

/* What a cancellation voided was still there then: it is left out. view: the opening. */
static void store_old(struct visits *self, uint32_t visit, const struct old_registers *old,
                      const struct claim_view *view) {
    struct visit *row = visits_visit(self, visit);
    struct claims claims;
    uint32_t opened_at = row->opened_at;
    claims_load(self, row, &claims);
    claims_wipe(&claims, row->cancel_recorded);
    if (old->class_recorded > row->cancel_recorded) {
        row->class_recorded = old->class_recorded;
        row->visit_class = old->visit_class;
        take_flags(row, old->visit_flags, VISIT_CLASS_CHANGED);
    }
    if (old->open_recorded > row->cancel_recorded) {
        opened_at = old->opened_at;
        row->begin_recorded = old->open_recorded;
        take_flags(row, old->visit_flags, VISIT_ONE_CARD);
        if (old->open_recorded != row->open_recorded) {
            claims_add(&claims, view);
        }
    }
    evolve_settle(self, visit, &claims, opened_at);
}

/* The record of a second identity was named by its own key. */
static struct owner_key old_owner(const struct event_visit_opened *body) {
    struct owner_key owner = {
        .base = body->record, .facility = body->facility, .flags = body->record_flags & RECORD_LOCAL};
    if (body->record_flags & RECORD_SECOND) {
        owner.base = pseudonym_of_second(&body->record, &body->identity);
    }
    if (body->flags & OPENED_HAS_IDENTITY) {
        owner.flags |= OWNER_HAS_IDENTITY;
        owner.identity = body->identity;
        memcpy(owner.last4, body->last4, sizeof owner.last4);
    }
    return owner;
}

void evolve_old_opened(struct visits *self, const struct event *event) {
    struct event_visit_opened body;
    uint32_t base, identity;
    BODY_OF(event, body);
    const struct owner_key owner = old_owner(&body);
    evolve_person_make(self, &owner, body.open_recorded, &base, &identity);
    const uint32_t number = evolve_find_or_make_visit(self, &body.visit, body.facility);
    struct visit *row = visits_visit(self, number);
    struct claim_view view = claim_view_of(&owner, body.open_recorded, 0, 0);
    view.claim.base = base;
    view.claim.identity = identity;
    row->last_seq = event->seq;
    const struct old_registers old = {body.opened_at, body.open_recorded, body.class_recorded, body.visit_class,
                                      body.visit_flags};
    store_old(self, number, &old, &view);
}

/* It did not say whom it named: the visit stayed with its record. */
void evolve_old_changed(struct visits *self, const struct event *event) {
    struct event_visit_changed body;
    BODY_OF(event, body);
    const uint32_t number = evolve_known_visit(self, &body.visit);
    struct visit *row = visits_visit(self, number);
    const uint32_t base = person_base(self, row->record);
    const uint32_t identity = row->flags & VISIT_NAMED ? visits_record(self, row->record)->identity : 0;
    struct claim_view view = {.claim = {.base = base, .identity = identity, .recorded = body.open_recorded}};
    view.base = visits_record(self, base)->key;
    view.identity = visits_identity(self, identity)->key;
    row->last_seq = event->seq;
    const struct old_registers old = {body.opened_at, body.open_recorded, body.class_recorded, body.visit_class,
                                      body.visit_flags};
    store_old(self, number, &old, &view);
}
