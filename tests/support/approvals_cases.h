#ifndef TESTS_APPROVALS_CASES_H
#define TESTS_APPROVALS_CASES_H

#include "support/approvals_fixture.h"

/* Items of every kind, and cases led to every state: for cmocka tests of cases (include cmocka.h before). Header only.
 */

static const struct town_item case_items[] = {
    {.code = "I1", .promised = 5, .statutory = 20},
    {.code = "FAST", .instant = true, .statutory = 20, .deficiency = true},
    {.code = "JOINT", .promised = 20, .statutory = 45, .joint = true},
    {.code = "LACK", .promised = 5, .statutory = 20, .deficiency = true},
    {.code = "PAPERS", .promised = 5, .statutory = 20, .papers_stop_statutory = true},
    {.code = "OPEN", .has_no_promised = true, .has_no_statutory = true},
    {.code = "LAW", .has_no_promised = true, .statutory = 3},
    {.code = "HOURS", .promised = 4, .statutory = 8, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR},
    {.code = "WATER", .agency = "water", .promised = 5, .statutory = 20},
    {.code = "LATER", .from = "2020-03-02", .promised = 5, .statutory = 20},
    {.code = "TWICE", .promised = 5, .statutory = 20, .visits = 2},
    {.code = "NEVER", .promised = 5, .statutory = 20, .visits = NO_VISITS},
};

static inline void cases_begin(struct town *town, const char *known_on) {
    town_init(town, 200000);
    town->keeps_log = true;
    town_begin(town, known_on);
    for (size_t i = 0; i < sizeof case_items / sizeof case_items[0]; i++) {
        if (!town_publish(town, &case_items[i])) {
            fail_msg("item %s is refused: %u %s", case_items[i].code, town->decision.code, town->decision.field);
        }
    }
}

/* The log folded from empty gives the same bytes. */
static inline void cases_end(struct town *town) {
    uint8_t running[32], folded[32];
    state_hash(&town->state, running);
    town_fold_again(town, folded);
    assert_memory_equal(running, folded, sizeof running);
    town_release(town);
}

static const char state_letters[] = "?RSAVPDLNWK"; /* by approvals.v1.CaseState */

/* Steps that lead to a state; the case is deficient, and (with ask) its withdrawal is asked for before the last one. */
static inline void lead_to(struct town *town, const char *number, const char *item, char state, bool asks) {
    const bool may_lack = strcmp(item, "JOINT") != 0;
    const char *at = "2020-03-02T09:00";
    assert_true(town_report(town, &(struct act){.step = STEP(RECEIVED), .number = number, .item = item, .at = at}));
    if (asks && strchr("RS", state) != NULL) {
        town_step(town, number, STEP(WITHDRAWAL_ASKED), at);
    }
    switch (state) {
    case 'R':
        return;
    case 'S':
        town_step(town, number, STEP(SUPPLEMENT_STARTED), at);
        return;
    case 'N':
        town_step(town, number, STEP(NOT_OURS), at);
        return;
    default:
        break;
    }
    assert_true(
        town_report(town, &(struct act){.step = STEP(ACCEPTED), .number = number, .deficiency = may_lack, .at = at}));
    if (asks || state == 'W') {
        town_step(town, number, STEP(WITHDRAWAL_ASKED), at);
    }
    if (state == 'W') {
        town_step(town, number, STEP(WITHDRAWN), at);
    }
    if (state == 'A' || state == 'W') {
        return;
    }
    town_step(town, number, STEP(DEPARTMENT_STARTED), at);
    if (state == 'P') {
        assert_true(town_report(
            town, &(struct act){.step = STEP(SPECIAL_STARTED), .number = number, .special = SPECIAL(TEST), .at = at}));
        return;
    }
    assert_true(
        town_report(town, &(struct act){.step = STEP(REFUSED), .number = number, .actor = ACTOR(HANDLER), .at = at}));
    if (strchr("DLK", state) == NULL) {
        return;
    }
    town_step(town, number, STEP(REFUSED), at);
    if (state == 'L') {
        town_step(town, number, STEP(DELIVERED), at);
    } else if (state == 'K') {
        town_step(town, number, STEP(REVOKED), at);
    }
}

#endif
