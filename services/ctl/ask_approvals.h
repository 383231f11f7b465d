#ifndef CTL_ASK_APPROVALS_H
#define CTL_ASK_APPROVALS_H

#include "approvals/v1/query.pb-c.h"
#include "ctl/ask_registry.h"

/* registry_desk_ask of the approval registry. */
static inline int ask_approvals(struct registry_desk *desk, const Approvals__V1__Query *query,
                                Approvals__V1__Answer__BodyCase wanted, const Approvals__V1__Answer **answer) {
    const ProtobufCMessage *message = NULL;
    const int exit_code =
        registry_desk_ask(desk, &query->base, &approvals__v1__answer__descriptor, (unsigned)wanted, &message);
    *answer = (const Approvals__V1__Answer *)message;
    return exit_code;
}

#endif
