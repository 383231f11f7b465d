#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "journal/journal.h"

/*
 * The log alone on the disk of a folder (the first argument, or /tmp): "name value unit" lines.
 * bench_journal [FOLDER [COMMANDS]]
 */
#define BATCH_COMMANDS 5000
#define PRIVATE_BYTES 64 /* as a visit's event has */
#define PUBLIC_BYTES 28

static char folder[4096];
static struct journal_options options = {.service = "bench"};

static void print(const char *name, double value, const char *unit) {
    printf("%-36s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static double thread_cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double process_cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now_s(void) {
    return (double)clock_monotonic_ns() / 1e9;
}

/* --- The disk's own limit --------------------------------------------------------------------------------------------
 */

static void measure_disk(void) {
    static const uint8_t block[8192] = {1};
    char path[4200];
    snprintf(path, sizeof path, "%s/disk", folder);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    const double start = now_s();
    uint64_t syncs = 0;
    for (; now_s() - start < 1.0; syncs++) {
        CHECK(pwrite(file, block, sizeof block, (off_t)(syncs * sizeof block)) == sizeof block);
        CHECK(fdatasync(file) == 0);
    }
    print("disk_append_fdatasync", (double)syncs / (now_s() - start), "1/s");
    close(file);
    unlink(path);
}

/* --- Appending -------------------------------------------------------------------------------------------------------
 */

static struct journal_row row_of(uint64_t number, const struct id *command) {
    static uint8_t private_body[PRIVATE_BYTES];
    static uint8_t public_body[PUBLIC_BYTES];
    memcpy(private_body, &number, sizeof number);
    memcpy(public_body, &number, sizeof number);
    return (struct journal_row){.prev = number > 1000 ? number - 1000 : 0,
                                .command = *command,
                                .at_ms = (int64_t)(1577808000000 + number),
                                .type = 2,
                                .private_body = private_body,
                                .private_size = sizeof private_body,
                                .public_body = public_body,
                                .public_size = sizeof public_body};
}

/* As the registry does: a group's ids first, then its rows. */
static void write_group(struct journal *journal, uint64_t first, size_t n) {
    struct id ids[JOURNAL_GROUP];
    const struct id *pointers[JOURNAL_GROUP];
    bool known[JOURNAL_GROUP];
    for (size_t i = 0; i < n; i++) {
        ids[i] = id_make_from(1577808000000 + (first + i) / 8, 1, first + i);
        pointers[i] = &ids[i];
    }
    CHECK(journal_claim_group(journal, pointers, n, known) == STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        struct journal_row row = row_of(first + i, &ids[i]);
        CHECK(!known[i] && journal_append(journal, &row) == STATUS_OK);
    }
}

static void write_batch(struct journal *journal, uint64_t first, uint64_t count) {
    CHECK(journal_begin(journal) == STATUS_OK);
    for (uint64_t at = 0; at < count; at += JOURNAL_GROUP) {
        write_group(journal, first + at, count - at < JOURNAL_GROUP ? count - at : JOURNAL_GROUP);
    }
    CHECK(journal_commit(journal) == STATUS_OK);
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Batches as fast as they go; prints the figures under a prefix. */
static void measure_append(struct journal *journal, const char *prefix, uint64_t commands) {
    const uint64_t batches = commands / BATCH_COMMANDS;
    double *took_ms = calloc(batches, sizeof *took_ms);
    uint64_t wal_bytes = 0;
    char name[64];
    CHECK(took_ms != NULL);
    (void)journal_counters(journal);
    uint64_t first = journal_next(journal);
    const double start = now_s();
    const double cpu = thread_cpu_s();
    const double all_cpu = process_cpu_s();
    uint64_t commit_ns_max = 0;
    for (uint64_t i = 0; i < batches; i++, first += BATCH_COMMANDS) {
        const double begin = now_s();
        write_batch(journal, first, BATCH_COMMANDS);
        took_ms[i] = (now_s() - begin) * 1e3;
        const struct journal_counters counters = journal_counters(journal);
        wal_bytes = counters.wal_bytes > wal_bytes ? counters.wal_bytes : wal_bytes;
        commit_ns_max = counters.commit_ns_max > commit_ns_max ? counters.commit_ns_max : commit_ns_max;
    }
    const double took = now_s() - start;
    const struct journal_counters counters = journal_counters(journal);
    qsort(took_ms, batches, sizeof *took_ms, compare_doubles);
    const struct {
        const char *name;
        double value;
        const char *unit;
    } lines[] = {
        {"commands", (double)commands / took, "1/s"},
        {"cpu", (thread_cpu_s() - cpu) / (double)commands * 1e6, "us/command"},
        {"cpu_with_checkpoints", (process_cpu_s() - all_cpu) / (double)commands * 1e6, "us/command"},
        {"batch_p50", took_ms[batches / 2], "ms"},
        {"batch_max", took_ms[batches - 1], "ms"},
        {"commit_max", (double)commit_ns_max / 1e6, "ms"},
        {"wal_max", (double)wal_bytes / 1048576, "MiB"},
        {"checkpoints", (double)counters.checkpoints, ""},
        {"file_per_command", (double)counters.file_bytes / (double)journal_head(journal), "bytes"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        snprintf(name, sizeof name, "%s_%s", prefix, lines[i].name);
        print(name, lines[i].value, lines[i].unit);
    }
    free(took_ms);
}

static void measure_single_commits(struct journal *journal, uint64_t commits) {
    double *took_ms = calloc(commits, sizeof *took_ms);
    CHECK(took_ms != NULL);
    const double start = now_s();
    for (uint64_t i = 0; i < commits; i++) {
        const double begin = now_s();
        write_batch(journal, journal_next(journal), 1);
        took_ms[i] = (now_s() - begin) * 1e3;
    }
    print("single_commits", (double)commits / (now_s() - start), "1/s");
    qsort(took_ms, commits, sizeof *took_ms, compare_doubles);
    print("single_commit_p50", took_ms[commits / 2], "ms");
    print("single_commit_p99", took_ms[commits * 99 / 100], "ms");
    print("single_commit_max", took_ms[commits - 1], "ms");
    free(took_ms);
}

/* Publishers that send all again, from the first command on: whole groups are known. */
static void measure_duplicates(struct journal *journal, uint64_t count) {
    const double cpu = thread_cpu_s();
    CHECK(journal_begin(journal) == STATUS_OK);
    for (uint64_t first = 1; first + JOURNAL_GROUP <= count; first += JOURNAL_GROUP) {
        struct id ids[JOURNAL_GROUP];
        const struct id *pointers[JOURNAL_GROUP];
        bool known[JOURNAL_GROUP];
        struct journal_outcome outcome;
        for (size_t i = 0; i < JOURNAL_GROUP; i++) {
            ids[i] = id_make_from(1577808000000 + (first + i) / 8, 1, first + i);
            pointers[i] = &ids[i];
        }
        CHECK(journal_claim_group(journal, pointers, JOURNAL_GROUP, known) == STATUS_OK);
        for (size_t i = 0; i < JOURNAL_GROUP; i++) {
            CHECK(known[i] && journal_outcome(journal, &ids[i], &outcome) == STATUS_OK);
            CHECK(outcome.first_seq == first + i);
        }
    }
    CHECK(journal_commit(journal) == STATUS_OK);
    print("duplicate_cpu", (thread_cpu_s() - cpu) / (double)count * 1e6, "us/command");
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

static uint64_t read_stretch(struct journal_reader *reader, uint64_t after, uint64_t up_to, bool with_private) {
    struct journal_row row;
    uint64_t rows = 0;
    CHECK(journal_reader_seek(reader, after, up_to, with_private) == STATUS_OK);
    while (journal_reader_next(reader, &row) == STATUS_OK) {
        rows++;
    }
    return rows;
}

static void measure_reading(void) {
    struct journal_reader *reader;
    struct id epoch;
    uint64_t head;
    CHECK(journal_reader_open(&options, &reader) == STATUS_OK);
    CHECK(journal_reader_head(reader, &head, &epoch) == STATUS_OK);
    double start = now_s();
    print("read_with_private", (double)read_stretch(reader, 0, head, true) / (now_s() - start), "rows/s");
    start = now_s();
    for (uint64_t after = 0; after < head; after += 512) {
        (void)read_stretch(reader, after, after + 512, false);
    }
    print("read_feed_by_512", (double)head / (now_s() - start), "rows/s");
    journal_reader_close(&reader);
    uint64_t rows;
    uint64_t bad;
    uint8_t chain[32];
    start = now_s();
    CHECK(journal_verify(options.path, &rows, &bad, chain, NULL, NULL) == STATUS_OK);
    print("verify", (double)rows / (now_s() - start), "rows/s");
}

static atomic_bool is_done;

/* A follower far behind: reads the log again and again. */
static void *follow(void *user) {
    struct journal_reader *reader;
    struct id epoch;
    uint64_t head;
    uint64_t *rows = user;
    CHECK(journal_reader_open(&options, &reader) == STATUS_OK);
    while (!is_done) {
        CHECK(journal_reader_head(reader, &head, &epoch) == STATUS_OK);
        for (uint64_t after = 0; after < head && !is_done; after += 2048) {
            *rows += read_stretch(reader, after, after + 2048, false);
        }
    }
    journal_reader_close(&reader);
    return NULL;
}

static void measure_append_beside_reader(struct journal *journal, uint64_t commands) {
    pthread_t thread;
    uint64_t rows = 0;
    const double start = now_s();
    CHECK(pthread_create(&thread, NULL, follow, &rows) == 0);
    measure_append(journal, "beside_reader", commands);
    is_done = true;
    pthread_join(thread, NULL);
    print("beside_reader_rows_read", (double)rows / (now_s() - start), "rows/s");
}

int main(int argc, char **argv) {
    static char path[4200];
    const uint64_t commands = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000000;
    struct journal *journal;
    log_init("bench", LOG_LEVEL_INFO);
    snprintf(folder, sizeof folder, "%s/liancheng-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    CHECK(mkdtemp(folder) != NULL && commands >= 2 * BATCH_COMMANDS);
    snprintf(path, sizeof path, "%s/log.db", folder);
    options.path = path;
    measure_disk();
    CHECK(journal_open(&options, &journal) == STATUS_OK);
    measure_append(journal, "append", commands);
    measure_append_beside_reader(journal, commands / 2);
    measure_duplicates(journal, BATCH_COMMANDS);
    measure_single_commits(journal, 3000);
    measure_reading();
    journal_close(&journal);
    static const char *const names[] = {"log.db", "log.db-wal", "log.db-shm", "log.db.lock"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[4300];
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
