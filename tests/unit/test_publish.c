#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/metrics.h"
#include "aggregator/publish.h"
#include "aggregator/report_printed.h"
#include "base/text_table.h"

/* The pure parts of publication and of the reports. */

/* --- FreezePeriod --------------------------------------------------------------------------------------------------- */

#define OK COMMON__V1__CODE__CODE_UNSPECIFIED
#define MISSING COMMON__V1__CODE__CODE_MISSING
#define MALFORMED COMMON__V1__CODE__CODE_MALFORMED
#define UNSUPPORTED COMMON__V1__CODE__CODE_UNSUPPORTED
#define FUTURE COMMON__V1__CODE__CODE_IN_THE_FUTURE
#define BAD_TIME COMMON__V1__CODE__CODE_BAD_TIME
#define TOO_LARGE COMMON__V1__CODE__CODE_TOO_LARGE
#define DAY METRICS__V1__PERIOD__PERIOD_DAY
#define MONTH METRICS__V1__PERIOD__PERIOD_MONTH
#define YEAR METRICS__V1__PERIOD__PERIOD_YEAR

static char note_200[201], note_201[202];

static void periods_are_read_or_refused(void **state) {
    (void)state;
    memset(note_200, 'n', sizeof note_200 - 1);
    memset(note_201, 'n', sizeof note_201 - 1);
    static const struct {
        Metrics__V1__Period period;
        const char *first_day, *note;
        Common__V1__Code code;
        const char *word; /* of the period, or the field at fault */
    } cases[] = {
        {DAY, "2020-03-05", "", OK, "day"},
        {MONTH, "2020-03-01", "", OK, "month"},
        {YEAR, "2020-01-01", note_200, OK, "year"},
        {DAY, "1970-01-01", "", OK, "day"},
        {DAY, "2020-07-01", "", OK, "day"}, /* today */
        {MONTH, "2020-07-01", "", OK, "month"},
        {YEAR, "2020-01-01", note_201, TOO_LARGE, "freeze_period.note"},
        {DAY, "2020-07-02", "", FUTURE, "freeze_period.first_day"},
        {MONTH, "2020-08-01", "", FUTURE, "freeze_period.first_day"},
        {YEAR, "2021-01-01", "", FUTURE, "freeze_period.first_day"},
        {MONTH, "2020-03-05", "", MALFORMED, "freeze_period.first_day"},
        {YEAR, "2020-02-01", "", MALFORMED, "freeze_period.first_day"},
        {DAY, "2020-02-30", "", MALFORMED, "freeze_period.first_day"},
        {DAY, "5 March 2020", "", MALFORMED, "freeze_period.first_day"},
        {DAY, "2020-03-05'; DROP", "", MALFORMED, "freeze_period.first_day"},
        {DAY, "", "", MISSING, "freeze_period.first_day"},
        {YEAR, "1969-01-01", "", BAD_TIME, "freeze_period.first_day"},
        {METRICS__V1__PERIOD__PERIOD_UNSPECIFIED, "2020-01-01", "", MISSING, "freeze_period.period"},
        {METRICS__V1__PERIOD__PERIOD_ALL_TIME, "2020-01-01", "", UNSUPPORTED, "freeze_period.period"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Metrics__V1__FreezePeriod message = METRICS__V1__FREEZE_PERIOD__INIT;
        struct publish_period period = {.period = NULL};
        const char *field = NULL;
        message.period = cases[i].period;
        message.first_day = (char *)(uintptr_t)cases[i].first_day;
        message.note = (char *)(uintptr_t)cases[i].note;
        Common__V1__Code code = publish_read(&message, civil_day_from_date(2020, 7, 1), &period, &field);
        if (code != cases[i].code) {
            fail_msg("row %zu: code %d", i, (int)code);
        }
        if (code == OK) {
            assert_string_equal(period.period, cases[i].word);
            assert_string_equal(period.first_day, cases[i].first_day);
            assert_string_equal(period.note, cases[i].note);
        } else {
            assert_string_equal(field, cases[i].word);
        }
    }
}

/* --- Kinds of metrics ----------------------------------------------------------------------------------------------- */

static enum metric_kind kind_of(int number) {
    for (size_t i = 0; i < metric_count; i++) {
        if ((int)metric_catalogue[i].number == number) {
            return metric_catalogue[i].kind;
        }
    }
    fail_msg("no metric %d", number);
    return METRIC_FLOW;
}

static void every_metric_has_its_kind(void **state) {
    (void)state;
    for (int number = METRIC_PATIENTS_DAY; number <= METRIC_PATIENTS_TOTAL; number++) {
        assert_int_equal(kind_of(number), METRIC_DISTINCT);
    }
    for (int number = METRIC_ITEMS; number < METRIC_ITEMS_END; number++) {
        assert_int_equal(kind_of(number), METRIC_STOCK);
        assert_int_equal(kind_of(number + METRIC_CITY_LEVEL_OFFSET), METRIC_STOCK);
    }
    assert_int_equal(kind_of(METRIC_CASES_OPEN_OVERDUE), METRIC_STOCK);
    assert_int_equal(kind_of(METRIC_VISITS), METRIC_FLOW);
    assert_int_equal(kind_of(METRIC_ROUNDS), METRIC_FLOW);
    assert_int_equal(kind_of(METRIC_CASES_RECEIVED), METRIC_FLOW);
    assert_string_equal(metric_kind_name(METRIC_FLOW), "flow");
    assert_string_equal(metric_kind_name(METRIC_STOCK), "stock");
    assert_string_equal(metric_kind_name(METRIC_DISTINCT), "distinct");
}

/* --- The printed figures -------------------------------------------------------------------------------------------- */

#define HEAD "id\ttitle_zh\ttitle_en\tprinted\tnum\n"

static enum status read_text(const char *text, struct arena *arena, struct report_printed *printed) {
    arena_reset(arena);
    return report_printed_read(arena_strdup(arena, text), arena, printed);
}

static void printed_figures_are_read(void **state) {
    (void)state;
    struct arena arena;
    struct report_printed printed;
    arena_init(&arena, REPORT_PRINTED_BYTES_MAX);
    assert_int_equal(read_text("# a comment\n\n" HEAD "visits.patients\t患者\tpatients\t753800\t753800\r\n"
                               "issues.rate\t办结率\trate\t94.7%",
                               &arena, &printed),
                     STATUS_OK);
    assert_int_equal(printed.count, 2);
    assert_string_equal(printed.lines[0].id, "visits.patients");
    assert_string_equal(printed.lines[0].title_zh, "患者");
    assert_string_equal(printed.lines[0].title_en, "patients");
    assert_string_equal(printed.lines[0].printed, "753800");
    assert_string_equal(printed.lines[1].printed, "94.7%");
    arena_release(&arena);
}

static void wrong_files_are_refused_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t line;
    } cases[] = {
        {"", 1},
        {HEAD, 2},
        {"a\tb\tc\t1\n", 1},               /* no head */
        {HEAD "a\tb\tc\n", 2},             /* too few fields */
        {HEAD "a\tb\tc\t1\n\ttwo\tc\t1", 3}, /* no id */
        {HEAD "a\tb\tc\t\n", 2},           /* no figure */
        {HEAD "a\tb\tc\t1\n#\na\tb\tc\t2", 4}, /* twice */
        {HEAD "a\t\xff\tc\t1\n", 2},       /* no UTF-8 */
    };
    struct arena arena;
    arena_init(&arena, REPORT_PRINTED_BYTES_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct report_printed printed;
        assert_int_equal(read_text(cases[i].text, &arena, &printed), STATUS_MALFORMED);
        if (printed.wrong_line != cases[i].line || printed.wrong == NULL) {
            fail_msg("row %zu: line %zu", i, printed.wrong_line);
        }
    }
    arena_release(&arena);
}

static void too_many_figures_are_refused(void **state) {
    (void)state;
    struct arena arena;
    struct report_printed printed;
    struct buffer text = {0};
    arena_init(&arena, REPORT_PRINTED_BYTES_MAX);
    buffer_append_text(&text, HEAD);
    for (int i = 0; i <= REPORT_PRINTED_LINES_MAX; i++) {
        buffer_printf(&text, "%d\tb\tc\t1\n", i);
    }
    assert_int_equal(read_text(buffer_text(&text), &arena, &printed), STATUS_MALFORMED);
    assert_int_equal(printed.wrong_line, REPORT_PRINTED_LINES_MAX + 2);
    assert_int_equal(printed.count, REPORT_PRINTED_LINES_MAX);
    buffer_release(&text);
    arena_release(&arena);
}

/* --- Tables --------------------------------------------------------------------------------------------------------- */

static void wide_characters_take_two_columns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0}, {"abc", 3}, {"办结率", 6}, {"“i许昌”APP", 10}, {"1+20系列", 8}, {"≤", 1}, {"（省）", 6},
        {"a\xcc\x81", 1}, /* a letter with a combining mark */
        {"\xff\xfe", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (text_width(cases[i].text) != cases[i].width) {
            fail_msg("\"%s\": %zu", cases[i].text, text_width(cases[i].text));
        }
    }
}

static void tables_are_aligned(void **state) {
    (void)state;
    const char *cells[] = {"指标", "n", "result", "办结率", "94.7%", "MATCH", "x", NULL, "DIFFER"};
    const struct text_table table = {.columns = 3, .is_right = {false, true, false}, .cells = cells, .rows = 3};
    struct buffer out = {0};
    text_table_print(&table, &out);
    assert_string_equal(buffer_text(&out), "指标        n  result\n"
                                           "------  -----  ------\n"
                                           "办结率  94.7%  MATCH\n"
                                           "x           -  DIFFER\n");
    buffer_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_are_read_or_refused),
        cmocka_unit_test(every_metric_has_its_kind),
        cmocka_unit_test(printed_figures_are_read),
        cmocka_unit_test(wrong_files_are_refused_with_their_line),
        cmocka_unit_test(too_many_figures_are_refused),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(tables_are_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
