#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/explain_command.h"
#include "aggregator/report_run.h"
#include "base/civil.h"
#include "base/log.h"

#define BATCH_UNPACK_BYTES_MAX (16 * 1024 * 1024)

const struct config_key aggregator_config_keys[] = {
    {"/server/bind", CONFIG_STRING, "tcp://127.0.0.1:7100", 0, 0, "", "Endpoint at which queries are answered."},
    {"/server/key", CONFIG_SECRET, NULL, 0, 0, "", "File of this server's own CURVE key."},
    {"/server/keys", CONFIG_STRING, NULL, 0, 0, "path", "Table of the principals that may connect."},
    {"/postgres/conninfo", CONFIG_STRING, NULL, 0, 0, "",
     "Connection string of PostgreSQL; name a password file in it (passfile=...) rather than a password."},
    {"/client/key", CONFIG_SECRET, NULL, 0, 0, "", "File of the CURVE key with which the sources are followed."},
    {"/sources/*/endpoint", CONFIG_STRING, NULL, 0, 0, "", "Endpoint of a registry whose feed is followed."},
    {"/sources/*/kind", CONFIG_STRING, "visits", 0, 0, "", "What that registry registers: " FOLD_KIND_NAMES "."},
    {"/sources/*/server_key", CONFIG_STRING, NULL, 0, 0, "path", "File of that registry's public key."},
    {"/sources/*/log", CONFIG_STRING, "", 0, 0, "path", "Path of that registry's log, where this machine can read it: for explain."},
    {"/feed/window", CONFIG_INTEGER, "100000", 1000, 262144, "events",
     "Most events of one source on their way at any time."},
    {"/flush/events", CONFIG_INTEGER, "20000", 1, 1000000, "events", "Events folded that bring about a transaction."},
    {"/flush/ms", CONFIG_INTEGER, "200", 1, 60000, "ms", "Age of the oldest folded event that does the same."},
    {"/flush/cells", CONFIG_INTEGER, "65536", CELLS_MAX_LEAST, 1048576, "cells",
     "Most cells in one transaction; two sets of so many are held in memory."},
    {"/report/conninfo", CONFIG_STRING, "", 0, 0, "",
     "Connection string with which `report` reads the bureau's views; empty: /postgres/conninfo."},
    {"/report/json", CONFIG_BOOLEAN, "false", 0, 0, "", "Whether `report` prints one JSON document."},
    {0},
};

/* --- Callbacks of the daemon ---------------------------------------------------------------------------------------- */

static bool is_ready(void *user, char *reason, size_t reason_size) {
    const char *why = sink_unready_reason(user);
    if (why != NULL) {
        snprintf(reason, reason_size, "%s", why);
    }
    return why == NULL;
}

static void on_reload(void *user) {
    desk_reload(user);
}

static int on_tick(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    struct aggregator *aggregator = user;
    int64_t now_ms = clock_monotonic_ms();
    sources_tick(aggregator, now_ms);
    sink_tick(aggregator, now_ms);
    return 0;
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static enum status set_up(struct aggregator *aggregator) {
    size_t cells = (size_t)config_integer(aggregator->config, "/flush/cells");
    arena_init(&aggregator->body_arena, FOLD_UNPACK_BYTES_MAX);
    arena_init(&aggregator->batch_arena, BATCH_UNPACK_BYTES_MAX);
    if (!cells_init(&aggregator->sets[0].cells, cells) || !cells_init(&aggregator->sets[1].cells, cells)) {
        return STATUS_MEMORY;
    }
    aggregator->filling = &aggregator->sets[0];
    enum status status = sources_load(aggregator);
    if (status == STATUS_OK) {
        status = desk_new(aggregator);
    }
    if (status == STATUS_OK) {
        status = sink_new(aggregator);
    }
    if (status == STATUS_OK && zloop_timer(daemon_loop(aggregator->daemon), TICK_MS, 0, on_tick, aggregator) < 0) {
        status = STATUS_MEMORY;
    }
    return status;
}

static void tear_down(struct aggregator *aggregator) {
    sources_release(aggregator);
    sink_destroy(aggregator);
    desk_destroy(aggregator);
    cells_release(&aggregator->sets[0].cells);
    cells_release(&aggregator->sets[1].cells);
    arena_release(&aggregator->body_arena);
    arena_release(&aggregator->batch_arena);
}

/* What was folded and is not committed is folded again by the next start: stopping needs no last transaction. */
static int serve(const struct config *config) {
    struct aggregator *aggregator = calloc(1, sizeof *aggregator);
    if (aggregator == NULL) {
        return EXIT_CODE_TEMPORARY;
    }
    static const struct daemon_callbacks callbacks = {
        .ready = is_ready,
        .metrics = report_metrics,
        .reload = on_reload,
    };
    aggregator->config = config;
    aggregator->started_at_ms = clock_unix_ms();
    enum status status = daemon_new("aggregator", config, &callbacks, aggregator, &aggregator->daemon);
    if (status == STATUS_OK) {
        status = set_up(aggregator);
    }
    int code = (int)status_exit_code(status);
    if (status == STATUS_OK) {
        code = daemon_run(aggregator->daemon);
    }
    if (aggregator->daemon != NULL) {
        tear_down(aggregator);
        daemon_destroy(&aggregator->daemon);
    }
    free(aggregator);
    return code;
}

/* What the program is asked to do, by its first word that is no option. */
enum task { TASK_SERVE, TASK_MIGRATE, TASK_REPORT };

static int run_task(const struct config *config, enum task task) {
    const char *const *words;
    size_t count = config_arguments(config, &words);
    switch (task) {
    case TASK_SERVE:
        if (count == 0) {
            return serve(config);
        }
        break;
    case TASK_MIGRATE:
        if (count == 1) {
            daemon_release_signals();
            return migrate_run(config_string(config, "/postgres/conninfo"));
        }
        break;
    case TASK_REPORT:
        daemon_release_signals();
        return report_run(config, words + 1, count - 1);
    }
    fprintf(stderr, "usage: aggregator [migrate | report annual YEAR [PRINTED] | report changes NUMBER] --config FILE\n"
                    "       aggregator explain METRIC ...\n");
    return EXIT_CODE_USAGE;
}

static enum task find_task(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "migrate") == 0) {
            return TASK_MIGRATE;
        }
        if (strcmp(argv[i], "report") == 0) {
            return TASK_REPORT;
        }
    }
    return TASK_SERVE;
}

/* The same keys, of which a task beside the daemon needs the connection string alone; report has one of its own, too. */
static const struct config_key *task_keys(enum task task) {
    static struct config_key keys[sizeof aggregator_config_keys / sizeof aggregator_config_keys[0]];
    memcpy(keys, aggregator_config_keys, sizeof keys);
    for (struct config_key *key = keys; key->path != NULL; key++) {
        if (key->default_value == NULL && (task == TASK_REPORT || strcmp(key->path, "/postgres/conninfo") != 0)) {
            key->default_value = "";
        }
    }
    return keys;
}

int aggregator_run(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "explain") == 0) {
        return explain_run(argc - 1, argv + 1);
    }
    enum task task = find_task(argc, argv);
    const struct config_key *const keys[] = {daemon_config_keys,
                                             task == TASK_SERVE ? aggregator_config_keys : task_keys(task), NULL};
    struct config *config = NULL;
    int code = EXIT_CODE_OK;
    if (daemon_prepare("aggregator", keys, argc, argv, &config, &code) != STATUS_OK || config == NULL) {
        return code;
    }
    code = run_task(config, task);
    config_destroy(&config);
    return code;
}
