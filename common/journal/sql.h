#ifndef JOURNAL_SQL_H
#define JOURNAL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/id.h"
#include "base/status.h"

/* The few things the log asks of SQLite. A connection belongs to one thread. Failures are logged here, with SQLite's
 * own words, and only their status goes up. */

enum sql_mode { SQL_READ, SQL_WRITE, SQL_CREATE };

/* NOT_FOUND, DENIED, CORRUPT (no database), IO. */
enum status sql_open(const char *path, enum sql_mode mode, sqlite3 **db);
/* All statements must be finalized before (CHECK). */
void sql_close(sqlite3 **db);
/* One or several statements without result rows. */
enum status sql_run(sqlite3 *db, const char *text);
/* For statements that live as long as the connection. */
enum status sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **statement);
void sql_finalize(sqlite3_stmt **statement);
/* Status of a result code; logs unless it says all is well. */
enum status sql_result(sqlite3 *db, int code, const char *what);
/* Steps a statement that gives no rows, and resets it. */
enum status sql_execute(sqlite3_stmt *statement, const char *what);
/* The one integer that a query without parameters gives; 0 when it gives none or NULL. */
enum status sql_integer(sqlite3 *db, const char *query, int64_t *value);

/* Not copied: must live until the statement is reset. Size 0 and the zero id bind NULL. */
static inline void sql_bind_bytes(sqlite3_stmt *statement, int number, const void *data, size_t size) {
    sqlite3_bind_blob(statement, number, size > 0 ? data : NULL, (int)size, SQLITE_STATIC);
}
static inline void sql_bind_id(sqlite3_stmt *statement, int number, const struct id *id) {
    sql_bind_bytes(statement, number, id->bytes, id_is_zero(id) ? 0 : ID_BYTES);
}
/* A column of 16 bytes, or NULL: the zero id. False: something else. */
bool sql_column_id(sqlite3_stmt *statement, int column, struct id *id);

#endif
