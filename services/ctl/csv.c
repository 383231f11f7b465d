#include "ctl/csv.h"

#include <string.h>

/* --- reading --- */

/* The one that stands most often in the first line, outside quotes; a comma where none does. */
static char separator_of(const char *text, const char *end) {
    static const char separators[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    bool is_quoted = false;
    for (; text < end && (is_quoted || (*text != '\n' && *text != '\r')); text++) {
        is_quoted = (*text == '"') != is_quoted;
        const char *found = is_quoted ? NULL : strchr(separators, *text);
        if (found != NULL) {
            counts[found - separators]++;
        }
    }
    for (size_t i = 1; i < 3; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return separators[best];
}

void csv_init(struct csv *csv, char *text, size_t size) {
    *csv = (struct csv){.at = text, .end = text + size, .separator = separator_of(text, text + size)};
}

/* Behind one line end at `at`, if there is one. */
static char *skip_line_end(const struct csv *csv, char *at) {
    if (at < csv->end && *at == '\r') {
        at++;
        return at < csv->end && *at == '\n' ? at + 1 : at;
    }
    return at < csv->end && *at == '\n' ? at + 1 : at;
}

static bool is_field_end(const struct csv *csv, const char *at) {
    return at >= csv->end || *at == csv->separator || *at == '\n' || *at == '\r';
}

static void skip_line(struct csv *csv) {
    while (csv->at < csv->end && *csv->at != '\n' && *csv->at != '\r') {
        csv->at++;
    }
    csv->at = skip_line_end(csv, csv->at);
}

/* The field begins with a quote. Its text is moved to where the quote stood; *stop is where it ends there. */
static enum csv_event read_quoted(struct csv *csv, char **stop) {
    char *to = csv->at;
    char *from = csv->at + 1;
    while (from < csv->end) {
        if (*from == '"') {
            if (from + 1 >= csv->end || from[1] != '"') {
                break;
            }
            from++;
        }
        *to++ = *from++;
    }
    if (from >= csv->end) {
        return CSV_UNCLOSED;
    }
    csv->at = from + 1;
    *stop = to;
    return is_field_end(csv, csv->at) ? CSV_ROW : CSV_STRAY;
}

/* A quote inside a field that does not begin with one is a character like any other. */
static enum csv_event read_field(struct csv *csv, char **field, size_t *size) {
    char *stop;
    *field = csv->at;
    if (csv->at < csv->end && *csv->at == '"') {
        const enum csv_event event = read_quoted(csv, &stop);
        *size = event == CSV_UNCLOSED ? 0 : (size_t)(stop - *field);
        return event;
    }
    while (!is_field_end(csv, csv->at)) {
        csv->at++;
    }
    *size = (size_t)(csv->at - *field);
    return CSV_ROW;
}

static bool is_blank(const char *field) {
    return field[strspn(field, " \t")] == '\0';
}

/* One field into the row; what stands behind it is looked at before the NUL is put there. *is_last: the line ends. */
static enum csv_event take_field(struct csv *csv, struct csv_row *row, bool *is_last, bool *is_all_blank) {
    char *field;
    size_t size;
    const enum csv_event event = read_field(csv, &field, &size);
    if (event != CSV_ROW) {
        return event;
    }
    *is_last = csv->at >= csv->end || *csv->at != csv->separator;
    csv->at = *is_last ? skip_line_end(csv, csv->at) : csv->at + 1;
    field[size] = '\0';
    *is_all_blank = *is_all_blank && is_blank(field);
    if (size > CSV_FIELD_BYTES_MAX || row->count == CSV_FIELDS_MAX) {
        if (!*is_last) {
            skip_line(csv);
        }
        return size > CSV_FIELD_BYTES_MAX ? CSV_TOO_LONG : CSV_TOO_WIDE;
    }
    row->fields[row->count++] = field;
    return CSV_ROW;
}

enum csv_event csv_next(struct csv *csv, struct csv_row *row) {
    bool is_last = false, is_all_blank = true;
    row->count = 0;
    if (csv->at >= csv->end) {
        return CSV_END;
    }
    csv->row++;
    while (!is_last) {
        const enum csv_event event = take_field(csv, row, &is_last, &is_all_blank);
        if (event == CSV_UNCLOSED) {
            csv->at = csv->end;
        } else if (event == CSV_STRAY) {
            skip_line(csv);
        }
        if (event != CSV_ROW) {
            return event;
        }
    }
    return is_all_blank ? CSV_BLANK : CSV_ROW;
}

struct event_text {
    const char *english, *chinese;
};

static const struct event_text *text_of(enum csv_event event) {
    static const struct event_text nothing,
        unclosed = {"A quote is never closed; close it, or double quotes inside a cell.",
                    "引号未闭合；请补全引号，或将单元格内的引号写成两个。"},
        stray = {"Something stands behind a closing quote; double quotes inside a cell.",
                 "闭合引号之后仍有内容；请将单元格内的引号写成两个。"},
        wide = {"More than 256 cells in a row; is the separator right?", "一行超过256个单元格；请检查分隔符。"},
        longer = {"A cell is longer than 65,535 bytes; is a quote missing?",
                  "单元格超过65535字节；请检查引号是否缺失。"};
    switch (event) {
    case CSV_ROW:
    case CSV_BLANK:
    case CSV_END:
        break;
    case CSV_UNCLOSED:
        return &unclosed;
    case CSV_STRAY:
        return &stray;
    case CSV_TOO_WIDE:
        return &wide;
    case CSV_TOO_LONG:
        return &longer;
    }
    return &nothing;
}

const char *csv_event_text(enum csv_event event) {
    return text_of(event)->english;
}

const char *csv_event_text_zh(enum csv_event event) {
    return text_of(event)->chinese;
}

/* --- writing --- */

void csv_put(struct buffer *out, const char *field, char separator) {
    const char special[] = {'"', '\n', '\r', separator, '\0'};
    const size_t size = strlen(field);
    if (strcspn(field, special) == size) {
        buffer_append(out, field, size);
        return;
    }
    buffer_append(out, "\"", 1);
    for (const char *at = field; *at != '\0'; at++) {
        buffer_append(out, at, 1);
        if (*at == '"') {
            buffer_append(out, "\"", 1);
        }
    }
    buffer_append(out, "\"", 1);
}
