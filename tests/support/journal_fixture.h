#ifndef SUPPORT_JOURNAL_FIXTURE_H
#define SUPPORT_JOURNAL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/id.h"
#include "journal/journal.h"

/* A log in a folder of its own under /tmp, and commands whose rows are functions of their number. */
struct journal_fixture {
    char folder[64];
    char path[96];
    uint8_t seal_key[32];
    struct journal_options options;
    struct journal *journal;
};

static inline struct id command_id(uint64_t number) {
    return id_make_from(1577808000000 + number, 42, number);
}

static inline void fixture_open(struct journal_fixture *f) {
    assert_int_equal(journal_open(&f->options, &f->journal), STATUS_OK);
}

static inline void fixture_reopen(struct journal_fixture *f) {
    journal_close(&f->journal);
    fixture_open(f);
}

static inline int fixture_set_up(void **state) {
    struct journal_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/liancheng-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/log.db", f->folder);
    memset(f->seal_key, 0x5e, sizeof f->seal_key);
    f->options = (struct journal_options){.path = f->path, .service = "test", .seal_key = f->seal_key};
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int fixture_tear_down(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    struct journal_fixture *f = *state;
    journal_close(&f->journal);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

/* Bodies as long as the number says: some empty, some larger than a page. */
struct bodies {
    uint8_t private_body[20000];
    uint8_t public_body[300];
};

static inline struct journal_row row_of(uint64_t seq, const struct id *command, struct bodies *bodies) {
    memset(bodies->private_body, (int)(seq & 0xff), sizeof bodies->private_body);
    memset(bodies->public_body, (int)(seq * 7 & 0xff), sizeof bodies->public_body);
    return (struct journal_row){.prev = seq / 2,
                                .command = *command,
                                .at_ms = (int64_t)seq * 1000,
                                .type = (uint32_t)(seq % 5),
                                .private_body = bodies->private_body,
                                .private_size = seq % 1000 == 0 ? sizeof bodies->private_body : seq % 90,
                                .public_body = bodies->public_body,
                                .public_size = seq % 3 == 0 ? 0 : seq % 250};
}

static inline enum status append_rows(struct journal *journal, const struct id *command, uint32_t rows) {
    static struct bodies bodies;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < rows; i++) {
        struct journal_row row = row_of(journal_next(journal), command, &bodies);
        status = journal_append(journal, &row);
    }
    return status;
}

/* Claims n commands from number first on as one group. */
static inline enum status claim_commands(struct journal *journal, uint64_t first, size_t n, bool known[]) {
    struct id ids[JOURNAL_GROUP];
    const struct id *pointers[JOURNAL_GROUP];
    for (size_t i = 0; i < n; i++) {
        ids[i] = command_id(first + i);
        pointers[i] = &ids[i];
    }
    return journal_claim_group(journal, pointers, n, known);
}

/* Claims command `number`; EXISTS when it was known. */
static inline enum status claim_command(struct journal *journal, uint64_t number) {
    bool known;
    const enum status status = claim_commands(journal, number, 1, &known);
    return status == STATUS_OK && known ? STATUS_EXISTS : status;
}

/* Claims command `number` and appends its rows. */
static inline enum status append_command(struct journal *journal, uint64_t number, uint32_t rows) {
    const struct id id = command_id(number);
    const enum status status = claim_command(journal, number);
    return status == STATUS_OK ? append_rows(journal, &id, rows) : status;
}

/* Commands first..first+count-1 with one row each, group by group. EXISTS when one was known. */
static inline enum status append_commands(struct journal *journal, uint64_t first, uint64_t count) {
    enum status status = STATUS_OK;
    for (uint64_t at = first; status == STATUS_OK && at < first + count; at += JOURNAL_GROUP) {
        bool known[JOURNAL_GROUP];
        const uint64_t left = first + count - at;
        const size_t n = left < JOURNAL_GROUP ? (size_t)left : JOURNAL_GROUP;
        status = claim_commands(journal, at, n, known);
        for (size_t i = 0; status == STATUS_OK && i < n; i++) {
            const struct id id = command_id(at + i);
            status = known[i] ? STATUS_EXISTS : append_rows(journal, &id, 1);
        }
    }
    return status;
}

/* One transaction of them. Rolled back when anything fails. */
static inline enum status commit_commands(struct journal *journal, uint64_t first, uint64_t count) {
    enum status status = journal_begin(journal);
    if (status == STATUS_OK) {
        status = append_commands(journal, first, count);
    }
    if (status == STATUS_OK) {
        status = journal_commit(journal);
    }
    if (status != STATUS_OK) {
        journal_rollback(journal);
    }
    return status;
}

/* Of a command that is known. */
static inline struct journal_outcome outcome_of(struct journal *journal, uint64_t number) {
    struct journal_outcome outcome;
    const struct id id = command_id(number);
    assert_int_equal(claim_command(journal, number), STATUS_EXISTS);
    assert_int_equal(journal_outcome(journal, &id, &outcome), STATUS_OK);
    return outcome;
}

/* The chain holds and reaches the head that the journal says. */
static inline void assert_verified(const struct journal_fixture *f, uint64_t rows) {
    uint64_t walked;
    uint64_t bad;
    uint8_t chain[32];
    uint8_t head[32];
    assert_int_equal(journal_verify(f->path, &walked, &bad, chain, NULL, NULL), STATUS_OK);
    assert_int_equal(walked, rows);
    assert_int_equal(bad, 0);
    assert_int_equal(journal_head(f->journal), rows);
    journal_head_chain(f->journal, head);
    assert_memory_equal(chain, head, 32);
}

#endif
