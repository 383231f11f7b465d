/* The parts of common/base that do nothing but compute. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/status.h"
#include "base/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- status --- */

static void test_every_status_has_its_own_name(void **state) {
    (void)state;
    for (int a = STATUS_OK; a <= STATUS_CONFIG; a++) {
        assert_string_not_equal(status_name((enum status)a), "unknown");
        for (int b = STATUS_OK; b < a; b++) {
            assert_string_not_equal(status_name((enum status)a), status_name((enum status)b));
        }
    }
    assert_string_equal(status_name((enum status)999), "unknown");
}

static void test_exit_codes(void **state) {
    (void)state;
    static const struct {
        enum status status;
        int code;
    } cases[] = {{STATUS_OK, 0},      {STATUS_USAGE, 64},  {STATUS_CONFIG, 78}, {STATUS_UNAVAILABLE, 75},
                 {STATUS_AGAIN, 75},  {STATUS_MEMORY, 75}, {STATUS_IO, 70},     {STATUS_CORRUPT, 70},
                 {STATUS_DENIED, 70}, {STATUS_EXISTS, 70}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(status_exit_code(cases[i].status), cases[i].code);
    }
}

/* --- utf8 --- */

static void test_utf8(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"plain ascii, longer than a word", 31, true},
        {"\xE8\x8E\xB2\xE5\x9F\x8E", 6, true}, /* 莲城 */
        {"\xC2\x80", 2, true},                 /* the first of two bytes */
        {"\xDF\xBF", 2, true},
        {"\xE0\xA0\x80", 3, true}, /* the first of three */
        {"\xED\x9F\xBF", 3, true}, /* just below the surrogates */
        {"\xEE\x80\x80", 3, true}, /* just above */
        {"\xEF\xBF\xBF", 3, true},
        {"\xF0\x90\x80\x80", 4, true}, /* the first of four */
        {"\xF4\x8F\xBF\xBF", 4, true}, /* U+10FFFF */
        {"a\0b", 3, false},            /* NUL */
        {"\0", 1, false},
        {"abcdefgh\0", 9, false},
        {"abcd\0efgh", 9, false},       /* NUL inside a whole word */
        {"\x80", 1, false},             /* a tail alone */
        {"abcdefg\x80", 8, false},      /* the same inside a whole word */
        {"\xC0\x80", 2, false},         /* overlong NUL */
        {"\xC1\xBF", 2, false},         /* overlong */
        {"\xE0\x9F\xBF", 3, false},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, false}, /* overlong */
        {"\xED\xA0\x80", 3, false},     /* surrogate */
        {"\xED\xBF\xBF", 3, false},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, false}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 4, false},
        {"\xFF", 1, false},
        {"\xC2", 1, false}, /* cut off */
        {"\xE8\x8E", 2, false},
        {"\xF0\x90\x80", 3, false},
        {"\xE8\x8E\x41", 3, false}, /* a tail that is none */
        {"\xF0\x90\x41\x80", 4, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* Behind the end of a copy of just that size, so that reading on is seen by the sanitizer. */
        char *copy = malloc(cases[i].size + (cases[i].size == 0));
        assert_non_null(copy);
        memcpy(copy, cases[i].text, cases[i].size);
        if (utf8_is_valid(copy, cases[i].size) != cases[i].valid) {
            fail_msg("case %zu should be %s", i, cases[i].valid ? "valid" : "invalid");
        }
        free(copy);
    }
}

/* Every character there is, put together by the definition, is valid; so is none of the surrogates. */
static void test_utf8_every_character(void **state) {
    (void)state;
    for (unsigned c = 1; c <= 0x110000; c++) {
        char text[4];
        size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
        unsigned rest = c;
        for (size_t i = size - 1; i > 0; i--) {
            text[i] = (char)(0x80 | (rest & 0x3F));
            rest >>= 6;
        }
        text[0] = (char)(marks[size] | rest);
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        assert_int_equal(utf8_is_valid(text, size), valid);
        assert_int_equal(utf8_character_size(text, size), valid ? size : 0);
    }
}

/* --- id --- */

static void test_ids_sort_as_they_were_made(void **state) {
    (void)state;
    struct id_maker maker = {0};
    struct id last = {0};
    uint64_t ms = 1577836800000;
    for (unsigned i = 0; i < 20000; i++) {
        if (i % 5000 == 4999) {
            ms -= 3; /* a clock that goes back */
        } else if (i % 7000 == 0) {
            ms += 50;
        }
        struct id id = id_make(&maker, ms);
        assert_true(id_is_v7(id.bytes, sizeof id.bytes));
        assert_true(memcmp(last.bytes, id.bytes, ID_BYTES) < 0);
        last = id;
    }
}

static void test_id_holds_its_time(void **state) {
    (void)state;
    static const uint64_t times[] = {0, 1, 1577836800123, (UINT64_C(1) << 48) - 1};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct id_maker maker = {0};
        struct id id = id_make(&maker, times[i]);
        struct id derived = id_make_from(times[i], 7, 9);
        assert_int_equal(id_time_ms(&derived), times[i]);
        assert_int_equal(id_time_ms(&id), times[i]);
    }
}

static int compare_ids(const void *a, const void *b) {
    return memcmp(a, b, ID_BYTES);
}

static void test_derived_ids_are_repeatable_and_distinct(void **state) {
    (void)state;
    enum { NUMBERS = 20000, SEEDS = 3, ALL = NUMBERS * SEEDS };
    struct id *ids = calloc(ALL, sizeof *ids);
    assert_non_null(ids);
    for (unsigned i = 0; i < ALL; i++) {
        ids[i] = id_make_from(1577836800000, i % SEEDS, i / SEEDS);
        struct id again = id_make_from(1577836800000, i % SEEDS, i / SEEDS);
        assert_true(id_equal(&ids[i], &again));
        assert_true(id_is_v7(ids[i].bytes, ID_BYTES));
    }
    qsort(ids, ALL, sizeof *ids, compare_ids);
    for (unsigned i = 1; i < ALL; i++) {
        assert_false(id_equal(&ids[i - 1], &ids[i]));
    }
    free(ids);
}

static void test_random_ids_are_v4(void **state) {
    (void)state;
    struct id a = id_random(), b = id_random();
    assert_int_equal(a.bytes[6] >> 4, 4);
    assert_int_equal(a.bytes[8] >> 6, 2);
    assert_false(id_equal(&a, &b));
    assert_false(id_is_zero(&a));
    assert_true(id_is_zero(&(struct id){{0}}));
    assert_false(id_is_v7(a.bytes, ID_BYTES));
}

static void test_v7_is_recognised(void **state) {
    (void)state;
    struct id id = id_make_from(1, 2, 3);
    assert_true(id_is_v7(id.bytes, ID_BYTES));
    assert_false(id_is_v7(id.bytes, ID_BYTES - 1));
    id.bytes[8] = 0x00; /* another variant */
    assert_false(id_is_v7(id.bytes, ID_BYTES));
    id = id_make_from(1, 2, 3);
    id.bytes[6] = 0x40;
    assert_false(id_is_v7(id.bytes, ID_BYTES));
}

static void test_id_text(void **state) {
    (void)state;
    struct id id;
    char text[ID_TEXT_BYTES];
    assert_true(id_parse("017F22E2-79B0-7CC3-98c4-dc0c0c07398f", &id)); /* RFC 9562 A.6 */
    id_format(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(id_time_ms(&id), 0x017F22E279B0);
    static const char *const bad[] = {"",
                                      "017f22e2",
                                      "017f22e279b07cc398c4dc0c0c07398f",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                                      "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
                                      "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f"};
    struct id before = id;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *copy = strdup(bad[i]); /* on the heap, so that reading on is seen by the sanitizer */
        if (id_parse(copy, &id)) {
            fail_msg("\"%s\" is no id", bad[i]);
        }
        assert_true(id_equal(&id, &before));
        free(copy);
    }
}

/* --- buffer --- */

static void test_buffer(void **state) {
    (void)state;
    struct buffer buffer = {0};
    assert_string_equal(buffer_text(&buffer), "");
    buffer_append(&buffer, NULL, 0);
    for (int i = 0; i < 1000; i++) {
        buffer_printf(&buffer, "%d,", i);
    }
    buffer_append_text(&buffer, "end");
    assert_int_equal(buffer.size, 10 * 2 + 90 * 3 + 900 * 4 + 3);
    assert_int_equal(strlen(buffer_text(&buffer)), buffer.size);
    assert_string_equal(buffer_text(&buffer) + buffer.size - 7, "999,end");
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.capacity, capacity);
    memset(buffer_reserve(&buffer, 100000), 7, 100000);
    assert_int_equal(buffer.size, 0);
    buffer_release(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
}

/* --- arena --- */

/* Pieces of mixed sizes do not overlap: each is filled with its own byte and still holds it at the end. */
static void fill_and_check(struct arena *arena, unsigned pieces) {
    unsigned char **starts = calloc(pieces, sizeof *starts);
    assert_non_null(starts);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < pieces; i++) {
            size_t size = i % 50 == 49 ? 100000 + i : hash_mix64(i) % 3000;
            if (round == 0) {
                starts[i] = arena_alloc(arena, size);
                assert_non_null(starts[i]);
                assert_int_equal((uintptr_t)starts[i] % 16, 0);
                memset(starts[i], (int)(i & 0xFF), size);
            } else if (size > 0) {
                assert_int_equal(starts[i][0], i & 0xFF);
                assert_int_equal(starts[i][size - 1], i & 0xFF);
            }
        }
    }
    free(starts);
}

static void test_arena_pieces(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 30);
    for (int i = 0; i < 5; i++) {
        fill_and_check(&arena, 2000);
        arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    arena_release(&arena);
    fill_and_check(&arena, 10); /* works again after a release */
    arena_release(&arena);
}

static void test_arena_cap(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    assert_null(arena_alloc(&arena, 1001));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    unsigned pieces = 0;
    while (arena_alloc(&arena, 10) != NULL) {
        pieces++;
    }
    assert_int_equal(pieces, 1000 / 16);
    assert_null(arena_strdup(&arena, "twelve bytes of text"));
    assert_null(arena_printf(&arena, "%d", 100000000));
    assert_null(arena_zalloc(&arena, 16));
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 992));
    arena_release(&arena);
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, 0));
    arena_release(&arena);
}

/* The same load again finds its memory where it was. */
static void test_arena_keeps_its_blocks(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 30);
    void *first = arena_alloc(&arena, 100);
    memset(first, 0xAA, 100);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    const unsigned char *zeros = arena_zalloc(&arena, 50);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(zeros[i], 0);
    }
    assert_non_null(arena_alloc(&arena, 0));
    assert_string_equal(arena_strdup(&arena, "text"), "text");
    assert_string_equal(arena_printf(&arena, "%s-%d", "n", 7), "n-7");
    arena_release(&arena);
}

static void test_arena_allocator(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    ProtobufCAllocator *allocator = &arena.allocator;
    void *piece = allocator->alloc(allocator->allocator_data, 100);
    assert_non_null(piece);
    allocator->free(allocator->allocator_data, piece);
    assert_ptr_not_equal(allocator->alloc(allocator->allocator_data, 100), piece);
    assert_null(allocator->alloc(allocator->allocator_data, 8192));
    arena_release(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_its_own_name),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_every_character),
        cmocka_unit_test(test_ids_sort_as_they_were_made),
        cmocka_unit_test(test_id_holds_its_time),
        cmocka_unit_test(test_derived_ids_are_repeatable_and_distinct),
        cmocka_unit_test(test_random_ids_are_v4),
        cmocka_unit_test(test_v7_is_recognised),
        cmocka_unit_test(test_id_text),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_arena_pieces),
        cmocka_unit_test(test_arena_cap),
        cmocka_unit_test(test_arena_keeps_its_blocks),
        cmocka_unit_test(test_arena_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
