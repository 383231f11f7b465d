#ifndef SUPPORT_POSTGRES_H
#define SUPPORT_POSTGRES_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "support/process.h"

/*
 * A private PostgreSQL cluster in a temporary folder, from the newest installed server programs, on a unix socket, fsync
 * on. As root it runs under the user postgres (or nobody), since PostgreSQL refuses to be root. What goes wrong in
 * setting up aborts the test.
 */
struct postgres {
    char folder[128]; /* holds the socket, too */
    char programs[256];
    char conninfo[256];
    struct process server;
};

/* Makes the cluster with an empty database "liancheng", starts it, waits until it answers. */
void postgres_start(struct postgres *postgres);
/* Ends it and removes the folder. */
void postgres_stop(struct postgres *postgres);
/* Throws away the database and our roles and makes the database anew, empty: cheaper than another cluster. */
void postgres_renew_database(struct postgres *postgres);
/* The superuser's connection string for that database. */
const char *postgres_conninfo(const struct postgres *postgres);

/* A fast shutdown: sessions are ended, the data stay. */
void postgres_halt(struct postgres *postgres);
/* SIGKILL to the server, as when the machine loses power as far as a process can tell. */
void postgres_kill(struct postgres *postgres);
/* Starts it again after either, and waits until it answers. */
void postgres_resume(struct postgres *postgres);
bool postgres_is_running(const struct postgres *postgres);

/* One statement as the superuser; aborts when it fails. The caller clears the result. */
PGresult *postgres_query(const struct postgres *postgres, const char *sql);
/* The first column of the first row, copied into text. */
void postgres_value(const struct postgres *postgres, const char *sql, char *text, size_t size);

#endif
