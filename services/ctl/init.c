#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/file.h"
#include "base/secret.h"
#include "ctl/agencies.h"
#include "ctl/ctl.h"
#include "ctl/facilities.h"
#include "ctl/init_files.h"
#include "ctl/init_next.h"
#include "ctl/json.h"
#include "ctl/keytab.h"

#define CONF_BYTES_MAX (16 * 1024 * 1024)

struct init {
    const char *folder;
    const char *facilities_path;
    const char *agencies_path;
    struct init_settings settings;
    bool is_addition;
    bool is_json;
    struct facilities facilities;
    struct agencies agencies;
    struct keytab keytab;
    json_t *made;             /* names of new files, relative to folder */
    json_t *without_feed;     /* codes of facilities that hl7-gateway.conf has no feed for */
    json_t *without_registry; /* {file, registry}: files of an earlier version, and a registry that they do not know */
    size_t kept;              /* files that were there and stay as they are */
};

static void path_in(const struct init *init, const char *name, char path[CTL_PATH_BYTES]) {
    snprintf(path, CTL_PATH_BYTES, "%s/%s", init->folder, name);
}

/* Notes the outcome of making one file. */
static enum status note(struct init *init, const char *name, enum status status) {
    if (status == STATUS_OK) {
        json_array_append_new(init->made, json_string(name));
        return STATUS_OK;
    }
    if (status == STATUS_EXISTS) {
        init->kept++;
        return STATUS_OK;
    }
    ctl_error(0, "%s/%s cannot be made: %s", init->folder, name, status_name(status));
    return status;
}

static enum status check_folder(const struct init *init) {
    DIR *folder = opendir(init->folder);
    if (!folder) {
        return errno == ENOENT ? STATUS_OK : STATUS_IO;
    }
    bool is_empty = true;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        is_empty = is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(folder);
    return is_empty || init->is_addition ? STATUS_OK : STATUS_EXISTS;
}

static enum status make_folders(struct init *init) {
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"", 0755},
                   {"secret", 0700},
                   {"public", 0755},
                   {"data", 0700},
                   {"data/visits", 0700},
                   {"data/approvals", 0700},
                   {"data/issues", 0700},
                   {"data/hl7-gateway", 0700}};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[CTL_PATH_BYTES];
        path_in(init, folders[i].name, path);
        enum status status = file_make_folder(path, folders[i].mode);
        if (status != STATUS_OK) {
            ctl_error(0, "folder %s cannot be made: %s", path, status_name(status));
            return status;
        }
    }
    return STATUS_OK;
}

static enum status make_file(struct init *init, const char *name,
                             void (*append)(struct buffer *out, const struct init_settings *settings)) {
    char path[CTL_PATH_BYTES];
    path_in(init, name, path);
    if (access(path, F_OK) == 0) {
        return note(init, name, STATUS_EXISTS);
    }
    struct buffer text = {0};
    append(&text, &init->settings);
    enum status status = file_write_atomic(path, text.data, text.size, 0644);
    buffer_release(&text);
    return note(init, name, status);
}

static enum status make_secret(struct init *init, const char *name) {
    char path[CTL_PATH_BYTES];
    path_in(init, name, path);
    return note(init, name, secret_make(path));
}

/* A daemon's own key pair. The public half is written again when it is missing: it is no secret. */
static enum status make_server_key(struct init *init, const char *service) {
    char name[64], secret_path[CTL_PATH_BYTES], public_path[CTL_PATH_BYTES];
    struct curve_pair pair;
    snprintf(name, sizeof name, "public/%s.pub", service);
    path_in(init, name, public_path);
    snprintf(name, sizeof name, "secret/%s.key", service);
    path_in(init, name, secret_path);
    if (access(secret_path, F_OK) == 0) {
        if (access(public_path, F_OK) == 0) {
            return note(init, name, STATUS_EXISTS);
        }
        enum status status = curve_pair_load(secret_path, true, &pair);
        if (status == STATUS_OK) {
            struct buffer text = {0};
            buffer_printf(&text, "public %s\n", pair.public_text);
            status = file_write_atomic(public_path, text.data, text.size, 0644);
            buffer_release(&text);
        }
        return note(init, name, status);
    }
    enum status status = curve_pair_make(&pair);
    return note(init, name, status == STATUS_OK ? curve_pair_save(&pair, secret_path, public_path) : status);
}

/* A key pair for a principal, and its line in keys.tab; a principal that has a line keeps it. */
static enum status make_principal(struct init *init, const char *file, const char *name, const char *organisation,
                                  enum role role) {
    char path[CTL_PATH_BYTES], relative[KEYS_PRINCIPAL_BYTES + 16];
    struct curve_pair pair;
    snprintf(relative, sizeof relative, "secret/%s.key", file);
    path_in(init, relative, path);
    if (keytab_find(&init->keytab, name)) {
        return note(init, relative, STATUS_EXISTS);
    }
    enum status status = access(path, F_OK) == 0 ? STATUS_EXISTS : curve_pair_make(&pair);
    if (status == STATUS_EXISTS) {
        status = curve_pair_load(path, true, &pair); /* its line was lost: the key as it is gets one */
    } else if (status == STATUS_OK) {
        status = curve_pair_save(&pair, path, NULL);
    }
    struct principal principal = {.role = role, .key_count = 1};
    if (status != STATUS_OK || !keytab_key_parse(pair.public_text, principal.keys[0])) {
        return note(init, relative, status == STATUS_OK ? STATUS_MALFORMED : status);
    }
    snprintf(principal.name, sizeof principal.name, "%s", name);
    snprintf(principal.organisation, sizeof principal.organisation, "%s", organisation);
    keytab_put(&init->keytab, &principal);
    return note(init, relative, STATUS_OK);
}

static enum status make_publisher(struct init *init, const char *code) {
    char name[KEYS_PRINCIPAL_BYTES];
    snprintf(name, sizeof name, "%s/publisher", code);
    return make_principal(init, code, name, code, ROLE_PUBLISHER);
}

static enum status make_publishers(struct init *init) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < init->facilities.count && status == STATUS_OK; i++) {
        status = make_publisher(init, init->facilities.rows[i].code);
    }
    for (size_t i = 0; i < init->agencies.count && status == STATUS_OK; i++) {
        status = make_publisher(init, init->agencies.rows[i].code);
    }
    return status;
}

/* Commands ready for `submit`, into a file of that name. */
static enum status make_commands(struct init *init, const char *name, const struct buffer *text) {
    char path[CTL_PATH_BYTES], receipts[64];
    path_in(init, name, path);
    enum status status = file_write_atomic(path, text->data, text->size, 0644);
    /* Registering again is harmless; receipts of an earlier file of this name say nothing about this one. */
    snprintf(receipts, sizeof receipts, "%s.receipts", name);
    path_in(init, receipts, path);
    unlink(path);
    return note(init, name, status);
}

/* What makes the facilities and agencies known to their registries. */
static enum status make_registrations(struct init *init) {
    struct buffer text = {0};
    enum status status = STATUS_OK;
    if (init->facilities_path) {
        facilities_commands(&init->facilities, clock_unix_ms(), &text);
        status = make_commands(init, "facilities.jsonl", &text);
    }
    if (init->agencies_path && status == STATUS_OK) {
        buffer_clear(&text);
        agencies_commands(&init->agencies, clock_unix_ms(), &text);
        status = make_commands(init, "agencies.jsonl", &text); /* for approvals */
        status = status == STATUS_OK ? make_commands(init, "agencies-issues.jsonl", &text)
                                     : status; /* receipts are a file's */
    }
    buffer_release(&text);
    return status;
}

/* Those that every city has. Of officers one each to begin with; `key add` makes more. */
static const struct {
    const char *file, *name, *organisation;
    enum role role;
} principals[] = {
    {"operator", "operator/operator", "operator", ROLE_OPERATOR},
    {"aggregator-follower", "aggregator/follower", "aggregator", ROLE_FOLLOWER},
    {"reader", "bureau/reader", "bureau", ROLE_READER},
    {"registrar", "registrar/registrar", "registrar", ROLE_REGISTRAR},
    {"supervisor", "service-bureau/supervisor", "service-bureau", ROLE_SUPERVISOR},
    {"clerk", "service-hall/clerk", "service-hall", ROLE_CLERK},
    {"leader", "city-government/leader", "city-government", ROLE_LEADER},
};

static enum status make_keys(struct init *init) {
    char path[CTL_PATH_BYTES];
    path_in(init, "keys.tab", path);
    enum status status = keytab_open(&init->keytab, path, true);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof principals / sizeof *principals && status == STATUS_OK; i++) {
        status = make_principal(init, principals[i].file, principals[i].name, principals[i].organisation,
                                principals[i].role);
    }
    if (status == STATUS_OK) {
        status = make_publishers(init);
    }
    /* Also after a failure: a key that was made has to have its line. */
    enum status saved = keytab_save(&init->keytab);
    keytab_release(&init->keytab);
    return status == STATUS_OK ? saved : status;
}

/* A file that is there stays as it is: which facilities have no feed in it. */
static enum status note_missing_feeds(struct init *init) {
    char path[CTL_PATH_BYTES], line[KEYS_ORGANISATION_BYTES + 16];
    struct buffer text = {0};
    path_in(init, "hl7-gateway.conf", path);
    enum status status = file_read(path, CONF_BYTES_MAX, &text);
    for (size_t i = 0; status == STATUS_OK && i < init->facilities.count; i++) {
        snprintf(line, sizeof line, "facility = \"%s\"", init->facilities.rows[i].code);
        if (!strstr(buffer_text(&text), line)) {
            json_array_append_new(init->without_feed, json_string(init->facilities.rows[i].code));
        }
    }
    buffer_release(&text);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        ctl_error(0, "%s cannot be read: %s", path, status_name(status));
        return status;
    }
    for (size_t i = INIT_FEEDS_MAX; status == STATUS_NOT_FOUND && i < init->facilities.count; i++) {
        json_array_append_new(init->without_feed, json_string(init->facilities.rows[i].code));
    }
    return STATUS_OK;
}

/* Registries that this file, which is kept, does not know: it was made before there were such. */
static enum status note_missing_in(struct init *init, const char *file) {
    char path[CTL_PATH_BYTES], section[32];
    struct buffer text = {0};
    path_in(init, file, path);
    enum status status = file_read(path, CONF_BYTES_MAX, &text);
    for (size_t i = 0; status == STATUS_OK && i < INIT_REGISTRIES; i++) {
        snprintf(section, sizeof section, "%s\n", init_registries[i].name);
        if (strstr(buffer_text(&text), section) == NULL) {
            json_array_append_new(init->without_registry,
                                  json_pack("{s:s, s:s}", "file", file, "registry", init_registries[i].name));
        }
    }
    buffer_release(&text);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        ctl_error(0, "%s cannot be read: %s", path, status_name(status));
        return status;
    }
    return STATUS_OK;
}

static enum status note_missing(struct init *init) {
    enum status status = note_missing_feeds(init);
    status = status == STATUS_OK ? note_missing_in(init, "aggregator.conf") : status;
    return status == STATUS_OK ? note_missing_in(init, "ctl.conf") : status;
}

static enum status make_configurations(struct init *init) {
    static const struct {
        const char *name;
        void (*append)(struct buffer *, const struct init_settings *);
    } files[] = {{"visits.conf", init_visits_conf},       {"approvals.conf", init_approvals_conf},
                 {"issues.conf", init_issues_conf},       {"aggregator.conf", init_aggregator_conf},
                 {"hl7-gateway.conf", init_gateway_conf}, {"ctl.conf", init_ctl_conf}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && status == STATUS_OK; i++) {
        status = make_file(init, files[i].name, files[i].append);
    }
    return status;
}

static enum status make_all(struct init *init) {
    static const char *const secrets[] = {"secret/visits.seal", "secret/visits.pseudonym", "secret/approvals.seal",
                                          "secret/issues.seal", "secret/hl7-gateway.spool"};
    static const char *const services[] = {"visits", "approvals", "issues", "aggregator", "hl7-gateway"};
    enum status status = make_folders(init);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets && status == STATUS_OK; i++) {
        status = make_secret(init, secrets[i]);
    }
    for (size_t i = 0; i < sizeof services / sizeof *services && status == STATUS_OK; i++) {
        status = make_server_key(init, services[i]);
    }
    status = status == STATUS_OK ? make_keys(init) : status;
    status = status == STATUS_OK ? note_missing(init) : status;
    status = status == STATUS_OK ? make_configurations(init) : status;
    return status == STATUS_OK ? make_registrations(init) : status;
}

static void print_result(const struct init *init) {
    if (!init->is_json) {
        init_print_next(&(struct init_outcome){.folder = init->folder,
                                               .settings = &init->settings,
                                               .has_facilities = init->facilities_path != NULL,
                                               .has_agencies = init->agencies_path != NULL,
                                               .made = json_array_size(init->made),
                                               .kept = init->kept,
                                               .without_feed = init->without_feed,
                                               .without_registry = init->without_registry});
        return;
    }
    json_t *result = json_pack("{s:s, s:O, s:I, s:O, s:O}", "folder", init->folder, "made", init->made, "kept",
                               (json_int_t)init->kept, "without_feed", init->without_feed, "without_registry",
                               init->without_registry);
    json_print(result);
}

/* What would end up quoted in a configuration file and could not be. */
static bool check_settings(const struct init_settings *settings) {
    for (size_t i = 0; i <= INIT_DAEMONS; i++) {
        const char *text = i < INIT_DAEMONS ? settings->at[i].host : settings->bind;
        if (!*text || strpbrk(text, " \t\r\n\"'#/")) {
            ctl_error(0, "\"%s\" is no host name or address", text);
            return false;
        }
    }
    if (strpbrk(settings->postgres, "\r\n") || (strchr(settings->postgres, '"') && strchr(settings->postgres, '\''))) {
        ctl_error(0, "--postgres must be one line and hold only one kind of quotes");
        return false;
    }
    return true;
}

static int run(struct init *init) {
    if (!check_settings(&init->settings)) {
        return EXIT_CODE_USAGE;
    }
    if (init->facilities_path && facilities_read(init->facilities_path, &init->facilities) != STATUS_OK) {
        return EXIT_CODE_DATA;
    }
    if (init->agencies_path && agencies_read(init->agencies_path, &init->agencies) != STATUS_OK) {
        return EXIT_CODE_DATA;
    }
    enum status status = check_folder(init);
    if (status == STATUS_EXISTS) {
        return ctl_error(EXIT_CODE_USAGE, "%s is not empty; --add adds what is missing and overwrites no secret",
                         init->folder);
    }
    status = status == STATUS_OK ? make_all(init) : status;
    if (status != STATUS_OK) {
        return ctl_error(EXIT_CODE_FAILED, "%s is not complete; the same with --add goes on", init->folder);
    }
    print_result(init);
    return EXIT_CODE_OK;
}

int command_init(struct ctl *ctl, int argc, char **argv) {
    struct init init = {.folder = "liancheng",
                        .settings = {.postgres = "host=127.0.0.1 port=5432 dbname=liancheng user=liancheng_writer",
                                     .bind = "127.0.0.1",
                                     .at = {[INIT_VISITS] = {"127.0.0.1", 7101, 7181},
                                            [INIT_APPROVALS] = {"127.0.0.1", 7102, 7182},
                                            [INIT_ISSUES] = {"127.0.0.1", 7103, 7183},
                                            [INIT_AGGREGATOR] = {"127.0.0.1", 7100, 7180},
                                            [INIT_GATEWAY] = {"127.0.0.1", 7104, 7184}},
                                     .mllp_port = 2575}};
    struct init_settings *settings = &init.settings;
    struct init_address *at = settings->at;
    const struct ctl_option options[] = {
        {"folder", CTL_TEXT, &init.folder, "DIR", "where to make it (liancheng)", 0, 0},
        {"facilities", CTL_TEXT, &init.facilities_path, "FILE.tsv",
         "CODE<tab>NAME<tab>REGION a line: a publisher key for each", 0, 0},
        {"agencies", CTL_TEXT, &init.agencies_path, "FILE.tsv",
         "CODE<tab>NAME<tab>REGION<tab>CREDIT CODE[<tab>window] a line: a publisher key for each", 0, 0},
        {"postgres", CTL_TEXT, &settings->postgres, "CONNINFO", "the aggregator's PostgreSQL", 0, 0},
        {"visits-host", CTL_TEXT, &at[INIT_VISITS].host, "HOST", "where others reach the visit registry", 0, 0},
        {"approvals-host", CTL_TEXT, &at[INIT_APPROVALS].host, "HOST", "where others reach the approval registry", 0,
         0},
        {"issues-host", CTL_TEXT, &at[INIT_ISSUES].host, "HOST", "where others reach the issue registry", 0, 0},
        {"aggregator-host", CTL_TEXT, &at[INIT_AGGREGATOR].host, "HOST", "where others reach the aggregator", 0, 0},
        {"gateway-host", CTL_TEXT, &at[INIT_GATEWAY].host, "HOST", "where others reach the HL7 gateway", 0, 0},
        {"bind", CTL_TEXT, &settings->bind, "ADDRESS", "what daemons listen on (127.0.0.1; 0.0.0.0 in a container)", 0,
         0},
        {"visits-port", CTL_INTEGER, &at[INIT_VISITS].port, "PORT", "7101", 1, 65535},
        {"visits-http-port", CTL_INTEGER, &at[INIT_VISITS].http_port, "PORT", "7181", 1, 65535},
        {"approvals-port", CTL_INTEGER, &at[INIT_APPROVALS].port, "PORT", "7102", 1, 65535},
        {"approvals-http-port", CTL_INTEGER, &at[INIT_APPROVALS].http_port, "PORT", "7182", 1, 65535},
        {"issues-port", CTL_INTEGER, &at[INIT_ISSUES].port, "PORT", "7103", 1, 65535},
        {"issues-http-port", CTL_INTEGER, &at[INIT_ISSUES].http_port, "PORT", "7183", 1, 65535},
        {"aggregator-port", CTL_INTEGER, &at[INIT_AGGREGATOR].port, "PORT", "7100", 1, 65535},
        {"aggregator-http-port", CTL_INTEGER, &at[INIT_AGGREGATOR].http_port, "PORT", "7180", 1, 65535},
        {"gateway-port", CTL_INTEGER, &at[INIT_GATEWAY].port, "PORT", "7104: its control socket", 1, 65535},
        {"gateway-http-port", CTL_INTEGER, &at[INIT_GATEWAY].http_port, "PORT", "7184", 1, 65535},
        {"mllp-port", CTL_INTEGER, &settings->mllp_port, "PORT", "2575: where the gateway takes HL7 messages", 1,
         65535},
        {"add", CTL_FLAG, &init.is_addition, NULL, "add what is missing to a folder that is not empty", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "init [--folder DIR] [--facilities FILE.tsv] [--agencies FILE.tsv] [OPTIONS]",
        "Makes a folder with configuration, keys and secrets for all daemons, for every facility and agency, and for "
        "an\n"
        "operator, a reader, a registrar, a supervisor, a clerk of the service hall and a leader.\n",
        0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    init.is_json = ctl->json;
    init.made = json_array();
    init.without_feed = json_array();
    init.without_registry = json_array();
    settings->facilities = &init.facilities;
    exit_code = run(&init);
    json_decref(init.made);
    json_decref(init.without_feed);
    json_decref(init.without_registry);
    facilities_release(&init.facilities);
    agencies_release(&init.agencies);
    return exit_code;
}
