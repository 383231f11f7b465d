#ifndef VISITS_PERSONS_H
#define VISITS_PERSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "visits/state.h"
#include "visits/v1/identifiers.pb-c.h"

/*
 * Who a person is, for the rules of visits: what a statement names (hashed ahead), the record that it stands for, and what
 * it says of persons by itself. Everything here is pure.
 */

struct stated_id {
    struct key12 key;  /* of the base record */
    uint16_t facility; /* as record.facility */
    uint8_t kind;      /* visits.v1.IdentifierKind */
    bool is_foreign;   /* of a domain that is not the sender's: it has to be known already */
};

/* The numbers of one statement. */
struct stated_person {
    uint32_t code; /* not 0: refused for its form */
    const char *field;
    bool has_number;          /* a resident identity number was given */
    bool has_identity;        /* and it is valid */
    bool birth_contradicts;
    char last4[4];
    struct key16 identity;
    size_t count;             /* of ids */
    struct stated_id ids[VISITS_LOCAL_IDS_MAX]; /* without repetitions, in the order in which they name the source record */
    struct key12 alone;       /* with an identity: the key of its record at the sender's without a local id */
};

/* Hashes the numbers. organisation is the sender's (row facility); person may be NULL; resident_id and local_id are the
 * short forms of OpenVisit ("" without). Form errors go into out->code. */
void person_hash(const struct visits *self, const char *organisation, uint32_t facility,
                 const Visits__V1__Identifiers *person, const char *resident_id, const char *local_id,
                 struct stated_person *out);
/* Whether it names anybody. */
bool person_is_named(const struct stated_person *person);

/* The record that a statement stands for, by keys: so that an event can make it. */
struct owner_key {
    struct key12 base;     /* local id's base record, or the identity's record at the facility */
    struct key16 identity; /* zeros without OWNER_HAS_IDENTITY */
    char last4[4];
    uint16_t facility; /* as record.facility */
    uint16_t flags;    /* RECORD_LOCAL, kind; OWNER_HAS_IDENTITY */
};
#define OWNER_HAS_IDENTITY 0x80 /* not a flag of records */

/* After persons_step has said READY. An identity that was separated from the local id, or contradicts the date of birth,
 * is left out. */
void person_owner(const struct visits *self, const struct stated_person *person, uint32_t recorded,
                  struct owner_key *owner);
/* The record for a base and an identity (0: none named): the base itself, or the second one. The base too where the two
 * were separated. */
uint32_t person_record(const struct visits *self, uint32_t base, uint32_t identity);
/* The base of a record: itself, unless it is a second one. */
uint32_t person_base(const struct visits *self, uint32_t record);
/* The record that the owner stands for, 0 when no event made it yet; *head is the person it will belong to (the record's,
 * else the identity's), 0 for a new one. */
uint32_t person_find(const struct visits *self, const struct owner_key *owner, uint32_t *head);

struct deciding;
enum person_step {
    PERSON_REFUSED, /* done: the decision is a refusal */
    PERSON_AGAIN,   /* events were emitted and decision.again set: return, the next phase comes back here */
    PERSON_READY,   /* what is said of persons is in the state: go on */
};
/*
 * What a statement says of persons, before what it says of a visit. Each rule that names a person checks the form of all
 * else first (later phases must not refuse), then calls this in every phase. Nothing is emitted where opening a visit on a
 * new record, or on one that carries the identity already, says it all by itself (evolve_person_make): the common case.
 * may_make_visit: room for the record and the identity is checked too. True only where the rule, once READY, emits an event
 * of a visit that names the owner with this recorded time; otherwise everything the statement says is emitted here.
 * At most PERSONS_ROWS_MAX events in all phases.
 */
enum person_step persons_step(struct deciding *d, const struct stated_person *person, uint32_t recorded,
                              bool may_make_visit);

/* For evolve: finds or makes the owner's record and identity, lowers bound_recorded of a base that carries it. Returns the
 * record; *base and *identity (rows) are what a claim remembers. */
uint32_t evolve_person_make(struct visits *self, const struct owner_key *owner, uint32_t recorded, uint32_t *base,
                            uint32_t *identity);

#endif
