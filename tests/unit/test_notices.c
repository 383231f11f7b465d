#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agencies/agencies.h"
#include "base/civil.h"
#include "calendar/notices.h"

/* Notices and agencies without a registry: bounds that no registry reaches soon, bodies that lie anywhere. */

struct fixture {
    struct state state;
    struct notices notices;
    struct agencies agencies;
    struct arena arena;
    uint64_t seq;
};

static int begin(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    notices_init(&f->notices, &f->state);
    agencies_init(&f->agencies, &f->state);
    arena_init(&f->arena, 1u << 20);
    *state = f;
    return 0;
}

static int end(void **state) {
    struct fixture *f = *state;
    state_release(&f->state);
    arena_release(&f->arena);
    free(f);
    return 0;
}

/* A notice of one year that names so many days of it, each off. */
struct said {
    Common__V1__LoadNotice body;
    Common__V1__NoticeDay days[NOTICE_DAYS_MAX + 1], *list[NOTICE_DAYS_MAX + 1];
    uint32_t years[1];
    char name[16];
};

static void say(struct said *said, unsigned number, uint32_t year, size_t days) {
    common__v1__load_notice__init(&said->body);
    snprintf(said->name, sizeof said->name, "%u", number);
    said->body.notice = said->name;
    said->body.published_day = (uint32_t)civil_day_from_date(2019, 12, 1);
    said->years[0] = year;
    said->body.years = said->years;
    said->body.n_years = 1;
    said->body.days = said->list;
    said->body.n_days = days;
    for (size_t i = 0; i < days; i++) {
        common__v1__notice_day__init(&said->days[i]);
        said->days[i].day = (uint32_t)(civil_day_from_date((int32_t)year, 1, 1) + (int32_t)i);
        said->days[i].off = true;
        said->list[i] = &said->days[i];
    }
}

static enum notice_verdict check(struct fixture *f, struct said *said, struct notice_body **body, size_t *size, const char **field) {
    arena_reset(&f->arena);
    return notices_check(&f->notices, &said->body, &f->arena, body, size, field);
}

/* Loads from an odd address: the log gives bodies as they lie. */
static void load(struct fixture *f, struct said *said) {
    struct notice_body *body = NULL;
    const char *field;
    size_t size = 0;
    assert_int_equal(check(f, said, &body, &size, &field), NOTICE_NEW);
    uint8_t *odd = malloc(size + 1);
    assert_non_null(odd);
    memcpy(odd + 1, body, size);
    notices_load(&f->notices, ++f->seq, odd + 1, size);
    free(odd);
}

static void a_body_may_lie_anywhere(void **state) {
    struct fixture *f = *state;
    struct said *said = calloc(1, sizeof *said);
    say(said, 1, 2020, 3);
    load(f, said);
    const struct calendar calendar = notices_calendar(&f->notices);
    assert_int_equal(calendar_kind_of(&calendar, civil_day_from_date(2020, 1, 3)), CALENDAR_OFF); /* a Friday */
    assert_int_equal(calendar_kind_of(&calendar, civil_day_from_date(2020, 1, 6)), CALENDAR_WORK);
    assert_int_equal(notices_last_seq(&f->notices), 1);
    notices_withdraw(&f->notices, 1, ++f->seq);
    assert_int_equal(calendar_kind_of(&calendar, civil_day_from_date(2020, 1, 3)), CALENDAR_UNKNOWN);
    assert_int_equal(notices_last_seq(&f->notices), 2);
    free(said);
}

static void lines_and_notices_have_an_end(void **state) {
    struct fixture *f = *state;
    struct said *said = calloc(1, sizeof *said);
    struct notice_body *body;
    const char *field;
    size_t size;
    unsigned number = 0;
    while (f->notices.lines.count + 365 <= NOTICE_LINES_MAX) {
        number++;
        say(said, number, 2000 + number % 100, 365);
        load(f, said);
    }
    say(said, ++number, 2020, 365);
    assert_int_equal(check(f, said, &body, &size, &field), NOTICE_FULL);
    while (f->notices.rows.count < NOTICES_MAX) {
        say(said, number++, 2020, 0);
        load(f, said);
    }
    say(said, 999999, 2020, 0);
    assert_int_equal(check(f, said, &body, &size, &field), NOTICE_FULL);
    say(said, 1, 2001, 365); /* what is known is known */
    assert_int_equal(check(f, said, &body, &size, &field), NOTICE_SAME);
    free(said);
}

/* --- agencies --- */

static enum agency_verdict check_agency(struct fixture *f, const char *code, const char *name, uint32_t region, const char *credit_code,
                                        struct agency_body *body) {
    Common__V1__RegisterAgency said = COMMON__V1__REGISTER_AGENCY__INIT;
    const char *field = NULL;
    bool is_odd;
    said.agency = (char *)(uintptr_t)code;
    said.name = (char *)(uintptr_t)name;
    said.region = region;
    said.credit_code = (char *)(uintptr_t)credit_code;
    return agencies_check(&f->agencies, &said, body, &is_odd, &field);
}

static void agencies_keep_their_code_and_region(void **state) {
    struct fixture *f = *state;
    struct agency_body body;
    char long_name[AGENCY_NAME_BYTES + 1];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(check_agency(f, "", "n", 411000, "", &body), AGENCY_MISSING);
    assert_int_equal(check_agency(f, "Tax", "n", 411000, "", &body), AGENCY_MALFORMED);
    assert_int_equal(check_agency(f, "tax", "", 411000, "", &body), AGENCY_MISSING);
    assert_int_equal(check_agency(f, "tax", long_name, 411000, "", &body), AGENCY_TOO_LONG);
    assert_int_equal(check_agency(f, "tax", "n", 411023, "", &body), AGENCY_REGION_UNKNOWN); /* retired */
    assert_int_equal(check_agency(f, "tax", "n", 411000, "123", &body), AGENCY_CREDIT_INVALID);
    assert_int_equal(check_agency(f, "tax", "n", 411000, "", &body), AGENCY_NEW);
    agencies_register(&f->agencies, ++f->seq, &body);
    assert_int_equal(agencies_find(&f->agencies, "tax"), 1);
    assert_int_equal(check_agency(f, "tax", "n", 411000, "", &body), AGENCY_SAME);
    assert_int_equal(check_agency(f, "tax", "n", 411002, "", &body), AGENCY_REGION_FIXED);
    assert_int_equal(check_agency(f, "tax", "other", 411000, "", &body), AGENCY_NEW);
    agencies_register(&f->agencies, ++f->seq, &body);
    assert_int_equal(f->agencies.rows.count, 1);
    assert_string_equal(agencies_row(&f->agencies, 1)->name, "other");
    assert_int_equal(agencies_row(&f->agencies, 1)->last_seq, 2);
}

static void agencies_have_an_end(void **state) {
    struct fixture *f = *state;
    struct agency_body body;
    for (unsigned i = 0; i < AGENCIES_MAX; i++) {
        char code[16];
        snprintf(code, sizeof code, "a-%u", i);
        assert_int_equal(check_agency(f, code, "n", 411000, "", &body), AGENCY_NEW);
        agencies_register(&f->agencies, ++f->seq, &body);
    }
    assert_int_equal(check_agency(f, "one-more", "n", 411000, "", &body), AGENCY_FULL);
    assert_int_equal(check_agency(f, "a-7", "renamed", 411000, "", &body), AGENCY_NEW);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_body_may_lie_anywhere),
        TEST(lines_and_notices_have_an_end),
        TEST(agencies_keep_their_code_and_region),
        TEST(agencies_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
