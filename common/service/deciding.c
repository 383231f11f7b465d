#include "service/deciding.h"

#include <string.h>

#include "base/check.h"

void decide_refuse(struct deciding *d, uint32_t code, const char *field) {
    d->decision->event_count = 0;
    d->decision->again = false;
    d->decision->refused = true;
    d->decision->code = code;
    d->decision->field = field;
}

uint32_t decide_seconds(int64_t unix_ms) {
    const int64_t s = unix_ms / 1000;
    return s > 0 && s <= UINT32_MAX ? (uint32_t)s : 0;
}

bool decide_check_version(struct deciding *d, uint64_t last_seq) {
    if (command_is_stale(d->command, last_seq)) {
        decide_refuse(d, COMMON__V1__CODE__CODE_STALE_VERSION, "expected_version");
        return false;
    }
    return true;
}

void *decide_take(struct deciding *d, size_t size) {
    void *taken = arena_zalloc(d->arena, size);
    CHECK(taken != NULL);
    return taken;
}

struct event *decide_emit(struct deciding *d, uint32_t type, const void *body, size_t size, uint64_t prev) {
    CHECK(d->decision->event_count < DECISION_EVENTS_MAX && size <= EVENT_PRIVATE_BYTES_MAX);
    struct event *event = &d->decision->events[d->decision->event_count++];
    *event = (struct event){.type = type, .prev = prev, .private_body = body, .private_size = size};
    return event;
}

/* --- texts --- */

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
