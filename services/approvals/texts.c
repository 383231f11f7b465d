#include <string.h>

#include "approvals/rules.h"
#include "base/check.h"

/* Texts behind the fixed part of a body: kind, length (2 bytes, little endian), bytes. */
enum { TEXT_HEAD_BYTES = 3 };

void texts_begin(struct deciding *d, struct texts *texts, const void *fixed, size_t fixed_size, size_t text_bytes,
                 size_t count) {
    texts->capacity = fixed_size + text_bytes + count * TEXT_HEAD_BYTES;
    texts->size = fixed_size;
    texts->bytes = decide_take(d, texts->capacity);
    memcpy(texts->bytes, fixed, fixed_size);
}

void texts_add(struct texts *texts, enum text_kind kind, const char *text) {
    const size_t size = text == NULL ? 0 : strlen(text);
    if (size == 0) {
        return;
    }
    CHECK(size <= UINT16_MAX && texts->size + TEXT_HEAD_BYTES + size <= texts->capacity);
    uint8_t *at = texts->bytes + texts->size;
    at[0] = (uint8_t)kind;
    at[1] = (uint8_t)(size & 0xff);
    at[2] = (uint8_t)(size >> 8);
    memcpy(at + TEXT_HEAD_BYTES, text, size);
    texts->size += TEXT_HEAD_BYTES + size;
}

bool texts_next(const uint8_t *body, size_t size, size_t *at, enum text_kind *kind, const char **text,
                size_t *text_size) {
    if (*at > size || size - *at < TEXT_HEAD_BYTES) {
        return false;
    }
    const uint8_t *head = body + *at;
    const size_t length = head[1] | (size_t)head[2] << 8;
    if (length > size - *at - TEXT_HEAD_BYTES) {
        return false;
    }
    *kind = (enum text_kind)head[0];
    *text = (const char *)head + TEXT_HEAD_BYTES;
    *text_size = length;
    *at += TEXT_HEAD_BYTES + length;
    return true;
}
