#include <stdlib.h>

#include "base/check.h"
#include "state/mapping.h"

/* A walk over an index read from a file, before anything trusts it. 4 bytes and 1 bit of memory a row while it runs. */
struct walk {
    const struct index *index;
    uint32_t rows;
    uint32_t *buckets; /* of each row, by its hash */
    uint64_t *seen;    /* bit: something points to the row */
    uint64_t pointers;
};

/* When no row is pointed to twice, a chain that begins at a head can neither join another nor run in a circle. */
static bool claim_row(struct walk *walk, uint32_t number, uint32_t bucket) {
    if (number == 0) {
        return true;
    }
    const uint64_t bit = UINT64_C(1) << (number % 64);
    if (number > walk->rows || (walk->seen[number / 64] & bit) != 0 || walk->buckets[number] != bucket) {
        return false;
    }
    walk->seen[number / 64] |= bit;
    walk->pointers++;
    return true;
}

static bool is_sound(struct walk *walk) {
    const struct index *index = walk->index;
    for (uint64_t row = 1; row <= walk->rows; row++) {
        walk->buckets[row] = index_bucket(index, index->hash(table_row(index->table, (uint32_t)row)));
    }
    bool sound = index->heads != NULL && index->next[0] == 0;
    for (uint32_t bucket = 0; sound && bucket < index->bucket_count; bucket++) {
        sound = claim_row(walk, index->heads[bucket], bucket);
    }
    for (uint64_t row = 1; sound && row <= walk->rows; row++) {
        sound = claim_row(walk, index->next[row], walk->buckets[row]);
    }
    return sound && walk->pointers == index->count;
}

bool index_is_sound(const struct index *index) {
    struct walk walk = {.index = index, .rows = index->table->count};
    const size_t rows = (size_t)walk.rows + 1;
    walk.buckets = malloc(rows * sizeof *walk.buckets);
    walk.seen = calloc(rows / 64 + 1, sizeof *walk.seen);
    CHECK(walk.buckets != NULL && walk.seen != NULL);
    const bool sound = is_sound(&walk);
    free(walk.buckets);
    free(walk.seen);
    return sound;
}
