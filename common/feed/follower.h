#ifndef FEED_FOLLOWER_H
#define FEED_FOLLOWER_H

#include <czmq.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"
#include "common/v1/message.pb-c.h"
#include "common/v1/status.pb-c.h"

/*
 * Follows one feed: opens, checks that stretches join, grants credit, notices restarts of the owner, and stops with an
 * alarm on another epoch, a head below its cursor, or a gap. Driven by a zloop: add follower_zsock as a reader and call
 * follower_pump when it is readable, and follower_tick about once a second.
 */
struct follower;

struct follower_options {
    const char *name;            /* of the source, for logs */
    const char *endpoint;
    const char *key_path;
    const char *server_key_path;
    struct id epoch;             /* zero: take what the owner has */
    uint64_t after;              /* cursor: send what follows it */
    uint32_t window_events;      /* most events in flight: credit outstanding at any time */
    /* A stretch, in order, each exactly once. The batch lives for the call. */
    void (*batch)(void *user, const Common__V1__Batch *batch);
    /* The owner answered Follow (first contact or again). */
    void (*followed)(void *user, const struct id *epoch, uint64_t head);
    void *user;
};

enum status follower_new(const struct follower_options *options, struct follower **follower);
void follower_destroy(struct follower **follower);
zsock_t *follower_zsock(struct follower *follower);
/* Takes what has arrived, at most max_batches. */
void follower_pump(struct follower *follower, int max_batches);
/* Timers: pings the owner, asks again after silence. */
void follower_tick(struct follower *follower, int64_t now_ms);
/* The consumer is done with so many events: their credit may be granted again. It withholds this while it cannot keep
 * up; the owner then stops by itself. */
void follower_consumed(struct follower *follower, uint32_t events);
/* Starts over from another place (after a rebuild, or when what was handed on was lost). Clears an alarm. */
void follower_restart(struct follower *follower, const struct id *epoch, uint64_t after);

struct follower_view {
    Common__V1__SourceState state;
    struct id epoch;
    uint64_t up_to;    /* handed to batch so far */
    uint64_t head;
    int64_t as_of_ms;
    const char *alarm; /* empty when there is none */
};
struct follower_view follower_view(const struct follower *follower);

#endif
