#include <czmq.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "journal/journal.h"

#define EXIT_CODE_BROKEN 1

static void show(uint64_t seq, uint64_t head, void *user) {
    struct progress *progress = user;
    progress->total = head;
    progress_show(progress, seq);
}

/* A path beside the file or folder that names it. */
static void beside(const char *path, const char *name, char out[CTL_PATH_BYTES]) {
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
        beside(path, value, folder);
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

static int tell(const struct ctl *ctl, const char *log, enum status status, uint64_t rows, uint64_t bad_seq,
                const uint8_t chain[32]) {
    char text[65];
    json_hex(chain, 32, text);
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        return ctl_error((int)status_exit_code(status), "%s cannot be read: %s", log, status_name(status));
    }
    bool is_intact = status == STATUS_OK;
    if (ctl->json) {
        json_t *result = json_pack("{s:s, s:b, s:I}", "log", log, "intact", (int)is_intact, "rows", (json_int_t)rows);
        json_object_set_new(result, is_intact ? "chain" : "bad_seq",
                            is_intact ? json_string(text) : json_integer((json_int_t)bad_seq));
        json_print(result);
    } else if (is_intact) {
        printf("%s: intact, head %" PRIu64 ", chain %s\n", log, rows, text);
    } else {
        printf("%s: BROKEN at number %" PRIu64 ": a row was changed, removed or put in\n", log, bad_seq);
    }
    return is_intact ? EXIT_CODE_OK : EXIT_CODE_BROKEN;
}

int command_verify(struct ctl *ctl, int argc, char **argv) {
    const struct ctl_usage usage = {
        "verify [LOG|FOLDER|visits.conf]",
        "Walks the hash chain of a log (read only; the daemon may run). Without an argument: of visits.conf beside\n"
        "ctl.conf. Exit code 0 when it is intact, 1 with the first number that does not fit when not.\n",
        0, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, NULL, &argc, argv, &exit_code)) {
        return exit_code;
    }
    char path[CTL_PATH_BYTES], log[CTL_PATH_BYTES];
    if (argc > 1) {
        snprintf(path, sizeof path, "%s", argv[1]);
    } else if (ctl_config(ctl) == STATUS_OK) {
        beside(ctl->config_path, "visits.conf", path);
    } else {
        return EXIT_CODE_CONFIG;
    }
    if (!find_log(path, log)) {
        return EXIT_CODE_USAGE;
    }
    struct progress progress;
    uint64_t rows = 0, bad_seq = 0;
    uint8_t chain[32] = {0};
    progress_start(&progress, "verify", "rows", 0, ctl->json);
    enum status status = journal_verify(log, &rows, &bad_seq, chain, show, &progress);
    progress_end(&progress, rows);
    return tell(ctl, log, status, rows, bad_seq, chain);
}
