#include "codes/credit_code.h"

#include <string.h>

#define LENGTH (CREDIT_CODE_BYTES - 1)
#define ORGANISATION_AT 8 /* nine characters: eight and their check */

/* GB 32100-2015: letters that look like digits or each other are left out. A value is a place in it. */
static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

static int value_of(char c) {
    const char *place = c == '\0' ? NULL : strchr(alphabet, c);
    return place == NULL ? -1 : (int)(place - alphabet);
}

/* GB 11714: A is 10, B 11, ... whatever letters are used. */
static int organisation_value(char c) {
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

static char check_of_code(const char *code) {
    int sum = 0;
    int weight = 1;
    for (int i = 0; i < LENGTH - 1; i++) {
        sum += value_of(code[i]) * weight;
        weight = weight * 3 % 31;
    }
    return alphabet[(31 - sum % 31) % 31];
}

static char check_of_organisation(const char *organisation) {
    static const int weights[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++) {
        sum += organisation_value(organisation[i]) * weights[i];
    }
    const int check = 11 - sum % 11;
    return check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Without blanks around it, in capitals. False: another length, or a character that is none of the alphabet. */
static bool copy_characters(const char *text, char code[CREDIT_CODE_BYTES]) {
    size_t size = strlen(text);
    while (size > 0 && is_blank(*text)) {
        text++;
        size--;
    }
    while (size > 0 && is_blank(text[size - 1])) {
        size--;
    }
    if (size != LENGTH) {
        return false;
    }
    for (size_t i = 0; i < LENGTH; i++) {
        code[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
        if (value_of(code[i]) < 0) {
            return false;
        }
    }
    code[LENGTH] = '\0';
    return true;
}

enum credit_code_verdict credit_code_normalise(const char *text, char code[CREDIT_CODE_BYTES]) {
    if (!copy_characters(text, code) || code[LENGTH - 1] != check_of_code(code)) {
        return CREDIT_CODE_INVALID;
    }
    const char *organisation = code + ORGANISATION_AT;
    return organisation[8] == check_of_organisation(organisation) ? CREDIT_CODE_VALID : CREDIT_CODE_ODD_ORGANISATION;
}
