#include "ctl/city.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "ctl/city_internal.h"

#define DAY_MINUTES 1440u
#define HOUR_MINUTES 60u
#define MINUTE_MS 60000

/* A command is named by its visit and its kind. */
#define REFERENCE(visit, kind) ((uint32_t)(visit) << 3 | (uint32_t)(kind))
#define VISITS_MAX (1u << 29)

struct city {
    struct city_options options;
    struct city_visits visits;
    uint32_t *references; /* of all commands, by publication day */
    uint32_t day_starts[CITY_PUBLICATION_DAYS + 1];
    uint64_t *today; /* publication minute and reference, in order */
    uint32_t today_count;
    uint32_t today_next;
    uint32_t day; /* whose commands today holds */
    struct city_totals totals;
};

int32_t city_first_day(void) {
    return civil_day_from_date(CITY_YEAR, 1, 1);
}

/* --- When a visit's commands occur and are published, in minutes of the year ------------------------------------ */

/* Hours after the beginning of the visit; 0: there is no such command (the opening apart). */
static uint32_t hours_of(const struct city_visit *visit, enum city_kind kind) {
    switch (kind) {
    case CITY_OPEN:
        return 0;
    case CITY_CHANGE:
        return visit->change_hours;
    case CITY_CLOSE:
        return visit->stay_hours;
    case CITY_CANCEL:
        return visit->cancel_hours;
    case CITY_AGAIN:
        return visit->again_new_id ? 0 : visit->again_hours;
    case CITY_REOPEN:
        return visit->again_new_id ? visit->again_hours : 0;
    case CITY_REFRESH:
        return visit->refresh_hours;
    }
    return 0;
}

static bool has(const struct city_visit *visit, enum city_kind kind) {
    return kind == CITY_OPEN || hours_of(visit, kind) > 0;
}

/* When what the command says became so: a repeated opening still says the opening. */
static uint32_t occurred_minute(const struct city_visit *visit, enum city_kind kind) {
    bool is_opening = kind == CITY_OPEN || kind >= CITY_AGAIN;
    return visit->open_minute + (is_opening ? 0 : hours_of(visit, kind) * HOUR_MINUTES);
}

/* Nothing is known of a visit before its opening is published, but a cancellation may be: it does not wait. */
static uint32_t published_minute(const struct city_visit *visit, enum city_kind kind) {
    uint32_t minute = visit->open_minute + hours_of(visit, kind) * HOUR_MINUTES;
    uint32_t opening = visit->open_minute + visit->late_days * DAY_MINUTES;
    if (kind == CITY_CANCEL || visit->late_days == 0) {
        return minute;
    }
    return (minute > opening ? minute : opening) + (kind >= CITY_AGAIN ? HOUR_MINUTES : 0);
}

static uint32_t publication_day(uint32_t minute) {
    uint32_t day = minute / DAY_MINUTES;
    CHECK(day < CITY_PUBLICATION_DAYS);
    return day;
}

/* --- Sorting into days
 * ---------------------------------------------------------------------------------------------------- */

static bool is_one_card(const struct city_visit *visit) {
    return visit->card_kind != VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL;
}

static void count_visit(struct city_totals *totals, const struct city_visit *visit) {
    totals->visits++;
    if (visit->cancel_hours > 0) {
        totals->cancelled_visits++;
    } else if (visit->visit_class != VISITS__V1__VISIT_CLASS__VISIT_CLASS_EXAMINATION) {
        totals->one_card_visits += is_one_card(visit);
        totals->hospital_visits += !is_one_card(visit);
    }
}

/* First pass: how many commands each day has. */
static void count_commands(struct city *city) {
    for (uint32_t i = 0; i < city->visits.count; i++) {
        const struct city_visit *visit = &city->visits.rows[i];
        for (enum city_kind kind = 0; kind < CITY_KINDS; kind++) {
            if (has(visit, kind)) {
                city->day_starts[publication_day(published_minute(visit, kind)) + 1]++;
                city->totals.of_kind[kind]++;
                city->totals.commands++;
            }
        }
        count_visit(&city->totals, visit);
    }
    for (uint32_t day = 0; day < CITY_PUBLICATION_DAYS; day++) {
        city->day_starts[day + 1] += city->day_starts[day];
    }
}

/* Second pass: puts each command into its day. */
static void place_commands(struct city *city) {
    uint32_t next[CITY_PUBLICATION_DAYS];
    memcpy(next, city->day_starts, sizeof(next));
    for (uint32_t i = 0; i < city->visits.count; i++) {
        const struct city_visit *visit = &city->visits.rows[i];
        for (enum city_kind kind = 0; kind < CITY_KINDS; kind++) {
            if (has(visit, kind)) {
                city->references[next[publication_day(published_minute(visit, kind))]++] = REFERENCE(i, kind);
            }
        }
    }
}

static uint32_t busiest_day(const struct city *city) {
    uint32_t most = 0;
    for (uint32_t day = 0; day < CITY_PUBLICATION_DAYS; day++) {
        uint32_t count = city->day_starts[day + 1] - city->day_starts[day];
        most = count > most ? count : most;
    }
    return most;
}

static enum status sort_into_days(struct city *city) {
    count_commands(city);
    city->references = malloc(city->totals.commands * sizeof(*city->references));
    city->today = malloc(busiest_day(city) * sizeof(*city->today));
    if (city->references == NULL || city->today == NULL) {
        return STATUS_MEMORY;
    }
    place_commands(city);
    city->totals.bytes = sizeof(*city) + (uint64_t)city->visits.capacity * sizeof(*city->visits.rows) +
                         city->totals.commands * sizeof(*city->references) +
                         (uint64_t)busiest_day(city) * sizeof(*city->today);
    return STATUS_OK;
}

/* --- Life
 * -------------------------------------------------------------------------------------------------------------------
 */

enum status city_new(const struct city_options *options, struct city **city) {
    *city = NULL;
    if (options->patients == 0 || options->patients > CITY_PATIENTS_MAX) {
        return STATUS_USAGE;
    }
    struct city *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return STATUS_MEMORY;
    }
    made->options = *options;
    enum status status = city_visits_draw(options, &made->visits);
    CHECK(made->visits.count < VISITS_MAX);
    if (status == STATUS_OK) {
        status = sort_into_days(made);
    }
    if (status != STATUS_OK) {
        city_destroy(&made);
        return status;
    }
    city_rewind(made);
    *city = made;
    return STATUS_OK;
}

void city_destroy(struct city **city) {
    if (*city == NULL) {
        return;
    }
    free((*city)->visits.rows);
    free((*city)->references);
    free((*city)->today);
    free(*city);
    *city = NULL;
}

const struct city_totals *city_totals(const struct city *city) {
    return &city->totals;
}

/* --- The stream
 * -------------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void load_day(struct city *city, uint32_t day) {
    city->day = day;
    city->today_next = 0;
    city->today_count = city->day_starts[day + 1] - city->day_starts[day];
    for (uint32_t i = 0; i < city->today_count; i++) {
        uint32_t reference = city->references[city->day_starts[day] + i];
        uint32_t minute = published_minute(&city->visits.rows[reference >> 3], (enum city_kind)(reference & 7));
        city->today[i] = (uint64_t)minute << 32 | reference;
    }
    qsort(city->today, city->today_count, sizeof(*city->today), compare);
}

void city_rewind(struct city *city) {
    load_day(city, 0);
}

static void fill_identity(const struct city *city, uint32_t number, struct city_command *command) {
    const struct city_visit *visit = &city->visits.rows[number];
    enum city_style style = city_hospital(visit->hospital)->style;
    uint64_t seed = city->options.seed;
    bool hidden = visit->without_resident_id && command->kind != CITY_REFRESH;
    if (style != CITY_STYLE_LOCAL && !hidden && city_person_kind(seed, visit->person) != CITY_PERSON_LOCAL) {
        city_resident_id(seed, visit->person, command->resident_id);
        city_resident_id_vary(command->resident_id, (uint32_t)hash_mix64(seed + number));
    }
    if (style != CITY_STYLE_RESIDENT) {
        city_local_id(seed, visit->person, visit->hospital, command->local_id);
    }
}

static void fill_body(const struct city *city, uint32_t number, struct city_command *command) {
    const struct city_visit *visit = &city->visits.rows[number];
    switch (command->kind) {
    case CITY_CHANGE:
        command->visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT;
        break;
    case CITY_CLOSE:
    case CITY_CANCEL:
        break;
    case CITY_OPEN:
    case CITY_AGAIN:
    case CITY_REOPEN:
    case CITY_REFRESH:
        command->visit_class = visit->visit_class;
        command->card_kind = visit->card_kind;
        fill_identity(city, number, command);
        command->rescue = city_rescue_draw(city->options.seed, number, visit, command->occurred_at_ms);
        break;
    }
}

/* "V200103-1234567": the day it began and a number. */
static void fill_visit_number(uint32_t opened_day, uint32_t number, char text[CITY_VISIT_NUMBER_BYTES]) {
    struct civil_date date = civil_date_from_day(city_first_day() + (int32_t)opened_day);
    uint32_t parts[3] = {(uint32_t)date.year % 100, date.month, date.day};
    text[0] = 'V';
    for (size_t i = 0; i < 3; i++) {
        text[1 + 2 * i] = (char)('0' + parts[i] / 10);
        text[2 + 2 * i] = (char)('0' + parts[i] % 10);
    }
    for (size_t i = 16; i > 7; i--) {
        text[i] = (char)('0' + number % 10);
        number /= 10;
    }
    text[7] = '-';
    text[17] = '\0';
}

static void fill_command(const struct city *city, uint32_t reference, struct city_command *command) {
    uint32_t number = reference >> 3;
    enum city_kind kind = (enum city_kind)(reference & 7);
    const struct city_visit *visit = &city->visits.rows[number];
    int64_t year_ms = civil_ms_of_day(city_first_day());
    int64_t within_ms = (int64_t)(hash_mix64(city->options.seed ^ number) % MINUTE_MS);
    enum city_kind named = kind == CITY_AGAIN ? CITY_OPEN : kind; /* sent again: the id is the first one's */
    *command = (struct city_command){
        .kind = kind,
        .hospital = visit->hospital,
        .publication_day = (uint16_t)city->day,
        .occurred_at_ms = year_ms + (int64_t)occurred_minute(visit, kind) * MINUTE_MS + within_ms,
    };
    if (kind == CITY_REFRESH) {
        command->recorded_at_ms = command->occurred_at_ms + (int64_t)visit->refresh_hours * HOUR_MINUTES * MINUTE_MS;
    }
    command->id = id_make_from(city->options.base_ms + publication_day(published_minute(visit, named)),
                               city->options.seed, REFERENCE(number, named));
    fill_visit_number(visit->open_minute / DAY_MINUTES, number, command->visit_number);
    fill_body(city, number, command);
}

bool city_next(struct city *city, struct city_command *command) {
    while (city->today_next == city->today_count) {
        if (city->day + 1 == CITY_PUBLICATION_DAYS) {
            return false;
        }
        load_day(city, city->day + 1);
    }
    fill_command(city, (uint32_t)city->today[city->today_next++], command);
    return true;
}
