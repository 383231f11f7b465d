#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/approvals_desk.h"

/* What the approval registry answers: to whom, lists and cursors against plain loops, the history of a case. */

struct fixture {
    struct town town;
    struct desk desk;
    uint64_t random;
};

static uint32_t random_next(struct fixture *f, uint32_t below) {
    f->random = f->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(f->random >> 33) % below;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    town_init(&f->town, 400000);
    f->town.keeps_log = true;
    town_begin(&f->town, "2021-01-01");
    desk_init(&f->desk, &f->town, "2020-03-20T18:00");
    static const struct town_item items[] = {
        {.code = "I1", .promised = 5, .statutory = 20},
        {.code = "I2", .agency = "fire", .promised = 20, .statutory = 20},
        {.code = "J1", .promised = 10, .statutory = 45, .joint = true},
        {.code = "N1", .agency = "water", .has_no_promised = true, .statutory = 8},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        assert_true(town_publish(&f->town, &items[i]));
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    desk_release(&f->desk);
    town_release(&f->town);
    free(f);
    return 0;
}

static void report(struct fixture *f, const struct act *act) {
    if (!town_report(&f->town, act)) {
        fail_msg("step %d of %s at %s: refused with %u (%s)", act->step, act->number, act->at, f->town.decision.code,
                 f->town.decision.field == NULL ? "" : f->town.decision.field);
    }
}

/* --- who sees what --- */

/* A resident identity number of the test region with a right check character. */
static void make_resident_id(char id[19]) {
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    snprintf(id, 19, "41109919900307001");
    for (size_t i = 0; i < 17; i++) {
        sum += (id[i] - '0') * weights[i];
    }
    id[17] = "10X98765432"[sum % 11];
    id[18] = '\0';
}

/* P: of plan, for a person. J: joint, fire has a part. F: of fire. */
static void make_three_cases(struct fixture *f, char id[19]) {
    make_resident_id(id);
    report(f, &(struct act){.step = STEP(RECEIVED),
                            .number = "P",
                            .item = "I1",
                            .at = "2020-03-02T09:00",
                            .client = CLIENT(PERSON),
                            .resident_id = id});
    report(f, &(struct act){
                  .step = STEP(RECEIVED), .number = "J", .item = "J1", .at = "2020-03-02T09:00", .agencies = {"fire"}});
    report(f,
           &(struct act){.step = STEP(RECEIVED), .number = "F", .item = "I2", .at = "2020-03-02T09:00", .org = "fire"});
}

static const char *const three[] = {"P", "J", "F"};

/* The code with which each of the questions about one case is answered; 0: an answer. They agree. */
static uint32_t code_of(struct fixture *f, enum role role, const char *org, const char *number) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__ExplainDeadline explain = APPROVALS__V1__EXPLAIN_DEADLINE__INIT;
    (void)desk_case(&f->desk, role, org, number);
    const uint32_t code = f->desk.code;
    (void)desk_history(&f->desk, role, org, number, 0, 0);
    assert_int_equal(f->desk.code, code);
    explain.case_number = town_text(number);
    query.body_case = APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE;
    query.explain_deadline = &explain;
    (void)desk_ask(&f->desk, role, org, &query);
    assert_int_equal(f->desk.code, code);
    return code;
}

static const Approvals__V1__Cases *list(struct fixture *f, enum role role, const char *org,
                                        const Approvals__V1__ListCases *filters) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_CASES;
    query.list_cases = (Approvals__V1__ListCases *)(uintptr_t)filters;
    const Approvals__V1__Answer *answer = desk_ask(&f->desk, role, org, &query);
    return answer == NULL ? NULL : answer->cases;
}

static void each_role_sees_what_it_may(void **state) {
    struct fixture *f = *state;
    char id[19];
    make_three_cases(f, id);
    const uint32_t no = COMMON_REFUSAL(NOT_FOUND), forbidden = COMMON_REFUSAL(FORBIDDEN);
    const struct {
        enum role role;
        const char *org;
        uint32_t codes[3];
        uint32_t list_code;
    } want[] = {
        {ROLE_PUBLISHER, "plan", {0, 0, no}, 0},
        {ROLE_CLERK, "plan", {0, 0, no}, 0},
        {ROLE_HANDLER, "plan", {0, 0, no}, 0},
        {ROLE_HEAD, "plan", {0, 0, no}, 0},
        {ROLE_HANDLER, "fire", {no, 0, 0}, 0},
        {ROLE_PUBLISHER, "fire", {no, 0, 0}, 0},
        {ROLE_HANDLER, "water", {no, no, no}, 0},
        {ROLE_CLERK, "water", {no, no, no}, 0},
        {ROLE_CLERK, "hall", {0, 0, 0}, 0},
        {ROLE_HANDLER, "hall", {no, no, no}, 0}, /* only clerks of a service hall serve all */
        {ROLE_SUPERVISOR, "bureau", {0, 0, 0}, 0},
        {ROLE_LEADER, "government", {0, 0, 0}, 0},
        {ROLE_OPERATOR, "operator", {0, 0, 0}, 0},
        {ROLE_HEAD, "nobody", {no, no, no}, REFUSAL(AGENCY_UNKNOWN)},
        {ROLE_READER, "bureau", {forbidden, forbidden, forbidden}, forbidden},
        {ROLE_FOLLOWER, "plan", {forbidden, forbidden, forbidden}, forbidden},
        {ROLE_REGISTRAR, "plan", {forbidden, forbidden, forbidden}, forbidden},
        {ROLE_NONE, "plan", {forbidden, forbidden, forbidden}, forbidden},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const Approvals__V1__ListCases all = APPROVALS__V1__LIST_CASES__INIT;
        size_t visible = 0;
        for (size_t j = 0; j < 3; j++) {
            if (code_of(f, want[i].role, want[i].org, three[j]) != want[i].codes[j]) {
                fail_msg("role %d of %s: case %s", (int)want[i].role, want[i].org, three[j]);
            }
            visible += want[i].codes[j] == 0;
        }
        const Approvals__V1__Cases *cases = list(f, want[i].role, want[i].org, &all);
        assert_int_equal(f->desk.code, want[i].list_code);
        assert_int_equal(cases == NULL ? 0 : cases->n_cases, visible);
    }
    assert_int_equal(code_of(f, ROLE_OPERATOR, "operator", "X"), no);
    assert_int_equal(code_of(f, ROLE_OPERATOR, "operator", ""), COMMON_REFUSAL(MISSING));
    assert_int_equal(code_of(f, ROLE_OPERATOR, "operator", "0123456789012345678901234567890123456789012345678901"),
                     REFUSAL(FIELD_TOO_LONG));
}

/* The last four characters of an applicant's number are for the agencies of the case. */
static void the_last_four_are_for_its_agencies_alone(void **state) {
    struct fixture *f = *state;
    char id[19];
    make_three_cases(f, id);
    assert_string_equal(desk_case(&f->desk, ROLE_HANDLER, "plan", "P")->resident_id_last4, id + 14);
    assert_string_equal(desk_case(&f->desk, ROLE_OPERATOR, "operator", "P")->resident_id_last4, "");
    assert_string_equal(desk_case(&f->desk, ROLE_CLERK, "hall", "P")->resident_id_last4, "");
    assert_string_equal(desk_case(&f->desk, ROLE_SUPERVISOR, "bureau", "P")->resident_id_last4, "");
    assert_string_equal(desk_case(&f->desk, ROLE_HANDLER, "plan", "J")->resident_id_last4, "");
}

static void a_list_of_another_agency_is_forbidden(void **state) {
    struct fixture *f = *state;
    char id[19];
    make_three_cases(f, id);
    Approvals__V1__ListCases filters = APPROVALS__V1__LIST_CASES__INIT;
    Approvals__V1__ListSlips slips = APPROVALS__V1__LIST_SLIPS__INIT;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_SLIPS;
    query.list_slips = &slips;
    filters.agency = slips.agency = town_text("fire");
    assert_null(list(f, ROLE_HEAD, "plan", &filters));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(FORBIDDEN));
    assert_null(desk_ask(&f->desk, ROLE_HEAD, "plan", &query));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(FORBIDDEN));
    assert_non_null(desk_ask(&f->desk, ROLE_HEAD, "fire", &query));
    assert_int_equal(list(f, ROLE_SUPERVISOR, "bureau", &filters)->n_cases, 2);
    filters.agency = town_text("plan");
    assert_int_equal(list(f, ROLE_HEAD, "plan", &filters)->n_cases, 2);
    filters.agency = town_text("nobody");
    assert_null(list(f, ROLE_OPERATOR, "operator", &filters));
    assert_int_equal(f->desk.code, REFUSAL(AGENCY_UNKNOWN));
}

static void a_question_without_a_body_is_refused(void **state) {
    struct fixture *f = *state;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    assert_null(desk_ask(&f->desk, ROLE_OPERATOR, "operator", &query));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNSUPPORTED));
}

/* The catalogue is answered beside it. */
static void the_catalogue_is_answered_too(void **state) {
    struct fixture *f = *state;
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Common__V1__ListAgencies agencies = COMMON__V1__LIST_AGENCIES__INIT;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_AGENCIES;
    query.list_agencies = &agencies;
    const Approvals__V1__Answer *answer = desk_ask(&f->desk, ROLE_HANDLER, "plan", &query);
    assert_non_null(answer);
    assert_int_equal(answer->agencies->n_agencies, 4);
    assert_null(desk_ask(&f->desk, ROLE_READER, "plan", &query));
}

/* --- one case --- */

static void a_case_is_told_whole(void **state) {
    struct fixture *f = *state;
    report(f, &(struct act){.step = STEP(RECEIVED),
                            .number = "J",
                            .item = "J1",
                            .at = "2020-03-02T09:00",
                            .agencies = {"fire", "water"}});
    const Approvals__V1__Case *c = desk_case(&f->desk, ROLE_HEAD, "water", "J");
    assert_int_equal(c->state, STATE(RECEIVED));
    assert_string_equal(c->item_code, "J1");
    assert_int_equal(c->item_version, 1);
    assert_int_equal(c->n_agencies, 3);
    assert_string_equal(c->agencies[0], "plan");
    assert_string_equal(c->agencies[1], "fire");
    assert_string_equal(c->agencies[2], "water");
    assert_int_equal(c->received_at_ms, town_ms("2020-03-02T09:00"));
    assert_int_equal(c->accepted_at_ms, 0);
    assert_int_equal(c->light, APPROVALS__V1__LIGHT__LIGHT_GREEN);
    assert_int_equal(c->channel, CHANNEL(WINDOW));
    assert_int_equal(c->client, CLIENT(COMPANY));
    assert_int_equal(c->version, f->town.seq);
    assert_null(c->closing);
    town_step(&f->town, "J", STEP(ACCEPTED), "2020-03-03T09:00");
    town_step(&f->town, "J", STEP(DEPARTMENT_STARTED), "2020-03-03T10:00");
    for (int i = 0; i < 2; i++) {
        const char *org = i == 0 ? "fire" : "water";
        report(f, &(struct act){.step = STEP(DEPARTMENT_STARTED),
                                .number = "J",
                                .org = org,
                                .at = i == 0 ? "2020-03-04T10:00" : "2020-03-05T10:00"});
        report(f, &(struct act){.step = STEP(PART_DONE), .number = "J", .org = org, .at = "2020-03-05T10:00"});
    }
    report(f, &(struct act){.step = STEP(APPROVED), .number = "J", .actor = ACTOR(HANDLER), .at = "2020-03-06T10:00"});
    c = desk_case(&f->desk, ROLE_HEAD, "plan", "J");
    assert_int_equal(c->state, STATE(REVIEW));
    assert_int_equal(c->decision, 0); /* proposed, not taken */
    assert_int_equal(c->decided_at_ms, 0);
    town_step(&f->town, "J", STEP(APPROVED), "2020-03-06T11:00");
    town_step(&f->town, "J", STEP(DELIVERED), "2020-03-09T11:00");
    c = desk_case(&f->desk, ROLE_HEAD, "plan", "J");
    assert_int_equal(c->state, STATE(DELIVERED));
    assert_int_equal(c->decision, STEP(APPROVED));
    assert_int_equal(c->accepted_at_ms, town_ms("2020-03-03T09:00"));
    assert_int_equal(c->decided_at_ms, town_ms("2020-03-06T11:00"));
    assert_int_equal(c->delivered_at_ms, town_ms("2020-03-09T11:00"));
    assert_int_equal(c->light, APPROVALS__V1__LIGHT__LIGHT_UNSPECIFIED);
    assert_int_equal(c->promised->limit->amount, 10);
    assert_int_equal(c->promised->due_day, town_day("2020-03-17"));
    assert_int_equal(c->promised->charged_days, 3);
    assert_int_equal(c->promised->remaining_days, 7);
    assert_int_equal(c->statutory->limit->amount, 45);
    assert_true(c->closing->on_time && c->closing->lawful && c->closing->has_statutory);
    assert_int_equal(c->closing->charged_days, 3);
    assert_int_equal(c->closing->statutory_hundredths, 4500);
}

/* Where time comes with commands, today is the day of the last one. */
static void today_is_that_of_the_last_tick(void **state) {
    struct fixture *f = *state;
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__Tick tick = COMMON__V1__TICK__INIT;
    body.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
    body.tick = &tick;
    report(f, &(struct act){.step = STEP(RECEIVED), .number = "A", .at = "2020-03-02T09:00"});
    town_step(&f->town, "A", STEP(ACCEPTED), "2020-03-02T09:00");
    f->town.approvals.options.time_by_commands = true;
    assert_true(town_send(&f->town, "operator", ROLE_OPERATOR, "2020-03-05T10:00", &body));
    assert_int_equal(desk_case(&f->desk, ROLE_OPERATOR, "operator", "A")->promised->charged_days, 3);
    f->town.approvals.options.time_by_commands = false;
    assert_int_equal(desk_case(&f->desk, ROLE_OPERATOR, "operator", "A")->promised->charged_days, 14);
}

/* --- lists against plain loops --- */

/* A case that has come some way. */
static void make_random_case(struct fixture *f, uint32_t number) {
    static const struct {
        const char *item, *org;
    } items[] = {{"I1", "plan"}, {"I2", "fire"}, {"J1", "plan"}, {"N1", "water"}};
    static const int way[] = {STEP(ACCEPTED), STEP(DEPARTMENT_STARTED), STEP(SPECIAL_STARTED), STEP(SPECIAL_ENDED)};
    const uint32_t item = random_next(f, 4), steps = random_next(f, 7);
    char name[16], at[32], day[CIVIL_DATE_TEXT_BYTES];
    snprintf(name, sizeof name, "R%u", number);
    civil_date_format(town_day("2020-02-20") + (int32_t)random_next(f, 28), day);
    snprintf(at, sizeof at, "%sT09:00", day);
    const char *org = items[item].org;
    report(f, &(struct act){.step = STEP(RECEIVED),
                            .number = name,
                            .item = items[item].item,
                            .at = at,
                            .org = org,
                            .agencies = {item == 2 ? "fire" : NULL}});
    for (uint32_t i = 0; i < 4 && i < steps; i++) {
        report(f, &(struct act){.step = way[i],
                                .number = name,
                                .at = at,
                                .org = org,
                                .until = i == 2 ? "2020-05-01" : NULL,
                                .special = i == 2 ? SPECIAL(HEARING) : 0});
    }
    if (steps > 4 && item != 2) {
        report(f, &(struct act){.step = STEP(APPROVED), .number = name, .at = at, .org = org, .actor = ACTOR(HANDLER)});
    }
    if (steps > 5 && item != 2) {
        report(f, &(struct act){.step = STEP(APPROVED), .number = name, .at = at, .org = org});
    }
}

static void make_random_cases(struct fixture *f, uint32_t count) {
    for (uint32_t i = 1; i <= count; i++) {
        make_random_case(f, i);
    }
    town_tick(&f->town, "2020-03-20T17:59");
}

static bool has_agency(const Approvals__V1__Case *c, const char *agency) {
    for (size_t i = 0; i < c->n_agencies; i++) {
        if (strcmp(c->agencies[i], agency) == 0) {
            return true;
        }
    }
    return agency[0] == '\0';
}

static bool is_wanted(const Approvals__V1__Case *c, const Approvals__V1__ListCases *filters) {
    const uint32_t due = c->promised->due_day != 0 ? c->promised->due_day : c->statutory->due_day;
    return has_agency(c, filters->agency) && (filters->state == 0 || c->state == filters->state) &&
           (filters->light == 0 || c->light == filters->light) &&
           ((filters->due_from == 0 && filters->due_until == 0) ||
            (due != 0 && due >= filters->due_from && (filters->due_until == 0 || due <= filters->due_until)));
}

/* All pages are what a loop over all cases finds, newest first. */
static uint32_t check_list(struct fixture *f, Approvals__V1__ListCases filters) {
    static char found[1000][16];
    uint32_t found_count = 0, wanted = 0;
    do {
        filters.limit = 1 + random_next(f, 40);
        const Approvals__V1__Cases *page = list(f, ROLE_SUPERVISOR, "bureau", &filters);
        assert_non_null(page);
        assert_true(page->n_cases <= filters.limit);
        for (size_t i = 0; i < page->n_cases; i++) {
            snprintf(found[found_count++], sizeof found[0], "%s", page->cases[i]->case_number);
        }
        filters.after = page->next;
    } while (filters.after != 0);
    for (uint32_t row = f->town.approvals.cases.count; row > 0; row--) {
        const char *number = approvals_case(&f->town.approvals, row)->number;
        if (is_wanted(desk_case(&f->desk, ROLE_SUPERVISOR, "bureau", number), &filters)) {
            assert_true(wanted < found_count);
            assert_string_equal(found[wanted++], number);
        }
    }
    assert_int_equal(wanted, found_count);
    return wanted;
}

static void lists_are_what_a_loop_finds(void **state) {
    static const char *const agencies[] = {"", "plan", "fire", "water", "hall"};
    struct fixture *f = *state;
    uint32_t found = 0, of_light[8] = {0}, of_state[16] = {0};
    make_random_cases(f, 300);
    for (int round = 0; round < 150; round++) {
        Approvals__V1__ListCases filters = APPROVALS__V1__LIST_CASES__INIT;
        filters.agency = town_text(agencies[random_next(f, 5)]);
        filters.state = random_next(f, 2) == 0 ? 0 : (Approvals__V1__CaseState)random_next(f, 8);
        filters.light = random_next(f, 2) == 0 ? 0 : (Approvals__V1__Light)random_next(f, 6);
        filters.due_from = random_next(f, 3) == 0 ? (uint32_t)town_day("2020-03-05") + random_next(f, 30) : 0;
        filters.due_until = random_next(f, 3) == 0 ? (uint32_t)town_day("2020-03-05") + random_next(f, 60) : 0;
        const uint32_t count = check_list(f, filters);
        found += count;
        of_light[filters.light] += count;
        of_state[filters.state] += count;
    }
    assert_true(found > 1000);
    for (int i = 1; i <= 5; i++) { /* each light and state was met, or this shows nothing */
        assert_true(of_light[i] > 0);
    }
    assert_true(of_state[STATE(RECEIVED)] > 0 && of_state[STATE(ACCEPTED)] > 0 && of_state[STATE(REVIEW)] > 0 &&
                of_state[STATE(SUSPENDED)] > 0 && of_state[STATE(DECIDED)] > 0);
}

/* What comes meanwhile is in no later page. */
static void a_page_is_not_moved_by_what_comes_meanwhile(void **state) {
    struct fixture *f = *state;
    Approvals__V1__ListCases filters = APPROVALS__V1__LIST_CASES__INIT;
    make_random_cases(f, 10);
    filters.limit = 4;
    const Approvals__V1__Cases *page = list(f, ROLE_OPERATOR, "operator", &filters);
    assert_int_equal(page->n_cases, 4);
    assert_string_equal(page->cases[0]->case_number, "R10");
    filters.after = page->next;
    make_random_case(f, 11);
    page = list(f, ROLE_OPERATOR, "operator", &filters);
    assert_string_equal(page->cases[0]->case_number, "R6");
    assert_string_equal(page->cases[3]->case_number, "R3");
    filters.after = page->next;
    page = list(f, ROLE_OPERATOR, "operator", &filters);
    assert_int_equal(page->n_cases, 2);
    assert_int_equal(page->next, 0);
    filters.after = UINT32_MAX; /* a cursor nobody gave */
    assert_int_equal(list(f, ROLE_OPERATOR, "operator", &filters)->n_cases, 4);
    filters.after = 1;
    page = list(f, ROLE_OPERATOR, "operator", &filters);
    assert_int_equal(page->n_cases, 0);
    assert_int_equal(page->next, 0);
}

/* One question looks at so many rows and no more, and says where it came to. */
static void a_question_looks_at_a_bounded_number_of_rows(void **state) {
    struct fixture *f = *state;
    report(f, &(struct act){.step = STEP(RECEIVED), .number = "A", .at = "2020-03-02T09:00"});
    town_step(&f->town, "A", STEP(ACCEPTED), "2020-03-02T09:00");
    for (int i = 1; i < 250000; i++) {
        uint32_t number;
        void *row = table_add(&f->town.approvals.cases, &number);
        memcpy(row, approvals_case(&f->town.approvals, 1), sizeof(struct approval_case));
    }
    Approvals__V1__ListCases filters = APPROVALS__V1__LIST_CASES__INIT;
    filters.state = STATE(DECIDED);
    const Approvals__V1__Cases *page = list(f, ROLE_OPERATOR, "operator", &filters);
    assert_int_equal(page->n_cases, 0);
    assert_int_equal(page->next, 50001);
    filters.after = page->next;
    assert_int_equal(list(f, ROLE_OPERATOR, "operator", &filters)->next, 0);
    filters.state = 0;
    filters.after = 0;
    filters.light = APPROVALS__V1__LIGHT__LIGHT_GREY;
    int pages = 1;
    for (page = list(f, ROLE_OPERATOR, "operator", &filters); page->next != 0; pages++) {
        assert_int_equal(page->n_cases, 0);
        filters.after = page->next;
        page = list(f, ROLE_OPERATOR, "operator", &filters);
    }
    assert_int_equal(pages, 5);
    filters.light = 0;
    filters.after = 0;
    filters.limit = UINT32_MAX;
    assert_int_equal(list(f, ROLE_OPERATOR, "operator", &filters)->n_cases,
                     1000); /* and it can be sent: desk_ask looks */
}

static void slips_are_listed_newest_first(void **state) {
    struct fixture *f = *state;
    make_random_cases(f, 200);
    town_tick(&f->town, "2020-04-20T17:59");
    static const char *const agencies[] = {"", "plan", "fire", "water"};
    const struct approvals *self = &f->town.approvals;
    assert_true(self->slips.rows.count > 20);
    for (uint32_t round = 0; round < 8; round++) {
        Approvals__V1__ListSlips slips = APPROVALS__V1__LIST_SLIPS__INIT;
        Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
        query.body_case = APPROVALS__V1__QUERY__BODY_LIST_SLIPS;
        query.list_slips = &slips;
        slips.agency = town_text(agencies[round % 4]);
        slips.with_ended = round >= 4;
        slips.limit = 7;
        uint32_t row = self->slips.rows.count + 1, found = 0;
        do {
            const Approvals__V1__Slips *page = desk_ask(&f->desk, ROLE_SUPERVISOR, "bureau", &query)->slips;
            for (size_t i = 0; i < page->n_slips; i++, found++) {
                const struct slip *slip = approvals_slip(self, page->slips[i]->slip);
                assert_true(page->slips[i]->slip < row);
                row = page->slips[i]->slip;
                assert_string_equal(page->slips[i]->case_number, approvals_case(self, slip->subject)->number);
                assert_int_equal(page->slips[i]->level, slip->level);
                assert_int_equal(page->slips[i]->state, slip->state);
                assert_int_equal(page->slips[i]->reply_due_day, slip->reply_due);
                assert_string_equal(page->slips[i]->rule,
                                    slip->rule == SLIP_PROMISED_PASSED ? "promised_passed" : "statutory_passed");
            }
            slips.after = page->next;
        } while (slips.after != 0);
        for (row = self->slips.rows.count; row > 0; row--) {
            const struct slip *slip = approvals_slip(self, row);
            const bool is_open = slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED ||
                                 slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_REPLIED;
            found -= (slips.with_ended || is_open) &&
                     (slips.agency[0] == 0 || strcmp(approvals_agency(self, slip->agency)->code, slips.agency) == 0);
        }
        assert_int_equal(found, 0);
    }
}

/* --- history --- */

static bool has_text(const Approvals__V1__HistoryStep *step, const char *text) {
    for (size_t i = 0; i < step->n_texts; i++) {
        if (strcmp(step->texts[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void make_long_case(struct fixture *f) {
    report(f, &(struct act){.step = STEP(RECEIVED), .number = "A", .at = "2020-01-20T09:00", .org = "hall"});
    report(f,
           &(struct act){
               .step = STEP(SUPPLEMENT_STARTED), .number = "A", .at = "2020-01-20T10:00", .papers = {"plan", "lease"}});
    report(f, &(struct act){.step = STEP(RECEIVED), .number = "B", .at = "2020-01-20T09:00"});
    town_step(&f->town, "A", STEP(SUPPLEMENT_ENDED), "2020-01-21T10:00");
    town_step(&f->town, "A", STEP(ACCEPTED), "2020-01-22T10:00");
    town_step(&f->town, "B", STEP(ACCEPTED), "2020-01-22T10:00");
    town_step(&f->town, "A", STEP(DEPARTMENT_STARTED), "2020-01-22T10:00");
    report(f, &(struct act){.step = STEP(SPECIAL_STARTED),
                            .number = "A",
                            .special = SPECIAL(TEST),
                            .until = "2020-02-10",
                            .ground = "safety rules, article 9",
                            .at = "2020-01-22T11:00"});
    report(f, &(struct act){.step = STEP(SPECIAL_ENDED), .number = "A", .result = "passed", .at = "2020-01-22T12:00"});
    report(f, &(struct act){.step = STEP(SPECIAL_STARTED),
                            .number = "A",
                            .special = SPECIAL(EXTENSION),
                            .days = 3,
                            .reason = "many neighbours",
                            .at = "2020-01-22T13:00"});
    assert_true(town_withdraw_notice(&f->town, "2020-B", "2020-01-23T09:00"));
    town_tick(&f->town, "2020-01-23T09:01");
    town_tick(&f->town, "2020-03-05T09:01");
    report(f, &(struct act){.step = STEP(APPROVED), .number = "A", .actor = ACTOR(HANDLER), .at = "2020-03-05T10:00"});
    town_step(&f->town, "A", STEP(APPROVED), "2020-03-05T11:00");
    town_step(&f->town, "A", STEP(DELIVERED), "2020-03-06T11:00");
    assert_true(town_rate(&f->town, "A", 1, 5, "2020-03-06T12:00"));
    assert_true(town_rectify(&f->town, "A", 1, "2020-03-09T12:00"));
}

static const Approvals__V1__HistoryStep *find_step(const Approvals__V1__History *history, int step, const char *other) {
    for (size_t i = 0; i < history->n_steps; i++) {
        if ((int)history->steps[i]->step == step && strcmp(history->steps[i]->other, other) == 0) {
            return history->steps[i];
        }
    }
    fail_msg("no step %d %s", step, other);
    return NULL;
}

static void a_history_tells_everything(void **state) {
    struct fixture *f = *state;
    make_long_case(f);
    const Approvals__V1__History *h = desk_history(&f->desk, ROLE_HANDLER, "plan", "A", 0, 0);
    assert_non_null(h);
    assert_int_equal(h->steps[0]->seq, town_case(&f->town, "A")->last_seq);
    assert_int_equal(h->steps[h->n_steps - 1]->step, STEP(RECEIVED));
    assert_string_equal(h->steps[h->n_steps - 1]->organisation, "hall");
    assert_int_equal(h->steps[h->n_steps - 1]->actor, ACTOR(CLERK));
    assert_string_equal(h->steps[0]->other, "rectification");
    assert_true(has_text(h->steps[0], "result: mended") && has_text(h->steps[0], "visit: 1"));
    assert_string_equal(h->steps[1]->other, "rating");
    assert_true(has_text(h->steps[1], "rating: 5"));
    const Approvals__V1__HistoryStep *step = find_step(h, STEP(SUPPLEMENT_STARTED), "");
    assert_true(has_text(step, "paper: plan") && has_text(step, "paper: lease"));
    assert_int_equal(step->after, STATE(SUPPLEMENT));
    assert_int_equal(step->occurred_at_ms, town_ms("2020-01-20T10:00"));
    assert_int_equal(step->logged_at_ms, step->seq * 1000);
    step = find_step(h, STEP(SPECIAL_ENDED), "");
    assert_true(has_text(step, "result: passed"));
    step = find_step(h, STEP(SPECIAL_STARTED), ""); /* the newer one: the extension */
    assert_true(has_text(step, "special: EXTENSION") && has_text(step, "days: 3") &&
                has_text(step, "reason: many neighbours"));
    assert_int_equal(step->actor, ACTOR(HEAD));
    step = find_step(h, STEP(DUE_CHANGED), "");
    assert_int_equal(step->old_due_day, town_day("2020-02-10"));
    assert_int_equal(step->new_due_day, town_day("2020-02-06"));
    assert_true(has_text(step, "notice: 2020-B"));
    assert_int_equal(step->actor, ACTOR(SYSTEM));
    step = find_step(h, 0, "slip"); /* the newest: closed with the decision */
    assert_true(has_text(step, "state: CLOSED") && has_text(step, "slip: 1") == has_text(step, "level: 1"));
    for (size_t i = 1; i < h->n_steps; i++) {
        assert_true(h->steps[i]->seq < h->steps[i - 1]->seq);
    }
}

/* Whether an event of the kept log belongs to a case: by what its body says. */
static bool is_of_case(const struct town *town, uint64_t seq, uint32_t case_row, uint32_t *received) {
    const struct town_event *event = &town->log[seq - 1];
    uint32_t first;
    memcpy(&first, event->body, sizeof first);
    switch (event->type) {
    case EVENT_CASE_RECEIVED:
        return ++*received == case_row;
    case EVENT_CASE_STEP:
    case EVENT_CASE_RATED:
    case EVENT_SLIP_ISSUED:
        return first == case_row;
    case EVENT_RECTIFIED:
        return approvals_rating(&town->approvals, first)->case_row == case_row;
    case EVENT_SLIP_MOVED:
        return approvals_slip(&town->approvals, first)->subject == case_row;
    default:
        return false;
    }
}

/* Pages of any size, from any number on, join to all events of the case. */
static void pages_of_a_history_join(void **state) {
    struct fixture *f = *state;
    make_long_case(f);
    const uint32_t case_row = approvals_find_case(&f->town.approvals, "A");
    uint64_t wanted[200];
    size_t count = 0;
    uint32_t received = 0;
    for (uint64_t seq = 1; seq <= f->town.seq; seq++) {
        if (is_of_case(&f->town, seq, case_row, &received)) {
            wanted[count++] = seq;
        }
    }
    assert_true(count > 12);
    for (uint32_t limit = 1; limit <= 5; limit++) {
        uint64_t before = 0;
        size_t at = count;
        while (at > 0) {
            const Approvals__V1__History *h = desk_history(&f->desk, ROLE_HANDLER, "plan", "A", before, limit);
            assert_int_equal(h->n_steps, at < limit ? at : limit);
            for (size_t i = 0; i < h->n_steps; i++) {
                assert_int_equal(h->steps[i]->seq, wanted[--at]);
                if (h->steps[i]->step == STEP(DUE_CHANGED)) { /* also as the last of its page */
                    assert_int_equal(h->steps[i]->old_due_day, town_day("2020-02-10"));
                }
            }
            before = wanted[at];
        }
        assert_int_equal(desk_history(&f->desk, ROLE_HANDLER, "plan", "A", before, limit)->n_steps, 0);
    }
    for (uint64_t before = 1; before <= f->town.seq + 5; before++) { /* also numbers of other cases, or of none */
        size_t older = 0;
        while (older < count && wanted[older] < before) {
            older++;
        }
        assert_int_equal(desk_history(&f->desk, ROLE_HANDLER, "plan", "A", before, 1000)->n_steps, older);
    }
}

/* A page goes on from the event it names; it does not walk all of it again. */
static void a_page_reads_little_more_than_it_tells(void **state) {
    struct fixture *f = *state;
    make_long_case(f);
    const uint64_t newest = town_case(&f->town, "A")->last_seq;
    uint64_t oldest = newest;
    for (uint64_t prev = newest; prev != 0; prev = f->town.log[prev - 1].prev) {
        if (f->town.log[prev - 1].type == EVENT_CASE_STEP) {
            oldest = prev;
        }
    }
    f->desk.reads = 0;
    assert_int_equal(desk_history(&f->desk, ROLE_HANDLER, "plan", "A", oldest, 10)->n_steps, 1);
    assert_int_equal(f->desk.reads, 2);
}

static void without_the_log_a_history_is_unavailable(void **state) {
    struct fixture *f = *state;
    make_long_case(f);
    f->town.keeps_log = false;
    assert_null(desk_history(&f->desk, ROLE_HANDLER, "plan", "A", 0, 0));
    assert_int_equal(f->desk.code, COMMON_REFUSAL(UNAVAILABLE));
    f->town.keeps_log = true;
}

/* Long texts make a page shorter: it always fits into an answer. */
static void long_texts_make_short_pages(void **state) {
    enum { EVENTS = 40, TEXT = 60000 };
    struct fixture *f = *state;
    report(f, &(struct act){.step = STEP(RECEIVED), .number = "A", .at = "2020-01-20T09:00"});
    uint8_t *body = calloc(1, sizeof(struct event_case_step) + 3 + TEXT);
    struct event_case_step step = {.case_row = 1,
                                   .at = 1579500000,
                                   .step = STEP(WITHDRAWAL_ASKED),
                                   .actor = ACTOR(APPLICANT),
                                   .after = STATE(RECEIVED)};
    memcpy(body, &step, sizeof step);
    body[sizeof step] = TEXT_REASON;
    body[sizeof step + 1] = TEXT & 255;
    body[sizeof step + 2] = TEXT >> 8;
    memset(body + sizeof step + 3, 'x', TEXT);
    for (int i = 0; i < EVENTS; i++) {
        struct event event = {.type = EVENT_CASE_STEP,
                              .prev = town_case(&f->town, "A")->last_seq,
                              .private_body = body,
                              .private_size = sizeof step + 3 + TEXT};
        town_evolve(&f->town, &event);
    }
    free(body);
    uint64_t before = 0;
    size_t told = 0, pages = 0, n;
    do {
        const Approvals__V1__History *h = desk_history(&f->desk, ROLE_HANDLER, "plan", "A", before, 1000);
        assert_non_null(h); /* desk_ask looks whether it can be sent */
        n = h->n_steps;
        for (size_t i = 0; i < n; i++, told++) {
            assert_true(before == 0 || h->steps[i]->seq < before);
            before = h->steps[i]->seq;
        }
        pages += n > 0;
    } while (n > 0);
    assert_int_equal(told, EVENTS + 1);
    assert_true(pages > 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_role_sees_what_it_may),
        TEST(the_last_four_are_for_its_agencies_alone),
        TEST(a_list_of_another_agency_is_forbidden),
        TEST(a_question_without_a_body_is_refused),
        TEST(the_catalogue_is_answered_too),
        TEST(a_case_is_told_whole),
        TEST(today_is_that_of_the_last_tick),
        TEST(lists_are_what_a_loop_finds),
        TEST(a_page_is_not_moved_by_what_comes_meanwhile),
        TEST(a_question_looks_at_a_bounded_number_of_rows),
        TEST(slips_are_listed_newest_first),
        TEST(a_history_tells_everything),
        TEST(pages_of_a_history_join),
        TEST(a_page_reads_little_more_than_it_tells),
        TEST(without_the_log_a_history_is_unavailable),
        TEST(long_texts_make_short_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
