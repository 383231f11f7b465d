#include <stddef.h>
#include <stdint.h>

#include "aggregator/fold.h"
#include "base/arena.h"
#include "base/check.h"
#include "common/v1/message.pb-c.h"
#include "wire/parse.h"

/* What an aggregator does with the bytes of a feed: unpack a Reply, fold the events of its Batch into cells. */

static void fold(const Common__V1__Batch *batch, struct arena *arena, struct cells *cells) {
    for (size_t i = 0; i < batch->n_events; i++) {
        const ProtobufCBinaryData *body = &batch->events[i]->body;
        if (fold_visits(body->data, body->len, arena, cells) == FOLD_FULL) {
            CHECK(!cells_is_empty(cells));
            cells_clear(cells);
            CHECK(fold_visits(body->data, body->len, arena, cells) != FOLD_FULL);
        }
    }
    cells_sort(cells);
    for (size_t i = 0; i < cells->count; i++) {
        struct cell_key key = cell_unpack(&cells->cells[i]);
        CHECK(key.region > 0 && key.region <= INT32_MAX && key.metric > 0);
        CHECK(key.organisation < cells->organisation_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct arena reply_arena, body_arena;
    static struct cells cells;
    if (cells.cells == NULL) {
        arena_init(&reply_arena, 16 * 1024 * 1024);
        arena_init(&body_arena, 8 * 1024 * 1024);
        CHECK(cells_init(&cells, FOLD_EVENT_CELLS_MAX + 1));
    }
    arena_reset(&reply_arena);
    cells_clear(&cells);
    Common__V1__Reply *reply = NULL;
    if (parse_reply(data, size, &reply_arena, &reply) == STATUS_OK &&
        reply->body_case == COMMON__V1__REPLY__BODY_BATCH) {
        fold(reply->batch, &body_arena, &cells);
    } else {
        cells_clear(&cells);
        (void)fold_visits(data, size, &body_arena, &cells); /* so that bodies are reached without a frame round them */
    }
    return 0;
}
