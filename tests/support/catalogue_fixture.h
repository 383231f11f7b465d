#ifndef TESTS_CATALOGUE_FIXTURE_H
#define TESTS_CATALOGUE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approvals/catalogue.h"
#include "approvals/evolve.h"
#include "calendar/notices.h"
#include "approvals/query_catalogue.h"
#include "approvals/rules.h"
#include "base/civil.h"

/* The rules of catalogue, agencies and calendar of the approval registry without anything else: for pure tests. Header
 * only. The log of every test is folded again at its end. */

#define CITY_CODE "11411000005747138B"
#define ITEM_CODE                                                                                                      \
    CITY_CODE "3"                                                                                                      \
              "410100000001" /* level 3 */
#define COUNTY_CODE "91411000MA0000007P"
#define NOW_MS INT64_C(1577836800000) /* 2020-01-01T08:00+08:00 */
#define TODAY 18262                   /* 2020-01-01 */
#define LOG_MAX 16384

struct kept {
    uint32_t type;
    size_t size;
    uint8_t *body;
};

struct fixture {
    struct approvals approvals;
    struct state state;
    struct arena arena;
    uint64_t seq;
    struct kept log[LOG_MAX];
    size_t log_size;
    struct decision decision; /* of the last command; valid until the next */
    Approvals__V1__Command command;
};

static const struct approvals_options options = {
    .future_ms = 1000, .cases_max = 1000, .lapse_workdays = 30, .yellow_tenths = 9, .yellow_days = 1};

/* --- commands --- */

static inline void keep(struct fixture *f, const struct event *event) {
    assert_true(f->log_size < LOG_MAX);
    struct kept *kept = &f->log[f->log_size++];
    *kept = (struct kept){.type = event->type, .size = event->private_size, .body = malloc(event->private_size + 1)};
    memcpy(kept->body, event->private_body, event->private_size);
}

static inline void decide_as(struct fixture *f, enum role role, const char *organisation) {
    const struct command command = {.organisation = organisation,
                                    .role = role,
                                    .principal = "test",
                                    .occurred_at_ms = NOW_MS,
                                    .received_at_ms = NOW_MS,
                                    .body = &f->command.base};
    arena_reset(&f->arena);
    f->decision = (struct decision){.event_count = 0};
    approvals_decide(&f->approvals, &command, &f->arena, &f->decision);
    for (size_t i = 0; i < f->decision.event_count; i++) {
        struct event folded = f->decision.events[i];
        f->decision.events[i].seq = folded.seq = ++f->seq;
        folded.public_body = NULL;
        keep(f, &folded);
        approvals_evolve(&f->approvals, &folded);
    }
}

static inline void begin(struct fixture *f, Approvals__V1__Command__BodyCase body_case) {
    approvals__v1__command__init(&f->command);
    f->command.body_case = body_case;
}

static inline void wants(struct fixture *f, uint32_t code, const char *field, int line) {
    const struct decision *decision = &f->decision;
    if (decision->refused != (code != 0) || (code != 0 && decision->code != code) ||
        (code != 0 && strcmp(decision->field == NULL ? "" : decision->field, field) != 0)) {
        fail_msg("line %d: refused %d code %u field %s, wanted code %u field %s", line, decision->refused,
                 decision->code, decision->field == NULL ? "-" : decision->field, code, field);
    }
}
#define REFUSED(f, word, field) wants(f, APPROVALS__V1__CODE__CODE_##word, field, __LINE__)
#define REFUSED_COMMON(f, word, field) wants(f, COMMON__V1__CODE__CODE_##word, field, __LINE__)
#define ACCEPTED(f, events)                                                                                            \
    do {                                                                                                               \
        wants(f, 0, "", __LINE__);                                                                                     \
        assert_int_equal((f)->decision.event_count, events);                                                           \
    } while (0)

static inline const Approvals__V1__Event *said(const struct fixture *f, size_t place) {
    return (const Approvals__V1__Event *)f->decision.events[place].public_body;
}

static inline void register_agency(struct fixture *f, const char *code, const char *name, uint32_t region,
                                   const char *credit_code) {
    Common__V1__RegisterAgency body;
    common__v1__register_agency__init(&body);
    body.agency = (char *)code;
    body.name = (char *)name;
    body.region = region;
    body.credit_code = (char *)credit_code;
    begin(f, APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY);
    f->command.register_agency = &body;
    decide_as(f, ROLE_OPERATOR, "operator");
}

/* A PublishItem with room for all that it points at. */
struct draft {
    Approvals__V1__PublishItem item;
    Approvals__V1__Limit promised, statutory;
    Approvals__V1__Fee fee;
    Approvals__V1__ClientKind clients[40];
    Approvals__V1__Channel channels[8];
    Approvals__V1__OnlineStep online[8];
    char *person_topics[40], *organisation_topics[40];
    const char *organisation;
    enum role role;
};

/* One that breaks no rule. */
static inline void draft_good(struct draft *d) {
    *d = (struct draft){.organisation = "bureau", .role = ROLE_SUPERVISOR};
    approvals__v1__publish_item__init(&d->item);
    approvals__v1__limit__init(&d->promised);
    approvals__v1__limit__init(&d->statutory);
    approvals__v1__fee__init(&d->fee);
    d->promised.amount = 5;
    d->promised.unit = d->statutory.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY;
    d->statutory.amount = 20;
    d->clients[0] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_PERSON;
    d->clients[1] = APPROVALS__V1__CLIENT_KIND__CLIENT_KIND_COMPANY;
    d->channels[0] = APPROVALS__V1__CHANNEL__CHANNEL_WINDOW;
    d->channels[1] = APPROVALS__V1__CHANNEL__CHANNEL_WEB;
    d->online[0] = APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_RECEIVE;
    d->person_topics[0] = (char *)"住房";
    d->organisation_topics[0] = (char *)"工程建设";
    Approvals__V1__PublishItem *p = &d->item;
    p->code = (char *)ITEM_CODE;
    p->version = 1;
    p->name = (char *)"商品房预售许可";
    p->agency = (char *)"housing";
    p->effective_day = TODAY;
    p->type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE;
    p->level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    p->clients = d->clients;
    p->n_clients = 2;
    p->channels = d->channels;
    p->n_channels = 2;
    p->online = d->online;
    p->n_online = 1;
    p->promised = &d->promised;
    p->statutory = &d->statutory;
    p->visits = 1;
    p->visits_reason = (char *)"现场核验原件";
    p->fee = &d->fee;
    p->enquiry_phone = (char *)"0374-1234567";
    p->complaint_phone = (char *)"0374-12345";
    p->result_name = (char *)"商品房预售许可证";
    p->result_sample = true;
    p->procedure_steps = 5;
    p->person_topics = d->person_topics;
    p->n_person_topics = 1;
    p->organisation_topics = d->organisation_topics;
    p->n_organisation_topics = 1;
}

static inline void publish(struct fixture *f, struct draft *d) {
    begin(f, APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM);
    f->command.publish_item = &d->item;
    decide_as(f, d->role, d->organisation);
}

static inline void remove_item(struct fixture *f, const char *code, int32_t day, uint32_t round) {
    Approvals__V1__RemoveItem body;
    approvals__v1__remove_item__init(&body);
    body.code = (char *)code;
    body.day = (uint32_t)day;
    body.round = round;
    body.reason = (char *)"取消";
    begin(f, APPROVALS__V1__COMMAND__BODY_REMOVE_ITEM);
    f->command.remove_item = &body;
    decide_as(f, ROLE_SUPERVISOR, "bureau");
}

/* --- the fixture; every test ends with the fold of its log --- */

static inline int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    approvals_state_init(&f->approvals, &options, &f->state);
    arena_init(&f->arena, DECISION_ARENA_BYTES);
    register_agency(f, "housing", "住房和城乡建设局", 411000, CITY_CODE);
    register_agency(f, "weidu", "魏都区政务服务局", 411002, COUNTY_CODE);
    register_agency(f, "nocode", "无代码单位", 411000, "");
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;
    struct approvals again;
    struct state folded = {.table_count = 0};
    uint8_t want[32], got[32];
    approvals_state_init(&again, &options, &folded);
    for (size_t i = 0; i < f->log_size; i++) {
        const struct event event = {
            .type = f->log[i].type, .seq = i + 1, .private_body = f->log[i].body, .private_size = f->log[i].size};
        approvals_evolve(&again, &event);
        free(f->log[i].body);
    }
    state_hash(&f->state, want);
    state_hash(&folded, got);
    const int differs = memcmp(want, got, sizeof want) != 0;
    state_release(&folded);
    state_release(&f->state);
    arena_release(&f->arena);
    free(f);
    if (differs) {
        fprintf(stderr, "the fold of the log is another state\n");
    }
    return differs;
}

/* --- questions --- */

static const struct principal supervisor = {
    .name = "bureau/supervisor", .organisation = "bureau", .role = ROLE_SUPERVISOR};

static inline struct question question_of(const struct principal *principal) {
    return (struct question){.principal = principal, .received_at_ms = NOW_MS};
}

/* The answer lives in the arena. */
static inline const Approvals__V1__CheckedItems *check_items(struct fixture *f, struct draft *drafts, size_t count) {
    Approvals__V1__CheckItems ask = APPROVALS__V1__CHECK_ITEMS__INIT;
    Approvals__V1__PublishItem *items[QUERY_CHECKED_ITEMS_MAX];
    struct principal principal = {.role = drafts[0].role};
    const struct question question = question_of(&principal);
    uint32_t code = 0;
    snprintf(principal.organisation, sizeof principal.organisation, "%s", drafts[0].organisation);
    for (size_t i = 0; i < count; i++) {
        items[i] = &drafts[i].item;
    }
    ask.n_items = count;
    ask.items = items;
    arena_reset(&f->arena);
    const Approvals__V1__Answer *answer = approvals_check_items(&f->approvals, &question, &ask, &f->arena, &code);
    assert_non_null(answer);
    assert_int_equal(answer->body_case, APPROVALS__V1__ANSWER__BODY_CHECKED_ITEMS);
    return answer->checked_items;
}

static inline const Approvals__V1__Items *list_items(struct fixture *f, const Approvals__V1__ListItems *ask) {
    const struct question question = question_of(&supervisor);
    uint32_t code = 0;
    arena_reset(&f->arena);
    const Approvals__V1__Answer *answer = approvals_list_items(&f->approvals, &question, ask, &f->arena, &code);
    assert_non_null(answer);
    return answer->items;
}

#endif
