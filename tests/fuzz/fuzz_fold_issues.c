/* Anything a feed of issues may carry: pairs of (length, bytes), each folded into one set of cells. What is not folded leaves
 * nothing behind; what is touches few cells, ones that the catalogue knows, with codes that a store takes. */

#include <stdlib.h>
#include <string.h>

#include "aggregator/fold.h"
#include "aggregator/fold_checks.h"
#include "aggregator/metrics.h"
#include "base/check.h"
#include "base/utf8.h"

#define CELLS_OF_FUZZER 256 /* a small set, so that a full one is met too */
#define EVENT_CELLS_MAX 128
#define EVENT_ORGANISATIONS_MAX 80
#define VALUE_MAX INT64_C(4000000000000000) /* a change of an indicator, in hundredths of its unit */
#define EVENTS_MAX 256                      /* so that no sum is larger than a cell holds */
#define CHANGES_MAX 8                       /* of one event; all may be of the same indicator */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool metric_is_known(int number) {
    for (size_t i = 0; i < metric_count; i++) {
        if ((int)metric_catalogue[i].number == number) {
            return true;
        }
    }
    return false;
}

static bool counts_for_the_city(int metric) {
    return metric == METRIC_CONTACT_RULES_POSITIVE || metric == METRIC_CONTACT_RULES_NEGATIVE ||
           metric == METRIC_ISSUES_CIRCULARS || metric == METRIC_LEDGER_PROVINCIAL_TASKS ||
           metric == METRIC_LEDGER_PROVINCIAL_MAPPED ||
           (metric >= METRIC_LEDGER_INDICATOR_BASELINE && metric <= METRIC_LEDGER_INDICATOR_TOTAL);
}

static bool has_a_subject(int metric) {
    return (metric >= METRIC_ISSUES_ABOUT_ITEM && metric <= METRIC_ISSUES_ABOUT_TASK_OPEN) ||
           metric == METRIC_ISSUES_RULE_CITED ||
           (metric >= METRIC_LEDGER_INDICATOR_BASELINE && metric <= METRIC_LEDGER_INDICATOR_TOTAL);
}

static void check_cells(const struct cells *cells, size_t events) {
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell_key key = cell_unpack(&cells->cells[i]);
        CHECK(key.metric >= METRIC_ISSUES_REGISTERED && key.metric <= METRIC_CLUES_OPEN);
        CHECK(metric_is_known(key.metric) && category_id(key.category)[0] != '\0');
        CHECK(key.region > 0 && key.region <= FOLD_REGION_MAX && key.period >= 0 &&
              (uint32_t)key.period <= FOLD_DAY_MAX);
        CHECK(!counts_for_the_city(key.metric) || key.region == METRIC_CITY_REGION);
        CHECK(key.organisation < cells->organisation_count && (key.organisation != 0 || !has_a_subject(key.metric)));
        CHECK(llabs(cells->cells[i].value) <= CHANGES_MAX * VALUE_MAX * (int64_t)events);
    }
    for (size_t i = 1; i < cells->organisation_count; i++) {
        const char *code = cells->organisations[i];
        CHECK(code[0] != '\0' && utf8_is_valid(code, strlen(code)));
    }
}

static void fold_one(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells, size_t *events) {
    const size_t count = cells->count, organisations = cells->organisation_count;
    const size_t registrations = cells->registration_count;
    ++*events;
    switch (fold_issues(body, size, arena, cells)) {
    case FOLD_DONE:
        CHECK(cells->count - count <= EVENT_CELLS_MAX &&
              cells->organisation_count - organisations <= EVENT_ORGANISATIONS_MAX);
        check_cells(cells, *events);
        return;
    case FOLD_FULL:
        CHECK(cells->count == count && cells->organisation_count == organisations);
        cells_clear(cells);
        *events = 1;
        CHECK(fold_issues(body, size, arena, cells) != FOLD_FULL);
        return;
    case FOLD_UNKNOWN:
        CHECK(cells->count == count && cells->organisation_count == organisations &&
              cells->registration_count == registrations);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct cells cells;
    static struct arena arena;
    size_t events = 0;
    if (cells.max == 0) {
        CHECK(cells_init(&cells, CELLS_OF_FUZZER));
        arena_init(&arena, FOLD_UNPACK_BYTES_MAX);
    }
    cells_clear(&cells);
    while (size > 1 && events < EVENTS_MAX) {
        size_t length = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        length = length > size ? size : length;
        fold_one(data, length, &arena, &cells, &events);
        data += length;
        size -= length;
    }
    return 0;
}
