#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/issues_ledger.h"

/* Circulars: what lags on a day, frozen under a number. */

#define KIND(word) ISSUES__V1__RECORD_KIND__RECORD_KIND_##word

/* The last one, as it stands in the log and in the feed. */
struct published {
    struct event_circular body;
    struct circular_line lines[ISSUES_CIRCULAR_LINES_MAX];
    char title[ISSUES_TITLE_BYTES_MAX + 1];
    uint32_t feed_kind, feed_day, feed_lines, count;
};

static void watch(void *user, const struct event *event) {
    struct published *published = user;
    if (event->type != EVENT_CIRCULAR) {
        return;
    }
    const uint8_t *bytes = event->private_body;
    memcpy(&published->body, bytes, sizeof published->body);
    const size_t lines_size = published->body.line_count * sizeof(struct circular_line);
    size_t at = sizeof published->body + lines_size, size;
    enum text_kind kind;
    const char *text;
    memcpy(published->lines, bytes + sizeof published->body, lines_size);
    assert_true(texts_next(bytes, event->private_size, &at, &kind, &text, &size));
    assert_int_equal(kind, TEXT_TITLE);
    assert_int_equal(at, event->private_size);
    memcpy(published->title, text, size);
    published->title[size] = '\0';
    const Issues__V1__CircularPublished *feed = ((const Issues__V1__Event *)event->public_body)->circular_published;
    published->feed_kind = feed->kind;
    published->feed_day = feed->day;
    published->feed_lines = feed->lines;
    published->count++;
}

struct desk {
    struct office office;
    struct published published;
};

static void begin(struct desk *desk, uint32_t issues_max) {
    memset(desk, 0, sizeof *desk);
    office_init(&desk->office, issues_max);
    office_begin(&desk->office, "2020-01-01");
    office_tick(&desk->office, "2019-12-31T00:00"); /* what the notices change is planned */
    desk->office.watch = watch;
    desk->office.user = &desk->published;
}

static void end(struct desk *desk) {
    assert_true(office_folds(&desk->office));
    office_release(&desk->office);
}

/* Zeros and NULL: what is usual; NOTHING: really empty. */
struct circular_act {
    const char *number, *first, *last, *title, *at;
    int kind; /* 0: tasks; -1: unspecified */
};

static bool publish(struct desk *desk, const struct circular_act *act) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishCircular circular = ISSUES__V1__PUBLISH_CIRCULAR__INIT;
    circular.circular_number = issue_text(act->number, true, "C1");
    circular.kind = act->kind < 0 ? 0 : (Issues__V1__RecordKind)(act->kind == 0 ? (int)KIND(TASK) : act->kind);
    circular.first_day = ledger_day(act->first, "2020-01-01");
    circular.last_day = ledger_day(act->last, "2020-03-31");
    circular.title = issue_text(act->title, true, "the first quarter");
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CIRCULAR;
    body.publish_circular = &circular;
    return office_send(&desk->office, "bureau", ROLE_SUPERVISOR, act->at != NULL ? act->at : "2020-04-01T10:00", &body);
}

static void assert_refused(const struct desk *desk, uint32_t code, const char *field) {
    const struct decision *decision = &desk->office.decision;
    assert_true(decision->refused);
    assert_int_equal(decision->code, code);
    assert_string_equal(decision->field == NULL ? "" : decision->field, field == NULL ? "" : field);
}

static void draft(struct desk *desk, const char *number, const char *due, const char *milestone) {
    assert_true(office_draft(
        &desk->office,
        &(struct ledger_draft){.number = number, .due = due, .parts = {NOTHING}, .milestones = {{milestone, 0}}}));
}

static void step(struct desk *desk, const char *number, int step, const char *at, int64_t value) {
    office_task_step(&desk->office, &(struct task_act){.step = step, .number = number, .at = at, .value = value});
}

/* --- tasks --- */

static void it_lists_the_tasks_that_lag(void **state) {
    (void)state;
    static struct desk desk;
    begin(&desk, 100);
    draft(&desk, "draft", "2020-02-01", NULL);
    draft(&desk, "red", "2020-03-31", NULL);
    draft(&desk, "orange", "2020-12-31", "2020-03-31");
    draft(&desk, "yellow", "2020-12-31", NULL);
    draft(&desk, "good", "2020-12-31", NULL);
    draft(&desk, "deferred", "2020-03-31", NULL);
    draft(&desk, "done", "2020-03-31", NULL);
    static const char *const issued[] = {"red", "orange", "yellow", "good", "deferred", "done"};
    for (size_t i = 0; i < 6; i++) {
        step(&desk, issued[i], TASK_STEP(ISSUED), "2020-01-02T10:00", 0);
        step(&desk, issued[i], TASK_STEP(STARTED), "2020-01-03T09:00", 0);
        step(&desk, issued[i], TASK_STEP(MEASURED), "2020-03-20T09:00", i == 2 ? 100 : i == 3 ? 900 : 1000);
    }
    step(&desk, "deferred", TASK_STEP(DEFERRED), "2020-03-21T09:00", 0);
    step(&desk, "done", TASK_STEP(SIGNOFF_ASKED), "2020-03-21T09:00", 0);
    step(&desk, "done", TASK_STEP(SIGNED_OFF), "2020-03-21T10:00", 0);
    assert_true(publish(&desk, &(struct circular_act){.at = "2020-04-01T00:00"})); /* whether a tick came or not */
    const struct {
        const char *number;
        uint8_t lag;
        uint16_t progress;
        const char *due;
    } lines[] = {{"red", TASK_LAG(RED), 1000, "2020-03-31"},
                 {"orange", TASK_LAG(ORANGE), 1000, "2020-12-31"},
                 {"yellow", TASK_LAG(YELLOW), 100, "2020-12-31"}};
    const struct published *published = &desk.published;
    assert_int_equal(published->body.line_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct circular_line *line = &published->lines[i];
        assert_string_equal(issues_task(&desk.office.issues, line->row)->number, lines[i].number);
        assert_int_equal(line->lag, lines[i].lag);
        assert_int_equal(line->light, 0);
        assert_int_equal(line->progress, lines[i].progress);
        assert_int_equal(line->due, office_day(lines[i].due));
        assert_int_equal(line->agency, issues_find_agency(&desk.office.issues, "plan"));
    }
    assert_string_equal(published->body.number, "C1");
    assert_string_equal(published->title, "the first quarter");
    assert_int_equal(published->body.first_day, office_day("2020-01-01"));
    assert_int_equal(published->body.last_day, office_day("2020-03-31"));
    assert_int_equal(published->feed_kind, KIND(TASK));
    assert_int_equal(published->feed_day, office_day("2020-04-01"));
    assert_int_equal(published->feed_lines, 3);
    const struct circular *row = issues_circular(&desk.office.issues, issues_find_circular(&desk.office.issues, "C1"));
    assert_int_equal(row->lines, 3);
    assert_int_equal(row->seq, desk.office.seq);
    assert_int_equal(row->published_at, office_ms("2020-04-01T00:00") / 1000);
    assert_int_equal(row->kind, KIND(TASK));
    end(&desk);
}

/* What is published stays as it was, whatever becomes of the tasks; the next one says what is then. */
static void it_is_frozen(void **state) {
    (void)state;
    static struct desk desk;
    begin(&desk, 100);
    draft(&desk, "T1", "2020-03-31", NULL);
    step(&desk, "T1", TASK_STEP(ISSUED), "2020-01-02T10:00", 0);
    step(&desk, "T1", TASK_STEP(STARTED), "2020-01-02T10:00", 0);
    assert_false(publish(&desk, &(struct circular_act){.at = "2020-01-03T09:00"}));
    assert_refused(&desk, REFUSAL(CIRCULAR_EMPTY), NULL);
    assert_true(publish(&desk, &(struct circular_act){.at = "2020-02-28T09:00"}));
    assert_int_equal(desk.published.lines[0].lag, TASK_LAG(YELLOW));
    const uint64_t seq = desk.office.seq;
    assert_true(publish(&desk, &(struct circular_act){.number = "C2", .at = "2020-04-01T09:00"}));
    assert_int_equal(desk.published.lines[0].lag, TASK_LAG(RED));
    step(&desk, "T1", TASK_STEP(DEFERRED), "2020-04-01T10:00", 0);
    assert_false(publish(&desk, &(struct circular_act){.number = "C3", .at = "2020-04-01T11:00"}));
    assert_refused(&desk, REFUSAL(CIRCULAR_EMPTY), NULL);
    assert_false(publish(&desk, &(struct circular_act){.at = "2020-04-01T11:00"}));
    assert_refused(&desk, REFUSAL(CIRCULAR_EXISTS), "circular_number");
    assert_int_equal(desk.office.issues.circulars.count, 2);
    assert_int_equal(issues_circular(&desk.office.issues, 1)->seq, seq);
    end(&desk);
}

/* --- issues --- */

/* Registered, screened and dispatched on 2 March 2020; class C is due on the 9th, B on the 23rd. */
static void an_issue(struct desk *desk, const char *number, int class) {
    struct issue_act acts[] = {{.step = ISSUE_STEP(REGISTERED), .at = "2020-03-02T09:00"},
                               {.step = ISSUE_STEP(SCREENED), .at = "2020-03-02T09:10", .class = class},
                               {.step = ISSUE_STEP(DISPATCHED), .at = "2020-03-02T09:20"},
                               {.step = ISSUE_STEP(STARTED), .at = "2020-03-02T09:30"}};
    for (size_t i = 0; i < 4; i++) {
        acts[i].number = number;
        assert_true(office_issue(&desk->office, &acts[i]));
    }
}

static void it_lists_issues_that_are_overdue_or_supervised(void **state) {
    (void)state;
    static struct desk desk;
    begin(&desk, 100);
    an_issue(&desk, "late", ISSUE_CLASS(C));
    an_issue(&desk, "in time", ISSUE_CLASS(B));
    an_issue(&desk, "watched", ISSUE_CLASS(B));
    an_issue(&desk, "slipped", ISSUE_CLASS(B));
    an_issue(&desk, "answered", ISSUE_CLASS(C));
    an_issue(&desk, "cancelled", ISSUE_CLASS(C));
    assert_true(office_slip_issue(&desk.office, KIND(ISSUE), "watched", 2, "2020-03-03T09:00"));
    assert_true(office_slip_issue(&desk.office, KIND(ISSUE), "slipped", 1, "2020-03-03T09:00"));
    office_step(&desk.office, "answered", ISSUE_STEP(ANSWERED), "2020-03-03T10:00");
    office_step(&desk.office, "cancelled", ISSUE_STEP(CANCELLED), "2020-03-03T10:00");
    assert_true(publish(&desk, &(struct circular_act){.kind = KIND(ISSUE), .at = "2020-03-09T23:59:59"}));
    assert_int_equal(desk.published.body.line_count, 1); /* the last day is in time */
    assert_string_equal(issues_issue(&desk.office.issues, desk.published.lines[0].row)->number, "watched");
    assert_true(publish(&desk, &(struct circular_act){.number = "C2", .kind = KIND(ISSUE), .at = "2020-03-10T00:00"}));
    assert_int_equal(desk.published.body.line_count, 2);
    assert_string_equal(issues_issue(&desk.office.issues, desk.published.lines[0].row)->number, "late");
    assert_int_equal(desk.published.lines[0].light, ISSUES__V1__LIGHT__LIGHT_RED);
    assert_int_equal(desk.published.lines[0].due, office_day("2020-03-09"));
    assert_int_equal(desk.published.lines[0].lag, 0);
    assert_string_equal(issues_issue(&desk.office.issues, desk.published.lines[1].row)->number, "watched");
    assert_int_equal(desk.published.lines[1].light, ISSUES__V1__LIGHT__LIGHT_GREEN);
    assert_int_equal(desk.published.feed_kind, KIND(ISSUE));
    assert_int_equal(desk.published.feed_lines, 2);
    end(&desk);
}

/* --- refusals --- */

static void each_field_is_checked(void **state) {
    char long_number[52], long_title[202];
    memset(long_number, 'n', sizeof long_number);
    long_number[51] = '\0';
    memset(long_title, 't', sizeof long_title);
    long_title[201] = '\0';
    const struct {
        struct circular_act act;
        uint32_t code;
        const char *field;
    } cases[] = {{{.number = NOTHING}, COMMON_REFUSAL(MISSING), "circular_number"},
                 {{.number = long_number}, REFUSAL(FIELD_TOO_LONG), "circular_number"},
                 {{.kind = -1}, COMMON_REFUSAL(MISSING), "kind"},
                 {{.kind = KIND(CLUE)}, COMMON_REFUSAL(UNKNOWN_VALUE), "kind"},
                 {{.kind = 9}, COMMON_REFUSAL(UNKNOWN_VALUE), "kind"},
                 {{.first = NOTHING}, COMMON_REFUSAL(MISSING), "first_day"},
                 {{.last = NOTHING}, COMMON_REFUSAL(MISSING), "last_day"},
                 {{.first = "2020-04-01", .last = "2020-03-31"}, COMMON_REFUSAL(MALFORMED), "last_day"},
                 {{.title = NOTHING}, COMMON_REFUSAL(MISSING), "title"},
                 {{.title = long_title}, REFUSAL(FIELD_TOO_LONG), "title"},
                 {{.kind = KIND(ISSUE)}, REFUSAL(CIRCULAR_EMPTY), NULL}};
    (void)state;
    static struct desk desk;
    begin(&desk, 100);
    draft(&desk, "T1", "2020-03-31", NULL);
    step(&desk, "T1", TASK_STEP(ISSUED), "2020-01-02T10:00", 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(publish(&desk, &cases[i].act));
        assert_refused(&desk, cases[i].code, cases[i].field);
    }
    assert_int_equal(desk.published.count, 0);
    long_title[200] = '\0';
    long_number[50] = '\0';
    assert_true(publish(&desk, &(struct circular_act){.number = long_number, .title = long_title}));
    assert_string_equal(desk.published.title, long_title);
    assert_int_equal(issues_find_circular(&desk.office.issues, long_number), 1);
    end(&desk);
}

/* As many lines as there may be, and one more. */
static void it_has_an_end(void **state) {
    (void)state;
    static struct desk desk;
    begin(&desk, 100);
    for (uint32_t i = 0; i < ISSUES_CIRCULAR_LINES_MAX + 1; i++) {
        char number[16];
        snprintf(number, sizeof number, "T%u", i);
        if (i == ISSUES_CIRCULAR_LINES_MAX) {
            assert_true(publish(&desk, &(struct circular_act){.number = "full"}));
            assert_int_equal(desk.published.body.line_count, ISSUES_CIRCULAR_LINES_MAX);
            assert_int_equal(desk.published.lines[ISSUES_CIRCULAR_LINES_MAX - 1].row, ISSUES_CIRCULAR_LINES_MAX);
        }
        draft(&desk, number, "2020-03-31", NULL);
        step(&desk, number, TASK_STEP(ISSUED), "2020-01-02T10:00", 0);
    }
    assert_false(publish(&desk, &(struct circular_act){.number = "too much"}));
    assert_refused(&desk, COMMON_REFUSAL(EXHAUSTED), NULL);
    end(&desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_lists_the_tasks_that_lag),
        cmocka_unit_test(it_is_frozen),
        cmocka_unit_test(it_lists_issues_that_are_overdue_or_supervised),
        cmocka_unit_test(each_field_is_checked),
        cmocka_unit_test(it_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
