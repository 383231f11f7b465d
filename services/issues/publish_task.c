#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "issues/rules.h"
#include "issues/task_steps.h"

/* What the feed says of the ledger: differences, so that their sums are what there is. Of a draft nothing. */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name

/* An event with the message of its body behind it, in one piece of the arena. */
struct moved {
    Issues__V1__Event event;
    Issues__V1__TaskMoved moved;
    Issues__V1__TaskFacts facts;
    Issues__V1__IndicatorChange changes[ISSUES_INDICATORS_MAX];
    Issues__V1__IndicatorChange *list[ISSUES_INDICATORS_MAX];
};

const ProtobufCMessage *publish_provincial_task(struct deciding *d, uint32_t year) {
    Issues__V1__Event *event = decide_take(d, sizeof *event);
    Issues__V1__ProvincialTaskPublished *published = decide_take(d, sizeof *published);
    issues__v1__event__init(event);
    issues__v1__provincial_task_published__init(published);
    published->year = year;
    event->body_case = ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED;
    event->provincial_task_published = published;
    return &event->base;
}

static Issues__V1__IndicatorChange *add_change(struct moved *out, const char *code) {
    const size_t i = out->moved.n_changes++;
    issues__v1__indicator_change__init(&out->changes[i]);
    out->changes[i].code = (char *)(uintptr_t)code; /* packed only: read */
    out->list[i] = &out->changes[i];
    out->moved.changes = out->list;
    return &out->changes[i];
}

/* An issued task brings in its counts. */
static void fill_issued(const struct issues *self, const struct task *row, uint32_t number, struct moved *out) {
    for (uint32_t i = 0; i < row->indicator_count; i++) {
        const struct indicator *indicator = issues_indicator(self, row->first_indicator + i);
        Issues__V1__IndicatorChange *change = add_change(out, indicator->code);
        change->baseline = indicator->baseline;
        change->target = indicator->target;
        change->measured = indicator->measured;
        change->total = indicator->total;
    }
    for (uint32_t i = 1; i <= self->mappings.count; i++) {
        const struct mapping *mapping = issues_mapping(self, i);
        out->moved.provincial_mapped +=
            mapping->task == number && issues_provincial(self, mapping->provincial)->task == 0;
    }
    out->moved.indicators = row->indicator_count;
    out->moved.milestones = row->milestone_count;
}

static void fill_measured(const struct issues *self, const struct event_task_step *body, struct moved *out) {
    const struct indicator *indicator = issues_indicator(self, body->indicator);
    struct indicator after = *indicator;
    after.measured = body->value;
    after.measured_at = body->at;
    add_change(out, indicator->code)->measured = body->value - indicator->measured;
    out->moved.indicators_met = indicator_is_met(&after) - indicator_is_met(indicator);
}

static void fill_facts(const struct issues *self, const struct task *row, Issues__V1__TaskFacts *facts) {
    issues__v1__task_facts__init(facts);
    facts->agency = issues_agency(self, row->lead)->code;
    facts->region = issues_agency(self, row->lead)->region;
    facts->year = row->year;
    facts->field = (Issues__V1__ReformField)row->field;
    facts->key = (row->flags & TASK_KEY) != 0;
}

const ProtobufCMessage *publish_task_step(struct deciding *d, const struct task *row,
                                          const struct event_task_step *body) {
    const bool is_draft = row->state == ISSUES__V1__TASK_STATE__TASK_STATE_DRAFT && body->step != STEP(ISSUED);
    if (body->step == STEP(COMMENTED) || body->step == STEP(CONFIRMATION_DUE_CHANGED) || is_draft) {
        return NULL;
    }
    struct moved *out = decide_take(d, sizeof *out);
    issues__v1__event__init(&out->event);
    issues__v1__task_moved__init(&out->moved);
    fill_facts(d->self, row, &out->facts);
    out->event.body_case = ISSUES__V1__EVENT__BODY_TASK_MOVED;
    out->event.task_moved = &out->moved;
    out->moved.facts = &out->facts;
    out->moved.step = (Issues__V1__TaskStep)body->step;
    out->moved.before = (Issues__V1__TaskState)row->state;
    out->moved.after = (Issues__V1__TaskState)body->after;
    out->moved.day = (uint32_t)civil_day_of_s(body->at);
    out->moved.progress_permille = (int32_t)body->progress - (int32_t)row->progress;
    out->moved.lag_before = (Issues__V1__TaskLag)row->lag;
    out->moved.lag_after = (Issues__V1__TaskLag)body->lag;
    out->moved.milestones_closed = body->step == STEP(MILESTONE_CLOSED);
    out->moved.on_time =
        (body->step == STEP(SIGNED_OFF) && civil_day_of_s(body->at) <= row->due) ||
        (body->step == STEP(REOPENED) && row->signed_at != 0 && civil_day_of_s(row->signed_at) <= row->due);
    if (body->step == STEP(ISSUED)) {
        fill_issued(d->self, row, body->task, out);
    } else if (body->step == STEP(MEASURED)) {
        fill_measured(d->self, body, out);
    }
    return &out->event.base;
}
