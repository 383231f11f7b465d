#ifndef APPROVALS_STATE_H
#define APPROVALS_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "agencies/agencies.h"
#include "calendar/calendar.h"
#include "calendar/deadline.h"
#include "calendar/notices.h"
#include "state/agenda.h"
#include "state/state.h"
#include "supervision/slips.h"

/*
 * What the approval registry knows, as rows without padding. Nothing of a person but the last four characters of an applicant's
 * resident identity number.
 *
 *   agency <- item <- item_version <- approval_case <- pause, part, rating, slip
 *   notice <- notice_line -> calendar
 *
 * Times are seconds since 1970, days are days since 1970-01-01 in +08:00. Rows are named in events by their number: the n-th
 * agency, item, version, case registered has number n for ever.
 */
#define APPROVALS_NUMBER_BYTES 52   /* item code, case number: at most 50 bytes, zero-padded */
#define APPROVALS_ITEM_NAME_BYTES 200
#define APPROVALS_REASON_BYTES_MAX 500
#define APPROVALS_GROUND_BYTES_MAX 300
#define APPROVALS_PAPERS_MAX 16
#define APPROVALS_PAPER_BYTES_MAX 100
#define APPROVALS_PARTS_MAX 7 /* agencies of a joint case beside the leading one */
#define APPROVALS_ITEMS_MAX 200000
#define APPROVALS_VERSIONS_MAX 1000000
#define APPROVALS_PAUSES_MAX 64 /* of one case */
#define APPROVALS_ROUNDS_MAX 1000
#define APPROVALS_LAYOUT 1

/* An item of the catalogue under its code. */
struct item {
    uint64_t last_seq;
    uint32_t newest;        /* its version that takes effect last; others behind it */
    int32_t removed_day;    /* out of force from then on; INT32_MAX: not removed. A later version with an effective day after it
                               brings it back */
    uint16_t agency;
    uint16_t removed_round;
    char code[APPROVALS_NUMBER_BYTES];
    uint8_t zero[4];
};

#define VERSION_NO_MEETING 1
#define VERSION_INSTANT 2
#define VERSION_APP 4
#define VERSION_JOINT 8
#define VERSION_DEFICIENCY 16
#define VERSION_PAPERS_STOP_STATUTORY 32
#define VERSION_FEE 64
struct item_version {
    uint64_t content; /* hash of what was published: the same again changes nothing */
    uint32_t item;
    uint32_t older; /* the version that takes effect before; 0: none */
    uint32_t number;
    int32_t effective_day;
    int32_t until_day; /* of a version that was removed: first day out of force; INT32_MAX: until the next version */
    struct limit promised, statutory;
    uint16_t flags;    /* VERSION_ */
    uint16_t clients;  /* bit n: approvals.v1.ClientKind n */
    uint16_t channels; /* bit n: Channel n */
    uint16_t online;   /* bit n: OnlineStep n */
    uint8_t type;      /* numbers of approvals.v1 */
    uint8_t level;
    uint8_t visits;
    uint8_t zero;
    char name[APPROVALS_ITEM_NAME_BYTES];
};

/* flags of a case */
#define CASE_JOINT 1
#define CASE_INSTANT 2
#define CASE_DEEMED 4
#define CASE_DEFICIENT 8          /* papers are promised */
#define CASE_SUPPLEMENTED 16      /* papers were asked for before acceptance */
#define CASE_EXTENDED 32
#define CASE_WITHDRAWAL_ASKED 64
#define CASE_PROMISED_PASSED 128  /* said in the feed: open overdue */
#define CASE_STATUTORY_PASSED 256
#define CASE_WARNED 512
#define CASE_CERTIFICATE_LATE 1024
#define CASE_PAPERS_LATE 2048
#define CASE_ON_TIME 4096 /* of a decided one: the verdict */
#define CASE_LAWFUL 8192
struct approval_case {
    uint64_t last_seq;
    uint64_t decided_seq;  /* the calendar of the verdict is the one before this event */
    uint32_t version;      /* row of item_versions, in force on the day of receipt */
    uint32_t received_at;
    uint32_t accepted_at;  /* deemed: the receipt */
    uint32_t decided_at;   /* or ended otherwise */
    uint32_t delivered_at;
    uint32_t last_at;      /* of its last step by somebody */
    int32_t promised_due;  /* last day; 0: none. Cached: deadline_due of the calendar, planned anew after a notice */
    int32_t statutory_due;
    int32_t until_day;     /* SUPPLEMENT: it lapses after this day. SUSPENDED: its planned end. Else: papers due; 0: none */
    uint32_t first_pause;  /* newest first */
    uint32_t first_part;
    uint32_t first_rating;
    uint32_t first_slip;   /* newest first */
    uint16_t agency;       /* leading */
    uint16_t flags;        /* CASE_ */
    uint16_t charged;      /* of a decided one */
    uint8_t extension;     /* workdays */
    uint8_t state;         /* approvals.v1.CaseState */
    uint8_t decision;      /* approvals.v1.CaseStep 11, 12, 13; 0: none */
    uint8_t channel;
    uint8_t client;
    uint8_t rated;         /* bit v-1: visit v */
    char last4[4];         /* of a person's number; zeros: none */
    char number[APPROVALS_NUMBER_BYTES];
    int32_t papers_due;    /* with CASE_DEFICIENT: what until_day is again after a suspension; else 0 */
};

/* A special procedure of article 45, or papers asked for after acceptance. */
struct case_pause {
    int32_t from, until; /* as struct pause */
    uint32_t next;       /* older one of the same case */
    uint8_t kind;        /* approvals.v1.SpecialKind */
    uint8_t stops_statutory;
    uint8_t zero[2];
};

/* The part of one agency in a joint case. */
struct part {
    uint32_t next;
    uint32_t started_at, done_at;
    uint16_t agency;
    uint16_t zero;
};

/* A rating, and the rectification that a bad one opens. */
struct rating {
    uint32_t case_row;
    uint32_t next;
    uint32_t rated_at;
    uint32_t rectified_at; /* 0: not */
    int32_t due_day;       /* of the rectification; 0: none */
    uint8_t visit;
    uint8_t value;
    uint8_t is_on_time;
    uint8_t is_called_back;
};

enum slip_rule { SLIP_PROMISED_PASSED = 1, SLIP_STATUTORY_PASSED = 2, SLIP_BY_SUPERVISOR = 3 };
struct round {
    uint32_t number;
    uint32_t removed; /* items */
    int32_t first_day;
};

/* One row, made by the first event that needs it (as the days of the calendar are): what the registry itself is about. */
struct course {
    uint32_t replan_next; /* case at which planning anew goes on; 0: none is due */
    uint32_t replan_notice;
    int64_t now_ms; /* of the last Tick command */
};

struct approvals_options {
    int64_t future_ms;
    uint32_t cases_max;
    bool time_by_commands; /* /tick/source = commands */
    uint32_t lapse_workdays; /* of a supplement notice */
    uint8_t yellow_tenths;   /* 9 */
    uint8_t yellow_days;     /* 1 */
};

struct approvals {
    struct approvals_options options;
    struct agencies agencies;
    struct table items, versions, cases, pauses, parts, ratings, rounds, courses;
    struct index item_by_code, case_by_number;
    struct notices notices;
    struct agenda case_agenda;
    struct slips slips; /* subject: a row of cases */
};

void approvals_state_init(struct approvals *self, const struct approvals_options *options, struct state *state);

/* 0: none. Texts NUL-terminated. */
uint32_t approvals_find_agency(const struct approvals *self, const char *code);
uint32_t approvals_find_item(const struct approvals *self, const char *code);
uint32_t approvals_find_case(const struct approvals *self, const char *number);

static inline struct agency *approvals_agency(const struct approvals *self, uint32_t row) {
    return agencies_row(&self->agencies, row);
}
static inline struct item *approvals_item(const struct approvals *self, uint32_t row) {
    return table_row(&self->items, row);
}
static inline struct item_version *approvals_version(const struct approvals *self, uint32_t row) {
    return table_row(&self->versions, row);
}
static inline struct approval_case *approvals_case(const struct approvals *self, uint32_t row) {
    return table_row(&self->cases, row);
}
static inline struct case_pause *approvals_pause(const struct approvals *self, uint32_t row) {
    return table_row(&self->pauses, row);
}
static inline struct part *approvals_part(const struct approvals *self, uint32_t row) {
    return table_row(&self->parts, row);
}
static inline struct rating *approvals_rating(const struct approvals *self, uint32_t row) {
    return table_row(&self->ratings, row);
}
static inline struct slip *approvals_slip(const struct approvals *self, uint32_t row) {
    return slips_row(&self->slips, row);
}
/* Zeros until the first event that needs it. */
static inline struct course *approvals_course(const struct approvals *self) {
    return table_row(&self->courses, self->courses.count);
}
/* As it is known now. */
static inline struct calendar approvals_calendar(const struct approvals *self) {
    return notices_calendar(&self->notices);
}

/* The version of an item in force on a day; 0: none. */
uint32_t approvals_version_on(const struct approvals *self, uint32_t item, int32_t day);

static_assert(sizeof(struct item) == 80, "no padding");
static_assert(sizeof(struct item_version) == 248, "no padding");
static_assert(sizeof(struct approval_case) == 144, "no padding");
static_assert(sizeof(struct case_pause) == 16, "no padding");
static_assert(sizeof(struct part) == 16, "no padding");
static_assert(sizeof(struct rating) == 24, "no padding");
static_assert(sizeof(struct course) == 16, "no padding");

#endif
