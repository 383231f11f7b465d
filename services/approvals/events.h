#ifndef APPROVALS_EVENTS_H
#define APPROVALS_EVENTS_H

#include <assert.h>
#include <stdint.h>

#include "approvals/state.h"

/*
 * Events of the approval registry as the log keeps them: number and private body. Both are for ever. A body that has to
 * change gets a new number; the old one stays here and in evolve.c as long as any log holds it. Little endian, no padding, spare
 * bytes zero.
 *
 * Texts, where a body says so, lie behind its fixed part (service/deciding.h).
 */
enum event_type {
    EVENT_AGENCY_REGISTERED = 1, /* struct agency_body (agencies/agencies.h) */
    EVENT_NOTICE_LOADED = 2, /* struct notice_body (calendar/notices.h) */
    EVENT_NOTICE_WITHDRAWN = 3,
    EVENT_ITEM_PUBLISHED = 4, /* behind it the command's PublishItem, packed: all its fields */
    EVENT_ITEM_REMOVED = 5,   /* texts */
    EVENT_CASE_RECEIVED = 6,
    EVENT_CASE_STEP = 7, /* texts */
    EVENT_CASE_RATED = 8,
    EVENT_RECTIFIED = 9,     /* texts */
    EVENT_SLIP_ISSUED = 10,  /* struct slip_issued_body (supervision/slips.h), texts */
    EVENT_SLIP_MOVED = 11,   /* struct slip_moved_body, texts */
    EVENT_REPLANNED_TO = 12, /* planning anew has come so far; DUE_CHANGED of a case says so too */
    EVENT_TIME_CAME = 13,    /* the registry's time, where it comes with commands */
};

struct event_notice_withdrawn {
    uint32_t notice; /* row */
};

/* The version is a new row of versions; of an item not known yet the item too. */
struct event_item_published {
    struct item_version version; /* item: row, that which is to be made where the code is new; older, until_day: 0, evolve sets
                                    them */
    uint16_t agency;
    uint8_t zero[6];
    char code[APPROVALS_NUMBER_BYTES];
    uint8_t zero2[4];
};
struct event_item_removed {
    uint32_t item; /* row */
    int32_t day;
    uint32_t round;
};

/* A new row of cases. */
struct event_case_received {
    uint32_t version; /* row */
    uint32_t received_at;
    uint16_t agency;
    uint16_t flags; /* CASE_JOINT, CASE_INSTANT */
    uint8_t channel;
    uint8_t client;
    uint8_t actor;
    uint8_t part_count;
    uint16_t by; /* agency row of who reported; 0: a supervisor's, leader's */
    uint16_t parts[APPROVALS_PARTS_MAX];
    char last4[4];
    char number[APPROVALS_NUMBER_BYTES];
};

/* Any further step of a case: what it is, and the few numbers a step may carry. evolve sets state, flags, times, pauses, dues
 * from (step, state before) by the table of case_steps.h; it does not decide anything. */
struct event_case_step {
    uint32_t case_row;
    uint32_t at;            /* s; of the event in the world; of the registry's own steps the instant they became true */
    uint8_t step;           /* approvals.v1.CaseStep */
    uint8_t actor;          /* approvals.v1.Actor */
    uint8_t after;          /* approvals.v1.CaseState */
    uint8_t special;        /* approvals.v1.SpecialKind of 9 */
    uint16_t by;            /* agency row of who reported; 0: of no agency */
    uint16_t charged;       /* of a decision */
    int32_t until_day;      /* ReportCase.until_day, or the day a supplement notice lapses */
    int32_t promised_due;   /* after the step: 0 where there is none. Whatever step it is, these are the case's from now on */
    int32_t statutory_due;
    uint16_t extension;     /* workdays of an extension */
    uint16_t flags;         /* CASE_ that the step sets; of DUE_CHANGED, PAPERS_IN and an extension all flags
                               after it */
    uint32_t notice;        /* row, of DUE_CHANGED */
    int32_t old_due;        /* of DUE_CHANGED: the promised one before it, the statutory one where nothing is promised */
};

struct event_case_rated {
    uint32_t case_row;
    uint32_t at;
    int32_t due_day; /* of the rectification; 0: none opens */
    uint16_t by;
    uint8_t visit;
    uint8_t value;
};
struct event_rectified {
    uint32_t rating; /* row */
    uint32_t at;
    uint16_t by;
    uint8_t is_on_time;
    uint8_t is_called_back;
};

struct event_replanned_to {
    uint32_t next; /* case; 0: done */
};
struct event_time_came {
    int64_t now_ms;
};

static_assert(sizeof(struct event_item_published) == 312, "no padding");
static_assert(sizeof(struct event_item_removed) == 12, "no padding");
static_assert(sizeof(struct event_case_received) == 88, "no padding");
static_assert(sizeof(struct event_case_step) == 40, "no padding");
static_assert(sizeof(struct event_case_rated) == 16, "no padding");
static_assert(sizeof(struct event_rectified) == 12, "no padding");

#endif
