#ifndef CTL_HL7_ANSWER_H
#define CTL_HL7_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Acknowledgements (HL7 v2.x 2.14.8 and 2.14.5): MSH, MSA and what ERR says. Pure; everything points into the data.
 */
struct hl7_answer {
    const char *msa; /* the segment as it was sent, without its end */
    size_t msa_size;
    char code[3];           /* MSA-1: "AA", "AE", "AR", "CA", "CE" or "CR" */
    const char *control_id; /* MSA-2 */
    size_t control_id_size;
    uint32_t error; /* ERR-3.1, or ERR-1.4.1 before 2.5 (HL7 table 0357); 0: none */
    char place[32]; /* "PID-3": ERR-2 or ERR-1; "" */
};

/* False: no MSH with an MSA that has one of the six codes. */
bool hl7_answer_parse(const uint8_t *data, size_t size, struct hl7_answer *answer);
/* AA or CA. */
bool hl7_answer_is_positive(const struct hl7_answer *answer);
/* AR or CR with 207: the receiver cannot take it now, the sender may try again. */
bool hl7_answer_is_try_again(const struct hl7_answer *answer);
/* Whether MSA-2 names the message, byte for byte. An empty one does when the answer is AR or CR: the MSH or its control
 * id could not be read. */
bool hl7_answer_fits(const struct hl7_answer *answer, const uint8_t *message, size_t size);
/* MSH-10 of a message as it stands; false when its MSH has none. */
bool hl7_answer_control_id(const uint8_t *message, size_t size, const char **id, size_t *id_size);

#endif
