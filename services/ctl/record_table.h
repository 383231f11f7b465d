#ifndef CTL_RECORD_TABLE_H
#define CTL_RECORD_TABLE_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"
#include "base/text_table.h"

/*
 * Messages of the contract as tables for people. What a column shows follows from its field: an enum the last part of
 * its name in lower case, *_day a date, *_at_ms a time in +08:00, *_permille per cent, a list its texts; "-" for what
 * is not there. Rows are JSON as json_from_message makes it.
 */
struct record_column {
    const char *field;
    const char *title;
};

struct record_list {
    const char *rows;                                     /* field of the message that holds them */
    struct record_column columns[TEXT_TABLE_COLUMNS_MAX]; /* ended by a NULL field where there are fewer */
};

/* One value of a field. */
void record_cell(const ProtobufCFieldDescriptor *field, const json_t *value, struct buffer *out);
/* The rows of a message, as a table on stdout. holder: what the message is. */
void record_table_print(const ProtobufCMessageDescriptor *holder, const struct record_list *list,
                        const json_t *message);
/* Every field of a message but lists of messages, one a line on stdout. */
void record_fields_print(const ProtobufCMessageDescriptor *descriptor, const json_t *message);

#endif
