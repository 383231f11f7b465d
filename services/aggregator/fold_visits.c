#include <string.h>

#include "aggregator/fold.h"
#include "aggregator/fold_checks.h"
#include "aggregator/metrics.h"
#include "base/civil.h"
#include "visits/v1/events.pb-c.h"

/* Two counts, 24 buckets and four of the rescue circle, for each of the two visits of a change. */
#define VISIT_CELLS_MAX 30
#define EDGE_BITS 24u
#define EDGE_MASK ((1u << EDGE_BITS) - 1)
#define EDGE_OWN_CLASS_MASK 0xaaaaaau /* the bits of group 1 */

_Static_assert(FOLD_EVENT_CELLS_MAX <= CELLS_MAX_LEAST && FOLD_EVENT_ORGANISATIONS_MAX < CELLS_ORGANISATIONS_MAX,
               "an empty set has room for any event");

enum scope { SCOPE_CITY, SCOPE_COUNTY, SCOPE_FACILITY };
enum period { PERIOD_DAY, PERIOD_MONTH, PERIOD_YEAR, PERIOD_TOTAL };

static bool visit_is_valid(const Visits__V1__Visit *visit) {
    return visit != NULL && visit->day <= FOLD_DAY_MAX && fold_region_is_valid(visit->region) &&
           fold_code_is_valid(visit->facility);
}

/* A class that does not count by itself, or one of a later contract, counts in the totals only. */
static uint8_t category_of(Visits__V1__VisitClass visit_class) {
    switch ((int)visit_class) {
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT:
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT:
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY:
        return (uint8_t)visit_class;
    default: /* not ours alone: the number comes from outside */
        return CATEGORY_OTHER;
    }
}

static int32_t first_day(enum period period, int32_t day) {
    switch (period) {
    case PERIOD_DAY:
        return day;
    case PERIOD_MONTH:
        return civil_month_start(day);
    case PERIOD_YEAR:
        return civil_year_start(day);
    case PERIOD_TOTAL:
        return 0;
    }
    return 0;
}

/* The cell of distinct patients of a bucket, for a facility or those above it. */
static struct cell_key patients_key(enum scope scope, enum period period, uint32_t region, uint16_t facility) {
    return (struct cell_key){
        .region = scope == SCOPE_CITY ? METRIC_CITY_REGION : region,
        .metric = (uint16_t)(METRIC_PATIENTS_DAY + period),
        .organisation = scope == SCOPE_FACILITY ? facility : CELLS_NO_ORGANISATION,
    };
}

static void fold_edge(const Visits__V1__Visit *visit, uint16_t facility, uint8_t category, int sign,
                      struct cells *cells) {
    uint32_t edge = visit->edge & EDGE_MASK;
    if (category == CATEGORY_OTHER) {
        edge &= ~EDGE_OWN_CLASS_MASK;
    }
    for (; edge != 0; edge &= edge - 1) {
        unsigned bit = (unsigned)__builtin_ctz(edge);
        enum period period = (bit >> 1) & 3;
        struct cell_key key = patients_key(bit >> 3, period, visit->region, facility);
        key.period = first_day(period, (int32_t)visit->day);
        key.category = (bit & 1) != 0 ? category : CATEGORY_ALL;
        cells_add(cells, &key, sign);
    }
}

/* Which of the counts an arrival is in. */
struct rescue_counts {
    bool arrived, urban, within_30, within_120;
};

/* A kind of a later contract says nothing that is counted here. */
static struct rescue_counts rescue_counts(Visits__V1__RescueArrival arrival) {
    switch ((int)arrival) {
    case VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_30_MINUTES:
        return (struct rescue_counts){.arrived = true, .urban = true, .within_30 = true, .within_120 = true};
    case VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_120_MINUTES:
        return (struct rescue_counts){.arrived = true, .urban = true, .within_120 = true};
    case VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_LATER:
        return (struct rescue_counts){.arrived = true, .urban = true};
    case VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_WITHIN_120_MINUTES:
        return (struct rescue_counts){.arrived = true, .within_120 = true};
    case VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_LATER:
        return (struct rescue_counts){.arrived = true};
    default: /* not ours alone: the number comes from outside */
        return (struct rescue_counts){0};
    }
}

/* Adds up by facility and day; not told apart by class. */
static void fold_rescue(const Visits__V1__Visit *visit, uint16_t facility, int sign, struct cells *cells) {
    struct rescue_counts counts = rescue_counts(visit->rescue);
    const struct {
        bool counted;
        enum metric_number metric;
    } rows[] = {
        {counts.arrived, METRIC_RESCUE_ARRIVALS},
        {counts.urban, METRIC_RESCUE_ARRIVALS_URBAN},
        {counts.within_30, METRIC_RESCUE_WITHIN_30_MINUTES},
        {counts.within_120, METRIC_RESCUE_WITHIN_120_MINUTES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].counted) {
            struct cell_key key = {
                .region = visit->region,
                .metric = (uint16_t)rows[i].metric,
                .period = (int32_t)visit->day,
                .organisation = facility,
                .category = CATEGORY_ALL,
            };
            cells_add(cells, &key, sign);
        }
    }
}

static void fold_visit(const Visits__V1__Visit *visit, int sign, struct cells *cells) {
    uint16_t facility = cells_organisation(cells, visit->facility, strlen(visit->facility));
    struct cell_key key = {
        .region = visit->region,
        .metric = METRIC_VISITS,
        .period = (int32_t)visit->day,
        .organisation = facility,
        .category = category_of(visit->visit_class),
    };
    cells_add(cells, &key, sign);
    if (visit->one_card) {
        key.metric = METRIC_ONE_CARD_VISITS;
        cells_add(cells, &key, sign);
    }
    fold_edge(visit, facility, key.category, sign, cells);
    if (visit->rescue != VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_UNSPECIFIED) {
        fold_rescue(visit, facility, sign, cells);
    }
}

static enum fold_result fold_one(const Visits__V1__Visit *visit, int sign, struct cells *cells) {
    if (!visit_is_valid(visit)) {
        return FOLD_UNKNOWN;
    }
    fold_visit(visit, sign, cells);
    return FOLD_DONE;
}

static enum fold_result fold_changed(const Visits__V1__VisitChanged *changed, struct cells *cells) {
    if (!visit_is_valid(changed->before) || !visit_is_valid(changed->after)) {
        return FOLD_UNKNOWN;
    }
    fold_visit(changed->before, -1, cells);
    fold_visit(changed->after, +1, cells);
    return FOLD_DONE;
}

static enum fold_result fold_registered(const Visits__V1__FacilityRegistered *registered, struct cells *cells) {
    if (!fold_registration_is_valid(registered->facility, registered->name, registered->region)) {
        return FOLD_UNKNOWN;
    }
    uint16_t facility = cells_organisation(cells, registered->facility, strlen(registered->facility));
    cells_register(cells, facility, registered->name, registered->region);
    return FOLD_DONE;
}

/* scope and period are one below their numbers in the contract. */
static bool delta_is_valid(const Visits__V1__PatientsDelta *delta) {
    if (delta->day > FOLD_DAY_MAX || delta->period < VISITS__V1__PERIOD__PERIOD_DAY ||
        delta->period > VISITS__V1__PERIOD__PERIOD_ALL_TIME ||
        delta->visit_class > VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY || (int)delta->visit_class < 0) {
        return false;
    }
    bool has_region = fold_region_is_valid(delta->region);
    switch ((int)delta->scope) {
    case VISITS__V1__SCOPE__SCOPE_CITY:
        return true;
    case VISITS__V1__SCOPE__SCOPE_COUNTY:
        return has_region;
    case VISITS__V1__SCOPE__SCOPE_FACILITY:
        return has_region && fold_code_is_valid(delta->facility);
    default: /* not ours alone: the number comes from outside */
        return false;
    }
}

static void fold_delta(const Visits__V1__PatientsDelta *delta, struct cells *cells) {
    enum scope scope = (enum scope)(delta->scope - VISITS__V1__SCOPE__SCOPE_CITY);
    enum period period = (enum period)(delta->period - VISITS__V1__PERIOD__PERIOD_DAY);
    uint16_t facility = CELLS_NO_ORGANISATION;
    if (scope == SCOPE_FACILITY) {
        facility = cells_organisation(cells, delta->facility, strlen(delta->facility));
    }
    struct cell_key key = patients_key(scope, period, delta->region, facility);
    key.period = first_day(period, (int32_t)delta->day);
    key.category = (uint8_t)delta->visit_class;
    cells_add(cells, &key, delta->patients);
}

static enum fold_result fold_corrected(const Visits__V1__PatientsCorrected *corrected, struct cells *cells) {
    for (size_t i = 0; i < corrected->n_deltas; i++) {
        if (!delta_is_valid(corrected->deltas[i])) {
            return FOLD_UNKNOWN;
        }
    }
    for (size_t i = 0; i < corrected->n_deltas; i++) {
        fold_delta(corrected->deltas[i], cells);
    }
    return FOLD_DONE;
}

/* What the event may need at most. */
struct need {
    size_t cells;
    size_t organisations;
};

static struct need need_of(const Visits__V1__Event *event) {
    if (event->body_case != VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED) {
        return (struct need){2 * VISIT_CELLS_MAX, 2};
    }
    struct need need = {event->patients_corrected->n_deltas, 0};
    for (size_t i = 0; i < need.cells; i++) {
        need.organisations += event->patients_corrected->deltas[i]->scope == VISITS__V1__SCOPE__SCOPE_FACILITY;
    }
    return need;
}

enum fold_result fold_visits(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells) {
    arena_reset(arena);
    Visits__V1__Event *event =
        size > FOLD_BODY_BYTES_MAX ? NULL : visits__v1__event__unpack(&arena->allocator, size, body);
    if (event == NULL) {
        return FOLD_UNKNOWN;
    }
    struct need need = need_of(event);
    if (need.cells > FOLD_EVENT_CELLS_MAX || need.organisations > FOLD_EVENT_ORGANISATIONS_MAX) {
        return FOLD_UNKNOWN;
    }
    if (!cells_has_room(cells, need.cells, need.organisations)) {
        return FOLD_FULL;
    }
    switch (event->body_case) {
    case VISITS__V1__EVENT__BODY_VISIT_APPEARED:
        return fold_one(event->visit_appeared, +1, cells);
    case VISITS__V1__EVENT__BODY_VISIT_LEFT:
        return fold_one(event->visit_left, -1, cells);
    case VISITS__V1__EVENT__BODY_VISIT_CHANGED:
        return fold_changed(event->visit_changed, cells);
    case VISITS__V1__EVENT__BODY_FACILITY_REGISTERED:
        return fold_registered(event->facility_registered, cells);
    case VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED:
        return fold_corrected(event->patients_corrected, cells);
    case VISITS__V1__EVENT__BODY__NOT_SET:
    case _VISITS__V1__EVENT__BODY__CASE_IS_INT_SIZE:
        return FOLD_UNKNOWN;
    }
    return FOLD_UNKNOWN;
}
