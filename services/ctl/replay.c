#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approvals/v1/codes.pb-c.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "ctl/city.h"
#include "ctl/city_issues.h"
#include "ctl/contract.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/replay_hospitals.h"
#include "ctl/replay_offices.h"
#include "issues/v1/codes.pb-c.h"

#define PACE_EVERY 64 /* commands between looks at the clock */
#define PACE_SLEEP_MS 5
#define GIVE_UP_MS 10000 /* after Ctrl-C: longest wait for the last receipts */

struct arguments {
    int64_t patients;
    int64_t seed;
    int64_t year;
    int64_t rate;
    int64_t window;
    int64_t batch;
    int64_t base_ms;
    int64_t cases;
    const char *only; /* one of sides; NULL: all, one after the other */
    const char *keys_folder;
    const char *facilities_file;
    const char *agencies_file;
    const char *lines_folder;
};

static bool parse(struct ctl *ctl, int argc, char **argv, struct arguments *a, int *exit_code) {
    const struct ctl_option options[] = {
        {"patients", CTL_INTEGER, &a->patients, "N", "distinct one-card patients (default 753800)", 1,
         CITY_PATIENTS_MAX},
        {"cases", CTL_INTEGER, &a->cases, "N", "cases received by the agencies in the year (default 300000)", 1, CITY_CASES_MAX},
        {"only", CTL_TEXT, &a->only, "SIDE", "visits, approvals or issues; otherwise one after the other", 0, 0},
        {"seed", CTL_INTEGER, &a->seed, "N", "another seed makes another year (default 1)", 0, INT64_MAX},
        {"year", CTL_INTEGER, &a->year, "N", "only 2020 is known", CITY_YEAR, CITY_YEAR},
        {"hospitals-keys", CTL_TEXT, &a->keys_folder, "DIR",
         "folder with the keys of hospitals, agencies and officers (default /publisher_keys)", 0, 0},
        {"rate", CTL_INTEGER, &a->rate, "N", "commands a second, 0 = as fast as it goes (default)", 0, 100000000},
        {"window", CTL_INTEGER, &a->window, "N", "messages in flight for each sender (default 16)", 1, 1024},
        {"batch", CTL_INTEGER, &a->batch, "N", "most commands in one message (default 256)", 1, 4096},
        {"base-ms", CTL_INTEGER, &a->base_ms, "MS",
         "time the command ids carry, Unix ms (default now): the same again is a re-send and changes nothing", 1,
         INT64_C(1) << 47},
        {"write-facilities", CTL_TEXT, &a->facilities_file, "FILE", "write the hospitals for init --facilities, stop",
         0, 0},
        {"write-agencies", CTL_TEXT, &a->agencies_file, "FILE", "write the agencies for init --agencies, stop", 0, 0},
        {"json-lines", CTL_TEXT, &a->lines_folder, "DIR", "write HOSPITAL.jsonl for submit instead of sending (visits)", 0, 0},
        {0},
    };
    static const struct ctl_usage usage = {
        "replay [OPTIONS]",
        "Makes a synthetic year of Xuchang from a seed and publishes it day by day: the visits of its hospitals, the\n"
        "catalogue and the cases of its agencies, enterprise issues, reform tasks and river clues, each sender over its own\n"
        "connection and with its own key. Nobody in it exists. What the year adds up to is for the metrics to say. The approval\n"
        "and issue registries have to run with /tick/source = commands: the year brings its own time.\n",
        0, 0};
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, exit_code)) {
        return false;
    }
    return true;
}

/* --- Files instead of sending
 * -------------------------------------------------------------------------------------------- */

static int write_facilities(const char *path) {
    struct buffer text = {0};
    buffer_append_text(&text, "# facility\tname\tregion\n");
    for (size_t i = 0; i < city_hospital_count(); i++) {
        const struct city_hospital *hospital = city_hospital(i);
        buffer_printf(&text, "%s\t%s\t%" PRIu32 "\n", hospital->code, hospital->name, hospital->region);
    }
    enum status status = file_write_atomic(path, text.data, text.size, 0644);
    buffer_release(&text);
    return status == STATUS_OK ? EXIT_CODE_OK
                               : ctl_error(status_exit_code(status), "%s: %s", path, status_name(status));
}

static int write_agencies(const char *path) {
    struct buffer text = {0};
    buffer_append_text(&text, "# agency\tname\tregion\tcredit code\tservice hall\n");
    for (size_t i = 0; i < city_agency_count(); i++) {
        const struct city_agency *agency = city_agency(i);
        buffer_printf(&text, "%s\t%s\t%" PRIu32 "\t%s%s\n", agency->code, agency->name, agency->region, agency->credit_code,
                      agency->is_window ? "\twindow" : "");
    }
    enum status status = file_write_atomic(path, text.data, text.size, 0644);
    buffer_release(&text);
    return status == STATUS_OK ? EXIT_CODE_OK : ctl_error(status_exit_code(status), "%s: %s", path, status_name(status));
}

struct lines {
    FILE *files[CITY_HOSPITALS_MAX];
};

static int lines_open(struct lines *lines, const char *folder) {
    enum status status = file_make_folder(folder, 0755);
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "%s: %s", folder, status_name(status));
    }
    for (size_t i = 0; i < city_hospital_count(); i++) {
        char path[CTL_PATH_BYTES];
        int length = snprintf(path, sizeof(path), "%s/%s.jsonl", folder, city_hospital(i)->code);
        lines->files[i] = length < CTL_PATH_BYTES ? fopen(path, "we") : NULL;
        if (lines->files[i] == NULL) {
            return ctl_error(EXIT_CODE_FAILED, "%s/%s.jsonl cannot be written", folder, city_hospital(i)->code);
        }
    }
    return EXIT_CODE_OK;
}

/* False: a file could not be written in full. */
static bool lines_close(struct lines *lines) {
    bool is_whole = true;
    for (size_t i = 0; i < city_hospital_count(); i++) {
        if (lines->files[i] != NULL) {
            is_whole &= ferror(lines->files[i]) == 0;
            is_whole &= fclose(lines->files[i]) == 0;
        }
    }
    return is_whole;
}

static void lines_add(struct lines *lines, const struct city_command *command) {
    Visits__V1__Command message;
    union city_message_part part;
    char id[ID_TEXT_BYTES];
    city_command_message(command, &message, &part);
    id_format(&command->id, id);
    json_t *body = json_from_message(&message.base);
    json_t *line = json_pack("{s:s, s:I}", "id", id, "occurred_at_ms", (json_int_t)command->occurred_at_ms);
    CHECK(line != NULL && json_object_update(line, body) == 0);
    json_dumpf(line, lines->files[command->hospital], JSON_COMPACT);
    fputc('\n', lines->files[command->hospital]);
    json_decref(body);
    json_decref(line);
}

static int write_lines(const char *folder, struct city *city, struct progress *progress) {
    struct lines lines = {0};
    int exit_code = lines_open(&lines, folder);
    struct city_command command;
    uint64_t done = 0;
    while (exit_code == EXIT_CODE_OK && !ctl_is_interrupted() && city_next(city, &command)) {
        lines_add(&lines, &command);
        progress_show(progress, ++done);
    }
    progress_end(progress, done);
    if (!lines_close(&lines) && exit_code == EXIT_CODE_OK) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "%s: a file could not be written in full", folder);
    }
    return exit_code;
}

/* --- Sending
 * ---------------------------------------------------------------------------------------------------------------- */

struct run {
    const struct arguments *arguments;
    struct city *city;
    struct replay_hospitals *hospitals;
    struct progress *progress;
    uint64_t sent;
};

/* Holds to --rate: what was gathered goes out before it waits. */
static int pace(struct run *run) {
    int64_t rate = run->arguments->rate;
    int exit_code = EXIT_CODE_OK;
    bool is_flushed = false;
    while (rate > 0 && exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        int64_t elapsed_ms = clock_monotonic_ms() - run->progress->started_ms;
        if ((double)run->sent <= (double)rate * (double)elapsed_ms / 1000.0) {
            break;
        }
        exit_code = is_flushed ? replay_hospitals_pump(run->hospitals) : replay_hospitals_flush(run->hospitals);
        is_flushed = true;
        poll(NULL, 0, PACE_SLEEP_MS);
    }
    return exit_code;
}

/* A day is over: what was gathered goes out, receipts are taken. */
static int end_day(struct run *run, uint16_t next_day) {
    char date[CIVIL_DATE_TEXT_BYTES];
    civil_date_format(city_first_day() + next_day, date);
    progress_note(run->progress, "%s", date);
    int exit_code = replay_hospitals_flush(run->hospitals);
    return exit_code == EXIT_CODE_OK ? replay_hospitals_pump(run->hospitals) : exit_code;
}

static int send_all(struct run *run) {
    struct city_command command;
    uint16_t day = UINT16_MAX;
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && !ctl_is_interrupted() && city_next(run->city, &command)) {
        if (command.publication_day != day) {
            day = command.publication_day;
            exit_code = end_day(run, day);
        }
        if (exit_code == EXIT_CODE_OK) {
            exit_code = replay_hospitals_publish(run->hospitals, &command, run->sent);
        }
        run->sent++;
        progress_show(run->progress, run->sent);
        if (exit_code == EXIT_CODE_OK && (run->sent % PACE_EVERY == 0 || run->arguments->rate < PACE_EVERY)) {
            exit_code = pace(run);
        }
    }
    return exit_code == EXIT_CODE_OK ? replay_hospitals_flush(run->hospitals) : exit_code;
}

/* Until every command has its receipt or, after Ctrl-C, for a while. */
static int wait_all(struct run *run) {
    int exit_code = EXIT_CODE_OK;
    int64_t asked_to_stop_ms = 0;
    while (exit_code == EXIT_CODE_OK && replay_hospitals_outstanding(run->hospitals) > 0) {
        exit_code = replay_hospitals_wait(run->hospitals, 50);
        progress_note(run->progress, "%" PRIu64 " receipts to come", replay_hospitals_outstanding(run->hospitals));
        progress_show(run->progress, run->sent);
        if (ctl_is_interrupted() && asked_to_stop_ms == 0) {
            asked_to_stop_ms = clock_monotonic_ms();
        }
        if (asked_to_stop_ms > 0 && clock_monotonic_ms() - asked_to_stop_ms > GIVE_UP_MS) {
            break;
        }
    }
    return exit_code;
}

/* --- What came of it
 * ---------------------------------------------------------------------------------------------------------- */

/* What came of one side. */
struct outcome {
    const char *registry;
    const struct replay_results *results;
    uint64_t sent, outstanding;
    size_t senders;
    const char *senders_are;
    int64_t elapsed_ms, base_ms;
};

static void print_json(const struct outcome *o) {
    json_t *codes = json_object();
    for (uint32_t code = 0; code < REPLAY_CODES_MAX; code++) {
        if (o->results->by_code[code] > 0) {
            json_object_set_new(codes, contract_code_name(contract_find(o->registry), code),
                                json_integer((json_int_t)o->results->by_code[code]));
        }
    }
    json_t *document = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I}", "registry", o->registry, "sent", (json_int_t)o->sent,
                                 "milliseconds", (json_int_t)o->elapsed_ms, "accepted", (json_int_t)o->results->accepted,
                                 "duplicates", (json_int_t)o->results->duplicates, "refused", (json_int_t)o->results->refused,
                                 "outstanding", (json_int_t)o->outstanding, "refused_by_code", codes, "base_ms",
                                 (json_int_t)o->base_ms);
    CHECK(document != NULL);
    json_print(document);
}

static void print_text(const struct outcome *o) {
    char number[PROGRESS_NUMBER_BYTES];
    uint64_t per_second = o->sent * 1000 / (uint64_t)o->elapsed_ms;
    printf("published   %12s commands of %zu %s in %.1f s", progress_number(o->sent, number), o->senders, o->senders_are,
           (double)o->elapsed_ms / 1000);
    printf(" (%s/s)\n", progress_number(per_second, number));
    printf("accepted    %12s\n", progress_number(o->results->accepted, number));
    printf("duplicate   %12s\n", progress_number(o->results->duplicates, number));
    printf("refused     %12s\n", progress_number(o->results->refused, number));
    for (uint32_t code = 0; code < REPLAY_CODES_MAX; code++) {
        if (o->results->by_code[code] > 0) {
            printf("  %-28s %s\n", contract_code_name(contract_find(o->registry), code),
                   progress_number(o->results->by_code[code], number));
        }
    }
    if (o->outstanding > 0) {
        printf("no receipt  %12s\n", progress_number(o->outstanding, number));
    }
    printf("To send the same again: --base-ms %" PRId64 "\n", o->base_ms);
}

static int conclude(struct ctl *ctl, const struct outcome *outcome, int exit_code) {
    if (ctl->json) {
        print_json(outcome);
    } else {
        print_text(outcome);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    if (ctl_is_interrupted()) {
        return ctl_error(EXIT_CODE_TEMPORARY, "interrupted; send the same again to complete the year");
    }
    /* The year holds nothing that a registry should refuse. */
    return outcome->results->refused > 0 ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

static int publish(struct ctl *ctl, struct run *run) {
    const struct replay_options options = {.keys_folder = run->arguments->keys_folder,
                                           .window_submits = (uint32_t)run->arguments->window,
                                           .batch_commands = (uint32_t)run->arguments->batch};
    int exit_code = replay_hospitals_register(ctl, (uint64_t)run->arguments->base_ms);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = replay_hospitals_new(ctl, &options, &run->hospitals);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    progress_start(run->progress, "replay", "commands", city_totals(run->city)->commands, ctl->json);
    exit_code = send_all(run);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = wait_all(run);
    }
    const struct outcome outcome = {.registry = "visits",
                                    .results = replay_hospitals_results(run->hospitals),
                                    .sent = run->sent,
                                    .outstanding = replay_hospitals_outstanding(run->hospitals),
                                    .senders = city_hospital_count(),
                                    .senders_are = "hospitals",
                                    .elapsed_ms = progress_end(run->progress, run->sent),
                                    .base_ms = run->arguments->base_ms};
    exit_code = conclude(ctl, &outcome, exit_code);
    replay_hospitals_destroy(&run->hospitals);
    return exit_code;
}

/* --- Visits
 * --------------------------------------------------------------------------------------------------------------------- */

static int replay_visits(struct ctl *ctl, const struct arguments *arguments) {
    struct city *city = NULL;
    const struct city_options options = {.seed = (uint64_t)arguments->seed,
                                         .patients = (uint32_t)arguments->patients,
                                         .base_ms = (uint64_t)arguments->base_ms};
    enum status status = city_new(&options, &city);
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "the year cannot be made: %s", status_name(status));
    }
    struct progress progress = {0};
    int exit_code;
    if (arguments->lines_folder != NULL) {
        progress_start(&progress, "write", "commands", city_totals(city)->commands, ctl->json);
        exit_code = write_lines(arguments->lines_folder, city, &progress);
    } else {
        struct run run = {.arguments = arguments, .city = city, .progress = &progress};
        exit_code = publish(ctl, &run);
    }
    city_destroy(&city);
    return exit_code;
}

/* --- Approvals, issues
 * ------------------------------------------------------------------------------------------------------------------ */

static int publish_offices(struct ctl *ctl, const struct arguments *arguments, const struct replay_stream *stream, uint64_t commands) {
    const struct replay_offices_options options = {.keys_folder = arguments->keys_folder,
                                                   .window_submits = (uint32_t)arguments->window,
                                                   .batch_commands = (uint32_t)arguments->batch,
                                                   .rate = arguments->rate};
    struct replay_offices *replay = NULL;
    int exit_code = replay_offices_new(ctl, stream, &options, &replay);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    struct progress progress = {0};
    progress_start(&progress, "replay", "commands", commands, ctl->json);
    exit_code = replay_offices_publish(replay, &progress);
    const struct outcome outcome = {.registry = stream->registry,
                                    .results = replay_offices_results(replay),
                                    .sent = replay_offices_sent(replay),
                                    .outstanding = replay_offices_outstanding(replay),
                                    .senders = city_agency_count(),
                                    .senders_are = "agencies",
                                    .elapsed_ms = progress_end(&progress, replay_offices_sent(replay)),
                                    .base_ms = arguments->base_ms};
    exit_code = conclude(ctl, &outcome, exit_code);
    replay_offices_destroy(&replay);
    return exit_code;
}

static bool next_approval(void *city, struct city_approvals_command *command) {
    return city_approvals_next(city, command);
}
static size_t pack_approval(const void *city, const struct city_approvals_command *command, uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]) {
    return city_approvals_pack(city, command, body);
}

static int replay_approvals(struct ctl *ctl, const struct arguments *arguments) {
    struct city_approvals *city = NULL;
    const struct city_approvals_options options = {.seed = (uint64_t)arguments->seed,
                                                   .cases = (uint32_t)arguments->cases,
                                                   .base_ms = (uint64_t)arguments->base_ms};
    enum status status = city_approvals_new(&options, &city);
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "the year cannot be made: %s", status_name(status));
    }
    const struct replay_stream stream = {"approvals", APPROVALS__V1__CODE__CODE_TICK_NOT_TAKEN, city, next_approval, pack_approval};
    const int exit_code = publish_offices(ctl, arguments, &stream, city_approvals_totals(city)->commands);
    city_approvals_destroy(&city);
    return exit_code;
}

static bool next_issue(void *city, struct city_approvals_command *command) {
    return city_issues_next(city, command);
}
static size_t pack_issue(const void *city, const struct city_approvals_command *command, uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]) {
    return city_issues_pack(city, command, body);
}

static int replay_issues(struct ctl *ctl, const struct arguments *arguments) {
    struct city_issues *city = NULL;
    const struct city_issues_options options = {.seed = (uint64_t)arguments->seed, .base_ms = (uint64_t)arguments->base_ms};
    enum status status = city_issues_new(&options, &city);
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "the year cannot be made: %s", status_name(status));
    }
    const struct replay_stream stream = {"issues", ISSUES__V1__CODE__CODE_TICK_NOT_TAKEN, city, next_issue, pack_issue};
    const int exit_code = publish_offices(ctl, arguments, &stream, city_issues_totals(city)->commands);
    city_issues_destroy(&city);
    return exit_code;
}

/* The sides of the year, in the order in which they are replayed. */
static const struct {
    const char *name;
    int (*replay)(struct ctl *ctl, const struct arguments *arguments);
} sides[] = {{"visits", replay_visits}, {"approvals", replay_approvals}, {"issues", replay_issues}};
#define SIDES (sizeof(sides) / sizeof(sides[0]))

static bool is_side(const char *name) {
    for (size_t i = 0; i < SIDES; i++) {
        if (strcmp(sides[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int command_replay(struct ctl *ctl, int argc, char **argv) {
    /* Ids of the last day of the stream are not of the future. */
    const int days = city_approvals_last_day() - city_approvals_first_day() + 1;
    struct arguments arguments = {.patients = CITY_PATIENTS_DEFAULT,
                                  .cases = CITY_CASES_DEFAULT,
                                  .seed = 1,
                                  .year = CITY_YEAR,
                                  .window = 16,
                                  .batch = 256,
                                  .base_ms = clock_unix_ms() - (days > CITY_PUBLICATION_DAYS ? days : CITY_PUBLICATION_DAYS)};
    int exit_code;
    if (!parse(ctl, argc, argv, &arguments, &exit_code)) {
        return exit_code;
    }
    if (arguments.only != NULL && !is_side(arguments.only)) {
        return ctl_error(EXIT_CODE_USAGE, "--only is visits, approvals or issues");
    }
    exit_code = EXIT_CODE_OK;
    if (arguments.facilities_file != NULL || arguments.agencies_file != NULL) {
        exit_code = arguments.facilities_file != NULL ? write_facilities(arguments.facilities_file) : exit_code;
        return exit_code == EXIT_CODE_OK && arguments.agencies_file != NULL ? write_agencies(arguments.agencies_file) : exit_code;
    }
    ctl_catch_signals();
    if (arguments.lines_folder != NULL) {
        return replay_visits(ctl, &arguments);
    }
    for (size_t i = 0; i < SIDES && exit_code == EXIT_CODE_OK; i++) {
        if (arguments.only == NULL || strcmp(arguments.only, sides[i].name) == 0) {
            exit_code = sides[i].replay(ctl, &arguments);
        }
    }
    return exit_code;
}
