#ifndef AGGREGATOR_FOLD_PLACE_H
#define AGGREGATOR_FOLD_PLACE_H

#include "aggregator/cells.h"
#include "aggregator/fold.h"
#include "aggregator/fold_checks.h"
#include "aggregator/metrics.h"
#include "common/v1/office.pb-c.h"
#include "issues/v1/events.pb-c.h"

/* Between the fold*.c files: where the numbers of one event go. Pure. */
struct place {
    struct cells *cells;
    struct cell_key key; /* all but the metric */
};

/* organisation: a code that is valid, or "". */
struct place place_make(struct cells *cells, const char *organisation, uint32_t region, int32_t period,
                        uint8_t category);
/* The same place of a subject: what the number is about stands where otherwise the organisation does (cells_subject).
 * code: a subject that is valid. */
struct place place_of_subject(const struct place *place, const char *code);
/* A number that is 0 makes no cell. */
void place_add(const struct place *place, enum metric_number metric, int64_t delta);
/* One, in a category. */
void place_add_in(const struct place *place, enum metric_number metric, uint8_t category);
/* A level and a state of slips that this build knows. */
bool place_slip_is_known(uint32_t level, Common__V1__SlipState state);
enum fold_result place_register(struct cells *cells, const Common__V1__AgencyRegistered *registered);

/* fold_ledger.c, fold_clues.c: parts of fold_issues. */
enum fold_result fold_provincial_task(const Issues__V1__ProvincialTaskPublished *published, struct cells *cells);
enum fold_result fold_task(const Issues__V1__TaskMoved *moved, struct cells *cells);
enum fold_result fold_clue(const Issues__V1__ClueMoved *moved, struct cells *cells);

#endif
