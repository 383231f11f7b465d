#ifndef VISITS_DISTINCT_H
#define VISITS_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "visits/state.h"
#include "visits/v1/events.pb-c.h"

/*
 * Distinct patients, exactly. A bucket is (scope, period, class group); n(person, bucket) is the number of the person's
 * counted one-card visits in it; the bucket's patients are the persons with n > 0. n is not stored: a person has few
 * visits, they are looked through. All functions are pure.
 */

/* Standing records of persons; together they are (or are about to be) one person. */
#define PERSONS_MAX 4
struct persons {
    uint32_t heads[PERSONS_MAX];
    size_t count;
};
/* Adds a person once; 0 is nobody. */
void persons_add(struct persons *persons, uint32_t head);
bool persons_hold(const struct persons *persons, uint32_t head);

/*
 * The buckets of a visit in which these persons have no other counted one-card visit, as the mask of
 * visits.v1.Visit.edge. `visit` may be a row or a copy that is not in the state; the row `except` is not looked at.
 * Zero when the visit itself does not count as a patient's.
 */
uint32_t distinct_edge(const struct visits *self, const struct visit *visit, const struct persons *persons,
                       uint32_t except);

/* A visit and the persons it counts for: before and after records were regrouped (any numbers that tell persons apart). */
struct distinct_move {
    uint32_t visit; /* row */
    uint32_t before;
    uint32_t after;
};

/* The corrections of one regrouping, as messages that each fit into an event. */
struct distinct_deltas {
    Visits__V1__PatientsDelta **list; /* ordered by bucket */
    size_t count;
    Visits__V1__PatientsCorrected *messages; /* stretches of the list */
    size_t message_count;
};

/*
 * What changes when persons are regrouped: for each bucket the number of persons present after it less that before.
 * `moves` holds every counted one-card visit of the persons concerned. False when arena has no room: 768 bytes a move for
 * looking through, 100 a delta.
 */
bool distinct_regroup(const struct visits *self, const struct distinct_move *moves, size_t count, struct arena *arena,
                      struct distinct_deltas *out);
/* Most bytes that the deltas of one moved visit take in messages. */
#define DISTINCT_MOVE_BYTES 768

#endif
