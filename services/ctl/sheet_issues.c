#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "codes/credit_code.h"
#include "codes/region.h"
#include "ctl/sheet.h"

/* --- columns --- */

static const struct column_words topics = {&issues__v1__issue_topic__descriptor,
                                           "ISSUE_TOPIC_",
                                           {{1, "融资"},
                                            {1, "金融"},
                                            {2, "用地"},
                                            {2, "土地"},
                                            {3, "税费"},
                                            {3, "税收"},
                                            {4, "审批"},
                                            {4, "行政审批"},
                                            {5, "用能"},
                                            {5, "水电气暖"},
                                            {6, "用工"},
                                            {6, "人才"},
                                            {7, "市场准入"},
                                            {8, "执法"},
                                            {8, "行政执法"},
                                            {9, "物流"},
                                            {9, "交通物流"},
                                            {20, "其他"},
                                            {0, NULL}}};

/* A code, or the name of a current one. */
static enum cell_verdict read_region(const struct column *column, char *text, struct arena *arena, void *message) {
    (void)arena;
    uint32_t *region = (uint32_t *)(void *)((char *)message + column->offset);
    if (column_read_number(text, region)) {
        return CELL_GOOD; /* whether it is one is a rule */
    }
    size_t count;
    const struct region *rows = region_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].is_current && strcmp(rows[i].name_zh, text) == 0) {
            *region = rows[i].code;
            return CELL_GOOD;
        }
    }
    return CELL_NO_REGION;
}

static const struct column_part registration = {offsetof(struct sheet_issue, report.registration),
                                                &issues__v1__issue_registration__descriptor};

#define OF_ROW(name, kind, member, needed, path, ...)                                                                  \
    { name, {__VA_ARGS__}, COLUMN_##kind, offsetof(struct sheet_issue, member), NULL, needed, NULL, NULL, path }
#define OF_PART(name, kind, member, needed, words, read, ...)                                                          \
    {                                                                                                                  \
        name, {__VA_ARGS__}, COLUMN_##kind, offsetof(Issues__V1__IssueRegistration, member), &registration, needed,    \
            words, read, "registration." #member                                                                       \
    }

const struct column sheet_issue_columns[] = {
    OF_ROW("number", CODE, report.issue_number, true, "issue_number", "问题编号", "诉求编号"),
    OF_ROW("date", DAY, day, true, "occurred_at_ms", "登记日期", "收到日期"),
    OF_PART("credit_code", CODE, credit_code, true, NULL, NULL, "统一社会信用代码", "企业信用代码"),
    OF_PART("title", TEXT, title, true, NULL, NULL, "问题标题", "诉求标题"),
    OF_PART("topic", WORD, topic, true, &topics, NULL, "问题类别", "诉求类别"),
    OF_PART("region", OWN, region, true, NULL, read_region, "区划", "所在县区"),
    OF_PART("rules", TEXTS, rules, false, NULL, NULL, "政商交往清单", "涉及清单条目"),
    OF_PART("item_code", CODE, item_code, false, NULL, NULL, "事项编码", "涉及事项"),
    OF_PART("task_number", CODE, task_number, false, NULL, NULL, "任务编号", "涉及任务"),
    {"problem", {"问题"}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
    {NULL, {NULL}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
};
static_assert(sizeof sheet_issue_columns / sizeof sheet_issue_columns[0] <= TABLE_COLUMNS_MAX, "columns are counted");

/* --- rules --- */

enum { NUMBER, DATE, FUTURE, CREDIT, TITLE, TOPIC, REGION, RULES, ITEM, TASK };
const struct sheet_rule sheet_issue_rules[] = {
    [NUMBER] = {"I01", "number",
                "The number is missing, has blanks or is longer than 50 bytes; give the issue's number.",
                "问题编号缺失、含空格或超过50字节；请填写问题编号。"},
    [DATE] = {"I02", "date", "The date is missing; give the day on which the issue was received.",
              "登记日期缺失；请填写收到问题的日期。"},
    [FUTURE] = {"I03", "date", "The date lies in the future; correct it.", "登记日期晚于今日；请更正。"},
    [CREDIT] = {"I04", "credit_code",
                "The unified social credit code is missing or fails its check (GB 32100); correct it.",
                "统一社会信用代码缺失或校验不通过（GB 32100）；请更正。"},
    [TITLE] = {"I05", "title", "The title is missing or longer than 200 bytes (66 Chinese characters); correct it.",
               "标题缺失或超过200字节（66个汉字）；请更正。"},
    [TOPIC] = {"I06", "topic", "The topic is missing; say what the issue is about.", "问题类别缺失；请填写。"},
    [REGION] = {"I07", "region", "The region is missing, or no current code of the city (GB/T 2260); correct it.",
                "区划缺失或不是本市现行代码（GB/T 2260）；请更正。"},
    [RULES] = {"I08", "rules",
               "More than 8 contact rules, one of them twice, or a code longer than 16 bytes; correct it.",
               "政商交往清单条目超过8条、重复或编码超过16字节；请更正。"},
    [ITEM] = {"I09", "item_code", "The item code is longer than 50 bytes; correct it.", "事项编码超过50字节；请更正。"},
    [TASK] = {"I10", "task_number", "The task number is longer than 50 bytes; correct it.",
              "任务编号超过50字节；请更正。"},
    {NULL, NULL, NULL, NULL},
};

bool sheet_is_too_long(const char *text, size_t bytes_max) {
    return strlen(text) > bytes_max;
}

bool sheet_is_number(const char *number) {
    return *number != '\0' && !sheet_is_too_long(number, SHEET_NUMBER_BYTES) && strpbrk(number, " \t\r\n") == NULL;
}

bool sheet_has_twice(char *const *texts, size_t count) {
    for (size_t i = 1; i < count; i++) {
        for (size_t before = 0; before < i; before++) {
            if (strcmp(texts[i], texts[before]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool has_bad_rules(const Issues__V1__IssueRegistration *of) {
    if (of->n_rules > SHEET_CITES || sheet_has_twice(of->rules, of->n_rules)) {
        return true;
    }
    for (size_t i = 0; i < of->n_rules; i++) {
        if (sheet_is_too_long(of->rules[i], 16)) {
            return true;
        }
    }
    return false;
}

static bool is_current_region(uint32_t code) {
    const struct region *region = region_find(code);
    return region != NULL && region->is_current;
}

void sheet_issue_check(const struct sheet_issue *row, uint32_t today, sheet_found *found, void *user) {
    static const Issues__V1__IssueRegistration none = ISSUES__V1__ISSUE_REGISTRATION__INIT;
    const Issues__V1__IssueRegistration *of = row->report.registration != NULL ? row->report.registration : &none;
    char code[CREDIT_CODE_BYTES];
    const bool breaks[] = {
        [NUMBER] = !sheet_is_number(row->report.issue_number),
        [DATE] = row->day == 0,
        [FUTURE] = row->day > today,
        [CREDIT] = credit_code_normalise(of->credit_code, code) == CREDIT_CODE_INVALID,
        [TITLE] = *of->title == '\0' || sheet_is_too_long(of->title, SHEET_TITLE_BYTES),
        [TOPIC] = of->topic == ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_UNSPECIFIED,
        [REGION] = !is_current_region(of->region),
        [RULES] = has_bad_rules(of),
        [ITEM] = sheet_is_too_long(of->item_code, SHEET_NUMBER_BYTES),
        [TASK] = sheet_is_too_long(of->task_number, SHEET_NUMBER_BYTES),
    };
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        if (breaks[i]) {
            found(user, &sheet_issue_rules[i]);
        }
    }
}
