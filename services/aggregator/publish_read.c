#include "aggregator/publish.h"

#include <stdio.h>
#include <string.h>

/* "day" and so on, and the first day of the period that holds the day. NULL: no period that is published. */
static const char *find_period(Metrics__V1__Period period, int32_t day, int32_t *start) {
    switch (period) {
    case METRICS__V1__PERIOD__PERIOD_DAY:
        *start = day;
        return "day";
    case METRICS__V1__PERIOD__PERIOD_MONTH:
        *start = civil_month_start(day);
        return "month";
    case METRICS__V1__PERIOD__PERIOD_YEAR:
        *start = civil_year_start(day);
        return "year";
    case METRICS__V1__PERIOD__PERIOD_UNSPECIFIED:
    case METRICS__V1__PERIOD__PERIOD_ALL_TIME:
    case _METRICS__V1__PERIOD_IS_INT_SIZE:
        break;
    }
    return NULL;
}

Common__V1__Code publish_read(const Metrics__V1__FreezePeriod *message, int32_t today, struct publish_period *period,
                              const char **field) {
    int32_t day = 0, start = 0;
    *field = "freeze_period.period";
    if (message->period == METRICS__V1__PERIOD__PERIOD_UNSPECIFIED) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    period->period = find_period(message->period, 0, &start);
    if (period->period == NULL) {
        return COMMON__V1__CODE__CODE_UNSUPPORTED; /* all time never ends */
    }
    *field = "freeze_period.first_day";
    if (message->first_day[0] == '\0') {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (!civil_date_parse(message->first_day, &day)) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    if (day < 0) {
        return COMMON__V1__CODE__CODE_BAD_TIME;
    }
    (void)find_period(message->period, day, &start);
    if (start != day) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    if (day > today) {
        return COMMON__V1__CODE__CODE_IN_THE_FUTURE;
    }
    *field = "freeze_period.note";
    if (strlen(message->note) >= sizeof period->note) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    civil_date_format(day, period->first_day);
    snprintf(period->note, sizeof period->note, "%s", message->note);
    *field = "";
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}
