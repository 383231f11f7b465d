#ifndef CTL_CITY_APPROVALS_INTERNAL_H
#define CTL_CITY_APPROVALS_INTERNAL_H

#include "base/civil.h"
#include "ctl/city_approvals.h"
#include "ctl/city_internal.h"

/* Shared by the files of the generator (city_approvals*.c) only. */

#define CITY_REGION 411000u
#define DAY_S 86400u

/* --- Agencies (city_approvals_agencies.c): the city's first, then each county's, in the order of these numbers ------------- */
enum city_office {
    OFFICE_MARKET,
    OFFICE_TAX,
    OFFICE_POLICE,
    OFFICE_SOCIAL,
    OFFICE_HOUSING,
    OFFICE_LAND,
    OFFICE_ENVIRONMENT,
    OFFICE_URBAN,
    OFFICE_HALL,
    OFFICES_COUNTY = 19, /* a county has these; the city more */
};
#define PLACES (1 + CITY_COUNTIES) /* the city, its counties */
/* Of a place: 0 the city, 1.. its counties. */
size_t city_offices(size_t place);
size_t city_office_agency(size_t place, size_t office);
/* As the contract has it; texts are borrowed. */
Common__V1__RegisterAgency *city_agency_fill(size_t number, Common__V1__RegisterAgency *message);
/* The last agency: of the city, without items or cases; clues of the river office go to it. */
size_t city_procuratorate(void);
/* Share of the cases of its place. */
uint32_t city_office_weight(size_t office);
/* GB 32100 code of a made-up organisation: kind "11" a state body, "91" a company; serial below 1,000,000. */
void city_credit_code(const char kind[2], const char prefix[2], uint32_t serial, char text[CITY_AGENCY_CREDIT_BYTES]);

/* --- Calendar (city_approvals_calendar.c): the notices, and workdays by plain loops --------------------------------------- */
struct city_notice_run {
    uint16_t year;
    uint8_t month, first, last; /* days of one month */
    bool is_off;
    uint8_t name; /* index of city_holiday_name */
};
struct city_notice {
    const char *name;
    uint16_t year; /* known by it */
    uint16_t published[3];
    const struct city_notice_run *runs;
    size_t run_count;
};
size_t city_notice_count(void);
/* As the contract has it; texts are borrowed, the rest lies in message. */
#define CITY_NOTICE_DAYS_MAX 64
struct city_notice_message {
    Common__V1__LoadNotice load;
    Common__V1__NoticeDay days[CITY_NOTICE_DAYS_MAX];
    Common__V1__NoticeDay *list[CITY_NOTICE_DAYS_MAX];
    uint32_t years[1];
};
Common__V1__LoadNotice *city_notice_fill(size_t number, struct city_notice_message *message);
const struct city_notice *city_notice(size_t number);
const char *city_holiday_name(size_t name);
/* On the calendar known at the end of day known_on. */
bool city_is_workday(int32_t day, int32_t known_on);
#define CITY_KNOWS_ALL INT32_MAX
/* The n-th workday after a day, as later known (n 0: the day). */
int32_t city_nth_workday(int32_t day, uint32_t n);
/* Last day that the notices published before a day tell of. */
int32_t city_horizon(int32_t day);
#define NOTICE_MOVED_DAY 2020, 1, 27 /* 2020-B */

/* --- Catalogue (city_approvals_items.c) ----------------------------------------------------------------------------------- */
enum limit_kind { LIMITED_NOT, LIMITED_WORKDAYS, LIMITED_DAYS, LIMITED_HOURS, LIMITED_MONTHS }; /* approvals.v1.LimitUnit */
struct city_limit {
    uint16_t amount;
    uint8_t unit; /* enum limit_kind */
};
struct city_version {
    int32_t effective_day;
    struct city_limit promised, statutory;
    uint16_t clients, channels, online; /* bit n: value n of the contract's enum */
    uint8_t visits;
    uint8_t procedure_steps;
    bool no_meeting, instant, app, fee, fee_online, joint, deficiency;
};
#define CITY_VERSIONS_MAX 2
#define NOT_REMOVED INT32_MAX
struct city_item {
    struct city_version versions[CITY_VERSIONS_MAX];
    int32_t removed_day; /* first day out of force; a second version from a later day brings it back */
    uint32_t serial;     /* in its code */
    uint16_t agency;
    uint8_t version_count;
    uint8_t type, level; /* approvals.v1 */
    uint8_t round;       /* of its removal; 0: none */
    uint8_t special;     /* enum item_special */
    bool is_licence_of_city;
};
enum item_special { ITEM_ORDINARY, ITEM_OPENING, ITEM_PROJECT }; /* joint ones: opening a company, a building project */
#define CITY_ROUNDS 10

struct city_catalogue {
    struct city_item *items;
    uint32_t count;
    uint32_t *by_agency; /* ordinary items, shuffled, by agency */
    uint32_t starts[CITY_AGENCIES_MAX + 1];
    uint32_t openings[PLACES], projects[PLACES]; /* items */
};
enum status city_catalogue_draw(uint64_t seed, struct city_catalogue *catalogue);
void city_catalogue_release(struct city_catalogue *catalogue);
/* NULL: not in force on that day. */
const struct city_version *city_item_on(const struct city_item *item, int32_t day);
#define CITY_ITEM_CODE_BYTES 32
void city_item_code(const struct city_item *item, char text[CITY_ITEM_CODE_BYTES]);
/* 1..4. */
unsigned city_depth(uint16_t online);
uint32_t city_limit_hundredths(const struct city_limit *limit);

/* --- The stream: what is published ------------------------------------------------------------------------------------------ */
#define STEP_RATE 200
#define STEP_RECTIFY 201
#define STEP_SLIP 202
#define STEP_AGENCY 220 /* from here on nothing of a case: case_row is the number of the agency, notice, item */
#define STEP_NOTICE 221
#define STEP_PUBLISH 222
#define STEP_REMOVE 223
#define STEP_TICK 224

struct city_step {
    uint32_t case_row;
    uint32_t at;      /* s since 1970 */
    uint16_t until;   /* days since the first day of the stream: until_day; 0: none */
    uint16_t sender : 3; /* enum city_sender */
    uint16_t agency : 13; /* of CITY_SENDER_AGENCY */
    uint8_t step;     /* approvals.v1.CaseStep, or STEP_ above */
    uint8_t actor : 4;
    uint8_t special : 4; /* approvals.v1.SpecialKind of 9 */
    uint8_t value;    /* workdays of an extension; rating; visit of a rectification; level of a slip; number of the version */
    uint8_t wave;
};
_Static_assert(sizeof(struct city_step) == 16, "a command is 16 bytes");

struct city_case {
    uint32_t item;
    uint32_t received_at;
    uint16_t serial; /* of the item and the day of receipt */
    uint8_t channel; /* approvals.v1 */
    uint8_t client;
    /* While the waves of a day are given: */
    uint16_t wave_day;
    uint8_t wave;
    uint8_t zero;
};
_Static_assert(sizeof(struct city_case) == 16, "a case is 16 bytes");

struct city_steps {
    struct city_step *rows;
    uint32_t count, capacity;
    bool out_of_memory;
};
void city_steps_add(struct city_steps *steps, const struct city_step *step);

struct city_approvals {
    struct city_approvals_options options;
    struct city_catalogue catalogue;
    struct city_case *cases;
    uint32_t case_count;
    struct city_steps steps;
    uint32_t next;
    struct city_approvals_totals totals;
};

/* city_approvals_cases.c: draws the case's item, time and steps; appends these. */
void city_case_draw(struct city_approvals *city, uint32_t case_row, int32_t day);
/* Of a joint case: the other agencies. */
size_t city_case_parts(const struct city_approvals *city, const struct city_case *row, uint16_t agencies[4]);
/* city_approvals_oracle.c: counts one case from its steps. */
void city_case_count(struct city_approvals *city, uint32_t case_row, const struct city_step *steps, uint32_t count);
void city_catalogue_count(struct city_approvals *city);

static inline int32_t day_of_s(uint32_t at) {
    return (int32_t)((at + CIVIL_OFFSET_S) / DAY_S);
}
static inline uint32_t s_of_day(int32_t day) {
    return (uint32_t)((int64_t)day * DAY_S - CIVIL_OFFSET_S);
}

#endif
