#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "client/client.h"
#include "ctl/city.h"
#include "support/peers.h"
#include "support/publisher.h"
#include "support/system.h"

/*
 * The product's own figures, from the real programs with fsync on everywhere:
 *
 *   registry    durable acknowledged commands/s, alone with its publisher
 *   latency     one command at a time, 1,000 a second, into the registry that holds those
 *   start       with START_VISITS visits: from the log alone, from a snapshot; bytes of state
 *   pipe        the city-year by lianchengctl replay, until PostgreSQL holds its last event
 *
 * bench_pipe [PHASE ...]; BENCH_VISITS, BENCH_START_VISITS, BENCH_PATIENTS make it smaller.
 */
#define FACILITIES 40
#define PERSONS 754000

static void print(const char *name, double value, const char *unit) {
    printf("%-58s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* --- processes --- */

/* CPU ticks of a process; -1 when it is gone, or not a child of parent (0: any). */
static double ticks_of(const char *stat_path, int parent, bool with_children) {
    char line[1024];
    FILE *file = fopen(stat_path, "re");
    double ticks = -1;
    if (file == NULL) {
        return -1;
    }
    if (fgets(line, sizeof line, file) != NULL) {
        char *field = strrchr(line, ')'); /* the name may hold blanks */
        unsigned long values[16] = {0};
        size_t n = 0;
        char *save = NULL;
        for (char *word = strtok_r(field + 2, " ", &save); word != NULL && n < 16; word = strtok_r(NULL, " ", &save)) {
            values[n++] = strtoul(word, NULL, 10);
        }
        if (parent == 0 || values[1] == (unsigned long)parent) {
            ticks = (double)(values[11] + values[12]) + (with_children ? (double)(values[13] + values[14]) : 0);
        }
    }
    fclose(file);
    return ticks;
}

/* CPU seconds of a process, its reaped children and its living ones. */
static double cpu_of(pid_t pid) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    double ticks = ticks_of(path, 0, true);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
            double child = ticks_of(path, (int)pid, false);
            ticks += child > 0 ? child : 0;
        }
    }
    closedir(proc);
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

/* A value in KiB of /proc/PID/status, in MiB. */
static double memory_mib(pid_t pid, const char *key) {
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kib = strtod(line + strlen(key) + 1, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib / 1024;
}

static double pss_mib(const char *pid) {
    char path[300], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%s/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Pss:", 4) == 0) {
            kib = strtod(line + 4, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib / 1024;
}

/* What a process and its children hold now, shared pages once. */
static double tree_memory_mib(pid_t pid) {
    char path[300], own[32];
    snprintf(own, sizeof own, "%d", (int)pid);
    double mib = pss_mib(own);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && ticks_of(path, (int)pid, false) >= 0) {
            mib += pss_mib(entry->d_name);
        }
    }
    closedir(proc);
    return mib;
}

/* A metric without labels from /metrics. */
static double metric(const struct system_daemon *daemon, const char *name) {
    struct buffer body = {0};
    char key[128];
    double value = -1;
    snprintf(key, sizeof key, "\n%s ", name);
    if (system_http_get(daemon->http_port, "/metrics", &body) == 200) {
        const char *at = strstr(buffer_text(&body), key);
        value = at == NULL ? -1 : strtod(at + strlen(key), NULL);
    }
    buffer_release(&body);
    return value;
}

/* --- places --- */

struct places {
    char endpoint[64];
    char server_key[400];
    char keys[400];
    char operator_key[400];
};

static struct places places_of(const struct system *system) {
    struct places p;
    snprintf(p.endpoint, sizeof p.endpoint, "tcp://127.0.0.1:%u", system->visits.port);
    snprintf(p.server_key, sizeof p.server_key, "%s/conf/public/visits.pub", system->folder);
    snprintf(p.keys, sizeof p.keys, "%s/conf/secret", system->folder);
    snprintf(p.operator_key, sizeof p.operator_key, "%s/conf/secret/operator.key", system->folder);
    return p;
}

static struct publisher_result publish(const struct places *p, uint64_t first, uint64_t count) {
    struct publisher_options options = {.endpoint = p->endpoint,
                                        .server_key_path = p->server_key,
                                        .keys_folder = p->keys,
                                        .facilities = FACILITIES,
                                        .first = first,
                                        .count = count,
                                        .persons = PERSONS,
                                        .submit_commands = 256,
                                        .window_submits = 4};
    struct publisher_result result = publisher_run(&options);
    CHECK(result.accepted == count);
    return result;
}

/* --- registry --- */

static void bench_registry(struct system *system, uint64_t count) {
    struct places p = places_of(system);
    system_start(system, &system->visits);
    publisher_register(p.endpoint, p.server_key, p.operator_key, city_hospital_count());
    pid_t pid = system->visits.process.pid;
    double cpu = cpu_of(pid), commits = metric(&system->visits, "liancheng_commits_total");
    struct publisher_result result = publish(&p, 0, count);
    double million = (double)count / 1e6;
    double longest = metric(&system->visits, "liancheng_commit_seconds_max"); /* reading it resets it */
    commits = metric(&system->visits, "liancheng_commits_total") - commits;
    print("registry: durable acknowledged commands", (double)count / result.seconds, "/s");
    print("registry: CPU of visits", (cpu_of(pid) - cpu) / million, "s per million commands");
    print("registry: CPU of the publisher", result.cpu_seconds / million, "s per million commands");
    print("registry: commands in one commit (one fsync), mean", (double)count / commits, "");
    print("registry: log bytes", metric(&system->visits, "liancheng_log_bytes") / (double)count, "bytes a command");
    print("registry: longest commit", longest * 1e3, "ms");
}

/* --- latency --- */

#define LATENCY_RATE 1000
#define LATENCY_SECONDS 20

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sleep_until(int64_t ns) {
    struct timespec at = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
    }
}

static double send_one(struct client_socket *socket, struct arena *arena, struct id_maker *ids, uint64_t n) {
    static const struct publisher_options load = {.facilities = FACILITIES, .persons = PERSONS, .count = UINT32_MAX};
    uint8_t body[256];
    int64_t occurred_at_ms;
    Common__V1__Command command = COMMON__V1__COMMAND__INIT, *commands[] = {&command};
    struct id id = id_make(ids, (uint64_t)clock_unix_ms());
    command.id = (ProtobufCBinaryData){ID_BYTES, id.bytes};
    command.body = (ProtobufCBinaryData){publisher_visit(&load, n, 0, body, &occurred_at_ms), body};
    command.occurred_at_ms = occurred_at_ms;
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    submit.n_commands = 1;
    submit.commands = commands;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.request = n;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    Common__V1__Reply *reply;
    arena_reset(arena);
    int64_t begin = clock_monotonic_ns();
    CHECK(client_call(socket, &request, arena, 60000, &reply) == STATUS_OK);
    double ms = (double)(clock_monotonic_ns() - begin) / 1e6;
    CHECK(reply->body_case == COMMON__V1__REPLY__BODY_RECEIPTS);
    return ms;
}

static void bench_latency(struct system *system, uint64_t first) {
    static double ms[LATENCY_RATE * LATENCY_SECONDS];
    struct places p = places_of(system);
    char key[600];
    snprintf(key, sizeof key, "%s/%s.key", p.keys, city_hospital(0)->code);
    struct client_socket_options options = {.endpoint = p.endpoint, .key_path = key, .server_key_path = p.server_key};
    struct client_socket *socket;
    struct id_maker ids = {0};
    struct arena arena;
    arena_init(&arena, 1u << 20);
    CHECK(client_socket_new(&options, &socket) == STATUS_OK);
    double checkpoints = metric(&system->visits, "liancheng_checkpoints_total");
    send_one(socket, &arena, &ids, first++);
    int64_t begin = clock_monotonic_ns();
    size_t n = sizeof ms / sizeof ms[0];
    for (size_t i = 0; i < n; i++) {
        sleep_until(begin + (int64_t)i * 1000000000 / LATENCY_RATE);
        ms[i] = send_one(socket, &arena, &ids, first + i);
    }
    qsort(ms, n, sizeof ms[0], compare_doubles);
    print("latency: acknowledgement at 1,000/s one by one, p50", ms[n / 2], "ms");
    print("latency: p99", ms[n * 99 / 100], "ms");
    print("latency: p99.9", ms[n * 999 / 1000], "ms");
    print("latency: longest", ms[n - 1], "ms");
    print("latency: checkpoints meanwhile", metric(&system->visits, "liancheng_checkpoints_total") - checkpoints, "");
    client_socket_destroy(&socket);
    arena_release(&arena);
}

/* --- start --- */

static double start_seconds(struct system *system) {
    int64_t begin = clock_monotonic_ns();
    system_start(system, &system->visits);
    return (double)(clock_monotonic_ns() - begin) / 1e9;
}

static long log_end(const struct system *system) {
    FILE *file = fopen(system->visits.process.log_path, "re");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long position = ftell(file);
    fclose(file);
    return position;
}

static void state_bytes_of(struct system *system) {
    struct buffer body = {0};
    static const char *const tables[] = {"visits", "identities", "records"};
    double rows[3], bytes[3];
    CHECK(system_http_get(system->visits.http_port, "/metrics", &body) == 200);
    for (size_t i = 0; i < 3; i++) {
        char key[128];
        snprintf(key, sizeof key, "liancheng_state_rows{table=\"%s\"} ", tables[i]);
        rows[i] = strtod(strstr(buffer_text(&body), key) + strlen(key), NULL);
        snprintf(key, sizeof key, "liancheng_state_bytes{table=\"%s\"} ", tables[i]);
        bytes[i] = strtod(strstr(buffer_text(&body), key) + strlen(key), NULL);
    }
    buffer_release(&body);
    print("state: visits", rows[0], "");
    print("state: persons", rows[1], "");
    print("state: records of a person at a facility", rows[2], "");
    print("state: bytes a visit", bytes[0] / rows[0], "bytes");
    print("state: bytes a person with one record", bytes[1] / rows[1] + bytes[2] / rows[2], "bytes");
    print("state: bytes a person, all its records", (bytes[1] + bytes[2]) / rows[1], "bytes");
}

static void bench_start(struct system *system, uint64_t held, uint64_t visits) {
    struct places p = places_of(system);
    if (visits > held) {
        struct publisher_result result = publish(&p, held, visits - held);
        print("start: durable commands while it grew", (double)(visits - held) / result.seconds, "/s");
    }
    state_bytes_of(system);
    print("start: peak memory of visits", memory_mib(system->visits.process.pid, "VmHWM"), "MiB");
    char command[600];
    CHECK(system_stop(&system->visits) == 0);
    snprintf(command, sizeof command, "%s/conf/data/visits", system->folder);
    DIR *folder = opendir(command);
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "snapshot-", 9) == 0) {
            CHECK(unlinkat(dirfd(folder), entry->d_name, 0) == 0);
        }
    }
    closedir(folder);
    long position = log_end(system);
    print("start: from the log alone", start_seconds(system), "s");
    while (process_wait_log(&system->visits.process, &position, "\"snapshot\"", command, sizeof command) &&
           strstr(command, "\"status\":\"ok\"") == NULL) {
    }
    CHECK(system_stop(&system->visits) == 0);
    print("start: from a snapshot", start_seconds(system), "s");
}

/* --- pipe --- */

static void bench_pipe(struct system *system, uint64_t patients) {
    char count[32];
    snprintf(count, sizeof count, "%llu", (unsigned long long)patients);
    const char *replay[] = {"replay", "--only", "visits", "--patients", count, NULL};
    system_start(system, &system->visits);
    system_start(system, &system->aggregator);
    pid_t visits = system->visits.process.pid, aggregator = system->aggregator.process.pid;
    pid_t postgres = system->postgres.server.pid;
    double cpu[] = {cpu_of(visits), cpu_of(aggregator), cpu_of(postgres)};
    struct process publisher;
    int64_t begin = clock_monotonic_ns();
    system_ctl_launch(system, &publisher, replay, "replay.log");
    CHECK(process_wait(&publisher) == 0);
    double published = (double)(clock_monotonic_ns() - begin) / 1e9;
    system_wait_caught_up(system);
    double seconds = (double)(clock_monotonic_ns() - begin) / 1e9;
    uint64_t head;
    CHECK(system_visits_head(system, &head));
    double events = (double)head, million = events / 1e6;
    double ctl = (double)(publisher.usage.ru_utime.tv_sec + publisher.usage.ru_stime.tv_sec) +
                 (double)(publisher.usage.ru_utime.tv_usec + publisher.usage.ru_stime.tv_usec) / 1e6;
    double used[] = {cpu_of(visits) - cpu[0], cpu_of(aggregator) - cpu[1], cpu_of(postgres) - cpu[2]};
    print("pipe: patients in the bureau's view",
          (double)system_number(system,
                                "SELECT patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'"
                                " AND year = '2020-01-01'"),
          "");
    print("pipe: events", events, "");
    print("pipe: published after", published, "s");
    print("pipe: the last event in PostgreSQL after", seconds, "s");
    print("pipe: end to end", events / seconds, "events/s");
    print("pipe: CPU of lianchengctl replay", ctl / million, "s per million events");
    print("pipe: CPU of visits (with its snapshots)", used[0] / million, "s per million events");
    print("pipe: CPU of aggregator", used[1] / million, "s per million events");
    print("pipe: CPU of PostgreSQL", used[2] / million, "s per million events");
    print("pipe: CPU of all", (ctl + used[0] + used[1] + used[2]) / million, "s per million events");
    print("pipe: peak memory of visits", memory_mib(visits, "VmHWM"), "MiB");
    print("pipe: peak memory of aggregator", memory_mib(aggregator, "VmHWM"), "MiB");
    print("pipe: memory of PostgreSQL, all its processes", tree_memory_mib(postgres), "MiB");
    print("pipe: peak memory of lianchengctl replay", (double)publisher.usage.ru_maxrss / 1024, "MiB");
    state_bytes_of(system);
    print("pipe: commits of the aggregator", metric(&system->aggregator, "liancheng_commits_total"), "");
}

static bool wanted(int argc, char **argv, const char *phase) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], phase) == 0) {
            return true;
        }
    }
    return argc < 2;
}

int main(int argc, char **argv) {
    static struct system system;
    uint64_t visits = setting("BENCH_VISITS", 1000000);
    if (wanted(argc, argv, "registry")) {
        system_make(&system);
        bench_registry(&system, visits);
        if (wanted(argc, argv, "latency")) {
            bench_latency(&system, visits + 1000000000);
        }
        if (wanted(argc, argv, "start")) {
            bench_start(&system, visits, setting("BENCH_START_VISITS", 5000000));
        }
        CHECK(system_stop(&system.visits) == 0);
        system_remove(&system, false);
    }
    if (wanted(argc, argv, "pipe")) {
        system_make(&system);
        bench_pipe(&system, setting("BENCH_PATIENTS", 753800));
        system_stop(&system.aggregator);
        system_stop(&system.visits);
        system_remove(&system, false);
    }
    return 0;
}
