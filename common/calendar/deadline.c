#include "calendar/deadline.h"

#include "base/civil.h"

/* --- pauses, in order of time, each stretch once --- */

struct pauses {
    const struct pause *rows;
    size_t count;
    size_t done;     /* those before it are over or change nothing */
    bool are_sorted; /* by from: the next one need not be searched */
    int32_t today;   /* where an open one ends */
    int32_t covered; /* days up to this one are dealt with */
};

static struct pauses pauses_behind(const struct pause *rows, size_t count, int32_t today, int32_t start) {
    struct pauses pauses = {.rows = rows, .count = count, .are_sorted = true, .today = today, .covered = start};
    for (size_t i = 1; i < count; i++) {
        pauses.are_sorted = pauses.are_sorted && rows[i - 1].from <= rows[i].from;
    }
    return pauses;
}

static int32_t end_of(const struct pauses *pauses, size_t i) {
    return pauses->rows[i].until == PAUSE_OPEN ? pauses->today : pauses->rows[i].until;
}

/* It takes out no day behind `covered`. */
static bool is_spent(const struct pauses *pauses, size_t i) {
    return end_of(pauses, i) <= pauses->covered || end_of(pauses, i) <= pauses->rows[i].from;
}

/* The next stretch (from, until] that is taken out of the days behind `covered`; false: none. */
static bool next_stretch(struct pauses *pauses, struct pause *stretch) {
    while (pauses->done < pauses->count && is_spent(pauses, pauses->done)) {
        pauses->done++;
    }
    size_t best = pauses->done;
    for (size_t i = best + 1; !pauses->are_sorted && i < pauses->count; i++) {
        if (pauses->rows[i].from < pauses->rows[best].from && !is_spent(pauses, i)) {
            best = i;
        }
    }
    if (best == pauses->count) {
        return false;
    }
    const int32_t from = pauses->rows[best].from;
    *stretch = (struct pause){from > pauses->covered ? from : pauses->covered, end_of(pauses, best)};
    return true;
}

/* --- counting --- */

bool deadline_charged(const struct calendar *calendar, int32_t start, int32_t until, const struct pause *pauses,
                      size_t pause_count, int32_t *charged) {
    struct pauses left = pauses_behind(pauses, pause_count, until, start);
    struct pause stretch;
    if (!calendar_workdays(calendar, start, until, charged)) {
        return false;
    }
    while (left.covered < until && next_stretch(&left, &stretch)) {
        int32_t taken;
        left.covered = stretch.until < until ? stretch.until : until;
        if (!calendar_workdays(calendar, stretch.from, left.covered, &taken)) {
            return false;
        }
        *charged -= taken;
    }
    return true;
}

/* Of every day, or of workdays: the n-th behind a day, and how many there are up to another. calendar NULL: of every
 * day. */
static bool nth_day(const struct calendar *calendar, int32_t after, int32_t n, int32_t *day) {
    if (calendar != NULL) {
        return calendar_nth_workday(calendar, after, n, day);
    }
    *day = (int32_t)((int64_t)after + n < INT32_MAX ? (int64_t)after + n : INT32_MAX);
    return *day < INT32_MAX;
}

static bool count_days(const struct calendar *calendar, int32_t after, int32_t last, int32_t *count) {
    if (calendar != NULL) {
        return calendar_workdays(calendar, after, last, count);
    }
    *count = last - after; /* the caller's are less than n apart */
    return true;
}

/* The n-th day behind `pauses.covered` that no pause takes out. */
static bool nth_charged(const struct calendar *calendar, struct pauses pauses, int32_t n, int32_t *day) {
    struct pause stretch;
    while (true) {
        int32_t counted;
        const bool is_known = nth_day(calendar, pauses.covered, n, day);
        if (!next_stretch(&pauses, &stretch) || (is_known && *day <= stretch.from)) {
            return is_known;
        }
        if (!count_days(calendar, pauses.covered, stretch.from, &counted)) {
            return false;
        }
        n -= counted;
        pauses.covered = stretch.until;
    }
}

/* --- limits --- */

struct running {
    const struct calendar *calendar;
    const struct pause *pauses;
    size_t pause_count;
    int32_t today;
};

static struct pauses behind(const struct running *running, int32_t day) {
    return pauses_behind(running->pauses, running->pause_count, running->today, day);
}

/* Every day of it has to be known, also one that a pause takes out. */
static bool add_workdays(const struct running *running, int32_t start, uint32_t n, int32_t *day) {
    int32_t whole;
    return n <= CALENDAR_DAYS && nth_charged(running->calendar, behind(running, start), (int32_t)n, day) &&
           calendar_workdays(running->calendar, start, *day, &whole);
}

/* A last day that is off, or in a pause, moves to the next day that is charged (article 203). */
static bool add_days(const struct running *running, int32_t start, int32_t n, int32_t *day) {
    int32_t last;
    return nth_charged(NULL, behind(running, start), n, &last) && add_workdays(running, last - 1, 1, day);
}

static bool add_limit(const struct running *running, int32_t start, int64_t start_s, const struct limit *limit,
                      int32_t *day) {
    switch ((enum limit_unit)limit->unit) {
    case LIMIT_NONE:
        return false;
    case LIMIT_WORKDAY:
        return add_workdays(running, start, limit->amount, day);
    case LIMIT_DAY:
        return add_days(running, start, limit->amount, day);
    case LIMIT_HOUR:
        *day = civil_day_of_s(start_s + (int64_t)limit->amount * 3600);
        return true;
    case LIMIT_MONTH:
        return add_days(running, start, calendar_months_end(start, limit->amount) - start, day);
    }
    return false;
}

bool deadline_due(const struct calendar *calendar, int32_t start, int64_t start_s, const struct limit *limit,
                  uint32_t extra_workdays, const struct pause *pauses, size_t pause_count, int32_t today,
                  int32_t *due) {
    const struct running running = {calendar, pauses, pause_count, today};
    int32_t day;
    return add_limit(&running, start, start_s, limit, &day) && add_workdays(&running, day, extra_workdays, due);
}

int64_t deadline_end_s(int64_t start_s, const struct limit *limit, uint32_t extra_workdays, int32_t due) {
    if (limit->unit == LIMIT_HOUR && extra_workdays == 0) {
        return start_s + (int64_t)limit->amount * 3600;
    }
    return civil_ms_of_day(due) / 1000 + 24 * 3600 - 1;
}

uint32_t limit_hundredths(const struct limit *limit) {
    switch ((enum limit_unit)limit->unit) {
    case LIMIT_NONE:
        break;
    case LIMIT_WORKDAY:
        return limit->amount * 100u;
    case LIMIT_DAY:
        return (limit->amount * 25000u + 365 / 2) / 365;
    case LIMIT_HOUR:
        return (limit->amount * 25u + 1) / 2;
    case LIMIT_MONTH:
        return limit->amount * 2200u;
    }
    return 0;
}
