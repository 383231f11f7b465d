#include "aggregator/fold_checks.h"

#include <string.h>

#include "aggregator/cells.h"
#include "base/utf8.h"

static bool is_code_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

bool fold_code_is_valid(const char *code) {
    size_t size = 0;
    while (size < CELLS_ORGANISATION_BYTES && is_code_character(code[size])) {
        size++;
    }
    return size > 0 && size < CELLS_ORGANISATION_BYTES && code[size] == '\0';
}

bool fold_region_is_valid(uint32_t region) {
    return region > 0 && region <= FOLD_REGION_MAX;
}

bool fold_subject_is_valid(const char *subject) {
    return subject[0] != '\0' && utf8_is_valid(subject, strlen(subject));
}

bool fold_registration_is_valid(const char *code, const char *name, uint32_t region) {
    return fold_code_is_valid(code) && fold_region_is_valid(region) && utf8_is_valid(name, strlen(name));
}
