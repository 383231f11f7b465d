#ifndef WIRE_PARSE_H
#define WIRE_PARSE_H

#include "base/arena.h"
#include "base/status.h"
#include "common/v1/message.pb-c.h"

/* From the bytes of a frame to a checked message. Pure: no socket. */

#define PARSE_FIELD_BYTES 64

struct parse_problem {
    Common__V1__Code code;
    char field[PARSE_FIELD_BYTES]; /* empty when it is the whole */
    uint64_t request;              /* its number, 0 when it could not be read */
};

/* Unpacks one Request into arena and checks form and bounds (see server.h). On CODE_UNSPECIFIED (0) *request is set and
 * has a body; else problem is filled. */
Common__V1__Code parse_request(const uint8_t *data, size_t size, struct arena *arena, Common__V1__Request **request,
                               struct parse_problem *problem);

/* Unpacks one Reply into arena. MALFORMED: it is none, or has a body this build does not know. A newer daemon's enum
 * values pass. */
enum status parse_reply(const uint8_t *data, size_t size, struct arena *arena, Common__V1__Reply **reply);

#endif
