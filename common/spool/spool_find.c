#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "spool/spool_internal.h"

#define KEY_BYTES 16

/* --- Rows ------------------------------------------------------------------------------------------------------------
 */

static bool take_bytes(sqlite3_stmt *row, int column, uint8_t bytes[KEY_BYTES]) {
    const void *data = sqlite3_column_blob(row, column);
    if (data == NULL || sqlite3_column_bytes(row, column) != KEY_BYTES) {
        return false;
    }
    memcpy(bytes, data, KEY_BYTES);
    return true;
}

static bool take_entry(sqlite3_stmt *row, struct spool_entry *entry) {
    *entry = (struct spool_entry){
        .number = (uint64_t)sqlite3_column_int64(row, 0),
        .feed = (uint16_t)sqlite3_column_int64(row, 1),
        .occurred_at_ms = sqlite3_column_int64(row, 5),
        .taken_at_ms = sqlite3_column_int64(row, 6),
        .verdict = (uint32_t)sqlite3_column_int64(row, 7),
        .code = (uint32_t)sqlite3_column_int64(row, 8),
        .settled_at_ms = sqlite3_column_int64(row, 9),
    };
    return take_bytes(row, 2, entry->key) && take_bytes(row, 3, entry->hash) &&
           take_bytes(row, 4, entry->command.bytes);
}

/* NOT_FOUND, not logged. Without the body. */
static enum status read_entry(struct spool *spool, uint64_t number, struct spool_entry *entry) {
    sqlite3_stmt *statement = spool->statements[SPOOL_ENTRY];
    sqlite3_bind_int64(statement, 1, (int64_t)number);
    const int code = sqlite3_step(statement);
    enum status status = spool_store_result(spool->db, code, "read an entry");
    if (status == STATUS_OK && code != SQLITE_ROW) {
        status = STATUS_NOT_FOUND;
    } else if (status == STATUS_OK && !take_entry(statement, entry)) {
        LOG_ERROR("an entry of the spool is broken", LOG_U("number", number));
        status = STATUS_CORRUPT;
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* --- Keys ------------------------------------------------------------------------------------------------------------
 *
 * Each key that is there has a slot for its newest entry. A sender that calls everything the same must not make a chain
 * of all its entries: the older ones have slots under (key, hash), a token that only their repetition has.
 */

/* Keys may be anything, times in front too. */
static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}
static uint64_t token_of(const uint8_t key[KEY_BYTES]) {
    return hash_mix64(word_at(key) + hash_mix64(word_at(key + 8)));
}
static uint64_t token_of_both(const uint8_t key[KEY_BYTES], const uint8_t hash[KEY_BYTES]) {
    return hash_mix64(token_of(key) ^ token_of(hash) ^ 1);
}

static bool is_same(const uint8_t a[KEY_BYTES], const uint8_t b[KEY_BYTES]) {
    return memcmp(a, b, KEY_BYTES) == 0;
}

/* The newest among a token's hints that has this key and, unless it is NULL, this hash. */
static enum status look_up(struct spool *spool, uint64_t token, const uint8_t key[KEY_BYTES],
                           const uint8_t hash[KEY_BYTES], struct spool_entry *entry) {
    uint32_t place = 0;
    uint64_t number;
    *entry = (struct spool_entry){0};
    while (spool_keys_next(&spool->keys, token, spool->newest, &place, &number)) {
        struct spool_entry found;
        const enum status status = read_entry(spool, number, &found);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        if (status == STATUS_OK && found.number > entry->number && is_same(found.key, key) &&
            (hash == NULL || is_same(found.hash, hash))) {
            *entry = found;
        }
    }
    return entry->number > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status spool_find(struct spool *spool, const uint8_t key[16], const uint8_t hash[16], struct spool_entry *entry,
                       bool *same) {
    struct spool_entry older;
    enum status status = look_up(spool, token_of(key), key, NULL, entry);
    *same = status == STATUS_OK && is_same(entry->hash, hash);
    if ((status != STATUS_OK && status != STATUS_NOT_FOUND) || *same) {
        return status;
    }
    const enum status also = look_up(spool, token_of_both(key, hash), key, hash, &older);
    if (also == STATUS_OK) {
        *entry = older;
        *same = true;
    }
    return also == STATUS_NOT_FOUND ? status : also;
}

/* One that gets a successor with its key goes under (key, hash), in the place of an older one that says the same. */
static enum status step_back(struct spool *spool, const struct spool_entry *entry) {
    struct spool_entry older;
    const uint64_t token = token_of_both(entry->key, entry->hash);
    const enum status status = look_up(spool, token, entry->key, entry->hash, &older);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (status == STATUS_OK) {
        spool_keys_remove(&spool->keys, token, older.number);
    }
    spool_keys_remove(&spool->keys, token_of(entry->key), entry->number);
    spool_keys_put(&spool->keys, token, entry->number);
    return STATUS_OK;
}

enum status spool_note_key(struct spool *spool, uint64_t number, const uint8_t key[16], const uint8_t hash[16]) {
    struct spool_entry before;
    enum status status = look_up(spool, token_of(key), key, NULL, &before);
    if (status == STATUS_OK && is_same(before.hash, hash)) {
        spool_keys_remove(&spool->keys, token_of(key), before.number);
    } else if (status == STATUS_OK) {
        status = step_back(spool, &before);
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        spool_keys_put(&spool->keys, token_of(key), number);
        return STATUS_OK;
    }
    return status;
}

void spool_forget_key(struct spool *spool, uint64_t number, const uint8_t key[16], const uint8_t hash[16]) {
    spool_keys_remove(&spool->keys, token_of(key), number);
    spool_keys_remove(&spool->keys, token_of_both(key, hash), number);
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

/* Into spool->clear. NOT_FOUND, not logged: it has none. */
static enum status read_body(struct spool *spool, uint64_t number) {
    sqlite3_stmt *statement = spool->statements[SPOOL_BODY];
    sqlite3_bind_int64(statement, 1, (int64_t)number);
    const int code = sqlite3_step(statement);
    enum status status = spool_store_result(spool->db, code, "read a body");
    if (status == STATUS_OK && code != SQLITE_ROW) {
        status = STATUS_NOT_FOUND;
    } else if (status == STATUS_OK) {
        status = spool_unseal(spool, sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
        if (status != STATUS_OK) {
            LOG_ERROR("a seal in the spool does not open", LOG_U("number", number));
        }
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* The whole entry; its body is valid until the next call. */
static enum status read_whole(struct spool *spool, uint64_t number, struct spool_entry *entry) {
    enum status status = read_entry(spool, number, entry);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_body(spool, number);
    if (status == STATUS_OK) {
        entry->body = spool->clear.data;
        entry->body_size = spool->clear.size;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status spool_pending(struct spool *spool, uint64_t after, uint32_t limit,
                          bool (*visit)(const struct spool_entry *entry, void *user), void *user) {
    for (uint32_t i = 0; i < limit; i++) {
        struct spool_entry entry;
        after = spool_waiting_next(&spool->waiting, after);
        if (after == 0) {
            break;
        }
        const enum status status = read_whole(spool, after, &entry);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
        }
        if (!visit(&entry, user)) {
            break;
        }
    }
    return STATUS_OK;
}

/* 0: none. */
static enum status next_refused(struct spool *spool, uint64_t *after) {
    sqlite3_stmt *statement = spool->statements[SPOOL_REFUSED];
    sqlite3_bind_int64(statement, 1, (int64_t)*after);
    const int code = sqlite3_step(statement);
    const enum status status = spool_store_result(spool->db, code, "look for what was refused");
    *after = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return status;
}

enum status spool_refused(struct spool *spool, uint64_t after, uint32_t limit,
                          bool (*visit)(const struct spool_entry *entry, void *user), void *user) {
    for (uint32_t i = 0; i < limit; i++) {
        struct spool_entry entry;
        enum status status = next_refused(spool, &after);
        if (status != STATUS_OK || after == 0) {
            return status;
        }
        status = read_whole(spool, after, &entry);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
        }
        if (!visit(&entry, user)) {
            break;
        }
    }
    return STATUS_OK;
}
