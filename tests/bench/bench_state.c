#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/log.h"
#include "state/snapshot.h"

/*
 * State in memory and its snapshot, with rows of the size a visit has and two indexes: "name value unit" lines.
 * bench_state [FOLDER [ROWS]]
 */
struct row {
    uint64_t key;
    uint32_t group;
    uint8_t rest[72];
} __attribute__((packed));

static uint64_t hash_key(const void *row) {
    return hash_mix64(((const struct row *)row)->key);
}
static bool has_key(const void *row, const void *key) {
    return ((const struct row *)row)->key == *(const uint64_t *)key;
}
static uint64_t hash_group(const void *row) {
    return hash_mix64(((const struct row *)row)->group);
}
static bool has_group(const void *row, const void *key) {
    return ((const struct row *)row)->group == *(const uint32_t *)key;
}

static struct table rows;
static struct index by_key;
static struct index by_group;
static struct state state;

static void print(const char *name, double value, const char *unit) {
    printf("%-36s %14.3f %s\n", name, value, unit);
    fflush(stdout);
}

static double now_s(void) {
    return (double)clock_monotonic_ns() / 1e9;
}

/* So that other work on the machine does not count. */
static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure_adding(uint32_t count) {
    const double start = cpu_s();
    double slowest_s = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number;
        const double before = i % 64 == 0 ? now_s() : 0;
        struct row *row = table_add(&rows, &number);
        row->key = i * UINT64_C(0x9e3779b97f4a7c15);
        row->group = i;
        index_add(&by_key, number);
        index_add(&by_group, number);
        if (i % 64 == 0 && now_s() - before > slowest_s) {
            slowest_s = now_s() - before;
        }
    }
    print("state_add_cpu", (cpu_s() - start) / count * 1e9, "ns/row");
    print("state_add_max", slowest_s * 1e3, "ms");
    print("state_bytes_per_row", (double)state_bytes(&state) / count, "bytes");
}

static void measure_finding(uint32_t count) {
    const double start = cpu_s();
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t key = hash_mix64(i) % count * UINT64_C(0x9e3779b97f4a7c15);
        CHECK(index_find(&by_key, hash_mix64(key), &key) != 0);
    }
    print("state_find_cpu", (cpu_s() - start) / count * 1e9, "ns");
}

static void measure_snapshot(const char *folder) {
    const struct snapshot_mark mark = {.epoch = {{1}}, .seq = 1, .layout = 1};
    struct snapshot_mark found;
    struct stat info;
    char path[4200];
    snprintf(path, sizeof path, "%s/snapshot-%020d", folder, 1);
    double start = now_s();
    double cpu = cpu_s();
    CHECK(snapshot_save(folder, &mark, &state) == STATUS_OK && stat(path, &info) == 0);
    print("snapshot_save", now_s() - start, "s");
    print("snapshot_save_cpu", cpu_s() - cpu, "s");
    print("snapshot_size", (double)info.st_size / 1e6, "MB");
    for (int round = 0; round < 2; round++) {
        state_clear(&state);
        start = now_s();
        cpu = cpu_s();
        CHECK(snapshot_load(folder, &mark.epoch, 1, 1, &state, &found) == STATUS_OK);
        print(round == 0 ? "snapshot_load_from_disk" : "snapshot_load_from_cache", now_s() - start, "s");
        print("snapshot_load_cpu", cpu_s() - cpu, "s");
    }
    unlink(path);
}

int main(int argc, char **argv) {
    char folder[4096];
    const uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5000000;
    log_init("bench", LOG_LEVEL_WARN);
    snprintf(folder, sizeof folder, "%s/liancheng-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    CHECK(mkdtemp(folder) != NULL && count > 0);
    table_init(&rows, "rows", sizeof(struct row), count);
    index_init(&by_key, "rows by key", &rows, hash_key, has_key);
    index_init(&by_group, "rows by group", &rows, hash_group, has_group);
    state_register_table(&state, &rows);
    state_register_index(&state, &by_key);
    state_register_index(&state, &by_group);
    measure_adding(count);
    measure_finding(count);
    measure_snapshot(folder);
    state_release(&state);
    return rmdir(folder) == 0 ? 0 : 1;
}
