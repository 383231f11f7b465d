#ifndef AGGREGATOR_MIGRATIONS_H
#define AGGREGATOR_MIGRATIONS_H

#include <stddef.h>

/* The SQL files of schema/, embedded when the program is built. Numbers rise from 1; a file that was released is never
 * changed again. */
struct migration {
    int number;
    const char *name;
    const char *sql; /* NUL-terminated */
};

extern const struct migration migrations[];
extern const size_t migration_count;
/* Run after each migration and again at any time. */
extern const char *const migration_grants;

#endif
