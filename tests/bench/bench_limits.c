#include <czmq.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "support/postgres.h"

/* What this machine itself can do, for the figures beside it: fdatasync, libzmq over loopback with CURVE, PostgreSQL. */

#define SYNC_SECONDS 3
#define MESSAGES_SMALL 1000000
#define MESSAGES_LARGE 30000

static void print(const char *name, double value, const char *unit) {
    printf("%-58s %14.0f %s\n", name, value, unit);
    fflush(stdout);
}

static void bench_fdatasync(const char *folder) {
    char path[512], block[4096];
    snprintf(path, sizeof path, "%s/sync-XXXXXX", folder);
    int file = mkstemp(path);
    CHECK(file >= 0);
    memset(block, 1, sizeof block);
    long syncs = 0;
    int64_t begin = clock_monotonic_ns(), now = begin;
    while (now - begin < SYNC_SECONDS * 1000000000ll) {
        CHECK(write(file, block, sizeof block) == (ssize_t)sizeof block);
        CHECK(fdatasync(file) == 0);
        syncs++;
        now = clock_monotonic_ns();
    }
    close(file);
    unlink(path);
    print("machine: append of 4 KiB + fdatasync", (double)syncs * 1e9 / (double)(now - begin), "/s");
}

/* --- libzmq --- */

struct flow {
    size_t size;
    long count;
    char server_public[41];
    char server_secret[41];
    char endpoint[128];
};

static void *send_flow(void *user) {
    struct flow *flow = user;
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    char public_key[41], secret_key[41];
    CHECK(zmq_curve_keypair(public_key, secret_key) == 0);
    zsock_set_curve_serverkey(socket, flow->server_public);
    zsock_set_curve_publickey(socket, public_key);
    zsock_set_curve_secretkey(socket, secret_key);
    zsock_set_linger(socket, -1);
    CHECK(zsock_connect(socket, "%s", flow->endpoint) == 0);
    void *raw = zsock_resolve(socket);
    for (long i = 0; i < flow->count; i++) {
        zmq_msg_t message;
        zmq_msg_init_size(&message, flow->size);
        memset(zmq_msg_data(&message), 7, flow->size);
        CHECK(zmq_msg_send(&message, raw, 0) >= 0);
    }
    zsock_destroy(&socket);
    return NULL;
}

static double run_flow(size_t size, long count) {
    struct flow flow = {.size = size, .count = count};
    CHECK(zmq_curve_keypair(flow.server_public, flow.server_secret) == 0);
    zsock_t *socket = zsock_new(ZMQ_ROUTER);
    zsock_set_curve_server(socket, 1);
    zsock_set_curve_secretkey(socket, flow.server_secret);
    CHECK(zsock_bind(socket, "tcp://127.0.0.1:*") > 0);
    snprintf(flow.endpoint, sizeof flow.endpoint, "%s", zsock_endpoint(socket));
    void *raw = zsock_resolve(socket);
    pthread_t sender;
    CHECK(pthread_create(&sender, NULL, send_flow, &flow) == 0);
    int64_t begin = 0;
    for (long i = 0; i < count; i++) {
        zmq_msg_t message;
        for (int frame = 0; frame < 2; frame++) {
            zmq_msg_init(&message);
            CHECK(zmq_msg_recv(&message, raw, 0) >= 0);
            zmq_msg_close(&message);
        }
        if (i == 0) {
            begin = clock_monotonic_ns(); /* the handshake is not part of the rate */
        }
    }
    double rate = (double)(count - 1) * 1e9 / (double)(clock_monotonic_ns() - begin);
    pthread_join(sender, NULL);
    zsock_destroy(&socket);
    return rate;
}

/* --- PostgreSQL --- */

#define CELLS 500

/* As the aggregator commits: deltas of some hundred cells in one statement, durable. */
static void bench_rollup(void) {
    static struct postgres postgres;
    postgres_start(&postgres);
    PQclear(postgres_query(&postgres, "CREATE TABLE cell (region int, metric int, period date, value bigint,"
                                      " PRIMARY KEY (region, metric, period)) WITH (fillfactor = 70)"));
    char *sql;
    CHECK(asprintf(&sql,
                   "INSERT INTO cell SELECT 411002, i %% 5, date '2020-01-01' + i / 5, 20 FROM generate_series(1, %d) i"
                   " ON CONFLICT (region, metric, period) DO UPDATE SET value = cell.value + EXCLUDED.value",
                   CELLS) > 0);
    PGconn *connection = PQconnectdb(postgres_conninfo(&postgres));
    CHECK(PQstatus(connection) == CONNECTION_OK);
    long transactions = 0;
    int64_t begin = clock_monotonic_ns(), now = begin;
    while (now - begin < SYNC_SECONDS * 1000000000ll) {
        PGresult *result = PQexec(connection, sql);
        CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
        transactions++;
        now = clock_monotonic_ns();
    }
    print("machine: PostgreSQL roll-up of 500 cells, durable", (double)transactions * 1e9 / (double)(now - begin),
          "transactions/s");
    PQfinish(connection);
    free(sql);
    postgres_stop(&postgres);
}

int main(int argc, char **argv) {
    zsys_init();
    bench_fdatasync(argc > 1 ? argv[1] : "/tmp");
    print("machine: libzmq loopback with CURVE, messages of 128 bytes", run_flow(128, MESSAGES_SMALL), "messages/s");
    print("machine: the same, messages of 64 events (8 KiB)", run_flow(8192, MESSAGES_LARGE) * 64, "events/s");
    bench_rollup();
    return 0;
}
