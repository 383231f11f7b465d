#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "spool/spool.h"

/*
 * The spool alone on the disk of a folder (the first argument, or /tmp): "name value unit" lines. Each transaction adds
 * a batch and settles the batch before it, as the gateway does; one fsync. Random keys, each looked for before it is
 * added.
 * bench_spool [FOLDER [ENTRIES [BODY_BYTES]]]
 */
#define BATCH 64
#define EXPIRE_EVERY 16 /* batches */

static char folder[4096] = "/tmp";

static void print(const char *name, double value, const char *unit) {
    printf("%-36s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static double cpu_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now_s(void) {
    return (double)clock_monotonic_ns() / 1e9;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_one(struct spool *spool, uint64_t number, const uint8_t *body, size_t body_size) {
    struct spool_entry found;
    bool is_same;
    struct spool_entry entry = {.feed = 1,
                                .command = id_make_from(1577808000000 + number / 8, 1, number),
                                .occurred_at_ms = (int64_t)(1577808000000 + number),
                                .taken_at_ms = (int64_t)(1577808000000 + number),
                                .body = body,
                                .body_size = body_size};
    randombytes_buf(entry.key, sizeof entry.key);
    memcpy(entry.hash, entry.command.bytes, sizeof entry.hash);
    CHECK(spool_find(spool, entry.key, entry.hash, &found, &is_same) == STATUS_NOT_FOUND);
    CHECK(spool_add(spool, &entry) == STATUS_OK && entry.number == number);
}

static void write_batch(struct spool *spool, uint64_t first, uint64_t n, const uint8_t *body, size_t body_size) {
    CHECK(spool_begin(spool) == STATUS_OK);
    for (uint64_t number = first; number < first + n; number++) {
        if (number > n) {
            CHECK(spool_settle(spool, number - n, 1, 0, (int64_t)(1577808000000 + number)) == STATUS_OK);
        }
        add_one(spool, number, body, body_size);
    }
    CHECK(spool_commit(spool) == STATUS_OK);
}

static void print_times(const char *name, double *took_ms, uint64_t n) {
    static const struct {
        const char *suffix;
        unsigned permille;
    } quantiles[] = {{"p50", 500}, {"p99", 990}, {"p999", 999}, {"max", 1000}};
    char text[64];
    qsort(took_ms, n, sizeof *took_ms, compare_doubles);
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        const uint64_t at = n * quantiles[i].permille / 1000;
        snprintf(text, sizeof text, "%s_%s", name, quantiles[i].suffix);
        print(text, took_ms[at < n ? at : n - 1], "ms");
    }
}

static void measure(struct spool *spool, uint64_t entries, const uint8_t *body, size_t body_size) {
    const uint64_t batches = entries / BATCH;
    double *batch_ms = calloc(batches, sizeof *batch_ms);
    double *expire_ms = calloc(batches / EXPIRE_EVERY + 1, sizeof *expire_ms);
    uint64_t expires = 0;
    CHECK(batch_ms != NULL && expire_ms != NULL);
    const double start = now_s();
    const double own = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    const double all = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < batches; i++) {
        const double begin = now_s();
        write_batch(spool, 1 + i * BATCH, BATCH, body, body_size);
        const double end = now_s();
        batch_ms[i] = (end - begin) * 1e3;
        if (i % EXPIRE_EVERY == EXPIRE_EVERY - 1) {
            (void)spool_expire(spool, 1577808000000);
            expire_ms[expires++] = (now_s() - end) * 1e3;
        }
    }
    const double took = now_s() - start;
    const struct spool_counters counters = spool_counters(spool);
    print("adds_and_settles", (double)entries / took, "1/s each");
    print("cpu", (cpu_s(CLOCK_THREAD_CPUTIME_ID) - own) / (double)entries * 1e6, "us/entry");
    print("cpu_with_checkpoints", (cpu_s(CLOCK_PROCESS_CPUTIME_ID) - all) / (double)entries * 1e6, "us/entry");
    print("commits", (double)counters.commits / (double)batches, "1/batch");
    print_times("batch", batch_ms, batches);
    print_times("expire", expire_ms, expires);
    print("file_per_entry", (double)counters.file_bytes / (double)counters.entries, "bytes");
    free(batch_ms);
    free(expire_ms);
}

static void remove_files(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char name[4200];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(folder);
}

int main(int argc, char **argv) {
    static const uint8_t seal_key[32] = {1};
    static uint8_t body[1 << 20];
    char path[4110];
    const uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    const size_t body_size = argc > 3 ? strtoull(argv[3], NULL, 10) : 300;
    struct spool *spool;
    CHECK(entries >= BATCH && body_size <= sizeof body);
    log_init("bench", LOG_LEVEL_INFO);
    snprintf(folder, sizeof folder, "%s/liancheng-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/spool.db", folder);
    const struct spool_options options = {.path = path,
                                          .seal_key = seal_key,
                                          .owner = "bench",
                                          .retention_ms = 30LL * 24 * 3600 * 1000,
                                          .bytes_max = UINT64_C(1) << 40};
    CHECK(spool_open(&options, &spool) == STATUS_OK);
    measure(spool, entries, body, body_size);
    spool_close(&spool);
    const double start = now_s();
    CHECK(spool_open(&options, &spool) == STATUS_OK);
    print("open", now_s() - start, "s");
    spool_close(&spool);
    remove_files(path);
    return 0;
}
