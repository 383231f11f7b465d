#include "base/id.h"

#include <string.h>

#include <sodium.h>

#include "base/hash.h"

#define COUNTER_MAX 0xFFF

static void put_big_endian(uint8_t *to, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

/* rand_a has 12 bits, rand_b 62 (RFC 9562 5.7). */
static struct id assemble(uint64_t ms, uint16_t rand_a, uint64_t rand_b) {
    struct id id;
    put_big_endian(id.bytes, ms, 6);
    put_big_endian(id.bytes + 6, 0x7000u | (rand_a & COUNTER_MAX), 2);
    put_big_endian(id.bytes + 8, (UINT64_C(2) << 62) | (rand_b & (UINT64_MAX >> 2)), 8);
    return id;
}

/* A new millisecond starts the counter at a random place in its lower half, so that the upper half is room to count;
 * a clock that goes back or a counter that is used up stays in order by going on from the last millisecond. */
static void advance(struct id_maker *maker, uint64_t now_ms, uint16_t random) {
    if (now_ms > maker->last_ms) {
        maker->last_ms = now_ms;
        maker->counter = random & (COUNTER_MAX >> 1);
    } else if (maker->counter < COUNTER_MAX) {
        maker->counter++;
    } else {
        maker->last_ms++;
        maker->counter = random & (COUNTER_MAX >> 1);
    }
}

struct id id_make(struct id_maker *maker, uint64_t now_ms) {
    struct {
        uint64_t tail;
        uint16_t start;
    } random;
    randombytes_buf(&random, sizeof random);
    advance(maker, now_ms, random.start);
    return assemble(maker->last_ms, maker->counter, random.tail);
}

/* hash_mix64 is a bijection and all its 64 bits are kept: for one (ms, seed) no two numbers give the same id. */
struct id id_make_from(uint64_t ms, uint64_t seed, uint64_t number) {
    uint64_t spread = hash_mix64(hash_mix64(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ number);
    uint64_t more = hash_mix64(spread + seed + ms);
    return assemble(ms, (uint16_t)((spread >> 62) << 10 | (more & 0x3FF)), spread);
}

struct id id_random(void) {
    struct id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)(0x40 | (id.bytes[6] & 0x0F));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

bool id_is_v7(const uint8_t *bytes, size_t size) {
    return size == ID_BYTES && bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2;
}

uint64_t id_time_ms(const struct id *id) {
    uint64_t ms = 0;
    for (unsigned i = 0; i < 6; i++) {
        ms = ms << 8 | id->bytes[i];
    }
    return ms;
}

bool id_equal(const struct id *a, const struct id *b) {
    return memcmp(a->bytes, b->bytes, ID_BYTES) == 0;
}

bool id_is_zero(const struct id *id) {
    static const struct id zero;
    return id_equal(id, &zero);
}

static bool hyphen_before(unsigned byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void id_format(const struct id *id, char text[ID_TEXT_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < ID_BYTES; i++) {
        if (hyphen_before(i)) {
            *text++ = '-';
        }
        *text++ = digits[id->bytes[i] >> 4];
        *text++ = digits[id->bytes[i] & 15];
    }
    *text = 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool id_parse(const char *text, struct id *id) {
    struct id parsed;
    for (unsigned i = 0; i < ID_BYTES; i++) {
        if (hyphen_before(i) && *text++ != '-') {
            return false;
        }
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0) {
            return false;
        }
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != 0) {
        return false;
    }
    *id = parsed;
    return true;
}
