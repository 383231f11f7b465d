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
#include "service/service.h"

/* struct service.decide, .tick, .may_submit: self is a struct approvals. Pure. */
void approvals_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision);
bool approvals_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision);
bool approvals_may_submit(enum role role, const ProtobufCMessage *body);
/* struct service.prepare, .fetch (prepare.c): what prepare returns is for fetch alone. */
const void *approvals_prepare(const void *self, const struct command *command, struct arena *arena);
void approvals_fetch(const void *self, const void *prepared, int stage);

/* --- between decide.c, publish.c, clocks.c and the rules_*.c files; nobody else --- */

/* One decision on its way. */
struct deciding {
    const struct approvals *self;
    const struct command *command; /* NULL: a tick */
    struct arena *arena;           /* bodies and public messages are taken from it, zeroed (arena_zalloc) */
    struct decision *decision;
    uint32_t agency;    /* row of the command's organisation; 0: it is none */
    bool sees_all;      /* supervisor, leader, operator, or a service hall's clerk: cases of every agency */
};

/* decide.c */
void decide_refuse(struct deciding *d, uint32_t code, const char *field);
/* Unix ms as seconds of this registry; 0 when it is out of range (1970 to 2106). */
uint32_t decide_seconds(int64_t unix_ms);
/* expected_version against what is known (its last_seq), in the first phase. False: refused. */
bool decide_check_version(struct deciding *d, uint64_t last_seq);
/* Appends an event. body lives in the arena, followed by texts if there are any (text_add). */
struct event *decide_emit(struct deciding *d, uint32_t type, const void *body, size_t size, uint64_t prev);
/* Takes size bytes, zeroed; the arena holds any valid decision (a CHECK). */
void *decide_take(struct deciding *d, size_t size);
/* Whether a role may act as this actor (roles.h). */
bool decide_may_act(enum role role, Approvals__V1__Actor actor);

/* texts.c: a body with texts behind it. */
struct texts {
    uint8_t *bytes; /* the whole body: the fixed part first */
    size_t size, capacity;
};
/* Room for the fixed part and so many bytes of texts in so many texts. */
void texts_begin(struct deciding *d, struct texts *texts, const void *fixed, size_t fixed_size, size_t text_bytes, size_t count);
/* Empty and NULL texts are left out. */
void texts_add(struct texts *texts, enum text_kind kind, const char *text);
/* Walks the texts behind a body's fixed part; *at starts at fixed_size. False at the end, or where they are broken. */
bool texts_next(const uint8_t *body, size_t size, size_t *at, enum text_kind *kind, const char **text, size_t *text_size);

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
void rules_register_agency(struct deciding *d, const Approvals__V1__RegisterAgency *body);
void rules_load_notice(struct deciding *d, const Approvals__V1__LoadNotice *body);
void rules_withdraw_notice(struct deciding *d, const Approvals__V1__WithdrawNotice *body);

/* rules_item.c; the checks: catalogue.h */
void rules_publish_item(struct deciding *d, const Approvals__V1__PublishItem *body);
void rules_remove_item(struct deciding *d, const Approvals__V1__RemoveItem *body);

/* rules_case.c, by the table of case_steps.h */
void rules_report_case(struct deciding *d, const Approvals__V1__ReportCase *body);
/* rules_rating.c */
void rules_rate_case(struct deciding *d, const Approvals__V1__RateCase *body);
void rules_report_rectification(struct deciding *d, const Approvals__V1__ReportRectification *body);

/* rules_slip.c */
void rules_issue_slip(struct deciding *d, const Approvals__V1__IssueSlip *body);
void rules_reply_slip(struct deciding *d, const Approvals__V1__ReplySlip *body);
void rules_judge_reply(struct deciding *d, const Approvals__V1__JudgeReply *body);
/* Emits a slip; a level beyond 4 is none. */
void slip_issue(struct deciding *d, uint32_t case_row, uint32_t at, uint32_t level, enum slip_rule rule, const char *reason);
/* The case is decided, withdrawn or not accepted: its open slips end with it, behind the event of that (at most four). */
void slip_close_all(struct deciding *d, const struct approval_case *row, uint32_t at);
/* What time does with one slip that is due: it lapses, and the next level follows. */
void slip_tick(struct deciding *d, uint32_t slip, uint32_t now);
/* After a notice: the days by which open slips of the case want their replies; the events it takes or, with emits, makes. */
size_t slip_replan(struct deciding *d, const struct approval_case *row, uint32_t now, bool emits);

#endif
