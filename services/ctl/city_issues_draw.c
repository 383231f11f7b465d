#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_issues_internal.h"

/* Enterprise issues: 1,194 collected in 2020, 1,131 of them resolved; chances are in parts of 10,000. */

#define COLLECTED 1194u
#define LONG_TERM 14u
#define TRANSFERRED 9u
#define CANCELLED 6u
#define OPEN 34u /* received at the end of the year, in hand when it ends */
#define RESOLVED (COLLECTED - LONG_TERM - TRANSFERRED - CANCELLED - OPEN)
#define DUPLICATES 37u
#define INVALID 22u
_Static_assert(RESOLVED == 1131, "as it was printed");

#define CHANCE_CITY_UNIT 3500
#define CHANCE_PARTS 2000
#define CHANCE_DISPUTE 300
#define CHANCE_EXTENSION 600
#define CHANCE_LATE 350
#define CHANCE_SILENT 600
#define CHANCE_DISSATISFIED 500
#define CHANCE_LATE_DISPATCH 200
#define CHANCE_CITES 1500
#define CHANCE_ITEM 2000
#define CHANCE_TASK 800

enum fate { FATE_RESOLVED, FATE_LONG_TERM, FATE_TRANSFERRED, FATE_CANCELLED, FATE_OPEN, FATE_DUPLICATE, FATE_INVALID };

/* One issue on its way. */
struct way {
    struct city_issues *city;
    struct city_random random;
    uint32_t number;
    uint32_t at; /* of its last step */
    size_t county;
    size_t lead; /* agency */
    size_t parts[2];
    size_t part_count;
    Issues__V1__IssueClass class;
    uint32_t limit; /* workdays */
    int32_t due;    /* day */
    char text[32];
};

static void number_of(uint32_t number, char text[32]) {
    CHECK(snprintf(text, 32, "QY-2020-%05u", number + 1) < 32);
}

/* --- Steps -------------------------------------------------------------------------------------------------------------------------- */

static void report(struct way *w, struct city_who who, Issues__V1__IssueStep step, Common__V1__Actor actor, const char *reason,
                   Issues__V1__ReportIssue *body) {
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    body->issue_number = w->text;
    body->step = step;
    body->actor = actor;
    body->reason = city_text(reason != NULL ? reason : "");
    command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_ISSUE;
    command.report_issue = body;
    city_issues_add(w->city, w->at, city_record(CITY_ISSUE, w->number), who, &command);
}

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define ACTOR(name) COMMON__V1__ACTOR__ACTOR_##name

static void simple(struct way *w, uint32_t workdays, struct city_who who, Issues__V1__IssueStep step, Common__V1__Actor actor,
                   const char *reason) {
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    w->at = city_issues_later(&w->random, w->at, workdays);
    report(w, who, step, actor, reason, &body);
}

static void item_code(struct way *w, Issues__V1__IssueRegistration *registration, char code[CITY_ITEM_CODE_BYTES]) {
    if (city_happens(&w->random, CHANCE_ITEM)) {
        const struct city_catalogue *catalogue = &w->city->catalogue;
        city_item_code(&catalogue->items[city_below(&w->random, 40) * 37 % catalogue->count], code);
        registration->item_code = code;
        w->city->totals.about_item++;
    }
}

static void register_issue(struct way *w) {
    static const char *const rules[] = {"P01", "P07", "P12", "N03", "N08", "N15", "N21"};
    char credit_code[CITY_AGENCY_CREDIT_BYTES], task[CITY_TASK_NUMBER_BYTES], code[CITY_ITEM_CODE_BYTES];
    char *cited[1] = {city_text(rules[city_below(&w->random, 7)])};
    Issues__V1__IssueRegistration registration = ISSUES__V1__ISSUE_REGISTRATION__INIT;
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    city_credit_code("91", "QE", w->number, credit_code);
    registration.credit_code = credit_code;
    registration.title = city_text("企业反映的问题（模拟）");
    registration.topic = (Issues__V1__IssueTopic)(1 + city_below(&w->random, 9));
    registration.region = city_county_region(w->county);
    item_code(w, &registration, code);
    if (city_happens(&w->random, CHANCE_TASK)) {
        city_issues_task_number(city_below(&w->random, 12), task);
        registration.task_number = task;
        w->city->totals.about_task++;
    }
    if (city_happens(&w->random, CHANCE_CITES)) {
        registration.rules = cited;
        registration.n_rules = 1;
        w->city->totals.cited++;
    }
    body.registration = &registration;
    report(w, WHO_CLERK, STEP(REGISTERED), ACTOR(APPLICANT), NULL, &body);
    w->city->totals.registered++;
}

static void screen(struct way *w) {
    static const uint32_t limits[] = {0, 22, 15, 5};
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    const uint32_t draw = city_below(&w->random, 10);
    w->class = draw == 0 ? ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_A
                         : draw < 5 ? ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_B : ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_C;
    w->limit = limits[w->class];
    w->at = city_issues_later(&w->random, w->at, 0);
    body.class_ = w->class;
    report(w, WHO_SUPERVISOR, STEP(SCREENED), ACTOR(SUPERVISOR), NULL, &body);
}

static size_t draw_unit(struct way *w) {
    const size_t place = city_happens(&w->random, CHANCE_CITY_UNIT) ? 0 : w->county + 1;
    size_t office;
    do {
        office = city_below(&w->random, (uint32_t)city_offices(place));
    } while (office == OFFICE_HALL);
    return city_office_agency(place, office);
}

static void dispatch_to(struct way *w, uint32_t workdays) {
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    char *parts[2];
    w->at = city_issues_later(&w->random, w->at, workdays);
    for (size_t i = 0; i < w->part_count; i++) {
        parts[i] = city_text(city_agency(w->parts[i])->code);
    }
    body.lead = city_text(city_agency(w->lead)->code);
    body.cooperating = parts;
    body.n_cooperating = w->part_count;
    report(w, WHO_SUPERVISOR, STEP(DISPATCHED), ACTOR(SUPERVISOR), NULL, &body);
    w->due = city_nth_workday(day_of_s(w->at), w->limit);
}

static void draw_parts(struct way *w) {
    w->part_count = city_happens(&w->random, CHANCE_PARTS) ? 1 + city_below(&w->random, 2) : 0;
    for (size_t i = 0; i < w->part_count; i++) {
        do {
            w->parts[i] = draw_unit(w);
        } while (w->parts[i] == w->lead || (i == 1 && w->parts[1] == w->parts[0]));
    }
}

/* What takes long begins early: the year's issues are resolved within it. */
static bool is_early(const struct way *w) {
    return day_of_s(w->at) < civil_day_from_date(CITY_YEAR, 9, 1);
}

static void dispatch(struct way *w) {
    const bool is_late = is_early(w) && city_happens(&w->random, CHANCE_LATE_DISPATCH);
    w->lead = draw_unit(w);
    w->part_count = 0;
    const bool is_disputed = city_happens(&w->random, CHANCE_DISPUTE);
    if (!is_disputed) {
        draw_parts(w);
    }
    dispatch_to(w, is_late ? 4 + city_below(&w->random, 2) : city_below(&w->random, 3));
    w->city->totals.dispatched_late += is_late;
    if (is_disputed) { /* the unit says that it is not in charge, and another one gets it within the day */
        simple(w, 0, WHO_AGENCY(w->lead), STEP(DISPUTED), ACTOR(HANDLER), "不属于本单位职责");
        const size_t before = w->lead;
        while (w->lead == before) {
            w->lead = draw_unit(w);
        }
        dispatch_to(w, 0);
        w->city->totals.disputes++;
    }
}

static void do_parts(struct way *w) {
    for (size_t i = 0; i < w->part_count; i++) {
        simple(w, i == 0 ? 1 : 0, WHO_AGENCY(w->parts[i]), STEP(PART_DONE), ACTOR(HANDLER), NULL);
    }
}

static void extend(struct way *w) {
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    simple(w, 0, WHO_AGENCY(w->lead), STEP(EXTENSION_ASKED), ACTOR(HANDLER), "情况复杂，需多方协调");
    w->at = city_issues_later(&w->random, w->at, 0);
    body.extension = 5 + city_below(&w->random, 11);
    report(w, WHO_SUPERVISOR, STEP(EXTENDED), ACTOR(SUPERVISOR), NULL, &body);
    w->due = city_nth_workday(w->due, body.extension);
    w->city->totals.extensions++;
}

/* Workdays from a day up to another one. */
static uint32_t workdays_until(int32_t from, int32_t until) {
    uint32_t count = 0;
    while (from < until) {
        count += city_is_workday(++from, CITY_KNOWS_ALL);
    }
    return count;
}

static void answer(struct way *w, bool is_late) {
    const uint32_t left = workdays_until(day_of_s(w->at), w->due);
    const uint32_t wait = is_late ? left + 3 + city_below(&w->random, 6) : left < 2 ? 0 : city_below(&w->random, left);
    if (is_late && w->city->first_overdue_day == 0 && w->due > civil_day_from_date(CITY_YEAR, 2, 10)) {
        w->city->first_overdue_day = (uint32_t)city_nth_workday(w->due, 2);
    }
    simple(w, wait, WHO_AGENCY(w->lead), STEP(ANSWERED), ACTOR(HANDLER), "已协调解决，答复如下（模拟）");
}

/* The enterprise is not content: handled and answered once more, twice it may be. */
static void further_rounds(struct way *w) {
    for (unsigned round = 2; round <= 3 && is_early(w) && city_happens(&w->random, round == 2 ? CHANCE_DISSATISFIED : 3000); round++) {
        simple(w, 1, WHO_CLERK, STEP(DISSATISFIED), ACTOR(APPLICANT), "问题没有解决");
        w->due = city_nth_workday(day_of_s(w->at), w->limit);
        w->city->totals.dissatisfied++;
        w->city->totals.raised += round == 3;
        answer(w, false);
    }
}

static void resolve(struct way *w) {
    const bool is_on_time = day_of_s(w->at) <= w->due;
    struct city_issues_totals *totals = &w->city->totals;
    totals->resolved++;
    totals->resolved_in[w->county]++;
    totals->on_time += is_on_time;
    totals->late += !is_on_time;
    if (city_happens(&w->random, CHANCE_SILENT)) { /* the registry resolves it */
        w->at = s_of_day(city_nth_workday(day_of_s(w->at), 10) + 1);
        totals->silent++;
    } else {
        simple(w, 1 + city_below(&w->random, 3), WHO_CLERK, STEP(CONFIRMED), ACTOR(APPLICANT), NULL);
        simple(w, 0, WHO_SUPERVISOR, STEP(RESOLVED), ACTOR(SUPERVISOR), NULL);
        totals->confirmed++;
    }
    simple(w, 1, WHO_SUPERVISOR, STEP(SIGNED_OFF), ACTOR(SUPERVISOR), NULL);
    totals->signed_off++;
}

/* --- Ends --------------------------------------------------------------------------------------------------------------------------- */

static void go_long_term(struct way *w) {
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    w->at = city_issues_later(&w->random, w->at, 1);
    body.until_day = (uint32_t)civil_day_from_date(2021, 6, 30);
    report(w, WHO_LEADER, STEP(LONG_TERM), ACTOR(LEADER), "需上级政策调整后解决", &body);
    w->city->totals.long_term++;
}

static void transfer(struct way *w) {
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    w->at = city_issues_later(&w->random, w->at, 1);
    body.target = ISSUES__V1__TRANSFER_TARGET__TRANSFER_TARGET_COURT;
    body.receipt = city_text("收函2020-模拟");
    report(w, WHO_SUPERVISOR, STEP(TRANSFERRED), ACTOR(SUPERVISOR), "涉法涉诉", &body);
    w->city->totals.transferred++;
}

static void mark_duplicate(struct way *w, uint32_t of) {
    char other[32];
    Issues__V1__ReportIssue body = ISSUES__V1__REPORT_ISSUE__INIT;
    number_of(of, other);
    w->at = city_issues_later(&w->random, w->at, 0);
    body.duplicate_of = other;
    report(w, WHO_SUPERVISOR, STEP(DUPLICATE), ACTOR(SUPERVISOR), "同一企业同一问题", &body);
    w->city->totals.duplicates++;
}

static void handle(struct way *w) {
    simple(w, 0, WHO_AGENCY(w->lead), STEP(STARTED), ACTOR(HANDLER), NULL);
    do_parts(w);
    if (w->limit > 5 && is_early(w) && city_happens(&w->random, CHANCE_EXTENSION)) {
        extend(w);
    }
    answer(w, is_early(w) && city_happens(&w->random, CHANCE_LATE));
    further_rounds(w);
}

static void finish(struct way *w, enum fate fate) {
    switch (fate) {
    case FATE_RESOLVED:
        handle(w);
        resolve(w);
        return;
    case FATE_LONG_TERM:
        go_long_term(w);
        return;
    case FATE_TRANSFERRED:
        transfer(w);
        return;
    case FATE_CANCELLED:
        simple(w, 1, WHO_CLERK, STEP(CANCELLED), ACTOR(APPLICANT), "企业撤回");
        w->city->totals.cancelled++;
        return;
    case FATE_OPEN:
        simple(w, 0, WHO_AGENCY(w->lead), STEP(STARTED), ACTOR(HANDLER), NULL);
        w->city->totals.open_at_end++;
        return;
    case FATE_DUPLICATE:
    case FATE_INVALID:
        break;
    }
    CHECK(false);
}

/* An earlier issue that is none of these itself: those come last. */
static void draw_one(struct city_issues *city, uint32_t number, enum fate fate) {
    struct way w = {.city = city, .random = city_random(city->options.seed, 'Q', number), .number = number};
    const int32_t first = civil_day_from_date(CITY_YEAR, 1, 3), last = civil_day_from_date(CITY_YEAR, 10, 16);
    const int32_t open = civil_day_from_date(CITY_YEAR, 12, 21);
    const int32_t day = fate == FATE_OPEN ? open + (int32_t)city_below(&w.random, 7)
                                          : first + (int32_t)city_below(&w.random, (uint32_t)(last - first));
    number_of(number, w.text);
    w.county = city_below(&w.random, CITY_COUNTIES);
    w.at = city_issues_later(&w.random, s_of_day(day - 1) + 12 * 3600, 1);
    if (fate == FATE_DUPLICATE) { /* of what came in the first days */
        w.at = city_issues_later(&w.random, s_of_day(last) + 12 * 3600, 1 + city_below(&w.random, 20));
    }
    register_issue(&w);
    city->totals.registered_in[w.county]++;
    if (fate == FATE_DUPLICATE) {
        mark_duplicate(&w, city_below(&w.random, RESOLVED));
    } else if (fate == FATE_INVALID) {
        simple(&w, 0, WHO_SUPERVISOR, STEP(INVALID), ACTOR(SUPERVISOR), "不属于受理范围");
        city->totals.invalid++;
    } else {
        screen(&w);
        dispatch(&w);
        finish(&w, fate);
    }
}

void city_issues_draw_issues(struct city_issues *city) {
    static const struct {
        enum fate fate;
        uint32_t count;
    } fates[] = {
        {FATE_RESOLVED, RESOLVED}, {FATE_LONG_TERM, LONG_TERM},   {FATE_TRANSFERRED, TRANSFERRED}, {FATE_CANCELLED, CANCELLED},
        {FATE_OPEN, OPEN},         {FATE_DUPLICATE, DUPLICATES}, {FATE_INVALID, INVALID},
    };
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        for (uint32_t k = 0; k < fates[i].count; k++) {
            draw_one(city, number++, fates[i].fate);
        }
    }
}
