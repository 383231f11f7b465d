#include "aggregator/explain_arguments.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int explain_fail(int code, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fprintf(stderr, "explain: %s\n", text);
    return code;
}

static bool complain(const char *what, const char *value, const char *wanted) {
    explain_fail(0, "%s \"%.200s\" is not %s", what, value, wanted);
    return false;
}

static bool read_number(const char *text, uint64_t max, uint64_t *number) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > max) {
        return false;
    }
    *number = value;
    return true;
}

/* NAME=VALUE */
static bool read_named(const char *text, struct explain_named *named) {
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals - text >= EXPLAIN_NAME_BYTES || equals[1] == '\0') {
        return false;
    }
    snprintf(named->name, sizeof named->name, "%.*s", (int)(equals - text), text);
    named->value = equals + 1;
    return true;
}

/* --- One function an option ------------------------------------------------------------------------------------------
 */

static bool take_period(const char *value, struct explain_arguments *arguments) {
    arguments->period = value;
    return explain_period_parse(value, &arguments->figure) ||
           complain("--period", value, "a year, month or day: 2020, 2020-03, 2020-03-05, or all");
}

static bool take_region(const char *value, struct explain_arguments *arguments) {
    uint64_t region;
    if (!read_number(value, 999999, &region) || region < 100000) {
        return complain("--region", value, "a code of GB/T 2260: 411000 is the city");
    }
    arguments->figure.region = (uint32_t)region;
    return true;
}

static bool take_organisation(const char *value, struct explain_arguments *arguments) {
    arguments->figure.organisation = value;
    return strlen(value) < CELLS_ORGANISATION_BYTES || complain("--organisation", value, "a code of at most 32 bytes");
}

static bool take_category(const char *value, struct explain_arguments *arguments) {
    for (size_t i = 0; i < category_count; i++) {
        if (strcmp(category_catalogue[i].id, value) == 0) {
            arguments->figure.category = category_catalogue[i].number;
            return true;
        }
    }
    return complain("--category", value, "in the catalogue of categories (all, inpatient, licence, ...)");
}

static bool take_log(const char *value, struct explain_arguments *arguments) {
    if (arguments->log_count == EXPLAIN_LOGS_MAX) {
        return complain("--log", value, "one of the first 32");
    }
    return read_named(value, &arguments->logs[arguments->log_count++]) || complain("--log", value, "NAME=PATH");
}

static bool take_up_to(const char *value, struct explain_arguments *arguments) {
    struct explain_named named;
    if (!read_named(value, &named) || !read_number(named.value, INT64_MAX, &arguments->up_to) ||
        arguments->up_to == 0) {
        return complain("--up-to", value, "NAME=NUMBER, of a source and an event");
    }
    memcpy(arguments->up_to_name, named.name, sizeof named.name);
    return true;
}

static bool take_limit(const char *value, struct explain_arguments *arguments) {
    uint64_t limit;
    if (!read_number(value, EXPLAIN_LIMIT_MAX, &limit)) {
        return complain("--limit", value, "a number up to 100000");
    }
    arguments->limit = (uint32_t)limit;
    return true;
}

static bool take_config(const char *value, struct explain_arguments *arguments) {
    arguments->config = value;
    return true;
}

/* --- The command line ------------------------------------------------------------------------------------------------
 */

static const struct option {
    const char *name;
    bool (*take)(const char *value, struct explain_arguments *arguments);
} options[] = {
    {"--period", take_period},     {"--region", take_region}, {"--organisation", take_organisation},
    {"--category", take_category}, {"--log", take_log},       {"--up-to", take_up_to},
    {"--limit", take_limit},       {"--config", take_config},
};

/* --NAME VALUE or --NAME=VALUE at argv[*at], which is left at its last word. */
static bool take_option(int argc, char **argv, int *at, struct explain_arguments *arguments) {
    const char *word = argv[*at];
    size_t length = strcspn(word, "=");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, word, length) == 0) {
            if (word[length] == '=') {
                return options[i].take(word + length + 1, arguments);
            }
            if (*at + 1 >= argc) {
                explain_fail(0, "%s needs a value", options[i].name);
                return false;
            }
            return options[i].take(argv[++*at], arguments);
        }
    }
    explain_fail(0, "no option %.*s; --help lists them", (int)length, word);
    return false;
}

static bool take_metric(const char *id, struct explain_arguments *arguments) {
    if (arguments->figure.metric != NULL) {
        explain_fail(0, "one metric at a time, not also \"%.200s\"", id);
        return false;
    }
    arguments->figure.metric = metric_find(id);
    return arguments->figure.metric != NULL || complain("metric", id, "in the catalogue (docs/metrics.md)");
}

static bool is_complete(const struct explain_arguments *arguments) {
    const char *missing = arguments->figure.metric == NULL ? "a metric"
                          : arguments->period == NULL      ? "--period"
                          : arguments->figure.region == 0  ? "--region"
                                                           : NULL;
    if (missing != NULL) {
        explain_fail(0, "%s is missing; --help tells more", missing);
    }
    return missing == NULL;
}

bool explain_arguments_read(int argc, char **argv, struct explain_arguments *arguments) {
    *arguments = (struct explain_arguments){.figure = {.organisation = ""}, .limit = EXPLAIN_LIMIT_DEFAULT};
    for (int at = 1; at < argc; at++) {
        bool is_taken = true;
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            arguments->help = true;
            return true;
        }
        if (strcmp(argv[at], "--json") == 0) {
            arguments->json = true;
        } else if (argv[at][0] == '-') {
            is_taken = take_option(argc, argv, &at, arguments);
        } else {
            is_taken = take_metric(argv[at], arguments);
        }
        if (!is_taken) {
            return false;
        }
    }
    return is_complete(arguments);
}
