#include "visits/rules_statement.h"

#include <string.h>

/*
 * One statement about a visit: what it says is joined with what is known (visit_join.h, visit_claims.h). Where that
 * changes anything an event says how the visit is now; where it does not, nothing is logged. What was recorded up to a
 * cancellation says nothing of the visit, but what it says of persons holds.
 */

/* --- its parts --- */

static bool check_number(struct deciding *d, const char *visit_number) {
    const size_t size = strlen(visit_number);
    if (size == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_number");
        return false;
    }
    if (size > VISITS_NUMBER_BYTES_MAX) {
        rules_refuse(d, VISITS__V1__CODE__CODE_FIELD_TOO_LONG, "visit_number");
        return false;
    }
    return true;
}

bool statement_begin(struct deciding *d, const char *visit_number, int64_t recorded_at_ms, struct statement *s) {
    s->said.place = "";
    return check_number(d, visit_number) && rules_check_recorded(d, recorded_at_ms, &s->recorded);
}

void statement_says_begin(struct statement *s, uint32_t opened_at, Visits__V1__CardKind card, bool is_weak) {
    s->said.row.opened_at = opened_at;
    s->said.row.begin_recorded = s->recorded;
    if (card != VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL) {
        s->said.row.flags |= VISIT_ONE_CARD;
    }
    if (is_weak) {
        s->said.row.flags |= VISIT_BEGIN_WEAK;
    }
}

void statement_says_class(struct statement *s, Visits__V1__VisitClass visit_class, unsigned flags) {
    s->said.row.visit_class = (uint8_t)visit_class;
    s->said.row.class_recorded = s->recorded;
    s->said.row.flags |= (uint16_t)flags;
}

bool statement_needs_person(struct deciding *d, struct statement *s) {
    s->has_person = rules_require_person(d, &d->keys->person);
    return s->has_person;
}

bool statement_takes_person(struct deciding *d, struct statement *s) {
    const struct stated_person *person = &d->keys->person;
    if (person->code != 0 || person_is_named(person)) {
        return statement_needs_person(d, s);
    }
    if (person->has_number) {
        rules_warn(d, VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID, "resident_id");
    }
    return true;
}

/* --- whose --- */

/* How the visit will be, and whose. */
struct outcome {
    uint32_t number; /* row; 0: not known */
    struct visit_facts before;
    struct visit_facts after;
    struct claims claims;   /* after */
    struct owner_key owner; /* that the statement names */
    unsigned flags;         /* STATED_ */
    uint32_t head;          /* the person after */
};

static uint32_t head_of(const struct deciding *d, uint32_t record) {
    return record == 0 ? 0 : visits_record(d->self, record)->person;
}

static uint32_t head_of_stated(const struct deciding *d, const struct owner_key *owner) {
    uint32_t head = 0;
    person_find(d->self, owner, &head);
    return head;
}

/* Of statements that are not openings the oldest says whose the visit is. */
static bool is_weaker_owner(const struct deciding *d, const struct visit *row, const struct claim_view *stated) {
    if (row->owner_recorded == 0) {
        return true;
    }
    if (stated->claim.recorded != row->owner_recorded) {
        return stated->claim.recorded < row->owner_recorded;
    }
    const uint32_t base = person_base(d->self, row->record);
    const uint32_t identity = row->flags & VISIT_NAMED ? visits_record(d->self, row->record)->identity : 0;
    const int order = memcmp(&stated->base, &visits_record(d->self, base)->key, sizeof stated->base);
    return order != 0
               ? order < 0
               : memcmp(&stated->identity, &visits_identity(d->self, identity)->key, sizeof stated->identity) < 0;
}

static void add_claims(struct deciding *d, const struct statement *s, struct outcome *o) {
    claims_load(d->self, &o->before.row, &o->claims);
    claims_wipe(&o->claims, o->after.row.cancel_recorded);
    if (s->opens && s->recorded > o->after.row.cancel_recorded) {
        const struct claim_view view =
            claim_view_of(&o->owner, s->recorded, d->keys->movement, s->is_pre ? CLAIM_PRE : 0);
        o->flags |= claims_add(&o->claims, &view) ? STATED_CLAIM | (s->is_pre ? STATED_PRE : 0) : 0;
    }
    if (s->voids_movement) {
        const struct claim_view view = {.claim = {.movement = d->keys->movement, .flags = CLAIM_VOID}};
        o->flags |= claims_add(&o->claims, &view) ? STATED_VOID : 0;
    }
    claims_squeeze(&o->claims);
}

/* Sets the registers that claims decide, and the person of the visit as it will be. */
static void settle(struct deciding *d, const struct statement *s, struct outcome *o) {
    struct visit *row = &o->after.row;
    struct extra *extra = &o->after.extra;
    const struct claims_verdict verdict = claims_judge(&o->claims, extra->pre_cancel_recorded);
    row->open_recorded = verdict.open_recorded;
    extra->pre_recorded = verdict.pre_recorded;
    o->head = head_of(d, row->record);
    if (extra->moved_recorded != 0) {
        o->head = head_of(d, person_record(d->self, extra->moved_base, extra->moved_identity));
    } else if (verdict.owner != NULL && verdict.owner->claim.base != 0) {
        o->head = head_of(d, person_record(d->self, verdict.owner->claim.base, verdict.owner->claim.identity));
    } else if (verdict.owner != NULL) {
        o->head = head_of_stated(d, &o->owner);
    } else if (s->may_own && row->cancel_recorded == 0) {
        const struct claim_view view = claim_view_of(&o->owner, s->recorded, 0, 0);
        if (is_weaker_owner(d, row, &view)) {
            o->flags |= STATED_WEAK;
            o->head = head_of_stated(d, &o->owner);
        }
    }
}

/* --- the event --- */

void rules_fill_owner(const struct owner_key *owner, struct event_owner *event) {
    event->base = owner->base;
    event->identity = owner->identity;
    memcpy(event->last4, owner->last4, sizeof event->last4);
    event->facility = owner->facility;
    event->flags = owner->flags;
}

#define OWNER_FLAGS (VISIT_NAMED | VISIT_OWNER_WEAK | VISIT_IS_OTHER)

void rules_fill_stated(const struct deciding *d, const struct key16 *visit, const struct visit_facts *after,
                       struct event_visit_stated *event) {
    *event = (struct event_visit_stated){.visit = *visit,
                                         .opened_at = after->row.opened_at,
                                         .begin_recorded = after->row.begin_recorded,
                                         .class_recorded = after->row.class_recorded,
                                         .closed_at = after->row.closed_at,
                                         .end_recorded = after->row.end_recorded,
                                         .cancel_recorded = after->row.cancel_recorded,
                                         .place_recorded = after->row.place_recorded,
                                         .pre_cancel_recorded = after->extra.pre_cancel_recorded,
                                         .called_at = after->extra.called_at,
                                         .arrived_at = after->extra.arrived_at,
                                         .rescue_recorded = after->extra.rescue_recorded,
                                         .facility = d->facility_row,
                                         .visit_flags = (uint16_t)(after->row.flags & ~OWNER_FLAGS),
                                         .visit_class = after->row.visit_class,
                                         .is_urban = after->extra.is_urban};
}

static void emit_stated(struct deciding *d, const struct statement *s, struct outcome *o) {
    struct event_visit_stated *event = &d->work->body.stated.visit;
    size_t size = sizeof *event;
    rules_fill_stated(d, &d->keys->visit, &o->after, event);
    event->flags = (uint8_t)o->flags;
    if (o->flags & (STATED_CLAIM | STATED_WEAK)) {
        rules_fill_owner(&o->owner, &event->owner);
        event->recorded = s->recorded;
    }
    if (o->flags & (STATED_CLAIM | STATED_VOID)) {
        event->movement = d->keys->movement;
    }
    if (strcmp(o->before.place, o->after.place) != 0) {
        event->flags |= STATED_PLACE;
        d->work->body.stated.department = (struct department){.facility = d->facility_row};
        memcpy(d->work->body.stated.department.code, o->after.place, strlen(o->after.place));
        size = sizeof d->work->body.stated;
    }
    const struct visit_side before = {&o->before.row, &o->before.extra, head_of(d, o->before.row.record)};
    const struct visit_side after = {&o->after.row, &o->after.extra, o->head};
    rules_emit(d, EVENT_VISIT_STATED, event, size, o->before.row.last_seq)->public_body =
        publish_visit(d, &before, &after, o->number);
}

/* An end and nothing else of a visit that is known: a smaller event. */
static bool emit_closed(struct deciding *d, const struct statement *s, const struct outcome *o) {
    struct visit_facts only = o->before;
    only.row.closed_at = o->after.row.closed_at;
    only.row.end_recorded = o->after.row.end_recorded;
    only.row.flags &= (uint16_t)~VISIT_REOPENED;
    if (o->flags != 0 || o->number == 0 || s->said.row.end_recorded == 0 || !visit_facts_equal(&only, &o->after)) {
        return false;
    }
    struct event_visit_closed *event = &d->work->body.closed;
    *event = (struct event_visit_closed){
        .visit = d->keys->visit, .closed_at = o->after.row.closed_at, .end_recorded = o->after.row.end_recorded};
    rules_emit(d, EVENT_VISIT_CLOSED, event, sizeof *event, o->before.row.last_seq);
    return true;
}

static void emit_cancelled(struct deciding *d, const struct outcome *o) {
    struct event_visit_cancelled *event = &d->work->body.cancelled;
    *event = (struct event_visit_cancelled){
        .visit = d->keys->visit, .cancel_recorded = o->after.row.cancel_recorded, .facility = d->facility_row};
    const struct visit_side before = {&o->before.row, &o->before.extra, head_of(d, o->before.row.record)};
    const struct visit_side after = {&o->after.row, &o->after.extra, o->head};
    rules_emit(d, EVENT_VISIT_CANCELLED, event, sizeof *event, o->before.row.last_seq)->public_body =
        publish_visit(d, &before, &after, o->number);
}

/* --- a number not known before --- */

static bool is_plain(const struct deciding *d, const struct statement *s) {
    return s->opens && !s->is_pre && d->keys->movement == 0 && s->said.extra.rescue_recorded == 0;
}

static void emit_came(struct deciding *d, struct statement *s) {
    struct event_visit_came *event = &d->work->body.came.visit;
    struct owner_key owner;
    person_owner(d->self, &d->keys->person, s->recorded, &owner);
    s->said.row.facility = d->facility_row;
    s->said.row.open_recorded = s->recorded;
    *event = (struct event_visit_came){.visit = d->keys->visit,
                                       .opened_at = s->said.row.opened_at,
                                       .recorded = s->recorded,
                                       .facility = d->facility_row,
                                       .visit_class = s->said.row.visit_class,
                                       .one_card = s->said.row.flags & VISIT_ONE_CARD};
    rules_fill_owner(&owner, &event->owner);
    size_t size = sizeof *event;
    if (s->said.place[0] != 0) {
        d->work->body.came.department = s->department;
        size = sizeof d->work->body.came;
    }
    static const struct visit nothing;
    static const struct extra none;
    const struct visit_side before = {&nothing, &none, 0};
    const struct visit_side after = {&s->said.row, &none, head_of_stated(d, &owner)};
    rules_emit(d, EVENT_VISIT_CAME, event, size, 0)->public_body = publish_visit(d, &before, &after, 0);
}

/* --- deciding --- */

static bool has_room(const struct deciding *d, const struct statement *s, uint32_t number, uint32_t former) {
    const struct visits *self = d->self;
    const size_t rows = (number == 0) + (d->keys->has_other && former == 0);
    if (self->visits.rows_max - self->visits.count < rows) {
        return false;
    }
    const bool may_need_extra = (number == 0 ? !is_plain(d, s) : s->opens) || s->voids_movement ||
                                s->said.extra.rescue_recorded != 0 || s->said.extra.pre_cancel_recorded != 0;
    if (may_need_extra &&
        ((visits_visit(self, number)->extra == 0 && table_is_full(&self->extras)) || !claims_have_room(self, 2))) {
        return false;
    }
    return !s->may_own || !(table_is_full(&self->records) || table_is_full(&self->identities));
}

/* Against what is known, in the first phase. False: refused. */
static bool check_state(struct deciding *d, const struct statement *s, uint32_t number) {
    const uint32_t former = d->keys->has_other ? visits_find_visit(d->self, &d->keys->other) : 0;
    if (!rules_check_version(d, visits_visit(d->self, number)->last_seq)) {
        return false;
    }
    if (number == 0 && former == 0 && !s->makes) {
        rules_refuse(d, VISITS__V1__CODE__CODE_VISIT_UNKNOWN, "visit_number");
        return false;
    }
    if (!has_room(d, s, number, former) || (d->keys->has_other && !rules_can_join(d, number, former))) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return false;
    }
    return true;
}

/* Whether an event of the visit will name the person. */
static bool will_name(const struct deciding *d, const struct statement *s, uint32_t number) {
    if (s->opens) {
        const uint32_t former = d->keys->has_other ? visits_find_visit(d->self, &d->keys->other) : 0;
        return s->recorded > visits_visit(d->self, number)->cancel_recorded &&
               s->recorded > visits_visit(d->self, former)->cancel_recorded;
    }
    return s->may_own && number == 0 && !d->keys->has_other;
}

/* An opening more than a visit may have: refused before anything is said of the person. */
static bool has_claim_left(struct deciding *d, const struct statement *s, uint32_t number) {
    const struct visit *row = visits_visit(d->self, number);
    if (row->extra == 0 || (!s->opens && !s->voids_movement)) {
        return true;
    }
    struct claims claims;
    claims_load(d->self, row, &claims);
    const struct claim_view any = {.claim = {.recorded = UINT32_MAX, .movement = UINT32_MAX, .flags = CLAIM_VOID}};
    claims_add(&claims, &any);
    if (claims_squeeze(&claims)) {
        return true;
    }
    rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, "visit_number");
    return false;
}

static void emit_outcome(struct deciding *d, struct statement *s, struct outcome *o) {
    const bool is_cancellation_alone = s->said.row.cancel_recorded != 0 && o->flags == 0;
    if (o->flags == 0 && visit_facts_equal(&o->before, &o->after)) {
        return;
    }
    if (is_cancellation_alone) {
        emit_cancelled(d, o);
    } else if (!emit_closed(d, s, o)) {
        emit_stated(d, s, o);
    }
}

static void decide_known(struct deciding *d, struct statement *s, uint32_t number) {
    struct outcome *o = arena_alloc(d->arena, sizeof *o);
    if (o == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return;
    }
    o->number = number;
    o->flags = 0;
    visit_load(d->self, number, &o->before);
    o->before.row.facility = d->facility_row;
    if (s->opens || s->may_own) {
        person_owner(d->self, &d->keys->person, s->recorded, &o->owner);
    }
    o->after = o->before;
    visit_join(d->self, &o->after, &s->said);
    add_claims(d, s, o);
    settle(d, s, o);
    if (s->said.extra.rescue_recorded != 0 || s->said.extra.pre_cancel_recorded != 0 ||
        ((o->flags & STATED_CLAIM) && (s->is_pre || d->keys->movement != 0)) || (o->flags & STATED_VOID)) {
        o->flags |= o->flags != 0 || !visit_facts_equal(&o->before, &o->after) ? STATED_EXTRA : 0;
    }
    emit_outcome(d, s, o);
}

void statement_decide(struct deciding *d, struct statement *s) {
    const uint32_t number = visits_find_visit(d->self, &d->keys->visit);
    if (d->command->phase == 0 && (!check_state(d, s, number) || !has_claim_left(d, s, number))) {
        return;
    }
    if (s->has_person && persons_step(d, &d->keys->person, s->recorded, will_name(d, s, number)) != PERSON_READY) {
        return;
    }
    if (d->keys->has_other && rules_join_numbers(d, &d->keys->other, &d->keys->visit)) {
        return;
    }
    if (number == 0 && is_plain(d, s)) {
        emit_came(d, s);
    } else {
        decide_known(d, s, number);
    }
}
