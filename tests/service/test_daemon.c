/* A daemon that does nothing but be one, as a process of its own: HTTP, signals, exit codes, the service manager. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "base/log.h"
#include "service/daemon.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[] = "/tmp/liancheng-daemon.XXXXXX";

static const char *in_folder(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int set_up(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    unsetenv("LC_CONFIG");
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_text(const char *path, const char *text) {
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), STATUS_OK);
}

/* --- The daemon: this part runs in the child -------------------------------------------------------------------------
 */

/* Ready when there is a file. */
static bool is_ready(void *user, char *reason, size_t reason_size) {
    const char *flag = user;
    snprintf(reason, reason_size, "the \"file\" is not there");
    return access(flag, F_OK) == 0;
}

static void more_metrics(void *user, struct buffer *out) {
    (void)user;
    struct buffer labels = {0};
    metrics_label(&labels, "organisation", "a\"b\\c\nd");
    metrics_label(&labels, "result", "accepted");
    for (int i = 0; i < 2; i++) { /* the second head is not written */
        metrics_head(out, "liancheng_test_commands_total", "counter", "Commands \\ of a\ntest.");
    }
    metrics_value(out, "liancheng_test_commands_total", buffer_text(&labels), 12345678901.0);
    metrics_value(out, "liancheng_test_commands_total", "organisation=\"e\",result=\"refused\"", 0.25);
    metrics_head(out, "liancheng_test_limit", "gauge", "No end.");
    metrics_value(out, "liancheng_test_limit", NULL, 1.0 / 0.0);
    buffer_release(&labels);
}

static void on_reload(void *user) {
    (void)user;
    LOG_DEBUG("debug line of the reload");
    LOG_ERROR("reload seen");
}

static void on_stopping(void *user) {
    (void)user;
    LOG_INFO("stopping seen");
}

static int stop_with_failure(zloop_t *loop, int timer_id, void *user) {
    (void)loop, (void)timer_id;
    daemon_stop(user, EXIT_CODE_TEMPORARY);
    daemon_stop(user, EXIT_CODE_OK); /* the first word counts */
    return 0;
}

static int daemon_main(int argc, char **argv) {
    static const struct config_key own_keys[] = {
        {"/test/stop", CONFIG_BOOLEAN, "no", 0, 0, "", "Stops by itself."},
        {"/test/flag", CONFIG_STRING, "/", 0, 0, "path", "The daemon is ready when this is there."},
        {0},
    };
    static const struct config_key *const keys[] = {daemon_config_keys, own_keys, NULL};
    static const struct daemon_callbacks callbacks = {
        .ready = is_ready, .metrics = more_metrics, .reload = on_reload, .stopping = on_stopping};
    struct config *config;
    struct daemon *daemon;
    int exit_code;
    if (daemon_prepare("tester", keys, argc, argv, &config, &exit_code) != STATUS_OK || config == NULL) {
        return exit_code;
    }
    void *flag = (void *)config_string(config, "/test/flag");
    enum status status = daemon_new("tester", config, &callbacks, flag, &daemon);
    if (status == STATUS_OK) {
        if (config_boolean(config, "/test/stop")) {
            zloop_timer(daemon_loop(daemon), 0, 1, stop_with_failure, daemon);
        }
        LOG_ERROR("port", LOG_U("port", daemon_http_port(daemon))); /* at every level */
        exit_code = daemon_run(daemon);
        daemon_destroy(&daemon);
    } else {
        exit_code = status_exit_code(status);
    }
    config_destroy(&config);
    return exit_code;
}

/* --- The test's side -------------------------------------------------------------------------------------------------
 */

struct child {
    pid_t pid;
    FILE *log; /* its stderr */
    FILE *out; /* its stdout */
    uint16_t port;
};

/* The next line of the log with this message; NULL at its end. */
static json_t *next_line(struct child *child, const char *message) {
    char line[5000];
    while (fgets(line, sizeof line, child->log) != NULL) {
        json_t *object = json_loads(line, 0, NULL);
        const char *text = json_string_value(json_object_get(object, "message"));
        if (text != NULL && strcmp(text, message) == 0) {
            return object;
        }
        json_decref(object);
    }
    return NULL;
}

static void expect_line(struct child *child, const char *message) {
    json_t *line = next_line(child, message);
    assert_non_null(line);
    json_decref(line);
}

static void start(struct child *child, const char *const *words) {
    int log_ends[2], out_ends[2];
    char *argv[12] = {(char *)"tester"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)words[argc - 1];
    }
    assert_int_equal(pipe2(log_ends, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out_ends, O_CLOEXEC), 0);
    fflush(NULL);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
        dup2(log_ends[1], STDERR_FILENO);
        dup2(out_ends[1], STDOUT_FILENO);
        close(log_ends[0]);
        close(log_ends[1]);
        close(out_ends[0]);
        close(out_ends[1]);
        exit(daemon_main(argc, argv));
    }
    close(log_ends[1]);
    close(out_ends[1]);
    child->log = fdopen(log_ends[0], "r");
    child->out = fdopen(out_ends[0], "r");
}

static void start_and_wait(struct child *child, const char *const *words) {
    start(child, words);
    json_t *line = next_line(child, "port");
    assert_non_null(line);
    child->port = (uint16_t)json_integer_value(json_object_get(line, "port"));
    assert_int_not_equal(child->port, 0);
    json_decref(line);
}

static int end(struct child *child) {
    int status;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    fclose(child->log);
    fclose(child->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int stop(struct child *child) {
    kill(child->pid, SIGTERM);
    return end(child);
}

/* --- A small HTTP client ---------------------------------------------------------------------------------------------
 */

static int dial(uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&to, sizeof to), 0);
    return descriptor;
}

/* Until the other side closes. */
static void read_answer(int descriptor, struct buffer *answer) {
    for (;;) {
        ssize_t got = recv(descriptor, buffer_reserve(answer, 65536), 65536, 0);
        if (got <= 0) {
            break;
        }
        answer->size += (size_t)got;
    }
    close(descriptor);
}

/* Sends bytes as they are; the whole answer, head and body. */
static const char *exchange(uint16_t port, const void *request, size_t size, struct buffer *answer) {
    buffer_clear(answer);
    int descriptor = dial(port);
    for (size_t sent = 0; sent < size;) {
        ssize_t step = send(descriptor, (const char *)request + sent, size - sent, MSG_NOSIGNAL);
        if (step < 0) {
            break; /* it does not want to hear more */
        }
        sent += (size_t)step;
    }
    shutdown(descriptor, SHUT_WR);
    read_answer(descriptor, answer);
    return buffer_text(answer);
}

static const char *request(uint16_t port, const char *method, const char *path, struct buffer *answer) {
    char text[512];
    int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    return exchange(port, text, (size_t)size, answer);
}

static const char *body_of(const char *answer) {
    const char *end_of_head = strstr(answer, "\r\n\r\n");
    assert_non_null(end_of_head);
    return end_of_head + 4;
}

/* --- Tests -----------------------------------------------------------------------------------------------------------
 */

static void test_http(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *status, *type, *body;
    } cases[] = {
        {"GET", "/healthz", "200", "text/plain; charset=utf-8", "ok\n"},
        {"HEAD", "/healthz", "200", "text/plain; charset=utf-8", NULL},
        {"GET", "/readyz", "200", "text/plain", "ready\n"},
        {"GET", "/readyz?a=b", "200", "text/plain", "ready\n"},
        {"GET", "/metrics", "200", "text/plain; version=0.0.4", "liancheng_build_info{service=\"tester\""},
        {"HEAD", "/metrics", "200", "text/plain; version=0.0.4", NULL},
        {"GET", "/", "404", "application/problem+json", "\"status\":404"},
        {"GET", "/healthz/", "404", "application/problem+json", "\"status\":404"},
        {"POST", "/other", "404", "application/problem+json", "\"status\":404"},
        {"POST", "/metrics", "405", "application/problem+json", "\"title\":\"Method Not Allowed\""},
        {"PUT", "/healthz", "405", "application/problem+json", "\"status\":405"},
        {"DELETE", "/readyz", "405", "application/problem+json", "\"status\":405"},
        {"XYZ", "/readyz", "405", "application/problem+json", "\"status\":405"},
    };
    struct child child;
    struct buffer answer = {0};
    start_and_wait(&child, (const char *[]){NULL});
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[128];
        const char *text = request(child.port, cases[i].method, cases[i].path, &answer);
        snprintf(want, sizeof want, "HTTP/1.1 %s ", cases[i].status);
        assert_memory_equal(text, want, strlen(want));
        snprintf(want, sizeof want, "Content-Type: %s", cases[i].type);
        assert_non_null(strstr(text, want));
        assert_non_null(strstr(text, "nosniff"));
        assert_int_equal(strstr(text, "Allow: GET, HEAD") != NULL, strcmp(cases[i].status, "405") == 0);
        if (cases[i].body == NULL) {
            assert_string_equal(body_of(text), "");
        } else {
            assert_non_null(strstr(body_of(text), cases[i].body));
        }
    }
    assert_int_equal(stop(&child), 0);
    buffer_release(&answer);
}

static void test_ready_says_why_not(void **state) {
    (void)state;
    struct child child;
    struct buffer answer = {0};
    const char *flag = in_folder("flag");
    start_and_wait(&child, (const char *[]){"--test-flag", flag, NULL});
    const char *text = request(child.port, "GET", "/readyz", &answer);
    assert_memory_equal(text, "HTTP/1.1 503 ", 13);
    json_t *problem = json_loads(body_of(text), 0, NULL);
    assert_non_null(problem);
    assert_string_equal(json_string_value(json_object_get(problem, "detail")), "the \"file\" is not there");
    json_decref(problem);
    assert_memory_equal(request(child.port, "GET", "/healthz", &answer), "HTTP/1.1 200 ", 13);
    write_text(flag, "");
    assert_memory_equal(request(child.port, "GET", "/readyz", &answer), "HTTP/1.1 200 ", 13);
    assert_int_equal(stop(&child), 0);
    buffer_release(&answer);
}

static void test_metrics(void **state) {
    (void)state;
    static const char *const wanted[] = {
        "\nliancheng_open_descriptors ",
        "\nliancheng_resident_bytes ",
        "\nliancheng_cpu_seconds_total ",
        "\nliancheng_loop_heartbeats_total ",
        "# HELP liancheng_test_commands_total Commands \\\\ of a\\ntest.\n",
        "liancheng_test_commands_total{organisation=\"a\\\"b\\\\c\\nd\",result=\"accepted\"} 12345678901\n",
        "liancheng_test_commands_total{organisation=\"e\",result=\"refused\"} 0.25\n",
        "liancheng_test_limit +Inf\n",
    };
    struct child child;
    struct buffer answer = {0};
    start_and_wait(&child, (const char *[]){NULL});
    const char *body = body_of(request(child.port, "GET", "/metrics", &answer));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        if (strstr(body, wanted[i]) == NULL) {
            fail_msg("not in the metrics: %s", wanted[i]);
        }
    }
    FILE *promtool = popen("promtool check metrics >&2", "w");
    assert_non_null(promtool);
    fputs(body, promtool);
    assert_int_equal(pclose(promtool), 0);
    assert_int_equal(stop(&child), 0);
    buffer_release(&answer);
}

/* What no browser sends costs the sender an answer or its connection, and the daemon nothing. */
static void test_hostile_http(void **state) {
    (void)state;
    struct child child;
    struct buffer hostile = {0}, answer = {0};
    start_and_wait(&child, (const char *[]){NULL});
    for (int i = 0; i < 4; i++) {
        buffer_clear(&hostile);
        switch (i) {
        case 0: /* a head that does not fit */
            buffer_append_text(&hostile, "GET /metrics HTTP/1.1\r\nX: ");
            memset(buffer_reserve(&hostile, 200000), 'x', 200000);
            hostile.size += 200000;
            break;
        case 1: /* no HTTP at all */
            for (unsigned b = 0; b < 3000; b++) {
                buffer_append(&hostile, &(uint8_t){(uint8_t)(b * 37)}, 1);
            }
            break;
        case 2: /* a body nobody asked for */
            buffer_append_text(&hostile, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
            memset(buffer_reserve(&hostile, 1000000), 'x', 1000000);
            hostile.size += 1000000;
            break;
        case 3: /* nothing */
            break;
        }
        const char *text = exchange(child.port, hostile.data, hostile.size, &answer);
        assert_null(strstr(text, "HTTP/1.1 200"));
        assert_memory_equal(request(child.port, "GET", "/healthz", &answer), "HTTP/1.1 200 ", 13);
    }
    assert_int_equal(stop(&child), 0);
    buffer_release(&hostile);
    buffer_release(&answer);
}

/* One address cannot take all connections: beyond its share it is turned away, and served again when there is room.
 * Those who say nothing lose theirs after a while. */
static void test_connection_limit(void **state) {
    (void)state;
    enum { IDLE = 32 };
    int idle[IDLE];
    char byte;
    struct child child;
    struct buffer answer = {0};
    start_and_wait(&child, (const char *[]){NULL});
    for (int i = 0; i < IDLE; i++) {
        idle[i] = dial(child.port);
    }
    assert_string_equal(request(child.port, "GET", "/healthz", &answer), "");
    close(idle[0]);
    while (strncmp(request(child.port, "GET", "/healthz", &answer), "HTTP/1.1 200 ", 13) != 0) {
    }
    for (int i = 1; i < IDLE; i++) {
        assert_int_equal(recv(idle[i], &byte, 1, 0), 0); /* 10 s, for all of them together */
        close(idle[i]);
    }
    assert_int_equal(stop(&child), 0);
    buffer_release(&answer);
}

static void test_signals(void **state) {
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct child child;
        start_and_wait(&child, (const char *[]){NULL});
        kill(child.pid, signals[i]);
        expect_line(&child, "asked to stop");
        expect_line(&child, "stopping seen");
        assert_int_equal(end(&child), 0);
    }
}

static void test_hangup_reads_the_log_level_again(void **state) {
    (void)state;
    struct child child;
    const char *file = in_folder("tester.conf");
    write_text(file, "log\n    level = error\n");
    start_and_wait(&child, (const char *[]){"--config", file, NULL});
    kill(child.pid, SIGHUP);
    json_t *first = next_line(&child, "reload seen");
    assert_non_null(first);
    json_decref(first);
    write_text(file, "log\n    level = debug\n");
    kill(child.pid, SIGHUP);
    expect_line(&child, "debug line of the reload");
    write_text(file, "log\n    level = loud\n"); /* wrong: said, and nothing changes */
    kill(child.pid, SIGHUP);
    expect_line(&child, "debug line of the reload");
    write_text(file, "lgo\n");
    kill(child.pid, SIGHUP);
    json_t *complaint = next_line(&child, "configuration not read again");
    assert_non_null(strstr(json_string_value(json_object_get(complaint, "error")), "did you mean /log?"));
    json_decref(complaint);
    expect_line(&child, "debug line of the reload");
    assert_int_equal(stop(&child), 0);
}

static void test_exit_codes(void **state) {
    (void)state;
    write_text(in_folder("bad.conf"), "http\n    port = many\n");
    const char *bad = in_folder("bad.conf");
    const struct {
        const char *words[4];
        int code;
        const char *out; /* on stdout */
        const char *log; /* on stderr */
    } cases[] = {
        {{"--help"}, 0, "Usage: tester", ""},
        {{"--version"}, 0, "tester " LIANCHENG_VERSION, ""},
        {{"--check-config"}, 0, "good", ""},
        {{"--print-config"}, 0, "/log/level = \"info\"  # default", ""},
        {{"--check-config", "--config", bad}, 78, "", "bad.conf:2: /http/port must be a whole number"},
        {{"--config", bad}, 78, "", "bad.conf:2: /http/port must be a whole number"},
        {{"--log-level=loud"}, 78, "", "must be debug, info, warn or error"},
        {{"--prot=1"}, 64, "", "unknown option --prot"},
        {{"--http-bind=localhost"}, 78, "", "http cannot listen"},
        {{"--test-stop"}, 75, "", "stopping seen"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct child child;
        char out[8192] = "", log[8192] = "";
        start(&child, cases[i].words);
        out[fread(out, 1, sizeof out - 1, child.out)] = 0;
        log[fread(log, 1, sizeof log - 1, child.log)] = 0;
        int code = end(&child);
        if (code != cases[i].code || strstr(out, cases[i].out) == NULL || strstr(log, cases[i].log) == NULL) {
            fail_msg("%s: %d\n%s\n%s", cases[i].words[0], code, out, log);
        }
    }
}

static void test_a_port_that_is_taken(void **state) {
    (void)state;
    struct child first, second;
    char port[32];
    start_and_wait(&first, (const char *[]){NULL});
    snprintf(port, sizeof port, "--http-port=%u", first.port);
    start(&second, (const char *[]){port, NULL});
    expect_line(&second, "http cannot listen");
    assert_int_equal(end(&second), 70);
    assert_int_equal(stop(&first), 0);
}

static void test_ipv6(void **state) {
    (void)state;
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has_ipv6 = probe >= 0 && bind(probe, (struct sockaddr *)&loopback, sizeof loopback) == 0;
    if (probe >= 0) {
        close(probe);
    }
    if (!has_ipv6) {
        skip();
    }
    struct child child;
    struct buffer answer = {0};
    start_and_wait(&child, (const char *[]){"--http-bind=::", NULL});
    assert_memory_equal(request(child.port, "GET", "/healthz", &answer), "HTTP/1.1 200 ", 13); /* by IPv4 too */
    assert_int_equal(stop(&child), 0);
    buffer_release(&answer);
}

static void expect_notice(int descriptor, const char *want) {
    char text[64] = "";
    do {
        ssize_t got = recv(descriptor, text, sizeof text - 1, 0);
        assert_true(got > 0);
        text[got] = 0;
    } while (strcmp(text, "WATCHDOG=1") == 0 && strcmp(want, text) != 0);
    assert_string_equal(text, want);
}

/* A path and an abstract name. */
static void test_service_manager(void **state) {
    (void)state;
    for (int abstract = 0; abstract < 2; abstract++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof address.sun_path, "%s%s/notify", abstract ? "@" : "", folder);
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        setenv("WATCHDOG_USEC", "20000", 1);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address.sun_path));
        if (abstract) {
            address.sun_path[0] = 0;
        }
        int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(manager, (struct sockaddr *)&address, size), 0);
        struct child child;
        start(&child, (const char *[]){NULL});
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        expect_notice(manager, "READY=1");
        expect_notice(manager, "WATCHDOG=1");
        expect_notice(manager, "WATCHDOG=1");
        kill(child.pid, SIGTERM);
        expect_notice(manager, "STOPPING=1");
        assert_int_equal(end(&child), 0);
        close(manager);
    }
}

/* What a process has that was prepared: seen from outside, in /proc. */
static void test_the_process_is_set_up(void **state) {
    (void)state;
    struct child child;
    char path[64];
    struct buffer status = {0};
    start_and_wait(&child, (const char *[]){NULL});
    snprintf(path, sizeof path, "/proc/%d/status", child.pid);
    assert_int_equal(file_read(path, 65536, &status), STATUS_OK);
    const char *ignored = strstr(buffer_text(&status), "SigIgn:");
    assert_non_null(ignored);
    assert_true(strtoull(ignored + 7, NULL, 16) & (1ull << (SIGPIPE - 1)));
    const char *blocked = strstr(buffer_text(&status), "SigBlk:");
    uint64_t mask = strtoull(blocked + 7, NULL, 16);
    assert_true((mask & (1ull << (SIGTERM - 1))) != 0 && (mask & (1ull << (SIGHUP - 1))) != 0);
    struct rlimit limit;
    assert_int_equal(prlimit(child.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    assert_true(limit.rlim_cur == limit.rlim_max);
    assert_int_equal(stop(&child), 0);
    buffer_release(&status);
}

/* Without a loop: what long work before it can ask, and what a child undoes. */
static void test_signals_before_the_loop(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        if (daemon_is_asked_to_stop()) {
            _exit(1);
        }
        raise(SIGTERM);
        if (!daemon_is_asked_to_stop()) {
            _exit(2);
        }
        daemon_release_signals();
        _exit(3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void) {
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 512) {
        limit.rlim_cur = 512; /* so that a daemon has something to raise */
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_ready_says_why_not),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_hostile_http),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_hangup_reads_the_log_level_again),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_a_port_that_is_taken),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_service_manager),
        cmocka_unit_test(test_the_process_is_set_up),
        cmocka_unit_test(test_signals_before_the_loop),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
