#ifndef VISITS_PERSON_SAY_H
#define VISITS_PERSON_SAY_H

#include "visits/events_person.h"
#include "visits/persons.h"
#include "visits/regroup.h"
#include "visits/rules.h"

/*
 * What one command says of persons. A rule says everything in every phase, then calls saying_finish. In the first phase
 * what is not in the state yet is collected, checked and logged (PERSONS_STATED); in the second one what follows from it
 * is (PERSONS_REGROUPED); from the third on nothing.
 */
struct saying {
    struct deciding *d;
    struct stated_item *items; /* the first phase's */
    size_t count;
    struct regroup_seed *seeds; /* all records named, as far as they are there */
    size_t seed_count;
    /* Rows that the items make, at most. */
    uint32_t records, identities, edges;
    uint32_t decides; /* items that only concern conflicts */
    bool rebinds;     /* an identity of a record with visits or company changes */
    bool takes_back;  /* something may be split */
    bool names_visit; /* an opening that names the first id follows: it says so again */
    bool joins_surely; /* a registrar's join: it must not wait */
    bool is_full;     /* more than fits into an event */
    struct stated_item spare; /* where what is not said goes */
    bool is_refused;
};

/* NULL when the arena is used up (refused then). */
struct saying *saying_new(struct deciding *d);
void saying_refuse(struct saying *s, uint32_t code, const char *field);
/* That these numbers are one person's: bindings of its local ids, or edges between them; conflicts. */
void saying_person(struct saying *s, const struct stated_person *person, uint32_t recorded);
/* The record that a number stands for in edges: the i-th local id, or without any the identity's own record. */
struct owner_key saying_end(const struct stated_person *person, size_t i);
/* An edge said or (is_off) taken back. The ends are made when they are not there. */
void saying_edge(struct saying *s, enum edge_kind kind, const struct owner_key *a, const struct owner_key *b,
                 uint32_t recorded, bool is_off);
/* The same of a row. */
void saying_edge_off(struct saying *s, uint32_t edge, uint32_t recorded);
/* That a base (row) does not carry an identity (row). */
void saying_unbind(struct saying *s, uint32_t base, uint32_t identity, uint32_t recorded);
void saying_conflict(struct saying *s, unsigned kind, const struct owner_key *first, const struct owner_key *second);
void saying_decided(struct saying *s, uint32_t conflict, unsigned decision);
/* A record that the command touches. */
void saying_seed(struct saying *s, uint32_t record, uint32_t identity);
/* Goes on. messages_max: events that corrections may take. many: the command says so much that what is too large for one
 * regrouping is refused, not left waiting. */
enum person_step saying_finish(struct saying *s, size_t messages_max, bool many);

/* Events of the corrections beside one of what is stated, one of a look-up and those of the visits. */
#define SAYING_MESSAGES_STATEMENT (PERSONS_ROWS_MAX - 1)
#define SAYING_MESSAGES_COMMAND 6

#endif
