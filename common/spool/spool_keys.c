#include "spool/spool_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define CAPACITY_FIRST 16 /* slots of a table, a power of two */

/* Open addressing, one slot after the other. The token's top 8 bits choose the table, the 31 below them are the tag
 * and, spread, the first slot: so a table that grows needs no token. The tag's last bit is set: 0 is an empty slot. */

struct change {
    uint64_t token;
    uint64_t number;
    bool was_put;
};

static struct spool_keys_shard *shard_of(const struct spool_keys *keys, uint64_t token) {
    return (struct spool_keys_shard *)&keys->shards[token >> 56];
}

static uint64_t slot_of(uint64_t token, uint64_t number) {
    return (token >> 24 | 1) << 32 | (number & UINT32_MAX);
}

static uint32_t home_of(uint64_t slot, uint32_t capacity) {
    return (uint32_t)((slot >> 33) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (capacity - 1);
}

static void place(struct spool_keys_shard *shard, uint64_t slot) {
    uint32_t at = home_of(slot, shard->capacity);
    while (shard->slots[at] != 0) {
        at = (at + 1) & (shard->capacity - 1);
    }
    shard->slots[at] = slot;
}

static void grow(struct spool_keys_shard *shard) {
    struct spool_keys_shard larger = {.capacity = shard->capacity == 0 ? CAPACITY_FIRST : shard->capacity * 2,
                                      .used = shard->used};
    CHECK(larger.capacity > shard->capacity);
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    CHECK(larger.slots != NULL);
    for (uint32_t i = 0; i < shard->capacity; i++) {
        if (shard->slots[i] != 0) {
            place(&larger, shard->slots[i]);
        }
    }
    free(shard->slots);
    *shard = larger;
}

static void put(struct spool_keys *keys, uint64_t token, uint64_t number) {
    struct spool_keys_shard *shard = shard_of(keys, token);
    if ((uint64_t)shard->used * 5 >= (uint64_t)shard->capacity * 4) {
        grow(shard);
    }
    place(shard, slot_of(token, number));
    shard->used++;
}

/* What stands behind an emptied slot and would no longer be found from its home moves up. */
static void close_gap(struct spool_keys_shard *shard, uint32_t gap) {
    const uint32_t mask = shard->capacity - 1;
    for (uint32_t at = (gap + 1) & mask; shard->slots[at] != 0; at = (at + 1) & mask) {
        const uint32_t home = home_of(shard->slots[at], shard->capacity);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            shard->slots[gap] = shard->slots[at];
            gap = at;
        }
    }
    shard->slots[gap] = 0;
}

static bool take_out(struct spool_keys *keys, uint64_t token, uint64_t number) {
    struct spool_keys_shard *shard = shard_of(keys, token);
    const uint64_t slot = slot_of(token, number);
    if (shard->capacity == 0) {
        return false;
    }
    for (uint32_t at = home_of(slot, shard->capacity); shard->slots[at] != 0; at = (at + 1) & (shard->capacity - 1)) {
        if (shard->slots[at] == slot) {
            close_gap(shard, at);
            shard->used--;
            return true;
        }
    }
    return false;
}

static void note(struct spool_keys *keys, uint64_t token, uint64_t number, bool was_put) {
    const struct change change = {token, number, was_put};
    buffer_append(&keys->changes, &change, sizeof change);
}

void spool_keys_put(struct spool_keys *keys, uint64_t token, uint64_t number) {
    put(keys, token, number);
    note(keys, token, number, true);
}

void spool_keys_remove(struct spool_keys *keys, uint64_t token, uint64_t number) {
    if (take_out(keys, token, number)) {
        note(keys, token, number, false);
    }
}

bool spool_keys_next(const struct spool_keys *keys, uint64_t token, uint64_t newest, uint32_t *at, uint64_t *number) {
    const struct spool_keys_shard *shard = shard_of(keys, token);
    const uint64_t wanted = slot_of(token, 0);
    for (; *at < shard->capacity; (*at)++) {
        const uint64_t slot = shard->slots[(home_of(wanted, shard->capacity) + *at) & (shard->capacity - 1)];
        if (slot == 0) {
            return false;
        }
        if (slot >> 32 == wanted >> 32) {
            *number = newest - (uint32_t)((uint32_t)newest - (uint32_t)slot);
            (*at)++;
            return true;
        }
    }
    return false;
}

void spool_keys_keep(struct spool_keys *keys) {
    buffer_clear(&keys->changes);
}

void spool_keys_undo(struct spool_keys *keys) {
    for (size_t left = keys->changes.size; left > 0; left -= sizeof(struct change)) {
        struct change change;
        memcpy(&change, keys->changes.data + left - sizeof change, sizeof change);
        if (change.was_put) {
            (void)take_out(keys, change.token, change.number);
        } else {
            put(keys, change.token, change.number);
        }
    }
    buffer_clear(&keys->changes);
}

void spool_keys_release(struct spool_keys *keys) {
    for (size_t i = 0; i < SPOOL_KEYS_SHARDS; i++) {
        free(keys->shards[i].slots);
    }
    buffer_release(&keys->changes);
    *keys = (struct spool_keys){0};
}
