#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "hl7-gateway/gateway.h"

/* Answers in the order of arrival, whatever order the verdicts come in. */

/* --- Composing ------------------------------------------------------------------------------------------------------ */

/* Our own MSH-10: what this process began with and a counter, never the clock. */
static void next_control_id(struct gateway *gateway, char id[32]) {
    snprintf(id, 32, "%s-%llu", gateway->boot, (unsigned long long)++gateway->control_ids);
}

void answer_compose(struct gateway *gateway, const struct received *received, const struct verdict *verdict,
                    struct buffer *out) {
    char control_id[32];
    const char *code = "AR";
    buffer_clear(out);
    next_control_id(gateway, control_id);
    if (received->header == NULL) {
        ack_append_unreadable(out, control_id, clock_unix_ms());
    } else {
        code = ack_code(received->mode, received->header, verdict);
        ack_append(out, received->header, code, verdict, control_id, clock_unix_ms());
    }
    gateway->counters.answers++;
    if (received->feed != NULL) {
        conformance_answered(received->feed, code, verdict->code);
    }
}

static void write_answer(struct answer *answer) {
    struct connection *connection = answer->connection;
    struct gateway *gateway = connection->gateway;
    struct hl7_header header;
    struct received received = {.feed = answer->feed, .mode = answer->mode};
    if (answer->is_readable) {
        (void)hl7_read_header((const uint8_t *)answer->header, answer->header_size, &header);
        received.header = &header;
    }
    answer_compose(gateway, &received, &answer->verdict, &gateway->frame);
    connection_send(connection, &gateway->frame);
}

/* --- Making and ending ---------------------------------------------------------------------------------------------- */

static struct answer *make(struct connection *connection, const struct received *received) {
    const struct hl7_header *header = received->header;
    size_t size = header == NULL ? 0 : header->size;
    struct answer *answer = calloc(1, sizeof *answer + size);
    CHECK(answer != NULL);
    answer->connection = connection;
    answer->feed = received->feed;
    answer->mode = received->mode;
    answer->is_readable = header != NULL;
    answer->header_size = (uint32_t)size;
    if (header != NULL) {
        memcpy(answer->header, received->data + header->offset, size);
    }
    TAILQ_INSERT_TAIL(&connection->answers, answer, in_order);
    connection->answer_count++;
    connection->answer_bytes += sizeof *answer + size;
    return answer;
}

static void destroy(struct answer *answer) {
    struct connection *connection = answer->connection;
    TAILQ_REMOVE(&connection->answers, answer, in_order);
    connection->answer_count--;
    connection->answer_bytes -= sizeof *answer + answer->header_size;
    free(answer);
}

void answer_give(struct connection *connection, const struct received *received, const struct verdict *verdict) {
    struct gateway *gateway = connection->gateway;
    if (TAILQ_EMPTY(&connection->answers)) {
        answer_compose(gateway, received, verdict, &gateway->frame);
        connection_send(connection, &gateway->frame);
    } else {
        make(connection, received)->verdict = *verdict;
    }
}

/* Where the registry is known to be away and that is allowed, nobody is kept waiting. */
static bool may_be_accepted_now(const struct gateway *gateway, const struct flight *flight) {
    return gateway->accepts_when_away && relay_is_away(flight->facility);
}

void answer_await(struct connection *connection, const struct received *received, struct flight *flight) {
    struct gateway *gateway = connection->gateway;
    struct answer *answer = make(connection, received);
    answer->flight = flight;
    TAILQ_INSERT_TAIL(&flight->answers, answer, at_flight);
    if (may_be_accepted_now(gateway, flight)) {
        answer->expires_ms = gateway->now_ms;
        TAILQ_INSERT_HEAD(&gateway->hold, answer, in_hold);
    } else {
        answer->expires_ms = gateway->now_ms + gateway->hold_ms;
        TAILQ_INSERT_TAIL(&gateway->hold, answer, in_hold);
    }
}

static void leave_flight(struct answer *answer) {
    struct gateway *gateway = answer->connection->gateway;
    struct flight *flight = answer->flight;
    answer->flight = NULL;
    TAILQ_REMOVE(&gateway->hold, answer, in_hold);
    TAILQ_REMOVE(&flight->answers, answer, at_flight);
    relay_release(gateway, flight);
}

void answer_settle(struct answer *answer, const struct verdict *verdict) {
    answer->verdict = *verdict;
    leave_flight(answer);
    connection_answer(answer->connection);
}

void answer_drop(struct answer *answer) {
    if (answer->flight != NULL) {
        leave_flight(answer);
    }
    destroy(answer);
}

void answers_write(struct connection *connection) {
    struct answer *answer;
    while (!connection->is_dead && (answer = TAILQ_FIRST(&connection->answers)) != NULL && answer->flight == NULL) {
        write_answer(answer);
        if (!connection->is_dead) { /* otherwise it went with all the others */
            destroy(answer);
        }
    }
}

/* --- Time ----------------------------------------------------------------------------------------------------------- */

void answers_expire(struct gateway *gateway, int64_t now_ms) {
    static const struct verdict accepted = {.code = HL7_CODE_OK};
    static const struct verdict try_again = {.code = HL7_CODE_INTERNAL, .is_reject = true};
    struct answer *answer;
    while ((answer = TAILQ_FIRST(&gateway->hold)) != NULL && answer->expires_ms <= now_ms &&
           !answer->flight->is_staged) {
        relay_note_expired(gateway, answer->flight);
        answer_settle(answer, gateway->accepts_when_away ? &accepted : &try_again);
    }
}
