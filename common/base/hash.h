#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Not cryptographic. Spreads all bits of a 64-bit word (the finalizer of splitmix64). */
static inline uint64_t hash_mix64(uint64_t x) {
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* FNV-1a with a final mix: for short texts (codes, names) that no enemy chooses in numbers. */
static inline uint64_t hash_bytes(const void *data, size_t size) {
    const uint8_t *p = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) {
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return hash_mix64(h);
}

#endif
