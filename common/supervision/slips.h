#ifndef SUPERVISION_SLIPS_H
#define SUPERVISION_SLIPS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calendar/calendar.h"
#include "state/agenda.h"
#include "state/state.h"

/*
 * Supervision slips: what a supervisor asks an agency about something that is late. Four levels; each wants a reply
 * within fewer workdays than the one below, the last is listed supervision and wants none. No reply in time, or one
 * that is refused: the next level. Time alone issues each level of a rule once for a subject, whatever happened to it
 * since.
 *
 * Part of a registry's state: its subjects (cases, issues, tasks) are rows of tables of its own, and each has the row
 * of its newest slip, the head of a list. What a slip is about and the events stay with the registry; who may speak and
 * what follows: slip_rules.h. Pure. 32 bytes a slip, and its place in the agenda.
 */
#define SLIP_LEVEL_MAX 4
#define SLIPS_OF_SUBJECT_MAX 64 /* by command: no history grows without bound */

enum slip_state { /* numbers of the contract; 0: none */
                  SLIP_ISSUED = 1,
                  SLIP_REPLIED = 2,
                  SLIP_ACCEPTED = 3,
                  SLIP_REFUSED = 4,
                  SLIP_LAPSED = 5, /* no reply in time */
                  SLIP_CLOSED = 6, /* its subject ended first */
};

struct slip {
    uint64_t seq; /* of its last event */
    uint32_t subject;
    uint32_t next; /* older one of the same subject; 0: none */
    uint32_t issued_at;
    int32_t reply_due; /* last day for the reply; 0: none is due, or it lies beyond the calendar */
    uint16_t agency;   /* that has to reply */
    uint8_t level;     /* 1..4 */
    uint8_t state;     /* enum slip_state */
    uint8_t rule;      /* that issued it; the registry's own numbers */
    uint8_t kind;      /* of the subject, where there are several kinds; else 0 */
    uint8_t zero[2];
};

struct slips {
    struct table rows;
    struct agenda agenda; /* a slip waits for the end of the day by which it wants a reply */
};

/* Registers "slips" and its agenda. */
void slips_init(struct slips *slips, uint32_t rows_max, struct state *state);
static inline struct slip *slips_row(const struct slips *slips, uint32_t row) {
    return table_row(&slips->rows, row);
}

/* Waits for a reply or for the judgement of one. */
bool slip_is_open(const struct slip *slip);
/* Over the slips of one subject, first being its newest: whether an open one is of this level or above; whether a rule
 * ever issued this level; how many there are. */
bool slips_are_open(const struct slips *slips, uint32_t first, uint32_t level);
bool slips_were_issued(const struct slips *slips, uint32_t first, uint8_t rule, uint32_t level);
uint32_t slips_count(const struct slips *slips, uint32_t first);
/* Whether time may issue one: there is such a level, none as high is open, and the rule did not issue it before. */
bool slips_may_follow(const struct slips *slips, uint32_t first, uint8_t rule, uint32_t level);
/* The last day for a reply; 0: none is due, or it lies beyond the calendar (the next notice brings it). */
int32_t slip_reply_due(const struct calendar *calendar, uint32_t issued_at, uint32_t level);
/* The first second at which a reply is too late. Of a slip with a reply_due. */
int64_t slip_lapses_at(const struct slip *slip);
bool slip_is_too_late(const struct slip *slip, uint32_t at);

/* --- What events say of them (the fixed parts of their bodies, for ever) and make of them --- */

struct slip_issued_body {
    uint32_t subject;
    uint32_t at;
    int32_t reply_due;
    uint16_t agency;
    uint8_t level;
    uint8_t rule;
};
struct slip_moved_body {
    uint32_t slip; /* row */
    uint32_t at;
    uint16_t by;       /* agency that reported; 0: none */
    uint8_t state;     /* SLIP_ISSUED: it waits as before, for another day */
    uint8_t actor;     /* the registry's own numbers */
    int32_t reply_due; /* after it; 0: none */
};
/* A new row; *first is the head of its subject's list. Room is checked before the event is made. */
void slips_issued(struct slips *slips, uint64_t seq, const struct slip_issued_body *body, uint8_t kind,
                  uint32_t *first);
void slips_moved(struct slips *slips, uint64_t seq, const struct slip_moved_body *body);

static_assert(sizeof(struct slip) == 32, "no padding");
static_assert(sizeof(struct slip_issued_body) == 16, "no padding");
static_assert(sizeof(struct slip_moved_body) == 16, "no padding");

#endif
