#include <string.h>

#include "issues/query_internal.h"
#include "service/deciding.h"

/* Questions about the ledger, tasks of the province, and circulars. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

static void add_confirmations(struct asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__Confirmation *parts = asking_take(a, ISSUES_PARTS_MAX * sizeof *parts);
    Issues__V1__Confirmation **list = asking_take(a, ISSUES_PARTS_MAX * sizeof *list);
    for (uint32_t part = row->first_part;
         part != 0 && parts != NULL && list != NULL && out->n_cooperating < ISSUES_PARTS_MAX;
         part = issues_part(a->self, part)->next) {
        const struct record_part *of = issues_part(a->self, part);
        const size_t i = out->n_cooperating++;
        issues__v1__confirmation__init(&parts[i]);
        parts[i].agency = issues_agency(a->self, of->agency)->code;
        parts[i].confirmed = (of->flags & PART_DONE) != 0;
        parts[i].objected = (of->flags & PART_OBJECTED) != 0;
        list[i] = &parts[i];
    }
    out->cooperating = list;
}

static void add_indicators(struct asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__IndicatorNow *rows = asking_take(a, ISSUES_INDICATORS_MAX * sizeof *rows);
    Issues__V1__IndicatorNow **list = asking_take(a, ISSUES_INDICATORS_MAX * sizeof *list);
    for (size_t i = 0; rows != NULL && list != NULL && i < row->indicator_count; i++) {
        struct indicator *of = issues_indicator(a->self, row->first_indicator + (uint32_t)i);
        issues__v1__indicator_now__init(&rows[i]);
        rows[i].code = of->code;
        rows[i].kind = (Issues__V1__IndicatorKind)of->kind;
        rows[i].baseline = of->baseline;
        rows[i].target = of->target;
        rows[i].measured = of->measured;
        rows[i].total = of->total;
        rows[i].met = indicator_is_met(of);
        rows[i].progress_permille = indicator_progress(of);
        rows[i].has_evidence = of->has_evidence != 0;
        list[i] = &rows[i];
        out->n_indicators++;
    }
    out->indicators = list;
}

static void add_milestones(struct asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__MilestoneNow *rows = asking_take(a, ISSUES_MILESTONES_MAX * sizeof *rows);
    Issues__V1__MilestoneNow **list = asking_take(a, ISSUES_MILESTONES_MAX * sizeof *list);
    for (size_t i = 0; rows != NULL && list != NULL && i < row->milestone_count; i++) {
        const struct milestone *of = issues_milestone(a->self, row->first_milestone + (uint32_t)i);
        issues__v1__milestone_now__init(&rows[i]);
        rows[i].due_day = (uint32_t)of->due;
        rows[i].expected_permille = of->expected;
        rows[i].closed = of->closed_at != 0;
        list[i] = &rows[i];
        out->n_milestones++;
    }
    out->milestones = list;
}

static void add_provincial(struct asking *a, uint32_t number, Issues__V1__Task *out) {
    out->provincial = asking_take(a, ISSUES_PROVINCIAL_MAX * sizeof *out->provincial);
    for (uint32_t row = 1;
         out->provincial != NULL && row <= issues_asked(a)->mappings.count && out->n_provincial < ISSUES_PROVINCIAL_MAX;
         row++) {
        const struct mapping *mapping = issues_mapping(a->self, row);
        if (mapping->task == number) {
            out->provincial[out->n_provincial++] = issues_provincial(a->self, mapping->provincial)->code;
        }
    }
}

/* NULL: a code. whole: with the tasks of the province, which are looked for. */
static Issues__V1__Task *make_task(struct asking *a, uint32_t number, bool whole) {
    struct task *row = issues_task(a->self, number);
    Issues__V1__Task *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    issues__v1__task__init(out);
    out->task_number = row->number;
    out->state = (Issues__V1__TaskState)row->state;
    out->year = row->year;
    out->field = (Issues__V1__ReformField)row->field;
    out->key = (row->flags & TASK_KEY) != 0;
    out->lead = issues_agency(a->self, row->lead)->code;
    out->start_day = (uint32_t)row->start;
    out->due_day = (uint32_t)row->due;
    out->progress_permille = task_progress(a->self, row);
    out->expected_permille = task_expected(a->self, row, a->today);
    out->lag = task_lag(a->self, row, a->today);
    out->leader_approved = (row->flags & TASK_LEADER_APPROVED) != 0;
    out->version = row->last_seq;
    add_confirmations(a, row, out);
    add_indicators(a, row, out);
    add_milestones(a, row, out);
    if (whole) {
        add_provincial(a, number, out);
    }
    return a->code == 0 ? out : NULL;
}

void ask_get_task(struct asking *a, const Issues__V1__GetTask *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND(TASK), query->task_number);
    if (record.row != 0) {
        answer->task = make_task(a, record.row, true);
        answer->body_case = ISSUES__V1__ANSWER__BODY_TASK;
    }
}

static void *make_listed(struct asking *a, uint32_t number) {
    return make_task(a, number, false);
}

static bool is_wanted(const struct asking *a, const void *filter, uint32_t number) {
    const struct ask_filter *wanted = filter;
    const Issues__V1__ListTasks *query = wanted->query;
    const struct task *row = issues_task(a->self, number);
    return (query->year == 0 || row->year == query->year) &&
           (query->field == 0 || row->field == (uint8_t)query->field) &&
           (query->state == 0 || row->state == (uint8_t)query->state) &&
           (wanted->agency == 0 || ask_is_of(a->self, RECORD_TASK(number), wanted->agency)) &&
           (!query->lagging || task_lag(a->self, row, a->today) > ISSUES__V1__TASK_LAG__TASK_LAG_NONE);
}

void ask_list_tasks(struct asking *a, const Issues__V1__ListTasks *query, Issues__V1__Answer *answer) {
    struct ask_filter wanted = {.query = query};
    const struct asking_list list = {.count = issues_asked(a)->tasks.count,
                                     .after = query->after,
                                     .limit = query->limit,
                                     .looks = QUERY_LOOKS_OF_TASKS,
                                     .is_wanted = is_wanted,
                                     .make = make_listed,
                                     .filter = &wanted};
    Issues__V1__Tasks *out = ask_list_agency(a, query->agency, &wanted.agency) ? asking_take(a, sizeof *out) : NULL;
    if (out != NULL) {
        issues__v1__tasks__init(out);
        out->tasks = (Issues__V1__Task **)asking_page(a, &list, &out->n_tasks, &out->next);
        answer->tasks = out;
        answer->body_case = ISSUES__V1__ANSWER__BODY_TASKS;
    }
}

void ask_list_provincial(struct asking *a, const Issues__V1__ListProvincialTasks *query, Issues__V1__Answer *answer) {
    const uint32_t count = issues_asked(a)->provincial_tasks.count;
    Issues__V1__ProvincialTasks *out = asking_take(a, sizeof *out);
    Issues__V1__ProvincialTask *rows = asking_take(a, (count + 1) * sizeof *rows);
    Issues__V1__ProvincialTask **list = asking_take(a, (count + 1) * sizeof *list);
    if (a->code != 0) {
        return;
    }
    issues__v1__provincial_tasks__init(out);
    for (uint32_t i = 1; i <= count; i++) {
        struct provincial_task *row = issues_provincial(a->self, i);
        if (query->year == 0 || row->year == query->year) {
            Issues__V1__ProvincialTask *task = &rows[out->n_tasks];
            issues__v1__provincial_task__init(task);
            task->year = row->year;
            task->code = row->code;
            task->task_number = issues_task(a->self, row->task)->number;
            list[out->n_tasks++] = task;
        }
    }
    out->tasks = list;
    answer->provincial_tasks = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_PROVINCIAL_TASKS;
}
