#ifndef SPOOL_SPOOL_WAITING_H
#define SPOOL_SPOOL_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which entries wait for a verdict: a bit for each number since the oldest of them. {0} is empty. */
struct spool_waiting {
    uint64_t *words;
    size_t capacity; /* words */
    size_t used;     /* words */
    size_t empty;    /* of them, at the front, without any bit */
    uint64_t base;   /* number of the first bit, a multiple of 64 */
    uint64_t count;
};

void spool_waiting_release(struct spool_waiting *waiting);
void spool_waiting_add(struct spool_waiting *waiting, uint64_t number);
/* False: it did not wait. */
bool spool_waiting_remove(struct spool_waiting *waiting, uint64_t number);
/* The first that waits above `after`; 0: none. */
uint64_t spool_waiting_next(const struct spool_waiting *waiting, uint64_t after);

#endif
