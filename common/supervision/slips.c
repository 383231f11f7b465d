#include "supervision/slips.h"

#include "base/civil.h"

/* Workdays for a reply, by level; 0: none is due. */
static const uint8_t reply_workdays[SLIP_LEVEL_MAX + 1] = {0, 3, 2, 1, 0};

void slips_init(struct slips *slips, uint32_t rows_max, struct state *state) {
    table_init(&slips->rows, "slips", sizeof(struct slip), rows_max);
    state_register_table(state, &slips->rows);
    agenda_init(&slips->agenda, "slips", rows_max, state);
}

bool slip_is_open(const struct slip *slip) {
    return slip->state == SLIP_ISSUED || slip->state == SLIP_REPLIED;
}

bool slips_are_open(const struct slips *slips, uint32_t first, uint32_t level) {
    for (uint32_t row = first; row != 0; row = slips_row(slips, row)->next) {
        if (slip_is_open(slips_row(slips, row)) && slips_row(slips, row)->level >= level) {
            return true;
        }
    }
    return false;
}

bool slips_were_issued(const struct slips *slips, uint32_t first, uint8_t rule, uint32_t level) {
    for (uint32_t row = first; row != 0; row = slips_row(slips, row)->next) {
        if (slips_row(slips, row)->rule == rule && slips_row(slips, row)->level == level) {
            return true;
        }
    }
    return false;
}

uint32_t slips_count(const struct slips *slips, uint32_t first) {
    uint32_t count = 0;
    for (uint32_t row = first; row != 0; row = slips_row(slips, row)->next) {
        count++;
    }
    return count;
}

bool slips_may_follow(const struct slips *slips, uint32_t first, uint8_t rule, uint32_t level) {
    return level <= SLIP_LEVEL_MAX && !slips_are_open(slips, first, level) &&
           !slips_were_issued(slips, first, rule, level);
}

int32_t slip_reply_due(const struct calendar *calendar, uint32_t issued_at, uint32_t level) {
    int32_t day;
    if (level > SLIP_LEVEL_MAX || reply_workdays[level] == 0 ||
        !calendar_nth_workday(calendar, civil_day_of_s(issued_at), reply_workdays[level], &day)) {
        return 0;
    }
    return day;
}

int64_t slip_lapses_at(const struct slip *slip) {
    return civil_ms_of_day(slip->reply_due + 1) / 1000;
}

bool slip_is_too_late(const struct slip *slip, uint32_t at) {
    return slip->reply_due != 0 && at >= slip_lapses_at(slip);
}

/* --- events --- */

static void wake(struct slips *slips, uint32_t number) {
    const struct slip *slip = slips_row(slips, number);
    const bool waits = slip->state == SLIP_ISSUED && slip->reply_due != 0;
    agenda_set(&slips->agenda, number, waits ? agenda_minute_of_s(slip_lapses_at(slip)) : 0);
}

void slips_issued(struct slips *slips, uint64_t seq, const struct slip_issued_body *body, uint8_t kind,
                  uint32_t *first) {
    uint32_t number;
    struct slip *row = table_add(&slips->rows, &number);
    *row = (struct slip){.seq = seq,
                         .subject = body->subject,
                         .next = *first,
                         .issued_at = body->at,
                         .reply_due = body->reply_due,
                         .agency = body->agency,
                         .level = body->level,
                         .state = SLIP_ISSUED,
                         .rule = body->rule,
                         .kind = kind};
    *first = number;
    wake(slips, number);
}

void slips_moved(struct slips *slips, uint64_t seq, const struct slip_moved_body *body) {
    struct slip *row = slips_row(slips, body->slip);
    row->seq = seq;
    row->state = body->state;
    row->reply_due = body->reply_due;
    wake(slips, body->slip);
}
