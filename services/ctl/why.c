#include <stdio.h>
#include <string.h>

#include "ctl/ask_approvals.h"
#include "ctl/json.h"

/* Why a case is due when it is: the page for the applicant, as the registry writes it. */

static int explain(struct ctl *ctl, struct registry_desk *desk, const char *number, uint32_t day, bool is_chinese) {
    Approvals__V1__ExplainDeadline body = APPROVALS__V1__EXPLAIN_DEADLINE__INIT;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    body.case_number = (char *)(uintptr_t)number;
    body.day = day;
    query.body_case = APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE;
    query.explain_deadline = &body;
    const Approvals__V1__Answer *answer;
    const int exit_code = ask_approvals(desk, &query, APPROVALS__V1__ANSWER__BODY_EXPLANATION, &answer);
    if (exit_code == EXIT_CODE_OK && ctl->json) {
        json_print(json_from_message(&answer->explanation->base));
    } else if (exit_code == EXIT_CODE_OK) {
        fputs(is_chinese ? answer->explanation->text_zh : answer->explanation->text_en, stdout);
    }
    return exit_code;
}

int command_why(struct ctl *ctl, int argc, char **argv) {
    const char *day_text = NULL, *as = NULL, *language = "zh";
    const struct ctl_option options[] = {
        {"day", CTL_TEXT, &day_text, "YYYY-MM-DD", "as at the end of that day (today)", 0, 0},
        {"as", CTL_TEXT, &as, "WHO", "operator, or who: its key of ctl.conf", 0, 0},
        {"lang", CTL_TEXT, &language, "zh|en", "language of the page (zh)", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "why CASE [OPTIONS]",
        "Why a case is due when it is: one page to hand to the applicant. Every day from its acceptance is charged or\n"
        "not, with the article or the notice that says so; --json has them day by day.\n",
        1, 1};
    int exit_code;
    uint32_t day = 0;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (strcmp(language, "zh") != 0 && strcmp(language, "en") != 0) {
        return ctl_error(EXIT_CODE_USAGE, "--lang is zh or en");
    }
    if (!ask_read_day("day", day_text, &day)) {
        return EXIT_CODE_USAGE;
    }
    struct registry_desk desk = {.socket = NULL};
    exit_code = registry_desk_open(ctl, "approvals", as, &desk);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = explain(ctl, &desk, argv[1], day, strcmp(language, "zh") == 0);
    }
    registry_desk_close(&desk);
    return exit_code;
}
