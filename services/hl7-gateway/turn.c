#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "hl7-gateway/gateway.h"

/* What the sockets bring in one turn of the loop goes into one transaction: one fsync for all of it. */

#define EVENTS_A_CALL 256
#define CALLS_A_TURN 4

static enum status watch_descriptor(const struct gateway *gateway, int descriptor, struct watch *watch) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
    bool is_watched = descriptor >= 0 && epoll_ctl(gateway->poller, EPOLL_CTL_ADD, descriptor, &event) == 0;
    return is_watched ? STATUS_OK : STATUS_IO;
}

enum status turn_init(struct gateway *gateway) {
    static struct watch backlog = {.kind = WATCH_BACKLOG}, timer = {.kind = WATCH_TIMER};
    TAILQ_INIT(&gateway->turn.unsynced);
    struct turn *turn = &gateway->turn;
    TAILQ_INIT(&turn->backlog);
    turn->backlog_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    turn->gather_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    enum status status = watch_descriptor(gateway, turn->backlog_event, &backlog);
    return status == STATUS_OK ? watch_descriptor(gateway, turn->gather_timer, &timer) : status;
}

enum status turn_watch_spool(struct gateway *gateway) {
    static struct watch spool = {.kind = WATCH_SPOOL};
    return watch_descriptor(gateway, spool_descriptor(gateway->spool), &spool);
}

void turn_release(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    if (turn->backlog_event > 0) {
        close(turn->backlog_event);
    }
    if (turn->gather_timer > 0) {
        close(turn->gather_timer);
    }
    buffer_release(&turn->commands);
    free(turn->settlements);
    turn->settlements = NULL;
}

/* --- The transaction ------------------------------------------------------------------------------------------------ */

bool turn_is_full(const struct gateway *gateway) {
    return gateway->turn.staged_count == TURN_MESSAGES_MAX || gateway->turn.commands.size >= TURN_BYTES_MAX;
}

static void note_failure(struct gateway *gateway, enum status status) {
    gateway->counters.turns_failed++;
    if (!gateway->spool_is_failing) {
        LOG_ERROR("the spool cannot be written: messages are answered AR 207", LOG_S("status", status_name(status)));
    }
    gateway->spool_is_failing = true;
}

static void note_success(struct gateway *gateway) {
    if (gateway->spool_is_failing) {
        LOG_INFO("the spool can be written again");
    }
    gateway->spool_is_failing = false;
}

static enum status begin(struct gateway *gateway) {
    if (gateway->turn.is_open) {
        return STATUS_OK;
    }
    enum status status = spool_begin(gateway->spool);
    gateway->turn.is_open = status == STATUS_OK;
    return status;
}

/* Nothing of the turn happened. Verdicts stay to be written later. */
static void fail(struct gateway *gateway, enum status status) {
    struct turn *turn = &gateway->turn;
    size_t count = turn->staged_count;
    note_failure(gateway, status);
    spool_rollback(gateway->spool);
    turn->is_open = false;
    turn->staged_count = 0;
    buffer_clear(&turn->commands);
    relay_recall(gateway, turn->staged, count);
    for (size_t i = 0; i < count; i++) {
        relay_forget(gateway, turn->staged[i].flight);
    }
}

static void pack(struct gateway *gateway, struct staged *staged, const Visits__V1__Command *command) {
    struct buffer *commands = &gateway->turn.commands;
    staged->size = visits__v1__command__get_packed_size(command);
    staged->offset = commands->size;
    visits__v1__command__pack(command, buffer_reserve(commands, staged->size));
    commands->size += staged->size;
}

enum status turn_stage(struct gateway *gateway, struct spool_entry *entry, const struct message_owner *owner,
                       const Visits__V1__Command *command, struct flight **flight) {
    struct turn *turn = &gateway->turn;
    CHECK(turn->staged_count < TURN_MESSAGES_MAX);
    enum status status = begin(gateway);
    if (status == STATUS_OK) {
        status = spool_add(gateway->spool, entry);
        if (status == STATUS_MEMORY) {
            return status;
        }
    }
    if (status != STATUS_OK) {
        fail(gateway, status);
        return STATUS_IO;
    }
    if (turn->staged_count == 0) {
        turn->begun_ns = clock_monotonic_ns();
    }
    struct staged *staged = &turn->staged[turn->staged_count++];
    pack(gateway, staged, command);
    staged->command = entry->command;
    staged->occurred_at_ms = entry->occurred_at_ms;
    staged->flight = relay_flight(gateway, entry->number, owner);
    staged->flight->is_staged = true;
    staged->is_ahead = false;
    owner->feed->waiting++;
    *flight = staged->flight;
    return STATUS_OK;
}

void turn_note_verdict(struct gateway *gateway, uint64_t number, uint32_t verdict, uint32_t code) {
    struct turn *turn = &gateway->turn;
    if (turn->settlement_count == turn->settlement_capacity) {
        turn->settlement_capacity = turn->settlement_capacity == 0 ? 256 : turn->settlement_capacity * 2;
        turn->settlements = realloc(turn->settlements, turn->settlement_capacity * sizeof *turn->settlements);
        CHECK(turn->settlements != NULL);
    }
    turn->settlements[turn->settlement_count++] =
        (struct settlement){.number = number, .verdict = verdict, .code = code};
    if (turn->settle_since_ms == 0) {
        turn->settle_since_ms = gateway->now_ms;
    }
}

bool turn_find_verdict(const struct gateway *gateway, uint64_t number, uint32_t *verdict, uint32_t *code) {
    const struct turn *turn = &gateway->turn;
    for (size_t i = turn->settlement_count; i-- > 0;) {
        if (turn->settlements[i].number == number) {
            *verdict = turn->settlements[i].verdict;
            *code = turn->settlements[i].code;
            return true;
        }
    }
    return false;
}

static enum status write_settlements(struct gateway *gateway) {
    const struct turn *turn = &gateway->turn;
    int64_t now_ms = clock_unix_ms();
    for (size_t i = 0; i < turn->settlement_count; i++) {
        const struct settlement *settlement = &turn->settlements[i];
        enum status status =
            spool_settle(gateway->spool, settlement->number, settlement->verdict, settlement->code, now_ms);
        if (status == STATUS_NOT_FOUND) {
            LOG_WARN("a verdict on a message that does not wait for one", LOG_U("number", settlement->number));
        } else if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status commit(struct gateway *gateway) {
    enum status status = begin(gateway);
    if (status == STATUS_OK) {
        status = write_settlements(gateway);
    }
    if (status == STATUS_OK) {
        status = spool_commit(gateway->spool);
    }
    if (status == STATUS_OK) {
        struct turn *turn = &gateway->turn;
        turn->is_open = false;
        turn->settled_since_expiry += turn->settlement_count;
        turn->settlement_count = 0;
        turn->settle_since_ms = 0;
        note_success(gateway);
    }
    return status;
}

static void send_ahead(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    for (size_t i = 0; i < turn->staged_count; i++) {
        struct staged *staged = &turn->staged[i];
        staged->is_ahead = relay_send_ahead(gateway, staged, turn->commands.data + staged->offset);
    }
    relay_push(gateway);
}

static void queue_rest(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    size_t count = turn->staged_count;
    gateway->counters.stored += count;
    turn->staged_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct flight *flight = turn->staged[i].flight;
        flight->commit = spool_committed(gateway->spool);
        TAILQ_INSERT_TAIL(&turn->unsynced, flight, in_unsynced);
        if (!turn->staged[i].is_ahead) {
            relay_queue(gateway, flight);
        }
    }
    buffer_clear(&turn->commands);
    relay_flush(gateway);
}

/* Some commits are on the disk. After a failure nothing is known of the rest: without their answers the senders send
 * again, to the process that comes after this one. */
static void take_synced(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    const enum status status = spool_take_synced(gateway->spool);
    const uint64_t synced = spool_synced(gateway->spool);
    struct flight *flight;
    while ((flight = TAILQ_FIRST(&turn->unsynced)) != NULL && flight->commit <= synced) {
        TAILQ_REMOVE(&turn->unsynced, flight, in_unsynced);
        relay_landed(gateway, flight);
    }
    if (status != STATUS_OK) {
        gateway->spool_is_failing = true;
        daemon_stop(gateway->daemon, EXIT_CODE_TEMPORARY);
    }
}

/* The registry works on the messages while the spool's fsync runs. Should this process die between the two, a message
 * without an answer is at the registry and not here: sent again it is decided again, and says nothing new there. */
static void finish(struct gateway *gateway) {
    send_ahead(gateway);
    enum status status = commit(gateway);
    if (status != STATUS_OK) {
        fail(gateway, status);
    } else {
        queue_rest(gateway);
    }
}

void turn_finish(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    turn->is_gathering = false;
    if (turn->staged_count > 0 || turn->is_open) {
        finish(gateway);
    }
    answers_expire(gateway, gateway->now_ms);
}

/* Whether more may come before the registry is done with what it has. */
static bool gathers(const struct gateway *gateway) {
    const struct turn *turn = &gateway->turn;
    return turn->staged_count > 0 && turn->staged_count < GATHER_MESSAGES && relay_has_sent(gateway) &&
           clock_monotonic_ns() - turn->begun_ns < GATHER_NS;
}

void turn_end(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    if (!gathers(gateway)) {
        turn_finish(gateway);
    } else if (!turn->is_gathering) {
        const struct itimerspec once = {.it_value.tv_nsec = GATHER_NS};
        turn->is_gathering = timerfd_settime(turn->gather_timer, 0, &once, NULL) == 0;
    }
}

void turn_tick(struct gateway *gateway, int64_t now_ms) {
    const struct turn *turn = &gateway->turn;
    if (turn->settlement_count > 0 && now_ms - turn->settle_since_ms >= SETTLE_MS) {
        finish(gateway);
    }
    answers_expire(gateway, now_ms);
}

/* --- What was read already ------------------------------------------------------------------------------------------ */

void turn_add_backlog(struct connection *connection) {
    struct turn *turn = &connection->gateway->turn;
    if (connection->is_in_backlog || connection->is_dead) {
        return;
    }
    if (TAILQ_EMPTY(&turn->backlog)) {
        (void)eventfd_write(turn->backlog_event, 1);
    }
    connection->is_in_backlog = true;
    TAILQ_INSERT_TAIL(&turn->backlog, connection, in_backlog);
}

void turn_remove_backlog(struct connection *connection) {
    if (connection->is_in_backlog) {
        connection->is_in_backlog = false;
        TAILQ_REMOVE(&connection->gateway->turn.backlog, connection, in_backlog);
    }
}

/* Each of them once; who comes back meanwhile has the next turn. */
static void work_off_backlog(struct gateway *gateway) {
    struct turn *turn = &gateway->turn;
    struct connection *connection;
    size_t count = 0;
    TAILQ_FOREACH(connection, &turn->backlog, in_backlog) {
        count++;
    }
    while (count-- > 0 && (connection = TAILQ_FIRST(&turn->backlog)) != NULL) {
        turn_remove_backlog(connection);
        connection->active_ms = gateway->now_ms;
        connection_resume(connection);
    }
    if (!TAILQ_EMPTY(&turn->backlog)) {
        (void)eventfd_write(turn->backlog_event, 1);
    }
}

static void dispatch(struct gateway *gateway, const struct epoll_event *event) {
    eventfd_t ignored;
    struct watch *watch = event->data.ptr;
    switch (watch->kind) {
    case WATCH_LISTENER:
        listener_accept((struct listener *)watch);
        break;
    case WATCH_CONNECTION:
        connection_ready((struct connection *)watch, event->events);
        break;
    case WATCH_FACILITY:
        relay_ready(watch);
        break;
    case WATCH_TIMER:
        (void)!read(gateway->turn.gather_timer, &ignored, sizeof ignored);
        break;
    case WATCH_SPOOL:
        take_synced(gateway);
        break;
    case WATCH_BACKLOG:
        (void)eventfd_read(gateway->turn.backlog_event, &ignored);
        break;
    }
}

int turn_ready(zloop_t *loop, zmq_pollitem_t *item, void *user) {
    (void)loop, (void)item;
    struct gateway *gateway = user;
    struct epoll_event events[EVENTS_A_CALL];
    gateway->now_ms = clock_monotonic_ms();
    for (int call = 0; call < CALLS_A_TURN; call++) {
        int count = epoll_wait(gateway->poller, events, EVENTS_A_CALL, 0);
        for (int i = 0; i < count; i++) {
            dispatch(gateway, &events[i]);
        }
        if (count < EVENTS_A_CALL && call > 0) {
            break;
        }
    }
    work_off_backlog(gateway);
    turn_end(gateway);
    relay_flush(gateway);
    connections_bury(gateway);
    return 0;
}
