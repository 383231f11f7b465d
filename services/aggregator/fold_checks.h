#ifndef AGGREGATOR_FOLD_CHECKS_H
#define AGGREGATOR_FOLD_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

/* What every fold asks of what came from outside, before it becomes part of a cell. */
#define FOLD_DAY_MAX 2932896u /* 9999-12-31, days since 1970-01-01 */
#define FOLD_REGION_MAX 999999u

/* 1 to 32 letters, digits, '-', '_', '.'. */
bool fold_code_is_valid(const char *code);
bool fold_region_is_valid(uint32_t region);
/* What a number is about, in the place of a code: any text in UTF-8 that is not empty. */
bool fold_subject_is_valid(const char *subject);
/* Code, region, and name in UTF-8 of an organisation that registers. */
bool fold_registration_is_valid(const char *code, const char *name, uint32_t region);

#endif
