#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "aggregator/cells.h"
#include "base/buffer.h"
#include "base/civil.h"
#include "base/file.h"
#include "client/client.h"
#include "metrics/v1/metrics.pb-c.h"
#include "support/feed_owner.h"
#include "support/peers.h"
#include "support/postgres.h"
#include "support/process.h"
#include "support/random_visits.h"
#include "wire/client_socket.h"
#include "visits/v1/events.pb-c.h"

/*
 * The real program against a real PostgreSQL and a real socket at which the test plays the registry. Everything is moved
 * by one thread: whoever waits pumps the registry.
 */
#define AGGREGATORS 2

struct aggregator_process {
    struct process process;
    char endpoint[128];
};

struct bench {
    struct test_keys keys;
    struct postgres *postgres;
    struct feed_owner owner;
    struct random_visits visits;
    char endpoint[128]; /* of the registry */
    char config_path[320];
    char programs[512];
    const char *operator_key;
    const char *reader_key;
    const char *publisher_key;
    struct aggregator_process aggregators[AGGREGATORS];
    struct arena arena;
};

static struct postgres cluster; /* one for all tests; each has a database of its own */

static int start_cluster(void **state) {
    (void)state;
    postgres_start(&cluster);
    return 0;
}

static int stop_cluster(void **state) {
    (void)state;
    postgres_stop(&cluster);
    return 0;
}

/* --- Starting ------------------------------------------------------------------------------------------------------- */

static void find_programs(struct bench *bench) {
    const char *given = getenv("LIANCHENG_PROGRAMS");
    if (given != NULL) {
        snprintf(bench->programs, sizeof bench->programs, "%s", given);
        return;
    }
    char self[400]; /* build/FLAVOUR/tests/service/NAME */
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    for (int i = 0; i < 3; i++) {
        *strrchr(self, '/') = '\0';
    }
    snprintf(bench->programs, sizeof bench->programs, "%s/bin", self);
}

static void write_config(struct bench *bench, const char *follower_key) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "server\n    bind = \"tcp://127.0.0.1:*\"\n    key = \"%s\"\n    keys = \"%s\"\n"
                  "postgres\n    conninfo = \"host=%s dbname=liancheng user=liancheng_writer\"\n"
                  "client\n    key = \"%s\"\n"
                  "sources\n    visits\n        endpoint = \"%s\"\n        server_key = \"%s\"\n"
                  "flush\n    events = 2000\n    ms = 20\n    cells = 65536\n",
                  bench->keys.server_key_path, bench->keys.keys_path, bench->postgres->folder, follower_key,
                  bench->endpoint, bench->keys.server_public_path);
    snprintf(bench->config_path, sizeof bench->config_path, "%s/aggregator.conf", bench->keys.folder);
    assert_int_equal(file_write_atomic(bench->config_path, text.data, text.size, 0600), STATUS_OK);
    buffer_release(&text);
}

static int run_migrate(struct bench *bench) {
    struct process process;
    char program[600], flag[300], log_path[320];
    snprintf(program, sizeof program, "%s/aggregator", bench->programs);
    snprintf(flag, sizeof flag, "--postgres-conninfo=%s", postgres_conninfo(bench->postgres));
    snprintf(log_path, sizeof log_path, "%s/migrate.log", bench->keys.folder);
    const char *argv[] = {program, "migrate", flag, NULL};
    process_start(&process, argv, log_path);
    return process_wait(&process);
}

static void open_owner(struct bench *bench, const char *bind) {
    feed_owner_open(&bench->owner, bind, bench->keys.server_key_path, bench->keys.keys_path);
    snprintf(bench->endpoint, sizeof bench->endpoint, "%s", server_endpoint(bench->owner.server));
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    arena_init(&bench->arena, 64 * 1024 * 1024);
    test_keys_make(&bench->keys);
    const char *follower_key = test_keys_add(&bench->keys, "aggregator/follower", "aggregator", "follower");
    bench->operator_key = test_keys_add(&bench->keys, "operator/operator", "operator", "operator");
    bench->reader_key = test_keys_add(&bench->keys, "bureau/reader", "bureau", "reader");
    bench->publisher_key = test_keys_add(&bench->keys, "h-0/publisher", "h-0", "publisher");
    find_programs(bench);
    open_owner(bench, NULL);
    bench->owner.batch_rows = 500;
    bench->postgres = &cluster;
    postgres_renew_database(&cluster);
    write_config(bench, follower_key);
    *state = bench;
    return 0;
}

static int set_up_migrated(void **state) {
    set_up(state);
    struct bench *bench = *state;
    assert_int_equal(run_migrate(bench), 0);
    PQclear(postgres_query(bench->postgres, "ALTER ROLE liancheng_writer LOGIN; ALTER ROLE bureau LOGIN"));
    random_visits_begin(&bench->visits, &bench->owner, 20200101);
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < AGGREGATORS; i++) {
        if (bench->aggregators[i].process.pid > 0) {
            process_kill(&bench->aggregators[i].process);
        }
    }
    if (!postgres_is_running(&cluster)) { /* a failed test left it so */
        postgres_resume(&cluster);
    }
    PQclear(postgres_query(&cluster, "ALTER SYSTEM RESET synchronous_standby_names"));
    PQclear(postgres_query(&cluster, "SELECT pg_reload_conf()"));
    feed_owner_release(&bench->owner);
    test_keys_remove(&bench->keys);
    arena_release(&bench->arena);
    free(bench);
    return 0;
}

static void launch(struct bench *bench, int number) {
    struct aggregator_process *aggregator = &bench->aggregators[number];
    char program[600];
    snprintf(program, sizeof program, "%s/aggregator", bench->programs);
    char log_path[320];
    snprintf(log_path, sizeof log_path, "%s/aggregator-%d.log", bench->keys.folder, number);
    (void)unlink(log_path);
    const char *argv[] = {program, "--config", bench->config_path, NULL};
    process_start(&aggregator->process, argv, log_path);
}

/* Until it listens: its endpoint stands in the log. */
static void start(struct bench *bench, int number) {
    struct aggregator_process *aggregator = &bench->aggregators[number];
    char line[512];
    long position = 0;
    launch(bench, number);
    bool listens = process_wait_log(&aggregator->process, &position, "\"message\":\"listening\"", line, sizeof line);
    if (!listens) {
        process_show_log(&aggregator->process);
    }
    assert_true(listens);
    process_log_value(line, "endpoint", aggregator->endpoint, sizeof aggregator->endpoint);
}

static void stop(struct bench *bench, int number) {
    int code = process_stop(&bench->aggregators[number].process);
    if (code != 0) {
        process_show_log(&bench->aggregators[number].process);
    }
    assert_int_equal(code, 0);
}

/* --- Waiting -------------------------------------------------------------------------------------------------------- */

static void turn(struct bench *bench) {
    if (bench->owner.server != NULL) {
        feed_owner_pump(&bench->owner, 5);
    } else {
        usleep(5000);
    }
    for (int i = 0; i < AGGREGATORS; i++) {
        siginfo_t info = {0};
        pid_t pid = bench->aggregators[i].process.pid;
        bool ended = pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
        if (ended) {
            process_show_log(&bench->aggregators[i].process);
        }
        assert_false(ended);
    }
}

#define TURN_UNTIL(bench, condition)                                                                                   \
    while (!(condition)) {                                                                                             \
        turn(bench);                                                                                                   \
    }

static int64_t number(struct bench *bench, const char *sql) {
    char text[64];
    postgres_value(bench->postgres, sql, text, sizeof text);
    return strtoll(text, NULL, 10);
}

static uint64_t cursor(struct bench *bench) {
    return (uint64_t)number(bench, "SELECT coalesce(max(cursor), 0) FROM metrics.source");
}

static void wait_caught_up(struct bench *bench) {
    TURN_UNTIL(bench, cursor(bench) == bench->owner.head);
}

/* Every cell is as counted with plain loops, and the last event is in. */
static void assert_exact(struct bench *bench) {
    wait_caught_up(bench);
    assert_true(random_visits_equal(&bench->visits, bench->postgres));
    assert_int_equal(number(bench, "SELECT unknown_events FROM metrics.source"), bench->visits.unknown_events);
}

/* --- Calling -------------------------------------------------------------------------------------------------------- */

static Common__V1__Reply *call(struct bench *bench, int aggregator, const char *key, const Common__V1__Request *request) {
    struct client_socket *socket = NULL;
    Common__V1__Reply *reply = NULL;
    struct client_socket_options options = {
        .endpoint = bench->aggregators[aggregator].endpoint,
        .key_path = key,
        .server_key_path = bench->keys.server_public_path,
    };
    arena_reset(&bench->arena);
    assert_int_equal(client_socket_new(&options, &socket), STATUS_OK);
    while (client_call(socket, request, &bench->arena, 1000, &reply) != STATUS_OK) {
        turn(bench);
    }
    client_socket_destroy(&socket);
    return reply;
}

static const Common__V1__Status *status(struct bench *bench, int aggregator) {
    Common__V1__GetStatus get = COMMON__V1__GET_STATUS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.request = 1;
    request.body_case = COMMON__V1__REQUEST__BODY_GET_STATUS;
    request.get_status = &get;
    Common__V1__Reply *reply = call(bench, aggregator, bench->reader_key, &request);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_STATUS);
    return reply->status;
}

static Common__V1__Reply *query(struct bench *bench, const char *key, const Metrics__V1__Query *query) {
    uint8_t bytes[1024];
    Common__V1__Query body = COMMON__V1__QUERY__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    assert_true(metrics__v1__query__get_packed_size(query) <= sizeof bytes);
    body.body.data = bytes;
    body.body.len = metrics__v1__query__pack(query, bytes);
    request.request = 7;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &body;
    return call(bench, 0, key, &request);
}

static Metrics__V1__Answer *answer_of(struct bench *bench, const Common__V1__Reply *reply) {
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_ANSWER);
    Metrics__V1__Answer *answer =
        metrics__v1__answer__unpack(&bench->arena.allocator, reply->answer->body.len, reply->answer->body.data);
    assert_non_null(answer);
    return answer;
}

static uint32_t problem_of(const Common__V1__Reply *reply) {
    return reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM ? reply->problem->code : 0;
}

static Common__V1__Reply *submit_rebuild(struct bench *bench, const char *key, struct id id) {
    static uint8_t rebuild[] = {0x0a, 0x00}; /* metrics.v1.Command{rebuild} */
    Common__V1__Command command = COMMON__V1__COMMAND__INIT;
    Common__V1__Command *list[] = {&command};
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    command.id = (ProtobufCBinaryData){ID_BYTES, id.bytes};
    command.body = (ProtobufCBinaryData){sizeof rebuild, rebuild};
    submit.n_commands = 1;
    submit.commands = list;
    request.request = 9;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    return call(bench, 0, key, &request);
}

static struct id new_id(void) {
    static struct id_maker maker;
    return id_make(&maker, (uint64_t)clock_unix_ms());
}

/* --- Exactness ------------------------------------------------------------------------------------------------------ */

static void cells_are_those_of_the_events(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 20000);
    start(bench, 0);
    assert_exact(bench);
    random_visits_append(&bench->visits, &bench->owner, 500); /* live */
    assert_exact(bench);
    const Common__V1__Status *s = status(bench, 0);
    assert_true(s->ready);
    assert_int_equal(s->n_sources, 1);
    assert_int_equal(s->sources[0]->state, COMMON__V1__SOURCE_STATE__SOURCE_STATE_FOLLOWING);
    assert_int_equal(s->sources[0]->cursor, bench->owner.head);
    assert_int_equal(s->sources[0]->unknown_events, bench->visits.unknown_events);
    assert_memory_equal(s->sources[0]->epoch.data, bench->owner.epoch.bytes, ID_BYTES);
    assert_int_equal(number(bench, "SELECT count(*) FROM metrics.organisation WHERE name LIKE '第%医院'"),
                     RANDOM_HOSPITALS);
    stop(bench, 0);
}

/* Each of the others dies in turn while events come. */
static void whatever_dies_the_cells_stay_exact(void **state) {
    struct bench *bench = *state;
    start(bench, 0);
    for (int round = 0; round < 10; round++) {
        random_visits_append(&bench->visits, &bench->owner, 5000);
        uint64_t target = bench->owner.head - 5000 + (uint64_t)(round * 977 % 4000);
        TURN_UNTIL(bench, cursor(bench) >= target);
        if (round % 4 == 0) {
            process_kill(&bench->aggregators[0].process);
            start(bench, 0);
        } else if (round % 4 == 1) {
            postgres_kill(bench->postgres);
            for (int i = 0; i < 20; i++) {
                turn(bench);
            }
            postgres_resume(bench->postgres);
        } else if (round % 4 == 2) {
            postgres_halt(bench->postgres);
            random_visits_append(&bench->visits, &bench->owner, 3000);
            for (int i = 0; i < 20; i++) {
                turn(bench);
            }
            postgres_resume(bench->postgres);
        } else {
            feed_owner_close(&bench->owner);
            open_owner(bench, bench->endpoint);
        }
    }
    assert_exact(bench);
}

static int64_t waiting_backend(struct bench *bench, const char *condition) {
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE usename = 'liancheng_writer' AND %s",
             condition);
    return number(bench, sql);
}

static void terminate(struct bench *bench, int64_t pid) {
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)", (long long)pid);
    PQclear(postgres_query(bench->postgres, sql));
}

/* The connection breaks before the commit: the same set is sent again. */
static void a_commit_that_was_not_done_is_done_again(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 3000);
    start(bench, 0);
    wait_caught_up(bench);
    PGconn *locker = PQconnectdb(postgres_conninfo(bench->postgres));
    PQclear(PQexec(locker, "BEGIN; LOCK TABLE metrics.cell IN EXCLUSIVE MODE"));
    random_visits_append(&bench->visits, &bench->owner, 3000);
    int64_t pid;
    TURN_UNTIL(bench, (pid = waiting_backend(bench, "wait_event_type = 'Lock'")) != 0);
    terminate(bench, pid);
    PQfinish(locker);
    assert_exact(bench);
}

/* The connection breaks behind the commit, before its answer: PostgreSQL waits for a standby server that does not exist,
 * with the transaction on its own disk already. */
static void a_commit_that_was_done_is_not_done_twice(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 3000);
    start(bench, 0);
    wait_caught_up(bench);
    PQclear(postgres_query(bench->postgres, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
    PQclear(postgres_query(bench->postgres, "SELECT pg_reload_conf()"));
    random_visits_append(&bench->visits, &bench->owner, 3000);
    int64_t pid;
    TURN_UNTIL(bench, (pid = waiting_backend(bench, "wait_event = 'SyncRep'")) != 0);
    terminate(bench, pid);
    struct process *process = &bench->aggregators[0].process;
    long position = 0;
    for (int i = 0; i < 2; i++) { /* the first connection, and the next */
        assert_true(process_wait_log(process, &position, "\"message\":\"postgresql connected\"", NULL, 0));
    }
    PQclear(postgres_query(bench->postgres, "ALTER SYSTEM RESET synchronous_standby_names"));
    PQclear(postgres_query(bench->postgres, "SELECT pg_reload_conf()"));
    assert_exact(bench);
    struct buffer log = {0};
    assert_int_equal(file_read(process->log_path, 1024 * 1024, &log), STATUS_OK);
    assert_non_null(strstr(buffer_text(&log), "the commit in doubt was done")); /* and not by starting over */
    buffer_release(&log);
}

/* Cursors and cells are put back to an earlier state behind its back, as a restored backup does. */
static void a_cursor_moved_by_another_fences_it_off(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 3000);
    start(bench, 0);
    wait_caught_up(bench);
    PQclear(postgres_query(bench->postgres, "CREATE TABLE cell_then AS SELECT * FROM metrics.cell;"
                                             "CREATE TABLE source_then AS SELECT * FROM metrics.source"));
    random_visits_append(&bench->visits, &bench->owner, 3000);
    wait_caught_up(bench);
    PQclear(postgres_query(bench->postgres,
                           "BEGIN; DELETE FROM metrics.cell; INSERT INTO metrics.cell SELECT * FROM cell_then;"
                           "UPDATE metrics.source s SET cursor = t.cursor, unknown_events = t.unknown_events"
                           " FROM source_then t WHERE s.name = t.name; COMMIT"));
    random_visits_append(&bench->visits, &bench->owner, 3000);
    assert_exact(bench);
}

/* More cells than a set holds, in one batch, while PostgreSQL is away: bounded, and nothing is lost. */
static void more_cells_than_fit_wait_for_room(void **state) {
    struct bench *bench = *state;
    enum { EVENTS = 40000 };
    start(bench, 0);
    wait_caught_up(bench);
    postgres_halt(bench->postgres);
    bench->owner.batch_rows = 17000;
    for (uint32_t i = 0; i < EVENTS; i++) {
        Visits__V1__Visit visit = VISITS__V1__VISIT__INIT;
        Visits__V1__Event event = VISITS__V1__EVENT__INIT;
        uint8_t body[256];
        visit.day = 20000 + i;
        visit.region = 411002;
        visit.facility = (char *)(uintptr_t)"h-0";
        visit.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT;
        visit.one_card = true;
        visit.edge = 3; /* two cells of the day, beside the visit's own two */
        event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
        event.visit_appeared = &visit;
        feed_owner_append(&bench->owner, body, visits__v1__event__pack(&event, body));
    }
    TURN_UNTIL(bench, status(bench, 0)->tables[0]->rows >= CELLS_MAX_LEAST - 60);
    assert_true(status(bench, 0)->tables[0]->rows <= 2 * CELLS_MAX_LEAST);
    assert_false(status(bench, 0)->ready);
    postgres_resume(bench->postgres);
    wait_caught_up(bench);
    assert_int_equal(number(bench, "SELECT count(*) FROM metrics.cell"), 4 * EVENTS);
    assert_int_equal(number(bench, "SELECT count(*) FROM metrics.cell WHERE value <> 1"), 0);
    assert_int_equal(number(bench, "SELECT sum(visits) FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'"),
                     EVENTS);
}

/* --- Operation ------------------------------------------------------------------------------------------------------ */

static void a_rebuild_gives_the_same_cells(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 10000);
    start(bench, 0);
    assert_exact(bench);
    const char *dump = "SELECT md5(string_agg(c::text, ',' ORDER BY region, metric, period, organisation, category))"
                       " FROM metrics.cell c";
    char before[64], after[64];
    postgres_value(bench->postgres, dump, before, sizeof before);
    uint32_t follows = bench->owner.follows_seen;
    struct id id = new_id();
    assert_int_equal(problem_of(submit_rebuild(bench, bench->reader_key, id)), COMMON__V1__CODE__CODE_FORBIDDEN);
    Common__V1__Reply *reply = submit_rebuild(bench, bench->operator_key, id);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    TURN_UNTIL(bench, bench->owner.follows_seen > follows);
    assert_int_equal(bench->owner.last_after, 0);
    assert_exact(bench);
    postgres_value(bench->postgres, dump, after, sizeof after);
    assert_string_equal(before, after);
    /* The same command again: its first receipt, and nothing happens. */
    follows = bench->owner.follows_seen;
    reply = submit_rebuild(bench, bench->operator_key, id);
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
    random_visits_append(&bench->visits, &bench->owner, 100);
    assert_exact(bench);
    assert_int_equal(bench->owner.follows_seen, follows);
}

static void a_second_one_stands_by_and_takes_over(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 5000);
    start(bench, 0);
    TURN_UNTIL(bench, status(bench, 0)->ready);
    start(bench, 1);
    TURN_UNTIL(bench, strstr(status(bench, 1)->reason, "standby") != NULL);
    assert_false(status(bench, 1)->ready);
    assert_exact(bench);
    for (int round = 0; round < 2; round++) {
        int works = round % 2, waits = 1 - works;
        random_visits_append(&bench->visits, &bench->owner, 5000);
        TURN_UNTIL(bench, cursor(bench) > bench->owner.head - 4000);
        process_kill(&bench->aggregators[works].process);
        TURN_UNTIL(bench, status(bench, waits)->ready);
        assert_exact(bench);
        start(bench, works);
        TURN_UNTIL(bench, strstr(status(bench, works)->reason, "standby") != NULL);
    }
}

static void another_epoch_is_an_alarm(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 1000);
    start(bench, 0);
    assert_exact(bench);
    feed_owner_close(&bench->owner);
    bench->owner.epoch = id_random();
    open_owner(bench, bench->endpoint);
    TURN_UNTIL(bench, status(bench, 0)->sources[0]->state == COMMON__V1__SOURCE_STATE__SOURCE_STATE_STOPPED);
    assert_non_null(strstr(status(bench, 0)->sources[0]->alarm, "epoch"));
    /* An operator decides that the new store is the truth. */
    Common__V1__Reply *reply = submit_rebuild(bench, bench->operator_key, new_id());
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    assert_exact(bench);
    assert_string_equal(status(bench, 0)->sources[0]->alarm, "");
}

/* --- Queries -------------------------------------------------------------------------------------------------------- */

static void cells_are_read_in_pages(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 5000);
    start(bench, 0);
    assert_exact(bench);
    char after[128] = "";
    int64_t sum = 0;
    size_t count = 0, pages = 0;
    do {
        Metrics__V1__ReadCells read = METRICS__V1__READ_CELLS__INIT;
        Metrics__V1__Query q = METRICS__V1__QUERY__INIT;
        read.metric = (char *)(uintptr_t)"visits.visits";
        read.region = 411002;
        read.from = (char *)(uintptr_t)"2020-01-02";
        read.limit = 37;
        read.after = after;
        q.body_case = METRICS__V1__QUERY__BODY_READ_CELLS;
        q.read_cells = &read;
        const Metrics__V1__Answer *answer = answer_of(bench, query(bench, bench->reader_key, &q));
        assert_int_equal(answer->body_case, METRICS__V1__ANSWER__BODY_CELLS);
        for (size_t i = 0; i < answer->cells->n_cells; i++) {
            const Metrics__V1__Cell *cell = answer->cells->cells[i];
            assert_string_equal(cell->metric, "visits.visits");
            assert_int_equal(cell->region, 411002);
            assert_true(strcmp(cell->period, "2020-01-02") >= 0);
            sum += cell->value;
        }
        count += answer->cells->n_cells;
        pages++;
        snprintf(after, sizeof after, "%s", answer->cells->next);
    } while (after[0] != '\0');
    assert_int_equal(count, number(bench, "SELECT count(*) FROM metrics.cell WHERE metric = 1 AND region = 411002 AND"
                                          " period >= '2020-01-02' AND value <> 0"));
    assert_int_equal(sum, number(bench, "SELECT sum(value) FROM metrics.cell WHERE metric = 1 AND region = 411002 AND"
                                        " period >= '2020-01-02'"));
    assert_int_equal(pages, (count + 36) / 37);
}

static void bad_queries_are_refused(void **state) {
    struct bench *bench = *state;
    start(bench, 0);
    TURN_UNTIL(bench, status(bench, 0)->ready);
    static const struct {
        const char *metric, *from, *after;
        uint32_t limit;
        uint32_t code;
        const char *field;
    } cases[] = {
        {"", "", "", 0, COMMON__V1__CODE__CODE_MISSING, "read_cells.metric"},
        {"visits.none", "", "", 0, COMMON__V1__CODE__CODE_NOT_FOUND, "read_cells.metric"},
        {"visits.visits", "2020-02-30", "", 0, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.from"},
        {"visits.visits", "", "", 10001, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.limit"},
        {"visits.visits", "", "411002", 0, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.after"},
        {"visits.visits", "", "1|2020-01-01|x|1|", 0, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.after"},
        {"visits.visits", "", "-1|2020-01-01|x|1", 0, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.after"},
        {"visits.visits", "", "1|2020-01-01|'; drop|999", 0, COMMON__V1__CODE__CODE_MALFORMED, "read_cells.after"},
        {"visits.visits", "", "1|2020-01-01|'; drop|9", 0, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Metrics__V1__ReadCells read = METRICS__V1__READ_CELLS__INIT;
        Metrics__V1__Query q = METRICS__V1__QUERY__INIT;
        read.metric = (char *)(uintptr_t)cases[i].metric;
        read.from = (char *)(uintptr_t)cases[i].from;
        read.after = (char *)(uintptr_t)cases[i].after;
        read.limit = cases[i].limit;
        q.body_case = METRICS__V1__QUERY__BODY_READ_CELLS;
        q.read_cells = &read;
        const Common__V1__Reply *reply = query(bench, bench->operator_key, &q);
        assert_int_equal(problem_of(reply), cases[i].code);
        if (cases[i].code != 0) {
            assert_string_equal(reply->problem->field, cases[i].field);
        }
        assert_int_equal(reply->request, 7);
    }
}

static void each_role_may_do_its_own(void **state) {
    struct bench *bench = *state;
    start(bench, 0);
    TURN_UNTIL(bench, status(bench, 0)->ready);
    Metrics__V1__ListMetrics list = METRICS__V1__LIST_METRICS__INIT;
    Metrics__V1__Query q = METRICS__V1__QUERY__INIT;
    q.body_case = METRICS__V1__QUERY__BODY_LIST_METRICS;
    q.list_metrics = &list;
    const Metrics__V1__Answer *answer = answer_of(bench, query(bench, bench->reader_key, &q));
    assert_int_equal(answer->metrics->n_metrics, number(bench, "SELECT count(*) FROM bureau.metric"));
    assert_string_equal(answer->metrics->metrics[0]->metric, "visits.visits");
    assert_int_equal(problem_of(query(bench, bench->publisher_key, &q)), COMMON__V1__CODE__CODE_FORBIDDEN);
    assert_int_equal(problem_of(submit_rebuild(bench, bench->publisher_key, new_id())), COMMON__V1__CODE__CODE_FORBIDDEN);
    assert_int_equal(problem_of(submit_rebuild(bench, bench->operator_key, id_random())), COMMON__V1__CODE__CODE_BAD_ID);
    Common__V1__Follow follow = COMMON__V1__FOLLOW__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.request = 3;
    request.body_case = COMMON__V1__REQUEST__BODY_FOLLOW;
    request.follow = &follow;
    assert_int_equal(problem_of(call(bench, 0, bench->reader_key, &request)), COMMON__V1__CODE__CODE_UNSUPPORTED);
}

/* --- Schema --------------------------------------------------------------------------------------------------------- */

static void migrations_are_applied_once_and_checked(void **state) {
    struct bench *bench = *state;
    assert_int_equal(run_migrate(bench), 0);
    int64_t count = number(bench, "SELECT count(*) FROM metrics.migration");
    assert_true(count >= 3);
    assert_int_equal(run_migrate(bench), 0);
    assert_int_equal(number(bench, "SELECT count(*) FROM metrics.migration"), count);
    PQclear(postgres_query(bench->postgres, "UPDATE metrics.migration SET checksum = 'x' || checksum WHERE number = 1"));
    assert_int_equal(run_migrate(bench), 78);
    PQclear(postgres_query(bench->postgres, "UPDATE metrics.migration SET checksum = substr(checksum, 2)"
                                             " WHERE number = 1"));
    assert_int_equal(run_migrate(bench), 0);
    PQclear(postgres_query(bench->postgres, "INSERT INTO metrics.migration VALUES (9999, 'later', '')"));
    assert_int_equal(run_migrate(bench), 78);
    PQclear(postgres_query(bench->postgres, "ALTER ROLE liancheng_writer LOGIN"));
    launch(bench, 0);
    assert_int_equal(process_wait(&bench->aggregators[0].process), 78);
}

static void without_a_schema_it_says_what_to_do(void **state) {
    struct bench *bench = *state;
    PQclear(postgres_query(bench->postgres, "CREATE ROLE liancheng_writer LOGIN"));
    start(bench, 0);
    TURN_UNTIL(bench, strstr(status(bench, 0)->reason, "aggregator migrate") != NULL);
    assert_false(status(bench, 0)->ready);
    assert_int_equal(run_migrate(bench), 0);
    TURN_UNTIL(bench, status(bench, 0)->ready);
}

static bool may(struct bench *bench, const char *role, const char *sql) {
    char conninfo[256];
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=liancheng user=%s", bench->postgres->folder, role);
    PGconn *connection = PQconnectdb(conninfo);
    PGresult *result = PQexec(connection, sql);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    PQfinish(connection);
    return done;
}

static void roles_are_granted_what_they_need(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *role, *sql;
        bool may;
    } cases[] = {
        {"bureau", "SELECT * FROM bureau.visits_by_day", true},
        {"bureau", "SELECT * FROM bureau.visits_by_month", true},
        {"bureau", "SELECT * FROM bureau.visits_by_year", true},
        {"bureau", "SELECT * FROM bureau.patients_total", true},
        {"bureau", "SELECT * FROM bureau.rescue_by_day", true},
        {"bureau", "SELECT * FROM bureau.rescue_by_month", true},
        {"bureau", "SELECT * FROM bureau.rescue_by_year", true},
        {"bureau", "SELECT metric, label_zh FROM bureau.metric", true},
        {"bureau", "SELECT source, as_of, cursor FROM bureau.freshness", true},
        {"bureau", "SELECT * FROM metrics.cell", false},
        {"bureau", "DELETE FROM bureau.metric", false},
        {"bureau", "CREATE TABLE bureau.mine (a int)", false},
        {"liancheng_writer", "SELECT * FROM metrics.cell", true},
        {"liancheng_writer", "TRUNCATE metrics.cell", true},
        {"liancheng_writer", "DROP TABLE metrics.cell", false},
        {"liancheng_writer", "UPDATE metrics.migration SET name = ''", false},
        {"liancheng_writer", "UPDATE metrics.metric SET label_en = ''", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (may(bench, cases[i].role, cases[i].sql) != cases[i].may) {
            print_error("%s: %s\n", cases[i].role, cases[i].sql);
        }
        assert_int_equal(may(bench, cases[i].role, cases[i].sql), cases[i].may);
    }
}

/* City, counties and hospitals; days, months and the year; the views against each other and against the cells. */
static void views_show_each_level(void **state) {
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 20000);
    start(bench, 0);
    assert_exact(bench);
    const struct random_visits *v = &bench->visits;
    int64_t all = 0, january_h2 = 0;
    for (int h = 0; h < RANDOM_HOSPITALS; h++) {
        for (int day = 0; day < RANDOM_DAYS; day++) {
            for (int class = 0; class < RANDOM_CLASSES; class++) {
                all += v->visits[h][day][class];
                january_h2 += h == 2 && day < 31 ? v->one_card[h][day][class] : 0;
            }
        }
    }
    const struct {
        const char *sql;
        int64_t want;
    } cases[] = {
        {"SELECT visits FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all' AND year = '2020-01-01'", all},
        {"SELECT sum(visits) FROM bureau.visits_by_month WHERE scope = 'city' AND class = 'all'", all},
        {"SELECT sum(visits) FROM bureau.visits_by_day WHERE scope = 'hospital' AND class <> 'all'", all},
        {"SELECT sum(visits) FROM bureau.visits_by_day WHERE scope = 'county' AND class = 'all'", all},
        {"SELECT one_card_visits FROM bureau.visits_by_month WHERE organisation = 'h-2' AND class = 'all'"
         " AND month = '2020-01-01'", january_h2},
        {"SELECT patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'",
         v->patients[0][RANDOM_DAYS + 2][0]},
        {"SELECT patients FROM bureau.visits_by_month WHERE region = 411024 AND scope = 'county' AND class = 'emergency'"
         " AND month = '2020-02-01'", v->patients[2][RANDOM_DAYS + 1][3]},
        {"SELECT patients FROM bureau.visits_by_day WHERE organisation = 'h-4' AND class = 'inpatient'"
         " AND day = '2020-01-06'", v->patients[8][5][1]},
        {"SELECT patients FROM bureau.patients_total WHERE scope = 'city' AND class = 'all'",
         v->patients[0][RANDOM_DAYS + 3][0]},
        {"SELECT count(*) FROM bureau.visits_by_day WHERE class = 'other' AND patients IS NOT NULL", 0},
        {"SELECT count(*) FROM bureau.visits_by_year WHERE scope = 'hospital' AND organisation_name IS NULL", 0},
        {"SELECT count(*) FROM bureau.visits_by_year WHERE region_name_zh IS NULL OR region_name_en IS NULL", 0},
        {"SELECT count(*) FROM bureau.visits_by_year WHERE class = 'all'", RANDOM_PLACES},
        {"SELECT cursor FROM bureau.freshness WHERE source = 'visits' AND as_of > now() - interval '1 day'",
         (int64_t)bench->owner.head},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = number(bench, cases[i].sql);
        if (got != cases[i].want) {
            print_error("%s\n", cases[i].sql);
        }
        assert_int_equal(got, cases[i].want);
    }
}

/* Arrivals of a hospital and of all, from the day numbered first up to one below end. */
static int64_t arrivals(const struct random_visits *visits, int kind, int hospital, int first, int end) {
    int64_t sum = 0;
    for (int h = 0; h < RANDOM_HOSPITALS; h++) {
        for (int day = first; day < end && (hospital < 0 || h == hospital); day++) {
            sum += visits->rescue[kind][h][day];
        }
    }
    return sum;
}

/* The rescue circle at each level; a share is made of sums, and is there only where somebody arrived. */
static void rescue_views_show_each_level(void **state) {
    enum { ARRIVALS, URBAN, WITHIN_30, WITHIN_120 };
    struct bench *bench = *state;
    random_visits_append(&bench->visits, &bench->owner, 20000);
    start(bench, 0);
    assert_exact(bench);
    const struct random_visits *v = &bench->visits;
    const struct {
        const char *sql;
        int64_t want;
    } cases[] = {
        {"SELECT arrivals FROM bureau.rescue_by_year WHERE scope = 'city' AND year = '2020-01-01'",
         arrivals(v, ARRIVALS, -1, 0, RANDOM_DAYS)},
        {"SELECT arrivals_urban FROM bureau.rescue_by_year WHERE scope = 'city'", arrivals(v, URBAN, -1, 0, RANDOM_DAYS)},
        {"SELECT sum(within_30_minutes) FROM bureau.rescue_by_month WHERE scope = 'city'",
         arrivals(v, WITHIN_30, -1, 0, RANDOM_DAYS)},
        {"SELECT sum(within_120_minutes) FROM bureau.rescue_by_day WHERE scope = 'hospital'",
         arrivals(v, WITHIN_120, -1, 0, RANDOM_DAYS)},
        {"SELECT sum(within_120_minutes) FROM bureau.rescue_by_day WHERE scope = 'county'",
         arrivals(v, WITHIN_120, -1, 0, RANDOM_DAYS)},
        {"SELECT within_120_minutes FROM bureau.rescue_by_month WHERE scope = 'county' AND region = 411024"
         " AND month = '2020-02-01'", arrivals(v, WITHIN_120, 2, 31, RANDOM_DAYS)},
        {"SELECT within_30_minutes FROM bureau.rescue_by_year WHERE organisation = 'h-4'",
         arrivals(v, WITHIN_30, 4, 0, RANDOM_DAYS)},
        {"SELECT round(10000 * share_within_30_minutes) FROM bureau.rescue_by_month WHERE scope = 'city'"
         " AND month = '2020-01-01'",
         (10000 * arrivals(v, WITHIN_30, -1, 0, 31) + arrivals(v, URBAN, -1, 0, 31) / 2) / arrivals(v, URBAN, -1, 0, 31)},
        {"SELECT round(10000 * share_within_120_minutes) FROM bureau.rescue_by_year WHERE scope = 'city'",
         (10000 * arrivals(v, WITHIN_120, -1, 0, RANDOM_DAYS) + arrivals(v, ARRIVALS, -1, 0, RANDOM_DAYS) / 2) /
             arrivals(v, ARRIVALS, -1, 0, RANDOM_DAYS)},
        {"SELECT count(*) FROM bureau.rescue_by_day WHERE (share_within_30_minutes IS NULL) <> (arrivals_urban = 0)"
         " OR (share_within_120_minutes IS NULL) <> (arrivals = 0)", 0},
        {"SELECT count(*) FROM bureau.rescue_by_year WHERE scope = 'hospital' AND organisation_name IS NULL", 0},
        {"SELECT count(*) FROM bureau.rescue_by_year WHERE region_name_zh IS NULL OR region_name_en IS NULL", 0},
        {"SELECT count(*) FROM bureau.rescue_by_year", RANDOM_PLACES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t got = number(bench, cases[i].sql);
        if (got != cases[i].want) {
            print_error("%s\n", cases[i].sql);
        }
        assert_int_equal(got, cases[i].want);
    }
    PQclear(postgres_query(bench->postgres, "UPDATE metrics.cell SET value = 0 WHERE metric = 8"));
    assert_int_equal(number(bench, "SELECT count(*) FROM bureau.rescue_by_year WHERE share_within_30_minutes IS NOT NULL"),
                     0);
}

/* As many corrections as fit into an event: several of them are more than a set holds. */
static void the_largest_corrections_are_folded(void **state) {
    struct bench *bench = *state;
    start(bench, 0);
    for (int i = 0; i < 12; i++) {
        random_visits_append(&bench->visits, &bench->owner, 300);
        random_visits_append_correction(&bench->visits, &bench->owner, 20000);
    }
    assert_exact(bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_migrated, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(cells_are_those_of_the_events),
        TEST(whatever_dies_the_cells_stay_exact),
        TEST(a_commit_that_was_not_done_is_done_again),
        TEST(a_commit_that_was_done_is_not_done_twice),
        TEST(a_cursor_moved_by_another_fences_it_off),
        TEST(more_cells_than_fit_wait_for_room),
        TEST(a_rebuild_gives_the_same_cells),
        TEST(a_second_one_stands_by_and_takes_over),
        TEST(another_epoch_is_an_alarm),
        TEST(cells_are_read_in_pages),
        TEST(bad_queries_are_refused),
        TEST(each_role_may_do_its_own),
        TEST(roles_are_granted_what_they_need),
        TEST(views_show_each_level),
        TEST(rescue_views_show_each_level),
        TEST(the_largest_corrections_are_folded),
        cmocka_unit_test_setup_teardown(migrations_are_applied_once_and_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_schema_it_says_what_to_do, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
