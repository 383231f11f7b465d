#include <string.h>

#include "issues/query_internal.h"

/* Questions about circulars: they were published, so every unit may read them. */

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
void ask_list_circulars(struct asking *a, Issues__V1__Answer *answer) {
    const uint32_t count = issues_asked(a)->circulars.count, shown = count < ASKING_ROWS_MAX ? count : ASKING_ROWS_MAX;
    Issues__V1__Circulars *out = asking_take(a, sizeof *out);
    Issues__V1__CircularHead *rows = asking_take(a, (shown + 1) * sizeof *rows);
    Issues__V1__CircularHead **list = asking_take(a, (shown + 1) * sizeof *list);
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

static void fill_line(const struct issues *self, const struct circular *row, const struct circular_line *from,
                      Issues__V1__CircularLine *out) {
    const struct record record = {(Issues__V1__RecordKind)row->kind, from->row};
    issues__v1__circular_line__init(out);
    out->number = asking_text(record_number(self, record));
    out->agency = issues_agency(self, from->agency)->code;
    out->light = (Issues__V1__Light)from->light;
    out->lag = (Issues__V1__TaskLag)from->lag;
    out->due_day = (uint32_t)from->due;
    out->progress_permille = from->progress;
}

/* Its lines and title lie in the log. */
static void fill_circular(struct asking *a, const struct circular *row, const struct event *event,
                          Issues__V1__Circular *out) {
    const size_t lines_size = row->lines * sizeof(struct circular_line);
    size_t at = sizeof(struct event_circular) + lines_size, size;
    Issues__V1__CircularLine *lines = asking_take(a, (row->lines + 1u) * sizeof *lines);
    Issues__V1__CircularLine **list = asking_take(a, (row->lines + 1u) * sizeof *list);
    enum text_kind kind;
    const char *title;
    if (lines == NULL || list == NULL || event->private_size < at) {
        asking_refuse(a, COMMON__V1__CODE__CODE_UNAVAILABLE);
        return;
    }
    for (size_t i = 0; i < row->lines; i++) {
        struct circular_line line;
        memcpy(&line, (const uint8_t *)event->private_body + sizeof(struct event_circular) + i * sizeof line,
               sizeof line);
        fill_line(a->self, row, &line, &lines[i]);
        list[i] = &lines[i];
    }
    if (texts_next(event->private_body, event->private_size, &at, &kind, &title, &size)) {
        out->title = arena_printf(a->arena, "%.*s", (int)size, title);
    }
    out->lines = list;
    out->n_lines = row->lines;
}

void ask_get_circular(struct asking *a, const Issues__V1__GetCircular *query, Issues__V1__Answer *answer) {
    const uint32_t code = record_check_number(query->circular_number, ISSUES_NUMBER_BYTES - 2);
    const uint32_t number = code == 0 ? issues_find_circular(a->self, query->circular_number) : 0;
    struct past_event past;
    if (number == 0) {
        asking_refuse(a, code != 0 ? code : (uint32_t)COMMON__V1__CODE__CODE_NOT_FOUND);
        return;
    }
    Issues__V1__Circular *out = asking_take(a, sizeof *out);
    Issues__V1__CircularHead *head = asking_take(a, sizeof *head);
    struct circular *row = issues_circular(a->self, number);
    if (a->code != 0 || !asking_read_past(a, row->seq, &past)) {
        return;
    }
    issues__v1__circular__init(out);
    fill_head(row, head);
    out->head = head;
    fill_circular(a, row, &past.event, out);
    answer->circular = out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_CIRCULAR;
}
