#include "aggregator/arrays.h"

#include <string.h>

#include "base/check.h"

#define HEAD_BYTES 20
#define DAYS_1970_TO_2000 10957 /* PostgreSQL counts days from 2000-01-01 */

/* From PostgreSQL's pg_type.dat: numbers of the element and of its array, the same in every version. */
static const struct {
    Oid element;
    Oid array;
} types[] = {
    [ARRAY_INT2] = {21, 1005},   [ARRAY_INT4] = {23, 1007}, [ARRAY_INT8] = {20, 1016},
    [ARRAY_DATE] = {1082, 1182}, [ARRAY_TEXT] = {25, 1009}, [ARRAY_BYTEA] = {17, 1001},
};

static uint8_t *put_u32(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)(value >> 24);
    to[1] = (uint8_t)(value >> 16);
    to[2] = (uint8_t)(value >> 8);
    to[3] = (uint8_t)value;
    return to + 4;
}

void array_begin(struct array *array, enum array_element element) {
    array->element = element;
    array->count = 0;
    buffer_clear(&array->bytes);
    memset(buffer_reserve(&array->bytes, HEAD_BYTES), 0, HEAD_BYTES);
    array->bytes.size = HEAD_BYTES;
}

/* Length and room for one element. */
static uint8_t *add(struct array *array, uint32_t size) {
    uint8_t *to = put_u32(buffer_reserve(&array->bytes, 4 + (size_t)size), size);
    array->bytes.size += 4 + (size_t)size;
    array->count++;
    return to;
}

void array_add_int2(struct array *array, int16_t value) {
    uint8_t *to = add(array, 2);
    to[0] = (uint8_t)((uint16_t)value >> 8);
    to[1] = (uint8_t)value;
}

void array_add_int4(struct array *array, int32_t value) {
    put_u32(add(array, 4), (uint32_t)value);
}

void array_add_int8(struct array *array, int64_t value) {
    uint8_t *to = add(array, 8);
    to = put_u32(to, (uint32_t)((uint64_t)value >> 32));
    put_u32(to, (uint32_t)value);
}

void array_add_date(struct array *array, int32_t day) {
    array_add_int4(array, day - DAYS_1970_TO_2000);
}

void array_add_bytes(struct array *array, const void *data, size_t size) {
    CHECK(size <= INT32_MAX);
    uint8_t *to = add(array, (uint32_t)size);
    if (size > 0) {
        memcpy(to, data, size);
    }
}

/* Head: dimensions, has nulls, element type, then length and lower bound of the one dimension. */
void array_end(struct array *array) {
    uint8_t *to = array->bytes.data;
    to = put_u32(to, array->count == 0 ? 0 : 1);
    to = put_u32(to, 0);
    to = put_u32(to, types[array->element].element);
    if (array->count == 0) {
        array->bytes.size = 12;
        return;
    }
    to = put_u32(to, array->count);
    put_u32(to, 1);
}

Oid array_type(const struct array *array) {
    return types[array->element].array;
}

void array_release(struct array *array) {
    buffer_release(&array->bytes);
}
