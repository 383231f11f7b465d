#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/fold.h"
#include "support/random_events.h"

/*
 * What holds of every kind of registry: a cell is a sum over events, so it does not matter in which order they come,
 * nor into how many sets they are folded. Random streams, some of whose events are outside of the contract.
 */
#define EVENTS 3000

typedef size_t make_event(uint8_t *body);

static const struct {
    const char *kind;
    make_event *make;
} kinds[] = {{"visits", pack_visits}, {"approvals", pack_approvals}, {"issues", pack_issues}};

struct stream {
    struct cells whole, parts, one;
    struct arena arena;
    uint8_t (*bodies)[RANDOM_EVENT_BYTES];
    size_t sizes[EVENTS];
    size_t unknown;
};

static int set_up(void **state) {
    struct stream *stream = calloc(1, sizeof *stream);
    assert_non_null(stream);
    assert_true(cells_init(&stream->whole, CELLS_MAX_LEAST));
    assert_true(cells_init(&stream->parts, CELLS_MAX_LEAST));
    assert_true(cells_init(&stream->one, CELLS_MAX_LEAST));
    arena_init(&stream->arena, FOLD_UNPACK_BYTES_MAX);
    stream->bodies = calloc(EVENTS, sizeof *stream->bodies);
    assert_non_null(stream->bodies);
    *state = stream;
    return 0;
}

static int tear_down(void **state) {
    struct stream *stream = *state;
    cells_release(&stream->whole);
    cells_release(&stream->parts);
    cells_release(&stream->one);
    arena_release(&stream->arena);
    free(stream->bodies);
    free(stream);
    return 0;
}

/* Adds the cells of one set to another, by what they are about: the numbers of organisations are each set's own. */
static void pour(const struct cells *from, struct cells *into) {
    for (size_t i = 0; i < from->count; i++) {
        struct cell_key key = cell_unpack(&from->cells[i]);
        const char *organisation = from->organisations[key.organisation];
        key.organisation = cells_organisation(into, organisation, strlen(organisation));
        cells_add(into, &key, from->cells[i].value);
    }
}

static void assert_sums_equal(const struct cells *left, struct cells *right) {
    for (size_t i = 0; i < left->count; i++) {
        struct cell_key key = cell_unpack(&left->cells[i]);
        const char *organisation = left->organisations[key.organisation];
        key.organisation = cells_organisation(right, organisation, strlen(organisation));
        if (cells_value(right, &key) != left->cells[i].value) {
            fail_msg("metric %d of %u: %lld, not %lld", (int)key.metric, (unsigned)key.region,
                     (long long)cells_value(right, &key), (long long)left->cells[i].value);
        }
    }
    assert_int_equal(left->count, right->count);
    assert_int_equal(left->organisation_count, right->organisation_count);
}

static void a_stream_adds_up_in_any_order_and_in_any_parts(void **state) {
    struct stream *stream = *state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        fold_function *fold = fold_kind_find(kinds[k].kind)->fold;
        size_t unknown_back = 0;
        stream->unknown = 0;
        random_seed = 20 + k;
        cells_clear(&stream->whole);
        cells_clear(&stream->parts);
        for (size_t i = 0; i < EVENTS; i++) {
            stream->sizes[i] = kinds[k].make(stream->bodies[i]);
            assert_true(stream->sizes[i] <= RANDOM_EVENT_BYTES);
            const enum fold_result result = fold(stream->bodies[i], stream->sizes[i], &stream->arena, &stream->whole);
            assert_true(result != FOLD_FULL);
            stream->unknown += result == FOLD_UNKNOWN;
        }
        for (size_t i = EVENTS; i-- > 0;) { /* backwards, a set for each */
            cells_clear(&stream->one);
            unknown_back += fold(stream->bodies[i], stream->sizes[i], &stream->arena, &stream->one) == FOLD_UNKNOWN;
            pour(&stream->one, &stream->parts);
        }
        assert_int_equal(unknown_back, stream->unknown);
        assert_true(stream->unknown > 0 && stream->unknown < EVENTS / 2); /* some of each */
        assert_true(stream->whole.count > 200);
        assert_sums_equal(&stream->whole, &stream->parts);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stream_adds_up_in_any_order_and_in_any_parts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
