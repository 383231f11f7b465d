#include "ctl/import_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "issues/v1/query.pb-c.h"

void import_records_init(struct import_records *records, struct import *import) {
    *records = (struct import_records){.import = import};
    arena_init(&records->names, IMPORT_NAMES_BYTES);
}

void import_records_release(struct import_records *records) {
    sheet_names_release(&records->known.agencies);
    sheet_names_release(&records->known.rules);
    sheet_names_release(&records->known.provincial);
    arena_release(&records->names);
}

/* --- what the registry knows ----------------------------------------------------------------------------------------
 */

static int ask(struct import_records *records, const Issues__V1__Query *question, Issues__V1__Answer__BodyCase wanted,
               const Issues__V1__Answer **answer) {
    const ProtobufCMessage *base = NULL;
    const int exit_code = import_ask(records->import, &question->base, &issues__v1__answer__descriptor, &base);
    *answer = (const Issues__V1__Answer *)base;
    return exit_code == EXIT_CODE_OK && (*answer)->body_case != wanted
               ? ctl_error(EXIT_CODE_FAILED, "the answer of issues is not of this contract")
               : exit_code;
}

static void add(struct import_records *records, struct sheet_names *names, const char *name) {
    const char *kept = arena_strdup(&records->names, name);
    CHECK(kept != NULL); /* an answer is at most 4 MiB, and there are few */
    sheet_names_add(names, kept);
}

int import_records_agencies(struct import_records *records) {
    Common__V1__ListAgencies list = COMMON__V1__LIST_AGENCIES__INIT;
    Issues__V1__Query question = ISSUES__V1__QUERY__INIT;
    const Issues__V1__Answer *answer;
    question.body_case = ISSUES__V1__QUERY__BODY_LIST_AGENCIES;
    question.list_agencies = &list;
    const int exit_code = ask(records, &question, ISSUES__V1__ANSWER__BODY_AGENCIES, &answer);
    for (size_t i = 0; exit_code == EXIT_CODE_OK && i < answer->agencies->n_agencies; i++) {
        add(records, &records->known.agencies, answer->agencies->agencies[i]->agency);
    }
    sheet_names_sort(&records->known.agencies);
    return exit_code;
}

int import_records_rules(struct import_records *records) {
    Issues__V1__ListContactRules list = ISSUES__V1__LIST_CONTACT_RULES__INIT;
    Issues__V1__Query question = ISSUES__V1__QUERY__INIT;
    const Issues__V1__Answer *answer;
    question.body_case = ISSUES__V1__QUERY__BODY_LIST_CONTACT_RULES;
    question.list_contact_rules = &list;
    const int exit_code = ask(records, &question, ISSUES__V1__ANSWER__BODY_CONTACT_RULES, &answer);
    for (size_t i = 0; exit_code == EXIT_CODE_OK && i < answer->contact_rules->n_rules; i++) {
        if (answer->contact_rules->rules[i]->in_force) {
            add(records, &records->known.rules, answer->contact_rules->rules[i]->rule);
        }
    }
    sheet_names_sort(&records->known.rules);
    return exit_code;
}

static bool is_year_known(const struct import_records *records, uint32_t year) {
    for (size_t i = 0; i < records->year_count; i++) {
        if (records->years[i] == year) {
            return true;
        }
    }
    return false;
}

int import_records_provincial(struct import_records *records, uint32_t year) {
    Issues__V1__ListProvincialTasks list = ISSUES__V1__LIST_PROVINCIAL_TASKS__INIT;
    Issues__V1__Query question = ISSUES__V1__QUERY__INIT;
    const Issues__V1__Answer *answer;
    if (year < 2000 || year > 2100 || is_year_known(records, year)) {
        return EXIT_CODE_OK;
    }
    records->years[records->year_count++] = year;
    list.year = year;
    question.body_case = ISSUES__V1__QUERY__BODY_LIST_PROVINCIAL_TASKS;
    question.list_provincial_tasks = &list;
    const int exit_code = ask(records, &question, ISSUES__V1__ANSWER__BODY_PROVINCIAL_TASKS, &answer);
    for (size_t i = 0; exit_code == EXIT_CODE_OK && i < answer->provincial_tasks->n_tasks; i++) {
        char text[SHEET_PROVINCIAL_TEXT_BYTES];
        sheet_provincial_text(year, answer->provincial_tasks->tasks[i]->code, text);
        add(records, &records->known.provincial, text);
    }
    sheet_names_sort(&records->known.provincial);
    return exit_code;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

void import_records_found(void *user, const struct sheet_rule *rule) {
    struct import_records *records = user;
    import_table_find(&records->import->table, records->row, rule->field, rule->rule, rule->message, rule->message_zh);
}

bool import_records_next(struct import_records *records, size_t *row, void **message) {
    struct import *import = records->import;
    for (; *row < import->table.row_count && !ctl_is_interrupted(); (*row)++) {
        struct import_row *of = &import->table.rows[*row];
        arena_reset(&import->arena);
        import->done = *row;
        progress_show(&import->progress, import->done);
        if (of->fate == ROW_GOOD && import_table_message(&import->table, of, true, &import->arena, message)) {
            records->row = of;
            (*row)++;
            return true;
        }
    }
    return false;
}

void import_records_twice(struct import_records *records) {
    struct import_table *table = &records->import->table;
    import_table_sort(table);
    for (size_t i = 1; i < table->row_count; i++) {
        const struct import_row *before = &table->rows[table->order[i - 1]];
        records->row = &table->rows[table->order[i]];
        if (*records->row->code != '\0' && strcmp(records->row->code, before->code) == 0) {
            import_table_find(table, records->row, "number", "F05",
                              "This number stands in the file twice; delete one of the rows.",
                              "该编号在文件中出现两次；请删除其中一行。");
        }
    }
    free(table->order); /* they are sent as they stand in the file */
    table->order = NULL;
}
