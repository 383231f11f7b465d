#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "approvals/case_steps.h"
#include "base/hash.h"
#include "support/approvals_cases.h"

/* The state machine of cases, every pair of state and step, and what shows only in several steps. The calendar is the
 * real one. */

#define PERSON "411099199003070013"
#define LONG50 "01234567890123456789012345678901234567890123456789"

/* --- the state machine --- */

/* What the rules say, apart from the registry's own table. States: R received, S supplement, A accepted, V review, P
 * suspended, D decided, L delivered, N not accepted, W withdrawn, K revoked. Actors: A applicant, W clerk, H handler, D
 * head, G leader. */
struct sentence {
    int step;
    const char *actors, *from;
    char to; /* 0: stays */
    int special;
    const char *item;
};
static const struct sentence sentences[] = {
    {STEP(WITHDRAWN_BEFORE_ACCEPTANCE), "W", "RS", 'W', 0, "LACK"},
    {STEP(ACCEPTED), "WH", "R", 'A', 0, "LACK"},
    {STEP(NOT_OURS), "WH", "R", 'N', 0, "LACK"},
    {STEP(REFUSED_TO_ACCEPT), "WH", "R", 'N', 0, "LACK"},
    {STEP(SUPPLEMENT_STARTED), "WH", "R", 'S', 0, "LACK"},
    {STEP(SUPPLEMENT_ENDED), "AW", "S", 'R', 0, "LACK"},
    {STEP(DEPARTMENT_STARTED), "H", "A", 'V', 0, "LACK"},
    {STEP(SPECIAL_STARTED), "D", "V", 0, SPECIAL(EXTENSION), "LACK"},
    {STEP(SPECIAL_STARTED), "G", "V", 0, SPECIAL(EXTENSION), "JOINT"},
    {STEP(SPECIAL_STARTED), "H", "V", 'P', SPECIAL(HEARING), "LACK"},
    {STEP(SPECIAL_STARTED), "H", "V", 'P', SPECIAL(PAPERS), "LACK"},
    {STEP(SPECIAL_ENDED), "H", "P", 'V', 0, "LACK"},
    {STEP(APPROVED), "D", "V", 'D', 0, "LACK"},
    {STEP(APPROVED_WITH_DEFICIENCY), "D", "V", 'D', 0, "LACK"},
    {STEP(REFUSED), "D", "V", 'D', 0, "LACK"},
    {STEP(APPROVED), "H", "V", 0, 0, "LACK"},
    {STEP(APPROVED_WITH_DEFICIENCY), "H", "V", 0, 0, "LACK"},
    {STEP(REFUSED), "H", "V", 0, 0, "LACK"},
    {STEP(APPROVED), "D", "AV", 'D', 0, "FAST"},
    {STEP(APPROVED_WITH_DEFICIENCY), "D", "AV", 'D', 0, "FAST"},
    {STEP(REFUSED), "D", "AV", 'D', 0, "FAST"},
    {STEP(APPROVED), "H", "AV", 0, 0, "FAST"},
    {STEP(APPROVED_WITH_DEFICIENCY), "H", "AV", 0, 0, "FAST"},
    {STEP(REFUSED), "H", "AV", 0, 0, "FAST"},
    {STEP(WITHDRAWN), "W", "AVP", 'W', 0, "LACK"},
    {STEP(REVOKED), "D", "DL", 'K', 0, "LACK"},
    {STEP(WITHDRAWAL_ASKED), "A", "RSAVP", 0, 0, "LACK"},
    {STEP(DELIVERED), "W", "D", 'L', 0, "LACK"},
    {STEP(PAPERS_IN), "AW", "AVPDL", 0, 0, "LACK"},
    {STEP(DEEMED_ACCEPTED), "", "R", 0, 0, "LACK"},
    {STEP(SUPPLEMENT_LAPSED), "", "S", 0, 0, "LACK"},
    {STEP(SUSPENSION_CAPPED), "", "P", 0, 0, "LACK"},
    {STEP(WARNED), "", "AVP", 0, 0, "LACK"},
    {STEP(PROMISED_PASSED), "", "AVP", 0, 0, "LACK"},
    {STEP(STATUTORY_PASSED), "", "AVP", 0, 0, "LACK"},
    {STEP(CERTIFICATE_LATE), "", "D", 0, 0, "LACK"},
    {STEP(PAPERS_LATE), "", "DL", 0, 0, "LACK"},
    {STEP(DUE_CHANGED), "", "AVP", 0, 0, "LACK"},
};
#define SENTENCES (sizeof sentences / sizeof sentences[0])

static const char actor_letters[] = "?AWHDGS."; /* by Actor */

/* May anybody of these letters, by any sentence that is for such a case? */
static bool says(const struct sentence *about, char actor, char state, char *to) {
    bool is_actor = false;
    *to = 0;
    for (size_t i = 0; i < SENTENCES; i++) {
        const struct sentence *s = &sentences[i];
        if (s->step == about->step && s->special == about->special && strcmp(s->item, about->item) == 0 &&
            strchr(s->actors, actor) != NULL) {
            is_actor = true;
            if (strchr(s->from, state) != NULL) {
                *to = s->to == 0 ? state : s->to;
            }
        }
    }
    return is_actor;
}

static void try_step(struct town *town, const struct sentence *s, char state, int actor, unsigned *counts) {
    static unsigned number;
    char text[32], to;
    snprintf(text, sizeof text, "M%u", ++number);
    lead_to(town, text, s->item, state, s->step == STEP(WITHDRAWN) || s->step == STEP(WITHDRAWN_BEFORE_ACCEPTANCE));
    const struct approval_case before = *town_case(town, text);
    assert_int_equal(state_letters[before.state], state);
    const uint64_t seq = town->seq;
    const struct act act = {
        .step = s->step, .number = text, .actor = actor, .special = s->special, .days = 5, .at = "2020-03-03T10:00"};
    const bool is_actor = says(s, actor_letters[actor], state, &to);
    const bool is_taken = town_report(town, &act);
    if (is_taken != (to != 0)) {
        fail_msg("step %d (special %d) by %c in %c of %s: %s %u %s", s->step, s->special, actor_letters[actor], state,
                 s->item, is_taken ? "taken" : "refused", town->decision.code, town->decision.field);
    }
    if (is_taken) {
        assert_int_equal(state_letters[town_case(town, text)->state], to);
        assert_int_equal(town_case(town, text)->last_seq, town->seq);
        counts[0]++;
        return;
    }
    assert_int_equal(town->decision.code, is_actor ? REFUSAL(WRONG_ORDER) : REFUSAL(WRONG_ACTOR));
    assert_memory_equal(&before, town_case(town, text), sizeof before);
    assert_int_equal(town->seq, seq);
    counts[is_actor ? 1 : 2]++;
}

static void every_pair_of_state_and_step(void **state) {
    (void)state;
    struct town town;
    unsigned counts[3] = {0};
    cases_begin(&town, "2020-12-01");
    for (size_t i = 0; i < SENTENCES; i++) {
        for (const char *from = state_letters + 1; *from != '\0'; from++) {
            for (int actor = ACTOR(APPLICANT); actor <= ACTOR(LEADER); actor++) {
                try_step(&town, &sentences[i], *from, actor, counts);
            }
        }
    }
    assert_int_equal(counts[0] + counts[1] + counts[2], SENTENCES * 10 * 5);
    assert_true(counts[0] > 60 && counts[1] > 200 && counts[2] > 1000);
    cases_end(&town);
}

/* The registry's table and the sentences above have the same rows. */
static void the_table_is_the_one_written_here(void **state) {
    (void)state;
    size_t count, from = 0;
    const struct case_step *rows = case_step_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || rows[i - 1].step <= rows[i].step); /* case_step_find stops behind them */
        bool is_known = rows[i].step == STEP(RECEIVED) || rows[i].when == WHEN_PART;
        for (size_t j = 0; j < SENTENCES; j++) {
            is_known = is_known || sentences[j].step == rows[i].step;
        }
        assert_true(is_known);
        from |= rows[i].from;
    }
    assert_int_equal(from, 0x1ff & ~(1u << STATE(NOT_ACCEPTED))); /* nothing follows an end, nothing is left out */
}

/* A key of every role in every actor's name. */
static void roles_and_actors(void **state) {
    (void)state;
    static const struct {
        enum role role;
        const char *may;
    } roles[] = {{ROLE_PUBLISHER, "AWHD"}, {ROLE_CLERK, "AW"},     {ROLE_HANDLER, "H"}, {ROLE_HEAD, "HD"},
                 {ROLE_LEADER, "G"},       {ROLE_SUPERVISOR, "S"}, {ROLE_OPERATOR, ""}, {ROLE_FOLLOWER, ""},
                 {ROLE_READER, ""},        {ROLE_REGISTRAR, ""}};
    struct town town;
    cases_begin(&town, "2020-12-01");
    lead_to(&town, "C1", "I1", 'R', false);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        for (int actor = ACTOR(APPLICANT); actor <= ACTOR(SYSTEM); actor++) {
            /* No step that anybody may take in this state: only whether the key may speak so. */
            const bool may = strchr(roles[i].may, actor_letters[actor]) != NULL;
            const struct act act = {.step = STEP(RECEIVED),
                                    .number = "C1",
                                    .org = "plan",
                                    .role = roles[i].role,
                                    .actor = actor,
                                    .at = "2020-03-03T10:00"};
            const bool takes_in = may && strchr("AW", actor_letters[actor]) != NULL;
            assert_false(town_report(&town, &act));
            assert_int_equal(town.decision.code, takes_in ? REFUSAL(CASE_EXISTS) : REFUSAL(WRONG_ACTOR));
            assert_int_equal(roles_may_act(roles[i].role, (Common__V1__Actor)actor), may);
        }
    }
    cases_end(&town);
}

/* --- more than one step can show --- */

/* Two officers saw the same: the second one learns that it has changed, whatever he wanted to do. */
static void only_one_officer_wins(void **state) {
    (void)state;
    struct town town;
    cases_begin(&town, "2020-12-01");
    lead_to(&town, "C1", "I1", 'R', false);
    const uint64_t seen = town_case(&town, "C1")->last_seq;
    assert_true(town_report(&town, &(struct act){.step = STEP(ACCEPTED), .at = "2020-03-02T10:00", .expected = seen}));
    static const int others[] = {STEP(ACCEPTED), STEP(NOT_OURS), STEP(SUPPLEMENT_STARTED), STEP(DEPARTMENT_STARTED)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(town_report(&town, &(struct act){.step = others[i], .at = "2020-03-02T10:00", .expected = seen}));
        assert_int_equal(town.decision.code, COMMON_REFUSAL(STALE_VERSION));
        assert_string_equal(town.decision.field, "expected_version");
    }
    assert_true(town_report(
        &town, &(struct act){.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-02T10:00", .expected = town.seq}));
    cases_end(&town);
}

/* Nothing of a person stays but the last four characters, and nothing at all goes into the feed. */
static void what_stays_of_a_person(void **state) {
    (void)state;
    struct town town;
    cases_begin(&town, "2020-12-01");
    assert_true(town_report(
        &town, &(struct act){
                   .step = STEP(RECEIVED), .client = CLIENT(PERSON), .resident_id = PERSON, .at = "2020-03-02T10:00"}));
    uint8_t packed[512];
    const ProtobufCMessage *said = town.decision.events[0].public_body;
    const size_t size = protobuf_c_message_get_packed_size(said);
    assert_true(size < sizeof packed);
    protobuf_c_message_pack(said, packed);
    assert_null(memmem(packed, size, "0013", 4));
    assert_null(memmem(packed, size, "C1", 2));
    assert_memory_equal(town_case(&town, "C1")->last4, "0013", 4);
    const struct town_event *kept = &town.log[town.seq - 1];
    assert_null(memmem(kept->body, kept->size, PERSON, 10));
    assert_true(town_report(
        &town, &(struct act){.step = STEP(RECEIVED), .number = "C2", .resident_id = PERSON, .at = "2020-03-02T10:00"}));
    assert_int_equal(town_case(&town, "C2")->last4[0], 0); /* of a company's agent: not asked for, not kept */
    cases_end(&town);
}

static void chain_is_whole(const struct town *town, const char *number, unsigned want) {
    unsigned count = 0;
    for (uint64_t seq = town_case(town, number)->last_seq; seq != 0; seq = town->log[seq - 1].prev) {
        assert_true(seq > town->log[seq - 1].prev);
        count++;
    }
    assert_int_equal(count, want);
}

/* A case's events are a chain, its ratings among them. */
static void history_is_a_chain(void **state) {
    (void)state;
    struct town town;
    cases_begin(&town, "2020-12-01");
    lead_to(&town, "C1", "LACK", 'L', false);
    lead_to(&town, "C2", "LACK", 'L', false);
    assert_true(town_rate(&town, "C1", 1, 5, "2020-03-04T10:00"));
    assert_true(town_rectify(&town, "C1", 1, "2020-03-05T10:00"));
    chain_is_whole(&town, "C1", 8);
    chain_is_whole(&town, "C2", 6);
    cases_end(&town);
}

static void ratings(void **state) {
    (void)state;
    static const struct {
        const char *item;
        char in;
        uint32_t visit, rating;
        const char *at;
        uint32_t want;
        const char *due;
    } rows[] = {
        {"I1", 'L', 1, 1, "2020-03-04T10:00", 0, NULL},
        {"I1", 'L', 1, 3, "2020-03-04T10:00", 0, NULL},
        {"I1", 'L', 1, 4, "2020-03-04T10:00", 0, "2020-03-25"},
        {"I1", 'L', 1, 5, "2020-04-24T10:00", 0, "2020-05-18"},
        {"I1", 'L', 1, 0, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'L', 1, 6, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'L', 0, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'L', 2, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"TWICE", 'L', 2, 1, "2020-03-04T10:00", 0, NULL},
        {"TWICE", 'L', 3, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"NEVER", 'L', 1, 1, "2020-03-04T10:00", 0, NULL},
        {"NEVER", 'L', 2, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'N', 1, 1, "2020-03-04T10:00", 0, NULL},
        {"I1", 'W', 1, 1, "2020-03-04T10:00", 0, NULL},
        {"I1", 'K', 1, 1, "2020-03-04T10:00", 0, NULL},
        {"I1", 'D', 1, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'R', 1, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'V', 1, 1, "2020-03-04T10:00", REFUSAL(RATING_NOT_ALLOWED), NULL},
        {"I1", 'L', 1, 1, "2020-03-01T10:00", REFUSAL(BEFORE_LAST_STEP), NULL},
        {"I1", 'L', 1, 4, "2021-12-20T10:00", REFUSAL(CALENDAR_HORIZON), NULL},
        {"I1", 'L', 1, 1, "2021-12-20T10:00", 0, NULL},
    };
    struct town town;
    cases_begin(&town, "2020-12-01");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char number[32];
        snprintf(number, sizeof number, "Q%zu", i);
        assert_true(town_report(
            &town,
            &(struct act){.step = STEP(RECEIVED), .number = number, .item = rows[i].item, .at = "2020-03-02T09:00"}));
        static const char *const ways[] = {['L'] = "\x03\x08\x0b\x0b\x64",
                                           ['D'] = "\x03\x08\x0b\x0b",
                                           ['K'] = "\x03\x08\x0b\x0b\x0f",
                                           ['N'] = "\x04",
                                           ['W'] = "\x10\x02",
                                           ['V'] = "\x03\x08",
                                           ['R'] = ""};
        bool is_proposed = false;
        for (const char *step = ways[(unsigned char)rows[i].in]; *step != '\0'; step++) {
            const bool proposes = *step == STEP(APPROVED) && !is_proposed;
            assert_true(town_report(&town, &(struct act){.step = *step,
                                                         .number = number,
                                                         .actor = proposes ? ACTOR(HANDLER) : 0,
                                                         .at = "2020-03-02T09:00"}));
            is_proposed = is_proposed || proposes;
        }
        const uint64_t seq = town.seq;
        assert_int_equal(town_rate(&town, number, rows[i].visit, rows[i].rating, rows[i].at), rows[i].want == 0);
        assert_int_equal(town.decision.code, rows[i].want);
        assert_int_equal(town.seq, seq + (rows[i].want == 0));
        if (rows[i].want != 0) {
            continue;
        }
        const struct rating *rating = approvals_rating(&town.approvals, town_case(&town, number)->first_rating);
        assert_int_equal(rating->value, rows[i].rating);
        assert_int_equal(rating->due_day, rows[i].due == NULL ? 0 : town_day(rows[i].due));
        const Approvals__V1__Event *said = (const Approvals__V1__Event *)town.decision.events[0].public_body;
        assert_int_equal(said->case_rated->rating, rows[i].rating);
        assert_int_equal(said->case_rated->day, civil_day_of_ms(town_ms(rows[i].at)));
        assert_false(town_rate(&town, number, rows[i].visit, 1, rows[i].at)); /* each visit once */
        assert_int_equal(town.decision.code, REFUSAL(RATING_NOT_ALLOWED));
    }
    cases_end(&town);
}

static void rectifications(void **state) {
    (void)state;
    struct town town;
    cases_begin(&town, "2020-12-01");
    static const struct {
        const char *number, *at;
        bool is_on_time;
    } rows[] = {{"C1", "2020-03-25T10:00", true}, {"C2", "2020-03-26T00:00", false}};
    for (size_t i = 0; i < 2; i++) {
        lead_to(&town, rows[i].number, "LACK", 'L', false);
        assert_false(town_rectify(&town, rows[i].number, 1, rows[i].at)); /* nobody has complained */
        assert_int_equal(town.decision.code, COMMON_REFUSAL(NOT_FOUND));
        assert_true(town_rate(&town, rows[i].number, 1, 4, "2020-03-04T10:00"));
        assert_false(town_rectify(&town, rows[i].number, 1, "2020-03-04T09:00"));
        assert_int_equal(town.decision.code, REFUSAL(BEFORE_LAST_STEP));
        assert_true(town_rectify(&town, rows[i].number, 1, rows[i].at));
        const Approvals__V1__Event *said = (const Approvals__V1__Event *)town.decision.events[0].public_body;
        assert_int_equal(said->rectification_done->on_time, rows[i].is_on_time);
        const struct rating *rating = approvals_rating(&town.approvals, town_case(&town, rows[i].number)->first_rating);
        assert_int_equal(rating->is_on_time, rows[i].is_on_time);
        assert_int_equal(rating->is_called_back, 1);
        assert_false(town_rectify(&town, rows[i].number, 1, rows[i].at));
        assert_int_equal(town.decision.code, REFUSAL(WRONG_ORDER));
    }
    lead_to(&town, "C3", "LACK", 'L', false);
    assert_true(town_rate(&town, "C3", 1, 3, "2020-03-04T10:00"));
    assert_false(town_rectify(&town, "C3", 1, "2020-03-05T10:00"));
    assert_int_equal(town.decision.code, COMMON_REFUSAL(NOT_FOUND));
    assert_false(town_rate(&town, "C9", 1, 3, "2020-03-04T10:00"));
    assert_int_equal(town.decision.code, REFUSAL(CASE_UNKNOWN));
    cases_end(&town);
}

/* --- bounds --- */

static void pauses_are_bounded(void **state) {
    (void)state;
    struct town town;
    cases_begin(&town, "2020-12-01");
    lead_to(&town, "C1", "I1", 'R', false);
    town_step(&town, "C1", STEP(ACCEPTED), "2020-03-02T10:00");
    town_step(&town, "C1", STEP(DEPARTMENT_STARTED), "2020-03-02T10:00");
    const int64_t first_ms = town_ms("2020-03-03T10:00");
    for (int i = 0; i <= APPROVALS_PAUSES_MAX; i++) {
        const struct act start = {
            .step = STEP(SPECIAL_STARTED), .special = SPECIAL(TEST), .at_ms = first_ms + i * INT64_C(86400000)};
        const struct act stop = {.step = STEP(SPECIAL_ENDED), .at_ms = start.at_ms};
        if (i == APPROVALS_PAUSES_MAX) {
            assert_false(town_report(&town, &start));
            assert_int_equal(town.decision.code, COMMON_REFUSAL(EXHAUSTED));
            break;
        }
        assert_true(town_report(&town, &start));
        assert_true(town_report(&town, &stop));
    }
    assert_int_equal(town_case(&town, "C1")->promised_due, town_day("2020-03-09")); /* none cost a day */
    cases_end(&town);
}

static void tables_are_bounded(void **state) {
    (void)state;
    struct town town;
    town_init(&town, 2); /* cases; and four pauses, parts, ratings */
    town_begin(&town, "2020-12-01");
    assert_true(town_publish(
        &town, &(struct town_item){.code = "JOINT", .promised = 5, .statutory = 20, .joint = true, .visits = 8}));
    const struct act first = {.step = STEP(RECEIVED),
                              .number = "C1",
                              .item = "JOINT",
                              .agencies = {"fire", "water", "hall"},
                              .at = "2020-03-02T10:00"};
    struct act second = first;
    second.number = "C2";
    assert_true(town_report(&town, &first));
    assert_false(town_report(&town, &second));
    assert_int_equal(town.decision.code, COMMON_REFUSAL(EXHAUSTED));
    second.agencies[1] = NULL;
    assert_true(town_report(&town, &second));
    second.number = "C3";
    assert_false(town_report(&town, &second));
    assert_int_equal(town.decision.code, COMMON_REFUSAL(EXHAUSTED));
    town_step(&town, "C1", STEP(NOT_OURS), "2020-03-02T10:00");
    for (uint32_t visit = 1; visit <= 5; visit++) {
        assert_int_equal(town_rate(&town, "C1", visit, 1, "2020-03-02T10:00"), visit < 5);
    }
    assert_int_equal(town.decision.code, COMMON_REFUSAL(EXHAUSTED));
    town_step(&town, "C2", STEP(ACCEPTED), "2020-03-02T10:00");
    town_step(&town, "C2", STEP(DEPARTMENT_STARTED), "2020-03-02T10:00");
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(town_report(&town, &(struct act){.step = STEP(SPECIAL_STARTED),
                                                          .number = "C2",
                                                          .special = SPECIAL(TEST),
                                                          .at = "2020-03-02T10:00"}),
                         i < 5);
        if (i < 5) {
            town_step(&town, "C2", STEP(SPECIAL_ENDED), "2020-03-02T10:00");
        }
    }
    assert_int_equal(town.decision.code, COMMON_REFUSAL(EXHAUSTED));
    town_release(&town);
}

/* An open case, with all that waits for it, takes at most 300 bytes; here each waits for a minute of its own. */
static void bytes_of_an_open_case(void **state) {
    (void)state;
    enum { CASES = 100000 };
    struct town town;
    town_init(&town, CASES);
    town_begin(&town, "2020-12-01");
    assert_true(town_publish(&town, &case_items[0]));
    assert_true(town_publish(&town, &(struct town_item){.code = "HOURS",
                                                        .promised = 4,
                                                        .statutory = 8,
                                                        .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR}));
    const size_t before = state_bytes(&town.state);
    for (int i = 0; i < CASES; i++) {
        char number[APPROVALS_NUMBER_BYTES];
        snprintf(number, sizeof number, "91411000MA0000007P32020%08d", i);
        const int64_t at_ms = town_ms("2020-01-02T10:00") + i * INT64_C(60000);
        assert_true(town_report(
            &town,
            &(struct act){.step = STEP(RECEIVED), .number = number, .item = i % 2 ? "HOURS" : "I1", .at_ms = at_ms}));
        assert_true(town_report(&town, &(struct act){.step = STEP(ACCEPTED), .number = number, .at_ms = at_ms}));
    }
    const size_t bytes = (state_bytes(&town.state) - before) / CASES;
    if (bytes > 300) {
        fail_msg("%zu bytes", bytes);
    }
    assert_true(bytes >= sizeof(struct approval_case));
    town_release(&town);
}

/* Steps drawn at random: most are refused, some go far; deciding changes nothing, and the fold gives the same bytes. */
static void random_steps(void **state) {
    (void)state;
    enum { CASES = 600, STEPS = 30000 };
    static const int steps[] = {3,  4,  6,  7, 8,  8,  9,   9,   10,  10,  11, 11,
                                12, 13, 14, 2, 15, 16, 100, 100, 101, 102, 3,  11};
    struct town town;
    uint64_t random = 2020;
    unsigned taken = 0, states = 0;
    cases_begin(&town, "2020-12-01");
    for (int i = 0; i < STEPS; i++) {
        char number[16];
        random = hash_mix64(random + 1);
        const unsigned of = i < CASES ? (unsigned)i : (unsigned)(random % CASES);
        snprintf(number, sizeof number, "Z%u", of);
        const struct act act = {.step = i < CASES ? STEP(RECEIVED)
                                                  : steps[(random >> 8 & 0xff) % (sizeof steps / sizeof steps[0])],
                                .number = number,
                                .item = case_items[of % (sizeof case_items / sizeof case_items[0])].code,
                                .org = random >> 20 & 7 ? NULL : "fire",
                                .agencies = {of % 3 == 2 ? "fire" : NULL},
                                .actor = random >> 24 & 3 ? 0 : ACTOR(HANDLER),
                                .special = random >> 28 & 1 ? SPECIAL(EXTENSION) : SPECIAL(HEARING),
                                .days = 3,
                                .deficiency = (random >> 32 & 3) == 0,
                                .at_ms = town_ms("2020-01-06T08:00") + i * INT64_C(120000)};
        taken += town_report(&town, &act);
        states |= 1u << town_case(&town, number)->state;
        if (i % 500 == 0) {
            town_tick_ms(&town, act.at_ms);
        }
    }
    assert_true(taken > 300);
    assert_int_equal(states & ~1u, 0x7fe & ~(0u)); /* every state was seen */
    cases_end(&town);
}

/* Of any command whatever, and nothing of it changes anything. */
static void what_is_fetched_ahead(void **state) {
    (void)state;
    static const char *const numbers[] = {"C1", "C2", "none", NOTHING, LONG50, LONG50 LONG50};
    struct town town;
    struct act_body body;
    uint8_t before[32], after[32];
    cases_begin(&town, "2020-12-01");
    lead_to(&town, "C1", "LACK", 'V', false);
    lead_to(&town, LONG50, "I1", 'R', false);
    state_hash(&town.state, before);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct command command =
            act_command(&(struct act){.step = STEP(ACCEPTED), .number = numbers[i], .at = "2020-03-02T10:00"}, &body);
        const size_t size = strlen(body.report.case_number);
        const void *prepared = approvals_prepare(&town.approvals, &command, &town.arena);
        assert_int_equal(prepared != NULL, size > 0 && size <= 50);
        for (int stage = 0; stage < FETCH_STAGES; stage++) {
            approvals_fetch(&town.approvals, prepared, stage);
        }
    }
    Approvals__V1__Command other = APPROVALS__V1__COMMAND__INIT;
    const struct command tick = {.body = &other.base};
    assert_null(approvals_prepare(&town.approvals, &tick, &town.arena));
    state_hash(&town.state, after);
    assert_memory_equal(before, after, sizeof before);
    cases_end(&town);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_step),
        cmocka_unit_test(the_table_is_the_one_written_here),
        cmocka_unit_test(roles_and_actors),
        cmocka_unit_test(only_one_officer_wins),
        cmocka_unit_test(what_stays_of_a_person),
        cmocka_unit_test(history_is_a_chain),
        cmocka_unit_test(ratings),
        cmocka_unit_test(rectifications),
        cmocka_unit_test(pauses_are_bounded),
        cmocka_unit_test(tables_are_bounded),
        cmocka_unit_test(bytes_of_an_open_case),
        cmocka_unit_test(random_steps),
        cmocka_unit_test(what_is_fetched_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
