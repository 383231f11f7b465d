/* The calendar, against the C library's and against a walk day by day. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 1600 to 2400 day by day: every date is the one after the date before, and back again. */
static void test_every_day_follows_the_one_before(void **state) {
    (void)state;
    int32_t day = civil_day_from_date(1600, 1, 1);
    for (int32_t year = 1600; year < 2400; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned d = 1; civil_date_is_valid(year, month, d); d++, day++) {
                struct civil_date date = civil_date_from_day(day);
                assert_int_equal(date.year, year);
                assert_int_equal(date.month, month);
                assert_int_equal(date.day, d);
                assert_int_equal(civil_day_from_date(year, month, d), day);
            }
        }
    }
    assert_int_equal(day, civil_day_from_date(2400, 1, 1));
    assert_int_equal(civil_day_from_date(1970, 1, 1), 0);
}

static void test_days_agree_with_the_c_library(void **state) {
    (void)state;
    for (int32_t day = -200000; day < 200000; day += 37) {
        time_t seconds = (time_t)day * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct civil_date date = civil_date_from_day(day);
        assert_int_equal(date.year, tm.tm_year + 1900);
        assert_int_equal(date.month, tm.tm_mon + 1);
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(civil_day_of_s(seconds), day); /* 08:00 local */
    }
}

static void test_valid_dates(void **state) {
    (void)state;
    static const struct {
        int32_t year;
        unsigned month, day;
        bool valid;
    } cases[] = {{2020, 2, 29, true},  {2021, 2, 29, false}, {1900, 2, 29, false},
                 {2000, 2, 29, true},  {2020, 4, 31, false}, {2020, 12, 31, true},
                 {2020, 0, 1, false},  {2020, 13, 1, false}, {2020, 1, 0, false},
                 {2020, 1, 32, false}, {0, 1, 1, false},     {1, 1, 1, true},
                 {9999, 12, 31, true}, {10000, 1, 1, false}, {2020, 1, 4000000000u, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(civil_date_is_valid(cases[i].year, cases[i].month, cases[i].day), cases[i].valid);
    }
}

static void test_the_day_begins_at_local_midnight(void **state) {
    (void)state;
    static const struct {
        int64_t ms;
        int32_t day;
    } cases[] = {
        {0, 0},
        {57599999, 0},  /* 15:59:59.999Z = 23:59:59.999 */
        {57600000, 1},  /* 16:00Z = midnight */
        {-28800000, 0}, /* the midnight that began 1970-01-01 */
        {-28800001, -1},
        {1577807999999, 18261}, /* the last ms of 2019 */
        {1577808000000, 18262}, /* 2020-01-01 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(civil_day_of_ms(cases[i].ms), cases[i].day);
    }
    for (int32_t day = -1000; day < 30000; day++) {
        assert_int_equal(civil_day_of_ms(civil_ms_of_day(day)), day);
        assert_int_equal(civil_day_of_ms(civil_ms_of_day(day) - 1), day - 1);
        assert_int_equal(civil_day_of_s(civil_ms_of_day(day) / 1000), day);
    }
    /* The ends of the range do no harm. */
    assert_int_equal(civil_day_of_ms(INT64_MAX), INT32_MAX);
    assert_int_equal(civil_day_of_ms(INT64_MIN), INT32_MIN);
    assert_int_equal(civil_day_of_s(INT64_MAX), INT32_MAX);
    assert_int_equal(civil_day_of_s(INT64_MIN), INT32_MIN);
}

static void test_months_and_years(void **state) {
    (void)state;
    for (int32_t day = -40000; day < 40000; day++) {
        struct civil_date date = civil_date_from_day(day);
        struct civil_date first = civil_date_from_day(civil_month_start(day));
        struct civil_date next = civil_date_from_day(civil_month_end(day));
        struct civil_date last = civil_date_from_day(civil_month_end(day) - 1);
        assert_true(first.year == date.year && first.month == date.month && first.day == 1);
        assert_true(last.year == date.year && last.month == date.month && next.day == 1);
        struct civil_date new_year = civil_date_from_day(civil_year_start(day));
        struct civil_date new_years_eve = civil_date_from_day(civil_year_end(day) - 1);
        assert_true(new_year.year == date.year && new_year.month == 1 && new_year.day == 1);
        assert_true(new_years_eve.year == date.year && new_years_eve.month == 12 && new_years_eve.day == 31);
    }
}

static void test_date_text(void **state) {
    (void)state;
    char text[CIVIL_DATE_TEXT_BYTES];
    int32_t day = 0;
    civil_date_format(18262, text);
    assert_string_equal(text, "2020-01-01");
    assert_true(civil_date_parse("2020-02-29", &day));
    assert_int_equal(day, 18262 + 31 + 28);
    civil_date_format(INT32_MAX, text);
    assert_string_equal(text, "9999-12-31");
    civil_date_format(INT32_MIN, text);
    assert_string_equal(text, "0001-01-01");
    static const char *const bad[] = {"",           "2020",        "2020-1-1",    "2020-02-30", "2020-01-01 ",
                                      "2020/01/01", " 2020-01-01", "2020-01-01T", "0000-01-01", "20-01-01",
                                      "2020-13-01", "2020-01-0x",  "-020-01-01",  "12020-01-01"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *copy = strdup(bad[i]); /* on the heap, so that reading on is seen by the sanitizer */
        if (civil_date_parse(copy, &day)) {
            fail_msg("\"%s\" is no date", bad[i]);
        }
        free(copy);
    }
}

static void test_time_text(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T08:00:00+08:00", 0},
        {"1969-12-31T16:00:00-08:00", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T00:00:00.001Z", 1},
        {"2020-01-01T08:30:00+08:00", 1577838600000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
        {"1969-12-31T23:59:59.999Z", -1},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t ms = -7;
        assert_true(civil_time_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {
        "",
        "2020-01-01",
        "2020-01-01T08:30:00",
        "2020-01-01 08:30:00Z",
        "2020-01-01T8:30:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T08:60:00Z",
        "2020-01-01T08:30:61Z",
        "2020-01-01T08:30Z",
        "2020-01-01T08:30:00.Z",
        "2020-01-01T08:30:00,5Z",
        "2020-01-01T08:30:00+8:00",
        "2020-01-01T08:30:00+0800",
        "2020-01-01T08:30:00+24:00",
        "2020-01-01T08:30:00+08:60",
        "2020-01-01T08:30:00ZZ",
        "2020-02-30T08:30:00Z",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ms = -7;
        char *copy = strdup(bad[i]);
        if (civil_time_parse(copy, &ms)) {
            fail_msg("\"%s\" is no time", bad[i]);
        }
        assert_int_equal(ms, -7);
        free(copy);
    }
}

static void test_times_print_and_parse_back(void **state) {
    (void)state;
    char local[30], utc[30];
    civil_time_format(1577838600123, local);
    civil_time_format_utc(1577838600123, utc);
    assert_string_equal(local, "2020-01-01T08:30:00.123+08:00");
    assert_string_equal(utc, "2020-01-01T00:30:00.123Z");
    for (int64_t ms = INT64_C(-3000000000000); ms < INT64_C(9000000000000); ms += INT64_C(123456789012)) {
        int64_t from_local = 0, from_utc = 0;
        civil_time_format(ms, local);
        civil_time_format_utc(ms, utc);
        assert_true(civil_time_parse(local, &from_local) && civil_time_parse(utc, &from_utc));
        assert_int_equal(from_local, ms);
        assert_int_equal(from_utc, ms);
    }
    civil_time_format(INT64_MAX, local);
    civil_time_format(INT64_MIN, local);
    civil_time_format_utc(INT64_MIN, utc);
    assert_int_equal(strlen(local), 29);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_follows_the_one_before),
        cmocka_unit_test(test_days_agree_with_the_c_library),
        cmocka_unit_test(test_valid_dates),
        cmocka_unit_test(test_the_day_begins_at_local_midnight),
        cmocka_unit_test(test_months_and_years),
        cmocka_unit_test(test_date_text),
        cmocka_unit_test(test_time_text),
        cmocka_unit_test(test_times_print_and_parse_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
