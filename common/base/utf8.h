#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; a NUL inside is not valid either. */
bool utf8_is_valid(const char *text, size_t size);

/* Bytes of the valid character at the beginning of text (1..4); 0 when there is none (NUL included). */
size_t utf8_character_size(const char *text, size_t size);

#endif
