#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/desk_internal.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "service/wire_metrics.h"
#include "wire/code_text.h"
#include "wire/validate.h"

#define REQUESTS_A_TURN 64
#define REQUEST_UNPACK_BYTES_MAX (8 * 1024 * 1024)
#define ANSWER_UNPACKED_BYTES_MAX (4 * 1024 * 1024)

/* --- Answers --------------------------------------------------------------------------------------------------------
 */

static void send_reply(struct desk *desk, const struct asker *asker, Common__V1__Reply *reply) {
    reply->request = asker->request;
    (void)server_send(desk->server, &asker->peer, reply); /* a peer that is gone or does not read has lost it */
}

void desk_send_problem(struct desk *desk, const struct asker *asker, uint32_t code, const char *field) {
    Common__V1__Problem problem;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    code_text_fill(NULL, code, field, &problem);
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    send_reply(desk, asker, &reply);
}

void desk_send_answer(struct desk *desk, const struct asker *asker, const Metrics__V1__Answer *message) {
    size_t size = message == NULL ? 0 : metrics__v1__answer__get_packed_size(message);
    uint8_t *bytes = message == NULL ? NULL : arena_alloc(&desk->answer, size);
    if (bytes == NULL || size > SERVER_FRAME_BYTES_MAX - 64) {
        desk_send_problem(desk, asker, COMMON__V1__CODE__CODE_TOO_LARGE, "");
        return;
    }
    Common__V1__Answer answer = COMMON__V1__ANSWER__INIT;
    answer.body.data = bytes;
    answer.body.len = metrics__v1__answer__pack(message, bytes);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_ANSWER;
    reply.answer = &answer;
    send_reply(desk, asker, &reply);
}

static void send_receipt(struct desk *desk, const struct asker *asker, Common__V1__Receipt *receipt) {
    Common__V1__Receipt *list[] = {receipt};
    Common__V1__Receipts receipts = COMMON__V1__RECEIPTS__INIT;
    receipts.n_receipts = 1;
    receipts.receipts = list;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_RECEIPTS;
    reply.receipts = &receipts;
    send_reply(desk, asker, &reply);
}

static void answer_ping(struct desk *desk, const struct asker *asker) {
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_PONG;
    reply.pong = &pong;
    send_reply(desk, asker, &reply);
}

static void answer_status(struct desk *desk, const struct asker *asker) {
    arena_reset(&desk->answer);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_STATUS;
    reply.status = report_status(desk->aggregator, &desk->answer);
    send_reply(desk, asker, &reply);
}

/* --- Queries --------------------------------------------------------------------------------------------------------
 */

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; /* protobuf-c's packer takes char *, and only reads */
}

static void fill_metric(Metrics__V1__Metric *row, const struct metric *metric) {
    metrics__v1__metric__init(row);
    row->metric = text(metric->id);
    row->definition_version = metric->definition_version;
    row->period = metric->period;
    row->unit = text(metric->unit);
    row->label_zh = text(metric->label_zh);
    row->label_en = text(metric->label_en);
    row->definition_zh = text(metric->definition_zh);
    row->definition_en = text(metric->definition_en);
}

static void list_metrics(struct desk *desk, const struct asker *asker) {
    arena_reset(&desk->answer);
    Metrics__V1__Metrics metrics = METRICS__V1__METRICS__INIT;
    Metrics__V1__Answer answer = METRICS__V1__ANSWER__INIT;
    Metrics__V1__Metric *rows = arena_alloc(&desk->answer, metric_count * sizeof *rows);
    Metrics__V1__Metric **list = arena_alloc(&desk->answer, metric_count * sizeof *list);
    CHECK(rows != NULL && list != NULL); /* a few rows in an empty arena */
    for (size_t i = 0; i < metric_count; i++) {
        fill_metric(&rows[i], &metric_catalogue[i]);
        list[i] = &rows[i];
    }
    metrics.n_metrics = metric_count;
    metrics.metrics = list;
    answer.body_case = METRICS__V1__ANSWER__BODY_METRICS;
    answer.metrics = &metrics;
    desk_send_answer(desk, asker, &answer);
}

static void read_cells(struct desk *desk, const struct asker *asker, const Metrics__V1__ReadCells *message) {
    const char *field = "";
    struct desk_read *read = desk_reads_next(desk, DESK_READ_CELLS, asker);
    Common__V1__Code code = read == NULL ? COMMON__V1__CODE__CODE_UNAVAILABLE
                                         : cells_query_read(message, &read->cells, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        desk_send_problem(desk, asker, code, field);
        return;
    }
    desk_reads_add(desk);
}

static void list_publications(struct desk *desk, const struct asker *asker,
                              const Metrics__V1__ListPublications *message) {
    const char *field = "";
    struct desk_read *read = desk_reads_next(desk, DESK_READ_PUBLICATIONS, asker);
    Common__V1__Code code = read == NULL ? COMMON__V1__CODE__CODE_UNAVAILABLE
                                         : publish_query_read(message, &read->publications, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        desk_send_problem(desk, asker, code, field);
        return;
    }
    desk_reads_add(desk);
}

static void answer_query(struct desk *desk, const struct asker *asker, const Common__V1__Query *message) {
    const char *field = "";
    ProtobufCMessage *unpacked;
    Common__V1__Code code = validate_unpack(&metrics__v1__query__descriptor, &desk->arena.allocator, message->body.data,
                                            message->body.len, &unpacked, &field);
    const Metrics__V1__Query *query = (const Metrics__V1__Query *)unpacked;
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        desk_send_problem(desk, asker, code, field);
        return;
    }
    switch (query->body_case) {
    case METRICS__V1__QUERY__BODY_READ_CELLS:
        read_cells(desk, asker, query->read_cells);
        return;
    case METRICS__V1__QUERY__BODY_LIST_METRICS:
        list_metrics(desk, asker);
        return;
    case METRICS__V1__QUERY__BODY_LIST_PUBLICATIONS:
        list_publications(desk, asker, query->list_publications);
        return;
    case METRICS__V1__QUERY__BODY__NOT_SET:
    case _METRICS__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        desk_send_problem(desk, asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
        return;
    }
}

/* --- Commands -------------------------------------------------------------------------------------------------------
 */

/* A publication's number stands where a registry's receipt has the number of the event. */
static void on_done(void *user, enum status status, uint64_t number) {
    struct desk *desk = user;
    Common__V1__Receipt receipt = COMMON__V1__RECEIPT__INIT;
    if (status != STATUS_OK && status != STATUS_EXISTS) {
        desk_send_problem(desk, &desk->commander, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        return;
    }
    receipt.result = status == STATUS_OK ? COMMON__V1__RESULT__RESULT_ACCEPTED : COMMON__V1__RESULT__RESULT_DUPLICATE;
    receipt.first_seq = number;
    receipt.events = number != 0;
    send_receipt(desk, &desk->commander, &receipt);
}

static void send_refusal(struct desk *desk, const struct asker *asker, Common__V1__Code code, const char *field) {
    Common__V1__Receipt receipt = COMMON__V1__RECEIPT__INIT;
    Common__V1__Problem problem;
    code_text_fill(NULL, code, field, &problem);
    receipt.result = COMMON__V1__RESULT__RESULT_REFUSED;
    receipt.problem = &problem;
    send_receipt(desk, asker, &receipt);
}

/* The code of the refusal, or 0. */
static Common__V1__Code check_submit(struct desk *desk, const struct principal *principal,
                                     const Common__V1__Submit *submit, const Metrics__V1__Command **body,
                                     const char **field) {
    *field = "organisation";
    if (submit->organisation[0] != '\0' && strcmp(submit->organisation, principal->organisation) != 0) {
        return COMMON__V1__CODE__CODE_NOT_YOUR_ORGANISATION;
    }
    *field = "commands";
    if (submit->n_commands != 1) {
        return submit->n_commands == 0 ? COMMON__V1__CODE__CODE_MISSING : COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    const Common__V1__Command *command = submit->commands[0];
    *field = "commands[0].id";
    if (!id_is_v7(command->id.data, command->id.len)) {
        return COMMON__V1__CODE__CODE_BAD_ID;
    }
    *field = "commands[0].body";
    ProtobufCMessage *unpacked;
    const char *inner;
    Common__V1__Code code = validate_unpack(&metrics__v1__command__descriptor, &desk->arena.allocator,
                                            command->body.data, command->body.len, &unpacked, &inner);
    *body = (const Metrics__V1__Command *)unpacked;
    return code;
}

/* Fills the command from its body. False: the refusal was sent. */
static bool read_command(struct desk *desk, const struct asker *asker, const Metrics__V1__Command *body,
                         struct sink_command *command) {
    const char *field = "";
    Common__V1__Code code;
    switch (body->body_case) {
    case METRICS__V1__COMMAND__BODY_REBUILD:
        command->kind = SINK_REBUILD;
        return true;
    case METRICS__V1__COMMAND__BODY_FREEZE_PERIOD:
        command->kind = SINK_FREEZE;
        code = publish_read(body->freeze_period, civil_day_of_ms(clock_unix_ms()), &command->period, &field);
        if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
            send_refusal(desk, asker, code, field);
        }
        return code == COMMON__V1__CODE__CODE_UNSPECIFIED;
    case METRICS__V1__COMMAND__BODY__NOT_SET:
    case _METRICS__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    desk_send_problem(desk, asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "commands[0].body");
    return false;
}

static void answer_submit(struct desk *desk, const struct asker *asker, const struct principal *principal,
                          const Common__V1__Submit *submit) {
    const char *field = "";
    const Metrics__V1__Command *body = NULL;
    Common__V1__Code code = check_submit(desk, principal, submit, &body, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        desk_send_problem(desk, asker, code, field);
        return;
    }
    struct sink_command command = {.done = on_done, .user = desk};
    if (!read_command(desk, asker, body, &command)) {
        return;
    }
    struct asker other = desk->commander;
    memcpy(command.id.bytes, submit->commands[0]->id.data, ID_BYTES);
    snprintf(command.principal, sizeof command.principal, "%s", principal->name);
    desk->commander = *asker;
    if (sink_run(desk->aggregator, &command) != STATUS_OK) {
        desk->commander = other;
        desk_send_problem(desk, asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
    }
}

/* --- The socket -----------------------------------------------------------------------------------------------------
 */

static bool may(const struct principal *principal, Common__V1__Request__BodyCase body) {
    switch (body) {
    case COMMON__V1__REQUEST__BODY_SUBMIT:
        return principal->role == ROLE_OPERATOR;
    case COMMON__V1__REQUEST__BODY_QUERY:
        return principal->role == ROLE_OPERATOR || principal->role == ROLE_READER;
    case COMMON__V1__REQUEST__BODY_PING:
    case COMMON__V1__REQUEST__BODY_GET_STATUS:
    case COMMON__V1__REQUEST__BODY__NOT_SET:
    case COMMON__V1__REQUEST__BODY_FOLLOW:
    case COMMON__V1__REQUEST__BODY_CREDIT:
    case COMMON__V1__REQUEST__BODY_LIST_REFUSALS:
    case COMMON__V1__REQUEST__BODY_SHOW_REFUSAL:
    case COMMON__V1__REQUEST__BODY_RESUBMIT:
    case _COMMON__V1__REQUEST__BODY__CASE_IS_INT_SIZE:
        return true;
    }
    return true;
}

static void answer(struct desk *desk, const struct incoming *incoming) {
    const Common__V1__Request *request = incoming->request;
    const struct asker asker = {.peer = incoming->peer, .request = request->request};
    if (!may(incoming->principal, request->body_case)) {
        desk_send_problem(desk, &asker, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    switch (request->body_case) {
    case COMMON__V1__REQUEST__BODY_PING:
        answer_ping(desk, &asker);
        return;
    case COMMON__V1__REQUEST__BODY_GET_STATUS:
        answer_status(desk, &asker);
        return;
    case COMMON__V1__REQUEST__BODY_QUERY:
        answer_query(desk, &asker, request->query);
        return;
    case COMMON__V1__REQUEST__BODY_SUBMIT:
        answer_submit(desk, &asker, incoming->principal, request->submit);
        return;
    case COMMON__V1__REQUEST__BODY__NOT_SET:
    case COMMON__V1__REQUEST__BODY_FOLLOW:
    case COMMON__V1__REQUEST__BODY_CREDIT:
    case COMMON__V1__REQUEST__BODY_LIST_REFUSALS:
    case COMMON__V1__REQUEST__BODY_SHOW_REFUSAL:
    case COMMON__V1__REQUEST__BODY_RESUBMIT:
    case _COMMON__V1__REQUEST__BODY__CASE_IS_INT_SIZE:
        desk_send_problem(desk, &asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "");
        return;
    }
}

static int on_readable(zloop_t *loop, zsock_t *socket, void *user) {
    (void)loop;
    (void)socket;
    struct desk *desk = user;
    for (int i = 0; i < REQUESTS_A_TURN; i++) {
        struct incoming incoming;
        arena_reset(&desk->arena);
        if (server_receive(desk->server, &desk->arena, &incoming) != STATUS_OK) {
            break;
        }
        answer(desk, &incoming);
    }
    return 0;
}

/* --- Exported -------------------------------------------------------------------------------------------------------
 */

static enum status open_server(struct desk *desk) {
    const struct config *config = desk->aggregator->config;
    const struct server_options options = {
        .bind = config_string(config, "/server/bind"),
        .key_path = config_string(config, "/server/key"),
        .keys_path = config_string(config, "/server/keys"),
    };
    struct keys_error error = {.text = ""};
    enum status status = server_new(&options, &desk->server, &error);
    if (status != STATUS_OK) {
        LOG_ERROR("cannot open the socket", LOG_S("detail", error.text), LOG_S("bind", options.bind));
        return status;
    }
    zloop_t *loop = daemon_loop(desk->aggregator->daemon);
    CHECK(zloop_reader(loop, server_socket(desk->server), on_readable, desk) == 0);
    zloop_reader_set_tolerant(loop, server_socket(desk->server));
    LOG_INFO("listening", LOG_S("endpoint", server_endpoint(desk->server)));
    return STATUS_OK;
}

enum status desk_new(struct aggregator *aggregator) {
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) {
        return STATUS_MEMORY;
    }
    desk->aggregator = aggregator;
    arena_init(&desk->arena, REQUEST_UNPACK_BYTES_MAX);
    arena_init(&desk->answer, ANSWER_UNPACKED_BYTES_MAX);
    aggregator->desk = desk;
    enum status status = open_server(desk);
    if (status == STATUS_OK) {
        status = desk_reads_open(desk);
    }
    return status;
}

void desk_destroy(struct aggregator *aggregator) {
    struct desk *desk = aggregator->desk;
    if (desk == NULL) {
        return;
    }
    desk_reads_close(desk);
    if (desk->server != NULL) {
        zloop_reader_end(daemon_loop(aggregator->daemon), server_socket(desk->server));
        server_destroy(&desk->server);
    }
    arena_release(&desk->arena);
    arena_release(&desk->answer);
    free(desk);
    aggregator->desk = NULL;
}

void desk_reload(struct aggregator *aggregator) {
    struct keys_error error = {.text = ""};
    if (server_reload(aggregator->desk->server, &error) != STATUS_OK) {
        LOG_ERROR("the key table was not taken, the old one stays", LOG_S("detail", error.text));
    } else {
        LOG_INFO("key table read");
    }
}

void desk_metrics(const struct aggregator *aggregator, struct buffer *out) {
    wire_metrics(aggregator->desk->server, out);
}
