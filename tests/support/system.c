#include "support/system.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "support/peers.h"
#include "support/ports.h"

#define LOOK_AGAIN_NS 5000000
#define ARGUMENTS_MAX 32

static void pause_shortly(void) {
    nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_NS}, NULL);
}

/* --- Places
 * --------------------------------------------------------------------------------------------------------------- */

static void find_programs(struct system *system) {
    const char *given = getenv("LIANCHENG_PROGRAMS");
    if (given != NULL) {
        snprintf(system->programs, sizeof(system->programs), "%s", given);
        return;
    }
    char self[512]; /* build/FLAVOUR/tests/KIND/NAME */
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    CHECK(length > 0);
    self[length] = '\0';
    for (int level = 0; level < 3; level++) {
        char *slash = strrchr(self, '/');
        CHECK(slash != NULL);
        *slash = '\0';
    }
    CHECK(snprintf(system->programs, sizeof(system->programs), "%s/bin", self) < (int)sizeof(system->programs));
}

/* --- Programs
 * --------------------------------------------------------------------------------------------------------------- */

static _Noreturn void become(const char *const *argv, int output) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(output, STDOUT_FILENO) >= 0) {
        execv(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(127);
}

/* Runs it to its end; standard error stays the test's. */
static int run(const char *const *argv, struct buffer *output) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        become(argv, ends[1]);
    }
    close(ends[1]);
    char chunk[4096];
    for (ssize_t got; (got = read(ends[0], chunk, sizeof(chunk))) > 0;) {
        if (output != NULL) {
            buffer_append(output, chunk, (size_t)got);
        }
    }
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct command_line {
    char program[600];
    char config[300];
    const char *argv[ARGUMENTS_MAX];
};

static void ctl_line(struct system *system, const char *const *arguments, bool with_config, struct command_line *line) {
    size_t count = 0;
    CHECK(snprintf(line->program, sizeof(line->program), "%s/lianchengctl", system->programs) <
          (int)sizeof(line->program));
    snprintf(line->config, sizeof(line->config), "%s/conf/ctl.conf", system->folder);
    line->argv[count++] = line->program;
    if (with_config) {
        line->argv[count++] = "--config";
        line->argv[count++] = line->config;
    }
    for (; *arguments != NULL; arguments++) {
        CHECK(count < ARGUMENTS_MAX - 1);
        line->argv[count++] = *arguments;
    }
    line->argv[count] = NULL;
}

int system_ctl(struct system *system, const char *const *arguments, struct buffer *output) {
    struct command_line line;
    ctl_line(system, arguments, true, &line);
    return run(line.argv, output);
}

void system_ctl_launch(struct system *system, struct process *process, const char *const *arguments,
                       const char *log_name) {
    struct command_line line;
    char log_path[400];
    ctl_line(system, arguments, true, &line);
    snprintf(log_path, sizeof(log_path), "%s/%s", system->folder, log_name);
    process_start(process, line.argv, log_path);
}

/* --- Making and removing
 * ------------------------------------------------------------------------------------------------------ */

static void must_ctl(struct system *system, const char *const *arguments) {
    struct command_line line;
    struct buffer output = {0};
    ctl_line(system, arguments, false, &line);
    int exit_code = run(line.argv, &output);
    if (exit_code != 0) {
        fprintf(stderr, "lianchengctl %s: exit code %d\n%s", arguments[0], exit_code, buffer_text(&output));
    }
    CHECK(exit_code == 0);
    buffer_release(&output);
}

static void make_configuration(struct system *system) {
    char facilities[300], agencies[300], folder[300], ports[8][8];
    const uint16_t numbers[8] = {system->visits.port,    system->visits.http_port,    system->aggregator.port, system->aggregator.http_port,
                                 system->approvals.port, system->approvals.http_port, system->issues.port,     system->issues.http_port};
    snprintf(facilities, sizeof(facilities), "%s/facilities.tsv", system->folder);
    snprintf(agencies, sizeof(agencies), "%s/agencies.tsv", system->folder);
    snprintf(folder, sizeof(folder), "%s/conf", system->folder);
    for (size_t i = 0; i < 8; i++) {
        snprintf(ports[i], sizeof(ports[i]), "%u", numbers[i]);
    }
    must_ctl(system, (const char *const[]){"replay", "--write-facilities", facilities, "--write-agencies", agencies, NULL});
    must_ctl(system, (const char *const[]){"init", "--folder", folder, "--facilities", facilities, "--agencies", agencies, "--postgres",
                                           postgres_conninfo(&system->postgres), "--visits-port", ports[0],
                                           "--visits-http-port", ports[1], "--aggregator-port", ports[2],
                                           "--aggregator-http-port", ports[3], "--approvals-port", ports[4],
                                           "--approvals-http-port", ports[5], "--issues-port", ports[6],
                                           "--issues-http-port", ports[7], NULL});
}

static void migrate(struct system *system) {
    char program[600], config[320];
    snprintf(config, sizeof(config), "%s/conf/aggregator.conf", system->folder);
    CHECK(snprintf(program, sizeof(program), "%s/aggregator", system->programs) < (int)sizeof(program));
    CHECK(run((const char *const[]){program, "migrate", "--config", config, NULL}, NULL) == 0);
}

void system_make(struct system *system) {
    *system = (struct system){.visits = {.name = "visits"},
                              .approvals = {.name = "approvals", .flags = {"--tick-source=commands"}},
                              .issues = {.name = "issues", .flags = {"--tick-source=commands"}},
                              .aggregator = {.name = "aggregator"}};
    find_programs(system);
    test_folder_make("system", system->folder);
    system->visits.port = test_port();
    system->visits.http_port = test_port();
    system->approvals.port = test_port();
    system->approvals.http_port = test_port();
    system->issues.port = test_port();
    system->issues.http_port = test_port();
    system->aggregator.port = test_port();
    system->aggregator.http_port = test_port();
    postgres_start(&system->postgres);
    make_configuration(system);
    migrate(system);
}

void system_remove(struct system *system, bool show_logs) {
    struct system_daemon *daemons[] = {&system->aggregator, &system->visits, &system->approvals, &system->issues};
    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++) {
        if (system_runs(daemons[i])) {
            system_stop(daemons[i]);
        }
        if (show_logs) {
            process_show_log(&daemons[i]->process);
        }
    }
    postgres_stop(&system->postgres);
    test_folder_remove(system->folder);
}

/* --- Daemons
 * --------------------------------------------------------------------------------------------------------------------
 */

bool system_runs(const struct system_daemon *daemon) {
    return daemon->process.pid > 0;
}

void system_second_aggregator(struct system_daemon *second) {
    *second = (struct system_daemon){.name = "aggregator", .log_name = "second"};
    second->port = test_port();
    second->http_port = test_port();
    snprintf(second->flags[0], sizeof(second->flags[0]), "--server-bind=tcp://127.0.0.1:%u", second->port);
    snprintf(second->flags[1], sizeof(second->flags[1]), "--http-port=%u", second->http_port);
}

void system_launch(struct system *system, struct system_daemon *daemon) {
    char program[600], config[320], log_path[320];
    CHECK(snprintf(program, sizeof(program), "%s/%s", system->programs, daemon->name) < (int)sizeof(program));
    snprintf(config, sizeof(config), "%s/conf/%s.conf", system->folder, daemon->name);
    snprintf(log_path, sizeof(log_path), "%s/%s.log", system->folder,
             daemon->log_name != NULL ? daemon->log_name : daemon->name);
    const char *argv[4 + SYSTEM_FLAGS_MAX] = {program, "--config", config};
    size_t count = 3;
    for (size_t i = 0; i < SYSTEM_FLAGS_MAX; i++) {
        if (daemon->flags[i][0] != '\0') {
            argv[count++] = daemon->flags[i];
        }
    }
    process_start(&daemon->process, argv, log_path);
}

static bool has_ended(const struct system_daemon *daemon) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)daemon->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

bool system_wait_ready(struct system_daemon *daemon) {
    while (system_http_get(daemon->http_port, "/readyz", NULL) != 200) {
        if (has_ended(daemon)) {
            return false;
        }
        pause_shortly();
    }
    return true;
}

void system_start(struct system *system, struct system_daemon *daemon) {
    system_launch(system, daemon);
    if (!system_wait_ready(daemon)) {
        process_show_log(&daemon->process);
        fprintf(stderr, "%s ended before it was ready\n", daemon->name);
        abort();
    }
}

int system_stop(struct system_daemon *daemon) {
    return process_stop(&daemon->process);
}

void system_kill(struct system_daemon *daemon) {
    process_kill(&daemon->process);
}

int system_http_get(uint16_t port, const char *path, struct buffer *body) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connection >= 0);
    struct buffer answer = {0};
    int code = 0;
    if (connect(connection, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        char chunk[4096];
        int length =
            snprintf(chunk, sizeof(chunk), "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
        if (send(connection, chunk, (size_t)length, MSG_NOSIGNAL) == length) {
            for (ssize_t got; (got = recv(connection, chunk, sizeof(chunk), 0)) > 0;) {
                buffer_append(&answer, chunk, (size_t)got);
            }
        }
    }
    close(connection);
    const char *text = buffer_text(&answer);
    if (strncmp(text, "HTTP/1.", 7) == 0) {
        code = (int)strtol(text + 9, NULL, 10);
    }
    const char *end = strstr(text, "\r\n\r\n");
    if (body != NULL && end != NULL) {
        buffer_append_text(body, end + 4);
    }
    buffer_release(&answer);
    return code;
}

/* --- Catching up
 * --------------------------------------------------------------------------------------------------------------------
 */

static bool head_of(struct system *system, const char *registry, uint64_t *head) {
    struct buffer output = {0};
    int exit_code = system_ctl(system, (const char *const[]){"ping", registry, "--json", NULL}, &output);
    const char *at = strstr(buffer_text(&output), "\"head\"");
    bool is_there = exit_code == 0 && at != NULL;
    if (is_there) {
        *head = strtoull(at + strcspn(at, "0123456789"), NULL, 10);
    }
    buffer_release(&output);
    return is_there;
}

bool system_visits_head(struct system *system, uint64_t *head) {
    return head_of(system, "visits", head);
}

static void wait_caught_up(struct system *system, const struct system_daemon *registry) {
    uint64_t head = 0;
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT coalesce(max(cursor), 0) FROM metrics.source WHERE name = '%s'", registry->name);
    while (!head_of(system, registry->name, &head)) {
        pause_shortly();
    }
    while ((uint64_t)system_number(system, sql) < head) {
        CHECK(!has_ended(registry) && !has_ended(&system->aggregator));
        pause_shortly();
    }
}

void system_wait_caught_up(struct system *system) {
    wait_caught_up(system, &system->visits);
}

void system_wait_approvals_caught_up(struct system *system) {
    wait_caught_up(system, &system->approvals);
}

void system_wait_issues_caught_up(struct system *system) {
    wait_caught_up(system, &system->issues);
}

/* --- SQL
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

PGconn *system_connect(struct system *system) {
    PGconn *connection = PQconnectdb(postgres_conninfo(&system->postgres));
    if (PQstatus(connection) != CONNECTION_OK) {
        PQfinish(connection);
        return NULL;
    }
    return connection;
}

int64_t system_number(struct system *system, const char *sql) {
    PGconn *connection = system_connect(system);
    CHECK(connection != NULL);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(connection));
    }
    CHECK(PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0);
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(connection);
    return number;
}
