#include <inttypes.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/log_file.h"
#include "ctl/progress.h"
#include "journal/journal.h"

#define EXIT_CODE_BROKEN 1

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
        "verify " LOG_FILE_ARGUMENT,
        "Walks the hash chain of a log (read only; the daemon may run). Without an argument: of visits.conf beside\n"
        "ctl.conf. Exit code 0 when it is intact, 1 with the first number that does not fit when not.\n",
        0, 1};
    char log[CTL_PATH_BYTES];
    int exit_code;
    if (!ctl_arguments(ctl, &usage, NULL, &argc, argv, &exit_code) ||
        !log_file_find(ctl, argc > 1 ? argv[1] : NULL, log, &exit_code)) {
        return exit_code;
    }
    struct progress progress;
    uint64_t rows = 0, bad_seq = 0;
    uint8_t chain[32] = {0};
    progress_start(&progress, "verify", "rows", 0, ctl->json);
    enum status status = journal_verify(log, &rows, &bad_seq, chain, log_file_progress, &progress);
    progress_end(&progress, rows);
    return tell(ctl, log, status, rows, bad_seq, chain);
}
