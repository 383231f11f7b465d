#include <string.h>

#include "visits/rules.h"

/* What all rules share: the frame of a decision. */

void rules_refuse(struct deciding *d, uint32_t code, const char *field) {
    d->decision->event_count = 0;
    d->decision->refused = true;
    d->decision->code = code;
    d->decision->field = field;
}

uint32_t rules_seconds(int64_t unix_ms) {
    const int64_t s = unix_ms / 1000;
    return s > 0 && s <= UINT32_MAX ? (uint32_t)s : 0;
}

static bool check_recorded(struct deciding *d, int64_t recorded_at_ms, struct visit_claim *claim) {
    if (rules_seconds(d->command->occurred_at_ms) == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "occurred_at_ms");
        return false;
    }
    claim->recorded = rules_seconds(recorded_at_ms == 0 ? d->command->occurred_at_ms : recorded_at_ms);
    if (claim->recorded == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "recorded_at_ms");
        return false;
    }
    /* A statement from the future would stand against every later one. */
    if (recorded_at_ms > d->command->received_at_ms + d->self->options.future_ms) {
        rules_refuse(d, COMMON__V1__CODE__CODE_IN_THE_FUTURE, "recorded_at_ms");
        return false;
    }
    return true;
}

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

bool rules_claim_visit(struct deciding *d, const char *visit_number, int64_t recorded_at_ms,
                       struct visit_claim *claim) {
    if (!check_number(d, visit_number) || !check_recorded(d, recorded_at_ms, claim)) {
        return false;
    }
    claim->key = d->keys->visit;
    return true;
}

bool rules_find_visit(struct deciding *d, struct visit_claim *claim) {
    claim->number = visits_find_visit(d->self, &claim->key);
    claim->row = *visits_visit(d->self, claim->number);
    claim->row.key = claim->key;
    claim->row.facility = d->facility_row;
    if (d->command->expected_version != 0 && d->command->expected_version != claim->row.last_seq) {
        rules_refuse(d, COMMON__V1__CODE__CODE_STALE_VERSION, "expected_version");
        return false;
    }
    return true;
}

struct event *rules_emit(struct deciding *d, enum event_type type, const void *body, size_t size, uint64_t prev) {
    struct event *event = &d->decision->events[d->decision->event_count++];
    *event = (struct event){.type = type, .prev = prev, .private_body = body, .private_size = size};
    return event;
}

/* A facility's own commands: the organisation is the facility. */
static bool find_facility(struct deciding *d) {
    const uint32_t row = visits_find_facility(d->self, d->command->organisation);
    if (row == 0 || row != d->keys->facility) { /* a facility registered since the keys were made: next time */
        rules_refuse(d, VISITS__V1__CODE__CODE_FACILITY_UNKNOWN, NULL);
        return false;
    }
    d->facility = visits_facility(d->self, row);
    d->facility_row = (uint16_t)row;
    /* Under another key every person would look new, and be counted again. */
    if (d->facility->key_check != d->self->key_check) {
        rules_refuse(d, VISITS__V1__CODE__CODE_PSEUDONYM_KEY_CHANGED, NULL);
        return false;
    }
    return true;
}

void visits_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision) {
    const Visits__V1__Command *body = (const Visits__V1__Command *)command->body;
    struct deciding d = {.self = self, .command = command, .arena = arena, .decision = decision};
    d.work = arena_alloc(arena, sizeof *d.work);
    d.keys = command->prepared != NULL ? command->prepared : visits_prepare(self, command, arena);
    if (d.work == NULL || d.keys == NULL) {
        rules_refuse(&d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return;
    }
    if (body->body_case == VISITS__V1__COMMAND__BODY_REGISTER_FACILITY) {
        rules_register_facility(&d, body->register_facility);
        return;
    }
    if (!find_facility(&d)) {
        return;
    }
    switch (body->body_case) {
    case VISITS__V1__COMMAND__BODY_OPEN_VISIT:
        rules_open_visit(&d, body->open_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CLOSE_VISIT:
        rules_close_visit(&d, body->close_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CANCEL_VISIT:
        rules_cancel_visit(&d, body->cancel_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CHANGE_CLASS:
        rules_change_class(&d, body->change_class);
        return;
    case VISITS__V1__COMMAND__BODY_REGISTER_FACILITY:
    case VISITS__V1__COMMAND__BODY__NOT_SET:
    case _VISITS__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    rules_refuse(&d, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
}
