#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "state/state.h"

#define ROWS_MAX 20000

struct row {
    uint64_t key;
    uint32_t note;
    uint32_t zero;
};

static uint64_t hash_spread(const void *row) {
    return hash_mix64(((const struct row *)row)->key);
}

/* The worst hash there can be: chains of all lengths. */
static uint64_t hash_poor(const void *row) {
    return ((const struct row *)row)->key % 5;
}

static uint64_t hash_ones(const void *row) {
    (void)row;
    return UINT64_MAX;
}

static bool row_has_key(const void *row, const void *key) {
    return ((const struct row *)row)->key == *(const uint64_t *)key;
}

/* One table with one index, and a plain list of what must be found. */
struct fixture {
    struct table table;
    struct index index;
    struct state state;
    uint64_t (*hash)(const void *row);
    uint32_t added[ROWS_MAX * 2]; /* row numbers in order of index_add; 0 where removed again */
    uint32_t added_count;
    uint64_t random;
};

static struct fixture *fixture_new(uint64_t (*hash)(const void *row)) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->hash = hash;
    f->random = 7;
    table_init(&f->table, "rows", sizeof(struct row), ROWS_MAX);
    index_init(&f->index, "rows by key", &f->table, hash, row_has_key);
    state_register_table(&f->state, &f->table);
    state_register_index(&f->state, &f->index);
    return f;
}

static void fixture_free(struct fixture *f) {
    state_release(&f->state);
    free(f);
}

static uint64_t random_below(struct fixture *f, uint64_t bound) {
    f->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(f->random) % bound;
}

static void add_row(struct fixture *f, uint64_t key) {
    uint32_t number;
    struct row *row = table_add(&f->table, &number);
    row->key = key;
    row->note = number;
    index_add(&f->index, number);
    f->added[f->added_count++] = number;
}

static void take_out(struct fixture *f, uint32_t at) {
    index_remove(&f->index, f->added[at]);
    f->added[at] = 0;
}

static uint32_t find(const struct fixture *f, uint64_t key) {
    const struct row probe = {.key = key};
    index_prefetch(&f->index, f->hash(&probe));
    return index_find(&f->index, f->hash(&probe), &key);
}

/* The newest of equal keys, by a plain walk. */
static uint32_t find_plainly(const struct fixture *f, uint64_t key) {
    for (uint32_t at = f->added_count; at > 0; at--) {
        const uint32_t number = f->added[at - 1];
        if (number != 0 && ((const struct row *)table_row(&f->table, number))->key == key) {
            return number;
        }
    }
    return 0;
}

/* --- Tables ----------------------------------------------------------------------------------------------------------
 */

static void test_table_rows_keep_their_numbers(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(hash_spread);
    uint32_t number = 99;
    assert_int_equal(((struct row *)table_row(&f->table, 0))->key, 0);
    for (uint32_t i = 1; i <= ROWS_MAX; i++) {
        assert_false(table_is_full(&f->table));
        struct row *row = table_add(&f->table, &number);
        assert_int_equal(number, i);
        assert_int_equal(row->key + row->note + row->zero, 0);
        row->key = i * UINT64_C(3);
    }
    assert_true(table_is_full(&f->table));
    for (uint32_t i = 0; i <= ROWS_MAX; i++) {
        assert_int_equal(((struct row *)table_row(&f->table, i))->key, i * UINT64_C(3));
    }
    fixture_free(f);
}

static void test_bytes_are_those_in_use(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(hash_spread);
    struct table plain;
    table_init(&plain, "plain", 10, 5);
    state_register_table(&f->state, &plain);
    assert_int_equal(state_table_bytes(&f->state, &plain), 10);
    assert_int_equal(state_table_bytes(&f->state, &f->table), sizeof(struct row) + 2 * sizeof(uint32_t));
    table_add(&plain, NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        add_row(f, i);
    }
    const size_t indexed = 1001 * sizeof(struct row) + (1001 + 1000) * sizeof(uint32_t);
    assert_int_equal(state_table_bytes(&f->state, &f->table), indexed);
    assert_int_equal(state_bytes(&f->state), indexed + 20);
    fixture_free(f);
}

/* --- Indexes ---------------------------------------------------------------------------------------------------------
 */

static void check_all_keys(const struct fixture *f, uint64_t keys) {
    for (uint64_t key = 0; key < keys + 3; key++) {
        assert_int_equal(find(f, key), find_plainly(f, key));
    }
}

/* Rows come, change their key and come again, with any hash: the index and a plain list agree. */
static void walk_at_random(uint64_t (*hash)(const void *row), uint32_t steps, uint64_t keys) {
    struct fixture *f = fixture_new(hash);
    for (uint32_t step = 0; step < steps; step++) {
        const uint32_t at = f->added_count == 0 ? 0 : (uint32_t)random_below(f, f->added_count);
        if (random_below(f, 4) != 0 || f->added[at] == 0) {
            add_row(f, random_below(f, keys));
        } else {
            const uint32_t number = f->added[at];
            take_out(f, at);
            ((struct row *)table_row(&f->table, number))->key = random_below(f, keys);
            index_add(&f->index, number);
            f->added[f->added_count++] = number;
        }
        if (step % 97 == 0) {
            check_all_keys(f, keys);
        }
    }
    check_all_keys(f, keys);
    fixture_free(f);
}

static void test_index_agrees_with_a_list(void **unused) {
    (void)unused;
    static const struct {
        uint64_t (*hash)(const void *row);
        uint32_t steps;
        uint64_t keys;
    } cases[] = {
        {hash_spread, 3000, 1}, {hash_spread, 3000, 400}, {hash_spread, 3000, 2000},
        {hash_poor, 1000, 40},  {hash_ones, 500, 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        walk_at_random(cases[i].hash, cases[i].steps, cases[i].keys);
    }
}

static void test_index_grows_one_bucket_an_insert(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(hash_spread);
    for (uint32_t i = 1; i <= ROWS_MAX; i++) {
        add_row(f, i);
        assert_int_equal(f->index.count, i);
        assert_int_equal(f->index.bucket_count, i);
    }
    for (uint32_t i = 1; i <= ROWS_MAX; i++) {
        assert_int_equal(find(f, i), i);
    }
    fixture_free(f);
}

static void test_index_finds_the_newest_of_equal_keys(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(hash_spread);
    for (uint32_t i = 0; i < 4000; i++) {
        add_row(f, i % 2 == 0 ? 42 : 1000 + i); /* splits happen between equal keys */
        assert_int_equal(find(f, 42), i % 2 == 0 ? i + 1 : i);
    }
    for (uint32_t at = 3998; at >= 2; at -= 2) {
        take_out(f, at);
        assert_int_equal(find(f, 42), at - 1);
    }
    take_out(f, 0);
    assert_int_equal(find(f, 42), 0);
    fixture_free(f);
}

/* --- The whole state -------------------------------------------------------------------------------------------------
 */

static void fold(struct fixture *f, uint32_t rows, uint64_t salt) {
    for (uint32_t i = 0; i < rows; i++) {
        add_row(f, (i + salt) % 700);
    }
}

static void test_equal_folds_have_equal_hashes(void **unused) {
    (void)unused;
    struct fixture *a = fixture_new(hash_spread);
    struct fixture *b = fixture_new(hash_spread);
    uint8_t hash_a[32];
    uint8_t hash_b[32];
    fold(a, 5000, 0);
    fold(b, 5000, 0);
    state_hash(&a->state, hash_a);
    state_hash(&b->state, hash_b);
    assert_memory_equal(hash_a, hash_b, 32);
    ((struct row *)table_row(&b->table, 5000))->zero = 1;
    state_hash(&b->state, hash_b);
    assert_memory_not_equal(hash_a, hash_b, 32);
    ((struct row *)table_row(&b->table, 5000))->zero = 0;
    take_out(b, 4000);
    index_add(&b->index, 4001);
    state_hash(&b->state, hash_b);
    assert_memory_not_equal(hash_a, hash_b, 32); /* the same rows, another order in a chain */
    fixture_free(a);
    fixture_free(b);
}

static void test_clear_gives_the_empty_state(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(hash_spread);
    uint8_t empty[32];
    uint8_t first[32];
    uint8_t again[32];
    state_hash(&f->state, empty);
    fold(f, 5000, 0);
    state_hash(&f->state, first);
    state_clear(&f->state);
    f->added_count = 0;
    state_hash(&f->state, again);
    assert_memory_equal(again, empty, 32);
    assert_int_equal(find(f, 5), 0);
    fold(f, 5000, 0);
    state_hash(&f->state, again);
    assert_memory_equal(again, first, 32);
    fixture_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_rows_keep_their_numbers),
        cmocka_unit_test(test_bytes_are_those_in_use),
        cmocka_unit_test(test_index_agrees_with_a_list),
        cmocka_unit_test(test_index_grows_one_bucket_an_insert),
        cmocka_unit_test(test_index_finds_the_newest_of_equal_keys),
        cmocka_unit_test(test_equal_folds_have_equal_hashes),
        cmocka_unit_test(test_clear_gives_the_empty_state),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
