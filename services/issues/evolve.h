#ifndef ISSUES_EVOLVE_H
#define ISSUES_EVOLVE_H

#include "service/service.h"

/* struct service.evolve: self is a struct issues. Pure; the only code that changes it. */
void issues_evolve(void *self, const struct event *event);

#endif
