#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/civil.h"
#include "ctl/ctl.h"
#include "ctl/json.h"

#define REPLY_BYTES_MAX (1024 * 1024)

static int ping_once(struct ctl *ctl, struct client_socket *socket, const char *name, int timeout_ms) {
    struct arena arena;
    arena_init(&arena, REPLY_BYTES_MAX);
    Common__V1__Ping ping = COMMON__V1__PING__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &ping;
    Common__V1__Reply *reply = NULL;
    int64_t started_ns = clock_monotonic_ns();
    int exit_code = target_call(socket, name, &request, &arena, timeout_ms, &reply);
    double elapsed_ms = (double)(clock_monotonic_ns() - started_ns) / 1e6;
    if (exit_code == EXIT_CODE_OK && reply->body_case != COMMON__V1__REPLY__BODY_PONG) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "%s answered something else than a pong", name);
    }
    if (exit_code == EXIT_CODE_OK && ctl->json) {
        json_t *pong = json_from_message(&reply->pong->base);
        json_object_set_new(pong, "service", json_string(name));
        json_object_set_new(pong, "milliseconds", json_real(elapsed_ms));
        json_print(pong);
    } else if (exit_code == EXIT_CODE_OK) {
        printf("%s: %.2f ms, head %" PRIu64 "\n", name, elapsed_ms, reply->pong->head);
    }
    fflush(stdout);
    arena_release(&arena);
    return exit_code;
}

int command_ping(struct ctl *ctl, int argc, char **argv) {
    int64_t count = 1, timeout_s = 5;
    const struct ctl_option options[] = {
        {"count", CTL_INTEGER, &count, "N", "so many, one a second (1)", 1, 1000000},
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for an answer (5)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"ping visits|approvals|issues|aggregator|hl7-gateway [OPTIONS]",
                                    "One round trip over the encrypted socket. The first includes the handshake.\n", 1,
                                    1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    struct client_socket *socket = NULL;
    enum status status = target_connect(ctl, argv[1], NULL, &socket);
    if (status != STATUS_OK) {
        return (int)status_exit_code(status);
    }
    ctl_catch_signals();
    for (int64_t i = 0; i < count && exit_code != EXIT_CODE_TEMPORARY && !ctl_is_interrupted(); i++) {
        if (i > 0) {
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
        exit_code = ping_once(ctl, socket, argv[1], (int)timeout_s * 1000);
    }
    client_socket_destroy(&socket);
    return exit_code;
}
