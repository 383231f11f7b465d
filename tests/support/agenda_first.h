#ifndef TESTS_AGENDA_FIRST_H
#define TESTS_AGENDA_FIRST_H

#include "state/agenda.h"

/* The row that is due first by this minute; 0: none. */
static inline uint32_t agenda_due(const struct agenda *agenda, uint32_t minute) {
    uint32_t row = 0;
    (void)agenda_due_rows(agenda, minute, &row, 1);
    return row;
}

#endif
