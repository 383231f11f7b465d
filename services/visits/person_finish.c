#include "visits/person_say.h"

#include <string.h>

#include "base/check.h"
#include "visits/v1/query.pb-c.h"

/* What becomes of what a command says: the events of its phases. */

/* --- what is stated --- */

static bool is_room(const struct table *table, uint32_t more) {
    return table->rows_max - table->count >= more;
}

static void keep_item(struct saying *s, const struct stated_item *item) {
    if (s->count == STATED_ITEMS_MAX) {
        s->is_full = true;
    } else {
        s->items[s->count++] = *item;
    }
}

/* Edges that would make what hangs together too large are not even kept: each is a conflict. */
static void leave_edges(struct saying *s) {
    const struct stated_item *said = s->items;
    const size_t count = s->count;
    s->items = arena_alloc(s->d->arena, STATED_ITEMS_MAX * sizeof *s->items);
    s->count = 0;
    if (s->items == NULL) {
        saying_refuse(s, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (said[i].what != STATED_EDGE) {
            keep_item(s, &said[i]);
            continue;
        }
        const struct owner_key a = {.base = said[i].a, .facility = said[i].a_facility, .flags = said[i].a_flags};
        const struct owner_key b = {.base = said[i].b, .facility = said[i].b_facility, .flags = said[i].b_flags};
        saying_conflict(s, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_TOO_LARGE, &a, &b);
    }
    if (s->is_full) {
        saying_refuse(s, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
    }
}

/* False: refused. */
static bool check_size(struct saying *s, size_t messages_max, bool many) {
    struct regroup_scope scope;
    const bool must_do = s->rebinds || s->takes_back || s->joins_surely || many;
    const bool fits = regroup_scope(s->d->self, s->seeds, s->seed_count, REGROUP_STATED_RECORDS_MAX, s->d->arena, &scope);
    if (!fits && !must_do) {
        leave_edges(s);
        return !s->is_refused;
    }
    /* An event of corrections is full after so many visits at the earliest. */
    const uint32_t visits_max = (uint32_t)(messages_max * (EVENT_PUBLIC_BYTES_MAX / DISTINCT_MOVE_BYTES));
    const uint32_t bound = visits_max < REGROUP_VISITS_MAX ? visits_max : REGROUP_VISITS_MAX;
    if (must_do && (!fits || regroup_count_visits(&scope) > bound)) {
        saying_refuse(s, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return false;
    }
    return true;
}

static void emit_stated(struct saying *s) {
    struct deciding *d = s->d;
    const size_t size = sizeof(struct event_persons_stated) + s->count * sizeof *s->items;
    uint8_t *body = arena_alloc(d->arena, size);
    if (body == NULL) {
        saying_refuse(s, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    const struct event_persons_stated head = {.at = rules_seconds(d->command->received_at_ms),
                                              .facility = d->facility_row,
                                              .count = (uint16_t)s->count};
    memcpy(body, &head, sizeof head);
    memcpy(body + sizeof head, s->items, s->count * sizeof *s->items);
    rules_emit(d, EVENT_PERSONS_STATED, body, size, 0);
    d->decision->again = true;
}

static enum person_step say(struct saying *s, size_t messages_max, bool many) {
    const struct visits *self = s->d->self;
    if (!s->is_refused && s->is_full) {
        saying_refuse(s, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
    }
    if (!s->is_refused && (!is_room(&self->records, s->records) || !is_room(&self->identities, s->identities) ||
                           !is_room(&self->edges, s->edges))) {
        saying_refuse(s, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
    }
    if (s->is_refused || (s->count > s->decides && !check_size(s, messages_max, many))) {
        return PERSON_REFUSED;
    }
    if (s->count == 0) {
        return PERSON_READY;
    }
    emit_stated(s);
    return s->is_refused ? PERSON_REFUSED : PERSON_AGAIN;
}

/* --- what follows from it --- */

static struct key16 identity_key(const struct visits *self, uint32_t identity) {
    return visits_identity(self, identity)->key; /* of none: zeros */
}

static size_t regrouped_size(const struct regroup *plan) {
    size_t size = sizeof(struct event_persons_regrouped) + plan->settle_count * sizeof(struct regrouped_settle) +
                  plan->conflict_count * sizeof(struct regrouped_conflict);
    for (size_t i = 0; i < plan->person_count; i++) {
        size += sizeof(uint32_t) + plan->person_sizes[i] * sizeof(struct key12);
    }
    return size;
}

static void append(uint8_t **next, const void *part, size_t size) {
    memcpy(*next, part, size);
    *next += size;
}

static void fill_regrouped(const struct deciding *d, const struct regroup *plan, uint8_t *next) {
    const struct visits *self = d->self;
    const struct event_persons_regrouped head = {.at = rules_seconds(d->command->received_at_ms),
                                                 .facility = d->facility_row,
                                                 .settle_count = (uint16_t)plan->settle_count,
                                                 .conflict_count = (uint16_t)plan->conflict_count,
                                                 .person_count = (uint16_t)plan->person_count};
    append(&next, &head, sizeof head);
    for (size_t i = 0; i < plan->settle_count; i++) {
        const struct regrouped_settle item = {visits_record(self, plan->settles[i].base)->key,
                                              identity_key(self, plan->settles[i].identity),
                                              identity_key(self, plan->settles[i].other)};
        append(&next, &item, sizeof item);
    }
    for (size_t i = 0; i < plan->conflict_count; i++) {
        const struct regrouped_conflict item = {.first = visits_record(self, plan->conflicts[i].first)->key,
                                                .second = visits_record(self, plan->conflicts[i].second)->key,
                                                .kind = plan->conflicts[i].kind};
        append(&next, &item, sizeof item);
    }
    for (size_t i = 0; i < plan->person_count; i++) {
        append(&next, &plan->person_sizes[i], sizeof plan->person_sizes[i]);
        for (size_t j = 0; j < plan->person_sizes[i]; j++) {
            append(&next, &visits_record(self, plan->persons[i][j])->key, sizeof(struct key12));
        }
    }
}

static const ProtobufCMessage *corrected(struct deciding *d, Visits__V1__PatientsCorrected *message) {
    Visits__V1__Event *event = arena_alloc(d->arena, sizeof *event);
    CHECK(event != NULL);
    visits__v1__event__init(event);
    event->body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event->patients_corrected = message;
    return &event->base;
}

static enum person_step regroup(struct saying *s, size_t messages_max) {
    struct deciding *d = s->d;
    struct regroup plan;
    regroup_plan(d->self, s->seeds, s->seed_count, messages_max, d->arena, &plan);
    if (regroup_is_empty(&plan)) {
        return PERSON_READY;
    }
    if (plan.conflict_count > 0) {
        rules_warn(d, VISITS__V1__CODE__CODE_CONFLICT_OPENED, NULL);
    }
    const size_t size = regrouped_size(&plan);
    uint8_t *body = arena_alloc(d->arena, size);
    CHECK(body != NULL && size <= EVENT_PRIVATE_BYTES_MAX);
    fill_regrouped(d, &plan, body);
    struct event *event = rules_emit(d, EVENT_PERSONS_REGROUPED, body, size, 0);
    for (size_t i = 0; i < plan.deltas.message_count; i++) {
        event = i == 0 ? event : rules_emit(d, EVENT_PATIENTS_CORRECTED, "", 0, 0);
        event->public_body = corrected(d, &plan.deltas.messages[i]);
    }
    d->decision->again = true;
    return PERSON_AGAIN;
}

enum person_step saying_finish(struct saying *s, size_t messages_max, bool many) {
    if (s->d->command->phase == 0) {
        return say(s, messages_max, many);
    }
    return s->d->command->phase == 1 ? regroup(s, messages_max) : PERSON_READY;
}
