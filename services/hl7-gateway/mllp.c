#include "hl7-gateway/mllp.h"

#include <string.h>

#include "base/check.h"

enum state { IDLE, INSIDE, ENDED, COMPLETE, TOO_LARGE, BROKEN };

/* What is being fed. end is the next 0x1C (or the end of data), found once however many frames are cut off before it.
 */
struct input {
    const uint8_t *at;
    const uint8_t *limit;
    const uint8_t *end;
};

void mllp_init(struct mllp_reader *reader, size_t max_frame) {
    *reader = (struct mllp_reader){.max_frame = max_frame, .state = IDLE};
}

void mllp_release(struct mllp_reader *reader) {
    buffer_release(&reader->frame);
}

bool mllp_is_inside(const struct mllp_reader *reader) {
    return reader->state == INSIDE || reader->state == ENDED;
}

bool mllp_awaits_return(const struct mllp_reader *reader) {
    return reader->state == ENDED;
}

static bool is_blank(uint8_t byte) {
    return byte == '\r' || byte == '\n' || byte == '\t' || byte == ' ' || byte == 0;
}

static const uint8_t *find(const uint8_t *from, const uint8_t *limit, uint8_t byte) {
    const uint8_t *at = memchr(from, byte, (size_t)(limit - from));
    return at == NULL ? limit : at;
}

static void skip_noise(struct mllp_reader *reader, struct input *input) {
    const uint8_t *start = find(input->at, input->limit, MLLP_START);
    while (input->at < start) {
        if (is_blank(*input->at++)) {
            continue;
        }
        reader->counters.noise_bytes++;
        if (++reader->noise_in_a_row > MLLP_NOISE_BYTES_MAX) {
            reader->state = BROKEN;
            return;
        }
    }
    if (start < input->limit) {
        input->at++;
        reader->noise_in_a_row = 0;
        reader->state = INSIDE;
    }
}

/* The frame so far is a remnant: its sender began anew. */
static void drop_remnant(struct mllp_reader *reader) {
    reader->counters.remnants++;
    reader->counters.remnant_bytes += reader->frame.size;
    buffer_clear(&reader->frame);
}

/* Up to the next 0x0B or 0x1C, which is taken too. */
static void take_payload(struct mllp_reader *reader, struct input *input) {
    if (input->end < input->at) {
        input->end = find(input->at, input->limit, MLLP_END);
    }
    const uint8_t *stop = find(input->at, input->end, MLLP_START);
    size_t size = (size_t)(stop - input->at);
    size_t room = reader->max_frame - reader->frame.size;
    buffer_append(&reader->frame, input->at, size < room ? size : room);
    if (size > room) {
        input->at += room;
        reader->state = TOO_LARGE;
        return;
    }
    input->at = stop;
    if (stop == input->limit) {
        return;
    }
    if (*input->at++ == MLLP_START) {
        drop_remnant(reader);
    } else {
        reader->state = ENDED;
    }
}

static void complete(struct mllp_reader *reader, bool has_return) {
    reader->state = COMPLETE;
    reader->counters.frames++;
    reader->counters.ends_without_cr += !has_return;
}

static void take_return(struct mllp_reader *reader, struct input *input) {
    switch (*input->at) {
    case MLLP_RETURN:
        input->at++;
        complete(reader, true);
        return;
    case '\n':
        input->at++;
        complete(reader, false);
        return;
    case MLLP_START: /* of the next frame: left for it */
        complete(reader, false);
        return;
    default:
        reader->state = BROKEN;
        return;
    }
}

static enum mllp_event event_of(const struct mllp_reader *reader) {
    switch ((enum state)reader->state) {
    case COMPLETE:
        return MLLP_FRAME;
    case TOO_LARGE:
        return MLLP_TOO_LARGE;
    case BROKEN:
        return MLLP_BROKEN;
    case IDLE:
    case INSIDE:
    case ENDED:
        break;
    }
    return MLLP_MORE;
}

enum mllp_event mllp_feed(struct mllp_reader *reader, const uint8_t *data, size_t size, size_t *taken) {
    CHECK(reader->state != COMPLETE);
    *taken = 0;
    if (size == 0) {
        return event_of(reader);
    }
    struct input input = {.at = data, .limit = data + size};
    input.end = find(data, input.limit, MLLP_END);
    while (input.at < input.limit && event_of(reader) == MLLP_MORE) {
        switch ((enum state)reader->state) {
        case IDLE:
            skip_noise(reader, &input);
            break;
        case INSIDE:
            take_payload(reader, &input);
            break;
        case ENDED:
            take_return(reader, &input);
            break;
        case COMPLETE:
        case TOO_LARGE:
        case BROKEN:
            break;
        }
    }
    *taken = (size_t)(input.at - data);
    return event_of(reader);
}

enum mllp_event mllp_finish(struct mllp_reader *reader) {
    if (reader->state == ENDED) {
        complete(reader, false);
    }
    return event_of(reader);
}

void mllp_next(struct mllp_reader *reader) {
    CHECK(reader->state == COMPLETE);
    reader->state = IDLE;
    if (reader->frame.capacity > MLLP_KEEP_BYTES) {
        buffer_release(&reader->frame);
    }
    buffer_clear(&reader->frame);
}
