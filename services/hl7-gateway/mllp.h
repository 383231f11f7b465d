#ifndef HL7_GATEWAY_MLLP_H
#define HL7_GATEWAY_MLLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * MLLP framing of one connection (HL7 Minimal Lower Layer Protocol, release 1): 0x0B, payload, 0x1C 0x0D. Works on
 * bytes alone: the three never occur inside a character of GB18030. Pure; no clock: the owner ends a frame that takes
 * too long.
 *
 * Memory: one buffer that grows with the frame up to max_frame and is given back when a frame over MLLP_KEEP_BYTES is
 * done; nothing before the first byte of a frame.
 */
#define MLLP_START 0x0b
#define MLLP_END 0x1c
#define MLLP_RETURN 0x0d
#define MLLP_KEEP_BYTES 16384
#define MLLP_NOISE_BYTES_MAX 4096

enum mllp_event {
    MLLP_MORE,      /* all bytes are taken, no frame is complete */
    MLLP_FRAME,     /* a frame is complete (it may be empty) */
    MLLP_TOO_LARGE, /* over max_frame: what was read stands in frame, answer if its MSH can be read, then close */
    MLLP_BROKEN,    /* 0x1C followed by something else, or too much noise: close without a positive answer */
};

struct mllp_counters {
    uint64_t frames;
    uint64_t noise_bytes; /* outside frames, blanks not counted */
    uint64_t remnants;    /* frames that a new 0x0B cut off */
    uint64_t remnant_bytes;
    uint64_t ends_without_cr; /* 0x1C then LF, 0x0B or end of data */
};

struct mllp_reader {
    struct buffer frame; /* payload of the frame being read, or complete */
    size_t max_frame;
    uint32_t noise_in_a_row;
    uint8_t state; /* private to mllp.c */
    struct mllp_counters counters;
};

void mllp_init(struct mllp_reader *reader, size_t max_frame);
void mllp_release(struct mllp_reader *reader);
/* Takes bytes up to the end of the next frame; *taken says how many. After MLLP_FRAME the payload is reader->frame
 * until mllp_next. After TOO_LARGE and BROKEN nothing more is to be fed. */
enum mllp_event mllp_feed(struct mllp_reader *reader, const uint8_t *data, size_t size, size_t *taken);
/* The end of the stream: FRAME when 0x1C was the last byte, else MORE. The owner may also call it when the return has
 * not come for a while (mllp_awaits_return): a sender that never sends one waits for its answer. A late return is
 * skipped then. */
enum mllp_event mllp_finish(struct mllp_reader *reader);
/* Done with a frame: ready for the next. */
void mllp_next(struct mllp_reader *reader);
/* Whether a frame has begun and is not complete. */
bool mllp_is_inside(const struct mllp_reader *reader);
/* Whether 0x1C was the last byte: only the return is missing. */
bool mllp_awaits_return(const struct mllp_reader *reader);

#endif
