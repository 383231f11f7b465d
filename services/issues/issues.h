#ifndef ISSUES_ISSUES_H
#define ISSUES_ISSUES_H

#include "service/service.h"

/* The issue registry: enterprise issues, the ledger of reform tasks, river clues, supervision. */
extern const struct service issues_service;

#endif
