#ifndef CTL_CATALOGUE_TABLE_H
#define CTL_CATALOGUE_TABLE_H

#include "ctl/import_table.h"

/* A catalogue file: a row is one version of one item, an approvals.v1.PublishItem. What the file alone shows of its
 * rows is found here, the rest ("C01"..) by the registry. docs/catalogue.md. */
extern const struct import_table_kind catalogue_table_kind;

/* What the file alone shows about several rows: the same version twice, days out of order, another agency. */
void catalogue_table_compare(struct import_table *table);
/* A version cannot be published once a later one is: those behind a rejected one are held back too. */
void catalogue_table_hold_back(struct import_table *table);

#endif
