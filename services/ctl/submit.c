#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/hash.h"
#include "client/client.h"
#include "ctl/command_line.h"
#include "ctl/inflight.h"
#include "ctl/lines.h"
#include "ctl/progress.h"

#define WINDOW_SUBMITS 16
#define SUBMIT_BYTES_MAX (512 * 1024) /* well below a frame's bound */
#define PARSE_BYTES_MAX (8 * 1024 * 1024)
#define SAVE_MS 1000
#define WAIT_MS 50

struct submit {
    struct ctl *ctl;
    const struct contract *contract;
    const char *path; /* NULL: stdin */
    const char *key;
    const char *organisation;
    const char *as; /* operator, registrar; NULL: not said */
    const char *rejects_path; /* NULL: stderr */
    char default_rejects_path[CTL_PATH_BYTES];
    bool is_restart;
    int64_t batch;     /* commands in one Submit */
    int64_t timeout_s; /* without any receipt; 0: for ever */

    int input;
    FILE *rejects;
    struct sidecar sidecar;
    struct line_reader reader;
    uint8_t hash[SIDECAR_HASH_BYTES]; /* over the lines read */
    struct inflight inflight;
    struct client *client;
    struct arena arena; /* of one line */
    size_t building_bytes;
    struct progress progress;
    int64_t heard_ms; /* last receipt */
    int64_t saved_ms;
    uint64_t resumed_lines; /* done by earlier runs */
};

/* --- Opening --------------------------------------------------------------------------------------------------------
 */
static int open_input(struct submit *submit) {
    submit->input = submit->path ? open(submit->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (submit->input < 0) {
        return ctl_error(EXIT_CODE_USAGE, "%s cannot be opened: %s", submit->path, strerror(errno));
    }
    if (submit->path && flock(submit->input, LOCK_EX | LOCK_NB) != 0) {
        return ctl_error(EXIT_CODE_TEMPORARY, "another submit of %s is running", submit->path);
    }
    return EXIT_CODE_OK;
}

static int open_sidecar(struct submit *submit) {
    char path[CTL_PATH_BYTES], target[128];
    snprintf(path, sizeof path, "%s.receipts", submit->path ? submit->path : "");
    const char *who = submit->organisation ? submit->organisation : submit->as;
    snprintf(target, sizeof target, "%s%s%s", submit->contract->service, who ? " " : "", who ? who : "");
    enum status status = sidecar_open(&submit->sidecar, submit->path ? path : NULL, target, submit->is_restart);
    return status == STATUS_OK ? EXIT_CODE_OK : (int)status_exit_code(status);
}

/* Behind the lines of earlier runs: their receipts are there. */
static int skip_done_lines(struct submit *submit) {
    char *text;
    size_t size;
    submit->resumed_lines = submit->sidecar.line;
    while (submit->reader.number < submit->sidecar.line) {
        enum line_kind kind = line_reader_next(&submit->reader, -1, &text, &size);
        if (kind == LINE_END || kind == LINE_FAILED) {
            break;
        }
        sidecar_hash_line(submit->hash, kind == LINE_TEXT ? text : "", kind == LINE_TEXT ? size : 0);
    }
    if (memcmp(submit->hash, submit->sidecar.hash, sizeof submit->hash) != 0) {
        return ctl_error(EXIT_CODE_DATA,
                         "%s was changed within its first %" PRIu64 " lines, whose receipts are in %s; "
                         "lines may be added at its end, or --restart sends all as new commands",
                         submit->path, submit->sidecar.line, submit->sidecar.path);
    }
    return EXIT_CODE_OK;
}

/* What was written for lines behind the last saved one will be written again. */
static int open_rejects(struct submit *submit) {
    if (!submit->rejects_path && submit->path) {
        snprintf(submit->default_rejects_path, sizeof submit->default_rejects_path, "%s.rejects", submit->path);
        submit->rejects_path = submit->default_rejects_path;
    }
    if (!submit->rejects_path) {
        submit->rejects = stderr;
        return EXIT_CODE_OK;
    }
    struct stat found;
    int descriptor = open(submit->rejects_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0 || fstat(descriptor, &found) != 0 ||
        ((uint64_t)found.st_size > submit->sidecar.rejects_bytes &&
         ftruncate(descriptor, (off_t)submit->sidecar.rejects_bytes) != 0)) {
        return ctl_error(EXIT_CODE_FAILED, "%s cannot be written: %s", submit->rejects_path, strerror(errno));
    }
    submit->rejects = fdopen(descriptor, "a");
    return submit->rejects ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct submit *submit = user;
    submit->heard_ms = clock_monotonic_ms();
    inflight_receipt(&submit->inflight, number, receipt);
}

/* --key, else the key of --as or the organisation's own, else the operator's. */
static int connect_client(struct submit *submit) {
    char key[CTL_PATH_BYTES];
    struct client_options options = {.window_submits = WINDOW_SUBMITS, .receipt = on_receipt, .user = submit};
    const char *who = submit->as ? submit->as : submit->organisation;
    if (!submit->key && who && target_key_as(submit->ctl, who, key) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    const char *key_path = submit->key ? submit->key : who ? key : NULL;
    enum status status = target_options(submit->ctl, submit->contract->service, key_path, &options.socket);
    if (status != STATUS_OK) {
        return (int)status_exit_code(status);
    }
    options.organisation = submit->organisation;
    status = client_new(&options, &submit->client);
    if (status != STATUS_OK) {
        return ctl_error((int)status_exit_code(status), "cannot connect to %s at %s with key %s: %s",
                         submit->contract->service, options.socket.endpoint, options.socket.key_path,
                         status_name(status));
    }
    return EXIT_CODE_OK;
}

/* --- Sending --------------------------------------------------------------------------------------------------------
 */
static int save(struct submit *submit) {
    submit->saved_ms = clock_monotonic_ms();
    if (fflush(submit->rejects) != 0 || (submit->rejects != stderr && fdatasync(fileno(submit->rejects)) != 0)) {
        return ctl_error(EXIT_CODE_FAILED, "the rejects cannot be written: %s", strerror(errno));
    }
    return sidecar_save(&submit->sidecar) == STATUS_OK ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static void show_progress(struct submit *submit) {
    int64_t silent_s = (clock_monotonic_ms() - submit->heard_ms) / 1000;
    if (silent_s >= 3 && !inflight_is_empty(&submit->inflight)) {
        progress_note(&submit->progress, "waiting for %s (%" PRId64 " s)", submit->contract->service, silent_s);
    } else {
        progress_note(&submit->progress, "refused %" PRIu64, submit->sidecar.refused);
    }
    progress_show(&submit->progress, submit->sidecar.line);
}

/* Takes receipts. Not OK: end with that code. */
static int pump(struct submit *submit, int timeout_ms) {
    enum status status = client_pump(submit->client, timeout_ms);
    show_progress(submit);
    if (status == STATUS_DENIED) {
        return ctl_error(EXIT_CODE_FAILED, "%s refuses everything: %s", submit->contract->service,
                         client_problem(submit->client));
    }
    if (status == STATUS_MALFORMED) {
        return ctl_error(EXIT_CODE_FAILED, "%s does not speak this contract", submit->contract->service);
    }
    if (submit->timeout_s > 0 && !inflight_is_empty(&submit->inflight) &&
        clock_monotonic_ms() - submit->heard_ms > submit->timeout_s * 1000) {
        return ctl_error(EXIT_CODE_TEMPORARY,
                         "no receipt from %s for %" PRId64 " s: is it running, is this key in its keys.tab?",
                         submit->contract->service, submit->timeout_s);
    }
    if (clock_monotonic_ms() - submit->saved_ms >= SAVE_MS) {
        return save(submit);
    }
    return EXIT_CODE_OK;
}

static int flush_submit(struct submit *submit) {
    submit->building_bytes = 0;
    client_flush(submit->client);
    return pump(submit, 0);
}

/* Waits for room in the window when there is none. */
static int send_command(struct submit *submit, const struct command_line *line, uint64_t number) {
    enum status status = STATUS_AGAIN;
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        status = client_add(submit->client, &line->id, line->occurred_at_ms, line->expected_version, line->body,
                            line->body_size, number);
        if (status != STATUS_AGAIN) {
            break;
        }
        exit_code = pump(submit, WAIT_MS);
    }
    submit->building_bytes += line->body_size + 64;
    if (exit_code == EXIT_CODE_OK && status != STATUS_OK && status != STATUS_AGAIN) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "a command could not be queued: %s", status_name(status));
    }
    return exit_code;
}

/* A line without id gets one made of the run, the line's number and its content: the same again when it is sent again,
 * another when it was corrected in between. */
static int take_line(struct submit *submit, const char *text, size_t size) {
    struct command_line line;
    struct json_problem problem;
    uint64_t number = inflight_add(&submit->inflight, submit->reader.number, submit->hash);
    arena_reset(&submit->arena);
    enum status status = command_line_parse(submit->contract, text, size, &submit->arena, &line, &problem);
    if (status != STATUS_OK) {
        uint32_t code = status == STATUS_MEMORY ? COMMON__V1__CODE__CODE_TOO_LARGE : COMMON__V1__CODE__CODE_MALFORMED;
        inflight_refuse(&submit->inflight, number, code, problem.path, problem.message);
        return EXIT_CODE_OK;
    }
    if (!line.has_id) {
        line.id = id_make_from(submit->sidecar.start_ms, submit->sidecar.seed ^ hash_bytes(text, size),
                               submit->reader.number);
    }
    if (submit->building_bytes + line.body_size + 64 > SUBMIT_BYTES_MAX) {
        int exit_code = flush_submit(submit);
        if (exit_code != EXIT_CODE_OK) {
            return exit_code;
        }
    }
    int exit_code = send_command(submit, &line, number);
    if (exit_code == EXIT_CODE_OK && client_building(submit->client) >= (size_t)submit->batch) {
        exit_code = flush_submit(submit);
    }
    return exit_code;
}

static int take_long_line(struct submit *submit) {
    uint64_t number = inflight_add(&submit->inflight, submit->reader.number, submit->hash);
    inflight_refuse(&submit->inflight, number, COMMON__V1__CODE__CODE_TOO_LARGE, "", "the line is longer than 1 MiB");
    return EXIT_CODE_OK;
}

static bool is_blank(const char *text, size_t size) {
    return strspn(text, " \t\r") == size;
}

/* One step: reads a line if there is one. *is_end once the input has ended. */
static int step(struct submit *submit, bool *is_end) {
    char *text;
    size_t size;
    if (inflight_is_full(&submit->inflight)) {
        int exit_code = flush_submit(submit);
        return exit_code == EXIT_CODE_OK ? pump(submit, WAIT_MS) : exit_code;
    }
    switch (line_reader_next(&submit->reader, 0, &text, &size)) {
    case LINE_TEXT:
        sidecar_hash_line(submit->hash, text, size);
        if (inflight_is_empty(&submit->inflight)) {
            submit->heard_ms = clock_monotonic_ms(); /* silence counts from the first that waits */
        }
        return is_blank(text, size) ? EXIT_CODE_OK : take_line(submit, text, size);
    case LINE_TOO_LONG:
        sidecar_hash_line(submit->hash, "", 0);
        return take_long_line(submit);
    case LINE_NONE_YET: {
        int exit_code = flush_submit(submit);
        return exit_code == EXIT_CODE_OK ? pump(submit, WAIT_MS) : exit_code;
    }
    case LINE_END:
        *is_end = true;
        return flush_submit(submit);
    case LINE_FAILED:
        return ctl_error(EXIT_CODE_FAILED, "the input cannot be read: %s", strerror(errno));
    }
    return EXIT_CODE_FAILED;
}

static int send_all(struct submit *submit) {
    bool is_end = false;
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && !is_end && !ctl_is_interrupted()) {
        exit_code = step(submit, &is_end);
    }
    while (exit_code == EXIT_CODE_OK && !inflight_is_empty(&submit->inflight) && !ctl_is_interrupted()) {
        client_flush(submit->client);
        exit_code = pump(submit, WAIT_MS);
    }
    int saved = save(submit);
    if (exit_code == EXIT_CODE_OK && (!is_end || !inflight_is_empty(&submit->inflight))) {
        exit_code = EXIT_CODE_TEMPORARY;
    }
    return exit_code == EXIT_CODE_OK ? saved : exit_code;
}

/* --- Telling --------------------------------------------------------------------------------------------------------
 */
static void print_json(const struct submit *submit, bool is_complete, int64_t elapsed_ms) {
    const struct sidecar *sidecar = &submit->sidecar;
    json_print(json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:O, s:I, s:I}", "service", submit->contract->service,
                         "complete", (int)is_complete, "lines", (json_int_t)sidecar->line, "accepted",
                         (json_int_t)sidecar->accepted, "duplicate", (json_int_t)sidecar->duplicate, "refused",
                         (json_int_t)sidecar->refused, "events", (json_int_t)sidecar->events, "refused_by_code",
                         sidecar->by_code, "resumed_after", (json_int_t)submit->resumed_lines, "milliseconds",
                         (json_int_t)elapsed_ms));
}

static void print_text(const struct submit *submit, int64_t elapsed_ms) {
    const struct sidecar *sidecar = &submit->sidecar;
    char accepted[PROGRESS_NUMBER_BYTES], events[PROGRESS_NUMBER_BYTES], duplicate[PROGRESS_NUMBER_BYTES];
    char refused[PROGRESS_NUMBER_BYTES];
    printf("%s: %s accepted (%s events), %s duplicate, %s refused, in %.1f s\n", submit->contract->service,
           progress_number(sidecar->accepted, accepted), progress_number(sidecar->events, events),
           progress_number(sidecar->duplicate, duplicate), progress_number(sidecar->refused, refused),
           (double)elapsed_ms / 1000);
    const char *name;
    json_t *count;
    json_object_foreach(sidecar->by_code, name, count) {
        printf("  %12" JSON_INTEGER_FORMAT "  %s\n", json_integer_value(count), name);
    }
    if (submit->resumed_lines > 0) {
        printf("The first %" PRIu64
               " lines had their receipts from earlier runs; --restart would send all as new commands.\n",
               submit->resumed_lines);
    }
    if (sidecar->refused > 0 && submit->rejects != stderr) {
        printf("The refused lines and why: %s\n", submit->rejects_path);
    }
}

static int tell(const struct submit *submit, int exit_code, int64_t elapsed_ms) {
    if (submit->ctl->json) {
        print_json(submit, exit_code == EXIT_CODE_OK, elapsed_ms);
    } else {
        print_text(submit, elapsed_ms);
    }
    if (exit_code != EXIT_CODE_OK && submit->path) {
        fprintf(stderr, "Not complete: receipts up to line %" PRIu64 ". The same command again continues.\n",
                submit->sidecar.line);
    }
    return exit_code == EXIT_CODE_OK && submit->sidecar.refused > 0 ? EXIT_CODE_DATA : exit_code;
}

/* --- The whole ------------------------------------------------------------------------------------------------------
 */
static int prepare(struct submit *submit) {
    int exit_code = open_input(submit);
    exit_code = exit_code == EXIT_CODE_OK ? connect_client(submit) : exit_code;
    exit_code = exit_code == EXIT_CODE_OK ? open_sidecar(submit) : exit_code;
    line_reader_init(&submit->reader, submit->input);
    uint64_t total = exit_code == EXIT_CODE_OK ? lines_count(submit->input) : 0;
    exit_code = exit_code == EXIT_CODE_OK ? skip_done_lines(submit) : exit_code;
    exit_code = exit_code == EXIT_CODE_OK ? open_rejects(submit) : exit_code;
    if (exit_code == EXIT_CODE_OK) {
        progress_start(&submit->progress, "submit", "lines", total, submit->ctl->json);
    }
    return exit_code;
}

static int run(struct submit *submit) {
    int exit_code = prepare(submit);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    ctl_catch_signals();
    inflight_init(&submit->inflight, submit->contract, &submit->sidecar, submit->rejects);
    submit->heard_ms = submit->saved_ms = clock_monotonic_ms();
    exit_code = send_all(submit);
    int64_t elapsed_ms = progress_end(&submit->progress, submit->sidecar.line);
    inflight_release(&submit->inflight);
    return tell(submit, exit_code, elapsed_ms);
}

static void release(struct submit *submit) {
    client_destroy(&submit->client);
    line_reader_release(&submit->reader);
    sidecar_release(&submit->sidecar);
    arena_release(&submit->arena);
    if (submit->rejects && submit->rejects != stderr) {
        fclose(submit->rejects);
        if (submit->sidecar.rejects_bytes == 0) {
            unlink(submit->rejects_path); /* an empty one says nothing */
        }
    }
    if (submit->path && submit->input >= 0) {
        close(submit->input);
    }
}

int command_submit(struct ctl *ctl, int argc, char **argv) {
    struct submit submit = {.ctl = ctl, .batch = 512, .timeout_s = 60, .input = -1};
    const struct ctl_option options[] = {
        {"key", CTL_TEXT, &submit.key, "FILE", "submit with this key (/key of ctl.conf)", 0, 0},
        {"organisation", CTL_TEXT, &submit.organisation, "ORG",
         "in its name; without --key with its key of /publisher_keys", 0, 0},
        {"as", CTL_TEXT, &submit.as, "WHO", "registrar, operator, or an officer or organisation: its key of ctl.conf", 0, 0},
        {"rejects", CTL_TEXT, &submit.rejects_path, "FILE", "where refused lines go (FILE.rejects; stdin: stderr)", 0,
         0},
        {"restart", CTL_FLAG, &submit.is_restart, NULL, "forget earlier runs: every line is a new command", 0, 0},
        {"batch", CTL_INTEGER, &submit.batch, "N", "commands in one message (512)", 1, 4096},
        {"timeout", CTL_INTEGER, &submit.timeout_s, "SECONDS", "give up without a receipt for so long (60; 0: never)",
         0, 86400},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "submit visits|approvals|issues|aggregator FILE|- [OPTIONS]",
        "Submits one command a line, as JSON:\n"
        "    {\"occurred_at\": \"2020-01-01T08:30:00+08:00\", \"open_visit\": {\"visit_number\": \"7\", "
        "\"resident_id\": \"...\",\n"
        "     \"card_kind\": \"CARD_KIND_SOCIAL_SECURITY\", \"visit_class\": \"VISIT_CLASS_OUTPATIENT\"}}\n"
        "Members as in proto/; optional beside them: id (UUIDv7), expected_version; occurred_at_ms instead of "
        "occurred_at.\n"
        "FILE.receipts remembers what has its receipt: the same command again continues an interrupted run, and "
        "nothing\n"
        "happens twice. Exit code 0: all accepted or known; 65: some refused (see FILE.rejects); 75: not complete.\n",
        2, 2};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    submit.contract = contract_find(argv[1]);
    if (!submit.contract) {
        return EXIT_CODE_USAGE;
    }
    if (!submit.contract->command) {
        return ctl_error(EXIT_CODE_USAGE, "%s takes no commands", argv[1]);
    }
    if (submit.as && strcmp(submit.as, "operator") == 0) {
        submit.as = NULL; /* as by default */
    }
    submit.path = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
    arena_init(&submit.arena, PARSE_BYTES_MAX);
    exit_code = run(&submit);
    release(&submit);
    return exit_code;
}
