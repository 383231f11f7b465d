#include <string.h>

#include "approvals/query_internal.h"
#include "approvals/rules.h"
#include "base/civil.h"

/* The history of a case: a walk along its events in the log, newest first. */

#define STEP_TEXTS_MAX 24

/* One walk. */
struct walk {
    struct asking *asking;
    uint32_t case_row;
    Approvals__V1__History *out;
    uint32_t rows_max;
    struct asking_lines lines;         /* of the step that is told */
    Approvals__V1__HistoryStep *waits; /* a change of what is due, until the step before it is known */
};

static const struct approvals *self_of(const struct walk *w) {
    return approvals_asked(w->asking);
}

/* --- one event each --- */

static void told_at(Approvals__V1__HistoryStep *step, uint32_t at) {
    step->occurred_at_ms = (int64_t)at * 1000;
}

static void told_by(const struct walk *w, Approvals__V1__HistoryStep *step, uint16_t agency) {
    if (agency != 0 && agency <= self_of(w)->agencies.rows.count) {
        step->organisation = approvals_agency(w->asking->self, agency)->code;
    }
}

static void told_other(Approvals__V1__HistoryStep *step, const char *other) {
    step->other = asking_text(other);
}

static bool read_received(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_case_received body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.received_at);
    told_by(w, step, body.by);
    step->step = APPROVALS__V1__CASE_STEP__CASE_STEP_RECEIVED;
    step->actor = (Common__V1__Actor)body.actor;
    step->after = APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED;
    return approvals_find_case(w->asking->self, body.number) == w->case_row;
}

/* Steps that come with a day: papers are due by it, or a procedure is planned to end. Others repeat it. */
static bool has_day(const struct event_case_step *body) {
    switch ((int)body->step) {
    case APPROVALS__V1__CASE_STEP__CASE_STEP_ACCEPTED:
        return (body->flags & CASE_DEFICIENT) != 0;
    case APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED:
        return body->special != APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION;
    case APPROVALS__V1__CASE_STEP__CASE_STEP_SUPPLEMENT_STARTED:
    case APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED_WITH_DEFICIENCY:
        return true;
    default: /* numbers of the log, not only of this version's enum */
        return false;
    }
}

/* What a step carries beside its texts. */
static void add_step_facts(struct walk *w, const struct event_case_step *body) {
    if (body->special != 0) {
        asking_line_word(&w->lines, "special",
                         asking_value_word(&approvals__v1__special_kind__descriptor, body->special, "SPECIAL_KIND_"));
    }
    if (body->step == APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED && body->extension != 0) {
        asking_line_number(&w->lines, "days", body->extension);
    }
    if (has_day(body)) {
        asking_line_day(&w->lines, "until", body->until_day);
    }
    if (body->notice != 0 && body->notice <= self_of(w)->notices.rows.count) {
        asking_line_word(&w->lines, "notice", notices_row(&self_of(w)->notices, body->notice)->name);
    }
}

/* The due day that a change is told of: promised, or statutory where nothing is promised. */
static uint32_t told_due(const struct event_case_step *body) {
    return (uint32_t)(body->promised_due != 0 ? body->promised_due : body->statutory_due);
}

static bool read_step(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_case_step body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.at);
    told_by(w, step, body.by);
    step->step = (Approvals__V1__CaseStep)body.step;
    step->actor = (Common__V1__Actor)body.actor;
    step->after = (Approvals__V1__CaseState)body.after;
    add_step_facts(w, &body);
    asking_line_texts(&w->lines, event, sizeof body);
    return body.case_row == w->case_row;
}

static bool read_rated(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_case_rated body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "rating");
    step->actor = COMMON__V1__ACTOR__ACTOR_APPLICANT;
    asking_line_number(&w->lines, "visit", body.visit);
    asking_line_number(&w->lines, "rating", body.value);
    return body.case_row == w->case_row;
}

static bool read_rectified(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_rectified body;
    memcpy(&body, event->private_body, sizeof body);
    const struct rating *rating = body.rating <= self_of(w)->ratings.count
                                      ? approvals_rating(w->asking->self, body.rating)
                                      : approvals_rating(w->asking->self, 0);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "rectification");
    asking_line_number(&w->lines, "visit", rating->visit);
    asking_line_texts(&w->lines, event, sizeof body);
    return rating->case_row == w->case_row;
}

static bool read_slip_issued(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct slip_issued_body body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.at);
    told_other(step, "slip");
    step->actor =
        body.rule == SLIP_BY_SUPERVISOR ? COMMON__V1__ACTOR__ACTOR_SUPERVISOR : COMMON__V1__ACTOR__ACTOR_SYSTEM;
    asking_line_number(&w->lines, "level", body.level);
    asking_line_word(&w->lines, "state", "ISSUED");
    asking_line_day(&w->lines, "until", body.reply_due);
    asking_line_texts(&w->lines, event, sizeof body);
    return body.subject == w->case_row;
}

static bool read_slip_moved(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct slip_moved_body body;
    memcpy(&body, event->private_body, sizeof body);
    const struct slip *slip =
        approvals_slip(w->asking->self, body.slip <= self_of(w)->slips.rows.count ? body.slip : 0);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "slip");
    step->actor = (Common__V1__Actor)body.actor;
    asking_line_number(&w->lines, "slip", body.slip);
    asking_line_number(&w->lines, "level", slip->level);
    asking_line_word(&w->lines, "state",
                     asking_value_word(&common__v1__slip_state__descriptor, body.state, "SLIP_STATE_"));
    if (body.state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) { /* planned anew */
        asking_line_day(&w->lines, "until", body.reply_due);
    }
    asking_line_texts(&w->lines, event, sizeof body);
    return slip->subject == w->case_row;
}

/* Each event type that belongs to a case. */
static const struct {
    uint32_t type;
    size_t fixed_size;
    bool (*read)(struct walk *w, const struct event *event,
                 Approvals__V1__HistoryStep *step); /* false: of another case */
} readers[] = {
    {EVENT_CASE_RECEIVED, sizeof(struct event_case_received), read_received},
    {EVENT_CASE_STEP, sizeof(struct event_case_step), read_step},
    {EVENT_CASE_RATED, sizeof(struct event_case_rated), read_rated},
    {EVENT_RECTIFIED, sizeof(struct event_rectified), read_rectified},
    {EVENT_SLIP_ISSUED, sizeof(struct slip_issued_body), read_slip_issued},
    {EVENT_SLIP_MOVED, sizeof(struct slip_moved_body), read_slip_moved},
};

/* --- the walk --- */

/* The step before a change of what is due tells what was due. */
static void tell_old_due(struct walk *w, const struct event *event) {
    struct event_case_step body;
    if (w->waits != NULL && event->type == EVENT_CASE_STEP && event->private_size >= sizeof body) {
        memcpy(&body, event->private_body, sizeof body);
        w->waits->old_due_day = told_due(&body);
        w->waits = NULL;
    }
}

static void wait_for_old_due(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_case_step body;
    if (step->step == APPROVALS__V1__CASE_STEP__CASE_STEP_DUE_CHANGED) {
        memcpy(&body, event->private_body, sizeof body);
        step->new_due_day = told_due(&body);
        w->waits = step;
    }
}

static void add_step(struct walk *w, uint64_t seq, const struct past_event *past) {
    Approvals__V1__HistoryStep *step = asking_take(w->asking, sizeof *step);
    const bool has_room = step != NULL && asking_lines_begin(&w->lines, STEP_TEXTS_MAX);
    for (size_t i = 0; has_room && i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].type == past->event.type && past->event.private_size >= readers[i].fixed_size) {
            approvals__v1__history_step__init(step);
            step->seq = seq;
            step->logged_at_ms = past->at_ms;
            if (readers[i].read(w, &past->event, step)) {
                step->texts = w->lines.lines;
                step->n_texts = w->lines.count;
                wait_for_old_due(w, &past->event, step);
                w->out->steps[w->out->n_steps++] = step;
            }
        }
    }
}

static bool is_full(const struct walk *w) {
    return w->out->n_steps == w->rows_max || w->lines.bytes > ASKING_TEXT_BYTES_MAX;
}

/* An event of the case itself, from which an earlier page goes on without a walk to it; else the newest. */
static uint64_t first_seq(struct walk *w, uint64_t before) {
    const struct approval_case *row = approvals_case(w->asking->self, w->case_row);
    struct past_event past;
    struct event_case_step body;
    if (before != 0 && before <= row->last_seq && asking_read_past(w->asking, before, &past) &&
        past.event.type == EVENT_CASE_STEP && past.event.private_size >= sizeof body) {
        memcpy(&body, past.event.private_body, sizeof body);
        if (body.case_row == w->case_row) {
            return past.event.prev;
        }
    }
    w->asking->code = 0; /* no event of its own: walk */
    return row->last_seq;
}

static void walk(struct walk *w, uint64_t before) {
    uint64_t seq = first_seq(w, before);
    while (seq != 0 && w->asking->code == 0 && (!is_full(w) || w->waits != NULL)) {
        struct past_event past;
        if (!asking_read_past(w->asking, seq, &past)) {
            return;
        }
        tell_old_due(w, &past.event);
        if (!is_full(w) && (before == 0 || seq < before)) {
            add_step(w, seq, &past);
        }
        seq = past.event.prev;
    }
}

void query_get_history(struct asking *a, const Approvals__V1__GetHistory *query, Approvals__V1__Answer *answer) {
    struct walk w = {.asking = a, .lines = {.asking = a}, .rows_max = asking_rows(query->limit)};
    w.case_row = query_find_case(a, query->case_number);
    w.out = w.case_row == 0 ? NULL : asking_take(a, sizeof *w.out);
    if (w.out == NULL) {
        return;
    }
    approvals__v1__history__init(w.out);
    w.out->steps = asking_take(a, w.rows_max * sizeof *w.out->steps);
    if (w.out->steps != NULL) {
        walk(&w, query->before);
    }
    answer->history = w.out;
    answer->body_case = APPROVALS__V1__ANSWER__BODY_HISTORY;
}
