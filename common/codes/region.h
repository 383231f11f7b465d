#ifndef CODES_REGION_H
#define CODES_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of the region codes of the city (GB/T 2260). */
struct region {
    uint32_t code;
    const char *name_zh;
    const char *name_en;
    bool is_county;     /* of county level: facilities lie in one */
    bool is_current;    /* retired codes stay in old identity numbers, new records do not take them */
    uint32_t successor; /* of a retired code; else 0 */
};

/* NULL when the code is not of this city. */
const struct region *region_find(uint32_t code);
/* Whether a facility may be registered there. */
bool region_takes_facilities(uint32_t code);
/* All rows, ordered by code. */
const struct region *region_rows(size_t *count);

#endif
