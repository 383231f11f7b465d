#include <string.h>

#include "visits/edges.h"
#include "visits/events.h"
#include "visits/events_person.h"
#include "visits/evolve_internal.h"
#include "visits/persons.h"
#include "visits/pseudonym.h"
#include "visits/v1/query.pb-c.h"

/* --- rows --- */

/* Puts one person's records behind the head of another's list. */
static void join_person(struct visits *self, uint32_t head, uint32_t joining) {
    uint32_t last = joining;
    visits_record(self, last)->person = head;
    while (visits_record(self, last)->next_in_person != 0) {
        last = visits_record(self, last)->next_in_person;
        visits_record(self, last)->person = head;
    }
    visits_record(self, last)->next_in_person = visits_record(self, head)->next_in_person;
    visits_record(self, head)->next_in_person = joining;
}

static uint32_t make_record(struct visits *self, const struct key12 *key, uint16_t facility, uint16_t flags) {
    uint32_t number;
    struct record *row = table_add(&self->records, &number);
    row->key = *key;
    row->person = number;
    row->facility = facility;
    row->flags = flags;
    index_add(&self->record_by_key, number);
    return number;
}

static uint32_t find_or_make_record(struct visits *self, const struct key12 *key, uint16_t facility, uint16_t flags) {
    const uint32_t number = visits_find_record(self, key);
    return number != 0 ? number : make_record(self, key, facility, flags);
}

static bool is_alone(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    return row->person == record && row->next_in_person == 0;
}

/* Gives a record without an identity this one. What has a visit or company joins the identity's person only when that was
 * worked out (PERSONS_REGROUPED), unless joins says that it was. */
static void carry(struct visits *self, uint32_t record, uint32_t identity, bool joins) {
    struct identity *row = visits_identity(self, identity);
    visits_record(self, record)->identity = identity;
    if (row->first_record == 0) {
        row->first_record = record;
        return;
    }
    const uint32_t head = visits_record(self, row->first_record)->person;
    const uint32_t person = visits_record(self, record)->person;
    if (person != head && (joins || (is_alone(self, record) && visits_record(self, record)->first_visit == 0))) {
        join_person(self, head, person);
    }
}

/* The identity's row; the caller gives a new one its first record. */
static uint32_t find_or_make_identity(struct visits *self, const struct key16 *key, const char last4[4]) {
    uint32_t number = visits_find_identity(self, key);
    if (number == 0) {
        struct identity *row = table_add(&self->identities, &number);
        row->key = *key;
        memcpy(row->last4, last4, sizeof row->last4);
        index_add(&self->identity_by_key, number);
    }
    return number;
}

/* The second record of a base and an identity, made when it is not there. */
static uint32_t make_second(struct visits *self, uint32_t base, uint32_t identity) {
    uint32_t second = binding_second(self, base, identity);
    if (second != 0) {
        return second;
    }
    const struct key12 key = pseudonym_of_second(&visits_record(self, base)->key, &visits_identity(self, identity)->key);
    const struct record *row = visits_record(self, base);
    const uint16_t kind = (uint16_t)(row->flags >> RECORD_KIND_SHIFT << RECORD_KIND_SHIFT);
    second = make_record(self, &key, row->facility, (uint16_t)(RECORD_LOCAL | RECORD_SECOND | kind));
    carry(self, second, identity, false);
    return second;
}

/* --- conflicts --- */

struct opened {
    uint8_t kind;
    uint32_t first, second;
    uint32_t at;
    uint16_t facility;
    uint64_t seq;
};

static void open_conflict(struct visits *self, const struct opened *opened) {
    struct conflict key = {.kind = opened->kind, .first = opened->first, .second = opened->second};
    uint32_t number;
    edge_order(self, &key.first, &key.second);
    if (visits_find_conflict(self, &key) != 0 || table_is_full(&self->conflicts)) {
        return;
    }
    struct conflict *row = table_add(&self->conflicts, &number);
    *row = key;
    row->seq = opened->seq;
    row->opened_at = opened->at;
    row->facility = opened->facility;
    index_add(&self->conflict_by_pair, number);
}

/* --- bindings --- */

/* A statement that names an identity beside a base, or takes that back. */
struct binding_said {
    uint32_t base;
    uint32_t identity;
    uint32_t recorded; /* s; 0: taken back */
    uint32_t off;
    uint32_t at; /* s; of a conflict */
    uint16_t facility;
    uint64_t seq;
    bool joins;
};

/* From now on the base's identities have rows of their own, so also the one it carries. */
static void make_own_binding(struct visits *self, const struct binding_said *said) {
    const struct record *base = visits_record(self, said->base);
    const uint32_t own = base->identity;
    if (own == 0 || edge_find(self, EDGE_UNBOUND, said->base, own) != 0) {
        return;
    }
    const struct edge_said edge = {.kind = EDGE_UNBOUND,
                                   .a = said->base,
                                   .b = own,
                                   .recorded = base->bound_recorded == 0 ? 1 : base->bound_recorded,
                                   .seq = said->seq};
    edge_say(self, &edge);
    const uint32_t second = make_second(self, said->base, own);
    visits_record(self, second)->bound_recorded = visits_record(self, said->base)->bound_recorded;
}

static void say_binding(struct visits *self, const struct binding_said *said) {
    make_own_binding(self, said);
    const struct edge_said edge = {.kind = EDGE_UNBOUND,
                                   .a = said->base,
                                   .b = said->identity,
                                   .recorded = said->recorded,
                                   .off = said->off,
                                   .facility = said->facility,
                                   .seq = said->seq};
    const uint32_t known = edge_find(self, EDGE_UNBOUND, said->base, said->identity);
    const bool held = known != 0 && edge_is_live(visits_edge(self, known));
    const struct edge *row = edge_say(self, &edge);
    const uint32_t first = row->first_recorded;
    const bool is_new = !held && edge_is_live(row);
    const uint32_t second = make_second(self, said->base, said->identity);
    const uint32_t own = visits_record(self, said->base)->identity;
    visits_record(self, second)->bound_recorded = first;
    if (own == said->identity) {
        visits_record(self, said->base)->bound_recorded = first;
    } else if (own != 0 && is_new) {
        const struct opened opened = {.kind = VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_SECOND_RESIDENT_ID,
                                      .first = binding_second(self, said->base, own),
                                      .second = second,
                                      .at = said->at,
                                      .facility = said->facility,
                                      .seq = said->seq};
        open_conflict(self, &opened);
    }
}

static bool has_bindings(const struct visits *self, uint32_t base) {
    return binding_first(self, base) != 0;
}

static void bind(struct visits *self, const struct binding_said *said) {
    struct record *base = visits_record(self, said->base);
    if (has_bindings(self, said->base) || (base->identity != 0 && base->identity != said->identity)) {
        say_binding(self, said);
    } else if (base->identity == 0) {
        carry(self, said->base, said->identity, said->joins);
        base->bound_recorded = said->recorded;
    } else if (said->recorded < base->bound_recorded) {
        base->bound_recorded = said->recorded;
    }
}

uint32_t evolve_person_make(struct visits *self, const struct owner_key *owner, uint32_t recorded, uint32_t *base,
                            uint32_t *identity) {
    const uint16_t flags = (uint16_t)(owner->flags & ~OWNER_HAS_IDENTITY);
    *base = find_or_make_record(self, &owner->base, owner->facility, flags);
    *identity = 0;
    if ((owner->flags & OWNER_HAS_IDENTITY) == 0) {
        return *base;
    }
    uint32_t named = visits_record(self, *base)->identity;
    if (named == 0 || memcmp(&visits_identity(self, named)->key, &owner->identity, sizeof owner->identity) != 0) {
        named = find_or_make_identity(self, &owner->identity, owner->last4);
    }
    if ((owner->flags & RECORD_LOCAL) == 0) {
        if (visits_record(self, *base)->identity == 0) {
            carry(self, *base, named, true);
        }
        return *base;
    }
    const struct binding_said said = {
        .base = *base, .identity = named, .recorded = recorded, .at = recorded, .joins = true};
    bind(self, &said);
    *identity = named;
    return person_record(self, *base, named);
}

/* --- what was stated --- */

struct item_place {
    const struct event_persons_stated *head;
    uint64_t seq;
};

static void stated_bind(struct visits *self, const struct stated_item *item, const struct item_place *place) {
    const uint32_t record = find_or_make_record(self, &item->a, item->a_facility, item->a_flags);
    const uint32_t identity = find_or_make_identity(self, &item->identity, item->last4);
    if (item->a_flags & RECORD_LOCAL) {
        const struct binding_said said = {.base = record,
                                          .identity = identity,
                                          .recorded = item->recorded,
                                          .at = place->head->at,
                                          .facility = place->head->facility,
                                          .seq = place->seq};
        bind(self, &said);
    } else if (visits_record(self, record)->identity == 0) {
        carry(self, record, identity, false);
    }
}

static void stated_unbind(struct visits *self, const struct stated_item *item, const struct item_place *place) {
    const struct binding_said said = {.base = find_or_make_record(self, &item->a, item->a_facility, item->a_flags),
                                      .identity = visits_find_identity(self, &item->identity),
                                      .off = item->recorded,
                                      .facility = place->head->facility,
                                      .seq = place->seq};
    CHECK(said.identity != 0);
    say_binding(self, &said);
}

static void stated_edge(struct visits *self, const struct stated_item *item, const struct item_place *place) {
    const bool is_off = item->what == STATED_EDGE_OFF;
    const struct edge_said said = {.kind = item->kind,
                                   .a = find_or_make_record(self, &item->a, item->a_facility, item->a_flags),
                                   .b = find_or_make_record(self, &item->b, item->b_facility, item->b_flags),
                                   .recorded = is_off ? 0 : item->recorded,
                                   .off = is_off ? item->recorded : 0,
                                   .facility = place->head->facility,
                                   .seq = place->seq};
    edge_say(self, &said);
}

static void stated_conflict(struct visits *self, const struct stated_item *item, const struct item_place *place) {
    const struct opened opened = {.kind = item->kind,
                                  .first = find_or_make_record(self, &item->a, item->a_facility, item->a_flags),
                                  .second = find_or_make_record(self, &item->b, item->b_facility, item->b_flags),
                                  .at = place->head->at,
                                  .facility = place->head->facility,
                                  .seq = place->seq};
    open_conflict(self, &opened);
}

static void stated_item(struct visits *self, const struct stated_item *item, const struct item_place *place) {
    switch ((enum stated_what)item->what) {
    case STATED_RECORD:
        find_or_make_record(self, &item->a, item->a_facility, item->a_flags);
        return;
    case STATED_BIND:
        stated_bind(self, item, place);
        return;
    case STATED_UNBIND:
        stated_unbind(self, item, place);
        return;
    case STATED_EDGE:
    case STATED_EDGE_OFF:
        stated_edge(self, item, place);
        return;
    case STATED_CONFLICT:
        stated_conflict(self, item, place);
        return;
    case STATED_DECIDED:
        CHECK(item->number <= self->conflicts.count);
        visits_conflict(self, item->number)->decision = item->kind;
        return;
    }
    CHECK(!"a statement of a newer version is in the log");
}

static void persons_stated(struct visits *self, const struct event *event) {
    struct event_persons_stated head;
    CHECK(event->private_size >= sizeof head);
    memcpy(&head, event->private_body, sizeof head);
    CHECK(event->private_size == sizeof head + head.count * sizeof(struct stated_item));
    const uint8_t *next = (const uint8_t *)event->private_body + sizeof head;
    const struct item_place place = {.head = &head, .seq = event->seq};
    for (size_t i = 0; i < head.count; i++) {
        struct stated_item item;
        memcpy(&item, next + i * sizeof item, sizeof item);
        stated_item(self, &item, &place);
    }
}

/* --- what followed --- */

/* Moves the visits of a base or a second record to where they belong once the base carries `wanted`. */
static void move_visits(struct visits *self, uint32_t base, uint32_t wanted, uint32_t holder) {
    uint32_t number = holder == 0 ? 0 : visits_record(self, holder)->first_visit;
    while (number != 0) {
        struct visit *visit = visits_visit(self, number);
        const uint32_t next = visit->next;
        const uint32_t target = binding_target(self, base, wanted, holder, visit);
        const uint32_t named = visits_record(self, holder)->identity;
        if ((visit->flags & VISIT_NAMED) && target == base && named != wanted) {
            visit->flags = (uint16_t)(visit->flags & ~VISIT_NAMED); /* what it named was separated from the local id */
        }
        if (target != holder) {
            evolve_visit_detach(self, number);
            evolve_visit_attach(self, number, target);
        }
        number = next;
    }
}

static uint32_t find_named(const struct visits *self, const struct key16 *key) {
    static const struct key16 none;
    return memcmp(key, &none, sizeof none) == 0 ? 0 : visits_find_identity(self, key);
}

static void settle(struct visits *self, const struct regrouped_settle *item) {
    const uint32_t base = visits_find_record(self, &item->base);
    const uint32_t wanted = find_named(self, &item->identity);
    const uint32_t other = find_named(self, &item->other);
    const uint32_t now = visits_record(self, base)->identity;
    CHECK(base != 0);
    const uint32_t own_second = now == 0 ? 0 : binding_second(self, base, now);
    const uint32_t wanted_second = wanted == 0 ? 0 : binding_second(self, base, wanted);
    move_visits(self, base, wanted, base);
    move_visits(self, base, wanted, wanted_second);
    if (other != 0 && other != wanted) {
        move_visits(self, base, wanted, binding_second(self, base, other));
    }
    if (now != wanted && now != 0 && visits_identity(self, now)->first_record == base) {
        CHECK(own_second != 0);
        visits_identity(self, now)->first_record = own_second;
    }
    visits_record(self, base)->identity = wanted;
    visits_record(self, base)->bound_recorded = visits_record(self, wanted_second)->bound_recorded;
}

static void set_person(struct visits *self, const uint8_t *keys, uint32_t count) {
    uint32_t head = 0, last = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct key12 key;
        memcpy(&key, keys + i * sizeof key, sizeof key);
        const uint32_t record = visits_find_record(self, &key);
        CHECK(record != 0);
        head = i == 0 ? record : head;
        if (last != 0) {
            visits_record(self, last)->next_in_person = record;
        }
        visits_record(self, record)->person = head;
        visits_record(self, record)->next_in_person = 0;
        last = record;
    }
}

/* Takes the next part off a body; CHECKs that it is there. */
static const uint8_t *take(const uint8_t **next, size_t *left, size_t size) {
    const uint8_t *part = *next;
    CHECK(size <= *left);
    *next += size;
    *left -= size;
    return part;
}

static void persons_regrouped(struct visits *self, const struct event *event) {
    struct event_persons_regrouped head;
    const uint8_t *next = event->private_body;
    size_t left = event->private_size;
    memcpy(&head, take(&next, &left, sizeof head), sizeof head);
    for (size_t i = 0; i < head.settle_count; i++) {
        struct regrouped_settle item;
        memcpy(&item, take(&next, &left, sizeof item), sizeof item);
        settle(self, &item);
    }
    for (size_t i = 0; i < head.conflict_count; i++) {
        struct regrouped_conflict item;
        memcpy(&item, take(&next, &left, sizeof item), sizeof item);
        const struct opened opened = {.kind = item.kind,
                                      .first = visits_find_record(self, &item.first),
                                      .second = visits_find_record(self, &item.second),
                                      .at = head.at,
                                      .facility = head.facility,
                                      .seq = event->seq};
        open_conflict(self, &opened);
    }
    for (size_t i = 0; i < head.person_count; i++) {
        uint32_t count;
        memcpy(&count, take(&next, &left, sizeof count), sizeof count);
        set_person(self, take(&next, &left, count * sizeof(struct key12)), count);
    }
    CHECK(left == 0);
}

/* --- the rest --- */

static void looked_up(struct visits *self, const struct event *event) {
    struct event_looked_up body;
    uint32_t number;
    BODY_OF(event, body);
    if (table_is_full(&self->lookups)) {
        return; /* it stays in the log; the rules refuse what cannot be listed */
    }
    struct lookup *row = table_add(&self->lookups, &number);
    row->seq = event->seq;
    row->at = body.at;
    row->what = body.what;
    memcpy(row->principal, body.principal, sizeof row->principal);
    memcpy(row->reason, body.reason, sizeof row->reason);
}

static void domain_registered(struct visits *self, const struct event *event) {
    struct domain body;
    BODY_OF(event, body);
    uint32_t number = visits_find_domain(self, body.code);
    if (number != 0) {
        *visits_domain(self, number) = body;
        return;
    }
    *(struct domain *)table_add(&self->domains, &number) = body;
    index_add(&self->domain_by_code, number);
}

/* Of older logs: local ids got a number they did not have; the public body said what that changed. */
static void records_linked(struct visits *self, const struct event *event) {
    struct event_records_linked body;
    BODY_OF(event, body);
    CHECK(body.count <= LINKED_RECORDS_MAX);
    for (size_t i = 0; i < body.count; i++) {
        struct owner_key owner = {.base = body.records[i],
                                  .identity = body.identity,
                                  .facility = body.facility,
                                  .flags = RECORD_LOCAL | OWNER_HAS_IDENTITY};
        uint32_t base, identity;
        memcpy(owner.last4, body.last4, sizeof owner.last4);
        evolve_person_make(self, &owner, 0, &base, &identity);
    }
}

bool evolve_person(struct visits *self, const struct event *event) {
    switch (event->type) {
    case EVENT_RECORDS_LINKED:
        records_linked(self, event);
        return true;
    case EVENT_PERSONS_STATED:
        persons_stated(self, event);
        return true;
    case EVENT_PERSONS_REGROUPED:
        persons_regrouped(self, event);
        return true;
    case EVENT_LOOKED_UP:
        looked_up(self, event);
        return true;
    case EVENT_DOMAIN_REGISTERED:
        domain_registered(self, event);
        return true;
    case EVENT_PATIENTS_CORRECTED:
        return true;
    default:
        return false;
    }
}
