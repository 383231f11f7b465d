#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issues/clue_steps.h"
#include "support/issues_said.h"

/* River clues: who may take which step when, their clocks, and what time makes of them. */

#define CLUE(word) ISSUES__V1__CLUE_STEP__CLUE_STEP_##word
#define IN(word) ISSUES__V1__CLUE_STATE__CLUE_STATE_##word

/* "water" finds, "plan" is in charge, "proc" the procuratorate; "fire" has nothing to do with it. */
struct river {
    struct office office;
    struct said said;
};

static void river_end(struct river *r) {
    assert_true(office_folds(&r->office));
    office_release(&r->office);
}

static void river_begin(struct river *r, const char *known_on) {
    *r = (struct river){.said = {.words = ""}};
    office_init(&r->office, 100);
    r->said.of = &r->office.issues;
    r->office.watch = said_watch;
    r->office.user = &r->said;
    office_begin(&r->office, known_on);
    office_tick(&r->office, "2019-01-01T00:00"); /* what the notices change is planned */
}

/* --- saying something --- */

struct word {
    Issues__V1__ClueStep step; /* 0: time comes to `at` */
    const char *at;
    const char *by;   /* NULL: whoever mostly says it */
    const char *text; /* reason, letter and agency as the step needs them; NULL: good ones */
    const char *until;
    bool is_urgent;
};

struct person {
    const char *name; /* "fH": of the finder, as a handler */
    const char *organisation;
    enum role role;
    Common__V1__Actor actor;
};
static const struct person persons[] = {
    {"fA", "water", ROLE_PUBLISHER, ACTOR(APPLICANT)},   {"fC", "water", ROLE_PUBLISHER, ACTOR(CLERK)},
    {"fH", "water", ROLE_HANDLER, ACTOR(HANDLER)},       {"fD", "water", ROLE_HEAD, ACTOR(HEAD)},
    {"uA", "plan", ROLE_PUBLISHER, ACTOR(APPLICANT)},    {"uC", "plan", ROLE_CLERK, ACTOR(CLERK)},
    {"uH", "plan", ROLE_PUBLISHER, ACTOR(HANDLER)},      {"uD", "plan", ROLE_PUBLISHER, ACTOR(HEAD)},
    {"pA", "proc", ROLE_PUBLISHER, ACTOR(APPLICANT)},    {"pC", "proc", ROLE_CLERK, ACTOR(CLERK)},
    {"pH", "proc", ROLE_HANDLER, ACTOR(HANDLER)},        {"pD", "proc", ROLE_HEAD, ACTOR(HEAD)},
    {"oA", "fire", ROLE_PUBLISHER, ACTOR(APPLICANT)},    {"oC", "fire", ROLE_CLERK, ACTOR(CLERK)},
    {"oH", "fire", ROLE_HANDLER, ACTOR(HANDLER)},        {"oD", "fire", ROLE_HEAD, ACTOR(HEAD)},
    {"hA", "hall", ROLE_CLERK, ACTOR(APPLICANT)},        {"hC", "hall", ROLE_CLERK, ACTOR(CLERK)},
    {"S", "bureau", ROLE_SUPERVISOR, ACTOR(SUPERVISOR)}, {"L", "government", ROLE_LEADER, ACTOR(LEADER)},
};
#define PERSONS (sizeof persons / sizeof persons[0])

static const struct person *person_of(const char *name) {
    for (size_t i = 0; i < PERSONS; i++) {
        if (strcmp(persons[i].name, name) == 0) {
            return &persons[i];
        }
    }
    fail_msg("nobody is called %s", name);
    return NULL;
}

static const char *mostly_by(Issues__V1__ClueStep step) {
    switch ((int)step) {
    case CLUE(FOUND):
        return "fH";
    case CLUE(RECTIFIED):
    case CLUE(REPLIED):
        return "uH";
    case CLUE(NOTICE):
    case CLUE(TRANSFERRED):
    case CLUE(SIGNED_OFF):
        return "S";
    default:
        return "pH";
    }
}

/* One command, with room for what it points to. */
struct saying {
    Issues__V1__Command command;
    Issues__V1__ReportClue report;
    Issues__V1__ClueFinding finding;
};

static void saying_fill(struct saying *s, const char *number, const struct word *word, Common__V1__Actor actor) {
    issues__v1__command__init(&s->command);
    issues__v1__report_clue__init(&s->report);
    issues__v1__clue_finding__init(&s->finding);
    s->finding.river = office_text("HN-QL-02");
    s->finding.region = 411024;
    s->finding.kind = ISSUES__V1__CLUE_KIND__CLUE_KIND_DUMP;
    s->finding.grade = ISSUES__V1__CLUE_GRADE__CLUE_GRADE_MAJOR;
    s->finding.place = office_text("under the bridge");
    s->report.clue_number = office_text(number);
    s->report.step = word->step;
    s->report.actor = actor;
    s->report.reason = office_text(word->text != NULL ? word->text : "because");
    s->report.letter = office_text(word->text != NULL ? word->text : "letter 7");
    s->report.agency = office_text(word->text != NULL ? word->text : word->step == CLUE(TRANSFERRED) ? "proc" : "plan");
    s->report.until_day = (uint32_t)office_day(word->until != NULL ? word->until : "2020-06-08");
    s->report.finding = &s->finding;
    s->report.urgent = word->is_urgent;
    s->command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_CLUE;
    s->command.report_clue = &s->report;
}

/* False: refused. */
static bool try_of(struct river *r, const char *number, const struct word *word) {
    struct saying s;
    if (word->step == 0) {
        office_tick(&r->office, word->at);
        return true;
    }
    const struct person *person = person_of(word->by != NULL ? word->by : mostly_by(word->step));
    saying_fill(&s, number, word, person->actor);
    return office_send(&r->office, person->organisation, person->role, word->at, &s.command);
}

static bool try(struct river *r, const struct word *word) {
    return try_of(r, "K1", word);
}

static void say(struct river *r, const struct word *words) {
    for (; words->at != NULL; words++) {
        if (!try(r, words)) {
            fail_msg("%d at %s refused with %u, %s", words->step, words->at, r->office.decision.code,
                     r->office.decision.field == NULL ? "-" : r->office.decision.field);
        }
    }
}

static void assert_refused(struct river *r, const struct word *word, uint32_t code, const char *field) {
    const uint64_t seq = r->office.seq;
    assert_false(try(r, word));
    assert_int_equal(r->office.decision.code, code);
    if (field == NULL) {
        assert_null(r->office.decision.field);
    } else {
        assert_string_equal(r->office.decision.field, field);
    }
    assert_int_equal(r->office.seq, seq);
}

static const struct clue *clue_of(const struct river *r) {
    return issues_clue(&r->office.issues, issues_find_clue(&r->office.issues, "K1"));
}

static void assert_due(const struct river *r, const char *day) {
    char text[CIVIL_DATE_TEXT_BYTES] = "none";
    if (clue_of(r)->due != 0) {
        civil_date_format(clue_of(r)->due, text);
    }
    assert_string_equal(text, day);
    assert_int_equal(agenda_minute(&r->office.issues.clue_agenda, 1), clue_wake(&r->office.issues, clue_of(r)));
}

/* --- every (state, step, actor) against a table of its own --- */

/* In which states who may do what; the state after it. */
static const struct sentence {
    Issues__V1__ClueStep step;
    const char *who;
    const char *from;
    Issues__V1__ClueState after; /* 0: as before */
} sentences[] = {
    {CLUE(FOUND), "fC fH uC uH pC pH oC oH hC S", "none", IN(FOUND)},
    {CLUE(NOTICE), "S fH fD", "FOUND", IN(NOTICE)},
    {CLUE(RECTIFIED), "S uH uD", "NOTICE REPLIED SUED SUGGESTED CONSULTED", IN(RECTIFIED)},
    {CLUE(TRANSFERRED), "S", "NOTICE", IN(TRANSFERRED)},
    {CLUE(RECEIVED), "pH pD", "TRANSFERRED", IN(RECEIVED)},
    {CLUE(REVIEWING), "pH pD", "RECEIVED", IN(REVIEWING)},
    {CLUE(FILED), "pH pD", "RECEIVED REVIEWING", IN(FILED)},
    {CLUE(NOT_FILED), "pH pD", "RECEIVED REVIEWING", IN(NOT_FILED)},
    {CLUE(APPRAISAL_STARTED), "pH pD", "FILED", 0},
    {CLUE(APPRAISAL_ENDED), "pH pD", "APPRAISED", 0},
    {CLUE(CONSULTED), "pH pD", "FILED APPRAISED CONSULTED", IN(CONSULTED)},
    {CLUE(SUGGESTED), "pH pD", "FILED APPRAISED CONSULTED", IN(SUGGESTED)},
    {CLUE(REPLIED), "uH uD", "SUGGESTED CONSULTED", IN(REPLIED)},
    {CLUE(SUED), "pH pD", "FILED APPRAISED CONSULTED SUGGESTED REPLIED", IN(SUED)},
    {CLUE(CLOSED), "S pH pD", "RECTIFIED NOT_FILED SUED REPLIED", IN(CLOSED)},
    {CLUE(SIGNED_OFF), "S", "RECTIFIED CLOSED", IN(SIGNED_OFF)},
    {CLUE(COMMENTED), "fC fH fD uC uH uD pC pH pD hC S L",
     "FOUND NOTICE RECTIFIED TRANSFERRED RECEIVED REVIEWING FILED APPRAISED NOT_FILED CONSULTED SUGGESTED REPLIED SUED"
     " CLOSED SIGNED_OFF",
     0},
};

/* How a clue comes into a state: the steps of which it is the last. */
static const struct path {
    const char *name;
    Issues__V1__ClueState state;
    Issues__V1__ClueStep steps[10];
} paths[] = {
    {"none", 0, {0}},
    {"FOUND", IN(FOUND), {1}},
    {"NOTICE", IN(NOTICE), {1, 2}},
    {"RECTIFIED", IN(RECTIFIED), {1, 2, 4, 5, 6, 7, 12, 13, 3}},
    {"TRANSFERRED", IN(TRANSFERRED), {1, 2, 4}},
    {"RECEIVED", IN(RECEIVED), {1, 2, 4, 5}},
    {"REVIEWING", IN(REVIEWING), {1, 2, 4, 5, 6}},
    {"FILED", IN(FILED), {1, 2, 4, 5, 6, 7}},
    {"APPRAISED", IN(FILED), {1, 2, 4, 5, 7, 9}},
    {"NOT_FILED", IN(NOT_FILED), {1, 2, 4, 5, 8}},
    {"CONSULTED", IN(CONSULTED), {1, 2, 4, 5, 7, 11}},
    {"SUGGESTED", IN(SUGGESTED), {1, 2, 4, 5, 7, 12}},
    {"REPLIED", IN(REPLIED), {1, 2, 4, 5, 7, 12, 13}},
    {"SUED", IN(SUED), {1, 2, 4, 5, 7, 14}},
    {"CLOSED", IN(CLOSED), {1, 2, 4, 5, 8, 15}},
    {"SIGNED_OFF", IN(SIGNED_OFF), {1, 2, 4, 5, 8, 15, 16}},
};

static bool has_word(const char *list, const char *word) {
    const size_t size = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0')) {
            return true;
        }
    }
    return false;
}

static const struct sentence *sentence_of(Issues__V1__ClueStep step) {
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].step == step) {
            return &sentences[i];
        }
    }
    return NULL; /* the registry's own, or none at all */
}

/* What is asked is decided, nothing of it is folded. 0: accepted. */
static uint32_t asked(struct river *r, const struct person *person, Issues__V1__ClueStep step, const char *number) {
    struct saying s;
    const struct word word = {.step = step, .at = "2020-06-20T10:00", .until = "2020-06-20"};
    saying_fill(&s, number, &word, person->actor);
    const struct command command = {.organisation = person->organisation,
                                    .role = person->role,
                                    .principal = "test",
                                    .occurred_at_ms = office_ms(word.at),
                                    .received_at_ms = OFFICE_RECEIVED_MS,
                                    .body = &s.command.base};
    arena_reset(&r->office.arena);
    r->office.decision = (struct decision){.event_count = 0};
    issues_decide(&r->office.issues, &command, &r->office.arena, &r->office.decision);
    return r->office.decision.refused ? r->office.decision.code : 0;
}

static void check_after(const struct river *r, const struct path *path, const struct sentence *sentence) {
    const struct event *event = &r->office.decision.events[0];
    assert_int_equal(r->office.decision.event_count, 1);
    if (event->type == EVENT_CLUE_FOUND) {
        return;
    }
    struct event_clue_step body;
    memcpy(&body, event->private_body, sizeof body);
    assert_int_equal(event->type, EVENT_CLUE_STEP);
    assert_int_equal(body.step, sentence->step);
    assert_int_equal(body.after, sentence->after == 0 ? path->state : sentence->after);
    assert_true((event->public_body == NULL) == (body.step == CLUE(COMMENTED)));
}

/* None before a clue is known: whoever asks hears that it is not. */
static uint32_t wanted(const struct path *path, const struct sentence *sentence, Issues__V1__ClueStep step,
                       const struct person *person) {
    const bool is_known = path->state != 0;
    if (!is_known && step != CLUE(FOUND)) {
        return REFUSAL(RECORD_UNKNOWN);
    }
    if (sentence == NULL || !has_word(sentence->who, person->name)) {
        /* nobody is finder, unit or procuratorate before the clue has one */
        return REFUSAL(WRONG_ACTOR);
    }
    if (step == CLUE(FOUND)) {
        return is_known ? REFUSAL(RECORD_EXISTS) : 0;
    }
    const bool has_unit = path->state != IN(FOUND);
    const bool has_procuratorate = has_unit && path->state != IN(NOTICE);
    if ((person->name[0] == 'u' && !has_unit) || (person->name[0] == 'p' && !has_procuratorate)) {
        return REFUSAL(WRONG_ACTOR);
    }
    return has_word(sentence->from, path->name) ? 0 : REFUSAL(WRONG_ORDER);
}

static unsigned check_person(struct river *r, const struct path *path, const struct person *person) {
    unsigned accepted = 0;
    for (int step = 1; step <= 120; step++) {
        if (step > 18 && step < 109) {
            continue;
        }
        const struct sentence *sentence = sentence_of((Issues__V1__ClueStep)step);
        const uint32_t code = asked(r, person, (Issues__V1__ClueStep)step, "K1");
        const uint32_t want = wanted(path, sentence, (Issues__V1__ClueStep)step, person);
        if (code != want) {
            fail_msg("%s, step %d by %s: %u, not %u", path->name, step, person->name, code, want);
        }
        if (code == 0) {
            check_after(r, path, sentence);
            accepted++;
        }
    }
    return accepted;
}

static void test_every_state_step_actor(void **state) {
    (void)state;
    unsigned accepted = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct river r;
        river_begin(&r, "2020-12-31");
        for (size_t j = 0; j < 10 && paths[i].steps[j] != 0; j++) {
            say(&r, (struct word[]){{.step = paths[i].steps[j],
                                     .at = paths[i].steps[j] <= CLUE(NOTICE) ? "2020-06-01T10:00" : "2020-06-10T10:00"},
                                    {0}});
        }
        assert_int_equal(clue_of(&r)->state, paths[i].state);
        for (size_t j = 0; j < PERSONS; j++) {
            accepted += check_person(&r, &paths[i], &persons[j]);
        }
        river_end(&r);
    }
    assert_int_equal(accepted, 10 + 3 + 15 + 1 + 2 + 2 + 4 + 4 + 2 + 2 + 6 + 6 + 4 + 10 + 12 + 2 + 6 + 9 + 13 * 12);
}

/* The rows of the table say nothing twice, and each is used. */
static void test_rows(void **state) {
    (void)state;
    size_t count;
    const struct clue_step *rows = clue_step_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || rows[i - 1].step <= rows[i].step); /* clue_step_find stops behind its step */
        for (size_t j = 0; j < i; j++) {
            assert_false(rows[i].step == rows[j].step && rows[i].from == rows[j].from &&
                         (rows[i].actors & rows[j].actors) != 0 && (rows[i].who & rows[j].who) != 0);
        }
    }
}

/* --- stories of time --- */

struct story {
    const char *what;
    struct word words[16];
    const char *said;
    const char *due; /* after it */
};

#define TIME(day)                                                                                                      \
    { .at = day }
#define FOUND_IN_2020                                                                                                  \
    { .step = CLUE(FOUND), .at = "2020-06-01T10:00" }
#define NOTICE_TO_8_JUNE                                                                                               \
    { .step = CLUE(NOTICE), .at = "2020-06-01T11:00" }
#define TRANSFER_AT(day)                                                                                               \
    { .step = CLUE(TRANSFERRED), .at = day }

static const struct story stories[] = {
    {"the notice's day passes: said once, and the unit gets a slip",
     {FOUND_IN_2020, NOTICE_TO_8_JUNE, TIME("2020-06-08T23:59"), TIME("2020-06-09T00:00"), TIME("2020-06-09T12:00")},
     "notice_passed@2020-06-09 L1_issued@2020-06-09",
     "2020-06-08"},
    {"rectified on the last day: nothing is said",
     {FOUND_IN_2020, NOTICE_TO_8_JUNE, {.step = CLUE(RECTIFIED), .at = "2020-06-08T23:59"}, TIME("2020-07-01T00:00")},
     "",
     "none"},
    {"rectified after it: its slip ends",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TIME("2020-06-09T00:00"),
      {.step = CLUE(RECTIFIED), .at = "2020-06-09T10:00"},
      TIME("2020-07-01T00:00")},
     "notice_passed@2020-06-09 L1_issued@2020-06-09 L1_closed@2020-06-09T10:00",
     "none"},
    {"a standstill: each thing bears the instant at which it became true",
     {FOUND_IN_2020, NOTICE_TO_8_JUNE, TIME("2020-06-30T12:00")},
     "notice_passed@2020-06-09 L1_issued@2020-06-09 L1_lapsed@2020-06-13 L2_issued@2020-06-13 L2_lapsed@2020-06-17"
     " L3_issued@2020-06-17 L3_lapsed@2020-06-19 L4_issued@2020-06-19",
     "2020-06-08"},
    {"no receipt within three workdays: alarm at the procuratorate; the unit's slip ended with the transfer",
     {FOUND_IN_2020, NOTICE_TO_8_JUNE, TIME("2020-06-10T00:00"), TRANSFER_AT("2020-06-11T10:00"),
      TIME("2020-06-16T23:59"), TIME("2020-06-17T00:00")},
     "notice_passed@2020-06-09 L1_issued@2020-06-09 L1_closed@2020-06-11T10:00 receipt_late@2020-06-17"
     " L1_issued@2020-06-17",
     "2020-06-16"},
    {"a receipt in time",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-16T23:59"},
      TIME("2020-12-31T00:00")},
     "",
     "none"},
    {"the holidays of the Dragon Boat festival do not count, the Sunday worked for them does",
     {FOUND_IN_2020, NOTICE_TO_8_JUNE, TRANSFER_AT("2020-06-24T10:00"), TIME("2020-07-01T00:00")},
     "receipt_late@2020-07-01 L1_issued@2020-07-01",
     "2020-06-30"},
    {"three months to decide",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      TIME("2020-09-15T23:00"),
      TIME("2020-09-16T00:00")},
     "decision_late@2020-09-16 L1_issued@2020-09-16",
     "2020-09-15"},
    {"an appraisal does not count, however long it takes",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      {.step = CLUE(APPRAISAL_STARTED), .at = "2020-06-20T10:00"},
      TIME("2020-12-01T00:00")},
     "",
     "none"},
    {"and the decision is due later by its days",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      {.step = CLUE(APPRAISAL_STARTED), .at = "2020-06-20T10:00"},
      {.step = CLUE(APPRAISAL_ENDED), .at = "2020-06-27T10:00"},
      TIME("2020-09-22T23:00"),
      TIME("2020-09-23T00:00")},
     "decision_late@2020-09-23 L1_issued@2020-09-23",
     "2020-09-22"},
    {"a suggestion ends the procuratorate's slip; the reply is asked of the unit",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      TIME("2020-09-16T00:00"),
      {.step = CLUE(SUGGESTED), .at = "2020-09-17T10:00"},
      TIME("2020-11-18T00:00")},
     "decision_late@2020-09-16 L1_issued@2020-09-16 L1_closed@2020-09-17T10:00 reply_late@2020-11-18"
     " L1_issued@2020-11-18",
     "2020-11-17"},
    {"an urgent one wants it within fifteen days",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      {.step = CLUE(SUGGESTED), .at = "2020-07-01T10:00", .is_urgent = true},
      TIME("2020-07-16T23:59"),
      TIME("2020-07-17T00:00")},
     "reply_late@2020-07-17 L1_issued@2020-07-17",
     "2020-07-16"},
    {"a consultation and what is not filed have no clock",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      TRANSFER_AT("2020-06-11T10:00"),
      {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
      {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
      {.step = CLUE(CONSULTED), .at = "2020-07-01T10:00"},
      TIME("2020-12-31T00:00")},
     "",
     "none"},
    {"a comment moves nothing",
     {FOUND_IN_2020,
      NOTICE_TO_8_JUNE,
      {.step = CLUE(COMMENTED), .at = "2020-06-08T10:00", .by = "fH"},
      TIME("2020-06-09T00:00"),
      {.step = CLUE(COMMENTED), .at = "2020-06-09T10:00", .by = "uC"},
      TIME("2020-06-10T00:00")},
     "notice_passed@2020-06-09 L1_issued@2020-06-09",
     "2020-06-08"},
};

static void test_stories(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        struct river r;
        river_begin(&r, "2020-12-31");
        say(&r, stories[i].words);
        if (strcmp(r.said.words, stories[i].said) != 0) {
            fail_msg("%s:\n  said \"%s\"\n  not  \"%s\"", stories[i].what, r.said.words, stories[i].said);
        }
        assert_due(&r, stories[i].due);
        river_end(&r);
    }
}

/* --- calendar periods --- */

struct period {
    const char *filed;     /* NULL: it is about the suggestion */
    const char *suggested; /* on that day */
    bool is_urgent;
    const char *due;
};

static void test_periods(void **state) {
    (void)state;
    static const struct period periods[] = {
        {"2019-11-29", NULL, false, "2020-03-02"}, /* 29 February, a Saturday */
        {"2019-11-30", NULL, false, "2020-03-02"}, /* no 30 February */
        {"2019-10-31", NULL, false, "2020-02-03"}, /* 31 January 2020 and the weekend behind it were made holidays */
        {"2020-07-01", NULL, false, "2020-10-09"}, /* 1 to 8 October are off */
        {"2020-11-30", NULL, false, "2021-03-01"}, /* 28 February, a Sunday */
        {"2019-11-01", "2019-12-31", false, "2020-03-02"}, /* two months: 29 February */
        {"2019-11-01", "2020-01-31", false, "2020-03-31"}, {"2019-11-01", "2020-08-31", false, "2020-11-02"},
        {"2019-11-01", "2020-01-10", true, "2020-02-03"}, /* 25 January is off */
        {"2019-11-01", "2020-03-02", true, "2020-03-17"},
    };
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        struct river r;
        char filed[24], suggested[24];
        snprintf(filed, sizeof filed, "%sT23:59", periods[i].filed);
        river_begin(&r, "2020-12-31");
        say(&r, (struct word[]){{.step = CLUE(FOUND), .at = "2019-10-01T10:00"},
                                {.step = CLUE(NOTICE), .at = "2019-10-01T10:00", .until = "2019-10-10"},
                                {.step = CLUE(TRANSFERRED), .at = "2019-10-11T10:00"},
                                {.step = CLUE(RECEIVED), .at = "2019-10-11T10:00"},
                                {.step = CLUE(FILED), .at = filed},
                                {0}});
        if (periods[i].suggested != NULL) {
            snprintf(suggested, sizeof suggested, "%sT00:00", periods[i].suggested);
            say(&r,
                (struct word[]){{.step = CLUE(SUGGESTED), .at = suggested, .is_urgent = periods[i].is_urgent}, {0}});
        }
        assert_due(&r, periods[i].due);
        river_end(&r);
    }
}

/* From a clue that was filed on 2 March 2020: due on 2 June. */
static const struct word filed_in_march[] = {{.step = CLUE(FOUND), .at = "2020-02-10T10:00"},
                                             {.step = CLUE(NOTICE), .at = "2020-02-10T10:00", .until = "2020-02-20"},
                                             {.step = CLUE(TRANSFERRED), .at = "2020-02-21T10:00"},
                                             {.step = CLUE(RECEIVED), .at = "2020-02-24T10:00"},
                                             {.step = CLUE(FILED), .at = "2020-03-02T10:00"},
                                             {0}};

static void test_appraisals(void **state) {
    (void)state;
    static const struct {
        struct word words[8];
        const char *due;
        int32_t days;
    } cases[] = {
        {{{0}}, "2020-06-02", 0},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"}}, "none", 0},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"},
          {.step = CLUE(APPRAISAL_ENDED), .at = "2020-03-10T20:00"}},
         "2020-06-02",
         0},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"},
          {.step = CLUE(APPRAISAL_ENDED), .at = "2020-03-11T09:00"}},
         "2020-06-03",
         1},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"},
          {.step = CLUE(APPRAISAL_ENDED), .at = "2020-03-14T10:00"}},
         "2020-06-08", /* 6 June is a Saturday */
         4},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"},
          {.step = CLUE(APPRAISAL_ENDED), .at = "2020-03-14T10:00"},
          {.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-20T10:00"},
          {.step = CLUE(COMMENTED), .at = "2020-03-21T10:00"},
          {.step = CLUE(APPRAISAL_ENDED), .at = "2020-04-03T10:00"}},
         "2020-06-22", /* 20 June is a Saturday */
         18},
        {{{.step = CLUE(APPRAISAL_STARTED), .at = "2020-03-10T10:00"},
          {.step = CLUE(SUGGESTED), .at = "2020-03-20T10:00"}},
         "2020-05-20",
         10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct river r;
        river_begin(&r, "2020-12-31");
        say(&r, filed_in_march);
        say(&r, cases[i].words);
        assert_int_equal(clue_of(&r)->appraisal_days, cases[i].days);
        assert_int_equal(clue_of(&r)->appraisal_from != 0, (clue_of(&r)->flags & CLUE_APPRAISAL) != 0);
        assert_due(&r, cases[i].due);
        river_end(&r);
    }
}

static void test_horizon(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-06-01");
    say(&r, (struct word[]){
                {.step = CLUE(FOUND), .at = "2020-10-09T10:00"},
                {.step = CLUE(NOTICE), .at = "2020-10-09T10:00", .until = "2021-03-01"}, /* a day that somebody says */
                {0}});
    assert_due(&r, "2021-03-01");
    river_end(&r);
    river_begin(&r, "2020-06-01");
    say(&r, (struct word[]){{.step = CLUE(FOUND), .at = "2020-10-09T10:00"},
                            {.step = CLUE(NOTICE), .at = "2020-10-09T10:00", .until = "2020-10-09"},
                            {0}});
    assert_refused(&r, &(struct word){.step = CLUE(TRANSFERRED), .at = "2020-12-29T10:00"}, REFUSAL(CALENDAR_HORIZON),
                   "occurred_at_ms");
    say(&r, (struct word[]){{.step = CLUE(TRANSFERRED), .at = "2020-12-28T10:00"},
                            {.step = CLUE(RECEIVED), .at = "2020-12-28T10:00"},
                            {0}});
    assert_refused(&r, &(struct word){.step = CLUE(FILED), .at = "2020-12-29T10:00"}, REFUSAL(CALENDAR_HORIZON),
                   "occurred_at_ms");
    assert_true(office_load_notice(&r.office, "2021-A"));
    say(&r, (struct word[]){{.step = CLUE(FILED), .at = "2020-12-29T10:00"}, {0}});
    assert_due(&r, "2021-03-29");
    river_end(&r);
}

/* --- guards --- */

static void test_transfer_after_an_unheeded_notice_alone(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020, {0}});
    assert_refused(&r, &(struct word){.step = CLUE(TRANSFERRED), .at = "2020-06-01T12:00"}, REFUSAL(WRONG_ORDER),
                   "step");
    say(&r, (struct word[]){NOTICE_TO_8_JUNE, {0}});
    assert_refused(&r, &(struct word){.step = CLUE(TRANSFERRED), .at = "2020-06-01T12:00"},
                   REFUSAL(TRANSFER_NOT_ALLOWED), "occurred_at_ms");
    assert_refused(&r, &(struct word){.step = CLUE(TRANSFERRED), .at = "2020-06-08T23:59"},
                   REFUSAL(TRANSFER_NOT_ALLOWED), "occurred_at_ms");
    say(&r, (struct word[]){{.step = CLUE(TRANSFERRED), .at = "2020-06-09T00:00"},
                            {0}}); /* whether or not a tick came before */
    assert_int_equal(clue_of(&r)->state, IN(TRANSFERRED));
    assert_string_equal(r.said.words, "");
    river_end(&r);
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020, NOTICE_TO_8_JUNE, {.step = CLUE(RECTIFIED), .at = "2020-06-08T10:00"}, {0}});
    assert_refused(&r, &(struct word){.step = CLUE(TRANSFERRED), .at = "2020-06-10T00:00"}, REFUSAL(WRONG_ORDER),
                   "step");
    river_end(&r);
}

/* What time said first does not stand in the way of what happened before it and is reported late. */
static void test_reported_late(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020,
                            NOTICE_TO_8_JUNE,
                            TIME("2020-06-09T00:00"),
                            {.step = CLUE(RECTIFIED), .at = "2020-06-08T17:00"},
                            {0}});
    assert_int_equal(clue_of(&r)->state, IN(RECTIFIED));
    river_end(&r);
}

static void test_reply_in_time(void **state) {
    (void)state;
    static const struct {
        const char *at;
        const char *feed; /* of the reply */
    } cases[] = {{"2020-11-17T23:59", "13:10>11+@2020-11-17"}, {"2020-11-18T00:00", "13:10>11@2020-11-18"}};
    for (size_t i = 0; i < 2; i++) {
        struct river r;
        river_begin(&r, "2020-12-31");
        say(&r, (struct word[]){FOUND_IN_2020,
                                NOTICE_TO_8_JUNE,
                                {.step = CLUE(TRANSFERRED), .at = "2020-06-11T10:00"},
                                {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
                                {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
                                {.step = CLUE(SUGGESTED), .at = "2020-09-17T10:00"},
                                {.step = CLUE(REPLIED), .at = cases[i].at},
                                {0}});
        assert_true(has_word(r.said.feed, cases[i].feed));
        assert_int_equal((clue_of(&r)->flags & CLUE_REPLIED_ON_TIME) != 0, i == 0);
        assert_due(&r, "none");
        river_end(&r);
    }
}

static void test_sign_off(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020, NOTICE_TO_8_JUNE, {.step = CLUE(RECTIFIED), .at = "2020-06-08T10:00"}, {0}});
    struct saying s;
    saying_fill(&s, "K1", &(struct word){.step = CLUE(SIGNED_OFF), .at = "2020-06-09T10:00"}, ACTOR(SUPERVISOR));
    assert_false(office_send(&r.office, "plan", ROLE_SUPERVISOR, "2020-06-09T10:00", &s.command)); /* its own work */
    assert_int_equal(r.office.decision.code, REFUSAL(SAME_PERSON));
    assert_true(office_send(&r.office, "water", ROLE_SUPERVISOR, "2020-06-09T10:00", &s.command));
    assert_int_equal(clue_of(&r)->state, IN(SIGNED_OFF));
    assert_refused(&r, &(struct word){.step = CLUE(SIGNED_OFF), .at = "2020-06-10T10:00"}, REFUSAL(WRONG_ORDER),
                   "step");
    river_end(&r);
}

/* --- refusals of form --- */

enum wrong {
    NO_NUMBER,
    LONG_NUMBER,
    NO_STEP,
    NO_ACTOR,
    LONG_REASON,
    LONG_LETTER,
    ODD_EVIDENCE,
    NO_FINDING,
    NO_RIVER,
    LONG_RIVER,
    NO_REGION,
    OLD_REGION,
    NO_KIND,
    NO_GRADE,
    LONG_PLACE,
    NO_DAY,
    EARLY_DAY,
    LATE_DAY,
    NO_AGENCY,
    NEW_AGENCY,
    UNKNOWN_CLUE,
    WRONG_KEY,
    UNKNOWN_AGENCY,
    EARLY,
    NO_REASON,
    NO_LETTER,
};

static const struct {
    enum wrong wrong;
    Issues__V1__ClueStep step;
    uint32_t code;
    const char *field;
} wrongs[] = {
    {NO_NUMBER, CLUE(FOUND), COMMON_REFUSAL(MISSING), "clue_number"},
    {LONG_NUMBER, CLUE(FOUND), REFUSAL(FIELD_TOO_LONG), "clue_number"},
    {NO_STEP, 0, COMMON_REFUSAL(MISSING), "step"},
    {NO_ACTOR, CLUE(FOUND), COMMON_REFUSAL(MISSING), "actor"},
    {LONG_REASON, CLUE(COMMENTED), REFUSAL(FIELD_TOO_LONG), "reason"},
    {LONG_LETTER, CLUE(TRANSFERRED), REFUSAL(FIELD_TOO_LONG), "letter"},
    {ODD_EVIDENCE, CLUE(FOUND), REFUSAL(EVIDENCE_MISSING), "evidence"},
    {NO_FINDING, CLUE(FOUND), COMMON_REFUSAL(MISSING), "finding"},
    {NO_RIVER, CLUE(FOUND), COMMON_REFUSAL(MISSING), "finding.river"},
    {LONG_RIVER, CLUE(FOUND), REFUSAL(FIELD_TOO_LONG), "finding.river"},
    {NO_REGION, CLUE(FOUND), COMMON_REFUSAL(MISSING), "finding.region"},
    {OLD_REGION, CLUE(FOUND), REFUSAL(REGION_UNKNOWN), "finding.region"},
    {NO_KIND, CLUE(FOUND), COMMON_REFUSAL(MISSING), "finding.kind"},
    {NO_GRADE, CLUE(FOUND), COMMON_REFUSAL(MISSING), "finding.grade"},
    {LONG_PLACE, CLUE(FOUND), REFUSAL(FIELD_TOO_LONG), "finding.place"},
    {NO_DAY, CLUE(NOTICE), COMMON_REFUSAL(MISSING), "until_day"},
    {EARLY_DAY, CLUE(NOTICE), COMMON_REFUSAL(BAD_TIME), "until_day"},
    {LATE_DAY, CLUE(NOTICE), COMMON_REFUSAL(BAD_TIME), "until_day"},
    {NO_AGENCY, CLUE(NOTICE), COMMON_REFUSAL(MISSING), "agency"},
    {NEW_AGENCY, CLUE(NOTICE), REFUSAL(AGENCY_UNKNOWN), "agency"},
    {UNKNOWN_CLUE, CLUE(NOTICE), REFUSAL(RECORD_UNKNOWN), "clue_number"},
    {WRONG_KEY, CLUE(NOTICE), REFUSAL(WRONG_ACTOR), "actor"},
    {UNKNOWN_AGENCY, CLUE(COMMENTED), REFUSAL(AGENCY_UNKNOWN), NULL},
    {EARLY, CLUE(NOTICE), REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms"},
    {NO_REASON, CLUE(COMMENTED), COMMON_REFUSAL(MISSING), "reason"},
    {NO_LETTER, CLUE(TRANSFERRED), COMMON_REFUSAL(MISSING), "letter"},
};

static char long_text[600];

/* Changes one thing. */
static void spoil_report(enum wrong wrong, struct saying *s) {
    Issues__V1__ReportClue *report = &s->report;
    switch (wrong) {
    case NO_NUMBER:
        report->clue_number = office_text("");
        return;
    case LONG_NUMBER:
        report->clue_number = long_text + sizeof long_text - 52;
        return;
    case NO_ACTOR:
        report->actor = ACTOR(UNSPECIFIED);
        return;
    case LONG_REASON:
        report->reason = long_text + sizeof long_text - 502;
        return;
    case NO_REASON:
        report->reason = office_text("");
        return;
    case LONG_LETTER:
        report->letter = long_text + sizeof long_text - 102;
        return;
    case NO_LETTER:
        report->letter = office_text("");
        return;
    case ODD_EVIDENCE:
        report->evidence = (ProtobufCBinaryData){31, (uint8_t *)long_text};
        return;
    case NO_FINDING:
        report->finding = NULL;
        return;
    case NO_DAY:
        report->until_day = 0;
        return;
    case EARLY_DAY:
        report->until_day = (uint32_t)office_day("2020-06-11");
        return;
    case LATE_DAY:
        report->until_day = UINT32_MAX / 86400;
        return;
    case NO_AGENCY:
        report->agency = office_text("");
        return;
    case NEW_AGENCY:
        report->agency = office_text("bank");
        return;
    case UNKNOWN_CLUE:
        report->clue_number = office_text("K7");
        return;
    default: /* of the finding, or of who asks */
        return;
    }
}

static void spoil_finding(enum wrong wrong, Issues__V1__ClueFinding *finding) {
    switch (wrong) {
    case NO_RIVER:
        finding->river = office_text("");
        return;
    case LONG_RIVER:
        finding->river = long_text + sizeof long_text - 34;
        return;
    case NO_REGION:
        finding->region = 0;
        return;
    case OLD_REGION:
        finding->region = 411023;
        return;
    case NO_KIND:
        finding->kind = 0;
        return;
    case NO_GRADE:
        finding->grade = 0;
        return;
    case LONG_PLACE:
        finding->place = long_text + sizeof long_text - 202;
        return;
    default: /* of the report */
        return;
    }
}

static void test_form(void **state) {
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        const enum wrong wrong = wrongs[i].wrong;
        struct river r;
        struct saying s;
        river_begin(&r, "2020-12-31");
        say(&r, (struct word[]){FOUND_IN_2020, {0}});
        if (wrongs[i].step == CLUE(TRANSFERRED)) {
            say(&r, (struct word[]){NOTICE_TO_8_JUNE, {0}});
        }
        const bool finds = wrongs[i].step == CLUE(FOUND);
        const char *at = wrong == EARLY ? "2020-06-01T09:59" : "2020-06-12T10:00";
        saying_fill(&s, finds ? "K2" : "K1", &(struct word){.step = wrongs[i].step, .at = at, .until = "2020-06-12"},
                    ACTOR(SUPERVISOR));
        spoil_report(wrong, &s);
        spoil_finding(wrong, &s.finding);
        s.report.actor = wrong == UNKNOWN_AGENCY ? ACTOR(HANDLER) : s.report.actor;
        const enum role role = wrong == WRONG_KEY        ? ROLE_HANDLER
                               : wrong == UNKNOWN_AGENCY ? ROLE_HANDLER
                                                         : ROLE_SUPERVISOR;
        const uint64_t seq = r.office.seq;
        const bool is_accepted = office_send(&r.office, wrong == WRONG_KEY ? "water" : "bureau", role, at, &s.command);
        if (is_accepted || r.office.decision.code != wrongs[i].code) {
            fail_msg("%zu: %s, %u, not %u", i, is_accepted ? "taken" : "refused", r.office.decision.code,
                     wrongs[i].code);
        }
        if (wrongs[i].field == NULL) {
            assert_null(r.office.decision.field);
        } else {
            assert_string_equal(r.office.decision.field, wrongs[i].field);
        }
        assert_int_equal(r.office.seq, seq);
        /* and without what is wrong it is taken */
        saying_fill(&s, finds ? "K2" : "K1",
                    &(struct word){.step = wrongs[i].step == 0 ? CLUE(COMMENTED) : wrongs[i].step,
                                   .at = at,
                                   .until = "2020-06-12"},
                    ACTOR(SUPERVISOR));
        assert_int_equal(office_send(&r.office, "bureau", ROLE_SUPERVISOR, at, &s.command), wrong != EARLY);
        river_end(&r);
    }
}

/* The longest that the contract allows, and what is optional left out. */
static void test_limits(void **state) {
    (void)state;
    struct river r;
    struct saying s;
    uint8_t hash[32];
    memset(long_text, 'x', sizeof long_text - 1);
    memset(hash, 0xa5, sizeof hash);
    river_begin(&r, "2020-12-31");
    saying_fill(&s, long_text + sizeof long_text - 51, &(struct word){.step = CLUE(FOUND), .at = "2020-06-01T10:00"},
                ACTOR(HANDLER));
    s.report.reason = long_text + sizeof long_text - 501;
    s.report.letter = long_text + sizeof long_text - 101;
    s.report.evidence = (ProtobufCBinaryData){sizeof hash, hash};
    s.finding.river = long_text + sizeof long_text - 33;
    s.finding.place = long_text + sizeof long_text - 201;
    assert_true(office_send(&r.office, "fire", ROLE_HANDLER, "2020-06-01T10:00", &s.command));
    const struct clue *row = issues_clue(&r.office.issues, 1);
    assert_int_equal(strlen(row->number), 50);
    assert_int_equal(strlen(row->river), 32);
    assert_int_equal(row->finder, issues_find_agency(&r.office.issues, "fire"));
    saying_fill(&s, "K1", &(struct word){.step = CLUE(FOUND), .at = "2020-06-01T10:00", .text = ""}, ACTOR(SUPERVISOR));
    s.finding.place = office_text("");
    assert_true(office_send(&r.office, "bureau", ROLE_SUPERVISOR, "2020-06-01T10:00", &s.command));
    assert_int_equal(clue_of(&r)->finder, 0); /* of no agency */
    assert_refused(&r, &(struct word){.step = CLUE(NOTICE), .at = "2020-06-01T10:00", .by = "fH"}, REFUSAL(WRONG_ACTOR),
                   "actor");
    river_end(&r);
}

/* --- the feed --- */

static void test_feed(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020,
                            NOTICE_TO_8_JUNE,
                            {.step = CLUE(COMMENTED), .at = "2020-06-02T10:00", .by = "uH"},
                            TIME("2020-06-10T00:00"),
                            {.step = CLUE(TRANSFERRED), .at = "2020-06-11T10:00"},
                            {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
                            {.step = CLUE(FILED), .at = "2020-06-15T10:00"},
                            {.step = CLUE(CONSULTED), .at = "2020-06-16T10:00"},
                            {.step = CLUE(REPLIED), .at = "2020-12-30T10:00"},
                            {.step = CLUE(RECTIFIED), .at = "2020-12-30T11:00"},
                            {.step = CLUE(SIGNED_OFF), .at = "2020-12-30T12:00"},
                            {0}});
    assert_string_equal(r.said.feed,
                        "1:0>1@2020-06-01 2:1>2@2020-06-01 110:2>2@2020-06-09 slip3:plan:411000:L1:1@2020-06-09"
                        " 4:2>4@2020-06-11 slip3:plan:411000:L1:6@2020-06-11 5:4>5@2020-06-12 7:5>7@2020-06-15"
                        " 11:7>9@2020-06-16 13:9>11+@2020-12-30 3:11>3@2020-12-30 16:3>14@2020-12-30");
    river_end(&r);
}

struct facts {
    uint32_t region, kind, grade, found_day, transferred_day;
};

static void watch_facts(void *user, const struct event *event) {
    const Issues__V1__Event *public = (const Issues__V1__Event *)event->public_body;
    if (public != NULL && public->body_case == ISSUES__V1__EVENT__BODY_CLUE_MOVED) {
        const Issues__V1__ClueFacts *f = public->clue_moved->facts;
        *(struct facts *)user =
            (struct facts){f->region, (uint32_t)f->kind, (uint32_t)f->grade, f->found_day, f->transferred_day};
    }
}

/* Where a clue counts: the day on which it was found, and from the transfer on, itself included, that day too. */
static void test_facts(void **state) {
    (void)state;
    struct river r;
    struct facts facts = {0};
    const uint32_t found = (uint32_t)office_day("2020-06-01"), transferred = (uint32_t)office_day("2020-06-11");
    river_begin(&r, "2020-12-31");
    r.office.watch = watch_facts;
    r.office.user = &facts;
    say(&r, (struct word[]){FOUND_IN_2020, {0}});
    assert_memory_equal(&facts, &((struct facts){411024, 3, 3, found, 0}), sizeof facts);
    say(&r, (struct word[]){NOTICE_TO_8_JUNE, {0}});
    assert_memory_equal(&facts, &((struct facts){411024, 3, 3, found, 0}), sizeof facts);
    say(&r, (struct word[]){{.step = CLUE(TRANSFERRED), .at = "2020-06-11T10:00"}, {0}});
    assert_memory_equal(&facts, &((struct facts){411024, 3, 3, found, transferred}), sizeof facts);
    say(&r, (struct word[]){{.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
                            {.step = CLUE(NOT_FILED), .at = "2020-06-15T10:00"},
                            {0}});
    assert_memory_equal(&facts, &((struct facts){411024, 3, 3, found, transferred}), sizeof facts);
    river_end(&r);
}

/* --- a notice --- */

static void test_notice(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-01-22");
    say(&r, (struct word[]){{.step = CLUE(FOUND), .at = "2020-01-02T10:00"},
                            {.step = CLUE(NOTICE), .at = "2020-01-02T10:00", .until = "2020-01-10"},
                            {.step = CLUE(TRANSFERRED), .at = "2020-01-22T10:00"},
                            {0}});
    assert_due(&r, "2020-02-01"); /* a Saturday to be worked */
    assert_true(office_load_notice(&r.office, "2020-B"));
    say(&r, (struct word[]){TIME("2020-01-27T12:00"), {0}});
    assert_string_equal(r.said.words, "due_changed@2020-01-27T12:00");
    assert_due(&r, "2020-02-04");
    say(&r, (struct word[]){TIME("2020-02-04T23:59"), TIME("2020-02-05T00:00"), {0}});
    assert_string_equal(r.said.words, "due_changed@2020-01-27T12:00 receipt_late@2020-02-05 L1_issued@2020-02-05");
    river_end(&r);
}

/* A withdrawn year takes the day away until the next notice; what was said is not said again. */
static void test_withdrawn(void **state) {
    (void)state;
    struct river r;
    river_begin(&r, "2020-12-31");
    say(&r, (struct word[]){FOUND_IN_2020,
                            NOTICE_TO_8_JUNE,
                            {.step = CLUE(TRANSFERRED), .at = "2020-06-11T10:00"},
                            {.step = CLUE(RECEIVED), .at = "2020-06-12T10:00"},
                            {.step = CLUE(FILED), .at = "2020-10-15T10:00"},
                            {0}});
    assert_due(&r, "2021-01-15");
    assert_true(office_withdraw_notice(&r.office, "2021-A", "2020-11-30T10:00"));
    say(&r, (struct word[]){TIME("2020-12-01T00:00"),
                            {.step = CLUE(COMMENTED), .at = "2020-12-01T10:00"},
                            TIME("2021-06-01T00:00"),
                            {0}});
    assert_due(&r, "none");
    assert_string_equal(r.said.words, "due_changed@2020-12-01");
    river_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_step_actor),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_appraisals),
        cmocka_unit_test(test_horizon),
        cmocka_unit_test(test_transfer_after_an_unheeded_notice_alone),
        cmocka_unit_test(test_reported_late),
        cmocka_unit_test(test_reply_in_time),
        cmocka_unit_test(test_sign_off),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_feed),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_notice),
        cmocka_unit_test(test_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
