#include <string.h>

#include "base/check.h"
#include "issues/clue_steps.h"
#include "issues/rules.h"

/* Events 10 and 11. */

static void wake(struct issues *self, uint32_t number) {
    agenda_set(&self->clue_agenda, number, clue_wake(self, issues_clue(self, number)));
}

static void found(struct issues *self, const struct event *event) {
    struct event_clue_found body;
    uint32_t number;
    ISSUES_BODY_OF(event, body);
    struct clue *row = table_add(&self->clues, &number);
    row->last_seq = event->seq;
    row->found_at = row->last_at = body.at;
    row->region = body.region;
    row->finder = body.by;
    row->state = ISSUES__V1__CLUE_STATE__CLUE_STATE_FOUND;
    row->kind = body.kind;
    row->grade = body.grade;
    memcpy(row->river, body.river, sizeof row->river);
    memcpy(row->number, body.number, sizeof row->number);
    index_add(&self->clue_by_number, number);
    wake(self, number);
}

static void stepped(struct issues *self, const struct event *event) {
    struct event_clue_step body;
    ISSUES_BODY_OF(event, body);
    struct clue *row = issues_clue(self, body.clue);
    clue_step_take(row, &body);
    row->last_seq = event->seq;
    wake(self, body.clue);
}

bool issues_evolve_clue(struct issues *self, const struct event *event) {
    switch (event->type) {
    case EVENT_CLUE_FOUND:
        found(self, event);
        return true;
    case EVENT_CLUE_STEP:
        stepped(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
