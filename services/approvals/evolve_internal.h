#ifndef APPROVALS_EVOLVE_INTERNAL_H
#define APPROVALS_EVOLVE_INTERNAL_H

#include <string.h>

#include "approvals/evolve.h"
#include "approvals/events.h"
#include "base/check.h"

/* Between the evolve*.c files; nobody else. */

/* The fixed part of a body; it may lie anywhere, so it is copied to where it is aligned. */
#define BODY_OF(event, body)                                                                                           \
    do {                                                                                                               \
        CHECK((event)->private_size >= sizeof(body));                                                                  \
        memcpy(&(body), (event)->private_body, sizeof(body));                                                          \
    } while (0)

/* The one row of courses, made where it is missing. */
struct course *evolve_course(struct approvals *self);

#endif
