#include <string.h>

#include "approvals/catalogue.h"
#include "approvals/publish_item.h"
#include "approvals/rules.h"
#include "base/civil.h"

/*
 * The catalogue: versions of items, each in force from a day on, and removals in rounds of streamlining. The feed is
 * told at once, also of days to come: counts are sums of changes by day, so what was said is never unsaid, only weighed
 * up.
 */

/* The packed command is kept whole, without what this build does not know. False: it is too large for an event. */
static bool emit_published(struct deciding *d, const struct catalogue_check *check,
                           const Approvals__V1__PublishItem *body) {
    Approvals__V1__PublishItem known_fields = *body;
    known_fields.base.n_unknown_fields = 0;
    struct event_item_published *logged;
    const size_t size = sizeof *logged + approvals__v1__publish_item__get_packed_size(&known_fields);
    if (size > EVENT_PRIVATE_BYTES_MAX) {
        return false;
    }
    logged = decide_take(d, size);
    catalogue_fill_version(check, &logged->version);
    logged->version.item = check->known != 0 ? check->known : approvals_of(d)->items.count + 1;
    logged->agency = (uint16_t)check->agency;
    memcpy(logged->code, body->code, strlen(body->code));
    approvals__v1__publish_item__pack(&known_fields, (uint8_t *)(logged + 1));
    const int32_t day = logged->version.effective_day;
    const uint32_t before = check->known == 0 ? 0 : approvals_version_on(d->self, check->known, day);
    decide_emit(d, EVENT_ITEM_PUBLISHED, logged, size, approvals_item(d->self, check->known)->last_seq)->public_body =
        publish_item_changed(
            d, day, before == 0 ? NULL : publish_item_facts(d, approvals_version(d->self, before), check->agency),
            publish_item_facts(d, &logged->version, check->agency));
    return true;
}

void rules_publish_item(struct deciding *d, const Approvals__V1__PublishItem *body) {
    struct catalogue_check check;
    const struct command *command = d->command;
    size_t at = 0;
    const char *field = NULL;
    if (!catalogue_begin(&check, d->self, body, command->organisation, command->role,
                         catalogue_today(d->self, command->received_at_ms), d->arena)) {
        decide_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    if (catalogue_is_unchanged(&check)) {
        return;
    }
    const struct catalogue_rule *broken = catalogue_next_broken(&check, &at, &field);
    if (broken != NULL) {
        decide_refuse(d, broken->code, field);
        return;
    }
    if (!decide_check_version(d, approvals_item(d->self, check.known)->last_seq)) {
        return;
    }
    if (table_is_full(&approvals_of(d)->versions) || (check.known == 0 && table_is_full(&approvals_of(d)->items))) {
        decide_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
    } else if (!emit_published(d, &check, body)) {
        decide_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
    }
}

/* --- removal --- */

static bool is_round_known(const struct approvals *self, uint32_t number) {
    for (uint32_t row = 1; row <= self->rounds.count; row++) {
        if (((const struct round *)table_row(&self->rounds, row))->number == number) {
            return true;
        }
    }
    return false;
}

static uint32_t check_removal(const struct deciding *d, const Approvals__V1__RemoveItem *body, uint32_t item,
                              const char **field) {
    *field = "code";
    if (item == 0) {
        return body->code[0] == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                  : (uint32_t)APPROVALS__V1__CODE__CODE_ITEM_UNKNOWN;
    }
    if (d->command->role == ROLE_PUBLISHER && approvals_item(d->self, item)->agency != d->agency) {
        return COMMON__V1__CODE__CODE_FORBIDDEN;
    }
    *field = "day";
    if (body->day == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (body->day >= (uint32_t)civil_day_from_date(CALENDAR_LAST_YEAR + 1, 1, 1)) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "round";
    if (body->round > UINT16_MAX) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    if (body->round != 0 && table_is_full(&approvals_of(d)->rounds) && !is_round_known(d->self, body->round)) {
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    *field = "reason";
    return strlen(body->reason) > APPROVALS_REASON_BYTES_MAX ? APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG : 0;
}

/* The version that a planned one was to replace on its day; 0: none. */
static uint32_t version_under(const struct approvals *self, uint32_t planned) {
    const int32_t day = approvals_version(self, planned)->effective_day;
    uint32_t row = approvals_version(self, planned)->older;
    while (row != 0 && approvals_version(self, row)->effective_day > day) {
        row = approvals_version(self, row)->older;
    }
    return row != 0 && day < approvals_version(self, row)->until_day ? row : 0;
}

static Approvals__V1__ItemFacts *facts_of(struct deciding *d, uint32_t version) {
    const struct item_version *row = approvals_version(d->self, version);
    return version == 0 ? NULL : publish_item_facts(d, row, approvals_item(d->self, row->item)->agency);
}

/* A version that was to take effect later does not: what was said of its day is weighed up. */
static void emit_planned(struct deciding *d, uint32_t item, uint32_t planned) {
    struct event_item_removed *logged = decide_take(d, sizeof *logged);
    logged->item = item;
    logged->day = approvals_version(d->self, planned)->effective_day;
    decide_emit(d, EVENT_ITEM_REMOVED, logged, sizeof *logged, approvals_item(d->self, item)->last_seq)->public_body =
        publish_item_changed(d, logged->day, facts_of(d, planned), facts_of(d, version_under(d->self, planned)));
}

/* False: more of them than fit into a decision. */
static bool emit_all_planned(struct deciding *d, uint32_t item, int32_t day) {
    for (uint32_t row = approvals_item(d->self, item)->newest; row != 0; row = approvals_version(d->self, row)->older) {
        const struct item_version *version = approvals_version(d->self, row);
        if (version->effective_day > day && catalogue_is_live(version)) {
            if (d->decision->event_count == DECISION_EVENTS_MAX - 1) {
                return false;
            }
            emit_planned(d, item, row);
        }
    }
    return true;
}

static void emit_removed(struct deciding *d, uint32_t item, const Approvals__V1__RemoveItem *body, uint32_t in_force) {
    const struct event_item_removed fixed = {.item = item, .day = (int32_t)body->day, .round = body->round};
    struct texts texts;
    texts_begin(d, &texts, &fixed, sizeof fixed, strlen(body->reason), 1);
    texts_add(&texts, TEXT_REASON, body->reason);
    decide_emit(d, EVENT_ITEM_REMOVED, texts.bytes, texts.size, approvals_item(d->self, item)->last_seq)->public_body =
        publish_item_removed(d, fixed.day, facts_of(d, in_force), body->round,
                             body->round != 0 && !is_round_known(d->self, body->round));
}

void rules_remove_item(struct deciding *d, const Approvals__V1__RemoveItem *body) {
    const uint32_t row = approvals_find_item(d->self, body->code);
    const struct item *item = approvals_item(d->self, row);
    const char *field = NULL;
    const uint32_t code = check_removal(d, body, row, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    if (item->removed_day == (int32_t)body->day && item->removed_round == body->round) {
        return; /* done already */
    }
    if (!decide_check_version(d, item->last_seq)) {
        return;
    }
    const uint32_t in_force = approvals_version_on(d->self, row, (int32_t)body->day);
    if (in_force == 0 || approvals_version(d->self, in_force)->until_day != INT32_MAX) { /* or removed on another day */
        decide_refuse(d, APPROVALS__V1__CODE__CODE_ITEM_NOT_IN_FORCE, "day");
    } else if (emit_all_planned(d, row, (int32_t)body->day)) {
        emit_removed(d, row, body, in_force);
    } else {
        decide_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "day");
    }
}
