#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/config.h"
#include "wire/client_socket.h"

/*
 * lianchengctl: one binary, one file per subcommand. main.c holds the table of rows and hands each call a struct ctl.
 * A subcommand first calls ctl_arguments() with its table of options (--help, --json and --config come with it), does
 * its work, prints results on stdout and everything else on stderr, and returns one of enum exit_code.
 */
struct ctl {
    const char *program_folder; /* where this binary lies, without the last slash; the daemons lie beside it */
    const char *config_path;    /* --config; NULL: LC_CONFIG, ./ctl.conf, /etc/liancheng/ctl.conf */
    bool json;                  /* --json: one machine-readable document (or JSON lines) on stdout */
    struct config *config;      /* ctl.conf once ctl_config() has read it */
};

/* argv[0] is the name of the subcommand; the rest are its arguments, not yet parsed. Returns the exit code. */
struct ctl_command {
    const char *name;
    const char *help; /* one line of the list */
    int (*run)(struct ctl *ctl, int argc, char **argv);
};

int command_health(struct ctl *ctl, int argc, char **argv);
int command_init(struct ctl *ctl, int argc, char **argv);
int command_key(struct ctl *ctl, int argc, char **argv);
int command_check_config(struct ctl *ctl, int argc, char **argv);
int command_submit(struct ctl *ctl, int argc, char **argv);
int command_query(struct ctl *ctl, int argc, char **argv);
int command_follow(struct ctl *ctl, int argc, char **argv);
int command_status(struct ctl *ctl, int argc, char **argv);
int command_ping(struct ctl *ctl, int argc, char **argv);
int command_verify(struct ctl *ctl, int argc, char **argv);
int command_export(struct ctl *ctl, int argc, char **argv);
int command_explain(struct ctl *ctl, int argc, char **argv);
int command_rejects(struct ctl *ctl, int argc, char **argv);
int command_rebuild(struct ctl *ctl, int argc, char **argv);
int command_publish(struct ctl *ctl, int argc, char **argv);
int command_publications(struct ctl *ctl, int argc, char **argv);
int command_report(struct ctl *ctl, int argc, char **argv);
int command_replay(struct ctl *ctl, int argc, char **argv);
int command_import(struct ctl *ctl, int argc, char **argv);
int command_conformance(struct ctl *ctl, int argc, char **argv);
int command_why(struct ctl *ctl, int argc, char **argv);
int command_cases(struct ctl *ctl, int argc, char **argv);
int command_case(struct ctl *ctl, int argc, char **argv);
int command_issues(struct ctl *ctl, int argc, char **argv);
int command_issue(struct ctl *ctl, int argc, char **argv);
int command_ledger(struct ctl *ctl, int argc, char **argv);
int command_task(struct ctl *ctl, int argc, char **argv);
int command_clues(struct ctl *ctl, int argc, char **argv);
int command_clue(struct ctl *ctl, int argc, char **argv);
int command_slips(struct ctl *ctl, int argc, char **argv);
int command_stalls(struct ctl *ctl, int argc, char **argv);
int command_contact_rules(struct ctl *ctl, int argc, char **argv);
int command_circulars(struct ctl *ctl, int argc, char **argv);
int command_circular(struct ctl *ctl, int argc, char **argv);

/* --- Arguments ---------------------------------------------------------------------------------------------------- */
enum ctl_option_kind {
    CTL_FLAG,    /* --name; value is a bool * */
    CTL_TEXT,    /* --name TEXT or --name=TEXT; value is a const char ** */
    CTL_INTEGER, /* --name N within [min, max]; value is an int64_t * */
};

/* A table of these ends with a NULL name. Values keep what they held when the option is not given (the default). */
struct ctl_option {
    const char *name; /* "folder" for --folder */
    enum ctl_option_kind kind;
    void *value;
    const char *argument; /* "DIR", for the help; NULL for flags */
    const char *help;     /* one line */
    int64_t min;
    int64_t max;
};

struct ctl_usage {
    const char *synopsis; /* "submit SERVICE FILE|- [OPTIONS]" */
    const char *text;     /* what it does: some lines, each ended by \n; may be "" */
    int arguments_min;    /* of those that are no options */
    int arguments_max;
};

/*
 * Parses in place: what is no option is left in argv[1..*argc-1], in order. "--" ends options. Handles --help, --json
 * and --config itself. false: help was printed or the usage was wrong (said on stderr); return *exit_code then.
 */
bool ctl_arguments(struct ctl *ctl, const struct ctl_usage *usage, const struct ctl_option *options, int *argc,
                   char **argv, int *exit_code);

/* "lianchengctl: " and one sentence on stderr; returns code, so that `return ctl_error(EXIT_CODE_USAGE, ...)` works. */
__attribute__((format(printf, 2, 3))) int ctl_error(int code, const char *format, ...);

/* True once SIGINT or SIGTERM came (ctl_catch_signals has to be called first): finish what is begun and return. A
 * second signal ends the process at once. */
void ctl_catch_signals(void);
bool ctl_is_interrupted(void);

/* --- Targets: ctl.conf ----------------------------------------------------------------------------------------------
 */
/* Reads ctl.conf once. CONFIG (said on stderr) when it cannot be found or is wrong. */
enum status ctl_config(struct ctl *ctl);
/* A string of ctl.conf ("/visits/endpoint"); "" when it is not set. Only after ctl_config. */
const char *ctl_setting(const struct ctl *ctl, const char *path);

#define CTL_PATH_BYTES 4096

/*
 * Fills the options to connect to a daemon by its name in ctl.conf ("visits", "approvals", "issues", "aggregator", "hl7-gateway").
 * key_path NULL: the operator's key (/key); it is borrowed. Reads ctl.conf when that has not been done. USAGE or CONFIG,
 * said on stderr.
 */
enum status target_options(struct ctl *ctl, const char *name, const char *key_path,
                           struct client_socket_options *options);
/* The same, and connects: free with client_socket_destroy. */
enum status target_connect(struct ctl *ctl, const char *name, const char *key_path, struct client_socket **socket);
/* Path of a publisher's secret key: /publisher_keys of ctl.conf, then ORGANISATION.key. CONFIG, NOT_FOUND (said). */
enum status target_publisher_key(struct ctl *ctl, const char *organisation, char path[CTL_PATH_BYTES]);
/* Path of the key of --as WHO: operator (/key), registrar (/registrar_key), reader (/reader_key), else an organisation's. */
enum status target_key_as(struct ctl *ctl, const char *who, char path[CTL_PATH_BYTES]);
/*
 * One request, one reply, said on stderr when there is none within timeout_ms or it is a Problem. The exit code; the
 * reply (in arena) in *reply when that is EXIT_CODE_OK. request->request is filled in.
 */
int target_call(struct client_socket *socket, const char *name, Common__V1__Request *request, struct arena *arena,
                int timeout_ms, Common__V1__Reply **reply);

#endif
