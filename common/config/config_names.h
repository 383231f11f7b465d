#ifndef CONFIG_CONFIG_NAMES_H
#define CONFIG_CONFIG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/zpl.h"

/* The names of a key: its path ("/store/seal_key"), its variable ("LC_STORE_SEAL_KEY"), its flag ("--store-seal-key").
 * A pattern is a path with at most one star in place of one name. */
enum name_style { NAME_VARIABLE, NAME_FLAG };

#define NAME_BYTES_MAX (ZPL_PATH_BYTES_MAX + 8)

/* The name of a path in a style; a star stays a star. Cut at NAME_BYTES_MAX. */
void name_of_path(enum name_style style, const char *path, char name[NAME_BYTES_MAX]);

/* A path is one that the pattern describes. */
bool name_path_matches(const char *pattern, const char *path);
/* A path is a section that holds keys of the pattern. */
bool name_path_is_above(const char *pattern, const char *path);

/* Whether a variable or flag is one of the pattern (with a star); then where the child's name stands in it. */
bool name_matches_star(enum name_style style, const char *pattern, const char *name, size_t *child_at,
                       size_t *child_size);

/* What a path has in the place of the pattern's star; size 0 when it has nothing there or there is no star. */
const char *name_child_in_path(const char *pattern, const char *path, size_t *size);
/* The pattern with a child's name in place of its star, or itself without one. False: too long, or no name for the
 * star.
 */
bool name_fill_star(const char *pattern, const char *child, size_t child_size, char path[NAME_BYTES_MAX]);

/* How many characters must change, come or go; texts longer than NAME_BYTES_MAX count as far away. */
size_t name_distance(const char *a, const char *b);

#endif
