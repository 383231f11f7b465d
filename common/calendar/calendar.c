#include "calendar/calendar.h"

#include "base/civil.h"

#define FIRST_DAY 7305 /* civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1) */

/* The day's place in the array; -1: out of it. */
static int32_t place_of(int32_t day) {
    return day < FIRST_DAY || day - FIRST_DAY >= CALENDAR_DAYS ? -1 : day - FIRST_DAY;
}

static bool is_weekend(int32_t day) {
    return (day % 7 + 10) % 7 >= 5; /* 1970-01-01 was a Thursday */
}

/* --- what notices say --- */

static enum calendar_kind plain_kind(int32_t day) {
    return is_weekend(day) ? CALENDAR_REST : CALENDAR_WORK;
}

bool calendar_load_year(struct calendar *calendar, int32_t year) {
    if (year < CALENDAR_FIRST_YEAR || year > CALENDAR_LAST_YEAR) {
        return false;
    }
    const int32_t end = civil_day_from_date(year + 1, 1, 1);
    for (int32_t day = civil_day_from_date(year, 1, 1); day < end; day++) {
        struct calendar_day *row = &calendar->days[place_of(day)];
        if (row->kind == CALENDAR_UNKNOWN) {
            row->kind = (uint8_t)plain_kind(day);
        }
    }
    return true;
}

bool calendar_name_day(struct calendar *calendar, const struct calendar_line *line, uint16_t notice) {
    const int32_t place = place_of(line->day);
    if (place < 0) {
        return false;
    }
    calendar->days[place].kind = line->is_off ? CALENDAR_OFF : CALENDAR_MADE_UP;
    calendar->days[place].notice = notice;
    return true;
}

void calendar_count_from(struct calendar *calendar, int32_t day) {
    const int32_t found = place_of(day);
    for (int32_t place = found < 0 ? 0 : found; place < CALENDAR_DAYS; place++) {
        struct calendar_day *row = &calendar->days[place];
        row->workdays = row->unknown = 0;
        if (place > 0) {
            const enum calendar_kind before = (enum calendar_kind)row[-1].kind;
            row->workdays = row[-1].workdays + calendar_kind_is_work(before);
            row->unknown = row[-1].unknown + (before == CALENDAR_UNKNOWN);
        }
    }
}

/* --- what a day is --- */

enum calendar_kind calendar_kind_of(const struct calendar *calendar, int32_t day) {
    const int32_t place = place_of(day);
    return place < 0 ? CALENDAR_UNKNOWN : (enum calendar_kind)calendar->days[place].kind;
}

/* from and last lie in the years of the array. */
static bool are_known(const struct calendar *calendar, int32_t from, int32_t last) {
    return calendar_kind_of(calendar, last) != CALENDAR_UNKNOWN &&
           calendar->days[place_of(from)].unknown == calendar->days[place_of(last)].unknown;
}

/* --- counting --- */

/* Worked days up to and including the day, from the first year on. */
static uint32_t counted_up_to(const struct calendar *calendar, int32_t day) {
    const struct calendar_day *row = &calendar->days[place_of(day)];
    return row->workdays + calendar_kind_is_work((enum calendar_kind)row->kind);
}

bool calendar_workdays(const struct calendar *calendar, int32_t after, int32_t last, int32_t *count) {
    *count = 0;
    if (last <= after) {
        return true;
    }
    if (place_of(after) < 0 || place_of(last) < 0 || !are_known(calendar, after + 1, last)) {
        return false;
    }
    *count = (int32_t)(counted_up_to(calendar, last) - counted_up_to(calendar, after));
    return true;
}

/* A period of n workdays is mostly over within so many days. */
static int32_t place_near(int32_t low, int32_t n) {
    return n < CALENDAR_DAYS / 2 && low + 2 * n + 16 < CALENDAR_DAYS ? low + 2 * n + 16 : CALENDAR_DAYS - 1;
}

/* The first place, from `low` on, up to whose end so many days were worked; CALENDAR_DAYS: none. n of them are still to come. */
static int32_t place_of_count(const struct calendar *calendar, int32_t low, int32_t n, uint32_t wanted) {
    const int32_t near = place_near(low, n);
    int32_t high = counted_up_to(calendar, FIRST_DAY + near) >= wanted ? near : CALENDAR_DAYS;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (counted_up_to(calendar, FIRST_DAY + middle) >= wanted) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

bool calendar_nth_workday(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day) {
    const int32_t place = place_of(after);
    *day = after;
    if (n <= 0) {
        return n == 0;
    }
    if (place < 0) {
        return false;
    }
    const int32_t found = place_of_count(calendar, place + 1, n, counted_up_to(calendar, after) + (uint32_t)n);
    if (found == CALENDAR_DAYS || !are_known(calendar, after + 1, FIRST_DAY + found)) {
        return false;
    }
    *day = FIRST_DAY + found;
    return true;
}

bool calendar_workday_from(const struct calendar *calendar, int32_t day, int32_t *workday) {
    return calendar_nth_workday(calendar, day - 1, 1, workday);
}

/* --- calendar periods --- */

int32_t calendar_months_end(int32_t after, int32_t n) {
    const struct civil_date date = civil_date_from_day(after);
    const int32_t months = date.year * 12 + (date.month - 1) + n;
    const int32_t first = civil_day_from_date(months / 12, (unsigned)(months % 12) + 1, 1);
    const int32_t length = civil_month_end(first) - first;
    return first + (date.day < length ? date.day : length) - 1;
}

bool calendar_days_after(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day) {
    return calendar_workday_from(calendar, after + n, day);
}

bool calendar_months_after(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day) {
    return calendar_workday_from(calendar, calendar_months_end(after, n), day);
}
