#include "base/check.h"
#include "visits/rules.h"

/* What all rules share: the frame of a decision. */

void rules_refuse(struct deciding *d, uint32_t code, const char *field) {
    d->decision->event_count = 0;
    d->decision->again = false;
    d->decision->refused = true;
    d->decision->code = code;
    d->decision->field = field;
}

uint32_t rules_seconds(int64_t unix_ms) {
    const int64_t s = unix_ms / 1000;
    return s > 0 && s <= UINT32_MAX ? (uint32_t)s : 0;
}

void rules_warn(struct deciding *d, uint32_t code, const char *field) {
    if (d->decision->code == 0) {
        d->decision->code = code;
        d->decision->field = field;
    }
}

bool rules_check_recorded(struct deciding *d, int64_t recorded_at_ms, uint32_t *recorded) {
    if (rules_seconds(d->command->occurred_at_ms) == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "occurred_at_ms");
        return false;
    }
    *recorded = rules_seconds(recorded_at_ms == 0 ? d->command->occurred_at_ms : recorded_at_ms);
    if (*recorded == 0) {
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

bool rules_check_version(struct deciding *d, uint64_t last_seq) {
    if (command_is_stale(d->command, last_seq)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_STALE_VERSION, "expected_version");
        return false;
    }
    return true;
}

bool rules_require_person(struct deciding *d, const struct stated_person *person) {
    if (person->code != 0) {
        rules_refuse(d, person->code, person->field);
        return false;
    }
    if (!person_is_named(person)) {
        rules_refuse(d,
                     person->has_number ? VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID
                                        : VISITS__V1__CODE__CODE_IDENTITY_MISSING,
                     "resident_id");
        return false;
    }
    if (person->has_number && !person->has_identity) { /* the local ids carry it */
        rules_warn(d, VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID, "resident_id");
    }
    return true;
}

struct event *rules_emit(struct deciding *d, uint32_t type, const void *body, size_t size, uint64_t prev) {
    CHECK(d->decision->event_count < DECISION_EVENTS_MAX);
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

static void decide_of_facility(struct deciding *d, const Visits__V1__Command *body) {
    switch (body->body_case) {
    case VISITS__V1__COMMAND__BODY_OPEN_VISIT:
        rules_open_visit(d, body->open_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CLOSE_VISIT:
        rules_close_visit(d, body->close_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CANCEL_VISIT:
        rules_cancel_visit(d, body->cancel_visit);
        return;
    case VISITS__V1__COMMAND__BODY_CHANGE_CLASS:
        rules_change_class(d, body->change_class);
        return;
    case VISITS__V1__COMMAND__BODY_REPORT_VISIT:
        rules_report_visit(d, body->report_visit);
        return;
    case VISITS__V1__COMMAND__BODY_MOVE_VISITS:
        rules_move_visits(d, body->move_visits);
        return;
    case VISITS__V1__COMMAND__BODY_UPDATE_PERSON:
        rules_update_person(d, body->update_person);
        return;
    case VISITS__V1__COMMAND__BODY_DELETE_PERSON:
        rules_delete_person(d, body->delete_person);
        return;
    case VISITS__V1__COMMAND__BODY_MERGE_PERSONS:
        rules_merge_persons(d, body->merge_persons);
        return;
    case VISITS__V1__COMMAND__BODY_LINK_PERSONS:
        rules_link_persons(d, body->link_persons);
        return;
    case VISITS__V1__COMMAND__BODY_UNLINK_PERSONS:
        rules_unlink_persons(d, body->unlink_persons);
        return;
    case VISITS__V1__COMMAND__BODY_REGISTER_FACILITY:
    case VISITS__V1__COMMAND__BODY_REGISTER_DOMAIN:
    case VISITS__V1__COMMAND__BODY_JOIN_PERSONS:
    case VISITS__V1__COMMAND__BODY_SEPARATE_PERSONS:
    case VISITS__V1__COMMAND__BODY_DECIDE_CONFLICT:
    case VISITS__V1__COMMAND__BODY__NOT_SET:
    case _VISITS__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    rules_refuse(d, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
}

/* Commands of operators and registrars. False: it is none of these. */
static bool decide_of_nobody(struct deciding *d, const Visits__V1__Command *body) {
    switch ((int)body->body_case) {
    case VISITS__V1__COMMAND__BODY_REGISTER_FACILITY:
        rules_register_facility(d, body->register_facility);
        return true;
    case VISITS__V1__COMMAND__BODY_REGISTER_DOMAIN:
        rules_register_domain(d, body->register_domain);
        return true;
    case VISITS__V1__COMMAND__BODY_JOIN_PERSONS:
        rules_join_persons(d, body->join_persons);
        return true;
    case VISITS__V1__COMMAND__BODY_SEPARATE_PERSONS:
        rules_separate_persons(d, body->separate_persons);
        return true;
    case VISITS__V1__COMMAND__BODY_DECIDE_CONFLICT:
        rules_decide_conflict(d, body->decide_conflict);
        return true;
    default: /* a facility's */
        return false;
    }
}

void visits_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision) {
    const Visits__V1__Command *body = (const Visits__V1__Command *)command->body;
    struct deciding d = {.self = self, .command = command, .arena = arena, .decision = decision};
    d.work = arena_alloc(arena, sizeof *d.work);
    d.keys = command->prepared != NULL ? command->prepared : visits_prepare(self, command, arena);
    if (d.work == NULL || d.keys == NULL) {
        rules_refuse(&d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
    } else if (!decide_of_nobody(&d, body) && find_facility(&d)) {
        decide_of_facility(&d, body);
    }
}
