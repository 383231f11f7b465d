#include "support/trial.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "base/check.h"
#include "ctl/city.h"
#include "support/bureau.h"

#define SEED 20
#define BASE_MS UINT64_C(1750000000000)
#define FIRST_MOMENT 100 /* the hospitals are registered */
#define LOG_LINE_BYTES 2048
#define SPREAD_NS 30000000 /* longer than a turn of the registry */

static const char *const fault_names[] = {"visits",   "aggregator",      "replay",          "visits with its snapshot",
                                          "takeover", "PostgreSQL fast", "PostgreSQL kill", "everything",
                                          "any"};

static void look_again_soon(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* --- Chance
 * ------------------------------------------------------------------------------------------------------------- */

static uint64_t next_random(struct trial *trial, uint64_t below) {
    uint64_t z = trial->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void seed_random(struct trial *trial) {
    const char *given = getenv("LC_TEST_RANDOM");
    if (given != NULL) {
        trial->random = strtoull(given, NULL, 10);
    } else {
        CHECK(getrandom(&trial->random, sizeof(trial->random), 0) == sizeof(trial->random));
    }
    printf("LC_TEST_RANDOM=%" PRIu64 "\n", trial->random);
    fflush(stdout);
}

/* --- What can be seen from outside
 * ---------------------------------------------------------------------------------------------- */

/* A value of /metrics by its name and labels as they stand there; UINT64_MAX: nobody answers. */
static uint64_t metric(const struct system_daemon *daemon, const char *name) {
    struct buffer body = {0};
    char line[128];
    uint64_t value = UINT64_MAX;
    snprintf(line, sizeof(line), "\n%s ", name);
    if (system_http_get(daemon->http_port, "/metrics", &body) == 200) {
        const char *at = strstr(buffer_text(&body), line);
        CHECK(at != NULL);
        value = strtoull(at + strlen(line), NULL, 10);
    }
    buffer_release(&body);
    return value;
}

static bool runs(const struct process *process) {
    siginfo_t info = {0};
    return process->pid > 0 && waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

/* False: the replay ended first. */
static bool wait_head(const struct trial *trial, uint64_t head) {
    for (;;) {
        uint64_t now = metric(&trial->system.visits, "liancheng_log_head");
        if ((now != UINT64_MAX && now >= head) || !runs(&trial->replay)) {
            return runs(&trial->replay);
        }
        CHECK(runs(&trial->system.visits.process));
        look_again_soon();
    }
}

/* The aggregator that holds the lock; waits until one does. PostgreSQL has to run. */
static struct system_daemon *working_aggregator(struct trial *trial) {
    struct system_daemon *both[] = {&trial->system.aggregator, &trial->second};
    size_t count = trial->second.name == NULL ? 1 : 2;
    for (size_t i = 0;; i = (i + 1) % count) {
        if (system_http_get(both[i]->http_port, "/readyz", NULL) == 200) {
            return both[i];
        }
        CHECK(runs(&both[i]->process));
        look_again_soon();
    }
}

/* The snapshot process is the registry's only child. */
static bool has_child(const struct process *process) {
    char path[64], text[32];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", process->pid, process->pid);
    FILE *file = fopen(path, "re");
    bool found = file != NULL && fgets(text, sizeof(text), file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* --- Replay
 * ------------------------------------------------------------------------------------------------------------- */

struct replay_line {
    char patients[16], seed[16], base_ms[24], rate[16];
};

static void replay_line(const struct trial *trial, struct replay_line *line) {
    snprintf(line->patients, sizeof(line->patients), "%" PRIu32, trial->options.patients);
    snprintf(line->seed, sizeof(line->seed), "%d", SEED);
    snprintf(line->base_ms, sizeof(line->base_ms), "%" PRIu64, BASE_MS);
    snprintf(line->rate, sizeof(line->rate), "%" PRIu32, trial->options.rate);
}

/* Its result goes to its log, too. */
static void start_replay(struct trial *trial) {
    struct replay_line line;
    char program[600], config[320], log_path[320];
    replay_line(trial, &line);
    CHECK(snprintf(program, sizeof(program), "%s/lianchengctl", trial->system.programs) < (int)sizeof(program));
    snprintf(config, sizeof(config), "%s/conf/ctl.conf", trial->system.folder);
    snprintf(log_path, sizeof(log_path), "%s/replay-%d.log", trial->system.folder, ++trial->replays);
    const char *const argv[] = {"/bin/sh",    "-c",         "exec \"$0\" \"$@\" >&2",
                                program,      "--config",   config,
                                "replay",     "--only",     "visits",
                                "--patients", line.patients,
                                "--seed",     line.seed,    "--base-ms",
                                line.base_ms, "--rate",     line.rate,
                                "--json",     NULL};
    process_start(&trial->replay, argv, log_path);
}

static bool is_expected(const char *what, uint64_t value, uint64_t expected) {
    if (value != expected) {
        fprintf(stderr, "%s: %" PRIu64 ", expected %" PRIu64 "\n", what, value, expected);
    }
    return value == expected;
}

static uint64_t number_in(const char *json, const char *key) {
    char value[32];
    process_log_value(json, key, value, sizeof(value));
    CHECK(value[0] != '\0');
    return strtoull(value, NULL, 10);
}

/* The last replay has had a receipt for everything, and none was a refusal. */
static bool replay_ends_well(struct trial *trial) {
    char result[LOG_LINE_BYTES];
    long position = 0;
    bool told = process_wait_log(&trial->replay, &position, "\"sent\":", result, sizeof(result));
    if (process_wait(&trial->replay) != 0 || !told) {
        fprintf(stderr, "the replay failed\n");
        process_show_log(&trial->replay);
        return false;
    }
    return is_expected("refused", number_in(result, "refused"), 0) &&
           is_expected("accepted or known", number_in(result, "accepted") + number_in(result, "duplicates"),
                       city_totals(trial->city)->commands);
}

/* Once more at full speed: the registry knows every command, and its log does not grow. */
static bool all_is_known(struct trial *trial) {
    struct replay_line line;
    struct buffer output = {0};
    uint64_t before = 0, after = 0;
    replay_line(trial, &line);
    bool is_there = system_visits_head(&trial->system, &before);
    int exit_code = system_ctl(&trial->system,
                               (const char *const[]){"replay", "--only", "visits", "--patients", line.patients, "--seed", line.seed,
                                                     "--base-ms", line.base_ms, "--json", NULL},
                               &output);
    is_there = is_there && system_visits_head(&trial->system, &after);
    bool is_well =
        is_there && is_expected("exit code of the repeated replay", (uint64_t)exit_code, 0) &&
        is_expected("log after the repeated replay", after, before) &&
        is_expected("known", number_in(buffer_text(&output), "duplicates"), city_totals(trial->city)->commands);
    buffer_release(&output);
    return is_well;
}

/* As long as the registry lives, its counters tell. */
static bool each_was_accepted_once(const struct trial *trial) {
    const struct city_totals *totals = city_totals(trial->city);
    uint64_t commands = totals->commands - totals->of_kind[CITY_AGAIN] + city_hospital_count();
    return trial->visits_kills > 0 ||
           is_expected("accepted", metric(&trial->system.visits, "liancheng_commands_total{result=\"accepted\"}"),
                       commands);
}

/* --- Faults
 * ------------------------------------------------------------------------------------------------------------- */

static void restart_visits(struct trial *trial) {
    trial->visits_kills++;
    system_kill(&trial->system.visits);
    system_start(&trial->system, &trial->system.visits);
}

static void restart_replay(struct trial *trial) {
    process_kill(&trial->replay);
    start_replay(trial);
}

static void restart_aggregator(struct trial *trial) {
    struct system_daemon *works = working_aggregator(trial);
    system_kill(works);
    system_launch(&trial->system, works);
}

/* Publishing rests, so that what takes its time does not meet a year that is over. */
static void hold_replay(const struct trial *trial) {
    process_signal(&trial->replay, SIGSTOP);
}

static void release_replay(const struct trial *trial) {
    process_signal(&trial->replay, SIGCONT);
}

/* The one that stood by works before the other is back. */
static void take_over(struct trial *trial, uint64_t until_head) {
    struct system_daemon *killed = working_aggregator(trial);
    CHECK(trial->second.name != NULL);
    system_kill(killed);
    (void)wait_head(trial, until_head);
    hold_replay(trial);
    CHECK(system_wait_ready(killed == &trial->second ? &trial->system.aggregator : &trial->second));
    release_replay(trial);
    system_launch(&trial->system, killed);
}

static void kill_with_snapshot(struct trial *trial) {
    while (!has_child(&trial->system.visits.process) && runs(&trial->replay)) {
        look_again_soon();
    }
    trial->snapshot_kills += has_child(&trial->system.visits.process);
    restart_visits(trial);
}

/* The sessions, too, in the middle of what they do: alone they would finish it. */
static void kill_postgres(struct postgres *postgres) {
    char path[64];
    process_signal(&postgres->server, SIGSTOP); /* it reaps nobody: the numbers stay theirs */
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", postgres->server.pid, postgres->server.pid);
    FILE *children = fopen(path, "re");
    CHECK(children != NULL);
    char text[16];
    while (fscanf(children, "%15s", text) == 1) {
        (void)kill((pid_t)strtol(text, NULL, 10), SIGKILL);
    }
    fclose(children);
    postgres_kill(postgres);
}

static void interrupt_postgres(struct trial *trial, bool kills, uint64_t until_head) {
    if (kills) {
        kill_postgres(&trial->system.postgres);
    } else {
        postgres_halt(&trial->system.postgres);
    }
    (void)wait_head(trial, until_head);
    hold_replay(trial);
    postgres_resume(&trial->system.postgres);
    release_replay(trial);
}

static void start_aggregators(struct trial *trial) {
    system_launch(&trial->system, &trial->system.aggregator);
    if (trial->second.name != NULL) {
        system_launch(&trial->system, &trial->second);
    }
}

static void start_part(struct trial *trial, uint64_t part) {
    if (part == 0) {
        system_launch(&trial->system, &trial->system.visits);
    } else if (part == 1) {
        start_aggregators(trial);
    } else {
        postgres_resume(&trial->system.postgres);
    }
}

static void kill_everything(struct trial *trial) {
    kill_postgres(&trial->system.postgres);
    system_kill(&trial->system.aggregator);
    if (trial->second.name != NULL) {
        system_kill(&trial->second);
    }
    trial->visits_kills++;
    system_kill(&trial->system.visits);
    process_kill(&trial->replay);
    uint64_t first = next_random(trial, 3);
    for (uint64_t i = 0; i < 3; i++) {
        start_part(trial, (first + i) % 3);
    }
    CHECK(system_wait_ready(&trial->system.visits));
    start_replay(trial);
}

static void strike(struct trial *trial, enum fault fault, uint64_t until_head) {
    switch (fault) {
    case FAULT_VISITS:
        restart_visits(trial);
        return;
    case FAULT_AGGREGATOR:
        restart_aggregator(trial);
        return;
    case FAULT_REPLAY:
        restart_replay(trial);
        return;
    case FAULT_SNAPSHOT:
        kill_with_snapshot(trial);
        return;
    case FAULT_TAKEOVER:
        take_over(trial, until_head);
        return;
    case FAULT_POSTGRES_HALT:
        interrupt_postgres(trial, false, until_head);
        return;
    case FAULT_POSTGRES_KILL:
        interrupt_postgres(trial, true, until_head);
        return;
    case FAULT_EVERYTHING:
        kill_everything(trial);
        return;
    case FAULT_ANY:
        break;
    }
    CHECK(!"a fault");
}

static enum fault choose(struct trial *trial, enum fault fault) {
    static const enum fault any[] = {FAULT_VISITS,        FAULT_AGGREGATOR,    FAULT_REPLAY,
                                     FAULT_POSTGRES_HALT, FAULT_POSTGRES_KILL, FAULT_EVERYTHING};
    return fault == FAULT_ANY ? any[next_random(trial, sizeof(any) / sizeof(any[0]))] : fault;
}

void trial_strike(struct trial *trial, const enum fault *faults, size_t count) {
    /* An event for each command, nearly. */
    uint64_t step = city_totals(trial->city)->commands / (count + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t moment = FIRST_MOMENT + i * step + next_random(trial, step);
        enum fault fault = choose(trial, faults[i]);
        bool is_under_load = wait_head(trial, moment);
        printf("  %-24s at %" PRIu64 "%s\n", fault_names[fault], moment, is_under_load ? "" : ", all was published");
        fflush(stdout);
        trial->faults += is_under_load;
        /* /metrics is answered between two turns: without this, faults would always meet the beginning of one. */
        nanosleep(&(struct timespec){.tv_nsec = (long)next_random(trial, SPREAD_NS)}, NULL);
        strike(trial, fault, moment + step / 2);
    }
}

/* --- The end
 * ------------------------------------------------------------------------------------------------------------- */

/* What the registry said last when it stopped: "HEAD HASH". */
static void stopped_with(const struct system_daemon *visits, char text[160]) {
    char line[LOG_LINE_BYTES], head[32], hash[80];
    FILE *log = fopen(visits->process.log_path, "re");
    CHECK(log != NULL);
    text[0] = '\0';
    while (fgets(line, sizeof(line), log) != NULL) {
        if (strstr(line, "\"stopped\"") != NULL) {
            process_log_value(line, "head", head, sizeof(head));
            process_log_value(line, "state_hash", hash, sizeof(hash));
            snprintf(text, 160, "%s %s\n", head, hash);
        }
    }
    fclose(log);
}

static bool state_is_the_fold(const struct trial *trial) {
    char command[1200], folded[160] = "", said[160];
    snprintf(command, sizeof(command), "'%s/visits' --config '%s/conf/visits.conf' fold 2>/dev/null",
             trial->system.programs, trial->system.folder);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    bool is_told = fgets(folded, sizeof(folded), out) != NULL;
    is_told &= pclose(out) == 0;
    stopped_with(&trial->system.visits, said);
    if (!is_told || strcmp(folded, said) != 0) {
        fprintf(stderr, "the log folds to  %sthe registry said %s", folded, said);
        return false;
    }
    return true;
}

static bool stops_clean(struct system_daemon *daemon) {
    return is_expected("exit code", (uint64_t)system_stop(daemon), 0);
}

static bool all_stop_clean(struct trial *trial) {
    bool is_clean = trial->second.name == NULL || stops_clean(&trial->second);
    is_clean &= stops_clean(&trial->system.aggregator);
    is_clean &= stops_clean(&trial->system.visits);
    return is_clean;
}

bool trial_ends_well(struct trial *trial) {
    char log[320];
    snprintf(log, sizeof(log), "%s/conf/data/visits/log.db", trial->system.folder);
    if (!replay_ends_well(trial)) {
        return false;
    }
    struct system_daemon *works = working_aggregator(trial);
    system_wait_caught_up(&trial->system);
    bool is_well = bureau_equals(&trial->system, trial->oracle);
    is_well &= is_expected("refusals kept", metric(&trial->system.visits, "liancheng_refusals"), 0);
    is_well &= is_expected("alarms", metric(works, "liancheng_source_alarm{source=\"visits\"}"), 0);
    is_well &= each_was_accepted_once(trial);
    is_well &= all_is_known(trial);
    system_wait_caught_up(&trial->system);
    is_well &= bureau_equals(&trial->system, trial->oracle);
    int verified = system_ctl(&trial->system, (const char *const[]){"verify", log, "--json", NULL}, NULL);
    is_well &= is_expected("exit code of verify", (uint64_t)verified, 0);
    is_well &= all_stop_clean(trial);
    return state_is_the_fold(trial) && is_well;
}

/* --- The beginning
 * ------------------------------------------------------------------------------------------------------------- */

static void make_city(struct trial *trial) {
    const struct city_options options = {.seed = SEED, .patients = trial->options.patients, .base_ms = BASE_MS};
    CHECK(city_new(&options, &trial->city) == STATUS_OK);
    trial->oracle = oracle_new();
    oracle_take_city(trial->oracle, trial->city);
}

void trial_begin(struct trial *trial, const struct trial_options *options) {
    *trial = (struct trial){.options = *options};
    seed_random(trial);
    make_city(trial);
    system_make(&trial->system);
    if (options->snapshot_rows > 0) {
        snprintf(trial->system.visits.flags[0], sizeof(trial->system.visits.flags[0]), "--store-snapshot-rows=%" PRIu32,
                 options->snapshot_rows);
    }
    system_start(&trial->system, &trial->system.visits);
    system_start(&trial->system, &trial->system.aggregator);
    if (options->has_second) {
        system_second_aggregator(&trial->second);
        system_launch(&trial->system, &trial->second);
    }
    start_replay(trial);
}

void trial_remove(struct trial *trial, bool show_logs) {
    if (trial->replay.pid > 0) {
        process_kill(&trial->replay);
    }
    if (trial->second.name != NULL && system_runs(&trial->second)) {
        (void)system_stop(&trial->second);
    }
    system_remove(&trial->system, show_logs);
    city_destroy(&trial->city);
    oracle_destroy(&trial->oracle);
}
