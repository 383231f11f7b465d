#ifndef CTL_LINES_H
#define CTL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define LINE_BYTES_MAX (1024 * 1024)

/* Lines of a descriptor in bounded memory: a line that is too long is skipped to its end and told. */
struct line_reader {
    int descriptor; /* borrowed */
    struct buffer buffer;
    size_t start;    /* of what was not handed out */
    size_t searched; /* no newline before this */
    uint64_t number; /* of the line handed out last, from 1 */
    bool is_skipping;
    bool is_at_end;
};

enum line_kind {
    LINE_TEXT,     /* without its newline; valid until the next call; a NUL follows it */
    LINE_TOO_LONG, /* beyond LINE_BYTES_MAX: not handed out */
    LINE_NONE_YET, /* nothing complete there without waiting */
    LINE_END,
    LINE_FAILED, /* errno says why */
};

void line_reader_init(struct line_reader *reader, int descriptor);
void line_reader_release(struct line_reader *reader);
/* Waits up to timeout_ms for bytes (0: not at all). */
enum line_kind line_reader_next(struct line_reader *reader, int timeout_ms, char **text, size_t *size);
/* Lines from the start of a regular file, which is then again at its start; 0 when it cannot be told (a pipe). */
uint64_t lines_count(int descriptor);

#endif
