/* Messages as JSON and back, over every message type of the contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "common/v1/message.pb-c.h"
#include "ctl/json.h"
#include "ctl/json_names.h"
#include "hl7/v1/query.pb-c.h"
#include "metrics/v1/metrics.pb-c.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"
#include "visits/v1/query.pb-c.h"

#define ARENA_BYTES (16 * 1024 * 1024)

/* All others are members of these. */
static const ProtobufCMessageDescriptor *const roots[] = {
    &common__v1__request__descriptor,  &common__v1__reply__descriptor,  &visits__v1__command__descriptor,
    &visits__v1__event__descriptor,    &visits__v1__query__descriptor,  &visits__v1__answer__descriptor,
    &metrics__v1__command__descriptor, &metrics__v1__query__descriptor, &metrics__v1__answer__descriptor,
    &hl7__v1__query__descriptor,       &hl7__v1__answer__descriptor,
};

/* --- A message of any type with something in every field -------------------------------------------------------------
 */
static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *descriptor, unsigned variant, struct arena *arena);

static void fill_bytes(const ProtobufCFieldDescriptor *field, unsigned variant, struct arena *arena,
                       ProtobufCBinaryData *data) {
    data->len = json_field_is_uuid(field) ? 16 : 1 + variant % 40;
    data->data = arena_alloc(arena, data->len);
    for (size_t i = 0; i < data->len; i++) {
        data->data[i] = (uint8_t)(i * 37 + variant * 11 + 250);
    }
}

static void fill_member(const ProtobufCFieldDescriptor *field, unsigned variant, struct arena *arena, void *member) {
    static const char *const texts[] = {"x", "许昌", "a\"b\\c\n\x01", "\xf0\x9f\x8f\xa5", "0"};
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        *(int32_t *)member = variant % 2 ? INT32_MIN : 7;
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(uint32_t *)member = variant % 2 ? UINT32_MAX : 7;
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(int64_t *)member = variant % 3 == 0 ? INT64_MIN : variant % 3 == 1 ? INT64_MAX : -1;
        return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)member = variant % 2 ? UINT64_MAX : (UINT64_C(1) << 53) + 1;
        return;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)member = 1.5f;
        return;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)member = 0.1;
        return;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = 1;
        return;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *names = field->descriptor;
        *(int32_t *)member = names->values[(variant + 1) % names->n_values].value;
        return;
    }
    case PROTOBUF_C_TYPE_STRING:
        *(const char **)member = texts[variant % (sizeof texts / sizeof *texts)];
        return;
    case PROTOBUF_C_TYPE_BYTES:
        fill_bytes(field, variant, arena, member);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)member = filled(field->descriptor, variant, arena);
        return;
    }
    fail();
}

static void fill_repeated(const ProtobufCFieldDescriptor *field, unsigned variant, struct arena *arena,
                          ProtobufCMessage *message) {
    size_t count = variant % 3; /* also none */
    uint8_t *items = arena_zalloc(arena, (count + 1) * json_item_bytes(field));
    for (size_t i = 0; i < count; i++) {
        fill_member(field, variant + (unsigned)i, arena, items + i * json_item_bytes(field));
    }
    *(void **)((uint8_t *)message + field->offset) = items;
    *(size_t *)((uint8_t *)message + field->quantifier_offset) = count;
}

/* Of a oneof, the member whose turn it is. */
static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *descriptor, unsigned variant, struct arena *arena) {
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint8_t *member = (uint8_t *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            fill_repeated(field, variant, arena, message);
        } else if (!json_field_is_of_oneof(field)) {
            fill_member(field, variant, arena, member);
        } else if (i == variant % descriptor->n_fields) {
            *(uint32_t *)((uint8_t *)message + field->quantifier_offset) = field->id;
            fill_member(field, variant / descriptor->n_fields, arena, member);
        }
    }
    return message;
}

/* --- Round trips
 * ------------------------------------------------------------------------------------------------------ */
static uint8_t *packed(const ProtobufCMessage *message, struct arena *arena, size_t *size) {
    *size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_alloc(arena, *size);
    protobuf_c_message_pack(message, bytes);
    return bytes;
}

/* Through text, as in life. */
static void check_round_trip(const ProtobufCMessage *message, struct arena *arena) {
    json_t *json = json_from_message(message);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    assert_non_null(text);
    json_error_t error;
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(again);
    ProtobufCMessage *back = NULL;
    struct json_problem problem = {"", ""};
    if (json_to_message(again, message->descriptor, arena, &back, &problem) != STATUS_OK) {
        fail_msg("%s: %s: %s in %s", message->descriptor->name, problem.path, problem.message, text);
    }
    size_t want_size, got_size;
    uint8_t *want = packed(message, arena, &want_size), *got = packed(back, arena, &got_size);
    if (want_size != got_size || memcmp(want, got, want_size) != 0) {
        fail_msg("%s changed on its way: %s", message->descriptor->name, text);
    }
    json_decref(again);
    free(text);
}

static void every_message_type_round_trips(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        for (unsigned variant = 0; variant < 15 * roots[i]->n_fields; variant++) {
            arena_reset(&arena);
            check_round_trip(filled(roots[i], variant, &arena), &arena);
        }
    }
    arena_release(&arena);
}

/* --- How it looks
 * ----------------------------------------------------------------------------------------------------- */
static void check_text(const ProtobufCMessage *message, const char *want) {
    json_t *json = json_from_message(message);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, want);
    free(text);
    json_decref(json);
}

static void fields_print_as_the_header_says(void **state) {
    (void)state;
    uint8_t sixteen[16] = {0x01, 0x8f, 0x00, 0x11, 0x22, 0x33, 0x7a, 0xbb, 0x8c, 0xdd, 1, 2, 3, 4, 5, 0xff};
    Common__V1__Command command = COMMON__V1__COMMAND__INIT;
    command.id = (ProtobufCBinaryData){16, sixteen};
    command.body = (ProtobufCBinaryData){3, sixteen};
    command.occurred_at_ms = -5;
    command.expected_version = UINT64_MAX;
    check_text(&command.base, "{\"id\":\"018f0011-2233-7abb-8cdd-0102030405ff\",\"occurred_at_ms\":-5,"
                              "\"expected_version\":\"18446744073709551615\",\"body\":\"018f00\"}");
    Visits__V1__Visit visit = VISITS__V1__VISIT__INIT;
    visit.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
    check_text(&visit.base, "{\"day\":0,\"region\":0,\"facility\":\"\",\"visit_class\":\"VISIT_CLASS_EMERGENCY\","
                            "\"one_card\":false,\"edge\":0,\"rescue\":\"RESCUE_ARRIVAL_UNSPECIFIED\"}");
    visit.visit_class = (Visits__V1__VisitClass)99;
    visit.facility = (char *)"\xff\xfe";
    check_text(&visit.base, "{\"day\":0,\"region\":0,\"facility\":\"fffe\",\"visit_class\":99,"
                            "\"one_card\":false,\"edge\":0,\"rescue\":\"RESCUE_ARRIVAL_UNSPECIFIED\"}");
    Visits__V1__VisitChanged changed = VISITS__V1__VISIT_CHANGED__INIT;
    check_text(&changed.base, "{}");
}

/* --- Reading
 * ---------------------------------------------------------------------------------------------------------- */
struct reading {
    const ProtobufCMessageDescriptor *descriptor;
    const char *text;
    const char *path;    /* of the problem; NULL: it is good */
    const char *message; /* part of what is said; of a good one, NULL */
};

static const struct reading readings[] = {
    {&visits__v1__command__descriptor, "{}", NULL, NULL},
    {&visits__v1__command__descriptor, "{\"open_visit\":null}", NULL, NULL},
    {&visits__v1__command__descriptor, "{\"open_visit\":{}}", NULL, NULL},
    {&common__v1__command__descriptor, "{\"occurred_at_ms\":\"-9223372036854775808\"}", NULL, NULL},
    {&common__v1__command__descriptor, "{\"expected_version\":\"18446744073709551615\"}", NULL, NULL},
    {&common__v1__command__descriptor, "{\"id\":\"018F0011-2233-7ABB-8CDD-0102030405FF\"}", NULL, NULL},
    {&common__v1__command__descriptor, "{\"id\":\"018f001122337abb8cdd0102030405ff\",\"body\":\"00FFaa\"}", NULL, NULL},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"card_kind\":2}}", NULL, NULL},

    {&visits__v1__command__descriptor,
     "{\"report_visit\":{\"statement\":\"VISIT_STATEMENT_OPENED\",\"person\":{\"local_ids\":[{\"kind\":"
     "\"IDENTIFIER_KIND_VISIT_CARD\",\"value\":\"7\"},{\"value\":\"8\"}]},\"rescue\":{\"urban\":true}}}",
     NULL, NULL},
    {&visits__v1__command__descriptor,
     "{\"merge_persons\":{\"merges\":[{\"survivor\":{\"resident_id\":\"x\"},\"prior\":{}}],\"prior_must_exist\":false}}", NULL,
     NULL},
    {&visits__v1__command__descriptor, "{\"decide_conflict\":{\"decision\":\"CONFLICT_DECISION_KEEP_APART\"}}", NULL, NULL},
    {&hl7__v1__query__descriptor, "{\"get_conformance\":{\"first_day\":20000}}", NULL, NULL},

    {&visits__v1__command__descriptor, "{\"report_visit\":{\"statement\":\"OPENED\"}}", "report_visit.statement",
     "one of VISIT_STATEMENT_UNSPECIFIED, VISIT_STATEMENT_OPENED"},
    {&visits__v1__command__descriptor, "{\"report_visit\":{\"person\":{\"local_ids\":[{},{\"kind\":\"CARD\"}]}}}",
     "report_visit.person.local_ids[1].kind", "one of IDENTIFIER_KIND_UNSPECIFIED"},
    {&visits__v1__command__descriptor, "{\"merge_persons\":{\"merges\":{\"survivor\":{}}}}", "merge_persons.merges",
     "an array, not an object"},
    {&visits__v1__command__descriptor, "{\"merge_persons\":{\"merges\":[{\"survivors\":{}}]}}",
     "merge_persons.merges[0].survivors", "survivor, prior"},
    {&visits__v1__command__descriptor, "{\"register_domain\":{\"owners\":[\"a\",1]}}", "register_domain.owners[1]",
     "a string, not a number"},
    {&visits__v1__command__descriptor, "[]", "", "an object, not an array"},
    {&visits__v1__command__descriptor, "{\"open_vist\":{}}", "open_vist", "register_facility, open_visit, close_visit"},
    {&visits__v1__query__descriptor, "{\"list_facilities\":{\"x\":1}}", "list_facilities.x", "there are none"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"visit_nr\":1}}", "open_visit.visit_nr",
     "visit_number, resident_id"},
    {&visits__v1__command__descriptor, "{\"open_visit\":7}", "open_visit", "an object, not a number"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"visit_number\":7}}", "open_visit.visit_number",
     "a string, not a number"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"card_kind\":\"SOCIAL\"}}", "open_visit.card_kind",
     "one of CARD_KIND_UNSPECIFIED, CARD_KIND_SOCIAL_SECURITY"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"card_kind\":99}}", "open_visit.card_kind",
     "one of CARD_KIND_"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"card_kind\":4294967298}}", "open_visit.card_kind", "one of"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{\"card_kind\":true}}", "open_visit.card_kind", "one of"},
    {&visits__v1__command__descriptor, "{\"open_visit\":{},\"close_visit\":{}}", "close_visit",
     "only one of open_visit and close_visit"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":-1}}", "register_facility.region",
     "from 0 to 4294967295"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":4294967296}}", "register_facility.region",
     "to 4294967295"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":1.5}}", "register_facility.region",
     "not whole"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":\"4x\"}}", "register_facility.region",
     "not this text"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":\"\"}}", "register_facility.region",
     "not this text"},
    {&visits__v1__command__descriptor, "{\"register_facility\":{\"region\":\" 4\"}}", "register_facility.region",
     "not this text"},
    {&common__v1__command__descriptor, "{\"occurred_at_ms\":\"9223372036854775808\"}", "occurred_at_ms",
     "not this text"},
    {&common__v1__command__descriptor, "{\"occurred_at_ms\":true}", "occurred_at_ms", "a whole number, not a boolean"},
    {&common__v1__command__descriptor, "{\"expected_version\":-1}", "expected_version", "from 0"},
    {&common__v1__command__descriptor, "{\"expected_version\":\"-1\"}", "expected_version", "not this text"},
    {&common__v1__command__descriptor, "{\"id\":\"xyz\"}", "id", "a UUID"},
    {&common__v1__command__descriptor, "{\"id\":5}", "id", "a UUID"},
    {&common__v1__command__descriptor, "{\"body\":\"abc\"}", "body", "hex digits"},
    {&common__v1__command__descriptor, "{\"body\":\"zz\"}", "body", "hex digits"},
    {&common__v1__submit__descriptor, "{\"commands\":{}}", "commands", "an array, not an object"},
    {&common__v1__submit__descriptor, "{\"commands\":[{},{\"id\":\"0g\"}]}", "commands[1].id", "a UUID"},
    {&common__v1__submit__descriptor, "{\"commands\":[null]}", "commands[0]", "an object, not null"},
    {&common__v1__pong__descriptor, "{\"following\":1}", "following", "true or false"},
    {&visits__v1__patients_delta__descriptor, "{\"patients\":2147483648}", "patients",
     "from -2147483648 to 2147483647"},
};

static void readings_are_taken_or_explained(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        const struct reading *reading = &readings[i];
        json_error_t error;
        json_t *json = json_loads(reading->text, 0, &error);
        assert_non_null(json);
        ProtobufCMessage *message = NULL;
        struct json_problem problem = {"", ""};
        arena_reset(&arena);
        enum status status = json_to_message(json, reading->descriptor, &arena, &message, &problem);
        json_decref(json);
        if (!reading->path) {
            if (status != STATUS_OK) {
                fail_msg("%s: %s: %s", reading->text, problem.path, problem.message);
            }
            continue;
        }
        if (status != STATUS_MALFORMED || strcmp(problem.path, reading->path) != 0 ||
            !strstr(problem.message, reading->message)) {
            fail_msg("%s: got %d, %s: %s", reading->text, status, problem.path, problem.message);
        }
    }
    arena_release(&arena);
}

static void read_values_are_the_written_ones(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    json_error_t error;
    json_t *json = json_loads(
        "{\"id\":\"018f0011-2233-7abb-8cdd-0102030405ff\",\"occurred_at_ms\":\"77\",\"body\":\"00ff\"}", 0, &error);
    ProtobufCMessage *message = NULL;
    struct json_problem problem;
    assert_int_equal(json_to_message(json, &common__v1__command__descriptor, &arena, &message, &problem), STATUS_OK);
    const Common__V1__Command *command = (const Common__V1__Command *)message;
    assert_int_equal(command->id.len, 16);
    assert_int_equal(command->id.data[0], 0x01);
    assert_int_equal(command->id.data[15], 0xff);
    assert_int_equal(command->occurred_at_ms, 77);
    assert_memory_equal(command->body.data, "\x00\xff", 2);
    json_decref(json);
    arena_release(&arena);
}

static void a_message_beyond_the_bound_is_refused(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    json_t *json = json_object(), *list = json_array();
    for (int i = 0; i < 2000; i++) {
        json_array_append_new(list, json_object());
    }
    json_object_set_new(json, "commands", list);
    ProtobufCMessage *message = NULL;
    struct json_problem problem = {"", ""};
    assert_int_equal(json_to_message(json, &common__v1__submit__descriptor, &arena, &message, &problem), STATUS_MEMORY);
    assert_true(strlen(problem.message) > 0);
    json_decref(json);
    arena_release(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_type_round_trips),        cmocka_unit_test(fields_print_as_the_header_says),
        cmocka_unit_test(readings_are_taken_or_explained),       cmocka_unit_test(read_values_are_the_written_ones),
        cmocka_unit_test(a_message_beyond_the_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
