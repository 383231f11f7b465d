#include "journal/sql.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

#define BUSY_MS 5000 /* another process may recover the WAL after a crash */

static void configure_once(void) {
    /* Without counters of memory in use no allocation takes a lock of the whole process. Refused when SQLite runs
     * already: then it is a little slower. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

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
        return STATUS_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return STATUS_DENIED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_AGAIN;
    default:
        return STATUS_IO;
    }
}

enum status sql_result(sqlite3 *db, int code, const char *what) {
    const enum status status = status_of(code);
    if (status != STATUS_OK) {
        LOG_ERROR("log database failed", LOG_S("doing", what), LOG_S("error", sqlite3_errmsg(db)),
                  LOG_I("code", sqlite3_extended_errcode(db)), LOG_I("errno", sqlite3_system_errno(db)));
    }
    return status;
}

static enum status open_failure(sqlite3 *db, int code) {
    const int error = sqlite3_system_errno(db);
    if ((code & 0xff) == SQLITE_CANTOPEN && error == ENOENT) {
        return STATUS_NOT_FOUND;
    }
    if ((code & 0xff) == SQLITE_CANTOPEN && (error == EACCES || error == EPERM)) {
        return STATUS_DENIED;
    }
    return sql_result(db, code, "open");
}

enum status sql_open(const char *path, enum sql_mode mode, sqlite3 **db) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const int flags[] = {[SQL_READ] = SQLITE_OPEN_READONLY,
                                [SQL_WRITE] = SQLITE_OPEN_READWRITE,
                                [SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    pthread_once(&once, configure_once);
    const int code = sqlite3_open_v2(path, db, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        const enum status status = open_failure(*db, code);
        sql_close(db);
        return status;
    }
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_MS);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return STATUS_OK;
}

void sql_close(sqlite3 **db) {
    CHECK(sqlite3_close(*db) == SQLITE_OK);
    *db = NULL;
}

enum status sql_run(sqlite3 *db, const char *text) {
    return sql_result(db, sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

enum status sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **statement) {
    return sql_result(db, sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL), text);
}

void sql_finalize(sqlite3_stmt **statement) {
    (void)sqlite3_finalize(*statement); /* repeats the last step's failure */
    *statement = NULL;
}

enum status sql_execute(sqlite3_stmt *statement, const char *what) {
    const int code = sqlite3_step(statement);
    const enum status status = code == SQLITE_DONE ? STATUS_OK : sql_result(sqlite3_db_handle(statement), code, what);
    (void)sqlite3_reset(statement); /* repeats the step's failure */
    return status;
}

enum status sql_integer(sqlite3 *db, const char *query, int64_t *value) {
    sqlite3_stmt *statement = NULL;
    *value = 0;
    enum status status = sql_prepare(db, query, &statement);
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = sql_result(db, code, query);
        *value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    sql_finalize(&statement);
    return status;
}

bool sql_column_id(sqlite3_stmt *statement, int column, struct id *id) {
    *id = (struct id){0};
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        return true;
    }
    const void *bytes = sqlite3_column_blob(statement, column);
    if (bytes == NULL || sqlite3_column_bytes(statement, column) != ID_BYTES) {
        return false;
    }
    memcpy(id->bytes, bytes, ID_BYTES);
    return true;
}
