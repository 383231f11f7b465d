#include <string.h>

#include "issues/query_internal.h"
#include "service/deciding.h"

/* Questions about the ledger, tasks of the province, and circulars. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

static void add_confirmations(struct issues_asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__Confirmation *parts = ask_take(a, ISSUES_PARTS_MAX * sizeof *parts);
    Issues__V1__Confirmation **list = ask_take(a, ISSUES_PARTS_MAX * sizeof *list);
    for (uint32_t part = row->first_part; part != 0 && parts != NULL && list != NULL && out->n_cooperating < ISSUES_PARTS_MAX;
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

static void add_indicators(struct issues_asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__IndicatorNow *rows = ask_take(a, ISSUES_INDICATORS_MAX * sizeof *rows);
    Issues__V1__IndicatorNow **list = ask_take(a, ISSUES_INDICATORS_MAX * sizeof *list);
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

static void add_milestones(struct issues_asking *a, const struct task *row, Issues__V1__Task *out) {
    Issues__V1__MilestoneNow *rows = ask_take(a, ISSUES_MILESTONES_MAX * sizeof *rows);
    Issues__V1__MilestoneNow **list = ask_take(a, ISSUES_MILESTONES_MAX * sizeof *list);
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

static void add_provincial(struct issues_asking *a, uint32_t number, Issues__V1__Task *out) {
    out->provincial = ask_take(a, ISSUES_PROVINCIAL_MAX * sizeof *out->provincial);
    for (uint32_t row = 1; out->provincial != NULL && row <= a->self->mappings.count && out->n_provincial < ISSUES_PROVINCIAL_MAX; row++) {
        const struct mapping *mapping = issues_mapping(a->self, row);
        if (mapping->task == number) {
            out->provincial[out->n_provincial++] = issues_provincial(a->self, mapping->provincial)->code;
        }
    }
}

/* NULL: a code. whole: with the tasks of the province, which are looked for. */
static Issues__V1__Task *make_task(struct issues_asking *a, uint32_t number, bool whole) {
    struct task *row = issues_task(a->self, number);
    Issues__V1__Task *out = ask_take(a, sizeof *out);
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

void ask_get_task(struct issues_asking *a, const Issues__V1__GetTask *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, KIND(TASK), query->task_number);
    if (record.row != 0) {
        answer->task = make_task(a, record.row, true);
        answer->body_case = ISSUES__V1__ANSWER__BODY_TASK;
    }
}

static bool is_wanted(const struct issues_asking *a, const Issues__V1__ListTasks *query, uint32_t number, uint32_t agency) {
    const struct task *row = issues_task(a->self, number);
    return (query->year == 0 || row->year == query->year) && (query->field == 0 || row->field == (uint8_t)query->field) &&
           (query->state == 0 || row->state == (uint8_t)query->state) &&
           (agency == 0 || ask_is_of(a->self, RECORD_TASK(number), agency)) &&
           (!query->lagging || task_lag(a->self, row, a->today) > ISSUES__V1__TASK_LAG__TASK_LAG_NONE);
}

void ask_list_tasks(struct issues_asking *a, const Issues__V1__ListTasks *query, Issues__V1__Answer *answer) {
    const uint32_t rows_max = ask_rows(query->limit);
    uint32_t agency, looks = QUERY_LOOKS_MAX / 4, row = ask_first_row(query->after, a->self->tasks.count);
    if (!ask_list_agency(a, query->agency, &agency)) {
        return;
    }
    Issues__V1__Tasks *out = ask_take(a, sizeof *out);
    Issues__V1__Task **list = ask_take(a, rows_max * sizeof *list);
    if (out == NULL || list == NULL) {
        return;
    }
    issues__v1__tasks__init(out);
    for (; row != 0 && looks != 0 && out->n_tasks < rows_max && a->code == 0; row--, looks--) {
        if (is_wanted(a, query, row, agency)) {
            list[out->n_tasks++] = make_task(a, row, false);
        }
    }
    out->tasks = list;
    out->next = row == 0 ? 0 : row + 1;
    answer->tasks = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_TASKS;
}

void ask_list_provincial(struct issues_asking *a, const Issues__V1__ListProvincialTasks *query, Issues__V1__Answer *answer) {
    const uint32_t count = a->self->provincial_tasks.count;
    Issues__V1__ProvincialTasks *out = ask_take(a, sizeof *out);
    Issues__V1__ProvincialTask *rows = ask_take(a, (count + 1) * sizeof *rows);
    Issues__V1__ProvincialTask **list = ask_take(a, (count + 1) * sizeof *list);
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

/* --- circulars --- */

static void fill_head(struct circular *row, Issues__V1__CircularHead *out) {
    issues__v1__circular_head__init(out);
    out->circular_number = row->number;
    out->kind = (Issues__V1__RecordKind)row->kind;
    out->first_day = (uint32_t)row->first_day;
    out->last_day = (uint32_t)row->last_day;
    out->published_at_ms = (int64_t)row->published_at * 1000;
    out->lines = row->lines;
}

/* Newest first, the last thousand. */
void ask_list_circulars(struct issues_asking *a, Issues__V1__Answer *answer) {
    const uint32_t count = a->self->circulars.count, shown = count < QUERY_ROWS_MAX ? count : QUERY_ROWS_MAX;
    Issues__V1__Circulars *out = ask_take(a, sizeof *out);
    Issues__V1__CircularHead *rows = ask_take(a, (shown + 1) * sizeof *rows);
    Issues__V1__CircularHead **list = ask_take(a, (shown + 1) * sizeof *list);
    if (a->code != 0) {
        return;
    }
    issues__v1__circulars__init(out);
    for (uint32_t i = 0; i < shown; i++) {
        fill_head(issues_circular(a->self, count - i), &rows[i]);
        list[i] = &rows[i];
    }
    out->n_circulars = shown;
    out->circulars = list;
    answer->circulars = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_CIRCULARS;
}

static void fill_line(const struct issues *self, const struct circular *row, const struct circular_line *from, Issues__V1__CircularLine *out) {
    const struct record record = {(Issues__V1__RecordKind)row->kind, from->row};
    issues__v1__circular_line__init(out);
    out->number = ask_text(record_number(self, record));
    out->agency = issues_agency(self, from->agency)->code;
    out->light = (Issues__V1__Light)from->light;
    out->lag = (Issues__V1__TaskLag)from->lag;
    out->due_day = (uint32_t)from->due;
    out->progress_permille = from->progress;
}

/* Its lines and title lie in the log. */
static void fill_circular(struct issues_asking *a, const struct circular *row, const struct event *event, Issues__V1__Circular *out) {
    const size_t lines_size = row->lines * sizeof(struct circular_line);
    size_t at = sizeof(struct event_circular) + lines_size, size;
    Issues__V1__CircularLine *lines = ask_take(a, (row->lines + 1u) * sizeof *lines);
    Issues__V1__CircularLine **list = ask_take(a, (row->lines + 1u) * sizeof *list);
    enum text_kind kind;
    const char *title;
    if (lines == NULL || list == NULL || event->private_size < at) {
        a->code = COMMON__V1__CODE__CODE_UNAVAILABLE;
        return;
    }
    for (size_t i = 0; i < row->lines; i++) {
        struct circular_line line;
        memcpy(&line, (const uint8_t *)event->private_body + sizeof(struct event_circular) + i * sizeof line, sizeof line);
        fill_line(a->self, row, &line, &lines[i]);
        list[i] = &lines[i];
    }
    if (texts_next(event->private_body, event->private_size, &at, &kind, &title, &size)) {
        out->title = arena_printf(a->arena, "%.*s", (int)size, title);
    }
    out->lines = list;
    out->n_lines = row->lines;
}

void ask_get_circular(struct issues_asking *a, const Issues__V1__GetCircular *query, Issues__V1__Answer *answer) {
    const uint32_t code = record_check_number(query->circular_number, ISSUES_NUMBER_BYTES - 2);
    const uint32_t number = code == 0 ? issues_find_circular(a->self, query->circular_number) : 0;
    struct past_event past;
    if (number == 0) {
        a->code = code != 0 ? code : (uint32_t)COMMON__V1__CODE__CODE_NOT_FOUND;
        return;
    }
    Issues__V1__Circular *out = ask_take(a, sizeof *out);
    Issues__V1__CircularHead *head = ask_take(a, sizeof *head);
    struct circular *row = issues_circular(a->self, number);
    if (a->code != 0) {
        return;
    }
    if (a->question->log == NULL || !a->question->read_past(a->question->log, row->seq, a->arena, &past)) {
        a->code = COMMON__V1__CODE__CODE_UNAVAILABLE;
        return;
    }
    issues__v1__circular__init(out);
    fill_head(row, head);
    out->head = head;
    fill_circular(a, row, &past.event, out);
    answer->circular = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_CIRCULAR;
}
