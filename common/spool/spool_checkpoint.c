#include "spool/spool_checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "spool/spool_internal.h"

#define PAGES_DUE 2048 /* 8 MiB */
#define PAGES_OVERDUE (8 * PAGES_DUE)

/* The semaphores hand the work over and back; everything else belongs to one side at a time. */
struct spool_checkpointer {
    sqlite3 *db, *writer;
    pthread_t thread;
    sem_t asked, done;
    bool is_stopping;
    /* The writer's: */
    bool is_running;    /* asked, and not done yet */
    bool is_failing;    /* logged already */
    uint32_t wal_pages; /* after its last commit */
    uint32_t due_pages; /* the WAL that starts the next one */
};

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
        CHECK(errno == EINTR);
    }
}

static void *run(void *user) {
    struct spool_checkpointer *checkpointer = user;
    for (;;) {
        wait_for(&checkpointer->asked);
        if (checkpointer->is_stopping) {
            return NULL;
        }
        /* What fails here fails for the writer too, who says so. */
        (void)sqlite3_wal_checkpoint_v2(checkpointer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        sem_post(&checkpointer->done);
    }
}

/* The writer is between two transactions and the thread at rest: nothing is left behind. */
static void finish(struct spool_checkpointer *checkpointer) {
    int in_wal = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(checkpointer->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied);
    const bool fails = code != SQLITE_OK;
    if (fails && !checkpointer->is_failing) {
        (void)spool_store_result(checkpointer->writer, code, "checkpoint");
    }
    checkpointer->is_failing = fails;
    /* When all is copied the next commit begins a new WAL and says so; when not, again after some more. */
    checkpointer->due_pages = !fails && copied == in_wal ? PAGES_DUE : checkpointer->wal_pages + PAGES_DUE / 4;
    checkpointer->wal_pages = !fails && copied == in_wal ? 0 : checkpointer->wal_pages;
}

void spool_checkpointer_turn(struct spool_checkpointer *checkpointer) {
    if (!checkpointer->is_running && checkpointer->wal_pages >= checkpointer->due_pages) {
        checkpointer->is_running = true;
        sem_post(&checkpointer->asked);
    }
    if (!checkpointer->is_running) {
        return;
    }
    if (checkpointer->wal_pages >= PAGES_OVERDUE && !checkpointer->is_failing) {
        wait_for(&checkpointer->done);
    } else if (sem_trywait(&checkpointer->done) != 0) {
        return;
    }
    checkpointer->is_running = false;
    finish(checkpointer);
}

static int note_wal(void *user, sqlite3 *db, const char *name, int pages) {
    struct spool_checkpointer *checkpointer = user;
    (void)db;
    (void)name;
    checkpointer->wal_pages = (uint32_t)pages;
    return SQLITE_OK;
}

/* Signals are for the thread that has the loop. */
static int start_thread(struct spool_checkpointer *checkpointer) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(&checkpointer->thread, NULL, run, checkpointer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

enum status spool_checkpointer_start(const char *path, sqlite3 *writer, struct spool_checkpointer **checkpointer) {
    struct spool_checkpointer *c = calloc(1, sizeof *c);
    CHECK(c != NULL);
    *checkpointer = NULL;
    c->writer = writer;
    c->due_pages = PAGES_DUE;
    CHECK(sem_init(&c->asked, 0, 0) == 0 && sem_init(&c->done, 0, 0) == 0);
    enum status status = spool_store_open(path, &c->db);
    if (status == STATUS_OK) {
        status = spool_store_result(c->db,
                                    sqlite3_exec(c->db,
                                                 "PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL;"
                                                 "PRAGMA cache_size=-64",
                                                 NULL, NULL, NULL),
                                    "configure");
        if (status == STATUS_OK && start_thread(c) != 0) {
            LOG_ERROR("no thread for checkpoints");
            status = STATUS_MEMORY;
        }
    }
    if (status != STATUS_OK) {
        (void)sqlite3_close(c->db);
        free(c);
        return status;
    }
    sqlite3_wal_hook(writer, note_wal, c);
    *checkpointer = c;
    return STATUS_OK;
}

void spool_checkpointer_stop(struct spool_checkpointer **checkpointer) {
    struct spool_checkpointer *c = *checkpointer;
    if (c == NULL) {
        return;
    }
    sqlite3_wal_hook(c->writer, NULL, NULL);
    c->is_stopping = true;
    sem_post(&c->asked);
    pthread_join(c->thread, NULL);
    CHECK(sqlite3_close(c->db) == SQLITE_OK);
    sem_destroy(&c->asked);
    sem_destroy(&c->done);
    free(c);
    *checkpointer = NULL;
}
