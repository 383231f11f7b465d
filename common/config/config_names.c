#include "config/config_names.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static char styled(enum name_style style, char c) {
    if (isalnum((unsigned char)c)) {
        return style == NAME_VARIABLE ? (char)toupper((unsigned char)c) : c;
    }
    if (c == '*') {
        return c;
    }
    return style == NAME_VARIABLE ? '_' : '-';
}

void name_of_path(enum name_style style, const char *path, char name[NAME_BYTES_MAX]) {
    size_t size = 0;
    const char *prefix = style == NAME_VARIABLE ? "LC" : "-";
    while (*prefix != 0) {
        name[size++] = *prefix++;
    }
    for (; *path != 0 && size < NAME_BYTES_MAX - 1; path++) {
        name[size++] = styled(style, *path);
    }
    name[size] = 0;
}

/* Walks both, name by name. */
static bool match(const char *pattern, const char *path, const char **pattern_rest) {
    while (*path != 0) {
        if (*pattern == '*') {
            pattern++;
            while (*path != 0 && *path != '/') {
                path++;
            }
        } else if (*pattern == *path) {
            pattern++;
            path++;
        } else {
            return false;
        }
    }
    *pattern_rest = pattern;
    return true;
}

bool name_path_matches(const char *pattern, const char *path) {
    const char *rest;
    return match(pattern, path, &rest) && *rest == 0;
}

bool name_path_is_above(const char *pattern, const char *path) {
    const char *rest;
    return match(pattern, path, &rest) && *rest == '/';
}

bool name_matches_star(enum name_style style, const char *pattern, const char *name, size_t *child_at,
                       size_t *child_size) {
    char wanted[NAME_BYTES_MAX];
    name_of_path(style, pattern, wanted);
    const char *star = strchr(wanted, '*');
    if (star == NULL) {
        return false;
    }
    size_t before = (size_t)(star - wanted);
    size_t behind = strlen(star + 1);
    size_t size = strlen(name);
    if (size <= before + behind || memcmp(name, wanted, before) != 0 || strcmp(name + size - behind, star + 1) != 0) {
        return false;
    }
    *child_at = before;
    *child_size = size - before - behind;
    return true;
}

const char *name_child_in_path(const char *pattern, const char *path, size_t *size) {
    const char *star = strchr(pattern, '*');
    *size = 0;
    for (const char *at = pattern; star != NULL && at < star; at++) {
        if (*at == '/') {
            path = strchr(path, '/');
            if (path == NULL) {
                return "";
            }
            path++;
        }
    }
    *size = star == NULL ? 0 : strcspn(path, "/");
    return path;
}

bool name_fill_star(const char *pattern, const char *child, size_t child_size, char path[NAME_BYTES_MAX]) {
    const char *star = strchr(pattern, '*');
    if (star != NULL && child_size == 0) {
        return false;
    }
    int size = star == NULL ? snprintf(path, NAME_BYTES_MAX, "%s", pattern)
                            : snprintf(path, NAME_BYTES_MAX, "%.*s%.*s%s", (int)(star - pattern), pattern,
                                       (int)child_size, child, star + 1);
    return size > 0 && size < NAME_BYTES_MAX;
}

static size_t least(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t name_distance(const char *a, const char *b) {
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > NAME_BYTES_MAX || b_size > NAME_BYTES_MAX) {
        return SIZE_MAX;
    }
    size_t row[NAME_BYTES_MAX + 1]; /* distances of a's first i characters to b's first j */
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_size];
}
