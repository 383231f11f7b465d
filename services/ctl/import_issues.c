#include "base/check.h"
#include "base/civil.h"
#include "ctl/import.h"
#include "ctl/import_records.h"

#include <string.h>

/* lianchengctl import issues: a spreadsheet of enterprise issues, each of which is registered. */

struct issues_import {
    struct import_records records;
    const char *actor_name;
    Common__V1__Actor actor;
};

static void init(void *message) {
    struct sheet_issue *row = message;
    *row = (struct sheet_issue){.day = 0};
    issues__v1__report_issue__init(&row->report);
}

static size_t packed_size(const void *message) {
    return issues__v1__report_issue__get_packed_size(&((const struct sheet_issue *)message)->report);
}

static void order(const void *message, struct import_row *row) {
    const struct sheet_issue *issue = message;
    row->code = issue->report.issue_number;
    row->day = (int32_t)issue->day;
}

static const struct import_table_kind table = {.columns = sheet_issue_columns,
                                               .row_bytes = sizeof(struct sheet_issue),
                                               .init = init,
                                               .packed_size = packed_size,
                                               .order = order};

static int check(struct import *import) {
    struct import_records *records = &((struct issues_import *)import->self)->records;
    const uint32_t today = (uint32_t)civil_day_of_ms(clock_unix_ms());
    const int exit_code = import_records_rules(records);
    void *message;
    for (size_t row = 0; exit_code == EXIT_CODE_OK && import_records_next(records, &row, &message);) {
        sheet_issue_check(message, today, import_records_found, records);
        sheet_issue_check_known(message, &records->known, import_records_found, records);
    }
    import_records_twice(records);
    return exit_code == EXIT_CODE_OK && ctl_is_interrupted() ? EXIT_CODE_TEMPORARY : exit_code;
}

static int send_row(struct import *import, size_t number, unsigned step) {
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    void *message;
    (void)step;
    const bool is_good =
        import_table_message(&import->table, &import->table.rows[number], false, &import->arena, &message);
    CHECK(is_good); /* it was when it was checked */
    struct sheet_issue *row = message;
    const int64_t at_ms = civil_ms_of_day((int32_t)row->day);
    row->report.step = ISSUES__V1__ISSUE_STEP__ISSUE_STEP_REGISTERED;
    row->report.actor = ((const struct issues_import *)import->self)->actor;
    command.body_case = ISSUES__V1__COMMAND__BODY_REPORT_ISSUE;
    command.report_issue = &row->report;
    const struct id id = import_id(import, number, &command.base, at_ms);
    return import_send(import, number, &command.base, &id, at_ms);
}

static const struct import_kind kind = {
    .registry = "issues", .as = "supervisor", .table = &table, .check = check, .steps = 1, .send = send_row};

/* Who acts: as --actor says, else as fits whose key it is. */
static bool choose_actor(struct issues_import *self, const char *as) {
    static const struct {
        const char *name;
        Common__V1__Actor actor;
    } actors[] = {{"supervisor", COMMON__V1__ACTOR__ACTOR_SUPERVISOR},
                  {"clerk", COMMON__V1__ACTOR__ACTOR_CLERK},
                  {"applicant", COMMON__V1__ACTOR__ACTOR_APPLICANT},
                  {"handler", COMMON__V1__ACTOR__ACTOR_HANDLER}};
    const char *name = self->actor_name != NULL ? self->actor_name : as != NULL ? as : kind.as;
    for (size_t i = 0; i < sizeof actors / sizeof actors[0]; i++) {
        if (strcmp(name, actors[i].name) == 0) {
            self->actor = actors[i].actor;
            return true;
        }
    }
    self->actor = COMMON__V1__ACTOR__ACTOR_HANDLER; /* an agency's own system */
    return self->actor_name == NULL;
}

int import_issues(struct ctl *ctl, int argc, char **argv) {
    struct issues_import self = {.actor_name = NULL};
    struct import import = {.ctl = ctl, .kind = &kind, .self = &self, .timeout_s = 60};
    const struct ctl_option options[] = {
        IMPORT_OPTIONS(&import),
        {"as", CTL_TEXT, &import.as, "WHO", "supervisor (as by default), clerk, or an agency", 0, 0},
        {"actor", CTL_TEXT, &self.actor_name, "ACTOR",
         "who acts: supervisor, clerk, handler or applicant (as fits --as; handler for an agency)", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"import issues FILE.csv [OPTIONS]",
                                    "Registers the enterprise issues of a spreadsheet saved as CSV (UTF-8 or GB18030; "
                                    "docs/import-ledger.md lists columns\n"
                                    "and rules). All rows are checked first; one bad row and nothing is sent, unless "
                                    "--accept-valid. The same row again\n"
                                    "changes nothing, so a file may be imported again. Exit code 0: all in; 65: some "
                                    "rows have findings; 75: not complete.\n",
                                    1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (!choose_actor(&self, import.as)) {
        return ctl_error(EXIT_CODE_USAGE, "--actor is supervisor, clerk, handler or applicant");
    }
    import.path = argv[1];
    import_records_init(&self.records, &import);
    exit_code = import_run(&import);
    import_records_release(&self.records);
    return exit_code;
}
