#ifndef APPROVALS_PUBLISH_ITEM_H
#define APPROVALS_PUBLISH_ITEM_H

#include "approvals/rules.h"

/* What the feed says of agencies, notices and items: beside publish_item_facts of rules.h. Messages live in d->arena;
 * the texts in them are borrowed from the arguments. */

/* An item as the metrics see it, also for queries; agency: row. NULL: beyond what the arena gives. */
Approvals__V1__ItemFacts *item_facts(const struct approvals *self, struct arena *arena,
                                     const struct item_version *version, uint32_t agency);
/* before, after: NULL where it is not in force. */
const ProtobufCMessage *publish_item_changed(struct deciding *d, int32_t day, Approvals__V1__ItemFacts *before,
                                             Approvals__V1__ItemFacts *after);
/* The same of a removal in a round; opens: the first one of it. round 0: in none. */
const ProtobufCMessage *publish_item_removed(struct deciding *d, int32_t day, Approvals__V1__ItemFacts *before,
                                             uint32_t round, bool opens);
const ProtobufCMessage *publish_agency(struct deciding *d, const struct agency_body *body);
const ProtobufCMessage *publish_notice(struct deciding *d, const char *notice, int32_t published_day,
                                       bool is_withdrawn);

#endif
