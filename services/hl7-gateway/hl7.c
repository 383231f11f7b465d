#include "hl7-gateway/hl7.h"

#include <string.h>

#include "hl7-gateway/hl7_lines.h"

/* --- Segments --------------------------------------------------------------------------------------------------------
 */

/* z_segments: names with a blank between them. */
static bool is_asked_for(const char *z_segments, const char *name) {
    if (z_segments == NULL) {
        return false;
    }
    for (const char *at = z_segments; (at = strstr(at, name)) != NULL; at++) {
        if ((at == z_segments || at[-1] == ' ') && (at[3] == 0 || at[3] == ' ')) {
            return true;
        }
    }
    return false;
}

static enum hl7_segment_kind kind_of(const char *name, const char *z_segments) {
    static const struct {
        char name[4];
        enum hl7_segment_kind kind;
    } kinds[] = {{"EVN", HL7_EVN}, {"PID", HL7_PID}, {"PV1", HL7_PV1}, {"PV2", HL7_PV2},
                 {"MRG", HL7_MRG}, {"ZBE", HL7_ZBE}, {"MSH", HL7_MSH}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (memcmp(kinds[i].name, name, 3) == 0) {
            return kinds[i].kind;
        }
    }
    return is_asked_for(z_segments, name) ? HL7_Z : HL7_OTHER;
}

/* A second message that begins in the middle of a line, the end of the first one's last segment having been lost: MSH,
 * its separator and MSH-2 as in the first one. Inside a field they would be escaped. */
static bool has_message_inside(const char *data, size_t size, const struct hl7_header *header) {
    char start[10] = {'M', 'S', 'H', header->delimiters.field};
    memcpy(start + 4, header->encoding.data, header->encoding.size);
    start[4 + header->encoding.size] = header->delimiters.field;
    size_t from = header->offset + header->size;
    return memmem(data + from, size - from, start, 5 + header->encoding.size) != NULL ||
           memmem(data + header->offset + 3, header->size - 3, start, 5 + header->encoding.size) != NULL;
}

static enum hl7_problem keep_segment(struct text line, enum hl7_segment_kind kind, struct hl7_message *message) {
    if (message->count == HL7_SEGMENTS_MAX) {
        return HL7_TOO_MANY;
    }
    struct hl7_segment *segment = &message->segments[message->count++];
    segment->kind = kind;
    segment->text = line;
    memcpy(segment->name, line.data, 3);
    segment->name[3] = 0;
    return HL7_OK;
}

static enum hl7_problem add_line(struct text line, const char *z_segments, struct hl7_message *message) {
    if (hl7_is_named(line, "FHS") || hl7_is_named(line, "BHS")) {
        return HL7_BATCH;
    }
    if (message->count > 0 && hl7_is_named(line, "MSH")) {
        return HL7_GLUED;
    }
    if (line.size < 3 || (line.size > 3 && line.data[3] != message->header.delimiters.field)) {
        return HL7_OK;
    }
    char name[4] = {line.data[0], line.data[1], line.data[2], 0};
    enum hl7_segment_kind kind = kind_of(name, z_segments);
    return kind == HL7_OTHER ? HL7_OK : keep_segment(line, kind, message);
}

enum hl7_problem hl7_parse(const char *data, size_t size, const char *z_segment, struct hl7_message *message) {
    message->count = 0;
    message->habits = (struct hl7_habits){0};
    message->decode = NULL;
    message->decode_context = NULL;
    enum hl7_problem problem = hl7_read_header((const uint8_t *)data, size, &message->header);
    if (problem != HL7_OK) {
        return problem;
    }
    const struct hl7_header *header = &message->header;
    struct hl7_lines lines;
    struct text line;
    hl7_lines_begin(&lines, data + header->offset, size - header->offset, header->delimiters.field);
    while (problem == HL7_OK && hl7_lines_next(&lines, &line)) {
        problem = add_line(line, z_segment, message);
    }
    if (problem == HL7_OK && has_message_inside(data, size, header)) {
        problem = HL7_GLUED;
    }
    message->habits.line_feeds = lines.has_line_feeds;
    message->habits.no_final_return = data[size - 1] != '\r' && data[size - 1] != '\n';
    message->habits.few_delimiters = header->encoding_characters == 3;
    return problem;
}

const struct hl7_segment *hl7_find(const struct hl7_message *message, enum hl7_segment_kind kind, size_t from) {
    for (size_t i = from; i < message->count; i++) {
        if (message->segments[i].kind == kind) {
            return &message->segments[i];
        }
    }
    return NULL;
}

/* --- Fields ----------------------------------------------------------------------------------------------------------
 */

/* The n-th piece from 0; empty when there are not as many. */
static struct text piece(struct text text, char delimiter, unsigned n) {
    for (unsigned i = 0; i < n && text.data != NULL; i++) {
        hl7_cut(&text, delimiter);
    }
    return hl7_cut(&text, delimiter);
}

struct text hl7_field(const struct hl7_message *message, const struct hl7_segment *segment, unsigned field) {
    if (segment == NULL || field == 0) {
        return (struct text){NULL, 0};
    }
    if (segment->kind != HL7_MSH) {
        return piece(segment->text, message->header.delimiters.field, field);
    }
    return field == 1 ? (struct text){segment->text.data + 3, 1}
                      : piece(segment->text, message->header.delimiters.field, field - 1);
}

struct text hl7_repetition(const struct hl7_message *message, struct text field, unsigned repetition, bool *has_more) {
    for (unsigned i = 0; i < repetition && field.data != NULL; i++) {
        hl7_cut(&field, message->header.delimiters.repetition);
    }
    struct text found = hl7_cut(&field, message->header.delimiters.repetition);
    if (has_more != NULL) {
        *has_more = field.data != NULL;
    }
    return found;
}

bool hl7_next_repetition(const struct hl7_message *message, struct text *rest, struct text *repetition) {
    if (rest->data == NULL) {
        return false;
    }
    *repetition = hl7_cut(rest, message->header.delimiters.repetition);
    return true;
}

struct text hl7_component(const struct hl7_message *message, struct text repetition, unsigned component) {
    return component == 0 ? (struct text){NULL, 0}
                          : piece(repetition, message->header.delimiters.component, component - 1);
}

struct text hl7_subcomponent(const struct hl7_message *message, struct text component, unsigned subcomponent) {
    return subcomponent == 0 ? (struct text){NULL, 0}
                             : piece(component, message->header.delimiters.subcomponent, subcomponent - 1);
}

bool hl7_is_null(struct text text) {
    text = hl7_trim(text);
    return text.size == 2 && memcmp(text.data, "\"\"", 2) == 0;
}
