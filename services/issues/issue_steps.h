#ifndef ISSUES_ISSUE_STEPS_H
#define ISSUES_ISSUE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "issues/state.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "service/roles.h"

/*
 * The state machine of an enterprise issue as data, a row a sentence: in these states these actors of these units may
 * take this step, and the issue is in that state after it. No row: refused. Further guards stand in the rules_issue*.c
 * files. Pure.
 */
#define ISSUE_IN(state) (1u << ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##state)
#define ISSUE_IN_NONE 1u     /* there is no issue yet */
#define ISSUE_IN_ANY 0x7ffeu /* in whatever state it is */
#define ISSUE_STAYS 0        /* as state after: the one before */

/* Whose step it is. */
enum issue_unit {
    UNIT_ANY,        /* whoever may see the issue */
    UNIT_AGENCY,     /* a registered one, or whoever sees all: there is no issue yet */
    UNIT_OFFICE,     /* whoever sees all: the service office, a leader, a service hall */
    UNIT_LEAD,       /* in charge of the issue */
    UNIT_PART,       /* a cooperating one */
    UNIT_ENTERPRISE, /* speaks for the enterprise: a service hall, or who registered the issue; never the lead */
};

#define ISSUE_NEEDS_REASON 1
#define ISSUE_NEEDS_REGISTRATION 2
#define ISSUE_NEEDS_CLASS 4
#define ISSUE_NEEDS_OTHER 8 /* duplicate_of */
#define ISSUE_NEEDS_LEAD 16
#define ISSUE_NEEDS_EXTENSION 32
#define ISSUE_NEEDS_DAY 64      /* until_day */
#define ISSUE_NEEDS_RECEIPT 128 /* target and receipt */

struct issue_step {
    uint8_t step;   /* issues.v1.IssueStep */
    uint8_t unit;   /* enum issue_unit */
    uint8_t actors; /* ROLES_ACTOR() */
    uint8_t after;  /* issues.v1.IssueState, or ISSUE_STAYS */
    uint8_t needs;  /* ISSUE_NEEDS_ */
    uint16_t from;  /* ISSUE_IN() */
};

/* The row of a step for an actor, in whatever state: there is at most one. NULL: no such actor takes it. */
const struct issue_step *issue_step_find(unsigned step, unsigned actor);
/* All rows, in the order of steps. */
const struct issue_step *issue_step_rows(size_t *count);

/* Its handling clock runs. */
static inline bool issue_has_clock(unsigned state) {
    return ((1u << state) & (ISSUE_IN(DISPATCHED) | ISSUE_IN(HANDLING))) != 0;
}
/* It waits to be dispatched. */
static inline bool issue_waits_dispatch(unsigned state) {
    return ((1u << state) & (ISSUE_IN(REGISTERED) | ISSUE_IN(SCREENED))) != 0;
}
/* Ended ones are not counted as open; they never open again. */
static inline bool issue_is_open(unsigned state) {
    return ((1u << state) & (ISSUE_IN(REGISTERED) | ISSUE_IN(SCREENED) | ISSUE_IN(DISPATCHED) | ISSUE_IN(DISPUTED) |
                             ISSUE_IN(HANDLING) | ISSUE_IN(ANSWERED) | ISSUE_IN(CONFIRMED) | ISSUE_IN(LONG_TERM))) != 0;
}

/* --- clocks, by the calendar as it is known (issue_clocks.c); of days 0: beyond it --- */

/* Last day of the handling clock: so many workdays of its class, and an extension, after it began. */
int32_t issue_due(const struct issues *self, const struct issue *row);
/* Last day for a cooperating unit. */
int32_t issue_part_due(const struct issues *self, const struct issue *row);
/* Last day to dispatch it, of silence after the answer; in other states until_day as it is. */
int32_t issue_until_day(const struct issues *self, const struct issue *row);
/* First day at whose beginning it is yellow; 0 also: never. */
int32_t issue_yellow_day(const struct issues *self, const struct issue *row);
/* A part that is neither done nor said to be late; 0: none. */
uint32_t issue_waiting_part(const struct issues *self, uint32_t first);

/* What time makes of an issue next. */
struct issue_thing {
    int64_t at; /* s; INT64_MAX: nothing */
    Issues__V1__IssueStep step;
    uint32_t part; /* of PART_LATE: row of parts */
};
struct issue_thing issue_next(const struct issues *self, const struct issue *row);

#endif
