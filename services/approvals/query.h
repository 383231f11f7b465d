#ifndef APPROVALS_QUERY_H
#define APPROVALS_QUERY_H

#include "service/service.h"

/* struct service.query: self is a struct approvals. */
const ProtobufCMessage *approvals_query(const void *self, const struct question *question, struct arena *arena,
                                        struct decision *audit, uint32_t *code);

#endif
