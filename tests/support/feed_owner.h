#ifndef SUPPORT_FEED_OWNER_H
#define SUPPORT_FEED_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "wire/server.h"

/*
 * The owner of a feed in a few lines, on a real socket: answers Follow, Credit and Ping over rows in memory, one follower
 * at a time (the newest Follow). Unlike a registry it can be told to break the contract.
 */
struct feed_row {
    uint8_t *body; /* NULL: a row without a public body */
    size_t size;
};

struct feed_owner {
    struct server *server;
    struct arena arena;
    struct id epoch;
    struct feed_row *rows; /* rows[i] has number i + 1 */
    uint64_t head;
    uint64_t capacity;

    bool follows;
    struct peer peer;
    uint64_t follow_request;
    uint64_t sent_up_to;
    uint32_t credit;

    /* Settings and faults. */
    uint32_t batch_rows; /* rows in one batch; default 100 */
    bool mute;           /* takes requests, answers none, sends nothing */
    bool hold;           /* answers, but sends no batches */
    bool lose_batch;     /* once: pretends to have sent a stretch */
    bool swap_events;    /* once: two events in the wrong order */

    /* What was seen. */
    uint32_t follows_seen;
    uint32_t credits_seen;
    uint32_t pings_seen;
    uint64_t credit_seen;  /* sum over Follow and Credit of the last Follow */
    uint64_t events_sent;  /* since the last Follow */
    uint64_t last_after;   /* of the last Follow */
};

/* bind: the endpoint of an earlier owner, or NULL: a new one. Aborts when it cannot. */
void feed_owner_open(struct feed_owner *owner, const char *bind, const char *key_path, const char *keys_path);
/* The socket goes; rows and epoch stay, so that opening again is a restart. */
void feed_owner_close(struct feed_owner *owner);
void feed_owner_release(struct feed_owner *owner);
/* body NULL: a row without a public body. Copied. */
void feed_owner_append(struct feed_owner *owner, const void *body, size_t size);
/* Throws away the rows above head, as a restored backup does. */
void feed_owner_cut(struct feed_owner *owner, uint64_t head);
/* Takes requests for at most timeout_ms (returns after the first turn that had any) and sends what credit allows. */
void feed_owner_pump(struct feed_owner *owner, int timeout_ms);
/* A batch under an older Follow's number, of an epoch that never was. */
void feed_owner_send_stale(struct feed_owner *owner, uint64_t request);

#endif
