#ifndef CTL_CITY_ISSUES_H
#define CTL_CITY_ISSUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ctl/city_approvals.h"

/*
 * A synthetic year of enterprise issues, reform tasks and river clues in Xuchang: a pure function of its options. No enterprise
 * in it exists: credit codes carry the unassigned region code 411099; the agencies are those of city_approvals.h.
 *
 * What the city printed about 2020 comes out of it exactly: 1,194 issues collected (registered, less duplicates and invalid ones), 1,131
 * of them resolved; 18 and 21 contact rules; 150 tasks in six fields, 11 of them key, all signed off, answering to 152 tasks of the
 * province, and the measured values of ten indicators; 49 clues transferred, 37 of them filed. Around them disputes, extensions,
 * further rounds, silence, long-term issues, late answers, returned and reopened tasks, appraisals, and a Tick for every day.
 *
 * Memory: its commands as they are sent (about 6 MB).
 */
struct city_issues_options {
    uint64_t seed;
    uint64_t base_ms; /* command ids are made from this time on (Unix ms), as struct city_options */
};

/* What the registry and the metrics have to count: noted as the steps are drawn, by plain loops over days, without the calendar or
 * the rules of the registry. */
struct city_issues_totals {
    uint64_t commands;
    uint64_t registered, duplicates, invalid, resolved, confirmed, silent, signed_off;
    uint64_t long_term, transferred, cancelled, open_at_end;
    uint64_t dissatisfied, disputes, extensions, raised, dispatched_late;
    uint64_t on_time, late;
    uint64_t about_item, about_task, cited;
    uint64_t registered_in[8], resolved_in[8]; /* by county, 0 the first; enterprises are in counties */
    uint64_t tasks, key_items, provincial, tasks_in_field[7], reports, objections, reopened;
    uint64_t clues, clues_transferred, clues_filed, clues_not_filed, suggestions, clues_signed_off, receipts_late;
    uint64_t circulars;
    uint64_t bytes; /* of memory held */
};

struct city_issues;

/* MEMORY. */
enum status city_issues_new(const struct city_issues_options *options, struct city_issues **city);
void city_issues_destroy(struct city_issues **city);
const struct city_issues_totals *city_issues_totals(const struct city_issues *city);
/* The next command in order of time; false at the end of the stream. */
bool city_issues_next(struct city_issues *city, struct city_approvals_command *command);
/* The body of common.v1.Command: a serialized issues.v1.Command, at most CITY_APPROVALS_BODY_BYTES_MAX. Returns its size. */
size_t city_issues_pack(const struct city_issues *city, const struct city_approvals_command *command,
                        uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]);

#endif
