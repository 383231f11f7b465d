#include "approvals/query_internal.h"
#include "approvals/rules.h"

/* Lists: a walk over rows from the newest down, within a bound. The cursor is a row number, so what is added meanwhile
 * changes no page. */

/* --- cases --- */

/* A list of cases on its way. */
struct cases {
    struct asking *asking;
    const Approvals__V1__ListCases *query;
    uint32_t agency; /* 0: any */
    uint32_t looks;  /* left */
    Approvals__V1__Cases *out;
    uint32_t rows_max;
};

static bool is_due_between(const struct cases *c, const struct approval_case *row) {
    const uint32_t from = c->query->due_from, until = c->query->due_until;
    if (from == 0 && until == 0) {
        return true;
    }
    const uint32_t due = (uint32_t)(row->promised_due != 0 ? row->promised_due : row->statutory_due);
    return due != 0 && due >= from && (until == 0 || due <= until);
}

/* The clocks of a case that is worked on; of others the light follows from the state. */
static bool has_light(struct cases *c, const struct approval_case *row) {
    if (c->query->light == APPROVALS__V1__LIGHT__LIGHT_UNSPECIFIED) {
        return true;
    }
    if (row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_ACCEPTED ||
        row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW) {
        c->looks -= c->looks < QUERY_LOOKS_OF_LIGHT ? c->looks : QUERY_LOOKS_OF_LIGHT - 1;
    }
    return case_light(c->asking->self, row, c->asking->today) == (int)c->query->light;
}

static bool is_listed(struct cases *c, const struct approval_case *row) {
    return (c->query->state == APPROVALS__V1__CASE_STATE__CASE_STATE_UNSPECIFIED ||
            row->state == (uint8_t)c->query->state) &&
           (c->agency == 0 || query_has_part(c->asking->self, row, c->agency)) && is_due_between(c, row) &&
           has_light(c, row);
}

static void fill_cases(struct cases *c) {
    uint32_t row = asking_first_row(c->query->after, approvals_asked(c->asking)->cases.count);
    for (; row != 0 && c->looks != 0 && c->out->n_cases < c->rows_max && c->asking->code == 0; row--) {
        c->looks--;
        if (is_listed(c, approvals_case(c->asking->self, row))) {
            c->out->cases[c->out->n_cases++] = query_case(c->asking, row, c->asking->today);
        }
    }
    c->out->next = row == 0 ? 0 : row + 1;
}

void query_list_cases(struct asking *a, const Approvals__V1__ListCases *query, Approvals__V1__Answer *answer) {
    struct cases c = {.asking = a, .query = query, .looks = ASKING_LOOKS_MAX, .rows_max = asking_rows(query->limit)};
    if (!query_list_agency(a, query->agency, &c.agency)) {
        return;
    }
    c.out = asking_take(a, sizeof *c.out);
    Approvals__V1__Case **list = asking_take(a, c.rows_max * sizeof *list);
    if (c.out == NULL || list == NULL) {
        return;
    }
    approvals__v1__cases__init(c.out);
    c.out->cases = list;
    fill_cases(&c);
    answer->cases = c.out;
    answer->body_case = APPROVALS__V1__ANSWER__BODY_CASES;
}

/* --- slips --- */

static const char *rule_name(uint8_t rule) {
    switch ((enum slip_rule)rule) {
    case SLIP_PROMISED_PASSED:
        return "promised_passed";
    case SLIP_STATUTORY_PASSED:
        return "statutory_passed";
    case SLIP_BY_SUPERVISOR:
        return "supervisor";
    }
    return "";
}

static void *make_slip(struct asking *a, uint32_t row) {
    const struct slip *slip = approvals_slip(a->self, row);
    Approvals__V1__Slip *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    approvals__v1__slip__init(out);
    out->slip = row;
    out->case_number = approvals_case(a->self, slip->subject)->number;
    out->agency = approvals_agency(a->self, slip->agency)->code;
    out->level = slip->level;
    out->state = (Common__V1__SlipState)slip->state;
    out->rule = asking_text(rule_name(slip->rule));
    out->issued_at_ms = (int64_t)slip->issued_at * 1000;
    out->reply_due_day = (uint32_t)slip->reply_due;
    return out;
}

/* Of a list of slips. */
struct slips_wanted {
    bool with_ended;
    uint32_t agency; /* 0: any */
};

static bool is_slip_wanted(const struct asking *a, const void *filter, uint32_t row) {
    const struct slips_wanted *wanted = filter;
    const struct slip *slip = approvals_slip(a->self, row);
    return (wanted->with_ended || slip_is_open(slip)) && (wanted->agency == 0 || slip->agency == wanted->agency);
}

void query_list_slips(struct asking *a, const Approvals__V1__ListSlips *query, Approvals__V1__Answer *answer) {
    struct slips_wanted wanted = {.with_ended = query->with_ended};
    const struct asking_list list = {.count = approvals_asked(a)->slips.rows.count,
                                     .after = query->after,
                                     .limit = query->limit,
                                     .looks = ASKING_LOOKS_MAX,
                                     .is_wanted = is_slip_wanted,
                                     .make = make_slip,
                                     .filter = &wanted};
    Approvals__V1__Slips *out =
        query_list_agency(a, query->agency, &wanted.agency) ? asking_take(a, sizeof *out) : NULL;
    if (out == NULL) {
        return;
    }
    approvals__v1__slips__init(out);
    out->slips = (Approvals__V1__Slip **)asking_page(a, &list, &out->n_slips, &out->next);
    answer->slips = out;
    answer->body_case = APPROVALS__V1__ANSWER__BODY_SLIPS;
}
