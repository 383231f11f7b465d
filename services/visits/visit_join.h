#ifndef VISITS_VISIT_JOIN_H
#define VISITS_VISIT_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "visits/state.h"

/*
 * The registers of a visit: for each aspect the statement that holds, with when it was recorded. A statement is a set
 * of registers too, and a visit is the join of its statements: of each register the one that outweighs the others. So
 * the order in which they come, and how often, does not matter. Pure.
 *
 *   begin, class   an opening, a pre-admission, an update (of the class also a change) outweighs what else may make a
 *                  visit (weak); of the former the newest, of the latter the oldest
 *   place, end, rescue times, move   the newest
 *   cancellation   the newest; what was recorded up to it is void, and so is everything weak, whenever it was recorded
 *
 * Of equally new ones the greater value: see visit_join.c. Openings are joined apart (visit_claims.h): open_recorded,
 * pre_recorded, and whose the visit is (record, owner_recorded, VISIT_NAMED, VISIT_OWNER_WEAK), are left alone by
 * visit_join but where a cancellation voids them.
 */
struct visit_facts {
    struct visit row;
    struct extra extra; /* zeros when there is none */
    const char *place;  /* code of the department, borrowed; "": not known. row.department is 0 while it has no row */
};

/* A copy of what is known; number 0: of nothing. */
void visit_load(const struct visits *self, uint32_t number, struct visit_facts *facts);
/* Voids what was recorded up to the cancellation. opened_at stays as the visit's place in its list. */
void visit_wipe(struct visit_facts *facts);
void visit_join(const struct visits *self, struct visit_facts *into, const struct visit_facts *other);
/* Whether the same is known; row numbers of departments do not matter. */
bool visit_facts_equal(const struct visit_facts *a, const struct visit_facts *b);

#endif
