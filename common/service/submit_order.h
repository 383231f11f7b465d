#ifndef SERVICE_SUBMIT_ORDER_H
#define SERVICE_SUBMIT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/server.h"

/*
 * Which Submit was taken last from each connection, so that one sent behind a lost one is noticed (Submit.after in the
 * contract). Bounded: when SUBMIT_ORDER_PEERS connections are known, all are forgotten; each then sends again what it has
 * under way, once, and nothing happens twice.
 */
#define SUBMIT_ORDER_SLOTS 16384u
#define SUBMIT_ORDER_PEERS 12000u

struct submit_order {
    struct {
        uint64_t peer; /* hash of its routing id; 0: empty */
        uint64_t last; /* request number */
    } slots[SUBMIT_ORDER_SLOTS];
    uint32_t count;
};

/* Whether a Submit that names `after` may be taken now. */
bool submit_order_allows(const struct submit_order *order, const struct peer *peer, uint64_t after);
/* It is taken. */
void submit_order_note(struct submit_order *order, const struct peer *peer, uint64_t request);
/* What was taken is void (a commit failed): whoever names a Submit before is refused. */
void submit_order_forget(struct submit_order *order);

#endif
