#ifndef APPROVALS_CODES_H
#define APPROVALS_CODES_H

#include "wire/code_text.h"

/* Texts of approvals.v1.Code, ended by code 0. */
extern const struct code_text approvals_codes[];

#endif
