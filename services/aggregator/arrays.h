#ifndef AGGREGATOR_ARRAYS_H
#define AGGREGATOR_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/buffer.h"

/* One-dimensional PostgreSQL arrays in binary form, to be parameters of unnest(). The memory stays from one use to the
 * next. */
enum array_element { ARRAY_INT2, ARRAY_INT4, ARRAY_INT8, ARRAY_DATE, ARRAY_TEXT, ARRAY_BYTEA };

struct array {
    struct buffer bytes;
    uint32_t count;
    enum array_element element;
};

void array_begin(struct array *array, enum array_element element);
void array_add_int2(struct array *array, int16_t value);
void array_add_int4(struct array *array, int32_t value);
void array_add_int8(struct array *array, int64_t value);
/* Days since 1970-01-01. */
void array_add_date(struct array *array, int32_t day);
/* Text or bytea. */
void array_add_bytes(struct array *array, const void *data, size_t size);
/* Complete: bytes.data and bytes.size are the parameter. */
void array_end(struct array *array);
/* Type of the whole array, for PQsendQueryParams. */
Oid array_type(const struct array *array);
void array_release(struct array *array);

#endif
