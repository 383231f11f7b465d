#ifndef PG_PG_H
#define PG_PG_H

#include <czmq.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "base/status.h"

/*
 * One PostgreSQL connection in the loop: connects, reconnects (backing off to 30 s) and runs one request at a time
 * without ever blocking. A request is a list of statements sent as one pipeline inside one transaction.
 */
struct pg;

struct pg_statement {
    const char *sql;
    int parameter_count;
    const Oid *types;             /* NULL: let the server infer */
    const char *const *values;    /* as PQsendQueryParams; copied by the call */
    const int *lengths;
    const int *formats;
};

/* Outcome of a request: results are one per statement, borrowed for the call. UNAVAILABLE: the connection was lost and
 * whether the transaction was committed is not known. IO: PostgreSQL refused it (message). */
typedef void pg_done(void *user, enum status status, PGresult *const *results, size_t result_count,
                     const char *message);

struct pg_options {
    const char *conninfo;
    /* A new connection is up: e.g. take the lock, read the cursors. */
    void (*connected)(void *user);
    void (*disconnected)(void *user, const char *message);
    void *user;
};

enum status pg_new(zloop_t *loop, const struct pg_options *options, struct pg **pg);
void pg_destroy(struct pg **pg);
bool pg_is_connected(const struct pg *pg);
bool pg_is_busy(const struct pg *pg);
/* AGAIN when busy or not connected. transaction=false runs the statements without BEGIN/COMMIT. */
enum status pg_run(struct pg *pg, const struct pg_statement *statements, size_t count, bool transaction, pg_done *done,
                   void *user);

#endif
