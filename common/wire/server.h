#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include <czmq.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "common/v1/message.pb-c.h"
#include "wire/keys.h"
#include "wire/limits.h"

/*
 * The server side of every conversation: one ROUTER with CURVE, our own ZAP handler (a thread of its own, up before the
 * bind) and the key table. Hostile input ends here: oversized, extra frames, garbage, bad UTF-8, unknown enum values
 * are answered with a Problem and counted, and never reach a handler.
 */
struct server;

struct server_options {
    const char *bind;        /* tcp://127.0.0.1:7101, a wildcard host, or ipc:// */
    const char *key_path;    /* the server's own key file, with its secret */
    const char *keys_path;   /* the table of principals */
    int send_queue_messages; /* per peer, default 1000 */
    int receive_queue_messages; /* per peer, default 256 */
};

/* A connection: its routing id. Valid as a value; the peer may be gone. */
struct peer {
    uint8_t size;
    uint8_t id[31];
};

/* One request after all checks of form. principal and request live until the next server_receive; the principal's
 * strings are stable until the second server_reload after it. */
struct incoming {
    struct peer peer;
    const struct principal *principal;
    const Common__V1__Request *request; /* in the arena given to server_receive */
    size_t bytes;
};

/* Binds. CONFIG with a sentence in error (owned by the caller, may be NULL), DENIED, IO. */
enum status server_new(const struct server_options *options, struct server **server, struct keys_error *error);
void server_destroy(struct server **server);
/* For zloop_reader. */
zsock_t *server_socket(struct server *server);
/* The bound endpoint (a wildcard port resolved). */
const char *server_endpoint(const struct server *server);

/* Takes one request off the socket. AGAIN: nothing there, or enough for this turn (many bad ones in a row; an arena in
 * use with less than SERVER_UNPACK_BYTES_MAX left): the socket stays readable then. A bad one has been answered and
 * counted: the call goes on to the next. The body unpacks into arena, of at least SERVER_UNPACK_BYTES_MAX, which the
 * caller resets when it is done with the requests of a turn. A request is of one frame, its connection has the routing id
 * that the ROUTER gave it. */
enum status server_receive(struct server *server, struct arena *arena, struct incoming *incoming);

/* Packs and sends. AGAIN: the peer's queue is full, nothing was sent. NOT_FOUND: the peer is gone. */
enum status server_send(struct server *server, const struct peer *peer, const Common__V1__Reply *reply);
/* Sends bytes packed before (takes them over, whatever it returns): for replies that wait for a commit. */
enum status server_send_message(struct server *server, const struct peer *peer, zmq_msg_t *message);
/* Packs into a message without a further copy; the caller owns it until server_send_message. */
void server_pack(const Common__V1__Reply *reply, zmq_msg_t *message);

/* Reads the key table again; on failure the old one stays. Connections of principals that are revoked or gone are cut
 * at their next message. */
enum status server_reload(struct server *server, struct keys_error *error);

/* Counters since start, for /metrics. */
struct server_counters {
    uint64_t handshakes_accepted;
    uint64_t handshakes_refused_unknown;
    uint64_t handshakes_refused_revoked;
    uint64_t requests;
    uint64_t request_bytes;
    uint64_t refused_frames; /* more than one frame */
    uint64_t refused_size;
    uint64_t refused_malformed; /* no protobuf */
    uint64_t refused_text;      /* UTF-8 */
    uint64_t refused_value;     /* enum, unknown body */
    uint64_t refused_principal; /* revoked or removed while connected */
    uint64_t replies;
    uint64_t replies_dropped; /* peer gone or full */
};
struct server_counters server_counters(const struct server *server);

#endif
