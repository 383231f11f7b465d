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
#include "base/log.h"
#include "journal/chain.h"
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

/* A new file is its owner's alone; SQLite gives the WAL the same mode. */
static void create_private(const char *path) {
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
    }
}

static enum status open_database(struct journal *journal, const char *service) {
    int64_t tables = 0;
    if (!journal->read_only) {
        create_private(journal->path);
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
    return status;
}

static int note_wal(void *user, sqlite3 *db, const char *name, int pages) {
    struct journal *journal = user;
    (void)db;
    (void)name;
    checkpointer_note(journal->checkpointer, (uint32_t)pages);
    return SQLITE_OK;
}

static enum status prepare_writing(struct journal *journal) {
    const struct {
        sqlite3_stmt **statement;
        const char *text;
    } statements[] = {
        {&journal->begin, "BEGIN IMMEDIATE"},
        {&journal->commit, "COMMIT"},
        {&journal->rollback, "ROLLBACK"},
        {&journal->claim, "INSERT OR IGNORE INTO command (id, first) VALUES (?1, ?2)"},
        {&journal->claimed, "SELECT first FROM command WHERE id = ?1"},
        {&journal->point, "UPDATE command SET first = ?2 WHERE id = ?1"},
        /* SQLite numbers rows by itself: last + 1, found without a search. journal_append checks that it did. */
        {&journal->append, "INSERT INTO event (prev, command, at, type, private, public, chain)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&journal->rows_of, "SELECT command FROM event WHERE seq >= ?1 ORDER BY seq"},
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
    sqlite3_stmt **statements[] = {&journal->begin,  &journal->commit,  &journal->rollback,
                                   &journal->claim,  &journal->claimed, &journal->point,
                                   &journal->append, &journal->rows_of, &journal->refuse};
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

/* Rows from first_seq on that carry the command's id. */
static enum status count_events(struct journal *journal, const struct id *command, struct journal_outcome *outcome) {
    struct id of;
    int code;
    sqlite3_bind_int64(journal->rows_of, 1, (int64_t)outcome->first_seq);
    while ((code = sqlite3_step(journal->rows_of)) == SQLITE_ROW && sql_column_id(journal->rows_of, 0, &of) &&
           id_equal(&of, command)) {
        outcome->events++;
    }
    const enum status status = sql_result(journal->db, code, "count a command's events");
    (void)sqlite3_reset(journal->rows_of);
    return status;
}

static enum status read_outcome(struct journal *journal, const struct id *command, struct journal_outcome *outcome) {
    sql_bind_bytes(journal->claimed, 1, command->bytes, ID_BYTES);
    const int code = sqlite3_step(journal->claimed);
    const int64_t first = code == SQLITE_ROW ? sqlite3_column_int64(journal->claimed, 0) : 0;
    enum status status = sql_result(journal->db, code, "look up a command");
    (void)sqlite3_reset(journal->claimed);
    outcome->known = true;
    if (status == STATUS_OK && first < 0) {
        outcome->refusal = (uint64_t)-first;
    } else if (status == STATUS_OK && first > 0) {
        outcome->first_seq = (uint64_t)first;
        status = count_events(journal, command, outcome);
    }
    return status;
}

enum status journal_claim(struct journal *journal, const struct id *command, struct journal_outcome *outcome) {
    CHECK(journal->is_open_for_writing);
    *outcome = (struct journal_outcome){0};
    sql_bind_bytes(journal->claim, 1, command->bytes, ID_BYTES);
    sqlite3_bind_int64(journal->claim, 2, (int64_t)journal_next(journal));
    enum status status = sql_execute(journal->claim, "claim a command");
    if (status == STATUS_OK && sqlite3_changes(journal->db) == 0) {
        status = read_outcome(journal, command, outcome);
        return status == STATUS_OK ? STATUS_EXISTS : status;
    }
    return status;
}

enum status journal_point(struct journal *journal, const struct id *command, int64_t first) {
    sql_bind_bytes(journal->point, 1, command->bytes, ID_BYTES);
    sqlite3_bind_int64(journal->point, 2, first);
    const enum status status = sql_execute(journal->point, "note a command's outcome");
    CHECK(status != STATUS_OK || sqlite3_changes(journal->db) == 1); /* it was claimed */
    return status;
}

enum status journal_claim_empty(struct journal *journal, const struct id *command) {
    CHECK(journal->is_open_for_writing);
    return journal_point(journal, command, 0);
}

enum status journal_append(struct journal *journal, struct journal_row *row) {
    CHECK(journal->is_open_for_writing && row->prev < journal_next(journal));
    sqlite3_stmt *append = journal->append;
    row->seq = journal_next(journal);
    chain_next(journal->now.chain, row, row->chain);
    sqlite3_bind_int64(append, 1, (int64_t)row->prev);
    sql_bind_id(append, 2, &row->command);
    sqlite3_bind_int64(append, 3, row->at_ms);
    sqlite3_bind_int64(append, 4, row->type);
    sql_bind_bytes(append, 5, row->private_body, row->private_size);
    sql_bind_bytes(append, 6, row->public_body, row->public_size);
    sql_bind_bytes(append, 7, row->chain, sizeof row->chain);
    enum status status = sql_execute(append, "append a row");
    if (status == STATUS_OK && (uint64_t)sqlite3_last_insert_rowid(journal->db) != row->seq) {
        LOG_ERROR("log changed behind its writer", LOG_U("seq", row->seq));
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        journal->now.seq = row->seq;
        memcpy(journal->now.chain, row->chain, sizeof row->chain);
    }
    return status;
}

static void leave(struct journal *journal) {
    journal->is_open_for_writing = false;
    checkpointer_leave(journal->checkpointer);
}

enum status journal_commit(struct journal *journal) {
    CHECK(journal->is_open_for_writing);
    const int64_t start_ns = clock_monotonic_ns();
    const enum status status = sql_execute(journal->commit, "commit");
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
