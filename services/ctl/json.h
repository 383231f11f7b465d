#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"

/*
 * Any message of the contract as JSON and back, by its descriptor:
 *
 *     field names   as in proto/ (snake_case)
 *     integers      numbers; read as strings of digits, too. An unsigned one above 2^63-1 is a string.
 *     enums         names as in proto/ ("VISIT_CLASS_INPATIENT"); a number when this build knows no name for it
 *     bytes         lower-case hex; 16 bytes in a field named id or epoch as a UUID (both forms are read)
 *     oneof         the member that is set
 *     null          as if the field were not there
 */

/* Every field is there, also zeros; members of a oneof and messages only when set. A new reference; never NULL. */
json_t *json_from_message(const ProtobufCMessage *message);

/* Unpacks a serialized message with arena's memory and gives it as JSON; NULL when it is none. */
json_t *json_from_packed(const ProtobufCMessageDescriptor *descriptor, const ProtobufCBinaryData *packed,
                         struct arena *arena);

struct json_problem {
    char path[256];    /* "open_visit.card_kind", "commands[3].id"; "" = the whole */
    char message[512]; /* what is wrong and what is allowed */
};

/* A new message in arena, good to be packed. MALFORMED with *problem filled; MEMORY when the arena's cap is reached. */
enum status json_to_message(const json_t *json, const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                            ProtobufCMessage **message, struct json_problem *problem);

/* One compact line on stdout; takes the reference. */
void json_print(json_t *json);

/* The same with two blanks of indent, for people, unless compact. */
void json_print_readable(json_t *json, bool compact);

/* Lower-case hex of bytes; text needs 2 * size + 1 bytes. */
void json_hex(const uint8_t *bytes, size_t size, char *text);

#endif
