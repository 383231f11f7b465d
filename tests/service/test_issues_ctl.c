/* The issue registry as it is read with lianchengctl: the real daemon over CURVE, everything said through `submit` and
 * `import`, and each command that shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text_table.h"
#include "support/ctl_runner.h"
#include "support/issues_fixture.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"

/* Keys as --as names them. */
static const struct {
    const char *organisation, *role;
} people[] = {{"bureau", "supervisor"}, {"government", "leader"}, {"hall", "clerk"},   {"plan", "handler"},
              {"fire", "handler"},      {"water", "handler"},     {"proc", "handler"}, {"stranger", "handler"}};

struct fixture {
    struct test_keys keys;
    struct process process;
    char endpoint[TEST_ENDPOINT_BYTES];
    struct run run;
};

/* --- the daemon and lianchengctl --- */

static const char *path_in(const struct fixture *f, const char *name) {
    static char paths[8][600];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", f->keys.folder, name);
    return path;
}

static void start_daemon(struct fixture *f) {
    char program[4200], options[4][700], line[1024];
    long position = 0;
    snprintf(program, sizeof program, "%s/issues", programs_folder());
    snprintf(options[0], sizeof options[0], "--server-key=%s", f->keys.server_key_path);
    snprintf(options[1], sizeof options[1], "--server-keys=%s", f->keys.keys_path);
    snprintf(options[2], sizeof options[2], "--store-folder=%s", path_in(f, "data"));
    snprintf(options[3], sizeof options[3], "--store-seal-key=%s", path_in(f, "seal"));
    char bind[200];
    snprintf(bind, sizeof bind, "--server-bind=%s", f->endpoint);
    const char *argv[] = {
        program, bind, options[0], options[1], options[2], options[3], "--http-port=0", "--tick-source=commands", NULL};
    process_start(&f->process, argv, path_in(f, "daemon.log"));
    const bool listening = process_wait_log(&f->process, &position, "\"listening\"", line, sizeof line);
    if (!listening) {
        process_show_log(&f->process);
    }
    assert_true(listening);
}

static void write_conf(struct fixture *f, const char *operator_key) {
    char text[2600];
    snprintf(text, sizeof text,
             "key = \"%s\"\npublisher_keys = \"%s\"\nissues\n    endpoint = \"%s\"\n    server_key = \"%s\"\n",
             operator_key, path_in(f, "secret"), f->endpoint, f->keys.server_public_path);
    assert_int_equal(file_write_atomic(path_in(f, "ctl.conf"), text, strlen(text), 0600), STATUS_OK);
}

/* The arguments may hold words in single quotes. */
static void ctl_reads(struct fixture *f, int want, const char *input, const char *arguments) {
    run_program(&f->run, "lianchengctl", input, "--config %s %s", path_in(f, "ctl.conf"), arguments);
    if (f->run.exit_code != want) {
        fail_msg("%s: exit code %d\n%s\n%s", arguments, f->run.exit_code, buffer_text(&f->run.out),
                 buffer_text(&f->run.err));
    }
}

static void ctl(struct fixture *f, int want, const char *arguments) {
    ctl_reads(f, want, NULL, arguments);
}

static bool has_said(struct fixture *f, const char *text) {
    return strstr(buffer_text(&f->run.out), text) != NULL || strstr(buffer_text(&f->run.err), text) != NULL;
}

static void says(struct fixture *f, const char *text) {
    if (!has_said(f, text)) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

static void says_nothing_of(struct fixture *f, const char *text) {
    if (has_said(f, text)) {
        fail_msg("\"%s\" is in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

/* Lines of JSON, as an array; the caller releases it. */
static json_t *json_lines(struct fixture *f) {
    json_t *all = json_array();
    const char *at = buffer_text(&f->run.out);
    while (*at != '\0') {
        const size_t size = strcspn(at, "\n");
        json_t *line = json_loadb(at, size, 0, NULL);
        assert_non_null(line);
        json_array_append_new(all, line);
        at += size + (at[size] != '\0');
    }
    return all;
}

/* Lists as JSON: one field of each row, each followed by a blank. */
static void lists(struct fixture *f, const char *arguments, const char *field, const char *wanted) {
    char found[512] = "";
    size_t i;
    json_t *row;
    ctl(f, 0, arguments);
    json_t *all = json_lines(f);
    json_array_foreach(all, i, row) {
        const size_t used = strlen(found);
        snprintf(found + used, sizeof found - used, "%s ", json_string_value(json_object_get(row, field)));
    }
    json_decref(all);
    assert_string_equal(found, wanted);
}

/* --- saying things --- */

/* Each a command's members as JSON without braces; at: local time. */
struct said {
    const char *who, *at, *body;
};

static void say(struct fixture *f, const struct said *said) {
    char line[1500], arguments[64];
    snprintf(line, sizeof line, "{\"occurred_at\": \"%s:00+08:00\", %s}\n", said->at, said->body);
    assert_int_equal(file_write_atomic(path_in(f, "said.jsonl"), line, strlen(line), 0600), STATUS_OK);
    snprintf(arguments, sizeof arguments, "submit issues - --as %s", said->who);
    ctl_reads(f, 0, path_in(f, "said.jsonl"), arguments);
}

static void register_agencies(struct fixture *f) {
    static const struct {
        const char *code, *name;
        bool is_window;
    } agencies[] = {{"plan", "市发改委", false},
                    {"fire", "消防支队", false},
                    {"water", "水利局", false},
                    {"hall", "政务服务中心", true},
                    {"proc", "检察院", false}};
    for (uint32_t i = 0; i < sizeof agencies / sizeof agencies[0]; i++) {
        char body[400], credit_code[CREDIT_CODE_BYTES];
        office_credit_code(i + 1, credit_code);
        snprintf(body, sizeof body,
                 "\"register_agency\": {\"agency\": \"%s\", \"name\": \"%s\", \"region\": 411000, \"credit_code\": "
                 "\"%s\", \"window\": %s}",
                 agencies[i].code, agencies[i].name, credit_code, agencies[i].is_window ? "true" : "false");
        say(f, &(struct said){"operator", "2020-01-01T08:00", body});
    }
}

static void registers(struct fixture *f, const char *number, const char *at, const char *more) {
    char body[800], credit_code[CREDIT_CODE_BYTES];
    office_credit_code(900, credit_code);
    snprintf(body, sizeof body,
             "\"report_issue\": {\"issue_number\": \"%s\", \"step\": \"ISSUE_STEP_REGISTERED\", \"actor\": "
             "\"ACTOR_APPLICANT\", \"registration\": {\"credit_code\": \"%s\", \"title\": \"门前道路长期封闭\", "
             "\"topic\": \"ISSUE_TOPIC_LAND\", \"region\": 411002%s}}",
             number, credit_code, more);
    say(f, &(struct said){"hall", at, body});
}

static void moves(struct fixture *f, const char *number, const char *at, const char *who, const char *actor,
                  const char *step, const char *more) {
    char body[600];
    snprintf(body, sizeof body,
             "\"report_issue\": {\"issue_number\": \"%s\", \"step\": \"ISSUE_STEP_%s\", \"actor\": \"ACTOR_%s\"%s}",
             number, step, actor, more);
    say(f, &(struct said){who, at, body});
}

/* Into the hands of "plan", with a part of "fire". */
static void is_handled(struct fixture *f, const char *number, const char *class) {
    char more[64];
    snprintf(more, sizeof more, ", \"class\": \"ISSUE_CLASS_%s\"", class);
    moves(f, number, "2020-06-01T10:00", "bureau", "SUPERVISOR", "SCREENED", more);
    moves(f, number, "2020-06-01T11:00", "bureau", "SUPERVISOR", "DISPATCHED",
          ", \"lead\": \"plan\", \"cooperating\": [\"fire\"]");
    moves(f, number, "2020-06-02T09:00", "plan", "HANDLER", "STARTED", "");
    moves(f, number, "2020-06-02T10:00", "fire", "HANDLER", "PART_DONE", "");
}

static void make_issues(struct fixture *f) {
    registers(f, "Q1", "2020-06-01T09:00", ", \"item_code\": \"A-17\", \"rules\": [\"N1\"]");
    is_handled(f, "Q1", "B");
    moves(f, "Q1", "2020-06-10T09:00", "plan", "HANDLER", "ANSWERED", ", \"reason\": \"已协调开通便道\"");
    moves(f, "Q1", "2020-06-11T09:00", "hall", "APPLICANT", "DISSATISFIED", ", \"reason\": \"便道\\u001b[31m过窄\"");
    registers(f, "诉求-2", "2020-06-01T09:00", ", \"item_code\": \"A-17\"");
    is_handled(f, "诉求-2", "C");
    registers(f, "Q3", "2020-06-01T09:00", "");
    is_handled(f, "Q3", "B");
    moves(f, "Q3", "2020-06-08T09:00", "plan", "HANDLER", "EXTENSION_ASKED", ", \"reason\": \"须多方协商\"");
    moves(f, "Q3", "2020-06-08T10:00", "bureau", "SUPERVISOR", "EXTENDED", ", \"extension\": 5");
    registers(f, "Q4", "2020-06-10T09:00", ", \"task_number\": \"T1\"");
}

/* A year's worth of everything, up to 12 June 2020. */
static void make_office(struct fixture *f) {
    static const struct said ledger_and_rivers[] = {
        {"bureau", "2020-01-02T09:00",
         "\"publish_task\": {\"task_number\": \"T1\", \"year\": 2020, \"field\": \"REFORM_FIELD_ECOLOGY\", \"title\": "
         "\"河道垃圾清零\", \"lead\": \"plan\", \"cooperating\": [\"water\"], \"indicators\": [{\"code\": \"rivers\", "
         "\"kind\": \"INDICATOR_KIND_INCREASE\", \"baseline\": 0, \"target\": 1000}], \"milestones\": [{\"name\": "
         "\"摸底\", \"due_day\": 18382, \"expected_permille\": 400}], \"start_day\": 18262, \"due_day\": 18627}"},
        {"bureau", "2020-01-03T09:00",
         "\"report_task\": {\"task_number\": \"T1\", \"step\": \"TASK_STEP_ISSUED\", \"actor\": \"ACTOR_SUPERVISOR\"}"},
        {"plan", "2020-01-03T10:00",
         "\"report_task\": {\"task_number\": \"T1\", \"step\": \"TASK_STEP_STARTED\", \"actor\": \"ACTOR_HANDLER\"}"},
        {"plan", "2020-05-20T10:00",
         "\"report_task\": {\"task_number\": \"T1\", \"step\": \"TASK_STEP_MEASURED\", \"actor\": \"ACTOR_HANDLER\", "
         "\"indicator\": \"rivers\", \"value\": 450, \"evidence\": "
         "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}"},
        {"bureau", "2020-01-02T09:00",
         "\"publish_task\": {\"task_number\": \"T2\", \"year\": 2021, \"field\": \"REFORM_FIELD_PARTY\", \"title\": "
         "\"草稿\", \"lead\": \"fire\", \"milestones\": [{\"name\": \"起草\", \"due_day\": 18700}], \"start_day\": "
         "18628, \"due_day\": 18992}"},
        {"water", "2020-05-20T09:00",
         "\"report_clue\": {\"clue_number\": \"K1\", \"step\": \"CLUE_STEP_FOUND\", \"actor\": \"ACTOR_HANDLER\", "
         "\"finding\": {\"river\": \"HN-QL-02\", \"region\": 411024, \"kind\": \"CLUE_KIND_DUMP\", \"grade\": "
         "\"CLUE_GRADE_MAJOR\", \"place\": \"三桥下游\"}}"},
        {"bureau", "2020-05-21T09:00",
         "\"report_clue\": {\"clue_number\": \"K1\", \"step\": \"CLUE_STEP_NOTICE\", \"actor\": \"ACTOR_SUPERVISOR\", "
         "\"agency\": \"plan\", \"until_day\": 18414}"},
        {"water", "2020-06-11T09:00",
         "\"report_clue\": {\"clue_number\": \"K2\", \"step\": \"CLUE_STEP_FOUND\", \"actor\": \"ACTOR_HANDLER\", "
         "\"finding\": {\"river\": \"HN-QL-03\", \"region\": 411002, \"kind\": \"CLUE_KIND_MINE\", \"grade\": "
         "\"CLUE_GRADE_MINOR\", \"place\": \"堤边\"}}"},
    };
    register_agencies(f);
    ctl(f, 0, "import notices tests/data/calendar.tsv --registry issues");
    say(f, &(struct said){"bureau", "2020-01-02T08:00",
                          "\"publish_contact_rule\": {\"rule\": \"N1\", \"negative\": true, \"text\": \"不得推诿\"}"});
    say(f, &(struct said){"bureau", "2020-01-02T08:00",
                          "\"publish_contact_rule\": {\"rule\": \"P1\", \"text\": \"可以座谈\"}"});
    for (size_t i = 0; i < sizeof ledger_and_rivers / sizeof ledger_and_rivers[0]; i++) {
        say(f, &ledger_and_rivers[i]);
    }
    make_issues(f);
    say(f, &(struct said){"operator", "2020-06-12T00:01", "\"tick\": {}"});
    say(f, &(struct said){"bureau", "2020-06-12T09:00",
                          "\"publish_circular\": {\"circular_number\": \"2020-6\", \"kind\": \"RECORD_KIND_ISSUE\", "
                          "\"first_day\": 18414, \"last_day\": 18425, \"title\": \"六月上旬通报\"}"});
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    char principal[64], link[64];
    test_keys_make(&f->keys);
    const char *operator_key = test_keys_add(&f->keys, "operator/operator", "operator", "operator");
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        snprintf(principal, sizeof principal, "%s/%s", people[i].organisation, people[i].role);
        snprintf(link, sizeof link, "secret/%s.key", people[i].organisation);
        const char *key = test_keys_add(&f->keys, principal, people[i].organisation, people[i].role);
        assert_int_equal(symlink(key, path_in(f, link)), 0);
    }
    assert_int_equal(secret_make(path_in(f, "seal")), STATUS_OK);
    test_endpoint(f->endpoint);
    write_conf(f, operator_key);
    start_daemon(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    const int code = f->process.pid > 0 ? process_stop(&f->process) : 0;
    if (code != 0) {
        process_show_log(&f->process);
    }
    test_keys_remove(&f->keys);
    run_release(&f->run);
    free(f);
    return code;
}

/* --- lists --- */

/* Where a text begins on the terminal, in the line that has it; the whole output is looked through. */
static size_t column_of(struct fixture *f, const char *line_with, const char *text) {
    const char *out = buffer_text(&f->run.out);
    const char *in_line = strstr(out, line_with);
    assert_non_null(in_line);
    while (in_line > out && in_line[-1] != '\n') {
        in_line--;
    }
    const char *at = strstr(in_line, text);
    char before[512];
    assert_true(at != NULL && at < in_line + strcspn(in_line, "\n"));
    snprintf(before, sizeof before, "%.*s", (int)(at - in_line), in_line);
    return text_width(before);
}

static void issues_are_listed(struct fixture *f) {
    ctl(f, 0, "issues");
    says(f, "诉求-2");
    says(f, "  handling ");
    const size_t due = column_of(f, "issue 编号", "due 到期");
    assert_int_equal(column_of(f, "Q1 ", "2020-07-03"), due);
    assert_int_equal(column_of(f, "诉求-2 ", "2020-06-08"), due);
    assert_int_equal(column_of(f, "Q3 ", "2020-06-30"), due);
    lists(f, "issues --json", "issue_number", "Q4 Q3 诉求-2 Q1 ");
    lists(f, "issues --json --limit 3", "issue_number", "Q4 Q3 诉求-2 ");
    lists(f, "issues --state handling --json", "issue_number", "Q3 诉求-2 Q1 ");
    lists(f, "issues --state Registered --json", "issue_number", "Q4 ");
    lists(f, "issues --overdue --json", "issue_number", "诉求-2 ");
    lists(f, "issues --agency fire --json", "issue_number", "Q3 诉求-2 Q1 ");
    lists(f, "issues --json --as fire", "issue_number", "Q3 诉求-2 Q1 ");
    lists(f, "issues --json --as hall", "issue_number", "Q4 Q3 诉求-2 Q1 ");
    lists(f, "issues --json --as water", "issue_number", "");
    ctl(f, 64, "issues --state pink");
    says(f, "registered, screened");
    ctl(f, 70, "issues --agency plan --as fire");
    says(f, "FORBIDDEN");
    ctl(f, 70, "issues --agency nobody");
    says(f, "AGENCY_UNKNOWN");
    ctl(f, 70, "issues --as stranger");
    ctl(f, 64, "issues Q1");
}

static void other_records_are_listed(struct fixture *f) {
    lists(f, "ledger --json", "task_number", "T2 T1 ");
    lists(f, "ledger --json --year 2021", "task_number", "T2 ");
    lists(f, "ledger --json --field ecology", "task_number", "T1 ");
    lists(f, "ledger --json --state draft", "task_number", "T2 ");
    lists(f, "ledger --json --lagging", "task_number", "T1 ");
    lists(f, "ledger --json --as water", "task_number", "T1 ");
    ctl(f, 0, "ledger");
    says(f, "45.0%");
    says(f, "orange");
    ctl(f, 64, "ledger --field rivers");
    says(f, "economy, rule-of-law, culture, livelihood, ecology, party");
    lists(f, "clues --json", "clue_number", "K2 K1 ");
    lists(f, "clues --json --state notice", "clue_number", "K1 ");
    lists(f, "clues --json --region 411002", "clue_number", "K2 ");
    lists(f, "clues --json --overdue", "clue_number", "K1 ");
    lists(f, "clues --json --as proc", "clue_number", "");
    lists(f, "slips --json --agency plan", "number", "诉求-2 K1 T1 ");
    lists(f, "slips --json --as fire", "number", "");
    ctl(f, 0, "slips --ended");
    says(f, "clue_late");
}

static void what_is_counted_is_listed(struct fixture *f) {
    ctl(f, 0, "stalls --json");
    json_t *stalls = json_lines(f);
    assert_int_equal(json_array_size(stalls), 2);
    const json_t *first = json_array_get(stalls, 0);
    assert_string_equal(json_string_value(json_object_get(first, "item_code")), "A-17");
    assert_int_equal(json_integer_value(json_object_get(first, "open")), 2);
    assert_int_equal(json_integer_value(json_object_get(first, "overdue")), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(stalls, 1), "task_number")), "T1");
    json_decref(stalls);
    lists(f, "stalls --json --limit 1", "item_code", "A-17 ");
    ctl(f, 0, "stalls");
    says(f, "overdue 超时");
    lists(f, "contact-rules --json --as fire", "rule", "N1 P1 ");
    ctl(f, 0, "contact-rules");
    says(f, "cited 引用");
    lists(f, "circulars --json --as proc", "circular_number", "2020-6 ");
}

static void everything_is_listed(void **state) {
    struct fixture *f = *state;
    make_office(f);
    issues_are_listed(f);
    other_records_are_listed(f);
    what_is_counted_is_listed(f);
}

/* --- records --- */

static void an_issue_is_shown(struct fixture *f) {
    ctl(f, 0, "issue Q1");
    says(f,
         "Due on 2020-07-03: 15 workdays after the enterprise's dissatisfaction of 2020-06-11; that day itself is not "
         "counted (Civil Code, article 201). Since the dispatch of 2020-06-01 9 workdays have gone by; 14 are left.");
    says(f, "到期日为2020-07-03：自2020-06-11企业表示不满意的次日起计15个工作日；当日不计入（民法典第二百零一条）。"
            "自2020-06-01交办以来已过9个工作日，剩余14个工作日。");
    says(f, "title: 门前道路长期封闭");
    says(f, "reason: 已协调开通便道");
    says(f, "cooperating: fire");
    says(f, "DISSATISFIED");
    says_nothing_of(f, "\x1b"); /* no text moves the terminal */
    ctl(f, 0, "issue 诉求-2");
    says(f, "Due on 2020-06-08: 5 workdays after the dispatch of 2020-06-01;");
    says(f, "it is 4 workdays late.");
    says(f, "已超期4个工作日");
    says(f, "SLIP_ISSUED");
    ctl(f, 0, "issue Q3");
    says(f, "15 workdays after the dispatch of 2020-06-01, and 5 more by an extension;");
    says(f, "另经批准延期5个工作日");
    ctl(f, 0, "issue Q4");
    says(f, "No handling clock runs in this state.");
    says(f, "当前状态不计办理时限。");
    ctl(f, 0, "issue Q1 --json --as hall");
    json_t *all = json_lines(f);
    const json_t *one = json_array_get(all, 0);
    char credit_code[CREDIT_CODE_BYTES];
    office_credit_code(900, credit_code);
    assert_int_equal(json_array_size(all), 1);
    assert_int_equal(json_array_size(json_object_get(one, "steps")), 7);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(one, "steps"), 0), "step")),
                        "DISSATISFIED");
    assert_string_equal(json_string_value(json_object_get(json_object_get(one, "record"), "credit_code")), credit_code);
    json_decref(all);
    ctl(f, 0, "issue Q1 --json"); /* the operator does not handle it */
    says_nothing_of(f, credit_code);
    ctl(f, 70, "issue Q9");
    says(f, "NOT_FOUND");
    ctl(f, 70, "issue Q1 --as water");
    says(f, "NOT_FOUND");
    ctl(f, 64, "issue");
}

static void a_task_is_shown(struct fixture *f) {
    ctl(f, 0, "task T1");
    says(f, "indicator 指标");
    says(f, "rivers");
    says(f, "milestone 节点");
    says(f, "2020-04-30");
    says(f, "cooperating 协办");
    says(f, "title: 河道垃圾清零");
    says(f, "hundredths: 450");
    says(f, "evidence: 00112233445566778899aabbccddeeff");
    ctl(f, 0, "task T1 --json --as water");
    json_t *all = json_lines(f);
    const json_t *record = json_object_get(json_array_get(all, 0), "record");
    assert_int_equal(json_integer_value(json_object_get(record, "progress_permille")), 450);
    assert_string_equal(json_string_value(json_object_get(record, "lag")), "TASK_LAG_ORANGE");
    assert_int_equal(json_array_size(json_object_get(record, "indicators")), 1);
    json_decref(all);
    ctl(f, 70, "task T1 --as fire");
    says(f, "NOT_FOUND");
}

static void a_clue_and_a_circular_are_shown(struct fixture *f) {
    ctl(f, 0, "clue K1 --as plan");
    says(f, "place: 三桥下游");
    says(f, "NOTICE_PASSED");
    says(f, "until: 2020-06-01");
    ctl(f, 70, "clue K2 --as plan");
    says(f, "NOT_FOUND");
    ctl(f, 0, "circular 2020-6 --as proc");
    says(f, "六月上旬通报");
    says(f, "诉求-2");
    says(f, "red");
    ctl(f, 0, "circular 2020-6 --json");
    json_t *all = json_lines(f);
    assert_int_equal(json_array_size(json_object_get(json_array_get(all, 0), "lines")), 1);
    json_decref(all);
    ctl(f, 70, "circular 2020-7");
    says(f, "NOT_FOUND");
}

static void each_record_is_shown_whole(void **state) {
    struct fixture *f = *state;
    make_office(f);
    an_issue_is_shown(f);
    a_task_is_shown(f);
    a_clue_and_a_circular_are_shown(f);
}

/* --- pages --- */

/* More rows than one answer holds: each once, newest first. */
static void lists_go_on_over_pages(void **state) {
    enum { ISSUES = 2300 };
    struct fixture *f = *state;
    struct buffer lines = {0};
    char credit_code[CREDIT_CODE_BYTES], number[16];
    office_credit_code(900, credit_code);
    register_agencies(f);
    ctl(f, 0, "import notices tests/data/calendar.tsv --registry issues");
    for (int i = 1; i <= ISSUES; i++) {
        buffer_printf(&lines,
                      "{\"occurred_at\": \"2020-06-01T09:00:00+08:00\", \"report_issue\": {\"issue_number\": "
                      "\"P%04d\", \"step\": \"ISSUE_STEP_REGISTERED\", \"actor\": \"ACTOR_APPLICANT\", "
                      "\"registration\": {\"credit_code\": \"%s\", \"title\": \"t\", \"topic\": \"ISSUE_TOPIC_TAX\", "
                      "\"region\": 411002}}}\n",
                      i, credit_code);
    }
    assert_int_equal(file_write_atomic(path_in(f, "many.jsonl"), lines.data, lines.size, 0600), STATUS_OK);
    buffer_release(&lines);
    ctl_reads(f, 0, path_in(f, "many.jsonl"), "submit issues - --as hall");
    static const struct {
        const char *arguments;
        size_t rows;
    } asked[] = {
        {"issues --json --limit 100000", ISSUES}, {"issues --json --limit 1001", 1001}, {"issues --json", 100}};
    for (size_t a = 0; a < sizeof asked / sizeof asked[0]; a++) {
        ctl(f, 0, asked[a].arguments);
        json_t *rows = json_lines(f);
        assert_int_equal(json_array_size(rows), asked[a].rows);
        for (size_t i = 0; i < asked[a].rows; i++) {
            snprintf(number, sizeof number, "P%04d", (int)(ISSUES - i));
            assert_string_equal(json_string_value(json_object_get(json_array_get(rows, i), "issue_number")), number);
        }
        json_decref(rows);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(everything_is_listed),
        TEST(each_record_is_shown_whole),
        TEST(lists_go_on_over_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
