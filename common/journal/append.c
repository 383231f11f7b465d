#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "journal/chain.h"
#include "journal/internal.h"

/* Rows get their number and chain at once, and go to SQLite some at a time, which spares it most of its statements. */

#define COLUMNS 7

static void bind_row(sqlite3_stmt *insert, int at, const struct journal_row *row) {
    const int number = at * COLUMNS;
    sqlite3_bind_int64(insert, number + 1, (int64_t)row->prev);
    sql_bind_id(insert, number + 2, &row->command);
    sqlite3_bind_int64(insert, number + 3, row->at_ms);
    sqlite3_bind_int64(insert, number + 4, row->type);
    sql_bind_bytes(insert, number + 5, row->private_body, row->private_size);
    sql_bind_bytes(insert, number + 6, row->public_body, row->public_size);
    sql_bind_bytes(insert, number + 7, row->chain, sizeof row->chain);
}

/* SQLite numbers rows by itself; here is checked that it came to the number that the last row has. */
static enum status insert_rows(struct journal *journal, sqlite3_stmt *insert, const struct journal_row *rows, int n) {
    for (int i = 0; i < n; i++) {
        bind_row(insert, i, &rows[i]);
    }
    const enum status status = sql_execute(insert, "append rows");
    if (status == STATUS_OK && (uint64_t)sqlite3_last_insert_rowid(journal->db) != rows[n - 1].seq) {
        LOG_ERROR("log changed behind its writer", LOG_U("seq", rows[n - 1].seq));
        return STATUS_CORRUPT;
    }
    return status;
}

enum status journal_flush(struct journal *journal) {
    struct pending *pending = &journal->pending;
    enum status status = pending->failure; /* some of them may be there: there is no second attempt */
    if (status != STATUS_OK) {
        return status;
    }
    if (pending->count == JOURNAL_GROUP) {
        status = insert_rows(journal, journal->append_group, pending->rows, JOURNAL_GROUP);
    } else {
        for (int i = 0; status == STATUS_OK && i < pending->count; i++) {
            status = insert_rows(journal, journal->append, &pending->rows[i], 1);
        }
    }
    pending->failure = status;
    pending->count = 0;
    pending->body_bytes = 0;
    return status;
}

static const uint8_t *keep(struct pending *pending, const uint8_t *body, size_t size) {
    uint8_t *to = pending->bodies + pending->body_bytes;
    if (size > 0) {
        memcpy(to, body, size);
        pending->body_bytes += size;
    }
    return to;
}

static enum status add(struct journal *journal, const struct journal_row *row) {
    struct pending *pending = &journal->pending;
    struct journal_row *kept = &pending->rows[pending->count++];
    *kept = *row;
    kept->private_body = keep(pending, row->private_body, row->private_size);
    kept->public_body = keep(pending, row->public_body, row->public_size);
    return pending->count == JOURNAL_GROUP ? journal_flush(journal) : STATUS_OK;
}

enum status journal_append(struct journal *journal, struct journal_row *row) {
    CHECK(journal->is_open_for_writing && row->prev < journal_next(journal));
    const size_t size = row->private_size + row->public_size;
    enum status status = STATUS_OK;
    row->seq = journal_next(journal);
    chain_next(journal->now.chain, row, row->chain);
    if (size > sizeof journal->pending.bodies - journal->pending.body_bytes) {
        status = journal_flush(journal);
    }
    if (status == STATUS_OK) {
        status =
            size > sizeof journal->pending.bodies ? insert_rows(journal, journal->append, row, 1) : add(journal, row);
    }
    if (status == STATUS_OK) {
        journal->now.seq = row->seq;
        memcpy(journal->now.chain, row->chain, sizeof row->chain);
    }
    return status;
}
