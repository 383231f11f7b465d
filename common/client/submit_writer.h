#ifndef CLIENT_SUBMIT_WRITER_H
#define CLIENT_SUBMIT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id.h"

/*
 * One Request with a Submit, written as wire bytes while its commands come in: no message objects, no allocation per
 * command. Pure. The bytes are a protobuf encoding of the message; Submit.after comes first in it.
 */
struct submit_writer {
    struct buffer bytes; /* room for the head, then the Submit's own bytes */
    size_t head;         /* where the Request begins once it is closed */
    uint32_t commands;
};

/* Begins anew, keeping the memory. organisation NULL or empty: left out. */
void submit_writer_begin(struct submit_writer *writer, const char *organisation);
/* Bytes the Submit would have with one more command of this body size, at most. */
size_t submit_writer_size_with(const struct submit_writer *writer, size_t body_size);
void submit_writer_add(struct submit_writer *writer, const struct id *id, int64_t occurred_at_ms,
                       uint64_t expected_version, const uint8_t *body, size_t body_size);
/* Puts the head in front; then the Request is submit_writer_data, submit_writer_size. May be called again: a Submit that
 * is sent again has a new number. after: as in the contract. */
void submit_writer_close(struct submit_writer *writer, uint64_t request, uint64_t after);
static inline const uint8_t *submit_writer_data(const struct submit_writer *writer) {
    return writer->bytes.data + writer->head;
}
static inline size_t submit_writer_size(const struct submit_writer *writer) {
    return writer->bytes.size - writer->head;
}
void submit_writer_release(struct submit_writer *writer);

#endif
