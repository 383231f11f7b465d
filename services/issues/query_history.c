#include "issues/query_internal.h"

/* The history of a record: a walk along its events in the log, newest first. */

#define STEP_LINES_MAX 48 /* a draft has 16 measures and 16 milestones */

struct walk {
    struct asking *asking;
    struct record record;
    Issues__V1__History *out;
    uint32_t rows_max;
    struct asking_lines lines; /* of the step that is told */
};

/* NULL: a code, or no event of this record. */
static Issues__V1__HistoryStep *make_step(struct walk *w, const struct past_event *past) {
    Issues__V1__HistoryStep *step = asking_take(w->asking, sizeof *step);
    struct record record;
    if (step == NULL || !asking_lines_begin(&w->lines, STEP_LINES_MAX)) {
        return NULL;
    }
    issues__v1__history_step__init(step);
    if (!ask_tell(&w->lines, &past->event, step, &record) || record.kind != w->record.kind ||
        record.row != w->record.row) {
        return NULL;
    }
    step->seq = past->event.seq;
    step->logged_at_ms = past->at_ms;
    step->details = w->lines.lines;
    step->n_details = w->lines.count;
    return step;
}

/* A page goes on behind an event of the record itself; any other number is walked to from the newest one. */
static uint64_t first_seq(struct walk *w, uint64_t before) {
    const uint64_t newest = record_last_seq(w->asking->self, w->record);
    struct past_event past;
    if (before != 0 && before <= newest && asking_read_past(w->asking, before, &past) && make_step(w, &past) != NULL) {
        return past.event.prev;
    }
    w->asking->code = 0;
    return newest;
}

static void walk(struct walk *w, uint64_t before) {
    uint64_t seq = first_seq(w, before);
    w->lines.bytes = 0;
    while (seq != 0 && w->out->n_steps < w->rows_max && w->lines.bytes < ASKING_TEXT_BYTES_MAX) {
        struct past_event past;
        if (!asking_read_past(w->asking, seq, &past)) {
            return;
        }
        Issues__V1__HistoryStep *step = before == 0 || seq < before ? make_step(w, &past) : NULL;
        if (w->asking->code != 0) {
            return;
        }
        if (step != NULL) {
            w->out->steps[w->out->n_steps++] = step;
        }
        seq = past.event.prev;
    }
    w->out->next = seq == 0 || w->out->n_steps == 0 ? 0 : w->out->steps[w->out->n_steps - 1]->seq;
}

void ask_get_history(struct asking *a, const Issues__V1__GetHistory *query, Issues__V1__Answer *answer) {
    struct walk w = {.asking = a, .rows_max = asking_rows(query->limit), .lines = {.asking = a}};
    w.record = ask_find(a, query->kind, query->number);
    w.out = w.record.row == 0 ? NULL : asking_take(a, sizeof *w.out);
    if (w.out == NULL) {
        return;
    }
    issues__v1__history__init(w.out);
    w.out->steps = asking_take(a, w.rows_max * sizeof(Issues__V1__HistoryStep *));
    if (w.out->steps != NULL) {
        walk(&w, query->before);
    }
    answer->history = w.out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_HISTORY;
}
