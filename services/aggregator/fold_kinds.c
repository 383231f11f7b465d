#include <string.h>

#include "aggregator/fold.h"

static const struct fold_kind kinds[] = {
    {"visits", fold_visits},
    {"approvals", fold_approvals},
    {"issues", fold_issues},
};

const struct fold_kind *fold_kind_find(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}
