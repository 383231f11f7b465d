#include <string.h>

#include "approvals/rules.h"
#include "base/hash.h"

/* Ahead of a decision: the memory it will read. Cases of long ago lie far away; while they come, other commands of the
 * group are prepared or decided. What is fetched is a hint only: decide looks by itself. */

struct approvals_ahead {
    uint64_t hash; /* of the case number */
    const char *number;
};

/* NULL: a command that is about no case. */
static const char *number_of(const Approvals__V1__Command *body) {
    switch ((int)body->body_case) {
    case APPROVALS__V1__COMMAND__BODY_REPORT_CASE:
        return body->report_case->case_number;
    case APPROVALS__V1__COMMAND__BODY_RATE_CASE:
        return body->rate_case->case_number;
    case APPROVALS__V1__COMMAND__BODY_REPORT_RECTIFICATION:
        return body->report_rectification->case_number;
    default: /* rare ones */
        return NULL;
    }
}

const void *approvals_prepare(const void *self, const struct command *command, struct arena *arena) {
    (void)self;
    const char *number = number_of((const Approvals__V1__Command *)command->body);
    const size_t size = number == NULL ? 0 : strlen(number);
    struct approvals_ahead *ahead =
        size == 0 || size >= APPROVALS_NUMBER_BYTES ? NULL : arena_alloc(arena, sizeof *ahead);
    if (ahead != NULL) {
        *ahead = (struct approvals_ahead){.hash = hash_bytes(number, size), .number = number};
    }
    return ahead;
}

/* A case takes three lines of the cache; it is read from its end (the number) to its beginning. */
static void fetch_case(const struct approvals *self, uint32_t row) {
    const uint8_t *bytes = (const uint8_t *)approvals_case(self, row);
    __builtin_prefetch(bytes);
    __builtin_prefetch(bytes + 64);
    if (row < self->case_agenda.entries.count) {
        __builtin_prefetch(table_row(&self->case_agenda.entries, row));
    }
}

void approvals_fetch(const void *self, const void *prepared, int stage) {
    const struct approvals *approvals = self;
    const struct approvals_ahead *ahead = prepared;
    if (ahead == NULL) {
        return;
    }
    if (stage == 0) {
        index_prefetch(&approvals->case_by_number, ahead->hash);
    } else if (stage == 1) {
        index_prefetch_row(&approvals->case_by_number, ahead->hash);
    } else if (stage == 2) {
        fetch_case(approvals, index_find(&approvals->case_by_number, ahead->hash, ahead->number));
    }
}
