#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "approvals/codes.h"
#include "support/approvals_cases.h"
#include "wire/code_text.h"

/* The rules of cases, a row a case: what was, what is commanded, what comes of it, as text. The calendar is the real
 * one of 2019 to 2021. */

#define PERSON "411099199003070013"
#define COMPANY "91411000MA0000007P"
#define LONG50 "01234567890123456789012345678901234567890123456789"
#define LONG100 LONG50 LONG50
#define LONG300 LONG100 LONG100 LONG100
#define LONG500 LONG300 LONG100 LONG100

/* --- what was decided, as text --- */

struct text {
    char bytes[1024];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && text->size + (size_t)length < sizeof text->bytes);
    text->size += (size_t)length;
}

static const char *code_word(uint32_t code) {
    return code_text_find(approvals_codes, code)->name;
}

static void put_day(struct text *text, const char *word, int32_t day) {
    char date[CIVIL_DATE_TEXT_BYTES];
    if (day != 0) {
        civil_date_format(day, date);
        put(text, " %s %s", word, date);
    }
}

static void put_moved(struct text *text, const Approvals__V1__CaseMoved *moved) {
    put(text, "%c>%c", state_letters[moved->before], state_letters[moved->after]);
    if (moved->open_overdue != 0) {
        put(text, " overdue %+d", moved->open_overdue);
    }
    if (moved->special != 0) {
        put(text, " special %d", (int)moved->special);
    }
    if (moved->closing != NULL) {
        put(text, " %s %s charged %u", moved->closing->on_time ? "on time" : "late",
            moved->closing->lawful ? "lawful" : "unlawful", moved->closing->charged_days);
        if (moved->closing->has_statutory) {
            put(text, " of %u", moved->closing->statutory_hundredths);
        }
    }
    if (moved->step == STEP(DELIVERED)) {
        put(text, " minutes %u%s", moved->minutes, moved->late ? " too late" : "");
    }
}

/* The days of the case after the step, and the texts that are kept. */
static void put_case(struct text *text, const struct town *town, const struct approval_case *row) {
    const struct town_event *kept = &town->log[row->last_seq - 1];
    size_t at = sizeof(struct event_case_step), size;
    enum text_kind kind;
    const char *bytes;
    put_day(text, "promised", row->promised_due);
    put_day(text, "statutory", row->statutory_due);
    put_day(text, "until", row->until_day);
    if (kept->type == EVENT_CASE_STEP) {
        while (texts_next(kept->body, kept->size, &at, &kind, &bytes, &size)) {
            put(text, " %d:%.*s", (int)kind, size > 20 ? 20 : (int)size, bytes);
        }
        assert_int_equal(at, kept->size);
    }
}

static void put_decision(struct text *text, const struct town *town) {
    if (town->decision.refused) {
        put(text, "refused %s %s", code_word(town->decision.code),
            town->decision.field == NULL ? "-" : town->decision.field);
        return;
    }
    assert_true(town->decision.event_count > 0);
    const struct event *event = &town->decision.events[0];
    const Approvals__V1__Event *said = (const Approvals__V1__Event *)event->public_body;
    if (said == NULL) {
        put(text, "silent");
    } else {
        assert_int_equal(said->body_case, APPROVALS__V1__EVENT__BODY_CASE_MOVED);
        put_moved(text, said->case_moved);
    }
}

struct rule_case {
    const char *what;
    struct act given[8];
    struct act when;
    const char *want;
};

#define RECEIVE(day, ...)                                                                                              \
    { .step = STEP(RECEIVED), .at = day "T10:00", __VA_ARGS__ }
#define TAKE(word, day, ...)                                                                                           \
    { .step = STEP(word), .at = day "T10:00", __VA_ARGS__ }
#define PROPOSE(word, day, ...)                                                                                        \
    { .step = STEP(word), .actor = ACTOR(HANDLER), .at = day "T10:00", __VA_ARGS__ }
#define UP_TO_REVIEW(code, day) RECEIVE(day, .item = code), TAKE(ACCEPTED, day), TAKE(DEPARTMENT_STARTED, day)
#define SUSPEND(kind, day, end, ...) TAKE(SPECIAL_STARTED, day, .special = SPECIAL(kind), .until = end, __VA_ARGS__)
#define EXTEND(day, n, ...) TAKE(SPECIAL_STARTED, day, .special = SPECIAL(EXTENSION), .days = n, __VA_ARGS__)

static const struct rule_case cases[] = {
    /* receipt */
    {"received", {{0}}, RECEIVE("2020-03-02"), "?>R"},
    {"by an applicant", {{0}}, RECEIVE("2020-03-02", .actor = ACTOR(APPLICANT)), "?>R"},
    {"by a service hall for any agency", {{0}}, RECEIVE("2020-03-02", .org = "hall", .item = "WATER"), "?>R"},
    {"by another agency", {{0}}, RECEIVE("2020-03-02", .org = "fire"), "refused WRONG_ACTOR actor"},
    {"by nobody known", {{0}}, RECEIVE("2020-03-02", .org = "nobody"), "refused AGENCY_UNKNOWN -"},
    {"by a handler", {{0}}, RECEIVE("2020-03-02", .actor = ACTOR(HANDLER)), "refused WRONG_ACTOR actor"},
    {"without an actor", {{0}}, RECEIVE("2020-03-02", .actor = -1), "refused MISSING actor"},
    {"without a step", {{0}}, {.at = "2020-03-02T10:00"}, "refused MISSING step"},
    {"without a number", {{0}}, RECEIVE("2020-03-02", .number = NOTHING), "refused MISSING case_number"},
    {"number of 50", {{0}}, RECEIVE("2020-03-02", .number = LONG50), "?>R"},
    {"number of 51", {{0}}, RECEIVE("2020-03-02", .number = LONG50 "0"), "refused FIELD_TOO_LONG case_number"},
    {"received twice", {RECEIVE("2020-03-02")}, RECEIVE("2020-03-02"), "refused CASE_EXISTS case_number"},
    {"not the version seen", {{0}}, RECEIVE("2020-03-02", .expected = 7), "refused STALE_VERSION expected_version"},
    {"no item", {{0}}, RECEIVE("2020-03-02", .item = NOTHING), "refused MISSING submission.item_code"},
    {"no such item", {{0}}, RECEIVE("2020-03-02", .item = "I9"), "refused ITEM_UNKNOWN submission.item_code"},
    {"the day before an item is in force",
     {{0}},
     RECEIVE("2020-03-01", .item = "LATER"),
     "refused ITEM_NOT_IN_FORCE submission.item_code"},
    {"its first day", {{0}}, RECEIVE("2020-03-02", .item = "LATER"), "?>R"},
    {"another client",
     {{0}},
     RECEIVE("2020-03-02", .client = CLIENT(AGENCY)),
     "refused CATALOGUE_RULE submission.client"},
    {"no client", {{0}}, RECEIVE("2020-03-02", .client = -1), "refused CATALOGUE_RULE submission.client"},
    {"another channel",
     {{0}},
     RECEIVE("2020-03-02", .channel = CHANNEL(OTHER)),
     "refused CATALOGUE_RULE submission.channel"},
    {"a credit code", {{0}}, RECEIVE("2020-03-02", .credit_code = COMPANY), "?>R"},
    {"a wrong one",
     {{0}},
     RECEIVE("2020-03-02", .credit_code = "91411000MA0000007Q"),
     "refused CREDIT_CODE_INVALID submission.credit_code"},
    {"an identity number", {{0}}, RECEIVE("2020-03-02", .client = CLIENT(PERSON), .resident_id = PERSON), "?>R"},
    {"a wrong one of a person",
     {{0}},
     RECEIVE("2020-03-02", .client = CLIENT(PERSON), .resident_id = "411099199003070012"),
     "refused RESIDENT_ID_INVALID submission.resident_id"},
    {"joint", {{0}}, RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire", "water"}), "?>R"},
    {"an item of one agency",
     {{0}},
     RECEIVE("2020-03-02", .agencies = {"fire"}),
     "refused CATALOGUE_RULE submission.agencies"},
    {"joint with itself",
     {{0}},
     RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"plan"}),
     "refused CATALOGUE_RULE submission.agencies"},
    {"joint with one twice",
     {{0}},
     RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire", "fire"}),
     "refused CATALOGUE_RULE submission.agencies"},
    {"joint with nobody known",
     {{0}},
     RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire", "sea"}),
     "refused AGENCY_UNKNOWN submission.agencies"},
    {"joint with eight",
     {{0}},
     RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"1", "2", "3", "4", "5", "6", "7", "8"}),
     "refused TOO_LARGE submission.agencies"},

    /* form of a step */
    {"no such case", {{0}}, TAKE(ACCEPTED, "2020-03-02"), "refused CASE_UNKNOWN case_number"},
    {"a reason of 500",
     {RECEIVE("2020-03-02")},
     TAKE(REFUSED_TO_ACCEPT, "2020-03-02", .reason = LONG500),
     "R>N 1:01234567890123456789"},
    {"a reason of 501",
     {RECEIVE("2020-03-02")},
     TAKE(REFUSED_TO_ACCEPT, "2020-03-02", .reason = LONG500 "0"),
     "refused FIELD_TOO_LONG reason"},
    {"a ground of 300",
     {RECEIVE("2020-03-02")},
     TAKE(NOT_OURS, "2020-03-02", .ground = LONG300),
     "R>N 1:a reason 2:01234567890123456789"},
    {"a ground of 301",
     {RECEIVE("2020-03-02")},
     TAKE(NOT_OURS, "2020-03-02", .ground = LONG300 "0"),
     "refused FIELD_TOO_LONG ground"},
    {"no reason",
     {RECEIVE("2020-03-02")},
     TAKE(REFUSED_TO_ACCEPT, "2020-03-02", .reason = NOTHING),
     "refused MISSING reason"},
    {"not ours, but no word whose",
     {RECEIVE("2020-03-02")},
     TAKE(NOT_OURS, "2020-03-02", .ground = NOTHING),
     "refused MISSING ground"},
    {"result of 301",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-02", .result = LONG300 "0"),
     "refused FIELD_TOO_LONG result"},
    {"another agency's",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-02", .org = "fire"),
     "refused WRONG_ACTOR actor"},
    {"the hall's clerk",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-02", .org = "hall"),
     "R>A promised 2020-03-09 statutory 2020-03-30"},
    {"before the step before",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-01"),
     "refused BEFORE_LAST_STEP occurred_at_ms"},

    {"before one in between",
     {RECEIVE("2020-03-02"), TAKE(ACCEPTED, "2020-03-04")},
     TAKE(DEPARTMENT_STARTED, "2020-03-03"),
     "refused BEFORE_LAST_STEP occurred_at_ms"},

    /* acceptance */
    {"both clocks start",
     {RECEIVE("2020-01-17")},
     TAKE(ACCEPTED, "2020-01-17"),
     "R>A promised 2020-01-23 statutory 2020-02-21"},
    {"over the Spring Festival",
     {RECEIVE("2020-01-22")},
     TAKE(ACCEPTED, "2020-01-22"),
     "R>A promised 2020-02-06 statutory 2020-02-27"},
    {"by hours of the clock",
     {RECEIVE("2020-01-23", .item = "HOURS")},
     TAKE(ACCEPTED, "2020-01-23"),
     "R>A promised 2020-01-23 statutory 2020-01-23"},
    {"of an instant item",
     {RECEIVE("2020-01-22", .item = "FAST")},
     TAKE(ACCEPTED, "2020-01-22"),
     "R>A promised 2020-01-22 statutory 2020-02-27"},
    {"no limits", {RECEIVE("2020-01-22", .item = "OPEN")}, TAKE(ACCEPTED, "2020-01-22"), "R>A"},
    {"beyond the calendar",
     {RECEIVE("2021-12-08")},
     TAKE(ACCEPTED, "2021-12-10"),
     "refused CALENDAR_HORIZON occurred_at_ms"},
    {"with papers missing",
     {RECEIVE("2020-03-02", .item = "LACK")},
     TAKE(ACCEPTED, "2020-03-02", .deficiency = true, .until = "2020-03-20"),
     "R>A promised 2020-03-09 statutory 2020-03-30 until 2020-03-20"},
    {"by no day",
     {RECEIVE("2020-03-02", .item = "LACK")},
     TAKE(ACCEPTED, "2020-03-02", .deficiency = true, .until = NOTHING),
     "refused MISSING until_day"},
    {"by yesterday",
     {RECEIVE("2020-03-02", .item = "LACK")},
     TAKE(ACCEPTED, "2020-03-02", .deficiency = true, .until = "2020-03-01"),
     "refused BAD_TIME until_day"},
    {"by a day that no clock has",
     {RECEIVE("2020-03-02", .item = "LACK")},
     TAKE(ACCEPTED, "2020-03-02", .deficiency = true, .until = "2106-02-07"),
     "refused BAD_TIME until_day"},
    {"where the item does not say so",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-02", .deficiency = true),
     "refused DEFICIENCY_NOT_ALLOWED deficiency"},
    {"on the fifth workday",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-09"),
     "R>A promised 2020-03-16 statutory 2020-04-07"},
    {"later: it counts from the receipt",
     {RECEIVE("2020-03-02")},
     TAKE(ACCEPTED, "2020-03-10"),
     "R>A promised 2020-03-09 statutory 2020-03-30"},
    {"not accepted on the fifth workday",
     {RECEIVE("2020-03-02")},
     TAKE(NOT_OURS, "2020-03-09"),
     "R>N 1:a reason 2:an article"},
    {"later: silence was acceptance",
     {RECEIVE("2020-03-02")},
     TAKE(NOT_OURS, "2020-03-10"),
     "refused WRONG_ORDER step"},

    /* papers before acceptance */
    {"papers are asked for",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17", .papers = {"plan", "title"}),
     "R>S until 2020-03-06 3:plan 3:title"},
    {"none named",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17", .no_papers = true),
     "refused MISSING papers"},
    {"one without a name",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17", .papers = {"plan", ""}),
     "refused MISSING papers"},
    {"one of 101",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17", .papers = {LONG100 "0"}),
     "refused FIELD_TOO_LONG papers"},
    {"seventeen",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17",
          .papers = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"}),
     "refused TOO_LARGE papers"},
    {"sixteen",
     {RECEIVE("2020-01-17")},
     TAKE(SUPPLEMENT_STARTED, "2020-01-17",
          .papers = {LONG100, "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", LONG100}),
     "R>S until 2020-03-06 3:01234567890123456789 3:2 3:3 3:4 3:5 3:6 3:7 3:8 3:9 3:10 3:11 3:12 3:13 3:14 3:15 "
     "3:01234567890123456789"},
    {"on the fifth workday, over the Festival",
     {RECEIVE("2020-01-22")},
     TAKE(SUPPLEMENT_STARTED, "2020-02-06"),
     "R>S until 2020-03-19 3:form"},
    {"on the sixth",
     {RECEIVE("2020-01-22")},
     TAKE(SUPPLEMENT_STARTED, "2020-02-07"),
     "refused SUPPLEMENT_TOO_LATE occurred_at_ms"},
    {"lapses beyond the calendar",
     {RECEIVE("2021-12-01")},
     TAKE(SUPPLEMENT_STARTED, "2021-12-02"),
     "refused CALENDAR_HORIZON occurred_at_ms"},
    {"the papers come",
     {RECEIVE("2020-03-02"), TAKE(SUPPLEMENT_STARTED, "2020-03-03")},
     TAKE(SUPPLEMENT_ENDED, "2020-03-10"),
     "S>R"},
    {"asked for a second time",
     {RECEIVE("2020-03-02"), TAKE(SUPPLEMENT_STARTED, "2020-03-02"), TAKE(SUPPLEMENT_ENDED, "2020-03-02")},
     TAKE(SUPPLEMENT_STARTED, "2020-03-03"),
     "refused SECOND_SUPPLEMENT step"},
    {"accepted as of the day they came",
     {RECEIVE("2020-03-02"), TAKE(SUPPLEMENT_STARTED, "2020-03-02"), TAKE(SUPPLEMENT_ENDED, "2020-03-10")},
     TAKE(ACCEPTED, "2020-03-12"),
     "R>A promised 2020-03-17 statutory 2020-04-08"},

    /* withdrawal */
    {"asked for", {RECEIVE("2020-03-02")}, TAKE(WITHDRAWAL_ASKED, "2020-03-02"), "R>R 1:a reason"},
    {"asked for twice",
     {RECEIVE("2020-03-02"), TAKE(WITHDRAWAL_ASKED, "2020-03-02")},
     TAKE(WITHDRAWAL_ASKED, "2020-03-02"),
     "refused WRONG_ORDER step"},
    {"confirmed without being asked for",
     {RECEIVE("2020-03-02")},
     TAKE(WITHDRAWN_BEFORE_ACCEPTANCE, "2020-03-02"),
     "refused WRONG_ORDER step"},
    {"confirmed",
     {RECEIVE("2020-03-02"), TAKE(WITHDRAWAL_ASKED, "2020-03-02")},
     TAKE(WITHDRAWN_BEFORE_ACCEPTANCE, "2020-03-02"),
     "R>W 1:a reason"},
    {"of a suspended case",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-03", "2020-03-20"),
      TAKE(WITHDRAWAL_ASKED, "2020-03-05")},
     TAKE(WITHDRAWN, "2020-03-06"),
     "P>W promised 2020-03-12 statutory 2020-04-02 1:a reason"},
    {"not confirmed", {UP_TO_REVIEW("I1", "2020-03-02")}, TAKE(WITHDRAWN, "2020-03-06"), "refused WRONG_ORDER step"},

    /* extension */
    {"by ten workdays",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-05", 10),
     "V>V special 1 promised 2020-03-23 statutory 2020-04-14 1:a reason"},
    {"by eleven",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-05", 11),
     "refused EXTENSION_NOT_ALLOWED special.days"},
    {"by none",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-05", 0),
     "refused EXTENSION_NOT_ALLOWED special.days"},
    {"twice",
     {UP_TO_REVIEW("I1", "2020-03-02"), EXTEND("2020-03-05", 2)},
     EXTEND("2020-03-05", 2),
     "refused EXTENSION_NOT_ALLOWED special.kind"},
    {"on the last day of the law",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-30", 10),
     "V>V special 1 promised 2020-03-23 statutory 2020-04-14 1:a reason"},
    {"a day later",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-31", 10),
     "refused EXTENSION_NOT_ALLOWED occurred_at_ms"},
    {"where nothing is due",
     {UP_TO_REVIEW("OPEN", "2020-03-02")},
     EXTEND("2020-03-03", 10),
     "refused EXTENSION_NOT_ALLOWED occurred_at_ms"},
    {"within the hours of the law",
     {UP_TO_REVIEW("HOURS", "2020-03-02")},
     {.step = STEP(SPECIAL_STARTED), .special = SPECIAL(EXTENSION), .days = 1, .at = "2020-03-02T18:00"},
     "V>V special 1 promised 2020-03-03 statutory 2020-03-03 1:a reason"},
    {"a minute later",
     {UP_TO_REVIEW("HOURS", "2020-03-02")},
     {.step = STEP(SPECIAL_STARTED), .special = SPECIAL(EXTENSION), .days = 1, .at = "2020-03-02T18:01"},
     "refused EXTENSION_NOT_ALLOWED occurred_at_ms"},
    {"of a joint case, by the leader",
     {RECEIVE("2020-03-02", .item = "JOINT"), TAKE(ACCEPTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02")},
     EXTEND("2020-03-05", 15, .actor = ACTOR(LEADER)),
     "V>V special 1 promised 2020-04-21 statutory 2020-05-27 1:a reason"},
    {"of a joint case, by sixteen",
     {RECEIVE("2020-03-02", .item = "JOINT"), TAKE(ACCEPTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02")},
     EXTEND("2020-03-05", 16, .actor = ACTOR(LEADER)),
     "refused EXTENSION_NOT_ALLOWED special.days"},
    {"without a reason",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     EXTEND("2020-03-05", 10, .reason = NOTHING),
     "refused MISSING reason"},
    {"beyond the calendar",
     {RECEIVE("2021-12-01"), TAKE(ACCEPTED, "2021-12-02"), TAKE(DEPARTMENT_STARTED, "2021-12-02")},
     EXTEND("2021-12-03", 10),
     "refused CALENDAR_HORIZON special.days"},

    /* suspension */
    {"a hearing stops both",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", "2020-03-13"),
     "V>P special 2 promised 2020-03-18 statutory 2020-04-09 until 2020-03-13 2:an article"},
    {"papers stop the promise alone",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(PAPERS, "2020-03-04", "2020-03-13"),
     "V>P special 10 promised 2020-03-18 statutory 2020-03-30 until 2020-03-13 2:an article"},
    {"unless a special law says so",
     {UP_TO_REVIEW("PAPERS", "2020-03-02")},
     SUSPEND(PAPERS, "2020-03-04", "2020-03-13"),
     "V>P special 10 promised 2020-03-18 statutory 2020-04-09 until 2020-03-13 2:an article"},
    {"without a kind",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     TAKE(SPECIAL_STARTED, "2020-03-04"),
     "refused MISSING special.kind"},
    {"without a ground",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", "2020-03-13", .ground = NOTHING),
     "refused MISSING ground"},
    {"without an end",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", NOTHING),
     "refused MISSING until_day"},
    {"with an end before",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", "2020-03-03"),
     "refused BAD_TIME until_day"},
    {"to the same day",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", "2020-03-04"),
     "V>P special 2 promised 2020-03-09 statutory 2020-03-30 until 2020-03-04 2:an article"},
    {"beyond the calendar",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     SUSPEND(HEARING, "2020-03-04", "2021-12-29"),
     "refused CALENDAR_HORIZON until_day"},
    {"a second one while it lasts",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     SUSPEND(TEST, "2020-03-04", "2020-03-13"),
     "refused WRONG_ORDER step"},
    {"it ends early",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     TAKE(SPECIAL_ENDED, "2020-03-06"),
     "P>V special 2 promised 2020-03-11 statutory 2020-04-01 4:done"},
    {"without a result",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     TAKE(SPECIAL_ENDED, "2020-03-06", .result = NOTHING),
     "refused MISSING result"},
    {"said late: it ended as planned",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     TAKE(SPECIAL_ENDED, "2020-03-20"),
     "P>V special 2 promised 2020-03-18 statutory 2020-04-09 4:done"},
    {"papers promised at acceptance are due again",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02", .deficiency = true, .until = "2020-05-20"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     TAKE(SPECIAL_ENDED, "2020-03-06"),
     "P>V special 2 promised 2020-03-11 statutory 2020-04-01 until 2020-05-20 4:done"},

    /* decision */
    {"proposed",
     {UP_TO_REVIEW("I1", "2020-03-02")},
     PROPOSE(APPROVED, "2020-03-04"),
     "silent promised 2020-03-09 statutory 2020-03-30"},
    {"not proposed", {UP_TO_REVIEW("I1", "2020-03-02")}, TAKE(APPROVED, "2020-03-04"), "refused WRONG_ORDER step"},
    {"decided",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED, "2020-03-05"),
     "V>D on time lawful charged 3 of 2000 promised 2020-03-09 statutory 2020-03-30"},
    {"otherwise than proposed",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(REFUSED, "2020-03-05"),
     "V>D on time lawful charged 3 of 2000 promised 2020-03-09 statutory 2020-03-30 1:a reason 2:an article"},
    {"on the last day",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     {.step = STEP(APPROVED), .at = "2020-03-09T23:59"},
     "V>D on time lawful charged 5 of 2000 promised 2020-03-09 statutory 2020-03-30"},
    {"a minute later",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     {.step = STEP(APPROVED), .at = "2020-03-10T00:00"},
     "V>D late lawful charged 6 of 2000 promised 2020-03-09 statutory 2020-03-30"},
    {"on the day after the law's last",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED, "2020-03-31"),
     "V>D late unlawful charged 21 of 2000 promised 2020-03-09 statutory 2020-03-30"},
    {"over a weekend",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED, "2020-03-08"),
     "V>D on time lawful charged 4 of 2000 promised 2020-03-09 statutory 2020-03-30"},
    {"measured by the law alone",
     {UP_TO_REVIEW("LAW", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED, "2020-03-06"),
     "V>D late unlawful charged 4 of 300 statutory 2020-03-05"},
    {"by the law, which papers do not stop",
     {UP_TO_REVIEW("LAW", "2020-03-02"), SUSPEND(PAPERS, "2020-03-03", "2020-03-05"), TAKE(SPECIAL_ENDED, "2020-03-05"),
      PROPOSE(APPROVED, "2020-03-05")},
     TAKE(APPROVED, "2020-03-05"),
     "V>D on time lawful charged 3 of 300 statutory 2020-03-05"},
    {"measured by nothing",
     {UP_TO_REVIEW("OPEN", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED, "2020-05-06"),
     "V>D on time lawful charged 44"},
    {"after a suspension",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13"), TAKE(SPECIAL_ENDED, "2020-03-11"),
      PROPOSE(APPROVED, "2020-03-13")},
     TAKE(APPROVED, "2020-03-13"),
     "V>D on time lawful charged 4 of 2000 promised 2020-03-16 statutory 2020-04-07"},
    {"after two",
     {UP_TO_REVIEW("I1", "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13"), TAKE(SPECIAL_ENDED, "2020-03-05"),
      SUSPEND(PAPERS, "2020-03-06", "2020-03-13"), TAKE(SPECIAL_ENDED, "2020-03-10"), PROPOSE(APPROVED, "2020-03-13")},
     TAKE(APPROVED, "2020-03-13"),
     "V>D late lawful charged 6 of 2000 promised 2020-03-12 statutory 2020-03-31"},
    {"after an extension",
     {UP_TO_REVIEW("I1", "2020-03-02"), EXTEND("2020-03-05", 10), PROPOSE(APPROVED, "2020-03-06")},
     TAKE(APPROVED, "2020-03-23"),
     "V>D on time lawful charged 15 of 3000 promised 2020-03-23 statutory 2020-04-14"},
    {"beyond the calendar",
     {UP_TO_REVIEW("I1", "2021-11-25"), PROPOSE(APPROVED, "2021-12-30")},
     TAKE(APPROVED, "2022-01-04"),
     "refused CALENDAR_HORIZON occurred_at_ms"},
    {"hours: to the second",
     {UP_TO_REVIEW("HOURS", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02")},
     {.step = STEP(APPROVED), .at = "2020-03-02T14:00"},
     "V>D on time lawful charged 0 of 100 promised 2020-03-02 statutory 2020-03-02"},
    {"hours: a minute later",
     {UP_TO_REVIEW("HOURS", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02")},
     {.step = STEP(APPROVED), .at = "2020-03-02T14:01"},
     "V>D late lawful charged 0 of 100 promised 2020-03-02 statutory 2020-03-02"},
    {"refusal without remedies",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(REFUSED, "2020-03-05", .ground = NOTHING),
     "refused MISSING ground"},
    {"with papers missing",
     {UP_TO_REVIEW("LACK", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED_WITH_DEFICIENCY, "2020-03-05", .until = "2020-04-01"),
     "V>D on time lawful charged 3 of 2000 promised 2020-03-09 statutory 2020-03-30 until 2020-04-01 1:a reason"},
    {"with papers missing that the item does not allow",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-04")},
     TAKE(APPROVED_WITH_DEFICIENCY, "2020-03-05"),
     "refused DEFICIENCY_NOT_ALLOWED step"},
    {"at once, on the day",
     {RECEIVE("2020-03-02", .item = "FAST"), TAKE(ACCEPTED, "2020-03-02")},
     {.step = STEP(APPROVED), .at = "2020-03-02T11:00"},
     "A>D on time lawful charged 0 of 2000 promised 2020-03-02 statutory 2020-03-30"},
    {"at once, a day later",
     {RECEIVE("2020-03-02", .item = "FAST"), TAKE(ACCEPTED, "2020-03-02")},
     TAKE(APPROVED, "2020-03-03"),
     "A>D late lawful charged 1 of 2000 promised 2020-03-02 statutory 2020-03-30"},

    /* joint */
    {"a part starts before the whole",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire", "water"}), TAKE(ACCEPTED, "2020-03-02")},
     TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire"),
     "A>A promised 2020-03-30 statutory 2020-05-07"},
    {"and again",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire")},
     TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire"),
     "refused WRONG_ORDER step"},
    {"one that has no part",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02")},
     TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "water"),
     "refused WRONG_ACTOR actor"},
    {"a part does nothing else",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"})},
     TAKE(ACCEPTED, "2020-03-02", .org = "fire"),
     "refused WRONG_ACTOR actor"},
    {"the leading one has no part",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02")},
     TAKE(PART_DONE, "2020-03-02"),
     "refused WRONG_ACTOR actor"},
    {"done before it started",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02")},
     TAKE(PART_DONE, "2020-03-02", .org = "fire"),
     "refused WRONG_ORDER step"},
    {"done before the review",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire")},
     TAKE(PART_DONE, "2020-03-02", .org = "fire"),
     "refused WRONG_ORDER step"},
    {"done",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire")},
     TAKE(PART_DONE, "2020-03-02", .org = "fire", .result = "yes"),
     "V>V promised 2020-03-30 statutory 2020-05-07 4:yes"},
    {"done twice",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire"),
      TAKE(PART_DONE, "2020-03-02", .org = "fire")},
     TAKE(PART_DONE, "2020-03-02", .org = "fire"),
     "refused WRONG_ORDER step"},
    {"decided before all are done",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire", "water"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire"),
      TAKE(PART_DONE, "2020-03-02", .org = "fire")},
     PROPOSE(APPROVED, "2020-03-03"),
     "refused PART_NOT_DONE step"},
    {"decided while one works on it",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire")},
     PROPOSE(APPROVED, "2020-03-03"),
     "refused PART_NOT_DONE step"},
    {"decided when all are done",
     {RECEIVE("2020-03-02", .item = "JOINT", .agencies = {"fire"}), TAKE(ACCEPTED, "2020-03-02"),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02", .org = "fire"),
      TAKE(PART_DONE, "2020-03-02", .org = "fire"), PROPOSE(APPROVED, "2020-03-03")},
     TAKE(APPROVED, "2020-03-03"),
     "V>D on time lawful charged 1 of 4500 promised 2020-03-30 statutory 2020-05-07"},
    {"the extension of a joint case by a head",
     {RECEIVE("2020-03-02", .item = "JOINT"), TAKE(ACCEPTED, "2020-03-02"), TAKE(DEPARTMENT_STARTED, "2020-03-02")},
     EXTEND("2020-03-05", 10),
     "refused WRONG_ACTOR actor"},

    /* after the decision */
    {"delivered",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02"), TAKE(APPROVED, "2020-03-03")},
     TAKE(DELIVERED, "2020-03-17"),
     "D>L minutes 21600 promised 2020-03-09 statutory 2020-03-30"},
    {"after ten workdays",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02"), TAKE(APPROVED, "2020-03-03")},
     TAKE(DELIVERED, "2020-03-18"),
     "D>L minutes 23040 too late promised 2020-03-09 statutory 2020-03-30"},
    {"by the hall",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02"), TAKE(APPROVED, "2020-03-03")},
     TAKE(DELIVERED, "2020-03-04", .org = "hall"),
     "D>L minutes 2880 promised 2020-03-09 statutory 2020-03-30"},
    {"revoked",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02"), TAKE(APPROVED, "2020-03-03")},
     TAKE(REVOKED, "2020-04-04"),
     "D>K promised 2020-03-09 statutory 2020-03-30 1:a reason 2:an article"},
    {"revoked without a ground",
     {UP_TO_REVIEW("I1", "2020-03-02"), PROPOSE(APPROVED, "2020-03-02"), TAKE(APPROVED, "2020-03-03")},
     TAKE(REVOKED, "2020-04-04", .ground = NOTHING),
     "refused MISSING ground"},
    {"the papers that were missing",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02", .deficiency = true)},
     TAKE(PAPERS_IN, "2020-03-03"),
     "A>A promised 2020-03-09 statutory 2020-03-30"},
    {"none were missing",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02")},
     TAKE(PAPERS_IN, "2020-03-03"),
     "refused WRONG_ORDER step"},
    {"papers come twice",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02", .deficiency = true),
      TAKE(PAPERS_IN, "2020-03-03")},
     TAKE(PAPERS_IN, "2020-03-03"),
     "refused WRONG_ORDER step"},
    {"and it goes on without them",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02", .deficiency = true),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13"),
      TAKE(PAPERS_IN, "2020-03-05")},
     TAKE(SPECIAL_ENDED, "2020-03-06"),
     "P>V special 2 promised 2020-03-11 statutory 2020-04-01 4:done"},
    {"papers come while it stands",
     {RECEIVE("2020-03-02", .item = "LACK"), TAKE(ACCEPTED, "2020-03-02", .deficiency = true),
      TAKE(DEPARTMENT_STARTED, "2020-03-02"), SUSPEND(HEARING, "2020-03-04", "2020-03-13")},
     TAKE(PAPERS_IN, "2020-03-05"),
     "P>P promised 2020-03-18 statutory 2020-04-09 until 2020-03-13"},
};

/* Every row in a case of its own: the number is put in front. */
static bool run_case(struct town *town, const struct rule_case *c, size_t i) {
    char number[64];
    struct text got = {.size = 0};
    snprintf(number, sizeof number, "R%zu", i);
    for (size_t j = 0; j < sizeof c->given / sizeof c->given[0] && c->given[j].step != 0; j++) {
        struct act act = c->given[j];
        act.number = number;
        if (!town_report(town, &act)) {
            fail_msg("%zu, %s: step %zu before it is refused with %s %s", i, c->what, j, code_word(town->decision.code),
                     town->decision.field);
        }
    }
    struct act act = c->when;
    act.number = act.number == NULL ? number : act.number;
    uint8_t before[32], after[32];
    const uint64_t seq = town->seq;
    state_hash(&town->state, before);
    if (town_report(town, &act)) {
        put_decision(&got, town);
        put_case(&got, town, town_case(town, act.number));
    } else {
        put_decision(&got, town);
        state_hash(&town->state, after);
        assert_memory_equal(before, after, sizeof before);
        assert_int_equal(town->seq, seq);
    }
    if (strcmp(got.bytes, c->want) != 0) {
        print_error("%zu, %s:\n   got  %s\n   want %s\n", i, c->what, got.bytes, c->want);
        return false;
    }
    return true;
}

static void the_rules(void **state) {
    (void)state;
    struct town town;
    size_t right = 0;
    cases_begin(&town, "2020-12-01");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        right += run_case(&town, &cases[i], i);
    }
    assert_int_equal(right, sizeof cases / sizeof cases[0]);
    cases_end(&town);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
