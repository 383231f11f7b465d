#include "wire/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "base/check.h"
#include "base/log.h"
#include "wire/code_text.h"
#include "wire/curve.h"
#include "wire/cut.h"
#include "wire/parse.h"
#include "wire/zap.h"

#define QUEUE_MESSAGES 1000
#define RECEIVE_QUEUE_MESSAGES 256
#define LINGER_MS 1000 /* replies on their way when a daemon stops */
#define BACKLOG 1024
#define HANDSHAKE_MS 5000
#define REFUSALS_PER_CALL 256 /* then the loop gets its turn, whatever else waits */
#define DRAIN_FRAMES_PER_CALL 4096
#define HONEST_FRAMES_MAX 64 /* more in one message is no mistake: the connection is cut */
#define ENDPOINT_BYTES 256

struct server {
    zsock_t *zsock;
    void *socket; /* the same, for zmq_ functions */
    struct zap *zap;
    struct zap_table table;
    struct keys *retired; /* the table before the last reload: what a turn borrowed from it stays valid */
    char *keys_path;
    char endpoint[ENDPOINT_BYTES];
    struct server_counters counters;
    bool draining; /* within the tail of a message of too many frames */
};

/* --- opening --- */

__attribute__((format(printf, 2, 3))) static void explain(struct keys_error *error, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
}

static void set_option(void *socket, int option, int value) {
    CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void set_options(void *socket, const struct server_options *options) {
    const struct {
        int option, value;
    } rows[] = {
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_ROUTER_HANDOVER, 0},
        {ZMQ_SNDHWM, options->send_queue_messages > 0 ? options->send_queue_messages : QUEUE_MESSAGES},
        {ZMQ_RCVHWM, options->receive_queue_messages > 0 ? options->receive_queue_messages : RECEIVE_QUEUE_MESSAGES},
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_BACKLOG, BACKLOG},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 10},
        {ZMQ_TCP_KEEPALIVE_CNT, 6},
        {ZMQ_CURVE_SERVER, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_option(socket, rows[i].option, rows[i].value);
    }
    int64_t frame_bytes_max = SERVER_FRAME_BYTES_MAX;
    CHECK(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) == 0);
}

/* Without a ZAP domain that is enforced CURVE lets everyone in when no handler answers. The option is not in the stable
 * header, but in the library. */
#define OPTION_ZAP_ENFORCE_DOMAIN 93

static enum status set_security(struct server *server, const char *key_path, struct keys_error *error) {
    struct curve_pair pair;
    enum status status = curve_pair_load(key_path, true, &pair);
    if (status != STATUS_OK) {
        explain(error, "%s: the server's key cannot be read (%s)", key_path, status_name(status));
        return status == STATUS_DENIED ? status : STATUS_CONFIG;
    }
    int rc = zmq_setsockopt(server->socket, ZMQ_CURVE_SECRETKEY, pair.secret_text, CURVE_TEXT_BYTES);
    sodium_memzero(&pair, sizeof pair);
    CHECK(rc == 0);
    CHECK(zmq_setsockopt(server->socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) == 0);
    set_option(server->socket, OPTION_ZAP_ENFORCE_DOMAIN, 1);
    return STATUS_OK;
}

static enum status bind_socket(struct server *server, const char *bind, struct keys_error *error) {
    if (zmq_bind(server->socket, bind) != 0) {
        int problem = errno;
        explain(error, "%s: cannot be bound (%s)", bind, zmq_strerror(problem));
        switch (problem) {
        case EINVAL:
        case EPROTONOSUPPORT:
        case ENODEV:
        case ENOCOMPATPROTO:
            return STATUS_CONFIG;
        case EACCES:
            return STATUS_DENIED;
        default:
            return STATUS_IO;
        }
    }
    size_t size = sizeof server->endpoint;
    CHECK(zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) == 0);
    return STATUS_OK;
}

static enum status open_server(struct server *server, const struct server_options *options, struct keys_error *error) {
    enum status status = keys_load(options->keys_path, &server->table.keys, error);
    if (status != STATUS_OK) {
        return status == STATUS_DENIED || status == STATUS_IO ? status : STATUS_CONFIG;
    }
    server->zsock = zsock_new(ZMQ_ROUTER);
    if (server->zsock == NULL) {
        explain(error, "no socket can be made (%s)", zmq_strerror(errno));
        return STATUS_IO;
    }
    server->socket = zsock_resolve(server->zsock);
    set_options(server->socket, options);
    status = set_security(server, options->key_path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = zap_new(&server->table, &server->zap);
    if (status != STATUS_OK) {
        explain(error, "the handler of handshakes cannot be started (%s)", status_name(status));
        return STATUS_IO;
    }
    return bind_socket(server, options->bind, error);
}

enum status server_new(const struct server_options *options, struct server **server, struct keys_error *error) {
    struct server *made = calloc(1, sizeof *made);
    CHECK(made != NULL && pthread_mutex_init(&made->table.lock, NULL) == 0);
    made->keys_path = strdup(options->keys_path);
    CHECK(made->keys_path != NULL);
    enum status status = open_server(made, options, error);
    if (status != STATUS_OK) {
        server_destroy(&made);
    }
    *server = made;
    return status;
}

void server_destroy(struct server **server) {
    struct server *old = *server;
    if (old == NULL) {
        return;
    }
    zsock_destroy(&old->zsock);
    zap_destroy(&old->zap);
    keys_destroy(&old->table.keys);
    keys_destroy(&old->retired);
    pthread_mutex_destroy(&old->table.lock);
    free(old->keys_path);
    free(old);
    *server = NULL;
}

zsock_t *server_socket(struct server *server) {
    return server->zsock;
}

const char *server_endpoint(const struct server *server) {
    return server->endpoint;
}

enum status server_reload(struct server *server, struct keys_error *error) {
    struct keys *keys;
    enum status status = keys_load(server->keys_path, &keys, error);
    if (status != STATUS_OK) {
        return status;
    }
    keys_destroy(&server->retired);
    server->retired = server->table.keys;
    pthread_mutex_lock(&server->table.lock);
    server->table.keys = keys;
    pthread_mutex_unlock(&server->table.lock);
    return STATUS_OK;
}

struct server_counters server_counters(const struct server *server) {
    struct server_counters counters = server->counters;
    struct zap_counters zap = zap_counters(server->zap);
    counters.handshakes_accepted = zap.accepted;
    counters.handshakes_refused_unknown = zap.unknown;
    counters.handshakes_refused_revoked = zap.revoked;
    return counters;
}

/* --- sending --- */

void server_pack(const Common__V1__Reply *reply, zmq_msg_t *message) {
    CHECK(zmq_msg_init_size(message, common__v1__reply__get_packed_size(reply)) == 0);
    common__v1__reply__pack(reply, zmq_msg_data(message));
}

static enum status send_status(int problem) {
    switch (problem) {
    case EHOSTUNREACH:
        return STATUS_NOT_FOUND;
    case EAGAIN:
    case EINTR:
        return STATUS_AGAIN;
    default:
        return STATUS_IO;
    }
}

enum status server_send_message(struct server *server, const struct peer *peer, zmq_msg_t *message) {
    enum status status = STATUS_OK;
    if (zmq_send(server->socket, peer->id, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_msg_send(message, server->socket, ZMQ_DONTWAIT) < 0) {
        status = send_status(errno);
        zmq_msg_close(message);
        zmq_msg_init(message); /* so that closing it once more is harmless, as it is after a send */
        server->counters.replies_dropped++;
    } else {
        server->counters.replies++;
    }
    return status;
}

enum status server_send(struct server *server, const struct peer *peer, const Common__V1__Reply *reply) {
    zmq_msg_t message;
    server_pack(reply, &message);
    return server_send_message(server, peer, &message);
}

static void send_problem(struct server *server, const struct peer *peer, const struct parse_problem *problem) {
    Common__V1__Problem body;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    code_text_fill(NULL, (uint32_t)problem->code, problem->field, &body);
    reply.request = problem->request;
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &body;
    (void)server_send(server, peer, &reply);
}

/* --- receiving --- */

/* Throws away the frames behind the first body; returns how many. Stops after a bound and goes on at the next call. */
static size_t drain(struct server *server) {
    size_t frames = 0;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (server->draining && frames < DRAIN_FRAMES_PER_CALL) {
        if (zmq_msg_recv(&frame, server->socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        server->draining = zmq_msg_more(&frame) != 0;
        frames++;
    }
    zmq_msg_close(&frame);
    return frames;
}

/* Only routing ids that the ROUTER itself gave (a zero and four bytes). One that a client chose could be taken over by
 * another after it is gone, and with it the replies that are still due. */
static bool read_peer(zmq_msg_t *routing, struct peer *peer) {
    size_t size = zmq_msg_size(routing);
    const uint8_t *bytes = zmq_msg_data(routing);
    if (size > sizeof peer->id) {
        return false;
    }
    peer->size = (uint8_t)size;
    memcpy(peer->id, bytes, size);
    return true;
}

static bool chose_its_own_id(const struct peer *peer) {
    return peer->size != 5 || peer->id[0] != 0;
}

/* Who the connection belongs to, as of the table now; NULL when it has no right to speak any more. */
static const struct principal *find_principal(const struct server *server, zmq_msg_t *body) {
    const char *name = zmq_msg_gets(body, ZAP_PRINCIPAL);
    const char *key_text = zmq_msg_gets(body, ZAP_KEY);
    uint8_t key[32];
    if (name == NULL || key_text == NULL || !curve_key_decode(key_text, key)) {
        return NULL;
    }
    const struct principal *principal = keys_find_name(server->table.keys, name);
    bool is_live = principal != NULL && !principal->revoked && principal_holds(principal, key);
    return is_live ? principal : NULL;
}

static enum status cut(struct server *server, zmq_msg_t *body, const char *reason) {
    const char *name = zmq_msg_gets(body, ZAP_PRINCIPAL);
    LOG_WARN("connection cut", LOG_S("reason", reason), LOG_S("principal", name));
    cut_connection(body, server->endpoint);
    return STATUS_MALFORMED;
}

static enum status refuse_frames(struct server *server, const struct peer *peer, zmq_msg_t *body) {
    server->counters.refused_frames++;
    bool is_hostile = drain(server) > HONEST_FRAMES_MAX;
    struct parse_problem problem = {
        .code = is_hostile ? COMMON__V1__CODE__CODE_TOO_LARGE : COMMON__V1__CODE__CODE_MALFORMED, .field = "frames"};
    send_problem(server, peer, &problem);
    return is_hostile ? cut(server, body, "a message of very many frames") : STATUS_MALFORMED;
}

static void count_refusal(struct server_counters *counters, Common__V1__Code code) {
    if (code == COMMON__V1__CODE__CODE_TOO_LARGE) {
        counters->refused_size++;
    } else if (code == COMMON__V1__CODE__CODE_BAD_TEXT) {
        counters->refused_text++;
    } else if (code == COMMON__V1__CODE__CODE_MALFORMED) {
        counters->refused_malformed++;
    } else {
        counters->refused_value++;
    }
}

/* MALFORMED: it was refused, and answered where that was possible. */
static enum status unpack(struct server *server, zmq_msg_t *body, struct arena *arena, struct incoming *incoming) {
    struct parse_problem problem = {.code = COMMON__V1__CODE__CODE_MALFORMED, .field = "routing_id"};
    Common__V1__Request *request = NULL;
    incoming->bytes = zmq_msg_size(body);
    if (!chose_its_own_id(&incoming->peer)) {
        parse_request(zmq_msg_data(body), incoming->bytes, arena, &request, &problem);
    }
    incoming->request = request;
    if (request == NULL) {
        count_refusal(&server->counters, problem.code);
        send_problem(server, &incoming->peer, &problem);
        return STATUS_MALFORMED;
    }
    server->counters.requests++;
    server->counters.request_bytes += incoming->bytes;
    return STATUS_OK;
}

static enum status examine(struct server *server, zmq_msg_t *routing, zmq_msg_t *body, struct arena *arena,
                           struct incoming *incoming) {
    server->draining = zmq_msg_more(body) != 0;
    incoming->principal = find_principal(server, body);
    if (incoming->principal == NULL) {
        server->counters.refused_principal++;
        return cut(server, body, "its key is revoked or gone");
    }
    if (!read_peer(routing, &incoming->peer)) {
        server->counters.refused_malformed++;
        return cut(server, body, "a long routing id of its own");
    }
    return server->draining ? refuse_frames(server, &incoming->peer, body) : unpack(server, body, arena, incoming);
}

static enum status take_one(struct server *server, struct arena *arena, struct incoming *incoming) {
    zmq_msg_t routing, body;
    if (server->draining) {
        drain(server);
        if (server->draining) {
            return STATUS_AGAIN;
        }
    }
    zmq_msg_init(&routing);
    zmq_msg_init(&body);
    enum status status = STATUS_MALFORMED;
    if (zmq_msg_recv(&routing, server->socket, ZMQ_DONTWAIT) < 0) {
        status = errno == EAGAIN || errno == EINTR ? STATUS_AGAIN : STATUS_IO;
    } else if (!zmq_msg_more(&routing) || zmq_msg_recv(&body, server->socket, ZMQ_DONTWAIT) < 0) {
        server->counters.refused_frames++;
    } else {
        status = examine(server, &routing, &body, arena, incoming);
    }
    zmq_msg_close(&routing);
    zmq_msg_close(&body);
    return status;
}

/* Whether the next request could fail for want of room that others took. */
static bool is_short(const struct arena *arena) {
    return arena->used_bytes > 0 && arena->cap_bytes - arena->used_bytes < SERVER_UNPACK_BYTES_MAX;
}

enum status server_receive(struct server *server, struct arena *arena, struct incoming *incoming) {
    bool is_ours = arena->used_bytes == 0; /* nobody holds anything in it: what a refused request left may go */
    for (int i = 0; i < REFUSALS_PER_CALL && !is_short(arena); i++) {
        enum status status = take_one(server, arena, incoming);
        if (status != STATUS_MALFORMED) {
            return status;
        }
        if (is_ours) {
            arena_reset(arena);
        }
    }
    return STATUS_AGAIN;
}
