#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "client/client.h"
#include "ctl/aggregator_command.h"
#include "ctl/json.h"

#define ANSWER_BYTES_MAX ((size_t)16 << 20)

/* --- Periods -------------------------------------------------------------------------------------------------------- */

/* "2020", "2020-03" or "2020-03-05" -> the period and its first day. */
static bool read_period(const char *text, Metrics__V1__Period *period, char first_day[CIVIL_DATE_TEXT_BYTES]) {
    static const struct {
        size_t length;
        Metrics__V1__Period period;
        const char *rest;
    } forms[] = {{4, METRICS__V1__PERIOD__PERIOD_YEAR, "-01-01"},
                 {7, METRICS__V1__PERIOD__PERIOD_MONTH, "-01"},
                 {10, METRICS__V1__PERIOD__PERIOD_DAY, ""}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strlen(text) == forms[i].length) {
            int32_t day;
            *period = forms[i].period;
            snprintf(first_day, CIVIL_DATE_TEXT_BYTES, "%s%s", text, forms[i].rest);
            return civil_date_parse(first_day, &day);
        }
    }
    return false;
}

/* The period as it is named: the reverse of read_period. */
static int period_length(Metrics__V1__Period period) {
    return period == METRICS__V1__PERIOD__PERIOD_YEAR ? 4 : period == METRICS__V1__PERIOD__PERIOD_MONTH ? 7 : 10;
}

static const char *status_word(Metrics__V1__PublicationStatus status) {
    switch (status) {
    case METRICS__V1__PUBLICATION_STATUS__PUBLICATION_STATUS_PROVISIONAL:
        return "provisional 暂定";
    case METRICS__V1__PUBLICATION_STATUS__PUBLICATION_STATUS_FINAL:
        return "final 正式";
    case METRICS__V1__PUBLICATION_STATUS__PUBLICATION_STATUS_REVISED:
        return "revised 已修订";
    case METRICS__V1__PUBLICATION_STATUS__PUBLICATION_STATUS_RECOUNTING:
        return "recounting 重算中";
    case METRICS__V1__PUBLICATION_STATUS__PUBLICATION_STATUS_UNSPECIFIED:
    case _METRICS__V1__PUBLICATION_STATUS_IS_INT_SIZE:
        break;
    }
    return "";
}

/* --- Asking --------------------------------------------------------------------------------------------------------- */

struct reading {
    struct ctl *ctl;
    struct client_socket *socket;
    int timeout_ms;
    uint64_t count;
};

static int list_page(struct reading *reading, uint64_t after, uint32_t limit, struct arena *arena,
                     const Metrics__V1__Publications **page) {
    Metrics__V1__ListPublications list = METRICS__V1__LIST_PUBLICATIONS__INIT;
    Metrics__V1__Query query = METRICS__V1__QUERY__INIT;
    list.after = after;
    list.limit = limit;
    query.body_case = METRICS__V1__QUERY__BODY_LIST_PUBLICATIONS;
    query.list_publications = &list;
    const Metrics__V1__Answer *answer = NULL;
    int exit_code = aggregator_query(reading->socket, &query, METRICS__V1__ANSWER__BODY_PUBLICATIONS, arena,
                                     reading->timeout_ms, &answer);
    *page = exit_code == EXIT_CODE_OK ? answer->publications : NULL;
    return exit_code;
}

/* --- publish -------------------------------------------------------------------------------------------------------- */

static void print_published(const struct ctl *ctl, const Metrics__V1__Publication *publication, bool is_duplicate) {
    if (ctl->json) {
        json_t *json = json_from_message(&publication->base);
        json_object_set_new(json, "duplicate", json_boolean(is_duplicate));
        json_print(json);
        return;
    }
    printf("Publication %" PRIu64 ": %.*s, %s%s / 第 %" PRIu64 " 号发布：%.*s\n", publication->number,
           period_length(publication->period), publication->first_day, status_word(publication->status),
           is_duplicate ? " (published before with this id)" : "", publication->number,
           period_length(publication->period), publication->first_day);
    for (size_t i = 0; i < publication->n_sources; i++) {
        printf("    %-16s up to event / 截至事件 %" PRIu64 "\n", publication->sources[i]->source,
               publication->sources[i]->cursor);
    }
}

static int publish(struct reading *reading, Metrics__V1__FreezePeriod *freeze, const struct id *id) {
    Metrics__V1__Command body = METRICS__V1__COMMAND__INIT;
    struct aggregator_receipt receipt = {false, 0};
    char id_text[ID_TEXT_BYTES];
    body.body_case = METRICS__V1__COMMAND__BODY_FREEZE_PERIOD;
    body.freeze_period = freeze;
    int exit_code = aggregator_command_send(reading->socket, &body, id, reading->timeout_ms, &receipt);
    if (exit_code == EXIT_CODE_TEMPORARY) {
        id_format(id, id_text);
        return ctl_error(exit_code, "send it again with --id %s: it is published once", id_text);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    struct arena arena;
    arena_init(&arena, ANSWER_BYTES_MAX);
    const Metrics__V1__Publications *page;
    exit_code = list_page(reading, receipt.number - 1, 1, &arena, &page);
    if (exit_code == EXIT_CODE_OK && (page->n_publications != 1 || page->publications[0]->number != receipt.number)) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "publication %" PRIu64 " cannot be read back", receipt.number);
    } else if (exit_code == EXIT_CODE_OK) {
        print_published(reading->ctl, page->publications[0], receipt.is_duplicate);
    }
    arena_release(&arena);
    return exit_code;
}

int command_publish(struct ctl *ctl, int argc, char **argv) {
    const char *period_text = NULL, *note = "", *id_text = NULL;
    char first_day[CIVIL_DATE_TEXT_BYTES];
    int64_t timeout_s = 60;
    const struct ctl_option options[] = {
        {"period", CTL_TEXT, &period_text, "PERIOD", "2020, 2020-03 or 2020-03-05", 0, 0},
        {"note", CTL_TEXT, &note, "TEXT", "kept with it; at most 200 bytes", 0, 0},
        {"id", CTL_TEXT, &id_text, "UUID", "id of a command sent before, whose answer was lost", 0, 0},
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for an answer (60)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "publish --period PERIOD [OPTIONS]",
        "Freezes the numbers of a day, month or year as they are known now, under a number of their own, and prints the\n"
        "number and up to which event of each source it counts. A period may be published again.\n",
        0, 0};
    int exit_code;
    struct id id = aggregator_command_id();
    Metrics__V1__FreezePeriod freeze = METRICS__V1__FREEZE_PERIOD__INIT;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!period_text || !read_period(period_text, &freeze.period, first_day)) {
        return ctl_error(EXIT_CODE_USAGE, "--period is a year, a month or a day: 2020, 2020-03 or 2020-03-05");
    }
    if (strlen(note) > 200) {
        return ctl_error(EXIT_CODE_USAGE, "--note is longer than 200 bytes");
    }
    if (id_text && !id_parse(id_text, &id)) {
        return ctl_error(EXIT_CODE_USAGE, "--id is no UUID");
    }
    freeze.first_day = first_day;
    freeze.note = (char *)(uintptr_t)note;
    struct reading reading = {.ctl = ctl, .timeout_ms = (int)timeout_s * 1000};
    exit_code = (int)status_exit_code(target_connect(ctl, "aggregator", NULL, &reading.socket));
    if (exit_code == EXIT_CODE_OK) {
        exit_code = publish(&reading, &freeze, &id);
        client_socket_destroy(&reading.socket);
    }
    return exit_code;
}

/* --- publications --------------------------------------------------------------------------------------------------- */

static void print_row(struct reading *reading, const Metrics__V1__Publication *publication) {
    char at[30];
    if (reading->ctl->json) {
        json_print(json_from_message(&publication->base));
        return;
    }
    if (reading->count == 0) {
        printf("number  period      published         differs  status\n编号    期间        发布时间          变动项   状态\n");
    }
    civil_time_format(publication->published_at_ms, at);
    at[10] = ' ';
    printf("%6" PRIu64 "  %-10.*s  %.16s  %7" PRIu64 "  %s%s%s\n", publication->number,
           period_length(publication->period), publication->first_day, at, publication->values_revised,
           status_word(publication->status), publication->note[0] != '\0' ? "  " : "", publication->note);
}

static int list_all(struct reading *reading) {
    int exit_code = EXIT_CODE_OK;
    uint64_t after = 0;
    do {
        struct arena arena;
        arena_init(&arena, ANSWER_BYTES_MAX);
        const Metrics__V1__Publications *page = NULL;
        exit_code = list_page(reading, after, 0, &arena, &page);
        for (size_t i = 0; exit_code == EXIT_CODE_OK && i < page->n_publications; i++, reading->count++) {
            print_row(reading, page->publications[i]);
        }
        after = exit_code == EXIT_CODE_OK ? page->next : 0;
        arena_release(&arena);
    } while (after != 0);
    if (exit_code == EXIT_CODE_OK && reading->count == 0 && !reading->ctl->json) {
        puts("Nothing was published yet / 尚无发布");
    }
    return exit_code;
}

int command_publications(struct ctl *ctl, int argc, char **argv) {
    int64_t timeout_s = 30;
    const struct ctl_option options[] = {
        {"timeout", CTL_INTEGER, &timeout_s, "SECONDS", "longest wait for one answer (30)", 1, 3600},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "publications [OPTIONS]",
        "What was published, by number, and how it stands to the numbers of now: provisional (published while its period\n"
        "ran), final (equal), revised (a later event changed some; `report changes` lists them), recounting (after a\n"
        "rebuild). --json: one line each, with the cursors.\n",
        0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    struct reading reading = {.ctl = ctl, .timeout_ms = (int)timeout_s * 1000};
    exit_code = (int)status_exit_code(target_connect(ctl, "aggregator", NULL, &reading.socket));
    if (exit_code == EXIT_CODE_OK) {
        exit_code = list_all(&reading);
        client_socket_destroy(&reading.socket);
    }
    return exit_code;
}
