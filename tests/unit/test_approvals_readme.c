/* The table of services/approvals/README.md is the state machine as the registry runs it: made from the same rows, word for word.
 * README=1 prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approvals/case_steps.h"

#define README "services/approvals/README.md"
#define LINE_BYTES 512
#define README_BYTES 65536

/* The words of an enum's value: "CASE_STEP_SPECIAL_STARTED" -> "special started". */
static void add_words(char line[LINE_BYTES], const ProtobufCEnumDescriptor *of, int value, size_t prefix) {
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(of, value);
    assert_non_null(named);
    size_t used = strlen(line);
    for (const char *at = named->name + prefix; *at != '\0' && used + 1 < LINE_BYTES; at++) {
        line[used++] = *at == '_' ? ' ' : (char)(*at - 'A' + 'a');
    }
    line[used] = '\0';
}

static void add(char line[LINE_BYTES], const char *text) {
    snprintf(line + strlen(line), LINE_BYTES - strlen(line), "%s", text);
}

static void add_set(char line[LINE_BYTES], unsigned bits, const ProtobufCEnumDescriptor *of, size_t prefix, const char *zero) {
    bool is_first = true;
    for (int value = 0; value < 16; value++) {
        if (bits & 1u << value) {
            add(line, is_first ? "" : ", ");
            is_first = false;
            if (value == 0) {
                add(line, zero);
            } else {
                add_words(line, of, value, prefix);
            }
        }
    }
}

static const char *when_of(const struct case_step *row) {
    switch ((enum case_when)row->when) {
    case WHEN_ANY:
        break;
    case WHEN_INSTANT:
        return ", of an instant item";
    case WHEN_LEADING:
        return ", by the leading agency";
    case WHEN_PART:
        return ", by another agency of a joint case";
    case WHEN_SUSPENSION:
        return ": a suspension";
    case WHEN_EXTENSION:
        return ": an extension, of one agency's case";
    case WHEN_JOINT_EXTENSION:
        return ": an extension of a joint case";
    }
    return "";
}

static void add_needs(char line[LINE_BYTES], unsigned needs) {
    static const char *const words[] = {"reason", "ground", "papers", "result", "until_day"};
    bool is_first = true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (needs & 1u << i) {
            add(line, is_first ? "" : ", ");
            add(line, words[i]);
            is_first = false;
        }
    }
}

static void make_line(const struct case_step *row, char line[LINE_BYTES]) {
    char number[16];
    snprintf(number, sizeof number, " | %u ", row->step);
    snprintf(line, LINE_BYTES, "| ");
    add_set(line, row->from, &approvals__v1__case_state__descriptor, strlen("CASE_STATE_"), "-");
    add(line, number);
    add_words(line, &approvals__v1__case_step__descriptor, row->step, strlen("CASE_STEP_"));
    add(line, when_of(row));
    add(line, " | ");
    add_set(line, row->actors, &common__v1__actor__descriptor, strlen("ACTOR_"), "-");
    add(line, " | ");
    add_needs(line, row->needs);
    add(line, " | ");
    if (row->after == CASE_STAYS) {
        add(line, "stays");
    } else {
        add_words(line, &approvals__v1__case_state__descriptor, row->after, strlen("CASE_STATE_"));
    }
    add(line, " |\n");
}

static void the_table_is_the_state_machine(void **state) {
    (void)state;
    static char readme[README_BYTES];
    FILE *file = fopen(README, "r");
    if (file == NULL) {
        fail_msg(README " cannot be opened: run the test in the project's folder");
    }
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(readme, "| state | step | by | needs | after |\n|---|---|---|---|---|\n");
    assert_non_null(at);
    at = strchr(strchr(at, '\n') + 1, '\n') + 1;
    size_t count;
    const struct case_step *rows = case_step_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char line[LINE_BYTES];
        make_line(&rows[i], line);
        if (getenv("README") != NULL) {
            fputs(line, stdout);
            continue;
        }
        if (strncmp(at, line, strlen(line)) != 0) {
            fail_msg("the table of " README " has to say: %sREADME=1 with this test prints all of it", line);
        }
        at += strlen(line);
    }
    assert_true(getenv("README") != NULL || *at != '|'); /* and nothing more */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_state_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
