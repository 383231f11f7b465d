#include "wire/parse.h"

#include <stdio.h>

#include "wire/limits.h"
#include "wire/validate.h"
#include "wire/varint.h"

/* The number of a request that does not parse as a whole. */
static uint64_t salvage_number(const uint8_t *data, size_t size) {
    uint64_t number = 0;
    struct wire_field part;
    size_t taken;
    while (size > 0 && (taken = wire_field_read(data, size, &part)) > 0) {
        if (part.number == 1 && part.type == WIRE_VARINT) {
            number = part.value;
        }
        data += taken;
        size -= taken;
    }
    return number;
}

static Common__V1__Code refuse(struct parse_problem *problem, Common__V1__Code code, const char *field) {
    problem->code = code;
    snprintf(problem->field, sizeof problem->field, "%s", field);
    return code;
}

static Common__V1__Code check_submit(const Common__V1__Submit *submit, struct parse_problem *problem) {
    if (submit->n_commands > SERVER_COMMANDS_MAX) {
        return refuse(problem, COMMON__V1__CODE__CODE_TOO_LARGE, "submit.commands");
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

static Common__V1__Code check_limits(const Common__V1__Request *request, struct parse_problem *problem) {
    if (request->body_case == COMMON__V1__REQUEST__BODY__NOT_SET) {
        return refuse(problem, COMMON__V1__CODE__CODE_MISSING, "body");
    }
    if (request->body_case == COMMON__V1__REQUEST__BODY_SUBMIT) {
        return check_submit(request->submit, problem);
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

Common__V1__Code parse_request(const uint8_t *data, size_t size, struct arena *arena, Common__V1__Request **request,
                               struct parse_problem *problem) {
    *request = NULL;
    *problem = (struct parse_problem){0};
    if (size > SERVER_FRAME_BYTES_MAX) {
        return refuse(problem, COMMON__V1__CODE__CODE_TOO_LARGE, "");
    }
    ProtobufCMessage *message;
    const char *field;
    Common__V1__Code code =
        validate_unpack(&common__v1__request__descriptor, &arena->allocator, data, size, &message, &field);
    if (code == COMMON__V1__CODE__CODE_UNSPECIFIED) {
        code = check_limits((Common__V1__Request *)message, problem);
    } else {
        refuse(problem, code, field);
    }
    if (code == COMMON__V1__CODE__CODE_UNSPECIFIED) {
        *request = (Common__V1__Request *)message;
    } else {
        problem->request = salvage_number(data, size);
    }
    return code;
}

enum status parse_reply(const uint8_t *data, size_t size, struct arena *arena, Common__V1__Reply **reply) {
    ProtobufCMessage *message;
    const char *field;
    *reply = NULL;
    Common__V1__Code code =
        validate_unpack(&common__v1__reply__descriptor, &arena->allocator, data, size, &message, &field);
    if (code == COMMON__V1__CODE__CODE_UNKNOWN_VALUE) {
        message = protobuf_c_message_unpack(&common__v1__reply__descriptor, &arena->allocator, size, data);
    }
    if (message == NULL || ((Common__V1__Reply *)message)->body_case == COMMON__V1__REPLY__BODY__NOT_SET) {
        return STATUS_MALFORMED;
    }
    *reply = (Common__V1__Reply *)message;
    return STATUS_OK;
}
