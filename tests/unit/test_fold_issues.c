#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/fold.h"
#include "aggregator/metrics.h"
#include "issues/v1/events.pb-c.h"

/*
 * Events of the issue registry and the cells that they touch: exactly these, with their day, organisation or subject, and
 * category. Numbers of metrics and categories are written out: they are for ever.
 */
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define REGISTERED 18292 /* 2020-01-31 */
#define DAY 18321        /* 2020-02-29 */
#define YEAR_2020 18262
#define DAY_LAST 2932896u
#define WEIDU 411002
#define CITY 411000
#define WANTS_MAX 24

#define ISSUE_STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define ISSUE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name
#define TASK_STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define TASK(name) ISSUES__V1__TASK_STATE__TASK_STATE_##name
#define CLUE_STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define CLUE(name) ISSUES__V1__CLUE_STATE__CLUE_STATE_##name

struct fold_state {
    struct cells cells;
    struct arena arena;
};

static bool metric_was_seen[200];

static int set_up(void **state) {
    struct fold_state *fold = calloc(1, sizeof *fold);
    assert_non_null(fold);
    assert_true(cells_init(&fold->cells, CELLS_MAX_LEAST));
    arena_init(&fold->arena, FOLD_UNPACK_BYTES_MAX);
    *state = fold;
    return 0;
}

static int tear_down(void **state) {
    struct fold_state *fold = *state;
    cells_release(&fold->cells);
    arena_release(&fold->arena);
    free(fold);
    return 0;
}

static enum fold_result fold_event(struct fold_state *fold, const Issues__V1__Event *event) {
    size_t size = issues__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size + 1);
    assert_non_null(body);
    issues__v1__event__pack(event, body);
    enum fold_result result = fold_issues(body, size, &fold->arena, &fold->cells);
    free(body);
    return result;
}

static char *words(const char *text) {
    return (char *)(uintptr_t)text;
}

/* --- Comparing ---------------------------------------------------------------------------------------------------- */

struct want {
    int metric; /* 0: the end */
    int64_t value;
    int32_t period;
    const char *organisation; /* or subject; NULL: "" */
    int category;
};

/* Exactly these cells of the region, those of the city where said (indicators and the like), and no other. */
static void assert_cells_of(struct fold_state *fold, const char *name, uint32_t region, const struct want *wants) {
    size_t count = 0;
    for (; wants[count].metric != 0; count++) {
        const struct want *want = &wants[count];
        const char *organisation = want->organisation == NULL ? "" : want->organisation;
        const bool is_of_city = (want->metric >= 126 && want->metric <= 127) || want->metric == 132 ||
                                (want->metric >= 147 && want->metric <= 148) || want->metric >= 1000 ||
                                (want->metric >= 160 && want->metric <= 163);
        const size_t organisations = fold->cells.organisation_count;
        const struct cell_key key = {
            .region = is_of_city ? CITY : region,
            .metric = (uint16_t)want->metric,
            .period = want->period,
            .organisation = cells_organisation(&fold->cells, organisation, strlen(organisation)),
            .category = (uint8_t)want->category,
        };
        const int64_t got = cells_value(&fold->cells, &key);
        if (got != want->value || fold->cells.organisation_count != organisations) {
            fail_msg("%s: metric %d of '%s' is %lld, not %lld", name, want->metric, organisation, (long long)got,
                     (long long)want->value);
        }
        metric_was_seen[want->metric] = true;
    }
    if (fold->cells.count != count) {
        fail_msg("%s: %zu cells, not %zu", name, fold->cells.count, count);
    }
}

static void assert_cells(struct fold_state *fold, const char *name, const struct want *wants) {
    assert_cells_of(fold, name, WEIDU, wants);
}

/* What is refused leaves nothing: no cell, no code. */
static void assert_untouched(struct fold_state *fold, const char *name, enum fold_result result) {
    if (result != FOLD_UNKNOWN || !cells_is_empty(&fold->cells) || fold->cells.organisation_count != 1) {
        fail_msg("%s: result %d, %zu cells, %zu codes", name, (int)result, fold->cells.count,
                 fold->cells.organisation_count);
    }
    cells_clear(&fold->cells);
}

/* --- Enterprise issues -------------------------------------------------------------------------------------------- */

static Issues__V1__IssueFacts issue_facts(void) {
    Issues__V1__IssueFacts facts = ISSUES__V1__ISSUE_FACTS__INIT;
    facts.agency = words("lead");
    facts.region = WEIDU;
    facts.class_ = ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_B;
    facts.registered_day = REGISTERED;
    return facts;
}

static Issues__V1__IssueMoved issue_moved(Issues__V1__IssueFacts *facts, int step, int before, int after) {
    Issues__V1__IssueMoved moved = ISSUES__V1__ISSUE_MOVED__INIT;
    moved.facts = facts;
    moved.step = (Issues__V1__IssueStep)step;
    moved.before = (Issues__V1__IssueState)before;
    moved.after = (Issues__V1__IssueState)after;
    moved.day = DAY;
    return moved;
}

static enum fold_result move_issue(struct fold_state *fold, Issues__V1__IssueMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_ISSUE_MOVED;
    event.issue_moved = moved;
    return fold_event(fold, &event);
}

/* Which cells each step of the contract touches. The day of registration is another one than that of the step, so a number
 * on the wrong day is seen. */
#define NO_CLASS ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_UNSPECIFIED
#define A_CLASS ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_A
#define B_CLASS ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_B
#define C_CLASS ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_C
#define COHORT(metric, value) {metric, value, REGISTERED, "", 0}
#define REGION(metric, value) {metric, value, DAY, "", 0}
#define LEAD(metric, value) {metric, value, DAY, "lead", 0}
#define ENDS REGION(114, -1), COHORT(116, -1)
static const struct {
    const char *name;
    int step, before, after;
    int overdue;
    bool raised;
    int class_;
    bool has_closing, confirmed, on_time;
    uint32_t charged;
    struct want wants[WANTS_MAX];
} issue_steps[] = {
    {"screened", ISSUE_STEP(SCREENED), ISSUE(REGISTERED), ISSUE(SCREENED), .wants = {{0}}},
    {"duplicate", ISSUE_STEP(DUPLICATE), ISSUE(REGISTERED), ISSUE(DUPLICATE), .wants = {COHORT(101, 1), ENDS}},
    {"invalid", ISSUE_STEP(INVALID), ISSUE(SCREENED), ISSUE(INVALID), .wants = {COHORT(102, 1), ENDS}},
    {"dispatched", ISSUE_STEP(DISPATCHED), ISSUE(SCREENED), ISSUE(DISPATCHED), .wants = {{0}}},
    {"disputed", ISSUE_STEP(DISPUTED), ISSUE(DISPATCHED), ISSUE(DISPUTED), .wants = {LEAD(118, 1)}},
    {"started", ISSUE_STEP(STARTED), ISSUE(DISPATCHED), ISSUE(HANDLING), .wants = {{0}}},
    {"a part done", ISSUE_STEP(PART_DONE), ISSUE(HANDLING), ISSUE(HANDLING), .wants = {{0}}},
    {"extension asked", ISSUE_STEP(EXTENSION_ASKED), ISSUE(HANDLING), ISSUE(HANDLING), .wants = {{0}}},
    {"extended", ISSUE_STEP(EXTENDED), ISSUE(HANDLING), ISSUE(HANDLING), .wants = {LEAD(117, 1)}},
    {"answered", ISSUE_STEP(ANSWERED), ISSUE(HANDLING), ISSUE(ANSWERED), .wants = {{0}}},
    {"answered late", ISSUE_STEP(ANSWERED), ISSUE(HANDLING), ISSUE(ANSWERED), -1, .wants = {LEAD(113, -1)}},
    {"confirmed", ISSUE_STEP(CONFIRMED), ISSUE(ANSWERED), ISSUE(CONFIRMED), .wants = {{0}}},
    {"dissatisfied", ISSUE_STEP(DISSATISFIED), ISSUE(ANSWERED), ISSUE(HANDLING), .wants = {LEAD(110, 1)}},
    {"a third round", ISSUE_STEP(DISSATISFIED), ISSUE(ANSWERED), ISSUE(HANDLING), 0, true,
     .wants = {LEAD(110, 1), LEAD(120, 1)}},
    {"resolved", ISSUE_STEP(RESOLVED), ISSUE(CONFIRMED), ISSUE(RESOLVED), 0, false, B_CLASS, true, true, true, 3,
     {COHORT(103, 1), COHORT(104, 1), ENDS, {111, 1, DAY, "lead", 222}, {115, 1, DAY, "lead", 103}}},
    {"resolved, class A, late", ISSUE_STEP(RESOLVED), ISSUE(CONFIRMED), ISSUE(RESOLVED), 0, false, A_CLASS, true, true, false, 31,
     {COHORT(103, 1), COHORT(104, 1), ENDS, {112, 1, DAY, "lead", 221}, {115, 1, DAY, "lead", 131}}},
    {"silent", ISSUE_STEP(SILENT), ISSUE(ANSWERED), ISSUE(RESOLVED), 0, false, C_CLASS, true, false, true, 0,
     {COHORT(103, 1), COHORT(105, 1), ENDS, {111, 1, DAY, "lead", 223}, {115, 1, DAY, "lead", 100}}},
    {"silent, no class, late", ISSUE_STEP(SILENT), ISSUE(ANSWERED), ISSUE(RESOLVED), 0, false, NO_CLASS, true, false, false, 1000000,
     {COHORT(103, 1), COHORT(105, 1), ENDS, {112, 1, DAY, "lead", 220}, {115, 1, DAY, "lead", 181}}},
    {"resolved, a later class", ISSUE_STEP(RESOLVED), ISSUE(CONFIRMED), ISSUE(RESOLVED), 0, false, 4, true, true, true, 3,
     {COHORT(103, 1), COHORT(104, 1), ENDS, {111, 1, DAY, "lead", 220}, {115, 1, DAY, "lead", 103}}},
    {"signed off", ISSUE_STEP(SIGNED_OFF), ISSUE(RESOLVED), ISSUE(SIGNED_OFF), .wants = {COHORT(106, 1)}},
    {"raised", ISSUE_STEP(RAISED), ISSUE(HANDLING), ISSUE(HANDLING), 0, true, .wants = {LEAD(120, 1)}},
    {"long term", ISSUE_STEP(LONG_TERM), ISSUE(HANDLING), ISSUE(LONG_TERM), -1, .wants = {REGION(107, 1), LEAD(113, -1)}},
    {"resumed", ISSUE_STEP(RESUMED), ISSUE(LONG_TERM), ISSUE(HANDLING), .wants = {REGION(107, -1)}},
    {"transferred", ISSUE_STEP(TRANSFERRED), ISSUE(HANDLING), ISSUE(TRANSFERRED), -1,
     .wants = {COHORT(108, 1), ENDS, LEAD(113, -1)}},
    {"long term cancelled", ISSUE_STEP(CANCELLED), ISSUE(LONG_TERM), ISSUE(CANCELLED),
     .wants = {COHORT(109, 1), ENDS, REGION(107, -1)}},
    {"comment", ISSUE_STEP(COMMENTED), ISSUE(SIGNED_OFF), ISSUE(SIGNED_OFF), .wants = {{0}}},
    {"dispatched late", ISSUE_STEP(DISPATCH_LATE), ISSUE(SCREENED), ISSUE(SCREENED), .wants = {REGION(119, 1)}},
    {"dispute late", ISSUE_STEP(DISPUTE_LATE), ISSUE(DISPUTED), ISSUE(DISPUTED), .wants = {{0}}},
    {"a part late", ISSUE_STEP(PART_LATE), ISSUE(HANDLING), ISSUE(HANDLING), .wants = {{121, 1, DAY, "other", 0}}},
    {"warned", ISSUE_STEP(WARNED), ISSUE(HANDLING), ISSUE(HANDLING), .wants = {{0}}},
    {"overdue", ISSUE_STEP(OVERDUE), ISSUE(HANDLING), ISSUE(HANDLING), 1, .wants = {LEAD(113, 1)}},
    {"review due", ISSUE_STEP(REVIEW_DUE), ISSUE(LONG_TERM), ISSUE(LONG_TERM), .wants = {{0}}},
    {"due changed", ISSUE_STEP(DUE_CHANGED), ISSUE(HANDLING), ISSUE(HANDLING), -1, .wants = {LEAD(113, -1)}},
};

static void each_step_of_an_issue_is_counted(void **state) {
    struct fold_state *fold = *state;
    for (size_t i = 0; i < COUNT(issue_steps); i++) {
        Issues__V1__IssueFacts facts = issue_facts();
        Issues__V1__IssueClosing closing = ISSUES__V1__ISSUE_CLOSING__INIT;
        Issues__V1__IssueMoved moved =
            issue_moved(&facts, issue_steps[i].step, issue_steps[i].before, issue_steps[i].after);
        facts.class_ = (Issues__V1__IssueClass)issue_steps[i].class_;
        moved.open_overdue = issue_steps[i].overdue;
        moved.raised = issue_steps[i].raised;
        moved.unit = words("other");
        closing.confirmed = issue_steps[i].confirmed;
        closing.on_time = issue_steps[i].on_time;
        closing.charged_days = issue_steps[i].charged;
        moved.closing = issue_steps[i].has_closing ? &closing : NULL;
        cells_clear(&fold->cells);
        assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
        assert_cells(fold, issue_steps[i].name, issue_steps[i].wants);
    }
}

static void an_issue_without_a_lead_unit_counts_for_its_region(void **state) {
    struct fold_state *fold = *state;
    Issues__V1__IssueFacts facts = issue_facts();
    Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(UNSPECIFIED), ISSUE(REGISTERED));
    facts.agency = words("");
    facts.registered_day = DAY;
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_cells(fold, "registered",
                 (const struct want[]){{100, 1, DAY, "", 0}, {114, 1, DAY, "", 0}, {116, 1, DAY, "", 0}, {0}});
    moved = issue_moved(&facts, ISSUE_STEP(RAISED), ISSUE(SCREENED), ISSUE(SCREENED));
    moved.raised = true;
    cells_clear(&fold->cells);
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_cells(fold, "raised", (const struct want[]){{120, 1, DAY, "", 0}, {0}});
}

/* From registration to the end every stock is nothing again, whatever way an issue went. */
static void every_state_is_open_or_ended(void **state) {
    struct fold_state *fold = *state;
    static const bool is_open[] = {[ISSUE(REGISTERED)] = true, [ISSUE(SCREENED)] = true, [ISSUE(DISPATCHED)] = true,
                                   [ISSUE(DISPUTED)] = true,   [ISSUE(HANDLING)] = true, [ISSUE(ANSWERED)] = true,
                                   [ISSUE(CONFIRMED)] = true,  [ISSUE(LONG_TERM)] = true, [ISSUE(INVALID)] = false};
    for (int before = 0; before <= ISSUE(INVALID); before++) {
        for (int after = 0; after <= ISSUE(INVALID); after++) {
            Issues__V1__IssueFacts facts = issue_facts();
            Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(WARNED), before, after);
            struct want wants[4] = {{0}};
            size_t count = 0;
            if (is_open[before] != is_open[after]) {
                wants[count++] = (struct want)REGION(114, is_open[after] ? 1 : -1);
                wants[count++] = (struct want)COHORT(116, is_open[after] ? 1 : -1);
            }
            if ((before == ISSUE(LONG_TERM)) != (after == ISSUE(LONG_TERM))) {
                wants[count++] = (struct want)REGION(107, after == ISSUE(LONG_TERM) ? 1 : -1);
            }
            cells_clear(&fold->cells);
            assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
            assert_cells(fold, "states", wants);
        }
    }
}

static void an_issue_counts_for_what_it_is_about(void **state) {
    struct fold_state *fold = *state;
    Issues__V1__IssueFacts facts = issue_facts();
    char *rules[] = {words("ZM-03"), words("FM-11")};
    Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(UNSPECIFIED), ISSUE(REGISTERED));
    facts.item_code = words("11411000MB1234567Y4000120001000");
    facts.task_number = words("许改〔2020〕3号-1");
    moved.n_rules = 2;
    moved.rules = rules;
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_cells(fold, "registered",
                 (const struct want[]){COHORT(100, 1), REGION(114, 1), COHORT(116, 1),
                                       {122, 1, DAY, "11411000MB1234567Y4000120001000", 0},
                                       {123, 1, DAY, "11411000MB1234567Y4000120001000", 0},
                                       {124, 1, DAY, "许改〔2020〕3号-1", 0},
                                       {125, 1, DAY, "许改〔2020〕3号-1", 0},
                                       {128, 1, DAY, "ZM-03", 0},
                                       {128, 1, DAY, "FM-11", 0},
                                       {0}});
    moved = issue_moved(&facts, ISSUE_STEP(CANCELLED), ISSUE(HANDLING), ISSUE(CANCELLED));
    cells_clear(&fold->cells);
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_cells(fold, "cancelled",
                 (const struct want[]){COHORT(109, 1), ENDS,
                                       {123, -1, DAY, "11411000MB1234567Y4000120001000", 0},
                                       {125, -1, DAY, "许改〔2020〕3号-1", 0},
                                       {0}});
    moved = issue_moved(&facts, ISSUE_STEP(STARTED), ISSUE(DISPATCHED), ISSUE(HANDLING));
    cells_clear(&fold->cells);
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_cells(fold, "started", (const struct want[]){{0}});
}

/* Cut to 32 bytes, between characters; codes that are equal so far share a cell. */
static void a_long_subject_is_cut_between_characters(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        const char *code, *cut;
    } cases[] = {
        {"12345678901234567890123456789012", "12345678901234567890123456789012"},
        {"123456789012345678901234567890123", "12345678901234567890123456789012"},
        {"12345678901234567890123456789012345678901234567890", "12345678901234567890123456789012"},
        {"许昌市改革任务一二三四", "许昌市改革任务一二三"},           /* 33 bytes: the last character does not fit */
        {"a许昌市改革任务一二三四", "a许昌市改革任务一二三"},         /* 34: the tenth ends at 31 */
        {"ab许昌市改革任务一二三四", "ab许昌市改革任务一二三"},       /* 35: the tenth ends at 32 */
        {"abc许昌市改革任务一二三", "abc许昌市改革任务一二"},         /* 33: cut after its first two bytes */
        {"1234567890123456789012345678901é", "1234567890123456789012345678901"},
        {"123456789012345678901234567890é", "123456789012345678901234567890é"},
        {"12345678901234567890123456789\xf0\xa0\x80\x80", "12345678901234567890123456789"},
        {"1234567890123456789012345678\xf0\xa0\x80\x80", "1234567890123456789012345678\xf0\xa0\x80\x80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Issues__V1__IssueFacts facts = issue_facts();
        Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(REGISTERED), ISSUE(REGISTERED));
        facts.item_code = words(cases[i].code);
        cells_clear(&fold->cells);
        assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
        assert_cells(fold, cases[i].code,
                     (const struct want[]){COHORT(100, 1), {122, 1, DAY, cases[i].cut, 0}, {0}});
        facts.item_code = words(cases[i].cut);
        assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
        assert_cells(fold, cases[i].code,
                     (const struct want[]){COHORT(100, 2), {122, 2, DAY, cases[i].cut, 0}, {0}});
    }
}

static void issues_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const int steps[] = {0, 22, 109, 118, -1, INT32_MAX, INT32_MIN};
    static const uint32_t days[] = {DAY_LAST + 1, UINT32_MAX}, regions[] = {0, 1000000, UINT32_MAX};
    static const char *const codes[] = {"a 1", "许昌", "123456789012345678901234567890123"};
    static const int32_t overdue[] = {2, -2, INT32_MAX, INT32_MIN};
    static const char *const subjects[] = {"\xe8\xae", "a\xff", "\xc0\x80", "\xed\xa0\x80", "1234567890123456789012345678901234567\xe8"};
    Issues__V1__IssueFacts facts = issue_facts(), good = issue_facts();
    const Issues__V1__IssueMoved fine = issue_moved(&facts, ISSUE_STEP(OVERDUE), ISSUE(HANDLING), ISSUE(HANDLING));
    Issues__V1__IssueMoved moved = fine;
    moved.facts = NULL;
    assert_untouched(fold, "no facts", move_issue(fold, &moved));
    for (size_t i = 0; i < COUNT(steps); i++) {
        moved = fine;
        moved.open_overdue = 1;
        moved.step = (Issues__V1__IssueStep)steps[i];
        assert_untouched(fold, "step", move_issue(fold, &moved));
    }
    for (size_t i = 0; i < COUNT(days); i++) {
        moved = fine;
        moved.open_overdue = 1;
        moved.day = days[i];
        assert_untouched(fold, "day", move_issue(fold, &moved));
        moved.day = DAY;
        facts.registered_day = days[i];
        assert_untouched(fold, "day of registration", move_issue(fold, &moved));
        facts = good;
    }
    for (size_t i = 0; i < COUNT(regions); i++) {
        moved = fine;
        facts.region = regions[i];
        assert_untouched(fold, "region", move_issue(fold, &moved));
        facts = good;
    }
    for (size_t i = 0; i < COUNT(codes); i++) {
        moved = fine;
        facts.agency = words(codes[i]);
        assert_untouched(fold, "agency", move_issue(fold, &moved));
        facts = good;
        moved = issue_moved(&facts, ISSUE_STEP(PART_LATE), ISSUE(HANDLING), ISSUE(HANDLING));
        moved.unit = words(i == 0 ? "" : codes[i]);
        assert_untouched(fold, "unit", move_issue(fold, &moved));
    }
    for (size_t i = 0; i < COUNT(overdue); i++) {
        moved = fine;
        moved.open_overdue = overdue[i];
        assert_untouched(fold, "overdue", move_issue(fold, &moved));
    }
    for (size_t i = 0; i < COUNT(subjects); i++) { /* a store would not take them */
        char *rules[] = {words("ZM-03"), words(subjects[i])};
        moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(UNSPECIFIED), ISSUE(REGISTERED));
        facts.item_code = words(subjects[i]);
        assert_untouched(fold, "item", move_issue(fold, &moved));
        facts = good;
        facts.task_number = words(subjects[i]);
        assert_untouched(fold, "task", move_issue(fold, &moved));
        facts = good;
        moved.n_rules = 2;
        moved.rules = rules;
        assert_untouched(fold, "rule", move_issue(fold, &moved));
        rules[1] = words("");
        assert_untouched(fold, "no rule", move_issue(fold, &moved));
    }
}

static void a_resolution_without_its_verdict_is_unknown(void **state) {
    struct fold_state *fold = *state;
    static const int steps[] = {ISSUE_STEP(RESOLVED), ISSUE_STEP(SILENT)};
    for (size_t i = 0; i < COUNT(steps); i++) {
        Issues__V1__IssueFacts facts = issue_facts();
        Issues__V1__IssueClosing closing = ISSUES__V1__ISSUE_CLOSING__INIT;
        Issues__V1__IssueMoved moved = issue_moved(&facts, steps[i], ISSUE(CONFIRMED), ISSUE(RESOLVED));
        assert_untouched(fold, "no verdict", move_issue(fold, &moved));
        moved.closing = &closing;
        closing.charged_days = 1000001;
        assert_untouched(fold, "days", move_issue(fold, &moved));
        closing.charged_days = UINT32_MAX;
        assert_untouched(fold, "days", move_issue(fold, &moved));
    }
}

static void an_issue_cites_64_rules_at_most(void **state) {
    struct fold_state *fold = *state;
    Issues__V1__IssueFacts facts = issue_facts();
    char codes[65][16], *rules[65];
    Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(REGISTERED), ISSUE(REGISTERED));
    for (int i = 0; i < 65; i++) {
        snprintf(codes[i], sizeof codes[i], "r-%d", i);
        rules[i] = codes[i];
    }
    moved.rules = rules;
    moved.n_rules = 65;
    assert_untouched(fold, "65 rules", move_issue(fold, &moved));
    moved.n_rules = 64;
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_int_equal(fold->cells.count, 65);
}

/* --- The ledger --------------------------------------------------------------------------------------------------- */

static Issues__V1__TaskFacts task_facts(void) {
    Issues__V1__TaskFacts facts = ISSUES__V1__TASK_FACTS__INIT;
    facts.agency = words("lead");
    facts.region = WEIDU;
    facts.year = 2020;
    facts.field = ISSUES__V1__REFORM_FIELD__REFORM_FIELD_RULE_OF_LAW;
    return facts;
}

static Issues__V1__TaskMoved task_moved(Issues__V1__TaskFacts *facts, int step, int before, int after) {
    Issues__V1__TaskMoved moved = ISSUES__V1__TASK_MOVED__INIT;
    moved.facts = facts;
    moved.step = (Issues__V1__TaskStep)step;
    moved.before = (Issues__V1__TaskState)before;
    moved.after = (Issues__V1__TaskState)after;
    moved.day = DAY;
    moved.lag_before = moved.lag_after = ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    return moved;
}

static enum fold_result move_task(struct fold_state *fold, Issues__V1__TaskMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_TASK_MOVED;
    event.task_moved = moved;
    return fold_event(fold, &event);
}

#define YEAR(metric, value) {metric, value, YEAR_2020, "lead", 232}
#define FLOW(metric, value) {metric, value, DAY, "lead", 232}
static const struct {
    const char *name;
    int step, before, after;
    bool key, on_time;
    struct want wants[WANTS_MAX];
} task_steps[] = {
    {"issued", TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED), .wants = {YEAR(140, 1)}},
    {"issued key item", TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED), true, .wants = {YEAR(140, 1), YEAR(146, 1)}},
    {"started", TASK_STEP(STARTED), TASK(ISSUED), TASK(DOING), true, .wants = {{0}}},
    {"reported", TASK_STEP(REPORTED), TASK(DOING), TASK(DOING), .wants = {FLOW(157, 1)}},
    {"measured", TASK_STEP(MEASURED), TASK(DOING), TASK(DOING), .wants = {{0}}},
    {"milestone", TASK_STEP(MILESTONE_CLOSED), TASK(DOING), TASK(DOING), .wants = {{0}}},
    {"sign-off asked", TASK_STEP(SIGNOFF_ASKED), TASK(DOING), TASK(SIGNOFF_ASKED), .wants = {{0}}},
    {"confirmed", TASK_STEP(CONFIRMED), TASK(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED), .wants = {{0}}},
    {"objected", TASK_STEP(OBJECTED), TASK(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED), .wants = {FLOW(159, 1)}},
    {"approved", TASK_STEP(LEADER_APPROVED), TASK(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED), true, true, {{0}}},
    {"signed off", TASK_STEP(SIGNED_OFF), TASK(SIGNOFF_ASKED), TASK(SIGNED_OFF), true, true, {YEAR(141, 1), YEAR(142, 1)}},
    {"signed off late", TASK_STEP(SIGNED_OFF), TASK(SIGNOFF_ASKED), TASK(SIGNED_OFF), .wants = {YEAR(141, 1)}},
    {"returned", TASK_STEP(RETURNED), TASK(SIGNOFF_ASKED), TASK(DOING), .wants = {{0}}},
    {"deferred", TASK_STEP(DEFERRED), TASK(DOING), TASK(DEFERRED), .wants = {YEAR(144, 1)}},
    {"resumed", TASK_STEP(RESUMED), TASK(DEFERRED), TASK(DOING), .wants = {YEAR(144, -1)}},
    {"deferred, reported", TASK_STEP(REPORTED), TASK(DEFERRED), TASK(DEFERRED), .wants = {FLOW(157, 1)}},
    {"cancelled", TASK_STEP(CANCELLED), TASK(DOING), TASK(CANCELLED), .wants = {YEAR(143, 1)}},
    {"deferred, cancelled", TASK_STEP(CANCELLED), TASK(DEFERRED), TASK(CANCELLED), .wants = {YEAR(143, 1), YEAR(144, -1)}},
    {"carried over", TASK_STEP(CARRIED_OVER), TASK(ISSUED), TASK(CARRIED_OVER), .wants = {YEAR(145, 1)}},
    {"deferred, carried over", TASK_STEP(CARRIED_OVER), TASK(DEFERRED), TASK(CARRIED_OVER),
     .wants = {YEAR(145, 1), YEAR(144, -1)}},
    {"reopened", TASK_STEP(REOPENED), TASK(SIGNED_OFF), TASK(DOING), false, true,
     {FLOW(158, 1), YEAR(141, -1), YEAR(142, -1)}},
    {"reopened, was late", TASK_STEP(REOPENED), TASK(SIGNED_OFF), TASK(DOING), .wants = {FLOW(158, 1), YEAR(141, -1)}},
    {"comment", TASK_STEP(COMMENTED), TASK(DOING), TASK(DOING), .wants = {{0}}},
    {"lag", TASK_STEP(LAG_CHANGED), TASK(DOING), TASK(DOING), .wants = {{0}}},
    {"confirmation late", TASK_STEP(CONFIRMATION_LATE), TASK(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED), .wants = {{0}}},
    {"another day", TASK_STEP(CONFIRMATION_DUE_CHANGED), TASK(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED), .wants = {{0}}},
};

static void each_step_of_a_task_is_counted_in_its_year(void **state) {
    struct fold_state *fold = *state;
    for (size_t i = 0; i < COUNT(task_steps); i++) {
        Issues__V1__TaskFacts facts = task_facts();
        Issues__V1__TaskMoved moved = task_moved(&facts, task_steps[i].step, task_steps[i].before, task_steps[i].after);
        facts.key = task_steps[i].key;
        moved.on_time = task_steps[i].on_time;
        cells_clear(&fold->cells);
        assert_int_equal(move_task(fold, &moved), FOLD_DONE);
        assert_cells(fold, task_steps[i].name, task_steps[i].wants);
    }
}

static void a_task_brings_in_its_counts_and_indicators(void **state) {
    struct fold_state *fold = *state;
    Issues__V1__TaskFacts facts = task_facts();
    Issues__V1__IndicatorChange one = ISSUES__V1__INDICATOR_CHANGE__INIT, two = ISSUES__V1__INDICATOR_CHANGE__INIT;
    Issues__V1__IndicatorChange *changes[] = {&one, &two};
    Issues__V1__TaskMoved moved = task_moved(&facts, TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED));
    one.code = words("yi-chang-shi");
    one.baseline = -500;
    one.target = 9000;
    one.measured = -500;
    two.code = words("县级公立医院改革覆盖率（按机构）"); /* 48 bytes */
    two.target = INT64_C(4000000000000000);
    two.total = 7000;
    moved.changes = changes;
    moved.n_changes = 2;
    moved.indicators = 2;
    moved.indicators_met = 1;
    moved.milestones = 64;
    moved.milestones_closed = -64;
    moved.provincial_mapped = 3;
    moved.progress_permille = -1000;
    assert_int_equal(move_task(fold, &moved), FOLD_DONE);
    assert_cells(fold, "issued",
                 (const struct want[]){YEAR(140, 1),
                                       YEAR(149, -1000),
                                       YEAR(153, 64),
                                       YEAR(154, -64),
                                       YEAR(155, 2),
                                       YEAR(156, 1),
                                       {148, 3, YEAR_2020, "", 0},
                                       {160, -500, YEAR_2020, "yi-chang-shi", 0},
                                       {161, 9000, YEAR_2020, "yi-chang-shi", 0},
                                       {162, -500, YEAR_2020, "yi-chang-shi", 0},
                                       {161, INT64_C(4000000000000000), YEAR_2020, "县级公立医院改革覆盖", 0},
                                       {163, 7000, YEAR_2020, "县级公立医院改革覆盖", 0},
                                       {0}});
}

static void lag_moves_between_its_colours(void **state) {
    struct fold_state *fold = *state;
    for (int before = 0; before <= 4; before++) {
        for (int after = 0; after <= 4; after++) {
            Issues__V1__TaskFacts facts = task_facts();
            Issues__V1__TaskMoved moved = task_moved(&facts, TASK_STEP(LAG_CHANGED), TASK(DOING), TASK(DOING));
            struct want wants[3] = {{0}};
            size_t count = 0;
            moved.lag_before = (Issues__V1__TaskLag)before;
            moved.lag_after = (Issues__V1__TaskLag)after;
            if (before != after && before >= 2) {
                wants[count++] = (struct want)YEAR(148 + before, -1);
            }
            if (before != after && after >= 2) {
                wants[count++] = (struct want)YEAR(148 + after, 1);
            }
            cells_clear(&fold->cells);
            assert_int_equal(move_task(fold, &moved), FOLD_DONE);
            assert_cells(fold, "lag", wants);
        }
    }
}

static void a_task_counts_in_its_field_and_year(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        uint32_t year;
        int32_t period;
        int field, category;
    } cases[] = {{2000, 10957, 1, 231}, {2019, 17897, 3, 233}, {2021, 18628, 4, 234},  {2100, 47482, 6, 236},
                 {2020, 18262, 5, 235}, {2020, 18262, 0, 0},   {2020, 18262, 7, 0},    {2020, 18262, -1, 0},
                 {2020, 18262, 256 + 1, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        Issues__V1__TaskFacts facts = task_facts();
        Issues__V1__TaskMoved moved = task_moved(&facts, TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED));
        facts.year = cases[i].year;
        facts.field = (Issues__V1__ReformField)cases[i].field;
        moved.day = DAY_LAST;
        moved.provincial_mapped = 1;
        cells_clear(&fold->cells);
        assert_int_equal(move_task(fold, &moved), FOLD_DONE);
        assert_cells(fold, "field",
                     (const struct want[]){{140, 1, cases[i].period, "lead", cases[i].category},
                                           {148, 1, cases[i].period, "", 0},
                                           {0}});
    }
}

/* One thing at a time is out of bounds. */
static void tasks_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    enum { STEP, DAY_OUT, NO_REGION, BIG_REGION, NO_AGENCY, ODD_AGENCY, EARLY, LATE, NINE, MAPPED, PROGRESS, PROGRESS_DOWN, LAG_BEFORE,
           LAG_AFTER, LAG_NEGATIVE, INDICATORS, INDICATORS_DOWN, MET, MET_DOWN, MILESTONES, MILESTONES_DOWN, CLOSED, CLOSED_DOWN,
           BASELINE, TARGET, MEASURED, TOTAL, VALUE_DOWN, NO_CODE, ODD_CODE, NOTHING_WRONG };
    static const int steps[] = {0, 1, 19, 109, 113, -1, INT32_MAX};
    for (int wrong = 0; wrong <= NOTHING_WRONG; wrong++) {
        for (size_t i = 0; i < (wrong == STEP ? COUNT(steps) : 1); i++) {
            Issues__V1__TaskFacts facts = task_facts();
            Issues__V1__IndicatorChange change = ISSUES__V1__INDICATOR_CHANGE__INIT;
            Issues__V1__IndicatorChange *changes[9] = {&change, &change, &change, &change, &change,
                                                       &change, &change, &change, &change};
            Issues__V1__TaskMoved moved = task_moved(&facts, TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED));
            const int64_t value_max = INT64_C(4000000000000000);
            moved.step = (Issues__V1__TaskStep)(wrong == STEP ? steps[i] : 2);
            moved.day = wrong == DAY_OUT ? DAY_LAST + 1 : DAY;
            facts.region = wrong == NO_REGION ? 0 : wrong == BIG_REGION ? 1000000 : WEIDU;
            facts.agency = words(wrong == NO_AGENCY ? "" : wrong == ODD_AGENCY ? "a/1" : "lead");
            facts.year = wrong == EARLY ? 1999 : wrong == LATE ? 2101 : 2020;
            moved.provincial_mapped = wrong == MAPPED ? 65 : 0;
            moved.progress_permille = wrong == PROGRESS ? 1001 : wrong == PROGRESS_DOWN ? -1001 : 0;
            moved.lag_before = (Issues__V1__TaskLag)(wrong == LAG_BEFORE ? 5 : 1);
            moved.lag_after = (Issues__V1__TaskLag)(wrong == LAG_AFTER ? 5 : wrong == LAG_NEGATIVE ? -1 : 1);
            moved.indicators = wrong == INDICATORS ? 65 : wrong == INDICATORS_DOWN ? -65 : 0;
            moved.indicators_met = wrong == MET ? 65 : wrong == MET_DOWN ? -65 : 0;
            moved.milestones = wrong == MILESTONES ? 65 : wrong == MILESTONES_DOWN ? INT32_MIN : 0;
            moved.milestones_closed = wrong == CLOSED ? INT32_MAX : wrong == CLOSED_DOWN ? -65 : 0;
            change.baseline = wrong == BASELINE ? value_max + 1 : 0;
            change.target = wrong == TARGET ? INT64_MAX : 1;
            change.measured = wrong == MEASURED ? value_max + 1 : wrong == VALUE_DOWN ? INT64_MIN : 0;
            change.total = wrong == TOTAL ? value_max + 1 : 0;
            change.code = words(wrong == NO_CODE ? "" : wrong == ODD_CODE ? "a\xe8\xae" : "c");
            moved.changes = changes;
            moved.n_changes = wrong == NINE ? 9 : 8;
            const enum fold_result result = move_task(fold, &moved);
            if (wrong == NOTHING_WRONG) {
                assert_int_equal(result, FOLD_DONE);
            } else {
                char name[32];
                snprintf(name, sizeof name, "task %d", wrong);
                assert_untouched(fold, name, result);
            }
        }
    }
    Issues__V1__TaskMoved moved = task_moved(NULL, TASK_STEP(ISSUED), TASK(DRAFT), TASK(ISSUED));
    cells_clear(&fold->cells);
    assert_untouched(fold, "no facts", move_task(fold, &moved));
}

static void tasks_of_the_province_count_in_their_year(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        uint32_t year;
        int32_t period; /* 0: unknown */
    } cases[] = {{2020, YEAR_2020}, {2000, 10957}, {2100, 47482}, {1999, 0}, {2101, 0}, {0, 0}, {UINT32_MAX, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        Issues__V1__ProvincialTaskPublished published = ISSUES__V1__PROVINCIAL_TASK_PUBLISHED__INIT;
        Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
        event.body_case = ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED;
        event.provincial_task_published = &published;
        published.year = cases[i].year;
        cells_clear(&fold->cells);
        const enum fold_result result = fold_event(fold, &event);
        if (cases[i].period == 0) {
            assert_untouched(fold, "year", result);
        } else {
            assert_int_equal(result, FOLD_DONE);
            assert_cells(fold, "province", (const struct want[]){{147, 1, cases[i].period, "", 0}, {0}});
        }
    }
}

/* --- River clues -------------------------------------------------------------------------------------------------- */

#define FOUND_DAY 18200
#define TRANSFER_DAY 18250

static Issues__V1__ClueFacts clue_facts(void) {
    Issues__V1__ClueFacts facts = ISSUES__V1__CLUE_FACTS__INIT;
    facts.region = WEIDU;
    facts.kind = ISSUES__V1__CLUE_KIND__CLUE_KIND_MINE;
    facts.grade = ISSUES__V1__CLUE_GRADE__CLUE_GRADE_MAJOR;
    facts.found_day = FOUND_DAY;
    facts.transferred_day = TRANSFER_DAY;
    return facts;
}

static Issues__V1__ClueMoved clue_moved(Issues__V1__ClueFacts *facts, int step, int before, int after) {
    Issues__V1__ClueMoved moved = ISSUES__V1__CLUE_MOVED__INIT;
    moved.facts = facts;
    moved.step = (Issues__V1__ClueStep)step;
    moved.before = (Issues__V1__ClueState)before;
    moved.after = (Issues__V1__ClueState)after;
    moved.day = DAY;
    return moved;
}

static enum fold_result move_clue(struct fold_state *fold, Issues__V1__ClueMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_CLUE_MOVED;
    event.clue_moved = moved;
    return fold_event(fold, &event);
}

#define FINDING(metric) {metric, 1, FOUND_DAY, "", 242}
#define TRANSFER(metric) {metric, 1, TRANSFER_DAY, "", 242}
#define CLUE_OPEN(value) {181, value, DAY, "", 242}
static const struct {
    const char *name;
    int step, before, after;
    bool on_time;
    struct want wants[4];
} clue_steps[] = {
    {"found", CLUE_STEP(FOUND), CLUE(UNSPECIFIED), CLUE(FOUND), false, {FINDING(170), CLUE_OPEN(1)}},
    {"notice", CLUE_STEP(NOTICE), CLUE(FOUND), CLUE(NOTICE), false, {{0}}},
    {"rectified", CLUE_STEP(RECTIFIED), CLUE(NOTICE), CLUE(RECTIFIED), true, {FINDING(178), CLUE_OPEN(-1)}},
    {"rectified after a reply", CLUE_STEP(RECTIFIED), CLUE(REPLIED), CLUE(RECTIFIED), false, {FINDING(178), CLUE_OPEN(-1)}},
    {"transferred", CLUE_STEP(TRANSFERRED), CLUE(NOTICE), CLUE(TRANSFERRED), false, {TRANSFER(171)}},
    {"received", CLUE_STEP(RECEIVED), CLUE(TRANSFERRED), CLUE(RECEIVED), false, {TRANSFER(172)}},
    {"reviewing", CLUE_STEP(REVIEWING), CLUE(RECEIVED), CLUE(REVIEWING), false, {{0}}},
    {"filed", CLUE_STEP(FILED), CLUE(REVIEWING), CLUE(FILED), false, {TRANSFER(173)}},
    {"not filed", CLUE_STEP(NOT_FILED), CLUE(RECEIVED), CLUE(NOT_FILED), false, {TRANSFER(174)}},
    {"appraisal", CLUE_STEP(APPRAISAL_STARTED), CLUE(FILED), CLUE(FILED), false, {{0}}},
    {"appraisal ended", CLUE_STEP(APPRAISAL_ENDED), CLUE(FILED), CLUE(FILED), false, {{0}}},
    {"consulted", CLUE_STEP(CONSULTED), CLUE(FILED), CLUE(CONSULTED), false, {{0}}},
    {"suggested", CLUE_STEP(SUGGESTED), CLUE(CONSULTED), CLUE(SUGGESTED), true, {TRANSFER(175)}},
    {"replied", CLUE_STEP(REPLIED), CLUE(SUGGESTED), CLUE(REPLIED), true, {TRANSFER(176)}},
    {"replied late", CLUE_STEP(REPLIED), CLUE(SUGGESTED), CLUE(REPLIED), false, {TRANSFER(177)}},
    {"sued", CLUE_STEP(SUED), CLUE(REPLIED), CLUE(SUED), false, {{0}}},
    {"closed", CLUE_STEP(CLOSED), CLUE(NOT_FILED), CLUE(CLOSED), false, {CLUE_OPEN(-1)}},
    {"closed after rectification", CLUE_STEP(CLOSED), CLUE(RECTIFIED), CLUE(CLOSED), false, {{0}}},
    {"signed off", CLUE_STEP(SIGNED_OFF), CLUE(CLOSED), CLUE(SIGNED_OFF), false, {FINDING(179)}},
    {"comment", CLUE_STEP(COMMENTED), CLUE(FOUND), CLUE(FOUND), false, {{0}}},
    {"notice passed", CLUE_STEP(NOTICE_PASSED), CLUE(NOTICE), CLUE(NOTICE), false, {{0}}},
    {"receipt late", CLUE_STEP(RECEIPT_LATE), CLUE(TRANSFERRED), CLUE(TRANSFERRED), false, {{180, 1, DAY, "", 242}}},
    {"decision late", CLUE_STEP(DECISION_LATE), CLUE(FILED), CLUE(FILED), false, {{0}}},
    {"reply late", CLUE_STEP(REPLY_LATE), CLUE(SUGGESTED), CLUE(SUGGESTED), false, {{0}}},
    {"due changed", CLUE_STEP(DUE_CHANGED), CLUE(FILED), CLUE(FILED), false, {{0}}},
};

static void each_step_of_a_clue_is_counted(void **state) {
    struct fold_state *fold = *state;
    for (size_t i = 0; i < COUNT(clue_steps); i++) {
        Issues__V1__ClueFacts facts = clue_facts();
        Issues__V1__ClueMoved moved = clue_moved(&facts, clue_steps[i].step, clue_steps[i].before, clue_steps[i].after);
        moved.on_time = clue_steps[i].on_time;
        cells_clear(&fold->cells);
        assert_int_equal(move_clue(fold, &moved), FOLD_DONE);
        assert_cells(fold, clue_steps[i].name, clue_steps[i].wants);
    }
}

static void a_clue_counts_in_its_kind(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        int kind, category;
    } cases[] = {{1, 241}, {2, 242}, {3, 243}, {4, 244}, {0, 0}, {5, 0}, {-1, 0}, {256 + 1, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        Issues__V1__ClueFacts facts = clue_facts();
        Issues__V1__ClueMoved moved = clue_moved(&facts, CLUE_STEP(FOUND), CLUE(UNSPECIFIED), CLUE(FOUND));
        facts.kind = (Issues__V1__ClueKind)cases[i].kind;
        facts.transferred_day = 0;
        cells_clear(&fold->cells);
        assert_int_equal(move_clue(fold, &moved), FOLD_DONE);
        assert_cells(fold, "kind",
                     (const struct want[]){{170, 1, FOUND_DAY, "", cases[i].category},
                                           {181, 1, DAY, "", cases[i].category},
                                           {0}});
    }
}

static void clues_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const int steps[] = {0, 18, 109, 115, -1, INT32_MAX};
    static const int of_transfer[] = {CLUE_STEP(TRANSFERRED), CLUE_STEP(RECEIVED),  CLUE_STEP(FILED),
                                      CLUE_STEP(NOT_FILED),   CLUE_STEP(SUGGESTED), CLUE_STEP(REPLIED)};
    Issues__V1__ClueMoved moved = clue_moved(NULL, CLUE_STEP(FOUND), CLUE(UNSPECIFIED), CLUE(FOUND));
    assert_untouched(fold, "no facts", move_clue(fold, &moved));
    for (int wrong = 0; wrong < 5; wrong++) {
        Issues__V1__ClueFacts facts = clue_facts();
        moved = clue_moved(&facts, CLUE_STEP(FOUND), CLUE(UNSPECIFIED), CLUE(FOUND));
        moved.day = wrong == 0 ? DAY_LAST + 1 : DAY;
        facts.found_day = wrong == 1 ? DAY_LAST + 1 : FOUND_DAY;
        facts.transferred_day = wrong == 2 ? UINT32_MAX : TRANSFER_DAY;
        facts.region = wrong == 3 ? 0 : wrong == 4 ? 1000000 : WEIDU;
        assert_untouched(fold, "clue", move_clue(fold, &moved));
    }
    Issues__V1__ClueFacts facts = clue_facts();
    for (size_t i = 0; i < COUNT(steps); i++) {
        moved = clue_moved(&facts, steps[i], CLUE(UNSPECIFIED), CLUE(FOUND));
        assert_untouched(fold, "step", move_clue(fold, &moved));
    }
    facts.transferred_day = 0;
    for (size_t i = 0; i < COUNT(of_transfer); i++) { /* of a clue that was never transferred */
        moved = clue_moved(&facts, of_transfer[i], CLUE(NOTICE), CLUE(NOTICE));
        assert_untouched(fold, "no transfer", move_clue(fold, &moved));
    }
}

/* --- Contact rules, slips, circulars, agencies -------------------------------------------------------------------- */

static void contact_rules_are_a_stock_of_each_list(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        bool negative;
        int32_t in_force;
        uint32_t day;
        struct want wants[2]; /* none and a value of 9: unknown */
    } cases[] = {
        {false, 1, DAY, {{126, 1, DAY, "", 0}}},
        {false, -1, DAY, {{126, -1, DAY, "", 0}}},
        {true, 1, DAY, {{127, 1, DAY, "", 0}}},
        {true, -1, DAY_LAST, {{127, -1, DAY_LAST, "", 0}}},
        {true, 0, DAY, {{0}}},
        {true, 2, DAY, {{0, 9, 0, NULL, 0}}},
        {false, -2, DAY, {{0, 9, 0, NULL, 0}}},
        {false, 1, DAY_LAST + 1, {{0, 9, 0, NULL, 0}}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Issues__V1__ContactRuleChanged changed = ISSUES__V1__CONTACT_RULE_CHANGED__INIT;
        Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
        event.body_case = ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED;
        event.contact_rule_changed = &changed;
        changed.negative = cases[i].negative;
        changed.in_force = cases[i].in_force;
        changed.day = cases[i].day;
        cells_clear(&fold->cells);
        const enum fold_result result = fold_event(fold, &event);
        if (cases[i].wants[0].metric == 0 && cases[i].wants[0].value == 9) {
            assert_untouched(fold, "rule", result);
        } else {
            assert_int_equal(result, FOLD_DONE);
            assert_cells(fold, "rule", cases[i].wants);
        }
    }
}

static void slips_are_counted_by_level_and_unit(void **state) {
    struct fold_state *fold = *state;
    static const char *const agencies[] = {"lead", ""};
    for (uint32_t level = 0; level <= 5; level++) {
        for (int value = -1; value <= 7; value++) {
            for (size_t a = 0; a < 2; a++) {
                Issues__V1__SlipChanged slip = ISSUES__V1__SLIP_CHANGED__INIT;
                Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
                event.body_case = ISSUES__V1__EVENT__BODY_SLIP_CHANGED;
                event.slip_changed = &slip;
                slip.kind = ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK;
                slip.agency = words(agencies[a]);
                slip.region = WEIDU;
                slip.day = DAY;
                slip.level = level;
                slip.state = (Common__V1__SlipState)value;
                cells_clear(&fold->cells);
                const enum fold_result result = fold_event(fold, &event);
                if (level < 1 || level > 4 || value < 1 || value > 6) {
                    assert_untouched(fold, "level or state", result);
                    continue;
                }
                assert_int_equal(result, FOLD_DONE);
                assert_cells(fold, "slip",
                             (const struct want[]){{value == 1 ? 130 : value == 5 ? 131 : 0, 1, DAY, agencies[a],
                                                    value == 1 ? 210 + (int)level : 0},
                                                   {0}});
            }
        }
    }
}

static void slips_and_circulars_that_break_the_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    for (int wrong = 0; wrong < 4; wrong++) {
        Issues__V1__SlipChanged slip = ISSUES__V1__SLIP_CHANGED__INIT;
        Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
        event.body_case = ISSUES__V1__EVENT__BODY_SLIP_CHANGED;
        event.slip_changed = &slip;
        slip.agency = words(wrong == 0 ? "a b" : "lead");
        slip.region = wrong == 1 ? 0 : wrong == 2 ? 1000000 : WEIDU;
        slip.day = wrong == 3 ? DAY_LAST + 1 : DAY;
        slip.level = 1;
        slip.state = COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED;
        assert_untouched(fold, "slip", fold_event(fold, &event));
    }
    Issues__V1__CircularPublished circular = ISSUES__V1__CIRCULAR_PUBLISHED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED;
    event.circular_published = &circular;
    circular.day = DAY_LAST + 1;
    assert_untouched(fold, "circular", fold_event(fold, &event));
    circular.day = DAY;
    circular.lines = 12;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_cells(fold, "circular", (const struct want[]){{132, 1, DAY, "", 0}, {0}});
}

static void an_agency_registers_and_a_notice_changes_nothing(void **state) {
    struct fold_state *fold = *state;
    Common__V1__AgencyRegistered body = COMMON__V1__AGENCY_REGISTERED__INIT;
    Common__V1__NoticeChanged notice = COMMON__V1__NOTICE_CHANGED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_NOTICE_CHANGED;
    event.notice_changed = &notice;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_true(cells_is_empty(&fold->cells));
    event.body_case = ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED;
    event.agency_registered = &body;
    body.agency = words("a1");
    body.name = words("河长制办公室");
    assert_untouched(fold, "nowhere", fold_event(fold, &event));
    body.region = CITY;
    body.name = words("\xe5\x8c");
    assert_untouched(fold, "name", fold_event(fold, &event));
    body.name = words("河长制办公室");
    body.agency = words("a'1");
    assert_untouched(fold, "code", fold_event(fold, &event));
    body.agency = words("a1");
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(fold->cells.registration_count, 1);
    assert_int_equal(fold->cells.count, 0);
    assert_string_equal(fold->cells.registrations[0].name, "河长制办公室");
    assert_int_equal(fold->cells.registrations[0].region, CITY);
}

/* --- Bodies, room, catalogue -------------------------------------------------------------------------------------- */

static void bytes_that_are_no_known_event_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        const char *bytes;
        size_t size;
    } bodies[] = {
        {"", 0},
        {"\xff", 1},
        {"\x7a\x02\x08\x01", 4}, /* member 15 of the oneof */
        {"\x22\x00", 2},         /* an issue without anything */
        {"\x32\x00", 2},         /* a task */
        {"\x3a\x00", 2},         /* a clue */
        {"\x42\x00", 2},         /* a slip */
        {"\x2a\x00", 2},         /* a task of the province, of no year */
        {"\x22\x05\x0a", 3},     /* cut short */
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        assert_untouched(fold, "bytes",
                         fold_issues((const uint8_t *)bodies[i].bytes, bodies[i].size, &fold->arena, &fold->cells));
    }
    uint8_t *large = calloc(1, FOLD_BODY_BYTES_MAX + 1);
    assert_non_null(large);
    assert_untouched(fold, "large", fold_issues(large, FOLD_BODY_BYTES_MAX + 1, &fold->arena, &fold->cells));
    free(large);
}

/* The events with the most cells: an issue with all rules, a task with all indicators. What is asked for is enough, and what
 * is not there is not taken in part. */
static void a_full_set_takes_nothing_of_an_event(void **state) {
    struct fold_state *fold = *state;
    Issues__V1__IssueFacts facts = issue_facts();
    Issues__V1__IssueMoved moved = issue_moved(&facts, ISSUE_STEP(REGISTERED), ISSUE(UNSPECIFIED), ISSUE(LONG_TERM));
    char codes[64][16], *rules[64];
    for (int i = 0; i < 64; i++) {
        snprintf(codes[i], sizeof codes[i], "r-%d", i);
        rules[i] = codes[i];
    }
    facts.item_code = words("item");
    facts.task_number = words("task");
    moved.rules = rules;
    moved.n_rules = 64;
    moved.open_overdue = 1;
    moved.raised = true;
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    const size_t most = fold->cells.count, organisations = fold->cells.organisation_count;
    assert_int_equal(most, 4 + 2 + 4 + 64);
    assert_true(most <= 128 && organisations <= 80);
    while (cells_has_room(&fold->cells, 128, 80)) { /* so much is asked for */
        struct cell_key key = {.region = 1, .metric = 1, .period = (int32_t)fold->cells.count};
        cells_add(&fold->cells, &key, 1);
    }
    const size_t full = fold->cells.count;
    moved.day = DAY + 1;
    assert_int_equal(move_issue(fold, &moved), FOLD_FULL);
    assert_int_equal(fold->cells.count, full);
    cells_clear(&fold->cells);
    assert_int_equal(move_issue(fold, &moved), FOLD_DONE);
    assert_int_equal(fold->cells.count, most);
}

/* A state of a later contract: what is open would be wrong. */
static void states_of_a_later_contract_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const int unknown[] = {-1, 15, 256 + 1, INT32_MAX};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        for (int side = 0; side < 2; side++) {
            const int before = side == 0 ? unknown[i] : 1, after = side == 1 ? unknown[i] : 1;
            Issues__V1__IssueFacts of_issue = issue_facts();
            Issues__V1__TaskFacts of_task = task_facts();
            Issues__V1__ClueFacts of_clue = clue_facts();
            Issues__V1__IssueMoved issue = issue_moved(&of_issue, ISSUE_STEP(CANCELLED), before, after);
            Issues__V1__TaskMoved task = task_moved(&of_task, TASK_STEP(CANCELLED), before, after);
            Issues__V1__ClueMoved clue = clue_moved(&of_clue, CLUE_STEP(RECTIFIED), before, after);
            assert_untouched(fold, "state of an issue", move_issue(fold, &issue));
            assert_untouched(fold, "state of a task", move_task(fold, &task));
            assert_untouched(fold, "state of a clue", move_clue(fold, &clue));
        }
    }
    Issues__V1__TaskFacts facts = task_facts();
    Issues__V1__TaskMoved task = task_moved(&facts, TASK_STEP(CANCELLED), TASK(CARRIED_OVER) + 1, TASK(CANCELLED));
    assert_untouched(fold, "state of a task", move_task(fold, &task));
}

/* Runs last: no metric of issues without a row above. */
static void every_metric_of_issues_was_met(void **state) {
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < metric_count; i++) {
        const int number = (int)metric_catalogue[i].number;
        if (number >= 100 && number < 200) {
            count++;
            if (!metric_was_seen[number]) {
                fail_msg("%s", metric_catalogue[i].id);
            }
        }
    }
    assert_int_equal(count, 32 + 24 + 12);
    assert_ptr_equal(fold_kind_find("issues")->fold, fold_issues);
}

static void categories_of_issues_have_ids(void **state) {
    (void)state;
    static const struct {
        int number;
        const char *id;
    } cases[] = {{220, "issue_class_none"}, {221, "issue_class_a"}, {223, "issue_class_c"}, {231, "field_economy"},
                 {236, "field_party"},      {241, "clue_occupy"},   {244, "clue_build"},    {224, ""},
                 {230, ""},                 {237, ""},              {240, ""},              {245, ""}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(category_id(cases[i].number), cases[i].id);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_step_of_an_issue_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issue_without_a_lead_unit_counts_for_its_region, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_state_is_open_or_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issue_counts_for_what_it_is_about, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_subject_is_cut_between_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(issues_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_resolution_without_its_verdict_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issue_cites_64_rules_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_step_of_a_task_is_counted_in_its_year, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_brings_in_its_counts_and_indicators, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lag_moves_between_its_colours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_counts_in_its_field_and_year, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tasks_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tasks_of_the_province_count_in_their_year, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_step_of_a_clue_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clue_counts_in_its_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clues_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contact_rules_are_a_stock_of_each_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slips_are_counted_by_level_and_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slips_and_circulars_that_break_the_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_agency_registers_and_a_notice_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_known_event_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_set_takes_nothing_of_an_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(states_of_a_later_contract_are_unknown, set_up, tear_down),
        cmocka_unit_test(every_metric_of_issues_was_met),
        cmocka_unit_test(categories_of_issues_have_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
