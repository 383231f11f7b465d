#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "ctl/sheet.h"

/* --- cells of their own --- */

static const struct column_words fields = {&issues__v1__reform_field__descriptor,
                                           "REFORM_FIELD_",
                                           {{1, "经济"},
                                            {1, "经济体制"},
                                            {2, "民主法治"},
                                            {2, "民主法制"},
                                            {2, "法治"},
                                            {3, "文化"},
                                            {3, "文化体制"},
                                            {4, "民生"},
                                            {4, "社会民生"},
                                            {4, "社会事业"},
                                            {5, "生态"},
                                            {5, "生态文明"},
                                            {6, "党建"},
                                            {6, "党的建设"},
                                            {0, NULL}}};
static const struct column_words kinds = {&issues__v1__indicator_kind__descriptor,
                                          "INDICATOR_KIND_",
                                          {{1, "增加"},
                                           {1, "提高"},
                                           {1, "上升"},
                                           {2, "减少"},
                                           {2, "降低"},
                                           {2, "压减"},
                                           {3, "不低于"},
                                           {3, "至少"},
                                           {3, ">="},
                                           {4, "不高于"},
                                           {4, "至多"},
                                           {4, "<="},
                                           {5, "是否"},
                                           {5, "完成"},
                                           {6, "覆盖"},
                                           {6, "覆盖面"},
                                           {0, NULL}}};

/* Cuts at colons, also wide ones: so many fields at most, missing ones are empty. False: there are more. */
static bool cut(char *text, char **to, size_t count) {
    static const char wide[] = "：";
    size_t found = 0;
    for (char *at = text; at != NULL; found++) {
        if (found == count) {
            return false;
        }
        to[found] = at;
        char *colon = strchr(at, ':'), *other = strstr(at, wide);
        const bool is_wide = other != NULL && (colon == NULL || other < colon);
        char *end = is_wide ? other : colon;
        at = end == NULL ? NULL : end + (is_wide ? strlen(wide) : 1);
        if (end != NULL) {
            *end = '\0';
        }
    }
    for (; found < count; found++) {
        to[found] = text + strlen(text);
    }
    return true;
}

/* "12", "-0.5", "12.34" as hundredths: at most 13 digits and two decimals. */
static bool read_hundredths(const char *text, int64_t *value) {
    const bool is_negative = *text == '-';
    text += is_negative;
    const size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    const size_t decimals = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    if (digits == 0 || digits > 13 || decimals > 2 || (*rest == '.' && decimals == 0) ||
        rest[decimals > 0 ? decimals + 1 : 0] != '\0') {
        return false;
    }
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    for (size_t i = 0; i < 2; i++) {
        number = number * 10 + (i < decimals ? rest[1 + i] - '0' : 0);
    }
    *value = is_negative ? -number : number;
    return true;
}

/* code:kind:baseline:target[:total][:unit][:name] */
static bool read_indicator(char *text, struct arena *arena, Issues__V1__Indicator *indicator) {
    char *parts[7];
    int kind;
    if (!cut(text, parts, 7)) {
        return false;
    }
    for (size_t i = 0; i < 7; i++) {
        parts[i] = column_trim(parts[i], arena);
    }
    if (!column_read_word(&kinds, parts[1], &kind) || !read_hundredths(parts[2], &indicator->baseline) ||
        !read_hundredths(parts[3], &indicator->target) ||
        (*parts[4] != '\0' && !read_hundredths(parts[4], &indicator->total))) {
        return false;
    }
    indicator->code = parts[0];
    indicator->kind = (Issues__V1__IndicatorKind)kind;
    indicator->unit = parts[5];
    indicator->name = parts[6];
    return true;
}

/* "500", or "50%". */
static bool read_permille(const char *text, uint32_t *permille) {
    char digits[8];
    const size_t size = strlen(text);
    const bool is_percent = size > 1 && text[size - 1] == '%';
    if (size >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, size + 1);
    digits[size - is_percent] = '\0';
    if (!column_read_number(digits, permille)) {
        return false;
    }
    *permille *= is_percent ? 10 : 1;
    return true;
}

/* date:name[:expected] */
static bool read_milestone(char *text, struct arena *arena, Issues__V1__Milestone *milestone) {
    char *parts[3];
    if (!cut(text, parts, 3)) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        parts[i] = column_trim(parts[i], arena);
    }
    milestone->name = parts[1];
    return column_read_day(parts[0], &milestone->due_day) &&
           (*parts[2] == '\0' || read_permille(parts[2], &milestone->expected_permille));
}

/* Both kinds of list are made alike: a message for each part. */
static enum cell_verdict read_indicators(const struct column *column, char *text, struct arena *arena, void *task) {
    Issues__V1__Indicator **list = arena_alloc(arena, column_parts_max(text, column_line_separators) * sizeof *list);
    CHECK(list != NULL);
    const char *at = text;
    size_t count = 0;
    for (char *part; (part = column_next_part(&at, column_line_separators, arena)) != NULL; count++) {
        list[count] = arena_alloc(arena, sizeof *list[count]);
        CHECK(list[count] != NULL);
        issues__v1__indicator__init(list[count]);
        if (!read_indicator(part, arena, list[count])) {
            return CELL_NO_INDICATOR;
        }
    }
    column_set_list(task, column->offset, count, list);
    return CELL_GOOD;
}

static enum cell_verdict read_milestones(const struct column *column, char *text, struct arena *arena, void *task) {
    Issues__V1__Milestone **list = arena_alloc(arena, column_parts_max(text, column_line_separators) * sizeof *list);
    CHECK(list != NULL);
    const char *at = text;
    size_t count = 0;
    for (char *part; (part = column_next_part(&at, column_line_separators, arena)) != NULL; count++) {
        list[count] = arena_alloc(arena, sizeof *list[count]);
        CHECK(list[count] != NULL);
        issues__v1__milestone__init(list[count]);
        if (!read_milestone(part, arena, list[count])) {
            return CELL_NO_MILESTONE;
        }
    }
    column_set_list(task, column->offset, count, list);
    return CELL_GOOD;
}

/* --- columns --- */

#define TASK(name, kind, member, needed, words, read, path, ...)                                                       \
    { name, {__VA_ARGS__}, COLUMN_##kind, offsetof(Issues__V1__PublishTask, member), NULL, needed, words, read, path }

const struct column sheet_ledger_columns[] = {
    TASK("number", CODE, task_number, true, NULL, NULL, "task_number", "任务编号"),
    TASK("year", NUMBER, year, true, NULL, NULL, NULL, "年度"),
    TASK("field", WORD, field, true, &fields, NULL, NULL, "改革领域", "领域"),
    TASK("title", TEXT, title, true, NULL, NULL, NULL, "任务名称", "改革任务"),
    TASK("provincial", TEXTS, provincial, false, NULL, NULL, NULL, "省定任务编号", "对应省定任务"),
    TASK("key", YES, key, false, NULL, NULL, NULL, "重大事项", "重点事项"),
    TASK("leading_office", TEXT, leading_office, false, NULL, NULL, NULL, "牵头领导职务"),
    TASK("lead", TEXT, lead, true, NULL, NULL, NULL, "牵头单位代码", "牵头单位"),
    TASK("cooperating", TEXTS, cooperating, false, NULL, NULL, NULL, "协办单位代码", "协办单位"),
    TASK("measures", SENTENCES, measures, false, NULL, NULL, NULL, "工作举措", "主要举措"),
    TASK("annual_target", TEXT, annual_target, false, NULL, NULL, NULL, "年度目标"),
    TASK("indicators", OWN, indicators, false, NULL, read_indicators, NULL, "量化指标", "指标"),
    TASK("milestones", OWN, milestones, false, NULL, read_milestones, NULL, "时间节点", "节点"),
    TASK("start", DAY, start_day, true, NULL, NULL, "start_day", "启动日期", "开始日期"),
    TASK("due", DAY, due_day, true, NULL, NULL, "due_day", "完成时限", "完成日期"),
    {"problem", {"问题"}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
    {NULL, {NULL}, COLUMN_IGNORED, 0, NULL, false, NULL, NULL, NULL},
};
static_assert(sizeof sheet_ledger_columns / sizeof sheet_ledger_columns[0] <= TABLE_COLUMNS_MAX, "columns are counted");

/* --- rules --- */

enum {
    NUMBER,
    YEAR,
    FIELD,
    TITLE,
    PROVINCIAL,
    KEY,
    OFFICE,
    LEAD,
    COOPERATING,
    MEASURES,
    TARGET,
    NOTHING,
    INDICATORS,
    CODE,
    NUMBERS,
    WORDS,
    MILESTONES,
    NAME,
    ORDER,
    EXPECTED,
    DAYS,
    RULES,
};
const struct sheet_rule sheet_ledger_rules[] = {
    [NUMBER] = {"L01", "number",
                "The number is missing, has blanks or is longer than 50 bytes; give the task's number.",
                "任务编号缺失、含空格或超过50字节；请填写任务编号。"},
    [YEAR] = {"L02", "year", "The year is missing or beyond 2000 to 2100; give the year of the ledger.",
              "年度缺失或不在2000年至2100年之间；请填写台账年度。"},
    [FIELD] = {"L03", "field", "The field of reform is missing; give one of the six.",
               "改革领域缺失；请填写六个领域之一。"},
    [TITLE] = {"L04", "title", "The title is missing or longer than 200 bytes (66 Chinese characters); correct it.",
               "任务名称缺失或超过200字节（66个汉字）；请更正。"},
    [PROVINCIAL] = {"L05", "provincial",
                    "More than 16 provincial tasks, one of them twice, or a code longer than 32 bytes.",
                    "省定任务超过16个、重复或编码超过32字节；请更正。"},
    [KEY] = {"L06", "leading_office",
             "A key item names the office of its leading official, another one does not; correct one of the two.",
             "重大事项须填写牵头领导职务，其他任务不填写；请更正其中一项。"},
    [OFFICE] = {"L07", "leading_office", "The office is longer than 200 bytes; shorten it.",
                "牵头领导职务超过200字节；请缩短。"},
    [LEAD] = {"L08", "lead", "The lead unit is missing; give its code.", "牵头单位缺失；请填写单位代码。"},
    [COOPERATING] = {"L09", "cooperating",
                     "More than 7 cooperating units, one of them twice, or the lead among them; correct it.",
                     "协办单位超过7个、重复或含牵头单位；请更正。"},
    [MEASURES] = {"L10", "measures", "More than 16 measures, or one longer than 200 bytes; shorten them.",
                  "工作举措超过16条或单条超过200字节；请缩短。"},
    [TARGET] = {"L11", "annual_target", "The annual target is longer than 500 bytes; shorten it.",
                "年度目标超过500字节；请缩短。"},
    [NOTHING] = {"L12", "indicators",
                 "There is neither an indicator nor a milestone: nothing would show that it is done.",
                 "既无量化指标也无时间节点，无法判断是否完成；请补充。"},
    [INDICATORS] = {"L13", "indicators", "More than 8 indicators, or the same code twice; correct it.",
                    "量化指标超过8个或编码重复；请更正。"},
    [CODE] = {"L14", "indicators",
              "An indicator's code is not of lower case letters, digits and _, at most 32; correct it.",
              "指标编码应为32位以内的小写字母、数字和下划线；请更正。"},
    [NUMBERS] =
        {"L15", "indicators",
         "Kind, baseline, target and total of an indicator do not fit together: an increase ends above its baseline, a "
         "decrease "
         "below; yes or no goes from 0 or 1 to 1; coverage, and nothing else, has a total that neither baseline nor "
         "target exceeds.",
         "指标的类型与基期值、目标值、总数不相符：增加类目标值须高于基期值，减少类须低于；是否类为0或1至1；仅覆盖类有总"
         "数，且基期值、目标值不超过总数。"},
    [WORDS] = {"L16", "indicators", "An indicator's unit is longer than 32 bytes or its name than 200; shorten it.",
               "指标单位超过32字节或名称超过200字节；请缩短。"},
    [MILESTONES] = {"L17", "milestones", "More than 16 milestones; keep the main ones.",
                    "时间节点超过16个；请保留主要节点。"},
    [NAME] = {"L18", "milestones", "A milestone has no name, or one longer than 200 bytes; correct it.",
              "时间节点名称缺失或超过200字节；请更正。"},
    [ORDER] = {"L19", "milestones",
               "The milestones are not in order of their days, or lie outside start and due; correct them.",
               "时间节点未按日期先后排列，或不在启动日期与完成时限之间；请更正。"},
    [EXPECTED] = {"L20", "milestones",
                  "The expected progress falls from one milestone to the next, or is more than 1000; correct it.",
                  "预期进度前后下降或大于1000；请更正。"},
    [DAYS] = {"L21", "due", "Start or due day is missing, or due lies before start; correct them.",
              "启动日期或完成时限缺失，或完成时限早于启动日期；请更正。"},
    {NULL, NULL, NULL, NULL},
};

static bool is_any_too_long(char *const *texts, size_t count, size_t bytes_max) {
    for (size_t i = 0; i < count; i++) {
        if (sheet_is_too_long(texts[i], bytes_max)) {
            return true;
        }
    }
    return false;
}

static bool has_lead(const Issues__V1__PublishTask *row) {
    for (size_t i = 0; i < row->n_cooperating; i++) {
        if (strcmp(row->cooperating[i], row->lead) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_code_twice(const Issues__V1__PublishTask *row) {
    for (size_t i = 1; i < row->n_indicators; i++) {
        for (size_t before = 0; before < i; before++) {
            if (strcmp(row->indicators[i]->code, row->indicators[before]->code) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_code(const char *code) {
    const size_t size = strlen(code);
    return size > 0 && size <= SHEET_CODE_BYTES && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

/* Coverage alone has a total. */
static bool fits(const Issues__V1__Indicator *of) {
    switch (of->kind) {
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE:
        return of->total == 0 && of->target > of->baseline;
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_DECREASE:
        return of->total == 0 && of->target < of->baseline;
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_BOOLEAN:
        return of->total == 0 && (of->baseline == 0 || of->baseline == 100) && of->target == 100;
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_COVERAGE:
        return of->total > 0 && of->baseline >= 0 && of->baseline <= of->total && of->target >= 0 &&
               of->target <= of->total;
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_REACH_AT_LEAST:
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_REACH_AT_MOST:
        return of->total == 0;
    case ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_UNSPECIFIED:
    case _ISSUES__V1__INDICATOR_KIND_IS_INT_SIZE:
        break;
    }
    return false;
}

static void check_indicators(const Issues__V1__PublishTask *row, bool breaks[RULES]) {
    breaks[INDICATORS] = row->n_indicators > SHEET_INDICATORS || has_code_twice(row);
    for (size_t i = 0; i < row->n_indicators; i++) {
        const Issues__V1__Indicator *of = row->indicators[i];
        breaks[CODE] = breaks[CODE] || !is_code(of->code);
        breaks[NUMBERS] = breaks[NUMBERS] || !fits(of);
        breaks[WORDS] = breaks[WORDS] || sheet_is_too_long(of->unit, SHEET_CODE_BYTES) ||
                        sheet_is_too_long(of->name, SHEET_TITLE_BYTES);
    }
}

static void check_milestones(const Issues__V1__PublishTask *row, bool breaks[RULES]) {
    uint32_t day = row->start_day, expected = 0;
    breaks[MILESTONES] = row->n_milestones > SHEET_MILESTONES;
    for (size_t i = 0; i < row->n_milestones; i++) {
        const Issues__V1__Milestone *of = row->milestones[i];
        breaks[NAME] = breaks[NAME] || *of->name == '\0' || sheet_is_too_long(of->name, SHEET_TITLE_BYTES);
        breaks[ORDER] = breaks[ORDER] || of->due_day < day || of->due_day > row->due_day;
        breaks[EXPECTED] = breaks[EXPECTED] || of->expected_permille > 1000 ||
                           (of->expected_permille != 0 && of->expected_permille < expected);
        day = of->due_day;
        expected = of->expected_permille == 0 ? expected : of->expected_permille; /* 0: as time goes */
    }
}

void sheet_ledger_check(const Issues__V1__PublishTask *row, sheet_found *found, void *user) {
    bool breaks[RULES] = {
        [NUMBER] = !sheet_is_number(row->task_number),
        [YEAR] = row->year < 2000 || row->year > 2100,
        [FIELD] = row->field == ISSUES__V1__REFORM_FIELD__REFORM_FIELD_UNSPECIFIED,
        [TITLE] = *row->title == '\0' || sheet_is_too_long(row->title, SHEET_TITLE_BYTES),
        [PROVINCIAL] = row->n_provincial > SHEET_PROVINCIAL || sheet_has_twice(row->provincial, row->n_provincial) ||
                       is_any_too_long(row->provincial, row->n_provincial, SHEET_CODE_BYTES),
        [KEY] = (row->key != 0) != (*row->leading_office != '\0'),
        [OFFICE] = sheet_is_too_long(row->leading_office, SHEET_TITLE_BYTES),
        [LEAD] = *row->lead == '\0',
        [COOPERATING] =
            row->n_cooperating > SHEET_PARTS || sheet_has_twice(row->cooperating, row->n_cooperating) || has_lead(row),
        [MEASURES] =
            row->n_measures > SHEET_MEASURES || is_any_too_long(row->measures, row->n_measures, SHEET_TITLE_BYTES),
        [TARGET] = sheet_is_too_long(row->annual_target, SHEET_TEXT_BYTES),
        [NOTHING] = row->n_indicators == 0 && row->n_milestones == 0,
        [DAYS] = row->start_day == 0 || row->due_day < row->start_day,
    };
    check_indicators(row, breaks);
    check_milestones(row, breaks);
    for (size_t i = 0; i < RULES; i++) {
        if (breaks[i]) {
            found(user, &sheet_ledger_rules[i]);
        }
    }
}
