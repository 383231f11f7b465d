#include "ctl/run_beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "ctl/log_file.h"

void run_beside_add(struct run_beside *run, const char *argument) {
    CHECK(run->count < RUN_BESIDE_ARGUMENTS_MAX);
    run->arguments[run->count++] = argument;
    run->arguments[run->count] = NULL;
}

/* "--option=value", or the value alone. */
static bool add_copy(struct run_beside *run, const char *name, const char *option, const char *value) {
    CHECK(run->text_count < sizeof run->texts / sizeof *run->texts);
    char *text = run->texts[run->text_count++];
    const size_t room = sizeof *run->texts;
    const int length = option != NULL ? snprintf(text, room, "--%s=%s", option, value) : snprintf(text, room, "%s", value);
    if (length >= (int)room) {
        ctl_error(0, "--%s is too long", name);
        return false;
    }
    run_beside_add(run, text);
    return true;
}

bool run_beside_option(struct run_beside *run, const char *name, const char *value) {
    return add_copy(run, name, name, value);
}

bool run_beside_config(struct run_beside *run, const char *path) {
    run_beside_add(run, "--config");
    return add_copy(run, "config", NULL, path);
}

bool run_beside_aggregator_file(struct ctl *ctl, const char *given, char path[CTL_PATH_BYTES]) {
    if (given == NULL && ctl_config(ctl) != STATUS_OK) {
        return false;
    }
    if (given == NULL) {
        log_file_beside(ctl->config_path, "aggregator.conf", path);
    } else if (snprintf(path, CTL_PATH_BYTES, "%s", given) >= CTL_PATH_BYTES) {
        ctl_error(0, "the path of the aggregator's file is too long");
        return false;
    }
    if (access(path, R_OK) != 0) {
        ctl_error(0, "%s cannot be read: name the aggregator's configuration file or the database", path);
        return false;
    }
    return true;
}

int run_beside_exec(struct run_beside *run, const struct ctl *ctl) {
    char path[CTL_PATH_BYTES];
    char *const *arguments = (char *const *)(uintptr_t)run->arguments;
    fflush(NULL);
    unsetenv("LC_CONFIG"); /* that is our ctl.conf */
    if (snprintf(path, sizeof path, "%s/%s", ctl->program_folder, run->arguments[0]) < (int)sizeof path) {
        execv(path, arguments);
    }
    execvp(run->arguments[0], arguments);
    return ctl_error(EXIT_CODE_FAILED, "no program %s beside this one or in PATH: %s", run->arguments[0],
                     strerror(errno));
}
