#include "support/registry_daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/secret.h"
#include "support/ports.h"
#include "support/system.h"

#define BODY_BYTES 1024

void load_agency_code(size_t agency, char code[16]) {
    snprintf(code, 16, "agency-%02zu", agency + 1);
}

/* --- the daemon --- */

static void launch(struct registry_daemon *daemon, const char *programs, bool by_commands) {
    char program[600], bind[160], server_key[600], keys[600], store[600], seal[600], http[32], log[600], self[512],
        line[1024];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1); /* build/FLAVOUR/tests/KIND/NAME */
    CHECK(length > 0);
    self[length] = '\0';
    for (int level = 0; level < 3; level++) {
        *strrchr(self, '/') = '\0';
    }
    if (programs == NULL) {
        snprintf(program, sizeof program, "%s/bin/%s", self, daemon->name);
    } else {
        snprintf(program, sizeof program, "%s/%s", programs, daemon->name);
    }
    snprintf(bind, sizeof bind, "--server-bind=%s", daemon->endpoint);
    snprintf(server_key, sizeof server_key, "--server-key=%s", daemon->keys.server_key_path);
    snprintf(keys, sizeof keys, "--server-keys=%s", daemon->keys.keys_path);
    snprintf(store, sizeof store, "--store-folder=%s/data", daemon->keys.folder);
    snprintf(seal, sizeof seal, "--store-seal-key=%s/seal", daemon->keys.folder);
    snprintf(http, sizeof http, "--http-port=%u", daemon->http_port);
    snprintf(log, sizeof log, "%s/daemon.log", daemon->keys.folder);
    const char *argv[] = {program, bind, server_key, keys,
                          store,   seal, http,       by_commands ? "--tick-source=commands" : "--tick-source=clock",
                          NULL};
    process_start(&daemon->process, argv, log);
    if (!process_wait_log(&daemon->process, &daemon->log_position, "\"listening\"", line, sizeof line)) {
        process_show_log(&daemon->process);
        abort();
    }
}

void registry_daemon_start(struct registry_daemon *daemon, const char *name, const char *programs) {
    char seal[600];
    *daemon = (struct registry_daemon){.name = name, .http_port = test_port(), .start_ms = clock_unix_ms()};
    test_keys_make(&daemon->keys);
    snprintf(seal, sizeof seal, "%s/seal", daemon->keys.folder);
    CHECK(secret_make(seal) == STATUS_OK);
    daemon->operator_key = test_keys_add(&daemon->keys, "operator/operator", "operator", "operator");
    daemon->supervisor_key = test_keys_add(&daemon->keys, "service-bureau/supervisor", "service-bureau", "supervisor");
    for (size_t i = 0; i < LOAD_AGENCIES; i++) {
        char code[16], principal[48];
        load_agency_code(i, code);
        snprintf(principal, sizeof principal, "%s/system", code);
        daemon->agency_keys[i] = test_keys_add(&daemon->keys, principal, code, "publisher");
    }
    test_endpoint(daemon->endpoint);
    launch(daemon, programs, false);
}

void registry_daemon_restart_by_commands(struct registry_daemon *daemon, const char *programs) {
    CHECK(process_stop(&daemon->process) == 0);
    launch(daemon, programs, true);
}

void registry_daemon_stop(struct registry_daemon *daemon) {
    CHECK(process_stop(&daemon->process) == 0);
    test_keys_remove(&daemon->keys);
}

/* --- what it says of itself --- */

/* A metric of the daemon; key with its labels. */
double registry_daemon_metric(const struct registry_daemon *daemon, const char *key) {
    struct buffer body = {0};
    char line[128];
    CHECK(system_http_get(daemon->http_port, "/metrics", &body) == 200);
    snprintf(line, sizeof line, "\n%s ", key);
    const char *at = strstr(buffer_text(&body), line);
    const double value = at == NULL ? -1 : strtod(at + strlen(line), NULL);
    buffer_release(&body);
    return value;
}

double registry_daemon_cpu_s(const struct registry_daemon *daemon) {
    char path[64], line[1024];
    double ticks = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)daemon->process.pid);
    FILE *file = fopen(path, "re");
    if (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned long user = 0, kernel = 0;
        char *save = NULL, *word = strtok_r(strrchr(line, ')') + 2, " ", &save);
        for (int n = 0; word != NULL && n < 13; n++, word = strtok_r(NULL, " ", &save)) {
            user = n == 11 ? strtoul(word, NULL, 10) : user;
            kernel = n == 12 ? strtoul(word, NULL, 10) : kernel;
        }
        ticks = (double)(user + kernel);
    }
    if (file != NULL) {
        fclose(file);
    }
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

/* --- connections --- */

static void count_receipt(void *user, uint64_t command_number, const Common__V1__Receipt *receipt) {
    struct load_result *result = user;
    result->accepted += receipt->result == COMMON__V1__RESULT__RESULT_ACCEPTED;
    if (receipt->result == COMMON__V1__RESULT__RESULT_REFUSED && result->refused++ == 0) {
        fprintf(stderr, "command %llu was refused: %u %s\n", (unsigned long long)command_number, receipt->problem->code,
                receipt->problem->field);
    }
}

struct client *load_connect_as(const struct registry_daemon *daemon, const char *key_path, uint32_t window,
                                 void (*receipt)(void *, uint64_t, const Common__V1__Receipt *), void *user) {
    struct client_options o = {.socket = {.endpoint = daemon->endpoint,
                                          .key_path = key_path,
                                          .server_key_path = daemon->keys.server_public_path},
                               .window_submits = window,
                               .resend_ms = 60000,
                               .receipt = receipt,
                               .user = user};
    struct client *client = NULL;
    CHECK(client_new(&o, &client) == STATUS_OK);
    return client;
}

struct client *load_connect(const struct registry_daemon *daemon, const char *key_path, struct load_result *result) {
    return load_connect_as(daemon, key_path, 4, count_receipt, result);
}

void load_pump(struct client *client, int timeout_ms) {
    const enum status status = client_pump(client, timeout_ms);
    if (status != STATUS_OK && status != STATUS_AGAIN) {
        fprintf(stderr, "%s\n", client_problem(client));
        abort();
    }
}

void load_add(struct client *client, struct id_maker *ids, int64_t occurred_at_ms,
                const ProtobufCMessage *command, uint64_t number) {
    uint8_t stack[BODY_BYTES], *body = stack;
    const size_t size = protobuf_c_message_get_packed_size(command);
    if (size > sizeof stack) {
        body = malloc(size);
        CHECK(body != NULL);
    }
    protobuf_c_message_pack(command, body);
    const struct id id = id_make(ids, (uint64_t)clock_unix_ms());
    while (client_add(client, &id, occurred_at_ms, 0, body, size, number) == STATUS_AGAIN) {
        load_pump(client, 100);
    }
    if (body != stack) {
        free(body);
    }
}

void load_flush(struct client *client) {
    while (client_flush(client) == STATUS_AGAIN) {
        load_pump(client, 100);
    }
}

void load_finish(struct client *client) {
    load_flush(client);
    while (client_outstanding(client) > 0) {
        load_pump(client, 100);
    }
}

/* One command, and its receipt. */
void load_tell(const struct registry_daemon *daemon, const char *key_path, int64_t occurred_at_ms,
                 const ProtobufCMessage *command) {
    struct load_result result = {.refused = 0};
    struct id_maker ids = {0};
    struct client *client = load_connect(daemon, key_path, &result);
    load_add(client, &ids, occurred_at_ms, command, 0);
    load_finish(client);
    client_destroy(&client);
    CHECK(result.accepted == 1);
}
