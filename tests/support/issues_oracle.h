#ifndef SUPPORT_ISSUES_ORACLE_H
#define SUPPORT_ISSUES_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "issues/v1/events.pb-c.h"
#include "support/postgres.h"

/*
 * Recounts what the bureau's views of issues, ledger and clues must show, from the events of the feed, with plain loops
 * and by the words of the contract: it keeps one note for each thing that an event says, and adds up those that belong
 * to a row. Shares no code with the aggregator. Made for some thousand events and a few months.
 */
struct issues_oracle;

struct issues_oracle *issues_oracle_new(void);
void issues_oracle_destroy(struct issues_oracle **oracle);
/* An agency that registers stands in the rows of units from then on. */
void issues_oracle_take(struct issues_oracle *oracle, const Issues__V1__Event *event);
/* Compares every row of every view, both ways: nothing is missing, nothing is there that should not be, every number
 * and share is equal. Says the first differences on stderr. */
bool issues_oracle_equals(struct issues_oracle *oracle, const struct postgres *postgres);
/* Rows that the last comparison went through, for a test that has to be sure that there were some. */
size_t issues_oracle_rows(const struct issues_oracle *oracle);

#endif
