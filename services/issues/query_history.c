#include <string.h>

#include "base/civil.h"
#include "issues/query_internal.h"
#include "service/deciding.h"

/* The history of a record: a walk along its events in the log, newest first. */

#define DETAILS_MAX 16

/* What every body of a record says, and where its texts begin. */
struct told {
    const char *step;
    uint32_t at;
    uint16_t by;
    uint8_t actor;
    size_t fixed;
};

struct walk {
    struct issues_asking *asking;
    Issues__V1__History *out;
    uint32_t rows_max;
    size_t text_bytes;
};

static const char *step_word(const ProtobufCEnumDescriptor *names, unsigned value, const char *prefix) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(names, (int)value);
    const size_t size = strlen(prefix);
    return found == NULL ? "?" : strncmp(found->name, prefix, size) == 0 ? found->name + size : found->name;
}

/* Of a body of this type; false: it is cut short or of no record. */
#define READ(event, type, body)                                                                                        \
    struct type body;                                                                                                  \
    if ((event)->private_size < sizeof body) {                                                                         \
        return false;                                                                                                  \
    }                                                                                                                  \
    memcpy(&body, (event)->private_body, sizeof body)

static bool read_slip(const struct event *event, struct told *told) {
    if (event->type == EVENT_SLIP_ISSUED) {
        READ(event, slip_issued_body, body);
        *told = (struct told){"SLIP_ISSUED", body.at, 0, COMMON__V1__ACTOR__ACTOR_SYSTEM, sizeof body + sizeof(uint32_t)};
        told->actor = body.rule == ISSUES_SLIP_BY_SUPERVISOR ? COMMON__V1__ACTOR__ACTOR_SUPERVISOR : COMMON__V1__ACTOR__ACTOR_SYSTEM;
        return true;
    }
    static const char *const words[] = {"SLIP_MOVED",   "SLIP_DUE_CHANGED", "SLIP_REPLIED", "SLIP_ACCEPTED",
                                        "SLIP_REFUSED", "SLIP_LAPSED",      "SLIP_CLOSED"};
    READ(event, slip_moved_body, body);
    *told = (struct told){words[body.state < sizeof words / sizeof words[0] ? body.state : 0], body.at, body.by, body.actor, sizeof body};
    return true;
}

static bool read_draft(const struct event *event, struct told *told) {
    READ(event, event_task_drafted, body);
    *told = (struct told){"DRAFTED", body.at, body.by, body.actor, event->private_size};
    return true;
}

/* False: not an event of a record. */
static bool read_event(const struct event *event, struct told *told) {
    switch (event->type) {
    case EVENT_ISSUE_REGISTERED: {
        READ(event, event_issue_registered, body);
        *told = (struct told){"REGISTERED", body.at, body.by, body.actor, sizeof body};
        return true;
    }
    case EVENT_ISSUE_STEP: {
        READ(event, event_issue_step, body);
        *told = (struct told){step_word(&issues__v1__issue_step__descriptor, body.step, "ISSUE_STEP_"), body.at, body.by, body.actor,
                              sizeof body};
        return true;
    }
    case EVENT_TASK_DRAFTED:
        return read_draft(event, told);
    case EVENT_TASK_STEP: {
        READ(event, event_task_step, body);
        *told = (struct told){step_word(&issues__v1__task_step__descriptor, body.step, "TASK_STEP_"), body.at, body.by, body.actor,
                              sizeof body};
        return true;
    }
    case EVENT_CLUE_FOUND: {
        READ(event, event_clue_found, body);
        *told = (struct told){"FOUND", body.at, body.by, body.actor, sizeof body};
        return true;
    }
    case EVENT_CLUE_STEP: {
        READ(event, event_clue_step, body);
        *told = (struct told){step_word(&issues__v1__clue_step__descriptor, body.step, "CLUE_STEP_"), body.at, body.by, body.actor,
                              sizeof body};
        return true;
    }
    case EVENT_SLIP_ISSUED:
    case EVENT_SLIP_MOVED:
        return read_slip(event, told);
    default: /* of none */
        return false;
    }
}

static const char *text_name(enum text_kind kind) {
    static const char *const names[] = {
        [TEXT_REASON] = "reason", [TEXT_GROUND] = "ground", [TEXT_RESULT] = "result", [TEXT_REPLY] = "reply",
        [TEXT_TITLE] = "title",   [TEXT_EVIDENCE] = "evidence", [TEXT_LETTER] = "letter", [TEXT_PLACE] = "place",
    };
    return (size_t)kind < sizeof names / sizeof names[0] && names[kind] != NULL ? names[kind] : "text";
}

/* What was given with it, behind the fixed part of its body. */
static void add_details(struct walk *w, Issues__V1__HistoryStep *step, const struct event *event, size_t at) {
    enum text_kind kind;
    const char *text;
    size_t size;
    step->details = ask_take(w->asking, DETAILS_MAX * sizeof *step->details);
    while (w->asking->code == 0 && step->n_details < DETAILS_MAX &&
           texts_next(event->private_body, event->private_size, &at, &kind, &text, &size)) {
        char *copy = arena_printf(w->asking->arena, "%s: %.*s", text_name(kind), (int)size, text);
        if (copy == NULL) {
            w->asking->code = COMMON__V1__CODE__CODE_EXHAUSTED;
            return;
        }
        step->details[step->n_details++] = copy;
        w->text_bytes += strlen(copy);
    }
}

static bool add_step(struct walk *w, const struct past_event *past) {
    const struct issues *self = w->asking->self;
    struct told told;
    if (!read_event(&past->event, &told)) {
        return false;
    }
    Issues__V1__HistoryStep *step = ask_take(w->asking, sizeof *step);
    if (step == NULL) {
        return false;
    }
    issues__v1__history_step__init(step);
    step->seq = past->event.seq;
    step->logged_at_ms = past->at_ms;
    step->occurred_at_ms = (int64_t)told.at * 1000;
    step->step = ask_text(told.step);
    step->actor = (Common__V1__Actor)told.actor;
    step->organisation = issues_agency(self, told.by <= self->agencies.rows.count ? told.by : 0)->code;
    add_details(w, step, &past->event, told.fixed);
    w->out->steps[w->out->n_steps++] = step;
    return w->asking->code == 0;
}

static void walk_back(struct walk *w, uint64_t seq) {
    struct past_event past;
    while (seq != 0 && w->out->n_steps < w->rows_max && w->text_bytes < QUERY_TEXT_BYTES_MAX) {
        if (!w->asking->question->read_past(w->asking->question->log, seq, w->asking->arena, &past)) {
            w->asking->code = COMMON__V1__CODE__CODE_UNAVAILABLE;
            return;
        }
        if (!add_step(w, &past)) {
            break;
        }
        seq = past.event.prev;
    }
    w->out->next = seq == 0 || w->out->n_steps == 0 ? 0 : w->out->steps[w->out->n_steps - 1]->seq;
}

/* The event before this one, of the same record; 0 and a code: there is none. */
static uint64_t event_before(struct issues_asking *a, struct record record, uint64_t before) {
    uint64_t seq = record_last_seq(a->self, record);
    struct past_event past;
    for (uint32_t reads = 0; seq >= before && seq != 0 && reads < QUERY_LOOKS_MAX / 10; reads++) {
        if (!a->question->read_past(a->question->log, seq, a->arena, &past)) {
            a->code = COMMON__V1__CODE__CODE_UNAVAILABLE;
            return 0;
        }
        seq = past.event.prev;
    }
    return seq;
}

void ask_get_history(struct issues_asking *a, const Issues__V1__GetHistory *query, Issues__V1__Answer *answer) {
    const struct record record = ask_find(a, query->kind, query->number);
    struct walk w = {.asking = a, .rows_max = ask_rows(query->limit)};
    if (record.row == 0) {
        return;
    }
    w.out = ask_take(a, sizeof *w.out);
    Issues__V1__HistoryStep **list = ask_take(a, w.rows_max * sizeof *list);
    if (w.out == NULL || list == NULL) {
        return;
    }
    if (a->question->log == NULL) {
        a->code = COMMON__V1__CODE__CODE_UNAVAILABLE;
        return;
    }
    issues__v1__history__init(w.out);
    w.out->steps = list;
    walk_back(&w, query->before == 0 ? record_last_seq(a->self, record) : event_before(a, record, query->before));
    answer->history = w.out;
    answer->body_case = ISSUES__V1__ANSWER__BODY_HISTORY;
}
