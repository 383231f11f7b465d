#ifndef WIRE_VALIDATE_H
#define WIRE_VALIDATE_H

#include <protobuf-c/protobuf-c.h>

#include "common/v1/problem.pb-c.h"

/*
 * What protobuf-c does not check when it unpacks: strings are UTF-8 without NUL, enum values are known, oneofs hold a
 * known member. Walks the message by its descriptor; pure.
 *
 * Returns CODE_UNSPECIFIED (0) when all is well, else CODE_BAD_TEXT, CODE_UNKNOWN_VALUE or CODE_UNSUPPORTED (a oneof
 * whose member this build does not know: not set while unknown fields are there), with the name of the field at fault
 * (static storage) in *field.
 *
 * A NUL inside a string cannot be seen in an unpacked message: its rest is gone. So bytes from outside go through
 * validate_unpack, which looks at them before it unpacks.
 */
Common__V1__Code validate_message(const ProtobufCMessage *message, const char **field);

/* Unpacks bytes from outside and checks all of the above. On anything but CODE_UNSPECIFIED (0), *message is NULL; then
 * CODE_MALFORMED stands for bytes that are no such message (or need more memory than the allocator gives), with *field
 * empty. The allocator frees by itself (an arena): a message that is refused after it was unpacked is not freed. */
Common__V1__Code validate_unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                                 const uint8_t *data, size_t size, ProtobufCMessage **message, const char **field);

#endif
