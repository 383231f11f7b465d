#include "ctl/hl7_batch.h"

#include <string.h>

#include "base/check.h"

enum kind { KIND_MSH, KIND_FHS, KIND_BHS, KIND_BTS, KIND_FTS, KIND_OTHER };

static const struct {
    const char *name, *text, *text_zh;
} finding_texts[HL7_BATCH_FINDING_KINDS] = {
    [HL7_BATCH_COUNT_DIFFERS] = {"batch_count_differs", "BTS-1 says another number of messages than were read",
                                 "BTS-1 与读到的消息数不符"},
    [HL7_BATCH_FILE_COUNT_DIFFERS] = {"file_count_differs", "FTS-1 says another number of batches than were read",
                                      "FTS-1 与读到的批次数不符"},
    [HL7_BATCH_COUNT_UNREADABLE] = {"count_unreadable", "the count in BTS-1 or FTS-1 is no number",
                                    "BTS-1 或 FTS-1 不是数字"},
    [HL7_BATCH_NO_BTS] = {"no_batch_trailer", "a batch has no BTS: messages may be missing",
                          "批次缺少 BTS，可能有消息丢失"},
    [HL7_BATCH_NO_FTS] = {"no_file_trailer", "the file has no FTS: its end may be missing",
                          "文件缺少 FTS，末尾可能不完整"},
    [HL7_BATCH_NO_BHS] = {"no_batch_header", "BTS without a BHS before it", "BTS 之前没有 BHS"},
    [HL7_BATCH_NO_FHS] = {"no_file_header", "FTS without an FHS before it", "FTS 之前没有 FHS"},
    [HL7_BATCH_NESTED_BHS] = {"nested_batch", "BHS before the BTS of the batch before: nested, or a BTS is missing",
                              "上一批次未以 BTS 结束又出现 BHS"},
    [HL7_BATCH_NESTED_FHS] = {"nested_file", "FHS before the FTS of the file before: nested, or an FTS is missing",
                              "上一文件未以 FTS 结束又出现 FHS"},
    [HL7_BATCH_STRAY] = {"stray_segment", "segments that belong to no message", "不属于任何消息的段"},
    [HL7_BATCH_OVERLONG] = {"message_too_large", "a message is too large and was not sent", "消息过大，未发送"},
    [HL7_BATCH_NO_MESSAGE] = {"no_message", "there is no HL7 message in it", "其中没有 HL7 消息"},
};

const char *hl7_batch_finding_text(enum hl7_batch_finding_kind kind) {
    return finding_texts[kind].text;
}

const char *hl7_batch_finding_text_zh(enum hl7_batch_finding_kind kind) {
    return finding_texts[kind].text_zh;
}

const char *hl7_batch_finding_name(enum hl7_batch_finding_kind kind) {
    return finding_texts[kind].name;
}

void hl7_batch_init(struct hl7_batch *batch, size_t max_message,
                    void (*finding)(void *user, const struct hl7_batch_finding *finding), void *user) {
    *batch = (struct hl7_batch){.max_message = max_message, .finding = finding, .user = user};
}

void hl7_batch_release(struct hl7_batch *batch) {
    buffer_release(&batch->message);
    buffer_release(&batch->segment);
}

static void tell(struct hl7_batch *batch, enum hl7_batch_finding_kind kind, uint64_t said, uint64_t read) {
    if (batch->finding) {
        batch->finding(batch->user, &(struct hl7_batch_finding){kind, batch->segments, said, read});
    }
}

/* --- Segments -------------------------------------------------------------------------------------------------------
 */
static bool is_end(uint8_t byte) {
    return byte == '\r' || byte == '\n' || byte == 0x0b || byte == 0x1c;
}

static bool is_letter_or_digit(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static enum kind kind_of(const struct buffer *segment) {
    static const struct {
        const char *name;
        enum kind kind;
    } names[] = {{"MSH", KIND_MSH}, {"FHS", KIND_FHS}, {"BHS", KIND_BHS}, {"BTS", KIND_BTS}, {"FTS", KIND_FTS}};
    if (segment->size < 3 || (segment->size > 3 && is_letter_or_digit(segment->data[3]))) {
        return KIND_OTHER;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (memcmp(segment->data, names[i].name, 3) == 0) {
            return names[i].kind;
        }
    }
    return KIND_OTHER;
}

/* The first field behind a segment's name as a count. False: there is none. */
static bool count_of(struct hl7_batch *batch, uint64_t *count) {
    const struct buffer *segment = &batch->segment;
    size_t at = 4, digits = 0;
    uint8_t separator = segment->size > 3 ? segment->data[3] : 0;
    *count = 0;
    for (; at < segment->size && segment->data[at] == ' '; at++) {
    }
    for (; at < segment->size && segment->data[at] >= '0' && segment->data[at] <= '9' && digits < 18; at++, digits++) {
        *count = *count * 10 + (uint64_t)(segment->data[at] - '0');
    }
    for (; at < segment->size && segment->data[at] == ' '; at++) {
    }
    bool is_whole = at >= segment->size || segment->data[at] == separator;
    if (!is_whole) {
        tell(batch, HL7_BATCH_COUNT_UNREADABLE, 0, 0);
    }
    return is_whole && digits > 0;
}

/* --- Structure ------------------------------------------------------------------------------------------------------
 */
/* No BTS came, and none will. */
static void end_batch_without_trailer(struct hl7_batch *batch) {
    if (batch->has_bhs) {
        tell(batch, HL7_BATCH_NO_BTS, 0, 0);
    }
    batch->has_bhs = batch->is_batch_counted = false;
    batch->batch_messages = 0;
}

static void begin_batch(struct hl7_batch *batch) {
    batch->file_batches++;
    batch->is_batch_counted = true;
    batch->batch_messages = 0;
}

static void take_fhs(struct hl7_batch *batch) {
    end_batch_without_trailer(batch);
    if (batch->has_fhs) {
        tell(batch, HL7_BATCH_NESTED_FHS, 0, 0);
    }
    batch->has_fhs = true;
    batch->file_batches = 0;
}

static void take_bhs(struct hl7_batch *batch) {
    if (batch->has_bhs) {
        tell(batch, HL7_BATCH_NESTED_BHS, 0, 0);
    }
    begin_batch(batch);
    batch->has_bhs = true;
}

static void take_bts(struct hl7_batch *batch) {
    uint64_t said;
    if (!batch->has_bhs) {
        tell(batch, HL7_BATCH_NO_BHS, 0, 0);
    }
    if (count_of(batch, &said) && said != batch->batch_messages) {
        tell(batch, HL7_BATCH_COUNT_DIFFERS, said, batch->batch_messages);
    }
    batch->has_bhs = batch->is_batch_counted = false;
    batch->batch_messages = 0;
}

static void take_fts(struct hl7_batch *batch) {
    uint64_t said;
    end_batch_without_trailer(batch);
    if (!batch->has_fhs) {
        tell(batch, HL7_BATCH_NO_FHS, 0, 0);
    }
    if (count_of(batch, &said) && said != batch->file_batches) {
        tell(batch, HL7_BATCH_FILE_COUNT_DIFFERS, said, batch->file_batches);
    }
    batch->has_fhs = false;
    batch->file_batches = 0;
}

/* --- Messages -------------------------------------------------------------------------------------------------------
 */
static void append_to_message(struct hl7_batch *batch) {
    struct buffer *message = &batch->message;
    if (batch->is_overlong) {
        return;
    }
    if (batch->is_segment_overlong || message->size + batch->segment.size + 1 > batch->max_message) {
        batch->is_overlong = true;
        tell(batch, HL7_BATCH_OVERLONG, 0, 0);
        return;
    }
    buffer_append(message, batch->segment.data, batch->segment.size);
    buffer_append(message, "\r", 1);
}

static void begin_message(struct hl7_batch *batch) {
    batch->is_in_message = true;
    batch->is_overlong = false;
    batch->messages++;
    if (!batch->is_batch_counted) {
        begin_batch(batch);
    }
    batch->batch_messages++;
    append_to_message(batch);
}

static void take_other(struct hl7_batch *batch) {
    if (batch->is_in_message) {
        append_to_message(batch);
    } else if (!batch->is_stray_told) {
        batch->is_stray_told = true;
        tell(batch, HL7_BATCH_STRAY, 0, 0);
    }
}

/* The segment is complete and no message waits to be handed out. */
static void take_segment(struct hl7_batch *batch, enum kind kind) {
    batch->has_structure = batch->has_structure || (kind != KIND_MSH && kind != KIND_OTHER);
    batch->is_stray_told = batch->is_stray_told && kind == KIND_OTHER;
    switch (kind) {
    case KIND_MSH:
        begin_message(batch);
        break;
    case KIND_FHS:
        take_fhs(batch);
        break;
    case KIND_BHS:
        take_bhs(batch);
        break;
    case KIND_BTS:
        take_bts(batch);
        break;
    case KIND_FTS:
        take_fts(batch);
        break;
    case KIND_OTHER:
        take_other(batch);
        break;
    }
    buffer_clear(&batch->segment);
    batch->is_segment_overlong = false;
    batch->has_waiting = false;
}

static enum hl7_batch_event hand_out(struct hl7_batch *batch) {
    batch->is_in_message = false;
    batch->is_handed_out = true;
    return batch->is_overlong ? HL7_BATCH_TOO_LARGE : HL7_BATCH_MESSAGE;
}

/* A byte order mark may stand before every part of files that were put together. */
static void drop_mark(struct buffer *segment) {
    if (segment->size >= 3 && memcmp(segment->data, "\xef\xbb\xbf", 3) == 0) {
        segment->size -= 3;
        memmove(segment->data, segment->data + 3, segment->size);
    }
}

/* MESSAGE or TOO_LARGE when the segment begins something else than the message that was being gathered. */
static enum hl7_batch_event end_segment(struct hl7_batch *batch) {
    struct buffer *segment = &batch->segment;
    drop_mark(segment);
    bool is_end_of_text = segment->size == 1 && segment->data[0] == 0x1a; /* Ctrl-Z, as DOS ends its files */
    if (segment->size == 0 || is_end_of_text) {
        buffer_clear(segment);
        return HL7_BATCH_MORE;
    }
    batch->segments++;
    enum kind kind = kind_of(segment);
    if (kind != KIND_OTHER && batch->is_in_message) {
        batch->has_waiting = true;
        return hand_out(batch);
    }
    take_segment(batch, kind);
    return HL7_BATCH_MORE;
}

/* What a call begins with: the message before is done, the segment that ended it has its turn. */
static void go_on(struct hl7_batch *batch) {
    if (batch->is_handed_out) {
        buffer_clear(&batch->message);
        batch->is_handed_out = false;
    }
    if (batch->has_waiting) {
        take_segment(batch, kind_of(&batch->segment));
    }
}

static void append_to_segment(struct hl7_batch *batch, const uint8_t *data, size_t size) {
    size_t room = batch->max_message - batch->segment.size;
    if (size > room) {
        batch->is_segment_overlong = true;
        size = room;
    }
    if (size > 0) {
        buffer_append(&batch->segment, data, size);
    }
}

enum hl7_batch_event hl7_batch_feed(struct hl7_batch *batch, const uint8_t *data, size_t size, size_t *taken) {
    size_t at = 0;
    go_on(batch);
    while (at < size) {
        size_t end = at;
        while (end < size && !is_end(data[end])) {
            end++;
        }
        append_to_segment(batch, data + at, end - at);
        if (end == size) {
            break;
        }
        at = end + 1;
        enum hl7_batch_event event = end_segment(batch);
        if (event != HL7_BATCH_MORE) {
            *taken = at;
            return event;
        }
    }
    *taken = size;
    return HL7_BATCH_MORE;
}

enum hl7_batch_event hl7_batch_finish(struct hl7_batch *batch) {
    go_on(batch);
    if (batch->segment.size > 0) {
        enum hl7_batch_event event = end_segment(batch);
        if (event != HL7_BATCH_MORE) {
            return event;
        }
    }
    if (batch->is_in_message) {
        return hand_out(batch);
    }
    end_batch_without_trailer(batch);
    if (batch->has_fhs) {
        tell(batch, HL7_BATCH_NO_FTS, 0, 0);
        batch->has_fhs = false;
    }
    if (batch->messages == 0 && !batch->has_structure) {
        tell(batch, HL7_BATCH_NO_MESSAGE, 0, 0);
        batch->has_structure = true; /* once */
    }
    return HL7_BATCH_MORE;
}
