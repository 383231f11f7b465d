#include "ctl/catalogue_columns.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/civil.h"
#include "ctl/catalogue_words.h"

/* --- the columns --- */

#define AT(member) offsetof(Approvals__V1__PublishItem, member)
#define AT_FEE(member) offsetof(Approvals__V1__Fee, member)

const struct column catalogue_columns[] = {
    {"code", {"事项编码", "实施编码"}, COLUMN_TEXT, AT(code), false, true, NULL},
    {"version", {"版本号", "事项版本"}, COLUMN_NUMBER, AT(version), false, true, NULL},
    {"name", {"事项名称"}, COLUMN_TEXT, AT(name), false, true, NULL},
    {"agency", {"办理机关代码", "实施主体代码"}, COLUMN_TEXT, AT(agency), false, false, NULL},
    {"effective_day", {"生效日期"}, COLUMN_DAY, AT(effective_day), false, true, NULL},
    {"type", {"事项类型"}, COLUMN_WORD, AT(type), false, true, &catalogue_type_words},
    {"level", {"行使层级"}, COLUMN_WORD, AT(level), false, true, &catalogue_level_words},
    {"clients", {"服务对象"}, COLUMN_WORDS, AT(clients), false, true, &catalogue_client_words},
    {"channels", {"办理渠道", "办理形式"}, COLUMN_WORDS, AT(channels), false, true, &catalogue_channel_words},
    {"online", {"网办环节", "网上办理环节"}, COLUMN_WORDS, AT(online), false, false, &catalogue_online_words},
    {"promised", {"承诺时限", "承诺办结时限"}, COLUMN_AMOUNT, AT(promised), false, true, &catalogue_unit_words},
    {"promised_unit",
     {"承诺时限单位", "承诺办结时限单位"},
     COLUMN_UNIT,
     AT(promised),
     false,
     false,
     &catalogue_unit_words},
    {"statutory", {"法定时限", "法定办结时限"}, COLUMN_AMOUNT, AT(statutory), false, true, &catalogue_unit_words},
    {"statutory_unit",
     {"法定时限单位", "法定办结时限单位"},
     COLUMN_UNIT,
     AT(statutory),
     false,
     false,
     &catalogue_unit_words},
    {"visits", {"到办事现场次数", "到现场次数"}, COLUMN_NUMBER, AT(visits), false, true, NULL},
    {"visits_reason", {"到现场原因", "必须现场办理原因说明"}, COLUMN_TEXT, AT(visits_reason), false, false, NULL},
    {"no_meeting", {"不见面审批"}, COLUMN_YES, AT(no_meeting), false, false, NULL},
    {"instant", {"即办件", "办件类型"}, COLUMN_YES, AT(instant), false, false, NULL},
    {"fee.charged", {"是否收费"}, COLUMN_YES, AT_FEE(charged), true, false, NULL},
    {"fee.basis", {"收费依据"}, COLUMN_TEXT, AT_FEE(basis), true, false, NULL},
    {"fee.items", {"收费项目", "收费项目名称"}, COLUMN_TEXT, AT_FEE(items), true, false, NULL},
    {"fee.standard", {"收费标准"}, COLUMN_TEXT, AT_FEE(standard), true, false, NULL},
    {"fee.online_payment", {"网上支付", "是否支持网上支付"}, COLUMN_YES, AT_FEE(online_payment), true, false, NULL},
    {"enquiry_phone", {"咨询电话"}, COLUMN_TEXT, AT(enquiry_phone), false, true, NULL},
    {"complaint_phone", {"监督投诉电话", "投诉电话"}, COLUMN_TEXT, AT(complaint_phone), false, true, NULL},
    {"result_name", {"审批结果名称"}, COLUMN_TEXT, AT(result_name), false, false, NULL},
    {"result_sample", {"审批结果样本"}, COLUMN_YES, AT(result_sample), false, false, NULL},
    {"procedure_steps", {"办理流程环节数"}, COLUMN_NUMBER, AT(procedure_steps), false, false, NULL},
    {"person_topics", {"个人主题分类", "面向自然人事项主题分类"}, COLUMN_TEXTS, AT(person_topics), false, false, NULL},
    {"organisation_topics",
     {"法人主题分类", "面向法人事项主题分类"},
     COLUMN_TEXTS,
     AT(organisation_topics),
     false,
     false,
     NULL},
    {"app", {"移动端上线"}, COLUMN_YES, AT(app), false, false, NULL},
    {"joint", {"联办件", "联合办理"}, COLUMN_YES, AT(joint), false, false, NULL},
    {"deficiency_allowed", {"容缺受理"}, COLUMN_YES, AT(deficiency_allowed), false, false, NULL},
    {"supplement_stops_statutory",
     {"补正停止法定计时"},
     COLUMN_YES,
     AT(supplement_stops_statutory),
     false,
     false,
     NULL},
    {"historical", {"历史数据"}, COLUMN_YES, AT(historical), false, false, NULL},
    {"problem", {"问题"}, COLUMN_IGNORED, 0, false, false, NULL},
    {NULL, {NULL}, COLUMN_IGNORED, 0, false, false, NULL},
};

static_assert(sizeof catalogue_columns / sizeof catalogue_columns[0] <= CATALOGUE_COLUMNS_MAX, "columns are counted");

/* --- texts --- */

/* Bytes of the blank at the beginning; 0: none there. The wide one and the one that does not break stand in
 * spreadsheets too. */
static size_t blank_size(const char *text) {
    static const char *const blanks[] = {" ", "\t", "\n", "\r", "\xe3\x80\x80", "\xc2\xa0"};
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        const size_t size = strlen(blanks[i]);
        if (strncmp(text, blanks[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

/* The part of a text without blanks around it. */
static const char *trimmed(const char *text, size_t *size) {
    for (size_t blank; (blank = blank_size(text)) > 0;) {
        text += blank;
    }
    *size = 0;
    for (size_t at = 0; text[at] != '\0';) {
        const size_t blank = blank_size(text + at);
        at += blank > 0 ? blank : 1;
        *size = blank > 0 ? *size : at;
    }
    return text;
}

static char *copy(const char *text, size_t size, struct arena *arena) {
    char *to = arena_alloc(arena, size + 1);
    CHECK(to != NULL); /* the arena holds any row */
    memcpy(to, text, size);
    to[size] = '\0';
    return to;
}

char *catalogue_trim(const char *cell, struct arena *arena) {
    size_t size;
    const char *text = trimmed(cell, &size);
    return copy(text, size, arena);
}

const struct column *catalogue_column_find(const char *name) {
    size_t size;
    const char *text = trimmed(name, &size);
    for (const struct column *column = catalogue_columns; column->field != NULL; column++) {
        bool is_it = strlen(column->field) == size && strncasecmp(column->field, text, size) == 0;
        for (size_t i = 0; i < 3 && column->titles[i] != NULL; i++) {
            is_it = is_it || (strlen(column->titles[i]) == size && memcmp(column->titles[i], text, size) == 0);
        }
        if (is_it) {
            return column;
        }
    }
    return NULL;
}

/* --- values --- */

static bool read_yes(const char *text, protobuf_c_boolean *value) {
    static const char *const yes[] = {"是", "yes", "y", "true", "1", "√", "有", "即办件", "支持", "收费"};
    static const char *const no[] = {"否", "no", "n", "false", "0", "×", "无", "承诺件", "不支持", "不收费"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *value = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

/* One number of a date, and what separates it from the next. */
static bool read_part(const char **at, size_t digits_max, const char *const ends[], unsigned *part) {
    const size_t digits = strspn(*at, "0123456789");
    *part = 0;
    if (digits == 0 || digits > digits_max) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        *part = *part * 10 + (unsigned)((*at)[i] - '0');
    }
    *at += digits;
    for (size_t i = 0; ends[i] != NULL; i++) {
        const size_t size = strlen(ends[i]);
        if (strncmp(*at, ends[i], size) == 0) {
            *at += size;
            return true;
        }
    }
    return false;
}

static bool read_compact(const char *text, unsigned *year, unsigned *month, unsigned *day) {
    uint32_t number;
    if (strlen(text) != 8 || !catalogue_read_number(text, &number)) {
        return false;
    }
    *year = number / 10000;
    *month = number / 100 % 100;
    *day = number % 100;
    return true;
}

static bool read_day(const char *text, uint32_t *value) {
    static const char *const year_ends[] = {"-", "/", ".", "年", NULL},
                             *const month_ends[] = {"-", "/", ".", "月", NULL}, *const day_ends[] = {"日", "", NULL};
    const char *at = text;
    unsigned year, month, day;
    if (!read_compact(text, &year, &month, &day) &&
        !(read_part(&at, 4, year_ends, &year) && read_part(&at, 2, month_ends, &month) &&
          read_part(&at, 2, day_ends, &day) && *at == '\0')) {
        return false;
    }
    if (year < 1970 || !civil_date_is_valid((int32_t)year, month, day)) {
        return false;
    }
    *value = (uint32_t)civil_day_from_date((int32_t)year, month, day);
    return true;
}

/* --- limits --- */

static Approvals__V1__Limit *limit_of(const struct column *column, struct arena *arena,
                                      Approvals__V1__PublishItem *item) {
    Approvals__V1__Limit **limit = (Approvals__V1__Limit **)((char *)item + column->offset);
    if (*limit == NULL) {
        *limit = arena_alloc(arena, sizeof **limit);
        CHECK(*limit != NULL);
        approvals__v1__limit__init(*limit);
    }
    return *limit;
}

static enum cell_verdict read_unit(const char *text, Approvals__V1__Limit *limit) {
    int unit;
    if (!catalogue_read_word(&catalogue_unit_words, text, &unit)) {
        return CELL_NO_UNIT;
    }
    limit->unit = (Approvals__V1__LimitUnit)unit;
    return CELL_GOOD;
}

static enum cell_verdict read_amount(const struct column *column, const char *text, struct arena *arena,
                                     Approvals__V1__PublishItem *item) {
    const size_t digits = strspn(text, "0123456789");
    size_t size;
    uint32_t amount;
    if (strcmp(text, "无") == 0) { /* there is no such limit */
        return CELL_GOOD;
    }
    if (!catalogue_read_number(copy(text, digits, arena), &amount)) {
        return CELL_NO_NUMBER;
    }
    Approvals__V1__Limit *limit = limit_of(column, arena, item);
    limit->amount = amount;
    const char *unit = trimmed(text + digits, &size);
    return size == 0 ? CELL_GOOD : read_unit(copy(unit, size, arena), limit);
}

/* --- lists --- */

/* Bytes of the separator at the beginning; 0: none there. */
static size_t separator_size(const char *text) {
    static const char *const separators[] = {";", ",", "|", "；", "，", "、"};
    for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
        const size_t size = strlen(separators[i]);
        if (strncmp(text, separators[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

/* The next part of a list, not an empty one, in arena; NULL: no more. */
static char *next_part(const char **at, struct arena *arena) {
    while (**at != '\0') {
        size_t size = 0;
        while ((*at)[size] != '\0' && separator_size(*at + size) == 0) {
            size++;
        }
        char *part = catalogue_trim(copy(*at, size, arena), arena);
        *at += size;
        *at += separator_size(*at);
        if (*part != '\0') {
            return part;
        }
    }
    return NULL;
}

static size_t parts_max(const char *text) {
    size_t count = 1;
    for (; *text != '\0'; text++) {
        count += separator_size(text) > 0;
    }
    return count;
}

/* A repeated field is its count and its pointer, one behind the other. */
static void set_list(void *message, size_t offset, size_t count, void *list) {
    char *at = (char *)message + offset;
    memcpy(at - sizeof count, &count, sizeof count);
    memcpy(at, &list, sizeof list);
}

static enum cell_verdict read_words(const struct column *column, const char *text, struct arena *arena, void *message) {
    int *list = arena_alloc(arena, parts_max(text) * sizeof *list);
    size_t count = 0;
    CHECK(list != NULL);
    /* "镇（乡、街道）级" holds a separator itself: the whole is tried first. */
    if (catalogue_read_word(column->words, text, &list[0])) {
        set_list(message, column->offset, 1, list);
        return CELL_GOOD;
    }
    for (const char *part; (part = next_part(&text, arena)) != NULL; count++) {
        if (!catalogue_read_word(column->words, part, &list[count])) {
            return CELL_NO_WORD;
        }
    }
    set_list(message, column->offset, count, list);
    return CELL_GOOD;
}

static void read_texts(const struct column *column, const char *text, struct arena *arena, void *message) {
    char **list = arena_alloc(arena, parts_max(text) * sizeof *list);
    size_t count = 0;
    CHECK(list != NULL);
    for (char *part; (part = next_part(&text, arena)) != NULL;) {
        list[count++] = part;
    }
    set_list(message, column->offset, count, list);
}

/* --- cells --- */

/* "4.114E+30": what a spreadsheet makes of a code of digits. */
static bool is_scientific(const char *text) {
    const size_t digits = strspn(text, "0123456789.");
    if (digits == 0 || (text[digits] != 'E' && text[digits] != 'e') || text[digits + 1] != '+') {
        return false;
    }
    return text[digits + 2 + strspn(text + digits + 2, "0123456789")] == '\0';
}

static void *message_of(const struct column *column, struct arena *arena, Approvals__V1__PublishItem *item) {
    if (!column->is_of_fee) {
        return item;
    }
    if (item->fee == NULL) {
        item->fee = arena_alloc(arena, sizeof *item->fee);
        CHECK(item->fee != NULL);
        approvals__v1__fee__init(item->fee);
    }
    return item->fee;
}

enum cell_verdict catalogue_read_cell(const struct column *column, const char *cell, struct arena *arena,
                                      Approvals__V1__PublishItem *item) {
    char *text = catalogue_trim(cell, arena);
    if (*text == '\0' || column->kind == COLUMN_IGNORED) {
        return CELL_GOOD;
    }
    void *message = message_of(column, arena, item);
    void *value = (char *)message + column->offset;
    int word;
    switch (column->kind) {
    case COLUMN_TEXT:
        memcpy(value, &text, sizeof text);
        return strcmp(column->field, "code") == 0 && is_scientific(text) ? CELL_SCIENTIFIC : CELL_GOOD;
    case COLUMN_NUMBER:
        return catalogue_read_number(text, value) ? CELL_GOOD : CELL_NO_NUMBER;
    case COLUMN_DAY:
        return read_day(text, value) ? CELL_GOOD : CELL_NO_DAY;
    case COLUMN_YES:
        return read_yes(text, value) ? CELL_GOOD : CELL_NO_YES;
    case COLUMN_WORD:
        if (!catalogue_read_word(column->words, text, &word)) {
            return CELL_NO_WORD;
        }
        memcpy(value, &word, sizeof word);
        return CELL_GOOD;
    case COLUMN_WORDS:
        return read_words(column, text, arena, message);
    case COLUMN_TEXTS:
        read_texts(column, text, arena, message);
        return CELL_GOOD;
    case COLUMN_AMOUNT:
        return read_amount(column, text, arena, item);
    case COLUMN_UNIT:
        return read_unit(text, limit_of(column, arena, item));
    case COLUMN_IGNORED:
        break;
    }
    return CELL_GOOD;
}

struct verdict_text {
    const char *english, *chinese;
};

static const struct verdict_text *text_of(enum cell_verdict verdict) {
    static const struct verdict_text good,
        number = {"The cell is no number of at most nine digits; write digits only.",
                  "单元格不是九位以内的数字；请只填写数字。"},
        day = {"The cell is no date from 1970 on; write it as 2020-01-31.",
               "单元格不是1970年以后的日期；请按 2020-01-31 的格式填写。"},
        yes = {"The cell is neither yes nor no; write 是 or 否.", "单元格既不是“是”也不是“否”；请填写是或否。"},
        word = {"The cell is none of the words or codes of this column; docs/catalogue.md lists them.",
                "单元格不是本列允许的名称或代码；可用值见 docs/catalogue.md。"},
        unit = {"The unit is none of workday, day, hour, month; write 工作日, 自然日, 小时 or 月.",
                "单位不是工作日、自然日、小时、月之一；请更正。"},
        scientific = {"A spreadsheet turned the code into a number and lost digits; format the column as text "
                      "and enter it again.",
                      "电子表格已将编码转为数字并丢失位数；请将该列设为文本格式后重新填写。"};
    switch (verdict) {
    case CELL_GOOD:
        break;
    case CELL_NO_NUMBER:
        return &number;
    case CELL_NO_DAY:
        return &day;
    case CELL_NO_YES:
        return &yes;
    case CELL_NO_WORD:
        return &word;
    case CELL_NO_UNIT:
        return &unit;
    case CELL_SCIENTIFIC:
        return &scientific;
    }
    return &good;
}

const char *cell_verdict_text(enum cell_verdict verdict) {
    return text_of(verdict)->english;
}

const char *cell_verdict_text_zh(enum cell_verdict verdict) {
    return text_of(verdict)->chinese;
}
