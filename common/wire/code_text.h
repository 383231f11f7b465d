#ifndef WIRE_CODE_TEXT_H
#define WIRE_CODE_TEXT_H

#include <stdint.h>

#include "common/v1/problem.pb-c.h"

/* Text for a code; a service's table ends with code 0. */
struct code_text {
    uint32_t code;
    const char *name;    /* "RESIDENT_ID_INVALID" */
    const char *message; /* one English sentence: what is wrong and what to do */
    const char *message_zh;
};

/* Text for any code: from the given table (may be NULL), else the common one. Never NULL. */
const struct code_text *code_text_find(const struct code_text *codes, uint32_t code);

/* An initialized Problem with the texts of a code. They and field (NULL = "") are borrowed, not copied. */
void code_text_fill(const struct code_text *codes, uint32_t code, const char *field, Common__V1__Problem *problem);

#endif
