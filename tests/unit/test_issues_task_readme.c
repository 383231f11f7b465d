/* The table of ledger tasks in services/issues/README.md is the state machine as the registry runs it: made from the
 * same rows, word for word. README=1 prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issues/task_steps.h"

#define README "services/issues/README.md"
enum { ROW_BYTES = 512, FILE_BYTES = 65536, ANY_STATE = 0x1fe };

struct row_text {
    char bytes[ROW_BYTES];
};

static void put(struct row_text *out, const char *text) {
    const size_t used = strlen(out->bytes);
    snprintf(out->bytes + used, sizeof out->bytes - used, "%s", text);
}

/* "TASK_STATE_SIGNOFF_ASKED" without its prefix: "signoff asked". */
static void put_name(struct row_text *out, const ProtobufCEnumDescriptor *of, int value, const char *prefix) {
    char word[64];
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(of, value);
    assert_non_null(named);
    snprintf(word, sizeof word, "%s", named->name + strlen(prefix));
    for (char *at = word; *at != '\0'; at++) {
        *at = (char)(*at == '_' ? ' ' : *at | 32);
    }
    put(out, word);
}

static void put_names(struct row_text *out, const ProtobufCEnumDescriptor *of, unsigned bits, const char *prefix) {
    const char *between = "";
    for (int value = 1; value < 16; value++) {
        if ((bits & 1u << value) != 0) {
            put(out, between);
            put_name(out, of, value, prefix);
            between = ", ";
        }
    }
}

static const char *unit_words(const struct task_step *row) {
    switch ((enum task_unit)row->unit) {
    case TASK_UNIT_LEAD:
        return " of the lead unit";
    case TASK_UNIT_PART:
        return " of a cooperating unit";
    case TASK_UNIT_ANY:
        return row->actors == ROLES_ACTOR(SYSTEM) ? "" : " of any that it concerns";
    case TASK_UNIT_OFFICE:
        break;
    }
    return "";
}

static void make_row(const struct task_step *row, struct row_text *out) {
    char number[16];
    snprintf(number, sizeof number, " | %u ", row->step);
    out->bytes[0] = '\0';
    put(out, "| ");
    if (row->from == ANY_STATE) {
        put(out, "any");
    } else {
        put_names(out, &issues__v1__task_state__descriptor, row->from, "TASK_STATE_");
    }
    put(out, number);
    put_name(out, &issues__v1__task_step__descriptor, row->step, "TASK_STEP_");
    put(out, " | ");
    put_names(out, &common__v1__actor__descriptor, row->actors, "ACTOR_");
    put(out, unit_words(row));
    put(out, " | ");
    put(out, row->needs_reason != 0 ? "reason" : row->needs_evidence != 0 ? "evidence" : "");
    put(out, " | ");
    if (row->after == TASK_STAYS || row->after == TASK_RETURNS) {
        put(out, row->after == TASK_STAYS ? "stays" : "the one before");
    } else {
        put_name(out, &issues__v1__task_state__descriptor, row->after, "TASK_STATE_");
    }
    put(out, " |\n");
}

/* The first row of the table in the file. */
static const char *table_of(char *text) {
    FILE *file = fopen(README, "r");
    if (file == NULL) {
        fail_msg(README " cannot be opened: run the test in the project's folder");
    }
    text[fread(text, 1, FILE_BYTES - 1, file)] = '\0';
    fclose(file);
    const char *section = strstr(text, "## Ledger\n");
    assert_non_null(section);
    const char *rule = strstr(section, "|---|---|---|---|---|\n");
    assert_non_null(rule);
    return strchr(rule, '\n') + 1;
}

static void the_table_is_the_state_machine(void **state) {
    static char text[FILE_BYTES];
    const bool prints = getenv("README") != NULL;
    const char *at = prints ? "" : table_of(text);
    struct row_text row;
    size_t count;
    const struct task_step *rows = task_step_rows(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        make_row(&rows[i], &row);
        const size_t size = strlen(row.bytes);
        if (prints) {
            fputs(row.bytes, stdout);
        } else if (strncmp(at, row.bytes, size) != 0) {
            fail_msg("the table of " README " has to say: %sREADME=1 with this test prints all of it", row.bytes);
        }
        at += prints ? 0 : size;
    }
    assert_true(prints || *at != '|'); /* and nothing more */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_the_state_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
