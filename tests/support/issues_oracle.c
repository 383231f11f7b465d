#include "support/issues_oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/civil.h"

#define CITY 411000u
#define DIFFERENCES_MAX 10
#define PLACES_MAX 32
#define CODE_BYTES 33 /* of a cell, with the final NUL */

/* What an event says of one day; in the order in which the views have them. */
enum column {
    REGISTERED,
    DUPLICATES,
    INVALID,
    RESOLVED,
    CONFIRMED,
    UNCONFIRMED,
    SIGNED_OFF,
    TRANSFERRED,
    CANCELLED,
    LONG_TERM, /* stock */
    OPEN,      /* stock */
    DISPATCHED_LATE,
    OPEN_OVERDUE, /* stock; from here on also of a unit */
    ON_TIME,
    LATE,
    DISSATISFIED,
    EXTENSIONS,
    DISPUTES,
    RAISED,
    PARTS_LATE,
    SLIPS,
    SLIPS_1,
    SLIPS_2,
    SLIPS_3,
    SLIPS_4,
    LAPSED,
    ISSUE_COLUMNS,
    WORKDAYS = ISSUE_COLUMNS, /* one for each resolved issue; amount: its days */
    AGE,
    ABOUT,
    ABOUT_OPEN,
    RULES_POSITIVE,
    RULES_NEGATIVE,
    CITED,
    CIRCULAR,
    /* Of the ledger: kind is the field; the day is one of the year. */
    TASKS,
    TASKS_SIGNED,
    TASKS_ON_TIME,
    TASKS_CANCELLED,
    TASKS_DEFERRED,
    TASKS_CARRIED,
    KEY_ITEMS,
    YELLOW,
    ORANGE,
    RED,
    MILESTONES,
    MILESTONES_CLOSED,
    INDICATORS,
    INDICATORS_MET,
    REPORTS,
    REOPENED,
    OBJECTIONS,
    LEDGER_END,
    PROGRESS = LEDGER_END,
    PROVINCIAL,
    MAPPED,
    BASELINE,
    TARGET,
    MEASURED,
    TOTAL,
    /* Of clues: kind is the kind. */
    FOUND,
    CLUES_TRANSFERRED,
    RECEIVED,
    FILED,
    NOT_FILED,
    SUGGESTIONS,
    REPLIED_ON_TIME,
    REPLIED_LATE,
    RECTIFIED,
    CLUES_SIGNED_OFF,
    RECEIPTS_LATE,
    CLUES_OPEN, /* stock */
    CLUES_END,
    COLUMN_COUNT = CLUES_END,
};
#define LEDGER_FIRST TASKS
#define CLUES_FIRST FOUND

struct note {
    enum column column;
    uint32_t region;
    int kind;
    int32_t day;
    char code[CODE_BYTES]; /* of a unit or a subject */
    int64_t amount;
};

struct unit {
    char code[CODE_BYTES];
    uint32_t region;
};

struct issues_oracle {
    struct note *notes;
    size_t count, capacity;
    struct unit units[PLACES_MAX];
    size_t unit_count;
    size_t rows;
};

struct issues_oracle *issues_oracle_new(void) {
    struct issues_oracle *oracle = calloc(1, sizeof *oracle);
    CHECK(oracle != NULL);
    return oracle;
}

void issues_oracle_destroy(struct issues_oracle **oracle) {
    free((*oracle)->notes);
    free(*oracle);
    *oracle = NULL;
}

size_t issues_oracle_rows(const struct issues_oracle *oracle) {
    return oracle->rows;
}

/* --- Taking ------------------------------------------------------------------------------------------------------- */

/* As much of it as 32 bytes hold; characters here are of one byte or of three. */
static void keep_code(char code[CODE_BYTES], const char *text) {
    size_t size = 0;
    while (text[size] != '\0') {
        const size_t character = (unsigned char)text[size] < 0x80 ? 1 : 3;
        if (size + character > CODE_BYTES - 1) {
            break;
        }
        size += character;
    }
    memcpy(code, text, size);
    code[size] = '\0';
}

static void note(struct issues_oracle *oracle, enum column column, int64_t amount, uint32_t region, const char *code,
                 uint32_t day, int kind) {
    if (amount == 0) {
        return;
    }
    if (oracle->count == oracle->capacity) {
        oracle->capacity = oracle->capacity == 0 ? 4096 : 2 * oracle->capacity;
        oracle->notes = realloc(oracle->notes, oracle->capacity * sizeof *oracle->notes);
        CHECK(oracle->notes != NULL);
    }
    struct note *made = &oracle->notes[oracle->count++];
    *made = (struct note){.column = column, .region = region, .kind = kind, .day = (int32_t)day, .amount = amount};
    keep_code(made->code, code);
}

static bool issue_is_open(int state) {
    return (state >= 1 && state <= 7) || state == 10; /* registered to confirmed; long term */
}

static void take_issue(struct issues_oracle *oracle, const Issues__V1__IssueMoved *moved) {
    static const struct {
        int step;
        enum column column;
        bool of_cohort;
    } steps[] = {
        {1, REGISTERED, true},   {3, DUPLICATES, true}, {4, INVALID, true},        {6, DISPUTES, false},
        {10, EXTENSIONS, false}, {14, RESOLVED, true},  {13, DISSATISFIED, false}, {15, SIGNED_OFF, true},
        {19, TRANSFERRED, true}, {20, CANCELLED, true}, {115, RESOLVED, true},
    };
    const Issues__V1__IssueFacts *facts = moved->facts;
    const char *lead = facts->agency;
    const int open = issue_is_open((int)moved->after) - issue_is_open((int)moved->before), step = (int)moved->step;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].step == step) {
            note(oracle, steps[i].column, 1, facts->region, steps[i].of_cohort ? "" : lead,
                 steps[i].of_cohort ? facts->registered_day : moved->day, 0);
        }
    }
    if (step == 14 || step == 115) {
        note(oracle, moved->closing->confirmed ? CONFIRMED : UNCONFIRMED, 1, facts->region, "", facts->registered_day,
             0);
        note(oracle, moved->closing->on_time ? ON_TIME : LATE, 1, facts->region, lead, moved->day, 0);
        note(oracle, WORKDAYS, 1 + moved->closing->charged_days, facts->region, lead, moved->day, 0); /* 0 is no note */
    }
    note(oracle, OPEN, open, facts->region, "", moved->day, 0);
    note(oracle, AGE, open, facts->region, "", facts->registered_day, 0);
    note(oracle, LONG_TERM, (moved->after == 10) - (moved->before == 10), facts->region, "", moved->day, 0);
    note(oracle, OPEN_OVERDUE, moved->open_overdue, facts->region, lead, moved->day, 0);
    note(oracle, RAISED, moved->raised, facts->region, lead, moved->day, 0);
    note(oracle, DISPATCHED_LATE, step == 110, facts->region, "", moved->day, 0);
    note(oracle, PARTS_LATE, step == 112, facts->region, moved->unit, moved->day, 0);
    const char *subjects[] = {facts->item_code, facts->task_number};
    for (int i = 0; i < 2; i++) {
        if (subjects[i][0] != '\0') {
            note(oracle, ABOUT, step == 1, facts->region, subjects[i], moved->day, i);
            note(oracle, ABOUT_OPEN, open, facts->region, subjects[i], moved->day, i);
        }
    }
    for (size_t i = 0; i < moved->n_rules; i++) {
        note(oracle, CITED, 1, facts->region, moved->rules[i], moved->day, 0);
    }
}

static void take_lag(struct issues_oracle *oracle, const Issues__V1__TaskMoved *moved, int lag, int64_t amount,
                     uint32_t year) {
    if (lag >= 2) { /* yellow, orange, red */
        note(oracle, (enum column)(YELLOW + lag - 2), amount, moved->facts->region, moved->facts->agency, year,
             (int)moved->facts->field);
    }
}

static void take_task(struct issues_oracle *oracle, const Issues__V1__TaskMoved *moved) {
    const Issues__V1__TaskFacts *facts = moved->facts;
    const uint32_t year = (uint32_t)civil_day_from_date((int32_t)facts->year, 1, 1);
    const int step = (int)moved->step, deferred = (moved->after == 6) - (moved->before == 6);
    const struct {
        enum column column;
        int64_t amount;
    } of_year[] = {
        {TASKS, step == 2},
        {KEY_ITEMS, step == 2 && facts->key},
        {TASKS_SIGNED, (step == 11) - (step == 17)},
        {TASKS_ON_TIME, moved->on_time ? (step == 11) - (step == 17) : 0},
        {TASKS_CANCELLED, step == 15},
        {TASKS_DEFERRED, deferred},
        {TASKS_CARRIED, step == 16},
        {PROGRESS, moved->progress_permille},
        {MILESTONES, moved->milestones},
        {MILESTONES_CLOSED, moved->milestones_closed},
        {INDICATORS, moved->indicators},
        {INDICATORS_MET, moved->indicators_met},
    };
    for (size_t i = 0; i < sizeof of_year / sizeof of_year[0]; i++) {
        note(oracle, of_year[i].column, of_year[i].amount, facts->region, facts->agency, year, (int)facts->field);
    }
    take_lag(oracle, moved, (int)moved->lag_before, -1, year);
    take_lag(oracle, moved, (int)moved->lag_after, 1, year);
    note(oracle, REPORTS, step == 4, facts->region, facts->agency, moved->day, (int)facts->field);
    note(oracle, OBJECTIONS, step == 9, facts->region, facts->agency, moved->day, (int)facts->field);
    note(oracle, REOPENED, step == 17, facts->region, facts->agency, moved->day, (int)facts->field);
    note(oracle, MAPPED, moved->provincial_mapped, CITY, "", year, 0);
    for (size_t i = 0; i < moved->n_changes; i++) {
        const Issues__V1__IndicatorChange *change = moved->changes[i];
        note(oracle, BASELINE, change->baseline, CITY, change->code, year, 0);
        note(oracle, TARGET, change->target, CITY, change->code, year, 0);
        note(oracle, MEASURED, change->measured, CITY, change->code, year, 0);
        note(oracle, TOTAL, change->total, CITY, change->code, year, 0);
    }
}

static bool clue_is_open(int state) {
    return state != 0 && state != 3 && state != 13 && state != 14; /* rectified, closed, signed off */
}

static void take_clue(struct issues_oracle *oracle, const Issues__V1__ClueMoved *moved) {
    const Issues__V1__ClueFacts *facts = moved->facts;
    const uint32_t found = facts->found_day, sent = facts->transferred_day;
    const struct {
        int step;
        enum column column;
        uint32_t day;
    } steps[] = {
        {1, FOUND, found},
        {3, RECTIFIED, found},
        {4, CLUES_TRANSFERRED, sent},
        {5, RECEIVED, sent},
        {7, FILED, sent},
        {8, NOT_FILED, sent},
        {12, SUGGESTIONS, sent},
        {13, moved->on_time ? REPLIED_ON_TIME : REPLIED_LATE, sent},
        {16, CLUES_SIGNED_OFF, found},
        {111, RECEIPTS_LATE, moved->day},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        note(oracle, steps[i].column, steps[i].step == (int)moved->step, facts->region, "", steps[i].day,
             (int)facts->kind);
    }
    note(oracle, CLUES_OPEN, clue_is_open((int)moved->after) - clue_is_open((int)moved->before), facts->region, "",
         moved->day, (int)facts->kind);
}

static void take_slip(struct issues_oracle *oracle, const Issues__V1__SlipChanged *slip) {
    const bool is_issued = slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED;
    note(oracle, SLIPS, is_issued, slip->region, slip->agency, slip->day, 0);
    note(oracle, (enum column)(SLIPS_1 + slip->level - 1), is_issued, slip->region, slip->agency, slip->day, 0);
    note(oracle, LAPSED, slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED, slip->region, slip->agency,
         slip->day, 0);
}

static void take_agency(struct issues_oracle *oracle, const Common__V1__AgencyRegistered *registered) {
    CHECK(oracle->unit_count < PLACES_MAX);
    struct unit *unit = &oracle->units[oracle->unit_count++];
    keep_code(unit->code, registered->agency);
    unit->region = registered->region;
}

void issues_oracle_take(struct issues_oracle *oracle, const Issues__V1__Event *event) {
    switch ((int)event->body_case) {
    case ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED:
        take_agency(oracle, event->agency_registered);
        break;
    case ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED:
        note(oracle, event->contact_rule_changed->negative ? RULES_NEGATIVE : RULES_POSITIVE,
             event->contact_rule_changed->in_force, CITY, "", event->contact_rule_changed->day, 0);
        break;
    case ISSUES__V1__EVENT__BODY_ISSUE_MOVED:
        take_issue(oracle, event->issue_moved);
        break;
    case ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED:
        note(oracle, PROVINCIAL, 1, CITY, "",
             (uint32_t)civil_day_from_date((int32_t)event->provincial_task_published->year, 1, 1), 0);
        break;
    case ISSUES__V1__EVENT__BODY_TASK_MOVED:
        take_task(oracle, event->task_moved);
        break;
    case ISSUES__V1__EVENT__BODY_CLUE_MOVED:
        take_clue(oracle, event->clue_moved);
        break;
    case ISSUES__V1__EVENT__BODY_SLIP_CHANGED:
        take_slip(oracle, event->slip_changed);
        break;
    case ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED:
        note(oracle, CIRCULAR, 1, CITY, "", event->circular_published->day, 0);
        break;
    default:
        break;
    }
}

/* --- Lines: a row as text, columns between bars, '-' for NULL ------------------------------------------------------
 */

struct lines {
    struct buffer text; /* each ends with NUL */
    size_t count;
};

static void end_line(struct lines *lines) {
    buffer_append(&lines->text, "", 1);
    lines->count++;
}

/* Four places, half up; NULL of nothing. */
static void put_share(struct lines *lines, int64_t numerator, int64_t denominator) {
    if (denominator == 0) {
        buffer_append_text(&lines->text, "|-");
        return;
    }
    CHECK(numerator >= 0 && denominator > 0);
    const int64_t places = (20000 * numerator + denominator) / (2 * denominator);
    buffer_printf(&lines->text, "|%" PRId64 ".%04" PRId64, places / 10000, places % 10000);
}

static void put_number(struct lines *lines, int64_t number) {
    buffer_printf(&lines->text, "|%" PRId64, number);
}

static int compare_lines(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char **sort_lines(const struct lines *lines) {
    const char **sorted = calloc(lines->count + 1, sizeof *sorted);
    CHECK(sorted != NULL);
    const char *line = (const char *)lines->text.data;
    for (size_t i = 0; i < lines->count; i++, line += strlen(line) + 1) {
        sorted[i] = line;
    }
    qsort(sorted, lines->count, sizeof *sorted, compare_lines);
    return sorted;
}

/* columns: their names or expressions, between bars. */
static bool lines_equal(struct issues_oracle *oracle, const struct postgres *postgres, const char *view,
                        const char *columns, struct lines *wanted) {
    struct buffer sql = {0};
    buffer_append_text(&sql, "SELECT concat_ws('|'");
    for (const char *column = columns; *column != '\0';) {
        const size_t size = strcspn(column, "|");
        buffer_printf(&sql, ", coalesce((%.*s)::text, '-')", (int)size, column);
        column += size + (column[size] == '|');
    }
    buffer_printf(&sql, ") COLLATE \"C\" AS line FROM %s ORDER BY line", view);
    buffer_append(&sql, "", 1);
    PGresult *rows = postgres_query(postgres, (const char *)sql.data);
    const char **sorted = sort_lines(wanted);
    const size_t found = (size_t)PQntuples(rows);
    size_t differences = 0, w = 0, f = 0;
    while (w < wanted->count || f < found) {
        const char *row = f < found ? PQgetvalue(rows, (int)f, 0) : NULL;
        const int order = w == wanted->count ? 1 : row == NULL ? -1 : strcmp(sorted[w], row);
        if (order != 0 && ++differences <= DIFFERENCES_MAX) {
            fprintf(stderr, "%s: %s %s\n", view, order < 0 ? "missing" : "too much", order < 0 ? sorted[w] : row);
        }
        w += order <= 0;
        f += order >= 0;
    }
    oracle->rows += found;
    PQclear(rows);
    free(sorted);
    buffer_release(&sql);
    buffer_release(&wanted->text);
    *wanted = (struct lines){0};
    return differences == 0;
}

/* --- Whose numbers a row shows -------------------------------------------------------------------------------------
 */

static const uint32_t regions[] = {CITY, 411002, 411003, 411024, 411025, 411071, 411081, 411082};

struct place {
    uint32_t region;  /* 0: the city */
    const char *unit; /* NULL: of a region, or the city */
    int kind;         /* 0: all */
};

static bool place_has(const struct place *place, const struct note *n) {
    if (place->kind != 0 && place->kind != n->kind) {
        return false;
    }
    return place->unit != NULL ? strcmp(place->unit, n->code) == 0 : place->region == 0 || place->region == n->region;
}

static bool is_stock(enum column column) {
    return column == OPEN || column == OPEN_OVERDUE || column == LONG_TERM || column == CLUES_OPEN;
}

/* Sums of the columns of a place from first to before end; of a stock all before end. True: something was noted there.
 */
static bool add_up(const struct issues_oracle *oracle, const struct place *place, int32_t first, int32_t end,
                   int64_t sums[COLUMN_COUNT]) {
    bool is_any = false;
    memset(sums, 0, COLUMN_COUNT * sizeof sums[0]);
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *n = &oracle->notes[i];
        if (n->day < end && (n->day >= first || is_stock(n->column)) && place_has(place, n)) {
            sums[n->column] += n->amount;
            is_any = is_any || n->day >= first;
        }
    }
    return is_any;
}

static int32_t newest_day(const struct issues_oracle *oracle) {
    int32_t newest = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        newest = oracle->notes[i].day > newest ? oracle->notes[i].day : newest;
    }
    return newest;
}

static int32_t oldest_day(const struct issues_oracle *oracle) {
    int32_t oldest = INT32_MAX;
    for (size_t i = 0; i < oracle->count; i++) {
        oldest = oracle->notes[i].day < oldest ? oracle->notes[i].day : oldest;
    }
    return oldest;
}

static void put_scope(struct lines *lines, const struct issues_oracle *oracle, const struct place *place) {
    uint32_t region = place->region == 0 ? CITY : place->region;
    for (size_t i = 0; place->unit != NULL && i < oracle->unit_count; i++) {
        region = strcmp(oracle->units[i].code, place->unit) == 0 ? oracle->units[i].region : region;
    }
    buffer_printf(&lines->text, "%s|%u",
                  place->unit != NULL     ? "unit"
                  : place->region == 0    ? "city"
                  : place->region == CITY ? "municipal"
                                          : "county",
                  region);
}

static void put_day(struct lines *lines, int32_t day) {
    char date[CIVIL_DATE_TEXT_BYTES];
    civil_date_format(day, date);
    buffer_printf(&lines->text, "|%s", date);
}

/* --- Issues --------------------------------------------------------------------------------------------------------
 */

/* Last day of the group that a number of days is in. */
static int64_t group_of(int64_t days) {
    static const int64_t lasts[] = {60, 65, 70, 75, 80, 85, 90, 95, 100};
    if (days <= 30) {
        return days;
    }
    if (days <= 60) {
        return days + days % 2;
    }
    for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++) {
        if (days <= lasts[i]) {
            return lasts[i];
        }
    }
    return days > 1000 ? 1001 : -1; /* -1: none that the test draws */
}

static int compare_days(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void put_percentiles(struct lines *lines, const struct issues_oracle *oracle, const struct place *place,
                            int32_t first, int32_t end) {
    int64_t *days = calloc(oracle->count + 1, sizeof *days);
    size_t count = 0;
    CHECK(days != NULL);
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *n = &oracle->notes[i];
        if (n->column == WORKDAYS && n->day >= first && n->day < end && place_has(place, n)) {
            days[count++] = n->amount - 1;
        }
    }
    qsort(days, count, sizeof *days, compare_days);
    if (count == 0) {
        buffer_append_text(&lines->text, "|-|-");
    } else {
        put_number(lines, group_of(days[(count + 1) / 2 - 1]));
        put_number(lines, group_of(days[(9 * count + 9) / 10 - 1]));
    }
    free(days);
}

static void put_issues(struct lines *lines, const struct issues_oracle *oracle, const struct place *place,
                       int32_t first, int32_t end) {
    int64_t sums[COLUMN_COUNT];
    bool is_any = false;
    add_up(oracle, place, first, end, sums);
    for (int column = 0; column < ISSUE_COLUMNS; column++) {
        is_any = is_any || sums[column] != 0;
    }
    if (!is_any) {
        return;
    }
    put_scope(lines, oracle, place);
    buffer_printf(&lines->text, "|%s", place->unit == NULL ? "" : place->unit);
    put_day(lines, first);
    for (int column = 0; column < ISSUE_COLUMNS; column++) {
        if (place->unit != NULL && column < OPEN_OVERDUE) {
            buffer_append_text(&lines->text, "|-");
        } else {
            put_number(lines, sums[column]);
        }
    }
    put_percentiles(lines, oracle, place, first, end);
    if (place->unit != NULL) {
        buffer_append_text(&lines->text, "|-|-|-");
    } else {
        const int64_t collected = sums[REGISTERED] - sums[DUPLICATES] - sums[INVALID];
        put_number(lines, collected);
        put_share(lines, sums[RESOLVED], collected);
        put_share(lines, sums[CONFIRMED], sums[RESOLVED]);
    }
    put_share(lines, sums[ON_TIME], sums[ON_TIME] + sums[LATE] + sums[OPEN_OVERDUE]);
    put_share(lines, sums[ON_TIME], sums[ON_TIME] + sums[LATE]);
    end_line(lines);
}

#define ISSUE_VIEW_COLUMNS                                                                                             \
    "registered|duplicates|invalid|resolved|confirmed|unconfirmed|signed_off|transferred|cancelled|long_term|open|"    \
    "dispatched_late|open_overdue|on_time|late|dissatisfied|extensions|disputes|raised|parts_late|slips_issued|"       \
    "slips_issued_level_1|slips_issued_level_2|slips_issued_level_3|slips_issued_level_4|slips_lapsed|"                \
    "workdays_p50|workdays_p90|collected|share_resolved|share_confirmed|share_on_time|share_on_time_closed_only"

static bool issues_equal(struct issues_oracle *oracle, const struct postgres *postgres) {
    static const struct {
        const char *view, *columns;
        int32_t (*start)(int32_t day), (*end)(int32_t day);
    } periods[] = {
        {"bureau.issues_by_day", "scope|region|organisation|day|" ISSUE_VIEW_COLUMNS, NULL, NULL},
        {"bureau.issues_by_month", "scope|region|organisation|month|" ISSUE_VIEW_COLUMNS, civil_month_start,
         civil_month_end},
        {"bureau.issues_by_year", "scope|region|organisation|year|" ISSUE_VIEW_COLUMNS, civil_year_start,
         civil_year_end},
    };
    const int32_t newest = newest_day(oracle), oldest = oldest_day(oracle);
    bool equal = true;
    for (size_t p = 0; p < 3; p++) {
        struct lines lines = {0};
        for (int32_t first = p == 0 ? oldest : periods[p].start(oldest), end; first <= newest; first = end) {
            end = p == 0 ? first + 1 : periods[p].end(first);
            put_issues(&lines, oracle, &(struct place){0}, first, end);
            for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
                put_issues(&lines, oracle, &(struct place){.region = regions[i]}, first, end);
            }
            for (size_t i = 0; i < oracle->unit_count; i++) {
                put_issues(&lines, oracle, &(struct place){.unit = oracle->units[i].code}, first, end);
            }
        }
        equal = lines_equal(oracle, postgres, periods[p].view, periods[p].columns, &lines) && equal;
    }
    return equal;
}

static bool ages_equal(struct issues_oracle *oracle, const struct postgres *postgres) {
    static const struct {
        const char *name;
        int32_t from, to; /* days old */
    } ages[] = {{"0-7", 0, 7}, {"8-30", 8, 30}, {"31-90", 31, 90}, {"91+", 91, INT32_MAX}};
    const int32_t newest = newest_day(oracle);
    struct lines lines = {0};
    for (size_t p = 0; p <= sizeof regions / sizeof regions[0]; p++) {
        const struct place place = {.region = p == 0 ? 0 : regions[p - 1]};
        for (size_t a = 0; a < 4; a++) {
            int64_t open = 0;
            for (size_t i = 0; i < oracle->count; i++) {
                const struct note *n = &oracle->notes[i];
                const int32_t age = newest - n->day;
                open += n->column == AGE && place_has(&place, n) && age >= ages[a].from && age <= ages[a].to ? n->amount
                                                                                                             : 0;
            }
            if (open != 0) {
                put_scope(&lines, oracle, &place);
                put_day(&lines, newest);
                buffer_printf(&lines.text, "|%s|%" PRId64, ages[a].name, open);
                end_line(&lines);
            }
        }
    }
    return lines_equal(oracle, postgres, "bureau.issues_open_by_age", "scope|region|day|age|open", &lines);
}

/* One line for each code that the columns are about. */
typedef void put_subject(struct lines *lines, const char *code, const int64_t sums[COLUMN_COUNT]);

/* year 0: any. */
static bool is_subject(const struct note *n, enum column from, enum column to, int kind, int32_t year) {
    return n->column >= from && n->column <= to && n->kind == kind && (year == 0 || n->day == year);
}

static void put_subjects(struct lines *lines, const struct issues_oracle *oracle, enum column from, enum column to,
                         int kind, int32_t year, put_subject *put) {
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *of = &oracle->notes[i];
        int64_t sums[COLUMN_COUNT] = {0};
        bool is_first = is_subject(of, from, to, kind, year);
        for (size_t k = 0; is_first && k < oracle->count; k++) {
            const struct note *n = &oracle->notes[k];
            if (is_subject(n, from, to, kind, year) && strcmp(n->code, of->code) == 0) {
                sums[n->column] += n->amount;
                is_first = k >= i;
            }
        }
        if (is_first) {
            put(lines, of->code, sums);
        }
    }
}

static void put_item(struct lines *lines, const char *code, const int64_t sums[COLUMN_COUNT]) {
    buffer_printf(&lines->text, "item|%s|%" PRId64 "|%" PRId64, code, sums[ABOUT], sums[ABOUT_OPEN]);
    end_line(lines);
}

static void put_task(struct lines *lines, const char *code, const int64_t sums[COLUMN_COUNT]) {
    buffer_printf(&lines->text, "task|%s|%" PRId64 "|%" PRId64, code, sums[ABOUT], sums[ABOUT_OPEN]);
    end_line(lines);
}

static void put_cited(struct lines *lines, const char *code, const int64_t sums[COLUMN_COUNT]) {
    buffer_printf(&lines->text, "%s|%" PRId64, code, sums[CITED]);
    end_line(lines);
}

static bool subjects_equal(struct issues_oracle *oracle, const struct postgres *postgres) {
    struct lines lines = {0};
    put_subjects(&lines, oracle, ABOUT, ABOUT_OPEN, 0, 0, put_item);
    put_subjects(&lines, oracle, ABOUT, ABOUT_OPEN, 1, 0, put_task);
    bool equal = lines_equal(oracle, postgres, "bureau.issue_stalls", "kind|code|issues|open", &lines);
    put_subjects(&lines, oracle, CITED, CITED, 0, 0, put_cited);
    equal = lines_equal(oracle, postgres, "bureau.contact_rules_cited", "rule|issues", &lines) && equal;
    int64_t sums[COLUMN_COUNT];
    add_up(oracle, &(struct place){0}, 0, INT32_MAX, sums);
    buffer_printf(&lines.text, "positive|%" PRId64, sums[RULES_POSITIVE]);
    end_line(&lines);
    buffer_printf(&lines.text, "negative|%" PRId64, sums[RULES_NEGATIVE]);
    end_line(&lines);
    return lines_equal(oracle, postgres, "bureau.contact_rules", "list|in_force", &lines) && equal;
}

/* --- Ledger and clues ----------------------------------------------------------------------------------------------
 */

static const char *const fields[] = {
    "all", "field_economy", "field_rule_of_law", "field_culture", "field_livelihood", "field_ecology", "field_party"};

static void put_ledger(struct lines *lines, const struct issues_oracle *oracle, const struct place *place,
                       int32_t year) {
    int64_t sums[COLUMN_COUNT];
    bool is_any = false;
    add_up(oracle, place, year, civil_year_end(year), sums);
    for (int column = LEDGER_FIRST; column <= (place->kind == 0 && place->unit == NULL ? MAPPED : PROGRESS); column++) {
        is_any = is_any || sums[column] != 0;
    }
    if (!is_any) {
        return;
    }
    buffer_append_text(&lines->text, place->unit != NULL ? place->unit : fields[place->kind]);
    put_day(lines, year);
    for (int column = LEDGER_FIRST; column < LEDGER_END; column++) {
        put_number(lines, sums[column]);
    }
    put_number(lines, sums[YELLOW] + sums[ORANGE] + sums[RED]);
    put_share(lines, sums[TASKS_SIGNED], sums[TASKS]);
    put_share(lines, sums[TASKS_ON_TIME], sums[TASKS_SIGNED]);
    put_share(lines, sums[PROGRESS], 1000 * sums[TASKS]);
    if (place->kind == 0 && place->unit == NULL) {
        put_number(lines, sums[PROVINCIAL]);
        put_number(lines, sums[MAPPED]);
    }
    end_line(lines);
}

#define LEDGER_VIEW_COLUMNS                                                                                            \
    "year|tasks|signed_off|signed_off_on_time|cancelled|deferred|carried_over|key_items|lag_yellow|lag_orange|"        \
    "lag_red|milestones|milestones_closed|indicators|indicators_met|reports|reopened|objections|lagging|"              \
    "share_signed_off|share_on_time|progress"

static bool ledger_equals(struct issues_oracle *oracle, const struct postgres *postgres) {
    struct lines city = {0}, of_fields = {0}, of_units = {0};
    const int32_t newest = newest_day(oracle);
    for (int32_t year = civil_year_start(oldest_day(oracle)); year <= newest; year = civil_year_end(year)) {
        put_ledger(&city, oracle, &(struct place){0}, year);
        for (int field = 1; field <= 6; field++) {
            put_ledger(&of_fields, oracle, &(struct place){.kind = field}, year);
        }
        for (size_t i = 0; i < oracle->unit_count; i++) {
            put_ledger(&of_units, oracle, &(struct place){.unit = oracle->units[i].code}, year);
        }
    }
    bool equal = lines_equal(oracle, postgres, "bureau.ledger_by_year",
                             "'all'|" LEDGER_VIEW_COLUMNS "|provincial_tasks|provincial_mapped", &city);
    equal = lines_equal(oracle, postgres, "bureau.ledger_by_field", "field|" LEDGER_VIEW_COLUMNS, &of_fields) && equal;
    return lines_equal(oracle, postgres, "bureau.ledger_by_unit", "organisation|" LEDGER_VIEW_COLUMNS, &of_units) &&
           equal;
}

static void put_units(struct lines *lines, int64_t hundredths) {
    const int64_t size = hundredths < 0 ? -hundredths : hundredths;
    buffer_printf(&lines->text, "|%s%" PRId64 ".%02" PRId64, hundredths < 0 ? "-" : "", size / 100, size % 100);
}

static void put_indicator(struct lines *lines, const char *code, const int64_t sums[COLUMN_COUNT]) {
    buffer_append_text(&lines->text, code);
    put_units(lines, sums[BASELINE]);
    put_units(lines, sums[TARGET]);
    put_units(lines, sums[MEASURED]);
    if (sums[TOTAL] == 0) {
        buffer_append_text(&lines->text, "|-");
    } else {
        put_units(lines, sums[TOTAL]);
    }
    end_line(lines);
}

static bool indicators_equal(struct issues_oracle *oracle, const struct postgres *postgres) {
    const int32_t newest = newest_day(oracle);
    bool equal = true;
    for (int32_t year = civil_year_start(oldest_day(oracle)); year <= newest; year = civil_year_end(year)) {
        char date[CIVIL_DATE_TEXT_BYTES], view[80];
        struct lines lines = {0};
        civil_date_format(year, date);
        snprintf(view, sizeof view, "bureau.ledger_indicators WHERE year = '%s'", date);
        put_subjects(&lines, oracle, BASELINE, TOTAL, 0, year, put_indicator);
        equal = lines_equal(oracle, postgres, view, "indicator|baseline|target|measured|total", &lines) && equal;
    }
    return equal;
}

static const char *const kinds[] = {"all", "clue_occupy", "clue_mine", "clue_dump", "clue_build"};

static void put_clues(struct lines *lines, const struct issues_oracle *oracle, const struct place *place,
                      int32_t year) {
    int64_t sums[COLUMN_COUNT];
    bool is_any = false;
    add_up(oracle, place, year, civil_year_end(year), sums);
    for (int column = CLUES_FIRST; column < CLUES_END; column++) {
        is_any = is_any || sums[column] != 0;
    }
    if (is_any) {
        put_scope(lines, oracle, place);
        buffer_printf(&lines->text, "|%s", kinds[place->kind]);
        put_day(lines, year);
        for (int column = CLUES_FIRST; column < CLUES_END; column++) {
            put_number(lines, sums[column]);
        }
        put_share(lines, sums[FILED], sums[CLUES_TRANSFERRED]);
        put_share(lines, sums[CLUES_SIGNED_OFF], sums[FOUND]);
        end_line(lines);
    }
}

static bool clues_equal(struct issues_oracle *oracle, const struct postgres *postgres) {
    const int32_t newest = newest_day(oracle);
    struct lines lines = {0};
    for (int32_t year = civil_year_start(oldest_day(oracle)); year <= newest; year = civil_year_end(year)) {
        for (size_t p = 0; p <= sizeof regions / sizeof regions[0]; p++) {
            for (int kind = 0; kind <= 4; kind++) {
                put_clues(&lines, oracle, &(struct place){.region = p == 0 ? 0 : regions[p - 1], .kind = kind}, year);
            }
        }
    }
    return lines_equal(oracle, postgres, "bureau.clues_by_year",
                       "scope|region|kind|year|found|transferred|received|filed|not_filed|suggestions|replied_on_time|"
                       "replied_late|rectified|signed_off|receipts_late|open|filing_rate|share_signed_off",
                       &lines);
}

bool issues_oracle_equals(struct issues_oracle *oracle, const struct postgres *postgres) {
    oracle->rows = 0;
    bool equal = issues_equal(oracle, postgres);
    equal = ages_equal(oracle, postgres) && equal;
    equal = subjects_equal(oracle, postgres) && equal;
    equal = ledger_equals(oracle, postgres) && equal;
    equal = indicators_equal(oracle, postgres) && equal;
    return clues_equal(oracle, postgres) && equal;
}
