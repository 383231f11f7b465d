#include <string.h>

#include "approvals/case_steps.h"
#include "approvals/evolve_internal.h"
#include "base/civil.h"

/* Cases, their parts, pauses and ratings. */

typedef Approvals__V1__CaseStep Step;
#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name

/* --- received --- */

static void add_parts(struct approvals *self, struct approval_case *row, const struct event_case_received *body) {
    for (size_t i = body->part_count; i > 0; i--) { /* so that they stand in the order of the command */
        uint32_t number;
        struct part *part = table_add(&self->parts, &number);
        part->agency = body->parts[i - 1];
        part->next = row->first_part;
        row->first_part = number;
    }
}

static void received(struct approvals *self, const struct event *event) {
    struct event_case_received body;
    BODY_OF(event, body);
    CHECK(body.part_count <= APPROVALS_PARTS_MAX);
    uint32_t number;
    struct approval_case *row = table_add(&self->cases, &number);
    row->last_seq = event->seq;
    row->version = body.version;
    row->received_at = row->last_at = body.received_at;
    row->agency = body.agency;
    row->flags = body.flags;
    row->state = STATE(RECEIVED);
    row->channel = body.channel;
    row->client = body.client;
    memcpy(row->last4, body.last4, sizeof row->last4);
    memcpy(row->number, body.number, sizeof row->number);
    add_parts(self, row, &body);
    index_add(&self->case_by_number, number);
    evolve_wake_case(self, number);
}

/* --- steps --- */

static struct part *find_part(const struct approvals *self, const struct approval_case *row, uint16_t agency) {
    uint32_t number = row->first_part;
    while (number != 0 && approvals_part(self, number)->agency != agency) {
        number = approvals_part(self, number)->next;
    }
    return number == 0 ? NULL : approvals_part(self, number);
}

/* 8 and 101 of an agency that has a part; 8 of the leading agency finds none. */
static void part_moves(const struct approvals *self, const struct approval_case *row,
                       const struct event_case_step *body) {
    struct part *part = find_part(self, row, body->by);
    if (part != NULL && body->step == STEP(PART_DONE)) {
        part->done_at = body->at;
    } else if (part != NULL) {
        part->started_at = body->at;
    }
}

static void begin_pause(struct approvals *self, struct approval_case *row, const struct event_case_step *body) {
    const bool papers_stop = (approvals_version(self, row->version)->flags & VERSION_PAPERS_STOP_STATUTORY) != 0;
    uint32_t number;
    struct case_pause *pause = table_add(&self->pauses, &number);
    *pause = (struct case_pause){.from = civil_day_of_s(body->at),
                                 .until = PAUSE_OPEN,
                                 .next = row->first_pause,
                                 .kind = body->special,
                                 .stops_statutory =
                                     body->special != APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS || papers_stop};
    row->first_pause = number;
    row->until_day = body->until_day;
}

/* The newest one, if it is open. It ends as planned, whoever is late to say so. */
static void end_pause(const struct approvals *self, struct approval_case *row, int32_t day) {
    struct case_pause *pause = approvals_pause(self, row->first_pause);
    if (row->first_pause != 0 && pause->until == PAUSE_OPEN) {
        pause->until = day < row->until_day ? day : row->until_day;
    }
    row->until_day = row->papers_due;
}

static void special_starts(struct approvals *self, struct approval_case *row, const struct event_case_step *body) {
    if (body->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION) {
        row->extension = (uint8_t)body->extension;
    } else {
        begin_pause(self, row, body);
    }
}

static void promise_papers(struct approval_case *row, const struct event_case_step *body) {
    if ((body->flags & CASE_DEFICIENT) != 0) {
        row->until_day = row->papers_due = body->until_day;
    }
}

/* Silence, or an answer that came too late: it counts from where it should have. */
static void accepted(struct approval_case *row, const struct event_case_step *body) {
    if ((row->flags & CASE_SUPPLEMENTED) == 0) {
        row->accepted_at = (body->flags & CASE_DEEMED) != 0 ? row->received_at : body->at;
    }
    promise_papers(row, body);
}

static void papers_in(struct approval_case *row) {
    row->until_day = row->state == STATE(SUSPENDED) ? row->until_day : 0;
    row->papers_due = 0;
}

static void decided(struct approval_case *row, const struct event_case_step *body, uint64_t seq) {
    row->decision = body->step;
    if (case_step_is_decision(body)) {
        row->decided_at = body->at;
        row->decided_seq = seq;
        row->charged = body->charged;
        promise_papers(row, body);
    }
}

static void ended(const struct approvals *self, struct approval_case *row, const struct event_case_step *body) {
    end_pause(self, row, civil_day_of_s(body->at));
    row->decided_at = body->at;
}

/* What a step sets beside state, flags and days. The row's state and flags are those before it. */
static void take_step(struct approvals *self, struct approval_case *row, const struct event_case_step *body,
                      uint64_t seq) {
    switch ((Step)body->step) {
    case STEP(ACCEPTED):
    case STEP(DEEMED_ACCEPTED):
        accepted(row, body);
        return;
    case STEP(NOT_OURS):
    case STEP(REFUSED_TO_ACCEPT):
    case STEP(WITHDRAWN_BEFORE_ACCEPTANCE):
    case STEP(WITHDRAWN):
    case STEP(SUPPLEMENT_LAPSED):
        ended(self, row, body);
        return;
    case STEP(SUPPLEMENT_STARTED):
        row->until_day = body->until_day;
        return;
    case STEP(SUPPLEMENT_ENDED):
        row->until_day = 0;
        row->accepted_at = body->at; /* of the acceptance that follows */
        return;
    case STEP(DEPARTMENT_STARTED):
    case STEP(PART_DONE):
        part_moves(self, row, body);
        return;
    case STEP(SPECIAL_STARTED):
        special_starts(self, row, body);
        return;
    case STEP(SPECIAL_ENDED):
        end_pause(self, row, civil_day_of_s(body->at));
        return;
    case STEP(SUSPENSION_CAPPED):
        end_pause(self, row, row->until_day);
        return;
    case STEP(APPROVED):
    case STEP(APPROVED_WITH_DEFICIENCY):
    case STEP(REFUSED):
        decided(row, body, seq);
        return;
    case STEP(DELIVERED):
        row->delivered_at = body->at;
        return;
    case STEP(PAPERS_IN):
        papers_in(row);
        return;
    case STEP(REVOKED):
    case STEP(WITHDRAWAL_ASKED):
    case STEP(WARNED):
    case STEP(PROMISED_PASSED):
    case STEP(STATUTORY_PASSED):
    case STEP(CERTIFICATE_LATE):
    case STEP(PAPERS_LATE):
    case STEP(DUE_CHANGED):
        return;
    case STEP(UNSPECIFIED):
    case STEP(RECEIVED):
    case _APPROVALS__V1__CASE_STEP_IS_INT_SIZE:
        break;
    }
    CHECK(false); /* no step of this number was ever logged */
}

static void stepped(struct approvals *self, const struct event *event) {
    struct event_case_step body;
    BODY_OF(event, body);
    struct approval_case *row = approvals_case(self, body.case_row);
    take_step(self, row, &body, event->seq);
    row->flags = case_flags_after(row, &body);
    row->state = body.after;
    row->promised_due = body.promised_due;
    row->statutory_due = body.statutory_due;
    row->last_seq = event->seq;
    if (body.actor != COMMON__V1__ACTOR__ACTOR_SYSTEM) {
        row->last_at = body.at;
    }
    evolve_wake_case(self, body.case_row);
}

/* --- ratings --- */

static void rated(struct approvals *self, const struct event *event) {
    struct event_case_rated body;
    BODY_OF(event, body);
    struct approval_case *row = approvals_case(self, body.case_row);
    uint32_t number;
    struct rating *rating = table_add(&self->ratings, &number);
    *rating = (struct rating){.case_row = body.case_row,
                              .next = row->first_rating,
                              .rated_at = body.at,
                              .due_day = body.due_day,
                              .visit = body.visit,
                              .value = body.value};
    row->first_rating = number;
    row->rated |= (uint8_t)(1u << (body.visit - 1u));
    row->last_seq = event->seq;
}

static void rectified(struct approvals *self, const struct event *event) {
    struct event_rectified body;
    BODY_OF(event, body);
    struct rating *rating = approvals_rating(self, body.rating);
    rating->rectified_at = body.at;
    rating->is_on_time = body.is_on_time;
    rating->is_called_back = body.is_called_back;
    approvals_case(self, rating->case_row)->last_seq = event->seq;
}

bool evolve_case(struct approvals *self, const struct event *event) {
    switch ((enum event_type)event->type) {
    case EVENT_CASE_RECEIVED:
        received(self, event);
        return true;
    case EVENT_CASE_STEP:
        stepped(self, event);
        return true;
    case EVENT_CASE_RATED:
        rated(self, event);
        return true;
    case EVENT_RECTIFIED:
        rectified(self, event);
        return true;
    case EVENT_AGENCY_REGISTERED:
    case EVENT_NOTICE_LOADED:
    case EVENT_NOTICE_WITHDRAWN:
    case EVENT_ITEM_PUBLISHED:
    case EVENT_ITEM_REMOVED:
    case EVENT_SLIP_ISSUED:
    case EVENT_SLIP_MOVED:
    case EVENT_REPLANNED_TO:
    case EVENT_TIME_CAME:
        break;
    }
    return false;
}
