#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

/* The civil calendar in China Standard Time (+08:00, no daylight saving: the whole period from 1992 on), by arithmetic
 * alone: pure, no locale, no tz database. Days are counted from 1970-01-01. */

#define CIVIL_OFFSET_S (8 * 3600)
#define CIVIL_DATE_TEXT_BYTES 11

struct civil_date {
    int32_t year;
    uint8_t month; /* 1..12 */
    uint8_t day;   /* 1..31 */
};

int32_t civil_day_from_date(int32_t year, unsigned month, unsigned day);
struct civil_date civil_date_from_day(int32_t day);
bool civil_date_is_valid(int32_t year, unsigned month, unsigned day);

/* Local (+08:00) day of a Unix time. */
int32_t civil_day_of_ms(int64_t unix_ms);
int32_t civil_day_of_s(int64_t unix_s);
/* Unix ms of the local midnight at which the day begins. */
int64_t civil_ms_of_day(int32_t day);

/* First day of the month or year that holds the day, and of the next one. */
int32_t civil_month_start(int32_t day);
int32_t civil_month_end(int32_t day); /* exclusive */
int32_t civil_year_start(int32_t day);
int32_t civil_year_end(int32_t day); /* exclusive */

/* "2020-01-31"; days outside the years 1 to 9999 show as the nearest one inside. */
void civil_date_format(int32_t day, char text[CIVIL_DATE_TEXT_BYTES]);
bool civil_date_parse(const char *text, int32_t *day);
/* RFC 3339 ("2020-01-01T08:30:00+08:00", "…Z", optional fraction) to Unix ms. */
bool civil_time_parse(const char *text, int64_t *unix_ms);
/* RFC 3339 in +08:00 with milliseconds; needs 30 bytes. */
void civil_time_format(int64_t unix_ms, char text[30]);
/* The same moment in UTC: "2020-01-01T00:30:00.000Z". */
void civil_time_format_utc(int64_t unix_ms, char text[30]);

/* The clock, for daemons and tools; rules never call it. */
int64_t clock_unix_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_ns(void);

#endif
