#ifndef HL7_GATEWAY_ACK_H
#define HL7_GATEWAY_ACK_H

#include <stdint.h>

#include "base/buffer.h"
#include "hl7-gateway/map.h"

/* The code of MSA-1 for a verdict under the feed's mode and the message's MSH-15 and MSH-16 (HL7 v2.x 2.9.2, 2.9.3):
 * "AA", "AE", "AR", "CA", "CE", "CR". */
const char *ack_code(enum ack_mode mode, const struct hl7_header *header, const struct verdict *verdict);

/*
 * Appends one framed answer: MSH (the sender's delimiters, sender and receiver swapped, MSH-11, 12, 18 copied), MSA
 * with MSH-10 byte for byte, ERR where the verdict says something. control_id is our own MSH-10. No value of the
 * message but those of its MSH goes into it.
 */
void ack_append(struct buffer *out, const struct hl7_header *header, const char *code, const struct verdict *verdict,
                const char *control_id, int64_t now_ms);
/* The answer to something whose MSH could not be read: AR 100, without MSA-2. */
void ack_append_unreadable(struct buffer *out, const char *control_id, int64_t now_ms);

#endif
