#ifndef CTL_HL7_LINK_H
#define CTL_HL7_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "base/status.h"

/*
 * The sending side of one MLLP connection (HL7 Minimal Lower Layer Protocol, release 1), plain or TLS: frames out,
 * frames in. Connecting waits; after that nothing does. Memory: what was given to send and has not left, and one answer
 * of at most HL7_LINK_ANSWER_BYTES_MAX.
 */
#define HL7_LINK_ANSWER_BYTES_MAX 65536

struct hl7_link_address {
    char host[256];
    char port[8];
    SSL_CTX *tls; /* NULL: plain */
};

struct hl7_link {
    int descriptor; /* -1: not connected */
    SSL *ssl;
    struct buffer out; /* frames; what is before sent has left */
    size_t sent;
    struct buffer in;  /* bytes of answers */
    size_t taken;      /* of them, by hl7_link_take */
    char problem[160]; /* why TLS ended the connection; "" */
};

/* "HOST:PORT", a host in brackets when it is an IPv6 address. */
bool hl7_link_address_parse(const char *text, struct hl7_link_address *address);
/* ca: who signed the receiver's certificate; certificate and key (PEM; both or none) are shown to it. CONFIG: said. */
enum status hl7_link_tls(const char *ca, const char *certificate, const char *key, SSL_CTX **tls);

void hl7_link_init(struct hl7_link *link);
/* Connects, with the TLS handshake, within timeout_ms. UNAVAILABLE: nobody there. DENIED: TLS failed; why in reason. */
enum status hl7_link_open(struct hl7_link *link, const struct hl7_link_address *address, int timeout_ms,
                          char reason[256]);
/* What was not sent and not read is dropped. */
void hl7_link_close(struct hl7_link *link);
bool hl7_link_is_open(const struct hl7_link *link);
/* Queues one frame. */
void hl7_link_send(struct hl7_link *link, const void *message, size_t size);
/* Events that poll(2) is to wait for. */
short hl7_link_events(const struct hl7_link *link);
/* Sends and receives what goes without waiting. UNAVAILABLE: the connection has ended (answers that came before may
 * still be taken). MALFORMED: an answer is larger than the bound. */
enum status hl7_link_pump(struct hl7_link *link);
/* The next answer: its payload, until the next call of anything. False: none is complete. */
bool hl7_link_take(struct hl7_link *link, const uint8_t **data, size_t *size);

#endif
