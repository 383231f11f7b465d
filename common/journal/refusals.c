#include <string.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/log.h"
#include "journal/internal.h"

#define NONCE_BYTES crypto_secretbox_NONCEBYTES
#define SEAL_BYTES (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

/* --- Keeping ---------------------------------------------------------------------------------------------------------
 */

/* nonce, then the box. The nonce is random: 24 bytes do not repeat. */
static void seal(const struct journal *journal, const uint8_t *body, size_t size, struct buffer *sealed) {
    uint8_t *out = buffer_reserve(sealed, size + SEAL_BYTES);
    randombytes_buf(out, NONCE_BYTES);
    crypto_secretbox_easy(out + NONCE_BYTES, body, size, out, journal->seal_key);
    sealed->size += size + SEAL_BYTES;
}

static enum status insert_refusal(struct journal *journal, const struct journal_refusal *refusal,
                                  const struct buffer *sealed) {
    sqlite3_stmt *insert = journal->refuse;
    sqlite3_bind_int64(insert, 1, refusal->at_ms);
    sql_bind_id(insert, 2, &refusal->command);
    sqlite3_bind_text(insert, 3, refusal->principal, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, refusal->organisation, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 5, refusal->code);
    sqlite3_bind_text(insert, 6, refusal->field, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 7, refusal->occurred_at_ms);
    sqlite3_bind_int64(insert, 8, (int64_t)refusal->expected_version);
    sql_bind_bytes(insert, 9, sealed->data, sealed->size);
    return sql_execute(insert, "keep a refusal");
}

enum status journal_refuse(struct journal *journal, struct journal_refusal *refusal) {
    CHECK(journal->is_open_for_writing);
    struct buffer sealed = {0};
    if (refusal->body_size > 0 && !journal->has_seal_key) {
        LOG_ERROR("refusals cannot be kept without a seal key");
        return STATUS_DENIED;
    }
    if (refusal->body_size > 0) {
        seal(journal, refusal->body, refusal->body_size, &sealed);
    }
    enum status status = insert_refusal(journal, refusal, &sealed);
    buffer_release(&sealed);
    if (status == STATUS_OK) {
        refusal->number = (uint64_t)sqlite3_last_insert_rowid(journal->db);
        journal->now.refusals = refusal->number;
        if (!id_is_zero(&refusal->command)) { /* one without a usable id was never claimed */
            status = journal_point(journal, &refusal->command, -(int64_t)refusal->number);
        }
    }
    return status;
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

static enum status open_seal(const struct journal *journal, sqlite3_stmt *rows, int column, struct buffer *clear) {
    const uint8_t *sealed = sqlite3_column_blob(rows, column);
    const size_t size = (size_t)sqlite3_column_bytes(rows, column);
    buffer_clear(clear);
    if (sealed == NULL) {
        return STATUS_OK; /* it had no body */
    }
    if (!journal->has_seal_key) {
        return STATUS_DENIED;
    }
    if (size < SEAL_BYTES || crypto_secretbox_open_easy(buffer_reserve(clear, size), sealed + NONCE_BYTES,
                                                        size - NONCE_BYTES, sealed, journal->seal_key) != 0) {
        LOG_ERROR("a refusal's seal does not open", LOG_I("number", sqlite3_column_int64(rows, 0)));
        return STATUS_CORRUPT;
    }
    clear->size = size - SEAL_BYTES;
    return STATUS_OK;
}

static const char *text_of(sqlite3_stmt *rows, int column) {
    const char *text = (const char *)sqlite3_column_text(rows, column);
    return text != NULL ? text : "";
}

static enum status take_refusal(const struct journal *journal, sqlite3_stmt *rows, bool with_body, struct buffer *clear,
                                struct journal_refusal *refusal) {
    *refusal = (struct journal_refusal){
        .number = (uint64_t)sqlite3_column_int64(rows, 0),
        .at_ms = sqlite3_column_int64(rows, 1),
        .principal = text_of(rows, 3),
        .organisation = text_of(rows, 4),
        .code = (uint32_t)sqlite3_column_int64(rows, 5),
        .field = (const char *)sqlite3_column_text(rows, 6),
        .occurred_at_ms = sqlite3_column_int64(rows, 7),
        .expected_version = (uint64_t)sqlite3_column_int64(rows, 8),
    };
    if (!sql_column_id(rows, 2, &refusal->command)) {
        return STATUS_CORRUPT;
    }
    if (!with_body) {
        return STATUS_OK;
    }
    const enum status status = open_seal(journal, rows, 9, clear);
    refusal->body = clear->data;
    refusal->body_size = clear->size;
    return status;
}

static enum status visit_rows(const struct journal *journal, sqlite3_stmt *rows, bool with_body,
                              bool (*visit)(const struct journal_refusal *refusal, void *user), void *user) {
    struct buffer clear = {0};
    struct journal_refusal refusal;
    enum status status = STATUS_OK;
    int code = SQLITE_ROW;
    bool goes_on = true;
    while (status == STATUS_OK && goes_on && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        status = take_refusal(journal, rows, with_body, &clear, &refusal);
        goes_on = status == STATUS_OK && visit(&refusal, user);
    }
    if (clear.data != NULL) {
        sodium_memzero(clear.data, clear.capacity);
    }
    buffer_release(&clear);
    return status == STATUS_OK ? sql_result(journal->db, code, "list refusals") : status;
}

enum status journal_refusals(struct journal *journal, uint64_t after, uint32_t limit, const char *organisation,
                             bool with_body, bool (*visit)(const struct journal_refusal *refusal, void *user),
                             void *user) {
    static const char of_all[] = "SELECT number, at, command, principal, organisation, code, field, occurred_at,"
                                 " expected_version, body FROM refusal WHERE number > ?1 ORDER BY number LIMIT ?2";
    static const char of_one[] = "SELECT number, at, command, principal, organisation, code, field, occurred_at,"
                                 " expected_version, body FROM refusal WHERE organisation = ?3 AND number > ?1"
                                 " ORDER BY number LIMIT ?2";
    sqlite3_stmt *rows = NULL;
    enum status status = sql_prepare(journal->db, organisation == NULL ? of_all : of_one, &rows);
    if (status == STATUS_OK) {
        sqlite3_bind_int64(rows, 1, after <= INT64_MAX ? (int64_t)after : INT64_MAX);
        sqlite3_bind_int64(rows, 2, limit);
        if (organisation != NULL) {
            sqlite3_bind_text(rows, 3, organisation, -1, SQLITE_STATIC);
        }
        status = visit_rows(journal, rows, with_body, visit, user);
    }
    sql_finalize(&rows);
    return status;
}
