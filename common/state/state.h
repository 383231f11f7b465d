#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/*
 * State in memory: tables of fixed-size rows with stable numbers, and hash indexes over them. Row 0 of every table is
 * never used, so 0 means "none" and a zeroed row refers to nothing. Rows are plain bytes without padding and without
 * pointers: a snapshot is the tables as they are. A fold of the same events gives the same bytes.
 *
 * Rows lie in one mapping that grows by mremap(2): no copy, no doubled memory, and only touched pages count.
 */
struct table {
    const char *name; /* borrowed for ever: in snapshots, metrics */
    uint32_t row_bytes;
    uint32_t rows_max; /* bound; a full table is a refusal (table_is_full), never a CHECK on input */
    uint32_t count;    /* rows in use, row 0 excluded: numbers 1..count */
    uint8_t *rows;     /* may move on table_add: hold numbers, not pointers, across it */
    size_t mapped_bytes;
};

void table_init(struct table *table, const char *name, uint32_t row_bytes, uint32_t rows_max);
void table_release(struct table *table);
/* A new zeroed row; CHECKs that the table is not full and the system has memory. */
void *table_add(struct table *table, uint32_t *number);
static inline bool table_is_full(const struct table *table) {
    return table->count >= table->rows_max;
}
/* Row 0 is a row of zeros. number <= count is the caller's duty. */
static inline void *table_row(const struct table *table, uint32_t number) {
    return table->rows + (size_t)number * table->row_bytes;
}

/*
 * Hash index: linear hashing with chains of row numbers. Grows one bucket per insert, so no insert ever pauses to
 * rehash. 8 bytes a row. hash must be a function of the row's key alone, well spread over 64 bits.
 */
struct index {
    const char *name;
    const struct table *table;
    uint64_t (*hash)(const void *row);
    bool (*equal)(const void *row, const void *key);
    uint32_t *heads; /* bucket -> first row */
    uint32_t *next;  /* row -> next row of the bucket */
    uint32_t bucket_count;
    uint32_t level_mask; /* buckets at the start of this round of splits - 1 */
    uint32_t count;      /* rows in the index */
    size_t heads_mapped_bytes;
    size_t next_mapped_bytes;
};

void index_init(struct index *index, const char *name, const struct table *table, uint64_t (*hash)(const void *row),
                bool (*equal)(const void *row, const void *key));
void index_release(struct index *index);
/* The row whose key equals; 0 when there is none. hash is the hash of key. Of rows with equal keys, the newest. */
uint32_t index_find(const struct index *index, uint64_t hash, const void *key);
/* Adds a row already in the table. */
void index_add(struct index *index, uint32_t number);
/* Takes a row out (its key is about to change). */
void index_remove(struct index *index, uint32_t number);
/* Start the memory reads that index_find will need: first the bucket, later, when that is there, its newest row. */
void index_prefetch(const struct index *index, uint64_t hash);
void index_prefetch_row(const struct index *index, uint64_t hash);

/* All tables and indexes of one service, in a fixed order: for snapshots, status, metrics. */
#define STATE_TABLES_MAX 40
struct state {
    struct table *tables[STATE_TABLES_MAX];
    size_t table_count;
    struct index *indexes[STATE_TABLES_MAX];
    size_t index_count;
};

void state_register_table(struct state *state, struct table *table);
void state_register_index(struct state *state, struct index *index);
/* Empties every table and index. */
void state_clear(struct state *state);
void state_release(struct state *state);
size_t state_bytes(const struct state *state);
/* Bytes of one table with its indexes. */
size_t state_table_bytes(const struct state *state, const struct table *table);
/* BLAKE2b-256 over all rows and indexes: equal folds have equal hashes. */
void state_hash(const struct state *state, uint8_t hash[32]);

#endif
