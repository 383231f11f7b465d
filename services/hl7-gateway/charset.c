#include "hl7-gateway/charset.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/*
 * GB18030 by a table of its two-byte characters, which is asked from iconv once, so that the two always agree; the rare
 * rest (four bytes, and the few of two bytes above U+FFFF) goes to iconv one by one.
 */
#define LEAD_FIRST 0x81
#define LEAD_COUNT 126 /* up to 0xFE */
#define TRAIL_FIRST 0x40
#define TRAIL_COUNT 191 /* up to 0xFE */
#define NO_CHARACTER 0
#define ASK_ICONV 1 /* no character of two bytes is U+0001 */

struct charset_converter {
    iconv_t iconv;
    uint16_t two_bytes[LEAD_COUNT * TRAIL_COUNT];
};

/* --- One character ---------------------------------------------------------------------------------------------------
 */

/* One character of `size` bytes to at most 4 of UTF-8; returns how many, 0 when it is none. */
static size_t ask_iconv(struct charset_converter *converter, const uint8_t *bytes, size_t size, char to[4]) {
    char in_copy[4];
    char out_copy[8];
    memcpy(in_copy, bytes, size);
    char *in = in_copy;
    char *out = out_copy;
    size_t in_left = size;
    size_t out_left = sizeof out_copy;
    iconv(converter->iconv, NULL, NULL, NULL, NULL); /* whatever an earlier failure left behind */
    if (iconv(converter->iconv, &in, &in_left, &out, &out_left) != 0 || in_left != 0) {
        return 0;
    }
    size_t written = sizeof out_copy - out_left;
    if (written > 4 || utf8_character_size(out_copy, written) != written) {
        return 0; /* not exactly one character, which a pair of two single ones would be */
    }
    memcpy(to, out_copy, written);
    return written;
}

static uint16_t table_entry(struct charset_converter *converter, uint8_t lead, uint8_t trail) {
    uint8_t bytes[2] = {lead, trail};
    char utf8[4];
    switch (ask_iconv(converter, bytes, 2, utf8)) {
    case 2:
        return (uint16_t)((utf8[0] & 0x1f) << 6 | (utf8[1] & 0x3f));
    case 3:
        return (uint16_t)((utf8[0] & 0x0f) << 12 | (utf8[1] & 0x3f) << 6 | (utf8[2] & 0x3f));
    case 4:
        return ASK_ICONV;
    default:
        return NO_CHARACTER;
    }
}

struct charset_converter *charset_converter_new(void) {
    struct charset_converter *converter = malloc(sizeof *converter);
    if (converter == NULL) {
        return NULL;
    }
    converter->iconv = iconv_open("UTF-8", "GB18030");
    if (converter->iconv == (iconv_t)-1) {
        free(converter);
        return NULL;
    }
    for (unsigned i = 0; i < LEAD_COUNT * TRAIL_COUNT; i++) {
        converter->two_bytes[i] =
            table_entry(converter, (uint8_t)(LEAD_FIRST + i / TRAIL_COUNT), (uint8_t)(TRAIL_FIRST + i % TRAIL_COUNT));
    }
    return converter;
}

void charset_converter_destroy(struct charset_converter **converter) {
    if (*converter != NULL) {
        iconv_close((*converter)->iconv);
        free(*converter);
        *converter = NULL;
    }
}

/* --- Texts -----------------------------------------------------------------------------------------------------------
 */

/* How many bytes from the beginning are ASCII other than NUL. */
static size_t plain_size(const uint8_t *data, size_t size) {
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        if (((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (at < size && data[at] != 0 && data[at] < 0x80) {
        at++;
    }
    return at;
}

static size_t put_utf8(uint16_t code_point, char *to) {
    if (code_point < 0x800) {
        to[0] = (char)(0xc0 | code_point >> 6);
        to[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | code_point >> 12);
    to[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
    to[2] = (char)(0x80 | (code_point & 0x3f));
    return 3;
}

struct converted {
    size_t taken, written; /* taken 0: no character */
};

/* The character at `at`, which is not plain. */
static struct converted convert_character(struct charset_converter *converter, const uint8_t *at, size_t left,
                                          char *to) {
    struct converted none = {0, 0};
    if (left < 2 || at[0] < LEAD_FIRST || at[0] == 0xff) {
        return none;
    }
    if (at[1] >= '0' && at[1] <= '9') {
        size_t written = left < 4 ? 0 : ask_iconv(converter, at, 4, to);
        return written == 0 ? none : (struct converted){4, written};
    }
    if (at[1] < TRAIL_FIRST || at[1] == 0xff) {
        return none;
    }
    uint16_t entry = converter->two_bytes[(at[0] - LEAD_FIRST) * TRAIL_COUNT + at[1] - TRAIL_FIRST];
    if (entry == NO_CHARACTER) {
        return none;
    }
    size_t written = entry == ASK_ICONV ? ask_iconv(converter, at, 2, to) : put_utf8(entry, to);
    return written == 0 ? none : (struct converted){2, written};
}

/* to has room for size * 2: six characters of two bytes take four in UTF-8, the others at most three. */
static bool convert_text(struct charset_converter *converter, const uint8_t *data, size_t size, char *to,
                         size_t *written) {
    char *out = to;
    for (size_t at = 0; at < size;) {
        size_t plain = plain_size(data + at, size - at);
        memcpy(out, data + at, plain);
        at += plain;
        out += plain;
        while (at < size && data[at] >= 0x80) {
            struct converted step = convert_character(converter, data + at, size - at, out);
            if (step.taken == 0) {
                return false;
            }
            at += step.taken;
            out += step.written;
        }
        if (at < size && data[at] == 0) {
            return false;
        }
    }
    *written = (size_t)(out - to);
    return true;
}

/* --- Messages --------------------------------------------------------------------------------------------------------
 */

static bool convert_message(struct charset_converter *converter, struct text in, struct arena *arena, struct text *out,
                            struct charset_result *result) {
    char *to = arena_alloc(arena, in.size * 2);
    if (to == NULL) {
        result->is_out_of_memory = true;
        return false;
    }
    *out = (struct text){to, 0};
    return convert_text(converter, (const uint8_t *)in.data, in.size, to, &out->size);
}

static bool is_utf8(struct text in, struct text *out) {
    *out = in;
    return utf8_is_valid(in.data, in.size);
}

/* Neither plain nor unsupported. */
static bool convert_declared(struct charset_converter *converter, enum charset declared, struct text in,
                             struct arena *arena, struct text *out, struct charset_result *result) {
    result->used = declared == CHARSET_GB18030 ? CHARSET_GB18030 : CHARSET_UTF8;
    bool fits = declared == CHARSET_GB18030 ? convert_message(converter, in, arena, out, result) : is_utf8(in, out);
    if (!fits && !result->is_out_of_memory) {
        result->used = declared == CHARSET_GB18030 ? CHARSET_UTF8 : CHARSET_GB18030;
        result->is_mismatch = declared != CHARSET_DETECT;
        fits = declared == CHARSET_GB18030 ? is_utf8(in, out) : convert_message(converter, in, arena, out, result);
    }
    result->escapes = result->used;
    return fits;
}

bool charset_convert(struct charset_converter *converter, enum charset declared, const uint8_t *data, size_t size,
                     struct arena *arena, struct text *text, struct charset_result *result) {
    struct text in = {(const char *)data, size};
    *result = (struct charset_result){.used = CHARSET_UTF8};
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        in = (struct text){in.data + 3, in.size - 3};
        declared = CHARSET_UTF8;
    }
    result->is_ascii = plain_size((const uint8_t *)in.data, in.size) == in.size;
    if (declared == CHARSET_UNSUPPORTED && (!result->is_ascii || memchr(in.data, 0x1b, in.size) != NULL)) {
        return false;
    }
    if (result->is_ascii) {
        *text = in;
        result->escapes = declared == CHARSET_UNSUPPORTED ? CHARSET_DETECT : declared;
        return true;
    }
    return convert_declared(converter, declared, in, arena, text, result);
}

/* --- Escapes ---------------------------------------------------------------------------------------------------------
 */

static bool decode_gb18030(void *context, const uint8_t *bytes, size_t size, char *to, size_t *written) {
    return convert_text(context, bytes, size, to, written);
}

static bool decode_utf8_or_gb18030(void *context, const uint8_t *bytes, size_t size, char *to, size_t *written) {
    if (!utf8_is_valid((const char *)bytes, size)) {
        return convert_text(context, bytes, size, to, written);
    }
    memcpy(to, bytes, size);
    *written = size;
    return true;
}

void charset_attach(struct charset_converter *converter, const struct charset_result *result,
                    struct hl7_message *message) {
    message->decode_context = converter;
    switch (result->escapes) {
    case CHARSET_GB18030:
        message->decode = decode_gb18030;
        return;
    case CHARSET_DETECT:
        message->decode = decode_utf8_or_gb18030;
        return;
    case CHARSET_UTF8:
    case CHARSET_UNSUPPORTED:
        message->decode = NULL;
        return;
    }
}
