#ifndef CLIENT_LIANCHENG_INTERNAL_H
#define CLIENT_LIANCHENG_INTERNAL_H

#include <stdbool.h>

#include "client/liancheng.h"

/* What the files of the client library share. */

/* Notes what is wrong (a constant sentence; field may be NULL) and returns USAGE. */
enum liancheng_status lc_misused(struct liancheng *handle, const char *field, const char *sentence);

/* Copies a caller's struct, which may be of an older header (shorter), over zeros. False: of a newer one, or none. */
static inline bool lc_take_struct(void *own, size_t own_size, const void *given) {
    size_t size = 0;
    if (given != NULL) {
        memcpy(&size, given, sizeof size); /* its first member */
    }
    if (size < sizeof size || size > own_size) {
        return false;
    }
    memset(own, 0, own_size);
    memcpy(own, given, size);
    return true;
}

/* NULL or valid UTF-8 of at most max bytes. */
bool lc_is_text(const char *text, size_t max);

#endif
