#include "base/civil.h"
#include "issues/rules.h"

/* What the feed says of a slip: the unit that has to reply and where it counts, the level and the state. */

const ProtobufCMessage *publish_record_slip(struct deciding *d, struct record record, uint16_t agency, uint32_t at,
                                            uint32_t level, uint32_t state) {
    Issues__V1__Event *event = decide_take(d, sizeof *event);
    Issues__V1__SlipChanged *changed = decide_take(d, sizeof *changed);
    issues__v1__event__init(event);
    issues__v1__slip_changed__init(changed);
    changed->kind = record.kind;
    changed->agency = issues_agency(d->self, agency)->code;
    changed->region = issues_agency(d->self, agency)->region;
    changed->day = (uint32_t)civil_day_of_s(at);
    changed->level = level;
    changed->state = (Common__V1__SlipState)state;
    event->body_case = ISSUES__V1__EVENT__BODY_SLIP_CHANGED;
    event->slip_changed = changed;
    return &event->base;
}
