#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "feed/follower.h"

#define EVENT_UNPACK_BYTES_MAX (4 * 1024 * 1024)
#define TICK_MS 1000

struct follow {
    const struct contract *contract;
    struct follower *follower;
    struct arena arena;
    uint64_t limit; /* events; 0: none */
    uint64_t printed;
    bool stops_at_head;
    uint64_t head; /* with stops_at_head: as it was when the feed was opened */
    bool is_done;
    int exit_code;
};

static void finish(struct follow *follow, int exit_code) {
    follow->is_done = true;
    follow->exit_code = exit_code;
}

/* {"seq":1,"visit_appeared":{...}}: the event's own members beside its number. */
static void print_event(struct follow *follow, const Common__V1__Event *event) {
    arena_reset(&follow->arena);
    json_t *json = json_from_packed(follow->contract->event, &event->body, &follow->arena);
    if (!json) {
        finish(follow, ctl_error(EXIT_CODE_FAILED, "event %" PRIu64 " is not of this contract", event->seq));
        return;
    }
    json_t *line = json_pack("{s:o}", "seq", json_integer((json_int_t)event->seq));
    json_object_update(line, json);
    json_decref(json);
    json_print(line);
    follow->printed++;
    if (follow->limit > 0 && follow->printed >= follow->limit) {
        finish(follow, EXIT_CODE_OK);
    }
}

static void on_batch(void *user, const Common__V1__Batch *batch) {
    struct follow *follow = user;
    for (size_t i = 0; i < batch->n_events && !follow->is_done; i++) {
        print_event(follow, batch->events[i]);
    }
    if (fflush(stdout) != 0) {
        finish(follow, EXIT_CODE_FAILED);
    }
    follower_consumed(follow->follower, (uint32_t)batch->n_events);
    if (follow->stops_at_head && batch->up_to >= follow->head && !follow->is_done) {
        finish(follow, EXIT_CODE_OK);
    }
}

static void on_followed(void *user, const struct id *epoch, uint64_t head) {
    struct follow *follow = user;
    (void)epoch;
    if (follow->head == 0) {
        follow->head = head;
    }
    if (follow->stops_at_head && follower_view(follow->follower).up_to >= follow->head) {
        finish(follow, EXIT_CODE_OK);
    }
}

/* Ends the loop with -1. */
static int check(struct follow *follow) {
    const char *alarm = follower_view(follow->follower).alarm;
    if (!follow->is_done && *alarm) {
        finish(follow, ctl_error(EXIT_CODE_FAILED, "the feed of %s stopped: %s", follow->contract->service, alarm));
    }
    return follow->is_done || ctl_is_interrupted() ? -1 : 0;
}

static int on_readable(zloop_t *loop, zsock_t *socket, void *user) {
    struct follow *follow = user;
    (void)loop;
    (void)socket;
    follower_pump(follow->follower, 16);
    return check(follow);
}

static int on_timer(zloop_t *loop, int timer, void *user) {
    struct follow *follow = user;
    (void)loop;
    (void)timer;
    follower_tick(follow->follower, clock_monotonic_ms());
    return check(follow);
}

static int run(struct follow *follow, const struct follower_options *options) {
    enum status status = follower_new(options, &follow->follower);
    if (status != STATUS_OK) {
        return ctl_error((int)status_exit_code(status), "cannot connect to %s at %s with key %s: %s", options->name,
                         options->endpoint, options->key_path, status_name(status));
    }
    ctl_catch_signals();
    zloop_t *loop = zloop_new();
    zloop_reader(loop, follower_zsock(follow->follower), on_readable, follow);
    zloop_reader_set_tolerant(loop, follower_zsock(follow->follower));
    zloop_timer(loop, TICK_MS, 0, on_timer, follow);
    if (on_timer(loop, 0, follow) == 0) {
        zloop_start(loop);
    }
    zloop_destroy(&loop);
    follower_destroy(&follow->follower);
    return follow->exit_code;
}

int command_follow(struct ctl *ctl, int argc, char **argv) {
    const char *key = NULL;
    int64_t after = 0, limit = 0;
    struct follow follow = {.exit_code = EXIT_CODE_OK};
    const struct ctl_option options[] = {
        {"after", CTL_INTEGER, &after, "N", "begin behind this number (0: the first event)", 0, INT64_MAX},
        {"limit", CTL_INTEGER, &limit, "N", "end after so many events (0: go on)", 0, INT64_MAX},
        {"once", CTL_FLAG, &follow.stops_at_head, NULL, "end at the head as it is now", 0, 0},
        {"key", CTL_TEXT, &key, "FILE", "follow with this key (/follower_key of ctl.conf)", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "follow visits|approvals|issues [OPTIONS]", "Prints the events of a feed, one JSON object a line. A gap ends it with code 70.\n",
        1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    follow.contract = contract_find(argv[1]);
    if (!follow.contract) {
        return EXIT_CODE_USAGE;
    }
    if (!follow.contract->event) {
        return ctl_error(EXIT_CODE_USAGE, "%s offers no feed", argv[1]);
    }
    struct client_socket_options socket;
    if (ctl_config(ctl) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    const char *follower_key = ctl_setting(ctl, "/follower_key");
    if (target_options(ctl, argv[1], key ? key : *follower_key ? follower_key : NULL, &socket) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    struct follower_options feed = {.name = argv[1],
                                    .endpoint = socket.endpoint,
                                    .key_path = socket.key_path,
                                    .server_key_path = socket.server_key_path,
                                    .after = (uint64_t)after,
                                    .window_events = 10000,
                                    .batch = on_batch,
                                    .followed = on_followed,
                                    .user = &follow};
    follow.limit = (uint64_t)limit;
    arena_init(&follow.arena, EVENT_UNPACK_BYTES_MAX);
    exit_code = run(&follow, &feed);
    arena_release(&follow.arena);
    return exit_code;
}
