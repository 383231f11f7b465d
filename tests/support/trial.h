#ifndef SUPPORT_TRIAL_H
#define SUPPORT_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/oracle.h"
#include "support/system.h"

/*
 * The synthetic year is published by `lianchengctl replay` while processes are killed around it. A fault strikes when
 * the registry's log has passed a number chosen at random, so that moments are events and no clock matters. At the end
 * everything must be as if nothing had happened.
 *
 * LC_TEST_RANDOM sets the seed of the moments; it is printed with each trial.
 */
enum fault {
    FAULT_VISITS, /* kill -9 and start again, as the following two */
    FAULT_AGGREGATOR,
    FAULT_REPLAY,        /* the new one publishes the same from the beginning */
    FAULT_SNAPSHOT,      /* visits, while its snapshot process runs */
    FAULT_TAKEOVER,      /* the working one of two aggregators; the other has to take over before it is started */
    FAULT_POSTGRES_HALT, /* fast shutdown; started again when the log has grown */
    FAULT_POSTGRES_KILL, /* kill -9, likewise */
    FAULT_EVERYTHING,    /* all of them at once, PostgreSQL included; started in an order chosen at random */
    FAULT_ANY,           /* one of the above, chosen at random, but the snapshot and the takeover */
};

struct trial_options {
    uint32_t patients;
    uint32_t rate;          /* commands a second; 0: as fast as it goes */
    uint32_t snapshot_rows; /* 0: as configured */
    bool has_second;        /* two aggregators */
};

struct trial {
    struct system system;
    struct system_daemon second; /* name NULL: there is none */
    struct city *city;
    struct oracle *oracle;
    struct process replay;
    int replays; /* started so far */
    uint64_t random;
    uint32_t visits_kills;
    uint32_t snapshot_kills; /* those with a snapshot process running */
    uint32_t faults;         /* that struck while the replay was running */
    struct trial_options options;
};

/* Makes the system, starts the daemons and the replay. */
void trial_begin(struct trial *trial, const struct trial_options *options);
/* Lets the faults strike one after another at moments spread over the year. */
void trial_strike(struct trial *trial, const enum fault *faults, size_t count);
/* Waits for the end and compares everything: no command refused, every row of the bureau's views equal to the oracle,
 * all of the year known to the registry, the log intact, the state the fold of the log. Says on stderr what is wrong.
 */
bool trial_ends_well(struct trial *trial);
/* Removes everything; with the logs on stderr when it did not end well. */
void trial_remove(struct trial *trial, bool show_logs);

#endif
