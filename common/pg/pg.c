#include "pg/pg.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"

#define STATEMENTS_MAX 32
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000
#define CONNECT_TIMEOUT_MS 10000
/* A request that takes longer is given up with the connection: the network ate it, or something holds a lock. */
#define REQUEST_TIMEOUT_MS 120000
#define CLOCK_MS 1000
#define NULLS_MAX 8 /* in a row: more than libpq ever gives */

enum phase { PHASE_WAITING, PHASE_CONNECTING, PHASE_IDLE, PHASE_RUNNING, PHASE_ROLLING_BACK };

struct pg {
    zloop_t *loop;
    struct pg_options options;
    char *conninfo;
    PGconn *connection;
    enum phase phase;
    int clock_timer;
    int connect_timer; /* -1: none is set */
    int backoff_ms;
    int64_t since_ms; /* monotonic, when the connecting or the request began */

    int watched_fd; /* -1: none */
    short watched_events;

    /* The request that runs. */
    bool transaction;
    size_t statement_count; /* the caller's */
    size_t reading;         /* number of the statement whose result comes next, BEGIN and COMMIT included */
    PGresult *results[STATEMENTS_MAX];
    bool failed;
    char message[512];
    pg_done *done;
    void *done_user;
};

static void lose(struct pg *pg, const char *message);
static void advance(struct pg *pg);

/* --- Watching the socket -------------------------------------------------------------------------------------------- */

static void unwatch(struct pg *pg) {
    if (pg->watched_fd >= 0) {
        zmq_pollitem_t item = {.fd = pg->watched_fd, .events = pg->watched_events};
        zloop_poller_end(pg->loop, &item);
        pg->watched_fd = -1;
    }
}

static int on_socket(zloop_t *loop, zmq_pollitem_t *item, void *user) {
    (void)loop;
    (void)item;
    advance(user);
    return 0;
}

static void watch(struct pg *pg, short events) {
    int fd = PQsocket(pg->connection);
    if (fd == pg->watched_fd && events == pg->watched_events) {
        return;
    }
    unwatch(pg);
    if (fd < 0) {
        return;
    }
    zmq_pollitem_t item = {.fd = fd, .events = events};
    CHECK(zloop_poller(pg->loop, &item, on_socket, pg) == 0);
    zloop_poller_set_tolerant(pg->loop, &item);
    pg->watched_fd = fd;
    pg->watched_events = events;
}

/* --- Connecting ----------------------------------------------------------------------------------------------------- */

/* Notices ("relation exists, skipping") are for the log at most. */
static void on_notice(void *user, const PGresult *result) {
    (void)user;
    LOG_DEBUG("postgresql notice", LOG_S("notice", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}

static void begin_connecting(struct pg *pg) {
    pg->connection = PQconnectStart(pg->conninfo);
    CHECK(pg->connection != NULL); /* NULL only without memory */
    PQsetNoticeReceiver(pg->connection, on_notice, pg);
    pg->phase = PHASE_CONNECTING;
    pg->since_ms = clock_monotonic_ms();
    if (PQstatus(pg->connection) == CONNECTION_BAD) {
        lose(pg, PQerrorMessage(pg->connection));
        return;
    }
    watch(pg, ZMQ_POLLOUT); /* as libpq says: as if PQconnectPoll had last returned WRITING */
}

static int on_connect_timer(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    struct pg *pg = user;
    pg->connect_timer = -1;
    begin_connecting(pg);
    return 0;
}

static void connect_later(struct pg *pg, int delay_ms) {
    pg->phase = PHASE_WAITING;
    pg->connect_timer = zloop_timer(pg->loop, (size_t)delay_ms, 1, on_connect_timer, pg);
    CHECK(pg->connect_timer >= 0);
}

static void go_on_connecting(struct pg *pg) {
    switch (PQconnectPoll(pg->connection)) {
    case PGRES_POLLING_READING:
        watch(pg, ZMQ_POLLIN);
        return;
    case PGRES_POLLING_WRITING:
        watch(pg, ZMQ_POLLOUT);
        return;
    case PGRES_POLLING_OK:
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        lose(pg, PQerrorMessage(pg->connection));
        return;
    }
    if (PQsetnonblocking(pg->connection, 1) != 0 || PQenterPipelineMode(pg->connection) != 1) {
        lose(pg, PQerrorMessage(pg->connection));
        return;
    }
    pg->phase = PHASE_IDLE;
    pg->backoff_ms = BACKOFF_FIRST_MS;
    watch(pg, ZMQ_POLLIN);
    if (pg->options.connected != NULL) {
        pg->options.connected(pg->options.user);
    }
}

/* --- Requests ------------------------------------------------------------------------------------------------------- */

static void clear_results(struct pg *pg) {
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        PQclear(pg->results[i]);
        pg->results[i] = NULL;
    }
}

static void remember_message(struct pg *pg, const char *message) {
    size_t size = strcspn(message, "\n");
    size = size < sizeof pg->message ? size : sizeof pg->message - 1;
    memcpy(pg->message, message, size);
    pg->message[size] = '\0';
}

/* The callback may start the next request: everything of this one is out of the way before. */
static void finish(struct pg *pg, enum status status) {
    PGresult *results[STATEMENTS_MAX];
    char message[sizeof pg->message];
    size_t count = pg->statement_count;
    memcpy(results, pg->results, sizeof results);
    memcpy(message, pg->message, sizeof message);
    memset(pg->results, 0, sizeof pg->results);
    pg_done *done = pg->done;
    pg->done = NULL;
    if (pg->phase == PHASE_RUNNING || pg->phase == PHASE_ROLLING_BACK) {
        pg->phase = PHASE_IDLE;
    }
    done(pg->done_user, status, results, count, message);
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        PQclear(results[i]);
    }
}

static void lose(struct pg *pg, const char *message) {
    enum phase phase = pg->phase;
    remember_message(pg, message);
    unwatch(pg);
    PQfinish(pg->connection);
    pg->connection = NULL;
    connect_later(pg, pg->backoff_ms);
    pg->backoff_ms = pg->backoff_ms * 2 < BACKOFF_MAX_MS ? pg->backoff_ms * 2 : BACKOFF_MAX_MS;
    if (phase == PHASE_RUNNING || phase == PHASE_ROLLING_BACK) {
        /* A transaction that already failed will not be committed by the loss of its connection. */
        finish(pg, phase == PHASE_ROLLING_BACK ? STATUS_IO : STATUS_UNAVAILABLE);
    }
    if (phase != PHASE_WAITING && pg->options.disconnected != NULL) {
        pg->options.disconnected(pg->options.user, pg->message);
    }
}

static bool send_text(struct pg *pg, const char *sql) {
    return PQsendQueryParams(pg->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static bool send_request(struct pg *pg, const struct pg_statement *statements, size_t count) {
    if (pg->transaction && !send_text(pg, "BEGIN")) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct pg_statement *s = &statements[i];
        if (PQsendQueryParams(pg->connection, s->sql, s->parameter_count, s->types, s->values, s->lengths, s->formats,
                              0) != 1) {
            return false;
        }
    }
    return (!pg->transaction || send_text(pg, "COMMIT")) && PQpipelineSync(pg->connection) == 1;
}

/* Writes what there is to write and watches for what is needed. False when the connection is gone. */
static bool flush(struct pg *pg) {
    int rc = PQflush(pg->connection);
    if (rc < 0) {
        lose(pg, PQerrorMessage(pg->connection));
        return false;
    }
    watch(pg, rc == 1 ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
    return true;
}

/* FATAL and PANIC end the backend: what became of the transaction is not known then. */
static bool ends_the_backend(const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/* Keeps the result of the caller's statement; BEGIN and COMMIT are only looked at. */
static void keep_result(struct pg *pg, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !pg->failed) {
        pg->failed = true;
        remember_message(pg, PQresultErrorMessage(result));
    }
    size_t first = pg->transaction ? 1 : 0;
    size_t number = pg->reading - first;
    if (pg->phase == PHASE_RUNNING && pg->reading >= first && number < pg->statement_count) {
        PQclear(pg->results[number]);
        pg->results[number] = result;
        return;
    }
    if (pg->phase == PHASE_RUNNING && !pg->failed && pg->transaction && number == pg->statement_count &&
        strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        pg->failed = true;
        remember_message(pg, "the transaction was rolled back");
    }
    PQclear(result);
}

static void end_of_pipeline(struct pg *pg) {
    if (pg->phase == PHASE_RUNNING && PQtransactionStatus(pg->connection) == PQTRANS_INERROR) {
        pg->phase = PHASE_ROLLING_BACK;
        if (!send_text(pg, "ROLLBACK") || PQpipelineSync(pg->connection) != 1) {
            lose(pg, PQerrorMessage(pg->connection));
            return;
        }
        (void)flush(pg);
        return;
    }
    finish(pg, pg->failed ? STATUS_IO : STATUS_OK);
}

/* Takes the results that are there: one for each statement, a NULL behind it, and one for the end of the pipeline. */
static void take_results(struct pg *pg) {
    int nulls = 0;
    while ((pg->phase == PHASE_RUNNING || pg->phase == PHASE_ROLLING_BACK) && nulls < NULLS_MAX &&
           !PQisBusy(pg->connection)) {
        PGresult *result = PQgetResult(pg->connection);
        if (result == NULL) {
            nulls++;
            continue;
        }
        nulls = 0;
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            end_of_pipeline(pg);
            continue;
        }
        bool fatal = ends_the_backend(result);
        keep_result(pg, result);
        pg->reading++;
        if (fatal || PQstatus(pg->connection) == CONNECTION_BAD) {
            char message[sizeof pg->message];
            memcpy(message, pg->message, sizeof message);
            lose(pg, message);
            return;
        }
    }
}

static void advance(struct pg *pg) {
    if (pg->phase == PHASE_CONNECTING) {
        go_on_connecting(pg);
        return;
    }
    if (pg->phase == PHASE_WAITING) {
        return;
    }
    if (PQconsumeInput(pg->connection) != 1) {
        lose(pg, PQerrorMessage(pg->connection));
        return;
    }
    if (!flush(pg)) {
        return;
    }
    if (pg->phase == PHASE_IDLE) {
        /* Nothing was asked: a notice, or the server saying good-bye. */
        if (!PQisBusy(pg->connection)) {
            PQclear(PQgetResult(pg->connection));
        }
        if (PQstatus(pg->connection) == CONNECTION_BAD) {
            lose(pg, PQerrorMessage(pg->connection));
        }
        return;
    }
    take_results(pg);
}

static int on_clock(zloop_t *loop, int timer, void *user) {
    (void)loop;
    (void)timer;
    struct pg *pg = user;
    int64_t age_ms = clock_monotonic_ms() - pg->since_ms;
    if (pg->phase == PHASE_CONNECTING && age_ms > CONNECT_TIMEOUT_MS) {
        lose(pg, "connecting takes too long");
    } else if ((pg->phase == PHASE_RUNNING || pg->phase == PHASE_ROLLING_BACK) && age_ms > REQUEST_TIMEOUT_MS) {
        lose(pg, "no answer");
    }
    return 0;
}

/* --- Exported ------------------------------------------------------------------------------------------------------- */

enum status pg_new(zloop_t *loop, const struct pg_options *options, struct pg **out) {
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg == NULL) {
        return STATUS_MEMORY;
    }
    pg->loop = loop;
    pg->options = *options;
    pg->watched_fd = -1;
    pg->connect_timer = -1;
    pg->backoff_ms = BACKOFF_FIRST_MS;
    pg->conninfo = strdup(options->conninfo);
    char *error = NULL;
    PQconninfoOption *parsed = pg->conninfo == NULL ? NULL : PQconninfoParse(pg->conninfo, &error);
    PQfreemem(error);
    if (parsed == NULL) {
        free(pg->conninfo);
        free(pg);
        return STATUS_CONFIG;
    }
    PQconninfoFree(parsed);
    pg->clock_timer = zloop_timer(loop, CLOCK_MS, 0, on_clock, pg);
    CHECK(pg->clock_timer >= 0);
    connect_later(pg, 1);
    *out = pg;
    return STATUS_OK;
}

void pg_destroy(struct pg **out) {
    struct pg *pg = *out;
    if (pg == NULL) {
        return;
    }
    unwatch(pg);
    zloop_timer_end(pg->loop, pg->clock_timer);
    if (pg->connect_timer >= 0) {
        zloop_timer_end(pg->loop, pg->connect_timer);
    }
    PQfinish(pg->connection);
    clear_results(pg);
    free(pg->conninfo);
    free(pg);
    *out = NULL;
}

bool pg_is_connected(const struct pg *pg) {
    return pg->phase != PHASE_WAITING && pg->phase != PHASE_CONNECTING;
}

bool pg_is_busy(const struct pg *pg) {
    return pg->phase == PHASE_RUNNING || pg->phase == PHASE_ROLLING_BACK;
}

enum status pg_run(struct pg *pg, const struct pg_statement *statements, size_t count, bool transaction, pg_done *done,
                   void *user) {
    CHECK(count > 0 && count <= STATEMENTS_MAX && done != NULL);
    if (pg->phase != PHASE_IDLE) {
        return STATUS_AGAIN;
    }
    pg->transaction = transaction;
    pg->statement_count = count;
    pg->reading = 0;
    pg->failed = false;
    pg->message[0] = '\0';
    pg->done = done;
    pg->done_user = user;
    pg->since_ms = clock_monotonic_ms();
    pg->phase = PHASE_RUNNING;
    if (!send_request(pg, statements, count)) {
        lose(pg, PQerrorMessage(pg->connection)); /* done was called: the request is over */
        return STATUS_OK;
    }
    (void)flush(pg);
    return STATUS_OK;
}
