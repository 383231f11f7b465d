#include "support/visits_fixture.h"
#include "wire/validate.h"

/*
 * Anything a facility may send: pairs of (length, bytes) are unpacked as visits.v1.Command, validated as the registry
 * does, decided and folded into one state. Public bodies are packed, so that they are read too.
 */

static uint16_t take(const uint8_t **data, size_t *size, size_t bytes) {
    uint16_t value = 0;
    for (size_t i = 0; i<bytes && * size> 0; i++) {
        value = (uint16_t)(value << 8 | **data);
        (*data)++;
        (*size)--;
    }
    return value;
}

static void pack_events(const struct decision *decision) {
    static uint8_t bytes[1 << 20];
    for (size_t i = 0; i < decision->event_count; i++) {
        const ProtobufCMessage *body = decision->events[i].public_body;
        if (body != NULL && protobuf_c_message_get_packed_size(body) <= sizeof bytes) {
            protobuf_c_message_pack(body, bytes);
        }
    }
}

static void one_command(struct fixture *fixture, const uint8_t *bytes, size_t size, uint8_t knobs) {
    struct arena arena;
    const char *field = NULL;
    arena_init(&arena, 1 << 20);
    Visits__V1__Command *body = visits__v1__command__unpack(&arena.allocator, size, bytes);
    if (body != NULL && validate_message(&body->base, &field) == COMMON__V1__CODE__CODE_UNSPECIFIED) {
        const struct command command = {.organisation = knobs & 1 ? "h1" : "h2",
                                        .role = ROLE_PUBLISHER,
                                        .principal = "fuzz",
                                        .occurred_at_ms = INT64_C(1577836800000) + knobs * INT64_C(40000000),
                                        .received_at_ms = AS_RECEIVED_MS,
                                        .expected_version = knobs & 2 && knobs & 4 ? fixture->seq : 0,
                                        .body = &body->base};
        struct decision decision;
        fixture_step(fixture, &command, &decision);
        pack_events(&decision);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fixture fixture;
    struct decision decision;
    fixture_init(&fixture, 8, 8); /* small, so that full tables are met too */
    fixture_act(&fixture, &(struct act){REGISTER, "h1", "First", .region = 411002}, &decision);
    fixture_act(&fixture, &(struct act){REGISTER, "h2", "Second", .region = 411081}, &decision);
    while (size > 0) {
        const uint8_t knobs = (uint8_t)take(&data, &size, 1);
        size_t length = take(&data, &size, 1);
        length = length > size ? size : length;
        one_command(&fixture, data, length, knobs);
        data += length;
        size -= length;
    }
    fixture_release(&fixture);
    return 0;
}
