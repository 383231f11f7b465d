#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ctl/ask_approvals.h"
#include "ctl/json.h"

/* Cases of the approval registry: lists, and one with its history. */

#define PAGE_ROWS 500u

/* --- words --- */

static const char *state_word(Approvals__V1__CaseState state, char text[32]) {
    return ask_word(&approvals__v1__case_state__descriptor, (int)state, "CASE_STATE_", text);
}

static const char *light_word(Approvals__V1__Light light, char text[32]) {
    return light == APPROVALS__V1__LIGHT__LIGHT_UNSPECIFIED
               ? "-"
               : ask_word(&approvals__v1__light__descriptor, (int)light, "LIGHT_", text);
}

/* "2020-01-31"; "-" for none. */
static const char *day_text(uint32_t day, char text[CIVIL_DATE_TEXT_BYTES]) {
    if (day == 0) {
        return "-";
    }
    civil_date_format((int32_t)day, text);
    return text;
}

/* "2020-01-31 09:30:00" in +08:00. */
static const char *time_text(int64_t ms, char text[30]) {
    civil_time_format(ms, text);
    text[10] = ' ';
    text[19] = '\0';
    return text;
}

/* --- cases --- */

static void print_head(void) {
    printf("%-32s %-12s %-7s %-10s %-10s %5s  %-20s %s\n", "case", "state", "light", "promised", "statutory", "left",
           "agency", "item");
}

static void print_row(const Approvals__V1__Case *row) {
    char state[32], light[32], promised[CIVIL_DATE_TEXT_BYTES], statutory[CIVIL_DATE_TEXT_BYTES], left[16] = "-";
    const Approvals__V1__Clock *clock = row->promised;
    if (clock->due_day != 0 && clock->limit->unit == APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY) {
        snprintf(left, sizeof left, "%" PRId32, clock->remaining_days);
    }
    printf("%-32s %-12s %-7s %-10s %-10s %5s  %-20s %s\n", row->case_number, state_word(row->state, state),
           light_word(row->light, light), day_text(clock->due_day, promised),
           day_text(row->statutory->due_day, statutory), left, row->n_agencies > 0 ? row->agencies[0] : "-",
           row->item_name);
}

/* Pages until so many rows were printed or there are no more. */
static int list(struct ctl *ctl, struct registry_desk *desk, Approvals__V1__ListCases *body, uint64_t rows) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_CASES;
    query.list_cases = body;
    int exit_code = EXIT_CODE_OK;
    do {
        const Approvals__V1__Answer *answer;
        body->limit = rows < PAGE_ROWS ? (uint32_t)rows : PAGE_ROWS;
        exit_code = ask_approvals(desk, &query, APPROVALS__V1__ANSWER__BODY_CASES, &answer);
        if (exit_code != EXIT_CODE_OK) {
            return exit_code;
        }
        for (size_t i = 0; i < answer->cases->n_cases; i++) {
            if (ctl->json) {
                json_print(json_from_message(&answer->cases->cases[i]->base));
            } else {
                print_row(answer->cases->cases[i]);
            }
        }
        rows -= answer->cases->n_cases < rows ? answer->cases->n_cases : rows;
        body->after = answer->cases->next;
    } while (rows > 0 && body->after != 0 && !ctl_is_interrupted());
    return exit_code;
}

struct cases_options {
    const char *agency, *state, *light, *due_until, *as;
    int64_t limit;
};

/* False: said. */
static bool read_filters(const struct cases_options *given, Approvals__V1__ListCases *body) {
    int state = 0, light = 0;
    if (!ask_read_word("state", given->state, &approvals__v1__case_state__descriptor, "CASE_STATE_", &state) ||
        !ask_read_word("light", given->light, &approvals__v1__light__descriptor, "LIGHT_", &light) ||
        !ask_read_day("due-until", given->due_until, &body->due_until)) {
        return false;
    }
    body->agency = given->agency == NULL ? body->agency : (char *)(uintptr_t)given->agency;
    body->state = (Approvals__V1__CaseState)state;
    body->light = (Approvals__V1__Light)light;
    return true;
}

int command_cases(struct ctl *ctl, int argc, char **argv) {
    struct cases_options given = {.limit = 100};
    const struct ctl_option options[] = {
        {"agency", CTL_TEXT, &given.agency, "CODE", "that lead or have a part in it (the key's own; operator: all)", 0,
         0},
        {"state", CTL_TEXT, &given.state, "STATE", "received, supplement, accepted, review, suspended, decided, ...", 0,
         0},
        {"light", CTL_TEXT, &given.light, "LIGHT", "green, yellow, red, purple, grey", 0, 0},
        {"due-until", CTL_TEXT, &given.due_until, "YYYY-MM-DD", "due on that day or before", 0, 0},
        {"limit", CTL_INTEGER, &given.limit, "N", "most rows (100)", 1, 100000000},
        {"as", CTL_TEXT, &given.as, "WHO", "operator, or who: its key of ctl.conf", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "cases [OPTIONS]",
        "Cases of the approval registry, newest first: promised and statutory due day, workdays left "
        "of the\npromised time (negative: overdue). --json: one case a line.\n",
        0, 0};
    int exit_code;
    Approvals__V1__ListCases body = APPROVALS__V1__LIST_CASES__INIT;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!read_filters(&given, &body)) {
        return EXIT_CODE_USAGE;
    }
    struct registry_desk desk = {.socket = NULL};
    ctl_catch_signals();
    exit_code = registry_desk_open(ctl, "approvals", given.as, &desk);
    if (exit_code == EXIT_CODE_OK) {
        if (!ctl->json) {
            print_head();
        }
        exit_code = list(ctl, &desk, &body, (uint64_t)given.limit);
    }
    registry_desk_close(&desk);
    return exit_code;
}

/* --- one case --- */

static void print_clock(const char *name, const Approvals__V1__Clock *clock) {
    static const char *const units[] = {"none", "workdays", "days", "hours", "months"};
    char due[CIVIL_DATE_TEXT_BYTES];
    const unsigned unit =
        (unsigned)clock->limit->unit < sizeof units / sizeof units[0] ? (unsigned)clock->limit->unit : 0;
    if (unit == 0) {
        printf("  %-10s no limit\n", name);
        return;
    }
    printf("  %-10s %" PRIu32 " %s", name, clock->limit->amount, units[unit]);
    if (clock->extension > 0) {
        printf(" + %" PRIu32, clock->extension);
    }
    printf(", due %s, charged %" PRIu32, day_text(clock->due_day, due), clock->charged_days);
    if (clock->limit->unit == APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY && clock->due_day != 0) {
        printf(", left %" PRId32, clock->remaining_days);
    }
    putchar('\n');
}

static void print_time(const char *name, int64_t ms, const char *more) {
    char text[30];
    if (ms != 0) {
        printf("  %-10s %s%s\n", name, time_text(ms, text), more);
    }
}

static void print_case(const Approvals__V1__Case *row) {
    char state[32], light[32];
    printf("%s: %s, light %s, version %" PRIu64 "\n", row->case_number, state_word(row->state, state),
           light_word(row->light, light), row->version);
    printf("  %-10s %s (%s, version %" PRIu32 ")\n  agency    ", "item", row->item_name, row->item_code,
           row->item_version);
    for (size_t i = 0; i < row->n_agencies; i++) {
        printf(" %s", row->agencies[i]);
    }
    putchar('\n');
    print_time("received", row->received_at_ms, "");
    print_time("accepted", row->accepted_at_ms, row->deemed_accepted ? " (deemed)" : "");
    print_time("ended", row->decided_at_ms, "");
    print_time("delivered", row->delivered_at_ms, "");
    print_clock("promised", row->promised);
    print_clock("statutory", row->statutory);
    if (row->closing != NULL) {
        printf("  %-10s %s, %s\n", "verdict", row->closing->on_time ? "on time" : "late",
               row->closing->lawful ? "lawful" : "unlawful");
    }
}

static void print_step(const Approvals__V1__HistoryStep *step) {
    char time[30], word[32], actor[32], after[32];
    const char *what = step->other[0] != 0
                           ? step->other
                           : ask_word(&approvals__v1__case_step__descriptor, (int)step->step, "CASE_STEP_", word);
    printf("  %10" PRIu64 "  %s  %-24s %-10s %-20s %s\n", step->seq, time_text(step->occurred_at_ms, time), what,
           step->actor == COMMON__V1__ACTOR__ACTOR_UNSPECIFIED
               ? "-"
               : ask_word(&common__v1__actor__descriptor, (int)step->actor, "ACTOR_", actor),
           step->organisation[0] != 0 ? step->organisation : "-",
           step->other[0] != 0 ? "" : state_word(step->after, after));
    if (step->new_due_day != 0 || step->old_due_day != 0) {
        char was[CIVIL_DATE_TEXT_BYTES], is[CIVIL_DATE_TEXT_BYTES];
        printf("              due: %s -> %s\n", day_text(step->old_due_day, was), day_text(step->new_due_day, is));
    }
    for (size_t i = 0; i < step->n_texts; i++) {
        printf("              %s\n", step->texts[i]);
    }
}

static int show_history(struct registry_desk *desk, const char *number, json_t *steps) {
    Approvals__V1__GetHistory body = APPROVALS__V1__GET_HISTORY__INIT;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    body.case_number = (char *)(uintptr_t)number;
    body.limit = PAGE_ROWS;
    query.body_case = APPROVALS__V1__QUERY__BODY_GET_HISTORY;
    query.get_history = &body;
    size_t count = 1;
    while (count > 0) {
        const Approvals__V1__Answer *answer;
        const int exit_code = ask_approvals(desk, &query, APPROVALS__V1__ANSWER__BODY_HISTORY, &answer);
        if (exit_code != EXIT_CODE_OK) {
            return exit_code;
        }
        count = answer->history->n_steps;
        for (size_t i = 0; i < count; i++) {
            body.before = answer->history->steps[i]->seq;
            if (steps != NULL) {
                json_array_append_new(steps, json_from_message(&answer->history->steps[i]->base));
            } else {
                print_step(answer->history->steps[i]);
            }
        }
    }
    return EXIT_CODE_OK;
}

static int show(struct ctl *ctl, struct registry_desk *desk, const char *number) {
    Approvals__V1__GetCase body = APPROVALS__V1__GET_CASE__INIT;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    body.case_number = (char *)(uintptr_t)number;
    query.body_case = APPROVALS__V1__QUERY__BODY_GET_CASE;
    query.get_case = &body;
    const Approvals__V1__Answer *answer;
    int exit_code = ask_approvals(desk, &query, APPROVALS__V1__ANSWER__BODY_CASE, &answer);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    if (!ctl->json) {
        print_case(answer->case_);
        printf("History, newest first:\n");
        return show_history(desk, number, NULL);
    }
    json_t *all = json_pack("{s:o, s:[]}", "case", json_from_message(&answer->case_->base), "steps");
    exit_code = show_history(desk, number, json_object_get(all, "steps"));
    if (exit_code == EXIT_CODE_OK) {
        json_print(json_incref(all));
    }
    json_decref(all);
    return exit_code;
}

int command_case(struct ctl *ctl, int argc, char **argv) {
    const char *as = NULL;
    const struct ctl_option options[] = {
        {"as", CTL_TEXT, &as, "WHO", "operator, or who: its key of ctl.conf", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"case CASE [OPTIONS]",
                                    "One case of the approval registry with its history, newest first.\n", 1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    struct registry_desk desk = {.socket = NULL};
    exit_code = registry_desk_open(ctl, "approvals", as, &desk);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = show(ctl, &desk, argv[1]);
    }
    registry_desk_close(&desk);
    return exit_code;
}
