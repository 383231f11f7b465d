#ifndef APPROVALS_QUERY_INTERNAL_H
#define APPROVALS_QUERY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "approvals/events.h"
#include "approvals/state.h"
#include "approvals/v1/codes.pb-c.h"
#include "approvals/v1/query.pb-c.h"
#include "base/arena.h"
#include "common/v1/problem.pb-c.h"
#include "service/service.h"

/* Between the query*.c and why*.c files; nobody else. */

#define QUERY_ROWS_DEFAULT 100u
#define QUERY_ROWS_MAX 1000u
#define QUERY_LOOKS_MAX 200000u      /* rows one question looks at */
#define QUERY_LOOKS_OF_LIGHT 4u      /* what a row costs of them whose light is computed */
#define QUERY_TEXT_BYTES_MAX 500000u /* of one page of history: an answer holds 1 MB */
#define QUERY_PAST_MAX 20000u        /* events of the log read for one question */

/* One question on its way. */
struct asking {
    const struct approvals *self;
    const struct question *question;
    struct arena *arena;
    uint32_t code;       /* not 0: why there is no answer */
    uint32_t agency;     /* row of the key's organisation; 0: it is none */
    bool sees_all;       /* cases of every agency */
    int32_t today;       /* +08:00, of the clock or of the last Tick */
    uint64_t notice_seq; /* the calendar has been the same since this event */
};

/* query.c */
/* Zeroed memory of the answer; NULL and EXHAUSTED beyond the arena's cap. */
void *asking_take(struct asking *a, size_t size);
void asking_refuse(struct asking *a, uint32_t code);
/* protobuf-c's packer takes char *, and only reads. */
static inline char *asking_text(const char *text) {
    return (char *)(uintptr_t)text;
}
static inline uint32_t asking_rows(uint32_t limit) {
    return limit == 0 ? QUERY_ROWS_DEFAULT : limit < QUERY_ROWS_MAX ? limit : QUERY_ROWS_MAX;
}
/* Whether an agency leads a case or has a part in it. */
bool asking_has_part(const struct approvals *self, const struct approval_case *row, uint32_t agency);
/* The row of a case that the key may see; 0 and a code (NOT_FOUND for both reasons). */
uint32_t asking_find_case(struct asking *a, const char *number);
/* The agency that a list is of; 0: of all. False: a code (another agency's, none known). */
bool asking_list_agency(struct asking *a, const char *code, uint32_t *agency);

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
