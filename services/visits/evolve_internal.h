#ifndef VISITS_EVOLVE_INTERNAL_H
#define VISITS_EVOLVE_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "service/service.h"
#include "visits/events.h"
#include "visits/state.h"
#include "visits/visit_claims.h"

/* Between the evolve*.c files; nobody else. */

/* A body as the log holds it may lie anywhere: it is copied to where it is aligned. */
#define BODY_OF(event, body)                                                                                           \
    do {                                                                                                               \
        CHECK((event)->private_size == sizeof(body));                                                                  \
        memcpy(&(body), (event)->private_body, sizeof(body));                                                          \
    } while (0)

/*
 * A visit hangs in the list of one record (visit.record; lists are in the order of beginning, latest first). Moving it
 * to another: detach, attach. Neither touches anything else of the row: VISIT_NAMED, owner_recorded and the claims say
 * whose it is as (base, identity) and stay what they are when a base is bound to another identity.
 *
 * So a base that is bound to identity Y instead of X: its visits with VISIT_NAMED go to its second record for X, all of
 * its second record for Y come to the base. (A visit whose owner_recorded is 0 is nobody's, it only hangs somewhere.)
 */
void evolve_visit_detach(struct visits *self, uint32_t visit);
void evolve_visit_attach(struct visits *self, uint32_t visit, uint32_t record);

/* evolve_person.c: the events of events_person.h, and EVENT_RECORDS_LINKED of older logs. False: not one of these.
 * (The record part of an old EVENT_VISIT_OPENED comes through evolve_person_make, which makes a second record that is
 * missing.) */
bool evolve_person(struct visits *self, const struct event *event);
/* evolve_visit.c: the events 2 to 5 and 7 to 12. False: not one of these. */
bool evolve_visit(struct visits *self, const struct event *event);

/* --- evolve_visit.c, for its other parts --- */

uint32_t evolve_find_or_make_visit(struct visits *self, const struct key16 *key, uint16_t facility);
uint32_t evolve_make_visit(struct visits *self, const struct key16 *key, uint16_t facility);
/* A visit that must be there: the rules wrote the event because it was. */
uint32_t evolve_known_visit(const struct visits *self, const struct key16 *key);
void evolve_ensure_extra(struct visits *self, uint32_t visit);
struct owner_key evolve_owner_of(const struct event_owner *event);
/* Hangs it where it belongs; with record 0 it stays where it is. */
void evolve_place_visit(struct visits *self, uint32_t visit, uint32_t record, uint32_t opened_at);
/* All registers but opened_at, which evolve_settle sets, and the department. */
void evolve_store_registers(struct visits *self, uint32_t visit, const struct event_visit_stated *body);
/* After a change of registers, claims or moves: stores the claims, works out whose the visit is. opened_at: its place
 * in the list from now on. */
void evolve_settle(struct visits *self, uint32_t visit, struct claims *claims, uint32_t opened_at);

/* evolve_old.c, evolve_number.c */
void evolve_old_opened(struct visits *self, const struct event *event);
void evolve_old_changed(struct visits *self, const struct event *event);
void evolve_visit_joined(struct visits *self, const struct event *event);
void evolve_visits_numbered(struct visits *self, const struct event *event);
void evolve_visits_moved(struct visits *self, const struct event *event);

#endif
