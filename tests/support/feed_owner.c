#include "support/feed_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "support/ports.h"

#define BATCH_ROWS 100
#define BATCH_ROWS_MAX 20000
#define REBIND_TRIES 3000
#define REBIND_WAIT_US 10000

void feed_owner_open(struct feed_owner *owner, const char *bind, const char *key_path, const char *keys_path) {
    char endpoint[TEST_ENDPOINT_BYTES];
    if (bind == NULL) {
        test_endpoint(endpoint);
        bind = endpoint;
    }
    struct server_options options = {.bind = bind, .key_path = key_path, .keys_path = keys_path};
    struct keys_error error = {.text = ""};
    enum status status = server_new(&options, &owner->server, &error);
    /* An owner that comes back at its old address: the listener of before goes when libzmq's own thread gets to it. */
    for (int tries = 0; status != STATUS_OK && tries < REBIND_TRIES; tries++) {
        usleep(REBIND_WAIT_US);
        status = server_new(&options, &owner->server, &error);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "feed owner at %s: %s\n", bind, error.text);
    }
    CHECK(status == STATUS_OK);
    arena_init(&owner->arena, SERVER_UNPACK_BYTES_MAX);
    if (id_is_zero(&owner->epoch)) {
        owner->epoch = id_random();
    }
    if (owner->batch_rows == 0) {
        owner->batch_rows = BATCH_ROWS;
    }
    owner->follows = false;
}

void feed_owner_close(struct feed_owner *owner) {
    server_destroy(&owner->server);
    arena_release(&owner->arena);
}

void feed_owner_cut(struct feed_owner *owner, uint64_t head) {
    while (owner->head > head) {
        free(owner->rows[--owner->head].body);
    }
}

void feed_owner_release(struct feed_owner *owner) {
    if (owner->server != NULL) {
        feed_owner_close(owner);
    }
    feed_owner_cut(owner, 0);
    free(owner->rows);
    memset(owner, 0, sizeof *owner);
}

void feed_owner_append(struct feed_owner *owner, const void *body, size_t size) {
    if (owner->head == owner->capacity) {
        owner->capacity = owner->capacity == 0 ? 1024 : 2 * owner->capacity;
        owner->rows = realloc(owner->rows, owner->capacity * sizeof *owner->rows);
        CHECK(owner->rows != NULL);
    }
    struct feed_row *row = &owner->rows[owner->head++];
    *row = (struct feed_row){.size = size};
    if (body != NULL) {
        row->body = malloc(size + 1);
        CHECK(row->body != NULL);
        memcpy(row->body, body, size);
    }
}

/* --- Replies -------------------------------------------------------------------------------------------------------- */

static void send_problem(struct feed_owner *owner, const struct incoming *incoming, Common__V1__Code code) {
    Common__V1__Problem problem = COMMON__V1__PROBLEM__INIT;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    problem.code = (uint32_t)code;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    (void)server_send(owner->server, &incoming->peer, &reply);
}

static void take_follow(struct feed_owner *owner, const struct incoming *incoming) {
    const Common__V1__Follow *follow = incoming->request->follow;
    bool same = follow->epoch.len == 0 || memcmp(follow->epoch.data, owner->epoch.bytes, ID_BYTES) == 0;
    owner->follows_seen++;
    owner->last_after = follow->after;
    if (incoming->principal->role != ROLE_FOLLOWER) {
        send_problem(owner, incoming, COMMON__V1__CODE__CODE_FORBIDDEN);
    } else if (!same) {
        send_problem(owner, incoming, COMMON__V1__CODE__CODE_EPOCH_CHANGED);
    } else if (follow->after > owner->head) {
        send_problem(owner, incoming, COMMON__V1__CODE__CODE_AHEAD_OF_HEAD);
    } else {
        owner->follows = true;
        owner->peer = incoming->peer;
        owner->follow_request = incoming->request->request;
        owner->sent_up_to = follow->after;
        owner->credit = follow->credit;
        owner->credit_seen = follow->credit;
        owner->events_sent = 0;
        Common__V1__Followed followed = COMMON__V1__FOLLOWED__INIT;
        Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
        followed.epoch = (ProtobufCBinaryData){ID_BYTES, owner->epoch.bytes};
        followed.head = owner->head;
        reply.request = incoming->request->request;
        reply.body_case = COMMON__V1__REPLY__BODY_FOLLOWED;
        reply.followed = &followed;
        (void)server_send(owner->server, &incoming->peer, &reply);
    }
}

static bool is_follower(const struct feed_owner *owner, const struct incoming *incoming) {
    return owner->follows && owner->peer.size == incoming->peer.size &&
           memcmp(owner->peer.id, incoming->peer.id, owner->peer.size) == 0;
}

static void take_credit(struct feed_owner *owner, const struct incoming *incoming) {
    if (!is_follower(owner, incoming)) {
        send_problem(owner, incoming, COMMON__V1__CODE__CODE_NOT_FOLLOWING);
        return;
    }
    owner->credits_seen++;
    owner->credit += incoming->request->credit->credit;
    owner->credit_seen += incoming->request->credit->credit;
}

static void take_ping(struct feed_owner *owner, const struct incoming *incoming) {
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    pong.epoch = (ProtobufCBinaryData){ID_BYTES, owner->epoch.bytes};
    pong.head = owner->head;
    pong.following = is_follower(owner, incoming);
    owner->pings_seen++;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_PONG;
    reply.pong = &pong;
    (void)server_send(owner->server, &incoming->peer, &reply);
}

static void take(struct feed_owner *owner, const struct incoming *incoming) {
    if (owner->mute) {
        return;
    }
    if (incoming->request->body_case == COMMON__V1__REQUEST__BODY_FOLLOW) {
        take_follow(owner, incoming);
    } else if (incoming->request->body_case == COMMON__V1__REQUEST__BODY_CREDIT) {
        take_credit(owner, incoming);
    } else if (incoming->request->body_case == COMMON__V1__REQUEST__BODY_PING) {
        take_ping(owner, incoming);
    } else {
        send_problem(owner, incoming, COMMON__V1__CODE__CODE_UNSUPPORTED);
    }
}

/* --- Batches -------------------------------------------------------------------------------------------------------- */

static void fill_batch(struct feed_owner *owner, Common__V1__Batch *batch, Common__V1__Event *events) {
    batch->epoch = (ProtobufCBinaryData){ID_BYTES, owner->epoch.bytes};
    batch->after = owner->sent_up_to;
    batch->up_to = batch->after;
    batch->head = owner->head;
    batch->as_of_ms = clock_unix_ms();
    while (batch->up_to < owner->head && batch->up_to - batch->after < owner->batch_rows) {
        const struct feed_row *row = &owner->rows[batch->up_to];
        if (row->body != NULL && batch->n_events == owner->credit) {
            break;
        }
        batch->up_to++;
        if (row->body != NULL) {
            common__v1__event__init(&events[batch->n_events]);
            events[batch->n_events].seq = batch->up_to;
            events[batch->n_events].body = (ProtobufCBinaryData){row->size, row->body};
            batch->events[batch->n_events] = &events[batch->n_events];
            batch->n_events++;
        }
    }
}

static void spoil(struct feed_owner *owner, Common__V1__Batch *batch) {
    if (owner->swap_events && batch->n_events >= 2) {
        Common__V1__Event *first = batch->events[0];
        batch->events[0] = batch->events[1];
        batch->events[1] = first;
        owner->swap_events = false;
    }
}

/* False when there is nothing to send, or it cannot be sent now. */
static bool send_batch(struct feed_owner *owner) {
    static Common__V1__Event events[BATCH_ROWS_MAX];
    static Common__V1__Event *list[BATCH_ROWS_MAX];
    Common__V1__Batch batch = COMMON__V1__BATCH__INIT;
    CHECK(owner->batch_rows <= BATCH_ROWS_MAX);
    batch.events = list;
    fill_batch(owner, &batch, events);
    if (batch.up_to == batch.after) {
        return false;
    }
    spoil(owner, &batch);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = owner->follow_request;
    reply.body_case = COMMON__V1__REPLY__BODY_BATCH;
    reply.batch = &batch;
    if (owner->lose_batch) {
        owner->lose_batch = false;
    } else if (server_send(owner->server, &owner->peer, &reply) != STATUS_OK) {
        return false;
    }
    owner->sent_up_to = batch.up_to;
    owner->credit -= (uint32_t)batch.n_events;
    owner->events_sent += batch.n_events;
    return true;
}

void feed_owner_pump(struct feed_owner *owner, int timeout_ms) {
    zmq_pollitem_t item = {.socket = zsock_resolve(server_socket(owner->server)), .events = ZMQ_POLLIN};
    (void)zmq_poll(&item, 1, timeout_ms);
    struct incoming incoming;
    while (server_receive(owner->server, &owner->arena, &incoming) == STATUS_OK) {
        take(owner, &incoming);
        arena_reset(&owner->arena);
    }
    for (int i = 0; i < 20 && owner->follows && !owner->mute && !owner->hold && send_batch(owner); i++) {
    }
}

void feed_owner_send_stale(struct feed_owner *owner, uint64_t request) {
    struct id other = id_random();
    Common__V1__Batch batch = COMMON__V1__BATCH__INIT;
    batch.epoch = (ProtobufCBinaryData){ID_BYTES, other.bytes};
    batch.after = owner->sent_up_to + 1000;
    batch.up_to = batch.after + 1;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = request;
    reply.body_case = COMMON__V1__REPLY__BODY_BATCH;
    reply.batch = &batch;
    CHECK(server_send(owner->server, &owner->peer, &reply) == STATUS_OK);
}
