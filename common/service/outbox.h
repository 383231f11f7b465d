#ifndef SERVICE_OUTBOX_H
#define SERVICE_OUTBOX_H

#include "wire/server.h"

/* Replies that wait for the commit of their turn. At most OUTBOX_REPLIES_MAX, so that a turn ends. */
#define OUTBOX_REPLIES_MAX 4096

struct outbox_reply {
    struct peer peer;
    uint64_t request;
    zmq_msg_t message;
};

struct outbox {
    struct outbox_reply *replies; /* OUTBOX_REPLIES_MAX of them */
    size_t count;
};

void outbox_init(struct outbox *outbox);
void outbox_release(struct outbox *outbox);
static inline bool outbox_is_full(const struct outbox *outbox) {
    return outbox->count == OUTBOX_REPLIES_MAX;
}
/* Packs now, sends at outbox_send. CHECKs that it is not full. */
void outbox_add(struct outbox *outbox, const struct peer *peer, const Common__V1__Reply *reply);
/* Sends all and empties it. A reply whose peer is gone or full is dropped: the sender asks again with the same ids. */
void outbox_send(struct outbox *outbox, struct server *server);
/* The commit failed: each waiting reply becomes this problem, with its own request number. */
void outbox_fail(struct outbox *outbox, struct server *server, Common__V1__Problem *problem);

#endif
