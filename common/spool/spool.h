#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"

/*
 * Store and forward: what was taken in stays on the disk (SQLite, WAL, synchronous=FULL), sealed (libsodium secretbox),
 * until the other side has given its verdict, and for a while after that, so that the same thing sent again gets the
 * same answer. One writer. Bodies can be read with the key alone: destroy the key and they are gone.
 *
 * Table entry (number, feed, key, hash, command id, occurred at, taken at), body (sealed), settled (at, verdict, code).
 * Keys and hashes are keyed hashes made by the caller: no value of a message stands in the file in clear. The body of
 * what was accepted (verdict 1) is dropped soon after the verdict, that of what was refused with its entry.
 *
 * In memory: 10 to 20 bytes for each entry that is kept, so that a random key costs no page of the file, and one bit
 * for each number since the oldest that waits. A start reads all entries (not their bodies), about 2 million a second.
 * Checkpoints run in a thread of their own; what is left of one (some hundred pages) is copied in spool_begin.
 */
struct spool;

struct spool_options {
    const char *path;
    const uint8_t *seal_key; /* 32 bytes */
    const char *owner;       /* noted at creation; another program's file is refused */
    int64_t retention_ms;    /* settled entries are forgotten after so long */
    uint64_t bytes_max;      /* in use in the file; beyond it spool_add says MEMORY until there is room. Verdicts
                                always find room, and the WAL (8 MiB, 64 at most) stands beside it. 0: no bound */
    bool syncs_beside;       /* a commit returns before its fsync, which a thread does: see spool_synced */
};

struct spool_entry {
    uint64_t number; /* filled by spool_add; grows by one */
    uint16_t feed;
    uint8_t key[16];   /* what the sender calls it */
    uint8_t hash[16];  /* what it says */
    struct id command; /* under which it goes on: kept, so that the other side knows a repetition */
    int64_t occurred_at_ms;
    int64_t taken_at_ms;
    int64_t settled_at_ms; /* 0: not yet; filled when read */
    uint32_t verdict;      /* the owner's; 0: none yet */
    uint32_t code;         /* the owner's; why */
    const uint8_t *body;   /* clear; valid during the call. NULL with size 0 for settled ones that keep none */
    size_t body_size;
};

/* Opens or creates. CORRUPT, DENIED, EXISTS (another process has it), IO, CONFIG (another owner's, or another key). */
enum status spool_open(const struct spool_options *options, struct spool **spool);
void spool_close(struct spool **spool);

/*
 * Writing: begin, any number of add and settle, commit (one fsync). When one of them fails the transaction is gone:
 * spool_rollback, and nothing of it happened.
 */
enum status spool_begin(struct spool *spool);
/* MEMORY: full, nothing was added, the transaction may go on. Otherwise the entry is kept. entry->verdict may be set
 * already: then it is settled at once. */
enum status spool_add(struct spool *spool, struct spool_entry *entry);
/* Notes the verdict on an entry without one. NOT_FOUND: there is none of this number that waits. */
enum status spool_settle(struct spool *spool, uint64_t number, uint32_t verdict, uint32_t code, int64_t now_ms);
enum status spool_commit(struct spool *spool);
void spool_rollback(struct spool *spool);

/*
 * With syncs_beside nothing may be said of a commit before it is on the disk. Commits are numbered from 1 on in this
 * opening; without syncs_beside each is on the disk when spool_commit returns.
 */
uint64_t spool_committed(const struct spool *spool); /* number of the last commit; 0: none */
uint64_t spool_synced(const struct spool *spool);    /* of the last that is on the disk */
/* Readable when spool_synced has changed, or an fsync failed; -1 without syncs_beside. */
int spool_descriptor(const struct spool *spool);
/* Empties the descriptor. IO: an fsync failed; what came after spool_synced is not certain until the spool is opened anew. */
enum status spool_take_synced(struct spool *spool);

/* The newest entry of a key with this hash (same), else the newest of the key; of what is committed or in the open
 * transaction. body is not filled. NOT_FOUND. */
enum status spool_find(struct spool *spool, const uint8_t key[16], const uint8_t hash[16], struct spool_entry *entry,
                       bool *same);
/* Entries without a verdict above `after`, in order, at most limit; visit returns false to stop. With their bodies. */
enum status spool_pending(struct spool *spool, uint64_t after, uint32_t limit,
                          bool (*visit)(const struct spool_entry *entry, void *user), void *user);
/* Entries with a verdict that is not 1 (accepted), above `after`: what was refused after it had been taken. */
enum status spool_refused(struct spool *spool, uint64_t after, uint32_t limit,
                          bool (*visit)(const struct spool_entry *entry, void *user), void *user);
/* Drops bodies of what was accepted and forgets what was settled before the retention, a bounded number at a time (1024
 * bodies, 512 entries: some milliseconds); true when there may be more. In transactions of its own; none when there is
 * nothing to do. To be called often, once for some hundred verdicts. */
bool spool_expire(struct spool *spool, int64_t now_ms);

struct spool_counters {
    uint64_t pending;
    int64_t oldest_pending_ms; /* taken at; 0: none */
    uint64_t entries;
    uint64_t file_bytes;
    uint64_t commits;
    uint64_t commit_ns;
};
struct spool_counters spool_counters(const struct spool *spool);

#endif
