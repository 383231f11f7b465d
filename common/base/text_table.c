#include "base/text_table.h"

#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

/* Ranges of characters that are wide (Unicode East Asian Width W and F), those that figures and their titles can hold. */
static const struct {
    uint32_t first, last;
} wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},  {0xa000, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool is_wide(uint32_t character) {
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (character >= wide[i].first && character <= wide[i].last) {
            return true;
        }
    }
    return false;
}

static bool is_combining(uint32_t character) {
    return (character >= 0x300 && character <= 0x36f) || character == 0x200b || character == 0xfeff;
}

/* Of a valid character of that many bytes. */
static uint32_t decode(const char *text, size_t size) {
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (uint8_t)text[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        character = character << 6 | ((uint8_t)text[i] & 0x3f);
    }
    return character;
}

size_t text_width(const char *text) {
    size_t width = 0, left = strlen(text);
    while (left > 0) {
        size_t size = utf8_character_size(text, left);
        uint32_t character = size == 0 ? '?' : decode(text, size);
        width += is_wide(character) ? 2 : is_combining(character) ? 0 : 1;
        text += size == 0 ? 1 : size;
        left -= size == 0 ? 1 : size;
    }
    return width;
}

static const char *cell_of(const struct text_table *table, size_t row, size_t column) {
    const char *text = table->cells[row * table->columns + column];
    return text == NULL ? "-" : text;
}

static void print_row(const struct text_table *table, size_t row, const size_t *widths, struct buffer *out) {
    for (size_t column = 0; column < table->columns; column++) {
        const char *text = cell_of(table, row, column);
        int padding = (int)(widths[column] - text_width(text));
        bool is_last = column + 1 == table->columns;
        if (table->is_right[column]) {
            buffer_printf(out, "%*s%s", padding, "", text);
        } else {
            buffer_printf(out, "%s%*s", text, is_last ? 0 : padding, "");
        }
        buffer_append_text(out, is_last ? "\n" : "  ");
    }
}

void text_table_print(const struct text_table *table, struct buffer *out) {
    size_t widths[TEXT_TABLE_COLUMNS_MAX] = {0};
    CHECK(table->columns > 0 && table->columns <= TEXT_TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        size_t width = text_width(cell_of(table, i / table->columns, i % table->columns));
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t row = 0; row < table->rows; row++) {
        print_row(table, row, widths, out);
        for (size_t column = 0; row == 0 && column < table->columns; column++) {
            for (size_t i = 0; i < widths[column]; i++) {
                buffer_append_text(out, "-");
            }
            buffer_append_text(out, column + 1 == table->columns ? "\n" : "  ");
        }
    }
}
