#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/log.h"
#include "spool/spool_internal.h"

#define ENTRY_BYTES 160 /* an entry and its verdict in the file without its body, at most */
#define SEAL_BYTES 40

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

/* The system gives the lock back whatever becomes of the process. */
static enum status take_lock(struct spool *spool) {
    char *path = NULL;
    CHECK(asprintf(&path, "%s.lock", spool->path) >= 0);
    spool->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int failure = errno;
    free(path);
    if (spool->lock_file < 0) {
        return failure == EACCES || failure == EPERM || failure == EROFS ? STATUS_DENIED : STATUS_IO;
    }
    if (flock(spool->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_EXISTS : STATUS_IO;
    }
    return STATUS_OK;
}

static enum status sync_beside(struct spool *spool) {
    const int code = sqlite3_exec(spool->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
    const enum status status = spool_store_result(spool->db, code, "configure");
    return status == STATUS_OK ? spool_syncer_start(spool->path, &spool->syncer) : status;
}

static enum status open_database(struct spool *spool, const struct spool_options *options) {
    (void)file_write_new(spool->path, "", 0, 0600); /* its owner's alone; SQLite gives the WAL the same mode */
    enum status status = spool_store_open(spool->path, &spool->db);
    if (status == STATUS_OK) {
        status = spool_store_begin(spool, options->owner);
    }
    if (status == STATUS_OK) {
        status = spool_store_load(spool);
    }
    if (status == STATUS_OK) {
        status = spool_checkpointer_start(spool->path, spool->db, &spool->checkpointer);
    }
    if (status == STATUS_OK && options->syncs_beside) {
        status = sync_beside(spool);
    }
    return status;
}

enum status spool_open(const struct spool_options *options, struct spool **spool) {
    CHECK(sodium_init() >= 0);
    struct spool *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    *spool = made;
    made->path = strdup(options->path);
    CHECK(made->path != NULL);
    made->lock_file = -1;
    made->retention_ms = options->retention_ms;
    made->bytes_max = options->bytes_max;
    memcpy(made->seal_key, options->seal_key, sizeof made->seal_key);
    randombytes_buf(made->nonce, sizeof made->nonce);
    enum status status = take_lock(made);
    if (status == STATUS_OK) {
        status = open_database(made, options);
    }
    if (status != STATUS_OK) {
        spool_close(spool);
    }
    return status;
}

void spool_close(struct spool **spool) {
    struct spool *old = *spool;
    if (old == NULL) {
        return;
    }
    spool_rollback(old);
    spool_syncer_stop(&old->syncer);
    spool_checkpointer_stop(&old->checkpointer);
    for (size_t i = 0; i < SPOOL_STATEMENTS; i++) {
        (void)sqlite3_finalize(old->statements[i]);
    }
    CHECK(sqlite3_close(old->db) == SQLITE_OK);
    if (old->lock_file >= 0) {
        close(old->lock_file); /* last: nobody else may write before the database is closed */
    }
    if (old->clear.data != NULL) {
        sodium_memzero(old->clear.data, old->clear.capacity);
    }
    sodium_memzero(old->seal_key, sizeof old->seal_key);
    spool_keys_release(&old->keys);
    spool_waiting_release(&old->waiting);
    buffer_release(&old->settled);
    buffer_release(&old->sealed);
    buffer_release(&old->clear);
    free(old->path);
    free(old);
    *spool = NULL;
}

/* --- Transactions ----------------------------------------------------------------------------------------------------
 */

static enum status read_used_bytes(struct spool *spool) {
    sqlite3_stmt *statement = spool->statements[SPOOL_USED_PAGES];
    const int code = sqlite3_step(statement);
    const enum status status = spool_store_result(spool->db, code, "read the size");
    spool->used_bytes = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) * 4096 : 0;
    (void)sqlite3_reset(statement);
    return status;
}

enum status spool_begin(struct spool *spool) {
    CHECK(!spool->is_writing);
    const int64_t start_ns = clock_monotonic_ns();
    spool_checkpointer_turn(spool->checkpointer);
    enum status status = spool_store_execute(spool, SPOOL_BEGIN);
    if (status != STATUS_OK) {
        return status;
    }
    spool->is_writing = true;
    status = read_used_bytes(spool);
    spool->begin_ns = clock_monotonic_ns() - start_ns;
    return status;
}

enum status spool_commit(struct spool *spool) {
    CHECK(spool->is_writing);
    const int64_t start_ns = clock_monotonic_ns();
    const enum status status = spool_store_execute(spool, SPOOL_COMMIT);
    if (status != STATUS_OK) {
        return status; /* the caller rolls back */
    }
    spool->is_writing = false;
    spool->newest_committed = spool->newest;
    spool->entries_committed = spool->entries;
    spool_keys_keep(&spool->keys);
    buffer_clear(&spool->settled);
    spool->commits++;
    if (spool->syncer != NULL) {
        spool_syncer_ask(spool->syncer, spool->commits);
    }
    spool->commit_ns += (uint64_t)(clock_monotonic_ns() - start_ns + spool->begin_ns);
    return STATUS_OK;
}

uint64_t spool_committed(const struct spool *spool) {
    return spool->commits;
}

uint64_t spool_synced(const struct spool *spool) {
    return spool->syncer == NULL ? spool->commits : spool_syncer_synced(spool->syncer);
}

int spool_descriptor(const struct spool *spool) {
    return spool->syncer == NULL ? -1 : spool_syncer_descriptor(spool->syncer);
}

enum status spool_take_synced(struct spool *spool) {
    if (spool->syncer == NULL) {
        return STATUS_OK;
    }
    eventfd_t ignored;
    (void)eventfd_read(spool_syncer_descriptor(spool->syncer), &ignored);
    return spool_syncer_has_failed(spool->syncer) ? STATUS_IO : STATUS_OK;
}

/* Those added in this transaction are forgotten, those settled in it wait again. */
static void undo_waiting(struct spool *spool) {
    for (size_t at = 0; at < spool->settled.size; at += sizeof(uint64_t)) {
        uint64_t number;
        memcpy(&number, spool->settled.data + at, sizeof number);
        spool_waiting_add(&spool->waiting, number);
    }
    buffer_clear(&spool->settled);
    for (uint64_t number = spool->newest_committed + 1; number <= spool->newest; number++) {
        (void)spool_waiting_remove(&spool->waiting, number);
    }
}

void spool_rollback(struct spool *spool) {
    if (!spool->is_writing) {
        return;
    }
    /* SQLite may have rolled back by itself. */
    if (sqlite3_get_autocommit(spool->db) == 0) {
        (void)spool_store_execute(spool, SPOOL_ROLLBACK);
    }
    spool->is_writing = false;
    undo_waiting(spool);
    spool_keys_undo(&spool->keys);
    spool->newest = spool->newest_committed;
    spool->entries = spool->entries_committed;
}

/* --- Entries ---------------------------------------------------------------------------------------------------------
 */

static enum status insert_entry(struct spool *spool, const struct spool_entry *entry) {
    sqlite3_stmt *insert = spool->statements[SPOOL_ADD];
    sqlite3_bind_int64(insert, 1, (int64_t)entry->number);
    sqlite3_bind_int(insert, 2, entry->feed);
    sqlite3_bind_blob(insert, 3, entry->key, sizeof entry->key, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 4, entry->hash, sizeof entry->hash, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 5, entry->command.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 6, entry->occurred_at_ms);
    sqlite3_bind_int64(insert, 7, entry->taken_at_ms);
    return spool_store_execute(spool, SPOOL_ADD);
}

static enum status insert_body(struct spool *spool, const struct spool_entry *entry) {
    sqlite3_stmt *insert = spool->statements[SPOOL_ADD_BODY];
    if (entry->body_size == 0 || entry->verdict == SPOOL_ACCEPTED) {
        return STATUS_OK;
    }
    spool_seal(spool, entry->body, entry->body_size);
    sqlite3_bind_int64(insert, 1, (int64_t)entry->number);
    sqlite3_bind_blob64(insert, 2, spool->sealed.data, spool->sealed.size, SQLITE_STATIC);
    return spool_store_execute(spool, SPOOL_ADD_BODY);
}

static enum status insert_verdict(struct spool *spool, uint64_t number, uint32_t verdict, uint32_t code,
                                  int64_t at_ms) {
    sqlite3_stmt *insert = spool->statements[SPOOL_SETTLE];
    sqlite3_bind_int64(insert, 1, (int64_t)number);
    sqlite3_bind_int64(insert, 2, at_ms);
    sqlite3_bind_int64(insert, 3, verdict);
    sqlite3_bind_int64(insert, 4, code);
    const enum status status = spool_store_execute(spool, SPOOL_SETTLE);
    if (status != STATUS_OK || verdict == SPOOL_ACCEPTED) {
        return status;
    }
    sqlite3_bind_int64(spool->statements[SPOOL_ADD_REFUSED], 1, (int64_t)number);
    return spool_store_execute(spool, SPOOL_ADD_REFUSED);
}

enum status spool_add(struct spool *spool, struct spool_entry *entry) {
    CHECK(spool->is_writing);
    const uint64_t more = ENTRY_BYTES + (entry->body_size > 0 ? entry->body_size + SEAL_BYTES : 0);
    if (spool->bytes_max > 0 && spool->used_bytes + more > spool->bytes_max) {
        return STATUS_MEMORY; /* nothing was done: the transaction goes on */
    }
    entry->number = spool->newest + 1;
    enum status status = spool_note_key(spool, entry->number, entry->key, entry->hash);
    if (status == STATUS_OK) {
        status = insert_entry(spool, entry);
    }
    if (status == STATUS_OK) {
        status = insert_body(spool, entry);
    }
    if (status == STATUS_OK && entry->verdict != 0) {
        status = insert_verdict(spool, entry->number, entry->verdict, entry->code, entry->taken_at_ms);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (entry->verdict == 0) {
        spool_waiting_add(&spool->waiting, entry->number);
    }
    spool->newest = entry->number;
    spool->entries++;
    spool->used_bytes += more;
    return STATUS_OK;
}

enum status spool_settle(struct spool *spool, uint64_t number, uint32_t verdict, uint32_t code, int64_t now_ms) {
    CHECK(spool->is_writing && verdict != 0);
    if (!spool_waiting_remove(&spool->waiting, number)) {
        return STATUS_NOT_FOUND;
    }
    buffer_append(&spool->settled, &number, sizeof number);
    enum status status = insert_verdict(spool, number, verdict, code, now_ms);
    if (status == STATUS_OK && verdict == SPOOL_ACCEPTED && number <= spool->bodies_dropped_to) {
        sqlite3_bind_int64(spool->statements[SPOOL_DROP_BODY], 1, (int64_t)number);
        status = spool_store_execute(spool, SPOOL_DROP_BODY);
    }
    return status;
}

/* --- Counters --------------------------------------------------------------------------------------------------------
 */

static int64_t taken_at_ms(const struct spool *spool, uint64_t number) {
    sqlite3_stmt *statement = spool->statements[SPOOL_ENTRY];
    sqlite3_bind_int64(statement, 1, (int64_t)number);
    const int64_t at_ms = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 6) : 0;
    (void)sqlite3_reset(statement);
    return at_ms;
}

struct spool_counters spool_counters(const struct spool *spool) {
    struct stat info;
    const uint64_t oldest = spool_waiting_next(&spool->waiting, 0);
    return (struct spool_counters){
        .pending = spool->waiting.count,
        .oldest_pending_ms = oldest == 0 ? 0 : taken_at_ms(spool, oldest),
        .entries = spool->entries,
        .file_bytes = stat(spool->path, &info) == 0 ? (uint64_t)info.st_size : 0,
        .commits = spool->commits,
        .commit_ns = spool->commit_ns,
    };
}
