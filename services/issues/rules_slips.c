#include "issues/rules.h"
#include "supervision/slip_rules.h"

/* Slips of issues, tasks and clues: which records may get one, and how their events look. The rules:
 * supervision/slip_rules.h. */

static struct record record_of(const struct slip_subject *subject) {
    return (struct record){(Issues__V1__RecordKind)subject->kind, subject->row};
}

/* --- the desk --- */

static struct slip_subject subject_of(const void *self, uint32_t kind, uint32_t row) {
    const struct record record = {(Issues__V1__RecordKind)kind, row};
    return (struct slip_subject){.row = row,
                                 .kind = kind,
                                 .first = *record_first_slip(self, record),
                                 .began_at = record_began_at(self, record),
                                 .last_seq = record_last_seq(self, record),
                                 .agency = record_agency(self, record),
                                 .is_ended = record_is_ended(self, record)};
}

static struct slip_subject subject_of_record(const struct deciding *d, struct record record) {
    return subject_of(d->self, (uint32_t)record.kind, record.row);
}

/* A slip's events belong to its record: one history. */
static struct event *emit(struct deciding *d, uint32_t type, const void *body, size_t size,
                          const struct slip_subject *subject) {
    return record_emit(d, type, body, size, record_of(subject));
}

static const ProtobufCMessage *publish(struct deciding *d, const struct slip_subject *subject, uint16_t agency,
                                       uint32_t at, uint32_t level, enum slip_state state) {
    return publish_record_slip(d, record_of(subject), agency, at, level, (uint32_t)state);
}

static struct slip_desk desk_of(const struct deciding *d) {
    return (struct slip_desk){.slips = &issues_of(d)->slips,
                              .calendar = issues_calendar(d->self),
                              .event_issued = EVENT_SLIP_ISSUED,
                              .event_moved = EVENT_SLIP_MOVED,
                              .by_supervisor = ISSUES_SLIP_BY_SUPERVISOR,
                              .text_bytes_max = ISSUES_REASON_BYTES_MAX,
                              .number_field = "number",
                              .codes = {.agency_unknown = ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN,
                                        .wrong_actor = ISSUES__V1__CODE__CODE_WRONG_ACTOR,
                                        .wrong_order = ISSUES__V1__CODE__CODE_WRONG_ORDER,
                                        .before_last_step = ISSUES__V1__CODE__CODE_BEFORE_LAST_STEP,
                                        .slip_not_open = ISSUES__V1__CODE__CODE_SLIP_NOT_OPEN,
                                        .text_too_long = ISSUES__V1__CODE__CODE_FIELD_TOO_LONG},
                              .subject = subject_of,
                              .emit = emit,
                              .publish = publish};
}

/* --- for the rules of records, and time --- */

void issues_slip_issue(struct deciding *d, struct record record, uint32_t at, uint32_t level,
                       enum issues_slip_rule rule) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of_record(d, record);
    slip_rules_issue(d, &desk, &subject, at, level, (uint8_t)rule);
}

void issues_slip_close_all(struct deciding *d, struct record record, uint32_t at) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of_record(d, record);
    slip_rules_close(d, &desk, &subject, at);
}

void issues_slip_tick(struct deciding *d, uint32_t slip, uint32_t now) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_lapse(d, &desk, slip, now);
}

size_t issues_slip_replan(struct deciding *d, struct record record, uint32_t now, bool emits) {
    const struct slip_desk desk = desk_of(d);
    const struct slip_subject subject = subject_of_record(d, record);
    return slip_rules_replan(d, &desk, &subject, now, emits);
}

/* --- commands --- */

void issues_slip_issue_command(struct deciding *d, const Issues__V1__IssueSlip *body) {
    const struct slip_desk desk = desk_of(d);
    const uint32_t code = record_check_number(body->number, ISSUES_NUMBER_BYTES - 2);
    if (body->kind == ISSUES__V1__RECORD_KIND__RECORD_KIND_UNSPECIFIED) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "kind");
        return;
    }
    if (code != 0) {
        decide_refuse(d, code, "number");
        return;
    }
    const struct record record = record_find(d->self, body->kind, body->number);
    if (record.row == 0) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_RECORD_UNKNOWN, "number");
        return;
    }
    const struct slip_subject subject = subject_of_record(d, record);
    slip_rules_order(d, &desk, &subject, body->level, body->reason);
}

void issues_slip_reply(struct deciding *d, const Issues__V1__ReplySlip *body) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_reply(d, &desk, body->slip, body->reply);
}

void issues_slip_judge(struct deciding *d, const Issues__V1__JudgeReply *body) {
    const struct slip_desk desk = desk_of(d);
    slip_rules_judge(d, &desk, body->slip, body->accepted, body->reason);
}
