#include "issues/query_internal.h"

#include "base/civil.h"
#include "issues/issue_steps.h"

/* Questions about enterprise issues, what they are about, and the rules that they cite. */

#define KIND_ISSUE ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE

static int64_t ms_of(uint32_t seconds) {
    return (int64_t)seconds * 1000;
}

static void add_parts(struct issues_asking *a, const struct issue *row, Issues__V1__Issue *out) {
    Issues__V1__Part *parts = ask_take(a, ISSUES_PARTS_MAX * sizeof *parts);
    Issues__V1__Part **list = ask_take(a, ISSUES_PARTS_MAX * sizeof *list);
    for (uint32_t part = row->first_part; part != 0 && parts != NULL && list != NULL && out->n_cooperating < ISSUES_PARTS_MAX;
         part = issues_part(a->self, part)->next) {
        const struct record_part *of = issues_part(a->self, part);
        const size_t i = out->n_cooperating++;
        issues__v1__part__init(&parts[i]);
        parts[i].agency = issues_agency(a->self, of->agency)->code;
        parts[i].done = (of->flags & PART_DONE) != 0;
        parts[i].due_day = (uint32_t)of->due;
        list[i] = &parts[i];
    }
    out->cooperating = list;
}

static void add_rules(struct issues_asking *a, uint64_t cites, Issues__V1__Issue *out) {
    out->rules = ask_take(a, ISSUES_CONTACT_RULES_MAX * sizeof *out->rules);
    for (uint32_t rule = 1; cites != 0 && out->rules != NULL; rule++, cites >>= 1) {
        if ((cites & 1) != 0) {
            out->rules[out->n_rules++] = issues_contact_rule(a->self, rule)->code;
        }
    }
}

/* Why it is due when it is. */
static void add_clock(const struct issues_asking *a, const struct issue *row, Issues__V1__Issue *out) {
    const struct calendar calendar = issues_calendar(a->self);
    int32_t days;
    out->limit_workdays = a->self->options.class_workdays[row->class];
    out->extension = row->extension;
    out->due_day = (uint32_t)row->due;
    out->light = issue_light(a->self, row, a->today);
    out->charged_days = row->charged;
    if (!issue_has_clock(row->state)) {
        return;
    }
    if (issue_charged(a->self, row, a->today, &days)) {
        out->charged_days = (uint32_t)days;
    }
    if (row->due != 0 && row->due >= a->today && calendar_workdays(&calendar, a->today, row->due, &days)) {
        out->remaining_days = days;
    } else if (row->due != 0 && row->due < a->today && calendar_workdays(&calendar, row->due, a->today, &days)) {
        out->remaining_days = -days;
    }
}

/* NULL: a code. */
static Issues__V1__Issue *make_issue(struct issues_asking *a, uint32_t number) {
    struct issue *row = issues_issue(a->self, number);
    Issues__V1__Issue *out = ask_take(a, sizeof *out);
    char *credit_code = ask_take(a, sizeof row->credit_code + 1);
    if (out == NULL || credit_code == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof row->credit_code; i++) {
        credit_code[i] = row->credit_code[i];
    }
    issues__v1__issue__init(out);
    out->issue_number = row->number;
    out->state = (Issues__V1__IssueState)row->state;
    out->class_ = (Issues__V1__IssueClass)row->class;
    out->topic = (Issues__V1__IssueTopic)row->topic;
    out->region = row->region;
    out->credit_code = credit_code;
    out->lead = issues_agency(a->self, row->lead)->code;
    out->item_code = issues_about(a->self, row->about_item)->code;
    out->task_number = issues_about(a->self, row->about_task)->code;
    out->duplicate_of = issues_issue(a->self, row->duplicate_of)->number;
    out->level = row->level;
    out->round = row->round;
    out->registered_at_ms = ms_of(row->registered_at);
    out->dispatched_at_ms = ms_of(row->dispatched_at);
    out->answered_at_ms = ms_of(row->answered_at);
    out->resolved_at_ms = ms_of(row->resolved_at);
    out->confirmed = (row->flags & ISSUE_CONFIRMED) != 0;
    out->version = row->last_seq;
    add_parts(a, row, out);
    add_rules(a, row->cites, out);
    add_clock(a, row, out);
    return a->code == 0 ? out : NULL;
}

void ask_get_issue(struct issues_asking *a, const Issues__V1__GetIssue *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND_ISSUE, query->issue_number);
    if (record.row != 0) {
        answer->issue = make_issue(a, record.row);
        answer->body_case = ISSUES__V1__ANSWER__BODY_ISSUE;
    }
}

static bool is_wanted(const struct issues_asking *a, const Issues__V1__ListIssues *query, uint32_t number, uint32_t agency) {
    const struct issue *row = issues_issue(a->self, number);
    return (query->state == 0 || row->state == (uint8_t)query->state) && (!query->overdue || (row->flags & ISSUE_OVERDUE) != 0) &&
           (agency == 0 || ask_is_of(a->self, RECORD_ISSUE(number), agency));
}

void ask_list_issues(struct issues_asking *a, const Issues__V1__ListIssues *query, Issues__V1__Answer *answer) {
    const uint32_t rows_max = ask_rows(query->limit);
    uint32_t agency, looks = QUERY_LOOKS_MAX, row = ask_first_row(query->after, a->self->issues.count);
    if (!ask_list_agency(a, query->agency, &agency)) {
        return;
    }
    Issues__V1__Issues *out = ask_take(a, sizeof *out);
    Issues__V1__Issue **list = ask_take(a, rows_max * sizeof *list);
    if (out == NULL || list == NULL) {
        return;
    }
    issues__v1__issues__init(out);
    for (; row != 0 && looks != 0 && out->n_issues < rows_max && a->code == 0; row--, looks--) {
        if (is_wanted(a, query, row, agency)) {
            list[out->n_issues++] = make_issue(a, row);
        }
    }
    out->issues = list;
    out->next = row == 0 ? 0 : row + 1;
    answer->issues = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_ISSUES;
}

/* --- what stalls enterprises --- */

/* Most open ones first, then most of all. */
static bool is_before(const struct about *x, const struct about *y) {
    return x->open != y->open ? x->open > y->open : x->issues > y->issues;
}

/* The first so many of all, kept sorted. */
static uint32_t choose(const struct issues *self, uint32_t *rows, uint32_t rows_max) {
    uint32_t count = 0;
    for (uint32_t number = 1; number <= self->abouts.count; number++) {
        const struct about *about = issues_about(self, number);
        if (about->issues == 0 || (count == rows_max && !is_before(about, issues_about(self, rows[count - 1])))) {
            continue;
        }
        uint32_t place = count < rows_max ? count++ : count - 1;
        for (; place > 0 && is_before(about, issues_about(self, rows[place - 1])); place--) {
            rows[place] = rows[place - 1];
        }
        rows[place] = number;
    }
    return count;
}

void ask_list_stalls(struct issues_asking *a, const Issues__V1__ListStalls *query, Issues__V1__Answer *answer) {
    const uint32_t rows_max = ask_rows(query->limit);
    Issues__V1__Stalls *out = ask_take(a, sizeof *out);
    Issues__V1__Stall *stalls = ask_take(a, rows_max * sizeof *stalls);
    Issues__V1__Stall **list = ask_take(a, rows_max * sizeof *list);
    uint32_t *rows = ask_take(a, rows_max * sizeof *rows);
    if (!a->sees_all) {
        a->code = COMMON__V1__CODE__CODE_FORBIDDEN;
    }
    if (a->code != 0) {
        return;
    }
    issues__v1__stalls__init(out);
    out->n_stalls = choose(a->self, rows, rows_max);
    out->stalls = list;
    for (size_t i = 0; i < out->n_stalls; i++) {
        struct about *about = issues_about(a->self, rows[i]);
        issues__v1__stall__init(&stalls[i]);
        *(about->is_task ? &stalls[i].task_number : &stalls[i].item_code) = about->code;
        stalls[i].issues = about->issues;
        stalls[i].open = about->open;
        stalls[i].overdue = about->overdue;
        list[i] = &stalls[i];
    }
    answer->stalls = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_STALLS;
}

void ask_list_contact_rules(struct issues_asking *a, Issues__V1__Answer *answer) {
    const uint32_t count = a->self->contact_rules.count;
    Issues__V1__ContactRules *out = ask_take(a, sizeof *out);
    Issues__V1__ContactRule *rules = ask_take(a, (count + 1) * sizeof *rules);
    Issues__V1__ContactRule **list = ask_take(a, (count + 1) * sizeof *list);
    if (a->code != 0) {
        return;
    }
    issues__v1__contact_rules__init(out);
    for (uint32_t i = 0; i < count; i++) {
        struct contact_rule *row = issues_contact_rule(a->self, i + 1);
        issues__v1__contact_rule__init(&rules[i]);
        rules[i].rule = row->code;
        rules[i].negative = row->is_negative != 0;
        rules[i].in_force = row->in_force != 0;
        rules[i].cited = row->cited;
        list[i] = &rules[i];
    }
    out->n_rules = count;
    out->rules = list;
    answer->contact_rules = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_CONTACT_RULES;
}
