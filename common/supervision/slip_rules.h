#ifndef SUPERVISION_SLIP_RULES_H
#define SUPERVISION_SLIP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/deciding.h"
#include "supervision/slips.h"

/*
 * What a registry decides about slips: who may issue, answer and judge them, what time makes of them, what ends them.
 * The registry says what its slips are about and how their events look (struct slip_desk); the rules are the same
 * everywhere. Pure.
 *
 * A slip is issued by a rule of the registry (time) or by a supervisor, at a chosen level with a reason. Only officers
 * of the agency that it names reply, in time; a supervisor judges. No reply in time, or a refused one: the next level,
 * by the same rule. Open slips end with their subject.
 */

/* A record that slips are about, as it is before the decision. */
struct slip_subject {
    uint32_t row;
    uint32_t kind;     /* of the registry's kinds of record; 0: it has one kind alone, and no event says so */
    uint32_t first;    /* its newest slip; 0: none */
    uint32_t began_at; /* s; no slip is older */
    uint64_t last_seq; /* of its last event */
    uint16_t agency;   /* that has to reply to a new slip; 0: none yet, and no slip is issued */
    bool is_ended;     /* nothing is expected of anybody: no slip is issued */
};

/* The registry's codes for refusals. */
struct slip_codes {
    uint32_t agency_unknown;
    uint32_t wrong_actor;
    uint32_t wrong_order;
    uint32_t before_last_step;
    uint32_t slip_not_open;
    uint32_t text_too_long;
};

/* What the rules have to know of a registry. */
struct slip_desk {
    const struct slips *slips;
    struct calendar calendar;
    uint32_t event_issued;    /* struct slip_issued_body, the kind (4 bytes) where there are several kinds, texts */
    uint32_t event_moved;     /* struct slip_moved_body, texts */
    uint8_t by_supervisor;    /* the rule of slips by command: never spent */
    uint16_t text_bytes_max;  /* of a reason, a reply */
    const char *number_field; /* of the command that issues one: the subject's number */
    struct slip_codes codes;
    struct slip_subject (*subject)(const void *self, uint32_t kind, uint32_t row);
    /* Appends the event as the newest one of the subject's history. */
    struct event *(*emit)(struct deciding *d, uint32_t type, const void *body, size_t size,
                          const struct slip_subject *subject);
    /* What the feed says: agency is the one that has to reply. */
    const ProtobufCMessage *(*publish)(struct deciding *d, const struct slip_subject *subject, uint16_t agency,
                                       uint32_t at, uint32_t level, enum slip_state state);
};

/* --- for a registry's own rules --- */

/* Time issues one, where one may follow and there is room; a level beyond the last is none. At most one event. */
void slip_rules_issue(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject, uint32_t at,
                      uint32_t level, uint8_t rule);
/* A slip that is due: it lapses, and the next level follows. One or two events. */
void slip_rules_lapse(struct deciding *d, const struct slip_desk *desk, uint32_t slip, uint32_t now);
/* The subject ended, or is another agency's from now on: its open slips end, at most one a level. */
void slip_rules_close(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                      uint32_t at);
/* After a notice: the days by which open slips want their replies. The events it takes or, with emits, makes (at most
 * one a level). Nothing of it in the feed: the slip is where it was. */
size_t slip_rules_replan(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                         uint32_t now, bool emits);

/* --- commands: each ends in its events or in a refusal --- */

/* Of a subject that is known (an unknown one the registry refuses). */
void slip_rules_order(struct deciding *d, const struct slip_desk *desk, const struct slip_subject *subject,
                      uint32_t level, const char *reason);
void slip_rules_reply(struct deciding *d, const struct slip_desk *desk, uint32_t slip, const char *reply);
void slip_rules_judge(struct deciding *d, const struct slip_desk *desk, uint32_t slip, bool accepted,
                      const char *reason);

#endif
