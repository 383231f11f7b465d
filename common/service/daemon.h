#ifndef SERVICE_DAEMON_H
#define SERVICE_DAEMON_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "config/config.h"

/*
 * What every daemon has, registry or aggregator: a zloop, signals by signalfd (SIGTERM and SIGINT stop it, SIGHUP
 * reloads), HTTP for /healthz, /readyz and /metrics in the same loop (libmicrohttpd, external epoll), sd_notify.
 */
struct daemon;

/* Any of them may be NULL. */
struct daemon_callbacks {
    /* True when ready; else one sentence into reason. */
    bool (*ready)(void *user, char *reason, size_t reason_size);
    /* Appends Prometheus text; use the metrics_* helpers. */
    void (*metrics)(void *user, struct buffer *out);
    void (*reload)(void *user); /* SIGHUP; the log level has been read again already */
    void (*stopping)(void *user); /* before the loop ends */
};

/* Keys every daemon has: /http/bind, /http/port, /log/level, ... ended by a NULL path. */
extern const struct config_key daemon_config_keys[];

/* Reads configuration and handles --help, --version, --check-config, --print-config (then *config is NULL and
 * *exit_code is set). Blocks signals, starts the log. To be called first in main, before any thread or socket. */
enum status daemon_prepare(const char *program, const struct config_key *const *keys, int argc, char **argv,
                           struct config **config, int *exit_code);
enum status daemon_new(const char *program, const struct config *config, const struct daemon_callbacks *callbacks,
                       void *user, struct daemon **daemon);
void daemon_destroy(struct daemon **daemon);
zloop_t *daemon_loop(struct daemon *daemon);
/* Says READY, runs until a signal or daemon_stop; returns the exit code. */
int daemon_run(struct daemon *daemon);
void daemon_stop(struct daemon *daemon, int exit_code);

/* The port at which HTTP is served, also when the configuration says 0. */
uint16_t daemon_http_port(const struct daemon *daemon);
/* Whether a stop signal waits to be handled: for long work before the loop runs. */
bool daemon_is_asked_to_stop(void);
/* Lets signals end the process again as usual: for a child or a command beside the daemon, that runs no loop. */
void daemon_release_signals(void);

/* Prometheus text. labels: "code=\"x\",result=\"y\"" or NULL. help and type are written once per name by the first. */
void metrics_head(struct buffer *out, const char *name, const char *type, const char *help);
void metrics_value(struct buffer *out, const char *name, const char *labels, double value);
/* Appends one label, escaped, to a list of labels for metrics_value. */
void metrics_label(struct buffer *labels, const char *name, const char *value);

#endif
