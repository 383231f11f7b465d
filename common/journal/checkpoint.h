#ifndef JOURNAL_CHECKPOINT_H
#define JOURNAL_CHECKPOINT_H

#include <stdint.h>

#include "base/status.h"

/*
 * Copies the WAL into the log's file, from a thread and a connection of its own. While the writer goes on, a checkpoint
 * never quite catches up, and SQLite starts the WAL over only when one has: so at the end the writer is held between
 * two transactions for the little that is left. A WAL of eight times the setting makes each transaction wait for a
 * checkpoint first (10 ms at most for readers in its way): a thread that gets no time cannot let it grow without end.
 */
struct checkpointer;

/* Starts the thread. wal_bytes: size of the WAL that starts a checkpoint. */
enum status checkpointer_start(const char *path, uint64_t wal_bytes, uint32_t page_bytes,
                               struct checkpointer **checkpointer);
void checkpointer_stop(struct checkpointer **checkpointer);

/* Round each transaction of the writer: enter waits while a checkpoint ends. */
void checkpointer_enter(struct checkpointer *checkpointer);
void checkpointer_leave(struct checkpointer *checkpointer);
/* After a commit: pages that are in the WAL now. */
void checkpointer_note(struct checkpointer *checkpointer, uint32_t wal_pages);

/* Checkpoints so far and the time they took. */
void checkpointer_counters(struct checkpointer *checkpointer, uint64_t *checkpoints, uint64_t *checkpoint_ns);

#endif
