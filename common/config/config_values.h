#ifndef CONFIG_CONFIG_VALUES_H
#define CONFIG_CONFIG_VALUES_H

/* The inside of a config, shared by the files of this folder only. */

#include "base/arena.h"
#include "config/config.h"

enum origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG }; /* rising */

struct value {
    const struct config_key *key;
    const char *path; /* without a star */
    const char *text;
    enum origin origin;
    const char *origin_text; /* "visits.conf:12", "LC_SERVER_BIND", "--server-bind", "default" */
    int64_t integer;         /* CONFIG_INTEGER */
    bool boolean;            /* CONFIG_BOOLEAN */
};

struct child {
    const char *section; /* "/sources" */
    const char *name;
};

struct config {
    const struct config_key *const *keys;
    int argc; /* what it was made from */
    char *const *argv;
    struct arena arena; /* every text */
    struct value *values;
    size_t value_count;
    size_t value_capacity;
    struct child *children;
    size_t child_count;
    size_t child_capacity;
    const char **arguments;
    size_t argument_count;
};

/* Goes through all rows of all tables. */
#define FOR_EACH_KEY(keys, key)                                                                                        \
    for (const struct config_key *const *table_ = (keys); *table_ != NULL; table_++)                                   \
        for (const struct config_key *key = *table_; key->path != NULL; key++)

/* Fills error->text; returns the status given, so that a caller can return it at once. */
__attribute__((format(printf, 3, 4))) enum status config_fail(struct config_error *error, enum status status,
                                                              const char *format, ...);

/* A copy that lives as long as the config. */
char *config_copy(struct config *config, const char *text, size_t size);

struct value *config_find(const struct config *config, const char *path);
const struct config_key *config_find_key(const struct config_key *const *keys, const char *path);

/* Checks text against its key's type and range and keeps it; one of a lower origin is replaced, one of the same is a
 * duplicate. path, text and origin_text live as long as the config. */
enum status config_set(struct config *config, const struct config_key *key, const char *path, const char *text,
                       enum origin origin, const char *origin_text, struct config_error *error);
/* Remembers the child that a path of a starred key stands for. */
void config_note_child(struct config *config, const struct config_key *key, const char *path);

/* Whether the key describes children of the child's section. */
bool config_is_child_of(const struct child *child, const struct config_key *key);
/* Why a file could not be read, for a person. */
const char *config_read_failure(enum status status);

/* Each layer over the ones before. */
enum status config_read_file(struct config *config, const char *path, struct config_error *error);
enum status config_read_environment(struct config *config, char *const *environment, struct config_error *error);
/* name: "--server-bind" or a variable; finds its key and its path (made new for a child not met before); NULL when no
 * key has that name. */
const struct config_key *config_resolve(struct config *config, bool is_flag, const char *name, const char **path);

#endif
