#include "base/civil.h"
#include "visits/rules.h"

/* What the feed says of a visit: nothing of the person, only where it counts and what that changes. */

static void fill(const struct deciding *d, const struct visit *visit, uint32_t edge, Visits__V1__Visit *out) {
    visits__v1__visit__init(out);
    out->day = (uint32_t)civil_day_of_s(visit->opened_at);
    out->region = d->facility->region;
    out->facility = (char *)d->facility->code;
    out->visit_class = (Visits__V1__VisitClass)visit->visit_class;
    out->one_card = (visit->flags & VISIT_ONE_CARD) != 0;
    out->edge = edge;
}

/* Whether both are in the same buckets: then nothing is to be said. */
static bool counts_alike(const struct visit *a, const struct visit *b) {
    return a->visit_class == b->visit_class && ((a->flags ^ b->flags) & VISIT_ONE_CARD) == 0 &&
           civil_day_of_s(a->opened_at) == civil_day_of_s(b->opened_at);
}

const ProtobufCMessage *publish_visit(struct deciding *d, const struct visit *before, const struct visit *after,
                                      uint32_t number, const struct persons *persons) {
    const bool counted = visit_counts(before);
    const bool counts = visit_counts(after);
    if ((!counted && !counts) || (counted && counts && counts_alike(before, after))) {
        return NULL;
    }
    struct workspace *work = d->work;
    visits__v1__event__init(&work->event);
    if (counted) {
        fill(d, before, distinct_edge(d->self, before, persons, number), &work->before);
        work->event.body_case = VISITS__V1__EVENT__BODY_VISIT_LEFT;
        work->event.visit_left = &work->before;
    }
    if (counts) {
        fill(d, after, distinct_edge(d->self, after, persons, number), &work->after);
        work->event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
        work->event.visit_appeared = &work->after;
    }
    if (counted && counts) {
        visits__v1__visit_changed__init(&work->changed);
        work->changed.before = &work->before;
        work->changed.after = &work->after;
        work->event.body_case = VISITS__V1__EVENT__BODY_VISIT_CHANGED;
        work->event.visit_changed = &work->changed;
    }
    return &work->event.base;
}
