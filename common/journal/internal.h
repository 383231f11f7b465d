#ifndef JOURNAL_INTERNAL_H
#define JOURNAL_INTERNAL_H

#include "journal/checkpoint.h"
#include "journal/journal.h"
#include "journal/sql.h"

/* What the files of the log's writer share. For common/journal alone. */

/* How far the log goes. */
struct place {
    uint64_t seq;
    uint8_t chain[32];
    uint64_t refusals; /* number of the last one */
};

/* Rows that have their numbers and wait for a statement that takes them all. */
#define PENDING_BODY_BYTES 65536
struct pending {
    enum status failure; /* of a flush, until the rollback */
    int count;
    struct journal_row rows[JOURNAL_GROUP]; /* bodies point into the bytes below */
    size_t body_bytes;
    uint8_t bodies[PENDING_BODY_BYTES]; /* a row whose bodies are more never waits */
};

struct journal {
    sqlite3 *db;
    char *path;
    char *wal_path;
    int lock_file; /* -1: read only */
    bool read_only;
    bool is_open_for_writing; /* between begin and commit or rollback */
    bool has_seal_key;
    uint8_t seal_key[32];
    struct id epoch;
    struct place now; /* with what the open transaction added */
    struct place committed;
    int64_t begin_ns; /* what beginning the transaction took */
    struct checkpointer *checkpointer;
    sqlite3_stmt *begin, *commit, *rollback;
    sqlite3_stmt *claim, *claim_group, *claimed, *point, *append, *append_group, *rows_of, *refuse, *read;
    struct buffer read_body; /* of the row that journal_read gave last */
    uint64_t claimed_number; /* as long as this is not the next number, no stored `first` equals that */
    struct pending pending;
    uint64_t commits, commit_ns, commit_ns_max;
};

/* The store's own row. service NULL: any. Creates nothing. CORRUPT, logged, when it is not what this program writes. */
enum status store_check(sqlite3 *db, const char *service, struct id *epoch);
/* Makes the tables in an empty database, with a random epoch. */
enum status store_create(sqlite3 *db, const char *path, const char *service);
/* Settings of a connection that writes. */
enum status store_configure(sqlite3 *db);
/* Last number and its chain, last refusal. */
enum status store_place(sqlite3 *db, struct place *place);

/* Hands pending rows to SQLite: before anything reads them, and before the commit. */
enum status journal_flush(struct journal *journal);
/* Lets a known id point at `first` (see the command table). */
enum status journal_point(struct journal *journal, const struct id *command, int64_t first);

#endif
