#include "aggregator/report_printed.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define COLUMNS 4

static const char *const head[COLUMNS] = {"id", "title_zh", "title_en", "printed"};

/* The first fields of a line, NULs in place of their tabs. False: there are fewer. */
static bool cut_fields(char *line, char *fields[COLUMNS]) {
    for (size_t i = 0; i < COLUMNS; i++) {
        if (line == NULL) {
            return false;
        }
        fields[i] = line;
        line = strchr(line, '\t');
        if (line != NULL) {
            *line++ = '\0';
        }
    }
    return true;
}

static bool is_head(char *const fields[COLUMNS]) {
    for (size_t i = 0; i < COLUMNS; i++) {
        if (strcmp(fields[i], head[i]) != 0) {
            return false;
        }
    }
    return true;
}

static const struct report_printed_line *find(const struct report_printed *printed, const char *id) {
    for (size_t i = 0; i < printed->count; i++) {
        if (strcmp(printed->lines[i].id, id) == 0) {
            return &printed->lines[i];
        }
    }
    return NULL;
}

/* NULL, or what is wrong. */
static const char *read_line(char *line, bool *has_head, struct report_printed *printed) {
    char *fields[COLUMNS];
    if (!utf8_is_valid(line, strlen(line))) {
        return "it is not UTF-8";
    }
    if (!cut_fields(line, fields)) {
        return "it has fewer than four fields";
    }
    if (!*has_head) {
        *has_head = is_head(fields);
        return *has_head ? NULL : "the first line does not name id, title_zh, title_en, printed";
    }
    if (fields[0][0] == '\0' || fields[3][0] == '\0') {
        return "its id or its figure is empty";
    }
    if (find(printed, fields[0]) != NULL) {
        return "its id is there twice";
    }
    if (printed->count == REPORT_PRINTED_LINES_MAX) {
        return "it is one line too many";
    }
    printed->lines[printed->count++] = (struct report_printed_line){fields[0], fields[1], fields[2], fields[3]};
    return NULL;
}

enum status report_printed_read(char *text, struct arena *arena, struct report_printed *printed) {
    *printed = (struct report_printed){.lines = arena_alloc(arena, REPORT_PRINTED_LINES_MAX * sizeof *printed->lines)};
    if (printed->lines == NULL) {
        return STATUS_MEMORY;
    }
    bool has_head = false;
    for (char *line = text; line != NULL && printed->wrong == NULL;) {
        char *next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        size_t length = strlen(line);
        if (length > 0 && line[length - 1] == '\r') {
            line[length - 1] = '\0';
        }
        printed->wrong_line++;
        if (line[0] != '\0' && line[0] != '#') {
            printed->wrong = read_line(line, &has_head, printed);
        }
        line = next;
    }
    if (printed->wrong == NULL && printed->count == 0) {
        printed->wrong = "there is no figure in the file";
    }
    return printed->wrong == NULL ? STATUS_OK : STATUS_MALFORMED;
}
