#include <string.h>

#include "base/check.h"
#include "issues/rules.h"

/* What a circular becomes: event 14. Its lines stay in the log. */

bool issues_evolve_circular(struct issues *self, const struct event *event) {
    struct event_circular body;
    uint32_t number;
    if (event->type != EVENT_CIRCULAR) {
        return false;
    }
    ISSUES_BODY_OF(event, body);
    struct circular *row = table_add(&self->circulars, &number);
    row->seq = event->seq;
    row->published_at = body.at;
    row->first_day = body.first_day;
    row->last_day = body.last_day;
    row->lines = body.line_count;
    row->kind = body.kind;
    memcpy(row->number, body.number, sizeof row->number);
    index_add(&self->circular_by_number, number);
    return true;
}
