#ifndef SUPPORT_APPROVALS_LOAD_H
#define SUPPORT_APPROVALS_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "support/registry_daemon.h"

/*
 * One approval registry as a real process over CURVE, and a load of cases: each is received, accepted and begun, by the
 * own system of its agency, one connection per agency. Its times lie in the last days before the start, so the
 * registry's time may be the clock. A function of its options: case n is always the same. What goes wrong here aborts.
 */
#define LOAD_STEPS 3             /* commands of one case */
#define LOAD_SUBMIT_COMMANDS 255 /* whole cases */

/* Agencies, each with an item "I" of 20 workdays (45 at most) and one "H" of 48 hours, and a notice of the years around
 * now. */
void approvals_daemon_furnish(struct registry_daemon *daemon);
/* Cases first .. first + count - 1 of item "I", between three days and one before the start. */
struct load_result approvals_load(const struct registry_daemon *daemon, uint64_t first, uint64_t count);
/* Cases of item "H", all accepted in one minute: their time passes two hours before the start. */
struct load_result approvals_load_hours(const struct registry_daemon *daemon, uint64_t first, uint64_t count);
/* Of a registry whose time comes with commands: the minute in which those pass comes; the milliseconds until it says
 * that everything due is done. *events: how many it logged. */
double approvals_daemon_pass_hours(struct registry_daemon *daemon,
                                   double (*count_events)(const struct registry_daemon *), double *events);

/* A notice after which every open deadline of approvals_load moves; and commands at a rate meanwhile. */
struct replan_result {
    double seconds;    /* from its receipt until the last case has its new day */
    uint64_t commands; /* received meanwhile, one in each Submit, sent at the rate whatever the answers do */
    double p50_ms, p99_ms, longest_ms; /* from when each was due to be sent to its receipt */
};
struct replan_result approvals_daemon_replan(struct registry_daemon *daemon, uint64_t first_new, uint64_t cases,
                                             unsigned rate);

#endif
