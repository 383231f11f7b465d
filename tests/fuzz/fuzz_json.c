/* JSON lines from outside: what parses packs, validates, prints, and parses again to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/command_line.h"
#include "visits/v1/commands.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct command_line *line, struct arena *arena) {
    ProtobufCBinaryData packed = {line->body_size, line->body};
    json_t *json = json_from_packed(&visits__v1__command__descriptor, &packed, arena);
    CHECK(json);
    ProtobufCMessage *message = NULL;
    struct json_problem problem;
    CHECK(json_to_message(json, &visits__v1__command__descriptor, arena, &message, &problem) == STATUS_OK);
    json_decref(json);
    uint8_t *bytes = malloc(line->body_size);
    CHECK(bytes && protobuf_c_message_get_packed_size(message) == line->body_size);
    protobuf_c_message_pack(message, bytes);
    CHECK(memcmp(bytes, line->body, line->body_size) == 0);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    arena_init(&arena, 4 * 1024 * 1024);
    struct command_line line;
    struct json_problem problem;
    if (command_line_parse(&contracts[0], (const char *)data, size, &arena, &line, &problem) == STATUS_OK) {
        check_again(&line, &arena);
    } else {
        CHECK(memchr(problem.message, 0, sizeof problem.message) && memchr(problem.path, 0, sizeof problem.path));
    }
    arena_release(&arena);
    return 0;
}
