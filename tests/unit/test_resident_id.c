#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codes/region.h"
#include "codes/resident_id.h"

/* GB 11643 numbers and the region table, against the vectors in tests/data. */

static FILE *open_data(const char *name) {
    FILE *file = fopen(name, "r");
    if (file == NULL) {
        fail_msg("%s is missing: run tests from the root of the tree", name);
    }
    return file;
}

/* Cuts a line at its tabs; returns the fields found. */
static size_t split(char *line, char **fields, size_t max) {
    size_t count = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *rest = line; rest != NULL && count < max;) {
        fields[count++] = strsep(&rest, "\t");
    }
    return count;
}

static void vectors(void **state) {
    (void)state;
    FILE *file = open_data("tests/data/code_vectors.tsv");
    char line[512];
    int seen = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[4] = {NULL};
        if (split(line, fields, 4) < 3 || strcmp(fields[0], "id") != 0) {
            continue;
        }
        char id[RESIDENT_ID_BYTES];
        const bool valid = resident_id_normalise(fields[1], id);
        if (valid != (strcmp(fields[2], "valid") == 0)) {
            fail_msg("%s should be %s", fields[1], fields[2]);
        }
        if (valid) {
            assert_string_equal(id, fields[1]);
        }
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 5);
}

static void forms(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* NULL: invalid */
    } cases[] = {
        {"11010519491231002X", "11010519491231002X"},
        {"11010519491231002x", "11010519491231002X"},
        {" \t11010519491231002X ", "11010519491231002X"},
        {"110105491231002", "11010519491231002X"}, /* the old form */
        {"", NULL},
        {" ", NULL},
        {"110105491231O02", NULL},
        {"110105491331002", NULL},
        {"X1010519491231002X", NULL},
        {"01010519491231002X", NULL},
        {"1101051949123100XX", NULL},
        {"11010519491231002X1", NULL},
        {"11010517991231002X", NULL},
        {"110105194912310020", NULL},
        {"411002200002290013", NULL},
        {"\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[RESIDENT_ID_BYTES];
        const bool valid = resident_id_normalise(cases[i].text, id);
        if (valid != (cases[i].want != NULL) || (valid && strcmp(id, cases[i].want) != 0)) {
            fail_msg("case %zu: \"%s\"", i, cases[i].text);
        }
    }
}

/* One wrong digit, or two neighbours swapped, never passes: that is what the check character is for. */
static void slips(void **state) {
    (void)state;
    static const char good[] = "411002199003070014";
    char id[RESIDENT_ID_BYTES];
    for (size_t i = 0; i < 17; i++) {
        for (char digit = '0'; digit <= '9'; digit++) {
            char text[] = "411002199003070014";
            text[i] = digit;
            assert_int_equal(resident_id_normalise(text, id), digit == good[i]);
        }
    }
    for (size_t i = 0; i + 1 < 17; i++) {
        char text[] = "411002199003070014";
        text[i] = good[i + 1];
        text[i + 1] = good[i];
        assert_int_equal(resident_id_normalise(text, id), good[i] == good[i + 1]);
    }
}

static void regions(void **state) {
    (void)state;
    FILE *file = open_data("tests/data/regions.tsv");
    char line[512];
    size_t count;
    const struct region *rows = region_rows(&count);
    size_t seen = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[7] = {NULL};
        if (line[0] == '#' || split(line, fields, 7) < 6 || strcmp(fields[0], "code") == 0) {
            continue;
        }
        assert_true(seen < count);
        char code[8];
        snprintf(code, sizeof code, "%u", rows[seen].code % 1000000);
        assert_string_equal(code, fields[0]);
        assert_string_equal(rows[seen].name_zh, fields[1]);
        assert_string_equal(rows[seen].name_en, fields[2]);
        assert_int_equal(rows[seen].is_county, strcmp(fields[3], "city") != 0);
        assert_int_equal(rows[seen].is_current, strcmp(fields[5], "current") == 0);
        snprintf(code, sizeof code, "%u", rows[seen].successor % 1000000);
        assert_string_equal(code, fields[6] == NULL || fields[6][0] == 0 ? "0" : fields[6]);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, count);
    assert_true(region_takes_facilities(411002));
    assert_false(region_takes_facilities(411000)); /* the city */
    assert_false(region_takes_facilities(411023)); /* given up */
    assert_false(region_takes_facilities(110000));
    assert_null(region_find(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(forms),
        cmocka_unit_test(slips),
        cmocka_unit_test(regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
