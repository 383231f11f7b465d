#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

#define QUESTION_BYTES_MAX (1024 * 1024)
#define ANSWER_BYTES_MAX (64 * 1024 * 1024)

/* The question as a packed message in arena. False: said what is wrong. */
static bool read_question(const struct contract *contract, const char *text, struct arena *arena,
                          ProtobufCBinaryData *packed) {
    json_error_t error;
    struct json_problem problem;
    ProtobufCMessage *message = NULL;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        ctl_error(0, "the question is no JSON: line %d, column %d: %s", error.line, error.column, error.text);
        return false;
    }
    enum status status = json_to_message(json, contract->query, arena, &message, &problem);
    json_decref(json);
    if (status != STATUS_OK) {
        ctl_error(0, "the question is wrong: %s%s%s", problem.path, *problem.path ? ": " : "", problem.message);
        return false;
    }
    packed->len = protobuf_c_message_get_packed_size(message);
    packed->data = arena_alloc(arena, packed->len);
    if (!packed->data) {
        ctl_error(0, "the question is too large");
        return false;
    }
    protobuf_c_message_pack(message, packed->data);
    return true;
}

static int print_answer(struct ctl *ctl, const struct contract *contract, const Common__V1__Reply *reply,
                        struct arena *arena) {
    if (reply->body_case != COMMON__V1__REPLY__BODY_ANSWER) {
        return ctl_error(EXIT_CODE_FAILED, "%s did not answer the question", contract->service);
    }
    json_t *json = json_from_packed(contract->answer, &reply->answer->body, arena);
    if (!json) {
        return ctl_error(EXIT_CODE_FAILED, "the answer of %s is not of this contract", contract->service);
    }
    json_print_readable(json, ctl->json);
    return EXIT_CODE_OK;
}

/* Questions about persons are a registrar's alone; the log keeps who asked, and why. */
static bool is_about_persons(const struct contract *contract, const char *text) {
    static const char *const members[] = {"get_person", "explain_person", "list_conflicts"};
    json_error_t error;
    json_t *json = strcmp(contract->service, "visits") == 0 ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
    bool found = false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        found = found || json_object_get(json, members[i]) != NULL;
    }
    json_decref(json);
    return found;
}

/* The key of --key, else of --as, else a registrar's where the question needs one and ctl.conf has it. NULL: the
 * operator's; path holds what it points at. False: said. */
static bool choose_key(struct ctl *ctl, const struct contract *contract, const char *text, const char *as,
                       const char **key, char path[CTL_PATH_BYTES]) {
    if (*key) {
        return true;
    }
    if (!as && is_about_persons(contract, text) && ctl_config(ctl) == STATUS_OK && *ctl_setting(ctl, "/registrar_key")) {
        as = "registrar";
    }
    *key = as ? path : NULL;
    return !as || target_key_as(ctl, as, path) == STATUS_OK;
}

static int ask(struct ctl *ctl, const struct contract *contract, const char *text, const char *key, int timeout_ms) {
    struct arena arena;
    arena_init(&arena, ANSWER_BYTES_MAX);
    Common__V1__Query query = COMMON__V1__QUERY__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &query;
    struct client_socket *socket = NULL;
    int exit_code = EXIT_CODE_DATA;
    if (read_question(contract, text, &arena, &query.body)) {
        exit_code = (int)status_exit_code(target_connect(ctl, contract->service, key, &socket));
    }
    if (exit_code == EXIT_CODE_OK) {
        Common__V1__Reply *reply = NULL;
        exit_code = target_call(socket, contract->service, &request, &arena, timeout_ms, &reply);
        exit_code = exit_code == EXIT_CODE_OK ? print_answer(ctl, contract, reply, &arena) : exit_code;
        client_socket_destroy(&socket);
    }
    arena_release(&arena);
    return exit_code;
}

int command_query(struct ctl *ctl, int argc, char **argv) {
    const char *key = NULL, *as = NULL;
    char key_path[CTL_PATH_BYTES];
    int64_t timeout_s = 10;
    const struct ctl_option options[] = {
        {"key", CTL_TEXT, &key, "FILE", "ask with this key (/key of ctl.conf)", 0, 0},
        {"as", CTL_TEXT, &as, "WHO", "registrar, operator, reader or an organisation: its key of ctl.conf", 0, 0},
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for an answer (10)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"query visits|approvals|issues|aggregator|hl7-gateway JSON|- [OPTIONS]",
                                    "One question, as a message Query of the service in proto/; the answer as JSON.\n"
                                    "    lianchengctl query visits '{\"list_facilities\": {}}'\n"
                                    "    lianchengctl query visits '{\"get_visit\": {\"facility\": \"hospital-01\", "
                                    "\"visit_number\": \"20200101-7\"}}'\n"
                                    "    lianchengctl query aggregator '{\"list_metrics\": {}}'\n"
                                    "    lianchengctl query hl7-gateway '{\"list_feeds\": {}}'\n"
                                    "    lianchengctl query visits '{\"get_person\": {\"of\": {\"local_ids\": "
                                    "[{\"value\": \"7\", \"domain\": \"hospital-01\"}]}, \"reason\": \"...\"}}'\n"
                                    "Questions about persons use the registrar's key by themselves (/registrar_key).\n",
                                    2, 2};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    const struct contract *contract = contract_find(argv[1]);
    if (!contract) {
        return EXIT_CODE_USAGE;
    }
    struct buffer text = {0};
    enum status status = STATUS_OK;
    if (strcmp(argv[2], "-") == 0) {
        status = file_read("/dev/stdin", QUESTION_BYTES_MAX, &text);
    } else {
        buffer_append_text(&text, argv[2]);
    }
    if (status != STATUS_OK) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "stdin cannot be read: %s", status_name(status));
    } else if (!choose_key(ctl, contract, buffer_text(&text), as, &key, key_path)) {
        exit_code = EXIT_CODE_CONFIG;
    } else {
        exit_code = ask(ctl, contract, buffer_text(&text), key, (int)timeout_s * 1000);
    }
    buffer_release(&text);
    return exit_code;
}
