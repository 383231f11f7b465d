#ifndef SUPPORT_MLLP_RESPONDER_H
#define SUPPORT_MLLP_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buffer.h"

/*
 * A small HL7 receiver over MLLP for tests of senders: real sockets, a thread for each connection, and answers that the
 * test decides. What goes wrong in setting up aborts the test.
 */
struct mllp_responder;

struct mllp_responder_options {
    /* Called for each message, one at a time: appends the bytes to send (mllp_responder_answer helps; none: it stays
     * silent). False: the connection is closed after them. connection counts from 0. */
    bool (*answer)(void *user, unsigned connection, const uint8_t *message, size_t size, struct buffer *out);
    void *user;
    SSL_CTX *tls; /* NULL: plain; borrowed */
};

/* Listens on a free port of 127.0.0.1. */
struct mllp_responder *mllp_responder_new(const struct mllp_responder_options *options);
/* Ends all connections and waits for their threads. */
void mllp_responder_destroy(struct mllp_responder **responder);
uint16_t mllp_responder_port(const struct mllp_responder *responder);
/* Messages that came, over all connections. */
uint64_t mllp_responder_messages(struct mllp_responder *responder);
unsigned mllp_responder_connections(struct mllp_responder *responder);

/* A framed acknowledgement of the message: its MSH-10 byte for byte; error (table 0357) with an ERR of PID-3 unless 0.
 */
void mllp_responder_answer(struct buffer *out, const uint8_t *message, size_t size, const char *code, unsigned error);
/* MSH-10 of a message as text. */
void mllp_responder_control_id(const uint8_t *message, size_t size, char *id, size_t id_size);

#endif
