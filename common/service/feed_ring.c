#include "service/feed_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void feed_ring_init(struct feed_ring *ring) {
    *ring = (struct feed_ring){0};
    ring->bytes = malloc(FEED_RING_BYTES);
    ring->slots = malloc(FEED_RING_ROWS * sizeof *ring->slots);
    CHECK(ring->bytes != NULL && ring->slots != NULL);
}

void feed_ring_release(struct feed_ring *ring) {
    free(ring->bytes);
    free(ring->slots);
    *ring = (struct feed_ring){0};
}

void feed_ring_clear(struct feed_ring *ring) {
    ring->first = 0;
    ring->next = 0;
}

static struct feed_ring_slot *slot_of(const struct feed_ring *ring, uint64_t seq) {
    return &ring->slots[seq % FEED_RING_ROWS];
}

void feed_ring_push(struct feed_ring *ring, uint64_t seq, int64_t at_ms, const uint8_t *body, size_t size) {
    CHECK(size <= FEED_RING_BYTES);
    if (seq != ring->next || ring->first == ring->next) {
        ring->first = ring->next = seq;
    }
    size_t offset = ring->position % FEED_RING_BYTES;
    if (offset + size > FEED_RING_BYTES) {
        ring->position += FEED_RING_BYTES - offset; /* a body lies in one piece */
    }
    uint64_t end = ring->position + size;
    while (ring->first < ring->next) {
        const struct feed_ring_slot *oldest = slot_of(ring, ring->first);
        bool overwritten = oldest->end - oldest->size + FEED_RING_BYTES < end;
        if (!overwritten && ring->next - ring->first < FEED_RING_ROWS) {
            break;
        }
        ring->first++;
    }
    if (size > 0) {
        memcpy(ring->bytes + ring->position % FEED_RING_BYTES, body, size);
    }
    *slot_of(ring, seq) = (struct feed_ring_slot){.end = end, .at_ms = at_ms, .size = (uint32_t)size};
    ring->position = end;
    ring->next = seq + 1;
}

bool feed_ring_holds(const struct feed_ring *ring, uint64_t seq) {
    return seq >= ring->first && seq < ring->next;
}

const uint8_t *feed_ring_body(const struct feed_ring *ring, uint64_t seq, size_t *size, int64_t *at_ms) {
    const struct feed_ring_slot *slot = slot_of(ring, seq);
    *size = slot->size;
    *at_ms = slot->at_ms;
    return ring->bytes + (slot->end - slot->size) % FEED_RING_BYTES;
}
