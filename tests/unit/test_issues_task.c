#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issues/task_steps.h"
#include "support/issues_ledger.h"

/* Ledger tasks: who may take which step in which state, what each step asks for, drafts. */

static void begin(struct office *office) {
    office_init(office, 1000);
    office_begin(office, "2020-01-01");
    office_tick(office, "2019-12-31T00:00"); /* what the notices change is planned */
}

static void end(struct office *office) {
    assert_true(office_folds(office));
    office_release(office);
}

static void assert_refused(const struct office *office, uint32_t code, const char *field, const char *what) {
    const struct decision *decision = &office->decision;
    const bool is_same =
        field == NULL ? decision->field == NULL : decision->field != NULL && strcmp(decision->field, field) == 0;
    if (!decision->refused || decision->code != code || !is_same || decision->event_count != 0) {
        fail_msg("%s: refused %d with %u (%s), expected %u (%s)", what, decision->refused, decision->code,
                 decision->field == NULL ? "" : decision->field, code, field == NULL ? "" : field);
    }
}

/* --- every state, step and actor --- */

/* What the rules say, apart from the registry's own table. from, to: letters of office_task_to ("." stays, "<" back to
 * what it was deferred from); who: names of people below. */
static const struct sentence {
    int step;
    const char *from;
    char to;
    const char *who;
} sentences[] = {
    {TASK_STEP(ISSUED), "D", 'I', "S"},
    {TASK_STEP(STARTED), "I", 'g', "lH lD lP"},
    {TASK_STEP(REPORTED), "gGABF", '.', "lH lD lP"},
    {TASK_STEP(MEASURED), "gGS", '.', "lH lD lP"},
    {TASK_STEP(MILESTONE_CLOSED), "g", '.', "lH lD lP"},
    {TASK_STEP(SIGNOFF_ASKED), "G", 'A', "lH lD lP"},
    {TASK_STEP(CONFIRMED), "A", '.', "fH fD wH wP"},
    {TASK_STEP(OBJECTED), "A", '.', "fH fD wH wP"},
    {TASK_STEP(LEADER_APPROVED), "A", '.', "L"},
    {TASK_STEP(SIGNED_OFF), "B", 'S', "S"},
    {TASK_STEP(RETURNED), "AB", 'G', "S"},
    {TASK_STEP(DEFERRED), "IgG", 'F', "S"},
    {TASK_STEP(RESUMED), "F", '<', "S"},
    {TASK_STEP(CANCELLED), "DIgGABF", 'X', "S"},
    {TASK_STEP(CARRIED_OVER), "IgGABF", 'V', "S"},
    {TASK_STEP(REOPENED), "S", 'G', "S"},
    {TASK_STEP(COMMENTED), "DIgGABSFXV", '.', "lC lH lD lP fC fH fD wH wP hC S L"},
};

/* Where a guard, not the state alone, stands in the way. */
static const struct {
    int step;
    char from;
    uint32_t code;
} guarded[] = {
    {TASK_STEP(MILESTONE_CLOSED), 'G', REFUSAL(MILESTONE_UNKNOWN)}, /* it is closed already */
    {TASK_STEP(SIGNOFF_ASKED), 'g', REFUSAL(MILESTONE_OPEN)},
    {TASK_STEP(SIGNED_OFF), 'A', REFUSAL(PART_NOT_DONE)},
};

/* l: of the lead unit, f, w: of a cooperating one, o: of another, h: of the service hall. A applicant, C clerk, H
 * handler, D head, P handler through the unit's own program. */
static const struct person {
    const char *name, *org;
    enum role role;
    int actor;
} persons[] = {
    {"lA", "plan", ROLE_CLERK, ACTOR(APPLICANT)},
    {"lC", "plan", ROLE_CLERK, ACTOR(CLERK)},
    {"lH", "plan", ROLE_HANDLER, ACTOR(HANDLER)},
    {"lD", "plan", ROLE_HEAD, ACTOR(HEAD)},
    {"lP", "plan", ROLE_PUBLISHER, ACTOR(HANDLER)},
    {"fA", "fire", ROLE_PUBLISHER, ACTOR(APPLICANT)},
    {"fC", "fire", ROLE_CLERK, ACTOR(CLERK)},
    {"fH", "fire", ROLE_HANDLER, ACTOR(HANDLER)},
    {"fD", "fire", ROLE_HEAD, ACTOR(HEAD)},
    {"wH", "water", ROLE_HANDLER, ACTOR(HANDLER)},
    {"wP", "water", ROLE_PUBLISHER, ACTOR(HEAD)},
    {"oC", "proc", ROLE_CLERK, ACTOR(CLERK)},
    {"oH", "proc", ROLE_HANDLER, ACTOR(HANDLER)},
    {"oD", "proc", ROLE_HEAD, ACTOR(HEAD)},
    {"hA", "hall", ROLE_CLERK, ACTOR(APPLICANT)},
    {"hC", "hall", ROLE_CLERK, ACTOR(CLERK)},
    {"S", "bureau", ROLE_SUPERVISOR, ACTOR(SUPERVISOR)},
    {"L", "government", ROLE_LEADER, ACTOR(LEADER)},
    {"nH", "nobody", ROLE_HANDLER, ACTOR(HANDLER)},
};
static const char letters[] = "DIgGABSFXV";

static uint8_t state_of(char letter) {
    static const uint8_t states[] = {TASK_STATE(DRAFT),       TASK_STATE(ISSUED),        TASK_STATE(DOING),
                                     TASK_STATE(DOING),       TASK_STATE(SIGNOFF_ASKED), TASK_STATE(SIGNOFF_ASKED),
                                     TASK_STATE(SIGNED_OFF),  TASK_STATE(DEFERRED),      TASK_STATE(CANCELLED),
                                     TASK_STATE(CARRIED_OVER)};
    return states[strchr(letters, letter) - letters];
}

static const struct sentence *sentence_of(int step) {
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].step == step) {
            return &sentences[i];
        }
    }
    return NULL;
}

/* 0: it is taken. */
static uint32_t expected_code(const struct sentence *sentence, int step, char from, const struct person *person) {
    char who[64], name[8];
    snprintf(who, sizeof who, " %s ", sentence == NULL ? "" : sentence->who);
    snprintf(name, sizeof name, " %s ", person->name);
    if (strstr(who, name) == NULL) {
        return step == 0 ? COMMON_REFUSAL(MISSING) : REFUSAL(WRONG_ACTOR);
    }
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        if (guarded[i].step == step && guarded[i].from == from) {
            return guarded[i].code;
        }
    }
    return strchr(sentence->from, from) == NULL ? REFUSAL(WRONG_ORDER) : 0;
}

static void check_taken(const struct office *office, const struct sentence *sentence, const char *number, char from) {
    const uint8_t expected = sentence->to == '.'   ? state_of(from)
                             : sentence->to == '<' ? TASK_STATE(DOING)
                                                   : state_of(sentence->to);
    const struct task *row = office_task_row(office, number);
    assert_int_equal(row->state, expected);
    assert_int_equal(row->last_seq, office->seq);
    assert_int_equal(office->decision.event_count, 1);
    assert_true(row->progress == task_progress(&office->issues, row));
}

static void every_pair_follows_the_sentences(void **state) {
    static const int steps[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,
                                12, 13, 14, 15, 16, 17, 18, 19, 99, 110, 111, 112};
    unsigned tasks = 0, taken = 0, tried = 0;
    (void)state;
    struct office office;
    begin(&office);
    for (const char *from = letters; *from != '\0'; from++) {
        char number[32] = "";
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            const struct sentence *sentence = sentence_of(steps[s]);
            for (size_t p = 0; p < sizeof persons / sizeof persons[0]; p++) {
                const struct person *person = &persons[p];
                if (number[0] == '\0') {
                    snprintf(number, sizeof number, "T%u", ++tasks);
                    office_task_to(&office, number, *from, "2020-03-02");
                }
                const uint32_t code = expected_code(sentence, steps[s], *from, person);
                const bool is_taken = office_task(&office, &(struct task_act){.step = steps[s],
                                                                              .number = number,
                                                                              .at = "2020-03-02T10:00",
                                                                              .actor = person->actor,
                                                                              .org = person->org,
                                                                              .role = person->role,
                                                                              .value = 1000});
                tried++;
                if (is_taken != (code == 0) || (code != 0 && office.decision.code != code)) {
                    fail_msg("step %d in %c by %s: %d with %u, expected %u", steps[s], *from, person->name, is_taken,
                             office.decision.code, code);
                }
                if (is_taken) {
                    check_taken(&office, sentence, number, *from);
                    taken++;
                    number[0] = '\0';
                }
            }
        }
    }
    assert_int_equal(tried, 10 * 24 * 19);
    assert_true(taken > 100);
    end(&office);
}

/* Nobody speaks as somebody else, whatever the state. */
static void keys_act_only_as_their_roles(void **state) {
    static const struct {
        enum role role;
        int actor;
    } cheats[] = {{ROLE_HANDLER, ACTOR(HEAD)},
                  {ROLE_HANDLER, ACTOR(SUPERVISOR)},
                  {ROLE_HEAD, ACTOR(SUPERVISOR)},
                  {ROLE_PUBLISHER, ACTOR(LEADER)},
                  {ROLE_SUPERVISOR, ACTOR(HANDLER)},
                  {ROLE_SUPERVISOR, ACTOR(LEADER)},
                  {ROLE_SUPERVISOR, ACTOR(SYSTEM)},
                  {ROLE_LEADER, ACTOR(SUPERVISOR)},
                  {ROLE_CLERK, ACTOR(HANDLER)},
                  {ROLE_OPERATOR, ACTOR(SUPERVISOR)},
                  {ROLE_READER, ACTOR(CLERK)},
                  {ROLE_HEAD, -1},
                  {ROLE_HEAD, 77}};
    (void)state;
    struct office office;
    begin(&office);
    office_task_to(&office, "T1", 'I', "2020-03-02");
    for (size_t i = 0; i < sizeof cheats / sizeof cheats[0]; i++) {
        assert_false(office_task(&office, &(struct task_act){.step = TASK_STEP(COMMENTED),
                                                             .at = "2020-03-02T10:00",
                                                             .actor = cheats[i].actor,
                                                             .org = "plan",
                                                             .role = cheats[i].role}));
        assert_refused(&office, REFUSAL(WRONG_ACTOR), "actor", "a cheat");
    }
    end(&office);
}

static void every_row_has_its_sentence(void **state) {
    (void)state;
    size_t count, own = 0;
    const struct task_step *rows = task_step_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const bool is_own = rows[i].actors == ROLES_ACTOR(SYSTEM);
        own += is_own;
        assert_true(is_own || sentence_of(rows[i].step) != NULL);
    }
    assert_int_equal(count - own, sizeof sentences / sizeof sentences[0]);
    assert_int_equal(own, 4); /* what the registry says by itself */
    assert_null(task_step_find(TASK_STEP(REOPENED), ACTOR(HANDLER)));
    assert_null(task_step_find(TASK_STEP(DRAFTED), ACTOR(SUPERVISOR)));
}

/* --- what a step asks for --- */

static void each_guard_has_its_code(void **state) {
    char long_text[502], long_number[52];
    memset(long_text, 'x', sizeof long_text);
    long_text[501] = '\0';
    memset(long_number, 'n', sizeof long_number);
    long_number[51] = '\0';
    const int64_t big = INT64_C(1000000000000001);
    const struct {
        char from;
        struct task_act act;
        uint32_t code;
        const char *field;
    } cases[] = {
        {'I', {.step = TASK_STEP(STARTED), .number = NOTHING}, COMMON_REFUSAL(MISSING), "task_number"},
        {'I', {.step = TASK_STEP(STARTED), .number = long_number}, REFUSAL(FIELD_TOO_LONG), "task_number"},
        {'I', {.step = TASK_STEP(STARTED), .number = "T9"}, REFUSAL(RECORD_UNKNOWN), "task_number"},
        {'I', {.step = TASK_STEP(STARTED), .expected = 999}, COMMON_REFUSAL(STALE_VERSION), "expected_version"},
        {'I', {.step = TASK_STEP(STARTED), .at = "2020-03-02T09:00"}, REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms"},
        {'I', {.step = TASK_STEP(STARTED), .reason = long_text}, REFUSAL(FIELD_TOO_LONG), "reason"},
        {'I', {.step = TASK_STEP(STARTED), .evidence_bytes = 31}, REFUSAL(EVIDENCE_MISSING), "evidence"},
        {'G', {.step = TASK_STEP(REPORTED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'G', {.step = TASK_STEP(MEASURED), .evidence_bytes = -1}, REFUSAL(EVIDENCE_MISSING), "evidence"},
        {'G', {.step = TASK_STEP(MEASURED), .evidence_bytes = 33}, REFUSAL(EVIDENCE_MISSING), "evidence"},
        {'G', {.step = TASK_STEP(MEASURED), .indicator = "houses"}, REFUSAL(INDICATOR_UNKNOWN), "indicator"},
        {'G', {.step = TASK_STEP(MEASURED), .indicator = NOTHING}, REFUSAL(INDICATOR_UNKNOWN), "indicator"},
        {'G', {.step = TASK_STEP(MEASURED), .value = big}, REFUSAL(INDICATOR_RULE), "value"},
        {'G', {.step = TASK_STEP(MEASURED), .value = -big}, REFUSAL(INDICATOR_RULE), "value"},
        {'g', {.step = TASK_STEP(MILESTONE_CLOSED), .evidence_bytes = -1}, REFUSAL(EVIDENCE_MISSING), "evidence"},
        {'g', {.step = TASK_STEP(MILESTONE_CLOSED), .milestone = UINT32_MAX}, REFUSAL(MILESTONE_UNKNOWN), "milestone"},
        {'g', {.step = TASK_STEP(MILESTONE_CLOSED), .milestone = 2}, REFUSAL(MILESTONE_UNKNOWN), "milestone"},
        {'G', {.step = TASK_STEP(MILESTONE_CLOSED)}, REFUSAL(MILESTONE_UNKNOWN), "milestone"},
        {'g', {.step = TASK_STEP(SIGNOFF_ASKED)}, REFUSAL(MILESTONE_OPEN), "step"},
        {'A', {.step = TASK_STEP(OBJECTED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'A', {.step = TASK_STEP(SIGNED_OFF)}, REFUSAL(PART_NOT_DONE), "step"},
        {'A', {.step = TASK_STEP(RETURNED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'B', {.step = TASK_STEP(LEADER_APPROVED)}, REFUSAL(WRONG_ORDER), "step"},
        {'B', {.step = TASK_STEP(SIGNED_OFF), .org = "plan"}, REFUSAL(SAME_PERSON), "actor"},
        {'B', {.step = TASK_STEP(SIGNED_OFF), .principal = "who asked"}, REFUSAL(SAME_PERSON), "actor"},
        {'G', {.step = TASK_STEP(DEFERRED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'G', {.step = TASK_STEP(DEFERRED), .until = NOTHING}, COMMON_REFUSAL(MISSING), "until_day"},
        {'G', {.step = TASK_STEP(DEFERRED), .until = "2020-12-31"}, COMMON_REFUSAL(MALFORMED), "until_day"},
        {'G', {.step = TASK_STEP(DEFERRED), .until = "2106-02-06"}, COMMON_REFUSAL(MALFORMED), "until_day"},
        {'I', {.step = TASK_STEP(CANCELLED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'I', {.step = TASK_STEP(CARRIED_OVER), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'I', {.step = TASK_STEP(CARRIED_OVER), .year = UINT32_MAX}, COMMON_REFUSAL(MISSING), "year"},
        {'I', {.step = TASK_STEP(CARRIED_OVER), .year = 2020}, COMMON_REFUSAL(MALFORMED), "year"},
        {'I', {.step = TASK_STEP(CARRIED_OVER), .year = 2101}, COMMON_REFUSAL(MALFORMED), "year"},
        {'S', {.step = TASK_STEP(REOPENED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'S', {.step = TASK_STEP(COMMENTED), .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct office office;
        char what[32];
        begin(&office);
        office_task_to(&office, "T1", cases[i].from, "2020-03-02");
        struct task_act act = cases[i].act;
        char asked_by[32];
        snprintf(asked_by, sizeof asked_by, "plan/%u", (unsigned)ROLE_HANDLER);
        act.principal = act.principal != NULL ? asked_by : NULL;
        act.at = act.at != NULL ? act.at : "2020-03-02T10:00";
        snprintf(what, sizeof what, "case %zu", i);
        assert_false(office_task(&office, &act));
        assert_refused(&office, cases[i].code, cases[i].field, what);
        end(&office);
    }
}

/* Sign-off is asked for when every indicator is met, and measured: a baseline proves nothing. */
static void all_indicators_have_to_be_met_and_proved(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    assert_true(office_draft(
        &office, &(struct ledger_draft){.indicators = {{"jobs", INDICATOR_KIND(INCREASE), 0, 1000, 0},
                                                       {"days", INDICATOR_KIND(REACH_AT_MOST), 300, 500, 0},
                                                       {"law", INDICATOR_KIND(BOOLEAN), 0, 100, 0},
                                                       {"towns", INDICATOR_KIND(COVERAGE), 0, 900, 1000}}}));
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(ISSUED), .at = "2020-01-02T09:30"});
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(STARTED), .at = "2020-01-03T09:00"});
    const struct task_act ask = {.step = TASK_STEP(SIGNOFF_ASKED), .at = "2020-03-03T09:00"};
    const struct {
        const char *code;
        int64_t bad, good;
    } values[] = {{"jobs", 999, 1000}, {"days", 501, 300}, {"law", 0, 100}, {"towns", 899, 900}};
    for (size_t i = 0; i < 4; i++) {
        assert_false(office_task(&office, &ask));
        assert_refused(&office, REFUSAL(INDICATOR_NOT_MET), "step", values[i].code);
        struct task_act act = {.step = TASK_STEP(MEASURED), .at = "2020-03-02T09:00", .indicator = values[i].code};
        act.value = values[i].bad;
        office_task_step(&office, &act);
        assert_false(office_task(&office, &ask));
        act.value = values[i].good;
        office_task_step(&office, &act);
    }
    const struct {
        const char *code;
        int64_t value;
    } wrong[] = {{"law", 1}, {"law", -100}, {"law", 200}, {"towns", -1}, {"towns", 1001}};
    for (size_t i = 0; i < 5; i++) {
        assert_false(office_task(&office, &(struct task_act){.step = TASK_STEP(MEASURED),
                                                             .at = "2020-03-02T09:00",
                                                             .indicator = wrong[i].code,
                                                             .value = wrong[i].value}));
        assert_refused(&office, REFUSAL(INDICATOR_RULE), "value", wrong[i].code);
    }
    assert_true(office_task(&office, &ask));
    end(&office);
}

static void only_key_items_want_the_leader(void **state) {
    (void)state;
    for (int key = 0; key < 2; key++) {
        struct office office;
        begin(&office);
        assert_true(office_draft(&office, &(struct ledger_draft){.key = key != 0, .parts = {NOTHING}}));
        const int steps[] = {TASK_STEP(ISSUED), TASK_STEP(STARTED), TASK_STEP(MEASURED), TASK_STEP(SIGNOFF_ASKED)};
        for (size_t i = 0; i < 4; i++) {
            office_task_step(&office, &(struct task_act){.step = steps[i], .at = "2020-03-02T09:00", .value = 1000});
        }
        const bool is_signed =
            office_task(&office, &(struct task_act){.step = TASK_STEP(SIGNED_OFF), .at = "2020-03-02T10:00"});
        if (key != 0) {
            assert_false(is_signed);
            assert_refused(&office, REFUSAL(LEADER_MISSING), "step", "key");
            office_task_step(&office, &(struct task_act){.step = TASK_STEP(LEADER_APPROVED), .at = "2020-03-02T10:00"});
            office_task_step(&office, &(struct task_act){.step = TASK_STEP(SIGNED_OFF), .at = "2020-03-02T10:00"});
        } else {
            assert_true(is_signed);
            office_task_step(&office, &(struct task_act){.step = TASK_STEP(REOPENED), .at = "2020-03-02T11:00"});
            office_task_step(&office, &(struct task_act){.step = TASK_STEP(SIGNOFF_ASKED), .at = "2020-03-02T11:00"});
            assert_false(
                office_task(&office, &(struct task_act){.step = TASK_STEP(LEADER_APPROVED), .at = "2020-03-02T12:00"}));
            assert_refused(&office, REFUSAL(WRONG_ORDER), "step", "not key");
        }
        end(&office);
    }
}

/* --- cooperating units --- */

static bool speak(struct office *office, int step, const char *org, const char *at) {
    return office_task(office, &(struct task_act){.step = step, .org = org, .at = at});
}

static void all_units_have_to_agree(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    office_task_to(&office, "T1", 'A', "2020-03-02");
    const struct task_act sign = {.step = TASK_STEP(SIGNED_OFF), .at = "2020-03-05T09:00"};
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(LEADER_APPROVED), .at = "2020-03-03T09:00"});
    assert_true(speak(&office, TASK_STEP(CONFIRMED), "water", "2020-03-03T10:00"));
    assert_true(speak(&office, TASK_STEP(OBJECTED), "fire", "2020-03-03T11:00"));
    assert_false(office_task(&office, &sign));
    assert_refused(&office, REFUSAL(PART_NOT_DONE), "step", "an objection");
    /* a word stands, but for an objection that is given up */
    assert_false(speak(&office, TASK_STEP(OBJECTED), "fire", "2020-03-03T12:00"));
    assert_refused(&office, REFUSAL(WRONG_ORDER), "step", "again");
    assert_false(speak(&office, TASK_STEP(CONFIRMED), "water", "2020-03-03T12:00"));
    assert_refused(&office, REFUSAL(WRONG_ORDER), "step", "again");
    assert_false(speak(&office, TASK_STEP(OBJECTED), "water", "2020-03-03T12:00"));
    assert_refused(&office, REFUSAL(WRONG_ORDER), "step", "takes it back");
    assert_true(speak(&office, TASK_STEP(CONFIRMED), "fire", "2020-03-04T09:00"));
    /* returned: everything that was said falls */
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(RETURNED), .at = "2020-03-04T10:00"});
    const struct task *row = office_task_row(&office, "T1");
    assert_int_equal(row->state, TASK_STATE(DOING));
    assert_int_equal(row->flags, TASK_KEY);
    for (uint32_t part = row->first_part; part != 0; part = issues_part(&office.issues, part)->next) {
        assert_int_equal(issues_part(&office.issues, part)->flags, 0);
        assert_int_equal(issues_part(&office.issues, part)->due, 0);
    }
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(SIGNOFF_ASKED), .at = "2020-03-04T11:00"});
    assert_true(speak(&office, TASK_STEP(CONFIRMED), "fire", "2020-03-04T12:00"));
    assert_false(office_task(&office, &sign));
    assert_refused(&office, REFUSAL(PART_NOT_DONE), "step", "water did not say anything anew");
    assert_true(speak(&office, TASK_STEP(CONFIRMED), "water", "2020-03-04T12:00"));
    assert_false(office_task(&office, &sign));
    assert_refused(&office, REFUSAL(LEADER_MISSING), "step", "nor did the leader");
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(LEADER_APPROVED), .at = "2020-03-04T13:00"});
    assert_true(office_task(&office, &sign));
    assert_int_equal(row->signed_at, office_ms("2020-03-05T09:00") / 1000);
    end(&office);
}

/* The word of the units is asked for by a workday: where the calendar does not reach, nothing is asked for. */
static void sign_off_needs_a_calendar(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    office_task_to(&office, "T1", 'G', "2020-03-02");
    assert_false(office_task(&office, &(struct task_act){.step = TASK_STEP(SIGNOFF_ASKED), .at = "2020-12-30T09:00"}));
    assert_refused(&office, REFUSAL(CALENDAR_HORIZON), "occurred_at_ms", "beyond it");
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T2", .parts = {NOTHING}}));
    const int steps[] = {TASK_STEP(ISSUED), TASK_STEP(STARTED), TASK_STEP(MEASURED), TASK_STEP(SIGNOFF_ASKED)};
    for (size_t i = 0; i < 4; i++) { /* nobody cooperates: nobody is asked */
        office_task_step(&office,
                         &(struct task_act){.step = steps[i], .number = "T2", .at = "2020-12-30T09:00", .value = 1000});
    }
    end(&office);
}

/* --- drafts --- */

static void each_field_of_a_draft_is_checked(void **state) {
    char long_text[502], long_number[52], long_code[34];
    memset(long_text, 'x', sizeof long_text);
    long_text[501] = '\0';
    const char *title = long_text + 300; /* 201 bytes */
    memset(long_number, 'n', sizeof long_number);
    long_number[51] = '\0';
    memset(long_code, 'c', sizeof long_code);
    long_code[33] = '\0';
    const int64_t big = INT64_C(1000000000000000);
#define INDICATOR(...) {.indicators = {__VA_ARGS__}}, REFUSAL(INDICATOR_RULE), "indicators"
    const struct {
        struct ledger_draft draft;
        uint32_t code;
        const char *field;
    } cases[] = {
        {{.number = NOTHING}, COMMON_REFUSAL(MISSING), "task_number"},
        {{.number = long_number}, REFUSAL(FIELD_TOO_LONG), "task_number"},
        {{.expected = 7}, COMMON_REFUSAL(STALE_VERSION), "expected_version"},
        {{.year = UINT32_MAX}, COMMON_REFUSAL(MISSING), "year"},
        {{.year = 1999}, COMMON_REFUSAL(MALFORMED), "year"},
        {{.year = 2101}, COMMON_REFUSAL(MALFORMED), "year"},
        {{.field = -1}, COMMON_REFUSAL(MISSING), "field"},
        {{.field = 7}, COMMON_REFUSAL(UNKNOWN_VALUE), "field"},
        {{.title = NOTHING}, COMMON_REFUSAL(MISSING), "title"},
        {{.title = title}, REFUSAL(FIELD_TOO_LONG), "title"},
        {{.annual_target = long_text}, REFUSAL(FIELD_TOO_LONG), "annual_target"},
        {{.key = true, .leading_office = NOTHING}, COMMON_REFUSAL(MISSING), "leading_office"},
        {{.leading_office = "the mayor's office"}, COMMON_REFUSAL(MALFORMED), "leading_office"},
        {{.key = true, .leading_office = title}, REFUSAL(FIELD_TOO_LONG), "leading_office"},
        {{.measures = {"a", NOTHING}}, COMMON_REFUSAL(MISSING), "measures"},
        {{.measures = {"a", title}}, REFUSAL(FIELD_TOO_LONG), "measures"},
        {{.measures = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"}},
         COMMON_REFUSAL(TOO_LARGE),
         "measures"},
        {{.lead = NOTHING}, COMMON_REFUSAL(MISSING), "lead"},
        {{.lead = "nobody"}, REFUSAL(AGENCY_UNKNOWN), "lead"},
        {{.parts = {"fire", "nobody"}}, REFUSAL(AGENCY_UNKNOWN), "cooperating"},
        {{.parts = {"fire", "fire"}}, COMMON_REFUSAL(MALFORMED), "cooperating"},
        {{.parts = {"fire", "plan"}}, COMMON_REFUSAL(MALFORMED), "cooperating"},
        {{.parts = {"fire", "water", "hall", "proc", "a", "b", "c", "d"}}, COMMON_REFUSAL(TOO_LARGE), "cooperating"},
        {{.provincial = {"P1", "P9"}}, REFUSAL(PROVINCIAL_UNKNOWN), "provincial"},
        {{.provincial = {NOTHING}}, REFUSAL(PROVINCIAL_UNKNOWN), "provincial"},
        {{.provincial = {long_code}}, REFUSAL(PROVINCIAL_UNKNOWN), "provincial"},
        {{.provincial = {"P1"}, .year = 2021}, REFUSAL(PROVINCIAL_UNKNOWN), "provincial"}, /* of its year alone */
        {{.provincial = {"P1", "P1"}}, COMMON_REFUSAL(MALFORMED), "provincial"},
        {{.provincial = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"}},
         COMMON_REFUSAL(TOO_LARGE),
         "provincial"},
        {{.start = NOTHING}, COMMON_REFUSAL(MISSING), "start_day"},
        {{.due = NOTHING}, COMMON_REFUSAL(MISSING), "due_day"},
        {{.start = "2020-12-31", .due = "2020-12-30"}, COMMON_REFUSAL(MALFORMED), "due_day"},
        {{.due = "2102-01-01"}, COMMON_REFUSAL(MALFORMED), "due_day"},
        {{.no_indicators = true}, COMMON_REFUSAL(MISSING), "indicators"},
        {{.indicators = {{"a", 1, 0, 1, 0},
                         {"b", 1, 0, 1, 0},
                         {"c", 1, 0, 1, 0},
                         {"d", 1, 0, 1, 0},
                         {"e", 1, 0, 1, 0},
                         {"f", 1, 0, 1, 0},
                         {"g", 1, 0, 1, 0},
                         {"h", 1, 0, 1, 0},
                         {"i", 1, 0, 1, 0}}},
         COMMON_REFUSAL(TOO_LARGE),
         "indicators"},
        {INDICATOR({NOTHING, INDICATOR_KIND(INCREASE), 0, 1, 0})},
        {INDICATOR({"Jobs", INDICATOR_KIND(INCREASE), 0, 1, 0})},
        {INDICATOR({"jobs-2", INDICATOR_KIND(INCREASE), 0, 1, 0})},
        {INDICATOR({long_code, INDICATOR_KIND(INCREASE), 0, 1, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), 0, 1, 0}, {"a", INDICATOR_KIND(DECREASE), 1, 0, 0})},
        {INDICATOR({"a", 0, 0, 1, 0})},
        {INDICATOR({"a", 7, 0, 1, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), 5, 5, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), 6, 5, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), 0, big + 1, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), -big - 1, 0, 0})},
        {INDICATOR({"a", INDICATOR_KIND(INCREASE), 0, 5, 5})},
        {INDICATOR({"a", INDICATOR_KIND(DECREASE), 5, 5, 0})},
        {INDICATOR({"a", INDICATOR_KIND(DECREASE), 5, 6, 0})},
        {INDICATOR({"a", INDICATOR_KIND(REACH_AT_LEAST), 5, 6, 1})},
        {INDICATOR({"a", INDICATOR_KIND(BOOLEAN), 0, 0, 0})},
        {INDICATOR({"a", INDICATOR_KIND(BOOLEAN), 1, 100, 0})},
        {INDICATOR({"a", INDICATOR_KIND(BOOLEAN), 0, 100, 100})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), 0, 0, 0})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), 0, 101, 100})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), 101, 100, 100})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), -1, 100, 100})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), 0, -1, 100})},
        {INDICATOR({"a", INDICATOR_KIND(COVERAGE), 0, 5, big + 1})},
        {{.milestones = {{"2019-12-31", 0}}}, COMMON_REFUSAL(MALFORMED), "milestones"},
        {{.milestones = {{"2021-01-01", 0}}}, COMMON_REFUSAL(MALFORMED), "milestones"},
        {{.milestones = {{"2020-06-01", 0}, {"2020-05-31", 0}}}, COMMON_REFUSAL(MALFORMED), "milestones"},
        {{.milestones = {{"2020-06-01", 500}, {"2020-06-30", 0}, {"2020-07-31", 499}}},
         COMMON_REFUSAL(MALFORMED),
         "milestones"},
        {{.milestones = {{"2020-06-01", 1001}}}, COMMON_REFUSAL(MALFORMED), "milestones"},
    };
    (void)state;
    struct office office;
    begin(&office);
    assert_true(office_provincial(&office, 2020, "P1", "a title"));
    const uint64_t before = office.seq;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char what[32];
        snprintf(what, sizeof what, "draft %zu", i);
        if (office_draft(&office, &cases[i].draft)) {
            fail_msg("%s was taken", what);
        }
        assert_refused(&office, cases[i].code, cases[i].field, what);
    }
    struct ledger_draft many = {.no_indicators = true}; /* 16 milestones, not 17 */
    for (size_t i = 0; i < 17; i++) {
        many.milestones[i] = (struct ledger_milestone){.due = "2020-06-01"};
    }
    assert_false(office_draft(&office, &many));
    assert_refused(&office, COMMON_REFUSAL(TOO_LARGE), "milestones", "17 milestones");
    many.milestones[16].due = NULL;
    assert_int_equal(office.seq, before);
    assert_true(office_draft(&office, &many));
    assert_int_equal(office_task_row(&office, "T1")->milestone_count, 16);
    end(&office);
}

/* The largest draft that there may be, with values at the edge. */
static void a_draft_may_be_as_large_as_the_rules_allow(void **state) {
    const int64_t big = INT64_C(1000000000000000);
    (void)state;
    struct office office;
    begin(&office);
    struct ledger_draft draft = {
        .milestones = {{"2020-01-01", 0}, {"2020-12-31", 1000}},
        .indicators = {{"a_0123456789_0123456789_01234567", INDICATOR_KIND(INCREASE), -big, big, 0},
                       {"b", INDICATOR_KIND(DECREASE), big, -big, 0},
                       {"c", INDICATOR_KIND(REACH_AT_LEAST), 5, 5, 0},
                       {"d", INDICATOR_KIND(REACH_AT_MOST), 6, 5, 0},
                       {"e", INDICATOR_KIND(BOOLEAN), 100, 100, 0},
                       {"f", INDICATOR_KIND(COVERAGE), 0, 0, 1},
                       {"g", INDICATOR_KIND(COVERAGE), big, big, big},
                       {"h", INDICATOR_KIND(BOOLEAN), 0, 100, 0}},
        .parts = {"fire", "water", "hall", "proc"}};
    assert_true(office_draft(&office, &draft));
    const struct task *row = office_task_row(&office, "T1");
    assert_int_equal(row->indicator_count, 8);
    assert_int_equal(issues_indicator(&office.issues, row->first_indicator)->measured, -big);
    assert_string_equal(issues_agency(&office.issues, issues_part(&office.issues, row->first_part)->agency)->code,
                        "fire");
    end(&office);
}

static void a_draft_changes_until_it_is_issued(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    assert_true(office_provincial(&office, 2020, "P1", ""));
    assert_true(office_provincial(&office, 2020, "P2", ""));
    const uint64_t before = office.seq;
    assert_true(office_draft(&office, &(struct ledger_draft){.provincial = {"P1"}}));
    assert_int_equal(office.seq, before + 1);
    assert_true(office_draft(&office, &(struct ledger_draft){.provincial = {"P1"}})); /* the same again: nothing */
    assert_int_equal(office.seq, before + 1);
    assert_true(
        office_draft(&office, &(struct ledger_draft){.provincial = {"P2"},
                                                     .at = "2020-01-03T09:00",
                                                     .lead = "water",
                                                     .parts = {"plan"},
                                                     .indicators = {{"houses", INDICATOR_KIND(DECREASE), 9, 1, 0}}}));
    assert_int_equal(office.seq, before + 2);
    assert_false(office_draft(&office, &(struct ledger_draft){.at = "2020-01-03T08:59"}));
    assert_refused(&office, REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms", "before the draft");
    const struct task *row = office_task_row(&office, "T1");
    assert_int_equal(office.issues.tasks.count, 1);
    assert_int_equal(row->state, TASK_STATE(DRAFT));
    assert_string_equal(issues_agency(&office.issues, row->lead)->code, "water");
    assert_string_equal(issues_indicator(&office.issues, row->first_indicator)->code, "houses");
    assert_int_equal(issues_part(&office.issues, row->first_part)->agency, issues_find_agency(&office.issues, "plan"));
    assert_int_equal(issues_part(&office.issues, row->first_part)->next, 0);
    assert_int_equal(office.public_count[ISSUES__V1__EVENT__BODY_TASK_MOVED],
                     0); /* nothing of a draft is in the feed */
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(ISSUED), .at = "2020-01-03T10:00"});
    assert_int_equal(issues_provincial(&office.issues, 1)->task, 0); /* of the draft before */
    assert_int_equal(issues_provincial(&office.issues, 2)->task, 1);
    assert_true(
        office_draft(&office, &(struct ledger_draft){.provincial = {"P2"},
                                                     .at = "2020-01-04T09:00",
                                                     .lead = "water",
                                                     .parts = {"plan"},
                                                     .indicators = {{"houses", INDICATOR_KIND(DECREASE), 9, 1, 0}}}));
    assert_false(office_draft(&office, &(struct ledger_draft){.at = "2020-01-04T09:00"}));
    assert_refused(&office, REFUSAL(TASK_FIXED), "task_number", "issued");
    end(&office);
}

/* Units of records have a table of a size: a draft takes what it needs, or is refused. */
static void a_full_table_refuses(void **state) {
    (void)state;
    struct office office;
    office_init(&office, 2); /* four units */
    office_begin(&office, "2020-01-01");
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T1"}));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T2", .parts = {"fire"}}));
    assert_false(office_draft(&office, &(struct ledger_draft){.number = "T3"}));
    assert_refused(&office, COMMON_REFUSAL(EXHAUSTED), NULL, "one is left");
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T3", .parts = {"fire"}}));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T4", .parts = {NOTHING}}));
    end(&office);
}

static void a_cancelled_draft_was_never_there(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    assert_true(office_draft(&office, &(struct ledger_draft){.at = NULL}));
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(COMMENTED), .at = "2020-01-02T10:00"});
    office_task_step(&office, &(struct task_act){.step = TASK_STEP(CANCELLED), .at = "2020-01-02T11:00"});
    assert_int_equal(office.public_count[ISSUES__V1__EVENT__BODY_TASK_MOVED], 0);
    assert_int_equal(office_tick(&office, "2030-01-01T00:00"), 0);
    end(&office);
}

static void tasks_of_the_province(void **state) {
    char long_text[202];
    memset(long_text, 'x', 201);
    long_text[201] = '\0';
    (void)state;
    struct office office;
    begin(&office);
    const struct {
        uint32_t year;
        const char *code, *title;
        uint32_t refusal;
        const char *field;
    } wrong[] = {{0, "P1", "t", COMMON_REFUSAL(MISSING), "year"},
                 {1999, "P1", "t", COMMON_REFUSAL(MALFORMED), "year"},
                 {2101, "P1", "t", COMMON_REFUSAL(MALFORMED), "year"},
                 {2020, "", "t", COMMON_REFUSAL(MISSING), "code"},
                 {2020, long_text, "t", REFUSAL(FIELD_TOO_LONG), "code"},
                 {2020, "P1", long_text, REFUSAL(FIELD_TOO_LONG), "title"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(office_provincial(&office, wrong[i].year, wrong[i].code, wrong[i].title));
        assert_refused(&office, wrong[i].refusal, wrong[i].field, "a task of the province");
    }
    assert_true(office_provincial(&office, 2020, "P1", "t"));
    assert_true(office_provincial(&office, 2021, "P1", "t")); /* another year's is another task */
    const uint64_t before = office.seq;
    assert_true(office_provincial(&office, 2020, "P1", "another title")); /* known */
    assert_int_equal(office.seq, before);
    assert_int_equal(office.issues.provincial_tasks.count, 2);
    assert_int_equal(office.public_count[ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED], 2);
    end(&office);
}

/* --- what follows from a step --- */

static void deferred_and_back(void **state) {
    (void)state;
    for (int from = 0; from < 2; from++) {
        struct office office;
        begin(&office);
        office_task_to(&office, "T1", from == 0 ? 'I' : 'g', "2020-03-02");
        const struct task *row = office_task_row(&office, "T1");
        office_task_step(
            &office, &(struct task_act){.step = TASK_STEP(DEFERRED), .at = "2020-03-03T09:00", .until = "2021-03-31"});
        assert_int_equal(row->due, office_day("2021-03-31"));
        office_task_step(&office, &(struct task_act){.step = TASK_STEP(RESUMED), .at = "2020-04-03T09:00"});
        assert_int_equal(row->state, from == 0 ? TASK_STATE(ISSUED) : TASK_STATE(DOING));
        assert_int_equal(row->due, office_day("2021-03-31"));
        end(&office);
    }
}

static void carried_over_names_its_year(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    office_task_to(&office, "T1", 'V', "2020-03-02");
    assert_int_equal(office_task_row(&office, "T1")->carried_to, 2021);
    assert_true(record_is_ended(&office.issues, RECORD_TASK(1)));
    end(&office);
}

/* An issue may name a task before the ledger has it, or after. */
static void issues_hang_on_tasks(void **state) {
    (void)state;
    struct office office;
    begin(&office);
    assert_true(office_issue(
        &office,
        &(struct issue_act){.step = ISSUE_STEP(REGISTERED), .number = "Q1", .at = "2020-01-02T08:00", .task = "T1"}));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T1"}));
    assert_true(office_draft(&office, &(struct ledger_draft){.number = "T2"}));
    assert_int_equal(office_task_row(&office, "T1")->about, issues_find_about(&office.issues, true, "T1"));
    assert_int_not_equal(office_task_row(&office, "T1")->about, 0);
    assert_int_equal(office_task_row(&office, "T2")->about, 0);
    assert_true(office_issue(
        &office,
        &(struct issue_act){.step = ISSUE_STEP(REGISTERED), .number = "Q2", .at = "2020-01-02T10:00", .task = "T2"}));
    assert_int_equal(office_task_row(&office, "T2")->about, issues_find_about(&office.issues, true, "T2"));
    assert_int_equal(issues_about(&office.issues, office_task_row(&office, "T2")->about)->open, 1);
    end(&office);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_follows_the_sentences),
        cmocka_unit_test(keys_act_only_as_their_roles),
        cmocka_unit_test(every_row_has_its_sentence),
        cmocka_unit_test(each_guard_has_its_code),
        cmocka_unit_test(all_indicators_have_to_be_met_and_proved),
        cmocka_unit_test(only_key_items_want_the_leader),
        cmocka_unit_test(all_units_have_to_agree),
        cmocka_unit_test(sign_off_needs_a_calendar),
        cmocka_unit_test(each_field_of_a_draft_is_checked),
        cmocka_unit_test(a_draft_may_be_as_large_as_the_rules_allow),
        cmocka_unit_test(a_draft_changes_until_it_is_issued),
        cmocka_unit_test(a_full_table_refuses),
        cmocka_unit_test(a_cancelled_draft_was_never_there),
        cmocka_unit_test(tasks_of_the_province),
        cmocka_unit_test(deferred_and_back),
        cmocka_unit_test(carried_over_names_its_year),
        cmocka_unit_test(issues_hang_on_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
