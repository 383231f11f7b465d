#include <stdio.h>
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
    size_t text_bytes;
    uint32_t reads;
    Approvals__V1__HistoryStep *waits; /* a change of what is due, until the step before it is known */
};

/* --- texts --- */

/* "name: text"; a NULL text is left out. */
static void add_text(struct walk *w, Approvals__V1__HistoryStep *step, const char *name, const char *text,
                     size_t size) {
    char *copy =
        step->n_texts < STEP_TEXTS_MAX ? arena_printf(w->asking->arena, "%s: %.*s", name, (int)size, text) : NULL;
    if (copy == NULL) {
        asking_refuse(w->asking, COMMON__V1__CODE__CODE_EXHAUSTED);
        return;
    }
    step->texts[step->n_texts++] = copy;
    w->text_bytes += strlen(copy);
}

static void add_word(struct walk *w, Approvals__V1__HistoryStep *step, const char *name, const char *word) {
    add_text(w, step, name, word, strlen(word));
}

static void add_number(struct walk *w, Approvals__V1__HistoryStep *step, const char *name, uint32_t number) {
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    add_word(w, step, name, text);
}

static void add_day(struct walk *w, Approvals__V1__HistoryStep *step, int32_t day) {
    char text[CIVIL_DATE_TEXT_BYTES];
    if (day != 0) {
        civil_date_format(day, text);
        add_word(w, step, "until", text);
    }
}

static const char *text_name(enum text_kind kind) {
    static const char *const names[] = {[TEXT_REASON] = "reason",
                                        [TEXT_GROUND] = "ground",
                                        [TEXT_PAPER] = "paper",
                                        [TEXT_RESULT] = "result",
                                        [TEXT_REPLY] = "reply"};
    return (size_t)kind < sizeof names / sizeof names[0] && names[kind] != NULL ? names[kind] : "text";
}

/* What was given with it, behind the fixed part of its body. */
static void add_texts(struct walk *w, Approvals__V1__HistoryStep *step, const struct event *event, size_t fixed_size) {
    enum text_kind kind;
    const char *text;
    size_t at = fixed_size, size;
    while (w->asking->code == 0 && step->n_texts < STEP_TEXTS_MAX &&
           texts_next(event->private_body, event->private_size, &at, &kind, &text, &size)) {
        add_text(w, step, text_name(kind), text, size);
    }
}

/* Name of a value without the name of its enum: "INSPECTION". */
static const char *value_word(const ProtobufCEnumDescriptor *names, unsigned value, const char *prefix) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(names, (int)value);
    const size_t size = strlen(prefix);
    return found == NULL ? "?" : strncmp(found->name, prefix, size) == 0 ? found->name + size : found->name;
}

/* --- one event each --- */

static void told_at(Approvals__V1__HistoryStep *step, uint32_t at) {
    step->occurred_at_ms = (int64_t)at * 1000;
}

static void told_by(const struct walk *w, Approvals__V1__HistoryStep *step, uint16_t agency) {
    if (agency != 0 && agency <= w->asking->self->agencies.rows.count) {
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
static void add_step_facts(struct walk *w, Approvals__V1__HistoryStep *step, const struct event_case_step *body) {
    if (body->special != 0) {
        add_word(w, step, "special",
                 value_word(&approvals__v1__special_kind__descriptor, body->special, "SPECIAL_KIND_"));
    }
    if (body->step == APPROVALS__V1__CASE_STEP__CASE_STEP_SPECIAL_STARTED && body->extension != 0) {
        add_number(w, step, "days", body->extension);
    }
    if (has_day(body)) {
        add_day(w, step, body->until_day);
    }
    if (body->notice != 0 && body->notice <= w->asking->self->notices.rows.count) {
        add_word(w, step, "notice", notices_row(&w->asking->self->notices, body->notice)->name);
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
    add_step_facts(w, step, &body);
    add_texts(w, step, event, sizeof body);
    return body.case_row == w->case_row;
}

static bool read_rated(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_case_rated body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "rating");
    step->actor = COMMON__V1__ACTOR__ACTOR_APPLICANT;
    add_number(w, step, "visit", body.visit);
    add_number(w, step, "rating", body.value);
    return body.case_row == w->case_row;
}

static bool read_rectified(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct event_rectified body;
    memcpy(&body, event->private_body, sizeof body);
    const struct rating *rating = body.rating <= w->asking->self->ratings.count
                                      ? approvals_rating(w->asking->self, body.rating)
                                      : approvals_rating(w->asking->self, 0);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "rectification");
    add_number(w, step, "visit", rating->visit);
    add_texts(w, step, event, sizeof body);
    return rating->case_row == w->case_row;
}

static bool read_slip_issued(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct slip_issued_body body;
    memcpy(&body, event->private_body, sizeof body);
    told_at(step, body.at);
    told_other(step, "slip");
    step->actor =
        body.rule == SLIP_BY_SUPERVISOR ? COMMON__V1__ACTOR__ACTOR_SUPERVISOR : COMMON__V1__ACTOR__ACTOR_SYSTEM;
    add_number(w, step, "level", body.level);
    add_word(w, step, "state", "ISSUED");
    add_day(w, step, body.reply_due);
    add_texts(w, step, event, sizeof body);
    return body.subject == w->case_row;
}

static bool read_slip_moved(struct walk *w, const struct event *event, Approvals__V1__HistoryStep *step) {
    struct slip_moved_body body;
    memcpy(&body, event->private_body, sizeof body);
    const struct slip *slip =
        approvals_slip(w->asking->self, body.slip <= w->asking->self->slips.rows.count ? body.slip : 0);
    told_at(step, body.at);
    told_by(w, step, body.by);
    told_other(step, "slip");
    step->actor = (Common__V1__Actor)body.actor;
    add_number(w, step, "slip", body.slip);
    add_number(w, step, "level", slip->level);
    add_word(w, step, "state", value_word(&common__v1__slip_state__descriptor, body.state, "SLIP_STATE_"));
    if (body.state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) { /* planned anew */
        add_day(w, step, body.reply_due);
    }
    add_texts(w, step, event, sizeof body);
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

static bool read_past(struct walk *w, uint64_t seq, struct past_event *past) {
    const struct question *question = w->asking->question;
    if (question->read_past == NULL || w->reads++ >= QUERY_PAST_MAX ||
        !question->read_past(question->log, seq, w->asking->arena, past)) {
        asking_refuse(w->asking, COMMON__V1__CODE__CODE_UNAVAILABLE);
        return false;
    }
    return true;
}

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
    char **texts = asking_take(w->asking, STEP_TEXTS_MAX * sizeof *texts);
    for (size_t i = 0; step != NULL && texts != NULL && i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].type == past->event.type && past->event.private_size >= readers[i].fixed_size) {
            approvals__v1__history_step__init(step);
            step->texts = texts;
            step->seq = seq;
            step->logged_at_ms = past->at_ms;
            if (readers[i].read(w, &past->event, step)) {
                wait_for_old_due(w, &past->event, step);
                w->out->steps[w->out->n_steps++] = step;
            }
        }
    }
}

static bool is_full(const struct walk *w) {
    return w->out->n_steps == w->rows_max || w->text_bytes > QUERY_TEXT_BYTES_MAX;
}

/* An event of the case itself, from which an earlier page goes on without a walk to it; else the newest. */
static uint64_t first_seq(struct walk *w, uint64_t before) {
    const struct approval_case *row = approvals_case(w->asking->self, w->case_row);
    struct past_event past;
    struct event_case_step body;
    if (before != 0 && before <= row->last_seq && read_past(w, before, &past) && past.event.type == EVENT_CASE_STEP &&
        past.event.private_size >= sizeof body) {
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
        if (!read_past(w, seq, &past)) {
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
    struct walk w = {.asking = a, .rows_max = asking_rows(query->limit)};
    w.case_row = asking_find_case(a, query->case_number);
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
