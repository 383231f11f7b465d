#include "approvals/publish_item.h"

#include "approvals/catalogue.h"
#include "base/check.h"

Approvals__V1__ItemFacts *item_facts(const struct approvals *self, struct arena *arena,
                                     const struct item_version *version, uint32_t agency) {
    Approvals__V1__ItemFacts *facts = arena_alloc(arena, sizeof *facts);
    if (facts == NULL) {
        return NULL;
    }
    approvals__v1__item_facts__init(facts);
    facts->agency = approvals_agency(self, agency)->code;
    facts->region = approvals_agency(self, agency)->region;
    facts->type = (Approvals__V1__ItemType)version->type;
    facts->level = (Approvals__V1__ItemLevel)version->level;
    facts->visits = version->visits;
    facts->no_meeting = (version->flags & VERSION_NO_MEETING) != 0;
    facts->instant = (version->flags & VERSION_INSTANT) != 0;
    facts->online = catalogue_is_online(version->channels);
    facts->depth = catalogue_depth(version->online);
    facts->app = (version->flags & VERSION_APP) != 0;
    facts->has_limits = version->promised.unit != LIMIT_NONE && version->statutory.unit != LIMIT_NONE;
    facts->promised_hundredths = facts->has_limits ? limit_hundredths(&version->promised) : 0;
    facts->statutory_hundredths = facts->has_limits ? limit_hundredths(&version->statutory) : 0;
    return facts;
}

Approvals__V1__ItemFacts *publish_item_facts(struct deciding *d, const struct item_version *version, uint32_t agency) {
    Approvals__V1__ItemFacts *facts = item_facts(d->self, d->arena, version, agency);
    CHECK(facts != NULL);
    return facts;
}

static Approvals__V1__Event *event_of(struct deciding *d, Approvals__V1__Event__BodyCase body_case) {
    Approvals__V1__Event *event = decide_take(d, sizeof *event);
    approvals__v1__event__init(event);
    event->body_case = body_case;
    return event;
}

const ProtobufCMessage *publish_item_removed(struct deciding *d, int32_t day, Approvals__V1__ItemFacts *before,
                                             uint32_t round, bool opens) {
    Approvals__V1__Event *event = event_of(d, APPROVALS__V1__EVENT__BODY_ITEM_CHANGED);
    event->item_changed = decide_take(d, sizeof *event->item_changed);
    approvals__v1__item_changed__init(event->item_changed);
    event->item_changed->day = (uint32_t)day;
    event->item_changed->before = before;
    event->item_changed->round = round;
    event->item_changed->opens_round = opens;
    return &event->base;
}

const ProtobufCMessage *publish_item_changed(struct deciding *d, int32_t day, Approvals__V1__ItemFacts *before,
                                             Approvals__V1__ItemFacts *after) {
    Approvals__V1__Event *event = event_of(d, APPROVALS__V1__EVENT__BODY_ITEM_CHANGED);
    event->item_changed = decide_take(d, sizeof *event->item_changed);
    approvals__v1__item_changed__init(event->item_changed);
    event->item_changed->day = (uint32_t)day;
    event->item_changed->before = before;
    event->item_changed->after = after;
    return &event->base;
}

const ProtobufCMessage *publish_agency(struct deciding *d, const struct agency_body *body) {
    Approvals__V1__Event *event = event_of(d, APPROVALS__V1__EVENT__BODY_AGENCY_REGISTERED);
    event->agency_registered = decide_take(d, sizeof *event->agency_registered);
    agencies_publish(body, event->agency_registered);
    return &event->base;
}

const ProtobufCMessage *publish_notice(struct deciding *d, const char *notice, int32_t published_day,
                                       bool is_withdrawn) {
    Approvals__V1__Event *event = event_of(d, APPROVALS__V1__EVENT__BODY_NOTICE_CHANGED);
    event->notice_changed = decide_take(d, sizeof *event->notice_changed);
    common__v1__notice_changed__init(event->notice_changed);
    event->notice_changed->notice = (char *)notice;
    event->notice_changed->published_day = (uint32_t)published_day;
    event->notice_changed->withdrawn = is_withdrawn;
    return &event->base;
}
