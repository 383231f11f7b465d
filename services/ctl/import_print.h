#ifndef CTL_IMPORT_PRINT_H
#define CTL_IMPORT_PRINT_H

#include "ctl/import_run.h"

/* What an import has found and done, for people or as JSON lines: its findings (sorted), then one summary. */
void import_print(const struct import *import, bool is_complete);

#endif
