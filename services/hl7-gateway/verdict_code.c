#include "hl7-gateway/verdict_code.h"

#include <string.h>

/* 3 bits segment, 4 bits sequence, 6 bits field, 3 bits component. Numbers are for ever: rows are only added. */
#define SEGMENTS 8
static const char *const segments[SEGMENTS] = {NULL, "MSH", "EVN", "PID", "PV1", "PV2", "MRG", "ZBE"};

static uint32_t at_most(unsigned value, unsigned most) {
    return value > most ? 0 : value;
}

uint32_t verdict_code_make(uint32_t problem, const struct hl7_place *place) {
    uint32_t kept = 0;
    for (uint32_t i = 1; i < SEGMENTS && place->segment != NULL; i++) {
        if (strcmp(segments[i], place->segment) == 0) {
            kept = i << 13 | at_most(place->sequence, 15) << 9 | at_most(place->field, 63) << 3 |
                   at_most(place->component, 7);
        }
    }
    return (problem > 0xffff ? 0xffff : problem) | kept << 16;
}

uint32_t verdict_code_problem(uint32_t code) {
    return code & 0xffff;
}

void verdict_code_place(uint32_t code, struct hl7_place *place) {
    uint32_t kept = code >> 16;
    if (kept >> 13 != 0) {
        *place = (struct hl7_place){.segment = segments[kept >> 13],
                                    .sequence = kept >> 9 & 15,
                                    .field = kept >> 3 & 63,
                                    .component = kept & 7};
    }
}
