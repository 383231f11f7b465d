#include "service/outbox.h"

#include <stdlib.h>

#include "base/check.h"

void outbox_init(struct outbox *outbox) {
    outbox->replies = malloc(OUTBOX_REPLIES_MAX * sizeof *outbox->replies);
    CHECK(outbox->replies != NULL);
    outbox->count = 0;
}

static void clear(struct outbox *outbox) {
    for (size_t i = 0; i < outbox->count; i++) {
        zmq_msg_close(&outbox->replies[i].message);
    }
    outbox->count = 0;
}

void outbox_release(struct outbox *outbox) {
    clear(outbox);
    free(outbox->replies);
    outbox->replies = NULL;
}

void outbox_add(struct outbox *outbox, const struct peer *peer, const Common__V1__Reply *reply) {
    CHECK(!outbox_is_full(outbox));
    struct outbox_reply *slot = &outbox->replies[outbox->count++];
    slot->peer = *peer;
    slot->request = reply->request;
    server_pack(reply, &slot->message);
}

void outbox_send(struct outbox *outbox, struct server *server) {
    for (size_t i = 0; i < outbox->count; i++) {
        (void)server_send_message(server, &outbox->replies[i].peer, &outbox->replies[i].message);
    }
    clear(outbox);
}

void outbox_fail(struct outbox *outbox, struct server *server, Common__V1__Problem *problem) {
    for (size_t i = 0; i < outbox->count; i++) {
        Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
        reply.request = outbox->replies[i].request;
        reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
        reply.problem = problem;
        (void)server_send(server, &outbox->replies[i].peer, &reply);
    }
    clear(outbox);
}
