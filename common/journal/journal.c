#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/log.h"
#include "journal/internal.h"

#define CHECKPOINT_BYTES_DEFAULT ((uint64_t)16 * 1024 * 1024)

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

static char *path_with(const char *path, const char *suffix) {
    char *text = NULL;
    CHECK(asprintf(&text, "%s%s", path, suffix) >= 0);
    return text;
}

/* Two registries never write one log. The system gives the lock back whatever becomes of the process. */
static enum status take_lock(struct journal *journal) {
    char *path = path_with(journal->path, ".lock");
    journal->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int failure = errno;
    free(path);
    if (journal->lock_file < 0) {
        return failure == EACCES || failure == EPERM || failure == EROFS ? STATUS_DENIED : STATUS_IO;
    }
    if (flock(journal->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_EXISTS : STATUS_IO;
    }
    return STATUS_OK;
}

static enum status open_database(struct journal *journal, const char *service) {
    int64_t tables = 0;
    if (!journal->read_only) {
        (void)file_write_new(journal->path, "", 0, 0600); /* its owner's alone; SQLite gives the WAL the same mode */
    }
    enum status status = sql_open(journal->path, journal->read_only ? SQL_READ : SQL_CREATE, &journal->db);
    if (status == STATUS_OK) {
        status = sql_integer(journal->db, "SELECT count(*) FROM sqlite_schema", &tables);
    }
    if (status == STATUS_OK && tables == 0 && !journal->read_only) {
        status = store_create(journal->db, journal->path, service);
    }
    if (status == STATUS_OK) {
        status = store_check(journal->db, service, &journal->epoch);
    }
    if (status == STATUS_OK) {
        status = store_place(journal->db, &journal->committed);
    }
    journal->now = journal->committed;
    journal->claimed_number = journal_next(journal); /* perhaps: nobody knows */
    return status;
}

static int note_wal(void *user, sqlite3 *db, const char *name, int pages) {
    struct journal *journal = user;
    (void)db;
    (void)name;
    checkpointer_note(journal->checkpointer, (uint32_t)pages);
    return SQLITE_OK;
}

#define ROWS_4(row) row ", " row ", " row ", " row
#define ROWS_16(row) ROWS_4(ROWS_4(row))
_Static_assert(JOURNAL_GROUP == 16, "ROWS_16 is a group");
#define CLAIM "INSERT OR IGNORE INTO command (id, first) VALUES "
/* SQLite numbers rows by itself: last + 1, found without a search. OR FAIL: nothing is kept for undoing a statement of
 * several rows alone, since a failure ends the transaction. */
#define APPEND "INSERT OR FAIL INTO event (prev, command, at, type, private, public, chain) VALUES "

static enum status prepare_writing(struct journal *journal) {
    const struct {
        sqlite3_stmt **statement;
        const char *text;
    } statements[] = {
        {&journal->begin, "BEGIN IMMEDIATE"},
        {&journal->commit, "COMMIT"},
        {&journal->rollback, "ROLLBACK"},
        {&journal->claim, CLAIM "(?, ?)"},
        {&journal->claim_group, CLAIM ROWS_16("(?, ?)")},
        {&journal->claimed, "SELECT first FROM command WHERE id = ?1"},
        {&journal->point, "UPDATE command SET first = ?2 WHERE id = ?1"},
        {&journal->append, APPEND "(?, ?, ?, ?, ?, ?, ?)"},
        {&journal->append_group, APPEND ROWS_16("(?, ?, ?, ?, ?, ?, ?)")},
        {&journal->rows_of, "SELECT seq, command FROM event WHERE seq >= ?1 ORDER BY seq"},
        {&journal->read, "SELECT prev, command, at, type, private FROM event WHERE seq = ?1"},
        {&journal->refuse, "INSERT INTO refusal (at, command, principal, organisation, code, field, occurred_at,"
                           " expected_version, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
    };
    enum status status = store_configure(journal->db);
    for (size_t i = 0; status == STATUS_OK && i < sizeof statements / sizeof statements[0]; i++) {
        status = sql_prepare(journal->db, statements[i].text, statements[i].statement);
    }
    return status;
}

static enum status open_writing(struct journal *journal, uint64_t checkpoint_bytes) {
    int64_t page_bytes = 0;
    enum status status = prepare_writing(journal);
    if (status == STATUS_OK) {
        status = sql_integer(journal->db, "PRAGMA page_size", &page_bytes);
    }
    if (status == STATUS_OK) {
        status = checkpointer_start(journal->path, checkpoint_bytes > 0 ? checkpoint_bytes : CHECKPOINT_BYTES_DEFAULT,
                                    (uint32_t)page_bytes, &journal->checkpointer);
    }
    if (status == STATUS_OK) {
        sqlite3_wal_hook(journal->db, note_wal, journal);
    }
    return status;
}

enum status journal_open(const struct journal_options *options, struct journal **journal) {
    CHECK(sodium_init() >= 0);
    struct journal *j = calloc(1, sizeof *j);
    CHECK(j != NULL);
    *journal = j;
    j->path = path_with(options->path, "");
    j->wal_path = path_with(options->path, "-wal");
    j->lock_file = -1;
    j->read_only = options->read_only;
    j->has_seal_key = options->seal_key != NULL;
    if (j->has_seal_key) {
        memcpy(j->seal_key, options->seal_key, sizeof j->seal_key);
    }
    enum status status = j->read_only ? STATUS_OK : take_lock(j);
    if (status == STATUS_OK) {
        status = open_database(j, options->service);
    }
    if (status == STATUS_OK && !j->read_only) {
        status = open_writing(j, options->checkpoint_bytes);
    }
    if (status != STATUS_OK) {
        journal_close(journal);
    }
    return status;
}

static void finalize_all(struct journal *journal) {
    sqlite3_stmt **statements[] = {&journal->begin,        &journal->commit,  &journal->rollback, &journal->claim,
                                   &journal->claim_group,  &journal->claimed, &journal->point,    &journal->append,
                                   &journal->append_group, &journal->rows_of, &journal->refuse,  &journal->read};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        sql_finalize(statements[i]);
    }
}

void journal_close(struct journal **journal) {
    struct journal *j = *journal;
    if (j == NULL) {
        return;
    }
    journal_rollback(j);
    checkpointer_stop(&j->checkpointer);
    finalize_all(j);
    if (j->db != NULL) {
        sql_close(&j->db);
    }
    if (j->lock_file >= 0) {
        close(j->lock_file); /* last: nobody else may write before the database is closed */
    }
    sodium_memzero(j->seal_key, sizeof j->seal_key);
    buffer_release(&j->read_body);
    free(j->path);
    free(j->wal_path);
    free(j);
    *journal = NULL;
}

const struct id *journal_epoch(const struct journal *journal) {
    return &journal->epoch;
}

/* A writer knows its place; who only reads looks again. */
static struct place place_now(const struct journal *journal) {
    struct place place = journal->committed;
    if (journal->read_only && store_place(journal->db, &place) != STATUS_OK) {
        return journal->committed;
    }
    return place;
}

uint64_t journal_head(const struct journal *journal) {
    return place_now(journal).seq;
}

void journal_head_chain(const struct journal *journal, uint8_t chain[32]) {
    const struct place place = place_now(journal);
    memcpy(chain, place.chain, sizeof place.chain);
}

uint64_t journal_next(const struct journal *journal) {
    return journal->now.seq + 1;
}

uint64_t journal_refusal_count(const struct journal *journal) {
    return place_now(journal).refusals;
}

/* --- Writing ---------------------------------------------------------------------------------------------------------
 */

enum status journal_begin(struct journal *journal) {
    CHECK(!journal->read_only && !journal->is_open_for_writing);
    const int64_t start_ns = clock_monotonic_ns();
    checkpointer_enter(journal->checkpointer);
    const enum status status = sql_execute(journal->begin, "begin");
    if (status != STATUS_OK) {
        checkpointer_leave(journal->checkpointer);
        return status;
    }
    journal->is_open_for_writing = true;
    journal->begin_ns = clock_monotonic_ns() - start_ns;
    return STATUS_OK;
}

static void leave(struct journal *journal) {
    journal->is_open_for_writing = false;
    checkpointer_leave(journal->checkpointer);
}

enum status journal_commit(struct journal *journal) {
    CHECK(journal->is_open_for_writing);
    const int64_t start_ns = clock_monotonic_ns();
    enum status status = journal_flush(journal);
    if (status == STATUS_OK) {
        status = sql_execute(journal->commit, "commit");
    }
    if (status != STATUS_OK) {
        return status; /* the caller rolls back */
    }
    const uint64_t took_ns = (uint64_t)(clock_monotonic_ns() - start_ns + journal->begin_ns);
    journal->committed = journal->now;
    journal->commits++;
    journal->commit_ns += took_ns;
    journal->commit_ns_max = took_ns > journal->commit_ns_max ? took_ns : journal->commit_ns_max;
    leave(journal);
    return STATUS_OK;
}

void journal_rollback(struct journal *journal) {
    if (!journal->is_open_for_writing) {
        return;
    }
    /* SQLite may have rolled back by itself. */
    if (sqlite3_get_autocommit(journal->db) == 0) {
        (void)sql_execute(journal->rollback, "roll back");
    }
    journal->now = journal->committed;
    journal->pending.failure = STATUS_OK;
    journal->pending.count = 0;
    journal->pending.body_bytes = 0;
    journal->claimed_number = journal_next(journal); /* perhaps: it may have been before this transaction */
    leave(journal);
}

/* --- Counters --------------------------------------------------------------------------------------------------------
 */

static uint64_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

struct journal_counters journal_counters(struct journal *journal) {
    struct journal_counters counters = {
        .commits = journal->commits,
        .commit_ns = journal->commit_ns,
        .commit_ns_max = journal->commit_ns_max,
        .file_bytes = size_of(journal->path),
        .wal_bytes = size_of(journal->wal_path),
    };
    journal->commit_ns_max = 0;
    if (journal->checkpointer != NULL) {
        checkpointer_counters(journal->checkpointer, &counters.checkpoints, &counters.checkpoint_ns);
    }
    return counters;
}
