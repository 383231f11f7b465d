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
 *   facility <- record (a person under one local id, or by the number alone) <- visit
 *   identity (a resident identity number) joins the records that carry it; edges join records that were merged, linked
 * or stated together; a person is what these join (regroup.h)
 *
 * Times are seconds since 1970. "Recorded" times say how new a statement is; per aspect of a visit the newest wins, and
 * of equally new ones the greater value, so that any order of arrival ends in the same state.
 */

#define VISITS_CODE_BYTES 33       /* facility or domain code with its final NUL */
#define VISITS_NAME_BYTES 97       /* facility name with its final NUL */
#define VISITS_NUMBER_BYTES_MAX 64 /* visit number, local id, movement */
#define VISITS_DEPARTMENT_BYTES 34 /* with its final NUL; two for alignment */
#define VISITS_REASON_BYTES 208    /* at most 200, zero-padded */
#define VISITS_LOCAL_IDS_MAX 8     /* of one statement */
#define VISITS_FACILITIES_MAX 4096
#define VISITS_DOMAINS_MAX 1024
#define VISITS_DOMAIN_OWNERS_MAX 16
#define VISITS_DEPARTMENTS_MAX 65535
#define VISITS_LOOKUPS_MAX 1000000
#define VISITS_LAYOUT 2

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

/* A domain of local ids that several facilities share. */
struct domain {
    char code[VISITS_CODE_BYTES];
    uint8_t owner_count;
    uint16_t owners[VISITS_DOMAIN_OWNERS_MAX]; /* facility rows */
};

struct department {
    uint16_t facility;
    char code[VISITS_DEPARTMENT_BYTES];
};

struct identity {
    struct key16 key;
    char last4[4];         /* not NUL-terminated */
    uint32_t first_record; /* never 0; its person is the identity's person */
};

/* flags of a source record */
#define RECORD_LOCAL 1      /* known by a local id; otherwise by the identity alone */
#define RECORD_SECOND 2     /* a further identity on a local id that already has another one */
#define RECORD_EDGES 4      /* has a row in edges */
#define RECORD_KIND_SHIFT 8 /* visits.v1.IdentifierKind from here on */

/* record.facility: a facility's row; RECORD_OF_DOMAIN and a domain's row; 0: an id shared by the city */
#define RECORD_OF_DOMAIN 0x8000

/*
 * Of a local id there is a base record and, for each identity stated with it other than the base's, a second one. The
 * base carries the identity that was stated first (by recorded time; of equals the smaller key), and the visits that
 * named this identity or none.
 */
struct record {
    struct key12 key;
    uint32_t identity;       /* 0: no resident identity number known */
    uint32_t person;         /* the record that stands for the person (itself, when alone) and heads the list below */
    uint32_t next_in_person; /* the next record of the same person; 0 ends */
    uint32_t first_visit;    /* the one that began last; 0: none */
    uint32_t bound_recorded; /* s; of the first statement that named this local id with the identity; 0 without one */
    uint16_t facility;
    uint16_t flags;
};

enum edge_kind {
    EDGE_REGISTRAR = 1, /* joined by a registrar, whatever the identities */
    EDGE_MERGE = 2,     /* a is another name of b */
    EDGE_LINK = 3,
    EDGE_TOGETHER = 4, /* local ids that one statement named */
    EDGE_UNBOUND = 5,  /* the identity b (a row of identities) is not a's, for statements recorded up to off_recorded */
    EDGE_APART = 6,    /* a registrar keeps a and b apart: weaker edges between them do not join while on */
};
struct edge {
    uint64_t seq;       /* event that set it last */
    uint32_t a, b;      /* base records; of the symmetric kinds a < b by key */
    uint32_t next_of_a; /* older edge with the same a; 0 ends */
    uint32_t next_of_b;
    uint32_t first_recorded; /* s; the smallest said: weighs which of contradicting edges holds */
    uint32_t on_recorded;    /* s; the newest that says so */
    uint32_t off_recorded;   /* s; the newest that takes it back; UINT32_MAX: by a registrar, for ever */
    uint16_t facility;       /* row of who said it first; 0: a registrar */
    uint8_t kind;
    uint8_t zero;
};

struct conflict {
    uint64_t seq;
    uint32_t first, second; /* records */
    uint32_t opened_at;     /* s, the registry's time */
    uint16_t facility;      /* row; 0: a registrar's command */
    uint8_t kind;           /* visits.v1.ConflictKind */
    uint8_t decision;       /* visits.v1.ConflictDecision; 0: open */
};

/* Who looked up or decided about persons, and why. */
struct lookup {
    uint64_t seq;
    uint32_t at;   /* s */
    uint32_t what; /* enum lookup_kind */
    char principal[64];
    char reason[VISITS_REASON_BYTES];
};

/* flags of a visit */
#define VISIT_ONE_CARD 1
#define VISIT_CLASS_CHANGED 2 /* the class comes from a class change; an opening of the same second does not undo it   \
                               */
#define VISIT_BEGIN_WEAK                                                                                               \
    4 /* beginning and card from a statement that is neither opening nor update: the oldest holds */
#define VISIT_CLASS_WEAK 8   /* likewise the class */
#define VISIT_OWNER_WEAK 16  /* the record is not named by an opening: the oldest such statement holds */
#define VISIT_STAY_PROVEN 32 /* a move, an end or a class change says that the patient was there */
#define VISIT_UPDATED 64     /* known by an update that may create */
#define VISIT_NAMED 128      /* the owner statement named the identity of its record, beside a local id */
#define VISIT_REOPENED 256   /* closed_at was taken back: wins over an end of the same second */
#define VISIT_PRE_KNOWN 512  /* a pre-admission, or its cancellation, was stated (extras) */
#define VISIT_IS_OTHER                                                                                                 \
    1024 /* another number of the visit `next` (or of the one that it is another number of): nothing else counts */

/*
 * A visit counts when an opening (A01, A04) is newer than its cancellation; or it was never cancelled and a stay is
 * proven; or it is known by updates alone. A pre-admission alone never counts.
 */
struct visit {
    struct key16 key;
    uint32_t record;          /* whose it is, and in whose list it hangs; 0: nobody's yet */
    uint32_t next;            /* the record's visit that began before it, or with it; 0 ends */
    uint32_t opened_at;       /* s; its place in the list, also while begin_recorded is 0 */
    uint32_t begin_recorded;  /* s; of opened_at and card; 0: not known */
    uint32_t open_recorded;   /* s; newest opening; 0: none */
    uint32_t owner_recorded;  /* s; of the statement that names the record; 0: it is nobody's, and hangs where it was */
    uint32_t class_recorded;  /* s */
    uint32_t closed_at;       /* s; 0: open */
    uint32_t end_recorded;    /* s; 0: no end known */
    uint32_t cancel_recorded; /* s; 0: never cancelled. What was recorded up to then is void and forgotten */
    uint32_t place_recorded;  /* s; of the department */
    uint32_t extra;           /* row of extras; 0: none */
    uint64_t last_seq;        /* its last event: the version that clients see */
    uint16_t facility;
    uint16_t department; /* row; 0: not known */
    uint16_t flags;
    uint8_t visit_class; /* visits.v1.VisitClass */
    uint8_t rank;        /* at most so many steps lead to it from its other numbers */
};

/* What few visits have. */
struct extra {
    uint32_t pre_recorded;        /* s; newest pre-admission; 0: none */
    uint32_t pre_cancel_recorded; /* s; newest cancellation of the pre-admission */
    uint32_t
        first_claim; /* all openings, ordered by recorded, record key; without an extra the row's own is the only one */
    uint32_t moved_base; /* base record of the person it was moved to; 0: not moved */
    uint32_t moved_identity;
    uint32_t moved_recorded;  /* s */
    uint32_t called_at;       /* s; rescue circle */
    uint32_t arrived_at;      /* s */
    uint32_t rescue_recorded; /* s; 0: no times known */
    uint8_t is_urban;
    uint8_t zero[3];
};

/* An opening of a visit, or (CLAIM_VOID) the word that the opening of this movement never was. */
#define CLAIM_PRE 1         /* a pre-admission */
#define CLAIM_VOID 2        /* recorded is 0: it holds whenever the opening was recorded, and for ever */
#define VISIT_CLAIMS_MAX 64 /* of one visit */
struct claim {
    uint32_t base;     /* base record that the statement names */
    uint32_t identity; /* identity it names beside a local id; 0: none. The record is the base's, or the second one's */
    uint32_t recorded; /* s */
    uint32_t movement; /* hash of the sender's movement id; 0: none */
    uint32_t next;     /* in their order; of the first row of all, the first of those that are free; 0 ends */
    uint32_t flags;
};

static_assert(sizeof(struct facility) == 152, "no padding");
static_assert(sizeof(struct domain) == 66, "no padding");
static_assert(sizeof(struct department) == 36, "no padding");
static_assert(sizeof(struct identity) == 24, "no padding");
static_assert(sizeof(struct record) == 36, "no padding");
static_assert(sizeof(struct edge) == 40, "no padding");
static_assert(sizeof(struct conflict) == 24, "no padding");
static_assert(sizeof(struct lookup) == 288, "no padding");
static_assert(sizeof(struct visit) == 80, "no padding");
static_assert(sizeof(struct extra) == 40, "no padding");
static_assert(sizeof(struct claim) == 24, "no padding");

struct visits_options {
    uint8_t pseudonym_key[32];
    int64_t future_ms;    /* how far ahead of the registry's clock a recorded time may lie */
    uint32_t persons_max; /* identities; records twice as many */
    uint32_t visits_max;
};

struct visits {
    struct visits_options options;
    uint64_t key_check;    /* fingerprint of options.pseudonym_key */
    uint8_t local_key[16]; /* derived from it (pseudonym.h) */
    struct table facilities;
    struct table domains;
    struct table departments;
    struct table identities;
    struct table records;
    struct table visits;
    struct table extras;
    struct table claims;
    struct table edges;
    struct table conflicts;
    struct table lookups;
    struct index facility_by_code;
    struct index domain_by_code;
    struct index department_by_code; /* of a facility */
    struct index identity_by_key;
    struct index record_by_key;
    struct index visit_by_key;
    struct index edge_by_a; /* the newest of a record; older ones by next_of_a */
    struct index edge_by_b;
    struct index conflict_by_pair; /* kind, first, second */
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

static inline struct domain *visits_domain(const struct visits *self, uint32_t number) {
    return table_row(&self->domains, number);
}
static inline struct department *visits_department(const struct visits *self, uint32_t number) {
    return table_row(&self->departments, number);
}
static inline struct extra *visits_extra(const struct visits *self, uint32_t number) {
    return table_row(&self->extras, number);
}
static inline struct claim *visits_claim(const struct visits *self, uint32_t number) {
    return table_row(&self->claims, number);
}
static inline struct edge *visits_edge(const struct visits *self, uint32_t number) {
    return table_row(&self->edges, number);
}
static inline struct conflict *visits_conflict(const struct visits *self, uint32_t number) {
    return table_row(&self->conflicts, number);
}
static inline struct lookup *visits_lookup(const struct visits *self, uint32_t number) {
    return table_row(&self->lookups, number);
}

/* Row numbers; 0 when there is none. */
uint32_t visits_find_facility(const struct visits *self, const char *code);
uint32_t visits_find_identity(const struct visits *self, const struct key16 *key);
uint32_t visits_find_record(const struct visits *self, const struct key12 *key);
/* Follows another number of a visit to it: at most 32 steps, the ranks see to that. */
uint32_t visits_find_visit(const struct visits *self, const struct key16 *key);
uint32_t visits_find_domain(const struct visits *self, const char *code);
/* code as a row holds it, zero-padded. */
uint32_t visits_find_department(const struct visits *self, const struct department *key);
/* The newest edge that has the record as its a, or its b. */
uint32_t visits_find_edge_by_a(const struct visits *self, uint32_t record);
uint32_t visits_find_edge_by_b(const struct visits *self, uint32_t record);
/* By kind, first and second. */
uint32_t visits_find_conflict(const struct visits *self, const struct conflict *key);
/* Starts the memory reads of the finds above: of the buckets, or with has_bucket of the rows that they lead to. */
void visits_prefetch(const struct visits *self, const struct key16 *visit, const struct key16 *identity,
                     const struct key12 *record, bool has_bucket);

/* The person (standing record) that holds an identity; 0 for none. */
static inline uint32_t visits_person_of_identity(const struct visits *self, uint32_t identity) {
    return identity == 0 ? 0 : visits_record(self, visits_identity(self, identity)->first_record)->person;
}

/* Whether an opening (A01, A04) is newer than the cancellation. */
static inline bool visit_is_open(const struct visit *visit) {
    return visit->open_recorded > visit->cancel_recorded;
}
/* Whether it is known only by what followed its opening: that proves a stay, as long as nothing says better. */
static inline bool visit_is_implied(const struct visit *visit) {
    return !visit_is_open(visit) && visit->cancel_recorded == 0 &&
           ((visit->flags & VISIT_STAY_PROVEN) || (visit->flags & (VISIT_UPDATED | VISIT_PRE_KNOWN)) == VISIT_UPDATED);
}
/* Whether the visit stands; a pre-admission alone does not. */
static inline bool visit_is_live(const struct visit *visit) {
    return visit_is_open(visit) || visit_is_implied(visit);
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
