#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "ctl/ask_issues.h"
#include "ctl/json.h"
#include "ctl/record_table.h"

/* One record of the issue registry with its history: an enterprise issue, a ledger task, a river clue; and a circular.
 */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

static const struct record_list history_list = {"steps",
                                                {{"occurred_at_ms", "time 时间"},
                                                 {"step", "step 环节"},
                                                 {"actor", "actor"},
                                                 {"organisation", "unit 单位"},
                                                 {"details", "details"},
                                                 {"seq", "number"}}};
static const struct record_list parts_list = {
    "cooperating", {{"agency", "cooperating 协办"}, {"done", "done 办结"}, {"due_day", "due 到期"}}};
static const struct record_list confirmations_list = {
    "cooperating", {{"agency", "cooperating 协办"}, {"confirmed", "confirmed 确认"}, {"objected", "objected 异议"}}};
static const struct record_list indicators_list = {"indicators",
                                                   {{"code", "indicator 指标"},
                                                    {"kind", "kind"},
                                                    {"baseline", "baseline/100"},
                                                    {"target", "target/100"},
                                                    {"measured", "measured/100"},
                                                    {"met", "met 达标"},
                                                    {"progress_permille", "progress"},
                                                    {"has_evidence", "evidence"}}};
static const struct record_list milestones_list = {
    "milestones", {{"due_day", "milestone 节点"}, {"expected_permille", "expected"}, {"closed", "closed 完成"}}};
static const struct record_list lines_list = {"lines",
                                              {{"number", "number 编号"},
                                               {"agency", "lead 牵头"},
                                               {"light", "light"},
                                               {"lag", "lag 滞后"},
                                               {"due_day", "due 到期"},
                                               {"progress_permille", "progress"}}};

/* What belongs to a kind of record. */
struct shown {
    Issues__V1__RecordKind kind;
    Issues__V1__Answer__BodyCase answer;
    const ProtobufCMessageDescriptor *descriptor;
    const struct record_list *lists[4]; /* within it; ended by NULL */
};
static const struct shown shown_issue = {
    KIND(ISSUE), ISSUES__V1__ANSWER__BODY_ISSUE, &issues__v1__issue__descriptor, {&parts_list}};
static const struct shown shown_task = {KIND(TASK),
                                        ISSUES__V1__ANSWER__BODY_TASK,
                                        &issues__v1__task__descriptor,
                                        {&indicators_list, &milestones_list, &confirmations_list}};
static const struct shown shown_clue = {
    KIND(CLUE), ISSUES__V1__ANSWER__BODY_CLUE, &issues__v1__clue__descriptor, {NULL}};

/* --- why an issue is due when it is --- */

/* Everything that the paragraph says. */
struct due {
    char day[CIVIL_DATE_TEXT_BYTES];        /* the last day */
    char from[CIVIL_DATE_TEXT_BYTES];       /* the clock began */
    char dispatched[CIVIL_DATE_TEXT_BYTES]; /* charged days count from there */
    const char *began, *began_zh;           /* with what the clock began */
    int64_t limit, extension, charged, left;
};

static int64_t integer(const json_t *message, const char *field) {
    return (int64_t)json_integer_value(json_object_get(message, field));
}

/* The clock runs from the last of these; steps are newest first. */
static void find_beginning(const json_t *steps, struct due *due) {
    static const struct {
        const char *step, *began, *began_zh;
    } beginnings[] = {
        {"DISPATCHED", "the dispatch", "交办"},
        {"DISSATISFIED", "the enterprise's dissatisfaction", "企业表示不满意"},
        {"RESUMED", "the resumption", "恢复办理"},
    };
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step) {
        const char *name = json_string_value(json_object_get(step, "step"));
        for (size_t b = 0; name != NULL && b < sizeof beginnings / sizeof beginnings[0]; b++) {
            if (strcmp(beginnings[b].step, name) == 0) {
                civil_date_format(civil_day_of_ms(integer(step, "occurred_at_ms")), due->from);
                due->began = beginnings[b].began;
                due->began_zh = beginnings[b].began_zh;
                return;
            }
        }
    }
}

static void print_due_en(const struct due *due) {
    printf("Due on %s: %" PRId64 " workdays after %s of %s", due->day, due->limit, due->began, due->from);
    if (due->extension > 0) {
        printf(", and %" PRId64 " more by an extension", due->extension);
    }
    printf("; that day itself is not counted (Civil Code, article 201). Since the dispatch of %s %" PRId64
           " workdays have gone by; ",
           due->dispatched, due->charged);
    if (due->left < 0) {
        printf("it is %" PRId64 " workdays late.\n", -due->left);
    } else {
        printf("%" PRId64 " are left.\n", due->left);
    }
}

static void print_due_zh(const struct due *due) {
    printf("到期日为%s：自%s%s的次日起计%" PRId64 "个工作日", due->day, due->from, due->began_zh, due->limit);
    if (due->extension > 0) {
        printf("，另经批准延期%" PRId64 "个工作日", due->extension);
    }
    printf("；当日不计入（民法典第二百零一条）。自%s交办以来已过%" PRId64 "个工作日，", due->dispatched, due->charged);
    if (due->left < 0) {
        printf("已超期%" PRId64 "个工作日。\n", -due->left);
    } else {
        printf("剩余%" PRId64 "个工作日。\n", due->left);
    }
}

static void print_due(const json_t *issue, const json_t *steps) {
    struct due due = {.limit = integer(issue, "limit_workdays"),
                      .extension = integer(issue, "extension"),
                      .charged = integer(issue, "charged_days"),
                      .left = integer(issue, "remaining_days")};
    const int32_t day = (int32_t)integer(issue, "due_day");
    find_beginning(steps, &due);
    if (day == 0 || due.began == NULL) {
        printf("\nNo handling clock runs in this state.\n当前状态不计办理时限。\n");
        return;
    }
    civil_date_format(day, due.day);
    civil_date_format(civil_day_of_ms(integer(issue, "dispatched_at_ms")), due.dispatched);
    putchar('\n');
    print_due_en(&due);
    print_due_zh(&due);
}

/* --- a record --- */

/* The query for one record, with room for its body. */
struct wanted {
    Issues__V1__Query query;
    Issues__V1__GetIssue issue;
    Issues__V1__GetTask task;
    Issues__V1__GetClue clue;
};

static void fill_query(struct wanted *wanted, Issues__V1__RecordKind kind, char *number) {
    issues__v1__query__init(&wanted->query);
    issues__v1__get_issue__init(&wanted->issue);
    issues__v1__get_task__init(&wanted->task);
    issues__v1__get_clue__init(&wanted->clue);
    wanted->issue.issue_number = wanted->task.task_number = wanted->clue.clue_number = number;
    if (kind == KIND(ISSUE)) {
        wanted->query.body_case = ISSUES__V1__QUERY__BODY_GET_ISSUE;
        wanted->query.get_issue = &wanted->issue;
    } else if (kind == KIND(TASK)) {
        wanted->query.body_case = ISSUES__V1__QUERY__BODY_GET_TASK;
        wanted->query.get_task = &wanted->task;
    } else {
        wanted->query.body_case = ISSUES__V1__QUERY__BODY_GET_CLUE;
        wanted->query.get_clue = &wanted->clue;
    }
}

/* All of it, page by page, into steps. */
static int gather_history(struct registry_desk *desk, Issues__V1__RecordKind kind, char *number, json_t *steps) {
    Issues__V1__GetHistory body = ISSUES__V1__GET_HISTORY__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    int exit_code;
    body.kind = kind;
    body.number = number;
    body.limit = ASK_PAGE_ROWS;
    query.body_case = ISSUES__V1__QUERY__BODY_GET_HISTORY;
    query.get_history = &body;
    do {
        json_t *page = ask_issues(desk, &query, ISSUES__V1__ANSWER__BODY_HISTORY, &exit_code);
        if (page == NULL) {
            return exit_code;
        }
        const json_t *next = json_object_get(page, "next");
        body.before =
            json_is_string(next) ? strtoull(json_string_value(next), NULL, 10) : (uint64_t)json_integer_value(next);
        json_array_extend(steps, json_object_get(page, "steps"));
        json_decref(page);
    } while (body.before != 0 && !ctl_is_interrupted());
    return EXIT_CODE_OK;
}

static void print_record(const struct shown *shown, const json_t *record, const json_t *steps, const json_t *all) {
    record_fields_print(shown->descriptor, record);
    if (shown->kind == KIND(ISSUE)) {
        print_due(record, steps);
    }
    for (size_t i = 0; shown->lists[i] != NULL; i++) {
        if (json_array_size(json_object_get(record, shown->lists[i]->rows)) > 0) {
            putchar('\n');
            record_table_print(shown->descriptor, shown->lists[i], record);
        }
    }
    putchar('\n');
    record_table_print(&issues__v1__history__descriptor, &history_list, all);
}

static int show_record(const struct ctl *ctl, struct registry_desk *desk, const struct shown *shown, char *number) {
    struct wanted wanted;
    int exit_code;
    fill_query(&wanted, shown->kind, number);
    json_t *record = ask_issues(desk, &wanted.query, shown->answer, &exit_code);
    if (record == NULL) {
        return exit_code;
    }
    json_t *steps = json_array();
    json_t *all = json_pack("{s:o, s:O}", "record", record, "steps", steps);
    CHECK(all != NULL);
    exit_code = gather_history(desk, shown->kind, number, steps);
    if (exit_code == EXIT_CODE_OK && ctl->json) {
        json_print(json_incref(all));
    } else if (exit_code == EXIT_CODE_OK) {
        print_record(shown, record, steps, all);
    }
    json_decref(steps);
    json_decref(all);
    return exit_code;
}

/* --- the commands --- */

/* Reads the arguments and connects. False: *exit_code. */
static bool begin(struct ctl *ctl, int argc, char **argv, const struct ctl_usage *usage, struct registry_desk *desk,
                  int *exit_code) {
    const char *as = NULL;
    const struct ctl_option options[] = {
        {"as", CTL_TEXT, &as, "WHO", "operator, or who: its key of ctl.conf", 0, 0},
        {.name = NULL},
    };
    if (!ctl_arguments(ctl, usage, options, &argc, argv, exit_code)) {
        return false;
    }
    ctl_catch_signals();
    *exit_code = registry_desk_open(ctl, "issues", as, desk);
    return *exit_code == EXIT_CODE_OK;
}

static int run_record(struct ctl *ctl, int argc, char **argv, const struct ctl_usage *usage,
                      const struct shown *shown) {
    struct registry_desk desk = {.socket = NULL};
    int exit_code;
    if (begin(ctl, argc, argv, usage, &desk, &exit_code)) {
        exit_code = show_record(ctl, &desk, shown, argv[1]);
    }
    registry_desk_close(&desk);
    return exit_code;
}

int command_issue(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {
        "issue NUMBER [OPTIONS]", "One enterprise issue: why it is due when it is, and its history, newest first.\n", 1,
        1};
    return run_record(ctl, argc, argv, &usage, &shown_issue);
}

int command_task(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {
        "task NUMBER [OPTIONS]", "One ledger task: indicators, milestones, and its history, newest first.\n", 1, 1};
    return run_record(ctl, argc, argv, &usage, &shown_task);
}

int command_clue(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {"clue NUMBER [OPTIONS]", "One river clue and its history, newest first.\n",
                                           1, 1};
    return run_record(ctl, argc, argv, &usage, &shown_clue);
}

static void print_circular(const json_t *circular) {
    record_fields_print(&issues__v1__circular_head__descriptor, json_object_get(circular, "head"));
    record_fields_print(&issues__v1__circular__descriptor, circular);
    putchar('\n');
    record_table_print(&issues__v1__circular__descriptor, &lines_list, circular);
}

int command_circular(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {"circular NUMBER [OPTIONS]",
                                           "One circular as it was published. --json: one line.\n", 1, 1};
    Issues__V1__GetCircular body = ISSUES__V1__GET_CIRCULAR__INIT;
    Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    struct registry_desk desk = {.socket = NULL};
    int exit_code;
    if (begin(ctl, argc, argv, &usage, &desk, &exit_code)) {
        body.circular_number = argv[1];
        query.body_case = ISSUES__V1__QUERY__BODY_GET_CIRCULAR;
        query.get_circular = &body;
        json_t *circular = ask_issues(&desk, &query, ISSUES__V1__ANSWER__BODY_CIRCULAR, &exit_code);
        if (circular != NULL && ctl->json) {
            json_print(json_incref(circular));
        } else if (circular != NULL) {
            print_circular(circular);
        }
        json_decref(circular);
    }
    registry_desk_close(&desk);
    return exit_code;
}
