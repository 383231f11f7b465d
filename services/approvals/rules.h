#ifndef APPROVALS_RULES_H
#define APPROVALS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "approvals/events.h"
#include "approvals/state.h"
#include "approvals/v1/codes.pb-c.h"
#include "approvals/v1/commands.pb-c.h"
#include "approvals/v1/events.pb-c.h"
#include "base/arena.h"
#include "common/v1/problem.pb-c.h"
#include "service/deciding.h"
#include "service/roles.h"

/* struct service.decide, .tick, .may_submit: self is a struct approvals. Pure. */
void approvals_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision);
bool approvals_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision);
bool approvals_may_submit(enum role role, const ProtobufCMessage *body);
/* struct service.prepare, .fetch (prepare.c): what prepare returns is for fetch alone. */
const void *approvals_prepare(const void *self, const struct command *command, struct arena *arena);
void approvals_fetch(const void *self, const void *prepared, int stage);

/* --- between decide.c, publish.c, clocks.c and the rules_*.c files; nobody else --- */

static inline const struct approvals *approvals_of(const struct deciding *d) {
    return d->self;
}

/* clocks.c: the two clocks of a case, from rows. */
enum clock_kind { CLOCK_PROMISED, CLOCK_STATUTORY };
struct case_clock {
    struct limit limit;  /* LIMIT_NONE: there is none */
    uint32_t extension;
    struct pause pauses[APPROVALS_PAUSES_MAX];
    size_t pause_count;
    int32_t start;       /* day of acceptance */
};
/* What stops this clock and what it measures, of an accepted case. */
void case_clock(const struct approvals *self, const struct approval_case *row, enum clock_kind kind, struct case_clock *clock);
/* Its last day; 0: no limit. today: where an open pause is taken to end. False: beyond the calendar. */
bool case_clock_due(const struct approvals *self, const struct approval_case *row, enum clock_kind kind, int32_t today, int32_t *due);
/* Charged days up to and including a day. False: beyond the calendar. */
bool case_clock_charged(const struct approvals *self, const struct approval_case *row, enum clock_kind kind, int32_t day, int32_t *charged);
/* The instant (s) behind which it has passed, by the last day in the row, or by another one; INT64_MAX: the day is 0. */
int64_t case_clock_end_s(const struct approvals *self, const struct approval_case *row, enum clock_kind kind);
int64_t case_clock_end_of(const struct approvals *self, const struct approval_case *row, enum clock_kind kind, int32_t due);
/* Of a case in RECEIVED: since when it waits for an answer, the receipt or the coming of its last papers. */
static inline uint32_t case_silent_since(const struct approval_case *row) {
    return (row->flags & CASE_SUPPLEMENTED) != 0 ? row->accepted_at : row->received_at;
}
/* Then it is accepted without a word at the end of this day (Licensing Law, article 32). False: beyond the calendar. */
bool case_silence_ends(const struct approvals *self, const struct approval_case *row, int32_t *day);
/* Of a decided case: last day of its certificate (Licensing Law, article 44). False: beyond the calendar. */
bool case_certificate_due(const struct approvals *self, const struct approval_case *row, int32_t *day);
/* The light of a case at the end of a day; GREEN before acceptance, UNSPECIFIED once it is decided. Numbers of approvals.v1.Light. */
int case_light(const struct approvals *self, const struct approval_case *row, int32_t day);
/* First day at whose beginning the case is yellow; 0: never (N <= 1 or no workday limit). */
int32_t case_yellow_day(const struct approvals *self, const struct approval_case *row);
/* When a tick has to look at the case next, as a minute for its agenda; 0: never. A function of the row alone, so evolve sets the
 * agenda with it after every event of the case. Also while planning anew is under way. */
uint32_t case_wake(const struct approvals *self, const struct approval_case *row);
/* The instant (s) at which the day after this one begins in +08:00. */
int64_t day_end_s(int32_t day);

/* publish.c: what the feed says, without anything of a person. Facts live in d->arena. */
Approvals__V1__ItemFacts *publish_item_facts(struct deciding *d, const struct item_version *version, uint32_t agency);
Approvals__V1__CaseFacts *publish_case_facts(struct deciding *d, const struct approval_case *row);
/* A step: row as it was before, body as it is logged. */
const ProtobufCMessage *publish_step(struct deciding *d, const struct approval_case *row, const struct event_case_step *body);
const ProtobufCMessage *publish_received(struct deciding *d, const struct event_case_received *body);
const ProtobufCMessage *publish_rated(struct deciding *d, const struct approval_case *row, const struct event_case_rated *body);
const ProtobufCMessage *publish_rectified(struct deciding *d, const struct approval_case *row, const struct event_rectified *body);
const ProtobufCMessage *publish_slip(struct deciding *d, const struct approval_case *row, uint32_t at, uint32_t level, uint32_t state);

/* rules_agency.c, rules_notice.c */
void rules_register_agency(struct deciding *d, const Common__V1__RegisterAgency *body);
void rules_load_notice(struct deciding *d, const Common__V1__LoadNotice *body);
void rules_withdraw_notice(struct deciding *d, const Common__V1__WithdrawNotice *body);

/* rules_item.c; the checks: catalogue.h */
void rules_publish_item(struct deciding *d, const Approvals__V1__PublishItem *body);
void rules_remove_item(struct deciding *d, const Approvals__V1__RemoveItem *body);

/* rules_case.c, by the table of case_steps.h */
void rules_report_case(struct deciding *d, const Approvals__V1__ReportCase *body);
/* rules_rating.c */
void rules_rate_case(struct deciding *d, const Approvals__V1__RateCase *body);
void rules_report_rectification(struct deciding *d, const Approvals__V1__ReportRectification *body);

/* rules_slip.c; the rules: supervision/slip_rules.h */
void rules_issue_slip(struct deciding *d, const Approvals__V1__IssueSlip *body);
void rules_reply_slip(struct deciding *d, const Approvals__V1__ReplySlip *body);
void rules_judge_reply(struct deciding *d, const Approvals__V1__JudgeReply *body);
/* Emits a slip where one may follow; a level beyond 4 is none. */
void case_slip_issue(struct deciding *d, uint32_t case_row, uint32_t at, uint32_t level, enum slip_rule rule);
/* The case is decided, withdrawn or not accepted: its open slips end with it, behind the event of that (at most four). */
void case_slip_close_all(struct deciding *d, uint32_t case_row, uint32_t at);
/* What time does with one slip that is due: it lapses, and the next level follows. */
void case_slip_tick(struct deciding *d, uint32_t slip, uint32_t now);
/* After a notice: the days by which open slips of the case want their replies; the events it takes or, with emits, makes. */
size_t case_slip_replan(struct deciding *d, uint32_t case_row, uint32_t now, bool emits);

#endif
