#ifndef SERVICE_FEED_RING_H
#define SERVICE_FEED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The public bodies of the newest rows, in memory: FEED_RING_BYTES of bodies, FEED_RING_ROWS of rows. Rows are pushed
 * in order of their numbers without a gap; the oldest fall out. */
#define FEED_RING_BYTES (8u * 1024 * 1024)
#define FEED_RING_ROWS (1u << 17)

struct feed_ring_slot {
    uint64_t end; /* position behind the body, counted over the ring's whole life */
    int64_t at_ms;
    uint32_t size;
};

struct feed_ring {
    uint8_t *bytes;
    struct feed_ring_slot *slots; /* of row seq at seq % FEED_RING_ROWS */
    uint64_t position;            /* bytes pushed so far, jumps at the end of the buffer included */
    uint64_t first;               /* oldest row held */
    uint64_t next;                /* number of the next row; first == next: empty */
};

void feed_ring_init(struct feed_ring *ring);
void feed_ring_release(struct feed_ring *ring);
/* Empties it; the next row pushed may have any number. */
void feed_ring_clear(struct feed_ring *ring);
/* body is copied; size at most FEED_RING_BYTES. A number that does not follow the last one empties the ring first. */
void feed_ring_push(struct feed_ring *ring, uint64_t seq, int64_t at_ms, const uint8_t *body, size_t size);
bool feed_ring_holds(const struct feed_ring *ring, uint64_t seq);
/* The body of a row it holds; valid until the next push. */
const uint8_t *feed_ring_body(const struct feed_ring *ring, uint64_t seq, size_t *size, int64_t *at_ms);

#endif
