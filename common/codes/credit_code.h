#ifndef CODES_CREDIT_CODE_H
#define CODES_CREDIT_CODE_H

#include <stdbool.h>

#define CREDIT_CODE_BYTES 19 /* 18 characters and the final NUL */

/* What is wrong with a unified social credit code. */
enum credit_code_verdict {
    CREDIT_CODE_VALID,
    /* Right in itself (GB 32100), but the organisation code inside (characters 9 to 17) fails its own check (GB 11714):
     * some codes given early are like that. A warning. */
    CREDIT_CODE_ODD_ORGANISATION,
    CREDIT_CODE_INVALID, /* length, alphabet or check character */
};

/* Blanks around it are dropped and small letters raised; code is filled unless it is INVALID. */
enum credit_code_verdict credit_code_normalise(const char *text, char code[CREDIT_CODE_BYTES]);

#endif
