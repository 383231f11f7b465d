#ifndef APPROVALS_QUERY_INTERNAL_H
#define APPROVALS_QUERY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "approvals/events.h"
#include "approvals/state.h"
#include "approvals/v1/codes.pb-c.h"
#include "approvals/v1/query.pb-c.h"
#include "common/v1/problem.pb-c.h"
#include "service/asking.h"

/* Between the query*.c and why*.c files; nobody else. */

#define QUERY_LOOKS_OF_LIGHT 4u /* what a row costs of them whose light is computed */

static inline const struct approvals *approvals_asked(const struct asking *a) {
    return a->self;
}

/* query.c */
/* Whether an agency leads a case or has a part in it. */
bool query_has_part(const struct approvals *self, const struct approval_case *row, uint32_t agency);
/* The row of a case that the key may see; 0 and a code (NOT_FOUND for both reasons). */
uint32_t query_find_case(struct asking *a, const char *number);
/* The agency that a list is of, by its code; 0: of all. False: a code. */
bool query_list_agency(struct asking *a, const char *code, uint32_t *agency);

/* query_case.c */
/* Whether its clocks ever ran. */
bool query_was_accepted(const struct approval_case *row);
bool query_is_decided(const struct approval_case *row);
/* Decided, or ended otherwise: what comes after changes neither its days nor its verdict. */
static inline bool query_is_ended(const struct approval_case *row) {
    return row->state >= APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED;
}
/* The answer's case as at the end of a day (its decision where that came before); NULL: a code. */
Approvals__V1__Case *query_case(struct asking *a, uint32_t case_row, int32_t day);
void query_get_case(struct asking *a, const Approvals__V1__GetCase *query, Approvals__V1__Answer *answer);

/* query_history.c */
void query_get_history(struct asking *a, const Approvals__V1__GetHistory *query, Approvals__V1__Answer *answer);

/* query_list.c */
void query_list_cases(struct asking *a, const Approvals__V1__ListCases *query, Approvals__V1__Answer *answer);
void query_list_slips(struct asking *a, const Approvals__V1__ListSlips *query, Approvals__V1__Answer *answer);

/* why.c */
void query_explain(struct asking *a, const Approvals__V1__ExplainDeadline *query, Approvals__V1__Answer *answer);

#endif
