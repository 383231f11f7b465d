#ifndef CTL_CITY_INTERNAL_H
#define CTL_CITY_INTERNAL_H

#include "base/hash.h"
#include "ctl/city.h"

/* Shared by the files of the generator (city*.c) only. */

/* --- Chance: splitmix64, one sequence for each (seed, stream, number) -----------------------------------------------
 */
struct city_random {
    uint64_t state;
};

static inline struct city_random city_random(uint64_t seed, uint64_t stream, uint64_t number) {
    return (struct city_random){hash_mix64(seed + UINT64_C(0x9e3779b97f4a7c15) * (stream + 1)) ^ hash_mix64(number)};
}
static inline uint64_t city_draw(struct city_random *random) {
    return hash_mix64(random->state += UINT64_C(0x9e3779b97f4a7c15));
}
/* 0 .. bound-1 */
static inline uint32_t city_below(struct city_random *random, uint32_t bound) {
    return (uint32_t)(((city_draw(random) >> 32) * bound) >> 32);
}
/* True in `share` of 10,000 cases. */
static inline bool city_happens(struct city_random *random, uint32_t share) {
    return city_below(random, 10000) < share;
}

/* --- Hospitals
 * -------------------------------------------------------------------------------------------------------- */
#define CITY_COUNTIES 6
/* Number of hospitals' regions; 0 .. CITY_COUNTIES-1. */
uint32_t city_county_region(size_t county);
/* Residents, in parts of 1000. */
uint32_t city_county_share(size_t county);

/* --- Persons
 * ------------------------------------------------------------------------------------------------------------ */
enum city_person_kind {
    CITY_PERSON_RESIDENT, /* known by the resident identity number wherever it is asked for */
    CITY_PERSON_LOCAL,    /* known by the card of one hospital only, and goes nowhere else */
    CITY_PERSON_LEARNED,  /* a resident whose first record lacks the number and gets it later */
};
enum city_person_kind city_person_kind(uint64_t seed, uint32_t person);
/* GB 11643, 18 characters, different for each person < 2^24 of a seed. */
void city_resident_id(uint64_t seed, uint32_t person, char text[CITY_RESIDENT_ID_BYTES]);
/* The same as it is sometimes sent: 15 characters of the old form, or a lower case x. */
void city_resident_id_vary(char text[CITY_RESIDENT_ID_BYTES], uint32_t chance);
/* The person's card or record number at a hospital; different for each person of a hospital. */
void city_local_id(uint64_t seed, uint32_t person, uint32_t hospital, char text[CITY_LOCAL_ID_BYTES]);

/* --- Visits
 * --------------------------------------------------------------------------------------------------------------- */
struct city_visit {
    uint32_t person;
    uint32_t open_minute : 20; /* since the beginning of the year */
    uint32_t hospital : 6;
    uint32_t visit_class : 3; /* as it is opened */
    uint32_t card_kind : 3;
    uint32_t late_days : 6;           /* published so long after it began */
    uint32_t stay_hours : 10;         /* closed so long after it began; 0 = never */
    uint32_t change_hours : 6;        /* becomes an inpatient; 0 = never */
    uint32_t cancel_hours : 8;        /* taken back; 0 = never */
    uint32_t without_resident_id : 1; /* opened with the local id alone, though the number exists */
    uint32_t again_new_id : 1;
    uint32_t again_hours : 8;   /* published once more so long after its opening; 0 = never */
    uint32_t refresh_hours : 9; /* published with the number so long after its opening; 0 = never */
};
_Static_assert(sizeof(struct city_visit) == 16, "a visit is 16 bytes");

struct city_visits {
    struct city_visit *rows;
    uint32_t count;
    uint32_t capacity;
};

/* How the visit's patient came, if brought in after a call for help; opened_at_ms: Unix ms of its beginning. */
struct city_rescue city_rescue_draw(uint64_t seed, uint32_t number, const struct city_visit *visit,
                                    int64_t opened_at_ms);

/* Draws the year. MEMORY. */
enum status city_visits_draw(const struct city_options *options, struct city_visits *visits);

#endif
