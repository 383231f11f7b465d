#ifndef ISSUES_RULES_ISSUE_H
#define ISSUES_RULES_ISSUE_H

#include "issues/issue_steps.h"
#include "issues/rules.h"

/* Between the rules_issue*.c files; nobody else. */

#define ISSUE_LEVEL_MAX 4 /* the mayor */

/* A step of an issue that is known, on its way: form, actor, unit, version, time and state are checked. */
struct issue_moving {
    const Issues__V1__ReportIssue *said;
    const struct issue *row;
    const struct issue_step *rule;
    int32_t day;                   /* of the step, +08:00 */
    struct event_issue_step *body; /* as it will be logged: the issue after the step, but for what its guard sets */
};

/* Always false. */
bool issue_refuse(struct deciding *d, uint32_t code, const char *field);
/* The part of an agency; 0: it has none. */
uint32_t issue_part_of(const struct issues *self, const struct issue *row, uint32_t agency);

/* Guards of a step, which set in the body what the step sets beside the state. False: refused. rules_issue_dispatch.c
 */
bool issue_is_duplicate(struct deciding *d, struct issue_moving *m);
bool issue_dispatches(struct deciding *d, struct issue_moving *m);
bool issue_disputes(struct deciding *d, struct issue_moving *m);
/* rules_issue_handling.c */
bool issue_does_part(struct deciding *d, struct issue_moving *m);
bool issue_asks_extension(struct deciding *d, struct issue_moving *m);
bool issue_extends(struct deciding *d, struct issue_moving *m);
bool issue_answers(struct deciding *d, struct issue_moving *m);
bool issue_raises(struct deciding *d, struct issue_moving *m);
bool issue_waits_long(struct deciding *d, struct issue_moving *m);
bool issue_resumes(struct deciding *d, struct issue_moving *m);
/* rules_issue_closing.c */
bool issue_is_confirmed(struct deciding *d, struct issue_moving *m);
bool issue_goes_round(struct deciding *d, struct issue_moving *m);
bool issue_signs_off(struct deciding *d, struct issue_moving *m);

/* The handling clock begins with this step. False: refused, it ends beyond the calendar. */
bool issue_begins_clock(struct deciding *d, struct issue_moving *m);

/* 1: rules_issue_register.c. */
void issue_register(struct deciding *d, const Issues__V1__ReportIssue *said);

#endif
