#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/*
 * Configuration: one table of keys per program. A value comes from, in rising order: compiled-in default, the file
 * (ZPL), the environment (LC_SERVER_BIND for /server/bind; LC_SERVER_BIND_FILE names a file whose first line is the
 * value), a flag (--server-bind=VALUE or --server-bind VALUE). An unknown or duplicate key is an error with file and
 * line. The variable of a secret with _FILE behind it gives the path itself; an empty variable counts as not set, one
 * that belongs to no key is not looked at. A flag of a boolean needs no value (--x is --x=true).
 * Repeated sections (sources of the aggregator) are written as one folder with a name per child:
 * /sources/NAME/endpoint; a key table row "/sources/ * /endpoint" (without the blanks; one star at most) describes
 * them. A variable or flag with a name in place of the star (LC_SOURCES_VISITS_ENDPOINT) belongs to the child of that
 * name, and makes it when the file has none (in lower case).
 */
enum config_type {
    CONFIG_STRING,
    CONFIG_INTEGER, /* int64 within [min, max] */
    CONFIG_BOOLEAN, /* true, false, 1, 0, yes, no */
    CONFIG_SECRET,  /* a path of a file; its content is read by who needs it; never printed */
};

struct config_key {
    const char *path;          /* "/server/bind" */
    enum config_type type;
    const char *default_value; /* NULL: the key must be set (or, with a star in path, per child) */
    int64_t min;               /* integers */
    int64_t max;
    const char *unit;          /* "ms", "bytes", "" */
    const char *help;          /* one sentence */
};

struct config;

/* Says what to do, for a person: "visits.conf:12: unknown key /sever/bind; did you mean /server/bind?" */
struct config_error {
    char text[512];
};

/*
 * Reads everything. keys: tables, each ended by a row with a NULL path, the list ended by NULL; keys and argv are
 * borrowed for the life of the config; where two tables have the same path, the first one's row counts. Handles
 * --config FILE, --check-config, --print-config, --help, --version itself: then *action tells what the program shall
 * do. Other arguments that do not begin with -- are left in order in config_arguments().
 * Relative paths of CONFIG_SECRET and of strings whose unit is "path" are resolved against the folder of the file that
 * holds them; from elsewhere they stand as they are. The file is the one of --config, else of LC_CONFIG, else there is
 * none. For HELP and VERSION nothing more is read and *config is NULL; CHECK also looks whether the secret files can be
 * read. CONFIG or USAGE with *error filled; then *config is NULL.
 */
enum config_action { CONFIG_RUN, CONFIG_CHECK, CONFIG_PRINT, CONFIG_HELP, CONFIG_VERSION };
enum status config_load(const struct config_key *const *keys, int argc, char *const *argv, struct config **config,
                        enum config_action *action, struct config_error *error);
/* Reads the same sources anew (argv is that of the first time) into a config of its own; *fresh is NULL on failure. */
enum status config_load_again(const struct config *config, struct config **fresh, struct config_error *error);
void config_destroy(struct config **config);

/* The path must be in the tables (CHECK). Strings are borrowed from the config. */
const char *config_string(const struct config *config, const char *path);
int64_t config_integer(const struct config *config, const char *path);
bool config_boolean(const struct config *config, const char *path);

/* Names of the children under a starred section, in file order: config_child(c, "/sources", 0) ... NULL at the end. */
const char *config_child(const struct config *config, const char *section, size_t number);

/* Arguments that are no options. */
size_t config_arguments(const struct config *config, const char *const **arguments);

/* All keys with value and where each came from; secrets show their path only. */
void config_print(const struct config *config, FILE *out);
/* Usage with every key, its default, range, unit and help. */
void config_help(const struct config_key *const *keys, const char *program, FILE *out);

#endif
