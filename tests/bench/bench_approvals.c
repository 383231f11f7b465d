#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

#include "base/check.h"
#include "support/approvals_desk.h"
#include "support/approvals_fixture.h"
#include "support/approvals_load.h"
#include "support/system.h"

/*
 * The approval registry:
 *
 *   rules    decide and evolve in memory, no log and no socket: case commands, bytes of an open case, a minute in which
 * 10,000 of 1,000,000 open cases are due, planning 1,000,000 open deadlines anew after a notice daemon   the same at
 * the real program over CURVE, with fsync: durable commands/s, the minute, planning anew with 1,000 commands a second
 * meanwhile
 *
 * bench_approvals [PHASE ...]; BENCH_CASES and BENCH_DUE make it smaller.
 */
enum { BATCH = 1000 };

static void print(const char *name, double value, const char *unit) {
    printf("%-72s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static uint32_t setting(const char *name, uint32_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : (uint32_t)strtoul(text, NULL, 10);
}

static int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* --- rules --- */

struct batch {
    struct act_body bodies[BATCH];
    struct command commands[BATCH];
    char numbers[BATCH][24];
    size_t count;
};

/* Received, accepted and begun between 2020-01-02 and 2020-01-17; the last ones, of 48 hours, all in one minute. */
static void fill(struct batch *batch, int step, uint32_t first, uint32_t cases, uint32_t due) {
    const int64_t begin_ms = town_ms("2020-01-02T09:00"), end_ms = town_ms("2020-01-17T18:00");
    batch->count = 0;
    for (uint32_t i = first; i < cases && batch->count < BATCH; i++) {
        const size_t n = batch->count++;
        const bool is_of_hours = i >= cases - due;
        snprintf(batch->numbers[n], sizeof batch->numbers[n], "20200102%010u", i);
        const struct act act = {
            .step = step,
            .number = batch->numbers[n],
            .item = is_of_hours ? "H" : "I",
            .at_ms = is_of_hours ? town_ms("2020-01-20T09:00")
                                 : begin_ms + (int64_t)((double)(end_ms - begin_ms) * (double)i / (double)cases)};
        batch->commands[n] = act_command(&act, &batch->bodies[n]);
    }
}

/* ns of CPU a command, of one step of all cases. */
static double run_step(struct town *town, struct batch *batch, int step, uint32_t cases, uint32_t due) {
    int64_t ns = 0;
    for (uint32_t first = 0; first < cases; first += BATCH) {
        fill(batch, step, first, cases, due);
        const int64_t begin = cpu_ns();
        for (size_t i = 0; i < batch->count; i++) {
            CHECK(town_command(town, &batch->commands[i]));
        }
        ns += cpu_ns() - begin;
    }
    return (double)ns / cases;
}

static double open_bytes(const struct town *town) {
    const struct approvals *self = &town->approvals;
    const struct table *const tables[] = {&self->cases,
                                          &self->pauses,
                                          &self->parts,
                                          &self->ratings,
                                          &self->slips.rows,
                                          &self->case_agenda.entries,
                                          &self->case_agenda.slots,
                                          &self->case_agenda.heap};
    size_t sum = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        sum += state_table_bytes(&town->state, tables[i]);
    }
    return (double)sum / self->cases.count;
}

/* Everything due at this minute, and how long it took. */
static void run_minute(struct town *town, const char *at, const char *what) {
    char name[128];
    const int64_t begin = clock_monotonic_ns(), cpu = cpu_ns();
    const uint64_t events = town_tick_ms(town, town_ms(at));
    const double ms = (double)(clock_monotonic_ns() - begin) / 1e6, cpu_ms = (double)(cpu_ns() - cpu) / 1e6;
    snprintf(name, sizeof name, "rules: %s, events", what);
    print(name, (double)events, "");
    snprintf(name, sizeof name, "rules: %s", what);
    print(name, ms, "ms");
    snprintf(name, sizeof name, "rules: %s, CPU", what);
    print(name, cpu_ms, "ms");
}

static void run_replan(struct town *town) {
    const int64_t now_ms = town_ms("2020-01-27T08:30");
    const int64_t begin = clock_monotonic_ns(), cpu = cpu_ns();
    const uint64_t before = town->seq;
    int64_t longest = 0;
    CHECK(town_load_notice(town, "2020-B"));
    for (bool is_done = false; !is_done;) {
        const int64_t slice = clock_monotonic_ns();
        arena_reset(&town->arena);
        town->decision = (struct decision){.event_count = 0};
        is_done = approvals_tick(&town->approvals, now_ms, &town->arena, &town->decision);
        town_evolve_all(town);
        const int64_t took = clock_monotonic_ns() - slice;
        longest = took > longest ? took : longest;
    }
    print("rules: a notice: events", (double)(town->seq - before), "");
    print("rules: a notice: all open deadlines planned anew", (double)(clock_monotonic_ns() - begin) / 1e9, "s");
    print("rules: a notice: CPU", (double)(cpu_ns() - cpu) / 1e9, "s");
    print("rules: a notice: longest slice", (double)longest / 1e6, "ms");
    CHECK(town_withdraw_notice(town, "2020-B", "2020-01-27T09:00"));
    const int64_t again = clock_monotonic_ns();
    town_tick_ms(town, town_ms("2020-01-27T09:00"));
    print("rules: taken back again", (double)(clock_monotonic_ns() - again) / 1e9, "s");
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Why cases are due when they are, each day from acceptance on explained, with both pages of text. */
static void run_why(struct town *town, uint32_t cases) {
    enum { QUESTIONS = 2000 };
    static double took_us[QUESTIONS];
    struct desk desk;
    desk_init(&desk, town, "2020-03-31T12:00");
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        char number[24];
        snprintf(number, sizeof number, "20200102%010u", (uint32_t)((uint64_t)i * cases / QUESTIONS));
        Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
        Approvals__V1__ExplainDeadline why = APPROVALS__V1__EXPLAIN_DEADLINE__INIT;
        why.case_number = number;
        query.body_case = APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE;
        query.explain_deadline = &why;
        const int64_t begin = clock_monotonic_ns();
        const Approvals__V1__Answer *answer = desk_ask(&desk, ROLE_SUPERVISOR, "bureau", &query);
        took_us[i] = (double)(clock_monotonic_ns() - begin) / 1e3;
        CHECK(answer != NULL && answer->explanation->n_days > 60);
    }
    qsort(took_us, QUESTIONS, sizeof took_us[0], by_value);
    print("rules: why, some 75 days, p50", took_us[QUESTIONS / 2], "us");
    print("rules: why, p99", took_us[QUESTIONS * 99 / 100], "us");
    desk_release(&desk);
}

static void bench_rules(uint32_t cases, uint32_t due) {
    static struct batch batch;
    static struct town town;
    struct rusage usage;
    town_init(&town, cases + 10);
    town_begin(&town, "2020-01-20");
    CHECK(town_publish(&town, &(struct town_item){.code = "I", .promised = 20, .statutory = 45}));
    CHECK(town_publish(
        &town, &(struct town_item){
                   .code = "H", .promised = 48, .statutory = 240, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR}));
    print("rules: received", run_step(&town, &batch, STEP(RECEIVED), cases, due), "ns of CPU");
    print("rules: accepted", run_step(&town, &batch, STEP(ACCEPTED), cases, due), "ns of CPU");
    print("rules: begun", run_step(&town, &batch, STEP(DEPARTMENT_STARTED), cases, due), "ns of CPU");
    print("rules: open cases", town.approvals.cases.count, "");
    print("rules: state of an open case, its indexes and agenda with it", open_bytes(&town), "bytes");
    run_why(&town, cases);
    run_minute(&town, "2020-01-22T09:00", "the minute before");
    run_minute(&town, "2020-01-22T09:01", "a minute in which many are due, each gets a slip");
    run_minute(&town, "2020-01-22T09:01", "the same minute again");
    run_replan(&town);
    getrusage(RUSAGE_SELF, &usage);
    print("rules: peak memory", (double)usage.ru_maxrss / 1024, "MiB");
    town_release(&town);
}

/* --- daemon --- */

static double events_of(const struct registry_daemon *daemon) {
    return registry_daemon_metric(daemon, "liancheng_events_total");
}

static void bench_load(struct registry_daemon *daemon, uint32_t cases) {
    const double cpu = registry_daemon_cpu_s(daemon);
    const struct load_result load = approvals_load(daemon, 0, cases);
    print("daemon: durable case commands", (double)load.accepted / load.seconds, "/s");
    print("daemon: CPU (without that of snapshots)",
          (registry_daemon_cpu_s(daemon) - cpu) / ((double)load.accepted / 1e6), "s per million commands");
    print("daemon: log bytes", registry_daemon_metric(daemon, "liancheng_log_bytes") / (double)load.accepted, "bytes a command");
    print("daemon: open cases", registry_daemon_metric(daemon, "liancheng_state_rows{table=\"cases\"}"), "");
}

static void bench_replan(struct registry_daemon *daemon, uint32_t cases) {
    const double cpu = registry_daemon_cpu_s(daemon), commits = registry_daemon_metric(daemon, "liancheng_commits_total");
    const struct replan_result replan = approvals_daemon_replan(daemon, 0, cases, 1000);
    print("daemon: a notice: all open deadlines planned anew, durable", replan.seconds, "s");
    print("daemon: a notice: CPU, with those of the commands meanwhile", registry_daemon_cpu_s(daemon) - cpu, "s");
    print("daemon: a notice: commits", registry_daemon_metric(daemon, "liancheng_commits_total") - commits, "");
    print("daemon: a notice: commands meanwhile, one at a time at 1,000/s", (double)replan.commands, "");
    print("daemon: a notice: their acknowledgement, p50", replan.p50_ms, "ms");
    print("daemon: a notice: p99", replan.p99_ms, "ms");
    print("daemon: a notice: longest", replan.longest_ms, "ms");
}

static void bench_daemon(uint32_t cases, uint32_t due) {
    static struct registry_daemon daemon;
    const char *programs = getenv("LIANCHENG_PROGRAMS");
    double events;
    registry_daemon_start(&daemon, "approvals", programs);
    approvals_daemon_furnish(&daemon);
    bench_load(&daemon, cases - due);
    bench_replan(&daemon, cases - due);
    registry_daemon_restart_by_commands(&daemon, programs);
    approvals_load_hours(&daemon, 0, due);
    print("daemon: a minute in which many are due, each gets a slip, durable",
          approvals_daemon_pass_hours(&daemon, events_of, &events), "ms");
    print("daemon: its events", events, "");
    registry_daemon_stop(&daemon);
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
    const uint32_t cases = setting("BENCH_CASES", 1000000), due = setting("BENCH_DUE", 10000);
    if (cases < 1000 || cases > 10000000 || due > cases / 2) {
        fprintf(stderr, "BENCH_CASES: 1000 to 10000000; BENCH_DUE: at most half of it\n");
        return 64;
    }
    if (wanted(argc, argv, "rules")) {
        bench_rules(cases, due);
    }
    if (wanted(argc, argv, "daemon")) {
        bench_daemon(cases, due);
    }
    return 0;
}
