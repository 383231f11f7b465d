#ifndef TESTS_APPROVALS_FIXTURE_H
#define TESTS_APPROVALS_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "approvals/evolve.h"
#include "approvals/rules.h"
#include "base/civil.h"
#include "codes/credit_code.h"

/*
 * The rules of the approval registry without anything else: commands are decided, folded with numbers, time comes when
 * the test says so. For pure tests, fuzzers and benches. Header only; what cannot happen aborts.
 *
 *     struct town town;
 *     town_init(&town, 1000);
 *     town_begin(&town, "2020-01-22");               notices up to that day, agencies "plan", "fire", "hall"
 *     town_publish(&town, &(struct town_item){.code = "I1", .promised = 5, .statutory = 20});
 *     town_report(&town, &(struct act){.step = STEP(RECEIVED), .number = "C1", .item = "I1", .at =
 * "2020-01-17T10:00"}); town.decision ...                              what was decided; its bodies stay until the next
 * command or tick town_release(&town);
 */
#define STEP(word) APPROVALS__V1__CASE_STEP__CASE_STEP_##word
#define ACTOR(word) COMMON__V1__ACTOR__ACTOR_##word
#define STATE(word) APPROVALS__V1__CASE_STATE__CASE_STATE_##word
#define SPECIAL(word) APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_##word
#define CLIENT(word) APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_##word
#define CHANNEL(word) APPROVALS__V1__CHANNEL__CHANNEL_##word
#define REFUSAL(word) APPROVALS__V1__CODE__CODE_##word
#define COMMON_REFUSAL(word) COMMON__V1__CODE__CODE_##word

struct town_event {
    uint32_t type;
    uint64_t prev;
    size_t size;
    uint8_t *body; /* owned */
};

struct town {
    struct approvals approvals;
    struct state state;
    struct arena arena;
    struct decision decision; /* of the last command or tick */
    uint64_t seq;             /* of the last event */
    bool keeps_log;           /* what town_fold_again folds */
    struct town_event *log;   /* log[seq - 1] */
    size_t log_capacity;
    void (*watch)(void *user,
                  const struct event *event); /* each event before it is folded, with its public body; may be NULL */
    void *user;
};

/* --- the registry --- */

static inline struct approvals_options town_options(uint32_t cases_max) {
    return (struct approvals_options){
        .future_ms = 1000, .cases_max = cases_max, .lapse_workdays = 30, .yellow_tenths = 9, .yellow_days = 1};
}

static inline void town_init(struct town *town, uint32_t cases_max) {
    *town = (struct town){.seq = 0};
    const struct approvals_options options = town_options(cases_max);
    if (sodium_init() < 0) {
        abort();
    }
    approvals_state_init(&town->approvals, &options, &town->state);
    arena_init(&town->arena, (size_t)8 << 20);
}

static inline void town_release(struct town *town) {
    state_release(&town->state);
    arena_release(&town->arena);
    for (size_t i = 0; town->keeps_log && i < town->seq; i++) {
        free(town->log[i].body);
    }
    free(town->log);
}

static inline void town_keep(struct town *town, const struct event *event) {
    if (event->seq > town->log_capacity) {
        town->log_capacity = town->log_capacity == 0 ? 1024 : town->log_capacity * 2;
        town->log = realloc(town->log, town->log_capacity * sizeof *town->log);
    }
    struct town_event *kept = town->log == NULL ? NULL : &town->log[event->seq - 1];
    uint8_t *body = malloc(event->private_size + 1);
    if (kept == NULL || body == NULL) {
        abort();
    }
    *kept = (struct town_event){event->type, event->prev, event->private_size, body};
    memcpy(body, event->private_body, event->private_size);
}

static inline void town_evolve(struct town *town, struct event *event) {
    event->seq = ++town->seq;
    event->prev = event->prev == EVENT_PREV_BEFORE ? event->seq - 1 : event->prev;
    if (town->keeps_log) {
        town_keep(town, event);
    }
    if (town->watch != NULL) {
        town->watch(town->user, event);
    }
    struct event folded = *event;
    folded.public_body = NULL;
    approvals_evolve(&town->approvals, &folded);
}

static inline void town_evolve_all(struct town *town) {
    for (size_t i = 0; i < town->decision.event_count; i++) {
        town_evolve(town, &town->decision.events[i]);
    }
}

/* Everything that is due at this time. decision is that of the last call of tick. The count of events. */
static inline uint64_t town_tick_ms(struct town *town, int64_t now_ms) {
    const uint64_t before = town->seq;
    bool is_done = false;
    for (unsigned calls = 0; !is_done; calls++) {
        if (calls > 1000000) {
            abort(); /* time stands still: what is due is never done */
        }
        arena_reset(&town->arena);
        town->decision = (struct decision){.event_count = 0};
        is_done = approvals_tick(&town->approvals, now_ms, &town->arena, &town->decision);
        town_evolve_all(town);
    }
    return town->seq - before;
}

/* Decides a command in all its phases and folds it; a Tick command brings the tick with it. False: refused. */
static inline bool town_command(struct town *town, const struct command *command) {
    struct command phase = *command;
    bool runs_tick = false;
    do {
        arena_reset(&town->arena);
        town->decision = (struct decision){.event_count = 0};
        approvals_decide(&town->approvals, &phase, &town->arena, &town->decision);
        if (town->decision.refused) {
            if (phase.phase > 0 || town->decision.event_count > 0) {
                abort();
            }
            return false;
        }
        town_evolve_all(town);
        runs_tick = runs_tick || town->decision.runs_tick;
        phase.phase++;
    } while (town->decision.again);
    if (runs_tick) {
        town_tick_ms(town, command->occurred_at_ms);
    }
    return true;
}

/* The log folded from empty; equal hashes mean the same bytes. Needs keeps_log. */
static inline void town_fold_again(const struct town *town, uint8_t hash[32]) {
    struct approvals approvals;
    struct state state = {.table_count = 0};
    approvals_state_init(&approvals, &town->approvals.options, &state);
    for (uint64_t i = 0; i < town->seq; i++) {
        const struct town_event *kept = &town->log[i];
        approvals_evolve(&approvals, &(struct event){.type = kept->type,
                                                     .seq = i + 1,
                                                     .prev = kept->prev,
                                                     .private_body = kept->body,
                                                     .private_size = kept->size});
    }
    state_hash(&state, hash);
    state_release(&state);
}

/* --- values --- */

/* "2020-01-17" */
static inline int32_t town_day(const char *text) {
    int32_t day;
    if (!civil_date_parse(text, &day)) {
        abort();
    }
    return day;
}

/* Local time "2020-01-17T10:00"; NULL: 0. */
static inline int64_t town_ms(const char *text) {
    char full[32];
    int64_t ms = 0;
    if (text == NULL) {
        return 0;
    }
    snprintf(full, sizeof full, "%s:00+08:00", text);
    if (!civil_time_parse(full, &ms)) {
        abort();
    }
    return ms;
}

static inline uint64_t town_tick(struct town *town, const char *at) {
    return town_tick_ms(town, town_ms(at));
}

static inline char *town_text(const char *text) {
    return (char *)(text == NULL ? "" : text);
}

/* A valid credit code: the n-th of its kind. */
static inline void town_credit_code(uint32_t n, char code[CREDIT_CODE_BYTES]) {
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

/* --- commands of the calendar, agencies, items --- */

#define TOWN_RECEIVED_MS INT64_C(1900000000000)

static inline bool town_send(struct town *town, const char *organisation, enum role role, const char *at,
                             const Approvals__V1__Command *body) {
    const struct command command = {.organisation = organisation,
                                    .role = role,
                                    .principal = "test",
                                    .occurred_at_ms = at == NULL ? 1000 : town_ms(at),
                                    .received_at_ms = TOWN_RECEIVED_MS,
                                    .body = &body->base};
    return town_command(town, &command);
}

/* One notice of tests/data/calendar.tsv. False: refused, or the file has no such notice. */
static inline bool town_load_notice(struct town *town, const char *notice) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__LoadNotice load = COMMON__V1__LOAD_NOTICE__INIT;
    static Common__V1__NoticeDay days[NOTICE_DAYS_MAX];
    static Common__V1__NoticeDay *pointers[NOTICE_DAYS_MAX];
    static char names[NOTICE_DAYS_MAX][64];
    FILE *file = fopen("tests/data/calendar.tsv", "r");
    char line[256], date[16], kind[8], name[64], of[32], published[16];
    uint32_t year = (uint32_t)strtoul(notice, NULL, 10);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *fields[5] = {date, kind, name, of, published};
        const size_t sizes[5] = {sizeof date, sizeof kind, sizeof name, sizeof of, sizeof published};
        char *at = line;
        for (size_t i = 0; i < 5; i++) {
            const size_t size = strcspn(at, "\t\n");
            snprintf(fields[i], sizes[i], "%.*s", (int)size, at);
            at += size + (at[size] != '\0');
        }
        if (line[0] >= '0' && line[0] <= '9' && strcmp(of, notice) == 0) {
            Common__V1__NoticeDay *day = &days[load.n_days];
            common__v1__notice_day__init(day);
            snprintf(names[load.n_days], sizeof names[0], "%s", name);
            day->day = (uint32_t)town_day(date);
            day->off = strcmp(kind, "off") == 0;
            day->name = names[load.n_days];
            pointers[load.n_days++] = day;
            load.published_day = (uint32_t)town_day(published);
        }
    }
    if (file == NULL) {
        abort(); /* run the test in the project's folder */
    }
    fclose(file);
    load.notice = town_text(notice);
    load.days = pointers;
    load.years = &year;
    load.n_years = 1;
    body.body_case = APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE;
    body.load_notice = &load;
    char at[CIVIL_DATE_TEXT_BYTES + 6], day[CIVIL_DATE_TEXT_BYTES];
    civil_date_format((int32_t)load.published_day, day);
    snprintf(at, sizeof at, "%sT08:00", day);
    return load.n_days > 0 && town_send(town, "operator", ROLE_OPERATOR, at, &body);
}

/* All notices published up to a day, oldest first. */
static inline void town_load_notices(struct town *town, const char *known_on) {
    static const struct {
        const char *name, *published;
    } notices[] = {{"2019-A", "2018-12-06"}, {"2019-B", "2019-03-22"}, {"2020-A", "2019-11-21"},
                   {"2020-B", "2020-01-27"}, {"2021-A", "2020-11-25"}, {"2022-A", "2021-10-25"},
                   {"2023-A", "2022-12-08"}, {"2024-A", "2023-10-25"}, {"2025-A", "2024-11-12"},
                   {"2026-A", "2025-11-04"}};
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) {
        if (strcmp(notices[i].published, known_on) <= 0 && !town_load_notice(town, notices[i].name)) {
            abort();
        }
    }
}

static inline bool town_withdraw_notice(struct town *town, const char *notice, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__WithdrawNotice withdraw = COMMON__V1__WITHDRAW_NOTICE__INIT;
    withdraw.notice = town_text(notice);
    body.body_case = APPROVALS__V1__COMMAND__BODY_WITHDRAW_NOTICE;
    body.withdraw_notice = &withdraw;
    return town_send(town, "operator", ROLE_OPERATOR, at, &body);
}

static inline bool town_register_agency(struct town *town, const char *code, uint32_t region, bool is_window) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__RegisterAgency agency = COMMON__V1__REGISTER_AGENCY__INIT;
    char credit_code[CREDIT_CODE_BYTES];
    town_credit_code(town->approvals.agencies.rows.count + 1, credit_code);
    agency.agency = town_text(code);
    agency.name = town_text(code);
    agency.region = region;
    agency.credit_code = credit_code;
    agency.window = is_window;
    body.body_case = APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY;
    body.register_agency = &agency;
    return town_send(town, "operator", ROLE_OPERATOR, NULL, &body);
}

/* The notices known on a day, and the agencies "plan", "fire", "water" and the service hall "hall". */
static inline void town_begin(struct town *town, const char *known_on) {
    town_load_notices(town, known_on);
    if (!town_register_agency(town, "plan", 411000, false) || !town_register_agency(town, "fire", 411000, false) ||
        !town_register_agency(town, "water", 411002, false) || !town_register_agency(town, "hall", 411000, true)) {
        abort();
    }
}

/* Zeros: of agency "plan", a licence of the city's level for persons and companies, version 1 from 2019-01-01 on, one
 * visit. */
struct town_item {
    const char *code;
    const char *agency;
    const char *from; /* effective day */
    uint32_t version;
    int32_t promised; /* workdays, unless unit says otherwise */
    int32_t statutory;
    Approvals__V1__LimitUnit unit;
    bool has_no_promised, has_no_statutory;
    bool instant; /* promised: 0 */
    bool joint, deficiency, papers_stop_statutory;
    uint32_t visits; /* 0: one; NO_VISITS: none */
    bool no_meeting, app;
    Approvals__V1__ItemType type;
    Approvals__V1__ItemLevel level;
    bool takes_any_client; /* names no clients and no channels */
};
#define NO_VISITS 100u

static inline bool town_publish(struct town *town, const struct town_item *item) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__PublishItem p = APPROVALS__V1__PUBLISH_ITEM__INIT;
    Approvals__V1__Limit promised = APPROVALS__V1__LIMIT__INIT, statutory = APPROVALS__V1__LIMIT__INIT;
    Approvals__V1__Fee fee = APPROVALS__V1__FEE__INIT;
    Approvals__V1__ClientKind clients[] = {CLIENT(PERSON), CLIENT(COMPANY)};
    Approvals__V1__Channel channels[] = {CHANNEL(WINDOW), CHANNEL(WEB), CHANNEL(COURIER)};
    Approvals__V1__OnlineStep online[] = {APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_RECEIVE,
                                          APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_HANDLE};
    char *topics[] = {town_text("building")};
    const char *agency = item->agency == NULL ? "plan" : item->agency;
    promised.unit = item->unit == 0 || item->instant ? APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY : item->unit;
    promised.amount = item->instant ? 0 : (uint32_t)item->promised;
    statutory.unit = item->unit == 0 ? APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY : item->unit;
    statutory.amount = (uint32_t)item->statutory;
    p.code = town_text(item->code);
    p.version = item->version == 0 ? 1 : item->version;
    p.name = town_text(item->code);
    p.agency = town_text(agency);
    p.effective_day = (uint32_t)town_day(item->from == NULL ? "2019-01-01" : item->from);
    p.type = item->type == 0 ? APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE : item->type;
    p.level = item->level == 0 ? APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY : item->level;
    p.clients = clients;
    p.n_clients = item->takes_any_client ? 0 : 2;
    p.channels = channels;
    p.n_channels = item->takes_any_client ? 0 : 3;
    p.online = online;
    p.visits = item->visits == NO_VISITS ? 0 : item->visits == 0 ? 1 : item->visits;
    p.n_online = p.visits == 0 ? 2 : 1;
    p.visits_reason = town_text(p.visits == 0 ? "" : "originals are checked");
    p.promised = item->has_no_promised ? NULL : &promised;
    p.statutory = item->has_no_statutory ? NULL : &statutory;
    p.no_meeting = item->no_meeting;
    p.instant = item->instant;
    p.fee = &fee;
    p.enquiry_phone = town_text("0374-2960001");
    p.complaint_phone = town_text("0374-2960002");
    p.result_name = town_text("licence");
    p.result_sample = true;
    p.procedure_steps = 5;
    p.person_topics = topics;
    p.organisation_topics = topics;
    p.n_person_topics = p.n_organisation_topics = item->takes_any_client ? 0 : 1;
    p.app = item->app;
    p.joint = item->joint;
    p.deficiency_allowed = item->deficiency;
    p.supplement_stops_statutory = item->papers_stop_statutory;
    p.historical = true;
    body.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    body.publish_item = &p;
    return town_send(town, "bureau", ROLE_SUPERVISOR, "2019-01-01T08:00", &body);
}

/* --- commands of cases --- */

#define ACT_AGENCIES_MAX 9
#define ACT_PAPERS_MAX 18

/* ReportCase, short. Zeros and NULL: what is usual for the step (act_usual), in agency "plan". NOTHING: really empty.
 */
#define NOTHING "\x01"
struct act {
    int step;           /* STEP(...) */
    const char *number; /* NULL: "C1" */
    const char *at;     /* local time */
    int actor;          /* ACTOR(...); 0: the usual one; -1: unspecified */
    const char *org;    /* organisation */
    enum role role;     /* 0: that of the actor */
    uint64_t expected;
    const char *reason, *ground, *result;
    const char *until; /* day */
    const char *papers[ACT_PAPERS_MAX];
    bool no_papers;
    bool deficiency;
    int special; /* SPECIAL(...) */
    uint32_t days;
    const char *item;    /* NULL: "I1" */
    int channel, client; /* 0: window, company; -1: unspecified */
    const char *credit_code, *resident_id;
    const char *agencies[ACT_AGENCIES_MAX];
    int64_t at_ms; /* instead of at */
};

static inline int act_usual_actor(const struct act *act) {
    switch (act->step) {
    case STEP(SUPPLEMENT_ENDED):
    case STEP(WITHDRAWAL_ASKED):
        return ACTOR(APPLICANT);
    case STEP(DEPARTMENT_STARTED):
    case STEP(SPECIAL_ENDED):
    case STEP(PART_DONE):
        return ACTOR(HANDLER);
    case STEP(SPECIAL_STARTED):
        return act->special == SPECIAL(EXTENSION) ? ACTOR(HEAD) : ACTOR(HANDLER);
    case STEP(APPROVED):
    case STEP(APPROVED_WITH_DEFICIENCY):
    case STEP(REFUSED):
    case STEP(REVOKED):
        return ACTOR(HEAD);
    default:
        return ACTOR(CLERK);
    }
}

static inline enum role act_usual_role(int actor) {
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

/* The text given; else the usual one where the step needs it. */
static inline char *act_text(const char *given, bool is_needed, const char *usual) {
    return town_text(given == NULL ? (is_needed ? usual : "") : strcmp(given, NOTHING) == 0 ? "" : given);
}

static inline bool act_needs_reason(const struct act *act) {
    return act->step == 2 || act->step == 4 || act->step == 5 || (act->step >= 12 && act->step <= 16) ||
           (act->step == 9 && act->special == SPECIAL(EXTENSION));
}

static inline bool act_needs_ground(const struct act *act) {
    return act->step == 4 || act->step == 13 || act->step == 15 ||
           (act->step == 9 && act->special != SPECIAL(EXTENSION));
}

/* Ten days later where the step needs a day. */
static inline uint32_t act_until(const struct act *act, int64_t at_ms) {
    const bool is_needed = act->step == 12 || (act->step == 3 && act->deficiency) ||
                           (act->step == 9 && act->special != SPECIAL(EXTENSION));
    if (act->until != NULL) {
        return strcmp(act->until, NOTHING) == 0 ? 0 : (uint32_t)town_day(act->until);
    }
    return is_needed ? (uint32_t)civil_day_of_ms(at_ms) + 10 : 0;
}

struct act_body {
    Approvals__V1__Command command;
    Approvals__V1__ReportCase report;
    Approvals__V1__Submission submission;
    Approvals__V1__Special special;
    char *papers[ACT_PAPERS_MAX];
    char *agencies[ACT_AGENCIES_MAX];
};

static inline size_t act_texts(const char *const *from, size_t max, char **to) {
    size_t count = 0;
    while (count < max && from[count] != NULL) {
        to[count] = town_text(from[count]);
        count++;
    }
    return count;
}

static inline void act_fill_submission(const struct act *act, struct act_body *body) {
    approvals__v1__submission__init(&body->submission);
    body->submission.item_code = act_text(act->item, true, "I1");
    body->submission.channel = act->channel < 0    ? 0
                               : act->channel == 0 ? CHANNEL(WINDOW)
                                                   : (Approvals__V1__Channel)act->channel;
    body->submission.client = act->client < 0    ? 0
                              : act->client == 0 ? CLIENT(COMPANY)
                                                 : (Approvals__V1__ClientKind)act->client;
    body->submission.credit_code = town_text(act->credit_code);
    body->submission.resident_id = town_text(act->resident_id);
    body->submission.n_agencies = act_texts(act->agencies, ACT_AGENCIES_MAX, body->agencies);
    body->submission.agencies = body->agencies;
    body->report.submission = &body->submission;
}

/* The command of an act; body is where it is put together. */
static inline struct command act_command(const struct act *act, struct act_body *body) {
    const int64_t at_ms = act->at_ms != 0 ? act->at_ms : town_ms(act->at);
    const int actor = act->actor == 0 ? act_usual_actor(act) : act->actor < 0 ? 0 : act->actor;
    Approvals__V1__ReportCase *report = &body->report;
    approvals__v1__command__init(&body->command);
    approvals__v1__report_case__init(report);
    body->command.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_CASE;
    body->command.report_case = report;
    report->case_number = act_text(act->number, true, "C1");
    report->step = (Approvals__V1__CaseStep)act->step;
    report->actor = (Common__V1__Actor)actor;
    report->reason = act_text(act->reason, act_needs_reason(act), "a reason");
    report->ground = act_text(act->ground, act_needs_ground(act), "an article");
    report->result = act_text(act->result, act->step == 10, "done");
    report->deficiency = act->deficiency;
    report->until_day = act_until(act, at_ms);
    report->n_papers = act_texts(act->papers, ACT_PAPERS_MAX, body->papers);
    report->papers = body->papers;
    if (report->n_papers == 0 && act->step == 6 && !act->no_papers) {
        body->papers[report->n_papers++] = town_text("form");
    }
    if (act->special != 0) {
        approvals__v1__special__init(&body->special);
        body->special.kind = (Approvals__V1__SpecialKind)act->special;
        body->special.days = act->days;
        report->special = &body->special;
    }
    if (act->step == 1) {
        act_fill_submission(act, body);
    }
    return (struct command){.organisation = act->org != NULL         ? act->org
                                            : actor == ACTOR(LEADER) ? "government"
                                                                     : "plan",
                            .role = act->role != ROLE_NONE ? act->role : act_usual_role(actor),
                            .principal = "test",
                            .occurred_at_ms = at_ms,
                            .received_at_ms = TOWN_RECEIVED_MS,
                            .expected_version = act->expected,
                            .body = &body->command.base};
}

/* False: refused (town->decision.code). */
static inline bool town_report(struct town *town, const struct act *act) {
    struct act_body body;
    const struct command command = act_command(act, &body);
    return town_command(town, &command);
}

/* A step as it is usually taken; it must not be refused. */
static inline void town_step(struct town *town, const char *number, int step, const char *at) {
    if (!town_report(town, &(struct act){.step = step, .number = number, .at = at})) {
        fprintf(stderr, "step %d of %s at %s: refused with %u\n", step, number, at, town->decision.code);
        abort();
    }
}

static inline struct approval_case *town_case(const struct town *town, const char *number) {
    return approvals_case(&town->approvals, approvals_find_case(&town->approvals, number));
}

static inline bool town_rate(struct town *town, const char *number, uint32_t visit, uint32_t rating, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__RateCase rate = APPROVALS__V1__RATE_CASE__INIT;
    rate.case_number = town_text(number);
    rate.visit = visit;
    rate.rating = rating;
    body.body_case = APPROVALS__V1__COMMAND__BODY_RATE_CASE;
    body.rate_case = &rate;
    return town_send(town, "plan", ROLE_CLERK, at, &body);
}

static inline bool town_rectify(struct town *town, const char *number, uint32_t visit, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__ReportRectification report = APPROVALS__V1__REPORT_RECTIFICATION__INIT;
    report.case_number = town_text(number);
    report.visit = visit;
    report.result = town_text("mended");
    report.called_back = true;
    body.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_RECTIFICATION;
    body.report_rectification = &report;
    return town_send(town, "plan", ROLE_HANDLER, at, &body);
}

#endif
