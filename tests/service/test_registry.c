#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/secret.h"
#include "client/client.h"
#include "journal/journal.h"
#include "service/feed_server.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"
#include "support/tally.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/query.pb-c.h"
#include "wire/server.h"

/* The skeleton of a registry as a real process over real sockets: the daemon is this binary with the tally service. */

struct fixture {
    struct test_keys keys;
    struct process process;
    long log_position;
    char endpoint[128];
    struct client_socket *publisher;
    struct client_socket *operator_;
    struct client_socket *follower;
    struct client_socket *stranger_org; /* publisher of another organisation */
    const char *officers[5];            /* keys of org-a: clerk, handler, head, leader, supervisor */
    const char *reader;
    struct arena arena;
    struct id_maker ids;
    uint64_t requests;
    const char *snapshot_rows; /* a flag, or NULL */
};

/* --- the daemon --- */

static void start_daemon(struct fixture *f) {
    char server_key[600], keys[600], store[600], seal[600], log[600], bind[200];
    snprintf(server_key, sizeof server_key, "--server-key=%s", f->keys.server_key_path);
    snprintf(keys, sizeof keys, "--server-keys=%s", f->keys.keys_path);
    snprintf(store, sizeof store, "--store-folder=%s/data", f->keys.folder);
    snprintf(seal, sizeof seal, "--store-seal-key=%s/seal", f->keys.folder);
    snprintf(log, sizeof log, "%s/daemon.log", f->keys.folder);
    if (f->endpoint[0] == '\0') {
        test_endpoint(f->endpoint);
    }
    snprintf(bind, sizeof bind, "--server-bind=%s", f->endpoint);
    const char *argv[] = {"/proc/self/exe",
                          "daemon",
                          bind,
                          server_key,
                          keys,
                          store,
                          seal,
                          "--http-port=0",
                          f->snapshot_rows == NULL ? "--log-level=info" : f->snapshot_rows,
                          NULL};
    process_start(&f->process, argv, log);
    char line[1024];
    bool listening = process_wait_log(&f->process, &f->log_position, "\"listening\"", line, sizeof line);
    if (!listening) {
        process_show_log(&f->process);
    }
    assert_true(listening);
}

static struct client_socket *connect_as(struct fixture *f, const char *key_path) {
    struct client_socket_options options = {
        .endpoint = f->endpoint, .key_path = key_path, .server_key_path = f->keys.server_public_path};
    struct client_socket *socket = NULL;
    assert_int_equal(client_socket_new(&options, &socket), STATUS_OK);
    return socket;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    test_keys_make(&f->keys);
    const char *publisher = test_keys_add(&f->keys, "org-a/publisher", "org-a", "publisher");
    const char *other = test_keys_add(&f->keys, "org-b/publisher", "org-b", "publisher");
    const char *operator_ = test_keys_add(&f->keys, "operator/operator", "operator", "operator");
    const char *follower = test_keys_add(&f->keys, "aggregator/follower", "aggregator", "follower");
    for (size_t i = 0; i < 5; i++) {
        const char *role = role_name(ROLE_CLERK + i);
        char name[64];
        snprintf(name, sizeof name, "org-a/%s", role);
        f->officers[i] = test_keys_add(&f->keys, name, "org-a", role);
    }
    f->reader = test_keys_add(&f->keys, "org-a/reader", "org-a", "reader");
    char seal[600];
    snprintf(seal, sizeof seal, "%s/seal", f->keys.folder);
    assert_int_equal(secret_make(seal), STATUS_OK);
    arena_init(&f->arena, 64u << 20);
    if (*state != NULL) {
        f->snapshot_rows = *state;
    }
    start_daemon(f);
    f->publisher = connect_as(f, publisher);
    f->stranger_org = connect_as(f, other);
    f->operator_ = connect_as(f, operator_);
    f->follower = connect_as(f, follower);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    client_socket_destroy(&f->publisher);
    client_socket_destroy(&f->stranger_org);
    client_socket_destroy(&f->operator_);
    client_socket_destroy(&f->follower);
    int code = f->process.pid > 0 ? process_stop(&f->process) : 0;
    if (code != 0) {
        process_show_log(&f->process);
    }
    test_keys_remove(&f->keys);
    arena_release(&f->arena);
    free(f);
    *state = NULL;
    return code;
}

/* --- requests --- */

#define COMMANDS_MAX 5000

struct submission {
    Common__V1__Command commands[COMMANDS_MAX];
    Common__V1__Command *pointers[COMMANDS_MAX];
    struct id ids[COMMANDS_MAX];
    uint8_t bodies[COMMANDS_MAX][128];
    size_t count;
};

static struct submission *submission_new(void) {
    return calloc(1, sizeof(struct submission));
}

static Common__V1__Command *add(struct fixture *f, struct submission *s, const char *subject) {
    size_t i = s->count++;
    Common__V1__Command *command = &s->commands[i];
    common__v1__command__init(command);
    s->pointers[i] = command;
    s->ids[i] = id_make(&f->ids, (uint64_t)clock_unix_ms());
    Visits__V1__OpenVisit open = VISITS__V1__OPEN_VISIT__INIT;
    open.visit_number = (char *)(uintptr_t)subject;
    Visits__V1__Command body = VISITS__V1__COMMAND__INIT;
    body.body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
    body.open_visit = &open;
    command->id = (ProtobufCBinaryData){ID_BYTES, s->ids[i].bytes};
    command->occurred_at_ms = 1577836800000;
    command->body = (ProtobufCBinaryData){visits__v1__command__pack(&body, s->bodies[i]), s->bodies[i]};
    return command;
}

static Common__V1__Reply *call(struct fixture *f, struct client_socket *socket, Common__V1__Request *request) {
    Common__V1__Reply *reply = NULL;
    request->request = ++f->requests;
    arena_reset(&f->arena);
    enum status status = client_call(socket, request, &f->arena, 60000, &reply);
    if (status != STATUS_OK) {
        process_show_log(&f->process);
    }
    assert_int_equal(status, STATUS_OK);
    return reply;
}

static Common__V1__Reply *submit_as(struct fixture *f, struct client_socket *socket, struct submission *s,
                                    const char *organisation) {
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    submit.organisation = (char *)(uintptr_t)organisation;
    submit.n_commands = s->count;
    submit.commands = s->pointers;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    return call(f, socket, &request);
}

static Common__V1__Receipts *submit(struct fixture *f, struct submission *s) {
    Common__V1__Reply *reply = submit_as(f, f->publisher, s, "");
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(reply->receipts->n_receipts, s->count);
    return reply->receipts;
}

static Common__V1__Reply *ask_as(struct fixture *f, struct client_socket *socket, const char *subject) {
    Visits__V1__GetVisit get = VISITS__V1__GET_VISIT__INIT;
    get.visit_number = (char *)(uintptr_t)subject;
    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    query.body_case = VISITS__V1__QUERY__BODY_GET_VISIT;
    query.get_visit = &get;
    uint8_t bytes[128];
    Common__V1__Query packed = COMMON__V1__QUERY__INIT;
    packed.body = (ProtobufCBinaryData){visits__v1__query__pack(&query, bytes), bytes};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &packed;
    return call(f, socket, &request);
}

static uint64_t count_of(struct fixture *f, const char *subject) {
    Common__V1__Reply *reply = ask_as(f, f->publisher, subject);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_ANSWER);
    Visits__V1__Answer *answer =
        visits__v1__answer__unpack(&f->arena.allocator, reply->answer->body.len, reply->answer->body.data);
    assert_non_null(answer);
    return (uint64_t)answer->visit->opened_at_ms;
}

static Common__V1__Status *status_of(struct fixture *f) {
    Common__V1__GetStatus get = COMMON__V1__GET_STATUS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_GET_STATUS;
    request.get_status = &get;
    return call(f, f->operator_, &request)->status;
}

static Common__V1__Refusals *list_refusals(struct fixture *f, struct client_socket *socket) {
    Common__V1__ListRefusals list = COMMON__V1__LIST_REFUSALS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_LIST_REFUSALS;
    request.list_refusals = &list;
    return call(f, socket, &request)->refusals;
}

static Common__V1__Reply *show_refusal(struct fixture *f, struct client_socket *socket, uint64_t number) {
    Common__V1__ShowRefusal show = COMMON__V1__SHOW_REFUSAL__INIT;
    show.number = number;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SHOW_REFUSAL;
    request.show_refusal = &show;
    return call(f, socket, &request);
}

static Common__V1__Reply *resubmit(struct fixture *f, struct client_socket *socket, uint64_t number,
                                   const struct id *id) {
    Common__V1__Resubmit body = COMMON__V1__RESUBMIT__INIT;
    body.number = number;
    body.id = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)id->bytes};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_RESUBMIT;
    request.resubmit = &body;
    return call(f, socket, &request);
}

/* --- intake --- */

/* Each phase sees the state with the events of the one before; the receipt holds all of them. */
static void a_command_may_be_decided_in_phases(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "rise");
    add(f, s, "after");
    add(f, s, "rise");
    for (int round = 0; round < 2; round++) {
        Common__V1__Receipts *receipts = submit(f, s);
        const uint64_t first_seq[] = {1, 4, 5};
        const uint32_t events[] = {3, 1, 1};
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(receipts->receipts[i]->first_seq, first_seq[i]);
            assert_int_equal(receipts->receipts[i]->events, events[i]);
        }
    }
    assert_int_equal(count_of(f, "rise"), 4);
    free(s);
}

/* What a question leaves in the log is there before its answer, and of no command. */
static void an_audited_question_is_logged(void **state) {
    struct fixture *f = *state;
    assert_int_equal(count_of(f, "watched"), 0); /* answered from before */
    assert_int_equal(status_of(f)->head, 1);
    process_kill(&f->process);
    start_daemon(f);
    assert_int_equal(count_of(f, "watched"), 1);
    assert_int_equal(status_of(f)->head, 2);
    assert_int_equal(count_of(f, "unwatched"), 0);
    assert_int_equal(status_of(f)->head, 2);
}

/* Events of before, one by one, by their numbers: also those of ticks, of questions, and of a larger decision. */
static void a_question_may_read_the_past(void **state) {
    static const char *const subjects[] = {"x", "pair-x", "x", "quiet-x", "rise", "x", "hurry", "pair-x"};
    struct fixture *f = *state;
    struct submission *s = submission_new();
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        add(f, s, subjects[i]);
    }
    submit(f, s);
    assert_int_equal(count_of(f, "watched"), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_of(f, "history of x"), 3);
        assert_int_equal(count_of(f, "history of pair-x"), 4);
        assert_int_equal(count_of(f, "history of quiet-x"), 1);
        assert_int_equal(count_of(f, "history of rise"), 3);
        assert_int_equal(count_of(f, "history of hurried"), TALLY_HURRIED);
        assert_int_equal(count_of(f, "history of watched"), 1);
        assert_int_equal(count_of(f, "history of nobody"), 0);
        process_kill(&f->process);
        start_daemon(f);
    }
    s->count = 0; /* the writer goes on as if nobody had looked */
    add(f, s, "x");
    assert_int_equal(submit(f, s)->receipts[0]->events, 1);
    assert_int_equal(count_of(f, "history of x"), 4);
    free(s);
}

static void receipts_number_the_events(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "a");
    add(f, s, "pair-1");
    add(f, s, "idle");
    add(f, s, "a");
    Common__V1__Receipts *receipts = submit(f, s);
    const struct {
        uint64_t first_seq;
        uint32_t events;
    } want[] = {{1, 1}, {2, 2}, {0, 0}, {4, 1}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(receipts->receipts[i]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
        assert_int_equal(receipts->receipts[i]->first_seq, want[i].first_seq);
        assert_int_equal(receipts->receipts[i]->events, want[i].events);
    }
    assert_int_equal(count_of(f, "a"), 2);
    free(s);
}

static void a_repeated_command_gets_its_first_receipt(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "pair-2");
    add(f, s, "bad-2");
    add(f, s, "idle-2");
    Common__V1__Receipts *first = submit(f, s);
    uint64_t first_seq = first->receipts[0]->first_seq;
    for (int round = 0; round < 2; round++) {
        Common__V1__Receipts *again = submit(f, s);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(again->receipts[i]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
        }
        assert_int_equal(again->receipts[0]->first_seq, first_seq);
        assert_int_equal(again->receipts[0]->events, 2);
        assert_int_equal(again->receipts[1]->problem->code, 900);
        assert_string_equal(again->receipts[1]->problem->field, "visit_number");
        assert_int_equal(again->receipts[2]->first_seq, 0);
        assert_null(again->receipts[2]->problem);
    }
    assert_int_equal(count_of(f, "pair-2"), 2);
    /* Twice in one message is a repetition too. */
    struct submission *twice = submission_new();
    add(f, twice, "twice");
    twice->count = 2;
    twice->pointers[1] = twice->pointers[0];
    Common__V1__Receipts *receipts = submit(f, twice);
    assert_int_equal(receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    assert_int_equal(receipts->receipts[1]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
    assert_int_equal(receipts->receipts[1]->first_seq, receipts->receipts[0]->first_seq);
    free(twice);
    free(s);
}

static Common__V1__Receipts *submit_many(struct fixture *f, struct submission *s, const size_t *picks, size_t n,
                                         Common__V1__Command **from) {
    for (size_t i = 0; i < n; i++) {
        s->pointers[i] = from[picks[i]];
    }
    s->count = n;
    return submit(f, s);
}

/* What a receipt of the command at `pick` says, the first time and ever after. */
static void check_receipt(const Common__V1__Receipt *receipt, const uint64_t *first_seq, size_t pick, bool known) {
    const bool refused = pick % 5 == 1 || pick % 5 == 4;
    const uint32_t events[] = {1, 0, 2, 0, 0};
    const uint32_t codes[] = {0, 900, 0, 0, COMMON__V1__CODE__CODE_BAD_TIME};
    assert_int_equal(receipt->result, known     ? COMMON__V1__RESULT__RESULT_DUPLICATE
                                      : refused ? COMMON__V1__RESULT__RESULT_REFUSED
                                                : COMMON__V1__RESULT__RESULT_ACCEPTED);
    assert_int_equal(receipt->first_seq, events[pick % 5] == 0 ? 0 : first_seq[pick]);
    assert_int_equal(receipt->events, events[pick % 5]);
    assert_int_equal(receipt->problem == NULL ? 0 : receipt->problem->code, codes[pick % 5]);
}

/* Commands are claimed in groups: known ones beside new ones, repeated ones near and far, in groups with and without
 * rows; before and after a restart. */
static void repetitions_are_told_from_new_commands(void **state) {
    enum { COMMANDS = 320, PICKS = 400, ROUNDS = 12 };
    static const char *const subjects[] = {"g", "bad-g", "pair-g", "idle-g", "g"};
    struct fixture *f = *state;
    struct submission *s = submission_new();
    Common__V1__Command *commands[COMMANDS];
    uint64_t first_seq[COMMANDS] = {0};
    bool known[COMMANDS] = {false};
    uint64_t next = 1;
    for (size_t i = 0; i < COMMANDS; i++) {
        commands[i] = add(f, s, subjects[i % 5]);
        commands[i]->occurred_at_ms = i % 5 == 4 ? 0 : commands[i]->occurred_at_ms;
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t picks[PICKS];
        for (size_t i = 0; i < PICKS; i++) { /* every third round makes no rows */
            picks[i] = hash_mix64(round * PICKS + i) % ((round + 1) * COMMANDS / ROUNDS);
            picks[i] = round % 3 == 0 && picks[i] % 5 != 4 ? picks[i] - picks[i] % 5 + (i % 2 == 0 ? 1 : 3) : picks[i];
            picks[i] = picks[i] < COMMANDS ? picks[i] : COMMANDS - 1;
        }
        const Common__V1__Receipts *receipts = submit_many(f, s, picks, PICKS, commands);
        for (size_t i = 0; i < PICKS; i++) {
            const size_t pick = picks[i];
            if (!known[pick] && (pick % 5 == 0 || pick % 5 == 2)) {
                first_seq[pick] = next;
                next += pick % 5 == 0 ? 1 : 2;
            }
            check_receipt(receipts->receipts[i], first_seq, pick, known[pick]);
            known[pick] = true;
        }
        if (round % 4 == 3) {
            process_kill(&f->process);
            start_daemon(f);
        }
    }
    assert_int_equal(status_of(f)->head, next - 1);
    assert_int_equal(count_of(f, "g") + count_of(f, "pair-g"), next - 1);
    free(s);
}

static void bad_neighbours_spoil_nothing(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    int64_t far_ms = clock_unix_ms() + 86400000;
    static uint8_t garbage[] = {0xff, 0xff, 0xff};
    static uint8_t unknown[] = {0xca, 0x3e, 0x00}; /* field 1001, empty: a command type of the future */
    static uint8_t bad_text[] = {0x12, 0x04, 0x0a, 0x02, 0xc3, 0x28};
    add(f, s, "good-1");
    add(f, s, "x")->id.len = 15;
    add(f, s, "x")->occurred_at_ms = 0;
    add(f, s, "x")->occurred_at_ms = far_ms;
    add(f, s, "x")->body = (ProtobufCBinaryData){sizeof garbage, garbage};
    add(f, s, "x")->body = (ProtobufCBinaryData){sizeof unknown, unknown};
    add(f, s, "x")->body = (ProtobufCBinaryData){sizeof bad_text, bad_text};
    add(f, s, "x");
    s->ids[7].bytes[6] = 0x40; /* a UUIDv4 */
    add(f, s, "x");
    s->ids[8] = id_make_from((uint64_t)far_ms, 1, 1);
    static uint8_t large[SERVER_COMMAND_BYTES_MAX + 1];
    static uint8_t with_nul[] = {0x12, 0x05, 0x0a, 0x03, 'a', 0, 'b'};
    add(f, s, "x")->body = (ProtobufCBinaryData){sizeof large, large};
    add(f, s, "x")->body = (ProtobufCBinaryData){sizeof with_nul, with_nul};
    add(f, s, "good-2");
    Common__V1__Receipts *receipts = submit(f, s);
    const uint32_t want[] = {0,
                             COMMON__V1__CODE__CODE_BAD_ID,
                             COMMON__V1__CODE__CODE_BAD_TIME,
                             COMMON__V1__CODE__CODE_IN_THE_FUTURE,
                             COMMON__V1__CODE__CODE_MALFORMED,
                             COMMON__V1__CODE__CODE_UNSUPPORTED,
                             COMMON__V1__CODE__CODE_BAD_TEXT,
                             COMMON__V1__CODE__CODE_BAD_ID,
                             COMMON__V1__CODE__CODE_IN_THE_FUTURE,
                             COMMON__V1__CODE__CODE_TOO_LARGE,
                             COMMON__V1__CODE__CODE_BAD_TEXT,
                             0};
    for (size_t i = 0; i < s->count; i++) {
        const Common__V1__Receipt *r = receipts->receipts[i];
        assert_int_equal(r->result,
                         want[i] == 0 ? COMMON__V1__RESULT__RESULT_ACCEPTED : COMMON__V1__RESULT__RESULT_REFUSED);
        assert_int_equal(r->problem == NULL ? 0 : r->problem->code, want[i]);
        if (r->problem != NULL) {
            assert_true(strlen(r->problem->message) > 10);
            assert_true(strlen(r->problem->message_zh) > 4);
        }
    }
    assert_int_equal(count_of(f, "good-1"), 1);
    assert_int_equal(count_of(f, "good-2"), 1);
    assert_int_equal(count_of(f, "x"), 0);
    free(s);
}

static void a_key_speaks_for_its_own_organisation_only(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "mine");
    Common__V1__Reply *reply = submit_as(f, f->stranger_org, s, "org-a");
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PROBLEM);
    assert_int_equal(reply->problem->code, COMMON__V1__CODE__CODE_NOT_YOUR_ORGANISATION);
    reply = submit_as(f, f->follower, s, "");
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PROBLEM);
    assert_int_equal(reply->problem->code, COMMON__V1__CODE__CODE_FORBIDDEN);
    assert_int_equal(count_of(f, "mine"), 0);
    reply = submit_as(f, f->publisher, s, "org-a");
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(count_of(f, "mine"), 1);
    free(s);
}

/* What an officer's key may do, of its own organisation; in which role it came, the rules see. */
static void officers_are_let_in_as_publishers_are(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "bad-b");
    submit_as(f, f->stranger_org, s, "");
    for (size_t i = 0; i < 5; i++) {
        struct client_socket *officer = connect_as(f, f->officers[i]);
        char own[32];
        snprintf(own, sizeof own, "only-%s", role_name(ROLE_CLERK + i));
        s->count = 0;
        add(f, s, own);
        add(f, s, "only-publisher");
        Common__V1__Reply *reply = submit_as(f, officer, s, "org-a");
        assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
        assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
        assert_int_equal(reply->receipts->receipts[1]->result, COMMON__V1__RESULT__RESULT_REFUSED);
        assert_int_equal(submit_as(f, officer, s, "org-b")->problem->code,
                         COMMON__V1__CODE__CODE_NOT_YOUR_ORGANISATION);
        assert_int_equal(ask_as(f, officer, own)->body_case, COMMON__V1__REPLY__BODY_ANSWER);
        const Common__V1__Refusals *refusals = list_refusals(f, officer);
        assert_int_equal(refusals->n_refusals, 2 * i + 1); /* none of org-b */
        const uint64_t number = refusals->refusals[2 * i]->number;
        assert_int_equal(show_refusal(f, officer, number)->body_case, COMMON__V1__REPLY__BODY_REFUSALS);
        assert_int_equal(show_refusal(f, officer, 1)->problem->code, COMMON__V1__CODE__CODE_NOT_FOUND);
        const struct id id = id_make(&f->ids, (uint64_t)clock_unix_ms());
        const struct id second = id_make(&f->ids, (uint64_t)clock_unix_ms());
        assert_int_equal(resubmit(f, officer, 1, &id)->problem->code, COMMON__V1__CODE__CODE_NOT_FOUND);
        reply = resubmit(f, officer, number, &id); /* still no publisher */
        assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_REFUSED);
        reply = resubmit(f, f->publisher, number, &second);
        assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
        client_socket_destroy(&officer);
    }
    assert_int_equal(count_of(f, "only-publisher"), 5);
    struct client_socket *reader = connect_as(f, f->reader);
    assert_int_equal(submit_as(f, reader, s, "")->problem->code, COMMON__V1__CODE__CODE_FORBIDDEN);
    assert_int_equal(ask_as(f, reader, "x")->problem->code, COMMON__V1__CODE__CODE_FORBIDDEN);
    assert_int_equal(show_refusal(f, reader, 1)->problem->code, COMMON__V1__CODE__CODE_FORBIDDEN);
    client_socket_destroy(&reader);
    free(s);
}

static void refusals_are_kept_shown_and_resubmitted(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "bad-3");
    submit(f, s);
    Common__V1__Refusals *mine = list_refusals(f, f->publisher);
    assert_int_equal(mine->n_refusals, 1);
    uint64_t number = mine->refusals[0]->number;
    assert_string_equal(mine->refusals[0]->organisation, "org-a");
    assert_string_equal(mine->refusals[0]->principal, "org-a/publisher");
    assert_int_equal(mine->refusals[0]->problem->code, 900);
    assert_int_equal(mine->refusals[0]->command->body.len, 0);
    assert_int_equal(list_refusals(f, f->stranger_org)->n_refusals, 0);
    assert_int_equal(list_refusals(f, f->operator_)->n_refusals, 1);
    Common__V1__Reply *reply = show_refusal(f, f->publisher, number);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_REFUSALS);
    const Common__V1__Command *command = reply->refusals->refusals[0]->command;
    assert_int_equal(command->body.len, s->commands[0].body.len);
    assert_memory_equal(command->body.data, s->commands[0].body.data, command->body.len);
    assert_int_equal(show_refusal(f, f->stranger_org, number)->problem->code, COMMON__V1__CODE__CODE_NOT_FOUND);
    /* Decided again it is refused again, under the new id; a stranger cannot. */
    struct id id = id_make(&f->ids, (uint64_t)clock_unix_ms());
    assert_int_equal(resubmit(f, f->stranger_org, number, &id)->problem->code, COMMON__V1__CODE__CODE_NOT_FOUND);
    reply = resubmit(f, f->operator_, number, &id);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_REFUSED);
    reply = resubmit(f, f->operator_, number, &id);
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
    assert_int_equal(list_refusals(f, f->publisher)->n_refusals, 2);
    free(s);
}

static Common__V1__Reply *submit_after(struct fixture *f, struct submission *s, uint64_t after) {
    Common__V1__Submit submit = COMMON__V1__SUBMIT__INIT;
    submit.n_commands = s->count;
    submit.commands = s->pointers;
    submit.after = after;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_SUBMIT;
    request.submit = &submit;
    return call(f, f->publisher, &request);
}

static void a_submit_behind_a_lost_one_is_refused(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "order");
    uint64_t first = submit_after(f, s, 0)->request;
    s->count = 0;
    add(f, s, "order");
    assert_int_equal(submit_after(f, s, first + 100)->problem->code, COMMON__V1__CODE__CODE_OUT_OF_ORDER);
    assert_int_equal(count_of(f, "order"), 1);
    Common__V1__Reply *reply = submit_after(f, s, first);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_RECEIPTS);
    assert_int_equal(reply->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    /* A new connection has taken nothing yet. */
    uint64_t second = reply->request;
    client_socket_destroy(&f->publisher);
    f->publisher = connect_as(f, f->keys.paths[0]);
    assert_int_equal(submit_after(f, s, second)->problem->code, COMMON__V1__CODE__CODE_OUT_OF_ORDER);
    assert_int_equal(submit_after(f, s, 0)->receipts->receipts[0]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
    free(s);
}

/* --- feed --- */

static void follow(struct fixture *f, const struct id *epoch, uint64_t after, uint32_t credit) {
    Common__V1__Follow body = COMMON__V1__FOLLOW__INIT;
    if (epoch != NULL) {
        body.epoch = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)epoch->bytes};
    }
    body.after = after;
    body.credit = credit;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.request = ++f->requests;
    request.body_case = COMMON__V1__REQUEST__BODY_FOLLOW;
    request.follow = &body;
    enum status status;
    while ((status = client_socket_send(f->follower, &request)) == STATUS_AGAIN) {
        client_socket_wait(f->follower, 10); /* not connected yet */
    }
    assert_int_equal(status, STATUS_OK);
}

static Common__V1__Reply *next_reply(struct fixture *f) {
    Common__V1__Reply *reply = NULL;
    arena_reset(&f->arena);
    assert_true(client_socket_wait(f->follower, 60000));
    assert_int_equal(client_socket_receive(f->follower, &f->arena, &reply), STATUS_OK);
    return reply;
}

static void the_feed_joins_without_a_gap(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    for (int i = 0; i < 1000; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "%s-%d", i % 10 == 9 ? "quiet" : "f", i);
        add(f, s, subject);
    }
    submit(f, s);
    uint64_t head = status_of(f)->head;
    assert_int_equal(head, 1000);
    for (uint64_t start = 0; start < head; start += 333) {
        follow(f, NULL, start, 100000);
        assert_int_equal(next_reply(f)->body_case, COMMON__V1__REPLY__BODY_FOLLOWED);
        uint64_t at = start, events = 0;
        while (at < head) {
            Common__V1__Batch *batch = next_reply(f)->batch;
            assert_non_null(batch);
            assert_int_equal(batch->after, at);
            assert_true(batch->up_to > batch->after && batch->up_to <= head);
            for (size_t i = 0; i < batch->n_events; i++) {
                assert_true(batch->events[i]->seq > at && batch->events[i]->seq <= batch->up_to);
                assert_true(batch->events[i]->seq % 10 != 0);
            }
            events += batch->n_events;
            at = batch->up_to;
        }
        assert_int_equal(events, (head - start) - (head / 10 - start / 10));
    }
    free(s);
}

static void credit_is_a_limit(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    for (int i = 0; i < 50; i++) {
        add(f, s, "c");
    }
    submit(f, s);
    follow(f, NULL, 0, 7);
    assert_int_equal(next_reply(f)->body_case, COMMON__V1__REPLY__BODY_FOLLOWED);
    assert_int_equal(next_reply(f)->batch->up_to, 7);
    /* The answer to a ping comes next: nothing else was sent. */
    Common__V1__Ping ping = COMMON__V1__PING__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &ping;
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    Common__V1__Reply *reply = next_reply(f);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PONG);
    assert_true(reply->pong->following);
    assert_int_equal(reply->pong->head, 50);
    Common__V1__Credit credit = COMMON__V1__CREDIT__INIT;
    credit.credit = 3;
    request.body_case = COMMON__V1__REQUEST__BODY_CREDIT;
    request.credit = &credit;
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    Common__V1__Batch *batch = next_reply(f)->batch;
    assert_int_equal(batch->after, 7);
    assert_int_equal(batch->up_to, 10);
    credit.credit = UINT32_MAX;
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    while (next_reply(f)->batch->up_to < 50) {
    }
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    while (status_of(f)->followers[0]->credit < FEED_CREDIT_MAX) {
    }
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &ping;
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    assert_int_equal(next_reply(f)->body_case, COMMON__V1__REPLY__BODY_PONG); /* the grant before it was taken */
    assert_int_equal(status_of(f)->followers[0]->credit, FEED_CREDIT_MAX);
    free(s);
}

static void a_follower_of_another_store_is_refused(void **state) {
    struct fixture *f = *state;
    struct id other = id_random();
    follow(f, &other, 0, 10);
    assert_int_equal(next_reply(f)->problem->code, COMMON__V1__CODE__CODE_EPOCH_CHANGED);
    follow(f, NULL, 1, 10);
    assert_int_equal(next_reply(f)->problem->code, COMMON__V1__CODE__CODE_AHEAD_OF_HEAD);
    Common__V1__Credit credit = COMMON__V1__CREDIT__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_CREDIT;
    request.credit = &credit;
    assert_int_equal(client_socket_send(f->follower, &request), STATUS_OK);
    assert_int_equal(next_reply(f)->problem->code, COMMON__V1__CODE__CODE_NOT_FOLLOWING);
}

/* --- faults --- */

static void a_killed_registry_keeps_what_it_acknowledged(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    for (int i = 0; i < 2000; i++) {
        add(f, s, i % 3 == 0 ? "pair-k" : "k");
    }
    submit(f, s);
    uint64_t head = status_of(f)->head;
    process_kill(&f->process);
    start_daemon(f);
    Common__V1__Status *status = status_of(f);
    assert_int_equal(status->head, head);
    Common__V1__Receipts *again = submit(f, s);
    for (size_t i = 0; i < s->count; i++) {
        assert_int_equal(again->receipts[i]->result, COMMON__V1__RESULT__RESULT_DUPLICATE);
    }
    assert_int_equal(count_of(f, "k") + count_of(f, "pair-k"), head);
    free(s);
}

static void limit_file_size(const struct fixture *f, rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(prlimit(f->process.pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

/* A disk that takes no more: the log cannot grow. */
static void a_full_disk_costs_an_answer_and_nothing_else(void **state) {
    struct fixture *f = *state;
    struct submission *before = submission_new(), *during = submission_new();
    add(f, before, "d");
    submit(f, before);
    for (int i = 0; i < COMMANDS_MAX - 1000; i++) {
        add(f, during, "d");
    }
    limit_file_size(f, 16384);
    Common__V1__Reply *reply = submit_as(f, f->publisher, during, "");
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PROBLEM);
    assert_int_equal(reply->problem->code, COMMON__V1__CODE__CODE_UNAVAILABLE);
    limit_file_size(f, RLIM_INFINITY);
    assert_int_equal(count_of(f, "d"), 1);
    Common__V1__Receipts *receipts = submit(f, during);
    for (size_t i = 0; i < during->count; i++) {
        assert_int_equal(receipts->receipts[i]->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    }
    assert_int_equal(count_of(f, "d"), 1 + during->count);
    assert_int_equal(status_of(f)->head, 1 + during->count);
    free(before);
    free(during);
}

/* --- time --- */

static void ticks_are_logged_when_they_change_something(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    add(f, s, "clock");
    submit(f, s);
    follow(f, NULL, 0, 100);
    assert_int_equal(next_reply(f)->body_case, COMMON__V1__REPLY__BODY_FOLLOWED);
    uint64_t at = 0;
    while (at < 5) {
        Common__V1__Batch *batch = next_reply(f)->batch;
        assert_int_equal(batch->after, at);
        at = batch->up_to;
    }
    assert_int_equal(count_of(f, "clock"), 5);
    free(s);
}

/* --- snapshots: invariant 1 --- */

/* Time has much to do at once: it goes on without waiting for the next second, in slices that let others in. A question
 * is answered in each turn of the loop, so nearly each of them sees the count higher than the one before; while a
 * second is waited for, thousands would see the same. */
static void a_long_tick_goes_on_between_requests(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    uint64_t last = 1, asked = 0, seen = 0;
    add(f, s, "flood");
    submit(f, s);
    while (count_of(f, "flood") == 1) { /* until the second comes */
    }
    while (last < TALLY_FLOOD) {
        const uint64_t count = count_of(f, "flood");
        assert_true(count >= last && count <= TALLY_FLOOD);
        asked++;
        seen += count > last;
        last = count;
    }
    assert_true(seen > 2);
    assert_true(asked < 20 * seen);
    assert_int_equal(status_of(f)->head, TALLY_FLOOD);
    free(s);
}

/* Rows first..first+n-1 of the log are of no command, the one behind them is. */
static void check_ticked(const struct fixture *f, uint64_t first, uint64_t n) {
    char path[600];
    struct journal_reader *reader = NULL;
    struct journal_row row;
    snprintf(path, sizeof path, "%s/data/log.db", f->keys.folder);
    const struct journal_options options = {.path = path, .service = "tally", .read_only = true};
    assert_int_equal(journal_reader_open(&options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, first - 2, first + n, false), STATUS_OK);
    for (uint64_t seq = first - 1; seq <= first + n; seq++) {
        assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
        assert_int_equal(id_is_zero(&row.command), seq >= first && seq < first + n);
    }
    journal_reader_close(&reader);
}

/* What a command's tick does stands behind the command and before the next one, and is no part of its receipt; receipts
 * are found again behind however much that was. */
static void a_command_may_run_the_tick(void **state) {
    static const char *const subjects[] = {"n",     "n",       "hurry", "n",     "pair-n", "bad-n",  "idle-n", "n",
                                           "hurry", "hurry",   "n",     "rise",  "n",      "idle-n", "n",      "n",
                                           "n",     "quiet-n", "bad-n", "hurry", "n",      "pair-n", "n",      "hurry"};
    enum { COMMANDS = sizeof subjects / sizeof subjects[0] };
    struct fixture *f = *state;
    struct submission *s = submission_new();
    uint64_t first_seq[COMMANDS], next = 1;
    uint32_t events[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *name = subjects[i];
        add(f, s, name);
        events[i] = strchr("bi", name[0]) != NULL ? 0 : name[0] == 'p' ? 2 : name[0] == 'r' ? 3 : 1;
        first_seq[i] = events[i] == 0 ? 0 : next;
        next += events[i] + (name[0] == 'h' ? TALLY_HURRIED : 0);
    }
    for (int round = 0; round < 3; round++) {
        Common__V1__Receipts *receipts = submit(f, s);
        for (size_t i = 0; i < COMMANDS; i++) {
            const Common__V1__Receipt *receipt = receipts->receipts[i];
            assert_int_equal(receipt->first_seq, first_seq[i]);
            assert_int_equal(receipt->events, events[i]);
            assert_int_equal(receipt->problem != NULL, subjects[i][0] == 'b');
            assert_int_equal(receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE, round > 0);
        }
        assert_int_equal(count_of(f, "hurried"), 5 * TALLY_HURRIED);
        assert_int_equal(status_of(f)->head, next - 1);
        if (round == 1) {
            process_kill(&f->process);
            start_daemon(f);
        }
    }
    check_ticked(f, 4, TALLY_HURRIED);
    free(s);
}

static void fold_on_disk(const struct fixture *f, char line[256]) {
    char command[4096];
    snprintf(
        command, sizeof command,
        "%s daemon --server-key=%s --server-keys=%s --store-folder=%s/data --store-seal-key=%s/seal fold 2>/dev/null",
        "/proc/$PPID/exe", f->keys.server_key_path, f->keys.keys_path, f->keys.folder, f->keys.folder);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    assert_non_null(fgets(line, 256, out));
    assert_int_equal(pclose(out), 0);
}

static void stop_and_compare(struct fixture *f) {
    char line[1024], hash[128], head[32], folded[256], want[256];
    assert_int_equal(process_stop(&f->process), 0);
    fold_on_disk(f, folded);
    FILE *log = fopen(f->process.log_path, "re");
    hash[0] = '\0';
    while (fgets(line, sizeof line, log) != NULL) {
        if (strstr(line, "\"stopped\"") != NULL) {
            process_log_value(line, "state_hash", hash, sizeof hash);
            process_log_value(line, "head", head, sizeof head);
        }
    }
    fclose(log);
    snprintf(want, sizeof want, "%s %s\n", head, hash);
    assert_string_equal(folded, want);
}

static void state_is_the_fold_of_the_log(void **state) {
    struct fixture *f = *state;
    struct submission *s = submission_new();
    for (int round = 0; round < 3; round++) {
        s->count = 0;
        for (int i = 0; i < 1500; i++) {
            char subject[32];
            snprintf(subject, sizeof subject, "s-%d", (i * 7919 + round * 31) % 1000);
            add(f, s, subject);
        }
        submit(f, s);
        /* The running process = the whole log from empty. */
        stop_and_compare(f);
        start_daemon(f);
    }
    /* A snapshot plus the rest = the whole log from empty. */
    char line[1024], from[32];
    long position = 0;
    assert_true(process_wait_log(&f->process, &f->log_position, "\"snapshot\"", line, sizeof line));
    s->count = 0;
    add(f, s, "after the snapshot");
    submit(f, s);
    stop_and_compare(f);
    position = f->log_position;
    start_daemon(f);
    assert_true(process_wait_log(&f->process, &position, "\"state folded\"", line, sizeof line));
    process_log_value(line, "from_snapshot", from, sizeof from);
    assert_true(atol(from) >= 4000);
    stop_and_compare(f);
    free(s);
}

int main(int argc, char **argv) {
    tally_run_if_asked(argc, argv);
    static char snapshots[] = "--store-snapshot-rows=1000";
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(receipts_number_the_events),
        CASE(a_command_may_be_decided_in_phases),
        CASE(an_audited_question_is_logged),
        CASE(a_question_may_read_the_past),
        CASE(a_repeated_command_gets_its_first_receipt),
        CASE(repetitions_are_told_from_new_commands),
        CASE(bad_neighbours_spoil_nothing),
        CASE(a_key_speaks_for_its_own_organisation_only),
        CASE(officers_are_let_in_as_publishers_are),
        CASE(refusals_are_kept_shown_and_resubmitted),
        CASE(a_submit_behind_a_lost_one_is_refused),
        CASE(the_feed_joins_without_a_gap),
        CASE(credit_is_a_limit),
        CASE(a_follower_of_another_store_is_refused),
        CASE(a_killed_registry_keeps_what_it_acknowledged),
        CASE(a_full_disk_costs_an_answer_and_nothing_else),
        CASE(ticks_are_logged_when_they_change_something),
        CASE(a_long_tick_goes_on_between_requests),
        CASE(a_command_may_run_the_tick),
        cmocka_unit_test_prestate_setup_teardown(state_is_the_fold_of_the_log, set_up, tear_down, snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
