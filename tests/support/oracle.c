#include "support/oracle.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"

/* --- Texts to numbers
 * ------------------------------------------------------------------------------------------------- */

/* Numbers 0, 1, 2, ... in order of first sight. */
struct names {
    char (*texts)[40];
    uint32_t *slots; /* number + 1; 0 = free */
    uint32_t slot_count;
    uint32_t count;
};

static void *must(void *memory) {
    CHECK(memory != NULL);
    return memory;
}

static uint64_t text_hash(const char text[40]) {
    uint64_t hash = 5381;
    for (const char *p = text; *p != '\0'; p++) {
        hash = hash * 1099511628211u + (unsigned char)*p;
    }
    return hash ^ hash >> 29;
}

static uint32_t names_slot(const struct names *names, const char text[40]) {
    uint32_t slot = (uint32_t)(text_hash(text) % names->slot_count);
    while (names->slots[slot] != 0 && strcmp(names->texts[names->slots[slot] - 1], text) != 0) {
        slot = (slot + 1) % names->slot_count;
    }
    return slot;
}

static void names_grow(struct names *names) {
    names->slot_count = names->slot_count == 0 ? 1021 : names->slot_count * 2 + 1;
    free(names->slots);
    names->slots = must(calloc(names->slot_count, sizeof(*names->slots)));
    names->texts = must(realloc(names->texts, (names->slot_count / 2 + 1) * sizeof(*names->texts)));
    for (uint32_t i = 0; i < names->count; i++) {
        names->slots[names_slot(names, names->texts[i])] = i + 1;
    }
}

static uint32_t names_number(struct names *names, const char text[40]) {
    if (names->count >= names->slot_count / 2) {
        names_grow(names);
    }
    uint32_t slot = names_slot(names, text);
    if (names->slots[slot] == 0) {
        snprintf(names->texts[names->count], sizeof(names->texts[0]), "%s", text);
        names->slots[slot] = ++names->count;
    }
    return names->slots[slot] - 1;
}

static void names_release(struct names *names) {
    free(names->texts);
    free(names->slots);
}

/* --- What is known
 * ------------------------------------------------------------------------------------------------------ */

struct visit {
    bool opened;
    bool one_card;
    int visit_class;
    int32_t day;
    uint32_t hospital;
    uint32_t record;           /* an identity: the local id, or else the number */
    struct city_rescue rescue; /* last word on how the patient came */
    int64_t open_recorded_ms;  /* last word on the opening */
    int64_t class_recorded_ms; /* last word on the class */
    int64_t cancel_recorded_ms;
};

struct oracle {
    struct names ids;
    struct names visit_names;
    struct names identities;
    struct visit *visits;
    uint32_t visit_capacity;
    uint32_t *parents; /* of identities: joined into persons */
    uint32_t parent_capacity;
    uint64_t commands;
    uint64_t repeated;
    struct oracle_row *rows;
    size_t row_count;
    size_t row_capacity;
};

struct oracle *oracle_new(void) {
    return must(calloc(1, sizeof(struct oracle)));
}

void oracle_destroy(struct oracle **oracle) {
    if (*oracle == NULL) {
        return;
    }
    names_release(&(*oracle)->ids);
    names_release(&(*oracle)->visit_names);
    names_release(&(*oracle)->identities);
    free((*oracle)->visits);
    free((*oracle)->parents);
    free((*oracle)->rows);
    free(*oracle);
    *oracle = NULL;
}

/* --- Identities
 * ----------------------------------------------------------------------------------------------------------- */

static uint32_t person(const struct oracle *oracle, uint32_t identity) {
    while (oracle->parents[identity] != identity) {
        identity = oracle->parents[identity];
    }
    return identity;
}

static uint32_t identity(struct oracle *oracle, const char text[40]) {
    uint32_t known = oracle->identities.count;
    uint32_t number = names_number(&oracle->identities, text);
    if (number >= oracle->parent_capacity) {
        oracle->parent_capacity = number * 2 + 1024;
        oracle->parents = must(realloc(oracle->parents, oracle->parent_capacity * sizeof(*oracle->parents)));
    }
    if (number == known) {
        oracle->parents[number] = number;
    }
    return number;
}

/* 18 characters, upper case: the old form of 15 lacks the century and the check character. */
static void normalise(const char *resident_id, char text[40]) {
    if (strlen(resident_id) == 18) {
        snprintf(text, 40, "R%s", resident_id);
        text[18] = text[18] == 'x' ? 'X' : text[18];
        return;
    }
    CHECK(strlen(resident_id) == 15);
    snprintf(text, 40, "R%.6s19%s", resident_id, resident_id + 6);
    int sum = 0;
    for (int i = 0; i < 17; i++) {
        sum += ((1 << (17 - i)) % 11) * (text[1 + i] - '0'); /* GB 11643: powers of two modulo 11 */
    }
    text[18] = "10X98765432"[sum % 11];
    text[19] = '\0';
}

/* The record of a command: joins its local id and its number. */
static uint32_t take_identity(struct oracle *oracle, const struct city_command *command) {
    char text[40];
    uint32_t resident = UINT32_MAX;
    if (command->resident_id[0] != '\0') {
        normalise(command->resident_id, text);
        resident = identity(oracle, text);
    }
    if (command->local_id[0] == '\0') {
        CHECK(resident != UINT32_MAX);
        return resident;
    }
    snprintf(text, sizeof(text), "L%u/%s", command->hospital, command->local_id);
    uint32_t local = identity(oracle, text);
    if (resident != UINT32_MAX) {
        oracle->parents[person(oracle, local)] = person(oracle, resident);
    }
    return local;
}

/* --- Commands
 * ---------------------------------------------------------------------------------------------------------------- */

static struct visit *find_visit(struct oracle *oracle, const struct city_command *command) {
    char text[40];
    snprintf(text, sizeof(text), "%u/%s", command->hospital, command->visit_number);
    uint32_t known = oracle->visit_names.count;
    uint32_t number = names_number(&oracle->visit_names, text);
    if (number >= oracle->visit_capacity) {
        oracle->visit_capacity = number * 2 + 1024;
        oracle->visits = must(realloc(oracle->visits, oracle->visit_capacity * sizeof(*oracle->visits)));
    }
    if (number == known) {
        oracle->visits[number] = (struct visit){.hospital = command->hospital};
    }
    return &oracle->visits[number];
}

static void take_opening(struct oracle *oracle, const struct city_command *command, int64_t recorded_ms) {
    uint32_t record = take_identity(oracle, command);
    struct visit *visit = find_visit(oracle, command);
    if (visit->opened && recorded_ms <= visit->open_recorded_ms) {
        return;
    }
    if (!visit->opened) {
        visit->record = record;
    }
    visit->opened = true;
    visit->open_recorded_ms = recorded_ms;
    visit->day = civil_day_of_ms(command->occurred_at_ms);
    visit->one_card = command->card_kind != VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL;
    if (command->rescue.called_at_ms != 0) {
        visit->rescue = command->rescue;
    }
    if (recorded_ms > visit->class_recorded_ms) {
        visit->visit_class = (int)command->visit_class;
        visit->class_recorded_ms = recorded_ms;
    }
}

void oracle_take(struct oracle *oracle, const struct city_command *command) {
    char id_text[ID_TEXT_BYTES + 3] = "";
    id_format(&command->id, id_text);
    oracle->commands++;
    uint32_t known = oracle->ids.count;
    if (names_number(&oracle->ids, id_text) != known) {
        oracle->repeated++;
        return;
    }
    int64_t recorded_ms = command->recorded_at_ms != 0 ? command->recorded_at_ms : command->occurred_at_ms;
    struct visit *visit = find_visit(oracle, command);
    switch (command->kind) {
    case CITY_OPEN:
    case CITY_AGAIN:
    case CITY_REOPEN:
    case CITY_REFRESH:
        take_opening(oracle, command, recorded_ms);
        break;
    case CITY_CHANGE:
        if (recorded_ms > visit->class_recorded_ms) {
            visit->visit_class = (int)command->visit_class;
            visit->class_recorded_ms = recorded_ms;
        }
        break;
    case CITY_CLOSE:
        break;
    case CITY_CANCEL:
        if (recorded_ms > visit->cancel_recorded_ms) {
            visit->cancel_recorded_ms = recorded_ms;
        }
        break;
    }
}

void oracle_take_city(struct oracle *oracle, struct city *city) {
    struct city_command command;
    city_rewind(city);
    while (city_next(city, &command)) {
        oracle_take(oracle, &command);
    }
    city_rewind(city);
}

uint64_t oracle_commands(const struct oracle *oracle) {
    return oracle->commands;
}

uint64_t oracle_repeated(const struct oracle *oracle) {
    return oracle->repeated;
}

/* --- Counting
 * ------------------------------------------------------------------------------------------------------------------ */

/* One entry for each visit in a bucket; person UINT32_MAX: not by the one card. */
struct entry {
    uint32_t place; /* region, or hospital + 1; 0 = city */
    int32_t first_day;
    uint32_t person;
    uint32_t visit; /* its number */
};

static bool counts(const struct visit *visit, enum oracle_class visit_class) {
    if (!visit->opened || visit->cancel_recorded_ms >= visit->open_recorded_ms) {
        return false;
    }
    switch (visit->visit_class) {
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT:
        return visit_class == ORACLE_ALL || visit_class == ORACLE_INPATIENT;
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT:
        return visit_class == ORACLE_ALL || visit_class == ORACLE_OUTPATIENT;
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY:
        return visit_class == ORACLE_ALL || visit_class == ORACLE_EMERGENCY;
    case VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER:
        return visit_class == ORACLE_ALL || visit_class == ORACLE_OTHER;
    }
    return false; /* pre-admissions and examinations */
}

static int32_t period_start(enum oracle_period period, int32_t day) {
    switch (period) {
    case ORACLE_DAY:
        return day;
    case ORACLE_MONTH:
        return civil_month_start(day);
    case ORACLE_YEAR:
        return civil_year_start(day);
    case ORACLE_ALL_TIME:
        break;
    }
    return 0;
}

static int compare_entries(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->place != y->place) {
        return x->place < y->place ? -1 : 1;
    }
    if (x->first_day != y->first_day) {
        return x->first_day < y->first_day ? -1 : 1;
    }
    return x->person < y->person ? -1 : x->person > y->person;
}

static struct oracle_row *add_row(struct oracle *oracle) {
    if (oracle->row_count == oracle->row_capacity) {
        oracle->row_capacity = oracle->row_capacity * 2 + 1024;
        oracle->rows = must(realloc(oracle->rows, oracle->row_capacity * sizeof(*oracle->rows)));
    }
    struct oracle_row *row = &oracle->rows[oracle->row_count++];
    memset(row, 0, sizeof(*row));
    return row;
}

static size_t collect(const struct oracle *oracle, const struct oracle_row *bucket, struct entry *entries) {
    size_t count = 0;
    for (uint32_t i = 0; i < oracle->visit_names.count; i++) {
        const struct visit *visit = &oracle->visits[i];
        if (!counts(visit, bucket->visit_class)) {
            continue;
        }
        struct entry *entry = &entries[count++];
        entry->visit = i;
        entry->place = bucket->scope == ORACLE_CITY     ? 0
                       : bucket->scope == ORACLE_COUNTY ? city_hospital(visit->hospital)->region
                                                        : visit->hospital + 1;
        entry->first_day = period_start(bucket->period, visit->day);
        entry->person = visit->one_card ? person(oracle, visit->record) : UINT32_MAX;
    }
    qsort(entries, count, sizeof(*entries), compare_entries);
    return count;
}

static void name_place(struct oracle_row *row, uint32_t place) {
    bool facility = row->scope == ORACLE_FACILITY;
    row->facility = facility ? city_hospital(place - 1)->code : "";
    row->region = facility ? city_hospital(place - 1)->region : place;
}

static void count_rescue(const struct visit *visit, struct oracle_row *row) {
    int64_t took_ms = visit->rescue.arrived_at_ms - visit->rescue.called_at_ms;
    if (row->visit_class != ORACLE_ALL || visit->rescue.called_at_ms == 0 ||
        visit->visit_class != VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY) {
        return;
    }
    row->rescue[0]++;
    row->rescue[1] += visit->rescue.urban;
    row->rescue[2] += visit->rescue.urban && took_ms <= 30 * 60 * 1000;
    row->rescue[3] += took_ms <= 120 * 60 * 1000;
}

/* All rows of one scope, period and class. */
static void count_buckets(struct oracle *oracle, const struct oracle_row *bucket, struct entry *entries) {
    size_t count = collect(oracle, bucket, entries);
    struct oracle_row *row = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &entries[i];
        const struct entry *before = i > 0 ? &entries[i - 1] : NULL;
        bool same_bucket = before != NULL && before->place == entry->place && before->first_day == entry->first_day;
        if (!same_bucket) {
            row = add_row(oracle);
            *row = *bucket;
            row->first_day = entry->first_day;
            name_place(row, entry->place);
        }
        row->visits++;
        count_rescue(&oracle->visits[entry->visit], row);
        if (entry->person != UINT32_MAX) {
            row->one_card_visits++;
            row->patients += !same_bucket || before->person != entry->person;
        }
    }
}

static int compare_rows(const void *a, const void *b) {
    const struct oracle_row *x = a, *y = b;
    const int64_t differences[] = {(int64_t)x->scope - y->scope, (int64_t)x->period - y->period,
                                   (int64_t)x->visit_class - y->visit_class, (int64_t)x->region - y->region,
                                   (int64_t)x->first_day - y->first_day};
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        if (differences[i] != 0) {
            return differences[i] < 0 ? -1 : 1;
        }
    }
    return strcmp(x->facility, y->facility);
}

const struct oracle_row *oracle_rows(struct oracle *oracle, size_t *count) {
    struct entry *entries = must(malloc((oracle->visit_names.count + 1) * sizeof(*entries)));
    oracle->row_count = 0;
    struct oracle_row bucket = {0};
    for (bucket.scope = ORACLE_CITY; bucket.scope <= ORACLE_FACILITY; bucket.scope++) {
        for (bucket.period = ORACLE_DAY; bucket.period <= ORACLE_ALL_TIME; bucket.period++) {
            for (bucket.visit_class = ORACLE_ALL; bucket.visit_class <= ORACLE_OTHER; bucket.visit_class++) {
                count_buckets(oracle, &bucket, entries);
            }
        }
    }
    free(entries);
    qsort(oracle->rows, oracle->row_count, sizeof(*oracle->rows), compare_rows);
    *count = oracle->row_count;
    return oracle->rows;
}

const struct oracle_row *oracle_find(const struct oracle *oracle, const struct oracle_row *bucket) {
    return bsearch(bucket, oracle->rows, oracle->row_count, sizeof(*oracle->rows), compare_rows);
}
