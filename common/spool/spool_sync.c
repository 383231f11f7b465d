#include "spool/spool_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

struct spool_syncer {
    pthread_t thread;
    sem_t asked;
    int descriptor;
    char *wal_path;
    int wal; /* the thread's; -1: not open yet */
    atomic_uint_fast64_t written;
    atomic_uint_fast64_t synced;
    atomic_bool has_failed;
    atomic_bool is_stopping;
};

/* Its name is on the disk only when its folder is. */
static bool open_wal(struct spool_syncer *syncer) {
    syncer->wal = open(syncer->wal_path, O_RDWR | O_CLOEXEC);
    char *copy = strdup(syncer->wal_path);
    CHECK(copy != NULL);
    const int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    const bool is_synced = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) {
        close(folder);
    }
    return syncer->wal >= 0 && is_synced;
}

static void sync_written(struct spool_syncer *syncer) {
    const uint64_t written = atomic_load(&syncer->written);
    if (written == atomic_load(&syncer->synced) || atomic_load(&syncer->has_failed)) {
        return;
    }
    if ((syncer->wal >= 0 || open_wal(syncer)) && fdatasync(syncer->wal) == 0) {
        atomic_store(&syncer->synced, written);
    } else {
        LOG_ERROR("the spool cannot be synced", LOG_S("error", strerror(errno)));
        atomic_store(&syncer->has_failed, true);
    }
    (void)eventfd_write(syncer->descriptor, 1);
}

static void *run(void *user) {
    struct spool_syncer *syncer = user;
    while (!atomic_load(&syncer->is_stopping)) {
        while (sem_wait(&syncer->asked) != 0) {
            CHECK(errno == EINTR);
        }
        sync_written(syncer);
    }
    return NULL;
}

/* Signals are for the thread that has the loop. */
static int start_thread(struct spool_syncer *syncer) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(&syncer->thread, NULL, run, syncer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

enum status spool_syncer_start(const char *path, struct spool_syncer **syncer) {
    struct spool_syncer *s = calloc(1, sizeof *s);
    *syncer = NULL;
    CHECK(s != NULL && asprintf(&s->wal_path, "%s-wal", path) >= 0);
    CHECK(sem_init(&s->asked, 0, 0) == 0);
    s->wal = -1;
    s->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->descriptor < 0 || start_thread(s) != 0) {
        LOG_ERROR("no thread for syncing the spool");
        free(s->wal_path);
        free(s);
        return STATUS_MEMORY;
    }
    *syncer = s;
    return STATUS_OK;
}

void spool_syncer_stop(struct spool_syncer **syncer) {
    struct spool_syncer *s = *syncer;
    if (s == NULL) {
        return;
    }
    atomic_store(&s->is_stopping, true);
    sem_post(&s->asked);
    pthread_join(s->thread, NULL);
    if (s->wal >= 0) {
        close(s->wal);
    }
    close(s->descriptor);
    sem_destroy(&s->asked);
    free(s->wal_path);
    free(s);
    *syncer = NULL;
}

void spool_syncer_ask(struct spool_syncer *syncer, uint64_t commit) {
    atomic_store(&syncer->written, commit);
    sem_post(&syncer->asked);
}

uint64_t spool_syncer_synced(const struct spool_syncer *syncer) {
    return atomic_load(&syncer->synced);
}

bool spool_syncer_has_failed(const struct spool_syncer *syncer) {
    return atomic_load(&syncer->has_failed);
}

int spool_syncer_descriptor(const struct spool_syncer *syncer) {
    return syncer->descriptor;
}
