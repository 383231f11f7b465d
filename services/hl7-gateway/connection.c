#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "hl7-gateway/gateway.h"
#include "hl7-gateway/tls.h"

/* One peer. It is read as long as answers can be given back to it; what it does wrong ends its own connection. */

#define LINGER_MS 2000
#define OUT_KEEP_BYTES 4096
#define EVICT_QUIET_MS 1000 /* within a frame: no honest sender pauses so long */

static size_t unsent(const struct connection *connection) {
    return connection->out.size - connection->out_sent;
}

static size_t untaken(const struct connection *connection) {
    return connection->rest.size - connection->rest_taken;
}

/* Whether another frame may be taken from it. */
static bool is_open(const struct connection *connection) {
    return !connection->is_dead && !connection->is_closing && unsent(connection) == 0 &&
           connection->answer_count < connection->gateway->limits.answers;
}

/* --- Beginning and end ---------------------------------------------------------------------------------------------- */

void connection_new(struct listener *listener, int descriptor) {
    struct gateway *gateway = listener->gateway;
    struct connection *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    *made = (struct connection){.watch.kind = WATCH_CONNECTION,
                                .gateway = gateway,
                                .listener = listener,
                                .descriptor = descriptor,
                                .since_ms = gateway->now_ms,
                                .active_ms = gateway->now_ms,
                                .interest = EPOLLIN};
    mllp_init(&made->reader, gateway->limits.frame_bytes);
    TAILQ_INIT(&made->answers);
    if (listener->tls != NULL) {
        made->tls = tls_session_new(listener->tls, descriptor);
        made->is_shaking_hands = true;
    }
    made->list = made->is_shaking_hands ? LIST_INSIDE : LIST_FRESH;
    TAILQ_INSERT_TAIL(&gateway->lists[made->list], made, in_list);
    gateway->connection_count++;
    struct epoll_event event = {.events = made->interest, .data.ptr = &made->watch};
    if ((listener->tls != NULL && made->tls == NULL) ||
        epoll_ctl(gateway->poller, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        connection_close(made);
    }
}

void connection_close(struct connection *connection) {
    struct gateway *gateway = connection->gateway;
    if (connection->is_dead) {
        return;
    }
    connection->is_dead = true;
    close(connection->descriptor);
    TAILQ_REMOVE(&gateway->lists[connection->list], connection, in_list);
    TAILQ_INSERT_TAIL(&gateway->dead, connection, in_list);
    turn_remove_backlog(connection);
    while (!TAILQ_EMPTY(&connection->answers)) {
        answer_drop(TAILQ_FIRST(&connection->answers));
    }
    gateway->buffer_bytes -= connection->bytes;
    gateway->connection_count--;
}

void connections_bury(struct gateway *gateway) {
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&gateway->dead)) != NULL) {
        TAILQ_REMOVE(&gateway->dead, connection, in_list);
        mllp_release(&connection->reader);
        buffer_release(&connection->rest);
        buffer_release(&connection->out);
        tls_session_destroy(&connection->tls);
        free(connection);
    }
}

void connections_close_all(struct gateway *gateway) {
    for (int list = 0; list < LIST_COUNT; list++) {
        while (!TAILQ_EMPTY(&gateway->lists[list])) {
            connection_close(TAILQ_FIRST(&gateway->lists[list]));
        }
    }
    connections_bury(gateway);
}

/* All is said. Closing with bytes unread would reset the connection, and the peer might lose its answers. */
static void finish(struct connection *connection) {
    if (connection->is_ended) {
        if (connection->tls != NULL) {
            tls_say_farewell(connection->tls);
        }
        connection_close(connection);
        return;
    }
    if (connection->tls != NULL) {
        tls_say_farewell(connection->tls);
    }
    connection->is_lingering = true;
    connection->since_ms = connection->gateway->now_ms;
    shutdown(connection->descriptor, SHUT_WR);
}

/* --- State ---------------------------------------------------------------------------------------------------------- */

static enum connection_list list_of(const struct connection *connection) {
    if (connection->is_shaking_hands || connection->is_lingering) {
        return LIST_INSIDE;
    }
    if (unsent(connection) > 0) {
        return LIST_STALLED;
    }
    if (!TAILQ_EMPTY(&connection->answers)) {
        return LIST_WAITING;
    }
    if (mllp_is_inside(&connection->reader) || untaken(connection) > 0) {
        return LIST_INSIDE;
    }
    return connection->has_spoken ? LIST_IDLE : LIST_FRESH;
}

static void enlist(struct connection *connection) {
    struct gateway *gateway = connection->gateway;
    TAILQ_REMOVE(&gateway->lists[connection->list], connection, in_list);
    connection->list = list_of(connection);
    TAILQ_INSERT_TAIL(&gateway->lists[connection->list], connection, in_list);
}

static void watch(struct connection *connection) {
    bool reads = connection->is_shaking_hands || connection->is_lingering ||
                 (!connection->is_ended && untaken(connection) == 0 && is_open(connection));
    uint32_t interest = (reads ? EPOLLIN : 0) |
                        (connection->tls_wants_write || (unsent(connection) > 0 && !connection->is_shaking_hands)
                             ? EPOLLOUT
                             : 0);
    if (interest != connection->interest) {
        struct epoll_event event = {.events = interest, .data.ptr = &connection->watch};
        connection->interest = interest;
        CHECK(epoll_ctl(connection->gateway->poller, EPOLL_CTL_MOD, connection->descriptor, &event) == 0);
    }
}

static void account(struct connection *connection) {
    size_t bytes = connection->reader.frame.capacity + connection->rest.capacity + connection->out.capacity +
                   connection->answer_bytes;
    connection->gateway->buffer_bytes += bytes - connection->bytes;
    connection->bytes = bytes;
}

static void refuse_and_close(struct connection *connection, enum receive_refusal why) {
    struct buffer *frame = &connection->reader.frame;
    receive_refuse(connection, frame->data, frame->size, why);
    connection->is_closing = true;
    buffer_release(frame);
    buffer_release(&connection->rest);
    connection->rest_taken = 0;
}

static struct connection *largest(struct gateway *gateway) {
    struct connection *found = NULL, *connection;
    for (int list = 0; list < LIST_COUNT; list++) {
        TAILQ_FOREACH(connection, &gateway->lists[list], in_list) {
            if (!connection->is_working && !connection->is_closing &&
                connection->bytes > (found == NULL ? 0 : found->bytes)) {
                found = connection;
            }
        }
    }
    return found;
}

/* Beyond the bound: first what nobody needs is given back, then whoever holds most pays. */
static void relieve(struct gateway *gateway) {
    struct connection *connection;
    gateway->is_relieving = true;
    TAILQ_FOREACH(connection, &gateway->lists[LIST_IDLE], in_list) {
        if (!connection->is_working) {
            buffer_release(&connection->reader.frame);
            account(connection);
        }
    }
    while (gateway->buffer_bytes > gateway->limits.buffer_bytes && (connection = largest(gateway)) != NULL) {
        gateway->counters.closed_no_room++;
        refuse_and_close(connection, RECEIVE_NO_ROOM);
        connection_settle(connection);
    }
    gateway->is_relieving = false;
}

void connection_settle(struct connection *connection) {
    struct gateway *gateway = connection->gateway;
    bool is_done = TAILQ_EMPTY(&connection->answers) && unsent(connection) == 0;
    if (!connection->is_dead && !connection->is_lingering && is_done &&
        (connection->is_closing || (connection->is_ended && untaken(connection) == 0))) {
        finish(connection);
    }
    if (connection->is_dead) {
        return;
    }
    account(connection);
    enlist(connection);
    watch(connection);
    if (gateway->buffer_bytes > gateway->limits.buffer_bytes && !gateway->is_relieving) {
        relieve(gateway);
    }
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

/* Bytes the socket took; less than size: it is full, or the connection is gone. */
static size_t put(struct connection *connection, const uint8_t *data, size_t size) {
    ssize_t sent;
    if (connection->tls != NULL) {
        sent = tls_write(connection->tls, data, size);
    } else {
        sent = send(connection->descriptor, data, size, MSG_NOSIGNAL);
        sent = sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? -1 : -2;
    }
    if (sent == -2) {
        connection_close(connection);
    }
    return sent > 0 ? (size_t)sent : 0;
}

void connection_send(struct connection *connection, const struct buffer *frame) {
    size_t sent = 0;
    if (connection->is_dead) {
        return;
    }
    if (unsent(connection) == 0) {
        sent = put(connection, frame->data, frame->size);
    }
    if (sent < frame->size && !connection->is_dead) {
        buffer_append(&connection->out, frame->data + sent, frame->size - sent);
    }
}

static void flush(struct connection *connection) {
    while (!connection->is_dead && unsent(connection) > 0) {
        size_t sent = put(connection, connection->out.data + connection->out_sent, unsent(connection));
        connection->out_sent += sent;
        if (sent == 0) {
            return;
        }
    }
    if (connection->is_dead) {
        return;
    }
    buffer_clear(&connection->out);
    connection->out_sent = 0;
    if (connection->out.capacity > OUT_KEEP_BYTES) {
        buffer_release(&connection->out);
    }
}

/* What was read before can go on once there is room for its answers. */
static void go_on(struct connection *connection) {
    bool has_input = untaken(connection) > 0 || (connection->tls != NULL && !connection->is_shaking_hands &&
                                                 tls_has_pending(connection->tls));
    if (has_input && is_open(connection) && !connection->is_ended) {
        turn_add_backlog(connection);
    }
}

void connection_answer(struct connection *connection) {
    answers_write(connection);
    if (!connection->is_dead && !connection->is_working) {
        go_on(connection);
        connection_settle(connection);
    }
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void count_framing(struct connection *connection) {
    struct gateway_counters *counters = &connection->gateway->counters;
    const struct mllp_counters *now = &connection->reader.counters;
    struct mllp_counters *then = &connection->counted;
    counters->frames += now->frames - then->frames;
    counters->noise_bytes += now->noise_bytes - then->noise_bytes;
    then->frames = now->frames;
    then->noise_bytes = now->noise_bytes;
    if (connection->feed != NULL) { /* the rest waits until it is known whose habits these are */
        conformance_count(connection->feed, TALLY_REMNANTS, now->remnants - then->remnants);
        conformance_count(connection->feed, TALLY_ENDS_WITHOUT_RETURN, now->ends_without_cr - then->ends_without_cr);
        *then = *now;
    }
}

static void take_frame(struct connection *connection) {
    connection->has_spoken = true;
    receive_frame(connection, connection->reader.frame.data, connection->reader.frame.size);
    if (!connection->is_dead) {
        mllp_next(&connection->reader);
        count_framing(connection);
    }
}

/* Takes frames while answers to them can be kept; the number of bytes that were taken. */
static size_t take(struct connection *connection, const uint8_t *data, size_t size) {
    size_t at = 0;
    for (int frames = 0; at < size && is_open(connection) && frames < TURN_FRAMES_OF_ONE_MAX;) {
        size_t taken = 0;
        enum mllp_event event = mllp_feed(&connection->reader, data + at, size - at, &taken);
        at += taken;
        switch (event) {
        case MLLP_MORE:
            break;
        case MLLP_FRAME:
            take_frame(connection);
            frames++;
            break;
        case MLLP_TOO_LARGE:
            connection->gateway->counters.closed_too_large++;
            refuse_and_close(connection, RECEIVE_TOO_LARGE);
            break;
        case MLLP_BROKEN:
            connection->gateway->counters.closed_broken++;
            connection->is_closing = true;
            break;
        }
    }
    if (!connection->is_dead) {
        count_framing(connection);
    }
    return at;
}

static void take_input(struct connection *connection, const uint8_t *data, size_t size) {
    connection->is_working = true;
    size_t taken = take(connection, data, size);
    connection->is_working = false;
    if (!connection->is_dead && !connection->is_closing && taken < size) {
        buffer_append(&connection->rest, data + taken, size - taken);
    }
}

static void take_rest(struct connection *connection) {
    connection->is_working = true;
    size_t taken = take(connection, connection->rest.data + connection->rest_taken, untaken(connection));
    connection->is_working = false;
    if (connection->is_dead) {
        return;
    }
    if (!connection->is_closing) {
        connection->rest_taken += taken;
    }
    if (connection->is_closing || untaken(connection) == 0) {
        buffer_release(&connection->rest);
        connection->rest_taken = 0;
    }
}

static void end_stream(struct connection *connection) {
    connection->is_ended = true;
    if (!connection->is_closing && mllp_finish(&connection->reader) == MLLP_FRAME) {
        connection->is_working = true;
        take_frame(connection);
        connection->is_working = false;
    }
}

static ssize_t get(struct connection *connection) {
    struct gateway *gateway = connection->gateway;
    if (connection->tls != NULL) {
        return tls_read(connection->tls, gateway->input, sizeof gateway->input, &connection->tls_wants_write);
    }
    ssize_t got = recv(connection->descriptor, gateway->input, sizeof gateway->input, 0);
    return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? -1 : -2;
}

static void read_once(struct connection *connection) {
    ssize_t got = get(connection);
    if (got == -2 || (got == 0 && connection->is_lingering)) {
        connection_close(connection);
    } else if (got == 0) {
        end_stream(connection);
    } else if (got > 0 && !connection->is_lingering) {
        take_input(connection, connection->gateway->input, (size_t)got);
    }
}

static void shake_hands(struct connection *connection) {
    struct gateway *gateway = connection->gateway;
    enum status status = tls_shake_hands(connection->tls, &connection->tls_wants_write);
    if (status == STATUS_OK) {
        connection->is_shaking_hands = false;
        gateway->counters.handshakes++;
    } else if (status != STATUS_AGAIN) {
        gateway->counters.handshakes_failed++;
        connection_close(connection);
    }
}

/* Its sender waits for the answer to a frame without the carriage return. */
static void take_without_return(struct connection *connection) {
    connection->is_return_late = false;
    if (mllp_awaits_return(&connection->reader) && mllp_finish(&connection->reader) == MLLP_FRAME) {
        connection->is_working = true;
        take_frame(connection);
        connection->is_working = false;
    }
}

void connection_resume(struct connection *connection) {
    if (connection->is_return_late) {
        take_without_return(connection);
    } else if (untaken(connection) > 0) {
        take_rest(connection);
    } else if (is_open(connection) && !connection->is_ended) {
        read_once(connection);
    }
    if (!connection->is_dead) {
        go_on(connection);
        connection_settle(connection);
    }
}

void connection_ready(struct connection *connection, uint32_t events) {
    if (connection->is_dead) {
        return;
    }
    connection->active_ms = connection->gateway->now_ms;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        connection_close(connection);
        return;
    }
    if (connection->is_shaking_hands) {
        shake_hands(connection);
    } else if ((events & EPOLLOUT) != 0) {
        connection->tls_wants_write = false;
        flush(connection);
    }
    bool reads = connection->is_lingering || (untaken(connection) == 0 && is_open(connection) && !connection->is_ended);
    if (!connection->is_dead && !connection->is_shaking_hands && reads) {
        read_once(connection);
    }
    if (!connection->is_dead) {
        go_on(connection);
        connection_settle(connection);
    }
}

/* --- Time and room -------------------------------------------------------------------------------------------------- */

/* Of one within a frame. */
static void expire_inside(struct connection *connection, int64_t now_ms) {
    struct gateway *gateway = connection->gateway;
    const struct limits *limits = &gateway->limits;
    int64_t quiet_ms = now_ms - connection->active_ms;
    if (connection->is_lingering) {
        if (now_ms - connection->since_ms >= LINGER_MS) {
            connection_close(connection);
        }
    } else if (connection->is_shaking_hands) {
        if (now_ms - connection->since_ms >= limits->handshake_ms) {
            gateway->counters.handshakes_failed++;
            connection_close(connection);
        }
    } else if (quiet_ms >= limits->frame_ms) {
        gateway->counters.closed_frame_timeout++;
        connection_close(connection);
    } else if (quiet_ms >= RETURN_WAIT_MS && mllp_awaits_return(&connection->reader)) {
        connection->is_return_late = true;
        turn_add_backlog(connection);
    }
}

static void expire_quiet(struct gateway *gateway, enum connection_list list, int64_t before_ms, uint64_t *counter) {
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&gateway->lists[list])) != NULL && connection->active_ms <= before_ms) {
        (*counter)++;
        connection_close(connection);
    }
}

void connections_expire(struct gateway *gateway, int64_t now_ms) {
    const struct limits *limits = &gateway->limits;
    struct connection *connection, *next;
    for (connection = TAILQ_FIRST(&gateway->lists[LIST_INSIDE]); connection != NULL; connection = next) {
        next = TAILQ_NEXT(connection, in_list);
        expire_inside(connection, now_ms);
    }
    expire_quiet(gateway, LIST_STALLED, now_ms - limits->frame_ms, &gateway->counters.closed_stalled);
    if (limits->idle_ms > 0) {
        expire_quiet(gateway, LIST_FRESH, now_ms - limits->idle_ms, &gateway->counters.closed_idle);
        expire_quiet(gateway, LIST_IDLE, now_ms - limits->idle_ms, &gateway->counters.closed_idle);
    }
}

static struct connection *least_missed(struct gateway *gateway) {
    static const struct {
        enum connection_list list;
        int64_t quiet_ms;
    } order[] = {{LIST_FRESH, 0}, {LIST_INSIDE, EVICT_QUIET_MS}, {LIST_IDLE, 0}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct connection *connection = TAILQ_FIRST(&gateway->lists[order[i].list]);
        if (connection != NULL && gateway->now_ms - connection->active_ms >= order[i].quiet_ms) {
            return connection;
        }
    }
    return NULL;
}

/* Who never said anything goes before who did, and the one that was quiet longest first. */
bool connections_make_room(struct gateway *gateway) {
    struct connection *connection = least_missed(gateway);
    if (connection == NULL) {
        return false;
    }
    gateway->counters.evicted++;
    connection_close(connection);
    return true;
}
