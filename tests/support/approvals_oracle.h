#ifndef SUPPORT_APPROVALS_ORACLE_H
#define SUPPORT_APPROVALS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "approvals/v1/events.pb-c.h"
#include "support/postgres.h"

/*
 * Recounts what the bureau's views of approvals must show, from the events of the feed, with plain loops and by the
 * words of the contract: it keeps one note for each thing that an event says, and adds up those that belong to a row.
 * Shares no code with the aggregator. Made for some thousand events and a few months.
 */
struct approvals_oracle;

struct approvals_oracle *approvals_oracle_new(void);
void approvals_oracle_destroy(struct approvals_oracle **oracle);
void approvals_oracle_take(struct approvals_oracle *oracle, const Approvals__V1__Event *event);
/* Compares every row of the views of items, rounds and cases, both ways: nothing is missing, nothing is there that
 * should not be, every number and share is equal. Says the first differences on stderr. */
bool approvals_oracle_equals(struct approvals_oracle *oracle, const struct postgres *postgres);
/* Rows that the last comparison went through, for a test that has to be sure that there were some. */
size_t approvals_oracle_rows(const struct approvals_oracle *oracle);

#endif
