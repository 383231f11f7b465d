#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "spool/spool.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define START_MS INT64_C(1577808000000)
#define CANARY "canary-411099199001011237-canary"

/* --- A disk whose syncs are counted and can fail: SQLite's calls come here -------------------------------------------
 */

static atomic_int syncs;
static atomic_bool sync_fails;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* a test that holds it stops every sync */

static int sync_file(long call, int file) {
    pthread_mutex_lock(&disk);
    pthread_mutex_unlock(&disk);
    syncs++;
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, file);
}
int fdatasync(int file) {
    return sync_file(SYS_fdatasync, file);
}
int fsync(int file) {
    return sync_file(SYS_fsync, file);
}

/* --- A spool in a folder of its own ----------------------------------------------------------------------------------
 */

struct fixture {
    char folder[64];
    char path[96];
    uint8_t seal_key[32];
    struct spool_options options;
    struct spool *spool;
};

static void reopen(struct fixture *f) {
    spool_close(&f->spool);
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/liancheng-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/spool.db", f->folder);
    memset(f->seal_key, 0x5e, sizeof f->seal_key);
    f->options = (struct spool_options){
        .path = f->path, .seal_key = f->seal_key, .owner = "test", .retention_ms = 30 * DAY_MS, .bytes_max = 1u << 30};
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    struct fixture *f = *state;
    spool_close(&f->spool);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static void fill(uint8_t bytes[16], uint64_t value) {
    const uint64_t words[2] = {value, hash_mix64(value)};
    memcpy(bytes, words, 16);
}

/* Entry n has key n and hash n unless the test says otherwise; its body is a function of n. */
static struct spool_entry entry_of(uint64_t n, char body[64]) {
    snprintf(body, 64, "%s %08llu", CANARY, (unsigned long long)n);
    struct spool_entry entry = {.feed = (uint16_t)n,
                                .command = id_make_from(START_MS + n, 7, n),
                                .occurred_at_ms = -(int64_t)n,
                                .taken_at_ms = START_MS + (int64_t)n,
                                .body = (const uint8_t *)body,
                                .body_size = strlen(body)};
    fill(entry.key, n);
    fill(entry.hash, n);
    return entry;
}

static enum status add(struct fixture *f, uint64_t n) {
    char body[64];
    struct spool_entry entry = entry_of(n, body);
    const enum status status = spool_add(f->spool, &entry);
    if (status == STATUS_OK) {
        assert_int_equal(entry.number, n);
    }
    return status;
}

static void begin(struct fixture *f) {
    assert_int_equal(spool_begin(f->spool), STATUS_OK);
}
static void commit(struct fixture *f) {
    assert_int_equal(spool_commit(f->spool), STATUS_OK);
}

/* Adds entries first..last in one transaction. */
static void add_all(struct fixture *f, uint64_t first, uint64_t last) {
    begin(f);
    for (uint64_t n = first; n <= last; n++) {
        assert_int_equal(add(f, n), STATUS_OK);
    }
    commit(f);
}

static void settle_all(struct fixture *f, uint64_t first, uint64_t last, uint32_t verdict, int64_t now_ms) {
    begin(f);
    for (uint64_t n = first; n <= last; n++) {
        assert_int_equal(spool_settle(f->spool, n, verdict, (uint32_t)n + 100, now_ms), STATUS_OK);
    }
    commit(f);
}

static enum status find(struct fixture *f, uint64_t key, uint64_t hash, struct spool_entry *entry, bool *same) {
    uint8_t key_bytes[16];
    uint8_t hash_bytes[16];
    fill(key_bytes, key);
    fill(hash_bytes, hash);
    return spool_find(f->spool, key_bytes, hash_bytes, entry, same);
}

static void assert_found(struct fixture *f, uint64_t key, uint64_t hash, uint64_t number, bool is_same) {
    struct spool_entry entry;
    bool same;
    assert_int_equal(find(f, key, hash, &entry, &same), STATUS_OK);
    assert_int_equal(entry.number, number);
    assert_int_equal(same, is_same);
}

static void assert_unknown(struct fixture *f, uint64_t key) {
    struct spool_entry entry;
    bool same;
    assert_int_equal(find(f, key, key, &entry, &same), STATUS_NOT_FOUND);
    assert_false(same);
}

struct seen {
    uint64_t numbers[64];
    size_t count;
    size_t stop_after;
    bool with_bodies;
};

static bool see(const struct spool_entry *entry, void *user) {
    struct seen *seen = user;
    char body[64];
    const struct spool_entry expected = entry_of(entry->number, body);
    assert_true(seen->count < 64);
    seen->numbers[seen->count++] = entry->number;
    assert_int_equal(entry->feed, expected.feed);
    assert_memory_equal(entry->key, expected.key, 16);
    assert_memory_equal(entry->hash, expected.hash, 16);
    assert_true(id_equal(&entry->command, &expected.command));
    assert_int_equal(entry->occurred_at_ms, expected.occurred_at_ms);
    assert_int_equal(entry->taken_at_ms, expected.taken_at_ms);
    if (seen->with_bodies) {
        assert_int_equal(entry->body_size, expected.body_size);
        assert_memory_equal(entry->body, expected.body, entry->body_size);
    } else {
        assert_null(entry->body);
        assert_int_equal(entry->body_size, 0);
    }
    return seen->count != seen->stop_after;
}

static struct seen pending(struct fixture *f, uint64_t after, uint32_t limit, size_t stop_after) {
    struct seen seen = {.with_bodies = true, .stop_after = stop_after};
    assert_int_equal(spool_pending(f->spool, after, limit, see, &seen), STATUS_OK);
    return seen;
}

static void assert_pending(struct fixture *f, const uint64_t *numbers, size_t count) {
    const struct seen seen = pending(f, 0, 64, 0);
    assert_int_equal(seen.count, count);
    assert_memory_equal(seen.numbers, numbers, count * sizeof *numbers);
    assert_int_equal(spool_counters(f->spool).pending, count);
}

/* --- Entries ---------------------------------------------------------------------------------------------------------
 */

static void check_three(struct fixture *f) {
    static const uint64_t waiting[] = {1, 3};
    struct spool_entry entry;
    bool same;
    assert_pending(f, waiting, 2);
    assert_int_equal(find(f, 2, 2, &entry, &same), STATUS_OK);
    assert_true(same);
    assert_int_equal(entry.verdict, 1);
    assert_int_equal(entry.code, 102);
    assert_int_equal(entry.settled_at_ms, START_MS);
    assert_null(entry.body);
    assert_found(f, 1, 1, 1, true);
    assert_found(f, 3, 99, 3, false);
    assert_unknown(f, 4);
    assert_int_equal(spool_counters(f->spool).entries, 3);
    assert_int_equal(spool_counters(f->spool).oldest_pending_ms, START_MS + 1);
    assert_true(spool_counters(f->spool).file_bytes > 0);
}

static void test_entries_wait_until_they_are_settled(void **state) {
    struct fixture *f = *state;
    assert_unknown(f, 1);
    assert_int_equal(spool_counters(f->spool).oldest_pending_ms, 0);
    add_all(f, 1, 3);
    assert_int_equal(spool_counters(f->spool).commits, 1);
    assert_int_equal(pending(f, 0, 64, 2).count, 2);
    assert_int_equal(pending(f, 0, 1, 0).count, 1);
    assert_int_equal(pending(f, 2, 64, 0).numbers[0], 3);
    assert_int_equal(pending(f, 3, 64, 0).count, 0);
    settle_all(f, 2, 2, 1, START_MS);
    check_three(f);
    reopen(f);
    check_three(f);
    add_all(f, 4, 4); /* numbers go on */
}

static void test_only_what_waits_can_be_settled(void **state) {
    struct fixture *f = *state;
    add_all(f, 1, 200);
    begin(f);
    assert_int_equal(spool_settle(f->spool, 0, 1, 0, START_MS), STATUS_NOT_FOUND);
    assert_int_equal(spool_settle(f->spool, 201, 1, 0, START_MS), STATUS_NOT_FOUND);
    assert_int_equal(spool_settle(f->spool, UINT64_MAX, 1, 0, START_MS), STATUS_NOT_FOUND);
    assert_int_equal(spool_settle(f->spool, 7, 1, 0, START_MS), STATUS_OK);
    assert_int_equal(spool_settle(f->spool, 7, 2, 0, START_MS), STATUS_NOT_FOUND);
    commit(f);
    begin(f);
    assert_int_equal(spool_settle(f->spool, 7, 1, 0, START_MS), STATUS_NOT_FOUND);
    commit(f);
    assert_int_equal(spool_counters(f->spool).pending, 199);
}

static void test_an_entry_may_come_with_its_verdict(void **state) {
    struct fixture *f = *state;
    begin(f);
    for (uint64_t n = 1; n <= 2; n++) {
        char body[64];
        struct spool_entry entry = entry_of(n, body);
        entry.verdict = (uint32_t)n;
        entry.code = 55;
        assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
    }
    commit(f);
    for (int i = 0; i < 2; i++) {
        struct spool_entry entry;
        struct seen seen = {.with_bodies = true};
        bool same;
        assert_pending(f, NULL, 0);
        assert_int_equal(find(f, 1, 1, &entry, &same), STATUS_OK);
        assert_int_equal(entry.verdict, 1);
        assert_int_equal(entry.code, 55);
        assert_int_equal(spool_refused(f->spool, 0, 64, see, &seen), STATUS_OK);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.numbers[0], 2);
        reopen(f);
    }
}

static void test_what_was_refused_stays_with_its_body(void **state) {
    struct fixture *f = *state;
    add_all(f, 1, 9);
    settle_all(f, 1, 3, 1, START_MS);
    settle_all(f, 4, 6, 2, START_MS);
    settle_all(f, 7, 7, 1, START_MS);
    settle_all(f, 8, 8, 3, START_MS);
    for (int i = 0; i < 2; i++) {
        static const uint64_t refused[] = {5, 6, 8};
        struct seen seen = {.with_bodies = true};
        assert_int_equal(spool_refused(f->spool, 4, 64, see, &seen), STATUS_OK);
        assert_int_equal(seen.count, 3);
        assert_memory_equal(seen.numbers, refused, sizeof refused);
        seen.count = 0;
        assert_int_equal(spool_refused(f->spool, 0, 2, see, &seen), STATUS_OK);
        assert_int_equal(seen.count, 2);
        seen = (struct seen){.with_bodies = true, .stop_after = 1};
        assert_int_equal(spool_refused(f->spool, 0, 64, see, &seen), STATUS_OK);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.numbers[0], 4);
        reopen(f);
    }
}

static void add_as(struct fixture *f, uint64_t key, uint64_t hash) {
    char body[64];
    struct spool_entry entry = entry_of(key, body);
    fill(entry.hash, hash);
    begin(f);
    assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
    commit(f);
}

static void check_reused(struct fixture *f) {
    assert_found(f, 5, 1, 1, true); /* said again, long after another was called the same */
    assert_found(f, 5, 2, 2, true);
    assert_found(f, 5, 3, 4, true); /* the newer of two that say the same */
    assert_found(f, 5, 4, 5, true);
    assert_found(f, 5, 9, 5, false); /* the newest of the key */
    assert_unknown(f, 6);
}

static void test_a_key_used_for_several(void **state) {
    struct fixture *f = *state;
    add_as(f, 5, 1);
    add_as(f, 5, 2);
    add_as(f, 5, 3);
    add_as(f, 5, 3);
    add_as(f, 5, 4);
    check_reused(f);
    reopen(f);
    check_reused(f);
}

static void test_bodies_of_any_size(void **state) {
    static const size_t sizes[] = {0, 1, 4095, 4096, 70000, 16 * 1024 * 1024};
    struct fixture *f = *state;
    uint8_t *body = malloc(16 * 1024 * 1024);
    assert_non_null(body);
    memset(body, 0xa7, 16 * 1024 * 1024);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct spool_entry entry = {.body = body, .body_size = sizes[i], .key = {(uint8_t)i}};
        begin(f);
        assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
        commit(f);
        assert_int_equal(entry.number, i + 1);
    }
    free(body);
    reopen(f);
    assert_int_equal(spool_counters(f->spool).pending, 6);
}

static bool check_size(const struct spool_entry *entry, void *user) {
    const size_t *size = user;
    assert_int_equal(entry->body_size, *size);
    for (size_t i = 0; i < *size; i += 997) {
        assert_int_equal(entry->body[i], 0xa7);
    }
    return false;
}

static void test_a_large_body_comes_back(void **state) {
    struct fixture *f = *state;
    size_t size = 3 * 1024 * 1024 + 17;
    uint8_t *body = malloc(size);
    assert_non_null(body);
    memset(body, 0xa7, size);
    struct spool_entry entry = {.body = body, .body_size = size};
    begin(f);
    assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
    commit(f);
    free(body);
    assert_int_equal(spool_pending(f->spool, 0, 1, check_size, &size), STATUS_OK);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

static void tamper(const struct fixture *f, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_what_is_not_ours_is_refused(void **state) {
    struct fixture *f = *state;
    struct spool *other = NULL;
    struct spool_options options = f->options;
    const uint8_t another_key[32] = {0x5f};
    add_all(f, 1, 3);
    spool_close(&f->spool);
    options.owner = "other";
    assert_int_equal(spool_open(&options, &other), STATUS_CONFIG);
    assert_null(other);
    options = f->options;
    options.seal_key = another_key;
    assert_int_equal(spool_open(&options, &other), STATUS_CONFIG);
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK); /* neither left a trace */
    assert_int_equal(spool_counters(f->spool).pending, 3);
    spool_close(&f->spool);
    tamper(f, "UPDATE spool SET format = 99");
    assert_int_equal(spool_open(&f->options, &other), STATUS_CONFIG);
    tamper(f, "DELETE FROM spool");
    assert_int_equal(spool_open(&f->options, &other), STATUS_CORRUPT);
    tamper(f, "DROP TABLE spool");
    assert_int_equal(spool_open(&f->options, &other), STATUS_CORRUPT);
    unlink(f->path);
    assert_int_equal(file_write_atomic(f->path, "this is no database at all, but long enough", 44, 0600), STATUS_OK);
    assert_int_equal(spool_open(&f->options, &other), STATUS_CORRUPT);
    options.path = "/nonexistent/spool.db";
    assert_int_equal(spool_open(&options, &other), STATUS_IO);
    assert_null(other);
}

static void test_a_broken_entry_is_noticed(void **state) {
    struct fixture *f = *state;
    struct spool *other = NULL;
    struct seen seen = {.with_bodies = true};
    add_all(f, 1, 3);
    spool_close(&f->spool);
    tamper(
        f,
        "UPDATE body SET sealed = (SELECT substr(sealed, 1, 60) || x'00' FROM body WHERE number = 1) WHERE number = 2");
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK);
    assert_int_equal(spool_pending(f->spool, 0, 64, see, &seen), STATUS_CORRUPT);
    assert_int_equal(seen.count, 1);
    spool_close(&f->spool);
    tamper(f, "UPDATE entry SET key = x'00' WHERE number = 2");
    assert_int_equal(spool_open(&f->options, &other), STATUS_CORRUPT);
    assert_null(other);
}

static void test_two_never_write_one_spool(void **state) {
    struct fixture *f = *state;
    struct spool *second = NULL;
    struct stat info;
    assert_int_equal(spool_open(&f->options, &second), STATUS_EXISTS);
    assert_null(second);
    add_all(f, 1, 3);
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    spool_close(&f->spool);
    assert_int_equal(spool_open(&f->options, &second), STATUS_OK);
    f->spool = second;
}

/* --- Nothing of a transaction that did not end -----------------------------------------------------------------------
 */

/* Four entries, one of them settled. */
static void prepare_four(struct fixture *f) {
    add_all(f, 1, 4);
    settle_all(f, 2, 2, 1, START_MS);
}

static void check_four(struct fixture *f) {
    static const uint64_t waiting[] = {1, 3, 4};
    assert_pending(f, waiting, 3);
    assert_int_equal(spool_counters(f->spool).entries, 4);
    assert_found(f, 4, 4, 4, true);
    for (uint64_t n = 5; n <= 200; n++) {
        assert_unknown(f, n);
    }
}

/* What a transaction may do: it is to be undone. */
static void do_much(struct fixture *f) {
    begin(f);
    assert_int_equal(spool_settle(f->spool, 1, 1, 0, START_MS), STATUS_OK);
    for (uint64_t n = 5; n <= 200; n++) {
        assert_int_equal(add(f, n), STATUS_OK);
    }
    assert_int_equal(spool_settle(f->spool, 3, 2, 0, START_MS), STATUS_OK);
    assert_int_equal(spool_settle(f->spool, 100, 2, 0, START_MS), STATUS_OK);
    char body[64];
    struct spool_entry again = entry_of(4, body); /* the newest of key 4 for now */
    fill(again.hash, 77);
    assert_int_equal(spool_add(f->spool, &again), STATUS_OK);
    assert_found(f, 4, 77, 201, true);
    assert_found(f, 4, 4, 4, true);
    assert_found(f, 100, 100, 100, true);
}

static void test_a_rollback_leaves_nothing(void **state) {
    struct fixture *f = *state;
    prepare_four(f);
    for (int i = 0; i < 3; i++) {
        do_much(f);
        spool_rollback(f->spool);
        spool_rollback(f->spool); /* nothing open: nothing happens */
        check_four(f);
    }
    do_much(f);
    spool_close(&f->spool); /* rolls back */
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK);
    check_four(f);
    add_all(f, 5, 5);
}

static void test_a_crash_before_the_commit_leaves_nothing(void **state) {
    struct fixture *f = *state;
    int how;
    spool_close(&f->spool); /* SQLite does not outlive a fork */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (spool_open(&f->options, &f->spool) != STATUS_OK) {
            _exit(1);
        }
        prepare_four(f);
        do_much(f);
        _exit(42);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 42);
    assert_int_equal(spool_open(&f->options, &f->spool), STATUS_OK);
    check_four(f);
    add_all(f, 5, 5);
}

static void test_a_commit_is_one_sync(void **state) {
    struct fixture *f = *state;
    add_all(f, 1, 64); /* the WAL's head is synced once */
    for (uint64_t n = 65; n <= 640; n += 64) {
        const int before = syncs;
        begin(f);
        for (uint64_t i = n; i < n + 64; i++) {
            assert_int_equal(spool_settle(f->spool, i - 64, 1, 0, START_MS), STATUS_OK);
            assert_int_equal(add(f, i), STATUS_OK);
        }
        assert_int_equal(syncs, before);
        commit(f);
        assert_int_equal(syncs, before + 1);
    }
}

static void test_a_failing_sync_leaves_nothing(void **state) {
    struct fixture *f = *state;
    prepare_four(f);
    do_much(f);
    sync_fails = true;
    const enum status status = spool_commit(f->spool);
    sync_fails = false;
    assert_int_equal(status, STATUS_IO);
    spool_rollback(f->spool);
    check_four(f);
    reopen(f);
    check_four(f);
    add_all(f, 5, 5);
}

/* --- Syncs beside the writer ----------------------------------------------------------------------------------------- */

static int set_up_beside(void **state) {
    set_up(state);
    struct fixture *f = *state;
    f->options.syncs_beside = true;
    reopen(f);
    return 0;
}

/* Until the descriptor is readable; what it says. */
static enum status await_sync(struct fixture *f) {
    struct pollfd watch = {.fd = spool_descriptor(f->spool), .events = POLLIN};
    assert_int_equal(poll(&watch, 1, -1), 1);
    return spool_take_synced(f->spool);
}

static void await_all_synced(struct fixture *f) {
    while (spool_synced(f->spool) < spool_committed(f->spool)) {
        assert_int_equal(await_sync(f), STATUS_OK);
    }
}

static void test_a_commit_is_synced_when_it_returns(void **state) {
    struct fixture *f = *state;
    assert_int_equal(spool_descriptor(f->spool), -1);
    add_all(f, 1, 3);
    assert_int_equal(spool_committed(f->spool), 1);
    assert_int_equal(spool_synced(f->spool), 1);
    assert_int_equal(spool_take_synced(f->spool), STATUS_OK);
}

static void test_the_writer_does_not_wait_for_the_disk(void **state) {
    struct fixture *f = *state;
    static const uint64_t waiting[] = {2, 3, 4};
    assert_int_equal(spool_committed(f->spool), 0);
    add_all(f, 1, 1);
    await_all_synced(f);
    assert_int_equal(spool_synced(f->spool), 1);
    const int before = syncs;
    pthread_mutex_lock(&disk);
    add_all(f, 2, 2);
    add_all(f, 3, 3);
    settle_all(f, 1, 1, 1, START_MS);
    add_all(f, 4, 4);
    assert_int_equal(spool_committed(f->spool), 5);
    assert_int_equal(spool_synced(f->spool), 1);
    pthread_mutex_unlock(&disk);
    await_all_synced(f);
    assert_in_range(syncs - before, 1, 2); /* the one under way, and one for all behind it */
    assert_int_equal(spool_take_synced(f->spool), STATUS_OK);
    assert_pending(f, waiting, 3);
    reopen(f);
    assert_int_equal(spool_committed(f->spool), 0);
    assert_pending(f, waiting, 3);
}

static void test_after_a_failed_sync_nothing_more_is_certain(void **state) {
    struct fixture *f = *state;
    add_all(f, 1, 1);
    await_all_synced(f);
    sync_fails = true;
    add_all(f, 2, 2);
    assert_int_equal(await_sync(f), STATUS_IO);
    sync_fails = false;
    add_all(f, 3, 3);
    assert_int_equal(spool_take_synced(f->spool), STATUS_IO);
    assert_int_equal(spool_synced(f->spool), 1);
    reopen(f);
    assert_int_equal(spool_take_synced(f->spool), STATUS_OK);
    add_all(f, 4, 4);
    await_all_synced(f);
    assert_found(f, 1, 1, 1, true);
}

static void test_a_full_write_ahead_log_starts_anew_beside(void **state) {
    struct fixture *f = *state;
    for (uint64_t n = 1; n < 40000; n += 500) { /* past the 8 MiB at which it is written back, more than once */
        add_all(f, n, n + 499);
    }
    await_all_synced(f);
    assert_int_equal(spool_synced(f->spool), 80);
    reopen(f);
    assert_int_equal(spool_counters(f->spool).entries, 40000);
}

/* --- A disk that is full ---------------------------------------------------------------------------------------------- */

static uint64_t wal_bytes(const struct fixture *f) {
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s-wal", f->path);
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void test_a_full_disk_leaves_nothing(void **state) {
    struct fixture *f = *state;
    struct rlimit unlimited;
    prepare_four(f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 20000; room += 6007) {
        const struct rlimit full = {.rlim_cur = wal_bytes(f) + room, .rlim_max = unlimited.rlim_max};
        do_much(f);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        const enum status status = spool_commit(f->spool);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        assert_int_equal(status, STATUS_IO);
        spool_rollback(f->spool);
        check_four(f);
    }
    reopen(f);
    check_four(f);
    add_all(f, 5, 5);
}

/* --- Bounds ----------------------------------------------------------------------------------------------------------
 */

/* Fills it up, until a transaction of its own finds no room for one; returns the number of the last entry. */
static uint64_t fill_up(struct fixture *f, uint64_t n) {
    uint64_t before;
    do {
        enum status status = STATUS_OK;
        before = n;
        begin(f);
        while (n < before + 64 && (status = add(f, n)) == STATUS_OK) {
            n++;
        }
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
        commit(f); /* a full spool keeps what fitted */
    } while (n > before);
    return n - 1;
}

static void test_a_full_spool_takes_no_more_until_there_is_room(void **state) {
    struct fixture *f = *state;
    f->options.bytes_max = 400000;
    reopen(f);
    const uint64_t last = fill_up(f, 1);
    assert_in_range(last, 1000, 4000);
    assert_int_equal(spool_counters(f->spool).pending, last);
    reopen(f);
    begin(f);
    assert_int_equal(add(f, last + 1), STATUS_MEMORY);
    commit(f);
    settle_all(f, 1, last, 1, START_MS); /* verdicts always find room */
    while (spool_expire(f->spool, START_MS)) {
    }
    const uint64_t more = fill_up(f, last + 1);
    assert_true(more > last + 500);
    assert_found(f, 1, 1, 1, true);
    reopen(f);
    assert_in_range(spool_counters(f->spool).file_bytes, 1, 600000); /* settling needed some beyond the bound */
    assert_int_equal(spool_counters(f->spool).pending, more - last);
}

static void expire_all(struct fixture *f, int64_t now_ms) {
    int turns = 0;
    while (spool_expire(f->spool, now_ms)) {
        assert_true(++turns < 1000);
    }
}

static void test_settled_entries_are_forgotten_after_a_while(void **state) {
    struct fixture *f = *state;
    const int64_t late_ms = START_MS + 31 * DAY_MS;
    add_all(f, 1, 3000);
    settle_all(f, 1, 9, 1, START_MS + DAY_MS);
    settle_all(f, 11, 1999, 1, START_MS + DAY_MS);
    settle_all(f, 2000, 2500, 2, START_MS + DAY_MS);
    settle_all(f, 2501, 2600, 1, START_MS + 2 * DAY_MS);
    settle_all(f, 2601, 3000, 1, START_MS + DAY_MS);
    expire_all(f, late_ms); /* not older than the retention yet, to the millisecond */
    assert_int_equal(spool_counters(f->spool).entries, 3000);
    assert_found(f, 5, 5, 5, true);
    expire_all(f, late_ms + 1);
    for (int i = 0; i < 2; i++) {
        struct seen refused = {0};
        assert_int_equal(spool_counters(f->spool).entries,
                         102); /* 10 waits, 100 are younger, the newest keeps its number */
        assert_unknown(f, 5);
        assert_unknown(f, 2400);
        assert_found(f, 2550, 2550, 2550, true);
        assert_found(f, 3000, 3000, 3000, true);
        assert_pending(f, (const uint64_t[]){10}, 1);
        assert_int_equal(spool_refused(f->spool, 0, 64, see, &refused), STATUS_OK);
        assert_int_equal(refused.count, 0);
        reopen(f);
    }
    settle_all(f, 10, 10, 1, late_ms);
    expire_all(f, late_ms + 30 * DAY_MS + 1);
    assert_int_equal(spool_counters(f->spool).entries, 1);
    add_all(f, 3001, 3001);
}

/* Bodies of entries up to a number. */
static int64_t bodies_in(const struct fixture *f, int64_t up_to) {
    sqlite3 *db;
    sqlite3_stmt *count;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM body WHERE number <= ?1", -1, &count, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(count, 1, up_to);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    const int64_t bodies = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return bodies;
}

static void test_bodies_of_what_was_accepted_go_soon(void **state) {
    struct fixture *f = *state;
    for (uint64_t n = 1; n <= 80000; n += 1000) {
        add_all(f, n, n + 999);
    }
    settle_all(f, 2, 3, 2, START_MS);
    for (uint64_t n = 4; n < 80000; n += 999) {
        settle_all(f, n, n + 998 > 80000 ? 80000 : n + 998, 1, START_MS);
    }
    expire_all(f, START_MS); /* the first one waits: nothing but the most recent can stay behind it */
    assert_in_range(bodies_in(f, 80000), 3, 65536 + 1024 + 3);
    settle_all(f, 1, 1, 1, START_MS);
    expire_all(f, START_MS);
    assert_in_range(bodies_in(f, 80000), 2, 514);
    assert_int_equal(bodies_in(f, 1000), 2); /* the late one's is gone too, those of the refused stay */
    struct seen seen = {.with_bodies = true};
    assert_int_equal(spool_refused(f->spool, 0, 64, see, &seen), STATUS_OK);
    assert_int_equal(seen.count, 2);
    assert_found(f, 1, 1, 1, true);
    assert_int_equal(spool_counters(f->spool).entries, 80000);
}

/* Much more than the WAL may hold goes through it. */
static void test_the_wal_stays_bounded_under_load(void **state) {
    struct fixture *f = *state;
    uint64_t largest = 0;
    static uint8_t body[2000];
    uint64_t number = 0;
    for (int batch = 0; batch < 1000; batch++) {
        begin(f);
        for (int i = 0; i < 64; i++) {
            struct spool_entry entry = {.body = body, .body_size = sizeof body, .taken_at_ms = START_MS};
            number++;
            fill(entry.key, number);
            if (number > 64) {
                assert_int_equal(spool_settle(f->spool, number - 64, 1, 0, START_MS), STATUS_OK);
            }
            assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
        }
        commit(f);
        (void)spool_expire(f->spool, START_MS);
        const uint64_t now = wal_bytes(f);
        largest = now > largest ? now : largest;
    }
    assert_in_range(largest, 1, 80 * 1024 * 1024);
    assert_in_range(spool_counters(f->spool).file_bytes, 1, 80 * 1024 * 1024); /* 128 MB of bodies went through it */
    reopen(f);
    assert_int_equal(spool_counters(f->spool).pending, 64);
    assert_found(f, 1, 1, 1, false);
}

/* --- Secrecy ---------------------------------------------------------------------------------------------------------
 */

static void test_no_body_stands_in_a_file_in_clear(void **state) {
    struct fixture *f = *state;
    struct dirent *file;
    int files = 0;
    add_all(f, 1, 500);
    settle_all(f, 1, 100, 1, START_MS);
    settle_all(f, 101, 200, 2, START_MS);
    DIR *folder = opendir(f->folder);
    assert_non_null(folder);
    while ((file = readdir(folder)) != NULL) {
        char path[400];
        struct buffer text = {0};
        snprintf(path, sizeof path, "%s/%s", f->folder, file->d_name);
        if (file->d_name[0] != '.' && file_read(path, 1u << 28, &text) == STATUS_OK) {
            files++;
            assert_null(memmem(text.data, text.size, CANARY, strlen(CANARY)));
            assert_null(memmem(text.data, text.size, "411099", 6));
        }
        buffer_release(&text);
    }
    closedir(folder);
    assert_true(files >= 3);
    assert_int_equal(pending(f, 0, 1, 0).count, 1); /* it is there nonetheless */
}

/* --- Any order of anything, against plain arrays ---------------------------------------------------------------------
 */

#define MODEL_MAX 6000
struct model {
    uint64_t keys[MODEL_MAX];
    uint64_t hashes[MODEL_MAX];
    uint32_t verdicts[MODEL_MAX]; /* UINT32_MAX: forgotten */
    uint64_t newest;
};

static uint64_t dice_state;
static uint64_t dice(uint64_t sides) {
    dice_state += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(dice_state) % sides;
}

static void check_find(struct fixture *f, const struct model *model, uint64_t key, uint64_t hash) {
    struct spool_entry entry;
    uint64_t of_both = 0;
    uint64_t of_key = 0;
    bool same;
    for (uint64_t n = 1; n <= model->newest; n++) {
        if (model->keys[n] == key) {
            of_key = n;
            of_both = model->hashes[n] == hash ? n : of_both;
        }
    }
    const enum status status = find(f, key, hash, &entry, &same);
    assert_int_equal(status, of_key == 0 ? STATUS_NOT_FOUND : STATUS_OK);
    assert_int_equal(same, of_both > 0);
    if (of_key > 0) {
        const uint64_t expected = of_both > 0 ? of_both : of_key;
        assert_int_equal(entry.number, expected);
        assert_int_equal(entry.verdict, model->verdicts[expected]);
    }
}

static void do_anything(struct fixture *f, struct model *model) {
    const int steps = (int)dice(40);
    for (int i = 0; i < steps; i++) {
        const uint64_t key = dice(3) == 0 ? dice(10) : 100 + dice(1500);
        const uint64_t hash = dice(6);
        if (dice(3) == 0 && model->newest > 0) {
            const uint64_t n = 1 + dice(model->newest);
            const uint32_t verdict = 1 + (uint32_t)dice(3);
            assert_int_equal(spool_settle(f->spool, n, verdict, 0, START_MS),
                             model->verdicts[n] == 0 ? STATUS_OK : STATUS_NOT_FOUND);
            model->verdicts[n] = model->verdicts[n] == 0 ? verdict : model->verdicts[n];
        } else if (model->newest + 1 < MODEL_MAX) {
            struct spool_entry entry = {.taken_at_ms = START_MS};
            fill(entry.key, key);
            fill(entry.hash, hash);
            assert_int_equal(spool_add(f->spool, &entry), STATUS_OK);
            assert_int_equal(entry.number, ++model->newest);
            model->keys[model->newest] = key;
            model->hashes[model->newest] = hash;
            model->verdicts[model->newest] = 0;
        }
        check_find(f, model, key, hash);
    }
}

static void check_counts(struct fixture *f, const struct model *model) {
    uint64_t waiting = 0;
    for (uint64_t n = 1; n <= model->newest; n++) {
        waiting += model->verdicts[n] == 0;
    }
    assert_int_equal(spool_counters(f->spool).pending, waiting);
    assert_int_equal(spool_counters(f->spool).entries, model->newest);
}

static void test_any_order_of_anything(void **state) {
    struct fixture *f = *state;
    struct model *model = calloc(1, sizeof *model);
    struct model *before = calloc(1, sizeof *before);
    assert_true(model != NULL && before != NULL);
    dice_state = 20260101;
    for (int round = 0; round < 250; round++) {
        *before = *model;
        begin(f);
        do_anything(f, model);
        if (dice(3) == 0) {
            spool_rollback(f->spool);
            *model = *before;
        } else {
            commit(f);
        }
        if (dice(20) == 0) {
            reopen(f);
        }
        check_counts(f, model);
        for (int i = 0; i < 10; i++) {
            check_find(f, model, dice(2) == 0 ? dice(10) : 100 + dice(1500), dice(6));
        }
    }
    free(model);
    free(before);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define BESIDE(test) cmocka_unit_test_setup_teardown(test, set_up_beside, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_entries_wait_until_they_are_settled),
        T(test_only_what_waits_can_be_settled),
        T(test_an_entry_may_come_with_its_verdict),
        T(test_what_was_refused_stays_with_its_body),
        T(test_a_key_used_for_several),
        T(test_bodies_of_any_size),
        T(test_a_large_body_comes_back),
        T(test_what_is_not_ours_is_refused),
        T(test_a_broken_entry_is_noticed),
        T(test_two_never_write_one_spool),
        T(test_a_rollback_leaves_nothing),
        T(test_a_crash_before_the_commit_leaves_nothing),
        T(test_a_commit_is_one_sync),
        T(test_a_failing_sync_leaves_nothing),
        T(test_a_commit_is_synced_when_it_returns),
        BESIDE(test_the_writer_does_not_wait_for_the_disk),
        BESIDE(test_after_a_failed_sync_nothing_more_is_certain),
        BESIDE(test_a_full_write_ahead_log_starts_anew_beside),
        T(test_a_full_disk_leaves_nothing),
        T(test_a_full_spool_takes_no_more_until_there_is_room),
        T(test_settled_entries_are_forgotten_after_a_while),
        T(test_bodies_of_what_was_accepted_go_soon),
        T(test_the_wal_stays_bounded_under_load),
        T(test_no_body_stands_in_a_file_in_clear),
        T(test_any_order_of_anything),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
