#include "base/civil.h"
#include "issues/rules.h"

/* What the feed says of a clue: where it counts and what a step changes; no number, no text, no river. */

#define STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name

/* An event with the message of its body behind it, in one piece of the arena. */
struct moved {
    Issues__V1__Event event;
    Issues__V1__ClueMoved moved;
    Issues__V1__ClueFacts facts;
};

static struct moved *begin(struct deciding *d, uint32_t at, Issues__V1__ClueStep step, uint32_t found_at) {
    struct moved *out = decide_take(d, sizeof *out);
    issues__v1__event__init(&out->event);
    issues__v1__clue_moved__init(&out->moved);
    issues__v1__clue_facts__init(&out->facts);
    out->event.body_case = ISSUES__V1__EVENT__BODY_CLUE_MOVED;
    out->event.clue_moved = &out->moved;
    out->moved.facts = &out->facts;
    out->moved.step = step;
    out->moved.day = (uint32_t)civil_day_of_s(at);
    out->facts.found_day = (uint32_t)civil_day_of_s(found_at);
    return out;
}

const ProtobufCMessage *publish_clue_found(struct deciding *d, const struct event_clue_found *body) {
    struct moved *out = begin(d, body->at, STEP(FOUND), body->at);
    out->facts.region = body->region;
    out->facts.kind = (Issues__V1__ClueKind)body->kind;
    out->facts.grade = (Issues__V1__ClueGrade)body->grade;
    out->moved.after = ISSUES__V1__CLUE_STATE__CLUE_STATE_FOUND;
    return &out->event.base;
}

const ProtobufCMessage *publish_clue_step(struct deciding *d, const struct clue *row,
                                          const struct event_clue_step *body) {
    const uint32_t transferred_at = body->step == STEP(TRANSFERRED) ? body->at : row->transferred_at;
    if (body->step == STEP(COMMENTED)) { /* nothing happened */
        return NULL;
    }
    struct moved *out = begin(d, body->at, (Issues__V1__ClueStep)body->step, row->found_at);
    out->facts.region = row->region;
    out->facts.kind = (Issues__V1__ClueKind)row->kind;
    out->facts.grade = (Issues__V1__ClueGrade)row->grade;
    out->facts.transferred_day = transferred_at == 0 ? 0 : (uint32_t)civil_day_of_s(transferred_at);
    out->moved.before = (Issues__V1__ClueState)row->state;
    out->moved.after = (Issues__V1__ClueState)body->after;
    out->moved.on_time = body->step == STEP(REPLIED) && (body->flags & CLUE_REPLIED_ON_TIME) != 0;
    return &out->event.base;
}
