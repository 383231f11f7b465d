#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "journal/internal.h"

#define ROWS_BEFORE_MAX (JOURNAL_GROUP * JOURNAL_COMMAND_ROWS_MAX) /* of others of its group, and its own */

/* --- Claiming --------------------------------------------------------------------------------------------------------
 *
 * A whole group is claimed by one statement, which says only how many ids were new. Mostly all are. Otherwise the known
 * ones are those whose number is not the one that they were to get, as long as no earlier claim gave out that number.
 * After one that did, and for less than a group, a statement for each id says it directly.
 */

static enum status claim_one(struct journal *journal, const struct id *id, bool *known) {
    sql_bind_bytes(journal->claim, 1, id->bytes, ID_BYTES);
    sqlite3_bind_int64(journal->claim, 2, (int64_t)journal_next(journal));
    const enum status status = sql_execute(journal->claim, "claim a command");
    *known = sqlite3_changes(journal->db) == 0;
    return status;
}

/* NOT_FOUND, not logged: never claimed. */
static enum status read_first(struct journal *journal, const struct id *id, int64_t *first) {
    sql_bind_bytes(journal->claimed, 1, id->bytes, ID_BYTES);
    const int code = sqlite3_step(journal->claimed);
    *first = code == SQLITE_ROW ? sqlite3_column_int64(journal->claimed, 0) : 0;
    const enum status status = sql_result(journal->db, code, "look up a command");
    (void)sqlite3_reset(journal->claimed);
    return status == STATUS_OK && code != SQLITE_ROW ? STATUS_NOT_FOUND : status;
}

static bool is_repeated(const struct id *const *ids, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (id_equal(ids[i], ids[at])) {
            return true;
        }
    }
    return false;
}

static enum status find_known(struct journal *journal, const struct id *const *ids, bool known[]) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < JOURNAL_GROUP; i++) {
        int64_t first;
        status = read_first(journal, ids[i], &first);
        known[i] = first != (int64_t)journal_next(journal) || is_repeated(ids, i);
    }
    return status;
}

static enum status claim_all(struct journal *journal, const struct id *const *ids, bool known[]) {
    for (int i = 0; i < JOURNAL_GROUP; i++) {
        sql_bind_bytes(journal->claim_group, 2 * i + 1, ids[i]->bytes, ID_BYTES);
        sqlite3_bind_int64(journal->claim_group, 2 * i + 2, (int64_t)journal_next(journal));
        known[i] = false;
    }
    const enum status status = sql_execute(journal->claim_group, "claim commands");
    return status != STATUS_OK || sqlite3_changes(journal->db) == JOURNAL_GROUP ? status
                                                                                : find_known(journal, ids, known);
}

enum status journal_claim_group(struct journal *journal, const struct id *const *ids, size_t n, bool known[]) {
    CHECK(journal->is_open_for_writing && n <= JOURNAL_GROUP);
    const bool is_first_of_number = journal->claimed_number != journal_next(journal);
    enum status status = STATUS_OK;
    journal->claimed_number = journal_next(journal);
    if (n == JOURNAL_GROUP && is_first_of_number) {
        return claim_all(journal, ids, known);
    }
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        status = claim_one(journal, ids[i], &known[i]);
    }
    return status;
}

/* --- What became of it -----------------------------------------------------------------------------------------------
 */

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

enum status journal_claim_later(struct journal *journal, const struct id *command) {
    CHECK(journal->is_open_for_writing);
    journal->claimed_number = journal_next(journal);
    return journal_point(journal, command, (int64_t)journal_next(journal));
}

/* The rows that carry the command's id: they stand together, soon behind where it was claimed. */
static enum status find_rows(struct journal *journal, const struct id *command, int64_t from,
                             struct journal_outcome *outcome) {
    sqlite3_stmt *rows = journal->rows_of;
    struct id of;
    int code;
    int before = 0;
    sqlite3_bind_int64(rows, 1, from);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        const bool is_own = sql_column_id(rows, 1, &of) && id_equal(&of, command);
        if (is_own && outcome->events++ == 0) {
            outcome->first_seq = (uint64_t)sqlite3_column_int64(rows, 0);
        } else if (!is_own && (outcome->events > 0 || ++before > ROWS_BEFORE_MAX)) {
            break;
        }
    }
    const enum status status = sql_result(journal->db, code, "look for a command's rows");
    (void)sqlite3_reset(rows);
    if (status == STATUS_OK && outcome->events == 0) {
        LOG_ERROR("a command's rows are not where it was claimed", LOG_I("from", from));
        return STATUS_CORRUPT;
    }
    return status;
}

enum status journal_outcome(struct journal *journal, const struct id *command, struct journal_outcome *outcome) {
    int64_t first;
    CHECK(journal->is_open_for_writing);
    *outcome = (struct journal_outcome){0};
    enum status status = journal_flush(journal);
    if (status == STATUS_OK) {
        status = read_first(journal, command, &first);
    }
    if (status == STATUS_OK && first < 0) {
        outcome->refusal = (uint64_t)-first;
    } else if (status == STATUS_OK && first > 0) {
        status = find_rows(journal, command, first, outcome);
    }
    return status;
}
