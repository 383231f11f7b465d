#include <string.h>

#include "base/utf8.h"
#include "hl7-gateway/hl7_lines.h"

/* Escape sequences (HL7 v2.x 2.7), decoded after splitting. Nothing decoded is longer than what it is decoded from. */

struct decoder {
    const struct hl7_message *message;
    const char *at;
    const char *limit;
    char *to;
};

/* The text between two escape characters, when both stand at `at` and later; data NULL otherwise. */
static struct text sequence_at(const struct decoder *decoder, const char *at) {
    char escape = decoder->message->header.delimiters.escape;
    if (at >= decoder->limit || *at != escape) {
        return (struct text){NULL, 0};
    }
    const char *end = memchr(at + 1, escape, (size_t)(decoder->limit - at - 1));
    return end == NULL ? (struct text){NULL, 0} : (struct text){at + 1, (size_t)(end - at - 1)};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hex_sequence(struct text sequence) {
    if (sequence.size < 3 || sequence.size % 2 == 0 || sequence.data[0] != 'X') {
        return false;
    }
    for (size_t i = 1; i < sequence.size; i++) {
        if (hex_digit(sequence.data[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool append_bytes(struct decoder *decoder, const uint8_t *bytes, size_t size) {
    const struct hl7_message *message = decoder->message;
    size_t written = size;
    if (message->decode != NULL) {
        if (!message->decode(message->decode_context, bytes, size, decoder->to, &written)) {
            return false;
        }
    } else if (utf8_is_valid((const char *)bytes, size)) {
        memcpy(decoder->to, bytes, size);
    } else {
        return false;
    }
    for (size_t i = 0; i < written; i++) {
        unsigned char c = (unsigned char)decoder->to[i];
        decoder->to[i] = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    decoder->to += written;
    return true;
}

static void copy_until(struct decoder *decoder, const char *end) {
    size_t size = (size_t)(end - decoder->at);
    memcpy(decoder->to, decoder->at, size);
    decoder->to += size;
    decoder->at = end;
}

/* Sequences of \X that touch are one run of bytes: some senders write each byte of a character on its own. A run that
 * is no text stands as it is, all of it, so that nothing is looked at twice. False: no such sequence here, or too long
 * a one. */
#define RUN_BYTES 256

static bool decode_hex(struct decoder *decoder) {
    uint8_t bytes[RUN_BYTES];
    size_t size = 0;
    const char *at = decoder->at;
    for (struct text sequence; is_hex_sequence(sequence = sequence_at(decoder, at)); at += sequence.size + 2) {
        if (sequence.size / 2 > sizeof bytes - size) {
            break;
        }
        for (size_t i = 1; i < sequence.size; i += 2) {
            bytes[size++] = (uint8_t)(hex_digit(sequence.data[i]) * 16 + hex_digit(sequence.data[i + 1]));
        }
    }
    if (size > 0 && append_bytes(decoder, bytes, size)) {
        decoder->at = at;
    } else {
        copy_until(decoder, at);
    }
    return size > 0;
}

/* What one letter stands for; 0: nothing that is known. */
static char delimiter_of(const struct hl7_header *header, char letter) {
    switch (letter) {
    case 'F':
        return header->delimiters.field;
    case 'S':
        return header->delimiters.component;
    case 'R':
        return header->delimiters.repetition;
    case 'E':
        return header->delimiters.escape;
    case 'T':
        return header->delimiters.subcomponent;
    case 'P':
        return header->encoding.size == 5 ? header->encoding.data[4] : '#';
    default:
        return 0;
    }
}

/* Formatting commands (2.7.6): .br, .sp3 and the like. */
static bool is_formatting(struct text sequence) {
    static const char commands[][4] = {".br", ".sp", ".fi", ".nf", ".in", ".ti", ".sk", ".ce"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (sequence.size >= 3 && memcmp(sequence.data, commands[i], 3) == 0) {
            return true;
        }
    }
    return false;
}

static char decoded_character(const struct hl7_header *header, struct text sequence) {
    if (sequence.size == 1) {
        return delimiter_of(header, sequence.data[0]);
    }
    return is_formatting(sequence) ? ' ' : 0;
}

/* At an escape character. One that begins no known sequence is copied with all up to the one that ends it. */
static void decode_one(struct decoder *decoder) {
    struct text sequence = sequence_at(decoder, decoder->at);
    if (sequence.data == NULL) {
        copy_until(decoder, decoder->limit);
        return;
    }
    char c = decoded_character(&decoder->message->header, sequence);
    if (c != 0) {
        *decoder->to++ = c;
        decoder->at += sequence.size + 2;
    } else if (!decode_hex(decoder)) {
        copy_until(decoder, sequence.data + sequence.size + 1);
    }
}

static struct text decode(const struct hl7_message *message, struct text text, char *to) {
    struct decoder decoder = {message, text.data, text.data + text.size, to};
    while (decoder.at < decoder.limit) {
        const char *next = memchr(decoder.at, message->header.delimiters.escape, (size_t)(decoder.limit - decoder.at));
        copy_until(&decoder, next == NULL ? decoder.limit : next);
        if (next != NULL) {
            decode_one(&decoder);
        }
    }
    return (struct text){to, (size_t)(decoder.to - to)};
}

static bool has_escapes(const struct hl7_message *message, struct text text) {
    char escape = message->header.delimiters.escape;
    return escape != 0 && memchr(text.data, escape, text.size) != NULL;
}

const char *hl7_value(const struct hl7_message *message, struct text text, struct arena *arena) {
    text = hl7_trim(text);
    if (text.size == 0 || hl7_is_null(text)) {
        return "";
    }
    char *value = arena_alloc(arena, text.size + 1);
    if (value == NULL) {
        return NULL;
    }
    if (has_escapes(message, text)) {
        text = hl7_trim(decode(message, text, value));
    }
    memmove(value, text.data, text.size);
    value[text.size] = 0;
    return value;
}

const char *hl7_get(const struct hl7_message *message, const struct hl7_segment *segment, unsigned field,
                    unsigned component, struct arena *arena) {
    struct text text = hl7_repetition(message, hl7_field(message, segment, field), 0, NULL);
    text = hl7_subcomponent(message, hl7_component(message, text, component), 1);
    return hl7_value(message, text, arena);
}
