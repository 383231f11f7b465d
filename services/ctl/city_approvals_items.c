#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/* What was printed about the end of 2020. */
#define LICENCES_BEFORE 822u
#define LICENCES_AFTER 98u
#define IN_FORCE 3235u
#define ONE_VISIT 1225u
#define ON_APP 375u
#define COMPRESSION_LEFT 11u /* parts of 100 of the statutory time that are still promised */

#define CITY_OTHERS 402u      /* other items of the city in force at the end */
#define COUNTY_DROPPED 25u    /* of counties, taken out in no round */
#define COUNTY_BROUGHT_BACK 6u
#define ITEMS (LICENCES_BEFORE + (IN_FORCE - LICENCES_AFTER) + COUNTY_DROPPED)

/* Chances are in parts of 10,000. */
#define CHANCE_CHANGED 3500 /* a second version took effect in 2020 */
#define CHANCE_LICENCE_CHANGED 6000
#define CHANCE_NEW 200 /* in force since a day of 2020 only */
#define CHANCE_FEE 800
#define CHANCE_DEFICIENCY 2000
#define CHANCE_TOWN 800

#define BIT(value) (uint16_t)(1u << (value))
#define CLIENT(name) BIT(APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_##name)
#define CHANNEL(name) BIT(APPROVALS__V1__CHANNEL__CHANNEL_##name)
#define ONLINE(name) BIT(APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_##name)
#define TYPE(name) APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_##name

/* Rounds of streamlining: first day out of force, municipal licences taken out. */
static const struct {
    uint8_t month, day;
    uint16_t removed;
} rounds[CITY_ROUNDS] = {
    {1, 15, 152}, {2, 26, 118}, {3, 25, 96}, {4, 22, 84}, {5, 20, 71}, {6, 17, 63}, {7, 22, 52}, {8, 26, 41}, {10, 14, 29}, {11, 25, 18},
};

struct drawing {
    struct city_random random;
    struct city_catalogue *catalogue;
    uint32_t left;      /* items in force at the end that have not been drawn yet */
    uint32_t one_visit; /* of them, so many need one visit */
    uint32_t app;       /* and so many are on the app */
};

/* --- Small draws ------------------------------------------------------------------------------------------------------------- */

static int32_t draw_day(struct drawing *d, int32_t year, unsigned month, int32_t until_year, unsigned until_month) {
    const int32_t first = civil_day_from_date(year, month, 1);
    const int32_t last = civil_day_from_date(until_year, until_month, 28);
    return first + (int32_t)city_below(&d->random, (uint32_t)(last - first));
}

/* Takes a share of what is left, so that exactly `wanted` of `left` are taken in the end. */
static bool take_share(struct drawing *d, uint32_t *wanted) {
    const bool is_taken = city_below(&d->random, d->left) < *wanted;
    *wanted -= is_taken;
    return is_taken;
}

static uint16_t draw_agency(struct drawing *d, size_t place) {
    uint32_t total = 0;
    for (size_t office = 0; office < city_offices(place); office++) {
        total += office == OFFICE_HALL ? 0 : city_office_weight(office) + 20;
    }
    uint32_t at = city_below(&d->random, total);
    for (size_t office = 0;; office++) {
        const uint32_t weight = office == OFFICE_HALL ? 0 : city_office_weight(office) + 20;
        if (at < weight) {
            return (uint16_t)city_office_agency(place, office);
        }
        at -= weight;
    }
}

static uint8_t draw_type(struct drawing *d, bool may_be_licence) {
    static const uint8_t others[] = {TYPE(CONFIRMATION), TYPE(CONFIRMATION), TYPE(BENEFIT),      TYPE(REWARD),         TYPE(ADJUDICATION),
                                     TYPE(OTHER_POWER),  TYPE(OTHER_POWER),  TYPE(OTHER_POWER),  TYPE(PUBLIC_SERVICE), TYPE(PUBLIC_SERVICE)};
    if (may_be_licence && city_happens(&d->random, 3000)) {
        return TYPE(LICENCE);
    }
    return others[city_below(&d->random, sizeof(others))];
}

static uint16_t draw_clients(struct drawing *d) {
    static const uint16_t sets[] = {
        CLIENT(PERSON),
        CLIENT(PERSON),
        CLIENT(COMPANY),
        CLIENT(COMPANY),
        CLIENT(PERSON) | CLIENT(COMPANY),
        CLIENT(COMPANY) | CLIENT(PUBLIC_INSTITUTION) | CLIENT(SOCIAL_ORGANISATION),
        CLIENT(PERSON) | CLIENT(COMPANY) | CLIENT(PUBLIC_INSTITUTION) | CLIENT(SOCIAL_ORGANISATION) | CLIENT(AGENCY),
    };
    return sets[city_below(&d->random, sizeof(sets) / sizeof(sets[0]))];
}

/* --- Limits -------------------------------------------------------------------------------------------------------------------- */

/* Licensing Law, article 42: twenty workdays unless another law says otherwise. */
static struct city_limit draw_statutory(struct drawing *d) {
    static const uint8_t amounts[20] = {20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 10, 10, 15, 15, 30, 30, 5, 7, 45};
    return (struct city_limit){amounts[city_below(&d->random, sizeof(amounts))], LIMITED_WORKDAYS};
}

/* Some special laws of the counties' work count in days, months or hours; some services have no limit at all. */
static struct city_limit draw_odd_statutory(struct drawing *d, uint8_t type) {
    const uint32_t chance = city_below(&d->random, 100);
    if (chance < 4) {
        return (struct city_limit){city_happens(&d->random, 5000) ? 30 : 60, LIMITED_DAYS};
    }
    if (chance < 6) {
        return (struct city_limit){city_happens(&d->random, 5000) ? 1 : 3, LIMITED_MONTHS};
    }
    if (chance < 8) {
        return (struct city_limit){city_happens(&d->random, 5000) ? 24 : 48, LIMITED_HOURS};
    }
    if (chance < 11 && type == TYPE(PUBLIC_SERVICE)) {
        return (struct city_limit){0, LIMITED_NOT};
    }
    return draw_statutory(d);
}

static void draw_limits(struct drawing *d, const struct city_item *item, struct city_version *version) {
    version->statutory = item->level == 3 ? draw_statutory(d) : draw_odd_statutory(d, item->type);
    version->promised = version->statutory;
    version->instant = version->statutory.unit == LIMITED_WORKDAYS && city_happens(&d->random, 4500);
    if (version->instant) {
        version->promised.amount = 0;
    } else {
        const uint32_t share = 10 + city_below(&d->random, 31);
        const uint32_t amount = version->statutory.amount * share / 100;
        version->promised.amount = (uint16_t)(amount > 0 ? amount : version->statutory.amount > 0);
    }
}

/* --- How it is applied for --------------------------------------------------------------------------------------------------- */

unsigned city_depth(uint16_t online) {
    if (online & (ONLINE(HANDLE) | ONLINE(FEEDBACK) | ONLINE(LICENCE))) {
        return 4;
    }
    return online & ONLINE(ACCEPT) ? 3 : online & (ONLINE(RECEIVE) | ONLINE(PRE_CHECK)) ? 2 : 1;
}

static uint16_t online_of_depth(unsigned depth) {
    static const uint16_t steps[5] = {
        0,
        ONLINE(CONSULT),
        ONLINE(CONSULT) | ONLINE(RECEIVE) | ONLINE(PRE_CHECK),
        ONLINE(CONSULT) | ONLINE(RECEIVE) | ONLINE(PRE_CHECK) | ONLINE(ACCEPT),
        ONLINE(CONSULT) | ONLINE(RECEIVE) | ONLINE(PRE_CHECK) | ONLINE(ACCEPT) | ONLINE(HANDLE) | ONLINE(FEEDBACK),
    };
    return steps[depth];
}

/* 0: not online at all. What needs a visit cannot be done online to its end (depth IV). */
static unsigned draw_depth(struct drawing *d, const struct city_item *item, uint8_t visits, bool app) {
    const uint32_t chance = city_below(&d->random, 100);
    const bool is_city = item->level == 3;
    if (!app && chance < (is_city ? 6 : 12)) {
        return 0;
    }
    if (visits > 0) {
        return !is_city && chance < 27 ? 1 : chance < 65 ? 2 : 3;
    }
    return chance < 30 ? 2 : chance < 60 ? 3 : 4;
}

static void draw_channels(struct drawing *d, struct city_version *version) {
    version->channels = CHANNEL(WINDOW);
    if (version->online) {
        version->channels |= CHANNEL(WEB);
        version->channels |= version->app || city_happens(&d->random, 3000) ? CHANNEL(MOBILE) : 0;
    }
    if (version->visits == 0 || city_happens(&d->random, 3000)) {
        version->channels |= CHANNEL(COURIER);
    }
}

static void draw_version(struct drawing *d, const struct city_item *item, uint8_t visits, bool app, struct city_version *version) {
    version->visits = visits;
    version->no_meeting = visits == 0;
    version->app = app;
    version->clients = draw_clients(d);
    version->online = online_of_depth(draw_depth(d, item, visits, app));
    version->fee = city_happens(&d->random, CHANCE_FEE);
    version->fee_online = version->fee && version->online && city_happens(&d->random, 5000);
    version->deficiency = city_happens(&d->random, CHANCE_DEFICIENCY);
    version->procedure_steps = (uint8_t)(item->type == TYPE(LICENCE) ? 5 + city_below(&d->random, 5) : 3 + city_below(&d->random, 5));
    draw_channels(d, version);
    draw_limits(d, item, version);
}

/* As it was before the reform: more visits, more time, less online, not on the app. */
static void make_older(struct drawing *d, struct city_version *version) {
    version->visits = (uint8_t)(version->visits + 1 + city_below(&d->random, 2));
    version->no_meeting = false;
    version->app = false;
    if (version->online) {
        version->online = online_of_depth(1 + city_below(&d->random, 2));
    }
    version->instant = false;
    if (version->promised.unit != LIMITED_NOT) {
        const uint32_t more = version->promised.amount + 1 + version->statutory.amount * (20 + city_below(&d->random, 30)) / 100;
        version->promised.amount = (uint16_t)(more < version->statutory.amount ? more : version->statutory.amount);
    }
}

/* --- One item -------------------------------------------------------------------------------------------------------------------- */

static struct city_item *add_item(struct drawing *d, size_t place, uint8_t type, uint8_t level) {
    struct city_item *item = &d->catalogue->items[d->catalogue->count];
    *item = (struct city_item){.removed_day = NOT_REMOVED,
                               .serial = d->catalogue->count++,
                               .agency = draw_agency(d, place),
                               .version_count = 1,
                               .type = type,
                               .level = level};
    return item;
}

/* In force at the end of the year; `changed`: chance of a second version. */
static void draw_standing(struct drawing *d, struct city_item *item, uint32_t changed) {
    struct city_version now = {0};
    const bool is_one_visit = take_share(d, &d->one_visit), is_on_app = take_share(d, &d->app);
    d->left--;
    draw_version(d, item, is_one_visit, is_on_app, &now);
    now.effective_day = draw_day(d, 2017, 1, 2019, 11);
    if (city_happens(&d->random, changed)) {
        item->versions[0] = now;
        make_older(d, &item->versions[0]);
        now.effective_day = draw_day(d, 2020, 1, 2020, 12);
        item->versions[item->version_count++] = now;
        return;
    }
    if (!item->is_licence_of_city && city_happens(&d->random, CHANCE_NEW)) {
        now.effective_day = draw_day(d, 2020, 2, 2020, 11);
    }
    item->versions[0] = now;
}

static void draw_removed(struct drawing *d, struct city_item *item, int32_t day, uint8_t round) {
    struct city_version *version = &item->versions[0];
    draw_version(d, item, city_happens(&d->random, 5000), false, version);
    make_older(d, version);
    version->effective_day = draw_day(d, 2017, 1, 2019, 11);
    item->removed_day = day;
    item->round = round;
}

/* --- The catalogue ---------------------------------------------------------------------------------------------------------------- */

/* Which of the municipal licences go in which round: a shuffled list, those that stay first. */
static void draw_rounds(struct drawing *d, uint8_t round_of[LICENCES_BEFORE]) {
    uint32_t at = 0;
    for (; at < LICENCES_AFTER; at++) {
        round_of[at] = 0;
    }
    for (uint8_t round = 0; round < CITY_ROUNDS; round++) {
        for (uint32_t i = 0; i < rounds[round].removed; i++) {
            round_of[at++] = (uint8_t)(round + 1);
        }
    }
    CHECK(at == LICENCES_BEFORE);
    for (uint32_t i = LICENCES_BEFORE - 1; i > 0; i--) {
        const uint32_t other = city_below(&d->random, i + 1);
        const uint8_t kept = round_of[i];
        round_of[i] = round_of[other];
        round_of[other] = kept;
    }
}

static void draw_licences(struct drawing *d) {
    uint8_t round_of[LICENCES_BEFORE];
    draw_rounds(d, round_of);
    for (uint32_t i = 0; i < LICENCES_BEFORE; i++) {
        struct city_item *item = add_item(d, 0, TYPE(LICENCE), 3);
        item->is_licence_of_city = true;
        if (round_of[i] == 0) {
            draw_standing(d, item, CHANCE_LICENCE_CHANGED);
        } else {
            const uint8_t round = round_of[i];
            draw_removed(d, item, civil_day_from_date(CITY_YEAR, rounds[round - 1].month, rounds[round - 1].day), round);
        }
    }
}

/* Promised and statutory time of the licences that stay. */
static void sum_limits(const struct city_catalogue *catalogue, uint32_t *promised, uint32_t *statutory) {
    *promised = *statutory = 0;
    for (uint32_t i = 0; i < LICENCES_BEFORE; i++) {
        const struct city_item *item = &catalogue->items[i];
        const struct city_version *version = &item->versions[item->version_count - 1];
        *promised += item->round == 0 ? version->promised.amount : 0;
        *statutory += item->round == 0 ? version->statutory.amount : 0;
    }
}

/* Moves promises by a day at a time until their sum is what was printed; instant ones stay instant. */
static void fit_compression(struct city_catalogue *catalogue) {
    uint32_t promised, statutory;
    sum_limits(catalogue, &promised, &statutory);
    const uint32_t wanted = (statutory * COMPRESSION_LEFT + 50) / 100;
    for (uint32_t i = 0, idle = 0; promised != wanted; i = (i + 1) % LICENCES_BEFORE) {
        struct city_item *item = &catalogue->items[i];
        struct city_version *version = &item->versions[item->version_count - 1];
        CHECK(idle++ < 100 * LICENCES_BEFORE);
        if (item->round != 0 || version->instant) {
            continue;
        }
        if (promised > wanted && version->promised.amount > 1) {
            version->promised.amount--;
            promised--;
        } else if (promised < wanted && version->promised.amount < version->statutory.amount) {
            version->promised.amount++;
            promised++;
        }
        if (item->version_count > 1 && item->versions[0].promised.amount < version->promised.amount) {
            item->versions[0].promised.amount = version->promised.amount;
        }
    }
}

/* Joint items: opening a company goes through four agencies at once; a building project takes weeks. */
static void draw_joint(struct drawing *d, size_t place, enum item_special special) {
    struct city_item *item = add_item(d, place, TYPE(OTHER_POWER), place == 0 ? 3 : 4);
    const bool is_opening = special == ITEM_OPENING;
    item->special = special;
    item->agency = (uint16_t)city_office_agency(place, is_opening ? OFFICE_MARKET : OFFICE_HOUSING);
    draw_standing(d, item, 0);
    struct city_version *version = &item->versions[0];
    version->effective_day = draw_day(d, 2018, 1, 2019, 6);
    version->joint = true;
    version->deficiency = false;
    version->clients = CLIENT(COMPANY);
    version->instant = is_opening;
    version->statutory = (struct city_limit){is_opening ? 20 : 45, LIMITED_WORKDAYS};
    version->promised = (struct city_limit){is_opening ? 0 : 20, LIMITED_WORKDAYS};
    *(is_opening ? &d->catalogue->openings[place] : &d->catalogue->projects[place]) = item->serial;
}

static void draw_place(struct drawing *d, size_t place, uint32_t count) {
    draw_joint(d, place, ITEM_OPENING);
    draw_joint(d, place, ITEM_PROJECT);
    for (uint32_t i = 2; i < count; i++) {
        const uint8_t level = place == 0 ? 3 : city_happens(&d->random, CHANCE_TOWN) ? 5 : 4;
        draw_standing(d, add_item(d, place, draw_type(d, place != 0), level), CHANCE_CHANGED);
    }
}

/* Out of force from a day of spring, in no round; some come back as a second version. */
static void draw_county_removals(struct drawing *d) {
    for (uint32_t i = 0; i < COUNTY_DROPPED; i++) {
        struct city_item *item = add_item(d, 1 + i % CITY_COUNTIES, draw_type(d, true), 4);
        draw_removed(d, item, draw_day(d, 2020, 2, 2020, 10), 0);
    }
    uint32_t left = COUNTY_BROUGHT_BACK;
    for (uint32_t i = LICENCES_BEFORE; i < d->catalogue->count && left > 0; i++) {
        struct city_item *item = &d->catalogue->items[i];
        if (item->level == 4 && item->version_count == 2 && item->versions[1].effective_day > civil_day_from_date(2020, 8, 1)) {
            item->removed_day = item->versions[1].effective_day - 90;
            left--;
        }
    }
    CHECK(left == 0);
}

static void list_by_agency(struct drawing *d) {
    struct city_catalogue *catalogue = d->catalogue;
    uint32_t at = 0;
    for (size_t agency = 0; agency < city_agency_count(); agency++) {
        catalogue->starts[agency] = at;
        for (uint32_t i = 0; i < catalogue->count; i++) {
            if (catalogue->items[i].agency == agency && catalogue->items[i].special == ITEM_ORDINARY) {
                catalogue->by_agency[at++] = i;
            }
        }
        for (uint32_t i = at; i > catalogue->starts[agency] + 1; i--) {
            uint32_t *last = &catalogue->by_agency[i - 1];
            uint32_t *other = &catalogue->by_agency[catalogue->starts[agency] + city_below(&d->random, i - catalogue->starts[agency])];
            const uint32_t kept = *last;
            *last = *other;
            *other = kept;
        }
    }
    catalogue->starts[city_agency_count()] = at;
}

enum status city_catalogue_draw(uint64_t seed, struct city_catalogue *catalogue) {
    struct drawing d = {.random = city_random(seed, 'I', 0), .catalogue = catalogue, .left = IN_FORCE, .one_visit = ONE_VISIT, .app = ON_APP};
    catalogue->items = calloc(ITEMS, sizeof(*catalogue->items));
    catalogue->by_agency = calloc(ITEMS, sizeof(*catalogue->by_agency));
    if (catalogue->items == NULL || catalogue->by_agency == NULL) {
        return STATUS_MEMORY;
    }
    draw_licences(&d);
    fit_compression(catalogue);
    draw_place(&d, 0, CITY_OTHERS);
    const uint32_t of_counties = IN_FORCE - LICENCES_AFTER - CITY_OTHERS;
    for (uint32_t county = 0; county < CITY_COUNTIES; county++) {
        draw_place(&d, 1 + county, of_counties * (county + 1) / CITY_COUNTIES - of_counties * county / CITY_COUNTIES);
    }
    CHECK(d.left == 0 && d.one_visit == 0 && d.app == 0);
    draw_county_removals(&d);
    CHECK(catalogue->count == ITEMS);
    list_by_agency(&d);
    return STATUS_OK;
}

void city_catalogue_release(struct city_catalogue *catalogue) {
    free(catalogue->items);
    free(catalogue->by_agency);
    *catalogue = (struct city_catalogue){0};
}

/* --- Reading it ------------------------------------------------------------------------------------------------------------------ */

const struct city_version *city_item_on(const struct city_item *item, int32_t day) {
    for (size_t i = item->version_count; i-- > 0;) {
        const struct city_version *version = &item->versions[i];
        if (version->effective_day <= day) {
            const bool is_back = version->effective_day >= item->removed_day;
            return day < item->removed_day || is_back ? version : NULL;
        }
    }
    return NULL;
}

/* The agency's credit code, the level, and twelve digits: origin, type, office, number. Never 411099: that is how the numbers of
 * persons begin, which tests look for. */
void city_item_code(const struct city_item *item, char text[CITY_ITEM_CODE_BYTES]) {
    CHECK(snprintf(text, CITY_ITEM_CODE_BYTES, "%s%u41%02u%02u%06u", city_agency(item->agency)->credit_code, item->level, item->type,
                   item->agency % 90u, item->serial) == CITY_ITEM_CODE_BYTES - 1);
}

uint32_t city_limit_hundredths(const struct city_limit *limit) {
    switch ((enum limit_kind)limit->unit) {
    case LIMITED_WORKDAYS:
        return limit->amount * 100u;
    case LIMITED_DAYS:
        return (2 * limit->amount * 25000u + 365) / (2 * 365); /* half up */
    case LIMITED_HOURS:
        return (2 * limit->amount * 100u + 8) / (2 * 8);
    case LIMITED_MONTHS:
        return limit->amount * 2200u;
    case LIMITED_NOT:
        break;
    }
    return 0;
}
