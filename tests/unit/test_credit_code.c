#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codes/credit_code.h"

static void vectors(void **state) {
    (void)state;
    FILE *file = fopen("tests/data/code_vectors.tsv", "r");
    assert_non_null(file);
    char line[256];
    int seen = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = line + 5;
        if (strncmp(line, "uscc\t", 5) != 0) {
            continue;
        }
        char *verdict = strchr(value, '\t') + 1;
        verdict[-1] = '\0';
        verdict[strcspn(verdict, "\t\n")] = '\0';
        char code[CREDIT_CODE_BYTES];
        const enum credit_code_verdict got = credit_code_normalise(value, code);
        assert_int_equal(got == CREDIT_CODE_VALID, strcmp(verdict, "valid") == 0);
        if (got == CREDIT_CODE_VALID) {
            assert_string_equal(code, value);
        }
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 8);
}

static void forms(void **state) {
    (void)state;
    char code[CREDIT_CODE_BYTES];
    assert_int_equal(credit_code_normalise(" 91411000ma0000007p\t", code), CREDIT_CODE_VALID);
    assert_string_equal(code, "91411000MA0000007P");
    assert_int_equal(credit_code_normalise("", code), CREDIT_CODE_INVALID);
    assert_int_equal(credit_code_normalise("91411000MA0000007P0", code), CREDIT_CODE_INVALID);
    assert_int_equal(credit_code_normalise("91411000MA 000007P", code), CREDIT_CODE_INVALID);
    assert_int_equal(credit_code_normalise("\xe4\xb8\x80" "411000MA0000007P", code), CREDIT_CODE_INVALID);
}

/* Every single character put wrong is noticed: by the check over all, or (never silently) as another valid character. */
static void one_wrong_character(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const char *right = "11411000005747138B";
    for (int place = 0; place < 18; place++) {
        for (const char *c = alphabet; *c != '\0'; c++) {
            char text[CREDIT_CODE_BYTES], code[CREDIT_CODE_BYTES];
            snprintf(text, sizeof text, "%s", right);
            text[place] = *c;
            assert_int_equal(credit_code_normalise(text, code) == CREDIT_CODE_INVALID, *c != right[place]);
        }
    }
}

/* The check over all is right, the one of the organisation inside is not. */
static void an_odd_organisation(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char text[CREDIT_CODE_BYTES] = "114110000057471300", code[CREDIT_CODE_BYTES];
    int odd = 0;
    for (const char *c = alphabet; *c != '\0'; c++) {
        text[17] = *c;
        odd += credit_code_normalise(text, code) == CREDIT_CODE_ODD_ORGANISATION;
        assert_int_not_equal(credit_code_normalise(text, code), CREDIT_CODE_VALID);
    }
    assert_int_equal(odd, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(forms),
        cmocka_unit_test(one_wrong_character),
        cmocka_unit_test(an_odd_organisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
