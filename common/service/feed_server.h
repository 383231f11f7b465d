#ifndef SERVICE_FEED_SERVER_H
#define SERVICE_FEED_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"
#include "journal/journal.h"
#include "wire/server.h"

/*
 * The owner's side of the Feed conversation. Recent public bodies stay in a ring in memory, older ones are read from
 * the log. Only committed rows are sent. Bounded: FEED_FOLLOWERS_MAX followers, the ring (feed_ring.h), one batch under
 * construction of FEED_BATCH_ROWS rows and FEED_BATCH_BYTES bytes.
 */
#define FEED_FOLLOWERS_MAX 64
#define FEED_BATCH_ROWS 4096u
#define FEED_BATCH_BYTES (512u * 1024)
#define FEED_BATCHES_PER_TURN 8
/* Credit kept for one follower; more is not. What is under way to one that does not read stays within these events. */
#define FEED_CREDIT_MAX 262144u
#define FEED_SILENCE_MS 60000 /* a follower that says nothing for so long is forgotten */

struct feed_server;

enum status feed_server_new(struct server *server, const struct journal_options *options, const struct id *epoch,
                            struct feed_server **feed);
void feed_server_destroy(struct feed_server **feed);

/* A row was appended (not yet committed). Its public body may be empty: then it is not in the feed. */
void feed_server_note(struct feed_server *feed, const struct journal_row *row);
/* Everything up to head is committed. */
void feed_server_committed(struct feed_server *feed, uint64_t head);
/* What was noted and not committed is void. */
void feed_server_forget(struct feed_server *feed);

/* The conversation: answers at once. */
void feed_server_follow(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms);
void feed_server_credit(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms);
void feed_server_ping(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms);

/* Sends what credit allows. True: there is more that could be sent now; call again after a turn of the loop. */
bool feed_server_pump(struct feed_server *feed);
/* Forgets silent followers. Once a second. */
void feed_server_tick(struct feed_server *feed, int64_t now_ms);

struct feed_follower_view {
    const char *principal;
    uint64_t sent_up_to;
    uint64_t credit;
};
size_t feed_server_followers(const struct feed_server *feed, struct feed_follower_view *views, size_t max);
uint64_t feed_server_events_sent(const struct feed_server *feed);

#endif
