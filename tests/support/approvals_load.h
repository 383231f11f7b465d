#ifndef SUPPORT_APPROVALS_LOAD_H
#define SUPPORT_APPROVALS_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "support/peers.h"
#include "support/process.h"
#include "wire/client_socket.h"

/*
 * One approval registry as a real process over CURVE, and a load of cases: each is received, accepted and begun, by the
 * own system of its agency, one connection per agency. Its times lie in the last days before the start, so the
 * registry's time may be the clock. A function of its options: case n is always the same. What goes wrong here aborts.
 */
#define LOAD_AGENCIES 40
#define LOAD_STEPS 3             /* commands of one case */
#define LOAD_SUBMIT_COMMANDS 255 /* whole cases */

struct approvals_daemon {
    struct test_keys keys;
    struct process process;
    char endpoint[128];
    uint16_t http_port;
    int64_t start_ms; /* of the first start: the load's times are counted from it */
    long log_position;
    const char *operator_key;
    const char *agency_keys[LOAD_AGENCIES];
};

/* Starts it in a new folder, empty, and waits until it listens. programs: folder of the programs; NULL: beside the
 * test. */
void approvals_daemon_start(struct approvals_daemon *daemon, const char *programs);
/* Stops it, and starts it again with its time coming with commands. */
void approvals_daemon_restart_by_commands(struct approvals_daemon *daemon, const char *programs);
/* Agencies, each with an item "I" of 20 workdays (45 at most) and one "H" of 48 hours, and a notice of the years around
 * now. */
void approvals_daemon_furnish(struct approvals_daemon *daemon);
/* SIGTERM; removes the folder. */
void approvals_daemon_stop(struct approvals_daemon *daemon);

struct load_result {
    uint64_t accepted, refused;
    double seconds;
};
/* Cases first .. first + count - 1 of item "I", between three days and one before the start. */
struct load_result approvals_load(const struct approvals_daemon *daemon, uint64_t first, uint64_t count);
/* Cases of item "H", all accepted in one minute: their time passes two hours before the start. */
struct load_result approvals_load_hours(const struct approvals_daemon *daemon, uint64_t first, uint64_t count);
/* Of a registry whose time comes with commands: the minute in which those pass comes; the milliseconds until it says
 * that everything due is done. *events: how many it logged. */
double approvals_daemon_pass_hours(struct approvals_daemon *daemon,
                                   double (*count_events)(const struct approvals_daemon *), double *events);

/* A notice after which every open deadline of approvals_load moves; and commands at a rate meanwhile. */
struct replan_result {
    double seconds;    /* from its receipt until the last case has its new day */
    uint64_t commands; /* received meanwhile, one in each Submit, sent at the rate whatever the answers do */
    double p50_ms, p99_ms, longest_ms; /* from when each was due to be sent to its receipt */
};
struct replan_result approvals_daemon_replan(struct approvals_daemon *daemon, uint64_t first_new, uint64_t cases,
                                             unsigned rate);

#endif
