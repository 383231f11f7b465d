#ifndef TESTS_ISSUES_FIXTURE_H
#define TESTS_ISSUES_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/civil.h"
#include "codes/credit_code.h"
#include "issues/evolve.h"
#include "issues/rules.h"

/*
 * The rules of the issue registry without anything else: commands are decided, folded with numbers, time comes when the
 * test says so. For pure tests, fuzzers and benches. Header only; what cannot happen aborts.
 *
 *     struct office office;
 *     office_init(&office, 1000);
 *     office_begin(&office, "2020-01-22");        notices up to that day, agencies "plan", "fire", "water", "hall",
 * "proc" office_issue(&office, &(struct issue_act){.step = ISSUE_STEP(REGISTERED), .at = "2020-06-01T10:00"});
 *     office_tick(&office, "2020-06-05T00:00");
 *     office.decision ...                         what was decided; its bodies stay until the next command or tick
 *     office_release(&office);
 *
 * A key's principal is "organisation/role", so another role or organisation is another person.
 */
#define ISSUE_STEP(word) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##word
#define ISSUE_STATE(word) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##word
#define ISSUE_CLASS(word) ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_##word
#define ACTOR(word) COMMON__V1__ACTOR__ACTOR_##word
#define REFUSAL(word) ISSUES__V1__CODE__CODE_##word
#define COMMON_REFUSAL(word) COMMON__V1__CODE__CODE_##word

struct office_event {
    uint32_t type;
    uint64_t prev;
    size_t size;
    uint8_t *body; /* owned */
};

#define OFFICE_BODY_CASES 10 /* of issues.v1.Event */
struct office {
    struct issues issues;
    struct state state;
    struct arena arena;
    struct decision decision; /* of the last command or tick */
    uint64_t seq;             /* of the last event */
    bool keeps_log;           /* what office_fold_again folds; office_init sets it */
    struct office_event *log; /* log[seq - 1] */
    size_t log_capacity;
    uint64_t public_count[OFFICE_BODY_CASES]; /* events that the feed got, by body_case */
    void (*watch)(void *user,
                  const struct event *event); /* each event before it is folded, with its public body; may be NULL */
    void *user;
};

/* --- the registry --- */

static inline struct issues_options office_options(uint32_t issues_max) {
    return (struct issues_options){.future_ms = 1000,
                                   .issues_max = issues_max,
                                   .dispatch_workdays = 3,
                                   .class_workdays = {0, 22, 15, 5},
                                   .part_workdays = 3,
                                   .silence_workdays = 10,
                                   .confirm_workdays = 5,
                                   .receipt_workdays = 3,
                                   .yellow_tenths = 9,
                                   .yellow_days = 1,
                                   .lag_permille = 100,
                                   .report_days = 31};
}

static inline void office_init_with(struct office *office, const struct issues_options *options) {
    *office = (struct office){.keeps_log = true};
    if (sodium_init() < 0) {
        abort();
    }
    issues_state_init(&office->issues, options, &office->state);
    arena_init(&office->arena, (size_t)8 << 20);
}

static inline void office_init(struct office *office, uint32_t issues_max) {
    const struct issues_options options = office_options(issues_max);
    office_init_with(office, &options);
}

static inline void office_release(struct office *office) {
    state_release(&office->state);
    arena_release(&office->arena);
    for (size_t i = 0; office->keeps_log && i < office->seq; i++) {
        free(office->log[i].body);
    }
    free(office->log);
}

static inline void office_keep(struct office *office, const struct event *event) {
    if (event->seq > office->log_capacity) {
        office->log_capacity = office->log_capacity == 0 ? 1024 : office->log_capacity * 2;
        office->log = realloc(office->log, office->log_capacity * sizeof *office->log);
    }
    struct office_event *kept = office->log == NULL ? NULL : &office->log[event->seq - 1];
    uint8_t *body = malloc(event->private_size + 1);
    if (kept == NULL || body == NULL) {
        abort();
    }
    *kept = (struct office_event){event->type, event->prev, event->private_size, body};
    memcpy(body, event->private_body, event->private_size);
}

/* The feed takes it: a message that can be packed. */
static inline void office_count_public(struct office *office, const ProtobufCMessage *message) {
    const unsigned body_case = ((const Issues__V1__Event *)message)->body_case;
    if (body_case == 0 || body_case >= OFFICE_BODY_CASES ||
        protobuf_c_message_get_packed_size(message) > EVENT_PUBLIC_BYTES_MAX) {
        abort();
    }
    office->public_count[body_case]++;
}

static inline void office_evolve(struct office *office, struct event *event) {
    event->seq = ++office->seq;
    event->prev = event->prev == EVENT_PREV_BEFORE ? event->seq - 1 : event->prev;
    if (office->keeps_log) {
        office_keep(office, event);
    }
    if (event->public_body != NULL) {
        office_count_public(office, event->public_body);
    }
    if (office->watch != NULL) {
        office->watch(office->user, event);
    }
    struct event folded = *event;
    folded.public_body = NULL;
    issues_evolve(&office->issues, &folded);
}

static inline void office_evolve_all(struct office *office) {
    for (size_t i = 0; i < office->decision.event_count; i++) {
        office_evolve(office, &office->decision.events[i]);
    }
}

/* Everything that is due at this time. decision is that of the last call of tick. The count of events. */
static inline uint64_t office_tick_ms(struct office *office, int64_t now_ms) {
    const uint64_t before = office->seq;
    bool is_done = false;
    for (unsigned calls = 0; !is_done; calls++) {
        if (calls > 1000000) {
            abort(); /* time stands still: what is due is never done */
        }
        arena_reset(&office->arena);
        office->decision = (struct decision){.event_count = 0};
        is_done = issues_tick(&office->issues, now_ms, &office->arena, &office->decision);
        office_evolve_all(office);
    }
    return office->seq - before;
}

/* Decides a command in all its phases and folds it; a Tick command brings the tick with it. False: refused. */
static inline bool office_command(struct office *office, const struct command *command) {
    struct command phase = *command;
    bool runs_tick = false;
    do {
        arena_reset(&office->arena);
        office->decision = (struct decision){.event_count = 0};
        issues_decide(&office->issues, &phase, &office->arena, &office->decision);
        if (office->decision.refused) {
            if (phase.phase > 0 || office->decision.event_count > 0) {
                abort();
            }
            return false;
        }
        office_evolve_all(office);
        runs_tick = runs_tick || office->decision.runs_tick;
        phase.phase++;
    } while (office->decision.again);
    if (runs_tick) {
        office_tick_ms(office, command->occurred_at_ms);
    }
    return true;
}

/* The log folded from empty; equal hashes mean the same bytes. Needs keeps_log. */
static inline void office_fold_again(const struct office *office, uint8_t hash[32]) {
    struct issues issues;
    struct state state = {.table_count = 0};
    issues_state_init(&issues, &office->issues.options, &state);
    for (uint64_t i = 0; i < office->seq; i++) {
        const struct office_event *kept = &office->log[i];
        issues_evolve(&issues, &(struct event){.type = kept->type,
                                               .seq = i + 1,
                                               .prev = kept->prev,
                                               .private_body = kept->body,
                                               .private_size = kept->size});
    }
    state_hash(&state, hash);
    state_release(&state);
}

/* Whether the log folded from empty gives the same bytes. */
static inline bool office_folds(const struct office *office) {
    uint8_t running[32], folded[32];
    state_hash(&office->state, running);
    office_fold_again(office, folded);
    return memcmp(running, folded, sizeof running) == 0;
}

/* --- values --- */

/* "2020-01-17" */
static inline int32_t office_day(const char *text) {
    int32_t day;
    if (!civil_date_parse(text, &day)) {
        abort();
    }
    return day;
}

/* Local time "2020-01-17T10:00" or "2020-01-17T10:00:59"; NULL: 0. */
static inline int64_t office_ms(const char *text) {
    char full[64];
    int64_t ms = 0;
    if (text == NULL) {
        return 0;
    }
    snprintf(full, sizeof full, "%s%s+08:00", text, strlen(text) == 16 ? ":00" : "");
    if (!civil_time_parse(full, &ms)) {
        abort();
    }
    return ms;
}

static inline uint64_t office_tick(struct office *office, const char *at) {
    return office_tick_ms(office, office_ms(at));
}

/* The text, never NULL; protobuf-c only reads it. */
static inline char *office_text(const char *text) {
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

/* A valid credit code: the n-th of its kind. */
static inline void office_credit_code(uint32_t n, char code[CREDIT_CODE_BYTES]) {
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char text[32];
    for (size_t i = 0; i < 11 * (sizeof alphabet - 1); i++) {
        snprintf(text, sizeof text, "11411000%08u%c%c", n % 100000000u, "0123456789X"[i % 11], alphabet[i / 11]);
        if (text[16] != '\0' && credit_code_normalise(text, code) == CREDIT_CODE_VALID) {
            return;
        }
    }
    abort();
}

/* --- commands of whatever kind, the calendar, agencies --- */

#define OFFICE_RECEIVED_MS INT64_C(1900000000000)

/* As a role of an organisation, with the version that is expected (0: any). at: local time; NULL: long ago. False:
 * refused (office->decision.code). */
static inline bool office_send_expecting(struct office *office, const char *organisation, enum role role,
                                         const char *at, uint64_t expected, const Issues__V1__Command *body) {
    char principal[64];
    snprintf(principal, sizeof principal, "%s/%u", organisation, (unsigned)role);
    const struct command command = {.organisation = organisation,
                                    .role = role,
                                    .principal = principal,
                                    .occurred_at_ms = at == NULL ? 1000 : office_ms(at),
                                    .received_at_ms = OFFICE_RECEIVED_MS,
                                    .expected_version = expected,
                                    .body = &body->base};
    return office_command(office, &command);
}

static inline bool office_send(struct office *office, const char *organisation, enum role role, const char *at,
                               const Issues__V1__Command *body) {
    return office_send_expecting(office, organisation, role, at, 0, body);
}

/* A line of tests/data/calendar.tsv, in five pieces; false: it is none. */
struct office_calendar_line {
    char date[16], kind[8], name[64], notice[32], published[16];
};
static inline bool office_read_line(FILE *file, struct office_calendar_line *line) {
    char text[256];
    char *const fields[5] = {line->date, line->kind, line->name, line->notice, line->published};
    const size_t sizes[5] = {sizeof line->date, sizeof line->kind, sizeof line->name, sizeof line->notice,
                             sizeof line->published};
    if (fgets(text, sizeof text, file) == NULL) {
        return false;
    }
    const char *at = text;
    for (size_t i = 0; i < 5; i++) {
        const size_t size = strcspn(at, "\t\n");
        snprintf(fields[i], sizes[i], "%.*s", (int)size, at);
        at += size + (at[size] != '\0');
    }
    return true;
}

/* One notice of tests/data/calendar.tsv. False: refused, or the file has no such notice. */
static inline bool office_load_notice(struct office *office, const char *notice) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Common__V1__LoadNotice load = COMMON__V1__LOAD_NOTICE__INIT;
    static Common__V1__NoticeDay days[NOTICE_DAYS_MAX];
    static Common__V1__NoticeDay *pointers[NOTICE_DAYS_MAX];
    static char names[NOTICE_DAYS_MAX][64];
    struct office_calendar_line line;
    uint32_t year = (uint32_t)strtoul(notice, NULL, 10);
    FILE *file = fopen("tests/data/calendar.tsv", "r");
    if (file == NULL) {
        abort(); /* run the test in the project's folder */
    }
    while (office_read_line(file, &line)) {
        if (line.date[0] >= '0' && line.date[0] <= '9' && strcmp(line.notice, notice) == 0) {
            Common__V1__NoticeDay *day = &days[load.n_days];
            common__v1__notice_day__init(day);
            snprintf(names[load.n_days], sizeof names[0], "%s", line.name);
            day->day = (uint32_t)office_day(line.date);
            day->off = strcmp(line.kind, "off") == 0;
            day->name = names[load.n_days];
            pointers[load.n_days++] = day;
            load.published_day = (uint32_t)office_day(line.published);
        }
    }
    fclose(file);
    load.notice = office_text(notice);
    load.days = pointers;
    load.years = &year;
    load.n_years = 1;
    body.body_case = ISSUES__V1__COMMAND__BODY_LOAD_NOTICE;
    body.load_notice = &load;
    char at[CIVIL_DATE_TEXT_BYTES + 6], day[CIVIL_DATE_TEXT_BYTES];
    civil_date_format((int32_t)load.published_day, day);
    snprintf(at, sizeof at, "%sT08:00", day);
    return load.n_days > 0 && office_send(office, "operator", ROLE_OPERATOR, at, &body);
}

/* All notices published up to a day, oldest first. */
static inline void office_load_notices(struct office *office, const char *known_on) {
    static const struct {
        const char *name, *published;
    } notices[] = {{"2019-A", "2018-12-06"}, {"2019-B", "2019-03-22"}, {"2020-A", "2019-11-21"},
                   {"2020-B", "2020-01-27"}, {"2021-A", "2020-11-25"}, {"2022-A", "2021-10-25"},
                   {"2023-A", "2022-12-08"}, {"2024-A", "2023-10-25"}, {"2025-A", "2024-11-12"},
                   {"2026-A", "2025-11-04"}};
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) {
        if (strcmp(notices[i].published, known_on) <= 0 && !office_load_notice(office, notices[i].name)) {
            abort();
        }
    }
}

static inline bool office_withdraw_notice(struct office *office, const char *notice, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Common__V1__WithdrawNotice withdraw = COMMON__V1__WITHDRAW_NOTICE__INIT;
    withdraw.notice = office_text(notice);
    body.body_case = ISSUES__V1__COMMAND__BODY_WITHDRAW_NOTICE;
    body.withdraw_notice = &withdraw;
    return office_send(office, "operator", ROLE_OPERATOR, at, &body);
}

static inline bool office_agency(struct office *office, const char *code, uint32_t region, bool is_window) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Common__V1__RegisterAgency agency = COMMON__V1__REGISTER_AGENCY__INIT;
    char credit_code[CREDIT_CODE_BYTES];
    office_credit_code(office->issues.agencies.rows.count + 1, credit_code);
    agency.agency = office_text(code);
    agency.name = office_text(code);
    agency.region = region;
    agency.credit_code = credit_code;
    agency.window = is_window;
    body.body_case = ISSUES__V1__COMMAND__BODY_REGISTER_AGENCY;
    body.register_agency = &agency;
    return office_send(office, "operator", ROLE_OPERATOR, NULL, &body);
}

/* The notices known on a day, and the agencies "plan", "fire", "water" (of a county), the service hall "hall", the
 * procuratorate "proc". Supervisors act as "bureau", leaders as "government": no agencies. */
static inline void office_begin(struct office *office, const char *known_on) {
    office_load_notices(office, known_on);
    if (!office_agency(office, "plan", 411000, false) || !office_agency(office, "fire", 411000, false) ||
        !office_agency(office, "water", 411002, false) || !office_agency(office, "hall", 411000, true) ||
        !office_agency(office, "proc", 411000, false)) {
        abort();
    }
}

/* --- slips --- */

static inline bool office_slip_issue(struct office *office, Issues__V1__RecordKind kind, const char *number,
                                     uint32_t level, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__IssueSlip issue = ISSUES__V1__ISSUE_SLIP__INIT;
    issue.kind = kind;
    issue.number = office_text(number);
    issue.level = level;
    issue.reason = office_text("a priority");
    body.body_case = ISSUES__V1__COMMAND__BODY_ISSUE_SLIP;
    body.issue_slip = &issue;
    return office_send(office, "bureau", ROLE_SUPERVISOR, at, &body);
}

static inline bool office_slip_reply(struct office *office, const char *organisation, uint32_t slip, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReplySlip reply = ISSUES__V1__REPLY_SLIP__INIT;
    reply.slip = slip;
    reply.reply = office_text("it is being done");
    body.body_case = ISSUES__V1__COMMAND__BODY_REPLY_SLIP;
    body.reply_slip = &reply;
    return office_send(office, organisation, ROLE_HANDLER, at, &body);
}

static inline bool office_slip_judge(struct office *office, uint32_t slip, bool accepted, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__JudgeReply judge = ISSUES__V1__JUDGE_REPLY__INIT;
    judge.slip = slip;
    judge.accepted = accepted;
    judge.reason = office_text(accepted ? "" : "nothing was done");
    body.body_case = ISSUES__V1__COMMAND__BODY_JUDGE_REPLY;
    body.judge_reply = &judge;
    return office_send(office, "bureau", ROLE_SUPERVISOR, at, &body);
}

/* --- enterprise issues --- */

static inline bool office_contact_rule(struct office *office, const char *rule, bool is_negative, const char *text,
                                       bool is_withdrawn, const char *at) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishContactRule publish = ISSUES__V1__PUBLISH_CONTACT_RULE__INIT;
    publish.rule = office_text(rule);
    publish.negative = is_negative;
    publish.text = office_text(text);
    publish.withdrawn = is_withdrawn;
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CONTACT_RULE;
    body.publish_contact_rule = &publish;
    return office_send(office, "bureau", ROLE_SUPERVISOR, at, &body);
}

#define ISSUE_ACT_TEXTS_MAX 10

/* ReportIssue, short. Zeros and NULL: what is usual for the step (issue_usual_actor, issue_usual_org; class B, lead
 * "plan", a reason where one is needed, ...). NOTHING: really empty. */
#define NOTHING "\x01"
struct issue_act {
    int step;           /* ISSUE_STEP(...) */
    const char *number; /* NULL: "Q1" */
    const char *at;     /* local time */
    int actor;          /* ACTOR(...); 0: the usual one; -1: unspecified */
    const char *org;
    enum role role; /* 0: that of the actor */
    uint64_t expected;
    const char *reason;
    int class; /* -1: unspecified */
    const char *duplicate_of, *lead;
    const char *parts[ISSUE_ACT_TEXTS_MAX];
    uint32_t extension; /* 0: 5; UINT32_MAX: none */
    const char *until;  /* day */
    int target;         /* 0: the police; -1: unspecified */
    const char *receipt;
    bool no_registration; /* of 1; else: */
    const char *credit_code, *title, *item, *task;
    int topic; /* -1: unspecified */
    uint32_t region;
    const char *rules[ISSUE_ACT_TEXTS_MAX];
};

static inline int issue_usual_actor(int step) {
    switch (step) {
    case ISSUE_STEP(REGISTERED):
    case ISSUE_STEP(CONFIRMED):
    case ISSUE_STEP(DISSATISFIED):
        return ACTOR(APPLICANT);
    case ISSUE_STEP(DISPUTED):
    case ISSUE_STEP(STARTED):
    case ISSUE_STEP(PART_DONE):
    case ISSUE_STEP(EXTENSION_ASKED):
    case ISSUE_STEP(ANSWERED):
        return ACTOR(HANDLER);
    default:
        return ACTOR(SUPERVISOR);
    }
}

static inline enum role office_role(int actor) {
    switch (actor) {
    case ACTOR(HANDLER):
        return ROLE_HANDLER;
    case ACTOR(HEAD):
        return ROLE_HEAD;
    case ACTOR(LEADER):
        return ROLE_LEADER;
    case ACTOR(SUPERVISOR):
        return ROLE_SUPERVISOR;
    default:
        return ROLE_CLERK;
    }
}

/* The organisation that usually acts so: the hall, the unit in charge, the office, the government. */
static inline const char *issue_usual_org(int step, int actor) {
    switch (actor) {
    case ACTOR(HANDLER):
    case ACTOR(HEAD):
        return step == ISSUE_STEP(PART_DONE) ? "fire" : "plan";
    case ACTOR(LEADER):
        return "government";
    case ACTOR(SUPERVISOR):
        return "bureau";
    default:
        return "hall";
    }
}

static inline char *issue_text(const char *given, bool is_needed, const char *usual) {
    return office_text(given == NULL ? (is_needed ? usual : "") : strcmp(given, NOTHING) == 0 ? "" : given);
}

static inline bool issue_needs_reason(int step) {
    switch (step) {
    case ISSUE_STEP(DUPLICATE):
    case ISSUE_STEP(INVALID):
    case ISSUE_STEP(DISPUTED):
    case ISSUE_STEP(EXTENSION_ASKED):
    case ISSUE_STEP(ANSWERED):
    case ISSUE_STEP(DISSATISFIED):
    case ISSUE_STEP(RAISED):
    case ISSUE_STEP(LONG_TERM):
    case ISSUE_STEP(TRANSFERRED):
    case ISSUE_STEP(CANCELLED):
    case ISSUE_STEP(COMMENTED):
        return true;
    default:
        return false;
    }
}

struct issue_act_body {
    Issues__V1__Command command;
    Issues__V1__ReportIssue report;
    Issues__V1__IssueRegistration registration;
    char credit_code[CREDIT_CODE_BYTES];
    char *parts[ISSUE_ACT_TEXTS_MAX], *rules[ISSUE_ACT_TEXTS_MAX];
};

static inline size_t issue_texts(const char *const *from, char **to) {
    size_t count = 0;
    while (count < ISSUE_ACT_TEXTS_MAX && from[count] != NULL) {
        to[count] = office_text(from[count]);
        count++;
    }
    return count;
}

static inline void issue_fill_registration(const struct issue_act *act, struct issue_act_body *body) {
    Issues__V1__IssueRegistration *registration = &body->registration;
    issues__v1__issue_registration__init(registration);
    office_credit_code(900, body->credit_code);
    registration->credit_code = issue_text(act->credit_code, true, body->credit_code);
    registration->title = issue_text(act->title, true, "a road is closed");
    registration->topic = act->topic < 0    ? 0
                          : act->topic == 0 ? ISSUES__V1__ISSUE_TOPIC__ISSUE_TOPIC_LAND
                                            : (Issues__V1__IssueTopic)act->topic;
    registration->region = act->region == 0 ? 411002 : act->region;
    registration->rules = body->rules;
    registration->n_rules = issue_texts(act->rules, body->rules);
    registration->item_code = office_text(act->item);
    registration->task_number = office_text(act->task);
    body->report.registration = act->no_registration ? NULL : registration;
}

static inline void issue_fill(const struct issue_act *act, int actor, struct issue_act_body *body) {
    Issues__V1__ReportIssue *report = &body->report;
    issues__v1__command__init(&body->command);
    issues__v1__report_issue__init(report);
    body->command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_ISSUE;
    body->command.report_issue = report;
    report->issue_number = issue_text(act->number, true, "Q1");
    report->step = (Issues__V1__IssueStep)act->step;
    report->actor = (Common__V1__Actor)actor;
    report->reason = issue_text(act->reason, issue_needs_reason(act->step), "a reason");
    report->duplicate_of = office_text(act->duplicate_of);
    if (act->step == ISSUE_STEP(REGISTERED)) {
        issue_fill_registration(act, body);
    } else if (act->step == ISSUE_STEP(SCREENED)) {
        report->class_ = act->class < 0 ? 0 : act->class == 0 ? ISSUE_CLASS(B) : (Issues__V1__IssueClass)act->class;
    } else if (act->step == ISSUE_STEP(DISPATCHED)) {
        report->lead = issue_text(act->lead, true, "plan");
        report->cooperating = body->parts;
        report->n_cooperating = issue_texts(act->parts, body->parts);
    } else if (act->step == ISSUE_STEP(EXTENDED)) {
        report->extension = act->extension == 0 ? 5 : act->extension == UINT32_MAX ? 0 : act->extension;
    } else if (act->step == ISSUE_STEP(LONG_TERM)) {
        const int64_t day = civil_day_of_ms(office_ms(act->at)) + 60;
        report->until_day = act->until == NULL                 ? (uint32_t)day
                            : strcmp(act->until, NOTHING) == 0 ? 0
                                                               : (uint32_t)office_day(act->until);
    } else if (act->step == ISSUE_STEP(TRANSFERRED)) {
        report->target = act->target < 0    ? 0
                         : act->target == 0 ? ISSUES__V1__TRANSFER_TARGET__TRANSFER_TARGET_POLICE
                                            : (Issues__V1__TransferTarget)act->target;
        report->receipt = issue_text(act->receipt, true, "R-1");
    }
}

/* False: refused (office->decision.code). */
static inline bool office_issue(struct office *office, const struct issue_act *act) {
    struct issue_act_body body;
    const int actor = act->actor == 0 ? issue_usual_actor(act->step) : act->actor < 0 ? 0 : act->actor;
    issue_fill(act, actor, &body);
    return office_send_expecting(office, act->org != NULL ? act->org : issue_usual_org(act->step, actor),
                                 act->role != ROLE_NONE ? act->role : office_role(actor), act->at, act->expected,
                                 &body.command);
}

/* A step as it is usually taken; it must not be refused. */
static inline void office_step(struct office *office, const char *number, int step, const char *at) {
    if (!office_issue(office, &(struct issue_act){.step = step, .number = number, .at = at})) {
        fprintf(stderr, "step %d of %s at %s: refused with %u (%s)\n", step, number, at, office->decision.code,
                office->decision.field == NULL ? "" : office->decision.field);
        abort();
    }
}

static inline struct issue *office_row(const struct office *office, const char *number) {
    return issues_issue(&office->issues, issues_find_issue(&office->issues, number));
}

#endif
