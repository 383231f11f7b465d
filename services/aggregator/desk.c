#include <stdlib.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/cells_query.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "pg/pg.h"
#include "service/wire_metrics.h"
#include "wire/code_text.h"
#include "wire/server.h"
#include "wire/validate.h"

#define REQUESTS_A_TURN 64
#define READS_MAX 64 /* waiting for PostgreSQL */
#define REQUEST_UNPACK_BYTES_MAX (8 * 1024 * 1024)
#define ANSWER_UNPACKED_BYTES_MAX (4 * 1024 * 1024)

/* Who waits for an answer. */
struct asker {
    struct peer peer;
    uint64_t request;
};

struct read {
    struct asker asker;
    struct cells_query query;
};

/* The desk answers on its own socket, and reads PostgreSQL on a connection of its own that cannot write. */
struct desk {
    struct aggregator *aggregator;
    struct server *server;
    struct arena arena;  /* of the request at hand */
    struct arena answer; /* of the answer at hand */
    struct pg *pg;
    bool can_read;                /* the connection is set to read only */
    struct read reads[READS_MAX]; /* a ring */
    size_t first;
    size_t count;
    struct asker rebuild;
};

/* --- Answers --------------------------------------------------------------------------------------------------------
 */

static void send_reply(struct desk *desk, const struct asker *asker, Common__V1__Reply *reply) {
    reply->request = asker->request;
    (void)server_send(desk->server, &asker->peer, reply); /* a peer that is gone or does not read has lost it */
}

static void send_problem(struct desk *desk, const struct asker *asker, uint32_t code, const char *field) {
    Common__V1__Problem problem;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    code_text_fill(NULL, code, field, &problem);
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    send_reply(desk, asker, &reply);
}

static void send_answer(struct desk *desk, const struct asker *asker, const Metrics__V1__Answer *message) {
    size_t size = message == NULL ? 0 : metrics__v1__answer__get_packed_size(message);
    uint8_t *bytes = message == NULL ? NULL : arena_alloc(&desk->answer, size);
    if (bytes == NULL || size > SERVER_FRAME_BYTES_MAX - 64) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_TOO_LARGE, "");
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

static void send_receipt(struct desk *desk, const struct asker *asker, Common__V1__Result result) {
    Common__V1__Receipt receipt = COMMON__V1__RECEIPT__INIT;
    receipt.result = result;
    Common__V1__Receipt *list[] = {&receipt};
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
    send_answer(desk, asker, &answer);
}

static void read_next(struct desk *desk);

static void on_rows(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct desk *desk = user;
    struct read *read = &desk->reads[desk->first];
    arena_reset(&desk->answer);
    if (status == STATUS_OK && count == 1) {
        send_answer(desk, &read->asker, cells_query_answer(&read->query, results[0], clock_unix_ms(), &desk->answer));
    } else {
        LOG_WARN("reading cells failed", LOG_S("detail", message));
        send_problem(desk, &read->asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
    }
    desk->first = (desk->first + 1) % READS_MAX;
    desk->count--;
    read_next(desk);
}

static void read_next(struct desk *desk) {
    if (desk->count == 0 || !desk->can_read || pg_is_busy(desk->pg)) {
        return;
    }
    const struct pg_statement statement = {
        .sql = cells_query_sql,
        .parameter_count = CELLS_QUERY_PARAMETERS,
        .values = desk->reads[desk->first].query.values,
    };
    (void)pg_run(desk->pg, &statement, 1, false, on_rows, desk);
}

static void read_cells(struct desk *desk, const struct asker *asker, const Metrics__V1__ReadCells *message) {
    const char *field = NULL;
    if (desk->count == READS_MAX || !desk->can_read) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        return;
    }
    struct read *read = &desk->reads[(desk->first + desk->count) % READS_MAX];
    Common__V1__Code code = cells_query_read(message, &read->query, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        send_problem(desk, asker, code, field);
        return;
    }
    read->asker = *asker;
    desk->count++;
    read_next(desk);
}

static void answer_query(struct desk *desk, const struct asker *asker, const Common__V1__Query *message) {
    const char *field = "";
    ProtobufCMessage *unpacked;
    Common__V1__Code code = validate_unpack(&metrics__v1__query__descriptor, &desk->arena.allocator, message->body.data,
                                            message->body.len, &unpacked, &field);
    const Metrics__V1__Query *query = (const Metrics__V1__Query *)unpacked;
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        send_problem(desk, asker, code, field);
        return;
    }
    switch (query->body_case) {
    case METRICS__V1__QUERY__BODY_READ_CELLS:
        read_cells(desk, asker, query->read_cells);
        return;
    case METRICS__V1__QUERY__BODY_LIST_METRICS:
        list_metrics(desk, asker);
        return;
    case METRICS__V1__QUERY__BODY__NOT_SET:
    case _METRICS__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        send_problem(desk, asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
        return;
    }
}

/* --- Commands -------------------------------------------------------------------------------------------------------
 */

static void on_rebuilt(void *user, enum status status) {
    struct desk *desk = user;
    if (status == STATUS_OK) {
        send_receipt(desk, &desk->rebuild, COMMON__V1__RESULT__RESULT_ACCEPTED);
    } else if (status == STATUS_EXISTS) {
        send_receipt(desk, &desk->rebuild, COMMON__V1__RESULT__RESULT_DUPLICATE);
    } else {
        send_problem(desk, &desk->rebuild, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
    }
}

/* The code of the refusal, or 0. */
static Common__V1__Code check_submit(struct desk *desk, const struct principal *principal,
                                     const Common__V1__Submit *submit, const char **field) {
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
    const Metrics__V1__Command *body = (const Metrics__V1__Command *)unpacked;
    if (code == COMMON__V1__CODE__CODE_UNSPECIFIED && body->body_case != METRICS__V1__COMMAND__BODY_REBUILD) {
        code = COMMON__V1__CODE__CODE_UNSUPPORTED;
    }
    return code;
}

static void answer_submit(struct desk *desk, const struct asker *asker, const struct principal *principal,
                          const Common__V1__Submit *submit) {
    const char *field = "";
    Common__V1__Code code = check_submit(desk, principal, submit, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        send_problem(desk, asker, code, field);
        return;
    }
    struct id id;
    struct asker other = desk->rebuild;
    memcpy(id.bytes, submit->commands[0]->id.data, ID_BYTES);
    desk->rebuild = *asker;
    if (sink_rebuild(desk->aggregator, &id, principal->name, on_rebuilt, desk) != STATUS_OK) {
        desk->rebuild = other;
        send_problem(desk, asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
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
        send_problem(desk, &asker, COMMON__V1__CODE__CODE_FORBIDDEN, "");
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
        send_problem(desk, &asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "");
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

/* --- The connection that reads --------------------------------------------------------------------------------------
 */

static void on_read_only(void *user, enum status status, PGresult *const *results, size_t count, const char *message) {
    struct desk *desk = user;
    (void)results;
    (void)count;
    if (status == STATUS_OK) {
        desk->can_read = true;
        read_next(desk);
    } else if (status == STATUS_IO) {
        LOG_ERROR("the reading connection cannot be set to read only", LOG_S("detail", message));
    }
}

static void on_connected(void *user) {
    struct desk *desk = user;
    const struct pg_statement statements[] = {
        {.sql = "SET default_transaction_read_only = on"},
        {.sql = "SET statement_timeout = '10s'"},
    };
    (void)pg_run(desk->pg, statements, 2, false, on_read_only, desk);
}

static void on_disconnected(void *user, const char *message) {
    struct desk *desk = user;
    (void)message; /* the sink has said it */
    desk->can_read = false;
    for (; desk->count > 0; desk->count--) {
        send_problem(desk, &desk->reads[desk->first].asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        desk->first = (desk->first + 1) % READS_MAX;
    }
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
        const struct pg_options options = {
            .conninfo = config_string(aggregator->config, "/postgres/conninfo"),
            .connected = on_connected,
            .disconnected = on_disconnected,
            .user = desk,
        };
        status = pg_new(daemon_loop(aggregator->daemon), &options, &desk->pg);
    }
    return status;
}

void desk_destroy(struct aggregator *aggregator) {
    struct desk *desk = aggregator->desk;
    if (desk == NULL) {
        return;
    }
    pg_destroy(&desk->pg);
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
