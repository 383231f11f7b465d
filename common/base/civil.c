#include "base/civil.h"

#include <time.h>

#define DAY_S 86400
#define DAY_MS (DAY_S * INT64_C(1000))

/* What a text of ten characters can show: 0001-01-01 and 9999-12-31. */
#define DAY_MIN (-719162)
#define DAY_MAX 2932896

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* What the floor division leaves: 0..b-1. */
static int64_t floor_rest(int64_t a, int64_t b) {
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* Years that begin in March put the leap day at their end; 400 of them ("an era") are always 146,097 days. */
int32_t civil_day_from_date(int32_t year, unsigned month, unsigned day) {
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

struct civil_date civil_date_from_day(int32_t day) {
    int64_t shifted = (int64_t)day + 719468;
    int64_t era = floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_date){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

static bool is_leap(int32_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool civil_date_is_valid(int32_t year, unsigned month, unsigned day) {
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    return day <= lengths[month - 1] + (unsigned)(month == 2 && is_leap(year));
}

static int32_t clamp_day(int64_t day) {
    return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

int32_t civil_day_of_s(int64_t unix_s) {
    /* The offset is added to the rest of the division: no overflow at either end of the range. */
    return clamp_day(floor_divide(unix_s, DAY_S) + (floor_rest(unix_s, DAY_S) + CIVIL_OFFSET_S >= DAY_S));
}

int32_t civil_day_of_ms(int64_t unix_ms) {
    return civil_day_of_s(floor_divide(unix_ms, 1000));
}

int64_t civil_ms_of_day(int32_t day) {
    return day * DAY_MS - CIVIL_OFFSET_S * INT64_C(1000);
}

int32_t civil_month_start(int32_t day) {
    return day - (civil_date_from_day(day).day - 1);
}

int32_t civil_month_end(int32_t day) {
    struct civil_date date = civil_date_from_day(day);
    return date.month == 12 ? civil_day_from_date(date.year + 1, 1, 1)
                            : civil_day_from_date(date.year, date.month + 1u, 1);
}

int32_t civil_year_start(int32_t day) {
    return civil_day_from_date(civil_date_from_day(day).year, 1, 1);
}

int32_t civil_year_end(int32_t day) {
    return civil_day_from_date(civil_date_from_day(day).year + 1, 1, 1);
}

/* --- Text ------------------------------------------------------------------------------------------------------------
 */

static char *put_number(char *to, unsigned value, unsigned digits) {
    for (unsigned i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + digits;
}

void civil_date_format(int32_t day, char text[CIVIL_DATE_TEXT_BYTES]) {
    day = day < DAY_MIN ? DAY_MIN : day > DAY_MAX ? DAY_MAX : day;
    struct civil_date date = civil_date_from_day(day);
    text = put_number(text, (unsigned)date.year, 4);
    *text++ = '-';
    text = put_number(text, date.month, 2);
    *text++ = '-';
    *put_number(text, date.day, 2) = 0;
}

/* "2020-01-01T08:30:00.000" of a time that is local already. */
static char *put_time(char *text, int64_t local_ms) {
    int64_t day = floor_divide(local_ms, DAY_MS);
    unsigned ms = (unsigned)floor_rest(local_ms, DAY_MS);
    civil_date_format(clamp_day(day), text);
    text += CIVIL_DATE_TEXT_BYTES - 1;
    *text++ = 'T';
    text = put_number(text, ms / 3600000, 2);
    *text++ = ':';
    text = put_number(text, ms / 60000 % 60, 2);
    *text++ = ':';
    text = put_number(text, ms / 1000 % 60, 2);
    *text++ = '.';
    return put_number(text, ms % 1000, 3);
}

void civil_time_format(int64_t unix_ms, char text[30]) {
    int64_t offset_ms = CIVIL_OFFSET_S * INT64_C(1000);
    char *end = put_time(text, unix_ms > INT64_MAX - offset_ms ? INT64_MAX : unix_ms + offset_ms);
    for (const char *zone = "+08:00"; *zone != 0; zone++) {
        *end++ = *zone;
    }
    *end = 0;
}

void civil_time_format_utc(int64_t unix_ms, char text[30]) {
    char *end = put_time(text, unix_ms);
    *end++ = 'Z';
    *end = 0;
}

/* Takes `digits` digits off *text, then the character `after` when it is not 0. */
static bool take_number(const char **text, unsigned digits, char after, unsigned *value) {
    unsigned number = 0;
    const char *p = *text;
    for (unsigned i = 0; i < digits; i++, p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(*p - '0');
    }
    if (after != 0 && *p++ != after) {
        return false;
    }
    *text = p;
    *value = number;
    return true;
}

static bool take_date(const char **text, int32_t *day) {
    unsigned year, month, day_of_month;
    if (!take_number(text, 4, '-', &year) || !take_number(text, 2, '-', &month) ||
        !take_number(text, 2, 0, &day_of_month) || !civil_date_is_valid((int32_t)year, month, day_of_month)) {
        return false;
    }
    *day = civil_day_from_date((int32_t)year, month, day_of_month);
    return true;
}

bool civil_date_parse(const char *text, int32_t *day) {
    int32_t parsed;
    if (!take_date(&text, &parsed) || *text != 0) {
        return false;
    }
    *day = parsed;
    return true;
}

static bool take_clock(const char **text, unsigned *seconds) {
    unsigned hour, minute, second;
    if (!take_number(text, 2, ':', &hour) || !take_number(text, 2, ':', &minute) || !take_number(text, 2, 0, &second)) {
        return false;
    }
    *seconds = hour * 3600 + minute * 60 + second; /* a leap second (60) is the first of the next minute */
    return hour <= 23 && minute <= 59 && second <= 60;
}

/* Digits beyond the third are dropped. */
static bool take_fraction(const char **text, unsigned *ms) {
    *ms = 0;
    if (**text != '.') {
        return true;
    }
    const char *p = *text + 1;
    unsigned weight = 100;
    for (; *p >= '0' && *p <= '9'; p++) {
        *ms += (unsigned)(*p - '0') * weight;
        weight /= 10;
    }
    bool any = p > *text + 1;
    *text = p;
    return any;
}

static bool take_zone(const char **text, int *offset_s) {
    char sign = *(*text)++;
    if (sign == 'Z' || sign == 'z') {
        *offset_s = 0;
        return true;
    }
    unsigned hours, minutes;
    if ((sign != '+' && sign != '-') || !take_number(text, 2, ':', &hours) || !take_number(text, 2, 0, &minutes)) {
        return false;
    }
    *offset_s = (int)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return hours <= 23 && minutes <= 59;
}

bool civil_time_parse(const char *text, int64_t *unix_ms) {
    int32_t day;
    unsigned seconds, ms;
    int offset_s;
    if (!take_date(&text, &day) || (*text != 'T' && *text != 't')) {
        return false;
    }
    text++;
    if (!take_clock(&text, &seconds) || !take_fraction(&text, &ms) || !take_zone(&text, &offset_s) || *text != 0) {
        return false;
    }
    *unix_ms = day * DAY_MS + ((int64_t)seconds - offset_s) * 1000 + ms;
    return true;
}

/* --- The clock -------------------------------------------------------------------------------------------------------
 */

static int64_t read_clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t clock_unix_ms(void) {
    return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_monotonic_ms(void) {
    return read_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_monotonic_ns(void) {
    return read_clock_ns(CLOCK_MONOTONIC);
}
