#ifndef VISITS_EVOLVE_H
#define VISITS_EVOLVE_H

#include "service/service.h"

/* struct service.evolve: self is a struct visits. The only code that changes it. */
void visits_evolve(void *self, const struct event *event);

#endif
