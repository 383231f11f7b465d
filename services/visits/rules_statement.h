#ifndef VISITS_RULES_STATEMENT_H
#define VISITS_RULES_STATEMENT_H

#include "visits/rules.h"
#include "visits/visit_claims.h"
#include "visits/visit_join.h"

/* Between the rules_*.c files of visits: one statement about a visit, whatever command said it. */
struct statement {
    uint32_t recorded;            /* s */
    struct visit_facts said;      /* the registers it speaks of; its cancellation too */
    struct department department; /* where said.place points */
    bool has_person;              /* keys->person is in good form and names somebody */
    bool opens;                   /* an opening, or with is_pre a pre-admission */
    bool is_pre;
    bool voids_movement; /* the cancellation of keys->movement alone */
    bool may_own;        /* weak: whose it is as long as no opening says */
    bool makes;          /* kept of a visit that is not known too, whether that makes it one that counts or not */
};

/* Sets when it was recorded, and checks the visit number and the command's times. False: refused. */
bool statement_begin(struct deciding *d, const char *visit_number, int64_t recorded_at_ms, struct statement *s);
/* The parts of a statement. */
void statement_says_begin(struct statement *s, uint32_t opened_at, Visits__V1__CardKind card, bool is_weak);
void statement_says_class(struct statement *s, Visits__V1__VisitClass visit_class, unsigned flags);
/* The person is needed, or taken where there is one. False: refused. */
bool statement_needs_person(struct deciding *d, struct statement *s);
bool statement_takes_person(struct deciding *d, struct statement *s);
/* Decides it. */
void statement_decide(struct deciding *d, struct statement *s);

/*
 * rules_number.c: makes two numbers one visit, an event in each phase. True: it emitted one and comes back in the next
 * phase; false: they are one. At most NUMBERING_ROWS_MAX events.
 */
#define NUMBERING_ROWS_MAX 2
bool rules_join_numbers(struct deciding *d, const struct key16 *former, const struct key16 *number);
/* Whether two visits (rows) can become one; for the first phase. */
bool rules_can_join(const struct deciding *d, uint32_t a, uint32_t b);
/* Its event for pairs of which one number is not known. NULL: refused. */
struct event_visits_numbered *rules_new_numbered(struct deciding *d);
void rules_add_pair(struct event_visits_numbered *body, const struct key16 *former, const struct key16 *number);
/* visit: the row whose last event is before it. */
struct event *rules_emit_numbered(struct deciding *d, const struct event_visits_numbered *body, uint32_t visit);

/* Fills registers of an event from facts. */
void rules_fill_stated(const struct deciding *d, const struct key16 *visit, const struct visit_facts *after,
                       struct event_visit_stated *event);
void rules_fill_owner(const struct owner_key *owner, struct event_owner *event);

#endif
