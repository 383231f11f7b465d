#include "service/feed_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "service/feed_ring.h"
#include "wire/code_text.h"

struct session {
    struct peer peer;
    char principal[KEYS_PRINCIPAL_BYTES];
    uint64_t request; /* number of its Follow */
    uint64_t sent_up_to;
    uint64_t credit; /* events it still takes */
    int64_t heard_ms;
    bool is_blocked; /* its queue was full; try again at the next tick or sign of life */
};

struct feed_server {
    struct server *server;
    struct journal_reader *reader;
    struct id epoch;
    struct feed_ring ring;
    uint64_t head; /* committed */
    uint64_t events_sent;
    struct session sessions[FEED_FOLLOWERS_MAX];
    size_t session_count;
    Common__V1__Event events[FEED_BATCH_ROWS];
    Common__V1__Event *event_pointers[FEED_BATCH_ROWS];
    uint8_t copied[FEED_BATCH_BYTES]; /* bodies read from the log */
};

enum status feed_server_new(struct server *server, const struct journal_options *options, const struct id *epoch,
                            struct feed_server **feed) {
    struct feed_server *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return STATUS_MEMORY;
    }
    f->server = server;
    f->epoch = *epoch;
    feed_ring_init(&f->ring);
    for (size_t i = 0; i < FEED_BATCH_ROWS; i++) {
        common__v1__event__init(&f->events[i]);
        f->event_pointers[i] = &f->events[i];
    }
    struct id log_epoch;
    enum status status = journal_reader_open(options, &f->reader);
    if (status == STATUS_OK) {
        status = journal_reader_head(f->reader, &f->head, &log_epoch);
    }
    if (status != STATUS_OK) {
        feed_server_destroy(&f);
        return status;
    }
    *feed = f;
    return STATUS_OK;
}

void feed_server_destroy(struct feed_server **feed) {
    struct feed_server *f = *feed;
    if (f == NULL) {
        return;
    }
    journal_reader_close(&f->reader);
    feed_ring_release(&f->ring);
    free(f);
    *feed = NULL;
}

void feed_server_note(struct feed_server *feed, const struct journal_row *row) {
    feed_ring_push(&feed->ring, row->seq, row->at_ms, row->public_body, row->public_size);
}

void feed_server_committed(struct feed_server *feed, uint64_t head) {
    feed->head = head;
}

void feed_server_forget(struct feed_server *feed) {
    feed_ring_clear(&feed->ring);
}

/* --- the conversation --- */

static struct session *session_find(struct feed_server *feed, const struct peer *peer) {
    for (size_t i = 0; i < feed->session_count; i++) {
        struct session *s = &feed->sessions[i];
        if (s->peer.size == peer->size && memcmp(s->peer.id, peer->id, peer->size) == 0) {
            return s;
        }
    }
    return NULL;
}

static void session_remove(struct feed_server *feed, struct session *session, const char *why) {
    LOG_INFO("follower gone", LOG_S("principal", session->principal), LOG_U("sent_up_to", session->sent_up_to),
             LOG_S("why", why));
    *session = feed->sessions[--feed->session_count];
}

static void send_problem(struct feed_server *feed, const struct incoming *incoming, uint32_t code, const char *field) {
    Common__V1__Problem problem;
    code_text_fill(NULL, code, field, &problem);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    (void)server_send(feed->server, &incoming->peer, &reply);
}

void feed_server_follow(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms) {
    const Common__V1__Follow *follow = incoming->request->follow;
    if (follow->epoch.len != 0 &&
        (follow->epoch.len != ID_BYTES || memcmp(follow->epoch.data, feed->epoch.bytes, ID_BYTES) != 0)) {
        send_problem(feed, incoming, COMMON__V1__CODE__CODE_EPOCH_CHANGED, "epoch");
        return;
    }
    if (follow->after > feed->head) {
        send_problem(feed, incoming, COMMON__V1__CODE__CODE_AHEAD_OF_HEAD, "after");
        return;
    }
    struct session *session = session_find(feed, &incoming->peer);
    if (session == NULL) {
        if (feed->session_count == FEED_FOLLOWERS_MAX) {
            send_problem(feed, incoming, COMMON__V1__CODE__CODE_EXHAUSTED, "");
            return;
        }
        session = &feed->sessions[feed->session_count++];
    }
    *session = (struct session){.peer = incoming->peer,
                                .request = incoming->request->request,
                                .sent_up_to = follow->after,
                                .credit = follow->credit < FEED_CREDIT_MAX ? follow->credit : FEED_CREDIT_MAX,
                                .heard_ms = now_ms};
    memcpy(session->principal, incoming->principal->name, sizeof session->principal);
    Common__V1__Followed followed = COMMON__V1__FOLLOWED__INIT;
    followed.epoch = (ProtobufCBinaryData){ID_BYTES, feed->epoch.bytes};
    followed.head = feed->head;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_FOLLOWED;
    reply.followed = &followed;
    (void)server_send(feed->server, &incoming->peer, &reply);
    LOG_INFO("follower", LOG_S("principal", session->principal), LOG_U("after", follow->after),
             LOG_U("head", feed->head));
}

void feed_server_credit(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms) {
    struct session *session = session_find(feed, &incoming->peer);
    if (session == NULL) {
        send_problem(feed, incoming, COMMON__V1__CODE__CODE_NOT_FOLLOWING, "");
        return;
    }
    session->credit += incoming->request->credit->credit;
    session->credit = session->credit < FEED_CREDIT_MAX ? session->credit : FEED_CREDIT_MAX;
    session->heard_ms = now_ms;
    session->is_blocked = false;
}

void feed_server_ping(struct feed_server *feed, const struct incoming *incoming, int64_t now_ms) {
    struct session *session = session_find(feed, &incoming->peer);
    if (session != NULL) {
        session->heard_ms = now_ms;
        session->is_blocked = false;
    }
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    pong.epoch = (ProtobufCBinaryData){ID_BYTES, feed->epoch.bytes};
    pong.head = feed->head;
    pong.following = session != NULL;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_PONG;
    reply.pong = &pong;
    (void)server_send(feed->server, &incoming->peer, &reply);
}

/* --- sending --- */

/* Fills the batch with rows of the ring from after+1 on; the bodies stay where they are. */
static void batch_from_ring(struct feed_server *feed, Common__V1__Batch *batch, uint64_t rows) {
    size_t bytes = 0;
    while (rows-- > 0) {
        size_t size;
        const uint8_t *body = feed_ring_body(&feed->ring, batch->up_to + 1, &size, &batch->as_of_ms);
        if (bytes + size > FEED_BATCH_BYTES) {
            break;
        }
        bytes += size;
        batch->up_to++;
        if (size > 0) {
            Common__V1__Event *event = &feed->events[batch->n_events++];
            event->seq = batch->up_to;
            event->body = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)body};
        }
    }
}

/* The same from the log; bodies are copied, as the reader's memory goes on with each row. */
static enum status batch_from_log(struct feed_server *feed, Common__V1__Batch *batch, uint64_t rows) {
    size_t bytes = 0;
    enum status status = journal_reader_seek(feed->reader, batch->after, batch->after + rows, false);
    while (status == STATUS_OK) {
        struct journal_row row;
        status = journal_reader_next(feed->reader, &row);
        if (status != STATUS_OK) {
            break;
        }
        if (row.seq != batch->up_to + 1) {
            return STATUS_CORRUPT;
        }
        if (bytes + row.public_size > FEED_BATCH_BYTES) {
            /* Leave the stretch, so that no read transaction stays open. */
            status = journal_reader_seek(feed->reader, 0, 0, false);
            return status;
        }
        batch->up_to = row.seq;
        batch->as_of_ms = row.at_ms;
        if (row.public_size > 0) {
            memcpy(feed->copied + bytes, row.public_body, row.public_size);
            Common__V1__Event *event = &feed->events[batch->n_events++];
            event->seq = row.seq;
            event->body = (ProtobufCBinaryData){row.public_size, feed->copied + bytes};
            bytes += row.public_size;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* One batch to one follower. False: nothing (more) can be sent to it now. */
static bool send_batch(struct feed_server *feed, struct session *session, enum status *status) {
    uint64_t rows = feed->head - session->sent_up_to;
    rows = rows < session->credit ? rows : session->credit;
    rows = rows < FEED_BATCH_ROWS ? rows : FEED_BATCH_ROWS;
    *status = STATUS_OK;
    if (rows == 0 || session->is_blocked) {
        return false;
    }
    Common__V1__Batch batch = COMMON__V1__BATCH__INIT;
    batch.epoch = (ProtobufCBinaryData){ID_BYTES, feed->epoch.bytes};
    batch.after = batch.up_to = session->sent_up_to;
    batch.head = feed->head;
    batch.events = feed->event_pointers;
    if (feed_ring_holds(&feed->ring, batch.after + 1)) {
        uint64_t held = feed->ring.next - (batch.after + 1);
        batch_from_ring(feed, &batch, rows < held ? rows : held);
    } else {
        *status = batch_from_log(feed, &batch, rows);
    }
    if (*status != STATUS_OK || batch.up_to == batch.after) {
        return false;
    }
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = session->request;
    reply.body_case = COMMON__V1__REPLY__BODY_BATCH;
    reply.batch = &batch;
    *status = server_send(feed->server, &session->peer, &reply);
    if (*status != STATUS_OK) {
        return false;
    }
    session->sent_up_to = batch.up_to;
    session->credit -= batch.n_events;
    feed->events_sent += batch.n_events;
    return true;
}

bool feed_server_pump(struct feed_server *feed) {
    bool more = false;
    for (size_t i = 0; i < feed->session_count; i++) {
        struct session *session = &feed->sessions[i];
        enum status status = STATUS_OK;
        int sent = 0;
        while (sent < FEED_BATCHES_PER_TURN && send_batch(feed, session, &status)) {
            sent++;
        }
        if (status == STATUS_AGAIN) {
            session->is_blocked = true;
        } else if (status == STATUS_NOT_FOUND) {
            session_remove(feed, session, "disconnected");
            i--;
        } else if (status != STATUS_OK) {
            LOG_ERROR("the log cannot be read for a follower", LOG_S("status", status_name(status)));
            session->is_blocked = true;
        }
        more = more || sent == FEED_BATCHES_PER_TURN;
    }
    return more;
}

void feed_server_tick(struct feed_server *feed, int64_t now_ms) {
    for (size_t i = 0; i < feed->session_count; i++) {
        struct session *session = &feed->sessions[i];
        session->is_blocked = false;
        if (now_ms - session->heard_ms > FEED_SILENCE_MS) {
            session_remove(feed, session, "silent");
            i--;
        }
    }
}

size_t feed_server_followers(const struct feed_server *feed, struct feed_follower_view *views, size_t max) {
    size_t n = feed->session_count < max ? feed->session_count : max;
    for (size_t i = 0; i < n; i++) {
        const struct session *s = &feed->sessions[i];
        views[i] = (struct feed_follower_view){s->principal, s->sent_up_to, s->credit};
    }
    return n;
}

uint64_t feed_server_events_sent(const struct feed_server *feed) {
    return feed->events_sent;
}
