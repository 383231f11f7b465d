#include "issues/query_internal.h"

/* Questions about river clues, slips and agencies. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

static bool is_overdue(const struct issues_asking *a, const struct clue *row) {
    return row->due != 0 && row->due < a->today;
}

/* NULL: a code. */
static Issues__V1__Clue *make_clue(struct issues_asking *a, uint32_t number) {
    struct clue *row = issues_clue(a->self, number);
    Issues__V1__Clue *out = ask_take(a, sizeof *out);
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

void ask_get_clue(struct issues_asking *a, const Issues__V1__GetClue *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND(CLUE), query->clue_number);
    if (record.row != 0) {
        answer->clue = make_clue(a, record.row);
        answer->body_case = ISSUES__V1__ANSWER__BODY_CLUE;
    }
}

void ask_list_clues(struct issues_asking *a, const Issues__V1__ListClues *query, Issues__V1__Answer *answer) {
    const uint32_t rows_max = ask_rows(query->limit);
    uint32_t looks = QUERY_LOOKS_MAX, row = ask_first_row(query->after, a->self->clues.count);
    Issues__V1__Clues *out = ask_take(a, sizeof *out);
    Issues__V1__Clue **list = ask_take(a, rows_max * sizeof *list);
    if (out == NULL || list == NULL) {
        return;
    }
    issues__v1__clues__init(out);
    for (; row != 0 && looks != 0 && out->n_clues < rows_max && a->code == 0; row--, looks--) {
        const struct clue *clue = issues_clue(a->self, row);
        if ((query->state == 0 || clue->state == (uint8_t)query->state) && (query->region == 0 || clue->region == query->region) &&
            (!query->overdue || is_overdue(a, clue)) && ask_may_see(a, RECORD_CLUE(row))) {
            list[out->n_clues++] = make_clue(a, row);
        }
    }
    out->clues = list;
    out->next = row == 0 ? 0 : row + 1;
    answer->clues = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_CLUES;
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

static Issues__V1__Slip *make_slip(struct issues_asking *a, uint32_t number) {
    const struct slip *slip = issues_slip(a->self, number);
    Issues__V1__Slip *out = ask_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    issues__v1__slip__init(out);
    out->slip = number;
    out->kind = (Issues__V1__RecordKind)slip->kind;
    out->number = ask_text(record_number(a->self, (struct record){(Issues__V1__RecordKind)slip->kind, slip->subject}));
    out->agency = issues_agency(a->self, slip->agency)->code;
    out->level = slip->level;
    out->state = (Common__V1__SlipState)slip->state;
    out->rule = ask_text(rule_name(slip->rule));
    out->issued_at_ms = (int64_t)slip->issued_at * 1000;
    out->reply_due_day = (uint32_t)slip->reply_due;
    return out;
}

void ask_list_record_slips(struct issues_asking *a, const Issues__V1__ListSlips *query, Issues__V1__Answer *answer) {
    const uint32_t rows_max = ask_rows(query->limit);
    uint32_t agency, looks = QUERY_LOOKS_MAX, row = ask_first_row(query->after, a->self->slips.rows.count);
    if (!ask_list_agency(a, query->agency, &agency)) {
        return;
    }
    Issues__V1__Slips *out = ask_take(a, sizeof *out);
    Issues__V1__Slip **list = ask_take(a, rows_max * sizeof *list);
    if (out == NULL || list == NULL) {
        return;
    }
    issues__v1__slips__init(out);
    for (; row != 0 && looks != 0 && out->n_slips < rows_max && a->code == 0; row--, looks--) {
        const struct slip *slip = issues_slip(a->self, row);
        if ((query->with_ended || slip_is_open(slip)) && (agency == 0 || slip->agency == agency)) {
            list[out->n_slips++] = make_slip(a, row);
        }
    }
    out->slips = list;
    out->next = row == 0 ? 0 : row + 1;
    answer->slips = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_SLIPS;
}

/* --- agencies --- */

void ask_list_agencies(struct issues_asking *a, Issues__V1__Answer *answer) {
    const uint32_t count = a->self->agencies.rows.count;
    Common__V1__Agencies *out = ask_take(a, sizeof *out);
    Common__V1__Agency *rows = ask_take(a, (count + 1) * sizeof *rows);
    Common__V1__Agency **list = ask_take(a, (count + 1) * sizeof *list);
    if (a->code != 0) {
        return;
    }
    common__v1__agencies__init(out);
    for (uint32_t i = 0; i < count; i++) {
        struct agency *row = issues_agency(a->self, i + 1);
        common__v1__agency__init(&rows[i]);
        rows[i].agency = row->code;
        rows[i].name = row->name;
        rows[i].region = row->region;
        rows[i].window = row->is_window != 0;
        list[i] = &rows[i];
    }
    out->n_agencies = count;
    out->agencies = list;
    answer->agencies = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_AGENCIES;
}
