#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/status.h"
#include "common/v1/problem.pb-c.h"
#include "config/config.h"
#include "state/state.h"
#include "wire/code_text.h"
#include "wire/keys.h"

/*
 * A registry = this struct. The skeleton owns the loop, the sockets, the log, receipts, feeds, snapshots, health; a
 * service contributes its state, its rules and its schema. decide and evolve are pure: no I/O, no clock, no randomness.
 */

/* A command as the rules see it: form is checked, the body is unpacked and validated. */
struct command {
    const char *organisation;   /* in whose name */
    enum role role;
    const char *principal;      /* whose key it came with */
    int phase;                  /* 0; counts up when decision.again asked for it */
    int64_t occurred_at_ms;     /* > 0, not beyond the setting into the future */
    int64_t received_at_ms;     /* the skeleton's time for this batch */
    uint64_t expected_version;  /* 0 = any */
    const ProtobufCMessage *body; /* of service.command_descriptor, oneof set */
    const void *prepared;       /* what service.prepare made of it; NULL: decide prepares by itself */
};

/* As prev: the event before it in the same decision is of the same subject; its number is known once it is logged. */
#define EVENT_PREV_BEFORE UINT64_MAX

/* Whether the sender saw another version of an object (its last event) than there is. Asked in the first phase: what a command's own
 * events change makes it no older. Refuse with CODE_STALE_VERSION. */
static inline bool command_is_stale(const struct command *command, uint64_t last_seq) {
    return command->phase == 0 && command->expected_version != 0 && command->expected_version != last_seq;
}

/* An event as decide makes it and evolve reads it. */
#define EVENT_PRIVATE_BYTES_MAX 65536
#define EVENT_PUBLIC_BYTES_MAX (512 * 1024) /* packed: an event fits into a batch */
struct event {
    uint32_t type;            /* the service's own numbering, for ever */
    uint64_t seq;             /* given by the skeleton before evolve */
    uint64_t prev;            /* last event of the same subject, from the state; 0 = first */
    const void *private_body; /* what evolve needs: a struct without padding or pointers, little endian */
    size_t private_size;
    const ProtobufCMessage *public_body; /* of service.event_descriptor; NULL: not in the feed. Not there when folding */
};

/* What decide says. Zeroed before each call. */
#define DECISION_EVENTS_MAX 8
struct decision {
    struct event events[DECISION_EVENTS_MAX]; /* in order; each is evolved before the next command is decided, and an
                                                 event may rely on those before it in the same decision */
    size_t event_count;                       /* 0 and no refusal: accepted, changes nothing */
    uint32_t code;                            /* not 0 and refused: the refusal; not 0 and not refused: a warning */
    bool refused;
    const char *field;                        /* static text; may be NULL */
    bool again; /* once these events are evolved, decide is called again with the next phase, and sees the state with them.
                   A later phase does not refuse: check everything in the first. At most JOURNAL_COMMAND_ROWS_MAX events in
                   all phases */
    bool runs_tick; /* of a command: behind its events tick is called until it is done, in the same transaction, before the
                       next command is decided. Where time comes with commands */
};

/* An event of the past, read back from the log. */
struct past_event {
    struct event event; /* without a public body; private_body lives in the question's arena */
    int64_t at_ms;      /* when it was logged */
};

/* A query as the service sees it. */
struct question {
    const struct principal *principal;
    const ProtobufCMessage *body; /* of service.query_descriptor, oneof set */
    int64_t received_at_ms;
    /* Reads one event of the log back by its number (a history is a walk along event.prev), also one of the open turn.
     * False: there is none, or it cannot be read now. NULL log: not available. Costs a few microseconds. */
    bool (*read_past)(void *log, uint64_t seq, struct arena *arena, struct past_event *past);
    void *log;
};

#define DECISION_ARENA_BYTES ((size_t)64 << 20)
#define FETCH_STAGES 4
struct service {
    const char *name;                                     /* "visits" */
    const ProtobufCMessageDescriptor *command_descriptor; /* visits.v1.Command */
    const ProtobufCMessageDescriptor *event_descriptor;   /* visits.v1.Event */
    const ProtobufCMessageDescriptor *query_descriptor;   /* visits.v1.Query; NULL: no queries */
    const struct code_text *codes;
    const struct config_key *config_keys;                 /* own keys; NULL: none */
    uint32_t layout;                                      /* of the state's rows: raise it when they change */

    /* Makes the empty state and registers its tables; reads settings and secrets it needs. CONFIG with error filled. */
    enum status (*open)(const struct config *config, struct state *state, void **self, struct config_error *error);
    void (*close)(void **self);

    /* For speed alone, both NULL or both there, both pure: several commands are prepared before the first of them is
     * decided. prepare computes what depends on the command only (keys); fetch starts the memory reads of its decision, a
     * step further with each stage from 0 to FETCH_STAGES - 1, other commands' stages between. */
    const void *(*prepare)(const void *self, const struct command *command, struct arena *arena);
    void (*fetch)(const void *self, const void *prepared, int stage);
    /* The same for an event whose evolve is due (a start folds millions); NULL: none. */
    const void *(*prepare_event)(const struct event *event, struct arena *arena);
    /* Pure. Sees the whole state, changes nothing; what it returns lives in arena, which each call has to itself, up to
     * DECISION_ARENA_BYTES. */
    void (*decide)(const void *self, const struct command *command, struct arena *arena, struct decision *decision);
    /* Pure, cannot fail, the only code that changes state. public_body is NULL when the log is folded. */
    void (*evolve)(void *self, const struct event *event);
    /* Pure. NULL: nothing happens by time alone. Called once a second with the time; events are logged with no command id.
     * Returns false when there is more to do (then it made an event, else it would find the same for ever): it is called
     * again at once, until a slice of the turn is used up, then in the next turn, other requests in between. */
    bool (*tick)(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision);
    /* Pure. Answers a query (unpacked, validated) with a message of the service's Answer in arena, or NULL and *code. The
     * events it puts into audit are logged (who looked something up, and why) before the answer is sent. */
    const ProtobufCMessage *(*query)(const void *self, const struct question *question, struct arena *arena,
                                     struct decision *audit, uint32_t *code);
    /* Whether a principal may submit this command body at all (role). The organisation is checked by the skeleton. */
    bool (*may_submit)(enum role role, const ProtobufCMessage *body);
};

/* Runs the registry until it is asked to stop; returns the exit code. */
int service_run(const struct service *service, int argc, char **argv);

#endif
