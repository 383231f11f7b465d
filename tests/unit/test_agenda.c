#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "state/agenda.h"
#include "state/snapshot_file.h"
#include "support/agenda_first.h"

/* An agenda against a plain list of who waits for what. */

#define ROWS 300u
#define NEVER 4294967295u /* the last minute there is */

struct model {
    uint32_t minute[ROWS + 1];
    uint64_t moved[ROWS + 1]; /* when it began to wait for it */
    uint64_t moves;
};

struct fixture {
    struct state state;
    struct agenda agenda;
    struct model model;
    uint64_t random;
};

static struct fixture *fixture_new(uint32_t rows_max) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    agenda_init(&f->agenda, "cases", rows_max, &f->state);
    return f;
}

static void fixture_free(struct fixture *f) {
    state_release(&f->state);
    free(f);
}

static uint32_t random_below(struct fixture *f, uint32_t bound) {
    f->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(f->random) % bound);
}

static void set(struct fixture *f, uint32_t row, uint32_t minute) {
    agenda_set(&f->agenda, row, minute);
    if (f->model.minute[row] != minute) {
        f->model.minute[row] = minute;
        f->model.moved[row] = ++f->model.moves;
    }
}

/* Earlier minutes first, of one minute the row that came last. */
static bool comes_before(const struct model *m, uint32_t a, uint32_t b) {
    return m->minute[a] != m->minute[b] ? m->minute[a] < m->minute[b] : m->moved[a] > m->moved[b];
}

/* The row that comes next after `last` (0: at all) among those due; 0: none. */
static uint32_t model_next(const struct model *m, uint32_t minute, uint32_t last) {
    uint32_t next = 0;
    for (uint32_t row = 1; row <= ROWS; row++) {
        if (m->minute[row] != 0 && m->minute[row] <= minute && (last == 0 || comes_before(m, last, row)) &&
            (next == 0 || comes_before(m, row, next))) {
            next = row;
        }
    }
    return next;
}

static void check_due(const struct fixture *f, uint32_t minute, uint32_t max) {
    uint32_t rows[AGENDA_DUE_ROWS_MAX + 1] = {0};
    const uint32_t most = max < AGENDA_DUE_ROWS_MAX ? max : AGENDA_DUE_ROWS_MAX;
    const uint32_t count = agenda_due_rows(&f->agenda, minute, rows, max);
    uint32_t want = 0;
    assert_int_equal(agenda_due(&f->agenda, minute), model_next(&f->model, minute, 0));
    for (uint32_t i = 0; i < count; i++) {
        want = model_next(&f->model, minute, want);
        assert_int_equal(rows[i], want);
    }
    assert_true(count == most || (count < most && model_next(&f->model, minute, want) == 0) ||
                model_next(&f->model, minute, 0) == 0);
}

static void check_minutes(const struct fixture *f) {
    for (uint32_t row = 1; row <= ROWS; row++) {
        assert_int_equal(agenda_minute(&f->agenda, row), f->model.minute[row]);
    }
}

/* --- a few rows --- */

static void one_sentence_each(void **unused) {
    (void)unused;
    static const struct {
        uint32_t row, minute; /* what is set */
        uint32_t asked, due;  /* then */
    } steps[] = {
        {7, 100, 99, 0},    {7, 100, 100, 7}, {3, 100, 100, 3}, /* the one that came last */
        {7, 100, 100, 3},                                       /* waits for it already: nothing moves */
        {9, 50, 100, 9},    {9, 200, 100, 3}, {3, 0, 100, 7},   {7, 0, 100, 0},     {9, 200, 199, 0}, {9, 200, 200, 9},
        {1, NEVER, 200, 9}, {9, 0, NEVER, 1}, {1, 0, NEVER, 0}, {300, 0, NEVER, 0}, {300, 1, 1, 300}, {300, 1, 0, 0},
    };
    struct fixture *f = fixture_new(ROWS);
    assert_int_equal(agenda_due(&f->agenda, NEVER), 0);
    assert_int_equal(agenda_minute(&f->agenda, 5), 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        set(f, steps[i].row, steps[i].minute);
        assert_int_equal(agenda_minute(&f->agenda, steps[i].row), steps[i].minute);
        assert_int_equal(agenda_due(&f->agenda, steps[i].asked), steps[i].due);
        check_due(f, steps[i].asked, 10);
        check_minutes(f);
    }
    uint32_t rows[1] = {77};
    assert_int_equal(agenda_due_rows(&f->agenda, NEVER, rows, 0), 0);
    assert_int_equal(rows[0], 77);
    fixture_free(f);
}

static void minutes_of_seconds(void **unused) {
    (void)unused;
    static const struct {
        int64_t s;
        uint32_t minute;
    } cases[] = {{-61, 0}, {0, 0}, {1, 1}, {59, 1}, {60, 1}, {61, 2}, {1577836800, 26297280}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(agenda_minute_of_s(cases[i].s), cases[i].minute);
    }
}

/* --- many moves --- */

/* Many rows a minute, few rows a minute, far apart: every mixture of heap, lists and empty minutes. */
static void random_moves(struct fixture *f, uint32_t spread, int moves) {
    for (int i = 0; i < moves; i++) {
        const uint32_t row = 1 + random_below(f, ROWS);
        set(f, row, random_below(f, 6) == 0 ? 0 : 1 + random_below(f, spread));
        if (i % 5 == 0) {
            check_due(f, random_below(f, spread + 2), 1 + random_below(f, 80));
        }
    }
    check_minutes(f);
    check_due(f, NEVER, AGENDA_DUE_ROWS_MAX + 1);
}

static void it_is_what_a_plain_list_says(void **unused) {
    (void)unused;
    static const uint32_t spreads[] = {2, 20, 300, 5000, NEVER - 8};
    for (size_t i = 0; i < sizeof spreads / sizeof spreads[0]; i++) {
        struct fixture *f = fixture_new(ROWS);
        f->random = i;
        random_moves(f, spreads[i], 4000);
        fixture_free(f);
    }
}

/* Time goes on and rows wait anew for minutes that never were: what became empty is used again. */
static void memory_is_bounded_by_rows(void **unused) {
    (void)unused;
    struct fixture *f = fixture_new(ROWS);
    uint32_t now = 0;
    for (int i = 0; i < 20000; i++) {
        now += 1 + random_below(f, 3);
        agenda_set(&f->agenda, 1 + random_below(f, ROWS), now + random_below(f, 100000));
        const uint32_t due = agenda_due(&f->agenda, now);
        if (due != 0) {
            agenda_set(&f->agenda, due, 0);
        }
    }
    assert_true(f->agenda.entries.count <= ROWS && f->agenda.heap.count <= ROWS);
    assert_true(f->agenda.slots.count <= ROWS + 1);
    fixture_free(f);
}

/* --- as a state --- */

static void hash_of(const struct fixture *f, uint8_t hash[32]) {
    state_hash(&f->state, hash);
}

static void equal_calls_give_equal_bytes(void **unused) {
    (void)unused;
    struct fixture *a = fixture_new(ROWS), *b = fixture_new(ROWS);
    uint8_t hash_a[32], hash_b[32];
    for (int round = 0; round < 10; round++) {
        random_moves(a, 400, 200);
        random_moves(b, 400, 200);
        hash_of(a, hash_a);
        hash_of(b, hash_b);
        assert_memory_equal(hash_a, hash_b, 32);
    }
    set(b, 1, agenda_minute(&b->agenda, 1) + 1);
    hash_of(b, hash_b);
    assert_memory_not_equal(hash_a, hash_b, 32);
    fixture_free(a);
    fixture_free(b);
}

/* A snapshot taken in the middle goes on as the state that it was taken of. */
static void a_snapshot_goes_on(void **unused) {
    (void)unused;
    struct fixture *a = fixture_new(ROWS), *b = fixture_new(ROWS);
    const struct snapshot_mark mark = {.seq = 5, .layout = 1};
    const char *reason = "";
    uint8_t hash_a[32], hash_b[32];
    random_moves(a, 400, 2000);
    const int file = memfd_create("agenda", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(snapshot_write(file, &mark, &a->state), STATUS_OK);
    assert_int_equal(snapshot_read(file, &b->state, &reason), STATUS_OK);
    close(file);
    b->model = a->model;
    b->random = a->random;
    for (int round = 0; round < 3; round++) {
        hash_of(a, hash_a);
        hash_of(b, hash_b);
        assert_memory_equal(hash_a, hash_b, 32);
        check_minutes(b);
        random_moves(a, 400, 500);
        random_moves(b, 400, 500);
    }
    state_clear(&a->state);
    a->model = (struct model){.moves = 0};
    check_minutes(a);
    random_moves(a, 100, 500);
    fixture_free(a);
    fixture_free(b);
}

static void a_million_rows(void **unused) {
    (void)unused;
    enum { MILLION = 1000000 };
    struct fixture *f = fixture_new(MILLION);
    uint32_t taken = 0, moved = 0, last = 0;
    for (uint32_t row = 1; row <= MILLION; row++) {
        agenda_set(&f->agenda, row, 1 + random_below(f, 400000));
    }
    for (uint32_t row; (row = agenda_due(&f->agenda, 1000000)) != 0;) {
        const uint32_t minute = agenda_minute(&f->agenda, row);
        assert_true(minute >= last);
        last = minute;
        taken++;
        if (minute <= 400000 && row % 2 == 0) { /* every second one waits once more, later */
            agenda_set(&f->agenda, row, minute + 400000);
            moved++;
        } else {
            agenda_set(&f->agenda, row, 0);
        }
    }
    assert_int_equal(moved, MILLION / 2);
    assert_int_equal(taken, MILLION + MILLION / 2);
    assert_int_equal(f->agenda.heap.count, 0);
    assert_int_equal(f->agenda.slot_by_minute.count, 0);
    assert_true(f->agenda.slots.count <= 400001);
    fixture_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sentence_each),
        cmocka_unit_test(minutes_of_seconds),
        cmocka_unit_test(it_is_what_a_plain_list_says),
        cmocka_unit_test(memory_is_bounded_by_rows),
        cmocka_unit_test(equal_calls_give_equal_bytes),
        cmocka_unit_test(a_snapshot_goes_on),
        cmocka_unit_test(a_million_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
