#ifndef SUPPORT_RANDOM_VISITS_H
#define SUPPORT_RANDOM_VISITS_H

#include <stdbool.h>
#include <stdint.h>

#include "support/feed_owner.h"
#include "support/postgres.h"

/*
 * Random events of visits for an aggregator under test, and the cells they must give, counted with plain arrays. The
 * edge bits are random: what they mean is the fold's business, not whether they are plausible.
 */
enum {
    RANDOM_COUNTIES = 3,
    RANDOM_HOSPITALS = 5,
    RANDOM_DAYS = 40, /* from 2020-01-01 */
    RANDOM_CLASSES = 4,
    RANDOM_PLACES = 1 + RANDOM_COUNTIES + RANDOM_HOSPITALS,
    RANDOM_PERIODS = RANDOM_DAYS + 2 + 1 + 1, /* days, months, the year, all time */
    RANDOM_RESCUE = 4,       /* arrivals, urban ones, within 30 minutes, within 120 */
};

struct random_visits {
    uint64_t random;
    uint64_t unknown_events;
    int64_t visits[RANDOM_HOSPITALS][RANDOM_DAYS][RANDOM_CLASSES];
    int64_t one_card[RANDOM_HOSPITALS][RANDOM_DAYS][RANDOM_CLASSES];
    int64_t rescue[RANDOM_RESCUE][RANDOM_HOSPITALS][RANDOM_DAYS];
    int64_t patients[RANDOM_PLACES][RANDOM_PERIODS][RANDOM_CLASSES]; /* class 0: all */
};

/* Appends the registrations of the hospitals. */
void random_visits_begin(struct random_visits *visits, struct feed_owner *owner, uint64_t seed);
/* Appends so many rows: visits that appear, leave or change, some emergencies with a rescue arrival, corrections of
 * patients up and down, a few private rows, a few events of a later contract. */
void random_visits_append(struct random_visits *visits, struct feed_owner *owner, uint64_t count);
/* Appends one event with so many corrections. */
void random_visits_append_correction(struct random_visits *visits, struct feed_owner *owner, size_t deltas);
/* Compares every cell in PostgreSQL, both ways. Says the first difference on stderr. */
bool random_visits_equal(const struct random_visits *visits, const struct postgres *postgres);

#endif
