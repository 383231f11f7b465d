#ifndef HL7_GATEWAY_TLS_H
#define HL7_GATEWAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

/*
 * TLS for listeners: 1.2 and later, no renegotiation, no tickets, no sessions kept. With a client CA a peer has to show
 * a certificate that it signed. Sockets are non-blocking. About 30 KiB a connection while it is used, less while idle.
 */
struct tls_context;
struct tls_session;

/* client_ca "": certificates are not asked for. CONFIG with a sentence in problem. */
enum status tls_context_new(const char *certificate, const char *key, const char *client_ca,
                            struct tls_context **context, char problem[256]);
/* Sessions made from it live on. */
void tls_context_destroy(struct tls_context **context);

/* For an accepted socket, which stays the caller's. NULL: no memory. */
struct tls_session *tls_session_new(struct tls_context *context, int descriptor);
void tls_session_destroy(struct tls_session **session);
/* OK: done. AGAIN: call again when the socket is ready (to be written, where *wants_write). DENIED: it failed. */
enum status tls_shake_hands(struct tls_session *session, bool *wants_write);
/* Common name in the peer's certificate, "" without one. Lives as long as the session. */
const char *tls_common_name(const struct tls_session *session);
/* Bytes (0: the stream has ended), -1: not now, -2: the connection is broken. */
ssize_t tls_read(struct tls_session *session, void *data, size_t size, bool *wants_write);
ssize_t tls_write(struct tls_session *session, const void *data, size_t size);
/* Whether bytes were decrypted that nobody has read: the socket does not tell. */
bool tls_has_pending(const struct tls_session *session);
/* Says farewell; does not wait for an answer. */
void tls_say_farewell(struct tls_session *session);

#endif
