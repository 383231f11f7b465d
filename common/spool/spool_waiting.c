#include "spool/spool_waiting.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define BITS 64

void spool_waiting_release(struct spool_waiting *waiting) {
    free(waiting->words);
    *waiting = (struct spool_waiting){0};
}

static void reserve(struct spool_waiting *waiting, size_t words) {
    if (words > waiting->capacity) {
        size_t capacity = waiting->capacity == 0 ? 64 : waiting->capacity;
        while (capacity < words) {
            capacity *= 2;
        }
        waiting->words = realloc(waiting->words, capacity * sizeof *waiting->words);
        CHECK(waiting->words != NULL);
        waiting->capacity = capacity;
    }
}

/* Words in front of the first, for a number below it: an undone verdict. */
static void lower(struct spool_waiting *waiting, uint64_t base) {
    const size_t more = (size_t)((waiting->base - base) / BITS);
    reserve(waiting, waiting->used + more);
    memmove(waiting->words + more, waiting->words, waiting->used * sizeof *waiting->words);
    memset(waiting->words, 0, more * sizeof *waiting->words);
    waiting->used += more;
    waiting->empty += more;
    waiting->base = base;
}

void spool_waiting_add(struct spool_waiting *waiting, uint64_t number) {
    const uint64_t base = number - number % BITS;
    if (waiting->used == 0) {
        waiting->base = base;
    } else if (base < waiting->base) {
        lower(waiting, base);
    }
    const size_t word = (size_t)((base - waiting->base) / BITS);
    if (word >= waiting->used) {
        reserve(waiting, word + 1);
        memset(waiting->words + waiting->used, 0, (word + 1 - waiting->used) * sizeof *waiting->words);
        waiting->used = word + 1;
    }
    waiting->empty = word < waiting->empty ? word : waiting->empty;
    const uint64_t bit = UINT64_C(1) << number % BITS;
    waiting->count += (waiting->words[word] & bit) == 0;
    waiting->words[word] |= bit;
}

/* The front is dropped once it is half of all, so that each word moves once at most on average. */
static void forget_settled(struct spool_waiting *waiting) {
    while (waiting->empty < waiting->used && waiting->words[waiting->empty] == 0) {
        waiting->empty++;
    }
    if (waiting->empty * 2 >= waiting->used) {
        waiting->used -= waiting->empty;
        memmove(waiting->words, waiting->words + waiting->empty, waiting->used * sizeof *waiting->words);
        waiting->base += (uint64_t)waiting->empty * BITS;
        waiting->empty = 0;
    }
}

bool spool_waiting_remove(struct spool_waiting *waiting, uint64_t number) {
    const size_t word = number < waiting->base ? SIZE_MAX : (size_t)((number - waiting->base) / BITS);
    const uint64_t bit = UINT64_C(1) << number % BITS;
    if (word >= waiting->used || (waiting->words[word] & bit) == 0) {
        return false;
    }
    waiting->words[word] &= ~bit;
    waiting->count--;
    if (word == waiting->empty && waiting->words[word] == 0) {
        forget_settled(waiting);
    }
    return true;
}

uint64_t spool_waiting_next(const struct spool_waiting *waiting, uint64_t after) {
    const uint64_t first = waiting->base + (uint64_t)waiting->empty * BITS;
    const uint64_t from = after + 1 < first ? first : after + 1;
    uint64_t mask = ~UINT64_C(0) << from % BITS; /* for the first word */
    for (size_t word = (size_t)((from - waiting->base) / BITS); word < waiting->used; word++) {
        const uint64_t bits = waiting->words[word] & mask;
        if (bits != 0) {
            return waiting->base + (uint64_t)word * BITS + (uint64_t)__builtin_ctzll(bits);
        }
        mask = ~UINT64_C(0);
    }
    return 0;
}
