#ifndef ISSUES_TASK_STEPS_H
#define ISSUES_TASK_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "issues/state.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "service/roles.h"

/*
 * The state machine of a ledger task as data, a row a sentence: in these states these actors of these units may take
 * this step, and the task is in that state after it. No row: refused. Further guards stand in rules_task.c. Pure.
 */
#define TASK_IN(state) (1u << ISSUES__V1__TASK_STATE__TASK_STATE_##state)
#define TASK_STAYS 0    /* as state after: the one before */
#define TASK_RETURNS 15 /* likewise: the one that it was deferred from */

/* Whose step it is. */
enum task_unit {
    TASK_UNIT_ANY,    /* who may see the task */
    TASK_UNIT_OFFICE, /* the reform office, a leading official: whoever sees all */
    TASK_UNIT_LEAD,
    TASK_UNIT_PART, /* a cooperating one */
};

struct task_step {
    uint8_t step;   /* issues.v1.TaskStep */
    uint8_t unit;   /* enum task_unit */
    uint8_t actors; /* ROLES_ACTOR() */
    uint8_t after;  /* issues.v1.TaskState, TASK_STAYS, TASK_RETURNS */
    uint8_t needs_reason;
    uint8_t needs_evidence;
    uint16_t from; /* TASK_IN() */
};

/* The row of a step for an actor, in any state; NULL: nobody of the kind takes it. */
const struct task_step *task_step_find(unsigned step, unsigned actor);
/* All rows, in the order of steps. */
const struct task_step *task_step_rows(size_t *count);

/* What a step changes of a task, for its progress and lag as they are after it. */
struct task_change {
    uint32_t indicator;        /* row; 0: none */
    uint32_t milestone;        /* row that closes; 0: none */
    struct indicator measured; /* the indicator as it is then */
};
uint32_t task_progress_after(const struct issues *self, const struct task *row, const struct task_change *change);
/* row: as it is after the step, but for its indicators and milestones. */
Issues__V1__TaskLag task_lag_after(const struct issues *self, const struct task *row, int32_t day,
                                   const struct task_change *change);

#endif
