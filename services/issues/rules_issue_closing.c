#include "issues/rules_issue.h"

/* What the enterprise says of the answer, and who signs off. */

enum { ROUND_OF_RAISING = 3 /* this one and every further one go up a level by themselves */ };

/* Silence is taken as a word when its time has passed, whether or not time has said so yet. */
static bool is_in_time(struct deciding *d, const struct issue_moving *m) {
    return m->row->until_day == 0 || m->day <= m->row->until_day ||
           issue_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "occurred_at_ms");
}

bool issue_is_confirmed(struct deciding *d, struct issue_moving *m) {
    return is_in_time(d, m);
}

/* A new round has a new clock; parts that were done stay done. */
bool issue_goes_round(struct deciding *d, struct issue_moving *m) {
    if (!is_in_time(d, m)) {
        return false;
    }
    m->body->round = m->row->round < UINT8_MAX ? m->row->round + 1 : m->row->round;
    if (m->body->round >= ROUND_OF_RAISING && m->body->level < ISSUE_LEVEL_MAX) {
        m->body->level++;
    }
    return issue_begins_clock(d, m);
}

/* Not who answered, and nobody of the lead or a cooperating unit. */
bool issue_signs_off(struct deciding *d, struct issue_moving *m) {
    const bool is_of_unit =
        d->agency != 0 && (m->row->lead == d->agency || issue_part_of(d->self, m->row, d->agency) != 0);
    return (!is_of_unit && m->row->answered_by != m->body->principal) ||
           issue_refuse(d, ISSUES__V1__CODE__CODE_SAME_PERSON, "actor");
}
