#include "ctl/city_approvals.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/* The stream: setting up, the catalogue and its changes, the cases, and a Tick for each day, sorted by time. */

#define FIRST_DAY 2019, 12, 16 /* a Monday: agencies and notices; the days after: the catalogue */
#define LAST_DAY 2021, 3, 31   /* what was received in December is decided by then */
#define YEAR_DAYS 366
#define HOUR_S 3600u
#define ANNOUNCED_DAYS 4 /* a change of the catalogue is published so long before it holds */

int32_t city_approvals_first_day(void) {
    return civil_day_from_date(FIRST_DAY);
}

int32_t city_approvals_last_day(void) {
    return civil_day_from_date(LAST_DAY);
}

void city_steps_add(struct city_steps *steps, const struct city_step *step) {
    if (steps->count == steps->capacity && !steps->out_of_memory) {
        const uint32_t capacity = steps->capacity + steps->capacity / 2 + 65536;
        struct city_step *rows = realloc(steps->rows, (size_t)capacity * sizeof(*rows));
        steps->out_of_memory = rows == NULL;
        steps->rows = rows != NULL ? rows : steps->rows;
        steps->capacity = rows != NULL ? capacity : steps->capacity;
    }
    if (!steps->out_of_memory) {
        steps->rows[steps->count++] = *step;
    }
}

/* --- What is not of a case ---------------------------------------------------------------------------------------------------------- */

static void add_other(struct city_approvals *city, uint32_t at, uint8_t step, uint32_t number, enum city_sender sender, size_t agency,
                      uint8_t value) {
    const struct city_step row = {
        .case_row = number, .at = at, .sender = sender & 7, .agency = agency & 0x1fff, .step = step, .value = value};
    city_steps_add(&city->steps, &row);
}

static void add_agencies(struct city_approvals *city) {
    for (uint32_t i = 0; i < city_agency_count(); i++) {
        add_other(city, s_of_day(city_approvals_first_day()) + 9 * HOUR_S + i, STEP_AGENCY, i, CITY_SENDER_OPERATOR, 0, 0);
    }
}

/* Those published before the stream begins are loaded on its first day, the others on their day. */
static void add_notices(struct city_approvals *city) {
    for (uint32_t i = 0; i < city_notice_count(); i++) {
        const uint16_t *published = city_notice(i)->published;
        const int32_t day = civil_day_from_date(published[0], published[1], published[2]);
        const int32_t first = city_approvals_first_day();
        add_other(city, s_of_day(day > first ? day : first) + 15 * HOUR_S + i, STEP_NOTICE, i, CITY_SENDER_OPERATOR, 0, 0);
    }
}

/* The last workday that is at least so long before. */
static int32_t announced_on(int32_t day) {
    day -= ANNOUNCED_DAYS;
    while (!city_is_workday(day, CITY_KNOWS_ALL)) {
        day--;
    }
    return day;
}

/* The city's items are published by the bureau, the counties' by their agencies. */
static enum city_sender publisher_of(const struct city_item *item) {
    return item->level == 3 ? CITY_SENDER_SUPERVISOR : CITY_SENDER_AGENCY;
}

static void add_version(struct city_approvals *city, uint32_t number, uint8_t version) {
    const struct city_item *item = &city->catalogue.items[number];
    const enum city_sender sender = publisher_of(item);
    const int32_t first = city_approvals_first_day();
    const int32_t effective = item->versions[version].effective_day;
    const int32_t day = effective > first + 14 ? announced_on(effective) : first + 1 + (int32_t)(number % 3);
    const uint32_t second = (uint32_t)(hash_mix64(city->options.seed + number) % (7 * HOUR_S));
    add_other(city, s_of_day(day) + 9 * HOUR_S + second, STEP_PUBLISH, number, sender, sender == CITY_SENDER_AGENCY ? item->agency : 0,
              (uint8_t)(version + 1));
}

static void add_catalogue(struct city_approvals *city) {
    for (uint32_t i = 0; i < city->catalogue.count; i++) {
        const struct city_item *item = &city->catalogue.items[i];
        for (uint8_t version = 0; version < item->version_count; version++) {
            add_version(city, i, version);
        }
        if (item->removed_day != NOT_REMOVED) {
            const enum city_sender sender = publisher_of(item);
            add_other(city, s_of_day(announced_on(item->removed_day)) + 10 * HOUR_S + i % HOUR_S, STEP_REMOVE, i, sender,
                      sender == CITY_SENDER_AGENCY ? item->agency : 0, item->round);
        }
    }
}

/* At midnight, before anything else of the day. */
static void add_ticks(struct city_approvals *city) {
    for (int32_t day = city_approvals_first_day(); day <= city_approvals_last_day(); day++) {
        add_other(city, s_of_day(day), STEP_TICK, 0, CITY_SENDER_OPERATOR, 0, 0);
        city->totals.ticks++;
    }
}

/* --- Cases ------------------------------------------------------------------------------------------------------------------------ */

/* Percent of an ordinary day: the Spring Festival, then the epidemic of February, then the slow return. Online on days off. */
static uint32_t day_weight(int32_t day) {
    static const uint8_t months[12] = {105, 35, 75, 92, 98, 102, 103, 101, 104, 100, 105, 110};
    const uint32_t season = months[civil_date_from_day(day).month - 1];
    return season * (city_is_workday(day, CITY_KNOWS_ALL) ? 100 : 9);
}

/* Numbers the cases of one item and day. */
static void number_day(struct city_approvals *city, uint32_t from, uint32_t until, uint16_t *serials) {
    for (uint32_t i = from; i < until; i++) {
        city->cases[i].serial = ++serials[city->cases[i].item];
    }
    for (uint32_t i = from; i < until; i++) {
        serials[city->cases[i].item] = 0;
    }
}

static enum status draw_cases(struct city_approvals *city) {
    const int32_t first = civil_day_from_date(CITY_YEAR, 1, 1);
    uint64_t total = 0, below = 0;
    for (int32_t i = 0; i < YEAR_DAYS; i++) {
        total += day_weight(first + i);
    }
    city->cases = calloc(city->options.cases, sizeof(*city->cases));
    uint16_t *serials = calloc(city->catalogue.count, sizeof(*serials));
    if (city->cases == NULL || serials == NULL) {
        free(serials);
        return STATUS_MEMORY;
    }
    for (int32_t i = 0; i < YEAR_DAYS; i++) {
        below += day_weight(first + i);
        const uint32_t from = city->case_count, until = (uint32_t)(below * city->options.cases / total);
        for (; city->case_count < until; city->case_count++) {
            city_case_draw(city, city->case_count, first + i);
        }
        number_day(city, from, until, serials);
    }
    free(serials);
    return STATUS_OK;
}

/* --- Order ---------------------------------------------------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum status sort_steps(struct city_steps *steps) {
    uint64_t *order = malloc((size_t)steps->count * sizeof(*order));
    struct city_step *sorted = malloc((size_t)steps->count * sizeof(*sorted));
    if (order == NULL || sorted == NULL) {
        free(order);
        free(sorted);
        return STATUS_MEMORY;
    }
    for (uint32_t i = 0; i < steps->count; i++) {
        order[i] = (uint64_t)steps->rows[i].at << 32 | i; /* of one second: as they were drawn */
    }
    qsort(order, steps->count, sizeof(*order), compare_times);
    for (uint32_t i = 0; i < steps->count; i++) {
        sorted[i] = steps->rows[(uint32_t)order[i]];
    }
    free(order);
    free(steps->rows);
    steps->rows = sorted;
    steps->capacity = steps->count;
    return STATUS_OK;
}

/* Within a day a case may pass from one sender to another: each such step is a wave later than the one before it. */
static enum status give_waves(struct city_approvals *city) {
    uint16_t *senders = malloc((size_t)city->case_count * sizeof(*senders));
    if (senders == NULL) {
        return STATUS_MEMORY;
    }
    memset(senders, 0xff, (size_t)city->case_count * sizeof(*senders));
    for (uint32_t i = 0; i < city->steps.count; i++) {
        struct city_step *step = &city->steps.rows[i];
        if (step->step >= STEP_AGENCY) {
            step->wave = step->step == STEP_TICK ? 0 : 1;
            continue;
        }
        struct city_case *row = &city->cases[step->case_row];
        const uint16_t day = (uint16_t)(day_of_s(step->at) - city_approvals_first_day());
        const uint16_t sender = (uint16_t)(step->sender << 13 | step->agency);
        const bool is_later = senders[step->case_row] != sender;
        row->wave = row->wave_day != day ? 1 : (uint8_t)(row->wave + is_later);
        row->wave_day = day;
        senders[step->case_row] = sender;
        step->wave = row->wave;
    }
    free(senders);
    return STATUS_OK;
}

/* --- Life ------------------------------------------------------------------------------------------------------------------------------ */

static enum status draw(struct city_approvals *city) {
    enum status status = city_catalogue_draw(city->options.seed, &city->catalogue);
    if (status != STATUS_OK) {
        return status;
    }
    add_agencies(city);
    add_notices(city);
    add_catalogue(city);
    add_ticks(city);
    const uint32_t others = city->steps.count;
    status = draw_cases(city);
    if (status != STATUS_OK || city->steps.out_of_memory) {
        return STATUS_MEMORY;
    }
    city->totals.commands = city->steps.count;
    city->totals.case_commands = city->steps.count - others;
    city->totals.bytes = sizeof(*city) + (uint64_t)city->case_count * sizeof(*city->cases) +
                         (uint64_t)city->steps.count * sizeof(*city->steps.rows) +
                         (uint64_t)city->catalogue.count * (sizeof(*city->catalogue.items) + sizeof(*city->catalogue.by_agency));
    city_catalogue_count(city);
    status = sort_steps(&city->steps);
    return status == STATUS_OK ? give_waves(city) : status;
}

enum status city_approvals_new(const struct city_approvals_options *options, struct city_approvals **city) {
    *city = NULL;
    if (options->cases == 0 || options->cases > CITY_CASES_MAX) {
        return STATUS_USAGE;
    }
    struct city_approvals *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return STATUS_MEMORY;
    }
    made->options = *options;
    const enum status status = draw(made);
    if (status != STATUS_OK) {
        city_approvals_destroy(&made);
        return status;
    }
    *city = made;
    return STATUS_OK;
}

void city_approvals_destroy(struct city_approvals **city) {
    if (*city == NULL) {
        return;
    }
    city_catalogue_release(&(*city)->catalogue);
    free((*city)->cases);
    free((*city)->steps.rows);
    free(*city);
    *city = NULL;
}

const struct city_approvals_totals *city_approvals_totals(const struct city_approvals *city) {
    return &city->totals;
}

/* --- The stream ------------------------------------------------------------------------------------------------------------------------ */

void city_approvals_rewind(struct city_approvals *city) {
    city->next = 0;
}

bool city_approvals_next(struct city_approvals *city, struct city_approvals_command *command) {
    if (city->next == city->steps.count) {
        return false;
    }
    const struct city_step *step = &city->steps.rows[city->next];
    const int32_t day = day_of_s(step->at);
    *command = (struct city_approvals_command){
        .sender = step->sender,
        .agency = step->agency,
        .wave = step->wave,
        .day = day,
        .occurred_at_ms = (int64_t)step->at * 1000,
        .number = city->next,
    };
    const uint64_t since = (uint64_t)(day - city_approvals_first_day());
    command->id = id_make_from(city->options.base_ms + since, city->options.seed ^ UINT64_C(0xa99), city->next);
    city->next++;
    return true;
}
