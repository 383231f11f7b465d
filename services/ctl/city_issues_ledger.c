#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_issues_internal.h"

/* The reform ledger of 2020: 150 tasks in six fields, 11 of them key, answering to 152 tasks of the province; all signed off. */

#define KEY_ITEMS 11
#define PROVINCIAL 152
#define CHANCE_PARTS 4000
#define CHANCE_OBJECTED 500
#define CHANCE_RETURNED 600
#define CHANCE_DEFERRED 400
#define REOPENED_TASK 140 /* one whose indicator falls back */

/* What the city printed of single tasks: values in units. */
static const struct printed {
    const char *code, *name, *unit;
    Issues__V1__IndicatorKind kind;
    int64_t baseline, target, total;
    Issues__V1__ReformField field;
} printed[] = {
    {"documents", "1+20系列文件", "件", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 21, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY},
    {"state_companies", "市属国有投资公司改革", "家", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 4, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY},
    {"staff", "县管校聘教职工", "人", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 38000, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"schools", "县管校聘公办学校", "所", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_COVERAGE, 0, 1009, 1009,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"new_schools", "新建中小学", "所", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 34, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"new_kindergartens", "新建幼儿园", "所", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 38, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"oversize_classes", "超大班额", "个", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_DECREASE, 126, 0, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"elder_centres", "街道综合养老服务中心", "个", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 6, 25, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"day_care_centres", "社区日间照料中心", "个", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 210, 389, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
    {"rural_homes", "示范性农村幸福院", "个", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 120, 350, 0,
     ISSUES__V1__REFORM_FIELD__REFORM_FIELD_LIVELIHOOD},
};
#define PRINTED (sizeof(printed) / sizeof(printed[0]))

/* One task on its way. */
struct work {
    struct city_issues *city;
    struct city_random random;
    uint32_t number;
    uint32_t at;
    size_t lead;
    size_t parts[2];
    size_t part_count;
    bool is_key, has_milestones;
    struct printed indicator;
    char text[CITY_TASK_NUMBER_BYTES];
    char code[33];
    uint8_t evidence[32];
};

void city_issues_task_number(uint32_t task, char text[CITY_TASK_NUMBER_BYTES]) {
    CHECK(snprintf(text, CITY_TASK_NUMBER_BYTES, "GG-2020-%03u", task + 1) < CITY_TASK_NUMBER_BYTES);
}

static void provincial_code(uint32_t number, char text[16]) {
    CHECK(snprintf(text, 16, "S2020-%03u", number + 1) < 16);
}

static void publish_provincial(struct city_issues *city) {
    uint32_t at = s_of_day(civil_day_from_date(CITY_YEAR, 1, 3)) + 9 * 3600;
    for (uint32_t i = 0; i < PROVINCIAL; i++) {
        char code[16];
        Issues__V1__PublishProvincialTask body = ISSUES__V1__PUBLISH_PROVINCIAL_TASK__INIT;
        Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
        provincial_code(i, code);
        body.year = CITY_YEAR;
        body.code = code;
        body.title = city_text("省定改革任务（模拟）");
        command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_PROVINCIAL_TASK;
        command.publish_provincial_task = &body;
        city_issues_add(city, at++, CITY_NO_RECORD, WHO_SUPERVISOR, &command);
        city->totals.provincial++;
    }
}

/* --- Drafts ------------------------------------------------------------------------------------------------------------------------- */

/* Of a task that nothing was printed about: its share done, of 100. */
static void choose_indicator(struct work *w) {
    if (w->number < PRINTED) {
        w->indicator = printed[w->number];
    } else {
        CHECK(snprintf(w->code, sizeof w->code, "done_%03u", w->number + 1) < (int)sizeof w->code);
        w->indicator = (struct printed){w->code, "完成比例", "%", ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_INCREASE, 0, 100, 0,
                                        (Issues__V1__ReformField)(1 + w->number % 6)};
    }
}

static void fill_indicator(const struct work *w, Issues__V1__Indicator *indicator) {
    issues__v1__indicator__init(indicator);
    indicator->code = city_text(w->indicator.code);
    indicator->name = city_text(w->indicator.name);
    indicator->unit = city_text(w->indicator.unit);
    indicator->kind = w->indicator.kind;
    indicator->baseline = w->indicator.baseline * 100;
    indicator->target = w->indicator.target * 100;
    indicator->total = w->indicator.total * 100;
}

static void fill_milestones(Issues__V1__Milestone milestones[2], Issues__V1__Milestone *list[2]) {
    static const struct {
        const char *name;
        unsigned month, day, expected;
    } of[2] = {{"方案印发", 3, 31, 200}, {"中期评估", 7, 31, 550}};
    for (size_t i = 0; i < 2; i++) {
        issues__v1__milestone__init(&milestones[i]);
        milestones[i].name = city_text(of[i].name);
        milestones[i].due_day = (uint32_t)civil_day_from_date(CITY_YEAR, of[i].month, of[i].day);
        milestones[i].expected_permille = of[i].expected;
        list[i] = &milestones[i];
    }
}

static void draft(struct work *w) {
    char first[16], second[16], *provincial[2] = {first, second}, *parts[2], *measures[1] = {city_text("制定方案、分步推进、年度评估")};
    Issues__V1__Indicator indicator, *indicators[1] = {&indicator};
    Issues__V1__Milestone milestones[2], *list[2];
    Issues__V1__PublishTask body = ISSUES__V1__PUBLISH_TASK__INIT;
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    provincial_code(w->number, first);
    provincial_code(CITY_TASKS + w->number, second);
    fill_indicator(w, &indicator);
    fill_milestones(milestones, list);
    for (size_t i = 0; i < w->part_count; i++) {
        parts[i] = city_text(city_agency(w->parts[i])->code);
    }
    body.task_number = w->text;
    body.year = CITY_YEAR;
    body.field = w->indicator.field;
    body.title = city_text("改革任务（模拟）");
    body.provincial = provincial;
    body.n_provincial = w->number < PROVINCIAL - CITY_TASKS ? 2 : 1;
    body.key = w->is_key;
    body.leading_office = city_text(w->is_key ? "市委改革办牵头领导" : "");
    body.lead = city_text(city_agency(w->lead)->code);
    body.cooperating = parts;
    body.n_cooperating = w->part_count;
    body.measures = measures;
    body.n_measures = 1;
    body.annual_target = city_text("年底前完成");
    body.indicators = indicators;
    body.n_indicators = 1;
    body.milestones = list;
    body.n_milestones = w->has_milestones ? 2 : 0;
    body.start_day = (uint32_t)civil_day_from_date(CITY_YEAR, 1, 10);
    body.due_day = (uint32_t)civil_day_from_date(CITY_YEAR, 12, 25);
    command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_TASK;
    command.publish_task = &body;
    city_issues_add(w->city, w->at, city_record(CITY_TASK, w->number), WHO_SUPERVISOR, &command);
}

/* --- Steps -------------------------------------------------------------------------------------------------------------------------- */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define ACTOR(name) COMMON__V1__ACTOR__ACTOR_##name

static void send(struct work *w, struct city_who who, Issues__V1__TaskStep step, Common__V1__Actor actor, const char *reason,
                 Issues__V1__ReportTask *body) {
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    body->task_number = w->text;
    body->step = step;
    body->actor = actor;
    body->reason = city_text(reason != NULL ? reason : "");
    command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_TASK;
    command.report_task = body;
    city_issues_add(w->city, w->at, city_record(CITY_TASK, w->number), who, &command);
}

static void simple(struct work *w, uint32_t workdays, struct city_who who, Issues__V1__TaskStep step, Common__V1__Actor actor,
                   const char *reason) {
    Issues__V1__ReportTask body = ISSUES__V1__REPORT_TASK__INIT;
    w->at = city_issues_later(&w->random, w->at, workdays);
    send(w, who, step, actor, reason, &body);
}

static ProtobufCBinaryData evidence(struct work *w) {
    for (size_t i = 0; i < sizeof w->evidence; i += 8) {
        const uint64_t draw = city_draw(&w->random);
        memcpy(w->evidence + i, &draw, 8);
    }
    return (ProtobufCBinaryData){.len = sizeof w->evidence, .data = w->evidence};
}

static void measure(struct work *w, uint32_t workdays, int64_t value) {
    Issues__V1__ReportTask body = ISSUES__V1__REPORT_TASK__INIT;
    w->at = city_issues_later(&w->random, w->at, workdays);
    body.indicator = city_text(w->indicator.code);
    body.value = value * 100;
    body.evidence = evidence(w);
    send(w, WHO_AGENCY(w->lead), STEP(MEASURED), ACTOR(HANDLER), NULL, &body);
}

static void close_milestone(struct work *w, unsigned milestone) {
    Issues__V1__ReportTask body = ISSUES__V1__REPORT_TASK__INIT;
    w->at = city_issues_later(&w->random, w->at, 0);
    body.milestone = milestone;
    body.evidence = evidence(w);
    send(w, WHO_AGENCY(w->lead), STEP(MILESTONE_CLOSED), ACTOR(HANDLER), NULL, &body);
}

/* Monthly reports, quarterly measurements (3/25, 6/25, 9/25), milestones, until the month of completion. */
static void work_until(struct work *w, unsigned last_month) {
    const struct printed *of = &w->indicator;
    for (unsigned month = 2; month < last_month; month++) {
        const uint32_t on = city_issues_on(&w->random, month, 22 + city_below(&w->random, 4));
        w->at = on > w->at ? on : w->at;
        simple(w, 0, WHO_AGENCY(w->lead), STEP(REPORTED), ACTOR(HANDLER), "本月进展正常（模拟）");
        w->city->totals.reports++;
        if (month % 3 == 0) {
            measure(w, 0, of->baseline + (of->target - of->baseline) * (int64_t)(month * 8) / 100);
        }
        if (w->has_milestones && (month == 3 || month == 7)) {
            close_milestone(w, month == 3 ? 1 : 2);
        }
    }
}

static void ask(struct work *w) {
    simple(w, 1, WHO_AGENCY(w->lead), STEP(SIGNOFF_ASKED), ACTOR(HEAD), NULL);
    for (size_t i = 0; i < w->part_count; i++) {
        if (city_happens(&w->random, CHANCE_OBJECTED)) {
            simple(w, 1, WHO_AGENCY(w->parts[i]), STEP(OBJECTED), ACTOR(HANDLER), "尚有事项未完成");
            w->city->totals.objections++;
        }
        simple(w, i == 0 ? 1 : 0, WHO_AGENCY(w->parts[i]), STEP(CONFIRMED), ACTOR(HANDLER), NULL);
    }
    if (w->is_key) {
        simple(w, 0, WHO_LEADER, STEP(LEADER_APPROVED), ACTOR(LEADER), NULL);
    }
}

static void sign_off(struct work *w) {
    ask(w);
    if (city_happens(&w->random, CHANCE_RETURNED)) {
        simple(w, 1, WHO_SUPERVISOR, STEP(RETURNED), ACTOR(SUPERVISOR), "佐证材料不全，退回补充");
        ask(w);
    }
    simple(w, 1, WHO_SUPERVISOR, STEP(SIGNED_OFF), ACTOR(SUPERVISOR), NULL);
}

static void defer(struct work *w) {
    Issues__V1__ReportTask body = ISSUES__V1__REPORT_TASK__INIT;
    w->at = city_issues_later(&w->random, w->at, 1);
    body.until_day = (uint32_t)civil_day_from_date(CITY_YEAR, 12, 31);
    send(w, WHO_SUPERVISOR, STEP(DEFERRED), ACTOR(SUPERVISOR), "受疫情影响，延期完成", &body);
    simple(w, 10, WHO_SUPERVISOR, STEP(RESUMED), ACTOR(SUPERVISOR), NULL);
}

/* After sign-off its indicator falls back: opened again, mended, signed off once more. */
static void fall_back(struct work *w) {
    measure(w, 5, w->indicator.target - 10);
    measure(w, 5, w->indicator.target);
    sign_off(w);
    w->city->totals.reopened++;
}

/* --- A task ------------------------------------------------------------------------------------------------------------------------- */

static void choose_units(struct work *w) {
    do {
        w->lead = city_office_agency(0, city_below(&w->random, (uint32_t)city_offices(0)));
    } while (city_agency(w->lead)->is_window);
    w->part_count = city_happens(&w->random, CHANCE_PARTS) ? 1 : 0;
    if (w->part_count > 0) {
        w->parts[0] = city_office_agency(1 + city_below(&w->random, CITY_COUNTIES), OFFICE_SOCIAL);
    }
}

static void draw_task(struct city_issues *city, uint32_t number) {
    struct work w = {.city = city, .random = city_random(city->options.seed, 'L', number), .number = number};
    city_issues_task_number(number, w.text);
    w.is_key = number % 14 == 0 && number / 14 < KEY_ITEMS;
    w.has_milestones = number % 3 == 0;
    choose_units(&w);
    choose_indicator(&w);
    w.at = city_issues_on(&w.random, 1, 6 + city_below(&w.random, 3));
    draft(&w);
    simple(&w, 1, WHO_SUPERVISOR, STEP(ISSUED), ACTOR(SUPERVISOR), NULL);
    simple(&w, 1 + city_below(&w.random, 4), WHO_AGENCY(w.lead), STEP(STARTED), ACTOR(HANDLER), NULL);
    const unsigned last_month = number == REOPENED_TASK ? 9 : 8 + city_below(&w.random, 5);
    work_until(&w, last_month);
    if (city_happens(&w.random, CHANCE_DEFERRED) && last_month < 11) {
        defer(&w);
    }
    measure(&w, 1, w.indicator.target);
    sign_off(&w);
    if (number == REOPENED_TASK) {
        fall_back(&w);
    }
    city->totals.tasks++;
    city->totals.key_items += w.is_key;
    city->totals.tasks_in_field[w.indicator.field]++;
}

void city_issues_draw_ledger(struct city_issues *city) {
    publish_provincial(city);
    for (uint32_t i = 0; i < CITY_TASKS; i++) {
        draw_task(city, i);
    }
}
