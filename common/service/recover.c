#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/log.h"
#include "service/registry.h"

/* The state as the fold of the log: at the start, after a failed commit, and in the child that writes a snapshot. */

/* Some rows at a time: the memory of all is on its way when the first is folded. Bodies are copied out of the reader,
 * to where they are aligned. */
#define FOLD_GROUP 16

struct fold_group {
    struct event events[FOLD_GROUP];
    size_t count;
};

static enum status add_row(struct registry *registry, const struct journal_row *row, struct fold_group *group) {
    void *body = arena_alloc(&registry->scratch, row->private_size);
    if (body == NULL || row->private_size > EVENT_PRIVATE_BYTES_MAX) {
        LOG_ERROR("the log has an oversized row; restore it from a backup", LOG_U("seq", row->seq));
        return STATUS_CORRUPT;
    }
    if (row->private_size > 0) {
        memcpy(body, row->private_body, row->private_size);
    }
    group->events[group->count++] = (struct event){
        .type = row->type, .seq = row->seq, .prev = row->prev, .private_body = body, .private_size = row->private_size};
    return STATUS_OK;
}

static void fetch_group(struct registry *registry, const struct fold_group *group) {
    const struct service *service = registry->service;
    const void *prepared[FOLD_GROUP];
    if (service->prepare_event == NULL) {
        return;
    }
    for (size_t i = 0; i < group->count; i++) {
        prepared[i] = service->prepare_event(&group->events[i], &registry->scratch);
    }
    for (int stage = 0; stage < FETCH_STAGES; stage++) {
        for (size_t i = 0; i < group->count; i++) {
            service->fetch(registry->self, prepared[i], stage);
        }
    }
}

static void fold_group(struct registry *registry, struct fold_group *group) {
    fetch_group(registry, group);
    for (size_t i = 0; i < group->count; i++) {
        registry->service->evolve(registry->self, &group->events[i]);
    }
    group->count = 0;
    arena_reset(&registry->scratch);
}

/* Every now and then: progress, and whether to go on at all. */
static bool may_go_on(uint64_t seq, uint64_t head, int64_t *reported_ms) {
    if ((seq & 0xffff) != 0) {
        return true;
    }
    if (clock_monotonic_ms() - *reported_ms > 2000) {
        *reported_ms = clock_monotonic_ms();
        LOG_INFO("folding the log", LOG_U("seq", seq), LOG_U("head", head));
    }
    return !daemon_is_asked_to_stop();
}

static enum status fold_rows(struct registry *registry, struct journal_reader *reader, uint64_t after, uint64_t head,
                             uint8_t chain[32]) {
    struct fold_group group = {.count = 0};
    uint64_t seq = after;
    int64_t reported_ms = clock_monotonic_ms();
    enum status status = journal_reader_seek(reader, after, head, true);
    arena_reset(&registry->scratch);
    while (status == STATUS_OK) {
        struct journal_row row;
        status = journal_reader_next(reader, &row); /* without a gap, or CORRUPT */
        if (status != STATUS_OK) {
            break;
        }
        seq = row.seq;
        memcpy(chain, row.chain, 32);
        status = add_row(registry, &row, &group);
        if (status == STATUS_OK && group.count == FOLD_GROUP) {
            fold_group(registry, &group);
            status = may_go_on(seq, head, &reported_ms) ? STATUS_OK : STATUS_UNAVAILABLE;
        }
    }
    fold_group(registry, &group);
    if (status == STATUS_NOT_FOUND && seq == head) {
        return STATUS_OK;
    }
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

/* The newest usable snapshot into the empty state; mark->seq 0 when there is none. */
static void load_snapshot(struct registry *registry, struct journal_reader *reader, uint64_t head,
                          struct snapshot_mark *mark) {
    struct snapshot_mark found = {0};
    if (snapshot_load(registry->settings.folder, &mark->epoch, registry->service->layout, head, &registry->state,
                      &found) != STATUS_OK) {
        return;
    }
    if (journal_reader_matches(reader, found.seq, found.chain) != STATUS_OK) {
        LOG_WARN("the snapshot is of another log; folding from the beginning", LOG_U("seq", found.seq));
        state_clear(&registry->state);
        return;
    }
    *mark = found;
}

/* Folds everything committed; mark tells up to where. */
static enum status fold_log(struct registry *registry, bool with_snapshot, struct snapshot_mark *mark,
                            uint64_t *from_snapshot) {
    struct journal_reader *reader = NULL;
    uint64_t head = 0;
    enum status status = journal_reader_open(&registry->journal_options, &reader);
    if (status == STATUS_OK) {
        status = journal_reader_head(reader, &head, &mark->epoch);
    }
    if (status != STATUS_OK) {
        journal_reader_close(&reader);
        return status;
    }
    state_clear(&registry->state);
    mark->layout = registry->service->layout;
    if (with_snapshot) {
        load_snapshot(registry, reader, head, mark);
    }
    *from_snapshot = mark->seq;
    status = fold_rows(registry, reader, mark->seq, head, mark->chain);
    mark->seq = head;
    journal_reader_close(&reader);
    return status;
}

enum status recover_state(struct registry *registry) {
    int64_t started_ms = clock_monotonic_ms();
    struct snapshot_mark mark = {0};
    uint64_t from_snapshot = 0;
    enum status status = fold_log(registry, true, &mark, &from_snapshot);
    if (status != STATUS_OK) {
        LOG_ERROR("the log cannot be folded", LOG_S("status", status_name(status)));
        return status;
    }
    registry->snapshot_seq = from_snapshot;
    LOG_INFO("state folded", LOG_U("head", mark.seq), LOG_U("from_snapshot", from_snapshot),
             LOG_U("bytes", state_bytes(&registry->state)), LOG_I("ms", clock_monotonic_ms() - started_ms));
    return STATUS_OK;
}

/* --- snapshots --- */

enum status recover_write_snapshot(struct registry *registry) {
    struct snapshot_mark mark = {0};
    uint64_t from_snapshot = 0;
    enum status status = fold_log(registry, true, &mark, &from_snapshot);
    if (status == STATUS_OK && mark.seq > from_snapshot) {
        status = snapshot_save(registry->settings.folder, &mark, &registry->state);
    }
    LOG_INFO("snapshot", LOG_U("seq", mark.seq), LOG_S("status", status_name(status)));
    return status;
}

enum status recover_print_fold(struct registry *registry) {
    struct snapshot_mark mark = {0};
    uint64_t from_snapshot = 0;
    enum status status = fold_log(registry, false, &mark, &from_snapshot);
    if (status == STATUS_OK) {
        char hash[RECOVER_HASH_TEXT_BYTES];
        recover_hash_text(registry, hash);
        printf("%" PRIu64 " %s\n", mark.seq, hash);
    }
    return status;
}

void recover_hash_text(const struct registry *registry, char text[RECOVER_HASH_TEXT_BYTES]) {
    uint8_t hash[32];
    state_hash(&registry->state, hash);
    sodium_bin2hex(text, RECOVER_HASH_TEXT_BYTES, hash, sizeof hash);
}

static void start_child(struct registry *registry) {
    char *arguments[64];
    size_t n = 0;
    for (size_t i = 0; registry->argv[i] != NULL && n < 62; i++) {
        arguments[n++] = registry->argv[i];
    }
    arguments[n++] = (char *)(uintptr_t) "snapshot";
    arguments[n] = NULL;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawn(&registry->snapshot_child, "/proc/self/exe", NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        registry->snapshot_child = 0;
        LOG_WARN("the snapshot process cannot be started", LOG_S("error", strerror(error)));
    }
}

static void reap_child(struct registry *registry) {
    int status;
    if (waitpid(registry->snapshot_child, &status, WNOHANG) != registry->snapshot_child) {
        return;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        LOG_WARN("the snapshot process failed; a start will fold more of the log", LOG_I("wait_status", status));
    }
    registry->snapshot_child = 0;
}

#define QUIET_ROWS 2000 /* a second with fewer new rows is a quiet one */
#define QUIET_SECONDS 3
#define BUSY_FACTOR 8

static void note_second(struct registry *registry) {
    uint64_t head = journal_head(registry->journal);
    registry->quiet_seconds = head - registry->second_seq < QUIET_ROWS ? registry->quiet_seconds + 1 : 0;
    registry->second_seq = head;
}

/* Due when at least snapshot_rows and a half of what the last one held is new: the folding that snapshots cost in all
 * stays proportional to the log. In a busy time it waits for a quiet one, until eight times as much is new. */
static bool is_snapshot_due(const struct registry *registry) {
    uint64_t new_rows = journal_head(registry->journal) - registry->snapshot_seq;
    uint64_t due_rows = registry->settings.snapshot_rows;
    due_rows *= registry->quiet_seconds >= QUIET_SECONDS ? 1 : BUSY_FACTOR;
    return new_rows >= due_rows && new_rows >= registry->snapshot_seq / 2;
}

void recover_snapshot_tick(struct registry *registry) {
    note_second(registry);
    if (registry->snapshot_child != 0) {
        reap_child(registry);
    } else if (registry->folded && is_snapshot_due(registry)) {
        registry->snapshot_seq = journal_head(registry->journal);
        start_child(registry);
    }
}
