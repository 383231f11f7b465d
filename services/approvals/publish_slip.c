#include "approvals/rules.h"
#include "base/civil.h"

/* What the feed says of a slip: where its case counts, the level and the state. */

const ProtobufCMessage *publish_slip(struct deciding *d, const struct approval_case *row, uint32_t at, uint32_t level,
                                     uint32_t state) {
    Approvals__V1__Event *event = decide_take(d, sizeof *event);
    Approvals__V1__SlipChanged *changed = decide_take(d, sizeof *changed);
    approvals__v1__event__init(event);
    approvals__v1__slip_changed__init(changed);
    changed->facts = publish_case_facts(d, row);
    changed->day = (uint32_t)civil_day_of_s(at);
    changed->level = level;
    changed->state = (Common__V1__SlipState)state;
    event->body_case = APPROVALS__V1__EVENT__BODY_SLIP_CHANGED;
    event->slip_changed = changed;
    return &event->base;
}
