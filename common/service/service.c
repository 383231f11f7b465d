#include "service/service.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "service/registry.h"

/* service_run: reads the settings, opens the store, folds the state, turns the loop. */

#define REQUEST_ARENA_BYTES SERVER_UNPACK_BYTES_MAX
#define RECEIPTS_ARENA_BYTES (16u * 1024 * 1024)
#define SCRATCH_ARENA_BYTES (128u * 1024 * 1024) /* a group of commands, each grown as far as a body can */
#define REQUESTS_PER_TURN 1024

static const struct config_key registry_config_keys[] = {
    {"/server/bind", CONFIG_STRING, "tcp://127.0.0.1:7101", 0, 0, "", "Endpoint for all conversations."},
    {"/server/key", CONFIG_SECRET, NULL, 0, 0, "path", "This daemon's CURVE key file."},
    {"/server/keys", CONFIG_STRING, NULL, 0, 0, "path",
     "Table of principals, roles and public keys; read again at SIGHUP."},
    {"/store/folder", CONFIG_STRING, NULL, 0, 0, "path", "Folder of the log and its snapshots."},
    {"/store/seal_key", CONFIG_SECRET, NULL, 0, 0, "path", "Secret that seals the bodies of refused commands."},
    {"/store/checkpoint_bytes", CONFIG_INTEGER, "16777216", 1048576, 4294967296, "bytes",
     "WAL size that starts a checkpoint."},
    {"/store/snapshot_rows", CONFIG_INTEGER, "1000000", 1000, 1000000000, "rows",
     "New events after which a snapshot is due."},
    {"/intake/batch_commands", CONFIG_INTEGER, "8192", 1, 100000, "commands", "Most commands in one commit."},
    {"/intake/batch_ms", CONFIG_INTEGER, "20", 1, 1000, "ms", "Longest time to gather one commit."},
    {"/intake/future_ms", CONFIG_INTEGER, "120000", 0, 86400000, "ms",
     "How far ahead of this clock a sender's time may be."},
    {NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL},
};

/* --- the turn --- */

static void follow(struct registry *registry, const struct incoming *incoming) {
    if (incoming->principal->role == ROLE_FOLLOWER || incoming->principal->role == ROLE_OPERATOR) {
        feed_server_follow(registry->feed, incoming, registry->now_ms);
    } else {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_FORBIDDEN, "");
    }
}

static void handle(struct registry *registry, const struct incoming *incoming) {
    switch (incoming->request->body_case) {
    case COMMON__V1__REQUEST__BODY_SUBMIT:
        intake_submit(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_RESUBMIT:
        intake_resubmit(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_FOLLOW:
        follow(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_CREDIT:
        feed_server_credit(registry->feed, incoming, registry->now_ms);
        return;
    case COMMON__V1__REQUEST__BODY_PING:
        feed_server_ping(registry->feed, incoming, registry->now_ms);
        return;
    case COMMON__V1__REQUEST__BODY_QUERY:
        answer_query(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_LIST_REFUSALS:
        answer_list(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_SHOW_REFUSAL:
        answer_show(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY_GET_STATUS:
        answer_status(registry, incoming);
        return;
    case COMMON__V1__REQUEST__BODY__NOT_SET:
    case _COMMON__V1__REQUEST__BODY__CASE_IS_INT_SIZE:
        break;
    }
    answer_problem(registry, incoming, COMMON__V1__CODE__CODE_UNSUPPORTED, "");
}

static int on_more(zloop_t *loop, int timer, void *user);

/* Followers are served between turns; when more could go out at once, the loop comes back without waiting. */
static void pump_feed(struct registry *registry) {
    if (feed_server_pump(registry->feed)) {
        zloop_timer(daemon_loop(registry->daemon), 0, 1, on_more, registry);
    }
}

static int on_more(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    pump_feed(user);
    return 0;
}

/* Takes what has arrived, within the bounds of one commit. */
static int on_request(zloop_t *loop, zsock_t *socket, void *user) {
    (void)loop;
    (void)socket;
    struct registry *registry = user;
    registry->now_ms = clock_unix_ms();
    int64_t end_ns = clock_monotonic_ns() + registry->settings.batch_ns;
    for (int requests = 0; requests < REQUESTS_PER_TURN; requests++) {
        struct incoming incoming;
        arena_reset(&registry->request);
        if (server_receive(registry->server, &registry->request, &incoming) != STATUS_OK) {
            break;
        }
        handle(registry, &incoming);
        if (registry->turn_commands >= registry->settings.batch_commands || outbox_is_full(&registry->outbox) ||
            clock_monotonic_ns() >= end_ns) {
            break;
        }
    }
    intake_finish(registry);
    pump_feed(registry);
    return 0;
}

static int on_tick(zloop_t *loop, int timer, void *user);

/* A slice of what time alone does. When there is more, the loop comes back without waiting, requests in between. */
static void run_tick(struct registry *registry) {
    registry->now_ms = clock_unix_ms();
    const bool has_more = !intake_tick(registry);
    intake_finish(registry);
    registry->is_ticking = has_more && zloop_timer(daemon_loop(registry->daemon), 0, 1, on_tick, registry) >= 0;
}

static int on_tick(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    run_tick(user);
    pump_feed(user);
    return 0;
}

static int on_second(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    struct registry *registry = user;
    registry->now_ms = clock_unix_ms();
    if (!registry->folded) {
        registry->folded = recover_state(registry) == STATUS_OK;
    }
    if (!registry->is_ticking) {
        run_tick(registry);
    }
    feed_server_tick(registry->feed, registry->now_ms);
    pump_feed(registry);
    recover_snapshot_tick(registry);
    return 0;
}

/* --- daemon callbacks --- */

static bool is_ready(void *user, char *reason, size_t reason_size) {
    const struct registry *registry = user;
    if (!registry->folded) {
        snprintf(reason, reason_size, "the log cannot be read or written");
    }
    return registry->folded;
}

static void on_reload(void *user) {
    struct registry *registry = user;
    struct keys_error error;
    if (server_reload(registry->server, &error) != STATUS_OK) {
        LOG_ERROR("the key table was not taken; the old one stays", LOG_S("error", error.text));
    } else {
        LOG_INFO("the key table was read again");
    }
}

/* --- start and stop --- */

static enum status read_settings(struct registry *registry, struct config_error *error) {
    struct registry_settings *s = &registry->settings;
    const struct config *config = registry->config;
    s->folder = config_string(config, "/store/folder");
    s->batch_commands = (size_t)config_integer(config, "/intake/batch_commands");
    s->batch_ns = config_integer(config, "/intake/batch_ms") * 1000000;
    s->future_ms = config_integer(config, "/intake/future_ms");
    s->snapshot_rows = (uint64_t)config_integer(config, "/store/snapshot_rows");
    int length = snprintf(s->log_path, sizeof s->log_path, "%s/log.db", s->folder);
    if (length < 0 || (size_t)length >= sizeof s->log_path) {
        snprintf(error->text, sizeof error->text, "/store/folder is too long");
        return STATUS_CONFIG;
    }
    enum status status = secret_load(config_string(config, "/store/seal_key"), s->seal_key);
    if (status != STATUS_OK) {
        snprintf(error->text, sizeof error->text, "/store/seal_key %s: %s; lianchengctl init makes it",
                 config_string(config, "/store/seal_key"), status_name(status));
        return STATUS_CONFIG;
    }
    registry->journal_options =
        (struct journal_options){.path = s->log_path,
                                 .service = registry->service->name,
                                 .checkpoint_bytes = (uint64_t)config_integer(config, "/store/checkpoint_bytes"),
                                 .seal_key = s->seal_key};
    return STATUS_OK;
}

static enum status open_server(struct registry *registry, struct config_error *error) {
    struct server_options options = {.bind = config_string(registry->config, "/server/bind"),
                                     .key_path = config_string(registry->config, "/server/key"),
                                     .keys_path = config_string(registry->config, "/server/keys")};
    struct keys_error reason = {0};
    enum status status = server_new(&options, &registry->server, &reason);
    if (status != STATUS_OK) {
        snprintf(error->text, sizeof error->text, "%s", reason.text);
    }
    return status;
}

static enum status open_store(struct registry *registry, struct config_error *error) {
    enum status status = file_make_folder(registry->settings.folder, 0700);
    if (status == STATUS_OK) {
        status = journal_open(&registry->journal_options, &registry->journal);
    }
    if (status == STATUS_OK) {
        status = recover_state(registry);
    }
    if (status != STATUS_OK) {
        snprintf(error->text, sizeof error->text, "the store in %s cannot be opened: %s%s", registry->settings.folder,
                 status_name(status), status == STATUS_EXISTS ? " (another process works on it)" : "");
    }
    registry->folded = status == STATUS_OK;
    return status;
}

static enum status open_all(struct registry *registry, struct config_error *error) {
    enum status status = open_store(registry, error);
    if (status == STATUS_OK) {
        status = open_server(registry, error);
    }
    if (status == STATUS_OK) {
        status = feed_server_new(registry->server, &registry->journal_options, journal_epoch(registry->journal),
                                 &registry->feed);
    }
    if (status == STATUS_OK) {
        static const struct daemon_callbacks callbacks = {
            .ready = is_ready, .metrics = registry_metrics, .reload = on_reload};
        status = daemon_new(registry->service->name, registry->config, &callbacks, registry, &registry->daemon);
    }
    return status;
}

static int run_loop(struct registry *registry) {
    zloop_t *loop = daemon_loop(registry->daemon);
    zsock_t *socket = server_socket(registry->server);
    zloop_reader(loop, socket, on_request, registry);
    zloop_reader_set_tolerant(loop, socket);
    zloop_timer(loop, 1000, 0, on_second, registry);
    LOG_INFO("listening", LOG_S("endpoint", server_endpoint(registry->server)),
             LOG_U("head", journal_head(registry->journal)));
    int exit_code = daemon_run(registry->daemon);
    char hash[RECOVER_HASH_TEXT_BYTES];
    recover_hash_text(registry, hash);
    LOG_INFO("stopped", LOG_U("head", journal_head(registry->journal)), LOG_S("state_hash", hash));
    return exit_code;
}

static void close_all(struct registry *registry) {
    if (registry->snapshot_child != 0) {
        kill(registry->snapshot_child, SIGTERM);
    }
    daemon_destroy(&registry->daemon);
    feed_server_destroy(&registry->feed);
    server_destroy(&registry->server);
    journal_close(&registry->journal);
}

/* Work beside the daemon: reads the log, opens no socket and writes no row. */
struct side_command {
    const char *name;
    enum status (*run)(struct registry *registry);
};

static const struct side_command side_commands[] = {
    {"snapshot", recover_write_snapshot}, /* what the daemon starts as its child */
    {"fold", recover_print_fold},
};

static int run_side_command(struct registry *registry, const char *name) {
    daemon_release_signals();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpriority(PRIO_PROCESS, 0, 10);
    registry->journal_options.read_only = true;
    for (size_t i = 0; i < sizeof side_commands / sizeof side_commands[0]; i++) {
        if (strcmp(name, side_commands[i].name) == 0) {
            return status_exit_code(side_commands[i].run(registry));
        }
    }
    fprintf(stderr, "%s: unknown command %s; there are: snapshot, fold\n", registry->service->name, name);
    return EXIT_CODE_USAGE;
}

static int run(struct registry *registry) {
    struct config_error error = {.text = ""};
    enum status status = read_settings(registry, &error);
    if (status == STATUS_OK) {
        status = registry->service->open(registry->config, &registry->state, &registry->self, &error);
    }
    const char *const *arguments;
    if (status == STATUS_OK && config_arguments(registry->config, &arguments) > 0) {
        return run_side_command(registry, arguments[0]);
    }
    if (status == STATUS_OK) {
        status = open_all(registry, &error);
    }
    int exit_code = status_exit_code(status);
    if (status == STATUS_OK) {
        exit_code = run_loop(registry);
    } else if (daemon_is_asked_to_stop()) {
        exit_code = EXIT_CODE_OK;
    } else {
        LOG_ERROR("cannot start", LOG_S("error", error.text), LOG_S("status", status_name(status)));
    }
    close_all(registry);
    return exit_code;
}

int service_run(const struct service *service, int argc, char **argv) {
    const struct config_key *keys[] = {daemon_config_keys, registry_config_keys, service->config_keys, NULL};
    static struct registry registry;
    registry = (struct registry){.service = service, .argv = argv, .started_ms = clock_unix_ms()};
    int exit_code = EXIT_CODE_OK;
    if (daemon_prepare(service->name, keys, argc, argv, &registry.config, &exit_code) != STATUS_OK ||
        registry.config == NULL) {
        return exit_code;
    }
    arena_init(&registry.request, REQUEST_ARENA_BYTES);
    arena_init(&registry.receipts, RECEIPTS_ARENA_BYTES);
    arena_init(&registry.scratch, SCRATCH_ARENA_BYTES);
    arena_init(&registry.deciding, DECISION_ARENA_BYTES);
    outbox_init(&registry.outbox);
    exit_code = run(&registry);
    if (registry.self != NULL) {
        service->close(&registry.self);
    }
    outbox_release(&registry.outbox);
    arena_release(&registry.request);
    arena_release(&registry.receipts);
    arena_release(&registry.scratch);
    arena_release(&registry.deciding);
    buffer_release(&registry.public_body);
    config_destroy(&registry.config);
    return exit_code;
}
