#include "ctl/agencies.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "codes/region.h"
#include "ctl/keytab.h"
#include "ctl/table_file.h"

#define FIELDS 5

/* Cuts the line at its tabs; missing fields are empty. False: there are more. */
static bool split(char *line, char *fields[FIELDS]) {
    size_t count = 0;
    for (char *at = line; at != NULL; at = strchr(at, '\t')) {
        if (count > 0) {
            *at++ = '\0';
        }
        if (count == FIELDS) {
            return false;
        }
        fields[count++] = at;
    }
    for (; count < FIELDS; count++) {
        fields[count] = line + strlen(line);
    }
    return true;
}

static bool parse_region(const char *text, uint32_t *region) {
    *region = strlen(text) == 6 && strspn(text, "0123456789") == 6 ? (uint32_t)strtoul(text, NULL, 10) : 0;
    const struct region *row = region_find(*region);
    return row != NULL && row->is_current;
}

/* NULL when the line is good, else what is wrong with it. The line is cut into its fields. */
static const char *parse_line(char *line, struct agency_row *row) {
    char *fields[FIELDS];
    if (!split(line, fields)) {
        return "needs CODE<tab>NAME<tab>REGION<tab>CREDIT CODE[<tab>window]";
    }
    if (!keytab_is_code(fields[0])) {
        return "the code must be 1 to 32 of a-z, 0-9 and -";
    }
    if (!*fields[1] || strlen(fields[1]) >= AGENCY_NAME_BYTES || !utf8_is_valid(fields[1], strlen(fields[1]))) {
        return "the name must be UTF-8 of 1 to 95 bytes";
    }
    if (!parse_region(fields[2], &row->region)) {
        return "the region must be a current code of the city or one of its counties (GB/T 2260)";
    }
    if (credit_code_normalise(fields[3], row->credit_code) == CREDIT_CODE_INVALID) {
        return "the credit code fails its check (GB 32100)";
    }
    if (*fields[4] && strcmp(fields[4], "window") != 0) {
        return "the fifth field is window, for a service hall, or nothing";
    }
    row->is_window = *fields[4] != '\0';
    snprintf(row->code, sizeof row->code, "%s", fields[0]);
    snprintf(row->name, sizeof row->name, "%s", fields[1]);
    return NULL;
}

static bool is_known(const struct agencies *agencies, const char *code) {
    for (size_t i = 0; i < agencies->count; i++) {
        if (strcmp(agencies->rows[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

static const char *add_line(char *line, void *user) {
    struct agencies *agencies = user;
    struct agency_row row;
    const char *wrong = parse_line(line, &row);
    if (wrong) {
        return wrong;
    }
    if (is_known(agencies, row.code)) {
        return "this code stands above already";
    }
    if (agencies->count >= AGENCIES_MAX) {
        return "more than 4096 agencies";
    }
    agencies->rows[agencies->count++] = row;
    return NULL;
}

enum status agencies_read(const char *path, struct agencies *agencies) {
    agencies->rows = calloc(AGENCIES_MAX, sizeof *agencies->rows);
    CHECK(agencies->rows);
    return table_file_read(path, add_line, agencies);
}

void agencies_release(struct agencies *agencies) {
    free(agencies->rows);
    *agencies = (struct agencies){0};
}

void agencies_commands(const struct agencies *agencies, int64_t now_ms, struct buffer *out) {
    for (size_t i = 0; i < agencies->count; i++) {
        const struct agency_row *row = &agencies->rows[i];
        json_t *line = json_pack("{s:I, s:{s:s, s:s, s:I, s:s, s:b}}", "occurred_at_ms", (json_int_t)now_ms, "register_agency", "agency",
                                 row->code, "name", row->name, "region", (json_int_t)row->region, "credit_code", row->credit_code,
                                 "window", (int)row->is_window);
        char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        CHECK(text);
        buffer_printf(out, "%s\n", text);
        free(text);
        json_decref(line);
    }
}
