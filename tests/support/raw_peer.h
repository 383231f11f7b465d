#ifndef SUPPORT_RAW_PEER_H
#define SUPPORT_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A client that speaks ZMTP 3.0 and CURVE by hand over a plain TCP connection, so that it can say what libzmq would
 * never send: metadata of its own, another mechanism, garbage. Blocking.
 */
struct raw_peer {
    int descriptor;
    uint8_t own_public[32];     /* C */
    uint8_t own_secret[32];     /* c */
    uint8_t server_public[32];  /* S */
    uint8_t session_public[32]; /* C' */
    uint8_t session_secret[32]; /* c' */
    uint8_t server_session[32]; /* S' */
    uint8_t shared[32];         /* key of the boxes after the handshake */
    uint64_t nonce;
};

/* endpoint is tcp://127.0.0.1:PORT. */
void raw_peer_connect(struct raw_peer *peer, const char *endpoint);
void raw_peer_close(struct raw_peer *peer);
void raw_peer_send(const struct raw_peer *peer, const void *data, size_t size);
/* Reads and drops until the other side closes (it waits for that). */
void raw_peer_await_end(const struct raw_peer *peer);
/* The greeting of a client with this mechanism. */
void raw_peer_greet(const struct raw_peer *peer, const char *mechanism);
/* Greets and goes through the CURVE handshake. metadata: further properties (see raw_peer_property). False: refused. */
bool raw_peer_handshake(struct raw_peer *peer, const char *key_path, const char *server_public_path,
                        const uint8_t *metadata, size_t metadata_size);
/* One property as in ZMTP metadata; returns its size. */
size_t raw_peer_property(uint8_t *out, const char *name, const void *value, size_t value_size);
/* One message of one frame, at most 60,000 bytes. */
void raw_peer_send_message(struct raw_peer *peer, const void *data, size_t size);
/* The next message; its size, or SIZE_MAX when the connection ended. */
size_t raw_peer_receive_message(struct raw_peer *peer, uint8_t *out, size_t capacity);

#endif
