#ifndef SPOOL_SPOOL_SYNC_H
#define SPOOL_SPOOL_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * The fsync of commits, in a thread of its own: the writer goes on meanwhile, and learns by a descriptor which of its commits are on the disk.
 * SQLite then runs with synchronous=NORMAL: a commit is written to the WAL, not synced; what this thread does is the sync
 * that synchronous=FULL would have done, for all commits up to then at once. After one that fails nothing is certain: it
 * stays failed until the spool is opened again.
 */
struct spool_syncer;

/* path: of the spool's file. */
enum status spool_syncer_start(const char *path, struct spool_syncer **syncer);
/* Waits for a sync under way. */
void spool_syncer_stop(struct spool_syncer **syncer);
/* A commit of this number, greater than those before, is written. */
void spool_syncer_ask(struct spool_syncer *syncer, uint64_t commit);
/* The last commit that is on the disk. */
uint64_t spool_syncer_synced(const struct spool_syncer *syncer);
bool spool_syncer_has_failed(const struct spool_syncer *syncer);
/* Readable when one of the two above changed. */
int spool_syncer_descriptor(const struct spool_syncer *syncer);

#endif
