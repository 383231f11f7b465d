#ifndef APPROVALS_RULES_CASE_H
#define APPROVALS_RULES_CASE_H

#include "approvals/case_steps.h"
#include "approvals/rules.h"

/* Between the rules_*.c files of cases; nobody else. */

/* A step of a case that is known, on its way: form, actor, version, time and state are checked. */
struct case_moving {
    const Approvals__V1__ReportCase *said;
    const struct approval_case *row;
    const struct item_version *version;
    const struct case_step *rule;
    uint32_t part;                /* row of the part of the agency that acts; 0: it leads, or it is no agency */
    int32_t day;                  /* of the step, +08:00 */
    struct event_case_step *body; /* as it will be logged: filled but for what the step itself sets */
};

/* Case number in good form. False: refused. */
bool case_check_number(struct deciding *d, const char *number);
/* A text that is not longer than this. False: refused. */
bool case_check_text(struct deciding *d, const char *text, size_t bytes_max, const char *field);
/* Whether the organisation is known and may act on cases of this agency. False: refused. */
bool case_check_agency(struct deciding *d, uint16_t agency);
/* until_day: a day from the step on. False: refused. */
bool case_check_day(struct deciding *d, uint32_t until_day, int32_t from_day);

/* Guards of a step and what it sets in the body. False: refused. */
bool case_accepts(struct deciding *d, struct case_moving *m);         /* 3; rules_intake.c */
bool case_is_not_accepted(struct deciding *d, struct case_moving *m); /* 4, 5 */
bool case_asks_papers(struct deciding *d, struct case_moving *m);     /* 6 */
bool case_asks_withdrawal(struct deciding *d, struct case_moving *m); /* 16 */
bool case_withdraws(struct deciding *d, struct case_moving *m);       /* 2, 14 */
bool case_starts(struct deciding *d, struct case_moving *m);          /* 8, 101; rules_special.c */
bool case_special_starts(struct deciding *d, struct case_moving *m);  /* 9 */
bool case_special_ends(struct deciding *d, struct case_moving *m);    /* 10 */
/* Both last days of a suspended case that goes on, or ends, now. False: beyond the calendar, and they stay. */
bool case_plan_resumed(struct deciding *d, struct case_moving *m);
bool case_decides(struct deciding *d, struct case_moving *m);      /* 11, 12, 13; rules_decision.c */
bool case_takes_papers(struct deciding *d, struct case_moving *m); /* 102 */

/* 1 (rules_intake.c). */
void case_receive(struct deciding *d, const Approvals__V1__ReportCase *said);

#endif
