/* A stream of any bytes in any pieces: the frames, the counters and the end are the same however it is cut. */

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "hl7-gateway/mllp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FRAME = 200 }; /* small, so that it is reached */

struct outcome {
    struct buffer frames; /* each one's size, then its bytes */
    enum mllp_event last;
    struct mllp_counters counters;
    bool is_inside;
};

static void note_frame(struct outcome *outcome, const struct mllp_reader *reader) {
    CHECK(reader->frame.size <= MAX_FRAME);
    CHECK(reader->frame.size == 0 || memchr(reader->frame.data, MLLP_START, reader->frame.size) == NULL);
    CHECK(reader->frame.size == 0 || memchr(reader->frame.data, MLLP_END, reader->frame.size) == NULL);
    buffer_append(&outcome->frames, &reader->frame.size, sizeof reader->frame.size);
    buffer_append(&outcome->frames, reader->frame.data, reader->frame.size);
}

static void feed(struct mllp_reader *reader, const uint8_t *data, size_t size, struct outcome *outcome) {
    for (size_t at = 0; at < size && outcome->last == MLLP_MORE;) {
        size_t taken;
        enum mllp_event event = mllp_feed(reader, data + at, size - at, &taken);
        CHECK(taken <= size - at);
        at += taken;
        CHECK(event != MLLP_MORE || at == size);
        if (event == MLLP_FRAME) {
            note_frame(outcome, reader);
            mllp_next(reader);
        } else {
            outcome->last = event;
        }
    }
}

/* In pieces of a size that a hash of the place gives; step 0: all at once. */
static struct outcome run(const uint8_t *data, size_t size, size_t step) {
    struct outcome outcome = {.last = MLLP_MORE};
    struct mllp_reader reader;
    mllp_init(&reader, MAX_FRAME);
    for (size_t at = 0; at < size;) {
        size_t piece = step == 0 ? size : 1 + hash_mix64(at + step) % step;
        piece = piece > size - at ? size - at : piece;
        feed(&reader, data + at, piece, &outcome);
        at += piece;
    }
    outcome.is_inside = mllp_is_inside(&reader);
    CHECK(outcome.is_inside || !mllp_awaits_return(&reader));
    if (outcome.last == MLLP_TOO_LARGE) {
        CHECK(reader.frame.size == MAX_FRAME);
        note_frame(&outcome, &reader);
    }
    if (mllp_finish(&reader) == MLLP_FRAME) {
        note_frame(&outcome, &reader);
    }
    outcome.counters = reader.counters;
    mllp_release(&reader);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct outcome whole = run(data, size, 0);
    static const size_t steps[] = {1, 2, 7, 100};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct outcome pieces = run(data, size, steps[i]);
        CHECK(pieces.last == whole.last && pieces.is_inside == whole.is_inside);
        CHECK(memcmp(&pieces.counters, &whole.counters, sizeof whole.counters) == 0);
        CHECK(pieces.frames.size == whole.frames.size);
        CHECK(whole.frames.size == 0 || memcmp(pieces.frames.data, whole.frames.data, whole.frames.size) == 0);
        buffer_release(&pieces.frames);
    }
    buffer_release(&whole.frames);
    return 0;
}
