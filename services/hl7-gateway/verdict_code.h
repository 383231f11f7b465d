#ifndef HL7_GATEWAY_VERDICT_CODE_H
#define HL7_GATEWAY_VERDICT_CODE_H

#include <stdint.h>

#include "hl7-gateway/map.h"

/*
 * What the spool keeps as the code of a settled entry: the registry's code in the low 16 bits, and the place in the message
 * in the high ones, so that a repetition gets the very same answer.
 */
uint32_t verdict_code_make(uint32_t problem, const struct hl7_place *place);
uint32_t verdict_code_problem(uint32_t code);
/* Leaves *place as it is where none was kept. */
void verdict_code_place(uint32_t code, struct hl7_place *place);

#endif
