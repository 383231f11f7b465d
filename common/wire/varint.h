#ifndef WIRE_VARINT_H
#define WIRE_VARINT_H

#include <stddef.h>
#include <stdint.h>

/* The few pieces of protobuf's wire format that are read or written by hand. Pure. */

#define VARINT_BYTES_MAX 10

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Writes 1..10 bytes; returns how many. */
static inline size_t varint_write(uint8_t *out, uint64_t value) {
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)value | 0x80;
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

static inline size_t varint_size(uint64_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* Reads one; returns the bytes it took, 0 when it is cut off or too long. */
static inline size_t varint_read(const uint8_t *data, size_t size, uint64_t *value) {
    uint64_t sum = 0;
    for (size_t i = 0; i < size && i < VARINT_BYTES_MAX; i++) {
        sum |= (uint64_t)(data[i] & 0x7f) << (7 * i);
        if (data[i] < 0x80) {
            *value = sum;
            return i + 1;
        }
    }
    return 0;
}

/* One field of a serialized message. */
struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;       /* of a varint */
    const uint8_t *bytes; /* of a length-delimited field */
    size_t size;          /* bytes of it */
};

/* Takes the field at the front; returns the bytes it took, 0 when there is no whole field. */
static inline size_t wire_field_read(const uint8_t *data, size_t size, struct wire_field *field) {
    uint64_t tag;
    size_t at = varint_read(data, size, &tag);
    if (at == 0 || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3) {
        return 0;
    }
    *field = (struct wire_field){.number = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7)};
    size_t more;
    switch (field->type) {
    case WIRE_VARINT:
        more = varint_read(data + at, size - at, &field->value);
        return more == 0 ? 0 : at + more;
    case WIRE_FIXED64:
        return size - at < 8 ? 0 : at + 8;
    case WIRE_FIXED32:
        return size - at < 4 ? 0 : at + 4;
    case WIRE_BYTES:
        break;
    default: /* groups, and what does not exist: the tag comes from outside */
        return 0;
    }
    more = varint_read(data + at, size - at, &field->value);
    if (more == 0 || field->value > size - at - more) {
        return 0;
    }
    field->bytes = data + at + more;
    field->size = (size_t)field->value;
    return at + more + field->size;
}

#endif
