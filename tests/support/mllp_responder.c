#include "support/mllp_responder.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

#define CONNECTIONS_MAX 256

struct peer {
    struct mllp_responder *responder;
    pthread_t thread;
    unsigned number;
    int descriptor;
    bool is_closed; /* descriptor is no longer its own */
};

struct mllp_responder {
    struct mllp_responder_options options;
    pthread_mutex_t lock;
    pthread_t acceptor;
    int listener;
    uint16_t port;
    bool is_stopping;
    uint64_t messages;
    unsigned peer_count;
    struct peer peers[CONNECTIONS_MAX];
};

/* --- Bytes ----------------------------------------------------------------------------------------------------------
 */
static bool write_all(int descriptor, SSL *ssl, const struct buffer *out) {
    for (size_t at = 0; at < out->size;) {
        ssize_t written = ssl ? SSL_write(ssl, out->data + at, (int)(out->size - at))
                              : send(descriptor, out->data + at, out->size - at, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        at += (size_t)written;
    }
    return true;
}

/* Hands each complete frame to the test; false: the connection shall end. */
static bool take_frames(struct peer *peer, SSL *ssl, struct buffer *in, struct buffer *out) {
    struct mllp_responder *responder = peer->responder;
    uint8_t *end;
    while (in->size > 1 && (end = memchr(in->data, 0x1c, in->size - 1)) != NULL) {
        size_t size = (size_t)(end - in->data);
        CHECK(in->data[0] == 0x0b && end[1] == '\r');
        buffer_clear(out);
        pthread_mutex_lock(&responder->lock);
        responder->messages++;
        bool goes_on = responder->options.answer(responder->options.user, peer->number, in->data + 1, size - 1, out);
        pthread_mutex_unlock(&responder->lock);
        if (!write_all(peer->descriptor, ssl, out) || !goes_on) {
            return false;
        }
        in->size -= size + 2;
        memmove(in->data, in->data + size + 2, in->size);
    }
    return true;
}

static void serve(struct peer *peer, SSL *ssl) {
    struct buffer in = {0}, out = {0};
    for (bool goes_on = true; goes_on;) {
        uint8_t *room = buffer_reserve(&in, 65536);
        ssize_t got = ssl ? SSL_read(ssl, room, 65536) : recv(peer->descriptor, room, 65536, 0);
        goes_on = got > 0;
        in.size += goes_on ? (size_t)got : 0;
        goes_on = goes_on && take_frames(peer, ssl, &in, &out);
    }
    buffer_release(&in);
    buffer_release(&out);
}

static void *run_peer(void *user) {
    struct peer *peer = user;
    SSL *ssl = peer->responder->options.tls ? SSL_new(peer->responder->options.tls) : NULL;
    if (ssl) {
        SSL_set_fd(ssl, peer->descriptor);
    }
    if (!ssl || SSL_accept(ssl) == 1) {
        serve(peer, ssl);
    }
    SSL_free(ssl);
    pthread_mutex_lock(&peer->responder->lock);
    peer->is_closed = true;
    close(peer->descriptor);
    pthread_mutex_unlock(&peer->responder->lock);
    return NULL;
}

/* --- Connections ----------------------------------------------------------------------------------------------------
 */
static void *accept_all(void *user) {
    struct mllp_responder *responder = user;
    for (;;) {
        int descriptor = accept4(responder->listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&responder->lock);
        bool is_stopping = responder->is_stopping;
        if (descriptor >= 0 && !is_stopping) {
            CHECK(responder->peer_count < CONNECTIONS_MAX);
            unsigned number = responder->peer_count++;
            struct peer *peer = &responder->peers[number];
            *peer = (struct peer){.responder = responder, .number = number, .descriptor = descriptor};
            CHECK(pthread_create(&peer->thread, NULL, run_peer, peer) == 0);
        } else if (descriptor >= 0) {
            close(descriptor);
        }
        pthread_mutex_unlock(&responder->lock);
        if (is_stopping) {
            return NULL;
        }
    }
}

struct mllp_responder *mllp_responder_new(const struct mllp_responder_options *options) {
    struct mllp_responder *responder = calloc(1, sizeof *responder);
    CHECK(responder);
    responder->options = *options;
    pthread_mutex_init(&responder->lock, NULL);
    responder->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(responder->listener >= 0 && bind(responder->listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(responder->listener, 64) == 0);
    CHECK(getsockname(responder->listener, (struct sockaddr *)&address, &size) == 0);
    responder->port = ntohs(address.sin_port);
    CHECK(pthread_create(&responder->acceptor, NULL, accept_all, responder) == 0);
    return responder;
}

void mllp_responder_destroy(struct mllp_responder **responder) {
    struct mllp_responder *self = *responder;
    if (!self) {
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->is_stopping = true;
    for (unsigned i = 0; i < self->peer_count; i++) {
        if (!self->peers[i].is_closed) {
            shutdown(self->peers[i].descriptor, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&self->lock);
    shutdown(self->listener, SHUT_RDWR); /* ends accept */
    pthread_join(self->acceptor, NULL);
    for (unsigned i = 0; i < self->peer_count; i++) {
        pthread_join(self->peers[i].thread, NULL);
    }
    close(self->listener);
    pthread_mutex_destroy(&self->lock);
    free(self);
    *responder = NULL;
}

uint16_t mllp_responder_port(const struct mllp_responder *responder) {
    return responder->port;
}

uint64_t mllp_responder_messages(struct mllp_responder *responder) {
    pthread_mutex_lock(&responder->lock);
    uint64_t messages = responder->messages;
    pthread_mutex_unlock(&responder->lock);
    return messages;
}

unsigned mllp_responder_connections(struct mllp_responder *responder) {
    pthread_mutex_lock(&responder->lock);
    unsigned connections = responder->peer_count;
    pthread_mutex_unlock(&responder->lock);
    return connections;
}

/* --- Answers --------------------------------------------------------------------------------------------------------
 */
void mllp_responder_control_id(const uint8_t *message, size_t size, char *id, size_t id_size) {
    const char *at = (const char *)message, *end = memchr(message, '\r', size);
    end = end ? end : at + size;
    for (int field = 1; field < 10 && at < end; field++) {
        const char *next = memchr(at, '|', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    size_t length = 0;
    for (; at < end && *at != '|' && length + 1 < id_size; at++) {
        id[length++] = *at;
    }
    id[length] = '\0';
}

void mllp_responder_answer(struct buffer *out, const uint8_t *message, size_t size, const char *code, unsigned error) {
    char id[256];
    mllp_responder_control_id(message, size, id, sizeof id);
    buffer_printf(out, "\x0bMSH|^~\\&|||||20260101||ACK|r|P|2.5\rMSA|%s|%s\r", code, id);
    if (error != 0) {
        buffer_printf(out, "ERR||PID^1^3|%u|E\r", error);
    }
    buffer_append(out, "\x1c\r", 2);
}
