#include "ctl/notices_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/utf8.h"
#include "ctl/ctl.h"

enum { DATE, KIND, HOLIDAY, NOTICE, PUBLISHED, FIELDS };

/* Cuts a line into its fields; false: too few or too many. */
static bool cut(char *line, char *fields[FIELDS]) {
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line += strcspn(line, "\t");
        if ((*line == '\0') != (i == FIELDS - 1)) {
            return false;
        }
        if (*line != '\0') {
            *line++ = '\0';
        }
    }
    return true;
}

static bool read_day(const char *text, uint32_t *day) {
    int32_t read;
    if (!civil_date_parse(text, &read) || read <= 0) {
        return false;
    }
    *day = (uint32_t)read;
    return true;
}

/* The year that a notice's name begins with. */
static bool read_year(const char *name, uint32_t *year) {
    if (strspn(name, "0123456789") != 4) {
        return false;
    }
    *year = (uint32_t)strtoul(name, NULL, 10);
    return true;
}

static Common__V1__LoadNotice *find(const struct notices_file *file, const char *name) {
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->notices[i]->notice, name) == 0) {
            return file->notices[i];
        }
    }
    return NULL;
}

static void *take(struct arena *arena, size_t size) {
    void *taken = arena_zalloc(arena, size);
    CHECK(taken != NULL); /* the bounds of the file bound it */
    return taken;
}

/* NULL when there are too many. */
static Common__V1__LoadNotice *add_notice(struct notices_file *file, char *name, uint32_t year, uint32_t published,
                                             struct arena *arena) {
    if (file->count == NOTICES_FILE_NOTICES_MAX) {
        return NULL;
    }
    Common__V1__LoadNotice *notice = take(arena, sizeof *notice);
    common__v1__load_notice__init(notice);
    notice->notice = name;
    notice->published_day = published;
    notice->n_years = 1;
    notice->years = take(arena, sizeof *notice->years);
    notice->years[0] = year;
    notice->days = take(arena, NOTICES_FILE_DAYS_MAX * sizeof(Common__V1__NoticeDay *));
    file->notices[file->count++] = notice;
    return notice;
}

/* NULL when the line is good, else what is wrong with it. */
static const char *take_line(struct notices_file *file, char *line, struct arena *arena) {
    char *fields[FIELDS];
    uint32_t day, published, year;
    if (!utf8_is_valid(line, strlen(line))) {
        return "is not UTF-8";
    }
    if (!cut(line, fields)) {
        return "needs DATE<tab>off|work<tab>HOLIDAY<tab>NOTICE<tab>PUBLISHED";
    }
    if (strcmp(fields[DATE], "date") == 0 && strcmp(fields[KIND], "kind") == 0) {
        return NULL; /* the header */
    }
    if (!read_day(fields[DATE], &day) || !read_day(fields[PUBLISHED], &published)) {
        return "has no date of the form 2020-01-31 where one belongs";
    }
    const bool is_off = strcmp(fields[KIND], "off") == 0;
    if (!is_off && strcmp(fields[KIND], "work") != 0) {
        return "says neither off nor work";
    }
    if (!read_year(fields[NOTICE], &year)) {
        return "names a notice that does not begin with its year, as 2020-A does";
    }
    Common__V1__LoadNotice *notice = find(file, fields[NOTICE]);
    notice = notice != NULL ? notice : add_notice(file, fields[NOTICE], year, published, arena);
    if (notice == NULL || notice->n_days == NOTICES_FILE_DAYS_MAX) {
        return notice == NULL ? "is of more than 1000 notices" : "is of a notice with more than 400 days";
    }
    if (notice->published_day != published) {
        return "has another day of publication than the notice's lines before it";
    }
    Common__V1__NoticeDay *named = take(arena, sizeof *named);
    common__v1__notice_day__init(named);
    named->day = day;
    named->off = is_off;
    named->name = fields[HOLIDAY];
    notice->days[notice->n_days++] = named;
    return NULL;
}

static int compare_notices(const void *a, const void *b) {
    const Common__V1__LoadNotice *x = *(Common__V1__LoadNotice *const *)a,
                                    *y = *(Common__V1__LoadNotice *const *)b;
    if (x->published_day != y->published_day) {
        return x->published_day < y->published_day ? -1 : 1;
    }
    return strcmp(x->notice, y->notice);
}

enum status notices_file_read(char *text, const char *path, struct arena *arena, struct notices_file *file) {
    size_t number = 0;
    file->count = 0;
    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        number++;
        line[strcspn(line, "\r")] = '\0';
        const char *wrong = *line == '#' || *line == '\0' ? NULL : take_line(file, line, arena);
        if (wrong != NULL) {
            ctl_error(0, "%s:%zu: the line %s", path, number, wrong);
            return STATUS_MALFORMED;
        }
    }
    qsort(file->notices, file->count, sizeof file->notices[0], compare_notices);
    return STATUS_OK;
}
