#include "client/submit_writer.h"

#include <string.h>

#include "wire/varint.h"

/* Tags: number of the field * 8 + wire type (proto/common/v1). Each is one byte. */
enum {
    TAG_REQUEST_NUMBER = 1 << 3 | WIRE_VARINT,
    TAG_REQUEST_SUBMIT = 4 << 3 | WIRE_BYTES,
    TAG_SUBMIT_ORGANISATION = 1 << 3 | WIRE_BYTES,
    TAG_SUBMIT_COMMANDS = 2 << 3 | WIRE_BYTES,
    TAG_SUBMIT_AFTER = 3 << 3 | WIRE_VARINT,
    TAG_COMMAND_ID = 1 << 3 | WIRE_BYTES,
    TAG_COMMAND_OCCURRED_AT = 2 << 3 | WIRE_VARINT,
    TAG_COMMAND_EXPECTED_VERSION = 3 << 3 | WIRE_VARINT,
    TAG_COMMAND_BODY = 4 << 3 | WIRE_BYTES,
};

#define HEAD_BYTES_MAX (3 * (1 + VARINT_BYTES_MAX))
#define COMMAND_OVERHEAD_MAX (1 + VARINT_BYTES_MAX + 2 + ID_BYTES + 3 * (1 + VARINT_BYTES_MAX))

static uint8_t *put_bytes(uint8_t *out, uint8_t tag, const void *data, size_t size) {
    *out++ = tag;
    out += varint_write(out, size);
    memcpy(out, data, size);
    return out + size;
}

/* Zero is the default value: it is left out. */
static uint8_t *put_number(uint8_t *out, uint8_t tag, uint64_t value) {
    if (value != 0) {
        *out++ = tag;
        out += varint_write(out, value);
    }
    return out;
}

static size_t number_size(uint64_t value) {
    return value == 0 ? 0 : 1 + varint_size(value);
}

static size_t bytes_size(size_t size) {
    return 1 + varint_size(size) + size;
}

void submit_writer_begin(struct submit_writer *writer, const char *organisation) {
    size_t length = organisation == NULL ? 0 : strlen(organisation);
    buffer_clear(&writer->bytes);
    uint8_t *out = buffer_reserve(&writer->bytes, HEAD_BYTES_MAX + bytes_size(length));
    writer->head = 0;
    writer->commands = 0;
    writer->bytes.size = HEAD_BYTES_MAX;
    if (length > 0) {
        writer->bytes.size = (size_t)(put_bytes(out + HEAD_BYTES_MAX, TAG_SUBMIT_ORGANISATION, organisation, length) -
                                      writer->bytes.data);
    }
}

size_t submit_writer_size_with(const struct submit_writer *writer, size_t body_size) {
    return writer->bytes.size - HEAD_BYTES_MAX + COMMAND_OVERHEAD_MAX + body_size;
}

void submit_writer_add(struct submit_writer *writer, const struct id *id, int64_t occurred_at_ms,
                       uint64_t expected_version, const uint8_t *body, size_t body_size) {
    size_t size = bytes_size(ID_BYTES) + number_size((uint64_t)occurred_at_ms) + number_size(expected_version) +
                  (body_size == 0 ? 0 : bytes_size(body_size));
    uint8_t *out = buffer_reserve(&writer->bytes, COMMAND_OVERHEAD_MAX + body_size);
    *out++ = TAG_SUBMIT_COMMANDS;
    out += varint_write(out, size);
    out = put_bytes(out, TAG_COMMAND_ID, id->bytes, ID_BYTES);
    out = put_number(out, TAG_COMMAND_OCCURRED_AT, (uint64_t)occurred_at_ms);
    out = put_number(out, TAG_COMMAND_EXPECTED_VERSION, expected_version);
    if (body_size > 0) {
        out = put_bytes(out, TAG_COMMAND_BODY, body, body_size);
    }
    writer->bytes.size = (size_t)(out - writer->bytes.data);
    writer->commands++;
}

void submit_writer_close(struct submit_writer *writer, uint64_t request, uint64_t after) {
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t *end = put_number(head, TAG_REQUEST_NUMBER, request);
    *end++ = TAG_REQUEST_SUBMIT;
    end += varint_write(end, number_size(after) + writer->bytes.size - HEAD_BYTES_MAX);
    end = put_number(end, TAG_SUBMIT_AFTER, after);
    size_t size = (size_t)(end - head);
    writer->head = HEAD_BYTES_MAX - size;
    memcpy(writer->bytes.data + writer->head, head, size);
}

void submit_writer_release(struct submit_writer *writer) {
    buffer_release(&writer->bytes);
}
