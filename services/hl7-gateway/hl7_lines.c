#include "hl7-gateway/hl7_lines.h"

#include <string.h>

static const char *find(const char *from, const char *limit, char byte) {
    const char *at = memchr(from, byte, (size_t)(limit - from));
    return at == NULL ? limit : at;
}

void hl7_lines_begin(struct hl7_lines *lines, const char *data, size_t size, char field) {
    *lines = (struct hl7_lines){.at = data, .limit = data + size, .field = field};
    lines->next_return = find(data, lines->limit, '\r');
    lines->next_line_feed = find(data, lines->limit, '\n');
}

static bool is_name_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_line_end(char c) {
    return c == '\r' || c == '\n';
}

bool hl7_is_punctuation(char c) {
    return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7f);
}

bool hl7_is_named(struct text line, const char *name) {
    return line.size >= 3 && memcmp(line.data, name, 3) == 0 && (line.size == 3 || hl7_is_punctuation(line.data[3]));
}

/* Whether a line may begin here: a name and its separator, an empty line, the end. */
static bool may_begin(const struct hl7_lines *lines, const char *at) {
    size_t left = (size_t)(lines->limit - at);
    if (left == 0 || is_line_end(*at)) {
        return true;
    }
    if (left < 3 || !is_name_character(at[0]) || !is_name_character(at[1]) || !is_name_character(at[2])) {
        return false;
    }
    return left == 3 || at[3] == lines->field || is_line_end(at[3]) ||
           hl7_is_named((struct text){at, left}, "MSH"); /* glued on, with delimiters of its own */
}

static const char *line_end(struct hl7_lines *lines) {
    if (lines->next_return < lines->at) {
        lines->next_return = find(lines->at, lines->limit, '\r');
    }
    if (lines->next_line_feed < lines->at) {
        lines->next_line_feed = find(lines->at, lines->limit, '\n');
    }
    while (lines->next_line_feed < lines->next_return && !may_begin(lines, lines->next_line_feed + 1)) {
        lines->next_line_feed = find(lines->next_line_feed + 1, lines->limit, '\n');
    }
    return lines->next_line_feed < lines->next_return ? lines->next_line_feed : lines->next_return;
}

static void skip_line_ends(struct hl7_lines *lines) {
    while (lines->at < lines->limit && is_line_end(*lines->at)) {
        lines->has_line_feeds |= *lines->at == '\n';
        lines->at++;
    }
}

bool hl7_lines_next(struct hl7_lines *lines, struct text *line) {
    skip_line_ends(lines);
    if (lines->at == lines->limit) {
        return false;
    }
    const char *end = line_end(lines);
    *line = (struct text){lines->at, (size_t)(end - lines->at)};
    lines->at = end;
    return true;
}

struct text hl7_cut(struct text *rest, char delimiter) {
    struct text piece = *rest;
    const char *at = rest->size == 0 || delimiter == 0 ? NULL : memchr(rest->data, delimiter, rest->size);
    if (at == NULL) {
        *rest = (struct text){NULL, 0};
        return piece;
    }
    piece.size = (size_t)(at - piece.data);
    *rest = (struct text){at + 1, rest->size - piece.size - 1};
    return piece;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

struct text hl7_trim(struct text text) {
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}
