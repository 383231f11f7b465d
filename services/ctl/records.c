#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/ask_issues.h"
#include "ctl/json.h"
#include "ctl/record_table.h"

/* Lists of the issue registry: enterprise issues, ledger tasks, river clues and what belongs to them. */
#define ROWS_MAX 100000 /* that one list prints */

struct list {
    Issues__V1__Answer__BodyCase answer;
    struct record_list table;
};

static const struct list issues_list = {ISSUES__V1__ANSWER__BODY_ISSUES,
                                        {"issues",
                                         {{"issue_number", "issue 编号"},
                                          {"state", "state 状态"},
                                          {"class", "class"},
                                          {"light", "light"},
                                          {"due_day", "due 到期"},
                                          {"remaining_days", "left"},
                                          {"round", "round"},
                                          {"level", "level"},
                                          {"lead", "lead 牵头"},
                                          {"region", "region"},
                                          {"topic", "topic"}}}};
static const struct list tasks_list = {ISSUES__V1__ANSWER__BODY_TASKS,
                                       {"tasks",
                                        {{"task_number", "task 编号"},
                                         {"state", "state 状态"},
                                         {"lag", "lag 滞后"},
                                         {"field", "field 领域"},
                                         {"progress_permille", "progress"},
                                         {"expected_permille", "expected"},
                                         {"due_day", "due 到期"},
                                         {"key", "key"},
                                         {"lead", "lead 牵头"}}}};
static const struct list clues_list = {ISSUES__V1__ANSWER__BODY_CLUES,
                                       {"clues",
                                        {{"clue_number", "clue 编号"},
                                         {"state", "state 状态"},
                                         {"kind", "kind"},
                                         {"grade", "grade"},
                                         {"river", "river"},
                                         {"region", "region"},
                                         {"agency", "unit 单位"},
                                         {"due_day", "due 到期"},
                                         {"overdue", "overdue 超时"}}}};
static const struct list slips_list = {ISSUES__V1__ANSWER__BODY_SLIPS,
                                       {"slips",
                                        {{"slip", "slip"},
                                         {"kind", "of"},
                                         {"number", "number 编号"},
                                         {"level", "level"},
                                         {"state", "state 状态"},
                                         {"rule", "rule"},
                                         {"agency", "unit 单位"},
                                         {"issued_at_ms", "issued"},
                                         {"reply_due_day", "reply due 回复期限"}}}};
static const struct list rules_list = {
    ISSUES__V1__ANSWER__BODY_CONTACT_RULES,
    {"rules",
     {{"rule", "rule 条目"}, {"negative", "negative 负面"}, {"in_force", "in force"}, {"cited", "cited 引用"}}}};
static const struct list stalls_list = {ISSUES__V1__ANSWER__BODY_STALLS,
                                        {"stalls",
                                         {{"item_code", "item 事项"},
                                          {"task_number", "task 任务"},
                                          {"issues", "issues 问题"},
                                          {"open", "open 在办"},
                                          {"overdue", "overdue 超时"}}}};
static const struct list circulars_list = {ISSUES__V1__ANSWER__BODY_CIRCULARS,
                                           {"circulars",
                                            {{"circular_number", "circular 编号"},
                                             {"kind", "of"},
                                             {"first_day", "from"},
                                             {"last_day", "until"},
                                             {"published_at_ms", "published"},
                                             {"lines", "lines"}}}};

/* --- asking --- */

/* A table, or one row a line as JSON. */
static void show(const struct ctl *ctl, const struct list *list, const json_t *gathered) {
    const ProtobufCMessageDescriptor *holder =
        protobuf_c_message_descriptor_get_field(&issues__v1__answer__descriptor, (unsigned)list->answer)->descriptor;
    size_t i;
    json_t *row;
    if (!ctl->json) {
        record_table_print(holder, &list->table, gathered);
        return;
    }
    json_array_foreach(json_object_get(gathered, list->table.rows), i, row) {
        json_print(json_incref(row));
    }
}

/* Where a query's body has its cursor and its limit. */
struct pages {
    uint32_t *after, *limit;
};

/* Pages until so many rows are gathered or there are no more. */
static int gather(struct registry_desk *desk, const struct list *list, const Issues__V1__Query *query,
                  struct pages pages, size_t rows, json_t *gathered) {
    int exit_code = EXIT_CODE_OK;
    do {
        const size_t left = rows - json_array_size(gathered);
        *pages.limit = left < ASK_PAGE_ROWS ? (uint32_t)left : ASK_PAGE_ROWS;
        json_t *page = ask_issues(desk, query, list->answer, &exit_code);
        if (page == NULL) {
            return exit_code;
        }
        json_array_extend(gathered, json_object_get(page, list->table.rows));
        *pages.after = (uint32_t)json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    } while (json_array_size(gathered) < rows && *pages.after != 0 && !ctl_is_interrupted());
    return exit_code;
}

struct given {
    const char *agency, *state, *field, *as;
    int64_t limit, year, region;
    bool overdue, lagging, ended;
};

#define OPTION_LIMIT(given, text, max)                                                                                 \
    { "limit", CTL_INTEGER, &(given).limit, "N", text, 1, max }
#define OPTION_AS(given)                                                                                               \
    { "as", CTL_TEXT, &(given).as, "WHO", "operator, or who: its key of ctl.conf", 0, 0 }
#define OPTION_AGENCY(given, text)                                                                                     \
    { "agency", CTL_TEXT, &(given).agency, "CODE", text, 0, 0 }

/* Opens, lists, closes. Without pages there is one. */
static int run_list(struct ctl *ctl, const struct given *given, const struct list *list, const Issues__V1__Query *query,
                    struct pages pages) {
    struct registry_desk desk = {.socket = NULL};
    uint32_t none = 0;
    json_t *gathered = json_array();
    json_t *all = json_pack("{s:O}", list->table.rows, gathered);
    CHECK(all != NULL);
    pages.after = pages.after == NULL ? &none : pages.after;
    pages.limit = pages.limit == NULL ? &none : pages.limit;
    ctl_catch_signals();
    int exit_code = registry_desk_open(ctl, "issues", given->as, &desk);
    if (exit_code == EXIT_CODE_OK) {
        exit_code = gather(&desk, list, query, pages, (size_t)given->limit, gathered);
    }
    if (exit_code == EXIT_CODE_OK) {
        show(ctl, list, all);
    }
    registry_desk_close(&desk);
    json_decref(all);
    json_decref(gathered);
    return exit_code;
}

static char *text_or_empty(const char *text, char *otherwise) {
    return text == NULL ? otherwise : (char *)(uintptr_t)text;
}

/* --- the commands --- */

int command_issues(struct ctl *ctl, int argc, char **argv) {
    struct given given = {.limit = 100};
    const struct ctl_option options[] = {
        {"state", CTL_TEXT, &given.state, "STATE",
         "registered, screened, dispatched, handling, answered, resolved, ...", 0, 0},
        OPTION_AGENCY(given, "that registered it, lead or have a part (the key's own; operator: all)"),
        {"overdue", CTL_FLAG, &given.overdue, NULL, "whose time has passed", 0, 0},
        OPTION_LIMIT(given, "most rows (100)", ROWS_MAX),
        OPTION_AS(given),
        {.name = NULL},
    };
    const struct ctl_usage usage = {"issues [OPTIONS]", "Enterprise issues, newest first. --json: one a line.\n", 0, 0};
    Issues__V1__ListIssues body = ISSUES__V1__LIST_ISSUES__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code, state = 0;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!ask_read_word("state", given.state, &issues__v1__issue_state__descriptor, "ISSUE_STATE_", &state)) {
        return EXIT_CODE_USAGE;
    }
    body.state = (Issues__V1__IssueState)state;
    body.agency = text_or_empty(given.agency, body.agency);
    body.overdue = given.overdue;
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_ISSUES;
    query.list_issues = &body;
    return run_list(ctl, &given, &issues_list, &query, (struct pages){&body.after, &body.limit});
}

int command_ledger(struct ctl *ctl, int argc, char **argv) {
    struct given given = {.limit = 1000};
    const struct ctl_option options[] = {
        {"year", CTL_INTEGER, &given.year, "N", "of that year", 2000, 2100},
        {"field", CTL_TEXT, &given.field, "FIELD", "economy, rule-of-law, culture, livelihood, ecology, party", 0, 0},
        {"state", CTL_TEXT, &given.state, "STATE", "draft, issued, doing, signoff-asked, signed-off, deferred, ...", 0,
         0},
        {"lagging", CTL_FLAG, &given.lagging, NULL, "behind what was expected", 0, 0},
        OPTION_AGENCY(given, "that registered it, lead or have a part (the key's own; operator: all)"),
        OPTION_LIMIT(given, "most rows (1000)", ROWS_MAX),
        OPTION_AS(given),
        {.name = NULL},
    };
    const struct ctl_usage usage = {"ledger [OPTIONS]",
                                    "Tasks of the reform ledger, newest first. --json: one a line.\n", 0, 0};
    Issues__V1__ListTasks body = ISSUES__V1__LIST_TASKS__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code, state = 0, field = 0;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!ask_read_word("state", given.state, &issues__v1__task_state__descriptor, "TASK_STATE_", &state) ||
        !ask_read_word("field", given.field, &issues__v1__reform_field__descriptor, "REFORM_FIELD_", &field)) {
        return EXIT_CODE_USAGE;
    }
    body.year = (uint32_t)given.year;
    body.field = (Issues__V1__ReformField)field;
    body.state = (Issues__V1__TaskState)state;
    body.lagging = given.lagging;
    body.agency = text_or_empty(given.agency, body.agency);
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_TASKS;
    query.list_tasks = &body;
    return run_list(ctl, &given, &tasks_list, &query, (struct pages){&body.after, &body.limit});
}

int command_clues(struct ctl *ctl, int argc, char **argv) {
    struct given given = {.limit = 100};
    const struct ctl_option options[] = {
        {"state", CTL_TEXT, &given.state, "STATE",
         "found, notice, transferred, received, filed, suggested, closed, ...", 0, 0},
        {"region", CTL_INTEGER, &given.region, "CODE", "GB/T 2260 code of a county", 1, 999999},
        {"overdue", CTL_FLAG, &given.overdue, NULL, "whose clock has run out", 0, 0},
        OPTION_LIMIT(given, "most rows (100)", ROWS_MAX),
        OPTION_AS(given),
        {.name = NULL},
    };
    const struct ctl_usage usage = {"clues [OPTIONS]", "River clues, newest first. --json: one a line.\n", 0, 0};
    Issues__V1__ListClues body = ISSUES__V1__LIST_CLUES__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code, state = 0;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!ask_read_word("state", given.state, &issues__v1__clue_state__descriptor, "CLUE_STATE_", &state)) {
        return EXIT_CODE_USAGE;
    }
    body.state = (Issues__V1__ClueState)state;
    body.region = (uint32_t)given.region;
    body.overdue = given.overdue;
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_CLUES;
    query.list_clues = &body;
    return run_list(ctl, &given, &clues_list, &query, (struct pages){&body.after, &body.limit});
}

int command_slips(struct ctl *ctl, int argc, char **argv) {
    struct given given = {.limit = 100};
    const struct ctl_option options[] = {
        OPTION_AGENCY(given, "that has to reply (the key's own; operator: all)"),
        {"ended", CTL_FLAG, &given.ended, NULL, "those that ended too", 0, 0},
        OPTION_LIMIT(given, "most rows (100)", ROWS_MAX),
        OPTION_AS(given),
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "slips [OPTIONS]", "Supervision slips of the issue registry, newest first. --json: one a line.\n", 0, 0};
    Issues__V1__ListSlips body = ISSUES__V1__LIST_SLIPS__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    body.agency = text_or_empty(given.agency, body.agency);
    body.with_ended = given.ended;
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_SLIPS;
    query.list_slips = &body;
    return run_list(ctl, &given, &slips_list, &query, (struct pages){&body.after, &body.limit});
}

int command_stalls(struct ctl *ctl, int argc, char **argv) {
    struct given given = {.limit = 20};
    const struct ctl_option options[] = {
        OPTION_LIMIT(given, "most rows (20)", 1000),
        OPTION_AS(given),
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "stalls [OPTIONS]",
        "Which items of the approval catalogue and which ledger tasks stall enterprises: those that issues\n"
        "name, most open ones first. --json: one a line.\n",
        0, 0};
    Issues__V1__ListStalls body = ISSUES__V1__LIST_STALLS__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_STALLS;
    query.list_stalls = &body;
    return run_list(ctl, &given, &stalls_list, &query, (struct pages){NULL, &body.limit});
}

/* Lists without any choice. */
static int plain_list(struct ctl *ctl, int argc, char **argv, const struct ctl_usage *usage, const struct list *list,
                      const Issues__V1__Query *query) {
    struct given given = {.limit = ROWS_MAX};
    const struct ctl_option options[] = {OPTION_AS(given), {.name = NULL}};
    int exit_code;
    return ctl_arguments(ctl, usage, options, &argc, argv, &exit_code)
               ? run_list(ctl, &given, list, query, (struct pages){NULL, NULL})
               : exit_code;
}

int command_contact_rules(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {
        "contact-rules [OPTIONS]",
        "The coded rules of contact between government and business, and how many issues cite each.\n", 0, 0};
    Issues__V1__ListContactRules body = ISSUES__V1__LIST_CONTACT_RULES__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_CONTACT_RULES;
    query.list_contact_rules = &body;
    return plain_list(ctl, argc, argv, &usage, &rules_list, &query);
}

int command_circulars(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {"circulars [OPTIONS]", "Circulars that were published, newest first.\n", 0,
                                           0};
    Issues__V1__ListCirculars body = ISSUES__V1__LIST_CIRCULARS__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    query.body_case = ISSUES__V1__QUERY__BODY_LIST_CIRCULARS;
    query.list_circulars = &body;
    return plain_list(ctl, argc, argv, &usage, &circulars_list, &query);
}
