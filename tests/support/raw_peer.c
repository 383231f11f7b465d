#include "support/raw_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "wire/curve.h"
#include "wire/keys.h"

#define MESSAGE_MAX 60000
#define COMMAND_FRAME 4
#define LONG_FRAME 2

/* --- plain bytes --- */

void raw_peer_connect(struct raw_peer *peer, const char *endpoint) {
    const char *colon = strrchr(endpoint, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *peer = (struct raw_peer){.descriptor = socket(AF_INET, SOCK_STREAM, 0)};
    CHECK(peer->descriptor >= 0);
    CHECK(connect(peer->descriptor, (struct sockaddr *)&address, sizeof address) == 0);
}

void raw_peer_close(struct raw_peer *peer) {
    close(peer->descriptor);
    peer->descriptor = -1;
}

void raw_peer_send(const struct raw_peer *peer, const void *data, size_t size) {
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t sent = send(peer->descriptor, at, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* cut: what is read next says so */
        }
        at += sent;
        size -= (size_t)sent;
    }
}

static bool read_exactly(const struct raw_peer *peer, void *out, size_t size) {
    return size == 0 || recv(peer->descriptor, out, size, MSG_WAITALL) == (ssize_t)size;
}

void raw_peer_await_end(const struct raw_peer *peer) {
    uint8_t dropped[4096];
    while (recv(peer->descriptor, dropped, sizeof dropped, 0) > 0) {
    }
}

/* --- ZMTP: greeting and frames --- */

void raw_peer_greet(const struct raw_peer *peer, const char *mechanism) {
    uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0};
    memcpy(greeting + 12, mechanism, strlen(mechanism));
    raw_peer_send(peer, greeting, sizeof greeting);
}

static void send_frame(const struct raw_peer *peer, uint8_t flags, const uint8_t *body, size_t size) {
    uint8_t head[9] = {flags | LONG_FRAME};
    for (int i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
    }
    raw_peer_send(peer, head, sizeof head);
    raw_peer_send(peer, body, size);
}

static size_t read_frame(const struct raw_peer *peer, uint8_t *body, size_t capacity) {
    uint8_t flags, length[8] = {0};
    if (!read_exactly(peer, &flags, 1)) {
        return SIZE_MAX;
    }
    bool is_long = (flags & LONG_FRAME) != 0;
    if (!read_exactly(peer, is_long ? length : length + 7, is_long ? 8 : 1)) {
        return SIZE_MAX;
    }
    size_t size = 0;
    for (int i = 0; i < 8; i++) {
        size = size << 8 | length[i];
    }
    CHECK(size <= capacity);
    return read_exactly(peer, body, size) ? size : SIZE_MAX;
}

size_t raw_peer_property(uint8_t *out, const char *name, const void *value, size_t value_size) {
    size_t name_size = strlen(name);
    out[0] = (uint8_t)name_size;
    memcpy(out + 1, name, name_size);
    out += 1 + name_size;
    memcpy(out, (uint8_t[4]){0, 0, (uint8_t)(value_size >> 8), (uint8_t)value_size}, 4);
    if (value_size > 0) {
        memcpy(out + 4, value, value_size);
    }
    return 1 + name_size + 4 + value_size;
}

/* --- CURVE (ZeroMQ RFC 26) --- */

/* The short nonce goes on the wire, the long one is a prefix of 16 characters with it. */
static uint8_t *put_nonce(struct raw_peer *peer, uint8_t *out, const char *prefix, uint8_t nonce[24]) {
    peer->nonce++;
    memcpy(nonce, prefix, 16);
    for (int i = 0; i < 8; i++) {
        nonce[16 + i] = (uint8_t)(peer->nonce >> (56 - 8 * i));
    }
    memcpy(out, nonce + 16, 8);
    return out + 8;
}

static void send_hello(struct raw_peer *peer) {
    uint8_t body[200] = "\5HELLO\1", nonce[24], zeros[64] = {0};
    memcpy(body + 80, peer->session_public, 32);
    uint8_t *box = put_nonce(peer, body + 112, "CurveZMQHELLO---", nonce);
    CHECK(crypto_box_easy(box, zeros, sizeof zeros, nonce, peer->server_public, peer->session_secret) == 0);
    send_frame(peer, COMMAND_FRAME, body, sizeof body);
}

static bool read_welcome(struct raw_peer *peer, uint8_t cookie[96]) {
    uint8_t body[512], nonce[24] = "WELCOME-", content[128];
    if (read_frame(peer, body, sizeof body) != 168 || memcmp(body, "\7WELCOME", 8) != 0) {
        return false;
    }
    memcpy(nonce + 8, body + 8, 16);
    if (crypto_box_open_easy(content, body + 24, 144, nonce, peer->server_public, peer->session_secret) != 0) {
        return false;
    }
    memcpy(peer->server_session, content, 32);
    memcpy(cookie, content + 32, 96);
    return crypto_box_beforenm(peer->shared, peer->server_session, peer->session_secret) == 0;
}

static void put_vouch(const struct raw_peer *peer, uint8_t out[96]) {
    uint8_t nonce[24] = "VOUCH---", content[64];
    randombytes_buf(nonce + 8, 16);
    memcpy(content, peer->session_public, 32);
    memcpy(content + 32, peer->server_public, 32);
    memcpy(out, nonce + 8, 16);
    CHECK(crypto_box_easy(out + 16, content, sizeof content, nonce, peer->server_session, peer->own_secret) == 0);
}

static void send_initiate(struct raw_peer *peer, const uint8_t cookie[96], const uint8_t *metadata,
                          size_t metadata_size) {
    uint8_t content[1024], body[1280] = "\10INITIATE", nonce[24];
    size_t size = 128;
    CHECK(metadata_size < 800);
    memcpy(content, peer->own_public, 32);
    put_vouch(peer, content + 32);
    size += raw_peer_property(content + size, "Socket-Type", "DEALER", 6);
    memcpy(content + size, metadata, metadata_size);
    size += metadata_size;
    memcpy(body + 9, cookie, 96);
    uint8_t *box = put_nonce(peer, body + 105, "CurveZMQINITIATE", nonce);
    CHECK(crypto_box_easy_afternm(box, content, size, nonce, peer->shared) == 0);
    send_frame(peer, COMMAND_FRAME, body, 113 + size + crypto_box_MACBYTES);
}

static void load_keys(struct raw_peer *peer, const char *key_path, const char *server_public_path) {
    struct curve_pair own, server;
    CHECK(curve_pair_load(key_path, true, &own) == STATUS_OK);
    CHECK(curve_pair_load(server_public_path, false, &server) == STATUS_OK);
    CHECK(curve_key_decode(own.public_text, peer->own_public) && curve_key_decode(own.secret_text, peer->own_secret) &&
          curve_key_decode(server.public_text, peer->server_public));
    crypto_box_keypair(peer->session_public, peer->session_secret);
}

bool raw_peer_handshake(struct raw_peer *peer, const char *key_path, const char *server_public_path,
                        const uint8_t *metadata, size_t metadata_size) {
    uint8_t greeting[64], cookie[96], ready[1024];
    load_keys(peer, key_path, server_public_path);
    raw_peer_greet(peer, "CURVE");
    if (!read_exactly(peer, greeting, sizeof greeting)) {
        return false;
    }
    send_hello(peer);
    if (!read_welcome(peer, cookie)) {
        return false;
    }
    send_initiate(peer, cookie, metadata, metadata_size);
    size_t size = read_frame(peer, ready, sizeof ready);
    return size != SIZE_MAX && size > 6 && memcmp(ready, "\5READY", 6) == 0;
}

void raw_peer_send_message(struct raw_peer *peer, const void *data, size_t size) {
    static uint8_t content[1 + MESSAGE_MAX], body[16 + 1 + MESSAGE_MAX + crypto_box_MACBYTES];
    uint8_t nonce[24];
    CHECK(size <= MESSAGE_MAX);
    content[0] = 0; /* no more frames */
    memcpy(content + 1, data, size);
    memcpy(body, "\7MESSAGE", 8);
    uint8_t *box = put_nonce(peer, body + 8, "CurveZMQMESSAGEC", nonce);
    CHECK(crypto_box_easy_afternm(box, content, 1 + size, nonce, peer->shared) == 0);
    send_frame(peer, 0, body, 16 + 1 + size + crypto_box_MACBYTES);
}

size_t raw_peer_receive_message(struct raw_peer *peer, uint8_t *out, size_t capacity) {
    static uint8_t body[16 + 1 + MESSAGE_MAX + crypto_box_MACBYTES], content[1 + MESSAGE_MAX];
    uint8_t nonce[24];
    size_t size = read_frame(peer, body, sizeof body);
    if (size == SIZE_MAX) {
        return size;
    }
    CHECK(size > 16 + crypto_box_MACBYTES && memcmp(body, "\7MESSAGE", 8) == 0);
    memcpy(nonce, "CurveZMQMESSAGES", 16);
    memcpy(nonce + 16, body + 8, 8);
    CHECK(crypto_box_open_easy_afternm(content, body + 16, size - 16, nonce, peer->shared) == 0);
    size = size - 16 - crypto_box_MACBYTES - 1;
    CHECK(size <= capacity);
    memcpy(out, content + 1, size);
    return size;
}
