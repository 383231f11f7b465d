/* Values from the configuration file. */

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/file.h"
#include "config/config_names.h"
#include "config/config_values.h"
#include "config/zpl.h"

/* "; did you mean /server/bind?" or nothing when no key is near. */
static void hint(const struct config_key *const *keys, const char *path, char text[NAME_BYTES_MAX + 32]) {
    size_t best = strlen(path) / 4 + 1;
    text[0] = 0;
    FOR_EACH_KEY(keys, key) {
        char candidate[NAME_BYTES_MAX];
        size_t child_size;
        const char *child = name_child_in_path(key->path, path, &child_size);
        if (!name_fill_star(key->path, child, child_size, candidate)) {
            continue;
        }
        /* An unknown section is near a key when it is near the section of that key. */
        for (char *end = candidate + strlen(candidate); end != NULL && end > candidate; end = strrchr(candidate, '/')) {
            *end = 0;
            size_t distance = name_distance(path, candidate);
            if (distance <= best && distance > 0) {
                best = distance - 1;
                snprintf(text, NAME_BYTES_MAX + 32, "; did you mean %s?", candidate);
            }
        }
    }
}

static bool is_section(const struct config_key *const *keys, const char *path) {
    FOR_EACH_KEY(keys, key) {
        if (name_path_is_above(key->path, path)) {
            return true;
        }
    }
    return false;
}

/* A section that is the child of a starred one: it exists from here on, keys or not. */
static void note_section(struct config *config, const char *path) {
    FOR_EACH_KEY(config->keys, key) {
        size_t size;
        const char *child = name_child_in_path(key->path, path, &size);
        if (child[size] == 0 && size > 0 && name_path_is_above(key->path, path)) {
            config_note_child(config, key, path);
        }
    }
}

static bool is_path(const struct config_key *key) {
    return key->type == CONFIG_SECRET || (key->unit != NULL && strcmp(key->unit, "path") == 0);
}

static const char *resolve_path(struct config *config, const char *file, const char *value) {
    const char *slash = strrchr(file, '/');
    if (value[0] == '/' || value[0] == 0 || slash == NULL) {
        return config_copy(config, value, strlen(value));
    }
    char *resolved = arena_printf(&config->arena, "%.*s%s", (int)(slash + 1 - file), file, value);
    CHECK(resolved != NULL);
    return resolved;
}

static enum status take_entry(struct config *config, const char *file, const struct zpl_entry *entry,
                              struct config_error *error) {
    const struct config_key *key = config_find_key(config->keys, entry->path);
    bool section = is_section(config->keys, entry->path);
    if (key == NULL && !section) {
        char near[NAME_BYTES_MAX + 32];
        hint(config->keys, entry->path, near);
        return config_fail(error, STATUS_CONFIG, "%s:%u: unknown %s %s%s", file, entry->line,
                           entry->value == NULL ? "section" : "key", entry->path, near);
    }
    if (entry->value == NULL) {
        if (!section) {
            return config_fail(error, STATUS_CONFIG, "%s:%u: %s needs a value: name = value", file, entry->line,
                               entry->path);
        }
        note_section(config, entry->path);
        return STATUS_OK;
    }
    if (key == NULL) {
        return config_fail(error, STATUS_CONFIG, "%s:%u: %s is a section and has no value of its own", file,
                           entry->line, entry->path);
    }
    const char *text = is_path(key) ? resolve_path(config, file, entry->value) : entry->value;
    char *origin = arena_printf(&config->arena, "%s:%u", file, entry->line);
    CHECK(origin != NULL);
    return config_set(config, key, entry->path, text, ORIGIN_FILE, origin, error);
}

static enum status take_text(struct config *config, const char *file, const struct buffer *text,
                             struct config_error *error) {
    struct zpl zpl;
    struct zpl_problem problem;
    if (!zpl_parse((const char *)text->data, text->size, &config->arena, &zpl, &problem)) {
        return config_fail(error, STATUS_CONFIG, "%s:%u: %s", file, problem.line, problem.text);
    }
    for (size_t i = 0; i < zpl.count; i++) {
        enum status status = take_entry(config, file, &zpl.entries[i], error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

const char *config_read_failure(enum status status) {
    switch (status) {
    case STATUS_NOT_FOUND:
        return "there is no such file";
    case STATUS_DENIED:
        return "no permission to read it";
    case STATUS_MEMORY:
        return "it is too large";
    default:
        return "it cannot be read";
    }
}

enum status config_read_file(struct config *config, const char *path, struct config_error *error) {
    struct buffer text = {0};
    enum status status = file_read(path, ZPL_FILE_BYTES_MAX, &text);
    if (status == STATUS_OK) {
        status = take_text(config, path, &text, error);
    } else {
        status = config_fail(error, STATUS_CONFIG, "%s: %s", path, config_read_failure(status));
    }
    buffer_release(&text);
    return status;
}
