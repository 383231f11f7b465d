#ifndef TESTS_ISSUES_WAYS_H
#define TESTS_ISSUES_WAYS_H

#include "issues/issue_steps.h"
#include "support/issues_fixture.h"

/* Ways of an enterprise issue into each of its states, and an office that writes down what the registry says of issues
 * by itself. Header only, after cmocka.h. */

/* By IssueState: R registered, S screened, P dispatched, D disputed, H handling, A answered, C confirmed, V resolved, F
 * signed off, L long-term, T transferred, X cancelled, U duplicate, I invalid. */
static const char issue_letters[] = "?RSPDHACVFLTXUI";

/* Registered by "water", dispatched to "plan" with a part of "fire", which is done where the way goes beyond H. at: a
 * day; all happens in its morning, minute by minute up to 10:00. class 0: B. */
static inline void issue_lead_to(struct office *office, const char *number, char letter, const char *day, int class) {
    static const struct {
        char letter;
        const char *steps; /* 0 registered, then the letters of the states on the way; f: the part is done */
    } ways[] = {{'R', "R"},      {'S', "RS"},      {'P', "RSP"},      {'D', "RSPD"},      {'H', "RSPH"},
                {'A', "RSPHfA"}, {'C', "RSPHfAC"}, {'V', "RSPHfACV"}, {'F', "RSPHfACVF"}, {'L', "RSPHL"},
                {'T', "RSPHT"},  {'X', "RSPHX"},   {'U', "RU"},       {'I', "RI"}};
    static const struct {
        char letter;
        int step;
    } steps[] = {{'R', ISSUE_STEP(REGISTERED)}, {'S', ISSUE_STEP(SCREENED)},  {'P', ISSUE_STEP(DISPATCHED)},
                 {'D', ISSUE_STEP(DISPUTED)},   {'H', ISSUE_STEP(STARTED)},   {'f', ISSUE_STEP(PART_DONE)},
                 {'A', ISSUE_STEP(ANSWERED)},   {'C', ISSUE_STEP(CONFIRMED)}, {'V', ISSUE_STEP(RESOLVED)},
                 {'F', ISSUE_STEP(SIGNED_OFF)}, {'L', ISSUE_STEP(LONG_TERM)}, {'T', ISSUE_STEP(TRANSFERRED)},
                 {'X', ISSUE_STEP(CANCELLED)},  {'U', ISSUE_STEP(DUPLICATE)}, {'I', ISSUE_STEP(INVALID)}};
    size_t way = 0, minute = 0;
    while (ways[way].letter != letter) {
        way++;
    }
    for (const char *next = ways[way].steps; *next != '\0'; next++, minute++) {
        char at[32];
        size_t i = 0;
        while (steps[i].letter != *next) {
            i++;
        }
        snprintf(at, sizeof at, "%sT09:%02u", day, (unsigned)minute);
        struct issue_act act = {
            .step = steps[i].step, .number = number, .at = at, .class = class, .duplicate_of = "BASE"};
        if (*next == 'R') {
            act.org = "water";
            act.actor = ACTOR(HANDLER);
        } else if (*next == 'P') {
            act.parts[0] = "fire";
        }
        if (!office_issue(office, &act)) {
            fail_msg("%s on its way to %c: step %d refused with %u", number, letter, act.step, office->decision.code);
        }
    }
    assert_int_equal(issue_letters[office_row(office, number)->state], letter);
}

/* --- an office that writes down --- */

struct diary {
    struct office office;
    char said[4096];              /* of the registry: "warned@2020-06-09 overdue@2020-06-10 L1>plan@2020-06-10 ..." */
    int64_t open_overdue;         /* as the feed has it */
    Issues__V1__IssueMoved moved; /* the last one of the feed; its texts are gone after the next command */
    char unit[40], agency[40];
    Issues__V1__IssueClosing closing; /* the last one */
    const char *secrets[8];           /* never in the feed */
};

static inline void diary_word(struct diary *diary, const char *word, uint32_t at) {
    const size_t used = strlen(diary->said);
    char time[30];
    civil_time_format((int64_t)at * 1000, time); /* "2020-06-06T00:00:00.000+08:00" */
    time[strncmp(time + 11, "00:00:00", 8) == 0 ? 10 : 19] = '\0';
    snprintf(diary->said + used, sizeof diary->said - used, "%s%s@%s", used == 0 ? "" : " ", word, time);
}

static inline void diary_step(struct diary *diary, const struct event *event) {
    static const char *const words[] = {"dispatch_late", "dispute_late", "part_late",  "warned",
                                        "overdue",       "silent",       "review_due", "due_changed"};
    struct event_issue_step body;
    memcpy(&body, event->private_body, sizeof body);
    if (body.actor == ACTOR(SYSTEM)) {
        diary_word(diary, words[body.step - ISSUE_STEP(DISPATCH_LATE)], body.at);
    }
}

static inline void diary_slip(struct diary *diary, const struct event *event) {
    const struct issues *issues = &diary->office.issues;
    char word[80];
    if (event->type == EVENT_SLIP_ISSUED) {
        struct slip_issued_body body;
        memcpy(&body, event->private_body, sizeof body);
        snprintf(word, sizeof word, "L%u>%s", body.level, issues_agency(issues, body.agency)->code);
        diary_word(diary, word, body.at);
    } else {
        struct slip_moved_body body;
        memcpy(&body, event->private_body, sizeof body);
        snprintf(word, sizeof word, "L%u:%u", issues_slip(issues, body.slip)->level, body.state);
        diary_word(diary, word, body.at);
    }
}

static inline void diary_public(struct diary *diary, const Issues__V1__Event *event) {
    static uint8_t packed[4096];
    const size_t size = protobuf_c_message_pack(&event->base, packed);
    assert_true(size < sizeof packed);
    for (size_t i = 0; i < 8 && diary->secrets[i] != NULL; i++) {
        assert_null(memmem(packed, size, diary->secrets[i], strlen(diary->secrets[i])));
    }
    if (event->body_case == ISSUES__V1__EVENT__BODY_ISSUE_MOVED) {
        diary->moved = *event->issue_moved;
        diary->open_overdue += diary->moved.open_overdue;
        snprintf(diary->unit, sizeof diary->unit, "%s", diary->moved.unit);
        snprintf(diary->agency, sizeof diary->agency, "%s", diary->moved.facts->agency);
        if (diary->moved.closing != NULL) {
            diary->closing = *diary->moved.closing;
        }
    }
}

static inline void diary_watch(void *user, const struct event *event) {
    struct diary *diary = user;
    if (event->type == EVENT_ISSUE_STEP) {
        diary_step(diary, event);
    } else if (event->type == EVENT_SLIP_ISSUED || event->type == EVENT_SLIP_MOVED) {
        diary_slip(diary, event);
    }
    if (event->public_body != NULL) {
        diary_public(diary, (const Issues__V1__Event *)event->public_body);
    }
}

static inline void diary_begin(struct diary *diary, const char *known_on) {
    *diary = (struct diary){.open_overdue = 0};
    office_init(&diary->office, 2000);
    diary->office.watch = diary_watch;
    diary->office.user = diary;
    office_begin(&diary->office, known_on);
}

/* --- what holds at any time --- */

/* Counters, agendas and days are those of the rows and the calendar as it is now; the log folds to the same bytes. */
static inline void issues_assert_sound(const struct office *office) {
    const struct issues *self = &office->issues;
    for (uint32_t i = 1; i <= self->issues.count; i++) {
        const struct issue *row = issues_issue(self, i);
        assert_int_equal(agenda_minute(&self->issue_agenda, i), issue_wake(self, row));
        assert_int_equal(row->due, issue_has_clock(row->state) ? issue_due(self, row) : 0);
        if (row->state != ISSUE_STATE(DISPUTED) && row->state != ISSUE_STATE(LONG_TERM)) {
            const bool waits = issue_waits_dispatch(row->state) || row->state == ISSUE_STATE(ANSWERED);
            assert_int_equal(row->until_day, waits ? issue_until_day(self, row) : 0);
        }
        assert_true((row->flags & ISSUE_OVERDUE) == 0 || issue_has_clock(row->state));
    }
    for (uint32_t a = 1; a <= self->abouts.count; a++) {
        struct about counted = {.issues = 0};
        for (uint32_t i = 1; i <= self->issues.count; i++) {
            const struct issue *row = issues_issue(self, i);
            if (row->about_item == a || row->about_task == a) {
                counted.issues++;
                counted.open += issue_is_open(row->state);
                counted.overdue += (row->flags & ISSUE_OVERDUE) != 0;
            }
        }
        const struct about *about = issues_about(self, a);
        assert_int_equal(about->issues, counted.issues);
        assert_int_equal(about->open, counted.open);
        assert_int_equal(about->overdue, counted.overdue);
    }
    assert_true(office_folds(office));
}

static inline void diary_end(struct diary *diary) {
    int64_t overdue = 0;
    issues_assert_sound(&diary->office);
    for (uint32_t i = 1; i <= diary->office.issues.issues.count; i++) {
        overdue += (issues_issue(&diary->office.issues, i)->flags & ISSUE_OVERDUE) != 0;
    }
    assert_int_equal(diary->open_overdue, overdue);
    office_release(&diary->office);
}

#endif
