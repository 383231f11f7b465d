#ifndef STATE_MAPPING_H
#define STATE_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "state/state.h"

/* The memory under tables and indexes, and what only the snapshot may do with them. For common/state alone. */

/* Zeroed memory of at least needed_bytes that keeps what the old mapping held; may move. old NULL: a new one. Doubles,
 * as pages never touched cost nothing. Aborts when the system has none. */
void *mapping_grow(void *old, size_t *mapped_bytes, size_t needed_bytes);
/* Zeroes it, giving its pages back to the system. */
void mapping_clear(void *mapping, size_t mapped_bytes);
void mapping_release(void *mapping, size_t mapped_bytes);

/* Makes room for rows 1..count, zeroed, in an empty table. */
void table_resize(struct table *table, uint32_t count);
/* Empties without giving the mapping up. */
void table_clear(struct table *table);

/* Entries of next that belong to the table's rows (row 0 included); next is mapped that far after the call. */
uint32_t *index_cover(struct index *index);
/* Room for bucket_count heads and the table's rows in an empty index. The caller fills heads and next. */
void index_resize(struct index *index, uint32_t bucket_count);
/* level_mask that belongs to a number of buckets. */
uint32_t index_level_mask(uint32_t bucket_count);
void index_clear(struct index *index);
/* Whether heads and next form chains that end, name rows of the table only, each at most once and in the bucket of its
 * hash, count in all: then no call of the index can read beyond it, run for ever or fail a CHECK. */
bool index_is_sound(const struct index *index);

/* The bucket of a hash: of the doubled table, where that bucket exists already, else of the one before. */
static inline uint32_t index_bucket(const struct index *index, uint64_t hash) {
    const uint32_t bucket = (uint32_t)hash & (index->level_mask * 2 + 1);
    return bucket < index->bucket_count ? bucket : (uint32_t)hash & index->level_mask;
}

#endif
