#ifndef CTL_ASK_APPROVALS_H
#define CTL_ASK_APPROVALS_H

#include "approvals/v1/query.pb-c.h"
#include "ctl/ctl.h"

#define ASK_APPROVALS_BYTES_MAX ((size_t)64 << 20) /* of all answers in one arena */

/* One conversation with the approval registry. {0} is none yet. */
struct approvals_desk {
    struct client_socket *socket;
    struct arena arena; /* of the answers: one at a time */
};

/* Connects. as: WHO of --as (target_key_as); NULL: the operator. The exit code; what is wrong has been said. */
int approvals_desk_open(struct ctl *ctl, const char *as, struct approvals_desk *desk);
void approvals_desk_close(struct approvals_desk *desk);
/* One question. The answer lives until the next one, and is of the kind wanted. */
int approvals_desk_ask(struct approvals_desk *desk, const Approvals__V1__Query *query,
                       Approvals__V1__Answer__BodyCase wanted, const Approvals__V1__Answer **answer);

/* Day of "2020-01-31"; NULL text: *day stays. False: said on stderr. */
bool approvals_read_day(const char *option, const char *text, uint32_t *day);
/* A value of an enum by its word ("review" of CASE_STATE_REVIEW), whatever the case of its letters; NULL text: *value
 * stays. False: said, with the words there are. */
bool approvals_read_word(const char *option, const char *text, const ProtobufCEnumDescriptor *names, const char *prefix,
                         int *value);
/* The word of a value, in lower case, in text. */
const char *approvals_word(const ProtobufCEnumDescriptor *names, int value, const char *prefix, char text[32]);

#endif
