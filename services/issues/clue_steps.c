#include "issues/clue_steps.h"

#include "base/check.h"
#include "base/civil.h"
#include "issues/rules.h"

#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define TO(name) ISSUES__V1__CLUE_STATE__CLUE_STATE_##name
#define W ROLES_ACTOR(CLERK)
#define H ROLES_ACTOR(HANDLER)
#define U (ROLES_ACTOR(HANDLER) | ROLES_ACTOR(HEAD))
#define L ROLES_ACTOR(LEADER)
#define S ROLES_ACTOR(SUPERVISOR)
#define SYS ROLES_ACTOR(SYSTEM)
#define PROC CLUE_PROCURATORATE
#define ANY_OF_THEM (CLUE_OFFICE | CLUE_FINDER | CLUE_UNIT | CLUE_PROCURATORATE)
#define TAKEN_IN (CLUE_IN(RECEIVED) | CLUE_IN(REVIEWING))
#define ASKED_OF_UNIT (CLUE_IN(CONSULTED) | CLUE_IN(SUGGESTED))
#define MAY_CLOSE (CLUE_IN(RECTIFIED) | CLUE_IN(NOT_FILED) | CLUE_IN(SUED) | CLUE_IN(REPLIED))

static const struct clue_step steps[] = {
    {STEP(FOUND), H | W | S, CLUE_OFFICE | CLUE_AGENCY, TO(FOUND), CLUE_NEEDS_FINDING, CLUE_IN_NONE},
    {STEP(NOTICE), S, CLUE_OFFICE, TO(NOTICE), CLUE_NEEDS_AGENCY | CLUE_NEEDS_DAY, CLUE_IN(FOUND)},
    {STEP(NOTICE), U, CLUE_FINDER, TO(NOTICE), CLUE_NEEDS_AGENCY | CLUE_NEEDS_DAY, CLUE_IN(FOUND)},
    {STEP(RECTIFIED), S, CLUE_OFFICE, TO(RECTIFIED), 0,
     CLUE_IN(NOTICE) | CLUE_IN(REPLIED) | CLUE_IN(SUED) | ASKED_OF_UNIT},
    {STEP(RECTIFIED), U, CLUE_UNIT, TO(RECTIFIED), 0,
     CLUE_IN(NOTICE) | CLUE_IN(REPLIED) | CLUE_IN(SUED) | ASKED_OF_UNIT},
    {STEP(TRANSFERRED), S, CLUE_OFFICE, TO(TRANSFERRED), CLUE_NEEDS_AGENCY | CLUE_NEEDS_LETTER, CLUE_IN(NOTICE)},
    {STEP(RECEIVED), U, PROC, TO(RECEIVED), CLUE_NEEDS_LETTER, CLUE_IN(TRANSFERRED)},
    {STEP(REVIEWING), U, PROC, TO(REVIEWING), 0, CLUE_IN(RECEIVED)},
    {STEP(FILED), U, PROC, TO(FILED), 0, TAKEN_IN},
    {STEP(NOT_FILED), U, PROC, TO(NOT_FILED), CLUE_NEEDS_REASON, TAKEN_IN},
    {STEP(APPRAISAL_STARTED), U, PROC, CLUE_STAYS, 0, CLUE_IN(FILED)},
    {STEP(APPRAISAL_ENDED), U, PROC, CLUE_STAYS, 0, CLUE_IN(FILED)},
    {STEP(CONSULTED), U, PROC, TO(CONSULTED), CLUE_NEEDS_REASON, CLUE_IN(FILED) | CLUE_IN(CONSULTED)},
    {STEP(SUGGESTED), U, PROC, TO(SUGGESTED), CLUE_NEEDS_REASON, CLUE_IN(FILED) | CLUE_IN(CONSULTED)},
    {STEP(REPLIED), U, CLUE_UNIT, TO(REPLIED), CLUE_NEEDS_REASON, ASKED_OF_UNIT},
    {STEP(SUED), U, PROC, TO(SUED), CLUE_NEEDS_REASON, CLUE_IN(FILED) | ASKED_OF_UNIT | CLUE_IN(REPLIED)},
    {STEP(CLOSED), S, CLUE_OFFICE, TO(CLOSED), CLUE_NEEDS_REASON, MAY_CLOSE},
    {STEP(CLOSED), U, PROC, TO(CLOSED), CLUE_NEEDS_REASON, MAY_CLOSE},
    {STEP(SIGNED_OFF), S, CLUE_OFFICE, TO(SIGNED_OFF), 0, CLUE_IN(RECTIFIED) | CLUE_IN(CLOSED)},
    {STEP(COMMENTED), U | W | S | L, ANY_OF_THEM, CLUE_STAYS, CLUE_NEEDS_REASON, CLUE_IN_ANY},
    {STEP(NOTICE_PASSED), SYS, CLUE_OFFICE, CLUE_STAYS, 0, CLUE_IN(NOTICE)},
    {STEP(RECEIPT_LATE), SYS, CLUE_OFFICE, CLUE_STAYS, 0, CLUE_IN(TRANSFERRED)},
    {STEP(DECISION_LATE), SYS, CLUE_OFFICE, CLUE_STAYS, 0, CLUE_IN(FILED)},
    {STEP(REPLY_LATE), SYS, CLUE_OFFICE, CLUE_STAYS, 0, CLUE_IN(SUGGESTED)},
    {STEP(DUE_CHANGED), SYS, CLUE_OFFICE, CLUE_STAYS, 0, CLUE_IN(TRANSFERRED) | CLUE_IN(FILED) | CLUE_IN(SUGGESTED)},
};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

const struct clue_step *clue_step_find(const struct clue_asked *asked, bool *is_actor) {
    *is_actor = false;
    for (size_t i = 0; i < STEP_COUNT && steps[i].step <= asked->step; i++) {
        if (steps[i].step == asked->step && (steps[i].actors & 1u << asked->actor) != 0 &&
            (steps[i].who & asked->who) != 0) {
            *is_actor = true;
            if ((steps[i].from & 1u << asked->state) != 0) {
                return &steps[i];
            }
        }
    }
    return NULL;
}

const struct clue_step *clue_step_rows(size_t *count) {
    *count = STEP_COUNT;
    return steps;
}

/* --- what a step makes of a clue --- */

static void set_times(struct clue *row, const struct event_clue_step *body) {
    switch ((Issues__V1__ClueStep)body->step) {
    case STEP(TRANSFERRED):
        row->transferred_at = body->at;
        return;
    case STEP(FILED):
        row->filed_at = body->at;
        return;
    case STEP(SUGGESTED):
        row->suggested_at = body->at;
        return;
    case STEP(APPRAISAL_STARTED):
        row->appraisal_from = civil_day_of_s(body->at);
        return;
    case STEP(NOTICE):
    case STEP(RECTIFIED):
    case STEP(RECEIVED):
    case STEP(REVIEWING):
    case STEP(NOT_FILED):
    case STEP(APPRAISAL_ENDED):
    case STEP(CONSULTED):
    case STEP(REPLIED):
    case STEP(SUED):
    case STEP(CLOSED):
    case STEP(SIGNED_OFF):
    case STEP(COMMENTED):
    case STEP(NOTICE_PASSED):
    case STEP(RECEIPT_LATE):
    case STEP(DECISION_LATE):
    case STEP(REPLY_LATE):
    case STEP(DUE_CHANGED):
        return;
    case STEP(UNSPECIFIED):
    case STEP(FOUND):
    case _ISSUES__V1__CLUE_STEP_IS_INT_SIZE:
        break;
    }
    CHECK(false); /* no step of this number was ever logged */
}

void clue_step_take(struct clue *row, const struct event_clue_step *body) {
    set_times(row, body);
    row->state = body->after;
    row->due = body->due;
    row->appraisal_days = body->appraisal_days;
    row->agency = body->agency;
    row->procuratorate = body->procuratorate;
    row->flags = body->flags;
    if ((row->flags & CLUE_APPRAISAL) == 0) {
        row->appraisal_from = 0;
    }
    if (body->actor != COMMON__V1__ACTOR__ACTOR_SYSTEM) {
        row->last_at = body->at;
    }
}

/* --- clocks --- */

enum { DECISION_MONTHS = 3, REPLY_MONTHS = 2, URGENT_REPLY_DAYS = 15 };

static const struct clue_clock clocks[] = {
    {TO(NOTICE), STEP(NOTICE_PASSED), CLUE_NOTICE_PASSED, ISSUES_SLIP_CLUE_LATE},
    {TO(TRANSFERRED), STEP(RECEIPT_LATE), CLUE_RECEIPT_LATE, ISSUES_SLIP_RECEIPT_LATE},
    {TO(FILED), STEP(DECISION_LATE), CLUE_DECISION_LATE, ISSUES_SLIP_DECISION_LATE},
    {TO(SUGGESTED), STEP(REPLY_LATE), CLUE_REPLY_LATE, ISSUES_SLIP_REPLY_LATE},
};

const struct clue_clock *clue_clock_find(uint8_t state) {
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        if (clocks[i].state == state) {
            return &clocks[i];
        }
    }
    return NULL;
}

static bool decision_due(const struct calendar *calendar, const struct clue *row, int32_t *due) {
    return (row->flags & CLUE_APPRAISAL) != 0 ||
           calendar_days_after(calendar, calendar_months_end(civil_day_of_s(row->filed_at), DECISION_MONTHS),
                               row->appraisal_days, due);
}

static bool reply_due(const struct calendar *calendar, const struct clue *row, int32_t *due) {
    const int32_t day = civil_day_of_s(row->suggested_at);
    return (row->flags & CLUE_URGENT) != 0 ? calendar_days_after(calendar, day, URGENT_REPLY_DAYS, due)
                                           : calendar_months_after(calendar, day, REPLY_MONTHS, due);
}

bool clue_clock_due(const struct issues *self, const struct clue *row, int32_t *due) {
    const struct calendar calendar = issues_calendar(self);
    *due = 0;
    switch ((Issues__V1__ClueState)row->state) {
    case TO(NOTICE): /* a day that somebody set */
        *due = row->due;
        return true;
    case TO(TRANSFERRED):
        *due = record_nth_workday(self, civil_day_of_s(row->transferred_at), self->options.receipt_workdays);
        return *due != 0;
    case TO(FILED):
        return decision_due(&calendar, row, due);
    case TO(SUGGESTED):
        return reply_due(&calendar, row, due);
    case TO(UNSPECIFIED):
    case TO(FOUND):
    case TO(RECTIFIED):
    case TO(RECEIVED):
    case TO(REVIEWING):
    case TO(NOT_FILED):
    case TO(CONSULTED):
    case TO(REPLIED):
    case TO(SUED):
    case TO(CLOSED):
    case TO(SIGNED_OFF):
    case _ISSUES__V1__CLUE_STATE_IS_INT_SIZE:
        break;
    }
    return true;
}
