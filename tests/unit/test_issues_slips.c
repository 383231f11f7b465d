#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/issues_said.h"

/* Slips on issues, ledger tasks and river clues: the same rules on each kind of record. */

#define KIND(word) ISSUES__V1__RECORD_KIND__RECORD_KIND_##word
#define TASK(word) ISSUES__V1__TASK_STEP__TASK_STEP_##word
#define CLUE(word) ISSUES__V1__CLUE_STEP__CLUE_STEP_##word

struct desk {
    struct office office;
    struct said said;
};

static void desk_begin(struct desk *k, const char *known_on) {
    *k = (struct desk){.said = {.words = ""}};
    office_init(&k->office, 100);
    k->said.of = &k->office.issues;
    k->office.watch = said_watch;
    k->office.user = &k->said;
    office_begin(&k->office, known_on);
    office_tick(&k->office, "2019-06-01T00:00"); /* what the notices change is planned */
}

static void desk_end(struct desk *k) {
    assert_true(office_folds(&k->office));
    office_release(&k->office);
}

/* --- a record of each kind, in the hands of "plan"; nothing of it is due in the next two weeks --- */

static void send_ok(struct desk *k, const char *organisation, enum role role, const char *at,
                    const Issues__V1__Command *body) {
    if (!office_send(&k->office, organisation, role, at, body)) {
        fail_msg("refused with %u, %s", k->office.decision.code,
                 k->office.decision.field == NULL ? "-" : k->office.decision.field);
    }
}

static void dispatch_issue(struct desk *k, const char *at) {
    office_step(&k->office, "R1", ISSUE_STEP(REGISTERED), at);
    office_step(&k->office, "R1", ISSUE_STEP(SCREENED), at);
    office_step(&k->office, "R1", ISSUE_STEP(DISPATCHED), at);
}

static void report_task(struct desk *k, Issues__V1__TaskStep step, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportTask report = ISSUES__V1__REPORT_TASK__INIT;
    report.task_number = office_text("R1");
    report.step = step;
    report.actor = ACTOR(SUPERVISOR);
    report.reason = office_text("because");
    body.body_case = ISSUES__V1__COMMAND__BODY_REPORT_TASK;
    body.report_task = &report;
    send_ok(k, "bureau", ROLE_SUPERVISOR, at, &body);
}

/* A milestone after twenty days, all of it after forty. */
static void draft_task(struct desk *k, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishTask publish = ISSUES__V1__PUBLISH_TASK__INIT;
    Issues__V1__Milestone milestone = ISSUES__V1__MILESTONE__INIT, *milestones = &milestone;
    const uint32_t day = (uint32_t)civil_day_of_ms(office_ms(at));
    milestone.name = office_text("first half");
    milestone.due_day = day + 20;
    publish.task_number = office_text("R1");
    publish.year = 2020;
    publish.field = ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY;
    publish.title = office_text("a reform");
    publish.lead = office_text("plan");
    publish.annual_target = office_text("done");
    publish.milestones = &milestones;
    publish.n_milestones = 1;
    publish.start_day = day;
    publish.due_day = day + 40;
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_TASK;
    body.publish_task = &publish;
    send_ok(k, "bureau", ROLE_SUPERVISOR, at, &body);
}

static void issue_task(struct desk *k, const char *at) {
    draft_task(k, at);
    report_task(k, TASK(ISSUED), at);
}

static bool report_clue(struct desk *k, const char *organisation, enum role role, Issues__V1__ClueStep step,
                        const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportClue report = ISSUES__V1__REPORT_CLUE__INIT;
    Issues__V1__ClueFinding finding = ISSUES__V1__CLUE_FINDING__INIT;
    finding.river = office_text("HN-QL-02");
    finding.region = 411024;
    finding.kind = ISSUES__V1__CLUE_KIND__CLUE_KIND_MINE;
    finding.grade = ISSUES__V1__CLUE_GRADE__CLUE_GRADE_MINOR;
    report.clue_number = office_text("R1");
    report.step = step;
    report.actor = role == ROLE_SUPERVISOR ? ACTOR(SUPERVISOR) : ACTOR(HANDLER);
    report.reason = office_text("because");
    report.letter = office_text("letter 7");
    report.agency = office_text(step == CLUE(TRANSFERRED) ? "proc" : "plan");
    report.until_day = (uint32_t)civil_day_of_ms(office_ms(at)) + 30;
    report.finding = &finding;
    body.body_case = ISSUES__V1__COMMAND__BODY_REPORT_CLUE;
    body.report_clue = &report;
    return office_send(&k->office, organisation, role, at, &body);
}

static void notify_clue(struct desk *k, const char *at) {
    assert_true(report_clue(k, "water", ROLE_HANDLER, CLUE(FOUND), at));
    assert_true(report_clue(k, "bureau", ROLE_SUPERVISOR, CLUE(NOTICE), at));
}

static void cancel_issue(struct desk *k, const char *at) {
    office_step(&k->office, "R1", ISSUE_STEP(CANCELLED), at);
}
static void cancel_task(struct desk *k, const char *at) {
    report_task(k, TASK(CANCELLED), at);
}
static void rectify_clue(struct desk *k, const char *at) {
    assert_true(report_clue(k, "plan", ROLE_HANDLER, CLUE(RECTIFIED), at));
}

static void register_issue(struct desk *k, const char *at) {
    office_step(&k->office, "R1", ISSUE_STEP(REGISTERED), at);
}
static void find_clue(struct desk *k, const char *at) {
    assert_true(report_clue(k, "water", ROLE_HANDLER, CLUE(FOUND), at));
}

/* All of them called "R1", row 1 of its table. */
static const struct of_kind {
    Issues__V1__RecordKind kind;
    void (*begin)(struct desk *k, const char *at);
    void (*end)(struct desk *k, const char *at);
    void (*begin_without_unit)(struct desk *k, const char *at);
    const char *due;  /* of one that began on 1 June 2020: the first thing that makes a slip, */
    uint8_t due_rule; /* by this rule, */
    const char *said; /* up to 30 July 2020 */
} kinds[] = {
    {KIND(ISSUE), dispatch_issue, cancel_issue, register_issue, "2020-06-23T00:00", ISSUES_SLIP_OVERDUE,
     "L1_issued@2020-06-23"},
    {KIND(TASK), issue_task, cancel_task, draft_task, "2020-06-22T00:00", ISSUES_SLIP_TASK_LAG, "L1_issued@2020-06-22"},
    {KIND(CLUE), notify_clue, rectify_clue, find_clue, "2020-07-02T00:00", ISSUES_SLIP_CLUE_LATE,
     "notice_passed@2020-07-02 L1_issued@2020-07-02"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* --- stories, on each kind --- */

enum verb { NOTHING_MORE, ISSUE, REPLY, ACCEPT, REFUSE, TIME, END, NOTICE };

struct word {
    enum verb verb;
    uint32_t n; /* level, or number of the slip */
    const char *at;
};

struct slip_story {
    const char *what;
    const char *known_on, *begun;
    struct word words[12];
    const char *said;
};

#define IN_JUNE "2020-02-01", "2020-06-01T09:00"

static const struct slip_story stories[] = {
    {"a reply in time that is accepted ends it",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"},
      {REPLY, 1, "2020-06-05T23:59"},
      {ACCEPT, 1, "2020-06-08T10:00"},
      {TIME, 0, "2020-06-14T00:00"}},
     "L1_issued@2020-06-02T10:00 L1_replied@2020-06-05T23:59 L1_accepted@2020-06-08T10:00"},
    {"a reply that waits for its judgement does not lapse",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"}, {REPLY, 1, "2020-06-02T11:00"}, {TIME, 0, "2020-06-14T00:00"}},
     "L1_issued@2020-06-02T10:00 L1_replied@2020-06-02T11:00"},
    {"a refused reply brings the next level, up to the last",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"},
      {REPLY, 1, "2020-06-02T11:00"},
      {REFUSE, 1, "2020-06-02T12:00"},
      {REPLY, 2, "2020-06-02T13:00"},
      {REFUSE, 2, "2020-06-02T14:00"},
      {REPLY, 3, "2020-06-02T15:00"},
      {REFUSE, 3, "2020-06-02T16:00"},
      {REPLY, 4, "2020-06-02T17:00"},
      {REFUSE, 4, "2020-06-02T18:00"},
      {TIME, 0, "2020-06-14T00:00"}},
     "L1_issued@2020-06-02T10:00 L1_replied@2020-06-02T11:00 L1_refused@2020-06-02T12:00 L2_issued@2020-06-02T12:00"
     " L2_replied@2020-06-02T13:00 L2_refused@2020-06-02T14:00 L3_issued@2020-06-02T14:00 L3_replied@2020-06-02T15:00"
     " L3_refused@2020-06-02T16:00 L4_issued@2020-06-02T16:00 L4_replied@2020-06-02T17:00 L4_refused@2020-06-02T18:00"},
    {"no reply: each level lapses by its own day, and brings the next",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-01T10:00"}, {TIME, 0, "2020-06-04T23:59"}, {TIME, 0, "2020-06-14T00:00"}},
     "L1_issued@2020-06-01T10:00 L1_lapsed@2020-06-05 L2_issued@2020-06-05 L2_lapsed@2020-06-10 L3_issued@2020-06-10"
     " L3_lapsed@2020-06-12 L4_issued@2020-06-12"},
    {"the last level wants no reply, and stays",
     IN_JUNE,
     {{ISSUE, 4, "2020-06-02T10:00"}, {TIME, 0, "2020-06-14T00:00"}},
     "L4_issued@2020-06-02T10:00"},
    {"levels one below another are open beside each other",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"},
      {ISSUE, 2, "2020-06-02T11:00"},
      {ISSUE, 3, "2020-06-02T12:00"},
      {TIME, 0, "2020-06-06T00:00"}},
     "L1_issued@2020-06-02T10:00 L2_issued@2020-06-02T11:00 L3_issued@2020-06-02T12:00 L3_lapsed@2020-06-04"
     " L4_issued@2020-06-04 L2_lapsed@2020-06-05 L1_lapsed@2020-06-06"},
    {"open ones end with their record, and time does nothing more",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"},
      {ISSUE, 2, "2020-06-02T11:00"},
      {ISSUE, 3, "2020-06-02T12:00"},
      {REPLY, 2, "2020-06-03T10:00"},
      {END, 0, "2020-06-03T11:00"},
      {TIME, 0, "2020-09-30T00:00"}},
     "L1_issued@2020-06-02T10:00 L2_issued@2020-06-02T11:00 L3_issued@2020-06-02T12:00 L2_replied@2020-06-03T10:00"
     " L3_closed@2020-06-03T11:00 L2_closed@2020-06-03T11:00 L1_closed@2020-06-03T11:00"},
    {"ended ones do not end again",
     IN_JUNE,
     {{ISSUE, 1, "2020-06-02T10:00"},
      {REPLY, 1, "2020-06-02T11:00"},
      {ACCEPT, 1, "2020-06-02T12:00"},
      {END, 0, "2020-06-03T11:00"}},
     "L1_issued@2020-06-02T10:00 L1_replied@2020-06-02T11:00 L1_accepted@2020-06-02T12:00"},
    {"after a notice the day for the reply is another one: where it is, it is not said",
     "2020-01-22",
     "2020-01-21T09:00",
     {{ISSUE, 1, "2020-01-22T10:00"},
      {TIME, 0, "2020-01-23T00:00"},
      {NOTICE, 0, "2020-01-27T10:00"},
      {TIME, 0, "2020-02-02T00:00"},
      {REPLY, 1, "2020-02-04T23:59"}},
     "L1_issued@2020-01-22T10:00 L1_issued@2020-01-27T10:00 L1_replied@2020-02-04T23:59"},
    {"and it lapses by that day",
     "2020-01-22",
     "2020-01-21T09:00",
     {{ISSUE, 1, "2020-01-22T10:00"}, {NOTICE, 0, "2020-01-27T10:00"}, {TIME, 0, "2020-02-05T00:00"}},
     "L1_issued@2020-01-22T10:00 L1_issued@2020-01-27T10:00 L1_lapsed@2020-02-05 L2_issued@2020-02-05"},
};

/* A notice comes and is planned with. */
static void load_notice(struct desk *k, const char *at) {
    assert_true(office_load_notice(&k->office, "2020-B"));
    office_tick(&k->office, at);
}

static void say(struct desk *k, const struct of_kind *of, const char *what, const struct word *word) {
    bool accepted = true;
    switch (word->verb) {
    case NOTHING_MORE:
        break;
    case ISSUE:
        accepted = office_slip_issue(&k->office, of->kind, "R1", word->n, word->at);
        break;
    case REPLY:
        accepted = office_slip_reply(&k->office, "plan", word->n, word->at);
        break;
    case ACCEPT:
    case REFUSE:
        accepted = office_slip_judge(&k->office, word->n, word->verb == ACCEPT, word->at);
        break;
    case TIME:
        office_tick(&k->office, word->at);
        break;
    case END:
        of->end(k, word->at);
        break;
    case NOTICE:
        load_notice(k, word->at);
        break;
    }
    if (!accepted) {
        fail_msg("%s, kind %d: at %s refused with %u", what, of->kind, word->at, k->office.decision.code);
    }
}

/* What of it is about slips: a clue says more. */
static void slips_alone(const char *words, char *to) {
    char *at = to;
    for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
        const size_t size = strcspn(word, " ");
        if (word[0] == 'L') {
            at += snprintf(at, size + 2, "%s%.*s", at == to ? "" : " ", (int)size, word);
        }
        word += size;
    }
}

static void test_stories(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0] * KINDS; i++) {
        const struct slip_story *story = &stories[i / KINDS];
        const struct of_kind *of = &kinds[i % KINDS];
        char said[sizeof((struct said *)NULL)->words] = "";
        struct desk k;
        desk_begin(&k, story->known_on);
        of->begin(&k, story->begun);
        for (size_t j = 0; j < 12 && story->words[j].verb != NOTHING_MORE; j++) {
            say(&k, of, story->what, &story->words[j]);
        }
        slips_alone(k.said.words, said);
        if (strcmp(said, story->said) != 0) {
            fail_msg("%s, kind %d:\n  said \"%s\"\n  not  \"%s\"", story->what, of->kind, said, story->said);
        }
        desk_end(&k);
    }
}

/* --- by time --- */

static void test_rules(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct desk k;
        desk_begin(&k, "2020-02-01");
        kinds[i].begin(&k, "2020-06-01T09:00");
        office_tick_ms(&k.office, office_ms(kinds[i].due) - 60000);
        assert_int_equal(k.office.issues.slips.rows.count, 0);
        office_tick(&k.office, kinds[i].due);
        assert_string_equal(k.said.words, kinds[i].said);
        const struct slip *slip = issues_slip(&k.office.issues, 1);
        assert_int_equal(slip->rule, kinds[i].due_rule);
        assert_int_equal(slip->kind, kinds[i].kind);
        assert_int_equal(slip->subject, 1);
        assert_int_equal(slip->agency, issues_find_agency(&k.office.issues, "plan"));
        char feed[64];
        snprintf(feed, sizeof feed, "slip%d:plan:411000:L1:1@%.10s", kinds[i].kind, kinds[i].due);
        assert_non_null(strstr(k.said.feed, feed));
        kinds[i].end(&k, "2020-07-29T10:00"); /* whatever came since */
        for (uint32_t row = 1; row <= k.office.issues.slips.rows.count; row++) {
            assert_false(slip_is_open(issues_slip(&k.office.issues, row)));
        }
        desk_end(&k);
    }
}

/* A red task after an orange one: the second level by the same rule, beside the first. */
static void test_red_task(void **state) {
    (void)state;
    struct desk k;
    desk_begin(&k, "2020-02-01");
    issue_task(&k, "2020-06-01T09:00");
    office_tick(&k.office, "2020-06-22T00:00");
    assert_true(office_slip_reply(&k.office, "plan", 1, "2020-06-22T10:00"));
    assert_true(office_slip_judge(&k.office, 1, true, "2020-06-22T11:00"));
    office_tick(&k.office, "2020-07-12T00:00");
    assert_string_equal(k.said.words, "L1_issued@2020-06-22 L1_replied@2020-06-22T10:00 L1_accepted@2020-06-22T11:00"
                                      " L2_issued@2020-07-12");
    desk_end(&k);
}

/* A clue in the hands of the procuratorate: its own slips, and nobody replies for it. */
static void test_procuratorate(void **state) {
    (void)state;
    struct desk k;
    desk_begin(&k, "2020-02-01");
    notify_clue(&k, "2020-06-01T09:00");
    assert_true(office_slip_issue(&k.office, KIND(CLUE), "R1", 2, "2020-07-01T10:00"));
    assert_true(report_clue(&k, "bureau", ROLE_SUPERVISOR, CLUE(TRANSFERRED), "2020-07-02T10:00"));
    office_tick(&k.office, "2020-07-08T00:00");
    assert_string_equal(k.said.words, "L2_issued@2020-07-01T10:00 L2_closed@2020-07-02T10:00 receipt_late@2020-07-08"
                                      " L1_issued@2020-07-08");
    assert_int_equal(issues_slip(&k.office.issues, 2)->rule, ISSUES_SLIP_RECEIPT_LATE);
    assert_non_null(strstr(k.said.feed, "slip3:plan:411000:L2:6@2020-07-02"));
    assert_non_null(strstr(k.said.feed, "slip3:proc:411000:L1:1@2020-07-08"));
    assert_false(office_slip_reply(&k.office, "plan", 2, "2020-07-08T10:00"));
    assert_int_equal(k.office.decision.code, REFUSAL(WRONG_ACTOR));
    assert_true(office_slip_reply(&k.office, "proc", 2, "2020-07-08T10:00"));
    desk_end(&k);
}

/* What is said of a slip names the unit that got it, whoever leads its issue since. */
static void test_other_lead(void **state) {
    (void)state;
    struct desk k;
    desk_begin(&k, "2020-02-01");
    dispatch_issue(&k, "2020-06-01T09:00");
    assert_true(office_slip_issue(&k.office, KIND(ISSUE), "R1", 1, "2020-06-01T10:00"));
    office_step(&k.office, "R1", ISSUE_STEP(DISPUTED), "2020-06-01T11:00");
    assert_true(office_issue(
        &k.office, &(struct issue_act){
                       .step = ISSUE_STEP(DISPATCHED), .number = "R1", .lead = "water", .at = "2020-06-01T12:00"}));
    cancel_issue(&k, "2020-06-02T10:00");
    assert_non_null(strstr(k.said.feed, "slip1:plan:411000:L1:6@"));
    assert_null(strstr(k.said.feed, "slip1:water"));
    desk_end(&k);
}

/* Row 1 of three tables: what happens to one changes nothing of the others. */
static void test_kinds_beside_each_other(void **state) {
    (void)state;
    struct desk k;
    desk_begin(&k, "2020-02-01");
    for (size_t i = 0; i < KINDS; i++) {
        kinds[i].begin(&k, "2020-06-01T09:00");
        assert_true(office_slip_issue(&k.office, kinds[i].kind, "R1", 1, "2020-06-01T10:00"));
    }
    rectify_clue(&k, "2020-06-01T11:00");
    assert_int_equal(issues_slip(&k.office.issues, 3)->state, SLIP_CLOSED);
    assert_int_equal(issues_slip(&k.office.issues, 1)->state, SLIP_ISSUED);
    assert_int_equal(issues_slip(&k.office.issues, 2)->state, SLIP_ISSUED);
    assert_true(office_slip_reply(&k.office, "plan", 1, "2020-06-01T12:00"));
    assert_true(office_slip_judge(&k.office, 1, false, "2020-06-01T12:00"));
    office_tick(&k.office,
                "2020-06-05T00:00"); /* the issue's second one lapsed on the 4th, the task's first on the 5th */
    assert_int_equal(k.office.issues.slips.rows.count, 6);
    assert_int_equal(issues_slip(&k.office.issues, 4)->kind, KIND(ISSUE));
    assert_int_equal(issues_slip(&k.office.issues, 5)->kind, KIND(ISSUE));
    assert_int_equal(issues_slip(&k.office.issues, 5)->level, 3);
    assert_int_equal(issues_slip(&k.office.issues, 6)->kind, KIND(TASK));
    assert_int_equal(issues_slip(&k.office.issues, 6)->level, 2);
    desk_end(&k);
}

/* --- refusals --- */

static void assert_refused(const struct desk *k, bool accepted, uint32_t code, const char *field, uint64_t seq) {
    assert_false(accepted);
    assert_int_equal(k->office.decision.code, code);
    if (field == NULL) {
        assert_null(k->office.decision.field);
    } else {
        assert_string_equal(k->office.decision.field, field);
    }
    assert_int_equal(k->office.seq, seq);
}

struct order {
    Issues__V1__RecordKind kind;
    const char *number, *reason;
    uint32_t level;
    uint64_t expected;
};

static bool order(struct desk *k, const struct order *order, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__IssueSlip issue = ISSUES__V1__ISSUE_SLIP__INIT;
    issue.kind = order->kind;
    issue.number = office_text(order->number);
    issue.level = order->level;
    issue.reason = office_text(order->reason);
    body.body_case = ISSUES__V1__COMMAND__BODY_ISSUE_SLIP;
    body.issue_slip = &issue;
    return office_send_expecting(&k->office, "bureau", ROLE_SUPERVISOR, at, order->expected, &body);
}

static bool reply_as(struct desk *k, const char *organisation, enum role role, uint32_t slip, const char *text,
                     const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReplySlip reply = ISSUES__V1__REPLY_SLIP__INIT;
    reply.slip = slip;
    reply.reply = office_text(text);
    body.body_case = ISSUES__V1__COMMAND__BODY_REPLY_SLIP;
    body.reply_slip = &reply;
    return office_send(&k->office, organisation, role, at, &body);
}

static char long_text[ISSUES_REASON_BYTES_MAX + 2];

static void check_orders(struct desk *k, Issues__V1__RecordKind kind, uint64_t seq) {
    const char *at = "2020-06-02T10:00";
    const struct {
        struct order order;
        uint32_t code;
        const char *field;
    } cases[] = {
        {{0, "R1", "x", 1, 0}, COMMON_REFUSAL(MISSING), "kind"},
        {{kind, "", "x", 1, 0}, COMMON_REFUSAL(MISSING), "number"},
        {{kind, long_text, "x", 1, 0}, REFUSAL(FIELD_TOO_LONG), "number"},
        {{kind, "R2", "x", 1, 0}, REFUSAL(RECORD_UNKNOWN), "number"},
        {{kind, "R1", "x", 0, 0}, COMMON_REFUSAL(UNKNOWN_VALUE), "level"},
        {{kind, "R1", "x", 5, 0}, COMMON_REFUSAL(UNKNOWN_VALUE), "level"},
        {{kind, "R1", "", 1, 0}, COMMON_REFUSAL(MISSING), "reason"},
        {{kind, "R1", long_text, 1, 0}, REFUSAL(FIELD_TOO_LONG), "reason"},
        {{kind, "R1", "x", 1, 1}, COMMON_REFUSAL(STALE_VERSION), "expected_version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_refused(k, order(k, &cases[i].order, at), cases[i].code, cases[i].field, seq);
    }
    assert_refused(k, order(k, &(struct order){kind, "R1", "x", 1, 0}, "2020-06-01T08:59"), REFUSAL(BEFORE_LAST_STEP),
                   "occurred_at_ms", seq);
}

static void check_replies(struct desk *k, uint64_t seq) {
    const char *at = "2020-06-02T11:00";
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 1, "", at), COMMON_REFUSAL(MISSING), "reply", seq);
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 1, long_text, at), REFUSAL(FIELD_TOO_LONG), "reply", seq);
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 0, "x", at), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 2, "x", at), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    assert_refused(k, reply_as(k, "plan", ROLE_CLERK, 1, "x", at), REFUSAL(WRONG_ACTOR), "slip", seq);
    assert_refused(k, reply_as(k, "plan", ROLE_SUPERVISOR, 1, "x", at), REFUSAL(WRONG_ACTOR), "slip", seq);
    assert_refused(k, reply_as(k, "fire", ROLE_HEAD, 1, "x", at), REFUSAL(WRONG_ACTOR), "slip", seq);
    assert_refused(k, reply_as(k, "water", ROLE_HANDLER, 1, "x", at), REFUSAL(WRONG_ACTOR), "slip", seq);
    assert_refused(k, reply_as(k, "hall", ROLE_CLERK, 1, "x", at), REFUSAL(WRONG_ACTOR), "slip", seq);
    assert_refused(k, reply_as(k, "bureau", ROLE_HANDLER, 1, "x", at), REFUSAL(AGENCY_UNKNOWN), NULL, seq);
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 1, "x", "2020-06-02T09:59"), REFUSAL(BEFORE_LAST_STEP),
                   "occurred_at_ms", seq);
    assert_refused(k, office_slip_judge(&k->office, 1, true, at), REFUSAL(SLIP_NOT_OPEN), "slip", seq);
    /* due on the 4th, and no tick has come since */
    assert_refused(k, reply_as(k, "plan", ROLE_HANDLER, 1, "x", "2020-06-05T00:00"), REFUSAL(SLIP_NOT_OPEN),
                   "occurred_at_ms", seq);
}

static void test_refused(void **state) {
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t i = 0; i < KINDS; i++) {
        const Issues__V1__RecordKind kind = kinds[i].kind;
        struct desk k;
        desk_begin(&k, "2020-02-01");
        kinds[i].begin(&k, "2020-06-01T09:00");
        check_orders(&k, kind, k.office.seq);
        const uint64_t version = record_last_seq(&k.office.issues, (struct record){kind, 1});
        assert_true(order(&k, &(struct order){kind, "R1", "x", 2, version}, "2020-06-02T10:00"));
        assert_int_equal(record_last_seq(&k.office.issues, (struct record){kind, 1}), k.office.seq);
        check_replies(&k, k.office.seq);
        uint64_t seq = k.office.seq;
        assert_refused(&k, office_slip_issue(&k.office, kind, "R1", 2, "2020-06-02T11:00"), REFUSAL(WRONG_ORDER),
                       "level", seq);
        assert_refused(&k, office_slip_issue(&k.office, kind, "R1", 1, "2020-06-02T11:00"), REFUSAL(WRONG_ORDER),
                       "level", seq);
        assert_true(reply_as(&k, "plan", ROLE_PUBLISHER, 1, "x", "2020-06-04T23:59"));
        seq = k.office.seq;
        assert_refused(&k, reply_as(&k, "plan", ROLE_HEAD, 1, "x", "2020-06-04T23:59"), REFUSAL(SLIP_NOT_OPEN), "slip",
                       seq);
        kinds[i].end(&k, "2020-06-05T10:00");
        seq = k.office.seq;
        assert_refused(&k, office_slip_judge(&k.office, 1, true, "2020-06-05T11:00"), REFUSAL(SLIP_NOT_OPEN), "slip",
                       seq);
        assert_refused(&k, office_slip_issue(&k.office, kind, "R1", 3, "2020-06-05T11:00"), REFUSAL(WRONG_ORDER),
                       "number", seq);
        desk_end(&k);
    }
}

/* Where no unit has it yet there is nobody to ask. */
static void test_without_a_unit(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct desk k;
        desk_begin(&k, "2020-02-01");
        kinds[i].begin_without_unit(&k, "2020-06-01T09:00");
        assert_refused(&k, office_slip_issue(&k.office, kinds[i].kind, "R1", 1, "2020-06-02T10:00"),
                       REFUSAL(WRONG_ORDER), "number", k.office.seq);
        desk_end(&k);
    }
}

/* Nobody gets slips without end. */
static void test_bound(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct desk k;
        uint32_t slips = 0;
        desk_begin(&k, "2020-02-01");
        kinds[i].begin(&k, "2020-06-01T09:00");
        k.office.watch = NULL;
        for (; slips < 200 && office_slip_issue(&k.office, kinds[i].kind, "R1", 1, "2020-06-02T10:00"); slips++) {
            assert_true(office_slip_reply(&k.office, "plan", slips + 1, "2020-06-02T10:00"));
            assert_true(office_slip_judge(&k.office, slips + 1, true, "2020-06-02T10:00"));
        }
        assert_int_equal(slips, SLIPS_OF_SUBJECT_MAX);
        assert_int_equal(k.office.decision.code, COMMON_REFUSAL(EXHAUSTED));
        desk_end(&k);
    }
}

/* --- one history --- */

/* From the last event of a record back to its first: its steps and its slips', no other record's. */
static void test_one_history(void **state) {
    (void)state;
    struct desk k;
    uint64_t counted = 0;
    desk_begin(&k, "2020-02-01");
    const uint64_t before = k.office.seq;
    for (size_t i = 0; i < KINDS; i++) {
        kinds[i].begin(&k, "2020-06-01T09:00");
        assert_true(office_slip_issue(&k.office, kinds[i].kind, "R1", 1, "2020-06-01T10:00"));
    }
    office_tick(&k.office, "2020-07-20T00:00");
    for (size_t i = 0; i < KINDS; i++) {
        kinds[i].end(&k, "2020-07-20T10:00");
    }
    for (size_t i = 0; i < KINDS; i++) {
        for (uint64_t seq = record_last_seq(&k.office.issues, (struct record){kinds[i].kind, 1}); seq != 0;
             seq = k.office.log[seq - 1].prev) {
            assert_true(seq > before && k.office.log[seq - 1].prev < seq);
            counted++;
        }
    }
    assert_int_equal(counted, k.office.seq - before);
    desk_end(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),    cmocka_unit_test(test_rules),
        cmocka_unit_test(test_red_task),   cmocka_unit_test(test_procuratorate),
        cmocka_unit_test(test_other_lead), cmocka_unit_test(test_kinds_beside_each_other),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_without_a_unit),
        cmocka_unit_test(test_bound),      cmocka_unit_test(test_one_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
