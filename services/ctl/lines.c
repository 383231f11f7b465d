#include "ctl/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

#define READ_BYTES (256 * 1024)

void line_reader_init(struct line_reader *reader, int descriptor) {
    *reader = (struct line_reader){.descriptor = descriptor};
}

void line_reader_release(struct line_reader *reader) {
    buffer_release(&reader->buffer);
}

static void drop_handed_out(struct line_reader *reader) {
    struct buffer *buffer = &reader->buffer;
    if (reader->start > 0) {
        memmove(buffer->data, buffer->data + reader->start, buffer->size - reader->start);
        buffer->size -= reader->start;
        reader->searched -= reader->start;
        reader->start = 0;
    }
}

/* LINE_TEXT: some bytes came, or the end was seen. */
static enum line_kind fill(struct line_reader *reader, int timeout_ms) {
    struct pollfd waiting = {.fd = reader->descriptor, .events = POLLIN};
    int ready = poll(&waiting, 1, timeout_ms);
    if (ready <= 0) {
        return ready == 0 || errno == EINTR ? LINE_NONE_YET : LINE_FAILED;
    }
    drop_handed_out(reader);
    ssize_t got = read(reader->descriptor, buffer_reserve(&reader->buffer, READ_BYTES + 1), READ_BYTES);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN ? LINE_NONE_YET : LINE_FAILED;
    }
    reader->buffer.size += (size_t)got;
    reader->is_at_end = got == 0;
    return LINE_TEXT;
}

/* The line that ends before `end`; `next` is where the following one begins. */
static enum line_kind hand_out(struct line_reader *reader, size_t end, size_t next, char **text, size_t *size) {
    *text = (char *)reader->buffer.data + reader->start;
    *size = end - reader->start;
    bool was_skipping = reader->is_skipping;
    reader->buffer.data[end] = '\0';
    reader->start = reader->searched = next;
    reader->is_skipping = false;
    reader->number++;
    return was_skipping || *size > LINE_BYTES_MAX ? LINE_TOO_LONG : LINE_TEXT;
}

enum line_kind line_reader_next(struct line_reader *reader, int timeout_ms, char **text, size_t *size) {
    for (;;) {
        struct buffer *buffer = &reader->buffer;
        size_t left = buffer->size - reader->searched;
        uint8_t *newline = left > 0 ? memchr(buffer->data + reader->searched, '\n', left) : NULL;
        if (newline) {
            size_t end = (size_t)(newline - buffer->data);
            return hand_out(reader, end, end + 1, text, size);
        }
        reader->searched = buffer->size;
        if (reader->is_at_end) {
            if (buffer->size == reader->start && !reader->is_skipping) {
                return LINE_END;
            }
            buffer_reserve(buffer, 1);
            return hand_out(reader, buffer->size, buffer->size, text, size);
        }
        if (buffer->size - reader->start > LINE_BYTES_MAX) {
            reader->is_skipping = true;
            reader->start = buffer->size;
        }
        enum line_kind kind = fill(reader, timeout_ms);
        if (kind != LINE_TEXT) {
            return kind;
        }
    }
}

uint64_t lines_count(int descriptor) {
    struct stat found;
    if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
        return 0;
    }
    char *bytes = malloc(READ_BYTES);
    CHECK(bytes);
    uint64_t count = 0;
    char last = '\n';
    for (ssize_t got; (got = read(descriptor, bytes, READ_BYTES)) > 0; last = bytes[got - 1]) {
        for (const char *at = bytes; (at = memchr(at, '\n', (size_t)(bytes + got - at))) != NULL; at++) {
            count++;
        }
    }
    free(bytes);
    lseek(descriptor, 0, SEEK_SET);
    return count + (last != '\n');
}
