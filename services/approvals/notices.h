#ifndef APPROVALS_NOTICES_H
#define APPROVALS_NOTICES_H

#include <stdbool.h>
#include <stdint.h>

#include "approvals/state.h"

/*
 * The calendar is bitemporal: what a day is, and what it was known to be before an event of the log. Of all lines of a
 * day that of the notice published last holds (of equals, loaded last), withdrawn notices left out. Pure.
 */
#define NOTICES_NOW UINT64_MAX

/* The line that held for a day in the calendar as it was known just before event number seq: of notices loaded before
 * it and not withdrawn before it. NOTICES_NOW: as it is known now. 0: no notice named the day. */
uint32_t notice_line_as_known(const struct approvals *self, int32_t day, uint64_t seq);
/* Whether a notice that held just before event number seq says that the year is known. */
bool notice_year_as_known(const struct approvals *self, int32_t year, uint64_t seq);

#endif
