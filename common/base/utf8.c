#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/* The second byte's range is what excludes overlong forms, surrogates and everything above U+10FFFF. */
static bool second_fits(unsigned char first, unsigned char second) {
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_tail(second);
    }
}

static size_t expected_size(unsigned char first) {
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        return 4;
    }
    return 0;
}

size_t utf8_character_size(const char *text, size_t size) {
    if (size == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)text;
    size_t expected = expected_size(bytes[0]);
    if (expected < 2) {
        return expected;
    }
    if (expected > size || !second_fits(bytes[0], bytes[1])) {
        return 0;
    }
    for (size_t i = 2; i < expected; i++) {
        if (!is_tail(bytes[i])) {
            return 0;
        }
    }
    return expected;
}

/* Eight bytes at once: all ASCII, none of them NUL. Most texts are nothing else. */
static bool is_plain_word(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    uint64_t high = UINT64_C(0x8080808080808080);
    return ((word | (word - UINT64_C(0x0101010101010101))) & high) == 0;
}

bool utf8_is_valid(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        if (size - at >= 8 && is_plain_word(text + at)) {
            at += 8;
            continue;
        }
        size_t step = utf8_character_size(text + at, size - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}
