#ifndef VISITS_QUERY_PERSON_H
#define VISITS_QUERY_PERSON_H

#include "service/service.h"

/*
 * GetPerson and ExplainPerson (by registrars; each becomes an event EVENT_LOOKED_UP, whether the person was found or not),
 * ListConflicts (registrars and operators), ListLookups (operators). self is a struct visits. NULL and *code: refused.
 */
const ProtobufCMessage *visits_query_person(const void *self, const struct question *question, struct arena *arena,
                                            struct decision *audit, uint32_t *code);

/* Most cards of an answer; of a larger person the ones asked for come first and the rest is cut. */
#define QUERY_CARDS_MAX 1024
#define QUERY_ROWS_MAX 1000 /* of a list */

#endif
