#ifndef TESTS_ISSUES_LEDGER_H
#define TESTS_ISSUES_LEDGER_H

#include "support/issues_fixture.h"

/* Ledger tasks in an office: drafts and steps, short. Header only. "plan" leads, "fire" and "water" cooperate;
 * supervisors are the "bureau", the leading official is of the "government". */
#define TASK_STEP(word) ISSUES__V1__TASK_STEP__TASK_STEP_##word
#define TASK_STATE(word) ISSUES__V1__TASK_STATE__TASK_STATE_##word
#define TASK_LAG(word) ISSUES__V1__TASK_LAG__TASK_LAG_##word
#define INDICATOR_KIND(word) ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_##word

enum {
    LEDGER_INDICATORS_MAX = 9,
    LEDGER_MILESTONES_MAX = 17,
    LEDGER_TEXTS_MAX = 18
}; /* one more than the rules allow */

/* --- drafts --- */

struct ledger_indicator {
    const char *code; /* NULL: the last one before */
    int kind;
    int64_t baseline, target, total;
};
struct ledger_milestone {
    const char *due; /* NULL: the last one before */
    uint32_t expected;
};

/* PublishTask. Zeros and NULL: what is usual; NOTHING: really empty; UINT32_MAX: really 0. */
struct ledger_draft {
    const char *number; /* NULL: "T1" */
    const char *at;     /* NULL: 2020-01-02T09:00 */
    uint32_t year;      /* 2020 */
    int field;          /* economy; -1: unspecified */
    const char *title;
    const char *provincial[LEDGER_TEXTS_MAX];
    bool key;
    const char *leading_office;          /* NULL: one where it is key */
    const char *lead;                    /* plan */
    const char *parts[LEDGER_TEXTS_MAX]; /* fire, water; the first NOTHING: none */
    const char *measures[LEDGER_TEXTS_MAX];
    const char *annual_target;
    bool no_indicators; /* else, where none is given, "jobs": from 0 up to 1000 (hundredths) */
    struct ledger_indicator indicators[LEDGER_INDICATORS_MAX + 1];
    struct ledger_milestone milestones[LEDGER_MILESTONES_MAX + 1];
    const char *start, *due; /* 2020-01-01, 2020-12-31 */
    uint64_t expected;
    const char *org;
};

struct ledger_draft_body {
    Issues__V1__Command command;
    Issues__V1__PublishTask publish;
    Issues__V1__Indicator indicators[LEDGER_INDICATORS_MAX];
    Issues__V1__Indicator *indicator_list[LEDGER_INDICATORS_MAX];
    Issues__V1__Milestone milestones[LEDGER_MILESTONES_MAX];
    Issues__V1__Milestone *milestone_list[LEDGER_MILESTONES_MAX];
    char *provincial[LEDGER_TEXTS_MAX], *parts[LEDGER_TEXTS_MAX], *measures[LEDGER_TEXTS_MAX];
};

static inline uint32_t ledger_number(uint32_t given, uint32_t usual) {
    return given == 0 ? usual : given == UINT32_MAX ? 0 : given;
}

static inline uint32_t ledger_day(const char *given, const char *usual) {
    return given != NULL && strcmp(given, NOTHING) == 0 ? 0 : (uint32_t)office_day(given == NULL ? usual : given);
}

static inline size_t ledger_texts(const char *const *from, char **to) {
    size_t count = 0;
    while (count < LEDGER_TEXTS_MAX && from[count] != NULL) {
        to[count] = issue_text(from[count], false, "");
        count++;
    }
    return count;
}

static inline void ledger_fill_lists(const struct ledger_draft *draft, struct ledger_draft_body *body) {
    static const struct ledger_indicator usual = {"jobs", INDICATOR_KIND(INCREASE), 0, 1000, 0};
    Issues__V1__PublishTask *publish = &body->publish;
    const bool is_usual = draft->indicators[0].code == NULL && !draft->no_indicators;
    for (size_t i = 0; is_usual ? i == 0 : draft->indicators[i].code != NULL; i++) {
        const struct ledger_indicator *from = is_usual ? &usual : &draft->indicators[i];
        Issues__V1__Indicator *to = &body->indicators[i];
        issues__v1__indicator__init(to);
        to->code = issue_text(from->code, true, "");
        to->kind = (Issues__V1__IndicatorKind)from->kind;
        to->baseline = from->baseline;
        to->target = from->target;
        to->total = from->total;
        body->indicator_list[i] = to;
        publish->n_indicators = i + 1;
    }
    for (size_t i = 0; draft->milestones[i].due != NULL; i++) {
        issues__v1__milestone__init(&body->milestones[i]);
        body->milestones[i].due_day = (uint32_t)office_day(draft->milestones[i].due);
        body->milestones[i].expected_permille = draft->milestones[i].expected;
        body->milestone_list[i] = &body->milestones[i];
        publish->n_milestones = i + 1;
    }
    publish->indicators = body->indicator_list;
    publish->milestones = body->milestone_list;
}

static inline void ledger_fill(const struct ledger_draft *draft, struct ledger_draft_body *body) {
    static const char *const usual_parts[LEDGER_TEXTS_MAX] = {"fire", "water"};
    Issues__V1__PublishTask *publish = &body->publish;
    issues__v1__command__init(&body->command);
    issues__v1__publish_task__init(publish);
    body->command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_TASK;
    body->command.publish_task = publish;
    publish->task_number = issue_text(draft->number, true, "T1");
    publish->year = ledger_number(draft->year, 2020);
    publish->field = draft->field < 0 ? 0 : (Issues__V1__ReformField)(draft->field == 0 ? 1 : draft->field);
    publish->title = issue_text(draft->title, true, "more jobs");
    publish->key = draft->key;
    publish->leading_office = issue_text(draft->leading_office, draft->key, "the mayor's office");
    publish->lead = issue_text(draft->lead, true, "plan");
    publish->annual_target = issue_text(draft->annual_target, false, "");
    publish->start_day = ledger_day(draft->start, "2020-01-01");
    publish->due_day = ledger_day(draft->due, "2020-12-31");
    publish->provincial = body->provincial;
    publish->n_provincial = ledger_texts(draft->provincial, body->provincial);
    publish->cooperating = body->parts;
    publish->n_cooperating = ledger_texts(draft->parts[0] == NULL ? usual_parts : draft->parts, body->parts);
    if (draft->parts[0] != NULL && strcmp(draft->parts[0], NOTHING) == 0) {
        publish->n_cooperating = 0;
    }
    publish->measures = body->measures;
    publish->n_measures = ledger_texts(draft->measures, body->measures);
    ledger_fill_lists(draft, body);
}

/* False: refused (office->decision.code). */
static inline bool office_draft(struct office *office, const struct ledger_draft *draft) {
    struct ledger_draft_body *body = malloc(sizeof *body);
    if (body == NULL) {
        abort();
    }
    ledger_fill(draft, body);
    const bool is_taken =
        office_send_expecting(office, draft->org != NULL ? draft->org : "bureau", ROLE_SUPERVISOR,
                              draft->at != NULL ? draft->at : "2020-01-02T09:00", draft->expected, &body->command);
    free(body);
    return is_taken;
}

static inline bool office_provincial(struct office *office, uint32_t year, const char *code, const char *title) {
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__PublishProvincialTask publish = ISSUES__V1__PUBLISH_PROVINCIAL_TASK__INIT;
    publish.year = year;
    publish.code = office_text(code);
    publish.title = office_text(title);
    body.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_PROVINCIAL_TASK;
    body.publish_provincial_task = &publish;
    return office_send(office, "bureau", ROLE_SUPERVISOR, "2020-01-02T08:00", &body);
}

/* --- steps --- */

/* ReportTask. Zeros and NULL: what is usual for the step; NOTHING: really empty. */
struct task_act {
    int step;
    const char *number; /* NULL: "T1" */
    const char *at;
    int actor; /* ACTOR(...); 0: the usual one; -1: unspecified */
    const char *org;
    enum role role;
    uint64_t expected;
    const char *reason;
    const char *indicator; /* NULL: "jobs" */
    int64_t value;         /* 5 */
    int evidence_bytes;    /* 0: 32 where it is needed; -1: none */
    uint32_t milestone;    /* 0: the first; UINT32_MAX: none */
    const char *until;     /* 13: NULL: 2021-06-30 */
    uint32_t year;         /* 16: 2021; UINT32_MAX: none */
    const char *principal; /* NULL: "organisation/role" */
};

static inline int task_usual_actor(int step) {
    switch (step) {
    case TASK_STEP(STARTED):
    case TASK_STEP(REPORTED):
    case TASK_STEP(MEASURED):
    case TASK_STEP(MILESTONE_CLOSED):
    case TASK_STEP(SIGNOFF_ASKED):
    case TASK_STEP(CONFIRMED):
    case TASK_STEP(OBJECTED):
        return ACTOR(HANDLER);
    case TASK_STEP(LEADER_APPROVED):
        return ACTOR(LEADER);
    default:
        return ACTOR(SUPERVISOR);
    }
}

static inline const char *task_usual_org(int step, int actor) {
    const bool is_part = step == TASK_STEP(CONFIRMED) || step == TASK_STEP(OBJECTED);
    return actor == ACTOR(SUPERVISOR) ? "bureau" : actor == ACTOR(LEADER) ? "government" : is_part ? "fire" : "plan";
}

static inline bool task_needs_reason(int step) {
    return step == TASK_STEP(REPORTED) || step == TASK_STEP(OBJECTED) || step == TASK_STEP(RETURNED) ||
           step == TASK_STEP(DEFERRED) || step == TASK_STEP(CANCELLED) || step == TASK_STEP(CARRIED_OVER) ||
           step == TASK_STEP(REOPENED) || step == TASK_STEP(COMMENTED);
}

static inline bool office_task(struct office *office, const struct task_act *act) {
    static uint8_t evidence[64] = {0xe7};
    Issues__V1__Command body = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportTask report = ISSUES__V1__REPORT_TASK__INIT;
    const int actor = act->actor == 0 ? task_usual_actor(act->step) : act->actor < 0 ? 0 : act->actor;
    const char *org = act->org != NULL ? act->org : task_usual_org(act->step, actor);
    const enum role role = act->role != ROLE_NONE ? act->role : office_role(actor);
    const bool is_proved = act->step == TASK_STEP(MEASURED) || act->step == TASK_STEP(MILESTONE_CLOSED);
    char principal[64];
    snprintf(principal, sizeof principal, "%s/%u", org, (unsigned)role);
    body.body_case = ISSUES__V1__COMMAND__BODY_REPORT_TASK;
    body.report_task = &report;
    report.task_number = issue_text(act->number, true, "T1");
    report.step = (Issues__V1__TaskStep)act->step;
    report.actor = (Common__V1__Actor)actor;
    report.reason = issue_text(act->reason, task_needs_reason(act->step), "a reason");
    report.indicator = issue_text(act->indicator, true, "jobs");
    report.value = act->value;
    report.evidence.data = evidence;
    report.evidence.len = act->evidence_bytes > 0                 ? (size_t)act->evidence_bytes
                          : act->evidence_bytes == 0 && is_proved ? 32
                                                                  : 0;
    report.milestone = ledger_number(act->milestone, 1);
    report.until_day = ledger_day(act->until, "2021-06-30");
    report.year = ledger_number(act->year, 2021);
    const struct command command = {.organisation = org,
                                    .role = role,
                                    .principal = act->principal != NULL ? act->principal : principal,
                                    .occurred_at_ms = office_ms(act->at),
                                    .received_at_ms = OFFICE_RECEIVED_MS,
                                    .expected_version = act->expected,
                                    .body = &body.base};
    return office_command(office, &command);
}

/* A step as it is usually taken; it must not be refused. */
static inline void office_task_step(struct office *office, const struct task_act *act) {
    if (!office_task(office, act)) {
        fprintf(stderr, "step %d of %s at %s: refused with %u (%s)\n", act->step,
                act->number == NULL ? "T1" : act->number, act->at, office->decision.code,
                office->decision.field == NULL ? "" : office->decision.field);
        abort();
    }
}

static inline struct task *office_task_row(const struct office *office, const char *number) {
    return issues_task(&office->issues, issues_find_task(&office->issues, number));
}

/* --- ways into each state --- */

/* D draft, I issued, g doing with an open milestone, G doing and all done, A sign-off asked for, B asked for and
 * everybody agreed, S signed off, F deferred while doing, X cancelled, V carried over. A key item of "plan", with
 * "fire" and "water", "jobs" and one milestone; all happens on one day, within the hour after nine. */
static inline void office_task_to(struct office *office, const char *number, char letter, const char *day) {
    static const struct {
        char letter;
        const char *steps; /* a letter for each step that is taken, below */
    } ways[] = {{'D', ""},         {'I', "i"},         {'g', "ism"},  {'G', "ismc"}, {'A', "ismca"},
                {'B', "ismcafwl"}, {'S', "ismcafwlo"}, {'F', "ismd"}, {'X', "ix"},   {'V', "iv"}};
    static const struct {
        char letter;
        int step;
        const char *org;
    } steps[] = {{'i', TASK_STEP(ISSUED), NULL},        {'s', TASK_STEP(STARTED), NULL},
                 {'m', TASK_STEP(MEASURED), NULL},      {'c', TASK_STEP(MILESTONE_CLOSED), NULL},
                 {'a', TASK_STEP(SIGNOFF_ASKED), NULL}, {'f', TASK_STEP(CONFIRMED), "fire"},
                 {'w', TASK_STEP(CONFIRMED), "water"},  {'l', TASK_STEP(LEADER_APPROVED), NULL},
                 {'o', TASK_STEP(SIGNED_OFF), NULL},    {'d', TASK_STEP(DEFERRED), NULL},
                 {'x', TASK_STEP(CANCELLED), NULL},     {'v', TASK_STEP(CARRIED_OVER), NULL}};
    char at[32];
    size_t way = 0, minute = 0;
    while (ways[way].letter != letter) {
        way++;
    }
    snprintf(at, sizeof at, "%sT09:00", day);
    if (!office_draft(office, &(struct ledger_draft){
                                  .number = number, .at = at, .key = true, .milestones = {{.due = "2020-11-30"}}})) {
        abort();
    }
    for (const char *next = ways[way].steps; *next != '\0'; next++) {
        size_t i = 0;
        while (steps[i].letter != *next) {
            i++;
        }
        snprintf(at, sizeof at, "%sT09:%02u", day, (unsigned)++minute);
        office_task_step(
            office,
            &(struct task_act){.step = steps[i].step, .number = number, .at = at, .org = steps[i].org, .value = 1000});
    }
}

/* --- what the registry says by itself --- */

/* As words: "yellow@2020-02-02 orange@... L1@... late@...", of all tasks; their slips (issued ones). */
struct ledger_diary {
    char words[2048];
};

static inline void ledger_diary_add(struct ledger_diary *diary, const char *word, uint32_t at) {
    char time[30];
    const size_t used = strlen(diary->words);
    civil_time_format((int64_t)at * 1000, time);
    time[strncmp(time + 11, "00:00", 5) == 0 ? 10 : 16] = '\0';
    snprintf(diary->words + used, sizeof diary->words - used, "%s%s@%s", used == 0 ? "" : " ", word, time);
}

static inline void ledger_diary_watch(void *user, const struct event *event) {
    static const char *const lags[] = {"?", "none", "yellow", "orange", "red"};
    struct ledger_diary *diary = user;
    if (event->type == EVENT_TASK_STEP) {
        struct event_task_step body;
        memcpy(&body, event->private_body, sizeof body);
        if (body.actor == ACTOR(SYSTEM)) {
            ledger_diary_add(diary,
                             body.step == TASK_STEP(LAG_CHANGED)         ? lags[body.lag]
                             : body.step == TASK_STEP(CONFIRMATION_LATE) ? "late"
                             : body.step == TASK_STEP(REOPENED)          ? "reopened"
                                                                         : "moved",
                             body.at);
        }
    } else if (event->type == EVENT_SLIP_ISSUED) {
        struct slip_issued_body body;
        char word[16];
        memcpy(&body, event->private_body, sizeof body);
        snprintf(word, sizeof word, "rule%u_L%u", body.rule, body.level);
        ledger_diary_add(diary, word, body.at);
    }
}

#endif
