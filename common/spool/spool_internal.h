#ifndef SPOOL_SPOOL_INTERNAL_H
#define SPOOL_SPOOL_INTERNAL_H

#include <sqlite3.h>

#include "base/buffer.h"
#include "spool/spool.h"
#include "spool/spool_checkpoint.h"
#include "spool/spool_keys.h"
#include "spool/spool_sync.h"
#include "spool/spool_waiting.h"

/* What the files of the spool share. For common/spool alone. */

#define SPOOL_ACCEPTED 1 /* the verdict after which a body is not needed */

/* Statements that live as long as the connection. */
enum spool_statement {
    SPOOL_BEGIN,
    SPOOL_COMMIT,
    SPOOL_ROLLBACK,
    SPOOL_ADD,
    SPOOL_ADD_BODY,
    SPOOL_SETTLE,
    SPOOL_ADD_REFUSED,
    SPOOL_ENTRY, /* with its verdict */
    SPOOL_BODY,
    SPOOL_REFUSED,
    SPOOL_USED_PAGES,
    SPOOL_OLD_ENTRIES,
    SPOOL_DROP_ENTRY,
    SPOOL_DROP_SETTLED,
    SPOOL_DROP_REFUSED,
    SPOOL_DROP_BODY,
    SPOOL_DROP_ACCEPTED,
    SPOOL_STATEMENTS
};

struct spool {
    sqlite3 *db;
    sqlite3_stmt *statements[SPOOL_STATEMENTS];
    char *path;
    int lock_file;
    uint8_t seal_key[32];
    uint8_t nonce[24]; /* random at each opening; its first 8 bytes then count */
    int64_t retention_ms;
    uint64_t bytes_max;
    struct spool_checkpointer *checkpointer;
    struct spool_syncer *syncer; /* NULL: SQLite syncs within the commit */
    bool is_writing; /* between begin and commit or rollback */
    int64_t begin_ns;

    uint64_t newest, newest_committed; /* numbers */
    uint64_t entries, entries_committed;
    struct spool_keys keys;
    struct spool_waiting waiting;
    struct buffer settled; /* numbers (uint64_t) whose verdict the open transaction brought */
    uint64_t used_bytes;   /* of the file, with what the open transaction adds, about */

    uint64_t bodies_dropped_to; /* bodies of accepted entries up to this number are gone */
    uint64_t swept_to;          /* how far spool_expire has looked */
    struct buffer sealed, clear;
    uint64_t commits, commit_ns;
};

/* --- spool_store.c --- */

/* NOT_FOUND, DENIED, CORRUPT (no database), IO. For one thread. */
enum status spool_store_open(const char *path, sqlite3 **db);
/* Makes the tables where there are none; checks whose they are and the key; prepares the statements. */
enum status spool_store_begin(struct spool *spool, const char *owner);
/* Reads what is there into keys and waiting. */
enum status spool_store_load(struct spool *spool);
/* Status of a result code of SQLite; logs unless it says all is well. */
enum status spool_store_result(sqlite3 *db, int code, const char *what);
/* Steps a statement without result rows, and resets it. */
enum status spool_store_execute(struct spool *spool, enum spool_statement statement);

/* --- spool_seal.c --- */

/* Into spool->sealed; out of it into spool->clear. CORRUPT, not logged: the seal does not open. */
void spool_seal(struct spool *spool, const void *data, size_t size);
enum status spool_unseal(struct spool *spool, const void *sealed, size_t size);

/* --- spool_find.c --- */

/* Before the entry is added: the slots for its key. */
enum status spool_note_key(struct spool *spool, uint64_t number, const uint8_t key[16], const uint8_t hash[16]);
void spool_forget_key(struct spool *spool, uint64_t number, const uint8_t key[16], const uint8_t hash[16]);

#endif
