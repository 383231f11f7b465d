#include "ctl/table_columns.h"

#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/civil.h"

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

char *column_trim(const char *cell, struct arena *arena) {
    size_t size;
    const char *text = trimmed(cell, &size);
    return copy(text, size, arena);
}

/* --- columns --- */

const struct column *column_find(const struct column *columns, const char *name) {
    size_t size;
    const char *text = trimmed(name, &size);
    for (const struct column *column = columns; column->field != NULL; column++) {
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

/* "indicators[2].code" is of "indicators". */
static bool is_within(const char *name, const char *field) {
    const size_t size = strlen(name);
    return strncmp(name, field, size) == 0 && (field[size] == '\0' || field[size] == '[' || field[size] == '.');
}

bool column_is_field(const struct column *column, const char *field) {
    return is_within(column->field, field) || (column->path != NULL && is_within(column->path, field));
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
    if (strlen(text) != 8 || !column_read_number(text, &number)) {
        return false;
    }
    *year = number / 10000;
    *month = number / 100 % 100;
    *day = number % 100;
    return true;
}

bool column_read_day(const char *text, uint32_t *value) {
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

bool column_read_number(const char *text, uint32_t *number) {
    const size_t digits = strspn(text, "0123456789");
    *number = 0;
    if (digits == 0 || digits > 9 || text[digits] != '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        *number = *number * 10 + (uint32_t)(*text - '0');
    }
    return true;
}

static bool is_name(const struct column_words *words, const char *name, const char *text) {
    const size_t prefix = strlen(words->prefix);
    return strcasecmp(name, text) == 0 ||
           (strncmp(name, words->prefix, prefix) == 0 && strcasecmp(name + prefix, text) == 0);
}

bool column_read_word(const struct column_words *words, const char *text, int *value) {
    uint32_t number;
    for (const struct column_word *word = words->words; word->text != NULL; word++) {
        if (strcasecmp(word->text, text) == 0) {
            *value = word->value;
            return true;
        }
    }
    for (unsigned i = 0; i < words->names->n_values; i++) {
        if (words->names->values[i].value != 0 && is_name(words, words->names->values[i].name, text)) {
            *value = words->names->values[i].value;
            return true;
        }
    }
    if (!column_read_number(text, &number) || number == 0 ||
        protobuf_c_enum_descriptor_get_value(words->names, (int)number) == NULL) {
        return false;
    }
    *value = (int)number;
    return true;
}

/* --- lists --- */

static const char *const list_separators[] = {";", ",", "|", "；", "，", "、", NULL};
const char *const column_line_separators[] = {";", "；", "\n", "\r", NULL};

/* Bytes of the separator at the beginning; 0: none there. */
static size_t separator_size(const char *text, const char *const *separators) {
    for (size_t i = 0; separators[i] != NULL; i++) {
        const size_t size = strlen(separators[i]);
        if (strncmp(text, separators[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

char *column_next_part(const char **at, const char *const *separators, struct arena *arena) {
    while (**at != '\0') {
        size_t size = 0;
        while ((*at)[size] != '\0' && separator_size(*at + size, separators) == 0) {
            size++;
        }
        char *part = column_trim(copy(*at, size, arena), arena);
        *at += size;
        *at += separator_size(*at, separators);
        if (*part != '\0') {
            return part;
        }
    }
    return NULL;
}

size_t column_parts_max(const char *text, const char *const *separators) {
    size_t count = 1;
    for (; *text != '\0'; text++) {
        count += separator_size(text, separators) > 0;
    }
    return count;
}

void column_set_list(void *message, size_t offset, size_t count, void *list) {
    char *at = (char *)message + offset;
    memcpy(at - sizeof count, &count, sizeof count);
    memcpy(at, &list, sizeof list);
}

static enum cell_verdict read_words(const struct column *column, const char *text, struct arena *arena, void *message) {
    int *list = arena_alloc(arena, column_parts_max(text, list_separators) * sizeof *list);
    size_t count = 0;
    CHECK(list != NULL);
    /* "镇（乡、街道）级" holds a separator itself: the whole is tried first. */
    if (column_read_word(column->words, text, &list[0])) {
        column_set_list(message, column->offset, 1, list);
        return CELL_GOOD;
    }
    for (const char *part; (part = column_next_part(&text, list_separators, arena)) != NULL; count++) {
        if (!column_read_word(column->words, part, &list[count])) {
            return CELL_NO_WORD;
        }
    }
    column_set_list(message, column->offset, count, list);
    return CELL_GOOD;
}

static void read_texts(const struct column *column, const char *text, const char *const *separators,
                       struct arena *arena, void *message) {
    char **list = arena_alloc(arena, column_parts_max(text, separators) * sizeof *list);
    size_t count = 0;
    CHECK(list != NULL);
    for (char *part; (part = column_next_part(&text, separators, arena)) != NULL;) {
        list[count++] = part;
    }
    column_set_list(message, column->offset, count, list);
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

static void *message_of(const struct column *column, struct arena *arena, void *message) {
    if (column->part == NULL) {
        return message;
    }
    void **part = (void **)((char *)message + column->part->offset);
    if (*part == NULL) {
        *part = arena_alloc(arena, column->part->descriptor->sizeof_message);
        CHECK(*part != NULL);
        protobuf_c_message_init(column->part->descriptor, *part);
    }
    return *part;
}

enum cell_verdict column_read_cell(const struct column *column, const char *cell, struct arena *arena, void *message) {
    char *text = column_trim(cell, arena);
    if (*text == '\0' || column->kind == COLUMN_IGNORED) {
        return CELL_GOOD;
    }
    void *of = message_of(column, arena, message);
    void *value = (char *)of + column->offset;
    int word;
    switch (column->kind) {
    case COLUMN_TEXT:
    case COLUMN_CODE:
        memcpy(value, &text, sizeof text);
        return column->kind == COLUMN_CODE && is_scientific(text) ? CELL_SCIENTIFIC : CELL_GOOD;
    case COLUMN_NUMBER:
        return column_read_number(text, value) ? CELL_GOOD : CELL_NO_NUMBER;
    case COLUMN_DAY:
        return column_read_day(text, value) ? CELL_GOOD : CELL_NO_DAY;
    case COLUMN_YES:
        return read_yes(text, value) ? CELL_GOOD : CELL_NO_YES;
    case COLUMN_WORD:
        if (!column_read_word(column->words, text, &word)) {
            return CELL_NO_WORD;
        }
        memcpy(value, &word, sizeof word);
        return CELL_GOOD;
    case COLUMN_WORDS:
        return read_words(column, text, arena, of);
    case COLUMN_TEXTS:
        read_texts(column, text, list_separators, arena, of);
        return CELL_GOOD;
    case COLUMN_SENTENCES:
        read_texts(column, text, column_line_separators, arena, of);
        return CELL_GOOD;
    case COLUMN_OWN:
        return column->read(column, text, arena, of);
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
        word = {"The cell is none of the words or codes of this column; the document of this import lists them.",
                "单元格不是本列允许的名称或代码；可用值见该导入的说明文档。"},
        unit = {"The unit is none of workday, day, hour, month; write 工作日, 自然日, 小时 or 月.",
                "单位不是工作日、自然日、小时、月之一；请更正。"},
        scientific = {"A spreadsheet turned the code into a number and lost digits; format the column as text "
                      "and enter it again.",
                      "电子表格已将编码转为数字并丢失位数；请将该列设为文本格式后重新填写。"},
        region = {"The region is no current code or name of the city or its counties (GB/T 2260).",
                  "区划代码或名称不是本市现行区划；请更正。"},
        indicator =
            {"An indicator is not code:kind:baseline:target[:total][:unit][:name] with at most two decimals; "
             "separate several by ;.",
             "指标格式应为“编码:类型:基期值:目标值[:总数][:单位][:名称]”，数值至多两位小数，多个指标以分号分隔。"},
        milestone = {
            "A milestone is not date:name[:expected], expected being 0 to 1000 or a percentage; separate several "
            "by ;.",
            "节点格式应为“日期:名称[:预期进度]”，预期进度为0至1000或百分比，多个节点以分号分隔。"};
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
    case CELL_NO_REGION:
        return &region;
    case CELL_NO_INDICATOR:
        return &indicator;
    case CELL_NO_MILESTONE:
        return &milestone;
    }
    return &good;
}

const char *cell_verdict_text(enum cell_verdict verdict) {
    return text_of(verdict)->english;
}

const char *cell_verdict_text_zh(enum cell_verdict verdict) {
    return text_of(verdict)->chinese;
}
