#include "ctl/facilities.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ctl/keytab.h"
#include "ctl/table_file.h"


static bool parse_region(const char *text, uint32_t *region) {
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    *region = (uint32_t)number;
    return strlen(text) == 6 && strspn(text, "0123456789") == 6 && *end == '\0';
}

/* NULL when the line is good, else what is wrong with it. The line is cut into its fields. */
static const char *parse_line(char *line, struct facility_row *row) {
    char *name = strchr(line, '\t');
    char *region = name ? strchr(name + 1, '\t') : NULL;
    if (!region) {
        return "needs CODE<tab>NAME<tab>REGION";
    }
    *name++ = '\0';
    *region++ = '\0';
    if (!keytab_is_code(line)) {
        return "the code must be 1 to 32 of a-z, 0-9 and -";
    }
    if (!*name || strlen(name) >= FACILITY_NAME_BYTES || !utf8_is_valid(name, strlen(name))) {
        return "the name must be UTF-8 of 1 to 96 bytes";
    }
    if (!parse_region(region, &row->region)) {
        return "the region must be the six digits of a county (GB/T 2260)";
    }
    snprintf(row->code, sizeof row->code, "%s", line);
    snprintf(row->name, sizeof row->name, "%s", name);
    return NULL;
}

static bool is_known(const struct facilities *facilities, const char *code) {
    for (size_t i = 0; i < facilities->count; i++) {
        if (strcmp(facilities->rows[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static const char *add_line(char *line, void *user) {
    struct facilities *facilities = user;
    struct facility_row row;
    const char *wrong = parse_line(line, &row);
    if (wrong) {
        return wrong;
    }
    if (is_known(facilities, row.code)) {
        return "this code stands above already";
    }
    if (facilities->count >= FACILITIES_MAX) {
        return "more than 4096 facilities";
    }
    facilities->rows[facilities->count++] = row;
    return NULL;
}

enum status facilities_read(const char *path, struct facilities *facilities) {
    facilities->rows = calloc(FACILITIES_MAX, sizeof *facilities->rows);
    CHECK(facilities->rows);
    return table_file_read(path, add_line, facilities);
}

void facilities_release(struct facilities *facilities) {
    free(facilities->rows);
    *facilities = (struct facilities){0};
}

void facilities_commands(const struct facilities *facilities, int64_t now_ms, struct buffer *out) {
    for (size_t i = 0; i < facilities->count; i++) {
        const struct facility_row *row = &facilities->rows[i];
        json_t *line = json_pack("{s:I, s:{s:s, s:s, s:I}}", "occurred_at_ms", (json_int_t)now_ms, "register_facility",
                                 "facility", row->code, "name", row->name, "region", (json_int_t)row->region);
        char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        CHECK(text);
        buffer_printf(out, "%s\n", text);
        free(text);
        json_decref(line);
    }
}
