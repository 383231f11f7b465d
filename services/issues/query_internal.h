#ifndef ISSUES_QUERY_INTERNAL_H
#define ISSUES_QUERY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "issues/rules.h"
#include "service/asking.h"

/* Between the query*.c files; nobody else. */

#define QUERY_LOOKS_OF_TASKS 50000u /* each may compute how it lags */

static inline const struct issues *issues_asked(const struct asking *a) {
    return a->self;
}

/* Which rows of a list. */
struct ask_filter {
    const void *query;
    uint32_t agency; /* 0: any */
};

/* Whether an agency registered a record, leads it or has a part in it; of a clue: found it, is in charge, or has it. */
bool ask_is_of(const struct issues *self, struct record record, uint32_t agency);
/* The record of a number that the key may see; row 0 and a code (NOT_FOUND for both reasons). */
struct record ask_find(struct asking *a, Issues__V1__RecordKind kind, const char *number);
/* The unit that a list is of, by its code; 0: of all. False: a code. */
bool ask_list_agency(struct asking *a, const char *code, uint32_t *agency);

/* Each fills its part of the answer, or says a code. query_issue.c */
void ask_get_issue(struct asking *a, const Issues__V1__GetIssue *query, Issues__V1__Answer *answer);
void ask_list_issues(struct asking *a, const Issues__V1__ListIssues *query, Issues__V1__Answer *answer);
void ask_list_stalls(struct asking *a, const Issues__V1__ListStalls *query, Issues__V1__Answer *answer);
void ask_list_contact_rules(struct asking *a, Issues__V1__Answer *answer);
/* query_ledger.c */
void ask_get_task(struct asking *a, const Issues__V1__GetTask *query, Issues__V1__Answer *answer);
void ask_list_tasks(struct asking *a, const Issues__V1__ListTasks *query, Issues__V1__Answer *answer);
void ask_list_provincial(struct asking *a, const Issues__V1__ListProvincialTasks *query, Issues__V1__Answer *answer);
/* query_circular.c */
void ask_list_circulars(struct asking *a, Issues__V1__Answer *answer);
void ask_get_circular(struct asking *a, const Issues__V1__GetCircular *query, Issues__V1__Answer *answer);
/* query_clue.c: clues, and slips */
void ask_get_clue(struct asking *a, const Issues__V1__GetClue *query, Issues__V1__Answer *answer);
void ask_list_clues(struct asking *a, const Issues__V1__ListClues *query, Issues__V1__Answer *answer);
void ask_list_record_slips(struct asking *a, const Issues__V1__ListSlips *query, Issues__V1__Answer *answer);
/* query_history.c */
void ask_get_history(struct asking *a, const Issues__V1__GetHistory *query, Issues__V1__Answer *answer);
/* query_told.c: what an event says in a history. False: it is of no record. lines->lines is there. */
bool ask_tell(struct asking_lines *lines, const struct event *event, Issues__V1__HistoryStep *step,
              struct record *record);

#endif
