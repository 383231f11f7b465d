#ifndef VISITS_RULES_H
#define VISITS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "common/v1/problem.pb-c.h"
#include "service/service.h"
#include "visits/distinct.h"
#include "visits/events.h"
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
    bool has_visit;    /* a visit number of a usable length */
    bool has_identity; /* a valid resident identity number */
    bool has_record;
    char last4[4];
    struct key16 visit;
    struct key16 identity;
    struct key12 record; /* of the local id, else of the identity at this facility */
    uint32_t facility;   /* row; 0: not registered */
};

/* --- between decide.c, publish.c and the rules_*.c files; nobody else --- */

/* One decision on its way. */
struct deciding {
    const struct visits *self;
    const struct command *command;
    struct arena *arena;
    struct decision *decision;
    struct workspace *work;
    const struct visit_keys *keys;
    const struct facility *facility; /* of the organisation; visits only */
    uint16_t facility_row;
};

/* Everything a decision returns, taken from the arena in one piece. */
struct workspace {
    union {
        struct event_facility_registered registered;
        struct event_visit_opened opened;
        struct event_visit_changed changed;
        struct event_visit_closed closed;
        struct event_visit_cancelled cancelled;
    } body;
    struct event_records_linked linked;
    Visits__V1__Event event;
    Visits__V1__Visit before;
    Visits__V1__Visit after;
    Visits__V1__VisitChanged changed;
    Visits__V1__FacilityRegistered registered;
    Visits__V1__Event linked_event;
    Visits__V1__PatientsCorrected corrected;
};

/* The command's visit, as every visit command begins with it. */
struct visit_claim {
    struct key16 key;
    uint32_t recorded; /* s */
    uint32_t number;   /* row; 0: not known */
    struct visit row;  /* a copy; zeros but for the key and the facility when it is not known */
};

void rules_refuse(struct deciding *d, uint32_t code, const char *field);
/* Unix ms as seconds of this registry; 0 when it is out of range (1970 to 2106). */
uint32_t rules_seconds(int64_t unix_ms);
/* Checks visit number and recorded time (0 = when it occurred) and hashes the number. False: refused. */
bool rules_claim_visit(struct deciding *d, const char *visit_number, int64_t recorded_at_ms, struct visit_claim *claim);
/* Looks the visit up and checks the version expected. False: refused. */
bool rules_find_visit(struct deciding *d, struct visit_claim *claim);

/* Appends an event; returns it. */
struct event *rules_emit(struct deciding *d, enum event_type type, const void *body, size_t size, uint64_t prev);
/* What the feed says of a visit that was `before` and is `after` now (rows or copies; a zeroed `before` is none):
 * appeared, left, changed, or nothing (NULL). The persons hold the visit's person as it is after the decision. */
const ProtobufCMessage *publish_visit(struct deciding *d, const struct visit *before, const struct visit *after,
                                      uint32_t number, const struct persons *persons);

void rules_register_facility(struct deciding *d, const Visits__V1__RegisterFacility *body);
void rules_open_visit(struct deciding *d, const Visits__V1__OpenVisit *body);
void rules_close_visit(struct deciding *d, const Visits__V1__CloseVisit *body);
void rules_cancel_visit(struct deciding *d, const Visits__V1__CancelVisit *body);
void rules_change_class(struct deciding *d, const Visits__V1__ChangeClass *body);

#endif
