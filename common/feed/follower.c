#include "feed/follower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/log.h"
#include "wire/client_socket.h"

#define PING_MS 1000
#define SILENCE_MS 10000
#define ANSWER_MS 3000 /* an owner that answers pings and not the Follow has lost one of them */
#define REPLIES_PER_BATCH_MAX 4 /* other replies taken in one pump, for each batch allowed */
/* What one reply may unpack to: ten times a full frame of events as registries send them. */
#define REPLY_UNPACK_BYTES_MAX (16 * 1024 * 1024)

struct follower {
    struct follower_options options;
    char name[64];
    struct client_socket *socket;
    struct arena arena;

    Common__V1__SourceState state;
    struct id epoch; /* zero: not known yet */
    uint64_t up_to;
    uint64_t head;
    int64_t as_of_ms;
    char alarm[160];

    uint64_t last_request;   /* numbers grow over all requests, so a reply tells what was sent before it */
    uint64_t follow_request; /* of the Follow in force; 0: none was sent */

    /* outstanding + held + owed = window, unless the owner sent more than it was granted. */
    uint32_t outstanding; /* granted to the owner, not used yet */
    uint32_t held;        /* handed to the consumer, which is not done with them */
    uint32_t owed;        /* the consumer is done with them, not granted again yet */

    int64_t now_ms; /* of the last tick; -1 before the first */
    int64_t heard_ms;
    int64_t asked_ms;    /* when the last Follow or Ping was sent */
    int64_t followed_ms; /* when the last Follow was sent */
    bool heard;       /* since the last tick */
};

/* --- Sending -------------------------------------------------------------------------------------------------------- */

static bool send_request(struct follower *follower, Common__V1__Request *request) {
    request->request = follower->last_request + 1;
    if (client_socket_send(follower->socket, request) != STATUS_OK) {
        return false;
    }
    follower->last_request++;
    return true;
}

/* Opens the feed behind what was handed on; every Batch of an earlier Follow is void from here on. */
static void send_follow(struct follower *follower) {
    Common__V1__Follow follow = COMMON__V1__FOLLOW__INIT;
    if (!id_is_zero(&follower->epoch)) {
        follow.epoch.data = follower->epoch.bytes;
        follow.epoch.len = ID_BYTES;
    }
    uint32_t window = follower->options.window_events;
    follow.after = follower->up_to;
    follow.credit = follower->held < window ? window - follower->held : 0;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_FOLLOW;
    request.follow = &follow;

    follower->state = COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING;
    follower->follow_request = 0;
    if (!send_request(follower, &request)) {
        return; /* not connected: the next tick tries again */
    }
    follower->follow_request = follower->last_request;
    follower->outstanding = follow.credit;
    follower->owed = 0;
    follower->asked_ms = follower->now_ms;
    follower->followed_ms = follower->now_ms;
    follower->heard_ms = follower->now_ms; /* silence is counted from here */
}

static void send_ping(struct follower *follower) {
    Common__V1__Ping ping = COMMON__V1__PING__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &ping;
    (void)send_request(follower, &request);
    follower->asked_ms = follower->now_ms;
}

/* In chunks of a quarter window: few messages, and the owner never runs dry while the consumer keeps up. */
static void grant_credit(struct follower *follower) {
    uint32_t chunk = follower->options.window_events / 4;
    if (follower->state != COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING || follower->owed == 0 ||
        follower->owed < chunk) {
        return;
    }
    Common__V1__Credit credit = COMMON__V1__CREDIT__INIT;
    credit.credit = follower->owed;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_CREDIT;
    request.credit = &credit;
    if (send_request(follower, &request)) {
        follower->outstanding += follower->owed;
        follower->owed = 0;
    }
}

/* --- Alarms --------------------------------------------------------------------------------------------------------- */

static void set_alarm(struct follower *follower, const char *alarm) {
    if (strcmp(follower->alarm, alarm) != 0) {
        snprintf(follower->alarm, sizeof follower->alarm, "%s", alarm);
        LOG_ERROR("feed alarm", LOG_S("source", follower->name), LOG_S("alarm", follower->alarm),
                  LOG_U("up_to", follower->up_to), LOG_U("head", follower->head));
    }
}

/* The first reason stands: what comes after it follows from it. */
static void stop(struct follower *follower, const char *alarm) {
    if (follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED) {
        return;
    }
    follower->state = COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED;
    set_alarm(follower, alarm);
}

/* --- Replies -------------------------------------------------------------------------------------------------------- */

static bool read_epoch(const ProtobufCBinaryData *bytes, struct id *epoch) {
    if (bytes->len != ID_BYTES) {
        return false;
    }
    memcpy(epoch->bytes, bytes->data, ID_BYTES);
    return !id_is_zero(epoch);
}

static void on_followed(struct follower *follower, const Common__V1__Followed *followed) {
    struct id epoch;
    follower->head = followed->head;
    if (!read_epoch(&followed->epoch, &epoch)) {
        stop(follower, "the owner named no epoch");
        return;
    }
    if (!id_is_zero(&follower->epoch) && !id_equal(&epoch, &follower->epoch)) {
        stop(follower, "the owner's store has another epoch");
        return;
    }
    if (followed->head < follower->up_to) {
        stop(follower, "the owner's head is below the cursor");
        return;
    }
    follower->epoch = epoch;
    follower->state = COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING;
    follower->alarm[0] = '\0';
    LOG_INFO("feed followed", LOG_S("source", follower->name), LOG_U("after", follower->up_to),
             LOG_U("head", follower->head));
    if (follower->options.followed != NULL) {
        follower->options.followed(follower->options.user, &epoch, followed->head);
    }
}

/* NULL when the stretch joins and its numbers rise within it. */
static const char *batch_fault(const struct follower *follower, const Common__V1__Batch *batch) {
    struct id epoch;
    if (!read_epoch(&batch->epoch, &epoch) || !id_equal(&epoch, &follower->epoch)) {
        return "a batch of another epoch";
    }
    if (batch->after != follower->up_to) {
        return "a gap: the batch does not join the last one";
    }
    if (batch->up_to < batch->after) {
        return "a batch that ends before it begins";
    }
    uint64_t last = batch->after;
    for (size_t i = 0; i < batch->n_events; i++) {
        uint64_t seq = batch->events[i]->seq;
        if (seq <= last || seq > batch->up_to) {
            return "a batch whose event numbers do not rise within it";
        }
        last = seq;
    }
    return NULL;
}

static void on_batch(struct follower *follower, const Common__V1__Batch *batch) {
    if (follower->state != COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING) {
        return;
    }
    const char *fault = batch_fault(follower, batch);
    if (fault != NULL) {
        stop(follower, fault);
        return;
    }
    uint32_t events = (uint32_t)batch->n_events;
    follower->up_to = batch->up_to;
    follower->head = batch->head > batch->up_to ? batch->head : batch->up_to;
    follower->as_of_ms = batch->as_of_ms;
    follower->outstanding -= events < follower->outstanding ? events : follower->outstanding;
    follower->held += events;
    follower->options.batch(follower->options.user, batch);
}

static void on_problem(struct follower *follower, uint64_t request, const Common__V1__Problem *problem) {
    if (request != follower->follow_request || follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED) {
        return;
    }
    if (problem->code == COMMON__V1__CODE__CODE_EPOCH_CHANGED) {
        stop(follower, "the owner's store has another epoch");
    } else if (problem->code == COMMON__V1__CODE__CODE_AHEAD_OF_HEAD) {
        stop(follower, "the owner's head is below the cursor");
    } else if (follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING) {
        char text[sizeof follower->alarm];
        snprintf(text, sizeof text, "the owner refuses (code %u): %.100s", problem->code, problem->message);
        set_alarm(follower, text); /* say, a role: a ping tells when to ask again */
    }
}

static void on_pong(struct follower *follower, uint64_t request, const Common__V1__Pong *pong) {
    if (pong->head > follower->head) {
        follower->head = pong->head;
    }
    /* Only a Ping sent behind the Follow says something about it. */
    if (request <= follower->follow_request || follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED) {
        return;
    }
    bool unanswered = follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING &&
                      follower->now_ms - follower->followed_ms >= ANSWER_MS;
    if (!pong->following || unanswered) {
        send_follow(follower);
    }
}

static bool is_not_following(const struct follower *follower, const Common__V1__Reply *reply) {
    return reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM &&
           reply->problem->code == COMMON__V1__CODE__CODE_NOT_FOLLOWING &&
           reply->request > follower->follow_request &&
           follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING;
}

/* True when it was a Batch. */
static bool take_reply(struct follower *follower, const Common__V1__Reply *reply) {
    follower->heard = true;
    if (is_not_following(follower, reply)) {
        send_follow(follower);
        return false;
    }
    bool answers_follow = reply->request == follower->follow_request && follower->follow_request != 0;
    switch (reply->body_case) {
    case COMMON__V1__REPLY__BODY_FOLLOWED:
        if (answers_follow && follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING) {
            on_followed(follower, reply->followed);
        }
        return false;
    case COMMON__V1__REPLY__BODY_BATCH:
        if (answers_follow) {
            on_batch(follower, reply->batch);
        }
        return true;
    case COMMON__V1__REPLY__BODY_PROBLEM:
        on_problem(follower, reply->request, reply->problem);
        return false;
    case COMMON__V1__REPLY__BODY_PONG:
        on_pong(follower, reply->request, reply->pong);
        return false;
    case COMMON__V1__REPLY__BODY__NOT_SET:
    case COMMON__V1__REPLY__BODY_STATUS:
    case COMMON__V1__REPLY__BODY_RECEIPTS:
    case COMMON__V1__REPLY__BODY_ANSWER:
    case COMMON__V1__REPLY__BODY_REFUSALS:
    case _COMMON__V1__REPLY__BODY__CASE_IS_INT_SIZE:
        return false;
    }
    return false;
}

/* --- Exported ------------------------------------------------------------------------------------------------------- */

enum status follower_new(const struct follower_options *options, struct follower **out) {
    CHECK(options->window_events > 0 && options->batch != NULL);
    struct follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL) {
        return STATUS_MEMORY;
    }
    follower->options = *options;
    snprintf(follower->name, sizeof follower->name, "%s", options->name);
    follower->epoch = options->epoch;
    follower->up_to = options->after;
    follower->head = options->after;
    follower->now_ms = -1;
    follower->state = COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING;
    arena_init(&follower->arena, REPLY_UNPACK_BYTES_MAX);
    struct client_socket_options socket = {
        .endpoint = options->endpoint,
        .key_path = options->key_path,
        .server_key_path = options->server_key_path,
    };
    enum status status = client_socket_new(&socket, &follower->socket);
    if (status != STATUS_OK) {
        follower_destroy(&follower);
        return status;
    }
    *out = follower;
    return STATUS_OK;
}

void follower_destroy(struct follower **follower) {
    if (*follower == NULL) {
        return;
    }
    client_socket_destroy(&(*follower)->socket);
    arena_release(&(*follower)->arena);
    free(*follower);
    *follower = NULL;
}

zsock_t *follower_zsock(struct follower *follower) {
    return client_socket_zsock(follower->socket);
}

void follower_pump(struct follower *follower, int max_batches) {
    int batches = 0;
    for (int i = 0; i < max_batches * REPLIES_PER_BATCH_MAX && batches < max_batches; i++) {
        Common__V1__Reply *reply = NULL;
        arena_reset(&follower->arena);
        enum status status = client_socket_receive(follower->socket, &follower->arena, &reply);
        if (status == STATUS_AGAIN) {
            return;
        }
        if (status != STATUS_OK) {
            stop(follower, "the owner sent what is no reply of the contract");
            continue;
        }
        batches += take_reply(follower, reply);
    }
}

void follower_tick(struct follower *follower, int64_t now_ms) {
    if (follower->now_ms < 0 || follower->heard) {
        follower->heard_ms = now_ms;
        follower->heard = false;
    }
    follower->now_ms = now_ms;
    if (follower->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED) {
        return;
    }
    if (follower->follow_request == 0) {
        send_follow(follower);
        return;
    }
    grant_credit(follower); /* what could not be sent before */
    if (now_ms - follower->heard_ms >= SILENCE_MS) {
        LOG_WARN("feed silent, asking again", LOG_S("source", follower->name), LOG_U("up_to", follower->up_to));
        follower->heard_ms = now_ms;
        send_follow(follower);
    } else if (now_ms - follower->heard_ms >= PING_MS && now_ms - follower->asked_ms >= PING_MS) {
        send_ping(follower);
    }
}

void follower_consumed(struct follower *follower, uint32_t events) {
    uint32_t done = events < follower->held ? events : follower->held;
    follower->held -= done;
    /* An owner that sent beyond its credit gets none for it. */
    uint64_t others = (uint64_t)follower->outstanding + follower->held + follower->owed;
    uint32_t window = follower->options.window_events;
    uint32_t room = others < window ? (uint32_t)(window - others) : 0;
    follower->owed += done < room ? done : room;
    grant_credit(follower);
}

void follower_restart(struct follower *follower, const struct id *epoch, uint64_t after) {
    follower->epoch = *epoch;
    follower->up_to = after;
    follower->head = after;
    follower->as_of_ms = 0;
    follower->held = 0;
    follower->alarm[0] = '\0';
    send_follow(follower);
}

struct follower_view follower_view(const struct follower *follower) {
    return (struct follower_view){
        .state = follower->state,
        .epoch = follower->epoch,
        .up_to = follower->up_to,
        .head = follower->head,
        .as_of_ms = follower->as_of_ms,
        .alarm = follower->alarm,
    };
}
