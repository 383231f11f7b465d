#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "ctl/catalogue_columns.h"
#include "ctl/csv.h"

/* Tables as spreadsheets write them, and what their cells mean in a catalogue. */

/* --- rows --- */

/* Rows as text: fields in brackets, rows ended by /; what is wrong by its name. */
static void read_all(char *text, size_t size, char *out, size_t out_size) {
    static const char *const names[] = {
        [CSV_UNCLOSED] = "UNCLOSED", [CSV_STRAY] = "STRAY", [CSV_TOO_WIDE] = "WIDE", [CSV_TOO_LONG] = "LONG"};
    struct csv csv;
    struct csv_row row;
    enum csv_event event;
    size_t used = 0;
    csv_init(&csv, text, size);
    out[0] = '\0';
    while ((event = csv_next(&csv, &row)) != CSV_END && used < out_size) {
        for (uint32_t i = 0; event == CSV_ROW && i < row.count && used < out_size; i++) {
            used += (size_t)snprintf(out + used, out_size - used, "[%s]", row.fields[i]);
        }
        if (used < out_size) {
            used += (size_t)snprintf(out + used, out_size - used, "%s/",
                                     event == CSV_ROW     ? ""
                                     : event == CSV_BLANK ? "-"
                                                          : names[event]);
        }
        assert_true((csv_event_text(event) == NULL) == (event == CSV_ROW || event == CSV_BLANK));
        assert_true((csv_event_text_zh(event) == NULL) == (csv_event_text(event) == NULL));
    }
}

static void rows(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"a", "[a]/"},
        {"a\n", "[a]/"},
        {"a,b\nc,d", "[a][b]/[c][d]/"},
        {"a,b\r\nc,d\r\n", "[a][b]/[c][d]/"},
        {"a,b\rc,d\r", "[a][b]/[c][d]/"}, /* an old way */
        {"a,,\n,,b\n", "[a][][]/[][][b]/"},
        {"a,b\n\n , \nc,d\n", "[a][b]/-/-/[c][d]/"},
        {"\"a\",\"b,c\"\n", "[a][b,c]/"},
        {"\"a \"\"b\"\" c\"\n", "[a \"b\" c]/"},
        {"\"\"\"\"\n", "[\"]/"},
        {"\"\",x\n", "[][x]/"},
        {"\"a\r\nb\",c\r\nd,e", "[a\r\nb][c]/[d][e]/"},
        {"a\"b,c\n", "[a\"b][c]/"}, /* a quote inside is a character */
        {"a, \"b\"\n", "[a][ \"b\"]/"},
        {"\"a\"b,c\nd,e\n", "STRAY/[d][e]/"},
        {"\"a\" ,c\nd,e\n", "STRAY/[d][e]/"},
        {"x,y\n\"a,b\nc,d\n", "[x][y]/UNCLOSED/"},
        {"x,\"", "UNCLOSED/"},
        {"x,\"\"", "[x][]/"},
        {"x,\"a\"\"", "UNCLOSED/"},
        {"a;b,c;d\n1;2;3\n", "[a][b,c][d]/[1][2][3]/"},
        {"a\tb\nc,d\te\n", "[a][b]/[c,d][e]/"},
        {"\"a;b;c\",d\n1,2\n", "[a;b;c][d]/[1][2]/"}, /* separators in quotes do not count */
        {"事项编码,事项名称\n一,二\n", "[事项编码][事项名称]/[一][二]/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256], got[512];
        snprintf(text, sizeof text, "%s", cases[i].text);
        read_all(text, strlen(text), got, sizeof got);
        if (strcmp(got, cases[i].want) != 0) {
            fail_msg("case %zu: %s, wanted %s", i, got, cases[i].want);
        }
    }
}

static void the_row_is_that_of_the_spreadsheet(void **state) {
    (void)state;
    char text[] = "h\n\"a\nb\nc\"\n\nd\n";
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, text, strlen(text));
    const enum csv_event want[] = {CSV_ROW, CSV_ROW, CSV_BLANK, CSV_ROW};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(csv_next(&csv, &row), want[i]);
        assert_int_equal(csv.row, i + 1);
    }
    assert_int_equal(csv_next(&csv, &row), CSV_END);
}

static void too_long(void **state) {
    (void)state;
    const size_t size = CSV_FIELD_BYTES_MAX + 2000;
    char *text = malloc(size + 1), got[64];
    memset(text, 'x', size);
    memcpy(text, "a,b\n", 4);
    memcpy(text + size - 5, ",y\nz\n", 5);
    read_all(text, size, got, sizeof got);
    assert_string_equal(got, "[a][b]/LONG/[z]/");
    free(text);
}

static void too_wide(void **state) {
    (void)state;
    for (uint32_t fields = CSV_FIELDS_MAX - 1; fields <= CSV_FIELDS_MAX + 1; fields++) {
        struct buffer text = {0};
        struct csv csv;
        struct csv_row row;
        for (uint32_t i = 0; i < fields; i++) {
            buffer_append_text(&text, i == 0 ? "a" : ",b");
        }
        buffer_append_text(&text, "\nz\n");
        buffer_text(&text);
        csv_init(&csv, (char *)text.data, text.size);
        assert_int_equal(csv_next(&csv, &row), fields <= CSV_FIELDS_MAX ? CSV_ROW : CSV_TOO_WIDE);
        assert_int_equal(csv_next(&csv, &row), CSV_ROW);
        assert_string_equal(row.fields[0], "z");
        buffer_release(&text);
    }
}

/* What is written is read as it was. */
static void writing(void **state) {
    (void)state;
    static const char *const fields[] = {"a", "", "a,b", "a;b", "say \"x\"", "two\r\nlines", "\"", " 空格 ", "a\tb"};
    for (const char *separator = ",;\t"; *separator != '\0'; separator++) {
        struct buffer out = {0};
        struct csv csv;
        struct csv_row row;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            csv_put(&out, fields[i], *separator);
            buffer_append(&out, i + 1 < sizeof fields / sizeof fields[0] ? separator : "\n", 1);
        }
        buffer_text(&out);
        csv_init(&csv, (char *)out.data, out.size);
        csv.separator = *separator;
        assert_int_equal(csv_next(&csv, &row), CSV_ROW);
        assert_int_equal(row.count, sizeof fields / sizeof fields[0]);
        for (uint32_t i = 0; i < row.count; i++) {
            assert_string_equal(row.fields[i], fields[i]);
        }
        assert_int_equal(csv_next(&csv, &row), CSV_END);
        buffer_release(&out);
    }
}

/* --- character sets --- */

static void charsets(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum status status;
        const char *charset, *want;
    } cases[] = {
        {"", 0, STATUS_OK, "UTF-8", ""},
        {"abc", 3, STATUS_OK, "UTF-8", "abc"},
        {"\xe8\xae\xb8\xe6\x98\x8c", 6, STATUS_OK, "UTF-8", "许昌"},
        {"\xef\xbb\xbf\xe8\xae\xb8", 6, STATUS_OK, "UTF-8", "许"},
        {"\xef\xbb\xbf", 3, STATUS_OK, "UTF-8", ""},
        {"\xd0\xed\xb2\xfd,1", 6, STATUS_OK, "GB18030", "许昌,1"},
        {"\x95\x32\x82\x36,\xd0\xed", 7, STATUS_OK, "GB18030", "\xf0\xa0\x80\x80,许"}, /* four bytes: U+20000 */
        {"\xff\xfe\xb8\x8b,\0", 6, STATUS_OK, "UTF-16", "许,"},
        {"\xfe\xff\x8b\xb8\0,", 6, STATUS_OK, "UTF-16", "许,"},
        {"\xff\xff\xff", 3, STATUS_MALFORMED, "GB18030", NULL},
        {"a\xd0", 2, STATUS_MALFORMED, "GB18030", NULL}, /* half a character */
        {"a\0b", 3, STATUS_MALFORMED, "UTF-8", NULL},
        {"\xd0\xed\0", 3, STATUS_MALFORMED, "UTF-8", NULL},
        {"\xff\xfe\xb8", 3, STATUS_MALFORMED, "UTF-16", NULL},
        {"\xff\xfe\0\0", 4, STATUS_MALFORMED, "UTF-16", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer text = {0};
        const char *charset = NULL;
        buffer_append(&text, cases[i].bytes, cases[i].size);
        const enum status status = csv_decode(&text, &charset);
        if (status != cases[i].status || strcmp(charset, cases[i].charset) != 0) {
            fail_msg("case %zu: %s of %s", i, status_name(status), charset);
        }
        if (cases[i].want != NULL) {
            assert_string_equal(buffer_text(&text), cases[i].want);
        }
        buffer_release(&text);
    }
}

/* More than one step of the conversion. */
static void a_long_gb18030_text(void **state) {
    (void)state;
    struct buffer text = {0};
    const char *charset;
    const size_t count = 100000;
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&text, i % 2 == 0 ? "\xd0\xed" : "x\xb2\xfd");
    }
    assert_int_equal(csv_decode(&text, &charset), STATUS_OK);
    assert_int_equal(text.size, count / 2 * 7);
    assert_memory_equal(buffer_text(&text) + text.size - 7, "许x昌", 7);
    buffer_release(&text);
}

/* --- cells --- */

static enum cell_verdict read_cell(struct arena *arena, const char *field, const char *cell,
                                   Approvals__V1__PublishItem *item) {
    approvals__v1__publish_item__init(item);
    return column_read_cell(column_find(catalogue_columns, field), cell, arena, item);
}

/* A cell of a column and the one number that comes of it. */
static void cells(void **state) {
    (void)state;
    struct arena arena;
    Approvals__V1__PublishItem item;
    arena_init(&arena, 1 << 20);
    static const struct {
        const char *column, *cell;
        enum cell_verdict verdict;
        int64_t want;
    } cases[] = {
        {"version", "3", CELL_GOOD, 3},
        {"版本号", " 03 ", CELL_GOOD, 3},
        {"version", "3.0", CELL_NO_NUMBER, 0},
        {"version", "-1", CELL_NO_NUMBER, 0},
        {"version", "1234567890", CELL_NO_NUMBER, 0},
        {"visits", "", CELL_GOOD, 0},
        {"effective_day", "2020-01-31", CELL_GOOD, 18292},
        {"生效日期", "2020/1/31", CELL_GOOD, 18292},
        {"生效日期", "2020.01.31", CELL_GOOD, 18292},
        {"生效日期", "20200131", CELL_GOOD, 18292},
        {"生效日期", "2020年1月31日", CELL_GOOD, 18292},
        {"生效日期", "2020-02-30", CELL_NO_DAY, 0},
        {"生效日期", "43861", CELL_NO_DAY, 0},
        {"生效日期", "2020-01-31 00:00", CELL_NO_DAY, 0},
        {"生效日期", "1969-12-31", CELL_NO_DAY, 0},
        {"生效日期", "2020-1", CELL_NO_DAY, 0},
        {"type", "01", CELL_GOOD, 1},
        {"事项类型", "行政许可", CELL_GOOD, 1},
        {"type", "licence", CELL_GOOD, 1},
        {"type", "ITEM_TYPE_LICENCE", CELL_GOOD, 1},
        {"type", "公共服务", CELL_GOOD, 20},
        {"type", "0", CELL_NO_WORD, 0},
        {"type", "unspecified", CELL_NO_WORD, 0},
        {"type", "15", CELL_NO_WORD, 0},
        {"type", "许可", CELL_NO_WORD, 0},
        {"level", "镇（乡、街道）级", CELL_GOOD, 5},
        {"level", "市级", CELL_GOOD, 3},
        {"instant", "即办件", CELL_GOOD, 1},
        {"办件类型", "承诺件", CELL_GOOD, 0},
        {"no_meeting", "是", CELL_GOOD, 1},
        {"no_meeting", "Yes", CELL_GOOD, 1},
        {"no_meeting", "\xe3\x80\x80否\xc2\xa0", CELL_GOOD, 0},
        {"no_meeting", "可能", CELL_NO_YES, 0},
        {"code", "4.11E+30", CELL_SCIENTIFIC, 0},
        {"code", "4.11411E+17", CELL_SCIENTIFIC, 0},
        {"code", "11E+", CELL_SCIENTIFIC, 0},
        {"code", "1E5", CELL_GOOD, 0},
        {"problem", "whatever", CELL_GOOD, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct column *column = column_find(catalogue_columns, cases[i].column);
        const enum cell_verdict verdict = read_cell(&arena, cases[i].column, cases[i].cell, &item);
        int32_t got = 0;
        if (column->kind == COLUMN_NUMBER || column->kind == COLUMN_DAY || column->kind == COLUMN_YES ||
            column->kind == COLUMN_WORD) {
            memcpy(&got, (const char *)&item + column->offset, sizeof got);
        }
        if (verdict != cases[i].verdict || (verdict == CELL_GOOD && got != cases[i].want)) {
            fail_msg("case %zu: %s \"%s\": verdict %d, %d", i, cases[i].column, cases[i].cell, (int)verdict, got);
        }
        assert_true((cell_verdict_text(verdict) == NULL) == (verdict == CELL_GOOD));
    }
    arena_release(&arena);
}

static void limits(void **state) {
    (void)state;
    struct arena arena;
    Approvals__V1__PublishItem item;
    arena_init(&arena, 1 << 20);
    static const struct {
        const char *amount, *unit;
        enum cell_verdict verdict;
        uint32_t want_amount, want_unit;
    } cases[] = {
        {"5", "工作日", CELL_GOOD, 5, 1}, {"5个工作日", "", CELL_GOOD, 5, 1},  {"0 workdays", "", CELL_GOOD, 0, 1},
        {"2", "小时", CELL_GOOD, 2, 3},   {"1", "个月", CELL_GOOD, 1, 4},      {"30", "天", CELL_GOOD, 30, 2},
        {"5", "", CELL_GOOD, 5, 0},       {"5", "星期", CELL_NO_UNIT, 5, 0},   {"5星期", "", CELL_NO_UNIT, 5, 0},
        {"五", "", CELL_NO_NUMBER, 0, 0}, {"20", "workday", CELL_GOOD, 20, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum cell_verdict verdict = read_cell(&arena, "承诺时限", cases[i].amount, &item);
        const enum cell_verdict second =
            column_read_cell(column_find(catalogue_columns, "承诺时限单位"), cases[i].unit, &arena, &item);
        verdict = verdict == CELL_GOOD ? second : verdict;
        if (verdict != cases[i].verdict || (verdict == CELL_GOOD && (item.promised->amount != cases[i].want_amount ||
                                                                     item.promised->unit != cases[i].want_unit))) {
            fail_msg("case %zu: %s %s", i, cases[i].amount, cases[i].unit);
        }
    }
    assert_int_equal(read_cell(&arena, "statutory", "无", &item), CELL_GOOD);
    assert_null(item.statutory);
    arena_release(&arena);
}

static void lists_and_fees(void **state) {
    (void)state;
    struct arena arena;
    Approvals__V1__PublishItem item;
    arena_init(&arena, 1 << 20);
    assert_int_equal(read_cell(&arena, "服务对象", "自然人；企业法人、3;;社会组织", &item), CELL_GOOD);
    const Approvals__V1__ClientKind want[] = {1, 2, 3, 4};
    assert_int_equal(item.n_clients, 4);
    assert_memory_equal(item.clients, want, sizeof want);
    assert_int_equal(read_cell(&arena, "办理渠道", "窗口, 移动端 ,APP", &item), CELL_GOOD);
    assert_int_equal(item.n_channels, 3);
    assert_int_equal(read_cell(&arena, "办理渠道", "窗口,空中", &item), CELL_NO_WORD);
    assert_int_equal(read_cell(&arena, "网办环节", "7", &item), CELL_GOOD);
    assert_int_equal(item.online[0], 7);
    assert_int_equal(read_cell(&arena, "个人主题分类", " 住房 | 户籍、", &item), CELL_GOOD);
    assert_int_equal(item.n_person_topics, 2);
    assert_string_equal(item.person_topics[1], "户籍");
    assert_int_equal(read_cell(&arena, "个人主题分类", "；", &item), CELL_GOOD);
    assert_int_equal(item.n_person_topics, 0);
    assert_int_equal(read_cell(&arena, "fee.charged", "是", &item), CELL_GOOD);
    assert_true(item.fee->charged);
    assert_int_equal(read_cell(&arena, "收费依据", "办法", &item), CELL_GOOD);
    assert_string_equal(item.fee->basis, "办法");
    assert_int_equal(read_cell(&arena, "收费依据", "", &item), CELL_GOOD);
    assert_null(item.fee);
    arena_release(&arena);
}

/* Every column is found by its name and its titles, is no other's, and stands in the document. */
static void columns(void **state) {
    (void)state;
    static char text[256 * 1024];
    FILE *file = fopen("docs/catalogue.md", "r");
    if (file == NULL) {
        fail_msg("docs/catalogue.md cannot be opened: run the test in the project's folder");
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (const struct column *column = catalogue_columns; column->field != NULL; column++) {
        char wanted[256];
        assert_ptr_equal(column_find(catalogue_columns, column->field), column);
        for (size_t i = 0; i < 3 && column->titles[i] != NULL; i++) {
            assert_ptr_equal(column_find(catalogue_columns, column->titles[i]), column);
        }
        snprintf(wanted, sizeof wanted, "| `%s` | %s%s%s |", column->field, column->titles[0],
                 column->titles[1] != NULL ? "，" : "", column->titles[1] != NULL ? column->titles[1] : "");
        if (strstr(text, wanted) == NULL) {
            fail_msg("docs/catalogue.md lacks %s", wanted);
        }
    }
    assert_null(column_find(catalogue_columns, "Visit"));
    assert_null(column_find(catalogue_columns, ""));
    assert_non_null(column_find(catalogue_columns, " VISITS "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(the_row_is_that_of_the_spreadsheet),
        cmocka_unit_test(too_long),
        cmocka_unit_test(too_wide),
        cmocka_unit_test(writing),
        cmocka_unit_test(charsets),
        cmocka_unit_test(a_long_gb18030_text),
        cmocka_unit_test(cells),
        cmocka_unit_test(limits),
        cmocka_unit_test(lists_and_fees),
        cmocka_unit_test(columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
