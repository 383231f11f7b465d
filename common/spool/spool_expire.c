#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "spool/spool_internal.h"

#define ENTRIES_A_TURN 512     /* looked at */
#define BODIES_WORTH_WHILE 512 /* numbers */
#define BODIES_A_TURN 1024
#define BODIES_BEHIND 65536 /* one that waits long does not keep the bodies of so many behind it */

/* --- Bodies of what was accepted -------------------------------------------------------------------------------------
 *
 * They go in stretches, whole pages at a time, behind those that still wait. One that gets its verdict later loses its
 * body at once (spool_settle).
 */

static uint64_t bodies_to_drop_to(const struct spool *spool) {
    const uint64_t oldest = spool_waiting_next(&spool->waiting, 0);
    uint64_t to = oldest == 0 ? spool->newest : oldest - 1;
    if (spool->newest > to + BODIES_BEHIND) {
        to = spool->newest - BODIES_BEHIND;
    }
    if (to < spool->bodies_dropped_to + BODIES_WORTH_WHILE) {
        return spool->bodies_dropped_to;
    }
    return to < spool->bodies_dropped_to + BODIES_A_TURN ? to : spool->bodies_dropped_to + BODIES_A_TURN;
}

static enum status drop_bodies(struct spool *spool, uint64_t to) {
    sqlite3_stmt *statement = spool->statements[SPOOL_DROP_ACCEPTED];
    sqlite3_bind_int64(statement, 1, (int64_t)spool->bodies_dropped_to);
    sqlite3_bind_int64(statement, 2, (int64_t)to);
    enum status status = spool_begin(spool);
    if (status == STATUS_OK) {
        status = spool_store_execute(spool, SPOOL_DROP_ACCEPTED);
    }
    if (status == STATUS_OK) {
        status = spool_commit(spool);
    }
    if (status == STATUS_OK) {
        spool->bodies_dropped_to = to;
    } else {
        spool_rollback(spool);
    }
    return status;
}

/* --- Entries ---------------------------------------------------------------------------------------------------------
 */

struct old_entry {
    uint64_t number;
    uint8_t key[16];
    uint8_t hash[16];
};

struct sweep {
    struct old_entry entries[ENTRIES_A_TURN];
    size_t count;
    uint64_t to; /* number of the last one looked at */
    bool is_end; /* nothing behind is old enough */
};

/* The newest stays whatever its age: its number must not be given again. */
static void look_at(const struct spool *spool, sqlite3_stmt *row, int64_t before_ms, struct sweep *sweep) {
    struct old_entry *old = &sweep->entries[sweep->count];
    const void *key = sqlite3_column_blob(row, 2);
    const void *hash = sqlite3_column_blob(row, 3);
    old->number = (uint64_t)sqlite3_column_int64(row, 0);
    sweep->to = old->number;
    sweep->is_end = sqlite3_column_int64(row, 6) >= before_ms || old->number == spool->newest;
    const bool is_settled = sqlite3_column_type(row, 7) != SQLITE_NULL && sqlite3_column_int64(row, 9) < before_ms;
    if (!sweep->is_end && is_settled && key != NULL && hash != NULL && sqlite3_column_bytes(row, 2) == 16 &&
        sqlite3_column_bytes(row, 3) == 16) {
        memcpy(old->key, key, 16);
        memcpy(old->hash, hash, 16);
        sweep->count++;
    }
}

static enum status look(struct spool *spool, int64_t before_ms, struct sweep *sweep) {
    sqlite3_stmt *rows = spool->statements[SPOOL_OLD_ENTRIES];
    int code = SQLITE_ROW;
    sqlite3_bind_int64(rows, 1, (int64_t)spool->swept_to);
    for (int i = 0; i < ENTRIES_A_TURN && !sweep->is_end && (code = sqlite3_step(rows)) == SQLITE_ROW; i++) {
        look_at(spool, rows, before_ms, sweep);
    }
    const enum status status = spool_store_result(spool->db, code, "look for old entries");
    sweep->is_end = sweep->is_end || code == SQLITE_DONE;
    (void)sqlite3_reset(rows);
    return status;
}

static enum status drop_entry(struct spool *spool, const struct old_entry *old) {
    static const enum spool_statement statements[] = {SPOOL_DROP_ENTRY, SPOOL_DROP_SETTLED, SPOOL_DROP_REFUSED,
                                                      SPOOL_DROP_BODY};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof statements / sizeof statements[0]; i++) {
        sqlite3_bind_int64(spool->statements[statements[i]], 1, (int64_t)old->number);
        status = spool_store_execute(spool, statements[i]);
    }
    spool_forget_key(spool, old->number, old->key, old->hash);
    spool->entries--;
    return status;
}

static enum status drop_entries(struct spool *spool, const struct sweep *sweep) {
    enum status status = spool_begin(spool);
    for (size_t i = 0; status == STATUS_OK && i < sweep->count; i++) {
        status = drop_entry(spool, &sweep->entries[i]);
    }
    if (status == STATUS_OK) {
        status = spool_commit(spool);
    }
    if (status != STATUS_OK) {
        spool_rollback(spool);
    }
    return status;
}

bool spool_expire(struct spool *spool, int64_t now_ms) {
    struct sweep sweep = {0};
    CHECK(!spool->is_writing);
    const uint64_t bodies_to = bodies_to_drop_to(spool);
    enum status status = bodies_to > spool->bodies_dropped_to ? drop_bodies(spool, bodies_to) : STATUS_OK;
    if (status == STATUS_OK) {
        status = look(spool, now_ms - spool->retention_ms, &sweep);
    }
    if (status == STATUS_OK && sweep.count > 0) {
        status = drop_entries(spool, &sweep);
    }
    if (status != STATUS_OK) {
        return false; /* logged; the next call tries again */
    }
    spool->swept_to = sweep.is_end ? 0 : sweep.to;
    return !sweep.is_end || bodies_to_drop_to(spool) > spool->bodies_dropped_to;
}
