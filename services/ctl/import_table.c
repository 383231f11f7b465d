#include "ctl/import_table.h"

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

/* The table's own arena holds what its file bounds (CSV_BYTES_MAX, IMPORT_ROWS_MAX). */
static char *keep(struct import_table *table, const char *text) {
    char *kept = arena_strdup(&table->arena, text);
    CHECK(kept != NULL);
    return kept;
}

/* The same for what is said over and over. */
static const char *keep_once(struct import_table *table, const char *text) {
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

static void add_finding(struct import_table *table, struct import_finding finding) {
    table->found++;
    if (table->finding_count == IMPORT_FINDINGS_MAX) {
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
static uint32_t column_of(const struct import_table *table, const char *field) {
    uint32_t i = 0;
    while (i < table->column_count && (table->columns[i] == NULL || !column_is_field(table->columns[i], field))) {
        i++;
    }
    return i;
}

const char *import_table_cell(const struct import_table *table, const struct import_row *row, const char *field) {
    const uint32_t column = column_of(table, field);
    return column < table->column_count ? table->cells[row->first + column] : "";
}

void import_table_find(struct import_table *table, struct import_row *row, const char *field, const char *rule,
                       const char *message, const char *message_zh) {
    const uint32_t column = column_of(table, field);
    const bool is_there = column < table->column_count;
    const struct import_finding finding = {.row = row->number,
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

static enum status read_header(struct import_table *table, struct csv *csv, const char *path) {
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
        table->columns[i] = column_find(table->kind->columns, row.fields[i]);
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
static enum status check_header(const struct import_table *table, const char *path) {
    enum status status = STATUS_OK;
    for (const struct column *column = table->kind->columns; column->field != NULL; column++) {
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

static struct import_row *add_row(struct import_table *table, uint32_t number, const struct csv_row *cells) {
    table->rows = grown(table->rows, &table->row_capacity, table->row_count + 1, sizeof *table->rows);
    table->cells =
        grown(table->cells, &table->cell_capacity, table->cell_count + table->column_count, sizeof *table->cells);
    struct import_row *row = &table->rows[table->row_count++];
    *row = (struct import_row){.number = number, .first = table->cell_count, .code = (char *)""};
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

static void take_row(struct import_table *table, const struct csv *csv, enum csv_event event,
                     const struct csv_row *cells) {
    if (event != CSV_ROW) {
        import_table_find(table, add_row(table, csv->row, NULL), "", "F01", csv_event_text(event),
                          csv_event_text_zh(event));
        table->is_broken = true;
        return;
    }
    struct import_row *row = add_row(table, csv->row, cells);
    if (has_more(cells, table->column_count)) {
        import_table_find(table, row, "", "F02",
                          "The row has more cells than the header has columns; is a cell with a comma in quotes?",
                          "该行单元格多于表头列数；请检查含逗号的单元格是否加引号。");
    }
}

static enum status read_rows(struct import_table *table, struct csv *csv, const char *path) {
    struct csv_row row;
    enum csv_event event;
    while ((event = csv_next(csv, &row)) != CSV_END) {
        if (table->row_count == IMPORT_ROWS_MAX) {
            ctl_error(0, "%s: more than %d rows; split it", path, IMPORT_ROWS_MAX);
            return STATUS_USAGE;
        }
        if (event != CSV_BLANK) {
            take_row(table, csv, event, &row);
        }
    }
    return STATUS_OK;
}

enum status import_table_read(struct import_table *table, const char *path) {
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

void import_table_release(struct import_table *table) {
    free(table->rows);
    free(table->cells);
    free(table->order);
    free(table->findings);
    buffer_release(&table->text);
    arena_release(&table->arena);
}

/* --- messages --- */

static bool read_cells(struct import_table *table, struct import_row *row, bool adds, struct arena *arena,
                       void *message) {
    bool is_good = true;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const enum cell_verdict verdict =
            table->columns[i] == NULL
                ? CELL_GOOD
                : column_read_cell(table->columns[i], table->cells[row->first + i], arena, message);
        is_good = is_good && verdict == CELL_GOOD;
        if (verdict != CELL_GOOD && adds) {
            import_table_find(table, row, table->columns[i]->field, "F03", cell_verdict_text(verdict),
                              cell_verdict_text_zh(verdict));
        }
    }
    return is_good;
}

bool import_table_message(struct import_table *table, const struct import_row *row, bool adds, struct arena *arena,
                          void **message) {
    struct import_row *found = &table->rows[row - table->rows];
    *message = arena_alloc(arena, table->kind->row_bytes);
    CHECK(*message != NULL);
    table->kind->init(*message);
    bool is_good = read_cells(table, found, adds, arena, *message);
    if (is_good && table->kind->packed_size(*message) > IMPORT_COMMAND_BYTES_MAX - 64) {
        is_good = false;
        if (adds) {
            import_table_find(table, found, "", "F04", "The row is larger than 60,000 bytes; shorten its texts.",
                              "该行超过60000字节；请缩短文本。");
        }
    }
    if (adds) {
        table->kind->order(*message, found);
        found->code = keep(table, found->code);
    }
    return is_good;
}

/* --- rows among each other --- */

static const struct import_table *sorted; /* qsort has no argument for it */

static int compare_rows(const void *a, const void *b) {
    const size_t first = *(const size_t *)a, second = *(const size_t *)b;
    const struct import_row *x = &sorted->rows[first], *y = &sorted->rows[second];
    const int order = strcmp(x->code, y->code);
    if (order != 0) {
        return order;
    }
    if (x->version != y->version) {
        return x->version < y->version ? -1 : 1;
    }
    return first < second ? -1 : first > second;
}

void import_table_sort(struct import_table *table) {
    free(table->order);
    table->order = calloc(table->row_count + 1, sizeof *table->order);
    CHECK(table->order != NULL);
    for (size_t i = 0; i < table->row_count; i++) {
        table->order[i] = i;
    }
    sorted = table;
    qsort(table->order, table->row_count, sizeof *table->order, compare_rows);
}

static int compare_findings(const void *a, const void *b) {
    const struct import_finding *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : strcmp(x->rule, y->rule);
}

void import_table_sort_findings(struct import_table *table) {
    if (table->finding_count > 0) { /* else there is no array */
        qsort(table->findings, table->finding_count, sizeof *table->findings, compare_findings);
    }
}

/* --- what is to be imported again --- */

static void put_row(const struct import_table *table, char *const *cells, const char *problem, struct buffer *out) {
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i] == NULL || table->columns[i]->kind != COLUMN_IGNORED) {
            csv_put(out, cells[i], table->separator);
            buffer_append(out, &table->separator, 1);
        }
    }
    csv_put(out, problem, table->separator);
    buffer_append_text(out, "\r\n");
}

size_t import_table_rejects(const struct import_table *table, struct buffer *out) {
    size_t count = 0;
    buffer_append_text(out, "\xef\xbb\xbf"); /* so that a spreadsheet knows what it is */
    put_row(table, table->titles, "问题", out);
    for (size_t i = 0; i < table->row_count; i++) {
        const struct import_row *row = &table->rows[i];
        if (row->fate == ROW_REJECTED) {
            put_row(table, table->cells + row->first, row->problem == NULL ? "" : row->problem, out);
            count++;
        }
    }
    return count;
}

/* --- the report --- */

static void put_cells(const char *const *cells, size_t count, char separator, struct buffer *out) {
    for (size_t i = 0; i < count; i++) {
        csv_put(out, cells[i], separator);
        buffer_append_text(out, i + 1 < count ? "," : "\r\n");
    }
}

void import_table_report(const struct import_table *table, struct buffer *out) {
    static const char *const titles[] = {"行号", "列名", "规则", "内容", "问题", "problem"};
    buffer_append_text(out, "\xef\xbb\xbf");
    put_cells(titles, sizeof titles / sizeof titles[0], ',', out);
    for (size_t i = 0; i < table->finding_count; i++) {
        const struct import_finding *finding = &table->findings[i];
        char row[16];
        snprintf(row, sizeof row, "%u", finding->row);
        const char *const cells[] = {
            row, finding->column, finding->rule, finding->value, finding->message_zh, finding->message};
        put_cells(cells, sizeof cells / sizeof cells[0], ',', out);
    }
}
