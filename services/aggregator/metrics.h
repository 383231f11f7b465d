#ifndef AGGREGATOR_METRICS_H
#define AGGREGATOR_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "metrics/v1/metrics.pb-c.h"

/*
 * The catalogue: the one list of what is counted. It is loaded into PostgreSQL by the migration, answered by
 * ListMetrics, and its numbers are the metric column of the cells. Numbers and ids are for ever.
 */
enum metric_number {
    METRIC_VISITS = 1,
    METRIC_ONE_CARD_VISITS = 2,
    METRIC_PATIENTS_DAY = 3, /* DAY, MONTH, YEAR, TOTAL follow each other as the periods of an edge mask do */
    METRIC_PATIENTS_MONTH = 4,
    METRIC_PATIENTS_YEAR = 5,
    METRIC_PATIENTS_TOTAL = 6,
    METRIC_RESCUE_ARRIVALS = 7,
    METRIC_RESCUE_ARRIVALS_URBAN = 8,
    METRIC_RESCUE_WITHIN_30_MINUTES = 9,
    METRIC_RESCUE_WITHIN_120_MINUTES = 10,
};

struct metric {
    enum metric_number number;
    const char *id; /* "visits.visits" */
    uint32_t definition_version;
    Metrics__V1__Period period;
    const char *unit;
    const char *label_zh;
    const char *label_en;
    const char *definition_zh;
    const char *definition_en;
};

extern const struct metric metric_catalogue[];
extern const size_t metric_count;

const struct metric *metric_find(const char *id); /* NULL: none */

/* Categories of the visit metrics. Numbers of classes are those of visits.v1.VisitClass. */
enum category_number {
    CATEGORY_ALL = 0,
    CATEGORY_INPATIENT = 1,
    CATEGORY_OUTPATIENT = 2,
    CATEGORY_EMERGENCY = 3,
    CATEGORY_OTHER = 6,
};

struct category {
    enum category_number number;
    const char *id; /* "inpatient" */
    const char *label_zh;
    const char *label_en;
};

extern const struct category category_catalogue[];
extern const size_t category_count;

const char *category_id(int number); /* "" for a number that is none */
const char *metric_period_name(Metrics__V1__Period period); /* "day", ... */

/* GB/T 2260 code of the city: the region of its own cells. */
#define METRIC_CITY_REGION 411000u

#endif
