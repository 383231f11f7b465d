/* The approval registry as its users meet it: the real daemon over CURVE, a key of each role, and lianchengctl beside
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approvals/v1/query.pb-c.h"
#include "base/file.h"
#include "base/secret.h"
#include "client/client.h"
#include "support/approvals_fixture.h"
#include "support/ctl_runner.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"

enum who {
    OPERATOR,
    SUPERVISOR,
    LEADER,
    HALL,
    CLERK,
    HANDLER,
    HEAD,
    SYSTEM_OF_PLAN,
    FIRE,
    READER,
    FOLLOWER,
    WHO_COUNT
};

static const struct {
    const char *principal, *organisation, *role;
} people[WHO_COUNT] = {
    [OPERATOR] = {"operator/operator", "operator", "operator"},
    [SUPERVISOR] = {"bureau/supervisor", "bureau", "supervisor"},
    [LEADER] = {"government/leader", "government", "leader"},
    [HALL] = {"hall/clerk", "hall", "clerk"},
    [CLERK] = {"plan/clerk", "plan", "clerk"},
    [HANDLER] = {"plan/handler", "plan", "handler"},
    [HEAD] = {"plan/head", "plan", "head"},
    [SYSTEM_OF_PLAN] = {"plan/publisher", "plan", "publisher"},
    [FIRE] = {"fire/handler", "fire", "handler"},
    [READER] = {"bureau/reader", "bureau", "reader"},
    [FOLLOWER] = {"aggregator/follower", "aggregator", "follower"},
};

struct fixture {
    struct test_keys keys;
    struct process process;
    long log_position;
    char endpoint[TEST_ENDPOINT_BYTES];
    const char *key_paths[WHO_COUNT];
    struct client_socket *sockets[WHO_COUNT];
    struct arena arena;
    struct id_maker ids;
    uint64_t requests;
    struct run run;
};

/* --- the daemon --- */

static void start_daemon(struct fixture *f) {
    char program[4200], server_key[600], keys[600], store[600], seal[600], log[600], bind[200], line[1024];
    snprintf(program, sizeof program, "%s/approvals", programs_folder());
    snprintf(server_key, sizeof server_key, "--server-key=%s", f->keys.server_key_path);
    snprintf(keys, sizeof keys, "--server-keys=%s", f->keys.keys_path);
    snprintf(store, sizeof store, "--store-folder=%s/data", f->keys.folder);
    snprintf(seal, sizeof seal, "--store-seal-key=%s/seal", f->keys.folder);
    snprintf(log, sizeof log, "%s/daemon.log", f->keys.folder);
    snprintf(bind, sizeof bind, "--server-bind=%s", f->endpoint);
    const char *argv[] = {program, bind, server_key, keys, store, seal, "--http-port=0", "--tick-source=commands",
                          NULL};
    process_start(&f->process, argv, log);
    const bool listening = process_wait_log(&f->process, &f->log_position, "\"listening\"", line, sizeof line);
    if (!listening) {
        process_show_log(&f->process);
    }
    assert_true(listening);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    char seal[600];
    test_keys_make(&f->keys);
    for (int who = 0; who < WHO_COUNT; who++) {
        f->key_paths[who] = test_keys_add(&f->keys, people[who].principal, people[who].organisation, people[who].role);
    }
    snprintf(seal, sizeof seal, "%s/seal", f->keys.folder);
    assert_int_equal(secret_make(seal), STATUS_OK);
    arena_init(&f->arena, 64u << 20);
    test_endpoint(f->endpoint);
    start_daemon(f);
    for (int who = 0; who < WHO_COUNT; who++) {
        const struct client_socket_options options = {
            .endpoint = f->endpoint, .key_path = f->key_paths[who], .server_key_path = f->keys.server_public_path};
        assert_int_equal(client_socket_new(&options, &f->sockets[who]), STATUS_OK);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    for (int who = 0; who < WHO_COUNT; who++) {
        client_socket_destroy(&f->sockets[who]);
    }
    const int code = f->process.pid > 0 ? process_stop(&f->process) : 0;
    if (code != 0) {
        process_show_log(&f->process);
    }
    test_keys_remove(&f->keys);
    run_release(&f->run);
    arena_release(&f->arena);
    free(f);
    return code;
}

/* --- requests --- */

static Common__V1__Reply *call(struct fixture *f, enum who who, Common__V1__Request *request) {
    Common__V1__Reply *reply = NULL;
    request->request = ++f->requests;
    arena_reset(&f->arena);
    const enum status status = client_call(f->sockets[who], request, &f->arena, 60000, &reply);
    if (status != STATUS_OK) {
        process_show_log(&f->process);
    }
    assert_int_equal(status, STATUS_OK);
    return reply;
}

/* One command with its receipt; 0: accepted, else the code. */
static uint32_t send_command(struct fixture *f, enum who who, const char *at, uint64_t expected,
                             const ProtobufCMessage *body) {
    static uint8_t bytes[70000];
    struct id id = id_make(&f->ids, (uint64_t)clock_unix_ms());
    assert_true(protobuf_c_message_get_packed_size(body) <= sizeof bytes);
    Common__V1__Command command = COMMON__V1__COMMAND__INIT;
    command.id = (ProtobufCBinaryData){ID_BYTES, id.bytes};
    command.occurred_at_ms = town_ms(at);
    command.expected_version = expected;
    command.body = (ProtobufCBinaryData){protobuf_c_message_pack(body, bytes), bytes};
    Common__V1__Command *commands[] = {&command};
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    submit.n_commands = 1;
    submit.commands = commands;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    const Common__V1__Reply *reply = call(f, who, &request);
    if (reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM) {
        return reply->problem->code;
    }
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(reply->receipts->n_receipts, 1);
    const Common__V1__Receipt *receipt = reply->receipts->receipts[0];
    if (receipt->result == COMMON__V1__RESULT__RESULT_REFUSED) {
        assert_non_null(receipt->problem);
        assert_true(receipt->problem->message[0] != 0 && receipt->problem->message_zh[0] != 0);
        return receipt->problem->code;
    }
    return 0;
}

/* A step of a case, by whom and when. */
static uint32_t step_as(struct fixture *f, enum who who, uint64_t expected, const struct act *act) {
    struct act_body body;
    const struct command command = act_command(act, &body);
    return send_command(f, who, act->at, expected, command.body);
}

static void take(struct fixture *f, enum who who, const struct act *act) {
    const uint32_t code = step_as(f, who, 0, act);
    if (code != 0) {
        fail_msg("step %d at %s by %s: refused with %u", act->step, act->at, people[who].principal, code);
    }
}

/* The packed answer, in a buffer of its own that the caller releases; the code where there is none. */
static uint32_t ask_packed(struct fixture *f, enum who who, const Approvals__V1__Query *query, struct buffer *answer) {
    uint8_t bytes[4096];
    Common__V1__Query packed = COMMON__V1__QUERY__INIT;
    packed.body = (ProtobufCBinaryData){approvals__v1__query__pack(query, bytes), bytes};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &packed;
    const Common__V1__Reply *reply = call(f, who, &request);
    if (reply->body_case == COMMON__V1__REPLY__BODY_PROBLEM) {
        return reply->problem->code;
    }
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_ANSWER);
    if (answer != NULL) {
        buffer_append(answer, reply->answer->body.data, reply->answer->body.len);
    }
    return 0;
}

/* The answer in the fixture's arena, until the next request. */
static const Approvals__V1__Answer *ask(struct fixture *f, enum who who, const Approvals__V1__Query *query) {
    struct buffer packed = {0};
    const uint32_t code = ask_packed(f, who, query, &packed);
    if (code != 0) {
        fail_msg("%s: not answered: %u", people[who].principal, code);
    }
    const Approvals__V1__Answer *answer = approvals__v1__answer__unpack(&f->arena.allocator, packed.size, packed.data);
    buffer_release(&packed);
    assert_non_null(answer);
    return answer;
}

/* Questions about one case. */
enum asked { CASE, HISTORY, WHY };
struct case_query {
    Approvals__V1__Query query;
    Approvals__V1__GetCase get_case;
    Approvals__V1__GetHistory get_history;
    Approvals__V1__ExplainDeadline explain;
};

static const Approvals__V1__Query *case_query(struct case_query *q, enum asked question, const char *number) {
    approvals__v1__query__init(&q->query);
    approvals__v1__get_case__init(&q->get_case);
    approvals__v1__get_history__init(&q->get_history);
    approvals__v1__explain_deadline__init(&q->explain);
    q->get_case.case_number = q->get_history.case_number = q->explain.case_number = town_text(number);
    if (question == CASE) {
        q->query.body_case = APPROVALS__V1__QUERY__BODY_GET_CASE;
        q->query.get_case = &q->get_case;
    } else if (question == HISTORY) {
        q->query.body_case = APPROVALS__V1__QUERY__BODY_GET_HISTORY;
        q->query.get_history = &q->get_history;
    } else {
        q->query.body_case = APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE;
        q->query.explain_deadline = &q->explain;
    }
    return &q->query;
}

static const Approvals__V1__Case *get_case(struct fixture *f, enum who who, const char *number) {
    struct case_query q;
    return ask(f, who, case_query(&q, CASE, number))->case_;
}

static const Approvals__V1__History *get_history(struct fixture *f, enum who who, const char *number) {
    struct case_query q;
    return ask(f, who, case_query(&q, HISTORY, number))->history;
}

/* --- commands of the town --- */

static void must(uint32_t code) {
    assert_int_equal(code, 0);
}

static void register_agency(struct fixture *f, const char *code, uint32_t n, bool is_window) {
    char credit_code[CREDIT_CODE_BYTES];
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__RegisterAgency agency = COMMON__V1__REGISTER_AGENCY__INIT;
    town_credit_code(n, credit_code);
    agency.agency = agency.name = town_text(code);
    agency.region = 411000;
    agency.credit_code = credit_code;
    agency.window = is_window;
    body.body_case = APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY;
    body.register_agency = &agency;
    must(send_command(f, OPERATOR, "2019-12-01T08:00", 0, &body.base));
}

/* A notice of 2020 that names the given days off. */
static uint32_t load_notice(struct fixture *f, enum who who, const char *name, const char *at, const char *const *days,
                            size_t count) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__LoadNotice load = COMMON__V1__LOAD_NOTICE__INIT;
    Common__V1__NoticeDay list[16], *pointers[16];
    uint32_t year = 2020;
    load.notice = town_text(name);
    load.published_day = (uint32_t)civil_day_of_ms(town_ms(at));
    load.years = &year;
    load.n_years = 1;
    load.days = pointers;
    for (size_t i = 0; i < count; i++) {
        common__v1__notice_day__init(&list[i]);
        list[i].day = (uint32_t)town_day(days[i]);
        list[i].off = true;
        list[i].name = town_text("清明节");
        pointers[load.n_days++] = &list[i];
    }
    body.body_case = APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE;
    body.load_notice = &load;
    return send_command(f, who, at, 0, &body.base);
}

static uint32_t publish_item(struct fixture *f, enum who who) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__PublishItem p = APPROVALS__V1__PUBLISH_ITEM__INIT;
    Approvals__V1__Limit promised = APPROVALS__V1__LIMIT__INIT, statutory = APPROVALS__V1__LIMIT__INIT;
    Approvals__V1__Fee fee = APPROVALS__V1__FEE__INIT;
    Approvals__V1__ClientKind clients[] = {CLIENT(PERSON), CLIENT(COMPANY)};
    Approvals__V1__Channel channels[] = {CHANNEL(WINDOW), CHANNEL(WEB)};
    Approvals__V1__OnlineStep online[] = {APPROVALS__V1__ONLINE_STEP__ONLINE_STEP_RECEIVE};
    char *topics[] = {town_text("building")};
    promised.unit = statutory.unit = APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_WORKDAY;
    promised.amount = 5;
    statutory.amount = 20;
    p.code = town_text("I1");
    p.version = 1;
    p.name = town_text("建设工程规划许可");
    p.agency = town_text("plan");
    p.effective_day = (uint32_t)town_day("2020-01-01");
    p.type = APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE;
    p.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    p.clients = clients;
    p.n_clients = 2;
    p.channels = channels;
    p.n_channels = 2;
    p.online = online;
    p.n_online = 1;
    p.visits = 1;
    p.visits_reason = town_text("originals are checked");
    p.promised = &promised;
    p.statutory = &statutory;
    p.fee = &fee;
    p.enquiry_phone = town_text("0374-2960001");
    p.complaint_phone = town_text("0374-2960002");
    p.result_name = town_text("licence");
    p.result_sample = true;
    p.procedure_steps = 5;
    p.person_topics = p.organisation_topics = topics;
    p.n_person_topics = p.n_organisation_topics = 1;
    p.historical = true;
    body.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    body.publish_item = &p;
    return send_command(f, who, "2020-01-01T08:00", 0, &body.base);
}

static void tick(struct fixture *f, const char *at) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Common__V1__Tick t = COMMON__V1__TICK__INIT;
    body.body_case = APPROVALS__V1__COMMAND__BODY_TICK;
    body.tick = &t;
    must(send_command(f, OPERATOR, at, 0, &body.base));
}

static void make_town(struct fixture *f) {
    static const char *const days[] = {"2020-04-04", "2020-04-05", "2020-04-06"};
    register_agency(f, "plan", 1, false);
    register_agency(f, "fire", 2, false);
    register_agency(f, "hall", 3, true);
    must(load_notice(f, SUPERVISOR, "2020-A", "2019-12-01T09:00", days, 3));
    must(publish_item(f, SUPERVISOR));
}

/* --- a whole life --- */

/* Each step by the key of who takes it; time comes with commands. */
static void live_a_whole_life(struct fixture *f, const char *number) {
    take(f, HALL, &(struct act){.step = STEP(RECEIVED), .number = number, .at = "2020-03-02T09:00"});
    take(f, CLERK,
         &(struct act){.step = STEP(SUPPLEMENT_STARTED),
                       .number = number,
                       .at = "2020-03-02T10:00",
                       .papers = {"site plan", "lease"}});
    take(f, HALL, &(struct act){.step = STEP(SUPPLEMENT_ENDED), .number = number, .at = "2020-03-04T10:00"});
    take(f, HANDLER,
         &(struct act){.step = STEP(ACCEPTED), .actor = ACTOR(HANDLER), .number = number, .at = "2020-03-04T11:00"});
    take(f, HANDLER, &(struct act){.step = STEP(DEPARTMENT_STARTED), .number = number, .at = "2020-03-05T09:00"});
    take(f, HANDLER,
         &(struct act){.step = STEP(SPECIAL_STARTED),
                       .special = SPECIAL(INSPECTION),
                       .number = number,
                       .at = "2020-03-06T09:00",
                       .until = "2020-03-20"});
    take(f, SYSTEM_OF_PLAN,
         &(struct act){.step = STEP(SPECIAL_ENDED), .number = number, .result = "in order", .at = "2020-03-10T09:00"});
    take(f, HEAD,
         &(struct act){.step = STEP(SPECIAL_STARTED),
                       .special = SPECIAL(EXTENSION),
                       .days = 2,
                       .number = number,
                       .at = "2020-03-11T09:00",
                       .reason = "many neighbours"});
    tick(f, "2020-03-25T00:01");
}

static void end_it(struct fixture *f, const char *number) {
    take(f, HANDLER,
         &(struct act){.step = STEP(APPROVED), .actor = ACTOR(HANDLER), .number = number, .at = "2020-03-26T09:00"});
    take(f, HEAD, &(struct act){.step = STEP(APPROVED), .number = number, .at = "2020-03-26T10:00"});
    take(f, HALL, &(struct act){.step = STEP(DELIVERED), .number = number, .at = "2020-03-27T10:00"});
}

static void rate_it(struct fixture *f, const char *number) {
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__RateCase rate = APPROVALS__V1__RATE_CASE__INIT;
    Approvals__V1__ReportRectification mend = APPROVALS__V1__REPORT_RECTIFICATION__INIT;
    rate.case_number = mend.case_number = town_text(number);
    rate.visit = mend.visit = 1;
    rate.rating = 5;
    mend.result = town_text("explained");
    mend.called_back = true;
    body.body_case = APPROVALS__V1__COMMAND__BODY_RATE_CASE;
    body.rate_case = &rate;
    must(send_command(f, HALL, "2020-03-27T11:00", 0, &body.base));
    body.body_case = APPROVALS__V1__COMMAND__BODY_REPORT_RECTIFICATION;
    body.report_rectification = &mend;
    must(send_command(f, HANDLER, "2020-03-30T11:00", 0, &body.base));
}

/* The slip that time issued is replied to and judged. */
static void answer_the_slip(struct fixture *f) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__ListSlips list = APPROVALS__V1__LIST_SLIPS__INIT;
    Approvals__V1__Command body = APPROVALS__V1__COMMAND__INIT;
    Approvals__V1__ReplySlip reply = APPROVALS__V1__REPLY_SLIP__INIT;
    Approvals__V1__JudgeReply judge = APPROVALS__V1__JUDGE_REPLY__INIT;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_SLIPS;
    query.list_slips = &list;
    const Approvals__V1__Slips *slips = ask(f, HANDLER, &query)->slips;
    assert_int_equal(slips->n_slips, 1);
    assert_string_equal(slips->slips[0]->case_number, "C1");
    assert_string_equal(slips->slips[0]->rule, "promised_passed");
    assert_int_equal(slips->slips[0]->level, 2); /* nobody replied to the first in time */
    reply.slip = judge.slip = slips->slips[0]->slip;
    assert_int_equal(ask(f, FIRE, &query)->slips->n_slips, 0);
    assert_int_equal(ask(f, SUPERVISOR, &query)->slips->n_slips, 1);
    reply.reply = town_text("will be decided tomorrow");
    judge.accepted = true;
    body.body_case = APPROVALS__V1__COMMAND__BODY_REPLY_SLIP;
    body.reply_slip = &reply;
    must(send_command(f, HANDLER, "2020-03-25T10:00", 0, &body.base));
    body.body_case = APPROVALS__V1__COMMAND__BODY_JUDGE_REPLY;
    body.judge_reply = &judge;
    assert_int_equal(send_command(f, HANDLER, "2020-03-25T11:00", 0, &body.base), COMMON_REFUSAL(FORBIDDEN));
    must(send_command(f, SUPERVISOR, "2020-03-25T11:00", 0, &body.base));
}

static void a_case_lives_its_whole_life(void **state) {
    struct fixture *f = *state;
    make_town(f);
    live_a_whole_life(f, "C1");
    const Approvals__V1__Case *c = get_case(f, HEAD, "C1");
    assert_int_equal(c->state, STATE(REVIEW));
    assert_int_equal(c->light, APPROVALS__V1__LIGHT__LIGHT_RED);
    assert_int_equal(c->accepted_at_ms, town_ms("2020-03-04T10:00")); /* when the papers came */
    assert_int_equal(c->promised->due_day, town_day("2020-03-17"));
    assert_int_equal(c->promised->charged_days, 13);
    assert_int_equal(c->promised->remaining_days, -6);
    answer_the_slip(f);
    end_it(f, "C1");
    rate_it(f, "C1");
    c = get_case(f, SUPERVISOR, "C1");
    assert_int_equal(c->state, STATE(DELIVERED));
    assert_false(c->closing->on_time);
    assert_true(c->closing->lawful);
    assert_int_equal(c->closing->charged_days, 14);
    static const struct {
        int step;
        const char *other;
        int actor;
        const char *organisation;
    } want[] = {
        {0, "rectification", 0, "plan"},
        {0, "rating", ACTOR(APPLICANT), "hall"},
        {STEP(DELIVERED), "", ACTOR(CLERK), "hall"},
        {STEP(APPROVED), "", ACTOR(HEAD), "plan"},
        {STEP(APPROVED), "", ACTOR(HANDLER), "plan"},
        {0, "slip", ACTOR(SUPERVISOR), ""},
        {0, "slip", ACTOR(HANDLER), "plan"},
        {0, "slip", ACTOR(SYSTEM), ""}, /* level 2 */
        {0, "slip", ACTOR(SYSTEM), ""}, /* level 1 lapses */
        {0, "slip", ACTOR(SYSTEM), ""}, /* level 1 */
        {STEP(PROMISED_PASSED), "", ACTOR(SYSTEM), ""},
        {STEP(WARNED), "", ACTOR(SYSTEM), ""},
        {STEP(SPECIAL_STARTED), "", ACTOR(HEAD), "plan"},
        {STEP(SPECIAL_ENDED), "", ACTOR(HANDLER), "plan"},
        {STEP(SPECIAL_STARTED), "", ACTOR(HANDLER), "plan"},
        {STEP(DEPARTMENT_STARTED), "", ACTOR(HANDLER), "plan"},
        {STEP(ACCEPTED), "", ACTOR(HANDLER), "plan"},
        {STEP(SUPPLEMENT_ENDED), "", ACTOR(APPLICANT), "hall"},
        {STEP(SUPPLEMENT_STARTED), "", ACTOR(CLERK), "plan"},
        {STEP(RECEIVED), "", ACTOR(CLERK), "hall"},
    };
    const Approvals__V1__History *h = get_history(f, HANDLER, "C1");
    for (size_t i = 0; i < h->n_steps && i < sizeof want / sizeof want[0]; i++) {
        const Approvals__V1__HistoryStep *step = h->steps[i];
        if ((int)step->step != want[i].step || strcmp(step->other, want[i].other) != 0 ||
            (int)step->actor != want[i].actor || strcmp(step->organisation, want[i].organisation) != 0) {
            fail_msg("step %zu: %d %s by %d of \"%s\"", i, (int)step->step, step->other, (int)step->actor,
                     step->organisation);
        }
        assert_true(i == 0 || step->seq < h->steps[i - 1]->seq);
    }
    assert_int_equal(h->n_steps, sizeof want / sizeof want[0]);
    assert_int_equal(h->steps[0]->seq, get_case(f, HANDLER, "C1")->version);
}

/* --- refusals --- */

/* The codes of what is kept as refused, oldest first; returns their number. */
static size_t list_refusals(struct fixture *f, enum who who, uint32_t *codes, size_t max) {
    Common__V1__ListRefusals list = COMMON__V1__LIST_REFUSALS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_LIST_REFUSALS;
    request.list_refusals = &list;
    const Common__V1__Reply *reply = call(f, who, &request);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_REFUSALS);
    for (size_t i = 0; i < reply->refusals->n_refusals && i < max; i++) {
        codes[i] = reply->refusals->refusals[i]->problem->code;
    }
    return reply->refusals->n_refusals;
}

static void what_is_not_right_is_refused_and_kept(void **state) {
    struct fixture *f = *state;
    make_town(f);
    take(f, HALL, &(struct act){.step = STEP(RECEIVED), .number = "C1", .at = "2020-03-02T09:00"});
    take(f, CLERK, &(struct act){.step = STEP(ACCEPTED), .number = "C1", .at = "2020-03-02T10:00"});
    struct case_query q;
    struct buffer before = {0}, after = {0};
    must(ask_packed(f, OPERATOR, case_query(&q, CASE, "C1"), &before));
    const uint64_t version = get_case(f, OPERATOR, "C1")->version;
    const struct {
        enum who who;
        uint64_t expected;
        struct act act;
        uint32_t code;
    } want[] = {
        {HANDLER,
         version - 1,
         {.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-03T09:00"},
         COMMON_REFUSAL(STALE_VERSION)},
        {CLERK, 0, {.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-03T09:00"}, REFUSAL(WRONG_ACTOR)},
        {FIRE, 0, {.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-03T09:00"}, REFUSAL(WRONG_ACTOR)},
        {HEAD, 0, {.step = STEP(APPROVED), .at = "2020-03-03T09:00"}, REFUSAL(WRONG_ORDER)},
        {HANDLER, 0, {.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-01T09:00"}, REFUSAL(BEFORE_LAST_STEP)},
        {HANDLER,
         0,
         {.step = STEP(DEPARTMENT_STARTED), .number = "C9", .at = "2020-03-03T09:00"},
         REFUSAL(CASE_UNKNOWN)},
        {HALL, 0, {.step = STEP(RECEIVED), .at = "2020-03-03T09:00"}, REFUSAL(CASE_EXISTS)},
        {HALL,
         0,
         {.step = STEP(RECEIVED), .number = "C2", .item = "I9", .at = "2020-03-03T09:00"},
         REFUSAL(ITEM_UNKNOWN)},
        {HALL, 0, {.step = STEP(RECEIVED), .number = "C2", .at = "2019-03-03T09:00"}, REFUSAL(ITEM_NOT_IN_FORCE)},
    };
    const size_t count = sizeof want / sizeof want[0];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(step_as(f, want[i].who, want[i].expected, &want[i].act), want[i].code);
    }
    must(ask_packed(f, OPERATOR, case_query(&q, CASE, "C1"), &after));
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, after.size);
    uint32_t codes[32] = {0};
    assert_int_equal(list_refusals(f, OPERATOR, codes, 32), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(codes[i], want[i].code);
    }
    assert_int_equal(list_refusals(f, FIRE, codes, 32), 1); /* its own */
    assert_int_equal(list_refusals(f, HALL, codes, 32), 3);
    /* of two officers with the same version in hand one wins */
    const struct act start = {.step = STEP(DEPARTMENT_STARTED), .at = "2020-03-03T09:00"};
    must(step_as(f, HANDLER, version, &start));
    assert_int_equal(step_as(f, HANDLER, version, &start), COMMON_REFUSAL(STALE_VERSION));
    buffer_release(&before);
    buffer_release(&after);
}

static void each_key_may_do_what_its_role_may(void **state) {
    static const char *const days[] = {"2020-05-01"};
    struct fixture *f = *state;
    make_town(f);
    assert_int_equal(load_notice(f, HEAD, "2020-X", "2020-02-01T09:00", days, 1), COMMON_REFUSAL(FORBIDDEN));
    assert_int_equal(publish_item(f, HANDLER), COMMON_REFUSAL(FORBIDDEN));
    take(f, HALL, &(struct act){.step = STEP(RECEIVED), .number = "C1", .at = "2020-03-02T09:00"});
    static const enum who see[] = {OPERATOR, SUPERVISOR, LEADER, HALL, CLERK, HANDLER, HEAD, SYSTEM_OF_PLAN};
    struct case_query q;
    for (enum asked question = CASE; question <= WHY; question++) {
        case_query(&q, question, "C1");
        for (size_t i = 0; i < sizeof see / sizeof see[0]; i++) {
            assert_int_equal(ask_packed(f, see[i], &q.query, NULL), 0);
        }
        assert_int_equal(ask_packed(f, FIRE, &q.query, NULL), COMMON_REFUSAL(NOT_FOUND));
        assert_int_equal(ask_packed(f, READER, &q.query, NULL), COMMON_REFUSAL(FORBIDDEN));
        assert_int_equal(ask_packed(f, FOLLOWER, &q.query, NULL), COMMON_REFUSAL(FORBIDDEN));
    }
    struct act act = {.step = STEP(ACCEPTED), .number = "C1", .at = "2020-03-02T10:00"};
    assert_int_equal(step_as(f, READER, 0, &act), COMMON_REFUSAL(FORBIDDEN));
    assert_int_equal(step_as(f, FOLLOWER, 0, &act), COMMON_REFUSAL(FORBIDDEN));
}

/* --- what stays --- */

/* Everything that is answered about the case, as bytes. */
static void remember(struct fixture *f, struct buffer *all) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__ListCases cases = APPROVALS__V1__LIST_CASES__INIT;
    Approvals__V1__ListSlips slips = APPROVALS__V1__LIST_SLIPS__INIT;
    struct case_query q;
    for (enum asked question = CASE; question <= WHY; question++) {
        must(ask_packed(f, HEAD, case_query(&q, question, "C1"), all));
    }
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_CASES;
    query.list_cases = &cases;
    must(ask_packed(f, SUPERVISOR, &query, all));
    slips.with_ended = true;
    query.body_case = APPROVALS__V1__QUERY__BODY_LIST_SLIPS;
    query.list_slips = &slips;
    must(ask_packed(f, SUPERVISOR, &query, all));
}

static void check_remembered(struct fixture *f, const struct buffer *before) {
    struct buffer after = {0};
    remember(f, &after);
    assert_int_equal(after.size, before->size);
    assert_memory_equal(after.data, before->data, after.size);
    buffer_release(&after);
}

static void a_restart_and_a_kill_keep_everything(void **state) {
    struct fixture *f = *state;
    struct buffer before = {0};
    make_town(f);
    live_a_whole_life(f, "C1");
    take(f, CLERK, &(struct act){.step = STEP(RECEIVED), .number = "C2", .at = "2020-03-24T09:00"});
    remember(f, &before);
    assert_int_equal(process_stop(&f->process), 0);
    start_daemon(f);
    check_remembered(f, &before);
    process_kill(&f->process);
    start_daemon(f);
    check_remembered(f, &before);
    end_it(f, "C1");
    buffer_clear(&before);
    remember(f, &before);
    process_kill(&f->process); /* right behind the receipt */
    start_daemon(f);
    check_remembered(f, &before);
    tick(f, "2020-04-10T00:01"); /* and time goes on: C2 was accepted by silence, and is late since */
    assert_true(get_case(f, CLERK, "C2")->deemed_accepted);
    assert_int_equal(get_case(f, CLERK, "C2")->light, APPROVALS__V1__LIGHT__LIGHT_RED);
    buffer_release(&before);
}

/* A notice that comes late moves what is open, and leaves what was decided. */
static void a_late_notice_moves_open_cases_alone(void **state) {
    static const char *const days[] = {"2020-03-12", "2020-03-13"};
    struct fixture *f = *state;
    make_town(f);
    live_a_whole_life(f, "C1");
    end_it(f, "C1");
    take(f, CLERK, &(struct act){.step = STEP(RECEIVED), .number = "C2", .at = "2020-03-10T09:00"});
    take(f, CLERK, &(struct act){.step = STEP(ACCEPTED), .number = "C2", .at = "2020-03-10T10:00"});
    assert_int_equal(get_case(f, CLERK, "C2")->promised->due_day, town_day("2020-03-17"));
    must(load_notice(f, SUPERVISOR, "2020-B", "2020-03-11T09:00", days, 2));
    tick(f, "2020-03-28T00:01");
    const Approvals__V1__Case *c = get_case(f, CLERK, "C2");
    assert_int_equal(c->promised->due_day, town_day("2020-03-19"));
    const Approvals__V1__History *h = get_history(f, CLERK, "C2");
    const Approvals__V1__HistoryStep *moved = NULL;
    for (size_t i = 0; i < h->n_steps; i++) {
        moved = h->steps[i]->step == STEP(DUE_CHANGED) ? h->steps[i] : moved;
    }
    assert_non_null(moved);
    assert_int_equal(moved->old_due_day, town_day("2020-03-17"));
    assert_int_equal(moved->new_due_day, town_day("2020-03-19"));
    c = get_case(f, CLERK, "C1");
    assert_int_equal(c->promised->due_day, town_day("2020-03-17"));
    assert_int_equal(c->promised->charged_days, 14);
    struct case_query q;
    const Approvals__V1__Explanation *e = ask(f, CLERK, case_query(&q, WHY, "C1"))->explanation;
    assert_null(strstr(e->text_zh, "2020-B"));
    e = ask(f, CLERK, case_query(&q, WHY, "C2"))->explanation;
    assert_non_null(strstr(e->text_zh, "2020年3月12日至2020年3月13日"));
    assert_non_null(strstr(e->text_zh, "2020-B"));
}

/* --- lianchengctl --- */

static void write_ctl_conf(struct fixture *f) {
    char path[600], text[2000];
    snprintf(path, sizeof path, "%s/ctl.conf", f->keys.folder);
    snprintf(
        text, sizeof text,
        "key = \"%s\"\npublisher_keys = \"%s/secret\"\napprovals\n    endpoint = \"%s\"\n    server_key = \"%s\"\n",
        f->key_paths[OPERATOR], f->keys.folder, f->endpoint, f->keys.server_public_path);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), STATUS_OK);
    snprintf(path, sizeof path, "%s/secret/plan-head.key", f->keys.folder);
    assert_int_equal(symlink(f->key_paths[HEAD], path), 0);
    snprintf(path, sizeof path, "%s/secret/fire-handler.key", f->keys.folder);
    assert_int_equal(symlink(f->key_paths[FIRE], path), 0);
}

static void ctl(struct fixture *f, int want, const char *arguments) {
    run_program(&f->run, "lianchengctl", NULL, "--config %s/ctl.conf %s", f->keys.folder, arguments);
    if (f->run.exit_code != want) {
        fail_msg("%s: exit code %d\n%s\n%s", arguments, f->run.exit_code, buffer_text(&f->run.out),
                 buffer_text(&f->run.err));
    }
}

static void ctl_says(struct fixture *f, const char *text) {
    if (strstr(buffer_text(&f->run.out), text) == NULL && strstr(buffer_text(&f->run.err), text) == NULL) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

static void lianchengctl_shows_cases(void **state) {
    struct fixture *f = *state;
    make_town(f);
    live_a_whole_life(f, "C1");
    for (int i = 0; i < 3; i++) {
        const char *const numbers[] = {"D1", "D2", "D3"};
        take(f, CLERK, &(struct act){.step = STEP(RECEIVED), .number = numbers[i], .at = "2020-03-24T09:00"});
    }
    write_ctl_conf(f);
    ctl(f, 0, "why C1");
    ctl_says(f, "办理期限说明");
    ctl_says(f, "至2020年3月17日届满");
    ctl_says(f, "0374-2960002");
    ctl(f, 0, "why C1 --lang en --day 2020-03-12 --as plan-head");
    ctl_says(f, "Up to 12 March 2020, 4 workdays count; 3 workdays are left.");
    ctl(f, 0, "why C1 --json");
    json_error_t error;
    json_t *json = json_loads(buffer_text(&f->run.out), 0, &error);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "days")), 22);
    json_decref(json);
    ctl(f, 64, "why C1 --lang fr");
    ctl(f, 64, "why C1 --day 1.3.2020");
    ctl(f, 70, "why C1 --as fire-handler");
    ctl_says(f, "NOT_FOUND");
    ctl(f, 0, "cases --light red");
    ctl_says(f, "C1 ");
    assert_null(strstr(buffer_text(&f->run.out), "D1"));
    ctl(f, 0, "cases --state received --json --limit 2");
    const char *second = strchr(buffer_text(&f->run.out), '\n');
    assert_non_null(second);
    json = json_loads(second + 1, JSON_DISABLE_EOF_CHECK, &error);
    assert_string_equal(json_string_value(json_object_get(json, "case_number")), "D2");
    json_decref(json);
    ctl(f, 0, "cases --due-until 2020-03-17 --agency plan --as plan-head");
    ctl_says(f, "2020-03-17");
    ctl(f, 70, "cases --agency plan --as fire-handler");
    ctl_says(f, "FORBIDDEN");
    ctl(f, 64, "cases --light pink");
    ctl_says(f, "green, yellow, red, purple, grey");
    ctl(f, 0, "case C1");
    ctl_says(f, "light red");
    ctl_says(f, "paper: site plan");
    ctl_says(f, "special: INSPECTION");
    ctl(f, 0, "case C1 --json");
    json = json_loads(buffer_text(&f->run.out), 0, &error);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "steps")), 13);
    json_decref(json);
    ctl(f, 70, "case C9");
    ctl(f, 0, "query approvals '{\"get_case\": {\"case_number\": \"C1\"}}' --as plan-head");
    ctl_says(f, "CASE_STATE_REVIEW");
    char path[600], text[400], arguments[700];
    snprintf(path, sizeof path, "%s/steps.jsonl", f->keys.folder);
    snprintf(text, sizeof text,
             "{\"occurred_at\": \"2020-03-26T09:00:00+08:00\", \"report_case\": {\"case_number\": \"C1\", "
             "\"step\": \"CASE_STEP_APPROVED\", \"actor\": \"ACTOR_HANDLER\"}}\n");
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), STATUS_OK);
    snprintf(arguments, sizeof arguments, "submit approvals %s --as plan-head", path);
    ctl(f, 0, arguments); /* a head may act as a handler */
    assert_int_equal(get_case(f, HEAD, "C1")->state, STATE(REVIEW));
    snprintf(arguments, sizeof arguments, "submit approvals %s --as fire-handler --restart", path);
    ctl(f, 65, arguments);
    ctl(f, 0, "status approvals");
    ctl_says(f, "approvals");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_case_lives_its_whole_life),          TEST(what_is_not_right_is_refused_and_kept),
        TEST(each_key_may_do_what_its_role_may),    TEST(a_restart_and_a_kill_keep_everything),
        TEST(a_late_notice_moves_open_cases_alone), TEST(lianchengctl_shows_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
