#include "aggregator/migrations.h"

/* The file goes into the read-only data as it is, with a NUL behind it. Paths are relative to the root of the project,
 * where the compiler is run. */
#define EMBED(symbol, path)                                                                                            \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".globl " #symbol "\n" #symbol ":\n"                                                                       \
            ".incbin \"services/aggregator/schema/" path "\"\n"                                                        \
            ".byte 0\n"                                                                                                \
            ".popsection\n");                                                                                          \
    extern const char symbol[]

EMBED(schema_0001_metrics, "0001_metrics.sql");
EMBED(schema_0002_bureau, "0002_bureau.sql");
EMBED(schema_0003_rescue, "0003_rescue.sql");
EMBED(schema_0004_approvals, "0004_approvals.sql");
EMBED(schema_0005_publication, "0005_publication.sql");
EMBED(schema_0006_issues, "0006_issues.sql");
EMBED(schema_grants, "grants.sql");

const struct migration migrations[] = {
    {1, "metrics", schema_0001_metrics},
    {2, "bureau", schema_0002_bureau},
    {3, "rescue", schema_0003_rescue},
    {4, "approvals", schema_0004_approvals},
    {5, "publication", schema_0005_publication},
    {6, "issues", schema_0006_issues},
};
const size_t migration_count = sizeof migrations / sizeof migrations[0];
const char *const migration_grants = schema_grants;
