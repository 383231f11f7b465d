#ifndef SUPPORT_ORACLE_H
#define SUPPORT_ORACLE_H

#include <stdint.h>

#include "ctl/city.h"

/*
 * Recounts the year with plain loops: takes the commands as they are published, keeps the last word on each visit,
 * joins records into persons, then counts each bucket by sorting. Shares no code with the visit registry.
 *
 * Memory is no concern here (about 300 bytes a visit); a failed allocation aborts.
 */
struct oracle;

enum oracle_scope { ORACLE_CITY, ORACLE_COUNTY, ORACLE_FACILITY };
enum oracle_period { ORACLE_DAY, ORACLE_MONTH, ORACLE_YEAR, ORACLE_ALL_TIME };
enum oracle_class { ORACLE_ALL, ORACLE_INPATIENT, ORACLE_OUTPATIENT, ORACLE_EMERGENCY, ORACLE_OTHER };

struct oracle_row {
    enum oracle_scope scope;
    enum oracle_period period;
    enum oracle_class visit_class;
    uint32_t region;      /* county and facility; 0 for the city */
    const char *facility; /* facility's code; "" for county and city */
    int32_t first_day;    /* of the period (base/civil.h); 0 for all time */
    uint64_t visits;      /* that count, of any card */
    uint64_t one_card_visits;
    uint64_t patients; /* distinct persons of the one-card visits */
    uint64_t rescue[4]; /* emergencies brought in: all, urban, urban within 30 minutes, within 120. With ORACLE_ALL only */
};

struct oracle *oracle_new(void);
void oracle_destroy(struct oracle **oracle);
void oracle_take(struct oracle *oracle, const struct city_command *command);
/* Takes the whole stream of a city, which is rewound before and after. */
void oracle_take_city(struct oracle *oracle, struct city *city);

/* Commands taken, and those whose id had been seen before. */
uint64_t oracle_commands(const struct oracle *oracle);
uint64_t oracle_repeated(const struct oracle *oracle);

/* Counts. Rows with at least one visit, ordered by scope, period, class, region, first day, facility; they belong to
 * the oracle and end with its next use. */
const struct oracle_row *oracle_rows(struct oracle *oracle, size_t *count);
/* The row with the scope, period, class, region, first day and facility of bucket; NULL when nothing is in it. Only
 * after oracle_rows. */
const struct oracle_row *oracle_find(const struct oracle *oracle, const struct oracle_row *bucket);

#endif
