#ifndef CTL_ASK_ISSUES_H
#define CTL_ASK_ISSUES_H

#include <jansson.h>

#include "ctl/ask_registry.h"
#include "issues/v1/query.pb-c.h"

#define ASK_PAGE_ROWS 1000u

/* One question to the issue registry: the wanted member of its answer as JSON, a new reference. NULL: *exit_code, said.
 */
json_t *ask_issues(struct registry_desk *desk, const Issues__V1__Query *query, Issues__V1__Answer__BodyCase wanted,
                   int *exit_code);

#endif
