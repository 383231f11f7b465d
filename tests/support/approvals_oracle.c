#include "support/approvals_oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"

#define CITY 411000u
#define DIFFERENCES_MAX 10
#define CELL_BYTES 32
#define COLUMNS_MAX 64
#define PLACES_MAX 64
#define TYPES_MAX 32
#define ROUNDS_MAX 32

/* What an event says of one day. */
enum column {
    /* Of items. */
    ITEMS,
    VISITS_0,
    VISITS_1,
    VISITS_MORE,
    NO_MEETING,
    INSTANT,
    ONLINE,
    DEPTH_2,
    APP,
    WITH_LIMITS,
    PROMISED,
    STATUTORY,
    RATIOS,
    REMOVED,
    ITEM_COLUMNS,
    ROUND = ITEM_COLUMNS,
    /* Of cases. */
    RECEIVED,
    ACCEPTED,
    DEEMED,
    NOT_ACCEPTED,
    WITHDRAWN,
    APPROVED,
    REFUSED,
    ON_TIME,
    LATE,
    OVERDUE,
    LAWFUL,
    CHARGED,
    CLOSED_STATUTORY,
    DELIVERED,
    CERTIFICATE_LATE,
    SUPPLEMENT,
    SUSPENSION,
    EXTENSION,
    REVOKED,
    JOINT,
    JOINT_UNDER,
    JOINT_MINUTES,
    RATING,
    RATING_GOOD,
    RATING_BAD,
    RECTIFIED,
    RECTIFIED_ON_TIME,
    SLIP,
    SLIP_1,
    SLIP_2,
    SLIP_3,
    SLIP_4,
    SLIP_LAPSED,
    DUE_CHANGED,
    CASE_DAYS, /* one for each decided case; amount: its charged days */
    COLUMN_COUNT,
};

struct note {
    enum column column;
    const char *agency;
    uint32_t region;
    int type; /* number of the contract */
    bool city_level;
    int32_t day;
    int64_t amount;
};

struct approvals_oracle {
    struct note *notes;
    size_t count, capacity;
    char agencies[PLACES_MAX][40];
    size_t agency_count;
    size_t rows;
};

struct approvals_oracle *approvals_oracle_new(void) {
    struct approvals_oracle *oracle = calloc(1, sizeof *oracle);
    CHECK(oracle != NULL);
    return oracle;
}

void approvals_oracle_destroy(struct approvals_oracle **oracle) {
    free((*oracle)->notes);
    free(*oracle);
    *oracle = NULL;
}

size_t approvals_oracle_rows(const struct approvals_oracle *oracle) {
    return oracle->rows;
}

/* --- Taking
 * ----------------------------------------------------------------------------------------------------------- */

static const char *keep_agency(struct approvals_oracle *oracle, const char *code) {
    size_t i = 0;
    while (i < oracle->agency_count && strcmp(oracle->agencies[i], code) != 0) {
        i++;
    }
    if (i == oracle->agency_count) {
        CHECK(i < PLACES_MAX);
        snprintf(oracle->agencies[oracle->agency_count++], sizeof oracle->agencies[0], "%s", code);
    }
    return oracle->agencies[i];
}

static void note(struct approvals_oracle *oracle, const struct note *about, enum column column, int64_t amount) {
    if (oracle->count == oracle->capacity) {
        oracle->capacity = oracle->capacity == 0 ? 4096 : 2 * oracle->capacity;
        oracle->notes = realloc(oracle->notes, oracle->capacity * sizeof *oracle->notes);
        CHECK(oracle->notes != NULL);
    }
    oracle->notes[oracle->count] = *about;
    oracle->notes[oracle->count].column = column;
    oracle->notes[oracle->count++].amount = amount;
}

static void note_if(struct approvals_oracle *oracle, const struct note *about, enum column column, int64_t amount) {
    if (amount != 0) {
        note(oracle, about, column, amount);
    }
}

static struct note about_item(struct approvals_oracle *oracle, const Approvals__V1__ItemFacts *item, uint32_t day) {
    return (struct note){.agency = keep_agency(oracle, item->agency),
                         .region = item->region,
                         .type = (int)item->type,
                         .city_level = item->level == APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY,
                         .day = (int32_t)day};
}

/* Nearest millionth, halves up. */
static int64_t ratio(const Approvals__V1__ItemFacts *item) {
    long double exact = 1000000.0L *
                        ((long double)item->statutory_hundredths - (long double)item->promised_hundredths) /
                        (long double)item->statutory_hundredths;
    int64_t whole = (int64_t)exact;
    whole -= (long double)whole > exact;
    return whole + (exact - (long double)whole >= 0.5L);
}

static void take_item(struct approvals_oracle *oracle, const Approvals__V1__ItemFacts *item, uint32_t day, int sign) {
    struct note about = about_item(oracle, item, day);
    note(oracle, &about, ITEMS, sign);
    note(oracle, &about, item->visits == 0 ? VISITS_0 : item->visits == 1 ? VISITS_1 : VISITS_MORE, sign);
    note_if(oracle, &about, NO_MEETING, item->no_meeting ? sign : 0);
    note_if(oracle, &about, INSTANT, item->instant ? sign : 0);
    note_if(oracle, &about, ONLINE, item->online ? sign : 0);
    note_if(oracle, &about, DEPTH_2, item->depth > 1 ? sign : 0);
    note_if(oracle, &about, APP, item->app ? sign : 0);
    if (item->has_limits && item->statutory_hundredths != 0) {
        note(oracle, &about, WITH_LIMITS, sign);
        note(oracle, &about, PROMISED, sign * (int64_t)item->promised_hundredths);
        note(oracle, &about, STATUTORY, sign * (int64_t)item->statutory_hundredths);
        note(oracle, &about, RATIOS, sign * ratio(item));
    }
}

static void take_item_changed(struct approvals_oracle *oracle, const Approvals__V1__ItemChanged *changed) {
    if (changed->before != NULL) {
        take_item(oracle, changed->before, changed->day, -1);
    }
    if (changed->after != NULL) {
        take_item(oracle, changed->after, changed->day, 1);
    }
    if (changed->round != 0) {
        struct note about = about_item(oracle, changed->before, changed->day);
        note(oracle, &about, REMOVED, 1);
        note_if(oracle, &about, ROUND, changed->opens_round);
    }
}

static struct note about_case(struct approvals_oracle *oracle, const Approvals__V1__CaseFacts *facts, uint32_t day) {
    return (struct note){.agency = keep_agency(oracle, facts->agency),
                         .region = facts->region,
                         .type = (int)facts->type,
                         .day = (int32_t)day};
}

static void take_decision(struct approvals_oracle *oracle, const struct note *about,
                          const Approvals__V1__CaseMoved *moved, enum column column) {
    const Approvals__V1__Closing *closing = moved->closing;
    if (moved->after == APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED) {
        note(oracle, about, column, 1);
        note(oracle, about, closing->on_time ? ON_TIME : LATE, 1);
        note_if(oracle, about, LAWFUL, closing->lawful);
        note_if(oracle, about, CHARGED, closing->has_statutory ? closing->charged_days : 0);
        note_if(oracle, about, CLOSED_STATUTORY, closing->has_statutory ? closing->statutory_hundredths : 0);
        note(oracle, about, CASE_DAYS, closing->charged_days);
    }
}

static void take_delivery(struct approvals_oracle *oracle, const struct note *about,
                          const Approvals__V1__CaseMoved *moved) {
    note(oracle, about, DELIVERED, 1);
    note_if(oracle, about, CERTIFICATE_LATE, moved->late);
    if (moved->facts->joint) {
        note(oracle, about, JOINT, 1);
        note_if(oracle, about, JOINT_UNDER, moved->minutes < 120);
        note_if(oracle, about, JOINT_MINUTES, moved->minutes);
    }
}

static void take_case(struct approvals_oracle *oracle, const Approvals__V1__CaseMoved *moved) {
    struct note about = about_case(oracle, moved->facts, moved->day);
    note_if(oracle, &about, OVERDUE, moved->open_overdue);
    switch ((int)moved->step) {
    case 1:
        note(oracle, &about, RECEIVED, 1);
        break;
    case 3:
        note(oracle, &about, ACCEPTED, 1);
        break;
    case 110:
        note(oracle, &about, DEEMED, 1);
        break;
    case 4:
    case 5:
        note(oracle, &about, NOT_ACCEPTED, 1);
        break;
    case 2:
    case 14:
    case 111:
        note(oracle, &about, WITHDRAWN, 1);
        break;
    case 6:
        note(oracle, &about, SUPPLEMENT, 1);
        break;
    case 9:
        note(oracle, &about, (int)moved->special == 1 ? EXTENSION : SUSPENSION, 1);
        break;
    case 11:
    case 12:
        take_decision(oracle, &about, moved, APPROVED);
        break;
    case 13:
        take_decision(oracle, &about, moved, REFUSED);
        break;
    case 15:
        note(oracle, &about, REVOKED, 1);
        break;
    case 100:
        take_delivery(oracle, &about, moved);
        break;
    case 118:
        note(oracle, &about, DUE_CHANGED, 1);
        break;
    default:
        break;
    }
}

static void take_slip(struct approvals_oracle *oracle, const Approvals__V1__SlipChanged *slip) {
    struct note about = about_case(oracle, slip->facts, slip->day);
    if (slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) {
        note(oracle, &about, SLIP, 1);
        note(oracle, &about, (enum column)(SLIP_1 + slip->level - 1), 1);
    }
    note_if(oracle, &about, SLIP_LAPSED, slip->state == COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED);
}

void approvals_oracle_take(struct approvals_oracle *oracle, const Approvals__V1__Event *event) {
    struct note about;
    switch ((int)event->body_case) {
    case APPROVALS__V1__EVENT__BODY_ITEM_CHANGED:
        take_item_changed(oracle, event->item_changed);
        break;
    case APPROVALS__V1__EVENT__BODY_CASE_MOVED:
        take_case(oracle, event->case_moved);
        break;
    case APPROVALS__V1__EVENT__BODY_CASE_RATED:
        about = about_case(oracle, event->case_rated->facts, event->case_rated->day);
        note(oracle, &about, RATING, 1);
        note(oracle, &about, event->case_rated->rating <= 3 ? RATING_GOOD : RATING_BAD, 1);
        break;
    case APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE:
        about = about_case(oracle, event->rectification_done->facts, event->rectification_done->day);
        note(oracle, &about, RECTIFIED, 1);
        note_if(oracle, &about, RECTIFIED_ON_TIME, event->rectification_done->on_time);
        break;
    case APPROVALS__V1__EVENT__BODY_SLIP_CHANGED:
        take_slip(oracle, event->slip_changed);
        break;
    default:
        break;
    }
}

/* --- Rows that there must be
 * --------------------------------------------------------------------------------------------- */

enum scope { SCOPE_CITY, SCOPE_REGION, SCOPE_AGENCY };

/* Whose numbers a row shows. */
struct place {
    enum scope scope;
    uint32_t region;
    const char *agency; /* "" but for an agency */
    int type;           /* -1: all */
};

static bool place_has(const struct place *place, const struct note *n) {
    return (place->scope == SCOPE_CITY || place->region == n->region) &&
           (place->scope != SCOPE_AGENCY || strcmp(place->agency, n->agency) == 0) &&
           (place->type < 0 || place->type == n->type);
}

struct places {
    struct place list[PLACES_MAX * TYPES_MAX];
    size_t count;
};

static void add_place(struct places *places, const struct place *place) {
    for (size_t i = 0; i < places->count; i++) {
        const struct place *known = &places->list[i];
        if (known->scope == place->scope && known->region == place->region && known->type == place->type &&
            strcmp(known->agency, place->agency) == 0) {
            return;
        }
    }
    CHECK(places->count < sizeof places->list / sizeof places->list[0]);
    places->list[places->count++] = *place;
}

/* Every place that any note belongs to. */
static void find_places(const struct approvals_oracle *oracle, struct places *places) {
    places->count = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *n = &oracle->notes[i];
        for (int all = 0; all < 2; all++) {
            int type = all ? -1 : n->type;
            add_place(places, &(struct place){SCOPE_CITY, CITY, "", type});
            add_place(places, &(struct place){SCOPE_REGION, n->region, "", type});
            add_place(places, &(struct place){SCOPE_AGENCY, n->region, n->agency, type});
        }
    }
}

/* The columns of one row as text; "" is NULL. */
struct row {
    char key[160];
    char cells[COLUMNS_MAX][CELL_BYTES];
    size_t count;
};

static void put(struct row *row, int64_t value) {
    CHECK(row->count < COLUMNS_MAX);
    snprintf(row->cells[row->count++], CELL_BYTES, "%" PRId64, value);
}

static void put_null(struct row *row) {
    CHECK(row->count < COLUMNS_MAX);
    row->cells[row->count++][0] = '\0';
}

static void put_if(struct row *row, bool is_there, int64_t value) {
    if (is_there) {
        put(row, value);
    } else {
        put_null(row);
    }
}

/* number / of with so many decimals, halves away from zero. */
static void put_share(struct row *row, __int128 number, __int128 of, int decimals) {
    __int128 one = decimals == 4 ? 10000 : 10;
    if (of == 0) {
        put_null(row);
        return;
    }
    bool is_negative = number < 0;
    __int128 shifted = ((is_negative ? -number : number) * one * 2 + of) / (2 * of);
    CHECK(row->count < COLUMNS_MAX);
    snprintf(row->cells[row->count++], CELL_BYTES, "%s%" PRId64 ".%0*" PRId64, is_negative && shifted != 0 ? "-" : "",
             (int64_t)(shifted / one), decimals, (int64_t)(shifted % one));
}

static const char *type_id(int type) {
    static const char *const ids[] = {
        [1] = "licence",      [2] = "penalty",      [3] = "coercion",       [4] = "levy",
        [5] = "benefit",      [6] = "inspection",   [7] = "confirmation",   [8] = "reward",
        [9] = "adjudication", [10] = "other_power", [20] = "public_service"};
    return type < 0 ? "all" : ids[type];
}

static void put_key(struct row *row, const struct place *place, const char *more, int32_t day) {
    const char *scope = place->scope == SCOPE_CITY     ? "city"
                        : place->scope == SCOPE_AGENCY ? "agency"
                        : place->region == CITY        ? "municipal"
                                                       : "county";
    row->count = 0;
    snprintf(row->key, sizeof row->key, "%s|%u|%s|%s|%s|%d", scope, place->region, place->agency, type_id(place->type),
             more, day);
}

/* --- Comparing
 * ----------------------------------------------------------------------------------------------------------- */

struct comparison {
    PGresult *result; /* key, columns; ordered by key */
    const char *view;
    size_t matched;
    int differences;
};

static void differs(struct comparison *comparison, const char *key, const char *what, const char *got,
                    const char *want) {
    if (comparison->differences++ < DIFFERENCES_MAX) {
        fprintf(stderr, "%s %s: %s is %s, not %s\n", comparison->view, key, what, got[0] == '\0' ? "NULL" : got,
                want[0] == '\0' ? "NULL" : want);
    }
}

static int find_row(const PGresult *result, const char *key) {
    int low = 0, high = PQntuples(result) - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(PQgetvalue(result, middle, 0), key);
        if (order == 0) {
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle - 1;
    }
    return -1;
}

static void expect(struct comparison *comparison, const struct row *row) {
    int found = find_row(comparison->result, row->key);
    if (found < 0) {
        differs(comparison, row->key, "the row", "missing", "missing");
        return;
    }
    comparison->matched++;
    CHECK((size_t)PQnfields(comparison->result) == row->count + 1);
    for (size_t i = 0; i < row->count; i++) {
        const char *got = PQgetvalue(comparison->result, found, (int)i + 1);
        if (strcmp(got, row->cells[i]) != 0) {
            differs(comparison, row->key, PQfname(comparison->result, (int)i + 1), got, row->cells[i]);
        }
    }
}

static bool end(struct comparison *comparison, struct approvals_oracle *oracle) {
    size_t there = (size_t)PQntuples(comparison->result);
    if (there != comparison->matched) {
        fprintf(stderr, "%s has %zu rows, %zu of them expected\n", comparison->view, there, comparison->matched);
        comparison->differences++;
    }
    oracle->rows += comparison->matched;
    PQclear(comparison->result);
    return comparison->differences == 0;
}

/* --- Items
 * ----------------------------------------------------------------------------------------------------------------- */

#define KEY(middle, day)                                                                                               \
    "(scope || '|' || region || '|' || organisation || '|' || type || '|' || " middle " || '|' || (" day               \
    " - date '1970-01-01')) COLLATE \"C\" AS key, "
#define ITEM_LIST                                                                                                      \
    "items, visits_0, visits_1, visits_more, at_most_once_exclusive, at_most_once_nested, no_meeting_exclusive,"       \
    " no_meeting_nested, instant, online, depth_2, app, with_limits, promised_hundredths, statutory_hundredths,"       \
    " removed_in_rounds, share_at_most_once_exclusive, share_at_most_once_nested, share_no_meeting_exclusive,"         \
    " share_no_meeting_nested, share_instant, share_depth_2, share_depth_2_of_online, share_app, limit_compression,"   \
    " limit_compression_mean"

static void put_items(struct row *row, const int64_t *n) {
    static const enum column shown[] = {ITEMS, VISITS_0, VISITS_1, VISITS_MORE};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        put(row, n[shown[i]]);
    }
    put(row, n[VISITS_1]);
    put(row, n[VISITS_0] + n[VISITS_1]);
    put(row, n[VISITS_0]);
    put(row, n[NO_MEETING]);
    for (int column = INSTANT; column <= STATUTORY; column++) {
        put(row, n[column]);
    }
    put(row, n[REMOVED]);
    put_share(row, n[VISITS_1], n[ITEMS], 4);
    put_share(row, n[VISITS_0] + n[VISITS_1], n[ITEMS], 4);
    put_share(row, n[VISITS_0], n[ITEMS], 4);
    put_share(row, n[NO_MEETING], n[ITEMS], 4);
    put_share(row, n[INSTANT], n[ITEMS], 4);
    put_share(row, n[DEPTH_2], n[ITEMS], 4);
    put_share(row, n[DEPTH_2], n[ONLINE], 4);
    put_share(row, n[APP], n[ITEMS], 4);
    put_share(row, n[STATUTORY] - n[PROMISED], n[STATUTORY], 4);
    put_share(row, n[RATIOS], (__int128)1000000 * n[WITH_LIMITS], 4);
}

static bool is_of_items(const struct place *place, bool city_level, const struct note *n) {
    return n->column < ITEM_COLUMNS && (!city_level || n->city_level) && place_has(place, n);
}

/* Stock at the end of a day; false: that day changed nothing. */
static bool stock_on(const struct approvals_oracle *oracle, const struct place *place, bool city_level, int32_t day,
                     int64_t numbers[COLUMN_COUNT]) {
    bool changed = false;
    memset(numbers, 0, COLUMN_COUNT * sizeof *numbers);
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *n = &oracle->notes[i];
        if (is_of_items(place, city_level, n) && n->day <= day) {
            numbers[n->column] += n->amount;
            changed = changed || n->day == day;
        }
    }
    return changed;
}

static int compare_days(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

/* Days of any note, each once, in order; the caller frees them. */
static int32_t *all_days(const struct approvals_oracle *oracle, size_t *count) {
    int32_t *days = calloc(oracle->count + 1, sizeof *days);
    size_t kept = 0;
    CHECK(days != NULL);
    for (size_t i = 0; i < oracle->count; i++) {
        days[i] = oracle->notes[i].day;
    }
    qsort(days, oracle->count, sizeof *days, compare_days);
    for (size_t i = 0; i < oracle->count; i++) {
        if (i == 0 || days[i] != days[i - 1]) {
            days[kept++] = days[i];
        }
    }
    *count = kept;
    return days;
}

static bool equal_items(struct approvals_oracle *oracle, const struct postgres *postgres, const struct places *places,
                        bool is_now) {
    struct comparison comparison = {.view = is_now ? "approval_items_now" : "approval_items"};
    size_t count;
    int32_t *days = all_days(oracle, &count);
    int32_t today = civil_day_of_ms(clock_unix_ms());
    comparison.result = postgres_query(
        postgres, is_now ? "SELECT " KEY("level", "day") ITEM_LIST " FROM bureau.approval_items_now ORDER BY 1"
                         : "SELECT " KEY("level", "day") ITEM_LIST " FROM bureau.approval_items ORDER BY 1");
    for (size_t p = 0; p < places->count; p++) {
        for (int city_level = 0; city_level < 2; city_level++) {
            struct row row = {.key = ""};
            for (size_t d = 0; d < count && (!is_now || days[d] <= today); d++) {
                int64_t numbers[COLUMN_COUNT];
                if (!stock_on(oracle, &places->list[p], city_level, days[d], numbers)) {
                    continue;
                }
                put_key(&row, &places->list[p], city_level ? "city" : "all", days[d]);
                put_items(&row, numbers);
                if (!is_now) {
                    expect(&comparison, &row);
                } else if (numbers[ITEMS] == 0 && numbers[REMOVED] == 0) {
                    row.key[0] = '\0';
                }
            }
            if (is_now && row.key[0] != '\0') { /* the last one up to today */
                expect(&comparison, &row);
            }
        }
    }
    free(days);
    return end(&comparison, oracle);
}

/* --- Rounds
 * ---------------------------------------------------------------------------------------------------------------- */

struct opened {
    int32_t day;
    int64_t rounds; /* so far */
};

static size_t find_rounds(const struct approvals_oracle *oracle, struct opened *opened) {
    size_t count, found = 0;
    int32_t *days = all_days(oracle, &count);
    int64_t rounds = 0;
    for (size_t d = 0; d < count; d++) {
        int64_t before = rounds;
        for (size_t i = 0; i < oracle->count; i++) {
            rounds += oracle->notes[i].column == ROUND && oracle->notes[i].day == days[d];
        }
        if (rounds != before && days[d] <= civil_day_of_ms(clock_unix_ms())) {
            CHECK(found < ROUNDS_MAX);
            opened[found++] = (struct opened){days[d], rounds};
        }
    }
    free(days);
    return found;
}

static void expect_rounds(const struct approvals_oracle *oracle, struct comparison *comparison,
                          const struct place *place, bool city_level) {
    struct opened opened[ROUNDS_MAX];
    size_t count = find_rounds(oracle, opened);
    int64_t base = 0, before[COLUMN_COUNT], after[COLUMN_COUNT];
    bool begins = false; /* rows are there from the first item on */
    for (size_t i = 0; i < count; i++) {
        int32_t last = i + 1 < count ? opened[i + 1].day - 1 : civil_day_of_ms(clock_unix_ms());
        stock_on(oracle, place, city_level, opened[i].day - 1, before);
        stock_on(oracle, place, city_level, last, after);
        base = begins ? base : before[ITEMS];
        for (size_t n = 0; n < oracle->count && !begins; n++) {
            begins = is_of_items(place, city_level, &oracle->notes[n]) && oracle->notes[n].day <= last;
        }
        if (base == 0 && before[ITEMS] == 0 && after[ITEMS] == 0 && after[REMOVED] == before[REMOVED]) {
            continue;
        }
        struct row row;
        char more[48];
        snprintf(more, sizeof more, "%s|%" PRId64, city_level ? "city" : "all", opened[i].rounds);
        put_key(&row, place, more, opened[i].day);
        put(&row, base);
        put(&row, before[ITEMS]);
        put(&row, after[REMOVED] - before[REMOVED]);
        put(&row, after[ITEMS]);
        put(&row, base - after[ITEMS]);
        put_share(&row, base - after[ITEMS], base, 4);
        expect(comparison, &row);
    }
}

static bool equal_rounds(struct approvals_oracle *oracle, const struct postgres *postgres,
                         const struct places *places) {
    struct comparison comparison = {.view = "approval_rounds"};
    comparison.result = postgres_query(
        postgres, "SELECT ('city|411000||' || type || '|' || level || '|' || round || '|' || (day - date '1970-01-01'))"
                  " COLLATE \"C\" AS key, items_base, items_before, removed, items_after, reduction, share_reduction"
                  " FROM bureau.approval_rounds ORDER BY 1");
    for (size_t p = 0; p < places->count; p++) {
        for (int city_level = 0; city_level < 2 && places->list[p].scope == SCOPE_CITY; city_level++) {
            expect_rounds(oracle, &comparison, &places->list[p], city_level);
        }
    }
    return end(&comparison, oracle);
}

/* --- Cases
 * ----------------------------------------------------------------------------------------------------------------- */

#define CASE_LIST                                                                                                      \
    "received, accepted, deemed_accepted, not_accepted, withdrawn, approved, refused, on_time, late, open_overdue,"    \
    " lawful, charged_days, statutory_hundredths, delivered, certificates_late, supplements, suspensions, extensions," \
    " revoked, joint_delivered, joint_under_120_minutes, joint_minutes, ratings, ratings_good, ratings_bad,"           \
    " rectified, rectified_on_time, slips_issued, slips_issued_level_1, slips_issued_level_2, slips_issued_level_3,"   \
    " slips_issued_level_4, slips_lapsed, due_changed, charged_days_p50, charged_days_p90, share_on_time,"             \
    " share_on_time_closed_only, share_lawful_closed_only, compression_actual, share_ratings_good,"                    \
    " share_rectified_on_time, share_joint_under_120_minutes, joint_minutes_mean"

enum period { BY_DAY, BY_MONTH, BY_YEAR };
static const char *const period_names[] = {"day", "month", "year"};

static int32_t period_start(enum period period, int32_t day) {
    return period == BY_DAY ? day : period == BY_MONTH ? civil_month_start(day) : civil_year_start(day);
}

static int32_t period_end(enum period period, int32_t first) { /* exclusive */
    return period == BY_DAY ? first + 1 : period == BY_MONTH ? civil_month_end(first) : civil_year_end(first);
}

/* Of sorted days the one at the nearest rank, as the bucket shows it: exact up to 30. */
static void put_percentile(struct row *row, const int32_t *days, size_t count, size_t tenths) {
    static const struct {
        int32_t up_to, width;
    } widths[] = {{30, 1}, {60, 2}, {120, 5}, {250, 10}, {500, 50}, {1000, 100}};
    if (count == 0) {
        put_null(row);
        return;
    }
    int32_t value = days[(tenths * count + 9) / 10 - 1], below = 0;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        if (value <= widths[i].up_to) {
            put(row, value - below + (widths[i].width - (value - below) % widths[i].width) % widths[i].width + below);
            return;
        }
        below = widths[i].up_to;
    }
    put(row, 1001);
}

static void put_cases(struct row *row, const int64_t *n, bool all_types, const int32_t *days, size_t count) {
    for (int column = RECEIVED; column <= JOINT_MINUTES; column++) {
        put(row, n[column]);
    }
    for (int column = RATING; column <= RATING_BAD; column++) {
        put_if(row, all_types, n[column]);
    }
    put(row, n[RECTIFIED]);
    put(row, n[RECTIFIED_ON_TIME]);
    for (int column = SLIP; column <= SLIP_LAPSED; column++) {
        put_if(row, all_types, n[column]);
    }
    put(row, n[DUE_CHANGED]);
    put_percentile(row, days, all_types ? count : 0, 5);
    put_percentile(row, days, all_types ? count : 0, 9);
    put_share(row, n[ON_TIME], n[ON_TIME] + n[LATE] + n[OVERDUE], 4);
    put_share(row, n[ON_TIME], n[ON_TIME] + n[LATE], 4);
    put_share(row, n[LAWFUL], n[ON_TIME] + n[LATE], 4);
    put_share(row, n[CLOSED_STATUTORY] - 100 * n[CHARGED], n[CLOSED_STATUTORY], 4);
    put_share(row, n[RATING_GOOD], all_types ? n[RATING] : 0, 4);
    put_share(row, n[RECTIFIED_ON_TIME], n[RECTIFIED], 4);
    put_share(row, n[JOINT_UNDER], n[JOINT], 4);
    put_share(row, n[JOINT_MINUTES], n[JOINT], 1);
}

static bool is_of_type(enum column column) {
    return column != CASE_DAYS && !(column >= RATING && column <= RATING_BAD) &&
           !(column >= SLIP && column <= SLIP_LAPSED);
}

/* Sums of one period; false: there is nothing to show. */
static bool count_period(const struct approvals_oracle *oracle, const struct place *place, int32_t first, int32_t after,
                         int64_t numbers[COLUMN_COUNT], int32_t *days, size_t *day_count) {
    bool is_there = false;
    memset(numbers, 0, COLUMN_COUNT * sizeof *numbers);
    *day_count = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct note *n = &oracle->notes[i];
        if (n->column <= ROUND || n->day >= after || !place_has(place, n) ||
            (place->type >= 0 && !is_of_type(n->column))) {
            continue;
        }
        if (n->column == OVERDUE || n->day >= first) {
            numbers[n->column] += n->amount;
            is_there = is_there || n->column != OVERDUE;
            if (n->column == CASE_DAYS) {
                days[(*day_count)++] = (int32_t)n->amount;
            }
        }
    }
    qsort(days, *day_count, sizeof *days, compare_days);
    return is_there || numbers[OVERDUE] != 0;
}

static bool equal_cases(struct approvals_oracle *oracle, const struct postgres *postgres, const struct places *places,
                        enum period period) {
    char sql[2048], view[40];
    struct comparison comparison = {.view = view};
    int32_t oldest = INT32_MAX, newest = INT32_MIN, *days = calloc(oracle->count + 1, sizeof *days);
    CHECK(days != NULL);
    snprintf(view, sizeof view, "approvals_by_%s", period_names[period]);
    snprintf(sql, sizeof sql, "SELECT " KEY("period", "%s") CASE_LIST " FROM bureau.%s ORDER BY 1",
             period_names[period], view);
    comparison.result = postgres_query(postgres, sql);
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->notes[i].column > ROUND) {
            oldest = oracle->notes[i].day < oldest ? oracle->notes[i].day : oldest;
            newest = oracle->notes[i].day > newest ? oracle->notes[i].day : newest;
        }
    }
    for (int32_t first = period_start(period, oldest); first <= newest; first = period_end(period, first)) {
        for (size_t p = 0; p < places->count; p++) {
            int64_t numbers[COLUMN_COUNT];
            size_t count;
            if (count_period(oracle, &places->list[p], first, period_end(period, first), numbers, days, &count)) {
                struct row row;
                put_key(&row, &places->list[p], period_names[period], first);
                put_cases(&row, numbers, places->list[p].type < 0, days, count);
                expect(&comparison, &row);
            }
        }
    }
    free(days);
    return end(&comparison, oracle);
}

/* --- Exported
 * --------------------------------------------------------------------------------------------------------------- */

bool approvals_oracle_equals(struct approvals_oracle *oracle, const struct postgres *postgres) {
    static struct places places;
    find_places(oracle, &places);
    oracle->rows = 0;
    bool equal = equal_items(oracle, postgres, &places, false);
    equal = equal_items(oracle, postgres, &places, true) && equal;
    equal = equal_rounds(oracle, postgres, &places) && equal;
    for (int period = BY_DAY; period <= BY_YEAR; period++) {
        equal = equal_cases(oracle, postgres, &places, (enum period)period) && equal;
    }
    return equal;
}
