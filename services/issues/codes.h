#ifndef ISSUES_CODES_H
#define ISSUES_CODES_H

#include "wire/code_text.h"

/* Every issues.v1.Code, once. */
extern const struct code_text issues_codes[];

#endif
