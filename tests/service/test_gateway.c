/*
 * The HL7 gateway as hospitals see it: the real program, with the real visit registry behind it, over real sockets. What
 * happens to other gateways (answers before the store, answers out of order, floods of repetitions, peers that stall or
 * send rubbish, a registry that is away, a full disk) happens here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/gateway_stack.h"
#include "support/mllp_peer.h"
#include "support/system.h"

#define VISITS "liancheng_state_rows{table=\"visits\"}"
#define ACCEPTED "liancheng_commands_total{result=\"accepted\"}"

struct bench {
    struct gateway_stack stack;
    struct mllp_peer peer;
    char text[4096];
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    gateway_stack_make(&bench->stack, 3);
    bench->peer.descriptor = -1;
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    if (bench->peer.descriptor >= 0) {
        mllp_peer_close(&bench->peer);
    }
    gateway_stack_remove(&bench->stack, getenv("LC_TEST_LOGS") != NULL);
    free(bench);
    return 0;
}

static void set_flag(struct bench *bench, size_t place, const char *flag) {
    snprintf(bench->stack.flags[place], sizeof bench->stack.flags[place], "%s", flag);
}

static void start(struct bench *bench) {
    gateway_stack_start(&bench->stack);
    mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
}

static double gateway_metric(struct bench *bench, const char *name) {
    return gateway_stack_metric(bench->stack.gateway_http_port, name);
}

static double registry_metric(struct bench *bench, const char *name) {
    return gateway_stack_metric(bench->stack.visits_http_port, name);
}

/* A visit of its own under each number; lives until the next call. */
static const char *visit(struct bench *bench, size_t feed, unsigned number) {
    char control[32], name[32], id[32];
    snprintf(control, sizeof control, "C%u", number);
    snprintf(name, sizeof name, "V%u", number);
    snprintf(id, sizeof id, "L%u", number);
    const struct adt adt = {.feed = feed, .control_id = control, .visit = name, .local_id = id};
    adt_text(&adt, bench->text, sizeof bench->text);
    return bench->text;
}

static const char *other(struct bench *bench, const char *trigger, const char *control, const char *id,
                         const char *more) {
    const struct adt adt = {
        .feed = 1, .control_id = control, .visit = "V1", .local_id = id, .trigger = trigger, .more = more};
    adt_text(&adt, bench->text, sizeof bench->text);
    return bench->text;
}

static void expect(const struct mllp_answer *answer, const char *code, unsigned error, const char *control) {
    if (strcmp(answer->code, code) != 0 || answer->error != error || strcmp(answer->control_id, control) != 0) {
        print_error("%s\n", answer->text);
    }
    assert_string_equal(answer->code, code);
    assert_int_equal(answer->error, error);
    assert_string_equal(answer->control_id, control);
}

static void call(struct bench *bench, const char *message, const char *code, unsigned error, const char *control) {
    struct mllp_answer answer = mllp_peer_call(&bench->peer, message);
    expect(&answer, code, error, control);
}

static void call_visit(struct bench *bench, unsigned number) {
    char control[32];
    snprintf(control, sizeof control, "C%u", number);
    call(bench, visit(bench, 1, number), "AA", 0, control);
}

/* The connection ends without a further answer. */
static void expect_end(struct mllp_peer *peer) {
    struct mllp_answer answer;
    assert_false(mllp_peer_receive(peer, &answer));
}

/* Somebody else is served as if nothing had happened. */
static void others_are_well(struct bench *bench, unsigned number) {
    struct mllp_peer peer;
    char control[32];
    snprintf(control, sizeof control, "C%u", number);
    mllp_peer_connect(&peer, bench->stack.mllp_port);
    struct mllp_answer answer = mllp_peer_call(&peer, visit(bench, 2, number));
    expect(&answer, "AA", 0, control);
    mllp_peer_close(&peer);
}

/* --- Answers -------------------------------------------------------------------------------------------------------- */

static void a_message_is_stored_and_applied_before_its_answer(void **state) {
    struct bench *bench = *state;
    start(bench);
    for (unsigned i = 1; i <= 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "V%u", i);
        call_visit(bench, i);
        assert_true(gateway_stack_has_visit(&bench->stack, 1, name));
        assert_true(gateway_metric(bench, "liancheng_spool_stored_total") == i);
    }
    assert_false(gateway_stack_has_visit(&bench->stack, 2, "V1"));
}

static void errors_say_where(void **state) {
    struct bench *bench = *state;
    start(bench);
    call(bench, "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^A04|E1|P|2.5\rEVN|A04|20260703090000\rPID|1||L1^^^^MR\r", "AE",
         100, "E1");
    call(bench, "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ORU^R01|E2|P|2.5\r", "AR", 200, "E2");
    call(bench, "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^A04|E3|P|3.0\r", "AR", 203, "E3");
    call(bench, "MSH|^~\\&|HIS|NOBODY|LC|XC|20260703090000||ADT^A04|E4|P|2.5\r", "AR", 204, "E4");
    call(bench, "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^A17| E5 |P|2.5\rPID|1||L1^^^^MR\r", "AA", 0, " E5 ");
    call(bench, "MSH|^~|HIS\rPID|1\r", "AR", 102, "");
    call(bench, "what is this?", "AR", 100, "");
    call(bench, "BHS|^~\\&|HIS|F1\rMSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^A04|E6|P|2.5\r", "AR", 200, "");
    char first[1024], glued[2048];
    snprintf(first, sizeof first, "%s", visit(bench, 1, 7));
    snprintf(glued, sizeof glued, "%s%s", first, visit(bench, 1, 8));
    call(bench, glued, "AE", 100, "C7");
    assert_true(registry_metric(bench, VISITS) == 0);
    call_visit(bench, 1);
}

static void pipelined_messages_are_answered_in_order(void **state) {
    struct bench *bench = *state;
    enum { MESSAGES = 600 };
    struct buffer frames = {0};
    set_flag(bench, 0, "--limits-answers=8");
    start(bench);
    for (unsigned i = 1; i <= MESSAGES; i++) {
        char text[4096];
        snprintf(text, sizeof text, "%s", visit(bench, 1, i));
        if (i % 3 == 0) { /* known without the registry */
            snprintf(text, sizeof text, "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^Z99|C%u|P|2.5\r", i);
        }
        buffer_printf(&frames, "\x0b%s\x1c\r", text);
    }
    assert_true(mllp_peer_write(&bench->peer, frames.data, frames.size));
    for (unsigned i = 1; i <= MESSAGES; i++) {
        struct mllp_answer answer;
        char control[32];
        snprintf(control, sizeof control, "C%u", i);
        assert_true(mllp_peer_receive(&bench->peer, &answer));
        expect(&answer, i % 3 == 0 ? "AR" : "AA", i % 3 == 0 ? 201 : 0, control);
    }
    buffer_release(&frames);
    assert_true(registry_metric(bench, VISITS) == MESSAGES - MESSAGES / 3);
}

/* --- Repetitions ---------------------------------------------------------------------------------------------------- */

static void a_flood_of_repetitions_has_one_effect(void **state) {
    struct bench *bench = *state;
    enum { TIMES = 500 };
    start(bench);
    call_visit(bench, 1);
    double accepted = registry_metric(bench, ACCEPTED);
    for (unsigned i = 0; i < TIMES; i++) {
        call_visit(bench, 1);
    }
    for (unsigned i = 0; i < TIMES; i++) { /* without waiting, and final returns do not matter */
        char text[4200];
        snprintf(text, sizeof text, "%s%s", visit(bench, 1, 1), i % 2 == 0 ? "" : "\r\r");
        assert_true(mllp_peer_send(&bench->peer, text));
    }
    for (unsigned i = 0; i < TIMES; i++) {
        struct mllp_answer answer;
        assert_true(mllp_peer_receive(&bench->peer, &answer));
        expect(&answer, "AA", 0, "C1");
    }
    assert_true(registry_metric(bench, ACCEPTED) == accepted);
    assert_true(gateway_metric(bench, "liancheng_feed_duplicates_total{feed=\"feed-1\"}") == 2 * TIMES);
    assert_true(gateway_metric(bench, "liancheng_spool_stored_total") == 1);
    /* Other content under the same id is another message. */
    call(bench, other(bench, "A08", "C1", "L1", NULL), "AA", 0, "C1");
    assert_true(gateway_metric(bench, "liancheng_feed_control_ids_reused_total{feed=\"feed-1\"}") == 1);
    assert_true(gateway_metric(bench, "liancheng_spool_stored_total") == 2);
}

static void a_refusal_is_repeated_word_for_word(void **state) {
    struct bench *bench = *state;
    start(bench);
    call_visit(bench, 1);
    struct mllp_answer first = mllp_peer_call(&bench->peer, other(bench, "A29", "D1", "L1", NULL));
    expect(&first, "AE", 206, "D1"); /* visits of this person still stand */
    for (int restarted = 0; restarted < 2; restarted++) {
        struct mllp_answer again = mllp_peer_call(&bench->peer, other(bench, "A29", "D1", "L1", NULL));
        assert_string_equal(strstr(again.text, "\rMSA"), strstr(first.text, "\rMSA"));
        mllp_peer_close(&bench->peer);
        process_kill(&bench->stack.gateway);
        gateway_stack_start_gateway(&bench->stack);
        mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
    }
    assert_true(registry_metric(bench, "liancheng_refusals") == 1);
}

/* --- The registry is away ------------------------------------------------------------------------------------------- */

static void a_message_is_held_while_the_registry_is_away(void **state) {
    struct bench *bench = *state;
    set_flag(bench, 0, "--registry-hold-ms=300");
    start(bench);
    call_visit(bench, 1);
    process_stop(&bench->stack.visits);
    call(bench, visit(bench, 1, 2), "AR", 207, "C2");
    call(bench, visit(bench, 1, 2), "AR", 207, "C2");
    call(bench, visit(bench, 1, 3), "AR", 207, "C3");
    assert_true(gateway_metric(bench, "liancheng_spool_waiting") == 2);
    gateway_stack_start_visits(&bench->stack);
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_relay_verdicts_total{result=\"accepted\"}", 3);
    call(bench, visit(bench, 1, 2), "AA", 0, "C2");
    call(bench, visit(bench, 1, 3), "AA", 0, "C3");
    call(bench, visit(bench, 1, 4), "AA", 0, "C4");
    assert_true(registry_metric(bench, ACCEPTED) == 3); /* since its start: 2, 3 and 4 */
    assert_true(registry_metric(bench, VISITS) == 4);
}

/* Held, and answered with the verdict when the registry comes back in time. */
static void a_held_message_gets_its_verdict(void **state) {
    struct bench *bench = *state;
    struct mllp_answer answer;
    set_flag(bench, 0, "--registry-hold-ms=120000");
    start(bench);
    process_stop(&bench->stack.visits);
    assert_true(mllp_peer_send(&bench->peer, visit(bench, 1, 1)));
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_spool_waiting", 1);
    assert_false(mllp_peer_has_input(&bench->peer, 0));
    process_kill(&bench->stack.gateway); /* and its sender has to come again */
    expect_end(&bench->peer);
    mllp_peer_close(&bench->peer);
    gateway_stack_start_gateway(&bench->stack);
    mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
    assert_true(mllp_peer_send(&bench->peer, visit(bench, 1, 1)));
    gateway_stack_start_visits(&bench->stack);
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C1");
    assert_true(registry_metric(bench, VISITS) == 1);
    assert_true(gateway_metric(bench, "liancheng_spool_messages") == 1);
}

static void query(struct bench *bench, const char *text, const char *as, struct buffer *output, int exit_code) {
    assert_int_equal(gateway_stack_ctl(&bench->stack,
                                       (const char *const[]){"--json", "query", "hl7-gateway", text, "--as", as, NULL},
                                       output),
                     exit_code);
}

static void a_message_is_accepted_while_the_registry_is_away(void **state) {
    struct bench *bench = *state;
    struct buffer list = {0};
    set_flag(bench, 0, "--registry-hold-ms=200");
    set_flag(bench, 1, "--registry-when-away=accept");
    start(bench);
    call_visit(bench, 1);
    process_stop(&bench->stack.visits);
    for (unsigned i = 2; i <= 40; i++) {
        call_visit(bench, i);
    }
    call(bench, other(bench, "A29", "D1", "L1", NULL), "AA", 0, "D1"); /* will be refused */
    call_visit(bench, 2);                                               /* again */
    process_kill(&bench->stack.gateway);
    mllp_peer_close(&bench->peer);
    gateway_stack_start_gateway(&bench->stack);
    gateway_stack_start_visits(&bench->stack);
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_relay_verdicts_total{result=\"accepted\"}", 39);
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_relay_refused_late_total", 1);
    assert_true(registry_metric(bench, VISITS) == 40);
    query(bench, "{\"list_undelivered\": {}}", "clinic-1", &list, 0);
    assert_non_null(strstr(buffer_text(&list), "\"feed-1\""));
    assert_non_null(strstr(buffer_text(&list), "111")); /* PERSON_IN_USE */
    buffer_clear(&list);
    query(bench, "{\"list_undelivered\": {}}", "clinic-2", &list, 0);
    assert_null(strstr(buffer_text(&list), "feed-1"));
    buffer_release(&list);
}

/* --- Sizes and numbers ---------------------------------------------------------------------------------------------- */

static void a_large_message_is_taken_beside_others(void **state) {
    struct bench *bench = *state;
    enum { SIZE = 16 * 1024 * 1024 - 2000, PIECES = 64 };
    struct mllp_peer large;
    struct mllp_answer answer;
    struct buffer message = {0};
    start(bench);
    buffer_printf(&message, "\x0b%s", visit(bench, 3, 999));
    while (message.size < SIZE) {
        buffer_append_text(&message, "OBX|1|ED|PDF^^L||^application^pdf^Base64^JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVu\r");
    }
    mllp_peer_connect(&large, bench->stack.mllp_port);
    for (unsigned i = 0; i < PIECES; i++) {
        size_t from = message.size * i / PIECES, to = message.size * (i + 1) / PIECES;
        assert_true(mllp_peer_write(&large, message.data + from, to - from));
        call_visit(bench, i + 1);
    }
    assert_true(mllp_peer_write(&large, "\x1c\r", 2));
    assert_true(mllp_peer_receive(&large, &answer));
    expect(&answer, "AA", 0, "C999");
    mllp_peer_close(&large);
    /* Above the limit: refused, and that connection ends. */
    mllp_peer_connect(&large, bench->stack.mllp_port);
    while (message.size < 17 * 1024 * 1024) {
        buffer_append_text(&message, "OBX|1|TX|a\r");
    }
    (void)mllp_peer_write(&large, message.data, message.size);
    assert_true(mllp_peer_receive(&large, &answer));
    expect(&answer, "AR", 102, "C999");
    expect_end(&large);
    mllp_peer_close(&large);
    others_are_well(bench, 5000);
    assert_true(gateway_metric(bench, "liancheng_mllp_buffer_bytes") < 1024 * 1024);
    buffer_release(&message);
}

static void many_idle_connections_cost_little(void **state) {
    struct bench *bench = *state;
    enum { CONNECTIONS = 2000 };
    static struct mllp_peer idle[CONNECTIONS];
    start(bench);
    call_visit(bench, 1);
    double before = gateway_metric(bench, "liancheng_resident_bytes");
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        mllp_peer_connect(&idle[i], bench->stack.mllp_port);
    }
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_mllp_connections", CONNECTIONS + 1);
    for (unsigned i = 2; i <= 200; i++) {
        call_visit(bench, i);
    }
    double after = gateway_metric(bench, "liancheng_resident_bytes");
#ifndef __SANITIZE_ADDRESS__
    assert_true(after - before < 2048.0 * CONNECTIONS);
#endif
    (void)before, (void)after;
    assert_true(gateway_metric(bench, "liancheng_mllp_buffer_bytes") < 65536);
    struct mllp_answer answer = mllp_peer_call(&idle[CONNECTIONS - 1], visit(bench, 2, 201));
    expect(&answer, "AA", 0, "C201");
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        mllp_peer_close(&idle[i]);
    }
}

/* More than there may be: who never said anything goes first. */
static void the_limit_of_connections_hurts_the_silent(void **state) {
    struct bench *bench = *state;
    enum { CONNECTIONS = 100 };
    struct mllp_peer silent[CONNECTIONS];
    set_flag(bench, 0, "--limits-connections=20");
    start(bench);
    call_visit(bench, 1);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        mllp_peer_connect(&silent[i], bench->stack.mllp_port);
    }
    others_are_well(bench, 100);
    call_visit(bench, 2);
    assert_true(gateway_metric(bench, "liancheng_mllp_closed_total{reason=\"evicted\"}") >= CONNECTIONS - 20);
    expect_end(&silent[0]);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        mllp_peer_close(&silent[i]);
    }
}

/* Frames that never end: whoever holds most pays when the memory of all is used up. */
static void the_bound_of_memory_hurts_the_largest(void **state) {
    struct bench *bench = *state;
    enum { CONNECTIONS = 12, SIZE = 900 * 1024 };
    struct mllp_peer hoarders[CONNECTIONS];
    struct buffer half = {0};
    set_flag(bench, 0, "--limits-buffer-bytes=4194304");
    start(bench);
    buffer_printf(&half, "\x0b%s", visit(bench, 1, 77));
    while (half.size < SIZE) {
        buffer_append_text(&half, "NTE|1|L|and so on\r");
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        mllp_peer_connect(&hoarders[i], bench->stack.mllp_port);
        (void)mllp_peer_write(&hoarders[i], half.data, half.size);
        others_are_well(bench, 100 + i);
    }
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_mllp_closed_total{reason=\"no_room\"}", 1);
    assert_true(gateway_metric(bench, "liancheng_mllp_buffer_bytes") <= 4194304);
    unsigned told = 0;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct mllp_answer answer;
        if (mllp_peer_has_input(&hoarders[i], 0) && mllp_peer_receive(&hoarders[i], &answer)) {
            expect(&answer, "AR", 207, "C77");
            told++;
        }
        mllp_peer_close(&hoarders[i]);
    }
    assert_true(told > 0);
    buffer_release(&half);
}

/* --- Slow and hostile peers ----------------------------------------------------------------------------------------- */

static void a_slow_writer_is_waited_for(void **state) {
    struct bench *bench = *state;
    struct mllp_answer answer;
    start(bench);
    char frame[4100];
    int size = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", visit(bench, 1, 1));
    for (int i = 0; i < size; i++) {
        assert_true(mllp_peer_write(&bench->peer, &frame[i], 1));
    }
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C1");
    call_visit(bench, 2);
}

static void a_frame_that_stalls_ends_its_connection_only(void **state) {
    struct bench *bench = *state;
    struct mllp_peer stalled;
    set_flag(bench, 0, "--limits-frame-ms=300");
    start(bench);
    mllp_peer_connect(&stalled, bench->stack.mllp_port);
    assert_true(mllp_peer_write(&stalled, "\x0bMSH|^~\\&|HIS|F1", 15));
    call_visit(bench, 1);
    expect_end(&stalled);
    assert_true(gateway_metric(bench, "liancheng_mllp_closed_total{reason=\"frame_timeout\"}") == 1);
    call_visit(bench, 2); /* idle between messages is no stall */
    mllp_peer_close(&stalled);
}

/* It sends and sends and reads nothing: what the gateway keeps for it is bounded, and all comes when it reads. */
static void a_slow_reader_holds_up_nobody_else(void **state) {
    struct bench *bench = *state;
    enum { MESSAGES = 30000, BATCH = 100 };
    start(bench);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        char text[256];
        for (unsigned i = 1; i <= MESSAGES; i++) { /* answered without the registry: the answers are larger than these */
            snprintf(text, sizeof text, "MSH|^~\\&|HIS|F1|LC|XC|||ADT^A17|C%u|P|2.5\r", i);
            if (!mllp_peer_send(&bench->peer, text)) {
                _exit(1);
            }
        }
        _exit(0);
    }
    double frames, before = -1;
    do { /* until it is stuck, or has all its messages in */
        for (unsigned i = 0; i < BATCH; i++) {
            others_are_well(bench, 100000 + i);
        }
        frames = before;
        before = gateway_metric(bench, "liancheng_mllp_frames_total");
    } while (before - frames > BATCH);
    assert_true(gateway_metric(bench, "liancheng_mllp_buffer_bytes") < 1024 * 1024);
    for (unsigned i = 1; i <= MESSAGES; i++) {
        struct mllp_answer answer;
        char control[32];
        snprintf(control, sizeof control, "C%u", i);
        assert_true(mllp_peer_receive(&bench->peer, &answer));
        expect(&answer, "AA", 0, control);
    }
}

static void the_end_of_the_stream_ends_a_frame(void **state) {
    struct bench *bench = *state;
    struct mllp_answer answer;
    start(bench);
    char frame[4100];
    int size = snprintf(frame, sizeof frame, "\x0b%s\x1c", visit(bench, 1, 1));
    assert_true(mllp_peer_write(&bench->peer, frame, (size_t)size));
    mllp_peer_finish(&bench->peer);
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C1");
    expect_end(&bench->peer);
    /* Without the return, and waiting for the answer. */
    mllp_peer_close(&bench->peer);
    mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
    size = snprintf(frame, sizeof frame, "\x0b%s\x1c", visit(bench, 1, 2));
    assert_true(mllp_peer_write(&bench->peer, frame, (size_t)size));
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C2");
    assert_true(mllp_peer_write(&bench->peer, "\r", 1));
    call_visit(bench, 3);
    assert_true(gateway_metric(bench, "liancheng_feed_ends_without_return_total{feed=\"feed-1\"}") == 2);
}

static void rubbish_costs_its_own_connection(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *bytes;
        size_t size; /* 0: as a text; else repeated up to it */
    } rows[] = {
        {"GET / HTTP/1.1\r\n", 20000}, {"\x16\x03\x01\x02", 20000}, {"\x0bMSH|^~\\&|HIS|F1\x1cX", 0},
        {"\x0b\x0b\x0b\x1c\x1c", 0},   {"\xff", 20000},             {"\x0bMSH\x1c\x1c\r", 0},
    };
    start(bench);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mllp_peer peer;
        struct buffer bytes = {0};
        do {
            buffer_append_text(&bytes, rows[i].bytes);
        } while (bytes.size < rows[i].size);
        mllp_peer_connect(&peer, bench->stack.mllp_port);
        (void)mllp_peer_write(&peer, bytes.data, bytes.size);
        expect_end(&peer);
        mllp_peer_close(&peer);
        buffer_release(&bytes);
        call_visit(bench, i + 1);
    }
    struct mllp_peer peer;
    for (unsigned i = 0; i < 50; i++) { /* gone before its answer */
        mllp_peer_connect(&peer, bench->stack.mllp_port);
        assert_true(mllp_peer_send(&peer, visit(bench, 2, 500 + i)));
        mllp_peer_reset(&peer);
    }
    others_are_well(bench, 600);
    /* Cut off by a new one. */
    char frame[4200];
    int size = snprintf(frame, sizeof frame, "\x0bMSH|^~\\&|cut o\x0b%s\x1c\r", visit(bench, 1, 700));
    assert_true(mllp_peer_write(&bench->peer, frame, (size_t)size));
    struct mllp_answer answer;
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C700");
    assert_true(gateway_metric(bench, "liancheng_feed_remnants_total{feed=\"feed-1\"}") == 1);
}

/* --- The disk ------------------------------------------------------------------------------------------------------- */

static void a_full_spool_asks_to_try_again(void **state) {
    struct bench *bench = *state;
    unsigned taken = 0;
    struct mllp_answer answer;
    set_flag(bench, 0, "--store-bytes-max=1048576");
    set_flag(bench, 1, "--registry-when-away=accept");
    set_flag(bench, 2, "--registry-hold-ms=100");
    start(bench);
    process_stop(&bench->stack.visits);
    do {
        char control[32], name[32];
        snprintf(control, sizeof control, "C%u", taken + 1);
        snprintf(name, sizeof name, "V%u", taken + 1);
        const struct adt adt = {.feed = 1, .control_id = control, .visit = name, .local_id = name};
        adt_text(&adt, bench->text, sizeof bench->text);
        answer = mllp_peer_call(&bench->peer, bench->text);
        taken += strcmp(answer.code, "AA") == 0;
    } while (strcmp(answer.code, "AA") == 0);
    assert_string_equal(answer.code, "AR");
    assert_int_equal(answer.error, 207);
    assert_in_range(taken, 1000, 5000);
    assert_true(gateway_metric(bench, "liancheng_spool_full_total") == 1);
    gateway_stack_start_visits(&bench->stack);
    gateway_stack_await(bench->stack.visits_http_port, VISITS, taken);
    gateway_stack_await(bench->stack.gateway_http_port, "liancheng_relay_verdicts_total{result=\"accepted\"}", taken);
    do { /* room comes as the bodies of what was accepted go */
        answer = mllp_peer_call(&bench->peer, bench->text);
    } while (strcmp(answer.code, "AA") != 0);
    assert_true(registry_metric(bench, VISITS) == taken + 1);
}

static void a_full_disk_loses_nothing_that_was_accepted(void **state) {
    struct bench *bench = *state;
    unsigned accepted[4000], count = 0, refused = 0;
    start(bench);
    mllp_peer_close(&bench->peer);
    process_stop(&bench->stack.gateway);
    gateway_stack_start_gateway_limited(&bench->stack, 600 * 1024);
    mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
    for (unsigned i = 1; i < 4000 && refused < 20; i++) {
        struct mllp_answer answer = mllp_peer_call(&bench->peer, visit(bench, 1, i));
        if (strcmp(answer.code, "AA") == 0) {
            accepted[count++] = i;
        } else {
            assert_string_equal(answer.code, "AR");
            assert_int_equal(answer.error, 207);
            refused++;
        }
    }
    assert_int_equal(refused, 20);
    assert_true(count > 0);
    process_kill(&bench->stack.gateway);
    mllp_peer_close(&bench->peer);
    gateway_stack_start_gateway(&bench->stack);
    mllp_peer_connect(&bench->peer, bench->stack.mllp_port);
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "V%u", accepted[i]);
        assert_true(gateway_stack_has_visit(&bench->stack, 1, name));
    }
    call_visit(bench, 9000);
}

/* --- TLS ------------------------------------------------------------------------------------------------------------ */

static void openssl(const struct bench *bench, const char *script) {
    char command[4096];
    snprintf(command, sizeof command, "cd %s && %s", bench->stack.folder, script);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
        _exit(127);
    }
    struct process process = {.pid = pid};
    assert_int_equal(process_wait(&process), 0);
}

#define CERTIFICATE(name, ca)                                                                                          \
    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " name ".key -out " name ".csr -subj /CN=" name " 2>/dev/null;"       \
    "openssl x509 -req -in " name ".csr -CA " ca ".crt -CAkey " ca ".key -CAcreateserial -days 2 -out " name           \
    ".crt 2>/dev/null;"
#define AUTHORITY(name)                                                                                                \
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " name ".key -out " name ".crt -days 2 -subj /CN=" name         \
    " 2>/dev/null;"

struct paths {
    char ca[300], certificate[300], key[300];
};

static struct mllp_identity identity(const struct bench *bench, const char *name, struct paths *paths) {
    snprintf(paths->ca, sizeof paths->ca, "%s/ca.crt", bench->stack.folder);
    snprintf(paths->certificate, sizeof paths->certificate, "%s/%s.crt", bench->stack.folder, name);
    snprintf(paths->key, sizeof paths->key, "%s/%s.key", bench->stack.folder, name);
    return (struct mllp_identity){.ca = paths->ca, .certificate = paths->certificate, .key = paths->key};
}

/* With TLS 1.3 a client learns of its certificate's refusal only when it reads. */
static bool is_let_in(struct bench *bench, const struct mllp_identity *who, unsigned number, struct mllp_answer *answer) {
    struct mllp_peer peer;
    bool is_in = mllp_peer_connect_tls(&peer, bench->stack.mllp_port, who) &&
                 mllp_peer_send(&peer, visit(bench, 1, number)) && mllp_peer_receive(&peer, answer);
    mllp_peer_close(&peer);
    return is_in;
}

static void start_tls(struct bench *bench) {
    openssl(bench, AUTHORITY("ca") AUTHORITY("stranger") CERTIFICATE("gateway", "ca") CERTIFICATE("clinic", "ca")
                       CERTIFICATE("elsewhere", "ca") CERTIFICATE("forged", "stranger"));
    bench->stack.listener_lines = "        tls_certificate = \"../gateway.crt\"\n        tls_key = \"../gateway.key\"\n"
                                  "        tls_client_ca = \"../ca.crt\"\n";
    bench->stack.feed_lines = "        client_certificate = \"clinic\"\n";
    gateway_stack_configure(&bench->stack);
    set_flag(bench, 0, "--limits-handshake-ms=500");
    gateway_stack_start(&bench->stack);
}

static void a_certificate_opens_its_own_feed(void **state) {
    struct bench *bench = *state;
    struct paths paths;
    struct mllp_answer answer;
    start_tls(bench);
    struct mllp_identity who = identity(bench, "clinic", &paths);
    assert_true(is_let_in(bench, &who, 1, &answer));
    expect(&answer, "AA", 0, "C1");
    who = identity(bench, "elsewhere", &paths); /* of the same CA, but not this feed's */
    assert_true(is_let_in(bench, &who, 2, &answer));
    expect(&answer, "AR", 204, "C2");
    who = identity(bench, "forged", &paths);
    assert_false(is_let_in(bench, &who, 3, &answer));
    who.certificate = NULL;
    assert_false(is_let_in(bench, &who, 4, &answer));
    who = identity(bench, "clinic", &paths);
    who.max_version = TLS1_1_VERSION;
    assert_false(is_let_in(bench, &who, 5, &answer));
    who.max_version = TLS1_2_VERSION;
    assert_true(is_let_in(bench, &who, 6, &answer));
    expect(&answer, "AA", 0, "C6");
    assert_true(registry_metric(bench, VISITS) == 2);
    assert_true(gateway_metric(bench, "liancheng_hl7_wrong_certificate_total") == 1);
}

static void without_a_handshake_nothing_is_taken(void **state) {
    struct bench *bench = *state;
    struct mllp_peer plain, silent;
    struct mllp_answer answer;
    struct paths paths;
    start_tls(bench);
    mllp_peer_connect(&silent, bench->stack.mllp_port);
    mllp_peer_connect(&plain, bench->stack.mllp_port);
    (void)mllp_peer_send(&plain, visit(bench, 1, 1));
    expect_end(&plain);
    expect_end(&silent); /* after its time */
    mllp_peer_close(&plain);
    mllp_peer_close(&silent);
    assert_true(registry_metric(bench, VISITS) == 0);
    const struct mllp_identity who = identity(bench, "clinic", &paths);
    assert_true(is_let_in(bench, &who, 2, &answer));
}

static void many_messages_and_a_large_one_go_through_tls(void **state) {
    struct bench *bench = *state;
    enum { MESSAGES = 300 };
    struct paths paths;
    struct mllp_answer answer;
    struct buffer large = {0};
    start_tls(bench);
    const struct mllp_identity who = identity(bench, "clinic", &paths);
    assert_true(mllp_peer_connect_tls(&bench->peer, bench->stack.mllp_port, &who));
    struct buffer frames = {0};
    for (unsigned i = 1; i <= MESSAGES; i++) {
        buffer_printf(&frames, "\x0b%s\x1c\r", visit(bench, 1, i));
    }
    assert_true(mllp_peer_write(&bench->peer, frames.data, frames.size));
    for (unsigned i = 1; i <= MESSAGES; i++) {
        char control[32];
        snprintf(control, sizeof control, "C%u", i);
        assert_true(mllp_peer_receive(&bench->peer, &answer));
        expect(&answer, "AA", 0, control);
    }
    buffer_printf(&large, "%s", visit(bench, 1, 1000));
    while (large.size < 3000000) {
        buffer_append_text(&large, "NTE|1|L|some more\r");
    }
    assert_true(mllp_peer_send_bytes(&bench->peer, large.data, large.size));
    assert_true(mllp_peer_receive(&bench->peer, &answer));
    expect(&answer, "AA", 0, "C1000");
    buffer_release(&frames);
    buffer_release(&large);
}

/* --- Settings and questions ----------------------------------------------------------------------------------------- */

static void feeds_are_read_again(void **state) {
    struct bench *bench = *state;
    char position[8] = "";
    start(bench);
    call(bench, other(bench, "ZP1", "Z1", "L1", NULL), "AR", 201, "Z1");
    bench->stack.feed_lines = "        triggers = \"ZP1=A28\"\n";
    gateway_stack_configure(&bench->stack);
    process_signal(&bench->stack.gateway, SIGHUP);
    long from = 0;
    assert_true(process_wait_log(&bench->stack.gateway, &from, "feeds read", position, sizeof position));
    assert_true(process_wait_log(&bench->stack.gateway, &from, "feeds read", position, sizeof position));
    call(bench, other(bench, "ZP1", "Z2", "L1", NULL), "AA", 0, "Z2");
    call_visit(bench, 1);
}

static void the_card_of_a_feed_tells_its_habits(void **state) {
    struct bench *bench = *state;
    struct buffer card = {0};
    static const char *const wanted[] = {"\"messages\":9", "\"duplicates\":1",   "\"classes_unmapped\":5",
                                         "\"DAYCARE\"",    "\"answer\":\"AR\"", "\"cancellations\":1"};
    start(bench);
    call_visit(bench, 1);
    call_visit(bench, 1);
    call(bench, other(bench, "A11", "K1", "L1", NULL), "AA", 0, "K1");
    call(bench, other(bench, "Z99", "K2", "L1", NULL), "AR", 201, "K2");
    for (unsigned i = 0; i < 5; i++) { /* so many persons, before a code is told */
        char text[512], control[16];
        snprintf(control, sizeof control, "K%u", 10 + i);
        snprintf(text, sizeof text,
                 "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^A04|%s|P|2.5\rEVN|A04|20260703090000\rPID|1||L%u^^^^MR\r"
                 "PV1|1|%s|||||||||||||||||W%u|||||||||||||||||||||||||20260703090000\r",
                 control, 70 + i, "DAYCARE", i);
        call(bench, text, "AA", 0, control);
        if (i == 3) {
            query(bench, "{\"get_conformance\": {\"feed\": \"feed-1\"}}", "clinic-1", &card, 0);
            assert_null(strstr(buffer_text(&card), "DAYCARE"));
            buffer_clear(&card);
        }
    }
    query(bench, "{\"get_conformance\": {\"feed\": \"feed-1\"}}", "clinic-1", &card, 0);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(buffer_text(&card), wanted[i]) == NULL) {
            print_error("%s is not in %s\n", wanted[i], buffer_text(&card));
            fail();
        }
    }
    buffer_clear(&card);
    query(bench, "{\"get_conformance\": {\"feed\": \"feed-1\"}}", "clinic-2", &card, 70); /* not theirs */
    buffer_clear(&card);
    /* The counts outlive the process. */
    process_stop(&bench->stack.gateway);
    mllp_peer_close(&bench->peer);
    gateway_stack_start_gateway(&bench->stack);
    query(bench, "{\"get_conformance\": {}}", "operator", &card, 0);
    assert_non_null(strstr(buffer_text(&card), "\"messages\":9"));
    buffer_clear(&card);
    query(bench, "{\"list_feeds\": {}}", "reader", &card, 0);
    assert_non_null(strstr(buffer_text(&card), "\"feed-3\""));
    buffer_release(&card);
}

/* --- Privacy -------------------------------------------------------------------------------------------------------- */

#define CANARY_RID "411099198001010011"
#define CANARY_MESSAGE(trigger, control)                                                                               \
    "MSH|^~\\&|HIS|F1|LC|XC|20260703090000||ADT^" trigger "|" control "|P|2.5\rEVN|" trigger "|20260703090000\r"         \
    "PID|1||CANARYLOCAL^^^^MR~" CANARY_RID "^^^^NI||CANARYNAME^X||19800101|M|||CANARYROAD\r"                              \
    "PV1|1|O|||||||||||||||||CANARYVISIT|||||||||||||||||||||||||20260703090000\r"

static const char *const canaries[] = {CANARY_RID, "CANARY", "RYLOCAL", "RYVISIT", "19800101001"};

static void has_no_canary(const char *text, const char *where) {
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
        if (strstr(text, canaries[i]) != NULL) {
            print_error("%s is in %s\n", canaries[i], where);
            fail();
        }
    }
}

static bool grep_finds(const char *word, const char *path) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execlp("grep", "grep", "-raqF", "--", word, path, (char *)NULL);
        _exit(127);
    }
    struct process process = {.pid = pid};
    int code = process_wait(&process);
    assert_in_range(code, 0, 1);
    return code == 0;
}

static void files_have_no_canary(const struct bench *bench) {
    static const char *const names[] = {"conf/data/hl7-gateway", "hl7-gateway.log"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", bench->stack.folder, names[i]);
        for (size_t c = 0; c < sizeof canaries / sizeof canaries[0]; c++) {
            assert_false(grep_finds(canaries[c], path));
        }
    }
    char conf[512]; /* that grep would have found it */
    snprintf(conf, sizeof conf, "%s/conf/hl7-gateway.conf", bench->stack.folder);
    assert_true(grep_finds("sending_facility", conf));
}

static void canary_call(struct bench *bench, const char *message, const char *code) {
    struct mllp_answer answer = mllp_peer_call(&bench->peer, message);
    assert_string_equal(answer.code, code);
    char *own = strstr(answer.text, "|CANARYCTRL"); /* MSH-10 comes back in MSA-2, and there alone */
    if (own != NULL) {
        memset(own, '-', 11);
    }
    has_no_canary(answer.text, "an answer");
}

/* A person with a number, a name, a road: taken, refused by the gateway, refused by the registry, held, cut off. */
static void nothing_of_a_person_comes_out(void **state) {
    struct bench *bench = *state;
    struct buffer body = {0};
    set_flag(bench, 0, "--registry-hold-ms=200");
    set_flag(bench, 1, "--log-level=debug");
    start(bench);
    canary_call(bench, CANARY_MESSAGE("A04", "CANARYCTRL1"), "AA");
    canary_call(bench, CANARY_MESSAGE("A04", "CANARYCTRL1"), "AA");
    canary_call(bench, CANARY_MESSAGE("A29", "CANARYCTRL2"), "AE");
    canary_call(bench, CANARY_MESSAGE("Z77", "CANARYCTRL3"), "AR");
    canary_call(bench, CANARY_MESSAGE("A40", "CANARYCTRL4"), "AE");
    canary_call(bench, CANARY_MESSAGE("A08", "CANARYCTRL5") "PV1|1|CANARY\rMRG|CANARY\r", "AA");
    canary_call(bench, CANARY_MESSAGE("A08", "CANARYCTRL6") "NTE|1|L|\xff\xff\xff\r", "AE");
    canary_call(bench, "CANARY", "AR");
    process_stop(&bench->stack.visits);
    canary_call(bench, CANARY_MESSAGE("A31", "CANARYCTRL7"), "AR");
    struct mllp_peer cut;
    mllp_peer_connect(&cut, bench->stack.mllp_port);
    static const char rubbish[] = "CANARY\x0b" "MSH|^~\\&|CANARY\x1c" "CANARY";
    (void)mllp_peer_write(&cut, rubbish, sizeof rubbish - 1);
    expect_end(&cut);
    mllp_peer_close(&cut);
    assert_int_equal(system_http_get(bench->stack.gateway_http_port, "/metrics", &body), 200);
    has_no_canary(buffer_text(&body), "metrics");
    buffer_clear(&body);
    query(bench, "{\"get_conformance\": {}}", "operator", &body, 0);
    has_no_canary(buffer_text(&body), "the card");
    buffer_release(&body);
    files_have_no_canary(bench);
    process_kill(&bench->stack.gateway);
    files_have_no_canary(bench);
    gateway_stack_start_gateway(&bench->stack); /* reads back what waits */
    process_stop(&bench->stack.gateway);
    files_have_no_canary(bench);
}

int main(int argc, char **argv) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_stored_and_applied_before_its_answer),
        TEST(errors_say_where),
        TEST(pipelined_messages_are_answered_in_order),
        TEST(a_flood_of_repetitions_has_one_effect),
        TEST(a_refusal_is_repeated_word_for_word),
        TEST(a_message_is_held_while_the_registry_is_away),
        TEST(a_held_message_gets_its_verdict),
        TEST(a_message_is_accepted_while_the_registry_is_away),
        TEST(a_large_message_is_taken_beside_others),
        TEST(many_idle_connections_cost_little),
        TEST(the_limit_of_connections_hurts_the_silent),
        TEST(the_bound_of_memory_hurts_the_largest),
        TEST(a_slow_writer_is_waited_for),
        TEST(a_frame_that_stalls_ends_its_connection_only),
        TEST(a_slow_reader_holds_up_nobody_else),
        TEST(the_end_of_the_stream_ends_a_frame),
        TEST(rubbish_costs_its_own_connection),
        TEST(a_full_spool_asks_to_try_again),
        TEST(a_full_disk_loses_nothing_that_was_accepted),
        TEST(a_certificate_opens_its_own_feed),
        TEST(without_a_handshake_nothing_is_taken),
        TEST(many_messages_and_a_large_one_go_through_tls),
        TEST(feeds_are_read_again),
        TEST(the_card_of_a_feed_tells_its_habits),
        TEST(nothing_of_a_person_comes_out),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
