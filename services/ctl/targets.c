#include <czmq.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"

/* Keys that are not set are "" here; who needs one says so. */
static const struct config_key keys[] = {
    {"/key", CONFIG_SECRET, "", 0, 0, "", "Key file of the operator: used unless --key names another."},
    {"/follower_key", CONFIG_SECRET, "", 0, 0, "", "Key file that may follow feeds."},
    {"/reader_key", CONFIG_SECRET, "", 0, 0, "", "Key file that may read metrics."},
    {"/registrar_key", CONFIG_SECRET, "", 0, 0, "", "Key file that may look up persons and decide about them."},
    {"/publisher_keys", CONFIG_STRING, "", 0, 0, "path", "Folder with the key of each organisation, ORG.key."},
    {"/visits/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the visit registry listens: tcp://HOST:PORT."},
    {"/visits/server_key", CONFIG_STRING, "", 0, 0, "path", "Its public key file."},
    {"/approvals/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the approval registry listens: tcp://HOST:PORT."},
    {"/approvals/server_key", CONFIG_STRING, "", 0, 0, "path", "Its public key file."},
    {"/issues/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the issue registry listens: tcp://HOST:PORT."},
    {"/issues/server_key", CONFIG_STRING, "", 0, 0, "path", "Its public key file."},
    {"/aggregator/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the aggregator listens: tcp://HOST:PORT."},
    {"/aggregator/server_key", CONFIG_STRING, "", 0, 0, "path", "Its public key file."},
    {"/hl7-gateway/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the HL7 gateway's control socket listens: tcp://HOST:PORT."},
    {"/hl7-gateway/server_key", CONFIG_STRING, "", 0, 0, "path", "Its public key file."},
    {"/hl7/endpoint", CONFIG_STRING, "", 0, 0, "", "Where the HL7 gateway takes messages (MLLP): HOST:PORT."},
    {"/hl7/ca", CONFIG_STRING, "", 0, 0, "path", "Who signed its TLS certificate; empty: no TLS."},
    {"/hl7/cert", CONFIG_STRING, "", 0, 0, "path", "TLS certificate to show to it; empty: none."},
    {"/hl7/key", CONFIG_SECRET, "", 0, 0, "", "Key of that certificate."},
    {NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL},
};

static const char *find_file(const struct ctl *ctl) {
    const char *from_environment = getenv("LC_CONFIG");
    if (ctl->config_path) {
        return ctl->config_path;
    }
    if (from_environment && *from_environment) {
        return from_environment;
    }
    if (access("ctl.conf", R_OK) == 0) {
        return "ctl.conf";
    }
    return access("/etc/liancheng/ctl.conf", R_OK) == 0 ? "/etc/liancheng/ctl.conf" : NULL;
}

enum status ctl_config(struct ctl *ctl) {
    if (ctl->config) {
        return STATUS_OK;
    }
    const char *path = find_file(ctl);
    if (!path) {
        ctl_error(0, "no ctl.conf: name one with --config FILE or LC_CONFIG, or make one with lianchengctl init");
        return STATUS_CONFIG;
    }
    ctl->config_path = path;
    char *arguments[] = {(char *)"lianchengctl", (char *)"--config", (char *)path, NULL};
    const struct config_key *const tables[] = {keys, NULL};
    enum config_action action;
    struct config_error error = {""};
    if (config_load(tables, 3, arguments, &ctl->config, &action, &error) != STATUS_OK) {
        ctl_error(0, "%s", error.text);
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

const char *ctl_setting(const struct ctl *ctl, const char *path) {
    const char *value = config_string(ctl->config, path);
    return value ? value : "";
}

/* A needed key of ctl.conf; NULL, said, when it is not set. */
static const char *need_setting(const struct ctl *ctl, const char *path) {
    const char *value = ctl_setting(ctl, path);
    if (!*value) {
        ctl_error(0, "%s: %s is not set", ctl->config_path, path);
        return NULL;
    }
    return value;
}

/* CZMQ's own signal handlers would swallow Ctrl-C. Once, before the first socket. */
static void prepare_network(void) {
    static bool is_prepared;
    if (!is_prepared) {
        is_prepared = true;
        zsys_init();
        zsys_handler_set(NULL);
    }
}

enum status target_options(struct ctl *ctl, const char *name, const char *key_path,
                           struct client_socket_options *options) {
    char endpoint_path[64], server_key_path[64];
    if (!contract_find(name)) {
        return STATUS_USAGE;
    }
    if (ctl_config(ctl) != STATUS_OK) {
        return STATUS_CONFIG;
    }
    snprintf(endpoint_path, sizeof endpoint_path, "/%s/endpoint", name);
    snprintf(server_key_path, sizeof server_key_path, "/%s/server_key", name);
    *options = (struct client_socket_options){
        .endpoint = need_setting(ctl, endpoint_path),
        .server_key_path = need_setting(ctl, server_key_path),
        .key_path = key_path ? key_path : need_setting(ctl, "/key"),
    };
    if (!options->endpoint || !options->server_key_path || !options->key_path) {
        return STATUS_CONFIG;
    }
    prepare_network();
    return STATUS_OK;
}

enum status target_connect(struct ctl *ctl, const char *name, const char *key_path, struct client_socket **socket) {
    struct client_socket_options options;
    enum status status = target_options(ctl, name, key_path, &options);
    if (status != STATUS_OK) {
        return status;
    }
    status = client_socket_new(&options, socket);
    if (status != STATUS_OK) {
        ctl_error(0, "cannot connect to %s at %s with key %s and server key %s: %s", name, options.endpoint,
                  options.key_path, options.server_key_path, status_name(status));
    }
    return status;
}

enum status target_publisher_key(struct ctl *ctl, const char *organisation, char path[CTL_PATH_BYTES]) {
    if (ctl_config(ctl) != STATUS_OK) {
        return STATUS_CONFIG;
    }
    const char *folder = need_setting(ctl, "/publisher_keys");
    if (!folder) {
        return STATUS_CONFIG;
    }
    int length = snprintf(path, CTL_PATH_BYTES, "%s/%s.key", folder, organisation);
    if (length >= CTL_PATH_BYTES || strchr(organisation, '/') || access(path, R_OK) != 0) {
        ctl_error(0, "no key file %s/%s.key that can be read", folder, organisation);
        return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}

enum status target_key_as(struct ctl *ctl, const char *who, char path[CTL_PATH_BYTES]) {
    static const struct {
        const char *who, *setting;
    } own[] = {{"operator", "/key"}, {"registrar", "/registrar_key"}, {"reader", "/reader_key"}};
    if (ctl_config(ctl) != STATUS_OK) {
        return STATUS_CONFIG;
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(who, own[i].who) == 0) {
            const char *setting = need_setting(ctl, own[i].setting);
            if (!setting) {
                return STATUS_CONFIG;
            }
            snprintf(path, CTL_PATH_BYTES, "%s", setting);
            return STATUS_OK;
        }
    }
    return target_publisher_key(ctl, who, path);
}

static int say_problem(const char *name, const Common__V1__Problem *problem) {
    const struct contract *contract = contract_find(name);
    return ctl_error(problem->code == COMMON__V1__CODE__CODE_UNAVAILABLE ? EXIT_CODE_TEMPORARY : EXIT_CODE_FAILED,
                     "%s refused: %s: %s%s%s%s", name, contract_code_name(contract, problem->code), problem->message,
                     *problem->field ? " (" : "", problem->field, *problem->field ? ")" : "");
}

int target_call(struct client_socket *socket, const char *name, Common__V1__Request *request, struct arena *arena,
                int timeout_ms, Common__V1__Reply **reply) {
    request->request = 1;
    enum status status = client_call(socket, request, arena, timeout_ms, reply);
    if (status == STATUS_UNAVAILABLE || status == STATUS_AGAIN) {
        return ctl_error(
            EXIT_CODE_TEMPORARY,
            "no answer from %s within %.0f s: is it running, is the endpoint right, is this key in its keys.tab?", name,
            (double)timeout_ms / 1000);
    }
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "the conversation with %s failed: %s", name, status_name(status));
    }
    if ((*reply)->body_case == COMMON__V1__REPLY__BODY_PROBLEM) {
        return say_problem(name, (*reply)->problem);
    }
    return EXIT_CODE_OK;
}
