#ifndef APPROVALS_WHY_H
#define APPROVALS_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "approvals/query_internal.h"
#include "approvals/state.h"

/*
 * Why a case is due when it is: each day from its acceptance on, whether it is charged to each clock, and what says so.
 * Of an ended case by the calendar as it was known when it was decided. Linear in the days of the case; no scan of the
 * calendar. Pure.
 */
#define WHY_DAYS_MAX 2000 /* told of; all are counted */
#define WHY_TEXT_BYTES_MAX 24000

/* One day, before it is a message. */
struct why_day {
    int32_t day;
    uint8_t ground;  /* approvals.v1.DayGround */
    uint8_t special; /* approvals.v1.SpecialKind that stops a clock; 0: none */
    bool charged[2]; /* to the promised clock, to the statutory one */
    uint32_t line;   /* of notice_lines, that says it; 0: none */
};

/* What the explanation rests on. */
struct why {
    struct asking *asking;
    const struct approval_case *row;
    const struct item_version *version;
    const Approvals__V1__Case *shown; /* the same case as it is told */
    bool was_accepted;
    int32_t start, end;   /* day of acceptance; last day told of */
    uint64_t seq;         /* the calendar known before this event; NOTICES_NOW: the one of now */
    struct why_day *days; /* from start on; the oldest left out beyond WHY_DAYS_MAX */
    size_t day_count;
    const char *enquiry_phone, *complaint_phone; /* "" where they are not known */
};

/* What one day of an accepted case is (why.c). */
void why_explain_day(const struct approvals *self, const struct approval_case *row, int32_t day, uint64_t seq,
                     struct why_day *out);
/* Charged workdays of an ended case up to the end of a day, by the calendar known when it ended. */
int32_t why_charged_as_known(const struct approvals *self, const struct approval_case *row, bool is_statutory,
                             int32_t day);

/* The page for the applicant, in the arena; NULL: a code. why_text_zh.c, why_text_en.c. */
char *why_text_zh(const struct why *why);
char *why_text_en(const struct why *why);

/* --- between the why_text*.c files (why_text.c) --- */

/* Text that grows to a bound: a line that does not fit is left out whole. */
struct why_page {
    char *text; /* NUL-terminated */
    size_t size;
};
bool why_page_begin(const struct why *why, struct why_page *page);
__attribute__((format(printf, 2, 3))) void why_page_add(struct why_page *page, const char *format, ...);

/* A run of days that one ground keeps from being charged, or that a notice made days of work. */
enum why_run_kind { WHY_RUN_HOLIDAY, WHY_RUN_WORKED, WHY_RUN_STOPPED };
struct why_run {
    enum why_run_kind kind;
    int32_t from, last;
    uint32_t line;        /* of HOLIDAY and WORKED */
    uint8_t special;      /* of STOPPED */
    bool stops_statutory; /* of STOPPED */
};
#define WHY_RUNS_MAX 48
struct why_runs {
    struct why_run runs[WHY_RUNS_MAX]; /* in order of time; the oldest left out */
    size_t count;
    size_t left_out;
    uint32_t weekend_days; /* told of, each a Saturday or a Sunday that nothing else keeps out */
};
void why_find_runs(const struct why *why, struct why_runs *runs);

#endif
