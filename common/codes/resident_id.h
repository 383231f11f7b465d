#ifndef CODES_RESIDENT_ID_H
#define CODES_RESIDENT_ID_H

#include <stdbool.h>

#define RESIDENT_ID_BYTES 19 /* 18 characters and the final NUL */

/*
 * Resident identity number (GB 11643): region code, date of birth, order number, check character (ISO 7064 MOD 11-2).
 * Blanks around it are dropped, a small x is raised, the old form of 15 digits gets its century (19) and its check
 * character. False when length, digits, first digit, date or check character are wrong. The region is not looked up:
 * people come from everywhere, and codes that were given up stay in the numbers of those born there.
 */
bool resident_id_normalise(const char *text, char id[RESIDENT_ID_BYTES]);

#endif
