#include <string.h>

#include "base/check.h"
#include "issues/rules.h"
#include "issues/task_steps.h"

/* What tasks of the province and ledger tasks become: events 7 to 9. */

#define STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name

static void provincial(struct issues *self, const struct event *event) {
    struct event_provincial_task body;
    uint32_t number;
    ISSUES_BODY_OF(event, body);
    struct provincial_task *row = table_add(&self->provincial_tasks, &number);
    row->year = body.year;
    memcpy(row->code, body.code, sizeof row->code);
    index_add(&self->provincial_by_code, number);
}

static void wake(struct issues *self, uint32_t number) {
    agenda_set(&self->task_agenda, number, task_wake(self, issues_task(self, number)));
}

/* --- drafts --- */

/* The next piece of a body; it may lie anywhere. */
static void take(const uint8_t **at, void *piece, size_t size) {
    memcpy(piece, *at, size);
    *at += size;
}

static uint32_t add_parts(struct issues *self, const struct event_task_drafted *body) {
    uint32_t first = 0;
    for (size_t i = body->part_count; i-- > 0;) { /* in the order in which they were named */
        uint32_t number;
        struct record_part *part = table_add(&self->parts, &number);
        *part = (struct record_part){.next = first, .agency = body->parts[i]};
        first = number;
    }
    return first;
}

static void add_pieces(struct issues *self, const struct event *event, const struct event_task_drafted *body,
                       uint32_t number) {
    const uint8_t *at = (const uint8_t *)event->private_body + sizeof *body;
    const size_t size = sizeof *body + body->indicator_count * sizeof(struct indicator) +
                        body->milestone_count * sizeof(struct milestone) + body->mapping_count * sizeof(uint32_t);
    CHECK(event->private_size >= size);
    issues_task(self, number)->first_indicator = body->indicator_count > 0 ? self->indicators.count + 1 : 0;
    issues_task(self, number)->first_milestone = body->milestone_count > 0 ? self->milestones.count + 1 : 0;
    for (size_t i = 0; i < body->indicator_count; i++) {
        take(&at, table_add(&self->indicators, &(uint32_t){0}), sizeof(struct indicator));
    }
    for (size_t i = 0; i < body->milestone_count; i++) {
        take(&at, table_add(&self->milestones, &(uint32_t){0}), sizeof(struct milestone));
    }
    for (size_t i = 0; i < body->mapping_count; i++) {
        struct mapping *mapping = table_add(&self->mappings, &(uint32_t){0});
        mapping->task = number;
        take(&at, &mapping->provincial, sizeof mapping->provincial);
    }
}

/* Mappings of a draft before this one answer to nothing. */
static void drop_mappings(struct issues *self, uint32_t task) {
    for (uint32_t row = 1; row <= self->mappings.count; row++) {
        if (issues_mapping(self, row)->task == task) {
            issues_mapping(self, row)->task = 0;
        }
    }
}

static void drafted(struct issues *self, const struct event *event) {
    struct event_task_drafted body;
    ISSUES_BODY_OF(event, body);
    uint32_t number = body.task;
    const bool is_new = number > self->tasks.count;
    struct task *row = is_new ? table_add(&self->tasks, &number) : issues_task(self, number);
    if (is_new) {
        memcpy(row->number, body.number, sizeof row->number);
        index_add(&self->task_by_number, number);
        row->about = issues_find_about(self, true, row->number);
    } else {
        drop_mappings(self, number);
    }
    row->last_seq = event->seq;
    row->content = body.content;
    row->last_at = body.at;
    row->start = body.start;
    row->due = body.due;
    row->lead = body.lead;
    row->year = body.year;
    row->flags = body.flags;
    row->state = ISSUES__V1__TASK_STATE__TASK_STATE_DRAFT;
    row->field = body.field;
    row->lag = ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    row->indicator_count = body.indicator_count;
    row->milestone_count = body.milestone_count;
    add_pieces(self, event, &body, number);
    issues_task(self, number)->first_part = add_parts(self, &body);
}

/* --- steps --- */

/* Tasks of the province that it is the first issued one to answer to. */
static void map_provincial(struct issues *self, uint32_t task) {
    for (uint32_t row = 1; row <= self->mappings.count; row++) {
        const struct mapping *mapping = issues_mapping(self, row);
        if (mapping->task == task && issues_provincial(self, mapping->provincial)->task == 0) {
            issues_provincial(self, mapping->provincial)->task = task;
        }
    }
}

/* Sign-off is asked for: every cooperating unit has to speak. Or it is not any more: nobody has spoken (due 0). */
static void ask_parts(struct issues *self, const struct task *row, const struct event_task_step *body) {
    for (uint32_t part = row->first_part; part != 0; part = issues_part(self, part)->next) {
        issues_part(self, part)->flags = 0;
        issues_part(self, part)->due = body->confirm_due;
        issues_part(self, part)->at = body->at;
    }
}

static void part_spoke(struct issues *self, const struct event_task_step *body) {
    struct record_part *part = issues_part(self, body->part);
    part->flags = body->step == STEP(CONFIRMED) ? PART_DONE : PART_OBJECTED;
    part->at = body->at;
}

static void move_confirmations(struct issues *self, const struct task *row, int32_t due) {
    for (uint32_t part = row->first_part; part != 0; part = issues_part(self, part)->next) {
        if (issues_part(self, part)->flags == 0) {
            issues_part(self, part)->due = due;
        }
    }
}

static void measured(struct issues *self, const struct event_task_step *body) {
    struct indicator *indicator = issues_indicator(self, body->indicator);
    indicator->measured = body->value;
    indicator->measured_at = body->at;
    indicator->has_evidence = body->has_evidence;
}

/* What follows from the step. */
static void note(struct issues *self, struct task *row, const struct event_task_step *body) {
    switch ((int)body->step) {
    case STEP(ISSUED):
        row->issued_at = body->at;
        map_provincial(self, body->task);
        return;
    case STEP(REPORTED):
        row->reported_at = body->at;
        return;
    case STEP(MEASURED):
        row->reported_at = body->at;
        measured(self, body);
        return;
    case STEP(MILESTONE_CLOSED):
        row->reported_at = body->at;
        issues_milestone(self, body->milestone)->closed_at = body->at;
        return;
    case STEP(SIGNOFF_ASKED):
        row->asked_by = body->principal;
        ask_parts(self, row, body);
        return;
    case STEP(CONFIRMED):
    case STEP(OBJECTED):
        part_spoke(self, body);
        return;
    case STEP(CONFIRMATION_DUE_CHANGED):
        move_confirmations(self, row, body->confirm_due);
        return;
    case STEP(SIGNED_OFF):
        row->signed_at = body->at;
        return;
    case STEP(RETURNED):
        ask_parts(self, row, body);
        return;
    case STEP(DEFERRED):
        row->before = row->state;
        return;
    case STEP(CARRIED_OVER):
        row->carried_to = body->year;
        return;
    case STEP(REOPENED):
        row->signed_at = 0;
        row->reported_at = body->at;
        ask_parts(self, row, body);
        return;
    }
}

static void stepped(struct issues *self, const struct event *event) {
    struct event_task_step body;
    ISSUES_BODY_OF(event, body);
    struct task *row = issues_task(self, body.task);
    note(self, row, &body);
    row->last_seq = event->seq;
    if (body.actor != COMMON__V1__ACTOR__ACTOR_SYSTEM) {
        row->last_at = body.at;
    }
    row->state = body.after;
    row->due = body.due;
    row->flags = body.flags;
    row->progress = body.progress;
    row->lag = body.lag;
    wake(self, body.task);
}

bool issues_evolve_task(struct issues *self, const struct event *event) {
    switch (event->type) {
    case EVENT_PROVINCIAL_TASK:
        provincial(self, event);
        return true;
    case EVENT_TASK_DRAFTED:
        drafted(self, event);
        return true;
    case EVENT_TASK_STEP:
        stepped(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
