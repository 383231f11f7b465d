#include "ctl/catalogue_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/ctl.h"
#include "ctl/import_sender.h"

#define ARENA_BYTES_MAX ((size_t)1 << 30)

/* --- growing --- */

static void *grown(void *array, size_t *capacity, size_t wanted, size_t size) {
    if (wanted <= *capacity) {
        return array;
    }
    *capacity = wanted > *capacity * 2 ? wanted : *capacity * 2;
    void *larger = reallocarray(array, *capacity, size);
    CHECK(larger != NULL);
    return larger;
}

/* The table's own arena holds what its file bounds (CSV_BYTES_MAX, CATALOGUE_ROWS_MAX). */
static char *keep(struct catalogue_table *table, const char *text) {
    char *kept = arena_strdup(&table->arena, text);
    CHECK(kept != NULL);
    return kept;
}

/* The same for what is said over and over. */
static const char *keep_once(struct catalogue_table *table, const char *text) {
    for (size_t i = 0; i < table->sentence_count; i++) {
        if (strcmp(table->sentences[i], text) == 0) {
            return table->sentences[i];
        }
    }
    const char *kept = keep(table, text);
    if (table->sentence_count < sizeof table->sentences / sizeof table->sentences[0]) {
        table->sentences[table->sentence_count++] = kept;
    }
    return kept;
}

/* --- findings --- */

static void add_finding(struct catalogue_table *table, struct catalogue_finding finding) {
    table->found++;
    if (table->finding_count == CATALOGUE_FINDINGS_MAX) {
        return;
    }
    finding.field = keep_once(table, finding.field);
    finding.rule = keep_once(table, finding.rule);
    finding.message = keep_once(table, finding.message);
    finding.message_zh = keep_once(table, finding.message_zh);
    table->findings =
        grown(table->findings, &table->finding_capacity, table->finding_count + 1, sizeof *table->findings);
    table->findings[table->finding_count++] = finding;
}

/* The file's column for a field; column_count: it has none. */
static uint32_t column_of(const struct catalogue_table *table, const char *field) {
    uint32_t i = 0;
    while (i < table->column_count && (table->columns[i] == NULL || strcmp(table->columns[i]->field, field) != 0)) {
        i++;
    }
    return i;
}

void catalogue_table_find(struct catalogue_table *table, struct catalogue_row *row, const char *field, const char *rule,
                          const char *message, const char *message_zh) {
    const uint32_t column = column_of(table, field);
    const bool is_there = column < table->column_count;
    const struct catalogue_finding finding = {.row = row->number,
                                              .column = is_there ? table->titles[column] : "",
                                              .field = field,
                                              .rule = rule,
                                              .value = is_there ? table->cells[row->first + column] : "",
                                              .message = message,
                                              .message_zh = message_zh};
    if (row->problem == NULL) {
        char *problem = arena_printf(&table->arena, "%s %s / %s", rule, message, message_zh);
        CHECK(problem != NULL);
        row->problem = problem;
    }
    row->fate = ROW_REJECTED;
    add_finding(table, finding);
}

/* --- reading --- */

static enum status read_header(struct catalogue_table *table, struct csv *csv, const char *path) {
    struct csv_row row;
    enum csv_event event;
    while ((event = csv_next(csv, &row)) == CSV_BLANK) {
    }
    if (event != CSV_ROW) {
        ctl_error(0, "%s: %s", path, event == CSV_END ? "it is empty" : csv_event_text(event));
        return STATUS_USAGE;
    }
    table->separator = csv->separator;
    table->column_count = row.count;
    for (uint32_t i = 0; i < row.count; i++) {
        table->titles[i] = row.fields[i];
        table->columns[i] = catalogue_column_find(row.fields[i]);
        for (uint32_t before = 0; before < i && table->columns[i] != NULL; before++) {
            if (table->columns[before] == table->columns[i]) {
                ctl_error(0, "%s: the columns \"%s\" and \"%s\" are the same", path, row.fields[before], row.fields[i]);
                return STATUS_USAGE;
            }
        }
    }
    return STATUS_OK;
}

/* Says which columns are missing, and which are not imported. */
static enum status check_header(const struct catalogue_table *table, const char *path) {
    enum status status = STATUS_OK;
    for (const struct column *column = catalogue_columns; column->field != NULL; column++) {
        if (column->is_needed && column_of(table, column->field) == table->column_count) {
            ctl_error(0, "%s: there is no column %s (%s)", path, column->field, column->titles[0]);
            status = STATUS_USAGE;
        }
    }
    for (uint32_t i = 0; i < table->column_count && status == STATUS_OK; i++) {
        if (table->columns[i] == NULL && *table->titles[i] != '\0') {
            ctl_error(0, "%s: the column \"%s\" is not known: it is not imported", path, table->titles[i]);
        }
    }
    return status;
}

static struct catalogue_row *add_row(struct catalogue_table *table, uint32_t number, const struct csv_row *cells) {
    table->rows = grown(table->rows, &table->row_capacity, table->row_count + 1, sizeof *table->rows);
    table->cells =
        grown(table->cells, &table->cell_capacity, table->cell_count + table->column_count, sizeof *table->cells);
    struct catalogue_row *row = &table->rows[table->row_count++];
    *row = (struct catalogue_row){.number = number, .first = table->cell_count, .code = (char *)""};
    for (uint32_t i = 0; i < table->column_count; i++) {
        table->cells[table->cell_count++] = cells != NULL && i < cells->count ? cells->fields[i] : (char *)"";
    }
    return row;
}

static bool has_more(const struct csv_row *cells, uint32_t columns) {
    for (uint32_t i = columns; i < cells->count; i++) {
        if (cells->fields[i][strspn(cells->fields[i], " \t")] != '\0') {
            return true;
        }
    }
    return false;
}

static void take_row(struct catalogue_table *table, const struct csv *csv, enum csv_event event,
                     const struct csv_row *cells) {
    if (event != CSV_ROW) {
        catalogue_table_find(table, add_row(table, csv->row, NULL), "", "F01", csv_event_text(event),
                             csv_event_text_zh(event));
        table->is_broken = true;
        return;
    }
    struct catalogue_row *row = add_row(table, csv->row, cells);
    if (has_more(cells, table->column_count)) {
        catalogue_table_find(table, row, "", "F02",
                             "The row has more cells than the header has columns; is a cell with a comma in quotes?",
                             "该行单元格多于表头列数；请检查含逗号的单元格是否加引号。");
    }
}

static enum status read_rows(struct catalogue_table *table, struct csv *csv, const char *path) {
    struct csv_row row;
    enum csv_event event;
    while ((event = csv_next(csv, &row)) != CSV_END) {
        if (table->row_count == CATALOGUE_ROWS_MAX) {
            ctl_error(0, "%s: more than %d rows; split it", path, CATALOGUE_ROWS_MAX);
            return STATUS_USAGE;
        }
        if (event != CSV_BLANK) {
            take_row(table, csv, event, &row);
        }
    }
    return STATUS_OK;
}

enum status catalogue_table_read(struct catalogue_table *table, const char *path) {
    arena_init(&table->arena, ARENA_BYTES_MAX);
    const enum status decoded = csv_decode(&table->text, &table->charset);
    if (decoded != STATUS_OK) {
        ctl_error(0, "%s: %s", path,
                  decoded == STATUS_MEMORY ? "larger than 256 MiB"
                                           : "neither UTF-8 nor GB18030, or it is no text; save it as CSV");
        return STATUS_USAGE;
    }
    struct csv csv;
    buffer_text(&table->text);
    csv_init(&csv, (char *)table->text.data, table->text.size);
    enum status status = read_header(table, &csv, path);
    status = status == STATUS_OK ? check_header(table, path) : status;
    return status == STATUS_OK ? read_rows(table, &csv, path) : status;
}

void catalogue_table_release(struct catalogue_table *table) {
    free(table->rows);
    free(table->cells);
    free(table->order);
    free(table->findings);
    buffer_release(&table->text);
    arena_release(&table->arena);
}

/* --- items --- */

bool catalogue_table_item(struct catalogue_table *table, const struct catalogue_row *row, bool adds,
                          struct arena *arena, Approvals__V1__PublishItem **item) {
    struct catalogue_row *found = &table->rows[row - table->rows];
    bool is_good = true;
    *item = arena_alloc(arena, sizeof **item);
    CHECK(*item != NULL);
    approvals__v1__publish_item__init(*item);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const enum cell_verdict verdict =
            table->columns[i] == NULL
                ? CELL_GOOD
                : catalogue_read_cell(table->columns[i], table->cells[row->first + i], arena, *item);
        is_good = is_good && verdict == CELL_GOOD;
        if (verdict != CELL_GOOD && adds) {
            catalogue_table_find(table, found, table->columns[i]->field, "F03", cell_verdict_text(verdict),
                                 cell_verdict_text_zh(verdict));
        }
    }
    if (is_good && approvals__v1__publish_item__get_packed_size(*item) > IMPORT_COMMAND_BYTES_MAX - 64) {
        is_good = false;
        if (adds) {
            catalogue_table_find(table, found, "", "F04", "The row is larger than 60,000 bytes; shorten its texts.",
                                 "该行超过60000字节；请缩短文本。");
        }
    }
    if (adds) {
        found->code = keep(table, (*item)->code);
        found->version = (*item)->version;
        found->day = (int32_t)(*item)->effective_day;
    }
    return is_good;
}

/* --- rows among each other --- */

static const struct catalogue_table *sorted; /* qsort has no argument for it */

static int compare_rows(const void *a, const void *b) {
    const size_t first = *(const size_t *)a, second = *(const size_t *)b;
    const struct catalogue_row *x = &sorted->rows[first], *y = &sorted->rows[second];
    const int order = strcmp(x->code, y->code);
    if (order != 0) {
        return order;
    }
    if (x->version != y->version) {
        return x->version < y->version ? -1 : 1;
    }
    return first < second ? -1 : first > second;
}

static void sort_rows(struct catalogue_table *table) {
    free(table->order);
    table->order = calloc(table->row_count + 1, sizeof *table->order);
    CHECK(table->order != NULL);
    for (size_t i = 0; i < table->row_count; i++) {
        table->order[i] = i;
    }
    sorted = table;
    qsort(table->order, table->row_count, sizeof *table->order, compare_rows);
}

static const char *agency_of(const struct catalogue_table *table, const struct catalogue_row *row) {
    const uint32_t column = column_of(table, "agency");
    return column < table->column_count ? table->cells[row->first + column] : "";
}

/* Two rows of one item, the second of the same or a later version. */
static void compare_two(struct catalogue_table *table, const struct catalogue_row *before, struct catalogue_row *row) {
    if (before->version == row->version) {
        catalogue_table_find(table, row, "version", "F05",
                             "This version of the item stands in the file twice; delete one of the rows.",
                             "该事项的同一版本在文件中出现两次；请删除其中一行。");
    } else if (row->day < before->day) {
        catalogue_table_find(
            table, row, "effective_day", "F06",
            "The effective day lies before that of the item's earlier version in the file; correct one of the two.",
            "生效日期早于文件中该事项上一版本的生效日期；请更正其中一个。");
    } else if (strcmp(agency_of(table, before), agency_of(table, row)) != 0) {
        catalogue_table_find(table, row, "agency", "F07",
                             "The versions of the item in the file have different agencies; correct one of them.",
                             "文件中该事项各版本的办理机关不一致；请更正。");
    }
}

void catalogue_table_compare(struct catalogue_table *table) {
    sort_rows(table);
    for (size_t i = 1; i < table->row_count; i++) {
        struct catalogue_row *row = &table->rows[table->order[i]];
        const struct catalogue_row *before = &table->rows[table->order[i - 1]];
        if (*row->code != '\0' && row->version != 0 && strcmp(row->code, before->code) == 0) {
            compare_two(table, before, row);
        }
    }
}

void catalogue_table_hold_back(struct catalogue_table *table) {
    for (size_t i = 1; i < table->row_count; i++) {
        struct catalogue_row *row = &table->rows[table->order[i]];
        const struct catalogue_row *before = &table->rows[table->order[i - 1]];
        if (row->fate == ROW_GOOD && before->fate == ROW_REJECTED && *row->code != '\0' &&
            strcmp(row->code, before->code) == 0) {
            catalogue_table_find(
                table, row, "version", "F08",
                "An earlier version of the item in the file is rejected, and could not follow this one; both wait.",
                "文件中该事项较早的版本未通过，发布本版本后将无法补发；两行均暂不导入。");
        }
    }
}

static int compare_findings(const void *a, const void *b) {
    const struct catalogue_finding *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : strcmp(x->rule, y->rule);
}

void catalogue_table_sort_findings(struct catalogue_table *table) {
    if (table->finding_count > 0) { /* else there is no array */
        qsort(table->findings, table->finding_count, sizeof *table->findings, compare_findings);
    }
}

/* --- what is to be imported again --- */

static void put_row(const struct catalogue_table *table, char *const *cells, const char *problem, struct buffer *out) {
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i] == NULL || table->columns[i]->kind != COLUMN_IGNORED) {
            csv_put(out, cells[i], table->separator);
            buffer_append(out, &table->separator, 1);
        }
    }
    csv_put(out, problem, table->separator);
    buffer_append_text(out, "\r\n");
}

size_t catalogue_table_rejects(const struct catalogue_table *table, struct buffer *out) {
    size_t count = 0;
    buffer_append_text(out, "\xef\xbb\xbf"); /* so that a spreadsheet knows what it is */
    put_row(table, table->titles, "问题", out);
    for (size_t i = 0; i < table->row_count; i++) {
        const struct catalogue_row *row = &table->rows[i];
        if (row->fate == ROW_REJECTED) {
            put_row(table, table->cells + row->first, row->problem == NULL ? "" : row->problem, out);
            count++;
        }
    }
    return count;
}
