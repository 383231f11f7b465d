#ifndef CTL_CATALOGUE_COLUMNS_H
#define CTL_CATALOGUE_COLUMNS_H

#include "approvals/v1/commands.pb-c.h"
#include "ctl/table_columns.h"

/* The columns of a catalogue: fields of approvals.v1.PublishItem; docs/catalogue.md lists them. Ended by a NULL field.
 */
extern const struct column catalogue_columns[];

#endif
