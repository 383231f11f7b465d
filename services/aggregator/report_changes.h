#ifndef AGGREGATOR_REPORT_CHANGES_H
#define AGGREGATOR_REPORT_CHANGES_H

#include <libpq-fe.h>

#include "aggregator/explain.h"
#include "config/config.h"

/*
 * What differs from a publication, and the events that changed it. report_changes.c reads the numbers and prints,
 * report_changes_events.c walks the logs. Memory: a row of PostgreSQL for each number that differs, and REPORT_EVENTS_MAX
 * events of 64 bytes.
 */
#define REPORT_EVENTS_MAX 100000 /* kept to be printed; more are counted */
#define REPORT_SOURCES_MAX 64

/* A number that differs. */
struct report_change {
    struct explain_want want; /* its cells */
    const char *kind;         /* of the registry that counts it; NULL: not known to this program */
    uint64_t events;          /* that changed it */
    int64_t explained;        /* sum of their changes */
};

struct report_change_event {
    size_t change; /* which */
    const char *source;
    const char *type; /* static */
    uint64_t seq;
    int64_t at_ms;
    int64_t delta;
};

struct report_changes {
    struct report_change *changes;
    size_t count;
    struct report_change_event *events; /* in order of sources and numbers */
    size_t event_count;
};

/* A source as it was published and as it is now. */
struct report_source {
    const char *name;
    const char *epoch; /* as text; NULL: none yet */
    uint64_t published;
    uint64_t now;
};

/* Walks the log of one source from where it was published to where it is now, and adds what it finds. Why it could not is
 * said on stderr; then the events of that source are missing. */
void report_changes_walk(struct report_changes *changes, const struct config *config, const struct report_source *source);

#endif
