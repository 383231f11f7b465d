#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

/* Every subcommand is one row here and one file beside this one. */
static const struct ctl_command commands[] = {
    {"init", "make a configuration folder: keys, secrets, configuration files", command_init},
    {"check-config", "check a daemon's configuration file and say what is wrong", command_check_config},
    {"key", "add, revoke, rotate or list the keys of principals (keys.tab)", command_key},
    {"status", "what the daemons are doing", command_status},
    {"health", "ask the HTTP health address of a daemon", command_health},
    {"ping", "round trip to a daemon", command_ping},
    {"submit", "submit commands from JSON lines; an interrupted run continues", command_submit},
    {"query", "ask a daemon one question in JSON", command_query},
    {"follow", "print the events of a feed as JSON lines", command_follow},
    {"import", "bring files in: HL7 messages, items, issues, reform tasks, holiday notices", command_import},
    {"conformance", "how each HL7 feed keeps to the rules", command_conformance},
    {"why", "why a case of the approval registry is due when it is: a page for the applicant", command_why},
    {"cases", "list cases of the approval registry", command_cases},
    {"case", "one case of the approval registry with its history", command_case},
    {"issues", "list enterprise issues", command_issues},
    {"issue", "one issue: why it is due when it is, its history", command_issue},
    {"ledger", "list tasks of the reform ledger", command_ledger},
    {"task", "one ledger task: indicators, milestones, history", command_task},
    {"clues", "list river clues", command_clues},
    {"clue", "one river clue with its history", command_clue},
    {"slips", "list supervision slips of the issue registry", command_slips},
    {"stalls", "which items and tasks stall enterprises", command_stalls},
    {"contact-rules", "the coded rules of contact between government and business", command_contact_rules},
    {"circulars", "list circulars", command_circulars},
    {"circular", "one circular as it was published", command_circular},
    {"rejects", "list, show or resubmit refused commands", command_rejects},
    {"verify", "check the hash chain of a log", command_verify},
    {"export", "write a log for strangers to check, without any private body", command_export},
    {"explain", "the receipt of a figure: the events that make it up", command_explain},
    {"rebuild", "empty the metrics and count every source again", command_rebuild},
    {"publish", "freeze the numbers of a day, month or year under a number", command_publish},
    {"publications", "what was published, and whether it still holds", command_publications},
    {"report", "the annual report, and what changed since a publication", command_report},
    {"replay", "generate and publish a synthetic city-year: visits, approvals", command_replay},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out) {
    fputs("Usage: lianchengctl [--config FILE] [--json] COMMAND [ARGUMENTS]\n\nCommands:\n", out);
    for (const struct ctl_command *command = commands; command->name; command++) {
        fprintf(out, "    %-14s%s\n", command->name, command->help);
    }
    fputs("\nlianchengctl COMMAND --help tells more. Configuration: --config FILE, else the file named by LC_CONFIG,\n"
          "else ./ctl.conf, else /etc/liancheng/ctl.conf. `lianchengctl init --folder DIR` makes one.\n"
          "Exit codes: 0 done, 1 a report differs, 2 a batch file is not whole, 64 wrong usage, 65 some data was refused, 70 failed, 75 try again later,\n"
          "78 wrong configuration.\n",
          out);
}

static const struct ctl_command *find_command(const char *name) {
    for (const struct ctl_command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

/* The folder of the running binary, whatever argv[0] says. */
static void find_program_folder(char *folder, size_t size) {
    ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = '\0';
    }
}

/* Options before the command. Index of the command in argv; 0 when there is none; *exit_code >= 0: end with that. */
static int read_global_options(struct ctl *ctl, int argc, char **argv, int *exit_code) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            ctl->json = true;
        } else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            ctl->config_path = argv[++i];
        } else if (strncmp(argv[i], "--config=", 9) == 0) {
            ctl->config_path = argv[i] + 9;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "help") == 0) {
            print_help(stdout);
            *exit_code = EXIT_CODE_OK;
            return 0;
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("lianchengctl " LIANCHENG_VERSION);
            *exit_code = EXIT_CODE_OK;
            return 0;
        } else {
            return i;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    char folder[CTL_PATH_BYTES];
    find_program_folder(folder, sizeof folder);
#ifndef __SANITIZE_ADDRESS__            /* the leak check at the end traces its own process */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nothing of a person ends up in a core file */
#endif
    log_init("lianchengctl", LOG_LEVEL_WARN);
    struct ctl ctl = {.program_folder = folder};
    int exit_code = -1;
    int first = read_global_options(&ctl, argc, argv, &exit_code);
    if (exit_code >= 0) {
        return exit_code;
    }
    if (first == 0) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    const struct ctl_command *command = find_command(argv[first]);
    if (!command) {
        return ctl_error(EXIT_CODE_USAGE, "no command \"%s\"; lianchengctl --help lists them", argv[first]);
    }
    exit_code = command->run(&ctl, argc - first, argv + first);
    config_destroy(&ctl.config);
    if (fflush(stdout) != 0 && exit_code == EXIT_CODE_OK) {
        return ctl_error(EXIT_CODE_FAILED, "standard output cannot be written");
    }
    return exit_code;
}
