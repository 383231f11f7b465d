#include <string.h>

#include "issues/issue_steps.h"
#include "issues/query_internal.h"

/* Questions about enterprise issues, what they are about, and the rules that they cite. */

#define KIND_ISSUE ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE

static int64_t ms_of(uint32_t seconds) {
    return (int64_t)seconds * 1000;
}

static void add_parts(struct asking *a, const struct issue *row, Issues__V1__Issue *out) {
    Issues__V1__Part *parts = asking_take(a, ISSUES_PARTS_MAX * sizeof *parts);
    Issues__V1__Part **list = asking_take(a, ISSUES_PARTS_MAX * sizeof *list);
    for (uint32_t part = row->first_part;
         part != 0 && parts != NULL && list != NULL && out->n_cooperating < ISSUES_PARTS_MAX;
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

static void add_rules(struct asking *a, uint64_t cites, Issues__V1__Issue *out) {
    out->rules = asking_take(a, ISSUES_CONTACT_RULES_MAX * sizeof *out->rules);
    for (uint32_t rule = 1; cites != 0 && out->rules != NULL; rule++, cites >>= 1) {
        if ((cites & 1) != 0) {
            out->rules[out->n_rules++] = issues_contact_rule(a->self, rule)->code;
        }
    }
}

/* Why it is due when it is. */
static void add_clock(const struct asking *a, const struct issue *row, Issues__V1__Issue *out) {
    const struct calendar calendar = issues_calendar(a->self);
    int32_t days;
    out->limit_workdays = issues_asked(a)->options.class_workdays[row->class];
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

/* The enterprise is named to those who handle the issue alone: the units, the service office, a service hall. */
static char *credit_code(struct asking *a, uint32_t number) {
    const enum role role = a->question->principal->role;
    const struct issue *row = issues_issue(a->self, number);
    const bool handles = ask_is_of(a->self, RECORD_ISSUE(number), a->agency) || role == ROLE_SUPERVISOR ||
                         (role == ROLE_CLERK && a->sees_all);
    char *text = asking_take(a, sizeof row->credit_code + 1);
    if (text != NULL && handles) {
        memcpy(text, row->credit_code, sizeof row->credit_code);
    }
    return text;
}

/* NULL: a code. */
static void *make_issue(struct asking *a, uint32_t number) {
    struct issue *row = issues_issue(a->self, number);
    Issues__V1__Issue *out = asking_take(a, sizeof *out);
    char *enterprise = credit_code(a, number);
    if (out == NULL || enterprise == NULL) {
        return NULL;
    }
    issues__v1__issue__init(out);
    out->issue_number = row->number;
    out->state = (Issues__V1__IssueState)row->state;
    out->class_ = (Issues__V1__IssueClass)row->class;
    out->topic = (Issues__V1__IssueTopic)row->topic;
    out->region = row->region;
    out->credit_code = enterprise;
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

void ask_get_issue(struct asking *a, const Issues__V1__GetIssue *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND_ISSUE, query->issue_number);
    if (record.row != 0) {
        answer->issue = make_issue(a, record.row);
        answer->body_case = ISSUES__V1__ANSWER__BODY_ISSUE;
    }
}

static bool is_wanted(const struct asking *a, const void *filter, uint32_t number) {
    const struct ask_filter *wanted = filter;
    const Issues__V1__ListIssues *query = wanted->query;
    const struct issue *row = issues_issue(a->self, number);
    return (query->state == 0 || row->state == (uint8_t)query->state) &&
           (!query->overdue || (row->due != 0 && row->due < a->today)) &&
           (wanted->agency == 0 || ask_is_of(a->self, RECORD_ISSUE(number), wanted->agency));
}

void ask_list_issues(struct asking *a, const Issues__V1__ListIssues *query, Issues__V1__Answer *answer) {
    struct ask_filter wanted = {.query = query};
    const struct asking_list list = {.count = issues_asked(a)->issues.count,
                                     .after = query->after,
                                     .limit = query->limit,
                                     .looks = ASKING_LOOKS_MAX,
                                     .is_wanted = is_wanted,
                                     .make = make_issue,
                                     .filter = &wanted};
    Issues__V1__Issues *out = ask_list_agency(a, query->agency, &wanted.agency) ? asking_take(a, sizeof *out) : NULL;
    if (out != NULL) {
        issues__v1__issues__init(out);
        out->issues = (Issues__V1__Issue **)asking_page(a, &list, &out->n_issues, &out->next);
        answer->issues = out;
        answer->body_case = ISSUES__V1__ANSWER__BODY_ISSUES;
    }
}

/* --- what stalls enterprises --- */

/* The first so many of all, as a heap: the last of them is at its root, and gives way to one that comes before it. */
struct stalls {
    const struct issues *self;
    uint32_t *rows;
    uint32_t count, rows_max;
};

/* Most open ones first, then most of all, then known first. */
static bool is_before(const struct issues *self, uint32_t x, uint32_t y) {
    const struct about *of_x = issues_about(self, x), *of_y = issues_about(self, y);
    return of_x->open != of_y->open       ? of_x->open > of_y->open
           : of_x->issues != of_y->issues ? of_x->issues > of_y->issues
                                          : x < y;
}

/* Puts a row at a place of the heap, or below it. */
static void sink(struct stalls *stalls, uint32_t place, uint32_t row) {
    for (;;) {
        uint32_t below = 2 * place + 1;
        below += below + 1 < stalls->count && is_before(stalls->self, stalls->rows[below], stalls->rows[below + 1]);
        if (below >= stalls->count || !is_before(stalls->self, row, stalls->rows[below])) {
            stalls->rows[place] = row;
            return;
        }
        stalls->rows[place] = stalls->rows[below];
        place = below;
    }
}

static void raise(struct stalls *stalls, uint32_t row) {
    uint32_t place = stalls->count++;
    for (; place > 0 && is_before(stalls->self, stalls->rows[(place - 1) / 2], row); place = (place - 1) / 2) {
        stalls->rows[place] = stalls->rows[(place - 1) / 2];
    }
    stalls->rows[place] = row;
}

static void choose(struct stalls *stalls) {
    for (uint32_t row = 1; row <= stalls->self->abouts.count; row++) {
        if (issues_about(stalls->self, row)->issues == 0) {
            continue;
        }
        if (stalls->count < stalls->rows_max) {
            raise(stalls, row);
        } else if (is_before(stalls->self, row, stalls->rows[0])) {
            sink(stalls, 0, row);
        }
    }
}

/* Takes the last one out. */
static uint32_t take_last(struct stalls *stalls) {
    const uint32_t last = stalls->rows[0];
    const uint32_t moved = stalls->rows[--stalls->count];
    if (stalls->count > 0) {
        sink(stalls, 0, moved);
    }
    return last;
}

static void fill_stall(struct about *about, Issues__V1__Stall *out) {
    issues__v1__stall__init(out);
    *(about->is_task ? &out->task_number : &out->item_code) = about->code;
    out->issues = about->issues;
    out->open = about->open;
    out->overdue = about->overdue;
}

/* How many issues are about what is no secret: the feed says it. */
void ask_list_stalls(struct asking *a, const Issues__V1__ListStalls *query, Issues__V1__Answer *answer) {
    struct stalls stalls = {.self = a->self, .rows_max = asking_rows(query->limit)};
    Issues__V1__Stalls *out = asking_take(a, sizeof *out);
    Issues__V1__Stall *told = asking_take(a, stalls.rows_max * sizeof *told);
    Issues__V1__Stall **list = asking_take(a, stalls.rows_max * sizeof *list);
    stalls.rows = asking_take(a, stalls.rows_max * sizeof *stalls.rows);
    if (a->code != 0) {
        return;
    }
    choose(&stalls);
    issues__v1__stalls__init(out);
    out->n_stalls = stalls.count;
    out->stalls = list;
    while (stalls.count > 0) {
        const uint32_t place = stalls.count - 1;
        fill_stall(issues_about(a->self, take_last(&stalls)), &told[place]);
        list[place] = &told[place];
    }
    answer->stalls = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_STALLS;
}

void ask_list_contact_rules(struct asking *a, Issues__V1__Answer *answer) {
    const uint32_t count = issues_asked(a)->contact_rules.count;
    Issues__V1__ContactRules *out = asking_take(a, sizeof *out);
    Issues__V1__ContactRule *rules = asking_take(a, (count + 1) * sizeof *rules);
    Issues__V1__ContactRule **list = asking_take(a, (count + 1) * sizeof *list);
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
