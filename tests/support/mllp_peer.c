#include "support/mllp_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

/* --- Connecting ----------------------------------------------------------------------------------------------------- */

bool mllp_peer_try(struct mllp_peer *peer, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *peer = (struct mllp_peer){.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(peer->descriptor >= 0);
    if (connect(peer->descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        mllp_peer_close(peer);
        return false;
    }
    setsockopt(peer->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return true;
}

void mllp_peer_connect(struct mllp_peer *peer, uint16_t port) {
    CHECK(mllp_peer_try(peer, port));
}

static SSL_CTX *make_context(const struct mllp_identity *identity) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CHECK(context != NULL && SSL_CTX_load_verify_locations(context, identity->ca, NULL) == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (identity->max_version != 0) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, identity->max_version);
    }
    if (identity->certificate != NULL) {
        CHECK(SSL_CTX_use_certificate_chain_file(context, identity->certificate) == 1);
        CHECK(SSL_CTX_use_PrivateKey_file(context, identity->key, SSL_FILETYPE_PEM) == 1);
    }
    return context;
}

bool mllp_peer_connect_tls(struct mllp_peer *peer, uint16_t port, const struct mllp_identity *identity) {
    SSL_CTX *context = make_context(identity);
    mllp_peer_connect(peer, port);
    peer->tls = SSL_new(context);
    SSL_CTX_free(context);
    CHECK(peer->tls != NULL && SSL_set_fd(peer->tls, peer->descriptor) == 1);
    return SSL_connect(peer->tls) == 1;
}

void mllp_peer_close(struct mllp_peer *peer) {
    SSL_free(peer->tls);
    close(peer->descriptor);
    buffer_release(&peer->input);
    *peer = (struct mllp_peer){.descriptor = -1};
}

void mllp_peer_reset(struct mllp_peer *peer) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer->descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    mllp_peer_close(peer);
}

void mllp_peer_finish(struct mllp_peer *peer) {
    shutdown(peer->descriptor, SHUT_WR);
}

/* --- Bytes ---------------------------------------------------------------------------------------------------------- */

bool mllp_peer_write(struct mllp_peer *peer, const void *data, size_t size) {
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t sent = peer->tls != NULL ? SSL_write(peer->tls, at, (int)(size > 1u << 20 ? 1u << 20 : size))
                                         : send(peer->descriptor, at, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool read_more(struct mllp_peer *peer) {
    uint8_t chunk[16384];
    ssize_t got = peer->tls != NULL ? SSL_read(peer->tls, chunk, sizeof chunk)
                                    : recv(peer->descriptor, chunk, sizeof chunk, 0);
    if (got > 0) {
        buffer_append(&peer->input, chunk, (size_t)got);
    }
    return got > 0;
}

bool mllp_peer_has_input(struct mllp_peer *peer, int timeout_ms) {
    struct pollfd item = {.fd = peer->descriptor, .events = POLLIN};
    return peer->input.size > 0 || (peer->tls != NULL && SSL_pending(peer->tls) > 0) || poll(&item, 1, timeout_ms) > 0;
}

/* --- Frames --------------------------------------------------------------------------------------------------------- */

bool mllp_peer_send_bytes(struct mllp_peer *peer, const void *message, size_t size) {
    struct buffer frame = {0};
    buffer_append(&frame, "\x0b", 1);
    buffer_append(&frame, message, size);
    buffer_append(&frame, "\x1c\r", 2);
    bool is_sent = mllp_peer_write(peer, frame.data, frame.size);
    buffer_release(&frame);
    return is_sent;
}

bool mllp_peer_send(struct mllp_peer *peer, const char *message) {
    return mllp_peer_send_bytes(peer, message, strlen(message));
}

/* The n-th field behind the name of a segment, in text; "" when there is none. */
static void field(const char *message, const char *segment, unsigned number, char *value, size_t size) {
    char start[8];
    value[0] = '\0';
    snprintf(start, sizeof start, "\r%s|", segment);
    const char *at = strstr(message, start);
    for (at = at == NULL ? NULL : at + 5; at != NULL && number > 1; number--) {
        size_t length = strcspn(at, "|\r");
        at = at[length] == '|' ? at + length + 1 : NULL;
    }
    if (at != NULL) {
        snprintf(value, size, "%.*s", (int)strcspn(at, "|\r"), at);
    }
}

/* From 2.5 on the code stands in ERR-3.1, before that in ERR-1.4.1. */
static unsigned error_of(const char *message) {
    char text[256];
    field(message, "ERR", 3, text, sizeof text);
    if (text[0] == '\0') {
        field(message, "ERR", 1, text, sizeof text);
        for (int i = 0; i < 3; i++) {
            char *caret = strchr(text, '^');
            memmove(text, caret == NULL ? "" : caret + 1, caret == NULL ? 1 : strlen(caret + 1) + 1);
        }
    }
    return (unsigned)strtoul(text, NULL, 10);
}

static void read_answer(const char *message, struct mllp_answer *answer) {
    *answer = (struct mllp_answer){.error = error_of(message)};
    snprintf(answer->text, sizeof answer->text, "%s", message);
    field(message, "MSA", 1, answer->code, sizeof answer->code);
    field(message, "MSA", 2, answer->control_id, sizeof answer->control_id);
}

bool mllp_peer_receive(struct mllp_peer *peer, struct mllp_answer *answer) {
    const uint8_t *end;
    while (peer->input.size == 0 || (end = memmem(peer->input.data, peer->input.size, "\x1c\r", 2)) == NULL) {
        if (!read_more(peer)) {
            return false;
        }
    }
    CHECK(peer->input.data[0] == 0x0b);
    size_t size = (size_t)(end - peer->input.data);
    char *message = strndup((const char *)peer->input.data + 1, size - 1);
    CHECK(message != NULL);
    read_answer(message, answer);
    free(message);
    peer->input.size -= size + 2;
    memmove(peer->input.data, peer->input.data + size + 2, peer->input.size);
    return true;
}

struct mllp_answer mllp_peer_call(struct mllp_peer *peer, const char *message) {
    struct mllp_answer answer;
    CHECK(mllp_peer_send(peer, message));
    CHECK(mllp_peer_receive(peer, &answer));
    return answer;
}
