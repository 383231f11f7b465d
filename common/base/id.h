#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_BYTES 16
#define ID_TEXT_BYTES 37 /* 8-4-4-4-12 and the final NUL */

/* A UUID (RFC 9562), big endian as on the wire. */
struct id {
    uint8_t bytes[ID_BYTES];
};

/* A new UUIDv7: 48 bits of Unix time in milliseconds, then a counter that grows within one millisecond and random bits
 * (RFC 9562 6.2 method 1), so ids of one process sort in the order they were made. Not thread-safe per generator. */
struct id_maker {
    uint64_t last_ms;
    uint16_t counter; /* 12 bits used */
};
struct id id_make(struct id_maker *maker, uint64_t now_ms);

/* A UUIDv7 that is a function of its arguments alone: the same (ms, seed, number) give the same id. */
struct id id_make_from(uint64_t ms, uint64_t seed, uint64_t number);

/* 16 random bytes in UUIDv4 form (epochs). */
struct id id_random(void);

/* Version 7 and the RFC 9562 variant. */
bool id_is_v7(const uint8_t *bytes, size_t size);
/* Unix milliseconds inside a UUIDv7. */
uint64_t id_time_ms(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *id);
void id_format(const struct id *id, char text[ID_TEXT_BYTES]);
/* Lower or upper case, with hyphens; false when it is no UUID. */
bool id_parse(const char *text, struct id *id);

#endif
