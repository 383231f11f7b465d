#include "service/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "service/http.h"
#include "service/notify.h"
#include "service/process_metrics.h"

#define HEARTBEAT_MS 1000

struct daemon {
    const char *program;
    const struct config *config;
    struct daemon_callbacks callbacks;
    void *user;
    zloop_t *loop;
    struct http *http;
    zmq_pollitem_t signals;
    bool stopping;
    int exit_code;
    uint64_t heartbeats;
    int64_t last_heartbeat_ms; /* monotonic */
    int64_t late_ms;           /* of the last heartbeat */
};

const struct config_key daemon_config_keys[] = {
    {"/http/bind", CONFIG_STRING, "127.0.0.1", 0, 0, "",
     "Numeric address at which /healthz, /readyz and /metrics are served."},
    {"/http/port", CONFIG_INTEGER, "0", 0, 65535, "", "Port of the same; 0 takes one that is free and logs it."},
    {"/log/level", CONFIG_STRING, "info", 0, 0, "", "The least that is logged: debug, info, warn or error."},
    {0},
};

/* --- Before anything else --------------------------------------------------------------------------------------------
 */

static void fill_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void set_up_process(void) {
    sigset_t set;
    fill_signals(&set);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a failed write, which is handled */
    raise_descriptor_limit();
#ifndef __SANITIZE_ADDRESS__            /* the leak check at the end traces its own process */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no key ends up in a core file */
#endif
    zsys_init();
    zsys_handler_set(NULL);
}

static bool read_log_level(const struct config *config, enum log_level *level) {
    return log_level_parse(config_string(config, "/log/level"), level);
}

/* What needs no running daemon; true when that was all. */
static bool act(const char *program, const struct config_key *const *keys, enum config_action action,
                const struct config *config) {
    switch (action) {
    case CONFIG_RUN:
        return false;
    case CONFIG_CHECK:
        printf("%s: the configuration is good\n", program);
        return true;
    case CONFIG_PRINT:
        config_print(config, stdout);
        return true;
    case CONFIG_HELP:
        config_help(keys, program, stdout);
        return true;
    case CONFIG_VERSION:
        printf("%s %s\n", program, LIANCHENG_VERSION);
        return true;
    }
    return false;
}

enum status daemon_prepare(const char *program, const struct config_key *const *keys, int argc, char **argv,
                           struct config **config, int *exit_code) {
    enum config_action action;
    struct config_error error;
    enum log_level level = LOG_LEVEL_INFO;
    enum status status = config_load(keys, argc, argv, config, &action, &error);
    if (status == STATUS_OK && *config != NULL && !read_log_level(*config, &level)) {
        snprintf(error.text, sizeof error.text, "/log/level is \"%.60s\"; it must be debug, info, warn or error",
                 config_string(*config, "/log/level"));
        config_destroy(config);
        status = STATUS_CONFIG;
    }
    *exit_code = status_exit_code(status);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", program, error.text);
        return status;
    }
    if (act(program, keys, action, *config)) {
        config_destroy(config);
        return STATUS_OK;
    }
    log_init(program, level);
    set_up_process();
    return STATUS_OK;
}

void daemon_release_signals(void) {
    sigset_t set;
    fill_signals(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool daemon_is_asked_to_stop(void) {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/* --- HTTP ------------------------------------------------------------------------------------------------------------
 */

/* It is answered by the loop: that there is an answer is the answer. */
static void answer_health(void *user, struct http_answer *answer) {
    (void)user;
    buffer_append_text(&answer->body, "ok\n");
}

static void answer_ready(void *user, struct http_answer *answer) {
    struct daemon *daemon = user;
    char reason[256] = "not ready";
    if (daemon->stopping) {
        http_answer_problem(answer, 503, "stopping");
    } else if (daemon->callbacks.ready != NULL && !daemon->callbacks.ready(daemon->user, reason, sizeof reason)) {
        http_answer_problem(answer, 503, reason);
    } else {
        buffer_append_text(&answer->body, "ready\n");
    }
}

static void answer_metrics(void *user, struct http_answer *answer) {
    struct daemon *daemon = user;
    struct buffer *out = &answer->body;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    process_metrics(daemon->program, out);
    metrics_head(out, "liancheng_loop_heartbeats_total", "counter", "Turns of the loop that its clock asked for.");
    metrics_value(out, "liancheng_loop_heartbeats_total", NULL, (double)daemon->heartbeats);
    metrics_head(out, "liancheng_loop_late_seconds", "gauge", "How late the last heartbeat of the loop was.");
    metrics_value(out, "liancheng_loop_late_seconds", NULL, (double)daemon->late_ms / 1e3);
    if (daemon->callbacks.metrics != NULL) {
        daemon->callbacks.metrics(daemon->user, out);
    }
}

static const struct http_route routes[] = {
    {"/healthz", answer_health},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
    {0},
};

/* --- Signals and time ------------------------------------------------------------------------------------------------
 */

static void reload(struct daemon *daemon) {
    struct config *fresh;
    struct config_error error;
    enum log_level level;
    if (config_load_again(daemon->config, &fresh, &error) != STATUS_OK) {
        LOG_ERROR("configuration not read again", LOG_S("error", error.text));
    } else if (read_log_level(fresh, &level)) {
        log_set_level(level);
    }
    config_destroy(&fresh);
    LOG_INFO("reloading");
    if (daemon->callbacks.reload != NULL) {
        daemon->callbacks.reload(daemon->user);
    }
}

static int on_signal(zloop_t *loop, zmq_pollitem_t *item, void *user) {
    (void)loop;
    struct daemon *daemon = user;
    struct signalfd_siginfo info;
    while (read(item->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload(daemon);
        } else {
            LOG_INFO("asked to stop", LOG_S("signal", info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT"));
            daemon_stop(daemon, EXIT_CODE_OK);
        }
    }
    return 0;
}

static int on_heartbeat(zloop_t *loop, int timer_id, void *user) {
    (void)loop, (void)timer_id;
    struct daemon *daemon = user;
    int64_t now_ms = clock_monotonic_ms();
    int64_t late_ms = now_ms - daemon->last_heartbeat_ms - HEARTBEAT_MS;
    daemon->late_ms = late_ms > 0 ? late_ms : 0;
    daemon->last_heartbeat_ms = now_ms;
    daemon->heartbeats++;
    http_run(daemon->http);
    return 0;
}

static int on_watchdog(zloop_t *loop, int timer_id, void *user) {
    (void)loop, (void)timer_id, (void)user;
    notify_send("WATCHDOG=1");
    return 0;
}

/* The loop ends only from inside a handler, so a stop from anywhere becomes a timer that is due. */
static int on_stop(zloop_t *loop, int timer_id, void *user) {
    (void)loop, (void)timer_id;
    struct daemon *daemon = user;
    notify_send("STOPPING=1");
    if (daemon->callbacks.stopping != NULL) {
        daemon->callbacks.stopping(daemon->user);
    }
    return -1;
}

/* --- Life ------------------------------------------------------------------------------------------------------------
 */

static void watch_signals(struct daemon *daemon) {
    sigset_t set;
    fill_signals(&set);
    int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(descriptor >= 0);
    daemon->signals = (zmq_pollitem_t){.fd = descriptor, .events = ZMQ_POLLIN};
    zloop_poller(daemon->loop, &daemon->signals, on_signal, daemon);
    zloop_poller_set_tolerant(daemon->loop, &daemon->signals);
}

static enum status open_http(struct daemon *daemon) {
    const char *address = config_string(daemon->config, "/http/bind");
    uint16_t port = (uint16_t)config_integer(daemon->config, "/http/port");
    enum status status = http_new(daemon->loop, address, port, routes, daemon, &daemon->http);
    if (status == STATUS_OK) {
        LOG_INFO("http listens", LOG_S("address", address), LOG_U("port", http_port(daemon->http)));
    } else {
        LOG_ERROR("http cannot listen", LOG_S("address", address), LOG_U("port", port),
                  LOG_S("status", status_name(status)));
    }
    return status;
}

enum status daemon_new(const char *program, const struct config *config, const struct daemon_callbacks *callbacks,
                       void *user, struct daemon **daemon) {
    struct daemon *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    *made = (struct daemon){.program = program, .config = config, .callbacks = *callbacks, .user = user};
    made->signals.fd = -1;
    made->loop = zloop_new();
    CHECK(made->loop != NULL);
    zloop_set_nonstop(made->loop, true);
    enum status status = open_http(made);
    if (status != STATUS_OK) {
        daemon_destroy(&made);
        return status;
    }
    watch_signals(made);
    *daemon = made;
    return STATUS_OK;
}

void daemon_destroy(struct daemon **daemon) {
    if (*daemon != NULL) {
        http_destroy(&(*daemon)->http);
        if ((*daemon)->signals.fd >= 0) {
            close((*daemon)->signals.fd);
        }
        zloop_destroy(&(*daemon)->loop);
        free(*daemon);
        *daemon = NULL;
    }
}

zloop_t *daemon_loop(struct daemon *daemon) {
    return daemon->loop;
}

uint16_t daemon_http_port(const struct daemon *daemon) {
    return http_port(daemon->http);
}

int daemon_run(struct daemon *daemon) {
    daemon->last_heartbeat_ms = clock_monotonic_ms();
    zloop_timer(daemon->loop, HEARTBEAT_MS, 0, on_heartbeat, daemon);
    int64_t watchdog_ms = notify_watchdog_ms();
    if (watchdog_ms > 0) {
        zloop_timer(daemon->loop, (size_t)watchdog_ms, 0, on_watchdog, daemon);
    }
    notify_send("READY=1");
    zloop_start(daemon->loop);
    return daemon->exit_code;
}

void daemon_stop(struct daemon *daemon, int exit_code) {
    if (!daemon->stopping) {
        daemon->stopping = true;
        daemon->exit_code = exit_code;
        zloop_timer(daemon->loop, 0, 1, on_stop, daemon);
    }
}
