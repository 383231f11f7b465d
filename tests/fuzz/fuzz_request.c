#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/query.pb-c.h"
#include "wire/limits.h"
#include "wire/parse.h"
#include "wire/validate.h"

/* Any frame of a client, then the bodies inside it, as a registry reads them. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_body(const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                      const ProtobufCBinaryData *body) {
    ProtobufCMessage *message;
    const char *field;
    Common__V1__Code code = validate_unpack(descriptor, &arena->allocator, body->data, body->len, &message, &field);
    CHECK((code == COMMON__V1__CODE__CODE_UNSPECIFIED) == (message != NULL) && field != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct arena arena;
    if (arena.cap_bytes == 0) {
        arena_init(&arena, SERVER_UNPACK_BYTES_MAX);
    }
    arena_reset(&arena);
    Common__V1__Request *request;
    struct parse_problem problem;
    if (parse_request(data, size, &arena, &request, &problem) != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        CHECK(request == NULL && problem.code != COMMON__V1__CODE__CODE_UNSPECIFIED);
        read_body(&visits__v1__command__descriptor, &arena, &(ProtobufCBinaryData){size, (uint8_t *)data});
        return 0;
    }
    if (request->body_case == COMMON__V1__REQUEST__BODY_SUBMIT) {
        for (size_t i = 0; i < request->submit->n_commands; i++) {
            read_body(&visits__v1__command__descriptor, &arena, &request->submit->commands[i]->body);
        }
    } else if (request->body_case == COMMON__V1__REQUEST__BODY_QUERY) {
        read_body(&visits__v1__query__descriptor, &arena, &request->query->body);
    }
    return 0;
}
