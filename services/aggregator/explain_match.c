#include "aggregator/explain_match.h"

#include <stdlib.h>
#include <string.h>

struct match_sum {
    int64_t delta;
    uint32_t cells;
    uint32_t first; /* number of the first cell */
};

/* --- Sets ------------------------------------------------------------------------------------------------------------
 */

bool match_wants_init(struct match_wants *wants, const struct explain_want *list, size_t count) {
    *wants = (struct match_wants){.wants = list, .count = count};
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)list[i].metric >= MATCH_METRICS) {
            return false;
        }
        wants->first[list[i].metric + 1]++;
    }
    for (size_t metric = 0; metric < MATCH_METRICS; metric++) {
        wants->first[metric + 1] += wants->first[metric];
    }
    wants->places = calloc(count, sizeof *wants->places);
    if (wants->places == NULL) {
        return false;
    }
    uint32_t filled[MATCH_METRICS] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t metric = list[i].metric;
        wants->places[wants->first[metric] + filled[metric]++] = (uint32_t)i;
    }
    return true;
}

void match_wants_release(struct match_wants *wants) {
    free(wants->places);
    wants->places = NULL;
}

bool match_init(struct match *match, const struct match_wants *wants) {
    *match = (struct match){0};
    match->sums = calloc(wants->count, sizeof *match->sums);
    match->touched = calloc(wants->count, sizeof *match->touched);
    return match->sums != NULL && match->touched != NULL;
}

void match_release(struct match *match) {
    free(match->sums);
    free(match->touched);
    *match = (struct match){0};
}

/* --- One event -------------------------------------------------------------------------------------------------------
 */

static bool is_in(const struct explain_want *want, const struct cell_key *key, const struct cells *cells) {
    return key->period >= want->first && key->period <= want->last &&
           (want->region == EXPLAIN_ANY_REGION || key->region == want->region) &&
           (want->category == EXPLAIN_ANY_CATEGORY || key->category == want->category) &&
           (want->organisation == NULL || strcmp(cells->organisations[key->organisation], want->organisation) == 0);
}

static void add(struct match *match, uint32_t place, size_t cell, int64_t delta) {
    struct match_sum *sum = &match->sums[place];
    if (sum->cells == 0) {
        match->touched[match->touched_count++] = place;
        sum->first = (uint32_t)cell;
    }
    sum->cells++;
    sum->delta += delta;
}

static int compare(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void match_cells(struct match *match, const struct match_wants *wants, const struct cells *cells) {
    match->touched_count = 0;
    match->next = 0;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells->cells[i].value == 0) {
            continue;
        }
        struct cell_key key = cell_unpack(&cells->cells[i]);
        if (key.metric >= MATCH_METRICS) {
            continue;
        }
        for (uint32_t at = wants->first[key.metric]; at < wants->first[key.metric + 1]; at++) {
            if (is_in(&wants->wants[wants->places[at]], &key, cells)) {
                add(match, wants->places[at], i, cells->cells[i].value);
            }
        }
    }
    if (match->touched_count > 1) {
        qsort(match->touched, match->touched_count, sizeof *match->touched, compare);
    }
}

static void fill(const struct match_sum *sum, uint32_t place, const struct cells *cells, struct explain_event *event) {
    struct cell_key key = cell_unpack(&cells->cells[sum->first]);
    event->want = place;
    event->delta = sum->delta;
    event->cells = sum->cells;
    event->region = key.region;
    event->period = key.period;
    event->category = key.category;
    memcpy(event->organisation, cells->organisations[key.organisation], CELLS_ORGANISATION_BYTES);
}

bool match_next(struct match *match, const struct cells *cells, struct explain_event *event) {
    while (match->next < match->touched_count) {
        uint32_t place = match->touched[match->next++];
        struct match_sum sum = match->sums[place];
        match->sums[place] = (struct match_sum){0};
        if (sum.delta != 0) {
            fill(&sum, place, cells, event);
            return true;
        }
    }
    return false;
}
