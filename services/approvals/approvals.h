#ifndef APPROVALS_APPROVALS_H
#define APPROVALS_APPROVALS_H

#include "service/service.h"

/* The approval registry, for service_run(). */
extern const struct service approvals_service;

#endif
