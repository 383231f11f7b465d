#include <string.h>

#include "approvals/rules.h"
#include "base/check.h"
#include "base/civil.h"

/* Slips of cases: who issues, replies and judges, and the events. What a slip is and how they follow each other:
 * supervision/slips.h. */

static int32_t reply_due(const struct approvals *self, uint32_t issued_at, uint32_t level) {
    const struct calendar calendar = approvals_calendar(self);
    return slip_reply_due(&calendar, issued_at, level);
}

/* --- events --- */

/* The case whose event this is; 0: of none. */
static uint32_t case_of_event(const struct approvals *self, const struct event *event) {
    uint32_t row = 0;
    if (event->type == EVENT_CASE_STEP || event->type == EVENT_SLIP_ISSUED || event->type == EVENT_SLIP_MOVED) {
        memcpy(&row, event->private_body, sizeof row); /* the first field of each */
    }
    return event->type == EVENT_SLIP_MOVED ? approvals_slip(self, row)->subject : row;
}

/* A slip's events belong to its case: one history. */
static uint64_t prev_of(const struct deciding *d, uint32_t case_row) {
    const size_t count = d->decision->event_count;
    const bool follows = count > 0 && case_of_event(d->self, &d->decision->events[count - 1]) == case_row;
    return follows ? EVENT_PREV_BEFORE : approvals_case(d->self, case_row)->last_seq;
}

static struct event *emit_with_text(struct deciding *d, uint32_t type, const void *fixed, size_t size,
                                    uint32_t case_row, enum text_kind kind, const char *text) {
    struct texts texts;
    texts_begin(d, &texts, fixed, size, text == NULL ? 0 : strlen(text), 1);
    texts_add(&texts, kind, text);
    return decide_emit(d, type, texts.bytes, texts.size, prev_of(d, case_row));
}

static void emit_issued(struct deciding *d, uint32_t case_row, uint32_t at, uint32_t level, enum slip_rule rule,
                        const char *reason) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    const struct slip_issued_body body = {.subject = case_row,
                                          .at = at,
                                          .reply_due = reply_due(d->self, at, level),
                                          .agency = row->agency,
                                          .level = (uint8_t)level,
                                          .rule = (uint8_t)rule};
    emit_with_text(d, EVENT_SLIP_ISSUED, &body, sizeof body, case_row, TEXT_REASON, reason)->public_body =
        publish_slip(d, row, at, level, COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED);
}

/* How a slip moves on. */
struct move {
    uint32_t at;
    Common__V1__SlipState state;
    Common__V1__Actor actor;
    enum text_kind kind;
    const char *text; /* may be NULL */
};

static struct event *emit_moved(struct deciding *d, uint32_t number, const struct move *move, int32_t due) {
    const struct slip *slip = approvals_slip(d->self, number);
    const struct slip_moved_body body = {.slip = number,
                                         .at = move->at,
                                         .by = (uint16_t)d->agency,
                                         .state = (uint8_t)move->state,
                                         .actor = (uint8_t)move->actor,
                                         .reply_due = due};
    return emit_with_text(d, EVENT_SLIP_MOVED, &body, sizeof body, slip->subject, move->kind, move->text);
}

static void move_slip(struct deciding *d, uint32_t number, const struct move *move) {
    const struct slip *slip = approvals_slip(d->self, number);
    emit_moved(d, number, move, slip->reply_due)->public_body =
        publish_slip(d, approvals_case(d->self, slip->subject), move->at, slip->level, (uint32_t)move->state);
}

/* Beside the slips that this decision issues already. */
static bool has_free_row(const struct deciding *d) {
    uint32_t free = approvals_of(d)->slips.rows.rows_max - approvals_of(d)->slips.rows.count;
    for (size_t i = 0; i < d->decision->event_count && free > 0; i++) {
        free -= d->decision->events[i].type == EVENT_SLIP_ISSUED;
    }
    return free > 0;
}

void slip_issue(struct deciding *d, uint32_t case_row, uint32_t at, uint32_t level, enum slip_rule rule,
                const char *reason) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    const bool follows = rule == SLIP_BY_SUPERVISOR
                             ? level <= SLIP_LEVEL_MAX && !slips_are_open(&approvals_of(d)->slips, row->first_slip, level)
                             : slips_may_follow(&approvals_of(d)->slips, row->first_slip, (uint8_t)rule, level);
    if (follows && has_free_row(d)) {
        emit_issued(d, case_row, at, level, rule, reason);
    }
}

/* --- time --- */

void slip_tick(struct deciding *d, uint32_t number, uint32_t now) {
    const struct slip *slip = approvals_slip(d->self, number);
    CHECK(slip->state == SLIP_ISSUED && slip_is_too_late(slip, now)); /* else it would not wait in the agenda */
    const uint32_t at = (uint32_t)slip_lapses_at(slip);
    move_slip(d, number,
              &(struct move){.at = at,
                             .state = COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED,
                             .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM});
    slip_issue(d, slip->subject, at, slip->level + 1u, (enum slip_rule)slip->rule, NULL);
}

void slip_close_all(struct deciding *d, const struct approval_case *row, uint32_t at) {
    for (uint32_t number = row->first_slip; number != 0; number = approvals_slip(d->self, number)->next) {
        if (slip_is_open(approvals_slip(d->self, number))) {
            move_slip(d, number,
                      &(struct move){.at = at,
                                     .state = COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED,
                                     .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM});
        }
    }
}

/* Nothing of it in the feed: the slip is where it was. */
size_t slip_replan(struct deciding *d, const struct approval_case *row, uint32_t now, bool emits) {
    size_t count = 0;
    for (uint32_t number = row->first_slip; number != 0; number = approvals_slip(d->self, number)->next) {
        const struct slip *slip = approvals_slip(d->self, number);
        if (slip->state != COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) {
            continue;
        }
        const int32_t due = reply_due(d->self, slip->issued_at, slip->level);
        if (due != slip->reply_due) {
            count++;
            if (emits) {
                emit_moved(d, number,
                           &(struct move){.at = now,
                                          .state = COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED,
                                          .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM},
                           due);
            }
        }
    }
    return count;
}

/* --- commands --- */

static uint32_t check_text(const char *text, bool needed) {
    if (text[0] == '\0') {
        return needed ? COMMON__V1__CODE__CODE_MISSING : 0;
    }
    return strlen(text) > APPROVALS_REASON_BYTES_MAX ? APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG : 0;
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

static bool has_room(const struct deciding *d, const struct approval_case *row) {
    return slips_count(&approvals_of(d)->slips, row->first_slip) < SLIPS_OF_SUBJECT_MAX && has_free_row(d);
}

/* Against what is known of the case. 0: it may be issued. */
static uint32_t check_issue(const struct deciding *d, const struct approval_case *row, uint32_t level,
                            const char **field) {
    *field = "case_number";
    if (!is_under_way(row)) {
        return APPROVALS__V1__CODE__CODE_WRONG_ORDER;
    }
    if (!has_room(d, row)) {
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    *field = "occurred_at_ms";
    if (decide_seconds(d->command->occurred_at_ms) < row->received_at) {
        return APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP;
    }
    *field = "level";
    return slips_are_open(&approvals_of(d)->slips, row->first_slip, level) ? APPROVALS__V1__CODE__CODE_WRONG_ORDER : 0;
}

void rules_issue_slip(struct deciding *d, const Approvals__V1__IssueSlip *body) {
    const uint32_t number = approvals_find_case(d->self, body->case_number);
    const struct approval_case *row = approvals_case(d->self, number);
    const char *field = NULL;
    uint32_t code = check_text(body->reason, true);
    if (number == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CASE_UNKNOWN, "case_number");
        return;
    }
    if (body->level < 1 || body->level > SLIP_LEVEL_MAX) {
        decide_refuse(d, COMMON__V1__CODE__CODE_UNKNOWN_VALUE, "level");
        return;
    }
    if (code != 0) {
        decide_refuse(d, code, "reason");
        return;
    }
    if (!decide_check_version(d, row->last_seq)) {
        return;
    }
    code = check_issue(d, row, body->level, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    emit_issued(d, number, decide_seconds(d->command->occurred_at_ms), body->level, SLIP_BY_SUPERVISOR, body->reason);
}

/* The slip of a command, in this state; NULL: refused. */
static const struct slip *slip_in(struct deciding *d, uint32_t number, Common__V1__SlipState state) {
    const struct slip *slip = number <= approvals_of(d)->slips.rows.count ? approvals_slip(d->self, number) : NULL;
    if (number == 0 || slip == NULL || slip->state != state) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_SLIP_NOT_OPEN, "slip");
        return NULL;
    }
    if (!decide_check_version(d, slip->seq)) {
        return NULL;
    }
    if (decide_seconds(d->command->occurred_at_ms) < slip->issued_at) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
        return NULL;
    }
    return slip;
}

/* By the agency's own officers alone: nobody replies for another one. */
static uint32_t check_replier(const struct deciding *d, uint32_t number, const char **field) {
    const bool is_officer = roles_may_act(d->command->role, COMMON__V1__ACTOR__ACTOR_HANDLER);
    *field = "slip";
    if (d->agency == 0) {
        *field = NULL;
        return APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN;
    }
    if (number == 0 || number > approvals_of(d)->slips.rows.count) {
        return APPROVALS__V1__CODE__CODE_SLIP_NOT_OPEN;
    }
    return is_officer && approvals_slip(d->self, number)->agency == d->agency ? 0
                                                                              : APPROVALS__V1__CODE__CODE_WRONG_ACTOR;
}

void rules_reply_slip(struct deciding *d, const Approvals__V1__ReplySlip *body) {
    const char *field = "reply";
    uint32_t code = check_text(body->reply, true);
    if (code == 0) {
        code = check_replier(d, body->slip, &field);
    }
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    const struct slip *slip = slip_in(d, body->slip, COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED);
    if (slip == NULL) {
        return;
    }
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    if (slip_is_too_late(slip, at)) { /* whether or not time has said so yet */
        decide_refuse(d, APPROVALS__V1__CODE__CODE_SLIP_NOT_OPEN, "occurred_at_ms");
        return;
    }
    move_slip(d, body->slip,
              &(struct move){.at = at,
                             .state = COMMON__V1__SLIP_STATE__SLIP_STATE_REPLIED,
                             .actor = COMMON__V1__ACTOR__ACTOR_HANDLER,
                             .kind = TEXT_REPLY,
                             .text = body->reply});
}

void rules_judge_reply(struct deciding *d, const Approvals__V1__JudgeReply *body) {
    const uint32_t code = check_text(body->reason, !body->accepted);
    if (code != 0) {
        decide_refuse(d, code, "reason");
        return;
    }
    const struct slip *slip = slip_in(d, body->slip, COMMON__V1__SLIP_STATE__SLIP_STATE_REPLIED);
    if (slip == NULL) {
        return;
    }
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    move_slip(d, body->slip,
              &(struct move){.at = at,
                             .state = body->accepted ? COMMON__V1__SLIP_STATE__SLIP_STATE_ACCEPTED
                                                     : COMMON__V1__SLIP_STATE__SLIP_STATE_REFUSED,
                             .actor = COMMON__V1__ACTOR__ACTOR_SUPERVISOR,
                             .kind = TEXT_REASON,
                             .text = body->reason});
    if (!body->accepted) {
        slip_issue(d, slip->subject, at, slip->level + 1u, (enum slip_rule)slip->rule, NULL);
    }
}
