#ifndef AGGREGATOR_SINK_INTERNAL_H
#define AGGREGATOR_SINK_INTERNAL_H

#include "aggregator/aggregator.h"
#include "aggregator/commit.h"
#include "pg/pg.h"

/* Shared by sink.c (steps, commits), sink_commands.c (rebuild, freeze) and cursors.c (where PostgreSQL stands). */

enum step {
    STEP_AWAY,    /* no connection */
    STEP_SCHEMA,  /* is the schema ours? */
    STEP_LOCK,    /* does another aggregator work? */
    STEP_CURSORS, /* where are we? */
    STEP_WORK,
};

struct sink {
    struct aggregator *aggregator;
    struct pg *pg;
    struct commit commit;
    enum step step;
    bool is_asking;    /* a request of this step is on its way */
    int64_t retry_ms;  /* monotonic: not before */
    int lock_refusals; /* in a row */
    bool is_standby;
    bool has_cursors;  /* committed cursors were read once */
    struct sink_command command; /* under way; its done is NULL: none */
    uint64_t flush_events;
    int64_t flush_ms;
    int64_t commit_began_ns;
    char reason[256]; /* why it does not work; empty: it works */
    char complaint[256]; /* last failure logged */
    struct sink_counters counters;
};

/* The cursors that the flying set reached are PostgreSQL's now. */
void sink_landed(struct aggregator *aggregator);
/* Logged when it is news. */
void sink_complain(struct sink *sink, const char *message, const char *detail);
void sink_set_reason(struct sink *sink, const char *reason);
/* Nothing more is asked for a second. */
void sink_retry_later(struct sink *sink);
/* Whether one of the results is an error of this SQLSTATE. */
bool sink_sqlstate_is(PGresult *const *results, size_t count, const char *state);

/* A command waits to be run, or runs. */
bool sink_command_waits(const struct sink *sink);
void sink_command_begin(struct sink *sink);
/* The connection is gone: whether it was done is not known, and its sender sends it again. */
void sink_command_fail(struct sink *sink);

/* Reads the cursors and settles what is to be done with what was folded; ends in STEP_WORK. */
void cursors_ask(struct sink *sink);

#endif
