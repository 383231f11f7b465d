#ifndef CTL_IMPORT_RECORDS_H
#define CTL_IMPORT_RECORDS_H

#include "ctl/import_run.h"
#include "ctl/sheet.h"

/* What imports to the issue registry share. */
struct import_records {
    struct import *import;
    struct sheet_known known;
    struct arena names;  /* of known */
    uint32_t years[128]; /* whose provincial tasks are known */
    size_t year_count;
    struct import_row *row; /* that is checked */
};
#define IMPORT_NAMES_BYTES ((size_t)64 << 20)

void import_records_init(struct import_records *records, struct import *import);
void import_records_release(struct import_records *records);

/* Asks the registry what it knows. Exit codes. */
int import_records_agencies(struct import_records *records);
int import_records_rules(struct import_records *records);
/* Of one year, once; a year beyond 2000..2100 has none. */
int import_records_provincial(struct import_records *records, uint32_t year);

/* sheet_found for records->row: user is a struct import_records. */
void import_records_found(void *user, const struct sheet_rule *rule);
/* The next good row that can be read as a message (in import->arena, reset for each), from *row on; false: none left,
 * or interrupted. */
bool import_records_next(struct import_records *records, size_t *row, void **message);
/* Rows of the same number: the second one is a finding. */
void import_records_twice(struct import_records *records);

#endif
