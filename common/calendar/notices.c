#include "calendar/notices.h"

#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"

/* --- tables --- */

static uint64_t name_hash(const char *name) {
    return hash_bytes(name, strlen(name));
}
static uint64_t notice_hash(const void *row) {
    return name_hash(((const struct notice *)row)->name);
}
static bool notice_equal(const void *row, const void *key) {
    return strcmp(((const struct notice *)row)->name, key) == 0;
}
static uint64_t line_hash(const void *row) {
    return hash_mix64((uint64_t)((const struct notice_line *)row)->day);
}
static bool line_equal(const void *row, const void *key) {
    return ((const struct notice_line *)row)->day == *(const int32_t *)key;
}

void notices_init(struct notices *notices, struct state *state) {
    table_init(&notices->rows, "notices", sizeof(struct notice), NOTICES_MAX);
    table_init(&notices->lines, "notice_lines", sizeof(struct notice_line), NOTICE_LINES_MAX);
    table_init(&notices->days, "calendar_days", sizeof(struct calendar_day), CALENDAR_DAYS);
    index_init(&notices->by_name, "notice_by_name", &notices->rows, notice_hash, notice_equal);
    index_init(&notices->line_by_day, "line_by_day", &notices->lines, line_hash, line_equal);
    state_register_table(state, &notices->rows);
    state_register_table(state, &notices->lines);
    state_register_table(state, &notices->days);
    state_register_index(state, &notices->by_name);
    state_register_index(state, &notices->line_by_day);
}

uint32_t notices_find(const struct notices *notices, const char *name) {
    return index_find(&notices->by_name, name_hash(name), name);
}

uint32_t notices_find_line(const struct notices *notices, int32_t day) {
    return index_find(&notices->line_by_day, hash_mix64((uint64_t)day), &day);
}

struct calendar notices_calendar(const struct notices *notices) {
    static struct calendar_day nothing[CALENDAR_DAYS]; /* never written */
    return (struct calendar){.days = notices->days.count == 0 ? nothing : table_row(&notices->days, 1)};
}

/* --- what was known when --- */

static bool held(const struct notice *notice, uint64_t seq) {
    return notice->seq < seq && (notice->withdrawn_seq == 0 || notice->withdrawn_seq >= seq);
}

uint32_t notice_line_as_known(const struct notices *notices, int32_t day, uint64_t seq) {
    uint32_t best = 0;
    int32_t best_published = INT32_MIN;
    for (uint32_t row = notices_find_line(notices, day); row != 0; row = notices_line(notices, row)->older) {
        const struct notice *notice = notices_row(notices, notices_line(notices, row)->notice);
        if (held(notice, seq) && (best == 0 || notice->published_day > best_published)) { /* newest loaded first */
            best = row;
            best_published = notice->published_day;
        }
    }
    return best;
}

bool notice_year_as_known(const struct notices *notices, int32_t year, uint64_t seq) {
    for (uint32_t row = 1; row <= notices->rows.count; row++) {
        const struct notice *notice = notices_row(notices, row);
        for (unsigned i = 0; i < NOTICE_YEARS_MAX && held(notice, seq); i++) {
            if (notice->years[i] == year) {
                return true;
            }
        }
    }
    return false;
}

/* --- what is said --- */

static bool is_day(uint32_t day) {
    return day <= (uint32_t)INT32_MAX && (int32_t)day >= civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1) &&
           (int32_t)day < civil_day_from_date(CALENDAR_LAST_YEAR + 1, 1, 1);
}

static enum notice_verdict check_name(const char *name) {
    if (name[0] == 0) {
        return NOTICE_MISSING;
    }
    for (const char *c = name; *c != 0; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            return NOTICE_MALFORMED;
        }
    }
    return strlen(name) < sizeof((struct notice *)NULL)->name ? NOTICE_NEW : NOTICE_TOO_LONG;
}

static enum notice_verdict check_years(const Common__V1__LoadNotice *said) {
    if (said->n_years > NOTICE_YEARS_MAX) {
        return NOTICE_TOO_MANY;
    }
    for (size_t i = 0; i < said->n_years; i++) {
        if (said->years[i] < CALENDAR_FIRST_YEAR || said->years[i] > CALENDAR_LAST_YEAR) {
            return NOTICE_MALFORMED;
        }
    }
    return said->n_years == 0 && said->n_days == 0 ? NOTICE_MISSING : NOTICE_NEW; /* it would say nothing */
}

static enum notice_verdict check_days(const Common__V1__LoadNotice *said) {
    for (size_t i = 0; i < said->n_days; i++) {
        if (!is_day(said->days[i]->day)) {
            return NOTICE_MALFORMED;
        }
        if (strlen(said->days[i]->name) >= sizeof((struct notice_line *)NULL)->name) {
            return NOTICE_TOO_LONG;
        }
    }
    return NOTICE_NEW;
}

static enum notice_verdict check_form(const Common__V1__LoadNotice *said, const char **field) {
    *field = "notice";
    enum notice_verdict verdict = check_name(said->notice);
    if (verdict == NOTICE_NEW) {
        *field = "published_day";
        verdict = said->published_day == 0      ? NOTICE_MISSING
                  : is_day(said->published_day) ? NOTICE_NEW
                                                : NOTICE_MALFORMED;
    }
    if (verdict == NOTICE_NEW) {
        *field = "years";
        verdict = check_years(said);
    }
    if (verdict == NOTICE_NEW) {
        *field = "days";
        verdict = said->n_days > NOTICE_DAYS_MAX ? NOTICE_TOO_MANY : check_days(said);
    }
    return verdict;
}

/* Lines by day, so that the order in which they came does not matter. NULL: a day is named twice. */
static struct notice_body *make_body(const Common__V1__LoadNotice *said, struct arena *arena, size_t *size) {
    *size = sizeof(struct notice_body) + said->n_days * sizeof(struct notice_body_line);
    struct notice_body *body = arena_zalloc(arena, *size);
    CHECK(body != NULL);
    struct notice_body_line *lines = (struct notice_body_line *)(body + 1);
    memcpy(body->name, said->notice, strlen(said->notice));
    body->published_day = (int32_t)said->published_day;
    body->line_count = (uint32_t)said->n_days;
    for (size_t i = 0; i < said->n_years; i++) {
        body->years[i] = (uint16_t)said->years[i];
    }
    for (size_t i = 0; i < said->n_days; i++) {
        const int32_t day = (int32_t)said->days[i]->day;
        size_t place = i;
        for (; place > 0 && lines[place - 1].day > day; place--) {
            lines[place] = lines[place - 1];
        }
        if (place > 0 && lines[place - 1].day == day) {
            return NULL;
        }
        lines[place] = (struct notice_body_line){.day = day, .is_off = said->days[i]->off != 0};
        memcpy(lines[place].name, said->days[i]->name, strlen(said->days[i]->name));
    }
    return body;
}

static bool is_same(const struct notices *notices, const struct notice *known, const struct notice_body *body) {
    const struct notice_body_line *lines = (const struct notice_body_line *)(body + 1);
    bool is_same = known->published_day == body->published_day && known->line_count == body->line_count &&
                   memcmp(known->years, body->years, sizeof known->years) == 0;
    for (uint32_t i = 0; is_same && i < body->line_count; i++) {
        const struct notice_line *line = notices_line(notices, known->first_line + i);
        is_same =
            line->day == lines[i].day && line->is_off == lines[i].is_off && strcmp(line->name, lines[i].name) == 0;
    }
    return is_same;
}

enum notice_verdict notices_check(const struct notices *notices, const Common__V1__LoadNotice *said, struct arena *arena,
                                  struct notice_body **body, size_t *size, const char **field) {
    const enum notice_verdict verdict = check_form(said, field);
    if (verdict != NOTICE_NEW) {
        return verdict;
    }
    *body = make_body(said, arena, size);
    if (*body == NULL) {
        return NOTICE_MALFORMED;
    }
    const uint32_t row = notices_find(notices, said->notice);
    const struct notice *known = notices_row(notices, row);
    *field = "notice";
    if (row != 0) {
        return known->withdrawn_seq == 0 && is_same(notices, known, *body) ? NOTICE_SAME : NOTICE_OTHER;
    }
    return table_is_full(&notices->rows) || notices->lines.rows_max - notices->lines.count < (*body)->line_count
               ? NOTICE_FULL
               : NOTICE_NEW;
}

/* --- what it becomes --- */

/* The rows of all its days, made by the first notice. */
static struct calendar calendar_of(struct notices *notices) {
    while (notices->days.count < CALENDAR_DAYS) {
        table_add(&notices->days, NULL);
    }
    return notices_calendar(notices);
}

/* Of a day within the calendar: as the notices that hold now say. Ordinary days of known years: name_year. */
static void name_day(const struct notices *notices, struct calendar *calendar, int32_t day) {
    struct calendar_day *row = &calendar->days[day - civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1)];
    const uint32_t line = notice_line_as_known(notices, day, NOTICES_NOW);
    row->kind = CALENDAR_UNKNOWN;
    row->notice = 0;
    if (line != 0) {
        const struct notice_line *holds = notices_line(notices, line);
        calendar_name_day(calendar, &(struct calendar_line){.day = day, .is_off = holds->is_off != 0}, holds->notice);
    }
}

static void name_year(const struct notices *notices, struct calendar *calendar, int32_t year) {
    if (notice_year_as_known(notices, year, NOTICES_NOW)) {
        calendar_load_year(calendar, year);
    }
}

/* The whole year from the notices that hold. Returns its first day. */
static int32_t rename_year(const struct notices *notices, struct calendar *calendar, int32_t year) {
    const int32_t first = civil_day_from_date(year, 1, 1), end = civil_day_from_date(year + 1, 1, 1);
    for (int32_t day = first; day < end; day++) {
        name_day(notices, calendar, day);
    }
    name_year(notices, calendar, year);
    return first;
}

/* All days that a notice speaks of, from the notices that hold. */
static void recompute(struct notices *notices, uint32_t row) {
    struct calendar calendar = calendar_of(notices);
    const struct notice *notice = notices_row(notices, row);
    int32_t first = INT32_MAX;
    for (unsigned i = 0; i < NOTICE_YEARS_MAX; i++) {
        if (notice->years[i] != 0) {
            const int32_t day = rename_year(notices, &calendar, notice->years[i]);
            first = day < first ? day : first;
        }
    }
    for (uint32_t i = 0; i < notice->line_count; i++) { /* those of the years are right already */
        const int32_t day = notices_line(notices, notice->first_line + i)->day;
        name_day(notices, &calendar, day);
        name_year(notices, &calendar, civil_date_from_day(day).year);
        first = day < first ? day : first;
    }
    calendar_count_from(&calendar, first);
}

static void add_line(struct notices *notices, const struct notice_body_line *line, uint32_t notice) {
    uint32_t number;
    const uint32_t older = notices_find_line(notices, line->day);
    struct notice_line *row = table_add(&notices->lines, &number);
    row->day = line->day;
    row->older = older;
    row->notice = (uint16_t)notice;
    row->is_off = line->is_off;
    memcpy(row->name, line->name, sizeof row->name);
    index_add(&notices->line_by_day, number);
}

uint32_t notices_load(struct notices *notices, uint64_t seq, const uint8_t *bytes, size_t size) {
    struct notice_body body;
    uint32_t number;
    CHECK(size >= sizeof body);
    memcpy(&body, bytes, sizeof body);
    CHECK(size == sizeof body + (size_t)body.line_count * sizeof(struct notice_body_line));
    struct notice *notice = table_add(&notices->rows, &number);
    notice->seq = seq;
    notice->published_day = body.published_day;
    notice->first_line = notices->lines.count + 1;
    notice->line_count = body.line_count;
    memcpy(notice->years, body.years, sizeof notice->years);
    memcpy(notice->name, body.name, sizeof notice->name);
    index_add(&notices->by_name, number);
    for (uint32_t i = 0; i < body.line_count; i++) {
        struct notice_body_line line;
        memcpy(&line, bytes + sizeof body + i * sizeof line, sizeof line);
        add_line(notices, &line, number);
    }
    recompute(notices, number);
    return number;
}

uint64_t notices_last_seq(const struct notices *notices) {
    uint64_t seq = 0;
    for (uint32_t row = 1; row <= notices->rows.count; row++) {
        const struct notice *notice = notices_row(notices, row);
        const uint64_t changed = notice->withdrawn_seq > notice->seq ? notice->withdrawn_seq : notice->seq;
        seq = changed > seq ? changed : seq;
    }
    return seq;
}

void notices_withdraw(struct notices *notices, uint32_t row, uint64_t seq) {
    notices_row(notices, row)->withdrawn_seq = seq;
    recompute(notices, row);
}
