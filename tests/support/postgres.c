#include "support/postgres.h"

#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "support/peers.h"

#define RESUMES_MAX 600

static void short_pause(void) {
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

/* --- Who runs it ---------------------------------------------------------------------------------------------------- */

/* PostgreSQL refuses to run as root. NULL: we are an ordinary user ourselves. */
static const struct passwd *other_user(void) {
    if (getuid() != 0) {
        return NULL;
    }
    const struct passwd *user = getpwnam("postgres");
    return user != NULL ? user : getpwnam("nobody");
}

/* setpriv takes the other identity, and ends the server when the test dies. */
struct command {
    const char *argv[24];
    size_t count;
    char program[320];
    char uid[16];
    char gid[16];
};

static void add(struct command *command, const char *argument) {
    CHECK(command->count + 1 < sizeof command->argv / sizeof command->argv[0]);
    command->argv[command->count++] = argument;
    command->argv[command->count] = NULL;
}

/* What the program says on its standard output goes to its log, too. */
static void begin(struct command *command, const struct postgres *postgres, const char *program) {
    const struct passwd *user = other_user();
    memset(command, 0, sizeof *command);
    snprintf(command->program, sizeof command->program, "%s/%s", postgres->programs, program);
    add(command, "/usr/bin/setpriv");
    add(command, "--pdeathsig=INT");
    if (user != NULL) {
        snprintf(command->uid, sizeof command->uid, "--reuid=%u", (unsigned)user->pw_uid);
        snprintf(command->gid, sizeof command->gid, "--regid=%u", (unsigned)user->pw_gid);
        add(command, command->uid);
        add(command, command->gid);
        add(command, "--clear-groups");
    }
    add(command, "/bin/sh");
    add(command, "-c");
    add(command, "exec \"$0\" \"$@\" >&2");
    add(command, command->program);
}

static void must_run(const struct command *command, const char *log_path) {
    struct process process;
    process_start(&process, command->argv, log_path);
    int code = process_wait(&process);
    if (code != 0) {
        process_show_log(&process);
    }
    CHECK(code == 0);
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static int version_of(const char *path) {
    return (int)strtol(path + strlen("/usr/lib/postgresql/"), NULL, 10);
}

static void find_programs(struct postgres *postgres) {
    glob_t found;
    CHECK(glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0); /* apt-get install postgresql */
    const char *newest = found.gl_pathv[0];
    for (size_t i = 1; i < found.gl_pathc; i++) {
        if (version_of(found.gl_pathv[i]) > version_of(newest)) {
            newest = found.gl_pathv[i];
        }
    }
    snprintf(postgres->programs, sizeof postgres->programs, "%s", newest);
    globfree(&found);
}

static void log_path(const struct postgres *postgres, const char *name, char path[256]) {
    snprintf(path, 256, "%s/%s.log", postgres->folder, name);
}

static void make_folder(struct postgres *postgres) {
    snprintf(postgres->folder, sizeof postgres->folder, "/tmp/liancheng-pg-XXXXXX");
    CHECK(mkdtemp(postgres->folder) != NULL);
    const struct passwd *user = other_user();
    CHECK(user == NULL || chown(postgres->folder, user->pw_uid, user->pw_gid) == 0);
}

static void make_cluster(struct postgres *postgres) {
    struct command command;
    char data[160], log[256];
    snprintf(data, sizeof data, "%s/data", postgres->folder);
    log_path(postgres, "initdb", log);
    begin(&command, postgres, "initdb");
    /* initdb alone is not synced: there is nothing yet that could be lost. */
    const char *const options[] = {"--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                                   "--username=postgres", "-D", data};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        add(&command, options[i]);
    }
    must_run(&command, log);
}

/* --- Running -------------------------------------------------------------------------------------------------------- */

bool postgres_is_running(const struct postgres *postgres) {
    siginfo_t info = {0};
    return postgres->server.pid > 0 && waitid(P_PID, (id_t)postgres->server.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static void launch(struct postgres *postgres) {
    struct command command;
    char data[160], socket[192], log[256];
    snprintf(data, sizeof data, "%s/data", postgres->folder);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s", postgres->folder);
    log_path(postgres, "server", log);
    begin(&command, postgres, "postgres");
    const char *const options[] = {"-D", data, "-c", "listen_addresses=", "-c", socket, "-c", "fsync=on"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        add(&command, options[i]);
    }
    process_start(&postgres->server, command.argv, log);
}

static void database_conninfo(const struct postgres *postgres, const char *database, char *text, size_t size) {
    snprintf(text, size, "host=%s dbname=%s user=postgres", postgres->folder, database);
}

/* False when the server ended instead: after a kill its old sessions may still hold the shared memory. */
static bool wait_until_it_answers(struct postgres *postgres) {
    char conninfo[256];
    database_conninfo(postgres, "postgres", conninfo, sizeof conninfo);
    while (PQping(conninfo) != PQPING_OK) {
        if (!postgres_is_running(postgres)) {
            (void)process_wait(&postgres->server);
            return false;
        }
        short_pause();
    }
    return true;
}

void postgres_resume(struct postgres *postgres) {
    for (int i = 0; i < RESUMES_MAX; i++) {
        launch(postgres);
        if (wait_until_it_answers(postgres)) {
            return;
        }
        short_pause();
    }
    process_show_log(&postgres->server);
    CHECK(!"PostgreSQL starts");
}

/* In the database that every cluster has. */
static void run_outside(const struct postgres *postgres, const char *const *statements, size_t count) {
    char conninfo[256];
    database_conninfo(postgres, "postgres", conninfo, sizeof conninfo);
    PGconn *connection = PQconnectdb(conninfo);
    for (size_t i = 0; i < count; i++) {
        PGresult *result = PQexec(connection, statements[i]);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            fprintf(stderr, "%s: %s", statements[i], PQerrorMessage(connection));
        }
        CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
    }
    PQfinish(connection);
}

void postgres_renew_database(struct postgres *postgres) {
    static const char *const statements[] = {
        "SET client_min_messages = warning",
        "DROP DATABASE IF EXISTS liancheng WITH (FORCE)",
        "DROP ROLE IF EXISTS liancheng_owner, liancheng_writer, bureau",
        "CREATE DATABASE liancheng",
    };
    run_outside(postgres, statements, sizeof statements / sizeof statements[0]);
}

void postgres_start(struct postgres *postgres) {
    memset(postgres, 0, sizeof *postgres);
    find_programs(postgres);
    make_folder(postgres);
    make_cluster(postgres);
    database_conninfo(postgres, "liancheng", postgres->conninfo, sizeof postgres->conninfo);
    postgres_resume(postgres);
    postgres_renew_database(postgres);
}

void postgres_halt(struct postgres *postgres) {
    process_signal(&postgres->server, SIGINT);
    (void)process_wait(&postgres->server);
}

void postgres_kill(struct postgres *postgres) {
    process_kill(&postgres->server);
}

void postgres_stop(struct postgres *postgres) {
    if (postgres->folder[0] == '\0') {
        return;
    }
    if (postgres->server.pid > 0) {
        process_signal(&postgres->server, SIGQUIT); /* the data are thrown away: nothing to write */
        (void)process_wait(&postgres->server);
    }
    test_folder_remove(postgres->folder);
    memset(postgres, 0, sizeof *postgres);
}

const char *postgres_conninfo(const struct postgres *postgres) {
    return postgres->conninfo;
}

/* --- Asking --------------------------------------------------------------------------------------------------------- */

PGresult *postgres_query(const struct postgres *postgres, const char *sql) {
    PGconn *connection = PQconnectdb(postgres->conninfo);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s\n%s", sql, PQerrorMessage(connection));
    }
    CHECK(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK);
    PQfinish(connection);
    return result;
}

void postgres_value(const struct postgres *postgres, const char *sql, char *text, size_t size) {
    PGresult *result = postgres_query(postgres, sql);
    CHECK(PQntuples(result) > 0);
    snprintf(text, size, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
}
