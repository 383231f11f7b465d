#include "config/config_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/utf8.h"
#include "config/config_names.h"

enum status config_fail(struct config_error *error, enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

char *config_copy(struct config *config, const char *text, size_t size) {
    char *copy = arena_alloc(&config->arena, size + 1);
    CHECK(copy != NULL); /* only when the system has no memory: the arena has no cap of its own */
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

/* Room for one more in an array of the config's life. */
static void *grow(void *array, size_t count, size_t *capacity, size_t element) {
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 32 : *capacity * 2;
    void *grown = reallocarray(array, *capacity, element);
    CHECK(grown != NULL);
    return grown;
}

struct value *config_find(const struct config *config, const char *path) {
    for (size_t i = 0; i < config->value_count; i++) {
        if (strcmp(config->values[i].path, path) == 0) {
            return &config->values[i];
        }
    }
    return NULL;
}

const struct config_key *config_find_key(const struct config_key *const *keys, const char *path) {
    FOR_EACH_KEY(keys, key) {
        if (name_path_matches(key->path, path)) {
            return key;
        }
    }
    return NULL;
}

/* --- Types -----------------------------------------------------------------------------------------------------------
 */

static bool parse_boolean(const char *text, bool *boolean) {
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"1", true}, {"0", false}, {"yes", true}, {"no", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *boolean = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_integer(const char *text, int64_t *integer) {
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9') {
        return false;
    }
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *integer = number;
    return errno == 0 && *end == 0;
}

static enum status interpret(struct value *value, struct config_error *error) {
    const struct config_key *key = value->key;
    switch (key->type) {
    case CONFIG_STRING:
    case CONFIG_SECRET:
        return STATUS_OK;
    case CONFIG_INTEGER:
        if (!parse_integer(value->text, &value->integer)) {
            return config_fail(error, STATUS_CONFIG, "%s: %s must be a whole number, not \"%.60s\"", value->origin_text,
                               value->path, value->text);
        }
        if (value->integer < key->min || value->integer > key->max) {
            return config_fail(error, STATUS_CONFIG, "%s: %s is %" PRId64 "; it must be from %" PRId64 " to %" PRId64,
                               value->origin_text, value->path, value->integer, key->min, key->max);
        }
        return STATUS_OK;
    case CONFIG_BOOLEAN:
        if (!parse_boolean(value->text, &value->boolean)) {
            return config_fail(error, STATUS_CONFIG, "%s: %s must be true or false, not \"%.60s\"", value->origin_text,
                               value->path, value->text);
        }
        return STATUS_OK;
    }
    return STATUS_OK;
}

static bool is_printable(const char *text) {
    for (const char *at = text; *at != 0; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            return false;
        }
    }
    return utf8_is_valid(text, strlen(text));
}

enum status config_set(struct config *config, const struct config_key *key, const char *path, const char *text,
                       enum origin origin, const char *origin_text, struct config_error *error) {
    struct value value = {.key = key, .path = path, .text = text, .origin = origin, .origin_text = origin_text};
    struct value *old = config_find(config, path);
    if (old != NULL && old->origin == origin) {
        return config_fail(error, origin == ORIGIN_FLAG ? STATUS_USAGE : STATUS_CONFIG,
                           "%s: %s is set already by %s; give one of the two", origin_text, path, old->origin_text);
    }
    if (!is_printable(text)) {
        return config_fail(error, STATUS_CONFIG, "%s: the value of %s has a control character or is not valid UTF-8",
                           origin_text, path);
    }
    enum status status = interpret(&value, error);
    if (status != STATUS_OK) {
        return status;
    }
    config_note_child(config, key, path);
    if (old == NULL) {
        config->values = grow(config->values, config->value_count, &config->value_capacity, sizeof value);
        old = &config->values[config->value_count++];
    }
    *old = value;
    return STATUS_OK;
}

/* --- Children --------------------------------------------------------------------------------------------------------
 */

bool config_is_child_of(const struct child *child, const struct config_key *key) {
    const char *star = strchr(key->path, '*');
    size_t size = strlen(child->section);
    return star != NULL && size + 1 == (size_t)(star - key->path) && memcmp(child->section, key->path, size) == 0;
}

void config_note_child(struct config *config, const struct config_key *key, const char *path) {
    const char *star = strchr(key->path, '*');
    if (star == NULL) {
        return;
    }
    size_t size;
    const char *name = name_child_in_path(key->path, path, &size);
    for (size_t i = 0; i < config->child_count; i++) {
        const struct child *child = &config->children[i];
        if (config_is_child_of(child, key) && strlen(child->name) == size && memcmp(child->name, name, size) == 0) {
            return;
        }
    }
    config->children = grow(config->children, config->child_count, &config->child_capacity, sizeof *config->children);
    config->children[config->child_count++] = (struct child){
        .section = config_copy(config, key->path, (size_t)(star - key->path) - 1),
        .name = config_copy(config, name, size),
    };
}
