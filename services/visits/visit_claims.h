#ifndef VISITS_VISIT_CLAIMS_H
#define VISITS_VISIT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "visits/persons.h"
#include "visits/state.h"

/*
 * The openings of a visit, and what they say together: whether it is open, and whose it is. A visit is whose the oldest
 * opening says (it stays with the record it came with); where all openings of movements were taken back, still theirs.
 * Pure, but claims_store.
 */
struct claim_view {
    struct claim claim; /* base and identity are 0 where they have no rows yet; next is not used */
    struct key12 base;
    struct key16 identity; /* zeros: none named beside a local id */
};

/* In order: recorded, base, identity, movement, flags. Room for two visits that become one. */
struct claims {
    size_t count;
    struct claim_view list[2 * VISIT_CLAIMS_MAX + 1];
};

struct claims_verdict {
    uint32_t open_recorded;         /* newest opening; 0: none */
    uint32_t pre_recorded;          /* newest standing pre-admission; 0: none */
    const struct claim_view *owner; /* NULL: no openings */
};

/* All claims of a visit; the one that its row holds by itself too. */
void claims_load(const struct visits *self, const struct visit *row, struct claims *claims);
/* Keys and recorded time, no rows. */
struct claim_view claim_view_of(const struct owner_key *owner, uint32_t recorded, uint32_t movement, uint32_t flags);
/* False: it is there already. */
bool claims_add(struct claims *claims, const struct claim_view *view);
/* Drops what a cancellation voids. */
void claims_wipe(struct claims *claims, uint32_t cancel_recorded);
/* Down to VISIT_CLAIMS_MAX: drops openings between two others of the same person. False: too many are left. */
bool claims_squeeze(struct claims *claims);
struct claims_verdict claims_judge(const struct claims *claims, uint32_t pre_cancel_recorded);
/* Whether the visit's row can hold them by itself. */
bool claims_are_plain(const struct claims *claims);
/* Whether so many more rows can be made. */
bool claims_have_room(const struct visits *self, size_t more);

/* For evolve: makes the list of an extras row these claims. */
void claims_store(struct visits *self, uint32_t extra, const struct claims *claims);

#endif
