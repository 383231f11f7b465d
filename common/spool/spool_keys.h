#ifndef SPOOL_SPOOL_KEYS_H
#define SPOOL_SPOOL_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Where in the spool the entries of a key may be: token (a hash of 64 bits) -> numbers of entries. In memory only, made
 * again at each start: on the disk an index of random keys would write a page for each of them. A slot has 32 bits of
 * the token and the low 32 bits of the number, so what is found is a hint to be compared with the entry itself.
 *
 * 8 bytes a slot, tables two fifths to four fifths full: 10 to 20 bytes an entry. 256 tables, each of which grows
 * alone: no pause grows with the whole.
 */
#define SPOOL_KEYS_SHARDS 256
struct spool_keys {
    struct spool_keys_shard {
        uint64_t *slots; /* tag << 32 | number; 0: none */
        uint32_t capacity;
        uint32_t used;
    } shards[SPOOL_KEYS_SHARDS];
    struct buffer changes; /* since the last keep or undo */
};

void spool_keys_release(struct spool_keys *keys);
void spool_keys_put(struct spool_keys *keys, uint64_t token, uint64_t number);
/* Nothing when it is not there. */
void spool_keys_remove(struct spool_keys *keys, uint64_t token, uint64_t number);
/* The next hint for the token at or behind *place (0 at first); numbers are those up to `newest` (and less than 2^32
 * behind it). False: there is none. Not across a put or remove. */
bool spool_keys_next(const struct spool_keys *keys, uint64_t token, uint64_t newest, uint32_t *place, uint64_t *number);
/* What was changed since stays, or is as it was. */
void spool_keys_keep(struct spool_keys *keys);
void spool_keys_undo(struct spool_keys *keys);

#endif
