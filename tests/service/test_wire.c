#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <czmq.h>

#include "base/arena.h"
#include "client/client.h"
#include "client/submit_writer.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/raw_peer.h"
#include "wire/client_socket.h"
#include "wire/server.h"

/* A real server and real clients, over TCP with CURVE, in one process. The server is served by whoever waits. */

static struct {
    struct test_keys keys;
    const char *hospital, *neighbour, *operator; /* key files */
    struct server *server;
    struct arena arena;   /* of the server */
    struct arena answers; /* of the clients */
    bool is_unavailable;  /* answer every Submit so */
    bool is_deaf;         /* answer no Submit at all */
    size_t submits;
    char last_principal[KEYS_PRINCIPAL_BYTES];
} world;

/* --- the serving side --- */

static void answer(const struct incoming *incoming) {
    static Common__V1__Receipt receipt;
    static Common__V1__Receipt *list[SERVER_COMMANDS_MAX];
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    Common__V1__Problem problem = COMMON__V1__PROBLEM__INIT;
    Common__V1__Receipts receipts = COMMON__V1__RECEIPTS__INIT;
    reply.request = incoming->request->request;
    if (incoming->request->body_case != COMMON__V1__REQUEST__BODY_SUBMIT) {
        reply.body_case = COMMON__V1__REPLY__BODY_PONG;
        reply.pong = &pong;
    } else if (world.is_unavailable) {
        reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
        problem.code = COMMON__V1__CODE__CODE_UNAVAILABLE;
        reply.problem = &problem;
    } else {
        common__v1__receipt__init(&receipt);
        receipt.result = COMMON__V1__RESULT__RESULT_ACCEPTED;
        receipts.n_receipts = incoming->request->submit->n_commands;
        receipts.receipts = list;
        for (size_t i = 0; i < receipts.n_receipts; i++) {
            list[i] = &receipt;
        }
        reply.body_case = COMMON__V1__REPLY__BODY_RECEIPTS;
        reply.receipts = &receipts;
    }
    if (incoming->request->body_case == COMMON__V1__REQUEST__BODY_SUBMIT) {
        world.submits++;
        if (world.is_deaf) {
            return;
        }
    }
    assert_int_equal(server_send(world.server, &incoming->peer, &reply), STATUS_OK);
}

static void serve(void) {
    struct incoming incoming;
    enum status status;
    while ((status = server_receive(world.server, &world.arena, &incoming)) == STATUS_OK) {
        memcpy(world.last_principal, incoming.principal->name, sizeof world.last_principal);
        answer(&incoming);
        arena_reset(&world.arena);
    }
    arena_reset(&world.arena);
    assert_int_equal(status, STATUS_AGAIN);
}

/* Lets both sides work for a moment: until the server or this client has something. */
static void turn(struct client_socket *socket) {
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve(server_socket(world.server)), .events = ZMQ_POLLIN},
        {.socket = socket == NULL ? NULL : zsock_resolve(client_socket_zsock(socket)), .events = ZMQ_POLLIN}};
    zmq_poll(items, socket == NULL ? 1 : 2, 10);
    serve();
}

static struct server_counters counters(void) {
    return server_counters(world.server);
}

static void reload(void) {
    struct keys_error error = {""};
    if (server_reload(world.server, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

/* --- the asking side --- */

static struct client_socket_options options_of(const char *key_path) {
    return (struct client_socket_options){.endpoint = server_endpoint(world.server),
                                          .key_path = key_path,
                                          .server_key_path = world.keys.server_public_path};
}

static struct client_socket *connect_with(const char *key_path) {
    struct client_socket *socket;
    struct client_socket_options options = options_of(key_path);
    assert_int_equal(client_socket_new(&options, &socket), STATUS_OK);
    return socket;
}

static void send_bytes(struct client_socket *socket, const void *data, size_t size) {
    while (client_socket_send_bytes(socket, data, size) != STATUS_OK) {
        turn(socket);
    }
}

static Common__V1__Reply *receive(struct client_socket *socket) {
    Common__V1__Reply *reply;
    enum status status;
    arena_reset(&world.answers);
    while ((status = client_socket_receive(socket, &world.answers, &reply)) == STATUS_AGAIN) {
        turn(socket);
    }
    assert_int_equal(status, STATUS_OK);
    return reply;
}

static void ping(struct client_socket *socket) {
    send_bytes(socket, "\x08\x2a\x12\x00", 4);
    Common__V1__Reply *reply = receive(socket);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PONG);
    assert_int_equal(reply->request, 42);
}

static void expect_problem(struct client_socket *socket, Common__V1__Code code, uint64_t request, const char *field) {
    Common__V1__Reply *reply = receive(socket);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PROBLEM);
    assert_int_equal(reply->problem->code, code);
    assert_int_equal(reply->request, request);
    assert_string_equal(reply->problem->field, field);
    assert_true(strlen(reply->problem->message) > 0 && strlen(reply->problem->message_zh) > 0);
}

/* --- set up --- */

static void start_server(void) {
    char endpoint[TEST_ENDPOINT_BYTES];
    test_endpoint(endpoint);
    struct server_options options = {
        .bind = endpoint, .key_path = world.keys.server_key_path, .keys_path = world.keys.keys_path};
    struct keys_error error = {""};
    if (server_new(&options, &world.server, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

static int set_up(void **state) {
    (void)state;
    memset(&world, 0, sizeof world);
    test_keys_make(&world.keys);
    world.hospital = test_keys_add(&world.keys, "hospital-01/publisher", "hospital-01", "publisher");
    world.neighbour = test_keys_add(&world.keys, "hospital-02/publisher", "hospital-02", "publisher");
    world.operator= test_keys_add(&world.keys, "operator/operator", "operator", "operator");
    arena_init(&world.arena, 2 * (size_t)SERVER_UNPACK_BYTES_MAX);
    arena_init(&world.answers, SERVER_UNPACK_BYTES_MAX);
    start_server();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    server_destroy(&world.server);
    arena_release(&world.arena);
    arena_release(&world.answers);
    test_keys_remove(&world.keys);
    return 0;
}

/* --- who is who --- */

static void a_known_key_is_served(void **state) {
    (void)state;
    struct client_socket *socket = connect_with(world.hospital);
    ping(socket);
    assert_string_equal(world.last_principal, "hospital-01/publisher");
    assert_int_equal(counters().handshakes_accepted, 1);
    assert_int_equal(counters().requests, 1);
    assert_int_equal(counters().replies, 1);
    client_socket_destroy(&socket);
}

static void an_unknown_key_may_come_back_later(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    const char *path = test_keys_make_stranger(&world.keys, "stranger");
    struct client_socket *stranger = connect_with(path);
    while (counters().handshakes_refused_unknown == 0) {
        ping(neighbour);
    }
    assert_int_equal(client_socket_send_bytes(stranger, "\x12\x00", 2), STATUS_AGAIN);
    assert_int_equal(counters().handshakes_accepted, 1);
    /* It is registered meanwhile: the client tries again by itself. */
    test_keys_add_second(&world.keys, "hospital-01/publisher", path);
    reload();
    ping(stranger);
    assert_string_equal(world.last_principal, "hospital-01/publisher");
    client_socket_destroy(&stranger);
    client_socket_destroy(&neighbour);
}

static void a_revoked_key_is_refused(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    test_keys_revoke(&world.keys, "hospital-01/publisher");
    reload();
    struct client_socket *socket = connect_with(world.hospital);
    while (counters().handshakes_refused_revoked == 0) {
        ping(neighbour);
    }
    assert_int_equal(client_socket_send_bytes(socket, "\x12\x00", 2), STATUS_AGAIN);
    assert_int_equal(counters().handshakes_accepted, 1);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

/* Sends a ping that must not be answered, until the handshake of the connection that follows is refused. */
static void expect_cut(struct client_socket *socket, struct client_socket *neighbour) {
    uint64_t requests = counters().requests;
    send_bytes(socket, "\x08\x2a\x12\x00", 4);
    while (counters().refused_principal == 0 ||
           counters().handshakes_refused_revoked + counters().handshakes_refused_unknown == 0) {
        ping(neighbour);
        requests++;
    }
    assert_int_equal(counters().requests, requests);
    Common__V1__Reply *reply;
    assert_int_equal(client_socket_receive(socket, &world.answers, &reply), STATUS_AGAIN);
    assert_int_equal(client_socket_send_bytes(socket, "\x12\x00", 2), STATUS_AGAIN);
}

static void a_live_connection_of_a_revoked_key_is_cut(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    ping(socket);
    test_keys_revoke(&world.keys, "hospital-01/publisher");
    ping(socket); /* nothing happens before the reload */
    reload();
    expect_cut(socket, neighbour);
    assert_int_equal(counters().refused_principal, 1);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void a_live_connection_of_a_dropped_principal_is_cut(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    ping(socket);
    test_keys_drop(&world.keys, "hospital-01/publisher");
    reload();
    expect_cut(socket, neighbour);
    assert_true(counters().handshakes_refused_unknown > 0);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void keys_rotate(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *first = connect_with(world.hospital);
    ping(first);
    const char *path = test_keys_make_stranger(&world.keys, "second");
    test_keys_add_second(&world.keys, "hospital-01/publisher", path);
    reload();
    struct client_socket *second = connect_with(path);
    ping(second);
    assert_string_equal(world.last_principal, "hospital-01/publisher");
    ping(first);
    /* The first key goes, its principal stays: its connection is cut, the other lives. */
    struct curve_pair pair;
    assert_int_equal(curve_pair_load(path, true, &pair), STATUS_OK);
    test_keys_drop(&world.keys, "hospital-01/publisher");
    FILE *table = fopen(world.keys.keys_path, "a");
    assert_non_null(table);
    fprintf(table, "hospital-01/publisher hospital-01 publisher %s\n", pair.public_text);
    fclose(table);
    reload();
    expect_cut(first, neighbour);
    ping(second);
    client_socket_destroy(&first);
    client_socket_destroy(&second);
    client_socket_destroy(&neighbour);
}

static void a_bad_table_changes_nothing(void **state) {
    (void)state;
    struct client_socket *socket = connect_with(world.hospital);
    struct keys_error error = {""};
    ping(socket);
    FILE *table = fopen(world.keys.keys_path, "a");
    assert_non_null(table);
    fputs("nonsense\n", table);
    fclose(table);
    assert_int_equal(server_reload(world.server, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "keys.tab:5: "));
    ping(socket);
    client_socket_destroy(&socket);
}

static size_t forge(uint8_t *out, const char *name, const char *value) {
    return raw_peer_property(out, name, value, strlen(value));
}

static void metadata_cannot_be_forged(void **state) {
    (void)state;
    struct raw_peer peer;
    struct curve_pair pair;
    uint8_t metadata[512], reply[512];
    assert_int_equal(curve_pair_load(world.operator, true, &pair), STATUS_OK);
    size_t size = forge(metadata, "User-Id", "operator/operator");
    size += forge(metadata + size, "org", "operator");
    size += forge(metadata + size, "role", "operator");
    size += forge(metadata + size, "key", pair.public_text);
    size += forge(metadata + size, "X-User-Id", "operator/operator");
    size += forge(metadata + size, "__fd", "0");
    raw_peer_connect(&peer, server_endpoint(world.server));
    assert_true(raw_peer_handshake(&peer, world.hospital, world.keys.server_public_path, metadata, size));
    raw_peer_send_message(&peer, "\x08\x2a\x12\x00", 4);
    while (counters().requests == 0) {
        turn(NULL);
    }
    assert_string_equal(world.last_principal, "hospital-01/publisher");
    assert_true(raw_peer_receive_message(&peer, reply, sizeof reply) > 0);
    raw_peer_close(&peer);
}

/* A name that a client gave itself could be taken by the next one, and with it replies that are still due. */
static void a_routing_id_of_its_own_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {"gate", "a name far longer than any that is kept, so that it is cut at once"};
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct raw_peer peer;
    uint8_t metadata[128], reply[512];
    for (size_t i = 0; i < 2; i++) {
        size_t size = forge(metadata, "Identity", names[i]);
        raw_peer_connect(&peer, server_endpoint(world.server));
        assert_true(raw_peer_handshake(&peer, world.hospital, world.keys.server_public_path, metadata, size));
        raw_peer_send_message(&peer, "\x08\x2a\x12\x00", 4);
        while (counters().refused_malformed == i) {
            ping(neighbour);
        }
        size = raw_peer_receive_message(&peer, reply, sizeof reply);
        if (i == 0) {
            Common__V1__Reply *problem = common__v1__reply__unpack(&world.answers.allocator, size, reply);
            assert_non_null(problem);
            assert_int_equal(problem->body_case, COMMON__V1__REPLY__BODY_PROBLEM);
            assert_string_equal(problem->problem->field, "routing_id");
        } else {
            assert_true(size == SIZE_MAX);
        }
        raw_peer_close(&peer);
    }
    client_socket_destroy(&neighbour);
}

/* --- without CURVE --- */

static void other_mechanisms_are_refused(void **state) {
    (void)state;
    static const char *const mechanisms[] = {"NULL", "PLAIN", "GSSAPI", ""};
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct raw_peer peer;
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        raw_peer_connect(&peer, server_endpoint(world.server));
        raw_peer_greet(&peer, mechanisms[i]);
        raw_peer_send(&peer, "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\6DEALER\0\4\x08\x2a\x12\0", 34);
        raw_peer_await_end(&peer);
        raw_peer_close(&peer);
        ping(neighbour);
    }
    assert_int_equal(counters().handshakes_accepted, 1);
    assert_int_equal(counters().requests, 4);
    client_socket_destroy(&neighbour);
}

static void other_protocols_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35},
        {"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11},
        {"\x01\0\x05\0\x08\x2a\x12\0\0\0\0\0", 12},                       /* ZMTP 1.0 */
        {"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0\0\x04\x08\x2a\x12", 19}, /* ZMTP 2.0 */
    };
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct raw_peer peer;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        raw_peer_connect(&peer, server_endpoint(world.server));
        raw_peer_send(&peer, cases[i].bytes, cases[i].size);
        raw_peer_await_end(&peer);
        raw_peer_close(&peer);
        ping(neighbour);
    }
    assert_int_equal(counters().handshakes_accepted, 1);
    assert_int_equal(counters().requests, 4);
    client_socket_destroy(&neighbour);
}

/* --- bad messages: the sender is told, the neighbour is served --- */

static void bad_requests_are_answered(void **state) {
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        Common__V1__Code code;
        uint64_t request;
        const char *field;
    } cases[] = {
        {"\x08\x07\xff\xff\xff", 5, COMMON__V1__CODE__CODE_MALFORMED, 7, ""},
        {"", 0, COMMON__V1__CODE__CODE_MISSING, 0, "body"},
        {"\x08\x07\x22\x04\x0a\x02h\xff", 8, COMMON__V1__CODE__CODE_BAD_TEXT, 7, "organisation"},
        {"\x08\x07\x22\x04\x0a\x02h\0", 8, COMMON__V1__CODE__CODE_BAD_TEXT, 7, "organisation"},
        {"\x08\x07\xa2\x06\x00", 5, COMMON__V1__CODE__CODE_UNSUPPORTED, 7, "body"},
    };
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_bytes(socket, cases[i].data, cases[i].size);
        ping(neighbour);
        expect_problem(socket, cases[i].code, cases[i].request, cases[i].field);
    }
    ping(socket);
    struct server_counters c = counters();
    assert_int_equal(c.refused_malformed, 1);
    assert_int_equal(c.refused_text, 2);
    assert_int_equal(c.refused_value, 2);
    assert_int_equal(c.requests, 6);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void too_many_commands_are_answered(void **state) {
    (void)state;
    struct submit_writer writer = {0};
    struct client_socket *socket = connect_with(world.hospital);
    submit_writer_begin(&writer, NULL);
    for (int i = 0; i < 5000; i++) {
        submit_writer_add(&writer, &(struct id){{1}}, 1, 0, (const uint8_t *)"x", 1);
    }
    submit_writer_close(&writer, 9, 0);
    send_bytes(socket, submit_writer_data(&writer), submit_writer_size(&writer));
    expect_problem(socket, COMMON__V1__CODE__CODE_TOO_LARGE, 9, "submit.commands");
    assert_int_equal(counters().refused_size, 1);
    ping(socket);
    submit_writer_release(&writer);
    client_socket_destroy(&socket);
}

static void send_frames(struct client_socket *socket, size_t frames) {
    void *raw = zsock_resolve(client_socket_zsock(socket));
    while (zmq_send(raw, "\x08\x2a\x12\x00", 4, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        turn(socket);
    }
    for (size_t i = 1; i < frames; i++) {
        assert_int_equal(zmq_send(raw, "x", 1, i + 1 < frames ? ZMQ_SNDMORE : 0), 1);
    }
}

static void further_frames_are_answered(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    for (size_t frames = 2; frames <= 65; frames += 21) {
        send_frames(socket, frames);
        ping(neighbour);
        expect_problem(socket, COMMON__V1__CODE__CODE_MALFORMED, 0, "frames");
        ping(socket);
    }
    assert_int_equal(counters().refused_frames, 4);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void a_flood_of_frames_is_cut(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    ping(neighbour);
    send_frames(socket, 100000);
    while (counters().refused_frames == 0) {
        turn(NULL);
    }
    ping(neighbour);
    ping(socket); /* over a new connection */
    assert_int_equal(counters().handshakes_accepted, 3);
    assert_int_equal(counters().refused_frames, 1);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void an_oversized_frame_is_cut(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    size_t size = 2 * 1024 * 1024;
    uint8_t *large = calloc(1, size);
    assert_non_null(large);
    ping(neighbour);
    ping(socket);
    uint64_t requests = counters().requests;
    send_bytes(socket, large, size);
    while (counters().handshakes_accepted < 3) { /* cut, and connected again */
        ping(neighbour);
        requests++;
    }
    assert_int_equal(counters().requests, requests);
    ping(socket);
    free(large);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

static void a_flood_of_garbage_ends_the_turn(void **state) {
    (void)state;
    struct client_socket *neighbour = connect_with(world.neighbour);
    struct client_socket *socket = connect_with(world.hospital);
    ping(socket);
    for (int i = 0; i < 900; i++) {
        send_bytes(socket, "\xff", 1);
    }
    ping(neighbour);
    for (int i = 0; i < 900; i++) {
        expect_problem(socket, COMMON__V1__CODE__CODE_MALFORMED, 0, "");
    }
    assert_int_equal(counters().refused_malformed, 900);
    client_socket_destroy(&socket);
    client_socket_destroy(&neighbour);
}

/* --- the server's own side --- */

static void a_gone_peer_is_told_apart(void **state) {
    (void)state;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    struct peer nobody = {.size = 5, .id = {0, 1, 2, 3, 4}};
    reply.body_case = COMMON__V1__REPLY__BODY_PONG;
    reply.pong = &pong;
    assert_int_equal(server_send(world.server, &nobody, &reply), STATUS_NOT_FOUND);
    assert_int_equal(counters().replies_dropped, 1);
}

static void a_slow_peer_is_told_apart(void **state) {
    (void)state;
    struct client_socket *socket = connect_with(world.hospital);
    struct incoming incoming;
    static uint8_t body[16 * 1024];
    send_bytes(socket, "\x08\x2a\x12\x00", 4);
    while (server_receive(world.server, &world.arena, &incoming) != STATUS_OK) {
        zmq_pollitem_t item = {.socket = zsock_resolve(server_socket(world.server)), .events = ZMQ_POLLIN};
        zmq_poll(&item, 1, -1);
    }
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    Common__V1__Answer text = COMMON__V1__ANSWER__INIT;
    text.body = (ProtobufCBinaryData){sizeof body, body};
    reply.body_case = COMMON__V1__REPLY__BODY_ANSWER;
    reply.answer = &text;
    size_t sent = 0;
    enum status status;
    while ((status = server_send(world.server, &incoming.peer, &reply)) == STATUS_OK) {
        sent++;
    }
    assert_int_equal(status, STATUS_AGAIN);
    for (size_t i = 0; i < sent; i++) {
        assert_int_equal(receive(socket)->body_case, COMMON__V1__REPLY__BODY_ANSWER);
    }
    arena_reset(&world.arena);
    client_socket_destroy(&socket);
}

static void a_server_starts_only_whole(void **state) {
    (void)state;
    struct server *other;
    struct keys_error error = {""};
    struct server_options options = {
        .bind = "tcp://127.0.0.1:*", .key_path = world.keys.server_key_path, .keys_path = world.keys.keys_path};
    assert_int_equal(server_new(&options, &other, &error), STATUS_IO); /* there is one in this process */
    assert_null(other);
    server_destroy(&world.server);
    const struct {
        const char *bind, *key_path, *keys_path;
        enum status want;
    } cases[] = {
        {"tcp://127.0.0.1", options.key_path, options.keys_path, STATUS_CONFIG},
        {"nonsense", options.key_path, options.keys_path, STATUS_CONFIG},
        {"udp://127.0.0.1:5555", options.key_path, options.keys_path, STATUS_CONFIG},
        {"tcp://192.0.2.1:7101", options.key_path, options.keys_path, STATUS_IO}, /* it may come up later */
        {options.bind, world.keys.server_public_path, options.keys_path, STATUS_CONFIG},
        {options.bind, "/tmp/liancheng-no-such-file", options.keys_path, STATUS_CONFIG},
        {options.bind, options.key_path, "/tmp/liancheng-no-such-file", STATUS_CONFIG},
        {options.bind, options.key_path, options.key_path, STATUS_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.bind = cases[i].bind;
        options.key_path = cases[i].key_path;
        options.keys_path = cases[i].keys_path;
        error.text[0] = 0;
        enum status status = server_new(&options, &other, &error);
        if (status != cases[i].want || other != NULL || error.text[0] == 0) {
            fail_msg("case %zu: %s (%s)", i, status_name(status), error.text);
        }
    }
    start_server(); /* after all that, a good one */
    struct client_socket *socket = connect_with(world.hospital);
    ping(socket);
    client_socket_destroy(&socket);
}

/* --- the submitting client --- */

static struct {
    uint64_t next; /* number of the receipt that must come next */
    bool is_ordered;
} receipts;

static void take_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    (void)user;
    assert_int_equal(receipt->result, COMMON__V1__RESULT__RESULT_ACCEPTED);
    receipts.is_ordered = receipts.is_ordered && number == receipts.next;
    receipts.next++;
}

static struct client *new_client(uint32_t window, uint32_t resend_ms) {
    struct client *client;
    struct client_options options = {.socket = options_of(world.hospital),
                                     .organisation = "hospital-01",
                                     .window_submits = window,
                                     .resend_ms = resend_ms,
                                     .receipt = take_receipt};
    receipts.next = 0;
    receipts.is_ordered = true;
    assert_int_equal(client_new(&options, &client), STATUS_OK);
    return client;
}

static void pump(struct client *client) {
    assert_int_equal(client_pump(client, 1), STATUS_OK);
    serve();
}

static void add(struct client *client, uint64_t number, size_t body_size) {
    static const uint8_t body[SERVER_COMMAND_BYTES_MAX];
    struct id id = {{7}};
    enum status status;
    while ((status = client_add(client, &id, 1577836800000, 0, body, body_size, number)) == STATUS_AGAIN) {
        pump(client);
    }
    assert_int_equal(status, STATUS_OK);
}

static void finish(struct client *client, uint64_t count) {
    assert_int_equal(client_flush(client), STATUS_OK);
    while (client_outstanding(client) > 0) {
        pump(client);
    }
    assert_int_equal(receipts.next, count);
}

static void commands_come_back_as_receipts(void **state) {
    (void)state;
    struct client *client = new_client(4, 60000);
    for (uint64_t i = 0; i < 20000; i++) {
        add(client, i, 50);
        if (client_building(client) == 64) {
            assert_int_equal(client_flush(client), STATUS_OK);
            assert_int_equal(client_building(client), 0);
        }
    }
    finish(client, 20000);
    assert_true(receipts.is_ordered);
    assert_int_equal(world.submits, 313);
    client_destroy(&client);
}

static void a_full_submit_is_sent_by_itself(void **state) {
    (void)state;
    struct client *client = new_client(8, 60000);
    for (uint64_t i = 0; i < 2 * SERVER_COMMANDS_MAX + 1; i++) {
        add(client, i, 1);
    }
    finish(client, 2 * SERVER_COMMANDS_MAX + 1);
    assert_int_equal(world.submits, 3);
    receipts.next = 0;
    for (uint64_t i = 0; i < 30; i++) { /* 14 of these make 896 KiB */
        add(client, i, SERVER_COMMAND_BYTES_MAX);
    }
    finish(client, 30);
    assert_true(receipts.is_ordered);
    assert_int_equal(world.submits, 3 + 3);
    assert_int_equal(counters().refused_size, 0);
    uint8_t byte = 0;
    assert_int_equal(client_add(client, &(struct id){{7}}, 1, 0, &byte, SERVER_COMMAND_BYTES_MAX + 1, 0), STATUS_USAGE);
    client_destroy(&client);
}

static void silence_is_answered_by_sending_again(void **state) {
    (void)state;
    struct client *client = new_client(4, 50);
    world.is_deaf = true;
    for (uint64_t i = 0; i < 3; i++) {
        add(client, i, 10);
        client_flush(client);
    }
    while (world.submits < 9) { /* at least twice again */
        pump(client);
    }
    world.is_deaf = false;
    finish(client, 3);
    assert_true(receipts.is_ordered);
    /* Receipts of repetitions that are still on their way change nothing. */
    add(client, 3, 10);
    finish(client, 4);
    client_destroy(&client);
}

static void an_unavailable_daemon_is_waited_for(void **state) {
    (void)state;
    struct client *client = new_client(4, 60000);
    world.is_unavailable = true;
    for (uint64_t i = 0; i < 4; i++) {
        add(client, i, 10);
        client_flush(client);
    }
    while (world.submits < 8) {
        pump(client);
    }
    assert_int_equal(receipts.next, 0);
    assert_string_equal(client_problem(client), "");
    world.is_unavailable = false;
    finish(client, 4);
    assert_true(receipts.is_ordered);
    client_destroy(&client);
}

static void a_restarted_daemon_gets_it_again(void **state) {
    (void)state;
    struct client *client = new_client(4, 200);
    world.is_deaf = true;
    add(client, 0, 10);
    client_flush(client);
    while (world.submits == 0) {
        pump(client);
    }
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "%s", server_endpoint(world.server));
    server_destroy(&world.server);
    add(client, 1, 10);
    client_flush(client);
    client_pump(client, 0);
    struct server_options options = {
        .bind = endpoint, .key_path = world.keys.server_key_path, .keys_path = world.keys.keys_path};
    struct keys_error error = {""};
    while (server_new(&options, &world.server, &error) != STATUS_OK) { /* until the port is free */
        client_pump(client, 0);
    }
    world.is_deaf = false;
    finish(client, 2);
    assert_true(receipts.is_ordered);
    client_destroy(&client);
}

static void what_cannot_succeed_is_told(void **state) {
    (void)state;
    struct client *client;
    struct client_options options = {
        .socket = options_of(world.hospital), .organisation = "bad\xff", .window_submits = 2};
    uint8_t byte = 0;
    assert_int_equal(client_new(&options, &client), STATUS_OK);
    assert_int_equal(client_add(client, &(struct id){{7}}, 1, 0, &byte, 1, 0), STATUS_OK);
    assert_int_equal(client_flush(client), STATUS_OK);
    enum status status;
    while ((status = client_pump(client, 1)) == STATUS_OK) {
        serve();
    }
    assert_int_equal(status, STATUS_DENIED);
    assert_non_null(strstr(client_problem(client), "organisation: "));
    assert_int_equal(client_add(client, &(struct id){{7}}, 1, 0, &byte, 1, 0), STATUS_DENIED);
    assert_int_equal(client_pump(client, 0), STATUS_DENIED);
    client_destroy(&client);
}

static void one_call_has_one_reply(void **state) {
    (void)state;
    struct client_socket *socket = connect_with(world.hospital);
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    Common__V1__Ping body = COMMON__V1__PING__INIT;
    Common__V1__Reply *reply;
    request.request = 99;
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &body;
    ping(socket);
    /* Nobody serves: no answer in this time. */
    assert_int_equal(client_call(socket, &request, &world.answers, 20, &reply), STATUS_UNAVAILABLE);
    assert_null(reply);
    /* Sent ahead, served ahead: the call finds its own reply behind the stale one. */
    send_bytes(socket, "\x08\x01\x12\x00", 4);
    while (counters().requests < 3) {
        turn(NULL);
    }
    request.request = 1;
    assert_int_equal(client_call(socket, &request, &world.answers, 60000, &reply), STATUS_OK);
    assert_int_equal(reply->request, 1);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PONG);
    client_socket_destroy(&socket);
}

static void a_client_needs_its_files(void **state) {
    (void)state;
    struct client_socket *socket;
    const char *server = world.keys.server_public_path;
    const struct {
        const char *endpoint, *key_path, *server_key_path;
        enum status want;
    } cases[] = {
        {"tcp://127.0.0.1:1", "/tmp/liancheng-no-such-file", server, STATUS_NOT_FOUND},
        {"tcp://127.0.0.1:1", world.hospital, "/tmp/liancheng-no-such-file", STATUS_NOT_FOUND},
        {"tcp://127.0.0.1:1", server, server, STATUS_MALFORMED},
        {"tcp://127.0.0.1", world.hospital, server, STATUS_CONFIG},
        {"nonsense", world.hospital, server, STATUS_CONFIG},
        {"%s%n", world.hospital, server, STATUS_CONFIG},
        {"tcp://127.0.0.1:1", world.hospital, server, STATUS_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client_socket_options options = {
            .endpoint = cases[i].endpoint, .key_path = cases[i].key_path, .server_key_path = cases[i].server_key_path};
        assert_int_equal(client_socket_new(&options, &socket), cases[i].want);
        client_socket_destroy(&socket);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_known_key_is_served),
        CASE(an_unknown_key_may_come_back_later),
        CASE(a_revoked_key_is_refused),
        CASE(a_live_connection_of_a_revoked_key_is_cut),
        CASE(a_live_connection_of_a_dropped_principal_is_cut),
        CASE(keys_rotate),
        CASE(a_bad_table_changes_nothing),
        CASE(metadata_cannot_be_forged),
        CASE(a_routing_id_of_its_own_is_refused),
        CASE(other_mechanisms_are_refused),
        CASE(other_protocols_are_refused),
        CASE(bad_requests_are_answered),
        CASE(too_many_commands_are_answered),
        CASE(further_frames_are_answered),
        CASE(a_flood_of_frames_is_cut),
        CASE(an_oversized_frame_is_cut),
        CASE(a_flood_of_garbage_ends_the_turn),
        CASE(a_gone_peer_is_told_apart),
        CASE(a_slow_peer_is_told_apart),
        CASE(a_server_starts_only_whole),
        CASE(commands_come_back_as_receipts),
        CASE(a_full_submit_is_sent_by_itself),
        CASE(silence_is_answered_by_sending_again),
        CASE(an_unavailable_daemon_is_waited_for),
        CASE(a_restarted_daemon_gets_it_again),
        CASE(what_cannot_succeed_is_told),
        CASE(one_call_has_one_reply),
        CASE(a_client_needs_its_files),
    };
    zsys_init();
    zsys_handler_set(NULL); /* SIGTERM and SIGINT end the test */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
