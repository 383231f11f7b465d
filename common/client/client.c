#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "client/submit_writer.h"

#define WINDOW_MAX 1024 /* also the range of slots in a request number */
#define SLOT_BITS 10
#define TRY_BITS 8 /* above the slot: which sending of the Submit it is, so that late answers to earlier ones are known */
#define SUBMIT_BYTES_MAX (900 * 1024) /* leaves room in the frame for whatever wraps it */
#define RESEND_MS 5000
#define LOST_FACTOR 4 /* a Submit unanswered for so many resend times is lost, even while others are answered */
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS 2000
#define REPLIES_PER_PUMP 2048
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* One Submit, from its first command to its receipts. Its memory is used again. */
struct slot {
    struct submit_writer writer;
    uint64_t serial;
    uint64_t request;  /* number it was sent under last */
    uint64_t *numbers; /* of its commands */
    uint32_t numbers_capacity;
    int64_t sent_ms;
};

struct client {
    struct client_options options;
    char *organisation;
    struct client_socket *socket;
    struct slot *slots; /* window_submits of them */
    uint16_t *free_slots;
    size_t free_count;
    /* Closed Submits in the order they were closed: the first `sent` of them are on their way, the rest wait. */
    uint16_t *order;
    size_t count, sent;
    struct slot *building; /* NULL: none */
    uint64_t serial;
    uint64_t tries;        /* times that all in flight was sent again */
    uint64_t outstanding;
    int64_t heard_ms;      /* when silence began */
    int64_t hold_until_ms; /* nothing is sent before */
    int64_t backoff_ms;
    struct arena arena;
    char problem[512];
};

/* --- opening --- */

enum status client_new(const struct client_options *options, struct client **client) {
    *client = NULL;
    if (options->window_submits < 1 || options->window_submits > WINDOW_MAX) {
        return STATUS_USAGE;
    }
    struct client_socket *socket;
    enum status status = client_socket_new(&options->socket, &socket);
    if (status != STATUS_OK) {
        return status;
    }
    struct client *made = calloc(1, sizeof *made);
    size_t window = options->window_submits;
    CHECK(made != NULL);
    made->options = *options;
    made->options.resend_ms = options->resend_ms == 0 ? RESEND_MS : options->resend_ms;
    made->organisation = options->organisation == NULL ? NULL : strdup(options->organisation);
    made->socket = socket;
    made->slots = calloc(window, sizeof *made->slots);
    made->order = calloc(window, sizeof *made->order);
    made->free_slots = calloc(window, sizeof *made->free_slots);
    CHECK(made->slots != NULL && made->order != NULL && made->free_slots != NULL);
    for (size_t i = 0; i < window; i++) {
        made->free_slots[made->free_count++] = (uint16_t)(window - 1 - i);
    }
    arena_init(&made->arena, ARENA_BYTES);
    *client = made;
    return STATUS_OK;
}

void client_destroy(struct client **client) {
    struct client *old = *client;
    if (old == NULL) {
        return;
    }
    client_socket_destroy(&old->socket);
    for (uint32_t i = 0; i < old->options.window_submits; i++) {
        submit_writer_release(&old->slots[i].writer);
        free(old->slots[i].numbers);
    }
    arena_release(&old->arena);
    free(old->slots);
    free(old->order);
    free(old->free_slots);
    free(old->organisation);
    free(old);
    *client = NULL;
}

struct client_socket *client_socket(struct client *client) {
    return client->socket;
}

size_t client_building(const struct client *client) {
    return client->building == NULL ? 0 : client->building->writer.commands;
}

uint64_t client_outstanding(const struct client *client) {
    return client->outstanding;
}

const char *client_problem(const struct client *client) {
    return client->problem;
}

/* --- sending --- */

static struct slot *ordered(const struct client *client, size_t place) {
    return &client->slots[client->order[place]];
}

/* Each Submit names the one sent before it: when the connection breaks and ZeroMQ connects again, those under way are
 * lost, and the daemon refuses what was sent behind them. The first of all in flight names none. */
static void stamp(struct client *client, size_t place) {
    struct slot *slot = ordered(client, place);
    uint64_t try = client->tries & ((1u << TRY_BITS) - 1);
    slot->request = slot->serial << (TRY_BITS + SLOT_BITS) | try << SLOT_BITS | client->order[place];
    submit_writer_close(&slot->writer, slot->request, place == 0 ? 0 : ordered(client, place - 1)->request);
}

/* Strictly in order: what waits holds back all that was closed after it. */
static void send_due(struct client *client, int64_t now_ms) {
    while (client->sent < client->count && now_ms >= client->hold_until_ms) {
        struct slot *slot = ordered(client, client->sent);
        stamp(client, client->sent);
        if (client_socket_send_bytes(client->socket, submit_writer_data(&slot->writer),
                                     submit_writer_size(&slot->writer)) != STATUS_OK) {
            return; /* the daemon is away or slow: again at the next pump */
        }
        slot->sent_ms = now_ms;
        if (client->sent++ == 0) {
            client->heard_ms = now_ms;
        }
    }
}

/* All that is unanswered counts as not sent. The daemon knows the ids of what it has decided already. */
static void go_back(struct client *client, int64_t hold_until_ms) {
    client->sent = 0;
    client->tries++;
    client->hold_until_ms = hold_until_ms;
}

static void back_off(struct client *client, int64_t now_ms) {
    int64_t longer_ms = client->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : client->backoff_ms * 2;
    client->backoff_ms = client->backoff_ms == 0 ? BACKOFF_FIRST_MS : longer_ms;
    go_back(client, now_ms + client->backoff_ms);
}

/* When what is on its way has to be sent again. */
static int64_t resend_at_ms(const struct client *client) {
    int64_t silence_ms = client->heard_ms + client->options.resend_ms;
    int64_t lost_ms = ordered(client, 0)->sent_ms + (int64_t)LOST_FACTOR * client->options.resend_ms;
    return silence_ms < lost_ms ? silence_ms : lost_ms;
}

static void work(struct client *client, int64_t now_ms) {
    if (client->sent > 0 && now_ms >= resend_at_ms(client)) {
        LOG_INFO("no answer, sending again", LOG_U("submits", client->sent));
        go_back(client, now_ms);
    }
    send_due(client, now_ms);
}

/* --- building --- */

static bool is_full(const struct submit_writer *writer, size_t body_size) {
    return writer->commands == SERVER_COMMANDS_MAX || submit_writer_size_with(writer, body_size) > SUBMIT_BYTES_MAX;
}

static bool begin(struct client *client) {
    if (client->free_count == 0) {
        return false;
    }
    uint16_t index = client->free_slots[--client->free_count];
    client->building = &client->slots[index];
    client->building->serial = ++client->serial;
    submit_writer_begin(&client->building->writer, client->organisation);
    return true;
}

static void note_number(struct slot *slot, uint32_t place, uint64_t number) {
    if (place == slot->numbers_capacity) {
        slot->numbers_capacity = place == 0 ? 64 : place * 2;
        slot->numbers = realloc(slot->numbers, slot->numbers_capacity * sizeof *slot->numbers);
        CHECK(slot->numbers != NULL);
    }
    slot->numbers[place] = number;
}

enum status client_add(struct client *client, const struct id *id, int64_t occurred_at_ms, uint64_t expected_version,
                       const uint8_t *body, size_t body_size, uint64_t command_number) {
    if (client->problem[0] != 0) {
        return STATUS_DENIED;
    }
    if (body_size > SERVER_COMMAND_BYTES_MAX) {
        return STATUS_USAGE;
    }
    if (client->building != NULL && is_full(&client->building->writer, body_size)) {
        client_flush(client);
    }
    if (client->building == NULL && !begin(client)) {
        return STATUS_AGAIN;
    }
    struct slot *slot = client->building;
    note_number(slot, slot->writer.commands, command_number);
    submit_writer_add(&slot->writer, id, occurred_at_ms, expected_version, body, body_size);
    client->outstanding++;
    return STATUS_OK;
}

enum status client_flush(struct client *client) {
    if (client->problem[0] != 0) {
        return STATUS_DENIED;
    }
    if (client->building != NULL) {
        struct slot *slot = client->building;
        client->building = NULL;
        client->order[client->count++] = (uint16_t)(slot - client->slots);
        send_due(client, clock_monotonic_ms());
    }
    return STATUS_OK;
}

/* --- replies --- */

/* The place in order of the Submit with this number, whichever try; count when it is none of ours (or answered already).
 */
static size_t find_place(const struct client *client, uint64_t request) {
    size_t place = 0;
    uint64_t serial = request >> (TRY_BITS + SLOT_BITS);
    while (place < client->count && ordered(client, place)->serial != serial) {
        place++;
    }
    return place;
}

static void drop_place(struct client *client, size_t place) {
    client->free_slots[client->free_count++] = client->order[place];
    client->count--;
    memmove(&client->order[place], &client->order[place + 1], (client->count - place) * sizeof client->order[0]);
    if (place < client->sent) {
        client->sent--;
    }
}

__attribute__((format(printf, 2, 3))) static enum status deny(struct client *client, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(client->problem, sizeof client->problem, format, arguments);
    va_end(arguments);
    return STATUS_DENIED;
}

static enum status take_receipts(struct client *client, size_t place, const Common__V1__Receipts *receipts) {
    struct slot *slot = ordered(client, place);
    if (receipts->n_receipts != slot->writer.commands) {
        return deny(client, "the daemon sent %zu receipts for %u commands", receipts->n_receipts,
                    slot->writer.commands);
    }
    for (size_t i = 0; i < receipts->n_receipts; i++) {
        client->outstanding--;
        if (client->options.receipt != NULL) {
            client->options.receipt(client->options.user, slot->numbers[i], receipts->receipts[i]);
        }
    }
    client->backoff_ms = 0;
    drop_place(client, place);
    return STATUS_OK;
}

/* is_latest: it answers the last sending of the Submit; what is said of earlier ones is settled already. */
static enum status take_problem(struct client *client, bool is_latest, const Common__V1__Problem *problem,
                                int64_t now_ms) {
    if (problem->code == COMMON__V1__CODE__CODE_OUT_OF_ORDER) {
        if (is_latest) {
            LOG_INFO("the connection broke, sending again", LOG_U("submits", client->sent));
            go_back(client, now_ms);
        }
        return STATUS_OK;
    }
    if (problem->code != COMMON__V1__CODE__CODE_UNAVAILABLE) {
        return deny(client, "%s%s%s (code %u)", problem->field, problem->field[0] == 0 ? "" : ": ", problem->message,
                    problem->code);
    }
    if (is_latest) {
        back_off(client, now_ms);
    }
    return STATUS_OK;
}

static enum status take_reply(struct client *client, const Common__V1__Reply *reply, int64_t now_ms) {
    size_t place = find_place(client, reply->request);
    bool is_ours = place < client->count;
    client->heard_ms = now_ms;
    if (reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM && (is_ours || reply->request == 0)) {
        bool is_latest = place < client->sent && ordered(client, place)->request == reply->request;
        return take_problem(client, is_latest, reply->problem, now_ms);
    }
    if (reply->body_case == COMMON__V1__REPLY__BODY_RECEIPTS && is_ours) {
        return take_receipts(client, place, reply->receipts);
    }
    return STATUS_OK; /* the answer to a repetition of what was answered already */
}

/* All replies there are. */
static enum status take_replies(struct client *client, int64_t now_ms, size_t *taken) {
    for (*taken = 0; *taken < REPLIES_PER_PUMP; (*taken)++) {
        Common__V1__Reply *reply;
        arena_reset(&client->arena);
        enum status status = client_socket_receive(client->socket, &client->arena, &reply);
        if (status == STATUS_AGAIN) {
            break;
        }
        if (status == STATUS_MALFORMED) {
            return deny(client, "the other side does not speak the contract");
        }
        status = status == STATUS_OK ? take_reply(client, reply, now_ms) : status;
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* --- the pump --- */

static void wait_for_work(struct client *client, int64_t now_ms, int64_t until_ms) {
    bool is_held = now_ms < client->hold_until_ms;
    bool has_unsent = client->sent < client->count;
    if (client->sent > 0 && resend_at_ms(client) < until_ms) {
        until_ms = resend_at_ms(client);
    }
    if (has_unsent && is_held && client->hold_until_ms < until_ms) {
        until_ms = client->hold_until_ms;
    }
    int64_t wait_ms = until_ms - now_ms;
    int timeout_ms = wait_ms < 0 ? 0 : wait_ms > 60000 ? 60000 : (int)wait_ms;
    if (has_unsent && !is_held) {
        client_socket_wait_or_send(client->socket, timeout_ms);
    } else {
        client_socket_wait(client->socket, timeout_ms);
    }
}

enum status client_pump(struct client *client, int timeout_ms) {
    if (client->problem[0] != 0) {
        return STATUS_DENIED;
    }
    int64_t now_ms = clock_monotonic_ms();
    int64_t until_ms = timeout_ms < 0 ? INT64_MAX : now_ms + timeout_ms;
    work(client, now_ms);
    while (client->count > 0) {
        size_t taken;
        enum status status = take_replies(client, now_ms, &taken);
        work(client, now_ms);
        if (status != STATUS_OK || taken > 0 || now_ms >= until_ms) {
            return status;
        }
        wait_for_work(client, now_ms, until_ms);
        now_ms = clock_monotonic_ms();
    }
    return STATUS_OK;
}

/* --- one request, one reply --- */

static int left_ms(int64_t until_ms) {
    int64_t left = until_ms - clock_monotonic_ms();
    return left < 0 ? 0 : (int)left;
}

static enum status send_until(struct client_socket *socket, const Common__V1__Request *request, struct arena *arena,
                              int64_t until_ms) {
    enum status status = client_socket_send(socket, request);
    while (status == STATUS_AGAIN && left_ms(until_ms) > 0) {
        Common__V1__Reply *stale;
        if (client_socket_wait_or_send(socket, left_ms(until_ms))) {
            (void)client_socket_receive(socket, arena, &stale);
        }
        status = client_socket_send(socket, request);
    }
    return status == STATUS_AGAIN ? STATUS_UNAVAILABLE : status;
}

static bool answers(const Common__V1__Reply *reply, const Common__V1__Request *request) {
    return reply->request == request->request ||
           (reply->request == 0 && reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM);
}

enum status client_call(struct client_socket *socket, const Common__V1__Request *request, struct arena *arena,
                        int timeout_ms, Common__V1__Reply **reply) {
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    *reply = NULL;
    enum status status = send_until(socket, request, arena, until_ms);
    while (status == STATUS_OK) {
        status = client_socket_receive(socket, arena, reply);
        if (status == STATUS_OK && answers(*reply, request)) {
            return STATUS_OK;
        }
        if (left_ms(until_ms) == 0 && (status == STATUS_OK || status == STATUS_AGAIN)) {
            status = STATUS_UNAVAILABLE;
        } else if (status == STATUS_AGAIN) {
            client_socket_wait(socket, left_ms(until_ms));
            status = STATUS_OK;
        }
    }
    *reply = NULL;
    return status;
}
