#include "state/state.h"

#include <string.h>

#include <sodium.h>

#include "base/check.h"
#include "state/mapping.h"

void state_register_table(struct state *state, struct table *table) {
    CHECK(state->table_count < STATE_TABLES_MAX);
    for (size_t i = 0; i < state->table_count; i++) {
        CHECK(strcmp(state->tables[i]->name, table->name) != 0);
    }
    state->tables[state->table_count++] = table;
}

void state_register_index(struct state *state, struct index *index) {
    CHECK(state->index_count < STATE_TABLES_MAX);
    for (size_t i = 0; i < state->index_count; i++) {
        CHECK(strcmp(state->indexes[i]->name, index->name) != 0);
    }
    state->indexes[state->index_count++] = index;
}

void state_clear(struct state *state) {
    for (size_t i = 0; i < state->table_count; i++) {
        table_clear(state->tables[i]);
    }
    for (size_t i = 0; i < state->index_count; i++) {
        index_clear(state->indexes[i]);
    }
}

void state_release(struct state *state) {
    for (size_t i = 0; i < state->table_count; i++) {
        table_release(state->tables[i]);
    }
    for (size_t i = 0; i < state->index_count; i++) {
        index_release(state->indexes[i]);
    }
    *state = (struct state){0};
}

size_t state_table_bytes(const struct state *state, const struct table *table) {
    const size_t rows = (size_t)table->count + 1;
    size_t bytes = rows * table->row_bytes;
    for (size_t i = 0; i < state->index_count; i++) {
        const struct index *index = state->indexes[i];
        if (index->table == table) {
            bytes += (rows + index->bucket_count) * sizeof(uint32_t);
        }
    }
    return bytes;
}

size_t state_bytes(const struct state *state) {
    size_t bytes = 0;
    for (size_t i = 0; i < state->table_count; i++) {
        bytes += state_table_bytes(state, state->tables[i]);
    }
    return bytes;
}

static void hash_array(crypto_generichash_state *hash, const char *name, const void *data, size_t bytes) {
    const uint64_t size = bytes;
    crypto_generichash_update(hash, (const uint8_t *)name, strlen(name) + 1);
    crypto_generichash_update(hash, (const uint8_t *)&size, sizeof size);
    crypto_generichash_update(hash, data, bytes);
}

void state_hash(const struct state *state, uint8_t hash[32]) {
    crypto_generichash_state h;
    CHECK(sodium_init() >= 0);
    crypto_generichash_init(&h, NULL, 0, 32);
    for (size_t i = 0; i < state->table_count; i++) {
        const struct table *table = state->tables[i];
        hash_array(&h, table->name, table->rows, ((size_t)table->count + 1) * table->row_bytes);
    }
    for (size_t i = 0; i < state->index_count; i++) {
        struct index *index = state->indexes[i];
        const uint32_t *next = index_cover(index);
        hash_array(&h, index->name, index->heads, (size_t)index->bucket_count * sizeof *index->heads);
        hash_array(&h, index->name, next, ((size_t)index->table->count + 1) * sizeof *next);
    }
    crypto_generichash_final(&h, hash, 32);
}
