#ifndef AGGREGATOR_EXPLAIN_PRINT_H
#define AGGREGATOR_EXPLAIN_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/explain_arguments.h"
#include "base/buffer.h"

/* A receipt on stdout: as text when all is known, as JSON lines while the log is read. */
#define EXPLAIN_FORMAT 1 /* of the JSON lines */

struct explain_source {
    char name[EXPLAIN_NAME_BYTES];
    const char *kind;
};

struct explain_print {
    const struct explain_arguments *arguments;
    const struct explain_source *source;
    const struct explain_result *result; /* filled by explain_log before the first event */
    struct explain_kept *kept;           /* of the text: the first events, arguments->limit of them */
    uint64_t events;
    int64_t value; /* sum of the changes */
    bool has_head;
    bool has_failed; /* stdout cannot be written */
    struct buffer out;
};

/* False without memory. */
bool explain_print_init(struct explain_print *print, const struct explain_arguments *arguments,
                        const struct explain_source *source, const struct explain_result *result);
void explain_print_release(struct explain_print *print);
/* For explain_query.visit: false once stdout cannot be written. */
bool explain_print_event(const struct explain_event *event, void *print);
/* All that is left; false when stdout could not be written. */
bool explain_print_end(struct explain_print *print);

#endif
