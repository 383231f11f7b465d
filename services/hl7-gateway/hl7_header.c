#include <string.h>

#include "base/utf8.h"
#include "hl7-gateway/hl7_lines.h"

/* MSH, and FHS and BHS of a batch, which begin as it does (HL7 v2.x 2.14.9, 2.10.3). */

static size_t skip_before(const uint8_t *data, size_t size) {
    size_t at = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && (data[at] == '\r' || data[at] == '\n')) {
        at++;
    }
    return at;
}

/* --- Delimiters ------------------------------------------------------------------------------------------------------
 */

/* encoding ends where field stands next, so field is none of them. */
static bool are_distinct_punctuation(char field, struct text encoding) {
    for (size_t i = 0; i < encoding.size; i++) {
        char c = encoding.data[i];
        if (!hl7_is_punctuation(c) || memchr(encoding.data, c, i) != NULL) {
            return false;
        }
    }
    return hl7_is_punctuation(field);
}

/* 0 when it is taken: then the message has none of this kind. */
static char unless_taken(char usual, char field, struct text encoding) {
    return usual == field || memchr(encoding.data, usual, encoding.size) != NULL ? 0 : usual;
}

static bool read_delimiters(char field, struct text encoding, struct hl7_delimiters *delimiters) {
    if (encoding.size < 3 || encoding.size > 5 || !are_distinct_punctuation(field, encoding)) {
        return false;
    }
    const char *c = encoding.data;
    *delimiters = (struct hl7_delimiters){field, c[0], c[1], c[2], 0};
    if (encoding.size > 3) {
        delimiters->subcomponent = c[3];
    } else if (c[2] == '&') {
        delimiters->subcomponent = '&';
        delimiters->escape = unless_taken('\\', field, encoding);
    } else {
        delimiters->subcomponent = unless_taken('&', field, encoding);
    }
    return true;
}

/* --- Fields ----------------------------------------------------------------------------------------------------------
 */

struct fields {
    struct text rest;
    char separator;
    bool is_double_byte;
};

/* 2 for a pair of GB18030, of which a character of four bytes has two; 1 for everything else. */
static size_t pair_size(const uint8_t *at, size_t left) {
    bool is_pair = left >= 2 && at[0] >= 0x81 && ((at[1] >= '0' && at[1] <= '9') || at[1] >= 0x40);
    return is_pair ? 2 : 1;
}

static struct text cut_double_byte(struct text *rest, char separator) {
    const uint8_t *data = (const uint8_t *)rest->data;
    size_t at = 0;
    while (at < rest->size && data[at] != (uint8_t)separator) {
        at += pair_size(data + at, rest->size - at);
    }
    struct text piece = {rest->data, at};
    if (at < rest->size) {
        *rest = (struct text){rest->data + at + 1, rest->size - at - 1};
    } else {
        *rest = (struct text){NULL, 0};
    }
    return piece;
}

static struct text next_field(struct fields *fields) {
    return fields->is_double_byte ? cut_double_byte(&fields->rest, fields->separator)
                                  : hl7_cut(&fields->rest, fields->separator);
}

static void read_message_type(struct text type, struct hl7_header *header) {
    header->message_code = hl7_trim(hl7_cut(&type, header->delimiters.component));
    header->trigger = hl7_trim(hl7_cut(&type, header->delimiters.component));
    header->structure = hl7_trim(hl7_cut(&type, header->delimiters.component));
}

/* Fields 3 to 7, the same in all three segments. */
static void read_parties(struct fields *fields, struct hl7_header *header) {
    header->sending_application = next_field(fields);
    header->sending_facility = next_field(fields);
    header->receiving_application = next_field(fields);
    header->receiving_facility = next_field(fields);
    header->time = next_field(fields);
}

static void read_message_fields(struct fields *fields, struct hl7_header *header) {
    next_field(fields); /* 8: security */
    read_message_type(next_field(fields), header);
    header->control_id = next_field(fields);
    header->processing_id = next_field(fields);
    header->version = next_field(fields);
    next_field(fields); /* 13: sequence number */
    next_field(fields); /* 14: continuation */
    header->accept_ack = hl7_trim(next_field(fields));
    header->application_ack = hl7_trim(next_field(fields));
    header->country = next_field(fields);
    header->charset_field = next_field(fields);
    struct text repetitions = header->charset_field;
    header->charset = hl7_cut(&repetitions, header->delimiters.repetition);
}

static void read_batch_fields(struct fields *fields, struct hl7_header *header) {
    for (unsigned i = 8; i <= 10; i++) {
        next_field(fields); /* security, name, comment */
    }
    header->control_id = next_field(fields);
}

/* Only MSH, FHS and BHS come here, five bytes at least. */
static enum hl7_problem read_segment(struct text segment, bool is_batch, struct hl7_header *header) {
    struct fields fields = {
        .rest = {segment.data + 4, segment.size - 4},
        .separator = segment.data[3],
        .is_double_byte = !utf8_is_valid(segment.data, segment.size),
    };
    struct text encoding = next_field(&fields);
    struct hl7_delimiters delimiters;
    if (!read_delimiters(fields.separator, encoding, &delimiters)) {
        return HL7_BAD_DELIMITERS;
    }
    header->delimiters = delimiters;
    header->size = segment.size;
    header->encoding = encoding;
    header->encoding_characters = (uint8_t)encoding.size;
    read_parties(&fields, header);
    if (is_batch) {
        read_batch_fields(&fields, header);
        return HL7_BATCH;
    }
    read_message_fields(&fields, header);
    return HL7_OK;
}

enum hl7_problem hl7_read_header(const uint8_t *data, size_t size, struct hl7_header *header) {
    *header = (struct hl7_header){0};
    size_t offset = skip_before(data, size);
    struct text message = {(const char *)data + offset, size - offset};
    bool is_batch = hl7_is_named(message, "FHS") || hl7_is_named(message, "BHS");
    if (message.size < 4 || (!is_batch && !hl7_is_named(message, "MSH"))) {
        return HL7_NO_MSH;
    }
    struct hl7_lines lines;
    struct text segment;
    hl7_lines_begin(&lines, message.data, message.size, message.data[3]);
    if (!hl7_lines_next(&lines, &segment) || segment.size < 4) {
        return HL7_NO_MSH;
    }
    enum hl7_problem problem = read_segment(segment, is_batch, header);
    header->offset = problem == HL7_BAD_DELIMITERS ? 0 : offset;
    return problem;
}
