#include <string.h>

#include "base/check.h"
#include "issues/issue_steps.h"
#include "issues/rules.h"

/* What contact rules and enterprise issues become: events 4 to 6. */

typedef Issues__V1__IssueStep Step;
#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define STATE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name

static void contact_rule(struct issues *self, const struct event *event) {
    struct event_contact_rule body;
    ISSUES_BODY_OF(event, body);
    uint32_t number = body.rule;
    struct contact_rule *row = number > self->contact_rules.count ? table_add(&self->contact_rules, &number)
                                                                  : issues_contact_rule(self, number);
    row->content = body.content;
    row->last_seq = event->seq;
    row->is_negative = body.is_negative;
    row->in_force = body.in_force;
    memcpy(row->code, body.code, sizeof row->code);
}

/* --- what it is about --- */

/* The row of an item or a task that issues are about; empty: 0. */
static uint32_t about_of(struct issues *self, bool is_task, const char *code) {
    uint32_t number = code[0] == '\0' ? 0 : issues_find_about(self, is_task, code);
    if (number == 0 && code[0] != '\0') {
        struct about *about = table_add(&self->abouts, &number);
        about->is_task = is_task;
        memcpy(about->code, code, sizeof about->code);
        index_add(&self->about_by_code, number);
    }
    return number;
}

static bool is_overdue(const struct issue *row) {
    return issue_is_open(row->state) && (row->flags & ISSUE_OVERDUE) != 0;
}

/* How many open and overdue issues it has now, and had before. */
static void count_about(struct issues *self, uint32_t number, const struct issue *before, const struct issue *after) {
    if (number != 0) {
        struct about *about = issues_about(self, number);
        about->open += issue_is_open(after->state);
        about->open -= issue_is_open(before->state);
        about->overdue += is_overdue(after);
        about->overdue -= is_overdue(before);
    }
}

static void wake(struct issues *self, uint32_t number) {
    agenda_set(&self->issue_agenda, number, issue_wake(self, issues_issue(self, number)));
}

/* --- registered --- */

static void count_cites(struct issues *self, uint64_t cites) {
    for (uint32_t rule = 1; cites != 0; rule++, cites >>= 1) {
        issues_contact_rule(self, rule)->cited += cites & 1;
    }
}

static struct issue *add_issue(struct issues *self, const struct event_issue_registered *body, uint32_t *number) {
    struct issue *row = table_add(&self->issues, number);
    row->cites = body->cites;
    row->registered_at = row->last_at = body->at;
    row->until_day = body->until_day;
    row->region = body->region;
    row->registrar = body->by;
    row->state = STATE(REGISTERED);
    row->topic = body->topic;
    row->round = row->level = 1;
    memcpy(row->credit_code, body->credit_code, sizeof row->credit_code);
    memcpy(row->number, body->number, sizeof row->number);
    index_add(&self->issue_by_number, *number);
    return row;
}

static void registered(struct issues *self, const struct event *event) {
    static const struct issue none = {.state = STATE(UNSPECIFIED)};
    struct event_issue_registered body;
    uint32_t number;
    ISSUES_BODY_OF(event, body);
    struct issue *row = add_issue(self, &body, &number);
    row->last_seq = event->seq;
    row->about_item = about_of(self, false, body.item_code);
    row->about_task = about_of(self, true, body.task_number);
    const uint32_t abouts[] = {row->about_item, row->about_task};
    for (size_t i = 0; i < 2; i++) {
        if (abouts[i] != 0) {
            issues_about(self, abouts[i])->issues++;
            count_about(self, abouts[i], &none, row);
        }
    }
    if (body.task != 0) {
        issues_task(self, body.task)->about = row->about_task;
    }
    count_cites(self, body.cites);
    wake(self, number);
}

/* --- steps --- */

/* A dispatch names its cooperating units anew; those of the one before, which was disputed, had nothing to do. */
static void dispatched(struct issues *self, struct issue *row, const struct event_issue_step *body) {
    CHECK(body->part_count <= ISSUES_PARTS_MAX);
    row->dispatched_at = row->clock_at = body->at;
    row->first_part = 0;
    for (size_t i = body->part_count; i > 0; i--) { /* so that they stand in the order of the command */
        uint32_t number;
        struct record_part *part = table_add(&self->parts, &number);
        part->agency = body->parts[i - 1];
        part->due = body->part_due;
        part->next = row->first_part;
        row->first_part = number;
    }
}

static void part_done(struct issues *self, const struct event_issue_step *body) {
    struct record_part *part = issues_part(self, body->part);
    part->flags |= PART_DONE;
    part->at = body->at;
}

static void parts_replanned(struct issues *self, const struct event_issue_step *body) {
    for (uint32_t part = body->part; part != 0; part = issue_waiting_part(self, issues_part(self, part)->next)) {
        issues_part(self, part)->due = body->part_due;
    }
}

static void answered(struct issue *row, const struct event_issue_step *body) {
    row->answered_at = body->at;
    row->answered_by = body->principal;
    row->charged = body->charged;
}

/* What a step sets beside state, days, flags and the like. The row's are those before it. */
static void take_step(struct issues *self, struct issue *row, const struct event_issue_step *body) {
    switch ((Step)body->step) {
    case STEP(DUPLICATE):
        row->duplicate_of = body->duplicate_of;
        return;
    case STEP(DISPATCHED):
        dispatched(self, row, body);
        return;
    case STEP(DISSATISFIED):
    case STEP(RESUMED):
        row->clock_at = body->at;
        row->before = 0;
        return;
    case STEP(PART_DONE):
        part_done(self, body);
        return;
    case STEP(PART_LATE):
        issues_part(self, body->part)->flags |= PART_LATE;
        return;
    case STEP(ANSWERED):
        answered(row, body);
        return;
    case STEP(RESOLVED):
    case STEP(SILENT):
        row->resolved_at = body->at;
        return;
    case STEP(LONG_TERM):
        row->before = row->state;
        return;
    case STEP(DUE_CHANGED):
        parts_replanned(self, body);
        return;
    case STEP(SCREENED):
    case STEP(INVALID):
    case STEP(DISPUTED):
    case STEP(STARTED):
    case STEP(EXTENSION_ASKED):
    case STEP(EXTENDED):
    case STEP(CONFIRMED):
    case STEP(SIGNED_OFF):
    case STEP(RAISED):
    case STEP(TRANSFERRED):
    case STEP(CANCELLED):
    case STEP(COMMENTED):
    case STEP(DISPATCH_LATE):
    case STEP(DISPUTE_LATE):
    case STEP(WARNED):
    case STEP(OVERDUE):
    case STEP(REVIEW_DUE):
        return;
    case STEP(UNSPECIFIED):
    case STEP(REGISTERED):
    case _ISSUES__V1__ISSUE_STEP_IS_INT_SIZE:
        break;
    }
    CHECK(false); /* no step of this number was ever logged */
}

static void stepped(struct issues *self, const struct event *event) {
    struct event_issue_step body;
    ISSUES_BODY_OF(event, body);
    struct issue *row = issues_issue(self, body.issue);
    const struct issue before = *row;
    take_step(self, row, &body);
    row->state = body.after;
    row->due = body.due;
    row->until_day = body.until_day;
    row->flags = body.flags;
    row->class = body.class;
    row->lead = body.lead;
    row->round = body.round;
    row->level = body.level;
    row->extension = body.extension;
    row->last_seq = event->seq;
    if (body.actor != COMMON__V1__ACTOR__ACTOR_SYSTEM) {
        row->last_at = body.at;
    }
    count_about(self, row->about_item, &before, row);
    count_about(self, row->about_task, &before, row);
    wake(self, body.issue);
}

bool issues_evolve_issue(struct issues *self, const struct event *event) {
    switch (event->type) {
    case EVENT_CONTACT_RULE:
        contact_rule(self, event);
        return true;
    case EVENT_ISSUE_REGISTERED:
        registered(self, event);
        return true;
    case EVENT_ISSUE_STEP:
        stepped(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
