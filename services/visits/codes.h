#ifndef VISITS_CODES_H
#define VISITS_CODES_H

#include "service/service.h"

/* Texts of visits.v1.Code, ended by code 0. */
extern const struct code_text visits_codes[];

#endif
