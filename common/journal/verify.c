#include <string.h>

#include <sodium.h>

#include "base/check.h"
#include "journal/chain.h"
#include "journal/journal.h"

#define PROGRESS_ROWS 100000

/* Walks on behind `at` to the end; *at is the last number whose row fits. */
static enum status walk(struct journal_reader *reader, uint64_t head, uint64_t *at, uint8_t chain[CHAIN_BYTES],
                        void (*progress)(uint64_t seq, uint64_t head, void *user), void *user) {
    struct journal_row row;
    uint8_t expected[CHAIN_BYTES];
    enum status status;
    while ((status = journal_reader_next(reader, &row)) == STATUS_OK) {
        chain_next(chain, &row, expected);
        if (row.prev >= row.seq || memcmp(expected, row.chain, sizeof expected) != 0) {
            return STATUS_CORRUPT;
        }
        memcpy(chain, expected, sizeof expected);
        *at = row.seq;
        if (progress != NULL && row.seq % PROGRESS_ROWS == 0) {
            progress(row.seq, head, user);
        }
    }
    if (status == STATUS_NOT_FOUND) {
        return *at == head ? STATUS_OK : STATUS_CORRUPT; /* rows at the end are gone */
    }
    return status;
}

enum status journal_verify(const char *path, uint64_t *rows, uint64_t *bad_seq, uint8_t head_chain[32],
                           void (*progress)(uint64_t seq, uint64_t head, void *user), void *user) {
    const struct journal_options options = {.path = path, .read_only = true};
    struct journal_reader *reader = NULL;
    struct id epoch;
    uint64_t head = 0;
    CHECK(sodium_init() >= 0);
    *rows = 0;
    *bad_seq = 0;
    memset(head_chain, 0, CHAIN_BYTES);
    enum status status = journal_reader_open(&options, &reader);
    if (status == STATUS_OK) {
        status = journal_reader_head(reader, &head, &epoch);
    }
    if (status == STATUS_OK) {
        status = journal_reader_seek(reader, 0, head, true);
    }
    if (status == STATUS_OK) {
        status = walk(reader, head, rows, head_chain, progress, user);
        *bad_seq = status == STATUS_CORRUPT ? *rows + 1 : 0;
    }
    journal_reader_close(&reader);
    return status;
}
