#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growable run of bytes, owned by its holder. {0} is an empty one. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void buffer_release(struct buffer *buffer);
/* Empties it, keeping the memory. */
void buffer_clear(struct buffer *buffer);
/* Room for `more` further bytes behind size; returns where they go. Aborts when the system has no memory. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
__attribute__((format(printf, 2, 3))) void buffer_printf(struct buffer *buffer, const char *format, ...);
/* Always NUL-terminated behind size. */
const char *buffer_text(struct buffer *buffer);

#endif
