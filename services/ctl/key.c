#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/keytab.h"

struct key_options {
    const char *keys_path;  /* --keys */
    const char *out;        /* --out */
    const char *public_key; /* --public */
    bool is_finish;         /* --finish */
};

static const struct ctl_usage usage = {
    "key list|add|rotate|revoke ... [OPTIONS]",
    "    key list\n"
    "    key add PRINCIPAL ORGANISATION ROLE\n"
    "    key rotate PRINCIPAL                   a second key beside the first; both work\n"
    "    key rotate PRINCIPAL --finish          the older key stops to work\n"
    "    key revoke PRINCIPAL\n"
    "\n"
    "ROLE is one of " ROLE_NAMES ".\n"
    "The secret half of a new key is written to --out (default: secret/ beside keys.tab). A partner that made its\n"
    "key itself gives its public half: --public KEY; then no secret ever travels. Daemons read the table again at "
    "SIGHUP.\n",
    1, 4};

/* Folder of keys.tab: where secret/ lies. */
static void folder_of(const char *path, char folder[CTL_PATH_BYTES]) {
    const char *slash = strrchr(path, '/');
    snprintf(folder, CTL_PATH_BYTES, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

/* --keys, else keys.tab beside ctl.conf. */
static enum status find_table(struct ctl *ctl, const struct key_options *options, char path[CTL_PATH_BYTES]) {
    char folder[CTL_PATH_BYTES];
    if (options->keys_path) {
        snprintf(path, CTL_PATH_BYTES, "%s", options->keys_path);
        return STATUS_OK;
    }
    enum status status = ctl_config(ctl);
    if (status == STATUS_OK) {
        folder_of(ctl->config_path, folder);
        snprintf(path, CTL_PATH_BYTES, "%.4000s/keys.tab", folder);
    }
    return status;
}

/* Where a new secret goes: "hospital-01/publisher" -> secret/hospital-01.key, "x/reader" -> secret/x-reader.key. */
static void secret_path(const struct keytab *keytab, const struct principal *principal, const char *suffix,
                        char path[CTL_PATH_BYTES]) {
    char folder[CTL_PATH_BYTES], file[KEYS_PRINCIPAL_BYTES];
    folder_of(keytab->path, folder);
    if (principal->role == ROLE_PUBLISHER) {
        snprintf(file, sizeof file, "%s", principal->organisation);
    } else {
        snprintf(file, sizeof file, "%s", principal->name);
        for (char *at = strchr(file, '/'); at; at = strchr(at, '/')) {
            *at = '-';
        }
    }
    snprintf(path, CTL_PATH_BYTES, "%.3900s/secret/%s.key%s", folder, file, suffix);
}

/* A new public key for the principal: given, or of a pair made now, whose secret half is then at path ("" when none).
 */
static enum status new_key(const struct keytab *keytab, const struct key_options *options, const char *suffix,
                           const struct principal *principal, uint8_t key[32], char path[CTL_PATH_BYTES]) {
    struct curve_pair pair;
    path[0] = '\0';
    if (options->public_key) {
        if (!keytab_key_parse(options->public_key, key)) {
            ctl_error(0, "--public needs the 40 characters of a public key in Z85");
            return STATUS_USAGE;
        }
        return STATUS_OK;
    }
    if (options->out) {
        snprintf(path, CTL_PATH_BYTES, "%s", options->out);
    } else {
        secret_path(keytab, principal, suffix, path);
    }
    enum status status = curve_pair_make(&pair);
    if (status == STATUS_OK) {
        status = curve_pair_save(&pair, path, NULL);
    }
    if (status == STATUS_EXISTS) {
        ctl_error(0, "%s is there already and is never overwritten; --out names another file", path);
    } else if (status != STATUS_OK) {
        ctl_error(0, "%s cannot be written: %s", path, status_name(status));
    } else if (!keytab_key_parse(pair.public_text, key)) {
        status = STATUS_MALFORMED;
    }
    return status;
}

/* Saves the table with the principal's new line; a secret just made goes again when that fails. */
static int save(struct ctl *ctl, struct keytab *keytab, const struct principal *principal, const char *new_secret,
                const char *done) {
    keytab_put(keytab, principal);
    enum status status = keytab_save(keytab);
    if (status != STATUS_OK) {
        if (*new_secret) {
            unlink(new_secret);
        }
        return status == STATUS_CONFIG ? EXIT_CODE_USAGE : (int)status_exit_code(status);
    }
    if (ctl->json) {
        json_t *result = json_pack("{s:s, s:s, s:s*}", "principal", principal->name, "done", done, "secret",
                                   *new_secret ? new_secret : NULL);
        json_print(result);
        return EXIT_CODE_OK;
    }
    printf("%s: %s in %s.\n", principal->name, done, keytab->path);
    if (*new_secret) {
        printf("Its secret key is in %s: hand it over in person and delete it here.\n", new_secret);
    }
    printf("Send SIGHUP to the daemons that use this table.\n");
    return EXIT_CODE_OK;
}

static int add_key(struct ctl *ctl, struct keytab *keytab, const struct key_options *options, int argc, char **argv) {
    if (argc != 5) {
        return ctl_error(EXIT_CODE_USAGE, "usage: lianchengctl key add PRINCIPAL ORGANISATION ROLE");
    }
    struct principal principal = {.role = role_parse(argv[4]), .key_count = 1};
    if (strlen(argv[2]) >= sizeof principal.name || !keytab_is_code(argv[3])) {
        return ctl_error(EXIT_CODE_USAGE,
                         "a principal has at most 63 characters, an organisation 1 to 32 of a-z, 0-9 and -");
    }
    if (principal.role == ROLE_NONE) {
        return ctl_error(EXIT_CODE_USAGE, "no role \"%s\"; there are " ROLE_NAMES, argv[4]);
    }
    if (keytab_find(keytab, argv[2])) {
        return ctl_error(EXIT_CODE_USAGE, "%s is in the table already; `key rotate` gives it another key", argv[2]);
    }
    char path[CTL_PATH_BYTES];
    snprintf(principal.name, sizeof principal.name, "%s", argv[2]);
    snprintf(principal.organisation, sizeof principal.organisation, "%s", argv[3]);
    enum status status = new_key(keytab, options, "", &principal, principal.keys[0], path);
    return status == STATUS_OK ? save(ctl, keytab, &principal, path, "added") : (int)status_exit_code(status);
}

/* The new secret takes the place of the old one, where `rotate` put it. */
static int finish_rotation(struct ctl *ctl, struct keytab *keytab, struct principal *principal) {
    char next[CTL_PATH_BYTES], path[CTL_PATH_BYTES];
    if (principal->key_count < 2) {
        return ctl_error(EXIT_CODE_USAGE, "%s has one key only: nothing to finish", principal->name);
    }
    memcpy(principal->keys[0], principal->keys[1], sizeof principal->keys[0]);
    principal->key_count = 1;
    int exit_code = save(ctl, keytab, principal, "", "old key removed");
    secret_path(keytab, principal, ".next", next);
    secret_path(keytab, principal, "", path);
    if (exit_code == EXIT_CODE_OK && access(next, F_OK) == 0 && rename(next, path) != 0) {
        return ctl_error(EXIT_CODE_FAILED, "%s could not be moved to %s", next, path);
    }
    return exit_code;
}

static int rotate_key(struct ctl *ctl, struct keytab *keytab, const struct key_options *options,
                      struct principal *principal) {
    if (options->is_finish) {
        return finish_rotation(ctl, keytab, principal);
    }
    if (principal->revoked || principal->key_count != 1) {
        return ctl_error(EXIT_CODE_USAGE,
                         principal->revoked ? "%s is revoked; add a new principal"
                                            : "%s has two keys already; --finish removes the older one",
                         principal->name);
    }
    char path[CTL_PATH_BYTES];
    enum status status = new_key(keytab, options, ".next", principal, principal->keys[1], path);
    principal->key_count = 2;
    return status == STATUS_OK ? save(ctl, keytab, principal, path, "second key added") : (int)status_exit_code(status);
}

static int change_key(struct ctl *ctl, struct keytab *keytab, const struct key_options *options, int argc,
                      char **argv) {
    if (argc != 3) {
        return ctl_error(EXIT_CODE_USAGE, "usage: lianchengctl key %s PRINCIPAL", argv[1]);
    }
    const struct principal *found = keytab_find(keytab, argv[2]);
    if (!found) {
        return ctl_error(EXIT_CODE_USAGE, "no principal %s in %s; `key list` shows them", argv[2], keytab->path);
    }
    struct principal principal = *found;
    if (strcmp(argv[1], "rotate") == 0) {
        return rotate_key(ctl, keytab, options, &principal);
    }
    principal.revoked = true;
    return save(ctl, keytab, &principal, "", "revoked");
}

static json_t *principal_json(const struct principal *principal) {
    char text[41];
    json_t *keys = json_array();
    for (size_t i = 0; i < principal->key_count; i++) {
        keytab_key_text(principal->keys[i], text);
        json_array_append_new(keys, json_string(text));
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:b}", "principal", principal->name, "organisation", principal->organisation,
                     "role", role_name(principal->role), "keys", keys, "revoked", (int)principal->revoked);
}

static int list_keys(struct ctl *ctl, const struct keytab *keytab) {
    char name[KEYS_PRINCIPAL_BYTES];
    size_t offset = 0;
    json_t *list = json_array();
    while (keytab_next(keytab, &offset, name)) {
        const struct principal *principal = keytab_find(keytab, name);
        if (!principal) {
            continue;
        }
        if (ctl->json) {
            json_array_append_new(list, principal_json(principal));
            continue;
        }
        printf("%-28s %-22s %-10s %s\n", principal->name, principal->organisation, role_name(principal->role),
               principal->revoked         ? "revoked"
               : principal->key_count > 1 ? "2 keys (rotating)"
                                          : "1 key");
    }
    if (ctl->json) {
        json_print(json_incref(list));
    }
    json_decref(list);
    return EXIT_CODE_OK;
}

static int run(struct ctl *ctl, struct keytab *keytab, const struct key_options *options, int argc, char **argv) {
    if (strcmp(argv[1], "list") == 0) {
        return list_keys(ctl, keytab);
    }
    if (strcmp(argv[1], "add") == 0) {
        return add_key(ctl, keytab, options, argc, argv);
    }
    if (strcmp(argv[1], "rotate") == 0 || strcmp(argv[1], "revoke") == 0) {
        return change_key(ctl, keytab, options, argc, argv);
    }
    return ctl_error(EXIT_CODE_USAGE, "no \"key %s\"; there are list, add, rotate, revoke", argv[1]);
}

int command_key(struct ctl *ctl, int argc, char **argv) {
    struct key_options options = {0};
    const struct ctl_option table[] = {
        {"keys", CTL_TEXT, &options.keys_path, "FILE", "the table (keys.tab beside ctl.conf)", 0, 0},
        {"out", CTL_TEXT, &options.out, "FILE", "where the secret half of a new key goes", 0, 0},
        {"public", CTL_TEXT, &options.public_key, "KEY", "public half (Z85) of a key made elsewhere", 0, 0},
        {"finish", CTL_FLAG, &options.is_finish, NULL, "rotate: remove the older key", 0, 0},
        {.name = NULL},
    };
    int exit_code;
    if (!ctl_arguments(ctl, &usage, table, &argc, argv, &exit_code)) {
        return exit_code;
    }
    char path[CTL_PATH_BYTES];
    struct keytab keytab;
    enum status status = find_table(ctl, &options, path);
    if (status == STATUS_OK) {
        status = keytab_open(&keytab, path, false);
    }
    if (status != STATUS_OK) {
        return status == STATUS_CONFIG ? EXIT_CODE_CONFIG : EXIT_CODE_FAILED;
    }
    exit_code = run(ctl, &keytab, &options, argc, argv);
    keytab_release(&keytab);
    return exit_code;
}
