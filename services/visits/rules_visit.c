#include "visits/rules.h"

/*
 * Commands about a visit that is known: its end, its class, its cancellation. Each aspect of a visit keeps when it was
 * last recorded; an older statement changes nothing, so that any order of arrival ends in the same state. What was
 * recorded up to a cancellation belongs to a life of the visit number that never was.
 */

/* Whether a statement is of an earlier life of the number. */
static bool is_void(const struct visit_claim *claim) {
    return claim->recorded <= claim->row.cancel_recorded;
}

static bool begin_known(struct deciding *d, const char *visit_number, int64_t recorded_at_ms,
                        struct visit_claim *claim) {
    if (!rules_claim_visit(d, visit_number, recorded_at_ms, claim) || !rules_find_visit(d, claim)) {
        return false;
    }
    if (claim->number == 0) {
        rules_refuse(d, VISITS__V1__CODE__CODE_VISIT_UNKNOWN, "visit_number");
        return false;
    }
    return true;
}

/* The persons of a visit's record. */
static struct persons persons_of(const struct deciding *d, const struct visit *visit) {
    struct persons persons = {.count = 0};
    if (visit->record != 0) {
        persons_add(&persons, visits_record(d->self, visit->record)->person);
    }
    return persons;
}

void rules_close_visit(struct deciding *d, const Visits__V1__CloseVisit *body) {
    struct visit_claim claim;
    if (!begin_known(d, body->visit_number, body->recorded_at_ms, &claim)) {
        return;
    }
    const uint32_t closed_at = rules_seconds(d->command->occurred_at_ms);
    const struct visit *row = &claim.row;
    if (is_void(&claim) || claim.recorded < row->end_recorded ||
        (claim.recorded == row->end_recorded && closed_at == row->closed_at)) {
        return;
    }
    struct event_visit_closed *event = &d->work->body.closed;
    *event = (struct event_visit_closed){.visit = claim.key, .closed_at = closed_at, .end_recorded = claim.recorded};
    rules_emit(d, EVENT_VISIT_CLOSED, event, sizeof *event, row->last_seq);
}

void rules_change_class(struct deciding *d, const Visits__V1__ChangeClass *body) {
    struct visit_claim claim;
    if (body->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_class");
        return;
    }
    if (!begin_known(d, body->visit_number, body->recorded_at_ms, &claim)) {
        return;
    }
    const struct visit *row = &claim.row;
    if (is_void(&claim) || claim.recorded < row->class_recorded ||
        (claim.recorded == row->class_recorded && body->visit_class == row->visit_class &&
         (row->flags & VISIT_CLASS_CHANGED))) {
        return;
    }
    struct event_visit_changed *event = &d->work->body.changed;
    *event = (struct event_visit_changed){.visit = claim.key,
                                          .opened_at = row->opened_at,
                                          .open_recorded = row->open_recorded,
                                          .class_recorded = claim.recorded,
                                          .visit_class = (uint8_t)body->visit_class,
                                          .visit_flags = row->flags | VISIT_CLASS_CHANGED};
    struct visit after = *row;
    after.visit_class = event->visit_class;
    const struct persons persons = persons_of(d, row);
    rules_emit(d, EVENT_VISIT_CHANGED, event, sizeof *event, row->last_seq)->public_body =
        publish_visit(d, row, &after, claim.number, &persons);
}

void rules_cancel_visit(struct deciding *d, const Visits__V1__CancelVisit *body) {
    struct visit_claim claim;
    if (!rules_claim_visit(d, body->visit_number, body->recorded_at_ms, &claim) || !rules_find_visit(d, &claim)) {
        return;
    }
    if (is_void(&claim)) {
        return;
    }
    if (claim.number == 0 && table_is_full(&d->self->visits)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return;
    }
    struct event_visit_cancelled *event = &d->work->body.cancelled;
    *event = (struct event_visit_cancelled){
        .visit = claim.key, .cancel_recorded = claim.recorded, .facility = d->facility_row};
    struct visit after = claim.row;
    after.cancel_recorded = claim.recorded;
    const struct persons persons = persons_of(d, &claim.row);
    rules_emit(d, EVENT_VISIT_CANCELLED, event, sizeof *event, claim.row.last_seq)->public_body =
        publish_visit(d, &claim.row, &after, claim.number, &persons);
}
