#include "support/random_visits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "visits/v1/events.pb-c.h"

#define FIRST_DAY 18262 /* 2020-01-01 */

static const uint32_t counties[RANDOM_COUNTIES] = {411002, 411024, 411082};
static const uint32_t county_of[RANDOM_HOSPITALS] = {0, 0, 1, 2, 2};
/* Numbers of the contract: inpatient, outpatient, emergency, other. */
static const int classes[RANDOM_CLASSES] = {1, 2, 3, 6};

static char *hospital(uint32_t number) {
    static char codes[RANDOM_HOSPITALS][8] = {"h-0", "h-1", "h-2", "h-3", "h-4"};
    return codes[number];
}

static uint32_t draw(struct random_visits *visits, uint32_t below) {
    visits->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(visits->random) >> 33) % below;
}

static void append_event(struct feed_owner *owner, const Visits__V1__Event *event) {
    size_t size = visits__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size);
    CHECK(body != NULL);
    visits__v1__event__pack(event, body);
    feed_owner_append(owner, body, size);
    free(body);
}

void random_visits_begin(struct random_visits *visits, struct feed_owner *owner, uint64_t seed) {
    memset(visits, 0, sizeof *visits);
    visits->random = seed;
    for (uint32_t i = 0; i < RANDOM_HOSPITALS; i++) {
        Visits__V1__FacilityRegistered registered = VISITS__V1__FACILITY_REGISTERED__INIT;
        Visits__V1__Event event = VISITS__V1__EVENT__INIT;
        char name[32];
        snprintf(name, sizeof name, "第%u医院", i);
        registered.facility = hospital(i);
        registered.name = name;
        registered.region = counties[county_of[i]];
        event.body_case = VISITS__V1__EVENT__BODY_FACILITY_REGISTERED;
        event.facility_registered = &registered;
        append_event(owner, &event);
    }
}

/* The bucket of one edge bit, by the words of the contract: 8 * scope + 2 * period + group. */
static int64_t *bucket(struct random_visits *visits, uint32_t number, uint32_t day, uint32_t class, unsigned bit) {
    const uint32_t place[3] = {0, 1 + county_of[number], 1 + RANDOM_COUNTIES + number};
    const uint32_t period[4] = {day, RANDOM_DAYS + (day >= 31), RANDOM_DAYS + 2, RANDOM_DAYS + 3};
    return &visits->patients[place[bit / 8]][period[bit / 2 % 4]][bit % 2 == 0 ? 0 : class + 1];
}

/* By the words of the contract: which of the four counts each kind of arrival is in. */
static void count_rescue(struct random_visits *visits, uint32_t number, uint32_t day, int arrival, int sign) {
    static const char *const counts[] = {"", "aut3", "au3", "au", "a3", "a"}; /* t: thirty minutes, 3: a hundred and twenty */
    static const char letters[RANDOM_RESCUE] = {'a', 'u', 't', '3'};
    for (int i = 0; i < RANDOM_RESCUE; i++) {
        if (strchr(counts[arrival], letters[i]) != NULL) {
            visits->rescue[i][number][day] += sign;
        }
    }
}

static void count(struct random_visits *visits, uint32_t number, uint32_t day, uint32_t class,
                  const Visits__V1__Visit *visit, int sign) {
    count_rescue(visits, number, day, (int)visit->rescue, sign);
    visits->visits[number][day][class] += sign;
    visits->one_card[number][day][class] += visit->one_card ? sign : 0;
    for (unsigned bit = 0; bit < 24; bit++) {
        bool is_own_class = bit % 2 == 1;
        if ((visit->edge >> bit & 1) != 0 && !(is_own_class && classes[class] == 6)) {
            *bucket(visits, number, day, class, bit) += sign;
        }
    }
}

/* Draws a visit and counts it. */
static Visits__V1__Visit draw_visit(struct random_visits *visits, int sign) {
    uint32_t number = draw(visits, RANDOM_HOSPITALS), day = draw(visits, RANDOM_DAYS);
    uint32_t class = draw(visits, RANDOM_CLASSES);
    Visits__V1__Visit visit = VISITS__V1__VISIT__INIT;
    visit.day = FIRST_DAY + day;
    visit.region = counties[county_of[number]];
    visit.facility = hospital(number);
    visit.visit_class = (Visits__V1__VisitClass)classes[class];
    visit.one_card = draw(visits, 4) != 0;
    visit.edge = visit.one_card ? draw(visits, 1u << 24) & draw(visits, 1u << 24) : 0;
    if (visit.visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY) {
        visit.rescue = (Visits__V1__RescueArrival)draw(visits, 6);
    }
    count(visits, number, day, class, &visit, sign);
    return visit;
}

static void append_visit(struct random_visits *visits, struct feed_owner *owner) {
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    bool leaves = draw(visits, 10) == 0;
    Visits__V1__Visit visit = draw_visit(visits, leaves ? -1 : 1);
    if (leaves) {
        event.body_case = VISITS__V1__EVENT__BODY_VISIT_LEFT;
        event.visit_left = &visit;
    } else {
        event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
        event.visit_appeared = &visit;
    }
    append_event(owner, &event);
}

static void append_change(struct random_visits *visits, struct feed_owner *owner) {
    Visits__V1__Visit before = draw_visit(visits, -1), after = draw_visit(visits, +1);
    Visits__V1__VisitChanged changed = VISITS__V1__VISIT_CHANGED__INIT;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    changed.before = &before;
    changed.after = &after;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_CHANGED;
    event.visit_changed = &changed;
    append_event(owner, &event);
}

/* Draws a correction of one bucket, up or down, and counts it. */
static void draw_delta(struct random_visits *visits, Visits__V1__PatientsDelta *delta) {
    uint32_t number = draw(visits, RANDOM_HOSPITALS), day = draw(visits, RANDOM_DAYS);
    uint32_t class = draw(visits, 3), bit = draw(visits, 24);
    const uint32_t first_days[4] = {FIRST_DAY + day, day < 31 ? FIRST_DAY : FIRST_DAY + 31, FIRST_DAY, 0};
    visits__v1__patients_delta__init(delta);
    delta->scope = (Visits__V1__Scope)(bit / 8 + 1);
    delta->period = (Visits__V1__Period)(bit / 2 % 4 + 1);
    delta->day = first_days[bit / 2 % 4];
    delta->region = bit / 8 == 0 ? 0 : counties[county_of[number]];
    delta->facility = bit / 8 == 2 ? hospital(number) : delta->facility;
    delta->visit_class = bit % 2 == 0 ? VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED
                                      : (Visits__V1__VisitClass)classes[class];
    delta->patients = (int32_t)draw(visits, 7) - 3;
    *bucket(visits, number, day, class, bit) += delta->patients;
}

void random_visits_append_correction(struct random_visits *visits, struct feed_owner *owner, size_t deltas) {
    Visits__V1__PatientsDelta *rows = calloc(deltas, sizeof *rows);
    Visits__V1__PatientsDelta **list = calloc(deltas, sizeof *list);
    CHECK(rows != NULL && list != NULL);
    for (size_t i = 0; i < deltas; i++) {
        draw_delta(visits, &rows[i]);
        list[i] = &rows[i];
    }
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    corrected.n_deltas = deltas;
    corrected.deltas = list;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    append_event(owner, &event);
    free(list);
    free(rows);
}

void random_visits_append(struct random_visits *visits, struct feed_owner *owner, uint64_t rows) {
    for (uint64_t i = 0; i < rows; i++) {
        uint32_t kind = draw(visits, 100);
        if (kind < 5) {
            feed_owner_append(owner, NULL, 0);
        } else if (kind == 5) {
            feed_owner_append(owner, "\x7a\x02\x08\x01", 4); /* member 15 of the oneof */
            visits->unknown_events++;
        } else if (kind < 9) {
            random_visits_append_correction(visits, owner, 1 + draw(visits, 40));
        } else if (kind < 15) {
            append_change(visits, owner);
        } else {
            append_visit(visits, owner);
        }
    }
}

/* --- Comparing ------------------------------------------------------------------------------------------------------ */

struct rows {
    PGresult *result;
    uint64_t matched;
    bool equal;
};

/* Finds the row by its text key among the sorted rows. */
static int64_t find(struct rows *rows, const char *key) {
    int low = 0, high = PQntuples(rows->result) - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(PQgetvalue(rows->result, middle, 0), key);
        if (order == 0) {
            rows->matched++;
            return strtoll(PQgetvalue(rows->result, middle, 1), NULL, 10);
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle - 1;
    }
    return 0;
}

static void compare(struct rows *rows, int metric, uint32_t region, const char *organisation, int32_t day, int category,
                    int64_t want) {
    char key[128];
    snprintf(key, sizeof key, "%d|%u|%s|%d|%d", metric, region, organisation, day, category);
    int64_t got = want == 0 ? 0 : find(rows, key);
    if (got != want && rows->equal) {
        fprintf(stderr, "cell %s is %lld, not %lld\n", key, (long long)got, (long long)want);
        rows->equal = false;
    }
}

static int32_t first_day(int period) {
    static const int32_t others[] = {FIRST_DAY, FIRST_DAY + 31, FIRST_DAY, 0};
    return period < RANDOM_DAYS ? FIRST_DAY + period : others[period - RANDOM_DAYS];
}

static int patients_metric(int period) {
    static const int others[] = {4, 4, 5, 6};
    return period < RANDOM_DAYS ? 3 : others[period - RANDOM_DAYS];
}

static void compare_patients(const struct random_visits *visits, struct rows *rows) {
    for (int place = 0; place < RANDOM_PLACES; place++) {
        int number = place - 1 - RANDOM_COUNTIES;
        uint32_t region = place == 0 ? 411000 : number < 0 ? counties[place - 1] : counties[county_of[number]];
        for (int period = 0; period < RANDOM_PERIODS; period++) {
            for (int class = 0; class < RANDOM_CLASSES; class++) {
                compare(rows, patients_metric(period), region, number < 0 ? "" : hospital((uint32_t)number),
                        first_day(period), class == 0 ? 0 : classes[class - 1], visits->patients[place][period][class]);
            }
        }
    }
}

static void compare_rescue(const struct random_visits *visits, struct rows *rows) {
    for (int i = 0; i < RANDOM_RESCUE; i++) {
        for (uint32_t number = 0; number < RANDOM_HOSPITALS; number++) {
            for (int day = 0; day < RANDOM_DAYS; day++) {
                compare(rows, 7 + i, counties[county_of[number]], hospital(number), FIRST_DAY + day, 0,
                        visits->rescue[i][number][day]);
            }
        }
    }
}

static void compare_visits(const struct random_visits *visits, struct rows *rows) {
    for (uint32_t number = 0; number < RANDOM_HOSPITALS; number++) {
        for (int day = 0; day < RANDOM_DAYS; day++) {
            for (int class = 0; class < RANDOM_CLASSES; class++) {
                uint32_t region = counties[county_of[number]];
                compare(rows, 1, region, hospital(number), FIRST_DAY + day, classes[class],
                        visits->visits[number][day][class]);
                compare(rows, 2, region, hospital(number), FIRST_DAY + day, classes[class],
                        visits->one_card[number][day][class]);
            }
        }
    }
}

bool random_visits_equal(const struct random_visits *visits, const struct postgres *postgres) {
    struct rows rows = {.equal = true};
    rows.result = postgres_query(
        postgres, "SELECT (metric || '|' || region || '|' || organisation || '|' || (period - date '1970-01-01') || '|'"
                  " || category) COLLATE \"C\" AS key, value FROM metrics.cell WHERE value <> 0 ORDER BY 1");
    compare_patients(visits, &rows);
    compare_visits(visits, &rows);
    compare_rescue(visits, &rows);
    if (rows.matched != (uint64_t)PQntuples(rows.result)) {
        fprintf(stderr, "%d cells in PostgreSQL, %llu of them expected\n", PQntuples(rows.result),
                (unsigned long long)rows.matched);
        rows.equal = false;
    }
    PQclear(rows.result);
    return rows.equal;
}
