#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"

/* --- Credit --------------------------------------------------------------------------------------------------------- */

/* Half of the cells stay free for what is already on its way. */
static bool may_grant(const struct aggregator *aggregator) {
    const struct set *set = aggregator->filling;
    return set->cells.count < set->cells.max / 2 && set->events < FOLDED_EVENTS_MAX;
}

static void grant(struct source *source) {
    struct aggregator *aggregator = source->aggregator;
    bool withholds = !may_grant(aggregator);
    if (withholds && !aggregator->is_withholding_credit) {
        aggregator->withheld_total++;
    }
    aggregator->is_withholding_credit = withholds;
    if (!withholds && source->credit_due > 0 && source->follower != NULL) {
        uint32_t due = source->credit_due;
        source->credit_due = 0;
        follower_consumed(source->follower, due);
    }
}

/* --- The socket in the loop ----------------------------------------------------------------------------------------- */

static int on_readable(zloop_t *loop, zsock_t *socket, void *user) {
    (void)loop;
    (void)socket;
    struct source *source = user;
    /* One at a time: a batch that finds no room takes the socket out of the loop. */
    for (int i = 0; i < BATCHES_A_TURN && source->is_read; i++) {
        follower_pump(source->follower, 1);
    }
    sink_tick(source->aggregator, clock_monotonic_ms());
    return 0;
}

static void read_socket(struct source *source, bool read) {
    zloop_t *loop = daemon_loop(source->aggregator->daemon);
    if (read == source->is_read) {
        return;
    }
    source->is_read = read;
    zsock_t *socket = follower_zsock(source->follower);
    if (!read) {
        zloop_reader_end(loop, socket);
        return;
    }
    CHECK(zloop_reader(loop, socket, on_readable, source) == 0);
    zloop_reader_set_tolerant(loop, socket);
}

/* --- Folding -------------------------------------------------------------------------------------------------------- */

static void count_unknown(struct source *source, struct progress *progress, uint64_t seq) {
    if (source->unknown_events == 0 && progress->unknown_events == 0) {
        LOG_WARN("an event this build does not know, counted and skipped", LOG_S("source", source->name),
                 LOG_U("seq", seq));
    }
    progress->unknown_events++;
    source->aggregator->unknown_events++;
}

static void advance(struct source *source, const Common__V1__Batch *batch, uint64_t up_to) {
    struct set *set = source->aggregator->filling;
    struct progress *progress = &set->progress[source->number];
    progress->moved = true;
    progress->after = up_to;
    progress->as_of_ms = batch->as_of_ms;
    memcpy(progress->epoch.bytes, batch->epoch.data, ID_BYTES);
    if (set->first_ms == 0) {
        set->first_ms = clock_monotonic_ms();
    }
}

/* Number of events folded; fewer than there are when the cells are full. */
static size_t fold_events(struct source *source, const Common__V1__Batch *batch) {
    struct aggregator *aggregator = source->aggregator;
    struct set *set = aggregator->filling;
    for (size_t i = 0; i < batch->n_events; i++) {
        const Common__V1__Event *event = batch->events[i];
        switch (source->kind->fold(event->body.data, event->body.len, &aggregator->body_arena, &set->cells)) {
        case FOLD_DONE:
            break;
        case FOLD_UNKNOWN:
            count_unknown(source, &set->progress[source->number], event->seq);
            break;
        case FOLD_FULL:
            return i;
        }
    }
    return batch->n_events;
}

/* Keeps what is left of a batch until the cells have been sent. */
static void wait_for_room(struct source *source, const Common__V1__Batch *batch, size_t folded) {
    Common__V1__Batch rest = *batch;
    rest.events += folded;
    rest.n_events -= folded;
    buffer_clear(&source->waiting);
    size_t size = common__v1__batch__get_packed_size(&rest);
    common__v1__batch__pack(&rest, buffer_reserve(&source->waiting, size));
    source->waiting.size = size;
    read_socket(source, false);
}

static void take_batch(struct source *source, const Common__V1__Batch *batch) {
    size_t folded = fold_events(source, batch);
    source->aggregator->events_folded += folded;
    source->aggregator->filling->events += folded;
    source->credit_due += (uint32_t)folded;
    if (folded == batch->n_events) {
        if (batch->up_to > batch->after) {
            advance(source, batch, batch->up_to);
        }
    } else {
        if (folded > 0) {
            advance(source, batch, batch->events[folded - 1]->seq);
        }
        wait_for_room(source, batch, folded);
    }
    grant(source);
}

static void on_batch(void *user, const Common__V1__Batch *batch) {
    take_batch(user, batch);
}

/* --- Exported ------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right) {
    return strcmp(((const struct source *)left)->name, ((const struct source *)right)->name);
}

static const char *child_setting(const struct config *config, const char *child, const char *key) {
    char path[256];
    snprintf(path, sizeof path, "/sources/%s/%s", child, key);
    return config_string(config, path);
}

static enum status load(struct aggregator *aggregator, const char *child) {
    struct source *source = &aggregator->sources[aggregator->source_count++];
    const char *kind = child_setting(aggregator->config, child, "kind");
    source->aggregator = aggregator;
    snprintf(source->name, sizeof source->name, "%s", child);
    source->kind = fold_kind_find(kind);
    source->endpoint = child_setting(aggregator->config, child, "endpoint");
    source->server_key_path = child_setting(aggregator->config, child, "server_key");
    if (source->kind == NULL) {
        LOG_ERROR("a source of a kind that is not known; there are " FOLD_KIND_NAMES, LOG_S("source", child),
                  LOG_S("kind", kind));
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

enum status sources_load(struct aggregator *aggregator) {
    const char *child;
    for (size_t i = 0; (child = config_child(aggregator->config, "/sources", i)) != NULL; i++) {
        if (i == SOURCES_MAX || strlen(child) >= SOURCE_NAME_BYTES) {
            LOG_ERROR("too many sources, or too long a name", LOG_U("most", SOURCES_MAX), LOG_S("source", child));
            return STATUS_CONFIG;
        }
        if (load(aggregator, child) != STATUS_OK) {
            return STATUS_CONFIG;
        }
    }
    if (aggregator->source_count == 0) {
        LOG_ERROR("no source is configured: set /sources/NAME/endpoint and /sources/NAME/server_key");
        return STATUS_CONFIG;
    }
    qsort(aggregator->sources, aggregator->source_count, sizeof aggregator->sources[0], compare_names);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        aggregator->sources[i].number = i;
    }
    return STATUS_OK;
}

static void start(struct source *source) {
    buffer_clear(&source->waiting);
    source->credit_due = 0;
    if (source->follower != NULL) {
        follower_restart(source->follower, &source->committed_epoch, source->committed);
        read_socket(source, true);
        return;
    }
    const struct config *config = source->aggregator->config;
    struct follower_options options = {
        .name = source->name,
        .endpoint = source->endpoint,
        .key_path = config_string(config, "/client/key"),
        .server_key_path = source->server_key_path,
        .epoch = source->committed_epoch,
        .after = source->committed,
        .window_events = (uint32_t)config_integer(config, "/feed/window"),
        .batch = on_batch,
        .user = source,
    };
    enum status status = follower_new(&options, &source->follower);
    if (status != STATUS_OK) {
        LOG_ERROR("cannot follow", LOG_S("source", source->name), LOG_S("endpoint", source->endpoint),
                  LOG_S("why", status_name(status)));
        daemon_stop(source->aggregator->daemon, (int)status_exit_code(status));
        return;
    }
    read_socket(source, true);
}

void sources_start(struct aggregator *aggregator) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        start(&aggregator->sources[i]);
    }
}

void sources_stop(struct aggregator *aggregator) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        if (source->follower != NULL) {
            read_socket(source, false);
            follower_destroy(&source->follower);
        }
        buffer_clear(&source->waiting);
        source->credit_due = 0;
    }
}

static void take_waiting(struct source *source) {
    struct aggregator *aggregator = source->aggregator;
    arena_reset(&aggregator->batch_arena);
    Common__V1__Batch *batch =
        common__v1__batch__unpack(&aggregator->batch_arena.allocator, source->waiting.size, source->waiting.data);
    CHECK(batch != NULL); /* we packed it, from one that fitted */
    buffer_clear(&source->waiting);
    take_batch(source, batch);
    if (source->waiting.size == 0) {
        read_socket(source, true);
    }
}

void sources_resume(struct aggregator *aggregator) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        if (source->waiting.size > 0) {
            take_waiting(source);
        } else {
            grant(source);
        }
    }
}

bool sources_are_waiting(const struct aggregator *aggregator) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        if (aggregator->sources[i].waiting.size > 0) {
            return true;
        }
    }
    return false;
}

void sources_tick(struct aggregator *aggregator, int64_t now_ms) {
    for (size_t i = 0; i < aggregator->source_count; i++) {
        struct source *source = &aggregator->sources[i];
        /* A source whose socket is not read cannot hear the owner: its silence means nothing. */
        if (source->follower != NULL && source->is_read) {
            follower_tick(source->follower, now_ms);
        }
    }
}

void sources_release(struct aggregator *aggregator) {
    sources_stop(aggregator);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        buffer_release(&aggregator->sources[i].waiting);
    }
}
