#include "codes/resident_id.h"

#include <stddef.h>
#include <string.h>

#include "base/civil.h"

#define BODY_DIGITS 17

/* ISO 7064 MOD 11-2: the weight of a digit is 2^(places behind it) mod 11. */
static char check_character(const char *body) {
    static const unsigned weights[BODY_DIGITS] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < BODY_DIGITS; i++) {
        sum += weights[i] * (unsigned)(body[i] - '0');
    }
    return "10X98765432"[sum % 11];
}

static bool all_digits(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

static unsigned number_at(const char *text, size_t digits) {
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    return number;
}

static bool body_is_valid(const char *body) {
    const unsigned year = number_at(body + 6, 4);
    return all_digits(body, BODY_DIGITS) && body[0] != '0' && year >= 1800 && year < 2200 &&
           civil_date_is_valid((int32_t)year, number_at(body + 10, 2), number_at(body + 12, 2));
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool resident_id_normalise(const char *text, char id[RESIDENT_ID_BYTES]) {
    while (is_blank(*text)) {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && is_blank(text[size - 1])) {
        size--;
    }
    id[BODY_DIGITS + 1] = 0;
    if (size == 15) {
        memcpy(id, text, 6);
        memcpy(id + 6, "19", 2);
        memcpy(id + 8, text + 6, 9);
        id[BODY_DIGITS] = all_digits(text, size) ? check_character(id) : 0;
        return id[BODY_DIGITS] != 0 && body_is_valid(id);
    }
    if (size != 18) {
        return false;
    }
    memcpy(id, text, 18);
    id[BODY_DIGITS] = id[BODY_DIGITS] == 'x' ? 'X' : id[BODY_DIGITS];
    return body_is_valid(id) && id[BODY_DIGITS] == check_character(id);
}
