#ifndef CTL_ASK_REGISTRY_H
#define CTL_ASK_REGISTRY_H

#include <protobuf-c/protobuf-c.h>

#include "ctl/ctl.h"

#define ASK_BYTES_MAX ((size_t)64 << 20) /* of all answers in one arena */

/* One conversation with a registry. {0} is none yet. */
struct registry_desk {
    const char *registry; /* "approvals", "issues" */
    struct client_socket *socket;
    struct arena arena; /* of the answers: one at a time */
};

/* Connects. as: WHO of --as (target_key_as); NULL: the operator. The exit code; what is wrong has been said. */
int registry_desk_open(struct ctl *ctl, const char *registry, const char *as, struct registry_desk *desk);
void registry_desk_close(struct registry_desk *desk);
/* One question (the registry's Query). The answer (of its Answer, by descriptor) lives until the next one; member is
 * the field of its oneof that is wanted. */
int registry_desk_ask(struct registry_desk *desk, const ProtobufCMessage *query,
                      const ProtobufCMessageDescriptor *answers, unsigned member, const ProtobufCMessage **answer);

/* Day of "2020-01-31"; NULL text: *day stays. False: said on stderr. */
bool ask_read_day(const char *option, const char *text, uint32_t *day);
/* A value of an enum by its word ("review" of CASE_STATE_REVIEW), whatever the case of its letters; NULL text: *value
 * stays. False: said, with the words there are. */
bool ask_read_word(const char *option, const char *text, const ProtobufCEnumDescriptor *names, const char *prefix,
                   int *value);
/* The word of a value, in lower case, in text. */
const char *ask_word(const ProtobufCEnumDescriptor *names, int value, const char *prefix, char text[32]);

#endif
