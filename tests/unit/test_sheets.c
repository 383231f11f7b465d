/* Spreadsheets of issues and of the ledger: what a row becomes, and every rule that it may break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/sheet.h"

#define TODAY 18300 /* 2020-02-08 */

struct fixture {
    struct arena arena;
    struct sheet_issue issue;
    Issues__V1__PublishTask task;
    char found[256]; /* rules, blank-separated */
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    arena_init(&f->arena, (size_t)1 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_release(&f->arena);
    free(f);
    return 0;
}

static void note(void *user, const struct sheet_rule *rule) {
    struct fixture *f = user;
    const size_t used = strlen(f->found);
    assert_true(*rule->message != '\0' && *rule->message_zh != '\0');
    snprintf(f->found + used, sizeof f->found - used, "%s%s", used > 0 ? " " : "", rule->rule);
}

struct cell {
    const char *column, *text;
};

/* Cells of a row that breaks no rule, but for one: what is read of it. */
static enum cell_verdict read_row(struct fixture *f, const struct column *columns, const struct cell *cells,
                                  const struct cell *changed, void *message) {
    enum cell_verdict worst = CELL_GOOD;
    for (const struct cell *cell = cells; cell->column != NULL; cell++) {
        const bool is_changed = changed != NULL && strcmp(cell->column, changed->column) == 0;
        const struct column *column = column_find(columns, cell->column);
        assert_non_null(column);
        const enum cell_verdict verdict =
            column_read_cell(column, is_changed ? changed->text : cell->text, &f->arena, message);
        worst = verdict != CELL_GOOD ? verdict : worst;
    }
    return worst;
}

/* --- issues --- */

static const struct cell good_issue[] = {
    {"number", "Q-2020-001"},
    {"date", "2020-01-31"},
    {"credit_code", "91411099QQ00007760"},
    {"title", "用电扩容等待过久"},
    {"topic", "用能"},
    {"region", "411002"},
    {"rules", "P01;N02"},
    {"item_code", "A-1"},
    {"task_number", "G-01"},
    {NULL, NULL},
};

static enum cell_verdict read_issue(struct fixture *f, const struct cell *changed) {
    arena_reset(&f->arena);
    f->found[0] = '\0';
    f->issue = (struct sheet_issue){.day = 0};
    issues__v1__report_issue__init(&f->issue.report);
    const enum cell_verdict verdict = read_row(f, sheet_issue_columns, good_issue, changed, &f->issue);
    sheet_issue_check(&f->issue, TODAY, note, f);
    return verdict;
}

static void a_row_of_issues_is_a_registration(void **state) {
    struct fixture *f = *state;
    assert_int_equal(read_issue(f, NULL), CELL_GOOD);
    assert_string_equal(f->found, "");
    const Issues__V1__ReportIssue *report = &f->issue.report;
    assert_string_equal(report->issue_number, "Q-2020-001");
    assert_int_equal(f->issue.day, 18292);
    assert_string_equal(report->registration->credit_code, "91411099QQ00007760");
    assert_string_equal(report->registration->title, "用电扩容等待过久");
    assert_int_equal(report->registration->topic, ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_ENERGY);
    assert_int_equal(report->registration->region, 411002);
    assert_int_equal(report->registration->n_rules, 2);
    assert_string_equal(report->registration->rules[1], "N02");
    assert_string_equal(report->registration->item_code, "A-1");
    assert_string_equal(report->registration->task_number, "G-01");
    assert_int_equal(read_issue(f, &(struct cell){"region", "魏都区"}), CELL_GOOD);
    assert_int_equal(f->issue.report.registration->region, 411002);
}

#define TEN "1234567890"
#define FIFTY TEN TEN TEN TEN TEN
#define TWO_HUNDRED FIFTY FIFTY FIFTY FIFTY
#define FIVE_HUNDRED TWO_HUNDRED TWO_HUNDRED FIFTY FIFTY

static void every_rule_of_issues(void **state) {
    struct fixture *f = *state;
    static const struct {
        struct cell cell;
        enum cell_verdict verdict;
        const char *want;
    } cases[] = {
        {{"number", ""}, CELL_GOOD, "I01"},
        {{"number", "Q 1"}, CELL_GOOD, "I01"},
        {{"number", FIFTY}, CELL_GOOD, ""},
        {{"number", FIFTY "1"}, CELL_GOOD, "I01"},
        {{"number", "2.02E+10"}, CELL_SCIENTIFIC, ""},
        {{"date", ""}, CELL_GOOD, "I02"},
        {{"date", "31.1."}, CELL_NO_DAY, "I02"},
        {{"date", "2020-02-08"}, CELL_GOOD, ""},
        {{"date", "2020-02-09"}, CELL_GOOD, "I03"},
        {{"credit_code", ""}, CELL_GOOD, "I04"},
        {{"credit_code", "91411099QQ00007761"}, CELL_GOOD, "I04"},
        {{"credit_code", "91411099qq00007760"}, CELL_GOOD, ""},
        {{"title", ""}, CELL_GOOD, "I05"},
        {{"title", TWO_HUNDRED}, CELL_GOOD, ""},
        {{"title", TWO_HUNDRED "1"}, CELL_GOOD, "I05"},
        {{"topic", ""}, CELL_GOOD, "I06"},
        {{"topic", "天气"}, CELL_NO_WORD, "I06"},
        {{"topic", "5"}, CELL_GOOD, ""},
        {{"topic", "LAND"}, CELL_GOOD, ""},
        {{"region", ""}, CELL_GOOD, "I07"},
        {{"region", "410100"}, CELL_GOOD, "I07"},
        {{"region", "郑州市"}, CELL_NO_REGION, "I07"},
        {{"region", "411023"}, CELL_GOOD, "I07"}, /* a county of before 2016 */
        {{"rules", "P01;P02;P03;P04;P05;P06;P07;P08"}, CELL_GOOD, ""},
        {{"rules", "P01;P02;P03;P04;P05;P06;P07;P08;P09"}, CELL_GOOD, "I08"},
        {{"rules", "P01;P02;P01"}, CELL_GOOD, "I08"},
        {{"rules", "P0123456789012345"}, CELL_GOOD, "I08"},
        {{"rules", ""}, CELL_GOOD, ""},
        {{"item_code", FIFTY}, CELL_GOOD, ""},
        {{"item_code", FIFTY "1"}, CELL_GOOD, "I09"},
        {{"task_number", FIFTY "1"}, CELL_GOOD, "I10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum cell_verdict verdict = read_issue(f, &cases[i].cell);
        if (verdict != cases[i].verdict || strcmp(f->found, cases[i].want) != 0) {
            fail_msg("case %zu (%s \"%s\"): verdict %d, \"%s\", wanted %d, \"%s\"", i, cases[i].cell.column,
                     cases[i].cell.text, (int)verdict, f->found, (int)cases[i].verdict, cases[i].want);
        }
    }
    f->issue = (struct sheet_issue){.day = 0};
    issues__v1__report_issue__init(&f->issue.report);
    f->found[0] = '\0';
    sheet_issue_check(&f->issue, TODAY, note, f); /* nothing at all */
    assert_string_equal(f->found, "I01 I02 I04 I05 I06 I07");
}

/* --- the ledger --- */

static const struct cell good_task[] = {
    {"number", "G-01"},
    {"year", "2020"},
    {"field", "经济"},
    {"title", "示例任务"},
    {"provincial", "H-1;H-2"},
    {"key", "是"},
    {"leading_office", "副市长"},
    {"lead", "planning"},
    {"cooperating", "finance;hall"},
    {"measures", "举措一，分两步；举措二"},
    {"annual_target", "目标"},
    {"indicators", "cars:增加:100:200.5::辆:保有量"},
    {"milestones", "2020-03-31:节点一:250;2020-06-30:节点二:50%"},
    {"start", "2020-01-01"},
    {"due", "2020-12-31"},
    {NULL, NULL},
};

static enum cell_verdict read_task(struct fixture *f, const struct cell *changed) {
    arena_reset(&f->arena);
    f->found[0] = '\0';
    issues__v1__publish_task__init(&f->task);
    const enum cell_verdict verdict = read_row(f, sheet_ledger_columns, good_task, changed, &f->task);
    sheet_ledger_check(&f->task, note, f);
    return verdict;
}

static void a_row_of_the_ledger_is_a_task(void **state) {
    struct fixture *f = *state;
    assert_int_equal(read_task(f, NULL), CELL_GOOD);
    assert_string_equal(f->found, "");
    const Issues__V1__PublishTask *task = &f->task;
    assert_string_equal(task->task_number, "G-01");
    assert_int_equal(task->year, 2020);
    assert_int_equal(task->field, ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY);
    assert_string_equal(task->title, "示例任务");
    assert_int_equal(task->n_provincial, 2);
    assert_string_equal(task->provincial[1], "H-2");
    assert_true(task->key);
    assert_string_equal(task->leading_office, "副市长");
    assert_string_equal(task->lead, "planning");
    assert_int_equal(task->n_cooperating, 2);
    assert_string_equal(task->cooperating[1], "hall");
    assert_int_equal(task->n_measures, 2); /* a comma separates no sentences */
    assert_string_equal(task->measures[0], "举措一，分两步");
    assert_string_equal(task->annual_target, "目标");
    assert_int_equal(task->n_indicators, 1);
    assert_string_equal(task->indicators[0]->code, "cars");
    assert_string_equal(task->indicators[0]->unit, "辆");
    assert_string_equal(task->indicators[0]->name, "保有量");
    assert_int_equal(task->indicators[0]->baseline, 10000);
    assert_int_equal(task->indicators[0]->target, 20050);
    assert_int_equal(task->n_milestones, 2);
    assert_int_equal(task->milestones[0]->due_day, 18352);
    assert_string_equal(task->milestones[0]->name, "节点一");
    assert_int_equal(task->milestones[0]->expected_permille, 250);
    assert_int_equal(task->milestones[1]->expected_permille, 500);
    assert_int_equal(task->start_day, 18262);
    assert_int_equal(task->due_day, 18627);
}

/* One indicator by what its cell says of numbers. */
static void indicators_are_read(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        Issues__V1__IndicatorKind kind;
        int64_t baseline, target, total;
    } cases[] = {
        {"a:increase:0:1", 1, 0, 100, 0},       {"a ： 提高 ： 1.5 ： 2.25", 1, 150, 225, 0},
        {"a:2:10:-0.01", 2, 1000, -1, 0},       {"a:>=:0:9999999999999.99", 3, 0, INT64_C(999999999999999), 0},
        {"a:不高于:5:5", 4, 500, 500, 0},       {"a:是否:0:1", 5, 0, 100, 0},
        {"a:coverage:1:3:6", 6, 100, 300, 600}, {"a:覆盖面:1:3:6:个:乡镇", 6, 100, 300, 600},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum cell_verdict verdict = read_task(f, &(struct cell){"indicators", cases[i].text});
        if (verdict != CELL_GOOD || f->task.n_indicators != 1 || f->found[0] != '\0') {
            fail_msg("case %zu: verdict %d, found \"%s\"", i, (int)verdict, f->found);
        }
        const Issues__V1__Indicator *got = f->task.indicators[0];
        assert_string_equal(got->code, "a");
        assert_int_equal(got->kind, cases[i].kind);
        assert_int_equal(got->baseline, cases[i].baseline);
        assert_int_equal(got->target, cases[i].target);
        assert_int_equal(got->total, cases[i].total);
    }
}

#define MANY(part) part part part part part part part part
#define MEASURE "举措;"

static void every_rule_of_the_ledger(void **state) {
    struct fixture *f = *state;
    static const struct {
        struct cell cell;
        enum cell_verdict verdict;
        const char *want;
    } cases[] = {
        {{"number", ""}, CELL_GOOD, "L01"},
        {{"number", "G\t1"}, CELL_GOOD, "L01"},
        {{"number", FIFTY "1"}, CELL_GOOD, "L01"},
        {{"number", "1.1E+9"}, CELL_SCIENTIFIC, ""},
        {{"year", ""}, CELL_GOOD, "L02"},
        {{"year", "1999"}, CELL_GOOD, "L02"},
        {{"year", "2101"}, CELL_GOOD, "L02"},
        {{"year", "二〇二〇"}, CELL_NO_NUMBER, "L02"},
        {{"field", ""}, CELL_GOOD, "L03"},
        {{"field", "体育"}, CELL_NO_WORD, "L03"},
        {{"field", "民主法制"}, CELL_GOOD, ""},
        {{"field", "PARTY"}, CELL_GOOD, ""},
        {{"title", ""}, CELL_GOOD, "L04"},
        {{"title", TWO_HUNDRED "1"}, CELL_GOOD, "L04"},
        {{"provincial", ""}, CELL_GOOD, ""},
        {{"provincial", "H-1;H-1"}, CELL_GOOD, "L05"},
        {{"provincial", "H-1;" FIFTY}, CELL_GOOD, "L05"},
        {{"provincial", "1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16"}, CELL_GOOD, ""},
        {{"provincial", "1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17"}, CELL_GOOD, "L05"},
        {{"key", "否"}, CELL_GOOD, "L06"},
        {{"key", "或许"}, CELL_NO_YES, "L06"},
        {{"leading_office", ""}, CELL_GOOD, "L06"},
        {{"leading_office", TWO_HUNDRED "1"}, CELL_GOOD, "L07"},
        {{"lead", ""}, CELL_GOOD, "L08"},
        {{"cooperating", ""}, CELL_GOOD, ""},
        {{"cooperating", "a;b;c;d;e;f;g"}, CELL_GOOD, ""},
        {{"cooperating", "a;b;c;d;e;f;g;h"}, CELL_GOOD, "L09"},
        {{"cooperating", "a;b;a"}, CELL_GOOD, "L09"},
        {{"cooperating", "finance;planning"}, CELL_GOOD, "L09"},
        {{"measures", MANY(MEASURE) MANY(MEASURE)}, CELL_GOOD, ""},
        {{"measures", MANY(MEASURE) MANY(MEASURE) MEASURE}, CELL_GOOD, "L10"},
        {{"measures", TWO_HUNDRED "1"}, CELL_GOOD, "L10"},
        {{"annual_target", FIVE_HUNDRED}, CELL_GOOD, ""},
        {{"annual_target", FIVE_HUNDRED "1"}, CELL_GOOD, "L11"},
        {{"indicators", ""}, CELL_GOOD, ""}, /* there are milestones */
        {{"indicators",
          "a:提高:1:2;b:提高:1:2;c:提高:1:2;d:提高:1:2;e:提高:1:2;f:提高:1:2;g:提高:1:2;h:提高:1:2;i:提高:1:2"},
         CELL_GOOD,
         "L13"},
        {{"indicators", "a:提高:1:2;a:降低:2:1"}, CELL_GOOD, "L13"},
        {{"indicators", "A:提高:1:2"}, CELL_GOOD, "L14"},
        {{"indicators", ":提高:1:2"}, CELL_GOOD, "L14"},
        {{"indicators", "a123456789012345678901234567890123:提高:1:2"}, CELL_GOOD, "L14"},
        {{"indicators", "a:提高:2:2"}, CELL_GOOD, "L15"},
        {{"indicators", "a:降低:1:2"}, CELL_GOOD, "L15"},
        {{"indicators", "a:是否:0:2"}, CELL_GOOD, "L15"},
        {{"indicators", "a:是否:0.5:1"}, CELL_GOOD, "L15"},
        {{"indicators", "a:覆盖:1:3"}, CELL_GOOD, "L15"},
        {{"indicators", "a:提高:1:2:6"}, CELL_GOOD, "L15"}, /* coverage alone has a total */
        {{"indicators", "a:至少:1:2:6"}, CELL_GOOD, "L15"},
        {{"indicators", "a:覆盖:1:7:6"}, CELL_GOOD, "L15"},
        {{"indicators", "a:覆盖:7:6:6"}, CELL_GOOD, "L15"},
        {{"indicators", "a:提高:1:2::" FIFTY}, CELL_GOOD, "L16"},
        {{"indicators", "a:提高:1:2:::" TWO_HUNDRED "1"}, CELL_GOOD, "L16"},
        {{"indicators", "a:提高:1"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:多:1:2"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:1:2.001"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:1:2."}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:--1:2"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:1:12345678901234"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:1:2:x"}, CELL_NO_INDICATOR, ""},
        {{"indicators", "a:提高:1:2::u:n:more"}, CELL_NO_INDICATOR, ""},
        {{"milestones", ""}, CELL_GOOD, ""},
        {{"milestones", MANY("2020-03-31:n;") MANY("2020-03-31:n;")}, CELL_GOOD, ""},
        {{"milestones", MANY("2020-03-31:n;") MANY("2020-03-31:n;") "2020-03-31:n"}, CELL_GOOD, "L17"},
        {{"milestones", "2020-03-31:"}, CELL_GOOD, "L18"},
        {{"milestones", "2020-03-31:" TWO_HUNDRED "1"}, CELL_GOOD, "L18"},
        {{"milestones", "2020-06-30:b;2020-03-31:a"}, CELL_GOOD, "L19"},
        {{"milestones", "2019-12-31:a"}, CELL_GOOD, "L19"},
        {{"milestones", "2021-01-01:a"}, CELL_GOOD, "L19"},
        {{"milestones", "2020-03-31:a:500;2020-06-30:b:499"}, CELL_GOOD, "L20"},
        {{"milestones", "2020-03-31:a:500;2020-05-31:b;2020-06-30:c:500"}, CELL_GOOD, ""}, /* as time goes in between */
        {{"milestones", "2020-03-31:a:500;2020-05-31:b;2020-06-30:c:499"}, CELL_GOOD, "L20"},
        {{"milestones", "2020-03-31:a:1001"}, CELL_GOOD, "L20"},
        {{"milestones", "2020-03-31:a:101%"}, CELL_GOOD, "L20"},
        {{"milestones", "三月:a"}, CELL_NO_MILESTONE, ""},
        {{"milestones", "2020-03-31:a:half"}, CELL_NO_MILESTONE, ""},
        {{"milestones", "2020-03-31:a:5:6"}, CELL_NO_MILESTONE, ""},
        {{"start", ""}, CELL_GOOD, "L21"},
        {{"start", "2021-01-01"}, CELL_GOOD, "L19 L21"},
        {{"due", ""}, CELL_GOOD, "L19 L21"},
        {{"due", "年底"}, CELL_NO_DAY, "L19 L21"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum cell_verdict verdict = read_task(f, &cases[i].cell);
        if (verdict != cases[i].verdict || strcmp(f->found, cases[i].want) != 0) {
            fail_msg("case %zu (%s \"%s\"): verdict %d, \"%s\", wanted %d, \"%s\"", i, cases[i].cell.column,
                     cases[i].cell.text, (int)verdict, f->found, (int)cases[i].verdict, cases[i].want);
        }
    }
    issues__v1__publish_task__init(&f->task);
    f->found[0] = '\0';
    sheet_ledger_check(&f->task, note, f); /* nothing at all */
    assert_string_equal(f->found, "L01 L02 L03 L04 L08 L12 L21");
}

/* --- what the registry knows --- */

static void what_the_registry_does_not_know(void **state) {
    struct fixture *f = *state;
    struct sheet_known known = {.agencies = {.count = 0}};
    char provincial[2][SHEET_PROVINCIAL_TEXT_BYTES];
    read_task(f, NULL);
    sheet_ledger_check_known(&f->task, &known, note, f);
    assert_string_equal(f->found, "K02 K03 K04");
    static const char *const agencies[] = {"planning", "hall", "finance"};
    for (size_t i = 0; i < 3; i++) {
        sheet_names_add(&known.agencies, agencies[i]);
    }
    sheet_names_sort(&known.agencies);
    sheet_provincial_text(2020, "H-2", provincial[0]);
    sheet_provincial_text(2021, "H-1", provincial[1]);
    sheet_names_add(&known.provincial, provincial[0]);
    sheet_names_add(&known.provincial, provincial[1]);
    sheet_names_sort(&known.provincial);
    read_task(f, NULL);
    sheet_ledger_check_known(&f->task, &known, note, f);
    assert_string_equal(f->found, "K04"); /* H-1 is of another year */
    read_task(f, &(struct cell){"provincial", "H-2"});
    sheet_ledger_check_known(&f->task, &known, note, f);
    assert_string_equal(f->found, "");
    sheet_names_add(&known.rules, "P01");
    read_issue(f, NULL);
    sheet_issue_check_known(&f->issue, &known, note, f);
    assert_string_equal(f->found, "K01");
    read_issue(f, &(struct cell){"rules", "P01"});
    sheet_issue_check_known(&f->issue, &known, note, f);
    assert_string_equal(f->found, "");
    sheet_names_release(&known.agencies);
    sheet_names_release(&known.rules);
    sheet_names_release(&known.provincial);
}

/* --- columns and the document --- */

static const char *document(void) {
    static char text[256 * 1024];
    FILE *file = fopen("docs/import-ledger.md", "r");
    if (file == NULL) {
        fail_msg("docs/import-ledger.md cannot be opened: run the test in the project's folder");
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void check_document(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        fail_msg("docs/import-ledger.md lacks %s", wanted);
    }
}

static void check_columns(const struct column *columns, const char *text) {
    static const char *const kinds[] = {
        [COLUMN_TEXT] = "text",     [COLUMN_CODE] = "text",   [COLUMN_NUMBER] = "number",
        [COLUMN_DAY] = "date",      [COLUMN_YES] = "yes/no",  [COLUMN_WORD] = "code",
        [COLUMN_WORDS] = "codes",   [COLUMN_TEXTS] = "texts", [COLUMN_SENTENCES] = "sentences",
        [COLUMN_OWN] = "see below", [COLUMN_IGNORED] = "-"};
    for (const struct column *column = columns; column->field != NULL; column++) {
        char wanted[256];
        assert_ptr_equal(column_find(columns, column->field), column);
        for (size_t i = 0; i < 3 && column->titles[i] != NULL; i++) {
            assert_ptr_equal(column_find(columns, column->titles[i]), column);
        }
        snprintf(wanted, sizeof wanted, "| `%s` | %s%s%s | %s | %s |\n", column->field, column->titles[0],
                 column->titles[1] != NULL ? "，" : "", column->titles[1] != NULL ? column->titles[1] : "",
                 kinds[column->kind], column->is_needed ? "needed" : "");
        check_document(text, wanted);
    }
}

/* Every column is found by its name and its titles, is no other's, and stands in the document; every rule stands there.
 */
static void columns_and_rules_stand_in_the_document(void **state) {
    (void)state;
    const char *text = document();
    const struct sheet_rule *const tables[] = {sheet_issue_rules, sheet_ledger_rules, sheet_known_rules};
    check_columns(sheet_issue_columns, text);
    check_columns(sheet_ledger_columns, text);
    for (size_t i = 0; i < 3; i++) {
        for (const struct sheet_rule *rule = tables[i]; rule->rule != NULL; rule++) {
            char wanted[1024];
            snprintf(wanted, sizeof wanted, "| %s | `%s` | %s | %s |\n", rule->rule, rule->field, rule->message,
                     rule->message_zh);
            check_document(text, wanted);
            assert_true(column_find(i == 1 || (i == 2 && rule > tables[2]) ? sheet_ledger_columns : sheet_issue_columns,
                                    rule->field) != NULL);
        }
    }
}

/* What a refusal names is a column of the file. */
static void refusals_name_columns(void **state) {
    (void)state;
    static const struct {
        const char *field, *column;
    } issues[] = {{"issue_number", "number"},
                  {"registration.credit_code", "credit_code"},
                  {"registration.rules[1]", "rules"},
                  {"occurred_at_ms", "date"},
                  {"number", "number"}},
      tasks[] = {{"task_number", "number"},
                 {"due_day", "due"},
                 {"indicators[2].code", "indicators"},
                 {"lead", "lead"},
                 {"key", "key"}};
    for (size_t i = 0; i < 5; i++) {
        assert_true(column_is_field(column_find(sheet_issue_columns, issues[i].column), issues[i].field));
        assert_true(column_is_field(column_find(sheet_ledger_columns, tasks[i].column), tasks[i].field));
    }
    assert_false(column_is_field(column_find(sheet_ledger_columns, "lead"), "leading_office"));
    assert_false(column_is_field(column_find(sheet_issue_columns, "title"), "registration"));
    assert_false(column_is_field(column_find(sheet_issue_columns, "title"), ""));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_row_of_issues_is_a_registration),
        TEST(every_rule_of_issues),
        TEST(a_row_of_the_ledger_is_a_task),
        TEST(indicators_are_read),
        TEST(every_rule_of_the_ledger),
        TEST(what_the_registry_does_not_know),
        TEST(refusals_name_columns),
        TEST(columns_and_rules_stand_in_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
