#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/approvals_desk.h"

/* Why a case is due when it is: each day with its ground, the sums, the calendar of then, and the page for the
 * applicant. */

#define GROUND(word) APPROVALS__V1__DAY_GROUND__DAY_GROUND_##word

struct fixture {
    struct town town;
    struct desk desk;
};

static void begin(struct fixture *f, const char *known_on, const char *now) {
    town_init(&f->town, 10000);
    f->town.keeps_log = true;
    town_begin(&f->town, known_on);
    desk_init(&f->desk, &f->town, now);
}

static void end(struct fixture *f) {
    desk_release(&f->desk);
    town_release(&f->town);
}

static void publish(struct fixture *f, const struct town_item *item) {
    assert_true(town_publish(&f->town, item));
}

static void report(struct fixture *f, const struct act *act) {
    if (!town_report(&f->town, act)) {
        fail_msg("step %d at %s: refused with %u (%s)", act->step, act->at, f->town.decision.code,
                 f->town.decision.field == NULL ? "" : f->town.decision.field);
    }
}

/* Received, accepted and begun within one day. */
static void begin_case(struct fixture *f, const char *number, const char *item, const char *day) {
    char at[32];
    snprintf(at, sizeof at, "%sT09:00", day);
    report(f, &(struct act){.step = STEP(RECEIVED), .number = number, .item = item, .at = at});
    town_step(&f->town, number, STEP(ACCEPTED), at);
    town_step(&f->town, number, STEP(DEPARTMENT_STARTED), at);
}

static void pause_case(struct fixture *f, const char *number, int special, const char *from, const char *until) {
    char at[32];
    snprintf(at, sizeof at, "%sT10:00", from);
    report(f,
           &(struct act){
               .step = STEP(SPECIAL_STARTED), .number = number, .special = special, .at = at, .until = "2020-09-01"});
    if (until != NULL) {
        snprintf(at, sizeof at, "%sT10:00", until);
        town_step(&f->town, number, STEP(SPECIAL_ENDED), at);
    }
}

static void decide_case(struct fixture *f, const char *number, const char *at) {
    report(f, &(struct act){.step = STEP(APPROVED), .number = number, .actor = ACTOR(HANDLER), .at = at});
    town_step(&f->town, number, STEP(APPROVED), at);
}

/* NULL: not told of. */
static const Approvals__V1__ExplainedDay *day_of(const Approvals__V1__Explanation *e, const char *day) {
    for (size_t i = 0; i < e->n_days; i++) {
        if (e->days[i]->day == (uint32_t)town_day(day)) {
            return e->days[i];
        }
    }
    return NULL;
}

static void check_day(const Approvals__V1__Explanation *e, const char *day, int ground, bool promised, bool statutory) {
    const Approvals__V1__ExplainedDay *found = day_of(e, day);
    if (found == NULL || (int)found->ground != ground || found->charged_promised != promised ||
        found->charged_statutory != statutory) {
        fail_msg("%s: ground %d, charged %d %d", day, found == NULL ? -1 : (int)found->ground,
                 found == NULL ? -1 : found->charged_promised, found == NULL ? -1 : found->charged_statutory);
    }
}

static uint32_t charged(const Approvals__V1__Explanation *e, bool is_statutory) {
    uint32_t sum = 0;
    for (size_t i = 0; i < e->n_days; i++) {
        sum += is_statutory ? e->days[i]->charged_statutory : e->days[i]->charged_promised;
    }
    return sum;
}

/* Days are told of one behind another, and their sums are what the clocks say. */
static void check_sums(const Approvals__V1__Explanation *e) {
    assert_non_null(e);
    for (size_t i = 1; i < e->n_days; i++) {
        assert_int_equal(e->days[i]->day, e->days[i - 1]->day + 1);
    }
    assert_int_equal(charged(e, false), e->case_->promised->charged_days);
    assert_int_equal(charged(e, true), e->case_->statutory->charged_days);
}

static void check_says(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        fail_msg("\"%s\" is not in\n%s", wanted, text);
    }
}

static void check_says_not(const char *text, const char *unwanted) {
    if (strstr(text, unwanted) != NULL) {
        fail_msg("\"%s\" is in\n%s", unwanted, text);
    }
}

/* --- grounds --- */

static void each_day_has_its_ground(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-06T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 20, .statutory = 30});
    begin_case(&f, "C1", "I1", "2020-01-17");
    pause_case(&f, "C1", SPECIAL(INSPECTION), "2020-02-11", "2020-02-17");
    pause_case(&f, "C1", SPECIAL(PAPERS), "2020-02-20", "2020-02-25");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    static const struct {
        const char *day;
        int ground;
        bool promised, statutory;
        int special;
        const char *notice;
    } want[] = {
        {"2020-01-17", GROUND(FIRST_DAY), false, false, 0, ""},
        {"2020-01-18", GROUND(WEEKEND), false, false, 0, ""},
        {"2020-01-19", GROUND(WORKED_BY_NOTICE), true, true, 0, "2020-A"},
        {"2020-01-20", GROUND(WORKDAY), true, true, 0, ""},
        {"2020-01-24", GROUND(HOLIDAY), false, false, 0, "2020-A"},
        {"2020-01-30", GROUND(HOLIDAY), false, false, 0, "2020-A"},
        {"2020-01-31", GROUND(HOLIDAY), false, false, 0, "2020-B"},
        {"2020-02-01", GROUND(HOLIDAY), false, false, 0, "2020-B"},
        {"2020-02-03", GROUND(WORKED_BY_NOTICE), true, true, 0, "2020-B"},
        {"2020-02-11", GROUND(WORKDAY), true, true, 0, ""}, /* the day on which it was suspended counts */
        {"2020-02-12", GROUND(SUSPENDED), false, false, SPECIAL(INSPECTION), ""},
        {"2020-02-15", GROUND(SUSPENDED), false, false, SPECIAL(INSPECTION), ""}, /* a Saturday */
        {"2020-02-17", GROUND(SUSPENDED), false, false, SPECIAL(INSPECTION), ""},
        {"2020-02-18", GROUND(WORKDAY), true, true, 0, ""},
        {"2020-02-20", GROUND(WORKDAY), true, true, 0, ""},
        {"2020-02-21", GROUND(PAPERS), false, true, SPECIAL(PAPERS), ""},
        {"2020-02-22", GROUND(WEEKEND), false, false, 0, ""},
        {"2020-02-25", GROUND(PAPERS), false, true, SPECIAL(PAPERS), ""},
        {"2020-02-26", GROUND(WORKDAY), true, true, 0, ""},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        check_day(e, want[i].day, want[i].ground, want[i].promised, want[i].statutory);
        assert_int_equal(day_of(e, want[i].day)->special, want[i].special);
        assert_string_equal(day_of(e, want[i].day)->notice, want[i].notice);
        assert_string_equal(day_of(e, want[i].day)->holiday, want[i].notice[0] == 0 ? "" : "春节");
    }
    assert_int_equal(e->n_days, (size_t)(town_day("2020-03-06") - town_day("2020-01-17") + 1));
    assert_int_equal(e->case_->promised->charged_days + 3, e->case_->statutory->charged_days);
    assert_int_equal(e->case_->promised->remaining_days, 20 - (int)e->case_->promised->charged_days);
    end(&f);
}

/* The notices as they came: on 22 January 1 February was still a day of work. */
static void spring_festival_2020_as_the_notices_came(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-01-22", "2020-01-22T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 3, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-01-22");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", "2020-02-04");
    check_sums(e);
    check_day(e, "2020-01-31", GROUND(WORKDAY), true, true);
    check_day(e, "2020-02-01", GROUND(WORKED_BY_NOTICE), true, true);
    check_day(e, "2020-02-02", GROUND(WEEKEND), false, false);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-02-01"));
    assert_int_equal(e->case_->statutory->due_day, town_day("2020-02-25"));
    check_says_not(e->text_zh, "2020-B");
    assert_true(town_load_notice(&f.town, "2020-B"));
    town_tick(&f.town, "2020-01-27T08:01");
    e = desk_explain(&f.desk, "C1", "2020-02-04");
    check_sums(e);
    check_day(e, "2020-01-31", GROUND(HOLIDAY), false, false);
    check_day(e, "2020-02-01", GROUND(HOLIDAY), false, false);
    check_day(e, "2020-02-02", GROUND(HOLIDAY), false, false);
    check_day(e, "2020-02-03", GROUND(WORKED_BY_NOTICE), true, true);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-02-04"));
    assert_int_equal(e->case_->statutory->due_day, town_day("2020-02-27"));
    assert_int_equal(e->case_->promised->charged_days, 3);
    assert_int_equal(e->case_->promised->remaining_days, 0);
    check_says(e->text_zh, "2020年1月24日至2020年1月30日：春节放假，不计入（放假通知2020-A）");
    check_says(e->text_zh, "2020年1月31日至2020年2月2日：春节放假，不计入（放假通知2020-B）");
    check_says(e->text_en, "24 January 2020 to 30 January 2020: 春节, off, not counted (holiday notice 2020-A)");
    check_says(e->text_en, "31 January 2020 to 2 February 2020: 春节, off, not counted (holiday notice 2020-B)");
    end(&f);
}

/* Without the second notice again: what was before it holds. */
static void a_notice_withdrawn_leaves_no_trace(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-01-29T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 3, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-01-22");
    check_day(desk_explain(&f.desk, "C1", "2020-02-04"), "2020-01-31", GROUND(HOLIDAY), false, false);
    assert_true(town_withdraw_notice(&f.town, "2020-B", "2020-01-28T10:00"));
    town_tick(&f.town, "2020-01-28T10:01");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", "2020-02-04");
    check_sums(e);
    check_day(e, "2020-01-31", GROUND(WORKDAY), true, true);
    check_day(e, "2020-02-01", GROUND(WORKED_BY_NOTICE), true, true);
    assert_string_equal(day_of(e, "2020-02-01")->notice, "2020-A");
    end(&f);
}

/* --- procedures --- */

static void a_procedure_of_one_day_costs_nothing(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-13T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    begin_case(&f, "C2", "I1", "2020-03-02");
    pause_case(&f, "C2", SPECIAL(TEST), "2020-03-04", "2020-03-04");
    for (int i = 1; i <= 2; i++) {
        const Approvals__V1__Explanation *e = desk_explain(&f.desk, i == 1 ? "C1" : "C2", NULL);
        check_sums(e);
        check_day(e, "2020-03-04", GROUND(WORKDAY), true, true);
        check_day(e, "2020-03-05", GROUND(WORKDAY), true, true);
        assert_int_equal(e->case_->promised->charged_days, 9);
        assert_int_equal(e->case_->promised->due_day, town_day("2020-03-16"));
        check_says_not(e->text_zh, "检测");
    }
    end(&f);
}

/* The state machine has one at a time; a day is taken out once however they lie. */
static void overlapping_procedures_take_a_day_out_once(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-20T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    pause_case(&f, "C1", SPECIAL(HEARING), "2020-03-03", "2020-03-06");
    pause_case(&f, "C1", SPECIAL(PAPERS), "2020-03-06", "2020-03-10");
    uint32_t number;
    struct case_pause *pause = table_add(&f.town.approvals.pauses, &number);
    struct approval_case *row = town_case(&f.town, "C1");
    *pause = (struct case_pause){.from = town_day("2020-03-05"),
                                 .until = town_day("2020-03-09"),
                                 .next = row->first_pause,
                                 .kind = SPECIAL(APPRAISAL),
                                 .stops_statutory = 1};
    row->first_pause = number;
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    check_day(e, "2020-03-04", GROUND(SUSPENDED), false, false);
    check_day(e, "2020-03-06", GROUND(SUSPENDED), false, false);
    check_day(e, "2020-03-09", GROUND(SUSPENDED), false, false); /* the appraisal stops more than the papers do */
    check_day(e, "2020-03-10", GROUND(PAPERS), false, true);
    assert_int_equal(day_of(e, "2020-03-09")->special, SPECIAL(APPRAISAL));
    assert_int_equal(e->case_->promised->charged_days, 9);
    assert_int_equal(e->case_->statutory->charged_days, 10);
    check_says(e->text_zh, "2020年3月4日至2020年3月6日：听证所需时间，不计入期限（依照《行政许可法》第四十五条）");
    check_says(e->text_zh, "2020年3月6日至2020年3月9日：鉴定所需时间");
    check_says(e->text_zh, "2020年3月7日至2020年3月10日：受理后补充材料，不计入承诺期限");
    check_says(e->text_en, "a hearing");
    check_says(e->text_en, "an appraisal");
    check_says(e->text_en, "further papers");
    end(&f);
}

static void papers_stop_the_promised_clock_alone_unless_the_item_says_so(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-13T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    publish(&f, &(struct town_item){.code = "I2", .promised = 10, .statutory = 20, .papers_stop_statutory = true});
    begin_case(&f, "C1", "I1", "2020-03-02");
    begin_case(&f, "C2", "I2", "2020-03-02");
    pause_case(&f, "C1", SPECIAL(PAPERS), "2020-03-03", "2020-03-05");
    pause_case(&f, "C2", SPECIAL(PAPERS), "2020-03-03", "2020-03-05");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    check_day(e, "2020-03-04", GROUND(PAPERS), false, true);
    assert_int_equal(e->case_->promised->charged_days, 7);
    assert_int_equal(e->case_->statutory->charged_days, 9);
    check_says(e->text_zh, "法定期限照常计算");
    e = desk_explain(&f.desk, "C2", NULL);
    check_sums(e);
    check_day(e, "2020-03-04", GROUND(SUSPENDED), false, false);
    assert_int_equal(e->case_->statutory->charged_days, 7);
    check_says_not(e->text_zh, "法定期限照常计算");
    check_says(e->text_zh, "按本事项的特别规定，不计入承诺期限和法定期限");
    end(&f);
}

static void an_open_procedure_lasts_until_its_planned_end(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-12T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    report(&f, &(struct act){.step = STEP(SPECIAL_STARTED),
                             .number = "C1",
                             .special = SPECIAL(EXPERT_REVIEW),
                             .at = "2020-03-05T10:00",
                             .until = "2020-03-20"});
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    check_day(e, "2020-03-05", GROUND(WORKDAY), true, true);
    check_day(e, "2020-03-06", GROUND(SUSPENDED), false, false);
    check_day(e, "2020-03-12", GROUND(SUSPENDED), false, false);
    assert_int_equal(e->case_->light, APPROVALS__V1__LIGHT__LIGHT_GREY);
    assert_int_equal(e->case_->promised->charged_days, 3);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-03-31"));
    check_says(e->text_zh, "特别程序尚未结束，如于2020年3月20日结束，至2020年3月31日届满");
    check_says(e->text_zh, "2020年3月6日至2020年3月12日：专家评审所需时间");
    check_says(e->text_en, "were the special procedure over on 20 March 2020, the last day is 31 March 2020");
    end(&f);
}

/* --- an ended case --- */

/* Decided by what was known; what became known later changes nothing of it. */
static void a_closed_case_keeps_its_calendar(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-01-22", "2020-02-20T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 3, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-01-22");
    begin_case(&f, "C2", "I1", "2020-01-22");
    begin_case(&f, "C3", "I1", "2020-01-22");
    pause_case(&f, "C3", SPECIAL(PAPERS), "2020-01-22", "2020-01-31");
    decide_case(&f, "C1", "2020-02-03T10:00");
    decide_case(&f, "C3", "2020-02-03T10:00");
    assert_true(town_load_notice(&f.town, "2020-B"));
    town_tick(&f.town, "2020-02-03T12:00");
    check_sums(desk_explain(&f.desk, "C3", NULL));
    assert_int_equal(desk_case(&f.desk, ROLE_OPERATOR, "operator", "C3")->promised->charged_days, 2);
    assert_int_equal(desk_case(&f.desk, ROLE_OPERATOR, "operator", "C3")->statutory->charged_days, 4);
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    assert_int_equal(e->days[e->n_days - 1]->day, town_day("2020-02-03"));
    check_day(e, "2020-01-31", GROUND(WORKDAY), true, true);
    check_day(e, "2020-02-01", GROUND(WORKED_BY_NOTICE), true, true);
    check_day(e, "2020-02-02", GROUND(WEEKEND), false, false);
    check_day(e, "2020-02-03", GROUND(WORKDAY), true, true);
    assert_int_equal(charged(e, false), 4);
    assert_int_equal(e->case_->closing->charged_days, 4);
    assert_false(e->case_->closing->on_time);
    assert_true(e->case_->closing->lawful);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-02-01"));
    assert_int_equal(e->case_->promised->remaining_days, -1);
    check_says(e->text_zh, "作出准予的决定，超过承诺期限，未超过法定期限");
    check_says(e->text_en, "Result: approved on 3 February 2020, beyond the promised time, within the statutory time.");
    check_says_not(e->text_zh, "2020-B");
    e = desk_explain(&f.desk, "C2", "2020-02-03"); /* its twin is open */
    check_sums(e);
    check_day(e, "2020-01-31", GROUND(HOLIDAY), false, false);
    assert_int_equal(charged(e, false), 2);
    const Approvals__V1__Case *shown = desk_case(&f.desk, ROLE_OPERATOR, "operator", "C1");
    assert_int_equal(shown->promised->charged_days, 4);
    assert_int_equal(shown->statutory->charged_days, 4);
    end(&f);
}

static void nothing_is_told_beyond_the_end(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-06-01T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    begin_case(&f, "C2", "I1", "2020-03-02");
    report(&f, &(struct act){.step = STEP(WITHDRAWAL_ASKED), .number = "C1", .at = "2020-03-04T10:00"});
    town_step(&f.town, "C1", STEP(WITHDRAWN), "2020-03-05T10:00");
    report(&f, &(struct act){.step = STEP(REFUSED), .number = "C2", .actor = ACTOR(HANDLER), .at = "2020-03-10T10:00"});
    town_step(&f.town, "C2", STEP(REFUSED), "2020-03-10T11:00");
    town_step(&f.town, "C2", STEP(DELIVERED), "2020-03-11T11:00");
    report(&f, &(struct act){.step = STEP(REVOKED), .number = "C2", .at = "2020-04-10T11:00"});
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    assert_int_equal(e->days[e->n_days - 1]->day, town_day("2020-03-05"));
    assert_null(e->case_->closing);
    check_says(e->text_zh, "申请已撤回");
    e = desk_explain(&f.desk, "C2", "2020-05-01");
    check_sums(e);
    assert_int_equal(e->days[e->n_days - 1]->day, town_day("2020-03-10"));
    check_says(e->text_zh, "决定已撤销");
    check_says(e->text_zh, "2020年3月10日作出不予批准的决定");
    e = desk_explain(&f.desk, "C2", "2020-03-04"); /* as it was then */
    check_sums(e);
    assert_int_equal(e->n_days, 3);
    e = desk_explain(&f.desk, "C2", "2020-01-04"); /* before it was accepted */
    check_sums(e);
    assert_int_equal(e->n_days, 1);
    end(&f);
}

/* --- before acceptance, deemed acceptance, extension --- */

static void before_its_acceptance_nothing_is_counted(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-05T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    report(&f, &(struct act){.step = STEP(RECEIVED), .number = "C1", .at = "2020-03-02T09:00"});
    report(&f, &(struct act){.step = STEP(RECEIVED), .number = "C2", .at = "2020-03-02T09:00"});
    report(&f, &(struct act){.step = STEP(SUPPLEMENT_STARTED), .number = "C2", .at = "2020-03-03T09:00"});
    report(&f, &(struct act){.step = STEP(RECEIVED), .number = "C3", .at = "2020-03-02T09:00"});
    report(&f, &(struct act){.step = STEP(NOT_OURS), .number = "C3", .at = "2020-03-03T09:00"});
    static const char *const says[] = {"五个工作日内决定是否受理", "前（含当日）补齐", "未受理，办理期限未开始计算"};
    static const char *const says_en[] = {"Within five workdays", "Please bring everything", "It was not accepted"};
    static const char *const numbers[] = {"C1", "C2", "C3"};
    for (size_t i = 0; i < 3; i++) {
        const Approvals__V1__Explanation *e = desk_explain(&f.desk, numbers[i], NULL);
        assert_non_null(e);
        assert_int_equal(e->n_days, 0);
        assert_int_equal(e->case_->promised->due_day, 0);
        assert_int_equal(e->case_->accepted_at_ms, 0);
        assert_int_equal(e->case_->promised->limit->amount, 10);
        check_says(e->text_zh, says[i]);
        check_says(e->text_en, says_en[i]);
    }
    end(&f);
}

static void silence_and_extension_are_named_with_their_articles(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-20T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    report(&f, &(struct act){.step = STEP(RECEIVED), .number = "C1", .at = "2020-03-02T09:00"});
    town_tick(&f.town, "2020-03-10T00:01");
    town_step(&f.town, "C1", STEP(DEPARTMENT_STARTED), "2020-03-10T09:00");
    report(&f, &(struct act){.step = STEP(SPECIAL_STARTED),
                             .number = "C1",
                             .special = SPECIAL(EXTENSION),
                             .days = 5,
                             .at = "2020-03-11T09:00"});
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    assert_true(e->case_->deemed_accepted);
    assert_int_equal(e->days[0]->day, town_day("2020-03-02"));
    assert_int_equal(e->case_->promised->extension, 5);
    assert_int_equal(e->case_->promised->charged_days, 14);
    assert_int_equal(e->case_->promised->remaining_days, 1);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-03-23"));
    check_says(e->text_zh, "依照《行政许可法》第三十二条，自收到申请材料之日起即为受理");
    check_says(e->text_zh, "经本行政机关负责人批准，延长5个工作日（依照《行政许可法》第四十二条）");
    check_says(e->text_zh, "截至2020年3月20日，已计14个工作日，剩余1个工作日");
    check_says(e->text_en, "article 32");
    check_says(e->text_en,
               "Extension: 5 workdays, approved by the head of the agency (Administrative Licensing Law, article 42)");
    check_says(e->text_en, "14 workdays count; 1 workday is left");
    end(&f);
}

/* --- the page --- */

static void both_pages_name_every_ground(void **state) {
    static const int kinds[] = {SPECIAL(HEARING),    SPECIAL(TENDER),        SPECIAL(AUCTION),
                                SPECIAL(INSPECTION), SPECIAL(TEST),          SPECIAL(QUARANTINE),
                                SPECIAL(APPRAISAL),  SPECIAL(EXPERT_REVIEW), SPECIAL(PAPERS)};
    static const char *const words[] = {"听证", "招标", "拍卖",     "检验",          "检测",
                                        "检疫", "鉴定", "专家评审", "受理后补充材料"};
    static const char *const words_en[] = {"a hearing",
                                           "a tender",
                                           "an auction",
                                           "an inspection",
                                           "a test",
                                           "a quarantine",
                                           "an appraisal",
                                           "a review by experts",
                                           "further papers asked for after acceptance"};
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-04-10T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 30, .statutory = 45});
    begin_case(&f, "C1", "I1", "2020-01-17");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char from[CIVIL_DATE_TEXT_BYTES], until[CIVIL_DATE_TEXT_BYTES];
        civil_date_format(town_day("2020-02-10") + (int32_t)i * 5, from);
        civil_date_format(town_day("2020-02-10") + (int32_t)i * 5 + 3, until);
        pause_case(&f, "C1", kinds[i], from, until);
    }
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        check_says(e->text_zh, words[i]);
        check_says(e->text_en, words_en[i]);
    }
    static const char *const zh[] = {"事项名称：I1（编码I1，第1版）",
                                     "办件编号：C1",
                                     "办理机关：plan",
                                     "收件日期：2020年1月17日",
                                     "受理日期：2020年1月17日",
                                     "承诺期限：30个工作日",
                                     "法定期限：45个工作日",
                                     "受理当日，不计入，自次日起算（《民法总则》第二百零一条）",
                                     "2020-A",
                                     "2020-B",
                                     "清明节",
                                     "2020年1月19日（星期日）：春节调休上班，计入",
                                     "星期六、星期日",
                                     "第四十五条",
                                     "第八十二条",
                                     "0374-2960002",
                                     "0374-2960001",
                                     "12345",
                                     "《行政许可法》第七条"};
    static const char *const en[] = {"Item: I1 (code I1, version 1)",
                                     "Case number: C1",
                                     "Agency: plan",
                                     "Received: 17 January 2020",
                                     "Accepted: 17 January 2020",
                                     "Promised limit: 30 workdays",
                                     "Statutory limit: 45 workdays",
                                     "General Provisions of the Civil Law, article 201",
                                     "2020-A",
                                     "2020-B",
                                     "清明节",
                                     "19 January 2020 (Sunday): 春节, worked instead, counted",
                                     "Saturdays and Sundays",
                                     "article 45",
                                     "article 82",
                                     "0374-2960002",
                                     "0374-2960001",
                                     "12345",
                                     "article 7"};
    for (size_t i = 0; i < sizeof zh / sizeof zh[0]; i++) {
        check_says(e->text_zh, zh[i]);
        check_says(e->text_en, en[i]);
    }
    end(&f);
}

static void late_cases_say_so(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-20T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    town_tick(&f.town, "2020-03-20T18:00");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    assert_int_equal(e->case_->light, APPROVALS__V1__LIGHT__LIGHT_RED);
    assert_int_equal(e->case_->promised->remaining_days, -9);
    check_says(e->text_zh, "已超期9个工作日");
    check_says(e->text_zh, "本件已经超期。您可以拨打投诉电话");
    check_says(e->text_en, "it is 9 workdays late");
    check_says(e->text_en, "It is late now: you may");
    e = desk_explain(&f.desk, "C1", "2020-03-09");
    check_says(e->text_zh, "剩余0个工作日");
    check_says_not(e->text_zh, "已经超期");
    end(&f);
}

/* Items that are no licence follow the licensing law by analogy; the Civil Code is younger than 2020. */
static void the_law_named_is_the_one_that_holds(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2021-01-01", "2021-03-20T18:00");
    publish(&f, &(struct town_item){.code = "I1",
                                    .promised = 50,
                                    .statutory = 60,
                                    .type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_CONFIRMATION});
    begin_case(&f, "C1", "I1", "2020-12-31");
    begin_case(&f, "C2", "I1", "2021-01-04");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    check_says(e->text_zh, "《民法总则》第二百零一条");
    check_says(e->text_zh, "参照《行政许可法》第八十二条");
    e = desk_explain(&f.desk, "C2", NULL);
    check_says(e->text_zh, "《民法典》第二百零一条");
    check_says(e->text_en, "(Civil Code, article 201)");
    check_says(e->text_en, "as in the Administrative Licensing Law, article 82");
    end(&f);
}

/* Without the log the page lacks the telephone numbers alone. */
static void a_page_needs_no_log(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-05T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 10, .statutory = 20});
    begin_case(&f, "C1", "I1", "2020-03-02");
    f.desk.now_ms = town_ms("2020-03-05T18:00");
    struct town_event *log = f.town.log;
    f.town.keeps_log = false;
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_sums(e);
    check_says(e->text_zh, "您可以拨打12345政务服务便民热线投诉");
    f.town.log = log;
    f.town.keeps_log = true;
    end(&f);
}

/* --- other limits --- */

static void days_and_hours_are_told_as_what_they_are(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-03-10T18:00");
    publish(&f, &(struct town_item){
                    .code = "I1", .promised = 10, .statutory = 30, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_DAY});
    publish(&f,
            &(struct town_item){
                .code = "I2", .promised = 30, .statutory = 100, .unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_HOUR});
    publish(&f, &(struct town_item){.code = "I3", .promised = 10, .has_no_statutory = true});
    begin_case(&f, "C1", "I1", "2020-03-02");
    begin_case(&f, "C2", "I2", "2020-03-02");
    begin_case(&f, "C3", "I3", "2020-03-02");
    pause_case(&f, "C1", SPECIAL(PAPERS), "2020-03-05", "2020-03-09");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    check_day(e, "2020-03-04", GROUND(WORKDAY), true, true);
    check_day(e, "2020-03-07", GROUND(PAPERS), false, true); /* a Saturday: it would count */
    check_day(e, "2020-03-10", GROUND(WORKDAY), true, true);
    assert_int_equal(e->case_->promised->due_day, town_day("2020-03-16"));
    check_says(e->text_zh, "承诺期限：10日（自然日），至2020年3月16日届满");
    check_says(e->text_en, "Promised limit: 10 calendar days; the last day is 16 March 2020");
    e = desk_explain(&f.desk, "C2", NULL);
    check_says(e->text_zh, "承诺期限：30小时，至2020年3月3日15时00分届满");
    check_says(e->text_en, "Promised limit: 30 hours; the last day is 3 March 2020, 15:00");
    assert_int_equal(e->case_->promised->due_at_ms, town_ms("2020-03-03T15:00"));
    e = desk_explain(&f.desk, "C3", NULL);
    check_day(e, "2020-03-04", GROUND(WORKDAY), true, false);
    check_sums(e);
    check_says(e->text_zh, "法定期限：法律、法规未作规定");
    check_says(e->text_en, "Statutory limit: none is laid down");
    end(&f);
}

static void beyond_the_calendar_nothing_is_guessed(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2020-02-01", "2020-12-30T18:00"); /* 2021 is not known */
    publish(&f, &(struct town_item){.code = "I1", .promised = 1, .statutory = 2});
    begin_case(&f, "C1", "I1", "2020-12-28");
    check_sums(desk_explain(&f.desk, "C1", NULL));
    check_sums(desk_explain(&f.desk, "C1", "2020-12-31"));
    assert_null(desk_explain(&f.desk, "C1", "2021-01-01"));
    assert_int_equal(f.desk.code, REFUSAL(CALENDAR_HORIZON));
    f.desk.now_ms = town_ms("2021-01-05T10:00");
    const Approvals__V1__Case *shown = desk_case(&f.desk, ROLE_OPERATOR, "operator", "C1"); /* still shown */
    assert_non_null(shown);
    assert_int_equal(shown->promised->due_day, town_day("2020-12-29"));
    assert_int_equal(shown->promised->charged_days, 0);
    assert_int_equal(shown->light, APPROVALS__V1__LIGHT__LIGHT_PURPLE);
    decide_case(&f, "C1", "2020-12-31T10:00");
    check_sums(desk_explain(&f.desk, "C1", NULL)); /* ended before the horizon */
    end(&f);
}

/* --- against plain loops --- */

static uint32_t random_next(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* The first day on which the limit is used up, by the explanation's own days. */
static uint32_t due_by_days(const Approvals__V1__Explanation *e, bool is_statutory, uint32_t limit) {
    uint32_t sum = 0;
    for (size_t i = 0; i < e->n_days; i++) {
        sum += is_statutory ? e->days[i]->charged_statutory : e->days[i]->charged_promised;
        if (sum == limit) {
            return e->days[i]->day;
        }
    }
    return 0;
}

/* Random procedures of a case; days as said at what they are: (from, until] out of the workdays of the table. */
static void check_random_case(struct fixture *f, uint64_t *random, int number) {
    static const int kinds[] = {SPECIAL(HEARING), SPECIAL(PAPERS), SPECIAL(TEST)};
    char name[16], text[CIVIL_DATE_TEXT_BYTES], until_text[CIVIL_DATE_TEXT_BYTES];
    const struct calendar calendar = approvals_calendar(&f->town.approvals);
    const int32_t start = town_day("2020-01-02") + (int32_t)(random_next(random) % 200);
    bool stopped[2][400] = {{false}};
    uint32_t used[2] = {0};
    int32_t day = start;
    snprintf(name, sizeof name, "R%d", number);
    civil_date_format(start, text);
    begin_case(f, name, "I1", text);
    for (uint32_t i = random_next(random) % 5; i > 0; i--) {
        const int kind = kinds[random_next(random) % 3];
        const int32_t from = day + (int32_t)(random_next(random) % 4),
                      until = from + (int32_t)(random_next(random) % 9);
        civil_date_format(from, text);
        civil_date_format(until, until_text);
        char at[32];
        snprintf(at, sizeof at, "%sT11:00", text);
        report(f, &(struct act){
                      .step = STEP(SPECIAL_STARTED), .number = name, .special = kind, .at = at, .until = "2021-06-01"});
        snprintf(at, sizeof at, "%sT11:00", until_text);
        town_step(&f->town, name, STEP(SPECIAL_ENDED), at);
        for (int32_t d = from + 1; d <= until; d++) {
            stopped[0][d - start] = true;
            stopped[1][d - start] = stopped[1][d - start] || kind != SPECIAL(PAPERS);
        }
        day = until;
    }
    f->desk.now_ms = civil_ms_of_day(start + 120);
    const Approvals__V1__Explanation *e = desk_explain(&f->desk, name, NULL);
    check_sums(e);
    for (int32_t d = start + 1; d <= start + 120; d++) {
        const bool is_workday = calendar_kind_is_work(calendar_kind_of(&calendar, d));
        used[0] += is_workday && !stopped[0][d - start];
        used[1] += is_workday && !stopped[1][d - start];
    }
    assert_int_equal(e->n_days, 121);
    assert_int_equal(charged(e, false), used[0]);
    assert_int_equal(charged(e, true), used[1]);
    assert_int_equal(due_by_days(e, false, 7), e->case_->promised->due_day);
    assert_int_equal(due_by_days(e, true, 20), e->case_->statutory->due_day);
}

static void due_days_equal_the_count_by_hand(void **state) {
    struct fixture f;
    uint64_t random = 7;
    (void)state;
    begin(&f, "2021-01-01", "2020-12-01T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 7, .statutory = 20});
    for (int i = 0; i < 400; i++) {
        check_random_case(&f, &random, i);
    }
    end(&f);
}

/* A case of many years: the days told of are bounded, the oldest are left out, and its page is one page. */
static void a_case_of_many_years_is_bounded(void **state) {
    struct fixture f;
    (void)state;
    begin(&f, "2026-01-01", "2026-06-01T18:00");
    publish(&f, &(struct town_item){.code = "I1", .promised = 900, .statutory = 999});
    begin_case(&f, "C1", "I1", "2019-02-11");
    const Approvals__V1__Explanation *e = desk_explain(&f.desk, "C1", NULL);
    assert_non_null(e);
    assert_int_equal(e->n_days, 2000);
    assert_int_equal(e->days[1999]->day, town_day("2026-06-01"));
    assert_int_equal(e->days[0]->day, town_day("2026-06-01") - 1999);
    check_says(e->text_zh, "段从略");
    assert_true(strlen(e->text_zh) < 12000 && strlen(e->text_en) < 12000);
    check_says(e->text_zh, "投诉不影响本件的办理"); /* to its end */
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_day_has_its_ground),
        cmocka_unit_test(spring_festival_2020_as_the_notices_came),
        cmocka_unit_test(a_notice_withdrawn_leaves_no_trace),
        cmocka_unit_test(a_procedure_of_one_day_costs_nothing),
        cmocka_unit_test(overlapping_procedures_take_a_day_out_once),
        cmocka_unit_test(papers_stop_the_promised_clock_alone_unless_the_item_says_so),
        cmocka_unit_test(an_open_procedure_lasts_until_its_planned_end),
        cmocka_unit_test(a_closed_case_keeps_its_calendar),
        cmocka_unit_test(nothing_is_told_beyond_the_end),
        cmocka_unit_test(before_its_acceptance_nothing_is_counted),
        cmocka_unit_test(silence_and_extension_are_named_with_their_articles),
        cmocka_unit_test(both_pages_name_every_ground),
        cmocka_unit_test(late_cases_say_so),
        cmocka_unit_test(the_law_named_is_the_one_that_holds),
        cmocka_unit_test(a_page_needs_no_log),
        cmocka_unit_test(days_and_hours_are_told_as_what_they_are),
        cmocka_unit_test(beyond_the_calendar_nothing_is_guessed),
        cmocka_unit_test(due_days_equal_the_count_by_hand),
        cmocka_unit_test(a_case_of_many_years_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
