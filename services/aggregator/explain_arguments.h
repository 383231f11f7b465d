#ifndef AGGREGATOR_EXPLAIN_ARGUMENTS_H
#define AGGREGATOR_EXPLAIN_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/explain.h"

#define EXPLAIN_LOGS_MAX 32
#define EXPLAIN_LIMIT_DEFAULT 20
#define EXPLAIN_LIMIT_MAX 100000
#define EXPLAIN_NAME_BYTES 65

/* NAME=VALUE of the command line. */
struct explain_named {
    char name[EXPLAIN_NAME_BYTES];
    const char *value; /* borrowed from argv */
};

/* What the command line asks for; texts are borrowed from argv. */
struct explain_arguments {
    struct explain_figure figure;
    const char *period; /* as it was given */
    const char *config; /* NULL: LC_CONFIG, or none */
    struct explain_named logs[EXPLAIN_LOGS_MAX];
    size_t log_count;
    char up_to_name[EXPLAIN_NAME_BYTES];
    uint64_t up_to; /* 0: the head */
    uint32_t limit; /* lines of events in the text */
    bool json;
    bool help; /* nothing else counts */
};

/* False: one sentence why on stderr. */
bool explain_arguments_read(int argc, char **argv, struct explain_arguments *arguments);

/* One sentence on stderr; returns code. */
__attribute__((format(printf, 2, 3))) int explain_fail(int code, const char *format, ...);

#endif
