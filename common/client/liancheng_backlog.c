#include "client/liancheng_backlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/secret.h"
#include "spool/spool.h"

#define ITEM_BYTES 64 /* of one in memory beside its record, about */

/* One that waits in memory until it is handed out. */
struct queued {
    struct queued *next;
    uint64_t number;
    struct id id;
    int64_t occurred_at_ms;
    size_t record_size;
    uint8_t record[];
};

struct backlog {
    struct spool *spool; /* NULL: in memory */
    uint8_t key[32];     /* of the hashes in the spool */
    uint64_t fed;        /* handed out up to this number */
    bool is_open;        /* a transaction of the caller's */
    struct buffer record;
    char reference[256];
    /* In memory: */
    struct queued *first, *last, *last_committed;
    uint64_t newest, newest_committed;
    uint64_t waiting;
    uint64_t bytes, bytes_max;
};

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

static enum status load_seal_key(const struct backlog_options *options, uint8_t key[SECRET_BYTES]) {
    enum status status = secret_load(options->seal_key_path, key);
    if (status == STATUS_NOT_FOUND && access(options->spool_path, F_OK) != 0) {
        status = secret_make(options->seal_key_path);
        status = status == STATUS_OK || status == STATUS_EXISTS ? secret_load(options->seal_key_path, key) : status;
    }
    return status;
}

static const char *spool_problem(enum status status) {
    switch (status) {
    case STATUS_CONFIG:
        return "the spool belongs to another program or organisation, or was sealed with another key";
    case STATUS_EXISTS:
        return "another process has the spool open";
    case STATUS_CORRUPT:
        return "the spool file is no spool, or is damaged";
    case STATUS_DENIED:
        return "the spool may not be written";
    case STATUS_OK:
    case STATUS_IO:
    case STATUS_MEMORY:
    case STATUS_MALFORMED:
    case STATUS_NOT_FOUND:
    case STATUS_AGAIN:
    case STATUS_UNAVAILABLE:
    case STATUS_USAGE:
        break;
    }
    return "the spool cannot be opened";
}

static enum status open_spool(struct backlog *backlog, const struct backlog_options *options, const char **problem) {
    static const char context[] = "liancheng client keys";
    uint8_t seal_key[SECRET_BYTES];
    char owner[128];
    enum status status = load_seal_key(options, seal_key);
    if (status != STATUS_OK) {
        *problem = "the seal key cannot be read: 64 hexadecimal digits, mode 0400";
        return STATUS_CONFIG;
    }
    crypto_generichash(backlog->key, sizeof backlog->key, (const uint8_t *)context, sizeof context, seal_key,
                       sizeof seal_key);
    snprintf(owner, sizeof owner, "liancheng client%s%s", options->organisation == NULL ? "" : " ",
             options->organisation == NULL ? "" : options->organisation);
    const struct spool_options spool = {.path = options->spool_path,
                                        .seal_key = seal_key,
                                        .owner = owner,
                                        .retention_ms = options->retention_ms,
                                        .bytes_max = options->bytes_max};
    status = spool_open(&spool, &backlog->spool);
    sodium_memzero(seal_key, sizeof seal_key);
    *problem = spool_problem(status);
    return status;
}

enum status backlog_open(const struct backlog_options *options, struct backlog **backlog, const char **problem) {
    struct backlog *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    *backlog = made;
    made->bytes_max = options->bytes_max;
    const enum status status = options->spool_path == NULL ? STATUS_OK : open_spool(made, options, problem);
    if (status != STATUS_OK) {
        backlog_close(backlog);
    }
    return status;
}

static void free_queued(struct queued *queued) {
    sodium_memzero(queued->record, queued->record_size);
    free(queued);
}

void backlog_close(struct backlog **backlog) {
    struct backlog *old = *backlog;
    if (old == NULL) {
        return;
    }
    spool_close(&old->spool);
    while (old->first != NULL) {
        struct queued *next = old->first->next;
        free_queued(old->first);
        old->first = next;
    }
    if (old->record.data != NULL) {
        sodium_memzero(old->record.data, old->record.capacity);
    }
    buffer_release(&old->record);
    sodium_memzero(old, sizeof *old);
    free(old);
    *backlog = NULL;
}

bool backlog_is_kept(const struct backlog *backlog) {
    return backlog->spool != NULL;
}

/* --- Records ---------------------------------------------------------------------------------------------------------
 *
 * What is sealed: version 1, size of the reference, the reference, expected version (8 bytes, little endian), the body.
 */

#define RECORD_VERSION 1

static void write_record(struct buffer *record, const struct backlog_item *item) {
    const uint8_t size = (uint8_t)strlen(item->reference);
    const uint8_t head[2] = {RECORD_VERSION, size};
    uint8_t version[8];
    for (int i = 0; i < 8; i++) {
        version[i] = (uint8_t)(item->expected_version >> (8 * i));
    }
    buffer_clear(record);
    buffer_append(record, head, sizeof head);
    buffer_append(record, item->reference, size);
    buffer_append(record, version, sizeof version);
    buffer_append(record, item->body, item->body_size);
}

static bool read_record(struct backlog *backlog, const uint8_t *record, size_t size, struct backlog_item *item) {
    if (record == NULL || size < 10 || record[0] != RECORD_VERSION || size < (size_t)10 + record[1]) {
        return false;
    }
    memcpy(backlog->reference, record + 2, record[1]);
    backlog->reference[record[1]] = '\0';
    item->reference = backlog->reference;
    const uint8_t *version = record + 2 + record[1];
    for (int i = 0; i < 8; i++) {
        item->expected_version |= (uint64_t)version[i] << (8 * i);
    }
    item->body = version + 8;
    item->body_size = size - 10 - record[1];
    return true;
}

/* --- Adding ----------------------------------------------------------------------------------------------------------
 */

enum status backlog_begin(struct backlog *backlog) {
    enum status status = STATUS_OK;
    if (backlog->spool != NULL) {
        status = spool_begin(backlog->spool);
        if (status != STATUS_OK) {
            spool_rollback(backlog->spool);
        }
    }
    backlog->is_open = status == STATUS_OK;
    return status;
}

enum status backlog_commit(struct backlog *backlog) {
    const enum status status = backlog->spool != NULL ? spool_commit(backlog->spool) : STATUS_OK;
    if (status == STATUS_OK) {
        backlog->is_open = false;
        backlog->last_committed = backlog->last;
        backlog->newest_committed = backlog->newest;
    }
    return status;
}

static void drop_uncommitted(struct backlog *backlog) {
    struct queued *from = backlog->last_committed != NULL ? backlog->last_committed->next : backlog->first;
    while (from != NULL) {
        struct queued *next = from->next;
        backlog->bytes -= from->record_size + ITEM_BYTES;
        backlog->waiting--;
        free_queued(from);
        from = next;
    }
    backlog->last = backlog->last_committed;
    if (backlog->last != NULL) {
        backlog->last->next = NULL;
    } else {
        backlog->first = NULL;
    }
    backlog->newest = backlog->newest_committed;
}

void backlog_rollback(struct backlog *backlog) {
    if (backlog->spool != NULL) {
        spool_rollback(backlog->spool);
    } else {
        drop_uncommitted(backlog);
    }
    backlog->is_open = false;
}

/* First byte: what is hashed, so that a reference is never taken for an id. */
static void hash(const struct backlog *backlog, uint8_t what, const void *data, size_t size, const void *more,
                 size_t more_size, uint8_t out[16]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, backlog->key, sizeof backlog->key, 16);
    crypto_generichash_update(&state, &what, 1);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_update(&state, more, more_size);
    crypto_generichash_final(&state, out, 16);
}

static void hash_key(const struct backlog *backlog, const char *reference, const struct id *id, uint8_t key[16]) {
    if (reference[0] != '\0') {
        hash(backlog, 'r', reference, strlen(reference), NULL, 0, key);
    } else {
        hash(backlog, 'i', id->bytes, ID_BYTES, NULL, 0, key);
    }
}

static enum status add_to_spool(struct backlog *backlog, struct backlog_item *item) {
    struct spool_entry found;
    bool is_same = false;
    write_record(&backlog->record, item);
    struct spool_entry entry = {.command = item->id,
                                .occurred_at_ms = item->occurred_at_ms,
                                .taken_at_ms = item->submitted_at_ms,
                                .body = backlog->record.data,
                                .body_size = backlog->record.size};
    hash_key(backlog, item->reference, &item->id, entry.key);
    hash(backlog, 'b', &item->occurred_at_ms, sizeof item->occurred_at_ms, entry.body, entry.body_size, entry.hash);
    if (item->reference[0] != '\0') {
        const enum status status = spool_find(backlog->spool, entry.key, entry.hash, &found, &is_same);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    if (is_same) {
        item->number = found.number;
        return STATUS_EXISTS;
    }
    const enum status status = spool_add(backlog->spool, &entry);
    item->number = entry.number;
    return status;
}

static enum status add_to_memory(struct backlog *backlog, struct backlog_item *item) {
    write_record(&backlog->record, item);
    const size_t size = backlog->record.size;
    if (backlog->bytes + size + ITEM_BYTES > backlog->bytes_max) {
        return STATUS_MEMORY;
    }
    struct queued *queued = malloc(sizeof *queued + size);
    CHECK(queued != NULL);
    item->number = ++backlog->newest;
    *queued = (struct queued){
        .number = item->number, .id = item->id, .occurred_at_ms = item->occurred_at_ms, .record_size = size};
    memcpy(queued->record, backlog->record.data, size);
    if (backlog->last != NULL) {
        backlog->last->next = queued;
    } else {
        backlog->first = queued;
    }
    backlog->last = queued;
    backlog->bytes += size + ITEM_BYTES;
    backlog->waiting++;
    return STATUS_OK;
}

static enum status add(struct backlog *backlog, struct backlog_item *item) {
    return backlog->spool != NULL ? add_to_spool(backlog, item) : add_to_memory(backlog, item);
}

enum status backlog_add(struct backlog *backlog, struct backlog_item *item) {
    if (backlog->is_open) {
        return add(backlog, item);
    }
    enum status status = backlog_begin(backlog);
    if (status != STATUS_OK) {
        return status;
    }
    status = add(backlog, item);
    if (status == STATUS_OK) {
        status = backlog_commit(backlog);
    }
    if (status != STATUS_OK) {
        backlog_rollback(backlog);
    }
    return status;
}

/* --- Handing out -----------------------------------------------------------------------------------------------------
 */

#define FEED_LIMIT 65536

struct feeding {
    struct backlog *backlog;
    bool (*take)(void *user, const struct backlog_item *item);
    void *user;
    enum status status;
};

static struct backlog_item item_of(const struct spool_entry *entry) {
    return (struct backlog_item){.number = entry->number,
                                 .id = entry->command,
                                 .occurred_at_ms = entry->occurred_at_ms,
                                 .submitted_at_ms = entry->taken_at_ms,
                                 .reference = "",
                                 .verdict = entry->verdict,
                                 .code = entry->code};
}

static bool feed_entry(const struct spool_entry *entry, void *user) {
    struct feeding *feeding = user;
    struct backlog_item item = item_of(entry);
    if (!read_record(feeding->backlog, entry->body, entry->body_size, &item)) {
        feeding->status = STATUS_CORRUPT;
        return false;
    }
    if (!feeding->take(feeding->user, &item)) {
        return false;
    }
    feeding->backlog->fed = item.number;
    return true;
}

static void feed_from_memory(struct backlog *backlog, struct feeding *feeding) {
    while (backlog->first != NULL) {
        struct queued *queued = backlog->first;
        struct backlog_item item = {
            .number = queued->number, .id = queued->id, .occurred_at_ms = queued->occurred_at_ms};
        CHECK(read_record(backlog, queued->record, queued->record_size, &item));
        if (!feeding->take(feeding->user, &item)) {
            return;
        }
        backlog->first = queued->next;
        backlog->last = backlog->first == NULL ? NULL : backlog->last;
        backlog->last_committed = backlog->last;
        backlog->bytes -= queued->record_size + ITEM_BYTES;
        free_queued(queued);
    }
}

enum status backlog_feed(struct backlog *backlog, bool (*take)(void *user, const struct backlog_item *item),
                         void *user) {
    struct feeding feeding = {.backlog = backlog, .take = take, .user = user};
    CHECK(!backlog->is_open);
    if (backlog->spool == NULL) {
        feed_from_memory(backlog, &feeding);
        return STATUS_OK;
    }
    const enum status status = spool_pending(backlog->spool, backlog->fed, FEED_LIMIT, feed_entry, &feeding);
    return status != STATUS_OK ? status : feeding.status;
}

/* --- Verdicts --------------------------------------------------------------------------------------------------------
 */

enum status backlog_settle(struct backlog *backlog, const struct backlog_verdict_of *verdicts, size_t count,
                           int64_t now_ms) {
    if (backlog->spool == NULL) {
        backlog->waiting -= count;
        return STATUS_OK;
    }
    enum status status = spool_begin(backlog->spool);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = spool_settle(backlog->spool, verdicts[i].number, verdicts[i].verdict, verdicts[i].code, now_ms);
    }
    if (status == STATUS_OK) {
        status = spool_commit(backlog->spool);
    }
    if (status != STATUS_OK) {
        spool_rollback(backlog->spool);
    }
    return status;
}

uint64_t backlog_waiting(const struct backlog *backlog) {
    return backlog->spool != NULL ? spool_counters(backlog->spool).pending : backlog->waiting;
}

void backlog_tidy(struct backlog *backlog, int64_t now_ms) {
    if (backlog->spool != NULL) {
        (void)spool_expire(backlog->spool, now_ms);
    }
}

/* --- Looking back ----------------------------------------------------------------------------------------------------
 */

enum status backlog_find(struct backlog *backlog, const char *reference, struct backlog_item *item) {
    static const uint8_t any[16];
    uint8_t key[16];
    struct spool_entry entry;
    bool is_same;
    hash_key(backlog, reference, NULL, key);
    const enum status status = spool_find(backlog->spool, key, any, &entry, &is_same);
    if (status == STATUS_OK) {
        *item = item_of(&entry);
    }
    return status;
}

struct looking {
    struct backlog *backlog;
    bool (*visit)(void *user, const struct backlog_item *item);
    void *user;
    enum status status;
};

static bool see_refused(const struct spool_entry *entry, void *user) {
    struct looking *looking = user;
    struct backlog_item item = item_of(entry);
    if (!read_record(looking->backlog, entry->body, entry->body_size, &item)) {
        looking->status = STATUS_CORRUPT;
        return false;
    }
    return looking->visit(looking->user, &item);
}

enum status backlog_refused(struct backlog *backlog, uint64_t after, uint32_t limit,
                            bool (*visit)(void *user, const struct backlog_item *item), void *user) {
    struct looking looking = {.backlog = backlog, .visit = visit, .user = user};
    const enum status status = spool_refused(backlog->spool, after, limit, see_refused, &looking);
    return status != STATUS_OK ? status : looking.status;
}
