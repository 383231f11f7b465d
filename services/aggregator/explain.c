#include "aggregator/explain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/explain_match.h"
#include "aggregator/explain_peek.h"
#include "aggregator/fold.h"
#include "base/arena.h"
#include "base/check.h"
#include "base/log.h"
#include "journal/journal.h"

/*
 * The log in chunks. Two workers take every second chunk each: read it, peek, fold what passes, and put what matches
 * into a queue. The caller's thread takes the queues in order. Each worker has two, so that it reads on while the other
 * is emptied; a chunk with more matches than a queue holds comes in several fillings.
 */
#define WORKERS 2
#define QUEUES (2 * WORKERS)
#define QUEUE_EVENTS 8192
#define CHUNK_ROWS 8192 /* two of the journal's transactions */
#define FEW_CELLS 1024  /* of an event that is no large correction */

struct queue {
    struct explain_event *events; /* QUEUE_EVENTS */
    size_t count;
    bool is_full;       /* to be emptied by the caller's thread; else it is the worker's */
    bool ends_chunk;    /* nothing of the chunk follows */
    enum status status; /* not OK: the walk ends here */
    uint64_t unknown;   /* events that no fold knows, of this filling */
};

struct walk;

struct worker {
    struct walk *walk;
    pthread_t thread;
    bool has_thread;
    size_t number;
    struct journal_reader *reader;
    struct arena arena;
    struct cells few, many; /* many: taken when an event needs it */
    bool has_few, has_many;
    struct match match;
    struct queue *queue; /* being filled */
};

struct walk {
    const struct explain_query *query;
    const struct explain_kind *kind;
    const struct fold_kind *fold;
    struct peek_filter filter;
    struct match_wants wants;
    uint64_t up_to;
    uint64_t chunks;
    struct worker workers[WORKERS];
    struct queue queues[QUEUES];
    pthread_mutex_t mutex; /* of the queues' is_full and of stops */
    pthread_cond_t changed;
    bool stops;
};

/* --- Worker ----------------------------------------------------------------------------------------------------------
 */

/* Waits until the queue is empty; false when the walk stops. */
static bool take_queue(struct walk *walk, struct queue *queue) {
    pthread_mutex_lock(&walk->mutex);
    while (queue->is_full && !walk->stops) {
        pthread_cond_wait(&walk->changed, &walk->mutex);
    }
    bool goes_on = !walk->stops;
    pthread_mutex_unlock(&walk->mutex);
    if (goes_on) {
        queue->count = 0;
        queue->unknown = 0;
    }
    return goes_on;
}

static void hand_over(struct walk *walk, struct queue *queue, bool ends_chunk, enum status status) {
    pthread_mutex_lock(&walk->mutex);
    queue->ends_chunk = ends_chunk;
    queue->status = status;
    queue->is_full = true;
    pthread_cond_broadcast(&walk->changed);
    pthread_mutex_unlock(&walk->mutex);
}

/* The cells of the event alone, in one of the two sets; NULL: an event that is unknown, or no memory (*status). */
static struct cells *fold_alone(struct worker *worker, const struct journal_row *row, enum status *status) {
    fold_function *fold = worker->walk->fold->fold;
    cells_clear(&worker->few);
    enum fold_result result = fold(row->public_body, row->public_size, &worker->arena, &worker->few);
    if (result != FOLD_FULL) {
        return result == FOLD_DONE ? &worker->few : NULL;
    }
    if (!worker->has_many && !(worker->has_many = cells_init(&worker->many, CELLS_MAX_LEAST))) {
        *status = STATUS_MEMORY;
        return NULL;
    }
    cells_clear(&worker->many);
    result = fold(row->public_body, row->public_size, &worker->arena, &worker->many);
    CHECK(result != FOLD_FULL); /* fold.h promises it */
    return result == FOLD_DONE ? &worker->many : NULL;
}

/* Puts one match into the queue, handing it over first when it is full. False when the walk stops. */
static bool put(struct worker *worker, const struct explain_event *event) {
    struct queue *queue = worker->queue;
    if (queue->count == QUEUE_EVENTS) {
        hand_over(worker->walk, queue, false, STATUS_OK);
        if (!take_queue(worker->walk, queue)) {
            return false;
        }
    }
    queue->events[queue->count++] = *event;
    return true;
}

/* False: the walk stops, or *status says why it has to. */
static bool take_row(struct worker *worker, const struct journal_row *row, enum status *status) {
    struct walk *walk = worker->walk;
    if (row->public_size == 0 || !peek_passes(&walk->filter, row->public_body, row->public_size)) {
        return true;
    }
    const struct cells *cells = fold_alone(worker, row, status);
    if (cells == NULL) {
        worker->queue->unknown += *status == STATUS_OK;
        return *status == STATUS_OK;
    }
    match_cells(&worker->match, &walk->wants, cells);
    struct explain_event event = {.seq = row->seq, .at_ms = row->at_ms};
    while (match_next(&worker->match, cells, &event)) {
        event.type = peek_type(walk->kind, row->public_body, row->public_size);
        if (!put(worker, &event)) {
            return false;
        }
    }
    return true;
}

/* False when the walk stops. */
static bool read_chunk(struct worker *worker, uint64_t number) {
    struct walk *walk = worker->walk;
    uint64_t after = walk->query->after + number * CHUNK_ROWS;
    uint64_t last = walk->up_to - after > CHUNK_ROWS ? after + CHUNK_ROWS : walk->up_to;
    worker->queue = &walk->queues[number % QUEUES];
    if (!take_queue(walk, worker->queue)) {
        return false;
    }
    struct journal_row row = {0};
    enum status status = journal_reader_seek(worker->reader, after, last, false);
    while (status == STATUS_OK && (status = journal_reader_next(worker->reader, &row)) == STATUS_OK) {
        if (!take_row(worker, &row, &status) && status == STATUS_OK) {
            return false;
        }
    }
    if (status == STATUS_NOT_FOUND) { /* the end of the stretch, unless the log ends too early */
        status = row.seq == last ? STATUS_OK : STATUS_CORRUPT;
    }
    hand_over(walk, worker->queue, true, status);
    return status == STATUS_OK;
}

static void *work(void *user) {
    struct worker *worker = user;
    for (uint64_t number = worker->number; number < worker->walk->chunks; number += WORKERS) {
        if (!read_chunk(worker, number)) {
            break;
        }
    }
    return NULL;
}

/* --- The caller's thread ---------------------------------------------------------------------------------------------
 */

static void await_full(struct walk *walk, struct queue *queue) {
    pthread_mutex_lock(&walk->mutex);
    while (!queue->is_full) {
        pthread_cond_wait(&walk->changed, &walk->mutex);
    }
    pthread_mutex_unlock(&walk->mutex);
}

static void give_back(struct walk *walk, struct queue *queue) {
    pthread_mutex_lock(&walk->mutex);
    queue->is_full = false;
    pthread_cond_broadcast(&walk->changed);
    pthread_mutex_unlock(&walk->mutex);
}

/* False: the caller wants no more. */
static bool visit_queue(const struct walk *walk, const struct queue *queue) {
    for (size_t i = 0; i < queue->count; i++) {
        if (!walk->query->visit(&queue->events[i], walk->query->user)) {
            return false;
        }
    }
    return true;
}

static enum status take_chunks(struct walk *walk, struct explain_result *result) {
    for (uint64_t number = 0; number < walk->chunks; number++) {
        struct queue *queue = &walk->queues[number % QUEUES];
        bool is_over = false;
        while (!is_over) {
            await_full(walk, queue);
            result->unknown += queue->unknown;
            if (!visit_queue(walk, queue)) {
                return STATUS_OK;
            }
            if (queue->status != STATUS_OK) {
                return queue->status;
            }
            is_over = queue->ends_chunk;
            give_back(walk, queue);
        }
    }
    return STATUS_OK;
}

/* --- Life ------------------------------------------------------------------------------------------------------------
 */

static enum status start_worker(struct walk *walk, size_t number, const struct journal_options *options) {
    struct worker *worker = &walk->workers[number];
    worker->walk = walk;
    worker->number = number;
    arena_init(&worker->arena, FOLD_UNPACK_BYTES_MAX);
    enum status status = journal_reader_open(options, &worker->reader);
    if (status != STATUS_OK) {
        return status;
    }
    worker->has_few = cells_init(&worker->few, FEW_CELLS);
    if (!worker->has_few || !match_init(&worker->match, &walk->wants)) {
        return STATUS_MEMORY;
    }
    worker->has_thread = pthread_create(&worker->thread, NULL, work, worker) == 0;
    return worker->has_thread ? STATUS_OK : STATUS_MEMORY;
}

static void end_worker(struct worker *worker) {
    if (worker->has_thread) {
        pthread_join(worker->thread, NULL);
    }
    journal_reader_close(&worker->reader);
    if (worker->has_few) {
        cells_release(&worker->few);
    }
    if (worker->has_many) {
        cells_release(&worker->many);
    }
    match_release(&worker->match);
    arena_release(&worker->arena);
}

static enum status start(struct walk *walk, const struct journal_options *options) {
    if (!match_wants_init(&walk->wants, walk->query->wants, walk->query->want_count)) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < QUEUES; i++) {
        walk->queues[i].events = malloc(QUEUE_EVENTS * sizeof *walk->queues[i].events);
        if (walk->queues[i].events == NULL) {
            return STATUS_MEMORY;
        }
    }
    for (size_t i = 0; i < WORKERS && i < walk->chunks; i++) {
        enum status status = start_worker(walk, i, options);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static void stop(struct walk *walk) {
    pthread_mutex_lock(&walk->mutex);
    walk->stops = true;
    pthread_cond_broadcast(&walk->changed);
    pthread_mutex_unlock(&walk->mutex);
    for (size_t i = 0; i < WORKERS; i++) {
        end_worker(&walk->workers[i]);
    }
    for (size_t i = 0; i < QUEUES; i++) {
        free(walk->queues[i].events);
    }
    match_wants_release(&walk->wants);
}

static enum status walk_log(struct walk *walk, const struct journal_options *options, struct explain_result *result) {
    pthread_mutex_init(&walk->mutex, NULL);
    pthread_cond_init(&walk->changed, NULL);
    enum status status = start(walk, options);
    if (status == STATUS_OK) {
        status = take_chunks(walk, result);
    }
    stop(walk);
    pthread_cond_destroy(&walk->changed);
    pthread_mutex_destroy(&walk->mutex);
    return status;
}

/* Head, epoch, and the root: the chain hash of the last row that is looked at. */
static enum status read_root(const struct explain_query *query, const struct journal_options *options,
                             struct explain_result *result) {
    struct journal_reader *reader = NULL;
    struct journal_row row;
    enum status status = journal_reader_open(options, &reader);
    if (status == STATUS_OK) {
        status = journal_reader_head(reader, &result->head, &result->epoch);
    }
    result->up_to = query->up_to != 0 ? query->up_to : result->head;
    if (status == STATUS_OK && (result->up_to > result->head || query->after > result->up_to)) {
        status = STATUS_USAGE;
    }
    if (status == STATUS_OK && result->up_to > 0) {
        (void)journal_reader_seek(reader, result->up_to - 1, result->up_to, false);
        status = journal_reader_next(reader, &row);
        status = status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    if (status == STATUS_OK && result->up_to > 0) {
        memcpy(result->chain, row.chain, sizeof row.chain);
    }
    journal_reader_close(&reader);
    return status;
}

enum status explain_log(const struct explain_query *query, struct explain_result *result) {
    *result = (struct explain_result){0};
    CHECK(query->want_count > 0 && query->want_count <= EXPLAIN_WANTS_MAX);
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL) {
        return STATUS_MEMORY;
    }
    walk->query = query;
    walk->kind = explain_kind_find(query->kind);
    walk->fold = fold_kind_find(query->kind);
    CHECK(walk->kind != NULL && walk->fold != NULL);
    const struct journal_options options = {.path = query->path, .service = query->kind, .read_only = true};
    enum status status = read_root(query, &options, result);
    if (status == STATUS_OK) {
        walk->up_to = result->up_to;
        walk->chunks = (walk->up_to - query->after + CHUNK_ROWS - 1) / CHUNK_ROWS;
        peek_filter_init(&walk->filter, walk->kind, query->wants, query->want_count);
        status = walk_log(walk, &options, result);
    }
    free(walk);
    return status;
}
