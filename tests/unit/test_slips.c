#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/civil.h"
#include "supervision/slips.h"
#include "support/agenda_first.h"

/* Slips without a registry: the ladder, the questions over a subject's list, and what events make of rows, list head
 * and agenda. */

enum { RULE_TIME = 1, RULE_HAND = 2, ROWS_MAX = 40 };

struct fixture {
    struct state state;
    struct slips slips;
    struct calendar calendar;
    uint64_t seq;
    uint32_t first; /* of the one subject most tests have */
};

static int32_t day_of(const char *text) {
    int32_t day;
    assert_true(civil_date_parse(text, &day));
    return day;
}

static uint32_t second_of(const char *text) {
    int64_t ms;
    assert_true(civil_time_parse(text, &ms));
    return (uint32_t)(ms / 1000);
}

/* 2020 is known, with one day off in June; 2021 is not. */
static int begin(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->calendar.days = calloc(CALENDAR_DAYS, sizeof *f->calendar.days);
    assert_non_null(f->calendar.days);
    assert_true(calendar_load_year(&f->calendar, 2020));
    assert_true(calendar_name_day(&f->calendar, &(struct calendar_line){day_of("2020-06-25"), true}, 1));
    calendar_count_from(&f->calendar, day_of("2020-01-01"));
    slips_init(&f->slips, ROWS_MAX, &f->state);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    state_release(&f->state);
    free(f->calendar.days);
    free(f);
    return 0;
}

/* Of subject 7; its number. */
static uint32_t issue(struct fixture *f, uint32_t level, uint8_t rule, const char *at) {
    const struct slip_issued_body body = {.subject = 7,
                                          .at = second_of(at),
                                          .reply_due = slip_reply_due(&f->calendar, second_of(at), level),
                                          .agency = 3,
                                          .level = (uint8_t)level,
                                          .rule = rule};
    slips_issued(&f->slips, ++f->seq, &body, 5, &f->first);
    return f->first;
}

static void move(struct fixture *f, uint32_t number, enum slip_state to, int32_t reply_due) {
    const struct slip_moved_body body = {.slip = number, .state = (uint8_t)to, .reply_due = reply_due};
    slips_moved(&f->slips, ++f->seq, &body);
}

/* --- the ladder --- */

static void test_reply_due(void **state) {
    const struct fixture *f = *state;
    static const struct {
        const char *at;
        uint32_t level;
        const char *due; /* NULL: none */
    } rows[] = {
        {"2020-06-01T10:00:00+08:00", 1, "2020-06-04"}, {"2020-06-01T10:00:00+08:00", 2, "2020-06-03"},
        {"2020-06-01T10:00:00+08:00", 3, "2020-06-02"}, {"2020-06-01T10:00:00+08:00", 4, NULL},
        {"2020-06-05T23:59:59+08:00", 1, "2020-06-10"}, /* over a weekend */
        {"2020-06-01T16:00:00Z", 3, "2020-06-03"},      /* midnight here: the second of June */
        {"2020-06-24T10:00:00+08:00", 3, "2020-06-26"}, /* over the day off */
        {"2020-12-28T10:00:00+08:00", 1, "2020-12-31"}, /* the last day there is */
        {"2020-12-29T10:00:00+08:00", 1, NULL},         /* beyond what is known */
        {"2020-12-29T10:00:00+08:00", 2, "2020-12-31"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int32_t due = slip_reply_due(&f->calendar, second_of(rows[i].at), rows[i].level);
        const int32_t want = rows[i].due == NULL ? 0 : day_of(rows[i].due);
        if (due != want) {
            fail_msg("row %zu: day %d, not %d", i, due, want);
        }
    }
}

static void test_too_late(void **state) {
    struct fixture *f = *state;
    const struct slip *slip = slips_row(&f->slips, issue(f, 1, RULE_TIME, "2020-06-01T10:00:00+08:00"));
    assert_int_equal(slip_lapses_at(slip), second_of("2020-06-05T00:00:00+08:00"));
    assert_false(slip_is_too_late(slip, second_of("2020-06-01T10:00:00+08:00")));
    assert_false(slip_is_too_late(slip, second_of("2020-06-04T23:59:59+08:00")));
    assert_true(slip_is_too_late(slip, second_of("2020-06-05T00:00:00+08:00")));
    slip = slips_row(&f->slips, issue(f, 4, RULE_TIME, "2020-06-01T10:00:00+08:00"));
    assert_false(slip_is_too_late(slip, UINT32_MAX)); /* listed: no reply is due */
}

/* --- questions over a list --- */

static void test_empty(void **state) {
    const struct fixture *f = *state;
    assert_int_equal(slips_count(&f->slips, 0), 0);
    assert_false(slips_are_open(&f->slips, 0, 0));
    assert_false(slips_were_issued(&f->slips, 0, 0, 0)); /* row 0 is none, though it is all zeros */
    for (uint32_t level = 1; level <= SLIP_LEVEL_MAX; level++) {
        assert_true(slips_may_follow(&f->slips, 0, RULE_TIME, level));
    }
    assert_false(slips_may_follow(&f->slips, 0, RULE_TIME, SLIP_LEVEL_MAX + 1));
}

/* Slips of a subject, oldest first, and what is true of levels 1 to 5 then, a letter each. */
static const struct {
    const char *what;
    struct {
        uint8_t level, rule;
        enum slip_state state;
    } slips[4];
    const char *open, *issued, *follows; /* one is as high or higher; RULE_TIME issued it; RULE_TIME may issue it */
} lists[] = {
    {"one that waits for a reply", {{2, RULE_TIME, SLIP_ISSUED}}, "yynnn", "nynnn", "nnyyn"},
    {"one that waits for its judgement", {{2, RULE_TIME, SLIP_REPLIED}}, "yynnn", "nynnn", "nnyyn"},
    {"accepted: the level does not come again", {{2, RULE_TIME, SLIP_ACCEPTED}}, "nnnnn", "nynnn", "ynyyn"},
    {"refused", {{1, RULE_TIME, SLIP_REFUSED}}, "nnnnn", "ynnnn", "nyyyn"},
    {"lapsed", {{1, RULE_TIME, SLIP_LAPSED}}, "nnnnn", "ynnnn", "nyyyn"},
    {"closed", {{4, RULE_TIME, SLIP_CLOSED}}, "nnnnn", "nnnyn", "yyynn"},
    {"the last level", {{4, RULE_TIME, SLIP_ISSUED}}, "yyyyn", "nnnyn", "nnnnn"},
    {"another rule's that is over stands in nobody's way", {{2, RULE_HAND, SLIP_LAPSED}}, "nnnnn", "nnnnn", "yyyyn"},
    {"another rule's that is open does", {{3, RULE_HAND, SLIP_ISSUED}}, "yyynn", "nnnnn", "nnnyn"},
    {"the open one behind others that are over",
     {{3, RULE_HAND, SLIP_REPLIED}, {1, RULE_TIME, SLIP_LAPSED}, {2, RULE_TIME, SLIP_REFUSED}},
     "yyynn",
     "yynnn",
     "nnnyn"},
    {"two rules, each has its own past",
     {{1, RULE_TIME, SLIP_LAPSED}, {2, RULE_HAND, SLIP_ACCEPTED}, {4, RULE_TIME, SLIP_CLOSED}},
     "nnnnn",
     "ynnyn",
     "nyynn"},
};

static void check_list(const struct fixture *f, size_t i) {
    for (uint32_t level = 1; level <= SLIP_LEVEL_MAX + 1; level++) {
        const char answers[] = {
            slips_are_open(&f->slips, f->first, level) ? 'y' : 'n',
            slips_were_issued(&f->slips, f->first, RULE_TIME, level) ? 'y' : 'n',
            slips_may_follow(&f->slips, f->first, RULE_TIME, level) ? 'y' : 'n',
        };
        if (answers[0] != lists[i].open[level - 1] || answers[1] != lists[i].issued[level - 1] ||
            answers[2] != lists[i].follows[level - 1]) {
            fail_msg("%s: level %u: open, issued, follows: %.3s", lists[i].what, level, answers);
        }
    }
}

static void test_lists(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint32_t count = 0;
        f->first = 0; /* another subject */
        for (; count < 4 && lists[i].slips[count].level != 0; count++) {
            const uint32_t number =
                issue(f, lists[i].slips[count].level, lists[i].slips[count].rule, "2020-06-01T10:00:00+08:00");
            move(f, number, lists[i].slips[count].state, slips_row(&f->slips, number)->reply_due);
        }
        assert_int_equal(slips_count(&f->slips, f->first), count);
        check_list(f, i);
    }
}

static void test_is_open(void **state) {
    (void)state;
    static const bool open[] = {[SLIP_ISSUED] = true, [SLIP_REPLIED] = true, [SLIP_CLOSED] = false};
    for (uint8_t i = 0; i <= SLIP_CLOSED; i++) {
        assert_int_equal(slip_is_open(&(struct slip){.state = i}), open[i]);
    }
    /* in logs and snapshots for ever */
    assert_int_equal(SLIP_ISSUED, 1);
    assert_int_equal(SLIP_REPLIED, 2);
    assert_int_equal(SLIP_ACCEPTED, 3);
    assert_int_equal(SLIP_REFUSED, 4);
    assert_int_equal(SLIP_LAPSED, 5);
    assert_int_equal(SLIP_CLOSED, 6);
}

/* --- events --- */

static void test_issued(void **state) {
    struct fixture *f = *state;
    uint32_t other = 0;
    const uint32_t one = issue(f, 1, RULE_TIME, "2020-06-01T10:00:00+08:00");
    const struct slip_issued_body body = {.subject = 9, .at = 60, .agency = 65535, .level = 4, .rule = RULE_HAND};
    slips_issued(&f->slips, ++f->seq, &body, 255, &other);
    const uint32_t two = issue(f, 2, RULE_TIME, "2020-06-02T10:00:00+08:00");
    assert_int_equal(one, 1);
    assert_int_equal(other, 2);
    assert_int_equal(two, 3);
    const struct slip *slip = slips_row(&f->slips, two);
    assert_int_equal(slip->seq, 3);
    assert_int_equal(slip->subject, 7);
    assert_int_equal(slip->next, one); /* newest first, each subject its own list */
    assert_int_equal(slip->issued_at, second_of("2020-06-02T10:00:00+08:00"));
    assert_int_equal(slip->reply_due, day_of("2020-06-04"));
    assert_int_equal(slip->agency, 3);
    assert_int_equal(slip->level, 2);
    assert_int_equal(slip->state, SLIP_ISSUED);
    assert_int_equal(slip->rule, RULE_TIME);
    assert_int_equal(slip->kind, 5);
    assert_int_equal(slips_row(&f->slips, one)->next, 0);
    assert_int_equal(slips_row(&f->slips, other)->next, 0);
    assert_int_equal(slips_row(&f->slips, other)->subject, 9);
    assert_int_equal(slips_row(&f->slips, other)->kind, 255);
    assert_int_equal(agenda_minute(&f->slips.agenda, one), second_of("2020-06-05T00:00:00+08:00") / 60);
    assert_int_equal(agenda_minute(&f->slips.agenda, two), second_of("2020-06-05T00:00:00+08:00") / 60);
    assert_int_equal(agenda_minute(&f->slips.agenda, other), 0); /* nothing is due */
}

/* What a slip waits for after each event. */
static void test_moved(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum slip_state to;
        const char *due;  /* NULL: 0 */
        const char *wait; /* NULL: for nothing */
    } moves[] = {
        {SLIP_ISSUED, "2020-06-08", "2020-06-09T00:00:00+08:00"}, /* planned anew */
        {SLIP_ISSUED, NULL, NULL},                                /* beyond the calendar now */
        {SLIP_ISSUED, "2020-06-03", "2020-06-04T00:00:00+08:00"},
        {SLIP_REPLIED, "2020-06-03", NULL},
        {SLIP_ACCEPTED, "2020-06-03", NULL},
        {SLIP_REFUSED, "2020-06-03", NULL},
        {SLIP_LAPSED, "2020-06-03", NULL},
        {SLIP_CLOSED, "2020-06-03", NULL},
    };
    const uint32_t number = issue(f, 1, RULE_TIME, "2020-06-01T10:00:00+08:00");
    const struct slip before = *slips_row(&f->slips, number);
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        const int32_t due = moves[i].due == NULL ? 0 : day_of(moves[i].due);
        struct slip want = before;
        move(f, number, SLIP_ISSUED, before.reply_due); /* from where it waits */
        move(f, number, moves[i].to, due);
        want.seq = f->seq;
        want.state = (uint8_t)moves[i].to;
        want.reply_due = due;
        assert_memory_equal(slips_row(&f->slips, number), &want, sizeof want); /* and nothing else */
        assert_int_equal(agenda_minute(&f->slips.agenda, number),
                         moves[i].wait == NULL ? 0 : second_of(moves[i].wait) / 60);
    }
    assert_int_equal(f->first, number);
    assert_int_equal(f->slips.rows.count, 1);
}

/* Those due first come first, and only they. */
static void test_agenda(void **state) {
    struct fixture *f = *state;
    const uint32_t blue = issue(f, 1, RULE_TIME, "2020-06-01T10:00:00+08:00");
    const uint32_t red = issue(f, 3, RULE_TIME, "2020-06-01T10:00:00+08:00");
    const uint32_t listed = issue(f, 4, RULE_TIME, "2020-06-01T10:00:00+08:00");
    const uint32_t midnight = second_of("2020-06-03T00:00:00+08:00") / 60;
    assert_int_equal(agenda_due(&f->slips.agenda, midnight - 1), 0);
    assert_int_equal(agenda_due(&f->slips.agenda, midnight), red);
    move(f, red, SLIP_LAPSED, slips_row(&f->slips, red)->reply_due);
    assert_int_equal(agenda_due(&f->slips.agenda, midnight), 0);
    assert_int_equal(agenda_due(&f->slips.agenda, UINT32_MAX), blue);
    move(f, blue, SLIP_CLOSED, slips_row(&f->slips, blue)->reply_due);
    assert_int_equal(agenda_due(&f->slips.agenda, UINT32_MAX), 0);
    assert_true(slips_are_open(&f->slips, f->first, 4)); /* the listed one waits for nothing, and is open still */
    assert_int_equal(f->first, listed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_reply_due), TEST(test_too_late), TEST(test_empty), TEST(test_lists),
        TEST(test_is_open),   TEST(test_issued),   TEST(test_moved), TEST(test_agenda),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
