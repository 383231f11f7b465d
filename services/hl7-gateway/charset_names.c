#include <string.h>

#include "hl7-gateway/charset.h"

/* The names that senders write into MSH-18 (HL7 table 0211, and what their systems call the same thing). */

#define NAME_BYTES 24

/* Upper case, without blanks, - _ and /. What is longer is no name that we know. */
static bool simplify(struct text name, char simple[NAME_BYTES]) {
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == ' ' || c == '\t' || c == '-' || c == '_' || c == '/') {
            continue;
        }
        if (size == NAME_BYTES - 1) {
            return false;
        }
        simple[size++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    simple[size] = 0;
    return size > 0;
}

struct known_name {
    const char *name;
    bool is_prefix;
    enum charset charset;
};

/* The first one that fits counts. */
static const struct known_name known_names[] = {
    {"UNICODEUTF16", true, CHARSET_UNSUPPORTED},
    {"UNICODEUTF32", true, CHARSET_UNSUPPORTED},
    {"UTF16", true, CHARSET_UNSUPPORTED},
    {"UTF32", true, CHARSET_UNSUPPORTED},
    {"UCS", true, CHARSET_UNSUPPORTED},
    {"UNICODEUTF8", false, CHARSET_UTF8},
    {"UNICODE", false, CHARSET_UTF8},
    {"UTF8", false, CHARSET_UTF8},
    {"GB18030", true, CHARSET_GB18030},
    {"GBK", false, CHARSET_GB18030},
    {"GB2312", true, CHARSET_GB18030},
    {"CP936", false, CHARSET_GB18030},
    {"MS936", false, CHARSET_GB18030},
    {"WINDOWS936", false, CHARSET_GB18030},
    {"EUCCN", false, CHARSET_GB18030},
    {"8859", true, CHARSET_DETECT},
    {"ISO8859", true, CHARSET_DETECT},
    {"ASCII", false, CHARSET_DETECT},
    {"USASCII", false, CHARSET_DETECT},
    {"ISOIR6", false, CHARSET_DETECT}, /* ASCII by its registration */
    {"ISOIR", true, CHARSET_UNSUPPORTED},
    {"ISO2022", true, CHARSET_UNSUPPORTED},
    {"BIG5", true, CHARSET_UNSUPPORTED},
    {"KSX1001", true, CHARSET_UNSUPPORTED},
    {"CNS11643", true, CHARSET_UNSUPPORTED},
};

static const struct known_name *find(struct text name) {
    char simple[NAME_BYTES];
    if (!simplify(name, simple)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++) {
        const struct known_name *known = &known_names[i];
        if (strncmp(simple, known->name, known->is_prefix ? strlen(known->name) : NAME_BYTES) == 0) {
            return known;
        }
    }
    return NULL;
}

enum charset charset_from_name(struct text name) {
    const struct known_name *known = find(name);
    return known == NULL ? CHARSET_DETECT : known->charset;
}

bool charset_is_name(struct text name) {
    return find(name) != NULL;
}

/* The first repetition counts; a later one is there for the code switching of ISO 2022, which any text may then use. */
static enum charset of_repetitions(struct text first, struct text rest, char repetition) {
    enum charset declared = charset_from_name(first);
    while (rest.size > 0) {
        const char *end = memchr(rest.data, repetition, rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        if (charset_from_name((struct text){rest.data, size}) == CHARSET_UNSUPPORTED) {
            return CHARSET_UNSUPPORTED;
        }
        size += end != NULL;
        rest = (struct text){rest.data + size, rest.size - size};
    }
    return declared;
}

enum charset charset_of_header(const struct hl7_header *header) {
    enum charset declared = of_repetitions(header->charset, header->charset_field, header->delimiters.repetition);
    return declared == CHARSET_DETECT ? charset_from_name(header->country) : declared;
}
