#include "base/civil.h"
#include "visits/rules.h"

/* What the feed says of a visit: nothing of the person, only where it counts and what that changes. */

/* The 30 minutes of the town, the 120 of the countryside. */
enum { URBAN_CIRCLE_S = 30 * 60, CIRCLE_S = 120 * 60 };

static Visits__V1__RescueArrival rescue_of(const struct visit_side *side) {
    const struct extra *extra = side->extra;
    if (side->row->visit_class != VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY || extra->rescue_recorded == 0) {
        return VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_UNSPECIFIED;
    }
    const uint32_t took_s = extra->arrived_at - extra->called_at;
    if (!extra->is_urban) {
        return took_s <= CIRCLE_S ? VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_WITHIN_120_MINUTES
                                  : VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_RURAL_LATER;
    }
    if (took_s <= URBAN_CIRCLE_S) {
        return VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_30_MINUTES;
    }
    return took_s <= CIRCLE_S ? VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_WITHIN_120_MINUTES
                              : VISITS__V1__RESCUE_ARRIVAL__RESCUE_ARRIVAL_URBAN_LATER;
}

static void fill(const struct deciding *d, const struct visit_side *side, uint32_t except, Visits__V1__Visit *out) {
    struct persons persons = {.count = 0};
    persons_add(&persons, side->head);
    visits__v1__visit__init(out);
    out->day = (uint32_t)civil_day_of_s(side->row->opened_at);
    out->region = d->facility->region;
    out->facility = (char *)d->facility->code;
    out->visit_class = (Visits__V1__VisitClass)side->row->visit_class;
    out->one_card = (side->row->flags & VISIT_ONE_CARD) != 0;
    out->edge = distinct_edge(d->self, side->row, &persons, except);
    out->rescue = rescue_of(side);
}

/* Whether both are in the same buckets, of the same person: then nothing is to be said. */
static bool counts_alike(const struct visit_side *before, const struct visit_side *after) {
    const struct visit *a = before->row;
    const struct visit *b = after->row;
    return a->visit_class == b->visit_class && ((a->flags ^ b->flags) & VISIT_ONE_CARD) == 0 &&
           civil_day_of_s(a->opened_at) == civil_day_of_s(b->opened_at) && rescue_of(before) == rescue_of(after) &&
           (before->head == after->head || (a->flags & VISIT_ONE_CARD) == 0);
}

const ProtobufCMessage *publish_visit(struct deciding *d, const struct visit_side *before,
                                      const struct visit_side *after, uint32_t except) {
    const bool counted = visit_counts(before->row);
    const bool counts = visit_counts(after->row);
    if ((!counted && !counts) || (counted && counts && counts_alike(before, after))) {
        return NULL;
    }
    struct workspace *work = d->work;
    visits__v1__event__init(&work->event);
    if (counted) {
        fill(d, before, except, &work->before);
        work->event.body_case = VISITS__V1__EVENT__BODY_VISIT_LEFT;
        work->event.visit_left = &work->before;
    }
    if (counts) {
        fill(d, after, except, &work->after);
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
