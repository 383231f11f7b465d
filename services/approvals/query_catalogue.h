#ifndef APPROVALS_QUERY_CATALOGUE_H
#define APPROVALS_QUERY_CATALOGUE_H

#include "approvals/state.h"
#include "approvals/v1/query.pb-c.h"
#include "base/arena.h"
#include "service/service.h"

/* Questions about the catalogue, the agencies and the calendar, dispatched by query.c; public to everybody who has a
 * key. The answer lives in arena and points into the state; NULL: *code says why not. */
#define QUERY_ITEMS_MAX 1000        /* of one page of ListItems; without a limit 100 */
#define QUERY_ITEMS_LOOKED_AT 50000 /* of one page; it may be short although more follows */
#define QUERY_CHECKED_ITEMS_MAX 200
#define QUERY_CALENDAR_DAYS_MAX 400

Approvals__V1__Answer *approvals_list_items(const struct approvals *self, const struct question *question,
                                            const Approvals__V1__ListItems *ask, struct arena *arena, uint32_t *code);
Approvals__V1__Answer *approvals_check_items(const struct approvals *self, const struct question *question,
                                             const Approvals__V1__CheckItems *ask, struct arena *arena, uint32_t *code);
Approvals__V1__Answer *approvals_list_agencies(const struct approvals *self, const struct question *question,
                                               const Common__V1__ListAgencies *ask, struct arena *arena,
                                               uint32_t *code);
Approvals__V1__Answer *approvals_get_calendar(const struct approvals *self, const struct question *question,
                                              const Approvals__V1__GetCalendar *ask, struct arena *arena,
                                              uint32_t *code);

#endif
