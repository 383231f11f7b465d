#include "approvals/case_steps.h"
#include "approvals/rules.h"
#include "base/civil.h"

/* What the feed says of a case: where it counts and what a step changes; no number, no text, nothing of a person. */

#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name

/* An event with the message of its body behind it, in one piece of the arena. */
struct moved {
    Approvals__V1__Event event;
    Approvals__V1__CaseMoved moved;
    Approvals__V1__CaseFacts facts;
    Approvals__V1__Closing closing;
};

static void fill_facts(const struct approvals *self, uint32_t agency_row, uint32_t version_row, unsigned flags,
                       Approvals__V1__CaseFacts *facts) {
    struct agency *agency = approvals_agency(self, agency_row);
    const struct item_version *version = approvals_version(self, version_row);
    approvals__v1__case_facts__init(facts);
    facts->agency = agency->code;
    facts->region = agency->region;
    facts->type = (Approvals__V1__ItemType)version->type;
    facts->level = (Approvals__V1__ItemLevel)version->level;
    facts->joint = (flags & CASE_JOINT) != 0;
    facts->instant = (flags & CASE_INSTANT) != 0;
}

Approvals__V1__CaseFacts *publish_case_facts(struct deciding *d, const struct approval_case *row) {
    Approvals__V1__CaseFacts *facts = decide_take(d, sizeof *facts);
    fill_facts(d->self, row->agency, row->version, row->flags, facts);
    return facts;
}

static struct moved *begin_moved(struct deciding *d, uint32_t at, uint8_t step) {
    struct moved *out = decide_take(d, sizeof *out);
    approvals__v1__event__init(&out->event);
    approvals__v1__case_moved__init(&out->moved);
    out->event.body_case = APPROVALS__V1__EVENT__BODY_CASE_MOVED;
    out->event.case_moved = &out->moved;
    out->moved.facts = &out->facts;
    out->moved.step = (Approvals__V1__CaseStep)step;
    out->moved.day = (uint32_t)civil_day_of_s(at);
    return out;
}

const ProtobufCMessage *publish_received(struct deciding *d, const struct event_case_received *body) {
    struct moved *out = begin_moved(d, body->received_at, STEP(RECEIVED));
    fill_facts(d->self, body->agency, body->version, body->flags, &out->facts);
    out->moved.after = APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED;
    return &out->event.base;
}

/* --- steps --- */

static int is_open_overdue(unsigned state, unsigned flags) {
    return case_has_clocks(state) && (flags & CASE_PROMISED_PASSED) != 0;
}

static void fill_closing(const struct deciding *d, const struct approval_case *row, const struct event_case_step *body,
                         struct moved *out) {
    const struct limit *statutory = &approvals_version(d->self, row->version)->statutory;
    approvals__v1__closing__init(&out->closing);
    out->closing.on_time = (body->flags & CASE_ON_TIME) != 0;
    out->closing.lawful = (body->flags & CASE_LAWFUL) != 0;
    out->closing.charged_days = body->charged;
    out->closing.has_statutory = statutory->unit != LIMIT_NONE;
    out->closing.statutory_hundredths =
        out->closing.has_statutory ? limit_hundredths(statutory) + row->extension * 100u : 0;
    out->moved.closing = &out->closing;
}

static void fill_delivery(const struct deciding *d, const struct approval_case *row, const struct event_case_step *body,
                          Approvals__V1__CaseMoved *moved) {
    int32_t due;
    moved->minutes = body->at > row->received_at ? (body->at - row->received_at) / 60 : 0;
    moved->late = case_certificate_due(d->self, row, &due) && civil_day_of_s(body->at) > due;
}

/* Which special procedure a step is about; 0: none. */
static unsigned special_of(const struct deciding *d, const struct approval_case *row,
                           const struct event_case_step *body) {
    return body->step == STEP(SPECIAL_ENDED) || body->step == STEP(SUSPENSION_CAPPED)
               ? approvals_pause(d->self, row->first_pause)->kind
               : body->special;
}

static bool is_proposal(const struct event_case_step *body) {
    return body->step >= STEP(APPROVED) && body->step <= STEP(REFUSED) && !case_step_is_decision(body);
}

const ProtobufCMessage *publish_step(struct deciding *d, const struct approval_case *row,
                                     const struct event_case_step *body) {
    if (is_proposal(body)) { /* within the agency: nothing has happened yet */
        return NULL;
    }
    struct moved *out = begin_moved(d, body->at, body->step);
    fill_facts(d->self, row->agency, row->version, row->flags, &out->facts);
    out->moved.before = (Approvals__V1__CaseState)row->state;
    out->moved.after = (Approvals__V1__CaseState)body->after;
    out->moved.open_overdue =
        is_open_overdue(body->after, case_flags_after(row, body)) - is_open_overdue(row->state, row->flags);
    out->moved.special = (Approvals__V1__SpecialKind)special_of(d, row, body);
    if (case_step_is_decision(body)) {
        fill_closing(d, row, body, out);
    } else if (body->step == STEP(DELIVERED)) {
        fill_delivery(d, row, body, &out->moved);
    }
    return &out->event.base;
}

/* --- ratings --- */

const ProtobufCMessage *publish_rated(struct deciding *d, const struct approval_case *row,
                                      const struct event_case_rated *body) {
    Approvals__V1__Event *event = decide_take(d, sizeof *event);
    Approvals__V1__CaseRated *rated = decide_take(d, sizeof *rated);
    approvals__v1__event__init(event);
    approvals__v1__case_rated__init(rated);
    rated->facts = publish_case_facts(d, row);
    rated->day = (uint32_t)civil_day_of_s(body->at);
    rated->rating = body->value;
    event->body_case = APPROVALS__V1__EVENT__BODY_CASE_RATED;
    event->case_rated = rated;
    return &event->base;
}

const ProtobufCMessage *publish_rectified(struct deciding *d, const struct approval_case *row,
                                          const struct event_rectified *body) {
    Approvals__V1__Event *event = decide_take(d, sizeof *event);
    Approvals__V1__RectificationDone *done = decide_take(d, sizeof *done);
    approvals__v1__event__init(event);
    approvals__v1__rectification_done__init(done);
    done->facts = publish_case_facts(d, row);
    done->day = (uint32_t)civil_day_of_s(body->at);
    done->on_time = body->is_on_time != 0;
    event->body_case = APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE;
    event->rectification_done = done;
    return &event->base;
}
