#include "support/catalogue_fixture.h"

/* The calendar of the approval registry: bitemporal, from notices that are loaded and withdrawn. */

struct loading {
    Common__V1__LoadNotice body;
    Common__V1__NoticeDay days[NOTICE_DAYS_MAX + 1];
    Common__V1__NoticeDay *pointers[NOTICE_DAYS_MAX + 1];
    uint32_t years[8];
    char name[32], names[NOTICE_DAYS_MAX + 1][32];
};

static void loading_init(struct loading *loading, const char *name, int32_t published_day, uint32_t year) {
    memset(loading, 0, sizeof *loading);
    common__v1__load_notice__init(&loading->body);
    snprintf(loading->name, sizeof loading->name, "%s", name);
    loading->body.notice = loading->name;
    loading->body.published_day = (uint32_t)published_day;
    loading->body.years = loading->years;
    loading->body.days = loading->pointers;
    loading->years[0] = year;
    loading->body.n_years = year != 0;
}

static void loading_add(struct loading *loading, int32_t day, bool off, const char *name) {
    const size_t i = loading->body.n_days++;
    common__v1__notice_day__init(&loading->days[i]);
    snprintf(loading->names[i], sizeof loading->names[i], "%s", name);
    loading->days[i].day = (uint32_t)day;
    loading->days[i].off = off;
    loading->days[i].name = loading->names[i];
    loading->pointers[i] = &loading->days[i];
}

static void load(struct fixture *f, struct loading *loading) {
    begin(f, APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE);
    f->command.load_notice = &loading->body;
    decide_as(f, ROLE_SUPERVISOR, "bureau");
}

static void withdraw(struct fixture *f, const char *notice) {
    Common__V1__WithdrawNotice body;
    common__v1__withdraw_notice__init(&body);
    body.notice = (char *)notice;
    begin(f, APPROVALS__V1__COMMAND__BODY_WITHDRAW_NOTICE);
    f->command.withdraw_notice = &body;
    decide_as(f, ROLE_SUPERVISOR, "bureau");
}

static int32_t day_of(const char *text) {
    int32_t day;
    if (!civil_date_parse(text, &day)) {
        fail_msg("%s is no date", text);
    }
    return day;
}

/* One notice of the data, as `lianchengctl import notices` loads it: the year in its name is known by it. */
static void make_loading(const char *wanted, struct loading *loading) {
    FILE *file = fopen("tests/data/calendar.tsv", "r");
    char line[256], date[16], kind[8], holiday[32], notice[16], published[16];
    if (file == NULL) {
        fail_msg("tests/data/calendar.tsv cannot be opened: run the test in the project's folder");
    }
    loading_init(loading, wanted, 0, (uint32_t)strtoul(wanted, NULL, 10));
    while (fgets(line, sizeof line, file) != NULL) {
        char *field[5] = {date, kind, holiday, notice, published}, *at = line;
        const size_t sizes[5] = {sizeof date, sizeof kind, sizeof holiday, sizeof notice, sizeof published};
        for (size_t i = 0; i < 5; i++) {
            const size_t size = strcspn(at, "\t\n");
            snprintf(field[i], sizes[i], "%.*s", (int)size, at);
            at += size + (at[size] != 0);
        }
        if (line[0] >= '0' && line[0] <= '9' && strcmp(notice, wanted) == 0) {
            loading->body.published_day = (uint32_t)day_of(published);

            loading_add(loading, day_of(date), strcmp(kind, "off") == 0, holiday);
        }
    }
    fclose(file);
}

static void load_named(struct fixture *f, const char *notice) {
    static struct loading loading;
    make_loading(notice, &loading);
    load(f, &loading);
    ACCEPTED(f, 1);
    assert_string_equal(said(f, 0)->notice_changed->notice, notice);
}

static int32_t due(const struct fixture *f, const char *accepted, int32_t n) {
    const struct calendar calendar = approvals_calendar(&f->approvals);
    int32_t day = 0;
    return calendar_nth_workday(&calendar, day_of(accepted), n, &day) ? day : -1;
}

/* 2020: the first notice had 02-01 worked; the second, of 01-27, has it off, and 02-03 is the first workday. */
static void the_spring_festival_of_2020(void **state) {
    struct fixture *f = *state;
    assert_int_equal(due(f, "2020-01-22", 3), -1); /* nothing is known yet */
    load_named(f, "2020-A");
    const uint64_t first_seq = f->seq;
    assert_int_equal(f->approvals.notices.days.count, CALENDAR_DAYS);
    assert_int_equal(due(f, "2020-01-22", 3), day_of("2020-02-01"));
    assert_int_equal(due(f, "2020-01-22", 20), day_of("2020-02-25"));
    assert_int_equal(due(f, "2020-12-31", 1), -1); /* the horizon */
    load_named(f, "2020-B");
    const uint64_t second_seq = f->seq;
    assert_int_equal(due(f, "2020-01-22", 3), day_of("2020-02-04"));
    assert_int_equal(due(f, "2020-01-22", 20), day_of("2020-02-27"));
    withdraw(f, "2020-B");
    ACCEPTED(f, 1);
    assert_true(said(f, 0)->notice_changed->withdrawn);
    const uint64_t third_seq = f->seq;
    assert_int_equal(due(f, "2020-01-22", 3), day_of("2020-02-01"));
    withdraw(f, "2020-B");
    REFUSED(f, NOTICE_UNKNOWN, "notice");
    /* what was known when */
    const int32_t day = day_of("2020-02-01");
    const struct {
        uint64_t seq;
        const char *notice;
    } want[] = {{first_seq, NULL},     {first_seq + 1, "2020-A"}, {second_seq, "2020-A"}, {second_seq + 1, "2020-B"},
                {third_seq, "2020-B"}, {third_seq + 1, "2020-A"}, {NOTICES_NOW, "2020-A"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const uint32_t line = notice_line_as_known(&f->approvals.notices, day, want[i].seq);
        assert_int_equal(line != 0, want[i].notice != NULL);
        if (line != 0) {
            const struct notice_line *row = notices_line(&f->approvals.notices, line);
            assert_string_equal(notices_row(&f->approvals.notices, row->notice)->name, want[i].notice);
            assert_int_equal(row->is_off, want[i].notice[5] == 'B');
        }
    }
    assert_false(notice_year_as_known(&f->approvals.notices, 2020, first_seq));
    assert_true(notice_year_as_known(&f->approvals.notices, 2020, first_seq + 1));
    withdraw(f, "2020-A"); /* then nothing is known of 2020 */
    ACCEPTED(f, 1);
    assert_int_equal(due(f, "2020-01-22", 3), -1);
    assert_false(notice_year_as_known(&f->approvals.notices, 2020, NOTICES_NOW));
}

/* Of the order of loading nothing depends but the tie of equal dates. */
static void a_later_notice_holds_though_loaded_first(void **state) {
    struct fixture *f = *state;
    load_named(f, "2020-B");
    load_named(f, "2020-A");
    assert_int_equal(due(f, "2020-01-22", 3), day_of("2020-02-04"));
    load_named(f, "2021-A");
    assert_int_equal(due(f, "2020-12-31", 1), day_of("2021-01-04"));
}

static void notices_are_loaded_once(void **state) {
    struct fixture *f = *state;
    static struct loading loading;
    make_loading("2020-A", &loading);
    load(f, &loading);
    ACCEPTED(f, 1);
    Common__V1__NoticeDay *first = loading.pointers[0]; /* in another order: the same */
    loading.pointers[0] = loading.pointers[3];
    loading.pointers[3] = first;
    load(f, &loading);
    ACCEPTED(f, 0);
    loading.days[2].off = !loading.days[2].off;
    load(f, &loading);
    REFUSED(f, NOTICE_FIXED, "notice");
    loading.days[2].off = !loading.days[2].off;
    withdraw(f, "2020-A");
    load(f, &loading);
    REFUSED(f, NOTICE_FIXED, "notice");
    withdraw(f, "2019-A");
    REFUSED(f, NOTICE_UNKNOWN, "notice");
}

static void odd_notices(void **state) {
    struct fixture *f = *state;
    static struct loading loading;
    loading_init(&loading, "", TODAY, 2020);
    load(f, &loading);
    REFUSED_COMMON(f, MISSING, "notice");
    loading_init(&loading, "a b", TODAY, 2020);
    load(f, &loading);
    REFUSED_COMMON(f, MALFORMED, "notice");
    loading_init(&loading, "12345678901234567890", TODAY, 2020);
    load(f, &loading);
    REFUSED(f, FIELD_TOO_LONG, "notice");
    loading_init(&loading, "x", 0, 2020);
    load(f, &loading);
    REFUSED_COMMON(f, MISSING, "published_day");
    loading_init(&loading, "x", TODAY, 1989);
    load(f, &loading);
    REFUSED_COMMON(f, MALFORMED, "years");
    loading_init(&loading, "x", TODAY, 0);
    load(f, &loading);
    REFUSED_COMMON(f, MISSING, "years");
    loading_init(&loading, "x", TODAY, 2020);
    loading.body.n_years = 5;
    load(f, &loading);
    REFUSED_COMMON(f, TOO_LARGE, "years");
    loading_init(&loading, "x", TODAY, 2020);
    loading_add(&loading, 0, true, "x");
    load(f, &loading);
    REFUSED_COMMON(f, MALFORMED, "days");
    loading_init(&loading, "x", TODAY, 2020);
    loading_add(&loading, TODAY, true, "x");
    loading_add(&loading, TODAY, false, "x");
    load(f, &loading);
    REFUSED_COMMON(f, MALFORMED, "days");
    loading_init(&loading, "x", TODAY, 2020);
    loading_add(&loading, TODAY, true, "1234567890123456789012345");
    load(f, &loading);
    REFUSED(f, FIELD_TOO_LONG, "days");
    loading_init(&loading, "x", TODAY, 2020);
    for (int32_t i = 0; i <= NOTICE_DAYS_MAX; i++) {
        loading_add(&loading, TODAY + i, true, "x");
    }
    load(f, &loading);
    REFUSED_COMMON(f, TOO_LARGE, "days");
    assert_int_equal(f->approvals.notices.rows.count, 0);
}

static uint64_t next_random(uint64_t *random) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

/* Each day looked up in all notices by itself. */
static enum calendar_kind naive_kind(const struct fixture *f, int32_t day, int32_t *published) {
    enum calendar_kind kind = CALENDAR_UNKNOWN;
    const struct civil_date date = civil_date_from_day(day);
    *published = INT32_MIN;
    for (uint32_t row = 1; row <= f->approvals.notices.rows.count; row++) {
        const struct notice *notice = notices_row(&f->approvals.notices, row);
        for (size_t i = 0; i < NOTICE_YEARS_MAX && notice->withdrawn_seq == 0 && kind == CALENDAR_UNKNOWN;
             i++) {
            if (notice->years[i] == date.year) {
                kind = (day % 7 + 10) % 7 >= 5 ? CALENDAR_REST : CALENDAR_WORK;
            }
        }
    }
    for (uint32_t row = 1; row <= f->approvals.notices.rows.count; row++) {
        const struct notice *notice = notices_row(&f->approvals.notices, row);
        for (uint32_t i = 0; i < notice->line_count && notice->withdrawn_seq == 0; i++) {
            const struct notice_line *line = notices_line(&f->approvals.notices, notice->first_line + i);
            if (line->day == day && notice->published_day >= *published) {
                *published = notice->published_day;
                kind = line->is_off ? CALENDAR_OFF : CALENDAR_MADE_UP;
            }
        }
    }
    return kind;
}

static void check_calendar(const struct fixture *f, int32_t from, int32_t until) {
    const struct calendar calendar = approvals_calendar(&f->approvals);
    int32_t worked = 0, published;
    for (int32_t day = from; day < until; day++) {
        int32_t counted = 0;
        assert_int_equal(calendar_kind_of(&calendar, day), naive_kind(f, day, &published));
        if (calendar_workdays(&calendar, from - 1, day, &counted)) {
            worked += calendar_kind_is_work(calendar_kind_of(&calendar, day));
            assert_int_equal(counted, worked);
        }
    }
}

static void notices_against_a_naive_calendar(void **state) {
    struct fixture *f = *state;
    static struct loading loading;
    uint64_t random = 11;
    const int32_t from = day_of("2019-01-01"), until = day_of("2022-01-01");
    for (uint32_t turn = 1; turn <= 60; turn++) {
        char name[16];
        snprintf(name, sizeof name, "n%u", turn);
        loading_init(&loading, name, TODAY + (int32_t)(next_random(&random) % 4),
                     2019 + (uint32_t)(next_random(&random) % 3));
        int32_t day = from + (int32_t)(next_random(&random) % 1000);
        for (uint64_t i = next_random(&random) % 40; i > 0; i--) {
            day += 1 + (int32_t)(next_random(&random) % 3);
            if (day < until) {
                loading_add(&loading, day, next_random(&random) % 2, "节");
            }
        }
        load(f, &loading);
        ACCEPTED(f, 1);
        if (next_random(&random) % 2 == 0) {
            snprintf(name, sizeof name, "n%u", 1 + (uint32_t)(next_random(&random) % turn));
            withdraw(f, name);
        }
        check_calendar(f, from, until);
    }
}

static void the_calendar_asked_for(void **state) {
    struct fixture *f = *state;
    const struct question question = question_of(&supervisor);
    Approvals__V1__GetCalendar ask = APPROVALS__V1__GET_CALENDAR__INIT;
    uint32_t code = 0;
    load_named(f, "2020-A");
    load_named(f, "2020-B");
    load_named(f, "2021-A");
    arena_reset(&f->arena);
    ask.from_day = (uint32_t)day_of("2020-02-01");
    ask.until_day = (uint32_t)day_of("2020-02-04");
    const Approvals__V1__Calendar *calendar =
        approvals_get_calendar(&f->approvals, &question, &ask, &f->arena, &code)->calendar;
    assert_int_equal(calendar->first_year, 2020);
    assert_int_equal(calendar->last_year, 2021);
    assert_int_equal(calendar->n_days, 4);
    assert_string_equal(calendar->days[0]->notice, "2020-B");
    assert_string_equal(calendar->days[0]->holiday, "春节");
    assert_false(calendar->days[0]->work);
    assert_true(calendar->days[2]->work && calendar->days[3]->work);
    assert_string_equal(calendar->days[3]->notice, "");
    ask.from_day = ask.until_day = (uint32_t)day_of("2019-06-03");
    assert_int_equal(approvals_get_calendar(&f->approvals, &question, &ask, &f->arena, &code)->calendar->n_days, 0);
    ask.until_day = ask.from_day + QUERY_CALENDAR_DAYS_MAX;
    assert_null(approvals_get_calendar(&f->approvals, &question, &ask, &f->arena, &code));
    assert_int_equal(code, COMMON__V1__CODE__CODE_TOO_LARGE);
    ask.until_day = ask.from_day - 1;
    assert_null(approvals_get_calendar(&f->approvals, &question, &ask, &f->arena, &code));
    assert_int_equal(code, COMMON__V1__CODE__CODE_MALFORMED);
    ask.from_day = ask.until_day = UINT32_MAX;
    assert_null(approvals_get_calendar(&f->approvals, &question, &ask, &f->arena, &code));
}

/* Open deadlines are planned anew when there are any. */
static void a_notice_asks_for_planning(void **state) {
    struct fixture *f = *state;
    load_named(f, "2019-A");
    assert_int_equal(approvals_course(&f->approvals)->replan_next, 0);
    uint32_t row;
    table_add(&f->approvals.cases, &row);
    load_named(f, "2020-A");
    assert_int_equal(approvals_course(&f->approvals)->replan_next, 1);
    assert_int_equal(approvals_course(&f->approvals)->replan_notice, 2);
    withdraw(f, "2019-A");
    assert_int_equal(approvals_course(&f->approvals)->replan_notice, 1);
    /* the case was made by hand: it is not in the log, and the fold at the end knows nothing of it */
    state_clear(&f->state);
    for (size_t i = 0; i < f->log_size; i++) {
        free(f->log[i].body);
    }
    f->log_size = 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_spring_festival_of_2020),      TEST(a_later_notice_holds_though_loaded_first),
        TEST(notices_are_loaded_once),          TEST(odd_notices),
        TEST(notices_against_a_naive_calendar), TEST(the_calendar_asked_for),
        TEST(a_notice_asks_for_planning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
