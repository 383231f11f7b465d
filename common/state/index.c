#include "base/check.h"
#include "state/mapping.h"

/*
 * Linear hashing (Litwin 1980): buckets split one after the other in a fixed order, one with each insert, so that there
 * are as many buckets as there have been rows. A bucket is a chain of row numbers, newest first.
 */
#define SPLITS_AHEAD 4 /* how many splits ahead their rows are fetched into the cache */

void index_init(struct index *index, const char *name, const struct table *table, uint64_t (*hash)(const void *row),
                bool (*equal)(const void *row, const void *key)) {
    *index = (struct index){.name = name, .table = table, .hash = hash, .equal = equal, .bucket_count = 1};
    index->heads = mapping_grow(NULL, &index->heads_mapped_bytes, sizeof *index->heads);
    index->next = mapping_grow(NULL, &index->next_mapped_bytes, sizeof *index->next);
}

void index_release(struct index *index) {
    mapping_release(index->heads, index->heads_mapped_bytes);
    mapping_release(index->next, index->next_mapped_bytes);
    *index = (struct index){.name = index->name, .table = index->table, .hash = index->hash, .equal = index->equal};
}

void index_clear(struct index *index) {
    mapping_clear(index->heads, index->heads_mapped_bytes);
    mapping_clear(index->next, index->next_mapped_bytes);
    index->bucket_count = 1;
    index->level_mask = 0;
    index->count = 0;
}

static uint64_t hash_of(const struct index *index, uint32_t number) {
    return index->hash(table_row(index->table, number));
}

uint32_t index_find(const struct index *index, uint64_t hash, const void *key) {
    uint32_t number = index->heads[index_bucket(index, hash)];
    while (number != 0 && !index->equal(table_row(index->table, number), key)) {
        number = index->next[number];
    }
    return number;
}

void index_prefetch(const struct index *index, uint64_t hash) {
    __builtin_prefetch(&index->heads[index_bucket(index, hash)]);
}

void index_prefetch_row(const struct index *index, uint64_t hash) {
    const uint32_t number = index->heads[index_bucket(index, hash)];
    __builtin_prefetch(table_row(index->table, number));
    __builtin_prefetch(&index->next[number]);
}

static void cover_rows(struct index *index, uint32_t number) {
    const size_t needed = ((size_t)number + 1) * sizeof *index->next;
    if (needed > index->next_mapped_bytes) {
        index->next = mapping_grow(index->next, &index->next_mapped_bytes, needed);
    }
}

static void cover_buckets(struct index *index, uint32_t bucket_count) {
    const size_t needed = (size_t)bucket_count * sizeof *index->heads;
    if (needed > index->heads_mapped_bytes) {
        index->heads = mapping_grow(index->heads, &index->heads_mapped_bytes, needed);
    }
}

/* The rows of the buckets whose turn comes soon: the split then finds them in the cache. First the newest of each,
 * then, as next is there by now, the one behind it. Inlined by force: GCC removes calls of a function that only
 * prefetches. */
__attribute__((always_inline)) static inline void fetch_ahead(const struct index *index, uint32_t bucket) {
    const uint32_t far = bucket + 2 * SPLITS_AHEAD;
    if (far < index->bucket_count) {
        const uint32_t newest = index->heads[far];
        const uint32_t second = index->next[index->heads[bucket + SPLITS_AHEAD]];
        __builtin_prefetch(table_row(index->table, newest));
        __builtin_prefetch(&index->next[newest]);
        __builtin_prefetch(table_row(index->table, second));
        __builtin_prefetch(&index->next[second]);
    }
}

/* Moves what belongs to the new last bucket out of its older half. Both keep their order, so newest stays first. */
static void split_bucket(struct index *index) {
    const uint32_t created = index->bucket_count;
    const uint32_t old = created & index->level_mask;
    const uint32_t mask = index->level_mask * 2 + 1;
    cover_buckets(index, created + 1);
    fetch_ahead(index, old);
    uint32_t *keep = &index->heads[old];
    uint32_t *move = &index->heads[created];
    for (uint32_t number = *keep; number != 0; number = index->next[number]) {
        uint32_t **end = ((uint32_t)hash_of(index, number) & mask) == created ? &move : &keep;
        **end = number;
        *end = &index->next[number];
    }
    *keep = 0;
    *move = 0;
    index->bucket_count++;
    if (index->bucket_count == mask + 1) {
        index->level_mask = mask;
    }
}

void index_add(struct index *index, uint32_t number) {
    CHECK(number > 0 && number <= index->table->count);
    const uint64_t hash = hash_of(index, number);
    __builtin_prefetch(&index->heads[index_bucket(index, hash)]); /* on its way during the split */
    if (index->count >= index->bucket_count) {
        split_bucket(index);
    }
    cover_rows(index, number);
    uint32_t *head = &index->heads[index_bucket(index, hash)];
    index->next[number] = *head;
    *head = number;
    index->count++;
}

void index_remove(struct index *index, uint32_t number) {
    uint32_t *link = &index->heads[index_bucket(index, hash_of(index, number))];
    while (*link != number) {
        CHECK(*link != 0);
        link = &index->next[*link];
    }
    *link = index->next[number];
    index->next[number] = 0;
    index->count--;
}

uint32_t *index_cover(struct index *index) {
    cover_rows(index, index->table->count);
    return index->next;
}

void index_resize(struct index *index, uint32_t bucket_count) {
    CHECK(bucket_count > 0);
    cover_buckets(index, bucket_count);
    cover_rows(index, index->table->count);
    index->bucket_count = bucket_count;
    index->level_mask = index_level_mask(bucket_count);
}

uint32_t index_level_mask(uint32_t bucket_count) {
    CHECK(bucket_count > 0);
    return (UINT32_MAX >> (unsigned)__builtin_clz(bucket_count)) >> 1;
}
