#ifndef ISSUES_STATE_H
#define ISSUES_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "agencies/agencies.h"
#include "calendar/calendar.h"
#include "calendar/notices.h"
#include "state/agenda.h"
#include "state/state.h"
#include "supervision/slips.h"

/*
 * What the issue registry knows, as rows without padding. Nothing of a person; of an enterprise its credit code, which never
 * leaves the registry but for those who handle the issue.
 *
 *   agency <- issue <- part, slip       contact_rule <- issue (cites)        about <- issue (item, task)
 *   agency <- task  <- part, indicator, milestone, slip      provincial_task <- task
 *   agency <- clue  <- slip             notice <- notice_line -> calendar    circular
 *
 * Times are seconds since 1970, days are days since 1970-01-01 in +08:00. Rows are named in events by their number: the n-th
 * agency, issue, task, clue registered has number n for ever.
 */
#define ISSUES_NUMBER_BYTES 52 /* number of a record: at most 50 bytes, zero-padded */
#define ISSUES_CODE_BYTES 33   /* code of an indicator, a river, a provincial task: at most 32 bytes, zero-padded */
#define ISSUES_REASON_BYTES_MAX 500
#define ISSUES_TITLE_BYTES_MAX 200
#define ISSUES_LETTER_BYTES_MAX 100
#define ISSUES_PARTS_MAX 7 /* cooperating units of a record */
#define ISSUES_INDICATORS_MAX 8
#define ISSUES_MILESTONES_MAX 16
#define ISSUES_PROVINCIAL_MAX 16 /* that one task answers to */
#define ISSUES_MEASURES_MAX 16
#define ISSUES_CITES_MAX 8
#define ISSUES_CONTACT_RULES_MAX 64 /* a bit each */
#define ISSUES_TASKS_MAX 100000
#define ISSUES_CLUES_MAX 1000000
#define ISSUES_PROVINCIAL_TASKS_MAX 10000
#define ISSUES_CIRCULARS_MAX 10000
#define ISSUES_CIRCULAR_LINES_MAX 2000
#define ISSUES_ABOUTS_MAX 200000
#define ISSUES_LAYOUT 1

/* flags of an issue */
#define ISSUE_FINAL 1           /* dispatched after a dispute: no further one */
#define ISSUE_EXTENSION_ASKED 2
#define ISSUE_EXTENDED 4
#define ISSUE_WARNED 8
#define ISSUE_OVERDUE 16        /* said in the feed: open overdue */
#define ISSUE_DISPATCH_LATE 32
#define ISSUE_DISPUTE_LATE 64
#define ISSUE_ON_TIME 128       /* the last answer came in time */
#define ISSUE_CONFIRMED 256     /* of a resolved one: by the enterprise, not by silence */
#define ISSUE_REVIEW_DUE 512    /* a long-term one is to be looked at again */
#define ISSUE_HAD_DISPUTE 1024
struct issue {
    uint64_t last_seq;
    uint64_t cites;         /* bit n-1: contact rule n */
    uint64_t answered_by;   /* hash of the principal that answered last (issues_principal) */
    uint32_t registered_at;
    uint32_t clock_at;      /* the clock's beginning: the last dispatch, dissatisfaction or resumption */
    uint32_t dispatched_at; /* the last dispatch */
    uint32_t answered_at;
    uint32_t resolved_at;
    uint32_t last_at;       /* of its last step by somebody */
    int32_t due;            /* last day of handling; 0: no clock runs, or it lies beyond the calendar. Planned anew after a notice */
    int32_t until_day;      /* SCREENED, REGISTERED: last day to dispatch. DISPUTED: last day to decide. ANSWERED: last day of silence.
                               LONG_TERM: day of review; else 0 */
    uint32_t region;
    uint32_t first_part;    /* newest first */
    uint32_t first_slip;
    uint32_t duplicate_of;  /* issue; 0: none */
    uint32_t about_item;    /* abouts; 0: none */
    uint32_t about_task;
    uint16_t registrar;     /* agency that registered it; 0: of none */
    uint16_t lead;          /* agency; 0: not dispatched yet */
    uint16_t flags;         /* ISSUE_ */
    uint16_t charged;       /* workdays from the dispatch to the last answer */
    uint8_t state;          /* issues.v1.IssueState */
    uint8_t before;         /* LONG_TERM: the state that it goes back to */
    uint8_t class;          /* issues.v1.IssueClass */
    uint8_t topic;
    uint8_t round;          /* 1: the first handling */
    uint8_t level;          /* 1 unit .. 4 mayor */
    uint8_t extension;      /* workdays, of the clock that runs */
    uint8_t zero[3];
    char credit_code[18];
    char number[ISSUES_NUMBER_BYTES];
};

/* A cooperating unit of an issue or a task. */
#define PART_DONE 1     /* issue: its part is done. Task: confirmed */
#define PART_OBJECTED 2 /* task */
#define PART_LATE 4     /* said */
struct record_part {
    uint32_t next;  /* of the same record */
    int32_t due;    /* last day for its part (issue) or its word (task); 0: none is asked for */
    uint32_t at;    /* when it was done */
    uint16_t agency;
    uint16_t flags; /* PART_ */
};

/* What issues are about: an item of the approval catalogue, or a ledger task. */
struct about {
    uint32_t issues, open, overdue; /* how many */
    uint8_t is_task;
    char code[ISSUES_NUMBER_BYTES - 1];
};

struct contact_rule {
    uint64_t content; /* hash of its text: the same again changes nothing */
    uint64_t last_seq;
    uint32_t cited; /* issues */
    uint8_t is_negative;
    uint8_t in_force;
    char code[18]; /* at most 16 bytes */
};

/* flags of a task */
#define TASK_KEY 1
#define TASK_LEADER_APPROVED 2
#define TASK_CONFIRMATION_LATE 4
struct task {
    uint64_t last_seq;
    uint64_t asked_by;       /* hash of the principal that asked for sign-off (issues_principal) */
    uint64_t content;        /* hash of the draft */
    uint32_t issued_at;
    uint32_t reported_at;    /* last report or measurement */
    uint32_t signed_at;
    uint32_t last_at;
    int32_t start, due;      /* days */
    uint32_t first_part;
    uint32_t first_indicator; /* in order; indicator_count rows that follow each other */
    uint32_t first_milestone; /* likewise */
    uint32_t first_slip;
    uint32_t about;          /* abouts, of the issues that name it; 0: none */
    uint16_t lead;
    uint16_t year;
    uint16_t flags;          /* TASK_ */
    uint16_t carried_to;     /* year */
    uint16_t progress;       /* permille, as the feed was told */
    uint8_t state;           /* issues.v1.TaskState */
    uint8_t before;          /* DEFERRED: the state that it goes back to */
    uint8_t field;
    uint8_t lag;             /* issues.v1.TaskLag, as the feed was told */
    uint8_t indicator_count;
    uint8_t milestone_count;
    uint8_t zero[8];
    char number[ISSUES_NUMBER_BYTES];
};

/* Hundredths of its unit. */
struct indicator {
    int64_t baseline, target, measured, total;
    uint32_t measured_at; /* 0: never */
    uint8_t kind;         /* issues.v1.IndicatorKind */
    uint8_t has_evidence;
    char code[ISSUES_CODE_BYTES];
    uint8_t zero;
};
struct milestone {
    int32_t due;
    uint32_t closed_at; /* 0: open */
    uint16_t expected;  /* permille; 0: as time goes */
    uint16_t zero;
};

struct provincial_task {
    uint32_t task; /* first issued one that answers to it; 0: none */
    uint16_t year;
    char code[ISSUES_CODE_BYTES];
    uint8_t zero;
};

/* Which provincial tasks a task answers to: a list in rows. */
struct mapping {
    uint32_t task;
    uint32_t provincial;
};

/* flags of a clue */
#define CLUE_NOTICE_PASSED 1
#define CLUE_RECEIPT_LATE 2
#define CLUE_DECISION_LATE 4
#define CLUE_REPLY_LATE 8
#define CLUE_URGENT 16
#define CLUE_APPRAISAL 32 /* under way */
#define CLUE_REPLIED_ON_TIME 64
struct clue {
    uint64_t last_seq;
    uint32_t found_at;
    uint32_t transferred_at; /* 0: not */
    uint32_t filed_at;
    uint32_t suggested_at;
    uint32_t last_at;
    int32_t due;             /* last day of the clock that runs (notice, receipt, decision, reply); 0: none */
    int32_t appraisal_from;  /* day; with CLUE_APPRAISAL */
    int32_t appraisal_days;  /* that ended ones took */
    uint32_t region;
    uint32_t first_slip;
    uint16_t finder;         /* agency */
    uint16_t agency;         /* unit in charge; 0: none yet */
    uint16_t procuratorate;  /* agency; 0: none yet */
    uint16_t flags;          /* CLUE_ */
    uint8_t state;           /* issues.v1.ClueState */
    uint8_t kind;
    uint8_t grade;
    uint8_t zero[4];
    char river[ISSUES_CODE_BYTES];
    char number[ISSUES_NUMBER_BYTES];
    uint8_t zero2[4];
};

struct circular {
    uint64_t seq; /* its event holds the lines */
    uint32_t published_at;
    int32_t first_day, last_day;
    uint16_t lines;
    uint8_t kind; /* issues.v1.RecordKind */
    uint8_t zero;
    char number[ISSUES_NUMBER_BYTES];
    uint8_t zero2[4];
};

/* One row, made by the first event that needs it: what the registry itself is about. */
struct issues_course {
    uint32_t replan_kind; /* issues.v1.RecordKind at which planning anew goes on; 0: none is due */
    uint32_t replan_next; /* its row */
    int64_t now_ms;       /* of the last Tick command */
};

/* Limits in workdays: Xuzhengban [2011] 46 and its successors; settings, see issues.c. */
struct issues_options {
    int64_t future_ms;
    uint32_t issues_max;
    bool time_by_commands; /* /tick/source = commands */
    uint8_t dispatch_workdays;   /* 3 */
    uint8_t class_workdays[4];   /* by issues.v1.IssueClass: 0, 22 (one month), 15, 5 */
    uint8_t part_workdays;       /* 3: a cooperating unit */
    uint8_t silence_workdays;    /* 10 */
    uint8_t confirm_workdays;    /* 5: a cooperating unit of a task */
    uint8_t receipt_workdays;    /* 3: of a transferred clue */
    uint8_t yellow_tenths;       /* 9 */
    uint8_t yellow_days;         /* 1 */
    uint16_t lag_permille;       /* 100: behind what was expected */
    uint8_t report_days;         /* 31: at least one report in so many days */
};

struct issues {
    struct issues_options options;
    struct agencies agencies;
    struct notices notices;
    struct table issues, parts, abouts, contact_rules, tasks, indicators, milestones, provincial_tasks, mappings, clues, circulars,
        courses;
    struct index issue_by_number, about_by_code, task_by_number, provincial_by_code, clue_by_number, circular_by_number;
    struct agenda issue_agenda, task_agenda, clue_agenda;
    struct slips slips; /* subject: a row of the table that kind (issues.v1.RecordKind) says */
};

void issues_state_init(struct issues *self, const struct issues_options *options, struct state *state);

/* 0: none. Texts NUL-terminated. */
uint32_t issues_find_issue(const struct issues *self, const char *number);
uint32_t issues_find_task(const struct issues *self, const char *number);
uint32_t issues_find_clue(const struct issues *self, const char *number);
uint32_t issues_find_about(const struct issues *self, bool is_task, const char *code);
uint32_t issues_find_provincial(const struct issues *self, uint32_t year, const char *code);
uint32_t issues_find_circular(const struct issues *self, const char *number);
uint32_t issues_find_contact_rule(const struct issues *self, const char *code); /* few: looked through */
static inline uint32_t issues_find_agency(const struct issues *self, const char *code) {
    return agencies_find(&self->agencies, code);
}

static inline struct agency *issues_agency(const struct issues *self, uint32_t row) {
    return agencies_row(&self->agencies, row);
}
static inline struct issue *issues_issue(const struct issues *self, uint32_t row) {
    return table_row(&self->issues, row);
}
static inline struct record_part *issues_part(const struct issues *self, uint32_t row) {
    return table_row(&self->parts, row);
}
static inline struct about *issues_about(const struct issues *self, uint32_t row) {
    return table_row(&self->abouts, row);
}
static inline struct contact_rule *issues_contact_rule(const struct issues *self, uint32_t row) {
    return table_row(&self->contact_rules, row);
}
static inline struct task *issues_task(const struct issues *self, uint32_t row) {
    return table_row(&self->tasks, row);
}
static inline struct indicator *issues_indicator(const struct issues *self, uint32_t row) {
    return table_row(&self->indicators, row);
}
static inline struct milestone *issues_milestone(const struct issues *self, uint32_t row) {
    return table_row(&self->milestones, row);
}
static inline struct provincial_task *issues_provincial(const struct issues *self, uint32_t row) {
    return table_row(&self->provincial_tasks, row);
}
static inline struct mapping *issues_mapping(const struct issues *self, uint32_t row) {
    return table_row(&self->mappings, row);
}
static inline struct clue *issues_clue(const struct issues *self, uint32_t row) {
    return table_row(&self->clues, row);
}
static inline struct circular *issues_circular(const struct issues *self, uint32_t row) {
    return table_row(&self->circulars, row);
}
static inline struct slip *issues_slip(const struct issues *self, uint32_t row) {
    return slips_row(&self->slips, row);
}
/* Zeros until the first event that needs it. */
static inline struct issues_course *issues_course(const struct issues *self) {
    return table_row(&self->courses, self->courses.count);
}
static inline struct calendar issues_calendar(const struct issues *self) {
    return notices_calendar(&self->notices);
}
/* Who answered, without a name: of a principal of the key table. */
uint64_t issues_principal(const char *principal);

static_assert(sizeof(struct issue) == 168, "no padding");
static_assert(sizeof(struct record_part) == 16, "no padding");
static_assert(sizeof(struct about) == 64, "no padding");
static_assert(sizeof(struct contact_rule) == 40, "no padding");
static_assert(sizeof(struct task) == 144, "no padding");
static_assert(sizeof(struct indicator) == 72, "no padding");
static_assert(sizeof(struct milestone) == 12, "no padding");
static_assert(sizeof(struct provincial_task) == 40, "no padding");
static_assert(sizeof(struct mapping) == 8, "no padding");
static_assert(sizeof(struct clue) == 152, "no padding");
static_assert(sizeof(struct circular) == 80, "no padding");
static_assert(sizeof(struct issues_course) == 16, "no padding");

#endif
