#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/id.h"
#include "base/status.h"

/*
 * The append-only log of one registry: a SQLite file (WAL, synchronous=FULL). The truth on disk; everything else is
 * folded from it. One writer (the registry); readers open it read-only. Tables:
 *
 *   store    (epoch, service, created, format)                                  one row
 *   event    (seq, prev, command, at, type, private, public, chain)             append only, by seq
 *   command  (id -> first)                                                      every command ever decided
 *              first > 0: its rows begin at this number or soon after; 0: no rows; < 0: minus its refusal's number
 *   refusal  (number, at, command, principal, organisation, code, field, occurred_at, expected_version, body)
 *                                                                               body sealed (secretbox)
 *
 * chain = BLAKE2b-256 over (previous chain, seq, prev, command, at, type, BLAKE2b-256(private), size of public,
 * public), integers little endian. The exact bytes stand in journal/chain.h, so that a stranger can check an export.
 *
 * Checkpoints run in a thread of their own on a second connection. Only the end of one, when the WAL is to start over,
 * holds the writer between two transactions: for some milliseconds, a little each checkpoint_bytes.
 */
struct journal;

struct journal_options {
    const char *path;          /* the SQLite file */
    const char *service;       /* noted at creation; another service's file is refused */
    bool read_only;            /* no writer, no checkpoints, no creation */
    uint64_t checkpoint_bytes; /* WAL size that starts a checkpoint; 0 = 16 MiB */
    const uint8_t *seal_key;   /* 32 bytes for refusal bodies; NULL: bodies cannot be read or written */
};

/* A row of the log. On reading, pointers are valid until the next step of the reader. */
struct journal_row {
    uint64_t seq;
    uint64_t prev;               /* previous row of the same subject, 0 = first */
    struct id command;           /* zero: none (a tick) */
    int64_t at_ms;               /* when it was decided, Unix ms */
    uint32_t type;               /* the service's event type */
    const uint8_t *private_body; /* what evolve needs; size 0: none */
    size_t private_size;
    const uint8_t *public_body; /* what the feed carries; size 0: the row is not in the feed */
    size_t public_size;
    uint8_t chain[32]; /* filled by journal_append */
};

struct journal_refusal {
    uint64_t number; /* filled by journal_refuse */
    int64_t at_ms;
    struct id command;
    const char *principal;
    const char *organisation;
    uint32_t code;
    const char *field;
    int64_t occurred_at_ms;
    uint64_t expected_version;
    const uint8_t *body; /* clear; sealed on its way to disk. On reading: NULL unless asked for */
    size_t body_size;
};

/* Opens or creates. IO, CORRUPT (not ours, or another service's), DENIED, EXISTS (another process writes it), NOT_FOUND
 * (read only and not there). */
enum status journal_open(const struct journal_options *options, struct journal **journal);
void journal_close(struct journal **journal);

const struct id *journal_epoch(const struct journal *journal);
/* Last committed number, and its chain hash (zeros for an empty log). */
uint64_t journal_head(const struct journal *journal);
void journal_head_chain(const struct journal *journal, uint8_t chain[32]);
/* Number the next appended row will get. */
uint64_t journal_next(const struct journal *journal);

/* What became of a command: rows, a refusal, or neither when it changed nothing. */
struct journal_outcome {
    uint64_t first_seq; /* of its rows; 0: none */
    uint32_t events;    /* rows it wrote */
    uint64_t refusal;   /* refused: its number */
};

/*
 * Writing: begin; for each group of commands claim their ids, then decide one after the other: append its rows, or
 * refuse it, or note that it is empty; then commit: one fsync for all. A failure of any of them, or of the commit,
 * means the transaction is gone: call journal_rollback, drop the state and fold the log again. No partial effect ever
 * stays.
 */
#define JOURNAL_GROUP 16           /* ids that one statement claims */
#define JOURNAL_COMMAND_ROWS_MAX 8 /* rows of one command */
enum status journal_begin(struct journal *journal);
/* Notes n <= JOURNAL_GROUP ids, and says which of them were known before, by an earlier claim or by an earlier place in
 * the same group. The new ones are to be decided before the next group is claimed. */
enum status journal_claim_group(struct journal *journal, const struct id *const *ids, size_t n, bool known[]);
/* Of an id that is claimed and not decided yet, when many rows of no command came since: its rows will be found from
 * here. */
enum status journal_claim_later(struct journal *journal, const struct id *command);
/* What became of a known command, as far as it is decided now. NOT_FOUND: it was never claimed; CORRUPT: it was, but
 * has no rows where they should be. */
enum status journal_outcome(struct journal *journal, const struct id *command, struct journal_outcome *outcome);
/* Fills seq and chain. The bodies are copied: some rows are handed to SQLite together, so a failure may show later. */
enum status journal_append(struct journal *journal, struct journal_row *row);
/* After a claim whose command was refused: keeps it, and the id points to the refusal. A refusal with the zero id (the
 * sender's was no id) is kept without a claim. */
enum status journal_refuse(struct journal *journal, struct journal_refusal *refusal);
/* After a claim whose command changed nothing: the id points to no row. */
enum status journal_claim_empty(struct journal *journal, const struct id *command);
enum status journal_commit(struct journal *journal);
void journal_rollback(struct journal *journal);

/* Reading, in order of numbers. On its own connection: sees what was committed when each step began, or soon before. A
 * started stretch keeps the WAL from starting over: read it to its end without a pause, or seek elsewhere. */
struct journal_reader;
enum status journal_reader_open(const struct journal_options *options, struct journal_reader **reader);
void journal_reader_close(struct journal_reader **reader);
/* Positions before the row after+1. with_private=false leaves private_body empty (feeds need not read it). */
enum status journal_reader_seek(struct journal_reader *reader, uint64_t after, uint64_t up_to, bool with_private);
/* NOT_FOUND at the end of the stretch. */
enum status journal_reader_next(struct journal_reader *reader, struct journal_row *row);
enum status journal_reader_head(struct journal_reader *reader, uint64_t *head, struct id *epoch);
/* Name of the service whose log it is; a longer one is cut. */
#define JOURNAL_SERVICE_BYTES 65
enum status journal_reader_service(struct journal_reader *reader, char service[JOURNAL_SERVICE_BYTES]);
/* OK when the row seq is there and its chain hash is this one (seq 0: always OK); else NOT_FOUND. */
enum status journal_reader_matches(struct journal_reader *reader, uint64_t seq, const uint8_t chain[32]);

/* One row by its number, without its public body and chain, also when the open transaction appended it. Reads the
 * writer's connection, for the loop; the private body is valid until the next call. NOT_FOUND: there is none. */
enum status journal_read(struct journal *journal, uint64_t seq, struct journal_row *row);

/* Refusals above `after`, oldest first; visit returns false to stop and calls nothing of the journal. organisation
 * NULL: all. Reads the writer's connection, for the loop. with_body opens the seal. */
enum status journal_refusals(struct journal *journal, uint64_t after, uint32_t limit, const char *organisation,
                             bool with_body, bool (*visit)(const struct journal_refusal *refusal, void *user),
                             void *user);
uint64_t journal_refusal_count(const struct journal *journal);

/* Walks the whole chain. CORRUPT with the first number that does not fit in *bad_seq; progress may be NULL. */
enum status journal_verify(const char *path, uint64_t *rows, uint64_t *bad_seq, uint8_t head_chain[32],
                           void (*progress)(uint64_t seq, uint64_t head, void *user), void *user);

/* For /metrics. */
struct journal_counters {
    uint64_t commits;
    uint64_t commit_ns;     /* sum over commits */
    uint64_t commit_ns_max; /* since last read of the counters */
    uint64_t checkpoints;
    uint64_t checkpoint_ns;
    uint64_t file_bytes;
    uint64_t wal_bytes;
};
struct journal_counters journal_counters(struct journal *journal);

#endif
