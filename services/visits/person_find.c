#include <string.h>

#include "visits/edges.h"
#include "visits/persons.h"
#include "visits/pseudonym.h"

/* Which record a statement stands for. */

/* Whether a statement recorded at that time may not give the identity to the local id. */
static bool is_unbound(const struct visits *self, const struct key12 *base, const struct key16 *identity,
                       uint32_t recorded) {
    const uint32_t record = visits_find_record(self, base);
    if ((visits_record(self, record)->flags & RECORD_EDGES) == 0) {
        return false;
    }
    const uint32_t binding = edge_find(self, EDGE_UNBOUND, record, visits_find_identity(self, identity));
    return binding != 0 && visits_edge(self, binding)->off_recorded >= recorded;
}

static void set_identity(const struct stated_person *person, struct owner_key *owner) {
    owner->flags |= OWNER_HAS_IDENTITY;
    owner->identity = person->identity;
    memcpy(owner->last4, person->last4, sizeof owner->last4);
}

void person_owner(const struct visits *self, const struct stated_person *person, uint32_t recorded,
                  struct owner_key *owner) {
    *owner = (struct owner_key){.flags = 0};
    if (person->count == 0) {
        owner->base = person->alone;
        /* An identity's own record has the facility in its last bytes (pseudonym.h). */
        owner->facility = (uint16_t)(person->alone.bytes[10] | person->alone.bytes[11] << 8);
        set_identity(person, owner);
        return;
    }
    owner->base = person->ids[0].key;
    owner->facility = person->ids[0].facility;
    owner->flags = (uint16_t)(RECORD_LOCAL | person->ids[0].kind << RECORD_KIND_SHIFT);
    if (person->has_identity && !person->birth_contradicts &&
        !is_unbound(self, &owner->base, &person->identity, recorded)) {
        set_identity(person, owner);
    }
}

uint32_t person_record(const struct visits *self, uint32_t base, uint32_t identity) {
    if (identity == 0 || visits_record(self, base)->identity == identity) {
        return base;
    }
    const uint32_t second = binding_second(self, base, identity);
    return second != 0 && binding_holds(self, base, identity) ? second : base;
}

uint32_t person_base(const struct visits *self, uint32_t record) {
    const struct record *row = visits_record(self, record);
    if ((row->flags & RECORD_SECOND) == 0) {
        return record;
    }
    const struct key12 base = pseudonym_of_second(&row->key, &visits_identity(self, row->identity)->key);
    return visits_find_record(self, &base);
}

uint32_t person_find(const struct visits *self, const struct owner_key *owner, uint32_t *head) {
    const uint32_t base = visits_find_record(self, &owner->base);
    *head = visits_record(self, base)->person;
    if ((owner->flags & OWNER_HAS_IDENTITY) == 0) {
        return base;
    }
    const uint32_t own = visits_record(self, base)->identity;
    if (own != 0 && memcmp(&visits_identity(self, own)->key, &owner->identity, sizeof owner->identity) == 0) {
        return base;
    }
    const uint32_t identity = visits_find_identity(self, &owner->identity);
    if (base == 0 || identity == 0) {
        *head = visits_person_of_identity(self, identity);
        return 0;
    }
    const uint32_t record = person_record(self, base, identity);
    *head = visits_record(self, record)->person;
    return record;
}
