#ifndef CTL_CITY_ISSUES_INTERNAL_H
#define CTL_CITY_ISSUES_INTERNAL_H

#include "ctl/city_approvals_internal.h"
#include "ctl/city_issues.h"
#include "issues/v1/commands.pb-c.h"

/* Shared by the files of the generator (city_issues*.c) only. */

/* A command as it will be sent: its body lies packed in bodies. */
struct city_row {
    uint32_t at;     /* s since 1970 */
    uint32_t record; /* whose order counts: kind << 24 | number; 0: of none */
    uint32_t body, size;
    uint16_t agency;
    uint8_t sender; /* enum city_sender */
    uint8_t wave;
};

struct city_issues {
    struct city_issues_options options;
    struct city_row *rows;
    uint32_t count, capacity, next;
    uint8_t *bodies;
    size_t bodies_size, bodies_capacity;
    bool out_of_memory;
    struct city_catalogue catalogue; /* of the approvals: what issues are about */
    uint32_t first_overdue_day;      /* on which an issue is overdue for certain; 0: none */
    struct city_issues_totals totals;
};

/* protobuf-c never writes through the strings of a message it packs. */
static inline char *city_text(const char *text) {
    return (char *)(uintptr_t)text;
}

enum city_record { CITY_NO_RECORD = 0, CITY_ISSUE = 1, CITY_TASK = 2, CITY_CLUE = 3 };
static inline uint32_t city_record(enum city_record kind, uint32_t number) {
    return (uint32_t)kind << 24 | number;
}

/* Who sends. */
struct city_who {
    enum city_sender sender;
    size_t agency; /* of CITY_SENDER_AGENCY */
};
#define WHO_AGENCY(number) ((struct city_who){CITY_SENDER_AGENCY, number})
#define WHO_CLERK ((struct city_who){CITY_SENDER_CLERK, 0})
#define WHO_SUPERVISOR ((struct city_who){CITY_SENDER_SUPERVISOR, 0})
#define WHO_LEADER ((struct city_who){CITY_SENDER_LEADER, 0})
#define WHO_OPERATOR ((struct city_who){CITY_SENDER_OPERATOR, 0})

/* Packs and keeps a command. */
void city_issues_add(struct city_issues *city, uint32_t at, uint32_t record, struct city_who who, const Issues__V1__Command *command);

/* A time in working hours of the n-th workday after the day of `at`; n 0: some minutes later, or on the next workday when the day is
 * over. Always later than at. */
uint32_t city_issues_later(struct city_random *random, uint32_t at, uint32_t workdays);

/* First second of a day of 2020, and a time in its working hours. */
uint32_t city_issues_on(struct city_random *random, unsigned month, unsigned day);

void city_issues_draw_issues(struct city_issues *city);   /* city_issues_draw.c */
void city_issues_draw_ledger(struct city_issues *city);   /* city_issues_ledger.c */
void city_issues_draw_clues(struct city_issues *city);    /* city_issues_clues.c */

/* Number of a ledger task (0-based) as text. */
#define CITY_TASK_NUMBER_BYTES 24
void city_issues_task_number(uint32_t task, char text[CITY_TASK_NUMBER_BYTES]);
#define CITY_TASKS 150

#endif
