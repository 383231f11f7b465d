#ifndef WIRE_ZAP_H
#define WIRE_ZAP_H

#include <pthread.h>
#include <stdint.h>

#include "base/status.h"
#include "wire/keys.h"

/*
 * Our ZAP handler (ZeroMQ RFC 27): libzmq asks it about every handshake in this process; a thread of its own answers.
 * Only CURVE in our domain can be let in. One per process at a time.
 */
#define ZAP_DOMAIN "liancheng"
/* Metadata of a connection, readable from each body frame. */
#define ZAP_PRINCIPAL "User-Id"
#define ZAP_KEY "key" /* the public key it came with, Z85 */

/* The key table, shared between the thread that serves and the handler. */
struct zap_table {
    pthread_mutex_t lock;
    struct keys *keys; /* the handler reads it under the lock; only the serving thread changes it, under the lock */
};

struct zap_counters {
    uint64_t accepted;
    uint64_t unknown;
    uint64_t revoked;
    uint64_t malformed; /* another mechanism or domain */
};

struct zap;

/* Up and answering when it returns. table is borrowed until zap_destroy. EXISTS: this process has a handler already. */
enum status zap_new(struct zap_table *table, struct zap **zap);
/* After the sockets it serves are gone. */
void zap_destroy(struct zap **zap);
struct zap_counters zap_counters(const struct zap *zap);

#endif
