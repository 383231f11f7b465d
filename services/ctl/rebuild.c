#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/civil.h"
#include "client/client.h"
#include "ctl/aggregator_command.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/target_status.h"

#define POLL_MS 200

static int submit_rebuild(struct client_socket *socket, int timeout_ms) {
    Metrics__V1__Rebuild rebuild = METRICS__V1__REBUILD__INIT;
    Metrics__V1__Command body = METRICS__V1__COMMAND__INIT;
    const struct id id = aggregator_command_id();
    body.body_case = METRICS__V1__COMMAND__BODY_REBUILD;
    body.rebuild = &rebuild;
    return aggregator_command_send(socket, &body, &id, timeout_ms, NULL);
}

/* How far the sources are, all together. */
struct reach {
    uint64_t cursor;
    uint64_t head; /* as the aggregator knows it now */
    bool is_there; /* every source follows and has reached its head */
    bool is_stopped;
    char away[64]; /* name of a source that does not answer; "": all do */
};

static int read_reach(struct client_socket *socket, int timeout_ms, struct reach *reach) {
    struct arena arena;
    arena_init(&arena, TARGET_STATUS_BYTES_MAX);
    const Common__V1__Status *status = NULL;
    int exit_code = target_status(socket, "aggregator", &arena, timeout_ms, &status);
    *reach = (struct reach){.is_there = true};
    for (size_t i = 0; exit_code == EXIT_CODE_OK && i < status->n_sources; i++) {
        const Common__V1__SourceStatus *source = status->sources[i];
        reach->cursor += source->cursor;
        reach->head += source->head;
        reach->is_there = reach->is_there && source->cursor >= source->head &&
                          source->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING;
        if (source->state != COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING) {
            snprintf(reach->away, sizeof reach->away, "%s", source->name);
        }
        if (source->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED) {
            reach->is_stopped = true;
            ctl_error(0, "source %s stopped: %s", source->name, source->alarm);
        }
    }
    arena_release(&arena);
    return exit_code;
}

/* What is said when the end was not waited for. */
static int say_unfinished(const struct reach *reach) {
    if (reach->away[0] != '\0' && !reach->is_stopped) {
        return ctl_error(EXIT_CODE_TEMPORARY,
                         "not waited for the end: source %s is away. The aggregator counts it as soon as it is there; if it is not to be "
                         "followed, take its section out of aggregator.conf",
                         reach->away);
    }
    return ctl_error(EXIT_CODE_TEMPORARY, "not waited for the end: the aggregator goes on");
}

static int wait_for_sources(struct ctl *ctl, struct client_socket *socket, int timeout_ms) {
    struct progress progress;
    struct reach reach = {0};
    uint64_t cursor = 0;
    int exit_code = EXIT_CODE_OK;
    progress_start(&progress, "rebuild", "events", 0, ctl->json);
    int64_t moved_ms = progress.started_ms;
    /* A source that is away may stay away: waited for as long as for an answer. */
    while (exit_code == EXIT_CODE_OK && !reach.is_there && !reach.is_stopped && !ctl_is_interrupted() &&
           (reach.away[0] == '\0' || clock_monotonic_ms() - moved_ms < timeout_ms)) {
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
        exit_code = read_reach(socket, timeout_ms, &reach);
        moved_ms = reach.cursor != cursor ? clock_monotonic_ms() : moved_ms;
        cursor = reach.cursor;
        progress.total = reach.head;
        progress_show(&progress, reach.cursor);
    }
    int64_t elapsed_ms = progress_end(&progress, reach.cursor);
    if (exit_code != EXIT_CODE_OK || !reach.is_there) {
        return exit_code != EXIT_CODE_OK ? exit_code : say_unfinished(&reach);
    }
    if (ctl->json) {
        json_print(json_pack("{s:I, s:I}", "events", (json_int_t)reach.cursor, "milliseconds", (json_int_t)elapsed_ms));
    } else {
        printf("Rebuilt from %" PRIu64 " numbers in %.1f s.\n", reach.cursor, (double)elapsed_ms / 1000);
    }
    return EXIT_CODE_OK;
}

int command_rebuild(struct ctl *ctl, int argc, char **argv) {
    int64_t timeout_s = 30;
    const struct ctl_option options[] = {
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for one answer (30)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "rebuild [OPTIONS]",
        "Empties the cells of the aggregator and counts every source again from its first event;\n"
        "ends when all sources are at their heads. Every cell must come out equal. A source that is away is waited for as\n"
        "long as for an answer.\n",
        0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    struct client_socket *socket = NULL;
    enum status status = target_connect(ctl, "aggregator", NULL, &socket);
    if (status != STATUS_OK) {
        return (int)status_exit_code(status);
    }
    ctl_catch_signals();
    exit_code = submit_rebuild(socket, (int)timeout_s * 1000);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = wait_for_sources(ctl, socket, (int)timeout_s * 1000);
    }
    client_socket_destroy(&socket);
    return exit_code;
}
