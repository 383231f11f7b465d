#ifndef CALENDAR_CALENDAR_H
#define CALENDAR_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Working days in China: a day that a holiday notice of the State Council names is off or worked as it says; any other day
 * of a year for which a notice was loaded is worked from Monday to Friday. Of years without a notice nothing is known, and
 * nothing is computed (false: the horizon). Days are counted from 1970-01-01 in +08:00 (base/civil.h).
 *
 * The day of an event is not counted, and a period ends with its last day (Civil Code, articles 201 and 203). Pure.
 *
 * A calendar is an array that its owner holds (a table of a registry's state): a day takes 12 bytes, 200 years 877 KB. What
 * was known on an earlier date is another array, made of the notices published up to then.
 */
#define CALENDAR_FIRST_YEAR 1990
#define CALENDAR_LAST_YEAR 2189
#define CALENDAR_DAYS 73049 /* of these years */

enum calendar_kind {
    CALENDAR_UNKNOWN = 0, /* of a year without a notice */
    CALENDAR_WORK,        /* an ordinary workday */
    CALENDAR_REST,        /* an ordinary weekend */
    CALENDAR_OFF,         /* off by a notice */
    CALENDAR_MADE_UP,     /* worked by a notice, on a weekend or taken back */
};

struct calendar_day {
    uint32_t workdays; /* worked days before this one, from the first year on */
    uint32_t unknown;  /* days before this one of which nothing is known */
    uint16_t notice;   /* row number of the notice that names it; 0: none */
    uint8_t kind;      /* enum calendar_kind */
    uint8_t zero;
};

struct calendar {
    struct calendar_day *days; /* CALENDAR_DAYS of them, zeros at first; owned by the caller */
};

/* One line of a notice. */
struct calendar_line {
    int32_t day;
    bool is_off;
};

/* Says that a year is known: its days are worked from Monday to Friday until a notice names them. Days that a notice named
 * already stay. False: out of the years above. */
bool calendar_load_year(struct calendar *calendar, int32_t year);
/* Names one day; a later call for the same day overrides. False: out of the years above. */
bool calendar_name_day(struct calendar *calendar, const struct calendar_line *line, uint16_t notice);
/* Counts again from this day on: once after all lines of a notice. */
void calendar_count_from(struct calendar *calendar, int32_t day);

/* CALENDAR_UNKNOWN also for days out of the years above. */
enum calendar_kind calendar_kind_of(const struct calendar *calendar, int32_t day);
static inline bool calendar_kind_is_work(enum calendar_kind kind) {
    return kind == CALENDAR_WORK || kind == CALENDAR_MADE_UP;
}

/* Workdays after `after`, up to and including `last`; 0 when last <= after. False: a day of it is not known. */
bool calendar_workdays(const struct calendar *calendar, int32_t after, int32_t last, int32_t *count);
/* The n-th workday after `after` (n 0: `after` itself). False: beyond what is known. */
bool calendar_nth_workday(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day);
/* The first workday on or after a day. */
bool calendar_workday_from(const struct calendar *calendar, int32_t day, int32_t *workday);

/* Where n months after `after` end: the day of the same number, the month's last where it has none (Civil Code, article
 * 202). */
int32_t calendar_months_end(int32_t after, int32_t n);
/* Calendar periods, n >= 0 days or months after `after`: a last day that is off moves to the next workday (article 203).
 * False: that day is not known. */
bool calendar_days_after(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day);
bool calendar_months_after(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day);

#endif
