#ifndef VISITS_VISITS_H
#define VISITS_VISITS_H

#include "service/service.h"

/* The visit registry, for service_run(). */
extern const struct service visits_service;

#endif
