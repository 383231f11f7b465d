#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/hash.h"
#include "calendar/deadline.h"

/* Deadlines with pauses against the vectors, tables of cases, and a walk from day to day. */

static char *field_of(char **rest) {
    char *field = *rest;
    char *end = field + strcspn(field, "\t\n");
    *rest = *end == '\t' ? end + 1 : end;
    *end = '\0';
    return field;
}

static FILE *open_data(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s cannot be opened: run the test in the project's folder", path);
    }
    return file;
}

static int32_t day_of(const char *text) {
    int32_t day;
    if (!civil_date_parse(text, &day)) {
        fail_msg("%s is no date", text);
    }
    return day;
}

static void assert_day(int32_t day, const char *want) {
    char text[CIVIL_DATE_TEXT_BYTES];
    civil_date_format(day, text);
    assert_string_equal(text, want);
}

/* The calendar as it was known on a day. Each notice loads the year in its name. */
static struct calendar load(int32_t known_on) {
    struct calendar calendar = {calloc(CALENDAR_DAYS, sizeof *calendar.days)};
    FILE *file = open_data("tests/data/calendar.tsv");
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        if (line[0] < '0' || line[0] > '9') {
            continue;
        }
        const int32_t day = day_of(field_of(&rest));
        const bool is_off = strcmp(field_of(&rest), "off") == 0;
        (void)field_of(&rest);
        const char *notice = field_of(&rest);
        if (day_of(field_of(&rest)) <= known_on) {
            assert_true(calendar_load_year(&calendar, (int32_t)atol(notice)));
            assert_true(calendar_name_day(&calendar, &(struct calendar_line){day, is_off}, 1));
        }
    }
    fclose(file);
    calendar_count_from(&calendar, INT32_MIN);
    return calendar;
}

static struct limit limit_of(uint32_t amount, enum limit_unit unit) {
    return (struct limit){.amount = (uint16_t)amount, .unit = (uint8_t)unit};
}

/* Begins at nine in the morning. */
static int64_t start_s_of(int32_t start) {
    return civil_ms_of_day(start) / 1000 + 9 * 3600;
}

static bool due_of(const struct calendar *calendar, int32_t start, struct limit limit, uint32_t extra,
                   const struct pause *pauses, size_t pause_count, int32_t today, int32_t *due) {
    return deadline_due(calendar, start, start_s_of(start), &limit, extra, pauses, pause_count, today, due);
}

/* --- vectors --- */

static void check_vector(const struct calendar *calendar, int32_t accepted, uint32_t n, const char *want) {
    const bool is_known = strcmp(want, "error") != 0;
    int32_t due, charged;
    assert_int_equal(due_of(calendar, accepted, limit_of(n, LIMIT_WORKDAY), 0, NULL, 0, accepted, &due), is_known);
    if (is_known) {
        assert_day(due, want);
        assert_true(deadline_charged(calendar, accepted, due, NULL, 0, &charged));
        assert_int_equal(charged, n);
        assert_true(deadline_charged(calendar, accepted, due - 1, NULL, 0, &charged));
        assert_int_equal(charged, n - 1);
    }
}

static void due_date_vectors(void **state) {
    (void)state;
    FILE *file = open_data("tests/data/due_date_vectors.tsv");
    char line[256];
    int seen = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        if (line[0] < '0' || line[0] > '9') {
            continue;
        }
        const int32_t accepted = day_of(field_of(&rest));
        const uint32_t n = (uint32_t)atol(field_of(&rest));
        struct calendar calendar = load(day_of(field_of(&rest)));
        check_vector(&calendar, accepted, n, field_of(&rest));
        free(calendar.days);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 14);
}

/* --- charged days --- */

struct pause_text {
    const char *from, *until; /* NULL until: open; NULL from: there is none */
};

static size_t pauses_of(const struct pause_text *texts, size_t max, struct pause *pauses) {
    size_t n = 0;
    for (; n < max && texts[n].from != NULL; n++) {
        pauses[n] = (struct pause){day_of(texts[n].from), texts[n].until == NULL ? PAUSE_OPEN : day_of(texts[n].until)};
    }
    return n;
}

/* March 2020 has no holiday: 2 March is a Monday. */
static void pauses_take_days_out(void **state) {
    (void)state;
    static const struct {
        struct pause_text pauses[4];
        int32_t charged; /* from 2 March to the end of 16 March */
        const char *due; /* of 10 workdays accepted on 2 March, as seen on 20 March */
    } cases[] = {
        {{{NULL, NULL}}, 10, "2020-03-16"},
        {{{"2020-03-04", "2020-03-04"}}, 10, "2020-03-16"}, /* ended on the day it began */
        {{{"2020-03-04", "2020-03-05"}}, 9, "2020-03-17"},  /* takes the 5th */
        {{{"2020-03-06", "2020-03-08"}}, 10, "2020-03-16"}, /* a weekend */
        {{{"2020-03-06", "2020-03-09"}}, 9, "2020-03-17"},
        {{{"2020-03-04", "2020-03-10"}, {"2020-03-06", "2020-03-11"}}, 5, "2020-03-23"}, /* overlap: 5, 6, 9, 10, 11 */
        {{{"2020-03-06", "2020-03-11"}, {"2020-03-04", "2020-03-10"}}, 5, "2020-03-23"}, /* in whatever order */
        {{{"2020-03-04", "2020-03-11"}, {"2020-03-05", "2020-03-06"}}, 5, "2020-03-23"}, /* one within another */
        {{{"2020-03-04", "2020-03-06"}, {"2020-03-06", "2020-03-11"}}, 5, "2020-03-23"}, /* end to end */
        {{{"2020-03-04", "2020-03-05"}, {"2020-03-09", "2020-03-10"}}, 8, "2020-03-18"},
        {{{"2020-03-09", "2020-03-10"}, {"2020-03-04", "2020-03-05"}, {"2020-03-11", "2020-03-12"}}, 7, "2020-03-19"},
        {{{"2020-03-12", NULL}}, 8, "2020-03-24"}, /* open: until 20 March for now */
        {{{"2020-03-12", NULL}, {"2020-03-04", "2020-03-05"}}, 7, "2020-03-25"},
        {{{"2020-03-16", NULL}}, 10, "2020-03-16"},         /* its own day is still charged */
        {{{"2020-03-25", NULL}}, 10, "2020-03-16"},         /* begins after what is asked */
        {{{"2020-02-01", "2020-03-02"}}, 10, "2020-03-16"}, /* before it all */
        {{{"2020-02-01", "2020-03-03"}}, 9, "2020-03-17"},
        {{{"2020-03-10", "2020-03-04"}}, 10, "2020-03-16"}, /* ended before it began: nothing */
        {{{"2020-03-17", "2020-03-30"}}, 10, "2020-03-16"},
        {{{"2020-03-03", "2020-04-30"}}, 1, "2020-05-15"}, /* 3 March, 6 to 9 and 11 to 15 May */
    };
    struct calendar calendar = load(day_of("2026-01-01"));
    const int32_t start = day_of("2020-03-02");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pause pauses[4];
        const size_t n = pauses_of(cases[i].pauses, 4, pauses);
        int32_t charged, due;
        assert_true(deadline_charged(&calendar, start, day_of("2020-03-16"), pauses, n, &charged));
        assert_int_equal(charged, cases[i].charged);
        assert_true(due_of(&calendar, start, limit_of(10, LIMIT_WORKDAY), 0, pauses, n, day_of("2020-03-20"), &due));
        assert_day(due, cases[i].due);
    }
    free(calendar.days);
}

/* --- units --- */

static void limits_of_every_unit(void **state) {
    (void)state;
    static const struct {
        const char *start;
        uint16_t amount;
        enum limit_unit unit;
        uint32_t extra;
        struct pause_text pauses[2];
        const char *due;
    } cases[] = {
        {"2020-03-02", 0, LIMIT_WORKDAY, 0, {{0}}, "2020-03-02"},
        {"2020-03-07", 0, LIMIT_WORKDAY, 0, {{0}}, "2020-03-07"}, /* a Saturday: the day of acceptance itself */
        {"2020-03-02", 0, LIMIT_WORKDAY, 2, {{0}}, "2020-03-04"},
        {"2020-03-02", 20, LIMIT_WORKDAY, 10, {{0}}, "2020-04-14"}, /* 6 April is off */
        {"2020-03-02", 5, LIMIT_WORKDAY, 5, {{"2020-03-10", "2020-03-12"}}, "2020-03-18"},
        {"2020-01-10", 15, LIMIT_DAY, 0, {{0}}, "2020-02-03"}, /* 25 January is off, up to 2 February */
        {"2020-03-02", 15, LIMIT_DAY, 0, {{0}}, "2020-03-17"},
        {"2020-03-02", 15, LIMIT_DAY, 0, {{"2020-03-04", "2020-03-09"}}, "2020-03-23"}, /* 22 March is a Sunday */
        {"2020-03-02", 5, LIMIT_DAY, 0, {{"2020-03-07", "2020-03-11"}}, "2020-03-12"},  /* Saturday moves behind the
                                                                                           pause */
        {"2020-03-02", 5, LIMIT_DAY, 2, {{0}}, "2020-03-11"}, /* Saturday, then Monday, then two */
        {"2020-03-02", 15, LIMIT_DAY, 3, {{"2020-03-17", "2020-03-18"}}, "2020-03-23"},
        {"2020-03-07", 0, LIMIT_DAY, 0, {{0}}, "2020-03-09"},
        {"2020-12-31", 2, LIMIT_MONTH, 0, {{0}}, "2021-03-01"}, /* 28 February is a Sunday */
        {"2020-08-31", 1, LIMIT_MONTH, 0, {{0}}, "2020-09-30"},
        {"2019-11-29", 3, LIMIT_MONTH, 0, {{0}}, "2020-03-02"},                          /* 29 February is a Saturday */
        {"2020-03-02", 1, LIMIT_MONTH, 0, {{"2020-03-10", "2020-03-20"}}, "2020-04-13"}, /* 2 April, 10 days later, a
                                                                                            Sunday */
        {"2020-03-02", 1, LIMIT_MONTH, 1, {{0}}, "2020-04-03"},
        {"2020-10-08", 12, LIMIT_MONTH, 0, {{0}}, "2021-10-08"},
        {"2020-03-02", 14, LIMIT_HOUR, 0, {{0}}, "2020-03-02"},                          /* at 23:00 */
        {"2020-03-02", 15, LIMIT_HOUR, 0, {{0}}, "2020-03-03"},                          /* at 24:00 */
        {"2020-03-06", 24, LIMIT_HOUR, 0, {{"2020-03-06", "2020-03-30"}}, "2020-03-07"}, /* no pause stops it, no
                                                                                            Saturday */
        {"2020-03-06", 24, LIMIT_HOUR, 1, {{0}}, "2020-03-09"},
    };
    struct calendar calendar = load(day_of("2026-01-01"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pause pauses[2];
        const size_t n = pauses_of(cases[i].pauses, 2, pauses);
        int32_t due;
        assert_true(due_of(&calendar, day_of(cases[i].start), limit_of(cases[i].amount, cases[i].unit), cases[i].extra,
                           pauses, n, day_of("2020-12-01"), &due));
        assert_day(due, cases[i].due);
    }
    free(calendar.days);
}

static void the_last_second(void **state) {
    (void)state;
    const int32_t start = day_of("2020-03-02");
    const int64_t start_s = start_s_of(start);
    const struct limit days = limit_of(5, LIMIT_WORKDAY), hours = limit_of(30, LIMIT_HOUR);
    int64_t next_ms;
    assert_true(civil_time_parse("2020-03-10T00:00:00+08:00", &next_ms));
    assert_int_equal(deadline_end_s(start_s, &days, 0, day_of("2020-03-09")), next_ms / 1000 - 1);
    assert_int_equal(deadline_end_s(start_s, &hours, 0, day_of("2020-03-03")), start_s + 30 * 3600);
    assert_int_equal(deadline_end_s(start_s, &hours, 4, day_of("2020-03-09")), next_ms / 1000 - 1);
}

static void hundredths_for_statistics(void **state) {
    (void)state;
    static const struct {
        uint16_t amount;
        enum limit_unit unit;
        uint32_t want;
    } cases[] = {
        {0, LIMIT_NONE, 0},     {9, LIMIT_NONE, 0},       {0, LIMIT_WORKDAY, 0},           {20, LIMIT_WORKDAY, 2000},
        {1, LIMIT_MONTH, 2200}, {12, LIMIT_MONTH, 26400}, {365, LIMIT_DAY, 25000},         {30, LIMIT_DAY, 2055},
        {8, LIMIT_HOUR, 100},   {1, LIMIT_HOUR, 13},      {65535, LIMIT_MONTH, 144177000}, {65535, LIMIT_DAY, 4488699},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct limit limit = limit_of(cases[i].amount, cases[i].unit);
        assert_int_equal(limit_hundredths(&limit), cases[i].want);
    }
}

/* --- the horizon --- */

static void nothing_is_assumed_beyond_the_calendar(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    const struct pause long_one = {day_of("2026-12-29"), day_of("2027-01-20")};
    const struct pause early = {day_of("2026-12-28"), day_of("2026-12-30")};
    const struct pause late = {day_of("2027-06-01"), day_of("2027-07-01")};
    const struct pause broken = {INT32_MIN, INT32_MAX - 1};
    const struct {
        const char *start;
        uint16_t amount;
        enum limit_unit unit;
        uint32_t extra;
        const struct pause *pause;
        bool is_known;
    } cases[] = {
        {"2026-12-30", 1, LIMIT_WORKDAY, 0, NULL, true},
        {"2026-12-30", 2, LIMIT_WORKDAY, 0, NULL, false},
        {"2026-12-30", 1, LIMIT_WORKDAY, 1, NULL, false},
        {"2026-12-28", 1, LIMIT_WORKDAY, 0, &long_one, true},
        {"2026-12-28", 2, LIMIT_WORKDAY, 0, &long_one, false},
        {"2026-12-28", 1, LIMIT_WORKDAY, 0, &early, true},
        {"2026-12-28", 2, LIMIT_WORKDAY, 0, &early, false},
        {"2026-12-30", 1, LIMIT_WORKDAY, 0, &late, true},
        {"2026-12-30", 1, LIMIT_WORKDAY, UINT32_MAX, NULL, false},
        {"2026-12-30", 1, LIMIT_WORKDAY, 0, &broken, false},
        {"2026-12-30", 9, LIMIT_DAY, 0, &broken, false},
        {"2018-12-27", 1, LIMIT_WORKDAY, 0, NULL, false},
        {"2018-12-31", 1, LIMIT_WORKDAY, 0, NULL, true},
        {"2026-12-21", 10, LIMIT_DAY, 0, NULL, true},
        {"2026-12-21", 11, LIMIT_DAY, 0, NULL, false},
        {"2026-12-21", 5, LIMIT_DAY, 0, &long_one, true},
        {"2026-12-21", 10, LIMIT_DAY, 0, &long_one, false},
        {"2026-11-30", 1, LIMIT_MONTH, 0, NULL, true},
        {"2026-11-30", 2, LIMIT_MONTH, 0, NULL, false},
        {"2026-11-30", 65535, LIMIT_MONTH, 0, NULL, false},
        {"2026-12-31", 65535, LIMIT_HOUR, 0, NULL, true},
        {"2026-12-31", 48, LIMIT_HOUR, 1, NULL, false},
        {"2020-03-02", 5, LIMIT_NONE, 0, NULL, false},
        {"2020-03-02", 0, LIMIT_NONE, 3, NULL, false},
        {"2027-03-02", 0, LIMIT_WORKDAY, 0, NULL, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t due;
        assert_int_equal(due_of(&calendar, day_of(cases[i].start), limit_of(cases[i].amount, cases[i].unit),
                                cases[i].extra, cases[i].pause, cases[i].pause != NULL, day_of("2026-12-31"), &due),
                         cases[i].is_known);
    }
    int32_t charged;
    assert_false(deadline_charged(&calendar, day_of("2026-12-30"), day_of("2027-01-01"), NULL, 0, &charged));
    assert_false(deadline_charged(&calendar, day_of("2026-12-20"), day_of("2027-01-10"), &long_one, 1, &charged));
    assert_true(deadline_charged(&calendar, day_of("2026-12-28"), day_of("2026-12-31"), &long_one, 1, &charged));
    assert_int_equal(charged, 1);
    assert_true(deadline_charged(&calendar, day_of("2027-02-01"), day_of("2027-01-10"), NULL, 0, &charged));
    assert_int_equal(charged, 0);
    free(calendar.days);
}

/* Not of a year in the middle either, though a pause takes all of it out. */
static void nothing_is_assumed_of_a_missing_year(void **state) {
    (void)state;
    struct calendar calendar = {calloc(CALENDAR_DAYS, sizeof *calendar.days)};
    const struct pause year = {day_of("2020-12-30"), day_of("2022-01-04")};
    const int32_t start = day_of("2020-12-28"), today = day_of("2022-03-01");
    int32_t due, charged;
    assert_true(calendar_load_year(&calendar, 2020) && calendar_load_year(&calendar, 2022));
    calendar_count_from(&calendar, INT32_MIN);
    assert_true(due_of(&calendar, start, limit_of(2, LIMIT_WORKDAY), 0, &year, 1, today, &due));
    assert_false(due_of(&calendar, start, limit_of(3, LIMIT_WORKDAY), 0, &year, 1, today, &due));
    assert_false(deadline_charged(&calendar, start, day_of("2022-01-05"), &year, 1, &charged));
    assert_true(calendar_load_year(&calendar, 2021));
    calendar_count_from(&calendar, INT32_MIN);
    assert_true(due_of(&calendar, start, limit_of(3, LIMIT_WORKDAY), 0, &year, 1, today, &due));
    assert_day(due, "2022-01-05");
    free(calendar.days);
}

/* --- a walk from day to day --- */

struct trial {
    const struct calendar *calendar;
    int32_t start, today;
    struct pause pauses[5];
    size_t pause_count;
};

static uint32_t random_below(uint64_t *random, uint32_t bound) {
    *random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(*random) % bound);
}

static struct trial make_trial(const struct calendar *calendar, uint64_t *random) {
    struct trial t = {.calendar = calendar, .start = day_of("2019-02-01") + (int32_t)random_below(random, 700)};
    t.today = t.start + (int32_t)random_below(random, 60);
    t.pause_count = random_below(random, 6);
    for (size_t i = 0; i < t.pause_count; i++) {
        const int32_t from = t.start - 5 + (int32_t)random_below(random, 40);
        t.pauses[i] = (struct pause){from, from - 1 + (int32_t)random_below(random, 15)};
        if (random_below(random, 8) == 0) {
            t.pauses[i].until = PAUSE_OPEN;
        }
    }
    return t;
}

/* open_until: where an open pause ends. */
static bool is_paused(const struct trial *t, int32_t day, int32_t open_until) {
    for (size_t i = 0; i < t->pause_count; i++) {
        const int32_t until = t->pauses[i].until == PAUSE_OPEN ? open_until : t->pauses[i].until;
        if (t->pauses[i].from < day && day <= until) {
            return true;
        }
    }
    return false;
}

static bool is_charged(const struct trial *t, int32_t day, int32_t open_until) {
    return calendar_kind_is_work(calendar_kind_of(t->calendar, day)) && !is_paused(t, day, open_until);
}

static int32_t walk_workdays(const struct trial *t, int32_t day, uint32_t n) {
    for (; n > 0; n -= is_charged(t, day, t->today)) {
        day++;
    }
    return day;
}

static int32_t walk_days(const struct trial *t, int32_t day, int32_t n) {
    for (; n > 0; n -= !is_paused(t, day, t->today)) {
        day++;
    }
    while (!is_charged(t, day, t->today)) {
        day++;
    }
    return day;
}

static void check_workdays(const struct trial *t, uint32_t n, uint32_t extra) {
    int32_t due, charged, walked = 0;
    assert_true(
        due_of(t->calendar, t->start, limit_of(n, LIMIT_WORKDAY), extra, t->pauses, t->pause_count, t->today, &due));
    assert_int_equal(due, walk_workdays(t, t->start, n + extra));
    for (int32_t until = t->start; until < t->start + 70; until++) {
        assert_true(deadline_charged(t->calendar, t->start, until, t->pauses, t->pause_count, &charged));
        walked += until > t->start && is_charged(t, until, PAUSE_OPEN);
        assert_int_equal(charged, walked);
    }
}

/* The due day is the one on which so many days are charged, of pauses that have ended. */
static void check_due_is_charged(struct trial *t, uint32_t n) {
    int32_t due, charged;
    for (size_t i = 0; i < t->pause_count; i++) {
        t->pauses[i].until = t->pauses[i].until == PAUSE_OPEN ? t->today : t->pauses[i].until;
    }
    assert_true(
        due_of(t->calendar, t->start, limit_of(n, LIMIT_WORKDAY), 0, t->pauses, t->pause_count, t->today, &due));
    assert_true(deadline_charged(t->calendar, t->start, due, t->pauses, t->pause_count, &charged));
    assert_int_equal(charged, n);
    if (n > 0) {
        assert_true(deadline_charged(t->calendar, t->start, due - 1, t->pauses, t->pause_count, &charged));
        assert_int_equal(charged, n - 1);
    }
}

static void it_is_what_a_walk_says(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    uint64_t random = 5;
    for (int i = 0; i < 3000; i++) {
        struct trial t = make_trial(&calendar, &random);
        const uint32_t n = random_below(&random, 50),
                       extra = random_below(&random, 3) == 0 ? random_below(&random, 16) : 0;
        int32_t due;
        check_workdays(&t, n, extra);
        assert_true(due_of(&calendar, t.start, limit_of(n, LIMIT_DAY), extra, t.pauses, t.pause_count, t.today, &due));
        assert_int_equal(due, walk_workdays(&t, walk_days(&t, t.start, (int32_t)n), extra));
        check_due_is_charged(&t, n);
    }
    free(calendar.days);
}

/* As after a notice: every open case anew. */
static void a_million_deadlines(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    const int32_t first = day_of("2020-01-02");
    const struct pause pauses[] = {{first + 4, first + 9}, {first + 8, first + 12}, {first + 30, PAUSE_OPEN}};
    int64_t sum = 0;
    for (int32_t i = 0; i < 1000000; i++) {
        int32_t due, charged;
        const int32_t start = first + i % 1500;
        assert_true(due_of(&calendar, start, limit_of(20, LIMIT_WORKDAY), 0, pauses, (size_t)(i % 4), start, &due));
        assert_true(deadline_charged(&calendar, start, due, pauses, (size_t)(i % 4), &charged));
        sum += charged;
    }
    assert_true(sum > 0 && sum <= 20000000);
    free(calendar.days);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_date_vectors),
        cmocka_unit_test(pauses_take_days_out),
        cmocka_unit_test(limits_of_every_unit),
        cmocka_unit_test(the_last_second),
        cmocka_unit_test(hundredths_for_statistics),
        cmocka_unit_test(nothing_is_assumed_beyond_the_calendar),
        cmocka_unit_test(nothing_is_assumed_of_a_missing_year),
        cmocka_unit_test(it_is_what_a_walk_says),
        cmocka_unit_test(a_million_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
