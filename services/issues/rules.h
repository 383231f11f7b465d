#ifndef ISSUES_RULES_H
#define ISSUES_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "common/v1/problem.pb-c.h"
#include "issues/events.h"
#include "issues/state.h"
#include "issues/v1/codes.pb-c.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "issues/v1/query.pb-c.h"
#include "service/deciding.h"
#include "service/roles.h"
#include "service/service.h"

/* struct service.decide, .tick, .may_submit: self is a struct issues. Pure. */
void issues_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision);
bool issues_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision);
bool issues_may_submit(enum role role, const ProtobufCMessage *body);
/* struct service.prepare, .fetch (prepare.c): what prepare returns is for fetch alone. */
const void *issues_prepare(const void *self, const struct command *command, struct arena *arena);
void issues_fetch(const void *self, const void *prepared, int stage);

/* --- between the files of this service; nobody else --- */

static inline const struct issues *issues_of(const struct deciding *d) {
    return d->self;
}

/* A record of any kind. */
struct record {
    Issues__V1__RecordKind kind;
    uint32_t row;
};
#define RECORD_ISSUE(number) ((struct record){ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE, number})
#define RECORD_TASK(number) ((struct record){ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK, number})
#define RECORD_CLUE(number) ((struct record){ISSUES__V1__RECORD_KIND__RECORD_KIND_CLUE, number})

/* records.c: what is alike in the three kinds. */
/* Row of a number; 0: none. */
struct record record_find(const struct issues *self, Issues__V1__RecordKind kind, const char *number);
const char *record_number(const struct issues *self, struct record record);
uint64_t record_last_seq(const struct issues *self, struct record record);
void record_set_last_seq(struct issues *self, struct record record, uint64_t seq);
/* Head of its list of slips. */
uint32_t *record_first_slip(const struct issues *self, struct record record);
/* That has to reply to its slips: the lead unit, of a clue the unit in charge (of a transferred one that waits for the
 * procuratorate: the procuratorate); 0: none yet. */
uint16_t record_agency(const struct issues *self, struct record record);
/* Whether nothing is expected of anybody any more: no slip may be issued. */
bool record_is_ended(const struct issues *self, struct record record);
uint32_t record_began_at(const struct issues *self, struct record record);
/* Appends an event of a record, behind its last one: of an event of the same record in this decision, else the last in the log.
 * text: NULL or behind the body (body is then copied). */
struct event *record_emit(struct deciding *d, uint32_t type, const void *body, size_t size, struct record record);
struct event *record_emit_text(struct deciding *d, uint32_t type, const void *body, size_t size, struct record record,
                               enum text_kind kind, const char *text);
/* A text of a command: 0, or the code for one that is missing or too long. */
uint32_t record_check_text(const char *text, bool needed, size_t bytes_max);
/* A number or code of a command: 0, MISSING or FIELD_TOO_LONG. */
uint32_t record_check_number(const char *number, size_t bytes_max);
/* The instant (s) at which the day after this one begins in +08:00. */
int64_t record_day_end_s(int32_t day);
/* The n-th workday after a day by the calendar as it is known; 0: beyond it. */
int32_t record_nth_workday(const struct issues *self, int32_t day, uint32_t workdays);
/* 32 bytes as hexadecimal text from the arena; NULL: none given. */
const char *record_evidence(struct deciding *d, const ProtobufCBinaryData *evidence);

/* rules_office.c: agencies and the calendar. */
void issues_register_agency(struct deciding *d, const Common__V1__RegisterAgency *body);
void issues_load_notice(struct deciding *d, const Common__V1__LoadNotice *body);
void issues_withdraw_notice(struct deciding *d, const Common__V1__WithdrawNotice *body);

/* rules_issue*.c, by the table of issue_steps.h; rules_contact.c */
void issue_report(struct deciding *d, const Issues__V1__ReportIssue *body);
void contact_rule_publish(struct deciding *d, const Issues__V1__PublishContactRule *body);
/* When a tick has to look at it next, as a minute for its agenda (agenda_minute_of_s); 0: never. A function of the row (and its
 * parts) alone: evolve sets the agenda with it after every event of the issue. */
uint32_t issue_wake(const struct issues *self, const struct issue *row);
/* One thing that time makes of an issue that waits for a minute <= now: emits at least one event that moves what it waits for on,
 * at most TICK_EVENTS_MAX. */
void issue_tick(struct deciding *d, uint32_t row, uint32_t now);
/* After a notice: days that change; the events it takes or, with emits, makes (at most TICK_EVENTS_MAX). */
size_t issue_replan(struct deciding *d, uint32_t row, uint32_t now, bool emits);
/* At the end of a day; GREY: no clock runs though it is open; UNSPECIFIED: ended. */
Issues__V1__Light issue_light(const struct issues *self, const struct issue *row, int32_t day);
/* Workdays from the dispatch up to and including a day. False: beyond the calendar. */
bool issue_charged(const struct issues *self, const struct issue *row, int32_t day, int32_t *charged);

/* rules_task*.c, by the table of task_steps.h */
void provincial_task_publish(struct deciding *d, const Issues__V1__PublishProvincialTask *body);
void task_publish(struct deciding *d, const Issues__V1__PublishTask *body);
void task_report(struct deciding *d, const Issues__V1__ReportTask *body);
uint32_t task_wake(const struct issues *self, const struct task *row);
void task_tick(struct deciding *d, uint32_t row, uint32_t now);
size_t task_replan(struct deciding *d, uint32_t row, uint32_t now, bool emits);
/* Of all its indicators, mean of 0..1000 each (a task without: of its milestones). */
uint32_t task_progress(const struct issues *self, const struct task *row);
uint32_t indicator_progress(const struct indicator *row);
bool indicator_is_met(const struct indicator *row);
/* Expected at the end of a day, 0..1000. */
uint32_t task_expected(const struct issues *self, const struct task *row, int32_t day);
/* How it lags at the end of a day. */
Issues__V1__TaskLag task_lag(const struct issues *self, const struct task *row, int32_t day);

/* rules_clue.c, by the table of clue_steps.h */
void clue_report(struct deciding *d, const Issues__V1__ReportClue *body);
/* Who is to act: the procuratorate from the transfer until it has decided, else the unit in charge; 0: none yet. */
uint16_t clue_agency(const struct clue *row);
bool clue_is_ended(const struct clue *row);
uint32_t clue_wake(const struct issues *self, const struct clue *row);
void clue_tick(struct deciding *d, uint32_t row, uint32_t now);
size_t clue_replan(struct deciding *d, uint32_t row, uint32_t now, bool emits);

/* rules_circular.c */
void circular_publish(struct deciding *d, const Issues__V1__PublishCircular *body);

/* rules_slips.c: slips of records; the rules: supervision/slip_rules.h. */
enum issues_slip_rule {
    ISSUES_SLIP_OVERDUE = 1,      /* issue: handling; level 1 */
    ISSUES_SLIP_PART_LATE = 2,    /* issue: a cooperating unit; level 1, to the lead */
    ISSUES_SLIP_TASK_LAG = 3,     /* task: orange level 1, red level 2 */
    ISSUES_SLIP_CLUE_LATE = 4,    /* clue: the day of its notice passed; level 1, to the unit in charge */
    ISSUES_SLIP_CONFIRMATION = 5, /* task: a cooperating unit is silent; level 1 */
    ISSUES_SLIP_BY_SUPERVISOR = 6,
    ISSUES_SLIP_RECEIPT_LATE = 7, /* clue: level 1, to the procuratorate */
    ISSUES_SLIP_DECISION_LATE = 8, /* likewise */
    ISSUES_SLIP_REPLY_LATE = 9,   /* clue: to a suggestion; level 1, to the unit in charge */
};
void issues_slip_issue_command(struct deciding *d, const Issues__V1__IssueSlip *body);
void issues_slip_reply(struct deciding *d, const Issues__V1__ReplySlip *body);
void issues_slip_judge(struct deciding *d, const Issues__V1__JudgeReply *body);
/* Emits a slip where one may follow; a level beyond 4 is none. At most one event. */
void issues_slip_issue(struct deciding *d, struct record record, uint32_t at, uint32_t level, enum issues_slip_rule rule);
/* The record ended, or another unit is to act from now on: its open slips end, behind the event of that (at most four). */
void issues_slip_close_all(struct deciding *d, struct record record, uint32_t at);
/* What time does with one slip that is due: it lapses, and the next level follows (two events). */
void issues_slip_tick(struct deciding *d, uint32_t slip, uint32_t now);
size_t issues_slip_replan(struct deciding *d, struct record record, uint32_t now, bool emits);

#define TICK_EVENTS_MAX 5

/* --- evolve: true when the event is theirs --- */
bool issues_evolve_issue(struct issues *self, const struct event *event); /* 4, 5, 6 */
bool issues_evolve_task(struct issues *self, const struct event *event);  /* 7, 8, 9 */
bool issues_evolve_clue(struct issues *self, const struct event *event);  /* 10, 11 */
bool issues_evolve_slip(struct issues *self, const struct event *event);  /* 12, 13 */
bool issues_evolve_circular(struct issues *self, const struct event *event); /* 14 */
/* The one row of courses, made where it is missing. */
struct issues_course *issues_evolve_course(struct issues *self);

/* The fixed part of a body; it may lie anywhere, so it is copied to where it is aligned. */
#define ISSUES_BODY_OF(event, body)                                                                                    \
    do {                                                                                                               \
        CHECK((event)->private_size >= sizeof(body));                                                                  \
        memcpy(&(body), (event)->private_body, sizeof(body));                                                          \
    } while (0)

/* --- publish_*.c: what the feed says; messages live in d->arena --- */
/* row: as it was before; body: as it is logged. */
const ProtobufCMessage *publish_issue_registered(struct deciding *d, const struct event_issue_registered *body);
const ProtobufCMessage *publish_issue_step(struct deciding *d, const struct issue *row, const struct event_issue_step *body);
const ProtobufCMessage *publish_contact_rule(struct deciding *d, uint32_t at, bool is_negative, int in_force);
const ProtobufCMessage *publish_provincial_task(struct deciding *d, uint32_t year);
const ProtobufCMessage *publish_task_step(struct deciding *d, const struct task *row, const struct event_task_step *body);
const ProtobufCMessage *publish_clue_found(struct deciding *d, const struct event_clue_found *body);
const ProtobufCMessage *publish_clue_step(struct deciding *d, const struct clue *row, const struct event_clue_step *body);
/* agency: row, that has to reply. */
const ProtobufCMessage *publish_record_slip(struct deciding *d, struct record record, uint16_t agency, uint32_t at, uint32_t level,
                                            uint32_t state);
const ProtobufCMessage *publish_circular(struct deciding *d, const struct event_circular *body);

#endif
