#ifndef VISITS_EVENTS_PERSON_H
#define VISITS_EVENTS_PERSON_H

#include <assert.h>
#include <stdint.h>

#include "visits/state.h"

/*
 * Events about persons as the log keeps them; the rules of events.h hold. Their numbers are 13 to 20.
 *
 * What statements say of persons (PERSONS_STATED) only sets registers, and makes rows that carry no visit: it changes no
 * count. What follows from it (PERSONS_REGROUPED) is worked out by the rules and stored as a result.
 */
enum event_person_type {
    EVENT_PERSONS_STATED = 13,     /* struct event_persons_stated and its items */
    EVENT_PERSONS_REGROUPED = 14,  /* struct event_persons_regrouped and its parts; public: patients_corrected, or none */
    EVENT_LOOKED_UP = 15,          /* struct event_looked_up: a registrar's question or decision */
    EVENT_DOMAIN_REGISTERED = 16,  /* struct domain */
    EVENT_PATIENTS_CORRECTED = 17, /* no body: more deltas of the regrouping before it */
};

enum stated_what {
    STATED_RECORD = 1,  /* a is known */
    STATED_BIND = 2,    /* a carries the identity; without RECORD_LOCAL a is the identity's own record */
    STATED_UNBIND = 3,  /* a does not, for statements recorded up to `recorded` */
    STATED_EDGE = 4,    /* a and b are joined by an edge of the kind */
    STATED_EDGE_OFF = 5, /* they are not, for statements recorded up to `recorded` */
    STATED_CONFLICT = 6, /* kind: visits.v1.ConflictKind */
    STATED_DECIDED = 7,  /* kind: visits.v1.ConflictDecision; number: of the conflict */
};

struct stated_item {
    uint8_t what;
    uint8_t kind;        /* enum edge_kind, or as above */
    uint16_t a_facility; /* as record.facility */
    uint16_t a_flags;    /* as record.flags: RECORD_LOCAL and the kind of the id */
    uint16_t b_facility;
    uint16_t b_flags;
    uint16_t zero;
    union {
        uint32_t recorded;
        uint32_t number;
    };
    struct key12 a; /* records; of an edge in the order of its ends */
    struct key12 b;
    struct key16 identity;
    char last4[4];
};

#define STATED_ITEMS_MAX 1024
struct event_persons_stated {
    uint32_t at;       /* s, the registry's time: of conflicts */
    uint16_t facility; /* row of who says it; 0: a registrar */
    uint16_t count;    /* of struct stated_item */
};

/* A base record whose identity may have changed: it carries `identity` from now on (zeros: none), its visits and those of
 * its second records move accordingly (binding_target in edges.h). `other` is an identity that was bound or unbound. */
struct regrouped_settle {
    struct key12 base;
    struct key16 identity;
    struct key16 other;
};
struct regrouped_conflict {
    struct key12 first;
    struct key12 second;
    uint8_t kind; /* visits.v1.ConflictKind */
    uint8_t zero[3];
};
/* Followed by the settles, the conflicts, and the persons that changed: each a uint32_t count and so many struct key12,
 * ordered by key; the first one stands for the person. */
struct event_persons_regrouped {
    uint32_t at;
    uint16_t facility;
    uint16_t settle_count;
    uint16_t conflict_count;
    uint16_t person_count;
};

enum lookup_kind { LOOKUP_GET_PERSON = 1, LOOKUP_EXPLAIN_PERSON, LOOKUP_JOIN, LOOKUP_SEPARATE, LOOKUP_DECIDE };

struct event_looked_up {
    uint32_t at; /* s */
    uint32_t what;
    char principal[64];
    char reason[VISITS_REASON_BYTES];
};

static_assert(sizeof(struct stated_item) == 60, "no padding");
static_assert(sizeof(struct event_persons_stated) == 8, "no padding");
static_assert(sizeof(struct regrouped_settle) == 44, "no padding");
static_assert(sizeof(struct regrouped_conflict) == 28, "no padding");
static_assert(sizeof(struct event_persons_regrouped) == 12, "no padding");
static_assert(sizeof(struct event_looked_up) == 280, "no padding");

#endif
