#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "spool/spool_internal.h"

#define FORMAT 1
#define BUSY_MS 5000 /* the checkpoint thread at the start and end of the WAL */

/* A verdict is a row of its own: on the entry's row it would write the entry's page a second time. Bodies stand apart
 * so that a start need not read them, and so that they can go before the entry. */
static const char schema[] =
    "CREATE TABLE spool (owner TEXT NOT NULL, created INTEGER NOT NULL, format INTEGER NOT NULL, proof BLOB NOT NULL);"
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, feed INTEGER NOT NULL, key BLOB NOT NULL, hash BLOB NOT NULL,"
    " command BLOB NOT NULL, occurred INTEGER NOT NULL, taken INTEGER NOT NULL);"
    "CREATE TABLE body (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL);"
    "CREATE TABLE settled (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, verdict INTEGER NOT NULL,"
    " code INTEGER NOT NULL);"
    "CREATE TABLE refused (number INTEGER PRIMARY KEY);";

#define ENTRY_COLUMNS "e.number, e.feed, e.key, e.hash, e.command, e.occurred, e.taken, s.verdict, s.code, s.at"
#define ENTRY_TABLES " FROM entry e LEFT JOIN settled s ON s.number = e.number "

static const char *const texts[SPOOL_STATEMENTS] = {
    [SPOOL_BEGIN] = "BEGIN IMMEDIATE",
    [SPOOL_COMMIT] = "COMMIT",
    [SPOOL_ROLLBACK] = "ROLLBACK",
    [SPOOL_ADD] = "INSERT OR FAIL INTO entry (number, feed, key, hash, command, occurred, taken)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SPOOL_ADD_BODY] = "INSERT OR FAIL INTO body (number, sealed) VALUES (?1, ?2)",
    [SPOOL_SETTLE] = "INSERT OR FAIL INTO settled (number, at, verdict, code) VALUES (?1, ?2, ?3, ?4)",
    [SPOOL_ADD_REFUSED] = "INSERT OR FAIL INTO refused (number) VALUES (?1)",
    [SPOOL_ENTRY] = "SELECT " ENTRY_COLUMNS ENTRY_TABLES "WHERE e.number = ?1",
    [SPOOL_BODY] = "SELECT sealed FROM body WHERE number = ?1",
    [SPOOL_REFUSED] = "SELECT number FROM refused WHERE number > ?1 ORDER BY number LIMIT 1",
    [SPOOL_USED_PAGES] = "SELECT p.page_count - f.freelist_count FROM pragma_page_count p, pragma_freelist_count f",
    [SPOOL_OLD_ENTRIES] = "SELECT " ENTRY_COLUMNS ENTRY_TABLES "WHERE e.number > ?1 ORDER BY e.number",
    [SPOOL_DROP_ENTRY] = "DELETE FROM entry WHERE number = ?1",
    [SPOOL_DROP_SETTLED] = "DELETE FROM settled WHERE number = ?1",
    [SPOOL_DROP_REFUSED] = "DELETE FROM refused WHERE number = ?1",
    [SPOOL_DROP_BODY] = "DELETE FROM body WHERE number = ?1",
    [SPOOL_DROP_ACCEPTED] = "DELETE FROM body WHERE number > ?1 AND number <= ?2"
                            " AND (SELECT verdict FROM settled s WHERE s.number = body.number) = 1",
};
_Static_assert(SPOOL_ACCEPTED == 1, "as in SPOOL_DROP_ACCEPTED");

/* --- The few things asked of SQLite ----------------------------------------------------------------------------------
 */

static enum status status_of(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return STATUS_OK;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return STATUS_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column that should be there is not */
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT: /* a row is there that should not be */
        return STATUS_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return STATUS_DENIED;
    default:
        return STATUS_IO;
    }
}

enum status spool_store_result(sqlite3 *db, int code, const char *what) {
    const enum status status = status_of(code);
    if (status != STATUS_OK) {
        LOG_ERROR("spool database failed", LOG_S("doing", what), LOG_S("error", sqlite3_errmsg(db)),
                  LOG_I("code", sqlite3_extended_errcode(db)), LOG_I("errno", sqlite3_system_errno(db)));
    }
    return status;
}

static enum status run(sqlite3 *db, const char *text) {
    return spool_store_result(db, sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

static enum status prepare(sqlite3 *db, const char *text, sqlite3_stmt **statement) {
    return spool_store_result(db, sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL), text);
}

enum status spool_store_execute(struct spool *spool, enum spool_statement statement) {
    sqlite3_stmt *prepared = spool->statements[statement];
    const int code = sqlite3_step(prepared);
    const enum status status = code == SQLITE_DONE ? STATUS_OK : spool_store_result(spool->db, code, texts[statement]);
    (void)sqlite3_reset(prepared); /* repeats the step's failure */
    return status;
}

static void configure_once(void) {
    /* Without counters of memory in use no allocation takes a lock of the whole process. Refused when SQLite runs
     * already: then it is a little slower. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum status spool_store_open(const char *path, sqlite3 **db) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_once);
    const int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        const int error = sqlite3_system_errno(*db);
        const bool is_denied = (code & 0xff) == SQLITE_CANTOPEN && (error == EACCES || error == EPERM);
        const enum status status = is_denied ? STATUS_DENIED : spool_store_result(*db, code, "open");
        (void)sqlite3_close(*db);
        *db = NULL;
        return status;
    }
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_MS);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return STATUS_OK;
}

/* --- Creation --------------------------------------------------------------------------------------------------------
 */

/* The file's name is durable only when its folder is. */
static enum status sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    return is_synced ? STATUS_OK : STATUS_IO;
}

/* The owner's name, sealed: only the same key opens it. */
static enum status insert_store(struct spool *spool, const char *owner) {
    sqlite3_stmt *statement = NULL;
    enum status status =
        prepare(spool->db, "INSERT INTO spool (owner, created, format, proof) VALUES (?1, ?2, ?3, ?4)", &statement);
    if (status == STATUS_OK) {
        spool_seal(spool, owner, strlen(owner));
        sqlite3_bind_text(statement, 1, owner, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, clock_unix_ms());
        sqlite3_bind_int(statement, 3, FORMAT);
        sqlite3_bind_blob(statement, 4, spool->sealed.data, (int)spool->sealed.size, SQLITE_STATIC);
        status = spool_store_result(spool->db, sqlite3_step(statement), "note the owner");
    }
    (void)sqlite3_finalize(statement); /* repeats the step's failure */
    return status;
}

static enum status create(struct spool *spool, const char *owner) {
    enum status status = run(spool->db, "PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL;"
                                        "BEGIN IMMEDIATE;");
    if (status != STATUS_OK) {
        return status;
    }
    status = run(spool->db, schema);
    if (status == STATUS_OK) {
        status = insert_store(spool, owner);
    }
    if (status == STATUS_OK) {
        status = run(spool->db, "COMMIT");
    }
    if (status != STATUS_OK) {
        (void)sqlite3_exec(spool->db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    return sync_folder_of(spool->path);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

static enum status refuse_store(enum status status, const char *reason) {
    LOG_ERROR("spool refused", LOG_S("reason", reason));
    return status;
}

static enum status check_row(struct spool *spool, sqlite3_stmt *row, const char *owner) {
    const char *of = (const char *)sqlite3_column_text(row, 0);
    if (sqlite3_column_int64(row, 1) != FORMAT) {
        return refuse_store(STATUS_CONFIG, "its format is not known to this program");
    }
    if (of == NULL || strcmp(of, owner) != 0) {
        return refuse_store(STATUS_CONFIG, "it belongs to another program");
    }
    if (spool_unseal(spool, sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2)) != STATUS_OK) {
        return refuse_store(STATUS_CONFIG, "it was sealed with another key");
    }
    return STATUS_OK;
}

static enum status check(struct spool *spool, const char *owner) {
    sqlite3_stmt *statement = NULL;
    enum status status = prepare(spool->db, "SELECT owner, format, proof FROM spool", &statement);
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = spool_store_result(spool->db, code, "read whose spool it is");
        if (status == STATUS_OK) {
            status = code == SQLITE_ROW ? check_row(spool, statement, owner)
                                        : refuse_store(STATUS_CORRUPT, "it does not say whose it is");
        }
    }
    (void)sqlite3_finalize(statement);
    return status;
}

/* The first integer that a query gives; 0 for NULL. */
static enum status integer(sqlite3 *db, const char *query, int64_t *value) {
    sqlite3_stmt *statement = NULL;
    enum status status = prepare(db, query, &statement);
    *value = 0;
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = spool_store_result(db, code, query);
        *value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return status;
}

/* A file system without shared memory mappings silently keeps another mode, in which a checkpoint stops the writer. */
static enum status use_wal(sqlite3 *db) {
    sqlite3_stmt *statement = NULL;
    enum status status = prepare(db, "PRAGMA journal_mode=WAL", &statement);
    if (status == STATUS_OK && sqlite3_step(statement) != SQLITE_ROW) {
        status = spool_store_result(db, sqlite3_errcode(db), "switch to WAL");
    } else if (status == STATUS_OK && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0) {
        LOG_ERROR("the folder of the spool does not allow WAL mode");
        status = STATUS_IO;
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status prepare_all(struct spool *spool) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < SPOOL_STATEMENTS; i++) {
        status = prepare(spool->db, texts[i], &spool->statements[i]);
    }
    return status;
}

enum status spool_store_begin(struct spool *spool, const char *owner) {
    int64_t tables = 0;
    enum status status = integer(spool->db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (status == STATUS_OK && tables == 0) {
        status = create(spool, owner);
    }
    if (status == STATUS_OK) {
        status = check(spool, owner);
    }
    if (status == STATUS_OK) {
        status = use_wal(spool->db);
    }
    if (status == STATUS_OK) {
        status = run(spool->db, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-8192;"
                                "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=OFF; PRAGMA secure_delete=OFF;");
    }
    return status == STATUS_OK ? prepare_all(spool) : status;
}

/* --- Loading ---------------------------------------------------------------------------------------------------------
 */

static enum status load_entry(struct spool *spool, sqlite3_stmt *row) {
    const void *key = sqlite3_column_blob(row, 2);
    const void *hash = sqlite3_column_blob(row, 3);
    if (key == NULL || hash == NULL || sqlite3_column_bytes(row, 2) != 16 || sqlite3_column_bytes(row, 3) != 16) {
        return refuse_store(STATUS_CORRUPT, "an entry is broken");
    }
    const uint64_t number = (uint64_t)sqlite3_column_int64(row, 0);
    uint8_t kept[32];
    memcpy(kept, key, 16);
    memcpy(kept + 16, hash, 16);
    if (sqlite3_column_type(row, 7) == SQLITE_NULL) {
        spool_waiting_add(&spool->waiting, number);
    }
    const enum status status = spool_note_key(spool, number, kept, kept + 16);
    spool_keys_keep(&spool->keys);
    spool->newest = number;
    spool->entries++;
    return status;
}

static enum status load_entries(struct spool *spool) {
    sqlite3_stmt *rows = spool->statements[SPOOL_OLD_ENTRIES];
    enum status status = STATUS_OK;
    int code;
    sqlite3_bind_int64(rows, 1, 0);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW && status == STATUS_OK) {
        status = load_entry(spool, rows);
    }
    if (status == STATUS_OK) {
        status = spool_store_result(spool->db, code, "read the entries");
    }
    (void)sqlite3_reset(rows);
    return status;
}

enum status spool_store_load(struct spool *spool) {
    int64_t first_body = 0;
    enum status status = load_entries(spool);
    if (status == STATUS_OK) {
        status = integer(spool->db, "SELECT min(number) FROM body", &first_body);
    }
    spool->bodies_dropped_to = first_body > 0 ? (uint64_t)first_body - 1 : spool->newest;
    spool->newest_committed = spool->newest;
    spool->entries_committed = spool->entries;
    return status;
}
