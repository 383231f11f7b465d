#ifndef CALENDAR_DEADLINE_H
#define CALENDAR_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calendar/calendar.h"

/*
 * Deadlines with pauses. A day d is charged when it is a workday, d > start, and no pause has from < d <= until: the
 * day of an event is not counted (Civil Code, article 201), and a pause that ends on the day it began costs nothing.
 * Pauses may overlap: a day is taken out once. Pure. Days as in base/civil.h (+08:00), seconds since 1970.
 */
enum limit_unit { /* numbers are those of approvals.v1.LimitUnit */
                  LIMIT_NONE = 0,
                  LIMIT_WORKDAY = 1,
                  LIMIT_DAY = 2,   /* ends on a workday: article 203 */
                  LIMIT_HOUR = 3,  /* hours of the clock; pauses do not stop them */
                  LIMIT_MONTH = 4, /* likewise ends on a workday */
};

struct limit {
    uint16_t amount;
    uint8_t unit; /* enum limit_unit */
    uint8_t zero;
};

#define PAUSE_OPEN INT32_MAX
struct pause {
    int32_t from;  /* day it began */
    int32_t until; /* day it ended; PAUSE_OPEN: not yet */
};

/* Charged days in (start, until]; an open pause goes on to `until`. False: a day of it is not known. Costs O(pauses):
 * they may come in any order, but those in order of `from` need no search. */
bool deadline_charged(const struct calendar *calendar, int32_t start, int32_t until, const struct pause *pauses,
                      size_t pause_count, int32_t *charged);
/*
 * The last day of the limit: of workdays the amount-th charged day (amount 0: start itself); of calendar days and
 * months the end of the period, later by the days (not only workdays) that pauses took out of it, moved to the next
 * charged day where it is off. With an open pause: as if it ended on `today`. Extra workdays (an extension) are charged
 * days added behind. LIMIT_HOUR: the day in which it ends. False: beyond the calendar, or LIMIT_NONE. Costs O(pauses *
 * log days).
 */
bool deadline_due(const struct calendar *calendar, int32_t start, int64_t start_s, const struct limit *limit,
                  uint32_t extra_workdays, const struct pause *pauses, size_t pause_count, int32_t today, int32_t *due);
/* The instant behind which it is late: of hours start_s + amount hours (without an extension), of others the last
 * second of the due day. */
int64_t deadline_end_s(int64_t start_s, const struct limit *limit, uint32_t extra_workdays, int32_t due);
/* For statistics alone: in workdays times 100; month 22, day 250/365, hour 1/8; no limit 0. */
uint32_t limit_hundredths(const struct limit *limit);

#endif
