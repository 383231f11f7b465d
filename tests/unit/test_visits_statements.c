#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/visits_text.h"
#include "visits/pseudonym.h"
#include "visits/query.h"
#include "visits/v1/query.pb-c.h"

/* Each statement about visits, a row a case: what was, what is said, what comes of it, and how the visit is then. */

#define X "411002199003070014"
#define Y "11010519491231002X"
#define D1 "2020-07-01T10:00"
#define D2 "2020-07-02T10:00"
#define D3 "2020-07-03T10:00"
#define D4 "2020-07-04T10:00"
#define D5 "2020-07-05T10:00"
#define D6 "2020-07-06T10:00"
#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

enum { IN = 1, OUT = 2, EMER = 3, PRE = 4, EXAM = 5, OTHER = 6, NONE = -1 };
enum { HOSPITAL = 4 };

/* --- a visit as text --- */

static const char *day_text(uint32_t at) {
    static char day[CIVIL_DATE_TEXT_BYTES];
    civil_date_format(civil_day_of_s(at), day);
    return day + strlen("2020-");
}

/* The local id and the identity that its record stands for. */
static void put_record(struct text *text, const struct visits *self, uint32_t record) {
    static const char *const locals[] = {"L", "M"};
    const struct record *base = visits_record(self, person_base(self, record));
    const uint32_t identity = visits_record(self, record)->identity;
    put(text, " of ");
    for (size_t i = 0; i < 2; i++) {
        struct key12 key;
        pseudonym_of_local_id(self->local_key, "h1", locals[i], &key);
        if (memcmp(&key, &base->key, sizeof key) == 0) {
            put(text, "%s", locals[i]);
        }
    }
    if (identity != 0) {
        put(text, "/%.4s", visits_identity(self, identity)->last4);
    }
}

static void put_state(struct text *text, const struct visits *self, const struct visit *row) {
    const struct extra *extra = visits_extra(self, row->extra);
    put(text, "%s",
        visit_is_open(row)         ? "open"
        : visit_is_implied(row)    ? "implied"
        : extra->pre_recorded != 0 ? "expected"
                                   : "none");
    if (row->class_recorded != 0) {
        put(text, " %s", class_word(row->visit_class));
    }
    if (row->begin_recorded != 0) {
        put(text, " %s%s", day_text(row->opened_at), row->flags & VISIT_ONE_CARD ? " card" : "");
    }
    if (row->closed_at != 0) {
        put(text, " to %s", day_text(row->closed_at));
    }
    if (row->department != 0) {
        put(text, " in %s", visits_department(self, row->department)->code);
    }
    if (row->owner_recorded != 0) {
        put_record(text, self, row->record);
    }
}

static void put_number(struct text *text, const struct visits *self, const char *number) {
    struct key16 key;
    pseudonym_of_visit(self->local_key, "h1", number, &key);
    const uint32_t row = visits_find_visit(self, &key);
    put(text, " | ");
    if (row == 0) {
        put(text, "unknown");
    } else {
        put_state(text, self, visits_visit(self, row));
    }
}

/* --- the table --- */

struct statement_case {
    const char *what;
    struct act given[6];
    struct act when;
    const char *want; /* what was decided | how the visit h1 V1 is then */
};

#define IS(statement, at_time) SAY, "h1", "V1", at_time, .said = statement, .local = "L"

static const struct statement_case cases[] = {
    /* form */
    {"no statement", {{0}}, {IS(0, D3)}, "refused MISSING statement | unknown"},
    {"no number", {{0}}, {SAY, "h1", "", D3, .said = OPENED, .local = "L"}, "refused MISSING visit_number | unknown"},
    {"no class of an opening", {{0}}, {IS(OPENED, D3), .class_of = NONE}, "refused MISSING visit_class | unknown"},
    {"no class of an update", {{0}}, {IS(UPDATED, D3), .class_of = NONE}, "refused MISSING visit_class | unknown"},
    {"no card of an opening", {{0}}, {IS(OPENED, D3), .card = NONE}, "refused MISSING card_kind | unknown"},
    {"no card where a beginning is said",
     {{0}},
     {IS(UPDATED, D3), .opened = D3, .card = NONE},
     "refused MISSING card_kind | unknown"},
    {"no card where a visit may be made",
     {{0}},
     {IS(MOVED, D3), .creates = true, .card = NONE},
     "refused MISSING card_kind | unknown"},
    {"nobody", {{0}}, {SAY, "h1", "V1", D3, .said = OPENED}, "refused IDENTITY_MISSING resident_id | unknown"},
    {"nobody where a visit may be made",
     {{0}},
     {SAY, "h1", "V1", D3, .said = CLOSED, .creates = true},
     "refused IDENTITY_MISSING resident_id | unknown"},
    {"a wrong number alone",
     {{IS(OPENED, D3)}},
     {SAY, "h1", "V1", D4, .said = MOVED, .rid = "411002199003070015", .department = "a"},
     "(stated) warned RESIDENT_ID_INVALID resident_id | open out 07-03 card in a of L"},
    {"department of 33",
     {{0}},
     {IS(OPENED, D3), .department = "012345678901234567890123456789012"},
     "refused FIELD_TOO_LONG department | unknown"},
    {"department of 32",
     {{0}},
     {IS(OPENED, D3), .department = "01234567890123456789012345678901"},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card in 01234567890123456789012345678901 of L"},
    {"movement of 65", {{0}}, {IS(OPENED, D3), .movement = LONG64 "5"}, "refused FIELD_TOO_LONG movement | unknown"},
    {"former number of 65",
     {{0}},
     {IS(OPENED, D3), .other = LONG64 "5"},
     "refused FIELD_TOO_LONG former_number | unknown"},
    {"began before 1970",
     {{0}},
     {IS(OPENED, D3), .opened = "1969-07-03T10:00"},
     "refused BAD_TIME opened_at_ms | unknown"},
    {"not the version seen",
     {{IS(OPENED, D3)}},
     {IS(CLOSED, D4), .expected = 1},
     "refused STALE_VERSION expected_version | open out 07-03 card of L"},

    /* openings */
    {"opened",
     {{0}},
     {IS(OPENED, D3), .department = "surgery"},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card in surgery of L"},
    {"opened, said to have begun before",
     {{0}},
     {IS(OPENED, D3), .opened = D1},
     "appeared 2020-07-01 411002 h1 out card ffffff | open out 07-01 card of L"},
    {"opened by the short form, then with more",
     {{OPEN, "h1", "V1", D3, .local = "L"}},
     {IS(OPENED, D3)},
     "nothing | open out 07-03 card of L"},
    {"opened again with a department",
     {{IS(OPENED, D3)}},
     {IS(OPENED, D3), .department = "surgery"},
     "(stated) | open out 07-03 card in surgery of L"},
    {"an older opening of someone else: the visit came with them",
     {{IS(OPENED, D3), .recorded = D4}},
     {SAY, "h1", "V1", D3, D3, .said = OPENED, .local = "M"},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 out card ffffff | open out 07-03 card "
     "of M"},
    {"a newer opening of someone else: it stays",
     {{IS(OPENED, D3)}},
     {SAY, "h1", "V1", D3, D4, .said = OPENED, .local = "M"},
     "(stated) | open out 07-03 card of L"},
    {"the older one was cancelled: the newer one's",
     {{IS(OPENED, D3)}, {SAY, "h1", "V1", D3, D5, .said = OPENED, .local = "M"}},
     {IS(CANCELLED, D4)},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 out card ffffff | open out 07-03 card "
     "of M"},

    /* pre-admissions */
    {"expected", {{0}}, {IS(PRE_ADMITTED, D3), .class_of = IN}, "(stated) | expected in 07-03 card of L"},
    {"expected, then opened",
     {{IS(PRE_ADMITTED, D3), .class_of = IN}},
     {IS(OPENED, D4), .class_of = IN},
     "appeared 2020-07-04 411002 h1 in card ffffff | open in 07-04 card of L"},
    {"opened, then expected",
     {{IS(OPENED, D4), .class_of = IN}},
     {IS(PRE_ADMITTED, D3), .class_of = OUT},
     "(stated) | open in 07-04 card of L"},
    {"expected no longer", {{IS(PRE_ADMITTED, D3)}}, {IS(PRE_CANCELLED, D4)}, "(stated) | none out 07-03 card of L"},
    {"expected again",
     {{IS(PRE_ADMITTED, D3)}, {IS(PRE_CANCELLED, D4)}},
     {IS(PRE_ADMITTED, D5)},
     "(stated) | expected out 07-05 card of L"},
    {"its cancellation came first",
     {{IS(PRE_CANCELLED, D4)}},
     {IS(PRE_ADMITTED, D3)},
     "(stated) | none out 07-03 card of L"},
    {"opened and expected no longer: stays open",
     {{IS(PRE_ADMITTED, D3)}, {IS(OPENED, D4)}},
     {IS(PRE_CANCELLED, D5)},
     "(stated) | open out 07-04 card of L"},
    {"an update does not make it real",
     {{IS(PRE_ADMITTED, D3)}},
     {IS(UPDATED, D4), .creates = true},
     "(stated) | expected out 07-03 card of L"},
    {"an end does",
     {{IS(PRE_ADMITTED, D3)}},
     {IS(CLOSED, D4), .creates = true},
     "appeared 2020-07-03 411002 h1 out card ffffff | implied out 07-03 card to 07-04 of L"},
    {"cancelled as a visit", {{IS(PRE_ADMITTED, D3)}}, {IS(CANCELLED, D4)}, "(cancelled) | none"},

    /* updates */
    {"update of an unknown visit", {{0}}, {IS(UPDATED, D3)}, "refused VISIT_UNKNOWN visit_number | unknown"},
    {"an update that may make it",
     {{0}},
     {IS(UPDATED, D3), .creates = true},
     "appeared 2020-07-03 411002 h1 out card ffffff | implied out 07-03 card of L"},
    {"another day",
     {{IS(OPENED, D3)}},
     {IS(UPDATED, D4), .opened = D1},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-01 411002 h1 out card ffffff | open out 07-01 card "
     "of L"},
    {"another class",
     {{IS(OPENED, D3)}},
     {IS(UPDATED, D4), .class_of = EMER},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 emer card ffffff | open emer 07-03 card "
     "of L"},
    {"another card, where the beginning is said",
     {{IS(OPENED, D3)}},
     {IS(UPDATED, D4), .opened = D3, .card = HOSPITAL},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 out 000000 | open out 07-03 of L"},
    {"an older one",
     {{IS(OPENED, D3)}},
     {IS(UPDATED, D2), .opened = D1, .class_of = IN},
     "nothing | open out 07-03 card of L"},
    {"one that says nothing new", {{IS(OPENED, D3)}}, {IS(UPDATED, D3)}, "nothing | open out 07-03 card of L"},
    {"after a cancellation it makes nothing",
     {{IS(CANCELLED, D3)}},
     {IS(UPDATED, D4), .creates = true},
     "(stated) | none out"},

    /* departments */
    {"move of an unknown visit",
     {{0}},
     {IS(MOVED, D3), .department = "a"},
     "refused VISIT_UNKNOWN visit_number | unknown"},
    {"a move that may make it",
     {{0}},
     {IS(MOVED, D3), .department = "a", .creates = true},
     "appeared 2020-07-03 411002 h1 out card ffffff | implied out 07-03 card in a of L"},
    {"that knows when it began",
     {{0}},
     {IS(MOVED, D3), .department = "a", .opened = D1, .creates = true},
     "appeared 2020-07-01 411002 h1 out card ffffff | implied out 07-01 card in a of L"},
    {"moved",
     {{IS(OPENED, D3), .department = "a"}},
     {IS(MOVED, D4), .department = "b"},
     "(stated) | open out 07-03 card in b of L"},
    {"moved earlier",
     {{IS(OPENED, D3), .department = "a"}},
     {IS(MOVED, D2), .department = "b"},
     "nothing | open out 07-03 card in a of L"},
    {"of one second the greater code",
     {{IS(OPENED, D3), .department = "b"}},
     {IS(MOVED, D3), .department = "a"},
     "nothing | open out 07-03 card in b of L"},
    {"moved back",
     {{IS(OPENED, D3), .department = "a"}, {IS(MOVED, D4), .department = "b"}},
     {IS(MOVED_BACK, D5), .department = "a"},
     "(stated) | open out 07-03 card in a of L"},
    {"moved back, not known: makes none",
     {{0}},
     {IS(MOVED_BACK, D4), .department = "a", .creates = true},
     "(person said); (stated) | none in a"},
    {"but holds when it comes",
     {{IS(MOVED_BACK, D4), .department = "a"}},
     {IS(OPENED, D3), .department = "b"},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card in a of L"},
    {"a stay made by a move never moves a beginning",
     {{IS(OPENED, D3)}},
     {IS(MOVED, D5), .opened = D1, .class_of = IN, .creates = true},
     "(stated) | open out 07-03 card of L"},
    {"of moves alone the oldest says when it began",
     {{IS(MOVED, D4), .creates = true}},
     {IS(MOVED, D3), .creates = true},
     "changed 2020-07-04 411002 h1 out card ffffff -> 2020-07-03 411002 h1 out card ffffff | implied out 07-03 "
     "card of L"},
    {"and an opening takes over",
     {{IS(MOVED, D4), .creates = true}},
     {SAY, "h1", "V1", D3, .said = OPENED, .local = "M", .class_of = IN},
     "changed 2020-07-04 411002 h1 out card ffffff -> 2020-07-03 411002 h1 in card ffffff | open in 07-03 card of "
     "M"},

    /* ends */
    {"end of an unknown visit", {{0}}, {IS(CLOSED, D4)}, "refused VISIT_UNKNOWN visit_number | unknown"},
    {"an end that may make it",
     {{0}},
     {IS(CLOSED, D4), .opened = D3, .creates = true, .class_of = IN},
     "appeared 2020-07-03 411002 h1 in card ffffff | implied in 07-03 card to 07-04 of L"},
    {"end", {{IS(OPENED, D3)}}, {IS(CLOSED, D4)}, "(closed) | open out 07-03 card to 07-04 of L"},
    {"end with a department",
     {{IS(OPENED, D3)}},
     {IS(CLOSED, D4), .department = "a"},
     "(stated) | open out 07-03 card to 07-04 in a of L"},
    {"reopened", {{IS(OPENED, D3)}, {IS(CLOSED, D4)}}, {IS(REOPENED, D5)}, "(stated) | open out 07-03 card of L"},
    {"reopened in the second of its end",
     {{IS(OPENED, D3)}, {IS(REOPENED, D4)}},
     {IS(CLOSED, D4)},
     "nothing | open out 07-03 card of L"},
    {"ended again",
     {{IS(OPENED, D3)}, {IS(REOPENED, D4)}},
     {IS(CLOSED, D5)},
     "(closed) | open out 07-03 card to 07-05 of L"},
    {"of one second the later end",
     {{IS(OPENED, D3)}, {IS(CLOSED, D5), .recorded = D6}},
     {IS(CLOSED, D4), .recorded = D6},
     "nothing | open out 07-03 card to 07-05 of L"},

    /* classes */
    {"class of an unknown visit",
     {{0}},
     {IS(CLASSED, D4), .class_of = IN},
     "refused VISIT_UNKNOWN visit_number | unknown"},
    {"a class change that may make it",
     {{0}},
     {IS(CLASSED, D4), .class_of = IN, .creates = true},
     "appeared 2020-07-04 411002 h1 in card ffffff | implied in 07-04 card of L"},
    {"class changed",
     {{IS(OPENED, D3)}},
     {IS(CLASSED, D4), .class_of = IN},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 in card ffffff | open in 07-03 card of "
     "L"},
    {"of one second a change holds",
     {{IS(CLASSED, D3), .class_of = IN, .creates = true}},
     {IS(OPENED, D3)},
     "(stated) | open in 07-03 card of L"},
    {"of two changes the greater",
     {{IS(OPENED, D3)}, {IS(CLASSED, D4), .class_of = IN}},
     {IS(CLASSED, D4), .class_of = EMER},
     "changed 2020-07-03 411002 h1 in card ffffff -> 2020-07-03 411002 h1 emer card ffffff | open emer 07-03 card "
     "of L"},
    {"but never a pre-admission",
     {{IS(OPENED, D3)}, {IS(CLASSED, D4), .class_of = IN}},
     {IS(CLASSED, D4), .class_of = PRE},
     "nothing | open in 07-03 card of L"},
    {"with a new number",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L", .class_of = EMER}},
     {IS(CLASSED, D4), .class_of = IN, .other = "V0"},
     "(numbered); changed 2020-07-03 411002 h1 emer card ffffff -> 2020-07-03 411002 h1 in card ffffff | open in "
     "07-03 card of L"},

    /* cancellations */
    {"never was",
     {{IS(OPENED, D3), .department = "a"}, {IS(CLOSED, D4)}},
     {IS(CANCELLED, D5)},
     "left 2020-07-03 411002 h1 out card ffffff | none"},
    {"cancelled before it came", {{IS(CANCELLED, D4)}}, {IS(OPENED, D3), .department = "a"}, "nothing | none"},
    {"opened since",
     {{IS(CANCELLED, D4)}},
     {IS(OPENED, D5)},
     "appeared 2020-07-05 411002 h1 out card ffffff | open out 07-05 card of L"},
    {"too old a cancellation",
     {{IS(OPENED, D3), .recorded = D5}},
     {IS(CANCELLED, D4)},
     "(cancelled) | open out 07-03 card of L"},
    {"one known by a move alone",
     {{IS(MOVED, D3), .creates = true}},
     {IS(CANCELLED, D4)},
     "left 2020-07-03 411002 h1 out card ffffff | none"},
    {"and no move revives it", {{IS(CANCELLED, D4)}}, {IS(MOVED, D5), .creates = true}, "nothing | none"},
    {"only an opening does",
     {{IS(CANCELLED, D4)}, {IS(MOVED, D6), .creates = true, .department = "a"}},
     {IS(OPENED, D5)},
     "appeared 2020-07-05 411002 h1 out card ffffff | open out 07-05 card in a of L"},
    {"a later end stays",
     {{IS(OPENED, D3)}, {IS(CLOSED, D5)}},
     {IS(CANCELLED, D4)},
     "left 2020-07-03 411002 h1 out card ffffff | none to 07-05"},

    /* movements */
    {"the opening of a movement taken back",
     {{IS(OPENED, D3), .movement = "m1"}},
     {IS(CANCELLED, D4), .movement = "m1"},
     "left 2020-07-03 411002 h1 out card ffffff | none out 07-03 card of L"},
    {"another movement",
     {{IS(OPENED, D3), .movement = "m1"}},
     {IS(CANCELLED, D4), .movement = "m2"},
     "(stated) | open out 07-03 card of L"},
    {"of two openings one",
     {{IS(OPENED, D3), .movement = "m1"}, {IS(OPENED, D4), .movement = "m2"}},
     {IS(CANCELLED, D5), .movement = "m2"},
     "(stated) | open out 07-04 card of L"},
    {"taken back before it came, whenever that was recorded",
     {{IS(CANCELLED, D3), .movement = "m1"}},
     {IS(OPENED, D5), .movement = "m1"},
     "(stated) | none out 07-05 card of L"},
    {"and again", {{IS(CANCELLED, D3), .movement = "m1"}}, {IS(CANCELLED, D4), .movement = "m1"}, "nothing | none"},
    {"a stay that was proven stays",
     {{IS(OPENED, D3), .movement = "m1"}, {IS(MOVED, D4), .creates = true}},
     {IS(CANCELLED, D5), .movement = "m1"},
     "(stated) | implied out 07-03 card of L"},

    /* to other persons and numbers */
    {"another person's",
     {{IS(OPENED, D3)}},
     {MOVE, "h1", "V1", D4, .local = "M"},
     "(moved) | open out 07-03 card of M"},
    {"with visits on both sides",
     {{IS(OPENED, D3)},
      {SAY, "h1", "V2", D3, .said = OPENED, .local = "L"},
      {SAY, "h1", "V3", D4, .said = OPENED, .local = "M"}},
     {MOVE, "h1", "V1", D4, .local = "M"},
     "corrected [0 day 2020-07-03 all +1] [411002 day 2020-07-03 all +1] [411002 h1 day 2020-07-03 all +1] [0 day "
     "2020-07-03 out +1] [411002 day 2020-07-03 out +1] [411002 h1 day 2020-07-03 out +1] | open out 07-03 card of "
     "M"},
    {"the same person's already",
     {{IS(OPENED, D3)}},
     {MOVE, "h1", "V1", D4, .local = "L"},
     "(moved) | open out 07-03 card of L"},
    {"before it came",
     {{MOVE, "h1", "V1", D4, .local = "M"}},
     {IS(OPENED, D3)},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card of M"},
    {"an older move",
     {{IS(OPENED, D3)}, {MOVE, "h1", "V1", D5, .local = "M"}},
     {MOVE, "h1", "V1", D4, .local = "L"},
     "nothing | open out 07-03 card of M"},
    {"moved, and an older opening comes",
     {{IS(OPENED, D3)}, {MOVE, "h1", "V1", D5, .local = "M"}},
     {SAY, "h1", "V1", D2, .said = OPENED, .rid = X},
     "(stated) | open out 07-03 card of M"},
    {"moved, then cancelled and opened again",
     {{IS(OPENED, D3)}, {MOVE, "h1", "V1", D4, .local = "M"}, {IS(CANCELLED, D5)}},
     {IS(OPENED, D6)},
     "appeared 2020-07-06 411002 h1 out card ffffff | open out 07-06 card of L"},
    {"neither number nor person",
     {{IS(OPENED, D3)}},
     {MOVE, "h1", "V1", .at = D4},
     "refused MISSING new_number | open out 07-03 card of L"},
    {"another number",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}},
     {MOVE, "h1", "V0", D4, .other = "V1"},
     "(numbered) | open out 07-03 card of L"},
    {"under which it goes on",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}, {MOVE, "h1", "V0", D4, .other = "V1"}},
     {IS(CLASSED, D5), .class_of = IN},
     "changed 2020-07-03 411002 h1 out card ffffff -> 2020-07-03 411002 h1 in card ffffff | open in 07-03 card of "
     "L"},
    {"and under the old one",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}, {MOVE, "h1", "V0", D4, .other = "V1"}},
     {SAY, "h1", "V0", D5, .said = CANCELLED},
     "left 2020-07-03 411002 h1 out card ffffff | none"},
    {"once more",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}, {MOVE, "h1", "V0", D4, .other = "V1"}},
     {MOVE, "h1", "V0", D5, .other = "V1"},
     "nothing | open out 07-03 card of L"},
    {"both not known, then opened under the old one",
     {{MOVE, "h1", "V0", D4, .other = "V1"}},
     {SAY, "h1", "V0", D3, .said = OPENED, .local = "L"},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card of L"},
    {"both were taken for visits: one leaves",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}, {SAY, "h1", "V1", D4, .said = OPENED, .local = "M"}},
     {MOVE, "h1", "V0", D5, .other = "V1"},
     "changed 2020-07-04 411002 h1 out card ffffff -> 2020-07-04 411002 h1 out card 030303; left 2020-07-03 411002 "
     "h1 out card 030303 | open out 07-04 card of L"},
    {"of a number that was given up already",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"},
      {MOVE, "h1", "V0", D4, .other = "V2"},
      {SAY, "h1", "V1", D4, .said = CANCELLED}},
     {MOVE, "h1", "V0", D5, .other = "V1"},
     "left 2020-07-03 411002 h1 out card ffffff; (numbered) | none"},
    {"person and number",
     {{SAY, "h1", "V0", D3, .said = OPENED, .local = "L"}},
     {MOVE, "h1", "V0", D4, .other = "V1", .local = "M"},
     "(moved); (numbered) | open out 07-03 card of M"},

    /* rescue circle */
    {"urban, 30 minutes",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T09:00", .arrived = "2020-07-03T09:30", .urban = true},
     "appeared 2020-07-03 411002 h1 emer card ffffff rescue 1 | open emer 07-03 card of L"},
    {"urban, 31 minutes",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T09:00", .arrived = "2020-07-03T09:31", .urban = true},
     "appeared 2020-07-03 411002 h1 emer card ffffff rescue 2 | open emer 07-03 card of L"},
    {"urban, later",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T07:00", .arrived = "2020-07-03T09:01", .urban = true},
     "appeared 2020-07-03 411002 h1 emer card ffffff rescue 3 | open emer 07-03 card of L"},
    {"rural, 120 minutes",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T07:00", .arrived = "2020-07-03T09:00"},
     "appeared 2020-07-03 411002 h1 emer card ffffff rescue 4 | open emer 07-03 card of L"},
    {"rural, later",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T07:00", .arrived = "2020-07-03T09:01"},
     "appeared 2020-07-03 411002 h1 emer card ffffff rescue 5 | open emer 07-03 card of L"},
    {"no emergency",
     {{0}},
     {IS(OPENED, D3), .called = "2020-07-03T07:00", .arrived = "2020-07-03T09:00"},
     "appeared 2020-07-03 411002 h1 out card ffffff | open out 07-03 card of L"},
    {"known later",
     {{IS(OPENED, D3), .class_of = EMER}},
     {IS(UPDATED, D4), .class_of = EMER, .called = "2020-07-03T07:00", .arrived = "2020-07-03T09:00"},
     "changed 2020-07-03 411002 h1 emer card ffffff -> 2020-07-03 411002 h1 emer card ffffff rescue 4 | open emer "
     "07-03 card of L"},
    {"only one of the times",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T07:00"},
     "appeared 2020-07-03 411002 h1 emer card ffffff warned BAD_TIME rescue | open emer 07-03 card of L"},
    {"arrived before the call",
     {{0}},
     {IS(OPENED, D3), .class_of = EMER, .called = "2020-07-03T09:00", .arrived = "2020-07-03T08:59"},
     "appeared 2020-07-03 411002 h1 emer card ffffff warned BAD_TIME rescue | open emer 07-03 card of L"},
};

static void register_facilities(struct fixture *fixture) {
    static const struct act acts[] = {{REGISTER, "h1", "First", .region = 411002},
                                      {REGISTER, "h2", "Second", .region = 411081}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct decision decision;
        fixture_act(fixture, &acts[i], &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

static bool check_case(const struct statement_case *c) {
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
    decision_text(&decision, &text);
    put_number(&text, &fixture.visits, "V1");
    const bool good = strcmp(text.bytes, c->want) == 0;
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

static void expect_visit(const struct fixture *fixture, const char *number, const char *want) {
    struct text text = {.size = 0};
    put_number(&text, &fixture->visits, number);
    assert_string_equal(text.bytes, want);
}

static void start(struct fixture *fixture, uint32_t persons_max, uint32_t visits_max) {
    fixture_init(fixture, persons_max, visits_max);
    register_facilities(fixture);
}

/* An opening recorded so many seconds after D3. */
static void open_at(struct fixture *fixture, const char *local, int seconds, struct decision *decision) {
    struct act_body body;
    const struct act act = {SAY, "h1", "V1", .said = OPENED, .local = local};
    const struct command command = act_command_at(&act, time_of(D3), time_of(D3) + seconds * 1000, &body);
    fixture_step(fixture, &command, decision);
}

/* A visit keeps few openings: of one person those between the others are dropped; of too many persons more are refused.
 */
static void many_openings(void **state) {
    (void)state;
    struct fixture f;
    struct decision decision;
    start(&f, 1000, 1000);
    for (int i = 0; i < 3 * VISIT_CLAIMS_MAX; i++) {
        open_at(&f, "L", i * 7 % (3 * VISIT_CLAIMS_MAX), &decision);
        assert_true(!decision.refused && decision.event_count == 1);
    }
    expect_visit(&f, "V1", " | open out 07-03 card of L");
    assert_true(f.visits.claims.count <= VISIT_CLAIMS_MAX + 2);
    for (int i = 0; i < 2 * VISIT_CLAIMS_MAX; i++) {
        open_at(&f, i % 2 == 0 ? "M" : "L", 1000 + i, &decision);
    }
    assert_true(decision.refused && decision.code == COMMON__V1__CODE__CODE_EXHAUSTED);
    expect_visit(&f, "V1", " | open out 07-03 card of L");
    fixture_release(&f);
}

/* Claims that a cancellation voids are used again: the table does not fill with what never was. */
static void claims_are_used_again(void **state) {
    (void)state;
    struct fixture f;
    struct decision decision;
    start(&f, 10, 8);
    for (int i = 0; i < 40; i++) {
        open_at(&f, "L", 10 * i + 1, &decision);
        assert_false(decision.refused);
        open_at(&f, "M", 10 * i + 2, &decision);
        assert_false(decision.refused);
        struct act_body body;
        const struct act act = {CANCEL, "h1", "V1", .at = D3};
        const struct command command = act_command_at(&act, time_of(D3), time_of(D3) + (10 * i + 3) * 1000, &body);
        fixture_step(&f, &command, &decision);
        assert_false(decision.refused);
    }
    assert_true(f.visits.claims.count <= 4);
    expect_visit(&f, "V1", " | none");
    fixture_release(&f);
}

static void full_tables(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 100, 3);
    f.visits.departments.rows_max = 1;
    f.visits.extras.rows_max = 1;
    EXPECT(&f, "appeared 2020-07-03 411002 h1 out card ffffff", IS(OPENED, D3), .department = "a");
    EXPECT(&f, "nothing", IS(MOVED, D4), .department = "b"); /* no room for another department: not kept */
    expect_visit(&f, "V1", " | open out 07-03 card in a of L");
    EXPECT(&f, "(stated)", IS(OPENED, D3), .recorded = D4);
    EXPECT(&f, "appeared 2020-07-04 411002 h1 out card 030303", SAY, "h1", "V2", D4, .said = OPENED, .local = "L");
    EXPECT(&f, "refused EXHAUSTED -", SAY, "h1", "V2", D4, .said = PRE_ADMITTED, .local = "L");
    EXPECT(&f, "refused EXHAUSTED moves", MOVE, "h1", "V2", D4, .local = "M");
    EXPECT(&f, "(numbered)", MOVE, "h1", "V2", D4, .other = "V3");
    EXPECT(&f, "refused EXHAUSTED moves", MOVE, "h1", "V2", D4, .other = "V4");
    EXPECT(&f, "refused EXHAUSTED -", IS(CLASSED, D4), .other = "V5");
    expect_visit(&f, "V3", " | open out 07-04 card of L");
    fixture_release(&f);
}

/* --- several moves in one command --- */

struct moves {
    Visits__V1__Command command;
    Visits__V1__MoveVisits body;
    Visits__V1__VisitMove rows[MOVES_MAX + 1];
    Visits__V1__VisitMove *list[MOVES_MAX + 1];
    Visits__V1__Identifiers persons[2];
    Visits__V1__LocalId ids[2];
    Visits__V1__LocalId *id_lists[2];
    char numbers[MOVES_MAX + 1][24];
    char others[MOVES_MAX + 1][24];
};

static void make_moves(struct moves *m, size_t count) {
    static const char *const locals[] = {"L", "M"};
    visits__v1__command__init(&m->command);
    visits__v1__move_visits__init(&m->body);
    m->command.body_case = VISITS__V1__COMMAND__BODY_MOVE_VISITS;
    m->command.move_visits = &m->body;
    m->body.n_moves = count;
    m->body.moves = m->list;
    for (size_t i = 0; i < 2; i++) {
        visits__v1__identifiers__init(&m->persons[i]);
        visits__v1__local_id__init(&m->ids[i]);
        m->ids[i].value = text_or_empty(locals[i]);
        m->id_lists[i] = &m->ids[i];
        m->persons[i].n_local_ids = 1;
        m->persons[i].local_ids = &m->id_lists[i];
    }
    for (size_t i = 0; i < count; i++) {
        visits__v1__visit_move__init(&m->rows[i]);
        snprintf(m->numbers[i], sizeof m->numbers[i], "V%zu", i);
        snprintf(m->others[i], sizeof m->others[i], "W%zu", i);
        m->rows[i].visit_number = m->numbers[i];
        m->list[i] = &m->rows[i];
    }
}

static const char *move_all(struct fixture *f, const struct moves *m, struct text *text) {
    struct decision decision;
    const struct command command = {.organisation = "h1",
                                    .role = ROLE_PUBLISHER,
                                    .principal = "test",
                                    .occurred_at_ms = time_of(D6),
                                    .received_at_ms = AS_RECEIVED_MS,
                                    .body = &m->command.base};
    fixture_step(f, &command, &decision);
    return decision_text(&decision, text);
}

static void open_some(struct fixture *f, const char *prefix, int count) {
    for (int i = 0; i < count; i++) {
        char number[16];
        struct decision decision;
        snprintf(number, sizeof number, "%s%d", prefix, i);
        fixture_act(f, &(struct act){OPEN, "h1", number, D3, .local = "L"}, &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

static void many_change_hands(void **state) {
    (void)state;
    static struct moves m;
    struct fixture f;
    struct text text;
    start(&f, 100, 100);
    open_some(&f, "V", MOVES_MAX);
    EXPECT(&f, "appeared 2020-07-04 411002 h1 out card ffffff", OPEN, "h1", "X", D4, .local = "M");
    make_moves(&m, MOVES_MAX);
    for (size_t i = 0; i < MOVES_MAX - 1; i++) {
        m.rows[i].person = &m.persons[1];
        m.rows[i].new_number = m.others[i];
    }
    m.rows[MOVES_MAX - 1].new_number = m.others[MOVES_MAX - 1]; /* L keeps one: of the day both are there now */
    assert_string_equal(move_all(&f, &m, &text),
                        "corrected [0 day 2020-07-03 all +1] [411002 day 2020-07-03 all +1] [411002 h1 day 2020-07-03 "
                        "all +1] [0 day 2020-07-03 out +1] [411002 day 2020-07-03 out +1] [411002 h1 day 2020-07-03 "
                        "out +1]; (numbered)");
    expect_visit(&f, "W0", " | open out 07-03 card of M");
    expect_visit(&f, "W15", " | open out 07-03 card of L");
    assert_string_equal(move_all(&f, &m, &text), "nothing");
    fixture_release(&f);
}

static void moves_that_are_refused(void **state) {
    (void)state;
    static struct moves m;
    struct fixture f;
    struct text text;
    start(&f, 100, 100);
    open_some(&f, "V", 3);
    open_some(&f, "W", 3);
    make_moves(&m, 0);
    assert_string_equal(move_all(&f, &m, &text), "refused MISSING moves");
    make_moves(&m, MOVES_MAX + 1);
    assert_string_equal(move_all(&f, &m, &text), "refused TOO_LARGE moves");
    make_moves(&m, 2); /* all or none: the second one is wrong */
    m.rows[0].person = &m.persons[1];
    m.numbers[1][0] = 0;
    m.rows[1].person = &m.persons[1];
    assert_string_equal(move_all(&f, &m, &text), "refused MISSING visit_number");
    make_moves(&m, 2);
    m.rows[0].person = &m.persons[0];
    m.rows[1].person = &m.persons[1];
    assert_string_equal(move_all(&f, &m, &text), "refused MALFORMED person");
    make_moves(&m, 2);
    m.rows[0].new_number = m.others[0];
    m.rows[1].new_number = m.others[0];
    assert_string_equal(move_all(&f, &m, &text), "refused MALFORMED moves");
    make_moves(&m,
               3); /* three pairs that all count, beside what is said of a person: more than the log takes at once */
    for (size_t i = 0; i < 3; i++) {
        m.rows[i].new_number = m.others[i];
        m.rows[i].person = &m.persons[1];
    }
    assert_string_equal(move_all(&f, &m, &text), "refused EXHAUSTED moves");
    for (size_t i = 0; i < 3; i++) {
        m.rows[i].person = NULL;
    }
    assert_string_equal(move_all(&f, &m, &text),
                        "left 2020-07-03 411002 h1 out card 000000; left 2020-07-03 411002 h1 out card 000000; left "
                        "2020-07-03 411002 h1 out card 000000");
    fixture_release(&f);
}

/* Paths from a number to its visit stay short, however the numbers were given up. */
static void chain_of_numbers(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 100, 1000);
    open_some(&f, "V", 100);
    for (int i = 0; i + 1 < 100; i++) {
        char number[16], other[16];
        struct decision decision;
        snprintf(number, sizeof number, "V%d", i);
        snprintf(other, sizeof other, "V%d", i + 1);
        fixture_act(&f, &(struct act){MOVE, "h1", number, D4, .other = other}, &decision);
        assert_false(decision.refused);
    }
    uint32_t live = 0;
    for (uint32_t i = 1; i <= f.visits.visits.count; i++) {
        const struct visit *visit = visits_visit(&f.visits, i);
        live += !(visit->flags & VISIT_IS_OTHER);
        assert_true(visit->rank <= 7);
    }
    assert_int_equal(live, 1);
    EXPECT(&f, "left 2020-07-03 411002 h1 out card ffffff", CANCEL, "h1", "V0", .at = D5);
    expect_visit(&f, "V99", " | none");
    fixture_release(&f);
}

/* --- events of older logs --- */

static void evolve(struct fixture *f, uint32_t type, const void *body, size_t size) {
    const struct event event = {.type = type, .seq = ++f->seq, .private_body = body, .private_size = size};
    visits_evolve(&f->visits, &event);
}

static struct key16 old_visit(const struct fixture *f, const char *number) {
    struct key16 key;
    pseudonym_of_visit(f->visits.local_key, "h1", number, &key);
    return key;
}

static struct key16 old_identity(const struct fixture *f, const char *rid) {
    char id[RESIDENT_ID_BYTES];
    struct key16 key;
    assert_true(resident_id_normalise(rid, id));
    pseudonym_of_resident_id(f->visits.options.pseudonym_key, id, &key);
    return key;
}

/* rid NULL: none. second: of a local id that has another identity. */
static void old_opened(struct fixture *f, const char *number, const char *rid, bool second, const char *recorded) {
    const uint32_t at = (uint32_t)(time_of(recorded) / 1000);
    struct event_visit_opened body = {.visit = old_visit(f, number),
                                      .opened_at = at,
                                      .open_recorded = at,
                                      .class_recorded = at,
                                      .facility = 1,
                                      .record_flags = (uint16_t)(RECORD_LOCAL | (second ? RECORD_SECOND : 0)),
                                      .visit_class = OUT,
                                      .visit_flags = VISIT_ONE_CARD};
    pseudonym_of_local_id(f->visits.local_key, "h1", "L", &body.record);
    if (rid != NULL) {
        body.identity = old_identity(f, rid);
        body.flags = OPENED_HAS_IDENTITY;
        memcpy(body.last4, rid + 14, 4);
    }
    if (second) {
        body.record = pseudonym_of_second(&body.record, &body.identity);
    }
    evolve(f, EVENT_VISIT_OPENED, &body, sizeof body);
}

static void old_changed(struct fixture *f, const char *number, const char *opened, const char *class_recorded) {
    const struct event_visit_changed body = {.visit = old_visit(f, number),
                                             .opened_at = (uint32_t)(time_of(opened) / 1000),
                                             .open_recorded = (uint32_t)(time_of(opened) / 1000),
                                             .class_recorded = (uint32_t)(time_of(class_recorded) / 1000),
                                             .visit_class = IN,
                                             .visit_flags = VISIT_ONE_CARD | VISIT_CLASS_CHANGED};
    evolve(f, EVENT_VISIT_CHANGED, &body, sizeof body);
}

static void old_closed(struct fixture *f, const char *number, const char *at) {
    const uint32_t s = (uint32_t)(time_of(at) / 1000);
    const struct event_visit_closed body = {.visit = old_visit(f, number), .closed_at = s, .end_recorded = s};
    evolve(f, EVENT_VISIT_CLOSED, &body, sizeof body);
}

static void old_cancelled(struct fixture *f, const char *number, const char *at) {
    const struct event_visit_cancelled body = {
        .visit = old_visit(f, number), .cancel_recorded = (uint32_t)(time_of(at) / 1000), .facility = 1};
    evolve(f, EVENT_VISIT_CANCELLED, &body, sizeof body);
}

static void old_linked(struct fixture *f, const char *rid) {
    struct event_records_linked body = {.identity = old_identity(f, rid), .facility = 1, .count = 1};
    memcpy(body.last4, rid + 14, 4);
    pseudonym_of_local_id(f->visits.local_key, "h1", "L", &body.records[0]);
    evolve(f, EVENT_RECORDS_LINKED, &body, sizeof body);
}

static void events_of_older_logs(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 100, 100);
    old_opened(&f, "V1", NULL, false, D3);
    expect_visit(&f, "V1", " | open out 07-03 card of L");
    EXPECT(&f, "nothing", OPEN, "h1", "V1", D3, .local = "L"); /* the same statement again */
    old_changed(&f, "V1", D3, D4);
    old_closed(&f, "V1", D5);
    expect_visit(&f, "V1", " | open in 07-03 card to 07-05 of L");
    EXPECT(&f, "nothing", CHANGE, "h1", "V1", D4, .class_of = IN);
    EXPECT(&f, "nothing", CLOSE, "h1", "V1", .at = D5);
    old_changed(&f, "V1", D4, D4); /* an opening recorded later, of another day */
    expect_visit(&f, "V1", " | open in 07-04 card to 07-05 of L");
    old_cancelled(&f, "V1", D3); /* of the first one alone */
    expect_visit(&f, "V1", " | open in 07-04 card to 07-05 of L");
    old_cancelled(&f, "V1", D5);
    expect_visit(&f, "V1", " | none");
    old_cancelled(&f, "V2", D3); /* before it came; and used again */
    old_changed(&f, "V2", D1, D4);
    expect_visit(&f, "V2", " | none in");
    old_opened(&f, "V2", NULL, false, D5);
    expect_visit(&f, "V2", " | open out 07-05 card of L");
    old_linked(&f, X);
    expect_visit(&f, "V2", " | open out 07-05 card of L/0014");
    EXPECT(&f, "appeared 2020-07-05 411002 h1 out card 000000", OPEN, "h1", "V3", D5, .rid = X);
    old_opened(&f, "V4", Y, true, D5);
    expect_visit(&f, "V4", " | open out 07-05 card of L/002X");
    expect_visit(&f, "V2", " | open out 07-05 card of L/0014");
    EXPECT(&f, "appeared 2020-07-05 411002 h1 out card 000000", OPEN, "h1", "V5", D5, .rid = Y);
    EXPECT(&f, "nothing", OPEN, "h1", "V4", D5, .rid = Y, .local = "L");
    fixture_release(&f);
}

/* --- what a publisher sees --- */

static const Visits__V1__VisitState *ask(struct fixture *f, const char *number, uint32_t *code) {
    static struct principal principal = {.role = ROLE_PUBLISHER, .organisation = "h1"};
    static Visits__V1__GetVisit get;
    static Visits__V1__Query query;
    struct decision audit = {.event_count = 0};
    const struct question question = {.principal = &principal, .body = &query.base};
    visits__v1__get_visit__init(&get);
    visits__v1__query__init(&query);
    get.visit_number = (char *)number;
    query.body_case = VISITS__V1__QUERY__BODY_GET_VISIT;
    query.get_visit = &get;
    *code = 0;
    const ProtobufCMessage *answer = visits_query(&f->visits, &question, &f->arena, &audit, code);
    return answer == NULL ? NULL : ((const Visits__V1__Answer *)answer)->visit;
}

static void answers(void **state) {
    (void)state;
    struct fixture f;
    struct decision decision;
    uint32_t code;
    start(&f, 10, 10);
    static const struct act acts[] = {
        {SAY, "h1", "V1", D3, .said = OPENED, .local = "L", .department = "surgery"},
        {SAY, "h1", "V2", D3, .said = PRE_ADMITTED, .local = "L"},
        {SAY, "h1", "V3", D3, .said = MOVED, .local = "L", .creates = true},
        {SAY, "h1", "V4", D3, .said = MOVED_BACK, .department = "surgery"},
        {SAY, "h1", "V5", D3, .said = OPENED, .local = "L", .movement = "m1"},
        {SAY, "h1", "V5", D3, .said = CANCELLED, .movement = "m1"},
        {SAY, "h1", "V6", D3, .said = PRE_CANCELLED},
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        fixture_act(&f, &acts[i], &decision);
        assert_false(decision.refused);
    }
    const Visits__V1__VisitState *visit = ask(&f, "V1", &code);
    assert_string_equal(visit->department, "surgery");
    assert_true(!visit->implied && !visit->pre_admission && !visit->cancelled && visit->version == 3);
    visit = ask(&f, "V2", &code);
    assert_true(visit->pre_admission && !visit->cancelled && visit->opened_at_ms == time_of(D3));
    visit = ask(&f, "V3", &code);
    assert_true(visit->implied && !visit->cancelled && !visit->pre_admission);
    assert_null(ask(&f, "V4", &code)); /* nobody said that there is such a visit */
    assert_int_equal(code, COMMON__V1__CODE__CODE_NOT_FOUND);
    assert_true(ask(&f, "V5", &code)->cancelled);
    assert_true(ask(&f, "V6", &code)->cancelled);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(many_openings),
        cmocka_unit_test(claims_are_used_again),
        cmocka_unit_test(full_tables),
        cmocka_unit_test(many_change_hands),
        cmocka_unit_test(moves_that_are_refused),
        cmocka_unit_test(chain_of_numbers),
        cmocka_unit_test(events_of_older_logs),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
