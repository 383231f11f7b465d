#include "supervision/slip_rules.h"

#include <string.h>

#include "base/check.h"
#include "common/v1/office.pb-c.h"
#include "common/v1/problem.pb-c.h"
#include "service/roles.h"

static_assert((int)SLIP_ISSUED == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED &&
                  (int)SLIP_CLOSED == COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED,
              "the contract's numbers");

/* The subject of a slip that is known. */
static struct slip_subject subject_of(const struct deciding *d, const struct slip_desk *desk, const struct slip *slip) {
    return desk->subject(d->self, slip->kind, slip->subject);
}

/* --- events --- */

/* Room for the fixed part of either body. */
struct fixed {
    uint8_t bytes[sizeof(struct slip_issued_body) + sizeof(uint32_t)];
    size_t size;
};

static void fixed_add(struct fixed *fixed, const void *bytes, size_t size) {
    memcpy(fixed->bytes + fixed->size, bytes, size);
    fixed->size += size;
}

static struct event *emit_with_text(struct deciding *d, const struct slip_desk *desk, uint32_t type,
                                    const struct fixed *fixed, const struct slip_subject *subject, enum text_kind kind,
                                    const char *text) {
    struct texts texts;
    texts_begin(d, &texts, fixed->bytes, fixed->size, text == NULL ? 0 : strlen(text), 1);
    texts_add(&texts, kind, text);
    return desk->emit(d, type, texts.bytes, texts.size, subject);
}

static void emit_issued(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                        uint32_t at, uint32_t level, uint8_t rule, const char *reason) {
    const struct slip_issued_body body = {.subject = subject->row,
                                          .at = at,
                                          .reply_due = slip_reply_due(&desk->calendar, at, level),
                                          .agency = subject->agency,
                                          .level = (uint8_t)level,
                                          .rule = rule};
    struct fixed fixed = {.size = 0};
    fixed_add(&fixed, &body, sizeof body);
    if (subject->kind != 0) {
        fixed_add(&fixed, &subject->kind, sizeof subject->kind);
    }
    emit_with_text(d, desk, desk->event_issued, &fixed, subject, TEXT_REASON, reason)->public_body =
        desk->publish(d, subject, subject->agency, at, level, SLIP_ISSUED);
}

/* How a slip moves on. */
struct move {
    uint32_t at;
    enum slip_state state;
    Common__V1__Actor actor;
    enum text_kind kind;
    const char *text; /* may be NULL */
};

static struct event *emit_moved(struct deciding *d, const struct slip_desk *desk, uint32_t number,
                                const struct move *move, int32_t due) {
    const struct slip_subject subject = subject_of(d, desk, slips_row(desk->slips, number));
    const struct slip_moved_body body = {.slip = number,
                                         .at = move->at,
                                         .by = (uint16_t)d->agency,
                                         .state = (uint8_t)move->state,
                                         .actor = (uint8_t)move->actor,
                                         .reply_due = due};
    struct fixed fixed = {.size = 0};
    fixed_add(&fixed, &body, sizeof body);
    return emit_with_text(d, desk, desk->event_moved, &fixed, &subject, move->kind, move->text);
}

static void move_slip(struct deciding *d, const struct slip_desk *desk, uint32_t number, const struct move *move) {
    const struct slip *slip = slips_row(desk->slips, number);
    const struct slip_subject subject = subject_of(d, desk, slip);
    emit_moved(d, desk, number, move, slip->reply_due)->public_body =
        desk->publish(d, &subject, slip->agency, move->at, slip->level, move->state);
}

/* Beside the slips that this decision issues already. */
static bool has_free_row(const struct deciding *d, const struct slip_desk *desk) {
    uint32_t free = desk->slips->rows.rows_max - desk->slips->rows.count;
    for (size_t i = 0; i < d->decision->event_count && free > 0; i++) {
        free -= d->decision->events[i].type == desk->event_issued;
    }
    return free > 0;
}

/* --- time --- */

void slip_rules_issue(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject, uint32_t at,
                      uint32_t level, uint8_t rule) {
    const bool follows = rule == desk->by_supervisor
                             ? level <= SLIP_LEVEL_MAX && !slips_are_open(desk->slips, subject->first, level)
                             : slips_may_follow(desk->slips, subject->first, rule, level);
    if (follows && subject->agency != 0 && has_free_row(d, desk)) {
        emit_issued(d, desk, subject, at, level, rule, NULL);
    }
}

void slip_rules_lapse(struct deciding *d, const struct slip_desk *desk, uint32_t number, uint32_t now) {
    const struct slip *slip = slips_row(desk->slips, number);
    CHECK(slip->state == SLIP_ISSUED && slip_is_too_late(slip, now)); /* else it would not wait in the agenda */
    const struct slip_subject subject = subject_of(d, desk, slip);
    const uint32_t at = (uint32_t)slip_lapses_at(slip);
    move_slip(d, desk, number,
              &(struct move){.at = at, .state = SLIP_LAPSED, .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM});
    slip_rules_issue(d, desk, &subject, at, slip->level + 1u, slip->rule);
}

void slip_rules_close(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                      uint32_t at) {
    const struct move move = {.at = at, .state = SLIP_CLOSED, .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM};
    for (uint32_t number = subject->first; number != 0; number = slips_row(desk->slips, number)->next) {
        if (slip_is_open(slips_row(desk->slips, number))) {
            move_slip(d, desk, number, &move);
        }
    }
}

size_t slip_rules_replan(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                         uint32_t now, bool emits) {
    const struct move move = {.at = now, .state = SLIP_ISSUED, .actor = COMMON__V1__ACTOR__ACTOR_SYSTEM};
    size_t count = 0;
    for (uint32_t number = subject->first; number != 0; number = slips_row(desk->slips, number)->next) {
        const struct slip *slip = slips_row(desk->slips, number);
        const int32_t due = slip_reply_due(&desk->calendar, slip->issued_at, slip->level);
        if (slip->state == SLIP_ISSUED && due != slip->reply_due) {
            count++;
            if (emits) {
                emit_moved(d, desk, number, &move, due);
            }
        }
    }
    return count;
}

/* --- commands --- */

static uint32_t check_text(const struct slip_desk *desk, const char *text, bool needed) {
    if (text[0] == '\0') {
        return needed ? COMMON__V1__CODE__CODE_MISSING : 0;
    }
    return strlen(text) > desk->text_bytes_max ? desk->codes.text_too_long : 0;
}

static bool has_room(const struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject) {
    return slips_count(desk->slips, subject->first) < SLIPS_OF_SUBJECT_MAX && has_free_row(d, desk);
}

/* Against what is known of the subject. 0: it may be issued. */
static uint32_t check_order(const struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                            uint32_t level, const char **field) {
    *field = desk->number_field;
    if (subject->is_ended || subject->agency == 0) {
        return desk->codes.wrong_order;
    }
    if (!has_room(d, desk, subject)) {
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    *field = "occurred_at_ms";
    if (decide_seconds(d->command->occurred_at_ms) < subject->began_at) {
        return desk->codes.before_last_step;
    }
    *field = "level";
    return slips_are_open(desk->slips, subject->first, level) ? desk->codes.wrong_order : 0;
}

void slip_rules_order(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                      uint32_t level, const char *reason) {
    const char *field = NULL;
    uint32_t code = check_text(desk, reason, true);
    if (level < 1 || level > SLIP_LEVEL_MAX) {
        decide_refuse(d, COMMON__V1__CODE__CODE_UNKNOWN_VALUE, "level");
        return;
    }
    if (code != 0) {
        decide_refuse(d, code, "reason");
        return;
    }
    if (!decide_check_version(d, subject->last_seq)) {
        return;
    }
    code = check_order(d, desk, subject, level, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    emit_issued(d, desk, subject, decide_seconds(d->command->occurred_at_ms), level, desk->by_supervisor, reason);
}

/* The slip of a command; NULL: there is none of this number. */
static const struct slip *find_slip(const struct slip_desk *desk, uint32_t number) {
    return number == 0 || number > desk->slips->rows.count ? NULL : slips_row(desk->slips, number);
}

/* The same, in this state; NULL: refused. */
static const struct slip *slip_in(struct deciding *d, const struct slip_desk *desk, uint32_t number,
                                  enum slip_state state) {
    const struct slip *slip = find_slip(desk, number);
    if (slip == NULL || slip->state != state) {
        decide_refuse(d, desk->codes.slip_not_open, "slip");
        return NULL;
    }
    if (!decide_check_version(d, slip->seq)) {
        return NULL;
    }
    if (decide_seconds(d->command->occurred_at_ms) < slip->issued_at) {
        decide_refuse(d, desk->codes.before_last_step, "occurred_at_ms");
        return NULL;
    }
    return slip;
}

/* By the agency's own officers alone: nobody replies for another one. */
static uint32_t check_replier(const struct deciding *d, const struct slip_desk *desk, uint32_t number,
                              const char **field) {
    const struct slip *slip = find_slip(desk, number);
    *field = "slip";
    if (d->agency == 0) {
        *field = NULL;
        return desk->codes.agency_unknown;
    }
    if (slip == NULL) {
        return desk->codes.slip_not_open;
    }
    return roles_may_act(d->command->role, COMMON__V1__ACTOR__ACTOR_HANDLER) && slip->agency == d->agency
               ? 0
               : desk->codes.wrong_actor;
}

void slip_rules_reply(struct deciding *d, const struct slip_desk *desk, uint32_t number, const char *reply) {
    const char *field = "reply";
    uint32_t code = check_text(desk, reply, true);
    if (code == 0) {
        code = check_replier(d, desk, number, &field);
    }
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    const struct slip *slip = slip_in(d, desk, number, SLIP_ISSUED);
    if (slip == NULL) {
        return;
    }
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    if (slip_is_too_late(slip, at)) { /* whether or not time has said so yet */
        decide_refuse(d, desk->codes.slip_not_open, "occurred_at_ms");
        return;
    }
    move_slip(d, desk, number,
              &(struct move){.at = at,
                             .state = SLIP_REPLIED,
                             .actor = COMMON__V1__ACTOR__ACTOR_HANDLER,
                             .kind = TEXT_REPLY,
                             .text = reply});
}

void slip_rules_judge(struct deciding *d, const struct slip_desk *desk, uint32_t number, bool accepted,
                      const char *reason) {
    const uint32_t code = check_text(desk, reason, !accepted);
    if (code != 0) {
        decide_refuse(d, code, "reason");
        return;
    }
    const struct slip *slip = slip_in(d, desk, number, SLIP_REPLIED);
    if (slip == NULL) {
        return;
    }
    const struct slip_subject subject = subject_of(d, desk, slip);
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    move_slip(d, desk, number,
              &(struct move){.at = at,
                             .state = accepted ? SLIP_ACCEPTED : SLIP_REFUSED,
                             .actor = COMMON__V1__ACTOR__ACTOR_SUPERVISOR,
                             .kind = TEXT_REASON,
                             .text = reason});
    if (!accepted) {
        slip_rules_issue(d, desk, &subject, at, slip->level + 1u, slip->rule);
    }
}
