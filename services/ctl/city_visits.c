#include <stdlib.h>

#include "base/check.h"
#include "base/civil.h"
#include "ctl/city_internal.h"

/* Chances are in parts of 10,000. */
#define CHANCE_CHANGE 110    /* an outpatient or emergency becomes an inpatient */
#define CHANCE_CANCELLED 100 /* beside a visit, one more that is taken back */
#define CHANCE_LATE 50
#define CHANCE_AGAIN 100
#define CHANCE_HOSPITAL_CARD 700 /* a patient also comes with the hospital's own card */
#define CHANCE_OTHER 5           /* a class that is none of the three */
#define SHARE_STRANGERS 6        /* persons who only ever use a hospital's own card, in parts of 100 of the patients */

#define YEAR_DAYS 366
#define DAY_MINUTES 1440
#define DAY_SLOTS 32768
#define HOSPITAL_SLOTS 1024

#define VISIT_CLASS(name) VISITS__V1__VISIT_CLASS__VISIT_CLASS_##name
#define CARD_KIND(name) VISITS__V1__CARD_KIND__CARD_KIND_##name

/* Who goes where. A place in a table is drawn, so a draw costs one read. */
enum choice { CHOICE_RESIDENT, CHOICE_LOCAL, CHOICE_BOTH, CHOICES };
struct tables {
    uint16_t office_days[DAY_SLOTS]; /* weekdays, holidays and the season */
    uint16_t any_days[DAY_SLOTS];    /* the season alone, for emergencies */
    uint8_t hospitals[CITY_COUNTIES][CHOICES][HOSPITAL_SLOTS];
    uint8_t referrals[HOSPITAL_SLOTS]; /* large houses of the whole city */
    uint8_t counties[HOSPITAL_SLOTS];
};

struct drawing {
    const struct city_options *options;
    struct city_visits *visits;
    struct tables *tables;
    struct city_random random;
    bool out_of_memory;
};

struct person {
    uint32_t number;
    enum city_person_kind kind;
    uint8_t county;
    uint8_t home; /* hospital */
};

/* --- The shape of the year
 * --------------------------------------------------------------------------------------------- */

/* Days of 2020 that the State Council's holiday notices make free (1) or, on a weekend, working days (2): month, first
 * day, last day. */
static const struct {
    uint8_t month, first, last, kind;
} notices[] = {
    {1, 1, 1, 1}, {1, 19, 19, 2}, {1, 24, 31, 1}, {2, 1, 2, 1},   {4, 4, 6, 1},  {4, 26, 26, 2},  {5, 1, 5, 1},
    {5, 9, 9, 2}, {6, 25, 27, 1}, {6, 28, 28, 2}, {9, 27, 27, 2}, {10, 1, 8, 1}, {10, 10, 10, 2},
};

static bool is_free_day(int32_t day) {
    struct civil_date date = civil_date_from_day(day);
    for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++) {
        if (date.month == notices[i].month && date.day >= notices[i].first && date.day <= notices[i].last) {
            return notices[i].kind == 1;
        }
    }
    return (day + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
}

/* Percent of an ordinary day: the Spring Festival, then the epidemic of February and March, then the slow return. */
static uint32_t season_percent(int32_t day) {
    static const uint8_t months[12] = {102, 38, 62, 84, 92, 96, 99, 101, 101, 100, 103, 106};
    struct civil_date date = civil_date_from_day(day);
    if (date.month == 1 && date.day >= 24) {
        return 40;
    }
    return months[date.month - 1];
}

static uint32_t weekday_percent(int32_t day) {
    static const uint8_t percents[7] = {116, 107, 103, 101, 99, 78, 74}; /* Monday first */
    return is_free_day(day) ? 70 : percents[(day + 3) % 7] < 90 ? 96 : percents[(day + 3) % 7];
}

/* Gives each choice slots in proportion to its weight. */
static void fill_days(uint16_t slots[DAY_SLOTS], const uint32_t weights[YEAR_DAYS]) {
    uint64_t total = 0, below = 0;
    for (size_t i = 0; i < YEAR_DAYS; i++) {
        total += weights[i];
    }
    for (size_t i = 0, slot = 0; i < YEAR_DAYS; i++) {
        below += weights[i];
        for (; slot < below * DAY_SLOTS / total; slot++) {
            slots[slot] = (uint16_t)i;
        }
    }
}

static void fill_hospitals(uint8_t slots[HOSPITAL_SLOTS], const uint32_t weights[CITY_HOSPITALS_MAX]) {
    uint64_t total = 0, below = 0;
    for (size_t i = 0; i < CITY_HOSPITALS_MAX; i++) {
        total += weights[i];
    }
    CHECK(total > 0);
    for (size_t i = 0, slot = 0; i < CITY_HOSPITALS_MAX; i++) {
        below += weights[i];
        for (; slot < below * HOSPITAL_SLOTS / total; slot++) {
            slots[slot] = (uint8_t)i;
        }
    }
}

static void fill_year(struct tables *tables) {
    uint32_t office[YEAR_DAYS], any[YEAR_DAYS];
    for (int32_t i = 0; i < YEAR_DAYS; i++) {
        int32_t day = city_first_day() + i;
        office[i] = season_percent(day) * weekday_percent(day);
        any[i] = 50 + season_percent(day) / 2; /* emergencies fall less */
    }
    fill_days(tables->office_days, office);
    fill_days(tables->any_days, any);
}

static uint32_t hospital_weight(const struct city_hospital *hospital, enum choice choice) {
    switch (choice) {
    case CHOICE_RESIDENT:
        return hospital->style == CITY_STYLE_LOCAL ? 0 : hospital->size;
    case CHOICE_LOCAL: /* those who have only this card come for it: mostly to the house that knows nothing else */
        return hospital->style == CITY_STYLE_LOCAL  ? hospital->size * 10u
               : hospital->style == CITY_STYLE_BOTH ? hospital->size / 2u
                                                    : 0;
    case CHOICE_BOTH:
        return hospital->style == CITY_STYLE_BOTH ? hospital->size : 0;
    case CHOICES:
        break;
    }
    return 0;
}

static void fill_places(struct tables *tables) {
    uint32_t weights[CITY_HOSPITALS_MAX];
    for (size_t county = 0; county < CITY_COUNTIES; county++) {
        for (enum choice choice = 0; choice < CHOICES; choice++) {
            for (size_t i = 0; i < CITY_HOSPITALS_MAX; i++) {
                bool here = i < city_hospital_count() && city_hospital(i)->region == city_county_region(county);
                weights[i] = here ? hospital_weight(city_hospital(i), choice) : 0;
            }
            fill_hospitals(tables->hospitals[county][choice], weights);
        }
    }
    for (size_t i = 0; i < CITY_HOSPITALS_MAX; i++) {
        bool large = i < city_hospital_count() && city_hospital(i)->size >= 200;
        bool seat = large && city_hospital(i)->region == city_county_region(0);
        weights[i] = large ? hospital_weight(city_hospital(i), CHOICE_RESIDENT) * (seat ? 6u : 1u) : 0;
    }
    fill_hospitals(tables->referrals, weights);
    for (size_t i = 0; i < CITY_HOSPITALS_MAX; i++) {
        weights[i] = i < CITY_COUNTIES ? city_county_share(i) : 0;
    }
    fill_hospitals(tables->counties, weights);
}

/* --- One visit
 * ----------------------------------------------------------------------------------------------------------- */

static struct city_visit *add(struct drawing *drawing) {
    struct city_visits *visits = drawing->visits;
    if (visits->count == visits->capacity) {
        uint32_t capacity = visits->capacity + visits->capacity / 8 + 1024;
        struct city_visit *rows = realloc(visits->rows, capacity * sizeof(*rows));
        if (rows == NULL) {
            drawing->out_of_memory = true;
            visits->count--; /* the last row is overwritten; the drawing is thrown away */
        } else {
            visits->rows = rows;
            visits->capacity = capacity;
        }
    }
    struct city_visit *visit = &visits->rows[visits->count++];
    *visit = (struct city_visit){0};
    return visit;
}

static Visits__V1__VisitClass draw_class(struct drawing *drawing, const struct city_hospital *hospital) {
    /* Emergencies and inpatients in parts of 1000, by enum city_hospital_kind. */
    static const uint16_t emergencies[] = {115, 50, 70, 25, 50};
    static const uint16_t inpatients[] = {115, 85, 110, 130, 30};
    if (city_happens(&drawing->random, CHANCE_OTHER)) {
        return VISIT_CLASS(OTHER);
    }
    uint32_t chance = city_below(&drawing->random, 1000);
    if (chance < emergencies[hospital->kind]) {
        return VISIT_CLASS(EMERGENCY);
    }
    chance -= emergencies[hospital->kind];
    return chance < inpatients[hospital->kind] ? VISIT_CLASS(INPATIENT) : VISIT_CLASS(OUTPATIENT);
}

static uint32_t draw_minute(struct drawing *drawing, Visits__V1__VisitClass visit_class) {
    struct city_random *random = &drawing->random;
    bool emergency = visit_class == VISIT_CLASS(EMERGENCY);
    const uint16_t *days = emergency ? drawing->tables->any_days : drawing->tables->office_days;
    uint32_t day = days[city_below(random, DAY_SLOTS)];
    if (emergency) {
        return day * DAY_MINUTES + city_below(random, DAY_MINUTES);
    }
    uint32_t opening = 7 * 60 + 30;
    if (visit_class == VISIT_CLASS(INPATIENT)) {
        return day * DAY_MINUTES + opening + city_below(random, 12 * 60);
    }
    return day * DAY_MINUTES + opening + city_below(random, 5 * 60) + city_below(random, 5 * 60 + 30);
}

static uint32_t draw_stay(struct drawing *drawing) {
    uint32_t hours = 20 + city_below(&drawing->random, 120) + city_below(&drawing->random, 160);
    if (city_happens(&drawing->random, 600)) {
        hours += city_below(&drawing->random, 20 * 24);
    }
    return hours;
}

/* What happens to the visit after it was opened. */
static void draw_course(struct drawing *drawing, struct city_visit *visit) {
    struct city_random *random = &drawing->random;
    bool inpatient = visit->visit_class == VISIT_CLASS(INPATIENT);
    if (inpatient && city_happens(random, 500)) {
        visit->visit_class = VISIT_CLASS(PRE_ADMISSION);
        visit->change_hours = 1 + city_below(random, 60);
    } else if (!inpatient && visit->visit_class != VISIT_CLASS(OTHER) && city_happens(random, CHANCE_CHANGE)) {
        visit->change_hours = 1 + city_below(random, 8);
    }
    if (inpatient || visit->change_hours > 0) {
        visit->stay_hours = visit->change_hours + draw_stay(drawing);
    } else if (visit->visit_class == VISIT_CLASS(EMERGENCY) && city_happens(random, 3000)) {
        visit->stay_hours = 1 + city_below(random, 24);
    }
    if (city_happens(random, CHANCE_LATE)) {
        visit->late_days = 1 + city_below(random, city_happens(random, 5000) ? 6 : 31);
    }
    if (city_happens(random, CHANCE_AGAIN)) {
        visit->again_hours = 1 + city_below(random, 72);
        visit->again_new_id = city_draw(random) & 1;
    }
}

static Visits__V1__CardKind draw_card(struct drawing *drawing, const struct person *person) {
    if (person->kind == CITY_PERSON_LOCAL) {
        return CARD_KIND(SOCIAL_SECURITY);
    }
    uint32_t chance = city_below(&drawing->random, 100);
    return chance < 60 ? CARD_KIND(SOCIAL_SECURITY) : chance < 85 ? CARD_KIND(RESIDENT_ID) : CARD_KIND(HEALTH_CODE);
}

static struct city_visit *draw_visit(struct drawing *drawing, const struct person *person, uint8_t hospital,
                                     Visits__V1__CardKind card_kind) {
    struct city_visit *visit = add(drawing);
    visit->person = person->number;
    visit->hospital = hospital & (CITY_HOSPITALS_MAX - 1);
    visit->card_kind = card_kind & 7u;
    visit->visit_class = draw_class(drawing, city_hospital(hospital)) & 7u;
    visit->open_minute = draw_minute(drawing, visit->visit_class);
    draw_course(drawing, visit);
    return visit;
}

static void cancel_visit(struct drawing *drawing, struct city_visit *visit) {
    visit->stay_hours = 0;
    visit->cancel_hours = (visit->change_hours + 1u + city_below(&drawing->random, 72)) & 255u;
}

/* --- One person
 * ------------------------------------------------------------------------------------------------------------ */

static uint8_t draw_hospital(struct drawing *drawing, uint8_t county, enum choice choice) {
    return drawing->tables->hospitals[county][choice][city_below(&drawing->random, HOSPITAL_SLOTS)];
}

static struct person draw_person(struct drawing *drawing, uint32_t number) {
    drawing->random = city_random(drawing->options->seed, 'P', number);
    struct person person = {.number = number, .kind = city_person_kind(drawing->options->seed, number)};
    person.county = drawing->tables->counties[city_below(&drawing->random, HOSPITAL_SLOTS)];
    enum choice choice = person.kind == CITY_PERSON_LOCAL     ? CHOICE_LOCAL
                         : person.kind == CITY_PERSON_LEARNED ? CHOICE_BOTH
                                                              : CHOICE_RESIDENT;
    person.home = draw_hospital(drawing, person.county, choice);
    return person;
}

/* Most visits are to the same house, some to a neighbour, some to a large one elsewhere. Who is known by the card of
 * one house alone goes nowhere else: nobody could tell that it is the same person. */
static uint8_t draw_destination(struct drawing *drawing, const struct person *person) {
    if (person->kind == CITY_PERSON_LOCAL || city_happens(&drawing->random, 7000)) {
        return person->home;
    }
    if (city_happens(&drawing->random, 6500)) {
        return draw_hospital(drawing, person->county, CHOICE_RESIDENT);
    }
    return drawing->tables->referrals[city_below(&drawing->random, HOSPITAL_SLOTS)];
}

/* Half of the patients come once; a few in a hundred come every other week. */
static uint32_t draw_visit_count(struct drawing *drawing) {
    static const uint16_t below[] = {5000, 7000, 8100, 8800, 9200}; /* at most 1, 2, ... 5 visits */
    uint32_t chance = city_below(&drawing->random, 10000);
    for (uint32_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        if (chance < below[i]) {
            return i + 1;
        }
    }
    if (chance < 9700) {
        return 6 + city_below(&drawing->random, 4);
    }
    return chance < 9900 ? 10 + city_below(&drawing->random, 10) : 20 + city_below(&drawing->random, 31);
}

/* The first record of this person lacks the number: either the next visit to the same house brings it, or the house
 * records it later. */
static void draw_learned(struct drawing *drawing, const struct person *person, uint32_t visit_count) {
    bool later_visit = visit_count > 1 && city_happens(&drawing->random, 5000);
    struct city_visit *first = draw_visit(drawing, person, person->home, CARD_KIND(SOCIAL_SECURITY));
    first->without_resident_id = 1;
    if (later_visit) {
        draw_visit(drawing, person, person->home, draw_card(drawing, person));
        return;
    }
    if (first->visit_class == VISIT_CLASS(PRE_ADMISSION)) {
        first->visit_class = VISIT_CLASS(INPATIENT);
    }
    first->change_hours = 0; /* a record of the class as it was would be newer than the change */
    first->refresh_hours = 1 + city_below(&drawing->random, 20 * 24);
    if (visit_count > 1) {
        draw_visit(drawing, person, draw_destination(drawing, person), draw_card(drawing, person));
    }
}

static void draw_hospital_card_visits(struct drawing *drawing, const struct person *person) {
    for (uint32_t i = 1 + city_below(&drawing->random, 2) + city_below(&drawing->random, 2); i > 0; i--) {
        draw_visit(drawing, person, draw_destination(drawing, person), CARD_KIND(HOSPITAL));
    }
}

static void draw_patient(struct drawing *drawing, uint32_t number) {
    struct person person = draw_person(drawing, number);
    uint32_t visit_count = draw_visit_count(drawing);
    uint32_t drawn = 0;
    if (person.kind == CITY_PERSON_LEARNED) {
        draw_learned(drawing, &person, visit_count);
        drawn = visit_count > 1 ? 2 : 1;
    }
    for (; drawn < visit_count; drawn++) {
        draw_visit(drawing, &person, draw_destination(drawing, &person), draw_card(drawing, &person));
    }
    for (uint32_t i = 0; i < visit_count; i++) {
        if (city_happens(&drawing->random, CHANCE_CANCELLED)) {
            uint8_t hospital = draw_destination(drawing, &person);
            cancel_visit(drawing, draw_visit(drawing, &person, hospital, draw_card(drawing, &person)));
        }
    }
    if (city_happens(&drawing->random, CHANCE_HOSPITAL_CARD)) {
        draw_hospital_card_visits(drawing, &person);
    }
}

/* Never counted as a patient: the only visit is taken back, or is a check-up. */
static void draw_uncounted(struct drawing *drawing, uint32_t number) {
    struct person person = draw_person(drawing, number);
    struct city_visit *visit = draw_visit(drawing, &person, person.home, draw_card(drawing, &person));
    if (city_happens(&drawing->random, 6000)) {
        cancel_visit(drawing, visit);
    } else {
        visit->visit_class = VISIT_CLASS(EXAMINATION);
        visit->change_hours = 0;
        visit->stay_hours = 0;
    }
}

enum status city_visits_draw(const struct city_options *options, struct city_visits *visits) {
    struct drawing drawing = {.options = options, .visits = visits, .tables = calloc(1, sizeof(struct tables))};
    visits->capacity = 1024 + options->patients * 3u;
    visits->rows = malloc(visits->capacity * sizeof(*visits->rows));
    if (drawing.tables == NULL || visits->rows == NULL) {
        free(drawing.tables);
        return STATUS_MEMORY;
    }
    fill_year(drawing.tables);
    fill_places(drawing.tables);
    uint32_t number = 0;
    for (; number < options->patients; number++) {
        draw_patient(&drawing, number);
    }
    for (uint32_t end = number + (uint32_t)((uint64_t)options->patients * SHARE_STRANGERS / 100); number < end;
         number++) {
        struct person person = draw_person(&drawing, number);
        draw_hospital_card_visits(&drawing, &person);
    }
    for (uint32_t end = number + 2 + options->patients / 500; number < end; number++) {
        draw_uncounted(&drawing, number);
    }
    free(drawing.tables);
    return drawing.out_of_memory ? STATUS_MEMORY : STATUS_OK;
}
