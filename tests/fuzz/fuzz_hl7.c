/* A message of any bytes, as the gateway reads it: header, charset, segments, and everything in them fetched. */

#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "hl7-gateway/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 60, REPETITIONS = 12, COMPONENTS = 12, SUBCOMPONENTS = 5 };

static void check_inside(struct text text, struct text whole) {
    CHECK(text.size == 0 || (text.data >= whole.data && text.data + text.size <= whole.data + whole.size));
}

/* The pieces with their delimiters between them are the whole again. */
static size_t joined(size_t sum, struct text piece, struct text whole, char delimiter) {
    if (piece.data != NULL) {
        check_inside(piece, whole);
        CHECK(sum == 0 || piece.data[-1] == delimiter);
        sum = (size_t)(piece.data - whole.data) + piece.size;
        CHECK(piece.size == 0 || memchr(piece.data, delimiter, piece.size) == NULL || delimiter == 0);
    }
    return sum;
}

static void check_value(const struct hl7_message *message, struct text text, struct arena *arena) {
    const char *value = hl7_value(message, text, arena);
    int64_t ms;
    if (value == NULL) {
        return;
    }
    size_t size = strlen(value);
    CHECK(size <= text.size);
    CHECK(utf8_is_valid(value, size) || !utf8_is_valid(text.data, text.size));
    CHECK(!hl7_is_null(text) || size == 0);
    hl7_time(value, &ms);
}

static void check_repetition(const struct hl7_message *message, struct text repetition, struct arena *arena) {
    size_t sum = 0;
    for (unsigned c = 1; c <= COMPONENTS; c++) {
        struct text component = hl7_component(message, repetition, c);
        sum = joined(sum, component, repetition, message->header.delimiters.component);
        size_t subsum = 0;
        for (unsigned s = 1; s <= SUBCOMPONENTS; s++) {
            struct text subcomponent = hl7_subcomponent(message, component, s);
            subsum = joined(subsum, subcomponent, component, message->header.delimiters.subcomponent);
            check_value(message, subcomponent, arena);
        }
        check_value(message, component, arena);
    }
}

static void check_field(const struct hl7_message *message, struct text field, struct arena *arena) {
    struct text rest = field, repetition;
    bool has_more = field.data != NULL;
    for (unsigned r = 0; r < REPETITIONS && hl7_next_repetition(message, &rest, &repetition); r++) {
        CHECK(has_more);
        struct text same = hl7_repetition(message, field, r, &has_more);
        CHECK(same.data == repetition.data && same.size == repetition.size);
        CHECK(has_more == (rest.data != NULL));
        check_inside(repetition, field);
        check_repetition(message, repetition, arena);
    }
}

static void check_segment(const struct hl7_message *message, const struct hl7_segment *segment, struct arena *arena) {
    size_t sum = 0;
    for (unsigned f = segment->kind == HL7_MSH ? 2 : 1; f <= FIELDS; f++) {
        struct text field = hl7_field(message, segment, f);
        sum = joined(sum, field, segment->text, message->header.delimiters.field);
        check_field(message, field, arena);
    }
    for (unsigned f = 0; f < 3; f++) {
        CHECK(hl7_get(message, segment, f, 1, arena) != NULL || arena->used_bytes > 0);
    }
}

static void check_header(const struct hl7_header *h, struct text whole) {
    const struct text texts[] = {h->encoding,
                                 h->sending_application,
                                 h->sending_facility,
                                 h->receiving_application,
                                 h->receiving_facility,
                                 h->time,
                                 h->message_code,
                                 h->trigger,
                                 h->structure,
                                 h->control_id,
                                 h->processing_id,
                                 h->version,
                                 h->accept_ack,
                                 h->application_ack,
                                 h->country,
                                 h->charset,
                                 h->charset_field};
    CHECK(h->offset + h->size <= whole.size && whole.data[h->offset + 1] == 'S');
    const struct text segment = {whole.data + h->offset, h->size};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_inside(texts[i], segment);
        CHECK(texts[i].size == 0 || memchr(texts[i].data, '\r', texts[i].size) == NULL);
    }
    CHECK(h->encoding_characters >= 3 && h->encoding_characters <= 5);
}

static void read_message(struct charset_converter *converter, struct text raw, enum charset declared,
                         struct arena *arena) {
    struct charset_result result;
    struct text text;
    static struct hl7_message message;
    if (!charset_convert(converter, declared, (const uint8_t *)raw.data, raw.size, arena, &text, &result)) {
        return;
    }
    CHECK(utf8_is_valid(text.data, text.size));
    if (hl7_parse(text.data, text.size, "ZCD ZRC", &message) != HL7_OK) {
        return;
    }
    charset_attach(converter, &result, &message);
    check_header(&message.header, text);
    CHECK(message.count >= 1 && message.count <= HL7_SEGMENTS_MAX && message.segments[0].kind == HL7_MSH);
    for (size_t i = 0; i < message.count; i++) {
        check_inside(message.segments[i].text, text);
        CHECK(memcmp(message.segments[i].text.data, message.segments[i].name, 3) == 0);
        check_segment(&message, &message.segments[i], arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct charset_converter *converter;
    if (converter == NULL) {
        converter = charset_converter_new();
        CHECK(converter != NULL);
    }
    struct arena arena;
    struct hl7_header header;
    struct text raw = {(const char *)data, size};
    arena_init(&arena, 1 << 20);
    if (hl7_read_header(data, size, &header) == HL7_OK) {
        check_header(&header, raw);
        read_message(converter, raw, charset_of_header(&header), &arena);
    }
    arena_release(&arena);
    return 0;
}
