#ifndef AGGREGATOR_AGGREGATOR_H
#define AGGREGATOR_AGGREGATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/cells.h"
#include "aggregator/fold.h"
#include "aggregator/publish.h"
#include "base/arena.h"
#include "base/id.h"
#include "config/config.h"
#include "feed/follower.h"
#include "service/daemon.h"

/*
 * The aggregator: sources (followers) fold events into a set of cells; the sink commits sets with the cursors they reach;
 * the desk answers status, queries and commands. One thread, one loop.
 *
 * Memory: two sets of cells (bound: /flush/cells), one unpacked batch, one batch a source that waits for room, the
 * parameters of one transaction, one answer. Under 64 MiB with the default settings.
 */
#define SOURCES_MAX 64
#define SOURCE_NAME_BYTES 64
/* Events folded and not committed beyond which no credit is granted: what a crash makes us fold again. */
#define FOLDED_EVENTS_MAX 1000000
#define BATCHES_A_TURN 16
#define TICK_MS 20

/* How far a set of cells brings one source. */
struct progress {
    bool moved;
    struct id epoch;
    uint64_t after; /* cursor it reaches */
    int64_t as_of_ms;
    uint64_t unknown_events; /* in this set */
};

/* What one transaction writes. */
struct set {
    struct cells cells;
    struct progress progress[SOURCES_MAX];
    uint64_t events;  /* folded into it */
    int64_t first_ms; /* monotonic, when the first stretch came; 0: it holds nothing */
};

struct aggregator;

struct source {
    struct aggregator *aggregator;
    char name[SOURCE_NAME_BYTES];
    const struct fold_kind *kind; /* what its events mean */
    const char *endpoint;
    const char *server_key_path;
    size_t number;
    struct follower *follower; /* NULL while another aggregator works */
    bool is_read;              /* its socket is in the loop */
    uint32_t credit_due;       /* events done with, whose credit is withheld */
    struct buffer waiting;     /* a packed Batch without room in the cells; empty: none */

    /* As PostgreSQL has it, as far as we know. */
    struct id committed_epoch; /* zero: none yet */
    uint64_t committed;
    int64_t committed_as_of_ms;
    uint64_t unknown_events;
};

struct sink;
struct desk;

struct aggregator {
    const struct config *config;
    struct daemon *daemon;
    struct source sources[SOURCES_MAX]; /* by name */
    size_t source_count;
    struct set sets[2];
    struct set *filling;
    struct set *flying; /* sent to PostgreSQL, outcome not known; NULL: none */
    struct arena body_arena;  /* of one event */
    struct arena batch_arena; /* of one waiting batch */
    struct sink *sink;
    struct desk *desk;
    int64_t started_at_ms;

    uint64_t events_folded;
    uint64_t unknown_events;
    bool is_withholding_credit;
    uint64_t withheld_total; /* times it began to */
};

extern const struct config_key aggregator_config_keys[];

/* --- sources.c: what is followed ------------------------------------------------------------------------------------ */

/* Reads /sources. CONFIG when there are too many, or of one the kind is not known. */
enum status sources_load(struct aggregator *aggregator);
/* Begins to follow each from its committed cursor, or starts over from it. */
void sources_start(struct aggregator *aggregator);
/* Ends following: another aggregator works. */
void sources_stop(struct aggregator *aggregator);
/* There is room in the cells again: folds what waited, grants credit. */
void sources_resume(struct aggregator *aggregator);
/* True when a batch waits for room. */
bool sources_are_waiting(const struct aggregator *aggregator);
void sources_tick(struct aggregator *aggregator, int64_t now_ms);
void sources_release(struct aggregator *aggregator);

/* --- sink.c, sink_commands.c: PostgreSQL --------------------------------------------------------------------------------------------- */

enum status sink_new(struct aggregator *aggregator);
void sink_destroy(struct aggregator *aggregator);
/* Commits when there is reason to, asks for the lock, tries again. */
void sink_tick(struct aggregator *aggregator, int64_t now_ms);
/* NULL when this aggregator works, else one sentence. */
const char *sink_unready_reason(const struct aggregator *aggregator);
/* Empties what was folded, without committing it. */
void sink_drop(struct aggregator *aggregator);

/* What an operator may have done in PostgreSQL, each in one transaction between two commits. */
enum sink_command_kind {
    SINK_REBUILD, /* empties cells and cursors, then follows from the beginning */
    SINK_FREEZE,  /* publishes a period */
};

/* OK or, when this id was done before, EXISTS; with the number of the publication (else 0). UNAVAILABLE: not done, or not
 * known. */
typedef void sink_command_done(void *user, enum status status, uint64_t number);

struct sink_command {
    enum sink_command_kind kind;
    struct id id;
    char principal[128];
    struct publish_period period; /* SINK_FREEZE */
    sink_command_done *done;
    void *user;
};

/* Copies the command. AGAIN: not working, or another command is under way. */
enum status sink_run(struct aggregator *aggregator, const struct sink_command *command);

struct sink_counters {
    uint64_t commits;
    uint64_t commits_failed;
    uint64_t cells_written;
    double commit_seconds;
    uint64_t fenced; /* another aggregator had moved a cursor */
    bool is_connected;
    bool is_standby;
};
struct sink_counters sink_counters(const struct aggregator *aggregator);

/* --- desk.c: the socket --------------------------------------------------------------------------------------------- */

enum status desk_new(struct aggregator *aggregator);
void desk_destroy(struct aggregator *aggregator);
void desk_reload(struct aggregator *aggregator);
void desk_metrics(const struct aggregator *aggregator, struct buffer *out);

/* --- report.c: status and metrics ----------------------------------------------------------------------------------- */

void report_metrics(void *aggregator, struct buffer *out);
/* Lives in arena. */
Common__V1__Status *report_status(const struct aggregator *aggregator, struct arena *arena);

/* --- run.c, migrate.c ----------------------------------------------------------------------------------------------- */

/* The whole program; returns the exit code. */
int aggregator_run(int argc, char **argv);

/* Number of the newest migration in this build. */
int migrate_newest(void);
/* `aggregator migrate`: blocking. Logs what it does; returns the exit code. */
int migrate_run(const char *conninfo);

#endif
