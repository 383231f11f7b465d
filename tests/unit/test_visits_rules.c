#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/visits_text.h"
#include "visits/query.h"
#include "visits/v1/query.pb-c.h"

/* The rules of the visit registry, a row a case: what was, what is commanded, what comes of it (as text). */

#define X "411002199003070014"
#define Y "11010519491231002X"
#define BAD "411002199003070015"
#define D3 "2020-07-03T10:00"
#define D4 "2020-07-04T10:00"
#define AUG "2020-08-03T10:00"
#define NEXT "2021-07-03T10:00"
#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

enum { IN = 1, OUT = 2, EMER = 3, PRE = 4, EXAM = 5, OTHER = 6, NONE = -1 };
enum { HOSPITAL = 4 };

/* --- the table --- */

struct rule_case {
    const char *what;
    struct act given[6];
    struct act when;
    const char *want;
};

static const struct rule_case cases[] = {
    /* facilities */
    {"a facility becomes known", {{0}}, {REGISTER, "h9", "Ninth", .region = 411081}, "registered h9 Ninth 411081"},
    {"again: nothing",
     {{REGISTER, "h9", "Ninth", .region = 411081}},
     {REGISTER, "h9", "Ninth", .region = 411081},
     "nothing"},
    {"another name",
     {{REGISTER, "h9", "Ninth", .region = 411081}},
     {REGISTER, "h9", "9", .region = 411081},
     "registered h9 9 411081"},
    {"another region",
     {{REGISTER, "h9", "Ninth", .region = 411081}},
     {REGISTER, "h9", "Ninth", .region = 411002},
     "refused REGION_FIXED region"},
    {"the city is no county", {{0}}, {REGISTER, "h9", "Ninth", .region = 411000}, "refused REGION_UNKNOWN region"},
    {"a region given up", {{0}}, {REGISTER, "h9", "Ninth", .region = 411023}, "refused REGION_UNKNOWN region"},
    {"no code", {{0}}, {REGISTER, "", "Ninth", .region = 411081}, "refused MISSING facility"},
    {"a bad code", {{0}}, {REGISTER, "H9", "Ninth", .region = 411081}, "refused MALFORMED facility"},
    {"a long code",
     {{0}},
     {REGISTER, "a23456789012345678901234567890123", "N", .region = 411081},
     "refused MALFORMED facility"},
    {"a code of 32",
     {{0}},
     {REGISTER, "a2345678901234567890123456789012", "N", .region = 411081},
     "registered a2345678901234567890123456789012 N 411081"},
    {"no name", {{0}}, {REGISTER, "h9", "", .region = 411081}, "refused MISSING name"},
    {"a long name",
     {{0}},
     {REGISTER, "h9", LONG64 "012345678901234567890123456789012", .region = 411081},
     "refused FIELD_TOO_LONG name"},
    {"not the version seen",
     {{0}},
     {REGISTER, "h1", "other", .region = 411002, .expected = 99},
     "refused STALE_VERSION expected_version"},

    /* form of an opening */
    {"first visit", {{0}}, {OPEN, "h1", "V1", D3, .rid = X}, "appeared 2020-07-03 411002 h1 out card ffffff"},
    {"not registered", {{0}}, {OPEN, "h8", "V1", D3, .rid = X}, "refused FACILITY_UNKNOWN -"},
    {"no number", {{0}}, {OPEN, "h1", "", D3, .rid = X}, "refused MISSING visit_number"},
    {"number of 64", {{0}}, {OPEN, "h1", LONG64, D3, .rid = X}, "appeared 2020-07-03 411002 h1 out card ffffff"},
    {"number of 65", {{0}}, {OPEN, "h1", LONG64 "4", D3, .rid = X}, "refused FIELD_TOO_LONG visit_number"},
    {"local id of 65", {{0}}, {OPEN, "h1", "V1", D3, .local = LONG64 "4"}, "refused FIELD_TOO_LONG local_id"},
    {"no class", {{0}}, {OPEN, "h1", "V1", D3, .rid = X, .class_of = NONE}, "refused MISSING visit_class"},
    {"no card kind", {{0}}, {OPEN, "h1", "V1", D3, .rid = X, .card = NONE}, "refused MISSING card_kind"},
    {"nobody", {{0}}, {OPEN, "h1", "V1", .at = D3}, "refused IDENTITY_MISSING resident_id"},
    {"wrong number alone", {{0}}, {OPEN, "h1", "V1", D3, .rid = BAD}, "refused RESIDENT_ID_INVALID resident_id"},
    {"wrong number, local id",
     {{0}},
     {OPEN, "h1", "V1", D3, .rid = BAD, .local = "L"},
     "appeared 2020-07-03 411002 h1 out card ffffff warned RESIDENT_ID_INVALID resident_id"},
    {"recorded in the future",
     {{0}},
     {OPEN, "h1", "V1", D3, "2099-01-01T00:00", .rid = X},
     "refused IN_THE_FUTURE recorded_at_ms"},
    {"before 1970", {{0}}, {OPEN, "h1", "V1", "1969-12-31T23:59", .rid = X}, "refused BAD_TIME occurred_at_ms"},
    {"recorded before 1970",
     {{0}},
     {OPEN, "h1", "V1", D3, "1969-12-31T23:59", .rid = X},
     "refused BAD_TIME recorded_at_ms"},
    {"beyond 2106", {{0}}, {OPEN, "h1", "V1", "2107-01-01T00:00", .rid = X}, "refused BAD_TIME occurred_at_ms"},
    {"a version, but no visit",
     {{0}},
     {OPEN, "h1", "V1", D3, .rid = X, .expected = 1},
     "refused STALE_VERSION expected_version"},
    {"local midnight begins the day",
     {{0}},
     {OPEN, "h1", "V1", "2020-07-03T00:00", .rid = X},
     "appeared 2020-07-03 411002 h1 out card ffffff"},

    /* classes and cards */
    {"hospital's own card: no patient",
     {{0}},
     {OPEN, "h1", "V1", D3, .rid = X, .card = HOSPITAL},
     "appeared 2020-07-03 411002 h1 out 000000"},
    {"other class: totals only",
     {{0}},
     {OPEN, "h1", "V1", D3, .rid = X, .class_of = OTHER},
     "appeared 2020-07-03 411002 h1 other card 555555"},
    {"pre-admission is kept, not counted", {{0}}, {OPEN, "h1", "V1", D3, .rid = X, .class_of = PRE}, "(came)"},
    {"examination likewise", {{0}}, {OPEN, "h1", "V1", D3, .rid = X, .class_of = EXAM}, "(came)"},
    {"pre-admission becomes real",
     {{OPEN, "h1", "V1", D3, .rid = X, .class_of = PRE}},
     {CHANGE, "h1", "V1", D4, .class_of = IN},
     "appeared 2020-07-03 411002 h1 in card ffffff"},
    {"inpatient turns out an examination",
     {{OPEN, "h1", "V1", D3, .rid = X, .class_of = IN}},
     {CHANGE, "h1", "V1", D4, .class_of = EXAM},
     "left 2020-07-03 411002 h1 in card ffffff"},

    /* edges: the person has a visit; which buckets are new? */
    {"same day, facility, class",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", D3, .rid = X},
     "appeared 2020-07-03 411002 h1 out card 000000"},
    {"other class",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", D3, .rid = X, .class_of = IN},
     "appeared 2020-07-03 411002 h1 in card aaaaaa"},
    {"class of totals only",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", D3, .rid = X, .class_of = OTHER},
     "appeared 2020-07-03 411002 h1 other card 000000"},
    {"other facility, same county",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h2", "V1", D3, .rid = X},
     "appeared 2020-07-03 411002 h2 out card ff0000"},
    {"other county",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h3", "V1", D3, .rid = X},
     "appeared 2020-07-03 411081 h3 out card ffff00"},
    {"next day",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", D4, .rid = X},
     "appeared 2020-07-04 411002 h1 out card 030303"},
    {"next month",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", AUG, .rid = X},
     "appeared 2020-08-03 411002 h1 out card 0f0f0f"},
    {"next year",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", NEXT, .rid = X},
     "appeared 2021-07-03 411002 h1 out card 3f3f3f"},
    {"late arrival",
     {{OPEN, "h1", "V1", NEXT, .rid = X}},
     {OPEN, "h1", "V2", D3, .rid = X},
     "appeared 2020-07-03 411002 h1 out card 3f3f3f"},
    {"someone else",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V2", D3, .rid = Y},
     "appeared 2020-07-03 411002 h1 out card ffffff"},
    {"a visit by hospital card takes nothing",
     {{OPEN, "h1", "V1", D3, .rid = X, .card = HOSPITAL}},
     {OPEN, "h1", "V2", D3, .rid = X},
     "appeared 2020-07-03 411002 h1 out card ffffff"},
    {"nor does a cancelled one",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}},
     {OPEN, "h1", "V2", D3, .rid = X},
     "appeared 2020-07-03 411002 h1 out card ffffff"},
    {"the old number is the same person",
     {{OPEN, "h1", "V1", D3, .rid = Y}},
     {OPEN, "h1", "V2", D3, .rid = "110105491231002"},
     "appeared 2020-07-03 411002 h1 out card 000000"},
    {"the same local id is the same person",
     {{OPEN, "h1", "V1", D3, .local = "L"}},
     {OPEN, "h1", "V2", D3, .local = "L"},
     "appeared 2020-07-03 411002 h1 out card 000000"},
    {"but not elsewhere",
     {{OPEN, "h1", "V1", D3, .local = "L"}},
     {OPEN, "h2", "V2", D3, .local = "L"},
     "appeared 2020-07-03 411002 h2 out card ffffff"},

    /* repeats, refreshes */
    {"repeated", {{OPEN, "h1", "V1", D3, .rid = X}}, {OPEN, "h1", "V1", D3, .rid = X}, "nothing"},
    {"recorded later, the same: only noted",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D3, D4, .rid = X},
     "(stated)"},
    {"recorded later, another hour of the day",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", "2020-07-03T11:00", .rid = X},
     "(stated)"},
    {"recorded later, another day",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D4, .rid = X},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-04 411002 h1 out card ffffff"},
    {"recorded later, another class",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D3, D4, .rid = X, .class_of = EMER},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 emer card ffffff"},
    {"recorded later, another card",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D3, D4, .rid = X, .card = HOSPITAL},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 out 000000"},
    {"recorded earlier: only whose it came with",
     {{OPEN, "h1", "V1", D3, D4, .rid = X}},
     {OPEN, "h1", "V1", AUG, D3, .rid = X, .class_of = IN},
     "(stated)"},
    {"the class was changed since",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CHANGE, "h1", "V1", D4, .class_of = IN}},
     {OPEN, "h1", "V1", D3, .rid = X},
     "nothing"},
    {"the class was changed in the same minute",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CHANGE, "h1", "V1", D3, .class_of = IN}},
     {OPEN, "h1", "V1", D3, .rid = X},
     "nothing"},
    {"of someone else: it stays",
     {{OPEN, "h1", "V1", D3, .rid = X}, {OPEN, "h1", "V2", D3, .rid = Y}},
     {OPEN, "h1", "V1", D4, .rid = Y},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-04 411002 h1 out card ffffff"},
    {"not the version seen",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D4, .rid = X, .expected = 3},
     "refused STALE_VERSION expected_version"},
    {"the version seen",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D3, .rid = X, .expected = 4},
     "nothing"},

    /* class */
    {"class of an unknown visit",
     {{0}},
     {CHANGE, "h1", "V1", D3, .class_of = IN},
     "refused VISIT_UNKNOWN visit_number"},
    {"to no class",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {CHANGE, "h1", "V1", D3, .class_of = NONE},
     "refused MISSING visit_class"},
    {"outpatient becomes inpatient",
     {{OPEN, "h1", "V1", D3, .rid = X}, {OPEN, "h1", "V2", D3, .rid = X}},
     {CHANGE, "h1", "V1", D4, .class_of = IN},
     "changed 2020-07-03 411002 h1 out card 000000 -> 2020-07-03 411002 h1 in card aaaaaa"},
    {"an older change",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CHANGE, "h1", "V1", AUG, .class_of = IN}},
     {CHANGE, "h1", "V1", D4, .class_of = EMER},
     "nothing"},
    {"the same change again",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CHANGE, "h1", "V1", D4, .class_of = IN}},
     {CHANGE, "h1", "V1", D4, .class_of = IN},
     "nothing"},
    {"another facility's visit",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {CHANGE, "h2", "V1", D4, .class_of = IN},
     "refused VISIT_UNKNOWN visit_number"},

    /* end */
    {"end", {{OPEN, "h1", "V1", D3, .rid = X}}, {CLOSE, "h1", "V1", .at = D4}, "(closed)"},
    {"end again",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CLOSE, "h1", "V1", .at = D4}},
     {CLOSE, "h1", "V1", .at = D4},
     "nothing"},
    {"an older end",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CLOSE, "h1", "V1", .at = AUG}},
     {CLOSE, "h1", "V1", .at = D4},
     "nothing"},
    {"end of an unknown visit", {{0}}, {CLOSE, "h1", "V1", .at = D4}, "refused VISIT_UNKNOWN visit_number"},
    {"end of a cancelled visit",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}},
     {CLOSE, "h1", "V1", .at = D3},
     "nothing"},
    {"end of a visit seen otherwise",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {CLOSE, "h1", "V1", D4, .expected = 77},
     "refused STALE_VERSION expected_version"},

    /* cancellation */
    {"cancelled",
     {{OPEN, "h1", "V1", D3, .rid = X}},
     {CANCEL, "h1", "V1", .at = D4},
     "left 2020-07-03 411002 h1 out card ffffff"},
    {"one of two",
     {{OPEN, "h1", "V1", D3, .rid = X}, {OPEN, "h1", "V2", D4, .rid = X}},
     {CANCEL, "h1", "V1", .at = D4},
     "left 2020-07-03 411002 h1 out card 030303"},
    {"cancelled twice",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}},
     {CANCEL, "h1", "V1", .at = D4},
     "nothing"},
    {"an older cancellation only draws the line",
     {{OPEN, "h1", "V1", D3, D4, .rid = X}},
     {CANCEL, "h1", "V1", .at = D3},
     "(cancelled)"},
    {"before its opening", {{0}}, {CANCEL, "h1", "V1", .at = D4}, "(cancelled)"},
    {"and then the opening", {{CANCEL, "h1", "V1", .at = D4}}, {OPEN, "h1", "V1", D3, .rid = X}, "nothing"},
    {"opened in the second of its cancellation",
     {{CANCEL, "h1", "V1", .at = D4}},
     {OPEN, "h1", "V1", D3, D4, .rid = X},
     "nothing"},
    {"the number is used again",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}},
     {OPEN, "h1", "V1", AUG, .rid = Y},
     "appeared 2020-08-03 411002 h1 out card ffffff"},
    {"and is another's then",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}, {OPEN, "h1", "V1", AUG, .rid = Y}},
     {OPEN, "h1", "V2", AUG, .rid = Y},
     "appeared 2020-08-03 411002 h1 out card 000000"},
    {"no longer the first one's",
     {{OPEN, "h1", "V1", D3, .rid = X}, {CANCEL, "h1", "V1", .at = D4}, {OPEN, "h1", "V1", AUG, .rid = Y}},
     {OPEN, "h1", "V2", AUG, .rid = X},
     "appeared 2020-08-03 411002 h1 out card ffffff"},
    {"a class known before the number is used again stays",
     {{CANCEL, "h1", "V1", .at = D3}, {CHANGE, "h1", "V1", AUG, .class_of = IN}},
     {OPEN, "h1", "V1", D4, .rid = X},
     "appeared 2020-07-04 411002 h1 in card ffffff"},
    {"cancelled pre-admission",
     {{OPEN, "h1", "V1", D3, .rid = X, .class_of = PRE}},
     {CANCEL, "h1", "V1", .at = D4},
     "(cancelled)"},
    {"cancelled, hospital card",
     {{OPEN, "h1", "V1", D3, .rid = X, .card = HOSPITAL}},
     {CANCEL, "h1", "V1", .at = D4},
     "left 2020-07-03 411002 h1 out 000000"},

    /* records and their identities */
    {"a local id gains a number: nothing shared",
     {{OPEN, "h1", "V1", D3, .local = "L"}},
     {OPEN, "h1", "V2", D3, .local = "L", .rid = X},
     "(person said); appeared 2020-07-03 411002 h1 out card 000000"},
    {"and its person is the number's",
     {{OPEN, "h2", "V1", D3, .rid = X}, {OPEN, "h1", "V1", D4, .local = "L", .class_of = EMER}},
     {OPEN, "h1", "V2", D4, .local = "L", .rid = X, .class_of = EMER},
     "(person said); corrected [0 month 2020-07-01 all -1] [411002 month 2020-07-01 all -1] [0 year 2020-01-01 all "
     "-1] [411002 year 2020-01-01 all -1] [0 all all -1] [411002 all all -1]; appeared 2020-07-04 411002 h1 emer "
     "card 000000"},
    {"even when the visit is known",
     {{OPEN, "h1", "V1", D3, .local = "L"}},
     {OPEN, "h1", "V1", D3, .local = "L", .rid = X},
     "(person said); (stated)"},
    {"or recorded earlier",
     {{OPEN, "h1", "V1", D3, D4, .local = "L"}},
     {OPEN, "h1", "V1", D3, .local = "L", .rid = X},
     "(person said); (stated)"},
    {"or cancelled", {{CANCEL, "h1", "V1", .at = D4}}, {OPEN, "h1", "V1", D3, .local = "L", .rid = X}, "(person said)"},
    {"so that it holds later",
     {{CANCEL, "h1", "V1", .at = D4}, {OPEN, "h1", "V1", D3, .local = "L", .rid = X}, {OPEN, "h1", "V2", D3, .rid = X}},
     {OPEN, "h1", "V3", D3, .local = "L"},
     "appeared 2020-07-03 411002 h1 out card 000000"},
    {"an opening without the local id says nothing of it",
     {{OPEN, "h1", "V1", D3, .local = "L"}, {OPEN, "h2", "V1", D3, .rid = X}},
     {OPEN, "h1", "V1", D4, .rid = X},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-04 411002 h1 out card ffffff"},
    {"an opening that names someone else does not take the visit, but its local id gains the number",
     {{OPEN, "h1", "V1", D3, .local = "L", .class_of = OTHER},
      {OPEN, "h1", "V2", D3, .local = "M", .class_of = OTHER},
      {OPEN, "h3", "V3", AUG, .rid = X, .class_of = OTHER}},
     {OPEN, "h1", "V1", D3, D4, .local = "M", .rid = X, .class_of = OTHER},
     "(person said); corrected [0 year 2020-01-01 all -1] [0 all all -1]; (stated)"},
    {"a second number on the same local id never joins",
     {{OPEN, "h1", "V1", D3, .local = "L", .rid = X}},
     {OPEN, "h1", "V2", D3, .local = "L", .rid = Y},
     "(person said); (regrouped); appeared 2020-07-03 411002 h1 out card ffffff warned CONFLICT_OPENED resident_id"},
    {"the second one is found again",
     {{OPEN, "h1", "V1", D3, .local = "L", .rid = X}, {OPEN, "h1", "V2", D3, .local = "L", .rid = Y}},
     {OPEN, "h1", "V3", D3, .local = "L", .rid = Y},
     "appeared 2020-07-03 411002 h1 out card 000000"},
    {"and is one with its number",
     {{OPEN, "h1", "V1", D3, .local = "L", .rid = X}, {OPEN, "h1", "V2", D3, .local = "L", .rid = Y}},
     {OPEN, "h2", "V3", D3, .rid = Y},
     "appeared 2020-07-03 411002 h2 out card ff0000"},
    {"the local id alone is the first one's",
     {{OPEN, "h1", "V1", D3, .local = "L", .rid = X}, {OPEN, "h1", "V2", D4, .local = "L", .rid = Y}},
     {OPEN, "h1", "V3", D3, .local = "L"},
     "appeared 2020-07-03 411002 h1 out card 000000"},
};

static void register_facilities(struct fixture *fixture) {
    static const struct act acts[] = {{REGISTER, "h1", "First", .region = 411002},
                                      {REGISTER, "h2", "Second", .region = 411002},
                                      {REGISTER, "h3", "Third", .region = 411081}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct decision decision;
        fixture_act(fixture, &acts[i], &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

static bool check_case(const struct rule_case *c) {
    struct fixture fixture;
    struct decision decision;
    struct text text;
    fixture_init(&fixture, 100, 100);
    register_facilities(&fixture);
    for (size_t i = 0; i < 6 && c->given[i].verb != 0; i++) {
        fixture_act(&fixture, &c->given[i], &decision);
        assert_false(decision.refused);
    }
    fixture_act(&fixture, &c->when, &decision);
    const bool good = strcmp(decision_text(&decision, &text), c->want) == 0;
    if (!good) {
        print_error("%s\n  want %s\n  got  %s\n", c->what, c->want, text.bytes);
    }
    fixture_release(&fixture);
    return good;
}

static void table(void **state) {
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bad += !check_case(&cases[i]);
    }
    assert_int_equal(bad, 0);
}

/* --- what needs more than a row --- */

static void expect(struct fixture *fixture, const struct act *act, const char *want) {
    struct decision decision;
    struct text text;
    fixture_act(fixture, act, &decision);
    assert_string_equal(decision_text(&decision, &text), want);
}

#define EXPECT(fixture, want, ...) expect((fixture), &(struct act){__VA_ARGS__}, (want))

/* A full table refuses what would need a row, and goes on with what does not. */
static void full_tables(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f, 1, 3);
    register_facilities(&f);
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", OPEN, "h1", "V1", D3, .rid = X);
    EXPECT(&f, "refused EXHAUSTED -", OPEN, "h1", "V2", D3, .rid = Y);
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", OPEN, "h1", "V2", D3, .local = "L");
    EXPECT(&f, "refused EXHAUSTED -", OPEN, "h1", "V3", D3, .local = "M");
    EXPECT(&f, "refused EXHAUSTED -", OPEN, "h1", "V2", D3, .local = "L", .rid = Y);
    EXPECT(&f, "(cancelled)", CANCEL, "h1", "V3", .at = D3);
    EXPECT(&f, "refused EXHAUSTED -", OPEN, "h1", "V4", D3, .rid = X);
    EXPECT(&f, "refused EXHAUSTED -", CANCEL, "h1", "V4", .at = D3);
    EXPECT(&f, "nothing", OPEN, "h1", "V1", D3, .rid = X);
    EXPECT(&f, "appeared 2020-07-04 411002 h1 out card 030303", OPEN, "h1", "V3", D4, .rid = X);
    fixture_release(&f);
}

/* With another pseudonym key everyone would be new: nothing is taken. */
static void another_key(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f, 10, 10);
    register_facilities(&f);
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", OPEN, "h1", "V1", D3, .rid = X);
    f.visits.key_check ^= 1;
    EXPECT(&f, "refused PSEUDONYM_KEY_CHANGED -", OPEN, "h1", "V2", D3, .rid = X);
    EXPECT(&f, "refused PSEUDONYM_KEY_CHANGED -", REGISTER, "h1", "other", .region = 411002);
    fixture_release(&f);
}

/* Events of one visit are chained by their numbers. */
static void chain_of_a_visit(void **state) {
    (void)state;
    static const struct act acts[] = {{OPEN, "h1", "V1", D3, .local = "L"},
                                      {OPEN, "h1", "V1", D4, .local = "L", .rid = X},
                                      {CLOSE, "h1", "V1", .at = D4},
                                      {CANCEL, "h1", "V1", .at = AUG},
                                      {OPEN, "h1", "V1", NEXT, .rid = Y}};
    static const uint64_t prevs[] = {0, 4, 6, 7, 8}; /* three registrations came first; the link is of no visit */
    struct fixture f;
    fixture_init(&f, 10, 10);
    register_facilities(&f);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct decision decision;
        fixture_act(&f, &acts[i], &decision);
        assert_true(decision.event_count > 0);
        assert_int_equal(decision.events[decision.event_count - 1].prev, prevs[i]);
        if (decision.event_count == 2) {
            assert_int_equal(decision.events[0].type, EVENT_PERSONS_STATED);
            assert_int_equal(decision.events[0].prev, 0);
        }
    }
    fixture_release(&f);
}

/* No text of a command but the last four characters is found in the state. */
static void nothing_in_clear(void **state) {
    (void)state;
    static const char *const secrets[] = {X, "CANARY-LOCAL", "CANARY-VISIT", "19900307"};
    struct fixture f;
    fixture_init(&f, 10, 10);
    f.keeps_log = true;
    register_facilities(&f);
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", OPEN, "h1", "CANARY-VISIT", D3, .rid = X,
           .local = "CANARY-LOCAL");
    for (size_t s = 0; s < sizeof secrets / sizeof secrets[0]; s++) {
        for (size_t t = 0; t < f.state.table_count; t++) {
            const struct table *rows = f.state.tables[t];
            assert_null(
                memmem(rows->rows, ((size_t)rows->count + 1) * rows->row_bytes, secrets[s], strlen(secrets[s])));
        }
        assert_null(memmem(f.log, f.log_size * sizeof *f.log, secrets[s], strlen(secrets[s])));
    }
    assert_memory_equal(visits_identity(&f.visits, 1)->last4, X + 14, 4);
    fixture_release(&f);
}

/* --- queries --- */

static struct principal principal_of(const char *organisation, enum role role) {
    struct principal principal = {.role = role};
    snprintf(principal.organisation, sizeof principal.organisation, "%s", organisation);
    return principal;
}

static const Visits__V1__VisitState *ask(struct fixture *f, const char *organisation, enum role role,
                                         const char *facility, const char *number, uint32_t *code) {
    static Visits__V1__GetVisit get;
    static Visits__V1__Query query;
    const struct principal principal = principal_of(organisation, role);
    visits__v1__get_visit__init(&get);
    visits__v1__query__init(&query);
    get.facility = (char *)facility;
    get.visit_number = (char *)number;
    query.body_case = VISITS__V1__QUERY__BODY_GET_VISIT;
    query.get_visit = &get;
    *code = 0;
    const struct question question = {.principal = &principal, .body = &query.base};
    struct decision audit = {.event_count = 0};
    const ProtobufCMessage *answer = visits_query(&f->visits, &question, &f->arena, &audit, code);
    assert_int_equal(audit.event_count, 0);
    return answer == NULL ? NULL : ((const Visits__V1__Answer *)answer)->visit;
}

static void queries(void **state) {
    (void)state;
    struct fixture f;
    uint32_t code;
    fixture_init(&f, 10, 10);
    register_facilities(&f);
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", OPEN, "h1", "V1", D3, .rid = X);
    EXPECT(&f, "(closed)", CLOSE, "h1", "V1", .at = D4);
    EXPECT(&f, "(cancelled)", CANCEL, "h1", "V2", .at = D4);
    const Visits__V1__VisitState *visit = ask(&f, "h1", ROLE_PUBLISHER, "", "V1", &code);
    assert_non_null(visit);
    assert_int_equal(visit->visit_class, OUT);
    assert_true(visit->one_card && !visit->cancelled);
    assert_int_equal(visit->opened_at_ms, time_of(D3));
    assert_int_equal(visit->closed_at_ms, time_of(D4));
    assert_int_equal(visit->version, 5);
    assert_non_null(ask(&f, "operator", ROLE_OPERATOR, "h1", "V1", &code));
    assert_true(ask(&f, "h1", ROLE_PUBLISHER, "h1", "V2", &code)->cancelled);
    EXPECT(&f, "left 2020-07-03 411002 h1 out card ffffff", CANCEL, "h1", "V1", .at = AUG);
    visit = ask(&f, "h1", ROLE_PUBLISHER, "", "V1", &code);
    assert_true(visit->cancelled && visit->closed_at_ms == 0); /* its end was of the life that never was */
    EXPECT(&f, "appeared 2021-07-03 411002 h1 out card ffffff", OPEN, "h1", "V1", NEXT, .rid = X);
    assert_false(ask(&f, "h1", ROLE_PUBLISHER, "", "V1", &code)->cancelled);
    static const struct {
        const char *organisation;
        enum role role;
        const char *facility;
        const char *number;
        uint32_t code;
    } refused[] = {
        {"h2", ROLE_PUBLISHER, "h1", "V1", COMMON__V1__CODE__CODE_FORBIDDEN},
        {"h1", ROLE_READER, "h1", "V1", COMMON__V1__CODE__CODE_FORBIDDEN},
        {"h2", ROLE_PUBLISHER, "", "V1", COMMON__V1__CODE__CODE_NOT_FOUND},
        {"h1", ROLE_PUBLISHER, "", "", COMMON__V1__CODE__CODE_MISSING},
        {"h1", ROLE_PUBLISHER, "", LONG64 "4", VISITS__V1__CODE__CODE_FIELD_TOO_LONG},
        {"operator", ROLE_OPERATOR, "", "V1", VISITS__V1__CODE__CODE_FACILITY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_null(ask(&f, refused[i].organisation, refused[i].role, refused[i].facility, refused[i].number, &code));
        assert_int_equal(code, refused[i].code);
    }
    fixture_release(&f);
}

static void list_of_facilities(void **state) {
    (void)state;
    struct fixture f;
    uint32_t code = 0;
    fixture_init(&f, 10, 10);
    register_facilities(&f);
    Visits__V1__ListFacilities list = VISITS__V1__LIST_FACILITIES__INIT;
    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    query.body_case = VISITS__V1__QUERY__BODY_LIST_FACILITIES;
    query.list_facilities = &list;
    const struct principal principal = principal_of("h1", ROLE_PUBLISHER);
    const struct question question = {.principal = &principal, .body = &query.base};
    struct decision audit = {.event_count = 0};
    const ProtobufCMessage *message = visits_query(&f.visits, &question, &f.arena, &audit, &code);
    assert_non_null(message);
    const Visits__V1__Facilities *answer = ((const Visits__V1__Answer *)message)->facilities;
    assert_int_equal(answer->n_facilities, 3);
    assert_string_equal(answer->facilities[2]->facility, "h3");
    assert_string_equal(answer->facilities[2]->name, "Third");
    assert_int_equal(answer->facilities[2]->region, 411081);
    fixture_release(&f);
}

/* Every code of the contract has a text, and no other. */
static void texts_of_codes(void **state) {
    (void)state;
    size_t rows = 0;
    for (const struct code_text *text = visits_codes; text->code != 0; text++, rows++) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&visits__v1__code__descriptor, (int)text->code);
        assert_non_null(value);
        assert_string_equal(value->name + strlen("CODE_"), text->name);
        assert_true(text->message[0] != 0 && text->message_zh[0] != 0);
    }
    assert_int_equal(rows + 1, visits__v1__code__descriptor.n_values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(full_tables),
        cmocka_unit_test(another_key),
        cmocka_unit_test(chain_of_a_visit),
        cmocka_unit_test(nothing_in_clear),
        cmocka_unit_test(queries),
        cmocka_unit_test(list_of_facilities),
        cmocka_unit_test(texts_of_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
