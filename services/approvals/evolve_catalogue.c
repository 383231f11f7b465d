#include "approvals/catalogue.h"
#include "approvals/evolve_internal.h"
#include "base/civil.h"

/* What agencies, notices and items become: events 1 to 5. */

static void agency_registered(struct approvals *self, const struct event *event) {
    struct agency_body body;
    BODY_OF(event, body);
    agencies_register(&self->agencies, event->seq, &body);
}

/* --- the calendar --- */

/* Open deadlines follow a notice in slices, on ticks. */
static void replan(struct approvals *self, uint32_t notice) {
    struct course *course = evolve_course(self);
    if (self->cases.count > 0) {
        course->replan_next = 1;
        course->replan_notice = notice;
    }
}

static void notice_loaded(struct approvals *self, const struct event *event) {
    replan(self, notices_load(&self->notices, event->seq, event->private_body, event->private_size));
}

static void notice_withdrawn(struct approvals *self, const struct event *event) {
    struct event_notice_withdrawn body;
    BODY_OF(event, body);
    notices_withdraw(&self->notices, body.notice, event->seq);
    replan(self, body.notice);
}

/* --- items --- */

static void item_published(struct approvals *self, const struct event *event) {
    struct event_item_published body;
    uint32_t number, version_number;
    BODY_OF(event, body);
    number = body.version.item;
    const bool is_new = number > self->items.count;
    struct item_version *version = table_add(&self->versions, &version_number);
    struct item *item = is_new ? table_add(&self->items, &number) : approvals_item(self, number);
    *version = body.version;
    version->item = number;
    version->older = item->newest;
    version->until_day = INT32_MAX;
    item->last_seq = event->seq;
    item->newest = version_number;
    item->removed_day = INT32_MAX; /* it is back from the version's day on */
    item->removed_round = 0;
    item->agency = body.agency;
    if (is_new) {
        memcpy(item->code, body.code, sizeof item->code);
        index_add(&self->item_by_code, number);
    }
}

static void count_round(struct approvals *self, uint32_t number, int32_t day) {
    struct round *round = NULL;
    for (uint32_t row = 1; row <= self->rounds.count && round == NULL; row++) {
        struct round *found = table_row(&self->rounds, row);
        round = found->number == number ? found : NULL;
    }
    if (round == NULL) {
        uint32_t row;
        round = table_add(&self->rounds, &row);
        round->number = number;
        round->first_day = day;
    }
    round->removed++;
}

static void item_removed(struct approvals *self, const struct event *event) {
    struct event_item_removed body;
    BODY_OF(event, body);
    struct item *item = approvals_item(self, body.item);
    /* All of them: those that were replaced before that day do not care. */
    for (uint32_t row = item->newest; row != 0; row = approvals_version(self, row)->older) {
        struct item_version *version = approvals_version(self, row);
        version->until_day = version->until_day > body.day ? body.day : version->until_day;
    }
    item->last_seq = event->seq;
    item->removed_day = body.day;
    item->removed_round = (uint16_t)body.round;
    if (body.round != 0) {
        count_round(self, body.round, body.day);
    }
}

bool evolve_catalogue(struct approvals *self, const struct event *event) {
    switch (event->type) {
    case EVENT_AGENCY_REGISTERED:
        agency_registered(self, event);
        return true;
    case EVENT_NOTICE_LOADED:
        notice_loaded(self, event);
        return true;
    case EVENT_NOTICE_WITHDRAWN:
        notice_withdrawn(self, event);
        return true;
    case EVENT_ITEM_PUBLISHED:
        item_published(self, event);
        return true;
    case EVENT_ITEM_REMOVED:
        item_removed(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
