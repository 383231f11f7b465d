#ifndef VISITS_VISIT_DELTAS_H
#define VISITS_VISIT_DELTAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "visits/events.h"
#include "visits/state.h"
#include "visits/v1/events.pb-c.h"

/* A visit that changes hands. */
struct handed_visit {
    uint32_t number; /* row */
    uint32_t from;   /* persons, by the records that stand for them; 0: one without other visits */
    uint32_t to;
};

/* Visits of the persons involved that are looked through at most; each takes 768 bytes of the arena. A command's first
 * phase keeps to half of it: what it says of its person may join that one with another. */
#define HANDED_VISITS_MAX 16384

/*
 * Exact change of distinct patients when visits of one facility change hands and nothing else of them changes: for each
 * of their buckets the persons present after, less those before. NULL in *out: nothing changes. False: more than
 * visits_max visits to look through, or the arena is full. count <= MOVES_MAX.
 */
bool visit_deltas(const struct visits *self, const struct handed_visit *handed, size_t count, size_t visits_max,
                  struct arena *arena, Visits__V1__PatientsCorrected **out);

#endif
