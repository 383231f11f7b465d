#include "state/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "state/snapshot_file.h"

#define PREFIX "snapshot-"
#define PART "snapshot.part" /* one name, so that what a killed process left is written over */
#define NAME_BYTES 32
#define CANDIDATES_MAX 64

/* Snapshots of a folder by number, newest first. */
struct candidates {
    uint64_t seq[CANDIDATES_MAX];
    size_t count;
};

static void name_format(uint64_t seq, char name[NAME_BYTES]) {
    snprintf(name, NAME_BYTES, PREFIX "%020" PRIu64, seq);
}

static bool name_parse(const char *name, uint64_t *seq) {
    char again[NAME_BYTES];
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) {
        return false;
    }
    errno = 0;
    *seq = strtoull(name + sizeof PREFIX - 1, NULL, 10);
    name_format(*seq, again);
    return errno == 0 && strcmp(name, again) == 0;
}

/* Keeps the list sorted; of more than fit, the newest. */
static void candidates_add(struct candidates *list, uint64_t seq) {
    size_t at = list->count;
    while (at > 0 && list->seq[at - 1] < seq) {
        at--;
    }
    if (at == CANDIDATES_MAX) {
        return;
    }
    list->count += list->count < CANDIDATES_MAX;
    memmove(&list->seq[at + 1], &list->seq[at], (list->count - at - 1) * sizeof list->seq[0]);
    list->seq[at] = seq;
}

static void candidates_list(int folder, uint64_t seq_max, struct candidates *list) {
    list->count = 0;
    const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (entries == NULL) {
        if (copy >= 0) {
            close(copy);
        }
        return;
    }
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        uint64_t seq;
        if (name_parse(entry->d_name, &seq) && seq <= seq_max) {
            candidates_add(list, seq);
        }
    }
    closedir(entries);
}

static int candidate_open(int folder, uint64_t seq, struct snapshot_mark *mark) {
    char name[NAME_BYTES];
    name_format(seq, name);
    const int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return -1;
    }
    if (snapshot_peek(file, mark) != STATUS_OK || mark->seq != seq) {
        LOG_WARN("snapshot refused", LOG_U("seq", seq), LOG_S("reason", "it is none, or of another format"));
        close(file);
        return -1;
    }
    return file;
}

/* --- Saving ----------------------------------------------------------------------------------------------------------
 */

/* Keeps the new one and the next older of the same log. What is neither was made by another log or by a longer one that
 * a restored backup replaced. */
static void remove_others(int folder, const struct snapshot_mark *newest) {
    struct candidates list;
    size_t kept = 0;
    candidates_list(folder, UINT64_MAX, &list);
    for (size_t i = 0; i < list.count; i++) {
        struct snapshot_mark mark;
        char name[NAME_BYTES];
        const int file = candidate_open(folder, list.seq[i], &mark);
        const bool ours = file >= 0 && id_equal(&mark.epoch, &newest->epoch) && mark.seq <= newest->seq;
        if (file >= 0) {
            close(file);
        }
        kept += ours;
        name_format(list.seq[i], name);
        if (!ours || kept > 2) {
            (void)unlinkat(folder, name, 0); /* left behind it costs space only, and the next save tries again */
        }
    }
}

static enum status write_part(int folder, const struct snapshot_mark *mark, const struct state *state) {
    const int file = openat(folder, PART, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return STATUS_IO;
    }
    enum status status = snapshot_write(file, mark, state);
    if (status == STATUS_OK && fsync(file) != 0) {
        status = STATUS_IO;
    }
    const int failure = errno;
    if (close(file) != 0 && status == STATUS_OK) {
        return STATUS_IO;
    }
    errno = failure;
    return status;
}

enum status snapshot_save(const char *folder, const struct snapshot_mark *mark, const struct state *state) {
    char name[NAME_BYTES];
    const int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum status status = at < 0 ? STATUS_IO : write_part(at, mark, state);
    name_format(mark->seq, name);
    if (status == STATUS_OK && (renameat(at, PART, at, name) != 0 || fsync(at) != 0)) {
        status = STATUS_IO;
    }
    if (status == STATUS_OK) {
        remove_others(at, mark);
    } else {
        LOG_ERROR("snapshot not written", LOG_S("folder", folder), LOG_U("seq", mark->seq),
                  LOG_S("error", strerror(errno)));
        (void)unlinkat(at, PART, 0);
    }
    if (at >= 0) {
        close(at);
    }
    return status;
}

/* --- Loading ---------------------------------------------------------------------------------------------------------
 */

static bool load_candidate(int folder, uint64_t seq, struct state *state, struct snapshot_mark *mark,
                           const struct snapshot_mark *wanted) {
    const char *reason = NULL;
    const int file = candidate_open(folder, seq, mark);
    if (file < 0) {
        return false;
    }
    enum status status = STATUS_NOT_FOUND;
    if (id_equal(&mark->epoch, &wanted->epoch) && mark->layout == wanted->layout) {
        (void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
        status = snapshot_read(file, state, &reason);
    }
    close(file);
    if (status != STATUS_OK) {
        state_clear(state);
        LOG_WARN("snapshot not used", LOG_U("seq", seq),
                 LOG_S("reason", reason != NULL ? reason : "it is of another log or layout"));
    }
    return status == STATUS_OK;
}

enum status snapshot_load(const char *folder, const struct id *epoch, uint32_t layout, uint64_t head_seq,
                          struct state *state, struct snapshot_mark *mark) {
    const struct snapshot_mark wanted = {.epoch = *epoch, .layout = layout};
    struct candidates list;
    const int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return STATUS_NOT_FOUND;
    }
    candidates_list(at, head_seq, &list);
    enum status status = STATUS_NOT_FOUND;
    for (size_t i = 0; status != STATUS_OK && i < list.count; i++) {
        status = load_candidate(at, list.seq[i], state, mark, &wanted) ? STATUS_OK : STATUS_NOT_FOUND;
    }
    close(at);
    return status;
}
