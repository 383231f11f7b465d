#ifndef STATE_AGENDA_H
#define STATE_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

#include "state/state.h"

/*
 * When to look at a row of a table again: each row (by its number) waits for at most one minute. Rows that wait for the
 * same minute form a list; minutes that have rows have a hash index and a heap, so the first one is known. Moving a row
 * costs O(log minutes) where it is the first or last of its minute, else O(1). Part of the state: tables and indexes
 * without pointers, in snapshots as they are, and the same events give the same bytes.
 *
 * 12 bytes a row of the owner's table; 24 a minute, of as many as ever had rows at the same time: what becomes empty is
 * used again, so there are never more minutes than rows.
 */
struct agenda_entry { /* number = the owner's row */
    uint32_t slot;    /* row of slots; 0: waits for nothing */
    uint32_t next, previous;
};
struct agenda_slot { /* row 1 is no minute: its `free` begins the list of the empty ones */
    uint32_t minute; /* since 1970 */
    uint32_t first;  /* the row that came last; 0: none */
    uint32_t heap;   /* its place in the heap of minutes; 0: it is empty */
    uint32_t free;   /* the next empty one */
};
struct agenda {
    struct table entries;
    struct table slots;
    struct table heap; /* uint32_t: rows of slots that have rows, smallest minute at 1 */
    struct index slot_by_minute;
    char names[4][32];
};

/* name: of the owner, in snapshots ("cases"), at most 8 bytes. Registers its tables; the struct stays where it is. */
void agenda_init(struct agenda *agenda, const char *name, uint32_t rows_max, struct state *state);
/* The row waits for this minute from now on, whatever it waited for; 0: for nothing. */
void agenda_set(struct agenda *agenda, uint32_t row, uint32_t minute);
/* What it waits for; 0: nothing. */
uint32_t agenda_minute(const struct agenda *agenda, uint32_t row);
/* Up to max rows that wait for a minute <= this one (at most AGENDA_DUE_ROWS_MAX a call), earliest minutes first; the
 * count. Which come first of one minute is a function of the calls before. */
#define AGENDA_DUE_ROWS_MAX 64
uint32_t agenda_due_rows(const struct agenda *agenda, uint32_t minute, uint32_t *rows, uint32_t max);

/* The minute that has passed wholly or begins at this second. */
static inline uint32_t agenda_minute_of_s(int64_t s) {
    return s <= 0 ? 0 : (uint32_t)((s + 59) / 60);
}

#endif
