#ifndef APPROVALS_CASE_STEPS_H
#define APPROVALS_CASE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "approvals/events.h"
#include "service/roles.h"
#include "approvals/state.h"
#include "approvals/v1/commands.pb-c.h"
#include "approvals/v1/events.pb-c.h"

/*
 * The state machine of a case as data, a row a sentence: in these states these actors may take this step, and the case
 * is in that state after it. No row: refused. Further guards stand with the steps in the rules_*.c files. Pure.
 */
#define CASE_IN(state) (1u << APPROVALS__V1__CASE_STATE__CASE_STATE_##state)
#define CASE_IN_NONE 1u /* there is no case yet */
#define CASE_STAYS 0    /* as state after: the one before */

/* Which cases a row is for. */
enum case_when {
    WHEN_ANY,
    WHEN_INSTANT,    /* items decided at once */
    WHEN_LEADING,    /* the step is the leading agency's (of a case that is not joint: its agency's) */
    WHEN_PART,       /* the step is one of another agency of a joint case */
    WHEN_SUSPENSION, /* special procedures but for the extension */
    WHEN_EXTENSION,  /* of a case of one agency */
    WHEN_JOINT_EXTENSION,
};

#define CASE_NEEDS_REASON 1
#define CASE_NEEDS_GROUND 2
#define CASE_NEEDS_PAPERS 4
#define CASE_NEEDS_RESULT 8
#define CASE_NEEDS_DAY 16 /* until_day */

struct case_step {
    uint8_t step;   /* approvals.v1.CaseStep */
    uint8_t when;   /* enum case_when */
    uint8_t actors; /* ROLES_ACTOR() */
    uint8_t after;  /* approvals.v1.CaseState, or CASE_STAYS */
    uint8_t needs;  /* CASE_NEEDS_ */
    uint16_t from;  /* CASE_IN() */
};

/* What of a case and a command a row is chosen by. */
struct case_asked {
    uint8_t step;    /* approvals.v1.CaseStep */
    uint8_t actor;   /* approvals.v1.Actor */
    uint8_t state;   /* approvals.v1.CaseState; 0: no case */
    uint8_t special; /* approvals.v1.SpecialKind */
    uint16_t flags;  /* CASE_ of the case */
    bool is_part;    /* the agency that acts has a part in the case and does not lead it */
};

/* NULL: none; *is_actor says whether the actor may take the step in another state at least. */
const struct case_step *case_step_find(const struct case_asked *asked, bool *is_actor);
/* All rows, in the order of steps. */
const struct case_step *case_step_rows(size_t *count);

/* Accepted and neither decided nor ended otherwise: its clocks run, or are stopped. */
static inline bool case_has_clocks(unsigned state) {
    return ((1u << state) & (CASE_IN(ACCEPTED) | CASE_IN(REVIEW) | CASE_IN(SUSPENDED))) != 0;
}
/* Whether a step's event says all flags that the case has after it, or those that it sets. */
static inline bool case_step_says_all_flags(const struct event_case_step *body) {
    return body->step == APPROVALS__V1__CASE_STEP__CASE_STEP_DUE_CHANGED ||
           body->step == APPROVALS__V1__CASE_STEP__CASE_STEP_PAPERS_IN || body->extension != 0;
}
static inline uint16_t case_flags_after(const struct approval_case *row, const struct event_case_step *body) {
    return case_step_says_all_flags(body) ? body->flags : row->flags | body->flags;
}
/* A proposal of 11, 12, 13 decides nothing yet. */
static inline bool case_step_is_decision(const struct event_case_step *body) {
    return body->step >= APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED &&
           body->step <= APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED &&
           body->after == APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED;
}

#endif
