#ifndef BASE_TEXT_TABLE_H
#define BASE_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * A table of text for people, in columns as wide as their widest cell. Chinese characters take two columns of a terminal.
 * Pure; cells are borrowed until text_table_print.
 */
#define TEXT_TABLE_COLUMNS_MAX 12

struct text_table {
    size_t columns;
    bool is_right[TEXT_TABLE_COLUMNS_MAX]; /* numbers */
    const char **cells;                    /* rows * columns; NULL shows as "-" */
    size_t rows;
};

/* Columns that a UTF-8 text takes on a terminal; what is no UTF-8 counts one for each byte. */
size_t text_width(const char *text);
/* The first row is the head: a line is drawn under it. */
void text_table_print(const struct text_table *table, struct buffer *out);

#endif
