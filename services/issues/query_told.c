#include <string.h>

#include "issues/query_internal.h"

/* What an event of a record says in its history: who took which step, and what was given with it. */

#define STEP_I(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define STEP_T(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define STEP_C(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name

/* One event on its way into a history. */
struct telling {
    struct asking_lines *lines;
    const struct issues *self;
    const struct event *event;
    Issues__V1__HistoryStep *step;
};

static void tell(const struct telling *t, const char *step, uint32_t at, unsigned actor, uint32_t by) {
    t->step->step = asking_text(step);
    t->step->occurred_at_ms = (int64_t)at * 1000;
    t->step->actor = (Common__V1__Actor)actor;
    t->step->organisation = issues_agency(t->self, by <= t->self->agencies.rows.count ? by : 0)->code;
}

static void tell_agency(const struct telling *t, const char *name, uint32_t agency) {
    asking_line_word(t->lines, name, issues_agency(t->self, agency <= t->self->agencies.rows.count ? agency : 0)->code);
}

/* The unit of a cooperating unit's step. */
static void tell_part(const struct telling *t, uint32_t part) {
    tell_agency(t, "unit", part <= t->self->parts.count ? issues_part(t->self, part)->agency : 0);
}

static void tell_value(const struct telling *t, const char *name, const ProtobufCEnumDescriptor *names, unsigned value,
                       const char *prefix) {
    if (value != 0) {
        asking_line_word(t->lines, name, asking_value_word(names, value, prefix));
    }
}

/* --- issues --- */

static struct record tell_registered(const struct telling *t) {
    struct event_issue_registered body;
    memcpy(&body, t->event->private_body, sizeof body);
    tell(t, "REGISTERED", body.at, body.actor, body.by);
    asking_line_word(t->lines, "item", body.item_code);
    asking_line_word(t->lines, "task", body.task_number);
    asking_line_day(t->lines, "until", body.until_day);
    return record_find(t->self, ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE, body.number);
}

static void tell_dispatch(const struct telling *t, const struct event_issue_step *body) {
    tell_agency(t, "lead", body->lead);
    for (size_t i = 0; i < body->part_count && i < ISSUES_PARTS_MAX; i++) {
        tell_agency(t, "cooperating", body->parts[i]);
    }
    asking_line_day(t->lines, "part due", body->part_due);
}

/* What a step carries beside its texts; the same fields stand in every event. */
static void tell_issue_facts(const struct telling *t, const struct event_issue_step *body) {
    switch ((int)body->step) {
    case STEP_I(SCREENED):
        tell_value(t, "class", &issues__v1__issue_class__descriptor, body->class, "ISSUE_CLASS_");
        asking_line_day(t->lines, "until", body->until_day);
        return;
    case STEP_I(DUPLICATE):
        asking_line_word(t->lines, "of", issues_issue(t->self, body->duplicate_of)->number);
        return;
    case STEP_I(DISPATCHED):
        tell_dispatch(t, body);
        asking_line_day(t->lines, "due", body->due);
        return;
    case STEP_I(PART_DONE):
    case STEP_I(PART_LATE):
        tell_part(t, body->part);
        return;
    case STEP_I(EXTENDED):
        asking_line_number(t->lines, "days", body->extension);
        asking_line_day(t->lines, "due", body->due);
        return;
    case STEP_I(DISSATISFIED):
        asking_line_number(t->lines, "round", body->round);
        asking_line_number(t->lines, "level", body->level);
        asking_line_day(t->lines, "due", body->due);
        return;
    case STEP_I(RAISED):
        asking_line_number(t->lines, "level", body->level);
        return;
    case STEP_I(RESUMED):
        asking_line_day(t->lines, "due", body->due);
        return;
    case STEP_I(DISPUTED):
    case STEP_I(ANSWERED):
    case STEP_I(LONG_TERM):
        asking_line_day(t->lines, "until", body->until_day);
        return;
    case STEP_I(TRANSFERRED):
        tell_value(t, "to", &issues__v1__transfer_target__descriptor, body->target, "TRANSFER_TARGET_");
        return;
    case STEP_I(DUE_CHANGED):
        asking_line_day(t->lines, "due", body->due);
        asking_line_day(t->lines, "until", body->until_day);
        asking_line_day(t->lines, "part due", body->part_due);
        return;
    default: /* numbers of the log, not only of this version's enum: nothing more */
        return;
    }
}

static struct record tell_issue_step(const struct telling *t) {
    struct event_issue_step body;
    memcpy(&body, t->event->private_body, sizeof body);
    tell(t, asking_value_word(&issues__v1__issue_step__descriptor, body.step, "ISSUE_STEP_"), body.at, body.actor,
         body.by);
    tell_issue_facts(t, &body);
    return RECORD_ISSUE(body.issue);
}

/* --- tasks --- */

static struct record tell_drafted(const struct telling *t) {
    struct event_task_drafted body;
    memcpy(&body, t->event->private_body, sizeof body);
    const size_t fixed = sizeof body + body.indicator_count * sizeof(struct indicator) +
                         body.milestone_count * sizeof(struct milestone) + body.mapping_count * sizeof(uint32_t);
    const Issues__V1__PublishTask *said =
        t->event->private_size < fixed
            ? NULL
            : issues__v1__publish_task__unpack(&t->lines->asking->arena->allocator, t->event->private_size - fixed,
                                               (const uint8_t *)t->event->private_body + fixed);
    tell(t, "DRAFTED", body.at, body.actor, body.by);
    if (said != NULL) {
        asking_line_word(t->lines, "title", said->title);
        asking_line_word(t->lines, "target", said->annual_target);
        asking_line_word(t->lines, "office", said->leading_office);
        for (size_t i = 0; i < said->n_measures; i++) {
            asking_line_word(t->lines, "measure", said->measures[i]);
        }
        for (size_t i = 0; i < said->n_milestones; i++) {
            asking_line_word(t->lines, "milestone", said->milestones[i]->name);
        }
    }
    return RECORD_TASK(body.task);
}

static void tell_measure(const struct telling *t, const struct event_task_step *body) {
    const uint32_t row = body->indicator <= t->self->indicators.count ? body->indicator : 0;
    asking_line_word(t->lines, "indicator", issues_indicator(t->self, row)->code);
    asking_line_number(t->lines, "hundredths", body->value);
}

static void tell_task_facts(const struct telling *t, const struct event_task_step *body) {
    switch ((int)body->step) {
    case STEP_T(MEASURED):
        tell_measure(t, body);
        return;
    case STEP_T(MILESTONE_CLOSED):
        asking_line_number(t->lines, "milestone",
                           (int64_t)body->milestone - issues_task(t->self, body->task)->first_milestone + 1);
        return;
    case STEP_T(SIGNOFF_ASKED):
    case STEP_T(CONFIRMATION_DUE_CHANGED):
        asking_line_day(t->lines, "until", body->confirm_due);
        return;
    case STEP_T(CONFIRMED):
    case STEP_T(OBJECTED):
    case STEP_T(CONFIRMATION_LATE):
        tell_part(t, body->part);
        return;
    case STEP_T(DEFERRED):
        asking_line_day(t->lines, "until", body->due);
        return;
    case STEP_T(CARRIED_OVER):
        asking_line_number(t->lines, "year", body->year);
        return;
    case STEP_T(LAG_CHANGED):
        tell_value(t, "lag", &issues__v1__task_lag__descriptor, body->lag, "TASK_LAG_");
        return;
    default: /* numbers of the log, not only of this version's enum: nothing more */
        return;
    }
}

static struct record tell_task_step(const struct telling *t) {
    struct event_task_step body;
    memcpy(&body, t->event->private_body, sizeof body);
    tell(t, asking_value_word(&issues__v1__task_step__descriptor, body.step, "TASK_STEP_"), body.at, body.actor,
         body.by);
    tell_task_facts(t, &body);
    return RECORD_TASK(body.task);
}

/* --- clues --- */

static struct record tell_found(const struct telling *t) {
    struct event_clue_found body;
    memcpy(&body, t->event->private_body, sizeof body);
    tell(t, "FOUND", body.at, body.actor, body.by);
    return record_find(t->self, ISSUES__V1__RECORD_KIND__RECORD_KIND_CLUE, body.number);
}

static void tell_clue_facts(const struct telling *t, const struct event_clue_step *body) {
    switch ((int)body->step) {
    case STEP_C(NOTICE):
        tell_agency(t, "unit", body->agency);
        asking_line_day(t->lines, "until", body->due);
        return;
    case STEP_C(TRANSFERRED):
        tell_agency(t, "to", body->procuratorate);
        asking_line_day(t->lines, "due", body->due);
        return;
    case STEP_C(FILED):
    case STEP_C(APPRAISAL_ENDED):
    case STEP_C(SUGGESTED):
    case STEP_C(DUE_CHANGED):
        asking_line_day(t->lines, "due", body->due);
        return;
    default: /* numbers of the log, not only of this version's enum: nothing more */
        return;
    }
}

static struct record tell_clue_step(const struct telling *t) {
    struct event_clue_step body;
    memcpy(&body, t->event->private_body, sizeof body);
    tell(t, asking_value_word(&issues__v1__clue_step__descriptor, body.step, "CLUE_STEP_"), body.at, body.actor,
         body.by);
    tell_clue_facts(t, &body);
    return RECORD_CLUE(body.clue);
}

/* --- slips of them --- */

/* As it is logged: the body that registries share, and what kind its subject is. */
struct issued_of_kind {
    struct slip_issued_body body;
    uint32_t kind; /* issues.v1.RecordKind */
};

static struct record tell_slip_issued(const struct telling *t) {
    struct issued_of_kind logged;
    memcpy(&logged, t->event->private_body, sizeof logged);
    tell(t, "SLIP_ISSUED", logged.body.at,
         logged.body.rule == ISSUES_SLIP_BY_SUPERVISOR ? COMMON__V1__ACTOR__ACTOR_SUPERVISOR
                                                       : COMMON__V1__ACTOR__ACTOR_SYSTEM,
         0);
    asking_line_number(t->lines, "level", logged.body.level);
    tell_agency(t, "to", logged.body.agency);
    asking_line_day(t->lines, "until", logged.body.reply_due);
    return (struct record){(Issues__V1__RecordKind)logged.kind, logged.body.subject};
}

static struct record tell_slip_moved(const struct telling *t) {
    static const char *const words[] = {"SLIP",         "SLIP_DUE_CHANGED", "SLIP_REPLIED", "SLIP_ACCEPTED",
                                        "SLIP_REFUSED", "SLIP_LAPSED",      "SLIP_CLOSED"};
    struct slip_moved_body body;
    memcpy(&body, t->event->private_body, sizeof body);
    const struct slip *slip = issues_slip(t->self, body.slip <= t->self->slips.rows.count ? body.slip : 0);
    tell(t, words[body.state < sizeof words / sizeof words[0] ? body.state : 0], body.at, body.actor, body.by);
    asking_line_number(t->lines, "slip", body.slip);
    asking_line_number(t->lines, "level", slip->level);
    if (body.state == SLIP_ISSUED) { /* planned anew */
        asking_line_day(t->lines, "until", body.reply_due);
    }
    return (struct record){(Issues__V1__RecordKind)slip->kind, slip->subject};
}

/* Each event type that belongs to a record. has_texts: behind the fixed part. */
static const struct {
    uint32_t type;
    bool has_texts;
    size_t fixed_size;
    struct record (*tell)(const struct telling *t);
} tellers[] = {
    {EVENT_ISSUE_REGISTERED, true, sizeof(struct event_issue_registered), tell_registered},
    {EVENT_ISSUE_STEP, true, sizeof(struct event_issue_step), tell_issue_step},
    {EVENT_TASK_DRAFTED, false, sizeof(struct event_task_drafted), tell_drafted},
    {EVENT_TASK_STEP, true, sizeof(struct event_task_step), tell_task_step},
    {EVENT_CLUE_FOUND, true, sizeof(struct event_clue_found), tell_found},
    {EVENT_CLUE_STEP, true, sizeof(struct event_clue_step), tell_clue_step},
    {EVENT_SLIP_ISSUED, true, sizeof(struct issued_of_kind), tell_slip_issued},
    {EVENT_SLIP_MOVED, true, sizeof(struct slip_moved_body), tell_slip_moved},
};

bool ask_tell(struct asking_lines *lines, const struct event *event, Issues__V1__HistoryStep *step,
              struct record *record) {
    const struct telling t = {.lines = lines, .self = lines->asking->self, .event = event, .step = step};
    for (size_t i = 0; i < sizeof tellers / sizeof tellers[0]; i++) {
        if (tellers[i].type == event->type && event->private_size >= tellers[i].fixed_size) {
            *record = tellers[i].tell(&t);
            if (tellers[i].has_texts) {
                asking_line_texts(lines, event, tellers[i].fixed_size);
            }
            return true;
        }
    }
    return false;
}
