/* The configuration for people: what is set and from where, what can be set. */

#include <inttypes.h>
#include <string.h>

#include "config/config_names.h"
#include "config/config_values.h"

static void print_value(const struct value *value, FILE *out) {
    fprintf(out, "%s = \"%s\"%s  # %s\n", value->path, value->text,
            value->key->type == CONFIG_SECRET && value->text[0] != 0 ? " (a file)" : "", value->origin_text);
}

void config_print(const struct config *config, FILE *out) {
    FOR_EACH_KEY(config->keys, key) {
        for (size_t i = 0; i < config->value_count; i++) {
            if (config->values[i].key == key) {
                print_value(&config->values[i], out);
            }
        }
    }
}

static const char *type_name(enum config_type type) {
    switch (type) {
    case CONFIG_STRING:
        return "text";
    case CONFIG_INTEGER:
        return "number";
    case CONFIG_BOOLEAN:
        return "true or false";
    case CONFIG_SECRET:
        return "path of a secret file";
    }
    return "";
}

static void help_key(const struct config_key *key, FILE *out) {
    char flag[NAME_BYTES_MAX], variable[NAME_BYTES_MAX];
    name_of_path(NAME_FLAG, key->path, flag);
    name_of_path(NAME_VARIABLE, key->path, variable);
    fprintf(out, "  %s  (%s, %s)\n      %s\n      %s", key->path, flag, variable, key->help == NULL ? "" : key->help,
            type_name(key->type));
    if (key->type == CONFIG_INTEGER) {
        fprintf(out, " from %" PRId64 " to %" PRId64, key->min, key->max);
    }
    if (key->unit != NULL && key->unit[0] != 0) {
        fprintf(out, ", %s", key->unit);
    }
    if (key->default_value == NULL) {
        fputs("; must be set\n", out);
    } else {
        fprintf(out, "; default %s\n", key->default_value[0] == 0 ? "none" : key->default_value);
    }
}

void config_help(const struct config_key *const *keys, const char *program, FILE *out) {
    fprintf(
        out,
        "Usage: %s [--config FILE] [--NAME=VALUE ...]\n\n"
        "  --config FILE    read this file (or LC_CONFIG)\n"
        "  --check-config   check the configuration and end\n"
        "  --print-config   show every key, its value and where it came from, and end\n"
        "  --version        show the version and end\n"
        "  --help           show this and end\n\n"
        "Keys, each with its flag and its variable. A flag wins over the environment, the environment over the file,\n"
        "the file over the default. A variable with _FILE behind it names a file that holds the value.\n\n",
        program);
    FOR_EACH_KEY(keys, key) {
        help_key(key, out);
    }
}
