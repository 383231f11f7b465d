#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/id.h"
#include "client/client.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

#define REPLY_BYTES_MAX (64 * 1024 * 1024)
#define TIMEOUT_MS 10000

struct rejects {
    struct ctl *ctl;
    const struct contract *contract;
    struct client_socket *socket;
    struct arena arena; /* of one conversation */
    uint64_t after;
    uint64_t limit; /* most to list */
    const char *id; /* --id of resubmit */
};

static const struct ctl_usage usage = {
    "rejects list|show|resubmit SERVICE [NUMBER...] [OPTIONS]",
    "Refused commands are kept. SERVICE: visits, approvals or issues.\n"
    "    rejects list visits                     what was refused and why, oldest first\n"
    "    rejects show visits NUMBER              one with its content\n"
    "    rejects resubmit visits NUMBER...       decided again (say, once a facility is registered)\n"
    "Publishers see their own (--key), an operator sees all. Exit code 65 when a resubmitted one is refused again.\n",
    2, 1000};

static int call(struct rejects *rejects, Common__V1__Request *request, Common__V1__Reply **reply) {
    arena_reset(&rejects->arena);
    return target_call(rejects->socket, rejects->contract->service, request, &rejects->arena, TIMEOUT_MS, reply);
}

/* The body of the command as the service's message instead of bytes, the code by its name. */
static json_t *refusal_json(struct rejects *rejects, const Common__V1__RefusedCommand *refusal) {
    json_t *json = json_from_message(&refusal->base);
    json_t *command = json_object_get(json, "command");
    json_t *problem = json_object_get(json, "problem");
    if (refusal->problem) {
        json_object_set_new(problem, "name",
                            json_string(contract_code_name(rejects->contract, refusal->problem->code)));
    }
    if (refusal->command) {
        json_t *body = json_from_packed(rejects->contract->command, &refusal->command->body, &rejects->arena);
        json_object_del(command, "body");
        json_object_update(command, body);
        json_decref(body);
    }
    return json;
}

static void print_row(struct rejects *rejects, const Common__V1__RefusedCommand *refusal) {
    char time[30];
    if (rejects->ctl->json) {
        json_print(refusal_json(rejects, refusal));
        return;
    }
    const Common__V1__Problem *problem = refusal->problem;
    civil_time_format(refusal->refused_at_ms, time);
    printf("%10" PRIu64 "  %s  %-24s %-22s %s%s%s\n", refusal->number, time, refusal->principal,
           problem ? contract_code_name(rejects->contract, problem->code) : "", problem ? problem->field : "",
           problem && *problem->field ? ": " : "", problem ? problem->message : "");
}

/* Pages through the list until the limit or the end. */
static int list(struct rejects *rejects) {
    Common__V1__ListRefusals list_refusals = COMMON__V1__LIST_REFUSALS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_LIST_REFUSALS;
    request.list_refusals = &list_refusals;
    list_refusals.after = rejects->after;
    uint64_t left = rejects->limit;
    while (left > 0) {
        Common__V1__Reply *reply = NULL;
        list_refusals.limit = left < 1000 ? (uint32_t)left : 1000;
        int exit_code = call(rejects, &request, &reply);
        if (exit_code != EXIT_CODE_OK) {
            return exit_code;
        }
        if (reply->body_case != COMMON__V1__REPLY__BODY_REFUSALS || reply->refusals->n_refusals == 0) {
            break;
        }
        for (size_t i = 0; i < reply->refusals->n_refusals; i++) {
            const Common__V1__RefusedCommand *refusal = reply->refusals->refusals[i];
            list_refusals.after = refusal->number > list_refusals.after ? refusal->number : list_refusals.after;
            print_row(rejects, refusal);
        }
        left -= reply->refusals->n_refusals < left ? reply->refusals->n_refusals : left;
    }
    return EXIT_CODE_OK;
}

static int show(struct rejects *rejects, uint64_t number) {
    Common__V1__ShowRefusal show_refusal = COMMON__V1__SHOW_REFUSAL__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SHOW_REFUSAL;
    request.show_refusal = &show_refusal;
    show_refusal.number = number;
    Common__V1__Reply *reply = NULL;
    int exit_code = call(rejects, &request, &reply);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    if (reply->body_case != COMMON__V1__REPLY__BODY_REFUSALS || reply->refusals->n_refusals != 1) {
        return ctl_error(EXIT_CODE_FAILED, "there is no refusal %" PRIu64, number);
    }
    json_print_readable(refusal_json(rejects, reply->refusals->refusals[0]), rejects->ctl->json);
    return EXIT_CODE_OK;
}

static int tell_receipt(struct rejects *rejects, uint64_t number, const Common__V1__Receipt *receipt) {
    const Common__V1__Problem *problem = receipt->problem;
    bool is_refused = receipt->result == COMMON__V1__RESULT__RESULT_REFUSED ||
                      (receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE && problem && receipt->events == 0);
    if (rejects->ctl->json) {
        json_t *json = json_from_message(&receipt->base);
        json_object_set_new(json, "number", json_integer((json_int_t)number));
        json_print(json);
    } else if (is_refused) {
        printf("%" PRIu64 ": refused again: %s: %s\n", number,
               problem ? contract_code_name(rejects->contract, problem->code) : "?", problem ? problem->message : "");
    } else {
        printf("%" PRIu64 ": accepted, %u events from %" PRIu64 "\n", number, receipt->events, receipt->first_seq);
    }
    return is_refused ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

static int resubmit(struct rejects *rejects, uint64_t number, const struct id *id) {
    Common__V1__Resubmit body = COMMON__V1__RESUBMIT__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    struct id copy = *id;
    request.body_case = COMMON__V1__REQUEST__BODY_RESUBMIT;
    request.resubmit = &body;
    body.number = number;
    body.id = (ProtobufCBinaryData){ID_BYTES, copy.bytes};
    Common__V1__Reply *reply = NULL;
    int exit_code = call(rejects, &request, &reply);
    if (exit_code == EXIT_CODE_TEMPORARY) {
        char text[ID_TEXT_BYTES];
        id_format(id, text);
        ctl_error(0, "whether %" PRIu64 " was decided is not known: repeat it with --id %s, so that it happens once",
                  number, text);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    if (reply->body_case != COMMON__V1__REPLY__BODY_RECEIPTS || reply->receipts->n_receipts != 1) {
        return ctl_error(EXIT_CODE_FAILED, "%s answered without a receipt", rejects->contract->service);
    }
    return tell_receipt(rejects, number, reply->receipts->receipts[0]);
}

static bool parse_number(const char *text, uint64_t *number) {
    char *end = NULL;
    *number = strtoull(text, &end, 10);
    if (*number == 0 || *end || strspn(text, "0123456789") != strlen(text)) {
        ctl_error(0, "\"%s\" is no number of a refusal; `rejects list` shows them", text);
        return false;
    }
    return true;
}

static int resubmit_all(struct rejects *rejects, int argc, char **argv) {
    struct id_maker maker = {0};
    struct id id;
    int worst = EXIT_CODE_OK;
    if (rejects->id && (argc != 4 || !id_parse(rejects->id, &id))) {
        return ctl_error(EXIT_CODE_USAGE, "--id needs a UUID and exactly one number");
    }
    for (int i = 3; i < argc && (worst == EXIT_CODE_OK || worst == EXIT_CODE_DATA); i++) {
        uint64_t number;
        if (!parse_number(argv[i], &number)) {
            return EXIT_CODE_USAGE;
        }
        if (!rejects->id) {
            id = id_make(&maker, (uint64_t)clock_unix_ms());
        }
        int exit_code = resubmit(rejects, number, &id);
        worst = exit_code == EXIT_CODE_OK ? worst : exit_code;
    }
    return worst;
}

static int run(struct rejects *rejects, int argc, char **argv) {
    uint64_t number;
    bool is_show = strcmp(argv[1], "show") == 0;
    if (strcmp(argv[1], "list") == 0) {
        return list(rejects);
    }
    if (argc < 4 || (is_show && argc != 4)) {
        return ctl_error(EXIT_CODE_USAGE, "usage: lianchengctl rejects %s SERVICE NUMBER", argv[1]);
    }
    if (is_show) {
        return parse_number(argv[3], &number) ? show(rejects, number) : EXIT_CODE_USAGE;
    }
    return resubmit_all(rejects, argc, argv);
}

static bool is_action(const char *text) {
    return strcmp(text, "list") == 0 || strcmp(text, "show") == 0 || strcmp(text, "resubmit") == 0;
}

int command_rejects(struct ctl *ctl, int argc, char **argv) {
    struct rejects rejects = {.ctl = ctl};
    const char *key = NULL;
    int64_t after = 0, limit = 100;
    const struct ctl_option options[] = {
        {"after", CTL_INTEGER, &after, "N", "list: only those above this number", 0, INT64_MAX},
        {"limit", CTL_INTEGER, &limit, "N", "list: at most so many (100)", 1, INT64_MAX},
        {"id", CTL_TEXT, &rejects.id, "UUID", "resubmit: id of the new command, to repeat one safely", 0, 0},
        {"key", CTL_TEXT, &key, "FILE", "with this key (/key of ctl.conf)", 0, 0},
        {.name = NULL},
    };
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    rejects.contract = contract_find(argv[2]);
    if (rejects.contract && !rejects.contract->command) {
        return ctl_error(EXIT_CODE_USAGE, "%s takes no commands, so it refuses none", argv[2]);
    }
    if (!is_action(argv[1]) || !rejects.contract) {
        return ctl_error(EXIT_CODE_USAGE, "usage: lianchengctl %s", usage.synopsis);
    }
    rejects.after = (uint64_t)after;
    rejects.limit = (uint64_t)limit;
    enum status status = target_connect(ctl, argv[2], key, &rejects.socket);
    if (status != STATUS_OK) {
        return (int)status_exit_code(status);
    }
    arena_init(&rejects.arena, REPLY_BYTES_MAX);
    exit_code = run(&rejects, argc, argv);
    arena_release(&rejects.arena);
    client_socket_destroy(&rejects.socket);
    return exit_code;
}
