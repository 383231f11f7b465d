#ifndef CTL_FACILITIES_H
#define CTL_FACILITIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "wire/keys.h"

/* Facilities of a table CODE<tab>NAME<tab>REGION; lines that begin with # are comments. */
#define FACILITY_NAME_BYTES 97 /* with the final NUL */
#define FACILITIES_MAX 4096

struct facility_row {
    char code[KEYS_ORGANISATION_BYTES];
    char name[FACILITY_NAME_BYTES];
    uint32_t region; /* GB/T 2260 */
};

struct facilities {
    struct facility_row *rows;
    size_t count;
};

/* Reads and checks the whole table. MALFORMED, NOT_FOUND ...: said on stderr with file and line. Starts from {0}. */
enum status facilities_read(const char *path, struct facilities *facilities);
void facilities_release(struct facilities *facilities);
/* One register_facility command a line, for `submit`. */
void facilities_commands(const struct facilities *facilities, int64_t now_ms, struct buffer *out);

#endif
