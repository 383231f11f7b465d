#ifndef VISITS_EVENTS_H
#define VISITS_EVENTS_H

#include <assert.h>
#include <stdint.h>

#include "visits/state.h"

/*
 * Events of the visit registry as the log keeps them: number and private body. Both are for ever. A body that has to
 * change gets a new number; the old one stays here and in evolve.c as long as any log holds it. Little endian, no
 * padding, spare bytes zero. They name rows by key, so that the fold is free to place them; but for facilities, whose
 * row is their place in the order of registration.
 */
enum event_type {
    EVENT_FACILITY_REGISTERED = 1,
    EVENT_VISIT_OPENED = 2, /* of older logs: new, or opened again after a cancellation */
    EVENT_VISIT_CHANGED =
        3, /* of older logs: beginning, class or card of a standing visit, or how newly they were recorded */
    EVENT_VISIT_CLOSED = 4,
    EVENT_VISIT_CANCELLED = 5,  /* also of a visit not known yet, and of an earlier life of its number */
    EVENT_RECORDS_LINKED = 6,   /* of older logs: records got a resident identity number they did not have */
    EVENT_VISIT_CAME = 7,       /* a number not known before, opened, and no more to say: the common case */
    EVENT_VISIT_STATED = 8,     /* any other statement about one visit, as the visit is with it */
    EVENT_VISIT_JOINED = 9,     /* what is known under another number of the visit, before that number becomes it */
    EVENT_VISITS_NUMBERED = 10, /* pairs of numbers are one visit from now on */
    EVENT_VISITS_MOVED = 11,    /* visits are another person's */
    /* 13 to 20: events_person.h */
};

struct event_facility_registered {
    uint64_t key_check;
    uint32_t region;
    char code[VISITS_CODE_BYTES];
    char name[VISITS_NAME_BYTES];
    uint8_t zero[2];
};

#define OPENED_HAS_IDENTITY 1
struct event_visit_opened {
    struct key16 visit;
    struct key16 identity; /* zeros without OPENED_HAS_IDENTITY */
    struct key12 record;   /* made when it is not there */
    char last4[4];
    uint32_t opened_at;
    uint32_t open_recorded;
    uint32_t class_recorded;
    uint16_t facility; /* row */
    uint16_t record_flags;
    uint8_t visit_class;
    uint8_t visit_flags;
    uint8_t flags; /* OPENED_ */
    uint8_t zero;
};

struct event_visit_changed {
    struct key16 visit;
    uint32_t opened_at;
    uint32_t open_recorded;
    uint32_t class_recorded;
    uint8_t visit_class;
    uint8_t visit_flags;
    uint8_t zero[2];
};

struct event_visit_closed {
    struct key16 visit;
    uint32_t closed_at;
    uint32_t end_recorded;
};

struct event_visit_cancelled {
    struct key16 visit;
    uint32_t cancel_recorded;
    uint16_t facility; /* row */
    uint8_t zero[2];
};

#define LINKED_RECORDS_MAX 2
struct event_records_linked {
    struct key16 identity;
    char last4[4];
    uint16_t facility;                        /* row */
    uint16_t count;                           /* of records, 1.. */
    struct key12 records[LINKED_RECORDS_MAX]; /* known by a local id; made when not there */
};

/* A record by keys, as struct owner_key (persons.h) has it. */
struct event_owner {
    struct key12 base;
    struct key16 identity;
    char last4[4];
    uint16_t facility; /* as record.facility */
    uint16_t flags;    /* RECORD_ and OWNER_HAS_IDENTITY */
};

/* Behind it, where the department is known, a struct department. */
struct event_visit_came {
    struct key16 visit;
    struct event_owner owner;
    uint32_t opened_at;
    uint32_t recorded;
    uint16_t facility; /* row */
    uint8_t visit_class;
    uint8_t one_card;
};

/* What the statement adds beside the registers. */
#define STATED_CLAIM 1  /* an opening of owner, at recorded */
#define STATED_PRE 2    /* with it: a pre-admission */
#define STATED_VOID 4   /* the opening of movement never was */
#define STATED_WEAK 8   /* owner is whose the visit is as long as no opening says */
#define STATED_EXTRA 16 /* registers of extras are known, or the claim has a movement */
#define STATED_PLACE 32 /* the department changes: a struct department is behind the body; no code in it: none */
/* Behind it, with STATED_PLACE, a struct department. */
struct event_visit_stated {
    struct key16 visit;
    uint32_t opened_at; /* registers of the visit after the statement */
    uint32_t begin_recorded;
    uint32_t class_recorded;
    uint32_t closed_at;
    uint32_t end_recorded;
    uint32_t cancel_recorded;
    uint32_t place_recorded;
    uint32_t pre_cancel_recorded; /* of extras, likewise */
    uint32_t called_at;
    uint32_t arrived_at;
    uint32_t rescue_recorded;
    struct event_owner owner; /* zeros where no flag needs it */
    uint32_t recorded;
    uint32_t movement;
    uint16_t facility;    /* row */
    uint16_t visit_flags; /* but those of the owner, which evolve sets */
    uint8_t visit_class;
    uint8_t is_urban;
    uint8_t flags; /* STATED_ */
    uint8_t zero;
};

/* Registers after the two are one; openings and moves are joined by their own rules. */
#define JOINED_WEAK 1 /* the other's weak owner is the visit's */
#define JOINED_MOVE 2 /* the other's move is the newer one */
struct event_visit_joined {
    struct event_visit_stated visit; /* with no department behind it: STATED_PLACE takes the other's */
    struct key16 other;
    uint32_t flags; /* JOINED_ */
};

#define MOVES_MAX 16
struct event_visits_numbered {
    uint16_t facility; /* row */
    uint16_t count;    /* of pairs */
    struct {
        struct key16 former; /* either is made when it is not there */
        struct key16 number;
    } pairs[MOVES_MAX];
};

struct event_visits_moved {
    struct event_owner owner;
    uint32_t recorded;
    uint16_t facility; /* row */
    uint16_t count;
    struct key16 visits[MOVES_MAX]; /* made when they are not there */
};

static_assert(sizeof(struct event_owner) == 36, "no padding");
static_assert(sizeof(struct event_visit_came) == 64, "no padding");
static_assert(sizeof(struct event_visit_stated) == 112, "no padding");
static_assert(sizeof(struct event_visit_joined) == 132, "no padding");
static_assert(sizeof(struct event_visits_numbered) == 4 + 32 * MOVES_MAX, "no padding");
static_assert(sizeof(struct event_visits_moved) == 44 + 16 * MOVES_MAX, "no padding");
static_assert(sizeof(struct event_facility_registered) == 144, "no padding");
static_assert(sizeof(struct event_visit_opened) == 68, "no padding");
static_assert(sizeof(struct event_visit_changed) == 32, "no padding");
static_assert(sizeof(struct event_visit_closed) == 24, "no padding");
static_assert(sizeof(struct event_visit_cancelled) == 24, "no padding");
static_assert(sizeof(struct event_records_linked) == 48, "no padding");

#endif
