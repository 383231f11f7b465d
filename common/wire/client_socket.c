#include "wire/client_socket.h"

#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/check.h"
#include "wire/curve.h"
#include "wire/keys.h"
#include "wire/parse.h"

#define QUEUE_MESSAGES 1000

struct client_socket {
    zsock_t *zsock;
    void *socket; /* the same, for zmq_ functions */
};

/* --- opening --- */

static void set_options(void *socket, int queue_messages) {
    const struct {
        int option, value;
    } rows[] = {
        {ZMQ_SNDHWM, queue_messages}, {ZMQ_RCVHWM, queue_messages}, {ZMQ_LINGER, 0},
        {ZMQ_IMMEDIATE, 1}, /* nothing is queued for a daemon that is away */
        {ZMQ_HANDSHAKE_IVL, 5000},    {ZMQ_RECONNECT_IVL, 500},     {ZMQ_RECONNECT_IVL_MAX, 30000},
        {ZMQ_TCP_KEEPALIVE, 1},       {ZMQ_TCP_KEEPALIVE_IDLE, 60}, {ZMQ_TCP_KEEPALIVE_INTVL, 10},
        {ZMQ_TCP_KEEPALIVE_CNT, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(zmq_setsockopt(socket, rows[i].option, &rows[i].value, sizeof rows[i].value) == 0);
    }
    int64_t frame_bytes_max = CLIENT_FRAME_BYTES_MAX;
    CHECK(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) == 0);
}

static enum status set_security(void *socket, const struct client_socket_options *options) {
    struct curve_pair own, server;
    enum status status = curve_pair_load(options->key_path, true, &own);
    if (status == STATUS_OK) {
        status = curve_pair_load(options->server_key_path, false, &server);
    }
    if (status == STATUS_OK) {
        CHECK(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own.public_text, CURVE_TEXT_BYTES) == 0);
        CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own.secret_text, CURVE_TEXT_BYTES) == 0);
        CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server.public_text, CURVE_TEXT_BYTES) == 0);
    }
    sodium_memzero(&own, sizeof own);
    return status;
}

static enum status open_socket(struct client_socket *socket, const struct client_socket_options *options) {
    socket->zsock = zsock_new(ZMQ_DEALER);
    if (socket->zsock == NULL) {
        return STATUS_IO;
    }
    socket->socket = zsock_resolve(socket->zsock);
    set_options(socket->socket, options->queue_messages > 0 ? options->queue_messages : QUEUE_MESSAGES);
    enum status status = set_security(socket->socket, options);
    if (status == STATUS_OK && zmq_connect(socket->socket, options->endpoint) != 0) {
        status = errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENOCOMPATPROTO ? STATUS_CONFIG : STATUS_IO;
    }
    return status;
}

enum status client_socket_new(const struct client_socket_options *options, struct client_socket **socket) {
    struct client_socket *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    enum status status = open_socket(made, options);
    if (status != STATUS_OK) {
        client_socket_destroy(&made);
    }
    *socket = made;
    return status;
}

void client_socket_destroy(struct client_socket **socket) {
    if (*socket != NULL) {
        zsock_destroy(&(*socket)->zsock);
        free(*socket);
        *socket = NULL;
    }
}

zsock_t *client_socket_zsock(struct client_socket *socket) {
    return socket->zsock;
}

/* --- sending --- */

static enum status status_of(int problem) {
    return problem == EAGAIN || problem == EINTR ? STATUS_AGAIN : STATUS_IO;
}

static enum status send_message(struct client_socket *socket, zmq_msg_t *message) {
    if (zmq_msg_send(message, socket->socket, ZMQ_DONTWAIT) >= 0) {
        return STATUS_OK;
    }
    enum status status = status_of(errno);
    zmq_msg_close(message);
    return status;
}

enum status client_socket_send(struct client_socket *socket, const Common__V1__Request *request) {
    zmq_msg_t message;
    CHECK(zmq_msg_init_size(&message, common__v1__request__get_packed_size(request)) == 0);
    common__v1__request__pack(request, zmq_msg_data(&message));
    return send_message(socket, &message);
}

enum status client_socket_send_bytes(struct client_socket *socket, const void *data, size_t size) {
    zmq_msg_t message;
    CHECK(zmq_msg_init_size(&message, size) == 0);
    memcpy(zmq_msg_data(&message), data, size);
    return send_message(socket, &message);
}

/* --- receiving --- */

/* Throws away what follows a first frame. */
static void drain(struct client_socket *socket, zmq_msg_t *frame) {
    while (zmq_msg_more(frame)) {
        if (zmq_msg_recv(frame, socket->socket, ZMQ_DONTWAIT) < 0) {
            return;
        }
    }
}

enum status client_socket_receive(struct client_socket *socket, struct arena *arena, Common__V1__Reply **reply) {
    zmq_msg_t frame;
    enum status status;
    *reply = NULL;
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket->socket, ZMQ_DONTWAIT) < 0) {
        status = status_of(errno);
    } else if (zmq_msg_more(&frame)) {
        drain(socket, &frame);
        status = STATUS_MALFORMED;
    } else {
        status = parse_reply(zmq_msg_data(&frame), zmq_msg_size(&frame), arena, reply);
    }
    zmq_msg_close(&frame);
    return status;
}

static bool wait_for(struct client_socket *socket, short events, int timeout_ms) {
    zmq_pollitem_t item = {.socket = socket->socket, .events = events};
    return zmq_poll(&item, 1, timeout_ms) > 0 && (item.revents & ZMQ_POLLIN) != 0;
}

bool client_socket_wait(struct client_socket *socket, int timeout_ms) {
    return wait_for(socket, ZMQ_POLLIN, timeout_ms);
}

bool client_socket_wait_or_send(struct client_socket *socket, int timeout_ms) {
    return wait_for(socket, ZMQ_POLLIN | ZMQ_POLLOUT, timeout_ms);
}
