#include "aggregator/fold_place.h"
#include "base/civil.h"

/* The reform ledger. Its numbers belong to the year of the task, whatever the day: period 1 January of that year. */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define STATE(name) ISSUES__V1__TASK_STATE__TASK_STATE_##name
#define INDICATORS_MAX 8
#define VALUE_MAX INT64_C(4000000000000000) /* differences of values of 10^15 at most */
enum { YEAR_MIN = 2000, YEAR_MAX = 2100, WHOLE = 1000, COUNT_MAX = 64 };

static bool year_is_valid(uint32_t year) {
    return year >= YEAR_MIN && year <= YEAR_MAX;
}

static int32_t period_of(uint32_t year) {
    return civil_day_from_date((int32_t)year, 1, 1);
}

enum fold_result fold_provincial_task(const Issues__V1__ProvincialTaskPublished *published, struct cells *cells) {
    if (!year_is_valid(published->year)) {
        return FOLD_UNKNOWN;
    }
    const struct place city = place_make(cells, "", METRIC_CITY_REGION, period_of(published->year), CATEGORY_ALL);
    place_add(&city, METRIC_LEDGER_PROVINCIAL_TASKS, 1);
    return FOLD_DONE;
}

/* What a step adds to the year, and on its own day; 0: nothing. False: a step of a later contract. */
static bool find_step(Issues__V1__TaskStep step, enum metric_number *of_year, enum metric_number *flow) {
    static const struct {
        Issues__V1__TaskStep step;
        enum metric_number of_year, flow;
    } steps[] = {
        {STEP(ISSUED), METRIC_LEDGER_TASKS, 0},
        {STEP(STARTED), 0, 0},
        {STEP(REPORTED), 0, METRIC_LEDGER_REPORTS},
        {STEP(MEASURED), 0, 0},
        {STEP(MILESTONE_CLOSED), 0, 0},
        {STEP(SIGNOFF_ASKED), 0, 0},
        {STEP(CONFIRMED), 0, 0},
        {STEP(OBJECTED), 0, METRIC_LEDGER_OBJECTIONS},
        {STEP(LEADER_APPROVED), 0, 0},
        {STEP(SIGNED_OFF), METRIC_LEDGER_SIGNED_OFF, 0},
        {STEP(RETURNED), 0, 0},
        {STEP(DEFERRED), 0, 0},
        {STEP(RESUMED), 0, 0},
        {STEP(CANCELLED), METRIC_LEDGER_CANCELLED, 0},
        {STEP(CARRIED_OVER), METRIC_LEDGER_CARRIED_OVER, 0},
        {STEP(REOPENED), 0, METRIC_LEDGER_REOPENED},
        {STEP(COMMENTED), 0, 0},
        {STEP(LAG_CHANGED), 0, 0},
        {STEP(CONFIRMATION_LATE), 0, 0},
        {STEP(CONFIRMATION_DUE_CHANGED), 0, 0},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].step == step) {
            *of_year = steps[i].of_year;
            *flow = steps[i].flow;
            return true;
        }
    }
    return false;
}

static bool change_is_valid(const Issues__V1__IndicatorChange *change) {
    const int64_t values[] = {change->baseline, change->target, change->measured, change->total};
    for (size_t i = 0; i < 4; i++) {
        if (values[i] < -VALUE_MAX || values[i] > VALUE_MAX) {
            return false;
        }
    }
    return fold_subject_is_valid(change->code);
}

static bool state_is_known(Issues__V1__TaskState state) {
    return (int)state >= STATE(UNSPECIFIED) && (int)state <= STATE(CARRIED_OVER);
}

static bool lag_is_valid(Issues__V1__TaskLag lag) {
    return (int)lag >= ISSUES__V1__TASK_LAG__TASK_LAG_UNSPECIFIED && (int)lag <= ISSUES__V1__TASK_LAG__TASK_LAG_RED;
}

static bool count_is_valid(int32_t count) {
    return count >= -COUNT_MAX && count <= COUNT_MAX;
}

static bool moved_is_valid(const Issues__V1__TaskMoved *moved) {
    const Issues__V1__TaskFacts *facts = moved->facts;
    if (facts == NULL || moved->day > FOLD_DAY_MAX || !fold_code_is_valid(facts->agency) ||
        !fold_region_is_valid(facts->region) || !year_is_valid(facts->year) || moved->n_changes > INDICATORS_MAX ||
        moved->provincial_mapped > COUNT_MAX) {
        return false;
    }
    if (!state_is_known(moved->before) || !state_is_known(moved->after)) {
        return false;
    }
    if (moved->progress_permille < -WHOLE || moved->progress_permille > WHOLE || !lag_is_valid(moved->lag_before) ||
        !lag_is_valid(moved->lag_after) || !count_is_valid(moved->indicators) ||
        !count_is_valid(moved->indicators_met) || !count_is_valid(moved->milestones) ||
        !count_is_valid(moved->milestones_closed)) {
        return false;
    }
    for (size_t i = 0; i < moved->n_changes; i++) {
        if (!change_is_valid(moved->changes[i])) {
            return false;
        }
    }
    return true;
}

/* A field that the catalogue of categories does not know is of a later contract: counted without one. */
static uint8_t field_category(Issues__V1__ReformField field) {
    const bool is_known = (int)field >= ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY &&
                          (int)field <= ISSUES__V1__REFORM_FIELD__REFORM_FIELD_PARTY;
    return (uint8_t)(is_known ? CATEGORY_REFORM_FIELD + (int)field : CATEGORY_ALL);
}

static void fold_lag(const struct place *year, const Issues__V1__TaskMoved *moved) {
    static const struct {
        Issues__V1__TaskLag lag;
        enum metric_number metric;
    } lags[] = {{ISSUES__V1__TASK_LAG__TASK_LAG_YELLOW, METRIC_LEDGER_LAG_YELLOW},
                {ISSUES__V1__TASK_LAG__TASK_LAG_ORANGE, METRIC_LEDGER_LAG_ORANGE},
                {ISSUES__V1__TASK_LAG__TASK_LAG_RED, METRIC_LEDGER_LAG_RED}};
    for (size_t i = 0; i < 3; i++) {
        place_add(year, lags[i].metric, (moved->lag_after == lags[i].lag) - (moved->lag_before == lags[i].lag));
    }
}

/* Values of indicators are the city's: the code stands where the organisation does otherwise. */
static void fold_changes(struct cells *cells, const Issues__V1__TaskMoved *moved) {
    const struct place city = place_make(cells, "", METRIC_CITY_REGION, period_of(moved->facts->year), CATEGORY_ALL);
    for (size_t i = 0; i < moved->n_changes; i++) {
        const Issues__V1__IndicatorChange *change = moved->changes[i];
        const struct place place = place_of_subject(&city, change->code);
        place_add(&place, METRIC_LEDGER_INDICATOR_BASELINE, change->baseline);
        place_add(&place, METRIC_LEDGER_INDICATOR_TARGET, change->target);
        place_add(&place, METRIC_LEDGER_INDICATOR_MEASURED, change->measured);
        place_add(&place, METRIC_LEDGER_INDICATOR_TOTAL, change->total);
    }
    place_add(&city, METRIC_LEDGER_PROVINCIAL_MAPPED, moved->provincial_mapped);
}

enum fold_result fold_task(const Issues__V1__TaskMoved *moved, struct cells *cells) {
    enum metric_number of_year, flow;
    if (!find_step(moved->step, &of_year, &flow) || !moved_is_valid(moved)) {
        return FOLD_UNKNOWN;
    }
    const Issues__V1__TaskFacts *facts = moved->facts;
    const uint8_t field = field_category(facts->field);
    const struct place year = place_make(cells, facts->agency, facts->region, period_of(facts->year), field);
    const struct place day = place_make(cells, facts->agency, facts->region, (int32_t)moved->day, field);
    place_add(&year, of_year, of_year != 0);
    place_add(&day, flow, flow != 0);
    place_add(&year, METRIC_LEDGER_KEY_ITEMS, moved->step == STEP(ISSUED) && facts->key);
    place_add(&year, METRIC_LEDGER_SIGNED_OFF_ON_TIME, moved->step == STEP(SIGNED_OFF) && moved->on_time);
    place_add(&year, METRIC_LEDGER_SIGNED_OFF, -(int64_t)(moved->step == STEP(REOPENED)));
    place_add(&year, METRIC_LEDGER_SIGNED_OFF_ON_TIME, -(int64_t)(moved->step == STEP(REOPENED) && moved->on_time));
    place_add(&year, METRIC_LEDGER_DEFERRED, (moved->after == STATE(DEFERRED)) - (moved->before == STATE(DEFERRED)));
    place_add(&year, METRIC_LEDGER_PROGRESS, moved->progress_permille);
    place_add(&year, METRIC_LEDGER_INDICATORS, moved->indicators);
    place_add(&year, METRIC_LEDGER_INDICATORS_MET, moved->indicators_met);
    place_add(&year, METRIC_LEDGER_MILESTONES, moved->milestones);
    place_add(&year, METRIC_LEDGER_MILESTONES_CLOSED, moved->milestones_closed);
    fold_lag(&year, moved);
    fold_changes(cells, moved);
    return FOLD_DONE;
}
