#include "wire/zap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <czmq.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "wire/curve.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define FIELD_BYTES 256
#define LOG_PAUSE_MS 1000 /* between two lines about refused handshakes: a flood of them must not fill the disk */

struct zap {
    struct zap_table *table;
    void *socket;
    zactor_t *actor;
    int64_t logged_ms;
    _Atomic uint64_t accepted, unknown, revoked, malformed;
};

/* The frames of a request, in order. */
enum { VERSION, SEQUENCE, DOMAIN_NAME, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIALS, FIELDS };

struct field {
    size_t size; /* may be above FIELD_BYTES: then it was cut */
    uint8_t bytes[FIELD_BYTES];
};

struct request {
    struct field fields[FIELDS];
    size_t frames; /* may be above FIELDS */
};

struct verdict {
    const char *code; /* 200 in, 300 perhaps later (the client tries again), 400 never (it stops) */
    const char *text;
    struct principal principal; /* of an accepted one */
    char key[CURVE_TEXT_BYTES];
};

/* --- asking --- */

static bool field_is(const struct field *field, const char *text) {
    return field->size == strlen(text) && memcmp(field->bytes, text, field->size) == 0;
}

/* Reads all frames there are, keeps the first seven. False when there was nothing. */
static bool receive(void *socket, struct request *request) {
    request->frames = 0;
    int more = 1;
    size_t more_size = sizeof more;
    while (more) {
        struct field surplus;
        struct field *field = request->frames < FIELDS ? &request->fields[request->frames] : &surplus;
        int size = zmq_recv(socket, field->bytes, sizeof field->bytes, request->frames == 0 ? ZMQ_DONTWAIT : 0);
        if (size < 0 || zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size) != 0) {
            return false;
        }
        field->size = (size_t)size;
        request->frames++;
    }
    return true;
}

static bool has_form(const struct request *request) {
    const struct field *fields = request->fields;
    return request->frames == FIELDS && field_is(&fields[VERSION], "1.0") &&
           field_is(&fields[DOMAIN_NAME], ZAP_DOMAIN) && field_is(&fields[MECHANISM], "CURVE") &&
           fields[SEQUENCE].size <= FIELD_BYTES && fields[CREDENTIALS].size == 32;
}

/* --- deciding --- */

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void judge_key(struct zap *zap, const uint8_t key[32], struct verdict *verdict) {
    curve_key_encode(key, verdict->key);
    pthread_mutex_lock(&zap->table->lock);
    const struct principal *found = keys_find(zap->table->keys, key);
    if (found != NULL) {
        verdict->principal = *found;
    }
    pthread_mutex_unlock(&zap->table->lock);
    if (found == NULL) {
        count(&zap->unknown);
        verdict->code = "300";
        verdict->text = "unknown key";
    } else if (verdict->principal.revoked) {
        count(&zap->revoked);
        verdict->code = "400";
        verdict->text = "revoked key";
    } else {
        count(&zap->accepted);
        verdict->code = "200";
        verdict->text = "OK";
    }
}

static void judge(struct zap *zap, const struct request *request, struct verdict *verdict) {
    *verdict = (struct verdict){.code = "400", .text = "only CURVE is served here"};
    if (has_form(request)) {
        judge_key(zap, request->fields[CREDENTIALS].bytes, verdict);
    } else {
        count(&zap->malformed);
    }
}

static void log_refusal(struct zap *zap, const struct request *request, const struct verdict *verdict) {
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - zap->logged_ms < LOG_PAUSE_MS) {
        return;
    }
    zap->logged_ms = now_ms;
    char address[64] = "";
    if (request->frames > ADDRESS && request->fields[ADDRESS].size < sizeof address) {
        memcpy(address, request->fields[ADDRESS].bytes, request->fields[ADDRESS].size);
    }
    LOG_WARN("handshake refused", LOG_S("reason", verdict->text), LOG_S("address", address),
             LOG_S("principal", verdict->principal.name), LOG_S("key", verdict->key));
}

/* --- answering --- */

/* One entry of ZMTP metadata: length of the name in one byte, of the value in four. */
static size_t put_property(uint8_t *out, const char *name, const char *value) {
    size_t name_size = strlen(name);
    size_t value_size = strlen(value);
    CHECK(name_size < 16 && value_size < KEYS_PRINCIPAL_BYTES);
    out[0] = (uint8_t)name_size;
    memcpy(out + 1, name, name_size);
    out += 1 + name_size;
    memcpy(out, (uint8_t[4]){0, 0, 0, (uint8_t)value_size}, 4);
    memcpy(out + 4, value, value_size);
    return 1 + name_size + 4 + value_size;
}

/* A client could set for itself every key that is left out here. */
static size_t put_metadata(uint8_t *out, const struct verdict *verdict) {
    size_t size = put_property(out, "org", verdict->principal.organisation);
    size += put_property(out + size, "role", role_name(verdict->principal.role));
    return size + put_property(out + size, ZAP_KEY, verdict->key);
}

static void answer(void *socket, const struct field *sequence, const struct verdict *verdict) {
    uint8_t metadata[256];
    size_t metadata_size = put_metadata(metadata, verdict);
    zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(socket, sequence->bytes, sequence->size, ZMQ_SNDMORE);
    zmq_send(socket, verdict->code, 3, ZMQ_SNDMORE);
    zmq_send(socket, verdict->text, strlen(verdict->text), ZMQ_SNDMORE);
    zmq_send(socket, verdict->principal.name, strlen(verdict->principal.name), ZMQ_SNDMORE);
    zmq_send(socket, metadata, metadata_size, 0);
}

static void handle(struct zap *zap) {
    struct request request;
    struct verdict verdict;
    if (!receive(zap->socket, &request)) {
        return;
    }
    judge(zap, &request, &verdict);
    if (strcmp(verdict.code, "200") != 0) {
        log_refusal(zap, &request, &verdict);
    }
    struct field nothing = {0};
    bool has_sequence = request.frames > SEQUENCE && request.fields[SEQUENCE].size <= FIELD_BYTES;
    answer(zap->socket, has_sequence ? &request.fields[SEQUENCE] : &nothing, &verdict);
}

/* --- the thread --- */

/* Ends with the first word on the pipe: zactor_destroy sends one. */
static void run(zsock_t *pipe, void *argument) {
    struct zap *zap = argument;
    zmq_pollitem_t items[] = {{.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN},
                              {.socket = zap->socket, .events = ZMQ_POLLIN}};
    zsock_signal(pipe, 0);
    while (true) {
        if (zmq_poll(items, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            break;
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            handle(zap);
        }
    }
}

static enum status open_socket(struct zap *zap) {
    void *context = zsys_init();
    zap->socket = context == NULL ? NULL : zmq_socket(context, ZMQ_REP);
    if (zap->socket == NULL) {
        return STATUS_IO;
    }
    int linger_ms = 0;
    zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    if (zmq_bind(zap->socket, ENDPOINT) != 0) {
        return errno == EADDRINUSE ? STATUS_EXISTS : STATUS_IO;
    }
    return STATUS_OK;
}

enum status zap_new(struct zap_table *table, struct zap **zap) {
    struct zap *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->table = table;
    made->logged_ms = -LOG_PAUSE_MS;
    enum status status = open_socket(made);
    if (status == STATUS_OK) {
        made->actor = zactor_new(run, made); /* the socket is the thread's from here on */
        status = made->actor == NULL ? STATUS_IO : STATUS_OK;
    }
    if (status != STATUS_OK) {
        zap_destroy(&made);
    }
    *zap = made;
    return status;
}

void zap_destroy(struct zap **zap) {
    struct zap *old = *zap;
    if (old == NULL) {
        return;
    }
    zactor_destroy(&old->actor);
    if (old->socket != NULL) {
        /* The name is free at once; closing alone would free it some time later, in another thread. */
        zmq_unbind(old->socket, ENDPOINT);
        zmq_close(old->socket);
    }
    free(old);
    *zap = NULL;
}

struct zap_counters zap_counters(const struct zap *zap) {
    return (struct zap_counters){.accepted = atomic_load_explicit(&zap->accepted, memory_order_relaxed),
                                 .unknown = atomic_load_explicit(&zap->unknown, memory_order_relaxed),
                                 .revoked = atomic_load_explicit(&zap->revoked, memory_order_relaxed),
                                 .malformed = atomic_load_explicit(&zap->malformed, memory_order_relaxed)};
}
