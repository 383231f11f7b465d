#ifndef CTL_AGENCIES_H
#define CTL_AGENCIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "codes/credit_code.h"
#include "wire/keys.h"

/* Agencies of a table CODE<tab>NAME<tab>REGION<tab>CREDIT CODE[<tab>window]; lines that begin with # are comments. */
#define AGENCY_NAME_BYTES 96 /* with the final NUL */
#define AGENCIES_MAX 4096

struct agency_row {
    char code[KEYS_ORGANISATION_BYTES];
    char name[AGENCY_NAME_BYTES];
    char credit_code[CREDIT_CODE_BYTES];
    uint32_t region; /* GB/T 2260 */
    bool is_window;  /* a service hall: its clerks serve every agency */
};

struct agencies {
    struct agency_row *rows;
    size_t count;
};

/* Reads and checks the whole table. MALFORMED, NOT_FOUND ...: said on stderr with file and line. Starts from {0}. */
enum status agencies_read(const char *path, struct agencies *agencies);
void agencies_release(struct agencies *agencies);
/* One register_agency command a line, for `submit`. */
void agencies_commands(const struct agencies *agencies, int64_t now_ms, struct buffer *out);

#endif
