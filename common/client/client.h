#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"
#include "common/v1/message.pb-c.h"
#include "wire/client_socket.h"

/*
 * Submitting commands: many Submits in flight, answered in any order, sent again with the same ids when the daemon was
 * away. Memory is bounded by window_submits messages. Single-threaded; no callback is called outside client_pump.
 */
struct client;

struct client_options {
    struct client_socket_options socket;
    const char *organisation; /* NULL: the key's own */
    uint32_t window_submits;  /* Submits in flight, the one being built included, 1..1024 */
    uint32_t resend_ms;       /* silence after which all in flight is sent again; default 5000 */
    /* One receipt for a command, in the order commands were added within their Submit. */
    void (*receipt)(void *user, uint64_t command_number, const Common__V1__Receipt *receipt);
    void *user;
};

enum status client_new(const struct client_options *options, struct client **client);
void client_destroy(struct client **client);
struct client_socket *client_socket(struct client *client);
/* Adds a command to the Submit being built. body is copied. command_number comes back with the receipt. A Submit that
 * is full (900 KiB or SERVER_COMMANDS_MAX) is sent by itself. AGAIN: the window is full, nothing was added, pump first.
 * USAGE: the body is larger than SERVER_COMMAND_BYTES_MAX. DENIED: as client_pump. */
enum status client_add(struct client *client, const struct id *id, int64_t occurred_at_ms, uint64_t expected_version,
                       const uint8_t *body, size_t body_size, uint64_t command_number);
/* Commands in the Submit being built. */
size_t client_building(const struct client *client);
/* Sends the Submit being built, if it holds anything; while the daemon is away it waits in the window for client_pump.
 */
enum status client_flush(struct client *client);
/* Commands sent or being built without receipt. */
uint64_t client_outstanding(const struct client *client);
/* Takes receipts, sends what waits and what timed out; waits up to timeout_ms (-1: for ever) for the first reply, not
 * at all when nothing is in flight. DENIED after a whole-Submit refusal that cannot succeed later (client_problem says
 * why): from then on for good, and what is outstanding stays without receipts. */
enum status client_pump(struct client *client, int timeout_ms);
const char *client_problem(const struct client *client);

/* One request, one reply (ping, status, query, refusals), told apart by its number. The reply lives in arena.
 * UNAVAILABLE after timeout_ms. Replies to anything else are dropped: not for a socket with Submits in flight or that
 * follows. */
enum status client_call(struct client_socket *socket, const Common__V1__Request *request, struct arena *arena,
                        int timeout_ms, Common__V1__Reply **reply);

#endif
