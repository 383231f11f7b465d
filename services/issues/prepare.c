#include <string.h>

#include "base/hash.h"
#include "issues/rules.h"

/* Ahead of a decision: the memory it will read. Records of long ago lie far away; while they come, other commands of the
 * group are prepared or decided. What is fetched is a hint only: decide looks by itself. */

struct issues_ahead {
    uint64_t hash; /* of the issue number */
    const char *number;
};

const void *issues_prepare(const void *self, const struct command *command, struct arena *arena) {
    (void)self;
    const Issues__V1__Command *body = (const Issues__V1__Command *)command->body;
    const char *number =
        body->body_case == ISSUES__V1__COMMAND__BODY_REPORT_ISSUE ? body->report_issue->issue_number : "";
    const size_t size = strlen(number);
    struct issues_ahead *ahead = size == 0 || size >= ISSUES_NUMBER_BYTES ? NULL : arena_alloc(arena, sizeof *ahead);
    if (ahead != NULL) {
        *ahead = (struct issues_ahead){.hash = hash_bytes(number, size), .number = number};
    }
    return ahead;
}

/* An issue takes three lines of the cache; it is read from its end (the number) to its beginning. */
static void fetch_issue(const struct issues *self, uint32_t row) {
    const uint8_t *bytes = (const uint8_t *)issues_issue(self, row);
    __builtin_prefetch(bytes);
    __builtin_prefetch(bytes + 64);
    if (row < self->issue_agenda.entries.count) {
        __builtin_prefetch(table_row(&self->issue_agenda.entries, row));
    }
}

void issues_fetch(const void *self, const void *prepared, int stage) {
    const struct issues *issues = self;
    const struct issues_ahead *ahead = prepared;
    if (ahead == NULL) {
        return;
    }
    if (stage == 0) {
        index_prefetch(&issues->issue_by_number, ahead->hash);
    } else if (stage == 1) {
        index_prefetch_row(&issues->issue_by_number, ahead->hash);
    } else if (stage == 2) {
        fetch_issue(issues, index_find(&issues->issue_by_number, ahead->hash, ahead->number));
    }
}
