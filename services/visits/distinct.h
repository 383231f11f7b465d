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

/* Deltas of one correction; more are refused. */
#define DISTINCT_DELTAS_MAX 4096

/* What changes when these persons become one: for each bucket in which k > 1 of them are present, 1 - k. Fills deltas
 * from arena, ordered by bucket. False when they do not fit (arena, or DISTINCT_DELTAS_MAX). */
bool distinct_join(const struct visits *self, const struct persons *persons, struct arena *arena,
                   Visits__V1__PatientsCorrected *out);

#endif
