#include "state/snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "state/mapping.h"

#define FORMAT 1
#define CHECK_BYTES crypto_onetimeauth_BYTES
#define CHUNK_BYTES ((size_t)1024 * 1024)      /* checked while it is in the cache */
#define SYNC_BYTES ((uint64_t)8 * 1024 * 1024) /* written back as it grows, so that no fsync holds up the log's */

static const char magic[8] = "LCSNAP\r\n";
/* Poly1305 with a key that is no secret: a checksum of 128 bits against damage, seven times as fast as BLAKE2b. */
static const uint8_t check_key[crypto_onetimeauth_KEYBYTES] = "Liancheng snapshot, format one.";

struct file_head {
    char magic[8];
    uint32_t format;
    uint32_t layout;
    uint8_t epoch[ID_BYTES];
    uint64_t seq;
    uint8_t chain[32];
    uint32_t tables;
    uint32_t indexes;
};

struct file_table {
    char name[SNAPSHOT_NAME_BYTES];
    uint32_t row_bytes;
    uint32_t rows;
};

struct file_index {
    char name[SNAPSHOT_NAME_BYTES];
    uint32_t table;
    uint32_t rows;
    uint32_t buckets;
    uint32_t zero;
};

struct file_plan {
    struct file_head head;
    struct file_table tables[STATE_TABLES_MAX];
    struct file_index indexes[STATE_TABLES_MAX];
};

_Static_assert(sizeof(struct file_head) == 80 && sizeof(struct file_table) == 40 && sizeof(struct file_index) == 48,
               "the format has no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows and snapshots are little endian");

struct stream {
    int file;
    crypto_onetimeauth_state check;
    uint64_t bytes;
    uint64_t synced_bytes;
};

static void stream_init(struct stream *stream, int file) {
    CHECK(sodium_init() >= 0);
    stream->file = file;
    stream->bytes = 0;
    stream->synced_bytes = 0;
    crypto_onetimeauth_init(&stream->check, check_key);
}

/* --- Writing ---------------------------------------------------------------------------------------------------------
 */

static enum status write_whole(int file, const uint8_t *data, size_t size) {
    while (size > 0) {
        const ssize_t written = write(file, data, size);
        if (written < 0 && errno != EINTR) {
            return STATUS_IO;
        }
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return STATUS_OK;
}

static void write_back(struct stream *stream) {
    if (stream->bytes - stream->synced_bytes >= SYNC_BYTES) {
        /* Only a matter of pace: what it may report, the fsync at the end reports again. */
        (void)sync_file_range(stream->file, (off_t)stream->synced_bytes, (off_t)(stream->bytes - stream->synced_bytes),
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
        stream->synced_bytes = stream->bytes;
    }
}

static enum status stream_write(struct stream *stream, const void *data, size_t size) {
    const uint8_t *at = data;
    enum status status = STATUS_OK;
    for (size_t left = size; status == STATUS_OK && left > 0;) {
        const size_t chunk = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        crypto_onetimeauth_update(&stream->check, at, chunk);
        status = write_whole(stream->file, at, chunk);
        stream->bytes += chunk;
        write_back(stream);
        at += chunk;
        left -= chunk;
    }
    return status;
}

static void name_put(char out[SNAPSHOT_NAME_BYTES], const char *name) {
    const size_t size = strlen(name);
    CHECK(size < SNAPSHOT_NAME_BYTES);
    memset(out, 0, SNAPSHOT_NAME_BYTES);
    memcpy(out, name, size);
}

static uint32_t table_number(const struct state *state, const struct table *table) {
    uint32_t number = 0;
    while (state->tables[number] != table) {
        number++;
        CHECK(number < state->table_count);
    }
    return number;
}

/* What a file of this state looks like. */
static void plan_state(const struct state *state, struct file_plan *plan) {
    memcpy(plan->head.magic, magic, sizeof magic);
    plan->head.format = FORMAT;
    plan->head.tables = (uint32_t)state->table_count;
    plan->head.indexes = (uint32_t)state->index_count;
    for (size_t i = 0; i < state->table_count; i++) {
        const struct table *table = state->tables[i];
        plan->tables[i] = (struct file_table){.row_bytes = table->row_bytes, .rows = table->count};
        name_put(plan->tables[i].name, table->name);
    }
    for (size_t i = 0; i < state->index_count; i++) {
        const struct index *index = state->indexes[i];
        plan->indexes[i] = (struct file_index){
            .table = table_number(state, index->table), .rows = index->count, .buckets = index->bucket_count};
        name_put(plan->indexes[i].name, index->name);
    }
}

static enum status write_arrays(struct stream *stream, const struct state *state) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < state->table_count; i++) {
        const struct table *table = state->tables[i];
        status = stream_write(stream, table->rows + table->row_bytes, (size_t)table->count * table->row_bytes);
    }
    for (size_t i = 0; status == STATUS_OK && i < state->index_count; i++) {
        struct index *index = state->indexes[i];
        const uint32_t *next = index_cover(index);
        status = stream_write(stream, index->heads, (size_t)index->bucket_count * sizeof *index->heads);
        if (status == STATUS_OK) {
            status = stream_write(stream, next + 1, (size_t)index->table->count * sizeof *next);
        }
    }
    return status;
}

enum status snapshot_write(int file, const struct snapshot_mark *mark, const struct state *state) {
    struct stream stream;
    struct file_plan plan = {0};
    plan_state(state, &plan);
    plan.head.layout = mark->layout;
    plan.head.seq = mark->seq;
    memcpy(plan.head.epoch, mark->epoch.bytes, ID_BYTES);
    memcpy(plan.head.chain, mark->chain, sizeof plan.head.chain);
    stream_init(&stream, file);
    enum status status = stream_write(&stream, &plan.head, sizeof plan.head);
    if (status == STATUS_OK) {
        status = stream_write(&stream, plan.tables, state->table_count * sizeof plan.tables[0]);
    }
    if (status == STATUS_OK) {
        status = stream_write(&stream, plan.indexes, state->index_count * sizeof plan.indexes[0]);
    }
    if (status == STATUS_OK) {
        status = write_arrays(&stream, state);
    }
    uint8_t check[CHECK_BYTES];
    crypto_onetimeauth_final(&stream.check, check);
    return status == STATUS_OK ? write_whole(file, check, sizeof check) : status;
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

static enum status read_whole(int file, uint8_t *data, size_t size) {
    while (size > 0) {
        const ssize_t got = read(file, data, size);
        if (got == 0) {
            return STATUS_CORRUPT;
        }
        if (got < 0 && errno != EINTR) {
            return STATUS_IO;
        }
        if (got > 0) {
            data += got;
            size -= (size_t)got;
        }
    }
    return STATUS_OK;
}

static enum status stream_read(struct stream *stream, void *data, size_t size) {
    uint8_t *at = data;
    for (size_t left = size; left > 0;) {
        const size_t chunk = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        const enum status status = read_whole(stream->file, at, chunk);
        if (status != STATUS_OK) {
            return status;
        }
        crypto_onetimeauth_update(&stream->check, at, chunk);
        at += chunk;
        left -= chunk;
    }
    return STATUS_OK;
}

static bool head_is_ours(const struct file_head *head) {
    return memcmp(head->magic, magic, sizeof magic) == 0 && head->format == FORMAT;
}

enum status snapshot_peek(int file, struct snapshot_mark *mark) {
    struct file_head head;
    if (lseek(file, 0, SEEK_SET) != 0) {
        return STATUS_IO;
    }
    const enum status status = read_whole(file, (uint8_t *)&head, sizeof head);
    if (status != STATUS_OK) {
        return status;
    }
    if (!head_is_ours(&head)) {
        return STATUS_CORRUPT;
    }
    *mark = (struct snapshot_mark){.seq = head.seq, .layout = head.layout};
    memcpy(mark->epoch.bytes, head.epoch, ID_BYTES);
    memcpy(mark->chain, head.chain, sizeof mark->chain);
    return STATUS_OK;
}

/* Whether the file's plan is the state's but for the counts, and the counts keep the bounds. */
static const char *plan_mismatch(const struct file_plan *plan, const struct file_plan *own, const struct state *state) {
    for (size_t i = 0; i < state->table_count; i++) {
        const struct file_table *table = &plan->tables[i];
        if (memcmp(table->name, own->tables[i].name, SNAPSHOT_NAME_BYTES) != 0 ||
            table->row_bytes != own->tables[i].row_bytes) {
            return "its tables are not this program's";
        }
        if (table->rows > state->tables[i]->rows_max) {
            return "a table has more rows than it may";
        }
    }
    for (size_t i = 0; i < state->index_count; i++) {
        const struct file_index *index = &plan->indexes[i];
        if (memcmp(index->name, own->indexes[i].name, SNAPSHOT_NAME_BYTES) != 0 ||
            index->table != own->indexes[i].table || index->zero != 0) {
            return "its indexes are not this program's";
        }
        if (index->rows > plan->tables[index->table].rows || index->buckets == 0 || index->buckets < index->rows) {
            return "the counts of an index do not fit its table";
        }
    }
    return NULL;
}

static uint64_t planned_bytes(const struct file_plan *plan) {
    uint64_t bytes = sizeof plan->head + plan->head.tables * sizeof plan->tables[0] +
                     plan->head.indexes * sizeof plan->indexes[0] + CHECK_BYTES;
    for (size_t i = 0; i < plan->head.tables; i++) {
        bytes += (uint64_t)plan->tables[i].rows * plan->tables[i].row_bytes;
    }
    for (size_t i = 0; i < plan->head.indexes; i++) {
        const struct file_index *index = &plan->indexes[i];
        bytes += ((uint64_t)index->buckets + plan->tables[index->table].rows) * sizeof(uint32_t);
    }
    return bytes;
}

static enum status read_plan(struct stream *stream, const struct state *state, struct file_plan *plan,
                             const char **reason) {
    struct file_plan own = {0};
    struct stat info;
    plan_state(state, &own);
    *reason = "it cannot be read";
    enum status status = stream_read(stream, &plan->head, sizeof plan->head);
    if (status != STATUS_OK || fstat(stream->file, &info) != 0) {
        return status != STATUS_OK ? status : STATUS_IO;
    }
    *reason = "its tables are not this program's";
    if (!head_is_ours(&plan->head) || plan->head.tables != own.head.tables || plan->head.indexes != own.head.indexes) {
        return STATUS_CORRUPT;
    }
    *reason = "it cannot be read";
    status = stream_read(stream, plan->tables, plan->head.tables * sizeof plan->tables[0]);
    if (status == STATUS_OK) {
        status = stream_read(stream, plan->indexes, plan->head.indexes * sizeof plan->indexes[0]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *reason = plan_mismatch(plan, &own, state);
    if (*reason == NULL && planned_bytes(plan) != (uint64_t)info.st_size) {
        *reason = "its size does not fit its counts";
    }
    return *reason == NULL ? STATUS_OK : STATUS_CORRUPT;
}

static enum status read_arrays(struct stream *stream, const struct file_plan *plan, struct state *state) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < state->table_count; i++) {
        struct table *table = state->tables[i];
        table_resize(table, plan->tables[i].rows);
        status = stream_read(stream, table->rows + table->row_bytes, (size_t)table->count * table->row_bytes);
    }
    for (size_t i = 0; status == STATUS_OK && i < state->index_count; i++) {
        struct index *index = state->indexes[i];
        index_resize(index, plan->indexes[i].buckets);
        index->count = plan->indexes[i].rows;
        status = stream_read(stream, index->heads, (size_t)index->bucket_count * sizeof *index->heads);
        if (status == STATUS_OK) {
            status = stream_read(stream, index->next + 1, (size_t)index->table->count * sizeof *index->next);
        }
    }
    return status;
}

enum status snapshot_read(int file, struct state *state, const char **reason) {
    struct stream stream;
    struct file_plan plan = {0};
    stream_init(&stream, file);
    if (lseek(file, 0, SEEK_SET) != 0) {
        *reason = "it cannot be read";
        return STATUS_IO;
    }
    enum status status = read_plan(&stream, state, &plan, reason);
    if (status != STATUS_OK) {
        return status;
    }
    *reason = "it cannot be read";
    status = read_arrays(&stream, &plan, state);
    uint8_t computed[CHECK_BYTES];
    uint8_t check[CHECK_BYTES];
    crypto_onetimeauth_final(&stream.check, computed);
    if (status == STATUS_OK) {
        status = read_whole(file, check, sizeof check);
    }
    if (status == STATUS_OK && memcmp(check, computed, sizeof check) != 0) {
        *reason = "its check does not hold";
        return STATUS_CORRUPT;
    }
    for (size_t i = 0; status == STATUS_OK && i < state->index_count; i++) {
        *reason = "an index is broken";
        status = index_is_sound(state->indexes[i]) ? STATUS_OK : STATUS_CORRUPT;
    }
    return status;
}
