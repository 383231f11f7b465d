#ifndef ISSUES_QUERY_H
#define ISSUES_QUERY_H

#include "service/service.h"

/* struct service.query: self is a struct issues. Pure. */
const ProtobufCMessage *issues_query(const void *self, const struct question *question, struct arena *arena,
                                     struct decision *audit, uint32_t *code);

#endif
