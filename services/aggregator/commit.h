#ifndef AGGREGATOR_COMMIT_H
#define AGGREGATOR_COMMIT_H

#include "aggregator/aggregator.h"
#include "aggregator/arrays.h"
#include "pg/pg.h"

/* The transaction that brings one set to PostgreSQL: cursors by compare-and-swap first (they fence off another writer
 * before any work is done), then organisations, then cells. */
enum { COMMIT_SOURCES = 6, COMMIT_ORGANISATIONS = 3, COMMIT_CELLS = 6 };

struct commit {
    struct array sources[COMMIT_SOURCES];
    struct array organisations[COMMIT_ORGANISATIONS];
    struct array cells[COMMIT_CELLS];
};

/* SQLSTATE that metrics.source_advance raises when a cursor is not where we left it. */
#define COMMIT_FENCED "LC001"

/* Sorts the set's cells. AGAIN as pg_run; the result goes to done. */
enum status commit_send(struct commit *commit, struct pg *pg, const struct aggregator *aggregator, struct set *set,
                        pg_done *done, void *user);
void commit_release(struct commit *commit);

#endif
