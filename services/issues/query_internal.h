#ifndef ISSUES_QUERY_INTERNAL_H
#define ISSUES_QUERY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "issues/rules.h"

/* Between the query*.c files; nobody else. */

#define QUERY_ROWS_DEFAULT 100u
#define QUERY_ROWS_MAX 1000u
#define QUERY_LOOKS_MAX 200000u      /* rows one question looks at */
#define QUERY_TEXT_BYTES_MAX 500000u /* of one page of history: an answer holds 1 MB */

/* One question on its way. */
struct issues_asking {
    const struct issues *self;
    const struct question *question;
    struct arena *arena;
    uint32_t code;   /* not 0: why there is no answer */
    uint32_t agency; /* row of the key's organisation; 0: it is none */
    bool sees_all;   /* records of every unit */
    int32_t today;   /* +08:00, of the clock or of the last Tick */
};

/* Zeroed memory of the answer; NULL and EXHAUSTED beyond the arena's cap. */
void *ask_take(struct issues_asking *a, size_t size);
/* protobuf-c's packer takes char *, and only reads. */
static inline char *ask_text(const char *text) {
    return (char *)(uintptr_t)text;
}
static inline uint32_t ask_rows(uint32_t limit) {
    return limit == 0 ? QUERY_ROWS_DEFAULT : limit < QUERY_ROWS_MAX ? limit : QUERY_ROWS_MAX;
}
/* Lists go from the newest row down; after: where the page before ended. */
static inline uint32_t ask_first_row(uint32_t after, uint32_t count) {
    return after == 0 || after > count + 1 ? count : after - 1;
}
/* Whether the key may see a record; agency 0: of any unit that the key may see. */
bool ask_may_see(const struct issues_asking *a, struct record record);
bool ask_is_of(const struct issues *self, struct record record, uint32_t agency);
/* The record of a number that the key may see; row 0 and a code (NOT_FOUND for both reasons). */
struct record ask_find(struct issues_asking *a, Issues__V1__RecordKind kind, const char *number);
/* The unit that a list is of; 0: of all. False: a code (another unit's, none known). */
bool ask_list_agency(struct issues_asking *a, const char *code, uint32_t *agency);

/* Each fills its part of the answer, or says a code. query_issue.c */
void ask_get_issue(struct issues_asking *a, const Issues__V1__GetIssue *query, Issues__V1__Answer *answer);
void ask_list_issues(struct issues_asking *a, const Issues__V1__ListIssues *query, Issues__V1__Answer *answer);
void ask_list_stalls(struct issues_asking *a, const Issues__V1__ListStalls *query, Issues__V1__Answer *answer);
void ask_list_contact_rules(struct issues_asking *a, Issues__V1__Answer *answer);
/* query_ledger.c */
void ask_get_task(struct issues_asking *a, const Issues__V1__GetTask *query, Issues__V1__Answer *answer);
void ask_list_tasks(struct issues_asking *a, const Issues__V1__ListTasks *query, Issues__V1__Answer *answer);
void ask_list_provincial(struct issues_asking *a, const Issues__V1__ListProvincialTasks *query, Issues__V1__Answer *answer);
void ask_list_circulars(struct issues_asking *a, Issues__V1__Answer *answer);
void ask_get_circular(struct issues_asking *a, const Issues__V1__GetCircular *query, Issues__V1__Answer *answer);
/* query_clue.c */
void ask_get_clue(struct issues_asking *a, const Issues__V1__GetClue *query, Issues__V1__Answer *answer);
void ask_list_clues(struct issues_asking *a, const Issues__V1__ListClues *query, Issues__V1__Answer *answer);
void ask_list_record_slips(struct issues_asking *a, const Issues__V1__ListSlips *query, Issues__V1__Answer *answer);
void ask_list_agencies(struct issues_asking *a, Issues__V1__Answer *answer);
/* query_history.c */
void ask_get_history(struct issues_asking *a, const Issues__V1__GetHistory *query, Issues__V1__Answer *answer);

#endif
