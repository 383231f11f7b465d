#include <stdbool.h>
#include <string.h>

#include "aggregator/fold.h"
#include "aggregator/fold_place.h"
#include "approvals/v1/events.pb-c.h"

/* Of an item, before and after, all levels and the city's; and what a removal adds. A case needs fewer. */
#define EVENT_CELLS_MAX 64
#define EVENT_ORGANISATIONS_MAX 2

/* More than any limit, case or registry has: sums of them stay far from the edges of 64 bits. */
#define HUNDREDTHS_MAX 100000000u
#define CHARGED_DAYS_MAX 1000000u
#define MINUTES_MAX 100000000u

/* A type that the catalogue of categories does not know is of a later contract. */
static uint8_t category_of(Approvals__V1__ItemType type) {
    int number = (int)type;
    bool is_known = number > 0 && number < CATEGORY_DAYS - CATEGORY_ITEM_TYPE &&
                    category_id(CATEGORY_ITEM_TYPE + number)[0] != '\0';
    return (uint8_t)(CATEGORY_ITEM_TYPE + (is_known ? number : 0));
}

static struct place place_of(struct cells *cells, const char *agency, uint32_t region, uint32_t day,
                             Approvals__V1__ItemType type) {
    return place_make(cells, agency, region, (int32_t)day, category_of(type));
}

/* --- Items ----------------------------------------------------------------------------------------------------------
 */

static bool item_is_valid(const Approvals__V1__ItemFacts *item) {
    return fold_code_is_valid(item->agency) && fold_region_is_valid(item->region) &&
           item->promised_hundredths <= HUNDREDTHS_MAX && item->statutory_hundredths <= HUNDREDTHS_MAX;
}

/* 1 - promised / statutory in millionths, rounded half up. */
static int64_t compression_ratio(const Approvals__V1__ItemFacts *item) {
    int64_t statutory = item->statutory_hundredths;
    int64_t twice = (statutory - (int64_t)item->promised_hundredths) * 2000000 + statutory;
    int64_t divisor = 2 * statutory;
    return twice >= 0 ? twice / divisor : -((divisor - 1 - twice) / divisor);
}

/* What an item adds to each metric of items, in the order of their numbers. The limits count where a ratio can be made.
 */
static void item_numbers(const Approvals__V1__ItemFacts *item, int64_t numbers[METRIC_ITEMS_REMOVED - METRIC_ITEMS]) {
    bool has_limits = item->has_limits && item->statutory_hundredths > 0;
    const int64_t all[] = {
        [METRIC_ITEMS - METRIC_ITEMS] = 1,
        [METRIC_ITEMS_VISITS_0 - METRIC_ITEMS] = item->visits == 0,
        [METRIC_ITEMS_VISITS_1 - METRIC_ITEMS] = item->visits == 1,
        [METRIC_ITEMS_VISITS_MORE - METRIC_ITEMS] = item->visits > 1,
        [METRIC_ITEMS_NO_MEETING - METRIC_ITEMS] = item->no_meeting,
        [METRIC_ITEMS_INSTANT - METRIC_ITEMS] = item->instant,
        [METRIC_ITEMS_ONLINE - METRIC_ITEMS] = item->online,
        [METRIC_ITEMS_DEPTH_2 - METRIC_ITEMS] = item->depth >= 2,
        [METRIC_ITEMS_APP - METRIC_ITEMS] = item->app,
        [METRIC_ITEMS_WITH_LIMITS - METRIC_ITEMS] = has_limits,
        [METRIC_ITEMS_PROMISED - METRIC_ITEMS] = has_limits ? item->promised_hundredths : 0,
        [METRIC_ITEMS_STATUTORY - METRIC_ITEMS] = has_limits ? item->statutory_hundredths : 0,
        [METRIC_ITEMS_RATIOS - METRIC_ITEMS] = has_limits ? compression_ratio(item) : 0,
    };
    _Static_assert(sizeof all / sizeof all[0] == METRIC_ITEMS_REMOVED - METRIC_ITEMS, "one number for each");
    memcpy(numbers, all, sizeof all);
}

static void add_item(const struct place *place, const Approvals__V1__ItemFacts *item, enum metric_number metric,
                     int64_t delta) {
    place_add(place, metric, delta);
    if (item->level == APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY) {
        place_add(place, (enum metric_number)(metric + METRIC_CITY_LEVEL_OFFSET), delta);
    }
}

static void fold_item(const Approvals__V1__ItemFacts *item, uint32_t day, int sign, struct cells *cells) {
    int64_t numbers[METRIC_ITEMS_REMOVED - METRIC_ITEMS];
    struct place place = place_of(cells, item->agency, item->region, day, item->type);
    item_numbers(item, numbers);
    for (int metric = METRIC_ITEMS; metric < METRIC_ITEMS_REMOVED; metric++) {
        add_item(&place, item, (enum metric_number)metric, sign * numbers[metric - METRIC_ITEMS]);
    }
}

static void fold_removal(const Approvals__V1__ItemChanged *changed, struct cells *cells) {
    const Approvals__V1__ItemFacts *item = changed->before;
    struct place place = place_of(cells, item->agency, item->region, changed->day, item->type);
    add_item(&place, item, METRIC_ITEMS_REMOVED, 1);
    if (changed->opens_round) { /* a thing of the city, not of the agency that happens to be first */
        const struct place city = place_make(cells, "", METRIC_CITY_REGION, (int32_t)changed->day, CATEGORY_ALL);
        place_add(&city, METRIC_ROUNDS, 1);
    }
}

static enum fold_result fold_item_changed(const Approvals__V1__ItemChanged *changed, struct cells *cells) {
    const Approvals__V1__ItemFacts *before = changed->before, *after = changed->after;
    bool removes = before != NULL && after == NULL;
    if (changed->day > FOLD_DAY_MAX || (before == NULL && after == NULL) ||
        (before != NULL && !item_is_valid(before)) || (after != NULL && !item_is_valid(after)) ||
        (changed->round != 0 && !removes) || (changed->opens_round && changed->round == 0)) {
        return FOLD_UNKNOWN;
    }
    if (before != NULL) {
        fold_item(before, changed->day, -1, cells);
    }
    if (after != NULL) {
        fold_item(after, changed->day, +1, cells);
    }
    if (changed->round != 0) {
        fold_removal(changed, cells);
    }
    return FOLD_DONE;
}

/* --- Cases ----------------------------------------------------------------------------------------------------------
 */

/* Steps that are counted as they are; 0: known, and not counted by itself. */
static const struct {
    Approvals__V1__CaseStep step;
    enum metric_number metric;
} steps[] = {
    {APPROVALS__V1__CASE_STEP__CASE_STEP_RECEIVED, METRIC_CASES_RECEIVED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_WITHDRAWN_BEFORE_ACCEPTANCE, METRIC_CASES_WITHDRAWN},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_ACCEPTED, METRIC_CASES_ACCEPTED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_NOT_OURS, METRIC_CASES_NOT_ACCEPTED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED_TO_ACCEPT, METRIC_CASES_NOT_ACCEPTED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SUPPLEMENT_STARTED, METRIC_CASES_SUPPLEMENTS},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SUPPLEMENT_ENDED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_DEPARTMENT_STARTED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED, METRIC_CASES_SUSPENSIONS},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_ENDED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED, METRIC_CASES_APPROVED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED_WITH_DEFICIENCY, METRIC_CASES_APPROVED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED, METRIC_CASES_REFUSED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_WITHDRAWN, METRIC_CASES_WITHDRAWN},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_REVOKED, METRIC_CASES_REVOKED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_WITHDRAWAL_ASKED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_DELIVERED, METRIC_CASES_DELIVERED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_PART_DONE, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_PAPERS_IN, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_DEEMED_ACCEPTED, METRIC_CASES_DEEMED_ACCEPTED},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SUPPLEMENT_LAPSED, METRIC_CASES_WITHDRAWN},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_SUSPENSION_CAPPED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_WARNED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_PROMISED_PASSED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_STATUTORY_PASSED, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_CERTIFICATE_LATE, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_PAPERS_LATE, 0},
    {APPROVALS__V1__CASE_STEP__CASE_STEP_DUE_CHANGED, METRIC_CASES_DUE_CHANGED},
};

/* False: a step of a later contract. */
static bool find_step(Approvals__V1__CaseStep step, enum metric_number *metric) {
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].step == step) {
            *metric = steps[i].metric;
            return true;
        }
    }
    return false;
}

static bool case_is_valid(const Approvals__V1__CaseFacts *facts, uint32_t day) {
    return facts != NULL && day <= FOLD_DAY_MAX && fold_code_is_valid(facts->agency) &&
           fold_region_is_valid(facts->region);
}

static struct place place_of_case(const Approvals__V1__CaseFacts *facts, uint32_t day, struct cells *cells) {
    return place_of(cells, facts->agency, facts->region, day, facts->type);
}

static bool decides(const Approvals__V1__CaseMoved *moved) {
    return moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED ||
           moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED_WITH_DEFICIENCY ||
           moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED;
}

static bool closing_is_valid(const Approvals__V1__Closing *closing) {
    return closing != NULL && closing->charged_days <= CHARGED_DAYS_MAX &&
           closing->statutory_hundredths <= HUNDREDTHS_MAX;
}

static bool special_is_known(Approvals__V1__SpecialKind special) {
    return (int)special >= APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION &&
           (int)special <= APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS;
}

static bool moved_is_valid(const Approvals__V1__CaseMoved *moved) {
    if (!case_is_valid(moved->facts, moved->day) || moved->open_overdue < -1 || moved->open_overdue > 1) {
        return false;
    }
    if (moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED) {
        return special_is_known(moved->special);
    }
    if (moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_DELIVERED) {
        return moved->minutes <= MINUTES_MAX;
    }
    return !decides(moved) || moved->after != APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED ||
           closing_is_valid(moved->closing);
}

static void fold_closing(const struct place *place, const Approvals__V1__Closing *closing) {
    place_add(place, closing->on_time ? METRIC_CASES_ON_TIME : METRIC_CASES_LATE, 1);
    place_add(place, METRIC_CASES_LAWFUL, closing->lawful);
    if (closing->has_statutory) {
        place_add(place, METRIC_CASES_CHARGED_DAYS, closing->charged_days);
        place_add(place, METRIC_CASES_STATUTORY, closing->statutory_hundredths);
    }
    place_add_in(place, METRIC_CASES_BY_CHARGED_DAYS, day_bucket_category(closing->charged_days));
}

static void fold_delivery(const struct place *place, const Approvals__V1__CaseMoved *moved) {
    place_add(place, METRIC_CERTIFICATES_LATE, moved->late);
    if (moved->facts->joint) {
        place_add(place, METRIC_JOINT_DELIVERED, 1);
        place_add(place, METRIC_JOINT_UNDER_120_MINUTES, moved->minutes < 120);
        place_add(place, METRIC_JOINT_MINUTES, moved->minutes);
    }
}

static enum fold_result fold_case_moved(const Approvals__V1__CaseMoved *moved, struct cells *cells) {
    enum metric_number metric;
    if (!find_step(moved->step, &metric) || !moved_is_valid(moved)) {
        return FOLD_UNKNOWN;
    }
    struct place place = place_of_case(moved->facts, moved->day, cells);
    place_add(&place, METRIC_CASES_OPEN_OVERDUE, moved->open_overdue);
    if (decides(moved) && moved->after != APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED) {
        return FOLD_DONE; /* proposed, not decided */
    }
    if (moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED &&
        moved->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION) {
        metric = METRIC_CASES_EXTENSIONS;
    }
    place_add(&place, metric, metric != 0);
    if (decides(moved)) {
        fold_closing(&place, moved->closing);
    } else if (moved->step == APPROVALS__V1__CASE_STEP__CASE_STEP_DELIVERED) {
        fold_delivery(&place, moved);
    }
    return FOLD_DONE;
}

/* --- Ratings, slips, agencies ---------------------------------------------------------------------------------------
 */

static enum fold_result fold_rated(const Approvals__V1__CaseRated *rated, struct cells *cells) {
    if (!case_is_valid(rated->facts, rated->day) || rated->rating < 1 || rated->rating > 5) {
        return FOLD_UNKNOWN;
    }
    struct place place = place_of_case(rated->facts, rated->day, cells);
    place_add_in(&place, METRIC_RATINGS, (uint8_t)(CATEGORY_RATING + rated->rating));
    return FOLD_DONE;
}

static enum fold_result fold_rectified(const Approvals__V1__RectificationDone *done, struct cells *cells) {
    if (!case_is_valid(done->facts, done->day)) {
        return FOLD_UNKNOWN;
    }
    struct place place = place_of_case(done->facts, done->day, cells);
    place_add(&place, METRIC_RECTIFICATIONS, 1);
    place_add(&place, METRIC_RECTIFICATIONS_ON_TIME, done->on_time);
    return FOLD_DONE;
}

static enum fold_result fold_slip(const Approvals__V1__SlipChanged *slip, struct cells *cells) {
    if (!case_is_valid(slip->facts, slip->day) || !place_slip_is_known(slip->level, slip->state)) {
        return FOLD_UNKNOWN;
    }
    struct place place = place_of_case(slip->facts, slip->day, cells);
    if (slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) {
        place_add_in(&place, METRIC_SLIPS_ISSUED, (uint8_t)(CATEGORY_SLIP_LEVEL + slip->level));
    } else if (slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED) {
        place_add_in(&place, METRIC_SLIPS_LAPSED, (uint8_t)(CATEGORY_SLIP_LEVEL + slip->level));
    }
    return FOLD_DONE;
}

/* --- Exported -------------------------------------------------------------------------------------------------------
 */

enum fold_result fold_approvals(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells) {
    arena_reset(arena);
    Approvals__V1__Event *event =
        size > FOLD_BODY_BYTES_MAX ? NULL : approvals__v1__event__unpack(&arena->allocator, size, body);
    if (event == NULL) {
        return FOLD_UNKNOWN;
    }
    if (!cells_has_room(cells, EVENT_CELLS_MAX, EVENT_ORGANISATIONS_MAX)) {
        return FOLD_FULL;
    }
    switch (event->body_case) {
    case APPROVALS__V1__EVENT__BODY_AGENCY_REGISTERED:
        return place_register(cells, event->agency_registered);
    case APPROVALS__V1__EVENT__BODY_NOTICE_CHANGED:
        return FOLD_DONE; /* moves due days, each with an event of its own */
    case APPROVALS__V1__EVENT__BODY_ITEM_CHANGED:
        return fold_item_changed(event->item_changed, cells);
    case APPROVALS__V1__EVENT__BODY_CASE_MOVED:
        return fold_case_moved(event->case_moved, cells);
    case APPROVALS__V1__EVENT__BODY_CASE_RATED:
        return fold_rated(event->case_rated, cells);
    case APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE:
        return fold_rectified(event->rectification_done, cells);
    case APPROVALS__V1__EVENT__BODY_SLIP_CHANGED:
        return fold_slip(event->slip_changed, cells);
    case APPROVALS__V1__EVENT__BODY__NOT_SET:
    case _APPROVALS__V1__EVENT__BODY__CASE_IS_INT_SIZE:
        return FOLD_UNKNOWN;
    }
    return FOLD_UNKNOWN;
}
