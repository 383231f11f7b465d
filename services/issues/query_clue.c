#include "issues/query_internal.h"

/* Questions about river clues, and about slips. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

static bool is_overdue(const struct asking *a, const struct clue *row) {
    return row->due != 0 && row->due < a->today;
}

/* NULL: a code. */
static void *make_clue(struct asking *a, uint32_t number) {
    struct clue *row = issues_clue(a->self, number);
    Issues__V1__Clue *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    issues__v1__clue__init(out);
    out->clue_number = row->number;
    out->state = (Issues__V1__ClueState)row->state;
    out->kind = (Issues__V1__ClueKind)row->kind;
    out->grade = (Issues__V1__ClueGrade)row->grade;
    out->river = row->river;
    out->region = row->region;
    out->agency = issues_agency(a->self, row->agency)->code;
    out->procuratorate = issues_agency(a->self, row->procuratorate)->code;
    out->found_at_ms = (int64_t)row->found_at * 1000;
    out->transferred_at_ms = (int64_t)row->transferred_at * 1000;
    out->due_day = (uint32_t)row->due;
    out->overdue = is_overdue(a, row);
    out->version = row->last_seq;
    return out;
}

void ask_get_clue(struct asking *a, const Issues__V1__GetClue *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND(CLUE), query->clue_number);
    if (record.row != 0) {
        answer->clue = make_clue(a, record.row);
        answer->body_case = ISSUES__V1__ANSWER__BODY_CLUE;
    }
}

static bool is_wanted(const struct asking *a, const void *filter, uint32_t number) {
    const Issues__V1__ListClues *query = filter;
    const struct clue *row = issues_clue(a->self, number);
    return (query->state == 0 || row->state == (uint8_t)query->state) &&
           (query->region == 0 || row->region == query->region) && (!query->overdue || is_overdue(a, row)) &&
           (a->sees_all || ask_is_of(a->self, RECORD_CLUE(number), a->agency));
}

void ask_list_clues(struct asking *a, const Issues__V1__ListClues *query, Issues__V1__Answer *answer) {
    const struct asking_list list = {.count = issues_asked(a)->clues.count,
                                     .after = query->after,
                                     .limit = query->limit,
                                     .looks = ASKING_LOOKS_MAX,
                                     .is_wanted = is_wanted,
                                     .make = make_clue,
                                     .filter = query};
    uint32_t agency;
    Issues__V1__Clues *out = ask_list_agency(a, "", &agency) ? asking_take(a, sizeof *out) : NULL;
    if (out != NULL) {
        issues__v1__clues__init(out);
        out->clues = (Issues__V1__Clue **)asking_page(a, &list, &out->n_clues, &out->next);
        answer->clues = out;
        answer->body_case = ISSUES__V1__ANSWER__BODY_CLUES;
    }
}

/* --- slips --- */

static const char *rule_name(uint8_t rule) {
    switch ((enum issues_slip_rule)rule) {
    case ISSUES_SLIP_OVERDUE:
        return "overdue";
    case ISSUES_SLIP_PART_LATE:
        return "part_late";
    case ISSUES_SLIP_TASK_LAG:
        return "task_lag";
    case ISSUES_SLIP_CLUE_LATE:
        return "clue_late";
    case ISSUES_SLIP_RECEIPT_LATE:
        return "receipt_late";
    case ISSUES_SLIP_DECISION_LATE:
        return "decision_late";
    case ISSUES_SLIP_REPLY_LATE:
        return "reply_late";
    case ISSUES_SLIP_CONFIRMATION:
        return "confirmation";
    case ISSUES_SLIP_BY_SUPERVISOR:
        return "supervisor";
    }
    return "";
}

static void *make_slip(struct asking *a, uint32_t number) {
    const struct slip *slip = issues_slip(a->self, number);
    Issues__V1__Slip *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    issues__v1__slip__init(out);
    out->slip = number;
    out->kind = (Issues__V1__RecordKind)slip->kind;
    out->number =
        asking_text(record_number(a->self, (struct record){(Issues__V1__RecordKind)slip->kind, slip->subject}));
    out->agency = issues_agency(a->self, slip->agency)->code;
    out->level = slip->level;
    out->state = (Common__V1__SlipState)slip->state;
    out->rule = asking_text(rule_name(slip->rule));
    out->issued_at_ms = (int64_t)slip->issued_at * 1000;
    out->reply_due_day = (uint32_t)slip->reply_due;
    return out;
}

static bool is_slip_wanted(const struct asking *a, const void *filter, uint32_t number) {
    const struct ask_filter *wanted = filter;
    const Issues__V1__ListSlips *query = wanted->query;
    const struct slip *slip = issues_slip(a->self, number);
    return (query->with_ended || slip_is_open(slip)) && (wanted->agency == 0 || slip->agency == wanted->agency);
}

void ask_list_record_slips(struct asking *a, const Issues__V1__ListSlips *query, Issues__V1__Answer *answer) {
    struct ask_filter wanted = {.query = query};
    const struct asking_list list = {.count = issues_asked(a)->slips.rows.count,
                                     .after = query->after,
                                     .limit = query->limit,
                                     .looks = ASKING_LOOKS_MAX,
                                     .is_wanted = is_slip_wanted,
                                     .make = make_slip,
                                     .filter = &wanted};
    Issues__V1__Slips *out = ask_list_agency(a, query->agency, &wanted.agency) ? asking_take(a, sizeof *out) : NULL;
    if (out != NULL) {
        issues__v1__slips__init(out);
        out->slips = (Issues__V1__Slip **)asking_page(a, &list, &out->n_slips, &out->next);
        answer->slips = out;
        answer->body_case = ISSUES__V1__ANSWER__BODY_SLIPS;
    }
}
