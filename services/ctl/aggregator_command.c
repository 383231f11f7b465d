#include "ctl/aggregator_command.h"

#include "base/check.h"
#include "base/civil.h"
#include "client/client.h"

#define REPLY_BYTES_MAX (4 * 1024 * 1024)
#define COMMAND_BYTES_MAX 512

struct id aggregator_command_id(void) {
    struct id_maker maker = {0};
    return id_make(&maker, (uint64_t)clock_unix_ms());
}

static int read_receipt(const Common__V1__Reply *reply, struct aggregator_receipt *receipt) {
    if (reply->body_case != COMMON__V1__REPLY__BODY_RECEIPTS || reply->receipts->n_receipts != 1) {
        return ctl_error(EXIT_CODE_FAILED, "the aggregator answered without a receipt");
    }
    const Common__V1__Receipt *got = reply->receipts->receipts[0];
    if (got->result == COMMON__V1__RESULT__RESULT_REFUSED) {
        const Common__V1__Problem *problem = got->problem;
        const char *field = problem != NULL ? problem->field : "";
        return ctl_error(EXIT_CODE_DATA, "the aggregator refused: %s%s%s%s", problem ? problem->message : "no reason given",
                         *field ? " (" : "", field, *field ? ")" : "");
    }
    if (receipt != NULL) {
        *receipt = (struct aggregator_receipt){.is_duplicate = got->result == COMMON__V1__RESULT__RESULT_DUPLICATE,
                                               .number = got->first_seq};
    }
    return EXIT_CODE_OK;
}

int aggregator_command_send(struct client_socket *socket, const Metrics__V1__Command *body, const struct id *id,
                            int timeout_ms, struct aggregator_receipt *receipt) {
    uint8_t packed[COMMAND_BYTES_MAX];
    CHECK(metrics__v1__command__get_packed_size(body) <= sizeof packed);
    struct id sent = *id;
    Common__V1__Command command = COMMON__V1__COMMAND__INIT, *commands[] = {&command};
    command.id = (ProtobufCBinaryData){ID_BYTES, sent.bytes};
    command.occurred_at_ms = clock_unix_ms();
    command.body = (ProtobufCBinaryData){metrics__v1__command__pack(body, packed), packed};
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    submit.commands = commands;
    submit.n_commands = 1;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    struct arena arena;
    arena_init(&arena, REPLY_BYTES_MAX);
    Common__V1__Reply *reply = NULL;
    int exit_code = target_call(socket, "aggregator", &request, &arena, timeout_ms, &reply);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = read_receipt(reply, receipt);
    }
    arena_release(&arena);
    return exit_code;
}

int aggregator_query(struct client_socket *socket, const Metrics__V1__Query *query, Metrics__V1__Answer__BodyCase wanted,
                     struct arena *arena, int timeout_ms, const Metrics__V1__Answer **answer) {
    uint8_t packed[COMMAND_BYTES_MAX];
    CHECK(metrics__v1__query__get_packed_size(query) <= sizeof packed);
    Common__V1__Query message = COMMON__V1__QUERY__INIT;
    message.body = (ProtobufCBinaryData){metrics__v1__query__pack(query, packed), packed};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &message;
    Common__V1__Reply *reply = NULL;
    int exit_code = target_call(socket, "aggregator", &request, arena, timeout_ms, &reply);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    *answer = reply->body_case != COMMON__V1__REPLY__BODY_ANSWER
                  ? NULL
                  : metrics__v1__answer__unpack(&arena->allocator, reply->answer->body.len, reply->answer->body.data);
    if (*answer == NULL || (*answer)->body_case != wanted) {
        return ctl_error(EXIT_CODE_FAILED, "the aggregator did not answer the question");
    }
    return EXIT_CODE_OK;
}
