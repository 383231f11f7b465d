#include "ctl/record_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"

/* --- cells --- */

static bool ends_with(const char *name, const char *end) {
    const size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* How much of a value's name is that of its enum: of IssueState, ISSUE_STATE_. 0: it is named otherwise. */
static size_t prefix_size(const char *short_name, const char *name) {
    size_t size = 0;
    for (const char *at = short_name; *at != '\0'; at++) {
        size += isupper((unsigned char)*at) && at != short_name && name[size] == '_';
        if (name[size++] != toupper((unsigned char)*at)) {
            return 0;
        }
    }
    return name[size] == '_' ? size + 1 : 0;
}

static void append_word(const ProtobufCEnumDescriptor *names, const char *name, struct buffer *out) {
    const char *word = name + prefix_size(names->short_name, name);
    if (strcmp(word, "UNSPECIFIED") == 0) {
        word = "-";
    }
    for (; *word != '\0'; word++) {
        buffer_printf(out, "%c", *word == '_' ? '-' : tolower((unsigned char)*word));
    }
}

/* Somebody's text: on one line, and nothing that a terminal would obey. */
static void append_text(const char *text, struct buffer *out) {
    for (const char *at = text; *at != '\0'; at++) {
        const bool is_control = (unsigned char)*at < ' ' || *at == 0x7f;
        buffer_append(out, is_control ? " " : at, 1);
    }
}

/* A number beyond JSON's range is a text. */
static int64_t number_of(const json_t *value) {
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : (int64_t)json_integer_value(value);
}

static void append_time(int64_t ms, struct buffer *out) {
    char text[30];
    civil_time_format(ms, text);
    buffer_printf(out, "%.10s %.5s", text, text + 11);
}

static void append_number(const char *name, int64_t number, struct buffer *out) {
    const bool is_day = ends_with(name, "_day"), is_time = ends_with(name, "_at_ms");
    char day[CIVIL_DATE_TEXT_BYTES];
    if (number == 0 && (is_day || is_time)) {
        buffer_append_text(out, "-");
    } else if (is_day) {
        civil_date_format((int32_t)number, day);
        buffer_append_text(out, day);
    } else if (is_time) {
        append_time(number, out);
    } else if (ends_with(name, "_permille")) {
        buffer_printf(out, "%" PRId64 ".%" PRId64 "%%", number / 10, number % 10);
    } else {
        buffer_printf(out, "%" PRId64, number);
    }
}

static void append_texts(const json_t *texts, struct buffer *out) {
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text) {
        buffer_append_text(out, i > 0 ? "; " : "");
        append_text(json_is_string(text) ? json_string_value(text) : "?", out);
    }
}

static bool is_nothing(const json_t *value) {
    return value == NULL || json_is_false(value) || (json_is_string(value) && json_string_value(value)[0] == '\0') ||
           (json_is_array(value) && json_array_size(value) == 0);
}

void record_cell(const ProtobufCFieldDescriptor *field, const json_t *value, struct buffer *out) {
    if (is_nothing(value)) {
        buffer_append_text(out, "-");
    } else if (json_is_array(value)) {
        append_texts(value, out);
    } else if (json_is_true(value)) {
        buffer_append_text(out, "yes");
    } else if (field->type == PROTOBUF_C_TYPE_ENUM && json_is_string(value)) {
        append_word(field->descriptor, json_string_value(value), out);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        append_text(json_string_value(value), out);
    } else {
        append_number(field->name, number_of(value), out);
    }
}

/* Numbers stand right; days and times are all as wide. */
static bool is_right(const ProtobufCFieldDescriptor *field) {
    if (ends_with(field->name, "_day") || ends_with(field->name, "_at_ms")) {
        return false;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return false;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return true;
}

/* --- tables --- */

/* One table on its way: its cells one after another in texts. */
struct filling {
    const ProtobufCFieldDescriptor *fields[TEXT_TABLE_COLUMNS_MAX];
    struct text_table table;
    struct buffer texts;
    size_t *starts;
};

static void begin(struct filling *f, const ProtobufCMessageDescriptor *row, const struct record_list *list,
                  size_t rows) {
    struct text_table *table = &f->table;
    while (table->columns < TEXT_TABLE_COLUMNS_MAX && list->columns[table->columns].field != NULL) {
        const size_t column = table->columns++;
        f->fields[column] = protobuf_c_message_descriptor_get_field_by_name(row, list->columns[column].field);
        CHECK(f->fields[column] != NULL); /* the tables name fields of the contract */
        table->is_right[column] = is_right(f->fields[column]);
    }
    table->rows = rows + 1;
    table->cells = calloc(table->rows * table->columns, sizeof *table->cells);
    f->starts = calloc(table->rows * table->columns, sizeof *f->starts);
    CHECK(table->cells != NULL && f->starts != NULL);
}

static void end(struct filling *f) {
    buffer_release(&f->texts);
    free(f->starts);
    free(f->table.cells);
}

void record_table_print(const ProtobufCMessageDescriptor *holder, const struct record_list *list,
                        const json_t *message) {
    const json_t *rows = json_object_get(message, list->rows);
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(holder, list->rows);
    struct filling f = {.starts = NULL};
    struct buffer out = {0};
    CHECK(field != NULL);
    begin(&f, field->descriptor, list, json_array_size(rows));
    const size_t columns = f.table.columns;
    for (size_t i = columns; i < f.table.rows * columns; i++) {
        const json_t *row = json_array_get(rows, i / columns - 1);
        f.starts[i] = f.texts.size;
        record_cell(f.fields[i % columns], json_object_get(row, list->columns[i % columns].field), &f.texts);
        buffer_append(&f.texts, "", 1);
    }
    for (size_t i = 0; i < f.table.rows * columns; i++) { /* now that the texts move no more */
        f.table.cells[i] = i < columns ? list->columns[i].title : (const char *)f.texts.data + f.starts[i];
    }
    text_table_print(&f.table, &out);
    fputs(buffer_text(&out), stdout);
    buffer_release(&out);
    end(&f);
}

void record_fields_print(const ProtobufCMessageDescriptor *descriptor, const json_t *message) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        struct buffer text = {0};
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        record_cell(field, json_object_get(message, field->name), &text);
        printf("  %-18s %s\n", field->name, buffer_text(&text));
        buffer_release(&text);
    }
}
