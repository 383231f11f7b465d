#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/log.h"
#include "journal/internal.h"

#define FORMAT 1

static const char schema[] =
    "CREATE TABLE store (epoch BLOB NOT NULL, service TEXT NOT NULL, created INTEGER NOT NULL, format INTEGER NOT "
    "NULL);"
    "CREATE TABLE event (seq INTEGER PRIMARY KEY, prev INTEGER NOT NULL, command BLOB, at INTEGER NOT NULL,"
    " type INTEGER NOT NULL, private BLOB, public BLOB, chain BLOB NOT NULL);"
    "CREATE TABLE command (id BLOB NOT NULL PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE refusal (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, command BLOB, principal TEXT NOT NULL,"
    " organisation TEXT NOT NULL, code INTEGER NOT NULL, field TEXT, occurred_at INTEGER NOT NULL,"
    " expected_version INTEGER NOT NULL, body BLOB);"
    "CREATE INDEX refusal_by_organisation ON refusal (organisation);";

/* --- Creation --------------------------------------------------------------------------------------------------------
 */

static enum status insert_store(sqlite3 *db, const char *service) {
    sqlite3_stmt *statement = NULL;
    const struct id epoch = id_random();
    enum status status =
        sql_prepare(db, "INSERT INTO store (epoch, service, created, format) VALUES (?1, ?2, ?3, ?4)", &statement);
    if (status == STATUS_OK) {
        sql_bind_id(statement, 1, &epoch);
        sqlite3_bind_text(statement, 2, service, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, clock_unix_ms());
        sqlite3_bind_int(statement, 4, FORMAT);
        status = sql_execute(statement, "note the store");
    }
    sql_finalize(&statement);
    return status;
}

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
    const bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    return synced ? STATUS_OK : STATUS_IO;
}

enum status store_create(sqlite3 *db, const char *path, const char *service) {
    /* The page size must be set before the first page exists; all the rest is one transaction. */
    enum status status = sql_run(db, "PRAGMA page_size=8192; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL;"
                                     "BEGIN IMMEDIATE;");
    if (status != STATUS_OK) {
        return status;
    }
    status = sql_run(db, schema);
    if (status == STATUS_OK) {
        status = insert_store(db, service);
    }
    if (status == STATUS_OK) {
        status = sql_run(db, "COMMIT");
    }
    if (status != STATUS_OK) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return status;
    }
    return sync_folder_of(path);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

/* A file system without shared memory mappings silently keeps another mode, in which readers stop the writer. */
static enum status use_wal(sqlite3 *db) {
    sqlite3_stmt *statement = NULL;
    enum status status = sql_prepare(db, "PRAGMA journal_mode=WAL", &statement);
    if (status == STATUS_OK && sqlite3_step(statement) != SQLITE_ROW) {
        status = sql_result(db, sqlite3_errcode(db), "switch to WAL");
    } else if (status == STATUS_OK && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0) {
        LOG_ERROR("the folder of the log does not allow WAL mode");
        status = STATUS_IO;
    }
    sql_finalize(&statement);
    return status;
}

enum status store_configure(sqlite3 *db) {
    const enum status status = use_wal(db);
    return status != STATUS_OK ? status
                               : sql_run(db, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                                             "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"
                                             "PRAGMA foreign_keys=OFF; PRAGMA secure_delete=OFF;");
}

static enum status refuse_store(const char *reason, const char *service, int64_t format) {
    LOG_ERROR("log refused", LOG_S("reason", reason), LOG_S("of", service), LOG_I("format", format));
    return STATUS_CORRUPT;
}

static enum status check_row(sqlite3_stmt *statement, const char *service, struct id *epoch) {
    const char *of = (const char *)sqlite3_column_text(statement, 1);
    const int64_t format = sqlite3_column_int64(statement, 2);
    if (!sql_column_id(statement, 0, epoch) || id_is_zero(epoch) || of == NULL) {
        return refuse_store("its store row is broken", of, format);
    }
    if (format != FORMAT) {
        return refuse_store("its format is not known to this program", of, format);
    }
    if (service != NULL && strcmp(service, of) != 0) {
        return refuse_store("it belongs to another service", of, format);
    }
    return STATUS_OK;
}

enum status store_check(sqlite3 *db, const char *service, struct id *epoch) {
    sqlite3_stmt *statement = NULL;
    enum status status = sql_prepare(db, "SELECT epoch, service, format FROM store", &statement);
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = sql_result(db, code, "read the store row");
        if (status == STATUS_OK) {
            status = code == SQLITE_ROW ? check_row(statement, service, epoch)
                                        : refuse_store("it has no store row", NULL, 0);
        }
    }
    sql_finalize(&statement);
    return status;
}

static enum status last_event(sqlite3 *db, struct place *place) {
    sqlite3_stmt *statement = NULL;
    enum status status = sql_prepare(db, "SELECT seq, chain FROM event ORDER BY seq DESC LIMIT 1", &statement);
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = sql_result(db, code, "read the head");
        if (code == SQLITE_ROW) {
            const void *chain = sqlite3_column_blob(statement, 1);
            place->seq = (uint64_t)sqlite3_column_int64(statement, 0);
            if (chain == NULL || sqlite3_column_bytes(statement, 1) != sizeof place->chain) {
                status = refuse_store("its last row is broken", NULL, 0);
            } else {
                memcpy(place->chain, chain, sizeof place->chain);
            }
        }
    }
    sql_finalize(&statement);
    return status;
}

enum status store_place(sqlite3 *db, struct place *place) {
    int64_t refusals = 0;
    *place = (struct place){0};
    enum status status = last_event(db, place);
    if (status == STATUS_OK) {
        status = sql_integer(db, "SELECT max(number) FROM refusal", &refusals);
    }
    place->refusals = (uint64_t)refusals;
    return status;
}
