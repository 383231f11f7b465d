#include "aggregator/fold_place.h"

/* River clues. What comes of a transferred clue counts on the day of its transfer, so that shares are those of one
 * cohort. */

#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define STATE(name) ISSUES__V1__CLUE_STATE__CLUE_STATE_##name

/* Which day a number belongs to. */
enum day_of { OF_STEP, OF_FINDING, OF_TRANSFER };

static bool find_step(Issues__V1__ClueStep step, enum metric_number *metric, enum day_of *day) {
    static const struct {
        Issues__V1__ClueStep step;
        enum metric_number metric; /* 0: nothing is counted */
        enum day_of day;
    } steps[] = {
        {STEP(FOUND), METRIC_CLUES_FOUND, OF_FINDING},
        {STEP(NOTICE), 0, OF_STEP},
        {STEP(RECTIFIED), METRIC_CLUES_RECTIFIED, OF_FINDING},
        {STEP(TRANSFERRED), METRIC_CLUES_TRANSFERRED, OF_TRANSFER},
        {STEP(RECEIVED), METRIC_CLUES_RECEIVED, OF_TRANSFER},
        {STEP(REVIEWING), 0, OF_STEP},
        {STEP(FILED), METRIC_CLUES_FILED, OF_TRANSFER},
        {STEP(NOT_FILED), METRIC_CLUES_NOT_FILED, OF_TRANSFER},
        {STEP(APPRAISAL_STARTED), 0, OF_STEP},
        {STEP(APPRAISAL_ENDED), 0, OF_STEP},
        {STEP(CONSULTED), 0, OF_STEP},
        {STEP(SUGGESTED), METRIC_CLUES_SUGGESTIONS, OF_TRANSFER},
        {STEP(REPLIED), METRIC_CLUES_REPLIED_LATE, OF_TRANSFER}, /* in time: the metric before it */
        {STEP(SUED), 0, OF_STEP},
        {STEP(CLOSED), 0, OF_STEP},
        {STEP(SIGNED_OFF), METRIC_CLUES_SIGNED_OFF, OF_FINDING},
        {STEP(COMMENTED), 0, OF_STEP},
        {STEP(NOTICE_PASSED), 0, OF_STEP},
        {STEP(RECEIPT_LATE), METRIC_CLUES_RECEIPTS_LATE, OF_STEP},
        {STEP(DECISION_LATE), 0, OF_STEP},
        {STEP(REPLY_LATE), 0, OF_STEP},
        {STEP(DUE_CHANGED), 0, OF_STEP},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].step == step) {
            *metric = steps[i].metric;
            *day = steps[i].day;
            return true;
        }
    }
    return false;
}

static bool state_is_known(Issues__V1__ClueState state) {
    return (int)state >= STATE(UNSPECIFIED) && (int)state <= STATE(SIGNED_OFF);
}

static bool is_open(Issues__V1__ClueState state) {
    return state != STATE(UNSPECIFIED) && state != STATE(RECTIFIED) && state != STATE(CLOSED) &&
           state != STATE(SIGNED_OFF);
}

enum fold_result fold_clue(const Issues__V1__ClueMoved *moved, struct cells *cells) {
    const Issues__V1__ClueFacts *facts = moved->facts;
    enum metric_number metric;
    enum day_of day_of;
    if (!find_step(moved->step, &metric, &day_of) || facts == NULL || moved->day > FOLD_DAY_MAX ||
        facts->found_day > FOLD_DAY_MAX || facts->transferred_day > FOLD_DAY_MAX ||
        !fold_region_is_valid(facts->region) || (day_of == OF_TRANSFER && facts->transferred_day == 0) ||
        !state_is_known(moved->before) || !state_is_known(moved->after)) {
        return FOLD_UNKNOWN;
    }
    const bool is_known = (int)facts->kind >= ISSUES__V1__CLUE_KIND__CLUE_KIND_OCCUPY &&
                          (int)facts->kind <= ISSUES__V1__CLUE_KIND__CLUE_KIND_BUILD;
    const uint8_t kind = (uint8_t)(is_known ? CATEGORY_CLUE_KIND + (int)facts->kind : CATEGORY_ALL);
    const uint32_t day = day_of == OF_STEP      ? moved->day
                         : day_of == OF_FINDING ? facts->found_day
                                                : facts->transferred_day;
    const struct place place = place_make(cells, "", facts->region, (int32_t)day, kind);
    const struct place now = place_make(cells, "", facts->region, (int32_t)moved->day, kind);
    if (moved->step == STEP(REPLIED) && moved->on_time) {
        metric = METRIC_CLUES_REPLIED_ON_TIME;
    }
    place_add(&place, metric, metric != 0);
    place_add(&now, METRIC_CLUES_OPEN, is_open(moved->after) - is_open(moved->before));
    return FOLD_DONE;
}
