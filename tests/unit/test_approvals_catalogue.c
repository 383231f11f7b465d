#include "support/catalogue_fixture.h"

/* Agencies and items: versions, removals, rounds, questions as of a day. */

/* --- agencies --- */

static void agencies(void **state) {
    struct fixture *f = *state;
    register_agency(f, "housing", "住房和城乡建设局", 411000, CITY_CODE);
    ACCEPTED(f, 0);
    register_agency(f, "housing", "住建局", 411000, CITY_CODE);
    ACCEPTED(f, 1);
    assert_int_equal(f->decision.code, 0);
    assert_string_equal(said(f, 0)->agency_registered->name, "住建局");
    register_agency(f, "housing", "住建局", 411002, CITY_CODE);
    REFUSED(f, REGION_FIXED, "region");
    register_agency(f, "h2", "x", 411023, CITY_CODE);
    REFUSED(f, REGION_UNKNOWN, "region");
    register_agency(f, "h2", "x", 410000, CITY_CODE);
    REFUSED(f, REGION_UNKNOWN, "region");
    register_agency(f, "h2", "x", 411000, "91411000MA0000008P");
    REFUSED(f, CREDIT_CODE_INVALID, "credit_code");
    register_agency(f, "H2", "x", 411000, CITY_CODE);
    REFUSED_COMMON(f, MALFORMED, "agency");
    register_agency(f, "", "x", 411000, CITY_CODE);
    REFUSED_COMMON(f, MISSING, "agency");
    register_agency(f, "h2", "", 411000, CITY_CODE);
    REFUSED_COMMON(f, MISSING, "name");
    register_agency(f, "a23456789012345678901234567890123", "x", 411000, CITY_CODE);
    REFUSED_COMMON(f, MALFORMED, "agency");
    Common__V1__ListAgencies ask = COMMON__V1__LIST_AGENCIES__INIT;
    const struct question question = question_of(&supervisor);
    uint32_t code = 0;
    const Approvals__V1__Answer *answer = approvals_list_agencies(&f->approvals, &question, &ask, &f->arena, &code);
    assert_int_equal(answer->agencies->n_agencies, 3);
    assert_string_equal(answer->agencies->agencies[0]->name, "住建局");
    assert_int_equal(answer->agencies->agencies[1]->region, 411002);
}

static void good_ones(void **state) {
    struct fixture *f = *state;
    struct draft d[2];
    draft_good(&d[0]);
    draft_good(&d[1]);
    d[0].item.agency = (char *)""; /* the key's own */
    d[0].role = d[1].role = ROLE_PUBLISHER;
    d[0].organisation = d[1].organisation = "housing";
    d[1].item.code = (char *)"second"; /* free form: no structure to check */
    d[1].item.instant = true;
    d[1].promised.amount = 0;
    d[1].item.visits = 0;
    d[1].item.visits_reason = (char *)"";
    d[1].item.no_meeting = true;
    d[1].online[0] = APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_FEEDBACK;
    d[1].channels[1] = APPROVALS__V1__CHANNEL__CHANNEL_COURIER;
    d[1].statutory.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_MONTH;
    d[1].item.effective_day = TODAY - 400;
    d[1].item.historical = true;
    assert_int_equal(check_items(f, d, 2)->n_findings, 0);
    publish(f, &d[0]);
    ACCEPTED(f, 1);
    const Approvals__V1__ItemChanged *changed = said(f, 0)->item_changed;
    assert_null(changed->before);
    assert_string_equal(changed->after->agency, "housing");
    assert_int_equal(changed->after->region, 411000);
    assert_int_equal(changed->after->depth, 2);
    assert_true(changed->after->online && changed->after->has_limits && !changed->after->instant);
    assert_int_equal(changed->after->promised_hundredths, 500);
    assert_int_equal(changed->after->statutory_hundredths, 2000);
    publish(f, &d[1]);
    ACCEPTED(f, 1);
    changed = said(f, 0)->item_changed;
    assert_int_equal(changed->day, TODAY - 400);
    assert_int_equal(changed->after->depth, 4);
    assert_int_equal(changed->after->statutory_hundredths, 20 * 2200);
    assert_true(!changed->after->online && changed->after->no_meeting && changed->after->instant);
    d[1].item.version = 2;
    d[1].item.statutory = NULL;
    publish(f, &d[1]);
    ACCEPTED(f, 1);
    changed = said(f, 0)->item_changed;
    assert_int_equal(changed->before->statutory_hundredths, 20 * 2200);
    assert_true(!changed->after->has_limits && changed->after->promised_hundredths == 0);
}

/* --- versions --- */

static void the_same_again_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct draft d[3];
    for (size_t i = 0; i < 3; i++) {
        draft_good(&d[i]);
        d[i].item.version = (uint32_t)i + 1;
        d[i].item.procedure_steps = 5 + (uint32_t)i;
    }
    publish(f, &d[0]);
    publish(f, &d[1]);
    ACCEPTED(f, 1);
    publish(f, &d[0]); /* an older one, too */
    ACCEPTED(f, 0);
    d[1].clients[0] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY; /* in another order */
    d[1].clients[1] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON;
    d[1].item.historical = true;
    publish(f, &d[1]);
    ACCEPTED(f, 0);
    const Approvals__V1__CheckedItems *checked = check_items(f, d, 3);
    assert_int_equal(checked->unchanged, 2);
    assert_int_equal(checked->n_findings, 0);
    d[1].promised.amount = 6;
    publish(f, &d[1]);
    REFUSED(f, ITEM_VERSION_FIXED, "version");
    d[1].promised.amount = 5;
    d[1].statutory.amount = 19;
    publish(f, &d[1]);
    REFUSED(f, ITEM_VERSION_FIXED, "version");
    d[1].statutory.amount = 20;
    d[1].channels[1] = APPROVALS__V1__CHANNEL__CHANNEL_MOBILE;
    publish(f, &d[1]);
    REFUSED(f, ITEM_VERSION_FIXED, "version");
}

static void versions_as_of_a_day(void **state) {
    struct fixture *f = *state;
    struct draft d;
    Approvals__V1__ListItems ask = APPROVALS__V1__LIST_ITEMS__INIT;
    draft_good(&d);
    publish(f, &d);
    d.item.version = 3;
    d.item.effective_day = TODAY + 10;
    d.item.name = (char *)"新名";
    publish(f, &d);
    ACCEPTED(f, 1);
    remove_item(f, ITEM_CODE, TODAY + 20, 1);
    ACCEPTED(f, 1);
    assert_true(said(f, 0)->item_changed->opens_round);
    remove_item(f, ITEM_CODE, TODAY + 20, 1);
    ACCEPTED(f, 0);
    remove_item(f, ITEM_CODE, TODAY + 15, 1);
    REFUSED(f, ITEM_NOT_IN_FORCE, "day");
    remove_item(f, ITEM_CODE, TODAY + 25, 1);
    REFUSED(f, ITEM_NOT_IN_FORCE, "day");
    remove_item(f, "none", TODAY + 25, 1);
    REFUSED(f, ITEM_UNKNOWN, "code");
    d.item.version = 4;
    d.item.effective_day = TODAY + 30;
    publish(f, &d); /* brings it back */
    ACCEPTED(f, 1);
    assert_null(said(f, 0)->item_changed->before);
    remove_item(f, ITEM_CODE, TODAY + 20, 1); /* that was before */
    REFUSED(f, ITEM_NOT_IN_FORCE, "day");
    remove_item(f, ITEM_CODE, TODAY + 20, 0);
    REFUSED(f, ITEM_NOT_IN_FORCE, "day");
    static const struct {
        int32_t day;
        uint32_t version, effective, until;
    } want[] = {{-1, 0, 0, 0},   {0, 1, 0, 10}, {9, 1, 0, 10}, {10, 3, 10, 20},
                {19, 3, 10, 20}, {20, 0, 0, 0}, {29, 0, 0, 0}, {30, 4, 30, 0}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        ask.day = (uint32_t)(TODAY + want[i].day);
        ask.code = (char *)ITEM_CODE;
        const Approvals__V1__Items *items = list_items(f, &ask);
        assert_int_equal(items->n_items, want[i].version != 0);
        if (want[i].version != 0) {
            assert_int_equal(items->items[0]->version, want[i].version);
            assert_int_equal(items->items[0]->effective_day, TODAY + want[i].effective);
            assert_int_equal(items->items[0]->until_day, want[i].until == 0 ? 0 : TODAY + want[i].until);
            assert_int_equal(items->items[0]->n_channels, 2);
            assert_int_equal(items->items[0]->channels[1], APPROVALS__V1__CHANNEL__CHANNEL_WEB);
        }
    }
}

/* An agency takes out its own items alone, and nobody publishes for another. */
static void others_items(void **state) {
    struct fixture *f = *state;
    struct draft d;
    Approvals__V1__RemoveItem body;
    draft_good(&d);
    publish(f, &d);
    approvals__v1__remove_item__init(&body);
    body.code = (char *)ITEM_CODE;
    body.day = TODAY;
    begin(f, APPROVALS__V1__COMMAND__BODY_REMOVE_ITEM);
    f->command.remove_item = &body;
    decide_as(f, ROLE_PUBLISHER, "weidu");
    REFUSED_COMMON(f, FORBIDDEN, "code");
    decide_as(f, ROLE_PUBLISHER, "housing");
    ACCEPTED(f, 1);
}

/* --- ten rounds of streamlining --- */

static void ten_rounds(void **state) {
    struct fixture *f = *state;
    enum { BEFORE = 822, AFTER = 98, ROUNDS = 10 };
    struct draft d;
    char code[32];
    int in_force = 0, opened = 0;
    for (int i = 0; i < BEFORE; i++) {
        draft_good(&d);
        snprintf(code, sizeof code, "item-%d", i);
        d.item.code = code;
        publish(f, &d);
        ACCEPTED(f, 1);
        in_force++;
    }
    for (int i = 0; i < BEFORE - AFTER; i++) {
        const uint32_t round = (uint32_t)(i * ROUNDS / (BEFORE - AFTER)) + 1;
        snprintf(code, sizeof code, "item-%d", i);
        remove_item(f, code, TODAY + (int32_t)round * 30, round);
        ACCEPTED(f, 1);
        const Approvals__V1__ItemChanged *changed = said(f, 0)->item_changed;
        assert_true(changed->before != NULL && changed->after == NULL && changed->round == round);
        opened += changed->opens_round;
        in_force--;
    }
    assert_int_equal(in_force, AFTER);
    assert_int_equal(opened, ROUNDS);
    assert_int_equal(f->approvals.rounds.count, ROUNDS);
    Approvals__V1__ListItems ask = APPROVALS__V1__LIST_ITEMS__INIT;
    uint32_t seen = 0, pages = 0;
    ask.day = TODAY + 400;
    ask.limit = 30;
    do {
        const Approvals__V1__Items *items = list_items(f, &ask);
        seen += (uint32_t)items->n_items;
        ask.after = items->next;
        pages++;
    } while (ask.after != 0);
    assert_int_equal(seen, AFTER);
    assert_true(pages >= 4);
}

/* --- against a naive model: which version stands on each day --- */

enum { MODEL_DAYS = 120, MODEL_ITEMS = 6 };
struct model {
    uint32_t version[MODEL_ITEMS][MODEL_DAYS]; /* 0: none */
    int64_t count[MODEL_DAYS];                 /* changes of the day as the feed says them */
    int64_t visits[MODEL_DAYS];
};

static uint64_t next_random(uint64_t *random) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

static void hear(struct fixture *f, struct model *model) {
    for (size_t i = 0; i < f->decision.event_count; i++) {
        const Approvals__V1__ItemChanged *changed = said(f, i)->item_changed;
        const size_t day = changed->day - TODAY;
        assert_true(day < MODEL_DAYS);
        model->count[day] += (changed->after != NULL) - (changed->before != NULL);
        model->visits[day] += (changed->after != NULL ? (int64_t)changed->after->visits : 0) -
                              (changed->before != NULL ? (int64_t)changed->before->visits : 0);
    }
}

static void publish_at_random(struct fixture *f, struct model *model, uint64_t *random, uint32_t turn) {
    struct draft d;
    char code[32];
    const size_t item = next_random(random) % MODEL_ITEMS, day = next_random(random) % MODEL_DAYS;
    draft_good(&d);
    snprintf(code, sizeof code, "i%zu", item);
    d.item.code = code;
    d.item.version = turn;
    d.item.visits = turn % 9 + 1;
    d.item.effective_day = TODAY + (uint32_t)day;
    publish(f, &d);
    if (f->decision.refused) {
        REFUSED(f, CATALOGUE_RULE, "effective_day");
        return;
    }
    for (size_t i = day; i < MODEL_DAYS; i++) {
        model->version[item][i] = turn;
    }
}

static void remove_at_random(struct fixture *f, struct model *model, uint64_t *random, uint32_t turn) {
    char code[32];
    const size_t item = next_random(random) % MODEL_ITEMS, day = next_random(random) % MODEL_DAYS;
    snprintf(code, sizeof code, "i%zu", item);
    remove_item(f, code, TODAY + (int32_t)day, turn % 5);
    for (size_t i = day; i < MODEL_DAYS && !f->decision.refused; i++) {
        model->version[item][i] = 0;
    }
}

static void check_model(struct fixture *f, const struct model *model) {
    int64_t count = 0, visits = 0;
    for (size_t day = 0; day < MODEL_DAYS; day++) {
        Approvals__V1__ListItems ask = APPROVALS__V1__LIST_ITEMS__INIT;
        int64_t listed_visits = 0;
        size_t want = 0;
        ask.day = (uint32_t)(TODAY + day);
        const Approvals__V1__Items *items = list_items(f, &ask);
        for (size_t item = 0; item < MODEL_ITEMS; item++) {
            want += model->version[item][day] != 0;
        }
        for (size_t i = 0; i < items->n_items; i++) {
            const size_t item = (size_t)(items->items[i]->code[1] - '0');
            assert_int_equal(items->items[i]->version, model->version[item][day]);
            listed_visits += items->items[i]->facts->visits;
            /* until: the first day on which another stands */
            size_t until = day;
            while (until < MODEL_DAYS && model->version[item][until] == model->version[item][day]) {
                until++;
            }
            assert_int_equal(items->items[i]->until_day, until == MODEL_DAYS ? 0 : TODAY + until);
        }
        count += model->count[day];
        visits += model->visits[day];
        assert_int_equal(items->n_items, want);
        assert_int_equal(count, want);
        assert_int_equal(visits, listed_visits);
    }
}

static void versions_against_a_naive_model(void **state) {
    struct fixture *f = *state;
    uint64_t random = 7;
    for (int round = 0; round < 40; round++) {
        struct model model = {.count = {0}};
        struct fixture *fresh;
        void *other = NULL;
        (void)f;
        set_up(&other);
        fresh = other;
        for (uint32_t turn = 1; turn <= 60; turn++) {
            if (next_random(&random) % 3 > 0) {
                publish_at_random(fresh, &model, &random, turn);
            } else {
                remove_at_random(fresh, &model, &random, turn);
            }
            hear(fresh, &model);
        }
        check_model(fresh, &model);
        assert_int_equal(tear_down(&other), 0);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(agencies),
        TEST(good_ones),
        TEST(the_same_again_changes_nothing),
        TEST(versions_as_of_a_day),
        TEST(others_items),
        TEST(ten_rounds),
        TEST(versions_against_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
