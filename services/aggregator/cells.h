#ifndef AGGREGATOR_CELLS_H
#define AGGREGATOR_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The cells that a run of events touched, with the sum of their changes: what one transaction brings to PostgreSQL. Two
 * of these take turns, one filled while the other is committed. Pure; all memory is taken by cells_init and bounded:
 * 28 bytes a cell, 37 an organisation (1.2 MiB of them), 304 a registration.
 */
#define CELLS_ORGANISATION_BYTES 33   /* with the final NUL; as in the key table of a registry */
#define CELLS_NAME_BYTES 257          /* of an organisation, with the final NUL; a longer one is cut */
#define CELLS_ORGANISATIONS_MAX 32768 /* codes in one set */
#define CELLS_REGISTRATIONS_MAX 256   /* organisations registered or renamed in one set */
#define CELLS_MAX_LEAST 65536         /* cells that any set of the daemon holds: the least /flush/cells */
#define CELLS_NO_ORGANISATION 0       /* number of the code "" */

/* Which cell; organisation is a number of this set (cells_organisation). */
struct cell_key {
    uint32_t region; /* GB/T 2260, <= INT32_MAX */
    uint16_t metric; /* number in the catalogue, from 1 */
    int32_t period;  /* first day of the period, days since 1970-01-01; 0 for all time */
    uint16_t organisation;
    uint8_t category;
};

/* A cell packed so that equal keys are equal words and sorting the words sorts by region, metric, period. */
struct cell {
    uint64_t high; /* region 32, metric 16, upper half of the period 16 */
    uint64_t low;  /* lower half of the period 16, organisation 16, category 8 */
    int64_t value; /* sum of the changes; may be 0 */
};

struct cells_registration {
    uint16_t organisation;
    uint32_t region;
    char name[CELLS_NAME_BYTES];
};

struct cells {
    struct cell *cells;
    uint32_t *slots; /* open addressing: number of the cell + 1, 0 = free */
    uint32_t slot_mask;
    size_t count;
    size_t max;
    bool is_sorted; /* the slots no longer point at their cells */

    char (*organisations)[CELLS_ORGANISATION_BYTES]; /* number -> code; number 0 is "" */
    uint16_t *organisation_slots;
    size_t organisation_count;

    struct cells_registration *registrations; /* in order; a later one of the same organisation wins */
    size_t registration_count;
};

/* max cells, 1..2^24. False without memory. */
bool cells_init(struct cells *cells, size_t max);
void cells_release(struct cells *cells);
/* Empties it; the memory stays. */
void cells_clear(struct cells *cells);
bool cells_is_empty(const struct cells *cells);
/* Whether so many further cells and organisations, and one registration, surely fit. */
bool cells_has_room(const struct cells *cells, size_t more_cells, size_t more_organisations);

/* The number of a code in this set. No NUL in it, size < CELLS_ORGANISATION_BYTES, and room are the caller's duty. */
uint16_t cells_organisation(struct cells *cells, const char *code, size_t size);
/* The same of a code of a subject (item, task, indicator, rule), which may be longer: it is cut to the bytes that there
 * are, between characters. Two codes that are equal so far share their cells. Valid UTF-8 is the caller's duty. */
uint16_t cells_subject(struct cells *cells, const char *code);
/* Adds to a cell; room is the caller's duty. */
void cells_add(struct cells *cells, const struct cell_key *key, int64_t delta);
/* An organisation's name and region, as of now. */
void cells_register(struct cells *cells, uint16_t organisation, const char *name, uint32_t region);

/* Orders cells by region, metric, period. Afterwards only reading and cells_clear are allowed. */
void cells_sort(struct cells *cells);
struct cell_key cell_unpack(const struct cell *cell);
/* Sum of the changes of one cell; 0 when it was not touched. Not after cells_sort. */
int64_t cells_value(const struct cells *cells, const struct cell_key *key);

#endif
