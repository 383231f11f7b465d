#ifndef SUPPORT_MLLP_PEER_H
#define SUPPORT_MLLP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buffer.h"

/*
 * A hospital's side of MLLP, blocking: frames and anything that is none, over TCP or TLS. What goes wrong in connecting
 * over plain TCP aborts the test.
 */
struct mllp_peer {
    int descriptor;
    SSL *tls; /* NULL: plain */
    struct buffer input;
};

/* What an acknowledgement says. */
struct mllp_answer {
    char code[4];         /* MSA-1: "AA" */
    char control_id[256]; /* MSA-2 byte for byte */
    unsigned error;       /* of table 0357 in ERR; 0: none */
    char text[2048];      /* the whole of it */
};

void mllp_peer_connect(struct mllp_peer *peer, uint16_t port);
/* False: nobody listens. */
bool mllp_peer_try(struct mllp_peer *peer, uint16_t port);
/* With the certificate and key of a sender (NULL: none); ca is what the gateway's own is checked against. False: no
 * handshake. */
struct mllp_identity {
    const char *ca, *certificate, *key;
    int max_version; /* TLS1_1_VERSION, ...; 0: the newest */
};
bool mllp_peer_connect_tls(struct mllp_peer *peer, uint16_t port, const struct mllp_identity *identity);
void mllp_peer_close(struct mllp_peer *peer);
/* An end that the other side sees as a reset. */
void mllp_peer_reset(struct mllp_peer *peer);
/* Nothing more is sent, answers can still come. */
void mllp_peer_finish(struct mllp_peer *peer);

/* Any bytes. False: the other side has closed. */
bool mllp_peer_write(struct mllp_peer *peer, const void *data, size_t size);
bool mllp_peer_send(struct mllp_peer *peer, const char *message);
bool mllp_peer_send_bytes(struct mllp_peer *peer, const void *message, size_t size);
/* The next answer; false: the connection ended first. */
bool mllp_peer_receive(struct mllp_peer *peer, struct mllp_answer *answer);
/* Sends and receives; aborts when there is no answer. */
struct mllp_answer mllp_peer_call(struct mllp_peer *peer, const char *message);
/* Whether something can be read within so long. */
bool mllp_peer_has_input(struct mllp_peer *peer, int timeout_ms);

#endif
