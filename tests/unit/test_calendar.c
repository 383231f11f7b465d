#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "calendar/calendar.h"

/* The calendar against the notices of 2019 to 2026 and the due dates that follow from them. */

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

/* The calendar as it was known on a day. Each notice loads the year in its name. */
static struct calendar load(int32_t known_on) {
    struct calendar calendar = {calloc(CALENDAR_DAYS, sizeof *calendar.days)};
    FILE *file = open_data("tests/data/calendar.tsv");
    char line[256], last[32] = "";
    uint16_t notices = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        if (line[0] < '0' || line[0] > '9') {
            continue;
        }
        const int32_t day = day_of(field_of(&rest));
        const bool is_off = strcmp(field_of(&rest), "off") == 0;
        (void)field_of(&rest);
        const char *notice = field_of(&rest);
        if (day_of(field_of(&rest)) > known_on) {
            continue;
        }
        if (strcmp(last, notice) != 0) {
            snprintf(last, sizeof last, "%s", notice);
            assert_true(calendar_load_year(&calendar, atol(notice)));
            notices++;
        }
        assert_true(calendar_name_day(&calendar, &(struct calendar_line){day, is_off}, notices));
    }
    fclose(file);
    calendar_count_from(&calendar, day_of("1990-01-01"));
    return calendar;
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
        const int32_t n = (int32_t)atol(field_of(&rest));
        struct calendar calendar = load(day_of(field_of(&rest)));
        const char *due = field_of(&rest);
        int32_t day, back;
        const bool known = calendar_nth_workday(&calendar, accepted, n, &day);
        assert_int_equal(known, strcmp(due, "error") != 0);
        if (known) {
            char text[CIVIL_DATE_TEXT_BYTES];
            civil_date_format(day, text);
            assert_string_equal(text, due);
            assert_true(calendar_workdays(&calendar, accepted, day, &back));
            assert_int_equal(back, n);
        }
        free(calendar.days);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 14);
}

static void workdays_of_months(void **state) {
    (void)state;
    static const struct {
        int32_t year;
        int8_t months[12];
        int32_t sum;
    } want[] = {{2020, {17, 20, 22, 22, 19, 21, 23, 21, 23, 17, 21, 23}, 249},
                {2026, {21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23}, 248}};
    struct calendar calendar = load(day_of("2026-01-01"));
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        int32_t sum = 0, count;
        for (unsigned month = 1; month <= 12; month++) {
            const int32_t first = civil_day_from_date(want[i].year, month, 1);
            assert_true(calendar_workdays(&calendar, first - 1, civil_month_end(first) - 1, &count));
            assert_int_equal(count, want[i].months[month - 1]);
            sum += count;
        }
        assert_int_equal(sum, want[i].sum);
    }
    free(calendar.days);
}

/* Every period of the loaded years, against a walk from day to day. */
static void counting_equals_walking(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    const int32_t end = day_of("2026-12-31");
    for (int32_t after = day_of("2019-01-01"); after < end; after += 5) {
        int32_t walked = 0, count, day;
        for (int32_t last = after + 1; last <= end && last < after + 400; last++) {
            const bool is_work = calendar_kind_is_work(calendar_kind_of(&calendar, last));
            walked += is_work;
            assert_true(calendar_workdays(&calendar, after, last, &count));
            assert_int_equal(count, walked);
            if (is_work) {
                assert_true(calendar_nth_workday(&calendar, after, walked, &day));
                assert_int_equal(day, last);
            }
        }
    }
    free(calendar.days);
}

/* Nothing is ever assumed of a year without a notice, whichever way a period reaches into it. */
static void the_horizon(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    int32_t out;
    const struct {
        const char *after, *last;
        bool known;
    } cases[] = {
        {"2026-12-30", "2026-12-31", true},  {"2026-12-30", "2027-01-01", false}, {"2018-12-28", "2018-12-31", true},
        {"2018-12-27", "2018-12-31", false}, {"2018-01-01", "2020-01-01", false}, {"2026-06-01", "2028-06-01", false},
        {"2019-01-01", "2026-12-31", true},  {"1989-01-01", "1990-01-01", false}, {"2189-12-30", "2190-01-02", false},
        {"2027-01-05", "2027-01-05", true}, /* nothing is counted */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(calendar_workdays(&calendar, day_of(cases[i].after), day_of(cases[i].last), &out),
                         cases[i].known);
    }
    assert_true(calendar_nth_workday(&calendar, day_of("2026-12-30"), 1, &out));
    assert_false(calendar_nth_workday(&calendar, day_of("2026-12-30"), 2, &out));
    assert_false(calendar_nth_workday(&calendar, day_of("2026-12-30"), 1000000, &out));
    assert_false(calendar_nth_workday(&calendar, day_of("2026-12-30"), -1, &out));
    assert_int_equal(calendar_kind_of(&calendar, INT32_MIN), CALENDAR_UNKNOWN);
    assert_int_equal(calendar_kind_of(&calendar, INT32_MAX), CALENDAR_UNKNOWN);
    /* A year in the middle without a notice, its edge named by a neighbour. */
    struct calendar gap = {calloc(CALENDAR_DAYS, sizeof *gap.days)};
    assert_true(calendar_load_year(&gap, 2020) && calendar_load_year(&gap, 2022));
    assert_true(calendar_name_day(&gap, &(struct calendar_line){day_of("2021-01-01"), true}, 1));
    calendar_count_from(&gap, INT32_MIN);
    assert_false(calendar_workdays(&gap, day_of("2020-12-01"), day_of("2022-02-01"), &out));
    assert_true(calendar_workdays(&gap, day_of("2020-12-01"), day_of("2021-01-01"), &out));
    assert_false(calendar_load_year(&gap, 1989) || calendar_load_year(&gap, 2190));
    free(gap.days);
    free(calendar.days);
}

static void calendar_periods(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2026-01-01"));
    static const struct {
        const char *after;
        int32_t days, months; /* one of them */
        const char *want;
    } cases[] = {
        {"2020-01-10", 15, 0, "2020-02-03"}, /* 25 January is off, up to 2 February */
        {"2020-03-02", 15, 0, "2020-03-17"}, {"2020-12-31", 0, 2, "2021-03-01"}, /* 28 February is a Sunday */
        {"2020-08-31", 0, 1, "2020-09-30"},  {"2020-08-31", 0, 2, "2020-11-02"}, /* 31 October is a Saturday */
        {"2020-08-15", 0, 2, "2020-10-15"},  {"2019-11-29", 0, 3, "2020-03-02"}, /* 29 February is a Saturday */
        {"2020-10-08", 0, 12, "2021-10-08"}, {"2020-01-31", 0, 1, "2020-03-02"}, /* 29 February, a Saturday */
        {"2020-12-31", 0, 1, "2021-02-01"},  /* 31 January is a Sunday */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t day;
        char text[CIVIL_DATE_TEXT_BYTES];
        assert_true(cases[i].months > 0 ? calendar_months_after(&calendar, day_of(cases[i].after), cases[i].months, &day)
                                        : calendar_days_after(&calendar, day_of(cases[i].after), cases[i].days, &day));
        civil_date_format(day, text);
        assert_string_equal(text, cases[i].want);
    }
    free(calendar.days);
}

/* Before article 203 moves them. */
static void months_end(void **state) {
    (void)state;
    static const struct {
        const char *after;
        int32_t n;
        const char *want;
    } cases[] = {{"2020-01-31", 1, "2020-02-29"}, {"2021-01-31", 1, "2021-02-28"}, {"2020-02-29", 12, "2021-02-28"},
                 {"2020-03-31", 1, "2020-04-30"}, {"2020-11-30", 3, "2021-02-28"}, {"2020-12-15", 1, "2021-01-15"},
                 {"2020-05-31", 0, "2020-05-31"}, {"2020-02-29", 1, "2020-03-29"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CIVIL_DATE_TEXT_BYTES];
        civil_date_format(calendar_months_end(day_of(cases[i].after), cases[i].n), text);
        assert_string_equal(text, cases[i].want);
    }
}

static uint16_t notice_of(const struct calendar *calendar, const char *day) {
    return calendar->days[day_of(day) - civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1)].notice;
}

/* A later notice overrides; the order in which years and days are loaded does not matter. */
static void notices_override(void **state) {
    (void)state;
    struct calendar calendar = load(day_of("2020-01-22"));
    struct calendar later = load(day_of("2020-01-27"));
    assert_int_equal(calendar_kind_of(&calendar, day_of("2020-02-01")), CALENDAR_MADE_UP);
    assert_int_equal(calendar_kind_of(&later, day_of("2020-02-01")), CALENDAR_OFF);
    assert_int_equal(calendar_kind_of(&later, day_of("2020-02-03")), CALENDAR_MADE_UP);
    assert_true(notice_of(&later, "2020-02-01") > notice_of(&calendar, "2020-02-01"));
    assert_int_equal(notice_of(&later, "2020-03-02"), 0);
    assert_int_equal(calendar_kind_of(&later, day_of("2020-03-01")), CALENDAR_REST);
    assert_int_equal(calendar_kind_of(&later, day_of("2020-03-02")), CALENDAR_WORK);
    assert_true(calendar_load_year(&later, 2020)); /* again: what notices named stays */
    assert_int_equal(calendar_kind_of(&later, day_of("2020-02-01")), CALENDAR_OFF);
    free(calendar.days);
    free(later.days);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_date_vectors), cmocka_unit_test(workdays_of_months), cmocka_unit_test(counting_equals_walking),
        cmocka_unit_test(the_horizon),      cmocka_unit_test(calendar_periods),   cmocka_unit_test(months_end),
        cmocka_unit_test(notices_override),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
