#ifndef TESTS_VISITS_FIXTURE_H
#define TESTS_VISITS_FIXTURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/civil.h"
#include "codes/resident_id.h"
#include "visits/evolve.h"
#include "visits/rules.h"

/* The rules of the visit registry without anything else: for pure tests, the fuzzer and the bench. Header only. */

struct kept_event {
    uint32_t type;
    size_t size;
    uint8_t *body; /* owned */
};

struct fixture {
    struct visits visits;
    struct state state;
    struct arena arena;
    uint64_t seq;
    struct kept_event *log; /* the fold's input; NULL: not kept */
    size_t log_size;
    size_t log_capacity;
    bool keeps_log;
};

static inline void fixture_init(struct fixture *fixture, uint32_t persons_max, uint32_t visits_max) {
    *fixture = (struct fixture){.seq = 0};
    struct visits_options options = {.future_ms = 1000, .persons_max = persons_max, .visits_max = visits_max};
    memset(options.pseudonym_key, 7, sizeof options.pseudonym_key);
    if (sodium_init() < 0) {
        abort();
    }
    visits_state_init(&fixture->visits, &options, &fixture->state);
    arena_init(&fixture->arena, (size_t)8 << 20);
}

static inline void fixture_release(struct fixture *fixture) {
    state_release(&fixture->state);
    arena_release(&fixture->arena);
    for (size_t i = 0; i < fixture->log_size; i++) {
        free(fixture->log[i].body);
    }
    free(fixture->log);
}

static inline void fixture_keep(struct fixture *fixture, const struct event *event) {
    if (fixture->log_size == fixture->log_capacity) {
        fixture->log_capacity = fixture->log_capacity == 0 ? 1024 : fixture->log_capacity * 2;
        fixture->log = realloc(fixture->log, fixture->log_capacity * sizeof *fixture->log);
    }
    struct kept_event *kept = &fixture->log[fixture->log_size++];
    *kept =
        (struct kept_event){.type = event->type, .size = event->private_size, .body = malloc(event->private_size + 1)};
    if (kept->body == NULL) {
        abort();
    }
    memcpy(kept->body, event->private_body, event->private_size);
}

static inline void fixture_evolve(struct fixture *fixture, struct event *event) {
    struct event folded = *event;
    event->seq = folded.seq = ++fixture->seq;
    if (fixture->keeps_log) {
        fixture_keep(fixture, &folded);
    }
    folded.public_body = NULL;
    visits_evolve(&fixture->visits, &folded);
}

static inline void fixture_evolve_all(struct fixture *fixture, struct decision *decision, size_t from) {
    for (size_t i = from; i < decision->event_count; i++) {
        fixture_evolve(fixture, &decision->events[i]);
    }
}

/* Further phases: their events come behind those of the first. */
static inline void fixture_go_on(struct fixture *fixture, const struct command *command, struct decision *decision) {
    struct command phase = *command;
    bool again = true;
    while (again) {
        struct decision part = {.event_count = 0};
        const size_t from = decision->event_count;
        phase.phase++;
        visits_decide(&fixture->visits, &phase, &fixture->arena, &part);
        if (part.refused || from + part.event_count > DECISION_EVENTS_MAX) {
            abort();
        }
        memcpy(decision->events + from, part.events, part.event_count * sizeof part.events[0]);
        decision->event_count += part.event_count;
        if (decision->code == 0) {
            decision->code = part.code;
            decision->field = part.field;
        }
        fixture_evolve_all(fixture, decision, from);
        again = part.again;
    }
}

/* Decides in all its phases, and folds what was decided. The decision holds the events of all of them; its public
 * bodies stay valid until the next step. */
static inline void fixture_step(struct fixture *fixture, const struct command *command, struct decision *decision) {
    arena_reset(&fixture->arena);
    *decision = (struct decision){.event_count = 0};
    visits_decide(&fixture->visits, command, &fixture->arena, decision);
    fixture_evolve_all(fixture, decision, 0);
    if (decision->again) {
        fixture_go_on(fixture, command, decision);
    }
}

/* --- commands as rows of a table --- */

enum verb { OPEN = 1, CLOSE, CANCEL, CHANGE, REGISTER, SAY, MOVE };

/* visits.v1.VisitStatement, short. */
enum said {
    OPENED = 1,
    PRE_ADMITTED,
    UPDATED,
    MOVED,
    MOVED_BACK,
    CLOSED,
    REOPENED,
    CLASSED,
    CANCELLED,
    PRE_CANCELLED,
};

/* SAY: ReportVisit of `said`. MOVE: one visit, to `other` as its number and (with rid or local) to a person. */
struct act {
    enum verb verb;
    const char *org;      /* facility; for REGISTER the facility named */
    const char *number;   /* of the visit; for REGISTER the name */
    const char *at;       /* local time "2020-07-03T10:00" */
    const char *recorded; /* the same; NULL: not given */
    const char *rid;
    const char *local;
    int card;     /* 0: social security card; -1: unspecified */
    int class_of; /* 0: outpatient; -1: unspecified */
    uint32_t region;
    uint64_t expected;
    enum said said;
    const char *other; /* number: the former one; of MOVE the new one */
    const char *local2;
    const char *department;
    const char *movement;
    const char *opened; /* local time */
    const char *called; /* rescue circle, local times */
    const char *arrived;
    int64_t opened_ms; /* instead of `opened` */
    bool urban;
    bool creates;
};

#define AS_RECEIVED_MS INT64_C(1900000000000)

static inline int64_t time_of(const char *text) {
    char full[32];
    int64_t ms = 0;
    if (text == NULL) {
        return 0;
    }
    snprintf(full, sizeof full, "%s:00+08:00", text);
    if (!civil_time_parse(full, &ms)) {
        abort();
    }
    return ms;
}

static inline char *text_or_empty(const char *text) {
    return (char *)(text == NULL ? "" : text);
}

struct act_body {
    Visits__V1__Command command;
    Visits__V1__RegisterFacility register_facility;
    Visits__V1__OpenVisit open;
    Visits__V1__CloseVisit close;
    Visits__V1__CancelVisit cancel;
    Visits__V1__ChangeClass change;
    Visits__V1__ReportVisit report;
    Visits__V1__RescueTimes rescue;
    Visits__V1__MoveVisits moves;
    Visits__V1__VisitMove move;
    Visits__V1__VisitMove *move_list[1];
    Visits__V1__Identifiers person;
    Visits__V1__LocalId ids[2];
    Visits__V1__LocalId *id_list[2];
};

static inline void fill_id(struct act_body *body, const char *value) {
    if (value != NULL) {
        Visits__V1__LocalId *id = &body->ids[body->person.n_local_ids];
        visits__v1__local_id__init(id);
        id->value = text_or_empty(value);
        body->id_list[body->person.n_local_ids++] = id;
    }
}

/* NULL: nobody is named. */
static inline Visits__V1__Identifiers *fill_person(const struct act *act, struct act_body *body) {
    visits__v1__identifiers__init(&body->person);
    body->person.resident_id = text_or_empty(act->rid);
    body->person.local_ids = body->id_list;
    fill_id(body, act->local);
    fill_id(body, act->local2);
    return act->rid == NULL && act->local == NULL ? NULL : &body->person;
}

static inline Visits__V1__CardKind card_of(const struct act *act) {
    return act->card == 0 ? VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY
                          : (Visits__V1__CardKind)(act->card < 0 ? 0 : act->card);
}

static inline Visits__V1__VisitClass class_of(const struct act *act) {
    return act->class_of == 0 ? VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT
                              : (Visits__V1__VisitClass)(act->class_of < 0 ? 0 : act->class_of);
}

static inline void fill_open(const struct act *act, int64_t recorded_ms, Visits__V1__OpenVisit *open) {
    visits__v1__open_visit__init(open);
    open->visit_number = text_or_empty(act->number);
    open->resident_id = text_or_empty(act->rid);
    open->local_id = text_or_empty(act->local);
    open->card_kind = card_of(act);
    open->visit_class = class_of(act);
    open->recorded_at_ms = recorded_ms;
}

static inline void fill_report(const struct act *act, int64_t recorded_ms, struct act_body *body) {
    Visits__V1__ReportVisit *report = &body->report;
    visits__v1__report_visit__init(report);
    report->statement = (Visits__V1__VisitStatement)act->said;
    report->visit_number = text_or_empty(act->number);
    report->person = fill_person(act, body);
    report->card_kind = card_of(act);
    report->visit_class = class_of(act);
    report->opened_at_ms = act->opened_ms != 0 ? act->opened_ms : time_of(act->opened);
    report->recorded_at_ms = recorded_ms;
    report->department = text_or_empty(act->department);
    report->may_create = act->creates;
    report->former_number = text_or_empty(act->other);
    report->movement = text_or_empty(act->movement);
    if (act->called != NULL || act->arrived != NULL) {
        visits__v1__rescue_times__init(&body->rescue);
        body->rescue.called_at_ms = time_of(act->called);
        body->rescue.arrived_at_ms = time_of(act->arrived);
        body->rescue.urban = act->urban;
        report->rescue = &body->rescue;
    }
}

static inline void fill_move(const struct act *act, int64_t recorded_ms, struct act_body *body) {
    visits__v1__move_visits__init(&body->moves);
    visits__v1__visit_move__init(&body->move);
    body->move.visit_number = text_or_empty(act->number);
    body->move.new_number = text_or_empty(act->other);
    body->move.person = fill_person(act, body);
    body->move_list[0] = &body->move;
    body->moves.n_moves = 1;
    body->moves.moves = body->move_list;
    body->moves.recorded_at_ms = recorded_ms;
}

/* The command of an act whose times are given apart; body is where it is put together. */
static inline struct command act_command_at(const struct act *act, int64_t at_ms, int64_t recorded_ms,
                                            struct act_body *body) {
    visits__v1__command__init(&body->command);
    switch (act->verb) {
    case OPEN:
        fill_open(act, recorded_ms, &body->open);
        body->command.body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
        body->command.open_visit = &body->open;
        break;
    case CLOSE:
        visits__v1__close_visit__init(&body->close);
        body->close.visit_number = text_or_empty(act->number);
        body->close.recorded_at_ms = recorded_ms;
        body->command.body_case = VISITS__V1__COMMAND__BODY_CLOSE_VISIT;
        body->command.close_visit = &body->close;
        break;
    case CANCEL:
        visits__v1__cancel_visit__init(&body->cancel);
        body->cancel.visit_number = text_or_empty(act->number);
        body->cancel.recorded_at_ms = recorded_ms;
        body->command.body_case = VISITS__V1__COMMAND__BODY_CANCEL_VISIT;
        body->command.cancel_visit = &body->cancel;
        break;
    case CHANGE:
        visits__v1__change_class__init(&body->change);
        body->change.visit_number = text_or_empty(act->number);
        body->change.recorded_at_ms = recorded_ms;
        body->change.visit_class = (Visits__V1__VisitClass)(act->class_of < 0 ? 0 : act->class_of);
        body->command.body_case = VISITS__V1__COMMAND__BODY_CHANGE_CLASS;
        body->command.change_class = &body->change;
        break;
    case REGISTER:
        visits__v1__register_facility__init(&body->register_facility);
        body->register_facility.facility = text_or_empty(act->org);
        body->register_facility.name = text_or_empty(act->number);
        body->register_facility.region = act->region;
        body->command.body_case = VISITS__V1__COMMAND__BODY_REGISTER_FACILITY;
        body->command.register_facility = &body->register_facility;
        break;
    case SAY:
        fill_report(act, recorded_ms, body);
        body->command.body_case = VISITS__V1__COMMAND__BODY_REPORT_VISIT;
        body->command.report_visit = &body->report;
        break;
    case MOVE:
        fill_move(act, recorded_ms, body);
        body->command.body_case = VISITS__V1__COMMAND__BODY_MOVE_VISITS;
        body->command.move_visits = &body->moves;
        break;
    }
    return (struct command){.organisation = act->verb == REGISTER ? "operator" : act->org,
                            .role = act->verb == REGISTER ? ROLE_OPERATOR : ROLE_PUBLISHER,
                            .principal = "test",
                            .occurred_at_ms = at_ms,
                            .received_at_ms = AS_RECEIVED_MS,
                            .expected_version = act->expected,
                            .body = &body->command.base};
}

static inline void fixture_act(struct fixture *fixture, const struct act *act, struct decision *decision) {
    struct act_body body;
    const int64_t at_ms = act->verb == REGISTER && act->at == NULL ? 1 : time_of(act->at);
    const struct command command = act_command_at(act, at_ms, time_of(act->recorded), &body);
    fixture_step(fixture, &command, decision);
}

/* A valid resident identity number with the (unassigned) region 411099: the n-th of its kind. */
static inline void make_resident_id(uint32_t n, char id[RESIDENT_ID_BYTES]) {
    const int32_t born = civil_day_from_date(1930, 1, 1) + (int32_t)(n / 999 % 30000);
    const struct civil_date date = civil_date_from_day(born);
    static const char check[] = "0123456789X";
    snprintf(id, RESIDENT_ID_BYTES, "411099%04u%02u%02u%03u", (unsigned)date.year % 10000, date.month % 100u,
             date.day % 100u, 1 + n % 999);
    char try[RESIDENT_ID_BYTES + 1];
    for (size_t i = 0; i < sizeof check - 1; i++) {
        snprintf(try, sizeof try, "%.17s%c", id, check[i]);
        if (resident_id_normalise(try, id)) {
            return;
        }
    }
    abort();
}

#endif
