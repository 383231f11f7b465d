#include <string.h>

#include "aggregator/explain.h"
#include "base/civil.h"

/* --- Periods ---------------------------------------------------------------------------------------------------------
 */

/* "2020" or "2020-03" with "-01" behind it until it is a day. */
static bool first_day_of(const char *text, size_t length, int32_t *day) {
    char date[CIVIL_DATE_TEXT_BYTES] = "0000-01-01";
    memcpy(date, text, length);
    return civil_date_parse(date, day);
}

bool explain_period_parse(const char *text, struct explain_figure *figure) {
    size_t length = strlen(text);
    if (strcmp(text, "all") == 0) {
        figure->unit = METRICS__V1__PERIOD__PERIOD_ALL_TIME;
        figure->first = INT32_MIN;
        figure->last = INT32_MAX;
        return true;
    }
    if ((length != 4 && length != 7 && length != 10) || !first_day_of(text, length, &figure->first)) {
        return false;
    }
    figure->unit = length == 4   ? METRICS__V1__PERIOD__PERIOD_YEAR
                   : length == 7 ? METRICS__V1__PERIOD__PERIOD_MONTH
                                 : METRICS__V1__PERIOD__PERIOD_DAY;
    figure->last = length == 4   ? civil_year_end(figure->first) - 1
                   : length == 7 ? civil_month_end(figure->first) - 1
                                 : figure->first;
    return true;
}

/* --- Cells of a figure -----------------------------------------------------------------------------------------------
 */

/* Distinct persons are stored at every level and do not add up: one cell. */
static bool want_persons(const struct explain_figure *figure, struct explain_want *want, const char **why) {
    if (figure->unit != figure->metric->period) {
        *why = "it counts distinct persons, which do not add up: ask for a period of the metric's own length";
        return false;
    }
    bool is_all_time = figure->unit == METRICS__V1__PERIOD__PERIOD_ALL_TIME;
    want->first = want->last = is_all_time ? 0 : figure->first;
    want->region = figure->region;
    want->organisation = figure->organisation;
    want->category = figure->category;
    if (figure->organisation[0] != '\0' && figure->region == METRIC_CITY_REGION) {
        want->region = EXPLAIN_ANY_REGION; /* its cells are those of the region where it lies */
    }
    return true;
}

bool explain_want_of(const struct explain_figure *figure, struct explain_want *want, const char **why) {
    *want = (struct explain_want){
        .metric = figure->metric->number,
        .region = figure->region == METRIC_CITY_REGION ? EXPLAIN_ANY_REGION : figure->region,
        .first = figure->first,
        .last = figure->last,
        .organisation = figure->organisation[0] == '\0' ? NULL : figure->organisation,
        .category = figure->category == CATEGORY_ALL ? EXPLAIN_ANY_CATEGORY : figure->category,
    };
    switch (figure->metric->kind) {
    case METRIC_FLOW:
        if (figure->unit < figure->metric->period) {
            *why = "its shortest period is longer than that";
            return false;
        }
        return true;
    case METRIC_STOCK:
        want->first = INT32_MIN;
        return true;
    case METRIC_DISTINCT:
        return want_persons(figure, want, why);
    }
    return false;
}
