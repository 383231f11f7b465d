#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

/*
 * Tables as spreadsheets write them: RFC 4180 (quotes, "" inside them, line ends of LF, CRLF or CR, also inside
 * quotes), the separator a comma, semicolon or tab as the first line has it. Whatever comes in, a row is at most
 * CSV_FIELDS_MAX fields of at most CSV_FIELD_BYTES_MAX bytes; the reader takes no memory of its own.
 */
#define CSV_FIELDS_MAX 256
#define CSV_FIELD_BYTES_MAX 65535
#define CSV_BYTES_MAX ((size_t)256 << 20) /* of a file, in UTF-8 */

/* Turns the bytes of a file into UTF-8 without a byte order mark, and says what it was ("UTF-8", "UTF-16", "GB18030").
 * UTF-16 by its mark, GB18030 where it is no UTF-8. MALFORMED: none of these, or it holds a NUL. MEMORY: more than
 * CSV_BYTES_MAX. */
enum status csv_decode(struct buffer *text, const char **charset);

struct csv {
    char *at, *end;
    char separator;
    uint32_t row; /* number of the row read last, from 1: that which the spreadsheet shows */
};

enum csv_event {
    CSV_ROW,
    CSV_BLANK, /* nothing but blanks and separators */
    CSV_END,
    CSV_UNCLOSED, /* a quote is never closed: nothing behind it can be read */
    CSV_STRAY,    /* something stands behind a closing quote */
    CSV_TOO_WIDE, /* more than CSV_FIELDS_MAX fields */
    CSV_TOO_LONG, /* a field is longer than CSV_FIELD_BYTES_MAX */
};

struct csv_row {
    char *fields[CSV_FIELDS_MAX]; /* NUL-terminated, in the text; never NULL below count */
    uint32_t count;
};

/* text: size bytes and a NUL behind them, without NULs in them; it is changed while it is read and has to stay. */
void csv_init(struct csv *csv, char *text, size_t size);
/* The next row. After anything but CSV_END and CSV_UNCLOSED the one behind it follows; row is filled with CSV_ROW
 * alone. */
enum csv_event csv_next(struct csv *csv, struct csv_row *row);
/* A sentence for what is wrong with a row, English and Chinese; NULL for the first three. */
const char *csv_event_text(enum csv_event event);
const char *csv_event_text_zh(enum csv_event event);

/* Appends a field, in quotes where it needs them. */
void csv_put(struct buffer *out, const char *field, char separator);

#endif
