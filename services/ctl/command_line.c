#include "ctl/command_line.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "common/v1/submit.pb-c.h"
#include "wire/server.h"

static enum status fail(struct json_problem *problem, const char *path, const char *message) {
    snprintf(problem->path, sizeof problem->path, "%s", path);
    snprintf(problem->message, sizeof problem->message, "%s", message);
    return STATUS_MALFORMED;
}

/* jansson's text quotes the input ("... near 'x'"): that part may be a person's. */
static enum status fail_syntax(struct json_problem *problem, const json_error_t *error) {
    problem->path[0] = '\0';
    snprintf(
        problem->message, sizeof problem->message, "no JSON: column %d: %.*s", error->column,
        (int)(strstr(error->text, " near ") ? strstr(error->text, " near ") - error->text : (int)strlen(error->text)),
        error->text);
    return STATUS_MALFORMED;
}

/* occurred_at becomes occurred_at_ms. */
static enum status convert_time(json_t *json, struct json_problem *problem) {
    int64_t unix_ms;
    const json_t *time = json_object_get(json, "occurred_at");
    if (!time) {
        return STATUS_OK;
    }
    if (json_object_get(json, "occurred_at_ms")) {
        return fail(problem, "occurred_at", "only one of occurred_at and occurred_at_ms can be set");
    }
    if (!json_is_string(time) || !civil_time_parse(json_string_value(time), &unix_ms)) {
        return fail(problem, "occurred_at", "expected a time as in RFC 3339: \"2020-01-01T08:30:00+08:00\"");
    }
    json_object_set_new(json, "occurred_at_ms", json_integer((json_int_t)unix_ms));
    json_object_del(json, "occurred_at");
    return STATUS_OK;
}

/* The common fields leave json for an object of their own. */
static enum status take_common(json_t *json, struct arena *arena, struct command_line *line,
                               struct json_problem *problem) {
    static const char *const names[] = {"id", "occurred_at_ms", "expected_version"};
    json_t *common = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(json, names[i]);
        if (value) {
            json_object_set(common, names[i], value);
            json_object_del(json, names[i]);
        }
    }
    ProtobufCMessage *message = NULL;
    enum status status = json_to_message(common, &common__v1__command__descriptor, arena, &message, problem);
    json_decref(common);
    if (status != STATUS_OK) {
        return status;
    }
    const Common__V1__Command *command = (const Common__V1__Command *)message;
    line->has_id = command->id.len > 0;
    if (line->has_id && command->id.len != ID_BYTES) {
        return fail(problem, "id", "expected a UUID (8-4-4-4-12 hex digits)");
    }
    if (line->has_id) {
        memcpy(line->id.bytes, command->id.data, ID_BYTES);
    }
    line->occurred_at_ms = command->occurred_at_ms;
    line->expected_version = command->expected_version;
    return STATUS_OK;
}

static enum status take_body(const struct contract *contract, const json_t *json, struct arena *arena,
                             struct command_line *line, struct json_problem *problem) {
    ProtobufCMessage *message = NULL;
    enum status status = json_to_message(json, contract->command, arena, &message, problem);
    if (status != STATUS_OK) {
        return status;
    }
    line->body_size = protobuf_c_message_get_packed_size(message);
    if (line->body_size == 0) {
        return fail(problem, "", "no command in it: one member of the service's Command is needed, such as open_visit");
    }
    if (line->body_size > SERVER_COMMAND_BYTES_MAX) {
        return fail(problem, "", "larger than one command may be");
    }
    line->body = arena_alloc(arena, line->body_size);
    if (!line->body) {
        fail(problem, "", "larger than one command may be");
        return STATUS_MEMORY;
    }
    protobuf_c_message_pack(message, line->body);
    return STATUS_OK;
}

enum status command_line_parse(const struct contract *contract, const char *text, size_t size, struct arena *arena,
                               struct command_line *line, struct json_problem *problem) {
    json_error_t error;
    *line = (struct command_line){0};
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        return fail_syntax(problem, &error);
    }
    enum status status = STATUS_OK;
    if (!json_is_object(json)) {
        status = fail(problem, "", "expected an object");
    }
    status = status == STATUS_OK ? convert_time(json, problem) : status;
    status = status == STATUS_OK ? take_common(json, arena, line, problem) : status;
    status = status == STATUS_OK ? take_body(contract, json, arena, line, problem) : status;
    json_decref(json);
    return status;
}
