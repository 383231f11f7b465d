#ifndef WIRE_CLIENT_SOCKET_H
#define WIRE_CLIENT_SOCKET_H

#include <czmq.h>

#include "base/arena.h"
#include "base/status.h"
#include "common/v1/message.pb-c.h"
#include "wire/limits.h"

/* The client side of a conversation: one DEALER with CURVE, options as transport.md found them (reconnect, keepalive,
 * no ZMTP heartbeat, no routing id). Not thread-safe. */
struct client_socket_options {
    const char *endpoint;        /* "tcp://visits:7001" */
    const char *key_path;        /* own key file with its secret */
    const char *server_key_path; /* the server's public key file */
    int queue_messages;          /* each way; default 1000 */
};

struct client_socket;

/* Connects in the background: a daemon that is away is no error. NOT_FOUND, DENIED, MALFORMED: a key file. CONFIG: the
 * endpoint. IO. What waits to be sent when the socket is destroyed is dropped: it was not answered. */
enum status client_socket_new(const struct client_socket_options *options, struct client_socket **socket);
void client_socket_destroy(struct client_socket **socket);
zsock_t *client_socket_zsock(struct client_socket *socket);
/* AGAIN: the queue is full (not connected, or the peer is slow). */
enum status client_socket_send(struct client_socket *socket, const Common__V1__Request *request);
/* The same for a Request packed before; the bytes are copied. */
enum status client_socket_send_bytes(struct client_socket *socket, const void *data, size_t size);
/* One reply, unpacked into arena. AGAIN: none there. MALFORMED: the other side does not speak the contract. */
enum status client_socket_receive(struct client_socket *socket, struct arena *arena, Common__V1__Reply **reply);
/* Waits up to timeout_ms (-1: for ever) for something to receive. */
bool client_socket_wait(struct client_socket *socket, int timeout_ms);
/* The same, but also returns, with false, as soon as something can be sent. */
bool client_socket_wait_or_send(struct client_socket *socket, int timeout_ms);

#endif
