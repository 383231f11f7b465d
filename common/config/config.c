#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "config/config_names.h"
#include "config/config_values.h"

/* What the command line says besides values, and where we are in it. */
struct command_line {
    char *const *argv;
    int argc;
    const char *file; /* --config, else LC_CONFIG, else NULL */
    enum config_action action;
    bool keep_values; /* false in the first reading */
};

/* --- The command line ------------------------------------------------------------------------------------------------
 */

static bool take_action(const char *flag, struct command_line *line) {
    static const struct {
        const char *flag;
        enum config_action action;
    } actions[] = {
        {"--check-config", CONFIG_CHECK},
        {"--print-config", CONFIG_PRINT},
        {"--help", CONFIG_HELP},
        {"--version", CONFIG_VERSION},
    };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(flag, actions[i].flag) == 0) {
            line->action = actions[i].action > line->action ? actions[i].action : line->action;
            return true;
        }
    }
    return false;
}

static enum status unknown_flag(const struct config_key *const *keys, const char *flag, struct config_error *error) {
    const char *near = NULL;
    size_t best = strlen(flag) / 4 + 1;
    char name[NAME_BYTES_MAX];
    FOR_EACH_KEY(keys, key) {
        name_of_path(NAME_FLAG, key->path, name);
        size_t distance = name_distance(flag, name);
        if (distance <= best) {
            best = distance;
            near = key->path;
        }
    }
    if (near == NULL) {
        return config_fail(error, STATUS_USAGE, "unknown option %.100s; --help lists them", flag);
    }
    name_of_path(NAME_FLAG, near, name);
    return config_fail(error, STATUS_USAGE, "unknown option %.100s; did you mean %s?", flag, name);
}

/* One option at argv[*at]; leaves *at at its last word. */
static enum status take_option(struct config *config, struct command_line *line, int *at, struct config_error *error) {
    const char *word = line->argv[*at];
    if (take_action(word, line)) {
        return STATUS_OK;
    }
    const char *equals = strchr(word, '=');
    const char *value = equals == NULL ? NULL : equals + 1;
    const char *flag = config_copy(config, word, equals == NULL ? strlen(word) : (size_t)(equals - word));
    bool is_file = strcmp(flag, "--config") == 0;
    const char *path = NULL;
    const struct config_key *key = is_file ? NULL : config_resolve(config, true, flag, &path);
    if (!is_file && key == NULL) {
        return unknown_flag(config->keys, flag, error);
    }
    if (value == NULL && key != NULL && key->type == CONFIG_BOOLEAN) {
        value = "true";
    } else if (value == NULL) {
        value = line->argv[++*at];
        if (value == NULL) {
            return config_fail(error, STATUS_USAGE, "%.100s needs a value", flag);
        }
    }
    if (is_file) {
        line->file = value;
        return STATUS_OK;
    }
    return line->keep_values ? config_set(config, key, path, value, ORIGIN_FLAG, flag, error) : STATUS_OK;
}

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] == '-';
}

/* The words are read twice: before the other layers for what is no key (which file, what to do), and after them for the
 * values, since only then are the children known that a flag may mean. */
static enum status read_flags(struct config *config, struct command_line *line, struct config_error *error) {
    config->argument_count = 0;
    bool options_ended = false;
    for (int at = 1; at < line->argc; at++) {
        if (options_ended || !is_option(line->argv[at])) {
            config->arguments[config->argument_count++] = line->argv[at];
        } else if (line->argv[at][2] == 0) {
            options_ended = true;
        } else {
            enum status status = take_option(config, line, &at, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

/* --- All layers ------------------------------------------------------------------------------------------------------
 */

static enum status missing(const struct config_key *key, const char *path, const char *file,
                           struct config_error *error) {
    char variable[NAME_BYTES_MAX], flag[NAME_BYTES_MAX];
    name_of_path(NAME_VARIABLE, path, variable);
    name_of_path(NAME_FLAG, path, flag);
    return config_fail(error, STATUS_CONFIG, "%.150s%s%s is not set (%.120s): set it in the file, by %s or %s",
                       file == NULL ? "" : file, file == NULL ? "" : ": ", path, key->help == NULL ? "" : key->help,
                       variable, flag);
}

static enum status complete(struct config *config, const struct config_key *key, const char *path, const char *file,
                            struct config_error *error) {
    if (config_find(config, path) != NULL) {
        return STATUS_OK;
    }
    if (key->default_value == NULL) {
        return missing(key, path, file, error);
    }
    return config_set(config, key, path, key->default_value, ORIGIN_DEFAULT, "default", error);
}

static enum status complete_children(struct config *config, const struct config_key *key, const char *file,
                                     struct config_error *error) {
    for (size_t i = 0; i < config->child_count; i++) {
        char path[NAME_BYTES_MAX];
        const struct child *child = &config->children[i];
        if (!config_is_child_of(child, key) || !name_fill_star(key->path, child->name, strlen(child->name), path)) {
            continue;
        }
        enum status status = complete(config, key, config_copy(config, path, strlen(path)), file, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status complete_all(struct config *config, const char *file, struct config_error *error) {
    FOR_EACH_KEY(config->keys, key) {
        enum status status = strchr(key->path, '*') == NULL ? complete(config, key, key->path, file, error)
                                                            : complete_children(config, key, file, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* --check-config also looks whether the secrets are there. */
static enum status check_secrets(const struct config *config, struct config_error *error) {
    for (size_t i = 0; i < config->value_count; i++) {
        const struct value *value = &config->values[i];
        if (value->key->type == CONFIG_SECRET && value->text[0] != 0 && access(value->text, R_OK) != 0) {
            return config_fail(error, STATUS_CONFIG, "%s: the secret of %s, %.200s, cannot be read: %m",
                               value->origin_text, value->path, value->text);
        }
    }
    return STATUS_OK;
}

static enum status load(struct config *config, struct command_line *line, struct config_error *error) {
    enum status status = read_flags(config, line, error);
    if (status != STATUS_OK || line->action == CONFIG_HELP || line->action == CONFIG_VERSION) {
        return status;
    }
    if (line->file == NULL) {
        line->file = getenv("LC_CONFIG");
    }
    if (line->file != NULL && line->file[0] != 0) {
        status = config_read_file(config, line->file, error);
    }
    if (status == STATUS_OK) {
        status = config_read_environment(config, environ, error);
    }
    if (status == STATUS_OK) {
        line->keep_values = true;
        status = read_flags(config, line, error);
    }
    if (status == STATUS_OK) {
        status = complete_all(config, line->file, error);
    }
    return status == STATUS_OK && line->action == CONFIG_CHECK ? check_secrets(config, error) : status;
}

enum status config_load(const struct config_key *const *keys, int argc, char *const *argv, struct config **config,
                        enum config_action *action, struct config_error *error) {
    struct config *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->keys = keys;
    made->argc = argc;
    made->argv = argv;
    arena_init(&made->arena, SIZE_MAX / 4);
    made->arguments = calloc((size_t)argc + 1, sizeof *made->arguments);
    CHECK(made->arguments != NULL);
    struct command_line line = {.argv = argv, .argc = argc, .action = CONFIG_RUN};
    error->text[0] = 0;
    enum status status = load(made, &line, error);
    *action = line.action;
    if (status != STATUS_OK || line.action == CONFIG_HELP || line.action == CONFIG_VERSION) {
        config_destroy(&made);
    }
    *config = made;
    return status;
}

enum status config_load_again(const struct config *config, struct config **fresh, struct config_error *error) {
    enum config_action action;
    return config_load(config->keys, config->argc, config->argv, fresh, &action, error);
}

void config_destroy(struct config **config) {
    if (*config != NULL) {
        arena_release(&(*config)->arena);
        free((*config)->values);
        free((*config)->children);
        free((*config)->arguments);
        free(*config);
        *config = NULL;
    }
}

/* --- Reading ---------------------------------------------------------------------------------------------------------
 */

static const struct value *value_of(const struct config *config, const char *path) {
    const struct value *value = config_find(config, path);
    CHECK(value != NULL);
    return value;
}

const char *config_string(const struct config *config, const char *path) {
    return value_of(config, path)->text;
}

int64_t config_integer(const struct config *config, const char *path) {
    const struct value *value = value_of(config, path);
    CHECK(value->key->type == CONFIG_INTEGER);
    return value->integer;
}

bool config_boolean(const struct config *config, const char *path) {
    const struct value *value = value_of(config, path);
    CHECK(value->key->type == CONFIG_BOOLEAN);
    return value->boolean;
}

const char *config_child(const struct config *config, const char *section, size_t number) {
    for (size_t i = 0; i < config->child_count; i++) {
        if (strcmp(config->children[i].section, section) == 0 && number-- == 0) {
            return config->children[i].name;
        }
    }
    return NULL;
}

size_t config_arguments(const struct config *config, const char *const **arguments) {
    *arguments = config->arguments;
    return config->argument_count;
}
