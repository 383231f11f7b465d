#include "ctl/ask_issues.h"

#include <string.h>

#include "ctl/json.h"

json_t *ask_issues(struct registry_desk *desk, const Issues__V1__Query *query, Issues__V1__Answer__BodyCase wanted,
                   int *exit_code) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&issues__v1__answer__descriptor, (unsigned)wanted);
    const ProtobufCMessage *answer = NULL, *member;
    *exit_code = registry_desk_ask(desk, &query->base, &issues__v1__answer__descriptor, (unsigned)wanted, &answer);
    if (*exit_code != EXIT_CODE_OK) {
        return NULL;
    }
    memcpy(&member, (const uint8_t *)answer + field->offset, sizeof member);
    return json_from_message(member);
}
