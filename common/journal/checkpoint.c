#include "journal/checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "journal/sql.h"

#define ROUNDS_MAX 4
#define OVERDUE_FACTOR 8 /* from a WAL of so many times the limit on, each transaction waits for a checkpoint first */
#define OVERDUE_WAIT_NS 10000000 /* for readers, before each transaction */
#define POLL_NS 100000 /* while readers are waited for */

struct checkpointer {
    sqlite3 *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t limit_pages;   /* WAL size that starts a checkpoint */
    uint32_t trigger_pages; /* the next one, after a checkpoint that could not end */
    uint32_t wal_pages;
    bool is_stopping;
    bool is_writing; /* the writer is in a transaction */
    bool is_wanted;  /* the writer is to wait before the next one */
    bool is_failing; /* logged already */
    bool is_overdue; /* the writer waits for a checkpoint: the WAL has grown too long */
    int64_t deadline_ns;
    uint64_t checkpoints;
    uint64_t checkpoint_ns;
};

/* --- The writer's side -----------------------------------------------------------------------------------------------
 */

void checkpointer_enter(struct checkpointer *checkpointer) {
    pthread_mutex_lock(&checkpointer->lock);
    while (checkpointer->is_wanted) {
        pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
    }
    if (checkpointer->wal_pages >= checkpointer->limit_pages * OVERDUE_FACTOR && !checkpointer->is_failing) {
        checkpointer->is_overdue = true;
        pthread_cond_broadcast(&checkpointer->changed);
        while (checkpointer->is_overdue) {
            pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
        }
    }
    checkpointer->is_writing = true;
    pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_leave(struct checkpointer *checkpointer) {
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_writing = false;
    if (checkpointer->is_wanted || checkpointer->wal_pages >= checkpointer->trigger_pages) {
        pthread_cond_broadcast(&checkpointer->changed);
    }
    pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_note(struct checkpointer *checkpointer, uint32_t wal_pages) {
    pthread_mutex_lock(&checkpointer->lock);
    if (wal_pages < checkpointer->wal_pages) {
        checkpointer->trigger_pages = checkpointer->limit_pages; /* the WAL was started over */
    }
    checkpointer->wal_pages = wal_pages;
    pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_counters(struct checkpointer *checkpointer, uint64_t *checkpoints, uint64_t *checkpoint_ns) {
    pthread_mutex_lock(&checkpointer->lock);
    *checkpoints = checkpointer->checkpoints;
    *checkpoint_ns = checkpointer->checkpoint_ns;
    pthread_mutex_unlock(&checkpointer->lock);
}

/* --- The thread's side -----------------------------------------------------------------------------------------------
 */

/* Called by SQLite while readers are in the way: waits, within the time the writer may be held. */
static int wait_for_readers(void *user, int times) {
    const struct checkpointer *checkpointer = user;
    const struct timespec pause = {.tv_nsec = POLL_NS};
    (void)times;
    if (clock_monotonic_ns() >= checkpointer->deadline_ns) {
        return 0;
    }
    nanosleep(&pause, NULL);
    return 1;
}

/* One checkpoint; *copied_pages of the WAL are in the file now. */
static bool run_once(struct checkpointer *checkpointer, int mode, uint32_t *copied_pages) {
    int in_wal = 0;
    int copied = 0;
    const int64_t start_ns = clock_monotonic_ns();
    const int code = sqlite3_wal_checkpoint_v2(checkpointer->db, NULL, mode, &in_wal, &copied);
    const bool works = code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY;
    if (!works && !checkpointer->is_failing) {
        (void)sql_result(checkpointer->db, code, "checkpoint");
    }
    *copied_pages = copied > 0 ? (uint32_t)copied : 0;
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_failing = !works; /* the writer asks before it waits for a checkpoint */
    checkpointer->checkpoints++;
    checkpointer->checkpoint_ns += (uint64_t)(clock_monotonic_ns() - start_ns);
    pthread_mutex_unlock(&checkpointer->lock);
    return works;
}

/* Pages that came while the others were copied. False: none, nor will one before the writer begins anew, which lets it
 * start the WAL over by itself. */
static bool is_something_left(struct checkpointer *checkpointer, uint32_t copied, uint32_t *wal, uint32_t *left) {
    pthread_mutex_lock(&checkpointer->lock);
    *wal = checkpointer->wal_pages;
    *left = *wal > copied ? *wal - copied : 0;
    const bool is_left = *left > 0 || checkpointer->is_writing;
    pthread_mutex_unlock(&checkpointer->lock);
    return is_left;
}

/* How much the writer may be held for, and how long readers are waited for: little, unless the WAL has grown long. */
static uint32_t pages_worth_holding(const struct checkpointer *checkpointer, uint32_t pages) {
    const uint32_t limit = checkpointer->limit_pages;
    return pages < limit * 2 ? limit / 8 + 1 : pages < limit * 4 ? limit / 2 + 1 : limit;
}
static int64_t ns_to_wait(const struct checkpointer *checkpointer, uint32_t pages) {
    const int64_t ms = pages < checkpointer->limit_pages * 3 ? 3 : pages < checkpointer->limit_pages * 6 ? 15 : 40;
    return ms * 1000000;
}

/* Copies the rest and lets the WAL start over, while the writer waits between two transactions. */
static void finish_holding_writer(struct checkpointer *checkpointer, uint32_t pages) {
    uint32_t copied;
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_wanted = true;
    while (checkpointer->is_writing) {
        pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
    }
    pthread_mutex_unlock(&checkpointer->lock);
    const int64_t wait_ns = checkpointer->is_overdue ? OVERDUE_WAIT_NS : ns_to_wait(checkpointer, pages);
    checkpointer->deadline_ns = clock_monotonic_ns() + wait_ns;
    (void)run_once(checkpointer, SQLITE_CHECKPOINT_RESTART, &copied);
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_wanted = false;
    checkpointer->is_overdue = false;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
}

static void checkpoint(struct checkpointer *checkpointer) {
    uint32_t left = UINT32_MAX;
    uint32_t before;
    uint32_t wal;
    uint32_t copied;
    uint32_t rounds = 0;
    do {
        before = left;
        checkpointer->deadline_ns = 0;
        if (!run_once(checkpointer, SQLITE_CHECKPOINT_PASSIVE, &copied) ||
            !is_something_left(checkpointer, copied, &wal, &left)) {
            return;
        }
    } while (left > pages_worth_holding(checkpointer, wal) && left < before && ++rounds < ROUNDS_MAX);
    if (left <= pages_worth_holding(checkpointer, wal)) {
        finish_holding_writer(checkpointer, wal);
    }
}

static void *run(void *user) {
    struct checkpointer *checkpointer = user;
    pthread_mutex_lock(&checkpointer->lock);
    for (;;) {
        while (!checkpointer->is_stopping && !checkpointer->is_overdue &&
               checkpointer->wal_pages < checkpointer->trigger_pages) {
            pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
        }
        if (checkpointer->is_stopping) {
            break;
        }
        const bool is_overdue = checkpointer->is_overdue;
        const uint32_t pages = checkpointer->wal_pages;
        pthread_mutex_unlock(&checkpointer->lock);
        if (is_overdue) {
            finish_holding_writer(checkpointer, pages);
        } else {
            checkpoint(checkpointer);
        }
        pthread_mutex_lock(&checkpointer->lock);
        /* Until the writer starts the WAL over, a further one is worth while only when there is more to copy. */
        checkpointer->trigger_pages = checkpointer->wal_pages + checkpointer->limit_pages / 4 + 1;
    }
    pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

/* Signals are for the thread that has the loop. */
static int start_thread(struct checkpointer *checkpointer) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(&checkpointer->thread, NULL, run, checkpointer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

enum status checkpointer_start(const char *path, uint64_t wal_bytes, uint32_t page_bytes,
                               struct checkpointer **checkpointer) {
    struct checkpointer *c = calloc(1, sizeof *c);
    CHECK(c != NULL && page_bytes > 0);
    *checkpointer = NULL;
    const uint64_t pages = wal_bytes / page_bytes;
    c->limit_pages = pages < 8 ? 8 : pages > UINT32_MAX / 16 ? UINT32_MAX / 16 : (uint32_t)pages;
    c->trigger_pages = c->limit_pages;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    enum status status = sql_open(path, SQL_WRITE, &c->db);
    if (status == STATUS_OK) {
        sqlite3_busy_handler(c->db, wait_for_readers, c);
        status = sql_run(c->db, "PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL; PRAGMA cache_size=-64");
    }
    if (status == STATUS_OK && start_thread(c) != 0) {
        LOG_ERROR("no thread for checkpoints");
        status = STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        if (c->db != NULL) {
            sql_close(&c->db);
        }
        free(c);
        return status;
    }
    *checkpointer = c;
    return STATUS_OK;
}

void checkpointer_stop(struct checkpointer **checkpointer) {
    struct checkpointer *c = *checkpointer;
    if (c == NULL) {
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->is_stopping = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    sql_close(&c->db);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *checkpointer = NULL;
}
