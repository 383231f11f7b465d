/* Spreadsheets from outside: any bytes are decoded or refused; rows keep their bounds; what is read and written is read
 * again the same; every cell is read as each kind of column, every row as an issue and a task. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ctl/catalogue_columns.h"
#include "ctl/csv.h"
#include "ctl/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct csv_row *row, const struct buffer *text) {
    CHECK(row->count > 0 && row->count <= CSV_FIELDS_MAX);
    for (uint32_t i = 0; i < row->count; i++) {
        const char *first = (const char *)text->data, *field = row->fields[i];
        CHECK(field >= first && field <= first + text->size);
        const size_t length = strnlen(field, (size_t)(first + text->size - field) + 1);
        CHECK(length <= CSV_FIELD_BYTES_MAX && utf8_is_valid(field, length));
    }
}

static void check_again(const struct csv_row *row, char separator) {
    struct buffer out = {0};
    struct csv csv;
    struct csv_row again;
    for (uint32_t i = 0; i < row->count; i++) {
        csv_put(&out, row->fields[i], separator);
        buffer_append(&out, i + 1 < row->count ? &separator : "\n", 1);
    }
    buffer_text(&out);
    csv_init(&csv, (char *)out.data, out.size);
    csv.separator = separator;
    CHECK(csv_next(&csv, &again) == CSV_ROW && again.count == row->count);
    for (uint32_t i = 0; i < row->count; i++) {
        CHECK(strcmp(row->fields[i], again.fields[i]) == 0);
    }
    CHECK(csv_next(&csv, &again) == CSV_END);
    buffer_release(&out);
}

static void ignore(void *user, const struct sheet_rule *rule) {
    CHECK(user == NULL && rule->message != NULL && rule->message_zh != NULL);
}

/* What a row's cells make of a message; its parts lie in the arena. */
static void read_row(const struct column *columns, const struct csv_row *row, struct arena *arena, void *message) {
    for (uint32_t i = 0; i < row->count && columns[i].field != NULL; i++) {
        column_read_cell(&columns[i], row->fields[i], arena, message);
    }
}

/* The first cells as each kind of column, and the row as a row of each kind of spreadsheet, checked by its rules. */
static void read_cells(const struct csv_row *row) {
    const struct sheet_known nothing = {.agencies = {.count = 0}};
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    for (const struct column *column = catalogue_columns; column->field != NULL; column++) {
        Approvals__V1__PublishItem item;
        approvals__v1__publish_item__init(&item);
        for (uint32_t i = 0; i < row->count && i < 4; i++) {
            column_read_cell(column, row->fields[i], &arena, &item);
        }
        CHECK(approvals__v1__publish_item__get_packed_size(&item) > 0 || item.n_clients == 0);
        arena_reset(&arena);
    }
    struct sheet_issue issue = {.day = 0};
    issues__v1__report_issue__init(&issue.report);
    read_row(sheet_issue_columns, row, &arena, &issue);
    sheet_issue_check(&issue, 20000, ignore, NULL);
    sheet_issue_check_known(&issue, &nothing, ignore, NULL);
    CHECK(issues__v1__report_issue__get_packed_size(&issue.report) <= (size_t)64 << 20);
    arena_reset(&arena);
    Issues__V1__PublishTask task = ISSUES__V1__PUBLISH_TASK__INIT;
    read_row(sheet_ledger_columns, row, &arena, &task);
    sheet_ledger_check(&task, ignore, NULL);
    sheet_ledger_check_known(&task, &nothing, ignore, NULL);
    CHECK(issues__v1__publish_task__get_packed_size(&task) <= (size_t)64 << 20);
    arena_release(&arena);
    column_find(catalogue_columns, row->fields[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer text = {0};
    const char *charset = NULL;
    buffer_append(&text, data, size);
    if (csv_decode(&text, &charset) == STATUS_OK) {
        struct csv csv;
        struct csv_row row;
        enum csv_event event;
        uint32_t rows = 0;
        buffer_text(&text);
        csv_init(&csv, (char *)text.data, text.size);
        while ((event = csv_next(&csv, &row)) != CSV_END) {
            CHECK(csv.row == ++rows && rows <= size + 1);
            if (event == CSV_ROW) {
                check_row(&row, &text);
                check_again(&row, csv.separator);
                read_cells(&row);
            }
        }
    }
    buffer_release(&text);
    return 0;
}
