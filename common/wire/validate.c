#include "wire/validate.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/varint.h"

/* Where a value of this field lies in the unpacked message. */
static const void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f) {
    return (const uint8_t *)message + f->offset;
}

/* --- one value --- */

static Common__V1__Code check_string(const char *text) {
    if (text != NULL && !utf8_is_valid(text, strlen(text))) {
        return COMMON__V1__CODE__CODE_BAD_TEXT;
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

static Common__V1__Code check_enum(const ProtobufCEnumDescriptor *descriptor, int value) {
    if (protobuf_c_enum_descriptor_get_value(descriptor, value) == NULL) {
        return COMMON__V1__CODE__CODE_UNKNOWN_VALUE;
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

static bool needs_check(const ProtobufCFieldDescriptor *f) {
    return f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_ENUM || f->type == PROTOBUF_C_TYPE_MESSAGE ||
           (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* A message of numbers and bytes alone, as common.v1.Command is, of which there are thousands in a frame. */
static bool is_plain(const ProtobufCMessageDescriptor *descriptor) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (needs_check(&descriptor->fields[i])) {
            return false;
        }
    }
    return true;
}

/* value points at a char *, an int or a message pointer. */
static Common__V1__Code check_value(const ProtobufCFieldDescriptor *f, const void *value, const char **field) {
    Common__V1__Code code = COMMON__V1__CODE__CODE_UNSPECIFIED;
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)value;
        return inner == NULL ? code : validate_message(inner, field);
    }
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        code = check_string(*(char *const *)value);
    } else if (f->type == PROTOBUF_C_TYPE_ENUM) {
        code = check_enum(f->descriptor, *(const int *)value);
    }
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        *field = f->name;
    }
    return code;
}

/* --- one field --- */

static size_t quantifier(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f) {
    return *(const size_t *)((const uint8_t *)message + f->quantifier_offset);
}

static Common__V1__Code check_repeated(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f,
                                       const char **field) {
    const uint8_t *value = *(const uint8_t *const *)member(message, f);
    if (f->type == PROTOBUF_C_TYPE_MESSAGE && is_plain(f->descriptor)) {
        return COMMON__V1__CODE__CODE_UNSPECIFIED;
    }
    size_t step = f->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int) : sizeof(void *);
    Common__V1__Code code = COMMON__V1__CODE__CODE_UNSPECIFIED;
    for (size_t i = 0; i < quantifier(message, f) && code == COMMON__V1__CODE__CODE_UNSPECIFIED; i++) {
        code = check_value(f, value + i * step, field);
    }
    return code;
}

static Common__V1__Code check_oneof(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f,
                                    const char **field) {
    uint32_t set = *(const uint32_t *)((const uint8_t *)message + f->quantifier_offset);
    if (set == f->id) {
        return check_value(f, member(message, f), field);
    }
    if (set == 0 && message->n_unknown_fields > 0) {
        *field = "body"; /* every oneof of the contract is called so; the descriptor does not keep its name */
        return COMMON__V1__CODE__CODE_UNSUPPORTED;
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

Common__V1__Code validate_message(const ProtobufCMessage *message, const char **field) {
    Common__V1__Code code = COMMON__V1__CODE__CODE_UNSPECIFIED;
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields && code == COMMON__V1__CODE__CODE_UNSPECIFIED; i++) {
        const ProtobufCFieldDescriptor *f = &descriptor->fields[i];
        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            code = check_oneof(message, f, field);
        } else if (!needs_check(f)) {
            continue;
        } else if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            code = check_repeated(message, f, field);
        } else {
            code = check_value(f, member(message, f), field);
        }
    }
    return code;
}

/* --- bytes --- */

static Common__V1__Code look_for_nul(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                                     const char **field);

static Common__V1__Code look_into(const ProtobufCFieldDescriptor *f, const struct wire_field *part,
                                  const char **field) {
    if (f->type == PROTOBUF_C_TYPE_MESSAGE && !is_plain(f->descriptor)) {
        return look_for_nul(f->descriptor, part->bytes, part->size, field);
    }
    if (f->type == PROTOBUF_C_TYPE_STRING && part->size > 0 && memchr(part->bytes, 0, part->size) != NULL) {
        *field = f->name;
        return COMMON__V1__CODE__CODE_BAD_TEXT;
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

/* Looks for a NUL inside a string field. A message without any zero byte, which is nearly every one, costs one memchr.
 * Depth is bounded by the contract: its messages do not nest in themselves. */
static Common__V1__Code look_for_nul(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                                     const char **field) {
    if (size == 0 || memchr(data, 0, size) == NULL) {
        return COMMON__V1__CODE__CODE_UNSPECIFIED;
    }
    Common__V1__Code code = COMMON__V1__CODE__CODE_UNSPECIFIED;
    while (size > 0 && code == COMMON__V1__CODE__CODE_UNSPECIFIED) {
        struct wire_field part;
        size_t taken = wire_field_read(data, size, &part);
        if (taken == 0) {
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
        const ProtobufCFieldDescriptor *f =
            part.type == WIRE_BYTES ? protobuf_c_message_descriptor_get_field(descriptor, part.number) : NULL;
        if (f != NULL) {
            code = look_into(f, &part, field);
        }
        data += taken;
        size -= taken;
    }
    return code;
}

Common__V1__Code validate_unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                                 const uint8_t *data, size_t size, ProtobufCMessage **message, const char **field) {
    *message = NULL;
    *field = "";
    Common__V1__Code code = look_for_nul(descriptor, data, size, field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        return code;
    }
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(descriptor, allocator, size, data);
    if (unpacked == NULL) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    code = validate_message(unpacked, field);
    if (code == COMMON__V1__CODE__CODE_UNSPECIFIED) {
        *message = unpacked;
    }
    return code;
}
