#include <string.h>

#include "base/civil.h"
#include "ctl/city_internal.h"

/* A region code that was never assigned: no number made here can belong to anybody. */
static const char unassigned_region[] = "411099";

#define BIRTH_FIRST_YEAR 1931
#define BIRTH_DAYS 32000u /* born 1931 .. mid 2018 */
#define SEQUENCES 999u    /* 001 .. 999 of one day and place */
#define NUMBERS (BIRTH_DAYS * SEQUENCES)

enum city_person_kind city_person_kind(uint64_t seed, uint32_t person) {
    struct city_random random = city_random(seed, 'K', person);
    uint32_t chance = city_below(&random, 1000);
    if (chance < 40) {
        return CITY_PERSON_LOCAL;
    }
    return chance < 60 ? CITY_PERSON_LEARNED : CITY_PERSON_RESIDENT;
}

/* GB 11643 (ISO 7064 MOD 11-2). */
static char check_character(const char text[17]) {
    static const uint8_t weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++) {
        sum += weights[i] * (unsigned)(text[i] - '0');
    }
    return "10X98765432"[sum % 11];
}

static void put_digits(char *to, size_t width, uint32_t value) {
    for (size_t i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void city_resident_id(uint64_t seed, uint32_t person, char text[CITY_RESIDENT_ID_BYTES]) {
    /* A step that shares no factor with NUMBERS (2, 3, 5, 37) visits every number once before it repeats. */
    const uint64_t step = 19999999; /* prime */
    uint32_t number = (uint32_t)((person * step + hash_mix64(seed) % NUMBERS) % NUMBERS);
    int32_t birth = civil_day_from_date(BIRTH_FIRST_YEAR, 1, 1) + (int32_t)(number / SEQUENCES);
    struct civil_date date = civil_date_from_day(birth);
    memcpy(text, unassigned_region, 6);
    put_digits(text + 6, 4, (uint32_t)date.year);
    put_digits(text + 10, 2, date.month);
    put_digits(text + 12, 2, date.day);
    put_digits(text + 14, 3, number % SEQUENCES + 1);
    text[17] = check_character(text);
    text[18] = '\0';
}

void city_resident_id_vary(char text[CITY_RESIDENT_ID_BYTES], uint32_t chance) {
    if (text[17] == 'X' && chance % 8 == 0) {
        text[17] = 'x';
    } else if (chance % 512 == 1 && text[6] == '1' && text[7] == '9') {
        memmove(text + 6, text + 8, 9); /* the old form: no century, no check character */
        text[15] = '\0';
    }
}

void city_local_id(uint64_t seed, uint32_t person, uint32_t hospital, char text[CITY_LOCAL_ID_BYTES]) {
    const uint64_t prime = 999999937, step = 48271; /* one to one below the prime */
    text[0] = 'K';
    put_digits(text + 1, 9, (uint32_t)((person * step + hash_mix64(seed + hospital)) % prime));
    text[10] = '\0';
}
