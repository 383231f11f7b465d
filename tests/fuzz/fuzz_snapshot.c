#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "state/snapshot.h"

/*
 * A hostile snapshot file is refused, or it gives a state that can be used. First byte: 0 = the rest is the file as it
 * stands; else a head that fits the state and a check that holds are put round it, so that the counts and arrays are
 * what is tried: u16 rows, u16 other rows, u16 buckets and rows of each index, then the arrays.
 */
#define TABLES 2
#define INDEXES 2

struct row {
    uint32_t key;
    uint32_t other;
};

static uint64_t hash_key(const void *row) {
    return hash_mix64(((const struct row *)row)->key);
}
static uint64_t hash_other(const void *row) {
    return ((const struct row *)row)->other; /* no spreading: chains that a file can choose */
}
static bool has_key(const void *row, const void *key) {
    return ((const struct row *)row)->key == *(const uint32_t *)key;
}
static bool has_other(const void *row, const void *key) {
    return ((const struct row *)row)->other == *(const uint32_t *)key;
}

static const struct id epoch = {{1, 2, 3}};
static struct table tables[TABLES];
static struct index indexes[INDEXES];
static struct state state;
static char folder[] = "/dev/shm/liancheng-fuzz-XXXXXX";
static char path[128];

static void remove_folder(void) {
    unlink(path);
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    log_init("fuzz", LOG_LEVEL_ERROR);
    CHECK(sodium_init() >= 0 && mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/snapshot-%020d", folder, 7);
    atexit(remove_folder);
    table_init(&tables[0], "first", sizeof(struct row), 1000);
    table_init(&tables[1], "second", sizeof(struct row), 1000);
    index_init(&indexes[0], "by key", &tables[0], hash_key, has_key);
    index_init(&indexes[1], "by other", &tables[1], hash_other, has_other);
    for (size_t i = 0; i < TABLES; i++) {
        state_register_table(&state, &tables[i]);
        state_register_index(&state, &indexes[i]);
    }
    return 0;
}

static size_t put(uint8_t *out, size_t at, const void *data, size_t size) {
    memcpy(out + at, data, size);
    return at + size;
}

static size_t put_u32(uint8_t *out, size_t at, uint32_t value) {
    return put(out, at, &value, sizeof value);
}

static size_t put_name(uint8_t *out, size_t at, const char *name) {
    memset(out + at, 0, 32);
    memcpy(out + at, name, strlen(name));
    return at + 32;
}

static uint16_t take_u16(const uint8_t **data, size_t *size) {
    uint16_t value = 0;
    if (*size >= sizeof value) {
        memcpy(&value, *data, sizeof value);
        *data += sizeof value;
        *size -= sizeof value;
    }
    return value;
}

/* The input as counts and arrays of a file whose form is right. */
static size_t wrap(const uint8_t *data, size_t size, uint8_t *out) {
    static const char *const table_names[] = {"first", "second"};
    static const char *const index_names[] = {"by key", "by other"};
    const uint64_t seq = 7;
    const uint8_t chain[32] = {0};
    size_t at = put(out, 0, "LCSNAP\r\n", 8);
    at = put_u32(out, put_u32(out, at, 1), 5);
    at = put(out, at, epoch.bytes, ID_BYTES);
    at = put(out, put(out, at, &seq, sizeof seq), chain, sizeof chain);
    at = put_u32(out, put_u32(out, at, TABLES), INDEXES);
    for (size_t i = 0; i < TABLES; i++) {
        at = put_u32(out, put_name(out, at, table_names[i]), sizeof(struct row));
        at = put_u32(out, at, take_u16(&data, &size));
    }
    for (uint32_t i = 0; i < INDEXES; i++) {
        at = put_u32(out, put_name(out, at, index_names[i]), i);
        at = put_u32(out, at, take_u16(&data, &size));
        at = put_u32(out, put_u32(out, at, take_u16(&data, &size)), 0);
    }
    at = put(out, at, data, size);
    static const uint8_t key[crypto_onetimeauth_KEYBYTES] = "Liancheng snapshot, format one.";
    crypto_onetimeauth(out + at, out, at, key);
    return at + crypto_onetimeauth_BYTES;
}

static void write_snapshot(const uint8_t *data, size_t size) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    close(file);
}

/* Everything a service may do with a state. */
static void use_state(void) {
    for (size_t i = 0; i < TABLES; i++) {
        struct table *table = &tables[i];
        struct index *index = &indexes[i];
        for (uint32_t number = 1; number <= table->count; number++) {
            const struct row row = *(const struct row *)table_row(table, number);
            const uint32_t found = index_find(index, index->hash(&row), i == 0 ? &row.key : &row.other);
            if (found != 0) {
                index_remove(index, found);
                index_add(index, found);
            }
        }
        for (uint32_t added = 0; added < 100 && !table_is_full(table); added++) {
            uint32_t number;
            *(struct row *)table_add(table, &number) = (struct row){.key = added, .other = added};
            index_add(index, number);
        }
    }
    uint8_t hash[32];
    state_hash(&state, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t file[1 << 16];
    struct snapshot_mark mark;
    if (size < 1 || size > sizeof file - 1024) {
        return 0;
    }
    if (data[0] == 0) {
        write_snapshot(data + 1, size - 1);
    } else {
        write_snapshot(file, wrap(data + 1, size - 1, file));
    }
    if (snapshot_load(folder, &epoch, 5, 7, &state, &mark) == STATUS_OK) {
        use_state();
    } else {
        CHECK(tables[0].count == 0 && indexes[0].count == 0 && indexes[0].bucket_count == 1);
    }
    state_clear(&state);
    return 0;
}
