/* Framing: each way in which senders break it, in one piece and cut at every place. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hl7-gateway/mllp.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(literal) literal, sizeof(literal) - 1
#define VT "\x0b"
#define FS "\x1c"

enum { FRAMES_MAX = 6, FRAME_BYTES = 64, MAX_FRAME = 32 };

struct outcome {
    char frames[FRAMES_MAX][FRAME_BYTES];
    size_t sizes[FRAMES_MAX];
    size_t count;
    enum mllp_event last; /* after all data: MORE, TOO_LARGE, BROKEN */
    bool is_inside, awaits_return;
    struct mllp_counters counters;
};

static void note_frame(struct outcome *outcome, struct mllp_reader *reader) {
    assert_true(outcome->count < FRAMES_MAX && reader->frame.size <= FRAME_BYTES);
    outcome->sizes[outcome->count] = reader->frame.size;
    if (reader->frame.size > 0) {
        memcpy(outcome->frames[outcome->count], reader->frame.data, reader->frame.size);
    }
    outcome->count++;
}

/* One read: memory of its own, so that nothing can be looked at beyond it. */
static void feed(struct mllp_reader *reader, const char *data, size_t size, struct outcome *outcome) {
    uint8_t *piece = malloc(size == 0 ? 1 : size);
    assert_non_null(piece);
    memcpy(piece, data, size);
    for (size_t at = 0; at < size && outcome->last == MLLP_MORE;) {
        size_t taken;
        enum mllp_event event = mllp_feed(reader, piece + at, size - at, &taken);
        assert_true(taken <= size - at);
        at += taken;
        if (event == MLLP_FRAME) {
            note_frame(outcome, reader);
            mllp_next(reader);
            continue;
        }
        outcome->last = event;
        assert_true(event != MLLP_MORE || at == size);
    }
    free(piece);
}

/* The data in the pieces [0, first), [first, second), [second, size). */
static void run(const char *data, size_t size, size_t first, size_t second, struct outcome *outcome) {
    struct mllp_reader reader;
    mllp_init(&reader, MAX_FRAME);
    *outcome = (struct outcome){.last = MLLP_MORE};
    feed(&reader, data, first, outcome);
    feed(&reader, data + first, second - first, outcome);
    feed(&reader, data + second, size - second, outcome);
    outcome->is_inside = mllp_is_inside(&reader);
    outcome->awaits_return = mllp_awaits_return(&reader);
    if (outcome->last == MLLP_TOO_LARGE) {
        note_frame(outcome, &reader);
    }
    if (mllp_finish(&reader) == MLLP_FRAME) {
        note_frame(outcome, &reader);
    }
    outcome->counters = reader.counters;
    mllp_release(&reader);
}

struct framing {
    const char *what;
    const char *data;
    size_t size;
    enum mllp_event last;
    const char *frames[FRAMES_MAX];
    struct mllp_counters counters;
    bool is_inside, awaits_return; /* when all data is read, before the end of the stream */
};

static const struct framing framings[] = {
    {"nothing", BYTES(""), MLLP_MORE, {NULL}, {0}, false, false},
    {"a frame", BYTES(VT "MSH|a" FS "\r"), MLLP_MORE, {"MSH|a"}, {.frames = 1}, false, false},
    {"an empty frame", BYTES(VT FS "\r"), MLLP_MORE, {""}, {.frames = 1}, false, false},
    {"three at once",
     BYTES(VT "a\r" FS "\r" VT "bb" FS "\r" VT "ccc" FS "\r"),
     MLLP_MORE,
     {"a\r", "bb", "ccc"},
     {.frames = 3},
     false,
     false},
    {"blanks between",
     BYTES("\r\n \t\0" VT "a" FS "\r\n\r\n" VT "b" FS "\r "),
     MLLP_MORE,
     {"a", "b"},
     {.frames = 2},
     false,
     false},
    {"LF instead of CR",
     BYTES(VT "a" FS "\n" VT "b" FS "\r"),
     MLLP_MORE,
     {"a", "b"},
     {.frames = 2, .ends_without_cr = 1},
     false,
     false},
    {"no CR, the next frame",
     BYTES(VT "a" FS VT "b" FS "\r"),
     MLLP_MORE,
     {"a", "b"},
     {.frames = 2, .ends_without_cr = 1},
     false,
     false},
    {"no CR, the end", BYTES(VT "a" FS), MLLP_MORE, {"a"}, {.frames = 1, .ends_without_cr = 1}, true, true},
    {"something else after FS", BYTES(VT "a" FS "b" FS "\r"), MLLP_BROKEN, {NULL}, {0}, false, false},
    {"FS twice", BYTES(VT "a" FS FS "\r"), MLLP_BROKEN, {NULL}, {0}, false, false},
    {"a blank after FS", BYTES(VT "a" FS " \r"), MLLP_BROKEN, {NULL}, {0}, false, false},
    {"the end inside a frame", BYTES(VT "MSH|"), MLLP_MORE, {NULL}, {0}, true, false},
    {"VT and nothing", BYTES(VT), MLLP_MORE, {NULL}, {0}, true, false},
    {"VT in mid-frame",
     BYTES(VT "MSH|lost" VT "MSH|kept" FS "\r"),
     MLLP_MORE,
     {"MSH|kept"},
     {.frames = 1, .remnants = 1, .remnant_bytes = 8},
     false,
     false},
    {"VT twice", BYTES(VT VT "a" FS "\r"), MLLP_MORE, {"a"}, {.frames = 1, .remnants = 1}, false, false},
    {"VT after VT after VT",
     BYTES(VT "ab" VT "c" VT VT "d" FS "\r"),
     MLLP_MORE,
     {"d"},
     {.frames = 1, .remnants = 3, .remnant_bytes = 3},
     false,
     false},
    {"noise",
     BYTES("hello\r\n" VT "a" FS "\rx y" VT "b" FS "\r"),
     MLLP_MORE,
     {"a", "b"},
     {.frames = 2, .noise_bytes = 7},
     false,
     false},
    {"FS outside a frame is noise",
     BYTES(FS "\r" VT "a" FS "\r"),
     MLLP_MORE,
     {"a"},
     {.frames = 1, .noise_bytes = 1},
     false,
     false},
    {"no frame at all", BYTES("GET / HTTP/1.1\r\n\r\n"), MLLP_MORE, {NULL}, {.noise_bytes = 12}, false, false},
    {"GB18030 of every kind",
     BYTES(VT "\xab\x7c\x95\x5c\x81\x30\x81\x30\xfe\x40" FS "\r"),
     MLLP_MORE,
     {"\xab\x7c\x95\x5c\x81\x30\x81\x30\xfe\x40"},
     {.frames = 1},
     false,
     false},
    {"as large as may be",
     BYTES(VT "01234567890123456789012345678901" FS "\r"),
     MLLP_MORE,
     {"01234567890123456789012345678901"},
     {.frames = 1},
     false,
     false},
    {"one byte too large",
     BYTES(VT "01234567890123456789012345678901x" FS "\r"),
     MLLP_TOO_LARGE,
     {"01234567890123456789012345678901"},
     {0},
     false,
     false},
    {"too large after a good one",
     BYTES(VT "a" FS "\r" VT "0123456789012345678901234567890123456789" FS "\r"),
     MLLP_TOO_LARGE,
     {"a", "01234567890123456789012345678901"},
     {.frames = 1},
     false,
     false},
    {"a remnant does not count towards the size",
     BYTES(VT "012345678901234567890123456789" VT "01234567890123456789" FS "\r"),
     MLLP_MORE,
     {"01234567890123456789"},
     {.frames = 1, .remnants = 1, .remnant_bytes = 30},
     false,
     false},
};

static void assert_outcome(const struct framing *want, const struct outcome *got) {
    size_t count = 0;
    while (count < FRAMES_MAX && want->frames[count] != NULL) {
        count++;
    }
    assert_int_equal(got->last, want->last);
    assert_int_equal(got->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(got->sizes[i], strlen(want->frames[i]));
        assert_memory_equal(got->frames[i], want->frames[i], got->sizes[i]);
    }
    assert_memory_equal(&got->counters, &want->counters, sizeof got->counters);
    assert_int_equal(got->is_inside, want->is_inside);
    assert_int_equal(got->awaits_return, want->awaits_return);
}

static void test_every_framing_cut_at_every_two_places(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(framings); i++) {
        const struct framing *f = &framings[i];
        for (size_t first = 0; first <= f->size; first++) {
            for (size_t second = first; second <= f->size; second++) {
                struct outcome outcome;
                run(f->data, f->size, first, second, &outcome);
                assert_outcome(f, &outcome);
            }
        }
    }
}

static void test_fs_and_cr_in_two_reads(void **state) {
    (void)state;
    struct mllp_reader reader;
    size_t taken;
    mllp_init(&reader, MAX_FRAME);
    assert_int_equal(mllp_feed(&reader, (const uint8_t *)VT "a" FS, 3, &taken), MLLP_MORE);
    assert_int_equal(taken, 3);
    assert_true(mllp_is_inside(&reader) && mllp_awaits_return(&reader));
    assert_int_equal(mllp_feed(&reader, (const uint8_t *)"\r" VT, 2, &taken), MLLP_FRAME);
    assert_int_equal(taken, 1);
    assert_false(mllp_is_inside(&reader) || mllp_awaits_return(&reader));
    assert_int_equal(reader.frame.size, 1);
    assert_int_equal(reader.counters.ends_without_cr, 0);
    mllp_release(&reader);
}

/* The owner has waited for the return, answers, and the return comes after all. */
static void test_a_return_that_comes_late(void **state) {
    (void)state;
    struct mllp_reader reader;
    size_t taken;
    mllp_init(&reader, MAX_FRAME);
    mllp_feed(&reader, (const uint8_t *)VT "a" FS, 3, &taken);
    assert_int_equal(mllp_finish(&reader), MLLP_FRAME);
    mllp_next(&reader);
    assert_int_equal(mllp_finish(&reader), MLLP_MORE);
    const uint8_t rest[] = "\r" VT "b" FS "\r";
    assert_int_equal(mllp_feed(&reader, rest, sizeof rest - 1, &taken), MLLP_FRAME);
    assert_int_equal(taken, sizeof rest - 1);
    assert_memory_equal(reader.frame.data, "b", 1);
    assert_int_equal(reader.counters.frames, 2);
    assert_int_equal(reader.counters.ends_without_cr, 1);
    assert_int_equal(reader.counters.noise_bytes, 0);
    mllp_release(&reader);
}

static enum mllp_event feed_noise(struct mllp_reader *reader, size_t count) {
    size_t taken;
    enum mllp_event event = MLLP_MORE;
    for (size_t i = 0; i < count && event == MLLP_MORE; i++) {
        event = mllp_feed(reader, (const uint8_t *)"x\r", 2, &taken);
    }
    return event;
}

static void test_noise_is_borne_up_to_its_limit(void **state) {
    (void)state;
    struct mllp_reader reader;
    size_t taken;
    mllp_init(&reader, MAX_FRAME);
    assert_int_equal(feed_noise(&reader, MLLP_NOISE_BYTES_MAX), MLLP_MORE);
    assert_int_equal(mllp_feed(&reader, (const uint8_t *)VT "a" FS "\r", 4, &taken), MLLP_FRAME);
    mllp_next(&reader);
    assert_int_equal(feed_noise(&reader, MLLP_NOISE_BYTES_MAX), MLLP_MORE); /* counted anew after a frame */
    assert_int_equal(feed_noise(&reader, 1), MLLP_BROKEN);
    assert_int_equal(reader.counters.noise_bytes, 2 * MLLP_NOISE_BYTES_MAX + 1);
    assert_int_equal(mllp_feed(&reader, (const uint8_t *)VT, 1, &taken), MLLP_BROKEN); /* and stays so */
    assert_int_equal(taken, 0);
    assert_int_equal(mllp_finish(&reader), MLLP_BROKEN);
    mllp_release(&reader);
}

static enum mllp_event feed_frame(struct mllp_reader *reader, size_t payload) {
    uint8_t *data = malloc(payload + 3);
    assert_non_null(data);
    memset(data, 'a', payload + 3);
    data[0] = MLLP_START;
    data[payload + 1] = MLLP_END;
    data[payload + 2] = MLLP_RETURN;
    size_t taken;
    enum mllp_event event = mllp_feed(reader, data, payload + 3, &taken);
    free(data);
    return event;
}

static void test_memory_is_kept_for_small_frames_only(void **state) {
    (void)state;
    struct mllp_reader reader;
    mllp_init(&reader, 1 << 20);
    assert_int_equal(mllp_finish(&reader), MLLP_MORE);
    assert_null(reader.frame.data);
    assert_int_equal(feed_frame(&reader, MLLP_KEEP_BYTES), MLLP_FRAME);
    const uint8_t *kept = reader.frame.data;
    mllp_next(&reader);
    assert_ptr_equal(reader.frame.data, kept);
    assert_int_equal(feed_frame(&reader, MLLP_KEEP_BYTES + 1), MLLP_FRAME);
    assert_int_equal(reader.frame.size, MLLP_KEEP_BYTES + 1);
    mllp_next(&reader);
    assert_null(reader.frame.data);
    assert_int_equal(feed_frame(&reader, 1 << 20), MLLP_FRAME);
    assert_int_equal(reader.frame.capacity, 1 << 20);
    mllp_release(&reader);
    assert_null(reader.frame.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_framing_cut_at_every_two_places),
        cmocka_unit_test(test_fs_and_cr_in_two_reads),
        cmocka_unit_test(test_a_return_that_comes_late),
        cmocka_unit_test(test_noise_is_borne_up_to_its_limit),
        cmocka_unit_test(test_memory_is_kept_for_small_frames_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
