#ifndef VISITS_STATE_H
#define VISITS_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "state/state.h"

/*
 * What the visit registry knows, as rows without padding. Nothing of a person is kept in clear but the last four
 * characters of the resident identity number; the rest are keyed hashes (pseudonym.h).
 *
 *   facility <- record (a person as one facility knows them) <- visit
 *   identity (a resident identity number) joins the records that carry it into one person
 *
 * Times are seconds since 1970. "Recorded" times say how new a statement is; per aspect of a visit the newest wins.
 */

#define VISITS_CODE_BYTES 33       /* facility code with its final NUL */
#define VISITS_NAME_BYTES 97       /* facility name with its final NUL */
#define VISITS_NUMBER_BYTES_MAX 64 /* visit number, local id */
#define VISITS_FACILITIES_MAX 4096
#define VISITS_LAYOUT 1

struct key16 {
    uint8_t bytes[16];
};
struct key12 {
    uint8_t bytes[12];
};

struct facility {
    uint64_t last_seq;  /* its last event */
    uint64_t key_check; /* fingerprint of the pseudonym key it was registered under */
    uint32_t region;    /* GB/T 2260 */
    char code[VISITS_CODE_BYTES];
    char name[VISITS_NAME_BYTES];
    uint8_t zero[2];
};

struct identity {
    struct key16 key;
    char last4[4];         /* not NUL-terminated */
    uint32_t first_record; /* never 0; its person is the identity's person */
};

/* flags of a source record */
#define RECORD_LOCAL 1  /* known by a local id; otherwise by the identity alone */
#define RECORD_SECOND 2 /* a further identity on a local id that already has another one */

struct record {
    struct key12 key;
    uint32_t identity;       /* 0: no resident identity number known */
    uint32_t person;         /* the record that stands for the person (itself, when alone) and heads the list below */
    uint32_t next_in_person; /* the next record of the same person; 0 ends */
    uint32_t first_visit;    /* the one that began last; 0: none */
    uint16_t facility;
    uint16_t flags;
};

/* flags of a visit */
#define VISIT_ONE_CARD 1
#define VISIT_CLASS_CHANGED 2 /* the class comes from a ChangeClass; an opening of the same second does not undo it */

struct visit {
    struct key16 key;
    uint32_t record;          /* 0: only its cancellation is known */
    uint32_t next;            /* the record's visit that began before it, or with it; 0 ends */
    uint32_t opened_at;       /* s */
    uint32_t closed_at;       /* s; 0: open */
    uint32_t open_recorded;   /* s; 0: never opened */
    uint32_t class_recorded;  /* s */
    uint32_t end_recorded;    /* s; 0: no end known */
    uint32_t cancel_recorded; /* s; 0: never cancelled. What was recorded up to then is void */
    uint64_t last_seq;        /* its last event: the version that clients see */
    uint16_t facility;
    uint8_t visit_class; /* visits.v1.VisitClass */
    uint8_t flags;
    uint32_t zero;
};

static_assert(sizeof(struct facility) == 152, "no padding");
static_assert(sizeof(struct identity) == 24, "no padding");
static_assert(sizeof(struct record) == 32, "no padding");
static_assert(sizeof(struct visit) == 64, "no padding, one cache line");

struct visits_options {
    uint8_t pseudonym_key[32];
    int64_t future_ms;    /* how far ahead of the registry's clock a recorded time may lie */
    uint32_t persons_max; /* identities; records twice as many */
    uint32_t visits_max;
};

struct visits {
    struct visits_options options;
    uint64_t key_check; /* fingerprint of options.pseudonym_key */
    uint8_t local_key[16]; /* derived from it (pseudonym.h) */
    struct table facilities;
    struct table identities;
    struct table records;
    struct table visits;
    struct index facility_by_code;
    struct index identity_by_key;
    struct index record_by_key;
    struct index visit_by_key;
};

/* Makes the empty tables and registers them; they are released with the state. self must stay where it is. */
void visits_state_init(struct visits *self, const struct visits_options *options, struct state *state);

static inline struct facility *visits_facility(const struct visits *self, uint32_t number) {
    return table_row(&self->facilities, number);
}
static inline struct identity *visits_identity(const struct visits *self, uint32_t number) {
    return table_row(&self->identities, number);
}
static inline struct record *visits_record(const struct visits *self, uint32_t number) {
    return table_row(&self->records, number);
}
static inline struct visit *visits_visit(const struct visits *self, uint32_t number) {
    return table_row(&self->visits, number);
}

/* Row numbers; 0 when there is none. */
uint32_t visits_find_facility(const struct visits *self, const char *code);
uint32_t visits_find_identity(const struct visits *self, const struct key16 *key);
uint32_t visits_find_record(const struct visits *self, const struct key12 *key);
uint32_t visits_find_visit(const struct visits *self, const struct key16 *key);
/* Starts the memory reads of the finds above: of the buckets, or with has_bucket of the rows that they lead to. */
void visits_prefetch(const struct visits *self, const struct key16 *visit, const struct key16 *identity,
                     const struct key12 *record, bool has_bucket);

/* The person (standing record) that holds an identity; 0 for none. */
static inline uint32_t visits_person_of_identity(const struct visits *self, uint32_t identity) {
    return identity == 0 ? 0 : visits_record(self, visits_identity(self, identity)->first_record)->person;
}

/* Whether the visit stands: opened, and not cancelled since. */
static inline bool visit_is_live(const struct visit *visit) {
    return visit->open_recorded > visit->cancel_recorded;
}
/* Inpatient, outpatient, emergency, other. */
static inline bool visit_class_counts(unsigned visit_class) {
    return visit_class < 8 && (0x4eu >> visit_class & 1u);
}
/* Whether it is one of the visits that the city counts. */
static inline bool visit_counts(const struct visit *visit) {
    return visit_is_live(visit) && visit_class_counts(visit->visit_class);
}
/* Whether its person is a one-card patient through it. */
static inline bool visit_counts_patient(const struct visit *visit) {
    return (visit->flags & VISIT_ONE_CARD) && visit_counts(visit);
}

#endif
