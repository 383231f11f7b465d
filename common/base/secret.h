#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdint.h>

#include "base/status.h"

#define SECRET_BYTES 32

/* Secret files: one line of 64 hexadecimal digits, mode 0400. NOT_FOUND, DENIED, MALFORMED. */
enum status secret_load(const char *path, uint8_t key[SECRET_BYTES]);
/* Makes a new random one; EXISTS when the file is there: a secret is never overwritten. */
enum status secret_make(const char *path);

#endif
