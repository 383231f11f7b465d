#include "base/civil.h"
#include "issues/issue_steps.h"
#include "issues/rules.h"

/* What the feed says of an issue: where it counts and what a step changes; no number, no enterprise, no text. */

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name

/* An event with the message of its body behind it, in one piece of the arena. */
struct moved {
    Issues__V1__Event event;
    Issues__V1__IssueMoved moved;
    Issues__V1__IssueFacts facts;
    Issues__V1__IssueClosing closing;
    char *rules[ISSUES_CITES_MAX];
};

static struct moved *begin(struct deciding *d, uint32_t at, uint32_t step) {
    struct moved *out = decide_take(d, sizeof *out);
    issues__v1__event__init(&out->event);
    issues__v1__issue_moved__init(&out->moved);
    issues__v1__issue_facts__init(&out->facts);
    out->event.body_case = ISSUES__V1__EVENT__BODY_ISSUE_MOVED;
    out->event.issue_moved = &out->moved;
    out->moved.facts = &out->facts;
    out->moved.step = (Issues__V1__IssueStep)step;
    out->moved.day = (uint32_t)civil_day_of_s(at);
    return out;
}

/* protobuf-c's packer takes char *, and only reads. */
static char *borrow(const char *text) {
    return (char *)(uintptr_t)text;
}

static void add_rules(const struct issues *self, uint64_t cites, struct moved *out) {
    out->moved.rules = out->rules;
    for (uint32_t rule = 1; cites != 0; rule++, cites >>= 1) {
        if ((cites & 1) != 0) {
            out->rules[out->moved.n_rules++] = issues_contact_rule(self, rule)->code;
        }
    }
}

const ProtobufCMessage *publish_issue_registered(struct deciding *d, const struct event_issue_registered *body) {
    struct moved *out = begin(d, body->at, STEP(REGISTERED));
    out->facts.region = body->region;
    out->facts.topic = (Issues__V1__IssueTopic)body->topic;
    out->facts.registered_day = (uint32_t)civil_day_of_s(body->at);
    out->facts.item_code = borrow(body->item_code);
    out->facts.task_number = borrow(body->task_number);
    out->moved.after = ISSUES__V1__ISSUE_STATE__ISSUE_STATE_REGISTERED;
    add_rules(d->self, body->cites, out);
    return &out->event.base;
}

static void fill_facts(const struct issues *self, const struct issue *row, const struct event_issue_step *body,
                       Issues__V1__IssueFacts *facts) {
    facts->agency = issues_agency(self, body->lead)->code;
    facts->region = row->region;
    facts->class_ = (Issues__V1__IssueClass)body->class;
    facts->topic = (Issues__V1__IssueTopic)row->topic;
    facts->registered_day = (uint32_t)civil_day_of_s(row->registered_at);
    facts->item_code = issues_about(self, row->about_item)->code;
    facts->task_number = issues_about(self, row->about_task)->code;
}

static void fill_closing(const struct event_issue_step *body, struct moved *out) {
    issues__v1__issue_closing__init(&out->closing);
    out->closing.confirmed = (body->flags & ISSUE_CONFIRMED) != 0;
    out->closing.on_time = (body->flags & ISSUE_ON_TIME) != 0;
    out->closing.charged_days = body->charged;
    out->moved.closing = &out->closing;
}

const ProtobufCMessage *publish_issue_step(struct deciding *d, const struct issue *row,
                                           const struct event_issue_step *body) {
    if (body->step == STEP(COMMENTED) || body->step == STEP(EXTENSION_ASKED)) { /* within the city's offices */
        return NULL;
    }
    struct moved *out = begin(d, body->at, body->step);
    fill_facts(d->self, row, body, &out->facts);
    out->moved.before = (Issues__V1__IssueState)row->state;
    out->moved.after = (Issues__V1__IssueState)body->after;
    out->moved.open_overdue = ((body->flags & ISSUE_OVERDUE) != 0) - ((row->flags & ISSUE_OVERDUE) != 0);
    out->moved.raised = body->level > row->level;
    if (body->step == STEP(RESOLVED) || body->step == STEP(SILENT)) {
        fill_closing(body, out);
    } else if (body->step == STEP(PART_LATE)) {
        out->moved.unit = issues_agency(d->self, issues_part(d->self, body->part)->agency)->code;
    }
    return &out->event.base;
}

const ProtobufCMessage *publish_contact_rule(struct deciding *d, uint32_t at, bool is_negative, int in_force) {
    Issues__V1__Event *event = decide_take(d, sizeof *event);
    Issues__V1__ContactRuleChanged *changed = decide_take(d, sizeof *changed);
    issues__v1__event__init(event);
    issues__v1__contact_rule_changed__init(changed);
    changed->day = (uint32_t)civil_day_of_s(at);
    changed->negative = is_negative;
    changed->in_force = in_force;
    event->body_case = ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED;
    event->contact_rule_changed = changed;
    return &event->base;
}
