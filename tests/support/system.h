#ifndef SUPPORT_SYSTEM_H
#define SUPPORT_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/buffer.h"
#include "base/id.h"
#include "support/postgres.h"
#include "support/process.h"

/*
 * The whole system in a temporary folder: a private PostgreSQL, keys and configuration made by `lianchengctl init` with
 * the hospitals and agencies of the synthetic city, the registries and the aggregator as processes. The programs are those
 * beside the test's own folder (build/FLAVOUR/bin). What goes wrong in setting up aborts the test.
 */
#define SYSTEM_FLAGS_MAX 4

struct system_daemon {
    const char *name; /* "visits" */
    struct process process;
    uint16_t port;
    uint16_t http_port;
    const char *log_name;              /* NULL: NAME.log */
    char flags[SYSTEM_FLAGS_MAX][64]; /* settings beside its file ("--store-snapshot-rows=1000"); "": none */
};

struct system {
    char folder[256];
    char programs[512]; /* folder of the programs */
    struct postgres postgres;
    struct system_daemon visits;
    struct system_daemon approvals; /* its time comes with commands */
    struct system_daemon issues;    /* likewise */
    struct system_daemon aggregator;
};

/* Makes the folder, starts PostgreSQL, applies the migrations, makes the configuration. Daemons are not started. */
void system_make(struct system *system);
/* Stops what runs and removes the folder. A failed test may ask to keep nothing but the logs on stderr. */
void system_remove(struct system *system, bool show_logs);

/* Another aggregator on the same database and sources, with ports and a log of its own. Not started; the caller stops it
 * before system_remove. */
void system_second_aggregator(struct system_daemon *second);

/* Starts a daemon and waits until /readyz says 200. */
void system_start(struct system *system, struct system_daemon *daemon);
/* Starts it and does not wait: for what cannot become ready yet. */
void system_launch(struct system *system, struct system_daemon *daemon);
/* Waits until /readyz says 200; false when the process ended instead. */
bool system_wait_ready(struct system_daemon *daemon);
/* SIGTERM; the exit code. */
int system_stop(struct system_daemon *daemon);
/* SIGKILL. */
void system_kill(struct system_daemon *daemon);
bool system_runs(const struct system_daemon *daemon);

/* GET over plain HTTP; the status code, or 0 when nobody answers. body (may be NULL) gets what follows the headers. */
int system_http_get(uint16_t port, const char *path, struct buffer *body);

/* lianchengctl with --config of this system; arguments end with NULL. Waits; the exit code. Its standard output is
 * appended to output (may be NULL). */
int system_ctl(struct system *system, const char *const *arguments, struct buffer *output);
/* The same without waiting: log_name in the folder gets its standard error. */
void system_ctl_launch(struct system *system, struct process *process, const char *const *arguments,
                       const char *log_name);

/* Number and epoch of the registry's log as it answers a ping; false when it does not answer. */
bool system_visits_head(struct system *system, uint64_t *head);
/* Waits until PostgreSQL holds everything the registry has committed so far. Both daemons have to run. */
void system_wait_caught_up(struct system *system);

/* The same of the approval, and of the issue registry. */
void system_wait_approvals_caught_up(struct system *system);
void system_wait_issues_caught_up(struct system *system);

/* A connection that may read the bureau's views; the caller finishes it. NULL while PostgreSQL is away. */
PGconn *system_connect(struct system *system);
/* The first column of the first row as a number; aborts when the statement fails. */
int64_t system_number(struct system *system, const char *sql);

#endif
