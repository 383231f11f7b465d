#ifndef ISSUES_EVENTS_H
#define ISSUES_EVENTS_H

#include <assert.h>
#include <stdint.h>

#include "issues/state.h"

/*
 * Events of the issue registry as the log keeps them: number and private body. Both are for ever. A body that has to change
 * gets a new number; the old one stays here and in evolve as long as any log holds it. Little endian, no padding, spare bytes
 * zero. evolve decides nothing: what a step sets stands in its event.
 *
 * Texts, where a body says so, lie behind its fixed part (service/deciding.h).
 */
enum event_type {
    EVENT_AGENCY_REGISTERED = 1, /* struct agency_body (agencies/agencies.h) */
    EVENT_NOTICE_LOADED = 2,     /* struct notice_body (calendar/notices.h) */
    EVENT_NOTICE_WITHDRAWN = 3,
    EVENT_CONTACT_RULE = 4,     /* texts */
    EVENT_ISSUE_REGISTERED = 5, /* texts */
    EVENT_ISSUE_STEP = 6,       /* texts */
    EVENT_PROVINCIAL_TASK = 7,  /* texts */
    EVENT_TASK_DRAFTED = 8,     /* behind it indicators, milestones, mappings; then the command's PublishTask, packed */
    EVENT_TASK_STEP = 9,        /* texts */
    EVENT_CLUE_FOUND = 10,      /* texts */
    EVENT_CLUE_STEP = 11,       /* texts */
    EVENT_SLIP_ISSUED = 12,     /* struct slip_issued_body (supervision/slips.h), then the kind of its subject (4 bytes); texts */
    EVENT_SLIP_MOVED = 13,      /* struct slip_moved_body, texts */
    EVENT_CIRCULAR = 14,        /* behind it struct circular_line, line_count times; texts */
    EVENT_REPLANNED_TO = 15,
    EVENT_TIME_CAME = 16,
};

struct event_notice_withdrawn {
    uint32_t notice; /* row */
};

/* A new row of contact_rules, or a known one. */
struct event_contact_rule {
    uint64_t content;
    uint32_t rule; /* row, that which is to be made where the code is new */
    uint32_t at;
    uint8_t is_negative;
    uint8_t in_force;
    char code[18];
    uint8_t zero[4];
};

/* A new row of issues; of abouts too where it is about something that no issue was about before. */
struct event_issue_registered {
    uint64_t cites;
    uint32_t at;
    int32_t until_day; /* last day to dispatch; 0: beyond the calendar */
    uint32_t region;
    uint32_t task;     /* that it is about, where the ledger has it; 0: none */
    uint16_t by;       /* agency; 0: of none */
    uint8_t actor;
    uint8_t topic;
    char credit_code[18];
    char number[ISSUES_NUMBER_BYTES];
    char item_code[ISSUES_NUMBER_BYTES - 1];   /* about; empty: none */
    char task_number[ISSUES_NUMBER_BYTES - 1]; /* likewise */
};

/* Any further step of an issue. Whatever step it is, state, due, until_day, flags, round, level, extension, class and lead
 * are the issue's from now on; what else evolve sets follows from the step (issue_steps.h). */
struct event_issue_step {
    uint64_t principal;     /* issues_principal of who acts; 0: the registry */
    uint32_t issue;
    uint32_t at;            /* s; of the registry's own steps the instant they became true */
    int32_t due;
    int32_t until_day;
    int32_t part_due;       /* 5: of each cooperating unit; 117: of each that still has to do its part; else 0 */
    uint32_t part;          /* 8, 112: row of parts; 117: not 0: part_due changes (row of the first such part); else 0 */
    uint32_t duplicate_of;
    uint16_t by;            /* agency of who reported; 0: of none */
    uint16_t lead;
    uint16_t flags;         /* ISSUE_, all of them after it */
    uint16_t charged;
    uint16_t parts[ISSUES_PARTS_MAX]; /* 5: agencies, part_count of them */
    uint8_t part_count;
    uint8_t step;           /* issues.v1.IssueStep */
    uint8_t actor;          /* common.v1.Actor */
    uint8_t after;          /* issues.v1.IssueState */
    uint8_t class;
    uint8_t round;
    uint8_t level;
    uint8_t extension;
    uint8_t target;         /* 19: issues.v1.TransferTarget */
    uint8_t zero[5];
};

struct event_provincial_task {
    uint32_t at;
    uint16_t year;
    char code[ISSUES_CODE_BYTES];
    uint8_t zero;
};

/* A new row of tasks, or one in DRAFT drafted anew (its old indicators, milestones, mappings and parts are no more used). */
struct event_task_drafted {
    uint64_t content;
    uint32_t task; /* row, that which is to be made where the number is new */
    uint32_t at;
    int32_t start, due;
    uint16_t by;
    uint16_t lead;
    uint16_t year;
    uint16_t flags; /* TASK_KEY */
    uint16_t parts[ISSUES_PARTS_MAX];
    uint8_t part_count;
    uint8_t indicator_count; /* struct indicator each, behind this; then */
    uint8_t milestone_count; /* struct milestone each; then */
    uint8_t mapping_count;   /* rows of provincial_tasks, 4 bytes each */
    uint8_t field;
    uint8_t actor;
    char number[ISSUES_NUMBER_BYTES];
};

/* Any further step of a task. State, flags, lag, progress and due are the task's from now on. */
struct event_task_step {
    uint64_t principal;
    int64_t value;       /* 5 */
    uint32_t task;
    uint32_t at;
    int32_t due;         /* last day of the task */
    int32_t confirm_due; /* 7, 112: last day of the cooperating units' word */
    uint32_t indicator;  /* 5: row */
    uint32_t milestone;  /* 6: row */
    uint32_t part;       /* 8, 9: row of parts */
    uint16_t by;
    uint16_t flags;      /* TASK_, all of them after it */
    uint16_t progress;   /* permille */
    uint16_t year;       /* 16 */
    uint8_t step;        /* issues.v1.TaskStep */
    uint8_t actor;
    uint8_t after;       /* issues.v1.TaskState */
    uint8_t lag;         /* issues.v1.TaskLag */
    uint8_t has_evidence;
    uint8_t zero[7];
};

/* A new row of clues. */
struct event_clue_found {
    uint32_t at;
    uint32_t region;
    uint16_t by;
    uint8_t actor;
    uint8_t kind;
    uint8_t grade;
    char river[ISSUES_CODE_BYTES];
    char number[ISSUES_NUMBER_BYTES];
    uint8_t zero[2];
};

/* Any further step of a clue. State, due, flags, agency and procuratorate are the clue's from now on. */
struct event_clue_step {
    uint32_t clue;
    uint32_t at;
    int32_t due;
    int32_t appraisal_days; /* after it */
    uint16_t by;
    uint16_t agency;
    uint16_t procuratorate;
    uint16_t flags; /* CLUE_, all of them after it */
    uint8_t step;   /* issues.v1.ClueStep */
    uint8_t actor;
    uint8_t after;  /* issues.v1.ClueState */
    uint8_t zero;
};

struct circular_line {
    uint32_t row;     /* of issues or tasks */
    int32_t due;
    uint16_t agency;  /* lead */
    uint16_t progress;
    uint8_t light;    /* issues.v1.Light, of an issue */
    uint8_t lag;      /* issues.v1.TaskLag, of a task */
    uint8_t zero[2];
};
struct event_circular {
    uint32_t at;
    int32_t first_day, last_day;
    uint16_t by;
    uint16_t line_count;
    uint8_t kind; /* issues.v1.RecordKind */
    uint8_t zero[3];
    char number[ISSUES_NUMBER_BYTES];
};

struct event_replanned_to {
    uint32_t kind; /* issues.v1.RecordKind; 0: done */
    uint32_t next; /* row */
};
struct event_time_came {
    int64_t now_ms;
};

static_assert(sizeof(struct event_contact_rule) == 40, "no padding");
static_assert(sizeof(struct event_issue_registered) == 200, "no padding");
static_assert(sizeof(struct event_issue_step) == 72, "no padding");
static_assert(sizeof(struct event_provincial_task) == 40, "no padding");
static_assert(sizeof(struct event_task_drafted) == 104, "no padding");
static_assert(sizeof(struct event_task_step) == 64, "no padding");
static_assert(sizeof(struct event_clue_found) == 100, "no padding");
static_assert(sizeof(struct event_clue_step) == 28, "no padding");
static_assert(sizeof(struct circular_line) == 16, "no padding");
static_assert(sizeof(struct event_circular) == 72, "no padding");

#endif
