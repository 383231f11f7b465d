#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void buffer_release(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer) {
    buffer->size = 0;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t more) {
    CHECK(more <= SIZE_MAX / 4 - buffer->size);
    size_t needed = buffer->size + more;
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        uint8_t *data = realloc(buffer->data, capacity);
        CHECK(data != NULL);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size) {
    if (size > 0) {
        memcpy(buffer_reserve(buffer, size), data, size);
        buffer->size += size;
    }
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    uint8_t *to = buffer_reserve(buffer, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf((char *)to, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
}

const char *buffer_text(struct buffer *buffer) {
    *buffer_reserve(buffer, 1) = 0;
    return (const char *)buffer->data;
}
