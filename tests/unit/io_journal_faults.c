#include "support/journal_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/log.h"

/* --- A disk whose fsync can be made to fail --------------------------------------------------------------------------
 *
 * SQLite's own way to the disk, but for the sync of the WAL. */

static sqlite3_vfs *disk;
static sqlite3_vfs faulty_disk;
static sqlite3_io_methods faulty_methods;
static const sqlite3_io_methods *disk_methods;
static atomic_bool sync_fails;
static atomic_int wal_syncs;

struct faulty_file {
    sqlite3_file file;
    sqlite3_file *real; /* behind this one in memory */
};

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct faulty_file *)file)->real;
}

#define PASS_ON(name, parameters, arguments)                                                                           \
    static int faulty_##name parameters {                                                                              \
        return disk_methods->name arguments;                                                                           \
    }
PASS_ON(xRead, (sqlite3_file * f, void *data, int size, sqlite3_int64 at), (real_of(f), data, size, at))
PASS_ON(xWrite, (sqlite3_file * f, const void *data, int size, sqlite3_int64 at), (real_of(f), data, size, at))
PASS_ON(xTruncate, (sqlite3_file * f, sqlite3_int64 size), (real_of(f), size))
PASS_ON(xFileSize, (sqlite3_file * f, sqlite3_int64 *size), (real_of(f), size))
PASS_ON(xLock, (sqlite3_file * f, int level), (real_of(f), level))
PASS_ON(xUnlock, (sqlite3_file * f, int level), (real_of(f), level))
PASS_ON(xCheckReservedLock, (sqlite3_file * f, int *out), (real_of(f), out))
PASS_ON(xFileControl, (sqlite3_file * f, int op, void *argument), (real_of(f), op, argument))
PASS_ON(xSectorSize, (sqlite3_file * f), (real_of(f)))
PASS_ON(xDeviceCharacteristics, (sqlite3_file * f), (real_of(f)))
PASS_ON(xShmMap, (sqlite3_file * f, int page, int size, int extend, void volatile **out),
        (real_of(f), page, size, extend, out))
PASS_ON(xShmLock, (sqlite3_file * f, int offset, int n, int flags), (real_of(f), offset, n, flags))
PASS_ON(xShmUnmap, (sqlite3_file * f, int removes), (real_of(f), removes))

static void faulty_xShmBarrier(sqlite3_file *f) {
    disk_methods->xShmBarrier(real_of(f));
}

static int faulty_xClose(sqlite3_file *f) {
    return real_of(f)->pMethods == NULL ? SQLITE_OK : real_of(f)->pMethods->xClose(real_of(f));
}

static int sync_wal(sqlite3_file *f, int flags) {
    wal_syncs++;
    return sync_fails ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int sync_other(sqlite3_file *f, int flags) {
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    static sqlite3_io_methods wal_methods;
    struct faulty_file *f = (struct faulty_file *)file;
    (void)vfs;
    f->real = (sqlite3_file *)(f + 1);
    const int code = disk->xOpen(disk, name, f->real, flags, out_flags);
    if (code != SQLITE_OK) {
        f->file.pMethods = NULL;
        return code;
    }
    if (disk_methods == NULL) {
        disk_methods = f->real->pMethods;
    }
    faulty_methods = (sqlite3_io_methods){2,
                                          faulty_xClose,
                                          faulty_xRead,
                                          faulty_xWrite,
                                          faulty_xTruncate,
                                          sync_other,
                                          faulty_xFileSize,
                                          faulty_xLock,
                                          faulty_xUnlock,
                                          faulty_xCheckReservedLock,
                                          faulty_xFileControl,
                                          faulty_xSectorSize,
                                          faulty_xDeviceCharacteristics,
                                          faulty_xShmMap,
                                          faulty_xShmLock,
                                          faulty_xShmBarrier,
                                          faulty_xShmUnmap,
                                          NULL,
                                          NULL};
    wal_methods = faulty_methods;
    wal_methods.xSync = sync_wal;
    f->file.pMethods = (flags & SQLITE_OPEN_WAL) != 0 ? &wal_methods : &faulty_methods;
    return SQLITE_OK;
}

static void use_faulty_disk(void) {
    disk = sqlite3_vfs_find(NULL);
    assert_non_null(disk);
    faulty_disk = *disk;
    faulty_disk.zName = "faulty";
    faulty_disk.szOsFile = (int)sizeof(struct faulty_file) + disk->szOsFile;
    faulty_disk.xOpen = faulty_open;
    assert_int_equal(sqlite3_vfs_register(&faulty_disk, 1), SQLITE_OK);
}

/* What a commit that failed must not have changed. */
struct before {
    uint64_t head;
    uint8_t chain[32];
    uint64_t commits;
};

static struct before remember(struct journal *journal) {
    struct before before = {.head = journal_head(journal), .commits = journal_counters(journal).commits};
    journal_head_chain(journal, before.chain);
    return before;
}

static void assert_unchanged(struct journal *journal, const struct before *before) {
    const struct before after = remember(journal);
    assert_int_equal(after.head, before->head);
    assert_int_equal(journal_next(journal), before->head + 1);
    assert_int_equal(after.commits, before->commits);
    assert_memory_equal(after.chain, before->chain, 32);
}

static void test_a_commit_is_one_sync(void **state) {
    struct journal_fixture *f = *state;
    assert_int_equal(commit_commands(f->journal, 1, 10), STATUS_OK);
    const int before = wal_syncs;
    assert_int_equal(commit_commands(f->journal, 11, 3000), STATUS_OK);
    assert_int_equal(wal_syncs, before + 1);
}

static void test_a_failing_sync_changes_nothing(void **state) {
    struct journal_fixture *f = *state;
    assert_int_equal(commit_commands(f->journal, 1, 100), STATUS_OK);
    const struct before before = remember(f->journal);
    for (int attempt = 0; attempt < 3; attempt++) {
        sync_fails = true;
        const enum status status = commit_commands(f->journal, 101, 500);
        sync_fails = false;
        assert_int_equal(status, STATUS_IO);
        assert_unchanged(f->journal, &before);
    }
    assert_int_equal(commit_commands(f->journal, 101, 200), STATUS_OK); /* the ids are free */
    assert_verified(f, 300);
    fixture_reopen(f);
    assert_verified(f, 300);
}

static void test_a_full_disk_changes_nothing(void **state) {
    struct journal_fixture *f = *state;
    struct rlimit unlimited;
    assert_int_equal(commit_commands(f->journal, 1, 100), STATUS_OK);
    const struct before before = remember(f->journal);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 200000; room += 30011) {
        const struct rlimit full = {.rlim_cur = journal_counters(f->journal).wal_bytes + room,
                                    .rlim_max = unlimited.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        const enum status status = commit_commands(f->journal, 101, 5000);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        assert_int_equal(status, STATUS_IO);
        assert_unchanged(f->journal, &before);
    }
    assert_int_equal(commit_commands(f->journal, 101, 5000), STATUS_OK);
    assert_verified(f, 5100);
    fixture_reopen(f);
    assert_verified(f, 5100);
}

/* A transaction larger than SQLite's cache goes to the WAL before its commit, so the disk is full while rows are handed
 * over. From there on nothing of it is possible but the rollback. */
static void test_a_disk_full_before_the_commit_changes_nothing(void **state) {
    static uint8_t body[60000];
    struct journal_fixture *f = *state;
    struct rlimit unlimited;
    const struct id id = command_id(101);
    assert_int_equal(commit_commands(f->journal, 1, 100), STATUS_OK);
    const struct before before = remember(f->journal);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 4000000; room += 1300021) {
        const struct rlimit full = {.rlim_cur = journal_counters(f->journal).wal_bytes + room,
                                    .rlim_max = unlimited.rlim_max};
        struct journal_outcome outcome;
        enum status status = journal_begin(f->journal);
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(claim_command(f->journal, 101), STATUS_OK);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        for (int i = 0; status == STATUS_OK && i < 10000; i++) {
            struct journal_row row = {
                .command = id, .private_body = body, .private_size = i % 40 == 0 ? sizeof body : 3000};
            status = journal_append(f->journal, &row);
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        assert_int_equal(status, STATUS_IO);
        assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_IO);
        assert_int_equal(journal_commit(f->journal), STATUS_IO);
        journal_rollback(f->journal);
        assert_unchanged(f->journal, &before);
    }
    assert_int_equal(commit_commands(f->journal, 101, 5000), STATUS_OK);
    assert_verified(f, 5100);
}

/* --- A process that is killed ----------------------------------------------------------------------------------------
 */

/* Commits and says each head that a commit made, until it is killed. */
static void write_until_killed(struct journal_fixture *f, int out) {
    for (uint64_t seed = 1;; seed++) {
        const uint64_t next = journal_next(f->journal);
        if (commit_commands(f->journal, next, 1 + hash_mix64(next * seed) % 300) != STATUS_OK) {
            _exit(1);
        }
        const uint64_t head = journal_head(f->journal);
        if (write(out, &head, sizeof head) != sizeof head) {
            _exit(2);
        }
    }
}

static void start_writer(struct journal_fixture *f, pid_t *child, int *heads) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *child = fork();
    assert_true(*child >= 0);
    if (*child == 0) {
        close(ends[0]);
        fixture_open(f); /* the parent has none open: SQLite does not outlive a fork */
        write_until_killed(f, ends[1]);
    }
    close(ends[1]);
    *heads = ends[0];
}

static void test_nothing_committed_is_lost_to_a_kill(void **state) {
    struct journal_fixture *f = *state;
    f->options.checkpoint_bytes = 512 * 1024; /* kills hit checkpoints too */
    for (uint64_t round = 1; round <= 12; round++) {
        pid_t child;
        int heads;
        int how;
        uint64_t committed = 0;
        journal_close(&f->journal);
        start_writer(f, &child, &heads);
        const uint64_t commits = 1 + hash_mix64(round) % 40;
        for (uint64_t i = 0; i < commits; i++) {
            assert_int_equal(read(heads, &committed, sizeof committed), sizeof committed);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        for (uint64_t late; read(heads, &late, sizeof late) == sizeof late;) {
            committed = late;
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        close(heads);
        fixture_open(f);
        assert_true(journal_head(f->journal) >= committed);
        assert_verified(f, journal_head(f->journal));
        /* Each command that is there has its row and its id, and no id has none. */
        assert_int_equal(journal_begin(f->journal), STATUS_OK);
        const uint64_t head = journal_head(f->journal);
        assert_int_equal(outcome_of(f->journal, head).first_seq, head);
        assert_int_equal(outcome_of(f->journal, head).events, 1);
        bool known[JOURNAL_GROUP];
        const uint64_t back = head < 8 ? head : 8;
        assert_int_equal(claim_commands(f->journal, head + 1 - back, JOURNAL_GROUP, known), STATUS_OK);
        for (size_t i = 0; i < JOURNAL_GROUP; i++) {
            assert_int_equal(known[i], i < back);
        }
        journal_rollback(f->journal);
    }
}

/* --- Checkpoints -----------------------------------------------------------------------------------------------------
 */

struct follower_of_log {
    const struct journal_options *options;
    atomic_bool is_done;
    uint64_t rows;
    bool failed;
};

/* Reads the whole log again and again, as followers far behind do. */
static void *follow(void *user) {
    struct follower_of_log *follower = user;
    struct journal_reader *reader;
    struct journal_row row;
    if (journal_reader_open(follower->options, &reader) != STATUS_OK) {
        follower->failed = true;
        return NULL;
    }
    while (!follower->is_done && !follower->failed) {
        enum status status = journal_reader_seek(reader, 0, UINT64_MAX, true);
        while (!follower->is_done && (status = journal_reader_next(reader, &row)) == STATUS_OK) {
            follower->rows++;
        }
        follower->failed = status != STATUS_OK && status != STATUS_NOT_FOUND;
    }
    journal_reader_close(&reader);
    return NULL;
}

/* From eight times the setting on each transaction waits for a checkpoint (at most 10 ms for readers that are in its
 * way): twice that is out of reach on a machine however busy.
 *
 * Writes flat out until the log has grown by far more than the WAL may; returns the WAL's largest size. */
static uint64_t write_flat_out(struct journal_fixture *f, uint64_t rows) {
    uint64_t wal_bytes = 0;
    while (journal_head(f->journal) < rows) {
        assert_int_equal(commit_commands(f->journal, journal_next(f->journal), 100), STATUS_OK);
        const uint64_t now = journal_counters(f->journal).wal_bytes;
        wal_bytes = now > wal_bytes ? now : wal_bytes;
    }
    return wal_bytes;
}

static void test_the_wal_stays_bounded_under_load(void **state) {
    struct journal_fixture *f = *state;
    struct follower_of_log follower = {.options = &f->options};
    pthread_t thread;
    f->options.checkpoint_bytes = 1024 * 1024;
    fixture_reopen(f);
    uint64_t wal_bytes = write_flat_out(f, 40000);
    assert_in_range(wal_bytes, 1, f->options.checkpoint_bytes * 16);
    assert_true(journal_counters(f->journal).checkpoints > 0);
    assert_int_equal(pthread_create(&thread, NULL, follow, &follower), 0);
    wal_bytes = write_flat_out(f, 80000);
    follower.is_done = true;
    pthread_join(thread, NULL);
    assert_false(follower.failed);
    assert_in_range(wal_bytes, 1, f->options.checkpoint_bytes * 16);
    assert_true(journal_counters(f->journal).file_bytes > f->options.checkpoint_bytes * 8);
    assert_verified(f, 80000);
}

/* A reader that pauses within a stretch keeps the WAL, but never the writer. */
static void test_a_pausing_reader_stops_nobody(void **state) {
    struct journal_fixture *f = *state;
    struct journal_reader *reader;
    struct journal_row row;
    f->options.checkpoint_bytes = 128 * 1024;
    fixture_reopen(f);
    assert_int_equal(commit_commands(f->journal, 1, 100), STATUS_OK);
    assert_int_equal(journal_reader_open(&f->options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, 0, UINT64_MAX, true), STATUS_OK);
    assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
    (void)write_flat_out(f, 20000);
    for (uint64_t seq = 2; seq <= 20000; seq++) { /* and then reads on, beyond what it began with */
        enum status status = journal_reader_next(reader, &row);
        if (status == STATUS_NOT_FOUND) {
            status = journal_reader_next(reader, &row);
        }
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(row.seq, seq);
    }
    journal_reader_close(&reader);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_commit_is_one_sync),
        T(test_a_failing_sync_changes_nothing),
        T(test_a_full_disk_changes_nothing),
        T(test_a_disk_full_before_the_commit_changes_nothing),
        T(test_nothing_committed_is_lost_to_a_kill),
        T(test_the_wal_stays_bounded_under_load),
        T(test_a_pausing_reader_stops_nobody),
    };
    log_init("test", LOG_LEVEL_ERROR);
    use_faulty_disk();
    return cmocka_run_group_tests_name("journal faults", tests, NULL, NULL);
}
