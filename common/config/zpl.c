#include "config/zpl.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

#define INDENT 4

struct parser {
    struct arena *arena;
    struct zpl *zpl;
    uint64_t *path_hashes; /* one for each entry */
    struct zpl_problem *problem;
    unsigned line;
    char path[ZPL_PATH_BYTES_MAX];       /* of the last entry */
    size_t path_size[ZPL_DEPTH_MAX + 1]; /* of its first n names; [0] is 0 */
    size_t depth;                        /* names in path */
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *parser, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parser->problem->text, sizeof parser->problem->text, format, arguments);
    va_end(arguments);
    parser->problem->line = parser->line;
    return false;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool zpl_is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("_-.@+", c) != NULL);
}

/* What is at most a comment from here on. */
static bool is_rest_empty(const char *at, const char *end) {
    while (at < end && is_blank(*at)) {
        at++;
    }
    return at == end || *at == '#';
}

static bool take_indent(struct parser *parser, const char **at, const char *end, size_t *level) {
    const char *start = *at;
    while (*at < end && **at == ' ') {
        (*at)++;
    }
    if (*at < end && **at == '\t') {
        return fail(parser, "a tab in the indent; indent with four spaces");
    }
    size_t spaces = (size_t)(*at - start);
    if (spaces % INDENT != 0) {
        return fail(parser, "the indent is %zu spaces; it must be a multiple of four", spaces);
    }
    *level = spaces / INDENT;
    if (*level > parser->depth) {
        return fail(parser, "indented deeper than the section above it");
    }
    if (*level >= ZPL_DEPTH_MAX) {
        return fail(parser, "nested deeper than %d sections", ZPL_DEPTH_MAX);
    }
    return true;
}

static bool take_name(struct parser *parser, const char **at, const char *end, size_t level) {
    const char *start = *at;
    while (*at < end && zpl_is_name_character(**at)) {
        (*at)++;
    }
    size_t size = (size_t)(*at - start);
    if (size == 0 || (*at < end && !is_blank(**at) && **at != '=' && **at != '#')) {
        return fail(parser, "not a name: names are made of letters, digits and _ - . @ +");
    }
    size_t before = parser->path_size[level];
    if (before + 1 + size >= sizeof parser->path) {
        return fail(parser, "the names together are longer than %d characters", ZPL_PATH_BYTES_MAX - 1);
    }
    parser->path[before] = '/';
    memcpy(parser->path + before + 1, start, size);
    parser->path[before + 1 + size] = 0;
    parser->depth = level + 1;
    parser->path_size[parser->depth] = before + 1 + size;
    return true;
}

static const char *copy(struct parser *parser, const char *start, const char *end) {
    char *text = arena_alloc(parser->arena, (size_t)(end - start) + 1);
    if (text == NULL) {
        fail(parser, "no memory");
        return NULL;
    }
    memcpy(text, start, (size_t)(end - start));
    text[end - start] = 0;
    return text;
}

static bool take_quoted(struct parser *parser, const char *at, const char *end, const char **value) {
    const char *closing = memchr(at + 1, *at, (size_t)(end - at - 1));
    if (closing == NULL) {
        return fail(parser, "the quote is not closed");
    }
    if (!is_rest_empty(closing + 1, end)) {
        return fail(parser, "something stands behind the closing quote");
    }
    *value = copy(parser, at + 1, closing);
    return *value != NULL;
}

static bool take_value(struct parser *parser, const char *at, const char *end, const char **value) {
    while (at < end && is_blank(*at)) {
        at++;
    }
    if (at < end && (*at == '"' || *at == '\'')) {
        return take_quoted(parser, at, end, value);
    }
    const char *comment = memchr(at, '#', (size_t)(end - at));
    end = comment == NULL ? end : comment;
    while (end > at && is_blank(end[-1])) {
        end--;
    }
    *value = copy(parser, at, end);
    return *value != NULL;
}

static bool add_entry(struct parser *parser, const char *value) {
    struct zpl *zpl = parser->zpl;
    uint64_t hash = hash_bytes(parser->path, strlen(parser->path));
    for (size_t i = 0; i < zpl->count; i++) {
        if (parser->path_hashes[i] == hash && strcmp(zpl->entries[i].path, parser->path) == 0) {
            return fail(parser, "%s is there twice; the first is on line %u", parser->path, zpl->entries[i].line);
        }
    }
    const char *path = copy(parser, parser->path, parser->path + strlen(parser->path));
    if (path == NULL) {
        return false;
    }
    parser->path_hashes[zpl->count] = hash;
    zpl->entries[zpl->count++] = (struct zpl_entry){.path = path, .value = value, .line = parser->line};
    return true;
}

static bool check_characters(struct parser *parser, const char *start, const char *end) {
    if (!utf8_is_valid(start, (size_t)(end - start))) {
        return fail(parser, "not valid UTF-8");
    }
    for (const char *at = start; at < end; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F) {
            return fail(parser, "a control character");
        }
    }
    return true;
}

static bool parse_line(struct parser *parser, const char *at, const char *end) {
    if (end > at && end[-1] == '\r') {
        end--;
    }
    if (!check_characters(parser, at, end)) {
        return false;
    }
    if (is_rest_empty(at, end)) {
        return true;
    }
    if (parser->zpl->count == ZPL_ENTRIES_MAX) {
        return fail(parser, "more than %d entries", ZPL_ENTRIES_MAX);
    }
    size_t level = 0;
    const char *value = NULL;
    if (!take_indent(parser, &at, end, &level) || !take_name(parser, &at, end, level)) {
        return false;
    }
    while (at < end && is_blank(*at)) {
        at++;
    }
    if (at < end && *at == '=') {
        if (!take_value(parser, at + 1, end, &value)) {
            return false;
        }
    } else if (!is_rest_empty(at, end)) {
        return fail(parser, "there is no = between %s and its value", parser->path);
    }
    return add_entry(parser, value);
}

static size_t count_lines(const char *text, size_t size) {
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    return lines < ZPL_ENTRIES_MAX ? lines : ZPL_ENTRIES_MAX;
}

bool zpl_parse(const char *text, size_t size, struct arena *arena, struct zpl *zpl, struct zpl_problem *problem) {
    size_t lines = count_lines(text, size);
    struct parser parser = {.arena = arena, .zpl = zpl, .problem = problem};
    *zpl = (struct zpl){.entries = arena_alloc(arena, lines * sizeof *zpl->entries)};
    parser.path_hashes = arena_alloc(arena, lines * sizeof *parser.path_hashes);
    if (zpl->entries == NULL || parser.path_hashes == NULL) {
        return fail(&parser, "no memory");
    }
    const char *end = text + size;
    const char *at = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline == NULL ? end : newline;
        parser.line++;
        if (!parse_line(&parser, at, line_end)) {
            return false;
        }
        at = newline == NULL ? end : newline + 1;
    }
    return true;
}
