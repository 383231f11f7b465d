#ifndef AGGREGATOR_PUBLISH_H
#define AGGREGATOR_PUBLISH_H

#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/civil.h"
#include "common/v1/problem.pb-c.h"
#include "metrics/v1/metrics.pb-c.h"

/*
 * Publication: a period's numbers are kept under a number of their own as they are known now (schema/0005_publication.sql).
 */
#define PUBLISH_NOTE_BYTES 201 /* with the final NUL */

/* --- publish_read.c, pure: what a FreezePeriod asks for ----------------------------------------------------------------- */

struct publish_period {
    const char *period; /* "day", "month" or "year"; static */
    char first_day[CIVIL_DATE_TEXT_BYTES];
    char note[PUBLISH_NOTE_BYTES];
};

/* 0, or the code of the refusal with the field at fault (static). today: the +08:00 day of now; a period that begins after
 * it has not begun. */
Common__V1__Code publish_read(const Metrics__V1__FreezePeriod *message, int32_t today, struct publish_period *period,
                              const char **field);

/* --- publish_query.c: ListPublications ---------------------------------------------------------------------------------- */

#define PUBLISH_LIMIT_DEFAULT 20 /* each is compared with the numbers of now */
#define PUBLISH_LIMIT_MAX 100
#define PUBLISH_QUERY_PARAMETERS 2

struct publish_query {
    size_t limit;
    char texts[PUBLISH_QUERY_PARAMETERS][24];
    const char *values[PUBLISH_QUERY_PARAMETERS];
};

extern const char *const publish_query_sql;

/* 0, or the code of the refusal with *field at fault. values point into the struct: it must not move afterwards. */
Common__V1__Code publish_query_read(const Metrics__V1__ListPublications *message, struct publish_query *query,
                                    const char **field);
/* Rows of the statement (one for each source of a publication) -> Answer in arena, with texts borrowed from rows. Ends a
 * page early where the reply would grow too large. NULL: no room. */
Metrics__V1__Answer *publish_query_answer(const struct publish_query *query, const PGresult *rows, struct arena *arena);

#endif
