#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "journal/internal.h"

/* A read transaction keeps the WAL from starting over, so a long stretch is read in several: this many rows each. */
#define ROWS_A_TRANSACTION 4096

struct journal_reader {
    sqlite3 *db;
    sqlite3_stmt *with_private, *without_private, *head_query;
    sqlite3_stmt *rows; /* one of the two, running; NULL: at rest */
    struct id epoch;
    uint64_t last; /* number of the row given last */
    uint64_t up_to;
    uint32_t given; /* rows in this transaction */
    bool wants_private;
    struct buffer copy; /* of the last row before a rest, whose transaction is over already */
};

static enum status open_reader(const struct journal_options *options, struct journal_reader *reader) {
    enum status status = sql_open(options->path, SQL_READ, &reader->db);
    if (status == STATUS_OK) {
        status = sql_run(reader->db, "PRAGMA cache_size=-1024");
    }
    if (status == STATUS_OK) {
        status = store_check(reader->db, options->service, &reader->epoch);
    }
    if (status == STATUS_OK) {
        status = sql_prepare(reader->db,
                             "SELECT seq, prev, command, at, type, chain, public, private FROM event"
                             " WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
                             &reader->with_private);
    }
    if (status == STATUS_OK) {
        status = sql_prepare(reader->db,
                             "SELECT seq, prev, command, at, type, chain, public FROM event"
                             " WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
                             &reader->without_private);
    }
    if (status == STATUS_OK) {
        status = sql_prepare(reader->db, "SELECT max(seq) FROM event", &reader->head_query);
    }
    return status;
}

enum status journal_reader_open(const struct journal_options *options, struct journal_reader **reader) {
    *reader = calloc(1, sizeof **reader);
    CHECK(*reader != NULL);
    const enum status status = open_reader(options, *reader);
    if (status != STATUS_OK) {
        journal_reader_close(reader);
    }
    return status;
}

/* Ends the read transaction; a later step goes on behind `last`. */
static void rest(struct journal_reader *reader) {
    if (reader->rows != NULL) {
        (void)sqlite3_reset(reader->rows);
        reader->rows = NULL;
    }
    reader->given = 0;
}

void journal_reader_close(struct journal_reader **reader) {
    struct journal_reader *r = *reader;
    if (r == NULL) {
        return;
    }
    rest(r);
    sql_finalize(&r->with_private);
    sql_finalize(&r->without_private);
    sql_finalize(&r->head_query);
    if (r->db != NULL) {
        sql_close(&r->db);
    }
    buffer_release(&r->copy);
    free(r);
    *reader = NULL;
}

enum status journal_reader_seek(struct journal_reader *reader, uint64_t after, uint64_t up_to, bool with_private) {
    rest(reader);
    reader->last = after;
    reader->up_to = up_to <= INT64_MAX ? up_to : INT64_MAX;
    reader->wants_private = with_private;
    return STATUS_OK;
}

static void start_rows(struct journal_reader *reader) {
    reader->rows = reader->wants_private ? reader->with_private : reader->without_private;
    sqlite3_bind_int64(reader->rows, 1, (int64_t)reader->last);
    sqlite3_bind_int64(reader->rows, 2, (int64_t)reader->up_to);
}

/* False: the columns are not what this program writes. */
static bool take_row(struct journal_reader *reader, struct journal_row *row) {
    sqlite3_stmt *rows = reader->rows;
    *row = (struct journal_row){.seq = (uint64_t)sqlite3_column_int64(rows, 0),
                                .prev = (uint64_t)sqlite3_column_int64(rows, 1),
                                .at_ms = sqlite3_column_int64(rows, 3),
                                .type = (uint32_t)sqlite3_column_int64(rows, 4)};
    const void *chain = sqlite3_column_blob(rows, 5);
    if (!sql_column_id(rows, 2, &row->command) || chain == NULL || sqlite3_column_bytes(rows, 5) != sizeof row->chain) {
        return false;
    }
    memcpy(row->chain, chain, sizeof row->chain);
    row->public_body = sqlite3_column_blob(rows, 6);
    row->public_size = (size_t)sqlite3_column_bytes(rows, 6);
    if (reader->wants_private) {
        row->private_body = sqlite3_column_blob(rows, 7);
        row->private_size = (size_t)sqlite3_column_bytes(rows, 7);
    }
    return true;
}

/* Takes the row out of SQLite's hands and ends the transaction, though the caller may look at it for long. */
static void keep_and_rest(struct journal_reader *reader, struct journal_row *row) {
    buffer_clear(&reader->copy);
    uint8_t *copy = buffer_reserve(&reader->copy, row->public_size + row->private_size + 1);
    if (row->public_size > 0) {
        row->public_body = memcpy(copy, row->public_body, row->public_size);
    }
    if (row->private_size > 0) {
        row->private_body = memcpy(copy + row->public_size, row->private_body, row->private_size);
    }
    rest(reader);
}

enum status journal_reader_next(struct journal_reader *reader, struct journal_row *row) {
    if (reader->rows == NULL) {
        if (reader->last >= reader->up_to) {
            return STATUS_NOT_FOUND;
        }
        start_rows(reader);
    }
    const int code = sqlite3_step(reader->rows);
    if (code != SQLITE_ROW) {
        const enum status status = sql_result(reader->db, code, "read the log");
        rest(reader);
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    }
    if (!take_row(reader, row) || row->seq != reader->last + 1) {
        LOG_ERROR("log has a gap or a broken row", LOG_U("seq", reader->last + 1));
        rest(reader);
        return STATUS_CORRUPT;
    }
    reader->last = row->seq;
    if (++reader->given == ROWS_A_TRANSACTION || row->seq == reader->up_to) {
        keep_and_rest(reader, row);
    }
    return STATUS_OK;
}

enum status journal_reader_head(struct journal_reader *reader, uint64_t *head, struct id *epoch) {
    const int code = sqlite3_step(reader->head_query);
    const enum status status = sql_result(reader->db, code, "read the head");
    *head = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(reader->head_query, 0) : 0;
    (void)sqlite3_reset(reader->head_query);
    *epoch = reader->epoch;
    return status;
}

enum status journal_reader_service(struct journal_reader *reader, char service[JOURNAL_SERVICE_BYTES]) {
    sqlite3_stmt *statement = NULL;
    service[0] = '\0';
    enum status status = sql_prepare(reader->db, "SELECT service FROM store", &statement);
    if (status == STATUS_OK) {
        const int code = sqlite3_step(statement);
        status = sql_result(reader->db, code, "read the store row");
        const char *name = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
        snprintf(service, JOURNAL_SERVICE_BYTES, "%s", name == NULL ? "" : name);
    }
    sql_finalize(&statement);
    return status;
}

enum status journal_reader_matches(struct journal_reader *reader, uint64_t seq, const uint8_t chain[32]) {
    struct journal_row row;
    if (seq == 0) {
        return STATUS_OK;
    }
    (void)journal_reader_seek(reader, seq - 1, seq, false);
    const enum status status = journal_reader_next(reader, &row);
    if (status != STATUS_OK) {
        return status;
    }
    return memcmp(row.chain, chain, sizeof row.chain) == 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

/* --- One row, of the writer ------------------------------------------------------------------------------------------
 */

static enum status take_past(struct journal *journal, uint64_t seq, struct journal_row *row) {
    sqlite3_stmt *read = journal->read;
    *row = (struct journal_row){.seq = seq,
                                .prev = (uint64_t)sqlite3_column_int64(read, 0),
                                .at_ms = sqlite3_column_int64(read, 2),
                                .type = (uint32_t)sqlite3_column_int64(read, 3)};
    if (!sql_column_id(read, 1, &row->command)) {
        LOG_ERROR("log has a broken row", LOG_U("seq", seq));
        return STATUS_CORRUPT;
    }
    buffer_clear(&journal->read_body);
    buffer_append(&journal->read_body, sqlite3_column_blob(read, 4), (size_t)sqlite3_column_bytes(read, 4));
    row->private_body = journal->read_body.data;
    row->private_size = journal->read_body.size;
    return STATUS_OK;
}

enum status journal_read(struct journal *journal, uint64_t seq, struct journal_row *row) {
    CHECK(!journal->read_only);
    if (seq == 0 || seq >= journal_next(journal)) {
        return STATUS_NOT_FOUND;
    }
    enum status status = journal_flush(journal);
    if (status != STATUS_OK) {
        return status;
    }
    sqlite3_bind_int64(journal->read, 1, (int64_t)seq);
    const int code = sqlite3_step(journal->read);
    status = sql_result(journal->db, code, "read a row");
    if (status == STATUS_OK) {
        status = code == SQLITE_ROW ? take_past(journal, seq, row) : STATUS_NOT_FOUND;
    }
    (void)sqlite3_reset(journal->read);
    return status;
}
