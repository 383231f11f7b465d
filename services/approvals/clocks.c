#include "approvals/rules.h"
#include "approvals/v1/query.pb-c.h"
#include "base/civil.h"

/* The two clocks of a case, from its row, its pauses and the calendar as it is known now. */

enum {
    SILENCE_WORKDAYS = 5,      /* Licensing Law, article 32: by then it is accepted, refused, or papers are asked for */
    CERTIFICATE_WORKDAYS = 10, /* Licensing Law, article 44 */
};

typedef Approvals__V1__CaseState State;
#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name

int64_t day_end_s(int32_t day) {
    return civil_ms_of_day(day + 1) / 1000;
}

static const struct limit *limit_of(const struct approvals *self, const struct approval_case *row,
                                    enum clock_kind kind) {
    const struct item_version *version = approvals_version(self, row->version);
    return kind == CLOCK_PROMISED ? &version->promised : &version->statutory;
}

/* Oldest first: so they are in order of time. The whole array is not zeroed, pauses are few. */
static size_t read_pauses(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                          struct pause pauses[APPROVALS_PAUSES_MAX]) {
    size_t count = 0;
    for (uint32_t number = row->first_pause; number != 0 && count < APPROVALS_PAUSES_MAX;
         number = approvals_pause(self, number)->next) {
        const struct case_pause *pause = approvals_pause(self, number);
        if (kind == CLOCK_PROMISED || pause->stops_statutory) {
            pauses[count++] = (struct pause){pause->from, pause->until};
        }
    }
    for (size_t i = 0; i < count / 2; i++) {
        const struct pause swapped = pauses[i];
        pauses[i] = pauses[count - 1 - i];
        pauses[count - 1 - i] = swapped;
    }
    return count;
}

void case_clock(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                struct case_clock *clock) {
    clock->limit = *limit_of(self, row, kind);
    clock->extension = row->extension;
    clock->start = civil_day_of_s(row->accepted_at);
    clock->pause_count = read_pauses(self, row, kind, clock->pauses);
}

/* The day on which so much of a limit is used up. */
static bool find_due(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                     const struct limit *limit, int32_t today, int32_t *due) {
    const struct calendar calendar = approvals_calendar(self);
    struct pause pauses[APPROVALS_PAUSES_MAX];
    const size_t count = row->first_pause == 0 ? 0 : read_pauses(self, row, kind, pauses);
    return deadline_due(&calendar, civil_day_of_s(row->accepted_at), row->accepted_at, limit, row->extension, pauses,
                        count, today, due);
}

bool case_clock_due(const struct approvals *self, const struct approval_case *row, enum clock_kind kind, int32_t today,
                    int32_t *due) {
    const struct limit *limit = limit_of(self, row, kind);
    *due = 0;
    return limit->unit == LIMIT_NONE || find_due(self, row, kind, limit, today, due);
}

bool case_clock_charged(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                        int32_t day, int32_t *charged) {
    const struct calendar calendar = approvals_calendar(self);
    struct pause pauses[APPROVALS_PAUSES_MAX];
    const size_t count = row->first_pause == 0 ? 0 : read_pauses(self, row, kind, pauses);
    return deadline_charged(&calendar, civil_day_of_s(row->accepted_at), day, pauses, count, charged);
}

int64_t case_clock_end_of(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                          int32_t due) {
    return due == 0 ? INT64_MAX : deadline_end_s(row->accepted_at, limit_of(self, row, kind), row->extension, due);
}

int64_t case_clock_end_s(const struct approvals *self, const struct approval_case *row, enum clock_kind kind) {
    return case_clock_end_of(self, row, kind, kind == CLOCK_PROMISED ? row->promised_due : row->statutory_due);
}

bool case_silence_ends(const struct approvals *self, const struct approval_case *row, int32_t *day) {
    const struct calendar calendar = approvals_calendar(self);
    return calendar_nth_workday(&calendar, civil_day_of_s(case_silent_since(row)), SILENCE_WORKDAYS, day);
}

bool case_certificate_due(const struct approvals *self, const struct approval_case *row, int32_t *day) {
    const struct calendar calendar = approvals_calendar(self);
    return calendar_nth_workday(&calendar, civil_day_of_s(row->decided_at), CERTIFICATE_WORKDAYS, day);
}

/* --- lights --- */

/* Charged days after which a limit of n of them is yellow. */
static int32_t yellow_after(const struct approvals_options *options, int32_t n) {
    const int32_t by_tenths = (n * options->yellow_tenths + 9) / 10;
    const int32_t by_days = n > options->yellow_days ? n - options->yellow_days : 0;
    return by_tenths < by_days ? by_tenths : by_days;
}

int32_t case_yellow_day(const struct approvals *self, const struct approval_case *row) {
    const struct limit *promised = limit_of(self, row, CLOCK_PROMISED);
    const int32_t n = promised->amount + row->extension;
    if (promised->unit != LIMIT_WORKDAY || n <= 1) {
        return 0;
    }
    const struct calendar calendar = approvals_calendar(self);
    struct pause pauses[APPROVALS_PAUSES_MAX];
    const size_t count = row->first_pause == 0 ? 0 : read_pauses(self, row, CLOCK_PROMISED, pauses);
    const struct limit used = {.amount = (uint16_t)yellow_after(&self->options, n), .unit = LIMIT_WORKDAY};
    int32_t day;
    return deadline_due(&calendar, civil_day_of_s(row->accepted_at), row->accepted_at, &used, 0, pauses, count,
                        row->until_day, &day)
               ? day + 1
               : 0;
}

/* Of an accepted case that is not decided. */
static int light_of_clocks(const struct approvals *self, const struct approval_case *row, int32_t day) {
    const int64_t end_s = day_end_s(day) - 1;
    if (case_clock_end_s(self, row, CLOCK_STATUTORY) < end_s) {
        return APPROVALS__V1__LIGHT__LIGHT_PURPLE;
    }
    if (case_clock_end_s(self, row, CLOCK_PROMISED) < end_s) {
        return APPROVALS__V1__LIGHT__LIGHT_RED;
    }
    if (row->state == STATE(SUSPENDED)) {
        return APPROVALS__V1__LIGHT__LIGHT_GREY;
    }
    const int32_t yellow = case_yellow_day(self, row);
    return yellow != 0 && yellow <= day + 1 ? APPROVALS__V1__LIGHT__LIGHT_YELLOW : APPROVALS__V1__LIGHT__LIGHT_GREEN;
}

int case_light(const struct approvals *self, const struct approval_case *row, int32_t day) {
    switch ((State)row->state) {
    case STATE(RECEIVED):
    case STATE(SUPPLEMENT):
        return APPROVALS__V1__LIGHT__LIGHT_GREEN;
    case STATE(ACCEPTED):
    case STATE(REVIEW):
    case STATE(SUSPENDED):
        return light_of_clocks(self, row, day);
    case STATE(UNSPECIFIED):
    case STATE(DECIDED):
    case STATE(DELIVERED):
    case STATE(NOT_ACCEPTED):
    case STATE(WITHDRAWN):
    case STATE(REVOKED):
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return APPROVALS__V1__LIGHT__LIGHT_UNSPECIFIED;
}

/* --- what a case waits for --- */

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t wake_of_clocks(const struct approvals *self, const struct approval_case *row) {
    const int32_t yellow = (row->flags & CASE_WARNED) != 0 ? 0 : case_yellow_day(self, row);
    int64_t at = INT64_MAX;
    if (row->state == STATE(SUSPENDED) && row->until_day != 0) {
        at = earlier(at, day_end_s(row->until_day));
    }
    if (yellow != 0) {
        at = earlier(at, day_end_s(yellow - 1));
    }
    if ((row->flags & CASE_PROMISED_PASSED) == 0 && row->promised_due != 0) {
        at = earlier(at, case_clock_end_s(self, row, CLOCK_PROMISED) + 1);
    }
    if ((row->flags & CASE_STATUTORY_PASSED) == 0 && row->statutory_due != 0) {
        at = earlier(at, case_clock_end_s(self, row, CLOCK_STATUTORY) + 1);
    }
    return at;
}

static int64_t wake_of_papers(const struct approval_case *row) {
    return (row->flags & (CASE_DEFICIENT | CASE_PAPERS_LATE)) == CASE_DEFICIENT && row->until_day != 0
               ? day_end_s(row->until_day)
               : INT64_MAX;
}

/* s; INT64_MAX: never. */
static int64_t wake_s(const struct approvals *self, const struct approval_case *row) {
    int32_t day;
    switch ((State)row->state) {
    case STATE(RECEIVED):
        return case_silence_ends(self, row, &day) ? day_end_s(day) : INT64_MAX;
    case STATE(SUPPLEMENT):
        return day_end_s(row->until_day);
    case STATE(ACCEPTED):
    case STATE(REVIEW):
    case STATE(SUSPENDED):
        return wake_of_clocks(self, row);
    case STATE(DECIDED):
        return (row->flags & CASE_CERTIFICATE_LATE) == 0 && case_certificate_due(self, row, &day)
                   ? earlier(wake_of_papers(row), day_end_s(day))
                   : wake_of_papers(row);
    case STATE(DELIVERED):
        return wake_of_papers(row);
    case STATE(UNSPECIFIED):
    case STATE(NOT_ACCEPTED):
    case STATE(WITHDRAWN):
    case STATE(REVOKED):
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return INT64_MAX;
}

uint32_t case_wake(const struct approvals *self, const struct approval_case *row) {
    const int64_t at = wake_s(self, row);
    return at == INT64_MAX ? 0 : agenda_minute_of_s(at);
}
