#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/contract.h"
#include "ctl/ctl.h"

/* The daemon knows its keys best: it checks, in place of this process. */
static int run_daemon(const struct ctl *ctl, const char *daemon, const char *file) {
    char path[CTL_PATH_BYTES];
    char *arguments[] = {(char *)daemon, (char *)"--config", (char *)file, (char *)"--check-config", NULL};
    snprintf(path, sizeof path, "%s/%s", ctl->program_folder, daemon);
    fflush(NULL);
    execv(path, arguments);
    execvp(daemon, arguments);
    return ctl_error(EXIT_CODE_FAILED, "no program %s beside this one or in PATH: %s", daemon, strerror(errno));
}

int command_check_config(struct ctl *ctl, int argc, char **argv) {
    const struct ctl_usage usage = {
        "check-config visits|approvals|issues|aggregator|hl7-gateway FILE",
        "Checks the file as the daemon would read it, with the environment of now (LC_...).\n"
        "Exit code 0 when it is good, 78 when not.\n",
        2, 2};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, NULL, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!contract_find(argv[1])) {
        return EXIT_CODE_USAGE;
    }
    return run_daemon(ctl, argv[1], argv[2]);
}
