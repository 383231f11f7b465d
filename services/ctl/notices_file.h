#ifndef CTL_NOTICES_FILE_H
#define CTL_NOTICES_FILE_H

#include <stddef.h>

#include "approvals/v1/commands.pb-c.h"
#include "base/arena.h"
#include "base/status.h"

/*
 * Holiday notices as lines of a file (deploy/data/calendar.tsv):
 *
 *     date        kind      holiday  notice  published_on      separated by tabs; # begins a comment
 *     2020-01-24  off|work  春节     2020-A  2019-11-21
 *
 * Lines of one notice may stand anywhere. By each notice the year in its name is known.
 */
#define NOTICES_FILE_BYTES_MAX ((size_t)4 << 20)
#define NOTICES_FILE_NOTICES_MAX 1000
#define NOTICES_FILE_DAYS_MAX 400 /* of one notice */

struct notices_file {
    Common__V1__LoadNotice *notices[NOTICES_FILE_NOTICES_MAX]; /* by the day they were published */
    size_t count;
};

/* text: NUL-terminated, changed; must outlive the notices, whose other parts live in arena. MALFORMED: said on stderr,
 * with path and line. */
enum status notices_file_read(char *text, const char *path, struct arena *arena, struct notices_file *file);

#endif
