#include "support/journal_fixture.h"

#include <sqlite3.h>

#include "base/hash.h"
#include "base/log.h"

/* Ids that are claimed many at a time, and rows that are written many at a time: nobody can tell it from one by one. */

static void begin(struct journal_fixture *f) {
    assert_int_equal(journal_begin(f->journal), STATUS_OK);
}

static void commit(struct journal_fixture *f) {
    assert_int_equal(journal_commit(f->journal), STATUS_OK);
}

/* Claims n commands of which the bits of `known` are known. */
static void claim(struct journal_fixture *f, const uint64_t *numbers, size_t n, uint32_t expected) {
    struct id ids[JOURNAL_GROUP];
    const struct id *pointers[JOURNAL_GROUP] = {NULL};
    bool known[JOURNAL_GROUP];
    for (size_t i = 0; i < n; i++) {
        ids[i] = command_id(numbers[i]);
        pointers[i] = &ids[i];
    }
    assert_int_equal(journal_claim_group(f->journal, pointers, n, known), STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(known[i], expected >> i & 1);
    }
}

static void claim_stretch(struct journal_fixture *f, uint64_t first, size_t n, uint32_t expected) {
    uint64_t numbers[JOURNAL_GROUP];
    for (size_t i = 0; i < n; i++) {
        numbers[i] = first + i;
    }
    claim(f, numbers, n, expected);
}

static void append(struct journal_fixture *f, uint64_t number, uint32_t rows) {
    const struct id id = command_id(number);
    assert_int_equal(append_rows(f->journal, &id, rows), STATUS_OK);
}

static void make_empty(struct journal_fixture *f, uint64_t number) {
    const struct id id = command_id(number);
    assert_int_equal(journal_claim_empty(f->journal, &id), STATUS_OK);
}

static uint64_t refuse(struct journal_fixture *f, uint64_t number) {
    struct journal_refusal refusal = {
        .command = command_id(number), .principal = "p", .organisation = "o", .code = 100, .field = ""};
    assert_int_equal(journal_refuse(f->journal, &refusal), STATUS_OK);
    return refusal.number;
}

static void check(struct journal_fixture *f, uint64_t number, struct journal_outcome expected) {
    struct journal_outcome outcome;
    const struct id id = command_id(number);
    assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_OK);
    assert_int_equal(outcome.first_seq, expected.first_seq);
    assert_int_equal(outcome.events, expected.events);
    assert_int_equal(outcome.refusal, expected.refusal);
}

#define ALL 0xffffu
#define WROTE(first, rows) ((struct journal_outcome){.first_seq = (first), .events = (rows)})
#define EMPTY ((struct journal_outcome){0})

/* --- Which ids are known ---------------------------------------------------------------------------------------------
 */

static void test_known_ids_are_told_from_new_ones(void **state) {
    struct journal_fixture *f = *state;
    begin(f);
    claim_stretch(f, 1, 16, 0);
    for (uint64_t number = 1; number <= 16; number++) {
        append(f, number, 1);
    }
    claim_stretch(f, 1, 16, ALL); /* a whole group again, in the same transaction */
    append(f, 0, 1);
    claim_stretch(f, 9, 16, 0x00ff); /* half of it */
    for (uint64_t number = 17; number <= 24; number++) {
        append(f, number, 2);
    }
    commit(f);
    begin(f);
    claim_stretch(f, 23, 4, 0x3); /* less than a group */
    append(f, 25, 1);
    append(f, 26, 1);
    claim(f, (uint64_t[]){30, 1, 31, 2, 32, 24, 33, 25, 34, 26, 35, 36, 37, 38, 39, 16}, 16, 0x82aa);
    check(f, 16, WROTE(16, 1));
    check(f, 17, WROTE(18, 2));
    check(f, 24, WROTE(32, 2));
    check(f, 26, WROTE(35, 1));
    journal_rollback(f->journal);
    begin(f);
    claim_stretch(f, 23, 16, 0x3); /* what was rolled back is new */
    commit(f);
}

static void test_an_id_twice_in_a_group_is_known_the_second_time(void **state) {
    struct journal_fixture *f = *state;
    const uint64_t full[] = {1, 2, 3, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 3, 1};
    const uint64_t mixed[] = {14, 1, 14, 1, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 14};
    begin(f);
    claim(f, full, 16, 0xc008);
    for (uint64_t number = 1; number <= 13; number++) {
        append(f, number, 1);
    }
    claim(f, mixed, 16, 0x800e);
    for (uint64_t number = 14; number <= 25; number++) {
        append(f, number, 1);
    }
    claim(f, (uint64_t[]){26, 26, 1, 26}, 4, 0xe);
    append(f, 26, 3);
    check(f, 3, WROTE(3, 1));
    check(f, 14, WROTE(14, 1));
    check(f, 26, WROTE(26, 3));
    commit(f);
}

/* A group in the midst of which many rows of no command came. */
static void test_what_is_claimed_later_is_found_later(void **state) {
    struct journal_fixture *f = *state;
    const struct id none = {{0}};
    begin(f);
    claim_stretch(f, 1, 16, 0);
    append(f, 1, 2);
    assert_int_equal(append_rows(f->journal, &none, 500), STATUS_OK);
    for (uint64_t number = 2; number <= 16; number++) {
        const struct id id = command_id(number);
        assert_int_equal(journal_claim_later(f->journal, &id), STATUS_OK);
    }
    make_empty(f, 2);
    assert_int_equal(refuse(f, 3), 1);
    claim_stretch(f, 9, 16, 0x00ff); /* at the number that they wait at */
    for (uint64_t number = 4; number <= 24; number++) {
        append(f, number, 1);
    }
    for (int round = 0; round < 2; round++) {
        check(f, 1, WROTE(1, 2));
        check(f, 2, EMPTY);
        check(f, 3, (struct journal_outcome){.refusal = 1});
        for (uint64_t number = 4; number <= 24; number++) {
            check(f, number, WROTE(503 + number - 4, 1));
        }
        commit(f);
        fixture_reopen(f);
        begin(f);
    }
    commit(f);
}

/* The number that groups are claimed with stays the same as long as none of them makes a row. */
static void test_groups_without_rows_share_a_number(void **state) {
    struct journal_fixture *f = *state;
    begin(f);
    claim_stretch(f, 1, 16, 0);
    for (uint64_t number = 1; number <= 16; number++) {
        if (number % 2 == 0) {
            make_empty(f, number);
        } else {
            assert_int_equal(refuse(f, number), (number + 1) / 2);
        }
    }
    assert_int_equal(journal_next(f->journal), 1);
    claim_stretch(f, 1, 16, ALL);
    claim_stretch(f, 9, 16, 0x00ff); /* 17 to 24 are never decided */
    claim_stretch(f, 9, 16, ALL);
    commit(f);
    begin(f);
    claim_stretch(f, 17, 16, 0x00ff);
    journal_rollback(f->journal);
    fixture_reopen(f);
    begin(f);
    claim_stretch(f, 17, 16, 0x00ff);
    append(f, 25, 1);
    claim_stretch(f, 26, 16, 0x007f); /* with another number */
    journal_rollback(f->journal);
    begin(f);
    claim_stretch(f, 9, 16, ALL); /* with the first one again */
    check(f, 9, (struct journal_outcome){.refusal = 5});
    check(f, 10, EMPTY);
    commit(f);
}

/* --- What became of them ---------------------------------------------------------------------------------------------
 */

static void test_rows_are_found_behind_those_of_their_group(void **state) {
    struct journal_fixture *f = *state;
    begin(f);
    claim_stretch(f, 1, 16, 0);
    for (uint64_t number = 1; number <= 16; number++) {
        append(f, number, JOURNAL_COMMAND_ROWS_MAX);
        check(f, number, WROTE(number * 8 - 7, 8)); /* while others are not decided */
    }
    commit(f);
    fixture_reopen(f);
    begin(f);
    for (uint64_t number = 1; number <= 16; number++) {
        check(f, number, WROTE(number * 8 - 7, 8));
    }
    commit(f);
    assert_verified(f, 128);
}

static void test_rows_that_are_not_where_they_should_be_are_missed(void **state) {
    struct journal_fixture *f = *state;
    struct journal_outcome outcome;
    const struct id id = command_id(1);
    const struct id unknown = command_id(2);
    const struct id none = {{0}};
    begin(f);
    assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_NOT_FOUND);
    claim_stretch(f, 1, 1, 0);
    assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_CORRUPT); /* not decided */
    assert_int_equal(append_rows(f->journal, &none, 128), STATUS_OK);
    append(f, 1, 2);
    check(f, 1, WROTE(129, 2));
    journal_rollback(f->journal);
    begin(f);
    claim_stretch(f, 1, 1, 0);
    assert_int_equal(append_rows(f->journal, &none, 129), STATUS_OK);
    append(f, 1, 2);
    assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_CORRUPT); /* farther than a group reaches */
    assert_int_equal(journal_outcome(f->journal, &unknown, &outcome), STATUS_NOT_FOUND);
    journal_rollback(f->journal);
}

/* --- Both at random, beside a table of what must be ------------------------------------------------------------------
 */

#define POOL 3000

struct model {
    struct {
        bool known;
        struct journal_outcome outcome;
    } commands[POOL];
};

static void decide_at_random(struct journal_fixture *f, struct model *model, uint64_t number, uint64_t random) {
    struct journal_outcome *outcome = &model->commands[number].outcome;
    const uint64_t next = journal_next(f->journal);
    model->commands[number].known = true;
    *outcome = EMPTY;
    if (random % 8 == 0) {
        make_empty(f, number);
    } else if (random % 8 == 1) {
        outcome->refusal = refuse(f, number);
    } else {
        *outcome = WROTE(next, random % 8 < 6 ? 1 : (uint32_t)(random >> 8) % 8 + 1);
        append(f, number, outcome->events);
    }
}

/* no_rows: all of it is refused or empty. */
static void group_at_random(struct journal_fixture *f, struct model *model, uint64_t seed, bool no_rows) {
    uint64_t numbers[JOURNAL_GROUP];
    const size_t n = hash_mix64(seed) % 4 == 0 ? hash_mix64(seed + 1) % 17 : 16;
    const uint64_t reach = 20 + seed % POOL / 2; /* early groups repeat much, later ones little */
    uint32_t expected = 0;
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (seed + hash_mix64(seed * 31 + i) % reach) % POOL;
        expected |= (uint32_t)model->commands[numbers[i]].known << i;
        for (size_t j = 0; j < i; j++) {
            expected |= (uint32_t)(numbers[j] == numbers[i]) << i;
        }
    }
    claim(f, numbers, n, expected);
    for (size_t i = 0; i < n; i++) {
        if ((expected >> i & 1) != 0) {
            check(f, numbers[i], model->commands[numbers[i]].outcome);
        } else {
            const uint64_t random = hash_mix64(seed * 17 + i);
            decide_at_random(f, model, numbers[i], no_rows ? random & ~6ull : random);
        }
    }
}

static void test_groups_at_random_are_as_their_model(void **state) {
    static struct model model;
    static struct model committed;
    struct journal_fixture *f = *state;
    for (uint64_t turn = 1; turn <= 600; turn++) {
        const uint64_t end = hash_mix64(turn) % 8;
        begin(f);
        for (uint64_t i = 0; i < 1 + turn % 5; i++) {
            group_at_random(f, &model, turn * 7 + i, hash_mix64(turn * 5 + i) % 4 == 0);
        }
        if (end == 0) {
            journal_rollback(f->journal);
            model = committed;
        } else {
            commit(f);
            committed = model;
        }
        if (end == 1) {
            fixture_reopen(f);
        }
    }
    assert_verified(f, journal_head(f->journal));
    assert_true(journal_head(f->journal) > POOL);
}

/* --- Rows that wait --------------------------------------------------------------------------------------------------
 */

#define LARGE 140000

static void fill(uint8_t *body, size_t size, uint64_t seq, int salt) {
    memset(body, (int)(seq * 11 + (uint64_t)salt) & 0xff, size);
}

static void test_bodies_of_all_sizes_are_kept(void **state) {
    static const size_t sizes[][2] = {{10, 0},    {65536, 0}, {0, 65536},    {65536, 1},    {40000, 25536},
                                      {1, 1},     {0, 0},     {40000, 2000}, {40000, 3},    {30, 30},
                                      {LARGE, 7}, {5, LARGE}, {100, 100},    {3000, 60000}, {2536, 0},
                                      {1, 0},     {0, 2},     {65535, 0},    {65000, 500},  {37, 0}};
    static uint8_t bodies[2][LARGE];
    static uint8_t expected[LARGE];
    struct journal_fixture *f = *state;
    const uint64_t rows = 20 * sizeof sizes / sizeof sizes[0];
    begin(f);
    for (uint64_t seq = 1; seq <= rows; seq++) {
        const size_t *size = sizes[seq % (sizeof sizes / sizeof sizes[0])];
        struct journal_row row = {
            .private_body = bodies[0], .private_size = size[0], .public_body = bodies[1], .public_size = size[1]};
        fill(bodies[0], size[0], seq, 0); /* over those of the row before */
        fill(bodies[1], size[1], seq, 1);
        assert_int_equal(journal_append(f->journal, &row), STATUS_OK);
        assert_int_equal(row.seq, seq);
    }
    commit(f);
    assert_verified(f, rows);
    struct journal_reader *reader;
    struct journal_row row;
    assert_int_equal(journal_reader_open(&f->options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, 0, rows, true), STATUS_OK);
    for (uint64_t seq = 1; seq <= rows; seq++) {
        const size_t *size = sizes[seq % (sizeof sizes / sizeof sizes[0])];
        assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
        assert_int_equal(row.private_size, size[0]);
        assert_int_equal(row.public_size, size[1]);
        fill(expected, size[0], seq, 0);
        assert_true(size[0] == 0 || memcmp(expected, row.private_body, size[0]) == 0);
        fill(expected, size[1], seq, 1);
        assert_true(size[1] == 0 || memcmp(expected, row.public_body, size[1]) == 0);
    }
    journal_reader_close(&reader);
}

/* Another program's row behind the last one: noticed with one row that waits, with many, and by each call that flushes.
 */
static void test_a_log_changed_behind_its_writer_is_noticed(void **state) {
    struct journal_fixture *f = *state;
    struct journal_outcome outcome;
    const struct id id = command_id(1);
    sqlite3 *db;
    assert_int_equal(commit_commands(f->journal, 1, 20), STATUS_OK);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO event SELECT seq + 1, prev, command, at, type, private, public, chain"
                                  " FROM event WHERE seq = 20",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    for (uint64_t count = 1; count <= 40; count += 13) {
        assert_int_equal(commit_commands(f->journal, 21, count), STATUS_CORRUPT);
        assert_int_equal(journal_next(f->journal), 21);
    }
    begin(f);
    append(f, 1, 1);
    assert_int_equal(journal_outcome(f->journal, &id, &outcome), STATUS_CORRUPT);
    assert_int_equal(journal_commit(f->journal), STATUS_CORRUPT); /* there is no way on but back */
    journal_rollback(f->journal);
    begin(f);
    check(f, 1, WROTE(1, 1));
    commit(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_known_ids_are_told_from_new_ones),           T(test_an_id_twice_in_a_group_is_known_the_second_time),
        T(test_what_is_claimed_later_is_found_later),       T(test_groups_without_rows_share_a_number),
        T(test_rows_are_found_behind_those_of_their_group), T(test_rows_that_are_not_where_they_should_be_are_missed),
        T(test_groups_at_random_are_as_their_model),        T(test_bodies_of_all_sizes_are_kept),
        T(test_a_log_changed_behind_its_writer_is_noticed),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("journal groups", tests, NULL, NULL);
}
