#ifndef APPROVALS_EVOLVE_H
#define APPROVALS_EVOLVE_H

#include <stdbool.h>

#include "service/service.h"

/* struct service.evolve: self is a struct approvals. The only code that changes it. */
void approvals_evolve(void *self, const struct event *event);

/* --- between the evolve*.c files. False: not one of theirs. --- */
struct approvals;
bool evolve_catalogue(struct approvals *self, const struct event *event); /* 1 to 5: agencies, notices, items */
bool evolve_case(struct approvals *self, const struct event *event);      /* 6 to 9 */
bool evolve_slip(struct approvals *self, const struct event *event);      /* 10, 11 */
/* After a change of its row: the case waits in the agenda for what comes next (case_wake). */
void evolve_wake_case(struct approvals *self, uint32_t case_row);

#endif
