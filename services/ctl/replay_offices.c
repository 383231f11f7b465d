#include "ctl/replay_offices.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approvals/v1/codes.pb-c.h"
#include "base/check.h"
#include "base/civil.h"

#define WAIT_MS 50
#define GIVE_UP_MS 10000 /* after Ctrl-C: longest wait for the last receipts */
#define PACE_SLEEP_MS 5
#define OFFICERS 5 /* kinds of senders; that of agencies stays empty */
#define SENDERS (CITY_AGENCIES_MAX + OFFICERS)

struct replay_offices {
    struct replay_stream stream;
    struct replay_offices_options options;
    struct client *clients[SENDERS]; /* NULL: nobody */
    const char *names[SENDERS];      /* of their keys */
    struct replay_results results;
    struct city_approvals_command *day; /* of one day, in order of time */
    size_t day_count, day_capacity;
    uint64_t sent;
    int64_t started_ms;
};

static size_t sender_number(const struct city_approvals_command *command) {
    return command->sender == CITY_SENDER_AGENCY ? command->agency : CITY_AGENCIES_MAX + (size_t)command->sender;
}

/* --- Connections -------------------------------------------------------------------------------------------------------------------- */

static int connect_one(struct ctl *ctl, struct replay_offices *replay, enum city_sender sender, size_t agency) {
    const size_t number = sender == CITY_SENDER_AGENCY ? agency : CITY_AGENCIES_MAX + (size_t)sender;
    const bool is_operator = sender == CITY_SENDER_OPERATOR; /* has a key of its own in ctl.conf */
    char key_path[CTL_PATH_BYTES];
    int exit_code = EXIT_CODE_OK;
    replay->names[number] = city_sender_key(sender, agency);
    if (!is_operator) {
        exit_code = replay_find_key(ctl, replay->options.keys_folder, replay->names[number], key_path);
    }
    return exit_code != EXIT_CODE_OK ? exit_code
                                     : replay_connect(ctl, replay->stream.registry, is_operator ? NULL : key_path, replay->options.window_submits,
                                                      &replay->results, &replay->clients[number]);
}

int replay_offices_new(struct ctl *ctl, const struct replay_stream *stream, const struct replay_offices_options *options,
                       struct replay_offices **replay) {
    static const enum city_sender officers[] = {CITY_SENDER_CLERK, CITY_SENDER_OPERATOR, CITY_SENDER_SUPERVISOR, CITY_SENDER_LEADER};
    struct replay_offices *made = calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->stream = *stream;
    made->options = *options;
    int exit_code = replay_ask_whether_it_is_there(ctl, stream->registry);
    for (size_t i = 0; i < sizeof officers / sizeof officers[0] && exit_code == EXIT_CODE_OK; i++) {
        exit_code = connect_one(ctl, made, officers[i], 0);
    }
    for (size_t i = 0; i < city_agency_count() && exit_code == EXIT_CODE_OK; i++) {
        if (!city_agency(i)->is_window) { /* the halls' clerks have keys of their own */
            exit_code = connect_one(ctl, made, CITY_SENDER_AGENCY, i);
        }
    }
    if (exit_code != EXIT_CODE_OK) {
        replay_offices_destroy(&made);
    }
    *replay = made;
    return exit_code;
}

void replay_offices_destroy(struct replay_offices **replay) {
    if (*replay == NULL) {
        return;
    }
    for (size_t i = 0; i < SENDERS; i++) {
        client_destroy(&(*replay)->clients[i]);
    }
    free((*replay)->day);
    free(*replay);
    *replay = NULL;
}

/* --- Publishing ----------------------------------------------------------------------------------------------------------------------- */

static int check(const struct replay_offices *replay, size_t number, enum status status) {
    return replay_check(replay->clients[number], replay->names[number], status);
}

static int flush_one(struct replay_offices *replay, size_t number) {
    struct client *client = replay->clients[number];
    enum status status;
    int exit_code = EXIT_CODE_OK;
    while ((status = client_flush(client)) == STATUS_AGAIN && exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        exit_code = check(replay, number, client_pump(client, WAIT_MS));
    }
    return exit_code == EXIT_CODE_OK ? check(replay, number, status) : exit_code;
}

static int send_one(struct replay_offices *replay, const struct city_approvals_command *command) {
    const size_t number = sender_number(command);
    struct client *client = replay->clients[number];
    uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX];
    const size_t size = replay->stream.pack(replay->stream.city, command, body);
    enum status status;
    int exit_code = EXIT_CODE_OK;
    CHECK(client != NULL);
    while ((status = client_add(client, &command->id, command->occurred_at_ms, 0, body, size, command->number)) == STATUS_AGAIN &&
           exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        exit_code = check(replay, number, client_pump(client, WAIT_MS));
    }
    if (exit_code == EXIT_CODE_OK) {
        exit_code = check(replay, number, status);
    }
    replay->sent++;
    if (exit_code == EXIT_CODE_OK && client_building(client) >= replay->options.batch_commands) {
        exit_code = flush_one(replay, number);
    }
    return exit_code;
}

static int flush_all(struct replay_offices *replay) {
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < SENDERS && exit_code == EXIT_CODE_OK; i++) {
        if (replay->clients[i] != NULL && client_building(replay->clients[i]) > 0) {
            exit_code = flush_one(replay, i);
        }
    }
    return exit_code;
}

/* One after another: what the others have to say waits in their sockets meanwhile. */
static int wait_all(struct replay_offices *replay) {
    int exit_code = EXIT_CODE_OK;
    int64_t asked_to_stop_ms = 0;
    for (size_t i = 0; i < SENDERS; i++) {
        while (replay->clients[i] != NULL && exit_code == EXIT_CODE_OK && client_outstanding(replay->clients[i]) > 0) {
            exit_code = check(replay, i, client_pump(replay->clients[i], WAIT_MS));
            if (ctl_is_interrupted() && asked_to_stop_ms == 0) {
                asked_to_stop_ms = clock_monotonic_ms();
            }
            if (asked_to_stop_ms > 0 && clock_monotonic_ms() - asked_to_stop_ms > GIVE_UP_MS) {
                return exit_code;
            }
        }
    }
    return exit_code;
}

/* Holds to the rate between waves: nothing is under way then. */
static void pace(const struct replay_offices *replay) {
    const int64_t rate = replay->options.rate;
    while (rate > 0 && !ctl_is_interrupted() &&
           (double)replay->sent > (double)rate * (double)(clock_monotonic_ms() - replay->started_ms) / 1000.0) {
        poll(NULL, 0, PACE_SLEEP_MS);
    }
}

static int send_wave(struct replay_offices *replay, unsigned wave) {
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < replay->day_count && exit_code == EXIT_CODE_OK && !ctl_is_interrupted(); i++) {
        if (replay->day[i].wave == wave) {
            exit_code = send_one(replay, &replay->day[i]);
        }
    }
    if (exit_code == EXIT_CODE_OK) {
        exit_code = flush_all(replay);
    }
    if (exit_code == EXIT_CODE_OK) {
        exit_code = wait_all(replay);
    }
    pace(replay);
    return exit_code;
}

static int check_ticks(const struct replay_offices *replay) {
    if (replay->results.by_code[replay->stream.tick_code] == 0) {
        return EXIT_CODE_OK;
    }
    return ctl_error(EXIT_CODE_CONFIG,
                     "the registry takes its time from the clock, so a year of the past cannot be replayed into it: set\n"
                     "/tick/source = commands in its %s.conf (or LC_TICK_SOURCE=commands), with an empty store of its own, and start "
                     "it again",
                     replay->stream.registry);
}

static int send_day(struct replay_offices *replay, struct progress *progress) {
    unsigned last = 0;
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < replay->day_count; i++) {
        last = replay->day[i].wave > last ? replay->day[i].wave : last;
    }
    for (unsigned wave = 0; wave <= last && exit_code == EXIT_CODE_OK && !ctl_is_interrupted(); wave++) {
        exit_code = send_wave(replay, wave);
        if (exit_code == EXIT_CODE_OK && wave == 0) {
            exit_code = check_ticks(replay);
        }
        progress_show(progress, replay->sent);
    }
    return exit_code;
}

/* --- The stream, day by day ----------------------------------------------------------------------------------------------------------- */

static void keep(struct replay_offices *replay, const struct city_approvals_command *command) {
    if (replay->day_count == replay->day_capacity) {
        replay->day_capacity = replay->day_capacity * 2 + 1024;
        replay->day = realloc(replay->day, replay->day_capacity * sizeof(*replay->day));
        CHECK(replay->day != NULL);
    }
    replay->day[replay->day_count++] = *command;
}

int replay_offices_publish(struct replay_offices *replay, struct progress *progress) {
    struct city_approvals_command command;
    int exit_code = EXIT_CODE_OK;
    replay->started_ms = clock_monotonic_ms();
    bool is_there = replay->stream.next(replay->stream.city, &command);
    while (is_there && exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        const int32_t day = command.day;
        char date[CIVIL_DATE_TEXT_BYTES];
        replay->day_count = 0;
        while (is_there && command.day == day) {
            keep(replay, &command);
            is_there = replay->stream.next(replay->stream.city, &command);
        }
        civil_date_format(day, date);
        progress_note(progress, "%s", date);
        exit_code = send_day(replay, progress);
    }
    return exit_code;
}

const struct replay_results *replay_offices_results(const struct replay_offices *replay) {
    return &replay->results;
}

uint64_t replay_offices_sent(const struct replay_offices *replay) {
    return replay->sent;
}

uint64_t replay_offices_outstanding(const struct replay_offices *replay) {
    uint64_t outstanding = 0;
    for (size_t i = 0; i < SENDERS; i++) {
        outstanding += replay->clients[i] != NULL ? client_outstanding(replay->clients[i]) : 0;
    }
    return outstanding;
}
