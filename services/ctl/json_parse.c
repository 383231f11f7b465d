/* JSON to message: see json.h. Every function that reads a value returns a status and fills the problem it found. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "ctl/json.h"
#include "ctl/json_names.h"

#define DEPTH_MAX 32

struct parse {
    struct arena *arena;
    struct json_problem *problem;
    char path[256];
    int depth;
};

__attribute__((format(printf, 2, 3))) static enum status fail(struct parse *parse, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->problem->message, sizeof parse->problem->message, format, arguments);
    va_end(arguments);
    memcpy(parse->problem->path, parse->path, sizeof parse->path);
    return STATUS_MALFORMED;
}

static enum status out_of_memory(struct parse *parse) {
    fail(parse, "the message grows beyond what is allowed");
    return STATUS_MEMORY;
}

static enum status read_message(struct parse *parse, const json_t *json, const ProtobufCMessageDescriptor *descriptor,
                                ProtobufCMessage **message);

static const char *kind_name(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a number that is not whole";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static enum status expected(struct parse *parse, const char *what, const json_t *json) {
    return fail(parse, "expected %s, not %s", what, kind_name(json));
}

/* --- Numbers --------------------------------------------------------------------------------------------------------
 */
static enum status read_signed(struct parse *parse, const json_t *json, int64_t min, int64_t max, int64_t *number) {
    if (json_is_integer(json)) {
        *number = json_integer_value(json);
    } else if (json_is_string(json)) {
        char *end = NULL;
        const char *text = json_string_value(json);
        errno = 0;
        *number = strtoll(text, &end, 10);
        if (errno || end == text || *end || strspn(text, "-0123456789") != strlen(text)) {
            return fail(parse, "expected a whole number, not this text");
        }
    } else {
        return expected(parse, "a whole number", json);
    }
    if (*number < min || *number > max) {
        return fail(parse, "expected a whole number from %" PRId64 " to %" PRId64, min, max);
    }
    return STATUS_OK;
}

static enum status read_unsigned(struct parse *parse, const json_t *json, uint64_t max, uint64_t *number) {
    if (json_is_integer(json)) {
        if (json_integer_value(json) < 0) {
            return fail(parse, "expected a whole number from 0 to %" PRIu64, max);
        }
        *number = (uint64_t)json_integer_value(json);
    } else if (json_is_string(json)) {
        char *end = NULL;
        const char *text = json_string_value(json);
        errno = 0;
        *number = strtoull(text, &end, 10);
        if (errno || end == text || *end || strspn(text, "0123456789") != strlen(text)) {
            return fail(parse, "expected a whole number from 0 to %" PRIu64 ", not this text", max);
        }
    } else {
        return expected(parse, "a whole number", json);
    }
    return *number <= max ? STATUS_OK : fail(parse, "expected a whole number from 0 to %" PRIu64, max);
}

static enum status read_real(struct parse *parse, const json_t *json, double *number) {
    if (json_is_number(json)) {
        *number = json_number_value(json);
        return STATUS_OK;
    }
    const char *text = json_is_string(json) ? json_string_value(json) : "";
    if (strcmp(text, "NaN") == 0) {
        *number = NAN;
    } else if (strcmp(text, "Infinity") == 0) {
        *number = INFINITY;
    } else if (strcmp(text, "-Infinity") == 0) {
        *number = -INFINITY;
    } else {
        return expected(parse, "a number", json);
    }
    return STATUS_OK;
}

/* --- Enums ----------------------------------------------------------------------------------------------------------
 */
/* Names in the order of their numbers, as many as fit. */
static void list_enum(const ProtobufCEnumDescriptor *descriptor, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        const char *name = descriptor->values[i].name;
        if (used + strlen(name) + 6 >= size) {
            snprintf(text + used, size - used, ", ..."); /* room was kept for it */
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
    }
}

static enum status read_enum(struct parse *parse, const json_t *json, const ProtobufCEnumDescriptor *descriptor,
                             int32_t *number) {
    char names[400];
    const ProtobufCEnumValue *value = NULL;
    if (json_is_string(json)) {
        value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, json_string_value(json));
    } else if (json_is_integer(json) && json_integer_value(json) >= INT32_MIN &&
               json_integer_value(json) <= INT32_MAX) {
        value = protobuf_c_enum_descriptor_get_value(descriptor, (int)json_integer_value(json));
    }
    if (!value) {
        list_enum(descriptor, names, sizeof names);
        return fail(parse, "expected one of %s", names);
    }
    *number = value->value;
    return STATUS_OK;
}

/* --- Text and bytes -------------------------------------------------------------------------------------------------
 */
static enum status read_text(struct parse *parse, const json_t *json, char **text) {
    if (!json_is_string(json)) {
        return expected(parse, "a string", json);
    }
    if (strlen(json_string_value(json)) != json_string_length(json)) {
        return fail(parse, "a string cannot hold the character U+0000");
    }
    *text = arena_strdup(parse->arena, json_string_value(json));
    return *text ? STATUS_OK : out_of_memory(parse);
}

static int hex_value(char digit) {
    const char *digits = "0123456789abcdef";
    if (digit >= 'A' && digit <= 'F') {
        digit = (char)(digit - 'A' + 'a');
    }
    const char *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

static enum status read_bytes(struct parse *parse, const json_t *json, const ProtobufCFieldDescriptor *field,
                              ProtobufCBinaryData *data) {
    const char *what =
        json_field_is_uuid(field) ? "a UUID (8-4-4-4-12 hex digits)" : "bytes as hex digits, two for each";
    if (!json_is_string(json)) {
        return expected(parse, what, json);
    }
    const char *text = json_string_value(json);
    size_t length = json_string_length(json);
    struct id id;
    bool is_uuid = json_field_is_uuid(field) && id_parse(text, &id);
    data->len = is_uuid ? ID_BYTES : length / 2;
    data->data = arena_alloc(parse->arena, data->len);
    if (!data->data) {
        return out_of_memory(parse);
    }
    if (is_uuid) {
        memcpy(data->data, id.bytes, ID_BYTES);
        return STATUS_OK;
    }
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return fail(parse, "expected %s", what);
        }
        data->data[i] = (uint8_t)(high << 4 | low);
    }
    return length % 2 == 0 ? STATUS_OK : fail(parse, "expected %s", what);
}

/* --- One value of any type ------------------------------------------------------------------------------------------
 */
static enum status read_small(struct parse *parse, const json_t *json, const ProtobufCFieldDescriptor *field,
                              void *member) {
    int64_t number = 0;
    uint64_t positive = 0;
    enum status status;
    if (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_FIXED32) {
        status = read_unsigned(parse, json, UINT32_MAX, &positive);
        *(uint32_t *)member = (uint32_t)positive;
    } else {
        status = read_signed(parse, json, INT32_MIN, INT32_MAX, &number);
        *(int32_t *)member = (int32_t)number;
    }
    return status;
}

static enum status read_boolean(struct parse *parse, const json_t *json, protobuf_c_boolean *member) {
    if (!json_is_boolean(json)) {
        return expected(parse, "true or false", json);
    }
    *member = json_is_true(json);
    return STATUS_OK;
}

static enum status read_member(struct parse *parse, const json_t *json, const ProtobufCFieldDescriptor *field,
                               void *member) {
    double real = 0;
    enum status status;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return read_small(parse, json, field, member);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_signed(parse, json, INT64_MIN, INT64_MAX, member);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_unsigned(parse, json, UINT64_MAX, member);
    case PROTOBUF_C_TYPE_FLOAT:
        status = read_real(parse, json, &real);
        *(float *)member = (float)real;
        return status;
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_real(parse, json, member);
    case PROTOBUF_C_TYPE_BOOL:
        return read_boolean(parse, json, member);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(parse, json, field->descriptor, member);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(parse, json, member);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(parse, json, field, member);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(parse, json, field->descriptor, member);
    }
    CHECK(!"a field type of protobuf");
    return STATUS_MALFORMED;
}

/* --- Fields and messages --------------------------------------------------------------------------------------------
 */
/* Appends to the path; returns its length before, to cut it back to. A path that is too long is cut. */
__attribute__((format(printf, 2, 3))) static size_t path_enter(struct parse *parse, const char *format, ...) {
    size_t length = strlen(parse->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->path + length, sizeof parse->path - length, format, arguments);
    va_end(arguments);
    return length;
}

static enum status read_repeated(struct parse *parse, const json_t *json, const ProtobufCFieldDescriptor *field,
                                 ProtobufCMessage *message) {
    if (!json_is_array(json)) {
        return expected(parse, "an array", json);
    }
    uint8_t *base = (uint8_t *)message;
    size_t count = json_array_size(json);
    uint8_t *items = arena_zalloc(parse->arena, count * json_item_bytes(field));
    if (!items) {
        return out_of_memory(parse);
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = path_enter(parse, "[%zu]", i);
        enum status status = read_member(parse, json_array_get(json, i), field, items + i * json_item_bytes(field));
        if (status != STATUS_OK) {
            return status;
        }
        parse->path[length] = '\0';
    }
    *(uint8_t **)(base + field->offset) = items;
    *(size_t *)(base + field->quantifier_offset) = count;
    return STATUS_OK;
}

static enum status read_one(struct parse *parse, const json_t *json, const ProtobufCFieldDescriptor *field,
                            ProtobufCMessage *message) {
    uint8_t *base = (uint8_t *)message;
    if (json_field_is_of_oneof(field)) {
        uint32_t *chosen = (uint32_t *)(base + field->quantifier_offset);
        if (*chosen != 0) {
            const ProtobufCFieldDescriptor *first =
                protobuf_c_message_descriptor_get_field(message->descriptor, *chosen);
            return fail(parse, "only one of %s and %s can be set", first ? first->name : "?", field->name);
        }
        *chosen = field->id;
    }
    return read_member(parse, json, field, base + field->offset);
}

static enum status unknown_field(struct parse *parse, const ProtobufCMessageDescriptor *descriptor) {
    char names[400];
    size_t used = 0;
    names[0] = '\0';
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const char *name = descriptor->fields[i].name;
        if (used + strlen(name) + 6 >= sizeof names) {
            used += (size_t)snprintf(names + used, sizeof names - used, ", ...");
            break;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
    }
    return used ? fail(parse, "no such field; there are: %s", names) : fail(parse, "no such field; there are none");
}

static enum status read_fields(struct parse *parse, const json_t *json, ProtobufCMessage *message) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)json, name, value) {
        size_t length = path_enter(parse, "%s%s", *parse->path ? "." : "", name);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        enum status status = STATUS_OK;
        if (!field) {
            status = unknown_field(parse, message->descriptor);
        } else if (json_is_null(value)) {
            status = STATUS_OK;
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            status = read_repeated(parse, value, field, message);
        } else {
            status = read_one(parse, value, field, message);
        }
        if (status != STATUS_OK) {
            return status;
        }
        parse->path[length] = '\0';
    }
    return STATUS_OK;
}

static enum status read_message(struct parse *parse, const json_t *json, const ProtobufCMessageDescriptor *descriptor,
                                ProtobufCMessage **message) {
    if (!json_is_object(json)) {
        return expected(parse, "an object", json);
    }
    if (parse->depth >= DEPTH_MAX) {
        return fail(parse, "nested deeper than %d", DEPTH_MAX);
    }
    *message = arena_alloc(parse->arena, descriptor->sizeof_message);
    if (!*message) {
        return out_of_memory(parse);
    }
    protobuf_c_message_init(descriptor, *message);
    parse->depth++;
    enum status status = read_fields(parse, json, *message);
    parse->depth--;
    return status;
}

enum status json_to_message(const json_t *json, const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                            ProtobufCMessage **message, struct json_problem *problem) {
    struct parse parse = {.arena = arena, .problem = problem};
    return read_message(&parse, json, descriptor, message);
}
