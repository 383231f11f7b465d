#include <string.h>

#include "approvals/rules.h"
#include "supervision/slip_rules.h"

/* Slips of cases: which cases may get one, and how their events look. The rules: supervision/slip_rules.h. */

/* --- the desk --- */

/* The case whose event this is; 0: of none. */
static uint32_t case_of_event(const struct approvals *self, const struct event *event) {
    uint32_t row = 0;
    if (event->type == EVENT_CASE_STEP || event->type == EVENT_SLIP_ISSUED || event->type == EVENT_SLIP_MOVED) {
        memcpy(&row, event->private_body, sizeof row); /* the first field of each */
    }
    return event->type == EVENT_SLIP_MOVED ? approvals_slip(self, row)->subject : row;
}

/* A slip's events belong to its case: one history. */
static struct event *emit(struct deciding *d, uint32_t type, const void *body, size_t size,
                          const struct slip_subject *subject) {
    const size_t count = d->decision->event_count;
    const bool follows = count > 0 && case_of_event(d->self, &d->decision->events[count - 1]) == subject->row;
    return decide_emit(d, type, body, size, follows ? EVENT_PREV_BEFORE : subject->last_seq);
}

static const ProtobufCMessage *publish(struct deciding *d, const struct slip_subject *subject, uint16_t agency,
                                       uint32_t at, uint32_t level, enum slip_state state) {
    (void)agency; /* a case stays with its own */
    return publish_slip(d, approvals_case(d->self, subject->row), at, level, (uint32_t)state);
}

/* Not decided or ended otherwise. */
static bool is_under_way(const struct approval_case *row) {
    switch ((Approvals__V1__CaseState)row->state) {
    case APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_ACCEPTED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED:
        return true;
    case APPROVALS__V1__CASE_STATE__CASE_STATE_UNSPECIFIED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DELIVERED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_NOT_ACCEPTED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_WITHDRAWN:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVOKED:
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return false;
}

static struct slip_subject subject_of(const void *self, uint32_t kind, uint32_t number) {
    const struct approval_case *row = approvals_case(self, number);
    (void)kind; /* cases alone */
    return (struct slip_subject){.row = number,
                                 .first = row->first_slip,
                                 .began_at = row->received_at,
                                 .last_seq = row->last_seq,
                                 .agency = row->agency,
                                 .is_ended = !is_under_way(row)};
}

static struct slip_desk desk_of(const struct deciding *d) {
    return (struct slip_desk){.slips = &approvals_of(d)->slips,
                              .calendar = approvals_calendar(d->self),
                              .event_issued = EVENT_SLIP_ISSUED,
                              .event_moved = EVENT_SLIP_MOVED,
                              .by_supervisor = SLIP_BY_SUPERVISOR,
                              .text_bytes_max = APPROVALS_REASON_BYTES_MAX,
                              .number_field = "case_number",
                              .codes = {.agency_unknown = APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN,
                                        .wrong_actor = APPROVALS__V1__CODE__CODE_WRONG_ACTOR,
                                        .wrong_order = APPROVALS__V1__CODE__CODE_WRONG_ORDER,
                                        .before_last_step = APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP,
                                        .slip_not_open = APPROVALS__V1__CODE__CODE_SLIP_NOT_OPEN,
                                        .text_too_long = APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG},
                              .subject = subject_of,
                              .emit = emit,
                              .publish = publish};
}

/* --- for the rules of cases, and time --- */

void case_slip_issue(struct deciding *d, uint32_t case_row, uint32_t at, uint32_t level, enum slip_rule rule) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of(d->self, 0, case_row);
    slip_rules_issue(d, &desk, &subject, at, level, (uint8_t)rule);
}

void case_slip_close_all(struct deciding *d, uint32_t case_row, uint32_t at) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of(d->self, 0, case_row);
    slip_rules_close(d, &desk, &subject, at);
}

void case_slip_tick(struct deciding *d, uint32_t slip, uint32_t now) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_lapse(d, &desk, slip, now);
}

size_t case_slip_replan(struct deciding *d, uint32_t case_row, uint32_t now, bool emits) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of(d->self, 0, case_row);
    return slip_rules_replan(d, &desk, &subject, now, emits);
}

/* --- commands --- */

void rules_issue_slip(struct deciding *d, const Approvals__V1__IssueSlip *body) {
    const struct slip_desk desk = desk_of(d);
    const uint32_t number = approvals_find_case(d->self, body->case_number);
    if (number == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CASE_UNKNOWN, "case_number");
        return;
    }
    const struct slip_subject subject = subject_of(d->self, 0, number);
    slip_rules_order(d, &desk, &subject, body->level, body->reason);
}

void rules_reply_slip(struct deciding *d, const Approvals__V1__ReplySlip *body) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_reply(d, &desk, body->slip, body->reply);
}

void rules_judge_reply(struct deciding *d, const Approvals__V1__JudgeReply *body) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_judge(d, &desk, body->slip, body->accepted, body->reason);
}
