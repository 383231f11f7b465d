#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_approvals_plan.h"

/*
 * One case from its receipt to its last rating, as officers in working hours would take it. Everything is drawn from the number
 * of the case alone. Steps that the law forbids are never drawn: what time does meanwhile is the registry's to say.
 */

/* Chances are in parts of 10,000. */
#define CHANCE_NOT_OURS 80
#define CHANCE_REFUSED_TO_ACCEPT 70
#define CHANCE_SUPPLEMENT 600
#define CHANCE_SUPPLEMENT_LAPSES 1000
#define CHANCE_SUPPLEMENT_WITHDRAWN 300
#define CHANCE_SILENT 120
#define CHANCE_SILENT_AFTER_SUPPLEMENT 400
#define CHANCE_WITHDRAWN_EARLY 50
#define CHANCE_WITHDRAWN 70
#define CHANCE_DEFICIENT 2000 /* where the item allows it */
#define CHANCE_PAUSED 600
#define CHANCE_PAUSED_AGAIN 1500
#define CHANCE_CAPPED 1500
#define CHANCE_EXTENDED 100
#define CHANCE_EXTENDED_JOINT 1500
#define CHANCE_LATE 70
#define CHANCE_VERY_LATE 15
#define CHANCE_NEVER_DECIDED 4
#define CHANCE_REFUSED 180
#define CHANCE_CHANGED_BY_HEAD 200
#define CHANCE_INSTANT_LATE 25
#define CHANCE_DELIVERED_LATE 40
#define CHANCE_NEVER_DELIVERED 30
#define CHANCE_PAPERS_LATE 800
#define CHANCE_REVOKED 6
#define CHANCE_SLIP 12
#define CHANCE_RATED 2500
#define CHANCE_RECTIFIED 9200
#define CHANCE_RECTIFIED_LATE 1200

#define SUPPLEMENT_WORKDAYS 30 /* a notice lapses then */
#define MINUTE_S 60u

/* --- Times ---------------------------------------------------------------------------------------------------------------------- */

/* A moment some minutes on, in the same office hours; 0: they are over. */
static uint32_t soon(struct plan *p) {
    const int32_t day = day_of_s(p->now);
    const uint32_t minutes = p->item->special == ITEM_OPENING ? 1 + city_below(&p->random, 8) : 2 + city_below(&p->random, 25);
    const uint32_t time = p->now - s_of_day(day) + minutes * MINUTE_S + city_below(&p->random, 60);
    if (!works_on(day) || time > TIME(17, 30)) {
        return 0;
    }
    return s_of_day(day) + (time < TIME(8, 30) ? TIME(8, 31) + time % 600 : time > TIME(12, 0) && time < TIME(14, 0) ? TIME(14, 0) + time % 600 : time);
}

/* An officer's next moment: so many workdays on, 0: at once, or on the next workday when the hours are over. */
static void pass(struct plan *p, uint32_t workdays) {
    const uint32_t at = workdays == 0 ? soon(p) : 0;
    p->now = at > p->now ? at : city_plan_in_hours(p, city_nth_workday(day_of_s(p->now), workdays > 0 ? workdays : 1));
}

/* Within minutes, though the hours end meanwhile: who has begun a thing finishes it. */
static void pass_minutes(struct plan *p) {
    p->now += 90 + city_below(&p->random, 600);
}

/* --- Steps ---------------------------------------------------------------------------------------------------------------------- */

static struct city_step *add(struct plan *p, unsigned step, unsigned actor) {
    CHECK(p->count < PLAN_STEPS_MAX);
    struct city_step *added = &p->steps[p->count++];
    *added = (struct city_step){.case_row = p->case_row,
                                .at = p->now,
                                .sender = CITY_SENDER_AGENCY,
                                .agency = p->agency & 0x1fff,
                                .step = (uint8_t)step,
                                .actor = actor & 0xf};
    return added;
}

/* What clerks do; at the service hall for many of the city's agencies. */
static struct city_step *add_at_window(struct plan *p, unsigned step, unsigned actor) {
    struct city_step *added = add(p, step, actor);
    if (p->with_clerk) {
        added->sender = CITY_SENDER_CLERK;
        added->agency = 0;
    }
    return added;
}

static uint16_t stream_day(int32_t day) {
    return (uint16_t)(day - city_approvals_first_day());
}

static uint32_t workdays_between(int32_t from, int32_t until) {
    uint32_t count = 0;
    for (int32_t day = from + 1; day <= until; day++) {
        count += works_on(day);
    }
    return count;
}

/* Whether so many workdays from now on are in the calendar that is known by then. */
static bool is_in_calendar(const struct plan *p, uint32_t workdays) {
    const int32_t today = day_of_s(p->now);
    return city_nth_workday(today, workdays) <= city_horizon(today);
}

/* --- Before acceptance ------------------------------------------------------------------------------------------------------------ */

/* All return whether the case goes on. */

static bool withdraw(struct plan *p, unsigned confirmation) {
    pass(p, 0);
    add_at_window(p, STEP(WITHDRAWAL_ASKED), ACTOR(APPLICANT));
    pass(p, 0);
    add_at_window(p, confirmation, ACTOR(CLERK));
    return false;
}

static void accept(struct plan *p) {
    p->accepted = p->accepted > 0 ? p->accepted : p->now;
    struct city_step *step = add_at_window(p, STEP(ACCEPTED), happens(p, 6000) ? ACTOR(CLERK) : ACTOR(HANDLER));
    if (step->actor == ACTOR(HANDLER)) {
        step->sender = CITY_SENDER_AGENCY;
        step->agency = p->agency & 0x1fff;
    }
    if (p->version->deficiency && happens(p, CHANCE_DEFICIENT) && is_in_calendar(p, 40)) {
        step->until = stream_day(city_nth_workday(day_of_s(p->now), 25 + city_below(&p->random, 10)));
    }
}

/* Nobody accepts within five workdays: then it is taken as accepted, and the handler finds it on his desk. */
static bool stay_silent(struct plan *p) {
    p->accepted = p->now;
    pass(p, 6 + city_below(&p->random, 2));
    return true;
}

static bool supplement(struct plan *p) {
    pass(p, city_below(&p->random, 4));
    add_at_window(p, STEP(SUPPLEMENT_STARTED), ACTOR(CLERK));
    if (happens(p, CHANCE_SUPPLEMENT_LAPSES)) {
        return false;
    }
    pass(p, 1 + city_below(&p->random, 15));
    if (happens(p, CHANCE_SUPPLEMENT_WITHDRAWN)) {
        return withdraw(p, STEP(WITHDRAWN_BEFORE_ACCEPTANCE));
    }
    add_at_window(p, STEP(SUPPLEMENT_ENDED), ACTOR(APPLICANT));
    p->accepted = p->now;
    if (happens(p, CHANCE_SILENT_AFTER_SUPPLEMENT)) {
        return stay_silent(p);
    }
    pass(p, city_below(&p->random, 3));
    accept(p);
    return true;
}

static bool take_in(struct plan *p) {
    const uint32_t chance = city_below(&p->random, 10000);
    uint32_t below = CHANCE_NOT_OURS;
    if (chance < below) {
        pass(p, city_below(&p->random, 4));
        add_at_window(p, STEP(NOT_OURS), ACTOR(CLERK));
        return false;
    }
    if (chance < (below += CHANCE_REFUSED_TO_ACCEPT)) {
        pass(p, city_below(&p->random, 4));
        add(p, STEP(REFUSED_TO_ACCEPT), ACTOR(HANDLER));
        return false;
    }
    if (chance < (below += CHANCE_WITHDRAWN_EARLY)) {
        return withdraw(p, STEP(WITHDRAWN_BEFORE_ACCEPTANCE));
    }
    if (chance < (below += CHANCE_SILENT)) {
        return stay_silent(p);
    }
    if (chance < below + CHANCE_SUPPLEMENT && is_in_calendar(p, 20 + SUPPLEMENT_WORKDAYS + city_workdays_needed(p->version))) {
        return supplement(p);
    }
    pass(p, happens(p, 6500) ? 0 : 1 + city_below(&p->random, 3));
    accept(p);
    return true;
}

/* --- Review ------------------------------------------------------------------------------------------------------------------------- */

/* A special procedure: hearing, test, expert review ...; papers asked for after acceptance. Ends itself, or the registry ends it. */
static void pause_review(struct plan *p) {
    const bool is_capped = happens(p, CHANCE_CAPPED);
    const uint32_t planned = 3 + city_below(&p->random, 10);
    const int32_t from = day_of_s(p->now);
    struct city_step *step = add(p, STEP(SPECIAL_STARTED), ACTOR(HANDLER));
    step->special = (2 + city_below(&p->random, 9)) & 0xf;
    step->until = stream_day(city_nth_workday(day_of_s(p->now), planned));
    if (is_capped) {
        pass(p, planned + 1);
        p->paused += planned;
        return;
    }
    pass(p, city_below(&p->random, planned));
    add(p, STEP(SPECIAL_ENDED), ACTOR(HANDLER));
    p->paused += workdays_between(from, day_of_s(p->now));
}

/* The promise is in workdays, and some of them are left: silence may have used them up. */
static bool has_time(const struct plan *p) {
    const uint32_t gone = workdays_between(day_of_s(p->accepted), day_of_s(p->now));
    return p->version->promised.unit == LIMITED_WORKDAYS && p->version->promised.amount >= gone + 3;
}

/* The promise in workdays, roughly where it is in another unit. */
static uint32_t promised_workdays(const struct city_version *version) {
    switch ((enum limit_kind)version->promised.unit) {
    case LIMITED_WORKDAYS:
        return version->promised.amount;
    case LIMITED_DAYS:
        return version->promised.amount * 2u / 3;
    case LIMITED_MONTHS:
        return version->promised.amount * 18u;
    case LIMITED_HOURS:
        return version->promised.amount / 24u;
    case LIMITED_NOT:
        break;
    }
    return 10;
}

/* Workdays until the decision: within the promise, or beyond it where it is late. */
static uint32_t draw_duration(struct plan *p) {
    const uint32_t promised = promised_workdays(p->version);
    const uint32_t gone = workdays_between(day_of_s(p->accepted), day_of_s(p->now));
    const uint32_t used = gone > p->paused ? gone - p->paused : 0;
    uint32_t wanted = promised * (20 + city_below(&p->random, 61)) / 100;
    if (happens(p, CHANCE_LATE)) {
        wanted = promised + 1 + city_below(&p->random, 8);
    } else if (happens(p, CHANCE_VERY_LATE)) {
        wanted = promised + p->version->statutory.amount + 5;
    }
    return wanted > used ? wanted - used : 0;
}

/* The applicant is told that it takes longer: before the promised time ends. */
static void extend(struct plan *p) {
    const bool is_joint = p->version->joint;
    struct city_step *step = add(p, STEP(SPECIAL_STARTED), is_joint ? ACTOR(LEADER) : ACTOR(HEAD));
    step->special = APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION;
    step->value = (uint8_t)(1 + city_below(&p->random, is_joint ? 15 : 10));
    if (is_joint) {
        step->sender = CITY_SENDER_LEADER;
        step->agency = 0;
    }
}

static void report_part(struct plan *p, uint16_t agency, unsigned step) {
    struct city_step *added = add(p, step, ACTOR(HANDLER));
    added->agency = agency & 0x1fff;
}

static void review_parts(struct plan *p) {
    uint16_t agencies[4];
    const size_t count = city_case_parts(p->city, p->row, agencies);
    for (size_t i = 0; i < count; i++) {
        pass(p, p->version->instant ? 0 : city_below(&p->random, 2));
        report_part(p, agencies[i], STEP(DEPARTMENT_STARTED));
    }
    for (size_t i = 0; i < count; i++) {
        pass(p, p->version->instant ? 0 : 1 + city_below(&p->random, 3));
        report_part(p, agencies[i], STEP(PART_DONE));
    }
}

/* Day by which papers are promised; 0: none are. */
static uint16_t papers_due(const struct plan *p) {
    uint16_t due = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct city_step *step = &p->steps[i];
        const bool is_promise = step->step == STEP(ACCEPTED) || (step->step == STEP(APPROVED_WITH_DEFICIENCY) && step->actor == ACTOR(HEAD));
        due = is_promise && step->until > 0 ? step->until : due;
    }
    return due;
}

/* An extension, special procedures. Papers that are promised have a day of their own: such cases are not suspended. */
static void take_longer(struct plan *p) {
    if (happens(p, p->version->joint ? CHANCE_EXTENDED_JOINT : CHANCE_EXTENDED)) {
        pass(p, 0);
        extend(p);
    }
    if (papers_due(p) == 0 && happens(p, CHANCE_PAUSED)) {
        pass(p, 0);
        pause_review(p);
        if (happens(p, CHANCE_PAUSED_AGAIN)) {
            pass(p, 1);
            pause_review(p);
        }
    }
}

/* False: withdrawn, or never decided. */
static bool review(struct plan *p) {
    pass(p, happens(p, 7000) ? 0 : 1);
    add(p, STEP(DEPARTMENT_STARTED), ACTOR(HANDLER));
    if (happens(p, CHANCE_SLIP) && has_time(p)) {
        pass(p, 0);
        struct city_step *slip = add(p, STEP_SLIP, ACTOR(SUPERVISOR));
        slip->sender = CITY_SENDER_SUPERVISOR;
        slip->agency = 0;
        slip->value = (uint8_t)(1 + city_below(&p->random, 2));
    }
    if (happens(p, CHANCE_NEVER_DECIDED)) {
        return false;
    }
    if (happens(p, CHANCE_WITHDRAWN)) {
        return withdraw(p, STEP(WITHDRAWN));
    }
    if (has_time(p) && is_in_calendar(p, p->version->statutory.amount + 40)) {
        take_longer(p);
    }
    if (p->version->joint) {
        review_parts(p);
    }
    return true;
}

/* --- Decision and after ------------------------------------------------------------------------------------------------------------ */

static unsigned draw_decision(struct plan *p) {
    if (happens(p, CHANCE_REFUSED)) {
        return STEP(REFUSED);
    }
    return p->version->deficiency && happens(p, 300) ? STEP(APPROVED_WITH_DEFICIENCY) : STEP(APPROVED);
}

static void add_decision(struct plan *p, unsigned decision, unsigned actor) {
    struct city_step *step = add(p, decision, actor);
    if (decision == STEP(APPROVED_WITH_DEFICIENCY)) {
        step->until = stream_day(day_of_s(p->now) + 30);
    }
}

static void decide(struct plan *p) {
    const unsigned decision = draw_decision(p);
    if (p->version->instant) {
        pass_minutes(p);
        add_decision(p, decision, ACTOR(HEAD));
        return;
    }
    const unsigned proposed = happens(p, CHANCE_CHANGED_BY_HEAD) ? STEP(REFUSED) : decision;
    pass(p, draw_duration(p));
    add_decision(p, proposed, ACTOR(HANDLER));
    pass_minutes(p);
    add_decision(p, decision, ACTOR(HEAD));
}

static void bring_papers(struct plan *p) {
    const uint16_t due = papers_due(p);
    const int32_t due_day = city_approvals_first_day() + due;
    if (due == 0) {
        return;
    }
    pass(p, happens(p, CHANCE_PAPERS_LATE) && day_of_s(p->now) <= due_day ? 40 : 0);
    add_at_window(p, STEP(PAPERS_IN), ACTOR(APPLICANT));
}

/* False: the certificate is never fetched. */
static bool deliver(struct plan *p) {
    if (happens(p, CHANCE_NEVER_DELIVERED) && !p->version->joint) {
        return false;
    }
    const bool is_at_once = p->version->instant || happens(p, 5000);
    pass(p, happens(p, CHANCE_DELIVERED_LATE) && !p->version->joint ? 12 : is_at_once ? 0 : city_below(&p->random, 8));
    add_at_window(p, STEP(DELIVERED), ACTOR(CLERK));
    return true;
}

/* --- Afterwards --------------------------------------------------------------------------------------------------------------------- */

static uint8_t draw_rating(struct plan *p) {
    static const uint16_t below[4] = {7800, 9300, 9750, 9900};
    const uint32_t chance = city_below(&p->random, 10000);
    uint8_t rating = 1;
    while (rating < 5 && chance >= below[rating - 1]) {
        rating++;
    }
    return rating;
}

static void rate(struct plan *p) {
    const uint32_t visits = p->version->visits > 1 ? p->version->visits : 1;
    for (uint32_t visit = 1; visit <= visits && happens(p, visit == 1 ? CHANCE_RATED : 4000); visit++) {
        p->now += 3600 + city_below(&p->random, 3 * DAY_S);
        struct city_step *step = add(p, STEP_RATE, ACTOR(APPLICANT));
        step->value = draw_rating(p);
        step->until = (uint16_t)visit;
        if (step->value >= 4 && happens(p, CHANCE_RECTIFIED)) {
            const uint32_t rated_at = p->now;
            pass(p, happens(p, CHANCE_RECTIFIED_LATE) ? 17 + city_below(&p->random, 10) : 1 + city_below(&p->random, 13));
            struct city_step *rectified = add(p, STEP_RECTIFY, ACTOR(HANDLER));
            rectified->value = (uint8_t)visit;
            p->now = rated_at;
        }
    }
}

/* Whoever was refused, or withdrew, may rate too; whose papers lapsed is not asked. */
static void go(struct plan *p) {
    add_at_window(p, STEP(RECEIVED), p->row->channel == CHANNEL(WINDOW) ? ACTOR(CLERK) : ACTOR(APPLICANT));
    bool ends_well = false;
    if (p->version->instant) {
        pass(p, p->item->special == ITEM_ORDINARY && happens(p, 1000) ? 1 : 0);
        accept(p);
        if (p->version->joint) {
            pass(p, 0);
            add(p, STEP(DEPARTMENT_STARTED), ACTOR(HANDLER));
            review_parts(p);
        } else if (happens(p, CHANCE_INSTANT_LATE)) {
            pass(p, 1);
        }
        decide(p);
        ends_well = deliver(p);
    } else if (take_in(p)) {
        if (review(p)) {
            decide(p);
            ends_well = deliver(p);
        } else if (p->steps[p->count - 1].step != STEP(WITHDRAWN)) {
            return; /* never decided: nobody rates it */
        }
    }
    if (ends_well) {
        bring_papers(p);
        if (happens(p, CHANCE_REVOKED)) {
            pass(p, 20);
            add(p, STEP(REVOKED), ACTOR(HEAD));
        }
    }
    const unsigned last = p->steps[p->count - 1].step;
    if (ends_well || (p->count > 1 && last != STEP(SUPPLEMENT_STARTED) && (last < STEP(APPROVED) || last > STEP(REFUSED)))) {
        rate(p);
    }
}

/* --- The case ------------------------------------------------------------------------------------------------------------------------- */

/* A rating of a later visit may come before a bad one is mended: in order of time, then as drawn. */
static void sort_steps(struct plan *p) {
    for (uint32_t i = 1; i < p->count; i++) {
        const struct city_step step = p->steps[i];
        uint32_t at = i;
        for (; at > 0 && p->steps[at - 1].at > step.at; at--) {
            p->steps[at] = p->steps[at - 1];
        }
        p->steps[at] = step;
    }
}

static void keep_steps(struct plan *p) {
    const uint32_t end = s_of_day(city_approvals_last_day() + 1) - DAY_S / 2;
    uint32_t kept = 0;
    sort_steps(p);
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->steps[i].at < end) {
            p->steps[kept++] = p->steps[i];
        }
    }
    for (uint32_t i = 0; i < kept; i++) {
        city_steps_add(&p->city->steps, &p->steps[i]);
    }
    city_case_count(p->city, p->case_row, p->steps, kept);
}

void city_case_draw(struct city_approvals *city, uint32_t case_row, int32_t day) {
    struct plan plan = {.city = city, .row = &city->cases[case_row], .case_row = case_row};
    plan.random = city_random(city->options.seed, 'A', case_row);
    city_plan_choose(&plan, day);
    go(&plan);
    keep_steps(&plan);
}
