#include "ctl/ask_registry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/civil.h"

#define QUESTION_BYTES_MAX 4096
#define TIMEOUT_MS 10000

int registry_desk_open(struct ctl *ctl, const char *registry, const char *as, struct registry_desk *desk) {
    char key[CTL_PATH_BYTES];
    desk->registry = registry;
    arena_init(&desk->arena, ASK_BYTES_MAX);
    enum status status = as == NULL ? STATUS_OK : target_key_as(ctl, as, key);
    if (status == STATUS_OK) {
        status = target_connect(ctl, registry, as == NULL ? NULL : key, &desk->socket);
    }
    return (int)status_exit_code(status);
}

void registry_desk_close(struct registry_desk *desk) {
    client_socket_destroy(&desk->socket);
    arena_release(&desk->arena);
}

/* Which member of its oneof a message has. */
static unsigned member_of(const ProtobufCMessage *message) {
    unsigned member;
    memcpy(&member, (const uint8_t *)message + message->descriptor->fields[0].quantifier_offset, sizeof member);
    return member;
}

int registry_desk_ask(struct registry_desk *desk, const ProtobufCMessage *query,
                      const ProtobufCMessageDescriptor *answers, unsigned member, const ProtobufCMessage **answer) {
    uint8_t bytes[QUESTION_BYTES_MAX];
    const size_t size = protobuf_c_message_get_packed_size(query);
    if (size > sizeof bytes) {
        return ctl_error(EXIT_CODE_USAGE, "the question is too long");
    }
    arena_reset(&desk->arena);
    Common__V1__Query packed = COMMON__V1__QUERY__INIT;
    packed.body = (ProtobufCBinaryData){protobuf_c_message_pack(query, bytes), bytes};
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &packed;
    Common__V1__Reply *reply = NULL;
    const int exit_code = target_call(desk->socket, desk->registry, &request, &desk->arena, TIMEOUT_MS, &reply);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    *answer = reply->body_case != COMMON__V1__REPLY__BODY_ANSWER
                  ? NULL
                  : protobuf_c_message_unpack(answers, &desk->arena.allocator, reply->answer->body.len,
                                              reply->answer->body.data);
    if (*answer == NULL || member_of(*answer) != member) {
        return ctl_error(EXIT_CODE_FAILED, "the answer of %s is not of this contract", desk->registry);
    }
    return EXIT_CODE_OK;
}

/* --- what is written on the command line --- */

bool ask_read_day(const char *option, const char *text, uint32_t *day) {
    int32_t read;
    if (text == NULL) {
        return true;
    }
    if (!civil_date_parse(text, &read) || read <= 0) {
        ctl_error(0, "--%s needs a day after 1970-01-01 as YYYY-MM-DD, not \"%s\"", option, text);
        return false;
    }
    *day = (uint32_t)read;
    return true;
}

const char *ask_word(const ProtobufCEnumDescriptor *names, int value, const char *prefix, char text[32]) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(names, value);
    const char *name = found == NULL ? "?" : found->name;
    const size_t skip = strncmp(name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    snprintf(text, 32, "%s", name + skip);
    for (char *at = text; *at; at++) {
        *at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
    }
    return text;
}

bool ask_read_word(const char *option, const char *text, const ProtobufCEnumDescriptor *names, const char *prefix,
                   int *value) {
    char known[512] = "", word[32];
    for (unsigned i = 0; text != NULL && i < names->n_values; i++) {
        ask_word(names, names->values[i].value, prefix, word);
        if (names->values[i].value != 0 && strcasecmp(word, text) == 0) {
            *value = names->values[i].value;
            return true;
        }
        const size_t used = strlen(known);
        if (names->values[i].value != 0) {
            snprintf(known + used, sizeof known - used, "%s%s", used == 0 ? "" : ", ", word);
        }
    }
    if (text != NULL) {
        ctl_error(0, "--%s: no \"%s\"; there are %s", option, text, known);
    }
    return text == NULL;
}
