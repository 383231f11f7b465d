#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/issues_ways.h"

/* Enterprise issues: every triple of state, step and who acts; what each step asks for beside its state; contact rules.
 */

#define DAY "2020-06-01" /* a Monday; the next days are workdays */
#define LONG51 "012345678901234567890123456789012345678901234567890"
#define LONG100 LONG51 "0123456789012345678901234567890123456789012345678"
#define LONG501 LONG100 LONG100 LONG100 LONG100 LONG100 "0"

/* --- the state machine --- */

/* What the rules say, apart from the registry's own table. who: pairs of an actor (A applicant, W clerk, H handler, D
 * head, G leader, S supervisor) and what its organisation is to the issue (o sees all, l leads, p has a part, r
 * registered it, n nothing). from: letters of states. to 0: stays. */
struct sentence {
    int step;
    const char *who, *from;
    char to;
};
static const struct sentence sentences[] = {
    {ISSUE_STEP(SCREENED), "So Wo", "R", 'S'},
    {ISSUE_STEP(DUPLICATE), "So Wo", "RS", 'U'},
    {ISSUE_STEP(INVALID), "So Wo", "RS", 'I'},
    {ISSUE_STEP(DISPATCHED), "So", "SD", 'P'},
    {ISSUE_STEP(DISPUTED), "Hl Dl", "P", 'D'},
    {ISSUE_STEP(STARTED), "Hl Dl", "P", 'H'},
    {ISSUE_STEP(PART_DONE), "Hp Dp", "PH", 0},
    {ISSUE_STEP(EXTENSION_ASKED), "Hl Dl", "H", 0},
    {ISSUE_STEP(EXTENDED), "So", "H", 0},
    {ISSUE_STEP(ANSWERED), "Hl Dl", "H", 'A'},
    {ISSUE_STEP(CONFIRMED), "Ao Ar", "A", 'C'},
    {ISSUE_STEP(DISSATISFIED), "Ao Ar", "A", 'H'},
    {ISSUE_STEP(RESOLVED), "Hl Dl So", "C", 'V'},
    {ISSUE_STEP(SIGNED_OFF), "So", "V", 'F'},
    {ISSUE_STEP(RAISED), "So Go", "PDHA", 0},
    {ISSUE_STEP(LONG_TERM), "So Go", "PHA", 'L'},
    {ISSUE_STEP(RESUMED), "So", "L", 'H'},
    {ISSUE_STEP(TRANSFERRED), "So", "RSPDHACL", 'T'},
    {ISSUE_STEP(CANCELLED), "So Ao Ar", "RSPDHACL", 'X'},
    {ISSUE_STEP(COMMENTED), "So Go Ao Wo Al Wl Hl Dl Ap Wp Hp Dp Ar Wr Hr Dr", "RSPDHACVFLTXUI", 0},
    {ISSUE_STEP(DISPATCH_LATE), "", "RS", 0},
    {ISSUE_STEP(DISPUTE_LATE), "", "D", 0},
    {ISSUE_STEP(PART_LATE), "", "PH", 0},
    {ISSUE_STEP(WARNED), "", "PH", 0},
    {ISSUE_STEP(OVERDUE), "", "PH", 0},
    {ISSUE_STEP(SILENT), "", "A", 'V'},
    {ISSUE_STEP(REVIEW_DUE), "", "L", 0},
    {ISSUE_STEP(DUE_CHANGED), "", "RSPHA", 0},
};
#define SENTENCES (sizeof sentences / sizeof sentences[0])

static const char actor_letters[] = "?AWHDGS."; /* by Actor */

static bool says(const struct sentence *s, char actor, char relation) {
    const char who[] = {actor, relation, '\0'};
    return strstr(s->who, who) != NULL;
}

struct person {
    int actor;
    const char *org;
    char relation;
};
static const struct person persons[] = {
    {ACTOR(APPLICANT), "hall", 'o'},    {ACTOR(APPLICANT), "plan", 'l'}, {ACTOR(APPLICANT), "fire", 'p'},
    {ACTOR(APPLICANT), "water", 'r'},   {ACTOR(APPLICANT), "proc", 'n'}, {ACTOR(CLERK), "hall", 'o'},
    {ACTOR(CLERK), "plan", 'l'},        {ACTOR(CLERK), "fire", 'p'},     {ACTOR(CLERK), "water", 'r'},
    {ACTOR(CLERK), "proc", 'n'},        {ACTOR(HANDLER), "hall", 'n'},   {ACTOR(HANDLER), "plan", 'l'},
    {ACTOR(HANDLER), "fire", 'p'},      {ACTOR(HANDLER), "water", 'r'},  {ACTOR(HANDLER), "proc", 'n'},
    {ACTOR(HEAD), "hall", 'n'},         {ACTOR(HEAD), "plan", 'l'},      {ACTOR(HEAD), "fire", 'p'},
    {ACTOR(HEAD), "water", 'r'},        {ACTOR(HEAD), "proc", 'n'},      {ACTOR(LEADER), "government", 'o'},
    {ACTOR(SUPERVISOR), "bureau", 'o'},
};
#define PERSONS (sizeof persons / sizeof persons[0])

/* Before the first dispatch there is no lead and no part. */
static char relation_in(char state, const struct person *person) {
    return strchr("RSUI", state) != NULL && strchr("lp", person->relation) != NULL ? 'n' : person->relation;
}

static void try_step(struct office *office, const struct sentence *s, char state, const struct person *person,
                     unsigned counts[3]) {
    static unsigned number;
    char text[16];
    snprintf(text, sizeof text, "M%u", ++number);
    issue_lead_to(office, text, state, DAY, 0);
    if (s->step == ISSUE_STEP(EXTENDED) && state == 'H') {
        office_step(office, text, ISSUE_STEP(EXTENSION_ASKED), DAY "T09:30");
    } else if (s->step == ISSUE_STEP(ANSWERED) && state == 'H') {
        office_step(office, text, ISSUE_STEP(PART_DONE), DAY "T09:30");
    }
    const struct issue before = *office_row(office, text);
    const uint64_t seq = office->seq;
    const bool is_actor = says(s, actor_letters[person->actor], relation_in(state, person));
    const bool is_right = is_actor && strchr(s->from, state) != NULL;
    const struct issue_act act = {.step = s->step,
                                  .number = text,
                                  .actor = person->actor,
                                  .org = person->org,
                                  .duplicate_of = "BASE",
                                  .at = DAY "T10:00"};
    const bool is_taken = office_issue(office, &act);
    if (is_taken != is_right) {
        fail_msg("step %d by %c%c in %c: %s %u", s->step, actor_letters[person->actor], person->relation, state,
                 is_taken ? "taken" : "refused", office->decision.code);
    }
    if (is_taken) {
        assert_int_equal(issue_letters[office_row(office, text)->state], s->to == 0 ? state : s->to);
        assert_int_equal(office_row(office, text)->last_seq, office->seq);
        counts[0]++;
        return;
    }
    assert_int_equal(office->decision.code, is_actor ? REFUSAL(WRONG_ORDER) : REFUSAL(WRONG_ACTOR));
    assert_memory_equal(&before, office_row(office, text), sizeof before);
    assert_int_equal(office->seq, seq);
    counts[is_actor ? 1 : 2]++;
}

static void every_state_step_and_person(void **state) {
    (void)state;
    struct office office;
    unsigned counts[3] = {0};
    office_init(&office, 20000);
    office_begin(&office, "2020-06-01");
    office_step(&office, "BASE", ISSUE_STEP(REGISTERED), DAY "T08:00");
    for (size_t i = 0; i < SENTENCES; i++) {
        for (const char *from = issue_letters + 1; *from != '\0'; from++) {
            for (size_t p = 0; p < PERSONS; p++) {
                try_step(&office, &sentences[i], *from, &persons[p], counts);
            }
        }
    }
    assert_int_equal(counts[0] + counts[1] + counts[2], SENTENCES * 14 * PERSONS);
    assert_true(counts[0] > 250 && counts[1] > 350 && counts[2] > 7500);
    assert_true(office_folds(&office));
    office_release(&office);
}

static bool has_letters(const char *letters, unsigned bits) {
    unsigned said = 0;
    for (const char *at = letters; *at != '\0'; at++) {
        said |= 1u << (strchr(issue_letters, *at) - issue_letters);
    }
    return said == bits;
}

/* The registry's table has no row that no sentence says; those of the system are walked by no person. */
static void every_row_has_its_sentence(void **state) {
    (void)state;
    size_t count;
    const struct issue_step *rows = issue_step_rows(&count);
    for (size_t i = 1; i < count; i++) { /* the first one is the registration */
        size_t s = 0;
        while (s < SENTENCES && sentences[s].step != rows[i].step) {
            s++;
        }
        assert_true(s < SENTENCES && rows[i].step >= rows[i - 1].step);
        assert_true(has_letters(sentences[s].from, rows[i].from));
        assert_int_equal(rows[i].after,
                         sentences[s].to == 0 ? 0 : strchr(issue_letters, sentences[s].to) - issue_letters);
        assert_int_equal(rows[i].actors == ROLES_ACTOR(SYSTEM), sentences[s].who[0] == '\0');
    }
}

/* --- what a command has to hold --- */

/* What is tried on an issue in a state: refused with this code, for this field (NULL: none is named). */
struct guard {
    char state; /* of the issue "Q" at 10:00 */
    struct issue_act act;
    uint32_t code;
    const char *field;
};

static void try_guard(const struct guard *guard, size_t number) {
    struct office office;
    struct issue_act act = guard->act;
    office_init(&office, 100);
    office_begin(&office, "2020-06-01");
    office_step(&office, "BASE", ISSUE_STEP(REGISTERED), DAY "T08:00");
    issue_lead_to(&office, "DUP", 'U', DAY, 0);
    issue_lead_to(&office, "INV", 'I', DAY, 0);
    if (guard->state != '-') {
        issue_lead_to(&office, "Q", guard->state, DAY, 0);
    }
    act.number = act.number == NULL ? "Q" : act.number;
    act.at = act.at == NULL ? DAY "T10:00" : act.at;
    const uint64_t seq = office.seq;
    const bool is_taken = office_issue(&office, &act);
    const char *field = office.decision.field == NULL ? "" : office.decision.field;
    if (is_taken || office.decision.code != guard->code ||
        strcmp(field, guard->field == NULL ? "" : guard->field) != 0) {
        fail_msg("guard %zu (step %d): %s %u of %s, not %u of %s", number, act.step, is_taken ? "taken" : "refused",
                 office.decision.code, field, guard->code, guard->field);
    }
    assert_int_equal(office.seq, seq);
    office_release(&office);
}

static void every_guard_has_its_code(void **state) {
    (void)state;
    const struct guard guards[] = {
        /* of any step */
        {'R', {.step = 0, .actor = ACTOR(CLERK)}, COMMON_REFUSAL(MISSING), "step"},
        {'R', {.step = 2, .actor = -1}, COMMON_REFUSAL(MISSING), "actor"},
        {'R', {.step = 2, .number = NOTHING}, COMMON_REFUSAL(MISSING), "issue_number"},
        {'R', {.step = 2, .number = LONG51}, REFUSAL(FIELD_TOO_LONG), "issue_number"},
        {'R', {.step = 2, .number = "Q9"}, REFUSAL(RECORD_UNKNOWN), "issue_number"},
        {'R', {.step = 2, .reason = LONG501}, REFUSAL(FIELD_TOO_LONG), "reason"},
        {'H', {.step = 19, .receipt = LONG100 "0"}, REFUSAL(FIELD_TOO_LONG), "receipt"},
        {'R', {.step = 2, .actor = ACTOR(CLERK), .org = "nobody"}, REFUSAL(AGENCY_UNKNOWN), NULL},
        {'R', {.step = 2, .actor = ACTOR(SUPERVISOR), .role = ROLE_LEADER}, REFUSAL(WRONG_ACTOR), "actor"},
        {'R', {.step = 2, .actor = ACTOR(SYSTEM), .role = ROLE_SUPERVISOR}, REFUSAL(WRONG_ACTOR), "actor"},
        {'R', {.step = 110, .actor = ACTOR(SYSTEM), .role = ROLE_PUBLISHER}, REFUSAL(WRONG_ACTOR), "actor"},
        {'R', {.step = 2, .expected = 1}, COMMON_REFUSAL(STALE_VERSION), "expected_version"},
        {'R', {.step = 2, .at = DAY "T08:59:59"}, REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms"},
        {'V', {.step = 21, .at = DAY "T09:06:59"}, REFUSAL(BEFORE_LAST_STEP), "occurred_at_ms"},
        /* what steps need */
        {'R', {.step = 2, .class = -1}, COMMON_REFUSAL(MISSING), "class"},
        {'R', {.step = 3, .duplicate_of = "BASE", .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'R', {.step = 3}, COMMON_REFUSAL(MISSING), "duplicate_of"},
        {'R', {.step = 4, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'S', {.step = 5, .lead = NOTHING}, COMMON_REFUSAL(MISSING), "lead"},
        {'P', {.step = 6, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 9, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 10, .extension = UINT32_MAX}, COMMON_REFUSAL(MISSING), "extension"},
        {'H', {.step = 11, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'A', {.step = 13, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 16, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 17, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 17, .until = NOTHING}, COMMON_REFUSAL(MISSING), "until_day"},
        {'H', {.step = 19, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'H', {.step = 19, .target = -1}, COMMON_REFUSAL(MISSING), "target"},
        {'H', {.step = 19, .receipt = NOTHING}, COMMON_REFUSAL(MISSING), "receipt"},
        {'H', {.step = 20, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        {'F', {.step = 21, .reason = NOTHING}, COMMON_REFUSAL(MISSING), "reason"},
        /* duplicates */
        {'S', {.step = 3, .duplicate_of = "Q9"}, REFUSAL(RECORD_UNKNOWN), "duplicate_of"},
        {'S', {.step = 3, .duplicate_of = LONG51}, REFUSAL(FIELD_TOO_LONG), "duplicate_of"},
        {'S', {.step = 3, .duplicate_of = "Q"}, REFUSAL(DUPLICATE_NOT_ALLOWED), "duplicate_of"},
        {'S', {.step = 3, .duplicate_of = "DUP"}, REFUSAL(DUPLICATE_NOT_ALLOWED), "duplicate_of"},
        {'S', {.step = 3, .duplicate_of = "INV"}, REFUSAL(DUPLICATE_NOT_ALLOWED), "duplicate_of"},
        /* dispatch */
        {'S', {.step = 5, .lead = "nobody"}, REFUSAL(AGENCY_UNKNOWN), "lead"},
        {'S', {.step = 5, .parts = {"fire", "nobody"}}, REFUSAL(AGENCY_UNKNOWN), "cooperating"},
        {'S', {.step = 5, .parts = {"fire", "plan"}}, COMMON_REFUSAL(MALFORMED), "cooperating"},
        {'S', {.step = 5, .parts = {"fire", "water", "fire"}}, COMMON_REFUSAL(MALFORMED), "cooperating"},
        {'S', {.step = 5, .parts = {"a", "b", "c", "d", "e", "f", "g", "h"}}, COMMON_REFUSAL(TOO_LARGE), "cooperating"},
        {'S', {.step = 5, .at = "2020-12-30T10:00"}, REFUSAL(CALENDAR_HORIZON), "occurred_at_ms"},
        {'S', {.step = 5, .at = "2020-12-30T10:00", .parts = {"fire"}}, REFUSAL(CALENDAR_HORIZON), "occurred_at_ms"},
        {'P', {.step = 6, .at = "2020-06-03T00:00"}, REFUSAL(DISPUTE_NOT_ALLOWED), "occurred_at_ms"},
        /* handling */
        {'H', {.step = 10}, REFUSAL(EXTENSION_NOT_ALLOWED), "step"},
        {'H', {.step = 9, .at = "2020-06-22T00:00"}, REFUSAL(EXTENSION_NOT_ALLOWED), "occurred_at_ms"},
        {'H', {.step = 11}, REFUSAL(PART_NOT_DONE), "step"},
        {'H', {.step = 17, .until = "2020-05-31"}, COMMON_REFUSAL(BAD_TIME), "until_day"},
        {'H', {.step = 17, .until = "2120-01-01"}, COMMON_REFUSAL(BAD_TIME), "until_day"},
        {'A', {.step = 13, .at = "2020-12-20T10:00"}, REFUSAL(WRONG_ORDER), "occurred_at_ms"},
        {'L', {.step = 18, .at = "2020-12-20T10:00"}, REFUSAL(CALENDAR_HORIZON), "occurred_at_ms"},
        /* sign-off: the office's own key is of the unit that leads, or has a part */
        {'V', {.step = 15, .org = "plan", .actor = ACTOR(SUPERVISOR)}, REFUSAL(SAME_PERSON), "actor"},
        {'V', {.step = 15, .org = "fire", .actor = ACTOR(SUPERVISOR)}, REFUSAL(SAME_PERSON), "actor"},
        /* registration */
        {'R', {.step = 1}, REFUSAL(RECORD_EXISTS), "issue_number"},
        {'-', {.step = 1, .actor = ACTOR(HEAD), .org = "plan"}, REFUSAL(WRONG_ACTOR), "actor"},
        {'-', {.step = 1, .actor = ACTOR(LEADER)}, REFUSAL(WRONG_ACTOR), "actor"},
        {'-', {.step = 1, .org = "nobody"}, REFUSAL(AGENCY_UNKNOWN), NULL},
        {'-', {.step = 1, .expected = 5}, COMMON_REFUSAL(STALE_VERSION), "expected_version"},
        {'-', {.step = 1, .no_registration = true}, COMMON_REFUSAL(MISSING), "registration"},
        {'-', {.step = 1, .credit_code = NOTHING}, COMMON_REFUSAL(MISSING), "registration.credit_code"},
        {'-',
         {.step = 1, .credit_code = "11411000005747138C"},
         REFUSAL(CREDIT_CODE_INVALID),
         "registration.credit_code"},
        {'-', {.step = 1, .region = 411003 + 96}, REFUSAL(REGION_UNKNOWN), "registration.region"},
        {'-', {.step = 1, .region = 411023}, REFUSAL(REGION_UNKNOWN), "registration.region"}, /* of long ago */
        {'-', {.step = 1, .region = 110101}, REFUSAL(REGION_UNKNOWN), "registration.region"},
        {'-', {.step = 1, .title = NOTHING}, COMMON_REFUSAL(MISSING), "registration.title"},
        {'-', {.step = 1, .title = LONG100 LONG100 "0"}, REFUSAL(FIELD_TOO_LONG), "registration.title"},
        {'-', {.step = 1, .topic = -1}, COMMON_REFUSAL(MISSING), "registration.topic"},
        {'-', {.step = 1, .item = LONG51}, REFUSAL(FIELD_TOO_LONG), "registration.item_code"},
        {'-', {.step = 1, .task = LONG51}, REFUSAL(FIELD_TOO_LONG), "registration.task_number"},
        {'-', {.step = 1, .rules = {"P01"}}, REFUSAL(CONTACT_RULE_UNKNOWN), "registration.rules"},
        {'-',
         {.step = 1, .rules = {"1", "2", "3", "4", "5", "6", "7", "8", "9"}},
         COMMON_REFUSAL(TOO_LARGE),
         "registration.rules"},
    };
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        try_guard(&guards[i], i);
    }
}

/* --- who is the same person --- */

static void who_answered_never_signs_off(void **state) {
    (void)state;
    struct office office;
    office_init(&office, 10);
    office_begin(&office, "2020-06-01");
    issue_lead_to(&office, "Q", 'V', DAY, 0);
    char handler[32], supervisor[32];
    snprintf(handler, sizeof handler, "plan/%u", (unsigned)ROLE_HANDLER);
    snprintf(supervisor, sizeof supervisor, "bureau/%u", (unsigned)ROLE_SUPERVISOR);
    assert_int_equal(office_row(&office, "Q")->answered_by, issues_principal(handler));
    office_row(&office, "Q")->answered_by = issues_principal(supervisor); /* as if one person had both keys */
    assert_false(office_issue(&office, &(struct issue_act){.step = 15, .number = "Q", .at = DAY "T10:00"}));
    assert_int_equal(office.decision.code, REFUSAL(SAME_PERSON));
    assert_true(office_issue(
        &office, &(struct issue_act){.step = 15, .number = "Q", .org = "other-office", .at = DAY "T10:00"}));
    office_release(&office);
}

/* The unit's own program speaks for applicants too: of the issue that it leads it may not, though it registered it. */
static void the_lead_never_speaks_for_the_enterprise(void **state) {
    (void)state;
    static const int steps[] = {ISSUE_STEP(CONFIRMED), ISSUE_STEP(DISSATISFIED), ISSUE_STEP(CANCELLED)};
    struct office office;
    office_init(&office, 10);
    office_begin(&office, "2020-06-01");
    for (size_t i = 0; i < 3; i++) {
        char number[8];
        snprintf(number, sizeof number, "Q%zu", i);
        struct issue_act act = {.step = 1, .number = number, .org = "plan", .role = ROLE_PUBLISHER, .at = DAY "T09:00"};
        assert_true(office_issue(&office, &act));
        office_step(&office, number, ISSUE_STEP(SCREENED), DAY "T09:01");
        office_step(&office, number, ISSUE_STEP(DISPATCHED), DAY "T09:02");
        office_step(&office, number, ISSUE_STEP(STARTED), DAY "T09:03");
        office_step(&office, number, ISSUE_STEP(ANSWERED), DAY "T09:04");
        act.step = steps[i];
        act.actor = ACTOR(APPLICANT);
        act.at = DAY "T09:05";
        assert_false(office_issue(&office, &act));
        assert_int_equal(office.decision.code, REFUSAL(WRONG_ACTOR));
        act.org = "hall";
        act.role = ROLE_CLERK;
        assert_true(office_issue(&office, &act));
    }
    office_release(&office);
}

/* --- disputes, parts, levels --- */

static void a_dispute_comes_once(void **state) {
    (void)state;
    static const char *const decided_for[] = {"plan", "water"};
    struct office office;
    office_init(&office, 10);
    office_begin(&office, "2020-06-01");
    for (size_t i = 0; i < 2; i++) {
        const char *number = decided_for[i], *lead = decided_for[i];
        issue_lead_to(&office, number, 'D', DAY, 0);
        assert_int_equal(office_row(&office, number)->until_day, office_day(DAY));
        assert_true(
            office_issue(&office, &(struct issue_act){.step = 5, .number = number, .lead = lead, .at = DAY "T10:00"}));
        const struct issue *row = office_row(&office, number);
        assert_int_equal((row->flags & ISSUE_FINAL) != 0, i == 0);
        assert_int_equal(row->first_part, 0); /* a new dispatch names its parts anew */
        assert_int_equal(row->due, office_day("2020-06-22"));
        assert_int_equal(row->until_day, 0);
        assert_false(
            office_issue(&office, &(struct issue_act){.step = 6, .number = number, .org = lead, .at = DAY "T11:00"}));
        assert_int_equal(office.decision.code, REFUSAL(DISPUTE_NOT_ALLOWED));
        assert_string_equal(office.decision.field, "step");
        assert_true(
            office_issue(&office, &(struct issue_act){.step = 7, .number = number, .org = lead, .at = DAY "T12:00"}));
    }
    assert_true(office_folds(&office));
    office_release(&office);
}

static void each_part_is_done_once(void **state) {
    (void)state;
    struct office office;
    office_init(&office, 10);
    office_begin(&office, "2020-06-01");
    office_step(&office, "Q", ISSUE_STEP(REGISTERED), DAY "T09:00");
    office_step(&office, "Q", ISSUE_STEP(SCREENED), DAY "T09:01");
    assert_true(office_issue(
        &office,
        &(struct issue_act){.step = 5, .number = "Q", .parts = {"water", "fire", "proc"}, .at = DAY "T09:02"}));
    const char *const order[] = {"water", "fire", "proc"};
    uint32_t part = office_row(&office, "Q")->first_part;
    for (size_t i = 0; i < 3; i++, part = issues_part(&office.issues, part)->next) {
        assert_string_equal(issues_agency(&office.issues, issues_part(&office.issues, part)->agency)->code, order[i]);
        assert_int_equal(issues_part(&office.issues, part)->due, office_day("2020-06-04"));
    }
    assert_int_equal(part, 0);
    office_step(&office, "Q", ISSUE_STEP(STARTED), DAY "T09:03");
    for (size_t i = 0; i < 3; i++) {
        const struct issue_act done = {.step = 8, .number = "Q", .org = order[i], .at = DAY "T10:00"};
        assert_false(office_issue(&office, &(struct issue_act){.step = 11, .number = "Q", .at = DAY "T10:00"}));
        assert_int_equal(office.decision.code, REFUSAL(PART_NOT_DONE));
        assert_true(office_issue(&office, &done));
        assert_false(office_issue(&office, &done));
        assert_int_equal(office.decision.code, REFUSAL(WRONG_ORDER));
    }
    office_step(&office, "Q", ISSUE_STEP(ANSWERED), DAY "T11:00");
    office_step(&office, "Q", ISSUE_STEP(DISSATISFIED), DAY "T11:01");
    office_step(&office, "Q", ISSUE_STEP(ANSWERED), DAY "T11:02"); /* parts stay done */
    assert_true(office_folds(&office));
    office_release(&office);
}

static void the_third_round_goes_up_a_level(void **state) {
    (void)state;
    static const struct {
        unsigned round, level;
        bool is_raised;
    } rounds[] = {{2, 1, false}, {3, 2, true}, {4, 3, true}, {5, 4, true}, {6, 4, false}, {7, 4, false}};
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'A', DAY, 0);
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        office_step(&diary.office, "Q", ISSUE_STEP(DISSATISFIED), DAY "T10:00");
        assert_int_equal(office_row(&diary.office, "Q")->round, rounds[i].round);
        assert_int_equal(office_row(&diary.office, "Q")->level, rounds[i].level);
        assert_int_equal(diary.moved.raised, rounds[i].is_raised);
        office_step(&diary.office, "Q", ISSUE_STEP(ANSWERED), DAY "T10:00");
    }
    assert_false(office_issue(&diary.office, &(struct issue_act){.step = 16, .number = "Q", .at = DAY "T10:00"}));
    assert_int_equal(diary.office.decision.code, REFUSAL(WRONG_ORDER)); /* nobody is above the mayor */
    diary_end(&diary);
}

static void raised_by_hand(void **state) {
    (void)state;
    struct diary diary;
    diary_begin(&diary, "2020-06-01");
    issue_lead_to(&diary.office, "Q", 'H', DAY, 0);
    for (unsigned level = 2; level <= 4; level++) {
        office_step(&diary.office, "Q", ISSUE_STEP(RAISED), DAY "T10:00");
        assert_int_equal(office_row(&diary.office, "Q")->level, level);
        assert_true(diary.moved.raised);
    }
    assert_false(office_issue(&diary.office, &(struct issue_act){.step = 16, .number = "Q", .at = DAY "T10:00"}));
    diary_end(&diary);
}

/* --- registration, and what it is about --- */

static void an_issue_counts_for_what_it_is_about(void **state) {
    (void)state;
    struct diary diary;
    struct office *office = &diary.office;
    diary_begin(&diary, "2020-06-01");
    assert_true(office_contact_rule(office, "P01", false, "may visit", false, "2020-01-02T09:00"));
    assert_true(office_contact_rule(office, "N01", true, "must not dine", false, "2020-01-02T09:00"));
    const struct issue_act acts[] = {
        {.step = 1, .number = "Q1", .at = DAY "T09:00", .item = "X1", .task = "X1", .rules = {"N01", "P01"}},
        {.step = 1, .number = "Q2", .at = DAY "T09:00", .item = "X1", .rules = {"N01"}},
        {.step = 1, .number = "Q3", .at = DAY "T09:00", .task = "X1"},
    };
    for (size_t i = 0; i < 3; i++) {
        assert_true(office_issue(office, &acts[i]));
        assert_int_equal(diary.moved.n_rules, i == 0 ? 2 : i == 1 ? 1 : 0);
        assert_int_equal(office_row(office, acts[i].number)->until_day, office_day("2020-06-04"));
    }
    const struct issues *self = &office->issues;
    const struct about *item = issues_about(self, issues_find_about(self, false, "X1"));
    const struct about *task = issues_about(self, issues_find_about(self, true, "X1"));
    assert_int_equal(self->abouts.count, 2);
    assert_int_equal(item->issues, 2);
    assert_int_equal(task->open, 2);
    assert_int_equal(issues_contact_rule(self, issues_find_contact_rule(self, "N01"))->cited, 2);
    assert_int_equal(issues_contact_rule(self, issues_find_contact_rule(self, "P01"))->cited, 1);
    assert_true(
        office_issue(office, &(struct issue_act){.step = 3, .number = "Q1", .duplicate_of = "Q2", .at = DAY "T10:00"}));
    assert_int_equal(office_row(office, "Q1")->duplicate_of, 2);
    assert_int_equal(item->open, 1);
    assert_int_equal(task->open, 1);
    assert_int_equal(task->issues, 2);
    /* each once */
    const struct issue_act twice = {.step = 1, .number = "Q4", .at = DAY "T09:00", .rules = {"N01", "N01"}};
    assert_false(office_issue(office, &twice));
    assert_int_equal(office->decision.code, COMMON_REFUSAL(MALFORMED));
    /* a withdrawn one is in force for nobody */
    assert_true(office_contact_rule(office, "N01", true, "", true, DAY "T11:00"));
    const struct issue_act cites = {.step = 1, .number = "Q4", .at = DAY "T12:00", .rules = {"N01"}};
    assert_false(office_issue(office, &cites));
    assert_int_equal(office->decision.code, REFUSAL(CONTACT_RULE_UNKNOWN));
    diary_end(&diary);
}

static void an_old_credit_code_is_taken_with_a_warning(void **state) {
    (void)state;
    struct office office;
    char code[CREDIT_CODE_BYTES] = "", text[32];
    office_init(&office, 10);
    office_begin(&office, "2020-06-01");
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (size_t i = 0; code[0] == '\0' && i < 31 * 11; i++) { /* right in itself, its inner code not */
        snprintf(text, sizeof text, "9141100012345678%c%c", "0123456789X"[i % 11], alphabet[i / 11]);
        if (credit_code_normalise(text, code) != CREDIT_CODE_ODD_ORGANISATION) {
            code[0] = '\0';
        }
    }
    assert_true(code[0] != '\0');
    assert_true(
        office_issue(&office, &(struct issue_act){.step = 1, .number = "Q", .credit_code = code, .at = DAY "T09:00"}));
    assert_int_equal(office.decision.code, REFUSAL(CREDIT_CODE_INVALID));
    assert_string_equal(office.decision.field, "registration.credit_code");
    assert_memory_equal(office_row(&office, "Q")->credit_code, code, 18);
    office_release(&office);
}

static void full_tables_refuse(void **state) {
    (void)state;
    struct office office;
    office_init(&office, 2);
    office_begin(&office, "2020-06-01");
    issue_lead_to(&office, "Q1", 'D', DAY, 0); /* a part of four is taken */
    issue_lead_to(&office, "Q2", 'S', DAY, 0);
    assert_false(office_issue(&office, &(struct issue_act){.step = 1, .number = "Q3", .at = DAY "T09:00"}));
    assert_int_equal(office.decision.code, COMMON_REFUSAL(EXHAUSTED));
    struct issue_act act = {.step = 5, .number = "Q1", .parts = {"fire", "water", "hall", "proc"}, .at = DAY "T10:00"};
    assert_false(office_issue(&office, &act));
    assert_int_equal(office.decision.code, COMMON_REFUSAL(EXHAUSTED));
    act.parts[3] = NULL;
    assert_true(office_issue(&office, &act));
    office_release(&office);
}

/* --- the feed --- */

/* Every step but a comment and a question for an extension; nothing in it that names the issue or the enterprise. */
static void what_the_feed_says(void **state) {
    (void)state;
    static const struct {
        int step;
        const char *agency; /* NULL: not in the feed */
    } steps[] = {{1, ""},      {21, NULL},   {2, ""},      {21, NULL},   {5, "plan"},  {7, "plan"},  {9, NULL},
                 {10, "plan"}, {11, "plan"}, {13, "plan"}, {11, "plan"}, {12, "plan"}, {14, "plan"}, {15, "plan"}};
    struct diary diary;
    char credit_code[CREDIT_CODE_BYTES];
    office_credit_code(900, credit_code);
    diary_begin(&diary, "2020-06-01");
    const char *const secrets[] = {"QY-SECRET", credit_code, "a road is closed", "a reason", "hall"};
    memcpy(diary.secrets, secrets, sizeof secrets);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const uint64_t before = diary.office.public_count[ISSUES__V1__EVENT__BODY_ISSUE_MOVED];
        const unsigned state_before = office_row(&diary.office, "QY-SECRET")->state;
        office_step(&diary.office, "QY-SECRET", steps[i].step, DAY "T10:00");
        assert_int_equal(diary.office.public_count[ISSUES__V1__EVENT__BODY_ISSUE_MOVED] - before,
                         steps[i].agency != NULL);
        if (steps[i].agency != NULL) {
            assert_int_equal(diary.moved.step, steps[i].step);
            assert_int_equal(diary.moved.before, state_before);
            assert_int_equal(diary.moved.after, office_row(&diary.office, "QY-SECRET")->state);
            assert_int_equal(diary.moved.day, office_day(DAY));
            assert_string_equal(diary.agency, steps[i].agency);
            assert_int_equal(diary.moved.closing != NULL, steps[i].step == 14);
        }
    }
    diary_end(&diary);
}

/* --- contact rules --- */

static void contact_rules(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        bool is_negative;
        const char *text;
        bool is_withdrawn;
        int events;
        uint32_t code;
        const char *field;
    } tries[] = {
        {"", false, "text", false, 0, COMMON_REFUSAL(MISSING), "rule"},
        {"P0123456789012345", false, "text", false, 0, REFUSAL(FIELD_TOO_LONG), "rule"},
        {"P01", false, "", false, 0, COMMON_REFUSAL(MISSING), "text"},
        {"P01", false, LONG501, false, 0, REFUSAL(FIELD_TOO_LONG), "text"},
        {"P01", false, "text", true, 0, REFUSAL(CONTACT_RULE_UNKNOWN), "rule"},
        {"P01", false, "text", false, 1, 0, NULL},
        {"P01", false, "text", false, 0, 0, NULL},                               /* the same again */
        {"P01", false, "other", false, 1, 0, NULL},                              /* another text */
        {"P01", true, "other", false, 0, COMMON_REFUSAL(MALFORMED), "negative"}, /* a rule keeps its list */
        {"P01", false, "", true, 1, 0, NULL},                                    /* out of force */
        {"P01", false, "", true, 0, 0, NULL},                                    /* it was */
        {"P01", false, "other", false, 1, 0, NULL},                              /* and back */
        {"N01", true, "text", false, 1, 0, NULL},
    };
    static const int changes[] = {1, 0, -1, 1, 1};
    struct diary diary;
    size_t change = 0;
    diary_begin(&diary, "2020-06-01");
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        const uint64_t seq = diary.office.seq;
        const bool is_taken = office_contact_rule(&diary.office, tries[i].rule, tries[i].is_negative, tries[i].text,
                                                  tries[i].is_withdrawn, DAY "T09:00");
        assert_int_equal(is_taken, tries[i].code == 0);
        assert_int_equal(diary.office.decision.code, tries[i].code);
        assert_int_equal(diary.office.seq - seq, tries[i].events);
        if (!is_taken) {
            assert_string_equal(diary.office.decision.field, tries[i].field);
        } else if (tries[i].events > 0) {
            const Issues__V1__Event *event = (const Issues__V1__Event *)diary.office.decision.events[0].public_body;
            assert_int_equal(event->contact_rule_changed->in_force, changes[change++]);
            assert_int_equal(event->contact_rule_changed->negative, tries[i].is_negative);
        }
    }
    for (uint32_t i = diary.office.issues.contact_rules.count; i < ISSUES_CONTACT_RULES_MAX; i++) {
        char rule[8];
        snprintf(rule, sizeof rule, "X%u", i);
        assert_true(office_contact_rule(&diary.office, rule, false, "text", false, DAY "T09:00"));
    }
    assert_false(office_contact_rule(&diary.office, "Y", false, "text", false, DAY "T09:00"));
    assert_int_equal(diary.office.decision.code, COMMON_REFUSAL(EXHAUSTED));
    assert_true(
        office_issue(&diary.office, &(struct issue_act){.step = 1, .rules = {"X63", "P01"}, .at = DAY "T10:00"}));
    assert_int_equal(issues_contact_rule(&diary.office.issues, 64)->cited, 1);
    diary_end(&diary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_step_and_person),
        cmocka_unit_test(every_row_has_its_sentence),
        cmocka_unit_test(every_guard_has_its_code),
        cmocka_unit_test(who_answered_never_signs_off),
        cmocka_unit_test(the_lead_never_speaks_for_the_enterprise),
        cmocka_unit_test(a_dispute_comes_once),
        cmocka_unit_test(each_part_is_done_once),
        cmocka_unit_test(the_third_round_goes_up_a_level),
        cmocka_unit_test(raised_by_hand),
        cmocka_unit_test(an_issue_counts_for_what_it_is_about),
        cmocka_unit_test(an_old_credit_code_is_taken_with_a_warning),
        cmocka_unit_test(full_tables_refuse),
        cmocka_unit_test(what_the_feed_says),
        cmocka_unit_test(contact_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
