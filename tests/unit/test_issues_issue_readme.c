/* The table of enterprise issues in services/issues/README.md is the state machine as the registry runs it: made from
 * the same rows, word for word. README=1 prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issues/issue_steps.h"

#define README "services/issues/README.md"
#define LINE_BYTES 512
#define README_BYTES 65536

static void add(char line[LINE_BYTES], const char *text) {
    snprintf(line + strlen(line), LINE_BYTES - strlen(line), "%s", text);
}

/* The words of an enum's value: "ISSUE_STATE_SIGNED_OFF" -> "signed off". */
static void add_words(char line[LINE_BYTES], const ProtobufCEnumDescriptor *of, int value, size_t prefix) {
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(of, value);
    assert_non_null(named);
    size_t used = strlen(line);
    for (const char *at = named->name + prefix; *at != '\0' && used + 1 < LINE_BYTES; at++) {
        line[used++] = *at == '_' ? ' ' : (char)(*at - 'A' + 'a');
    }
    line[used] = '\0';
}

static void add_set(char line[LINE_BYTES], unsigned bits, const ProtobufCEnumDescriptor *of, size_t prefix) {
    bool is_first = true;
    for (int value = 1; value < 16; value++) {
        if (bits & 1u << value) {
            add(line, is_first ? "" : ", ");
            is_first = false;
            add_words(line, of, value, prefix);
        }
    }
}

static void add_states(char line[LINE_BYTES], unsigned from) {
    if (from == ISSUE_IN_NONE || from == ISSUE_IN_ANY) {
        add(line, from == ISSUE_IN_NONE ? "-" : "any");
    } else {
        add_set(line, from, &issues__v1__issue_state__descriptor, strlen("ISSUE_STATE_"));
    }
}

static const char *whose(const struct issue_step *row) {
    switch ((enum issue_unit)row->unit) {
    case UNIT_ANY:
        return row->actors == ROLES_ACTOR(SYSTEM) ? "" : " of any that it concerns";
    case UNIT_AGENCY:
        return " of any agency";
    case UNIT_OFFICE:
        return "";
    case UNIT_LEAD:
        return " of the lead unit";
    case UNIT_PART:
        return " of a cooperating unit";
    case UNIT_ENTERPRISE:
        return ", not through the lead unit";
    }
    return "?";
}

static void add_needs(char line[LINE_BYTES], unsigned needs) {
    static const char *const words[] = {"reason", "registration", "class",     "duplicate_of",
                                        "lead",   "extension",    "until_day", "target, receipt"};
    bool is_first = true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (needs & 1u << i) {
            add(line, is_first ? "" : ", ");
            add(line, words[i]);
            is_first = false;
        }
    }
}

static void make_line(const struct issue_step *row, char line[LINE_BYTES]) {
    char number[16];
    snprintf(number, sizeof number, " | %u ", row->step);
    snprintf(line, LINE_BYTES, "| ");
    add_states(line, row->from);
    add(line, number);
    add_words(line, &issues__v1__issue_step__descriptor, row->step, strlen("ISSUE_STEP_"));
    add(line, " | ");
    add_set(line, row->actors, &common__v1__actor__descriptor, strlen("ACTOR_"));
    add(line, whose(row));
    add(line, " | ");
    add_needs(line, row->needs);
    add(line, " | ");
    if (row->after == ISSUE_STAYS) {
        add(line, "stays");
    } else {
        add_words(line, &issues__v1__issue_state__descriptor, row->after, strlen("ISSUE_STATE_"));
    }
    add(line, " |\n");
}

/* The first row of the table. */
static const char *find_table(void) {
    static char readme[README_BYTES];
    FILE *file = fopen(README, "r");
    if (file == NULL) {
        fail_msg(README " cannot be opened: run the test in the project's folder");
    }
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    const char *section = strstr(readme, "## Enterprise issues\n");
    assert_non_null(section);
    const char *at = strstr(section, "| state | step | by | needs | after |\n|---|---|---|---|---|\n");
    assert_non_null(at);
    return strchr(strchr(at, '\n') + 1, '\n') + 1;
}

static void the_table_is_the_state_machine(void **state) {
    (void)state;
    const bool prints = getenv("README") != NULL;
    const char *at = prints ? "" : find_table();
    size_t count;
    const struct issue_step *rows = issue_step_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char line[LINE_BYTES];
        make_line(&rows[i], line);
        if (prints) {
            fputs(line, stdout);
            continue;
        }
        if (strncmp(at, line, strlen(line)) != 0) {
            fail_msg("the table of " README " has to say: %sREADME=1 with this test prints all of it", line);
        }
        at += strlen(line);
    }
    assert_true(prints || *at != '|'); /* and nothing more */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_state_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
