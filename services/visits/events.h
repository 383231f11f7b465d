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
    EVENT_VISIT_OPENED = 2,  /* new, or opened again after a cancellation */
    EVENT_VISIT_CHANGED = 3, /* beginning, class or card of a standing visit, or only how newly they were recorded */
    EVENT_VISIT_CLOSED = 4,
    EVENT_VISIT_CANCELLED = 5, /* also of a visit not known yet, and of an earlier life of its number */
    EVENT_RECORDS_LINKED = 6,  /* records got a resident identity number they did not have */
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

static_assert(sizeof(struct event_facility_registered) == 144, "no padding");
static_assert(sizeof(struct event_visit_opened) == 68, "no padding");
static_assert(sizeof(struct event_visit_changed) == 32, "no padding");
static_assert(sizeof(struct event_visit_closed) == 24, "no padding");
static_assert(sizeof(struct event_visit_cancelled) == 24, "no padding");
static_assert(sizeof(struct event_records_linked) == 48, "no padding");

#endif
