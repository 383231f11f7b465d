#ifndef SPOOL_SPOOL_CHECKPOINT_H
#define SPOOL_SPOOL_CHECKPOINT_H

#include <stdint.h>

#include <sqlite3.h>

#include "base/status.h"

/*
 * Copies the WAL into the spool's file. Most of it in a thread of its own, beside the writer, on a second connection;
 * what came meanwhile by the writer itself, in front of its next transaction: then all is copied, and SQLite starts the
 * WAL over. So the writer pauses for a small part of each WAL of 8 MiB. A WAL of 64 MiB makes it wait for the thread.
 */
struct spool_checkpointer;

/* writer: the writer's connection. */
enum status spool_checkpointer_start(const char *path, sqlite3 *writer, struct spool_checkpointer **checkpointer);
/* Before the writer's connection is closed. */
void spool_checkpointer_stop(struct spool_checkpointer **checkpointer);
/* By the writer, in front of each transaction. */
void spool_checkpointer_turn(struct spool_checkpointer *checkpointer);

#endif
