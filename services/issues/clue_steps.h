#ifndef ISSUES_CLUE_STEPS_H
#define ISSUES_CLUE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "issues/events.h"
#include "issues/state.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "service/roles.h"

/*
 * The state machine of a river clue as data, a row a sentence: in these states these actors, of these agencies, may
 * take this step, and the clue is in that state after it. No row: refused. Further guards: rules_clue.c. Pure.
 */
#define CLUE_IN(state) (1u << ISSUES__V1__CLUE_STATE__CLUE_STATE_##state)
#define CLUE_IN_NONE 1u     /* there is no clue yet */
#define CLUE_IN_ANY 0xfffeu /* in whatever state it is */
#define CLUE_STAYS 0        /* as state after: the one before */

/* What whoever acts is to the clue. */
#define CLUE_OFFICE 1        /* sees all: the river office, a leader, a service hall */
#define CLUE_FINDER 2        /* of the agency that found it */
#define CLUE_UNIT 4          /* of the unit in charge */
#define CLUE_PROCURATORATE 8 /* of the procuratorate that has it */
#define CLUE_AGENCY 16       /* of a registered agency */

#define CLUE_NEEDS_REASON 1
#define CLUE_NEEDS_AGENCY 2
#define CLUE_NEEDS_DAY 4 /* until_day */
#define CLUE_NEEDS_LETTER 8
#define CLUE_NEEDS_FINDING 16

struct clue_step {
    uint8_t step;   /* issues.v1.ClueStep */
    uint8_t actors; /* ROLES_ACTOR() */
    uint8_t who;    /* CLUE_OFFICE, ...: one of them */
    uint8_t after;  /* issues.v1.ClueState, or CLUE_STAYS */
    uint8_t needs;  /* CLUE_NEEDS_ */
    uint16_t from;  /* CLUE_IN() */
};

/* What of a clue and a command a row is chosen by. */
struct clue_asked {
    uint8_t step;  /* issues.v1.ClueStep */
    uint8_t actor; /* common.v1.Actor */
    uint8_t state; /* issues.v1.ClueState; 0: no clue */
    uint8_t who;   /* CLUE_OFFICE, ...: all that hold */
};

/* NULL: none; *is_actor says whether whoever acts may take the step in another state at least. */
const struct clue_step *clue_step_find(const struct clue_asked *asked, bool *is_actor);
/* All rows, in the order of steps. */
const struct clue_step *clue_step_rows(size_t *count);

/* The clue after a step, but for its sequence number and its slips. */
void clue_step_take(struct clue *row, const struct event_clue_step *body);

/*
 * The clocks: one at a time, by the state. A notice ends on the day that it says; a receipt is due within workdays of
 * the transfer (a setting); the decision three months after the filing, later by the days of ended appraisals; the
 * reply to a suggestion two months after it, an urgent one fifteen days. Calendar periods end on a workday (Civil Code,
 * articles 202 and 203). While an appraisal is under way no clock runs.
 */
struct clue_clock {
    uint8_t state; /* issues.v1.ClueState */
    uint8_t step;  /* said once, when its last day has passed */
    uint16_t flag; /* CLUE_: that it was said */
    uint8_t rule;  /* enum issues_slip_rule of the slip that follows, at level 1 */
};
/* Of a state; NULL: none runs in it. */
const struct clue_clock *clue_clock_find(uint8_t state);
/* Last day of the clock of a clue in its state, by the calendar as it is known; 0: none runs. False: beyond it. */
bool clue_clock_due(const struct issues *self, const struct clue *row, int32_t *due);

#endif
