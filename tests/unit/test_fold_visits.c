#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/fold.h"
#include "aggregator/metrics.h"
#include "base/civil.h"
#include "visits/v1/events.pb-c.h"

#define CELLS_MAX CELLS_MAX_LEAST
#define DAY_2020_02_29 18321

struct fold_state {
    struct cells cells;
    struct arena arena;
};

static int set_up(void **state) {
    struct fold_state *fold = calloc(1, sizeof *fold);
    assert_non_null(fold);
    assert_true(cells_init(&fold->cells, CELLS_MAX));
    arena_init(&fold->arena, FOLD_UNPACK_BYTES_MAX);
    *state = fold;
    return 0;
}

static int tear_down(void **state) {
    struct fold_state *fold = *state;
    cells_release(&fold->cells);
    arena_release(&fold->arena);
    free(fold);
    return 0;
}

static enum fold_result fold_event(struct fold_state *fold, const Visits__V1__Event *event) {
    size_t size = visits__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size + 1);
    assert_non_null(body);
    visits__v1__event__pack(event, body);
    enum fold_result result = fold_visits(body, size, &fold->arena, &fold->cells);
    free(body);
    return result;
}

static Visits__V1__Visit visit(const char *facility, int class, bool one_card, uint32_t edge) {
    Visits__V1__Visit v = VISITS__V1__VISIT__INIT;
    v.day = DAY_2020_02_29;
    v.region = 411002;
    v.facility = (char *)(uintptr_t)facility;
    v.visit_class = (Visits__V1__VisitClass)class;
    v.one_card = one_card;
    v.edge = edge;
    return v;
}

static Visits__V1__Event appeared(Visits__V1__Visit *v) {
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
    event.visit_appeared = v;
    return event;
}

static Visits__V1__Event left(Visits__V1__Visit *v) {
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_LEFT;
    event.visit_left = v;
    return event;
}

static int64_t value(struct fold_state *fold, int metric, uint32_t region, const char *organisation, int32_t period,
                     int category) {
    struct cell_key key = {
        .region = region,
        .metric = (uint16_t)metric,
        .period = period,
        .organisation = cells_organisation(&fold->cells, organisation, strlen(organisation)),
        .category = (uint8_t)category,
    };
    return cells_value(&fold->cells, &key);
}

/* --- Edge bits: each alone, against a table written by hand ------------------------------------------------------------ */

#define DAY DAY_2020_02_29
#define MONTH 18293 /* 2020-02-01 */
#define YEAR 18262  /* 2020-01-01 */

static const struct {
    unsigned bit;
    int metric;
    uint32_t region;
    const char *organisation;
    int32_t period;
    int category; /* of an emergency visit */
} buckets[] = {
    {0, METRIC_PATIENTS_DAY, 411000, "", DAY, 0},     {1, METRIC_PATIENTS_DAY, 411000, "", DAY, 3},
    {2, METRIC_PATIENTS_MONTH, 411000, "", MONTH, 0}, {3, METRIC_PATIENTS_MONTH, 411000, "", MONTH, 3},
    {4, METRIC_PATIENTS_YEAR, 411000, "", YEAR, 0},   {5, METRIC_PATIENTS_YEAR, 411000, "", YEAR, 3},
    {6, METRIC_PATIENTS_TOTAL, 411000, "", 0, 0},     {7, METRIC_PATIENTS_TOTAL, 411000, "", 0, 3},
    {8, METRIC_PATIENTS_DAY, 411002, "", DAY, 0},     {9, METRIC_PATIENTS_DAY, 411002, "", DAY, 3},
    {10, METRIC_PATIENTS_MONTH, 411002, "", MONTH, 0}, {11, METRIC_PATIENTS_MONTH, 411002, "", MONTH, 3},
    {12, METRIC_PATIENTS_YEAR, 411002, "", YEAR, 0},  {13, METRIC_PATIENTS_YEAR, 411002, "", YEAR, 3},
    {14, METRIC_PATIENTS_TOTAL, 411002, "", 0, 0},    {15, METRIC_PATIENTS_TOTAL, 411002, "", 0, 3},
    {16, METRIC_PATIENTS_DAY, 411002, "h1", DAY, 0},  {17, METRIC_PATIENTS_DAY, 411002, "h1", DAY, 3},
    {18, METRIC_PATIENTS_MONTH, 411002, "h1", MONTH, 0}, {19, METRIC_PATIENTS_MONTH, 411002, "h1", MONTH, 3},
    {20, METRIC_PATIENTS_YEAR, 411002, "h1", YEAR, 0}, {21, METRIC_PATIENTS_YEAR, 411002, "h1", YEAR, 3},
    {22, METRIC_PATIENTS_TOTAL, 411002, "h1", 0, 0},  {23, METRIC_PATIENTS_TOTAL, 411002, "h1", 0, 3},
};

static void each_edge_bit_is_one_bucket(void **state) {
    struct fold_state *fold = *state;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        cells_clear(&fold->cells);
        Visits__V1__Visit v = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY, true, 1u << buckets[i].bit);
        Visits__V1__Event event = appeared(&v);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        assert_int_equal(fold->cells.count, 3); /* visits, one-card visits, the bucket */
        assert_int_equal(value(fold, buckets[i].metric, buckets[i].region, buckets[i].organisation, buckets[i].period,
                               buckets[i].category),
                         1);
        event = left(&v);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        assert_int_equal(value(fold, buckets[i].metric, buckets[i].region, buckets[i].organisation, buckets[i].period,
                               buckets[i].category),
                         0);
    }
}

/* --- Visits -------------------------------------------------------------------------------------------------------------- */

static void visits_count_by_facility_day_and_class(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        int class;
        bool one_card;
        int category;
    } cases[] = {
        {VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT, true, CATEGORY_INPATIENT},
        {VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT, false, CATEGORY_OUTPATIENT},
        {VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY, true, CATEGORY_EMERGENCY},
        {VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER, true, CATEGORY_OTHER},
        {99, false, CATEGORY_OTHER}, /* a class of a later contract */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cells_clear(&fold->cells);
        Visits__V1__Visit v = visit("h1", cases[i].class, cases[i].one_card, 0);
        Visits__V1__Event event = appeared(&v);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        assert_int_equal(value(fold, METRIC_VISITS, 411002, "h1", DAY, cases[i].category), 2);
        assert_int_equal(value(fold, METRIC_ONE_CARD_VISITS, 411002, "h1", DAY, cases[i].category),
                         cases[i].one_card ? 2 : 0);
        assert_int_equal(fold->cells.count, cases[i].one_card ? 2 : 1);
    }
}

/* Patients are not defined for a class that counts in the totals only. */
static void another_class_has_no_patients_of_its_own(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__Visit v = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER, true, 0xffffffff);
    Visits__V1__Event event = appeared(&v);
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(fold->cells.count, 2 + 12);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 411000, "", DAY, CATEGORY_ALL), 1);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 411000, "", DAY, CATEGORY_OTHER), 0);
}

static void a_change_leaves_and_appears(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__Visit before = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT, true, 1u << 17);
    Visits__V1__Visit after = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT, true, 1u << 17);
    Visits__V1__VisitChanged changed = VISITS__V1__VISIT_CHANGED__INIT;
    changed.before = &before;
    changed.after = &after;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_CHANGED;
    event.visit_changed = &changed;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(value(fold, METRIC_VISITS, 411002, "h1", DAY, CATEGORY_OUTPATIENT), -1);
    assert_int_equal(value(fold, METRIC_VISITS, 411002, "h1", DAY, CATEGORY_INPATIENT), 1);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 411002, "h1", DAY, CATEGORY_OUTPATIENT), -1);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 411002, "h1", DAY, CATEGORY_INPATIENT), 1);
    changed.after = NULL;
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
}

/* --- Rescue circle --------------------------------------------------------------------------------------------------- */

static void an_arrival_is_in_the_counts_of_its_kind(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        int rescue;
        int arrivals, urban, within_30, within_120;
    } cases[] = {
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_UNSPECIFIED, 0, 0, 0, 0},
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_30_MINUTES, 1, 1, 1, 1},
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_120_MINUTES, 1, 1, 0, 1},
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_LATER, 1, 1, 0, 0},
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_WITHIN_120_MINUTES, 1, 0, 0, 1},
        {VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_LATER, 1, 0, 0, 0},
        {77, 0, 0, 0, 0}, /* a kind of a later contract: the visit counts, the arrival does not */
        {-1, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct {
            int metric, want;
        } wants[] = {{METRIC_VISITS, 1},
                     {METRIC_RESCUE_ARRIVALS, cases[i].arrivals},
                     {METRIC_RESCUE_ARRIVALS_URBAN, cases[i].urban},
                     {METRIC_RESCUE_WITHIN_30_MINUTES, cases[i].within_30},
                     {METRIC_RESCUE_WITHIN_120_MINUTES, cases[i].within_120}};
        cells_clear(&fold->cells);
        Visits__V1__Visit v = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY, false, 0);
        v.rescue = (Visits__V1__RescueArrival)cases[i].rescue;
        Visits__V1__Event event = appeared(&v), away = left(&v);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        size_t cells = 0;
        for (size_t m = 0; m < 5; m++) {
            int category = wants[m].metric == METRIC_VISITS ? CATEGORY_EMERGENCY : CATEGORY_ALL;
            assert_int_equal(value(fold, wants[m].metric, 411002, "h1", DAY, category), wants[m].want);
            cells += (size_t)wants[m].want;
        }
        assert_int_equal(fold->cells.count, cells);
        assert_int_equal(fold_event(fold, &away), FOLD_DONE);
        for (size_t m = 0; m < 5; m++) {
            int category = wants[m].metric == METRIC_VISITS ? CATEGORY_EMERGENCY : CATEGORY_ALL;
            assert_int_equal(value(fold, wants[m].metric, 411002, "h1", DAY, category), 0);
        }
    }
}

/* Times that come later, or are corrected: the visit changes from one kind to another. */
static void a_corrected_arrival_moves_between_the_counts(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__Visit before = visit("h1", VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY, true, 0);
    Visits__V1__Visit after = before;
    before.rescue = VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_30_MINUTES;
    after.rescue = VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_LATER;
    Visits__V1__VisitChanged changed = VISITS__V1__VISIT_CHANGED__INIT;
    changed.before = &before;
    changed.after = &after;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_CHANGED;
    event.visit_changed = &changed;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(value(fold, METRIC_VISITS, 411002, "h1", DAY, CATEGORY_EMERGENCY), 0);
    assert_int_equal(value(fold, METRIC_RESCUE_ARRIVALS, 411002, "h1", DAY, CATEGORY_ALL), 0);
    assert_int_equal(value(fold, METRIC_RESCUE_ARRIVALS_URBAN, 411002, "h1", DAY, CATEGORY_ALL), 0);
    assert_int_equal(value(fold, METRIC_RESCUE_WITHIN_30_MINUTES, 411002, "h1", DAY, CATEGORY_ALL), -1);
    assert_int_equal(value(fold, METRIC_RESCUE_WITHIN_120_MINUTES, 411002, "h1", DAY, CATEGORY_ALL), -1);
}

/* --- Corrections ------------------------------------------------------------------------------------------------------ */

static void corrections_are_taken_as_they_are(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__PatientsDelta deltas[3];
    Visits__V1__PatientsDelta *list[3];
    for (int i = 0; i < 3; i++) {
        visits__v1__patients_delta__init(&deltas[i]);
        list[i] = &deltas[i];
        deltas[i].day = DAY;
    }
    deltas[0].scope = VISITS__V1__SCOPE__SCOPE_CITY;
    deltas[0].period = VISITS__V1__PERIOD__PERIOD_YEAR;
    deltas[0].patients = -3;
    deltas[1].scope = VISITS__V1__SCOPE__SCOPE_COUNTY;
    deltas[1].region = 411081;
    deltas[1].period = VISITS__V1__PERIOD__PERIOD_MONTH;
    deltas[1].visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT;
    deltas[1].patients = 2;
    deltas[2].scope = VISITS__V1__SCOPE__SCOPE_FACILITY;
    deltas[2].region = 411081;
    deltas[2].facility = (char *)(uintptr_t)"h9";
    deltas[2].period = VISITS__V1__PERIOD__PERIOD_ALL_TIME;
    deltas[2].patients = 7;
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    corrected.n_deltas = 3;
    corrected.deltas = list;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(value(fold, METRIC_PATIENTS_YEAR, 411000, "", YEAR, CATEGORY_ALL), -3);
    assert_int_equal(value(fold, METRIC_PATIENTS_MONTH, 411081, "", MONTH, CATEGORY_INPATIENT), 2);
    assert_int_equal(value(fold, METRIC_PATIENTS_TOTAL, 411081, "h9", 0, CATEGORY_ALL), 7);
    /* One wrong delta: the event is not folded at all. */
    cells_clear(&fold->cells);
    deltas[2].facility = (char *)(uintptr_t)"";
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
    assert_true(cells_is_empty(&fold->cells));
}

/* --- What is not counted ------------------------------------------------------------------------------------------------ */

static void what_breaks_the_contract_is_unknown(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        const char *facility;
        uint32_t region;
        uint32_t day;
    } cases[] = {
        {"", 411002, DAY},
        {"a code of more than thirty-two ch", 411002, DAY},
        {"h\xff", 411002, DAY},
        {"h 1", 411002, DAY},
        {"h1", 0, DAY},
        {"h1", 1000000, DAY},
        {"h1", 411002, 2932897},
        {"h1", 411002, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Visits__V1__Visit v = visit(cases[i].facility, 2, true, 0xffffff);
        v.region = cases[i].region;
        v.day = cases[i].day;
        Visits__V1__Event event = appeared(&v);
        assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
        assert_true(cells_is_empty(&fold->cells));
    }
}

static void bytes_that_are_no_known_event_are_unknown(void **state) {
    struct fold_state *fold = *state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"", 0},
        {"\xff\xff\xff", 3},
        {"\x7a\x02\x08\x01", 4}, /* member 15 of the oneof: a later contract's */
        {"\x12\x7f", 2},         /* cut */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fold_visits((const uint8_t *)cases[i].bytes, cases[i].size, &fold->arena, &fold->cells),
                         FOLD_UNKNOWN);
    }
    assert_true(cells_is_empty(&fold->cells));
}

static Visits__V1__Event registered(Visits__V1__FacilityRegistered *body) {
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_FACILITY_REGISTERED;
    event.facility_registered = body;
    return event;
}

static void a_registration_carries_name_and_region(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__FacilityRegistered body = VISITS__V1__FACILITY_REGISTERED__INIT;
    body.facility = (char *)(uintptr_t)"h1";
    body.name = (char *)(uintptr_t)"许昌市中心医院";
    body.region = 411002;
    Visits__V1__Event event = registered(&body);
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(fold->cells.registration_count, 1);
    const struct cells_registration *registration = &fold->cells.registrations[0];
    assert_string_equal(fold->cells.organisations[registration->organisation], "h1");
    assert_string_equal(registration->name, "许昌市中心医院");
    assert_int_equal(registration->region, 411002);
    body.name = (char *)(uintptr_t)"\xe5\x8c";
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
}

/* An event that finds no room leaves nothing behind and fits after the set was sent. */
static void a_full_set_takes_nothing_of_an_event(void **state) {
    struct fold_state *fold = *state;
    Visits__V1__Visit v = visit("h1", 2, true, 0xffffff);
    Visits__V1__Event event = appeared(&v);
    enum fold_result result = FOLD_DONE;
    size_t before = 0;
    for (int day = 0; day < CELLS_MAX && result == FOLD_DONE; day++) {
        before = fold->cells.count;
        v.day = (uint32_t)day;
        result = fold_event(fold, &event);
    }
    assert_int_equal(result, FOLD_FULL);
    assert_int_equal(fold->cells.count, before);
    cells_clear(&fold->cells);
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(fold->cells.count, 26);
}

static void too_many_corrections_are_unknown_rather_than_never_fitting(void **state) {
    struct fold_state *fold = *state;
    size_t count = FOLD_EVENT_CELLS_MAX + 1;
    Visits__V1__PatientsDelta delta = VISITS__V1__PATIENTS_DELTA__INIT;
    delta.scope = VISITS__V1__SCOPE__SCOPE_CITY;
    delta.period = VISITS__V1__PERIOD__PERIOD_ALL_TIME;
    delta.patients = 1;
    Visits__V1__PatientsDelta **list = calloc(count, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        list[i] = &delta;
    }
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    corrected.deltas = list;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    corrected.n_deltas = count - 1;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    corrected.n_deltas = count;
    assert_int_equal(fold_event(fold, &event), FOLD_UNKNOWN);
    assert_int_equal(value(fold, METRIC_PATIENTS_TOTAL, 411000, "", 0, CATEGORY_ALL), FOLD_EVENT_CELLS_MAX);
    free(list);
}

/* The smallest corrections with a bucket of their own: the city's days; then facilities with short codes, all time. */
static void small_correction(int number, bool of_facility, char code[8], Visits__V1__PatientsDelta *delta) {
    visits__v1__patients_delta__init(delta);
    delta->scope = of_facility ? VISITS__V1__SCOPE__SCOPE_FACILITY : VISITS__V1__SCOPE__SCOPE_CITY;
    delta->period = of_facility ? VISITS__V1__PERIOD__PERIOD_ALL_TIME : VISITS__V1__PERIOD__PERIOD_DAY;
    delta->day = of_facility ? 0 : (uint32_t)number;
    delta->patients = number % 2 == 0 ? 1 : -1;
    if (of_facility) {
        snprintf(code, 8, "%x", (unsigned)number);
        delta->region = 999999;
        delta->facility = code;
    }
}

/* As many corrections as fit into a body: within the bounds of memory, cells and organisations of the smallest set; they
 * wait for room and then fit. */
static void the_largest_corrections_fit_an_empty_set(void **state) {
    struct fold_state *fold = *state;
    enum { MOST = FOLD_BODY_BYTES_MAX / 12 };
    static char codes[MOST][8];
    Visits__V1__PatientsDelta *deltas = calloc(MOST, sizeof *deltas);
    Visits__V1__PatientsDelta **list = calloc(MOST, sizeof *list);
    assert_true(deltas != NULL && list != NULL);
    for (int of_facility = 0; of_facility < 2; of_facility++) {
        Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
        size_t bytes = 64;
        corrected.deltas = list;
        for (int i = 0; i < MOST && bytes <= FOLD_BODY_BYTES_MAX - 32; i++) {
            small_correction(i, of_facility, codes[i], &deltas[i]);
            bytes += visits__v1__patients_delta__get_packed_size(&deltas[i]) + 2;
            list[i] = &deltas[i];
            corrected.n_deltas++;
        }
        assert_true(corrected.n_deltas > (of_facility ? 20000u : 40000u));
        Visits__V1__Event event = VISITS__V1__EVENT__INIT;
        event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
        event.patients_corrected = &corrected;
        for (uint32_t day = 0; day < 30000; day++) { /* what is there already: other cells, another facility */
            struct cell_key key = {.region = 1, .metric = METRIC_VISITS, .period = (int32_t)day};
            char code[CELLS_ORGANISATION_BYTES];
            key.organisation = cells_organisation(&fold->cells, code, (size_t)snprintf(code, sizeof code, "z%u", day));
            cells_add(&fold->cells, &key, 1);
        }
        assert_int_equal(fold_event(fold, &event), FOLD_FULL);
        assert_int_equal(fold->cells.count, 30000);
        cells_clear(&fold->cells);
        assert_int_equal(fold_event(fold, &event), FOLD_DONE);
        assert_int_equal(fold->cells.count, corrected.n_deltas);
        assert_int_equal(of_facility ? value(fold, METRIC_PATIENTS_TOTAL, 999999, "4e1f", 0, CATEGORY_ALL)
                                     : value(fold, METRIC_PATIENTS_DAY, 411000, "", 39999, CATEGORY_ALL),
                         -1);
        cells_clear(&fold->cells);
    }
    free(list);
    free(deltas);
}

/* Every field at its longest, whatever of the registry's limits changes. */
static void long_corrections_are_folded(void **state) {
    struct fold_state *fold = *state;
    enum { COUNT = FOLD_BODY_BYTES_MAX / 60 };
    static char codes[COUNT][CELLS_ORGANISATION_BYTES];
    static Visits__V1__PatientsDelta deltas[COUNT], *list[COUNT];
    for (int i = 0; i < COUNT; i++) {
        visits__v1__patients_delta__init(&deltas[i]);
        snprintf(codes[i], sizeof codes[i], "%032d", i);
        deltas[i].scope = VISITS__V1__SCOPE__SCOPE_FACILITY;
        deltas[i].region = 999999;
        deltas[i].facility = codes[i];
        deltas[i].period = VISITS__V1__PERIOD__PERIOD_DAY;
        deltas[i].day = 2932896;
        deltas[i].visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
        deltas[i].patients = i % 2 == 0 ? INT32_MAX : INT32_MIN;
        list[i] = &deltas[i];
    }
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    corrected.n_deltas = COUNT;
    corrected.deltas = list;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    assert_int_equal(fold_event(fold, &event), FOLD_DONE);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 999999, codes[0], 2932896, CATEGORY_EMERGENCY), INT32_MAX);
    assert_int_equal(value(fold, METRIC_PATIENTS_DAY, 999999, codes[COUNT - 1], 2932896, CATEGORY_EMERGENCY),
                     COUNT % 2 == 1 ? INT32_MAX : INT32_MIN);
}

/* Two bytes each, far more of them than fit into memory when unpacked. */
static void a_body_of_empty_corrections_is_unknown(void **state) {
    struct fold_state *fold = *state;
    size_t size = FOLD_BODY_BYTES_MAX;
    uint8_t *body = malloc(size);
    assert_non_null(body);
    uint32_t inner = (uint32_t)size - 4;
    body[0] = 0x2a; /* patients_corrected, its size, then deltas without a field */
    body[1] = (uint8_t)(inner & 0x7f) | 0x80;
    body[2] = (uint8_t)(inner >> 7 & 0x7f) | 0x80;
    body[3] = (uint8_t)(inner >> 14);
    for (size_t i = 4; i < size; i += 2) {
        body[i] = 0x0a;
        body[i + 1] = 0;
    }
    assert_int_equal(fold_visits(body, size, &fold->arena, &fold->cells), FOLD_UNKNOWN);
    assert_true(cells_is_empty(&fold->cells));
    free(body);
}

static void the_catalogue_has_unique_numbers_and_ids(void **state) {
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_catalogue[i];
        assert_ptr_equal(metric_find(metric->id), metric);
        assert_true(i == 0 || metric->number > metric_catalogue[i - 1].number);
        assert_true(metric->definition_version > 0 && metric->label_zh[0] != '\0' && metric->definition_en[0] != '\0');
        assert_string_not_equal(metric_period_name(metric->period), "");
    }
    assert_null(metric_find("visits.none"));
    assert_string_equal(category_id(CATEGORY_OTHER), "other");
    assert_string_equal(category_id(5), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_edge_bit_is_one_bucket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(visits_count_by_facility_day_and_class, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_class_has_no_patients_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_leaves_and_appears, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_arrival_is_in_the_counts_of_its_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_corrected_arrival_moves_between_the_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(corrections_are_taken_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_breaks_the_contract_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_known_event_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_registration_carries_name_and_region, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_set_takes_nothing_of_an_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_corrections_are_unknown_rather_than_never_fitting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_corrections_fit_an_empty_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_corrections_are_folded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_of_empty_corrections_is_unknown, set_up, tear_down),
        cmocka_unit_test(the_catalogue_has_unique_numbers_and_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
