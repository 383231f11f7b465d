#include "ctl/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "ctl/json_names.h"

void json_hex(const uint8_t *bytes, size_t size, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

void json_print_readable(json_t *json, bool compact) {
    CHECK(json);
    json_dumpf(json, stdout, compact ? JSON_COMPACT : JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

void json_print(json_t *json) {
    json_print_readable(json, true);
}

static json_t *from_hex(const uint8_t *bytes, size_t size) {
    char *text = malloc(2 * size + 1);
    CHECK(text);
    json_hex(bytes, size, text);
    json_t *json = json_string_nocheck(text);
    free(text);
    return json;
}

static json_t *from_bytes(const ProtobufCFieldDescriptor *field, const ProtobufCBinaryData *data) {
    if (data->len == ID_BYTES && json_field_is_uuid(field)) {
        struct id id;
        char text[ID_TEXT_BYTES];
        memcpy(id.bytes, data->data, ID_BYTES);
        id_format(&id, text);
        return json_string(text);
    }
    return from_hex(data->data, data->len);
}

/* What is no UTF-8 (a daemon never sends it) is shown as bytes rather than lost. */
static json_t *from_text(const char *text) {
    json_t *json = json_string(text ? text : "");
    return json ? json : from_hex((const uint8_t *)text, strlen(text));
}

static json_t *from_enum(const ProtobufCEnumDescriptor *descriptor, int32_t number) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return value ? json_string(value->name) : json_integer(number);
}

static json_t *from_unsigned(uint64_t number) {
    return number <= INT64_MAX ? json_integer((json_int_t)number) : json_sprintf("%" PRIu64, number);
}

static json_t *from_real(double number) {
    return isfinite(number) ? json_real(number)
                            : json_string(isnan(number) ? "NaN"
                                          : number > 0  ? "Infinity"
                                                        : "-Infinity");
}

static json_t *from_member(const ProtobufCFieldDescriptor *field, const void *member) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)member);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_integer(*(const int64_t *)member);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)member);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return from_unsigned(*(const uint64_t *)member);
    case PROTOBUF_C_TYPE_FLOAT:
        return from_real((double)*(const float *)member);
    case PROTOBUF_C_TYPE_DOUBLE:
        return from_real(*(const double *)member);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)member);
    case PROTOBUF_C_TYPE_ENUM:
        return from_enum(field->descriptor, *(const int32_t *)member);
    case PROTOBUF_C_TYPE_STRING:
        return from_text(*(const char *const *)member);
    case PROTOBUF_C_TYPE_BYTES:
        return from_bytes(field, member);
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_from_message(*(const ProtobufCMessage *const *)member);
    }
    CHECK(!"a field type of protobuf");
    return NULL;
}

static json_t *from_repeated(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const uint8_t *base = (const uint8_t *)message;
    size_t count = *(const size_t *)(base + field->quantifier_offset);
    const uint8_t *items = *(const uint8_t *const *)(base + field->offset);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, from_member(field, items + i * json_item_bytes(field)));
    }
    return array;
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const uint8_t *base = (const uint8_t *)message;
    if (json_field_is_of_oneof(field)) {
        return *(const uint32_t *)(base + field->quantifier_offset) == field->id;
    }
    return field->type != PROTOBUF_C_TYPE_MESSAGE || *(const void *const *)(base + field->offset) != NULL;
}

json_t *json_from_message(const ProtobufCMessage *message) {
    json_t *object = json_object();
    CHECK(object);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            json_object_set_new(object, field->name, from_repeated(message, field));
        } else if (is_set(message, field)) {
            json_object_set_new(object, field->name, from_member(field, (const uint8_t *)message + field->offset));
        }
    }
    return object;
}

json_t *json_from_packed(const ProtobufCMessageDescriptor *descriptor, const ProtobufCBinaryData *packed,
                         struct arena *arena) {
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &arena->allocator, packed->len, packed->data);
    return message ? json_from_message(message) : NULL;
}
