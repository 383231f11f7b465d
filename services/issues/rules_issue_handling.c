#include "base/civil.h"
#include "issues/rules_issue.h"

/* What the unit in charge and the cooperating ones do, and how long they have for it. */

enum { EXTENSION_WORKDAYS_MAX = 15 };

/* Days that fit into the times of this registry with a day to spare. */
#define UNTIL_DAY_MAX (UINT32_MAX / 86400 - 2)

bool issue_begins_clock(struct deciding *d, struct issue_moving *m) {
    const struct issues *self = d->self;
    m->body->due = record_nth_workday(self, m->day, self->options.class_workdays[m->row->class]);
    m->body->until_day = 0;
    m->body->extension = 0;
    m->body->flags &= (uint16_t) ~(ISSUE_WARNED | ISSUE_OVERDUE | ISSUE_REVIEW_DUE);
    return m->body->due != 0 || issue_refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
}

bool issue_does_part(struct deciding *d, struct issue_moving *m) {
    m->body->part = issue_part_of(d->self, m->row, d->agency);
    return (issues_part(d->self, m->body->part)->flags & PART_DONE) == 0 ||
           issue_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
}

/* --- extension --- */

/* The last day by the calendar as it is known now, which a notice may have changed since it was planned. False:
 * refused. */
static bool find_due(struct deciding *d, const struct issue *row, int32_t *due) {
    *due = issue_due(d->self, row);
    return *due != 0 || issue_refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
}

/* At least one workday before it is due, once. */
bool issue_asks_extension(struct deciding *d, struct issue_moving *m) {
    const int32_t next = record_nth_workday(d->self, m->day, 1);
    int32_t due;
    if ((m->row->flags & (ISSUE_EXTENSION_ASKED | ISSUE_EXTENDED)) != 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "step");
    }
    if (!find_due(d, m->row, &due)) {
        return false;
    }
    if (next == 0 || next > due) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "occurred_at_ms");
    }
    m->body->flags |= ISSUE_EXTENSION_ASKED;
    return true;
}

static bool check_extension(struct deciding *d, const struct issue_moving *m) {
    int32_t due;
    if ((m->row->flags & ISSUE_EXTENSION_ASKED) == 0 || (m->row->flags & ISSUE_EXTENDED) != 0) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "step");
    }
    if (m->said->extension > EXTENSION_WORKDAYS_MAX) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "extension");
    }
    return find_due(d, m->row, &due) &&
           (m->day <= due || issue_refuse(d, ISSUES__V1__CODE__CODE_EXTENSION_NOT_ALLOWED, "occurred_at_ms"));
}

/* The warning is said again where it comes later now. */
bool issue_extends(struct deciding *d, struct issue_moving *m) {
    struct issue after = *m->row;
    if (!check_extension(d, m)) {
        return false;
    }
    after.extension = m->body->extension = (uint8_t)m->said->extension;
    m->body->flags |= ISSUE_EXTENDED;
    if (issue_yellow_day(d->self, &after) > m->day) {
        m->body->flags &= (uint16_t)~ISSUE_WARNED;
    }
    return find_due(d, &after, &m->body->due);
}

/* --- the answer --- */

static bool are_parts_done(const struct issues *self, const struct issue *row) {
    uint32_t part = row->first_part;
    while (part != 0 && (issues_part(self, part)->flags & PART_DONE) != 0) {
        part = issues_part(self, part)->next;
    }
    return part == 0;
}

/* Its verdict is that of the calendar known now, for ever. Then the enterprise has its time to say a word. */
bool issue_answers(struct deciding *d, struct issue_moving *m) {
    const struct issues *self = d->self;
    int32_t charged, due;
    if (!are_parts_done(self, m->row)) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_PART_NOT_DONE, "step");
    }
    m->body->until_day = record_nth_workday(self, m->day, self->options.silence_workdays);
    if (m->body->until_day == 0 || !issue_charged(self, m->row, m->day, &charged)) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_CALENDAR_HORIZON, "occurred_at_ms");
    }
    if (!find_due(d, m->row, &due)) {
        return false;
    }
    m->body->charged = (uint16_t)(charged < UINT16_MAX ? charged : UINT16_MAX);
    m->body->flags = (uint16_t)(m->day <= due ? m->body->flags | ISSUE_ON_TIME : m->body->flags & ~ISSUE_ON_TIME);
    return true;
}

/* --- up, aside and back --- */

bool issue_raises(struct deciding *d, struct issue_moving *m) {
    if (m->row->level >= ISSUE_LEVEL_MAX) {
        return issue_refuse(d, ISSUES__V1__CODE__CODE_WRONG_ORDER, "step");
    }
    m->body->level++;
    return true;
}

/* It stays open, in no clock, until a day on which it is looked at again. */
bool issue_waits_long(struct deciding *d, struct issue_moving *m) {
    if (m->said->until_day < (uint32_t)m->day || m->said->until_day > UNTIL_DAY_MAX) {
        return issue_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "until_day");
    }
    m->body->until_day = (int32_t)m->said->until_day;
    return true;
}

bool issue_resumes(struct deciding *d, struct issue_moving *m) {
    return issue_begins_clock(d, m);
}
