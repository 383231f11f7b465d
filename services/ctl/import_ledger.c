#include "base/check.h"
#include "base/civil.h"
#include "ctl/import.h"
#include "ctl/import_records.h"

/* lianchengctl import ledger: a spreadsheet of reform tasks, each of which is drafted, and issued where --issue says
 * so. */

#define STEP_DRAFT 0
#define STEP_ISSUE 1

struct ledger_import {
    struct import_records records;
    const char *at_text;
    int64_t at_ms; /* 0: now */
    bool issues;
};

static void init(void *message) {
    issues__v1__publish_task__init(message);
}

static size_t packed_size(const void *message) {
    return issues__v1__publish_task__get_packed_size(message);
}

static void order(const void *message, struct import_row *row) {
    row->code = ((const Issues__V1__PublishTask *)message)->task_number;
}

static const struct import_table_kind table = {.columns = sheet_ledger_columns,
                                               .row_bytes = sizeof(Issues__V1__PublishTask),
                                               .init = init,
                                               .packed_size = packed_size,
                                               .order = order};

static int check(struct import *import) {
    struct import_records *records = &((struct ledger_import *)import->self)->records;
    int exit_code = import_records_agencies(records);
    void *message;
    for (size_t row = 0; exit_code == EXIT_CODE_OK && import_records_next(records, &row, &message);) {
        const Issues__V1__PublishTask *task = message;
        sheet_ledger_check(task, import_records_found, records);
        if (task->n_provincial > 0) {
            exit_code = import_records_provincial(records, task->year);
        }
        if (exit_code == EXIT_CODE_OK) {
            sheet_ledger_check_known(task, &records->known, import_records_found, records);
        }
    }
    import_records_twice(records);
    return exit_code == EXIT_CODE_OK && ctl_is_interrupted() ? EXIT_CODE_TEMPORARY : exit_code;
}

/* Both ids follow from the whole row: an issue of other content is another one. */
static int send_row(struct import *import, size_t number, unsigned step) {
    const struct ledger_import *self = import->self;
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    Issues__V1__ReportTask report = ISSUES__V1__REPORT_TASK__INIT;
    void *message;
    const bool is_good =
        import_table_message(&import->table, &import->table.rows[number], false, &import->arena, &message);
    CHECK(is_good); /* it was when it was checked */
    Issues__V1__PublishTask *task = message;
    command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_TASK;
    command.publish_task = task;
    const struct id id = import_id(import, number, &command.base, civil_ms_of_day((int32_t)task->start_day));
    if (step == STEP_ISSUE) {
        report.task_number = task->task_number;
        report.step = ISSUES__V1__TASK_STEP__TASK_STEP_ISSUED;
        report.actor = COMMON__V1__ACTOR__ACTOR_SUPERVISOR;
        command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_TASK;
        command.report_task = &report;
    }
    return import_send(import, number, &command.base, import->makes_ids ? NULL : &id, self->at_ms);
}

static const struct import_kind drafting = {.registry = "issues",
                                            .as = "supervisor",
                                            .table = &table,
                                            .check = check,
                                            .steps = STEP_DRAFT + 1,
                                            .send = send_row};
static const struct import_kind issuing = {.registry = "issues",
                                           .as = "supervisor",
                                           .table = &table,
                                           .check = check,
                                           .steps = STEP_ISSUE + 1,
                                           .send = send_row};

int import_ledger(struct ctl *ctl, int argc, char **argv) {
    struct ledger_import self = {.at_text = NULL};
    struct import import = {.ctl = ctl, .self = &self, .timeout_s = 60};
    const struct ctl_option options[] = {
        IMPORT_OPTIONS(&import),
        {"issue", CTL_FLAG, &self.issues, NULL, "issue each task as well: from then on it changes by its steps alone",
         0, 0},
        {"at", CTL_TEXT, &self.at_text, "TIME", "when they were drafted and issued: 2020-01-02T09:00:00+08:00 (now)", 0,
         0},
        {"anew", CTL_FLAG, &import.makes_ids, NULL, "also rows that were imported before are decided about again", 0,
         0},
        {"as", CTL_TEXT, &import.as, "WHO", "supervisor (as by default)", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"import ledger FILE.csv [OPTIONS]",
                                    "Drafts the reform tasks of a spreadsheet saved as CSV (UTF-8 or GB18030; "
                                    "docs/import-ledger.md lists columns and rules),\n"
                                    "and issues them with --issue. All rows are checked first; one bad row and nothing "
                                    "is sent, unless --accept-valid. The\n"
                                    "same row again changes nothing; another one for a task that is not issued yet "
                                    "drafts it anew. Exit code 0: all in;\n"
                                    "65: some rows have findings; 75: not complete.\n",
                                    1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (self.at_text != NULL && !civil_time_parse(self.at_text, &self.at_ms)) {
        return ctl_error(EXIT_CODE_USAGE, "--at is a time as 2020-01-02T09:00:00+08:00");
    }
    import.kind = self.issues ? &issuing : &drafting;
    import.path = argv[1];
    import_records_init(&self.records, &import);
    exit_code = import_run(&import);
    import_records_release(&self.records);
    return exit_code;
}
