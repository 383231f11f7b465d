#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include "ctl/ctl.h"

/* The kinds of `import`, as subcommands: argv[0] is the kind. */
int import_hl7(struct ctl *ctl, int argc, char **argv);
int import_catalogue(struct ctl *ctl, int argc, char **argv);
int import_issues(struct ctl *ctl, int argc, char **argv);
int import_ledger(struct ctl *ctl, int argc, char **argv);
int import_notices(struct ctl *ctl, int argc, char **argv);

#endif
