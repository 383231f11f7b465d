#ifndef CTL_IMPORT_RUN_H
#define CTL_IMPORT_RUN_H

#include "base/arena.h"
#include "ctl/import_sender.h"
#include "ctl/import_table.h"
#include "ctl/progress.h"

/*
 * lianchengctl import of a spreadsheet: read, checked as a whole, then sent: all rows or none, unless --accept-valid.
 * What is alike in every kind; a kind says what its rows are, how they are checked and what is sent for them.
 */
struct import;
struct import_kind {
    const char *registry; /* "approvals" */
    const char *as;       /* whose key by default */
    const struct import_table_kind *table;
    /* Checks all good rows (import_table_find what is wrong), also those that the table's reader left good. */
    int (*check)(struct import *import);
    unsigned steps; /* commands that a row becomes, one after the receipt of the other */
    /* Sends what the row becomes in a step (import_send). */
    int (*send)(struct import *import, size_t row, unsigned step);
    bool counts_unchanged; /* check counts what is known already; otherwise receipts do */
};

struct import {
    struct ctl *ctl;
    const struct import_kind *kind;
    void *self; /* of the kind */
    const char *path, *rejects_path, *report_path, *key, *as;
    char default_rejects_path[CTL_PATH_BYTES];
    bool is_dry, accepts_valid;
    bool makes_ids; /* of commands, in each run anew; otherwise they follow from the content (import_id) */
    int64_t timeout_s;

    struct import_table table;
    struct client_socket *socket;
    struct import_sender sender;
    struct arena arena; /* of what is on its way: reset by whoever uses it */
    struct arena answers;
    struct progress progress;
    uint64_t published, unchanged, done;
    unsigned step;
    bool was_sent; /* commands were */
    bool has_again;
};

/* Options that every import has; behind them a kind's own, up to a NULL name. */
#define IMPORT_OPTIONS(import)                                                                                         \
    {"dry-run", CTL_FLAG, &(import)->is_dry, NULL, "check only: nothing is sent", 0, 0},                               \
        {"accept-valid",                                                                                               \
         CTL_FLAG,                                                                                                     \
         &(import)->accepts_valid,                                                                                     \
         NULL,                                                                                                         \
         "send the good rows, put the others into a rejects file",                                                     \
         0,                                                                                                            \
         0},                                                                                                           \
        {"rejects", CTL_TEXT, &(import)->rejects_path, "FILE", "where those go (FILE.rejects.csv)", 0, 0},             \
        {"report", CTL_TEXT, &(import)->report_path, "FILE", "all findings as CSV: row, column, rule, what to do",     \
         0,        0},                                                                                                 \
        {"key", CTL_TEXT, &(import)->key, "FILE", "with this key", 0, 0}, {                                            \
        "timeout", CTL_INTEGER, &(import)->timeout_s, "SECONDS", "give up without a receipt for so long (60)", 1,      \
            86400                                                                                                      \
    }

/* All of it, with path set and options parsed: prints what was found and done. The exit code. */
int import_run(struct import *import);

/* --- for kinds ---
 */
/* One question to the registry: the answer, in import->answers (reset before), which its descriptor is of. */
int import_ask(struct import *import, const ProtobufCMessage *question, const ProtobufCMessageDescriptor *descriptor,
               const ProtobufCMessage **answer);
/* Sends a command for a row, in this step. id NULL: a new one. */
int import_send(struct import *import, size_t row, const ProtobufCMessage *body, const struct id *id,
                int64_t occurred_at_ms);
/* The id of a command that has this content and comes in this step and try of the row: the same whenever it is sent. A
 * try is another id, for what was refused under those before. */
struct id import_id(const struct import *import, size_t row, const ProtobufCMessage *body, int64_t at_ms);

#endif
