#include "aggregator/explain_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/explain_arguments.h"
#include "aggregator/explain_print.h"
#include "aggregator/fold.h"
#include "base/log.h"

#define KEYS_MAX 64
#define PATH_BYTES 4096

static const char usage[] =
    "Usage: lianchengctl explain METRIC --period PERIOD --region CODE [OPTIONS]\n"
    "       aggregator explain METRIC --period PERIOD --region CODE [OPTIONS]\n\n"
    "The receipt of a figure: which events make it up, recomputed from the log of the registry that counts it, with "
    "the\n"
    "root of that log's hash chain. Reads only; daemons may run. docs/receipts.md tells how a stranger checks it.\n\n"
    "Options:\n"
    "    --period PERIOD              2020, 2020-03, 2020-03-05, or all\n"
    "    --region CODE                GB/T 2260; 411000: the city\n"
    "    --organisation CODE          of one hospital or agency\n"
    "    --category NAME              of one category: inpatient, licence, ...\n"
    "    --log NAME=PATH              log of a registry, in place of /sources/NAME/log of aggregator.conf\n"
    "    --up-to NAME=NUMBER          as of this event of the source, not of now\n"
    "    --limit N                    lines of events (20)\n"
    "    --json                       the receipt to be checked: all events, as JSON lines\n"
    "    --config FILE                aggregator.conf, or ctl.conf for lianchengctl\n";

/* --- Which log -------------------------------------------------------------------------------------------------------
 */

/* The keys of the daemon, of which only the sources are needed here. */
static const struct config_key *optional_keys(void) {
    static struct config_key keys[KEYS_MAX];
    for (size_t i = 0; i < KEYS_MAX - 1 && aggregator_config_keys[i].path != NULL; i++) {
        keys[i] = aggregator_config_keys[i];
        if (keys[i].default_value == NULL) {
            keys[i].default_value = "";
        }
    }
    return keys;
}

static struct config *read_config(const char *file) {
    const struct config_key *const keys[] = {daemon_config_keys, optional_keys(), NULL};
    char *arguments[] = {(char *)"explain", (char *)"--config", (char *)file, NULL};
    struct config *config = NULL;
    enum config_action action;
    struct config_error error;
    if (config_load(keys, file == NULL ? 1 : 3, arguments, &config, &action, &error) != STATUS_OK) {
        explain_fail(0, "%s", error.text);
        return NULL;
    }
    return config;
}

static const char *child_string(const struct config *config, const char *name, const char *key) {
    char path[256];
    snprintf(path, sizeof path, "/sources/%s/%s", name, key);
    return config_string(config, path);
}

/* Of the --log options: the one named as the kind, or the only one. Another registry's log is refused when it is read.
 */
static int choose_log(const struct explain_arguments *arguments, struct explain_source *source, char *path) {
    const struct explain_named *chosen = arguments->log_count == 1 ? &arguments->logs[0] : NULL;
    for (size_t i = 0; i < arguments->log_count; i++) {
        if (strcmp(arguments->logs[i].name, source->kind) == 0) {
            chosen = &arguments->logs[i];
        }
    }
    if (chosen == NULL) {
        return explain_fail(EXIT_CODE_USAGE, "%s is counted from a registry of %s: name its log --log %s=PATH",
                            arguments->figure.metric->id, source->kind, source->kind);
    }
    snprintf(source->name, sizeof source->name, "%s", chosen->name);
    snprintf(path, PATH_BYTES, "%s", chosen->value);
    return EXIT_CODE_OK;
}

/* A figure adds up what all sources of its kind say; a receipt is of one log. */
static int find_source(const struct config *config, struct explain_source *source, char *path) {
    const char *name, *found = NULL;
    for (size_t i = 0; (name = config_child(config, "/sources", i)) != NULL; i++) {
        if (strcmp(child_string(config, name, "kind"), source->kind) != 0) {
            continue;
        }
        if (found != NULL) {
            return explain_fail(EXIT_CODE_USAGE, "both %s and %s register %s: name one of them, --log NAME=PATH", found,
                                name, source->kind);
        }
        found = name;
    }
    if (found == NULL || child_string(config, found, "log")[0] == '\0') {
        return explain_fail(EXIT_CODE_CONFIG,
                            "no log of a registry of %s is known: set /sources/%s/log, or use --log %s=PATH",
                            source->kind, found == NULL ? source->kind : found, found == NULL ? source->kind : found);
    }
    snprintf(source->name, sizeof source->name, "%s", found);
    snprintf(path, PATH_BYTES, "%s", child_string(config, found, "log"));
    return EXIT_CODE_OK;
}

static int find_log(const struct explain_arguments *arguments, struct explain_source *source, char *path) {
    if (arguments->log_count > 0) {
        return choose_log(arguments, source, path);
    }
    struct config *config = read_config(arguments->config);
    if (config == NULL) {
        return EXIT_CODE_CONFIG;
    }
    int code = find_source(config, source, path);
    config_destroy(&config);
    return code;
}

/* --- The receipt -----------------------------------------------------------------------------------------------------
 */

static int say_failure(enum status status, const char *path, const struct explain_query *query,
                       const struct explain_result *result) {
    if (status == STATUS_USAGE) {
        return explain_fail(EXIT_CODE_USAGE, "%s goes as far as number %" PRIu64 ", not %" PRIu64, path, result->head,
                            query->up_to);
    }
    return explain_fail((int)status_exit_code(status), "%s cannot be read as the log of a registry of %s: %s", path,
                        query->kind, status_name(status));
}

static int explain(const struct explain_arguments *arguments, const struct explain_want *want,
                   const struct explain_source *source, const char *path) {
    struct explain_result result;
    struct explain_print print;
    if (!explain_print_init(&print, arguments, source, &result)) {
        return explain_fail(EXIT_CODE_TEMPORARY, "no memory");
    }
    const struct explain_query query = {.path = path,
                                        .kind = source->kind,
                                        .up_to = arguments->up_to,
                                        .wants = want,
                                        .want_count = 1,
                                        .visit = explain_print_event,
                                        .user = &print};
    enum status status = explain_log(&query, &result);
    int code = EXIT_CODE_OK;
    if (status != STATUS_OK) {
        code = say_failure(status, path, &query, &result);
    } else if (print.has_failed || !explain_print_end(&print)) {
        code = explain_fail(EXIT_CODE_FAILED, "standard output cannot be written");
    } else if (result.unknown > 0) {
        explain_fail(0, "%" PRIu64 " events of a later contract are not in this number: a newer program may know them",
                     result.unknown);
    }
    explain_print_release(&print);
    return code;
}

int explain_run(int argc, char **argv) {
    struct explain_arguments arguments;
    struct explain_source source;
    struct explain_want want;
    char path[PATH_BYTES];
    const char *why = "";
    log_init("explain", LOG_LEVEL_WARN);
    if (!explain_arguments_read(argc, argv, &arguments)) {
        return EXIT_CODE_USAGE;
    }
    if (arguments.help) {
        fputs(usage, stdout);
        return EXIT_CODE_OK;
    }
    const struct metric *metric = arguments.figure.metric;
    if (!explain_want_of(&arguments.figure, &want, &why)) {
        return explain_fail(EXIT_CODE_USAGE, "%s: %s", metric->id, why);
    }
    source.kind = explain_kind_of(metric->number);
    if (source.kind == NULL || fold_kind_find(source.kind) == NULL) {
        return explain_fail(EXIT_CODE_FAILED, "%s is not counted from events by this program", metric->id);
    }
    int code = find_log(&arguments, &source, path);
    if (code == EXIT_CODE_OK && arguments.up_to != 0 && strcmp(arguments.up_to_name, source.name) != 0) {
        code =
            explain_fail(EXIT_CODE_USAGE, "--up-to is about %s, the source is %s", arguments.up_to_name, source.name);
    }
    return code != EXIT_CODE_OK ? code : explain(&arguments, &want, &source, path);
}
