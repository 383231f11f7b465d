#include "ctl/import.h"

#include <string.h>

/* lianchengctl import KIND ...: the first argument that is no option is the kind. */
int command_import(struct ctl *ctl, int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(struct ctl *ctl, int argc, char **argv);
    } kinds[] = {{"hl7", import_hl7},
                 {"catalogue", import_catalogue},
                 {"issues", import_issues},
                 {"ledger", import_ledger},
                 {"notices", import_notices}};
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            return kinds[i].run(ctl, argc - 1, argv + 1);
        }
    }
    const struct ctl_usage usage = {
        "import hl7|catalogue|issues|ledger|notices FILE... [OPTIONS]",
        "Brings files into the system: HL7 messages to the gateway, a spreadsheet of items to the approval\n"
        "registry, of enterprise issues or reform tasks to the issue registry, holiday notices to either.\n"
        "`lianchengctl import hl7 --help` and so on tell more.\n",
        0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, NULL, &argc, argv, &exit_code)) {
        return exit_code;
    }
    return ctl_error(EXIT_CODE_USAGE, "what is to be imported? usage: lianchengctl %s", usage.synopsis);
}
