#ifndef VISITS_RULES_H
#define VISITS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "common/v1/problem.pb-c.h"
#include "service/service.h"
#include "visits/distinct.h"
#include "visits/events.h"
#include "visits/persons.h"
#include "visits/state.h"
#include "visits/v1/codes.pb-c.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"

/* struct service.decide: self is a struct visits. Pure. */
void visits_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision);

/* struct service.prepare and .fetch (prepare.c). */
const void *visits_prepare(const void *self, const struct command *command, struct arena *arena);
void visits_fetch(const void *self, const void *prepared, int stage);
const void *visits_prepare_event(const struct event *event, struct arena *arena);

/* The keys of a command: hashed once, ahead of its turn. */
struct visit_keys {
    uint32_t facility; /* row of the organisation; 0: not registered, or a command of nobody's facility */
    bool has_visit;    /* a visit number of a usable length */
    bool has_other;    /* a former number of a usable length */
    uint32_t movement; /* hash of the sender's movement id; 0: none given */
    struct key16 visit;
    struct key16 other;
    /* Of OpenVisit, ReportVisit, UpdatePerson, DeletePerson and (of its first move with a person) MoveVisits; of other
     * commands zeros: their rules hash what they need. */
    struct stated_person person;
};

/* --- between decide.c, publish.c, persons and the rules_*.c files; nobody else --- */

/* One decision on its way. */
struct deciding {
    const struct visits *self;
    const struct command *command;
    struct arena *arena;
    struct decision *decision;
    struct workspace *work;
    const struct visit_keys *keys;
    const struct facility *facility; /* of the organisation; NULL and 0 for commands of operators and registrars */
    uint16_t facility_row;
};

/* Bodies of a decision, taken from the arena in one piece. A department lies behind a body where it is known. */
struct workspace {
    union {
        struct event_facility_registered registered;
        struct {
            struct event_visit_came visit;
            struct department department;
        } came;
        struct {
            struct event_visit_stated visit;
            struct department department;
        } stated;
        struct event_visit_joined joined;
        struct event_visit_closed closed;
        struct event_visit_cancelled cancelled;
    } body;
    Visits__V1__Event event;
    Visits__V1__Visit before;
    Visits__V1__Visit after;
    Visits__V1__VisitChanged changed;
    Visits__V1__FacilityRegistered registered;
};

/* What a command may log in all its phases: JOURNAL_COMMAND_ROWS_MAX in all, of these persons_step at most so many. */
#define PERSONS_ROWS_MAX 4

void rules_refuse(struct deciding *d, uint32_t code, const char *field);
/* A warning; of several the first one stays. */
void rules_warn(struct deciding *d, uint32_t code, const char *field);
/* Unix ms as seconds of this registry; 0 when it is out of range (1970 to 2106). */
uint32_t rules_seconds(int64_t unix_ms);
/* When a statement was recorded (0 = when it occurred), in seconds. False: refused. */
bool rules_check_recorded(struct deciding *d, int64_t recorded_at_ms, uint32_t *recorded);
/* expected_version against what is known (its last_seq), in the first phase. False: refused. */
bool rules_check_version(struct deciding *d, uint64_t last_seq);
/* Whether the statement names anybody, and in good form. False: refused. Warns of an invalid number beside local ids.
 */
bool rules_require_person(struct deciding *d, const struct stated_person *person);
/* Appends an event; returns it. body lives in the arena. */
struct event *rules_emit(struct deciding *d, uint32_t type, const void *body, size_t size, uint64_t prev);

/* One side of what the feed compares: a visit as it was, or will be. */
struct visit_side {
    const struct visit *row;   /* a row or a copy */
    const struct extra *extra; /* likewise; zeros when there is none */
    uint32_t head;             /* its person; 0: one that no other visit has yet */
};
/* What the feed says of a visit that was `before` and is `after` now: appeared, left, changed, or nothing (NULL). The
 * row `except` is not looked at where the person's other visits are. */
const ProtobufCMessage *publish_visit(struct deciding *d, const struct visit_side *before,
                                      const struct visit_side *after, uint32_t except);

/* rules_facility.c; by operators: no facility. */
void rules_register_facility(struct deciding *d, const Visits__V1__RegisterFacility *body);
void rules_register_domain(struct deciding *d, const Visits__V1__RegisterDomain *body);

/* rules_open.c, rules_visit.c, rules_move.c */
void rules_open_visit(struct deciding *d, const Visits__V1__OpenVisit *body);
void rules_close_visit(struct deciding *d, const Visits__V1__CloseVisit *body);
void rules_cancel_visit(struct deciding *d, const Visits__V1__CancelVisit *body);
void rules_change_class(struct deciding *d, const Visits__V1__ChangeClass *body);
void rules_report_visit(struct deciding *d, const Visits__V1__ReportVisit *body);
void rules_move_visits(struct deciding *d, const Visits__V1__MoveVisits *body);

/* rules_person.c; a facility's. keys->person is hashed for the first two, the others hash by themselves. */
void rules_update_person(struct deciding *d, const Visits__V1__UpdatePerson *body);
void rules_delete_person(struct deciding *d, const Visits__V1__DeletePerson *body);
void rules_merge_persons(struct deciding *d, const Visits__V1__MergePersons *body);
void rules_link_persons(struct deciding *d, const Visits__V1__LinkPersons *body);
void rules_unlink_persons(struct deciding *d, const Visits__V1__UnlinkPersons *body);

/* rules_registrar.c; by registrars: no facility. */
void rules_join_persons(struct deciding *d, const Visits__V1__JoinPersons *body);
void rules_separate_persons(struct deciding *d, const Visits__V1__SeparatePersons *body);
void rules_decide_conflict(struct deciding *d, const Visits__V1__DecideConflict *body);

#endif
