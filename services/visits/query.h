#ifndef VISITS_QUERY_H
#define VISITS_QUERY_H

#include "service/service.h"

/* struct service.query: self is a struct visits. A publisher sees the visits of its own facility, an operator all; a
 * registrar sees persons (query_person.c), and each such look-up becomes an event. */
const ProtobufCMessage *visits_query(const void *self, const struct question *question, struct arena *arena,
                                     struct decision *audit, uint32_t *code);

#endif
