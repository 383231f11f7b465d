#include <string.h>

#include "visits/rules_statement.h"

/*
 * ReportVisit, and the short forms of some of its statements. Here is what each of them says; what becomes of it is in
 * rules_statement.c.
 */

static uint32_t occurred(const struct deciding *d) {
    return rules_seconds(d->command->occurred_at_ms);
}

static void says_end(struct statement *s, uint32_t closed_at, unsigned flags) {
    s->said.row.closed_at = closed_at;
    s->said.row.end_recorded = s->recorded;
    s->said.row.flags |= (uint16_t)flags;
}

/* --- short forms --- */

void rules_close_visit(struct deciding *d, const Visits__V1__CloseVisit *body) {
    struct statement s = {.opens = false};
    if (statement_begin(d, body->visit_number, body->recorded_at_ms, &s)) {
        says_end(&s, occurred(d), 0);
        statement_decide(d, &s);
    }
}

void rules_change_class(struct deciding *d, const Visits__V1__ChangeClass *body) {
    struct statement s = {.opens = false};
    if (body->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_class");
        return;
    }
    if (statement_begin(d, body->visit_number, body->recorded_at_ms, &s)) {
        statement_says_class(&s, body->visit_class, VISIT_CLASS_CHANGED);
        statement_decide(d, &s);
    }
}

void rules_cancel_visit(struct deciding *d, const Visits__V1__CancelVisit *body) {
    struct statement s = {.makes = true};
    if (statement_begin(d, body->visit_number, body->recorded_at_ms, &s)) {
        s.said.row.cancel_recorded = s.recorded;
        statement_decide(d, &s);
    }
}

/* --- ReportVisit: form --- */

/* What statements need and do, a row each, by visits.v1.VisitStatement. */
struct kind {
    bool opens;
    bool needs_class;
    bool may_create;    /* where the command says so: it proves a stay, or (an update) that there is a visit */
    bool keeps_unknown; /* says something of a visit that is not known, for what may come later */
};
static const struct kind kinds[] = {
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_OPENED] = {.opens = true, .needs_class = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_PRE_ADMITTED] = {.opens = true, .needs_class = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UPDATED] = {.needs_class = true, .may_create = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_MOVED] = {.may_create = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_MOVE_CANCELLED] = {.keeps_unknown = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLOSED] = {.may_create = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_REOPENED] = {.may_create = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLASS_CHANGED] = {.needs_class = true, .may_create = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CANCELLED] = {.keeps_unknown = true},
    [VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_PRE_ADMISSION_CANCELLED] = {.keeps_unknown = true},
};

#define DEPARTMENT_BYTES_MAX 32

static bool is_too_long(struct deciding *d, const char *text, size_t bytes_max, const char *field) {
    if (strlen(text) > bytes_max) {
        rules_refuse(d, VISITS__V1__CODE__CODE_FIELD_TOO_LONG, field);
        return true;
    }
    return false;
}

/* A beginning is said by openings, by updates that give it, and by what makes a visit. */
static bool says_begin(const struct kind *kind, const Visits__V1__ReportVisit *body) {
    const bool updates = body->statement == VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UPDATED;
    return kind->opens || (updates && body->opened_at_ms != 0) || (kind->may_create && body->may_create);
}

static bool check_form(struct deciding *d, const struct kind *kind, const Visits__V1__ReportVisit *body) {
    if (kind->needs_class && body->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_class");
        return false;
    }
    if (says_begin(kind, body) && body->card_kind == VISITS__V1__CARD_KIND__CARD_KIND_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "card_kind");
        return false;
    }
    if (body->opened_at_ms != 0 && rules_seconds(body->opened_at_ms) == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_BAD_TIME, "opened_at_ms");
        return false;
    }
    return !is_too_long(d, body->former_number, VISITS_NUMBER_BYTES_MAX, "former_number") &&
           !is_too_long(d, body->movement, VISITS_NUMBER_BYTES_MAX, "movement") &&
           !is_too_long(d, body->department, DEPARTMENT_BYTES_MAX, "department");
}

/* --- what it says --- */

/* With the table of departments full it is not kept: nothing counts by it. */
static void says_department(const struct deciding *d, const Visits__V1__ReportVisit *body, struct statement *s) {
    if (body->department[0] == 0) {
        return;
    }
    s->department = (struct department){.facility = d->facility_row};
    memcpy(s->department.code, body->department, strlen(body->department));
    if (!table_is_full(&d->self->departments) || visits_find_department(d->self, &s->department) != 0) {
        s->said.place = s->department.code;
        s->said.row.place_recorded = s->recorded;
    }
}

static void says_rescue(struct deciding *d, const Visits__V1__RescueTimes *times, struct statement *s) {
    if (times == NULL) {
        return;
    }
    const uint32_t called_at = rules_seconds(times->called_at_ms);
    const uint32_t arrived_at = rules_seconds(times->arrived_at_ms);
    if (called_at == 0 || arrived_at < called_at) {
        rules_warn(d, COMMON__V1__CODE__CODE_BAD_TIME, "rescue");
        return;
    }
    s->said.extra.called_at = called_at;
    s->said.extra.arrived_at = arrived_at;
    s->said.extra.is_urban = times->urban != 0;
    s->said.extra.rescue_recorded = s->recorded;
}

/* The registers that depend on the statement. `creates`: it is one that may make a visit, and may here. */
static void says_own(const struct deciding *d, const Visits__V1__ReportVisit *body, bool creates, struct statement *s) {
    switch (body->statement) {
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_PRE_ADMITTED:
        s->is_pre = true;
        s->said.row.flags |= VISIT_PRE_KNOWN;
        break;
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLOSED:
        says_end(s, occurred(d), 0);
        break;
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_REOPENED:
        says_end(s, 0, VISIT_REOPENED);
        break;
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CANCELLED:
        s->voids_movement = d->keys->movement != 0;
        s->said.row.cancel_recorded = s->voids_movement ? 0 : s->recorded;
        break;
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_PRE_ADMISSION_CANCELLED:
        s->said.row.flags |= VISIT_PRE_KNOWN;
        s->said.extra.pre_cancel_recorded = s->recorded;
        break;
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UNSPECIFIED:
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_OPENED:
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UPDATED:
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_MOVED:
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_MOVE_CANCELLED:
    case VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLASS_CHANGED:
    case _VISITS__V1__VISIT_STATEMENT_IS_INT_SIZE:
        break;
    }
    if (creates) {
        s->may_own = true;
        s->said.row.flags |=
            body->statement == VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UPDATED ? VISIT_UPDATED : VISIT_STAY_PROVEN;
    }
}

static void says_begin_and_class(const struct deciding *d, const struct kind *kind, const Visits__V1__ReportVisit *body,
                                 bool creates, struct statement *s) {
    const bool is_change = body->statement == VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLASS_CHANGED;
    const bool updates = body->statement == VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UPDATED;
    if (says_begin(kind, body)) {
        const uint32_t opened_at = body->opened_at_ms != 0 ? rules_seconds(body->opened_at_ms) : occurred(d);
        const bool is_strong = kind->opens || (updates && body->opened_at_ms != 0);
        statement_says_begin(s, opened_at, body->card_kind, !is_strong);
    }
    if (kind->needs_class) {
        statement_says_class(s, body->visit_class, is_change ? VISIT_CLASS_CHANGED : 0);
    } else if (creates && body->visit_class != VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        statement_says_class(s, body->visit_class, VISIT_CLASS_WEAK);
    }
}

void rules_report_visit(struct deciding *d, const Visits__V1__ReportVisit *body) {
    if (body->statement <= VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_UNSPECIFIED ||
        (size_t)body->statement >= sizeof kinds / sizeof kinds[0]) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "statement");
        return;
    }
    const struct kind *kind = &kinds[body->statement];
    const bool creates = kind->may_create && body->may_create;
    struct statement s = {.opens = kind->opens};
    s.makes = kind->opens || creates || kind->keeps_unknown;
    if (!check_form(d, kind, body) ||
        !(kind->opens || creates ? statement_needs_person(d, &s) : statement_takes_person(d, &s)) ||
        !statement_begin(d, body->visit_number, body->recorded_at_ms, &s)) {
        return;
    }
    says_begin_and_class(d, kind, body, creates, &s);
    says_own(d, body, creates, &s);
    says_department(d, body, &s);
    says_rescue(d, body->rescue, &s);
    statement_decide(d, &s);
}
