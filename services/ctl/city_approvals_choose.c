#include "base/check.h"
#include "ctl/city_approvals_plan.h"

/* Which item a case is about, how and when it comes in. Chances are in parts of 10,000. */
#define CHANCE_CITY 900 /* of the cases; the rest are the counties' */
#define CHANCE_CLERK 1500
#define CHANCE_WEB 4500

#define OPENING_EVERY 25 /* every so many-th case opens a company */
#define OPENING_AT 7
#define PROJECT_EVERY 400
#define PROJECT_AT 11

uint32_t city_plan_in_hours(struct plan *p, int32_t day) {
    const bool is_morning = city_below(&p->random, 2) == 0;
    const uint32_t from = is_morning ? TIME(8, 35) : TIME(14, 5);
    return s_of_day(day) + from + city_below(&p->random, TIME(3, 10));
}

uint32_t city_workdays_needed(const struct city_version *version) {
    switch ((enum limit_kind)version->statutory.unit) {
    case LIMITED_WORKDAYS:
        return 8u + version->statutory.amount;
    case LIMITED_DAYS:
        return 10u + version->statutory.amount;
    case LIMITED_MONTHS:
        return 10u + 31u * version->statutory.amount;
    case LIMITED_HOURS:
    case LIMITED_NOT:
        break;
    }
    return 10;
}

/* Its own agency first, where an office is drawn by its share and an item by how often it is asked for. */
static uint32_t draw_item(struct plan *p, size_t place) {
    const struct city_catalogue *catalogue = &p->city->catalogue;
    uint32_t total = 0;
    for (size_t office = 0; office < city_offices(place); office++) {
        total += city_office_weight(office);
    }
    uint32_t at = city_below(&p->random, total);
    size_t office = 0;
    for (; at >= city_office_weight(office); office++) {
        at -= city_office_weight(office);
    }
    const size_t agency = city_office_agency(place, office);
    const uint32_t first = catalogue->starts[agency], count = catalogue->starts[agency + 1] - first;
    if (count == 0) {
        return UINT32_MAX;
    }
    uint64_t skew = city_below(&p->random, 1u << 20); /* the third power: few items have most cases */
    skew = skew * city_below(&p->random, 1u << 20) >> 20;
    skew = skew * city_below(&p->random, 1u << 20) >> 20;
    return catalogue->by_agency[first + (uint32_t)(skew * count >> 20)];
}

static size_t draw_county(struct plan *p) {
    uint32_t at = city_below(&p->random, 1000);
    size_t county = 0;
    for (; county + 1 < CITY_COUNTIES && at >= city_county_share(county); county++) {
        at -= city_county_share(county);
    }
    return county + 1;
}

static bool fits(const struct plan *p, uint32_t item, int32_t day) {
    if (item == UINT32_MAX) {
        return false;
    }
    const struct city_version *version = city_item_on(&p->city->catalogue.items[item], day);
    if (version == NULL || (!works_on(day) && (version->channels & CHANNELS_ONLINE) == 0)) {
        return false;
    }
    return city_nth_workday(day, city_workdays_needed(version)) <= city_horizon(day);
}

static uint32_t choose_item(struct plan *p, int32_t day) {
    const struct city_catalogue *catalogue = &p->city->catalogue;
    const size_t place = happens(p, CHANCE_CITY) ? 0 : draw_county(p);
    if (p->case_row % OPENING_EVERY == OPENING_AT && works_on(day) && fits(p, catalogue->openings[place], day)) {
        return catalogue->openings[place];
    }
    if (p->case_row % PROJECT_EVERY == PROJECT_AT && fits(p, catalogue->projects[place], day)) {
        return catalogue->projects[place];
    }
    uint32_t item = UINT32_MAX;
    while (!fits(p, item, day)) { /* each agency has items that stand and are short */
        item = draw_item(p, place);
    }
    return item;
}

static uint8_t draw_bit(struct plan *p, uint16_t bits) {
    uint8_t values[16], count = 0;
    for (uint8_t value = 1; value < 16; value++) {
        if (bits & 1u << value) {
            values[count++] = value;
        }
    }
    CHECK(count > 0);
    return values[city_below(&p->random, count)];
}

static uint8_t draw_channel(struct plan *p, int32_t day) {
    const uint16_t online = p->version->channels & CHANNELS_ONLINE;
    if (online && (!works_on(day) || happens(p, CHANCE_WEB))) {
        return draw_bit(p, online);
    }
    return CHANNEL(WINDOW);
}

/* At a window in office hours; online from morning to late. A company is opened early enough to be done before the hours end. */
static uint32_t draw_receipt(struct plan *p, int32_t day) {
    if (p->item->special == ITEM_OPENING) {
        return s_of_day(day) + (happens(p, 5000) ? TIME(8, 35) : TIME(14, 5)) + city_below(&p->random, TIME(1, 20));
    }
    if (p->row->channel == CHANNEL(WINDOW)) {
        return city_plan_in_hours(p, day);
    }
    return s_of_day(day) + TIME(7, 0) + city_below(&p->random, TIME(15, 30));
}

size_t city_case_parts(const struct city_approvals *city, const struct city_case *row, uint16_t agencies[4]) {
    static const enum city_office opening[] = {OFFICE_TAX, OFFICE_POLICE, OFFICE_SOCIAL};
    static const enum city_office project[] = {OFFICE_LAND, OFFICE_ENVIRONMENT, OFFICE_URBAN};
    const struct city_item *item = &city->catalogue.items[row->item];
    if (item->special == ITEM_ORDINARY) {
        return 0;
    }
    size_t place = 0;
    while (city->catalogue.openings[place] != row->item && city->catalogue.projects[place] != row->item) {
        place++;
    }
    for (size_t i = 0; i < 3; i++) {
        agencies[i] = (uint16_t)city_office_agency(place, (item->special == ITEM_OPENING ? opening : project)[i]);
    }
    return 3;
}

void city_plan_choose(struct plan *p, int32_t day) {
    p->row->item = choose_item(p, day);
    p->item = &p->city->catalogue.items[p->row->item];
    p->version = city_item_on(p->item, day);
    p->agency = p->item->agency;
    p->with_clerk = p->item->level == 3 && p->item->special == ITEM_ORDINARY && happens(p, CHANCE_CLERK);
    p->row->channel = p->item->special == ITEM_OPENING ? CHANNEL(WINDOW) : draw_channel(p, day);
    p->row->client = draw_bit(p, p->version->clients);
    p->now = p->row->received_at = draw_receipt(p, day);
}
