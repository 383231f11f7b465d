#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/asking.h"
#include "support/issues_desk.h"
#include "support/issues_ledger.h"
#include "support/issues_ways.h"

/* What the registry answers: who may see what, each record whole, lists and their pages, histories, bounds. */

#define CLUE_STEP(word) ISSUES__V1__CLUE_STEP__CLUE_STEP_##word
#define CLUE_STATE(word) ISSUES__V1__CLUE_STATE__CLUE_STATE_##word
#define KIND(word) ISSUES__V1__RECORD_KIND__RECORD_KIND_##word
#define LIGHT(word) ISSUES__V1__LIGHT__LIGHT_##word

struct fixture {
    struct office office;
    struct desk desk;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    office_init(&f->office, 300000);
    office_begin(&f->office, "2020-01-22");
    office_tick(&f->office, "2020-01-22T00:00");
    desk_init(&f->desk, &f->office, "2020-06-08T12:00");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    desk_release(&f->desk);
    office_release(&f->office);
    free(f);
    return 0;
}

/* --- saying things --- */

/* "water" finds, "plan" is in charge, "proc" the procuratorate. */
static void clue(struct fixture *f, const char *number, int step, const char *at, uint32_t region) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportClue report = ISSUES__V1__REPORT_CLUE__INIT;
    Issues__V1__ClueFinding finding = ISSUES__V1__CLUE_FINDING__INIT;
    const bool by_office = step == CLUE_STEP(NOTICE) || step == CLUE_STEP(TRANSFERRED);
    const bool by_finder = step == CLUE_STEP(FOUND);
    finding.river = office_text("HN-QL-02");
    finding.region = region;
    finding.kind = ISSUES__V1__CLUE_KIND__CLUE_KIND_DUMP;
    finding.grade = ISSUES__V1__CLUE_GRADE__CLUE_GRADE_MAJOR;
    finding.place = office_text("under the bridge");
    report.clue_number = office_text(number);
    report.step = (Issues__V1__ClueStep)step;
    report.actor = by_office ? ACTOR(SUPERVISOR) : ACTOR(HANDLER);
    report.finding = by_finder ? &finding : NULL;
    report.agency = office_text(step == CLUE_STEP(NOTICE) ? "plan" : step == CLUE_STEP(TRANSFERRED) ? "proc" : "");
    report.until_day = step == CLUE_STEP(NOTICE) ? (uint32_t)office_day("2020-06-01") : 0;
    report.letter = office_text(step == CLUE_STEP(TRANSFERRED) ? "letter 7" : step == CLUE_STEP(RECEIVED) ? "R-7" : "");
    body.body_case = ISSUES__V1__COMMAND__BODY_REPORT_CLUE;
    body.report_clue = &report;
    if (!office_send(&f->office,
                     by_office   ? "bureau"
                     : by_finder ? "water"
                                 : "proc",
                     by_office ? ROLE_SUPERVISOR : ROLE_HANDLER, at, &body)) {
        fail_msg("step %d of %s refused with %u", step, number, f->office.decision.code);
    }
}

static void circular(struct fixture *f, const char *number, Issues__V1__RecordKind kind, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishCircular publish = ISSUES__V1__PUBLISH_CIRCULAR__INIT;
    publish.circular_number = office_text(number);
    publish.kind = kind;
    publish.first_day = (uint32_t)office_day("2020-06-01");
    publish.last_day = (uint32_t)office_day("2020-06-30");
    publish.title = office_text("what lags");
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CIRCULAR;
    body.publish_circular = &publish;
    if (!office_send(&f->office, "bureau", ROLE_SUPERVISOR, at, &body)) {
        fail_msg("circular %s refused with %u", number, f->office.decision.code);
    }
}

/* An issue ("water" registered it, "plan" leads, "fire" has a part), a task ("plan", with "fire"), a transferred clue
 * ("water" found it, "plan" was in charge, "proc" has it). */
static void one_of_each(struct fixture *f) {
    clue(f, "K1", CLUE_STEP(FOUND), "2020-05-20T09:00", 411024);
    clue(f, "K1", CLUE_STEP(NOTICE), "2020-05-21T09:00", 0);
    issue_lead_to(&f->office, "Q1", 'H', "2020-06-01", 0);
    assert_true(office_draft(&f->office, &(struct ledger_draft){.parts = {"fire"}, .at = "2020-06-01T09:00"}));
    clue(f, "K1", CLUE_STEP(TRANSFERRED), "2020-06-03T09:00", 0);
}

/* --- who may see what --- */

static void each_role_sees_what_it_may(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *organisation;
        enum role role;
        bool asks;            /* at all */
        const char *sees;     /* i issue, t task, c clue */
        bool sees_enterprise; /* of the issue */
        uint32_t list_code;   /* of a list of its own; 0: it is answered */
        size_t issues, tasks, clues;
    } whos[] = {
        {"plan", ROLE_HANDLER, true, "itc", true, 0, 1, 1, 1},
        {"plan", ROLE_PUBLISHER, true, "itc", true, 0, 1, 1, 1},
        {"plan", ROLE_HEAD, true, "itc", true, 0, 1, 1, 1},
        {"plan", ROLE_CLERK, true, "itc", true, 0, 1, 1, 1},
        {"fire", ROLE_HANDLER, true, "it", true, 0, 1, 1, 0},
        {"fire", ROLE_CLERK, true, "it", true, 0, 1, 1, 0},
        {"water", ROLE_HANDLER, true, "ic", true, 0, 1, 0, 1},
        {"proc", ROLE_HEAD, true, "c", false, 0, 0, 0, 1},
        {"hall", ROLE_HANDLER, true, "", false, 0, 0, 0, 0},
        {"hall", ROLE_PUBLISHER, true, "", false, 0, 0, 0, 0},
        {"hall", ROLE_CLERK, true, "itc", true, 0, 1, 1, 1},
        {"nobody", ROLE_HANDLER, true, "", false, REFUSAL(AGENCY_UNKNOWN), 0, 0, 0},
        {"bureau", ROLE_SUPERVISOR, true, "itc", true, 0, 1, 1, 1},
        {"government", ROLE_LEADER, true, "itc", false, 0, 1, 1, 1},
        {"operator", ROLE_OPERATOR, true, "itc", false, 0, 1, 1, 1},
        {"plan", ROLE_FOLLOWER, false, "", false, COMMON_REFUSAL(FORBIDDEN), 0, 0, 0},
        {"plan", ROLE_READER, false, "", false, COMMON_REFUSAL(FORBIDDEN), 0, 0, 0},
        {"plan", ROLE_REGISTRAR, false, "", false, COMMON_REFUSAL(FORBIDDEN), 0, 0, 0},
        {"plan", ROLE_NONE, false, "", false, COMMON_REFUSAL(FORBIDDEN), 0, 0, 0},
    };
    static const struct {
        char letter;
        Issues__V1__RecordKind kind;
        const char *number;
    } records[] = {{'i', KIND(ISSUE), "Q1"}, {'t', KIND(TASK), "T1"}, {'c', KIND(CLUE), "K1"}};
    Issues__V1__ListIssues issues = ISSUES__V1__LIST_ISSUES__INIT;
    Issues__V1__ListTasks tasks = ISSUES__V1__LIST_TASKS__INIT;
    Issues__V1__ListClues clues = ISSUES__V1__LIST_CLUES__INIT;
    one_of_each(f);
    for (size_t w = 0; w < sizeof whos / sizeof whos[0]; w++) {
        const char *org = whos[w].organisation;
        const enum role role = whos[w].role;
        const uint32_t unseen = whos[w].asks ? COMMON_REFUSAL(NOT_FOUND) : COMMON_REFUSAL(FORBIDDEN);
        for (size_t r = 0; r < 3; r++) {
            const bool sees = strchr(whos[w].sees, records[r].letter) != NULL;
            const bool told = r == 0   ? desk_issue(&f->desk, role, org, "Q1") != NULL
                              : r == 1 ? desk_task(&f->desk, role, org, "T1") != NULL
                                       : desk_clue(&f->desk, role, org, "K1") != NULL;
            assert_int_equal(told, sees);
            assert_int_equal(f->desk.code, sees ? 0 : unseen);
            const Issues__V1__History *h = desk_history(&f->desk, role, org, records[r].kind, records[r].number, 0, 0);
            assert_int_equal(h != NULL, sees);
            assert_int_equal(f->desk.code, sees ? 0 : unseen);
        }
        const Issues__V1__Issue *issue = desk_issue(&f->desk, role, org, "Q1");
        if (issue != NULL) {
            assert_int_equal(strlen(issue->credit_code), whos[w].sees_enterprise ? 18 : 0);
        }
        const Issues__V1__Answer *a =
            desk_ask(&f->desk, role, org, &(Issues__V1__Query)DESK_QUERY(LIST_ISSUES, list_issues, &issues));
        assert_int_equal(f->desk.code, whos[w].list_code);
        assert_int_equal(a == NULL ? 0 : a->issues->n_issues, whos[w].issues);
        a = desk_ask(&f->desk, role, org, &(Issues__V1__Query)DESK_QUERY(LIST_TASKS, list_tasks, &tasks));
        assert_int_equal(f->desk.code, whos[w].list_code);
        assert_int_equal(a == NULL ? 0 : a->tasks->n_tasks, whos[w].tasks);
        a = desk_ask(&f->desk, role, org, &(Issues__V1__Query)DESK_QUERY(LIST_CLUES, list_clues, &clues));
        assert_int_equal(f->desk.code, whos[w].list_code);
        assert_int_equal(a == NULL ? 0 : a->clues->n_clues, whos[w].clues);
    }
}

/* A number that is not there and one that may not be seen are one answer; a bad one is another. */
static void numbers_are_looked_at(void **state) {
    struct fixture *f = *state;
    static char longest[51 + 1];
    one_of_each(f);
    memset(longest, 'n', 51);
    assert_null(desk_issue(&f->desk, ROLE_SUPERVISOR, "bureau", "Q2"));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(NOT_FOUND));
    assert_null(desk_issue(&f->desk, ROLE_SUPERVISOR, "bureau", "T1"));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(NOT_FOUND));
    assert_null(desk_issue(&f->desk, ROLE_SUPERVISOR, "bureau", ""));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(MISSING));
    assert_null(desk_task(&f->desk, ROLE_SUPERVISOR, "bureau", longest));
    assert_int_equal(f->desk.code, REFUSAL(FIELD_TOO_LONG));
    longest[50] = '\0';
    assert_null(desk_clue(&f->desk, ROLE_SUPERVISOR, "bureau", longest));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(NOT_FOUND));
    static const int kinds[] = {0, 4, 77, -1};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_null(desk_history(&f->desk, ROLE_SUPERVISOR, "bureau", (Issues__V1__RecordKind)kinds[i], "Q1", 0, 0));
        assert_int_equal(f->desk.code, COMMON_REFUSAL(NOT_FOUND));
    }
}

static void a_list_of_another_unit_is_forbidden(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum role role;
        const char *organisation, *of;
        uint32_t code;
    } lists[] = {
        {ROLE_HANDLER, "plan", "plan", 0},
        {ROLE_HANDLER, "plan", "fire", COMMON_REFUSAL(FORBIDDEN)},
        {ROLE_HANDLER, "plan", "nobody", REFUSAL(AGENCY_UNKNOWN)},
        {ROLE_HANDLER, "nobody", "plan", COMMON_REFUSAL(FORBIDDEN)},
        {ROLE_SUPERVISOR, "bureau", "plan", 0},
        {ROLE_SUPERVISOR, "bureau", "nobody", REFUSAL(AGENCY_UNKNOWN)},
        {ROLE_CLERK, "hall", "fire", 0},
        {ROLE_LEADER, "government", "", 0},
    };
    one_of_each(f);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        Issues__V1__ListIssues issues = ISSUES__V1__LIST_ISSUES__INIT;
        Issues__V1__ListTasks tasks = ISSUES__V1__LIST_TASKS__INIT;
        Issues__V1__ListSlips slips = ISSUES__V1__LIST_SLIPS__INIT;
        issues.agency = tasks.agency = slips.agency = office_text(lists[i].of);
        const Issues__V1__Query queries[] = {DESK_QUERY(LIST_ISSUES, list_issues, &issues),
                                             DESK_QUERY(LIST_TASKS, list_tasks, &tasks),
                                             DESK_QUERY(LIST_SLIPS, list_slips, &slips)};
        for (size_t q = 0; q < 3; q++) {
            const bool is_told = desk_ask(&f->desk, lists[i].role, lists[i].organisation, &queries[q]) != NULL;
            assert_int_equal(f->desk.code, lists[i].code);
            assert_int_equal(is_told, lists[i].code == 0);
        }
    }
}

static void a_question_without_a_body_is_refused(void **state) {
    struct fixture *f = *state;
    const Issues__V1__Query query = ISSUES__V1__QUERY__INIT;
    assert_null(desk_tell(&f->desk, &query));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNSUPPORTED));
}

/* --- one record --- */

static void an_issue_is_told_whole(void **state) {
    struct fixture *f = *state;
    assert_true(office_contact_rule(&f->office, "P1", false, "text", false, "2020-06-01T08:00"));
    assert_true(office_contact_rule(&f->office, "N1", true, "text", false, "2020-06-01T08:00"));
    assert_true(office_contact_rule(&f->office, "N2", true, "text", false, "2020-06-01T08:00"));
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(REGISTERED),
                                                             .at = "2020-06-01T09:00",
                                                             .rules = {"N2", "P1"},
                                                             .item = "A-17",
                                                             .task = "T-9"}));
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(SCREENED), .at = "2020-06-01T09:10"}));
    assert_true(office_issue(
        &f->office,
        &(struct issue_act){.step = ISSUE_STEP(DISPATCHED), .at = "2020-06-01T09:20", .parts = {"fire", "water"}}));
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(STARTED), .at = "2020-06-01T09:30"}));
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(PART_DONE), .at = "2020-06-02T09:30"}));
    const Issues__V1__Issue *q = desk_issue(&f->desk, ROLE_SUPERVISOR, "bureau", "Q1");
    char credit_code[CREDIT_CODE_BYTES];
    office_credit_code(900, credit_code);
    assert_string_equal(q->issue_number, "Q1");
    assert_string_equal(q->credit_code, credit_code);
    assert_int_equal(q->state, ISSUE_STATE(HANDLING));
    assert_int_equal(q->class_, ISSUE_CLASS(B));
    assert_int_equal(q->topic, ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_LAND);
    assert_int_equal(q->region, 411002);
    assert_string_equal(q->lead, "plan");
    assert_int_equal(q->n_cooperating, 2);
    for (size_t i = 0; i < 2; i++) {
        const bool is_fire = strcmp(q->cooperating[i]->agency, "fire") == 0;
        assert_true(is_fire || strcmp(q->cooperating[i]->agency, "water") == 0);
        assert_int_equal(q->cooperating[i]->done, is_fire);
        assert_int_equal(q->cooperating[i]->due_day, office_day("2020-06-04"));
    }
    assert_string_equal(q->item_code, "A-17");
    assert_string_equal(q->task_number, "T-9");
    assert_int_equal(q->n_rules, 2);
    assert_string_equal(q->rules[0], "P1");
    assert_string_equal(q->rules[1], "N2");
    assert_string_equal(q->duplicate_of, "");
    assert_int_equal(q->level, 1);
    assert_int_equal(q->round, 1);
    assert_int_equal(q->registered_at_ms, office_ms("2020-06-01T09:00"));
    assert_int_equal(q->dispatched_at_ms, office_ms("2020-06-01T09:20"));
    assert_int_equal(q->answered_at_ms, 0);
    assert_int_equal(q->resolved_at_ms, 0);
    assert_false(q->confirmed);
    assert_int_equal(q->limit_workdays, 15);
    assert_int_equal(q->extension, 0);
    assert_int_equal(q->due_day, office_day("2020-06-22"));
    assert_int_equal(q->charged_days, 5); /* 2, 3, 4, 5 and 8 June */
    assert_int_equal(q->remaining_days, 10);
    assert_int_equal(q->light, LIGHT(GREEN));
    assert_int_equal(q->version, office_row(&f->office, "Q1")->last_seq);
}

/* Day by day, over the festival of 25 to 28 June (Sunday the 28th is worked). */
static void the_clock_is_that_of_today(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *now;
        uint32_t charged;
        int32_t remaining;
        Issues__V1__Light light;
    } days[] = {
        {"2020-06-12T10:00", 0, 15, LIGHT(GREEN)},  {"2020-06-15T00:00", 1, 14, LIGHT(GREEN)},
        {"2020-06-24T12:00", 8, 7, LIGHT(GREEN)},   {"2020-06-27T12:00", 8, 7, LIGHT(GREEN)},
        {"2020-06-28T12:00", 9, 6, LIGHT(GREEN)},   {"2020-07-03T12:00", 14, 1, LIGHT(YELLOW)},
        {"2020-07-06T23:59", 15, 0, LIGHT(YELLOW)}, {"2020-07-07T00:00", 16, -1, LIGHT(RED)},
        {"2020-07-12T00:00", 19, -4, LIGHT(RED)},
    };
    issue_lead_to(&f->office, "Q1", 'H', "2020-06-12", 0);
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        f->desk.now_ms = office_ms(days[i].now);
        const Issues__V1__Issue *q = desk_issue(&f->desk, ROLE_OPERATOR, "operator", "Q1");
        assert_int_equal(q->due_day, office_day("2020-07-06"));
        assert_int_equal(q->charged_days, days[i].charged);
        assert_int_equal(q->remaining_days, days[i].remaining);
        assert_int_equal(q->light, days[i].light);
    }
}

static void every_state_has_its_clock(void **state) {
    struct fixture *f = *state;
    issue_lead_to(&f->office, "BASE", 'R', "2020-06-01", 0);
    for (const char *letter = issue_letters + 1; *letter != '\0'; letter++) {
        char number[16];
        snprintf(number, sizeof number, "Q-%c", *letter);
        issue_lead_to(&f->office, number, *letter, "2020-06-01", 0);
        const Issues__V1__Issue *q = desk_issue(&f->desk, ROLE_OPERATOR, "operator", number);
        const bool runs = *letter == 'P' || *letter == 'H', was_answered = strchr("ACVF", *letter) != NULL;
        assert_int_equal(q->state, letter - issue_letters);
        assert_int_equal(q->due_day, runs ? office_day("2020-06-22") : 0);
        assert_int_equal(q->remaining_days, runs ? 10 : 0);
        assert_int_equal(q->charged_days, runs ? 5 : 0);
        assert_int_equal(q->light, runs                                ? LIGHT(GREEN)
                                   : strchr("VFTXUI", *letter) != NULL ? LIGHT(UNSPECIFIED)
                                                                       : LIGHT(GREY));
        assert_int_equal(q->answered_at_ms != 0, was_answered);
        assert_int_equal(q->resolved_at_ms != 0, *letter == 'V' || *letter == 'F');
        assert_int_equal(q->confirmed, *letter == 'V' || *letter == 'F');
        assert_string_equal(q->duplicate_of, *letter == 'U' ? "BASE" : "");
    }
}

/* Where time comes with commands, today is the day of the last Tick. */
static void today_is_that_of_the_last_tick(void **state) {
    struct fixture *f = *state;
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Common__V1__Tick tick = COMMON__V1__TICK__INIT;
    issue_lead_to(&f->office, "Q1", 'H', "2020-06-12", 0);
    f->office.issues.options.time_by_commands = true;
    body.body_case = ISSUES__V1__COMMAND__BODY_TICK;
    body.tick = &tick;
    assert_true(office_send(&f->office, "operator", ROLE_OPERATOR, "2020-06-15T00:00", &body));
    f->desk.now_ms = office_ms("2021-01-01T00:00");
    assert_int_equal(desk_issue(&f->desk, ROLE_OPERATOR, "operator", "Q1")->remaining_days, 14);
}

static void a_task_is_told_whole(void **state) {
    struct fixture *f = *state;
    assert_true(office_provincial(&f->office, 2020, "P-1", "one"));
    assert_true(office_provincial(&f->office, 2020, "P-2", "two"));
    assert_true(office_provincial(&f->office, 2020, "P-3", "three"));
    struct ledger_draft draft = {
        .provincial = {"P-1", "P-2"},
        .key = true,
        .indicators = {{"jobs", INDICATOR_KIND(INCREASE), 0, 1000, 0},
                       {"villages", INDICATOR_KIND(COVERAGE), 100, 2000, 4000}},
        .milestones = {{"2020-04-30", 400}, {"2020-10-31", 800}},
    };
    assert_true(office_draft(&f->office, &draft));
    assert_true(office_draft(&f->office, &(struct ledger_draft){.number = "T2", .provincial = {"P-2"}}));
    draft.provincial[1] = "P-3"; /* what it answers to is what the last draft says */
    assert_true(office_draft(&f->office, &draft));
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(ISSUED), .at = "2020-01-10T09:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(STARTED), .at = "2020-01-10T10:00"});
    office_task_step(&f->office,
                     &(struct task_act){.step = TASK_STEP(MEASURED), .at = "2020-06-01T10:00", .value = 1000});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(MILESTONE_CLOSED), .at = "2020-06-01T10:00"});
    const Issues__V1__Task *t = desk_task(&f->desk, ROLE_HANDLER, "water", "T1");
    assert_int_equal(t->state, TASK_STATE(DOING));
    assert_int_equal(t->year, 2020);
    assert_int_equal(t->field, ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY);
    assert_true(t->key);
    assert_string_equal(t->lead, "plan");
    assert_int_equal(t->n_cooperating, 2);
    assert_string_equal(t->cooperating[0]->agency, "fire");
    assert_string_equal(t->cooperating[1]->agency, "water");
    assert_int_equal(t->n_provincial, 2);
    assert_string_equal(t->provincial[0], "P-1");
    assert_string_equal(t->provincial[1], "P-3");
    assert_int_equal(t->n_indicators, 2);
    assert_string_equal(t->indicators[0]->code, "jobs");
    assert_int_equal(t->indicators[0]->measured, 1000);
    assert_true(t->indicators[0]->met && t->indicators[0]->has_evidence);
    assert_int_equal(t->indicators[0]->progress_permille, 1000);
    assert_string_equal(t->indicators[1]->code, "villages");
    assert_int_equal(t->indicators[1]->kind, INDICATOR_KIND(COVERAGE));
    assert_int_equal(t->indicators[1]->baseline, 100);
    assert_int_equal(t->indicators[1]->target, 2000);
    assert_int_equal(t->indicators[1]->total, 4000);
    assert_false(t->indicators[1]->met || t->indicators[1]->has_evidence);
    assert_int_equal(t->n_milestones, 2);
    assert_int_equal(t->milestones[0]->due_day, office_day("2020-04-30"));
    assert_int_equal(t->milestones[0]->expected_permille, 400);
    assert_true(t->milestones[0]->closed);
    assert_false(t->milestones[1]->closed);
    assert_int_equal(t->start_day, office_day("2020-01-01"));
    assert_int_equal(t->due_day, office_day("2020-12-31"));
    const struct task *row = office_task_row(&f->office, "T1");
    assert_int_equal(t->progress_permille, task_progress(&f->office.issues, row));
    assert_int_equal(t->expected_permille, task_expected(&f->office.issues, row, office_day("2020-06-08")));
    assert_in_range(t->expected_permille, 401, 799);
    assert_int_equal(t->lag, TASK_LAG(NONE));
    f->desk.now_ms = office_ms("2020-11-01T09:00");
    assert_int_equal(desk_task(&f->desk, ROLE_HANDLER, "water", "T1")->lag, TASK_LAG(ORANGE));
    f->desk.now_ms = office_ms("2021-01-01T09:00");
    t = desk_task(&f->desk, ROLE_HANDLER, "water", "T1");
    assert_int_equal(t->lag, TASK_LAG(RED));
    assert_int_equal(t->version, row->last_seq);
    assert_false(t->leader_approved);
}

static void confirmations_are_told(void **state) {
    struct fixture *f = *state;
    office_task_to(&f->office, "T1", 'A', "2020-06-01");
    office_task_step(&f->office,
                     &(struct task_act){.step = TASK_STEP(OBJECTED), .at = "2020-06-02T09:00", .org = "water"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(CONFIRMED), .at = "2020-06-02T09:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(LEADER_APPROVED), .at = "2020-06-02T09:00"});
    const Issues__V1__Task *t = desk_task(&f->desk, ROLE_HANDLER, "plan", "T1");
    assert_true(t->cooperating[0]->confirmed && !t->cooperating[0]->objected);
    assert_true(!t->cooperating[1]->confirmed && t->cooperating[1]->objected);
    assert_true(t->leader_approved);
}

static void a_clue_is_told_whole(void **state) {
    struct fixture *f = *state;
    one_of_each(f);
    const Issues__V1__Clue *k = desk_clue(&f->desk, ROLE_HANDLER, "proc", "K1");
    assert_int_equal(k->state, CLUE_STATE(TRANSFERRED));
    assert_int_equal(k->kind, ISSUES__V1__CLUE_KIND__CLUE_KIND_DUMP);
    assert_int_equal(k->grade, ISSUES__V1__CLUE_GRADE__CLUE_GRADE_MAJOR);
    assert_string_equal(k->river, "HN-QL-02");
    assert_int_equal(k->region, 411024);
    assert_string_equal(k->agency, "plan");
    assert_string_equal(k->procuratorate, "proc");
    assert_int_equal(k->found_at_ms, office_ms("2020-05-20T09:00"));
    assert_int_equal(k->transferred_at_ms, office_ms("2020-06-03T09:00"));
    assert_int_equal(k->due_day, office_day("2020-06-08"));
    assert_false(k->overdue);
    f->desk.now_ms = office_ms("2020-06-09T00:00");
    k = desk_clue(&f->desk, ROLE_HANDLER, "proc", "K1");
    assert_true(k->overdue);
    assert_int_equal(k->version, issues_clue(&f->office.issues, 1)->last_seq);
}

/* --- lists --- */

static const char *const units[] = {"", "plan", "fire", "water", "hall"};

/* Some of every state, of several days; "hall" registers some of them and leads a few. */
static void make_issues(struct fixture *f, int count) {
    issue_lead_to(&f->office, "BASE", 'R', "2020-03-02", 0);
    for (int i = 0; i < count; i++) {
        char number[16], day[16];
        snprintf(number, sizeof number, "Q%03d", i);
        snprintf(day, sizeof day, "2020-0%d-0%d", 4 + i % 3, 1 + i % 2 + (i % 3 == 1 ? 5 : 0));
        issue_lead_to(&f->office, number, issue_letters[1 + (i * 5) % 14], day, 1 + i % 3);
    }
}

static bool is_listed(const struct fixture *f, const Issues__V1__ListIssues *query, uint32_t number) {
    const struct issues *self = &f->office.issues;
    const struct issue *row = issues_issue(self, number);
    const int32_t today = civil_day_of_ms(f->desk.now_ms);
    bool is_of = query->agency[0] == '\0' || strcmp(issues_agency(self, row->lead)->code, query->agency) == 0 ||
                 strcmp(issues_agency(self, row->registrar)->code, query->agency) == 0;
    for (uint32_t part = row->first_part; part != 0 && !is_of; part = issues_part(self, part)->next) {
        is_of = strcmp(issues_agency(self, issues_part(self, part)->agency)->code, query->agency) == 0;
    }
    return is_of && (query->state == 0 || row->state == query->state) &&
           (!query->overdue || issue_light(self, row, today) == LIGHT(RED));
}

static void issues_are_listed_as_a_loop_finds_them(void **state) {
    struct fixture *f = *state;
    uint32_t overdue = 0;
    make_issues(f, 60);
    for (uint32_t round = 0; round < 5 * 15 * 2; round++) {
        Issues__V1__ListIssues query = ISSUES__V1__LIST_ISSUES__INIT;
        const Issues__V1__Query body = DESK_QUERY(LIST_ISSUES, list_issues, &query);
        query.agency = office_text(units[round % 5]);
        query.state = (Issues__V1__IssueState)(round / 5 % 15);
        query.overdue = round >= 75;
        query.limit = 1 + round % 7;
        uint32_t row = f->office.issues.issues.count;
        do {
            const Issues__V1__Issues *page = desk_ask(&f->desk, ROLE_SUPERVISOR, "bureau", &body)->issues;
            assert_true(page->n_issues <= query.limit);
            for (size_t i = 0; i < page->n_issues; i++, row--) {
                while (!is_listed(f, &query, row)) {
                    row--;
                }
                assert_string_equal(page->issues[i]->issue_number, issues_issue(&f->office.issues, row)->number);
                overdue += query.overdue;
            }
            query.after = page->next;
        } while (query.after != 0);
        for (; row > 0; row--) {
            assert_false(is_listed(f, &query, row));
        }
    }
    assert_true(overdue > 10);
}

static void a_page_is_not_moved_by_what_comes_meanwhile(void **state) {
    struct fixture *f = *state;
    make_issues(f, 10);
    Issues__V1__ListIssues query = ISSUES__V1__LIST_ISSUES__INIT;
    const Issues__V1__Query body = DESK_QUERY(LIST_ISSUES, list_issues, &query);
    query.limit = 4;
    query.after = desk_tell(&f->desk, &body)->issues->next;
    issue_lead_to(&f->office, "NEW", 'R', "2020-06-05", 0);
    assert_string_equal(desk_tell(&f->desk, &body)->issues->issues[0]->issue_number, "Q005");
    query.after = UINT32_MAX; /* beyond the last row: from the newest */
    assert_string_equal(desk_tell(&f->desk, &body)->issues->issues[0]->issue_number, "NEW");
    query.after = 1; /* nothing is before the first row */
    assert_int_equal(desk_tell(&f->desk, &body)->issues->n_issues, 0);
}

static void tasks_are_listed_as_a_loop_finds_them(void **state) {
    struct fixture *f = *state;
    const struct issues *self = &f->office.issues;
    static const char letters[] = "DIgGABSFXV";
    size_t lagging = 0;
    for (int i = 0; i < 20; i++) {
        char number[16];
        snprintf(number, sizeof number, "T%d", i);
        office_task_to(&f->office, number, letters[i % 10], i < 10 ? "2020-01-10" : "2020-06-01");
        office_task_row(&f->office, number)->year = (uint16_t)(2020 + i % 2);
        office_task_row(&f->office, number)->field = (uint8_t)(1 + i % 3);
    }
    for (uint32_t round = 0; round < 3 * 4 * 9 * 2 * 3; round++) {
        Issues__V1__ListTasks query = ISSUES__V1__LIST_TASKS__INIT;
        const Issues__V1__Query body = DESK_QUERY(LIST_TASKS, list_tasks, &query);
        query.year = round % 3 == 0 ? 0 : 2019 + round % 3;
        query.field = (Issues__V1__ReformField)(round / 3 % 4);
        query.state = (Issues__V1__TaskState)(round / 12 % 9);
        query.lagging = round / 108 % 2 != 0;
        query.agency = office_text(round / 216 == 0 ? "" : round / 216 == 1 ? "fire" : "hall");
        query.limit = 3;
        uint32_t row = self->tasks.count + 1;
        do {
            const Issues__V1__Tasks *page = desk_tell(&f->desk, &body)->tasks;
            for (size_t i = 0; i < page->n_tasks; i++) {
                const uint32_t found = issues_find_task(self, page->tasks[i]->task_number);
                const struct task *task = issues_task(self, found);
                assert_true(found < row && (query.year == 0 || task->year == query.year) &&
                            (query.field == 0 || task->field == query.field) &&
                            (query.state == 0 || task->state == query.state) &&
                            (!query.lagging || page->tasks[i]->lag > TASK_LAG(NONE)));
                lagging += query.lagging;
                row = found;
            }
            query.after = page->next;
        } while (query.after != 0);
    }
    assert_true(lagging > 20);
    Issues__V1__ListTasks query = ISSUES__V1__LIST_TASKS__INIT;
    const Issues__V1__Query body = DESK_QUERY(LIST_TASKS, list_tasks, &query);
    assert_int_equal(desk_tell(&f->desk, &body)->tasks->n_tasks, 20);
    query.agency = office_text("fire");
    query.state = TASK_STATE(DOING);
    assert_int_equal(desk_tell(&f->desk, &body)->tasks->n_tasks, 4);
    query.agency = office_text("hall");
    assert_int_equal(desk_tell(&f->desk, &body)->tasks->n_tasks, 0);
}

static void clues_are_listed_by_state_region_and_day(void **state) {
    struct fixture *f = *state;
    clue(f, "K1", CLUE_STEP(FOUND), "2020-05-20T09:00", 411024);
    clue(f, "K2", CLUE_STEP(FOUND), "2020-05-20T09:00", 411002);
    clue(f, "K3", CLUE_STEP(FOUND), "2020-05-20T09:00", 411024);
    clue(f, "K3", CLUE_STEP(NOTICE), "2020-05-21T09:00", 0);
    static const struct {
        int state;
        uint32_t region;
        bool overdue;
        const char *wanted;
    } lists[] = {
        {0, 0, false, "K3 K2 K1 "},
        {CLUE_STATE(FOUND), 0, false, "K2 K1 "},
        {0, 411024, false, "K3 K1 "},
        {0, 411023, false, ""},
        {0, 0, true, "K3 "}, /* its notice said 1 June */
        {CLUE_STATE(NOTICE), 411024, true, "K3 "},
        {CLUE_STATE(FOUND), 0, true, ""},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        Issues__V1__ListClues query = ISSUES__V1__LIST_CLUES__INIT;
        const Issues__V1__Query body = DESK_QUERY(LIST_CLUES, list_clues, &query);
        char found[64] = "";
        query.state = (Issues__V1__ClueState)lists[i].state;
        query.region = lists[i].region;
        query.overdue = lists[i].overdue;
        query.limit = 1;
        do {
            const Issues__V1__Clues *page = desk_tell(&f->desk, &body)->clues;
            for (size_t c = 0; c < page->n_clues; c++) {
                const size_t used = strlen(found);
                snprintf(found + used, sizeof found - used, "%s ", page->clues[c]->clue_number);
            }
            query.after = page->next;
        } while (query.after != 0);
        assert_string_equal(found, lists[i].wanted);
    }
}

static void slips_are_listed_newest_first(void **state) {
    struct fixture *f = *state;
    const struct issues *self = &f->office.issues;
    make_issues(f, 40);
    one_of_each(f);
    assert_true(office_slip_issue(&f->office, KIND(CLUE), "K1", 3, "2020-06-04T09:00"));
    office_tick(&f->office, "2020-07-20T17:59");
    assert_true(self->slips.rows.count > 20);
    size_t supervisors = 0;
    for (uint32_t round = 0; round < 8; round++) {
        Issues__V1__ListSlips query = ISSUES__V1__LIST_SLIPS__INIT;
        const Issues__V1__Query body = DESK_QUERY(LIST_SLIPS, list_slips, &query);
        static const char *const of[] = {"", "plan", "proc", "fire"};
        query.agency = office_text(of[round % 4]);
        query.with_ended = round >= 4;
        query.limit = 7;
        uint32_t row = self->slips.rows.count + 1, found = 0;
        do {
            const Issues__V1__Slips *page = desk_ask(&f->desk, ROLE_SUPERVISOR, "bureau", &body)->slips;
            for (size_t i = 0; i < page->n_slips; i++, found++) {
                const Issues__V1__Slip *told = page->slips[i];
                const struct slip *slip = issues_slip(self, told->slip);
                assert_true(told->slip < row);
                row = told->slip;
                assert_int_equal(told->kind, slip->kind);
                assert_int_equal(record_find(self, told->kind, told->number).row, slip->subject);
                assert_string_equal(told->agency, issues_agency(self, slip->agency)->code);
                assert_int_equal(told->level, slip->level);
                assert_int_equal(told->state, slip->state);
                assert_int_equal(told->reply_due_day, slip->reply_due);
                assert_int_equal(told->issued_at_ms, (int64_t)slip->issued_at * 1000);
                assert_true(strlen(told->rule) > 0);
                supervisors += strcmp(told->rule, "supervisor") == 0;
            }
            query.after = page->next;
        } while (query.after != 0);
        for (row = self->slips.rows.count; row > 0; row--) {
            const struct slip *slip = issues_slip(self, row);
            found -= (query.with_ended || slip_is_open(slip)) &&
                     (query.agency[0] == '\0' || strcmp(issues_agency(self, slip->agency)->code, query.agency) == 0);
        }
        assert_int_equal(found, 0);
    }
    assert_true(supervisors >= 2); /* among all, of everybody and of the procuratorate */
}

/* --- bounds --- */

static void a_question_looks_at_a_bounded_number_of_rows(void **state) {
    struct fixture *f = *state;
    issue_lead_to(&f->office, "Q1", 'H', "2020-06-01", 0);
    for (int i = 1; i < 250000; i++) {
        void *row = table_add(&f->office.issues.issues, &(uint32_t){0});
        memcpy(row, issues_issue(&f->office.issues, 1), sizeof(struct issue));
    }
    Issues__V1__ListIssues query = ISSUES__V1__LIST_ISSUES__INIT;
    const Issues__V1__Query body = DESK_QUERY(LIST_ISSUES, list_issues, &query);
    query.state = ISSUE_STATE(INVALID);
    assert_int_equal(desk_tell(&f->desk, &body)->issues->n_issues, 0);
    query.after = desk_tell(&f->desk, &body)->issues->next;
    assert_int_equal(query.after, 50001);
    assert_int_equal(desk_tell(&f->desk, &body)->issues->next, 0);
    query.after = 0;
    query.state = 0;
    assert_int_equal(desk_tell(&f->desk, &body)->issues->n_issues, 100);
    query.limit = UINT32_MAX;
    assert_int_equal(desk_tell(&f->desk, &body)->issues->n_issues, 1000);
}

/* Tasks as large as they can be: a page holds fewer of them than were asked for, and the pages join. */
static void a_page_of_large_rows_is_shorter(void **state) {
    enum { TASKS = 2500 };
    struct fixture *f = *state;
    struct issues *self = &f->office.issues;
    static const char name[] = "agency_with_a_name_of_32_letters";
    for (uint32_t i = 0; i < 8; i++) {
        memcpy(table_add(&self->agencies.rows, &(uint32_t){0}), &(struct agency){.region = 411000},
               sizeof(struct agency));
        memcpy(issues_agency(self, self->agencies.rows.count)->code, name, sizeof name);
    }
    const uint16_t agency = (uint16_t)self->agencies.rows.count;
    for (uint32_t i = 0; i < TASKS; i++) {
        uint32_t number, first = 0;
        for (uint32_t p = 0; p < ISSUES_PARTS_MAX; p++) {
            struct record_part *part = table_add(&self->parts, &number);
            *part = (struct record_part){.next = first, .agency = agency, .flags = PART_OBJECTED};
            first = number;
        }
        struct task *row = table_add(&self->tasks, &number);
        row->indicator_count = ISSUES_INDICATORS_MAX;
        row->milestone_count = ISSUES_MILESTONES_MAX;
        row->first_indicator = self->indicators.count + 1;
        row->first_milestone = self->milestones.count + 1;
        row->first_part = first;
        row->lead = agency;
        row->due = row->start = 100000;
        row->state = TASK_STATE(DOING);
        snprintf(row->number, sizeof row->number, "%0*u", ISSUES_NUMBER_BYTES - 2, number);
        for (uint32_t n = 0; n < ISSUES_INDICATORS_MAX; n++) {
            struct indicator *indicator = table_add(&self->indicators, &number);
            *indicator = (struct indicator){
                INT64_MIN / 9999, INT64_MAX / 9999, INT64_MIN / 9999, INT64_MAX / 9999, 1, 1, 1, "", 0};
            memcpy(indicator->code, name, sizeof name);
        }
        for (uint32_t n = 0; n < ISSUES_MILESTONES_MAX; n++) {
            *(struct milestone *)table_add(&self->milestones, &number) =
                (struct milestone){.due = 100000, .closed_at = 1, .expected = 999};
        }
    }
    Issues__V1__ListTasks query = ISSUES__V1__LIST_TASKS__INIT;
    const Issues__V1__Query body = DESK_QUERY(LIST_TASKS, list_tasks, &query);
    query.limit = 1000;
    uint32_t found = 0, pages = 0;
    do {
        const Issues__V1__Tasks *page = desk_tell(&f->desk, &body)->tasks; /* desk_ask looks whether it can be sent */
        assert_in_range(page->n_tasks, 1, 999);
        for (size_t i = 0; i < page->n_tasks; i++, found++) {
            assert_int_equal(strtoul(page->tasks[i]->task_number, NULL, 10), TASKS - found);
        }
        query.after = page->next;
        pages++;
    } while (query.after != 0);
    assert_int_equal(found, TASKS);
    assert_true(pages > 3);
}

/* --- what stalls enterprises --- */

static int by_order(const void *x, const void *y) {
    const struct about *of_x = *(const struct about *const *)x, *of_y = *(const struct about *const *)y;
    if (of_x->open != of_y->open) {
        return of_x->open > of_y->open ? -1 : 1;
    }
    return of_x->issues != of_y->issues ? (of_x->issues > of_y->issues ? -1 : 1) : (of_x < of_y ? -1 : 1);
}

static void what_stalls_most_comes_first(void **state) {
    enum { ABOUTS = 3000 };
    struct fixture *f = *state;
    struct issues *self = &f->office.issues;
    static const struct about *sorted[ABOUTS];
    size_t count = 0;
    uint32_t random = 1;
    for (uint32_t i = 0; i < ABOUTS; i++) {
        struct about *about = table_add(&self->abouts, &(uint32_t){0});
        random = random * 1664525 + 1013904223;
        about->open = (random >> 8) % 20;
        about->issues = about->open + (random >> 16) % 3;
        about->overdue = about->open / 2;
        about->is_task = i % 2;
        snprintf(about->code, sizeof about->code, "code-%u", i);
    }
    for (uint32_t i = 1; i <= ABOUTS; i++) {
        if (issues_about(self, i)->issues > 0) {
            sorted[count++] = issues_about(self, i);
        }
    }
    qsort(sorted, count, sizeof sorted[0], by_order);
    static const struct {
        uint32_t limit;
        size_t rows;
    } limits[] = {{0, 100}, {1, 1}, {2, 2}, {7, 7}, {1000, 1000}, {UINT32_MAX, 1000}};
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        Issues__V1__ListStalls query = ISSUES__V1__LIST_STALLS__INIT;
        const Issues__V1__Query body = DESK_QUERY(LIST_STALLS, list_stalls, &query);
        query.limit = limits[l].limit;
        const Issues__V1__Stalls *stalls = desk_ask(&f->desk, ROLE_HANDLER, "plan", &body)->stalls;
        assert_int_equal(stalls->n_stalls, limits[l].rows);
        for (size_t i = 0; i < stalls->n_stalls; i++) {
            assert_string_equal(sorted[i]->is_task ? stalls->stalls[i]->task_number : stalls->stalls[i]->item_code,
                                sorted[i]->code);
            assert_string_equal(sorted[i]->is_task ? stalls->stalls[i]->item_code : stalls->stalls[i]->task_number, "");
            assert_int_equal(stalls->stalls[i]->issues, sorted[i]->issues);
            assert_int_equal(stalls->stalls[i]->open, sorted[i]->open);
            assert_int_equal(stalls->stalls[i]->overdue, sorted[i]->overdue);
        }
    }
}

/* --- what else there is --- */

static void short_lists(void **state) {
    struct fixture *f = *state;
    Issues__V1__ListContactRules rules = ISSUES__V1__LIST_CONTACT_RULES__INIT;
    Issues__V1__ListCirculars circulars = ISSUES__V1__LIST_CIRCULARS__INIT;
    Issues__V1__ListProvincialTasks provincial = ISSUES__V1__LIST_PROVINCIAL_TASKS__INIT;
    Common__V1__ListAgencies agencies = COMMON__V1__LIST_AGENCIES__INIT;
    const Issues__V1__Query ask_rules = DESK_QUERY(LIST_CONTACT_RULES, list_contact_rules, &rules),
                            ask_circulars = DESK_QUERY(LIST_CIRCULARS, list_circulars, &circulars),
                            ask_provincial = DESK_QUERY(LIST_PROVINCIAL_TASKS, list_provincial_tasks, &provincial),
                            ask_agencies = DESK_QUERY(LIST_AGENCIES, list_agencies, &agencies);
    assert_int_equal(desk_tell(&f->desk, &ask_rules)->contact_rules->n_rules, 0);
    assert_int_equal(desk_tell(&f->desk, &ask_circulars)->circulars->n_circulars, 0);
    assert_int_equal(desk_tell(&f->desk, &ask_provincial)->provincial_tasks->n_tasks, 0);
    assert_true(office_contact_rule(&f->office, "P1", false, "text", false, "2020-06-01T08:00"));
    assert_true(office_contact_rule(&f->office, "N1", true, "text", false, "2020-06-01T08:00"));
    assert_true(office_contact_rule(&f->office, "N1", true, "", true, "2020-06-01T08:01"));
    assert_true(office_issue(
        &f->office, &(struct issue_act){.step = ISSUE_STEP(REGISTERED), .at = "2020-06-01T09:00", .rules = {"P1"}}));
    assert_true(office_provincial(&f->office, 2020, "P-1", "one"));
    assert_true(office_provincial(&f->office, 2021, "P-1", "one"));
    assert_true(office_draft(&f->office, &(struct ledger_draft){.provincial = {"P-1"}}));
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(ISSUED), .at = "2020-01-10T09:00"});

    const Issues__V1__ContactRules *r = desk_ask(&f->desk, ROLE_HANDLER, "fire", &ask_rules)->contact_rules;
    assert_int_equal(r->n_rules, 2);
    assert_string_equal(r->rules[0]->rule, "P1");
    assert_true(!r->rules[0]->negative && r->rules[0]->in_force);
    assert_int_equal(r->rules[0]->cited, 1);
    assert_string_equal(r->rules[1]->rule, "N1");
    assert_true(r->rules[1]->negative && !r->rules[1]->in_force);

    const Issues__V1__ProvincialTasks *p = desk_tell(&f->desk, &ask_provincial)->provincial_tasks;
    assert_int_equal(p->n_tasks, 2);
    assert_string_equal(p->tasks[0]->task_number, "T1");
    assert_string_equal(p->tasks[1]->task_number, "");
    provincial.year = 2021;
    p = desk_tell(&f->desk, &ask_provincial)->provincial_tasks;
    assert_int_equal(p->n_tasks, 1);
    assert_int_equal(p->tasks[0]->year, 2021);
    assert_string_equal(p->tasks[0]->code, "P-1");

    const Common__V1__Agencies *a = desk_ask(&f->desk, ROLE_HANDLER, "fire", &ask_agencies)->agencies;
    assert_int_equal(a->n_agencies, 5);
    assert_string_equal(a->agencies[3]->agency, "hall");
    assert_true(a->agencies[3]->window && !a->agencies[2]->window);
    assert_int_equal(a->agencies[2]->region, 411002);
}

static void a_circular_is_told_as_it_was_published(void **state) {
    struct fixture *f = *state;
    issue_lead_to(&f->office, "Q1", 'H', "2020-05-06", 3);
    issue_lead_to(&f->office, "Q2", 'H', "2020-06-01", 3);
    issue_lead_to(&f->office, "Q3", 'H', "2020-06-01", 1);
    office_task_to(&f->office, "T1", 'g', "2020-01-10");
    circular(f, "C-1", KIND(ISSUE), "2020-06-15T09:00");
    circular(f, "C-2", KIND(TASK), "2020-06-15T09:01");
    const int32_t due = office_row(&f->office, "Q1")->due;
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(PART_DONE), .at = "2020-06-16T09:00"}));
    assert_true(office_issue(&f->office, &(struct issue_act){.step = ISSUE_STEP(ANSWERED), .at = "2020-06-16T09:00"}));

    Issues__V1__ListCirculars list = ISSUES__V1__LIST_CIRCULARS__INIT;
    const Issues__V1__Query ask_list = DESK_QUERY(LIST_CIRCULARS, list_circulars, &list);
    const Issues__V1__Circulars *all = desk_ask(&f->desk, ROLE_HANDLER, "proc", &ask_list)->circulars;
    assert_int_equal(all->n_circulars, 2);
    assert_string_equal(all->circulars[0]->circular_number, "C-2");
    assert_int_equal(all->circulars[0]->kind, KIND(TASK));
    assert_int_equal(all->circulars[0]->lines, 1);
    assert_int_equal(all->circulars[1]->lines, 2);

    Issues__V1__GetCircular get = ISSUES__V1__GET_CIRCULAR__INIT;
    const Issues__V1__Query ask_one = DESK_QUERY(GET_CIRCULAR, get_circular, &get);
    get.circular_number = office_text("C-1");
    const Issues__V1__Circular *c = desk_ask(&f->desk, ROLE_HANDLER, "proc", &ask_one)->circular;
    assert_string_equal(c->title, "what lags");
    assert_int_equal(c->head->first_day, office_day("2020-06-01"));
    assert_int_equal(c->head->last_day, office_day("2020-06-30"));
    assert_int_equal(c->head->published_at_ms, office_ms("2020-06-15T09:00"));
    assert_int_equal(c->n_lines, 2);
    assert_string_equal(c->lines[0]->number, "Q1");
    assert_string_equal(c->lines[0]->agency, "plan");
    assert_int_equal(c->lines[0]->light, LIGHT(RED)); /* though it has been answered since */
    assert_int_equal(c->lines[0]->due_day, due);
    assert_string_equal(c->lines[1]->number, "Q2");
    get.circular_number = office_text("C-2");
    c = desk_tell(&f->desk, &ask_one)->circular;
    assert_string_equal(c->lines[0]->number, "T1");
    assert_int_equal(c->lines[0]->light, 0);
    assert_true(c->lines[0]->lag > TASK_LAG(NONE));
    assert_int_equal(c->lines[0]->progress_permille, 1000);

    get.circular_number = office_text("C-3");
    assert_null(desk_tell(&f->desk, &ask_one));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(NOT_FOUND));
    get.circular_number = office_text("");
    assert_null(desk_tell(&f->desk, &ask_one));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(MISSING));
    get.circular_number = office_text("C-1");
    f->desk.has_no_log = true;
    assert_null(desk_tell(&f->desk, &ask_one));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNAVAILABLE));
}

/* --- histories --- */

/* All of a history as words, oldest first: "REGISTERED/HANDLER/water[title: a road is closed; ...] ...". */
static void spell(struct fixture *f, Issues__V1__RecordKind kind, const char *number, char *words, size_t size) {
    const Issues__V1__History *h = desk_history(&f->desk, ROLE_OPERATOR, "operator", kind, number, 0, 1000);
    assert_non_null(h);
    words[0] = '\0';
    for (size_t i = h->n_steps; i-- > 0;) {
        const Issues__V1__HistoryStep *step = h->steps[i];
        size_t used = strlen(words);
        snprintf(words + used, size - used, "%s/%s/%s", step->step,
                 protobuf_c_enum_descriptor_get_value(&common__v1__actor__descriptor, (int)step->actor)->name + 6,
                 step->organisation);
        for (size_t d = 0; d < step->n_details; d++) {
            used = strlen(words);
            snprintf(words + used, size - used, "%s%s", d == 0 ? "[" : "; ", step->details[d]);
        }
        used = strlen(words);
        snprintf(words + used, size - used, "%s\n", step->n_details > 0 ? "]" : "");
        assert_int_equal(step->logged_at_ms, step->seq * 1000);
        assert_true(i == 0 || step->seq < h->steps[i - 1]->seq);
    }
}

static void a_history_of_an_issue_tells_everything(void **state) {
    struct fixture *f = *state;
    static char words[8192];
    static const struct issue_act acts[] = {
        {.step = ISSUE_STEP(REGISTERED), .at = "2020-06-01T09:00", .item = "A-17"},
        {.step = ISSUE_STEP(SCREENED), .at = "2020-06-01T10:00"},
        {.step = ISSUE_STEP(DISPATCHED), .at = "2020-06-01T11:00", .parts = {"fire"}},
        {.step = ISSUE_STEP(STARTED), .at = "2020-06-02T09:00"},
        {.step = ISSUE_STEP(PART_DONE), .at = "2020-06-02T09:00"},
        {.step = ISSUE_STEP(EXTENSION_ASKED), .at = "2020-06-08T09:00", .reason = "many neighbours"},
        {.step = ISSUE_STEP(EXTENDED), .at = "2020-06-08T10:00"},
        {.step = ISSUE_STEP(ANSWERED), .at = "2020-06-10T09:00", .reason = "done"},
        {.step = ISSUE_STEP(DISSATISFIED), .at = "2020-06-11T09:00", .reason = "not done"},
        {.step = ISSUE_STEP(RAISED), .at = "2020-06-11T10:00", .actor = ACTOR(LEADER)},
        {.step = ISSUE_STEP(TRANSFERRED), .at = "2020-06-12T09:00"},
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (i == sizeof acts / sizeof acts[0] - 1) {
            assert_true(office_slip_issue(&f->office, KIND(ISSUE), "Q1", 2, "2020-06-11T11:00"));
            assert_true(office_slip_reply(&f->office, "plan", 1, "2020-06-12T08:00"));
        }
        assert_true(office_issue(&f->office, &acts[i]));
    }
    spell(f, KIND(ISSUE), "Q1", words, sizeof words);
    assert_string_equal(words,
                        "REGISTERED/APPLICANT/hall[item: A-17; until: 2020-06-04; title: a road is closed]\n"
                        "SCREENED/SUPERVISOR/[class: B; until: 2020-06-04]\n"
                        "DISPATCHED/SUPERVISOR/[lead: plan; cooperating: fire; part due: 2020-06-04; due: 2020-06-22]\n"
                        "STARTED/HANDLER/plan\n"
                        "PART_DONE/HANDLER/fire[unit: fire]\n"
                        "EXTENSION_ASKED/HANDLER/plan[reason: many neighbours]\n"
                        "EXTENDED/SUPERVISOR/[days: 5; due: 2020-06-30]\n"
                        "ANSWERED/HANDLER/plan[until: 2020-06-24; reason: done]\n"
                        "DISSATISFIED/APPLICANT/hall[round: 2; level: 1; due: 2020-07-03; reason: not done]\n"
                        "RAISED/LEADER/[level: 2; reason: a reason]\n"
                        "SLIP_ISSUED/SUPERVISOR/[level: 2; to: plan; until: 2020-06-15; reason: a priority]\n"
                        "SLIP_REPLIED/HANDLER/plan[slip: 1; level: 2; reply: it is being done]\n"
                        "TRANSFERRED/SUPERVISOR/[to: POLICE; reason: a reason; letter: R-1]\n"
                        "SLIP_CLOSED/SYSTEM/[slip: 1; level: 2]\n");
}

static void a_history_of_a_task_tells_everything(void **state) {
    struct fixture *f = *state;
    static char words[8192];
    assert_true(office_draft(&f->office, &(struct ledger_draft){.key = true,
                                                                .measures = {"a fair", "a school"},
                                                                .annual_target = "10 more",
                                                                .milestones = {{"2020-04-30", 400}}}));
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(ISSUED), .at = "2020-01-10T09:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(STARTED), .at = "2020-01-10T10:00"});
    office_tick(&f->office, "2020-05-01T00:01");
    office_task_step(&f->office,
                     &(struct task_act){.step = TASK_STEP(MEASURED), .at = "2020-05-06T10:00", .value = 1234});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(MILESTONE_CLOSED), .at = "2020-05-06T11:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(SIGNOFF_ASKED), .at = "2020-05-06T12:00"});
    office_task_step(&f->office,
                     &(struct task_act){.step = TASK_STEP(OBJECTED), .at = "2020-05-06T13:00", .org = "water"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(RETURNED), .at = "2020-05-06T14:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(DEFERRED), .at = "2020-05-06T15:00"});
    office_task_step(&f->office, &(struct task_act){.step = TASK_STEP(CARRIED_OVER), .at = "2020-05-06T16:00"});
    spell(f, KIND(TASK), "T1", words, sizeof words);
    /* lags and slips of time come between; what was said is there in its order */
    static const char *const wanted[] = {
        "DRAFTED/SUPERVISOR/[title: more jobs; target: 10 more; office: the mayor's office; measure: a fair; measure: "
        "a school]\n",
        "ISSUED/SUPERVISOR/\n",
        "STARTED/HANDLER/plan\n",
        "LAG_CHANGED/SYSTEM/[lag: YELLOW]\n",
        "LAG_CHANGED/SYSTEM/[lag: ORANGE]\n",
        "SLIP_ISSUED/SYSTEM/[level: 1; to: plan; until: ",
        "MEASURED/HANDLER/plan[indicator: jobs; hundredths: 1234; evidence: e7",
        "MILESTONE_CLOSED/HANDLER/plan[milestone: 1; evidence: e7",
        "SIGNOFF_ASKED/HANDLER/plan[until: 2020-05-12]\n",
        "OBJECTED/HANDLER/water[unit: water; reason: a reason]\n",
        "RETURNED/SUPERVISOR/[reason: a reason]\n",
        "DEFERRED/SUPERVISOR/[until: 2021-06-30; reason: a reason]\n",
        "CARRIED_OVER/SUPERVISOR/[year: 2021; reason: a reason]\n",
    };
    const char *at = words;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const char *found = strstr(at, wanted[i]);
        if (found == NULL) {
            fail_msg("not there: %s in\n%s", wanted[i], at);
        }
        at = found + strlen(wanted[i]);
    }
}

static void a_history_of_a_clue_tells_everything(void **state) {
    struct fixture *f = *state;
    static char words[4096];
    one_of_each(f);
    office_tick(&f->office, "2020-06-09T00:01");
    clue(f, "K1", CLUE_STEP(RECEIVED), "2020-06-09T09:00", 0);
    clue(f, "K1", CLUE_STEP(FILED), "2020-06-10T09:00", 0);
    spell(f, KIND(CLUE), "K1", words, sizeof words);
    assert_string_equal(words, "FOUND/HANDLER/water[place: under the bridge]\n"
                               "NOTICE/SUPERVISOR/[unit: plan; until: 2020-06-01]\n"
                               "TRANSFERRED/SUPERVISOR/[to: proc; due: 2020-06-08; letter: letter 7]\n"
                               "RECEIPT_LATE/SYSTEM/\n"
                               "SLIP_ISSUED/SYSTEM/[level: 1; to: proc; until: 2020-06-12]\n"
                               "RECEIVED/HANDLER/proc[letter: R-7]\n"
                               "FILED/HANDLER/proc[due: 2020-09-10]\n");
}

/* Pages of any size, from any number on, join to all events of the record and none of another. */
static void pages_of_a_history_join(void **state) {
    struct fixture *f = *state;
    one_of_each(f);
    issue_lead_to(&f->office, "Q2", 'F', "2020-06-01", 0);
    assert_true(office_slip_issue(&f->office, KIND(ISSUE), "Q1", 1, "2020-06-01T11:00"));
    assert_true(office_slip_issue(&f->office, KIND(CLUE), "K1", 1, "2020-06-04T11:00"));
    office_tick(&f->office, "2020-07-20T00:01");
    uint64_t wanted[200];
    size_t count = 0;
    for (uint64_t prev = office_row(&f->office, "Q1")->last_seq; prev != 0; prev = f->office.log[prev - 1].prev) {
        wanted[count++] = prev;
    }
    assert_true(count > 8 && count < 200);
    for (uint32_t limit = 1; limit <= 5; limit++) {
        uint64_t before = 0;
        size_t at = 0;
        do {
            const Issues__V1__History *h =
                desk_history(&f->desk, ROLE_HANDLER, "plan", KIND(ISSUE), "Q1", before, limit);
            for (size_t i = 0; i < h->n_steps; i++) {
                assert_int_equal(h->steps[i]->seq, wanted[at++]);
            }
            assert_true(h->n_steps == limit || at == count);
            before = h->next;
        } while (before != 0);
        assert_int_equal(at, count);
    }
    for (uint64_t before = 1; before <= f->office.seq + 5; before++) { /* also numbers of other records, or of none */
        size_t older = 0;
        while (older < count && wanted[count - 1 - older] < before) {
            older++;
        }
        assert_int_equal(desk_history(&f->desk, ROLE_HANDLER, "plan", KIND(ISSUE), "Q1", before, 1000)->n_steps, older);
    }
    f->desk.reads = 0; /* a page goes on from the event it names */
    assert_int_equal(desk_history(&f->desk, ROLE_HANDLER, "plan", KIND(ISSUE), "Q1", wanted[count - 2], 10)->n_steps,
                     1);
    assert_int_equal(f->desk.reads, 2);
}

static void without_the_log_a_history_is_unavailable(void **state) {
    struct fixture *f = *state;
    one_of_each(f);
    f->desk.has_no_log = true;
    assert_null(desk_history(&f->desk, ROLE_HANDLER, "plan", KIND(ISSUE), "Q1", 0, 0));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNAVAILABLE));
}

/* Long texts make a page shorter, and a history costs a bounded number of reads. */
static void long_texts_make_short_pages(void **state) {
    enum { EVENTS = 40, TEXT = 60000 };
    struct fixture *f = *state;
    issue_lead_to(&f->office, "Q1", 'R', "2020-06-01", 0);
    uint8_t *body = calloc(1, sizeof(struct event_issue_step) + 3 + TEXT);
    const struct event_issue_step step = {.issue = 1,
                                          .at = 1591000000,
                                          .step = ISSUE_STEP(COMMENTED),
                                          .actor = ACTOR(SUPERVISOR),
                                          .after = ISSUE_STATE(REGISTERED),
                                          .round = 1,
                                          .level = 1};
    memcpy(body, &step, sizeof step);
    body[sizeof step] = TEXT_REASON;
    body[sizeof step + 1] = TEXT & 255;
    body[sizeof step + 2] = TEXT >> 8;
    memset(body + sizeof step + 3, 'x', TEXT);
    for (int i = 0; i < EVENTS; i++) {
        struct event event = {.type = EVENT_ISSUE_STEP,
                              .prev = office_row(&f->office, "Q1")->last_seq,
                              .private_body = body,
                              .private_size = sizeof step + 3 + TEXT};
        office_evolve(&f->office, &event);
    }
    free(body);
    uint64_t before = 0;
    size_t told = 0, pages = 0;
    do {
        const Issues__V1__History *h =
            desk_history(&f->desk, ROLE_OPERATOR, "operator", KIND(ISSUE), "Q1", before, 1000);
        assert_non_null(h); /* desk_ask looks whether it can be sent */
        told += h->n_steps;
        before = h->next;
        pages++;
    } while (before != 0);
    assert_int_equal(told, EVENTS + 1);
    assert_true(pages > 3);
    for (int i = 0; i < 25000; i++) {
        struct event event = {.type = EVENT_ISSUE_STEP,
                              .prev = office_row(&f->office, "Q1")->last_seq,
                              .private_body = &step,
                              .private_size = sizeof step};
        office_evolve(&f->office, &event);
    }
    f->desk.reads = 0;
    assert_null(desk_history(&f->desk, ROLE_OPERATOR, "operator", KIND(ISSUE), "Q1", 1, 10)); /* no event of its own */
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNAVAILABLE));
    assert_int_equal(f->desk.reads, ASKING_PAST_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_role_sees_what_it_may),
        TEST(numbers_are_looked_at),
        TEST(a_list_of_another_unit_is_forbidden),
        TEST(a_question_without_a_body_is_refused),
        TEST(an_issue_is_told_whole),
        TEST(the_clock_is_that_of_today),
        TEST(every_state_has_its_clock),
        TEST(today_is_that_of_the_last_tick),
        TEST(a_task_is_told_whole),
        TEST(confirmations_are_told),
        TEST(a_clue_is_told_whole),
        TEST(issues_are_listed_as_a_loop_finds_them),
        TEST(a_page_is_not_moved_by_what_comes_meanwhile),
        TEST(tasks_are_listed_as_a_loop_finds_them),
        TEST(clues_are_listed_by_state_region_and_day),
        TEST(slips_are_listed_newest_first),
        TEST(a_question_looks_at_a_bounded_number_of_rows),
        TEST(a_page_of_large_rows_is_shorter),
        TEST(what_stalls_most_comes_first),
        TEST(short_lists),
        TEST(a_circular_is_told_as_it_was_published),
        TEST(a_history_of_an_issue_tells_everything),
        TEST(a_history_of_a_task_tells_everything),
        TEST(a_history_of_a_clue_tells_everything),
        TEST(pages_of_a_history_join),
        TEST(without_the_log_a_history_is_unavailable),
        TEST(long_texts_make_short_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
