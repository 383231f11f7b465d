/* lianchengctl import issues and import ledger as their users run them: the real program, real files, and the issue
 * registry as a real process, whose time comes with commands. */
#include "support/import_fixture.h"

#include <iconv.h>

static int set_up(void **state) {
    struct fixture *f = make_fixture("issues", "--tick-source=commands");
    CTL(f, 0, "import notices deploy/data/calendar.tsv --registry issues");
    *state = f;
    return 0;
}

/* One field of a record, as text; "" when there is no such record. */
static const char *field_of(struct fixture *f, const char *kind, const char *number, const char *field) {
    static char texts[4][64];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    run_program(&f->run, "lianchengctl", NULL, "query issues '{\"get_%s\":{\"%s_number\":\"%s\"}}' --key %s --json",
                kind, kind, number, f->supervisor_key);
    json_t *json = json_loads(buffer_text(&f->run.out), 0, NULL);
    json_t *record = json_object_get(json, kind), *value = json_object_get(record, field);
    if (json_is_integer(value)) {
        snprintf(text, sizeof texts[0], "%lld", (long long)json_integer_value(value));
    } else {
        snprintf(text, sizeof texts[0], "%s", json_is_string(value) ? json_string_value(value) : "");
    }
    json_decref(json);
    return text;
}

static void check_field(struct fixture *f, const char *kind, const char *number, const char *field, const char *want) {
    assert_string_equal(field_of(f, kind, number, field), want);
}

/* --- Issues ---------------------------------------------------------------------------------------------------------
 */
#define ISSUES "问题编号,登记日期,统一社会信用代码,问题标题,问题类别,所在县区,政商交往清单,事项编码,任务编号\r\n"
#define ISSUE_OF(number, day, code, title, region, rules)                                                              \
    number "," day "," code ",\"" title "\",用能," region "," rules ",,\r\n"
#define ISSUE(number) ISSUE_OF(number, "2020-03-02", "91411099QQ00007760", "用电扩容, 等待过久", "魏都区", "")

static void one_bad_issue_and_nothing_is_sent(void **state) {
    struct fixture *f = *state;
    /* a row with a cell that cannot be read is not looked at further */
    static const char *const want[] = {"3 登记日期 F03 三月", "4 统一社会信用代码 I04 91411099QQ00007761",
                                       "4 政商交往清单 K01 P01", NULL};
    write_text(f->table, ISSUES ISSUE("Q-1") ISSUE_OF("Q-2", "三月", "91411099QQ00007760", "题", "411002", "")
                             ISSUE_OF("Q-3", "2020-03-02", "91411099QQ00007761", "题", "411002", "P01"));
    CTL(f, 65, "import issues %s --key %s --json --dry-run --report %s", f->table, f->supervisor_key,
        path_in(f, "report.csv"));
    check_json(f, want, 3, 0, 0, 2);
    char *report = read_text(path_in(f, "report.csv"));
    assert_non_null(strstr(report, "行号,列名,规则,内容,问题,problem\r\n3,登记日期,F03,三月,"));
    assert_non_null(strstr(report, "\r\n4,统一社会信用代码,I04,91411099QQ00007761,"));
    free(report);
    CTL(f, 65, "import issues %s --key %s", f->table, f->supervisor_key);
    check_says(f, "row 4, 政商交往清单: K01 \"P01\": A contact rule is not in force");
    check_says(f, "nothing was sent");
    check_field(f, "issue", "Q-1", "state", "");
    CTL(f, 64, "import issues %s --key %s --report %s", f->table, f->supervisor_key, f->table);
}

static void issues_are_registered_once(void **state) {
    struct fixture *f = *state;
    write_text(f->table, ISSUES ISSUE("Q-1") ISSUE("Q-2"));
    CTL(f, 0, "import issues %s --key %s --json --dry-run", f->table, f->supervisor_key);
    check_json(f, nothing, 2, 0, 0, 0);
    check_field(f, "issue", "Q-1", "state", "");
    CTL(f, 0, "import issues %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    check_field(f, "issue", "Q-2", "state", "ISSUE_STATE_REGISTERED");
    check_field(f, "issue", "Q-2", "topic", "ISSUE_TOPIC_ENERGY");
    check_field(f, "issue", "Q-2", "region", "411002");
    check_field(f, "issue", "Q-2", "registered_at_ms", "1583078400000"); /* 2020-03-02T00:00+08:00 */
    CTL(f, 0, "import issues %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 2, 0, 2, 0);
    CTL(f, 0, "rejects list issues --json");
    assert_string_equal(buffer_text(&f->run.out), "");
    /* the number is taken by another row */
    static const char *const taken[] = {"2 问题编号 RECORD_EXISTS Q-1", NULL};
    write_text(f->table, ISSUES ISSUE_OF("Q-1", "2020-03-03", "91411099QQ00007760", "题", "411002", ""));
    CTL(f, 65, "import issues %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, taken, 1, 0, 0, 1);
}

/* What was refused once is decided anew: here a key that may not, then one that may; and a rule that is published
 * later. */
static void what_was_refused_is_decided_anew(void **state) {
    struct fixture *f = *state;
    static const char *const denied[] = {"2  FORBIDDEN ", NULL};
    write_text(f->table, ISSUES ISSUE("Q-1"));
    for (int i = 0; i < 3; i++) {
        CTL(f, 65, "import issues %s --as operator --actor supervisor --json", f->table);
        check_json(f, denied, 1, 0, 0, 1);
    }
    CTL(f, 0, "import issues %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 1, 1, 0, 0);
    CTL(f, 0, "import issues %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, nothing, 1, 0, 1, 0);
}

static void agencies_register_issues(void **state) {
    struct fixture *f = *state;
    write_text(f->table, ISSUES ISSUE("Q-1") ISSUE("Q-2") ISSUE("Q-1"));
    static const char *const twice[] = {"4 问题编号 F05 Q-1", NULL};
    CTL(f, 65, "import issues %s --as housing --json --accept-valid", f->table);
    check_json(f, twice, 3, 2, 0, 1);
    char *rejects = read_text(path_in(f, "table.csv.rejects.csv"));
    assert_non_null(strstr(rejects, "F05 "));
    free(rejects);
    CTL(f, 0, "query issues '{\"get_history\":{\"kind\":\"RECORD_KIND_ISSUE\",\"number\":\"Q-1\"}}' --key %s --json",
        f->supervisor_key);
    check_says(f, "ACTOR_HANDLER");
    check_says(f, "housing");
    CTL(f, 64, "import issues %s --as housing --actor mayor", f->table);
}

/* --- The ledger -----------------------------------------------------------------------------------------------------
 */
#define LEDGER                                                                                                                                                          \
    "任务编号,年度,改革领域,任务名称,省定任务编号,重大事项,牵头领导职务,牵头单位代码,协办单位代码,工作举措,年度目标," \
    "量化指标,时间节点,启动日期,完成时限\r\n"
#define TASK_OF(number, title, provincial, lead, indicators)                                                           \
    number ",2020,经济," title "," provincial ",,," lead ",weidu,举措一；举措二,目标," indicators                      \
           ",2020-06-30:半年:500,2020-01-01,2020-12-31\r\n"
#define TASK(number) TASK_OF(number, "任务", "", "housing", "cars:增加:100:200")
#define AT "--at 2020-01-02T09:00:00+08:00"

static void one_bad_task_and_nothing_is_sent(void **state) {
    struct fixture *f = *state;
    static const char *const want[] = {"3 省定任务编号 K04 H-1", "3 量化指标 L15 cars:增加:200:100",
                                       "4 量化指标 F03 cars:多:1:2", "5 牵头单位代码 K02 nobody", NULL};
    write_text(f->table, LEDGER TASK("G-1") TASK_OF("G-2", "任务", "H-1", "housing", "cars:增加:200:100")
                             TASK_OF("G-3", "任务", "", "housing", "cars:多:1:2")
                                 TASK_OF("G-4", "任务", "", "nobody", "cars:增加:100:200"));
    CTL(f, 65, "import ledger %s --key %s --json --dry-run", f->table, f->supervisor_key);
    check_json(f, want, 4, 0, 0, 3);
    CTL(f, 65, "import ledger %s --key %s --json --issue", f->table, f->supervisor_key);
    check_json(f, want, 4, 0, 0, 3);
    check_field(f, "task", "G-1", "state", "");
}

static void tasks_are_drafted_and_issued_once(void **state) {
    struct fixture *f = *state;
    write_text(f->table, LEDGER TASK("G-1") TASK("G-2"));
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    check_field(f, "task", "G-1", "state", "TASK_STATE_DRAFT");
    check_field(f, "task", "G-1", "field", "REFORM_FIELD_ECONOMY");
    check_field(f, "task", "G-1", "lead", "housing");
    check_field(f, "task", "G-1", "due_day", "18627");
    check_says(f, "\"baseline\":10000");
    check_says(f, "\"expected_permille\":500");
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 0, 2, 0);
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    check_field(f, "task", "G-2", "state", "TASK_STATE_ISSUED");
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 0, 2, 0);
    CTL(f, 0, "import ledger %s --key %s --json", f->table, f->supervisor_key); /* known, also without --at */
    check_json(f, nothing, 2, 0, 2, 0);
    static const char *const fixed[] = {"2 任务编号 TASK_FIXED G-1", NULL};
    write_text(f->table, LEDGER TASK_OF("G-1", "另一任务", "", "housing", "cars:增加:100:200"));
    CTL(f, 65, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_json(f, fixed, 1, 0, 0, 1);
}

/* Drafted anew; what was replaced is known, and comes back with --anew alone. */
static void a_draft_is_replaced(void **state) {
    struct fixture *f = *state;
    const char *const other = path_in(f, "other.csv");
    write_text(f->table, LEDGER TASK("G-1"));
    write_text(other, LEDGER TASK_OF("G-1", "任务", "", "weidu2", "cars:增加:100:200"));
    CTL(f, 65, "import ledger %s --key %s --json " AT, other, f->supervisor_key); /* no such agency */
    write_text(other, LEDGER TASK_OF("G-1", "任务", "", "housing", "cars:增加:100:300"));
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    CTL(f, 0, "import ledger %s --key %s --json " AT, other, f->supervisor_key);
    check_json(f, nothing, 1, 1, 0, 0);
    check_field(f, "task", "G-1", "state", "TASK_STATE_DRAFT");
    check_says(f, "\"target\":30000");
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 1, 0, 1, 0);
    check_field(f, "task", "G-1", "state", "TASK_STATE_DRAFT");
    check_says(f, "\"target\":30000");
    CTL(f, 0, "import ledger %s --key %s --json --anew " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 1, 1, 0, 0);
    check_field(f, "task", "G-1", "state", "TASK_STATE_DRAFT");
    check_says(f, "\"target\":20000");
    CTL(f, 64, "import ledger %s --at yesterday", f->table);
}

static void provincial_tasks(void **state) {
    struct fixture *f = *state;
    const char *const path = path_in(f, "provincial.jsonl");
    write_text(path, "{\"occurred_at\":\"2020-01-01T08:00:00+08:00\",\"publish_provincial_task\":{\"year\":2020,"
                     "\"code\":\"H-1\",\"title\":"
                     "\"省定任务\"}}\n");
    write_text(f->table, LEDGER TASK_OF("G-1", "任务", "H-1", "housing", "cars:增加:100:200"));
    static const char *const unknown[] = {"2 省定任务编号 K04 H-1", NULL};
    CTL(f, 65, "import ledger %s --key %s --json", f->table, f->supervisor_key);
    check_json(f, unknown, 1, 0, 0, 1);
    CTL(f, 0, "submit issues %s --key %s", path, f->supervisor_key);
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 1, 1, 0, 0);
}

/* --- Files ----------------------------------------------------------------------------------------------------------
 */

static void as_a_spreadsheet_saves_it(void **state) {
    struct fixture *f = *state;
    static const char text[] = LEDGER TASK("G-1") TASK("G-2");
    char converted[8192], *from = (char *)text, *to = converted;
    size_t left = strlen(text), room = sizeof converted;
    iconv_t converter = iconv_open("GB18030", "UTF-8");
    assert_true(iconv(converter, &from, &left, &to, &room) != (size_t)-1);
    iconv_close(converter);
    write_bytes(f->table, converted, (size_t)(to - converted));
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_says(f, "\"charset\":\"GB18030\"");
    check_json(f, nothing, 2, 2, 0, 0);
    write_text(f->table, text); /* the same in another character set is the same */
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 0, 2, 0);
}

/* The examples of the documents, with agencies of the same codes. */
static void the_examples_are_good(void **state) {
    struct fixture *f = *state;
    char *ledger = read_text("docs/examples/ledger.csv");
    for (char *at = ledger; (at = strstr(at, "agency-a")) != NULL;) {
        memcpy(at, "housing ", 8);
    }
    for (char *at = ledger; (at = strstr(at, "agency-b")) != NULL;) {
        memcpy(at, "weidu   ", 8);
    }
    write_text(f->table, ledger);
    free(ledger);
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    CTL(f, 0, "import issues docs/examples/issues.csv --key %s --json", f->supervisor_key);
    check_json(f, nothing, 2, 2, 0, 0);
    check_field(f, "issue", "Q-2020-0002", "topic", "ISSUE_TOPIC_LOGISTICS");
}

static void files_that_are_no_ledger(void **state) {
    struct fixture *f = *state;
    write_text(f->table, "任务编号,任务名称\r\nG-1,任务\r\n");
    CTL(f, 65, "import ledger %s --key %s", f->table, f->supervisor_key);
    check_says(f, "there is no column year (年度)");
    write_text(f->table, ISSUES ISSUE("Q-1"));
    CTL(f, 65, "import ledger %s --key %s", f->table, f->supervisor_key);
    check_says(f, "there is no column lead (牵头单位代码)");
    CTL(f, 64, "import ledger");
    CTL(f, 64, "import issues %s --key %s", path_in(f, "none.csv"), f->supervisor_key);
    CTL(f, 64, "import notices deploy/data/calendar.tsv --registry visits");
}

static void many_tasks(void **state) {
    struct fixture *f = *state;
    struct buffer text = {0};
    buffer_append_text(&text, LEDGER);
    for (int i = 0; i < 600; i++) {
        buffer_printf(&text, "M%d", i);
        buffer_append_text(&text, TASK(""));
    }
    write_bytes(f->table, text.data, text.size);
    buffer_release(&text);
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 600, 600, 0, 0);
    CTL(f, 0, "import ledger %s --key %s --json --issue " AT, f->table, f->supervisor_key);
    check_json(f, nothing, 600, 0, 600, 0);
    check_field(f, "task", "M599", "state", "TASK_STATE_ISSUED");
}

static void the_registry_is_away(void **state) {
    struct fixture *f = *state;
    assert_int_equal(process_stop(&f->process), 0);
    f->process.pid = 0;
    write_text(path_in(f, "notices.tsv"), "2020-01-01\toff\t元旦\t2020-A\t2019-11-21\n");
    CTL(f, 75, "import notices %s --registry issues --timeout 1", path_in(f, "notices.tsv"));
    check_says(f, "no receipt from issues");
    start(f);
    write_text(f->table, LEDGER TASK("G-1"));
    CTL(f, 0, "import ledger %s --key %s --json " AT, f->table, f->supervisor_key);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_bad_issue_and_nothing_is_sent),
        TEST(issues_are_registered_once),
        TEST(what_was_refused_is_decided_anew),
        TEST(agencies_register_issues),
        TEST(one_bad_task_and_nothing_is_sent),
        TEST(tasks_are_drafted_and_issued_once),
        TEST(a_draft_is_replaced),
        TEST(provincial_tasks),
        TEST(as_a_spreadsheet_saves_it),
        TEST(the_examples_are_good),
        TEST(files_that_are_no_ledger),
        TEST(many_tasks),
        TEST(the_registry_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
