/* Anything a feed of approvals may carry: pairs of (length, bytes), each folded into one set of cells. What is not
 * folded leaves nothing behind; what is touches few cells, and those are ones that the catalogue knows. */

#include <stdlib.h>
#include <string.h>

#include "aggregator/fold.h"
#include "aggregator/fold_checks.h"
#include "aggregator/metrics.h"
#include "base/check.h"

#define CELLS_OF_FUZZER 256 /* a small set, so that a full one is met too */
#define EVENT_CELLS_MAX 64
#define VALUE_MAX INT64_C(100000000000000) /* 1 - promised / statutory in millionths, at its most absurd */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool metric_is_known(int number) {
    for (size_t i = 0; i < metric_count; i++) {
        if ((int)metric_catalogue[i].number == number) {
            return true;
        }
    }
    return false;
}

static void check_cells(const struct cells *cells, size_t first, size_t events) {
    for (size_t i = first; i < cells->count; i++) {
        struct cell_key key = cell_unpack(&cells->cells[i]);
        CHECK(metric_is_known(key.metric) && category_id(key.category)[0] != '\0');
        CHECK(key.region > 0 && key.region <= FOLD_REGION_MAX && key.period >= 0 &&
              (uint32_t)key.period <= FOLD_DAY_MAX);
        CHECK(key.organisation < cells->organisation_count && (key.organisation != 0 || key.metric == METRIC_ROUNDS));
        CHECK(llabs(cells->cells[i].value) <= VALUE_MAX * (int64_t)events);
    }
}

static void fold_one(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells, size_t events) {
    size_t count = cells->count, organisations = cells->organisation_count, registrations = cells->registration_count;
    switch (fold_approvals(body, size, arena, cells)) {
    case FOLD_DONE:
        CHECK(cells->count - count <= EVENT_CELLS_MAX && cells->organisation_count - organisations <= 2);
        check_cells(cells, 0, events);
        return;
    case FOLD_FULL:
        CHECK(cells->count == count && cells->organisation_count == organisations);
        cells_clear(cells);
        CHECK(fold_approvals(body, size, arena, cells) != FOLD_FULL);
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
    if (cells.max == 0) {
        CHECK(cells_init(&cells, CELLS_OF_FUZZER));
        arena_init(&arena, FOLD_UNPACK_BYTES_MAX);
    }
    cells_clear(&cells);
    for (size_t events = 1; size > 1; events++) {
        size_t length = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        length = length > size ? size : length;
        fold_one(data, length, &arena, &cells, events);
        data += length;
        size -= length;
    }
    return 0;
}
