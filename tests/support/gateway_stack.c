#include "support/gateway_stack.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "client/client.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/system.h"
#include "visits/v1/query.pb-c.h"

#define PATH_BYTES 1024

static void pause_shortly(void) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* --- Programs ------------------------------------------------------------------------------------------------------- */

static void find_programs(struct gateway_stack *stack) {
    const char *given = getenv("LIANCHENG_PROGRAMS");
    char self[512]; /* build/FLAVOUR/tests/KIND/NAME */
    if (given != NULL) {
        snprintf(stack->programs, sizeof stack->programs, "%s", given);
        return;
    }
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length] = '\0';
    for (int level = 0; level < 3; level++) {
        char *slash = strrchr(self, '/');
        CHECK(slash != NULL);
        *slash = '\0';
    }
    CHECK(snprintf(stack->programs, sizeof stack->programs, "%s/bin", self) < (int)sizeof stack->programs);
}

static int run(const char *const *argv, struct buffer *output) {
    int ends[2], status = 0;
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0) {
            execv(argv[0], (char *const *)(uintptr_t)argv);
        }
        _exit(127);
    }
    close(ends[1]);
    char chunk[4096];
    for (ssize_t got; (got = read(ends[0], chunk, sizeof chunk)) > 0;) {
        if (output != NULL) {
            buffer_append(output, chunk, (size_t)got);
        }
    }
    close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int gateway_stack_ctl(struct gateway_stack *stack, const char *const *arguments, struct buffer *output) {
    char program[600], config[300];
    const char *argv[32] = {program, "--config", config};
    size_t count = 3;
    snprintf(program, sizeof program, "%s/lianchengctl", stack->programs);
    snprintf(config, sizeof config, "%s/conf/ctl.conf", stack->folder);
    for (; *arguments != NULL; arguments++) {
        CHECK(count < 31);
        argv[count++] = *arguments;
    }
    return run(argv, output);
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static void write_file(const struct gateway_stack *stack, const char *name, const struct buffer *text) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", stack->folder, name);
    CHECK(file_write_atomic(path, text->data, text->size, 0600) == STATUS_OK);
}

static void make_configuration(struct gateway_stack *stack) {
    char program[600], conf[300], facilities[300], ports[5][8];
    struct buffer rows = {0}, output = {0};
    for (size_t i = 1; i <= stack->facilities; i++) {
        buffer_printf(&rows, "clinic-%zu\t模拟医院%zu\t411002\n", i, i);
    }
    write_file(stack, "facilities.tsv", &rows);
    buffer_release(&rows);
    const uint16_t numbers[5] = {stack->visits_port, stack->visits_http_port, stack->gateway_port,
                                 stack->gateway_http_port, stack->mllp_port};
    for (size_t i = 0; i < 5; i++) {
        snprintf(ports[i], sizeof ports[i], "%u", numbers[i]);
    }
    snprintf(program, sizeof program, "%s/lianchengctl", stack->programs);
    snprintf(conf, sizeof conf, "%s/conf", stack->folder);
    snprintf(facilities, sizeof facilities, "%s/facilities.tsv", stack->folder);
    CHECK(run((const char *const[]){program, "init", "--folder", conf, "--facilities", facilities, "--visits-port",
                                    ports[0], "--visits-http-port", ports[1], "--gateway-port", ports[2],
                                    "--gateway-http-port", ports[3], "--mllp-port", ports[4], NULL},
              &output) == 0);
    buffer_release(&output);
}

void gateway_stack_configure(struct gateway_stack *stack) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "server\n    bind = \"tcp://127.0.0.1:%u\"\n    key = \"secret/hl7-gateway.key\"\n"
                  "    keys = \"keys.tab\"\n"
                  "http\n    port = %u\n"
                  "store\n    folder = \"data/hl7-gateway\"\n    spool_key = \"secret/hl7-gateway.spool\"\n"
                  "registry\n    endpoint = \"tcp://127.0.0.1:%u\"\n    server_key = \"public/visits.pub\"\n"
                  "    keys = \"secret\"\n"
                  "listeners\n    main\n        bind = \"127.0.0.1:%u\"\n%s"
                  "feeds\n",
                  stack->gateway_port, stack->gateway_http_port, stack->visits_port, stack->mllp_port,
                  stack->listener_lines == NULL ? "" : stack->listener_lines);
    for (size_t i = 1; i <= stack->facilities; i++) {
        buffer_printf(&text,
                      "    feed-%zu\n        facility = \"clinic-%zu\"\n        sending_facility = \"F%zu\"\n"
                      "        ack_mode = \"original\"\n%s",
                      i, i, i, stack->feed_lines == NULL ? "" : stack->feed_lines);
    }
    write_file(stack, "conf/hl7-gateway.conf", &text);
    buffer_release(&text);
}

void gateway_stack_make(struct gateway_stack *stack, size_t facilities) {
    *stack = (struct gateway_stack){.facilities = facilities};
    find_programs(stack);
    test_folder_make("gateway", stack->folder);
    uint16_t *const ports[] = {&stack->visits_port, &stack->visits_http_port, &stack->gateway_port,
                               &stack->gateway_http_port, &stack->mllp_port};
    for (size_t i = 0; i < 5; i++) {
        *ports[i] = test_port();
    }
    make_configuration(stack);
    gateway_stack_configure(stack);
}

void gateway_stack_remove(struct gateway_stack *stack, bool show_logs) {
    struct process *const processes[] = {&stack->gateway, &stack->visits};
    for (size_t i = 0; i < 2; i++) {
        if (processes[i]->pid > 0) {
            process_stop(processes[i]);
        }
        if (show_logs) {
            process_show_log(processes[i]);
        }
    }
    if (stack->registry != NULL) {
        client_socket_destroy(&stack->registry);
        arena_release(&stack->arena);
    }
    test_folder_remove(stack->folder);
}

/* --- Daemons -------------------------------------------------------------------------------------------------------- */

static bool has_ended(const struct process *process) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static void start(struct gateway_stack *stack, struct process *process, const char *name, uint16_t http_port) {
    char program[600], config[320], log_path[320];
    const char *argv[4 + GATEWAY_FLAGS_MAX] = {program, "--config", config};
    size_t count = 3;
    snprintf(program, sizeof program, "%s/%s", stack->programs, name);
    snprintf(config, sizeof config, "%s/conf/%s.conf", stack->folder, name);
    snprintf(log_path, sizeof log_path, "%s/%s.log", stack->folder, name);
    for (size_t i = 0; i < GATEWAY_FLAGS_MAX && process == &stack->gateway; i++) {
        if (stack->flags[i][0] != '\0') {
            argv[count++] = stack->flags[i];
        }
    }
    process_start(process, argv, log_path);
    while (system_http_get(http_port, "/readyz", NULL) != 200) {
        if (has_ended(process)) {
            process_show_log(process);
            fprintf(stderr, "%s ended before it was ready\n", name);
            abort();
        }
        pause_shortly();
    }
}

void gateway_stack_start_visits(struct gateway_stack *stack) {
    start(stack, &stack->visits, "visits", stack->visits_http_port);
}

void gateway_stack_start_gateway(struct gateway_stack *stack) {
    start(stack, &stack->gateway, "hl7-gateway", stack->gateway_http_port);
}

void gateway_stack_start_gateway_limited(struct gateway_stack *stack, uint64_t file_bytes) {
    struct rlimit before, less;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    less = before;
    less.rlim_cur = file_bytes;
    CHECK(setrlimit(RLIMIT_FSIZE, &less) == 0);
    gateway_stack_start_gateway(stack); /* nothing is written by the test itself meanwhile */
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
}

void gateway_stack_start(struct gateway_stack *stack) {
    char path[300];
    struct buffer output = {0};
    gateway_stack_start_visits(stack);
    snprintf(path, sizeof path, "%s/conf/facilities.jsonl", stack->folder);
    CHECK(gateway_stack_ctl(stack, (const char *const[]){"submit", "visits", path, NULL}, &output) == 0);
    buffer_release(&output);
    gateway_stack_start_gateway(stack);
}

/* --- Looking -------------------------------------------------------------------------------------------------------- */

double gateway_stack_metric(uint16_t http_port, const char *name) {
    struct buffer body = {0};
    char key[160];
    double value = -1;
    snprintf(key, sizeof key, "\n%s ", name);
    if (system_http_get(http_port, "/metrics", &body) == 200) {
        const char *at = strstr(buffer_text(&body), key);
        value = at == NULL ? -1 : strtod(at + strlen(key), NULL);
    }
    buffer_release(&body);
    return value;
}

void gateway_stack_await(uint16_t http_port, const char *name, double least) {
    while (gateway_stack_metric(http_port, name) < least) {
        pause_shortly();
    }
}

static struct client_socket *connect_to_registry(const struct gateway_stack *stack) {
    char endpoint[64], key[320], server_key[320];
    struct client_socket *socket = NULL;
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", stack->visits_port);
    snprintf(key, sizeof key, "%s/conf/secret/operator.key", stack->folder);
    snprintf(server_key, sizeof server_key, "%s/conf/public/visits.pub", stack->folder);
    const struct client_socket_options options = {.endpoint = endpoint, .key_path = key, .server_key_path = server_key};
    CHECK(client_socket_new(&options, &socket) == STATUS_OK);
    return socket;
}

bool gateway_stack_has_visit(struct gateway_stack *stack, size_t facility, const char *visit_number) {
    char code[32];
    uint8_t bytes[256];
    snprintf(code, sizeof code, "clinic-%zu", facility);
    Visits__V1__GetVisit get = VISITS__V1__GET_VISIT__INIT;
    Visits__V1__Query body = VISITS__V1__QUERY__INIT;
    get.facility = code;
    get.visit_number = (char *)(uintptr_t)visit_number;
    body.body_case = VISITS__V1__QUERY__BODY_GET_VISIT;
    body.get_visit = &get;
    CHECK(visits__v1__query__get_packed_size(&body) <= sizeof bytes);
    Common__V1__Query query = COMMON__V1__QUERY__INIT;
    query.body = (ProtobufCBinaryData){visits__v1__query__pack(&body, bytes), bytes};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    Common__V1__Reply *reply = NULL;
    request.request = ++stack->requests;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &query;
    if (stack->registry == NULL) {
        stack->registry = connect_to_registry(stack);
        arena_init(&stack->arena, 64u << 20);
    }
    arena_reset(&stack->arena);
    CHECK(client_call(stack->registry, &request, &stack->arena, 60000, &reply) == STATUS_OK);
    return reply->body_case == COMMON__V1__REPLY__BODY_ANSWER;
}

/* --- Messages ------------------------------------------------------------------------------------------------------- */

size_t adt_text(const struct adt *adt, char *text, size_t size) {
    static const char seventeen[] = "|||||||||||||||||", twenty_five[] = "|||||||||||||||||||||||||";
    const char *trigger = adt->trigger == NULL ? "A04" : adt->trigger;
    int length = snprintf(text, size,
                          "MSH|^~\\&|HIS|F%zu|LC|XC|20260703090000||ADT^%s|%s|P|2.5\rEVN|%s|20260703090000\r"
                          "PID|1||%s^^^^MR\rPV1|1|O%s%s%s20260703090000\r%s",
                          adt->feed, trigger, adt->control_id, trigger, adt->local_id, seventeen, adt->visit,
                          twenty_five, adt->more == NULL ? "" : adt->more);
    CHECK(length > 0 && (size_t)length < size);
    return (size_t)length;
}
