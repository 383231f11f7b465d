#include "service/submit_order.h"

#include <string.h>

#include "base/hash.h"

static uint64_t hash_of(const struct peer *peer) {
    return hash_bytes(peer->id, peer->size) | 1;
}

/* The peer's slot, or the empty one where it belongs: there always is one. */
static uint32_t slot_of(const struct submit_order *order, uint64_t hash) {
    uint32_t slot = (uint32_t)(hash >> 32) % SUBMIT_ORDER_SLOTS;
    while (order->slots[slot].peer != 0 && order->slots[slot].peer != hash) {
        slot = (slot + 1) % SUBMIT_ORDER_SLOTS;
    }
    return slot;
}

bool submit_order_allows(const struct submit_order *order, const struct peer *peer, uint64_t after) {
    return after == 0 || order->slots[slot_of(order, hash_of(peer))].last == after;
}

void submit_order_note(struct submit_order *order, const struct peer *peer, uint64_t request) {
    uint64_t hash = hash_of(peer);
    uint32_t slot = slot_of(order, hash);
    if (order->slots[slot].peer == 0) {
        if (order->count == SUBMIT_ORDER_PEERS) {
            submit_order_forget(order);
            slot = slot_of(order, hash);
        }
        order->count++;
    }
    order->slots[slot].peer = hash;
    order->slots[slot].last = request;
}

void submit_order_forget(struct submit_order *order) {
    memset(order, 0, sizeof *order);
}
