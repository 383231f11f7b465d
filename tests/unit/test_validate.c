#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "client/submit_writer.h"
#include "common/v1/message.pb-c.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"
#include "wire/code_text.h"
#include "wire/limits.h"
#include "wire/parse.h"
#include "wire/validate.h"
#include "wire/varint.h"

#define OK COMMON__V1__CODE__CODE_UNSPECIFIED
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static struct arena arena;

static int set_up(void **state) {
    (void)state;
    arena_init(&arena, SERVER_UNPACK_BYTES_MAX);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

/* --- any message --- */

static void bytes_are_judged(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const ProtobufCMessageDescriptor *descriptor;
        const uint8_t *data;
        size_t size;
        Common__V1__Code code;
        const char *field;
    } cases[] = {
        {"nothing", &visits__v1__command__descriptor, BYTES(""), OK, ""},
        {"a visit", &visits__v1__command__descriptor, BYTES("\x12\x05\x0a\x01V\x20\x04"), OK, ""},
        {"Chinese", &visits__v1__command__descriptor, BYTES("\x12\x08\x0a\x06\xe8\x8e\xb2\xe5\x9f\x8e"), OK, ""},
        {"a NUL in a string", &visits__v1__command__descriptor, BYTES("\x12\x05\x0a\x03V\0W"),
         COMMON__V1__CODE__CODE_BAD_TEXT, "visit_number"},
        {"a NUL at the end", &visits__v1__command__descriptor, BYTES("\x12\x06\x0a\x01V\x12\x01\0"),
         COMMON__V1__CODE__CODE_BAD_TEXT, "resident_id"},
        {"a number that is 0 on the wire", &visits__v1__command__descriptor, BYTES("\x12\x05\x0a\x01V\x30\0"), OK, ""},
        {"latin-1", &visits__v1__command__descriptor, BYTES("\x12\x04\x0a\x02V\xfc"), COMMON__V1__CODE__CODE_BAD_TEXT,
         "visit_number"},
        {"an overlong slash", &visits__v1__command__descriptor, BYTES("\x12\x04\x0a\x02\xc0\xaf"),
         COMMON__V1__CODE__CODE_BAD_TEXT, "visit_number"},
        {"a surrogate", &visits__v1__command__descriptor, BYTES("\x12\x05\x0a\x03\xed\xa0\x80"),
         COMMON__V1__CODE__CODE_BAD_TEXT, "visit_number"},
        {"a card kind of 99", &visits__v1__command__descriptor, BYTES("\x12\x02\x20\x63"),
         COMMON__V1__CODE__CODE_UNKNOWN_VALUE, "card_kind"},
        {"a card kind of -1", &visits__v1__command__descriptor,
         BYTES("\x12\x0b\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), COMMON__V1__CODE__CODE_UNKNOWN_VALUE,
         "card_kind"},
        {"an unknown command", &visits__v1__command__descriptor, BYTES("\xa2\x06\x00"),
         COMMON__V1__CODE__CODE_UNSUPPORTED, "body"},
        {"an unknown field beside a known body", &visits__v1__command__descriptor,
         BYTES("\x12\x03\x0a\x01V\xa2\x06\x01x"), OK, ""},
        {"an enum deep inside, in a list", &visits__v1__event__descriptor, BYTES("\x2a\x06\x0a\x00\x0a\x02\x20\x63"),
         COMMON__V1__CODE__CODE_UNKNOWN_VALUE, "period"},
        {"cut off", &visits__v1__command__descriptor, BYTES("\x12\x05\x0a"), COMMON__V1__CODE__CODE_MALFORMED, ""},
        {"a group", &visits__v1__command__descriptor, BYTES("\x13\x00\x14"), COMMON__V1__CODE__CODE_MALFORMED, ""},
        {"field number 0", &visits__v1__command__descriptor, BYTES("\x02\x01\x00"), COMMON__V1__CODE__CODE_MALFORMED,
         ""},
        {"an endless varint", &visits__v1__command__descriptor,
         BYTES("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), COMMON__V1__CODE__CODE_MALFORMED, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ProtobufCMessage *message;
        const char *field = NULL;
        Common__V1__Code code =
            validate_unpack(cases[i].descriptor, &arena.allocator, cases[i].data, cases[i].size, &message, &field);
        if (code != cases[i].code || strcmp(field, cases[i].field) != 0 || (message != NULL) != (code == OK)) {
            fail_msg("%s: code %d, field %s", cases[i].what, code, field);
        }
        arena_reset(&arena);
    }
}

static void memory_is_bounded(void **state) {
    (void)state;
    struct arena small;
    uint8_t bomb[2000];
    for (size_t i = 0; i < sizeof bomb; i += 2) { /* 1000 empty receipts, two bytes each */
        bomb[i] = 0x0a;
        bomb[i + 1] = 0;
    }
    arena_init(&small, 8 * 1024);
    ProtobufCMessage *message;
    const char *field;
    assert_int_equal(
        validate_unpack(&common__v1__receipts__descriptor, &small.allocator, bomb, sizeof bomb, &message, &field),
        COMMON__V1__CODE__CODE_MALFORMED);
    arena_release(&small);
}

/* --- a Request --- */

static Common__V1__Code parse(const void *data, size_t size, struct parse_problem *problem) {
    Common__V1__Request *request;
    arena_reset(&arena);
    Common__V1__Code code = parse_request(data, size, &arena, &request, problem);
    assert_int_equal(code == OK, request != NULL);
    assert_int_equal(code, problem->code);
    return code;
}

static void requests_are_judged(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const uint8_t *data;
        size_t size;
        Common__V1__Code code;
        uint64_t request;
        const char *field;
    } cases[] = {
        {"a ping", BYTES("\x08\x07\x12\x00"), OK, 0, ""},
        {"an empty frame", BYTES(""), COMMON__V1__CODE__CODE_MISSING, 0, "body"},
        {"a number alone", BYTES("\x08\x07"), COMMON__V1__CODE__CODE_MISSING, 7, "body"},
        {"a body of tomorrow", BYTES("\x08\x07\xa2\x06\x00"), COMMON__V1__CODE__CODE_UNSUPPORTED, 7, "body"},
        {"garbage behind the number", BYTES("\x08\x85\x01\xff\xff"), COMMON__V1__CODE__CODE_MALFORMED, 133, ""},
        {"garbage", BYTES("GET / HTTP/1.1\r\n\r\n"), COMMON__V1__CODE__CODE_MALFORMED, 0, ""},
        {"a wrong type", BYTES("\x08\x07\x10\x01"), COMMON__V1__CODE__CODE_MALFORMED, 7, ""},
        {"a NUL", BYTES("\x08\x09\x22\x04\x0a\x02h\0"), COMMON__V1__CODE__CODE_BAD_TEXT, 9, "organisation"},
        {"bad text", BYTES("\x08\x09\x22\x04\x0a\x02h\xff"), COMMON__V1__CODE__CODE_BAD_TEXT, 9, "organisation"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parse_problem problem;
        if (parse(cases[i].data, cases[i].size, &problem) != cases[i].code || problem.request != cases[i].request ||
            strcmp(problem.field, cases[i].field) != 0) {
            fail_msg("%s: code %d, request %lu, field %s", cases[i].what, problem.code, (unsigned long)problem.request,
                     problem.field);
        }
    }
}

/* A Submit of so many commands, the last with a body of so many bytes. */
static void write_submit(struct submit_writer *writer, size_t commands, size_t body_bytes) {
    static uint8_t body[SERVER_COMMAND_BYTES_MAX + 1];
    struct id id = {{1}};
    submit_writer_begin(writer, "hospital-01");
    for (size_t i = 0; i < commands; i++) {
        submit_writer_add(writer, &id, 1, 0, body, i + 1 == commands ? body_bytes : 1);
    }
    submit_writer_close(writer, 77, 0);
}

static void bounds_hold(void **state) {
    (void)state;
    static const struct {
        size_t commands, body_bytes;
        Common__V1__Code code;
        const char *field;
    } cases[] = {
        {0, 0, OK, ""},
        {1, SERVER_COMMAND_BYTES_MAX, OK, ""},
        {1, SERVER_COMMAND_BYTES_MAX + 1, OK, ""}, /* one command's matter: refused by itself, its neighbours go through */
        {SERVER_COMMANDS_MAX, 1, OK, ""},
        {SERVER_COMMANDS_MAX + 1, 1, COMMON__V1__CODE__CODE_TOO_LARGE, "submit.commands"},
    };
    struct submit_writer writer = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parse_problem problem;
        write_submit(&writer, cases[i].commands, cases[i].body_bytes);
        assert_int_equal(parse(submit_writer_data(&writer), submit_writer_size(&writer), &problem), cases[i].code);
        assert_string_equal(problem.field, cases[i].field);
        assert_int_equal(problem.request, cases[i].code == OK ? 0 : 77);
    }
    submit_writer_release(&writer);
    struct parse_problem problem;
    uint8_t *large = calloc(1, SERVER_FRAME_BYTES_MAX + 1);
    assert_int_equal(parse(large, SERVER_FRAME_BYTES_MAX + 1, &problem), COMMON__V1__CODE__CODE_TOO_LARGE);
    free(large);
}

/* --- the writer by hand against protobuf-c --- */

static void writer_agrees_with_protobuf(void **state) {
    (void)state;
    static const struct {
        int64_t occurred_at_ms;
        uint64_t expected_version;
        size_t body_size;
    } cases[] = {{1577836800000, 0, 40}, {0, 0, 0}, {-1, UINT64_MAX, 1}, {127, 128, 127}, {128, 1, 128}, {1, 7, 20000}};
    static uint8_t body[20000];
    static const char *const organisations[] = {NULL, "", "hospital-01"};
    struct submit_writer writer = {0};
    for (size_t o = 0; o < 3; o++) {
        submit_writer_begin(&writer, organisations[o]);
        for (size_t i = 0; i < 6; i++) {
            struct id id = {{(uint8_t)i, 0, 0xff}};
            size_t bound = submit_writer_size_with(&writer, cases[i].body_size);
            memset(body, (int)i, sizeof body);
            submit_writer_add(&writer, &id, cases[i].occurred_at_ms, cases[i].expected_version, body,
                              cases[i].body_size);
            assert_true(submit_writer_size_with(&writer, 0) <= bound + 64);
        }
        submit_writer_close(&writer, 1, 5);
        submit_writer_close(&writer, o == 0 ? 0 : UINT64_MAX - o, o * 300);
        const uint8_t *data = submit_writer_data(&writer);
        size_t size = submit_writer_size(&writer);
        Common__V1__Request *request = common__v1__request__unpack(NULL, size, data);
        assert_non_null(request);
        assert_int_equal(request->request, o == 0 ? 0 : UINT64_MAX - o);
        assert_string_equal(request->submit->organisation, o == 2 ? "hospital-01" : "");
        assert_int_equal(request->submit->after, o * 300);
        assert_int_equal(request->submit->n_commands, 6);
        for (size_t i = 0; i < 6; i++) {
            const Common__V1__Command *command = request->submit->commands[i];
            assert_int_equal(command->id.len, ID_BYTES);
            assert_int_equal(command->id.data[0], i);
            assert_int_equal(command->occurred_at_ms, cases[i].occurred_at_ms);
            assert_int_equal(command->expected_version, cases[i].expected_version);
            assert_int_equal(command->body.len, cases[i].body_size);
        }
        assert_int_equal(common__v1__request__get_packed_size(request), size);
        uint8_t *packed = malloc(size);
        common__v1__request__pack(request, packed);
        if (request->submit->after == 0) { /* else the field stands at another place than protobuf-c puts it */
            assert_memory_equal(packed, data, size);
        }
        free(packed);
        common__v1__request__free_unpacked(request, NULL);
    }
    submit_writer_release(&writer);
}

static void varints_go_both_ways(void **state) {
    (void)state;
    static const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[VARINT_BYTES_MAX];
        uint64_t back;
        size_t size = varint_write(bytes, values[i]);
        assert_int_equal(size, varint_size(values[i]));
        assert_int_equal(varint_read(bytes, size, &back), size);
        assert_true(back == values[i]);
        assert_int_equal(varint_read(bytes, size - 1, &back), 0);
    }
}

/* --- replies and texts --- */

static void replies_are_judged(void **state) {
    (void)state;
    Common__V1__Reply *reply;
    assert_int_equal(parse_reply(BYTES("\x08\x01\x1a\x00"), &arena, &reply), STATUS_OK);
    assert_int_equal(reply->body_case, COMMON__V1__REPLY__BODY_PONG);
    assert_int_equal(parse_reply(BYTES("\x08\x01"), &arena, &reply), STATUS_MALFORMED);
    assert_int_equal(parse_reply(BYTES("\x08\x01\xa2\x06\x00"), &arena, &reply), STATUS_MALFORMED);
    assert_int_equal(parse_reply(BYTES("\xff"), &arena, &reply), STATUS_MALFORMED);
    assert_int_equal(parse_reply(BYTES("\x08\x01\x12\x05\x08\x01\x12\x01\xff"), &arena, &reply), STATUS_MALFORMED);
    /* A result that a newer daemon added: not for us to refuse. */
    assert_int_equal(parse_reply(BYTES("\x2a\x04\x0a\x02\x08\x63"), &arena, &reply), STATUS_OK);
    assert_int_equal(reply->receipts->receipts[0]->result, 99);
}

static void every_code_has_a_text(void **state) {
    (void)state;
    const ProtobufCEnumDescriptor *codes = &common__v1__code__descriptor;
    for (unsigned i = 0; i < codes->n_values; i++) {
        const struct code_text *text = code_text_find(NULL, (uint32_t)codes->values[i].value);
        assert_int_equal(text->code, codes->values[i].value);
        assert_string_equal(text->name, codes->values[i].name + strlen("CODE_"));
        assert_true(strlen(text->message) > 20 && strlen(text->message_zh) > 20);
    }
    static const struct code_text own[] = {{100, "OWN", "ours", "x"}, {3, "BAD_TEXT", "ours", "x"}, {0}};
    assert_string_equal(code_text_find(own, 100)->message, "ours");
    assert_string_equal(code_text_find(own, 3)->message, "ours");
    assert_string_equal(code_text_find(own, 12)->name, "UNAVAILABLE");
    assert_string_equal(code_text_find(own, 4711)->name, "UNSPECIFIED");
    Common__V1__Problem problem;
    code_text_fill(own, 100, NULL, &problem);
    assert_string_equal(problem.field, "");
    assert_int_equal(problem.code, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_judged),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(writer_agrees_with_protobuf),
        cmocka_unit_test(varints_go_both_ways),
        cmocka_unit_test(replies_are_judged),
        cmocka_unit_test(every_code_has_a_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
