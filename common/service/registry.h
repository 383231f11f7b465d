#ifndef SERVICE_REGISTRY_H
#define SERVICE_REGISTRY_H

#include "base/arena.h"
#include "journal/journal.h"
#include "service/daemon.h"
#include "service/feed_server.h"
#include "service/outbox.h"
#include "service/service.h"
#include "service/submit_order.h"
#include "state/snapshot.h"
#include "wire/server.h"

/* The skeleton's own parts share this; nobody outside common/service includes it. One per process. */

struct registry_settings {
    const char *folder;     /* of the store */
    char log_path[512];     /* FOLDER/log.db */
    size_t batch_commands;  /* most commands in one commit */
    int64_t batch_ns;       /* most time to gather one commit */
    int64_t future_ms;      /* how far ahead a time may be */
    uint64_t snapshot_rows; /* a snapshot after so many new rows */
    uint8_t seal_key[32];
};

struct registry_counters {
    uint64_t accepted;
    uint64_t duplicates;
    uint64_t refused;
    uint64_t unavailable;          /* whole requests, because a commit failed */
    uint64_t refused_by_code[256]; /* codes of 255 and above share the last */
    uint64_t events;
    uint64_t batches;            /* commits with commands */
    uint64_t batch_commands_max; /* since the start */
    uint64_t queries;
};

struct registry {
    const struct service *service;
    struct config *config;
    struct registry_settings settings;
    struct daemon *daemon;
    struct server *server;
    struct journal *journal;
    struct journal_options journal_options;
    void *self; /* the service's state */
    struct state state;
    struct feed_server *feed;
    struct outbox outbox;
    struct submit_order order;
    struct arena request;  /* one request, unpacked */
    struct arena receipts; /* receipts of one request */
    struct arena scratch;  /* a group of commands, their bodies and what was prepared of them; a question */
    struct arena deciding; /* one phase of one decision: a large one takes nothing from its neighbours */
    struct buffer public_body;
    struct registry_counters counters;
    int64_t now_ms; /* of the turn */
    int64_t started_ms;
    size_t turn_commands; /* decided in the open transaction */
    bool in_transaction;
    bool failed;           /* the transaction is lost: answer UNAVAILABLE, then fold again */
    bool folded;           /* the state is the fold of the log */
    bool is_ticking;       /* the tick has more to do: it goes on in the next turn */
    uint64_t snapshot_seq; /* of the newest snapshot known */
    uint64_t second_seq;   /* head a second ago */
    int quiet_seconds;     /* seconds with little to do, up to now */
    pid_t snapshot_child;  /* 0: none runs */
    char *const *argv;     /* for the child */
};

/* Who sends commands. */
struct sender {
    const struct principal *principal;
    const char *organisation; /* in whose name */
    enum role role;
};

/* A refusal read back from the store; its texts and body live in the arena. */
struct stored_refusal {
    struct arena *arena;
    struct journal_refusal row;
};

/* step.c: what becomes of commands within the open transaction. A failure of the log sets registry->failed. */

/* Decides n commands, at most JOURNAL_GROUP, and fills their receipts (problems from registry->receipts). */
void step_group(struct registry *registry, const struct sender *sender, Common__V1__Command *const *commands,
                Common__V1__Receipt *const *receipts, size_t n);
/* Appends a decision's events and folds them into the state. command: the zero id for a tick. */
void step_record(struct registry *registry, const struct id *command, struct decision *decision);
/* One round of the service's tick, which there is, recorded. Adds its events to the count. True: it is done. */
bool step_tick(struct registry *registry, size_t *events);
/* NOT_FOUND when there is no refusal of this number. */
enum status step_load_refusal(struct registry *registry, uint64_t number, bool with_body,
                              struct stored_refusal *stored);

/* intake.c: Submit and Resubmit, up to the packed receipts in the outbox, and the end of a turn. */
void intake_submit(struct registry *registry, const struct incoming *incoming);
void intake_resubmit(struct registry *registry, const struct incoming *incoming);
/* Logs events that belong to no command, in the turn's transaction. False: it cannot be committed now. */
bool intake_record(struct registry *registry, struct decision *decision);
/* A slice of the service's tick, short enough for a turn. False: there is more to do at once. */
bool intake_tick(struct registry *registry);
/* Ends the turn: commit, send, or fail all of it. */
void intake_finish(struct registry *registry);

/* answers.c: what changes nothing. */
void answer_query(struct registry *registry, const struct incoming *incoming);
void answer_list(struct registry *registry, const struct incoming *incoming);
void answer_show(struct registry *registry, const struct incoming *incoming);
void answer_status(struct registry *registry, const struct incoming *incoming);
/* Stages a Problem as the whole answer to a request. */
void answer_problem(struct registry *registry, const struct incoming *incoming, uint32_t code, const char *field);
/* Fills a Problem with the texts of a code. */
void answer_fill_problem(const struct registry *registry, Common__V1__Problem *problem, uint32_t code,
                         const char *field);
void registry_metrics(void *user, struct buffer *out);

/* recover.c: the state as the fold of the log. */
enum status recover_state(struct registry *registry);
/* Runs in the child process: folds the log read-only and saves a snapshot. */
enum status recover_write_snapshot(struct registry *registry);
/* Folds the whole log from empty, without a snapshot, and prints "HEAD HASH" on stdout. */
enum status recover_print_fold(struct registry *registry);
/* state_hash as hexadecimal text. */
#define RECOVER_HASH_TEXT_BYTES 65
void recover_hash_text(const struct registry *registry, char text[RECOVER_HASH_TEXT_BYTES]);
/* Starts the child when enough rows are new, notices its end. Called once a second. */
void recover_snapshot_tick(struct registry *registry);

#endif
