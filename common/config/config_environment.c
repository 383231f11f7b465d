/* Values from the environment, and the names that variables and flags have. */

#include <ctype.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "config/config_names.h"
#include "config/config_values.h"
#include "config/zpl.h"

#define VALUE_FILE_BYTES_MAX 65536

/* The path of a starred key for a child's name as it stands in a variable or flag: a child that is there already, or a
 * new one, in lower case. NULL: no name for a child. */
static const char *child_path(struct config *config, enum name_style style, const struct config_key *key,
                              const char *name, const char *child_name, size_t child_size) {
    char path[NAME_BYTES_MAX], styled[NAME_BYTES_MAX];
    for (size_t i = 0; i < config->child_count; i++) {
        const struct child *child = &config->children[i];
        if (config_is_child_of(child, key) && name_fill_star(key->path, child->name, strlen(child->name), path)) {
            name_of_path(style, path, styled);
            if (strcmp(styled, name) == 0) {
                return config_copy(config, path, strlen(path));
            }
        }
    }
    char *lower = config_copy(config, child_name, child_size);
    for (char *at = lower; *at != 0; at++) {
        if (!zpl_is_name_character(*at)) {
            return NULL;
        }
        *at = (char)tolower((unsigned char)*at);
    }
    return name_fill_star(key->path, lower, child_size, path) ? config_copy(config, path, strlen(path)) : NULL;
}

const struct config_key *config_resolve(struct config *config, bool is_flag, const char *name, const char **path) {
    enum name_style style = is_flag ? NAME_FLAG : NAME_VARIABLE;
    const struct config_key *best = NULL;
    size_t best_at = 0, best_size = SIZE_MAX; /* the key that leaves the least for the child's name is meant */
    FOR_EACH_KEY(config->keys, key) {
        char own[NAME_BYTES_MAX];
        size_t at, size;
        name_of_path(style, key->path, own);
        if (strchr(own, '*') == NULL && strcmp(own, name) == 0) {
            *path = key->path;
            return key;
        }
        if (name_matches_star(style, key->path, name, &at, &size) && size < best_size) {
            best = key;
            best_at = at;
            best_size = size;
        }
    }
    if (best != NULL) {
        *path = child_path(config, style, best, name, name + best_at, best_size);
    }
    return best != NULL && *path != NULL ? best : NULL;
}

/* The first line of a file that a variable names. */
static enum status read_value_file(struct config *config, const char *variable, const char *file, const char **text,
                                   struct config_error *error) {
    struct buffer content = {0};
    enum status status = file_read(file, VALUE_FILE_BYTES_MAX, &content);
    if (status != STATUS_OK) {
        buffer_release(&content);
        return config_fail(error, STATUS_CONFIG, "%s: %s: %s", variable, file, config_read_failure(status));
    }
    const char *line = buffer_text(&content);
    *text = config_copy(config, line, strcspn(line, "\r\n"));
    buffer_release(&content);
    return STATUS_OK;
}

static enum status take_variable(struct config *config, const char *variable, const char *value,
                                 struct config_error *error) {
    const char *path;
    const struct config_key *key = config_resolve(config, false, variable, &path);
    if (key != NULL) {
        return config_set(config, key, path, value, ORIGIN_ENVIRONMENT, variable, error);
    }
    static const char suffix[] = "_FILE";
    size_t size = strlen(variable);
    if (size <= sizeof suffix || strcmp(variable + size - (sizeof suffix - 1), suffix) != 0) {
        return STATUS_OK;
    }
    key = config_resolve(config, false, config_copy(config, variable, size - (sizeof suffix - 1)), &path);
    if (key == NULL) {
        return STATUS_OK;
    }
    if (key->type != CONFIG_SECRET) { /* a secret's value is the name of its file */
        enum status status = read_value_file(config, variable, value, &value, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return config_set(config, key, path, value, ORIGIN_ENVIRONMENT, variable, error);
}

enum status config_read_environment(struct config *config, char *const *environment, struct config_error *error) {
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || strncmp(*environment, "LC_", 3) != 0 || equals[1] == 0) {
            continue;
        }
        const char *variable = config_copy(config, *environment, (size_t)(equals - *environment));
        const char *value = config_copy(config, equals + 1, strlen(equals + 1));
        enum status status = take_variable(config, variable, value, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}
