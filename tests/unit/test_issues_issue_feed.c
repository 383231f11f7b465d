#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/issues_ledger.h"
#include "support/issues_ways.h"

/* What leaves the registry of enterprise issues and what stays in its log: where an issue counts after each step, that
 * nobody can tell from the feed whose issue it is, what a history will find; and what is counted of items, tasks and
 * contact rules. */

/* An office that writes down (diary), and which steps the feed had and which the log has of the last command. */
struct book {
    struct diary diary; /* first: its watch runs too */
    uint64_t seen[2];   /* bit of a step in the feed: below 64; from 100 on */
    Issues__V1__IssueFacts facts; /* of the last step in the feed; its texts in: */
    char item[ISSUES_NUMBER_BYTES], task[ISSUES_NUMBER_BYTES];
    struct event_issue_step body; /* of the last step in the log */
    uint8_t text[2048];           /* of the last event in the log, behind its fixed part */
    size_t text_size;
};

static bool book_saw(const struct book *book, unsigned step) {
    return (book->seen[step >= 100] >> (step >= 100 ? step - 100 : step) & 1) != 0;
}

static void book_public(struct book *book, const Issues__V1__IssueMoved *moved) {
    const unsigned step = (unsigned)moved->step;
    book->seen[step >= 100] |= UINT64_C(1) << (step >= 100 ? step - 100 : step);
    book->facts = *moved->facts;
    snprintf(book->item, sizeof book->item, "%s", moved->facts->item_code);
    snprintf(book->task, sizeof book->task, "%s", moved->facts->task_number);
}

static void book_private(struct book *book, const struct event *event) {
    const size_t fixed = event->type == EVENT_ISSUE_STEP      ? sizeof book->body
                         : event->type == EVENT_CONTACT_RULE ? sizeof(struct event_contact_rule)
                                                             : sizeof(struct event_issue_registered);
    if (event->type == EVENT_ISSUE_STEP) {
        memcpy(&book->body, event->private_body, sizeof book->body);
    }
    book->text_size = event->private_size - fixed;
    assert_true(book->text_size <= sizeof book->text);
    memcpy(book->text, (const uint8_t *)event->private_body + fixed, book->text_size);
}

static void book_watch(void *user, const struct event *event) {
    struct book *book = user;
    const Issues__V1__Event *public = (const Issues__V1__Event *)event->public_body;
    diary_watch(&book->diary, event);
    if (event->type == EVENT_ISSUE_STEP || event->type == EVENT_ISSUE_REGISTERED || event->type == EVENT_CONTACT_RULE) {
        book_private(book, event);
    }
    if (public != NULL && public->body_case == ISSUES__V1__EVENT__BODY_ISSUE_MOVED) {
        book_public(book, public->issue_moved);
    }
}

static void book_begin(struct book *book, const char *known_on) {
    *book = (struct book){.text_size = 0};
    diary_begin(&book->diary, known_on);
    book->diary.office.watch = book_watch;
    book->diary.office.user = book;
}

/* The one text of a kind behind the last event's body; "": none. */
static const char *book_text(const struct book *book, enum text_kind kind) {
    static char found[1024];
    size_t at = 0, size;
    enum text_kind next;
    const char *text;
    found[0] = '\0';
    while (texts_next(book->text, book->text_size, &at, &next, &text, &size)) {
        if (next == kind) {
            assert_string_equal(found, "");
            snprintf(found, sizeof found, "%.*s", (int)size, text);
        }
    }
    assert_int_equal(at, book->text_size);
    return found;
}

/* --- where it counts --- */

/* The day of the registration at every step; class and lead from the step on that says them. */
static void each_step_counts_where_it_belongs(void **state) {
    (void)state;
    static const struct {
        struct issue_act act;
        const char *agency;
        int class;
    } steps[] = {
        {{.step = 2, .class = ISSUE_CLASS(A), .at = "2020-06-02T09:00"}, "", ISSUE_CLASS(A)},
        {{.step = 5, .parts = {"fire"}, .at = "2020-06-03T09:00"}, "plan", ISSUE_CLASS(A)},
        {{.step = 6, .at = "2020-06-04T09:00"}, "plan", ISSUE_CLASS(A)},
        {{.step = 5, .lead = "proc", .at = "2020-06-04T10:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 7, .org = "proc", .at = "2020-06-05T09:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 16, .at = "2020-06-08T09:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 11, .org = "proc", .at = "2020-06-09T09:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 12, .at = "2020-06-10T09:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 14, .at = "2020-06-11T09:00"}, "proc", ISSUE_CLASS(A)},
        {{.step = 15, .at = "2020-06-12T09:00"}, "proc", ISSUE_CLASS(A)},
    };
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    const struct issue_act registered = {.step = 1,
                                         .number = "Q",
                                         .at = "2020-06-01T23:59:59",
                                         .region = 411081,
                                         .topic = ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_TAX,
                                         .item = "I-1",
                                         .task = "T-1"};
    assert_true(office_issue(office, &registered));
    for (size_t i = 0; i <= sizeof steps / sizeof steps[0]; i++) {
        assert_string_equal(book.diary.agency, i == 0 ? "" : steps[i - 1].agency);
        assert_int_equal(book.facts.class_, i == 0 ? 0 : steps[i - 1].class);
        assert_int_equal(book.facts.registered_day, office_day("2020-06-01"));
        assert_int_equal(book.facts.region, 411081);
        assert_int_equal(book.facts.topic, ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_TAX);
        assert_string_equal(book.item, "I-1");
        assert_string_equal(book.task, "T-1");
        if (i < sizeof steps / sizeof steps[0]) {
            struct issue_act act = steps[i].act;
            act.number = "Q";
            assert_true(office_issue(office, &act));
            assert_int_equal(book.diary.moved.day, civil_day_of_ms(office_ms(act.at)));
        }
    }
    diary_end(&book.diary);
}

/* --- nobody can tell whose it is --- */

static void hide(struct diary *diary) {
    static char credit_code[CREDIT_CODE_BYTES];
    office_credit_code(900, credit_code);
    const char *const secrets[] = {"SECRET", credit_code, "a road is closed", "a reason",
                                   "R-1",    "BASE",      "water",            "hall"};
    memcpy(diary->secrets, secrets, sizeof secrets);
}

/* Issues in every state, a question for an extension, a second round, a resumption, then half a year with a notice. */
static void no_step_says_whose_it_is(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-01-22");
    hide(&book.diary);
    office_step(office, "BASE", ISSUE_STEP(REGISTERED), "2020-01-22T08:00");
    for (const char *letter = issue_letters + 1; *letter != '\0'; letter++) {
        char number[16];
        snprintf(number, sizeof number, "SECRET-%c", *letter);
        issue_lead_to(office, number, *letter, "2020-01-22", 0);
    }
    static const struct {
        const char *letter;
        int step;
    } further[] = {{"H", 9}, {"H", 10}, {"L2", 18}, {"H", 16}, {"A2", 13}, {"A2", 21}};
    issue_lead_to(office, "SECRET-L2", 'L', "2020-01-22", 0);
    issue_lead_to(office, "SECRET-A2", 'A', "2020-01-22", 0);
    for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
        char number[16];
        snprintf(number, sizeof number, "SECRET-%s", further[i].letter);
        office_step(office, number, further[i].step, "2020-01-22T10:00");
    }
    assert_true(office_load_notice(office, "2020-B"));
    office_tick(office, "2020-07-22T00:00");
    for (unsigned step = 1; step <= 117; step += step == 21 ? 110 - 21 : 1) {
        const bool is_within = step == ISSUE_STEP(EXTENSION_ASKED) || step == ISSUE_STEP(COMMENTED);
        assert_int_equal(book_saw(&book, step), !is_within);
    }
    diary_end(&book.diary);
}

/* --- what the log keeps --- */

static void the_log_knows_who_said_what(void **state) {
    (void)state;
    static const struct {
        struct issue_act act;
        const char *principal;
        uint16_t by; /* agencies in the order in which the fixture registers them: plan 1, fire 2, water 3, hall 4 */
        int actor;
    } steps[] = {
        {{.step = 2, .actor = ACTOR(CLERK), .reason = "why it is B"}, "hall", 4, ACTOR(CLERK)},
        {{.step = 5, .parts = {"fire", "water"}, .reason = "to whom it belongs"}, "bureau", 0, ACTOR(SUPERVISOR)},
        {{.step = 7, .actor = ACTOR(HEAD)}, "plan", 1, ACTOR(HEAD)},
        {{.step = 8, .org = "water", .reason = "done"}, "water", 3, ACTOR(HANDLER)},
        {{.step = 16, .actor = ACTOR(LEADER), .reason = "too slow"}, "government", 0, ACTOR(LEADER)},
        {{.step = 21, .actor = ACTOR(APPLICANT), .reason = "how far is it?"}, "hall", 4, ACTOR(APPLICANT)},
        {{.step = 19, .reason = "a crime", .receipt = "2020-77", .target = 2}, "bureau", 0, ACTOR(SUPERVISOR)},
    };
    struct book book;
    book_begin(&book, "2020-06-01");
    const struct issue_act registered = {.step = 1, .number = "Q", .title = "no power", .at = "2020-06-01T09:00"};
    assert_true(office_issue(&book.diary.office, &registered));
    assert_string_equal(book_text(&book, TEXT_TITLE), "no power");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct issue_act act = steps[i].act;
        char principal[64];
        act.number = "Q";
        act.at = "2020-06-01T10:00";
        assert_true(office_issue(&book.diary.office, &act));
        snprintf(principal, sizeof principal, "%s/%u", steps[i].principal, (unsigned)office_role(steps[i].actor));
        assert_true(book.body.principal == issues_principal(principal));
        assert_int_equal(book.body.by, steps[i].by);
        assert_int_equal(book.body.actor, steps[i].actor);
        assert_int_equal(book.body.target, act.target);
        assert_string_equal(book_text(&book, TEXT_REASON), act.reason == NULL ? "" : act.reason);
        assert_string_equal(book_text(&book, TEXT_LETTER), act.receipt == NULL ? "" : act.receipt);
    }
    const struct record_part *fire =
        issues_part(&book.diary.office.issues, office_row(&book.diary.office, "Q")->first_part);
    assert_int_equal(fire->flags, 0); /* "water" did its own part, not the first one */
    assert_int_equal(issues_part(&book.diary.office.issues, fire->next)->flags, PART_DONE);
    assert_int_equal(issues_part(&book.diary.office.issues, fire->next)->at, office_ms("2020-06-01T10:00") / 1000);
    diary_end(&book.diary);
}

/* No key takes a step of the registry, as whoever it acts. */
static void only_time_takes_its_steps(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    static const struct {
        char letter;
        int first, last;
    } tries[] = {{'R', 110, 110}, {'D', 111, 111}, {'H', 112, 114}, {'A', 115, 115}, {'L', 116, 116}, {'P', 117, 117}};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        const char number[] = {tries[i].letter, '\0'};
        issue_lead_to(office, number, tries[i].letter, "2020-06-01", 0);
        const uint64_t seq = office->seq;
        for (int role = ROLE_PUBLISHER; role <= ROLE_SUPERVISOR; role++) {
            for (int step = tries[i].first; step <= tries[i].last; step++) {
                for (int actor = ACTOR(APPLICANT); actor <= ACTOR(SYSTEM) + 1; actor++) {
                    const struct issue_act act = {.step = step, .number = number, .actor = actor, .org = "plan",
                                                  .role = (enum role)role, .at = "2020-08-03T10:00"};
                    assert_false(office_issue(office, &act));
                    assert_int_equal(office->decision.code, REFUSAL(WRONG_ACTOR));
                }
            }
        }
        assert_int_equal(office->seq, seq);
    }
    diary_end(&book.diary);
}

/* --- what is counted --- */

/* Open and overdue of an item: of two issues about it, C is overdue after five workdays, B after fifteen. */
static void what_is_counted_of_an_item(void **state) {
    (void)state;
    static const struct {
        const char *tick; /* then the step */
        const char *number;
        int step;
        uint32_t open, overdue;
    } moves[] = {
        {"2020-06-08T23:59", "C", 21, 2, 0}, {"2020-06-09T00:00", "C", 21, 2, 1}, {"2020-06-23T00:00", "B", 21, 2, 2},
        {"2020-06-23T09:00", "C", 11, 2, 1}, {"2020-06-23T09:00", "B", 17, 2, 0}, /* long-term: open, in no clock */
        {"2020-06-23T10:00", "C", 12, 2, 0}, {"2020-06-23T10:00", "C", 14, 1, 0}, {"2020-06-23T11:00", "C", 15, 1, 0},
        {"2020-06-24T09:00", "B", 18, 1, 0}, {"2020-07-17T00:00", "B", 21, 1, 1}, {"2020-07-17T09:00", "B", 19, 0, 0},
    };
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    for (int class = ISSUE_CLASS(B); class <= ISSUE_CLASS(C); class++) {
        const char number[] = {class == ISSUE_CLASS(B) ? 'B' : 'C', '\0'};
        struct issue_act act = {.number = number, .item = "I", .class = class, .at = "2020-06-01T09:00"};
        for (const char *step = "\1\2\5\7"; *step != '\0'; step++) {
            act.step = *step;
            assert_true(office_issue(office, &act));
        }
    }
    const struct about *item = issues_about(&office->issues, issues_find_about(&office->issues, false, "I"));
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        office_tick(office, moves[i].tick);
        office_step(office, moves[i].number, moves[i].step, moves[i].tick);
        assert_int_equal(item->open, moves[i].open);
        assert_int_equal(item->overdue, moves[i].overdue);
        assert_int_equal(item->issues, 2);
    }
    diary_end(&book.diary);
}

/* A dispatch or a part that was said to be late counts once, though a notice moved its day behind what was said. */
static void what_was_counted_is_not_counted_again(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-01-22");
    issue_lead_to(office, "R", 'R', "2020-01-22", 0);
    issue_lead_to(office, "P", 'P', "2020-01-22", 0);
    office_tick(office, "2020-02-02T00:00");
    assert_non_null(strstr(book.diary.said, "dispatch_late@2020-02-02"));
    assert_non_null(strstr(book.diary.said, "part_late@2020-02-02 L1>plan@2020-02-02"));
    assert_true(office_load_notice(office, "2020-B"));
    office_tick(office, "2020-02-02T09:00");
    assert_int_equal(office_row(office, "R")->until_day, office_day("2020-02-04"));
    book.diary.said[0] = '\0';
    assert_true(office_slip_reply(office, "plan", 1, "2020-02-02T10:00"));
    office_tick(office, "2020-02-10T00:00");
    assert_null(strstr(book.diary.said, "_late"));
    diary_end(&book.diary);
}

static void no_room_for_what_it_is_about(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    struct issue_act act = {.step = 1, .number = "Q1", .item = "I", .at = "2020-06-01T09:00"};
    assert_true(office_issue(office, &act));
    office->issues.abouts.rows_max = 2;
    act = (struct issue_act){.step = 1, .number = "Q2", .item = "I2", .task = "T", .at = "2020-06-01T09:00"};
    assert_false(office_issue(office, &act));
    assert_int_equal(office->decision.code, COMMON_REFUSAL(EXHAUSTED));
    act.item = "I"; /* there is a row for that */
    assert_true(office_issue(office, &act));
    assert_int_equal(office->issues.abouts.count, 2);
    diary_end(&book.diary);
}

static bool rule_expecting(struct office *office, uint64_t expected, const char *text, bool is_withdrawn) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishContactRule publish = ISSUES__V1__PUBLISH_CONTACT_RULE__INIT;
    publish.rule = office_text("P01");
    publish.text = office_text(text);
    publish.withdrawn = is_withdrawn;
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CONTACT_RULE;
    body.publish_contact_rule = &publish;
    return office_send_expecting(office, "bureau", ROLE_SUPERVISOR, "2020-06-01T09:00", expected, &body);
}

static void a_contact_rule_keeps_its_citations(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    const struct issue_act cites = {.step = 1, .number = "Q1", .rules = {"P01"}, .at = "2020-06-01T10:00"};
    book_begin(&book, "2020-06-01");
    assert_false(rule_expecting(office, 7, "may visit", false));
    assert_int_equal(office->decision.code, COMMON_REFUSAL(STALE_VERSION));
    assert_true(rule_expecting(office, 0, "may visit", false));
    assert_string_equal(book_text(&book, TEXT_TITLE), "may visit");
    const struct contact_rule *rule = issues_contact_rule(&office->issues, 1);
    assert_int_equal(rule->last_seq, office->seq);
    assert_true(office_issue(office, &cites));
    assert_false(rule_expecting(office, office->seq, "may visit twice", false)); /* that is the issue's */
    assert_int_equal(office->decision.code, COMMON_REFUSAL(STALE_VERSION));
    assert_true(rule_expecting(office, rule->last_seq, "may visit twice", false));
    assert_string_equal(book_text(&book, TEXT_TITLE), "may visit twice");
    assert_true(rule_expecting(office, rule->last_seq, "", true));
    assert_int_equal(rule->in_force, 0);
    assert_int_equal(rule->cited, 1);
    assert_int_equal(office_row(office, "Q1")->cites, 1);
    assert_true(rule_expecting(office, rule->last_seq, "may visit", false));
    assert_int_equal(rule->in_force, 1);
    assert_int_equal(rule->cited, 1);
    diary_end(&book.diary);
}

/* Behind what time has said already: a step counts at its own time, and what it makes untrue is taken back. */
static void a_step_that_arrives_late(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    issue_lead_to(office, "Q", 'H', "2020-06-01", ISSUE_CLASS(C));
    office_tick(office, "2020-06-09T00:00");
    assert_int_equal(book.diary.open_overdue, 1);
    const uint32_t last_at = office_row(office, "Q")->last_at;
    assert_int_equal(last_at, office_ms("2020-06-01T09:03") / 1000); /* of somebody; time is nobody */
    office_step(office, "Q", ISSUE_STEP(PART_DONE), "2020-06-08T23:59:58");
    office_step(office, "Q", ISSUE_STEP(ANSWERED), "2020-06-08T23:59:59");
    assert_int_equal(book.diary.open_overdue, 0);
    office_step(office, "Q", ISSUE_STEP(LONG_TERM), "2020-06-09T09:00");
    assert_int_equal(office_row(office, "Q")->before, ISSUE_STATE(ANSWERED));
    office_step(office, "Q", ISSUE_STEP(RESUMED), "2020-06-10T09:00");
    assert_int_equal(office_row(office, "Q")->before, 0);
    office_step(office, "Q", ISSUE_STEP(ANSWERED), "2020-06-10T10:00");
    office_tick(office, "2020-07-10T00:00");
    assert_true(book.diary.closing.on_time);
    assert_int_equal(book.diary.closing.charged_days, 7); /* of the last answer, from the dispatch */
    diary_end(&book.diary);
}

/* Whichever comes first, the task or an issue about it. */
static void a_task_finds_the_issues_about_it(void **state) {
    (void)state;
    struct book book;
    struct office *office = &book.diary.office;
    book_begin(&book, "2020-06-01");
    office->watch = NULL; /* of tasks nothing is written down */
    const struct issue_act first = {.step = 1, .number = "Q1", .task = "T1", .at = "2020-06-01T09:00"};
    const struct issue_act second = {.step = 1, .number = "Q2", .task = "T2", .at = "2020-06-01T09:00"};
    assert_true(office_issue(office, &first));
    assert_true(office_draft(office, &(struct ledger_draft){.number = "T1", .at = "2020-06-01T09:00"}));
    assert_true(office_draft(office, &(struct ledger_draft){.number = "T2", .at = "2020-06-01T09:00"}));
    assert_int_equal(issues_task(&office->issues, 2)->about, 0);
    assert_true(office_issue(office, &second));
    for (uint32_t task = 1; task <= 2; task++) {
        const struct about *about = issues_about(&office->issues, issues_task(&office->issues, task)->about);
        assert_string_equal(about->code, issues_task(&office->issues, task)->number);
        assert_int_equal(about->is_task, 1);
        assert_int_equal(about->open, 1);
    }
    diary_end(&book.diary);
}

/* However it is written, an enterprise has one credit code. */
static void a_credit_code_is_kept_in_capitals(void **state) {
    (void)state;
    struct book book;
    char code[CREDIT_CODE_BYTES] = "", small[CREDIT_CODE_BYTES];
    book_begin(&book, "2020-06-01");
    for (uint32_t n = 1; strpbrk(code, "ABCDEFGHJKLMNPQRTUWXY") == NULL; n++) {
        office_credit_code(n, code);
    }
    for (size_t i = 0; i < sizeof code; i++) {
        small[i] = code[i] >= 'A' ? (char)(code[i] - 'A' + 'a') : code[i];
    }
    const struct issue_act act = {.step = 1, .number = "Q", .credit_code = small, .at = "2020-06-01T09:00"};
    assert_true(office_issue(&book.diary.office, &act));
    assert_memory_equal(office_row(&book.diary.office, "Q")->credit_code, code, 18);
    diary_end(&book.diary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_counts_where_it_belongs),
        cmocka_unit_test(no_step_says_whose_it_is),
        cmocka_unit_test(the_log_knows_who_said_what),
        cmocka_unit_test(only_time_takes_its_steps),
        cmocka_unit_test(what_is_counted_of_an_item),
        cmocka_unit_test(what_was_counted_is_not_counted_again),
        cmocka_unit_test(no_room_for_what_it_is_about),
        cmocka_unit_test(a_contact_rule_keeps_its_citations),
        cmocka_unit_test(a_step_that_arrives_late),
        cmocka_unit_test(a_task_finds_the_issues_about_it),
        cmocka_unit_test(a_credit_code_is_kept_in_capitals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
