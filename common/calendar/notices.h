#ifndef CALENDAR_NOTICES_H
#define CALENDAR_NOTICES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "calendar/calendar.h"
#include "common/v1/office.pb-c.h"
#include "state/state.h"

/*
 * The holiday notices of the State Council that a registry was given, and the calendar that follows from them: part of
 * its state.
 *
 * The calendar is bitemporal: what a day is, and what it was known to be before an event of the log. Of all lines of a
 * day that of the notice published last holds (of equals, loaded last), withdrawn notices left out. Pure.
 *
 * At most NOTICES_MAX notices (56 bytes each), NOTICE_LINES_MAX lines (36 bytes); the days take 877 KB from the first
 * notice on.
 */
#define NOTICES_MAX 1000
#define NOTICE_LINES_MAX 20000
#define NOTICE_DAYS_MAX 400 /* of one notice */
#define NOTICE_YEARS_MAX 4
#define NOTICES_NOW UINT64_MAX

struct notice {
    uint64_t seq;           /* of its loading */
    uint64_t withdrawn_seq; /* 0: it holds */
    int32_t published_day;
    uint32_t first_line, line_count;
    uint16_t years[NOTICE_YEARS_MAX]; /* that it makes known; 0: none */
    char name[20];
};
struct notice_line {
    int32_t day;
    uint32_t older; /* line of the same day that came before; 0: none */
    uint16_t notice;
    uint8_t is_off;
    char name[25]; /* of the holiday */
};

struct notices {
    struct table rows;  /* struct notice, in the order of loading */
    struct table lines; /* struct notice_line, those of a notice by day */
    struct table days;  /* struct calendar_day: CALENDAR_DAYS of them, made by the first notice */
    struct index by_name, line_by_day;
};

/* Registers its tables and indexes: notices, notice_lines, calendar_days. */
void notices_init(struct notices *notices, struct state *state);
static inline struct notice *notices_row(const struct notices *notices, uint32_t row) {
    return table_row(&notices->rows, row);
}
static inline struct notice_line *notices_line(const struct notices *notices, uint32_t row) {
    return table_row(&notices->lines, row);
}
/* 0: none. */
uint32_t notices_find(const struct notices *notices, const char *name);
/* The newest line of a day; 0: none. */
uint32_t notices_find_line(const struct notices *notices, int32_t day);
/* The calendar as it is known now: of all notices that hold. Knows nothing before the first notice. */
struct calendar notices_calendar(const struct notices *notices);
/* The line that held for a day in the calendar as it was known just before event number seq: of notices loaded before
 * it and not withdrawn before it. NOTICES_NOW: as it is known now. 0: no notice named the day. */
uint32_t notice_line_as_known(const struct notices *notices, int32_t day, uint64_t seq);
/* Whether a notice that held just before event number seq says that the year is known. */
bool notice_year_as_known(const struct notices *notices, int32_t year, uint64_t seq);

/* The last event that changed the calendar; 0: none did. */
uint64_t notices_last_seq(const struct notices *notices);

/* --- Loading one: what is said, the body that a registry logs, what it becomes --- */

/* The body of the event, for ever: little endian, no padding. Behind it line_count of struct notice_body_line, by day.
 */
struct notice_body {
    char name[20];
    int32_t published_day;
    uint16_t years[NOTICE_YEARS_MAX];
    uint32_t line_count;
};
struct notice_body_line {
    int32_t day;
    uint8_t is_off;
    char name[25];
    uint8_t zero[2];
};

enum notice_verdict {
    NOTICE_NEW,       /* to be logged */
    NOTICE_SAME,      /* loaded before with the same content: nothing is to be done */
    NOTICE_OTHER,     /* loaded before with other content, or withdrawn */
    NOTICE_FULL,      /* no room */
    NOTICE_MISSING,   /* *field is empty */
    NOTICE_MALFORMED, /* *field is out of range, or names a day twice */
    NOTICE_TOO_MANY,  /* of *field */
    NOTICE_TOO_LONG,  /* a text of *field */
};
/* NEW: *body (in the arena, *size bytes with its lines) is what is to be logged. field: of a LoadNotice message. */
enum notice_verdict notices_check(const struct notices *notices, const Common__V1__LoadNotice *said, struct arena *arena,
                                  struct notice_body **body, size_t *size, const char **field);
/* The event of number seq: body as logged, lines behind it. Returns the new row. */
uint32_t notices_load(struct notices *notices, uint64_t seq, const uint8_t *body, size_t size);
void notices_withdraw(struct notices *notices, uint32_t row, uint64_t seq);

static_assert(sizeof(struct notice) == 56, "no padding");
static_assert(sizeof(struct notice_line) == 36, "no padding");
static_assert(sizeof(struct notice_body) == 36, "no padding");
static_assert(sizeof(struct notice_body_line) == 32, "no padding");

#endif
