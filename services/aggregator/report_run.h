#ifndef AGGREGATOR_REPORT_RUN_H
#define AGGREGATOR_REPORT_RUN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "config/config.h"

/*
 * `aggregator report ...`: a short-lived program beside the daemon that reads the bureau's views with the rights of the
 * bureau (/report/conninfo, else /postgres/conninfo) and prints on standard output. Blocking. Not to be confused with
 * report.c, which says how the daemon is.
 */
#define REPORT_EXIT_DIFFERS 1

/* The whole command: words[0] is "annual" or "changes". Returns the exit code. */
int report_run(const struct config *config, const char *const *words, size_t count);

/* report_annual.c: words are YEAR and, where it is given, the file of the printed figures. */
int report_annual(const struct config *config, const char *const *words, size_t count);
/* report_changes.c: the number of a publication. */
int report_changes(const struct config *config, const char *const *words, size_t count);

/* "aggregator: " and one sentence on stderr; returns code. */
__attribute__((format(printf, 2, 3))) int report_error(int code, const char *format, ...);
/* A session that can only read, in one transaction that sees one moment. NULL: said. PQfinish it. */
PGconn *report_connect(const struct config *config);
/* NULL: said. */
PGresult *report_query(PGconn *connection, const char *sql, int count, const char *const *values);
/* NULL in place of an SQL NULL. */
const char *report_value(const PGresult *rows, int row, int column);

#endif
