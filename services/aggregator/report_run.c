#include "aggregator/report_run.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

int report_error(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("aggregator: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

static void on_notice(void *user, const PGresult *result) {
    (void)user;
    (void)result;
}

PGconn *report_connect(const struct config *config) {
    const char *own = config_string(config, "/report/conninfo");
    const char *conninfo = own[0] != '\0' ? own : config_string(config, "/postgres/conninfo");
    if (conninfo[0] == '\0') {
        report_error(0, "no database: set /report/conninfo or /postgres/conninfo");
        return NULL;
    }
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) {
        report_error(0, "cannot connect to PostgreSQL: %s", PQerrorMessage(connection));
        PQfinish(connection);
        return NULL;
    }
    PQsetNoticeReceiver(connection, on_notice, NULL);
    PGresult *result = report_query(connection,
                                    "SET jit = off; SET default_transaction_read_only = on;"
                                    " BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                    0, NULL);
    if (result == NULL) {
        PQfinish(connection);
        return NULL;
    }
    PQclear(result);
    return connection;
}

PGresult *report_query(PGconn *connection, const char *sql, int count, const char *const *values) {
    PGresult *result = count == 0 ? PQexec(connection, sql)
                                  : PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        report_error(0, "PostgreSQL refuses: %s", PQresultErrorMessage(result));
        PQclear(result);
        return NULL;
    }
    return result;
}

const char *report_value(const PGresult *rows, int row, int column) {
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

int report_run(const struct config *config, const char *const *words, size_t count) {
    static const struct {
        const char *name;
        int (*run)(const struct config *config, const char *const *words, size_t count);
    } reports[] = {{"annual", report_annual}, {"changes", report_changes}};
    for (size_t i = 0; count > 0 && i < sizeof reports / sizeof reports[0]; i++) {
        if (strcmp(words[0], reports[i].name) == 0) {
            return reports[i].run(config, words + 1, count - 1);
        }
    }
    return report_error(EXIT_CODE_USAGE, "usage: aggregator report annual YEAR [PRINTED.tsv] | report changes NUMBER");
}
