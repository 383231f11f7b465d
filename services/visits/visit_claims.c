#include "visits/visit_claims.h"

#include <string.h>

#include "base/check.h"

/* --- reading --- */

static struct claim_view view_row(const struct visits *self, const struct claim *claim) {
    return (struct claim_view){.claim = *claim,
                               .base = visits_record(self, claim->base)->key,
                               .identity = visits_identity(self, claim->identity)->key};
}

static struct claim claim_of_row(const struct visits *self, const struct visit *row) {
    return (struct claim){.base = person_base(self, row->record),
                          .identity = row->flags & VISIT_NAMED ? visits_record(self, row->record)->identity : 0,
                          .recorded = row->owner_recorded};
}

void claims_load(const struct visits *self, const struct visit *row, struct claims *claims) {
    claims->count = 0;
    if (row->extra == 0) {
        if (row->open_recorded != 0) {
            const struct claim claim = claim_of_row(self, row);
            claims->list[claims->count++] = view_row(self, &claim);
        }
        return;
    }
    for (uint32_t i = visits_extra(self, row->extra)->first_claim; i != 0; i = visits_claim(self, i)->next) {
        CHECK(claims->count < VISIT_CLAIMS_MAX);
        claims->list[claims->count++] = view_row(self, visits_claim(self, i));
    }
}

struct claim_view claim_view_of(const struct owner_key *owner, uint32_t recorded, uint32_t movement, uint32_t flags) {
    struct claim_view view = {.claim = {.recorded = recorded, .movement = movement, .flags = flags},
                              .base = owner->base};
    if ((owner->flags & RECORD_LOCAL) && (owner->flags & OWNER_HAS_IDENTITY)) {
        view.identity = owner->identity;
    }
    return view;
}

/* --- lists --- */

static int compare_numbers(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static int compare_views(const struct claim_view *a, const struct claim_view *b) {
    int order = compare_numbers(a->claim.recorded, b->claim.recorded);
    order = order != 0 ? order : memcmp(&a->base, &b->base, sizeof a->base);
    order = order != 0 ? order : memcmp(&a->identity, &b->identity, sizeof a->identity);
    order = order != 0 ? order : compare_numbers(a->claim.movement, b->claim.movement);
    return order != 0 ? order : compare_numbers(a->claim.flags, b->claim.flags);
}

bool claims_add(struct claims *claims, const struct claim_view *view) {
    size_t at = 0;
    int order = 1;
    while (at < claims->count && (order = compare_views(view, &claims->list[at])) > 0) {
        at++;
    }
    if (at < claims->count && order == 0) {
        return false;
    }
    CHECK(claims->count < sizeof claims->list / sizeof claims->list[0]);
    memmove(&claims->list[at + 1], &claims->list[at], (claims->count - at) * sizeof claims->list[0]);
    claims->list[at] = *view;
    claims->count++;
    return true;
}

static void drop(struct claims *claims, size_t at) {
    claims->count--;
    memmove(&claims->list[at], &claims->list[at + 1], (claims->count - at) * sizeof claims->list[0]);
}

void claims_wipe(struct claims *claims, uint32_t cancel_recorded) {
    for (size_t i = claims->count; i-- > 0;) {
        if (!(claims->list[i].claim.flags & CLAIM_VOID) && claims->list[i].claim.recorded <= cancel_recorded) {
            drop(claims, i);
        }
    }
}

static bool is_plain(const struct claim_view *view) {
    return view->claim.flags == 0 && view->claim.movement == 0;
}

static bool say_the_same(const struct claim_view *a, const struct claim_view *b) {
    return is_plain(a) && is_plain(b) && memcmp(&a->base, &b->base, sizeof a->base) == 0 &&
           memcmp(&a->identity, &b->identity, sizeof a->identity) == 0;
}

bool claims_squeeze(struct claims *claims) {
    for (size_t i = 1; claims->count > VISIT_CLAIMS_MAX && i + 1 < claims->count;) {
        const struct claim_view *at = &claims->list[i];
        if (say_the_same(at - 1, at) && say_the_same(at, at + 1)) {
            drop(claims, i);
        } else {
            i++;
        }
    }
    return claims->count <= VISIT_CLAIMS_MAX;
}

bool claims_are_plain(const struct claims *claims) {
    return claims->count == 0 || (claims->count == 1 && is_plain(&claims->list[0]));
}

/* --- what they say --- */

static bool is_voided(const struct claims *claims, uint32_t movement) {
    for (size_t i = 0; i < claims->count && movement != 0; i++) {
        if ((claims->list[i].claim.flags & CLAIM_VOID) && claims->list[i].claim.movement == movement) {
            return true;
        }
    }
    return false;
}

static uint32_t later(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

struct claims_verdict claims_judge(const struct claims *claims, uint32_t pre_cancel_recorded) {
    struct claims_verdict verdict = {.owner = NULL};
    const struct claim_view *voided = NULL; /* the oldest of those that were taken back */
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim_view *view = &claims->list[i];
        const struct claim *claim = &view->claim;
        if (claim->flags & CLAIM_VOID) {
            continue;
        }
        const bool is_pre = claim->flags & CLAIM_PRE;
        if (is_voided(claims, claim->movement) || (is_pre && claim->recorded <= pre_cancel_recorded)) {
            voided = voided == NULL ? view : voided;
            continue;
        }
        verdict.owner = verdict.owner == NULL ? view : verdict.owner;
        if (is_pre) {
            verdict.pre_recorded = later(verdict.pre_recorded, claim->recorded);
        } else {
            verdict.open_recorded = later(verdict.open_recorded, claim->recorded);
        }
    }
    verdict.owner = verdict.owner == NULL ? voided : verdict.owner;
    return verdict;
}

/* --- rows --- */

/* Row 1 is no claim: its `next` is the first of the free rows. */
enum { FREE_HEAD = 1 };

bool claims_have_room(const struct visits *self, size_t more) {
    size_t room = self->claims.rows_max - self->claims.count;
    room -= room > 0 && self->claims.count == 0; /* for row 1 */
    uint32_t next = self->claims.count == 0 ? 0 : visits_claim(self, FREE_HEAD)->next;
    for (; next != 0 && room < more; next = visits_claim(self, next)->next) {
        room++;
    }
    return room >= more;
}

static uint32_t take_row(struct visits *self) {
    uint32_t number;
    if (self->claims.count == 0) {
        table_add(&self->claims, &number);
        CHECK(number == FREE_HEAD);
    }
    number = visits_claim(self, FREE_HEAD)->next;
    if (number == 0) {
        table_add(&self->claims, &number);
    } else {
        visits_claim(self, FREE_HEAD)->next = visits_claim(self, number)->next;
    }
    return number;
}

static void free_rows(struct visits *self, uint32_t first) {
    while (first != 0) {
        const uint32_t next = visits_claim(self, first)->next;
        *visits_claim(self, first) = (struct claim){.next = visits_claim(self, FREE_HEAD)->next};
        visits_claim(self, FREE_HEAD)->next = first;
        first = next;
    }
}

void claims_store(struct visits *self, uint32_t extra, const struct claims *claims) {
    uint32_t reused = visits_extra(self, extra)->first_claim;
    uint32_t last = 0;
    visits_extra(self, extra)->first_claim = 0;
    for (size_t i = 0; i < claims->count; i++) {
        uint32_t number = reused;
        reused = number == 0 ? 0 : visits_claim(self, number)->next;
        number = number == 0 ? take_row(self) : number;
        *visits_claim(self, number) = claims->list[i].claim;
        visits_claim(self, number)->next = 0;
        *(last == 0 ? &visits_extra(self, extra)->first_claim : &visits_claim(self, last)->next) = number;
        last = number;
    }
    free_rows(self, reused);
}
