#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/target_status.h"

static void print_number(uint64_t number, int width) {
    char text[PROGRESS_NUMBER_BYTES];
    printf(" %*s", width, progress_number(number, text));
}

static void print_tables(const Common__V1__Status *status) {
    if (status->n_tables > 0) {
        printf("  %-28s %15s %17s\n", "table", "rows", "bytes");
    }
    for (size_t i = 0; i < status->n_tables; i++) {
        printf("  %-28s", status->tables[i]->name);
        print_number(status->tables[i]->rows, 15);
        print_number(status->tables[i]->bytes, 17);
        putchar('\n');
    }
}

static void print_followers(const Common__V1__Status *status) {
    if (status->n_followers > 0) {
        printf("  %-28s %15s %12s %12s\n", "follower", "sent up to", "behind", "credit");
    }
    for (size_t i = 0; i < status->n_followers; i++) {
        const Common__V1__FollowerStatus *follower = status->followers[i];
        printf("  %-28s", follower->principal);
        print_number(follower->sent_up_to, 15);
        print_number(status->head > follower->sent_up_to ? status->head - follower->sent_up_to : 0, 12);
        print_number(follower->credit, 12);
        putchar('\n');
    }
}

static const char *state_name(Common__V1__SourceState state) {
    switch (state) {
    case COMMON__V1__SOURCE_STATE__SOURCE_STATE_CONNECTING:
        return "connecting";
    case COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING:
        return "following";
    case COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED:
        return "STOPPED";
    case COMMON__V1__SOURCE_STATE__SOURCE_STATE_UNSPECIFIED:
    case _COMMON__V1__SOURCE_STATE_IS_INT_SIZE:
        break;
    }
    return "unknown";
}

static void print_sources(const Common__V1__Status *status) {
    if (status->n_sources > 0) {
        printf("  %-20s %-10s %15s %15s %12s\n", "source", "state", "cursor", "head", "behind");
    }
    for (size_t i = 0; i < status->n_sources; i++) {
        const Common__V1__SourceStatus *source = status->sources[i];
        printf("  %-20s %-10s", source->name, state_name(source->state));
        print_number(source->cursor, 15);
        print_number(source->head, 15);
        print_number(source->head > source->cursor ? source->head - source->cursor : 0, 12);
        putchar('\n');
        if (source->unknown_events > 0) {
            printf("    %" PRIu64 " events of a type this aggregator does not know\n", source->unknown_events);
        }
        if (*source->alarm) {
            printf("    ALARM: %s\n", source->alarm);
        }
    }
}

static void print_status(const Common__V1__Status *status) {
    int64_t up_s = (status->now_ms - status->started_at_ms) / 1000;
    printf("%s %s: %s%s%s, up %" PRId64 ":%02d:%02d, memory %.1f MiB", status->service, status->version,
           status->ready ? "ready" : "NOT READY", *status->reason ? ": " : "", status->reason, up_s / 3600,
           (int)(up_s / 60 % 60), (int)(up_s % 60), (double)status->resident_bytes / (1024 * 1024));
    if (status->epoch.len > 0) {
        printf(", head");
        print_number(status->head, 0);
        printf(", refusals");
        print_number(status->refusals, 0);
    }
    putchar('\n');
    print_tables(status);
    print_followers(status);
    print_sources(status);
}

/* One daemon: printed, or added to all. */
static int show_target(struct ctl *ctl, const char *name, int timeout_ms, json_t *all) {
    struct client_socket *socket = NULL;
    enum status connected = target_connect(ctl, name, NULL, &socket);
    if (connected != STATUS_OK) {
        return (int)status_exit_code(connected);
    }
    struct arena arena;
    arena_init(&arena, TARGET_STATUS_BYTES_MAX);
    const Common__V1__Status *status = NULL;
    int exit_code = target_status(socket, name, &arena, timeout_ms, &status);
    if (exit_code == EXIT_CODE_OK && ctl->json) {
        json_object_set_new(all, name, json_from_message(&status->base));
    } else if (exit_code == EXIT_CODE_OK) {
        print_status(status);
    } else if (ctl->json) {
        json_object_set_new(all, name, json_null());
    }
    if (exit_code == EXIT_CODE_OK && !status->ready) {
        exit_code = EXIT_CODE_TEMPORARY;
    }
    arena_release(&arena);
    client_socket_destroy(&socket);
    return exit_code;
}

/* Every daemon that ctl.conf names. */
static int show_all(struct ctl *ctl, int timeout_ms, json_t *all) {
    int worst = EXIT_CODE_OK;
    for (const struct contract *contract = contracts; contract->service; contract++) {
        char path[64];
        snprintf(path, sizeof path, "/%s/endpoint", contract->service);
        if (*ctl_setting(ctl, path)) {
            int exit_code = show_target(ctl, contract->service, timeout_ms, all);
            worst = exit_code == EXIT_CODE_OK ? worst : exit_code;
        }
    }
    return worst;
}

int command_status(struct ctl *ctl, int argc, char **argv) {
    int64_t timeout_s = 5;
    const struct ctl_option options[] = {
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for an answer (5)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "status [visits|approvals|issues|aggregator|hl7-gateway] [OPTIONS]",
        "What a daemon, or each of ctl.conf, is doing. Exit code 75 when one is not ready.\n", 0, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (ctl_config(ctl) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    json_t *all = json_object();
    int timeout_ms = (int)timeout_s * 1000;
    exit_code = argc > 1 ? show_target(ctl, argv[1], timeout_ms, all) : show_all(ctl, timeout_ms, all);
    if (ctl->json) {
        json_print(json_incref(all));
    }
    json_decref(all);
    return exit_code;
}
