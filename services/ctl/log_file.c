#include "ctl/log_file.h"

#include <czmq.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/progress.h"

void log_file_progress(uint64_t seq, uint64_t head, void *user) {
    struct progress *progress = user;
    progress->total = head;
    progress_show(progress, seq);
}

void log_file_beside(const char *path, const char *name, char out[CTL_PATH_BYTES]) {
    const char *slash = strrchr(path, '/');
    if (*name == '/' || !slash) {
        snprintf(out, CTL_PATH_BYTES, "%s", name);
    } else {
        snprintf(out, CTL_PATH_BYTES, "%.*s/%s", (int)(slash - path), path, name);
    }
}

/* /store/folder of a daemon's configuration file. */
static bool folder_of_conf(const char *path, char folder[CTL_PATH_BYTES]) {
    zconfig_t *root = zconfig_load(path);
    const char *value = root ? zconfig_get(root, "/store/folder", NULL) : NULL;
    if (value) {
        log_file_beside(path, value, folder);
    }
    bool is_found = value != NULL;
    zconfig_destroy(&root);
    return is_found;
}

/* LOG, FOLDER or FILE.conf to the log itself. */
static bool find_log(const char *path, char log[CTL_PATH_BYTES]) {
    char folder[CTL_PATH_BYTES];
    struct stat found;
    size_t length = strlen(path);
    snprintf(folder, sizeof folder, "%s", path);
    if (length > 5 && strcmp(path + length - 5, ".conf") == 0) {
        if (!folder_of_conf(path, folder)) {
            ctl_error(0, "%s cannot be read or has no /store/folder", path);
            return false;
        }
    }
    bool is_folder = stat(folder, &found) == 0 && S_ISDIR(found.st_mode);
    snprintf(log, CTL_PATH_BYTES, "%.4000s%s", folder, is_folder ? "/log.db" : "");
    if (stat(log, &found) != 0) {
        ctl_error(0, "there is no log %s", log);
        return false;
    }
    return true;
}

bool log_file_find(struct ctl *ctl, const char *argument, char log[CTL_PATH_BYTES], int *exit_code) {
    char path[CTL_PATH_BYTES];
    *exit_code = EXIT_CODE_CONFIG;
    if (argument) {
        snprintf(path, sizeof path, "%s", argument);
    } else if (ctl_config(ctl) == STATUS_OK) {
        log_file_beside(ctl->config_path, "visits.conf", path);
    } else {
        return false;
    }
    *exit_code = EXIT_CODE_USAGE;
    return find_log(path, log);
}
