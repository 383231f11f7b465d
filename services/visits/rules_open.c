#include <string.h>

#include "visits/pseudonym.h"
#include "visits/rules.h"

/*
 * OpenVisit: opens a visit, opens a cancelled number again, or refreshes a standing visit.
 *
 * Who the person is and what the visit is are told apart. That a local id belongs to a resident identity number holds
 * whatever becomes of the visit, so an opening that comes too late for its visit still says it:
 *
 *   local id known without a number      the record gains it: its person and the number's become one
 *   local id known with another number   a second source record under the same local id; they never join. An opening
 *                                        with the local id alone goes to the first
 *   standing visit of a record without   that record gains it too
 *   standing visit of someone else       the visit stays with the record it came with
 */
struct opening {
    const Visits__V1__OpenVisit *body;
    struct visit_claim claim;
    uint32_t opened_at; /* s */
    bool has_local;
    bool has_identity;
    struct key16 identity_key;
    char last4[4];
    uint32_t identity;     /* row; 0: new, or none */
    uint32_t local_record; /* row of the (first) record under the local id; 0: new, or none */
    struct key12 record_key;
    uint32_t record; /* row of the record the visit would be opened on; 0: new */
    uint16_t record_flags;
    /* Records that gain the identity: of the link event. */
    struct event_records_linked *links;
    struct persons joined; /* the persons that become one by that */
};

/* --- form --- */

static bool check_identity(struct deciding *d, struct opening *o) {
    o->has_local = o->body->local_id[0] != 0;
    const bool has_number = o->body->resident_id[0] != 0;
    o->has_identity = d->keys->has_identity;
    if (!o->has_local && !o->has_identity) {
        rules_refuse(d,
                     has_number ? VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID : VISITS__V1__CODE__CODE_IDENTITY_MISSING,
                     "resident_id");
        return false;
    }
    if (has_number && !o->has_identity) {
        d->decision->code = VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID; /* a warning: the local id carries the visit */
        d->decision->field = "resident_id";
    }
    o->identity_key = d->keys->identity;
    memcpy(o->last4, d->keys->last4, sizeof o->last4);
    return true;
}

static bool check_form(struct deciding *d, struct opening *o) {
    if (o->body->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_class");
        return false;
    }
    if (o->body->card_kind == VISITS__V1__CARD_KIND__CARD_KIND_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "card_kind");
        return false;
    }
    if (strlen(o->body->local_id) > VISITS_NUMBER_BYTES_MAX) {
        rules_refuse(d, VISITS__V1__CODE__CODE_FIELD_TOO_LONG, "local_id");
        return false;
    }
    return true;
}

/* --- whose --- */

static uint32_t identity_of_record(const struct deciding *d, uint32_t record) {
    return visits_record(d->self, record)->identity;
}

static uint32_t person_of_record(const struct deciding *d, uint32_t record) {
    return visits_record(d->self, record)->person;
}

static void find_record(struct deciding *d, struct opening *o) {
    o->record_key = d->keys->record;
    o->record_flags = o->has_local ? RECORD_LOCAL : 0;
    o->identity = o->has_identity ? visits_find_identity(d->self, &o->identity_key) : 0;
    o->record = visits_find_record(d->self, &o->record_key);
    o->local_record = o->has_local ? o->record : 0;
    const uint32_t known = o->record == 0 ? 0 : identity_of_record(d, o->record);
    if (o->has_identity && known != 0 && known != o->identity) {
        o->record_key = pseudonym_of_second(&o->record_key, &o->identity_key);
        o->record_flags |= RECORD_SECOND;
        o->record = visits_find_record(d->self, &o->record_key);
    }
}

static void add_link(struct deciding *d, struct opening *o, const struct key12 *key, uint32_t record) {
    if (o->links == NULL) {
        o->links = &d->work->linked;
        *o->links = (struct event_records_linked){.identity = o->identity_key, .facility = d->facility_row};
        memcpy(o->links->last4, o->last4, sizeof o->last4);
        persons_add(&o->joined, visits_person_of_identity(d->self, o->identity));
    }
    if (o->links->count == 1 && memcmp(key, &o->links->records[0], sizeof *key) == 0) {
        return; /* the visit's record is the local id's */
    }
    o->links->records[o->links->count++] = *key;
    if (record != 0) {
        persons_add(&o->joined, person_of_record(d, record));
    }
}

/* Which records gain the identity. opens: the visit is opened on its record, which makes a new one by itself. */
static void find_links(struct deciding *d, struct opening *o, bool opens, bool refreshes) {
    if (!o->has_identity) {
        return;
    }
    const uint32_t local = o->local_record;
    if (o->has_local && (local == 0 ? !opens : identity_of_record(d, local) == 0)) {
        add_link(d, o, &o->record_key, local); /* no second record here: the first one has no identity */
    }
    const uint32_t holder = o->claim.row.record;
    if (refreshes && identity_of_record(d, holder) == 0) {
        add_link(d, o, &visits_record(d->self, holder)->key, holder);
    }
}

static bool is_room_for_person(const struct deciding *d, const struct opening *o, bool makes_record) {
    const bool makes_identity = o->has_identity && o->identity == 0 && (makes_record || o->links != NULL);
    return !(makes_identity && table_is_full(&d->self->identities)) &&
           !(makes_record && table_is_full(&d->self->records));
}

static void emit_links(struct deciding *d, struct opening *o) {
    struct event *event = rules_emit(d, EVENT_RECORDS_LINKED, o->links, sizeof *o->links, 0);
    if (!distinct_join(d->self, &o->joined, d->arena, &d->work->corrected)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, "resident_id");
        return;
    }
    if (d->work->corrected.n_deltas > 0) {
        visits__v1__event__init(&d->work->linked_event);
        d->work->linked_event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
        d->work->linked_event.patients_corrected = &d->work->corrected;
        event->public_body = &d->work->linked_event.base;
    }
}

/* --- what --- */

static uint8_t card_flag(const struct opening *o) {
    return o->body->card_kind == VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL ? 0 : VISIT_ONE_CARD;
}

/* Whether the class that is known stands against the one of this opening. Never one from before a cancellation: an
 * opening that counts is newer than that. */
static bool class_is_newer(const struct visit *row, uint32_t recorded) {
    return row->class_recorded > recorded ||
           (row->class_recorded == recorded && (row->flags & VISIT_CLASS_CHANGED) != 0);
}

static void take_beginning(const struct opening *o, struct visit *visit) {
    visit->opened_at = o->opened_at;
    visit->open_recorded = o->claim.recorded;
    visit->flags = (uint8_t)((visit->flags & ~VISIT_ONE_CARD) | card_flag(o));
}

static void take_class(const struct opening *o, struct visit *visit) {
    visit->visit_class = (uint8_t)o->body->visit_class;
    visit->class_recorded = o->claim.recorded;
    visit->flags &= (uint8_t)~VISIT_CLASS_CHANGED;
}

/* The visit as it is with this opening. The first one of a life is always newer than what was. */
static struct visit with_opening(const struct opening *o) {
    struct visit visit = o->claim.row;
    if (o->claim.recorded >= visit.open_recorded) {
        take_beginning(o, &visit);
    }
    if (!class_is_newer(&o->claim.row, o->claim.recorded)) {
        take_class(o, &visit);
    }
    return visit;
}

static void emit_opened(struct deciding *d, struct opening *o, const struct visit *after) {
    struct event_visit_opened *event = &d->work->body.opened;
    *event = (struct event_visit_opened){.visit = o->claim.key,
                                         .record = o->record_key,
                                         .opened_at = after->opened_at,
                                         .open_recorded = after->open_recorded,
                                         .class_recorded = after->class_recorded,
                                         .facility = d->facility_row,
                                         .record_flags = o->record_flags,
                                         .visit_class = after->visit_class,
                                         .visit_flags = after->flags};
    if (o->has_identity) {
        event->flags = OPENED_HAS_IDENTITY;
        event->identity = o->identity_key;
        memcpy(event->last4, o->last4, sizeof event->last4);
    }
    struct persons persons = {.count = 0};
    persons_add(&persons, visits_person_of_identity(d->self, o->identity));
    persons_add(&persons, o->record == 0 ? 0 : person_of_record(d, o->record));
    rules_emit(d, EVENT_VISIT_OPENED, event, sizeof *event, o->claim.row.last_seq)->public_body =
        publish_visit(d, &o->claim.row, after, o->claim.number, &persons);
}

static void decide_open(struct deciding *d, struct opening *o) {
    find_links(d, o, true, false);
    if (!is_room_for_person(d, o, o->record == 0) || (o->claim.number == 0 && table_is_full(&d->self->visits))) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return;
    }
    if (o->links != NULL) {
        emit_links(d, o);
    }
    if (!d->decision->refused) {
        const struct visit after = with_opening(o);
        emit_opened(d, o, &after);
    }
}

static void emit_refreshed(struct deciding *d, struct opening *o, const struct visit *after) {
    struct event_visit_changed *event = &d->work->body.changed;
    *event = (struct event_visit_changed){.visit = o->claim.key,
                                          .opened_at = after->opened_at,
                                          .open_recorded = after->open_recorded,
                                          .class_recorded = after->class_recorded,
                                          .visit_class = after->visit_class,
                                          .visit_flags = after->flags};
    const uint32_t head = person_of_record(d, o->claim.row.record);
    struct persons persons = persons_hold(&o->joined, head) ? o->joined : (struct persons){{head}, 1};
    rules_emit(d, EVENT_VISIT_CHANGED, event, sizeof *event, o->claim.row.last_seq)->public_body =
        publish_visit(d, &o->claim.row, after, o->claim.number, &persons);
}

/* The visit stands, or this opening is of a life of its number that was cancelled. */
static void decide_refresh(struct deciding *d, struct opening *o, bool is_void) {
    find_links(d, o, false, !is_void);
    if (o->links != NULL) {
        if (!is_room_for_person(d, o, o->has_local && o->local_record == 0)) {
            rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
            return;
        }
        emit_links(d, o);
    }
    const struct visit after = is_void ? o->claim.row : with_opening(o);
    if (!d->decision->refused && memcmp(&after, &o->claim.row, sizeof after) != 0) {
        emit_refreshed(d, o, &after);
    }
}

void rules_open_visit(struct deciding *d, const Visits__V1__OpenVisit *body) {
    struct opening o = {.body = body};
    if (!check_form(d, &o) || !check_identity(d, &o)) {
        return;
    }
    if (!rules_claim_visit(d, body->visit_number, body->recorded_at_ms, &o.claim)) {
        return;
    }
    find_record(d, &o);
    if (!rules_find_visit(d, &o.claim)) {
        return;
    }
    o.opened_at = rules_seconds(d->command->occurred_at_ms);
    const bool is_void = o.claim.recorded <= o.claim.row.cancel_recorded;
    if (!is_void && !visit_is_live(&o.claim.row)) {
        decide_open(d, &o);
    } else {
        decide_refresh(d, &o, is_void);
    }
}
