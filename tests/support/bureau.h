#ifndef SUPPORT_BUREAU_H
#define SUPPORT_BUREAU_H

#include <stdbool.h>

#include "support/oracle.h"
#include "support/system.h"

/*
 * Compares every row of the bureau's views of visits and of the rescue circle with the oracle, both ways: nothing is
 * missing, nothing is there that should not be, every number is equal. Says the first differences on stderr. oracle_rows() is called here.
 */
bool bureau_equals(struct system *system, struct oracle *oracle);

#endif
